"""The tabs about a foundation: users, tasks in every state, and a reconciliation with findings."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

from PySide6.QtWidgets import QWidget

from app.services.connections import BUILTIN_ID
from app.ui.foundation.reconcile_view import ReconcileView
from app.ui.foundation.tasks_view import TasksView
from app.ui.foundation.users_view import UsersView
from app.ui.program.application import Start

Until = Callable[[Callable[[], object], str], None]


def screens(start: Start, until: Until) -> Iterator[tuple[str, QWidget]]:
    """Each tab in the window, closed after its picture."""
    window = start.window
    for name, fill in (("users", _users), ("tasks", _tasks), ("reconcile", _reconcile)):
        window.foundation.show(name, BUILTIN_ID)
        fill(window.tabs.currentWidget(), until)
        yield name, window
        window.close_current_tab()


def _users(page: QWidget, until: Until) -> None:
    assert isinstance(page, UsersView)
    until(page.table.isVisible, "the users")
    page.table.go_to(1)


def _tasks(page: QWidget, until: Until) -> None:
    """With what is there for a moment only, or only when a platform fails."""
    assert isinstance(page, TasksView)
    until(page.table.isVisible, "the tasks")
    rows = [replace(each, state="creating") if each.state == "none" else each for each in page.model.all_rows]
    failed = replace(
        rows[-1], name="", app_id="", record_id="", state="failed", sentence="The platform did not answer."
    )
    page.model.show_rows([*rows[:-1], failed])
    page.table.go_to(0)


def _reconcile(page: QWidget, until: Until) -> None:
    assert isinstance(page, ReconcileView)
    until(lambda: page.found is not None, "the reconciliation")
    page.mark_all()
