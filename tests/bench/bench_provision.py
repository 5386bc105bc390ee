"""Apps for 1,000 users, from the Todo template, against the fastest bare asyncio loop that makes the same calls."""

from __future__ import annotations

import asyncio
import functools
import re
import sys
import tempfile
import time
import uuid
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from app.bootstrap import build_services
from app.core.connection import TokenKind
from app.schema.formats.instant_wire import defs_from_schema
from app.services.connections import BUILTIN_ID
from app.storage.paths import Profile
from tests.bench.figures import median, percentile

USERS = 1_000
ROUNDS = 3
STALL_ROUNDS = 2
IN_FLIGHT = (8, 16, 24)
_MADE_AT_ONCE = 250


def measure() -> dict[str, object]:
    with tempfile.TemporaryDirectory() as folder:
        figures = asyncio.run(_ratio(Profile.at(Path(folder) / "profile")))
    with tempfile.TemporaryDirectory() as folder:
        return {**figures, **_stalls(Profile.at(Path(folder) / "profile"))}


# Ours against bare loops


async def _ratio(profile: Profile) -> dict[str, object]:
    services = await build_services(profile)
    try:
        await services.local_platform.start()
        await services.directory.refresh([BUILTIN_ID])
        await _ours(services, await _users(services, 50))
        calls = await _calls(services)
        await _bare(calls, await _users(services, 50), 16)
        ours: list[float] = []
        theirs: dict[str, list[float]] = {f"aiohttp, {count} in flight": [] for count in IN_FLIGHT}
        for round_ in range(ROUNDS):
            print(f"  round {round_ + 1} of {ROUNDS}", file=sys.stderr, flush=True)
            ours.append(await _timed(_ours, services, await _users(services, USERS)))
            for count, times in zip(IN_FLIGHT, theirs.values(), strict=True):
                times.append(await _timed(_bare, calls, await _users(services, USERS), count))
        fastest = min(theirs, key=lambda name: median(theirs[name]))
        return {
            "users": USERS,
            "ratio": round(median(ours) / median(theirs[fastest]), 3),
            "ours_s": median(ours),
            "bare_s": median(theirs[fastest]),
            "bare": fastest,
            "all_bare_s": {name: median(times) for name, times in theirs.items()},
        }
    finally:
        await services.aclose()


async def _timed(run: Callable[..., Awaitable[object]], *arguments: Any) -> float:
    begin = time.perf_counter()
    await run(*arguments)
    return time.perf_counter() - begin


async def _users(services: Any, count: int) -> list[str]:
    """New users of the foundation, without an app."""
    writer = await services.foundation.writer(BUILTIN_ID)
    client = writer._client
    ids = [str(uuid.uuid4()) for _ in range(count)]
    for start in range(0, count, _MADE_AT_ONCE):
        steps = [["update", "$users", each, {"email": f"{each}@example.com"}] for each in ids[start:][:_MADE_AT_ONCE]]
        await client.transact(writer.foundation_app_id, steps, is_repeatable=True)
    return ids


async def _ours(services: Any, user_ids: Sequence[str]) -> None:
    done = await services.provisioning.create_many(BUILTIN_ID, [(each, "todo", "A list") for each in user_ids])
    failed = [each.error for each in done if each.error is not None]
    assert not failed, failed[0]


@dataclass(frozen=True)
class _Calls:
    """What a bare loop needs to make the calls that ours makes."""

    base_url: str
    headers: dict[str, str]
    foundation: str
    defs: dict[str, Any]


