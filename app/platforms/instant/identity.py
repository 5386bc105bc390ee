"""What became of what between two readings of a schema, known by the platform's own IDs and not by names."""

from __future__ import annotations

from collections.abc import Mapping

from app.platforms.contract import LiveSchema
from app.schema.compare import Renames

from .live import native_of
from .parts import ID, Form, form_of_wire


def renames_between(before: LiveSchema, after: LiveSchema) -> Renames:
    """Every part that is in both under different names, in the terms of ``Renames``."""
    old, new = _forms(before), _forms(after)
    kept = [(form, new[attr_id]) for attr_id, form in old.items() if attr_id in new]
    entities = {one.forward[0]: other.forward[0] for one, other in kept if _is_id(one)}
    return Renames(
        tuple((one, other) for one, other in entities.items() if one != other),
        tuple(
            (one.forward[0], one.forward[1], other.forward[1])
            for one, other in kept
            if one.reverse is None and not _is_id(one) and one.forward[1] != other.forward[1]
        ),
        tuple((one.forward, other.forward) for one, other in kept if one.reverse and _has_moved(one, other, entities)),
    )


def _forms(live: LiveSchema) -> dict[str, Form]:
    return {wire["id"]: form_of_wire(wire) for wire in native_of(live).attributes}


def _is_id(form: Form) -> bool:
    return form.reverse is None and form.forward[1] == ID


def _has_moved(one: Form, other: Form, entities: Mapping[str, str]) -> bool:
    """Whether a link has other labels; that its entities have other names is said by those."""
    return any(
        (entities.get(entity, entity), label) != name
        for (entity, label), name in zip(one.names, other.names, strict=True)
    )
