"""The grids of attributes and links, edited as an operator does: with keys, clicks and cell editors."""

from __future__ import annotations

import random
from typing import Any

import pytest
from PySide6.QtCore import QItemSelectionModel, QModelIndex, QPoint, Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QAbstractItemModelTester
from PySide6.QtWidgets import QApplication, QComboBox, QLineEdit, QMenu, QWidget
from pytestqt.qtbot import QtBot

from app.core.refs import AppRef
from app.schema.model import Attribute, Entity, Link, LinkEnd, Schema
from app.schema.types import BooleanType, DateType, NumberType, StringType
from app.ui.editor.attribute_grid_model import AttributeColumn, AttributeGridModel
from app.ui.editor.link_grid_model import LinkColumn, LinkGridModel
from app.ui.editor.schema_grid import SchemaGrid
from app.ui.editor.schema_grids import SchemaGrids
from app.ui.schema.schema_document import SchemaDocument
from app.ui.work.runner import Runner
from tests.ui.content_fakes import ANA, LOCAL, runner, services

__all__ = ["runner", "services"]

SCHEMA = Schema(
    entities=(
        Entity(
            "todos",
            (
                Attribute("title", StringType(), is_required=True),
                Attribute("done", BooleanType()),
                Attribute("due", StringType()),
            ),
        ),
        Entity("people", (Attribute("name", StringType()),)),
        Entity("$users", (Attribute("email", StringType(), is_unique=True, is_system=True),), is_system=True),
    ),
    links=(
        Link("todosOwner", LinkEnd("todos", "owner", "one"), LinkEnd("$users", "todos", "many")),
        Link("peopleBoss", LinkEnd("people", "boss", "one"), LinkEnd("people", "reports", "many")),
    ),
)
_WARN = QAbstractItemModelTester.FailureReportingMode.Warning
_ENTER = Qt.Key.Key_Return


@pytest.fixture
def document(runner: Runner, services: Any) -> SchemaDocument:
    services.workshop.schema_of = lambda ref: SCHEMA
    made = SchemaDocument(runner, LOCAL, ANA, "Ana’s workspace", runner)
    made.open(services.workshop.opened(AppRef("local", ANA)))
    made.select("todos")
    return made


@pytest.fixture
def grids(qtbot: QtBot, document: SchemaDocument) -> SchemaGrids:
    made = SchemaGrids(document)
    qtbot.addWidget(made)
    made.resize(900, 600)
    made.show()
    qtbot.waitExposed(made)
    return made


def row_texts(grid: SchemaGrid, column: int = 0) -> list[str]:
    return [grid.grid.cell(row, column).text for row in range(grid.grid.rowCount())]


def go(grid: SchemaGrid, row: int, column: int = 0) -> QModelIndex:
    grid.setFocus()
    grid.show_rows([row], column)
    return grid.currentIndex()


def line(grid: SchemaGrid) -> QLineEdit:
    """The editor that is open in the grid."""
    found = [each for each in grid.viewport().findChildren(QLineEdit) if each.isVisibleTo(grid)]
    assert len(found) == 1
    return found[0]


def combo(grid: SchemaGrid) -> QComboBox:
    found = [each for each in grid.viewport().findChildren(QComboBox) if each.isVisibleTo(grid)]
    assert len(found) == 1
    return found[0]


def has_editor(grid: SchemaGrid) -> bool:
    return grid.state() == grid.State.EditingState


def choose(box: QComboBox, text: str) -> None:
    at = box.findText(text)
    assert at >= 0, [box.itemText(each) for each in range(box.count())]
    box.setCurrentIndex(at)
    box.activated.emit(at)


def change(grid: SchemaGrid, row: int) -> str:
    cell = grid.grid.cell(row, grid.grid.columnCount() - 1)
    return f"{cell.text} {cell.note}".strip()


def click(qtbot: QtBot, grid: SchemaGrid, row: int, column: int) -> None:
    place: QPoint = grid.visualRect(grid.grid.index(row, column)).center()
    qtbot.mouseClick(grid.viewport(), Qt.MouseButton.LeftButton, pos=place)


# Reading


def test_attribute_grid_shows_names_types_and_flags(grids: SchemaGrids) -> None:
    grid = grids.attributes
    assert row_texts(grid) == ["title", "done", "due"]
    assert row_texts(grid, AttributeColumn.TYPE) == ["string", "boolean", "string"]
    assert [grid.grid.cell(row, AttributeColumn.REQUIRED).is_on for row in range(3)] == [True, False, False]
    assert grids.title.text() == "todos"
    assert grids.about.text() == "3 attributes"


