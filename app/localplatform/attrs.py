"""Attributes of an app: what is stored about them, in wire form and as values, and every way they change.

An attribute's flags are facts for the transaction engine; nothing in the table of triples depends on them but
the comparison key of dates, which :func:`set_flags` recomputes, and the explicit nulls of indexed attributes.
"""

from __future__ import annotations

import json
import sqlite3
import time
import uuid
from collections import OrderedDict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from threading import Lock
from typing import Any, Final

from app.localplatform import catalog, errors, values
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

GRACE_PERIOD_DAYS: Final = 2
_DAY_MS: Final = 24 * 60 * 60 * 1000
_TYPE_BITS: Final = {"number": 1, "string": 2, "boolean": 4, "json": 8}


@dataclass(frozen=True, slots=True)
class Identity:
    id: str
    etype: str
    label: str

    def to_wire(self) -> list[str]:
        return [self.id, self.etype, self.label]


@dataclass(frozen=True, slots=True)
class Attr:
    """``deletion_marked_at`` is milliseconds since the epoch."""

    id: str
    value_type: str  # blob | ref
    cardinality: str  # one | many
    forward_identity: Identity
    reverse_identity: Identity | None = None
    is_unique: bool = False
    is_indexed: bool = False
    is_required: bool = False
    checked_data_type: str | None = None  # string | number | boolean | date
    on_delete: str | None = None  # cascade
    on_delete_reverse: str | None = None
    inferred_types: tuple[str, ...] | None = None
    catalog: str = "user"  # user | system
    metadata: dict[str, Any] | None = None
    deletion_marked_at: int | None = None
    is_indexing: bool = False
    is_setting_unique: bool = False
    is_checking_data_type: bool = False

    @property
    def etype(self) -> str:
        return self.forward_identity.etype

    @property
    def label(self) -> str:
        return self.forward_identity.label

    @property
    def reverse_etype(self) -> str | None:
        return self.reverse_identity.etype if self.reverse_identity else None

    @property
    def is_ref(self) -> bool:
        return self.value_type == "ref"

    @property
    def is_one(self) -> bool:
        return self.cardinality == "one"

    @property
    def is_system(self) -> bool:
        return self.catalog == "system"

    def to_wire(self) -> dict[str, Any]:
        wire: dict[str, Any] = {
            "id": self.id,
            "value-type": self.value_type,
            "cardinality": self.cardinality,
            "forward-identity": self.forward_identity.to_wire(),
            "unique?": self.is_unique,
            "index?": self.is_indexed,
            "required?": self.is_required,
            "inferred-types": list(self.inferred_types) if self.inferred_types is not None else None,
            "catalog": self.catalog,
        }
        return {**wire, **self._optional_wire()}

    def _optional_wire(self) -> dict[str, Any]:
        optional = {
            "reverse-identity": self.reverse_identity.to_wire() if self.reverse_identity else None,
            "on-delete": self.on_delete,
            "on-delete-reverse": self.on_delete_reverse,
            "checked-data-type": self.checked_data_type,
            "checking-data-type?": self.is_checking_data_type or None,
            "indexing?": self.is_indexing or None,
            "setting-unique?": self.is_setting_unique or None,
            "metadata": self.metadata,
            "deletion-marked-at": _instant(self.deletion_marked_at),
        }
        return {name: value for name, value in optional.items() if value is not None}


def _instant(milliseconds: int | None) -> str | None:
    if milliseconds is None:
        return None
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(milliseconds / 1000))


