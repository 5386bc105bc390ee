"""Edits of entities and attributes: each takes a draft and gives the next one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from .columns import checks_over, entity_after, has_column, indexes_for, link_after_rename, names_column
from .draft_names import (
    at_entities,
    attribute_renamed,
    entity_dropped,
    entity_renamed,
    labels_of,
    link_renamed,
    refuse,
    shown,
    wanted_attribute,
    wanted_entity,
    with_entity,
)
from .model import Attribute, Entity, Extra, Index, Link, Schema
from .references import may_refer, referenced, with_renamed

if TYPE_CHECKING:
    from .draft import Draft

_KEEP = "It can be read, not changed."


def add_entity(
    draft: Draft, name: str, attributes: tuple[Attribute, ...], indexes: tuple[Index, ...] = (), extra: Extra = ()
) -> Draft:
    ensure_free_entity(draft, name)
    seen: set[str] = set()
    for each in attributes:
        _ensure_name(each.name, f"An attribute of {shown(name)}")
        if each.name in seen:
            refuse(f"{shown(name)} would have two attributes {shown(each.name)}.", field="name")
        seen.add(each.name)
    return _with_new(draft, Entity(name, attributes, indexes, extra=extra))


def drop_entity(draft: Draft, name: str) -> Draft:
    _ensure_ours(wanted_entity(draft, name))
    links = tuple(each for each in draft.wanted.links if name not in (each.forward.entity, each.reverse.entity))
    links = links if len(links) < len(draft.wanted.links) else draft.wanted.links
    entities = with_entity(draft.wanted, name, None).entities
    return replace(draft, wanted=Schema(entities, links), renames=entity_dropped(draft, name))


def duplicate_entity(draft: Draft, name: str, new_name: str) -> Draft:
    found = wanted_entity(draft, name)
    ensure_free_entity(draft, new_name)
    attributes = tuple(replace(each, is_system=False) if each.is_system else each for each in found.attributes)
    indexes = indexes_for(new_name, name, found.indexes, index_names(draft.wanted))
    copy = replace(found, name=new_name, attributes=attributes, indexes=indexes, is_system=False)
    entities = draft.wanted.entities
    at = entities.index(found) + 1
    return replace(draft, wanted=Schema((*entities[:at], copy, *entities[at:]), draft.wanted.links))


def rename_entity(draft: Draft, old: str, new: str) -> Draft:
    found = wanted_entity(draft, old)
    if old == new:
        return draft
    _ensure_ours(found)
    ensure_free_entity(draft, new)
    renames = entity_renamed(draft, old, new)
    entities = tuple(
        _referring(replace(each, name=new) if each is found else each, old, new) for each in draft.wanted.entities
    )
    links = tuple(_moved(each, old, new) for each in draft.wanted.links)
    return replace(draft, wanted=Schema(entities, links), renames=renames)


def add_attribute(draft: Draft, entity: str, attribute: Attribute) -> Draft:
    found = wanted_entity(draft, entity)
    ensure_free_attribute(draft, found, attribute.name)
    return with_attributes(draft, found, (*found.attributes, attribute))


def drop_attribute(draft: Draft, entity: str, name: str) -> Draft:
    """Indexes, links and checks over it go with it: without one of its attributes each would be another one."""
    found = wanted_entity(draft, entity)
    attribute = wanted_attribute(found, name)
    _ensure_own(found, attribute)
    renames = attribute_renamed(draft, entity, name, None)
    kept = Entity(
        found.name,
        tuple(each for each in found.attributes if each is not attribute),
        tuple(each for each in found.indexes if not names_column(each, name)),
        found.is_system,
        without(found.extra, checks_over(found.extra, name)),
    )
    wanted = with_entity(draft.wanted, entity, kept)
    gone = [each for each in wanted.links if has_column(each, entity, name)]
    draft = replace(draft, wanted=wanted, renames=renames)
    for link in gone:
        draft = replace(draft, renames=link_renamed(draft, link, None))
    links = tuple(each for each in wanted.links if each not in gone) if gone else wanted.links
    return replace(draft, wanted=Schema(wanted.entities, links))


def rename_attribute(draft: Draft, entity: str, old: str, new: str) -> Draft:
    found = wanted_entity(draft, entity)
    attribute = wanted_attribute(found, old)
    if old == new:
        return draft
    _ensure_own(found, attribute)
    ensure_free_attribute(draft, found, new)
    renames = attribute_renamed(draft, entity, old, new)
    attributes = _replaced(found.attributes, attribute, replace(attribute, name=new))
    names = {old: new}
    wanted = with_entity(draft.wanted, entity, entity_after(replace(found, attributes=attributes), names))
    links = _over(wanted.links, entity, names)
    return replace(draft, wanted=Schema(wanted.entities, links), renames=renames)


def change_attribute(draft: Draft, entity: str, name: str, changes: Mapping[str, Any]) -> Draft:
    fields = dict(changes)
    draft = rename_attribute(draft, entity, name, fields.pop("name", name))
    name = changes.get("name", name)
    found = wanted_entity(draft, entity)
    attribute = wanted_attribute(found, name)
    changed = replace(attribute, **fields)
    if changed == attribute:
        return draft
    _ensure_own(found, attribute)
    return with_attributes(draft, found, _replaced(found.attributes, attribute, changed))


def duplicate_attribute(draft: Draft, entity: str, name: str, new: str) -> Draft:
    found = wanted_entity(draft, entity)
    attribute = wanted_attribute(found, name)
    ensure_free_attribute(draft, found, new)
    at = found.attributes.index(attribute) + 1
    copy = replace(attribute, name=new, is_system=False)
    return with_attributes(draft, found, (*found.attributes[:at], copy, *found.attributes[at:]))


# What edits have in common


def index_names(schema: Schema) -> set[str]:
    return {each.name for entity in schema.entities for each in entity.indexes}


def with_attributes(
    draft: Draft, entity: Entity, attributes: tuple[Attribute, ...], indexes: tuple[Index, ...] | None = None
) -> Draft:
    changed = replace(entity, attributes=attributes, indexes=entity.indexes if indexes is None else indexes)
    return replace(draft, wanted=with_entity(draft.wanted, entity.name, changed))


def ensure_free_entity(draft: Draft, name: str) -> None:
    _ensure_name(name, "An entity")
    if draft.wanted.entity(name) is not None:
        refuse(f"There is an entity {shown(name)} already.", field="name")


def ensure_free_attribute(draft: Draft, entity: Entity, name: str) -> None:
    _ensure_name(name, f"An attribute of {shown(entity.name)}")
    if entity.attribute(name) is not None:
        refuse(f"{shown(entity.name)} has an attribute {shown(name)} already.", field="name")
    if name in labels_of(draft.wanted, entity.name):
        refuse(f"{shown(entity.name)} has a link {shown(name)} already.", field="name")


def _ensure_name(name: str, what: str) -> None:
    if not name.strip():
        refuse(f"{what} needs a name.", field="name", remedy="Enter one.")


def _ensure_ours(entity: Entity) -> None:
    if entity.is_system:
        refuse(f"{shown(entity.name)} comes with the platform.", field="name", remedy=_KEEP)


def _ensure_own(entity: Entity, attribute: Attribute) -> None:
    if attribute.is_system:
        refuse(f"{shown(entity.name)}.{shown(attribute.name)} comes with the platform.", field="name", remedy=_KEEP)


def _with_new(draft: Draft, entity: Entity) -> Draft:
    return replace(draft, wanted=Schema((*draft.wanted.entities, entity), draft.wanted.links))


def _replaced(attributes: tuple[Attribute, ...], before: Attribute, after: Attribute) -> tuple[Attribute, ...]:
    return tuple(after if each is before else each for each in attributes)


def without(extra: Extra, parts: Extra) -> Extra:
    return tuple(each for each in extra if each not in parts) if parts else extra


def _over(links: tuple[Link, ...], entity: str, names: Mapping[str, str]) -> tuple[Link, ...]:
    """The links over attributes under their new names; the very same tuple where none is."""
    if not any(each.columns for each in links):
        return links
    changed = tuple(link_after_rename(each, entity, names) for each in links)
    return links if all(one is other for one, other in zip(changed, links, strict=True)) else changed


def _referring(entity: Entity, old: str, new: str) -> Entity:
    """The entity with its types naming the other by its new name; the same object where none does."""
    if not any(may_refer(each.type) and old in referenced(each.type) for each in entity.attributes):
        return entity
    names = {old: new}
    return replace(
        entity,
        attributes=tuple(
            each if (kind := with_renamed(each.type, names)) is each.type else replace(each, type=kind)
            for each in entity.attributes
        ),
    )


def _moved(link: Link, old: str, new: str) -> Link:
    forward, reverse = link.forward.entity, link.reverse.entity
    if old not in (forward, reverse):
        return link
    return at_entities(link, new if forward == old else forward, new if reverse == old else reverse)
