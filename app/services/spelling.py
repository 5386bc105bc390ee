"""Expressions as a database gives them back: it keeps their meaning and writes them in its own way. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TypeVar

from app.schema.draft import Draft
from app.schema.model import Attribute, Entity, Extra, Index, Schema

_CHECK = "check "
_OF_ATTRIBUTE = frozenset({"generated"})
_OF_INDEX = frozenset({"expressions", "where"})
Part = TypeVar("Part", Attribute, Index)


def spelled(pushed: Draft, live: Schema, *, is_smooth: bool) -> Draft:
    """``pushed`` with the expressions that it changed (defaults, checks, conditions, keys of indexes) as ``live`` has
    them.

    Where something failed (not ``is_smooth``), one that is live as it was before is taken for one that did not get
    there. Comments are no expressions: they come back as they were sent.
    """
    before = {each.name: each for each in pushed.base.entities}
    was = {new: old for old, new in pushed.renames.entities}
    now = {each.name: each for each in live.entities}
    entities = tuple(
        _entity(each, before.get(was.get(each.name, each.name)), now[each.name], pushed, is_smooth)
        if each.name in now and not each.is_system
        else each
        for each in pushed.wanted.entities
    )
    if all(one is other for one, other in zip(entities, pushed.wanted.entities, strict=True)):
        return pushed
    return replace(pushed, wanted=replace(pushed.wanted, entities=entities))


def _entity(wanted: Entity, base: Entity | None, live: Entity, pushed: Draft, is_smooth: bool) -> Entity:
    if wanted is base or wanted == live:
        return wanted
    old = base.name if base is not None else ""
    attribute_was = {new: name for entity, name, new in pushed.renames.attributes if entity == old}
    index_was = {new: name for entity, name, new in pushed.renames.indexes if entity == old}
    known = {each.name: each for each in base.attributes} if base is not None else {}
    keys = {each.name: each for each in base.indexes} if base is not None else {}
    there = {each.name: each for each in live.attributes}
    indexes = {each.name: each for each in live.indexes}
    attributes = tuple(
        _attribute(each, known.get(attribute_was.get(each.name, each.name)), there.get(each.name), is_smooth)
        for each in wanted.attributes
    )
    made = tuple(
        _index(each, keys.get(index_was.get(each.name, each.name)), indexes.get(each.name), is_smooth)
        for each in wanted.indexes
    )
    checks = {name for name, _ in wanted.extra if name.startswith(_CHECK)}
    extra = _extra(wanted.extra, base.extra if base is not None else (), live.extra, checks, is_smooth)
    if (attributes, made, extra) == (wanted.attributes, wanted.indexes, wanted.extra):
        return wanted
    return replace(wanted, attributes=attributes, indexes=made, extra=extra)


def _attribute(wanted: Attribute, base: Attribute | None, live: Attribute | None, is_smooth: bool) -> Attribute:
    if live is None or wanted == live:
        return wanted
    default = wanted.default
    if default is not None and live.default is not None:
        was = base.default if base is not None else None
        default = _text(default, was, live.default, is_smooth)
    extra = _extra(wanted.extra, base.extra if base is not None else (), live.extra, _OF_ATTRIBUTE, is_smooth)
    return (
        wanted if (default, extra) == (wanted.default, wanted.extra) else replace(wanted, default=default, extra=extra)
    )


def _index(wanted: Index, base: Index | None, live: Index | None, is_smooth: bool) -> Index:
    if live is None or wanted == live or wanted.kind != live.kind:
        return wanted
    extra = _extra(wanted.extra, base.extra if base is not None else (), live.extra, _OF_INDEX, is_smooth)
    return wanted if extra == wanted.extra else replace(wanted, extra=extra)


def _extra(wanted: Extra, base: Extra, live: Extra, names: frozenset[str] | set[str], is_smooth: bool) -> Extra:
    was: Mapping[str, str] = dict(base)
    now: Mapping[str, str] = dict(live)
    return tuple(
        (name, _text(text, was.get(name), now[name], is_smooth)) if name in names and name in now else (name, text)
        for name, text in wanted
    )


def _text(wanted: str, was: str | None, live: str, is_smooth: bool) -> str:
    """What was not changed here is another's where it differs."""
    is_ours = wanted != was and (is_smooth or live != was)
    return live if is_ours else wanted
