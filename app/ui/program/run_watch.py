"""Notes what goes wrong in this run, wherever it happens: Python's hooks, both loops, Qt's last words."""

from __future__ import annotations

import logging
import os
import sys
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtCore import QMessageLogContext, QtMsgType, qVersion

from app.storage.crash_reports import CrashReports

if TYPE_CHECKING:
    from app.storage.paths import Profile
    from app.ui.work.crossing import Courier
    from app.ui.work.runner import Runner

_qt_logger = logging.getLogger("qt")
_logger = logging.getLogger(__name__)
_LEVELS = {
    QtMsgType.QtDebugMsg: logging.DEBUG,
    QtMsgType.QtInfoMsg: logging.INFO,
    QtMsgType.QtWarningMsg: logging.WARNING,
    QtMsgType.QtCriticalMsg: logging.ERROR,
    QtMsgType.QtFatalMsg: logging.CRITICAL,
}


def log_qt(kind: QtMsgType, context: QMessageLogContext, message: str) -> None:
    _qt_logger.log(_LEVELS.get(kind, logging.WARNING), "%s", message)


class RunWatch:
    """From its making until ``end`` this run is watched over. No part of the window: Python holds it on any thread."""

    def __init__(self, profile: Profile, clean: Callable[[str], str]) -> None:
        self.reports = CrashReports(profile.data_dir, profile.log_path, clean, _facts())
        self.reports.begin()
        self._before: tuple[Callable[..., object], Callable[..., object]] | None = None
        self._escaped: Courier[BaseException] | None = None
        self._handler = _Asyncio(self.reports)

    def join(self, runner: Runner) -> None:
        """After the first paint: what escapes a thread or a loop is noted, and shown like any other bug."""
        self._before = threading.excepthook, sys.unraisablehook
        threading.excepthook = self._thread_failed
        sys.unraisablehook = self._unraisable
        logging.getLogger("asyncio").addHandler(self._handler)
        runner.bug_found.connect(self.reports.record)
        self._escaped = runner.escaped

    def failed(self, error: BaseException) -> None:
        """The program ends with this; it is told of now, not at the next start as an end without a reason."""
        if not isinstance(error, KeyboardInterrupt | SystemExit):
            self.reports.record(error, "The window")
        self.end()

    def end(self) -> None:
        if self._before is not None:
            threading.excepthook, sys.unraisablehook = self._before
            logging.getLogger("asyncio").removeHandler(self._handler)
            self._before = None
        self.reports.end()

    def log_qt(self, kind: QtMsgType, context: QMessageLogContext, message: str) -> None:
        if kind is QtMsgType.QtFatalMsg:
            # The process is aborted as soon as this returns.
            self.reports.note_last_words(f"Qt: {message}")
        log_qt(kind, context, message)

    def _thread_failed(self, what: threading.ExceptHookArgs) -> None:
        if what.exc_value is None or issubclass(what.exc_type, SystemExit):
            return
        # Its sender may be on its way out with the program; the report is written first.
        self.reports.record(what.exc_value, f"Thread {what.thread.name if what.thread is not None else 'unknown'}")
        if self._escaped is not None:
            self._escaped.send(what.exc_value)

    def _unraisable(self, what: sys.UnraisableHookArgs) -> None:
        if what.exc_value is not None:
            self.reports.record(what.exc_value, str(what.err_msg or "A clean-up"))
        sys.__unraisablehook__(what)


class _Asyncio(logging.Handler):
    """What asyncio says of tasks and callbacks whose errors nobody took."""

    def __init__(self, reports: CrashReports) -> None:
        super().__init__(logging.ERROR)
        self._reports = reports

    def emit(self, record: logging.LogRecord) -> None:
        error = record.exc_info[1] if record.exc_info else None
        if error is not None:
            self._reports.record(error, record.getMessage().partition("\n")[0])


def _facts() -> dict[str, str]:
    from app import __version__

    return {"Tenantry": __version__, "Python": sys.version.split()[0], "Qt": qVersion(), "System": _system()}


def _system() -> str:
    """As ``platform`` says it, which takes 2 ms of the start to load."""
    if hasattr(os, "uname"):
        found = os.uname()
        return f"{found.sysname} {found.release} {found.machine}"
    import platform

    return f"{platform.system()} {platform.release()} {platform.machine()}"
