"""The law of a push, on a real server and in real files: what is compared and pushed is what is read back."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import NamedTuple

import pytest
from hypothesis import HealthCheck, Phase, assume, given, settings

from app.core.connection import Connection, Environment, Platform
from app.platforms.contract import LiveSchema
from app.platforms.http_words import Tokens
from app.platforms.postgres.client import PostgresClient
from app.platforms.postgres.dsn import Dsn
from app.platforms.postgres.facets import is_key
from app.schema.compare import Plan, Renames, compare
from app.schema.draft import Draft
from app.schema.model import Schema
from tests.support.postgres_server import PostgresServer
from tests.support.random_sql import sql_edits
from tests.support.random_sql_changes import sql_changes

pytestmark = pytest.mark.timeout(300)

_EMPTY = """DO $$ DECLARE one record; BEGIN
FOR one IN SELECT nspname FROM pg_namespace WHERE nspname !~ '^pg_' AND nspname <> 'information_schema' LOOP
EXECUTE format('DROP SCHEMA %I CASCADE', one.nspname); END LOOP; END $$; CREATE SCHEMA public;
CREATE TYPE mood AS ENUM ('sad', 'ok', 'happy')"""
LAW = settings(
    max_examples=20,
    deadline=None,
    derandomize=True,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large],
)

NO_RENAMES = Renames()


class Target(NamedTuple):
    """A database that the laws push to; ``empty`` takes away what an earlier example left."""

    client: PostgresClient
    app_id: str
    empty: Callable[[], object]


def make_client(dsn: Dsn, tokens: Tokens) -> PostgresClient:
    platform = Connection("c1", "Test", Platform.POSTGRES, dsn.to_text(), Environment.LOCAL)
    return PostgresClient(platform, tokens, lambda _entry: None)


@pytest.fixture
async def server(postgres: PostgresServer, database: str) -> AsyncIterator[Target]:
    dsn, password = Dsn.parse(postgres.dsn(database))
    client = make_client(dsn, Tokens(password))
    yield Target(client, database, lambda: postgres.psql(database, _EMPTY))
    await client.aclose()


@pytest.fixture
async def file(tmp_path: Path) -> AsyncIterator[Target]:
    path = tmp_path / "store.db"

    def empty() -> None:
        path.unlink(missing_ok=True)
        sqlite3.connect(path).close()

    empty()
    client = make_client(Dsn.parse(f"sqlite:///{path}")[0], Tokens())
    yield Target(client, str(path), empty)
    await client.aclose()


async def push(client: PostgresClient, app_id: str, wanted: Schema, renames: Renames = NO_RENAMES) -> Plan:
    """Push and read back; all jobs are done."""
    live = await client.read_live(app_id)
    plan = compare(live.schema, wanted, renames)
    await send(client, app_id, live, plan)
    after = await client.read_live(app_id)
    assert compare(after.schema, wanted).steps == ()
    assert after.fingerprint == wanted.fingerprint()
    return plan


async def send(client: PostgresClient, app_id: str, live: LiveSchema, plan: Plan) -> None:
    jobs = await client.send_plan(app_id, live, plan)
    assert [(job.title, job.error) for job in jobs if job.status != "completed"] == []


async def _obeys(target: Target, draft: Draft) -> None:
    client, app_id, empty = target
    empty()
    await push(client, app_id, draft.base)
    before = await client.read_live(app_id)
    plan = await push(client, app_id, draft.wanted, draft.renames)
    live = await client.read_live(app_id)
    known = client.renames_between(before, live)
    if known is not None:
        assert compare(before.schema, live.schema, known).apply(before.schema).normalised() == live.schema.normalised()
    await send(client, app_id, live, plan.reverse())
    after = await client.read_live(app_id)
    assert compare(after.schema, draft.base).steps == ()
    assert after.fingerprint == before.fingerprint


@LAW
@given(draft=sql_edits())
async def test_push_to_a_server_gives_what_was_wanted_and_its_reverse_what_was(server: Target, draft: Draft) -> None:
    await _obeys(server, draft)


def _fits_a_file(schema: Schema) -> bool:
    """SQLite keeps one constraint of those over the same columns, and no table without columns."""
    for entity in schema.entities:
        keys = [each.attributes for each in entity.indexes if each.kind == "primary" or is_key(each)]
        keys += [(each.name,) for each in entity.attributes if each.is_unique]
        if len(keys) != len(set(keys)) or not entity.attributes:
            return False
    return True


@LAW
@given(draft=sql_edits("sqlite"))
async def test_push_to_a_file_gives_what_was_wanted_and_its_reverse_what_was(file: Target, draft: Draft) -> None:
    assume(_fits_a_file(draft.base) and _fits_a_file(draft.wanted))
    await _obeys(file, draft)


@LAW
@given(draft=sql_changes())
async def test_push_of_changed_columns_to_a_server_and_back(server: Target, draft: Draft) -> None:
    await _obeys(server, draft)


@LAW
@given(draft=sql_changes("sqlite"))
async def test_push_of_changed_columns_to_a_file_and_back(file: Target, draft: Draft) -> None:
    assume(_fits_a_file(draft.base) and _fits_a_file(draft.wanted))
    await _obeys(file, draft)


@LAW
@given(one=sql_edits())
async def test_push_of_another_schema_altogether_gives_it(server: Target, one: Draft) -> None:
    client, app_id, empty = server
    empty()
    await push(client, app_id, one.wanted)
    await push(client, app_id, one.base)
    await push(client, app_id, Schema())
