"""Clauses that stand in several statements of SQL."""

from __future__ import annotations

from app.schema.columns import to_json
from app.schema.model import Index

from .sql_source import Cursor


def primary_key(name: str, columns: tuple[str, ...], extra: dict[str, str]) -> Index:
    return Index(name, columns, True, "primary", tuple(sorted(extra.items())))


def names(cursor: Cursor) -> tuple[str, ...]:
    found = []
    for each in cursor.bracketed().parts():
        found.append(each.name())
        each.ensure_done()
    return tuple(found)


def tail(cursor: Cursor) -> dict[str, str]:
    """INCLUDE and DEFERRABLE."""
    extra: dict[str, str] = {}
    if cursor.takes("INCLUDE"):
        extra["include"] = to_json(list(names(cursor)))
    if cursor.takes("DEFERRABLE"):
        is_late = cursor.takes("INITIALLY", "DEFERRED")
        if not is_late:
            cursor.takes("INITIALLY", "IMMEDIATE")
        extra["deferrable"] = to_json("deferred" if is_late else "immediate")
    return extra


def rule(cursor: Cursor) -> str:
    """What happens to rows; "" where they stay."""
    if cursor.takes("NO", "ACTION"):
        return ""
    rules = (("CASCADE",), ("RESTRICT",), ("SET", "NULL"), ("SET", "DEFAULT"))
    found = next((words for words in rules if cursor.takes(*words)), None)
    if found is None:
        cursor.refuse("Here should be CASCADE, RESTRICT, SET NULL, SET DEFAULT or NO ACTION.")
    return "-".join(found).lower()
