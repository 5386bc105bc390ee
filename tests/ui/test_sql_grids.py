"""The grids on a platform of tables: free types, defaults and comments, foreign keys, indexes."""

from __future__ import annotations

from typing import Any

import pytest
from PySide6.QtCore import QModelIndex, Qt
from PySide6.QtTest import QAbstractItemModelTester
from PySide6.QtWidgets import QApplication, QComboBox, QLineEdit
from pytestqt.qtbot import QtBot

from app.schema.model import Index, Schema
from app.schema.types import EnumType
from app.ui.editor.attribute_grid_model import AttributeColumn
from app.ui.editor.entity_dialog import EntityDialog
from app.ui.editor.foreign_key_grid_model import KeyColumn
from app.ui.editor.index_grid_model import IndexColumn
from app.ui.editor.schema_grid import SchemaGrid
from app.ui.editor.schema_grids import SchemaGrids
from app.ui.schema.entity_start import add_entity, rename_entity
from app.ui.schema.schema_document import SchemaDocument
from app.ui.schema.sql_lists import split_list
from app.ui.schema.type_names import type_name
from app.ui.work.runner import Runner
from tests.ui.content_fakes import runner, services
from tests.ui.sql_fakes import CHATS, MESSAGES, OPEN_CHATS, RULES_POSTGRES, column, open_document

__all__ = ["runner", "services"]
_ENTER = Qt.Key.Key_Return
_WARN = QAbstractItemModelTester.FailureReportingMode.Warning


@pytest.fixture
def document(runner: Runner, services: Any) -> SchemaDocument:
    made = open_document(runner, services)
    made.select("messages")
    return made


@pytest.fixture
def grids(qtbot: QtBot, document: SchemaDocument) -> SchemaGrids:
    made = SchemaGrids(document)
    qtbot.addWidget(made)
    made.resize(1100, 700)
    made.show()
    qtbot.waitExposed(made)
    return made


def texts(grid: SchemaGrid, at: int = 0) -> list[str]:
    return [grid.grid.cell(row, at).text for row in range(grid.grid.rowCount())]


def go(grid: SchemaGrid, row: int, at: int = 0) -> QModelIndex:
    grid.setFocus()
    grid.show_rows([row], at)
    return grid.currentIndex()


def line(grid: SchemaGrid) -> QLineEdit:
    found = [each for each in grid.viewport().findChildren(QLineEdit) if each.isVisibleTo(grid)]
    assert len(found) == 1
    return found[0]


def is_editing(grid: SchemaGrid) -> bool:
    return grid.state() == grid.State.EditingState


def enter(qtbot: QtBot, grid: SchemaGrid, row: int, at: int, text: str) -> None:
    """Type into a cell and press Enter; a list of completions that opened does not get in the way."""
    grid.edit_cell(go(grid, row, at))
    editor = line(grid)
    editor.selectAll()
    qtbot.keyClicks(editor, text)
    qtbot.keyClick(QApplication.activePopupWidget() or editor, _ENTER)
    qtbot.waitUntil(lambda: not is_editing(grid) or bool(editor.toolTip()))


def wanted(document: SchemaDocument) -> Schema:
    return document.draft.wanted


def attribute(document: SchemaDocument, name: str, entity: str = "messages") -> Any:
    found = wanted(document).entity(entity)
    assert found is not None
    return found.attribute(name)


def index(document: SchemaDocument, name: str, entity: str = "messages") -> Index:
    found = wanted(document).entity(entity)
    assert found is not None
    return next(each for each in found.indexes if each.name == name)


# Attributes


def test_attributes_show_types_defaults_comments_and_the_primary_key(grids: SchemaGrids) -> None:
    grid = grids.attributes
    assert texts(grid) == ["id", "chat_id", "body", "mood", "created_at"]
    assert texts(grid, AttributeColumn.TYPE) == ["uuid", "uuid", "text", "mood", "timestamptz"]
    assert texts(grid, AttributeColumn.DEFAULT) == ["gen_random_uuid()", "", "", "'happy'::mood", "now()"]
    assert [grid.grid.cell(row, 0).sign for row in range(5)] == ["key", "", "", "", ""]
    spoken = grid.grid.index(0, 0).data(Qt.ItemDataRole.AccessibleTextRole)
    assert spoken == "Attribute: id, primary key"


def test_a_type_is_typed_as_text(qtbot: QtBot, grids: SchemaGrids, document: SchemaDocument) -> None:
    enter(qtbot, grids.attributes, 2, AttributeColumn.TYPE, "character varying ( 20 )")
    assert type_name(attribute(document, "body").type) == "varchar(20)"
    assert document.undo_stack.undoText() == "Set the type of messages.body to varchar(20)"