def test_link_grid_sees_links_from_the_selected_entity(grids: SchemaGrids, document: SchemaDocument) -> None:
    grid = grids.links
    assert [row_texts(grid, at) for at in range(5)] == [["owner"], ["one"], ["$users"], ["todos"], ["many"]]
    document.select("$users")
    assert [row_texts(grid, at) for at in range(5)] == [["todos"], ["many"], ["todos"], ["owner"], ["one"]]


def test_link_grid_link_to_itself_has_two_rows(grids: SchemaGrids, document: SchemaDocument) -> None:
    document.select("people")
    assert row_texts(grids.links) == ["boss", "reports"]
    assert row_texts(grids.links, LinkColumn.HAS) == ["one", "many"]


def test_grid_speaks_each_cell(grids: SchemaGrids) -> None:
    model = grids.attributes.grid
    assert model.index(0, AttributeColumn.REQUIRED).data(Qt.ItemDataRole.AccessibleTextRole) == "Required: yes"
    assert model.index(0, AttributeColumn.TYPE).data(Qt.ItemDataRole.AccessibleTextRole) == "Type: string"


# Names


def test_grid_f2_renames_in_place(grids: SchemaGrids, document: SchemaDocument, qtbot: QtBot) -> None:
    grid = grids.attributes
    go(grid, 0)
    qtbot.keyClick(grid, Qt.Key.Key_F2)
    editor = line(grid)
    assert editor.text() == "title"
    editor.selectAll()
    qtbot.keyClicks(editor, "headline")
    qtbot.keyClick(editor, _ENTER)
    assert row_texts(grid) == ["headline", "done", "due"]
    assert change(grid, 0) == "renamed was title"
    assert document.undo_stack.undoText() == "Rename todos.title to headline"
    assert not has_editor(grid)
    assert grid.currentIndex().row() == 0


def test_grid_keys_of_the_grid_do_nothing_while_a_cell_is_edited(
    grids: SchemaGrids, document: SchemaDocument, qtbot: QtBot
) -> None:
    grid = grids.attributes
    grid.setFocus()
    grid.show_rows([0], 0)
    qtbot.keyClick(grid, Qt.Key.Key_F2)
    before = document.draft
    for key in (Qt.Key.Key_F2, Qt.Key.Key_Insert):
        qtbot.keyClick(grid.viewport().findChild(QLineEdit), key)
    assert grid.state() == grid.State.EditingState
    assert document.draft is before


def test_grid_bad_name_is_marked_and_enter_keeps_the_editor_open(
    grids: SchemaGrids, document: SchemaDocument, qtbot: QtBot
) -> None:
    grid = grids.attributes
    go(grid, 0)
    qtbot.keyClick(grid, _ENTER)
    editor = line(grid)
    editor.selectAll()
    qtbot.keyClicks(editor, "done")
    assert editor.property("invalid") == "true"
    assert "done" in editor.toolTip()
    assert editor.accessibleDescription() == editor.toolTip()
    qtbot.keyClick(editor, _ENTER)
    assert has_editor(grid)
    assert row_texts(grid)[0] == "title"
    qtbot.keyClicks(editor, "_at")
    assert editor.property("invalid") == "false"
    qtbot.keyClick(editor, _ENTER)
    assert row_texts(grid)[0] == "done_at"
    assert document.undo_stack.count() == 1


def test_grid_name_that_the_platform_refuses_is_marked_while_typing(grids: SchemaGrids, qtbot: QtBot) -> None:
    grid = grids.attributes
    go(grid, 0)
    qtbot.keyClick(grid, _ENTER)
    editor = line(grid)
    editor.selectAll()
    qtbot.keyClicks(editor, "my title")
    assert editor.property("invalid") == "true"
    qtbot.keyClick(editor, Qt.Key.Key_Escape)
    assert row_texts(grid)[0] == "title"


def test_grid_leaving_a_bad_name_changes_nothing(grids: SchemaGrids, document: SchemaDocument, qtbot: QtBot) -> None:
    grid = grids.attributes
    go(grid, 0)
    qtbot.keyClick(grid, _ENTER)
    editor = line(grid)
    editor.setText("done")
    editor.setModified(True)
    grid.commitData(editor)
    assert row_texts(grid)[0] == "title"
    assert document.undo_stack.count() == 0


