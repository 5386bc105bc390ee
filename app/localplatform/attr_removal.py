"""Deleting attributes: hidden for two days, in which they can be restored, then gone."""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Iterable
from typing import Any, Final

from app.localplatform.attr_checks import check_names_free
from app.localplatform.attr_set import Attr
from app.localplatform.attrs import load_attrs, set_columns, soft_deleted_attrs, touch

GRACE_PERIOD_DAYS: Final = 2
_DAY_MS: Final = 24 * 60 * 60 * 1000


def soft_delete_attrs(conn: sqlite3.Connection, app_id: str, ids: Iterable[str], now: int | None = None) -> None:
    """Hide attributes and free their names; their data stays for two days. Unknown and system IDs are passed over."""
    marked_at = int(time.time() * 1000) if now is None else now
    # All in one statement there: each is kept with the ID attribute that its entity had before, deleted along or not.
    before = load_attrs(conn, app_id)
    for attr_id in dict.fromkeys(ids):
        attr = before.by_id.get(attr_id)
        if attr is not None and not attr.is_system:
            _soft_delete(conn, app_id, attr, before.find(attr.etype, "id"), marked_at)


def _soft_delete(conn: sqlite3.Connection, app_id: str, attr: Attr, id_attr: Attr | None, marked_at: int) -> None:
    prefix = f"{attr.id}_deleted$"
    snapshot = {
        "is_indexed": attr.is_indexed,
        "is_required": attr.is_required,
        "id_attr_id": id_attr.id if id_attr else None,
    }
    sets: dict[str, Any] = {
        "deletion_marked_at": marked_at,
        "is_indexed": False,
        "is_required": False,
        "etype": prefix + attr.etype,
        "label": prefix + attr.label,
        "metadata": json.dumps({**(attr.metadata or {}), "soft_delete_snapshot": snapshot}),
    }
    if attr.reverse_identity:
        sets["reverse_etype"] = prefix + attr.reverse_identity.etype
        sets["reverse_label"] = prefix + attr.reverse_identity.label
    set_columns(conn, app_id, attr.id, sets)


def restore_attrs(conn: sqlite3.Connection, app_id: str, ids: Iterable[str]) -> None:
    """Undo a soft delete; the attribute comes back neither indexed nor required. Unknown IDs are passed over."""
    wanted = set(ids)
    for attr in soft_deleted_attrs(conn, app_id):
        if attr.id in wanted:
            _restore(conn, app_id, attr)


def _restore(conn: sqlite3.Connection, app_id: str, attr: Attr) -> None:
    metadata = {name: value for name, value in (attr.metadata or {}).items() if name != "soft_delete_snapshot"}
    sets: dict[str, Any] = {
        "deletion_marked_at": None,
        "is_indexed": False,
        "is_required": False,
        "etype": _after_prefix(attr.etype),
        "label": _after_prefix(attr.label),
        "metadata": json.dumps(metadata) if metadata else None,
    }
    if attr.reverse_identity:
        sets["reverse_etype"] = _after_prefix(attr.reverse_identity.etype)
        sets["reverse_label"] = _after_prefix(attr.reverse_identity.label)
    before = load_attrs(conn, app_id)
    set_columns(conn, app_id, attr.id, sets)
    check_names_free(before, load_attrs(conn, app_id).by_id[attr.id])


def _after_prefix(name: str) -> str:
    return name.partition("$")[2]


def sweep(conn: sqlite3.Connection, now: int | None = None) -> int:
    """Remove for good what was soft-deleted more than two days ago; returns how many attributes."""
    limit = (int(time.time() * 1000) if now is None else now) - GRACE_PERIOD_DAYS * _DAY_MS
    rows = conn.execute("SELECT app_id, id FROM attrs WHERE deletion_marked_at <= ?", (limit,)).fetchall()
    for app_id, attr_id in rows:
        conn.execute("DELETE FROM triples WHERE app_id = ? AND attr_id = ?", (app_id, attr_id))
        conn.execute("DELETE FROM attrs WHERE app_id = ? AND id = ?", (app_id, attr_id))
        touch(conn, app_id)
    return len(rows)


def delete_all_of_app(conn: sqlite3.Connection, app_id: str) -> None:
    """All attributes and all data of an app: the platform's "clear", and part of its hard delete."""
    conn.execute("DELETE FROM triples WHERE app_id = ?", (app_id,))
    conn.execute("DELETE FROM attrs WHERE app_id = ?", (app_id,))
    touch(conn, app_id)
