"""Pushing from the plan dialog: progress, cancelling, the background, and each way it can end."""

from __future__ import annotations

import json
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from app.core.apps import AppState
from app.core.errors import ReadOnly, Unreachable
from app.core.refs import AppRef
from app.core.status import Severity
from app.platforms.contract import YES, PushProgress
from app.platforms.instant.schema_rules import RULES
from app.platforms.traits import POSTGRES
from app.schema.compare import Plan
from app.schema.draft import Draft
from app.schema.merge import merge
from app.services.workshop_words import OpenSchema, PushReport
from app.ui.plans.plan_dialog import PlanDialog, Stage
from app.ui.plans.plan_work import share
from app.ui.plans.push_page import PushPage, job_progress
from app.ui.plans.send_gate import SendGate
from app.ui.schema.schema_document import SchemaDocument
from app.ui.work.runner import JobState, Runner
from app.ui.work.scope import is_alive
from tests.ui.content_fakes import LOCAL, runner, services, window
from tests.ui.workshop_fakes import (
    APP,
    BASE,
    DRAFT,
    FAILED_JOB,
    GOOD_JOB,
    OPENED_ROWS,
    PLAN,
    PRIORITY,
    ROWS,
    RUNNING_JOB,
    SAFE_PLAN,
    WANTED,
    FakeDocument,
    FakeWorkshop,
    release,
    review,
    snapshot,
    workshop,
)

__all__ = ["runner", "services", "window", "workshop"]

REST: Any = SimpleNamespace(plan=lambda: Plan(PLAN.steps[3:4]))
PARTIAL = PushReport(
    1,
    "partial",
    "1 of 2 changes took effect in Ana’s workspace.",
    "Mend the rows below, then continue.",
    (GOOD_JOB, FAILED_JOB),
    snapshot(WANTED),
    REST,
)


class _Case:
    def __init__(self, qtbot: QtBot, runner: Runner, window: QWidget, workshop: FakeWorkshop) -> None:
        self.qtbot, self.runner, self.workshop = qtbot, runner, workshop
        self.document = FakeDocument()
        workshop.reviewed = lambda ref, draft: review(ref, draft, SAFE_PLAN)
        self.dialog = PlanDialog(runner, self.document, LOCAL, APP, window)
        self.dialog.open()
        qtbot.waitUntil(lambda: self.dialog.stage is Stage.REVIEW)

    def press(self) -> None:
        self.qtbot.mouseClick(self.dialog.action_button, Qt.MouseButton.LeftButton)

    def push(self, report: PushReport | None = None) -> PlanDialog:
        """To its end."""
        if report is not None:
            self.workshop.report = report
        with self.qtbot.waitSignal(self.dialog.pushed):
            self.press()
        return self.dialog

    def hold(self, phase: str, *progress: PushProgress) -> PlanDialog:
        """Until it is in a phase."""
        self.workshop.hold = phase
        self.workshop.progress = progress or (PushProgress("reading"), PushProgress("sending"))
        self.press()
        self.qtbot.waitUntil(lambda: self.workshop.released is not None)
        return self.dialog

    def release(self) -> None:
        release(self.runner, self.workshop)


@pytest.fixture
def case(qtbot: QtBot, runner: Runner, window: QWidget, workshop: FakeWorkshop) -> _Case:
    return _Case(qtbot, runner, window, workshop)


def test_push_done_tells_the_document_and_closes(case: _Case) -> None:
    dialog = case.push()
    assert case.workshop.asked("push") == [("push", case.document.ref, DRAFT, None)]
    assert case.document.calls == [("pushed", snapshot(WANTED), None)]
    assert dialog.heading.text() == "Pushed"
    assert dialog.push_page.notes.rows[0].sentence.text() == "6 changes took effect in Ana’s workspace."
    with case.qtbot.waitSignal(dialog.accepted):
        case.qtbot.keyClick(dialog, Qt.Key.Key_Return)


def test_push_shows_phases_and_jobs(case: _Case) -> None:
    jobs = PushProgress("jobs", (GOOD_JOB, RUNNING_JOB))
    dialog = case.hold("jobs", PushProgress("reading"), PushProgress("sending"), jobs)
    case.qtbot.waitUntil(lambda: dialog.push_page.model.rowCount() == 2)
    model = dialog.push_page.model
    assert [model.data(model.index(row, 0)) for row in range(2)] == ["Done", "Running"]
    assert dialog.push_page.phases.labels[2].text() == "Background jobs: 1 of 2"
    assert dialog.heading.text() == "Push 2 changes to “Ana’s workspace”"
    case.release()
    case.qtbot.waitUntil(lambda: dialog.stage is Stage.ENDED)


