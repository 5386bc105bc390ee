"""The script of a schema makes that very schema, on a real server and in a real file."""

from __future__ import annotations

import random
import sqlite3

import psycopg
import pytest

from app.platforms.postgres.reading import read_through
from app.schema.formats.sql import parse, render
from tests.support.postgres_server import PostgresServer
from tests.support.random_sql import random_sql_schema

SEEDS = range(25)


def test_script_makes_its_schema_on_a_server(postgres: PostgresServer, database: str) -> None:
    with psycopg.connect(postgres.dsn(database)) as connection:
        for seed in SEEDS:
            schema = random_sql_schema(random.Random(seed), tables=6)
            connection.execute("SET search_path = public")
            connection.execute(render(schema).encode())
            assert read_through(connection).schema == schema, seed
            assert parse(render(schema)).schema == schema, seed
            connection.rollback()


@pytest.mark.parametrize("seed", SEEDS)
def test_script_makes_its_schema_in_a_file(seed: int) -> None:
    schema = random_sql_schema(random.Random(seed), "sqlite", tables=6)
    connection = sqlite3.connect(":memory:")
    connection.executescript(render(schema, "sqlite"))
    assert read_through(connection).schema == schema
    connection.close()
