"""The tabs about a foundation on the real services and a real local platform: what is found is mended, to the last."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, TypeVar

import pytest
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QDialog
from pytestqt.qtbot import QtBot

from app.services.connections import BUILTIN_ID
from app.ui.foundation.foundation_page import FoundationPage
from app.ui.foundation.mend_dialog import MendDialog
from app.ui.foundation.reconcile_view import ReconcileView
from app.ui.foundation.task_dialogs import CreateDatabasesDialog
from app.ui.foundation.tasks_view import TasksView
from app.ui.foundation.user_dialogs import CreateUserAppDialog
from app.ui.foundation.users_view import UsersView
from app.ui.plans.plan_dialog import PlanDialog
from app.ui.plans.plan_words import Stage
from app.ui.window.main_window import MainWindow
from tests.support.real_window import PATIENCE_MS, asked, real_window

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(240), pytest.mark.xdist_group("services-on-local-platform")]
P = TypeVar("P", bound=FoundationPage)


@pytest.fixture
def opened(qtbot: QtBot, tmp_path: Path) -> Iterator[MainWindow]:
    yield from real_window(qtbot, tmp_path)


@pytest.fixture
def window(qtbot: QtBot, opened: MainWindow) -> MainWindow:
    """With the sample data listed."""

    async def listed(services: Any) -> None:
        await services.local_platform.start()
        await services.directory.refresh([BUILTIN_ID])

    asked(qtbot, opened, listed)
    qtbot.waitUntil(lambda: len(opened.data.table.rows) > 10, timeout=PATIENCE_MS)
    return opened


def _page(window: MainWindow, name: str, kind: type[P]) -> P:
    window.registry[f"foundation.{name}"].trigger()
    page = window.tabs.currentWidget()
    assert isinstance(page, kind)
    return page


def _filled(qtbot: QtBot, window: MainWindow, name: str, kind: type[P]) -> P:
    """With its rows."""
    page = _page(window, name, kind)
    qtbot.waitUntil(page.table.isVisible, timeout=PATIENCE_MS)
    return page


def _dialog(window: MainWindow, kind: type[QDialog]) -> Any:
    return next(each for each in window.findChildren(kind) if each.isVisible())


def test_user_gets_an_app_from_a_template(window: MainWindow, qtbot: QtBot) -> None:
    page = _filled(qtbot, window, "users", UsersView)
    user = next(row for row in page.model.rows if row.state == "no app")
    page.table.select_keys(frozenset({user.user_id}))
    page.create_button.click()
    dialog = _dialog(window, CreateUserAppDialog)
    qtbot.waitUntil(lambda: dialog.choice.name == "todo", timeout=PATIENCE_MS)
    dialog.action_button.click()

    def is_there() -> bool:
        row = page.model.rows[page.model.place(user.user_id)]
        return row.state == "ok" and row.agents > 0

    qtbot.waitUntil(is_there, timeout=PATIENCE_MS)
    assert not page.notes.rows
    assert not page.create_button.isEnabled()


def test_task_gets_a_database_whose_id_is_copied(window: MainWindow, qtbot: QtBot) -> None:
    page = _filled(qtbot, window, "tasks", TasksView)
    task = next(row for row in page.model.rows if row.state == "none")
    page.table.select_keys(frozenset({task.key}))
    page.create_button.click()
    _dialog(window, CreateDatabasesDialog).action_button.click()
    qtbot.waitUntil(lambda: page.model.rows[page.model.place(task.key)].state == "ready", timeout=PATIENCE_MS)
    made = page.model.rows[page.model.place(task.key)]
    assert len(made.name.split("-")) == 3
    assert made.has_token
    page.copy_button.click()
    assert QGuiApplication.clipboard().text() == made.app_id


def test_everything_that_is_found_is_mended(window: MainWindow, qtbot: QtBot) -> None:
    page = _page(window, "reconcile", ReconcileView)
    qtbot.waitUntil(lambda: page.found is not None, timeout=PATIENCE_MS)
    assert page.found is not None
    assert len(page.found.findings) >= 5
    page.choose_for_all("unowned-app", "other")
    page.mark_all()
    keys = [each.key for each in page.found.findings]
    qtbot.waitUntil(lambda: set(page.choices.marked()) == set(keys), timeout=PATIENCE_MS)
    page.mend_button.click()
    dialog = _dialog(window, MendDialog)
    qtbot.waitUntil(lambda: dialog.sentences.count() == len(keys), timeout=PATIENCE_MS)
    dialog.check.click()
    dialog.action_button.click()
    qtbot.waitUntil(lambda: dialog.is_over, timeout=PATIENCE_MS)
    assert dialog.about.text() == f"{len(keys)} of {len(keys)} findings done."
    for row in dialog.notes.rows:
        for button in row.buttons:
            button.click()
    dialog.action_button.click()
    _push(_dialog(window, PlanDialog), qtbot)
    qtbot.waitUntil(lambda: page.found is not None and page.found.is_well, timeout=PATIENCE_MS)
    assert page.empty.title.text() == "All well"


def _push(plan: PlanDialog, qtbot: QtBot) -> None:
    def is_ready() -> bool:
        return plan.stage is Stage.REVIEW and plan.review_page.isVisible()

    qtbot.waitUntil(is_ready, timeout=PATIENCE_MS)
    check = plan.review_page.confirmation.check
    if check is not None:
        check.click()
    qtbot.waitUntil(plan.action_button.isEnabled, timeout=PATIENCE_MS)
    plan.action_button.click()
    qtbot.waitUntil(lambda: plan.stage is Stage.ENDED, timeout=PATIENCE_MS)
    plan.accept()
