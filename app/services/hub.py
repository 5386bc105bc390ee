"""Who wants to know what changed."""

from __future__ import annotations

import logging
from collections.abc import Callable

from app.core.changes import Changes

_logger = logging.getLogger(__name__)
Listener = Callable[[Changes], None]


class ChangeHub:
    """Hands each :class:`Changes` to every listener, on the engine's thread, in order of subscription.

    A listener that raises is logged and does not keep the others from hearing.
    """

    def __init__(self) -> None:
        self._listeners: dict[object, Listener] = {}

    def subscribe(self, callback: Listener) -> Callable[[], None]:
        """Returns what ends the subscription; calling that twice is harmless. Any thread."""
        key = object()
        self._listeners[key] = callback

        def unsubscribe() -> None:
            self._listeners.pop(key, None)

        return unsubscribe

    def publish(self, changes: Changes) -> None:
        """Nothing is sent where nothing changed."""
        if not changes:
            return
        for listener in tuple(self._listeners.values()):
            try:
                listener(changes)
            except Exception:
                _logger.exception("A listener to changes failed")
