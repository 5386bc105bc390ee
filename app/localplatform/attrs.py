"""The table of attributes: all of an app, read once for each of its versions."""

from __future__ import annotations

import json
import sqlite3
import uuid
from collections import OrderedDict
from threading import Lock
from typing import Any, Final

from app.localplatform import catalog, errors
from app.localplatform.attr_set import Attr, AttrSet, Identity
from app.localplatform.attr_wire import from_wire
from app.localplatform.store import register_ddl

register_ddl("""
CREATE TABLE IF NOT EXISTS attrs (
    app_id TEXT NOT NULL,
    id TEXT NOT NULL,
    value_type TEXT NOT NULL,
    cardinality TEXT NOT NULL,
    forward_ident TEXT NOT NULL,
    etype TEXT NOT NULL,
    label TEXT NOT NULL,
    reverse_ident TEXT,
    reverse_etype TEXT,
    reverse_label TEXT,
    is_unique INTEGER NOT NULL DEFAULT 0,
    is_indexed INTEGER NOT NULL DEFAULT 0,
    is_required INTEGER NOT NULL DEFAULT 0,
    checked_data_type TEXT,
    on_delete TEXT,
    on_delete_reverse TEXT,
    inferred_types INTEGER,
    metadata TEXT,
    deletion_marked_at INTEGER,
    is_indexing INTEGER NOT NULL DEFAULT 0,
    is_setting_unique INTEGER NOT NULL DEFAULT 0,
    is_checking_data_type INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (app_id, id)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS attr_stamps (
    app_id TEXT PRIMARY KEY,
    stamp TEXT NOT NULL
) WITHOUT ROWID
""")

TYPE_BITS: Final = {"number": 1, "string": 2, "boolean": 4, "json": 8}
_COLUMNS: Final = (
    "id, value_type, cardinality, forward_ident, etype, label, reverse_ident, reverse_etype, reverse_label, "
    "is_unique, is_indexed, is_required, checked_data_type, on_delete, on_delete_reverse, inferred_types, metadata, "
    "deletion_marked_at, is_indexing, is_setting_unique, is_checking_data_type"
)


def _from_row(row: tuple[Any, ...]) -> Attr:
    inferred = row[15]
    return Attr(
        id=row[0],
        value_type=row[1],
        cardinality=row[2],
        forward_identity=Identity(row[3], row[4], row[5]),
        reverse_identity=Identity(row[6], row[7], row[8]) if row[6] else None,
        is_unique=bool(row[9]),
        is_indexed=bool(row[10]),
        is_required=bool(row[11]),
        checked_data_type=row[12],
        on_delete=row[13],
        on_delete_reverse=row[14],
        inferred_types=None if inferred is None else tuple(n for n, bit in TYPE_BITS.items() if inferred & bit),
        metadata=json.loads(row[16]) if row[16] else None,
        deletion_marked_at=row[17],
        is_indexing=bool(row[18]),
        is_setting_unique=bool(row[19]),
        is_checking_data_type=bool(row[20]),
    )


_SYSTEM: Final = tuple(from_wire(wire, catalog_name="system") for wire in catalog.system_attrs())
_EMPTY: Final = AttrSet(_SYSTEM)


class _Cache:
    """The newest set of each app, by the stamp of its version; bounded."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._entries: OrderedDict[str, tuple[str, AttrSet]] = OrderedDict()
        self._lock = Lock()

    def get(self, app_id: str, stamp: str) -> AttrSet | None:
        with self._lock:
            entry = self._entries.get(app_id)
            if entry is None or entry[0] != stamp:
                return None
            self._entries.move_to_end(app_id)
            return entry[1]

    def put(self, app_id: str, stamp: str, attrs: AttrSet) -> None:
        with self._lock:
            self._entries[app_id] = (stamp, attrs)
            self._entries.move_to_end(app_id)
            while len(self._entries) > self._size:
                self._entries.popitem(last=False)


_cache: Final = _Cache(4096)


def load_attrs(conn: sqlite3.Connection, app_id: str) -> AttrSet:
    """Cached by version, so cheap to call for every request; an app that does not exist has the system's only."""
    row = conn.execute("SELECT stamp FROM attr_stamps WHERE app_id = ?", (app_id,)).fetchone()
    if row is None:
        return _EMPTY
    cached = _cache.get(app_id, row[0])
    if cached is None:
        cached = AttrSet([*_read(conn, app_id, "deletion_marked_at IS NULL"), *_SYSTEM])
        _cache.put(app_id, row[0], cached)
    return cached


def _read(conn: sqlite3.Connection, app_id: str, condition: str) -> list[Attr]:
    rows = conn.execute(f"SELECT {_COLUMNS} FROM attrs WHERE app_id = ? AND {condition} ORDER BY id", (app_id,))
    return [_from_row(row) for row in rows]


def soft_deleted_attrs(conn: sqlite3.Connection, app_id: str) -> tuple[Attr, ...]:
    return tuple(_read(conn, app_id, "deletion_marked_at IS NOT NULL"))


def touch(conn: sqlite3.Connection, app_id: str) -> str:
    """Mark the app's attributes as changed; returns the new stamp."""
    # A random stamp, not a counter: a rolled back version must never be taken for a later one.
    stamp = uuid.uuid4().hex
    conn.execute(
        "INSERT INTO attr_stamps VALUES (?, ?) ON CONFLICT (app_id) DO UPDATE SET stamp = excluded.stamp",
        (app_id, stamp),
    )
    return stamp


def insert(conn: sqlite3.Connection, app_id: str, attr: Attr, current: AttrSet) -> None:
    """``current`` are the attributes without the new one."""
    reverse = attr.reverse_identity
    sql = """INSERT INTO attrs (app_id, id, value_type, cardinality, forward_ident, etype, label, reverse_ident,
             reverse_etype, reverse_label, is_unique, is_indexed, is_required, checked_data_type, on_delete,
             on_delete_reverse) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"""
    row = (
        app_id,
        attr.id,
        attr.value_type,
        attr.cardinality,
        attr.forward_identity.id,
        attr.etype,
        attr.label,
        reverse.id if reverse else None,
        reverse.etype if reverse else None,
        reverse.label if reverse else None,
        attr.is_unique,
        attr.is_indexed,
        attr.is_required,
        attr.checked_data_type,
        attr.on_delete,
        attr.on_delete_reverse,
    )
    try:
        conn.execute(sql, row)
    except sqlite3.IntegrityError:
        # A soft-deleted attribute still holds the ID.
        message = f"The attribute with id {attr.id} conflicts with an existing attribute with id {attr.id}."
        raise errors.sql_raise(message) from None
    # Kept at once: reading all of them again for each of some hundred new ones takes minutes.
    _cache.put(app_id, touch(conn, app_id), current.with_changes([attr]))


def set_columns(conn: sqlite3.Connection, app_id: str, attr_id: str, sets: dict[str, Any]) -> None:
    assignments = ", ".join(f"{column} = ?" for column in sets)
    conn.execute(f"UPDATE attrs SET {assignments} WHERE app_id = ? AND id = ?", (*sets.values(), app_id, attr_id))
    touch(conn, app_id)
