"""One push on the engine, held by a dialog that may go away before it ends."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Signal

from app.core.errors import KnownError
from app.ui.work.mailbox import Mailbox
from app.ui.work.runner import ProgressReporter, Runner, Ticket
from app.ui.work.scope import is_alive

from .plan_work import Pushed, explained, share
from .send_gate import SendGate

if TYPE_CHECKING:
    from app.core.refs import AppRef
    from app.platforms.contract import PushProgress
    from app.schema.draft import Draft
    from app.services.suite import Services


class PushRun(QObject):
    """Sends exactly one of ``ended``, ``failed`` and ``stopped``; none after ``cancel`` succeeded."""

    progressed = Signal(object)  # PushProgress
    ended = Signal(object)  # Pushed
    failed = Signal(object)  # KnownError: nothing was sent
    stopped = Signal(str)  # why it ended without an answer, perhaps in the middle

    def __init__(self, runner: Runner, parent: QObject, jobs_label: str) -> None:
        super().__init__(parent)
        self._runner, self._jobs_label = runner, jobs_label
        self._gate = SendGate()
        self._ticket: Ticket | None = None
        self._is_over = False
        for signal in (self.ended, self.failed, self.stopped):
            signal.connect(self._end)
        self._progress: Mailbox[PushProgress] = Mailbox(lambda letters: self.progressed.emit(letters[-1]), self)

    def _end(self) -> None:
        self._is_over = True

    @property
    def has_sent(self) -> bool:
        """Whether something may have been sent: then it cannot be cancelled any more."""
        return self._gate.has_passed

    def start(self, ref: AppRef, draft: Draft, title: str, undoes: int | None) -> None:
        self._progress.open()
        put, gate, reporter, runner = self._progress.put, self._gate, ProgressReporter(), self._runner
        jobs_label = self._jobs_label

        def on_progress(progress: PushProgress) -> None:
            if progress.phase != "reading":
                gate.go_through()
            put(progress)
            reporter(share(progress, jobs_label))

        async def push(services: Services) -> Pushed:
            report = await services.workshop.push(ref, draft, on_progress, undoes=undoes)
            return await explained(report, draft)

        def done(found: Pushed) -> None:
            if is_alive(self):
                self._progress.close()
                self.ended.emit(found)
            elif found.report.outcome not in ("done", "nothing"):
                # Nobody is left to show the report in.
                runner.route(KnownError(found.report.sentence, remedy=found.report.remedy), title)

        # Owned by the runner: a push must not end because a tab is closed.
        self._ticket = runner.start(
            push,
            owner=runner,
            title=title,
            done=done,
            failed=self._fail,
            cancelled=self._stop,
            reporter=reporter,
        )
        runner.bug_found.connect(self._look)

    def cancel(self) -> bool:
        """False where something may have been sent already: then it goes on."""
        if not self._gate.cancel():
            return False
        self._progress.close()
        self.blockSignals(True)
        if self._ticket is not None:
            self._ticket.cancel()
        return True

    def _fail(self, error: KnownError) -> bool:
        if not is_alive(self):
            return False
        self._progress.close()
        self.failed.emit(error)
        return True

    def _stop(self) -> None:
        if is_alive(self):
            self._progress.close()
            self.stopped.emit("The push was cancelled while it ran." if self.has_sent else "Cancelled.")

    def _look(self) -> None:
        """Was it this one that failed in a way that nobody foresaw?"""
        if not self._is_over and self._ticket is not None and not self._ticket.is_running:
            self._progress.close()
            self.stopped.emit("The push ended with an internal error.")
