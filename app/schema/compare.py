"""What turns one schema into another: ordered steps, never carried out here.

Links and indexes go first, and whatever stands in the way of a rename; then come renames, adds and changes; attributes
and entities are dropped last. A name is given up before another part takes it, on the way there and on the way back.
Until the renames parts have their old names, after them the new ones.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from .columns import Names, attribute_after, extra_after, index_after, link_after
from .label_moves import LabelMoves
from .matching import Matching, Renames, match, matched_names
from .model import Attribute, Entity, Link, LinkKey, Schema
from .moves import Move, free_name, ordered
from .operations import (
    AddAttribute,
    AddEntity,
    AddIndex,
    AddLink,
    ChangeAttribute,
    ChangeEntity,
    ChangeIndex,
    ChangeLink,
    DropAttribute,
    DropEntity,
    DropIndex,
    DropLink,
    Operation,
    RenameEntity,
    RenameIndex,
)
from .references import may_refer, referenced, with_renamed
from .risks import Risk
from .working import Working

__all__ = ["Plan", "Renames", "compare"]


@dataclass(frozen=True, slots=True)
class Plan:
    """Steps in the order in which they are to be done."""

    steps: tuple[Operation, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.steps)

    def __len__(self) -> int:
        return len(self.steps)

    @property
    def worst(self) -> Risk:
        return max((step.risk for step in self.steps), default=Risk.SAFE)

    def counts_by_risk(self) -> dict[Risk, int]:
        """How many steps there are of each risk, the worst last; risks without any step are left out."""
        found = [step.risk for step in self.steps]
        return {risk: found.count(risk) for risk in Risk if risk in found}

    def apply(self, schema: Schema) -> Schema:
        """The schema after all steps; raises StalePlan where one does not fit."""
        if not self.steps:
            return schema
        state = Working(schema)
        for step in self.steps:
            step.carry_out(state)
        return state.schema()

    def reverse(self) -> Plan:
        return Plan(tuple(step.reverse() for step in reversed(self.steps)))


_NO_RENAMES = Renames()


def compare(actual: Schema, wanted: Schema, renames: Renames = _NO_RENAMES) -> Plan:
    """The plan that turns ``actual`` into ``wanted``; empty where their meaning is equal.

    What a platform owns (``is_system``) is not compared: no plan can add, change or drop it.
    """
    if actual is wanted and not renames:
        return Plan()
    return _Comparison(match(actual, wanted, renames)).plan()


class _Comparison:
    """Gathers the steps by what they do."""

    def __init__(self, matching: Matching) -> None:
        self._matching = matching
        moved = {old: new for old, new in matching.entities.items() if old != new}
        self._moved = moved
        self._drop_links: list[Operation] = []
        self._drop_indexes: list[Operation] = []
        self._detach: list[Operation] = []
        self._dropped_attributes: list[tuple[Entity, Entity, Attribute]] = []
        # Attributes that were renamed, by the old name of their entity; all of them where links are over them.
        self._columns_moved: dict[str, Names] = {}
        self._all_columns: dict[str, Mapping[str, str | None]] = {}
        self._dropped_entities: list[Entity] = []
        self._renames: list[Operation] = []
        self._label_moves = LabelMoves()
        self._changes: list[Operation] = []
        self._add_entities: list[Operation] = []
        self._add_attributes: list[Operation] = []
        self._add_indexes: list[Operation] = []
        self._add_links: list[AddLink] = []
        # An entity goes, or was never there, and another takes its name: what refers to the first must not seem to
        # refer to the second.
        self._lost = {
            name: free_name(name, lambda each: each in matching.old or each in matching.new)
            for name in moved.values()
            if name not in matching.entities
        }

    def plan(self) -> Plan:
        found = self._matching
        self._rename_entities()
        for name, entity in found.old.items():
            new_name = found.entities.get(name)
            if new_name is not None:
                self._entity(entity, found.new[new_name])
            elif not entity.is_system:
                self._dropped_entities.append(entity)
        kept = set(found.entities.values())
        added = (each for name, each in found.new.items() if name not in kept and not each.is_system)
        self._add_entities += map(AddEntity, added)
        self._links()
        self._renames += self._label_moves.steps(self._labels)
        return Plan(tuple(self._ordered()))

    def _ordered(self) -> Iterator[Operation]:
        first, last = self._drops()
        yield from self._drop_links
        yield from self._drop_indexes
        yield from first
        yield from self._detach
        yield from self._renames
        yield from self._add_entities
        yield from self._add_attributes
        yield from self._changes
        yield from self._add_indexes
        yield from self._add_links
        yield from last

    # Drops

    def _drops(self) -> tuple[list[Operation], list[Operation]]:
        """What has to go before the renames, because its name is taken over, and what can go at the end."""
        first: list[Operation] = []
        last: list[Operation] = []
        slots = self._label_moves.taken_slots | {end for step in self._add_links for end in _ends(step)}
        for before, after, attribute in self._dropped_attributes:
            if (after.name, attribute.name) in slots or self._refers_to_lost(attribute):
                first.append(DropAttribute(before.name, attribute))
            else:
                carried = attribute_after(attribute, self._columns_moved.get(before.name, {}))
                last.append(DropAttribute(after.name, self._followed(carried)))
        names = set(self._moved.values())
        for entity in self._dropped_entities:
            if entity.name in names or any(map(self._refers_to_lost, entity.attributes)):
                first.append(DropEntity(entity))
            else:
                attributes = tuple(map(self._followed, entity.attributes)) if self._moved else entity.attributes
                last.append(DropEntity(replace(entity, attributes=attributes)))
        return first, last

    def _refers_to_lost(self, attribute: Attribute) -> bool:
        if not self._lost or not may_refer(attribute.type):
            return False
        return not self._lost.keys().isdisjoint(referenced(attribute.type))

    def _followed(self, attribute: Attribute) -> Attribute:
        """The attribute after the entities that it refers to were renamed."""
        if not self._moved or not may_refer(attribute.type):
            return attribute
        return replace(attribute, type=with_renamed(attribute.type, self._moved))

    # Entities

    def _rename_entities(self) -> None:
        pairs = list(self._moved.items())
        found = self._matching
        away: dict[int, str] = {}
        moves = [Move(at, frozenset((old,)), frozenset((new,))) for at, (old, new) in enumerate(pairs)]
        for at, how in ordered(moves):
            old, new = pairs[at]
            if how == "away":
                away[at] = free_name(old, lambda each: each in found.old or each in found.new or each in away.values())
                self._renames.append(RenameEntity(old, away[at]))
            else:
                self._renames.append(RenameEntity(away.get(at, old), new))

    def _entity(self, before: Entity, after: Entity) -> None:
        refers = bool(self._moved) and any(may_refer(each.type) for each in before.attributes)
        if before is after and not refers:
            return
        extra = before.extra
        if before.name in self._matching.attribute_renames:
            extra = extra_after(extra, self._renamed_columns(before, after))
        if extra != after.extra and not before.is_system:
            self._changes.append(ChangeEntity(after.name, extra, after.extra))
        if before.attributes is not after.attributes or refers:
            self._attributes(before, after, refers)
        if before.indexes or after.indexes:
            self._indexes(before, after)

    def _renamed_columns(self, before: Entity, after: Entity) -> Names:
        names = self._columns(before, after).items()
        found = self._columns_moved[before.name] = {old: new for old, new in names if new is not None and new != old}
        return found

    # Attributes

    def _attributes(self, before: Entity, after: Entity, refers: bool) -> None:
        has_renames = refers or before.name in self._matching.attribute_renames
        if before.attributes == after.attributes and not has_renames:
            return
        old = {each.name: each for each in before.attributes}
        new = {each.name: each for each in after.attributes}
        renames = self._matching.attribute_renames.get(before.name, {})
        names = matched_names(old, new, tuple(renames.items()))
        dropped = (each for name, each in old.items() if name not in names and not each.is_system)
        self._dropped_attributes += [(before, after, each) for each in dropped]
        for name, new_name in names.items():
            if name != new_name:
                self._label_moves.add_attribute(after.name, name, new_name)
        for name, attribute in old.items():
            if name in names:
                self._attribute(before.name, after.name, attribute, new[names[name]])
        if len(names) < len(new):
            kept = set(names.values())
            added = (each for name, each in new.items() if name not in kept and not each.is_system)
            self._add_attributes += [AddAttribute(after.name, each) for each in added]

    def _attribute(self, old_entity: str, entity: str, before: Attribute, after: Attribute) -> None:
        if (before is after and not self._moved) or before.is_system or after.is_system:
            return
        if self._refers_to_lost(before):
            detached = replace(before, type=with_renamed(before.type, self._lost))
            self._detach.append(ChangeAttribute(old_entity, before, detached))
            before = detached
        if self._columns_moved:
            before = attribute_after(before, self._columns_moved.get(old_entity, {}))
        carried = self._followed(before if before.name == after.name else replace(before, name=after.name))
        if carried != after:
            self._changes.append(ChangeAttribute(entity, carried, after))

    # Indexes

    def _indexes(self, before: Entity, after: Entity) -> None:
        old = {each.name: each for each in before.indexes}
        new = {each.name: each for each in after.indexes}
        renames = self._matching.index_renames.get(before.name, {})
        names = matched_names(old, new, tuple(renames.items()))
        columns = self._columns(before, after)
        # Another list of attributes is another index; the old one goes before its attributes do.
        names = {
            old_name: new_name
            for old_name, new_name in names.items()
            if tuple(columns.get(each, each) for each in old[old_name].attributes) == new[new_name].attributes
        }
        self._drop_indexes += [DropIndex(before.name, each) for name, each in old.items() if name not in names]
        self._rename_indexes(after.name, names, {*old, *new})
        for name, new_name in names.items():
            carried = replace(index_after(old[name], self._columns_moved.get(before.name, {})), name=new_name)
            if carried != new[new_name]:
                self._changes.append(ChangeIndex(after.name, carried, new[new_name]))
        kept = set(names.values())
        self._add_indexes += [AddIndex(after.name, each) for name, each in new.items() if name not in kept]

    def _rename_indexes(self, entity: str, names: dict[str, str], taken: set[str]) -> None:
        pairs = [(old, new) for old, new in names.items() if old != new]
        away: dict[int, str] = {}
        moves = [Move(at, frozenset((old,)), frozenset((new,))) for at, (old, new) in enumerate(pairs)]
        for at, how in ordered(moves):
            old, new = pairs[at]
            if how == "away":
                away[at] = free_name(old, lambda each: each in taken or each in away.values())
                self._renames.append(RenameIndex(entity, old, away[at]))
            else:
                self._renames.append(RenameIndex(entity, away.get(at, old), new))

    def _columns(self, before: Entity, after: Entity) -> dict[str, str | None]:
        """What the attributes of an index are called now, None for those that go; expressions stay as they are."""
        old = {each.name: each for each in before.attributes}
        renames = self._matching.attribute_renames.get(before.name, {})
        names = matched_names(old, {each.name: each for each in after.attributes}, tuple(renames.items()))
        return {name: names.get(name) for name in old}

    # Links

    def _links(self) -> None:
        found = self._matching
        kept_links = found.links
        if any(each.columns for links in (found.old_links, found.new_links) for each in links.values()):
            kept_links = {old: new for old, new in found.links.items() if self._is_over_the_same(old, new)}
        dropped = (each for key, each in found.old_links.items() if key not in kept_links and not each.is_system)
        self._drop_links += map(DropLink, dropped)
        pairs = [
            (before, after)
            for old, new in kept_links.items()
            if (before := self._carried(found.old_links[old])) is not (after := found.new_links[new])
            and not before.is_system
        ]
        for before, after in pairs:
            renamed = _renamed(before, after)
            if renamed is not before:
                self._label_moves.add_link(before, renamed)
            if renamed != after:
                self._changes.append(ChangeLink(renamed, after))
        if len(kept_links) < len(found.new_links):
            kept = set(kept_links.values())
            added = (each for key, each in found.new_links.items() if key not in kept and not each.is_system)
            new = found.new.keys() - found.entities.values()
            self._add_links += [AddLink(each, has_no_rows=set() < _needed_by(each) <= new) for each in added]

    def _is_over_the_same(self, old: LinkKey, new: LinkKey) -> bool:
        """Another list of attributes is another link: the old one goes before its attributes do."""
        before, after = self._matching.old_links[old], self._matching.new_links[new]
        if not (before.columns or after.columns) or before.is_system:
            return True
        here, there = (self._columns_of(end.entity) for end in (before.forward, before.reverse))
        return tuple((here.get(one, one), there.get(other, other)) for one, other in before.columns) == after.columns

    def _columns_of(self, old_entity: str) -> Mapping[str, str | None]:
        known = self._all_columns.get(old_entity)
        if known is None:
            before, new_name = self._matching.old.get(old_entity), self._matching.entities.get(old_entity)
            after = self._matching.new.get(new_name) if new_name is not None else None
            known = {} if before is None or after is None else self._columns(before, after)
            self._all_columns[old_entity] = known
        return known

    def _carried(self, link: Link) -> Link:
        """The link after its entities and attributes were renamed."""
        forward, reverse = link.forward, link.reverse
        if link.columns and self._columns_moved:
            here, there = (self._columns_moved.get(end.entity, {}) for end in (forward, reverse))
            link = link_after(link, here, there)
        if not self._moved or (forward.entity not in self._moved and reverse.entity not in self._moved):
            return link
        return replace(
            link,
            forward=replace(forward, entity=self._moved.get(forward.entity, forward.entity)),
            reverse=replace(reverse, entity=self._moved.get(reverse.entity, reverse.entity)),
        )

    def _labels(self) -> set[str]:
        """All names that parts of entities have, before and after."""
        found = self._matching
        entities, links = (*found.old.values(), *found.new.values()), (*found.old_links, *found.new_links)
        attributes = {each.name for entity in entities for each in entity.attributes}
        return attributes | {label for key in links for label in (key[1], key[3])}


def _needed_by(link: Link) -> set[str]:
    """The entities each of whose rows must have it, or must fit it."""
    if link.columns:
        return {link.forward.entity}
    return {end.entity for end in (link.forward, link.reverse) if end.is_required}


def _ends(step: AddLink) -> tuple[tuple[str, str], ...]:
    forward, reverse = step.link.forward, step.link.reverse
    return (forward.entity, forward.label), (reverse.entity, reverse.label)


def _names(link: Link) -> tuple[str, str, str]:
    return link.name, link.forward.label, link.reverse.label


def _renamed(before: Link, after: Link) -> Link:
    """``before`` with the names of ``after`` and nothing else of it."""
    if _names(before) == _names(after):
        return before
    return replace(
        before,
        name=after.name,
        forward=replace(before.forward, label=after.forward.label),
        reverse=replace(before.reverse, label=after.reverse.label),
    )