def test_grid_typing_a_letter_begins_a_name(grids: SchemaGrids, qtbot: QtBot) -> None:
    grid = grids.attributes
    go(grid, 2)
    qtbot.keyClicks(grid, "w")
    assert line(grid).text() == "w"


# Types and flags


def test_grid_type_is_chosen_from_the_platforms_types(
    grids: SchemaGrids, document: SchemaDocument, qtbot: QtBot
) -> None:
    grid = grids.attributes
    go(grid, 2, AttributeColumn.TYPE)
    qtbot.keyClick(grid, Qt.Key.Key_F2)
    choose(combo(grid), "date")
    assert row_texts(grid, AttributeColumn.TYPE)[2] == "date"
    assert change(grid, 2) == "changed string → date"
    assert document.undo_stack.undoText() == "Set the type of todos.due to date"
    assert not has_editor(grid)


def test_grid_space_and_click_toggle_a_flag(grids: SchemaGrids, document: SchemaDocument, qtbot: QtBot) -> None:
    grid = grids.attributes
    go(grid, 1, AttributeColumn.INDEXED)
    qtbot.keyClick(grid, Qt.Key.Key_Space)
    assert grid.grid.cell(1, AttributeColumn.INDEXED).is_on
    assert document.undo_stack.undoText() == "Make todos.done indexed"
    click(qtbot, grid, 1, AttributeColumn.INDEXED)
    assert not grid.grid.cell(1, AttributeColumn.INDEXED).is_on
    assert document.undo_stack.undoText() == "Make todos.done not indexed"
    assert not document.draft.is_changed


def test_grid_flag_of_many_rows_is_one_step(grids: SchemaGrids, document: SchemaDocument, qtbot: QtBot) -> None:
    grid = grids.attributes
    grid.setFocus()
    grid.show_rows([1, 0, 2], AttributeColumn.REQUIRED)
    qtbot.keyClick(grid, Qt.Key.Key_Space)
    assert [grid.grid.cell(row, AttributeColumn.REQUIRED).is_on for row in range(3)] == [True, True, True]
    assert document.undo_stack.count() == 1
    assert document.undo_stack.undoText() == "Make 2 attributes of todos required"
    assert grid.selected_rows() == [0, 1, 2]


def test_grid_click_on_a_flag_keeps_the_selection_that_it_is_for(grids: SchemaGrids, qtbot: QtBot) -> None:
    grid = grids.attributes
    grid.setFocus()
    grid.show_rows([0, 1, 2])
    click(qtbot, grid, 1, AttributeColumn.UNIQUE)
    assert [grid.grid.cell(row, AttributeColumn.UNIQUE).is_on for row in range(3)] == [True, True, True]
    assert grid.selected_rows() == [0, 1, 2]


def test_grid_type_of_many_rows_is_one_step(grids: SchemaGrids, document: SchemaDocument, qtbot: QtBot) -> None:
    grid = grids.attributes
    grid.setFocus()
    grid.show_rows([0, 2], AttributeColumn.TYPE)
    qtbot.keyClick(grid, Qt.Key.Key_F2)
    choose(combo(grid), "number")
    assert row_texts(grid, AttributeColumn.TYPE) == ["number", "boolean", "number"]
    assert document.undo_stack.count() == 1


# Adding, duplicating, removing


def test_grid_insert_adds_an_attribute_and_names_it_in_one_step(
    grids: SchemaGrids, document: SchemaDocument, qtbot: QtBot
) -> None:
    grid = grids.attributes
    go(grid, 0)
    qtbot.keyClick(grid, Qt.Key.Key_Insert)
    editor = line(grid)
    editor.selectAll()
    qtbot.keyClicks(editor, "priority")
    qtbot.keyClick(editor, _ENTER)
    assert row_texts(grid)[-1] == "priority"
    assert change(grid, 3) == "new"
    assert document.undo_stack.count() == 1
    document.undo_stack.undo()
    assert row_texts(grid) == ["title", "done", "due"]


def test_grid_escape_takes_a_new_attribute_back(grids: SchemaGrids, document: SchemaDocument, qtbot: QtBot) -> None:
    qtbot.mouseClick(grids.attribute_button, Qt.MouseButton.LeftButton)
    assert grids.attributes.grid.rowCount() == 4
    qtbot.keyClick(line(grids.attributes), Qt.Key.Key_Escape)
    assert row_texts(grids.attributes) == ["title", "done", "due"]
    assert not document.draft.is_changed


