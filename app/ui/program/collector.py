"""Garbage collection in small steps on the UI thread, instead of wherever Python happens to be.

Python looks for cycles whenever enough objects were made, on the thread that made them: a look at everything while the
engine reads a thousand schemas holds the window for 50 to 100 ms, and a cycle of widgets that is found there is
destroyed outside the UI thread. So the automatic collection is off; young objects are looked through often, which is
quick, and all objects only when nothing happens and another window is in front, or after very many were made. After
that the system gets back what is free.
"""

from __future__ import annotations

import gc

from PySide6.QtCore import QObject, Qt, QTimer
from PySide6.QtGui import QGuiApplication

from app.ui.program.allocator import give_back

_EVERY_MS = 200
_YOUNG = 5_000  # objects made since the last look
_MIDDLE_AFTER = 10  # looks at the youngest for one at those that survived
_QUIET_AFTER = 25  # ticks without many new objects: nothing happens
_FULL_AFTER = 500  # looks of any kind for one at everything, wanted or not


class Collector(QObject):
    """Takes over on ``start`` and gives back on ``stop``."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._looks = 0
        self._quiet = 0
        self._was_enabled = True
        self._clock = QTimer(self, interval=_EVERY_MS)
        self._clock.timeout.connect(self.look)

    def start(self) -> None:
        self._was_enabled = gc.isenabled()
        gc.disable()
        # What was made for the start stays: it is never looked through again.
        gc.freeze()
        self._clock.start()

    def stop(self) -> None:
        self._clock.stop()
        gc.unfreeze()
        if self._was_enabled:
            gc.enable()

    def look(self) -> int | None:
        """One small step; the answer is the generation that was looked through, None where there was no need."""
        if self._looks >= _FULL_AFTER:
            return self._collect(2)
        if gc.get_count()[0] < _YOUNG:
            self._quiet += 1
            return self._collect(2) if self._looks and self._quiet >= _QUIET_AFTER and _is_behind() else None
        self._quiet = 0
        self._looks += 1
        return self._collect(1 if self._looks % _MIDDLE_AFTER == 0 else 0)

    def _collect(self, generation: int) -> int:
        gc.collect(generation)
        if generation == 2:
            self._looks = 0
            give_back()
        return generation


def _is_behind() -> bool:
    """Nobody looks at this window: another one is in front, or none of ours is open."""
    return QGuiApplication.applicationState() is not Qt.ApplicationState.ApplicationActive
