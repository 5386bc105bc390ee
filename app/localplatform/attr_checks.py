"""Whether an app's names and data allow what an attribute is to be."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable
from typing import Any

from app.localplatform import errors, values
from app.localplatform.attr_set import Attr, AttrSet
from app.localplatform.attrs import load_attrs


def check_new_required(conn: sqlite3.Connection, app_id: str, wire: dict[str, Any]) -> None:
    _, etype, label = wire["forward-identity"]
    if wire.get("required?") and has_entities(conn, app_id, etype):
        message = f"Can't create attribute `{label}` as required because `{etype}` already have entities"
        raise errors.validation_failed("attributes", wire, [{"message": message}])


def has_entities(conn: sqlite3.Connection, app_id: str, etype: str) -> bool:
    """Whether any attribute of ``etype`` has a value."""
    ids = [attr.id for attr in load_attrs(conn, app_id).of_etype(etype)]
    marks = ",".join("?" * len(ids))
    sql = f"SELECT 1 FROM triples WHERE app_id = ? AND attr_id IN ({marks}) LIMIT 1"
    return conn.execute(sql, (app_id, *ids)).fetchone() is not None


def check_names_free(current: AttrSet, attr: Attr) -> None:
    """Forward and reverse names of an app share one space, the system's included; ``current`` as before the change.

    A name that the attribute itself has at its other end is not free either: the platform's trigger looks at the row
    as it was.
    """
    names = [attr.forward_identity, *([attr.reverse_identity] if attr.reverse_identity else [])]
    if len({(name.etype, name.label) for name in names}) < len(names):
        raise errors.duplicate_name(names[0].etype, names[0].label)
    for end, name in enumerate(names):
        holders = (current.find(name.etype, name.label), current.find_reverse(name.etype, name.label))
        for holder_end, holder in enumerate(holders):
            if holder is not None and (holder.id != attr.id or holder_end != end):
                raise errors.duplicate_name(name.etype, name.label)


def check_idents_free(conn: sqlite3.Connection, app_id: str, attr: Attr) -> None:
    idents = [attr.forward_identity.id, *([attr.reverse_identity.id] if attr.reverse_identity else [])]
    marks = ",".join("?" * len(idents))
    sql = f"SELECT 1 FROM attrs WHERE app_id = ? AND (forward_ident IN ({marks}) OR reverse_ident IN ({marks}))"
    if conn.execute(sql, (app_id, *idents, *idents)).fetchone():
        name = f"{attr.etype}.{attr.label}"
        raise errors.sql_raise(f"Another attribute for {name} exists with different properties.")


def check_values_fit(conn: sqlite3.Connection, app_id: str, before: Attr, after: Attr) -> None:
    """What is stored already must meet what the attribute now demands."""
    if after.is_unique and not before.is_unique:
        check_unique(conn, app_id, after)
    if (after.is_unique or after.is_indexed) and not (before.is_unique or before.is_indexed):
        _check_sizes(conn, app_id, after)
    if after.is_one and not before.is_one:
        _check_single(conn, app_id, after)
    if after.is_ref and not before.is_ref:
        _check_ids(conn, app_id, after)


def _check_sizes(conn: sqlite3.Connection, app_id: str, attr: Attr) -> None:
    sql = "SELECT entity_id FROM triples WHERE app_id = ? AND attr_id = ? AND length(CAST(value AS BLOB)) > ? LIMIT 1"
    row = conn.execute(sql, (app_id, attr.id, values.MAX_INDEXED_BYTES)).fetchone()
    if row is not None:
        kind = "a unique" if attr.is_unique else "an indexed"
        hint = {"namespace": attr.etype, "attribute": attr.label, "attr-id": attr.id, "entity-id": row[0]}
        message = f"Value is too large for {kind} attribute."
        raise errors.PlatformError("validation-failed", message, {**hint, "value-too-large?": True})


def _check_single(conn: sqlite3.Connection, app_id: str, attr: Attr) -> None:
    sql = "SELECT 1 FROM triples WHERE app_id = ? AND attr_id = ? GROUP BY entity_id HAVING count(*) > 1 LIMIT 1"
    if conn.execute(sql, (app_id, attr.id)).fetchone():
        raise errors.record_not_unique("triple")


def _check_ids(conn: sqlite3.Connection, app_id: str, attr: Attr) -> None:
    for (text,) in conn.execute("SELECT value FROM triples WHERE app_id = ? AND attr_id = ?", (app_id, attr.id)):
        if values.as_uuid(json.loads(text)) is None:
            hint = {"namespace": attr.etype, "attribute": attr.label, "value": json.loads(text), "attr-id": attr.id}
            raise errors.PlatformError("validation-failed", "Linked value must be a valid uuid.", hint)


def check_unique(conn: sqlite3.Connection, app_id: str, attr: Attr) -> None:
    sql = """SELECT value FROM triples WHERE app_id = ? AND attr_id = ? AND key IS NOT NULL
             GROUP BY key HAVING count(*) > 1 LIMIT 1"""
    row = conn.execute(sql, (app_id, attr.id)).fetchone()
    if row is not None:
        raise errors.duplicate_value(attr.id, attr.etype, attr.label, json.loads(row[0]))


def check_required(conn: sqlite3.Connection, app_id: str, attr_ids: Iterable[str]) -> None:
    """Called at the end of a transaction that set attributes to required."""
    current = load_attrs(conn, app_id)
    for attr_id in attr_ids:
        attr = current.by_id.get(attr_id)
        if attr is not None and attr.is_required and missing_required(conn, app_id, attr, 1):
            message = (
                f"Can't update attribute `{attr.label}` to required because `{attr.etype}` "
                "already have entities without it"
            )
            raise errors.validation_failed("attributes", {"id": attr.id}, [{"message": message}])


def missing_required(conn: sqlite3.Connection, app_id: str, attr: Attr, limit: int) -> list[str]:
    """IDs of entities of the attribute's namespace that have no value for it."""
    id_attr = load_attrs(conn, app_id).find(attr.etype, "id")
    if id_attr is None:
        return []
    sql = """SELECT t.entity_id FROM triples t WHERE t.app_id = ? AND t.attr_id = ? AND NOT EXISTS (
                 SELECT 1 FROM triples o WHERE o.app_id = t.app_id AND o.entity_id = t.entity_id
                 AND o.attr_id = ? AND o.key IS NOT NULL) ORDER BY t.entity_id LIMIT ?"""
    return [row[0] for row in conn.execute(sql, (app_id, id_attr.id, attr.id, limit))]
