"""The client on a real server: probes, databases, rows, limits, cancellation."""

from __future__ import annotations

import asyncio
import datetime
import decimal
import gc
import socket
from typing import Any

import pytest

from app.core.errors import Conflict, Invalid, KnownError, NotFound, ReadOnly, Timeout, Unreachable, Unsupported
from app.core.secret import Secret
from app.core.status import FindingKind, Health
from app.platforms.contract import LiveSchema
from app.platforms.postgres.dsn import Dsn, Place
from app.platforms.postgres.limits import SNAPSHOT, WRITE, Limits
from app.schema.compare import Plan
from app.schema.model import Attribute, Entity, Index, Link, LinkEnd, Schema
from app.schema.types import NumberType
from tests.support.postgres_server import PostgresServer

from .conftest import Opened, Opener

ODD = 'sh"op 🚀 50% a:b'
PASSWORD = "p@ss:w/o?r#d%25&=+ \"'\\é;$(x)"
SHOP = Schema(
    (
        Entity(
            "users",
            (
                Attribute("email", NumberType("integer", native="integer"), is_unique=True),
                Attribute("id", NumberType("bigint", native="bigserial"), is_required=True),
            ),
            (Index("users_pkey", ("id",), True, "primary"),),
        ),
        Entity("votes", (Attribute("user_id", NumberType("bigint", native="bigint")),)),
    ),
    (
        Link(
            "votes_user_id_fkey",
            LinkEnd("votes", "votes_user_id_fkey", "one", on_delete="cascade"),
            LinkEnd("users", "", "many"),
            columns=(("user_id", "id"),),
        ),
    ),
)


async def sleeps(server: Opened, limits: Limits) -> Any:
    def work(connection: Any) -> Any:
        return connection.exec_driver_sql("SELECT pg_sleep(60)").scalar()

    return await server.client.engines.run(server.client.own, work, doing="sleep", limits=limits)


# Health


async def test_probe_says_what_may_be_done(server: Opened) -> None:
    probe = await server.client.probe()
    assert (probe.health, probe.sentence, probe.findings) == (Health.UP, "", ())
    assert probe.latency_ms is not None
    able = probe.capabilities
    assert able.push_schema.is_available
    assert able.create_app.is_available
    assert able.delete_app.is_available
    assert not able.rename_app.is_available
    assert able.rename_app.reason
    assert not able.organisations.is_available


async def test_probe_of_a_lesser_role_gives_reasons(postgres: PostgresServer, on_server: Opener, database: str) -> None:
    role = f"reader_{database}"
    postgres.psql(database, f"CREATE ROLE {role} LOGIN PASSWORD '{PASSWORD.replace(chr(39), chr(39) * 2)}'")
    try:
        server = on_server(text=postgres.dsn(database, user=role, password=PASSWORD))
        able = (await server.client.probe()).capabilities
        assert able.create_app.reason == "This role may not create databases."
        assert able.push_schema.reason == "This role may not create tables."
        assert able.read_rows.is_available
        postgres.psql(database, f"ALTER ROLE {role} SET default_transaction_read_only = on")
        probe = await server.client.probe()
        assert probe.health is Health.READ_ONLY
        assert probe.capabilities.write_rows.reason == "The server takes no writes from this role."
    finally:
        postgres.psql(database, f"DROP ROLE {role}")


async def test_probe_with_a_wrong_password_is_unauthorised(postgres: PostgresServer, on_server: Opener) -> None:
    server = on_server(text=postgres.dsn(password="wrong-password"))
    probe = await server.client.probe()
    assert probe.health is Health.UNAUTHORISED
    assert [each.kind for each in probe.findings] == [FindingKind.TOKEN_REJECTED]
    assert "wrong-password" not in repr(probe) + repr(server.activity)


async def test_probe_without_a_password_says_that_it_is_missing(
    postgres: PostgresServer, on_server: Opener, monkeypatch: pytest.MonkeyPatch
) -> None:
    # What is meant for another server must not be sent to this one.
    monkeypatch.setenv("PGPASSWORD", postgres.password)
    probe = await on_server(text=postgres.dsn(with_password=False)).client.probe()
    assert probe.health is Health.UNAUTHORISED
    assert [each.kind for each in probe.findings] == [FindingKind.TOKEN_MISSING]


async def test_probe_of_nothing_is_unreachable(on_server: Opener) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        server = on_server(text=f"postgresql://ann@127.0.0.1:{taken.getsockname()[1]}/shop")
        probe = await server.client.probe()
    assert (probe.health, probe.latency_ms) == (Health.UNREACHABLE, None)
    assert "127.0.0.1" in probe.sentence
    assert probe.remedy


