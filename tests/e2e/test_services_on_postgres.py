"""All services together on a real PostgreSQL: connect, look, change a schema, take it back, make a database."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.core.apps import AppKind, AppState
from app.core.connection import Connection, Environment, Platform, TokenKind
from app.core.errors import Invalid, Unsupported
from app.core.refs import AppRef
from app.core.status import FindingKind, Health
from app.schema.draft import Draft
from app.schema.formats.sql_types import type_of
from app.schema.model import Attribute
from app.services.connections import ConnectionDraft
from app.services.sql_address import address_of, split_address
from app.services.suite import Services
from tests.support.postgres_server import PostgresServer
from tests.support.store_world import World, hosted_world

pytestmark = pytest.mark.timeout(120)


@pytest.fixture(scope="module")
def world(postgres: PostgresServer) -> World:
    return hosted_world(postgres, "together")


async def connected(services: Services, world: World) -> Connection:
    parts, password = split_address(world.main_dsn)
    assert not isinstance(parts, Path)
    draft = ConnectionDraft(
        "Shop",
        Platform.POSTGRES,
        address_of(parts),
        Environment.LOCAL,
        foundation_app_id=parts.database,
        platform_token=password,
    )
    probe = await services.connections.test(draft)
    assert probe.health is Health.UP, probe.sentence
    return await services.connections.add(draft)


async def test_connection_is_tested_kept_listed_and_checked(
    services: Services, world: World, postgres: PostgresServer
) -> None:
    found = await connected(services, world)
    assert postgres.password not in repr(services.connections.all())
    assert (await services.tokens.get(found.id, TokenKind.PLATFORM)) is not None
    assert await services.directory.refresh([found.id]) == ()
    rows = {each.app_id: each for each in services.directory.apps_of(found.id)}
    assert rows["together_main"].kind == AppKind.FOUNDATION.value
    stores = [each for each in rows.values() if each.kind == AppKind.TENANT.value]
    assert len(stores) == len(world.stores)
    assert all(each.owner and each.state == AppState.OK.value and each.agents == 8 for each in stores), stores
    (status,) = await services.status.check(found.id)
    # There is no keyring where tests run.
    assert (status.health, {each.kind for each in status.findings}) == (Health.UP, {FindingKind.VAULT_UNAVAILABLE})
    assert status.app_count == len(rows)
    assert not any(postgres.password in repr(each) for each in services.activity.recent())


async def test_schema_is_opened_changed_pushed_and_taken_back(services: Services, world: World) -> None:
    found = await connected(services, world)
    await services.directory.refresh([found.id])
    ref = AppRef(found.id, "together_store_0")
    opened = await services.workshop.open(ref)
    assert "CREATE TABLE" in await services.workshop.text(opened.base.schema, ref=ref)
    draft = Draft(opened.base.schema, opened.base.schema).add_attribute(
        "chats", Attribute("archived_at", type_of("timestamptz"), is_indexed=True)
    )
    await services.workshop.save_draft(ref, draft)
    review = await services.workshop.review(ref, draft)
    assert review.error is None
    assert [each for each in review.problems if each.is_error] == []
    assert any("archived_at" in each.text for each in review.rendered)
    report = await services.workshop.push(ref, draft)
    assert report.outcome == "done", report.sentence
    again = await services.workshop.open(ref, refresh=True)
    assert again.base.schema == draft.wanted, "in the order of the database: the new column is the last"
    undo = await services.workshop.undo((await services.workshop.pushes(ref))[0].id)
    report = await services.workshop.push(ref, undo.draft, undoes=(await services.workshop.pushes(ref))[0].id)
    assert report.outcome == "done", report.sentence
    assert (await services.workshop.open(ref, refresh=True)).base.schema == opened.base.schema
    known = await services.workshop.open_last_known(ref)
    assert known is not None
    assert known.base.schema == opened.base.schema


async def test_databases_are_made_and_dropped_by_their_names(services: Services, world: World) -> None:
    found = await connected(services, world)
    row = await services.lifecycle.create(found.id, 'new "shop" 🐘')
    assert row.app_id == 'new "shop" 🐘'
    with pytest.raises(Invalid):
        await services.lifecycle.create(found.id, 'new "shop" 🐘')
    with pytest.raises(Unsupported):
        await services.lifecycle.rename(AppRef(found.id, row.app_id), "other")
    await services.lifecycle.delete(AppRef(found.id, row.app_id))
    assert services.directory.find(AppRef(found.id, row.app_id)) is None
    with pytest.raises(Unsupported):
        await services.lifecycle.delete(AppRef(found.id, "together_main"))


async def test_nothing_of_a_foundation_is_asked_of_a_server(services: Services, world: World) -> None:
    found = await connected(services, world)
    for refused in (
        services.foundation.users(found.id),
        services.task_databases.create(found.id, "task"),
        services.provisioning.create_for_user(found.id, "user"),
        services.reconciler.check(found.id, lambda _progress: None),
    ):
        with pytest.raises(Unsupported, match="is PostgreSQL"):
            await refused


async def test_password_is_in_no_file_of_the_profile(
    services: Services, world: World, postgres: PostgresServer, tmp_path: Path
) -> None:
    found = await connected(services, world)
    await services.directory.refresh([found.id])
    await services.status.check(found.id)
    await services.workshop.open(AppRef(found.id, "together_store_1"))
    await services.doctor.run([found.id])
    await services.aclose()
    files = [each for each in (tmp_path / "profile").rglob("*") if each.is_file()]
    assert any(b"together_main" in each.read_bytes() for each in files)
    assert [each for each in files if postgres.password.encode() in each.read_bytes()] == []
