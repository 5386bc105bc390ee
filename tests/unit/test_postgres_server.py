"""The PostgreSQL that other tests stand on."""

from __future__ import annotations

import psycopg
import pytest

from tests.support.postgres_server import PostgresServer


def test_server_answers_only_with_its_password(postgres: PostgresServer, database: str) -> None:
    with psycopg.connect(postgres.dsn(database)) as connection:
        assert connection.execute("SELECT current_database()").fetchone() == (database,)
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(postgres.dsn(database, password="another"))


def test_psql_tells_what_is_wrong(postgres: PostgresServer, database: str) -> None:
    assert postgres.psql(database, "SELECT 1; SELECT 'two'") == "1\ntwo"
    with pytest.raises(RuntimeError, match="does not exist"):
        postgres.psql(database, "SELECT * FROM nothing")
