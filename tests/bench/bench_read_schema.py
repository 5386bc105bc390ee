"""The schema of 5,000 tables × 12 columns, against ``pg_dump --schema-only`` of the same database in the same run."""

from __future__ import annotations

import asyncio
import os
import resource
import subprocess
import time

from app.core.connection import Connection, Environment, Platform
from app.platforms.http_words import Tokens
from app.platforms.postgres.client import PostgresClient
from app.platforms.postgres.dsn import Dsn
from tests.bench.figures import median
from tests.support.postgres_server import PostgresServer, postgres_server

TABLES, AT_ONCE = 5_000, 250
ROUNDS = 5
_TABLE = """CREATE TABLE {name} (id bigserial PRIMARY KEY, name text NOT NULL, email varchar(120), parent bigint,
  amount numeric(12,2) DEFAULT 0, is_open boolean NOT NULL DEFAULT true, data jsonb NOT NULL DEFAULT '{{}}'::jsonb,
  tags text[], created_at timestamptz NOT NULL DEFAULT now(), updated_at timestamp, kind varchar(20) DEFAULT 'plain',
  token uuid UNIQUE {parent});
CREATE INDEX ON {name} (email);"""


def measure() -> dict[str, float]:
    with postgres_server() as server:
        fill(server)
        return asyncio.run(_measured(server))


def fill(server: PostgresServer, tables: int = TABLES) -> None:
    server.create_database("big")
    for first in range(0, tables, AT_ONCE):
        texts = [_table(number) for number in range(first, min(first + AT_ONCE, tables))]
        server.psql("big", "\n".join(["BEGIN;", *texts, "COMMIT;"]))
    server.psql("big", "VACUUM ANALYZE")


def _table(number: int) -> str:
    parent = f", FOREIGN KEY (parent) REFERENCES t{number - 1} ON DELETE CASCADE" if number else ""
    return _TABLE.format(name=f"t{number}", parent=parent)


async def _measured(server: PostgresServer) -> dict[str, float]:
    dsn, password = Dsn.parse(server.dsn("big"))
    connection = Connection("bench", "Bench", Platform.POSTGRES, dsn.to_text(), Environment.LOCAL)
    client = PostgresClient(connection, Tokens(password), lambda _entry: None)
    try:
        # What is imported and asked once does not count; neither does the server's cold cache.
        await client.probe()
        _dump(server)
        reads, dumps = [], []
        for _ in range(ROUNDS):
            begin = time.perf_counter()
            schema = await client.read_schema("big")
            reads.append(time.perf_counter() - begin)
            dumps.append(_dump(server))
        assert len(schema.entities) == TABLES
        assert sum(len(each.attributes) for each in schema.entities) == TABLES * 12
        assert len(schema.links) == TABLES - 1
    finally:
        await client.aclose()
    return {
        "read_ms": median([each * 1000 for each in reads], 1),
        "pg_dump_ms": median([each * 1000 for each in dumps], 1),
        "ratio": median([read / dump for read, dump in zip(reads, dumps, strict=True)]),
        "rss_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, 1),
    }


def _dump(server: PostgresServer) -> float:
    environment = {**os.environ, **server.environment("big")}
    begin = time.perf_counter()
    subprocess.run([server.binaries / "pg_dump", "--schema-only", "-f", os.devnull], check=True, env=environment)
    return time.perf_counter() - begin
