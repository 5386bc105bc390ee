"""What was pushed, and taking it back; the schemas that an app had."""

from __future__ import annotations

from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from app.core.errors import Unsupported
from app.schema.compare import Plan
from app.schema.operations import RenameAttribute
from app.services.workshop_words import AppSource, VersionSource
from app.ui.plans.compare_dialog import CompareDialog
from app.ui.plans.history_dialog import HistoryDialog, record_text
from app.ui.plans.plan_dialog import PlanDialog, Stage
from app.ui.work.runner import Runner
from tests.ui.content_fakes import CLOUD, LOCAL, runner, services, window
from tests.ui.workshop_fakes import APP, BASE, REF, SAFE_PLAN, WANTED, FakeWorkshop, nameless, record, review, workshop

__all__ = ["runner", "services", "window", "workshop"]


def _opened(qtbot: QtBot, runner: Runner, window: QWidget, app: Any = APP) -> HistoryDialog:
    dialog = HistoryDialog(runner, (LOCAL, CLOUD), app, window)
    dialog.open()
    qtbot.waitUntil(lambda: dialog.push_model.rowCount() > 0)
    return dialog


@pytest.fixture
def history(qtbot: QtBot, runner: Runner, window: QWidget, workshop: FakeWorkshop) -> HistoryDialog:
    dialog = _opened(qtbot, runner, window)
    qtbot.waitUntil(lambda: dialog.version_model.rowCount() == 2)
    return dialog


def test_record_text_names_who_where_and_each_step() -> None:
    text = record_text(record())
    assert "by mira@desk-3" in text
    assert "1f2e3d4c5b6a7980 → 90a1b2c3d4e5f607" in text
    assert "2. Drop todos.legacy_note with its values." in text


def test_record_text_cuts_what_is_too_long() -> None:
    assert record_text(record(steps=("x",) * 900)).endswith("… and 400 more")


def test_history_of_an_app_asks_for_that_app(history: HistoryDialog, workshop: FakeWorkshop) -> None:
    assert workshop.asked("pushes") == [("pushes", REF)]
    assert history.tabs.count() == 2
    assert history.details.toPlainText().startswith("Done: 2 changes took effect")


def test_history_of_all_names_the_app_and_has_no_versions(
    qtbot: QtBot, runner: Runner, window: QWidget, workshop: FakeWorkshop
) -> None:
    dialog = _opened(qtbot, runner, window, None)
    model = dialog.push_model
    assert workshop.asked("pushes") == [("pushes", None)]
    assert model.data(model.index(0, 2)) == "Ana’s workspace · Instant · local"
    assert dialog.tabs.count() == 1


def test_history_only_what_took_effect_can_be_undone(history: HistoryDialog) -> None:
    assert history.undo_button.isEnabled()
    history.pushes.selectRow(1)
    assert not history.undo_button.isEnabled()
    assert history.undo_button.toolTip() == "Nothing of it took effect."


def test_history_undo_shows_the_reverse_as_a_plan(history: HistoryDialog, qtbot: QtBot, workshop: FakeWorkshop) -> None:
    workshop.reviewed = lambda ref, draft: review(ref, draft, SAFE_PLAN)
    qtbot.mouseClick(history.undo_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: bool(history.findChildren(PlanDialog)))
    (plan,) = history.findChildren(PlanDialog)
    qtbot.waitUntil(lambda: plan.stage is Stage.REVIEW)
    assert plan.review_page.notes.rows[0].sentence.text() == workshop.undo_sentence
    with qtbot.waitSignal(history.pushed) as pushed:
        qtbot.mouseClick(plan.action_button, Qt.MouseButton.LeftButton)
    assert pushed.args[0] == REF
    ((_, ref, draft, undoes),) = workshop.asked("push")
    assert (ref, draft.base, draft.wanted, undoes) == (REF, WANTED, BASE, 7)
    qtbot.waitUntil(lambda: len(workshop.asked("pushes")) == 2)


