"""Tells on the desktop that a long job has ended while the operator looks at something else."""

from __future__ import annotations

import html
import os
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QObject, Signal
from PySide6.QtWidgets import QApplication, QWidget

from app.core.text import plain
from app.core.words import counted
from app.ui.settings.preferences import Preferences
from app.ui.work.runner import Job, JobState, Runner

from .bus_wire import METHOD_CALL, Message, Variant

if TYPE_CHECKING:
    from PySide6.QtWidgets import QSystemTrayIcon

    from .session_bus import SessionBus

_NAME, _PATH = "org.freedesktop.Notifications", "/org/freedesktop/Notifications"
_WORDS = {JobState.DONE: "Done", JobState.FAILED: "Failed"}
_NORMAL, _CRITICAL = 1, 2


class Notifier(QObject):
    """``clicked`` carries the key of the job whose notification was answered.

    Says which job and how it ended; nothing of its data. The desktop's own service is asked first; where there is
    none, the tray; and the window's entry in the task bar is marked in any case.
    """

    clicked = Signal(int)

    def __init__(
        self,
        window: QWidget,
        runner: Runner,
        preferences: Preferences,
        environment: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(window)
        self._window, self._runner, self._preferences = window, runner, preferences
        self._environment = os.environ if environment is None else environment
        self._told = {job.key for job in runner.jobs() if job.state is not JobState.RUNNING}
        self._bus: SessionBus | None = None
        self._tray: QSystemTrayIcon | None = None
        self._jobs: dict[int, int] = {}  # notification: job
        self._tray_job = 0
        self.is_in_front: Callable[[], bool] = lambda: QApplication.activeWindow() is not None
        runner.jobs_changed.connect(self._look)

    def _look(self) -> None:
        jobs = self._runner.jobs()
        ended = [job for job in jobs if job.state is not JobState.RUNNING and job.key not in self._told]
        self._told = {job.key for job in jobs if job.state is not JobState.RUNNING}
        if not self._preferences.is_on("notify.long_jobs") or self.is_in_front():
            return
        for job in ended:
            if job.state in _WORDS and job.ended_at - job.started_at >= self._preferences.number("notify.after_s"):
                self.tell(job)

    def tell(self, job: Job) -> None:
        """Notify of a job that has ended."""
        title = f"{_WORDS[job.state]}: {plain(job.title, 120)}"
        QApplication.alert(self._window)
        self._opened().call(
            _notification(title, _text(job), job.state is JobState.FAILED),
            lambda answer: self._noted(answer, job),
            lambda _why: self._tell_in_tray(title, job),
        )

    def close(self) -> None:
        if self._bus is not None:
            self._bus.close()
        if self._tray is not None:
            self._tray.hide()

    def _opened(self) -> SessionBus:
        if self._bus is None or self._bus.is_failed:
            from .session_bus import SessionBus

            self._bus = SessionBus(self._environment, self)
            self._bus.signal_received.connect(self._hear)
            self._bus.open()
            self._bus.listen(_NAME)
        return self._bus

    def _noted(self, answer: tuple[Any, ...], job: Job) -> None:
        if answer and isinstance(answer[0], int):
            self._jobs[answer[0]] = job.key

    def _hear(self, message: Message) -> None:
        if message.interface != _NAME or len(message.arguments) < 2 or message.arguments[0] not in self._jobs:
            return
        number, what = message.arguments[:2]
        if message.member == "ActivationToken":
            # Without it a compositor does not let a window come to the front.
            os.environ["XDG_ACTIVATION_TOKEN"] = str(what)
        elif message.member == "ActionInvoked":
            self.clicked.emit(self._jobs[number])
        elif message.member == "NotificationClosed":
            self._jobs.pop(number)

    # Without a service for notifications

    def _tell_in_tray(self, title: str, job: Job) -> None:
        from PySide6.QtWidgets import QSystemTrayIcon

        if not QSystemTrayIcon.isSystemTrayAvailable():
            return
        if self._tray is None:
            self._tray = QSystemTrayIcon(self._window.windowIcon(), self)
            self._tray.setToolTip("Tenantry")
            self._tray.messageClicked.connect(lambda: self.clicked.emit(self._tray_job))
        self._tray_job = job.key
        self._tray.show()
        self._tray.showMessage(title, _text(job))


def _text(job: Job) -> str:
    seconds = max(1, round(job.ended_at - job.started_at))
    took = counted(seconds, "second") if seconds < 120 else counted(round(seconds / 60), "minute")
    rest = " Open the window to see why." if job.state is JobState.FAILED else ""
    return f"It took {took}.{rest}"


def _notification(title: str, text: str, is_critical: bool) -> Message:
    """Its text may be read as markup by the service, its title never is."""
    hints = {
        "desktop-entry": Variant("s", "tenantry"),
        "urgency": Variant("y", _CRITICAL if is_critical else _NORMAL),
    }
    given = ("Tenantry", 0, "tenantry", title, html.escape(text), ["default", "Show"], hints, -1)
    return Message(METHOD_CALL, _PATH, _NAME, "Notify", _NAME, "susssasa{sv}i", given)
