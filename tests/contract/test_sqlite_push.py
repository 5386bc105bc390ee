"""Pushes to a real SQLite file with rows, triggers, views and foreign keys."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from app.core.connection import Connection, Environment, Platform
from app.core.errors import Conflict, KnownError, ReadOnly, StalePlan, Unsupported
from app.platforms.contract import PushJob, PushProgress
from app.platforms.http_words import Tokens
from app.platforms.postgres.client import PostgresClient
from app.platforms.postgres.dsn import Dsn
from app.schema.compare import Renames, compare
from app.schema.formats.sql_form import canonical
from app.schema.formats.sql_types import type_of
from app.schema.model import Attribute, Entity, Index, Link, LinkEnd, Schema

NO_RENAMES = Renames()


def column(name: str, kind: str = "text", **flags: Any) -> Attribute:
    return Attribute(name, type_of(kind, dialect="sqlite"), **flags)


def table(name: str, *columns: Attribute) -> Entity:
    key = Index(f"{name}_pk", ("id",), True, "primary")
    return Entity(name, (column("id", "integer", is_required=True), *columns), (key,))


def schema(*entities: Entity, links: tuple[Link, ...] = ()) -> Schema:
    return canonical(Schema(entities, links), "sqlite").normalised()


POSTS = table("posts", column("owner", "integer"), column("title"))
OWNER = Link(
    "fk", LinkEnd("posts", "fk", "one", on_delete="cascade"), LinkEnd("users", "", "many"), columns=(("owner", "id"),)
)
LINKED = schema(table("users", column("name")), POSTS, links=(OWNER,))


class File:
    def __init__(self, path: Path, *, is_read_only: bool = False) -> None:
        self.path = path
        dsn = Dsn.parse(f"sqlite:///{path}")[0]
        connection = Connection(
            "c1", "F", Platform.POSTGRES, dsn.to_text(), Environment.LOCAL, is_read_only=is_read_only
        )
        self.client = PostgresClient(connection, Tokens(), lambda _entry: None)
        self.told: list[PushProgress] = []

    def sql(self, script: str) -> list[tuple[Any, ...]]:
        """The answer to the last statement; foreign keys hold."""
        connection = sqlite3.connect(self.path, isolation_level=None)
        try:
            connection.execute("PRAGMA foreign_keys = ON")
            *first, last = [each for each in script.split(";;") if each.strip()]
            for each in first:
                connection.execute(each)
            return connection.execute(last).fetchall()
        finally:
            connection.close()

    async def push(self, wanted: Schema, renames: Renames = NO_RENAMES) -> tuple[PushJob, ...]:
        live = await self.client.read_live(str(self.path))
        plan = compare(live.schema, wanted, renames)
        return await self.client.send_plan(str(self.path), live, plan, self.told.append)

    async def schema(self) -> Schema:
        return (await self.client.read_schema(str(self.path))).normalised()


@pytest.fixture
async def file(tmp_path: Path) -> AsyncIterator[File]:
    path = tmp_path / "it's 50% \U0001f642.db"
    sqlite3.connect(path).close()
    made = File(path)
    yield made
    await made.client.aclose()


async def test_push_that_makes_a_table_anew_keeps_rows_triggers_views_and_links(file: File) -> None:
    await file.push(LINKED)
    file.sql(
        "INSERT INTO users VALUES (1, 'a');;INSERT INTO posts (id, owner, title) VALUES (1, 1, 't');;"
        "CREATE VIEW names AS SELECT name FROM users"
        ";;CREATE TRIGGER seen AFTER INSERT ON users BEGIN UPDATE posts SET title = new.name; END"
    )
    users = table(
        "users",
        column("name", is_unique=True, is_required=True),
        column("age", "integer", default="7", is_required=True),
    )
    wanted = schema(users, POSTS, links=(OWNER,))
    jobs = await file.push(wanted)
    assert {job.status for job in jobs} == {"completed"}
    assert [each for each in (await file.schema()).entities if not each.is_system] == list(wanted.entities)
    assert (await file.schema()).links == wanted.links
    assert file.sql("SELECT id, name, age FROM users") == [(1, "a", 7)]
    assert file.sql("SELECT name FROM names") == [("a",)]
    assert file.sql("INSERT INTO users (id, name) VALUES (2, 'b');;SELECT title FROM posts") == [("b",)]
    assert file.sql("DELETE FROM users WHERE id = 1;;SELECT count(*) FROM posts") == [(0,)]


async def test_push_of_renames_keeps_rows_and_links(file: File) -> None:
    await file.push(LINKED)
    file.sql("INSERT INTO users VALUES (1, 'a');;INSERT INTO posts (id, owner, title) VALUES (1, 1, 't')")
    target = replace(OWNER, reverse=LinkEnd("people", "", "many"))
    people = replace(table("users", column("label", is_indexed=True)), name="people")
    wanted = schema(people, POSTS, links=(target,))
    await file.push(wanted, Renames((("users", "people"),), (("users", "name", "label"),)))
    assert await file.schema() == wanted
    assert file.sql("SELECT label FROM people") == [("a",)]
    assert file.sql("DELETE FROM people;;SELECT count(*) FROM posts") == [(0,)]


async def test_push_of_a_link_that_rows_do_not_keep_changes_nothing(file: File) -> None:
    before = schema(table("users", column("name")), POSTS)
    await file.push(before)
    file.sql("INSERT INTO posts (id, owner, title) VALUES (1, 9, 't')")
    with pytest.raises(Conflict, match="lead to rows that are not there"):
        await file.push(LINKED)
    assert await file.schema() == before
    assert file.sql("SELECT id, owner, title FROM posts") == [(1, 9, "t")]


async def test_push_of_a_requirement_that_rows_do_not_meet_changes_nothing(file: File) -> None:
    before = schema(table("users", column("name")))
    await file.push(before)
    file.sql("INSERT INTO users VALUES (1, NULL)")
    with pytest.raises(KnownError, match="NOT NULL"):
        await file.push(schema(table("users", column("name", is_required=True)), POSTS))
    assert await file.schema() == before


async def test_push_that_would_lose_autoincrement_is_refused(file: File) -> None:
    file.sql("CREATE TABLE users (id INTEGER PRIMARY KEY AUTOINCREMENT, name text)")
    now = await file.schema()
    users = now.entities[0]
    stricter = replace(users, attributes=tuple(replace(each, is_required=True) for each in users.attributes))
    with pytest.raises(Unsupported, match="AUTOINCREMENT"):
        await file.push(schema(stricter))
    added = replace(users, attributes=(*users.attributes, column("more")))
    assert {job.status for job in await file.push(schema(added))} == {"completed"}


async def test_push_to_a_file_that_changed_meanwhile_sends_nothing(file: File) -> None:
    await file.push(LINKED)
    live = await file.client.read_live(str(file.path))
    plan = compare(live.schema, schema(table("users")))
    file.sql("ALTER TABLE users ADD COLUMN other text")
    with pytest.raises(StalePlan):
        await file.client.send_plan(str(file.path), live, plan)


async def test_push_through_a_read_only_connection_is_refused(file: File) -> None:
    reader = File(file.path, is_read_only=True)
    with pytest.raises(ReadOnly):
        await reader.push(LINKED)
    await reader.client.aclose()


async def test_count_rows_of_a_file_tells_what_each_step_meets(file: File) -> None:
    before = schema(table("users", column("name")), POSTS)
    await file.push(before)
    file.sql(
        "INSERT INTO posts (id, owner, title) VALUES (1, 9, 't');;"
        "INSERT INTO users VALUES (1, NULL), (2, 'a'), (3, 'a')"
    )
    wanted = schema(table("users", column("name", is_unique=True, is_required=True)), POSTS, links=(OWNER,))
    counts = await file.client.count_rows(str(file.path), compare(before, wanted))
    assert {(each.sentence, each.is_blocking) for each in counts} == {
        ("1 row of users has no name.", True),
        ("2 rows of users share their name with another.", True),
        ("1 row of posts leads to a row of users that is not there.", True),
    }
