"""Pairs of schemas that Instant can hold, and the renames that lead from one to the other; the same for a seed."""

from __future__ import annotations

import random
from dataclasses import dataclass, field, replace

from app.schema.compare import Renames
from app.schema.formats.instant_form import canonical
from app.schema.model import Attribute, Entity, Link, LinkEnd, Schema
from app.schema.types import AnyType, BooleanType, DateType, NumberType, StringType, Type
from tests.support.random_sql import random_sql_draft, random_sql_schema, sql_edits, sql_renames, sql_schemas

__all__ = [
    "Pair",
    "random_pair",
    "random_schema",
    "random_sql_draft",
    "random_sql_schema",
    "sql_edits",
    "sql_renames",
    "sql_schemas",
]

_TYPES: tuple[Type, ...] = (StringType(), NumberType(), BooleanType(), DateType(), AnyType())
_LABELS = ("title", "name", "due", "size", "note", "done", "état", "a b", "x.y", "emoji🙂")
_LINK_LABELS = ("owner", "items", "parent", "children", "peer", "group", "links")


@dataclass
class Pair:
    """``after`` is what ``before`` becomes with the renames and other edits."""

    before: Schema
    after: Schema
    renames: Renames


def random_schema(rng: random.Random, *, entities: int = 3, attributes: int = 4, links: int = 3) -> Schema:
    """Up to so many entities, attributes of each and links; names from small pools, so that they meet again."""
    names = [f"e{number}" for number in rng.sample(range(entities * 2), rng.randint(1, entities))]
    made = tuple(Entity(name, _attributes(rng, attributes)) for name in names)
    taken = {(entity.name, each.name) for entity in made for each in entity.attributes}
    return canonical(Schema(made, _links(rng, names, links, taken)))


def _attributes(rng: random.Random, most: int) -> tuple[Attribute, ...]:
    pool = [*_LABELS, *(f"n{number}" for number in range(max(0, most - len(_LABELS))))]
    return tuple(_attribute(rng, name) for name in rng.sample(pool, rng.randint(0, most)))


def _attribute(rng: random.Random, name: str) -> Attribute:
    return Attribute(name, rng.choice(_TYPES), rng.random() < 0.3, rng.random() < 0.3, rng.random() < 0.3)


def _links(rng: random.Random, names: list[str], most: int, taken: set[tuple[str, str]]) -> tuple[Link, ...]:
    found = [link for _ in range(rng.randint(0, most)) if (link := _link(rng, names, taken)) is not None]
    return tuple(found)


def _link(rng: random.Random, names: list[str], taken: set[tuple[str, str]]) -> Link | None:
    ends = [(rng.choice(names), f"{rng.choice(_LINK_LABELS)}{rng.randint(0, len(names))}") for _ in range(2)]
    if ends[0] == ends[1] or taken & set(ends):
        return None
    taken |= set(ends)
    return _link_of(rng, ends[0], ends[1])


def _link_of(rng: random.Random, forward: tuple[str, str], reverse: tuple[str, str]) -> Link:
    has = [rng.choice(("one", "many")) for _ in range(2)]
    cascades = ["cascade" if each == "one" and rng.random() < 0.5 else None for each in has]
    return Link(
        "",
        LinkEnd(*forward, has[0], rng.random() < 0.3, cascades[0]),  # type: ignore[arg-type]
        LinkEnd(*reverse, has[1], on_delete=cascades[1]),  # type: ignore[arg-type]
    )


