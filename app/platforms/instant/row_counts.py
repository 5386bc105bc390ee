"""Counting the rows that a plan touches, by a live session and the Admin API; bounded, and honest about bounds."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from app.core.errors import KnownError
from app.platforms.contract import RowCount
from app.schema.compare import Plan

from .live_session import live_session
from .row_questions import Question, questions_of

if TYPE_CHECKING:
    from .client import InstantClient

OnCount = Callable[[RowCount], None]

PAGE = 1_000
MOST_ROWS = 10_000
READS_AT_ONCE = 4
MOST_BYTES = 1_024


async def count_rows(client: InstantClient, app_id: str, plan: Plan, on_count: OnCount) -> tuple[RowCount, ...]:
    """What cannot be counted is in the result too, with the reason; no error of the platform ends the counting."""
    questions = questions_of(plan)
    if not questions:
        return ()
    return await _Counter(client, app_id, questions, on_count).run()


class _Counter:
    """Numbers come by one live session, values by the Admin API, a few reads at a time."""

    def __init__(self, client: InstantClient, app_id: str, questions: Sequence[Question], on_count: OnCount) -> None:
        self._client = client
        self._app_id = app_id
        self._questions = questions
        self._on_count = on_count
        self._found: dict[int, RowCount] = {}
        self._slots = asyncio.Semaphore(READS_AT_ONCE)

    async def run(self) -> tuple[RowCount, ...]:
        """In the order of the plan's steps, whatever came first."""
        numbered = list(enumerate(self._questions))
        looks = [self._look(place, each) for place, each in numbered if each.look is not None]
        counts = self._count([place for place, each in numbered if each.look is None])
        await asyncio.gather(counts, *looks)
        return tuple(self._found[place] for place in range(len(self._questions)))

    def _tell(self, place: int, found: RowCount) -> None:
        self._found[place] = found
        self._on_count(found)

    async def _count(self, places: list[int]) -> None:
        """The same number for several steps is asked once."""
        asked: dict[str, list[int]] = {}
        for place in places:
            question = self._questions[place]
            asked.setdefault(json.dumps([question.entity, question.filter]), []).append(place)
        groups = list(asked.values())
        queries = [(self._questions[group[0]].entity, self._questions[group[0]].filter) for group in groups]

        def answered(number: int, rows: int | KnownError) -> None:
            for place in groups[number]:
                question = self._questions[place]
                self._tell(
                    place, _uncounted(question, rows) if isinstance(rows, KnownError) else _counted(question, rows)
                )

        try:
            if queries:
                async with live_session(self._client, self._app_id) as session:
                    await session.count(queries, answered)
        except KnownError as error:
            for place in places:
                if place not in self._found:
                    self._tell(place, _uncounted(self._questions[place], error))

    async def _look(self, place: int, question: Question) -> None:
        try:
            async with self._slots:
                found = await self._looked(question)
        except KnownError as error:
            found = _uncounted(question, error)
        self._tell(place, found)

    async def _looked(self, question: Question) -> RowCount:
        rows, is_all = await self._read(question)
        rows_in_the_way = _LOOKS[str(question.look)](rows, question)
        if is_all:
            return _counted(question, rows_in_the_way)
        if rows_in_the_way:
            return _counted(question, rows_in_the_way, "At least ")
        sentence = f"There are more than {MOST_ROWS:,} rows: the first {MOST_ROWS:,} are in nobody's way."
        return RowCount(question.operation, None, sentence)

    async def _read(self, question: Question) -> tuple[list[dict[str, Any]], bool]:
        """Rows that have a value, and whether these are all."""
        rows: list[dict[str, Any]] = []
        while len(rows) <= MOST_ROWS:
            page = await self._page(question, len(rows))
            rows += page
            if len(page) < PAGE:
                return rows, True
        return rows[:MOST_ROWS], False

    async def _page(self, question: Question, offset: int) -> list[dict[str, Any]]:
        options: dict[str, Any] = {"where": question.filter, "limit": PAGE, "offset": offset}
        form: dict[str, Any] = {"$": options}
        if question.look == "several":
            form[question.label] = {"$": {"fields": ["id"]}}
        else:
            options["fields"] = [question.label]
        tree = await self._client.query(self._app_id, {question.entity: form})
        found = tree.get(question.entity)
        return [row for row in found if isinstance(row, dict)] if isinstance(found, list) else []


def _uncounted(question: Question, error: KnownError) -> RowCount:
    return RowCount(question.operation, None, f"The rows could not be counted: {error.sentence} {error.remedy}".strip())


def _counted(question: Question, rows: int, prefix: str = "") -> RowCount:
    is_one = rows == 1
    words = question.words
    for mark, one, other in _NUMBERS:
        words = words.replace(mark, one if is_one else other)
    sentence = prefix + words.replace("{rows}", f"{rows:,}" if rows else "No")
    return RowCount(question.operation, rows, sentence, question.is_blocking and rows > 0)


_NUMBERS = (
    ("row{s}", "row", "rows"),
    ("{go}", "goes", "go"),
    ("{lose}", "loses", "lose"),
    ("{share}", "shares", "share"),
    ("{has}", "has", "have"),
    ("{its}", "its", "their"),
)


# What is looked for in values.


def _repeated(rows: list[dict[str, Any]], question: Question) -> int:
    keys = Counter(_key(row.get(question.label)) for row in rows)
    return sum(count for count in keys.values() if count > 1)


def _key(value: Any) -> str:
    """Equal for values that the platform holds equal: 1 and 1.0, but not 1 and true."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return json.dumps(value, sort_keys=True)


def _other_type(rows: list[dict[str, Any]], question: Question) -> int:
    return sum(not _is_of_type(row.get(question.label), question.type) for row in rows)


def _is_of_type(value: Any, kind: str | None) -> bool:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    match kind:
        case "string":
            return isinstance(value, str)
        case "number":
            return is_number
        case "boolean":
            return isinstance(value, bool)
        case "date":
            return is_number or (isinstance(value, str) and _is_date(value))
    return True


_DATE_FORMS = ("%m/%d/%Y", "%m-%d-%Y", "%a %b %d %Y", "%m/%d/%Y, %I:%M:%S %p", "%a, %d %b %Y %H:%M:%S %Z")
_DATE_WORDS = frozenset({"epoch", "now", "today", "tomorrow", "yesterday"})


def _is_date(text: str) -> bool:
    """As far as can be told from here: the platform knows more forms, and has the last word."""
    text = text.strip().strip('"').strip()
    if text in _DATE_WORDS:
        return True
    return _is_iso(text) or any(_has_form(text, form) for form in _DATE_FORMS)


def _is_iso(text: str) -> bool:
    try:
        datetime.fromisoformat(text)
    except ValueError:
        return False
    return True


def _has_form(text: str, form: str) -> bool:
    try:
        datetime.strptime(text, form)
    except ValueError:
        return False
    return True


def _too_long(rows: list[dict[str, Any]], question: Question) -> int:
    return sum(_size(row.get(question.label)) > MOST_BYTES for row in rows)


def _size(value: Any) -> int:
    if isinstance(value, bool | int | float):
        return 0
    return len(json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace"))


def _several(rows: list[dict[str, Any]], question: Question) -> int:
    return sum(isinstance(linked := row.get(question.label), list) and len(linked) > 1 for row in rows)


_LOOKS: dict[str, Callable[[list[dict[str, Any]], Question], int]] = {
    "repeated": _repeated,
    "other-type": _other_type,
    "too-long": _too_long,
    "several": _several,
}
