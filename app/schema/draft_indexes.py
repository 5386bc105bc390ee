"""Edits of indexes: each takes a draft and gives the next one."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from .draft_edits import with_attributes
from .draft_names import origin_of, refuse, shown, wanted_entity
from .matching import Renames
from .model import Entity, Index

if TYPE_CHECKING:
    from .draft import Draft


def add_index(draft: Draft, entity: str, index: Index) -> Draft:
    found = wanted_entity(draft, entity)
    _ensure_free(found, index.name)
    return with_attributes(draft, found, found.attributes, (*found.indexes, index))


def drop_index(draft: Draft, entity: str, name: str) -> Draft:
    found = wanted_entity(draft, entity)
    index = _index(found, name)
    changed = with_attributes(draft, found, found.attributes, _replaced(found, index, None))
    return replace(changed, renames=_renamed(draft, entity, name, None))


def change_index(draft: Draft, entity: str, name: str, new: Index) -> Draft:
    found = wanted_entity(draft, entity)
    index = _index(found, name)
    if new.name == name:
        return with_attributes(draft, found, found.attributes, _replaced(found, index, new))
    _ensure_free(found, new.name)
    changed = with_attributes(draft, found, found.attributes, _replaced(found, index, new))
    return replace(changed, renames=_renamed(draft, entity, name, new.name))


def _index(entity: Entity, name: str) -> Index:
    found = next((each for each in entity.indexes if each.name == name), None)
    if found is None:
        remedy = "It may have been removed or renamed meanwhile."
        refuse(f"{shown(entity.name)} has no index {shown(name)}.", remedy=remedy)
    return found


def _ensure_free(entity: Entity, name: str) -> None:
    if not name.strip():
        refuse(f"An index of {shown(entity.name)} needs a name.", field="name", remedy="Enter one.")
    if any(each.name == name for each in entity.indexes):
        refuse(f"{shown(entity.name)} has an index {shown(name)} already.", field="name")


def _replaced(entity: Entity, before: Index, after: Index | None) -> tuple[Index, ...]:
    found = (after if each is before else each for each in entity.indexes)
    return tuple(each for each in found if each is not None)


def _renamed(draft: Draft, entity: str, name: str, new: str | None) -> Renames:
    """The renames when a wanted index gets another name; None: when it goes."""
    base = origin_of(draft, entity)
    if base is None:
        return draft.renames
    own = {now: old for holder, old, now in draft.renames.indexes if holder == base.name}
    was = own.get(name, name)
    if all(each.name != was for each in base.indexes) or (name not in own and name in own.values()):
        return draft.renames
    kept = tuple(each for each in draft.renames.indexes if each[:2] != (base.name, was))
    added = () if new is None or new == was else ((base.name, was, new),)
    return replace(draft.renames, indexes=(*kept, *added))
