"""From a plan to the statements that are sent, in phases; a pure function of the schema that was read.

What a transaction can hold is one transaction, rolled back whole. What should not be in it (it would hold locks while
rows are read) or cannot comes after it as *jobs*, one by one: an index of a table that exists is built beside reads and
writes, a constraint is added unvalidated and validated then. A job that fails takes back what it left, and the others
go on. Names in jobs are those that hold in the end.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from app.platforms.contract import LiveSchema, RenderedStep
from app.schema.compare import Plan
from app.schema.formats.sql_names import Dialect

from .live_names import native_of

Phase = Literal["values", "main", "index", "attach", "validate"]

PHASE_WORDS: Final[dict[Phase, str]] = {
    "values": "Committed first, so that the new values can be used",
    "main": "One transaction, rolled back whole if anything fails",
    "index": "By itself, beside reads and writes",
    "attach": "After that, in a short transaction",
    "validate": "By itself: rows are checked beside reads and writes",
}
MAIN_JOB: Final = 0


@dataclass(frozen=True, slots=True)
class SqlStep:
    """One statement, without a semicolon; ``operation`` is the plan's step that it comes from.

    ``job``: 0 for what only the main transaction does; else the number of the job that proves it. ``unit``: statements
    of a job with the same one are one transaction. ``cleanup`` takes back what the job left where it fails;
    ``question`` is asked then: it finds the rows in the way (columns ``entity_id``, ``value``).
    """

    operation: int
    sql: str
    phase: Phase = "main"
    place: str = ""
    lock: str = ""
    note: str = ""
    job: int = MAIN_JOB
    unit: int = 0
    cleanup: str = ""
    question: str = ""

    @property
    def is_transactional(self) -> bool:
        return self.phase not in ("values", "index")


def steps_of(live: LiveSchema, plan: Plan, dialect: Dialect, restores: bool = False) -> tuple[SqlStep, ...]:
    """In the order in which they are sent. Raises StalePlan where the plan does not fit ``live``, Unsupported or
    Invalid for what the database cannot hold."""
    if dialect == "sqlite":
        from .file_steps import file_steps

        return file_steps(live, plan, restores)
    from .walk import walk

    return walk(live, plan, restores)


def rendered(live: LiveSchema, plan: Plan, restores: bool = False) -> tuple[RenderedStep, ...]:
    """The text of each statement, in the order of the plan's steps."""
    found = steps_of(live, plan, native_of(live).dialect, restores)
    return tuple(
        RenderedStep(
            step.operation,
            f"{step.sql};",
            step.phase in ("index", "validate"),
            step.note,
            lock=step.lock,
            is_transactional=step.is_transactional,
            phase=PHASE_WORDS[step.phase],
            order=order,
        )
        for order, step in sorted(enumerate(found), key=lambda each: each[1].operation)
    )
