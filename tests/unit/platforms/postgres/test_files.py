"""SQLite files through the same client."""

from __future__ import annotations

import asyncio
import json
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from app.core.errors import Conflict, Invalid, KnownError, NotFound, ReadOnly, Timeout, Unsupported
from app.core.status import Health
from app.platforms.postgres.live_names import native_of
from app.platforms.postgres.table_texts import table_text
from app.schema.formats.sql_form import canonical
from app.schema.model import Attribute, Entity, Index, Link, LinkEnd, Schema
from app.schema.types import AnyType, NumberType, StringType

from .conftest import Opened, Opener


async def read(file: Opened, sql: str) -> Schema:
    file.run(sql)
    found = await file.client.read_schema(file.app_id)
    assert canonical(found, "sqlite") == found
    return found


def extra(part: Attribute | Entity | Index | Link) -> dict[str, Any]:
    return {name: json.loads(text) for name, text in part.extra}


async def test_table_is_read_with_what_its_text_tells(file: Opened) -> None:
    found = await read(
        file,
        """CREATE TABLE t (
          id INTEGER PRIMARY KEY AUTOINCREMENT, -- a comment, with (brackets
          email varchar(20) NOT NULL UNIQUE COLLATE NOCASE, n numeric(10,2) DEFAULT 0 CHECK (n  >= 0), free,
          up text GENERATED ALWAYS AS (upper(email)) STORED,
          CONSTRAINT "odd name" CHECK (n < 10 OR email = 'a,(b'), CONSTRAINT both UNIQUE (n, email))""",
    )
    entity = found.entities[0]
    by_name = {each.name: each for each in entity.attributes}
    assert by_name["id"] == Attribute("id", NumberType("integer", native="integer"), is_required=True)
    assert by_name["email"].type == StringType(20, native="varchar(20)")
    assert (by_name["email"].is_required, by_name["email"].is_unique) == (True, True)
    assert extra(by_name["email"]) == {"collation": "NOCASE"}
    assert by_name["n"].default == "0"
    assert by_name["free"].type == AnyType()
    assert extra(by_name["up"]) == {"generated": "upper(email)"}
    assert extra(entity) == {"check t_n_check": "n  >= 0", "check odd name": "n < 10 OR email = 'a,(b'"}
    assert entity.indexes == (
        Index("both", ("n", "email"), True, "btree", (("constraint", "true"),)),
        Index("t_pkey", ("id",), True, "primary"),
    )


async def test_indexes_are_flags_or_parts_of_their_own(file: Opened) -> None:
    found = await read(
        file,
        """CREATE TABLE t (a text, b int, c text); CREATE INDEX t_a_idx ON t (a); CREATE INDEX odd ON t (b, c);
        CREATE UNIQUE INDEX some ON t (lower(a), b desc) where b > 0""",
    )
    entity = found.entities[0]
    assert [each.name for each in entity.attributes if each.is_indexed] == ["a"]
    odd, some = entity.indexes
    assert odd == Index("odd", ("b", "c"), False, "btree")
    assert (some.attributes, some.is_unique) == (("b",), True)
    assert extra(some)["where"] == "b > 0"
    assert [each.lower() for each in extra(some)["expressions"]] == ["lower(a)", "b desc"]


async def test_foreign_keys_and_views(file: Opened) -> None:
    found = await read(
        file,
        """CREATE TABLE a (x int, y int, PRIMARY KEY (x, y)) WITHOUT ROWID;
        CREATE TABLE b (ax int, ay int, solo int REFERENCES a (x) ON DELETE SET NULL,
          CONSTRAINT pair FOREIGN KEY (ax, ay) REFERENCES a ON DELETE CASCADE ON UPDATE RESTRICT);
        CREATE VIEW v AS SELECT x FROM a""",
    )
    by_name = {each.name: each for each in found.links}
    assert by_name["pair"] == Link(
        "pair",
        LinkEnd("b", "pair", "one", on_delete="cascade"),
        LinkEnd("a", "", "many"),
        extra=(("on_update", '"restrict"'),),
        columns=(("ax", "x"), ("ay", "y")),
    )
    assert (by_name["b_solo_fkey"].columns, by_name["b_solo_fkey"].forward.on_delete) == ((("solo", "x"),), "set-null")
    assert {each.name: each.is_system for each in found.entities} == {"a": False, "b": False, "v": True}
    assert all(each.is_required for each in found.entities[0].attributes)


def test_text_of_a_table_in_any_dialect_of_quotes() -> None:
    found = table_text(
        """create table [odd (name] (`a``b` int constraint "first ""one"" of" unique, /* , */ 'c' text check(c<>')'),
        constraint k foreign key ("a`b", [c]) references z)"""
    )
    assert found.unique_names == {("a`b",): 'first "one" of'}
    assert found.foreign_names == {("a`b", "c"): "k"}
    assert found.checks == (("odd (name_c_check", "c<>')'"),)


