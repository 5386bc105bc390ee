"""The tabs about main databases and their stores in the main window."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject

from app.core.connection import Connection
from app.core.errors import KnownError, NotFound
from app.core.refs import AppRef
from app.platforms.traits import traits_of

from .scope import is_alive
from .window_connection import follow_meant, on_meant
from .window_foundation import tab_title

if TYPE_CHECKING:
    from .main_window import MainWindow
    from .workspaces_view import WorkspacesView

_NAME = "stores.workspaces"


def has_workspaces(connection: Connection) -> bool:
    """Whether the connection names a main database."""
    return connection.foundation_app_id is not None and traits_of(connection).has_main_database


class WindowStores(QObject):
    """Opens a tab for each main database, and keeps them told of their connection."""

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self._window = window
        self._pages: list[WorkspacesView] = []
        window.data.connections_changed.connect(self._tell)

    def show_workspaces(self, connection_id: str) -> None:
        connection = self._window.data.connection(connection_id)
        if connection is None:
            error: KnownError = NotFound("This connection was removed.")
            self._window.runner.known_error.emit(error, "")
            return
        self._window.app_tabs.page(
            f"workspaces {connection_id}", tab_title("Workspaces", connection), lambda: self._made(connection)
        )

    def _made(self, connection: Connection) -> WorkspacesView:
        from .workspaces_view import WorkspacesView

        window = self._window
        page = WorkspacesView(window.runner, connection)
        self._pages.append(page)
        page.open_requested.connect(window.open_app)
        page.compare_requested.connect(self.compare)
        page.copied.connect(window.status.confirm)
        page.written.connect(window.comfort.tell_written)
        page.edit_connection_requested.connect(window.commands.edit_connection)
        return page

    def compare(self, left: AppRef, right: AppRef) -> None:
        """The schemas of two stores beside each other."""
        from app.services.workshop_words import AppSource

        self._window.commands.compare(AppSource(left), AppSource(right))

    def _tell(self) -> None:
        self._pages = [each for each in self._pages if is_alive(each)]
        for page in self._pages:
            connection = self._window.data.connection(page.connection.id)
            if connection is not None:
                page.set_connection(connection)


def add_store_actions(window: MainWindow) -> None:
    show = on_meant(window, window.stores.show_workspaces, has_workspaces)
    window.registry.add(_NAME, "&Workspaces", show, menu="Connection", shortcut="Ctrl+Shift+W", starts_group=True)
    follow_meant(window, (_NAME,), has_workspaces, lambda _connection: "This connection has no main database.")
