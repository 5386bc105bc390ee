"""The doctor's tab in the main window."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QObject

from app.ui.help.doctor_view import DoctorView

if TYPE_CHECKING:
    from .main_window import MainWindow


def show_doctor(window: MainWindow, connection_id: str | None = None) -> DoctorView:
    """Bring the tab to the front and look: at one connection, or at all. A run that is under way goes on.

    A tab that stays behind looks when it is first shown.
    """
    view = window.app_tabs.page("doctor", "Doctor", lambda: _made(window))
    assert isinstance(view, DoctorView)
    view.set_connections(window.data.connections)
    if window.tabs.currentWidget() is not view:
        view.installEventFilter(_LookWhenShown(view))
    elif connection_id is not None or not view.is_running:
        view.run(connection_id)
    return view


class _LookWhenShown(QObject):
    """Once."""

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Show and isinstance(watched, DoctorView):
            watched.removeEventFilter(self)
            if watched.report is None and not watched.is_running:
                watched.run()
        return False


def _made(window: MainWindow) -> DoctorView:
    view = DoctorView(window.runner)
    view.edit_requested.connect(window.commands.edit_connection)
    view.open_requested.connect(window.open_app)
    view.stage_requested.connect(window.app_tabs.stage)
    view.findings_requested.connect(window.show_findings)
    view.foundation_requested.connect(window.foundation.show)
    view.workspaces_requested.connect(window.stores.show_workspaces)
    view.told.connect(window.status.confirm)
    return view
