"""What a push would do: summary, what to answer first, the steps, and what will be sent."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QItemSelection, QItemSelectionModel, Qt, QTimer, Signal
from PySide6.QtGui import QGuiApplication, QKeySequence, QResizeEvent, QShortcut
from PySide6.QtWidgets import (
    QHBoxLayout,
    QListView,
    QPlainTextEdit,
    QPushButton,
    QScrollArea,
    QSizePolicy,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from app.core.connection import Connection
from app.core.errors import KnownError
from app.core.status import Severity
from app.core.text import plain
from app.core.words import counted
from app.platforms.traits import traits_of
from app.schema.operations import AddAttribute, AddEntity, AddLink, Risk
from app.ui.look.theme import mono_font
from app.ui.parts.badges import text_label
from app.ui.parts.confirmation import Confirmation
from app.ui.parts.empty_state import EmptyState
from app.ui.parts.note_row import NoteRow, NoteStack

from .plan_model import PlanDelegate, PlanModel
from .plan_text import StepLine, risk_counts, sent_text, summary
from .risk_mark import RiskSummary

if TYPE_CHECKING:
    from app.platforms.contract import RowCount
    from app.schema.check import Problem
    from app.schema.renames import RenameSuggestion
    from app.services.workshop_words import Review

_MOST_NOTES = 6
_MOST_TEXT = 400_000
_KEPT = "Instant keeps what is dropped for 2 days: until then Undo push brings it back with its data."
_COMES_BACK = "What the push dropped comes back with its data where it was dropped less than 2 days ago."


class ReviewPage(QWidget):
    """``changed`` says that ``can_push`` may be another."""

    changed = Signal()
    rename_confirmed = Signal(object)  # RenameSuggestion
    rename_rejected = Signal(object)
    go_requested = Signal(str)  # place
    copied = Signal(str)

    def __init__(self, connection: Connection, app_title: str, app_id: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._has_sql = traits_of(connection).has_sql
        self._problems: tuple[Problem, ...] = ()
        self._is_reviewed = False
        self._has_error = False
        self.model = PlanModel(self)
        self.summary = RiskSummary()
        self.notes = NoteStack()
        self.list = QListView()
        self.confirmation = Confirmation(connection, app_title, app_id)
        self.hint = text_label(_KEPT, "small")
        self.count_note = text_label("", "small")
        self.sent_button = QPushButton("Show what will be &sent")
        self.whole_button = QPushButton("&Whole plan")
        self.copy_sent_button = QPushButton("&Copy")
        self.sent = QPlainTextEdit()
        self.empty = EmptyState()
        self._stack = QStackedWidget()
        self._build()
        self._lay_out()

    def _build(self) -> None:
        self.list.setModel(self.model)
        self.list.setItemDelegate(PlanDelegate(self.list))
        self.list.setUniformItemSizes(True)
        self.list.setAccessibleName("Steps of the plan")
        self.list.selectionModel().selectionChanged.connect(self._follow)
        QShortcut(QKeySequence.StandardKey.Copy, self.list, self._copy_step, context=Qt.ShortcutContext.WidgetShortcut)
        self.sent.setReadOnly(True)
        self.sent.setFont(mono_font())
        self.sent.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
        self.sent.setAccessibleName("What will be sent")
        # Tab leaves it: nothing is typed here.
        self.sent.setTabChangesFocus(True)
        for button in (self.sent_button, self.whole_button, self.copy_sent_button):
            button.setProperty("look", "link")
            button.setAutoDefault(False)
        self.sent_button.setCheckable(True)
        self.sent_button.toggled.connect(self._show_sent)
        self.whole_button.setToolTip("Show what will be sent for all steps instead of the chosen one")
        self.whole_button.clicked.connect(self.list.clearSelection)
        self.copy_sent_button.setAccessibleName("Copy what will be sent")
        self.copy_sent_button.clicked.connect(self._copy_sent)
        self.confirmation.changed.connect(self.changed)
        for label in (self.hint, self.count_note):
            label.setWordWrap(True)
            label.hide()

    def _lay_out(self) -> None:
        area = QScrollArea()
        area.setWidgetResizable(True)
        area.setWidget(self.notes)
        self._area = area
        area.hide()
        self._stack.addWidget(self.list)
        self._stack.addWidget(self.empty)
        line = QHBoxLayout()
        line.setContentsMargins(0, 0, 0, 0)
        line.addWidget(self.sent_button)
        line.addStretch(1)
        line.addWidget(self.whole_button)
        line.addWidget(self.copy_sent_button)
        box = QVBoxLayout(self)
        box.setContentsMargins(0, 0, 0, 0)
        box.setSpacing(8)
        box.addWidget(self.summary)
        box.addWidget(area)
        self.list.setMinimumHeight(min(100, self.fontMetrics().height() * 6))
        self.sent.setMinimumHeight(min(66, self.fontMetrics().height() * 4))
        self._stack.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Ignored)
        self.sent.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Ignored)
        box.addWidget(self._stack, 3)
        box.addLayout(line)
        box.addWidget(self.sent, 2)
        box.addWidget(self.count_note)
        box.addWidget(self.hint)
        box.addWidget(self.confirmation)
        self._show_sent(False)

    # What is shown

    def show_waiting(self) -> None:
        self._is_reviewed = False
        self.summary.show_counts("Working out the plan…", {}, "Working out the plan")
        self.changed.emit()

    def show_review(
        self,
        review: Review,
        lines: Sequence[StepLine],
        *,
        keeps_dropped: bool,
        is_undo: bool = False,
        first: str = "",
    ) -> None:
        """``first`` is a sentence that stands above all notes; ``keeps_dropped``: the platform can restore."""
        self._problems, self._is_reviewed, self._has_error = review.problems, True, review.error is not None
        self.model.show_lines(lines)
        self.count_note.hide()
        counts = risk_counts(lines)
        total = counted(len(lines), "step") if lines else "Nothing to do"
        self.summary.show_counts(total, counts, summary(lines))
        self._show_notes(self._notes(review, first))
        self._stack.setCurrentWidget(self.list if lines else self.empty)
        self.empty.tell("Nothing to push", "The draft and the live schema are the same.")
        brings_back = is_undo and any(
            isinstance(step, AddEntity | AddAttribute | AddLink) for step in review.plan.steps
        )
        self.hint.setText(_COMES_BACK if brings_back else _KEPT)
        self.hint.setVisible(keeps_dropped and (brings_back or any(line.can_be_restored for line in lines)))
        self.confirmation.ask(counts.get(Risk.DESTROYS, 0), len(lines), needs_name=review.needs_typed_name)
        self.sent_button.setEnabled(bool(review.rendered))
        if lines:
            # With the keyboard on it, and not chosen: what will be sent is that of the whole plan until one is.
            no_update = QItemSelectionModel.SelectionFlag.NoUpdate
            self.list.selectionModel().setCurrentIndex(self.model.index(0), no_update)
        self._fill_sent()
        self.changed.emit()

    def add_counts(self, counts: Iterable[RowCount]) -> None:
        self.model.add_counts(counts)
        wrong = self.model.blocked
        if wrong:
            steps = f"Step {wrong[0] + 1} is" if len(wrong) == 1 else f"{len(wrong):,} steps are"
            self._tell_counts(f"{steps} going to fail with the rows that there are now. Mend them first.", "errorText")

    def show_count_error(self, error: KnownError) -> None:
        """A plan can be pushed without the counts: it only says less."""
        self._tell_counts(f"The rows could not be counted: {plain(error.sentence, 300)}", "small")

    def _tell_counts(self, text: str, look: str) -> None:
        self.count_note.setProperty("look", look)
        self.count_note.style().unpolish(self.count_note)
        self.count_note.style().polish(self.count_note)
        self.count_note.setText(text)
        self.count_note.show()

    @property
    def can_push(self) -> bool:
        return self._is_reviewed and not self.blocker and self.confirmation.is_given

    @property
    def blocker(self) -> str:
        """Why nothing can be pushed, whatever is confirmed; "" where it can."""
        wrong = sum(each.is_error for each in self._problems)
        if not self.model.lines:
            return "There is nothing to push."
        if self._has_error:
            return "The platform cannot be asked now."
        return f"{counted(wrong, 'problem')} to mend first." if wrong else ""

    @property
    def destroys(self) -> bool:
        return any(line.risk is Risk.DESTROYS for line in self.model.lines)

    # Notes

    def _notes(self, review: Review, first: str) -> list[NoteRow]:
        rows = [NoteRow(Severity.INFO, plain(first, 600))] if first else []
        if review.error is not None:
            rows.append(NoteRow(Severity.ERROR, plain(review.error.sentence, 400), plain(review.error.remedy, 300)))
        wrong = sorted(review.problems, key=lambda each: not each.is_error)
        rows += [self._problem(each) for each in wrong[:_MOST_NOTES]]
        if len(wrong) > _MOST_NOTES:
            more = f"{counted(len(wrong) - _MOST_NOTES, 'more problem')}: mend these first."
            rows.append(NoteRow(Severity.INFO, more))
        return rows + [self._suggestion(each) for each in review.suggestions[:_MOST_NOTES]]

    def _problem(self, problem: Problem) -> NoteRow:
        severity = Severity.ERROR if problem.is_error else Severity.WARNING
        answers = (("&Go to", partial(self.go_requested.emit, problem.place)),)
        return NoteRow(severity, plain(problem.sentence, 400), plain(problem.remedy, 400), answers)

    def _suggestion(self, suggestion: RenameSuggestion) -> NoteRow:
        reason = f" ({plain(suggestion.reason, 120)})" if suggestion.reason else ""
        text = f"Was {plain(suggestion.old)} renamed to {plain(suggestion.new)}?{reason}"
        answers = (
            ("It is a &rename", partial(self.rename_confirmed.emit, suggestion)),
            ("&No, drop and add", partial(self.rename_rejected.emit, suggestion)),
        )
        return NoteRow(Severity.INFO, text, "A rename keeps the values; a drop deletes them.", answers)

    def _show_notes(self, rows: list[NoteRow]) -> None:
        self.notes.show_rows(rows)
        self._area.setVisible(bool(rows))
        self._fit_notes()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit_notes()

    def _fit_notes(self) -> None:
        """As high as what is said needs at this width; beyond a third of the page it scrolls."""
        layout = self.notes.layout()
        if layout is not None and self.notes.rows:
            needed = layout.totalHeightForWidth(max(200, self.width() - 2))
            self._area.setFixedHeight(min(needed, max(self.height() // 3, self.fontMetrics().height() * 8)))

    # What will be sent

    def _show_sent(self, is_shown: bool) -> None:
        self.sent_button.setText("Hide what will be &sent" if is_shown else "Show what will be &sent")
        self.sent.setVisible(is_shown)
        self.copy_sent_button.setVisible(is_shown)
        self._fill_sent()
        # The list has become shorter, after this turn of the event loop.
        QTimer.singleShot(0, self, lambda: self.list.scrollTo(self.list.currentIndex()))

    def _follow(self, _selected: QItemSelection, _deselected: QItemSelection) -> None:
        self._fill_sent()

    @property
    def _chosen(self) -> StepLine | None:
        rows = self.list.selectionModel().selectedRows()
        return self.model.lines[rows[0].row()] if rows else None

    def _fill_sent(self) -> None:
        chosen = self._chosen
        self.whole_button.setVisible(not self.sent.isHidden() and chosen is not None)
        if not self.sent.isHidden():
            text = sent_text(self.model.lines if chosen is None else (chosen,), is_sql=self._has_sql)
            self.sent.setPlainText(text[:_MOST_TEXT] or "Nothing of its own: it goes with another step.")

    def _copy_sent(self) -> None:
        """All of it, also where it is too long to be shown."""
        chosen = self._chosen
        text = sent_text(self.model.lines if chosen is None else (chosen,), is_sql=self._has_sql)
        QGuiApplication.clipboard().setText(text)
        what = "this step" if chosen is not None else "the whole plan"
        self.copied.emit(f"Copied what will be sent for {what}")

    def _copy_step(self) -> None:
        index = self.list.currentIndex()
        if index.isValid():
            QGuiApplication.clipboard().setText(self.model.lines[index.row()].sentence)
            self.copied.emit("Copied the step")
