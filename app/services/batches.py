"""Changes gathered up, so that a thousand small ones reach the window as a few."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from app.core.changes import Changes

if TYPE_CHECKING:
    from app.services.hub import ChangeHub

INTERVAL_S = 0.1


class ChangeBatch:
    """Publishes the first change at once and what follows at most every ``interval_s``. Engine thread only."""

    def __init__(self, hub: ChangeHub, interval_s: float = INTERVAL_S) -> None:
        self._hub = hub
        self._interval_s = interval_s
        self._pending = Changes()
        self._timer: asyncio.TimerHandle | None = None

    def add(self, changes: Changes) -> None:
        self._pending = self._pending.merged(changes) if self._pending else changes
        if self._timer is None:
            self._send()
            self._timer = asyncio.get_running_loop().call_later(self._interval_s, self._again)

    def flush(self) -> None:
        """Send what is pending now; call it at the end of the work."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._send()

    def _again(self) -> None:
        self._timer = None
        if self._pending:
            self.add(Changes())

    def _send(self) -> None:
        pending, self._pending = self._pending, Changes()
        self._hub.publish(pending)
