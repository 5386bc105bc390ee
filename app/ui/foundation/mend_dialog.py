"""Says in sentences what will be mended, mends it, and says how each ended."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QWidget

from app.core.connection import Connection, Environment
from app.core.words import counted
from app.ui.parts.dialog_size import fit
from app.ui.parts.note_row import Answer
from app.ui.parts.preview_dialog import PreviewDialog, outcome_rows
from app.ui.work.runner import ProgressReporter, Runner

if TYPE_CHECKING:
    from app.services.reconcile_words import MendOutcome
    from app.services.suite import Services


class MendDialog(PreviewDialog):
    """``choices`` as ``Reconciler.mend`` takes them, ``destroying`` how many of them destroy something, ``subjects``
    what the findings said. ``mended`` carries the outcomes, ``plan_requested`` an AppRef and the Draft of an offer."""

    mended = Signal(object)
    plan_requested = Signal(object, object)

    def __init__(
        self,
        runner: Runner,
        connection: Connection,
        choices: Mapping[str, str],
        destroying: int,
        parent: QWidget | None = None,
        *,
        subjects: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(runner, connection, "Mend", f"&Mend {counted(len(choices), 'finding')}", parent)
        self._choices, self._subjects = dict(choices), dict(subjects or {})
        self.add_parts()
        verb = "destroys" if destroying == 1 else "destroy"
        what = f"{destroying:,} of {counted(len(choices), 'mend')} {verb} something" if destroying else ""
        if not what and connection.environment is Environment.PRODUCTION:
            what = counted(len(choices), "mend is done", "mends are done")
        self.ask(what)
        fit(self, 92, 20 + min(14, 2 * len(choices)))
        self._preview()

    def _preview(self) -> None:
        connection_id, choices = self.connection.id, self._choices

        async def preview(services: Services) -> tuple[str, ...]:
            return await services.reconciler.preview(connection_id, choices)

        self._runner.start(
            preview,
            owner=self,
            title="Work out what will be mended",
            done=lambda sentences: self.show_sentences("This will be done:", sentences),
            failed=self.not_previewed,
        )

    def go(self) -> None:
        connection_id, choices = self.connection.id, self._choices

        async def mend(services: Services, reporter: ProgressReporter) -> tuple[MendOutcome, ...]:
            return await services.reconciler.mend(connection_id, choices, reporter)

        self.run(mend, f"Mend {counted(len(choices), 'finding')}", len(choices), self._show)

    def _show(self, outcomes: tuple[MendOutcome, ...]) -> None:
        good = sum(each.ok for each in outcomes)
        rest = f", {len(outcomes) - good:,} could not be" if good < len(outcomes) else ""
        about = f"{good:,} of {counted(len(outcomes), 'finding')} done{rest}."
        rows = outcome_rows([(each.ok, each.sentence, self._about(each), self._answers(each)) for each in outcomes])
        self.show_outcomes(about, rows)
        self.mended.emit(outcomes)

    def _about(self, outcome: MendOutcome) -> str:
        subject = self._subjects.get(outcome.key, "")
        return f"About: {subject}" if subject else ""

    def _answers(self, outcome: MendOutcome) -> tuple[Answer, ...]:
        if outcome.draft is None or outcome.ref is None:
            return ()
        return (("&Review the plan…", partial(self.plan_requested.emit, outcome.ref, outcome.draft)),)
