"""Statements as they are gathered: what is sent at once in the main transaction, and jobs whose texts are made last."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Final

from .render import SqlWriter
from .steps import Phase, SqlStep

Make = Callable[[], str]

# The order of jobs: what others are built on goes first.
NOT_NULL: Final = 0
INDEX: Final = 1
PRIMARY: Final = 2
LINK: Final = 3
CHECK: Final = 4

# The order of what goes first.
DROP_CONSTRAINT: Final = 0
DROP_INDEX: Final = 1
DROP_TABLE: Final = 2


@dataclass(frozen=True, slots=True)
class _Part:
    """A statement to be; its texts are made when all names are known."""

    step: SqlStep
    sql: Make
    lock: Make
    place: Make
    cleanup: Make
    question: Make


def _nothing() -> str:
    return ""


@dataclass(slots=True, eq=False)
class Job:
    """``place`` is asked for at the end; ``is_dropped``: what it was to prove went again within the plan."""

    script: Script
    number: int
    order: int
    operation: int
    place: Make
    parts: list[_Part] = field(default_factory=list)
    is_dropped: bool = False
    question: Make = _nothing
    _unit: int = 0

    def add(
        self, phase: Phase, sql: Make, *, lock: Make = _nothing, cleanup: Make = _nothing, note: str = "", unit: int = 0
    ) -> None:
        """``unit`` 0: a transaction of its own."""
        if not unit:
            self.script.units += 1
        step = SqlStep(self.operation, "", phase, note=note, job=self.number, unit=unit or self.script.units)
        self.parts.append(_Part(step, sql, lock, self.place, cleanup, self.question))

    def new_unit(self) -> int:
        self.script.units += 1
        return self.script.units


class Script:
    """Gathers the statements of one plan."""

    def __init__(self) -> None:
        self.write = SqlWriter("postgresql")
        self.units = 0
        self._first: list[SqlStep] = []
        self._start: list[tuple[int, SqlStep]] = []
        self._main: list[SqlStep] = []
        self._end: list[tuple[_Part, Job | None]] = []
        self._jobs: list[Job] = []
        self._cleanups: dict[int, tuple[Job, Make]] = {}

    def first(self, operation: int, sql: str, place: str, lock: str, note: str = "") -> None:
        """Committed before everything else."""
        self.units += 1
        self._first.append(SqlStep(operation, sql, "values", place, lock, note, unit=self.units))

    def at_start(self, order: int, operation: int, sql: str, place: str, lock: str, note: str = "") -> None:
        """In the main transaction, before all else of it: names of indexes are given up before others take them."""
        self._start.append((order, SqlStep(operation, sql, "main", place, lock, note)))

    def main(self, operation: int, sql: str, place: str, lock: str, note: str = "", question: str = "") -> None:
        """``question`` is asked when all is rolled back: its names are those before the plan."""
        self._main.append(SqlStep(operation, sql, "main", place, lock, note, question=question))

    def added_for(
        self, job: Job, operation: int, sql: str, place: str, lock: str, cleanup: Make, note: str = ""
    ) -> None:
        """In the main transaction at its place; what takes it back belongs to the job that proves it."""
        at = len(self._main)
        self._main.append(SqlStep(operation, sql, "main", place, lock, note, job=job.number))
        self._cleanups[at] = (job, cleanup)

    def at_end(
        self,
        operation: int,
        sql: Make,
        place: Make,
        lock: Make,
        *,
        job: Job | None = None,
        cleanup: Make = _nothing,
        note: str = "",
    ) -> None:
        """In the main transaction, after all else of it; ``cleanup`` belongs to the job."""
        step = SqlStep(operation, "", "main", note=note, job=job.number if job else 0)
        question = job.question if job else _nothing
        self._end.append((_Part(step, sql, lock, place, cleanup, question), job))

    def job(self, order: int, operation: int, place: Make) -> Job:
        made = Job(self, len(self._jobs) + 1, order, operation, place)
        self._jobs.append(made)
        return made

    def steps(self) -> tuple[SqlStep, ...]:
        jobs = sorted((each for each in self._jobs if not each.is_dropped), key=lambda each: each.order)
        end = [_made(part) for part, job in self._end if job is None or not job.is_dropped]
        later = [_made(part) for job in jobs for part in job.parts]
        start = [step for _, step in sorted(self._start, key=lambda each: each[0])]
        return (*self._first, *start, *self._main_steps(), *end, *later)

    def _main_steps(self) -> list[SqlStep]:
        found = list(self._main)
        for at, (job, cleanup) in self._cleanups.items():
            # A job that was dropped has its statement taken back by the plan itself.
            is_on = not job.is_dropped
            made = {"cleanup": cleanup(), "question": job.question()} if is_on else {"job": 0}
            found[at] = replace(found[at], **made)
        return found


def _made(part: _Part) -> SqlStep:
    return replace(
        part.step,
        sql=part.sql(),
        lock=part.lock(),
        place=part.place(),
        cleanup=part.cleanup(),
        question=part.question(),
    )