async def test_server_without_tls_is_not_spoken_to_where_it_is_required(
    postgres: PostgresServer, on_server: Opener
) -> None:
    probe = await on_server(text=f"{postgres.dsn()}?sslmode=require").client.probe()
    assert probe.health is Health.UNREACHABLE
    assert "TLS" in probe.sentence
    assert "sslmode" in probe.remedy


async def test_probe_through_a_transaction_pooler_refuses_changes_of_schemas(
    monkeypatch: pytest.MonkeyPatch, on_server: Opener
) -> None:
    monkeypatch.setattr(Dsn, "is_transaction_pooler", property(lambda _dsn: True))
    server = on_server()
    probe = await server.client.probe()
    assert probe.health is Health.UP
    assert "pooler" in probe.capabilities.push_schema.reason
    assert probe.capabilities.write_rows.is_available
    # What a session would keep is said in each transaction.
    assert any("set_config" in each for each in server.told)
    live = await server.client.read_live(server.app_id)
    with pytest.raises(Unsupported):
        from app.schema.compare import compare

        await server.client.send_plan(server.app_id, live, compare(live.schema, SHOP))


async def test_pooler_that_takes_no_settings_is_given_them_later(
    server: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    import psycopg

    usual = psycopg.connect

    def strict(**parameters: Any) -> Any:
        if parameters["options"]:
            raise psycopg.OperationalError("FATAL: unsupported startup parameter: options")
        return usual(**parameters)

    monkeypatch.setattr(psycopg, "connect", strict)

    def work(connection: Any) -> Any:
        return connection.exec_driver_sql("SELECT current_setting('lock_timeout')").scalar()

    assert await server.client.engines.run(server.client.own, work, doing="ask", limits=WRITE) == "5s"
    assert [each.partition(": ")[2][:17] for each in server.told] == [
        "connect",
        "SELECT set_config",
        "SELECT current_se",
    ]


async def test_check_measures_one_store(postgres: PostgresServer, server: Opened) -> None:
    server.run("CREATE TABLE a (id int); CREATE TABLE b (id int)")
    health = await server.client.check(server.app_id)
    assert health.is_reachable
    assert (health.tables, health.open_connections, health.sentence) == (2, 0, "")
    assert (health.bytes or 0) > 1_000_000
    assert health.version == postgres.psql(server.app_id, "SHOW server_version").split()[0]


async def test_check_of_a_missing_store_says_so(server: Opened) -> None:
    health = await server.client.check("missing")
    assert not health.is_reachable
    assert '"missing" does not exist' in health.sentence


async def test_stores_elsewhere_are_asked_of_places(postgres: PostgresServer, on_server: Opener, database: str) -> None:
    asked: list[str] = []

    async def places(app_id: str) -> Place | None:
        asked.append(app_id)
        dsn, password = Dsn.parse(postgres.dsn(database))
        return Place(dsn, password) if app_id == "other:5432/shop" else None

    server = on_server(text=postgres.dsn("postgres"), places=places)
    server.run("CREATE TABLE there (id int)")
    assert await server.client.entity_names("other:5432/shop") == ("there",)
    assert await server.client.entity_names(database) == ("there",)
    assert asked == ["other:5432/shop"]
    with pytest.raises(Unsupported):
        await server.client.delete_app("other:5432/shop")


class Known:
    """Places that also tell what there is elsewhere, or cannot."""

    def __init__(self, error: KnownError | None = None) -> None:
        self.error = error

    async def __call__(self, app_id: str) -> Place | None:
        return Place(Dsn("postgresql", "ann", "far", 5432, "shop")) if app_id == "far:5432/shop" else None

    async def known(self) -> tuple[str, ...]:
        if self.error is not None:
            raise self.error
        return ("far:5432/shop", "postgres")


async def test_stores_elsewhere_are_listed_after_the_databases(postgres: PostgresServer, on_server: Opener) -> None:
    client = on_server(text=postgres.dsn("postgres"), places=Known()).client
    listed = [each.app_id for each in await client.list_apps()]
    assert listed[-1] == "far:5432/shop"
    assert listed.count("postgres") == 1
    # Whether it answers is for a check to say.
    assert (await client.get_app("far:5432/shop")).title == "far:5432/shop"


async def test_main_database_that_cannot_be_understood_takes_nothing_from_the_list(on_server: Opener) -> None:
    server = on_server(places=Known(NotFound("There is no table of workspaces.")))
    assert server.app_id in [each.app_id for each in await server.client.list_apps()]


# Databases


async def test_database_with_an_odd_name_is_made_listed_used_and_dropped(server: Opened) -> None:
    client = server.client
    app = await client.create_app(ODD, app_id="x-1", schema=SHOP)
    try:
        assert (app.app_id, app.title) == (ODD, ODD)
        assert app.created_at > 1_600_000_000
        assert ODD in [each.app_id for each in await client.list_apps()]
        assert await client.read_schema(ODD) == SHOP
        assert await client.create_app(ODD, app_id="x-1", schema=SHOP) == app
        with pytest.raises(Conflict):
            await client.create_app(ODD, app_id="x-2")
    finally:
        await client.delete_app(ODD)
    with pytest.raises(NotFound):
        await client.get_app(ODD)


async def test_schema_that_cannot_be_leaves_no_database_behind(server: Opened) -> None:
    impossible = Schema(SHOP.entities, (Link("l", LinkEnd("votes", "l", "one"), LinkEnd("users", "", "many")),))
    with pytest.raises(Invalid):
        await server.client.create_app("impossible", app_id="x-3", schema=impossible)
    assert "impossible" not in [each.app_id for each in await server.client.list_apps()]


async def test_main_database_is_never_dropped(server: Opened) -> None:
    for app_id in (server.app_id, "postgres", "template1"):
        with pytest.raises(Unsupported):
            await server.client.delete_app(app_id)


async def test_database_in_use_is_not_dropped(
    postgres: PostgresServer, on_server: Opener, opened: Any, database: str
) -> None:
    import psycopg

    server = on_server(text=postgres.dsn("postgres"))
    with psycopg.connect(postgres.dsn(database)), pytest.raises(Conflict) as caught:
        await server.client.delete_app(database)
    assert "being accessed" in caught.value.sentence


# Read-only


async def test_read_only_connection_is_refused_by_the_server_too(on_server: Opener) -> None:
    server = on_server(is_read_only=True)
    server.run("CREATE TABLE t (id int)")
    for call in (
        server.client.write(server.app_id, [("INSERT INTO t VALUES (1)", {})]),
        server.client.create_app("other", app_id="x"),
        server.client.delete_app("other"),
    ):
        with pytest.raises(ReadOnly):
            await call
    assert not any("INSERT" in each for each in server.told)

    def work(connection: Any) -> None:
        connection.exec_driver_sql("INSERT INTO t VALUES (1)")

    with pytest.raises(ReadOnly) as caught:
        await server.client.engines.run(server.client.own, work, doing="try", limits=SNAPSHOT)
    assert "read-only transaction" in caught.value.sentence
    probe = await server.client.probe()
    assert (probe.health, probe.capabilities.push_schema.reason) == (Health.UP, "This connection is read-only.")
    assert await server.client.read_schema(server.app_id)


# Limits and cancellation


async def test_statement_that_takes_too_long_is_ended(server: Opened) -> None:
    with pytest.raises(Timeout):
        await sleeps(server, Limits(statement_timeout_s=0.1))


async def test_cancelled_work_stops_its_statement_on_the_server(postgres: PostgresServer, server: Opened) -> None:
    asking = "SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'SELECT pg_sleep(%' AND state = 'active'"
    task = asyncio.create_task(sleeps(server, WRITE))
    while postgres.psql("postgres", asking) == "0":
        await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert postgres.psql("postgres", asking) == "0"


async def test_closing_stops_what_runs_and_what_waits(postgres: PostgresServer, server: Opened) -> None:
    asking = "SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'SELECT pg_sleep(%' AND state = 'active'"
    tasks = [asyncio.create_task(sleeps(server, WRITE)) for _ in range(25)]
    while postgres.psql("postgres", asking) != "20":
        await asyncio.sleep(0)
    await server.client.aclose()
    ends = await asyncio.gather(*tasks, return_exceptions=True)
    assert {type(each) for each in ends} == {Unreachable}
    assert postgres.psql("postgres", asking) == "0"


async def test_server_that_never_answers_is_given_up(on_server: Opener) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        server = on_server(text=f"postgresql://ann@127.0.0.1:{silent.getsockname()[1]}/shop", connect_timeout_s=2)
        waits = asyncio.create_task(server.client.probe())
        given_up = asyncio.create_task(server.client.probe())
        await asyncio.sleep(0)
        given_up.cancel()
        with pytest.raises(asyncio.CancelledError):
            await given_up
        assert not waits.done()
        probe = await waits
    assert (probe.health, probe.latency_ms) == (Health.UNREACHABLE, None)
    assert "did not answer in time" in probe.sentence


async def test_connection_cut_by_the_server_is_told(postgres: PostgresServer, server: Opened) -> None:
    ending = (
        "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
        " WHERE query LIKE 'SELECT pg_sleep(%' AND state = 'active'"
    )
    task = asyncio.create_task(sleeps(server, WRITE))
    while postgres.psql("postgres", ending) == "0":
        await asyncio.sleep(0)
    with pytest.raises(Unreachable) as caught:
        await task
    # It was in a transaction, which nobody committed.
    assert not caught.value.may_have_taken_effect


async def test_work_cancelled_after_the_end_is_cancelled(postgres: PostgresServer, server: Opened) -> None:
    asking = "SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'SELECT pg_sleep(%' AND state = 'active'"
    task = asyncio.create_task(sleeps(server, WRITE))
    while postgres.psql("postgres", asking) == "0":
        await asyncio.sleep(0)
    closing = asyncio.create_task(server.client.aclose())
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await closing


async def test_work_cancelled_twice_when_its_server_ends_leaves_nothing_behind(
    postgres: PostgresServer, server: Opened
) -> None:
    asking = "SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'SELECT pg_sleep(%' AND state = 'active'"
    told: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _loop, context: told.append(context))
    task = asyncio.create_task(sleeps(server, WRITE))
    while postgres.psql("postgres", asking) == "0":
        await asyncio.sleep(0)
    for _time in range(2):
        task.cancel()
        await asyncio.sleep(0)
    with pytest.raises(asyncio.CancelledError):
        await task
    del task
    await server.client.aclose()
    # Its thread is free when another has had its turn on each.
    await asyncio.to_thread(server.client.engines._threads.shutdown)
    await asyncio.sleep(0)
    gc.collect()
    asyncio.get_running_loop().set_exception_handler(None)
    assert told == []


