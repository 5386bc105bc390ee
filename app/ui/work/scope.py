"""Work belongs to a widget and dies with it."""

from __future__ import annotations

from collections.abc import Callable

import shiboken6
from PySide6.QtCore import QObject

Cancel = Callable[[], None]


def is_alive(owner: QObject) -> bool:
    """False once Qt has destroyed the object behind the Python wrapper."""
    return bool(shiboken6.isValid(owner))


def _address(owner: QObject) -> int:
    # Not id(): a wrapper can be collected and its id taken by another, while the widget itself lives on.
    return int(shiboken6.getCppPointer(owner)[0])


class Scopes:
    """What is running on behalf of which object; UI thread only.

    An object that is destroyed cancels all that it started. A newer request of the same kind cancels the older.
    """

    def __init__(self) -> None:
        self._cancels: dict[int, dict[int, Cancel]] = {}
        self._newest: dict[tuple[int, str], int] = {}

    def enter(self, owner: QObject, key: int, cancel: Cancel, replaces: str | None = None) -> Callable[[], None]:
        """Note that ``cancel`` ends the work ``key`` of ``owner``. Returns what to call when it has ended."""
        address = _address(owner)
        if address not in self._cancels:
            self._cancels[address] = {}
            owner.destroyed.connect(lambda: self._close(address))
        self._replace(address, replaces, key)
        self._cancels[address][key] = cancel
        return lambda: self._leave(address, key, replaces)

    def _replace(self, address: int, kind: str | None, key: int) -> None:
        if kind is None:
            return
        older = self._newest.get((address, kind))
        self._newest[(address, kind)] = key
        cancel = self._cancels[address].get(older) if older is not None else None
        if cancel is not None:
            cancel()

    def _leave(self, address: int, key: int, kind: str | None) -> None:
        self._cancels.get(address, {}).pop(key, None)
        if kind is not None and self._newest.get((address, kind)) == key:
            del self._newest[(address, kind)]

    def _close(self, address: int) -> None:
        for cancel in tuple(self._cancels.pop(address, {}).values()):
            cancel()
        for entry in [entry for entry in self._newest if entry[0] == address]:
            self._newest.pop(entry, None)
