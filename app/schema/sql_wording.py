"""Words for what only databases have: checks, comments, conditions of indexes, columns of links."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from .columns import CHECK
from .model import Extra, Index, Link

_FLAGS = {
    "row_security": (
        "row-level security is on: rows are hidden from roles without a policy",
        "row-level security is off",
    ),
    "not_valid": ("rows that are there are not checked", "rows that are there are checked"),
    "set_default": ("the default is taken when the row is deleted there", "no default is taken on deleting"),
    "virtual": ("computed when it is read", "stored"),
    "nulls_not_distinct": ("empty values are equal", "empty values are never equal"),
}
_LONGEST = 120


def of_extras(before: Extra, after: Extra) -> list[str]:
    old, new = dict(before), dict(after)
    return [of_extra(each, old.get(each), new.get(each)) for each in {**old, **new} if old.get(each) != new.get(each)]


def of_extra(name: str, before: str | None, after: str | None) -> str:
    """One of them from one JSON text to another, None where there is none."""
    if name.startswith(CHECK):
        return _changed(f"check {name.removeprefix(CHECK)}", before, after)
    if name in _FLAGS:
        return _FLAGS[name][0 if after is not None and value_of(after) else 1]
    if name in ("comment", "generated", "identity", "collation", "partition_by", "on_update", "deferrable", "where"):
        return _changed(name.replace("_", " "), before, after)
    return f"{name} {before or 'none'} → {after or 'none'}"


def _changed(what: str, before: str | None, after: str | None) -> str:
    if before is None and after is not None:
        return f"new {what}: {_shown(after)}"
    if after is None and before is not None:
        return f"no {what} any more ({_shown(before)})"
    return f"{what} {_shown(before or '')} → {_shown(after or '')}"


def keys_of(index: Index) -> list[str]:
    """The parts of its key as they stand in SQL; empty where it is over attributes only."""
    found = value_of(dict(index.extra).get("expressions", "[]"))
    return [_one_line(str(each)) for each in found] if isinstance(found, list) else []


def condition_of(index: Index) -> str:
    text = dict(index.extra).get("where")
    return f", where {_shown(text)}" if text is not None else ""


def columns_of(link: Link) -> str:
    """``todos.goal → goals.id``; several in brackets."""
    here, there = ([pair[at] for pair in link.columns] for at in (0, 1))
    return f"{_joined(link.forward.entity, here)} → {_joined(link.reverse.entity, there)}"


def rules_of(link: Link) -> Iterator[str]:
    column = _joined(link.forward.entity, [one for one, _other in link.columns])
    match link.forward.on_delete:
        case "cascade":
            yield f"rows of {link.forward.entity} go when what {column} leads to is deleted"
        case "restrict":
            yield f"what {column} leads to cannot be deleted while there are such rows"
        case "set-null":
            yield f"{column} is emptied when what it leads to is deleted"
        case _:
            yield f"what {column} leads to cannot be deleted before its rows are gone"


def link_changes(before: Link, after: Link) -> Iterator[str]:
    if before.columns != after.columns:
        yield f"{columns_of(after)} instead of {columns_of(before)}"
    if before.forward.on_delete != after.forward.on_delete:
        yield from rules_of(after)
    yield from of_extras(before.extra, after.extra)


def value_of(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text


def _joined(entity: str, columns: list[str]) -> str:
    return f"{entity}.{columns[0]}" if len(columns) == 1 else f"{entity}.({', '.join(columns)})"


def _shown(text: str) -> str:
    value = value_of(text)
    return _one_line(value if isinstance(value, str) else text)


def _one_line(text: str) -> str:
    words = " ".join(text.split())
    return words if len(words) <= _LONGEST else f"{words[: _LONGEST - 1]}…"
