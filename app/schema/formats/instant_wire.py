"""Instant's schema as it travels: ``{refs, blobs}`` to the model, and the model to the ``defs`` of a push.

The shapes are those of the server's ``model/schema.clj``. Not in the model, because they say nothing about meaning:
attribute and ident IDs (``wire_attributes`` gives them), inferred types, and the flags of running jobs.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NoReturn

from app.core.errors import BadAnswer, FieldError, Invalid
from app.core.text import plain
from app.core.words import free_name
from app.schema.model import Attribute, Cardinality, Entity, Link, LinkEnd, OnDelete, Schema
from app.schema.types import AnyType, BooleanType, DateType, JsonType, NumberType, StringType, Type

WireAttr = Mapping[str, Any]

_CHECKED: dict[str, Type] = {
    "string": StringType(),
    "number": NumberType(),
    "boolean": BooleanType(),
    "date": DateType(),
}
_ANY = AnyType()


def schema_from_wire(wire: Any) -> Schema:
    """The schema of ``{refs, blobs}``; raises BadAnswer that names the first part that is not as promised.

    An attribute without a checked type is AnyType: the platform keeps no difference between ``any`` and ``json``.
    """
    blobs, refs = _part(wire, "blobs"), _part(wire, "refs")
    entities = tuple(_entity(name, attrs) for name, attrs in sorted(blobs.items()))
    links = tuple(_link(key, attr) for key, attr in sorted(refs.items()))
    return Schema(entities, links)


def wire_attributes(wire: Any) -> Iterator[WireAttr]:
    """Every attribute of the wire form, blobs first; each has its real attribute and ident IDs."""
    for attrs in _part(wire, "blobs").values():
        yield from attrs.values()
    yield from _part(wire, "refs").values()


def wire_attribute(wire: Any, entity: str, label: str) -> WireAttr | None:
    """The attribute or link that ``entity.label`` names from its forward side, or None."""
    found = _part(wire, "blobs").get(entity, {}).get(label)
    if found is not None:
        return dict(found)
    for attr in _part(wire, "refs").values():
        if attr["forward-identity"][1:] == [entity, label]:
            return dict(attr)
    return None


def defs_from_schema(schema: Schema) -> dict[str, Any]:
    """``{"entities", "links"}`` for plan and push. What the platform owns is left out: it is stripped there anyway.

    Raises Invalid for what Instant cannot hold: other types, an entity without attributes (the platform would drop
    it without a word), several defaults, compound indexes.
    """
    entities = {each.name: {"attrs": _attrs_def(each)} for each in schema.entities if _is_pushed(each)}
    return {"entities": entities, "links": _link_defs(schema)}


def schema_from_defs(defs: Any) -> Schema:
    """The schema of push ``defs``, as ``i.schema(…)`` gives them in JSON; raises BadAnswer like schema_from_wire."""
    entities = tuple(_entity_from_def(name, body) for name, body in sorted(_part(defs, "entities").items()))
    links = tuple(_link_from_def(name, body) for name, body in sorted(_part(defs, "links").items()))
    return Schema(entities, links)


# Wire to model.


def _part(wire: Any, name: str) -> dict[str, Any]:
    if not isinstance(wire, Mapping):
        _refuse("schema", "is not an object")
    part = wire.get(name)
    if part is None and name in {"entities", "links"}:
        return {}
    if not isinstance(part, dict):
        _refuse(name, "is missing" if part is None else "is not an object")
    return part


def _refuse(place: str, problem: str) -> NoReturn:
    raise BadAnswer(f"The schema is not as Instant sends it: {plain(place, 120)} {problem}.")


def _entity(name: str, attrs: Any) -> Entity:
    if not isinstance(attrs, dict):
        _refuse(f"blobs.{name}", "is not an object")
    parts = tuple(_attribute(name, label, attr) for label, attr in sorted(attrs.items()) if label != "id")
    return Entity(name, parts, is_system=name.startswith("$"))


def _attribute(entity: str, label: str, attr: Any) -> Attribute:
    if not isinstance(attr, dict):
        _refuse(f"blobs.{entity}.{label}", "is not an object")
    if attr.get("value-type") != "blob":
        _refuse(f"blobs.{entity}.{label}.value-type", "is not blob")
    return Attribute(
        label,
        _checked_type(entity, label, attr.get("checked-data-type")),
        is_required=_flag(attr, "required?"),
        is_unique=_flag(attr, "unique?"),
        is_indexed=_flag(attr, "index?"),
        is_system=attr.get("catalog") == "system",
    )


def _flag(attr: Mapping[str, Any], name: str) -> bool:
    return attr.get(name) is True


def _checked_type(entity: str, label: str, name: Any) -> Type:
    if name is None:
        return _ANY
    found = _CHECKED.get(name) if isinstance(name, str) else None
    if found is None:
        _refuse(f"blobs.{entity}.{label}.checked-data-type", f"is {plain(repr(name), 40)}")
    return found


def _link(key: str, attr: Any) -> Link:
    if not isinstance(attr, dict):
        _refuse(f"refs.{key}", "is not an object")
    _, forward_entity, forward_label = _identity(key, attr, "forward-identity")
    _, reverse_entity, reverse_label = _identity(key, attr, "reverse-identity")
    cardinality = attr.get("cardinality")
    if cardinality not in {"one", "many"}:
        _refuse(f"refs.{key}.cardinality", "is neither one nor many")
    forward_has: Cardinality = "one" if cardinality == "one" else "many"
    reverse_has: Cardinality = "one" if _flag(attr, "unique?") else "many"
    return Link(
        link_name(forward_entity, forward_label),
        LinkEnd(
            forward_entity, forward_label, forward_has, _flag(attr, "required?"), _on_delete(attr.get("on-delete"))
        ),
        LinkEnd(reverse_entity, reverse_label, reverse_has, on_delete=_on_delete(attr.get("on-delete-reverse"))),
        is_system=attr.get("catalog") == "system",
    )


def link_name(entity: str, label: str) -> str:
    """The name that Instant's own tools give a link: the platform stores none."""
    return f"{entity}{label[:1].upper()}{label[1:]}"