class AttrSet:
    """The live attributes of one app, the system's included; immutable, safe to share between threads."""

    def __init__(self, attrs: Iterable[Attr]) -> None:
        self.all: Final = tuple(sorted(attrs, key=lambda attr: attr.id))
        self.by_id: Final = {attr.id: attr for attr in self.all}
        self._forward = {(attr.etype, attr.label): attr for attr in self.all}
        self._reverse = {
            (attr.reverse_identity.etype, attr.reverse_identity.label): attr
            for attr in self.all
            if attr.reverse_identity
        }

    def find(self, etype: str, label: str) -> Attr | None:
        """By forward name."""
        return self._forward.get((etype, label))

    def find_reverse(self, etype: str, label: str) -> Attr | None:
        return self._reverse.get((etype, label))

    def of_etype(self, etype: str) -> tuple[Attr, ...]:
        """Attributes whose forward side is on ``etype``."""
        return self._by_etype.get(etype, ())

    def reverse_of_etype(self, etype: str) -> tuple[Attr, ...]:
        """Links whose reverse side is on ``etype``."""
        return self._by_reverse_etype.get(etype, ())

    @cached_property
    def _by_etype(self) -> dict[str, tuple[Attr, ...]]:
        return _grouped((attr.etype, attr) for attr in self.all)

    @cached_property
    def _by_reverse_etype(self) -> dict[str, tuple[Attr, ...]]:
        return _grouped((attr.reverse_identity.etype, attr) for attr in self.all if attr.reverse_identity)

    @cached_property
    def cascading(self) -> tuple[Attr, ...]:
        """Links that delete along, in either direction."""
        return tuple(attr for attr in self.all if attr.is_ref and (attr.on_delete or attr.on_delete_reverse))

    def etypes(self) -> tuple[str, ...]:
        return tuple(self._by_etype)

    def shown(self) -> tuple[Attr, ...]:
        """Without those that the platform hides from schemas."""
        return tuple(a for a in self.all if not catalog.is_hidden(a.etype, a.label, is_system=a.is_system))

    def with_changes(self, changed: Iterable[Attr], removed: Iterable[str] = ()) -> AttrSet:
        merged = {**self.by_id, **{attr.id: attr for attr in changed}}
        for attr_id in removed:
            merged.pop(attr_id, None)
        return AttrSet(merged.values())


def _grouped(pairs: Iterable[tuple[str, Attr]]) -> dict[str, tuple[Attr, ...]]:
    groups: dict[str, list[Attr]] = {}
    for name, attr in pairs:
        groups.setdefault(name, []).append(attr)
    return {name: tuple(group) for name, group in groups.items()}


# ---- reading

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
        inferred_types=None if inferred is None else tuple(n for n, bit in _TYPE_BITS.items() if inferred & bit),
        metadata=json.loads(row[16]) if row[16] else None,
        deletion_marked_at=row[17],
        is_indexing=bool(row[18]),
        is_setting_unique=bool(row[19]),
        is_checking_data_type=bool(row[20]),
    )


