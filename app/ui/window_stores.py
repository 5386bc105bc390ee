"""The tabs about main databases and their stores in the main window."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.core.connection import Connection
from app.core.refs import AppRef
from app.platforms.traits import traits_of

from .connection_pages import ConnectionPages
from .window_connection import follow_meant, on_meant

if TYPE_CHECKING:
    from .main_window import MainWindow
    from .workspaces_view import WorkspacesView

_NAME = "stores.workspaces"


def has_workspaces(connection: Connection) -> bool:
    """Whether the connection names a main database."""
    return connection.foundation_app_id is not None and traits_of(connection).has_main_database


class WindowStores(ConnectionPages):
    """Opens a tab for each main database."""

    def show_workspaces(self, connection_id: str) -> None:
        connection = self.connection(connection_id)
        if connection is not None:
            self.open_page("workspaces", "Workspaces", connection, lambda: self._made(connection))

    def _made(self, connection: Connection) -> WorkspacesView:
        from .workspaces_view import WorkspacesView

        window = self._window
        page = WorkspacesView(window.runner, connection)
        page.compare_requested.connect(self.compare)
        page.written.connect(window.comfort.tell_written)
        return page

    def compare(self, left: AppRef, right: AppRef) -> None:
        """The schemas of two stores beside each other."""
        from app.services.workshop_words import AppSource

        self._window.commands.compare(AppSource(left), AppSource(right))


def add_store_actions(window: MainWindow) -> None:
    show = on_meant(window, window.stores.show_workspaces, has_workspaces)
    window.registry.add(_NAME, "&Workspaces", show, menu="Connection", shortcut="Ctrl+Shift+W", starts_group=True)
    follow_meant(window, (_NAME,), has_workspaces, lambda _connection: "This connection has no main database.")
