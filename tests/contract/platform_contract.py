"""What every platform client must do; one subclass per platform runs it against a real platform."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from app.core.errors import Invalid, NotFound, Unsupported
from app.core.refs import new_id
from app.core.status import Health
from app.platforms.contract import PlatformClient
from app.schema.compare import Plan
from app.schema.model import Attribute, Entity, Link, LinkEnd, Schema
from app.schema.operations import (
    AddAttribute,
    AddEntity,
    AddLink,
    ChangeAttribute,
    DropAttribute,
    DropEntity,
    DropLink,
    Operation,
    RenameAttribute,
    RenameEntity,
)
from app.schema.types import BooleanType, DateType, NumberType, StringType

TODO = Schema(
    entities=(
        Entity(
            "todos",
            (
                Attribute("title", StringType(), is_required=True),
                Attribute("done", BooleanType()),
                Attribute("due", DateType(), is_indexed=True),
            ),
        ),
        Entity(
            "people",
            (Attribute("email", StringType(), is_unique=True, is_indexed=True), Attribute("age", NumberType())),
        ),
    ),
    links=(
        Link(
            "todosOwner",
            LinkEnd("todos", "owner", "one", on_delete="cascade"),
            LinkEnd("people", "todos", "many"),
        ),
    ),
)


_CHANGED = ("title", "done", "due")


def own(schema: Schema) -> Schema:
    """Without what the platform brings along."""
    return Schema(
        tuple(entity for entity in schema.entities if not entity.is_system),
        tuple(link for link in schema.links if not link.is_system),
    ).normalised()


class PlatformContract:
    """Subclasses give the fixture ``client``: a client with full rights on a platform of its own.

    ``todo`` is the schema that is built, in the platform's own words: entities ``todos`` (with ``title``, ``done`` and
    ``due`` among its attributes) and ``people``, and a link. ``changed`` is ``done`` with an index, ``note`` a new
    unique attribute. ``tells_creation``: apps say when they were made.
    """

    todo = TODO
    changed = Attribute("done", BooleanType(), is_indexed=True)
    note = Attribute("note", StringType(), is_unique=True, is_indexed=True)
    tells_creation = True

    @pytest.fixture
    async def client(self) -> PlatformClient:
        raise NotImplementedError

    @pytest.fixture
    def mark(self) -> str:
        """What the caller chose to tell a repeat by; where apps have no names of their own, it is their ID."""
        return new_id()

    @pytest.fixture
    async def app_id(self, client: PlatformClient, mark: str) -> AsyncIterator[str]:
        app = await client.create_app("Contract", app_id=mark)
        yield app.app_id
        with contextlib.suppress(NotFound):
            await client.delete_app(app.app_id)

    async def test_probe_is_up(self, client: PlatformClient) -> None:
        probe = await client.probe()
        assert probe.health is Health.UP
        assert probe.latency_ms is not None
        assert probe.capabilities.create_app.is_available

    async def test_app_created_is_listed_once_and_read(self, client: PlatformClient, app_id: str) -> None:
        listed = [app for app in await client.list_apps() if app.app_id == app_id]
        assert [app.title for app in listed] == ["Contract"]
        assert not self.tells_creation or listed[0].created_at > 1_600_000_000
        assert (await client.get_app(app_id)).title == "Contract"

    async def test_create_app_repeated_finds_the_first(self, client: PlatformClient, app_id: str, mark: str) -> None:
        again = await client.create_app("Contract", app_id=mark)
        assert again.app_id == app_id
        assert len([app for app in await client.list_apps() if app.app_id == app_id]) == 1

    async def test_create_app_with_a_schema_has_it(self, client: PlatformClient) -> None:
        app = await client.create_app("With schema", app_id=new_id(), schema=self.todo)
        try:
            assert own(await client.read_schema(app.app_id)) == self.todo.normalised()
        finally:
            await client.delete_app(app.app_id)

    async def test_app_renamed_has_its_new_title(self, client: PlatformClient, app_id: str) -> None:
        able = (await client.probe()).capabilities.rename_app
        if not able.is_available:
            assert able.reason
            with pytest.raises(Unsupported):
                await client.rename_app(app_id, "Another")
            assert (await client.get_app(app_id)).title == "Contract"
            return
        assert (await client.rename_app(app_id, "  שלום <b>  ")).title == "שלום <b>"
        assert (await client.get_app(app_id)).title == "שלום <b>"

    async def test_app_deleted_is_gone(self, client: PlatformClient, app_id: str) -> None:
        await client.delete_app(app_id)
        assert app_id not in [app.app_id for app in await client.list_apps()]
        with pytest.raises(NotFound):
            await client.get_app(app_id)

    async def test_app_unknown_is_not_found(self, client: PlatformClient) -> None:
        for call in (client.get_app, client.read_schema, client.delete_app):
            with pytest.raises(NotFound):
                await call(new_id())

    @pytest.mark.parametrize("title", ["", "  ", "x" * 10_000])
    async def test_title_unusable_is_refused_at_its_field(self, client: PlatformClient, title: str) -> None:
        with pytest.raises(Invalid) as caught:
            await client.create_app(title, app_id=new_id())
        assert [each.field for each in caught.value.fields] == ["title"]

    # Schemas

    async def push(self, client: PlatformClient, app_id: str, *steps: Operation) -> Schema:
        live = await client.read_live(app_id)
        jobs = await client.send_plan(app_id, live, Plan(steps))
        assert [job.error for job in jobs if job.status != "completed"] == []
        return own((await client.read_live(app_id)).schema)

    async def test_read_live_is_the_schema_in_its_canonical_form(self, client: PlatformClient, app_id: str) -> None:
        live = await client.read_live(app_id)
        assert live.schema.normalised() == (await client.read_schema(app_id)).normalised()
        assert live.fingerprint == live.schema.fingerprint()
        assert (await client.read_live(app_id)).fingerprint == live.fingerprint

    async def test_push_builds_a_schema_and_takes_it_down(self, client: PlatformClient, app_id: str) -> None:
        entities, links = self.todo.entities, self.todo.links
        found = await self.push(client, app_id, *map(AddEntity, entities), *map(AddLink, links))
        assert found == self.todo.normalised()
        assert await self.push(client, app_id, *map(DropLink, links), *map(DropEntity, entities)) == Schema()

    async def test_push_changes_adds_renames_and_drops_attributes(self, client: PlatformClient, app_id: str) -> None:
        todos = self.todo.entities[0]
        title, done, due = (next(each for each in todos.attributes if each.name == name) for name in _CHANGED)
        await self.push(client, app_id, AddEntity(todos))
        found = await self.push(
            client,
            app_id,
            RenameEntity("todos", "tasks"),
            RenameAttribute("tasks", "title", "name"),
            AddAttribute("tasks", self.note),
            ChangeAttribute("tasks", done, self.changed),
            DropAttribute("tasks", due),
        )
        kept = (each for each in todos.attributes if each.name not in _CHANGED)
        attributes = (*kept, replace(title, name="name"), self.note, self.changed)
        assert found == Schema((replace(todos, name="tasks", attributes=attributes),)).normalised()

    async def test_push_of_nothing_does_nothing(self, client: PlatformClient, app_id: str) -> None:
        before = await client.read_live(app_id)
        assert await client.send_plan(app_id, before, Plan(())) == ()
        assert client.render(before, Plan(())) == ()
        assert (await client.read_live(app_id)).fingerprint == before.fingerprint
