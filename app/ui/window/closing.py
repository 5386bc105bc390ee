"""Ending the program: work is cancelled, services are closed, and only then the window goes."""

from __future__ import annotations

import concurrent.futures
import threading

from PySide6.QtCore import QObject, QTimer, Signal
from PySide6.QtWidgets import QDialog, QProgressBar, QVBoxLayout, QWidget

from app.ui.parts.badges import text_label
from app.ui.work.crossing import Courier
from app.ui.work.draft_keeper import draft_keeper
from app.ui.work.runner import SHOWN_AFTER_S, Reach, Runner

_LIMIT_S = 20.0
# Staged edits are saved before the engine stops; a database that does not answer must not hold the window for ever.
_SAVE_LIMIT_S = 5.0


class Closing(QObject):
    """Runs the shutdown once, beside the event loop; ``finished`` when the engine has stopped."""

    finished = Signal()

    def __init__(self, runner: Runner, window: QWidget) -> None:
        super().__init__(window)
        self._runner, self._window = runner, window
        self._notice: QDialog | None = None
        self.is_running = False
        self._stopped: Courier[None] = Courier(self, self._end)

    def start(self) -> None:
        if self.is_running:
            return
        self.is_running = True
        saving = draft_keeper(self._runner).close()
        self._runner.close()
        QTimer.singleShot(int(SHOWN_AFTER_S * 1000), self, self._tell)
        # The engine closes connections and its processes; waiting for that must not freeze the window.
        what = (saving, self._runner.engine, self._stopped)
        threading.Thread(target=_stop, args=what, name="closing", daemon=True).start()

    def _tell(self) -> None:
        if not self.is_running or not self._window.isVisible():
            return
        self._notice = notice = QDialog(self._window)
        notice.setWindowTitle("Closing")
        bar = QProgressBar()
        bar.setRange(0, 0)
        bar.setTextVisible(False)
        bar.setAccessibleName("Closing")
        box = QVBoxLayout(notice)
        box.setContentsMargins(22, 18, 22, 18)
        box.setSpacing(12)
        box.addWidget(text_label("Ending what runs and closing the connections…"))
        box.addWidget(bar)
        notice.open()

    def _end(self, _message: None) -> None:
        self.is_running = False
        if self._notice is not None:
            self._notice.close()
        self.finished.emit()


def _stop(saving: list[concurrent.futures.Future[None]], engine: Reach, stopped: Courier[None]) -> None:
    """On a thread of its own."""
    concurrent.futures.wait(saving, _SAVE_LIMIT_S)
    engine.stop(_LIMIT_S)
    stopped.send(None)