def test_grid_delete_strikes_through_and_delete_again_restores(
    grids: SchemaGrids, document: SchemaDocument, qtbot: QtBot
) -> None:
    grid = grids.attributes
    go(grid, 1)
    qtbot.keyClick(grid, Qt.Key.Key_Delete)
    assert row_texts(grid) == ["title", "done", "due"]
    assert grid.grid.row(1).is_removed
    assert change(grid, 1) == "removed"
    assert grid.currentIndex().row() == 1
    qtbot.keyClick(grid, Qt.Key.Key_Delete)
    assert not grid.grid.row(1).is_removed
    assert not document.draft.is_changed
    document.undo_stack.undo()
    document.undo_stack.undo()
    assert not grid.grid.row(1).is_removed


def test_grid_removed_row_cannot_be_edited_and_says_so(
    grids: SchemaGrids, document: SchemaDocument, qtbot: QtBot
) -> None:
    grid = grids.attributes
    go(grid, 1)
    qtbot.keyClick(grid, Qt.Key.Key_Delete)
    with qtbot.waitSignal(document.refused) as told:
        qtbot.keyClick(grid, Qt.Key.Key_F2)
    assert told.args is not None
    assert "removed" in told.args[0]
    assert not has_editor(grid)


def test_grid_delete_of_many_rows_is_one_step(grids: SchemaGrids, document: SchemaDocument, qtbot: QtBot) -> None:
    grid = grids.attributes
    grid.setFocus()
    grid.show_rows([0, 2])
    qtbot.keyClick(grid, Qt.Key.Key_Delete)
    assert [grid.grid.row(at).is_removed for at in range(3)] == [True, False, True]
    assert document.undo_stack.undoText() == "Remove 2 attributes of todos"


def test_grid_new_attribute_removed_is_gone(grids: SchemaGrids, document: SchemaDocument, qtbot: QtBot) -> None:
    document.edit("Add", lambda draft: draft.add_attribute("todos", Attribute("priority", NumberType())))
    grid = grids.attributes
    go(grid, 3)
    qtbot.keyClick(grid, Qt.Key.Key_Delete)
    assert row_texts(grid) == ["title", "done", "due"]
    assert grid.currentIndex().row() == 2


def test_grid_control_d_duplicates_the_selection(grids: SchemaGrids, document: SchemaDocument, qtbot: QtBot) -> None:
    grid = grids.attributes
    go(grid, 0)
    qtbot.keyClick(grid, Qt.Key.Key_D, Qt.KeyboardModifier.ControlModifier)
    assert sorted(row_texts(grid)) == ["done", "due", "title", "title_copy"]
    assert grid.grid.cell(grid.currentIndex().row(), 0).text == "title_copy"
    assert document.undo_stack.undoText() == "Duplicate todos.title"


