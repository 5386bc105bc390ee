"""The way back from linking or unlinking an app of a user; where it is production, through the dialog that asks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.core.connection import Environment
from app.core.text import plain
from app.ui.parts.environment_badge import undo_words
from app.ui.work.runner import Runner
from app.ui.work.scope import is_alive

from .users_model import email

if TYPE_CHECKING:
    from app.services.foundation import UserRow
    from app.services.suite import Services

    from .users_view import UsersView


class LinkUndo:
    """``user`` has the one app that it is about. It may be asked when the view has gone."""

    def __init__(self, view: UsersView, runner: Runner, user: UserRow) -> None:
        self._view, self._runner, self._user = view, runner, user
        self._connection, self._window = view.connection, view.window()
        self._app_id = user.app_ids[0]

    @property
    def words(self) -> str:
        return undo_words(self._connection.environment)

    @property
    def _asks_first(self) -> bool:
        return self._connection.environment is Environment.PRODUCTION

    def link(self) -> None:
        if self._asks_first:
            from .user_dialogs import LinkAppDialog

            dialog = LinkAppDialog(self._runner, self._connection, self._user, self._window, proposed=self._app_id)
            dialog.linked.connect(lambda sentence, _app: self._told(sentence))
            dialog.open()
            return
        connection_id, user, app_id = self._connection.id, self._user, self._app_id

        async def link(services: Services) -> str:
            await services.foundation.link(connection_id, user.user_id, app_id)
            return f"Linked {plain(app_id, 60)} to {email(user)} again"

        self._runner.start(link, owner=self._window, title="Link an app again", done=self._told)

    def unlink(self) -> None:
        if self._asks_first:
            from .user_dialogs import UnlinkAppDialog

            dialog = UnlinkAppDialog(self._runner, self._connection, self._user, self._window)
            dialog.unlinked.connect(lambda sentence, _app_id: self._told(sentence))
            dialog.open()
            return
        connection_id, user, app_id = self._connection.id, self._user, self._app_id

        async def unlink(services: Services) -> str:
            await services.foundation.unlink(connection_id, user.user_id, app_id)
            return f"Unlinked {plain(app_id, 60)} from {email(user)} again"

        self._runner.start(unlink, owner=self._window, title="Unlink an app again", done=self._told)

    def _told(self, sentence: str) -> None:
        if is_alive(self._view):
            self._view.changed(sentence)
