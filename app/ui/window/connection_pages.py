"""The tabs that are about a connection as a whole: opened once for each, and kept told of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, cast

from PySide6.QtCore import QObject

from app.core.connection import Connection, Environment
from app.core.errors import KnownError, NotFound
from app.core.text import plain
from app.ui.look.theme import badge_text
from app.ui.work.scope import is_alive

if TYPE_CHECKING:
    from app.ui.foundation.foundation_page import FoundationPage

    from .main_window import MainWindow


class ConnectionPages(QObject):
    """What opens such tabs in the main window derives from this."""

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self._window = window
        self._pages: list[FoundationPage] = []
        window.data.connections_changed.connect(self._tell)

    def connection(self, connection_id: str) -> Connection | None:
        """None where it was removed, which is said then."""
        connection = self._window.data.connection(connection_id)
        if connection is None:
            error: KnownError = NotFound("This connection was removed.")
            self._window.runner.known_error.emit(error, "")
        return connection

    def open_page(
        self, kind: str, title: str, connection: Connection, make: Callable[[], FoundationPage]
    ) -> FoundationPage:
        """The tab of this kind for this connection, in front; made where it is not open."""

        def made() -> FoundationPage:
            window, page = self._window, make()
            self._pages.append(page)
            page.open_requested.connect(window.open_app)
            page.copied.connect(window.status.confirm)
            page.edit_connection_requested.connect(window.commands.edit_connection)
            page.undoable.connect(window.comfort.messages.show)
            return page

        page = self._window.app_tabs.page(f"{kind} {connection.id}", _tab_title(title, connection), made)
        return cast("FoundationPage", page)

    def _tell(self) -> None:
        self._pages = [each for each in self._pages if is_alive(each)]
        for page in self._pages:
            connection = self._window.data.connection(page.connection.id)
            if connection is not None:
                page.set_connection(connection)


def _tab_title(title: str, connection: Connection) -> str:
    """Whose it is, with the environment wherever it is not the local one."""
    label = plain(connection.label, 30).replace("&", "&&")
    if connection.environment is Environment.LOCAL:
        return f"{title} · {label}"
    return f"{title} · {label} · {badge_text(connection.environment)}"
