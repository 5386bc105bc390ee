"""Clients of a real server and of real files."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import pytest

from app.core.activity import ActivityEntry
from app.core.connection import Connection, Environment, Platform
from app.core.secret import Secret
from app.platforms.http_words import HttpPolicy, Tokens
from app.platforms.postgres.client import PostgresClient
from app.platforms.postgres.dsn import Dsn, Place
from tests.support.postgres_server import PostgresServer


@dataclass
class Opened:
    """A client with one database; ``run`` sends statements past the client."""

    client: PostgresClient
    app_id: str
    run: Callable[[str], object]
    activity: list[ActivityEntry] = field(default_factory=list)

    @property
    def told(self) -> list[str]:
        return [entry.path for entry in self.activity]


Opener = Callable[..., Opened]


@pytest.fixture
async def opened() -> AsyncIterator[Callable[[Opened], Opened]]:
    made: list[Opened] = []

    def keep(each: Opened) -> Opened:
        made.append(each)
        return each

    yield keep
    for each in made:
        await each.client.aclose()


@pytest.fixture
def on_server(postgres: PostgresServer, database: str, opened: Callable[[Opened], Opened]) -> Opener:
    def make(
        *,
        is_read_only: bool = False,
        text: str | None = None,
        places: Callable[[str], Awaitable[Place | None]] | None = None,
        connect_timeout_s: float = 10,
    ) -> Opened:
        dsn, password = Dsn.parse(text or postgres.dsn(database))
        policy = HttpPolicy(connect_timeout_s=connect_timeout_s)
        run = partial(postgres.psql, database)
        return opened(_made(dsn, password, database, run, is_read_only, places, policy))

    return make


@pytest.fixture
def on_file(tmp_path: Path, opened: Callable[[Opened], Opened]) -> Opener:
    path = tmp_path / "shop.db"
    sqlite3.connect(path).close()
    path.touch()

    def run(sql: str) -> None:
        connection = sqlite3.connect(path)
        try:
            connection.executescript(sql)
        finally:
            connection.close()

    def make(*, is_read_only: bool = False) -> Opened:
        dsn = Dsn("sqlite", database=str(path), port=0)
        return opened(_made(dsn, None, str(path), run, is_read_only, None))

    return make


def _made(
    dsn: Dsn,
    password: Secret | None,
    app_id: str,
    run: Callable[[str], object],
    is_read_only: bool,
    places: Callable[[str], Awaitable[Place | None]] | None,
    policy: HttpPolicy | None = None,
) -> Opened:
    connection = Connection("c1", "Test", Platform.POSTGRES, dsn.to_text(), Environment.LOCAL, is_read_only)
    activity: list[ActivityEntry] = []
    client = PostgresClient(connection, Tokens(password), activity.append, policy=policy, places=places)
    return Opened(client, app_id, run, activity)


@pytest.fixture
def server(on_server: Opener) -> Opened:
    return on_server()


@pytest.fixture
def file(on_file: Opener) -> Opened:
    return on_file()
