"""The tabs about main databases and their stores in the main window."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from app.core.connection import Connection, Environment
from app.core.refs import AppRef
from app.core.text import plain
from app.platforms.traits import traits_of
from app.ui.parts.environment_badge import undo_words
from app.ui.work.scope import is_alive

from .connection_pages import ConnectionPages
from .window_connection import follow_meant, on_meant

if TYPE_CHECKING:
    from app.services.store_words import Workspace
    from app.services.suite import Services
    from app.ui.stores.workspaces_view import WorkspacesView

    from .main_window import MainWindow

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
        from app.ui.stores.workspaces_view import WorkspacesView

        window = self._window
        page = WorkspacesView(window.runner, connection)
        page.compare_requested.connect(self.compare)
        page.written.connect(partial(self._told, connection.id))
        return page

    # The way back

    def _told(self, connection_id: str, sentence: str, workspace: Workspace) -> None:
        """With the way back where there is one; else with the way to the trail."""

        async def look(services: Services) -> bool:
            return services.stores.undo.is_possible(connection_id, workspace.id)

        def tell(is_possible: bool) -> None:
            comfort, connection = self._window.comfort, self._window.data.connection(connection_id)
            if is_possible and connection is not None:
                back = partial(self._put_back, connection_id, workspace)
                comfort.messages.show(sentence, undo_words(connection.environment), back)
            else:
                comfort.tell_written(sentence)

        self._window.runner.start(look, owner=self, title="Look whether it can be undone", done=tell, quiet=True)

    def _put_back(self, connection_id: str, workspace: Workspace) -> None:
        from app.ui.stores.put_back_dialog import PutBackDialog, put_back_sentence

        window, connection = self._window, self._window.data.connection(connection_id)
        name = plain(workspace.name, 80) or plain(workspace.id, 60)
        if connection is not None and connection.environment is Environment.PRODUCTION:
            dialog = PutBackDialog(window.runner, connection, workspace.id, name, window)
            dialog.told.connect(self._end)
            dialog.open()
            return

        async def put_back(services: Services) -> str:
            return put_back_sentence(name, await services.stores.undo.put_back(connection_id, workspace.id))

        window.runner.start(put_back, owner=self, title=f"Put the store of {name} back", done=self._end)

    def _end(self, sentence: str) -> None:
        self._window.status.confirm(sentence)
        for page in self._pages:
            if is_alive(page):
                page.read()

    def compare(self, left: AppRef, right: AppRef) -> None:
        """The schemas of two stores beside each other."""
        from app.services.workshop_words import AppSource

        self._window.commands.compare(AppSource(left), AppSource(right))


def add_store_actions(window: MainWindow) -> None:
    show = on_meant(window, window.stores.show_workspaces, has_workspaces)
    window.registry.add(_NAME, "&Workspaces", show, menu="Connection", shortcut="Ctrl+Shift+W", starts_group=True)
    follow_meant(window, (_NAME,), has_workspaces, lambda _connection: "This connection has no main database.")
