"""Counting the rows that a plan touches; bounded in time, and honest about what was not counted."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

from app.core.errors import KnownError, Timeout
from app.core.text import plain
from app.core.words import counted
from app.platforms.contract import RowCount
from app.schema.formats.sql_names import Dialect

from . import reading, row_questions
from .limits import Limits
from .plan_rows import RowQuestion, questions_of
from .render import Table, literal

if TYPE_CHECKING:
    import sqlalchemy as sa

    from app.schema.compare import Plan

    from .client import PostgresClient

OnCount = Callable[[RowCount], None]
LIMITS: Final = Limits(statement_timeout_s=10, lock_timeout_s=2)
AT_ONCE: Final = 3
# More rows than these are not counted one by one: the server's estimate is told as one.
MOST_ROWS: Final = 2_000_000
_VERBS: Final = {"go": "goes", "have": "has", "lead": "leads", "fail": "fails"}


async def count_rows(client: PostgresClient, app_id: str, plan: Plan, on_count: OnCount) -> tuple[RowCount, ...]:
    """What cannot be counted is in the result too, with the reason; no error of the database ends the counting."""
    place = await client.place_of(app_id)
    dialect: Dialect = "sqlite" if place.dsn.is_sqlite else "postgresql"
    version = 0
    if dialect == "postgresql" and plan:
        asked = "SELECT current_setting('server_version_num')::int"
        version = await client.engines.run(place, lambda link: _one(link, asked), doing="count rows", limits=LIMITS)
    questions = questions_of(plan, dialect, version)
    slots = asyncio.Semaphore(AT_ONCE)

    async def count(question: RowQuestion) -> RowCount:
        async with slots:
            found = await _counted(client, app_id, question, dialect)
        on_count(found)
        return found

    return tuple(await asyncio.gather(*map(count, questions)))


async def _counted(client: PostgresClient, app_id: str, question: RowQuestion, dialect: Dialect) -> RowCount:
    estimate = 0

    def work(connection: sa.Connection) -> int:
        nonlocal estimate
        if dialect == "postgresql":
            estimate = _estimate(connection, question.entity)
        return -1 if estimate > MOST_ROWS else int(_one(connection, row_questions.counted(question.sql)))

    try:
        place = await client.place_of(app_id)
        rows = await client.engines.run(place, work, doing="count rows", limits=LIMITS)
    except Timeout:
        why = f"Counting took longer than {LIMITS.statement_timeout_s:.0f} s: {_about(question, estimate)}"
        return RowCount(question.operation, None, why, question.is_blocking)
    except KnownError as error:
        return RowCount(question.operation, None, f"Not counted: {plain(error.sentence, 200)}")
    if rows < 0:
        return RowCount(question.operation, None, f"Not counted: {_about(question, estimate)}")
    return RowCount(question.operation, rows, _sentence(question, rows), question.is_blocking and rows > 0)


def _estimate(connection: sa.Connection, entity: str) -> int:
    asked = (
        f"SELECT coalesce((SELECT reltuples FROM pg_class WHERE oid = to_regclass({literal(Table.of(entity).sql)})), 0)"
    )
    return int(_one(connection, asked))


def _one(connection: sa.Connection, sql: str) -> Any:
    return reading.asker(connection)(sql)[0][0]


def _about(question: RowQuestion, estimate: int) -> str:
    about = f"about {estimate:,} rows by the server's own estimate" if estimate > 0 else "rows that are not counted yet"
    return f"{plain(question.entity, 80)} has {about}."


def _sentence(question: RowQuestion, rows: int) -> str:
    verbs = {plural: singular if rows == 1 else plural for plural, singular in _VERBS.items()}
    said = question.words.replace("{rows}", counted(rows, "row")).replace("{entity}", plain(question.entity, 80))
    for name, verb in verbs.items():
        said = said.replace(f"{{{name}}}", verb)
    return plain(said, 300)
