"""Says in sentences what will be done, does it after a second look, and says how each ended."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING, TypeVar

from PySide6.QtCore import Qt, QTimer
from PySide6.QtWidgets import (
    QAbstractItemView,
    QFrame,
    QLineEdit,
    QListView,
    QListWidget,
    QListWidgetItem,
    QProgressBar,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from app.core.apps import AppState
from app.core.connection import Connection, Environment
from app.core.errors import KnownError
from app.core.status import Severity
from app.core.text import plain
from app.ui.look.icons import State
from app.ui.look.theme import colours
from app.ui.work.runner import ProgressReporter, Runner

from .action_dialog import ActionDialog
from .badges import text_label
from .check_mark import CheckBox
from .environment_badge import SPOKEN
from .form_field import FormField
from .note_row import Answer, NoteRow, NoteStack

if TYPE_CHECKING:
    from app.services.suite import Services

T = TypeVar("T")
_LOOK_MS = 120
_MOST_NOTES = 100


class PreviewDialog(ActionDialog):
    """Nothing is done before it was shown. What destroys needs a tick, in production the name of ``phrase``: the
    connection's, unless a subclass names another."""

    def __init__(
        self, runner: Runner, connection: Connection, heading: str, action: str, parent: QWidget | None = None
    ) -> None:
        super().__init__(runner, heading, action, parent)
        self.connection = connection
        self.phrase, self.phrase_noun = plain(connection.label, 60), "connection"
        self.is_previewed, self.is_over = False, False
        self._total = 0
        self.set_place(connection)
        self.about = text_label("Working out what will be done…", "title")
        self.about.setWordWrap(True)
        self.sentences = QListWidget()
        self.notes = NoteStack()
        self.area = QScrollArea()
        self.check: CheckBox | None = None
        self.name_edit: QLineEdit | None = None
        self.bar = QProgressBar()
        self._confirmation: QWidget | None = None
        self._reporter = ProgressReporter()
        self._look = QTimer(self, interval=_LOOK_MS)
        self._look.timeout.connect(self._show_progress)
        self._build_parts()

    def _build_parts(self) -> None:
        self.sentences.setAccessibleName("What will be done")
        self.sentences.setWordWrap(True)
        self.sentences.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.sentences.setResizeMode(QListView.ResizeMode.Adjust)
        self.sentences.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.sentences.setStyleSheet(
            f"QListWidget {{ border: 1px solid {colours().line_strong}; border-radius: 6px; padding: 3px; }}"
            "QListWidget::item { padding: 5px 8px; border-radius: 4px; }"
        )
        page = QWidget()
        box = QVBoxLayout(page)
        box.setContentsMargins(0, 0, 0, 0)
        box.addWidget(self.notes)
        box.addStretch(1)
        self.area.setWidget(page)
        self.area.setWidgetResizable(True)
        self.area.setFrameShape(QFrame.Shape.NoFrame)
        self.area.setAccessibleName("How each ended")
        self.area.hide()
        self.bar.setTextVisible(False)
        self.bar.setAccessibleName("Working")
        self.bar.hide()
        self.action_button.setEnabled(False)

    def add_parts(self) -> None:
        """Below what the subclass put first."""
        self.body.addWidget(self.about)
        self.body.addWidget(self.sentences, 1)
        self.body.addWidget(self.area, 1)
        self.body.addWidget(self.bar)

    # The second look

    def ask(self, what: str) -> None:
        """``what`` is destroyed, in words; "" asks nothing. What was agreed to before does not count."""
        if self._confirmation is not None:
            self.body.removeWidget(self._confirmation)
            self._confirmation.hide()
            self._confirmation.deleteLater()
        self._confirmation = self.check = self.name_edit = None
        is_meant = bool(what)
        self.action_button.setProperty("look", "danger" if is_meant else "primary")
        # Enter must not destroy: it has to be meant.
        self.action_button.setDefault(not is_meant)
        self.action_button.setAutoDefault(not is_meant)
        self._polish()
        if is_meant and self.connection.environment is Environment.PRODUCTION:
            edit = self.name_edit = QLineEdit()
            edit.setPlaceholderText(self.phrase)
            edit.textChanged.connect(lambda _text: self.follow())
            where = f"{plain(self.connection.label, 60)} ({SPOKEN[self.connection.environment]})"
            field = FormField(f"{what} on {where}. &Type the {self.phrase_noun}’s name to go on", edit)
            field.label.setWordWrap(True)
            self._confirmation = field
        elif is_meant:
            check = self.check = CheckBox(f"&I have looked at it: {what}")
            check.toggled.connect(lambda _on: self.follow())
            self._confirmation = check
        if self._confirmation is not None:
            self.body.addWidget(self._confirmation)
        self.follow()

    def _polish(self) -> None:
        self.action_button.style().unpolish(self.action_button)
        self.action_button.style().polish(self.action_button)

    def follow(self) -> None:
        self.action_button.setEnabled(self.can_act())

    @property
    def is_confirmed(self) -> bool:
        if self.name_edit is not None:
            return self.name_edit.text().strip() == self.phrase.strip()
        return self.check is None or self.check.isChecked()

    def can_act(self) -> bool:
        return self.is_over or (self.is_previewed and self.is_confirmed)

    # Looking first

    def show_sentences(self, about: str, sentences: Sequence[str]) -> None:
        self.is_previewed = True
        self.about.setText(about)
        self.sentences.clear()
        for sentence in sentences:
            self.sentences.addItem(QListWidgetItem(plain(sentence, 500)))
        self.follow()
        wanted = self.check or self.name_edit or self.action_button
        wanted.setFocus()

    def not_previewed(self, error: KnownError) -> bool:
        self.is_previewed = False
        self.about.setText("It could not be worked out what would be done.")
        self.show_error(error)
        self.follow()
        return True

    # Doing

    def act(self) -> None:
        if self.is_over:
            self.accept()
        elif not self.is_working and self.can_act():
            self.go()

    def go(self) -> None:
        """Do it, with ``run``; overridden."""
        raise NotImplementedError

    def run(
        self,
        work: Callable[[Services, ProgressReporter], Awaitable[T]],
        title: str,
        total: int,
        done: Callable[[T], None],
    ) -> None:
        reporter = self._reporter = ProgressReporter()
        self._total = total
        self.bar.setRange(0, total)
        self._look.start()
        self.begin(lambda services: work(services, reporter), title, done)

    def _show_progress(self) -> None:
        done, _total, _text = self._reporter.read()
        self.bar.setValue(done)
        self.bar.setVisible(self._total > 1 and self.is_working)

    def _set_working(self, is_working: bool) -> None:
        super()._set_working(is_working)
        if not is_working:
            self._look.stop()
            self.bar.hide()

    # How it ended

    def show_outcomes(self, about: str, rows: Sequence[NoteRow]) -> None:
        """The dialog is over, and stays to be read."""
        self.is_over = True
        self.about.setText(about)
        self.notes.show_rows(rows)
        self.sentences.hide()
        if self._confirmation is not None:
            self._confirmation.hide()
        self.area.show()
        self.cancel_button.hide()
        self.action_button.setText("Close")
        self.action_button.setProperty("look", "primary")
        self._polish()
        self.action_button.setEnabled(True)
        self.action_button.setFocus()


def outcome_rows(outcomes: Sequence[tuple[bool, str, str, Sequence[Answer]]]) -> list[NoteRow]:
    """From (ok, sentence, remedy, answers): what failed first, then what still wants an answer."""
    ordered = sorted(outcomes, key=lambda each: (each[0], not each[3]))
    rows = [_outcome_row(*each) for each in ordered[:_MOST_NOTES]]
    if len(ordered) > _MOST_NOTES:
        rest = ordered[_MOST_NOTES:]
        words = "all done" if all(each[0] for each in rest) else "look again to see which are left"
        rows.append(NoteRow(Severity.INFO, f"And {len(rest):,} more: {words}"))
    return rows


def _outcome_row(is_ok: bool, sentence: str, remedy: str, answers: Sequence[Answer]) -> NoteRow:
    severity = Severity.INFO if is_ok else Severity.ERROR
    state: State | None = AppState.OK if is_ok and not answers else None
    return NoteRow(severity, plain(sentence, 400), plain(remedy, 300), answers, state=state)
