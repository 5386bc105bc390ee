"""What a draft does to whole entities, at a glance: unchanged parts are the same objects, so little is compared."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from app.schema.draft import Draft
from app.schema.draft_names import carried


@dataclass(frozen=True, slots=True)
class EntityMark:
    """``note`` says more about the kind: the old name, for one."""

    kind: Literal["new", "changed", "renamed", "removed"]
    note: str = ""


def entity_marks(draft: Draft) -> dict[str, EntityMark]:
    """By name in the wanted schema (removed ones: in the base); entities without a change are left out."""
    base = {each.name: each for each in draft.base.entities}
    old_names = {new: old for old, new in draft.renames.entities}
    marks: dict[str, EntityMark] = {}
    for each in draft.wanted.entities:
        old = old_names.get(each.name, each.name)
        before = base.pop(old, None)
        if before is each:
            continue
        if before is None:
            marks[each.name] = EntityMark("new")
        elif old != each.name:
            marks[each.name] = EntityMark("renamed", f"was {old}")
        elif before != each:
            marks[each.name] = EntityMark("changed")
    standing = {each.name for each in draft.wanted.entities} if draft.base.links is not draft.wanted.links else set()
    for name in _linked(draft) & standing:
        marks.setdefault(name, EntityMark("changed"))
    marks.update({name: EntityMark("removed") for name in base})
    return marks


def _linked(draft: Draft) -> set[str]:
    """Entities whose links are others than before; a link that only follows a renamed entity is the same."""
    if draft.base.links is draft.wanted.links:
        return set()
    before = {id(each): each for each in draft.base.links}
    after = {id(each): each for each in draft.wanted.links}
    gone = {carried(draft, each) for key, each in before.items() if key not in after}
    come = {each for key, each in after.items() if key not in before}
    return {end.entity for link in gone ^ come for end in (link.forward, link.reverse)}
