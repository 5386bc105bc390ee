"""Provisioning that is killed, or loses its connection, after every single step: the next attempt finishes it.

Never a second app, never an app that nobody is linked to and nobody hears of.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from app.core.errors import Conflict, KnownError
from tests.support.foundation_platform import FoundationPlatform, foundation_platform
from tests.support.killed import Teller, run_until_killed
from tests.support.provisioning import CONNECTION_ID, Target, provisioning_on

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(110), pytest.mark.xdist_group("provisioning-kill")]

# Of one app from the first word in the journal to the last: all of these come at least once.
STEPS_OF_USER = ("journal: begun", "POST apps", "POST apply", "POST transact", "journal: changed", "journal: removed")


@pytest.fixture
def platform(tmp_path):
    with foundation_platform(tmp_path) as made:
        yield made


async def create(provisioning: Any, kind: str, owner_id: str) -> Any:
    if kind == "user":
        return await provisioning.create_for_user(CONNECTION_ID, owner_id, "todo")
    return await provisioning.create_for_task(CONNECTION_ID, owner_id, "swift-blue-river", "todo")


# Killed


def _provision(target: Target, kind: str, owner_ids: list[str], tell: Teller) -> None:
    async def run() -> None:
        async with provisioning_on(target, tell) as provisioning:
            if len(owner_ids) > 1:
                await provisioning.create_many(CONNECTION_ID, [(each, "todo", None) for each in owner_ids])
            else:
                await create(provisioning, kind, *owner_ids)

    asyncio.run(run())


def provision_until_killed(target: Target, kind: str, owner_ids: list[str], after: int) -> tuple[list[str], bool]:
    return run_until_killed(_provision, target, kind, owner_ids, after=after)


@pytest.mark.parametrize("kind", ["user", "task"])
@pytest.mark.parametrize("has_dash_login", [True, False], ids=["dash login", "no dash login"])
def test_process_killed_after_every_single_step_is_finished_by_another(platform, kind, has_dash_login):
    target = platform.target if has_dash_login else replace(platform.target, dash="")
    owners, steps, is_killed = [], [], True
    while is_killed:
        owners.append(platform.new_owner(kind))
        steps, is_killed = provision_until_killed(target, kind, owners[-1:], after=len(owners))
    assert set(STEPS_OF_USER) <= set(steps)
    assert len(owners) == len(steps) + 1 > 8
    half_made = platform.ownerless(kind)

    async def finish_all() -> None:
        async with provisioning_on(target) as provisioning:
            entries = await provisioning.open_journal(CONNECTION_ID)
            # Never one that nobody hears of.
            assert half_made <= {each.app_id for each in entries}
            for entry in entries:
                await provisioning.finish(entry.key)
            for owner_id in owners:
                # Those that had not come to the journal, and nobody else, get theirs now.
                try:
                    await create(provisioning, kind, owner_id)
                except Conflict:
                    continue
            assert await provisioning.open_journal(CONNECTION_ID) == ()

    asyncio.run(finish_all())
    platform.check(kind, owners)
    if kind == "task":
        platform.check_tokens()


def test_process_killed_after_every_single_step_is_finished_by_the_next_attempt(platform):
    """Without looking into the journal first, and again killed on its way, one step later each time."""
    owner_id, after, is_killed = platform.new_owner("user"), 1, True
    while is_killed:
        _steps, is_killed = provision_until_killed(platform.target, "user", [owner_id], after)
        after += 1
    platform.check("user", [owner_id])


@pytest.mark.parametrize("after", [3, 25, 60, 110, 160])
def test_batch_killed_in_the_middle_is_finished_by_another(platform, after):
    owners = [platform.new_owner("user") for _ in range(40)]
    _steps, is_killed = provision_until_killed(platform.target, "user", owners, after)
    assert is_killed
    half_made = platform.ownerless("user")

    async def finish_all() -> None:
        async with provisioning_on(platform.target) as provisioning:
            entries = await provisioning.open_journal(CONNECTION_ID)
            assert half_made <= {each.app_id for each in entries}
            for entry in entries:
                await provisioning.finish(entry.key)
            done = await provisioning.create_many(CONNECTION_ID, [(each, "todo", None) for each in owners])
            assert {type(each.error) for each in done} <= {type(None), Conflict}
            assert await provisioning.open_journal(CONNECTION_ID) == ()

    asyncio.run(finish_all())
    platform.check("user", owners)


# Broken


@pytest.mark.parametrize("kind", ["user", "task"])
@pytest.mark.parametrize("fault", ["drop", "truncate", "server-error"])
async def test_connection_broken_after_every_single_call_is_finished_by_the_next_attempt(platform, kind, fault):
    owners: list[str] = []
    is_broken = True
    while is_broken:
        owners.append(platform.new_owner(kind))
        is_broken = await attempt_with_broken_connection(platform, kind, owners[-1], fault, after=len(owners) - 1)
        async with provisioning_on(platform.target) as provisioning:
            if is_broken:
                half_made = platform.ownerless(kind)
                assert half_made <= {each.app_id for each in await provisioning.open_journal(CONNECTION_ID)}
                await create_unless_there(provisioning, kind, owners[-1])
            assert await provisioning.open_journal(CONNECTION_ID) == ()
    assert len(owners) > 5
    platform.check(kind, owners)
    if kind == "task":
        platform.check_tokens()


async def attempt_with_broken_connection(
    platform: FoundationPlatform, kind: str, owner_id: str, fault: str, after: int
) -> bool:
    """One attempt whose connection breaks, for good, after so many calls; whether it failed for that."""
    calls = 0

    def tell(what: str) -> None:
        nonlocal calls
        if what.startswith("journal"):
            return
        calls += 1
        if calls == after:
            platform.break_all(fault)

    if after == 0:
        platform.break_all(fault)
    try:
        async with provisioning_on(platform.target, tell) as provisioning:
            await create(provisioning, kind, owner_id)
    except KnownError:
        return True
    finally:
        platform.break_all()
    return False


async def create_unless_there(provisioning: Any, kind: str, owner_id: str) -> None:
    """With an answer that was lost at the very end, the app is linked and its entry open: that is finished as well."""
    assert (await create(provisioning, kind, owner_id)).app_id