def test_a_type_that_cannot_be_read_says_so_at_the_cell(
    qtbot: QtBot, grids: SchemaGrids, document: SchemaDocument
) -> None:
    enter(qtbot, grids.attributes, 2, AttributeColumn.TYPE, "varchar(((")
    assert is_editing(grids.attributes)
    assert line(grids.attributes).toolTip()
    assert not document.is_changed


def test_types_are_offered_with_the_enums_of_the_schema(grids: SchemaGrids) -> None:
    offered = grids.attributes.grid.completions(grids.attributes.grid.index(2, AttributeColumn.TYPE))
    assert {"text", "uuid", "timestamptz", "mood"} <= set(offered)


def test_a_type_set_on_selected_rows_is_one_step(qtbot: QtBot, grids: SchemaGrids, document: SchemaDocument) -> None:
    grid = grids.attributes
    go(grid, 1)
    grid.show_rows([1, 2], AttributeColumn.TYPE)
    grid.edit_cell(grid.currentIndex())
    line(grid).selectAll()
    qtbot.keyClicks(line(grid), "bigint")
    qtbot.keyClick(QApplication.activePopupWidget() or line(grid), _ENTER)
    qtbot.waitUntil(lambda: not is_editing(grid))
    assert [type_name(attribute(document, name).type) for name in ("chat_id", "body")] == ["bigint", "bigint"]
    assert document.undo_stack.count() == 1


def test_an_enum_gets_another_value_wherever_it_is_used(
    qtbot: QtBot, grids: SchemaGrids, document: SchemaDocument
) -> None:
    grid = grids.attributes
    assert grid.grid.edit_text(grid.grid.index(3, AttributeColumn.TYPE)) == "mood ('happy', 'sad')"
    enter(qtbot, grid, 3, AttributeColumn.TYPE, "mood ('happy', 'sad', 'so ''so''')")
    now = EnumType(("happy", "sad", "so 'so'"), "mood")
    assert attribute(document, "mood").type == now
    assert attribute(document, "mood", "audit.votes").type == now
    assert document.undo_stack.count() == 1


def test_a_name_alone_is_the_enum_that_the_schema_has(
    qtbot: QtBot, grids: SchemaGrids, document: SchemaDocument
) -> None:
    enter(qtbot, grids.attributes, 2, AttributeColumn.TYPE, "mood")
    assert attribute(document, "body").type == EnumType(("happy", "sad"), "mood")


def test_default_and_comment_are_edited_in_their_cells(
    qtbot: QtBot, grids: SchemaGrids, document: SchemaDocument
) -> None:
    enter(qtbot, grids.attributes, 2, AttributeColumn.DEFAULT, "''")
    enter(qtbot, grids.attributes, 2, AttributeColumn.COMMENT, "What was said")
    body = attribute(document, "body")
    assert body.default == "''"
    assert body.extra == (("comment", '"What was said"'),)
    enter(qtbot, grids.attributes, 4, AttributeColumn.DEFAULT, " ")
    assert attribute(document, "created_at").default is None


def test_a_default_that_the_database_computes_is_locked(grids: SchemaGrids, document: SchemaDocument) -> None:
    document.select("chats")
    grid = grids.attributes
    assert texts(grid, AttributeColumn.DEFAULT)[2] == "= to_tsvector(title)"
    assert "The database makes the values" in grid.grid.lock(2, AttributeColumn.DEFAULT)
    assert grid.grid.lock(2, AttributeColumn.TYPE) == ""


def test_a_view_can_be_read_and_not_changed(grids: SchemaGrids, document: SchemaDocument) -> None:
    document.select(OPEN_CHATS.name)
    assert grids.attributes.grid.lock(0, 0) == "open_chats is a view: it can be read here, not changed."
    assert not grids.attribute_button.isEnabled()


def test_a_new_entity_has_an_id_that_is_made_by_itself(document: SchemaDocument) -> None:
    after = add_entity(document.draft, "notes", RULES_POSTGRES)
    renamed = rename_entity(after, "notes", "audit.remarks", RULES_POSTGRES).wanted.entity("audit.remarks")
    assert renamed is not None
    assert renamed.attributes == (column("id", "uuid", is_required=True, default="gen_random_uuid()"),)
    assert renamed.indexes == (Index("remarks_pkey", ("id",), True, "primary"),)


# Foreign keys