async def _calls(services: Any) -> _Calls:
    connection = services.connections.find(BUILTIN_ID)
    token = await services.tokens.get(BUILTIN_ID, TokenKind.PLATFORM)
    headers = {"Authorization": f"Bearer {token.reveal()}"}
    template = services.templates.get("todo")
    calls = _Calls(connection.base_url, headers, connection.foundation_app_id, defs_from_schema(template.schema))
    seen: Counter[str] = Counter()
    end = services.activity.subscribe(lambda each: seen.update([_kind(each.method, each.path)]))
    await _ours(services, await _users(services, 1))
    end()
    # One transaction made the user. The bare loop below must not fall behind what this is.
    expected = {"GET schema": 1, "POST query": 1, "POST apps": 1, "POST apply": 1, "POST transact": 3}
    assert seen == expected, seen
    return calls


def _kind(method: str, path: str) -> str:
    return f"{method} {re.split('/', path)[-1]}"


async def _bare(calls: _Calls, user_ids: Sequence[str], in_flight: int) -> None:
    import aiohttp

    waiting = iter(user_ids)
    of_foundation = {"app-id": calls.foundation}

    async with aiohttp.ClientSession(calls.base_url, headers=calls.headers) as session:

        async def post(path: str, body: Any, headers: dict[str, str] | None = None) -> None:
            async with session.post(path, json=body, headers=headers) as answer:
                assert answer.status == 200, await answer.text()
                await answer.json()

        async def work() -> None:
            for user_id in waiting:
                app_id, record_id = str(uuid.uuid4()), str(uuid.uuid4())
                app_of_user = {"$": {"where": {"id": user_id}}, "app": {"$": {"fields": ["appid"]}}}
                record = {"$": {"where": {"id": record_id}}, "$users": {"$": {"fields": ["id"]}}}
                await post("/admin/query", {"query": {"$users": app_of_user, "app": record}}, of_foundation)
                made = {"id": app_id, "title": "A list", "admin_token": str(uuid.uuid4())}
                await post("/dash/apps", made)
                push = {"schema": calls.defs, "check_types": True, "supports_background_updates": True}
                await post(f"/superadmin/apps/{app_id}/schema/push/apply", push)
                for step in (
                    ["update", "app", record_id, {"appid": app_id}],
                    ["link", "app", record_id, {"$users": user_id}],
                ):
                    await post("/admin/transact", {"steps": [step], "throw-on-missing-attrs?": True}, of_foundation)

        async with session.get(f"/superadmin/apps/{calls.foundation}/schema") as answer:
            await answer.json()
        await asyncio.gather(*(work() for _ in range(in_flight)))


# The window meanwhile


def _stalls(profile: Profile) -> dict[str, object]:
    from PySide6.QtWidgets import QApplication

    from app.services.engine import Engine
    from app.storage.last_known import LastKnownReader
    from app.ui.program.application import Start, make_application
    from tests.bench.bench_stalls import lateness_during, until, wait_for

    application = QApplication.instance() or make_application(["bench"])
    profile.make()
    reader = LastKnownReader(profile.database_path)
    engine = Engine(functools.partial(build_services, profile))
    start = Start(application, profile, reader, engine)
    start.begin()
    users: list[list[str]] = []

    async def opened(services: Any) -> None:
        await services.local_platform.start()
        await services.directory.refresh([BUILTIN_ID])
        await _ours(services, await _users(services, 50))
        users.extend([await _users(services, USERS) for _ in range(STALL_ROUNDS)])

    async def provisioned(services: Any) -> None:
        await _ours(services, users.pop())

    until(lambda: engine.is_running)
    wait_for(engine.submit(opened))
    lateness: list[float] = []
    taken: list[float] = []
    for round_ in range(STALL_ROUNDS):
        print(f"  beside the window, round {round_ + 1} of {STALL_ROUNDS}", file=sys.stderr, flush=True)
        begin = time.perf_counter()
        lateness += lateness_during(engine.submit(provisioned))
        taken.append(time.perf_counter() - begin)
    start.window.close()
    until(lambda: not engine.is_running)
    return {
        "stall_p99_ms": percentile(lateness, 99),
        "stall_max_ms": round(max(lateness), 2),
        "ours_beside_the_window_s": median(taken),
    }
