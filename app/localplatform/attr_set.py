"""Attributes as values: one of them, and all of an app."""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

from app.localplatform import catalog


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
