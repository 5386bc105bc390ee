"""Two large schemas compared by ours and by ``diffSchemas`` + ``convertTxSteps`` of ``@instantdb/platform`` in Node.

1,000 entities of 20 attributes with 1,500 links, 5 % of the parts changed. Both sides start from schemas in memory
and end with ordered steps, after the same number of warm rounds. ``growth`` is how much the time of ours grows from
10 to 3,000 entities, as a share of n log n: 1 is exactly that, less is better.
"""

from __future__ import annotations

import gc
import json
import math
import random
import subprocess
import sys
import tempfile
import time
import uuid
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from app.schema.compare import compare
from app.schema.formats.instant_form import canonical
from app.schema.formats.instant_wire import defs_from_schema
from app.schema.model import Attribute, Entity, Link, LinkEnd, Schema
from app.schema.types import AnyType, BooleanType, DateType, NumberType, StringType, Type
from tests.bench.figures import median

ENTITIES, ATTRIBUTES, LINKS = 1_000, 20, 1_500
CHANGED = 0.05
ROUNDS = 15
SIZES = (10, 30, 100, 300, 1_000, 3_000)
JUDGES = Path(__file__).parent.parent / "judge"
NODE = Path(sys.executable).parent / "node"
# Fresh ones each time, as a reader of files or of the wire may make them: no two parts are the same object.
TYPES: tuple[type[Type], ...] = (StringType, NumberType, BooleanType, DateType, AnyType)


@dataclass(frozen=True)
class Pair:
    before: Schema
    after: Schema


def measure() -> dict[str, object]:
    pair = _pair(ENTITIES)
    ours, theirs = _ours(pair), _theirs(pair)
    by_size = {size: median(_ours(_pair(size), _rounds(size))) for size in SIZES}
    small, large = SIZES[0], SIZES[-1]
    expected = (large * math.log(large)) / (small * math.log(small))
    plan = compare(pair.before, pair.after)
    return {
        "entities": ENTITIES,
        "attributes": ENTITIES * ATTRIBUTES,
        "links": LINKS,
        "steps": len(plan),
        "ours_ms": median(ours, 1),
        "theirs_ms": median(theirs["times"], 1),
        "theirs_steps": theirs["steps"],
        "speedup": round(median(theirs["times"]) / median(ours), 2),
        "growth": round(by_size[large] / by_size[small] / expected, 2),
        "ms_by_entities": by_size,
    }


def _rounds(size: int) -> int:
    return max(ROUNDS, 3_000 // size)


def _ours(pair: Pair, rounds: int = ROUNDS) -> list[float]:
    times = []
    for _ in range(rounds + 3):
        # A collection of what the round before left behind is no part of this one.
        gc.collect()
        begin = time.perf_counter()
        compare(pair.before, pair.after)
        times.append((time.perf_counter() - begin) * 1000)
    return times[3:]


def _theirs(pair: Pair) -> dict[str, Any]:
    task = {
        "before": defs_from_schema(pair.before),
        "after": defs_from_schema(pair.after),
        "attrs": _wire_attributes(pair.before),
        "rounds": ROUNDS,
    }
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "task.json"
        file.write_text(json.dumps(task))
        command = [str(NODE), str(JUDGES / "js" / "compare.mjs"), str(file)]
        done = subprocess.run(command, cwd=JUDGES, capture_output=True, text=True, check=True, timeout=300)
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def _wire_attributes(schema: Schema) -> list[dict[str, Any]]:
    """What ``convertTxSteps`` looks IDs up in."""
    places = [(each.name, part.name) for each in schema.entities for part in each.attributes]
    places += [(each.name, "id") for each in schema.entities]
    places += [(each.forward.entity, each.forward.label) for each in schema.links]
    return [{"id": str(uuid.uuid4()), "forward-identity": [str(uuid.uuid4()), *place]} for place in places]


# The schemas


def _pair(entities: int) -> Pair:
    """Made twice, so that equal parts are not the same objects; nothing is renamed, which theirs would ask about."""
    links = entities * LINKS // ENTITIES
    before, again = (_schema(random.Random(7), entities, links) for _ in range(2))
    return Pair(canonical(before), canonical(_changed(random.Random(8), again)))


def _schema(rng: random.Random, entities: int, links: int) -> Schema:
    made = tuple(
        Entity(f"entity{number:04}", tuple(_attribute(rng, at) for at in range(ATTRIBUTES)))
        for number in range(entities)
    )
    return Schema(made, tuple(_link(rng, at, entities) for at in range(links)))


def _attribute(rng: random.Random, number: int) -> Attribute:
    return Attribute(f"attribute{number:02}", rng.choice(TYPES)(), *(rng.random() < 0.2 for _ in range(3)))


def _link(rng: random.Random, number: int, entities: int) -> Link:
    forward, reverse = (f"entity{rng.randrange(entities):04}" for _ in range(2))
    return Link(
        f"link{number:04}",
        LinkEnd(forward, f"to{number:04}", rng.choice(("one", "many"))),
        LinkEnd(reverse, f"from{number:04}", rng.choice(("one", "many"))),
    )


def _changed(rng: random.Random, schema: Schema) -> Schema:
    """5 % of the attributes and links: most change, some go, and as many come."""
    entities = tuple(replace(each, attributes=tuple(_attributes(rng, each))) for each in schema.entities)
    links = tuple(_relinked(rng, each) for each in schema.links if rng.random() > CHANGED / 4)
    return Schema(entities, links)


def _attributes(rng: random.Random, entity: Entity) -> list[Attribute]:
    kept = []
    for each in entity.attributes:
        chance = rng.random()
        if chance < CHANGED / 4:
            continue
        kept.append(replace(each, is_indexed=not each.is_indexed) if chance < CHANGED else each)
    if rng.random() < CHANGED * ATTRIBUTES / 4:
        # Where one went: theirs would ask whether the new one is a rename.
        kept.append(Attribute("attribute99", StringType()))
    return kept


def _relinked(rng: random.Random, link: Link) -> Link:
    if rng.random() >= CHANGED:
        return link
    return replace(link, forward=replace(link.forward, has="one" if link.forward.has == "many" else "many"))
