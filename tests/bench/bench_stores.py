"""A check of 1,000 workspaces' stores, against as many bare connects with the same concurrency in the same run.

Twenty real databases hold the stores: a thousand would take 8 GB and say the same. ``ratio`` is that of a check of all
whose tables and sizes are known, which are counted again every ten minutes; ``first_ratio`` that of one which counts.
"""

from __future__ import annotations

import asyncio
import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import psycopg

from app.core.connection import Connection, Environment, Platform
from app.platforms.contract import StoreHealth
from app.platforms.http_words import HttpPolicy, Tokens
from app.platforms.postgres.client import PostgresClient
from app.platforms.postgres.dsn import Dsn, Place
from tests.bench.figures import median
from tests.support.postgres_server import PostgresServer, postgres_server

STORES, DATABASES, CONCURRENCY = 1_000, 20, 20
# Taken in turns, so that what else the machine does falls on both.
PIECE, ROUNDS = 100, 3


def measure() -> dict[str, float]:
    # As servers have it; the tests' server saves the time.
    with postgres_server(scram_iterations="4096") as server:
        for number in range(DATABASES):
            server.create_database(f"store{number}")
        return asyncio.run(_measured(server))


async def _measured(server: PostgresServer) -> dict[str, float]:
    dsn, password = Dsn.parse(server.dsn())
    app_ids = [f"localhost:{server.port}/{number}" for number in range(STORES)]

    async def places(app_id: str) -> Place:
        number = int(app_id.rpartition("/")[2]) % DATABASES
        return Place(dsn.with_database(f"store{number}"), password)

    connection = Connection("bench", "Bench", Platform.POSTGRES, dsn.to_text(), Environment.LOCAL)
    policy = HttpPolicy(max_in_flight=CONCURRENCY)
    client = PostgresClient(connection, Tokens(password), lambda _entry: None, policy=policy, places=places)
    known: dict[str, StoreHealth] = {}
    try:
        await client.probe()
        await _bare(server)
        first, *rest = [await _round(server, client, app_ids, known) for _ in range(1 + ROUNDS)]
    finally:
        await client.aclose()
    pairs = [pair for each in rest for pair in each]
    return {
        "check_ms": round(sum(check for check, _ in pairs) / ROUNDS * 1000, 1),
        "connect_ms": round(sum(connect for _, connect in pairs) / ROUNDS * 1000, 1),
        "first_ratio": median([check / connect for check, connect in first]),
        "ratio": median([check / connect for check, connect in pairs]),
    }


async def _round(
    server: PostgresServer, client: PostgresClient, app_ids: list[str], known: dict[str, StoreHealth]
) -> list[tuple[float, float]]:
    """Seconds of a check and of bare connects, by turns."""
    return [
        (await _checked(client, app_ids[first : first + PIECE], known), await _bare(server))
        for first in range(0, STORES, PIECE)
    ]


async def _checked(client: PostgresClient, app_ids: list[str], known: dict[str, StoreHealth]) -> float:
    begin = time.perf_counter()
    found = await asyncio.gather(*(client.check(each, known=known.get(each)) for each in app_ids))
    seconds = time.perf_counter() - begin
    assert all(each.is_reachable and each.tables == 0 for each in found)
    known.update(zip(app_ids, found, strict=True))
    return seconds


async def _bare(server: PostgresServer) -> float:
    texts = [server.dsn(f"store{number % DATABASES}") for number in range(PIECE)]
    loop = asyncio.get_running_loop()
    with ThreadPoolExecutor(CONCURRENCY) as threads:
        begin = time.perf_counter()
        await asyncio.gather(*(loop.run_in_executor(threads, partial(_connect, text)) for text in texts))
        return time.perf_counter() - begin


def _connect(text: str) -> None:
    psycopg.connect(text).close()
