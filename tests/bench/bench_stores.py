"""A check of 1,000 workspaces' stores, against as many bare connects with the same concurrency in the same run.

Twenty real databases hold the stores: a thousand would take 8 GB and say the same.
"""

from __future__ import annotations

import asyncio
import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import psycopg

from app.core.connection import Connection, Environment, Platform
from app.platforms.http import HttpPolicy, Tokens
from app.platforms.postgres.client import PostgresClient
from app.platforms.postgres.dsn import Dsn, Place
from tests.bench.figures import median
from tests.support.postgres_server import PostgresServer, postgres_server

STORES, DATABASES, CONCURRENCY = 1_000, 20, 20
# Taken in turns, so that what else the machine does falls on both.
PIECE, ROUNDS = 100, 3


def measure() -> dict[str, float]:
    with postgres_server() as server:
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
    try:
        await client.probe()
        await _bare(server)
        checks, connects = [], []
        for first in list(range(0, STORES, PIECE)) * ROUNDS:
            checks.append(await _checked(client, app_ids[first : first + PIECE]))
            connects.append(await _bare(server))
    finally:
        await client.aclose()
    return {
        "check_ms": round(sum(checks) / ROUNDS * 1000, 1),
        "connect_ms": round(sum(connects) / ROUNDS * 1000, 1),
        "ratio": median([check / connect for check, connect in zip(checks, connects, strict=True)]),
    }


async def _checked(client: PostgresClient, app_ids: list[str]) -> float:
    begin = time.perf_counter()
    found = await asyncio.gather(*map(client.check, app_ids))
    seconds = time.perf_counter() - begin
    assert all(each.is_reachable and each.tables == 0 for each in found)
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
