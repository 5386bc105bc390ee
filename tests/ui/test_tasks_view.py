"""The tasks of a foundation with their databases."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QGuiApplication, QHelpEvent
from PySide6.QtWidgets import QDialog, QStyleOptionViewItem, QToolTip
from pytestqt.qtbot import QtBot

from app.core.changes import Changes
from app.core.connection import Environment
from app.core.refs import AppRef
from app.core.secret import Secret
from app.services.foundation_shape import FoundationShape
from app.ui.foundation.task_dialogs import (
    CleanUpDialog,
    CloneDialog,
    CreateDatabasesDialog,
    RevealTokenDialog,
    RotateTokensDialog,
)
from app.ui.foundation.tasks_model import APP_ID_COLUMN, MASK
from app.ui.foundation.tasks_view import TasksView
from app.ui.parts.secret_clipboard import SecretClipboard, secret_clipboard
from app.ui.work.runner import Runner
from tests.ui.content_fakes import runner
from tests.ui.foundation_fakes import CONNECTION, MOUNTAIN, RIVER, foundation_services

__all__ = ["runner"]
LEFT = Qt.MouseButton.LeftButton
LOOSE = "database r-mountain"


@pytest.fixture
def services() -> Any:
    return foundation_services()


def _shown(qtbot: QtBot, view: TasksView) -> TasksView:
    qtbot.addWidget(view)
    view.resize(1200, 600)
    view.show()
    qtbot.waitUntil(view.table.isVisible)
    return view


@pytest.fixture
def view(qtbot: QtBot, runner: Runner) -> TasksView:
    return _shown(qtbot, TasksView(runner, CONNECTION))


def _choose(view: TasksView, *keys: str) -> None:
    view.table.clearSelection()
    view.table.select_keys(frozenset(keys))


def _texts(view: TasksView, column: int) -> list[str]:
    return [view.model.data(view.model.index(row, column)) for row in range(view.model.rowCount())]


def _dialog(view: TasksView, kind: type[QDialog]) -> Any:
    return next(each for each in view.window().findChildren(kind) if each.isVisible())


def _menu(view: TasksView) -> dict[str, Any]:
    return {each.text(): each for each in view.make_menu().actions() if each.text()}


def test_view_each_task_has_its_state_name_and_masked_token(view: TasksView) -> None:
    assert _texts(view, 0) == ["Ready", "Creating…", "Failed", "No database", "No database", "Ready"]
    assert _texts(view, 1)[0] == "Import invoices"
    assert _texts(view, 1)[-1] == "no task"
    assert _texts(view, 2)[:2] == ["swift-blue-river", "calm-green-delta"]
    assert _texts(view, 4) == [MASK, "—", "—", "—", "—", "none"]


def test_view_spinner_turns_only_while_something_is_created(view: TasksView, qtbot: QtBot, services: Any) -> None:
    assert view.marks.is_spinning
    services.task_databases.states.clear()
    services.foundation.task_rows = services.foundation.task_rows[:1]
    services.hub.publish(Changes(apps=frozenset({"local"})))
    qtbot.waitUntil(lambda: view.model.total == 2)
    assert not view.marks.is_spinning


def test_view_click_on_the_status_copies_the_app_id(view: TasksView, qtbot: QtBot) -> None:
    place = view.table.visualRect(view.model.index(0, 0)).center()
    with qtbot.waitSignal(view.copied) as told:
        qtbot.mouseClick(view.table.viewport(), LEFT, pos=place)
    assert QGuiApplication.clipboard().text() == RIVER
    assert told.args == [f"Copied app ID of swift-blue-river: {RIVER}"]


def test_view_tip_below_the_status_has_name_and_app_id(view: TasksView, monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[tuple[Any, ...]] = []
    monkeypatch.setattr(QToolTip, "showText", lambda *given: told.append(given))
    index = view.model.index(0, 0)
    option = QStyleOptionViewItem()
    option.rect = view.table.visualRect(index)
    point = option.rect.center()
    event = QHelpEvent(QEvent.Type.ToolTip, point, view.table.viewport().mapToGlobal(point))
    view.marks.helpEvent(event, view.table, option, index)
    assert "swift-blue-river" in told[0][1]
    assert RIVER in told[0][1]
    assert told[0][3] == option.rect


def test_view_failed_tip_says_that_the_task_goes_on(view: TasksView) -> None:
    tip = view.model.data(view.model.index(2, 0), Qt.ItemDataRole.ToolTipRole)
    assert "The platform did not answer." in tip
    assert "The task goes on without a database." in tip


def test_view_databases_are_begun_for_several_tasks(view: TasksView, qtbot: QtBot, services: Any) -> None:
    _choose(view, "t-new", "t-next")
    qtbot.mouseClick(view.create_button, LEFT)
    dialog = _dialog(view, CreateDatabasesDialog)
    qtbot.waitUntil(lambda: dialog.choice.list.count() == 2)
    assert dialog.choice.name is None
    dialog.choice.choose("todo")
    with qtbot.waitSignal(view.copied) as told:
        qtbot.mouseClick(dialog.action_button, LEFT)
    assert services.task_databases.asked("create") == [("t-new", "todo"), ("t-next", "todo")]
    assert told.args == ["Creating 2 databases"]
    qtbot.waitUntil(lambda: _texts(view, 0)[3:5] == ["Creating…", "Creating…"])


def test_view_task_with_a_database_gets_no_second_one(view: TasksView) -> None:
    _choose(view, "t-import")
    assert not view.create_button.isEnabled()
    assert "has a database already" in view.create_button.toolTip()
    _choose(view, "t-new", "t-plan")
    assert not view.create_button.isEnabled()


def test_view_failed_one_is_tried_again(view: TasksView, qtbot: QtBot, services: Any) -> None:
    _choose(view, "t-sum")
    qtbot.mouseClick(view.retry_button, LEFT)
    qtbot.waitUntil(lambda: services.task_databases.asked("retry") == [("t-sum",)])


def test_view_failed_one_is_given_up(view: TasksView, qtbot: QtBot, services: Any) -> None:
    _choose(view, "t-sum")
    _menu(view)["Go on without a database"].trigger()
    qtbot.waitUntil(lambda: services.task_databases.asked("give_up") == [("t-sum",)])


def test_view_clean_up_says_what_goes_and_needs_a_second_look(view: TasksView, qtbot: QtBot, services: Any) -> None:
    _choose(view, "t-import", LOOSE)
    qtbot.mouseClick(view.clean_button, LEFT)
    dialog = _dialog(view, CleanUpDialog)
    qtbot.waitUntil(lambda: dialog.sentences.count() == 3)
    assert "Goes: 2 databases with all rows." in dialog.sentences.item(0).text()
    assert "2023-11-1" in dialog.sentences.item(2).text()
    assert not dialog.action_button.isEnabled()
    dialog.check.click()
    with qtbot.waitSignal(dialog.cleaned):
        qtbot.mouseClick(dialog.action_button, LEFT)
    assert services.task_databases.asked("clean_up") == [("delete", ("r-river", "r-mountain"))]


def test_view_archiving_needs_no_second_look(view: TasksView, qtbot: QtBot, services: Any) -> None:
    _choose(view, "t-import")
    view.clean_up()
    dialog = _dialog(view, CleanUpDialog)
    dialog.action_box.setCurrentIndex(1)
    qtbot.waitUntil(lambda: dialog.action_button.text() == "&Archive 1 database")
    assert dialog.check is None
    with qtbot.waitSignal(dialog.cleaned):
        qtbot.mouseClick(dialog.action_button, LEFT)
    assert services.task_databases.asked("clean_up") == [("archive", ("r-river",))]


def test_view_refused_clean_up_does_nothing(view: TasksView, qtbot: QtBot, services: Any) -> None:
    services.task_databases.refusal = "It needs a dashboard login."
    _choose(view, "t-import")
    view.clean_up()
    dialog = _dialog(view, CleanUpDialog)
    qtbot.waitUntil(dialog.message.isVisible)
    assert dialog.message.sentence.text() == "It needs a dashboard login."
    assert not dialog.action_button.isEnabled()
    dialog.act()
    assert services.task_databases.asked("clean_up") == []


def test_view_deletion_in_production_asks_for_a_name(qtbot: QtBot, runner: Runner) -> None:
    view = _shown(qtbot, TasksView(runner, replace(CONNECTION, environment=Environment.PRODUCTION)))
    _choose(view, "t-import")
    view.clean_up()
    dialog = _dialog(view, CleanUpDialog)
    qtbot.waitUntil(lambda: dialog.name_edit is not None)
    assert not dialog.action_button.isEnabled()
    dialog.name_edit.setText("Instant · local")
    assert dialog.action_button.isEnabled()


def test_view_token_is_masked_until_asked_and_forgotten_after(view: TasksView, qtbot: QtBot, services: Any) -> None:
    _choose(view, "t-import")
    _menu(view)["Reveal admin token…"].trigger()
    dialog = _dialog(view, RevealTokenDialog)
    assert services.task_databases.asked("reveal") == []
    assert dialog.edit.text() == MASK
    qtbot.mouseClick(dialog.action_button, LEFT)
    qtbot.waitUntil(lambda: dialog.edit.text() == "the-admin-token")
    qtbot.mouseClick(dialog.copy_button, LEFT)
    assert QGuiApplication.clipboard().text() == "the-admin-token"
    with qtbot.waitSignal(dialog.finished):
        dialog.reject()
    assert secret_clipboard().is_holding
    secret_clipboard().clear()
    assert QGuiApplication.clipboard().text() == ""


def test_clipboard_is_cleared_after_its_time(qtbot: QtBot) -> None:
    clipboard = SecretClipboard(after_s=0)
    clipboard.copy(Secret("the-token"))
    qtbot.waitUntil(lambda: not clipboard.is_holding)
    assert QGuiApplication.clipboard().text() == ""


def test_clipboard_leaves_what_others_copied(qtbot: QtBot) -> None:
    clipboard = SecretClipboard(after_s=1000)
    clipboard.copy(Secret("the-token"))
    QGuiApplication.clipboard().setText("something else")
    clipboard.clear()
    assert QGuiApplication.clipboard().text() == "something else"


def test_view_tokens_are_replaced_after_a_second_look(view: TasksView, qtbot: QtBot, services: Any) -> None:
    _choose(view, "t-import", LOOSE)
    _menu(view)["Replace admin tokens…"].trigger()
    dialog = _dialog(view, RotateTokensDialog)
    assert not dialog.action_button.isEnabled()
    dialog.check.click()
    with qtbot.waitSignal(dialog.rotated) as told:
        qtbot.mouseClick(dialog.action_button, LEFT)
    assert services.task_databases.asked("rotate") == [(("r-river", "r-mountain"),)]
    assert told.args == ["0 of 2 admin tokens replaced."]
    assert dialog.notes.rows[0].sentence.text() == "The old token works."


def test_view_clone_takes_title_rows_and_iteration(view: TasksView, qtbot: QtBot, services: Any) -> None:
    _choose(view, "t-import")
    _menu(view)["Clone…"].trigger()
    dialog = _dialog(view, CloneDialog)
    assert dialog.iteration_box.itemText(1) == "#2 With totals · Import invoices"
    dialog.iteration_box.setCurrentIndex(1)
    dialog.rows_check.setChecked(True)
    with qtbot.waitSignal(view.copied):
        qtbot.mouseClick(dialog.action_button, LEFT)
    assert services.task_databases.asked("clone") == [(RIVER, "swift-blue-river copy", True, "i-2")]


def test_view_iterations_have_the_databases_that_came_from_them(view: TasksView, qtbot: QtBot) -> None:
    view.sides.setCurrentIndex(1)
    model = view.iteration_model
    shown = [[model.data(model.index(row, column)) for column in range(4)] for row in range(model.rowCount())]
    assert shown == [
        ["#2 With totals", "Import invoices", "bright-red-mountain", MOUNTAIN],
        ["#1", "Import invoices", "none", "—"],
    ]
    view.iteration_table.go_to(0)
    with qtbot.waitSignal(view.open_requested) as opened:
        qtbot.keyClick(view.iteration_table, Qt.Key.Key_Return)
    assert opened.args == [AppRef("local", MOUNTAIN)]
    view.copy_chosen()
    assert QGuiApplication.clipboard().text() == MOUNTAIN
    assert not view.create_button.isEnabled()


def test_view_search_finds_task_name_and_id(view: TasksView) -> None:
    for query, keys in (("trip", ["t-plan"]), ("bright-red", [LOOSE]), (RIVER[:6], ["t-import"])):
        view.search_box.setText(query)
        assert [row.key for row in view.model.rows] == keys


def test_view_missing_registry_leads_to_the_foundation(qtbot: QtBot, runner: Runner, services: Any) -> None:
    services.foundation.found_shape = FoundationShape(True, False, missing=("The entity databases is missing.",))
    view = _shown(qtbot, TasksView(runner, CONNECTION))
    _choose(view, "t-new")
    assert not view.create_button.isEnabled()
    with qtbot.waitSignal(view.foundation_requested):
        qtbot.mouseClick(view.notes.rows[0].buttons[0], LEFT)


def test_view_read_only_changes_nothing(qtbot: QtBot, runner: Runner) -> None:
    view = _shown(qtbot, TasksView(runner, replace(CONNECTION, is_read_only=True)))
    _choose(view, "t-import")
    enabled = [text for text, action in _menu(view).items() if action.isEnabled()]
    assert enabled == ["Open", "Copy app ID", "Reveal admin token…"]


def test_view_app_id_column_copies(view: TasksView, qtbot: QtBot) -> None:
    place = view.table.visualRect(view.model.index(0, APP_ID_COLUMN)).center()
    with qtbot.waitSignal(view.copied):
        qtbot.mouseClick(view.table.viewport(), LEFT, pos=place)
    assert QGuiApplication.clipboard().text() == RIVER
