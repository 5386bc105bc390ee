"""The one form in which schemas are compared on Instant, and what the platform owns in every schema.

Instant keeps no difference between ``json`` and ``any``, no names of links, and no order. Parts that are in this form
already are given back as the same objects, so that a comparison can skip them at once.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from app.schema.formats.instant_wire import link_name
from app.schema.model import Attribute, Entity, Link, Schema, link_key
from app.schema.types import AnyType, JsonType

# What ``system_catalog.clj`` of the reference server defines on the entities that apps can see.
SYSTEM_ATTRIBUTES: Final = frozenset(
    {
        *(("$users", name) for name in ("email", "type", "imageURL")),
        *(("$files", name) for name in ("path", "size", "content-type", "content-disposition")),
        *(("$files", name) for name in ("location-id", "key-version", "url")),
        *(("$streams", name) for name in ("clientId", "machineId", "done", "size")),
        *(("$streams", name) for name in ("hashedReconnectToken", "abortReason")),
    }
)
SYSTEM_LINKS: Final = frozenset(
    {
        ("$users", "linkedPrimaryUser", "$users", "linkedGuestUsers"),
        ("$streams", "$files", "$files", "$stream"),
    }
)

_ANY: Final = AnyType()


def canonical(schema: Schema) -> Schema:
    """``schema`` as Instant would give it back: equal meanings on the platform become equal values.

    ``json`` becomes ``any``, names of links are derived, everything is in order of name, the platform's own parts are
    marked, and what only a forward end can have is taken off reverse ends. What Instant cannot hold stays: ``check``
    tells of it.
    """
    entities = tuple(sorted(map(canonical_entity, schema.entities), key=lambda each: each.name))
    links = tuple(sorted(map(canonical_link, schema.links), key=_link_order))
    if entities == schema.entities and links == schema.links:
        return schema
    return Schema(entities, links)


def canonical_entity(entity: Entity) -> Entity:
    """One entity in canonical form: the same object where it is so already."""
    parts = tuple(sorted((_attribute(entity.name, each) for each in entity.attributes), key=lambda each: each.name))
    indexes = tuple(sorted(entity.indexes, key=lambda each: each.name)) if entity.indexes else entity.indexes
    is_system = entity.name.startswith("$")
    if (parts, indexes, is_system) == (entity.attributes, entity.indexes, entity.is_system):
        return entity
    return replace(entity, attributes=parts, indexes=indexes, is_system=is_system)


def canonical_link(link: Link) -> Link:
    """One link in canonical form: the same object where it is so already."""
    forward, reverse = link.forward, link.reverse
    name = link_name(forward.entity, forward.label)
    is_system = link.is_system or is_system_link(link)
    if link.name == name and link.is_system == is_system and not reverse.is_required:
        return link
    return replace(link, name=name, is_system=is_system, reverse=replace(reverse, is_required=False))


def is_system_link(link: Link) -> bool:
    """Whether the platform itself makes this link in every app."""
    return link_key(link) in SYSTEM_LINKS


def with_system_parts(schema: Schema, live: Schema) -> Schema:
    """``schema``, from a file, as it is meant on an app whose live schema is ``live``.

    The platform ignores what a file says of its own parts, and what a file leaves out of them stays: so they are taken
    from ``live``. Attributes that people added to ``$`` entities are taken as the file has them.
    """
    owned = {each.name: each for each in live.entities if each.is_system}
    seen = {each.name for each in schema.entities}
    entities = tuple(_with_owned(each, owned.get(each.name)) for each in schema.entities)
    missing = tuple(_with_owned(Entity(name, is_system=True), each) for name, each in owned.items() if name not in seen)
    system_links = {link_key(each): each for each in live.links if each.is_system}
    links = tuple(each for each in schema.links if link_key(each) not in system_links)
    return Schema(entities + missing, links + tuple(system_links.values()))


def _attribute(entity: str, attribute: Attribute) -> Attribute:
    is_system = attribute.is_system or (entity, attribute.name) in SYSTEM_ATTRIBUTES
    kind = _ANY if isinstance(attribute.type, JsonType | AnyType) else attribute.type
    if is_system == attribute.is_system and (kind is attribute.type or kind == attribute.type):
        return attribute
    return replace(attribute, type=kind, is_system=is_system)


def _link_order(link: Link) -> tuple[str, str, str, str, str]:
    return link.name, *link_key(link)


def _with_owned(entity: Entity, live: Entity | None) -> Entity:
    """The entity with the platform's own attributes as they are live; the same object where nothing differs."""
    if live is None:
        return entity
    owned = {each.name: each for each in live.attributes if each.is_system}
    parts = tuple(owned.get(each.name, each) for each in entity.attributes)
    seen = {each.name for each in parts}
    parts += tuple(each for name, each in owned.items() if name not in seen)
    return replace(entity, attributes=parts, is_system=True) if parts != entity.attributes else entity
