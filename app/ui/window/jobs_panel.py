"""What runs, how far it is, and a way to stop it; below, what has ended."""

from __future__ import annotations

import time

from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QHideEvent, QShowEvent
from PySide6.QtWidgets import QHBoxLayout, QProgressBar, QPushButton, QScrollArea, QVBoxLayout, QWidget

from app.core.apps import AppState
from app.core.status import Severity
from app.core.text import plain
from app.ui.look.icons import State
from app.ui.parts.ages import ago
from app.ui.parts.badges import ElidedLabel, StateMark, text_label
from app.ui.work.runner import Job, JobState, Runner

_LOOK_EVERY_MS = 200
_SHOWN_ENDED = 20
_MARKS: dict[JobState, State] = {
    JobState.RUNNING: AppState.CREATING,
    JobState.DONE: AppState.OK,
    JobState.FAILED: Severity.ERROR,
    JobState.CANCELLED: AppState.DISABLED,
}


def progress_text(job: Job) -> str:
    """ "62 %", "12 of ?", "" where nothing is known."""
    if job.total > 0:
        return f"{min(100, job.done * 100 // job.total)} %"
    return ""


class JobRow(QWidget):
    """One job; the button is there only while it runs."""

    def __init__(self, runner: Runner, job: Job, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._runner = runner
        self._key = job.key
        self._mark = StateMark(_MARKS[job.state])
        self._title = ElidedLabel(look="title")
        self._note = ElidedLabel(look="muted")
        self._bar = QProgressBar()
        self._bar.setTextVisible(False)
        self._bar.setFixedWidth(180)
        self._figure = text_label("", "small")
        self.cancel_button = QPushButton("Cancel")
        self.cancel_button.setProperty("look", "small")
        self.cancel_button.clicked.connect(lambda: runner.cancel(self._key))
        row = QHBoxLayout(self)
        row.setContentsMargins(12, 3, 8, 3)
        row.setSpacing(9)
        row.addWidget(self._mark)
        row.addWidget(self._title, 2)
        row.addWidget(self._note, 3)
        row.addWidget(self._figure)
        row.addWidget(self._bar)
        row.addWidget(self.cancel_button)
        self.tell(job)

    def tell(self, job: Job) -> None:
        is_running = job.state is JobState.RUNNING
        self._mark.set_state(_MARKS[job.state])
        self._mark.setAccessibleName(job.state.value)
        self._mark.setToolTip(job.state.value.capitalize())
        self._title.set_text(plain(job.title, 120))
        self._note.set_text(plain(job.note, 300) if is_running or job.state is JobState.FAILED else job.state.value)
        self._bar.setVisible(is_running)
        self._bar.setRange(0, job.total)
        self._bar.setValue(job.done)
        self._bar.setAccessibleName(f"Progress of {job.title}")
        self._figure.setText(progress_text(job) if is_running else ago(job.ended_at, time.time()))
        self.cancel_button.setVisible(is_running)
        self.cancel_button.setAccessibleName(f"Cancel {job.title}")


class JobsPanel(QWidget):
    """Looks at the runner a few times a second, and has rows, only while it is in sight."""

    def __init__(self, runner: Runner, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName("Jobs")
        self._runner = runner
        self._rows: dict[int, JobRow] = {}
        self._empty = text_label("Nothing runs. Work that takes longer than a moment is shown here.", "muted")
        self._empty.setContentsMargins(14, 12, 14, 12)
        inner = QWidget()
        self._box = QVBoxLayout(inner)
        self._box.setContentsMargins(0, 4, 0, 4)
        self._box.setSpacing(0)
        self._box.addWidget(self._empty)
        self._box.addStretch(1)
        self._area = QScrollArea()
        self._area.setWidgetResizable(True)
        self._area.setWidget(inner)
        self._area.setAccessibleName("List of jobs")
        self._area.setMinimumHeight(self.fontMetrics().height() * 2)
        box = QVBoxLayout(self)
        box.setContentsMargins(0, 0, 0, 0)
        box.addWidget(self._area)
        self._looking = QTimer(self, interval=_LOOK_EVERY_MS)
        self._looking.timeout.connect(self.look)
        runner.jobs_changed.connect(self.look)

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._looking.start()
        self.look()

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self._looking.stop()
        for key in tuple(self._rows):
            self._drop(key)

    def look(self) -> None:
        """Show the jobs as they are now."""
        if not self.isVisible():
            return
        jobs = self._runner.jobs()
        running = [job for job in jobs if job.state is JobState.RUNNING]
        shown = running + [job for job in jobs if job.state is not JobState.RUNNING][:_SHOWN_ENDED]
        for key in [key for key in self._rows if key not in {job.key for job in shown}]:
            self._drop(key)
        for at, job in enumerate(shown):
            self._place(at, job)
        self._empty.setVisible(not shown)

    def reveal(self, key: int) -> None:
        """Scroll a job into sight, where it is still listed."""
        self.look()
        row = self._rows.get(key)
        if row is not None:
            self._area.ensureWidgetVisible(row)

    def _place(self, at: int, job: Job) -> None:
        row = self._rows.get(job.key)
        if row is None:
            row = self._rows[job.key] = JobRow(self._runner, job)
        else:
            row.tell(job)
        # The hint about emptiness is always the first item.
        if self._box.indexOf(row) != at + 1:
            self._box.insertWidget(at + 1, row, 0, Qt.AlignmentFlag.AlignTop)

    def _drop(self, key: int) -> None:
        row = self._rows.pop(key)
        self._box.removeWidget(row)
        row.hide()
        row.deleteLater()
