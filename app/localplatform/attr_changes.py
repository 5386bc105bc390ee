"""Creating attributes and changing them.

An attribute's flags are facts for the transaction engine; nothing in the table of triples depends on them but
the comparison key of dates, which :func:`set_flags` recomputes, and the explicit nulls of indexed attributes.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from typing import Any, Final

from app.localplatform import errors, values
from app.localplatform.attr_checks import check_idents_free, check_names_free, check_new_required, check_values_fit
from app.localplatform.attr_set import Attr, AttrSet
from app.localplatform.attr_wire import (
    check_required_on_system,
    check_system_names,
    checked_attr,
    checked_update,
    from_wire,
)
from app.localplatform.attrs import TYPE_BITS, insert, load_attrs, set_columns


def add_attrs(conn: sqlite3.Connection, app_id: str, attrs: Sequence[dict[str, Any]]) -> tuple[Attr, ...]:
    """Create attributes from wire form; one that exists with equal properties is left alone.

    Raises the platform's errors for reserved names, taken names, required attributes over existing entities.
    """
    return tuple(_add(conn, app_id, checked_attr(wire)) for wire in attrs)


def _add(conn: sqlite3.Connection, app_id: str, wire: dict[str, Any]) -> Attr:
    check_system_names(wire)
    check_required_on_system(wire, wire["forward-identity"][1])
    attr = from_wire(wire)
    existing = load_attrs(conn, app_id).by_id.get(attr.id)
    if existing is not None:
        if _same_definition(existing, attr):
            return existing
        raise errors.sql_raise(
            f"The attribute with id {attr.id} conflicts with an existing attribute with id {existing.id}."
        )
    check_new_required(conn, app_id, wire)
    current = load_attrs(conn, app_id)
    check_names_free(current, attr)
    check_idents_free(conn, app_id, attr)
    insert(conn, app_id, attr, current)
    if attr.is_indexed and not attr.is_ref:
        fill_nulls(conn, app_id, attr)
    return attr


def _same_definition(one: Attr, other: Attr) -> bool:
    a, b = one.to_wire(), other.to_wire()
    for wire in (a, b):
        wire.pop("inferred-types", None)
    return a == b


def fill_nulls(conn: sqlite3.Connection, app_id: str, attr: Attr) -> None:
    """An indexed attribute has an explicit null on each entity without a value, as on the platform."""
    id_attr = load_attrs(conn, app_id).find(attr.etype, "id")
    if id_attr is None or id_attr.id == attr.id:
        return
    conn.execute(
        """INSERT INTO triples (app_id, entity_id, attr_id, key, value, created_at)
           SELECT t.app_id, t.entity_id, ?, NULL, 'null', t.created_at FROM triples t
           WHERE t.app_id = ? AND t.attr_id = ? AND NOT EXISTS (
               SELECT 1 FROM triples o WHERE o.app_id = t.app_id AND o.entity_id = t.entity_id AND o.attr_id = ?)""",
        (attr.id, app_id, id_attr.id, attr.id),
    )


_UPDATE_COLUMNS: Final = {
    "value-type": "value_type",
    "cardinality": "cardinality",
    "unique?": "is_unique",
    "index?": "is_indexed",
    "required?": "is_required",
}


def update_attrs(conn: sqlite3.Connection, app_id: str, updates: Sequence[dict[str, Any]]) -> None:
    """Partial wire attrs with ``id``; an omitted on-delete or on-delete-reverse is REMOVED, as on the platform.

    Attributes that do not exist, and those of the system, are passed over silently (as there).
    ``checked-data-type`` is not changed by an update: that needs a job. All updates are one statement there: of
    several for one attribute only one counts, and no name can be taken over from one that gives it up later in it.
    """
    first: dict[str, dict[str, Any]] = {}
    for wire in map(checked_update, updates):
        first.setdefault(wire["id"], wire)
    for wire in first.values():
        _update(conn, app_id, wire)


def _update(conn: sqlite3.Connection, app_id: str, wire: dict[str, Any]) -> None:
    check_system_names(wire)
    existing = load_attrs(conn, app_id).by_id.get(wire["id"])
    if existing is None or existing.is_system:
        return
    sets = {column: wire[name] for name, column in _UPDATE_COLUMNS.items() if name in wire}
    sets["on_delete"] = wire.get("on-delete")
    sets["on_delete_reverse"] = wire.get("on-delete-reverse")
    for side, prefix in (("forward-identity", ""), ("reverse-identity", "reverse_")):
        if side in wire:
            _, sets[f"{prefix}etype"], sets[f"{prefix}label"] = wire[side]
    check_required_on_system(wire, str(sets.get("etype", existing.etype)))
    before = load_attrs(conn, app_id)
    set_columns(conn, app_id, existing.id, sets)
    updated = load_attrs(conn, app_id).by_id[existing.id]
    check_names_free(before, updated)
    check_values_fit(conn, app_id, existing, updated)
    if updated.is_indexed and not existing.is_indexed and not updated.is_ref:
        fill_nulls(conn, app_id, updated)


_FLAGS: Final = frozenset(
    {
        "is_indexed",
        "is_unique",
        "is_required",
        "checked_data_type",
        "is_indexing",
        "is_setting_unique",
        "is_checking_data_type",
    }
)


def set_flags(conn: sqlite3.Connection, app_id: str, attr_id: str, **flags: Any) -> None:
    """Set any of is_indexed, is_unique, is_required, checked_data_type (None removes), is_indexing,
    is_setting_unique, is_checking_data_type; the values in store are taken to fit (a job has checked them)."""
    unknown = set(flags) - _FLAGS
    if unknown:
        raise TypeError(f"unknown flags: {sorted(unknown)}")
    before = load_attrs(conn, app_id).by_id[attr_id]
    set_columns(conn, app_id, attr_id, flags)
    after = load_attrs(conn, app_id).by_id[attr_id]
    if "date" in (before.checked_data_type, after.checked_data_type) and before != after:
        _rewrite_keys(conn, app_id, after)
    if after.is_indexed and not before.is_indexed and not after.is_ref:
        fill_nulls(conn, app_id, after)


def _rewrite_keys(conn: sqlite3.Connection, app_id: str, attr: Attr) -> None:
    rows = conn.execute("SELECT rowid, value FROM triples WHERE app_id = ? AND attr_id = ?", (app_id, attr.id))
    keys = [(values.key_of(json.loads(value), attr.checked_data_type), rowid) for rowid, value in rows.fetchall()]
    conn.executemany("UPDATE triples SET key = ? WHERE rowid = ?", keys)


def note_inferred(conn: sqlite3.Connection, app_id: str, attrs: AttrSet, seen: dict[str, set[str]]) -> None:
    """Remember which JSON types were written (``seen``: attribute ID → type names); the system's stay untouched."""
    for attr_id, names in seen.items():
        attr = attrs.by_id[attr_id]
        if attr.is_system or names <= set(attr.inferred_types or ()):
            continue
        bits = sum(TYPE_BITS[name] for name in names | set(attr.inferred_types or ()))
        set_columns(conn, app_id, attr_id, {"inferred_types": bits})
