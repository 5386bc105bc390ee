"""What an edit would add to the plan, worked out beside the UI thread while it is typed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, QTimer
from PySide6.QtWidgets import QAbstractItemView, QListView, QStackedWidget, QVBoxLayout, QWidget

from app.core.words import counted
from app.ui.parts.badges import text_label
from app.ui.work.runner import Runner

from .plan_model import PlanDelegate, PlanModel
from .plan_text import StepLine, risk_counts, risk_word, step_lines
from .risk_mark import RiskSummary

if TYPE_CHECKING:
    from app.schema.draft import Draft
    from app.services.suite import Services

_AFTER_MS = 120


class PlanPreview(QWidget):
    """The steps between two drafts; a sentence where there are none."""

    def __init__(self, runner: Runner, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._runner = runner
        self._wanted: tuple[Draft, Draft] | None = None
        self.summary = RiskSummary()
        self.model = PlanModel(self)
        self.list = QListView()
        self.list.setModel(self.model)
        self.list.setItemDelegate(PlanDelegate(self.list))
        self.list.setAccessibleName("Steps that this adds to the plan")
        self.list.setUniformItemSizes(True)
        self.list.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.sentence = text_label("", "muted")
        self.sentence.setWordWrap(True)
        self.sentence.setAlignment(Qt.AlignmentFlag.AlignTop)
        self.sentence.setContentsMargins(12, 10, 12, 10)
        self._stack = QStackedWidget()
        self._stack.addWidget(self.sentence)
        self._stack.addWidget(self.list)
        box = QVBoxLayout(self)
        box.setContentsMargins(0, 0, 0, 0)
        box.setSpacing(6)
        box.addWidget(text_label("THIS ADDS TO THE PLAN", "sectionHead"))
        box.addWidget(self.summary)
        box.addWidget(self._stack, 1)
        self.summary.hide()
        self._timer = QTimer(self, singleShot=True, interval=_AFTER_MS)
        self._timer.timeout.connect(self._look)

    @property
    def lines(self) -> tuple[StepLine, ...]:
        return self.model.lines

    def show_sentence(self, sentence: str) -> None:
        """Instead of steps."""
        self._wanted = None
        self._timer.stop()
        self.summary.hide()
        self.model.show_lines(())
        self.sentence.setText(sentence)
        self._stack.setCurrentWidget(self.sentence)

    def show_steps(self, before: Draft, after: Draft) -> None:
        """A moment later; what was shown stays until then."""
        self._wanted = (before, after)
        self._timer.start()

    def _look(self) -> None:
        wanted = self._wanted
        if wanted is None:
            return

        async def look(_services: Services) -> tuple[StepLine, ...]:
            import asyncio

            return await asyncio.to_thread(_between, *wanted)

        def take(lines: tuple[StepLine, ...]) -> None:
            if self._wanted is wanted:
                self._take(lines)

        self._runner.start(look, owner=self, title="Work out the plan", done=take, replaces="look", quiet=True)

    def _take(self, lines: tuple[StepLine, ...]) -> None:
        self.model.show_lines(lines)
        self._stack.setCurrentWidget(self.list if lines else self.sentence)
        self.sentence.setText("" if lines else "Nothing to do.")
        counts = risk_counts(lines)
        words = ", ".join(f"{number} {risk_word(risk, number)}" for risk, number in counts.items())
        self.summary.show_counts(total := counted(len(lines), "step"), counts, f"{total}: {words}")
        self.summary.setVisible(bool(lines))


def _between(before: Draft, after: Draft) -> tuple[StepLine, ...]:
    from app.schema.compare import compare

    return step_lines(compare(before.wanted, after.wanted))
