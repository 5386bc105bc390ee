"""What is wrong with a text of a schema, and where."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from app.core.errors import FieldError, Invalid

MAX_PROBLEMS: Final = 100


@dataclass(frozen=True, slots=True)
class TextProblem:
    """What is wrong from (line, column) up to (end_line, end_column): lines from 1, columns in characters from 0."""

    line: int
    column: int
    end_line: int
    end_column: int
    sentence: str
    remedy: str


class TextErrors(Invalid):
    """A schema text that cannot be read; ``problems`` is never empty and in order of place."""

    def __init__(self, problems: tuple[TextProblem, ...]) -> None:
        first, others = problems[0], len(problems) - 1
        more = f" There {'is 1 more problem' if others == 1 else f'are {others} more problems'}." if others else ""
        super().__init__(
            f"Line {first.line}: {first.sentence}{more}",
            fields=tuple(FieldError(f"{each.line}:{each.column}", each.sentence) for each in problems),
            remedy=first.remedy,
        )
        self.problems = problems
