"""Made-up inventories of any size, the same on every run."""

from __future__ import annotations

import random
import uuid

from app.core.apps import AppKind, AppState, AppSummary

FIRST = [
    "calm",
    "swift",
    "bright",
    "quiet",
    "bold",
    "amber",
    "violet",
    "silver",
    "rapid",
    "gentle",
    "lucky",
    "noble",
    "polar",
    "rusty",
    "sunny",
    "vivid",
]
SECOND = [
    "green",
    "blue",
    "red",
    "white",
    "black",
    "orange",
    "copper",
    "ivory",
    "cobalt",
    "scarlet",
    "indigo",
    "jade",
    "coral",
    "umber",
    "ochre",
    "teal",
]
THIRD = [
    "delta",
    "river",
    "mountain",
    "harbour",
    "meadow",
    "canyon",
    "glacier",
    "lagoon",
    "prairie",
    "summit",
    "valley",
    "forest",
    "island",
    "bay",
]
KINDS = (AppKind.TENANT, AppKind.TENANT, AppKind.TENANT, AppKind.TASK, AppKind.OTHER)
STATES = (AppState.OK,) * 8 + (AppState.DRIFTED, AppState.UNOWNED)


def sample_apps(connection_id: str, count: int) -> tuple[AppSummary, ...]:
    dice = random.Random(20_261_121)
    return tuple(_sample_app(connection_id, number, dice) for number in range(count))


def _sample_app(connection_id: str, number: int, dice: random.Random) -> AppSummary:
    words = (dice.choice(FIRST), dice.choice(SECOND), dice.choice(THIRD))
    return AppSummary(
        connection_id=connection_id,
        app_id=str(uuid.UUID(int=dice.getrandbits(128), version=4)),
        title="-".join(words),
        owner=f"{words[0]}.{words[2]}{number}@example.com",
        kind=dice.choice(KINDS).value,
        state=dice.choice(STATES).value,
        agents=dice.randrange(9),
        created_at=1_790_000_000 + number,
        seen_at=1_795_000_000,
    )
