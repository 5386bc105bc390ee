"""The page of settings: what it shows, what typing and clicking do, and the ways back."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QCheckBox, QComboBox, QLabel, QSpinBox, QWidget
from pytestqt.qtbot import QtBot

from app.ui.look.theme import Theme, ThemeChoice
from app.ui.settings.preferences import SETTINGS, Preferences
from app.ui.settings.preferences_dialog import PreferencesDialog
from app.ui.settings.settings import WindowSettings


@pytest.fixture
def preferences(tmp_path: Path) -> Preferences:
    return Preferences(WindowSettings(tmp_path / "settings.ini"))


@pytest.fixture
def dialog(qtbot: QtBot, preferences: Preferences) -> Iterator[PreferencesDialog]:
    window = QWidget()
    qtbot.addWidget(window)
    window.show()
    made = PreferencesDialog(preferences, window)
    made.open()
    yield made
    window.close()


def _shown(dialog: PreferencesDialog) -> list[str]:
    return [key for key, row in dialog.rows.items() if row.isVisible()]


def test_dialog_shows_every_setting_with_its_label_and_help(dialog: PreferencesDialog) -> None:
    assert _shown(dialog) == [each.key for each in SETTINGS]
    for each in SETTINGS:
        row = dialog.rows[each.key]
        texts = {label.text() for label in row.findChildren(QLabel)}
        assert each.help in texts
        assert each.label in texts or row.editor.property("text") == each.label
        assert row.editor.accessibleName() == each.label


def test_search_leaves_what_has_every_word(qtbot: QtBot, dialog: PreferencesDialog) -> None:
    qtbot.keyClicks(dialog.search, "secret CLEAR")
    assert _shown(dialog) == ["clipboard.clear_after_s"]
    dialog.search.clear()
    qtbot.keyClicks(dialog.search, "dark")
    assert _shown(dialog) == ["look.theme"]


def test_search_in_vain_says_so_and_leads_back(qtbot: QtBot, dialog: PreferencesDialog) -> None:
    qtbot.keyClicks(dialog.search, "xyzzy")
    assert _shown(dialog) == []
    assert "xyzzy" in dialog.empty.sentence.text()
    qtbot.mouseClick(dialog.empty.button, Qt.MouseButton.LeftButton)
    assert len(_shown(dialog)) == len(SETTINGS)


def test_escape_empties_the_search_before_it_closes(qtbot: QtBot, dialog: PreferencesDialog) -> None:
    qtbot.keyClicks(dialog.search, "dark")
    qtbot.keyClick(dialog.search, Qt.Key.Key_Escape)
    assert dialog.isVisible()
    assert dialog.search.text() == ""
    with qtbot.waitSignal(dialog.finished):
        qtbot.keyClick(dialog.search, Qt.Key.Key_Escape)


def test_check_box_puts_its_setting_at_once(qtbot: QtBot, dialog: PreferencesDialog, preferences: Preferences) -> None:
    row = dialog.rows["notify.long_jobs"]
    assert isinstance(row.editor, QCheckBox)
    assert not row.reset_button.isVisible()
    row.editor.click()
    assert not preferences.is_on("notify.long_jobs")
    qtbot.mouseClick(row.reset_button, Qt.MouseButton.LeftButton)
    assert preferences.is_on("notify.long_jobs")
    assert row.editor.isChecked()
    assert not row.reset_button.isVisible()


def test_number_is_put_when_it_is_typed_to_its_end(
    qtbot: QtBot, dialog: PreferencesDialog, preferences: Preferences
) -> None:
    box = dialog.rows["notify.after_s"].editor
    assert isinstance(box, QSpinBox)
    heard: list[str] = []
    preferences.changed.connect(heard.append)
    box.selectAll()
    qtbot.keyClicks(box, "45")
    assert heard == []
    qtbot.keyClick(box, Qt.Key.Key_Return)
    assert preferences.number("notify.after_s") == 45
    assert heard == ["notify.after_s"]
    assert dialog.isVisible()


def test_choice_is_put_and_follows_what_is_put_elsewhere(dialog: PreferencesDialog, preferences: Preferences) -> None:
    box = dialog.rows["look.theme"].editor
    assert isinstance(box, QComboBox)
    box.setCurrentIndex(box.findData("dark"))
    box.activated.emit(box.currentIndex())
    assert preferences.get("look.theme") == "dark"
    preferences.set("look.theme", "light")
    assert box.currentData() == "light"


def test_reset_all_can_be_undone(qtbot: QtBot, dialog: PreferencesDialog, preferences: Preferences) -> None:
    assert not dialog.reset_all_button.isEnabled()
    preferences.set("notify.after_s", 99)
    preferences.set("start.restore_tabs", False)
    qtbot.mouseClick(dialog.reset_all_button, Qt.MouseButton.LeftButton)
    assert preferences.is_default("notify.after_s")
    assert dialog.notes.rows[0].sentence.text() == "2 settings reset."
    qtbot.mouseClick(dialog.notes.rows[0].buttons[0], Qt.MouseButton.LeftButton)
    assert preferences.number("notify.after_s") == 99
    assert not preferences.is_on("start.restore_tabs")


def test_number_can_be_read(qapp: QApplication, dialog: PreferencesDialog) -> None:
    Theme(qapp, ThemeChoice.DARK)
    for key in ("notify.after_s", "look.text_scale"):
        box = dialog.rows[key].editor
        assert isinstance(box, QSpinBox)
        needed = box.fontMetrics().horizontalAdvance(box.text())
        assert box.lineEdit().width() > needed