def test_history_undo_that_is_not_possible_says_why(
    history: HistoryDialog, qtbot: QtBot, workshop: FakeWorkshop
) -> None:
    workshop.error = Unsupported("This push was written by another version.")
    qtbot.mouseClick(history.undo_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: bool(history.notes.rows))
    assert history.notes.rows[0].sentence.text() == "This push was written by another version."
    assert history.undo_button.isEnabled()


def test_history_push_of_unknown_outcome_can_be_settled(
    qtbot: QtBot, runner: Runner, window: QWidget, workshop: FakeWorkshop
) -> None:
    workshop.records = (record(7, outcome="unknown", did=None),)
    dialog = _opened(qtbot, runner, window)
    assert dialog.settle_button.isVisible()
    qtbot.mouseClick(dialog.settle_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: bool(dialog.notes.rows))
    assert workshop.asked("settle") == [("settle", 7)]
    assert dialog.notes.rows[0].sentence.text() == "All of it took effect."


def test_history_copies_a_push(history: HistoryDialog, qtbot: QtBot) -> None:
    with qtbot.waitSignal(history.copied):
        qtbot.mouseClick(history.copy_button, Qt.MouseButton.LeftButton)
    assert QGuiApplication.clipboard().text().startswith("Done: 2 changes took effect")


def test_history_compares_a_version_with_now(history: HistoryDialog, qtbot: QtBot, workshop: FakeWorkshop) -> None:
    history.tabs.setCurrentIndex(1)
    history.versions.selectRow(1)
    qtbot.mouseClick(history.compare_button, Qt.MouseButton.LeftButton)
    older = VersionSource(REF, workshop.known_versions[1].fingerprint)
    qtbot.waitUntil(lambda: workshop.asked("compare") == [("compare", older, AppSource(REF))])
    assert history.findChildren(CompareDialog)


def test_history_compares_two_versions_the_older_first(
    history: HistoryDialog, qtbot: QtBot, workshop: FakeWorkshop
) -> None:
    history.tabs.setCurrentIndex(1)
    history.versions.selectAll()
    assert not history.compare_button.isEnabled()
    qtbot.mouseClick(history.compare_two_button, Qt.MouseButton.LeftButton)
    newer, older = (VersionSource(REF, each.fingerprint) for each in workshop.known_versions)
    qtbot.waitUntil(lambda: ("compare", older, newer) in workshop.calls)


def test_history_without_pushes_says_so(qtbot: QtBot, runner: Runner, window: QWidget, workshop: FakeWorkshop) -> None:
    workshop.records = ()
    dialog = HistoryDialog(runner, (LOCAL,), APP, window)
    dialog.open()
    qtbot.waitUntil(lambda: dialog.version_model.rowCount() == 2)
    assert dialog.details.toPlainText().startswith("Nothing was pushed from here yet.")
    assert not dialog.undo_button.isEnabled()


def test_history_everything_that_takes_the_keyboard_has_a_name(history: HistoryDialog) -> None:
    assert nameless(history) == []


def test_history_time_of_a_push_is_read_in_whole(history: HistoryDialog) -> None:
    text = history.pushes.fontMetrics().horizontalAdvance("2026-11-21 06:39, just now")
    for table in (history.pushes, history.versions):
        assert table.columnWidth(0) > text + 8


@pytest.mark.parametrize(
    ("plan", "is_told"),
    [
        (Plan((RenameAttribute("todos", "name", "title"),)), False),
        (SAFE_PLAN, True),
    ],
)
def test_history_undo_speaks_of_data_only_where_some_comes_back(
    history: HistoryDialog, qtbot: QtBot, workshop: FakeWorkshop, plan: Plan, is_told: bool
) -> None:
    workshop.reviewed = lambda ref, draft: review(ref, draft, plan)
    qtbot.mouseClick(history.undo_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: bool(history.findChildren(PlanDialog)))
    (shown,) = history.findChildren(PlanDialog)
    qtbot.waitUntil(lambda: shown.stage is Stage.REVIEW)
    assert shown.review_page.hint.isVisible() is is_told
