"""Locked connections: what opens them, how long, and whether anything gets past."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import pytest

from app.core.changes import Changes
from app.core.connection import Connection, Environment, Platform
from app.core.errors import Invalid, KnownError, Locked, NotFound, ReadOnly
from app.core.gate import act, current_act
from app.services.guards import ConnectionGate, Guards
from app.services.hub import ChangeHub

READ_ONLY = Connection("c1", "Shop", Platform.INSTANT, "http://127.0.0.1:1", Environment.STAGING, is_read_only=True)
GUARDED = Connection("c2", "Live", Platform.INSTANT, "http://127.0.0.1:1", Environment.PRODUCTION, is_guarded=True)
FREE = Connection("c3", "Free", Platform.INSTANT, "http://127.0.0.1:1", Environment.LOCAL)


class Trail:
    def __init__(self) -> None:
        self.acts: list[tuple[str, str, str]] = []
        self.error: KnownError | None = None

    def add(self, who: str, at: float, connection_id: str, app_id: str, action: str, outcome: str, detail: str) -> None:
        if self.error is not None:
            raise self.error
        self.acts.append((connection_id, action, detail))


class World:
    """Guards over three connections, with clocks that are turned by hand."""

    def __init__(self) -> None:
        self.now, self.running = 1_000_000.0, 50.0
        self.hub, self.trail = ChangeHub(), Trail()
        self.told: list[Changes] = []
        self.hub.subscribe(self.told.append)
        known = {each.id: each for each in (READ_ONLY, GUARDED, FREE)}
        self.guards = Guards(known.get, self.hub, self.trail, clock=lambda: self.now, running=lambda: self.running)
        self.guards.listen()

    def gate(self, connection: Connection = READ_ONLY) -> ConnectionGate:
        return self.guards.gate_of(connection)

    def wait(self, seconds: float) -> None:
        self.now += seconds
        self.running += seconds

    def is_open(self, connection: Connection = READ_ONLY) -> bool:
        try:
            self.gate(connection).admit("write")
        except Locked:
            return False
        return True


@asynccontextmanager
async def guarded() -> AsyncIterator[World]:
    world = World()
    try:
        yield world
    finally:
        await world.guards.aclose()


async def test_locked_connection_lets_nothing_through_and_says_which_one() -> None:
    async with guarded() as world:
        with pytest.raises(Locked) as caught:
            world.gate().admit("push the schema")
        assert caught.value.sentence == "Could not push the schema: Shop is read-only, and nothing was sent."
        assert caught.value.connection_id == "c1"
        assert isinstance(caught.value, ReadOnly)
        assert not world.is_open(GUARDED)
        assert world.is_open(FREE)


async def test_unlocked_connection_takes_writes_until_its_time_is_over() -> None:
    async with guarded() as world:
        await world.guards.unlock("c1", 10)
        assert world.is_open()
        assert not world.is_open(GUARDED)
        world.wait(599)
        assert world.is_open()
        world.wait(1)
        assert not world.is_open()


async def test_clock_that_is_set_back_gives_no_more_time() -> None:
    async with guarded() as world:
        await world.guards.unlock("c1", 10)
        world.running += 601
        assert not world.is_open()


async def test_clock_that_is_set_to_before_the_unlocking_locks() -> None:
    async with guarded() as world:
        await world.guards.unlock("c1", 10)
        world.now -= 1
        assert not world.is_open()


async def test_machine_that_slept_wakes_up_locked() -> None:
    async with guarded() as world:
        await world.guards.unlock("c1", 10)
        world.now += 3600  # the running clock of this system may stand still meanwhile
        assert not world.is_open()
        await world.guards.look()
        assert world.guards.all() == ()
        assert world.trail.acts[-1] == ("c1", "lock", "its time was over")


async def test_lock_now_ends_it_at_once_and_is_in_the_trail() -> None:
    async with guarded() as world:
        await world.guards.unlock("c1", 10)
        assert await world.guards.lock("c1")
        assert not world.is_open()
        assert not await world.guards.lock("c1")
        assert [each[1] for each in world.trail.acts] == ["unlock", "lock"]
        assert world.trail.acts[0][2] == "Shop for 10 minutes"


async def test_end_of_the_program_locks_everything() -> None:
    async with guarded() as world:
        await world.guards.unlock("c1", 10)
        await world.guards.unlock("c2", 10, typed="Live")
        await world.guards.aclose()
        assert not world.is_open()
        assert not world.is_open(GUARDED)


@pytest.mark.parametrize("typed", ["", "live", "Liv", "Live!", "Shop"])
async def test_production_is_not_unlocked_without_its_name(typed: str) -> None:
    async with guarded() as world:
        with pytest.raises(Invalid) as caught:
            await world.guards.unlock("c2", 10, typed=typed)
        assert [each.field for each in caught.value.fields] == ["typed"]
        assert not world.is_open(GUARDED)
        assert world.trail.acts == []


@pytest.mark.parametrize("minutes", [0, -1, 241, 10**9])
async def test_nothing_is_unlocked_for_ever(minutes: int) -> None:
    async with guarded() as world:
        with pytest.raises(Invalid):
            await world.guards.unlock("c1", minutes)
        assert not world.is_open()


async def test_connection_that_is_gone_is_not_unlocked() -> None:
    async with guarded() as world:
        with pytest.raises(NotFound):
            await world.guards.unlock("gone", 10)


async def test_unlocking_that_the_trail_does_not_take_does_not_unlock() -> None:
    async with guarded() as world:
        world.trail.error = KnownError("The disk is full.")
        with pytest.raises(KnownError):
            await world.guards.unlock("c1", 10)
        assert not world.is_open()


async def test_what_began_before_the_lock_is_carried_through_and_nothing_else_begins() -> None:
    async with guarded() as world:
        await world.guards.unlock("c1", 10)
        with act():
            world.gate().admit("begin")
            await world.guards.lock("c1")
            world.gate().admit("go on")
            assert not world.is_open(GUARDED)
        assert not world.is_open()
        with act():
            assert not world.is_open()


async def test_act_that_only_read_before_the_lock_writes_nothing_after_it() -> None:
    async with guarded() as world:
        await world.guards.unlock("c1", 10)
        with act():
            await world.guards.lock("c1")
            assert not world.is_open()


async def test_task_that_outlives_its_act_has_nothing_of_it() -> None:
    async with guarded() as world:
        await world.guards.unlock("c1", 10)
        go_on = asyncio.Event()

        async def later() -> bool:
            await go_on.wait()
            return world.is_open()

        with act():
            world.gate().admit("begin")
            task = asyncio.create_task(later())
        await world.guards.lock("c1")
        go_on.set()
        assert not await task


async def test_act_of_its_own_inside_a_task_goes_on_without_the_one_around_it() -> None:
    async with guarded() as world:
        await world.guards.unlock("c1", 10)
        has_begun, go_on = asyncio.Event(), asyncio.Event()

        async def push() -> bool:
            with act():
                world.gate().admit("begin")
                has_begun.set()
                await go_on.wait()
                return world.is_open()

        with act():
            task = asyncio.create_task(push())
            await has_begun.wait()
        await world.guards.lock("c1")
        go_on.set()
        assert await task
        assert current_act() is None


async def test_parts_of_an_act_share_what_one_of_them_was_let_through() -> None:
    async with guarded() as world:
        await world.guards.unlock("c1", 10)
        with act():
            with act():
                world.gate().admit("first part")
            await world.guards.lock("c1")
            with act():
                assert world.is_open()


async def test_refused_write_of_the_operator_is_told_and_that_of_nobody_is_not() -> None:
    async with guarded() as world:
        assert not world.is_open()
        with act():
            assert not world.is_open()
        await asyncio.sleep(0)
        assert world.told == []
        with act(is_asked=True):
            assert not world.is_open()
        await asyncio.sleep(0)
        assert [each.refused for each in world.told] == [frozenset({"c1"})]


async def test_unlocked_read_only_connection_is_shown_as_one_that_takes_writes() -> None:
    async with guarded() as world:
        assert world.guards.shown(READ_ONLY) is READ_ONLY
        await world.guards.unlock("c1", 10)
        shown = world.guards.shown(READ_ONLY)
        assert (shown.is_read_only, shown.is_opened, shown.is_kept_read_only) == (False, True, True)
        assert shown.as_kept() == READ_ONLY
        assert not world.gate(shown).is_read_only
        await world.guards.lock("c1")
        assert not world.is_open(shown)
        await world.guards.unlock("c2", 10, typed="Live")
        open_one = world.guards.shown(GUARDED)
        assert (open_one.is_unlocked, open_one.is_opened, open_one.is_read_only) == (True, False, False)
        assert open_one.as_kept() == GUARDED


async def test_state_tells_how_long_is_left_by_the_shorter_clock() -> None:
    async with guarded() as world:
        await world.guards.unlock("c1", 10)
        world.now += 60
        world.running += 90
        (state,) = world.guards.all()
        assert (state.connection_id, state.until, state.left_s) == ("c1", 1_000_600.0, 510.0)


async def test_edited_connection_without_read_only_needs_no_unlocking() -> None:
    async with guarded() as world:
        assert world.is_open(replace(READ_ONLY, is_read_only=False))


async def test_lock_and_unlock_are_told() -> None:
    async with guarded() as world:
        await world.guards.unlock("c1", 10)
        await world.guards.lock("c1")
        told: list[Any] = [each.guards for each in world.told]
        assert told == [frozenset({"c1"})] * 2
