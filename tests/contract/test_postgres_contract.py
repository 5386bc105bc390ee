"""The platform contract against a real PostgreSQL."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from app.core.connection import Connection, Environment, Platform
from app.core.secret import Secret
from app.core.status import Health
from app.platforms.contract import PlatformClient
from app.platforms.http_words import Tokens
from app.platforms.registry import make_client
from app.schema.formats.sql_types import type_of
from app.schema.model import Attribute
from tests.contract.sql_contract import SqlContract, todo
from tests.support.postgres_server import PostgresServer

pytestmark = pytest.mark.timeout(60)


@pytest.fixture
def connection(postgres: PostgresServer) -> Connection:
    return Connection(
        "c1", "Server", Platform.POSTGRES, postgres.dsn("postgres", with_password=False), Environment.LOCAL
    )


@pytest.fixture
def tokens(postgres: PostgresServer) -> Tokens:
    return Tokens(Secret(postgres.password))


class TestPostgresContract(SqlContract):
    todo = todo("postgresql")
    changed = Attribute("done", type_of("boolean"), is_indexed=True)
    note = Attribute("note", type_of("text"), is_unique=True)

    @pytest.fixture
    async def client(self, connection: Connection, tokens: Tokens) -> AsyncIterator[PlatformClient]:
        made = make_client(connection, tokens, lambda _entry: None)
        yield made
        await made.aclose()


async def test_client_with_a_wrong_password_is_unauthorised(connection: Connection) -> None:
    client = make_client(connection, Tokens(Secret("wrong")), lambda _entry: None)
    assert (await client.probe()).health is Health.UNAUTHORISED
    await client.aclose()


async def test_client_logs_in_with_every_special_character(postgres: PostgresServer, connection: Connection) -> None:
    password = " p@ss:w/ö?r#d%\\\"' $x "
    literal = password.replace("'", "''")
    postgres.psql("postgres", f"CREATE ROLE \"odd @:/ rôle\" LOGIN PASSWORD '{literal}'")
    from app.platforms.postgres.dsn import Dsn

    base_url = Dsn.parse(postgres.dsn("postgres", user="odd @:/ rôle", with_password=False))[0].to_text()
    odd = Connection("c2", "Odd", Platform.POSTGRES, base_url, Environment.LOCAL)
    client = make_client(odd, Tokens(Secret(password)), lambda _entry: None)
    try:
        assert (await client.probe()).health is Health.UP
    finally:
        await client.aclose()
        postgres.psql("postgres", 'DROP ROLE "odd @:/ rôle"')


async def test_database_named_with_quotes_and_emoji_is_an_app_like_any_other(
    connection: Connection, tokens: Tokens
) -> None:
    client = make_client(connection, tokens, lambda _entry: None)
    name = 'it\'s "a" 🐘/b:5432/%c'
    try:
        made = await client.create_app(name, app_id="mark")
        assert made.app_id == name
        assert name in [each.app_id for each in await client.list_apps()]
        assert (await client.read_schema(name)).entities == ()
        assert (await client.get_app(name)).title == name
        await client.delete_app(name)
        assert name not in [each.app_id for each in await client.list_apps()]
    finally:
        await client.aclose()
