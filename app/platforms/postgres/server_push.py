"""A push to a PostgreSQL server, on one connection and one thread."""

from __future__ import annotations

import contextlib
import functools
import logging
import random
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

from app.core.errors import Conflict, KnownError
from app.core.text import plain
from app.platforms.contract import LiveSchema, OffendingRow, PushJob

from . import errors, pushing, reading, row_questions
from .dsn import Place
from .journal import Journal
from .steps import MAIN_JOB, SqlStep

if TYPE_CHECKING:
    import sqlalchemy as sa

# Somebody else has it, for now: lock_not_available, deadlock_detected.
_BUSY: Final = frozenset({"55P03", "40P01"})
_LOCK: Final = pushing.lock_number("tenantry push")
_SAMPLES: Final = 20
_LOOK: Final = "SET statement_timeout = '10s'"
# An index waits for transactions that began before it, and holds nobody up meanwhile.
_PATIENT: Final = "SET lock_timeout = '60s'"
_logger = logging.getLogger(__name__)
_PART_DONE: Final = "Part of the push was done: read the schema again."


class _Failed(Exception):
    """A statement was refused; ``error`` is the driver's."""

    def __init__(self, at: int, error: BaseException) -> None:
        super().__init__(str(at))
        self.at = at
        self.error = error

    @property
    def is_busy(self) -> bool:
        return errors.state_of(self.error) in _BUSY


