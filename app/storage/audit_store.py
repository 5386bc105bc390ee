"""Looking through the audit trail: a page at a time, from the newest, with the push that an act was."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, case, cast, func, literal, not_, select
from sqlalchemy import Integer as IntegerType

from app.core.audit import AuditFilter, AuditPage, AuditRecord
from app.core.errors import Invalid

from . import tables
from .database import Database

_PUSH = "push "
_DONE = ("done", "nothing")
_audit, _pushes = tables.audit, tables.pushes
# The detail of a push names it; cast to a number only there, where it is one.
_PUSH_ID = case(
    (
        and_(_audit.c.action.in_(("push", "undo push")), _audit.c.detail.like(f"{_PUSH}%")),
        cast(func.substr(_audit.c.detail, len(_PUSH) + 1), IntegerType),
    ),
    else_=None,
)
_SEARCHED_NAMES = (
    "who",
    "action",
    "outcome",
    "detail",
    "app_id",
    "app_title",
    "connection_label",
    "before",
    "after",
)
_COLUMNS = (
    *(_audit.c[name] for name in AuditRecord._fields[:11]),
    func.coalesce(_pushes.c.steps, "[]"),
    func.coalesce(_pushes.c.before, _audit.c.before),
    func.coalesce(_pushes.c.after, _audit.c.after),
)
# All that is searched, as one text: a word of the filter is then one comparison.
_SEARCHED: ColumnElement[str] = literal("")
for _each in (
    *(_audit.c[name] for name in _SEARCHED_NAMES),
    *(_pushes.c[name] for name in ("steps", "before", "after")),
):
    _SEARCHED = _SEARCHED + literal("\n") + func.coalesce(_each, "")
# SQLite takes no expression that is deeper than 1,000.
_MOST_WORDS = 100


class AuditBook:
    """Reads only; its methods block."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def page(self, wanted: AuditFilter, before_id: int | None, limit: int) -> AuditPage:
        """The acts before one; all are counted with the first page."""
        conditions = _conditions(wanted)
        # There is a statement for each number of words: none of them is worth keeping.
        kept: dict[str, Any] = {"compiled_cache": None} if wanted.text.strip() else {}
        query = _query().where(*conditions)
        if before_id is not None:
            query = query.where(_audit.c.id < before_id)
        query = query.order_by(_audit.c.id.desc()).limit(limit + 1)
        counted = select(func.count()).select_from(_joined()).where(*conditions)
        with self._database.read() as connection:
            connection = connection.execution_options(**kept)
            found = [_record(row) for row in connection.execute(query)]
            total = int(connection.execute(counted).scalar_one()) if before_id is None else -1
        return AuditPage(tuple(found[:limit]), total, len(found) > limit)

    def kinds(self) -> tuple[str, ...]:
        """Everything that was ever done, by name."""
        query = select(_audit.c.action).distinct().order_by(_audit.c.action)
        with self._database.read() as connection:
            return tuple(connection.execute(query).scalars())

    def places(self) -> tuple[tuple[str, str], ...]:
        """(ID, label) of every connection that something was done on, also of those that are gone."""
        last = select(func.max(_audit.c.id)).group_by(_audit.c.connection_id)
        query = select(_audit.c.connection_id, _audit.c.connection_label).where(_audit.c.id.in_(last))
        with self._database.read() as connection:
            found = [(str(row[0]), str(row[1]) or str(row[0])) for row in connection.execute(query)]
        return tuple(sorted(found, key=lambda each: each[1].casefold()))


def _joined() -> Any:
    return _audit.outerjoin(_pushes, _pushes.c.id == _PUSH_ID)


def _query() -> Select[Any]:
    return select(*_COLUMNS).select_from(_joined())


def _conditions(wanted: AuditFilter) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    if wanted.connection_id:
        found.append(_audit.c.connection_id == wanted.connection_id)
    if wanted.kind:
        found.append(_audit.c.action == wanted.kind)
    if wanted.since:
        found.append(_audit.c.at >= wanted.since)
    if wanted.until:
        found.append(_audit.c.at < wanted.until)
    if wanted.outcome:
        found.append(_ended(wanted.outcome))
    found.extend(_SEARCHED.contains(word, autoescape=True) for word in _words(wanted.text))
    return found


def _words(text: str) -> Sequence[str]:
    """Each word once. Raises Invalid for more than can be asked for in one statement."""
    words = tuple(dict.fromkeys(text.split()))
    if len(words) > _MOST_WORDS:
        raise Invalid(f"The filter has {len(words):,} words.", remedy=f"Look for at most {_MOST_WORDS} at once.")
    return words


def _ended(outcome: str) -> ColumnElement[bool]:
    if outcome == "done":
        return _audit.c.outcome.in_(_DONE)
    if outcome == "cancelled":
        return _audit.c.outcome == "cancelled"
    return not_(_audit.c.outcome.in_((*_DONE, literal("cancelled"))))


def _record(row: Any) -> AuditRecord:
    values = tuple(row)
    return AuditRecord._make((*values[:11], tuple(json.loads(values[11])), *values[12:]))