def test_job_progress_of_unknown_totals_is_not_shown() -> None:
    assert job_progress(GOOD_JOB) == "100 % (38 of 38)"
    assert job_progress(replace(GOOD_JOB, total=None)) == ""
    assert job_progress(replace(GOOD_JOB, total=0)) == ""


def test_push_cancelled_before_sending_sends_nothing(case: _Case) -> None:
    dialog = case.hold("reading")
    assert dialog.cancel_button.isVisible()
    case.qtbot.mouseClick(dialog.cancel_button, Qt.MouseButton.LeftButton)
    assert dialog.stage is Stage.REVIEW
    assert dialog.message.sentence.text() == "Cancelled before anything was sent."
    assert case.document.calls == []


def test_push_cannot_be_cancelled_once_it_sends(case: _Case) -> None:
    dialog = case.hold("sending")
    case.qtbot.waitUntil(lambda: not dialog.cancel_button.isVisible())
    case.qtbot.keyClick(dialog, Qt.Key.Key_Escape)
    assert not dialog.isVisible()
    with case.qtbot.waitSignals([dialog.pushed, dialog.accepted]):
        case.release()
    assert case.document.calls == [("pushed", snapshot(WANTED), None)]


def test_send_gate_first_comes_first_wins() -> None:
    import asyncio

    cancelled, sent = SendGate(), SendGate()
    assert cancelled.cancel()
    with pytest.raises(asyncio.CancelledError):
        cancelled.go_through()
    sent.go_through()
    sent.go_through()
    assert not sent.cancel()


def test_push_in_the_background_is_shown_among_the_jobs(case: _Case) -> None:
    dialog = case.hold("sending")
    case.press()
    assert not dialog.isVisible()
    case.qtbot.waitUntil(lambda: bool(case.runner.jobs()))
    (job,) = case.runner.jobs()
    assert (job.title, job.state, job.note) == ("Push 2 changes to “Ana’s workspace”", JobState.RUNNING, "Sending")
    with case.qtbot.waitSignal(dialog.accepted):
        case.release()


def test_push_in_the_background_comes_back_where_it_went_wrong(case: _Case) -> None:
    case.workshop.report = PARTIAL
    dialog = case.hold("sending")
    case.press()
    with case.qtbot.waitSignal(dialog.pushed):
        case.release()
    assert dialog.isVisible()
    assert dialog.windowModality() is Qt.WindowModality.NonModal
    assert dialog.testAttribute(Qt.WidgetAttribute.WA_ShowWithoutActivating)


def test_push_outlives_the_dialog(case: _Case) -> None:
    dialog = case.hold("sending")
    dialog.deleteLater()
    case.qtbot.waitUntil(lambda: not is_alive(dialog))
    case.release()
    case.qtbot.waitUntil(lambda: bool(case.workshop.asked("pushed")))
    assert case.document.calls == []


def test_edits_made_while_it_ran_are_kept(case: _Case) -> None:
    dialog = case.hold("sending")
    case.press()
    case.document.draft = replace(DRAFT, base=WANTED)
    with case.qtbot.waitSignal(dialog.pushed):
        case.release()
    assert case.document.calls == [("live", snapshot(WANTED))]


def test_push_partial_shows_the_failed_job_with_its_rows_and_what_remains(case: _Case) -> None:
    dialog = case.push(PARTIAL)
    page = dialog.push_page
    assert page.table.currentIndex().row() == 1
    assert page.rows.sentence.text() == FAILED_JOB.error
    assert page.rows.model.cells[0] == (ROWS[0].entity_id, '"next tuesday"')
    assert page.rows.note.text() == "3 rows in the way."
    assert [label.text() for label in page.phases.labels][2] == "Background jobs: 2 of 2"
    assert page.phases.states == (AppState.OK, AppState.OK, Severity.ERROR, AppState.OK)
    assert page.left_head.text() == "STILL TO DO: 1 step"
    assert page.left.toPlainText().startswith("• ")
    assert case.document.calls == [("pushed", PARTIAL.live, REST)]
    assert dialog.action_button.text() == "&Continue with the rest"


def test_push_partial_continues_with_the_rest(case: _Case) -> None:
    dialog = case.push(PARTIAL)
    rest = replace(DRAFT, base=WANTED)
    case.document.draft = rest
    case.press()
    case.qtbot.waitUntil(lambda: dialog.stage is Stage.REVIEW)
    assert case.workshop.asked("review")[-1][2] is rest


def test_failed_job_rows_can_be_opened(case: _Case) -> None:
    rows = case.push(PARTIAL).push_page.rows
    case.qtbot.mouseClick(rows.open_button, Qt.MouseButton.LeftButton)
    case.qtbot.waitUntil(lambda: len(rows.model.headers) == 4)
    assert rows.model.headers == ("Entity ID", "done", "due", "title")
    assert rows.model.cells[0] == (ROWS[0].entity_id, "false", "next tuesday", "Call the bank")
    assert rows.note.text() == "2 rows read; 1 is not there any more."
    rows.copy_json()
    assert json.loads(QGuiApplication.clipboard().text()) == list(OPENED_ROWS)


