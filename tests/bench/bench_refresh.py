"""A refresh of 1,000 apps with their schemas over HTTP, against the fastest bare asyncio loop with the same calls."""

from __future__ import annotations

import asyncio
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import httpx

from app.bootstrap import build_services
from app.core.activity import ActivityEntry
from app.core.connection import TokenKind
from app.services.connections import BUILTIN_ID
from app.storage.paths import Profile
from tests.bench.figures import median
from tests.bench.filled_platform import fill

APPS = 1_000
ROUNDS = 5
# httpx's own pool slows down with the number of open connections: the bare loop may choose what suits it best.
IN_FLIGHT = (8, 16, 24)

Calls = list[tuple[str, str]]


def measure() -> dict[str, object]:
    with tempfile.TemporaryDirectory() as folder:
        profile = Profile.at(Path(folder) / "profile")
        print("  filling the platform", file=sys.stderr, flush=True)
        fill(profile, APPS)
        return asyncio.run(_measure(profile))


async def _measure(profile: Profile) -> dict[str, object]:
    services = await build_services(profile)
    try:
        await services.local_platform.start()
        # The first refresh warms both sides; the one that the opening runs is joined.
        await services.directory.refresh([BUILTIN_ID])
        calls = await _calls_of(services)
        connection = services.connections.find(BUILTIN_ID)
        token = await services.tokens.get(BUILTIN_ID, TokenKind.PLATFORM)
        assert connection is not None
        assert token is not None
        headers = {"Authorization": f"Bearer {token.reveal()}"}
        foundation = {**headers, "app-id": connection.foundation_app_id or ""}
        bare = {
            f"httpx, {count} in flight": lambda count=count: _httpx(
                connection.base_url, headers, foundation, calls, count
            )
            for count in IN_FLIGHT
        }
        bare |= {
            f"aiohttp, {count} in flight": lambda count=count: _aiohttp(
                connection.base_url, headers, foundation, calls, count
            )
            for count in IN_FLIGHT
        }
        ours: list[float] = []
        theirs: dict[str, list[float]] = {name: [] for name in bare}
        for round_ in range(ROUNDS):
            print(f"  round {round_ + 1} of {ROUNDS}", file=sys.stderr, flush=True)
            ours.append(await _timed(lambda: services.directory.refresh([BUILTIN_ID])))
            for name, run in bare.items():
                theirs[name].append(await _timed(run))
        fastest = min(theirs, key=lambda name: median(theirs[name]))
        return {
            "apps": APPS,
            "calls": len(calls),
            "ratio": round(median(ours) / median(theirs[fastest]), 3),
            "ours_s": median(ours),
            "bare_s": median(theirs[fastest]),
            "bare": fastest,
            "all_bare_s": {name: median(times) for name, times in theirs.items()},
        }
    finally:
        await services.aclose()


async def _timed(run: Callable[[], Awaitable[object]]) -> float:
    begin = time.perf_counter()
    await run()
    return time.perf_counter() - begin


async def _calls_of(services: object) -> Calls:
    """What one refresh really sends, as the activity log saw it."""
    seen: list[ActivityEntry] = []
    end = services.activity.subscribe(seen.append)
    await services.directory.refresh([BUILTIN_ID])
    end()
    return [(each.method, each.path) for each in seen if each.connection_id == BUILTIN_ID]


_QUERY = {"query": {"$users": {"app": {}}, "databases": {"task": {}}}}


async def _httpx(
    base_url: str, headers: dict[str, str], foundation: dict[str, str], calls: Calls, in_flight: int
) -> None:
    waiting = iter(calls)
    limits = httpx.Limits(max_connections=in_flight, max_keepalive_connections=in_flight)
    async with httpx.AsyncClient(base_url=base_url, headers=headers, limits=limits, timeout=60) as client:

        async def work() -> None:
            for method, path in waiting:
                if method == "POST":
                    answer = await client.post(path, json=_QUERY, headers=foundation)
                else:
                    answer = await client.get(path)
                answer.json()

        await asyncio.gather(*(work() for _ in range(in_flight)))


async def _aiohttp(
    base_url: str, headers: dict[str, str], foundation: dict[str, str], calls: Calls, in_flight: int
) -> None:
    import aiohttp

    waiting = iter(calls)
    async with aiohttp.ClientSession(base_url, headers=headers) as session:

        async def work() -> None:
            for method, path in waiting:
                if method == "POST":
                    request = session.post(path, json=_QUERY, headers=foundation)
                else:
                    request = session.get(path)
                async with request as answer:
                    await answer.json()

        await asyncio.gather(*(work() for _ in range(in_flight)))
