"""Trust in the main window: unlocking and locking connections, and the audit trail."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Qt
from PySide6.QtWidgets import QApplication

from app.core.changes import Changes
from app.core.connection import Connection
from app.core.text import plain
from app.ui.work.scope import is_alive

from .window_connection import follow_meant, on_meant

if TYPE_CHECKING:
    from app.services.guards import Unlocked
    from app.services.suite import Services
    from app.ui.connections.guard_bar import GuardBar
    from app.ui.connections.unlock_dialog import UnlockDialog

    from .main_window import MainWindow


class WindowTrust(QObject):
    """The bar and the dialogs are made when there is something to show in them."""

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self._window = window
        self.bar: GuardBar | None = None
        self._dialog: UnlockDialog | None = None
        self._states: tuple[Unlocked, ...] = ()
        window.runner.changed.connect(self._hear)
        window.data.connections_changed.connect(self._show)

    # Locks

    def unlock(self, connection_id: str, reason: str = "") -> None:
        """Ask for it; what is open in front stays in front of the window, and behind the question."""
        from app.ui.connections.unlock_dialog import UnlockDialog

        connection = self._window.data.connection(connection_id)
        if connection is None or (self._dialog is not None and is_alive(self._dialog)):
            return
        minutes = self._window.preferences.number("trust.unlock_minutes")
        parent = QApplication.activeModalWidget() or self._window
        dialog = self._dialog = UnlockDialog(self._window.runner, connection, minutes, parent, reason=reason)
        dialog.unlocked.connect(lambda _state: self._tell(f"{plain(connection.label, 80)} is unlocked for writing"))
        dialog.finished.connect(lambda _result: self._forget())
        dialog.open()

    def lock(self, connection_id: str) -> None:
        connection = self._window.data.connection(connection_id)
        label = plain(connection.label, 80) if connection is not None else "the connection"

        async def lock(services: Services) -> bool:
            return await services.guards.lock(connection_id)

        self._window.runner.start(
            lock, owner=self, title=f"Lock {label}", done=lambda _was: self._tell(f"{label} is locked"), quiet=True
        )

    # The trail

    def show_audit(self) -> None:
        from app.ui.trail.audit_view import AuditView

        window = self._window

        def make() -> AuditView:
            view = AuditView(window.runner)
            view.open_requested.connect(window.open_app)
            view.told.connect(window.status.confirm)
            return view

        window.app_tabs.page("audit", "Audit trail", make)

    # Inside

    def _forget(self) -> None:
        self._dialog = None

    def _tell(self, sentence: str) -> None:
        self._window.status.confirm(sentence)

    def _hear(self, changes: Changes) -> None:
        if changes.guards:
            self._read()
        for connection_id in sorted(changes.refused)[:1]:
            self.unlock(connection_id, "A write was kept back. Once it is unlocked, do it again.")

    def _read(self) -> None:
        async def read(services: Services) -> tuple[Unlocked, ...]:
            return services.guards.all()

        self._window.runner.start(
            read, owner=self, title="Look what is unlocked", done=self._take, replaces="unlocked", quiet=True
        )

    def _take(self, states: tuple[Unlocked, ...]) -> None:
        self._states = states
        self._show()

    def _show(self) -> None:
        if self.bar is None and self._states:
            self.bar = self._made()
        if self.bar is not None:
            self.bar.show_unlocked(self._states, self._window.data.by_id())

    def _made(self) -> GuardBar:
        from app.ui.connections.guard_bar import GuardBar

        bar = GuardBar(self._window)
        bar.lock_requested.connect(self.lock)
        bar.over.connect(self._read)
        self._window.addToolBarBreak(Qt.ToolBarArea.TopToolBarArea)
        self._window.addToolBar(bar)
        self._window.bars.append(bar)
        return bar


def add_trust_actions(window: MainWindow) -> None:
    """Into the menus Connection and View."""
    trust = WindowTrust(window)
    window.navigation.openers["audit"] = lambda _key: trust.show_audit()
    add = window.registry.add
    add(
        "connection.unlock",
        "&Unlock for writing…",
        on_meant(window, trust.unlock, _is_locked),
        menu="Connection",
        shortcut="Ctrl+Shift+L",
        starts_group=True,
        help="Let writes through to a read-only or guarded connection, for a limited time.",
    )
    add(
        "connection.lock",
        "&Lock now",
        on_meant(window, trust.lock, _is_unlocked),
        menu="Connection",
        shortcut="Ctrl+Alt+L",
        help="Take no more writes on an unlocked connection, at once.",
    )
    add(
        "view.audit",
        "A&udit trail",
        trust.show_audit,
        menu="View",
        shortcut="Ctrl+8",
        help="Everything that was changed: when, by whom, where, and how it ended.",
    )
    window.registry.describe("Activity", "Show the chosen call in full", "Enter")
    window.registry.describe("Activity", "Copy the chosen rows", "Ctrl+C")
    window.registry.describe("Audit trail", "Open the app of the chosen act", "Enter")
    follow_meant(window, ("connection.unlock",), _is_locked, _why_not)
    follow_meant(window, ("connection.lock",), _is_unlocked, lambda each: f"{each.label} is not unlocked.")


def _is_locked(connection: Connection) -> bool:
    return connection.needs_unlocking and not connection.is_unlocked


def _is_unlocked(connection: Connection) -> bool:
    return connection.is_unlocked


def _why_not(connection: Connection) -> str:
    label = plain(connection.label, 80)
    return f"{label} is unlocked already." if connection.is_unlocked else f"{label} takes writes at any time."
