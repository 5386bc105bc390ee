"""The latest calls to platforms, for the activity dock."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable

from app.core.activity import ActivityEntry

_logger = logging.getLogger(__name__)
_KEPT = 2_000
Listener = Callable[[ActivityEntry], None]


class ActivityLog:
    """Keeps the last 2,000 calls, oldest first; entries hold no secret (their makers see to that)."""

    def __init__(self, kept: int = _KEPT) -> None:
        self._entries: deque[ActivityEntry] = deque(maxlen=kept)
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
        for listener in tuple(self._listeners.values()):
            try:
                listener(entry)
            except Exception:
                _logger.exception("A listener to the activity failed")

    def recent(self) -> tuple[ActivityEntry, ...]:
        return tuple(self._entries)
