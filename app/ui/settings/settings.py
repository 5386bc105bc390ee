"""What the window remembers between starts: places and looks, never data and never a secret."""

from __future__ import annotations

import json
import os
from pathlib import Path

from PySide6.QtCore import QByteArray, QSettings

from app.ui.look.theme import ThemeChoice

_LAYOUT_VERSION = 1
_OPEN_NODES_KEPT = 2_000


class WindowSettings:
    """A small ini file; values that are missing or damaged read as their defaults."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._store = QSettings(str(path), QSettings.Format.IniFormat)

    @property
    def theme(self) -> ThemeChoice:
        try:
            return ThemeChoice(str(self._store.value("look/theme", "system")))
        except ValueError:
            return ThemeChoice.SYSTEM

    @theme.setter
    def theme(self, choice: ThemeChoice) -> None:
        self._store.setValue("look/theme", choice.value)

    @property
    def text_scale(self) -> int:
        """In per cent, 70 to 200."""
        try:
            return max(70, min(200, int(str(self._store.value("look/text_scale", 100)))))
        except ValueError:
            return 100

    @text_scale.setter
    def text_scale(self, per_cent: int) -> None:
        self._store.setValue("look/text_scale", per_cent)

    @property
    def geometry(self) -> QByteArray:
        return self._bytes("window/geometry")

    @geometry.setter
    def geometry(self, value: QByteArray) -> None:
        self._store.setValue("window/geometry", value)

    @property
    def layout(self) -> QByteArray:
        """Where docks and toolbars are; empty where it was saved by a version with other docks."""
        if str(self._store.value("window/layout_version", "")) != str(_LAYOUT_VERSION):
            return QByteArray()
        return self._bytes("window/layout")

    @layout.setter
    def layout(self, value: QByteArray) -> None:
        self._store.setValue("window/layout", value)
        self._store.setValue("window/layout_version", _LAYOUT_VERSION)

    @property
    def editor_layout(self) -> QByteArray:
        """How the schema editor shares out its room."""
        return self._bytes("editor/layout")

    @editor_layout.setter
    def editor_layout(self, value: QByteArray) -> None:
        self._store.setValue("editor/layout", value)

    @property
    def bottom_tab(self) -> int:
        try:
            return int(str(self._store.value("window/bottom_tab", 0)))
        except ValueError:
            return 0

    @bottom_tab.setter
    def bottom_tab(self, index: int) -> None:
        self._store.setValue("window/bottom_tab", index)

    @property
    def connection_id(self) -> str | None:
        """The connection that the list is narrowed to, None for all."""
        return str(self._store.value("window/connection", "")) or None

    @connection_id.setter
    def connection_id(self, value: str | None) -> None:
        self._store.setValue("window/connection", value or "")

    @property
    def open_nodes(self) -> tuple[str, ...]:
        """The stable keys of the open nodes of the tree."""
        try:
            read = json.loads(str(self._store.value("tree/open", "[]")))
        except ValueError:
            return ()
        return tuple(key for key in read if isinstance(key, str)) if isinstance(read, list) else ()

    @open_nodes.setter
    def open_nodes(self, keys: tuple[str, ...]) -> None:
        self._store.setValue("tree/open", json.dumps(keys[:_OPEN_NODES_KEPT]))

    def read_json(self, key: str) -> object:
        """What ``write_json`` kept under a key, None where there is nothing or it is damaged."""
        try:
            read: object = json.loads(str(self._store.value(key, "null")))
        except ValueError:
            return None
        return read

    def write_json(self, key: str, value: object) -> None:
        self._store.setValue(key, json.dumps(value))

    def read_text(self, key: str) -> str | None:
        """What ``write_text`` kept under a key, None where there is nothing."""
        kept = self._store.value(key)
        return None if kept is None else str(kept)

    def write_text(self, key: str, value: str) -> None:
        self._store.setValue(key, value)

    def forget(self, key: str) -> None:
        self._store.remove(key)

    def save(self) -> None:
        """Write the file now, for this user alone."""
        self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._store.sync()
        if self._path.exists():
            os.chmod(self._path, 0o600)

    def _bytes(self, key: str) -> QByteArray:
        value = self._store.value(key)
        return value if isinstance(value, QByteArray) else QByteArray()
