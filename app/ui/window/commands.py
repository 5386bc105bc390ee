"""What the window's actions do: one method per command, dialogs opened, work handed to the runner."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QDialog, QWidget

from app.core.errors import KnownError, NotFound, Unsupported
from app.core.refs import AppRef
from app.core.status import Finding, FindingAction
from app.core.text import plain
from app.platforms.traits import traits_of
from app.ui.overview.live_data import LiveData
from app.ui.work.runner import ProgressReporter, Runner

if TYPE_CHECKING:
    from app.core.apps import AppSummary
    from app.services.directory import RefreshFailure
    from app.services.suite import Services
    from app.services.workshop_words import Source


class Commands(QObject):
    """Knows services and dialogs, but nothing of how the window is laid out."""

    app_wanted = Signal(object)  # AppRef: select it in the list
    app_created = Signal(object, str)  # AppRef, and its title, which no list knows yet
    view_wanted = Signal(object)  # AppRef: open it in a tab
    app_deleted = Signal(object)  # AppRef
    staging_wanted = Signal(object, object)  # AppRef, Draft: open it in a tab with these edits staged
    reconcile_wanted = Signal(str, str)  # connection ID, and the app to go to or ""
    confirmed = Signal(str)  # a sentence for the status bar
    renamed = Signal(object, object)  # AppSummary before and now
    pushed = Signal(object, object)  # AppRef, PushReport of a push from a dialog of its own

    def __init__(self, runner: Runner, data: LiveData, window: QWidget) -> None:
        super().__init__(window)
        self._runner, self._data, self._window = runner, data, window
        self.chosen_id: str | None = None

    # Reading

    def tell_notices(self) -> None:
        """What went wrong before there was a window to say it."""

        async def work(services: Services) -> tuple[KnownError, ...]:
            return services.notices

        self._runner.start(work, owner=self, title="Read what happened at the start", done=self._notice, quiet=True)

    def _notice(self, notices: tuple[KnownError, ...]) -> None:
        for each in notices:
            self._runner.known_error.emit(each, "")

    def refresh(self) -> None:
        """Check and list the chosen connection, or all."""
        self._refresh([self.chosen_id] if self.chosen_id else None)

    def check(self, connection_id: str) -> None:
        self._refresh([connection_id])

    def first_refresh(self) -> None:
        """Show how the services read everything at the start; what fails is on the cards."""
        reporter = ProgressReporter()
        self._runner.start(
            lambda services: services.directory.refresh(None, reporter),
            owner=self,
            title="Read all connections",
            reporter=reporter,
        )

    def _refresh(self, connection_ids: list[str] | None) -> None:
        reporter = ProgressReporter()

        async def work(services: Services) -> tuple[RefreshFailure, ...]:
            await services.status.check(connection_ids[0] if connection_ids else None)
            return await services.directory.refresh(connection_ids, reporter)

        label = self._label(connection_ids[0]) if connection_ids else "all connections"
        self._runner.start(
            work, owner=self, title=f"Refresh {label}", reporter=reporter, done=self._refreshed, replaces="refresh"
        )

    def _refreshed(self, failures: tuple[RefreshFailure, ...]) -> None:
        if not failures:
            self.confirmed.emit("Refreshed")
            return
        first = failures[0]
        self._runner.known_error.emit(first.error, f"Refresh {self._label(first.connection_id)}")

    def _label(self, connection_id: str) -> str:
        connection = self._data.connection(connection_id)
        return connection.label if connection else "connection"

    # Connections

    def add_connection(self) -> None:
        from app.ui.connections.connection_dialog import ConnectionDialog

        self._open(ConnectionDialog(self._runner, parent=self._window))

    def edit_connection(self, connection_id: str) -> None:
        from app.ui.connections.connection_dialog import ConnectionDialog

        connection = self._data.connection(connection_id)
        if connection is None:
            self._gone("This connection was removed.")
            return
        self._open(ConnectionDialog(self._runner, connection, parent=self._window))

    def remove_connection(self, connection_id: str) -> None:
        from app.ui.connections.remove_connection_dialog import RemoveConnectionDialog

        connection = self._data.connection(connection_id)
        if connection is None:
            self._gone("This connection was removed.")
            return
        dialog = RemoveConnectionDialog(connection, self._window)
        dialog.accepted.connect(lambda: self._remove(connection_id, connection.label))
        self._open(dialog)

    def _remove(self, connection_id: str, label: str) -> None:
        self._runner.start(
            lambda services: services.connections.remove(connection_id),
            owner=self,
            title=f"Remove {label}",
            done=lambda _: self.confirmed.emit(f"Removed the connection {label}"),
        )

    # Apps

    def create_app(self) -> None:
        from app.ui.apps.create_app_dialog import CreateAppDialog

        dialog = CreateAppDialog(self._runner, self._data.connections, self.chosen_id, self._window)
        dialog.created.connect(self._created)
        self._open(dialog)

    def _created(self, app: AppSummary) -> None:
        self.confirmed.emit(f"Created “{plain(app.title, 60)}”")
        ref = AppRef(app.connection_id, app.app_id)
        self.app_created.emit(ref, app.title)

    def rename_app(self, ref: AppRef, proposed: str | None = None) -> None:
        """``proposed``: the title that stands in the field from the start."""
        from app.ui.apps.rename_app_dialog import RenameAppDialog

        app, connection = self._data.app(ref), self._data.connection(ref.connection_id)
        if app is None or connection is None:
            self._gone("This app is not in the list any more.")
            return
        refusal = traits_of(connection).rename_refusal
        if refusal:
            self._runner.known_error.emit(Unsupported(refusal), "")
            return
        dialog = RenameAppDialog(self._runner, connection, app, self._window, proposed=proposed)
        dialog.renamed.connect(lambda now: self.confirmed.emit(f"Renamed to “{plain(now.title, 60)}”"))
        dialog.renamed.connect(lambda now: self.renamed.emit(app, now))
        self._open(dialog)

    def delete_app(self, ref: AppRef) -> None:
        from app.ui.apps.delete_app_dialog import DeleteAppDialog

        app, connection = self._data.app(ref), self._data.connection(ref.connection_id)
        if app is None or connection is None:
            self._gone("This app is not in the list any more.")
            return
        dialog = DeleteAppDialog(self._runner, connection, app, self._window)
        dialog.deleted.connect(self.app_deleted)
        dialog.deleted.connect(lambda _: self.confirmed.emit(f"Deleted “{plain(app.title, 60)}”"))
        self._open(dialog)

    # Schemas

    def show_history(self, ref: AppRef | None) -> None:
        """Pushes and versions of an app; the pushes of all with None."""
        from app.ui.plans.history_dialog import HistoryDialog

        app = self._data.app(ref) if ref is not None else None
        dialog = HistoryDialog(self._runner, self._data.connections, app, self._window)
        dialog.pushed.connect(lambda _ref, report: self.confirmed.emit(plain(report.sentence, 200)))
        dialog.pushed.connect(self.pushed)
        dialog.stage_requested.connect(self.staging_wanted)
        dialog.copied.connect(self.confirmed)
        self._open(dialog)

    def compare_app(self, ref: AppRef | None) -> None:
        """Compare an app with anything; both sides are to be chosen with None."""
        from app.services.workshop_words import AppSource

        self.compare(AppSource(ref) if ref is not None else None)

    def compare(self, left: Source | None = None, right: Source | None = None) -> None:
        from app.ui.plans.compare_dialog import CompareDialog

        dialog = CompareDialog(self._runner, left, right, self._window)
        dialog.stage_requested.connect(self.staging_wanted)
        dialog.copied.connect(self.confirmed)
        self._open(dialog)

    # Findings

    def act_on(self, finding: Finding, action: FindingAction) -> None:
        if action is FindingAction.EDIT_CONNECTION:
            self.edit_connection(finding.connection_id)
        elif action is FindingAction.RETRY:
            self.check(finding.connection_id)
        elif action is FindingAction.RECONCILE:
            self.reconcile_wanted.emit(finding.connection_id, finding.app_id or "")
        elif finding.app_id is not None:
            self._act_on_app(AppRef(finding.connection_id, finding.app_id), action)

    def _act_on_app(self, ref: AppRef, action: FindingAction) -> None:
        if action is FindingAction.COPY_APP_ID:
            QGuiApplication.clipboard().setText(ref.app_id)
            self.confirmed.emit(f"Copied {ref.app_id}")
        elif action is FindingAction.SHOW_APP:
            self.app_wanted.emit(ref)

    # Inside

    def _open(self, dialog: QDialog) -> None:
        dialog.open()

    def _gone(self, sentence: str) -> None:
        error: KnownError = NotFound(sentence)
        self._runner.known_error.emit(error, "")
