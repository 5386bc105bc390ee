"""Reviewing a draft: what would happen, what has to be answered first, and what Enter does."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from app.core.connection import Environment
from app.core.errors import Unreachable
from app.platforms.contract import RenderedStep, RowCount
from app.schema.compare import Plan
from app.schema.operations import Risk
from app.ui.plans.plan_dialog import PlanDialog, Stage
from app.ui.plans.plan_text import parted, plan_markdown, pretty, requests_text, step_lines, summary
from app.ui.work.runner import Runner
from tests.ui.content_fakes import CLOUD, LOCAL, runner, services, window
from tests.ui.sql_fakes import SCHEMA, STORE, STORES
from tests.ui.workshop_fakes import (
    APP,
    COUNTS,
    DRAFT,
    PLAN,
    PROD_APP,
    PROD_REF,
    RENDERED,
    SAFE_PLAN,
    FakeDocument,
    FakeWorkshop,
    nameless,
    review,
    workshop,
)

__all__ = ["runner", "services", "window", "workshop"]

SUGGESTION = SimpleNamespace(
    kind="attribute", old="todos.due_at", new="todos.due", score=0.9, reason="same type, similar name", renames=None
)
PROBLEM = SimpleNamespace(
    place="todos.owner",
    part="link",
    field="on_delete",
    sentence="todos.owner cascades on a side that has many.",
    remedy="Choose keep.",
    is_error=True,
)


def _opened(
    qtbot: QtBot, runner: Runner, window: QWidget, document: FakeDocument | None = None, *, is_prod: bool = False
) -> PlanDialog:
    where, app = (CLOUD, PROD_APP) if is_prod else (LOCAL, APP)
    subject = document or FakeDocument(PROD_REF if is_prod else FakeDocument().ref)
    dialog = PlanDialog(runner, subject, where, app, window)
    dialog.open()
    qtbot.waitUntil(lambda: dialog.stage is not Stage.WAITING)
    return dialog


def _safe(ref: Any, draft: Any) -> Any:
    return review(ref, draft, SAFE_PLAN)


def test_summary_counts_the_steps_of_each_risk() -> None:
    assert summary(step_lines(PLAN)) == ("6 steps: 3 safe, 1 slow, 1 may fail on existing data, 1 destroys data")
    assert summary(()) == "Nothing to do"


def test_summary_of_several_destroying_steps_is_plural() -> None:
    assert summary(step_lines(Plan((PLAN.steps[5], PLAN.steps[5])))) == "2 steps: 2 destroy data"


def test_requests_text_puts_the_note_above_its_request() -> None:
    from dataclasses import replace

    lines = step_lines(SAFE_PLAN, (replace(RENDERED[0], note="Keeps cascade."), RENDERED[1]))
    assert requests_text(lines).startswith(f"// Keeps cascade.\n{pretty(RENDERED[0].text)}\n\n")


def test_pretty_spreads_json_and_leaves_the_rest_alone() -> None:
    assert pretty('["index",{"a":1}]') == '[\n  "index",\n  {\n    "a": 1\n  }\n]'
    assert pretty("ALTER TABLE todos") == "ALTER TABLE todos"


def test_plan_markdown_has_steps_rows_and_requests() -> None:
    lines = step_lines(PLAN, RENDERED)
    text = plan_markdown(
        lines, {3: COUNTS[0]}, app_title="Ana", app_id="7f3a", place="Instant · local (local environment)"
    )
    assert "App `7f3a` on Instant · local (local environment)." in text
    assert f"4. **may fail on existing data**: {lines[3].sentence} {COUNTS[0].sentence}" in text
    assert "```json" in text


def test_dialog_shows_each_step_with_its_risk(
    qtbot: QtBot, runner: Runner, window: QWidget, workshop: FakeWorkshop
) -> None:
    dialog = _opened(qtbot, runner, window)
    model = dialog.review_page.model
    assert model.rowCount() == 6
    assert dialog.review_page.summary.accessibleName().startswith("6 steps: 3 safe")
    spoken = model.data(model.index(5), Qt.ItemDataRole.AccessibleTextRole)
    assert spoken.startswith("Step 6, destroys data: ")
    assert dialog.badge.environment is Environment.LOCAL


def test_dialog_counts_arrive_later_and_mark_what_is_going_to_fail(
    qtbot: QtBot, runner: Runner, window: QWidget, workshop: FakeWorkshop
) -> None:
    dialog = _opened(qtbot, runner, window)
    model = dialog.review_page.model
    qtbot.waitUntil(lambda: len(model.counts) == 3 and not model.is_counting)
    assert model.note(3) == COUNTS[0].sentence
    assert model.blocked == (3,)


def test_dialog_counts_for_steps_that_are_not_there_are_left_out(
    qtbot: QtBot, runner: Runner, window: QWidget, workshop: FakeWorkshop
) -> None:
    workshop.counted = (RowCount(99, 1, "One row."),)
    dialog = _opened(qtbot, runner, window)
    qtbot.waitUntil(lambda: bool(workshop.asked("counts")) and not dialog.review_page.model.is_counting)
    assert not dialog.review_page.model.counts


def test_dialog_without_counts_says_why_and_can_push(
    qtbot: QtBot, runner: Runner, window: QWidget, workshop: FakeWorkshop
) -> None:
    workshop.reviewed, workshop.count_error = _safe, Unreachable("Instant · local does not answer.")
    dialog = _opened(qtbot, runner, window)
    qtbot.waitUntil(dialog.review_page.count_note.isVisible)
    assert "does not answer" in dialog.review_page.count_note.text()
    assert dialog.action_button.isEnabled()


def test_dialog_button_names_what_it_does(
    qtbot: QtBot, runner: Runner, window: QWidget, workshop: FakeWorkshop
) -> None:
    workshop.reviewed = _safe
    dialog = _opened(qtbot, runner, window)
    assert dialog.action_button.text() == "Push 2 changes to “Ana’s workspace”"
    assert dialog.action_button.isDefault()


def test_dialog_enter_pushes_what_destroys_nothing(
    qtbot: QtBot, runner: Runner, window: QWidget, workshop: FakeWorkshop
) -> None:
    workshop.reviewed = _safe
    dialog = _opened(qtbot, runner, window)
    with qtbot.waitSignal(dialog.pushed):
        qtbot.keyClick(dialog, Qt.Key.Key_Return)


def test_dialog_enter_never_pushes_what_destroys(
    qtbot: QtBot, runner: Runner, window: QWidget, workshop: FakeWorkshop
) -> None:
    dialog = _opened(qtbot, runner, window)
    check = dialog.review_page.confirmation.check
    assert check is not None
    check.setChecked(True)
    assert dialog.action_button.isEnabled()
    assert not dialog.action_button.isDefault()
    assert not dialog.action_button.hasFocus()
    qtbot.keyClick(dialog, Qt.Key.Key_Return)
    assert dialog.stage is Stage.REVIEW
    assert not workshop.asked("push")


def test_dialog_destroying_outside_production_wants_a_second_look(
    qtbot: QtBot, runner: Runner, window: QWidget, workshop: FakeWorkshop
) -> None:
    dialog = _opened(qtbot, runner, window)
    confirmation = dialog.review_page.confirmation
    assert not dialog.action_button.isEnabled()
    assert confirmation.edit is None
    assert confirmation.check is not None
    assert "1 of 6 changes destroys data" in confirmation.check.text()
    qtbot.keyClick(confirmation.check, Qt.Key.Key_Space)
    assert dialog.action_button.isEnabled()


def test_dialog_destroying_in_production_wants_the_name_exactly(
    qtbot: QtBot, runner: Runner, window: QWidget, workshop: FakeWorkshop
) -> None:
    workshop.reviewed = lambda ref, draft: review(ref, draft, needs_typed_name=True)
    dialog = _opened(qtbot, runner, window, is_prod=True)
    edit = dialog.review_page.confirmation.edit
    assert edit is not None
    assert "1 of 6 changes destroys data on Instant · cloud" in edit.accessibleName()
    qtbot.keyClicks(edit, "billing")
    assert not dialog.action_button.isEnabled()
    edit.clear()
    qtbot.keyClicks(edit, "Billing")
    assert dialog.action_button.isEnabled()
    qtbot.keyClick(edit, Qt.Key.Key_Return)
    assert not workshop.asked("push")


def test_dialog_what_is_dropped_can_be_restored(
    qtbot: QtBot, runner: Runner, window: QWidget, workshop: FakeWorkshop
) -> None:
    dialog = _opened(qtbot, runner, window)
    assert dialog.review_page.hint.isVisible()
    assert "2 days" in dialog.review_page.hint.text()


def test_dialog_what_will_be_sent_follows_the_step(
    qtbot: QtBot, runner: Runner, window: QWidget, workshop: FakeWorkshop
) -> None:
    page = _opened(qtbot, runner, window).review_page
    assert not page.sent.isVisible()
    qtbot.mouseClick(page.sent_button, Qt.MouseButton.LeftButton)
    page.list.setFocus()
    qtbot.keyClick(page.list, Qt.Key.Key_Down)
    assert page.sent.toPlainText() == pretty(RENDERED[1].text)
    with qtbot.waitSignal(page.copied):
        qtbot.mouseClick(page.copy_sent_button, Qt.MouseButton.LeftButton)
    assert QGuiApplication.clipboard().text() == pretty(RENDERED[1].text)


def test_dialog_plan_is_copied_as_markdown(
    qtbot: QtBot, runner: Runner, window: QWidget, workshop: FakeWorkshop
) -> None:
    dialog = _opened(qtbot, runner, window)
    with qtbot.waitSignal(dialog.copied):
        qtbot.mouseClick(dialog.copy_button, Qt.MouseButton.LeftButton)
    assert QGuiApplication.clipboard().text().startswith("# Schema changes for Ana’s workspace")


def test_dialog_problem_blocks_the_push_and_leads_to_its_cell(
    qtbot: QtBot, runner: Runner, window: QWidget, workshop: FakeWorkshop
) -> None:
    workshop.reviewed = lambda ref, draft: review(ref, draft, SAFE_PLAN, problems=(PROBLEM,))
    document = FakeDocument()
    dialog = _opened(qtbot, runner, window, document)
    assert not dialog.action_button.isEnabled()
    assert dialog.action_button.toolTip() == "1 problem to mend first."
    (row,) = dialog.review_page.notes.rows
    with qtbot.waitSignal(dialog.finished):
        qtbot.mouseClick(row.buttons[0], Qt.MouseButton.LeftButton)
    assert document.calls == [("select", "todos", "owner")]


def test_dialog_warning_does_not_block(qtbot: QtBot, runner: Runner, window: QWidget, workshop: FakeWorkshop) -> None:
    warning = SimpleNamespace(**{**vars(PROBLEM), "is_error": False})
    workshop.reviewed = lambda ref, draft: review(ref, draft, SAFE_PLAN, problems=(warning,))
    assert _opened(qtbot, runner, window).action_button.isEnabled()


def test_dialog_many_problems_are_not_all_listed(
    qtbot: QtBot, runner: Runner, window: QWidget, workshop: FakeWorkshop
) -> None:
    workshop.reviewed = lambda ref, draft: review(ref, draft, problems=(PROBLEM,) * 40)
    rows = _opened(qtbot, runner, window).review_page.notes.rows
    assert len(rows) == 7
    assert rows[-1].sentence.text() == "34 more problems: mend these first."


def test_dialog_confirmed_rename_plans_again(
    qtbot: QtBot, runner: Runner, window: QWidget, workshop: FakeWorkshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    confirmed: list[Any] = []

    def confirm(draft: Any, suggestion: Any) -> Any:
        confirmed.append(suggestion)
        return draft

    monkeypatch.setattr(type(DRAFT), "confirm", confirm, raising=False)
    workshop.reviewed = lambda ref, draft: review(ref, draft, suggestions=() if confirmed else (SUGGESTION,))
    document = FakeDocument()
    dialog = _opened(qtbot, runner, window, document)
    (row,) = dialog.review_page.notes.rows
    assert row.sentence.text() == "Was todos.due_at renamed to todos.due? (same type, similar name)"
    qtbot.mouseClick(row.buttons[0], Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: len(workshop.asked("review")) == 2 and dialog.stage is Stage.REVIEW)
    assert confirmed == [SUGGESTION]
    assert document.calls == [("edit", "Rename todos.due_at to todos.due")]
    assert not dialog.review_page.notes.rows


def test_dialog_rejected_rename_is_not_offered_again(
    qtbot: QtBot, runner: Runner, window: QWidget, workshop: FakeWorkshop
) -> None:
    workshop.reviewed = lambda ref, draft: review(ref, draft, suggestions=(SUGGESTION,))
    document = FakeDocument()
    dialog = _opened(qtbot, runner, window, document)
    qtbot.mouseClick(dialog.review_page.notes.rows[0].buttons[1], Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: not dialog.review_page.notes.rows)
    assert document.calls == [("reject", SUGGESTION)]


def test_dialog_nothing_to_push_says_so(qtbot: QtBot, runner: Runner, window: QWidget, workshop: FakeWorkshop) -> None:
    workshop.reviewed = lambda ref, draft: review(ref, draft, Plan())
    dialog = _opened(qtbot, runner, window)
    assert dialog.review_page.empty.isVisible()
    assert not dialog.action_button.isEnabled()
    assert not workshop.asked("counts")


def test_dialog_platform_that_cannot_be_asked_is_said(
    qtbot: QtBot, runner: Runner, window: QWidget, workshop: FakeWorkshop
) -> None:
    error = Unreachable("Instant · local does not answer.")
    workshop.reviewed = lambda ref, draft: review(ref, draft, SAFE_PLAN, rendered=(), error=error)
    dialog = _opened(qtbot, runner, window)
    assert dialog.review_page.notes.rows[0].sentence.text() == "Instant · local does not answer."
    assert not dialog.action_button.isEnabled()


def test_dialog_review_that_fails_can_be_tried_again(
    qtbot: QtBot, runner: Runner, window: QWidget, workshop: FakeWorkshop
) -> None:
    workshop.error = Unreachable("Instant · local does not answer.")
    dialog = _opened(qtbot, runner, window)
    assert dialog.stage is Stage.FAILED
    assert dialog.message.isVisible()
    workshop.error = None
    qtbot.mouseClick(dialog.action_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: dialog.stage is Stage.REVIEW)
    assert not dialog.message.isVisible()


def test_dialog_read_only_connection_cannot_push(
    qtbot: QtBot, runner: Runner, window: QWidget, workshop: FakeWorkshop
) -> None:
    from dataclasses import replace

    workshop.reviewed = _safe
    dialog = PlanDialog(runner, FakeDocument(), replace(LOCAL, is_read_only=True), APP, window)
    dialog.open()
    qtbot.waitUntil(lambda: dialog.stage is Stage.REVIEW)
    assert not dialog.action_button.isEnabled()


def test_dialog_escape_closes_the_review(qtbot: QtBot, runner: Runner, window: QWidget, workshop: FakeWorkshop) -> None:
    dialog = _opened(qtbot, runner, window)
    with qtbot.waitSignal(dialog.rejected):
        qtbot.keyClick(dialog, Qt.Key.Key_Escape)


def test_risks_are_told_by_shape_as_well_as_by_colour(qapp: Any) -> None:
    from app.ui.plans.risk_mark import risk_icon

    shapes = {bytes(risk_icon(risk).pixmap(14).toImage().createAlphaMask().constBits()) for risk in Risk}
    assert len(shapes) >= 3


def test_dialog_everything_that_takes_the_keyboard_has_a_name(
    qtbot: QtBot, runner: Runner, window: QWidget, workshop: FakeWorkshop
) -> None:
    workshop.reviewed = lambda ref, draft: review(ref, draft, suggestions=(SUGGESTION,), problems=(PROBLEM,))
    assert nameless(_opened(qtbot, runner, window)) == []


# SQL

SQL_STEPS = (
    RenderedStep(0, 'ALTER TABLE todos ADD COLUMN "priority" integer;', lock="ACCESS EXCLUSIVE on todos", phase="Main"),
    RenderedStep(
        0,
        "CREATE INDEX CONCURRENTLY todos_priority_idx ON todos (priority);",
        is_background=True,
        note="Reads and writes go on.",
        lock="SHARE UPDATE EXCLUSIVE on todos",
        is_transactional=False,
        phase="By itself",
        order=2,
    ),
    RenderedStep(
        1, "ALTER TABLE todos ADD COLUMN invoice uuid;", lock="ACCESS EXCLUSIVE on todos", phase="Main", order=1
    ),
)
SCRIPT = """-- Main
--   locks: ACCESS EXCLUSIVE on todos
ALTER TABLE todos ADD COLUMN "priority" integer;

