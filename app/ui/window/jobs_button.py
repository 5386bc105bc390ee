"""What runs, in the toolbar: how many jobs, how far they are together, and a menu to stop each."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from PySide6.QtCore import QRectF, Qt, Signal
from PySide6.QtGui import QColor, QPainter, QPaintEvent
from PySide6.QtWidgets import QMenu, QPushButton, QWidget

from app.core.text import plain
from app.core.words import counted
from app.ui.look.theme import colours
from app.ui.window.jobs_panel import progress_text
from app.ui.work.jobs import Job, JobState

_LINE = 3


class JobsButton(QPushButton):
    """Shows the jobs; while some run, its menu first names them."""

    show_requested = Signal()
    cancel_requested = Signal(int)  # key of a job

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("Jobs", parent)
        self._running: list[Job] = []
        self._menu: QMenu | None = None
        self.clicked.connect(self._act)
        self.tell(())

    def tell(self, jobs: Sequence[Job]) -> None:
        self._running = running = [job for job in jobs if job.state is JobState.RUNNING]
        text, spoken = "Jobs", f"Jobs: {counted(len(running), 'job')} running"
        if running:
            share = progress_text(whole(running))
            text = f"Jobs · {len(running)} running {share}".rstrip()
            spoken = f"{spoken}, {share}".rstrip(", ")
        if text != self.text() or not self.accessibleName():
            self.setText(text)
            self.setAccessibleName(spoken)
            self.setToolTip("What runs, to look at and to stop" if running else "Show the jobs")
            self.update()

    @property
    def share(self) -> float | None:
        """How much of all that runs is done, None where it is not known or nothing runs."""
        job = whole(self._running) if self._running else None
        return min(1.0, job.done / job.total) if job is not None and job.total > 0 else None

    def _act(self) -> None:
        if self._running:
            self.menu_of_jobs().popup(self.mapToGlobal(self.rect().bottomLeft()))
        else:
            self.show_requested.emit()

    def menu_of_jobs(self) -> QMenu:
        """The jobs as they are now."""
        if self._menu is None:
            self._menu = QMenu(self)
        self._menu.clear()
        self._menu.addAction("Show all jobs", self.show_requested.emit)
        self._menu.addSeparator()
        for job in self._running:
            title = plain(job.title, 60).replace("&", "&&")
            entry = self._menu.addAction(f"Cancel: {title}   {progress_text(job)}".rstrip())
            entry.triggered.connect(partial(self.cancel_requested.emit, job.key))
        return self._menu

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        share = self.share
        if share is None:
            return
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        room = QRectF(self.rect()).adjusted(8, 0, -8, 0)
        line = QRectF(room.x(), self.height() - _LINE - 2.5, room.width(), _LINE)
        for width, colour in ((line.width(), colours().chip), (line.width() * share, colours().accent)):
            painter.setBrush(QColor(colour))
            painter.drawRoundedRect(QRectF(line.x(), line.y(), width, line.height()), 1.5, 1.5)
        painter.end()


def whole(jobs: Sequence[Job]) -> Job:
    """One job that stands for all; without a share where one of them has none."""
    if any(job.total <= 0 for job in jobs):
        return jobs[0]._replace(done=0, total=0)
    return jobs[0]._replace(done=sum(job.done for job in jobs), total=sum(job.total for job in jobs))