def test_foreign_keys_show_columns_and_where_they_lead(grids: SchemaGrids) -> None:
    grid = grids.links
    assert grids.links_head.text() == "FOREIGN KEYS"
    row = [grid.grid.cell(0, at).text for at in range(5)]
    assert row == ["messages_chat_id_fkey", "chat_id", "chats", "id", "cascade"]
    assert grids.referring.text() == "Led to by audit.votes"
    tip = grid.grid.index(0, KeyColumn.ON_DELETE).data(Qt.ItemDataRole.ToolTipRole)
    assert tip == "When a row of chats is deleted, rows of messages that lead to it are deleted too."


def test_a_new_foreign_key_takes_the_column_that_is_called_after_a_table(
    document: SchemaDocument, grids: SchemaGrids
) -> None:
    document.edit("add", lambda draft: draft.add_attribute("chats", column("message_id", "uuid")))
    document.select("chats")
    grids.link_button.click()
    link = wanted(document).links[-1]
    assert (link.forward.label, link.columns, link.reverse.entity) == (
        "chats_message_id_fkey",
        (("message_id", "id"),),
        "messages",
    )
    assert grids.links.currentIndex().column() == KeyColumn.COLUMNS


def test_a_new_foreign_key_brings_its_column_and_goes_with_it(
    qtbot: QtBot, document: SchemaDocument, grids: SchemaGrids
) -> None:
    document.select("chats")
    grids.link_button.click()
    link = wanted(document).links[-1]
    assert link.columns == (("message_id", "id"),)
    assert type_name(attribute(document, "message_id", "chats").type) == "uuid"
    qtbot.keyClick(line(grids.links), Qt.Key.Key_Escape)
    assert attribute(document, "message_id", "chats") is None
    assert len(wanted(document).links) == 2


def test_foreign_key_over_other_columns_keeps_its_name(
    qtbot: QtBot, document: SchemaDocument, grids: SchemaGrids
) -> None:
    enter(qtbot, grids.links, 0, KeyColumn.COLUMNS, "id")
    (link,) = (each for each in wanted(document).links if each.forward.entity == "messages")
    assert (link.forward.label, link.columns) == ("messages_chat_id_fkey", (("id", "id"),))


def test_new_foreign_key_keeps_a_name_made_of_its_columns(
    qtbot: QtBot, document: SchemaDocument, grids: SchemaGrids
) -> None:
    document.select("chats")
    grids.links.add()
    editor = line(grids.links)
    editor.selectAll()
    qtbot.keyClicks(editor, "id")
    qtbot.keyClick(QApplication.activePopupWidget() or editor, _ENTER)
    qtbot.waitUntil(lambda: not is_editing(grids.links))
    assert (wanted(document).links[-1].name, wanted(document).links[-1].columns) == ("chats_id_fkey", (("id", "id"),))
    assert document.undo_stack.count() == 1


def test_foreign_key_over_a_column_that_is_not_there_is_refused(
    qtbot: QtBot, document: SchemaDocument, grids: SchemaGrids
) -> None:
    enter(qtbot, grids.links, 0, KeyColumn.COLUMNS, "chat")
    assert line(grids.links).toolTip() == "messages has no attribute chat."
    assert not document.is_changed


def test_on_delete_and_removing_are_steps(qtbot: QtBot, document: SchemaDocument, grids: SchemaGrids) -> None:
    grid = grids.links
    grid.edit_cell(go(grid, 0, KeyColumn.ON_DELETE))
    box = next(each for each in grid.viewport().findChildren(QComboBox) if each.isVisibleTo(grid))
    assert [box.itemText(at) for at in range(box.count())] == ["no action", "cascade", "restrict", "set null"]
    box.setCurrentIndex(3)
    box.activated.emit(3)
    assert wanted(document).links[0].forward.on_delete == "set-null"
    go(grid, 0)
    qtbot.keyClick(grid, Qt.Key.Key_Delete)
    assert [each.forward.entity for each in wanted(document).links] == ["audit.votes"]
    assert grid.grid.cell(0, KeyColumn.CHANGE).text == "removed"
    qtbot.keyClick(grid, Qt.Key.Key_Delete)
    assert len(wanted(document).links) == 2


# Indexes


def test_indexes_show_keys_kind_and_condition(grids: SchemaGrids) -> None:
    assert grids.indexes is not None
    grid = grids.indexes
    assert texts(grid) == ["messages_pkey", "messages_recent_idx", "messages_body_idx"]
    assert texts(grid, IndexColumn.KEYS) == ["id", "chat_id, created_at DESC", "body"]
    assert texts(grid, IndexColumn.KIND) == ["primary key", "btree", "gin"]
    assert texts(grid, IndexColumn.WHERE) == ["", "body IS NOT NULL", ""]
    invalid = grid.grid.cell(2, 0).problem
    assert invalid is not None
    assert "is invalid" in invalid.sentence


