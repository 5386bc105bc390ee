"""What the platform contract needs to know of SQL, and what every SQL client does beyond it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from app.core.activity import ActivityEntry
from app.core.connection import Connection
from app.core.errors import KnownError, NotFound, ReadOnly
from app.core.refs import new_id
from app.core.secret import Secret
from app.platforms.contract import SqlClient
from app.platforms.http_words import Tokens
from app.platforms.registry import make_client
from app.platforms.traits import traits_of
from app.schema.compare import Plan
from app.schema.formats.sql_names import Dialect
from app.schema.formats.sql_types import type_of
from app.schema.model import Attribute, Entity, Index, Link, LinkEnd, Schema
from app.schema.operations import AddAttribute, AddEntity, DropAttribute, RenameAttribute
from tests.contract.platform_contract import PlatformContract


def todo(dialect: Dialect) -> Schema:
    """The contract's schema in SQL; every table has a primary key, as pages of rows need one."""

    def of(text: str) -> object:
        return type_of(text, dialect=dialect)

    def key(table: str) -> tuple[Attribute, Index]:
        return Attribute("id", of("integer"), is_required=True), Index(f"{table}_pkey", ("id",), True, "primary")

    todos_id, todos_key = key("todos")
    people_id, people_key = key("people")
    return Schema(
        entities=(
            Entity(
                "todos",
                (
                    todos_id,
                    Attribute("title", of("text"), is_required=True),
                    Attribute("done", of("boolean")),
                    Attribute("due", of("timestamp"), is_indexed=True),
                    Attribute("owner", of("integer")),
                ),
                (todos_key,),
            ),
            Entity(
                "people",
                (people_id, Attribute("email", of("text"), is_unique=True), Attribute("age", of("integer"))),
                (people_key,),
            ),
        ),
        links=(
            Link(
                "todos_owner_fkey",
                LinkEnd("todos", "todos_owner_fkey", "one", on_delete="cascade"),
                LinkEnd("people", "", "many"),
                columns=(("owner", "id"),),
            ),
        ),
    )


class SqlContract(PlatformContract):
    """Subclasses give the fixtures ``connection`` and ``tokens`` too."""

    tells_creation = False

    async def filled(self, client: SqlClient, app_id: str, count: int = 3) -> None:
        live = await client.read_live(app_id)
        await client.send_plan(app_id, live, Plan((AddEntity(self.todo.entities[1]),)))
        add = "INSERT INTO people (id, email, age) VALUES (:id, :email, :age)"
        rows = ({"id": at, "email": f"{at}'; --@ö", "age": None if at % 2 else at} for at in range(count))
        await client.write(app_id, [(add, row) for row in rows])

    async def test_rules_and_form_are_those_of_the_traits(self, client: SqlClient, connection: Connection) -> None:
        traits = traits_of(connection)
        assert client.schema_rules == traits.rules
        assert traits.canonical(self.todo).normalised() == self.todo.normalised()

    async def test_columns_stand_in_the_order_of_the_table(self, client: SqlClient, app_id: str) -> None:
        columns = tuple(Attribute(each, type_of("text")) for each in ("id", "zip", "name", "b"))
        added = Attribute("a", type_of("text"))
        live = await client.read_live(app_id)
        await client.send_plan(app_id, live, Plan((AddEntity(Entity("places", columns)),)))
        steps = (
            RenameAttribute("places", "b", "c"),
            AddAttribute("places", added),
            DropAttribute("places", columns[1]),
        )
        await client.send_plan(app_id, await client.read_live(app_id), Plan(steps))
        live = await client.read_live(app_id)
        (entity,) = live.schema.entities
        assert [each.name for each in entity.attributes] == ["id", "name", "c", "a"]
        assert live.fingerprint == live.schema.normalised().fingerprint()
        assert (await client.read_schema(app_id)).entities == (entity,)

    async def test_rows_come_in_pages_by_their_key(self, client: SqlClient, app_id: str) -> None:
        await self.filled(client, app_id, 5)
        found, after, pages = [], None, 0
        while True:
            page = await client.rows(app_id, "people", columns=("id", "email"), after=after, limit=2)
            assert page.columns == ("id", "email")
            found += page.rows
            pages, after = pages + 1, page.next_key
            if after is None:
                break
        assert found == [(at, f"{at}'; --@ö") for at in range(5)]
        assert pages == 3
        some = await client.rows(app_id, "people", columns=("id",), where={"age": None})
        assert some.rows == ((1,), (3,))
        with pytest.raises(NotFound):
            await client.rows(app_id, "nothing")

    async def test_write_is_all_or_nothing(self, client: SqlClient, app_id: str) -> None:
        await self.filled(client, app_id, 1)
        again = ("INSERT INTO people (id, email) VALUES (:id, :email)", {"id": 0, "email": "twice"})
        other = ("INSERT INTO people (id, email) VALUES (:id, :email)", {"id": 7, "email": "seven"})
        with pytest.raises(KnownError):
            await client.write(app_id, [other, again])
        assert [row[0] for row in (await client.rows(app_id, "people")).rows] == [0]

    async def test_names_sizes_and_health_of_a_database(self, client: SqlClient, app_id: str) -> None:
        await self.filled(client, app_id)
        assert await client.entity_names(app_id) == ("people",)
        (size,) = await client.sizes(app_id)
        assert size.entity == "people"
        health = await client.check(app_id)
        assert (health.is_reachable, health.tables) == (True, 1)
        assert health.version
        assert health.latency_ms is not None
        # What was counted before is not counted again.
        known = replace(health, tables=77, bytes=5)
        again = await client.check(app_id, known=known)
        assert again.is_reachable
        assert (again.tables, again.bytes, again.counted_at) == (77, 5, health.counted_at)
        missing = await client.check(new_id())
        assert not missing.is_reachable
        assert missing.sentence

    async def test_read_only_connection_writes_nothing(
        self, client: SqlClient, connection: Connection, tokens: Tokens, app_id: str
    ) -> None:
        await self.filled(client, app_id)
        reading = make_client(replace(connection, is_read_only=True), tokens, lambda _entry: None)
        try:
            able = (await reading.probe()).capabilities
            assert not able.push_schema.is_available
            assert not able.write_rows.is_available
            live = await reading.read_live(app_id)
            with pytest.raises(ReadOnly):
                await reading.write(app_id, [("DELETE FROM people", {})])
            with pytest.raises(ReadOnly):
                await reading.send_plan(app_id, live, Plan((AddEntity(self.todo.entities[0]),)))
            with pytest.raises(ReadOnly):
                await reading.create_app("Another", app_id=new_id())
        finally:
            await reading.aclose()
        assert len((await client.rows(app_id, "people")).rows) == 3

    async def test_every_statement_is_told_without_values(
        self, connection: Connection, tokens: Tokens, app_id: str, client: SqlClient
    ) -> None:
        entries: list[ActivityEntry] = []
        other = make_client(connection, tokens, entries.append)
        try:
            await self.filled(other, app_id, 2)
        finally:
            await other.aclose()
        assert entries
        assert {each.method for each in entries} == {"SQL"}
        told = repr(entries)
        assert "--@ö" not in told
        secret = tokens.platform or Secret("never in a statement")
        assert secret.reveal() not in told
