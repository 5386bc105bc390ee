"""What the edits did to the parts of one entity; costs as much as the entity has parts, not the schema."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from .columns import extra_after
from .draft_names import attribute_origin, carried, link_origin, old_name, origin_of, shown
from .model import Attribute, Entity, Link, LinkEnd, LinkKey, link_key
from .references import with_renamed
from .type_names import type_name

if TYPE_CHECKING:
    from .draft import Draft


@dataclass(frozen=True, slots=True)
class Mark:
    """``note`` says more than the kind, in a few words ("was title, now required"); ``before`` is the part in the
    base, None for one that is new."""

    kind: Literal["new", "changed", "renamed", "removed"]
    note: str = ""
    before: Attribute | Link | None = None


@dataclass(frozen=True, slots=True)
class Removed:
    """As they were in the base, in its order."""

    attributes: tuple[Attribute, ...] = ()
    links: tuple[Link, ...] = ()


def marks_of(draft: Draft, name: str) -> dict[str, Mark]:
    entity = draft.wanted.entity(name)
    if entity is None:
        return {}
    marks = dict(_attribute_marks(draft, entity))
    for link, was in _pairs(draft, name):
        mark = _link_mark(draft, link, was)
        if mark is not None:
            marks.update((end.label, mark) for end in _ends(link, name))
    gone = removed_of(draft, name)
    for attribute in gone.attributes:
        marks.setdefault(attribute.name, Mark("removed", before=attribute))
    for link in gone.links:
        for end in _ends(carried(draft, link), name):
            marks.setdefault(end.label, Mark("removed", before=link))
    return marks


def removed_of(draft: Draft, name: str) -> Removed:
    base = origin_of(draft, name)
    if base is None:
        return Removed()
    return Removed(_removed_attributes(draft, base, name), _removed_links(draft, base.name, name))


# Attributes


def _attribute_marks(draft: Draft, entity: Entity) -> Iterator[tuple[str, Mark]]:
    base = origin_of(draft, entity.name)
    if base is entity:
        return
    names = dict(draft.renames.entities)
    columns = {old: new for holder, old, new in draft.renames.attributes if base is not None and holder == base.name}
    known = {each.name: each for each in base.attributes} if base is not None else {}
    for each in entity.attributes:
        old = attribute_origin(draft, base, each.name)
        was = known.get(old) if old is not None else None
        mark = _attribute_mark(was, each, names, columns)
        if mark is not None:
            yield each.name, mark


def _attribute_mark(
    was: Attribute | None, now: Attribute, names: dict[str, str], columns: dict[str, str]
) -> Mark | None:
    if was is None:
        return Mark("new")
    if was is now:
        return None
    words = list(_attribute_words(was, now, names, columns))
    if was.name != now.name:
        return Mark("renamed", ", ".join([f"was {shown(was.name)}", *words]), was)
    return Mark("changed", ", ".join(words), was) if words else None


def _attribute_words(was: Attribute, now: Attribute, names: dict[str, str], columns: dict[str, str]) -> Iterator[str]:
    if with_renamed(was.type, names) != now.type:
        yield f"was {type_name(was.type)}"
    if was.is_required != now.is_required:
        yield "now required" if now.is_required else "now optional"
    if was.is_unique != now.is_unique:
        yield "now unique" if now.is_unique else "no longer unique"
    if was.is_indexed != now.is_indexed:
        yield "now indexed" if now.is_indexed else "no longer indexed"
    if was.default != now.default:
        yield "another default" if now.default is not None else "no default"
    if extra_after(was.extra, columns) != now.extra:
        yield "another setting"


def _removed_attributes(draft: Draft, base: Entity, name: str) -> tuple[Attribute, ...]:
    entity = draft.wanted.entity(name)
    if entity is None or entity is base:
        return base.attributes if entity is None else ()
    kept = {attribute_origin(draft, base, each.name) for each in entity.attributes}
    return tuple(each for each in base.attributes if each.name not in kept)


# Links


def _pairs(draft: Draft, name: str) -> list[tuple[Link, Link | None]]:
    """The entity's wanted links with what each was in the base."""
    links = [each for each in draft.wanted.links if name in (each.forward.entity, each.reverse.entity)]
    if not links:
        return []
    known = _base_links(draft, name)
    return [(each, link_origin(draft, each, known)) for each in links]


def _base_links(draft: Draft, name: str) -> dict[LinkKey, Link]:
    old = old_name(draft, name)
    return {link_key(each): each for each in draft.base.links if old in (each.forward.entity, each.reverse.entity)}


def _link_mark(draft: Draft, link: Link, was: Link | None) -> Mark | None:
    if was is None:
        return Mark("new")
    if was is link:
        return None
    before = carried(draft, was)
    words = [*_end_words(before.forward, link.forward), *_end_words(before.reverse, link.reverse)]
    if before.columns != link.columns:
        words.append("over other attributes")
    if before.extra != link.extra:
        words.append("another setting")
    labels = _renamed_words(before, link)
    if labels:
        return Mark("renamed", ", ".join([*labels, *words]), was)
    return Mark("changed", ", ".join(words), was) if words else None


def _renamed_words(before: Link, after: Link) -> list[str]:
    pairs = ((before.forward, after.forward), (before.reverse, after.reverse))
    return [f"was {shown(old.label)}" for old, new in pairs if old.label != new.label]


def _end_words(before: LinkEnd, after: LinkEnd) -> Iterator[str]:
    label = shown(after.label)
    if before.has != after.has:
        yield f"{label} has {after.has}"
    if before.is_required != after.is_required:
        yield f"{label} is now {'required' if after.is_required else 'optional'}"
    if before.on_delete != after.on_delete:
        yield f"{label} on delete: {after.on_delete or 'keep'}"


def _removed_links(draft: Draft, old: str, name: str) -> tuple[Link, ...]:
    if draft.base.links is draft.wanted.links:
        return ()
    kept = {link_key(was) for _link, was in _pairs(draft, name) if was is not None}
    known = _base_links(draft, name)
    return tuple(each for key, each in known.items() if key not in kept)


def _ends(link: Link, entity: str) -> list[LinkEnd]:
    return [end for end in (link.forward, link.reverse) if end.entity == entity]