@dataclass
class _Editor:
    rng: random.Random
    is_plain: bool
    entities: list[tuple[str, str]] = field(default_factory=list)
    attributes: list[tuple[str, str, str]] = field(default_factory=list)
    links: list[tuple[tuple[str, str], tuple[str, str]]] = field(default_factory=list)

    def edit(self, before: Schema) -> Pair:
        names = self._entity_names(before)
        entities = [self._entity(entity, names[entity.name]) for entity in before.entities if entity.name in names]
        known = {entity.name for entity in entities} | set(names.values())
        if self.rng.random() < 0.4 and (fresh := f"fresh{self.rng.randint(0, 9)}") not in known:
            entities.append(Entity(fresh, _attributes(self.rng, 3)))
        taken = {(entity.name, each.name) for entity in entities for each in entity.attributes}
        links = [found for link in before.links if (found := self._kept_link(link, names, taken)) is not None]
        links += _links(self.rng, [entity.name for entity in entities], 2, taken) if entities else ()
        after = canonical(Schema(tuple(entities), tuple(links)))
        return Pair(before, after, Renames(tuple(self.entities), tuple(self.attributes), tuple(self.links)))

    def _entity_names(self, before: Schema) -> dict[str, str]:
        """Present names to later ones, without those that are dropped; some change places."""
        kept = [entity.name for entity in before.entities if self.rng.random() > 0.2]
        later = list(kept)
        if not self.is_plain and self.rng.random() < 0.6:
            moved = self.rng.sample(range(len(kept)), min(len(kept), self.rng.randint(0, 3)))
            for at, value in zip(moved, _rotated([later[each] for each in moved]), strict=True):
                later[at] = value
            if moved and self.rng.random() < 0.5:
                later[moved[0]] = f"renamed{self.rng.randint(0, 9)}"
        names = dict(zip(kept, later, strict=True))
        self.entities = [(old, new) for old, new in names.items() if old != new]
        return names

    def _entity(self, entity: Entity, name: str) -> Entity:
        kept = [each for each in entity.attributes if self.rng.random() > 0.2]
        labels = [each.name for each in kept]
        if self.is_plain:
            labels = [
                f"moved{at}" if label.isascii() and label.isalpha() and self.rng.random() < 0.2 else label
                for at, label in enumerate(labels)
            ]
        elif self.rng.random() < 0.5:
            moved = self.rng.sample(range(len(labels)), min(len(labels), self.rng.randint(0, 3)))
            for at, value in zip(moved, _rotated([labels[each] for each in moved]), strict=True):
                labels[at] = value
            if moved and self.rng.random() < 0.6:
                dropped = [each.name for each in entity.attributes if each not in kept]
                labels[moved[0]] = self.rng.choice([f"moved{self.rng.randint(0, 9)}", *dropped])
        parts = [self._part(each, label) for each, label in zip(kept, labels, strict=True)]
        self.attributes += [
            (entity.name, each.name, label) for each, label in zip(kept, labels, strict=True) if each.name != label
        ]
        fresh = [each for each in _attributes(self.rng, 2) if each.name not in labels]
        return Entity(name, (*parts, *fresh))

    def _part(self, attribute: Attribute, label: str) -> Attribute:
        changed = _attribute(self.rng, label)
        return changed if self.rng.random() < 0.4 else replace(attribute, name=label)

    def _kept_link(self, link: Link, names: dict[str, str], taken: set[tuple[str, str]]) -> Link | None:
        ends = (link.forward, link.reverse)
        if self.rng.random() < 0.2 or any(end.entity not in names for end in ends):
            return None
        old = (link.forward.entity, link.forward.label)
        is_renamed = not self.is_plain and self.rng.random() < 0.3
        new = [(names[end.entity], end.label + "X" if is_renamed else end.label) for end in ends]
        if new[0] == new[1] or taken & set(new):
            return None
        taken |= set(new)
        if is_renamed:
            self.links.append((old, new[0]))
        if self.rng.random() < 0.4:
            return _link_of(self.rng, new[0], new[1])
        return Link(
            "",
            replace(link.forward, entity=new[0][0], label=new[0][1]),
            replace(link.reverse, entity=new[1][0], label=new[1][1]),
        )


def _rotated(values: list[str]) -> list[str]:
    return values[1:] + values[:1]


def random_pair(seed: int, *, size: int = 3, is_plain: bool = False) -> Pair:
    """``size``: entities, and one more attribute in each. ``is_plain``: attributes are the only things renamed, and
    only to names that nothing had."""
    rng = random.Random(seed)
    before = random_schema(rng, entities=size, attributes=size + 1, links=size)
    return _Editor(rng, is_plain).edit(before)
