"""A push while it runs, and how it ended: its phases, its jobs or statements, and the rows in their way."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, Qt, Signal
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHBoxLayout,
    QHeaderView,
    QPlainTextEdit,
    QSizePolicy,
    QTableView,
    QVBoxLayout,
    QWidget,
)

from app.core.apps import AppState
from app.core.refs import AppRef
from app.core.status import Severity
from app.core.text import plain
from app.core.words import counted
from app.ui.look.icons import State, state_icon
from app.ui.parts.badges import ElidedLabel, StateMark, text_label
from app.ui.parts.note_row import NoteRow, NoteStack
from app.ui.parts.table_looks import dress_rows
from app.ui.work.runner import Runner

from .offending_rows import OffendingRows

if TYPE_CHECKING:
    from app.platforms.contract import PushJob, PushProgress
    from app.platforms.traits import Traits
    from app.services.workshop_words import PushOutcome, PushReport

Index = QModelIndex | QPersistentModelIndex
_NONE = QModelIndex()
_DISPLAY, _DECORATION, _TIP, _ACCESSIBLE = 0, 1, 3, 11
PHASES = ("reading", "sending", "jobs", "verifying")
_COLUMNS = 4
_JOB_LOOKS: dict[str, tuple[State, str]] = {
    "waiting": (AppState.UNKNOWN, "Waiting"),
    "processing": (AppState.CREATING, "Running"),
    "completed": (AppState.OK, "Done"),
    "errored": (Severity.ERROR, "Failed"),
}
_OUTCOMES: dict[PushOutcome, tuple[Severity, State]] = {
    "done": (Severity.INFO, AppState.OK),
    "nothing": (Severity.INFO, AppState.OK),
    "stale": (Severity.WARNING, Severity.WARNING),
    "partial": (Severity.WARNING, Severity.WARNING),
    "failed": (Severity.ERROR, Severity.ERROR),
}
_MOST_STEPS = 200
_MOST_JOBS_BESIDE = 7
_LEAST_HEIGHT = 66
_NO_LIMIT = 16_777_215


def job_look(job: PushJob) -> tuple[State, str]:
    return _JOB_LOOKS.get(job.status, (AppState.UNKNOWN, plain(job.status, 30)))


def job_progress(job: PushJob) -> str:
    """ "62 % (620 of 1,000)"; "" where nothing is known."""
    if job.done is None or not job.total:
        return ""
    return f"{min(100, job.done * 100 // job.total)} % ({job.done:,} of {job.total:,})"


class JobsModel(QAbstractTableModel):
    def __init__(self, parent: QObject | None = None, job_word: str = "job") -> None:
        super().__init__(parent)
        self.jobs: tuple[PushJob, ...] = ()
        self.headers = ("State", job_word.capitalize(), "Part", "Progress")

    def show_jobs(self, jobs: Sequence[PushJob]) -> None:
        """Rows that stay keep their place, and with it the selection."""
        now = tuple(jobs)
        if len(now) == len(self.jobs):
            self.jobs = now
            if now:
                self.dataChanged.emit(self.index(0, 0), self.index(len(now) - 1, _COLUMNS - 1))
            return
        self.beginResetModel()
        self.jobs = now
        self.endResetModel()

    def rowCount(self, parent: Index = _NONE) -> int:
        return 0 if parent.isValid() else len(self.jobs)

    def columnCount(self, parent: Index = _NONE) -> int:
        return 0 if parent.isValid() else _COLUMNS

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = 0) -> Any:
        if orientation is Qt.Orientation.Horizontal and role == _DISPLAY:
            return self.headers[section]
        return None

    def data(self, index: Index, role: int = 0) -> Any:
        job, column = self.jobs[index.row()], index.column()
        texts = (job_look(job)[1], plain(job.title, 200), plain(job.place, 120), job_progress(job))
        if role == _DISPLAY:
            return texts[column]
        if role == _DECORATION and column == 0:
            return state_icon(job_look(job)[0])
        if role == _TIP:
            return plain(job.error, 400) or texts[column]
        if role == _ACCESSIBLE:
            return f"{self.headers[column]}: {texts[column]}"
        return None


class _Phases(QWidget):
    """The four things that a push does, each with a mark."""

    def __init__(self, jobs_label: str) -> None:
        super().__init__()
        self._marks: list[StateMark] = []
        self._words = ["Read the live schema again", "Send the changes", jobs_label, "Read back and compare"]
        row = QHBoxLayout(self)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(7)
        self.labels = [ElidedLabel(word) for word in self._words]
        for label in self.labels:
            mark = StateMark(AppState.UNKNOWN)
            self._marks.append(mark)
            row.addWidget(mark)
            row.addWidget(label)
            row.addSpacing(12)
        row.addStretch(1)

    @property
    def states(self) -> tuple[State, ...]:
        return tuple(mark.state for mark in self._marks)

    def show_phase(self, phase: str, jobs: Sequence[PushJob] = ()) -> None:
        at = PHASES.index(phase) if phase in PHASES else 0
        self._show([AppState.OK if k < at else AppState.CREATING if k == at else AppState.UNKNOWN for k in range(4)])
        self.show_jobs(jobs)

    def show_end(self, *, is_done: bool, jobs: Sequence[PushJob] = ()) -> None:
        """Where it went wrong gets the mark of that: at a job that failed, else where it stopped."""
        states: list[State] = list(self.states)
        if is_done:
            states = [AppState.OK] * len(states)
        elif any(job.status == "errored" for job in jobs):
            states = [AppState.OK, AppState.OK, Severity.ERROR, AppState.OK]
        elif AppState.CREATING in states:
            states[states.index(AppState.CREATING)] = Severity.ERROR
        self._show(states)

    def show_jobs(self, jobs: Sequence[PushJob]) -> None:
        ended = sum(job.status in ("completed", "errored") for job in jobs)
        self.labels[2].set_text(f"{self._words[2]}: {ended:,} of {len(jobs):,}" if jobs else self._words[2])

    def _show(self, states: Sequence[State]) -> None:
        words = {AppState.OK: "done", AppState.CREATING: "running", AppState.UNKNOWN: "not yet"}
        for mark, state, label in zip(self._marks, states, self.labels, strict=True):
            mark.set_state(state)
            word = words.get(state, "stopped here") if isinstance(state, AppState) else "stopped here"
            mark.setAccessibleName(f"{label.text()}: {word}")
            mark.setToolTip(word.capitalize())


class PushPage(QWidget):
    copied = Signal(str)

    def __init__(self, runner: Runner, ref: AppRef, traits: Traits, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.phases = _Phases(traits.jobs_label)
        self.notes = NoteStack()
        self.model = JobsModel(self, traits.job_word)
        self.table = QTableView()
        self.rows = OffendingRows(runner, ref)
        self.rows.copied.connect(self.copied)
        self.left_head = text_label("", "sectionHead")
        self.left = QPlainTextEdit()
        self._build(traits)
        box = QVBoxLayout(self)
        box.setContentsMargins(0, 0, 0, 0)
        box.setSpacing(10)
        for widget, stretch in (
            (self.phases, 0),
            (self.notes, 0),
            (self.table, 2),
            (self.rows, 3),
            (self.left_head, 0),
            (self.left, 1),
        ):
            box.addWidget(widget, stretch)
        box.addStretch(0)
        self._end = box.count() - 1
        self._box = box
        self._show_parts()

    def _build(self, traits: Traits) -> None:
        self.table.setModel(self.model)
        dress_rows(self.table, traits.jobs_label)
        self.table.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        header = self.table.horizontalHeader()
        header.setSectionResizeMode(1, QHeaderView.ResizeMode.Stretch)
        width = self.fontMetrics().averageCharWidth()
        for column, letters in ((0, 15), (2, 26), (3, 26)):
            self.table.setColumnWidth(column, width * letters)
        self.table.selectionModel().currentRowChanged.connect(lambda _now, _before: self._follow())
        for widget in (self.table, self.rows.table, self.left):
            widget.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Ignored)
            widget.setMinimumHeight(min(_LEAST_HEIGHT, self.fontMetrics().height() * 4))
        self.left.setReadOnly(True)
        self.left.setTabChangesFocus(True)
        self.left.setAccessibleName("What remains to be done")

    def begin(self) -> None:
        self.notes.show_rows(())
        self.model.show_jobs(())
        self.left.clear()
        self.phases.show_phase("reading")
        self._show_parts()

    def show_progress(self, progress: PushProgress) -> None:
        self.phases.show_phase(progress.phase, progress.jobs)
        self._take_jobs(progress.jobs)

    def show_note(self, severity: Severity, sentence: str, remedy: str = "") -> None:
        self.notes.show_rows([NoteRow(severity, plain(sentence, 600), plain(remedy, 400))])

    def show_report(self, report: PushReport, remaining: Sequence[str] = ()) -> None:
        """``remaining``: the steps that are still to do, in sentences."""
        severity, state = _OUTCOMES[report.outcome]
        self.phases.show_end(is_done=report.outcome in ("done", "nothing"), jobs=report.jobs)
        self.notes.show_rows([NoteRow(severity, plain(report.sentence, 600), plain(report.remedy, 400), state=state)])
        self._take_jobs(report.jobs or self.model.jobs)
        self.phases.show_jobs(self.model.jobs)
        self.left_head.setText(f"STILL TO DO: {counted(len(remaining), 'step')}" if remaining else "")
        shown = [f"• {each}" for each in remaining[:_MOST_STEPS]]
        if len(remaining) > _MOST_STEPS:
            shown.append(f"… and {len(remaining) - _MOST_STEPS:,} more")
        self.left.setPlainText("\n".join(shown))
        self._select_failed()
        self._show_parts()

    def _take_jobs(self, jobs: Sequence[PushJob]) -> None:
        if tuple(jobs) != self.model.jobs:
            self.model.show_jobs(jobs)
            self._follow()
        self._show_parts()

    def _select_failed(self) -> None:
        failed = next((at for at, job in enumerate(self.model.jobs) if job.status == "errored"), -1)
        if failed >= 0:
            self.table.selectRow(failed)
            self.table.setFocus()
        self._follow()

    @property
    def _shown_job(self) -> PushJob | None:
        """The selected job where there is something to say of it, else the first that failed."""
        row = self.table.currentIndex().row()
        jobs = self.model.jobs
        chosen = jobs[row] if 0 <= row < len(jobs) else None
        if chosen is not None and (chosen.error or chosen.rows):
            return chosen
        return None if chosen is not None else next((job for job in jobs if job.error or job.rows), None)

    def _follow(self) -> None:
        job = self._shown_job
        if job is not None:
            self.rows.show_job(job)
        self.rows.setVisible(job is not None)

    def _jobs_height(self) -> int:
        """Room for a few jobs: what went wrong with one of them needs the rest."""
        rows = min(_MOST_JOBS_BESIDE, max(1, len(self.model.jobs)))
        row = self.table.rowHeight(0) if self.model.jobs else 30
        return max(self.table.minimumHeight(), self.table.horizontalHeader().sizeHint().height() + rows * row + 6)

    def _show_parts(self) -> None:
        has_jobs, has_rest = bool(self.model.jobs), bool(self.left.toPlainText())
        self.table.setVisible(has_jobs)
        self.table.setMaximumHeight(self._jobs_height() if self._shown_job is not None or has_rest else _NO_LIMIT)
        self.rows.setVisible(self._shown_job is not None)
        self.left_head.setVisible(has_rest)
        self.left.setVisible(has_rest)
        # Without jobs the phases stay at the top, instead of being spread over the dialog.
        self._box.setStretch(self._end, 0 if has_jobs or has_rest else 1)
