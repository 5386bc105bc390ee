"""What turns a schema into what its template wants; the tenant's own agents stay."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from .draft_names import wanted_entity
from .drift import is_same_type
from .model import Attribute, Entity, Link, LinkEnd, Schema, link_key

if TYPE_CHECKING:
    from .draft import Draft


def brought_up(draft: Draft, wanted: Schema, *, keeps_extras: bool = False) -> Draft:
    """The draft in which nothing departs from ``wanted`` any more (see ``drift.differences``); itself where nothing
    does.

    Attributes and links of the template's entities that the template does not have are dropped, unless
    ``keeps_extras``. Raises Invalid where a name that the template needs is taken by something of the tenant's own.
    """
    if not keeps_extras:
        draft = _without_extra_links(draft, wanted)
        draft = _without_extra_attributes(draft, wanted)
    for entity in wanted.entities:
        draft = _with_entity(draft, entity)
    live = {link_key(each): each for each in draft.wanted.links}
    for link in wanted.links:
        if not link.is_system:
            draft = _with_link(draft, link, live.get(link_key(link)))
    return draft


def _without_extra_links(draft: Draft, wanted: Schema) -> Draft:
    known = {each.name for each in wanted.entities}
    due = {link_key(each) for each in wanted.links}
    for link in draft.wanted.links:
        ends = {link.forward.entity, link.reverse.entity}
        if not link.is_system and ends <= known and link_key(link) not in due:
            draft = draft.drop_link(link_key(link))
    return draft


def _without_extra_attributes(draft: Draft, wanted: Schema) -> Draft:
    for entity in wanted.entities:
        live = draft.wanted.entity(entity.name)
        # What a tenant adds to the platform's own entities is the tenant's.
        if entity.is_system or live is None:
            continue
        for attribute in live.attributes:
            if not attribute.is_system and attribute.name != "id" and entity.attribute(attribute.name) is None:
                draft = draft.drop_attribute(entity.name, attribute.name)
    return draft


def _with_entity(draft: Draft, entity: Entity) -> Draft:
    parts = [each for each in entity.attributes if not each.is_system and each.name != "id"]
    live = draft.wanted.entity(entity.name)
    if live is None and not entity.is_system:
        return draft.add_entity(entity.name, parts)
    known = set(live.attributes) if live is not None else set()
    for each in parts:
        if each not in known:
            draft = _with_attribute(draft, entity.name, each)
    return draft


def _with_attribute(draft: Draft, entity: str, attribute: Attribute) -> Draft:
    live = wanted_entity(draft, entity).attribute(attribute.name)
    if live is None:
        return draft.add_attribute(entity, attribute)
    if live.is_system:
        return draft
    return draft.change_attribute(
        entity,
        attribute.name,
        type=live.type if is_same_type(live.type, attribute.type) else attribute.type,
        is_required=attribute.is_required,
        is_unique=attribute.is_unique,
        is_indexed=attribute.is_indexed,
    )


def _with_link(draft: Draft, link: Link, live: Link | None) -> Draft:
    if live is None:
        return draft.add_link(link)
    if live.is_system:
        return draft
    changed = replace(live, forward=_as(live.forward, link.forward), reverse=_as(live.reverse, link.reverse))
    return draft.change_link(link_key(live), changed)


def _as(live: LinkEnd, wanted: LinkEnd) -> LinkEnd:
    return replace(live, has=wanted.has, is_required=wanted.is_required, on_delete=wanted.on_delete)
