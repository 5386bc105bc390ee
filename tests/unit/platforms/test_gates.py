"""Nothing that writes gets past a closed gate: not by a method, not by a raw request, not by SQL in a read."""

from __future__ import annotations

import inspect
import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pytest

from app.core.connection import Connection, Environment, Platform
from app.core.errors import Bug, KnownError, Locked, ReadOnly, Unsupported
from app.core.refs import new_id
from app.core.secret import Secret
from app.platforms.contract import LiveSchema, PlatformClient, SqlClient
from app.platforms.http_words import Operation, Tokens
from app.platforms.instant import operations
from app.platforms.instant.client import InstantClient
from app.platforms.instant.live_session import LiveSession
from app.platforms.postgres.belonging import TableShape
from app.platforms.postgres.client import PostgresClient
from app.platforms.postgres.copying import Bulk
from app.platforms.postgres.dsn import Dsn
from app.platforms.postgres.limits import AUTOCOMMIT, READ, WRITE
from app.platforms.registry import make_client
from app.schema.compare import Plan
from app.schema.model import Attribute, Entity, Schema
from app.schema.operations import AddEntity
from app.schema.types import StringType

from .conftest import FAST, PLATFORM_TOKEN, RawServer
from .gates import Latch

APP = "7f3a1c22-9d04-4e0b-b0a1-5cf2d7e8aa10"
NOTES = Schema((Entity("notes", (Attribute("text", StringType()),)),))
PLAN = Plan((AddEntity(NOTES.entities[0]),))
EMPTY: dict[str, Any] = {"blobs": {}, "refs": {}}
SHAPE = TableShape("t", ("k",), ("text",), ("k",))
# Of each client: what can change something, and how it is called. Everything else of it that is awaited must be here
# among the reads: a new method that nobody has thought about fails.
WRITES: dict[type[Any], dict[str, Callable[[Any], Awaitable[Any]]]] = {
    InstantClient: {
        "apply_steps": lambda c: c.apply_steps(APP, [["add-attr", {}]]),
        "create_access_token": lambda c: c.create_access_token("x"),
        "create_app": lambda c: c.create_app("x", app_id=new_id()),
        "delete_access_token": lambda c: c.delete_access_token("x"),
        "delete_app": lambda c: c.delete_app(APP),
        "delete_user": lambda c: c.delete_user(APP, email="a@b.c"),
        "push": lambda c: c.push(APP, EMPTY),
        "push_and_wait": lambda c: c.push_and_wait(APP, EMPTY),
        "push_perms": lambda c: c.push_perms(APP, {}),
        "rename_app": lambda c: c.rename_app(APP, "x"),
        "rotate_admin_token": lambda c: c.rotate_admin_token(APP),
        "send_plan": lambda c: c.send_plan(APP, _live(c), PLAN),
        "set_status": lambda c: c.set_status(APP, "disabled"),
        "transact": lambda c: c.transact(APP, [["delete", "notes", new_id()]]),
    },
    PostgresClient: {
        "create_app": lambda c: c.create_app("other", app_id="x"),
        "delete_app": lambda c: c.delete_app(str(Path(c.dsn.database).with_name("beside.db"))),
        "rename_app": lambda c: c.rename_app(c.dsn.database, "x"),
        "send_plan": lambda c: _sent(c),
        "write": lambda c: c.write(c.dsn.database, [("DELETE FROM t", {})]),
    },
    Bulk: {
        "put": lambda b: b.put(SHAPE, ("k",), [("new",)], replaces=True),
        "empty": lambda b: b.empty("t"),
        "remove": lambda b: b.remove(SHAPE, {("a",): "x"}, ()),
        "remove_all": lambda b: b.remove_all("t", "TRUE", {}),
    },
}
READS: dict[type[Any], frozenset[str]] = {
    InstantClient: frozenset(
        [
            "apps_of_org",
            "count_rows",
            "dash",
            "follow_jobs",
            "get_app",
            "get_perms",
            "get_user",
            "job",
            "job_group",
            "list_access_tokens",
            "list_apps",
            "list_backups",
            "list_orgs",
            "list_users",
            "me",
            # What is sent along an open session is a call of its own.
            "open_stream",
            "plan_push",
            "probe",
            "query",
            "read_live",
            "read_schema",
            "read_wire_schema",
            "rule_versions",
            "soft_deleted_attributes",
            "sunset",
        ]
    ),
    PostgresClient: frozenset(
        [
            "check",
            "count_rows",
            "counts_by",
            "entity_names",
            "get_app",
            "list_apps",
            "place_of",
            "probe",
            "read_live",
            "read_schema",
            "rows",
            "rows_by_key",
            "sizes",
        ]
    ),
    Bulk: frozenset(
        # Sequences of a file count by themselves: there, setting counters is nothing at all.
        ["count", "hashes", "hashes_of", "page", "proof", "select", "set_counters", "shapes"]
    ),
}


