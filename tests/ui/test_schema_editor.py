"""The schema editor as a whole: entity list, finding, what is pending, notices, and the tab around it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from PySide6.QtCore import QModelIndex, Qt
from PySide6.QtWidgets import QLineEdit
from pytestqt.qtbot import QtBot

from app.core.connection import Environment, Platform
from app.core.errors import Unreachable
from app.core.refs import AppRef
from app.platforms.contract import Capability
from app.schema.compare import Plan
from app.schema.draft import Draft
from app.schema.model import Attribute, Entity, Link, LinkEnd, Schema
from app.schema.operations import AddAttribute, AddEntity, DropAttribute
from app.schema.types import BooleanType, DateType, StringType
from app.services.catalog import SchemaSnapshot
from app.ui.editor.entity_list import EntityList
from app.ui.editor.pending_bar import risk_words
from app.ui.editor.schema_editor import SchemaEditor
from app.ui.schema.schema_document import SchemaDocument
from app.ui.schema.schema_find import find
from app.ui.work.runner import Runner
from tests.ui.content_fakes import ANA, LOCAL, apps, runner, services

__all__ = ["runner", "services"]

REF = AppRef("local", ANA)
SCHEMA = Schema(
    entities=(
        Entity("todos", (Attribute("title", StringType(), is_required=True), Attribute("done", BooleanType()))),
        Entity("chats", (Attribute("name", StringType()),)),
        Entity("$users", (Attribute("email", StringType(), is_system=True),), is_system=True),
    ),
    links=(Link("todosOwner", LinkEnd("todos", "owner", "one"), LinkEnd("$users", "todos", "many")),),
)


@pytest.fixture
def document(runner: Runner, services: Any) -> SchemaDocument:
    services.workshop.schema_of = lambda ref: SCHEMA
    return SchemaDocument(runner, LOCAL, ANA, "Ana’s workspace", runner)


@pytest.fixture
def editor(qtbot: QtBot, runner: Runner, services: Any, document: SchemaDocument) -> Iterator[SchemaEditor]:
    made = SchemaEditor(runner, document, LOCAL, apps()[1])
    # These tests are about the left and the middle.
    made.side.fill = lambda: None  # type: ignore[method-assign]
    made.take(services.workshop.opened(REF))
    made.resize(1000, 640)
    made.show()
    qtbot.waitExposed(made)
    qtbot.waitUntil(lambda: document.is_reviewed)
    yield made
    made.close()
    made.deleteLater()


def shown(entities: EntityList) -> list[str]:
    return [f"{row.mark} {row.name}".strip() for row in entities.model.rows]


def line(entities: EntityList) -> QLineEdit:
    found = [each for each in entities.view.viewport().findChildren(QLineEdit) if each.isVisibleTo(entities)]
    assert len(found) == 1
    return found[0]


def type_name(qtbot: QtBot, entities: EntityList, name: str) -> None:
    editor = line(entities)
    editor.selectAll()
    qtbot.keyClicks(editor, name)
    qtbot.keyClick(editor, Qt.Key.Key_Return)


# The entity list


def test_entity_list_shows_system_entities_apart(editor: SchemaEditor) -> None:
    assert shown(editor.entities) == ["chats", "todos", "SYSTEM", "$users"]
    assert [row.side for row in editor.entities.model.rows] == ["1", "2", "", "1"]
    heading = editor.entities.model.index(2)
    assert editor.entities.model.flags(heading) == Qt.ItemFlag.NoItemFlags


def test_entity_list_without_own_entities_says_how_to_begin(editor: SchemaEditor, document: SchemaDocument) -> None:
    assert not editor.entities.empty.isVisibleTo(editor)
    live = Schema(SCHEMA.entities[2:], ())
    document.take_live(SchemaSnapshot(live, 0.0, live.fingerprint()))
    assert editor.entities.empty.text() == "No entities of your own yet. + or Insert adds the first."
    assert editor.entities.empty.isVisibleTo(editor)


def test_entity_list_choosing_an_entity_shows_it(editor: SchemaEditor, document: SchemaDocument, qtbot: QtBot) -> None:
    assert document.selected_entity == "chats"
    qtbot.keyClick(editor.entities.view, Qt.Key.Key_Down)
    assert document.selected_entity == "todos"
    assert editor.grids.title.text() == "todos"
    qtbot.keyClick(editor.entities.view, Qt.Key.Key_Down)
    assert document.selected_entity == "$users"


def test_entity_list_insert_adds_and_names_in_one_step(
    editor: SchemaEditor, document: SchemaDocument, qtbot: QtBot
) -> None:
    qtbot.keyClick(editor.entities.view, Qt.Key.Key_Insert)
    type_name(qtbot, editor.entities, "tags")
    assert shown(editor.entities) == ["chats", "new tags", "todos", "SYSTEM", "$users"]
    assert document.selected_entity == "tags"
    assert document.undo_stack.count() == 1
    assert document.undo_stack.undoText() == "Add the entity tags"
    document.undo_stack.undo()
    assert shown(editor.entities) == ["chats", "todos", "SYSTEM", "$users"]


def test_entity_list_name_being_typed_stays_when_the_review_comes(
    editor: SchemaEditor, document: SchemaDocument, qtbot: QtBot
) -> None:
    editor.entities.add()
    qtbot.waitUntil(lambda: editor.entities.model.rows[1].has_problem)
    assert line(editor.entities).selectedText() == "entity"
    qtbot.keyClicks(line(editor.entities), "tags")
    document.review_changed.emit()
    index = editor.entities.view.currentIndex()
    editor.entities.model.dataChanged.emit(index, index)
    assert line(editor.entities).text() == "tags"


def test_entity_list_escape_takes_a_new_entity_back(
    editor: SchemaEditor, document: SchemaDocument, qtbot: QtBot
) -> None:
    qtbot.mouseClick(editor.entities.add_button, Qt.MouseButton.LeftButton)
    qtbot.keyClick(line(editor.entities), Qt.Key.Key_Escape)
    assert shown(editor.entities) == ["chats", "todos", "SYSTEM", "$users"]
    assert not document.draft.is_changed


def test_entity_list_f2_renames_and_keeps_it_selected(
    editor: SchemaEditor, document: SchemaDocument, qtbot: QtBot
) -> None:
    document.select("todos")
    qtbot.keyClick(editor.entities.view, Qt.Key.Key_F2)
    type_name(qtbot, editor.entities, "tasks")
    assert document.selected_entity == "tasks"
    assert "renamed tasks" in shown(editor.entities)
    assert document.undo_stack.undoText() == "Rename todos to tasks"
    assert editor.grids.mark.text() == "renamed was todos"


def test_entity_list_keys_of_the_list_do_nothing_while_a_name_is_typed(
    editor: SchemaEditor, document: SchemaDocument, qtbot: QtBot
) -> None:
    editor.entities.add()
    count = len(document.draft.wanted.entities)
    for key in (Qt.Key.Key_F2, Qt.Key.Key_Insert):
        qtbot.keyClick(line(editor.entities), key)
    assert len(document.draft.wanted.entities) == count
    assert line(editor.entities).isVisible()


def test_entity_list_taken_name_keeps_the_editor_open(
    editor: SchemaEditor, document: SchemaDocument, qtbot: QtBot
) -> None:
    document.select("todos")
    qtbot.keyClick(editor.entities.view, Qt.Key.Key_F2)
    type_name(qtbot, editor.entities, "chats")
    assert line(editor.entities).property("invalid") == "true"
    assert document.undo_stack.count() == 0


def test_entity_list_delete_removes_and_restores(editor: SchemaEditor, document: SchemaDocument, qtbot: QtBot) -> None:
    document.select("todos")
    qtbot.keyClick(editor.entities.view, Qt.Key.Key_Delete)
    assert "removed todos" in shown(editor.entities)
    document.select("todos")
    assert document.selected_entity == "todos"
    qtbot.keyClick(editor.entities.view, Qt.Key.Key_Delete)
    assert "todos" in shown(editor.entities)
    assert not document.draft.is_changed


def test_entity_list_duplicates(editor: SchemaEditor, document: SchemaDocument, qtbot: QtBot) -> None:
    document.select("todos")
    qtbot.keyClick(editor.entities.view, Qt.Key.Key_D, Qt.KeyboardModifier.ControlModifier)
    assert document.selected_entity == "todos_copy"
    copy = document.draft.wanted.entity("todos_copy")
    assert copy is not None
    assert [each.name for each in copy.attributes] == ["title", "done"]


def test_entity_list_system_entity_says_why_it_stays(
    editor: SchemaEditor, document: SchemaDocument, qtbot: QtBot
) -> None:
    document.select("$users")
    with qtbot.waitSignal(document.refused) as told:
        qtbot.keyClick(editor.entities.view, Qt.Key.Key_Delete)
    assert told.args is not None
    assert "comes with the platform" in told.args[0]
    assert editor.pending.refusal.isVisibleTo(editor)
    assert not document.draft.is_changed


def test_entity_list_marks_entities_with_problems(editor: SchemaEditor, document: SchemaDocument, qtbot: QtBot) -> None:
    document.edit("Add", lambda draft: draft.add_attribute("todos", Attribute("my note", StringType())))
    qtbot.waitUntil(lambda: any(row.has_problem for row in editor.entities.model.rows))
    assert [row.name for row in editor.entities.model.rows if row.has_problem] == ["todos"]


def test_entity_list_enter_goes_on_to_the_grid(editor: SchemaEditor, qtbot: QtBot) -> None:
    editor.entities.view.setFocus()
    qtbot.keyClick(editor.entities.view, Qt.Key.Key_Return)
    assert editor.grids.attributes.hasFocus()
    assert editor.grids.attributes.currentIndex().row() == 0


# Finding


def test_find_ranks_same_names_first_and_entities_before_their_parts() -> None:
    places = [each.text for each in find(SCHEMA, "todos")]
    assert places[0] == "todos"
    assert "$users.todos" in places
    assert [each.text for each in find(SCHEMA, "done")] == ["todos.done"]


def test_find_needs_all_words() -> None:
    assert [each.text for each in find(SCHEMA, "todos boolean")] == ["todos.done"]
    assert find(SCHEMA, "  ") == ()


def test_find_field_jumps_to_an_attribute(editor: SchemaEditor, document: SchemaDocument, qtbot: QtBot) -> None:
    editor.find_in_schema()
    qtbot.keyClicks(editor.entities.field, "don")
    qtbot.waitUntil(lambda: len(editor.entities.found.rows) == 1)
    qtbot.keyClick(editor.entities.field, Qt.Key.Key_Return)
    assert document.selected_entity == "todos"
    assert editor.grids.attributes.currentIndex().row() == 1
    assert editor.entities.field.text() == ""
    assert editor.entities.view.isVisibleTo(editor)


def test_find_field_jumps_as_soon_as_the_answer_is_there_where_enter_came_first(
    editor: SchemaEditor, document: SchemaDocument, qtbot: QtBot
) -> None:
    editor.find_in_schema()
    qtbot.keyClicks(editor.entities.field, "don")
    qtbot.keyClick(editor.entities.field, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: document.selected_entity == "todos" and editor.entities.field.text() == "")
    assert editor.grids.attributes.currentIndex().row() == 1


def test_find_field_arrow_keys_choose_among_the_found(
    editor: SchemaEditor, document: SchemaDocument, qtbot: QtBot
) -> None:
    qtbot.keyClicks(editor.entities.field, "o")
    qtbot.waitUntil(lambda: len(editor.entities.found.rows) > 2)
    qtbot.keyClick(editor.entities.field, Qt.Key.Key_Down)
    assert editor.entities.results.currentIndex().row() == 1
    qtbot.keyClick(editor.entities.field, Qt.Key.Key_Escape)
    assert editor.entities.field.text() == ""


def test_find_field_says_when_there_is_nothing(editor: SchemaEditor, qtbot: QtBot) -> None:
    qtbot.keyClicks(editor.entities.field, "zzz")
    qtbot.waitUntil(lambda: editor.entities.empty.isVisibleTo(editor))
    assert "zzz" in editor.entities.empty.text()


# What is pending


def test_pending_bar_is_hidden_while_nothing_is_staged(editor: SchemaEditor) -> None:
    assert not editor.pending.bar.isVisibleTo(editor)


def test_pending_bar_counts_changes_and_says_the_risks(
    editor: SchemaEditor, document: SchemaDocument, qtbot: QtBot
) -> None:
    document.edit("Type", lambda draft: draft.change_attribute("todos", "title", type=DateType()))
    document.edit("Remove", lambda draft: draft.drop_attribute("todos", "done"))
    document.edit("Add", lambda draft: draft.add_entity("tags"))
    qtbot.waitUntil(lambda: editor.pending.count.text() == "3 pending changes")
    assert "1 destroys data (restorable for 2 days)" in editor.pending.details.text()
    assert editor.pending.mark.isVisibleTo(editor)


def test_risk_words_count_each_risk_and_call_the_rest_safe() -> None:
    safe = Plan((AddEntity(Entity("tags")), AddAttribute("todos", Attribute("note", StringType()))))
    assert risk_words(safe, LOCAL) == "all safe"
    drops = tuple(DropAttribute("todos", Attribute(name, StringType())) for name in ("a", "b"))
    assert risk_words(Plan(drops), LOCAL) == "2 destroy data (restorable for 2 days)"
    assert risk_words(Plan(drops), replace(LOCAL, platform=Platform.POSTGRES)) == "2 destroy data"


def test_pending_bar_discards_and_undo_brings_back(
    editor: SchemaEditor, document: SchemaDocument, qtbot: QtBot
) -> None:
    document.edit("Remove", lambda draft: draft.drop_attribute("todos", "done"))
    qtbot.mouseClick(editor.pending.discard_button, Qt.MouseButton.LeftButton)
    assert not document.draft.is_changed
    assert editor.pending.count.text() == "No pending changes"
    qtbot.mouseClick(editor.pending.undo_button, Qt.MouseButton.LeftButton)
    assert document.draft.is_changed


def test_pending_bar_lists_problems_and_goes_there(
    editor: SchemaEditor, document: SchemaDocument, qtbot: QtBot
) -> None:
    document.edit("Add", lambda draft: draft.add_attribute("todos", Attribute("my note", StringType())))
    document.select("chats")
    qtbot.waitUntil(lambda: editor.pending.problem_button.isVisibleTo(editor))
    assert editor.pending.problem_button.text() == "1 problem"
    qtbot.mouseClick(editor.pending.problem_button, Qt.MouseButton.LeftButton)
    assert editor.pending.problems.isVisibleTo(editor)
    editor.pending.problems.setCurrentRow(0)
    editor.pending.problems.itemActivated.emit(editor.pending.problems.item(0))
    assert document.selected_entity == "todos"
    row = editor.grids.attributes.currentIndex().row()
    assert editor.grids.attributes.grid.cell(row, 0).text == "my note"


def _looks_like_a_rename(document: SchemaDocument) -> None:
    document.edit("Remove", lambda draft: draft.drop_attribute("todos", "title"))
    added = Attribute("titles", StringType(), is_required=True)
    document.edit("Add", lambda draft: draft.add_attribute("todos", added))


def test_pending_bar_offers_a_rename_and_takes_yes(
    editor: SchemaEditor, document: SchemaDocument, qtbot: QtBot
) -> None:
    _looks_like_a_rename(document)
    strip = editor.pending.suggestion
    qtbot.waitUntil(lambda: strip.isVisibleTo(editor))
    assert "title" in strip.question.text()
    assert strip.question.text() == "Was todos.title renamed to titles?"
    qtbot.mouseClick(strip.rename_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: not strip.isVisibleTo(editor))
    assert document.draft.renames.attributes == (("todos", "title", "titles"),)


def test_pending_bar_offers_a_rename_and_takes_no(editor: SchemaEditor, document: SchemaDocument, qtbot: QtBot) -> None:
    _looks_like_a_rename(document)
    strip = editor.pending.suggestion
    qtbot.waitUntil(lambda: strip.isVisibleTo(editor))
    qtbot.mouseClick(strip.no_button, Qt.MouseButton.LeftButton)
    assert not strip.isVisibleTo(editor)
    assert document.draft.renames.attributes == ()


def test_pending_bar_says_why_nothing_can_be_edited(editor: SchemaEditor, document: SchemaDocument) -> None:
    assert not editor.pending.lock.isVisibleTo(editor)
    editor.set_connection(replace(LOCAL, is_read_only=True))
    assert editor.pending.lock.isVisibleTo(editor)
    assert "read-only" in editor.pending.lock.label.text()
    assert not editor.grids.attribute_button.isEnabled()
    assert not editor.entities.add_button.isEnabled()


# Notices


def test_editor_says_that_staged_edits_were_restored(
    runner: Runner, services: Any, document: SchemaDocument, qtbot: QtBot
) -> None:
    services.workshop.kept = Draft(SCHEMA, SCHEMA).drop_attribute("todos", "done").add_entity("tags")
    made = SchemaEditor(runner, document, LOCAL, apps()[1])
    qtbot.addWidget(made)
    made.take(services.workshop.opened(REF))
    qtbot.waitUntil(lambda: made.notices.text("restored") == "2 staged edits restored")


def test_editor_says_that_the_live_schema_changed_meanwhile(editor: SchemaEditor, document: SchemaDocument) -> None:
    document.edit("Remove", lambda draft: draft.drop_attribute("todos", "done"))
    live = Schema((*SCHEMA.entities, Entity("notes", ())), SCHEMA.links)
    document.take_live(SchemaSnapshot(live, 1_700_000_100.0, live.fingerprint()))
    assert editor.notices.text("old").startswith("The live schema changed")
    document.take_live(SchemaSnapshot(SCHEMA, 1_700_000_200.0, SCHEMA.fingerprint()))
    assert editor.notices.text("old") == ""


def test_editor_says_that_the_platform_does_not_answer(
    editor: SchemaEditor, services: Any, document: SchemaDocument
) -> None:
    services.workshop.offline = Unreachable("Instant · local does not answer.")
    editor.take(services.workshop.opened(REF))
    assert "Instant · local does not answer." in editor.notices.text("offline")
    services.workshop.offline = None
    editor.take(services.workshop.opened(REF))
    assert editor.notices.text("offline") == ""


def test_editor_saves_when_it_is_hidden(
    editor: SchemaEditor, services: Any, document: SchemaDocument, qtbot: QtBot
) -> None:
    document.edit("Remove", lambda draft: draft.drop_attribute("todos", "done"))
    editor.hide()
    qtbot.waitUntil(lambda: services.workshop.saved == [(REF, document.draft)])


# Its parts


def test_editor_side_is_hidden_and_shown(editor: SchemaEditor) -> None:
    editor.splitter.setSizes([200, 500, 300])
    editor.toggle_side()
    assert editor.splitter.sizes()[2] == 0
    editor.toggle_side()
    assert editor.splitter.sizes()[2] > 0


def test_editor_layout_is_kept(editor: SchemaEditor, runner: Runner, document: SchemaDocument, qtbot: QtBot) -> None:
    assert editor.layout_state().isEmpty()
    editor.splitter.setSizes([180, 520, 300])
    editor.toggle_side()
    state = editor.layout_state()
    other = SchemaEditor(runner, document, LOCAL, apps()[1])
    qtbot.addWidget(other)
    other.side.fill = lambda: None  # type: ignore[method-assign]
    other.restore_layout(state)
    other.resize(1000, 640)
    other.show()
    assert other.splitter.sizes()[2] == 0


def test_editor_review_opens_the_plan(
    editor: SchemaEditor, document: SchemaDocument, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    from app.ui.plans import plan_dialog

    opened: list[tuple[Any, ...]] = []

    class Dialog:
        def __init__(self, *parts: Any) -> None:
            opened.append(parts)
            self.pushed, self.copied = _Signal(), _Signal()

        def open(self) -> None:
            opened.append(("open",))

    monkeypatch.setattr(plan_dialog, "PlanDialog", Dialog)
    editor.review()
    assert opened == []
    document.edit("Remove", lambda draft: draft.drop_attribute("todos", "done"))
    qtbot.mouseClick(editor.pending.review_button, Qt.MouseButton.LeftButton)
    assert opened[0][1] is document
    assert opened[1] == ("open",)


class _Signal:
    def connect(self, _slot: Any) -> None:
        pass


def test_editor_in_production_knows_it(runner: Runner, services: Any) -> None:
    made = SchemaDocument(runner, replace(LOCAL, environment=Environment.PRODUCTION), ANA, "Ana", runner)
    assert made.environment is Environment.PRODUCTION


def test_editor_without_capability_cannot_be_edited_by_keys(
    editor: SchemaEditor, services: Any, document: SchemaDocument, qtbot: QtBot
) -> None:
    services.workshop.push = Capability(False, "This token may not change schemas.")
    document.open(services.workshop.opened(REF))
    document.select("todos")
    grid = editor.grids.attributes
    grid.setFocus()
    grid.show_rows([0])
    index: QModelIndex = grid.currentIndex()
    assert not grid.grid.flags(index) & Qt.ItemFlag.ItemIsEditable
    qtbot.keyClick(grid, Qt.Key.Key_Delete)
    assert not document.draft.is_changed
    assert "This token may not change schemas." in editor.pending.lock.label.text()


def test_editor_staging_over_staged_edits_says_so_and_brings_them_back(
    editor: SchemaEditor, document: SchemaDocument, qtbot: QtBot
) -> None:
    document.edit("Add", lambda draft: draft.add_entity("tags"))
    mine = document.draft
    editor.stage(Draft(SCHEMA, SCHEMA).drop_attribute("todos", "done"))
    assert document.draft.wanted.entity("tags") is None
    assert editor.notices.text("replaced") == "These edits took the place of what was staged before."
    editor.notices.acted.emit("replaced")
    assert document.draft is mine
    assert editor.notices.text("replaced") == ""


def test_editor_staging_over_nothing_has_nothing_to_say(editor: SchemaEditor, document: SchemaDocument) -> None:
    editor.stage(Draft(SCHEMA, SCHEMA).drop_attribute("todos", "done"))
    assert document.is_changed
    assert editor.notices.text("replaced") == ""


def test_editor_tells_of_restored_edits_until_the_next_step(
    runner: Runner, services: Any, document: SchemaDocument, qtbot: QtBot
) -> None:
    services.workshop.kept = Draft(SCHEMA, SCHEMA).add_entity("tags")
    made = SchemaEditor(runner, document, LOCAL, apps()[1])
    qtbot.addWidget(made)
    made.take(services.workshop.opened(REF))
    qtbot.waitUntil(lambda: bool(made.notices.text("restored")))
    document.discard()
    assert made.notices.text("restored") == ""
