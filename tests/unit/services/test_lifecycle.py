from types import SimpleNamespace

import pytest

from app.core.apps import AppState
from app.core.errors import Forbidden, Invalid, NotFound, ReadOnly, Timeout, Unsupported
from app.core.refs import AppRef, is_uuid
from app.platforms.contract import RemoteApp
from app.services.audit import AuditTrail
from app.services.catalog import Catalog
from app.services.connections import ConnectionBook
from app.services.directory import Directory
from app.services.hub import ChangeHub
from app.services.lifecycle import AppLifecycle, Organisation, checked_title
from app.services.tokens import TokenKeeper
from tests.unit.services.fakes import (
    FOUNDATION,
    NOTES,
    FakeClient,
    FakePool,
    FakeStores,
    FakeVault,
    connection,
    shelf,
    ticking,
    uid,
)


class World:
    def __init__(self, *apps: RemoteApp, **changes) -> None:
        hub = ChangeHub()
        self.client = FakeClient(*apps)
        self.stores = FakeStores(connection(**changes))
        pool = FakePool(self.client)
        book = ConnectionBook(self.stores, TokenKeeper(FakeVault(), hub), hub, self.stores.all())
        self.directory = Directory(book, pool, shelf(), self.stores, hub, clock=ticking())
        catalog = Catalog(pool, self.directory, self.stores, hub)
        trail = AuditTrail(self.stores, clock=ticking())
        self.lifecycle = AppLifecycle(book, pool, shelf(), self.directory, catalog, trail)

    def outcomes(self) -> list[tuple[str, str]]:
        return [(each[4], each[5]) for each in self.stores.audit]


async def test_create_from_a_template_gives_it_to_the_platform_and_remembers_it():
    world = World()
    row = await world.lifecycle.create("c1", "  My notes ", "notes")
    assert (row.title, row.template) == ("My notes", "notes")
    assert is_uuid(row.app_id)
    assert world.client.schemas[row.app_id] == NOTES
    assert world.directory.inventory() == (row,)
    assert world.outcomes() == [("create", "done")]
    assert world.stores.titles == ["My notes"]


async def test_organisations_are_told_by_title():
    world = World()

    async def list_orgs():
        return (SimpleNamespace(id="o2", title="Zebra"), SimpleNamespace(id="o1", title="Ant"))

    world.client.list_orgs = list_orgs
    assert await world.lifecycle.organisations("c1") == (Organisation("o1", "Ant"), Organisation("o2", "Zebra"))


async def test_organisations_of_a_platform_without_such_a_thing_are_none():
    assert await World().lifecycle.organisations("c1") == ()


@pytest.mark.parametrize("template", [None, "blank"])
async def test_create_blank_sends_no_schema(template):
    world = World()
    row = await world.lifecycle.create("c1", "Empty", template)
    assert world.client.schemas == {}
    assert row.template == (template or "")


async def test_create_again_with_the_same_id_makes_no_second_app():
    world = World()
    first = await world.lifecycle.create("c1", "One", app_id=uid(5))
    assert await world.lifecycle.create("c1", "One", app_id=uid(5)) == first
    assert len(world.client.apps) == 1


@pytest.mark.parametrize(
    "title", ["", "   ", "x" * 201, "x" * 10_000, "two\nlines", "a\u202eb", "zero\u200bwidth", "half \ud800"]
)
async def test_create_with_an_unacceptable_title_marks_the_field_and_sends_nothing(title):
    world = World()
    with pytest.raises(Invalid) as caught:
        await world.lifecycle.create("c1", title)
    assert [each.field for each in caught.value.fields] == ["title"]
    assert world.client.calls == []


@pytest.mark.parametrize("title", ["مهام", "<b>bold</b>", "Привет", "👩‍💻 work", "x" * 200])
def test_checked_title_takes_any_script_and_markup(title):
    assert checked_title(title) == title


async def test_create_with_an_unknown_template_marks_the_field():
    with pytest.raises(Invalid) as caught:
        await World().lifecycle.create("c1", "One", "nope")
    assert [each.field for each in caught.value.fields] == ["template_name"]


async def test_create_on_a_read_only_connection_is_refused_before_anything_is_sent():
    world = World(is_read_only=True)
    with pytest.raises(ReadOnly):
        await world.lifecycle.create("c1", "One")
    assert world.client.calls == []


async def test_create_whose_answer_is_lost_but_took_effect_succeeds(monkeypatch):
    world = World()
    create, lost = world.client.create_app, [Timeout("No answer.", may_have_taken_effect=True)]

    async def losing(title, **values):
        app = await create(title, **values)
        if lost:
            raise lost.pop()
        return app

    monkeypatch.setattr(world.client, "create_app", losing)
    row = await world.lifecycle.create("c1", "One")
    assert list(world.client.apps) == [row.app_id]
    assert world.outcomes() == [("create", "done")]


async def test_create_that_fails_is_raised_and_recorded():
    world = World()
    world.client.fail["create_app"] = Timeout("No answer.", may_have_taken_effect=True)
    with pytest.raises(Timeout):
        await world.lifecycle.create("c1", "One")
    assert world.outcomes() == [("create", "failed: No answer.")]
    assert world.directory.inventory() == ()


async def test_rename_shows_the_new_title():
    world = World(RemoteApp(uid(1), "Old"))
    await world.directory.refresh()
    row = await world.lifecycle.rename(AppRef("c1", uid(1)), "New")
    assert row.title == "New"
    assert [each.title for each in world.directory.inventory()] == ["New"]


async def test_rename_to_nothing_marks_the_field():
    world = World(RemoteApp(uid(1), "Old"))
    with pytest.raises(Invalid) as caught:
        await world.lifecycle.rename(AppRef("c1", uid(1)), " ")
    assert [each.field for each in caught.value.fields] == ["title"]


async def test_delete_takes_the_app_from_the_list():
    world = World(RemoteApp(uid(1), "Old"))
    await world.directory.refresh()
    await world.lifecycle.delete(AppRef("c1", uid(1)))
    assert world.client.apps == {}
    assert world.directory.inventory() == ()
    assert world.outcomes() == [("delete", "done")]


async def test_delete_of_an_app_that_is_gone_already_succeeds():
    world = World()
    world.client.fail["delete_app"] = NotFound("Gone.")
    await world.lifecycle.delete(AppRef("c1", uid(1)))
    assert world.outcomes() == [("delete", "done")]


async def test_delete_that_is_refused_leaves_the_app_in_the_list():
    world = World(RemoteApp(uid(1), "Old"))
    await world.directory.refresh()
    world.client.fail["delete_app"] = Forbidden("Not yours.")
    with pytest.raises(Forbidden):
        await world.lifecycle.delete(AppRef("c1", uid(1)))
    assert [each.state for each in world.directory.inventory()] == [AppState.OK]
    assert world.outcomes() == [("delete", "failed: Not yours.")]


async def test_delete_of_the_foundation_is_refused():
    world = World(RemoteApp(FOUNDATION, "tar"), foundation_app_id=FOUNDATION)
    with pytest.raises(Unsupported):
        await world.lifecycle.delete(AppRef("c1", FOUNDATION))
    assert list(world.client.apps) == [FOUNDATION]
