"""Two operators changed one schema: what does not conflict is brought together, what does is told."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TypeVar

from .columns import Names, entity_after, extra_after, index_after
from .columns import link_after as link_over
from .compare import Plan, Renames, compare
from .draft import Draft
from .draft_names import at_entities
from .matching import Matching, match, matched_names
from .merge_claims import entity_claims, part_claims, resolve_names
from .merge_parts import Decisions, MergedEntity, Three, both, matched, settle
from .merge_words import MergeConflict
from .model import Attribute, Entity, Index, Link, LinkEnd, Schema, link_key
from .references import with_renamed

__all__ = ["Merge", "MergeConflict", "merge"]

_ATTRIBUTE = ("name", "type", "is_required", "is_unique", "is_indexed", "default", "is_system", "extra")
_INDEX = ("name", "attributes", "is_unique", "kind", "extra")
_END = ("label", "has", "is_required", "on_delete")
_Part = TypeVar("_Part", Attribute, Index)


@dataclass(frozen=True, slots=True)
class Merge:
    """``draft`` starts from their schema. ``conflicts`` are all that were met, those decided for mine included.

    ``theirs`` and ``mine`` are what each side did to the base.
    """

    draft: Draft
    conflicts: tuple[MergeConflict, ...]
    theirs: Plan
    mine: Plan


def merge(base: Schema, theirs: Schema, mine: Draft, keep_mine: frozenset[str] = frozenset()) -> Merge:
    """``mine`` on top of ``theirs``; both began with ``base``.

    Each property of a part is merged by itself; equal changes are no conflict. At a conflict they win, unless its
    place is in ``keep_mine``. What was renamed here stays so, and takes their changes along.
    """
    their_plan, my_plan = compare(base, theirs), compare(base, mine.wanted, mine.renames)
    if not their_plan:
        return Merge(replace(mine, base=theirs), (), their_plan, my_plan)
    if not my_plan or not compare(theirs, mine.wanted):
        return Merge(Draft(theirs, theirs), (), their_plan, my_plan)
    decisions = Decisions(keep_mine)
    draft = _Merging(base, theirs, mine, decisions).draft()
    return Merge(draft, tuple(decisions.conflicts.values()), their_plan, my_plan)


class _Merging:
    def __init__(self, base: Schema, theirs: Schema, mine: Draft, decisions: Decisions) -> None:
        self._base = base
        self._theirs = theirs
        self._wanted = mine.wanted
        self._decisions = decisions
        self._ours: Matching = match(base, mine.wanted, mine.renames)
        self._touched_theirs = _linked(base, theirs, {})
        self._touched_mine = _linked(base, mine.wanted, self._ours.entities)
        # Attributes as they are called here, by the entity's name in the base: so do the other two sides then.
        self._columns: dict[str, Names] = {}
        self._entities = [MergedEntity(each) for each in self._matched_entities()]
        self._carry_columns()
        self._links: list[Three[Link]] = []
        self._names: dict[str, dict[str, str]] = {}
        self._old_names: dict[str, str] = {}
        # Links that they do not have: they removed an entity that is kept.
        self._not_live: set[int] = set()

    def draft(self) -> Draft:
        for each in self._entities:
            self._presence(each)
        resolve_names(lambda: entity_claims(self._entities), self._decisions)
        self._carry()
        for each in self._entities:
            self._parts(each)
        self._merge_links()
        resolve_names(lambda: part_claims(self._entities, self._links), self._decisions)
        wanted = Schema(
            tuple(self._made(each) for each in self._entities if each.three.result is not None),
            tuple(each.result for each in self._links if each.result is not None),
        )
        return Draft(self._theirs, wanted, self._renamed())

    # Entities: which of them there are, and under which names

    def _matched_entities(self) -> list[Three[Entity]]:
        return matched(
            {each.name: each for each in self._base.entities},
            {each.name: each for each in self._theirs.entities},
            {each.name: each for each in self._wanted.entities},
            self._ours.entities,
        )

    def _presence(self, entity: MergedEntity) -> None:
        three = entity.three
        settle(three, lambda part: part.name, ("is_system", "extra"), self._decisions, is_changed=self._is_changed)
        if three.result is None:
            return
        was = three.base.name if three.base is not None else ""
        ours = three.mine is not None and (three.theirs is None or three.mine.name != was)
        entity.name = three.mine.name if three.mine is not None and ours else three.result.name

    def _is_changed(self, base: Entity, other: Entity) -> bool:
        """By one side while the other one removed it: in itself, by its name, or by links that were added."""
        is_mine = self._ours.entities.get(base.name) == other.name and self._ours.new.get(other.name) is other
        names = self._ours.entities if is_mine else {}
        touched = self._touched_mine if is_mine else self._touched_theirs
        if base.name != other.name or other.name in touched:
            return True
        return _sorted(_carried_entity(base, names)) != _sorted(other)

    def _carry(self) -> None:
        """Bring all three sides to the names of the result."""
        for side in ("base", "theirs", "mine"):
            parts: list[tuple[MergedEntity, Entity]] = [
                (each, part) for each in self._entities if (part := getattr(each.three, side)) is not None
            ]
            # What goes gets a name that nobody else can have, so that its links are taken for nobody else's.
            names = self._names[side] = {
                part.name: f"\0{part.name}" if each.three.result is None else each.name for each, part in parts
            }
            moved = {old: new for old, new in names.items() if old != new}
            for each, part in parts:
                setattr(each.three, side, _carried_entity(part, moved))
        self._old_names = {new: old for old, new in self._names["base"].items()}

    def _carry_columns(self) -> None:
        """What names attributes beside indexes (checks, generated values) speaks of them as they are called here."""
        for each in self._entities:
            base, theirs, mine = each.three.base, each.three.theirs, each.three.mine
            if base is None or mine is None or base.name not in self._ours.attribute_renames:
                continue
            renamed = self._ours.attribute_renames[base.name]
            names = matched_names(_named(base.attributes), _named(mine.attributes), tuple(renamed.items()))
            moved = self._columns[base.name] = {old: new for old, new in names.items() if old != new}
            each.three.base = _texts_after(base, moved)
            each.three.theirs = _texts_after(theirs, moved) if theirs is not None else None

    def _with_columns(self, link: Link) -> Link:
        """A link of the base, or of theirs."""
        here, there = (self._columns.get(end.entity, {}) for end in (link.forward, link.reverse))
        return link_over(link, here, there)

    # Attributes and indexes

    def _parts(self, entity: MergedEntity) -> None:
        three = entity.three
        if three.result is None:
            return
        if three.theirs is None or three.mine is None:
            # Only one side has it: it is new, or the other's removal was overruled and it comes back whole.
            only = three.theirs or three.mine or three.result
            entity.attributes = [Three(each, each, each, each) for each in only.attributes]
            entity.indexes = [Three(each, each, each, each) for each in only.indexes]
            return
        columns = self._column_names(three.base, three.mine)
        entity.attributes = matched(
            _named(three.base.attributes if three.base is not None else ()),
            _named(three.theirs.attributes),
            _named(three.mine.attributes),
            columns,
        )
        for attribute in entity.attributes:
            settle(attribute, lambda part: f"{entity.name}.{part.name}", _ATTRIBUTE, self._decisions)
        entity.indexes = self._matched_indexes(three.base, three.theirs, three.mine, columns)
        for index in entity.indexes:
            settle(index, lambda part: f"{entity.name}.{part.name}", _INDEX, self._decisions)

    def _column_names(self, base: Entity | None, mine: Entity) -> dict[str, str]:
        """Names of attributes in the base to those here."""
        if base is None:
            return {}
        renames = self._ours.attribute_renames.get(self._old(base.name), {})
        return matched_names(_named(base.attributes), _named(mine.attributes), tuple(renames.items()))

    def _matched_indexes(
        self, base: Entity | None, theirs: Entity, mine: Entity, columns: dict[str, str]
    ) -> list[Three[Index]]:
        before = _named(_over(base.indexes if base is not None else (), columns))
        own = _named(mine.indexes)
        renames = self._ours.index_renames.get(self._old(base.name), {}) if base is not None else {}
        names = matched_names(before, own, tuple(renames.items()))
        return matched(before, _named(_over(theirs.indexes, columns)), own, names)

    def _old(self, name: str) -> str:
        """The name in the base of what is called so in the result."""
        return self._old_names.get(name, name)

    # Links

    def _merge_links(self) -> None:
        names = self._names
        base = {link_key(each): _carried_link(self._with_columns(each), names["base"]) for each in self._base.links}
        mine = {link_key(each): _carried_link(each, names["mine"]) for each in self._wanted.links}
        theirs = [_carried_link(self._with_columns(each), names["theirs"]) for each in self._theirs.links]
        self._links = matched(
            {link_key(each): each for each in base.values()},
            {link_key(each): each for each in theirs},
            {link_key(each): each for each in mine.values()},
            {link_key(base[old]): link_key(mine[new]) for old, new in self._ours.links.items()},
        )
        kept = {each.name: each.three for each in self._entities if each.three.result is not None}
        for three in self._links:
            self._overrule(three, kept)
            if any(end.entity not in kept for link in (three.theirs, three.mine) if link for end in _ends(link)):
                # Gone with its entity: what there was to say was said of that.
                continue
            settle(three, _link_place, ("name", "is_system", "extra", "columns"), self._decisions)
            self._ends(three)

    def _overrule(self, three: Three[Link], kept: Mapping[str, Three[Entity]]) -> None:
        """A link that went only because its entity went comes back with the entity."""
        link = three.base
        if link is None:
            return
        ends = [kept[end.entity] for end in _ends(link) if end.entity in kept]
        if three.mine is None and any(each.mine is None for each in ends):
            three.mine = link
        if three.theirs is None and any(each.theirs is None for each in ends):
            three.theirs = link
            self._not_live.add(id(three))

    def _ends(self, three: Three[Link]) -> None:
        """Each property of each end by itself."""
        base, theirs, mine = three.base, three.theirs, three.mine
        if three.result is None or theirs is None or mine is None:
            return
        place = _link_place(mine)
        forward = both(base.forward if base else None, theirs.forward, mine.forward, place, _END, self._decisions)
        reverse = both(base.reverse if base else None, theirs.reverse, mine.reverse, place, _END, self._decisions)
        three.result = replace(three.result, forward=forward, reverse=reverse)

    # The result

    @staticmethod
    def _made(entity: MergedEntity) -> Entity:
        attributes = [each for each in entity.attributes or () if each.result is not None]
        # Indexes speak of attributes as they are called here; where that name was given up, it is theirs.
        columns = {each.mine.name: each.result.name for each in attributes if each.mine and each.result}
        indexes = [each.result for each in entity.indexes or () if each.result is not None]
        result = entity.three.result or Entity(entity.name)
        return replace(
            result,
            name=entity.name,
            attributes=tuple(each.result for each in attributes if each.result is not None),
            indexes=_over(indexes, columns),
            extra=extra_after(result.extra, {old: new for old, new in columns.items() if old != new}),
        )

    def _renamed(self) -> Renames:
        """From their names to those of the result."""
        entities, attributes, indexes = [], [], []
        back = {new: old for old, new in self._names["theirs"].items()}
        for each in self._entities:
            old = back.get(each.name)
            if each.three.result is None or each.three.theirs is None or old is None:
                continue
            entities += [(old, each.name)] if old != each.name else []
            attributes += [(old, *pair) for pair in _moves(each.attributes or ())]
            indexes += [(old, *pair) for pair in _moves(each.indexes or ())]
        return Renames(tuple(entities), tuple(attributes), self._renamed_links(back), tuple(indexes))

    def _renamed_links(self, back: Mapping[str, str]) -> tuple[tuple[tuple[str, str], tuple[str, str]], ...]:
        found = []
        for each in self._links:
            theirs, result = each.theirs, each.result
            if theirs is None or result is None or id(each) in self._not_live:
                continue
            if _labels(theirs) != _labels(result):
                start = (back.get(theirs.forward.entity, theirs.forward.entity), theirs.forward.label)
                found.append((start, (result.forward.entity, result.forward.label)))
        return tuple(found)


def _linked(base: Schema, other: Schema, names: Mapping[str, str]) -> set[str]:
    """Entities, as ``other`` calls them, to which it has links that are not in the base."""
    known = {_carried_link(each, names) for each in base.links}
    return {end.entity for link in other.links if link not in known for end in _ends(link)}


def _carried_entity(entity: Entity, names: Mapping[str, str]) -> Entity:
    """The entity, and those that its types name, under other names."""
    if not names:
        return entity
    attributes = tuple(
        each if (kind := with_renamed(each.type, names)) is each.type else replace(each, type=kind)
        for each in entity.attributes
    )
    return replace(entity, name=names.get(entity.name, entity.name), attributes=attributes)


def _carried_link(link: Link, names: Mapping[str, str]) -> Link:
    forward, reverse = link.forward.entity, link.reverse.entity
    return at_entities(link, names.get(forward, forward), names.get(reverse, reverse))


def _texts_after(entity: Entity, names: Names) -> Entity:
    """All but the indexes, which are matched by the attributes that they are over."""
    return replace(entity_after(entity, names), indexes=entity.indexes)


def _sorted(entity: Entity) -> Entity:
    return Schema((entity,)).normalised().entities[0]


def _named(parts: Iterable[_Part]) -> dict[str, _Part]:
    return {each.name: each for each in parts}


def _over(indexes: Iterable[Index], columns: Mapping[str, str]) -> tuple[Index, ...]:
    """The indexes over attributes under other names."""
    moved = {old: new for old, new in columns.items() if old != new}
    return tuple(index_after(each, moved) for each in indexes) if moved else tuple(indexes)


def _ends(link: Link) -> tuple[LinkEnd, LinkEnd]:
    return link.forward, link.reverse


def _link_place(link: Link) -> str:
    return f"{link.forward.entity}.{link.forward.label}"


def _labels(link: Link) -> tuple[str, str]:
    return link.forward.label, link.reverse.label


def _moves(parts: Iterable[Three[Attribute]] | Iterable[Three[Index]]) -> Iterator[tuple[str, str]]:
    for each in parts:
        if each.theirs is not None and each.result is not None and each.theirs.name != each.result.name:
            yield each.theirs.name, each.result.name
