"""Exporting and importing in a whole window: what the file holds, what the preview says, and what is done."""

from __future__ import annotations

import json
import stat
from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from app.services.connections import ConnectionBook
from app.services.tokens import TokenKeeper
from app.ui.connections.connection_dialog import ConnectionDialog
from app.ui.settings.import_settings_dialog import ImportSettingsDialog
from app.ui.settings.preferences_dialog import PreferencesDialog
from app.ui.window.main_window import MainWindow
from app.ui.window.settings_exchange import SettingsExchange
from tests.ui.shell_fakes import CLOUD as UNGUARDED
from tests.ui.shell_fakes import LOCAL, FakeServices
from tests.ui.window_fakes import Open
from tests.unit.services.fakes import FakeStores, FakeVault

CLOUD = replace(UNGUARDED, is_guarded=True)
NEW = {"name": "Shop", "platform": "instant", "address": "https://shop.example", "environment": "production"}


class _Services(FakeServices):
    """With a real book of connections."""

    def __init__(self) -> None:
        super().__init__()
        state = self.tokens.state
        keeper = TokenKeeper(FakeVault(), self.hub)
        book = ConnectionBook(FakeStores(LOCAL, CLOUD), keeper, self.hub, (LOCAL, CLOUD))
        self.connections = book  # type: ignore[assignment]
        self.tokens.get, self.tokens.state = keeper.get, state


@pytest.fixture
def services() -> _Services:
    return _Services()


@pytest.fixture
def window(open_window: Open, services: _Services) -> MainWindow:
    return open_window(services)


@pytest.fixture
def exchange(window: MainWindow) -> SettingsExchange:
    return SettingsExchange(window)


def _file(tmp_path: Path, **content: object) -> str:
    path = tmp_path / "in.json"
    path.write_text(json.dumps({"format": "tenantry-settings", "version": 1, **content}))
    return str(path)


def _preview(qtbot: QtBot, window: MainWindow) -> ImportSettingsDialog:
    qtbot.waitUntil(lambda: bool(found := window.findChildren(ImportSettingsDialog)) and found[0].isVisible())
    return window.findChildren(ImportSettingsDialog)[0]


def _rows(dialog: ImportSettingsDialog) -> list[tuple[str, str, str]]:
    return [(item.text(0), item.text(1), item.text(2)) for item, _ in dialog._items]


def _toast(window: MainWindow) -> str:
    return window.comfort.messages.toasts.shown[-1].label.text()


def test_export_writes_what_is_not_as_it_came_for_this_user_alone(
    qtbot: QtBot, window: MainWindow, exchange: SettingsExchange, tmp_path: Path
) -> None:
    window.preferences.set("notify.after_s", 33)
    path = tmp_path / "out.json"
    exchange.export_to(str(path))
    qtbot.waitUntil(lambda: bool(window.comfort.messages.toasts.shown))
    assert _toast(window) == "Exported 1 setting and 1 connection, without tokens"
    content = json.loads(path.read_text())
    assert content["settings"] == {"notify.after_s": 33}
    assert [each["name"] for each in content["connections"]] == [CLOUD.label]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_export_where_nothing_can_be_written_says_so(
    qtbot: QtBot, window: MainWindow, exchange: SettingsExchange, tmp_path: Path
) -> None:
    exchange.export_to(str(tmp_path / "none" / "out.json"))
    qtbot.waitUntil(window.messages.isVisible)
    assert "out.json could not be written" in window.messages.text()


def test_import_shows_first_and_then_does_what_is_ticked(
    qtbot: QtBot, window: MainWindow, exchange: SettingsExchange, services: _Services, tmp_path: Path
) -> None:
    settings = {"notify.after_s": 33, "look.theme": "light", "look.text_scale": "large", "nothing.such": 1}
    exchange.import_from(_file(tmp_path, settings=settings, connections=[NEW]))
    dialog = _preview(qtbot, window)
    assert _rows(dialog) == [
        ("A job is long after", "change", "10 s becomes 33 s"),
        ("Theme", "change", "As the system becomes Light"),
        ("Size of text", "cannot be taken", "It cannot be large."),
        ("nothing.such", "cannot be taken", "This Tenantry has no such setting."),
        ("Shop", "add", "https://shop.example (Instant, production, read-only, without its token)"),
    ]
    assert "no tokens" in dialog.notes.rows[-1].sentence.text()
    assert window.preferences.is_default("notify.after_s")
    theme = dialog._items[1][0]
    theme.setCheckState(0, Qt.CheckState.Unchecked)
    assert dialog.action_button.text() == "Import 2 entries"
    qtbot.mouseClick(dialog.action_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: bool(window.comfort.messages.toasts.shown))
    assert window.preferences.number("notify.after_s") == 33
    assert window.preferences.is_default("look.theme")
    assert [each.label for each in services.connections.all()] == [LOCAL.label, CLOUD.label, "Shop"]
    assert _toast(window) == "Imported 1 setting and 1 connection; 1 connection has no token yet"


