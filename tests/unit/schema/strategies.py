"""Schemas and edits of schemas for hypothesis: small ones that shrink, and ones of hundreds of parts.

``schemas()``, ``edits()`` and their ``big_`` sisters take ``is_instant``: only what Instant can hold, in the full model
else. Every schema is well-formed: names are unique in an entity (attributes and labels of links together), links and
types refer to entities that are there.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from hypothesis import strategies as st

from app.schema import types as t
from app.schema.compare import Renames
from app.schema.model import Attribute, Entity, Index, Link, LinkEnd, OnDelete, Schema, link_key

# Few names: so that what one part gives up, another one takes.
NAMES = ("owner", "title", "todos", "users", "posts", "done", "at", "notes", "tags", "kind")
INSTANT_TYPES: tuple[t.Type, ...] = (
    t.StringType(),
    t.NumberType(),
    t.BooleanType(),
    t.DateType(),
    t.AnyType(),
)


@dataclass(frozen=True)
class Edit:
    """``renames`` are those that were made on the way from ``before`` to ``after`` and confirmed."""

    before: Schema
    after: Schema
    renames: Renames


def schemas(*, is_instant: bool = False, entities: int = 5) -> st.SearchStrategy[Schema]:
    return st.randoms(use_true_random=False).map(lambda rng: _Maker(rng, is_instant).schema(entities, 4))


def edits(*, is_instant: bool = False, entities: int = 5) -> st.SearchStrategy[Edit]:
    """A schema, an edited one and the renames between them: swaps, circles, names taken over, changes at once."""
    return st.randoms(use_true_random=False).map(lambda rng: make_edit(rng, is_instant, entities, 4))


def big_schemas(*, is_instant: bool = False) -> st.SearchStrategy[Schema]:
    """Hundreds of parts; they do not shrink."""
    return st.integers(0, 2**32).map(lambda seed: _Maker(random.Random(seed), is_instant).schema(60, 12))


def big_edits(*, is_instant: bool = False) -> st.SearchStrategy[Edit]:
    return st.integers(0, 2**32).map(lambda seed: make_edit(random.Random(seed), is_instant, 60, 12))


def make_edit(rng: random.Random, is_instant: bool, entities: int, attributes: int) -> Edit:
    maker = _Maker(rng, is_instant)
    before = maker.schema(entities, attributes)
    return _Editor(maker, before).edit()


class _Maker:
    def __init__(self, rng: random.Random, is_instant: bool) -> None:
        self.rng = rng
        self.is_instant = is_instant

    def chance(self, percent: int) -> bool:
        return self.rng.randrange(100) < percent

    def fresh(self, taken: set[str]) -> str:
        """A name that is not taken, and now is."""
        free = [each for each in NAMES if each not in taken]
        number = len(taken)
        while not free:
            number += 1
            free = [each for each in (f"{name}{number}" for name in NAMES) if each not in taken]
        name = self.rng.choice(free)
        taken.add(name)
        return name

    def schema(self, most_entities: int, most_attributes: int) -> Schema:
        names: set[str] = set()
        entities = [self.fresh(names) for _ in range(self.rng.randint(0, most_entities))]
        labels: dict[str, set[str]] = {each: set() for each in entities}
        made = [self.entity(name, labels[name], entities, most_attributes) for name in entities]
        if self.chance(30):
            labels["$users"] = {"email"}
            email = Attribute("email", t.StringType(), is_unique=True, is_indexed=True, is_system=True)
            own = self.attribute(self.fresh(labels["$users"]), entities, is_required=False)
            made.append(Entity("$users", (email, own), is_system=True))
        links = [self.link(labels) for _ in range(self.rng.randint(0, 2 * len(labels)) if labels else 0)]
        return Schema(tuple(made), tuple(links))

    def entity(self, name: str, labels: set[str], entities: Sequence[str], most_attributes: int) -> Entity:
        least = 1 if self.is_instant else 0
        count = self.rng.randint(least, most_attributes)
        attributes = tuple(self.attribute(self.fresh(labels), entities) for _ in range(count))
        if self.is_instant:
            return Entity(name, attributes)
        taken: set[str] = set()
        indexes = tuple(self.index(self.fresh(taken), attributes) for _ in range(self.rng.randint(0, 2)))
        return Entity(name, attributes, indexes if attributes else (), extra=self.extra())

    def attribute(self, name: str, entities: Sequence[str], *, is_required: bool | None = None) -> Attribute:
        flags = [self.chance(30) for _ in range(3)]
        required = flags[0] if is_required is None else is_required
        if self.is_instant:
            return Attribute(name, self.rng.choice(INSTANT_TYPES), required, flags[1], flags[2])
        default = self.rng.choice((None, None, "0", "now()"))
        return Attribute(name, self.type(entities), required, flags[1], flags[2], default, extra=self.extra())

    def type(self, entities: Sequence[str], depth: int = 2) -> t.Type:
        simple: tuple[t.Type, ...] = (
            *INSTANT_TYPES,
            t.JsonType(),
            t.StringType(self.rng.choice((None, 20, 255)), self.rng.choice(("", "email"))),
            t.NumberType("decimal", 10, 2, native="numeric(10,2)"),
            t.EnumType(("a", "b"), "mood"),
            t.LiteralType(self.rng.choice((1, "x", True))),
            t.NativeType("tsvector"),
            *(t.IdType(each) for each in entities[:4]),
        )
        if not depth or self.chance(70):
            return self.rng.choice(simple)
        inner = [self.type(entities, depth - 1) for _ in range(2)]
        return self.rng.choice(
            (
                t.ArrayType(inner[0]),
                t.UnionType(tuple(inner)),
                t.RecordType(inner[0], inner[1]),
                t.ObjectType((t.ObjectField("a", inner[0]), t.ObjectField("b", inner[1], is_required=False))),
            )
        )

    def index(self, name: str, attributes: Sequence[Attribute]) -> Index:
        over = self.rng.sample([each.name for each in attributes], min(len(attributes), self.rng.randint(1, 3)))
        return Index(name, tuple(over), self.chance(30), self.rng.choice(("", "gin")), self.extra())

    def extra(self) -> tuple[tuple[str, str], ...]:
        return (("comment", f'"{self.rng.choice(NAMES)}"'),) if self.chance(10) else ()

    def link(self, labels: dict[str, set[str]]) -> Link:
        """Between any two, an entity and itself among them."""
        ends = [self.rng.choice(sorted(labels)) for _ in range(2)]
        forward, reverse = (self.end(each, self.fresh(labels[each]), is_first) for is_first, each in enumerate(ends))
        return Link(f"{forward.entity}_{forward.label}", forward, reverse)

    def end(self, entity: str, label: str, is_reverse: int = 0) -> LinkEnd:
        has = self.rng.choice(("one", "many"))
        rules: tuple[OnDelete | None, ...] = (None, "cascade") if self.is_instant else (None, "cascade", "restrict")
        on_delete = self.rng.choice(rules) if has == "one" or not self.is_instant else None
        required = not (is_reverse and self.is_instant) and not entity.startswith("$") and self.chance(20)
        return LinkEnd(entity, label, has, required, on_delete)


class _Editor:
    """Makes an edited schema: what each part becomes first, then everything that refers to it."""

    def __init__(self, maker: _Maker, before: Schema) -> None:
        self._maker = maker
        self._before = before
        own = [each.name for each in before.entities if not each.is_system]
        self._entities = self._new_names(own, 15, 15)
        self._entities |= {each.name: each.name for each in before.entities if each.is_system}
        self._attributes: list[tuple[str, str, str]] = []
        self._indexes: list[tuple[str, str, str]] = []
        self._links: list[tuple[tuple[str, str], tuple[str, str]]] = []
        self._labels: dict[str, set[str]] = {}
        self._attribute_names: dict[str, set[str]] = {}

    def edit(self) -> Edit:
        maker = self._maker
        taken = self._all_names()
        added = [maker.fresh(taken) for _ in range(maker.rng.randint(0, 2))]
        names = [*(each for each in self._entities.values() if not each.startswith("$")), *added]
        kept = [self._entity(each, names) for each in self._before.entities if each.name in self._entities]
        new = []
        for name in added:
            self._labels[name] = set()
            new.append(maker.entity(name, self._labels[name], names, 4))
        links = [
            *self._kept_links(),
            *(maker.link(self._labels) for _ in range(maker.rng.randint(0, 2)) if self._labels),
        ]
        entities = [*kept, *new]
        maker.rng.shuffle(entities)
        renamed = tuple((old, new) for old, new in self._entities.items() if old != new)
        renames = Renames(renamed, tuple(self._attributes), tuple(self._links), tuple(self._indexes))
        return Edit(self._before, Schema(tuple(entities), tuple(links)), renames)

    def _all_names(self) -> set[str]:
        return {*self._entities.values(), *self._taken_over()}

    def _taken_over(self) -> Iterator[str]:
        """Names of dropped entities that a new one must not take: it would be the same entity."""
        for each in self._before.entities:
            if each.name not in self._entities:
                yield each.name

    def _new_names(self, names: Sequence[str], drop_percent: int, rename_percent: int) -> dict[str, str]:
        """Old names to new ones: some dropped, some renamed, some names exchanged in a circle."""
        maker = self._maker
        kept = [each for each in names if not maker.chance(drop_percent)]
        found = {each: each for each in kept}
        dropped = [each for each in names if each not in found]
        if len(kept) > 1 and maker.chance(30):
            circle = maker.rng.sample(kept, maker.rng.randint(2, min(4, len(kept))))
            found |= dict(zip(circle, [*circle[1:], circle[0]], strict=True))
        for each in kept:
            if found[each] == each and maker.chance(rename_percent):
                # Takes the name of one that goes, or a new one.
                is_taking = bool(dropped) and maker.chance(40)
                found[each] = dropped.pop() if is_taking else maker.fresh({*names, *found.values()})
        return found

    def _entity(self, before: Entity, entities: Sequence[str]) -> Entity:
        maker, name = self._maker, self._entities[before.name]
        own = [each.name for each in before.attributes if not each.is_system]
        names = self._new_names(own, 10, 10) | {each.name: each.name for each in before.attributes if each.is_system}
        if maker.is_instant and not names:
            names = {own[0]: own[0]}
        self._attributes += [(before.name, old, new) for old, new in names.items() if old != new]
        # A renamed attribute may take the label of a link, which then gets another one; and a link takes the names
        # that attributes give up.
        labels = self._labels[name] = {*names.values(), *self._labels_before(before.name)}
        attributes = [
            self._attribute(each, names[each.name], entities) for each in before.attributes if each.name in names
        ]
        if maker.chance(20):
            attributes.append(maker.attribute(maker.fresh(labels), entities, is_required=False))
        if maker.chance(30):
            maker.rng.shuffle(attributes)
        self._attribute_names[name] = {each.name for each in attributes}
        indexes = tuple(self._kept_indexes(before, names, attributes))
        extra = maker.extra() if maker.chance(5) and not maker.is_instant and not before.is_system else before.extra
        return Entity(name, tuple(attributes), indexes, before.is_system, extra)

    def _labels_before(self, entity: str) -> Iterator[str]:
        for link in self._before.links:
            for end in (link.forward, link.reverse):
                if end.entity == entity:
                    yield end.label

    def _attribute(self, before: Attribute, name: str, entities: Sequence[str]) -> Attribute:
        if before.is_system:
            return before
        maker = self._maker
        if maker.chance(10):
            return maker.attribute(name, entities, is_required=before.is_required)
        return replace(before, name=name, type=_carried(before.type, self._entities, entities))

    def _kept_indexes(self, before: Entity, names: dict[str, str], attributes: Sequence[Attribute]) -> Iterator[Index]:
        maker = self._maker
        new_names = self._new_names([each.name for each in before.indexes], 15, 15)
        for index in before.indexes:
            if index.name not in new_names:
                continue
            over = tuple(names[each] for each in index.attributes if each in names)
            if not over:
                continue
            made = replace(index, name=new_names[index.name], attributes=over)
            if made.name != index.name:
                self._indexes.append((before.name, index.name, made.name))
            yield maker.index(made.name, attributes) if maker.chance(10) else made

    def _kept_links(self) -> Iterator[Link]:
        maker = self._maker
        for link in self._before.links:
            ends = (link.forward.entity, link.reverse.entity)
            if not all(each in self._entities for each in ends) or maker.chance(10):
                continue
            forward, reverse = (self._end(each) for each in (link.forward, link.reverse))
            if maker.chance(10):
                forward, reverse = maker.end(forward.entity, forward.label), maker.end(reverse.entity, reverse.label, 1)
            after = replace(link, forward=forward, reverse=reverse)
            carried = (self._entities[ends[0]], link.forward.label, self._entities[ends[1]], link.reverse.label)
            if carried != link_key(after):
                old, new = (ends[0], link.forward.label), (forward.entity, forward.label)
                self._links.append((old, new))
                after = replace(after, name=f"{forward.entity}_{forward.label}")
            yield after

    def _end(self, before: LinkEnd) -> LinkEnd:
        maker, entity = self._maker, self._entities[before.entity]
        is_taken_over = before.label in self._attribute_names[entity]
        label = maker.fresh(self._labels[entity]) if is_taken_over or maker.chance(15) else before.label
        return replace(before, entity=entity, label=label)


def _carried(kind: t.Type, names: dict[str, str], entities: Sequence[str]) -> t.Type:
    """With the new names of entities; what referred to one that goes refers to another one, or to any."""
    match kind:
        case t.IdType():
            if kind.entity in names:
                return replace(kind, entity=names[kind.entity])
            return t.IdType(entities[0]) if entities else t.AnyType()
        case t.ArrayType():
            return replace(kind, item=_carried(kind.item, names, entities))
        case t.RecordType():
            return t.RecordType(_carried(kind.key, names, entities), _carried(kind.value, names, entities))
        case t.UnionType():
            return t.UnionType(tuple(_carried(each, names, entities) for each in kind.options))
        case t.ObjectType():
            fields = tuple(replace(each, type=_carried(each.type, names, entities)) for each in kind.fields)
            return t.ObjectType(fields)
        case _:
            return kind
