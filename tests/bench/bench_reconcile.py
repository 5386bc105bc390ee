"""10,000 registry entries against 10,000 apps, from the platform's answers in memory to the findings with their mends.

``seconds`` is for a fleet in which one entry of 25 does not fit, ``all_wrong_s`` for one in which nothing does.
"""

from __future__ import annotations

import asyncio
import random
import resource
import sys
import time
import uuid
from typing import Any

from app.core.apps import AppState, AppSummary
from app.schema.drift import Difference
from app.services.reconcile_findings import Facts, findings
from app.services.registry import read_registry
from tests.bench.figures import median

ENTRIES = 10_000
ROUNDS = 5
FOUNDATION = str(uuid.UUID(int=1, version=4))
_TASKS = ENTRIES // 5
_ODD = 25


class _Answers:
    """The platform's answers: decoded JSON, page by page."""

    def __init__(self, rows: dict[str, list[dict[str, Any]]]) -> None:
        self._rows = rows

    async def query(self, _app_id: str, query: dict[str, Any]) -> dict[str, Any]:
        ((entity, body),) = query.items()
        options = body["$"]
        return {entity: self._rows[entity][options["offset"] : options["offset"] + options["limit"]]}


Fleet = tuple[_Answers, tuple[AppSummary, ...], dict[str, tuple[Difference, ...]]]


def measure() -> dict[str, object]:
    print("  making the fleets", file=sys.stderr, flush=True)
    usual, wrong = _fleet(_ODD), _fleet(1)
    before = _rss_mb()
    times: list[float] = []
    wrong_times: list[float] = []
    found = all_found = 0
    for round_ in range(ROUNDS):
        print(f"  round {round_ + 1} of {ROUNDS}", file=sys.stderr, flush=True)
        found = _timed(usual, times)
        all_found = _timed(wrong, wrong_times)
    return {
        "entries": ENTRIES,
        "apps": len(usual[1]),
        "findings": found,
        "seconds": median(times),
        "all_wrong_findings": all_found,
        "all_wrong_s": median(wrong_times),
        "data_mb": before,
        "rss_mb": _rss_mb(),
    }


def _timed(fleet: Fleet, times: list[float]) -> int:
    client, apps, drifts = fleet
    begin = time.perf_counter()
    registry = asyncio.run(read_registry(client, "c", FOUNDATION, 0.0))
    found = findings(Facts(registry, apps, drifts))
    times.append(time.perf_counter() - begin)
    return len(found)


def _fleet(odd: int) -> Fleet:
    """One of ``odd`` entries does not fit, each in one of several ways in turn."""
    dice = random.Random(20_261_121)
    ids = [str(uuid.UUID(int=dice.getrandbits(128), version=4)) for _ in range(ENTRIES)]
    apps = [AppSummary("c", each, f"App {number}", state=AppState.OK.value) for number, each in enumerate(ids)]
    records: list[dict[str, Any]] = []
    databases: list[dict[str, Any]] = []
    tasks: list[dict[str, Any]] = []
    drifts: dict[str, tuple[Difference, ...]] = {}
    for number, app_id in enumerate(ids):
        way = number // odd % 5 if number % odd == 0 else -1
        # Gone from the platform, unlinked, of a user with several apps, named twice, drifted.
        claimed = str(uuid.UUID(int=dice.getrandbits(128), version=4)) if way == 0 else app_id
        if number < _TASKS:
            task = {"id": f"t{number}", "title": f"Task {number}"}
            row = {"id": f"d{number}", "instantAppId": claimed, "name": f"n{number}", "createdAt": 1_790_000_000_000}
            databases.append({**row, "task": [] if way == 1 else [task]})
            tasks.append({**task, "mainDatabase": [{"id": f"d{number}"}]})
        else:
            user = {"id": f"u{number - (way == 2)}", "email": f"user{number - (way == 2)}@example.com"}
            records.append({"id": f"r{number}", "appid": claimed, "$users": [] if way == 1 else [user]})
            if way == 3:
                records.append({"id": f"s{number}", "appid": claimed, "$users": [user]})
        if way == 4:
            drifts[app_id] = (Difference("todos.done is missing.", "todos.done", "attribute"),)
    return _Answers({"app": records, "databases": databases, "tasks": tasks}), tuple(apps), drifts


def _rss_mb() -> float:
    """The most that the process ever held."""
    return round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, 1)
