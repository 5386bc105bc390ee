"""What the main window shows: overview, lower panel, and the tabs about connections."""

from __future__ import annotations

from PySide6.QtWidgets import QWidget

from app.core.errors import Unreachable
from app.ui.foundation.reconcile_view import ReconcileView
from app.ui.foundation.tasks_view import TasksView
from app.ui.foundation.users_view import UsersView
from app.ui.help.doctor_view import DoctorView
from app.ui.palette.palette_dialog import PaletteDialog
from app.ui.parts.info_dialogs import AboutDialog
from app.ui.plans.cohorts_view import CohortsView
from app.ui.settings.keymap_dialog import KeymapDialog
from app.ui.stores.workspaces_view import WorkspacesView
from app.ui.window.main_window import MainWindow
from tests.ui.screen_book import W, screen
from tests.ui.stage import CLOUD, LOCAL, STORES, Stage, calls


@screen("overview")
def overview(stage: Stage) -> MainWindow:
    window = stage.window()
    window.show_findings()
    return window


@screen("overview-production")
def overview_production(stage: Stage) -> MainWindow:
    """Narrowed to a production connection, with an error told of."""
    window = stage.window()
    window.choose_connection(CLOUD.id)
    window.messages.show_error(Unreachable("The platform does not answer.", remedy="Try again later."), "Refresh")
    return window


@screen("overview-empty")
def overview_empty(stage: Stage) -> MainWindow:
    """As it is before there is anything."""
    stage.services.connections.all = lambda: ()
    stage.services.directory.rows = ()
    stage.services.status.all = lambda: ()
    return stage.window()


@screen("activity")
def activity(stage: Stage) -> MainWindow:
    window = stage.window()
    for call in calls():
        stage.services.activity.record(call)
    window.show_activity()
    assert window.bottom is not None
    model = window.bottom.activity.model
    stage.until(lambda: model.rowCount() == len(calls()))
    return window


@screen("jobs")
def jobs(stage: Stage) -> MainWindow:
    window = stage.window()
    window.commands.refresh()
    stage.quiet()
    window.show_jobs()
    return window


def _front(stage: Stage, kind: type[W]) -> W:
    page = stage.window().tabs.currentWidget()
    assert isinstance(page, kind)
    return page


def _foundation(stage: Stage, name: str, kind: type[W]) -> W:
    stage.window().foundation.show(name, LOCAL.id)
    return _front(stage, kind)


def _at_row(stage: Stage, page: UsersView | TasksView, row: int) -> MainWindow:
    stage.until(page.table.isVisible)
    page.table.go_to(row)
    return stage.window()


@screen("users")
def users(stage: Stage) -> MainWindow:
    return _at_row(stage, _foundation(stage, "users", UsersView), 1)


@screen("tasks")
def tasks(stage: Stage) -> MainWindow:
    return _at_row(stage, _foundation(stage, "tasks", TasksView), 0)


@screen("reconcile")
def reconcile(stage: Stage) -> MainWindow:
    page = _foundation(stage, "reconcile", ReconcileView)
    stage.until(lambda: page.found is not None)
    page.mark_all()
    return stage.window()


@screen("workspaces")
def workspaces(stage: Stage) -> MainWindow:
    window = stage.window()
    window.stores.show_workspaces(STORES.id)
    page = _front(stage, WorkspacesView)
    stage.until(lambda: page.findings.findings and not page.work.is_scanning)
    page.check()
    stage.until(lambda: not page.work.is_checking)
    page.show_workspace("w-blue")
    return window


@screen("cohorts")
def cohorts(stage: Stage) -> MainWindow:
    window = stage.window()
    window.app_tabs.show_cohorts()
    page = _front(stage, CohortsView)
    page.read()
    stage.until(page.tree.isVisible)
    return window


@screen("doctor")
def doctor(stage: Stage) -> MainWindow:
    window = stage.window()
    window.show_doctor()
    page = _front(stage, DoctorView)
    stage.until(lambda: page.report is not None and page.list.is_full and not page.is_running)
    return window


@screen("palette")
def palette(stage: Stage) -> PaletteDialog:
    stage.window().open_palette()
    return stage.shown(PaletteDialog)


def _palette_for(stage: Stage, words: str) -> PaletteDialog:
    dialog = palette(stage)
    stage.until(lambda: dialog.search.index is not None)
    dialog.box.setText(words)
    stage.until(lambda: dialog.is_settled)
    return dialog


@screen("palette-entities")
def palette_entities(stage: Stage) -> PaletteDialog:
    return _palette_for(stage, "ana.me")


@screen("palette-found")
def palette_found(stage: Stage) -> PaletteDialog:
    return _palette_for(stage, "re")


@screen("shortcuts")
def shortcuts(stage: Stage) -> QWidget:
    stage.window().registry["help.shortcuts"].trigger()
    return stage.latest()


@screen("keys")
def keys(stage: Stage) -> KeymapDialog:
    stage.window().registry["help.keys"].trigger()
    dialog = stage.shown(KeymapDialog)
    dialog.keymap.assign("view.findings", "F9")
    dialog.choose("view.jobs")
    return dialog


@screen("about")
def about(stage: Stage) -> AboutDialog:
    stage.window().show_about()
    return stage.shown(AboutDialog)