def test_import_leads_to_the_token_that_is_missing(
    qtbot: QtBot, window: MainWindow, exchange: SettingsExchange, services: _Services, tmp_path: Path
) -> None:
    exchange.import_from(_file(tmp_path, connections=[NEW]))
    _preview(qtbot, window).act()
    qtbot.waitUntil(lambda: len(window.data.connections) == 3 and bool(window.comfort.messages.toasts.shown))
    window.comfort.messages.toasts.shown[-1].answer()
    dialog = window.findChild(ConnectionDialog)
    assert dialog is not None
    assert dialog.label_edit.text() == "Shop"
    dialog.reject()


def test_import_of_keys_puts_them_in_force(
    qtbot: QtBot, window: MainWindow, exchange: SettingsExchange, tmp_path: Path
) -> None:
    exchange.import_from(_file(tmp_path, keys={"app.create": "Ctrl+M", "app.delete": "A", "no.such": "F9"}))
    dialog = _preview(qtbot, window)
    assert [kind for _, kind, _ in _rows(dialog)] == ["change", "cannot be taken", "cannot be taken"]
    dialog.act()
    qtbot.waitUntil(lambda: window.registry.keys_of("app.create") == "Ctrl+M")
    assert window.settings.read_json("keymap") == {"app.create": "Ctrl+M"}


def test_import_of_settings_and_keys_is_taken_back(
    qtbot: QtBot, window: MainWindow, exchange: SettingsExchange, tmp_path: Path
) -> None:
    window.preferences.set("notify.after_s", 21)
    window.registry.set_keys({"app.rename": "Ctrl+R"})
    settings = {"notify.after_s": 33, "look.text_scale": 120}
    exchange.import_from(_file(tmp_path, settings=settings, keys={"app.create": "Ctrl+M", "app.rename": "F4"}))
    _preview(qtbot, window).act()
    qtbot.waitUntil(lambda: bool(window.comfort.messages.toasts.shown))
    toast = window.comfort.messages.toasts.shown[-1]
    assert (toast.label.text(), toast.button.text()) == ("Imported 4 settings and 0 connections", "Undo")
    qtbot.mouseClick(toast.button, Qt.MouseButton.LeftButton)
    assert window.preferences.number("notify.after_s") == 21
    assert window.preferences.is_default("look.text_scale")
    assert window.theme.text_scale == 100
    assert window.registry.keys_of("app.rename") == "Ctrl+R"
    assert window.settings.read_json("keymap") == {"app.rename": "Ctrl+R"}


def test_import_with_nothing_to_do_cannot_be_pressed(
    qtbot: QtBot, window: MainWindow, exchange: SettingsExchange, tmp_path: Path
) -> None:
    same = {"name": CLOUD.label, "platform": "instant", "address": CLOUD.base_url, "environment": "production"}
    exchange.import_from(_file(tmp_path, connections=[{**same, "read_only": False}]))
    dialog = _preview(qtbot, window)
    assert [kind for _, kind, _ in _rows(dialog)] == ["leave as it is"]
    assert not dialog.action_button.isEnabled()
    dialog.reject()


@pytest.mark.parametrize("text", ['{"format":\n x}', "\udc80"])
def test_import_of_a_bad_file_says_where_and_changes_nothing(
    qtbot: QtBot, window: MainWindow, exchange: SettingsExchange, tmp_path: Path, text: str
) -> None:
    path = tmp_path / "bad.json"
    path.write_bytes(text.encode("utf-8", "surrogateescape"))
    exchange.import_from(str(path))
    qtbot.waitUntil(window.messages.isVisible)
    said = window.messages.text()
    assert "line 2, column 2" in said or "bad.json is no text" in said
    assert window.findChildren(ImportSettingsDialog) == []


def test_preferences_lead_to_both(qtbot: QtBot, window: MainWindow, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    monkeypatch.setattr(SettingsExchange, "export", lambda _self: asked.append("export"))
    monkeypatch.setattr(SettingsExchange, "choose_import", lambda _self: asked.append("import"))
    window.comfort.show_preferences()
    dialog = window.findChild(PreferencesDialog)
    qtbot.mouseClick(dialog.export_button, Qt.MouseButton.LeftButton)
    qtbot.mouseClick(dialog.import_button, Qt.MouseButton.LeftButton)
    assert asked == ["export", "import"]
    dialog.close()
