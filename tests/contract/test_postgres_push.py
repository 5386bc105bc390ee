"""Pushes to a real PostgreSQL that meet rows, locks, broken connections, a full disk and odd names."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import replace
from typing import Any

import psycopg
import pytest

from app.core.connection import Connection, Environment, Platform
from app.core.errors import Conflict, Invalid, KnownError, ReadOnly, StalePlan, Timeout, Unreachable, Unsupported
from app.platforms.contract import PushJob, PushProgress
from app.platforms.http_words import Tokens
from app.platforms.postgres import pushing
from app.platforms.postgres.client import PostgresClient
from app.platforms.postgres.dsn import Dsn
from app.schema.compare import Plan, Renames, compare
from app.schema.formats.sql_form import canonical
from app.schema.formats.sql_types import type_of
from app.schema.model import Attribute, Entity, Index, Link, LinkEnd, Schema
from tests.support.postgres_server import PostgresServer
from tests.support.tcp_proxy import tcp_proxy

pytestmark = pytest.mark.timeout(120)

NO_RENAMES = Renames()


def column(name: str, kind: str = "text", **flags: Any) -> Attribute:
    return Attribute(name, type_of(kind, {"mood": ("sad", "ok")}), **flags)


def table(name: str, *columns: Attribute, extra: Mapping[str, str] | None = None) -> Entity:
    pairs = tuple(sorted((extra or {}).items()))
    return Entity(
        name,
        (column("id", "bigint", is_required=True), *columns),
        (Index(f"{name}_pk", ("id",), True, "primary"),),
        extra=pairs,
    )


def schema(*entities: Entity, links: tuple[Link, ...] = ()) -> Schema:
    return canonical(Schema(entities, links)).normalised()


def foreign_key(here: str, name: str, there: str) -> Link:
    return Link(name, LinkEnd(here, name, "one"), LinkEnd(there, "", "many"), columns=(("owner", "id"),))


class World:
    """One database, a client of it, and what was told of a push."""

    def __init__(self, server: PostgresServer, database: str, client: PostgresClient) -> None:
        self.server = server
        self.database = database
        self.client = client
        self.told: list[PushProgress] = []

    def psql(self, sql: str) -> str:
        return self.server.psql(self.database, sql)

    async def push(self, wanted: Schema, renames: Renames = NO_RENAMES) -> tuple[PushJob, ...]:
        live = await self.client.read_live(self.database)
        plan = compare(live.schema, canonical(wanted), renames)
        return await self.client.send_plan(self.database, live, plan, self.told.append)

    async def made(self, wanted: Schema) -> None:
        assert {job.status for job in await self.push(wanted)} == {"completed"}

    async def schema(self) -> Schema:
        return (await self.client.read_schema(self.database)).normalised()

    def connect(self) -> psycopg.Connection[Any]:
        return psycopg.connect(self.server.dsn(self.database))


@pytest.fixture
async def world(postgres: PostgresServer, database: str) -> AsyncIterator[World]:
    async with _world(postgres, database) as made:
        yield made


@contextlib.asynccontextmanager
async def _world(
    postgres: PostgresServer, database: str, port: int = 0, *, is_read_only: bool = False
) -> AsyncIterator[World]:
    dsn, password = Dsn.parse(postgres.dsn(database))
    dsn = replace(dsn, port=port or dsn.port)
    connection = Connection(
        "c1", "Test", Platform.POSTGRES, dsn.to_text(), Environment.LOCAL, is_read_only=is_read_only
    )
    client = PostgresClient(connection, Tokens(password), lambda _entry: None)
    yield World(postgres, database, client)
    await client.aclose()


@pytest.fixture
def brisk(monkeypatch: pytest.MonkeyPatch) -> None:
    """Locks are waited for only for a moment."""
    monkeypatch.setattr(pushing, "LIMITS", replace(pushing.LIMITS, lock_timeout_s=0.05))
    monkeypatch.setattr(pushing, "PAUSES_S", (0.01, 0.01))


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pushing, "LIMITS", replace(pushing.LIMITS, lock_timeout_s=60))


async def blocked(world: World) -> int:
    """The server process of a push that waits for a lock."""
    asked = "SELECT pid FROM pg_stat_activity WHERE application_name = 'tenantry' AND wait_event_type = 'Lock' LIMIT 1"
    while not (found := await asyncio.to_thread(world.psql, asked)):
        pass
    return int(found)


# Rows


async def test_push_unique_over_repeated_values_fails_alone_and_leaves_no_index(world: World) -> None:
    await world.made(schema(table("users", column("email"), column("name"))))
    world.psql("INSERT INTO users (id, email, name) VALUES (1, 'a@b', 'x'), (2, 'a@b', 'y'), (3, 'c@d', 'z')")
    jobs = await world.push(schema(table("users", column("email", is_unique=True), column("name", is_indexed=True))))
    failed = [job for job in jobs if job.status == "errored"]
    assert failed[0].place == "users.email"
    assert failed[0].row_count == 2
    assert {(row.entity_id, row.value) for row in failed[0].rows} == {("1", "a@b"), ("2", "a@b")}
    assert await world.schema() == schema(table("users", column("email"), column("name", is_indexed=True)))
    assert world.psql("SELECT count(*) FROM pg_index WHERE NOT indisvalid") == "0"


async def test_push_required_over_missing_values_names_the_rows_and_takes_its_check_back(world: World) -> None:
    await world.made(schema(table("users", column("email"))))
    world.psql("INSERT INTO users (id, email) VALUES (1, 'a'), (2, NULL)")
    jobs = await world.push(schema(table("users", column("email", is_required=True))))
    failed = next(job for job in jobs if job.status == "errored")
    assert [row.entity_id for row in failed.rows] == ["2"]
    assert await world.schema() == schema(table("users", column("email")))


async def test_push_foreign_key_over_orphans_names_them_and_takes_it_back(world: World) -> None:
    entities = (table("users"), table("posts", column("owner", "bigint")))
    await world.made(schema(*entities))
    world.psql("INSERT INTO users VALUES (1); INSERT INTO posts (id, owner) VALUES (1, 1), (2, 7), (3, NULL)")
    jobs = await world.push(schema(*entities, links=(foreign_key("posts", "posts_owner", "users"),)))
    failed = next(job for job in jobs if job.status == "errored")
    assert [(row.entity_id, row.value) for row in failed.rows] == [("2", "7")]
    assert await world.schema() == schema(*entities)


async def test_push_check_over_failing_rows_takes_it_back(world: World) -> None:
    await world.made(schema(table("users", column("age", "integer"))))
    world.psql("INSERT INTO users (id, age) VALUES (1, -1)")
    wanted = schema(table("users", column("age", "integer"), extra={"check grown": '"age > 0"'}))
    jobs = await world.push(wanted)
    assert [row.entity_id for job in jobs for row in job.rows] == ["1"]
    assert await world.schema() == schema(table("users", column("age", "integer")))


async def test_push_type_that_rows_cannot_take_changes_nothing_at_all(world: World) -> None:
    before = schema(table("users", column("age")))
    await world.made(before)
    world.psql("INSERT INTO users (id, age) VALUES (1, 'seven')")
    with pytest.raises(Invalid) as caught:
        await world.push(schema(table("users", column("age", "integer"), column("more")), table("posts")))
    assert "seven" in caught.value.sentence
    failed = next(job for job in world.told[-1].jobs if job.status == "errored")
    assert [(row.entity_id, row.value) for row in failed.rows] == [("1", "seven")]
    assert not getattr(caught.value, "may_have_taken_effect", False)
    assert await world.schema() == before


async def test_push_shorter_text_refuses_rows_instead_of_cutting_them(world: World) -> None:
    await world.made(schema(table("users", column("name"))))
    world.psql("INSERT INTO users (id, name) VALUES (1, 'abcdef')")
    with pytest.raises(KnownError):
        await world.push(schema(table("users", column("name", "varchar(3)"))))
    assert world.psql("SELECT name FROM users") == "abcdef"


async def test_push_type_change_keeps_values(world: World) -> None:
    await world.made(schema(table("users", column("age"), column("tags"), column("mood"))))
    world.psql("INSERT INTO users (id, age, tags, mood) VALUES (1, '7', 'a', 'ok')")
    await world.made(
        schema(table("users", column("age", "integer", default="0"), column("tags", "text[]"), column("mood", "mood")))
    )
    assert world.psql("SELECT age + 1, tags[1], mood FROM users") == "8|a|ok"


async def test_push_renames_keep_rows_and_are_known_afterwards_by_id(world: World) -> None:
    await world.made(schema(table("users", column("email", is_unique=True, is_indexed=True), column("age", "integer"))))
    world.psql("INSERT INTO users (id, email, age) VALUES (1, 'a', 7)")
    before = await world.client.read_live(world.database)
    wanted = schema(
        replace(
            table("users", column("age", is_unique=True, is_indexed=True), column("email", "integer")), name="people"
        )
    )
    renames = Renames((("users", "people"),), (("users", "email", "age"), ("users", "age", "email")))
    jobs = await world.push(wanted, renames)
    assert {job.status for job in jobs} == {"completed"}
    assert world.psql("SELECT age, email FROM people") == "a|7"
    assert await world.schema() == wanted
    known = world.client.renames_between(before, await world.client.read_live(world.database))
    assert known is not None
    assert set(known.entities) == set(renames.entities)
    assert set(known.attributes) == set(renames.attributes)


async def test_push_enum_value_is_committed_before_a_default_uses_it(world: World) -> None:
    await world.made(schema(table("users", column("mood", "mood"))))
    wider = Attribute(
        "mood", replace(type_of("mood", {"mood": ()}), values=("new", "sad", "ok")), default="'new'::mood"
    )
    await world.made(schema(table("users", wider)))
    assert world.psql("INSERT INTO users (id) VALUES (1); SELECT mood FROM users") == "new"


async def test_push_without_an_enum_value_that_rows_have_changes_nothing(world: World) -> None:
    before = schema(table("users", column("mood", "mood")))
    await world.made(before)
    world.psql("INSERT INTO users (id, mood) VALUES (1, 'ok')")
    narrower = Attribute("mood", replace(type_of("mood", {"mood": ()}), values=("sad",)))
    with pytest.raises(KnownError):
        await world.push(schema(table("users", narrower)))
    failed = next(job for job in world.told[-1].jobs if job.status == "errored")
    assert [(row.entity_id, row.value) for row in failed.rows] == [("1", "ok")]
    assert await world.schema() == before


async def test_push_identity_counts_on_from_the_rows_that_are_there(world: World) -> None:
    await world.made(schema(table("users")))
    world.psql("INSERT INTO users VALUES (41)")
    counted = table("users")
    own = replace(counted.attributes[0], extra=(("identity", '"by default"'),))
    await world.made(schema(replace(counted, attributes=(own,))))
    assert world.psql("INSERT INTO users DEFAULT VALUES RETURNING id") == "42"


async def test_push_serial_type_back_and_forth_counts_on(world: World) -> None:
    await world.made(schema(table("users", column("number", "bigint"))))
    world.psql("INSERT INTO users (id, number) VALUES (1, 41)")
    serial = schema(table("users", column("number", "bigserial", is_required=True)))
    jobs = await world.push(serial)
    assert {job.status for job in jobs} == {"completed"}
    assert world.psql("INSERT INTO users (id) VALUES (2) RETURNING number") == "42"
    assert await world.schema() == serial
    plain = schema(table("users", column("number", "bigint")))
    await world.made(plain)
    assert await world.schema() == plain
    assert world.psql("SELECT count(*) FROM pg_class WHERE relkind = 'S'") == "0"


async def test_push_computed_column_computes_its_values(world: World) -> None:
    await world.made(schema(table("users", column("age", "integer"), column("twice", "integer"))))
    world.psql("INSERT INTO users (id, age, twice) VALUES (1, 4, 0)")
    for expression, value in (("age * 2", "8"), ("age * 3", "12")):
        computed = column("twice", "integer", extra=(("generated", f'"{expression}"'),))
        await world.made(schema(table("users", column("age", "integer"), computed)))
        assert world.psql("SELECT twice FROM users") == value
    await world.made(schema(table("users", column("age", "integer"), column("twice", "integer"))))
    assert world.psql("SELECT twice FROM users") == "12"


async def test_push_to_a_partitioned_table_is_done_in_one_transaction(world: World) -> None:
    made = Entity(
        "events", (column("day", "date", is_required=True), column("what")), extra=(("partition_by", '"RANGE (day)"'),)
    )
    await world.made(schema(made))
    world.psql("CREATE TABLE events_2026 PARTITION OF events FOR VALUES FROM ('2026-01-01') TO ('2027-01-01')")
    world.psql("INSERT INTO events VALUES ('2026-08-21', 'x')")
    columns = (column("day", "date", is_required=True, is_indexed=True), column("what", is_required=True))
    wanted = schema(replace(made, attributes=columns))
    await world.made(wanted)
    assert await world.schema() == wanted


async def test_push_of_types_and_tables_in_another_schema_makes_it(world: World) -> None:
    mood = Attribute(
        "mood", replace(type_of("mood", {"mood": ("a", "b")}), name="other.mood"), default="'a'::other.mood"
    )
    wanted = schema(replace(table("x", mood), name="more.x"))
    await world.made(wanted)
    assert await world.schema() == wanted


async def test_push_that_fails_at_one_thing_does_the_others_and_the_rest_can_be_pushed_again(world: World) -> None:
    await world.made(schema(table("users", column("email"), column("name"))))
    world.psql("INSERT INTO users (id, email, name) VALUES (1, NULL, 'x'), (2, NULL, 'x')")
    wanted = schema(table("users", column("email", is_required=True), column("name", is_unique=True, is_indexed=True)))
    jobs = await world.push(wanted)
    assert {job.place for job in jobs if job.status == "errored"} == {"users.email", "users.name"}
    world.psql("UPDATE users SET email = id, name = id")
    await world.made(wanted)
    assert await world.schema() == wanted


# What changed meanwhile


async def test_push_to_a_schema_that_changed_meanwhile_sends_nothing(world: World) -> None:
    await world.made(schema(table("users")))
    live = await world.client.read_live(world.database)
    plan = compare(live.schema, schema(table("users", column("email"))))
    world.psql("ALTER TABLE users ADD COLUMN other text")
    with pytest.raises(StalePlan):
        await world.client.send_plan(world.database, live, plan)
    assert await world.schema() == schema(table("users", column("other")))


async def test_push_beside_another_push_is_refused(world: World) -> None:
    await world.made(schema(table("users")))
    with world.connect() as other:
        from app.platforms.postgres.server_push import _LOCK

        other.execute(f"SELECT pg_advisory_lock({_LOCK})")
        with pytest.raises(Conflict, match="Another push"):
            await world.push(schema(table("users", column("email"))))


async def test_push_through_a_read_only_connection_is_refused(postgres: PostgresServer, database: str) -> None:
    async with _world(postgres, database, is_read_only=True) as world:
        with pytest.raises(ReadOnly):
            await world.push(schema(table("users")))


async def test_push_through_a_transaction_pooler_is_refused(postgres: PostgresServer, database: str) -> None:
    async with _world(postgres, database) as world:
        live = await world.client.read_live(database)
        world.client.own = replace(world.client.own, dsn=replace(world.client.dsn, port=6543))
        world.client.dsn = world.client.own.dsn
        with pytest.raises(Unsupported, match="pooler"):
            await world.client.send_plan(database, live, Plan())


# Locks


@pytest.mark.usefixtures("brisk")
async def test_push_to_a_locked_table_gives_up_and_changes_nothing(world: World) -> None:
    before = schema(table("users"), table("posts"))
    await world.made(before)
    with world.connect() as other:
        other.execute("LOCK TABLE users")
        with pytest.raises(Timeout) as caught:
            await world.push(schema(table("users", column("email")), table("posts", column("title"))))
    assert not caught.value.may_have_taken_effect
    assert await world.schema() == before


async def test_push_to_a_locked_table_goes_on_once_the_lock_is_gone(
    world: World, brisk: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    await world.made(schema(table("users")))
    monkeypatch.setattr(pushing, "PAUSES_S", (0.05,) * 100)
    wanted = schema(table("users", column("email")))
    live = await world.client.read_live(world.database)
    with world.connect() as other:
        other.execute("LOCK TABLE users IN SHARE MODE")

        def let_go(progress: PushProgress) -> None:
            if any(job.status == "processing" for job in progress.jobs):
                other.rollback()

        jobs = await world.client.send_plan(world.database, live, compare(live.schema, wanted), let_go)
    assert {job.status for job in jobs} == {"completed"}
    assert await world.schema() == wanted


# Broken connections


@pytest.mark.usefixtures("patient")
async def test_push_cut_in_the_middle_of_its_transaction_changes_nothing(world: World) -> None:
    before = schema(table("posts"), table("users"))
    await world.made(before)
    with world.connect() as other:
        other.execute("LOCK TABLE users IN SHARE MODE")
        push = asyncio.create_task(world.push(schema(table("posts", column("title")), table("users", column("email")))))
        world.psql(f"SELECT pg_terminate_backend({await blocked(world)})")
        with pytest.raises(Unreachable) as caught:
            await push
    assert not caught.value.may_have_taken_effect
    assert await world.schema() == before


@pytest.mark.usefixtures("patient")
async def test_push_cut_while_an_index_is_built_says_so_and_leaves_no_broken_index(world: World) -> None:
    await world.made(schema(table("users", column("email")), table("posts")))
    with world.connect() as other:
        other.execute("INSERT INTO users (id, email) VALUES (1, 'a')")
        push = asyncio.create_task(
            world.push(schema(table("users", column("email", is_indexed=True)), table("posts", column("title"))))
        )
        pid = await blocked(world)
        world.psql(f"SELECT pg_terminate_backend({pid})")
        other.rollback()
        with pytest.raises(Unreachable) as caught:
            await push
    assert caught.value.may_have_taken_effect
    assert await world.schema() == schema(table("users", column("email")), table("posts", column("title")))
    assert world.psql("SELECT count(*) FROM pg_index WHERE NOT indisvalid") == "0"


async def test_push_whose_commit_is_never_answered_says_that_it_may_have_taken_effect(
    postgres: PostgresServer, database: str
) -> None:
    async with (
        tcp_proxy(postgres.port, armed_by=b"CREATE TABLE", cuts_after=b"COMMIT") as port,
        _world(postgres, database, port) as world,
    ):
        with pytest.raises(Unreachable) as caught:
            await world.push(schema(table("users")))
    assert caught.value.may_have_taken_effect
    async with _world(postgres, database) as world:
        assert await world.schema() == schema(table("users"))


# A full disk


async def test_push_to_a_full_disk_takes_back_what_did_not_fit(world: World) -> None:
    await world.made(schema(table("users", column("email"))))
    world.psql("INSERT INTO users (id, email) SELECT n, md5(n::text) || n FROM generate_series(1, 20000) n")
    world.psql(f"ALTER DATABASE {world.database} SET temp_file_limit = '64kB'")
    world.psql(f"ALTER DATABASE {world.database} SET maintenance_work_mem = '64kB'")
    jobs = await world.push(schema(table("users", column("email", is_indexed=True), column("more"))))
    failed = [job for job in jobs if job.status == "errored"]
    assert [job.place for job in failed] == ["users.email"]
    assert await world.schema() == schema(table("users", column("email"), column("more")))
    assert world.psql("SELECT count(*) FROM pg_index WHERE NOT indisvalid") == "0"


# Names


@pytest.fixture
def odd_database(postgres: PostgresServer) -> Iterator[str]:
    name = 'it\'s "quoted" 100% 🙂'
    postgres.create_database(name)
    yield name
    postgres.drop_database(name)


async def test_push_of_odd_names_to_an_odd_database_gives_them_back(
    postgres: PostgresServer, odd_database: str
) -> None:
    names = ["a b", 'say ""hi""', "50%", ":colon", "tab\there", "Größe🙂", "select", "back\\slash", "%(name)s"]
    columns = [column(each.replace('""', '"'), is_indexed=True) for each in names]
    odd = Entity('"x.y"', tuple(columns), extra=(("comment", '"50% of it\'s :here \\\\ \\t end"'),))
    async with _world(postgres, odd_database) as world:
        await world.made(schema(odd))
        assert await world.schema() == schema(odd)
        changed = replace(odd, attributes=tuple(replace(each, is_unique=True, is_required=True) for each in columns))
        await world.made(schema(changed))
        assert await world.schema() == schema(changed)


# Before a push


async def test_count_rows_tells_what_each_step_meets(world: World) -> None:
    before = schema(
        table("users", column("email"), column("age")), table("posts", column("owner", "bigint")), table("gone")
    )
    await world.made(before)
    world.psql(
        "INSERT INTO users (id, email, age) VALUES (1, 'a', '7'), (2, 'a', 'x'), (3, NULL, NULL);"
        "INSERT INTO posts (id, owner) VALUES (1, 1), (2, 9); INSERT INTO gone VALUES (1), (2)"
    )
    wanted = schema(
        replace(
            table("users", column("email", is_unique=True, is_required=True), column("age", "integer")), name="people"
        ),
        table("posts", column("owner", "bigint")),
        links=(foreign_key("posts", "fk", "people"),),
    )
    plan = compare(before, wanted, Renames((("users", "people"),)))
    counts = await world.client.count_rows(world.database, plan)
    assert {(count.sentence, count.is_blocking) for count in counts} == {
        ("1 row of users has no email.", True),
        ("2 rows of users share their email with another.", True),
        ("1 row of users has a age that is no integer as it is written.", False),
        ("1 row of posts leads to a row of people that is not there.", True),
        ("2 rows of gone go with it.", False),
    }


async def test_render_says_locks_phases_and_what_does_not_come_back(world: World) -> None:
    before = schema(table("users", column("email")))
    await world.made(before)
    live = await world.client.read_live(world.database)
    plan = compare(live.schema, schema(table("users", column("email", is_indexed=True))))
    (step,) = world.client.render(live, plan)
    assert step.text == "CREATE INDEX CONCURRENTLY users_email_idx ON users (email);"
    assert not step.is_transactional
    assert "reads and writes go on" in step.lock
    drop = compare(live.schema, schema(table("users"), table("more")))
    (_, dropped) = world.client.render(live, drop)
    assert "do not come back" in dropped.note


async def test_rows_in_the_way_can_be_read_by_what_the_push_called_them(world: World) -> None:
    pairs = Entity("pairs", (column("a", is_required=True), column("b:c", is_required=True), column("v")))
    keyed = replace(pairs, indexes=(Index("pairs_pk", ("b:c", "a"), True, "primary"),))
    bare = Entity("bare", (column("v"),))
    await world.made(schema(keyed, bare))
    world.psql("INSERT INTO pairs VALUES ('x', 'y', NULL), ('x', 'z', 'v'); INSERT INTO bare VALUES (NULL)")
    required = (*pairs.attributes[:2], column("v", is_required=True))
    jobs = await world.push(schema(replace(keyed, attributes=required), replace(bare, attributes=required[2:])))
    keys = {job.place: [row.entity_id for row in job.rows] for job in jobs if job.rows}
    read = world.client.rows_by_key
    assert await read(world.database, "pairs", [*keys["pairs.v"], "gone"]) == (
        {"a": "x", "b:c": "y", "v": None, "id": "y, x"},
    )
    assert await read(world.database, "bare", keys["bare.v"]) == ({"v": None, "id": "(0,1)"},)
