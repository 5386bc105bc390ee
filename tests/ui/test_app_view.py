"""The tab of one app."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from pytestqt.qtbot import QtBot

from app.core.changes import Changes
from app.core.errors import Unreachable
from app.core.refs import AppRef
from app.schema.draft import Draft
from app.schema.model import Entity, Schema
from app.ui.editor.schema_editor import SchemaEditor, SideTabs
from app.ui.window.app_view import AppView
from app.ui.work.runner import Runner
from tests.ui.content_fakes import ANA, LOCAL, SCHEMA, apps, runner, services

__all__ = ["runner", "services"]

REF = AppRef("local", ANA)


@pytest.fixture
def view(qtbot: QtBot, runner: Runner, monkeypatch: pytest.MonkeyPatch) -> Iterator[AppView]:
    # Diagram and text have tests of their own.
    monkeypatch.setattr(SideTabs, "fill", lambda self: None)
    made = AppView(runner, LOCAL, apps()[1])
    made.resize(900, 500)
    yield made
    made.close()
    made.deleteLater()


def opened(view: AppView, qtbot: QtBot) -> SchemaEditor:
    view.show()
    qtbot.waitUntil(lambda: view.editor is not None)
    assert view.editor is not None
    return view.editor


def test_app_view_reads_the_schema_when_it_is_first_shown(view: AppView, qtbot: QtBot, services: Any) -> None:
    assert services.workshop.asked == []
    editor = opened(view, qtbot)
    assert services.workshop.asked == [(REF, False)]
    assert [row.name for row in editor.entities.model.rows] == ["todos", "SYSTEM", "$users"]
    assert editor.grids.title.text() == "todos"
    assert view.read_label.text().startswith("Read ")


def test_app_view_failure_says_why_and_tries_again(view: AppView, qtbot: QtBot, services: Any) -> None:
    services.workshop.error = Unreachable("Instant · local does not answer.")
    view.show()
    qtbot.waitUntil(lambda: view.empty.title.text() == "The schema could not be read")
    assert view.empty.sentence.text().startswith("Instant · local does not answer.")
    services.workshop.error = None
    qtbot.mouseClick(view.empty.button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: view.editor is not None)


def test_app_view_reading_again_keeps_what_is_staged(view: AppView, qtbot: QtBot, services: Any) -> None:
    document = opened(view, qtbot).document
    document.edit("Rename", lambda draft: draft.rename_attribute("todos", "title", "headline"))
    mine = document.draft
    services.workshop.schema_of = lambda ref: Schema((*SCHEMA.entities, Entity("notes", ())), SCHEMA.links)
    qtbot.mouseClick(view.reload_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: document.is_base_old)
    assert services.workshop.asked[-1] == (REF, True)
    assert document.draft is mine


def _known(services: Any, *, draft: Draft | None = None) -> Any:
    """Something older than what the platform says, which is held back by the gate."""
    services.workshop.kept = draft
    services.workshop.last_known = replace(services.workshop.opened(REF), is_last_known=True)
    services.workshop.kept = None
    services.workshop.answer_gate = asyncio.Event()
    return services.workshop.last_known


def _answer(view: AppView, qtbot: QtBot, services: Any) -> None:
    qtbot.waitUntil(lambda: bool(services.workshop.asked))
    services.workshop.loop.call_soon_threadsafe(services.workshop.answer_gate.set)
    qtbot.waitUntil(lambda: view.read_label.text().startswith("Read "))


def test_app_view_shows_what_was_last_known_at_once_with_its_age(view: AppView, qtbot: QtBot, services: Any) -> None:
    _known(services)
    live = Schema((*SCHEMA.entities, Entity("notes", ())), SCHEMA.links)
    services.workshop.schema_of = lambda ref: live
    document = opened(view, qtbot).document
    assert document.draft.base == SCHEMA
    assert view.read_label.text().startswith("As read ")
    assert view.read_label.text().endswith(" days ago · reading again…")
    _answer(view, qtbot, services)
    assert document.draft.base == live


def test_app_view_edits_made_before_the_answer_stay(view: AppView, qtbot: QtBot, services: Any) -> None:
    _known(services)
    services.workshop.schema_of = lambda ref: Schema((*SCHEMA.entities, Entity("notes", ())), SCHEMA.links)
    document = opened(view, qtbot).document
    document.edit("Rename", lambda draft: draft.rename_attribute("todos", "title", "headline"))
    mine = document.draft
    _answer(view, qtbot, services)
    assert document.draft is mine
    assert document.is_base_old


def test_app_view_staged_edits_that_took_effect_meanwhile_are_gone(view: AppView, qtbot: QtBot, services: Any) -> None:
    _known(services, draft=Draft(SCHEMA, SCHEMA).rename_attribute("todos", "title", "headline"))
    document = opened(view, qtbot).document
    assert document.is_changed
    _answer(view, qtbot, services)
    assert not document.is_changed


def test_app_view_what_is_staged_from_elsewhere_waits_for_the_answer(
    view: AppView, qtbot: QtBot, services: Any
) -> None:
    _known(services)
    document = opened(view, qtbot).document
    wanted = Draft(SCHEMA, SCHEMA).rename_attribute("todos", "title", "headline")
    view.stage(wanted)
    assert not document.is_changed
    _answer(view, qtbot, services)
    assert document.draft == wanted


def test_app_view_says_why_there_is_nothing_newer(view: AppView, qtbot: QtBot, services: Any) -> None:
    _known(services)
    services.workshop.answer_gate = None
    services.workshop.error = Unreachable("Instant · local does not answer.")
    editor = opened(view, qtbot)
    qtbot.waitUntil(lambda: "does not answer" in editor.notices.text("offline"))
    assert view.read_label.text().startswith("As read ")
    assert "again" not in view.read_label.text()


def test_app_view_follows_changes_of_its_schema(view: AppView, qtbot: QtBot, services: Any) -> None:
    document = opened(view, qtbot).document
    live = Schema((*SCHEMA.entities, Entity("notes", ())), SCHEMA.links)
    services.workshop.schema_of = lambda ref: live
    services.hub.publish(Changes(schemas=frozenset({REF})))
    qtbot.waitUntil(lambda: document.draft.base == live)


def test_app_view_says_what_is_pending(view: AppView, qtbot: QtBot) -> None:
    document = opened(view, qtbot).document
    assert view.pending == ""
    with qtbot.waitSignal(view.pending_changed):
        document.edit("Rename", lambda draft: draft.rename_attribute("todos", "title", "headline"))
    qtbot.waitUntil(lambda: view.pending == "1 pending change")


def test_app_view_opens_staged_edits_of_before(view: AppView, qtbot: QtBot, services: Any) -> None:
    services.workshop.kept = Draft(SCHEMA, SCHEMA).rename_attribute("todos", "title", "headline")
    editor = opened(view, qtbot)
    qtbot.waitUntil(lambda: editor.notices.text("restored") == "1 staged edit restored")
    assert editor.document.draft == services.workshop.kept


def test_app_view_flush_saves_what_is_staged(view: AppView, qtbot: QtBot, services: Any) -> None:
    document = opened(view, qtbot).document
    document.edit("Rename", lambda draft: draft.rename_attribute("todos", "title", "headline"))
    view.flush()
    qtbot.waitUntil(lambda: services.workshop.saved == [(REF, document.draft)])


def test_app_view_connection_that_becomes_read_only_locks_the_editor(view: AppView, qtbot: QtBot) -> None:
    editor = opened(view, qtbot)
    view.set_connection(replace(LOCAL, is_read_only=True))
    assert editor.document.is_read_only


def test_app_view_copies_the_app_id(view: AppView, qtbot: QtBot) -> None:
    view.show()
    with qtbot.waitSignal(view.copied):
        qtbot.mouseClick(view.copy_button, Qt.MouseButton.LeftButton)
    assert QGuiApplication.clipboard().text() == ANA
    assert view.copy_button.text() == "✓ Copied"


def test_app_view_says_owner_kind_and_state(view: AppView) -> None:
    view.set_app(apps()[2])
    assert view.about.text() == "gil@example.com · tenant · drift: 2 attributes"


@pytest.mark.parametrize("is_behind", [False, True])
def test_app_view_part_that_is_gone_to_has_the_keyboard(view: AppView, qtbot: QtBot, *, is_behind: bool) -> None:
    editor = opened(view, qtbot)
    view.activateWindow()
    if is_behind:
        view.show_agents()
    editor.document.select("todos", "done")
    grid = editor.grids.attributes
    qtbot.waitUntil(grid.hasFocus)
    assert grid.grid.row(grid.currentIndex().row()).attribute.name == "done"
