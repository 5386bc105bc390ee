"""What the services tell of themselves, brought from the engine's thread to the window's, a few times a second."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer, Signal

from app.core.changes import Changes
from app.ui.work.crossing import Courier

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

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self._is_closed = False
        self._unsubscribe: tuple[Callable[[], None], ...] = ()
        self._batch = QTimer(self, singleShot=True, interval=_BATCH_MS)
        self._batch.timeout.connect(self._flush)
        self._gathered = _Gathered(Courier(self, self._wake))
        self.subscribe = self._gathered.subscribe

    def keep(self, unsubscribe: Iterable[Callable[[], None]]) -> None:
        """What ``subscribe`` gave."""
        self._unsubscribe = tuple(unsubscribe)

    def close(self) -> None:
        """Nothing is told any more."""
        self._is_closed = True
        self._gathered.courier.end()
        for unsubscribe in self._unsubscribe:
            unsubscribe()

    def _wake(self, _message: None) -> None:
        if not self._batch.isActive():
            self._batch.start()

    def _flush(self) -> None:
        changes, calls = self._gathered.take()
        if self._is_closed:
            return
        if calls:
            self.activity.emit(calls)
        if changes:
            self.changed.emit(changes)


class _Gathered:
    """News since the last look; the engine's thread holds this, and nothing else of the window."""

    def __init__(self, courier: Courier[None]) -> None:
        self.courier = courier
        self._lock = threading.Lock()
        self._changes = Changes()
        self._calls: deque[ActivityEntry] = deque(maxlen=_ACTIVITY_KEPT)
        self._is_told = False

    async def subscribe(self, services: Services) -> tuple[Callable[[], None], ...]:
        """On the engine's thread, as are the calls that follow; gives what ends it."""
        for entry in services.activity.recent():
            self._on_call(entry)
        return services.hub.subscribe(self._on_changes), services.activity.subscribe(self._on_call)

    def take(self) -> tuple[Changes, tuple[ActivityEntry, ...]]:
        with self._lock:
            self._is_told = False
            changes, self._changes = self._changes, Changes()
            calls = tuple(self._calls)
            self._calls.clear()
        return changes, calls

    def _on_changes(self, changes: Changes) -> None:
        with self._lock:
            self._changes = self._changes.merged(changes) if self._changes else changes
        self._tell()

    def _on_call(self, entry: ActivityEntry) -> None:
        with self._lock:
            self._calls.append(entry)
        self._tell()

    def _tell(self) -> None:
        with self._lock:
            if self._is_told:
                return
            self._is_told = True
        self.courier.send(None)