def test_failed_job_rows_that_cannot_be_read_say_why(case: _Case) -> None:
    rows = case.push(PARTIAL).push_page.rows
    case.workshop.error = Unreachable("Instant · local does not answer.")
    case.qtbot.mouseClick(rows.open_button, Qt.MouseButton.LeftButton)
    case.qtbot.waitUntil(rows.open_button.isEnabled)
    assert rows.note.text().startswith("Instant · local does not answer.")


def test_failed_job_ids_and_values_are_copied(case: _Case) -> None:
    rows = case.push(PARTIAL).push_page.rows
    rows.table.selectRow(1)
    rows.copy_id()
    assert QGuiApplication.clipboard().text() == ROWS[1].entity_id
    rows.copy_json()
    assert json.loads(QGuiApplication.clipboard().text())[0] == {"id": ROWS[0].entity_id, "value": "next tuesday"}


def test_failed_job_with_more_rows_than_it_names_says_so(case: _Case) -> None:
    job = replace(FAILED_JOB, row_count=1_204)
    rows = case.push(replace(PARTIAL, jobs=(job,))).push_page.rows
    assert rows.note.text() == "1,204 rows in the way; the platform names the first 3."


def test_push_of_sql_counts_statements(qtbot: QtBot, runner: Runner) -> None:
    page = PushPage(runner, AppRef(APP.connection_id, APP.app_id), POSTGRES)
    qtbot.addWidget(page)
    page.phases.show_phase("jobs", (GOOD_JOB, RUNNING_JOB))
    assert page.phases.labels[2].text() == "Statements: 1 of 2"
    assert page.model.headerData(1, Qt.Orientation.Horizontal) == "Statement"
    assert page.table.accessibleName() == "Statements"
    assert share(PushProgress("jobs"), POSTGRES.jobs_label).text == "Statements"


def test_push_failed_keeps_the_document_as_it_is(case: _Case) -> None:
    report = PushReport(1, "failed", "The platform refused the changes.", "Mend it.", live=snapshot(WANTED))
    dialog = case.push(report)
    assert case.document.calls == []
    assert dialog.heading.text() == "Push failed"
    row = dialog.push_page.notes.rows[0]
    assert (row.sentence.text(), row.property("severity")) == (report.sentence, Severity.ERROR.value)
    case.press()
    case.qtbot.waitUntil(lambda: dialog.stage is Stage.REVIEW)


def test_push_refused_before_anything_is_sent_stays_in_the_review(case: _Case) -> None:
    case.workshop.error = ReadOnly("Instant · local takes no writes.")
    case.press()
    case.qtbot.waitUntil(case.dialog.message.isVisible)
    assert case.dialog.stage is Stage.REVIEW
    assert case.dialog.message.sentence.text() == "Instant · local takes no writes."


def test_push_cancelled_from_the_jobs_panel_says_that_it_may_have_taken_effect(case: _Case) -> None:
    dialog = case.hold("sending")
    case.qtbot.waitUntil(lambda: bool(case.runner.jobs()))
    case.runner.cancel(case.runner.jobs()[0].key)
    case.qtbot.waitUntil(lambda: dialog.stage is Stage.ENDED)
    assert "may have taken effect" in dialog.push_page.notes.rows[0].detail.text()
    assert dialog.action_button.text() == "&Review again"


def test_undo_carries_the_push_that_it_takes_back(
    qtbot: QtBot, runner: Runner, window: QWidget, workshop: FakeWorkshop
) -> None:
    workshop.reviewed = lambda ref, draft: review(ref, draft, SAFE_PLAN)
    dialog = PlanDialog(runner, FakeDocument(), LOCAL, APP, window, undoes=7, note="One part stays as it is.")
    dialog.open()
    qtbot.waitUntil(lambda: dialog.stage is Stage.REVIEW)
    assert dialog.heading.text() == "Undo push"
    assert dialog.review_page.notes.rows[0].sentence.text() == "One part stays as it is."
    with qtbot.waitSignal(dialog.pushed):
        qtbot.mouseClick(dialog.action_button, Qt.MouseButton.LeftButton)
    assert workshop.asked("push")[0][3] == 7
    assert dialog.heading.text() == "Undone"


