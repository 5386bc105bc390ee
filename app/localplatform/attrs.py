"""Attributes of an app: what is stored about them, in wire form and as values, and every way they change.

An attribute's flags are facts for the transaction engine; nothing in the table of triples depends on them but
the comparison key of dates, which :func:`set_flags` recomputes.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Identity:
    id: str
    etype: str
    label: str


@dataclass(frozen=True, slots=True)
class Attr:
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
    deletion_marked_at: int | None = None  # milliseconds since the epoch
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
    def is_ref(self) -> bool:
        return self.value_type == "ref"

    def to_wire(self) -> dict[str, Any]:
        raise NotImplementedError


class AttrSet:
    """All live attributes of one app, the system's included; immutable."""

    by_id: dict[str, Attr]

    def find(self, etype: str, label: str) -> Attr | None:
        """By forward name."""
        raise NotImplementedError

    def find_reverse(self, etype: str, label: str) -> Attr | None:
        raise NotImplementedError

    def of_etype(self, etype: str) -> tuple[Attr, ...]:
        """Attributes whose forward side is on ``etype``."""
        raise NotImplementedError

    def etypes(self) -> tuple[str, ...]:
        raise NotImplementedError

    def shown(self) -> tuple[Attr, ...]:
        """Without those that the platform hides from schemas."""
        raise NotImplementedError


def load_attrs(conn: sqlite3.Connection, app_id: str) -> AttrSet:
    """Cached by version; cheap to call for every request."""
    raise NotImplementedError


def add_attrs(conn: sqlite3.Connection, app_id: str, attrs: Sequence[dict[str, Any]]) -> None:
    """``attrs`` in wire form; all the checks of the platform."""
    raise NotImplementedError


def update_attrs(conn: sqlite3.Connection, app_id: str, updates: Sequence[dict[str, Any]]) -> None:
    """Partial wire attrs with ``id``; an omitted on-delete or on-delete-reverse is REMOVED, as on the platform."""
    raise NotImplementedError


def soft_delete_attrs(conn: sqlite3.Connection, app_id: str, ids: Iterable[str], now: int | None = None) -> None:
    raise NotImplementedError


def restore_attrs(conn: sqlite3.Connection, app_id: str, ids: Iterable[str]) -> None:
    raise NotImplementedError


def soft_deleted_attrs(conn: sqlite3.Connection, app_id: str) -> tuple[Attr, ...]:
    raise NotImplementedError


def set_flags(conn: sqlite3.Connection, app_id: str, attr_id: str, **flags: Any) -> None:
    """Set any of is_indexed, is_unique, is_required, checked_data_type (None removes), is_indexing,
    is_setting_unique, is_checking_data_type, without the checks that a job has done already."""
    raise NotImplementedError


def sweep(conn: sqlite3.Connection, now: int | None = None) -> int:
    """Remove for good what was soft-deleted more than two days ago; returns how many attributes."""
    raise NotImplementedError


def delete_all_of_app(conn: sqlite3.Connection, app_id: str) -> None:
    """All attributes and all data of an app (the platform's "clear", and part of its hard delete)."""
    raise NotImplementedError
