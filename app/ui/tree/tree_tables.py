"""The tables of databases by schema, and finding one among all of them; no Qt in here."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from app.core.errors import Invalid
from app.core.refs import AppRef
from app.schema.formats.sql_names import split_name


class FoundTable(NamedTuple):
    ref: AppRef
    entity: str


def parts_of(entity: str) -> tuple[str, str]:
    """Schema ("" for the usual one) and table; a name that cannot be read is a table."""
    if '"' not in entity:
        schema, dot, table = entity.partition(".")
        if not dot or "." in table:
            return "", entity
        return (schema, table) if schema and table else ("", entity)
    try:
        return split_name(entity, "")
    except Invalid:
        return "", entity


def by_schema(entities: Iterable[str]) -> list[tuple[str, list[str]]]:
    """The usual schema ("") first, then in order of name; entities in order of their tables."""
    found: dict[str, list[tuple[str, str]]] = {}
    for each in entities:
        schema, table = parts_of(each)
        found.setdefault(schema, []).append((table.lower(), each))
    ordered = sorted(found, key=lambda name: (name != "", name.lower(), name))
    return [(schema, [each for _table, each in sorted(found[schema])]) for schema in ordered]


class TableNames:
    """``find`` takes ``table``, ``schema.table`` or parts of either."""

    def __init__(self) -> None:
        self._names: dict[AppRef, tuple[str, ...]] = {}
        self._rows: dict[AppRef, list[tuple[str, str]]] = {}  # "schema.table" in lower case, entity; made when searched

    def put(self, ref: AppRef, entities: Iterable[str]) -> None:
        self._names[ref] = tuple(entities)
        self._rows.pop(ref, None)

    @property
    def refs(self) -> frozenset[AppRef]:
        return frozenset(self._names)

    def find(self, query: str) -> list[FoundTable]:
        """The table that is called so first, then what begins with the query, then what has it anywhere."""
        asked = query.strip().lower()
        if not asked:
            return []
        exact: list[FoundTable] = []
        begins: list[FoundTable] = []
        rest: list[FoundTable] = []
        after_dot = f".{asked}"
        for ref in self._names:
            for whole, entity in [each for each in self._searched(ref) if asked in each[0]]:
                is_table = after_dot in whole
                is_exact = whole == asked or (is_table and whole.endswith(after_dot))
                into = exact if is_exact else begins if is_table or whole.startswith(asked) else rest
                into.append(FoundTable(ref, entity))
        return exact + begins + rest

    def _searched(self, ref: AppRef) -> list[tuple[str, str]]:
        rows = self._rows.get(ref)
        if rows is None:
            parts = ((parts_of(each), each) for each in self._names[ref])
            rows = self._rows[ref] = sorted((f"{pair[0] or 'public'}.{pair[1]}".lower(), each) for pair, each in parts)
        return rows
