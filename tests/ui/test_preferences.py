from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from app.core.errors import Bug
from app.ui.settings.preferences import SETTINGS, Preferences, setting
from app.ui.settings.settings import WindowSettings


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "settings.ini"


@pytest.fixture
def preferences(path: Path) -> Preferences:
    return Preferences(WindowSettings(path))


def test_settings_each_is_said_in_full() -> None:
    assert len({each.key for each in SETTINGS}) == len(SETTINGS)
    for each in SETTINGS:
        assert all((each.label, each.group, each.help.endswith("."))), each.key
        assert each.fitting(each.default) == each.default, each.key
        assert each.type is not int or each.low < each.high, each.key


def test_get_nothing_kept_is_the_default(preferences: Preferences) -> None:
    assert preferences.get("look.theme") == "system"
    assert preferences.number("notify.after_s") == 10
    assert preferences.is_on("notify.long_jobs")


def test_set_is_kept_for_the_next_start(preferences: Preferences, path: Path, qtbot: QtBot) -> None:
    with qtbot.waitSignal(preferences.changed) as told:
        preferences.set("notify.long_jobs", False)
    assert told.args == ["notify.long_jobs"]
    preferences.set("look.theme", "dark")
    preferences.set("notify.after_s", 42)
    preferences._store.save()
    again = Preferences(WindowSettings(path))
    assert again.get("look.theme") == "dark"
    assert again.get("notify.after_s") == 42
    assert not again.is_on("notify.long_jobs")


def test_set_the_same_tells_nobody(preferences: Preferences) -> None:
    heard: list[str] = []
    preferences.changed.connect(heard.append)
    preferences.set("notify.after_s", 10)
    assert heard == []


@pytest.mark.parametrize(("kept", "read"), [("9999", 3600), ("-3", 1), ("many", 10), ("", 10)])
def test_get_a_number_that_cannot_be_is_brought_in(preferences: Preferences, kept: str, read: int) -> None:
    preferences._store.write_text("notify/after_s", kept)
    assert preferences.get("notify.after_s") == read


def test_get_a_choice_there_is_not_is_the_default(preferences: Preferences) -> None:
    preferences._store.write_text("look/theme", "purple")
    assert preferences.get("look.theme") == "system"


def test_set_what_cannot_be_is_a_bug(preferences: Preferences) -> None:
    for key, value in (("look.theme", "purple"), ("notify.after_s", "many"), ("nothing.such", 1)):
        with pytest.raises(Bug):
            preferences.set(key, value)


def test_reset_all_brings_back_every_default(preferences: Preferences) -> None:
    preferences.set("look.text_scale", 150)
    preferences.set("start.restore_tabs", False)
    assert not preferences.is_default("look.text_scale")
    preferences.reset_all()
    assert all(preferences.is_default(each.key) for each in SETTINGS)


def test_theme_is_the_one_that_the_window_reads(preferences: Preferences) -> None:
    preferences.set("look.theme", "dark")
    preferences.set("look.text_scale", 130)
    assert preferences._store.theme.value == "dark"
    assert preferences._store.text_scale == 130


def test_said_is_words() -> None:
    assert setting("look.text_scale").said(120) == "120 %"
    assert setting("look.theme").said("dark") == "Dark"
    assert setting("notify.long_jobs").said(False) == "off"


def test_every_setting_is_asked_for_somewhere() -> None:
    """A setting that nobody reads is a switch that does nothing."""
    code = "\n".join(path.read_text() for path in Path("app/ui").rglob("*.py") if path.stem != "preferences")
    unread = [each.key for each in SETTINGS if f'"{each.key}"' not in code]
    assert unread == []