@pytest.mark.expects_log("ERROR")
def test_push_that_fails_as_nobody_foresaw_does_not_hang(case: _Case, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(_progress: Any) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("app.ui.plans.push_run.share", broken)
    with case.qtbot.waitSignal(case.runner.bug_found):
        case.press()
    case.qtbot.waitUntil(lambda: case.dialog.stage is Stage.ENDED)
    assert case.dialog.push_page.notes.rows[0].sentence.text() == "The push ended with an internal error."


@pytest.mark.expects_log("ERROR")
def test_review_that_fails_as_nobody_foresaw_can_be_tried_again(
    qtbot: QtBot, runner: Runner, window: QWidget, workshop: FakeWorkshop
) -> None:
    def broken(_ref: Any, _draft: Any) -> Any:
        raise ZeroDivisionError

    workshop.reviewed = broken
    dialog = PlanDialog(runner, FakeDocument(), LOCAL, APP, window)
    dialog.open()
    qtbot.waitUntil(lambda: dialog.stage is Stage.FAILED)
    assert dialog.action_button.isEnabled()


@pytest.fixture
def document(runner: Runner, workshop: FakeWorkshop) -> SchemaDocument:
    """The real one, with something staged."""
    made = SchemaDocument(runner, LOCAL, APP.app_id, APP.title, runner)
    made.open(OpenSchema(made.ref, snapshot(BASE), None, None, False, RULES, YES))
    assert made.edit("Add priority", lambda draft: draft.add_attribute("todos", PRIORITY))
    return made


def _pushed(qtbot: QtBot, runner: Runner, window: QWidget, document: SchemaDocument) -> PlanDialog:
    dialog = PlanDialog(runner, document, LOCAL, APP, window)
    dialog.open()
    qtbot.waitUntil(lambda: dialog.stage is Stage.REVIEW)
    with qtbot.waitSignal(dialog.pushed):
        qtbot.mouseClick(dialog.action_button, Qt.MouseButton.LeftButton)
    return dialog


def test_document_after_a_push_that_is_done_has_nothing_staged(
    qtbot: QtBot, runner: Runner, window: QWidget, workshop: FakeWorkshop, document: SchemaDocument
) -> None:
    workshop.reviewed = lambda ref, draft: review(ref, draft, SAFE_PLAN)
    live = snapshot(document.draft.wanted)
    workshop.report = PushReport(1, "done", "Done.", live=live)
    _pushed(qtbot, runner, window, document)
    assert document.live == live
    assert not document.draft.is_changed


def test_document_after_a_push_in_part_has_the_rest_staged(
    qtbot: QtBot, runner: Runner, window: QWidget, workshop: FakeWorkshop, document: SchemaDocument
) -> None:
    workshop.reviewed = lambda ref, draft: review(ref, draft, SAFE_PLAN)
    rest = Draft(BASE, BASE).add_attribute("todos", PRIORITY)
    workshop.report = replace(PARTIAL, live=snapshot(BASE), remaining=rest)
    dialog = _pushed(qtbot, runner, window, document)
    assert document.draft is rest
    qtbot.mouseClick(dialog.action_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: dialog.stage is Stage.REVIEW)
    assert workshop.asked("review")[-1][2] is rest


def test_document_edited_while_the_push_ran_keeps_what_was_edited(
    qtbot: QtBot, runner: Runner, window: QWidget, workshop: FakeWorkshop, document: SchemaDocument
) -> None:
    workshop.reviewed = lambda ref, draft: review(ref, draft, SAFE_PLAN)
    workshop.report = PushReport(1, "done", "Done.", live=snapshot(document.draft.wanted))
    workshop.hold = "sending"
    dialog = PlanDialog(runner, document, LOCAL, APP, window)
    dialog.open()
    qtbot.waitUntil(lambda: dialog.stage is Stage.REVIEW)
    dialog.act()
    qtbot.waitUntil(lambda: workshop.released is not None)
    dialog.hide()
    document.edit("Drop due", lambda draft: draft.drop_attribute("todos", "due"))
    staged = document.draft
    with qtbot.waitSignal(dialog.pushed):
        release(runner, workshop)
    assert document.draft is staged
    assert document.is_base_old


def test_document_takes_over_the_merge_as_one_undo_step(
    qtbot: QtBot, runner: Runner, window: QWidget, workshop: FakeWorkshop, document: SchemaDocument
) -> None:
    workshop.reviewed = lambda ref, draft: review(ref, draft, SAFE_PLAN, is_base_old=True)
    mine = document.draft
    theirs = Draft(BASE, BASE).drop_attribute("todos", "legacy_note").wanted
    workshop.merged = merge(mine.base, theirs, mine)
    dialog = PlanDialog(runner, document, LOCAL, APP, window)
    dialog.open()
    qtbot.waitUntil(lambda: dialog.stage is Stage.STALE)
    assert [line.place for line in dialog.stale_view.model.lines] == ["todos.legacy_note", "todos.priority"]
    workshop.reviewed = lambda ref, draft: review(ref, draft, SAFE_PLAN)
    qtbot.mouseClick(dialog.action_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: dialog.stage is Stage.REVIEW)
    assert document.draft is workshop.merged.draft
    document.undo_stack.undo()
    assert document.draft is mine
