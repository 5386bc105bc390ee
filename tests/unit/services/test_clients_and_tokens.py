import asyncio

import pytest

from app.core.changes import Changes
from app.core.connection import TokenKind
from app.core.errors import NotFound, Unreachable
from app.core.secret import Secret
from app.services.batches import ChangeBatch
from app.services.clients import ClientPool
from app.services.hub import ChangeHub
from app.services.tokens import TokenKeeper
from tests.unit.services.fakes import FakeClient, FakeVault, connection, heard_by


class World:
    def __init__(self, *, before=None, **changes) -> None:
        self.hub = ChangeHub()
        self.vault = FakeVault()
        self.tokens = TokenKeeper(self.vault, self.hub)
        self.connections = {"c1": connection(**changes)}
        self.made: list[tuple] = []
        self.clients: list[FakeClient] = []
        self.pool = ClientPool(
            self.connections.get, self.tokens, lambda entry: None, make=self.make, before=before or self.nothing
        )

    async def nothing(self) -> None:
        raise AssertionError("only a built-in connection waits for the local platform")

    def make(self, connection, platform, dash, on_call) -> FakeClient:
        self.made.append((connection, platform, dash))
        self.clients.append(FakeClient())
        return self.clients[-1]


async def test_get_makes_one_client_with_the_stored_tokens():
    world = World()
    world.vault.kept["c1", TokenKind.PLATFORM] = Secret("per_1")
    first, second = await asyncio.gather(world.pool.get("c1"), world.pool.get("c1"))
    assert first is second
    assert world.made == [(world.connections["c1"], Secret("per_1"), None)]


async def test_get_after_forget_makes_a_new_client_and_closes_the_old():
    world = World()
    old = await world.pool.get("c1")
    world.pool.forget("c1")
    assert await world.pool.get("c1") is not old
    await world.pool.aclose()
    assert [each.is_closed for each in world.clients] == [True, True]


async def test_get_of_a_removed_connection_is_not_found():
    with pytest.raises(NotFound):
        await World().pool.get("other")


async def test_get_of_the_builtin_waits_for_the_local_platform_and_takes_its_new_address():
    async def before():
        world.connections["c1"] = connection(is_builtin=True, base_url="http://127.0.0.1:2")

    world = World(before=before, is_builtin=True, base_url="http://127.0.0.1:1")
    await world.pool.get("c1")
    assert world.made[0][0].base_url == "http://127.0.0.1:2"


async def test_get_of_the_builtin_that_cannot_start_says_why_and_tries_again_later():
    errors = [Unreachable("No port.")]

    async def before():
        if errors:
            raise errors.pop()

    world = World(before=before, is_builtin=True)
    with pytest.raises(Unreachable):
        await world.pool.get("c1")
    assert await world.pool.get("c1") is world.clients[0]


async def test_session_tokens_never_reach_the_vault():
    world = World()
    world.tokens.keep_for_session("c1", TokenKind.PLATFORM, Secret("per_s"))
    assert await world.tokens.get("c1") == Secret("per_s")
    assert world.vault.kept == {}
    await world.tokens.forget("c1")
    assert await world.tokens.get("c1") is None


async def test_set_says_where_the_token_is_and_that_tokens_changed():
    world = World()
    heard = heard_by(world.hub)
    assert await world.tokens.set("c1", TokenKind.DASH, Secret("d"))
    world.vault.kind = "memory"
    assert not await world.tokens.set("c1", TokenKind.DASH, Secret("d"))
    assert heard == [Changes(tokens=True)] * 2
    assert world.tokens.state().sentence == "Token: memory"


async def test_batch_sends_the_first_at_once_and_the_rest_together():
    hub = ChangeHub()
    heard = heard_by(hub)
    batch = ChangeBatch(hub, interval_s=3_600)
    for name in ("a", "b", "c"):
        batch.add(Changes(apps=frozenset({name})))
    assert [each.apps for each in heard] == [{"a"}]
    batch.flush()
    assert [each.apps for each in heard] == [{"a"}, {"b", "c"}]


async def test_batch_sends_what_is_pending_by_itself():
    hub = ChangeHub()
    heard, done = heard_by(hub), asyncio.Event()
    hub.subscribe(lambda changes: done.set() if "b" in changes.apps else None)
    batch = ChangeBatch(hub, interval_s=0.01)
    batch.add(Changes(apps=frozenset({"a"})))
    batch.add(Changes(apps=frozenset({"b"})))
    await asyncio.wait_for(done.wait(), 10)
    assert [each.apps for each in heard] == [{"a"}, {"b"}]
    batch.flush()
