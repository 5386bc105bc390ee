"""Sets any two schemas beside each other: apps, an app's past, files, templates."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QTimer, Signal
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import (
    QDialog,
    QFrame,
    QHBoxLayout,
    QProgressBar,
    QPushButton,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from app.core.errors import KnownError
from app.core.status import Severity
from app.core.text import plain
from app.services.workshop_words import AppSource, Comparison, Source
from app.ui.parts.badges import text_label
from app.ui.parts.dialog_size import fit
from app.ui.parts.empty_state import EmptyState
from app.ui.parts.note_row import NoteRow, NoteStack
from app.ui.work.runner import SHOWN_AFTER_S, Runner

from .difference_tree import DifferenceTree
from .plan_text import StepLine, risk_counts, step_lines, summary
from .risk_mark import RiskSummary
from .source_picker import Choices, SourcePicker, read_choices

if TYPE_CHECKING:
    from app.schema.compare import Renames
    from app.schema.renames import RenameSuggestion
    from app.services.suite import Services

_COMPARE_AFTER_MS = 120
_MOST_NOTES = 5


@dataclass(frozen=True, slots=True)
class _Found:
    comparison: Comparison
    lines: tuple[StepLine, ...]
    renames: Renames


async def _compared(services: Services, left: Source, right: Source) -> _Found:
    import asyncio

    from app.schema.compare import Renames

    found = await services.workshop.compare_sides(left, right)
    return _Found(found, await asyncio.to_thread(step_lines, found.plan), Renames())


def _again(comparison: Comparison, renames: Renames) -> _Found:
    """The same sides with renames that were confirmed; takes its time."""
    from app.schema.compare import compare
    from app.schema.renames import suggest

    left, right = comparison.left.schema, comparison.right.schema
    plan = compare(left, right, renames)
    found = replace(comparison, plan=plan, suggestions=suggest(left, right, renames))
    return _Found(found, step_lines(plan), renames)


class CompareDialog(QDialog):
    """Compares as soon as both sides are chosen. ``stage_requested`` carries the AppRef of the left side and a draft
    that turns it into the right one."""

    stage_requested = Signal(object, object)  # AppRef, Draft
    copied = Signal(str)

    def __init__(
        self,
        runner: Runner,
        left: Source | None = None,
        right: Source | None = None,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._runner = runner
        self._found: _Found | None = None
        self._rejected: set[tuple[str, str, str]] = set()
        self._choices = Choices()
        self.setWindowTitle("Compare schemas")
        self.left, self.right = SourcePicker(runner, "Left"), SourcePicker(runner, "Right")
        self.swap_button = QPushButton("S&wap sides")
        self.summary = RiskSummary()
        self.direction = text_label("", "small")
        self.notes = NoteStack()
        self.tree = DifferenceTree()
        self.empty = EmptyState()
        self.progress = QProgressBar()
        self.copy_button = QPushButton("&Copy")
        self.stage_button = QPushButton()
        self.close_button = QPushButton("Close")
        self._stack = QStackedWidget()
        self._later = QTimer(self, singleShot=True, interval=_COMPARE_AFTER_MS)
        self._slow = QTimer(self, singleShot=True, interval=int(SHOWN_AFTER_S * 1000))
        self._build()
        self._lay_out()
        for picker, source in ((self.left, left), (self.right, right)):
            if source is not None:
                picker.set_source(source)
        self._show_nothing()
        runner.start(read_choices, owner=self, title="List the apps", done=self._take_choices, quiet=True)

    def _build(self) -> None:
        self.finished.connect(self.deleteLater)
        self._later.timeout.connect(self._compare)
        self._slow.timeout.connect(self.progress.show)
        for picker in (self.left, self.right):
            picker.changed.connect(self._later.start)
        self.left.changed.connect(self._keep_apart)
        self.empty.activated.connect(self._compare)
        self.swap_button.clicked.connect(self.swap)
        self.copy_button.clicked.connect(self.copy)
        self.stage_button.clicked.connect(self._stage)
        self.close_button.clicked.connect(self.reject)
        for button in (self.swap_button, self.copy_button, self.stage_button, self.close_button):
            button.setAutoDefault(False)
        self.progress.setRange(0, 0)
        self.progress.setTextVisible(False)
        self.progress.setAccessibleName("Comparing")
        self.progress.hide()
        self.direction.setWordWrap(True)

    def _lay_out(self) -> None:
        sides = QHBoxLayout()
        sides.setSpacing(16)
        for picker in (self.left, self.right):
            card = QFrame()
            card.setProperty("look", "card")
            inside = QVBoxLayout(card)
            inside.setContentsMargins(12, 10, 12, 10)
            inside.addWidget(picker)
            sides.addWidget(card, 1)
        self._stack.addWidget(self.tree)
        self._stack.addWidget(self.empty)
        head = QHBoxLayout()
        head.addWidget(text_label("Compare schemas", "heading"))
        head.addStretch(1)
        head.addWidget(self.swap_button)
        buttons = QHBoxLayout()
        buttons.addWidget(self.copy_button)
        buttons.addStretch(1)
        buttons.addWidget(self.close_button)
        buttons.addWidget(self.stage_button)
        box = QVBoxLayout(self)
        box.setContentsMargins(22, 20, 22, 18)
        box.setSpacing(12)
        box.addLayout(head)
        box.addLayout(sides)
        for widget in (self.summary, self.direction, self.notes):
            box.addWidget(widget)
        box.addWidget(self._stack, 1)
        box.addWidget(self.progress)
        box.addLayout(buttons)
        self.setMinimumSize(680, 480)
        fit(self, 134, 42)
        self.left.filter_box.setFocus()

    # Choosing

    def _take_choices(self, choices: Choices) -> None:
        self._choices = choices
        for picker in (self.left, self.right):
            picker.set_choices(choices)
        if self.left.source is not None:
            self.right.filter_box.setFocus()

    def _keep_apart(self) -> None:
        """An app is not compared with itself; with its own past it can be."""
        source = self.left.source
        self.right.exclude(source.ref if isinstance(source, AppSource) else None)

    def swap(self) -> None:
        left, right = self.left.source, self.right.source
        if left is None or right is None:
            return
        self.left.set_source(right)
        self.right.set_source(left)

    def _compare(self) -> None:
        left, right = self.left.source, self.right.source
        self.swap_button.setEnabled(left is not None and right is not None)
        if left is None or right is None:
            self._show_nothing()
            return
        self._rejected.clear()
        self._slow.start()
        self._runner.start(
            lambda services: _compared(services, left, right),
            owner=self,
            title="Compare two schemas",
            done=self._take,
            failed=self._fail,
            replaces="compare",
        )

    def _fail(self, error: KnownError) -> bool:
        self._settle()
        self._show_nothing()
        self.empty.tell("Not compared", "Mend what stands above, or choose another side.", "Compare again")
        self.notes.show_rows([NoteRow(Severity.ERROR, plain(error.sentence, 400), plain(error.remedy, 300))])
        return True

    def _settle(self) -> None:
        self._slow.stop()
        self.progress.hide()

    # Showing

    def _show_nothing(self) -> None:
        self._found = None
        self.summary.hide()
        self.direction.hide()
        self.notes.show_rows(())
        self.empty.tell("Choose two sides", "Their differences are shown here.")
        self._stack.setCurrentWidget(self.empty)
        self._show_buttons()

    def _take(self, found: _Found) -> None:
        self._settle()
        self._found = found
        lines, comparison = found.lines, found.comparison
        left, right = plain(comparison.left.label, 80), plain(comparison.right.label, 80)
        self.summary.setVisible(bool(lines))
        self.summary.show_counts(summary(lines).partition(":")[0], risk_counts(lines), summary(lines))
        self.direction.setText(f"These steps would turn {left} into {right}.")
        self.direction.setVisible(bool(lines))
        self.tree.show_lines(lines)
        self.empty.tell("No differences", f"{left} and {right} have the same schema.")
        self._stack.setCurrentWidget(self.tree if lines else self.empty)
        self._show_suggestions()
        self._show_buttons()

    def _show_suggestions(self) -> None:
        found = self._found.comparison.suggestions if self._found is not None else ()
        shown = [each for each in found if (each.kind, each.old, each.new) not in self._rejected]
        self.notes.show_rows([self._note(each) for each in shown[:_MOST_NOTES]])

    def _note(self, suggestion: RenameSuggestion) -> NoteRow:
        reason = f" ({plain(suggestion.reason, 120)})" if suggestion.reason else ""
        answers = (
            ("It is a &rename", partial(self._confirm, suggestion)),
            ("&No, drop and add", partial(self._reject_rename, suggestion)),
        )
        text = f"Is {plain(suggestion.old)} on the left what {plain(suggestion.new)} is on the right?{reason}"
        return NoteRow(Severity.INFO, text, "", answers)

    def _confirm(self, suggestion: RenameSuggestion) -> None:
        found = self._found
        if found is None:
            return

        async def again(_services: Services) -> _Found:
            import asyncio

            from app.schema.renames import with_rename

            return await asyncio.to_thread(_again, found.comparison, with_rename(found.renames, suggestion))

        self._runner.start(again, owner=self, title="Compare again", done=self._take, replaces="compare")

    def _reject_rename(self, suggestion: RenameSuggestion) -> None:
        self._rejected.add((suggestion.kind, suggestion.old, suggestion.new))
        self._show_suggestions()

    def _show_buttons(self) -> None:
        lines = self._found.lines if self._found is not None else ()
        self.copy_button.setEnabled(self._found is not None)
        source = self.left.source
        self.stage_button.setVisible(isinstance(source, AppSource) and bool(lines))
        if isinstance(source, AppSource):
            app = self._choices.app(source.ref)
            title = plain(app.title, 40) if app is not None else source.ref.app_id
            self.stage_button.setText(f"Stage these changes in “{title}”".replace("&", "&&"))

    # Acting

    def copy(self) -> None:
        found = self._found
        if found is None:
            return
        left, right = plain(found.comparison.left.label, 120), plain(found.comparison.right.label, 120)
        steps = [f"- {line.sentence}" for line in found.lines] or ["No differences."]
        text = "\n".join([f"# From {left} to {right}", "", f"{summary(found.lines)}.", "", *steps]) + "\n"
        QGuiApplication.clipboard().setText(text)
        self.copied.emit("Copied the differences as Markdown")

    def _stage(self) -> None:
        from app.schema.draft import Draft

        found, source = self._found, self.left.source
        if found is None or not isinstance(source, AppSource):
            return
        draft = Draft(found.comparison.left.schema, found.comparison.right.schema, found.renames)
        self.stage_requested.emit(source.ref, draft)
        self.accept()
