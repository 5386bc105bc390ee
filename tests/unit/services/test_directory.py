import asyncio

import pytest

from app.core.apps import AppKind, AppState, AppSummary
from app.core.changes import Changes
from app.core.connection import Environment
from app.core.errors import Invalid, NotFound, Unauthorised, Unreachable
from app.core.refs import AppRef
from app.platforms.contract import RemoteApp
from app.schema.model import Attribute, Entity, Schema
from app.schema.types import NumberType
from app.services.connections import ConnectionBook
from app.services.directory import Directory
from app.services.directory_refresh import WORKERS_LOCAL, WORKERS_REMOTE
from app.services.hub import ChangeHub
from app.services.tokens import TokenKeeper
from tests.unit.services.fakes import (
    FOUNDATION,
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


class World:
    def __init__(self, *apps: RemoteApp, last_known=(), **changes) -> None:
        self.hub = ChangeHub()
        self.heard = heard_by(self.hub)
        self.client = FakeClient(*apps)
        self.pool = FakePool(self.client)
        self.connection = connection(**changes)
        self.stores = FakeStores(self.connection)
        book = ConnectionBook(self.stores, TokenKeeper(FakeVault(), self.hub), self.hub, (self.connection,))
        self.directory = Directory(
            book, self.pool, shelf(), self.stores, self.hub, last_known=last_known, clock=ticking()
        )

    async def row(self, app_id: str) -> AppSummary:
        await self.directory.refresh()
        found = self.directory.find(AppRef("c1", app_id))
        assert found is not None
        return found


def with_foundation(*apps: RemoteApp, **changes) -> World:
    return World(RemoteApp(FOUNDATION, "tar"), *apps, foundation_app_id=FOUNDATION, **changes)


def claim(app_id: str, *emails: str) -> dict:
    return {"id": f"r-{app_id}", "appid": app_id, "$users": [{"id": each, "email": each} for each in emails]}


async def test_refresh_lists_apps_with_agents_and_keeps_them_in_one_write():
    world = World(RemoteApp(uid(1), "One", created_at=7), RemoteApp(uid(2), "Two", org_title="Org"))
    world.client.schemas[uid(1)] = NOTES
    assert await world.directory.refresh() == ()
    one, two = world.directory.inventory()
    assert (one.title, one.agents, one.created_at, one.state) == ("One", 1, 7, AppState.OK.value)
    assert (two.org, two.agents, two.seen_at) == ("Org", 0, 1_790_000_000)
    assert world.stores.writes == ["replace"]
    assert world.stores.inventory["c1"] == [one, two]
    assert world.heard[-1].apps == {"c1"}


async def test_inventory_before_a_refresh_is_what_was_last_known():
    row = AppSummary("c1", uid(1), "Old", agents=3, note="drift: 1 attribute", template="notes")
    world = World(last_known=(row,))
    assert world.directory.inventory() == (row,)
    assert not world.directory.is_fresh("c1")


async def test_refresh_with_a_foundation_tells_kind_and_owner():
    world = with_foundation(RemoteApp(uid(1), "Ada"), RemoteApp(uid(2), "swift-blue-river"))
    world.client.rows["app"] = [claim(uid(1), "ada@example.com")]
    world.client.rows["databases"] = [{"id": "d", "instantAppId": uid(2), "task": [{"id": "t", "title": "Sort"}]}]
    await world.directory.refresh()
    assert [(each.kind, each.owner, each.state) for each in world.directory.inventory()] == [
        (AppKind.FOUNDATION, "", AppState.OK),
        (AppKind.TENANT, "ada@example.com", AppState.OK),
        (AppKind.TASK, "task: Sort", AppState.OK),
    ]


async def test_refresh_with_an_app_that_nobody_claims_marks_it_unowned_unless_an_organisation_has_it():
    world = with_foundation(RemoteApp(uid(1), "Lost"), RemoteApp(uid(2), "Depot", org_title="Works"))
    await world.directory.refresh()
    states = [(each.title, each.state, each.note) for each in world.directory.inventory()]
    assert states[1:] == [("Lost", AppState.UNOWNED, "no owner in registry"), ("Depot", AppState.OK, "")]


async def test_refresh_without_a_foundation_calls_nothing_unowned():
    assert (await World(RemoteApp(uid(1), "One")).row(uid(1))).state == AppState.OK


async def test_refresh_with_a_claimed_app_that_is_gone_shows_it_as_missing():
    world = with_foundation()
    world.client.rows["app"] = [claim(uid(9), "ada@example.com")]
    row = await world.row(uid(9))
    assert (row.state, row.owner, row.kind) == (AppState.MISSING, "ada@example.com", AppKind.TENANT)
    assert f"get_app:{uid(9)}" in world.client.calls


async def test_refresh_with_a_claimed_app_that_only_the_list_lacks_shows_it_as_it_is():
    world = with_foundation()
    world.client.hidden[uid(9)] = RemoteApp(uid(9), "Shared with me")
    world.client.rows["app"] = [claim(uid(9), "ada@example.com")]
    row = await world.row(uid(9))
    assert (row.title, row.state) == ("Shared with me", AppState.OK)


async def test_refresh_recognises_the_template_of_a_tenant_and_its_drift():
    world = with_foundation(RemoteApp(uid(1), "Ada"))
    world.client.rows["app"] = [claim(uid(1), "ada@example.com")]
    world.client.schemas[uid(1)] = Schema((Entity("notes", (Attribute("text", NumberType()),)),))
    row = await world.row(uid(1))
    assert (row.template, row.state, row.note) == ("notes", AppState.DRIFTED, "drift: 1 attribute")
    assert [each.place for each in world.directory.drifts_of("c1")[uid(1)]] == ["notes.text"]


async def test_refresh_keeps_to_the_template_that_was_remembered():
    world = World(RemoteApp(uid(1), "One"), last_known=(AppSummary("c1", uid(1), "One", template="notes"),))
    row = await world.row(uid(1))
    assert (row.template, row.state, row.note) == ("notes", AppState.DRIFTED, "drift: 1 entity")


async def test_refresh_after_drift_was_mended_clears_it():
    world = World(RemoteApp(uid(1), "One"), last_known=(AppSummary("c1", uid(1), "One", template="notes"),))
    await world.directory.refresh()
    world.client.schemas[uid(1)] = NOTES
    assert (await world.row(uid(1))).state == AppState.OK
    assert world.directory.drifts_of("c1") == {}


@pytest.mark.parametrize("status", ["read-only", "disabled"])
async def test_refresh_shows_the_status_of_an_app(status):
    row = await World(RemoteApp(uid(1), "One", status=status)).row(uid(1))
    assert (row.state, row.note) == (status, status)


async def test_refresh_of_an_unreachable_connection_keeps_what_was_known_and_says_why():
    row = AppSummary("c1", uid(1), "Old", state=AppState.OK.value)
    world = World(last_known=(row,))
    world.pool.error = Unreachable("No connection.")
    (failure,) = await world.directory.refresh()
    assert (failure.connection_id, failure.error) == ("c1", world.pool.error)
    assert world.directory.inventory() == (row,)
    assert world.stores.writes == []


async def test_refresh_with_an_unreadable_registry_keeps_owners_and_says_why():
    old = AppSummary("c1", uid(1), "Ada", owner="ada@example.com", kind=AppKind.TENANT.value)
    world = with_foundation(RemoteApp(uid(1), "Ada"), last_known=(old,))
    world.client.fail["query"] = Invalid("Not today.")
    row = await world.row(uid(1))
    assert (row.owner, row.kind, row.state) == ("ada@example.com", AppKind.TENANT, AppState.OK)
    assert world.directory.known_registry("c1") == (None, world.client.fail["query"])


async def test_refresh_with_a_foundation_that_is_not_listed_says_so():
    world = World(foundation_app_id=FOUNDATION)
    await world.directory.refresh()
    _, error = world.directory.known_registry("c1")
    assert isinstance(error, NotFound)


async def test_refresh_with_one_unreadable_schema_reads_the_others():
    world = World(RemoteApp(uid(1), "One"), RemoteApp(uid(2), "Two"))
    world.client.fail[f"read_schema:{uid(1)}"] = Invalid("Broken schema.")
    assert await world.directory.refresh() == ()
    one, two = world.directory.inventory()
    assert (one.state, one.note) == (AppState.UNKNOWN, "Broken schema.")
    assert (two.state, two.agents) == (AppState.OK, 0)


async def test_refresh_of_a_platform_that_goes_away_gives_up_after_a_few_apps():
    world = World(*(RemoteApp(uid(number), "x") for number in range(200)))
    world.client.fail["read_schema"] = Unreachable("Gone.")
    (failure,) = await world.directory.refresh()
    assert isinstance(failure.error, Unreachable)
    assert sum(each.startswith("read_schema") for each in world.client.calls) < 200
    assert all(each.state == AppState.OK for each in world.directory.inventory())


async def test_refresh_with_a_token_revoked_half_way_gives_up_at_once():
    world = World(*(RemoteApp(uid(number), "x") for number in range(100)))
    world.client.fail["read_schema"] = Unauthorised("Token revoked.")
    (failure,) = await world.directory.refresh()
    assert isinstance(failure.error, Unauthorised)
    assert sum(each.startswith("read_schema") for each in world.client.calls) <= WORKERS_REMOTE


@pytest.mark.parametrize(
    ("environment", "most"), [(Environment.LOCAL, WORKERS_LOCAL), (Environment.PRODUCTION, WORKERS_REMOTE)]
)
async def test_refresh_reads_only_so_many_schemas_at_the_same_time(environment, most):
    world = World(*(RemoteApp(uid(number), "x") for number in range(300)), environment=environment)
    await world.directory.refresh()
    assert world.client.most_in_flight == most


async def test_refresh_of_many_apps_publishes_few_changes():
    world = World(*(RemoteApp(uid(number), "x") for number in range(1_000)))
    await world.directory.refresh()
    assert len(world.heard) < 100
    assert world.stores.writes == ["replace"]


async def test_refresh_twice_at_the_same_time_asks_once():
    world = World(RemoteApp(uid(1), "One"))
    world.client.gate.clear()
    both = asyncio.gather(world.directory.refresh(), world.directory.refresh())
    await asyncio.sleep(0)
    world.client.gate.set()
    await both
    assert world.client.calls.count("list_apps") == 1


async def test_refresh_cancelled_by_the_last_who_waits_ends():
    world = World(RemoteApp(uid(1), "One"))
    world.client.gate.clear()
    first, second = (asyncio.create_task(world.directory.refresh()) for _ in range(2))
    while not world.client.in_flight:
        await asyncio.sleep(0)
    first.cancel()
    await asyncio.gather(first, return_exceptions=True)
    assert world.client.in_flight == 1
    second.cancel()
    await asyncio.gather(second, return_exceptions=True)
    while world.client.in_flight:
        await asyncio.sleep(0)
    assert world.stores.writes == []


async def test_refresh_reports_progress_to_the_end():
    world = World(RemoteApp(uid(1), "One"))
    seen = []
    await world.directory.refresh(on_progress=seen.append)
    assert (seen[-1].done, seen[-1].total) == (1, 1)


async def test_put_shows_and_keeps_a_new_app_with_its_template():
    world = World()
    row = await world.directory.put("c1", RemoteApp(uid(1), "New"), "notes")
    assert world.directory.inventory() == (row,)
    assert row.template == "notes"
    assert world.stores.writes == ["upsert"]
    assert Changes(apps=frozenset({"c1"})) in world.heard


async def test_drop_of_a_claimed_app_leaves_it_as_missing():
    world = with_foundation(RemoteApp(uid(1), "Ada"))
    world.client.rows["app"] = [claim(uid(1), "ada@example.com")]
    await world.directory.refresh()
    await world.directory.drop(AppRef("c1", uid(1)))
    assert [(each.app_id, each.state) for each in world.directory.inventory()] == [
        (FOUNDATION, AppState.OK),
        (uid(1), AppState.MISSING),
    ]


async def test_registry_of_a_connection_without_a_foundation_is_not_found():
    with pytest.raises(NotFound):
        await World().directory.registry("c1")


async def test_reread_registry_shows_owners_and_missing_apps_without_listing_again():
    world = with_foundation(RemoteApp(uid(1), "One"), RemoteApp(uid(2), "Two"), RemoteApp(uid(3), "Three"))
    world.client.rows = {"app": [claim(uid(1), "ada@example.com")]}
    world.client.fail[f"read_schema:{uid(3)}"] = Invalid("It cannot be read.")
    await world.directory.refresh()
    world.client.rows = {"app": [claim(uid(2), "ada@example.com"), claim(uid(9), "bela@example.com")]}
    listed = world.client.calls.count("list_apps")
    registry = await world.directory.reread_registry("c1")
    rows = {each.app_id: each for each in world.directory.apps_of("c1")}
    assert (rows[uid(1)].owner, rows[uid(1)].state) == ("", AppState.UNOWNED)
    assert (rows[uid(2)].owner, rows[uid(2)].state, rows[uid(2)].agents) == ("ada@example.com", AppState.OK, 0)
    assert rows[uid(9)].state == AppState.MISSING
    assert (rows[uid(3)].state, rows[uid(3)].note) == (AppState.UNKNOWN, "It cannot be read.")
    assert world.client.calls.count("list_apps") == listed
    assert world.directory.known_registry("c1") == (registry, None)


async def test_reread_registry_before_the_first_listing_shows_nothing_new():
    world = with_foundation(RemoteApp(uid(1), "One"))
    world.client.rows = {"app": [claim(uid(1), "ada@example.com")]}
    assert len((await world.directory.reread_registry("c1")).claims) == 1
    assert world.directory.apps_of("c1") == ()


async def test_reread_registry_asks_for_an_app_that_was_made_after_the_listing():
    world = with_foundation(RemoteApp(uid(1), "One"))
    await world.directory.refresh()
    world.client.apps[uid(2)] = RemoteApp(uid(2), "Two")
    world.client.rows = {"app": [claim(uid(2), "ada@example.com")]}
    await world.directory.reread_registry("c1")
    assert world.directory.find(AppRef("c1", uid(2))).title == "Two"
    await world.directory.reread_registry("c1")
    assert world.client.calls.count(f"get_app:{uid(2)}") == 1


async def test_schema_that_says_nothing_new_changes_nothing(monkeypatch):
    world = World(RemoteApp(uid(1), "One"))
    world.client.schemas[uid(1)] = NOTES
    await world.directory.refresh()
    told: list[str] = []
    monkeypatch.setattr(world.directory, "_changed", told.append)
    world.directory.take_schema(AppRef("c1", uid(1)), NOTES)
    assert told == []
    world.directory.take_schema(AppRef("c1", uid(1)), Schema())
    assert told == ["c1"]
