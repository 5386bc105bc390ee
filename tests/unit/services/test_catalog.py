import asyncio

import pytest

from app.core.changes import Changes
from app.core.errors import NotFound
from app.core.refs import AppRef
from app.platforms.contract import RemoteApp
from app.schema import types as t
from app.schema.formats.model_json import from_text, to_text
from app.schema.model import Attribute, Entity, Index, Link, LinkEnd, Schema
from app.services.catalog import Catalog
from app.services.connections import ConnectionBook
from app.services.directory import Directory
from app.services.hub import ChangeHub
from app.services.tokens import TokenKeeper
from tests.unit.services.fakes import (
    NOTES,
    FakeClient,
    FakePool,
    FakeStores,
    FakeVault,
    connection,
    heard_by,
    shelf,
    ticking,
    uid,
)

REF = AppRef("c1", uid(1))


class World:
    def __init__(self) -> None:
        self.hub = ChangeHub()
        self.heard = heard_by(self.hub)
        self.client = FakeClient(RemoteApp(uid(1), "One"))
        self.client.schemas[uid(1)] = NOTES
        self.stores = FakeStores(connection())
        pool = FakePool(self.client)
        book = ConnectionBook(self.stores, TokenKeeper(FakeVault(), self.hub), self.hub, self.stores.all())
        self.directory = Directory(book, pool, shelf(), self.stores, self.hub, clock=ticking())
        self.catalog = Catalog(pool, self.directory, self.stores, self.hub, clock=ticking(9.0))


async def test_schema_is_read_once_and_again_only_on_refresh():
    world = World()
    snapshot = await world.catalog.schema(REF)
    assert (snapshot.schema, snapshot.read_at, snapshot.fingerprint) == (NOTES, 9.0, NOTES.fingerprint())
    assert await world.catalog.schema(REF) is snapshot
    await world.catalog.schema(REF, refresh=True)
    assert world.client.calls == [f"read_schema:{uid(1)}"] * 2


async def test_schema_that_changed_is_published_once():
    world = World()
    await world.catalog.schema(REF)
    world.client.schemas[uid(1)] = Schema()
    await world.catalog.schema(REF, refresh=True)
    await world.catalog.schema(REF, refresh=True)
    assert [each.schemas for each in world.heard if each.schemas] == [frozenset({REF})]
    assert Changes(schemas=frozenset({REF})) in world.heard


async def test_schema_asked_for_twice_at_once_is_read_once_and_survives_one_who_leaves():
    world = World()
    world.client.gate.clear()
    first, second = (asyncio.create_task(world.catalog.schema(REF)) for _ in range(2))
    while not world.client.in_flight:
        await asyncio.sleep(0)
    first.cancel()
    world.client.gate.set()
    assert (await second).schema == NOTES
    assert len(world.client.calls) == 1


async def test_schema_of_a_missing_app_raises_the_error_of_the_client():
    world = World()
    world.client.fail["read_schema"] = NotFound("Gone.")
    with pytest.raises(NotFound):
        await world.catalog.schema(REF)


async def test_schema_tells_the_directory_the_number_of_agents():
    world = World()
    await world.directory.refresh()
    world.client.schemas[uid(1)] = Schema()
    await world.catalog.schema(REF, refresh=True)
    assert world.directory.find(REF).agents == 0


async def test_last_known_comes_from_the_local_database():
    world = World()
    await world.catalog.schema(REF)
    other = World()
    other.stores.schemas = world.stores.schemas
    assert (await other.catalog.last_known(REF)).schema == NOTES
    assert other.client.calls == []


async def test_last_known_written_by_another_version_is_none():
    world = World()
    world.stores.put_schema(REF, '{"_":"Hologram"}', "f", 1.0)
    assert await world.catalog.last_known(REF) is None


EVERYTHING = Schema(
    (
        Entity(
            "all",
            (
                Attribute("s", t.StringType(20, "email", "varchar(20)"), True, True, True, "'x'", False, (("a", "1"),)),
                Attribute("n", t.NumberType("decimal", 10, 2, 0, 9.5)),
                Attribute("d", t.DateType("date", False)),
                Attribute("l", t.UnionType((t.LiteralType("a"), t.LiteralType(1), t.NullType()))),
                Attribute("e", t.EnumType(("a", "b"), "kind")),
                Attribute("o", t.ObjectType((t.ObjectField("x", t.ArrayType(t.IdType("all")), False),))),
                Attribute("r", t.RecordType(t.StringType(), t.AnyType())),
                Attribute("x", t.NativeType("tsvector"), is_system=True),
            ),
            (Index("by_s", ("s", "n"), True, "search"),),
        ),
        Entity("$users", is_system=True),
    ),
    (Link("l", LinkEnd("all", "owner", "one", True, "cascade"), LinkEnd("$users", "alls", "many")),),
)


@pytest.mark.parametrize("schema", [EVERYTHING, NOTES, Schema()])
def test_schema_text_read_back_is_the_same_schema(schema):
    assert from_text(to_text(schema)) == schema


@pytest.mark.parametrize("text", ["", "{", "[]", "1", '{"_":"Entity","name":"x"}', '{"x":1}', '{"_":"Schema","y":1}'])
def test_from_text_of_anything_else_is_a_value_error(text):
    with pytest.raises(ValueError):
        from_text(text)


async def test_refresh_that_reads_a_schema_known_from_before_takes_it_over():
    world = World()
    world.catalog._known = {REF: "another"}
    world.directory.on_schema(world.catalog.saw)
    await world.directory.refresh()
    await world.catalog.aclose()
    assert (await world.catalog.schema(REF)).schema == NOTES
    assert world.client.calls.count(f"read_schema:{uid(1)}") == 1


async def test_refresh_keeps_nothing_of_schemas_that_were_never_opened():
    world = World()
    world.directory.on_schema(world.catalog.saw)
    await world.directory.refresh()
    await world.catalog.aclose()
    assert world.stores.schemas == {}


async def test_equal_schemas_of_two_apps_have_the_same_mark():
    world = World()
    world.client.apps[uid(2)] = RemoteApp(uid(2), "Two")
    world.client.schemas[uid(2)] = Schema(tuple(NOTES.entities))
    assert world.directory.mark_of(REF) is None
    await world.directory.refresh()
    assert world.directory.mark_of(REF) == world.directory.mark_of(AppRef("c1", uid(2)))
    await world.directory.drop(REF)
    assert world.directory.mark_of(REF) is None
