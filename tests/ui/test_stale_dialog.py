"""Somebody else changed the schema: three ways side by side, a choice for each conflict, nothing lost."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from app.schema.compare import Plan
from app.schema.draft import Draft
from app.schema.model import Attribute, Schema
from app.schema.operations import AddAttribute, ChangeAttribute
from app.schema.types import NumberType, StringType
from app.services.workshop_words import PushReport
from app.ui.plans.plan_dialog import PlanDialog, Stage
from app.ui.plans.stale_view import StaleView
from app.ui.plans.three_way import place_lines
from app.ui.work.runner import Runner
from tests.ui.content_fakes import LOCAL, runner, services, window
from tests.ui.workshop_fakes import (
    APP,
    BASE,
    DRAFT,
    DUE,
    NOTE,
    PLAN,
    SAFE_PLAN,
    TITLE,
    WANTED,
    FakeDocument,
    FakeWorkshop,
    review,
    workshop,
)

__all__ = ["runner", "services", "window", "workshop"]

COLOUR = Attribute("colour", StringType())
DUE_NUMBER = replace(DUE, type=NumberType())
TODOS = replace(BASE.entities[0], attributes=(TITLE, DUE_NUMBER, NOTE, Attribute("title2", StringType()), COLOUR))
THEIRS = Schema((TODOS, *BASE.entities[1:]))
CONFLICT = SimpleNamespace(
    place="todos.due",
    sentence="Both changed the type of todos.due.",
    theirs="number, indexed",
    mine="date, indexed",
)


def _merge(*conflicts: Any) -> Any:
    theirs = Plan((AddAttribute("todos", COLOUR), ChangeAttribute("todos", DUE, DUE_NUMBER)))
    return SimpleNamespace(draft=Draft(THEIRS, WANTED), conflicts=conflicts, theirs=theirs, mine=PLAN)


def test_place_lines_say_what_each_side_made_of_a_part() -> None:
    lines = {line.place: line for line in place_lines(DRAFT, _merge(CONFLICT))}
    due, colour = lines["todos.due"], lines["todos.colour"]
    assert (due.base, due.theirs, due.mine) == ("string, indexed", "number, indexed", "date, indexed")
    assert (colour.base, colour.theirs, colour.mine) == ("—", "new: string", "as before")
    assert lines["todos.legacy_note"].mine == "removed"
    assert lines["todos.title"].mine == "string, required, indexed"
    assert lines["todos.invoice"].mine == "new: one invoices, back: many todos"


def test_place_lines_renamed_part_keeps_what_it_was() -> None:
    renamed = [line for line in place_lines(DRAFT, _merge()) if "title2" in line.mine]
    assert [(line.base, line.mine) for line in renamed] == [("string", "renamed: title2 → headline")]


def test_place_lines_begin_with_conflicts() -> None:
    assert place_lines(DRAFT, _merge(CONFLICT))[0].conflict == CONFLICT.sentence


@pytest.fixture
def view(qtbot: QtBot) -> StaleView:
    made = StaleView()
    qtbot.addWidget(made)
    made.show_lines(place_lines(DRAFT, _merge(CONFLICT)), "Somebody changed it.")
    made.show()
    return made


def test_view_conflict_is_theirs_until_space_keeps_mine(view: StaleView, qtbot: QtBot) -> None:
    model = view.model
    cell = model.index(0, 4)
    assert (model.data(cell), view.keep_mine) == ("Take theirs", frozenset())
    view.table.setFocus()
    qtbot.keyClick(view.table, Qt.Key.Key_Space)
    assert (model.data(cell), view.keep_mine) == ("Keep mine", frozenset({"todos.due"}))
    qtbot.mouseClick(view.table.viewport(), Qt.MouseButton.LeftButton, pos=view.table.visualRect(cell).center())
    assert view.keep_mine == frozenset()


def test_view_parts_without_conflict_cannot_be_chosen(view: StaleView) -> None:
    view.model.toggle(1)
    assert view.keep_mine == frozenset()


def test_view_all_of_mine_and_all_of_theirs(view: StaleView, qtbot: QtBot) -> None:
    qtbot.mouseClick(view.mine_button, Qt.MouseButton.LeftButton)
    assert view.keep_mine == frozenset({"todos.due"})
    qtbot.mouseClick(view.theirs_button, Qt.MouseButton.LeftButton)
    assert view.keep_mine == frozenset()


def test_view_conflicts_only(view: StaleView, qtbot: QtBot) -> None:
    assert view.model.rowCount() == 7
    view.brief_box.setChecked(True)
    assert [line.place for line in view.model.lines] == ["todos.due"]


def test_view_without_conflicts_asks_for_nothing(view: StaleView) -> None:
    view.show_lines(place_lines(DRAFT, _merge()), "Somebody changed it.")
    assert not view.mine_button.isVisible()
    assert view.notes.rows[0].detail.text().startswith("All of it fits together.")


def _opened(qtbot: QtBot, runner: Runner, window: QWidget, document: FakeDocument) -> PlanDialog:
    dialog = PlanDialog(runner, document, LOCAL, APP, window)
    dialog.open()
    qtbot.waitUntil(lambda: dialog.stage is not Stage.WAITING)
    return dialog


def test_dialog_old_base_shows_the_difference_instead_of_the_plan(
    qtbot: QtBot, runner: Runner, window: QWidget, workshop: FakeWorkshop
) -> None:
    workshop.reviewed = lambda ref, draft: review(ref, draft, is_base_old=True)
    workshop.merged = _merge(CONFLICT)
    document = FakeDocument()
    dialog = _opened(qtbot, runner, window, document)
    assert dialog.stage is Stage.STALE
    assert dialog.heading.text() == "The schema was changed meanwhile"
    qtbot.keyClick(dialog.stale_view.table, Qt.Key.Key_Space)
    workshop.reviewed = lambda ref, draft: review(ref, draft, SAFE_PLAN)
    qtbot.mouseClick(dialog.action_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: dialog.stage is Stage.REVIEW)
    assert workshop.asked("merge")[-1][2:] == (DRAFT, frozenset({"todos.due"}))
    assert document.calls == [("merged", workshop.merged.draft)]


def test_dialog_stale_push_loses_nothing(qtbot: QtBot, runner: Runner, window: QWidget, workshop: FakeWorkshop) -> None:
    workshop.reviewed = lambda ref, draft: review(ref, draft, SAFE_PLAN)
    sentence = "Somebody else changed the schema; nothing was sent."
    workshop.report = PushReport(None, "stale", sentence, merge=_merge(CONFLICT))
    document = FakeDocument()
    dialog = _opened(qtbot, runner, window, document)
    with qtbot.waitSignal(dialog.pushed):
        qtbot.mouseClick(dialog.action_button, Qt.MouseButton.LeftButton)
    assert dialog.stage is Stage.STALE
    assert dialog.stale_view.notes.rows[0].sentence.text() == sentence
    with qtbot.waitSignal(dialog.rejected):
        qtbot.keyClick(dialog, Qt.Key.Key_Escape)
    assert document.calls == []


def test_dialog_conflict_that_came_up_since_is_asked_about(
    qtbot: QtBot, runner: Runner, window: QWidget, workshop: FakeWorkshop
) -> None:
    workshop.reviewed = lambda ref, draft: review(ref, draft, is_base_old=True)
    workshop.merged = _merge()
    document = FakeDocument()
    dialog = _opened(qtbot, runner, window, document)
    workshop.merged = _merge(CONFLICT)
    qtbot.mouseClick(dialog.action_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: len(dialog.stale_view.model.conflicts) == 1)
    assert dialog.stage is Stage.STALE
    assert document.calls == []


def test_place_lines_say_what_the_merge_says_where_no_step_is_about_the_part() -> None:
    conflict = SimpleNamespace(place="todos.colour", sentence="Both.", theirs="changed", mine="in a link of mine")
    (line,) = [each for each in place_lines(DRAFT, _merge(conflict)) if each.place == "todos.colour"]
    assert (line.theirs, line.mine) == ("new: string", "in a link of mine")