def test_grid_control_c_copies_the_rows(grids: SchemaGrids, qtbot: QtBot) -> None:
    grid = grids.attributes
    go(grid, 0)
    qtbot.keyClick(grid, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    assert QGuiApplication.clipboard().text().split("\t")[:3] == ["title", "string", "✓"]


def test_grid_menu_offers_what_can_be_done(grids: SchemaGrids, qtbot: QtBot) -> None:
    grid = grids.attributes
    go(grid, 0)
    grid.customContextMenuRequested.emit(QPoint(5, 5))
    menu = grid.findChild(QMenu)
    assert menu is not None
    texts = [each.text().split("\t")[0] for each in menu.actions() if not each.isSeparator()]
    assert texts == ["New", "Edit", "Duplicate", "Remove", "Copy"]
    next(each for each in menu.actions() if each.text().startswith("Remove")).trigger()
    menu.close()
    assert grid.grid.row(0).is_removed


# Links


def test_link_grid_adds_a_link_to_another_entity(grids: SchemaGrids, document: SchemaDocument, qtbot: QtBot) -> None:
    qtbot.mouseClick(grids.link_button, Qt.MouseButton.LeftButton)
    grid = grids.links
    qtbot.keyClick(line(grid), _ENTER)
    assert row_texts(grid) == ["owner", "people"]
    assert row_texts(grid, LinkColumn.TO)[1] == "people"
    assert change(grid, 1) == "new"


def test_link_grid_cardinality_and_on_delete_are_chosen(
    grids: SchemaGrids, document: SchemaDocument, qtbot: QtBot
) -> None:
    grid = grids.links
    go(grid, 0, LinkColumn.ON_DELETE)
    qtbot.keyClick(grid, Qt.Key.Key_F2)
    choose(combo(grid), "cascade")
    assert row_texts(grid, LinkColumn.ON_DELETE) == ["cascade"]
    go(grid, 0, LinkColumn.REVERSE_HAS)
    qtbot.keyClick(grid, Qt.Key.Key_F2)
    choose(combo(grid), "one")
    assert row_texts(grid, LinkColumn.REVERSE_HAS) == ["one"]
    link = document.draft.wanted.links[0]
    assert {end.on_delete for end in (link.forward, link.reverse)} == {"cascade", None}
    assert "changed" in change(grid, 0)


def test_link_grid_label_is_renamed_in_place(grids: SchemaGrids, document: SchemaDocument, qtbot: QtBot) -> None:
    grid = grids.links
    go(grid, 0)
    qtbot.keyClick(grid, Qt.Key.Key_F2)
    editor = line(grid)
    editor.selectAll()
    qtbot.keyClicks(editor, "assignee")
    qtbot.keyClick(editor, _ENTER)
    assert row_texts(grid) == ["assignee"]
    assert "renamed" in change(grid, 0)
    assert document.undo_stack.undoText() == "Rename todos.owner to assignee"


def test_link_grid_entity_is_found_by_typing(grids: SchemaGrids, document: SchemaDocument, qtbot: QtBot) -> None:
    grid = grids.links
    go(grid, 0, LinkColumn.TO)
    qtbot.keyClick(grid, Qt.Key.Key_F2)
    box = combo(grid)
    assert box.currentText() == "$users"
    box.setEditText("nobody")
    qtbot.keyClick(box, _ENTER)
    assert has_editor(grid)
    box.setEditText("people")
    qtbot.keyClick(box, _ENTER)
    assert "people" in [grid.grid.row(at).other.entity for at in range(grid.grid.rowCount())]  # type: ignore[attr-defined]


def test_link_grid_removed_link_is_struck_through(grids: SchemaGrids, document: SchemaDocument, qtbot: QtBot) -> None:
    grid = grids.links
    go(grid, 0)
    qtbot.keyClick(grid, Qt.Key.Key_Delete)
    assert grid.grid.row(0).is_removed
    assert change(grid, 0) == "removed"
    qtbot.keyClick(grid, Qt.Key.Key_Delete)
    assert not grid.grid.row(0).is_removed
    assert not document.draft.is_changed


# Locks and problems


def test_grid_system_attribute_says_why_it_is_locked(
    grids: SchemaGrids, document: SchemaDocument, qtbot: QtBot
) -> None:
    document.select("$users")
    grid = grids.attributes
    go(grid, 0)
    with qtbot.waitSignal(document.refused) as told:
        qtbot.keyClick(grid, Qt.Key.Key_F2)
    assert told.args is not None
    assert "comes with the platform" in told.args[0]
    assert "comes with the platform" in grid.grid.index(0, 0).data(Qt.ItemDataRole.ToolTipRole)
    qtbot.keyClick(grid, Qt.Key.Key_Delete)
    assert not document.draft.is_changed


def test_grid_problem_is_on_its_cell(grids: SchemaGrids, document: SchemaDocument) -> None:
    document.edit("Add", lambda draft: draft.add_attribute("todos", Attribute("my note", StringType())))
    cell = grids.attributes.grid.cell(3, AttributeColumn.NAME)
    assert cell.problem is not None
    assert cell.problem.sentence in grids.attributes.grid.index(3, 0).data(Qt.ItemDataRole.ToolTipRole)


# Rows come and go


def test_grid_models_keep_qts_rules_through_random_edits(document: SchemaDocument, qtlog: Any) -> None:
    """Qt's own tester watches; the rows must always be those that a model made anew has."""
    model, links = AttributeGridModel(document), LinkGridModel(document)
    testers = [QAbstractItemModelTester(each, _WARN) for each in (model, links)]
    chance = random.Random(3)
    for _ in range(150):
        _edit_at_random(document, chance)
        for each in (model, links):
            fresh = type(each)(document)
            assert [each.row(at) for at in range(each.rowCount())] == [fresh.row(at) for at in range(fresh.rowCount())]
    assert len(testers) == 2
    assert [each.message for each in qtlog.records if "FAIL" in each.message] == []


def _edit_at_random(document: SchemaDocument, chance: random.Random) -> None:
    stack, entity = document.undo_stack, document.draft.wanted.entity("todos")
    assert entity is not None
    names = [each.name for each in entity.attributes]
    gone = [each.name for each in document.draft.removed("todos").attributes]
    match chance.randrange(8):
        case 0 if names:
            name = chance.choice(names)
            document.edit("Remove", lambda draft: draft.drop_attribute("todos", name))
        case 1 if gone:
            name = chance.choice(gone)
            document.edit("Restore", lambda draft: draft.restore_attribute("todos", name))
        case 2 if names:
            name, new = chance.choice(names), f"n{chance.randrange(9)}"
            document.edit("Rename", lambda draft: draft.rename_attribute("todos", name, new))
        case 3:
            document.edit("Discard", lambda draft: draft.discard())
        case 4:
            stack.undo()
        case 5:
            stack.redo()
        case 6:
            ends = (
                LinkEnd("todos", f"l{chance.randrange(5)}", "one"),
                LinkEnd("todos", f"r{chance.randrange(5)}", "many"),
            )
            document.edit("Link", lambda draft: draft.add_link(Link("made", *ends)))
        case _:
            new = f"n{chance.randrange(20)}"
            document.edit("Add", lambda draft: draft.add_attribute("todos", Attribute(new, NumberType())))


# Going around


def test_grid_tab_goes_along_the_cells(grids: SchemaGrids, qtbot: QtBot) -> None:
    grid = grids.attributes
    go(grid, 0)
    qtbot.keyClick(grid, Qt.Key.Key_Tab)
    assert (grid.currentIndex().row(), grid.currentIndex().column()) == (0, 1)


def test_grid_tab_leaves_after_the_last_cell(grids: SchemaGrids, qtbot: QtBot) -> None:
    grid = grids.attributes
    go(grid, 2, AttributeColumn.CHANGE)
    qtbot.keyClick(grid, Qt.Key.Key_Tab)
    qtbot.waitUntil(lambda: not grid.hasFocus())


def test_grid_down_goes_on_to_the_links(grids: SchemaGrids, qtbot: QtBot) -> None:
    go(grids.attributes, 2)
    qtbot.keyClick(grids.attributes, Qt.Key.Key_Down)
    assert QApplication.focusWidget() is grids.links
    assert grids.links.currentIndex().row() == 0


def test_grid_selection_survives_an_edit_elsewhere(grids: SchemaGrids, document: SchemaDocument) -> None:
    grid = grids.attributes
    go(grid, 2)
    document.edit("Add", lambda draft: draft.add_attribute("people", Attribute("age", NumberType())))
    document.edit("Type", lambda draft: draft.change_attribute("todos", "title", type=DateType()))
    assert grid.selected_rows() == [2]


def test_grids_show_a_part_that_was_asked_for(grids: SchemaGrids, document: SchemaDocument) -> None:
    document.select("todos", "due")
    assert grids.attributes.currentIndex().row() == 2
    document.select("todos", "owner")
    assert grids.links.currentIndex().row() == 0


def test_grids_of_a_removed_entity_are_struck_through(grids: SchemaGrids, document: SchemaDocument) -> None:
    document.edit("Remove", lambda draft: draft.drop_entity("todos"))
    document.select("todos")
    assert all(grids.attributes.grid.row(at).is_removed for at in range(3))
    assert grids.mark.text() == "removed"
    assert not grids.attribute_button.isEnabled()


def test_grid_is_painted_with_every_kind_of_row(grids: SchemaGrids, document: SchemaDocument) -> None:
    """Painting has no other way to fail than to raise."""
    document.edit("Type", lambda draft: draft.change_attribute("todos", "due", type=DateType()))
    document.edit("Rename", lambda draft: draft.rename_attribute("todos", "title", "headline"))
    document.edit("Remove", lambda draft: draft.drop_attribute("todos", "done"))
    document.edit("Add", lambda draft: draft.add_attribute("todos", Attribute("my note", NumberType())))
    grids.attributes.selectionModel().select(
        grids.attributes.grid.index(0, 0), QItemSelectionModel.SelectionFlag.ClearAndSelect
    )
    picture = grids.grab()
    assert picture.width() == QWidget.width(grids)
