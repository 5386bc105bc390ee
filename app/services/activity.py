"""The latest calls to platforms, for the activity dock."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable

from app.core.activity import ActivityEntry, CallDetails

_logger = logging.getLogger(__name__)
_KEPT, _IN_FULL = 2_000, 200
Listener = Callable[[ActivityEntry], None]


class ActivityLog:
    """Keeps the last 2,000 calls, oldest first; entries hold no secret (their makers see to that).

    What was sent and answered in full is kept of the last 200.
    """

    def __init__(self, kept: int = _KEPT, in_full: int = _IN_FULL) -> None:
        self._entries: deque[ActivityEntry] = deque(maxlen=kept)
        self._details: deque[CallDetails] = deque()
        self._in_full = in_full
        self._listeners: dict[object, Listener] = {}

    def subscribe(self, callback: Listener) -> Callable[[], None]:
        """``callback`` is called on the engine's thread for each new entry. Returns what ends it."""
        key = object()
        self._listeners[key] = callback

        def unsubscribe() -> None:
            self._listeners.pop(key, None)

        return unsubscribe

    def record(self, entry: ActivityEntry) -> None:
        self._entries.append(entry)
        if entry.details is not None:
            self._details.append(entry.details)
            if len(self._details) > self._in_full:
                # Whoever else still has the entry has nothing of it any more.
                self._details.popleft().forget()
        for listener in tuple(self._listeners.values()):
            try:
                listener(entry)
            except Exception:
                _logger.exception("A listener to the activity failed")

    def recent(self) -> tuple[ActivityEntry, ...]:
        return tuple(self._entries)
