"""Says in sentences what will be mended, mends it, and says how each ended."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import QTimer, Signal
from PySide6.QtWidgets import (
    QFrame,
    QLineEdit,
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

from .action_dialog import ActionDialog
from .ages import counted
from .badges import text_label
from .dialog_size import fit
from .form_field import CheckBox, FormField
from .note_row import NoteRow, NoteStack
from .runner import ProgressReporter, Runner
from .theme import colours

if TYPE_CHECKING:
    from app.services.reconcile_words import MendOutcome
    from app.services.suite import Services

_LOOK_MS = 120
_MOST_NOTES = 100


class MendDialog(ActionDialog):
    """``choices`` as ``Reconciler.mend`` takes them. ``mended`` carries the outcomes, ``plan_requested`` an AppRef and
    the Draft that an offer brought."""

    mended = Signal(object)
    plan_requested = Signal(object, object)

    def __init__(
        self,
        runner: Runner,
        connection: Connection,
        choices: Mapping[str, str],
        destroying: int,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(runner, "Mend", f"&Mend {counted(len(choices), 'finding')}", parent)
        self._connection, self._choices, self._destroying = connection, dict(choices), destroying
        self._is_previewed, self._is_over = False, False
        self.set_place(connection)
        self.about = text_label("Working out what will be done…", "title")
        self.sentences = QListWidget()
        self.notes = NoteStack()
        self.area = QScrollArea()
        self.check: CheckBox | None = None
        self.name_edit: QLineEdit | None = None
        self.bar = QProgressBar()
        self._reporter = ProgressReporter()
        self._look = QTimer(self, interval=_LOOK_MS)
        self._look.timeout.connect(self._show_progress)
        self._build()
        self._preview()

    def _build(self) -> None:
        self.sentences.setAccessibleName("What will be done")
        self.sentences.setWordWrap(True)
        self.sentences.setSelectionMode(QListWidget.SelectionMode.SingleSelection)
        self.sentences.setStyleSheet(
            f"QListWidget {{ border: 1px solid {colours().line_strong}; border-radius: 6px; padding: 3px; }}"
            "QListWidget::item { padding: 5px 8px; border-radius: 4px; }"
        )
        self.area.setWidgetResizable(True)
        self.area.setFrameShape(QFrame.Shape.NoFrame)
        page = QWidget()
        box = QVBoxLayout(page)
        box.setContentsMargins(0, 0, 0, 0)
        box.addWidget(self.notes)
        box.addStretch(1)
        self.area.setWidget(page)
        self.area.setAccessibleName("How each ended")
        self.area.hide()
        self.bar.setTextVisible(False)
        self.bar.setAccessibleName("Mending")
        self.bar.hide()
        self.body.addWidget(self.about)
        self.body.addWidget(self.sentences, 1)
        self.body.addWidget(self.area, 1)
        self.body.addWidget(self.bar)
        if self._destroying:
            self._ask()
        self.action_button.setDefault(not self._destroying)
        self.action_button.setAutoDefault(not self._destroying)
        if self._destroying:
            self.action_button.setProperty("look", "danger")
        self.action_button.setEnabled(False)
        fit(self, 92, 20 + min(14, 2 * len(self._choices)))

    def _ask(self) -> None:
        """A second look before something is destroyed; in production a name is typed."""
        verb = "destroys" if self._destroying == 1 else "destroy"
        what = f"{self._destroying:,} of {counted(len(self._choices), 'mend')} {verb} something"
        if self._connection.environment is Environment.PRODUCTION:
            edit = self.name_edit = QLineEdit()
            edit.setPlaceholderText(plain(self._connection.label, 60))
            edit.textChanged.connect(lambda _text: self._follow())
            self.add_field("confirmation", FormField(f"{what}, in production. &Type the connection’s name", edit))
            return
        check = self.check = CheckBox(f"&I have looked at it: {what}")
        check.toggled.connect(lambda _on: self._follow())
        self.body.addWidget(check)

    def _follow(self) -> None:
        self.action_button.setEnabled(self.can_act())

    @property
    def is_confirmed(self) -> bool:
        if self.name_edit is not None:
            return self.name_edit.text().strip() == plain(self._connection.label, 60)
        return self.check is None or self.check.isChecked()

    def can_act(self) -> bool:
        return self._is_over or (self._is_previewed and self.is_confirmed)

    # Looking first

    def _preview(self) -> None:
        connection_id, choices = self._connection.id, self._choices

        async def preview(services: Services) -> tuple[str, ...]:
            return await services.reconciler.preview(connection_id, choices)

        self._runner.start(
            preview,
            owner=self,
            title="Work out what will be mended",
            done=self._take_preview,
            failed=self._not_previewed,
        )

    def _take_preview(self, sentences: tuple[str, ...]) -> None:
        self._is_previewed = True
        self.about.setText("This will be done:")
        for sentence in sentences:
            self.sentences.addItem(QListWidgetItem(plain(sentence, 500)))
        self._follow()
        if self.action_button.isEnabled():
            self.action_button.setFocus()
        elif self.check is not None:
            self.check.setFocus()
        elif self.name_edit is not None:
            self.name_edit.setFocus()

    def _not_previewed(self, error: KnownError) -> bool:
        self.about.setText("It could not be worked out what would be done.")
        self.show_error(error)
        return True

    # Mending

    def act(self) -> None:
        if self._is_over:
            self.accept()
            return
        if self.is_working or not self.can_act():
            return
        connection_id, choices, reporter = self._connection.id, self._choices, ProgressReporter()
        self._reporter = reporter

        async def mend(services: Services) -> tuple[MendOutcome, ...]:
            return await services.reconciler.mend(connection_id, choices, reporter)

        self.bar.setRange(0, len(choices))
        self._look.start()
        self.begin(mend, f"Mend {counted(len(choices), 'finding')}", self._show_outcomes)

    def _show_progress(self) -> None:
        done, _total, _text = self._reporter.read()
        self.bar.setValue(done)
        self.bar.setVisible(len(self._choices) > 1 and self.is_working)

    def _set_working(self, is_working: bool) -> None:
        super()._set_working(is_working)
        if not is_working:
            self._look.stop()
            self.bar.hide()

    def _show_outcomes(self, outcomes: tuple[MendOutcome, ...]) -> None:
        self._is_over = True
        good = sum(each.ok for each in outcomes)
        rest = f", {len(outcomes) - good:,} could not be" if good < len(outcomes) else ""
        self.about.setText(f"{good:,} of {counted(len(outcomes), 'finding')} done{rest}.")
        ordered = sorted(outcomes, key=lambda each: (each.ok, each.draft is None))
        self._show_notes(ordered)
        self.sentences.hide()
        for widget in (self.check, self.fields.get("confirmation")):
            if widget is not None:
                widget.hide()
        self.area.show()
        self.cancel_button.hide()
        self.action_button.setText("Close")
        self.action_button.setProperty("look", "primary")
        self.action_button.style().unpolish(self.action_button)
        self.action_button.style().polish(self.action_button)
        self.action_button.setEnabled(True)
        self.action_button.setFocus()
        self.mended.emit(outcomes)

    def _show_notes(self, outcomes: Sequence[MendOutcome]) -> None:
        rows = [self._note(each) for each in outcomes[:_MOST_NOTES]]
        if len(outcomes) > _MOST_NOTES:
            rest = outcomes[_MOST_NOTES:]
            words = "all done" if all(each.ok for each in rest) else "check again to see which are left"
            rows.append(NoteRow(Severity.INFO, f"And {len(rest):,} more: {words}"))
        self.notes.show_rows(rows)

    def _note(self, outcome: MendOutcome) -> NoteRow:
        answers = []
        if outcome.draft is not None and outcome.ref is not None:
            ref, draft = outcome.ref, outcome.draft
            answers.append(("Review the plan…", lambda: self.plan_requested.emit(ref, draft)))
        severity = Severity.INFO if outcome.ok else Severity.ERROR
        state = AppState.OK if outcome.ok and not answers else None
        return NoteRow(severity, plain(outcome.sentence, 400), "", answers, state=state)
