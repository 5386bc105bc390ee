"""What every platform client must do; one subclass per platform runs it against a real platform."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator

import pytest

from app.core.errors import Invalid, NotFound
from app.core.refs import new_id
from app.core.status import Health
from app.platforms.contract import PlatformClient
from app.schema.model import Attribute, Entity, Link, LinkEnd, Schema
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


class PlatformContract:
    """Subclasses give the fixture ``client``: a client with full rights on a platform of its own."""

    @pytest.fixture
    async def client(self) -> PlatformClient:
        raise NotImplementedError

    @pytest.fixture
    async def app_id(self, client: PlatformClient) -> AsyncIterator[str]:
        app = await client.create_app("Contract", app_id=new_id())
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
        assert listed[0].created_at > 1_600_000_000
        assert (await client.get_app(app_id)).title == "Contract"

    async def test_create_app_repeated_finds_the_first(self, client: PlatformClient, app_id: str) -> None:
        again = await client.create_app("Contract", app_id=app_id)
        assert again.app_id == app_id
        assert len([app for app in await client.list_apps() if app.app_id == app_id]) == 1

    async def test_create_app_with_a_schema_has_it(self, client: PlatformClient) -> None:
        app = await client.create_app("With schema", app_id=new_id(), schema=TODO)
        found = await client.read_schema(app.app_id)
        own = Schema(
            tuple(entity for entity in found.entities if not entity.is_system),
            tuple(link for link in found.links if not link.is_system),
        )
        assert own.normalised() == TODO.normalised()
        await client.delete_app(app.app_id)

    async def test_app_renamed_has_its_new_title(self, client: PlatformClient, app_id: str) -> None:
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
