"""What the diagram of a draft shows: the wanted schema, what is removed from it, and a word for each staged part.

No Qt; computed beside the UI thread.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from app.core.text import plain
from app.core.words import counted
from app.schema.draft import Draft
from app.schema.layout import Diagram, Measure, Notes, layout
from app.schema.model import Entity, Link, LinkKey, Schema, link_key
from app.ui.schema.entity_marks import entity_marks

NEW, CHANGED, RENAMED, REMOVED = "new", "changed", "renamed", "removed"


@dataclass(frozen=True, slots=True)
class Picture:
    """A laid out draft. ``draft`` is the one it shows."""

    draft: Draft
    schema: Schema
    notes: Notes
    diagram: Diagram


def picture_of(draft: Draft, measure: Measure, previous: Picture | None = None) -> Picture:
    """Lay the draft out; with ``previous``, what stays keeps its place."""
    schema, notes = shown_schema(draft)
    if previous is not None and _is_same(schema, previous.schema) and notes == previous.notes:
        return Picture(draft, previous.schema, notes, previous.diagram)
    diagram = layout(
        schema,
        measure,
        notes=notes,
        previous=None if previous is None else previous.diagram,
        names={} if previous is None else _names(previous.draft, draft),
    )
    return Picture(draft, schema, notes, diagram)


def _is_same(one: Schema, other: Schema) -> bool:
    return one is other or (one.entities == other.entities and one.links == other.links)


def shown_schema(draft: Draft) -> tuple[Schema, Notes]:
    """The wanted schema with the removed parts still in it, and a word for each part that is not as it was."""
    before = {each.name: each for each in draft.base.entities}
    old_names = {new: old for old, new in draft.renames.entities}
    attribute_names = {(entity, new): old for entity, old, new in draft.renames.attributes}
    attributes: dict[tuple[str, str], str] = {}
    entities = []
    for each in draft.wanted.entities:
        base = before.get(old_names.get(each.name, each.name))
        entities.append(
            each if base is None or base is each else _with_removed(each, base, attribute_names, attributes)
        )
    marks = {name: mark.kind for name, mark in entity_marks(draft).items()}
    names = {each.name for each in entities}
    gone = [before[name] for name, kind in marks.items() if kind == REMOVED and name not in names]
    links, notes = _links(draft)
    return Schema((*entities, *gone), links), Notes(dict(marks), attributes, notes)


def _with_removed(
    entity: Entity, base: Entity, renamed: dict[tuple[str, str], str], notes: dict[tuple[str, str], str]
) -> Entity:
    """The entity with its removed attributes at the end; ``notes`` takes a word for each that is not as it was."""
    before = {each.name: each for each in base.attributes}
    for each in entity.attributes:
        old = renamed.get((base.name, each.name), each.name)
        was = before.pop(old, None)
        if was is None:
            notes[(entity.name, each.name)] = NEW
        elif old != each.name:
            notes[(entity.name, each.name)] = RENAMED
        elif was is not each and was != each:
            notes[(entity.name, each.name)] = CHANGED
    taken = {each.name for each in entity.attributes}
    gone = tuple(each for name, each in before.items() if name not in taken)
    for each in gone:
        notes[(entity.name, each.name)] = REMOVED
    return replace(entity, attributes=(*entity.attributes, *gone)) if gone else entity


def _links(draft: Draft) -> tuple[tuple[Link, ...], dict[LinkKey, str]]:
    if draft.wanted.links is draft.base.links:
        return draft.wanted.links, {}
    entity = dict(draft.renames.entities)
    label = dict(draft.renames.links)
    before: dict[tuple[str, str], Link] = {}
    for link in draft.base.links:
        end = (link.forward.entity, link.forward.label)
        before[label.get(end, (entity.get(end[0], end[0]), end[1]))] = link
    notes: dict[LinkKey, str] = {}
    for link in draft.wanted.links:
        was = before.pop((link.forward.entity, link.forward.label), None)
        if was is None:
            notes[link_key(link)] = NEW
        elif was is not link and was != link:
            is_renamed = (was.forward.label, was.reverse.label) != (link.forward.label, link.reverse.label)
            if is_renamed or _moved(was, entity) != _moved(link, {}):
                notes[link_key(link)] = RENAMED if is_renamed else CHANGED
    gone = [_renamed(link, entity) for link in before.values()]
    wanted = {link_key(link) for link in draft.wanted.links}
    gone = [link for link in gone if link_key(link) not in wanted]
    notes |= {link_key(link): REMOVED for link in gone}
    return (*draft.wanted.links, *gone), notes


def _moved(link: Link, entity: dict[str, str]) -> Link:
    """The link with today's names of its entities; its own name is derived from them, so it does not count."""
    return replace(_renamed(link, entity), name="")


def _renamed(link: Link, entity: dict[str, str]) -> Link:
    one, other = link.forward, link.reverse
    return replace(
        link,
        forward=replace(one, entity=entity.get(one.entity, one.entity)),
        reverse=replace(other, entity=entity.get(other.entity, other.entity)),
    )


def _names(before: Draft, after: Draft) -> dict[str, str]:
    """Name in the draft shown before → name now, for entities that another name was given in between."""
    origin = {new: old for old, new in before.renames.entities}
    now = dict(after.renames.entities)
    known = {each.name for each in after.wanted.entities}
    names = {}
    for each in before.wanted.entities:
        old = origin.get(each.name, each.name)
        name = now.get(old, old)
        if name != each.name and each.name not in known and name in known:
            names[each.name] = name
    return names


def sentence(picture: Picture) -> str:
    """What there is to see, for those who do not see it."""
    entities, links = len(picture.diagram.boxes), len(picture.diagram.edges)
    staged = sum(bool(box.note) for box in picture.diagram.boxes)
    more = f", {staged:,} of them with staged changes" if staged else ""
    return f"Diagram: {counted(entities, 'entity', 'entities')}{more}, {counted(links, 'link', 'links')}"


def entity_sentence(picture: Picture, name: str) -> str:
    """One box in words: its attributes in number, and where its links lead."""
    box = picture.diagram.box(name)
    if box is None:
        return ""
    near = _neighbours(picture.schema.links, name)
    leads = f", linked with {', '.join(plain(each, 60) for each in near[:6])}" if near else ", no links"
    note = f" ({box.note})" if box.note else ""
    count = counted(len(box.rows) + box.hidden, "attribute", "attributes")
    return f"{plain(name, 80)}{note}: {count}{leads}"


def _neighbours(links: Iterable[Link], name: str) -> list[str]:
    found = {link.reverse.entity for link in links if link.forward.entity == name}
    return sorted(found | {link.forward.entity for link in links if link.reverse.entity == name})
