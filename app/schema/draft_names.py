"""Which part of the base a part of the wanted schema is, and the bookkeeping of renames that keeps it so."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, NoReturn

from app.core.errors import FieldError, Invalid
from app.core.text import plain

from .columns import link_after
from .compare import Renames
from .model import Attribute, Entity, Link, LinkEnd, LinkKey, Schema, link_key

if TYPE_CHECKING:
    from .draft import Draft


def refuse(sentence: str, *, field: str = "", remedy: str = "Choose another name.") -> NoReturn:
    """Raises Invalid; ``field`` is the cell that is to blame, "" for none."""
    raise Invalid(sentence, fields=(FieldError(field, f"{sentence} {remedy}"),) if field else (), remedy=remedy)


def shown(name: str) -> str:
    return plain(name, 60)


def wanted_entity(draft: Draft, name: str) -> Entity:
    found = draft.wanted.entity(name)
    if found is None:
        refuse(f"There is no entity {shown(name)}.", remedy="It may have been removed or renamed meanwhile.")
    return found


def wanted_attribute(entity: Entity, name: str) -> Attribute:
    found = entity.attribute(name)
    if found is None:
        remedy = "It may have been removed or renamed meanwhile."
        refuse(f"{shown(entity.name)} has no attribute {shown(name)}.", remedy=remedy)
    return found


def with_entity(schema: Schema, name: str, entity: Entity | None) -> Schema:
    """``entity`` in the place of the one named so; without it for None."""
    entities = [entity if each.name == name else each for each in schema.entities]
    return Schema(tuple(each for each in entities if each is not None), schema.links)


def origin_of(draft: Draft, name: str) -> Entity | None:
    """The entity of the base that is now called ``name``; None for one that is new."""
    old = old_name(draft, name)
    return None if old is None else draft.base.entity(old)


def old_name(draft: Draft, name: str) -> str | None:
    """As ``origin_of``, by name; the name need not be in the base."""
    for old, new in draft.renames.entities:
        if new == name:
            return old
    return None if any(old == name for old, _new in draft.renames.entities) else name


def new_name(draft: Draft, old: str) -> str:
    """What the base's entity is called in the wanted schema, if it is there."""
    return next((new for was, new in draft.renames.entities if was == old), old)


def attribute_origin(draft: Draft, base: Entity | None, name: str) -> str | None:
    """The name in the base of the attribute that is now called ``name``; None for one that is new."""
    if base is None:
        return None
    renames = {new: old for entity, old, new in draft.renames.attributes if entity == base.name}
    if name in renames:
        return renames[name]
    return name if name not in renames.values() and base.attribute(name) is not None else None


# Renames after an edit


def entity_renamed(draft: Draft, old: str, new: str) -> Renames:
    """The renames when the wanted entity ``old`` becomes ``new``."""
    base = origin_of(draft, old)
    renames = draft.renames
    links = tuple((before, (new if after[0] == old else after[0], after[1])) for before, after in renames.links)
    if base is None:
        return replace(renames, links=links)
    kept = tuple(each for each in renames.entities if each[0] != base.name)
    added = () if base.name == new else ((base.name, new),)
    return replace(renames, entities=(*kept, *added), links=links)


def entity_dropped(draft: Draft, name: str) -> Renames:
    renames, base = draft.renames, origin_of(draft, name)
    links = tuple(each for each in renames.links if each[1][0] != name)
    if base is None:
        return replace(renames, links=links)
    return Renames(
        tuple(each for each in renames.entities if each[0] != base.name),
        tuple(each for each in renames.attributes if each[0] != base.name),
        links,
        tuple(each for each in renames.indexes if each[0] != base.name),
    )


def attribute_renamed(draft: Draft, entity: str, old: str, new: str | None) -> Renames:
    """The renames when a wanted attribute gets another name; None: when it goes."""
    base = origin_of(draft, entity)
    was = attribute_origin(draft, base, old)
    if base is None or was is None:
        return draft.renames
    kept = tuple(each for each in draft.renames.attributes if each[:2] != (base.name, was))
    added = () if new is None or new == was else ((base.name, was, new),)
    return replace(draft.renames, attributes=(*kept, *added))


def link_renamed(draft: Draft, link: Link, new: Link | None) -> Renames:
    """The renames when a wanted link becomes ``new`` (between the same entities); None: when it goes."""
    was = link_origin(draft, link)
    if was is None:
        return draft.renames
    end = (was.forward.entity, was.forward.label)
    kept = tuple(each for each in draft.renames.links if each[0] != end)
    if new is None or (new.forward.label, new.reverse.label) == (was.forward.label, was.reverse.label):
        return replace(draft.renames, links=kept)
    return replace(draft.renames, links=(*kept, (end, (new.forward.entity, new.forward.label))))


def link_origin(draft: Draft, link: Link, known: Mapping[LinkKey, Link] | None = None) -> Link | None:
    """The link of the base that ``link`` of the wanted schema is; None for one that is new.

    ``known`` are the base's links by key, if they are at hand: those of one of its entities are enough.
    """
    if known is None:
        known = {link_key(each): each for each in draft.base.links}
    end = (link.forward.entity, link.forward.label)
    for before, after in draft.renames.links:
        if after == end:
            return next((each for key, each in known.items() if key[:2] == before), None)
    forward, reverse = old_name(draft, link.forward.entity), old_name(draft, link.reverse.entity)
    if forward is None or reverse is None:
        return None
    found = known.get((forward, link.forward.label, reverse, link.reverse.label))
    is_away = found is not None and any(before == link_key(found)[:2] for before, _after in draft.renames.links)
    return None if is_away else found


def carried(draft: Draft, link: Link) -> Link:
    """A link of the base with the names that its entities and their attributes have now."""
    forward, reverse = link.forward, link.reverse
    if link.columns and draft.renames.attributes:
        link = link_after(link, _columns_now(draft, forward.entity), _columns_now(draft, reverse.entity))
    names = (new_name(draft, forward.entity), new_name(draft, reverse.entity))
    return at_entities(link, names[0], names[1])


def _columns_now(draft: Draft, base: str) -> dict[str, str]:
    return {old: new for entity, old, new in draft.renames.attributes if entity == base}


def at_entities(link: Link, forward: str, reverse: str) -> Link:
    """The link between other entities. A name that was made of the forward end stays so."""
    if (link.forward.entity, link.reverse.entity) == (forward, reverse):
        return link
    is_derived = link.name == made_name(link.forward) and not link.columns
    moved = replace(link, forward=replace(link.forward, entity=forward), reverse=replace(link.reverse, entity=reverse))
    return replace(moved, name=made_name(moved.forward)) if is_derived else moved


def made_name(end: LinkEnd) -> str:
    """The name that a link has where nobody gave it one: that of its forward end."""
    return f"{end.entity}{end.label[:1].upper()}{end.label[1:]}"


def wanted_link(draft: Draft, key: LinkKey) -> Link:
    found = next((each for each in draft.wanted.links if link_key(each) == key), None)
    if found is None:
        remedy = "It may have been removed or renamed meanwhile."
        refuse(f"There is no link {shown(key[0])}.{shown(key[1])}.", remedy=remedy)
    return found


def labels_of(schema: Schema, entity: str, *, is_over_columns: bool = False) -> set[str]:
    """The labels of all ends that links have at the entity: of those that share their names with attributes, or of
    those over columns, which do not."""
    links = (each for each in schema.links if bool(each.columns) == is_over_columns)
    ends = (end for link in links for end in (link.forward, link.reverse))
    return {end.label for end in ends if end.entity == entity}
