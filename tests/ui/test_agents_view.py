"""The agents of an app beside its schema."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from app.core.changes import Changes
from app.core.errors import Unreachable
from app.core.refs import AppRef
from app.schema.model import Attribute, Schema
from app.schema.types import StringType
from app.ui.agents.add_agent_dialog import AddAgentDialog
from app.ui.agents.agents_view import AgentsView
from app.ui.editor.schema_editor import SideTabs
from app.ui.plans.plan_dialog import PlanDialog
from app.ui.window.app_view import AppView
from app.ui.work.runner import Runner
from tests.ui.agents_fakes import FakeLibrary, library
from tests.ui.content_fakes import ANA, LOCAL, apps, runner, services
from tests.ui.workshop_fakes import nameless

__all__ = ["library", "runner", "services"]

REF = AppRef("local", ANA)


@pytest.fixture
def tab(qtbot: QtBot, runner: Runner, library: FakeLibrary, monkeypatch: pytest.MonkeyPatch) -> Iterator[AppView]:
    # Diagram and text have tests of their own.
    monkeypatch.setattr(SideTabs, "fill", lambda self: None)
    made = AppView(runner, LOCAL, apps()[1])
    made.resize(1000, 640)
    made.show()
    qtbot.waitUntil(lambda: made.editor is not None)
    yield made
    made.close()
    made.deleteLater()


@pytest.fixture
def view(tab: AppView, qtbot: QtBot) -> AgentsView:
    qtbot.mouseClick(tab.agents_button, Qt.MouseButton.LeftButton)
    agents = tab.agents
    assert agents is not None
    qtbot.waitUntil(lambda: any(row.rows for row in agents.model.rows))
    qtbot.waitUntil(lambda: agents.template_note.follow_button.isVisible())
    return agents


def names(view: AgentsView) -> list[str]:
    return [row.name for row in view.model.rows]


def choose(view: AgentsView, *wanted: str) -> None:
    view.list.clearSelection()
    selection = view.list.selectionModel()
    for name in wanted:
        index = view.model.index(names(view).index(name))
        view.list.setCurrentIndex(index) if name == wanted[0] else None
        selection.select(index, selection.SelectionFlag.Select)


def dialogs(kind: type[QWidget]) -> list[QWidget]:
    return [each for each in QApplication.topLevelWidgets() if isinstance(each, kind) and each.isVisible()]


def test_view_shows_fields_links_rows_and_template(view: AgentsView) -> None:
    notes, todos = view.model.rows
    assert (notes.name, notes.rows, notes.template, notes.links) == ("notes", "1,000+ rows", "", ())
    assert (todos.rows, todos.template, todos.links) == ("38 rows", "Todo", ("owner → $users",))
    assert todos.fields == (("title", "string*"), ("done", "boolean"))
    assert view.count.text() == "2 agents"


def test_view_rows_that_cannot_be_read_leave_the_agents_in_sight(
    tab: AppView, qtbot: QtBot, services: Any, library: FakeLibrary
) -> None:
    services.agents.error = Unreachable("Instant · local does not answer.")
    tab.show_agents()
    agents = tab.agents
    assert agents is not None
    qtbot.waitUntil(lambda: bool(agents.notes.rows))
    assert names(agents) == ["notes", "todos"]
    services.agents.error = None
    qtbot.mouseClick(agents.notes.rows[0].buttons[0], Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: not agents.notes.isVisible())


def test_view_removing_is_staged_and_can_be_taken_back(view: AgentsView, qtbot: QtBot) -> None:
    choose(view, "notes")
    qtbot.keyClick(view.list, Qt.Key.Key_Delete)
    assert view.model.rows[0].is_removed
    assert view.count.text() == "1 agent"
    assert view.remove_button.text() == "Restore"
    qtbot.keyClick(view.list, Qt.Key.Key_Delete)
    assert not view.model.rows[0].is_removed
    assert not view.document.is_changed


def test_view_duplicates_what_is_chosen_as_one_step(view: AgentsView, qtbot: QtBot) -> None:
    choose(view, "notes", "todos")
    qtbot.mouseClick(view.copy_button, Qt.MouseButton.LeftButton)
    assert names(view) == ["notes", "notes_copy", "todos", "todos_copy"]
    assert view.chosen == ("notes_copy", "todos_copy")
    assert [row.mark for row in view.model.rows] == ["", "new", "", "new"]
    view.document.undo_stack.undo()
    assert names(view) == ["notes", "todos"]


def test_view_edit_goes_to_the_schema_editor(view: AgentsView, tab: AppView, qtbot: QtBot) -> None:
    choose(view, "notes")
    qtbot.keyClick(view.list, Qt.Key.Key_Return)
    assert tab.schema_button.isChecked()
    assert tab.editor is not None
    assert tab.editor.isVisible()
    assert tab.editor.document.selected_entity == "notes"


def test_view_follows_edits_of_the_schema_editor(view: AgentsView, tab: AppView) -> None:
    view.document.edit("Rename", lambda draft: draft.rename_entity("notes", "remarks"))
    row = view.model.rows[0]
    assert (row.name, row.mark, row.rows) == ("remarks", "renamed", "1,000+ rows")


def test_view_adds_an_agent_and_reviews_the_plan(
    view: AgentsView, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    qtbot.keyClick(view.list, Qt.Key.Key_Insert)
    dialog = dialogs(AddAgentDialog)[0]
    assert isinstance(dialog, AddAgentDialog)
    qtbot.keyClicks(dialog.hand_page.name_edit, "invoices")
    qtbot.keyClicks(dialog.hand_page.fields.rows[0].first, "total")
    with qtbot.waitSignal(view.review_requested):
        qtbot.mouseClick(dialog.action_button, Qt.MouseButton.LeftButton)
    assert view.current_name == "invoices"
    assert names(view) == ["invoices", "notes", "todos"]


def test_view_reviews_through_the_plan_dialog(
    view: AgentsView, tab: AppView, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[PlanDialog] = []
    monkeypatch.setattr(PlanDialog, "open", lambda self: opened.append(self))
    choose(view, "notes")
    qtbot.mouseClick(view.remove_button, Qt.MouseButton.LeftButton)
    qtbot.mouseClick(view.pending.review_button, Qt.MouseButton.LeftButton)
    assert len(opened) == 1
    opened[0].close()


def test_view_filters_by_name_field_link_and_template(view: AgentsView, qtbot: QtBot) -> None:
    for text, found in (("note", ["notes"]), ("title", ["todos"]), ("$users", ["todos"]), ("Todo", ["todos"])):
        view.filter_edit.setText(text)
        assert names(view) == found
    assert view.count.text() == "1 of 2 agents"
    view.filter_edit.setText("nothing like it")
    assert view.empty.title.text() == "No agent fits the filter"
    qtbot.mouseClick(view.empty.button, Qt.MouseButton.LeftButton)
    assert names(view) == ["notes", "todos"]


def test_view_without_agents_says_what_one_is(tab: AppView, qtbot: QtBot, services: Any) -> None:
    services.workshop.schema_of = lambda ref: Schema()
    services.hub.publish(Changes(schemas=frozenset({REF})))
    tab.show_agents()
    agents = tab.agents
    assert agents is not None
    qtbot.waitUntil(lambda: agents.empty.title.text() == "No agents yet")
    qtbot.mouseClick(agents.empty.button, Qt.MouseButton.LeftButton)
    assert dialogs(AddAgentDialog)
    dialogs(AddAgentDialog)[0].close()


def test_view_read_only_connection_offers_no_edits(view: AgentsView, tab: AppView) -> None:
    tab.set_connection(replace(LOCAL, is_read_only=True))
    choose(view, "notes")
    buttons = (view.add_button, view.copy_button, view.remove_button, view.template_note.bring_up_button)
    assert [each.isEnabled() for each in buttons] == [False] * 4
    assert view.edit_button.isEnabled()


def test_view_asks_to_save_the_live_ones_of_the_chosen(view: AgentsView, tab: AppView, qtbot: QtBot) -> None:
    view.document.edit("Rename", lambda draft: draft.rename_entity("notes", "remarks"))
    view.document.edit("Add", lambda draft: draft.add_entity("fresh"))
    choose(view, "fresh")
    assert not view.save_button.isEnabled()
    choose(view, "fresh", "remarks")
    with qtbot.waitSignal(tab.save_requested) as asked:
        qtbot.mouseClick(view.save_button, Qt.MouseButton.LeftButton)
    assert asked.args == [REF, ("notes",)]


def test_note_says_what_differs_and_stages_what_brings_it_up(view: AgentsView, qtbot: QtBot) -> None:
    note = view.template_note
    assert note.sentence.text() == "Differs from its template Todo, version 2, was last brought up to version 1."
    assert note.detail.text().startswith("3 differences: ")
    with qtbot.waitSignal(view.review_requested):
        qtbot.mouseClick(note.bring_up_button, Qt.MouseButton.LeftButton)
    wanted = view.document.draft.wanted
    assert wanted.entity("lists") is not None
    assert wanted.entity("notes") is not None
    assert view.document.undo_stack.undoText() == "Bring up to Todo"


def test_note_asks_what_becomes_of_what_the_template_does_not_have(view: AgentsView, qtbot: QtBot) -> None:
    extra = Attribute("mine", StringType())
    view.document.edit("Add", lambda draft: draft.add_attribute("todos", extra))
    note = view.template_note
    qtbot.mouseClick(note.bring_up_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(note.ways.isVisible)
    keep, drop = note.ways.actions()
    note.ways.close()
    for action, is_kept in ((keep, True), (drop, False)):
        with qtbot.waitSignal(view.review_requested):
            action.trigger()
        todos = view.document.draft.wanted.entity("todos")
        assert todos is not None
        assert (extra in todos.attributes) is is_kept
        assert todos.attribute("rank") is not None


def test_note_follows_another_template(view: AgentsView, qtbot: QtBot, library: FakeLibrary) -> None:
    note = view.template_note
    note._fill_menu()
    texts = [(each.text(), each.isChecked()) for each in note._menu.actions() if each.text()]
    assert texts == [("Todo", True), ("Support desk", False), ("No template", False), ("Templates…", False)]
    with qtbot.waitSignal(view.confirmed) as told:
        note._menu.actions()[1].trigger()
    assert told.args == ["This app follows Support desk now"]
    assert library.asked("follow") == [("follow", REF, "support-desk")]
    assert note.sentence.text() == "As its template Support desk, version 3."
    assert not note.bring_up_button.isVisible()


def test_note_template_that_was_deleted_is_told(view: AgentsView, qtbot: QtBot, library: FakeLibrary) -> None:
    library.templates = []
    view.read()
    qtbot.waitUntil(lambda: "does not exist any more" in view.template_note.detail.text())
    assert not view.template_note.bring_up_button.isVisible()


def test_note_follows_changes_of_the_connection(
    view: AgentsView, qtbot: QtBot, library: FakeLibrary, services: Any
) -> None:
    library.followed = None
    services.hub.publish(Changes(apps=frozenset({"local"})))
    qtbot.waitUntil(lambda: view.template_note.sentence.text() == "This app follows no template.")


def test_app_view_add_agent_waits_for_the_schema(
    qtbot: QtBot, runner: Runner, library: FakeLibrary, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(SideTabs, "fill", lambda self: None)
    tab = AppView(runner, LOCAL, apps()[1])
    qtbot.addWidget(tab)
    tab.add_agent()
    tab.show()
    qtbot.waitUntil(lambda: bool(dialogs(AddAgentDialog)))
    dialogs(AddAgentDialog)[0].close()


def test_view_everything_that_takes_the_keyboard_has_a_name(view: AgentsView) -> None:
    assert nameless(view) == []