async def test_closed_client_says_so_and_is_no_bug(server: Opened) -> None:
    await server.client.aclose()
    live = LiveSchema(Schema(), Schema().fingerprint())
    for call in (server.client.read_schema(server.app_id), server.client.send_plan(server.app_id, live, Plan(()))):
        with pytest.raises(Unreachable) as caught:
            await call
        assert "the connection was closed" in caught.value.sentence
    assert not (await server.client.check(server.app_id)).is_reachable


async def test_lock_that_someone_holds_is_told(postgres: PostgresServer, server: Opened) -> None:
    import psycopg

    server.run("CREATE TABLE t (id int)")

    def work(connection: Any) -> None:
        connection.exec_driver_sql("ALTER TABLE t ADD COLUMN b int")

    limits = Limits(lock_timeout_s=0.05, is_write=True)
    with psycopg.connect(postgres.dsn(server.app_id)) as other:
        other.execute("LOCK TABLE t")
        with pytest.raises(Timeout) as caught:
            await server.client.engines.run(server.client.own, work, doing="change t", limits=limits)
    assert "holds a lock" in caught.value.sentence


async def test_no_connection_stays_open(postgres: PostgresServer, server: Opened) -> None:
    await asyncio.gather(*(server.client.entity_names(server.app_id) for _ in range(5)))
    asking = (
        f"SELECT count(*) FROM pg_stat_activity WHERE datname = '{server.app_id}' AND application_name = 'tenantry'"
    )
    while postgres.psql("postgres", asking) != "0":
        await asyncio.sleep(0)


