"""The tabs and the dialog about foundations in the main window."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from app.core.apps import AppKind, AppSummary
from app.core.connection import Connection
from app.core.errors import Unsupported
from app.core.refs import AppRef
from app.core.text import plain
from app.platforms.traits import registry_refusal

from .connection_pages import ConnectionPages
from .window_connection import follow_meant, on_meant

if TYPE_CHECKING:
    from app.schema.draft import Draft
    from app.ui.foundation.foundation_page import FoundationPage

    from .main_window import MainWindow

_MENU = "Foundation"
_NAMES = ("foundation.users", "foundation.tasks", "foundation.reconcile", "foundation.show")


class WindowFoundation(ConnectionPages):
    """Opens a tab for each connection and kind."""

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        window.commands.reconcile_wanted.connect(self.show_reconcile)

    # Tabs

    def show(self, kind: str, connection_id: str) -> None:
        """What the menus of other parts name: ``users``, ``tasks``, ``reconcile``, ``foundation``."""
        shows: dict[str, Callable[[str], None]] = {
            "users": self.show_users,
            "tasks": self.show_tasks,
            "reconcile": self.show_reconcile,
            "foundation": self.show_foundation,
        }
        shows[kind](connection_id)

    def show_users(self, connection_id: str) -> None:
        from app.ui.foundation.users_view import UsersView

        self._page("users", "Users", connection_id, lambda each: UsersView(self._window.runner, each))

    def show_tasks(self, connection_id: str) -> None:
        from app.ui.foundation.tasks_view import TasksView

        self._page("tasks", "Tasks", connection_id, lambda each: TasksView(self._window.runner, each))

    def show_reconcile(self, connection_id: str, app_id: str = "") -> None:
        """``app_id``: go to what was found about this app."""
        from app.ui.foundation.reconcile_view import ReconcileView

        def make(connection: Connection) -> ReconcileView:
            view = ReconcileView(self._window.runner, connection)
            view.plan_requested.connect(self.show_plan)
            return view

        page = self._page("reconcile", "Reconcile", connection_id, make)
        if app_id and isinstance(page, ReconcileView):
            page.go_to(app_id)

    def _page(
        self, kind: str, title: str, connection_id: str, make: Callable[[Connection], FoundationPage]
    ) -> FoundationPage | None:
        """In front; None where there is no such page, which was said then."""
        connection = self.connection(connection_id)
        if connection is None or self._refuse(connection):
            return None

        def made() -> FoundationPage:
            page = make(connection)
            page.foundation_requested.connect(self.show_foundation)
            return page

        return self.open_page(kind, title, connection, made)

    # Dialogs

    def show_foundation(self, connection_id: str) -> None:
        """What the foundation has and lacks; without one, the connection is edited to name it."""
        from app.ui.foundation.foundation_dialog import FoundationDialog

        connection = self.connection(connection_id)
        if connection is None or self._refuse(connection):
            return
        if connection.foundation_app_id is None:
            self._window.commands.edit_connection(connection_id)
            return
        dialog = FoundationDialog(self._window.runner, connection, self._window)
        dialog.plan_requested.connect(self.show_plan)
        dialog.named.connect(self._window.status.confirm)
        dialog.open()

    def show_plan(self, ref: AppRef, draft: Draft) -> None:
        """The plan of a draft that nobody edits: reviewed and pushed like any other."""
        from app.ui.plans.draft_subject import LooseDraft
        from app.ui.plans.plan_dialog import PlanDialog

        window, connection = self._window, self.connection(ref.connection_id)
        if connection is None:
            return
        kind = AppKind.FOUNDATION if ref.app_id == connection.foundation_app_id else AppKind.OTHER
        app = window.data.app(ref) or AppSummary(ref.connection_id, ref.app_id, "", kind=kind.value)
        dialog = PlanDialog(window.runner, LooseDraft(ref, draft), connection, app, window)
        dialog.pushed.connect(lambda report: window.status.confirm(plain(report.sentence, 200)))
        dialog.pushed.connect(lambda report: window.commands.pushed.emit(ref, report))
        dialog.copied.connect(window.status.confirm)
        dialog.open()

    def _refuse(self, connection: Connection) -> bool:
        """Say why there are no users and tasks here; False where there are."""
        refusal = registry_refusal(connection)
        if refusal:
            self._window.runner.known_error.emit(Unsupported(refusal), "")
        return bool(refusal)


def add_foundation_actions(window: MainWindow) -> None:
    add, shown = window.registry.add, window.foundation

    def on(act: Callable[[str], None]) -> Callable[[], None]:
        return on_meant(window, act, _has_foundation)

    add("foundation.users", "&Users", on(shown.show_users), menu=_MENU, shortcut="Ctrl+Shift+U")
    add("foundation.tasks", "&Tasks", on(shown.show_tasks), menu=_MENU, shortcut="Ctrl+Shift+K")
    add("foundation.reconcile", "&Reconcile", on(shown.show_reconcile), menu=_MENU, shortcut="Ctrl+Shift+R")
    add("foundation.show", "Registries and &names…", on(shown.show_foundation), menu=_MENU, starts_group=True)
    follow_meant(window, _NAMES, _has_foundation, registry_refusal)


def _has_foundation(connection: Connection) -> bool:
    return not registry_refusal(connection)
