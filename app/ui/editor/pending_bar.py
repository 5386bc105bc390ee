"""The bar under the grids: what is staged, what it risks, what is wrong with it, and what to do with it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, Qt, QTimer, Signal
from PySide6.QtGui import QKeyEvent, QResizeEvent
from PySide6.QtWidgets import (
    QBoxLayout,
    QFrame,
    QHBoxLayout,
    QListWidget,
    QListWidgetItem,
    QPushButton,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from app.core.connection import Connection
from app.core.status import Severity
from app.core.text import plain
from app.platforms.traits import traits_of
from app.schema.operations import Risk
from app.ui.actions.key_tips import KeyTip
from app.ui.look.icons import state_icon
from app.ui.parts.badges import StateMark, text_label
from app.ui.plans.plan_text import parted
from app.ui.schema.schema_document import SchemaDocument

if TYPE_CHECKING:
    from app.schema.check import Problem
    from app.schema.compare import Plan
    from app.schema.renames import RenameSuggestion

_REFUSAL_MS = 9_000
_MOST_PROBLEMS = 300
_MOST_ROWS_SHOWN = 5
_ROOM_FOR_ONE_LINE = 140  # letters


class PendingBar(QWidget):
    """Strips that come and go: a rename to confirm, the problems, what was refused, and the pending changes."""

    review_requested = Signal()

    def __init__(self, document: SchemaDocument, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._document = document
        self.suggestion = SuggestionStrip(document)
        self.problems = ProblemList(document)
        self.refusal = _Strip(Severity.WARNING)
        self.lock = _Strip(Severity.INFO)
        self.mark = StateMark(Severity.INFO)
        self.count = text_label("", "title")
        self.details = text_label("", "muted")
        self.problem_button = QPushButton()
        self.discard_button = QPushButton("Discard")
        self.undo_button = QPushButton("Undo")
        self.review_button = QPushButton("Review plan…")
        self.bar = QFrame()
        self._texts = QBoxLayout(QBoxLayout.Direction.LeftToRight)
        self._forget = QTimer(self, singleShot=True, interval=_REFUSAL_MS)
        self._forget.timeout.connect(self.refusal.hide)
        self._lay_out()
        self._connect()
        self.tell()

    def _lay_out(self) -> None:
        self.bar.setProperty("look", "pendingBar")
        self.details.setWordWrap(True)
        self.details.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
        self.problem_button.setProperty("look", "link")
        self.problem_button.setCheckable(True)
        self.review_button.setProperty("look", "primary")
        KeyTip(self.review_button, "What would be sent, and what it risks", "schema.review")
        self._undo_tip = KeyTip(self.undo_button, "Nothing to undo", "edit.undo")
        self.discard_button.setToolTip("Back to the live schema; Undo brings the edits back")
        row = QHBoxLayout(self.bar)
        row.setContentsMargins(14, 8, 10, 8)
        row.setSpacing(10)
        row.addWidget(self.mark)
        self._texts.setSpacing(10)
        self._texts.addWidget(self.count)
        self._texts.addWidget(self.details, 1)
        row.addLayout(self._texts, 1)
        for button in (self.problem_button, self.discard_button, self.undo_button, self.review_button):
            row.addWidget(button)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        for part in (self.problems, self.suggestion, self.refusal, self.lock, self.bar):
            layout.addWidget(part)
        self.refusal.hide()
        self.problems.hide()

    def _connect(self) -> None:
        document = self._document
        for signal in (document.changed, document.base_changed, document.review_changed):
            signal.connect(self.tell)
        document.changed.connect(self.refusal.hide)
        document.refused.connect(self._refuse)
        document.undo_changed.connect(self._tell_undo)
        self.discard_button.clicked.connect(document.discard)
        self.undo_button.clicked.connect(document.undo_stack.undo)
        self.review_button.clicked.connect(self.review_requested)
        self.problem_button.toggled.connect(self.problems.setVisible)
        self.problems.closed.connect(lambda: self.problem_button.setChecked(False))

    # Telling

    def tell(self) -> None:
        document = self._document
        reason = document.lock_reason if document.is_open else ""
        self.lock.tell(f"Nothing can be edited here. {reason}" if reason else "")
        is_changed = document.is_open and document.is_changed
        self.bar.setVisible(is_changed or document.undo_stack.canUndo() or document.undo_stack.canRedo())
        self._tell_changes(is_changed)
        self._tell_problems()
        self._tell_undo()
        self.suggestion.tell()
        self.discard_button.setEnabled(is_changed and not reason)
        self.review_button.setEnabled(is_changed and not reason)

    def _tell_changes(self, is_changed: bool) -> None:
        document = self._document
        if not is_changed:
            self.count.setText("No pending changes")
            self.details.setText("")
            self.mark.hide()
            return
        if document.is_reviewed:
            count = len(document.plan)
            self.count.setText(f"{count} pending change{'' if count == 1 else 's'}")
            self.details.setText(risk_words(document.plan, document.connection))
            severity = _SEVERITIES[document.plan.worst] if count else Severity.INFO
            self.mark.set_state(severity)
            words = self._words(document.plan)
            self.mark.setAccessibleName(words)
            self.mark.setToolTip(words)
            self.mark.setVisible(severity is not Severity.INFO)
        elif not self.count.text() or self.count.text() == "No pending changes":
            self.count.setText("Pending changes")
        self.bar.setAccessibleName(f"{self.count.text()}. {self.details.text()}")

    @staticmethod
    def _words(plan: Plan) -> str:
        return f"The worst of them {_VERBS[plan.worst][0]}" if plan.worst in _VERBS else "All of them are safe"

    def _tell_problems(self) -> None:
        problems = self._document.problems if self._document.is_open else ()
        count = len(problems)
        has_error = any(each.is_error for each in problems)
        self.problem_button.setVisible(count > 0)
        self.problem_button.setText(f"{count} problem{'' if count == 1 else 's'}")
        self.problem_button.setIcon(state_icon(Severity.ERROR if has_error else Severity.WARNING))
        self.problem_button.setToolTip("What has to be mended before a push; choose one to go there")
        self.problems.tell(problems)
        if not count:
            self.problem_button.setChecked(False)

    def _tell_undo(self) -> None:
        stack = self._document.undo_stack
        self.undo_button.setEnabled(stack.canUndo())
        can_undo = stack.canUndo()
        self._undo_tip.say(f"Undo “{stack.undoText()}”" if can_undo else "Nothing to undo", has_keys=can_undo)
        self.bar.setVisible(self.bar.isVisibleTo(self) or stack.canUndo())

    def _refuse(self, sentence: str, _place: str) -> None:
        self.refusal.tell(sentence)
        self._forget.start()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """With little room, what is said stands below how many there are."""
        super().resizeEvent(event)
        has_room = self.width() >= _ROOM_FOR_ONE_LINE * self.fontMetrics().averageCharWidth()
        way = QBoxLayout.Direction.LeftToRight if has_room else QBoxLayout.Direction.TopToBottom
        if self._texts.direction() is not way:
            self._texts.setDirection(way)
            self._texts.setSpacing(10 if has_room else 1)

    def refresh_looks(self) -> None:
        self._tell_problems()


_SEVERITIES = {
    Risk.SAFE: Severity.INFO,
    Risk.SLOW: Severity.INFO,
    Risk.MAY_FAIL: Severity.WARNING,
    Risk.DESTROYS: Severity.ERROR,
}
_VERBS = {
    Risk.SLOW: ("takes a while", "take a while"),
    Risk.MAY_FAIL: ("can fail on existing data", "can fail on existing data"),
    Risk.DESTROYS: ("destroys data", "destroy data"),
}


def risk_words(plan: Plan, connection: Connection) -> str:
    """``1 can fail on existing data · 1 destroys data (restorable for 2 days)``, or that all of it is safe."""
    counts = plan.counts_by_risk()
    parts = []
    for risk, (one, many) in _VERBS.items():
        count = counts.get(risk, 0)
        if count:
            parts.append(f"{count} {one if count == 1 else many}")
    if counts.get(Risk.DESTROYS) and traits_of(connection).keeps_dropped_data:
        # Instant keeps dropped attributes for two days before it deletes their values.
        parts[-1] += " (restorable for 2 days)"
    return " · ".join(parts) or "all safe"


class _Strip(QFrame):
    """One sentence with the shape of how grave it is."""

    def __init__(self, severity: Severity, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("look", "schemaStrip")
        self.setProperty("severity", severity.value)
        self.label = text_label("")
        self.label.setWordWrap(True)
        row = QHBoxLayout(self)
        row.setContentsMargins(14, 7, 10, 7)
        row.setSpacing(9)
        row.addWidget(StateMark(severity))
        row.addWidget(self.label, 1)
        self.hide()

    def tell(self, sentence: str) -> None:
        self.label.setText(sentence)
        self.setAccessibleName(sentence)
        self.setVisible(bool(sentence))


class SuggestionStrip(QFrame):
    """What looks like a rename: dropped here, added there. Never taken for one unless the operator says so."""

    def __init__(self, document: SchemaDocument, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("look", "schemaStrip")
        self.setProperty("severity", Severity.WARNING.value)
        self._document = document
        self._shown: RenameSuggestion | None = None
        self.question = text_label("", "title")
        self.reason = text_label("", "muted")
        for label in (self.question, self.reason):
            label.setWordWrap(True)
        self.rename_button = QPushButton("Rename")
        self.no_button = QPushButton("No")
        self.rename_button.setToolTip("It is the same: keep its values under the new name")
        self.no_button.setToolTip("They have nothing to do with each other: the old one is removed with its values")
        row = QHBoxLayout(self)
        row.setContentsMargins(14, 6, 10, 6)
        row.setSpacing(10)
        row.addWidget(StateMark(Severity.INFO))
        texts = QVBoxLayout()
        texts.setSpacing(1)
        texts.addWidget(self.question)
        texts.addWidget(self.reason)
        row.addLayout(texts, 1)
        for button in (self.rename_button, self.no_button):
            button.setProperty("look", "small")
            row.addWidget(button)
        self.rename_button.clicked.connect(self._confirm)
        self.no_button.clicked.connect(self._reject)
        self.hide()

    def tell(self) -> None:
        document = self._document
        if not document.is_reviewed and self._shown is not None:
            # Stays until the next answer: no flicker while typing.
            return
        waiting = document.suggestions if document.is_open and not document.is_read_only else ()
        self._shown = waiting[0] if waiting else None
        if self._shown is not None:
            old, new = _names(self._shown)
            self.question.setText(f"Was {old} renamed to {new}?")
            more = f" ({len(waiting)} to answer)" if len(waiting) > 1 else ""
            self.reason.setText(plain(self._shown.reason, 160) + more)
            self.setAccessibleName(f"{self.question.text()} {self.reason.text()}")
        self.setVisible(self._shown is not None)

    def _confirm(self) -> None:
        shown = self._shown
        if shown is not None:
            title = "Rename {} to {}".format(*_names(shown))
            self._document.edit(title, lambda draft: draft.confirm(shown))

    def _reject(self) -> None:
        if self._shown is not None:
            self._document.reject(self._shown)


def _names(suggestion: RenameSuggestion) -> tuple[str, str]:
    """The old name with its place, the new one without it where it stays in the same entity."""
    entity, dot, _ = suggestion.old.rpartition(".") if suggestion.kind != "entity" else ("", "", "")
    new = suggestion.new.removeprefix(f"{entity}.") if dot else suggestion.new
    return plain(suggestion.old, 60), plain(new, 60)


class ProblemList(QListWidget):
    """Every problem with its place, sentence and remedy; Enter or a click goes there."""

    closed = Signal()

    def __init__(self, document: SchemaDocument, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._document = document
        self._problems: tuple[Problem, ...] = ()
        self.setAccessibleName("Problems")
        self.setWordWrap(True)
        self.setProperty("look", "problems")
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.itemActivated.connect(self._go)
        self.itemClicked.connect(self._go)

    def tell(self, problems: tuple[Problem, ...]) -> None:
        if problems == self._problems and self.count():
            return
        self._problems = problems
        self.clear()
        for each in problems[:_MOST_PROBLEMS]:
            text = f"{plain(each.place, 100)}: {plain(each.sentence, 300)} {plain(each.remedy, 300)}".strip()
            item = QListWidgetItem(state_icon(Severity.ERROR if each.is_error else Severity.WARNING), text)
            item.setData(Qt.ItemDataRole.UserRole, each.place)
            item.setToolTip(text)
            self.addItem(item)
        rows = min(_MOST_ROWS_SHOWN, max(1, self.count()))
        self.setFixedHeight(rows * (self.fontMetrics().height() + 12) + 6)

    def _go(self, item: QListWidgetItem) -> None:
        entity, part = parted(str(item.data(Qt.ItemDataRole.UserRole)), self._document.draft.wanted)
        self._document.select(entity, part or None)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self.closed.emit()
            return
        super().keyPressEvent(event)

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange:
            problems, self._problems = self._problems, ()
            self.tell(problems)


__all__ = ["PendingBar", "ProblemList", "SuggestionStrip", "risk_words"]
