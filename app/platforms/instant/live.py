"""An app's schema as a push needs it: the wire attributes with their IDs, and what was dropped in the last two days."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from app.core.errors import Bug, Forbidden, KnownError, NotFound, Unauthorised, Unsupported
from app.platforms.contract import LiveSchema
from app.schema.formats.instant_form import canonical
from app.schema.formats.instant_wire import schema_from_wire, wire_attributes

WireAttr = Mapping[str, Any]

_DROPPED_MARK = "_deleted$"


@dataclass(frozen=True, slots=True)
class Dropped:
    """An attribute that the platform still keeps, under the names that it had.

    ``id_attribute`` is the ``id`` attribute of its entity at that time: its rows are those of that entity, which need
    not be the entity that has the name today. "" where the platform did not say.
    """

    wire: WireAttr
    forward: tuple[str, str]
    reverse: tuple[str, str] | None
    dropped_at: str
    id_attribute: str = ""

    @property
    def id(self) -> str:
        return str(self.wire["id"])


@dataclass(frozen=True, slots=True)
class Native:
    """``attributes`` are all live ones in wire form, ``id`` attributes and the system's included.

    ``no_restore_reason`` says why nothing can be brought back, "" where it can. New parts get IDs that follow from
    ``seed``, so that what is shown before a push is what is sent.
    """

    app_id: str
    attributes: tuple[WireAttr, ...]
    dropped: tuple[Dropped, ...] = ()
    no_restore_reason: str = ""
    seed: uuid.UUID = field(default_factory=uuid.uuid4)

    def new_id(self, *names: str) -> str:
        return str(uuid.uuid5(self.seed, "\0".join(names)))


def native_of(live: LiveSchema) -> Native:
    if not isinstance(live.native, Native):
        raise Bug("This schema was not read from an Instant platform.")
    return live.native


def live_schema(app_id: str, wire: Any, dropped: tuple[Dropped, ...] = (), no_restore_reason: str = "") -> LiveSchema:
    """The canonical schema of ``{refs, blobs}``, with its wire attributes."""
    schema = canonical(schema_from_wire(wire))
    native = Native(app_id, tuple(wire_attributes(wire)), dropped, no_restore_reason)
    return LiveSchema(schema, schema.fingerprint(), native)


def dropped_of(rows: list[dict[str, Any]]) -> tuple[Dropped, ...]:
    """The soft-deleted attributes under their old names; rows without the promised form are left out."""
    return tuple(found for row in rows if (found := _dropped(row)) is not None)


def _dropped(row: WireAttr) -> Dropped | None:
    forward, reverse = (_old_name(row, side) for side in ("forward-identity", "reverse-identity"))
    if forward is None or not isinstance(row.get("id"), str):
        return None
    snapshot = (row.get("metadata") or {}).get("soft_delete_snapshot") or {}
    return Dropped(
        row, forward, reverse, str(row.get("deletion-marked-at") or ""), str(snapshot.get("id_attr_id") or "")
    )


def _old_name(row: WireAttr, side: str) -> tuple[str, str] | None:
    match row.get(side):
        case [str(), str() as entity, str() as label]:
            mark = f"{row.get('id')}{_DROPPED_MARK}"
            return entity.removeprefix(mark), label.removeprefix(mark)
    return None


NO_LIST_REASON = "The platform does not tell what was dropped."
NOT_LISTED: tuple[type[KnownError], ...] = (Unsupported, NotFound, Forbidden, Unauthorised)
NO_ACCESS_REASON = "Dropped values come back through the app's admin API only, for which no token is known."