def _live(client: InstantClient) -> LiveSchema:
    from app.platforms.instant.live import live_schema

    return live_schema(APP, EMPTY)


async def _sent(client: PostgresClient) -> Any:
    return await client.send_plan(client.dsn.database, await client.read_live(client.dsn.database), PLAN)


def _awaited(kind: type[Any]) -> set[str]:
    """All that can be waited for: a method of its own that hands on what another one awaits is one, too."""
    found = set()
    for name, each in inspect.getmembers(kind, callable):
        told = str(getattr(each, "__annotations__", {}).get("return", ""))
        is_handed_on = any(
            word in told for word in ("Awaitable", "Coroutine", "AsyncIterator", "AsyncGenerator", "Task[")
        )
        is_async = inspect.iscoroutinefunction(each) or inspect.isasyncgenfunction(each)
        if not name.startswith("_") and (is_async or is_handed_on):
            found.add(name)
    return found - {"aclose"}


def test_way_past_by_handing_on_would_be_seen() -> None:
    class Sly:
        def write(self) -> Awaitable[None]: ...  # type: ignore[empty-body]

        async def stream(self) -> AsyncIterator[int]:
            yield 1

        def name(self) -> str:
            return ""

    assert _awaited(Sly) == {"write", "stream"}


@pytest.mark.parametrize("kind", WRITES, ids=lambda each: each.__name__)
def test_every_method_of_a_client_is_known_to_read_or_to_write(kind: type[Any]) -> None:
    assert _awaited(kind) == {*WRITES[kind], *READS[kind]}
    assert not set(WRITES[kind]) & READS[kind]


@pytest.mark.parametrize("contract", [PlatformClient, SqlClient])
def test_contract_names_no_write_that_a_client_does_not_have(contract: type[Any]) -> None:
    """What all platforms promise is known of each client, and is the same to each: it reads, or it writes."""
    clients = (PostgresClient,) if contract is SqlClient else (InstantClient, PostgresClient)
    for kind in clients:
        assert _awaited(contract) <= {*WRITES[kind], *READS[kind]}
    promised = _awaited(PlatformClient)
    assert promised & set(WRITES[InstantClient]) == promised & set(WRITES[PostgresClient])


async def test_client_of_every_platform_is_tried(tmp_path: Path) -> None:
    """A platform that comes later must be among those above."""
    addresses = {Platform.INSTANT: "http://127.0.0.1:1", Platform.POSTGRES: f"sqlite:///{tmp_path / 'x.db'}"}
    for platform in Platform:
        connection = Connection("c1", "Test", platform, addresses.get(platform, "x"), Environment.LOCAL)
        try:
            client = make_client(connection, Tokens(), lambda _entry: None, gate=Latch())
        except Unsupported:
            assert platform not in addresses
            continue
        assert type(client) in WRITES
        await client.aclose()


# HTTP


@pytest.fixture
async def instant(raw_server: RawServer) -> AsyncIterator[tuple[InstantClient, Latch]]:
    latch = Latch()
    connection = Connection("c1", "Test", Platform.INSTANT, raw_server.url, Environment.LOCAL)
    tokens = Tokens(Secret(PLATFORM_TOKEN), Secret("dash-token-of-a-test"))
    client = InstantClient(connection, tokens, lambda _entry: None, policy=FAST, gate=latch)
    yield client, latch
    await client.aclose()


@pytest.mark.parametrize("name", WRITES[InstantClient])
async def test_instant_write_is_not_sent_while_it_is_locked(
    instant: tuple[InstantClient, Latch], raw_server: RawServer, name: str
) -> None:
    client, latch = instant
    with pytest.raises(Locked):
        await WRITES[InstantClient][name](client)
    assert latch.asked
    assert raw_server.requests == []


@pytest.mark.parametrize(
    "forged",
    [
        replace(operations.DELETE_APP, is_write=False),
        replace(operations.DELETE_APP, name="get-app", is_write=False),
        replace(operations.LIST_APPS, method="DELETE"),
        replace(operations.QUERY, path="/admin/transact"),
        Operation("new", "GET", "/superadmin/apps", "read something new"),
    ],
    ids=["no-write", "named-as-a-read", "other-method", "other-path", "unknown"],
)
async def test_raw_request_that_only_looks_like_a_read_is_refused(
    instant: tuple[InstantClient, Latch], raw_server: RawServer, forged: Operation
) -> None:
    client, _latch = instant
    with pytest.raises(Locked):
        await client.channel.request(forged, path={"app_id": APP})
    with pytest.raises(Locked):
        async with client.channel.stream(forged):
            pass
    assert raw_server.requests == []


async def test_write_cannot_travel_as_a_live_query(instant: tuple[InstantClient, Latch], raw_server: RawServer) -> None:
    client, _latch = instant
    body = {"messages": [{"op": "add-query"}, {"op": "transact", "tx-steps": [["delete-attr", "x"]]}]}
    with pytest.raises(Bug):
        await client.channel.request(operations.LIVE_QUERY, body=body)
    assert raw_server.requests == []


