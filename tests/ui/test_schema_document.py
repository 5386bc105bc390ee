"""The document that holds a draft: undo steps, what is saved and when, what is told of the plan."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from PySide6.QtCore import QObject
from pytestqt.qtbot import QtBot

from app.core.errors import Unreachable
from app.core.refs import AppRef
from app.platforms.contract import Capability
from app.schema.draft import Draft
from app.schema.model import Attribute, Entity, Schema
from app.schema.types import StringType
from app.services.catalog import SchemaSnapshot
from app.ui.schema.schema_document import SchemaDocument
from app.ui.work.draft_keeper import draft_keeper
from app.ui.work.runner import Runner
from tests.ui.content_fakes import ANA, LOCAL, SCHEMA, runner, services

__all__ = ["runner", "services"]

REF = AppRef("local", ANA)


def rename(old: str, new: str) -> Callable[[Draft], Draft]:
    return lambda draft: draft.rename_attribute("todos", old, new)


def names(document: SchemaDocument, entity: str = "todos") -> list[str]:
    found = document.draft.wanted.entity(entity)
    assert found is not None
    return [each.name for each in found.attributes]


@pytest.fixture
def document(runner: Runner, services: Any) -> SchemaDocument:
    made = SchemaDocument(runner, LOCAL, ANA, "Ana’s workspace", runner)
    made.open(services.workshop.opened(REF))
    return made


def snapshot(schema: Schema) -> SchemaSnapshot:
    return SchemaSnapshot(schema, 1_700_000_100.0, schema.fingerprint())


def test_schema_document_edit_is_one_named_undo_step(document: SchemaDocument) -> None:
    assert document.edit("Rename todos.title to headline", rename("title", "headline"))
    assert sorted(names(document)) == ["done", "headline"]
    assert document.undo_stack.undoText() == "Rename todos.title to headline"
    document.undo_stack.undo()
    assert sorted(names(document)) == ["done", "title"]
    assert not document.draft.is_changed
    document.undo_stack.redo()
    assert sorted(names(document)) == ["done", "headline"]


def test_schema_document_edits_with_one_key_are_one_step(document: SchemaDocument) -> None:
    document.edit("Rename todos.title to a", rename("title", "a"), key="typing")
    document.edit("Rename todos.title to ab", rename("a", "ab"), key="typing")
    assert document.undo_stack.count() == 1
    assert document.undo_stack.undoText() == "Rename todos.title to ab"
    document.undo_stack.undo()
    assert "title" in names(document)


def test_schema_document_edit_that_changes_nothing_is_no_step(document: SchemaDocument) -> None:
    assert document.edit("Nothing", lambda draft: draft)
    assert document.undo_stack.count() == 0


def test_schema_document_refused_edit_says_why_and_changes_nothing(document: SchemaDocument, qtbot: QtBot) -> None:
    with qtbot.waitSignal(document.refused) as told:
        assert not document.edit("Rename", rename("title", "done"), place="todos.title")
    assert told.args is not None
    assert "done" in told.args[0]
    assert told.args[1] == "todos.title"
    assert not document.draft.is_changed
    assert document.undo_stack.count() == 0


def test_schema_document_read_only_connection_refuses_with_its_reason(
    runner: Runner, services: Any, qtbot: QtBot
) -> None:
    made = SchemaDocument(runner, replace(LOCAL, is_read_only=True), ANA, "Ana", runner)
    made.open(services.workshop.opened(REF))
    assert made.is_read_only
    with qtbot.waitSignal(made.refused) as told:
        assert not made.edit("Rename", rename("title", "headline"))
    assert told.args is not None
    assert "read-only" in told.args[0]


def test_schema_document_without_push_capability_is_locked(runner: Runner, services: Any) -> None:
    services.workshop.push = Capability(False, "This token may not change schemas.")
    made = SchemaDocument(runner, LOCAL, ANA, "Ana", runner)
    made.open(services.workshop.opened(REF))
    assert made.lock_reason == "This token may not change schemas."


def test_schema_document_discard_can_be_undone(document: SchemaDocument) -> None:
    document.edit("Rename", rename("title", "headline"))
    assert document.discard()
    assert not document.draft.is_changed
    document.undo_stack.undo()
    assert "headline" in names(document)


def test_schema_document_saves_the_last_of_many_edits(document: SchemaDocument, services: Any, qtbot: QtBot) -> None:
    for at in range(5):
        document.edit("Rename", rename("title" if at == 0 else f"n{at - 1}", f"n{at}"))
    qtbot.waitUntil(lambda: bool(services.workshop.saved))
    assert services.workshop.saved == [(REF, document.draft)]


def test_schema_document_undone_to_the_base_forgets_the_kept_draft(
    document: SchemaDocument, services: Any, qtbot: QtBot
) -> None:
    document.edit("Rename", rename("title", "headline"))
    document.flush()
    document.undo_stack.undo()
    document.flush()
    qtbot.waitUntil(lambda: len(services.workshop.saved) == 2)
    assert services.workshop.saved[-1] == (REF, None)


def test_schema_document_flush_saves_at_once_and_outlives_the_document(
    runner: Runner, services: Any, qtbot: QtBot
) -> None:
    owner = QObject()
    made = SchemaDocument(runner, LOCAL, ANA, "Ana", owner)
    made.open(services.workshop.opened(REF))
    made.edit("Rename", rename("title", "headline"))
    draft = made.draft
    made.flush()
    owner.deleteLater()
    qtbot.waitUntil(lambda: services.workshop.saved == [(REF, draft)])


def test_schema_document_flush_without_edits_saves_nothing(document: SchemaDocument, services: Any) -> None:
    document.flush()
    assert draft_keeper(document.parent()).is_idle  # type: ignore[arg-type]
    assert services.workshop.saved == []


def test_draft_keeper_saves_the_newest_last_while_the_database_is_slow(
    document: SchemaDocument, runner: Runner, services: Any, qtbot: QtBot
) -> None:
    gate = services.workshop.gate = asyncio.Event()
    keeper = draft_keeper(runner)
    drafts = []
    for at in range(4):
        document.edit("Rename", rename("title" if at == 0 else f"n{at - 1}", f"n{at}"))
        drafts.append(document.draft)
        document.flush()

    async def let_through(_services: Any) -> None:
        gate.set()

    runner.engine.submit(let_through)
    qtbot.waitUntil(lambda: keeper.is_idle)
    # The first was on its way; those in between were overtaken by the last.
    assert services.workshop.saved == [(REF, drafts[0]), (REF, drafts[-1])]


def test_draft_keeper_tells_when_a_draft_cannot_be_saved(
    document: SchemaDocument, runner: Runner, services: Any, qtbot: QtBot
) -> None:
    services.workshop.save_error = Unreachable("The local database does not answer.")
    document.edit("Rename", rename("title", "headline"))
    with qtbot.waitSignal(runner.known_error) as told:
        document.flush()
    assert told.args is not None
    assert told.args[0].sentence == "The local database does not answer."


def test_draft_keeper_at_the_end_hands_out_what_must_be_waited_for(
    document: SchemaDocument, runner: Runner, services: Any
) -> None:
    document.edit("Rename", rename("title", "headline"))
    document.flush()
    document.edit("Rename", rename("headline", "subject"))
    document.flush()
    for each in draft_keeper(runner).close():
        each.result(5)
    assert services.workshop.saved[-1] == (REF, document.draft)


def test_schema_document_opens_the_kept_draft(runner: Runner, services: Any) -> None:
    kept = Draft(SCHEMA, SCHEMA).rename_attribute("todos", "title", "headline")
    services.workshop.kept, services.workshop.kept_at = kept, 1_700_000_000.0
    made = SchemaDocument(runner, LOCAL, ANA, "Ana", runner)
    made.open(services.workshop.opened(REF))
    assert made.draft == kept
    assert made.restored_at == 1_700_000_000.0
    assert not made.is_base_old
    assert made.undo_stack.count() == 0


def test_schema_document_shows_an_entity_with_kept_edits_first(runner: Runner, services: Any) -> None:
    services.workshop.kept = Draft(SCHEMA, SCHEMA).add_entity("visits")
    made = SchemaDocument(runner, LOCAL, ANA, "Ana", runner)
    made.open(services.workshop.opened(REF))
    assert made.selected_entity == "visits"


def test_schema_document_live_schema_read_again_replaces_an_unchanged_one(document: SchemaDocument) -> None:
    live = Schema((*SCHEMA.entities, Entity("chats", (Attribute("name", StringType()),))), SCHEMA.links)
    document.take_live(snapshot(live))
    assert document.draft.base == live
    assert not document.draft.is_changed
    assert not document.is_base_old


def test_schema_document_live_schema_read_again_leaves_staged_edits_alone(document: SchemaDocument) -> None:
    document.edit("Rename", rename("title", "headline"))
    mine = document.draft
    live = Schema((*SCHEMA.entities, Entity("chats", ())), SCHEMA.links)
    document.take_live(snapshot(live))
    assert document.draft is mine
    assert document.is_base_old
    document.take_live(snapshot(SCHEMA))
    assert not document.is_base_old


def test_schema_document_after_a_push_starts_from_the_live_schema(
    document: SchemaDocument, services: Any, qtbot: QtBot
) -> None:
    document.edit("Rename", rename("title", "headline"))
    live = document.draft.wanted
    document.take_pushed(snapshot(live), None)
    assert document.draft.base == live
    assert not document.draft.is_changed
    assert document.undo_stack.count() == 0
    qtbot.waitUntil(lambda: services.workshop.saved == [(REF, None)])


def test_schema_document_merge_is_an_undo_step(document: SchemaDocument) -> None:
    document.edit("Rename", rename("title", "headline"))
    mine = document.draft
    theirs = Schema((*SCHEMA.entities, Entity("chats", ())), SCHEMA.links)
    merged = Draft(theirs, theirs).rename_attribute("todos", "title", "headline")
    document.take_live(snapshot(theirs))
    assert document.is_base_old
    document.take_merged(merged)
    assert document.draft == merged
    assert not document.is_base_old
    document.undo_stack.undo()
    assert document.draft == mine
    assert document.is_base_old
    document.undo_stack.redo()
    assert not document.is_base_old


def test_schema_document_plan_and_problems_follow_from_the_engine(document: SchemaDocument, qtbot: QtBot) -> None:
    document.edit("Add", lambda draft: draft.add_attribute("todos", Attribute("a b", StringType())))
    assert not document.is_reviewed
    qtbot.waitUntil(lambda: document.is_reviewed)
    assert len(document.plan) == 1
    assert "todos.a b" in [each.place for each in document.problems if each.is_error]


def test_schema_document_rejected_suggestion_is_not_offered_again(document: SchemaDocument, qtbot: QtBot) -> None:
    document.edit("Remove", lambda draft: draft.drop_attribute("todos", "title"))
    added = Attribute("titel", StringType(), is_required=True)
    document.edit("Add", lambda draft: draft.add_attribute("todos", added))
    qtbot.waitUntil(lambda: bool(document.suggestions))
    document.reject(document.suggestions[0])
    assert document.suggestions == ()


def test_schema_document_undo_shows_the_entity_that_it_was_about(document: SchemaDocument, qtbot: QtBot) -> None:
    document.edit("Rename", rename("title", "headline"))
    document.select("$users")
    document.undo_stack.undo()
    assert document.selected_entity == "todos"


def test_schema_document_renamed_entity_stays_selected(document: SchemaDocument) -> None:
    document.edit("Rename", lambda draft: draft.rename_entity("todos", "tasks"), select="tasks")
    assert document.selected_entity == "tasks"
    document.undo_stack.undo()
    assert document.selected_entity == "todos"


def test_schema_document_marks_whole_entities(document: SchemaDocument) -> None:
    document.edit("Add", lambda draft: draft.add_entity("chats"))
    document.edit("Rename", lambda draft: draft.rename_entity("todos", "tasks"), select="tasks")
    marks = document.entity_marks()
    assert {name: mark.kind for name, mark in marks.items()} == {"chats": "new", "tasks": "renamed"}
    assert marks["tasks"].note == "was todos"
    document.edit("Remove", lambda draft: draft.drop_entity("tasks"))
    assert document.entity_marks()["todos"].kind == "removed"