def test_an_index_is_added_over_what_is_typed_under_the_usual_name(
    qtbot: QtBot, document: SchemaDocument, grids: SchemaGrids
) -> None:
    grid = grids.indexes
    assert grid is not None
    grids.index_button.click()  # type: ignore[union-attr]
    editor = line(grid)
    editor.selectAll()
    qtbot.keyClicks(editor, "mood, created_at")
    qtbot.keyClick(QApplication.activePopupWidget() or editor, _ENTER)
    qtbot.waitUntil(lambda: not is_editing(grid))
    made = index(document, "messages_mood_created_at_idx")
    assert (made.attributes, made.kind, made.is_unique) == (("mood", "created_at"), "btree", False)
    assert document.undo_stack.count() == 1
    document.undo_stack.undo()
    assert texts(grid) == ["messages_pkey", "messages_recent_idx", "messages_body_idx"]


def test_keys_with_an_order_are_of_their_attribute_and_expressions_of_none(
    qtbot: QtBot, document: SchemaDocument, grids: SchemaGrids
) -> None:
    assert grids.indexes is not None
    enter(qtbot, grids.indexes, 2, IndexColumn.KEYS, "lower(body), chat_id")
    made = index(document, "messages_body_idx")
    assert made.attributes == ("chat_id",)
    assert dict(made.extra)["expressions"] == '["lower(body)", "chat_id"]'
    enter(qtbot, grids.indexes, 2, IndexColumn.KEYS, "created_at desc nulls first, Body text_pattern_ops asc")
    made = index(document, "messages_body_idx")
    assert made.attributes == ("created_at", "body")
    assert dict(made.extra)["expressions"] == '["created_at DESC", "Body text_pattern_ops"]'


def test_an_index_over_what_is_not_there_is_refused(qtbot: QtBot, document: SchemaDocument, grids: SchemaGrids) -> None:
    assert grids.indexes is not None
    enter(qtbot, grids.indexes, 1, IndexColumn.KEYS, "chat_id, sender")
    assert line(grids.indexes).toolTip().startswith("messages has no attribute sender.")
    assert not document.is_changed


def test_index_is_renamed_removed_and_brought_back(qtbot: QtBot, document: SchemaDocument, grids: SchemaGrids) -> None:
    grid = grids.indexes
    assert grid is not None
    enter(qtbot, grid, 1, IndexColumn.NAME, "recent")
    assert grid.grid.cell(1, IndexColumn.CHANGE).text == "renamed"
    assert document.draft.renames.indexes == (("messages", "messages_recent_idx", "recent"),)
    go(grid, 2)
    qtbot.keyClick(grid, Qt.Key.Key_Delete)
    assert texts(grid) == ["messages_pkey", "recent", "messages_body_idx"]
    assert grid.grid.cell(2, IndexColumn.CHANGE).text == "removed"
    qtbot.keyClick(grid, Qt.Key.Key_Delete)
    assert index(document, "messages_body_idx") == MESSAGES.indexes[2]


def test_a_condition_and_uniqueness_are_edited_in_their_cells(
    qtbot: QtBot, document: SchemaDocument, grids: SchemaGrids
) -> None:
    grid = grids.indexes
    assert grid is not None
    enter(qtbot, grid, 1, IndexColumn.WHERE, "mood = 'sad'")
    go(grid, 1, IndexColumn.UNIQUE)
    qtbot.keyClick(grid, Qt.Key.Key_Space)
    made = index(document, "messages_recent_idx")
    assert made.is_unique
    assert dict(made.extra)["where"] == "\"mood = 'sad'\""
    assert "primary key is unique" in grid.grid.lock(0, IndexColumn.UNIQUE)


# The grids together


def test_one_grid_at_a_time_shows_selected_rows(grids: SchemaGrids) -> None:
    assert grids.indexes is not None
    go(grids.attributes, 1)
    go(grids.indexes, 0)
    assert not grids.attributes.selectionModel().hasSelection()
    assert grids.current_grid() is grids.indexes
    grids.attributes.setFocus()
    assert not grids.indexes.selectionModel().hasSelection()
    assert grids.attributes.selected_rows() == [1]