# Rows


async def test_rows_come_in_pages_by_key(server: Opened) -> None:
    server.run(
        """CREATE TABLE t (b int, a text, v numeric, at timestamptz, PRIMARY KEY (a, b));
        INSERT INTO t SELECT n % 2, 'k' || n / 2, n, '2020-01-01Z' FROM generate_series(0, 6) n"""
    )
    keys, after = [], None
    while True:
        page = await server.client.rows(server.app_id, "t", columns=["v"], after=after, limit=3)
        keys += [int(row[0]) for row in page.rows]
        after = page.next_key
        if after is None:
            break
    assert keys == [0, 1, 2, 3, 4, 5, 6]
    page = await server.client.rows(server.app_id, "t", where={"a": "k1"})
    assert page.columns == ("b", "a", "v", "at")
    assert page.rows[0] == (0, "k1", decimal.Decimal(2), datetime.datetime(2020, 1, 1, tzinfo=datetime.UTC))


async def test_rows_without_a_key_come_in_pages_too(server: Opened) -> None:
    server.run("CREATE TABLE t (a int); INSERT INTO t SELECT generate_series(1, 5)")
    first = await server.client.rows(server.app_id, "t", limit=3)
    second = await server.client.rows(server.app_id, "t", after=first.next_key, limit=3)
    assert [row[0] for row in first.rows + second.rows] == [1, 2, 3, 4, 5]
    assert second.next_key is None