async def test_live_schema_of_a_file_keeps_no_ids(file: Opened) -> None:
    file.run("CREATE TABLE t (a int)")
    live = await file.client.read_live(file.app_id)
    assert native_of(live).dialect == "sqlite"
    assert live.fingerprint == live.schema.fingerprint()
    assert file.client.renames_between(live, live) is None


async def test_files_beside_are_databases(file: Opened, tmp_path: Path) -> None:
    client = file.client
    file.run("CREATE TABLE t (a int)")
    (tmp_path / "notes.db").write_text("no database")
    table = Entity("t", (Attribute("a", NumberType("integer", native="integer")),))
    app = await client.create_app("Second one", app_id="x-1", schema=Schema((table,)))
    assert (app.app_id, app.title) == (str(tmp_path / "Second one.db"), "Second one")
    assert (tmp_path / "Second one.db").stat().st_mode & 0o077 == 0
    assert [each.title for each in await client.list_apps()] == ["shop", "Second one"]
    assert (await client.read_schema(app.app_id)).entities == (table,)
    assert await client.create_app("Second one", app_id="x-1") == app
    with pytest.raises(Conflict):
        await client.create_app("Second one", app_id="x-2")
    with pytest.raises(Unsupported):
        await client.delete_app(file.app_id)
    await client.delete_app(app.app_id)
    with pytest.raises(NotFound):
        await client.get_app(app.app_id)


@pytest.mark.parametrize("title", ["", "a/b", "..", "x" * 70])
async def test_name_that_no_file_can_have_is_refused(file: Opened, title: str) -> None:
    with pytest.raises(Invalid) as caught:
        await file.client.create_app(title, app_id="x")
    assert [each.field for each in caught.value.fields] == ["title"]


async def test_file_that_is_not_there_is_not_made(file: Opened, tmp_path: Path) -> None:
    health = await file.client.check(str(tmp_path / "gone.db"))
    assert not health.is_reachable
    assert "gone.db" in health.sentence
    assert not (tmp_path / "gone.db").exists()
    with pytest.raises(NotFound):
        await file.client.read_schema("/elsewhere/a.db")
    with pytest.raises(NotFound):
        await file.client.read_schema(f"/elsewhere/{'a' * 5_000}.db")


async def test_file_that_is_no_database_is_told(file: Opened, tmp_path: Path) -> None:
    (tmp_path / "text.db").write_text("This is a text, and longer than a header would be. " * 40)
    with pytest.raises(KnownError) as caught:
        await file.client.read_schema(str(tmp_path / "text.db"))
    assert "not a database" in caught.value.sentence


async def test_read_only_file_takes_no_writes(on_file: Opener) -> None:
    file = on_file(is_read_only=True)
    file.run("CREATE TABLE t (a int)")
    with pytest.raises(ReadOnly):
        await file.client.write(file.app_id, [("INSERT INTO t VALUES (1)", {})])

    def work(connection: Any) -> None:
        connection.exec_driver_sql("INSERT INTO t VALUES (1)")

    with pytest.raises(ReadOnly):
        await file.client.engines.run(file.client.own, work, doing="try")


async def test_probe_rows_sizes_and_names(file: Opened) -> None:
    file.run("CREATE TABLE t (k text PRIMARY KEY, v blob); INSERT INTO t VALUES ('a', x'00ff'), ('b', 2), ('c', NULL)")
    client = file.client
    assert (await client.probe()).health is Health.UP
    assert await client.entity_names(file.app_id) == ("t",)
    assert [(each.entity, each.rows_estimate) for each in await client.sizes(file.app_id)] == [("t", 3)]
    first = await client.rows(file.app_id, "t", limit=2)
    second = await client.rows(file.app_id, "t", after=first.next_key, limit=2)
    assert first.rows + second.rows == (("a", b"\x00\xff"), ("b", 2), ("c", None))
    health = await client.check(file.app_id)
    assert (health.is_reachable, health.tables) == (True, 1)


async def test_writes_are_all_or_nothing(file: Opened) -> None:
    file.run("CREATE TABLE t (k text PRIMARY KEY)")
    insert = "INSERT INTO t VALUES (:k)"
    with pytest.raises(Conflict):
        await file.client.write(file.app_id, [(insert, {"k": "a"}), (insert, {"k": "a"})])
    assert (await file.client.rows(file.app_id, "t")).rows == ()


async def test_cancelled_work_stops_its_statement(file: Opened) -> None:
    started = asyncio.Event()
    loop = asyncio.get_running_loop()

    def work(connection: Any) -> Any:
        loop.call_soon_threadsafe(started.set)
        return connection.exec_driver_sql(
            "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT count(*) FROM n"
        ).scalar()

    task = asyncio.create_task(file.client.engines.run(file.client.own, work, doing="count for ever"))
    await started.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_file_that_someone_writes_to_is_busy(file: Opened, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.platforms.postgres.opening._BUSY_S", 0.01)
    file.run("CREATE TABLE t (a int)")
    other = sqlite3.connect(file.app_id, isolation_level=None)
    try:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(Timeout):
            await file.client.write(file.app_id, [("INSERT INTO t VALUES (1)", {})])
    finally:
        other.close()
