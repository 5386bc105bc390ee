"""Decides once and for all whether a push was cancelled before it sent anything."""

from __future__ import annotations

import threading


class SendGate:
    """The window cancels, the engine's thread passes; whoever comes first wins. Any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._is_open = True
        self._has_passed = False

    def cancel(self) -> bool:
        """False where something may have been sent already: then the push goes on."""
        with self._lock:
            if not self._has_passed:
                self._is_open = False
            return not self._is_open

    def go_through(self) -> None:
        """Called before anything is sent. Raises CancelledError where the push was cancelled."""
        with self._lock:
            if self._is_open:
                self._has_passed = True
                return
        import asyncio

        raise asyncio.CancelledError

    @property
    def has_passed(self) -> bool:
        return self._has_passed
