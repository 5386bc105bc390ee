"""``instant.schema.ts`` of 1,000 entities × 20 attributes and 1,500 links: read, written, and changed in place."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace

from app.schema.model import Attribute, Entity, Link, LinkEnd, Schema
from app.schema.types import BooleanType, DateType, JsonType, NumberType, StringType
from tests.bench.figures import median

ENTITIES, ATTRIBUTES, LINKS = 1_000, 20, 1_500
ROUNDS = 7
TYPES = (StringType(), NumberType(), BooleanType(), DateType(), JsonType())


def measure() -> dict[str, float]:
    from app.schema.formats.instant_ts import edit, parse, render

    schema = sample()
    text = render(schema)
    wanted = changed(schema)
    assert parse(edit(text, wanted)).schema.normalised() == wanted.normalised()
    return {
        "kilobytes": round(len(text) / 1000),
        "parse_ms": _median(lambda: parse(text)),
        "render_ms": _median(lambda: render(schema)),
        # Reading the text is part of it: an edit starts from the text alone.
        "edit_ms": _median(lambda: edit(text, wanted)),
    }


def _median(act: Callable[[], object]) -> float:
    times = []
    for _ in range(ROUNDS):
        begin = time.perf_counter()
        act()
        times.append((time.perf_counter() - begin) * 1000)
    return median(times, 1)


def sample() -> Schema:
    """The same each time; every combination of type and flags occurs."""
    entities = tuple(
        Entity(f"entity{number}", tuple(_attribute(number + at, at) for at in range(ATTRIBUTES)))
        for number in range(ENTITIES)
    )
    return Schema(entities, tuple(map(_link, range(LINKS))))


def _attribute(seed: int, at: int) -> Attribute:
    return Attribute(f"attribute{at}", TYPES[seed % 5], seed % 2 == 0, seed % 3 == 0, seed % 7 == 0)


def _link(number: int) -> Link:
    forward = LinkEnd(f"entity{number % ENTITIES}", f"to{number}", "one")
    reverse = LinkEnd(f"entity{number * 7 % ENTITIES}", f"from{number}", "many")
    return Link(f"entity{number % ENTITIES}To{number}", forward, reverse)


def changed(schema: Schema) -> Schema:
    """One attribute added and one changed in every hundredth entity."""
    entities = list(schema.entities)
    for at in range(0, len(entities), 100):
        first, *rest = entities[at].attributes
        parts = (replace(first, is_indexed=not first.is_indexed), *rest, Attribute("added", StringType()))
        entities[at] = replace(entities[at], attributes=parts)
    return replace(schema, entities=tuple(entities))
