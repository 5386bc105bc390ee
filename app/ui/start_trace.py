"""When things were on screen, counted from the start of the process; for the benchmarks."""

from __future__ import annotations

import os
import time

from PySide6.QtCore import QEvent, QObject, QTimer
from PySide6.QtWidgets import QWidget

_VARIABLE = "TENANTRY_TRACE_START"
_STARTED_FIELD = 19  # "starttime" of proc(5), counted from behind the command's closing bracket


def since_process_start() -> float:
    """Seconds, to the hundredth: the kernel counts in ticks. 0.0 where there is no /proc."""
    try:
        with open("/proc/self/stat", "rb") as stat:
            fields = stat.read().rpartition(b")")[2].split()
    except OSError:
        return 0.0
    ticks = os.sysconf("SC_CLK_TCK")
    return time.clock_gettime(time.CLOCK_BOOTTIME) - int(fields[_STARTED_FIELD]) / ticks


def note(name: str) -> None:
    """Append ``name seconds`` to the file that the environment names; nothing where it names none."""
    path = os.environ.get(_VARIABLE)
    if path:
        with open(path, "a", encoding="ascii") as trace:
            trace.write(f"{name} {since_process_start():.4f}\n")


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
