"""Reads single entities and follows links, straight from the facts: what permission rules look at."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable
from typing import Any

from app.localplatform.attr_set import Attr, AttrSet
from app.localplatform.values import key_of

# SQLite's limit of variables in one statement is far higher; this keeps statements short.
_CHUNK = 400


class EntityReader:
    """Reads within the transaction of ``conn``; remembers what it followed, so use a new one after a write."""

    def __init__(self, conn: sqlite3.Connection, app_id: str, attrs: AttrSet) -> None:
        self._conn = conn
        self._app_id = app_id
        self._attrs = attrs
        self._followed: dict[tuple[str, str, str], list[Any]] = {}

    def entity(self, etype: str, entity_id: str) -> dict[str, Any] | None:
        """Its attributes and its to-one links (as IDs) by label; None when it is no member of ``etype``."""
        sql = "SELECT attr_id, value FROM triples WHERE app_id = ? AND entity_id = ? ORDER BY rowid"
        values: dict[str, Any] = {}
        for attr_id, text in self._conn.execute(sql, (self._app_id, entity_id)):
            attr = self._attrs.by_id.get(attr_id)
            if attr is not None and attr.etype == etype and attr.is_one:
                values[attr.label] = json.loads(text)
        return values if "id" in values else None

    def created_at(self, etype: str, entity_id: str) -> int | None:
        """Milliseconds since the epoch."""
        attr = self._attrs.find(etype, "id")
        sql = "SELECT created_at FROM triples WHERE app_id = ? AND entity_id = ? AND attr_id = ?"
        row = attr and self._conn.execute(sql, (self._app_id, entity_id, attr.id)).fetchone()
        return row[0] if row else None

    def members(self, etype: str) -> list[str]:
        attr = self._attrs.find(etype, "id")
        sql = "SELECT entity_id FROM triples WHERE app_id = ? AND attr_id = ? AND is_id = 1"
        rows = [] if attr is None else self._conn.execute(sql, (self._app_id, attr.id)).fetchall()
        return [row[0] for row in rows]

    def ids_with(self, etype: str, label: str, value: Any) -> list[str]:
        """The entities whose attribute or to-one link has this value."""
        attr = self._attrs.find(etype, label)
        return [] if attr is None else self._sources(attr, [value])

    def follow(self, etype: str, entity_id: str, path: str) -> list[Any]:
        """The values at the end of a dotted path of links, one for each way that leads there."""
        key = (etype, entity_id, path)
        if key not in self._followed:
            self._followed[key] = self._walk(etype, entity_id, path.split("."))
        return self._followed[key]

    def _walk(self, etype: str, entity_id: str, labels: list[str]) -> list[Any]:
        ids = [entity_id]
        for label in labels[:-1]:
            etype, ids = self._step(etype, ids, label)
        return self._values(etype, ids, labels[-1])

    def _step(self, etype: str, ids: list[str], label: str) -> tuple[str, list[str]]:
        forward = self._attrs.find(etype, label)
        if forward is not None and forward.is_ref:
            return forward.reverse_etype or "", self._targets(forward, ids)
        reverse = self._attrs.find_reverse(etype, label)
        if reverse is not None:
            return reverse.etype, self._sources(reverse, ids)
        return "", []

    def _values(self, etype: str, ids: list[str], label: str) -> list[Any]:
        attr = self._attrs.find(etype, label)
        if attr is not None:
            return self._targets(attr, ids)
        reverse = self._attrs.find_reverse(etype, label)
        return [] if reverse is None else self._sources(reverse, ids)

    def _targets(self, attr: Attr, ids: Iterable[str]) -> list[Any]:
        found: list[Any] = []
        for chunk in _chunks(list(ids)):
            sql = f"SELECT value FROM triples WHERE app_id = ? AND attr_id = ? AND entity_id IN ({_marks(chunk)})"
            found += [json.loads(row[0]) for row in self._conn.execute(sql, (self._app_id, attr.id, *chunk))]
        return found

    def _sources(self, attr: Attr, values: Iterable[Any]) -> list[str]:
        found: list[str] = []
        for chunk in _chunks([key_of(value) for value in values]):
            sql = f"SELECT entity_id FROM triples WHERE app_id = ? AND attr_id = ? AND key IN ({_marks(chunk)})"
            found += [row[0] for row in self._conn.execute(sql, (self._app_id, attr.id, *chunk))]
        return found


def _chunks(items: list[Any]) -> Iterable[list[Any]]:
    for start in range(0, len(items), _CHUNK):
        yield items[start : start + _CHUNK]


def _marks(items: list[Any]) -> str:
    return ",".join("?" * len(items))
