"""Keys of actions: shown, changed, taken over, reset and kept, in the real window."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QKeySequence
from PySide6.QtWidgets import QApplication, QLabel, QMenu
from pytestqt.qtbot import QtBot

from app.ui.actions.action_help import HELP
from app.ui.actions.actions import shown_keys
from app.ui.actions.cheat_sheet import CheatSheet
from app.ui.settings.keymap import Keymap
from app.ui.settings.keymap_dialog import KeymapDialog
from app.ui.window.main_window import MainWindow
from tests.ui.screens import SCREENS
from tests.ui.stage import Stage
from tests.ui.window_fakes import bare_window

ALT = Qt.KeyboardModifier.AltModifier
CONTROL = Qt.KeyboardModifier.ControlModifier


@pytest.fixture
def window(qtbot: QtBot, tmp_path: Path) -> Iterator[MainWindow]:
    made = bare_window(tmp_path)
    yield made
    made.hide()
    made.deleteLater()


def dialog_of(window: MainWindow, name: str = "") -> KeymapDialog:
    window.registry["help.keys"].trigger()
    dialog = next(each for each in window.findChildren(KeymapDialog) if each.isVisible())
    if name:
        dialog.choose(name)
    return dialog


def test_every_action_says_what_it_does(window: MainWindow) -> None:
    missing = [name for each in window.registry if not window.registry.help_of(name := each.objectName())]
    assert missing == []
    unheard = [each.objectName() for each in window.registry if not each.statusTip()]
    assert unheard == []


def test_every_sentence_ends_and_belongs_to_an_action(window: MainWindow) -> None:
    assert [name for name in HELP if name not in window.registry] == []
    helps = [window.registry.help_of(each.objectName()) for each in window.registry]
    assert [each for each in helps if not each.endswith(".")] == []


def test_no_two_actions_come_with_the_same_keys(window: MainWindow) -> None:
    keys = [k for each in window.registry for k in window.registry.keys_of(each.objectName()).split("; ") if k]
    assert sorted(keys) == sorted(set(keys))


def test_f1_shows_every_action_and_the_keys_of_each_part(qtbot: QtBot, window: MainWindow) -> None:
    qtbot.keyClick(window, Qt.Key.Key_F1)
    qtbot.waitUntil(lambda: bool(window.findChildren(CheatSheet)))
    sheet = window.findChildren(CheatSheet)[0]
    heads = [sheet.tree.topLevelItem(at) for at in range(sheet.tree.topLevelItemCount())]
    assert sum(each.childCount() for each in heads if each) == len(list(window.registry)) + len(window.registry.notes)
    assert sheet.field.hasFocus() or not sheet.isActiveWindow()
    qtbot.keyClicks(sheet.field, "ctrl+shift+u")
    shown = [each for head in heads if head for each in (head.child(at) for at in range(head.childCount()))]
    assert [each.text(0) for each in shown if not each.isHidden()] == ["Users"]
    sheet.field.setText("no such thing")
    assert sheet.note.text() == "No action and no key has all of these words."
    sheet.accept()


def test_keys_pressed_are_assigned_at_once(qtbot: QtBot, window: MainWindow) -> None:
    dialog = dialog_of(window)
    qtbot.keyClicks(dialog.field, "findings")
    assert dialog.chosen() == "view.findings"
    qtbot.keyClick(dialog.keys, Qt.Key.Key_F9)
    qtbot.mouseClick(dialog.assign_button, Qt.MouseButton.LeftButton)
    assert window.registry["view.findings"].shortcut() == QKeySequence("F9")
    assert dialog.note.text() == "“Findings” has F9 now."
    dialog.accept()
    window.bottom_dock.hide()
    qtbot.keyClick(window, Qt.Key.Key_F9)
    assert window.bottom_dock.isVisible()


def test_keys_of_another_action_are_told_and_taken_over(qtbot: QtBot, window: MainWindow) -> None:
    dialog = dialog_of(window, "view.findings")
    qtbot.keyClick(dialog.keys, Qt.Key.Key_R, CONTROL)
    assert "taken by “Rename”" in dialog.note.text()
    assert dialog.assign_button.text() == "Take &over"
    qtbot.mouseClick(dialog.assign_button, Qt.MouseButton.LeftButton)
    assert window.registry.keys_of("view.findings") == "Ctrl+R"
    assert window.registry.keys_of("app.rename") == "F2"
    assert "Taken from “Rename”" in dialog.note.text()
    dialog.choose("app.rename")
    qtbot.mouseClick(dialog.reset_button, Qt.MouseButton.LeftButton)
    assert window.registry.keys_of("app.rename") == "Ctrl+R; F2"
    assert window.registry.keys_of("view.findings") == ""
    qtbot.mouseClick(dialog.reset_all_button, Qt.MouseButton.LeftButton)
    assert window.registry.keys_of("view.findings") == "Ctrl+4"
    assert not dialog.reset_all_button.isEnabled()


@pytest.mark.parametrize(
    ("key", "modifier", "said"),
    [
        (Qt.Key.Key_G, Qt.KeyboardModifier.NoModifier, "A key by itself is needed for typing."),
        (Qt.Key.Key_C, CONTROL, "Ctrl+C belongs to every field and list."),
    ],
)
def test_keys_that_fields_need_are_refused(
    qtbot: QtBot, window: MainWindow, key: Qt.Key, modifier: Qt.KeyboardModifier, said: str
) -> None:
    dialog = dialog_of(window, "view.findings")
    qtbot.keyClick(dialog.keys, key, modifier)
    assert dialog.note.text().startswith(said)
    assert not dialog.assign_button.isEnabled()


def test_keys_of_a_part_of_the_window_are_warned_of(qtbot: QtBot, window: MainWindow) -> None:
    dialog = dialog_of(window, "view.findings")
    qtbot.keyClick(dialog.keys, Qt.Key.Key_F3)
    assert dialog.note.text() == "In “Text of a schema” they do something else."
    assert dialog.assign_button.isEnabled()


def test_action_can_have_no_keys(qtbot: QtBot, window: MainWindow) -> None:
    dialog = dialog_of(window, "view.findings")
    qtbot.mouseClick(dialog.none_button, Qt.MouseButton.LeftButton)
    assert window.registry["view.findings"].shortcut().isEmpty()
    assert not dialog.none_button.isEnabled()


def test_own_keys_are_there_at_the_next_start(qtbot: QtBot, window: MainWindow, tmp_path: Path) -> None:
    Keymap(window.registry, window.settings).assign("view.findings", "Alt+F")
    window.settings.save()
    again = bare_window(tmp_path)
    assert again.registry.keys_of("view.findings") == "Alt+F"
    assert again.registry.own_keys == {"view.findings": "Alt+F"}
    again.hide()
    again.deleteLater()


@pytest.mark.parametrize("kept", [None, 3, ["x"], {"view.findings": 3}, {"gone": "Ctrl+R"}])
def test_damaged_keys_leave_the_usual_ones(window: MainWindow, kept: object) -> None:
    window.settings.write_json("keymap", kept)
    Keymap(window.registry, window.settings).load()
    assert window.registry.keys_of("view.findings") == "Ctrl+4"


def test_change_keys_begins_with_the_action_chosen_in_the_sheet(qtbot: QtBot, window: MainWindow) -> None:
    window.registry["help.shortcuts"].trigger()
    sheet = window.findChildren(CheatSheet)[0]
    head = sheet.tree.topLevelItem(0)
    assert head is not None
    sheet.tree.setCurrentItem(head.child(1))
    qtbot.mouseClick(sheet.change_button, Qt.MouseButton.LeftButton)
    dialog = sheet.findChildren(KeymapDialog)[0]
    assert dialog.chosen() == sheet.chosen() != ""
    Keymap(window.registry, window.settings).assign(dialog.chosen(), "F11")
    texts = [head.child(at).text(1) for at in range(head.childCount())] if (head := sheet.tree.topLevelItem(0)) else []
    assert "F11" in texts
    dialog.accept()
    sheet.accept()


def test_what_names_its_keys_names_those_in_force(window: MainWindow) -> None:
    assert window.toolbar.search.toolTip().endswith("(Ctrl+K)")
    keymap = Keymap(window.registry, window.settings)
    keymap.assign("edit.jump", "Ctrl+Shift+P")
    keymap.assign("view.refresh", "")
    assert window.toolbar.search.toolTip().endswith("(Ctrl+Shift+P)")
    assert "Ctrl Shift P" in {each.text() for each in window.toolbar.search.findChildren(QLabel)}
    assert window.toolbar.refresh_button.toolTip() == "Refresh"


def test_letters_of_a_menu_are_each_of_one_entry(window: MainWindow) -> None:
    def twins(menu: QMenu) -> list[str]:
        letters = [text[at + 1].lower() for each in menu.actions() if (at := (text := each.text()).find("&")) >= 0]
        inner = [each.menu() for each in menu.actions() if isinstance(each.menu(), QMenu)]
        own = [f"{menu.title()}: {letter}" for letter in set(letters) if letters.count(letter) > 1]
        return own + [found for each in inner for found in twins(each)]

    menus = [each.menu() for each in window.menuBar().actions()]
    assert [found for each in menus if isinstance(each, QMenu) for found in twins(each)] == []


def test_every_action_is_in_a_menu_or_has_keys(window: MainWindow) -> None:
    registry = window.registry
    names = [each.objectName() for each in registry]
    assert [each for each in names if not registry.menu_of(each) and not registry.keys_of(each)] == []


def test_what_names_keys_in_an_editor_follows_those_in_force(qapp: QApplication) -> None:
    stage = Stage(qapp)
    try:
        SCREENS["tables-grids"](stage)
        stage.quiet()
        window = stage.window()
        view = window.current_view()
        assert view is not None
        assert view.editor is not None
        editor = view.editor
        assert editor.grids.index_button is not None
        assert window.tree is not None
        editor.document.edit("Remove notes", lambda draft: draft.drop_entity(editor.document.selected_entity))
        named = {
            "schema.review": (editor.pending.review_button, "What would be sent, and what it risks (F9)"),
            "schema.add_attribute": (editor.grids.attribute_button, "New attribute (F9 or Insert)"),
            "schema.add_link": (editor.grids.link_button, "New foreign key (F9)"),
            "schema.add_index": (editor.grids.index_button, "New index (F9)"),
            "schema.side": (editor.side.close_button, "Hide (F9)"),
            "schema.find": (editor.entities.field, "Entities, attributes and links (F9); Enter goes there"),
            "schema.add_entity": (editor.entities.add_button, "New entity (F9 or Insert)"),
            "edit.undo": (editor.pending.undo_button, "Undo “Remove notes” (F9)"),
            "edit.filter": (window.tree.field, "Find a table in the databases that are listed (F9)"),
        }
        editor.document.undo_stack.undo()
        editor.document.undo_stack.redo()
        editor.document.select("products")
        editor.show_side(0)
        stage.quiet()
        keymap = Keymap(window.registry, window.settings)
        for name, (widget, expected) in named.items():
            shown = shown_keys(window.registry.keys_of(name))
            assert shown in widget.toolTip()
            keymap.assign(name, "F9")
            assert widget.toolTip() == expected
            keymap.assign(name, "")
            assert "F9" not in widget.toolTip()
            keymap.reset(name)
            assert shown in widget.toolTip()
    finally:
        stage.close()


def test_find_in_the_databases_is_their_own(qtbot: QtBot, qapp: QApplication) -> None:
    stage = Stage(qapp)
    try:
        window = stage.window()
        window.activateWindow()
        assert window.tree is not None
        window.tree.view.setFocus()
        qtbot.keyClick(window.tree.view, Qt.Key.Key_F, CONTROL)
        assert window.tree.field.hasFocus()
        window.toolbar.switcher.setFocus()
        qtbot.keyClick(window.toolbar.switcher, Qt.Key.Key_F, CONTROL)
        assert window.overview.app_list.filter_box.hasFocus()
    finally:
        stage.close()
