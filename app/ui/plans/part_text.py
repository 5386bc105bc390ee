"""A part of a schema in a few words, for tables that set schemas beside each other; no Qt in here."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from app.core.text import plain
from app.core.words import counted
from app.schema.model import Attribute, Entity, Link, LinkEnd, Schema
from app.schema.operations import (
    AddAttribute,
    AddEntity,
    AddIndex,
    AddLink,
    DropAttribute,
    DropEntity,
    DropIndex,
    DropLink,
    Operation,
    RenameAttribute,
    RenameEntity,
    RenameIndex,
    RenameLink,
)
from app.ui.schema.type_names import type_name

from .plan_text import parted

if TYPE_CHECKING:
    from app.schema.compare import Plan

ABSENT = "—"
AS_BEFORE = "as before"


def part_text(schema: Schema, place: str) -> str:
    """``place`` as steps name it: an entity, or ``entity.attribute``, or the forward end of a link."""
    whole = schema.entity(place)
    if whole is not None:
        return entity_text(whole)
    name, part = parted(place, schema)
    entity = schema.entity(name)
    attribute = entity.attribute(part) if entity is not None else None
    if attribute is not None:
        return attribute_text(attribute)
    link = next((each for each in schema.links if _is_at(each, name, part)), None)
    return link_text(link) if link is not None else ABSENT


def entity_text(entity: Entity) -> str:
    return f"entity, {counted(len(entity.attributes), 'attribute')}"


def attribute_text(attribute: Attribute) -> str:
    """ "string, required, unique"."""
    flags = (
        ("required", attribute.is_required),
        ("unique", attribute.is_unique),
        ("indexed", attribute.is_indexed),
    )
    return ", ".join([plain(type_name(attribute.type), 60), *(word for word, is_on in flags if is_on)])


def link_text(link: Link) -> str:
    """ "one $users, back: many todos, cascade"."""
    forward, reverse = link.forward, link.reverse
    text = f"{forward.has} {plain(reverse.entity, 60)}, back: {reverse.has} {plain(reverse.label, 60)}"
    return ", ".join([text, *_rules(forward), *_rules(reverse)])


def _rules(end: LinkEnd) -> Iterable[str]:
    if end.is_required:
        yield "required"
    if end.on_delete:
        yield f"on delete {end.on_delete}"


def _is_at(link: Link, entity: str, label: str) -> bool:
    return (link.forward.entity, link.forward.label) == (entity, label)


def steps_by_place(plan: Plan) -> dict[str, list[Operation]]:
    """In the plan's order."""
    found: dict[str, list[Operation]] = {}
    for step in plan.steps:
        found.setdefault(step.place, []).append(step)
    return found


def old_place(steps: Iterable[Operation], place: str) -> str:
    """Where a part was before it was renamed."""
    for step in steps:
        match step:
            case RenameEntity():
                return step.old
            case RenameAttribute():
                return f"{step.entity}.{step.old}"
            case RenameLink():
                return f"{step.before.forward.entity}.{step.before.forward.label}"
    return place


def side_text(steps: Iterable[Operation], schema: Schema, place: str) -> str:
    """What one side made of a place: its new text, "removed", "renamed: … → …", or "as before"."""
    text = AS_BEFORE
    for step in steps:
        match step:
            case DropEntity() | DropAttribute() | DropLink() | DropIndex():
                text = "removed"
            case RenameEntity() | RenameAttribute() | RenameIndex():
                text = f"renamed: {plain(step.old, 80)} → {plain(step.new, 80)}"
            case RenameLink():
                text = f"renamed: {plain(step.before.forward.label, 80)} → {plain(step.after.forward.label, 80)}"
            case AddEntity() | AddAttribute() | AddLink() | AddIndex():
                text = f"new: {part_text(schema, place)}"
            case _:
                text = part_text(schema, place)
    return text