--   locks: ACCESS EXCLUSIVE on todos
ALTER TABLE todos ADD COLUMN invoice uuid;

-- By itself
--   locks: SHARE UPDATE EXCLUSIVE on todos
--   Reads and writes go on.
CREATE INDEX CONCURRENTLY todos_priority_idx ON todos (priority);"""


def _opened_sql(qtbot: QtBot, runner: Runner, window: QWidget, workshop: FakeWorkshop, plan: Plan) -> PlanDialog:
    workshop.reviewed = lambda ref, draft: review(ref, draft, plan, rendered=SQL_STEPS)
    dialog = PlanDialog(runner, FakeDocument(STORE), STORES, APP, window)
    dialog.open()
    qtbot.waitUntil(lambda: dialog.stage is not Stage.WAITING)
    return dialog


def test_sql_plan_says_what_each_step_locks_and_what_stands_by_itself(
    qtbot: QtBot, runner: Runner, window: QWidget, workshop: FakeWorkshop
) -> None:
    dialog = _opened_sql(qtbot, runner, window, workshop, SAFE_PLAN)
    model = dialog.review_page.model
    spoken = model.data(model.index(0), Qt.ItemDataRole.AccessibleTextRole)
    assert "ACCESS EXCLUSIVE on todos" in spoken
    assert "runs in the background · by itself" in spoken
    assert "by itself" not in model.data(model.index(1), Qt.ItemDataRole.AccessibleTextRole)


def test_sql_plan_is_one_script_in_the_order_of_sending_until_a_step_is_chosen(
    qtbot: QtBot, runner: Runner, window: QWidget, workshop: FakeWorkshop
) -> None:
    dialog = _opened_sql(qtbot, runner, window, workshop, SAFE_PLAN)
    page = dialog.review_page
    qtbot.mouseClick(page.sent_button, Qt.MouseButton.LeftButton)
    assert page.sent.toPlainText() == SCRIPT
    qtbot.mouseClick(page.copy_sent_button, Qt.MouseButton.LeftButton)
    assert QGuiApplication.clipboard().text() == SCRIPT
    page.list.setFocus()
    qtbot.keyClick(page.list, Qt.Key.Key_Down)
    assert page.sent.toPlainText().endswith("ADD COLUMN invoice uuid;")
    assert "priority" not in page.sent.toPlainText()
    qtbot.mouseClick(page.whole_button, Qt.MouseButton.LeftButton)
    assert page.sent.toPlainText() == SCRIPT
    assert not page.whole_button.isVisible()
    dialog.copy_plan()
    assert f"```sql\n{SCRIPT}\n```" in QGuiApplication.clipboard().text()


def test_sql_plan_does_not_promise_that_dropped_values_come_back(
    qtbot: QtBot, runner: Runner, window: QWidget, workshop: FakeWorkshop
) -> None:
    dialog = _opened_sql(qtbot, runner, window, workshop, PLAN)
    assert not any(line.can_be_restored for line in dialog.review_page.model.lines)
    assert not dialog.review_page.hint.isVisible()


def test_places_with_dots_are_taken_apart_by_what_is_there() -> None:
    assert parted("audit.votes.mood", SCHEMA) == ("audit.votes", "mood")
    assert parted("audit.votes", SCHEMA) == ("audit.votes", "")
    assert parted("gone.part", SCHEMA) == ("gone", "part")
