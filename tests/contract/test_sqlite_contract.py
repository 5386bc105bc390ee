"""The platform contract against SQLite files."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from app.core.connection import Connection, Environment, Platform
from app.core.errors import NotFound
from app.core.status import Health
from app.platforms.contract import PlatformClient
from app.platforms.http_words import Tokens
from app.platforms.registry import make_client
from app.schema.formats.sql_types import type_of
from app.schema.model import Attribute
from tests.contract.sql_contract import SqlContract, todo

pytestmark = pytest.mark.timeout(60)


@pytest.fixture
def connection(tmp_path: Path) -> Connection:
    path = tmp_path / "own.db"
    path.touch()
    return Connection("c1", "File", Platform.POSTGRES, f"sqlite:///{path}", Environment.LOCAL)


@pytest.fixture
def tokens() -> Tokens:
    return Tokens()


class TestSqliteContract(SqlContract):
    todo = todo("sqlite")
    changed = Attribute("done", type_of("boolean", dialect="sqlite"), is_indexed=True)
    note = Attribute("note", type_of("text", dialect="sqlite"), is_unique=True)

    @pytest.fixture
    async def client(self, connection: Connection, tokens: Tokens) -> AsyncIterator[PlatformClient]:
        made = make_client(connection, tokens, lambda _entry: None)
        yield made
        await made.aclose()


@pytest.mark.parametrize("more", [".gone", "ünïcödé " * 700], ids=["gone", "longer than any name"])
async def test_client_of_a_file_that_is_not_there_says_so(connection: Connection, more: str) -> None:
    gone = replace(connection, base_url=f"{connection.base_url}{more}")
    client = make_client(gone, Tokens(), lambda _entry: None)
    try:
        assert (await client.probe()).health is Health.UNREACHABLE
        with pytest.raises(NotFound):
            await client.list_apps()
    finally:
        await client.aclose()


async def test_files_beside_the_own_one_are_apps(connection: Connection, tmp_path: Path) -> None:
    client = make_client(connection, Tokens(), lambda _entry: None)
    try:
        made = await client.create_app("it's a 🐘", app_id="mark")
        assert made.app_id == str(tmp_path / "it's a 🐘.db")
        assert [each.app_id for each in await client.list_apps()] == [str(tmp_path / "own.db"), made.app_id]
        assert (tmp_path / "it's a 🐘.db").stat().st_mode & 0o077 == 0
    finally:
        await client.aclose()