def from_wire(wire: dict[str, Any], *, catalog_name: str = "user") -> Attr:
    """``wire`` as it was validated by :func:`add_attrs`."""
    reverse = wire.get("reverse-identity")
    return Attr(
        id=wire["id"],
        value_type=wire["value-type"],
        cardinality=wire["cardinality"],
        forward_identity=Identity(*wire["forward-identity"]),
        reverse_identity=Identity(*reverse) if reverse else None,
        is_unique=bool(wire.get("unique?")),
        is_indexed=bool(wire.get("index?")),
        is_required=bool(wire.get("required?")),
        checked_data_type=wire.get("checked-data-type"),
        on_delete=wire.get("on-delete"),
        on_delete_reverse=wire.get("on-delete-reverse"),
        catalog=catalog_name,
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


def _touch(conn: sqlite3.Connection, app_id: str) -> str:
    """Mark the app's attributes as changed; returns the new stamp."""
    # A random stamp, not a counter: a rolled back version must never be taken for a later one.
    stamp = uuid.uuid4().hex
    conn.execute(
        "INSERT INTO attr_stamps VALUES (?, ?) ON CONFLICT (app_id) DO UPDATE SET stamp = excluded.stamp",
        (app_id, stamp),
    )
    return stamp


# ---- checking

_REQUIRED_FIELDS: Final = ("id", "forward-identity", "value-type", "cardinality", "unique?", "index?")


def _step_error(wire: Any, expected: str, path: list[Any]) -> errors.PlatformError:
    return errors.validation_failed("tx-steps", wire, [{"expected": expected, "in": path}])


def _checked_identity(wire: dict[str, Any], side: str) -> list[str]:
    identity = wire.get(side)
    if not isinstance(identity, list | tuple) or len(identity) != 3:
        raise _step_error(wire, "identity", [side])
    ident_id = values.as_uuid(identity[0])
    if ident_id is None:
        raise _step_error(wire, "uuid?", [side, 0])
    for position in (1, 2):
        if not isinstance(identity[position], str) or not identity[position].strip():
            raise _step_error(wire, "non-blank-string?", [side, position])
    return [ident_id, identity[1], identity[2]]


def _checked_attr(wire: Any) -> dict[str, Any]:
    """A complete, valid copy of a wire attr; unknown fields are dropped."""
    if not isinstance(wire, dict):
        raise _step_error(wire, "map?", [])
    for name in _REQUIRED_FIELDS:
        if name not in wire and name not in ("unique?", "index?"):
            raise _step_error(wire, f"(contains? % :{name})", [])
    checked = _checked_update(wire)
    if checked["value-type"] == "ref" and "reverse-identity" not in checked:
        raise _step_error(wire, "(contains? % :reverse-identity)", [])
    if checked["value-type"] == "blob":
        # A blob has one value; the platform stores the cardinality as sent, and no client sends another.
        checked["cardinality"] = checked.get("cardinality") or "one"
    return checked


_CHOICES: Final = {
    "value-type": ("blob", "ref"),
    "cardinality": ("one", "many"),
    "on-delete": ("cascade", None),
    "on-delete-reverse": ("cascade", None),
    "checked-data-type": (*sorted(values.CHECKED_TYPES), None),
}
_BOOLEANS: Final = ("unique?", "index?", "required?")


def _checked_update(wire: Any) -> dict[str, Any]:
    if not isinstance(wire, dict):
        raise _step_error(wire, "map?", [])
    attr_id = values.as_uuid(wire.get("id"))
    if attr_id is None:
        raise _step_error(wire, "uuid?", ["id"])
    checked: dict[str, Any] = {"id": attr_id}
    for side in ("forward-identity", "reverse-identity"):
        if wire.get(side) is not None:
            checked[side] = _checked_identity(wire, side)
    for name, choices in _CHOICES.items():
        if name in wire:
            if wire[name] not in choices:
                raise _step_error(wire, name, [name])
            checked[name] = wire[name]
    for name in _BOOLEANS:
        if wire.get(name) is not None:
            if not isinstance(wire[name], bool):
                raise _step_error(wire, "boolean?", [name])
            checked[name] = wire[name]
    return checked


def _check_system_names(wire: dict[str, Any]) -> None:
    for side in ("forward-identity", "reverse-identity"):
        if side not in wire:
            continue
        _, etype, label = wire[side]
        if catalog.is_reserved_name(etype, label):
            message = f"{etype}.{label} is a system column and it already exists."
            raise errors.validation_failed("attributes", wire, [{"message": message}])
        if etype.startswith("$") and etype not in catalog.EDITABLE_ETYPES:
            message = f"$ is reserved for system tables. You can't create {etype}"
            raise errors.validation_failed("attributes", wire, [{"message": message}])


def _check_required_on_system(wire: dict[str, Any], etype: str) -> None:
    if wire.get("required?") and etype.startswith("$"):
        message = (
            "You can't create a required system attribute. Make sure it's optional."
            " Check out the docs to learn more:"
            " https://www.instantdb.com/docs/modeling-data#required-constraints"
        )
        raise errors.PlatformError("validation-failed", message)


def _check_new_required(conn: sqlite3.Connection, app_id: str, wire: dict[str, Any]) -> None:
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


def _check_names_free(current: AttrSet, attr: Attr) -> None:
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


# ---- writing


def add_attrs(conn: sqlite3.Connection, app_id: str, attrs: Sequence[dict[str, Any]]) -> tuple[Attr, ...]:
    """Create attributes from wire form; one that exists with equal properties is left alone.

    Raises the platform's errors for reserved names, taken names, required attributes over existing entities.
    """
    return tuple(_add(conn, app_id, _checked_attr(wire)) for wire in attrs)


def _add(conn: sqlite3.Connection, app_id: str, wire: dict[str, Any]) -> Attr:
    _check_system_names(wire)
    _check_required_on_system(wire, wire["forward-identity"][1])
    attr = from_wire(wire)
    existing = load_attrs(conn, app_id).by_id.get(attr.id)
    if existing is not None:
        if _same_definition(existing, attr):
            return existing
        raise errors.sql_raise(
            f"The attribute with id {attr.id} conflicts with an existing attribute with id {existing.id}."
        )
    _check_new_required(conn, app_id, wire)
    current = load_attrs(conn, app_id)
    _check_names_free(current, attr)
    _check_idents_free(conn, app_id, attr)
    # Kept at once: reading all of them again for each of some hundred new ones takes minutes.
    _cache.put(app_id, _insert(conn, app_id, attr), current.with_changes([attr]))
    if attr.is_indexed and not attr.is_ref:
        fill_nulls(conn, app_id, attr)
    return attr


def _same_definition(one: Attr, other: Attr) -> bool:
    a, b = one.to_wire(), other.to_wire()
    for wire in (a, b):
        wire.pop("inferred-types", None)
    return a == b


def _check_idents_free(conn: sqlite3.Connection, app_id: str, attr: Attr) -> None:
    idents = [attr.forward_identity.id, *([attr.reverse_identity.id] if attr.reverse_identity else [])]
    marks = ",".join("?" * len(idents))
    sql = f"SELECT 1 FROM attrs WHERE app_id = ? AND (forward_ident IN ({marks}) OR reverse_ident IN ({marks}))"
    if conn.execute(sql, (app_id, *idents, *idents)).fetchone():
        name = f"{attr.etype}.{attr.label}"
        raise errors.sql_raise(f"Another attribute for {name} exists with different properties.")


def _insert(conn: sqlite3.Connection, app_id: str, attr: Attr) -> str:
    """Returns the stamp of the attributes with the new one."""
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
    return _touch(conn, app_id)


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
    for wire in map(_checked_update, updates):
        first.setdefault(wire["id"], wire)
    for wire in first.values():
        _update(conn, app_id, wire)


def _update(conn: sqlite3.Connection, app_id: str, wire: dict[str, Any]) -> None:
    _check_system_names(wire)
    existing = load_attrs(conn, app_id).by_id.get(wire["id"])
    if existing is None or existing.is_system:
        return
    sets = {column: wire[name] for name, column in _UPDATE_COLUMNS.items() if name in wire}
    sets["on_delete"] = wire.get("on-delete")
    sets["on_delete_reverse"] = wire.get("on-delete-reverse")
    for side, prefix in (("forward-identity", ""), ("reverse-identity", "reverse_")):
        if side in wire:
            _, sets[f"{prefix}etype"], sets[f"{prefix}label"] = wire[side]
    _check_required_on_system(wire, str(sets.get("etype", existing.etype)))
    before = load_attrs(conn, app_id)
    _set_columns(conn, app_id, existing.id, sets)
    updated = load_attrs(conn, app_id).by_id[existing.id]
    _check_names_free(before, updated)
    _check_values_fit(conn, app_id, existing, updated)
    if updated.is_indexed and not existing.is_indexed and not updated.is_ref:
        fill_nulls(conn, app_id, updated)


def _check_values_fit(conn: sqlite3.Connection, app_id: str, before: Attr, after: Attr) -> None:
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


def _set_columns(conn: sqlite3.Connection, app_id: str, attr_id: str, sets: dict[str, Any]) -> None:
    assignments = ", ".join(f"{column} = ?" for column in sets)
    conn.execute(f"UPDATE attrs SET {assignments} WHERE app_id = ? AND id = ?", (*sets.values(), app_id, attr_id))
    _touch(conn, app_id)


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
    _set_columns(conn, app_id, attr_id, flags)
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
        bits = sum(_TYPE_BITS[name] for name in names | set(attr.inferred_types or ()))
        _set_columns(conn, app_id, attr_id, {"inferred_types": bits})


# ---- deleting


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
    _set_columns(conn, app_id, attr.id, sets)


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
    _set_columns(conn, app_id, attr.id, sets)
    _check_names_free(before, load_attrs(conn, app_id).by_id[attr.id])


def _after_prefix(name: str) -> str:
    return name.partition("$")[2]


def sweep(conn: sqlite3.Connection, now: int | None = None) -> int:
    """Remove for good what was soft-deleted more than two days ago; returns how many attributes."""
    limit = (int(time.time() * 1000) if now is None else now) - GRACE_PERIOD_DAYS * _DAY_MS
    rows = conn.execute("SELECT app_id, id FROM attrs WHERE deletion_marked_at <= ?", (limit,)).fetchall()
    for app_id, attr_id in rows:
        conn.execute("DELETE FROM triples WHERE app_id = ? AND attr_id = ?", (app_id, attr_id))
        conn.execute("DELETE FROM attrs WHERE app_id = ? AND id = ?", (app_id, attr_id))
        _touch(conn, app_id)
    return len(rows)


def delete_all_of_app(conn: sqlite3.Connection, app_id: str) -> None:
    """All attributes and all data of an app: the platform's "clear", and part of its hard delete."""
    conn.execute("DELETE FROM triples WHERE app_id = ?", (app_id,))
    conn.execute("DELETE FROM attrs WHERE app_id = ?", (app_id,))
    _touch(conn, app_id)