async def test_live_session_restores_nothing_while_it_is_locked(
    instant: tuple[InstantClient, Latch], raw_server: RawServer
) -> None:
    client, latch = instant
    session = LiveSession(client, APP, cast(Any, None), {"machine-id": "m", "session-id": "s", "sse-token": "t"})
    with pytest.raises(Locked):
        await session.restore(["x"])
    assert latch.asked
    assert raw_server.requests == []


async def test_gate_that_closes_between_two_requests_keeps_the_second(
    instant: tuple[InstantClient, Latch], raw_server: RawServer
) -> None:
    client, latch = instant
    latch.is_open = True
    await client.channel.request(operations.TRANSACT, body={})
    latch.is_open = False
    with pytest.raises(Locked):
        await client.channel.request(operations.TRANSACT, body={})
    assert len(raw_server.requests) == 1


# SQL, on a file


@pytest.fixture
async def file(tmp_path: Path) -> AsyncIterator[tuple[PostgresClient, Latch]]:
    for name in ("shop.db", "beside.db"):
        with sqlite3.connect(tmp_path / name) as made:
            made.execute("CREATE TABLE t (k text PRIMARY KEY)")
            made.execute("INSERT INTO t VALUES ('a')")
        made.close()
    latch = Latch()
    dsn = Dsn("sqlite", database=str(tmp_path / "shop.db"), port=0)
    connection = Connection("c1", "Test", Platform.POSTGRES, dsn.to_text(), Environment.LOCAL)
    client = PostgresClient(connection, Tokens(), lambda _entry: None, gate=latch)
    yield client, latch
    await client.aclose()


def _state(path: str) -> list[Any]:
    found: list[Any] = sorted(each.name for each in Path(path).parent.iterdir() if each.suffix == ".db")
    connection = sqlite3.connect(path)
    try:
        found += connection.execute("SELECT name FROM sqlite_schema UNION ALL SELECT k FROM t").fetchall()
    finally:
        connection.close()
    return found


@pytest.mark.parametrize("name", [*WRITES[PostgresClient], *WRITES[Bulk]])
async def test_sql_write_does_nothing_while_it_is_locked(file: tuple[PostgresClient, Latch], name: str) -> None:
    client, _latch = file
    before = _state(client.dsn.database)
    kind = PostgresClient if name in WRITES[PostgresClient] else Bulk
    subject = client if kind is PostgresClient else Bulk(client, client.dsn.database)
    with pytest.raises((Locked, Unsupported) if name == "rename_app" else Locked):
        await WRITES[kind][name](subject)
    assert _state(client.dsn.database) == before


@pytest.mark.parametrize("is_open", [False, True], ids=["locked", "unlocked"])
@pytest.mark.parametrize("limits", [READ, replace(AUTOCOMMIT, is_write=False)], ids=["read", "autocommit"])
@pytest.mark.parametrize(
    "statement",
    ["DELETE FROM t", "INSERT INTO t SELECT 'b'", "CREATE TABLE other (k text)", "DROP TABLE t"],
)
async def test_sql_that_writes_in_a_read_is_refused_by_the_engine(
    file: tuple[PostgresClient, Latch], statement: str, limits: Any, is_open: bool
) -> None:
    """Whether it is unlocked or not: what was asked for as a read is one."""
    client, latch = file
    latch.is_open = is_open
    before = _state(client.dsn.database)

    def work(connection: Any) -> None:
        connection.exec_driver_sql(statement)

    with pytest.raises(KnownError):
        await client.engines.run(client.own, work, doing="read", limits=limits)
    assert _state(client.dsn.database) == before


async def test_unlocked_file_takes_writes_and_locked_again_does_not(file: tuple[PostgresClient, Latch]) -> None:
    client, latch = file
    latch.is_open = True
    await client.write(client.dsn.database, [("INSERT INTO t VALUES (:k)", {"k": "b"})])
    assert (await client.probe()).capabilities.write_rows.is_available
    latch.is_open = False
    with pytest.raises(ReadOnly):
        await client.write(client.dsn.database, [("INSERT INTO t VALUES (:k)", {"k": "c"})])
    assert not (await client.probe()).capabilities.write_rows.is_available
    assert ("b",) in _state(client.dsn.database)
    assert ("c",) not in _state(client.dsn.database)


async def test_write_that_waited_for_a_thread_asks_again(file: tuple[PostgresClient, Latch]) -> None:
    """It was let through when it was asked for; by the time it could begin, it was locked."""
    client, latch = file
    latch.is_open = True
    admit = latch.admit

    def once(doing: str) -> None:
        admit(doing)
        latch.is_open = False

    latch.admit = once  # type: ignore[method-assign]
    with pytest.raises(Locked):
        await client.engines.run(
            client.own, lambda link: link.exec_driver_sql("DELETE FROM t"), doing="write", limits=WRITE
        )
    assert ("a",) in _state(client.dsn.database)
