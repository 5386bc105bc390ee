"""Which part of one schema is which part of another: by name, and by the renames that the operator made."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TypeVar

from .model import Attribute, Entity, Index, Link, LinkKey, Schema, link_key

Part = TypeVar("Part", Attribute, Index)


@dataclass(frozen=True, slots=True)
class Renames:
    """Renames that the operator made or confirmed; everything else that changes its name is a drop and an add.

    All on the left are names in the actual schema, all on the right names in the wanted one: entities
    ``(old, new)``; attributes ``(old entity, old name, new name)``; links ``((old entity, old label), (new entity,
    new label))`` by their forward ends; indexes ``(old entity, old name, new name)``. A rename whose left or right side
    is not there (any more) is not regarded.
    """

    entities: tuple[tuple[str, str], ...] = ()
    attributes: tuple[tuple[str, str, str], ...] = ()
    links: tuple[tuple[tuple[str, str], tuple[str, str]], ...] = ()
    indexes: tuple[tuple[str, str, str], ...] = ()

    def __bool__(self) -> bool:
        return bool(self.entities or self.attributes or self.links or self.indexes)

    def reversed(self) -> Renames:
        """The same for the way back: entity names are then those of the wanted schema."""
        names = dict(self.entities)
        return Renames(
            tuple((new, old) for old, new in self.entities),
            tuple((names.get(entity, entity), new, old) for entity, old, new in self.attributes),
            tuple((new, old) for old, new in self.links),
            tuple((names.get(entity, entity), new, old) for entity, old, new in self.indexes),
        )


@dataclass(slots=True)
class Matching:
    """``entities`` maps old names to new ones; ``links`` old keys to new ones; parts by old entity name."""

    entities: dict[str, str]
    links: dict[LinkKey, LinkKey]
    attribute_renames: dict[str, dict[str, str]] = field(default_factory=dict)
    index_renames: dict[str, dict[str, str]] = field(default_factory=dict)
    old: dict[str, Entity] = field(default_factory=dict)
    new: dict[str, Entity] = field(default_factory=dict)
    old_links: dict[LinkKey, Link] = field(default_factory=dict)
    new_links: dict[LinkKey, Link] = field(default_factory=dict)


def match(actual: Schema, wanted: Schema, renames: Renames) -> Matching:
    old = {each.name: each for each in actual.entities}
    new = {each.name: each for each in wanted.entities}
    entities = matched_names(old, new, renames.entities)
    old_links = {link_key(each): each for each in actual.links}
    new_links = {link_key(each): each for each in wanted.links}
    # A file may leave out the platform's own entities: links to them are there all the same.
    owned = {each.name: each.name for each in (*actual.entities, *wanted.entities) if each.is_system}
    ends = owned | entities
    links = _matched_links(old_links, new_links, ends, renames)
    found = Matching(entities, links, old=old, new=new, old_links=old_links, new_links=new_links)
    for entity, before, after in renames.attributes:
        found.attribute_renames.setdefault(entity, {})[before] = after
    for entity, before, after in renames.indexes:
        found.index_renames.setdefault(entity, {})[before] = after
    return found


def matched_names(
    old: dict[str, Entity] | dict[str, Part],
    new: dict[str, Entity] | dict[str, Part],
    renames: tuple[tuple[str, str], ...],
) -> dict[str, str]:
    """Old names to new ones, each new one once; renames first, then equal names that are still free."""
    if not renames:
        return {name: name for name in old if name in new}
    found: dict[str, str] = {}
    taken: set[str] = set()
    for before, after in renames:
        if before in old and after in new and before not in found and after not in taken:
            found[before] = after
            taken.add(after)
    for name in old:
        if name not in found and name in new and name not in taken:
            found[name] = name
    return found


def _matched_links(
    old: dict[LinkKey, Link], new: dict[LinkKey, Link], entities: dict[str, str], renames: Renames
) -> dict[LinkKey, LinkKey]:
    found: dict[LinkKey, LinkKey] = {}
    taken: set[LinkKey] = set()
    if renames.links:
        by_old_end = {(key[0], key[1]): key for key in old}
        by_new_end = {(key[0], key[1]): key for key in new}
        for before, after in renames.links:
            old_key, new_key = by_old_end.get(before), by_new_end.get(after)
            if old_key is None or new_key is None or old_key in found or new_key in taken:
                continue
            if (entities.get(old_key[0]), entities.get(old_key[2])) == (new_key[0], new_key[2]):
                found[old_key] = new_key
                taken.add(new_key)
    for key in old:
        if key in found or key[0] not in entities or key[2] not in entities:
            continue
        natural = (entities[key[0]], key[1], entities[key[2]], key[3])
        if natural in new and natural not in taken:
            found[key] = natural
    return found
