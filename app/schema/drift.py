"""How a live schema differs from the one it should follow, in sentences. Pure; plans nothing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from .model import Attribute, Entity, Link, LinkEnd, Schema, link_key
from .types import AnyType, BooleanType, DateType, JsonType, NumberType, StringType, Type

_TYPE_WORDS: dict[type, str] = {
    StringType: "string",
    NumberType: "number",
    BooleanType: "boolean",
    DateType: "date",
    JsonType: "json",
    AnyType: "any",
}


@dataclass(frozen=True, slots=True)
class Difference:
    """``place`` is ``entity``, ``entity.attribute`` or ``link a.b``; ``kind`` is the part it is about
    (``entity``, ``attribute`` or ``link``), for counting."""

    sentence: str
    place: str
    kind: str


def differences(actual: Schema, wanted: Schema) -> tuple[Difference, ...]:
    """Everything in which ``actual`` departs from ``wanted``, in order of place.

    Entities that only ``actual`` has are agents, and so are links that touch one: no drift. System parts and the
    ``id`` attribute belong to the platform and are not compared.
    """
    found = [*_entities(actual, wanted), *_links(actual, wanted)]
    return tuple(sorted(found, key=lambda each: (each.place, each.sentence)))


def summary(found: tuple[Difference, ...]) -> str:
    """``drift: 1 entity, 2 attributes``, or "" for no difference."""
    words = (("entity", "entities"), ("attribute", "attributes"), ("link", "links"))
    counts = ((sum(each.kind == one for each in found), one, many) for one, many in words)
    parts = [f"{count} {one if count == 1 else many}" for count, one, many in counts if count]
    return f"drift: {', '.join(parts)}" if parts else ""


def _entities(actual: Schema, wanted: Schema) -> Iterator[Difference]:
    live = {each.name: each for each in actual.entities}
    for entity in wanted.entities:
        if entity.name in live:
            yield from _attributes(live[entity.name], entity)
        elif not entity.is_system:
            yield Difference(f"The entity {entity.name} is missing.", entity.name, "entity")


def _attributes(actual: Entity, wanted: Entity) -> Iterator[Difference]:
    live, due = _comparable(actual), _comparable(wanted)
    for name, attribute in due.items():
        place = f"{wanted.name}.{name}"
        if name not in live:
            yield Difference(f"{place} is missing.", place, "attribute")
        else:
            yield from _attribute(place, live[name], attribute)
    # A system entity ($users) belongs to the platform: what a tenant adds there is the tenant's own.
    if not wanted.is_system:
        for name in live.keys() - due.keys():
            place = f"{wanted.name}.{name}"
            yield Difference(f"{place} is not in the template.", place, "attribute")


def _comparable(entity: Entity) -> dict[str, Attribute]:
    return {each.name: each for each in entity.attributes if not each.is_system and each.name != "id"}


def _attribute(place: str, actual: Attribute, wanted: Attribute) -> Iterator[Difference]:
    """One difference at most for each attribute: its parts are joined in one sentence."""
    parts = []
    if not is_same_type(actual.type, wanted.type):
        parts.append(f"is of type {_type_word(actual.type)} instead of {_type_word(wanted.type)}")
    for word, has, should in (
        ("required", actual.is_required, wanted.is_required),
        ("unique", actual.is_unique, wanted.is_unique),
        ("indexed", actual.is_indexed, wanted.is_indexed),
    ):
        if has != should:
            parts.append(f"is not {word}" if should else f"is {word}, but should not be")
    if parts:
        yield Difference(f"{place} {' and '.join(parts)}.", place, "attribute")


def is_same_type(actual: Type, wanted: Type) -> bool:
    """Instant keeps no difference between ``json`` and ``any``."""
    untyped = JsonType | AnyType
    return actual == wanted or (isinstance(actual, untyped) and isinstance(wanted, untyped))


def _type_word(type_: Type) -> str:
    return _TYPE_WORDS.get(type(type_), type(type_).__name__.removesuffix("Type").lower())


def _links(actual: Schema, wanted: Schema) -> Iterator[Difference]:
    live = {link_key(link): link for link in actual.links if not link.is_system}
    due = {link_key(link): link for link in wanted.links if not link.is_system}
    known = {each.name for each in wanted.entities}
    for key, link in due.items():
        if key not in live:
            yield Difference(f"The link {_words(link)} is missing.", _place(link), "link")
        else:
            yield from _link(live[key], link)
    for key, link in live.items():
        if key not in due and {link.forward.entity, link.reverse.entity} <= known:
            yield Difference(f"The link {_words(link)} is not in the template.", _place(link), "link")


def _place(link: Link) -> str:
    return f"link {link.forward.entity}.{link.forward.label}"


def _words(link: Link) -> str:
    return f"{link.forward.entity}.{link.forward.label} ↔ {link.reverse.entity}.{link.reverse.label}"


def _link(actual: Link, wanted: Link) -> Iterator[Difference]:
    parts = [*_end(actual.forward, wanted.forward), *_end(actual.reverse, wanted.reverse)]
    if parts:
        yield Difference(f"The link {_words(wanted)}: {', '.join(parts)}.", _place(wanted), "link")


def _end(actual: LinkEnd, wanted: LinkEnd) -> Iterator[str]:
    name = f"{wanted.entity}.{wanted.label}"
    if actual.has != wanted.has:
        yield f"{name} leads to {actual.has} instead of {wanted.has}"
    if actual.is_required != wanted.is_required:
        yield f"{name} is {'not ' if wanted.is_required else ''}required"
    if actual.on_delete != wanted.on_delete:
        yield f"{name} has on delete {actual.on_delete or 'nothing'} instead of {wanted.on_delete or 'nothing'}"