class ServerPush:
    """``left`` gets the statements that take back what is half there when the connection is lost."""

    def __init__(
        self,
        connection: sa.Connection,
        place: Place,
        live: LiveSchema,
        steps: Sequence[SqlStep],
        tell: pushing.OnProgress,
        left: list[str],
    ) -> None:
        self._connection = connection
        self._place = place
        self._live = live
        self._steps = steps
        self._journal = Journal(steps, tell)
        self._left = left
        self._cleanups = _cleanups(steps)
        self._is_begun = False
        self._is_committing = False

    def run(self) -> tuple[PushJob, ...]:
        """A job that fails is in the result; an error says whether it may have changed anything."""
        try:
            self._lock()
            self._values()
            self._main()
            self._jobs()
        except _Failed as failed:
            raise self._known(failed) from None
        finally:
            self._unlock()
        self._journal.tell()
        return self._journal.jobs

    # Statements

    def _run(self, sql: str) -> Any:
        return self._connection.exec_driver_sql(sql, execution_options={"no_parameters": True})

    def _step(self, at: int) -> None:
        self._journal.mark(at, "processing")
        try:
            self._run(self._steps[at].sql)
        except _driver_errors() as error:
            raise _Failed(at, error.orig or error) from None
        self._journal.mark(at, "completed")

    def _ask(self, sql: str) -> Any:
        return self._run(sql).fetchall()

    def _lock(self) -> None:
        """Two pushes of Tenantry to one database would be in each other's way."""
        if not self._ask(f"SELECT pg_try_advisory_lock({_LOCK})")[0][0]:
            raise Conflict(
                f"Another push to {plain(self._place.dsn.database, 80)} is under way: nothing was sent.",
                remedy="Wait until it has ended, read the schema again, then push.",
            )

    def _unlock(self) -> None:
        """The end of the connection would do it too, but a moment later than the next push may come."""
        with contextlib.suppress(_driver_errors()):
            self._quietly(f"SELECT pg_advisory_unlock({_LOCK})")

    def _at(self, phase: str) -> list[int]:
        return [at for at, step in enumerate(self._steps) if step.phase == phase]

    # Phases

    def _values(self) -> None:
        numbers = self._at("values")
        if not numbers:
            return
        self._begin()
        self._ensure_same()
        self._run("COMMIT")
        for at in numbers:
            self._patiently([at], functools.partial(self._step, at))
            self._is_begun = True

    def _main(self) -> None:
        numbers = self._at("main")
        self._patiently(numbers, lambda: self._whole(numbers))
        self._is_begun = self._is_begun or bool(numbers)

    def _whole(self, numbers: Sequence[int]) -> None:
        """One transaction: all of it, or nothing."""
        self._begin()
        if not self._at("values"):
            self._ensure_same()
        for at in numbers:
            self._step(at)
        self._is_committing = bool(numbers)
        try:
            self._run("COMMIT")
        except _driver_errors() as error:
            raise _Failed(numbers[-1] if numbers else 0, error.orig or error) from None
        self._is_committing = False

    def _begin(self) -> None:
        self._run("BEGIN")

    def _ensure_same(self) -> None:
        try:
            now = reading.read_through(self._connection.connection.dbapi_connection, self._ask)
        except _driver_errors() as error:
            raise _Failed(0, error.orig or error) from None
        try:
            pushing.ensure_same(self._live, now)
        except KnownError:
            self._run("ROLLBACK")
            raise

    def _patiently(self, numbers: Sequence[int], work: Any, cleanup: str = "") -> None:
        """Whoever holds a lock gets a few moments to let it go."""
        for pause_s in (*pushing.PAUSES_S, None):
            try:
                work()
                return
            except _Failed as failed:
                self._roll_back(failed)
                if cleanup:
                    self._clean([cleanup])
                if pause_s is None or not failed.is_busy:
                    raise
                self._journal.mark_all(numbers, "waiting")
                time.sleep(random.uniform(pause_s / 2, pause_s * 1.5))

    def _roll_back(self, failed: _Failed) -> None:
        """A broken connection has been rolled back by its server, or will be."""
        if self._is_lost():
            raise failed
        self._is_committing = False
        try:
            self._run("ROLLBACK")
        except _driver_errors():
            raise failed from None

    # Jobs

    def _jobs(self) -> None:
        numbers: dict[int, list[int]] = {}
        for at, step in enumerate(self._steps):
            if step.phase not in ("values", "main"):
                numbers.setdefault(step.job, []).append(at)
        # What the first job leaves stands last: it goes from the list when the job has ended.
        self._left += [sql for job in reversed(numbers) for sql in self._cleanups.get(job, ())]
        for job, its in numbers.items():
            self._job(job, its)
            del self._left[len(self._left) - len(self._cleanups.get(job, ())) :]

    def _job(self, job: int, numbers: list[int]) -> None:
        units: dict[int, list[int]] = {}
        for at in numbers:
            units.setdefault(self._steps[at].unit, []).append(at)
        try:
            for unit in units.values():
                self._unit(unit)
                self._is_begun = True
        except _Failed as failed:
            if self._is_lost():
                raise
            self._fail(failed, numbers)
            self._clean(self._cleanups.get(job, ()))

    def _unit(self, numbers: list[int]) -> None:
        step = self._steps[numbers[0]]
        if step.is_transactional:
            self._patiently(numbers, lambda: self._together(numbers))
            return
        self._run(_PATIENT)
        try:
            self._patiently(numbers, lambda: self._step(numbers[0]), step.cleanup)
        finally:
            self._quietly(f"SET lock_timeout = {round(pushing.LIMITS.lock_timeout_s * 1000)}")

    def _together(self, numbers: list[int]) -> None:
        self._begin()
        for at in numbers:
            self._step(at)
        try:
            self._run("COMMIT")
        except _driver_errors() as error:
            raise _Failed(numbers[-1], error.orig or error) from None

    def _clean(self, statements: Sequence[str]) -> None:
        for statement in statements:
            try:
                self._run(statement)
            except _driver_errors() as error:
                _logger.warning("What a failed job left could not be taken back: %s", errors.state_of(error.orig))

    def _fail(self, failed: _Failed, numbers: Sequence[int]) -> None:
        rows, count = self._rows_in_the_way(self._steps[failed.at])
        error = errors.error_of(failed.error, f"push {plain(self._steps[failed.at].place, 160)}", self._place)
        self._journal.fail(failed.at, _said(error), rows, count)
        for at in numbers:
            if at > failed.at:
                self._journal.fail(at, "Not sent: what it builds on failed.")

    def _rows_in_the_way(self, step: SqlStep) -> tuple[tuple[OffendingRow, ...], int | None]:
        if not step.question:
            return (), None
        try:
            self._run(_LOOK)
            rows = self._ask(row_questions.sampled(step.question, _SAMPLES))
            count = self._ask(row_questions.counted(step.question))[0][0]
        except _driver_errors():
            return (), None
        finally:
            self._quietly("SET statement_timeout = 0")
        return tuple(OffendingRow(plain(str(key), 120), plain(str(value), 200)) for key, value in rows), count

    def _quietly(self, sql: str) -> None:
        if not self._is_lost():
            self._run(sql)

    # Errors

    def _is_lost(self) -> bool:
        raw: Any = self._connection.connection.dbapi_connection if not self._connection.invalidated else None
        return raw is None or raw.closed or raw.broken

    def _known(self, failed: _Failed) -> KnownError:
        is_unsure = self._is_begun or self._is_committing
        where = plain(self._steps[failed.at].place, 160) if self._steps else ""
        doing = f"push {where}".strip()
        error = errors.error_of(failed.error, doing, self._place, may_have_worked=is_unsure)
        if not self._is_lost():
            rows, count = self._rows_in_the_way(self._steps[failed.at])
            self._journal.fail(failed.at, _said(error), rows, count)
        return _marked(error) if is_unsure else error


def _cleanups(steps: Sequence[SqlStep]) -> dict[int, list[str]]:
    """By jobs, the last first: what was built on something goes before it."""
    found: dict[int, list[str]] = {}
    for step in reversed(steps):
        if step.job != MAIN_JOB and step.cleanup:
            found.setdefault(step.job, []).append(step.cleanup)
    return found


def _driver_errors() -> Any:
    from sqlalchemy.exc import DBAPIError

    return DBAPIError


def _said(error: KnownError) -> str:
    """What the database said of it, where it did."""
    detail = error.details.partition("\n")[2]
    return f"{error.sentence} {detail}".strip()


def _marked(error: KnownError) -> KnownError:
    """Part of it is done: whatever the error is, it must say so."""
    if not getattr(error, "may_have_taken_effect", False):
        error.may_have_taken_effect = True  # type: ignore[attr-defined]
        error.remedy = f"{_PART_DONE} {plain(error.remedy, 200)}".strip()
    return error
