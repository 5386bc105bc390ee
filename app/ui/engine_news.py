"""What the services tell of themselves, brought from the engine's thread to the window's, a few times a second."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Qt, QTimer, Signal

from app.core.changes import Changes

if TYPE_CHECKING:
    from app.core.activity import ActivityEntry
    from app.services.suite import Services

# Changes and calls arrive in bursts; views are told at most this often.
_BATCH_MS = 160
_ACTIVITY_KEPT = 2_000


class EngineNews(QObject):
    """``changed`` carries Changes, merged over a few frames; ``activity`` the calls that are new."""

    changed = Signal(object)
    activity = Signal(object)

    _woken = Signal()

    def __init__(self) -> None:
        # Without a parent: the engine may still tell of something when the runner has gone.
        super().__init__()
        self._lock = threading.Lock()
        self._changes = Changes()
        self._calls: deque[ActivityEntry] = deque(maxlen=_ACTIVITY_KEPT)
        self._is_woken, self._is_closed = False, False
        self._unsubscribe: tuple[Callable[[], None], ...] = ()
        self._batch = QTimer(self, singleShot=True, interval=_BATCH_MS)
        self._batch.timeout.connect(self._flush)
        self._woken.connect(self._wake, Qt.ConnectionType.QueuedConnection)

    async def subscribe(self, services: Services) -> tuple[Callable[[], None], ...]:
        """On the engine's thread, as are the calls that follow; gives what ends it, to be kept."""
        for entry in services.activity.recent():
            self._on_call(entry)
        return services.hub.subscribe(self._on_changes), services.activity.subscribe(self._on_call)

    def keep(self, unsubscribe: Iterable[Callable[[], None]]) -> None:
        self._unsubscribe = tuple(unsubscribe)

    def close(self) -> None:
        """Nothing is told any more."""
        self._is_closed = True
        for unsubscribe in self._unsubscribe:
            unsubscribe()

    # From the engine's thread

    def _on_changes(self, changes: Changes) -> None:
        with self._lock:
            self._changes = self._changes.merged(changes) if self._changes else changes
        self._call_window()

    def _on_call(self, entry: ActivityEntry) -> None:
        with self._lock:
            self._calls.append(entry)
        self._call_window()

    def _call_window(self) -> None:
        with self._lock:
            if self._is_woken or self._is_closed:
                return
            self._is_woken = True
        self._woken.emit()

    # On the window's

    def _wake(self) -> None:
        if not self._batch.isActive():
            self._batch.start()

    def _flush(self) -> None:
        with self._lock:
            self._is_woken = False
            changes, self._changes = self._changes, Changes()
            calls = tuple(self._calls)
            self._calls.clear()
        if self._is_closed:
            return
        if calls:
            self.activity.emit(calls)
        if changes:
            self.changed.emit(changes)
