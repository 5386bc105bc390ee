"""What the edits did to the indexes of one entity."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from app.core.text import plain
from app.schema.draft import Mark

from .extras import extra_of

if TYPE_CHECKING:
    from app.schema.draft import Draft
    from app.schema.model import Entity, Index


def index_marks(draft: Draft, entity: Entity) -> dict[str, Mark]:
    """By name, of those that are not as before."""
    base = base_of(draft, entity.name)
    if base is entity:
        return {}
    if base is None:
        return {each.name: Mark("new") for each in entity.indexes}
    known = _carried(draft, base)
    found = ((each.name, _mark(known.get(each.name), each)) for each in entity.indexes)
    return {name: mark for name, mark in found if mark is not None}


def removed_indexes(draft: Draft, entity: Entity) -> tuple[Index, ...]:
    """Those of the base that are not wanted any more, as they were; not those that went with all their attributes."""
    base = base_of(draft, entity.name)
    if base is None or base is entity:
        return ()
    standing = {each.name for each in entity.indexes}
    names = {each.name for each in entity.attributes}
    gone = ((name, old, now) for name, (old, now) in _carried(draft, base).items() if name not in standing)
    return tuple(old if old.attributes == now else _over(old, now) for _name, old, now in gone if set(now) <= names)


def _over(index: Index, attributes: tuple[str, ...]) -> Index:
    from dataclasses import replace

    return replace(index, attributes=attributes)


def base_of(draft: Draft, name: str) -> Entity | None:
    """The entity in the base that is called this now."""
    old = next((was for was, now in draft.renames.entities if now == name), name)
    is_taken = old == name and any(was == name for was, _now in draft.renames.entities)
    return None if is_taken else draft.base.entity(old)


def _carried(draft: Draft, base: Entity) -> dict[str, tuple[Index, tuple[str, ...]]]:
    """The indexes of the base by the names that they have now, with their attributes as they are called now."""
    names = {was: now for owner, was, now in draft.renames.indexes if owner == base.name}
    attributes = {was: now for owner, was, now in draft.renames.attributes if owner == base.name}
    return {
        names.get(each.name, each.name): (each, tuple(attributes.get(part, part) for part in each.attributes))
        for each in base.indexes
    }


def _mark(before: tuple[Index, tuple[str, ...]] | None, now: Index) -> Mark | None:
    if before is None:
        return Mark("new")
    was, attributes = before
    words = ", ".join(_words(was, attributes, now))
    if was.name != now.name:
        return Mark("renamed", ", ".join(filter(None, (f"was {plain(was.name, 60)}", words))))
    return Mark("changed", words) if words else None


def _words(was: Index, attributes: tuple[str, ...], now: Index) -> Iterator[str]:
    if attributes != now.attributes or extra_of(was.extra, "expressions") != extra_of(now.extra, "expressions"):
        yield f"was over {', '.join(plain(each, 40) for each in was.attributes)}"
    if was.is_unique != now.is_unique:
        yield "now unique" if now.is_unique else "no longer unique"
    if was.kind != now.kind:
        yield f"was {was.kind}"
    if extra_of(was.extra, "where") != extra_of(now.extra, "where"):
        yield "other rows"
