"""Asking stores how they are, and looking for findings: what runs, how far it is, and what came of it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer, Signal

from app.core.errors import KnownError
from app.core.words import counted
from app.ui.work.runner import ProgressReporter, Runner, Ticket

if TYPE_CHECKING:
    from app.services.store_findings import StoreFinding
    from app.services.store_words import StoreCheck
    from app.services.suite import Services

_LOOK_MS = 120


class StoreWork(QObject):
    """Thousands of answers reach the window in a few parts a second.

    ``checked`` carries the answers that are new; ``check_changed`` says that a check began, went on, or is over.
    ``found`` carries the findings and whether rows and schemas were looked at; ``scan_changed`` as for the check.
    """

    checked = Signal(object)  # tuple[StoreCheck, ...]
    check_changed = Signal()
    check_ended = Signal(object)  # tuple[StoreCheck, ...], all of them
    found = Signal(object, bool)  # tuple[StoreFinding, ...]
    scan_changed = Signal()

    def __init__(self, runner: Runner, connection_id: str, parent: QObject) -> None:
        super().__init__(parent)
        self._runner, self._connection_id = runner, connection_id
        self._check: Ticket | None = None
        self._scan: Ticket | None = None
        self._arrived: list[StoreCheck] = []
        self._check_reporter, self._scan_reporter = ProgressReporter(), ProgressReporter()
        self._look = QTimer(self, interval=_LOOK_MS)
        self._look.timeout.connect(self._tick)
        self.waiting: frozenset[str] = frozenset()

    # Checking

    @property
    def is_checking(self) -> bool:
        return self._check is not None

    @property
    def check_progress(self) -> tuple[int, int]:
        """(done, total)."""
        done, total, _text = self._check_reporter.read()
        return done, total

    def check(self, app_ids: Iterable[str], *, is_all: bool) -> None:
        """Ask these stores; ``is_all``: they are all that there are."""
        self.cancel_check()
        connection_id, wanted = self._connection_id, tuple(app_ids)
        self.waiting = frozenset(wanted)
        arrived: list[StoreCheck] = []
        reporter = ProgressReporter()
        self._arrived, self._check_reporter = arrived, reporter

        async def check(services: Services) -> tuple[StoreCheck, ...]:
            return await services.stores.check(
                connection_id, None if is_all else wanted, on_check=arrived.append, on_progress=reporter
            )

        self._check = self._runner.start(
            check,
            owner=self,
            title=f"Check {counted(len(wanted), 'store')}",
            done=self._end_check,
            failed=self._fail_check,
            cancelled=self._drop_check,
            reporter=reporter,
        )
        self._look.start()
        self.check_changed.emit()

    def cancel_check(self) -> None:
        if self._check is not None:
            self._check.cancel()

    def _end_check(self, checks: tuple[StoreCheck, ...]) -> None:
        self._hand_over()
        self._arrived += [each for each in checks if each.app_id in self.waiting]
        self._drop_check()
        self.check_ended.emit(checks)

    def _fail_check(self, _error: KnownError) -> bool:
        self._drop_check()
        return False

    def _drop_check(self) -> None:
        """What was answered until now counts."""
        self._check = None
        self._hand_over()
        self.waiting = frozenset()
        self.check_changed.emit()

    def _hand_over(self) -> None:
        # The engine's thread goes on adding at the end.
        new = tuple(self._arrived[:])
        del self._arrived[: len(new)]
        self.waiting -= {each.app_id for each in new}
        if new:
            self.checked.emit(new)

    # Findings

    @property
    def is_scanning(self) -> bool:
        return self._scan is not None

    @property
    def scan_progress(self) -> tuple[int, int, str]:
        """(done, total, what it does)."""
        return self._scan_reporter.read()

    def scan(self, *, deep: bool) -> None:
        """``deep``: rows and schemas, too. A newer one ends the one that runs."""
        connection_id, reporter = self._connection_id, ProgressReporter()
        self._scan_reporter = reporter

        async def look(services: Services) -> tuple[StoreFinding, ...]:
            return await services.stores.findings(connection_id, deep=deep, on_progress=reporter)

        def done(findings: Sequence[StoreFinding]) -> None:
            self._drop_scan()
            self.found.emit(tuple(findings), deep)

        ticket = self._runner.start(
            look,
            owner=self,
            title="Scan the rows of the stores" if deep else "Look for findings about stores",
            done=done,
            failed=self._fail_scan,
            cancelled=self._drop_scan,
            replaces="findings",
            reporter=reporter,
        )
        self._scan = ticket
        self._look.start()
        self.scan_changed.emit()

    def cancel_scan(self) -> None:
        if self._scan is not None:
            self._scan.cancel()

    def _fail_scan(self, _error: KnownError) -> bool:
        self._drop_scan()
        return False

    def _drop_scan(self) -> None:
        self._scan = None
        self.scan_changed.emit()

    def _tick(self) -> None:
        if self._check is not None:
            self._hand_over()
            self.check_changed.emit()
        if self._scan is not None:
            self.scan_changed.emit()
        if self._check is None and self._scan is None:
            self._look.stop()
