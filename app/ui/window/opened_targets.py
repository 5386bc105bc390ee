"""Opens what the program was asked for: an app's tab, or a schema file beside an app."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from PySide6.QtCore import QObject, Qt

from app.core.errors import KnownError, NotFound
from app.core.refs import AppRef
from app.core.targets import AppTarget, SchemaFileTarget, Target, parse_target
from app.core.text import plain

if TYPE_CHECKING:
    from PySide6.QtWidgets import QDialog

    from app.services.directory import RefreshFailure
    from app.services.suite import Services
    from app.ui.window.main_window import MainWindow


class _Found(NamedTuple):
    refs: tuple[AppRef, ...]
    silent: tuple[str, ...]  # connections that could not be asked


class OpenedTargets(QObject):
    """An app that the list does not know is looked for on the platforms before anybody is told that it is not there."""

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self._window = window
        self._awaited: list[AppRef] = []
        self._files: list[Path] = []
        self._dialog: QDialog | None = None
        # Behind the list's own, which has to know an app before its tab can be opened.
        window.data.apps_changed.connect(self._open_awaited, Qt.ConnectionType.QueuedConnection)

    def open_text(self, text: str) -> None:
        """Open what an untrusted text names; say why where it names nothing."""
        try:
            target = parse_target(text)
        except KnownError as error:
            self._window.runner.known_error.emit(error, "")
            return
        self.open(target)

    def open(self, target: Target) -> None:
        if isinstance(target, SchemaFileTarget):
            self._files.append(target.path)
            self._next_file()
        else:
            self._open_app(target)

    # Apps

    def _open_app(self, target: AppTarget) -> None:
        refs = self._known(target)
        if refs:
            self._open_one(refs)
            return
        self._window.status.confirm(f"Looking for the app {plain(target.app_id, 60)}…")
        self._window.runner.start(
            partial(_look, target),
            owner=self,
            title=f"Look for the app {plain(target.app_id, 60)}",
            done=partial(self._take, target),
        )

    def _known(self, target: AppTarget) -> tuple[AppRef, ...]:
        data = self._window.data
        refs = (AppRef(each.id, target.app_id) for each in data.connections if _is_meant(target, each.id))
        return tuple(ref for ref in refs if data.app(ref) is not None)

    def _open_one(self, refs: tuple[AppRef, ...]) -> None:
        if len(refs) > 1:
            self._ask(refs)
        else:
            self._open_listed(refs[0])

    def _ask(self, refs: tuple[AppRef, ...]) -> None:
        """On which of its connections."""
        from app.ui.connections.connection_choice import Candidate, ConnectionChoice

        data, found = self._window.data, []
        for ref in refs:
            connection, app = data.connection(ref.connection_id), data.app(ref)
            if connection is not None:
                found.append(Candidate(ref, connection, app.title if app is not None else ""))
        if not found:
            self._tell(NotFound("The connections of this app were removed.", remedy="Add the one that the app is on."))
            return
        dialog = ConnectionChoice(found, self._window)
        dialog.chosen.connect(self._open_listed)
        dialog.open()

    def _open_listed(self, ref: AppRef) -> None:
        """At once, or as soon as the list has heard of it."""
        if self._window.data.app(ref) is not None:
            self._window.open_app(ref)
        else:
            self._awaited.append(ref)

    def _take(self, target: AppTarget, found: _Found) -> None:
        if not found.refs:
            self._tell(self._unknown(target, found.silent))
        else:
            self._open_one(found.refs)

    def _open_awaited(self) -> None:
        known = [ref for ref in self._awaited if self._window.data.app(ref) is not None]
        self._awaited = [ref for ref in self._awaited if ref not in known]
        for ref in known:
            self._window.open_app(ref)

    def _unknown(self, target: AppTarget, silent: tuple[str, ...]) -> NotFound:
        name = plain(target.app_id, 80)
        if target.connection_id is not None and self._window.data.connection(target.connection_id) is None:
            return NotFound(
                f"The connection of the app {name} is not set up here.",
                remedy="Add the connection, then open the app from the list.",
            )
        unasked = ", ".join(plain(self._label(each), 60) for each in silent[:4])
        if unasked:
            return NotFound(
                f"The app {name} is not known here, and not all platforms could be asked: {unasked}.",
                remedy="See to these connections, then open the app again.",
            )
        return NotFound(
            f"No connection has an app {name}.",
            remedy="Check the ID, or add the connection that the app is on.",
        )

    def _label(self, connection_id: str) -> str:
        connection = self._window.data.connection(connection_id)
        return connection.label if connection is not None else connection_id

    # Files

    def _next_file(self) -> None:
        """One dialog after the other."""
        if self._dialog is not None or not self._files:
            return
        from app.ui.plans.schema_file_dialog import SchemaFileDialog

        window = self._window
        self._dialog = dialog = SchemaFileDialog(window.runner, self._files.pop(0), window)
        dialog.stage_requested.connect(window.app_tabs.stage)
        dialog.copied.connect(window.status.confirm)
        dialog.finished.connect(self._file_done)
        dialog.open()

    def _file_done(self) -> None:
        self._dialog = None
        self._next_file()

    def _tell(self, error: KnownError) -> None:
        self._window.runner.known_error.emit(error, "")


def _is_meant(target: AppTarget, connection_id: str) -> bool:
    return target.connection_id in (None, connection_id)


async def _look(target: AppTarget, services: Services) -> _Found:
    """On the engine: ask the platforms, then see whether any has it."""
    asked = [each.id for each in services.connections.all() if _is_meant(target, each.id)]
    failures: tuple[RefreshFailure, ...] = await services.directory.refresh(asked) if asked else ()
    refs = (AppRef(each.connection_id, each.app_id) for each in services.directory.inventory())
    found = (ref for ref in refs if ref.app_id == target.app_id and _is_meant(target, ref.connection_id))
    return _Found(tuple(found), tuple(each.connection_id for each in failures))