def test_the_keyboard_goes_from_grid_to_grid(qtbot: QtBot, grids: SchemaGrids) -> None:
    assert grids.indexes is not None
    go(grids.attributes, 4)
    qtbot.keyClick(grids.attributes, Qt.Key.Key_Down)
    assert grids.current_grid() is grids.links
    qtbot.keyClick(grids.links, Qt.Key.Key_Down)
    assert grids.current_grid() is grids.indexes
    qtbot.keyClick(grids.indexes, Qt.Key.Key_Up)
    assert grids.current_grid() is grids.links


def test_models_keep_the_rules_of_qt(document: SchemaDocument, grids: SchemaGrids) -> None:
    testers = [QAbstractItemModelTester(grid.grid, _WARN) for grid in grids.grids]
    document.edit("drop", lambda draft: draft.drop_entity("messages"))
    document.undo_stack.undo()
    document.edit("rename", lambda draft: draft.rename_attribute("messages", "body", "text"))
    assert len(testers) == 3
    document.select(CHATS.name)


def test_lists_are_split_outside_of_quotes_and_brackets() -> None:
    assert split_list("a, \"b, c\" , coalesce(d, 'x,y') , ") == ["a", '"b, c"', "coalesce(d, 'x,y')"]


# The table


def opened_table(qtbot: QtBot, runner: Runner, document: SchemaDocument) -> EntityDialog:
    entity = wanted(document).entity(document.selected_entity)
    assert entity is not None
    dialog = EntityDialog(runner, document, entity.name, entity.extra)
    qtbot.addWidget(dialog)
    dialog.show()
    return dialog


def test_comment_checks_and_row_security_are_one_step(
    qtbot: QtBot, runner: Runner, document: SchemaDocument, grids: SchemaGrids
) -> None:
    dialog = opened_table(qtbot, runner, document)
    qtbot.keyClicks(dialog.comment, "What was said")
    dialog.security.setChecked(True)
    dialog.add_button.click()
    editor = dialog.checks.viewport().findChild(QLineEdit)
    assert editor is not None
    qtbot.keyClicks(editor, "body <> ''")
    qtbot.keyClick(editor, _ENTER)
    qtbot.waitUntil(lambda: dialog.checks.checks() == [("messages_check", "body <> ''")])
    dialog.act()
    found = wanted(document).entity("messages")
    assert found is not None
    assert found.extra == (
        ("check messages_check", "\"body <> ''\""),
        ("comment", '"What was said"'),
        ("row_security", "true"),
    )
    assert document.undo_stack.count() == 1
    assert grids.settings.text() == "What was said · 1 check · row-level security"


def test_a_check_that_is_not_complete_is_not_staged(qtbot: QtBot, runner: Runner, document: SchemaDocument) -> None:
    dialog = opened_table(qtbot, runner, document)
    dialog.add_button.click()
    dialog.act()
    assert dialog.message.sentence.text() == "The check messages_check is not complete."
    assert not document.is_changed
    dialog.checks.selectRow(0)
    dialog.remove_button.click()
    dialog.act()
    assert not document.is_changed


def test_the_table_of_a_view_cannot_be_changed(document: SchemaDocument, grids: SchemaGrids) -> None:
    document.select(OPEN_CHATS.name)
    assert grids.table_button is not None
    assert not grids.table_button.isEnabled()


def test_grids_that_have_no_room_scroll_with_the_keyboard(
    qtbot: QtBot, document: SchemaDocument, grids: SchemaGrids
) -> None:
    grids.resize(900, 260)
    assert grids.area is not None
    assert grids.indexes is not None
    bar = grids.area.verticalScrollBar()
    qtbot.waitUntil(lambda: bar.maximum() > 0)
    assert grids.attributes.height() >= 5 * grids.attributes.verticalHeader().defaultSectionSize()
    go(grids.indexes, 2)
    row = grids.indexes.viewport().mapTo(grids.area, grids.indexes.visualRect(grids.indexes.currentIndex()).center())
    assert 0 <= row.y() < grids.area.height()
    assert bar.value() > 0
    go(grids.attributes, 0)
    assert bar.value() < bar.maximum()


def test_what_is_built_anew_is_not_invalid(qtbot: QtBot, document: SchemaDocument, grids: SchemaGrids) -> None:
    assert grids.indexes is not None
    go(grids.indexes, 2)
    grids.indexes.duplicate()
    assert index(document, "messages_body_idx_copy").extra == ()
    enter(qtbot, grids.indexes, 2, IndexColumn.KEYS, "mood")
    assert index(document, "messages_body_idx").extra == ()
