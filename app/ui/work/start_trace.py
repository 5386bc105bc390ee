"""When things were on screen; for the benchmarks."""

from __future__ import annotations

import os
import time

from PySide6.QtCore import QEvent, QObject, QTimer
from PySide6.QtWidgets import QWidget

_VARIABLE = "TENANTRY_TRACE_START"


def note(name: str) -> None:
    """Append ``name seconds`` (of the system's monotonic clock, which whoever started the process reads too) to the
    file that the environment names; nothing where it names none."""
    path = os.environ.get(_VARIABLE)
    if path:
        with open(path, "a", encoding="ascii") as trace:
            trace.write(f"{name} {time.monotonic():.4f}\n")


class AfterPaint(QObject):
    """Calls back once, in the first turn of the event loop after a widget was painted."""

    def __init__(self, widget: QWidget, callback: object) -> None:
        super().__init__(widget)
        self._widget, self._callback = widget, callback
        widget.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Paint and watched is self._widget:
            self._widget.removeEventFilter(self)
            QTimer.singleShot(0, self, self._call)
        return False

    def _call(self) -> None:
        callback, self._callback = self._callback, None
        if callable(callback):
            callback()
        self.deleteLater()
