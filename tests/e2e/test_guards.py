"""Locks on the real program's services: a guarded production connection over the real local platform."""

from __future__ import annotations

import asyncio

import pytest

from app.core.audit import AuditFilter
from app.core.connection import Environment, Platform, TokenKind
from app.core.errors import Invalid, Locked, NotFound
from app.core.gate import act
from app.core.refs import AppRef, new_id
from app.services.connections import BUILTIN_ID, ConnectionDraft
from tests.support.opened_services import opened

pytestmark = [pytest.mark.e2e, pytest.mark.xdist_group("services-on-local-platform")]


async def _production(services):
    """The local platform once more, as if it were production: guarded without anybody asking for it."""
    address = services.connections.get(BUILTIN_ID).base_url
    token = await services.tokens.get(BUILTIN_ID, TokenKind.PLATFORM)
    draft = ConnectionDraft("Live", Platform.INSTANT, address, Environment.PRODUCTION, platform_token=token)
    connection = await services.connections.add(draft)
    assert connection.is_guarded
    return connection


async def _acts(services):
    page = await services.audit.page(AuditFilter())
    return [(each.connection_label, each.environment, each.action, each.result) for each in page.records]


async def test_production_is_locked_unlocked_written_to_and_locked_again(profile):
    async with opened(profile) as services:
        live = await _production(services)
        with pytest.raises(Locked) as caught:
            await services.lifecycle.create(live.id, "Refused", "chat")
        assert caught.value.connection_id == live.id
        with pytest.raises(Invalid):
            await services.guards.unlock(live.id, 10)
        await services.guards.unlock(live.id, 10, typed="Live")
        row = await services.lifecycle.create(live.id, "Taken", "chat")
        ref = AppRef(live.id, row.app_id)
        await services.lifecycle.rename(ref, "Taken on")
        await services.guards.lock(live.id)
        with pytest.raises(Locked):
            await services.lifecycle.delete(ref)
        snapshot = await services.catalog.schema(ref)
        assert snapshot.schema.entities
        # What is refused is in the trail, too.
        assert await _acts(services) == [
            ("Live", "production", "delete", "failed"),
            ("Live", "production", "lock", "done"),
            ("Live", "production", "rename", "done"),
            ("Live", "production", "create", "done"),
            ("Live", "production", "unlock", "done"),
            ("Live", "production", "create", "failed"),
            ("Live", "production", "add connection", "done"),
        ]
        # Another connection is none of its business.
        await services.lifecycle.create(BUILTIN_ID, "Elsewhere", "chat")


async def test_nothing_is_unlocked_at_the_next_start(profile):
    async with opened(profile) as services:
        live = await _production(services)
        await services.guards.unlock(live.id, 240, typed="Live")
    async with opened(profile) as services:
        assert services.guards.all() == ()
        with pytest.raises(Locked):
            await services.lifecycle.create(live.id, "Refused", "chat")
        assert [each[2] for each in await _acts(services)][1:] == ["lock", "unlock", "add connection"]


async def test_unlocked_read_only_connection_is_told_as_one_that_takes_writes(profile):
    async with opened(profile) as services:
        address = services.connections.get(BUILTIN_ID).base_url
        token = await services.tokens.get(BUILTIN_ID, TokenKind.PLATFORM)
        draft = ConnectionDraft(
            "Look only", Platform.INSTANT, address, Environment.STAGING, is_read_only=True, platform_token=token
        )
        connection = await services.connections.add(draft)
        client = services.connections.get(connection.id)
        assert client.is_read_only
        await services.guards.unlock(connection.id, 1)
        assert not services.connections.get(connection.id).is_read_only
        row = await services.lifecycle.create(connection.id, "Taken", None)
        await services.guards.lock(connection.id)
        assert services.connections.get(connection.id).is_read_only
        assert row.title == "Taken"


async def test_work_that_runs_while_it_is_locked_is_not_cut_in_half(profile):
    """Two apps in one act, with the lock between them; the third belongs to nobody who was let through."""
    async with opened(profile) as services:
        live = await _production(services)
        await services.guards.unlock(live.id, 10, typed="Live")
        made = []
        with act():
            made.append(await services.lifecycle.create(live.id, "First", "chat"))
            await services.guards.lock(live.id)
            made.append(await services.lifecycle.create(live.id, "Second", "chat"))
        with act(), pytest.raises(Locked):
            await services.lifecycle.create(live.id, "Third", "chat")
        await services.directory.refresh([live.id])
        titles = {each.title for each in services.directory.inventory() if each.connection_id == live.id}
        assert {"First", "Second"} <= titles
        assert "Third" not in titles
        with pytest.raises((Locked, NotFound)):
            await asyncio.gather(services.lifecycle.delete(AppRef(live.id, new_id())))
