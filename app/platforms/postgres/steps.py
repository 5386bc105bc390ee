"""From a plan to the statements that are sent, in phases; a pure function of the schema that was read.

What a transaction can hold is one transaction, rolled back whole. What cannot be in it comes after, each by itself:
indexes of tables that exist (``CREATE INDEX CONCURRENTLY``), then what is built on them, then the validation of what
was added unvalidated. Names in what comes after are those that hold in the end.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

Phase = Literal["values", "main", "indexes", "attach", "validate", "finish"]

PHASES: Final[tuple[Phase, ...]] = ("values", "main", "indexes", "attach", "validate", "finish")
"""In the order in which they are sent; each transactional one is a transaction of its own, ``validate`` one for each
statement."""

PHASE_WORDS: Final[dict[Phase, str]] = {
    "values": "New enum values, committed before they are used",
    "main": "One transaction, rolled back whole if anything fails",
    "indexes": "Indexes built beside reads and writes",
    "attach": "What is built on those indexes, in one transaction",
    "validate": "Rows checked beside reads and writes",
    "finish": "What was proven is made a rule, in one transaction",
}


@dataclass(frozen=True, slots=True)
class SqlStep:
    """One statement, without a semicolon; ``operation`` is the plan's step that it comes from.

    ``cleanup``: what takes back what this step leaves behind where it, or the phase that proves it, fails (an invalid
    index, an unvalidated constraint); sent by itself. ``is_said_only``: shown, and not sent (it is done by another).
    """

    operation: int
    sql: str
    phase: Phase = "main"
    place: str = ""
    lock: str = ""
    note: str = ""
    cleanup: str = ""
    is_said_only: bool = False

    @property
    def is_transactional(self) -> bool:
        return self.phase not in ("values", "indexes")