async def test_rows_of_odd_names_and_nulls(server: Opened) -> None:
    table = 'CREATE SCHEMA s; CREATE TABLE s."a.b:c 50%" (":id" uuid PRIMARY KEY, "x""y" text)'
    server.run(f"{table}; INSERT INTO s.\"a.b:c 50%\" VALUES ('00000000-0000-4000-8000-000000000000', NULL)")
    page = await server.client.rows(server.app_id, 's."a.b:c 50%"', where={'x"y': None})
    assert page.rows == (("00000000-0000-4000-8000-000000000000", None),)


async def test_values_that_python_has_no_type_for_are_text(server: Opened) -> None:
    server.run(
        """CREATE TABLE t (a timestamptz, b date, c interval, d interval, e inet, f int4range, g uuid[], h jsonb,
          i text[]);
        INSERT INTO t VALUES ('infinity', '4000-01-01 BC', '1 mon', '2 hours', '10.0.0.1', '[1,5)',
          '{00000000-0000-4000-8000-000000000000}', '{"a": [1]}', '{x,NULL}')"""
    )
    (row,) = (await server.client.rows(server.app_id, "t")).rows
    assert row[:3] == ("infinity", "4000-01-01 BC", "1 mon")
    assert row[3] == datetime.timedelta(hours=2)
    assert row[4:6] == ("10.0.0.1", "[1, 5)")
    assert row[6:] == (["00000000-0000-4000-8000-000000000000"], {"a": [1]}, ["x", None])


@pytest.mark.parametrize("entity", ["missing", "pg_catalog.missing"])
async def test_rows_of_what_is_not_there_are_not_found(server: Opened, entity: str) -> None:
    with pytest.raises(NotFound):
        await server.client.rows(server.app_id, entity)


async def test_column_that_is_not_there_is_not_found(server: Opened) -> None:
    server.run("CREATE TABLE t (a int)")
    with pytest.raises(NotFound):
        await server.client.rows(server.app_id, "t", columns=['a" FROM t; --'])


async def test_writes_are_all_or_nothing(server: Opened) -> None:
    server.run("CREATE TABLE t (a text PRIMARY KEY)")
    insert = "INSERT INTO t VALUES (:a)"
    await server.client.write(server.app_id, [(insert, {"a": "1'; --"}), (insert, {"a": ":b"})])
    with pytest.raises(Conflict):
        await server.client.write(server.app_id, [(insert, {"a": "new"}), (insert, {"a": ":b"})])
    assert [row[0] for row in (await server.client.rows(server.app_id, "t")).rows] == ["1'; --", ":b"]


async def test_sizes_count_partitions_to_their_table(server: Opened) -> None:
    server.run(
        """CREATE TABLE t (a int); INSERT INTO t SELECT generate_series(1, 500);
        CREATE TABLE p (a int) PARTITION BY RANGE (a); CREATE TABLE p1 PARTITION OF p FOR VALUES FROM (0) TO (9999);
        INSERT INTO p SELECT generate_series(1, 700); ANALYZE"""
    )
    sizes = {each.entity: each for each in await server.client.sizes(server.app_id)}
    assert set(sizes) == {"p", "t"}
    assert (sizes["t"].rows_estimate, sizes["p"].rows_estimate) == (500, 700)
    assert sizes["p"].bytes > 8000


# Activity


async def test_every_statement_is_told_without_its_values(server: Opened) -> None:
    server.run("CREATE TABLE t (a text)")
    await server.client.write(server.app_id, [("INSERT INTO t (a) VALUES ('secret') RETURNING 12345", {})])
    with pytest.raises(KnownError):
        await server.client.write(server.app_id, [("INSERT INTO t (b) VALUES (:x)", {"x": "secret"})])
    await asyncio.sleep(0)
    assert not any("secret" in each or "12345" in each for each in server.told)
    assert server.activity[-1].note == "42703"
    assert {entry.method for entry in server.activity} == {"SQL"}
    assert server.told[1].startswith(f"{server.app_id}: INSERT INTO t (a) VALUES (…)")


def test_client_shows_no_password(postgres: PostgresServer, server: Opened) -> None:
    shown = repr(server.client.own) + repr(server.client.dsn) + repr(vars(server.client.engines))
    assert postgres.password not in shown
    assert isinstance(server.client.own.password, Secret)
