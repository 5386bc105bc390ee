"""What the monkey found, as tests of their own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QCoreApplication, QEvent
from PySide6.QtWidgets import QApplication, QComboBox, QLineEdit, QMenu, QToolButton
from pytestqt.qtbot import QtBot
from shiboken6 import isValid

from app.ui.look.theme import ThemeChoice
from app.ui.parts.action_dialog import ActionDialog
from app.ui.settings.keymap_dialog import KeymapDialog
from app.ui.window.main_window import MainWindow
from tests.ui.window_fakes import bare_window


@pytest.fixture
def window(qtbot: QtBot, tmp_path: Path) -> Iterator[MainWindow]:
    made = bare_window(tmp_path)
    yield made
    made.hide()
    made.deleteLater()


def test_taking_the_keys_of_one_action_leaves_the_other_lines_alone(window: MainWindow) -> None:
    window.registry["help.keys"].trigger()
    dialog = next(each for each in window.findChildren(KeymapDialog) if each.isVisible())
    before = [dialog.table.item(row, 0) for row in range(dialog.table.rowCount())]
    dialog.choose("app.open")
    dialog.clear()
    assert all(dialog.table.item(row, 0) is item for row, item in enumerate(before))
    assert dialog.table.item(dialog.table.currentRow(), 1).text() == "—"


def test_a_look_is_taken_off_before_another_is_put_on(
    window: MainWindow, qapp: QApplication, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One sheet in place of another takes Qt five times as long."""
    put_on, sheets = qapp.setStyleSheet, list[str]()
    monkeypatch.setattr(qapp, "setStyleSheet", lambda sheet: (sheets.append(sheet), put_on(sheet)))
    window.theme.set_choice(ThemeChoice.DARK)
    assert sheets[0] == ""
    assert sheets[1:] == [qapp.styleSheet()]
    assert sheets[1]


def test_a_dialog_keeps_hold_of_its_parts_when_one_goes(window: MainWindow) -> None:
    dialog = ActionDialog(window.runner, "Do it", "Do", window)
    first, button = QLineEdit(), QToolButton()
    menu = QMenu(button)
    entry = menu.addAction("Entry")
    button.setMenu(menu)
    choices = QComboBox()
    choices.addItem("One")
    choices.view()  # a window of its own, and the last part that takes the keyboard
    dialog.body.addWidget(first)
    dialog.body.addWidget(button)
    dialog.body.addWidget(choices)
    dialog.open()
    first.deleteLater()
    QCoreApplication.sendPostedEvents(first, QEvent.Type.DeferredDelete)
    assert not isValid(first)
    assert isValid(entry)
    dialog.reject()
