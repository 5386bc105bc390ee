"""Settings and connections to a file and back; what a file would do is shown before anything is done."""

from __future__ import annotations

import asyncio
import os
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QUrl, Signal
from PySide6.QtGui import QDesktopServices
from PySide6.QtWidgets import QFileDialog

from app.core.errors import Invalid, KnownError
from app.core.words import counted
from app.ui.settings.import_settings_dialog import ImportSettingsDialog
from app.ui.settings.keymap import KEY, Keymap
from app.ui.settings.preferences import SETTINGS, Value

if TYPE_CHECKING:
    from app.services.connection_exchange import ConnectionEntry, Exchange, Imported
    from app.services.suite import Services

    from .main_window import MainWindow

_FILTER = "Settings of Tenantry (*.json)"
_READ_LIMIT = 2_000_001


class SettingsExchange(QObject):
    """The two acts of a window; dialogs are opened, never waited for."""

    imported = Signal()

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self._window = window

    # Out

    def export(self) -> None:
        chooser = QFileDialog(self._window, "Export settings and connections")
        chooser.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        chooser.setNameFilter(_FILTER)
        chooser.setDefaultSuffix("json")
        chooser.selectFile("tenantry-settings.json")
        chooser.fileSelected.connect(self.export_to)
        chooser.finished.connect(chooser.deleteLater)
        chooser.open()

    def export_to(self, path: str) -> None:
        window = self._window
        settings = {
            each.key: window.preferences.get(each.key)
            for each in SETTINGS
            if not window.preferences.is_default(each.key)
        }
        keys = window.registry.own_keys

        async def write(services: Services) -> int:
            from app.services.connection_exchange import write_exchange

            connections = [each for each in services.connections.all() if not each.is_builtin]
            text = write_exchange(connections, settings, keys)
            await asyncio.to_thread(_write, Path(path), text)
            return len(connections)

        def tell(count: int) -> None:
            folder = QUrl.fromLocalFile(str(Path(path).parent))
            window.comfort.messages.show(
                f"Exported {counted(len(settings), 'setting')} and {counted(count, 'connection')}, without tokens",
                "Open folder",
                partial(QDesktopServices.openUrl, folder),
            )

        window.runner.start(write, owner=self, title="Export settings and connections", done=tell)

    # In

    def choose_import(self) -> None:
        chooser = QFileDialog(self._window, "Import settings and connections")
        chooser.setFileMode(QFileDialog.FileMode.ExistingFile)
        chooser.setNameFilters([_FILTER, "All files (*)"])
        chooser.fileSelected.connect(self.import_from)
        chooser.finished.connect(chooser.deleteLater)
        chooser.open()

    def import_from(self, path: str) -> None:
        """Read a file and show what it would do."""

        async def read(services: Services) -> tuple[Exchange, tuple[ConnectionEntry, ...]]:
            from app.services.connection_exchange import ConnectionExchange, read_exchange

            exchange = read_exchange(await asyncio.to_thread(_text_of, Path(path)))
            return exchange, ConnectionExchange(services.connections).plan(exchange.connections)

        self._window.runner.start(
            read, owner=self, title=f"Read {Path(path).name}", done=lambda both: self._show(*both)
        )

    def _show(self, exchange: Exchange, entries: tuple[ConnectionEntry, ...]) -> None:
        window = self._window
        keymap = Keymap(window.registry, window.settings)
        dialog = ImportSettingsDialog(window.runner, window.preferences, keymap, exchange, entries, window)
        dialog.keys_chosen.connect(self._take_keys)
        dialog.imported.connect(partial(self._tell, _Former.of(window)))
        dialog.open()

    def _take_keys(self, keys: dict[str, str]) -> None:
        registry = self._window.registry
        registry.set_keys(keys)
        self._window.settings.write_json(KEY, registry.own_keys)

    def _tell(self, former: _Former, settings: int, done: Imported) -> None:
        self.imported.emit()
        messages = self._window.comfort.messages
        connections = len(done.without_token) + len(done.put)
        told = f"Imported {counted(settings, 'setting')} and {counted(connections, 'connection')}"
        if done.failures:
            error: KnownError = Invalid(
                f"{counted(len(done.failures), 'connection')} could not be imported.",
                remedy="Look at the details, and add what is missing by hand.",
                details="\n".join(done.failures),
            )
            self._window.runner.known_error.emit(error, "Import")
        if done.without_token:
            first = done.without_token[0]
            one = "has" if len(done.without_token) == 1 else "have"
            messages.show(
                f"{told}; {counted(len(done.without_token), 'connection')} {one} no token yet",
                "Enter token…",
                partial(self._window.commands.edit_connection, first.id),
            )
        elif settings:
            messages.show(told, "Undo settings" if connections else "Undo", partial(self._put_back, former))
        else:
            messages.show(told)

    def _put_back(self, former: _Former) -> None:
        """Settings and keys as they were; connections are taken out by hand."""
        window = self._window
        former.put_in(window)
        window.settings.write_json(KEY, window.registry.own_keys)
        window.status.confirm("The settings are what they were")


@dataclass(frozen=True, slots=True)
class _Former:
    """The settings that were not as they come, and the operator's own keys."""

    settings: dict[str, Value]
    keys: dict[str, str]

    @classmethod
    def of(cls, window: MainWindow) -> _Former:
        preferences = window.preferences
        settings = {each.key: preferences.get(each.key) for each in SETTINGS if not preferences.is_default(each.key)}
        return cls(settings, window.registry.own_keys)

    def put_in(self, window: MainWindow) -> None:
        preferences = window.preferences
        for each in SETTINGS:
            if each.key in self.settings:
                if preferences.get(each.key) != self.settings[each.key]:
                    preferences.set(each.key, self.settings[each.key])
            elif not preferences.is_default(each.key):
                preferences.reset(each.key)
        window.registry.use_keys(self.keys)


def _write(path: Path, text: str) -> None:
    """For this user alone: addresses and names are nobody else's business. Raises Invalid."""
    try:
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
            file.write(text)
    except OSError as error:
        raise Invalid(
            f"{path.name} could not be written: {error.strerror or error}.", remedy="Choose another folder."
        ) from None


def _text_of(path: Path) -> str:
    """Raises Invalid."""
    try:
        with path.open(encoding="utf-8") as file:
            return file.read(_READ_LIMIT)
    except OSError as error:
        raise Invalid(
            f"{path.name} could not be read: {error.strerror or error}.", remedy="Choose a file you can read."
        ) from None
    except UnicodeDecodeError:
        raise Invalid(f"{path.name} is no text.", remedy="Choose a file that Tenantry has exported.") from None