def _identity(key: str, attr: Mapping[str, Any], name: str) -> tuple[str, str, str]:
    match attr.get(name):
        case [str() as ident, str() as entity, str() as label]:
            return ident, entity, label
    _refuse(f"refs.{key}.{name}", "is not [id, entity, label]")


def _on_delete(value: Any) -> OnDelete | None:
    return "cascade" if value == "cascade" else None


# Model to defs.


def _is_pushed(entity: Entity) -> bool:
    if not entity.is_system:
        return True
    return any(not each.is_system for each in entity.attributes)


def _attrs_def(entity: Entity) -> dict[str, Any]:
    parts = {each.name: _attribute_def(entity, each) for each in entity.attributes if not each.is_system}
    if not parts:
        _invalid(entity.name, "needs at least one attribute: Instant drops an entity without any")
    if entity.indexes:
        _invalid(entity.name, "has an index over several attributes, which Instant does not know")
    return parts


def _attribute_def(entity: Entity, attribute: Attribute) -> dict[str, Any]:
    if attribute.default is not None:
        _invalid(f"{entity.name}.{attribute.name}", "has a default, which Instant does not know")
    return {
        "valueType": _type_name(f"{entity.name}.{attribute.name}", attribute.type),
        "required": attribute.is_required,
        "config": {"unique": attribute.is_unique, "indexed": attribute.is_indexed},
    }


def _type_name(place: str, value: Type) -> str:
    if value not in _TYPE_NAMES:
        _invalid(place, "has a type that Instant does not know")
    return _TYPE_NAMES[value]


_TYPE_NAMES: dict[Type, str] = {**{each: name for name, each in _CHECKED.items()}, JsonType(): "json", _ANY: "any"}
_TYPES: dict[str, Type] = {name: each for each, name in _TYPE_NAMES.items()}


def _invalid(place: str, problem: str) -> NoReturn:
    message = f"{plain(place, 120)} {problem}."
    raise Invalid(message, fields=(FieldError(place, message),))


def _link_defs(schema: Schema) -> dict[str, Any]:
    defs: dict[str, Any] = {}
    for link in schema.links:
        if not link.is_system:
            defs[free_name(link.name, defs)] = {
                "forward": _forward_def(link.forward),
                "reverse": _end_def(link.reverse),
            }
    return defs


def _forward_def(end: LinkEnd) -> dict[str, Any]:
    return _end_def(end) | ({"required": True} if end.is_required else {})


def _end_def(end: LinkEnd) -> dict[str, Any]:
    if end.on_delete not in {None, "cascade"}:
        _invalid(f"{end.entity}.{end.label}", "has an on-delete rule that Instant does not know")
    body: dict[str, Any] = {"on": end.entity, "has": end.has, "label": end.label}
    return body | ({"onDelete": end.on_delete} if end.on_delete else {})


# Defs to model.


def _entity_from_def(name: str, body: Any) -> Entity:
    attrs = _part(body, "attrs") if isinstance(body, dict) else _refuse(f"entities.{name}", "is not an object")
    parts = tuple(_attribute_from_def(name, label, attr) for label, attr in sorted(attrs.items()))
    return Entity(name, parts, is_system=name.startswith("$"))


def _attribute_from_def(entity: str, label: str, body: Any) -> Attribute:
    place = f"entities.{entity}.attrs.{label}"
    if not isinstance(body, dict):
        _refuse(place, "is not an object")
    kind = _TYPES.get(body.get("valueType", "any"))
    if kind is None:
        _refuse(f"{place}.valueType", f"is {plain(repr(body.get('valueType')), 40)}")
    config = body.get("config") or {}
    return Attribute(
        label,
        kind,
        is_required=body.get("required") is True,
        is_unique=_flag(config, "unique"),
        is_indexed=_flag(config, "indexed"),
    )


def _link_from_def(name: str, body: Any) -> Link:
    if not isinstance(body, dict):
        _refuse(f"links.{name}", "is not an object")
    return Link(name, _end_from_def(name, body, "forward"), _end_from_def(name, body, "reverse"))


def _end_from_def(name: str, body: Mapping[str, Any], side: str) -> LinkEnd:
    match body.get(side):
        case {"on": str() as entity, "label": str() as label, "has": "one" | "many" as has, **rest}:
            count: Cardinality = "one" if has == "one" else "many"
            is_required = side == "forward" and rest.get("required") is True
            return LinkEnd(entity, label, count, is_required, _on_delete(rest.get("onDelete")))
    _refuse(f"links.{name}.{side}", "needs on, has and label")
