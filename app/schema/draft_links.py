"""Edits of links: each takes a draft and gives the next one."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from .draft_names import labels_of, link_renamed, refuse, shown, wanted_entity, wanted_link
from .model import Link, LinkEnd, LinkKey, Schema, link_key

if TYPE_CHECKING:
    from .draft import Draft


def add_link(draft: Draft, link: Link) -> Draft:
    ensure_fits(draft, link, draft.wanted)
    return replace(draft, wanted=Schema(draft.wanted.entities, (*draft.wanted.links, link)))


def drop_link(draft: Draft, key: LinkKey) -> Draft:
    found = wanted_link(draft, key)
    _ensure_ours(found)
    renames = link_renamed(draft, found, None)
    return replace(draft, wanted=_without(draft.wanted, found), renames=renames)


def change_link(draft: Draft, key: LinkKey, new_link: Link) -> Draft:
    found = wanted_link(draft, key)
    new_link = _with_one_name(found, new_link)
    if new_link == found:
        return draft
    _ensure_ours(found)
    if link_key(new_link) != key:
        ensure_fits(draft, new_link, _without(draft.wanted, found))
    stays = (key[0], key[2]) == (new_link.forward.entity, new_link.reverse.entity)
    renames = link_renamed(draft, found, new_link if stays else None)
    links = tuple(new_link if each is found else each for each in draft.wanted.links)
    return replace(draft, wanted=Schema(draft.wanted.entities, links), renames=renames)


def ensure_fits(draft: Draft, link: Link, others: Schema) -> None:
    """Raises Invalid where an end has no entity or no label, or a label that is taken.

    A link over columns has a name at its forward end only, and that stands apart from those of attributes.
    """
    for end in (link.forward, link.reverse):
        if link.columns and end is link.reverse and not end.label:
            wanted_entity(draft, end.entity)
        else:
            _ensure_label(draft, end, others, is_apart=bool(link.columns))
    if (link.forward.entity, link.forward.label) == (link.reverse.entity, link.reverse.label):
        entity, label = shown(link.forward.entity), shown(link.forward.label)
        refuse(f"Both ends of the link are called {label} at {entity}.", field="label")


def _ensure_label(draft: Draft, end: LinkEnd, others: Schema, *, is_apart: bool = False) -> None:
    entity = wanted_entity(draft, end.entity)
    name, label = shown(end.entity), shown(end.label)
    if not end.label.strip():
        refuse(f"A link of {name} needs a label at this end.", field="label", remedy="Enter one.")
    if entity.attribute(end.label) is not None and not is_apart:
        refuse(f"{name} has an attribute {label} already.", field="label")
    if end.label in labels_of(others, end.entity, is_over_columns=is_apart):
        refuse(f"{name} has a link {label} already.", field="label")


def _with_one_name(before: Link, after: Link) -> Link:
    """A link over columns has one name, its label, whichever of the two was changed."""
    if not after.columns or after.name == after.forward.label:
        return after
    name = after.name if after.name != before.name else after.forward.label
    return replace(after, name=name, forward=replace(after.forward, label=name))


def _ensure_ours(link: Link) -> None:
    if link.is_system:
        place = f"{shown(link.forward.entity)}.{shown(link.forward.label)}"
        refuse(f"The link {place} comes with the platform.", field="label", remedy="It can be read, not changed.")


def _without(schema: Schema, link: Link) -> Schema:
    return Schema(schema.entities, tuple(each for each in schema.links if each is not link))
