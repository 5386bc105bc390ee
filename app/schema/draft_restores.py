"""Staged drops taken back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, NoReturn

from app.core.errors import Invalid

from .columns import checks_over, has_column, names_column
from .draft_edits import ensure_free_attribute, ensure_free_entity, with_attributes
from .draft_links import ensure_fits
from .draft_names import attribute_origin, carried, new_name, origin_of, refuse, shown, wanted_entity, with_entity
from .model import Attribute, Entity, Link, LinkKey, Schema, link_key
from .references import with_renamed

if TYPE_CHECKING:
    from .draft import Draft


def restore_entity(draft: Draft, name: str) -> Draft:
    base = draft.base.entity(name)
    if base is None or new_name(draft, name) != name:
        _refuse(name)
    ensure_free_entity(draft, name)
    entities = draft.wanted.entities
    order = [new_name(draft, each.name) for each in draft.base.entities]
    at = _place(order, name, [each.name for each in entities])
    back = _under(base, dict(draft.renames.entities))
    draft = replace(draft, wanted=Schema((*entities[:at], back, *entities[at:]), draft.wanted.links))
    for link in draft.base.links:
        if name in (link.forward.entity, link.reverse.entity):
            draft = _with_link_if_free(draft, link)
    return draft


def restore_attribute(draft: Draft, entity: str, name: str) -> Draft:
    """Indexes and links that went with it come back once all of their attributes are there, and so do its checks."""
    found, base = wanted_entity(draft, entity), origin_of(draft, entity)
    attribute = base.attribute(name) if base is not None else None
    if base is None or attribute is None:
        _refuse(f"{entity}.{name}")
    ensure_free_attribute(draft, found, name)
    now = {attribute_origin(draft, base, each.name): each.name for each in found.attributes}
    order = [name if each.name == name else now.get(each.name, "") for each in base.attributes]
    at = _place(order, name, [each.name for each in found.attributes])
    back = _with_names(attribute, dict(draft.renames.entities))
    attributes = (*found.attributes[:at], back, *found.attributes[at:])
    draft = _with_indexes(with_attributes(draft, found, attributes), entity, base, name)
    return _with_links(_with_checks(draft, entity, base, name), base.name, name)


def restore_link(draft: Draft, key: LinkKey) -> Draft:
    """Raises Invalid where one of its entities is gone, or its labels are taken."""
    base = next((each for each in draft.base.links if link_key(each) == key), None)
    if base is None:
        _refuse(f"{key[0]}.{key[1]}")
    link = carried(draft, base)
    _ensure_columns(draft, link)
    ensure_fits(draft, link, draft.wanted)
    return replace(draft, wanted=Schema(draft.wanted.entities, (*draft.wanted.links, link)))


def _ensure_columns(draft: Draft, link: Link) -> None:
    for at, end in enumerate((link.forward, link.reverse)):
        found = draft.wanted.entity(end.entity)
        gone = next((each[at] for each in link.columns if found is None or found.attribute(each[at]) is None), None)
        if gone is not None:
            place = f"{shown(end.entity)}.{shown(gone)}"
            refuse(f"The link {shown(link.name)} is over {place}, which is gone.", remedy="Restore that first.")


def _refuse(place: str) -> NoReturn:
    refuse(f"{shown(place)} was not removed by these edits.", remedy="Add it instead.")


def _with_link_if_free(draft: Draft, link: Link) -> Draft:
    try:
        return restore_link(draft, link_key(link))
    except Invalid:
        # The other end is gone too, or somebody has its label now.
        return draft


def _with_indexes(draft: Draft, entity: str, base: Entity, name: str) -> Draft:
    found = wanted_entity(draft, entity)
    names, taken = {each.name for each in found.attributes}, {each.name for each in found.indexes}
    lost = tuple(
        each
        for each in base.indexes
        if names_column(each, name) and each.name not in taken and names.issuperset(each.attributes)
    )
    return with_attributes(draft, found, found.attributes, (*found.indexes, *lost)) if lost else draft


def _with_checks(draft: Draft, entity: str, base: Entity, name: str) -> Draft:
    found = wanted_entity(draft, entity)
    taken = dict(found.extra)
    lost = tuple(each for each in checks_over(base.extra, name) if each[0] not in taken)
    if not lost:
        return draft
    changed = replace(found, extra=tuple(sorted((*found.extra, *lost))))
    return replace(draft, wanted=with_entity(draft.wanted, entity, changed))


def _with_links(draft: Draft, base: str, name: str) -> Draft:
    for link in draft.base.links:
        if has_column(link, base, name) and link_key(carried(draft, link)) not in map(link_key, draft.wanted.links):
            draft = _with_link_if_free(draft, link)
    return draft


def _with_names(attribute: Attribute, names: dict[str, str]) -> Attribute:
    kind = with_renamed(attribute.type, names)
    return attribute if kind is attribute.type else replace(attribute, type=kind)


def _under(entity: Entity, names: dict[str, str]) -> Entity:
    """The entity with its types under today's names; the same object where they name none of them."""
    attributes = tuple(_with_names(each, names) for each in entity.attributes)
    return entity if attributes == entity.attributes else replace(entity, attributes=attributes)


def _place(order: Sequence[str], name: str, names: list[str]) -> int:
    """Where a restored part stands: after the nearest one that stood before it and is still there.

    ``order`` are the parts of the base under today's names ("" for those that are gone).
    """
    before = list(order[: list(order).index(name)])
    return next((names.index(each) + 1 for each in reversed(before) if each in names), 0)
