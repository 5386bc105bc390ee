"""Finding entities, attributes and links by part of their name, across a whole schema."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from app.core.text import plain
from app.schema.model import Entity, Link, Schema

from .type_names import type_name

FOUND_LIMIT = 200


@dataclass(frozen=True, slots=True)
class Found:
    """One hit. ``part`` is the name of the attribute or the label of the link in ``entity``, "" for the entity."""

    kind: Literal["entity", "attribute", "link", "index"]
    entity: str
    part: str
    side: str

    @property
    def text(self) -> str:
        return plain(f"{self.entity}.{self.part}" if self.part else self.entity, 120)


def find(schema: Schema, query: str, limit: int = FOUND_LIMIT) -> tuple[Found, ...]:
    """The best first: same name, begins with it, has it; entities before attributes before links before indexes.

    All words of the query must be in ``entity.part`` or in the type. Milliseconds for a thousand entities, so it is
    run beside the UI thread.
    """
    words = query.lower().split()
    if not words:
        return ()
    hits: list[tuple[tuple[int, int, str], Found]] = []
    for each in _all(schema):
        place = f"{each.entity}.{each.part}".lower()
        haystack = f"{place} {each.side.lower()}"
        if all(word in haystack for word in words):
            hits.append((_rank(each, place, words[0]), each))
    hits.sort(key=lambda hit: hit[0])
    return tuple(each for _, each in hits[:limit])


def _rank(found: Found, place: str, word: str) -> tuple[int, int, str]:
    name = (found.part or found.entity).lower()
    nearness = 0 if name == word else 1 if name.startswith(word) else 2 if word in name else 3
    return nearness, ("entity", "attribute", "link", "index").index(found.kind), place


def _all(schema: Schema) -> Iterator[Found]:
    for entity in schema.entities:
        yield from _of_entity(entity)
    for link in schema.links:
        yield from _of_link(link)


def _of_entity(entity: Entity) -> Iterator[Found]:
    yield Found("entity", entity.name, "", "system entity" if entity.is_system else "entity")
    for each in entity.attributes:
        yield Found("attribute", entity.name, each.name, plain(type_name(each.type), 40))
    for index in entity.indexes:
        yield Found("index", entity.name, index.name, plain(f"{index.kind} index".strip(), 40))


def _of_link(link: Link) -> Iterator[Found]:
    for own, other in ((link.forward, link.reverse), (link.reverse, link.forward)):
        if own.label:
            yield Found("link", own.entity, own.label, f"→ {plain(other.entity, 40)}")
