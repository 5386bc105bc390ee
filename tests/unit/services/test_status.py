import asyncio
from datetime import UTC, datetime

import pytest

from app.core.changes import Changes
from app.core.connection import TokenKind
from app.core.errors import Unreachable
from app.core.secret import Secret
from app.core.status import ConnectionStatus, FindingAction, FindingKind, Health, Severity
from app.platforms.contract import Probe, RemoteApp
from app.schema.model import Schema
from app.services.connections import ConnectionBook
from app.services.directory import Directory
from app.services.findings import CLOUD_CLOSES
from app.services.hub import ChangeHub
from app.services.status import StatusMonitor
from app.services.tokens import TokenKeeper
from tests.unit.services.fakes import (
    FOUNDATION,
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
    def __init__(self, *apps: RemoteApp, has_token=True, vault="keyring", now=1_790_000_000.0, **changes) -> None:
        self.hub = ChangeHub()
        self.heard = heard_by(self.hub)
        self.client = FakeClient(*apps)
        self.pool = FakePool(self.client)
        self.vault = FakeVault(vault)
        if has_token:
            self.vault.kept["c1", TokenKind.PLATFORM] = Secret("per_1")
        self.stores = FakeStores(connection(**changes))
        tokens = TokenKeeper(self.vault, self.hub)
        book = ConnectionBook(self.stores, tokens, self.hub, self.stores.all())
        clock = ticking(now)
        self.directory = Directory(book, self.pool, shelf(), self.stores, self.hub, clock=clock)
        self.monitor = StatusMonitor(book, self.pool, self.directory, tokens, self.stores, self.hub, clock=clock)

    async def kinds(self) -> list[FindingKind]:
        (status,) = await self.monitor.check()
        return [each.kind for each in status.findings]


async def test_check_of_a_healthy_connection_has_latency_counts_and_nothing_to_say():
    world = World(RemoteApp(uid(1), "One"))
    await world.directory.refresh()
    (status,) = await world.monitor.check()
    assert status == ConnectionStatus("c1", Health.UP, 12.0, 1_790_000_000.0, app_count=1, entity_count=0)
    assert world.stores.statuses["c1"] == status
    assert Changes(status=frozenset({"c1"})) in world.heard


async def test_check_before_any_listing_leaves_the_counts_unknown():
    (status,) = await World().monitor.check()
    assert (status.app_count, status.entity_count) == (-1, -1)


async def test_check_that_cannot_open_the_platform_says_why():
    world = World()
    world.pool.error = Unreachable("The local platform cannot start.", remedy="Press Retry.")
    (status,) = await world.monitor.check()
    assert (status.health, status.latency_ms) == (Health.UNREACHABLE, None)
    assert (status.sentence, status.remedy) == ("The local platform cannot start.", "Press Retry.")


async def test_check_without_a_token_sends_nothing_and_finds_it_missing():
    world = World(has_token=False)
    (status,) = await world.monitor.check()
    assert status.health is Health.UNAUTHORISED
    assert [each.kind for each in status.findings] == [FindingKind.TOKEN_MISSING]
    assert world.client.calls == []


@pytest.mark.parametrize(
    ("health", "kind"),
    [
        (Health.UNAUTHORISED, FindingKind.TOKEN_REJECTED),
        (Health.READ_ONLY, FindingKind.PLATFORM_READ_ONLY),
    ],
)
async def test_check_of_a_refusing_platform_is_a_finding(health, kind):
    world = World()
    world.client.answer = Probe(health, 5.0)
    assert await world.kinds() == [kind]


async def test_check_without_a_keyring_is_a_finding_that_says_so():
    assert await World(vault="memory").kinds() == [FindingKind.VAULT_UNAVAILABLE]


@pytest.mark.parametrize(
    ("day", "words", "severity"),
    [
        ("2026-11-21", "closes in 283 days", Severity.WARNING),
        ("2027-08-30", "closes tomorrow", Severity.ERROR),
        ("2027-08-31", "closes today", Severity.ERROR),
        ("2027-09-01", "closed on 2027-08-31", Severity.ERROR),
    ],
)
async def test_check_of_instant_cloud_counts_the_days(day, words, severity):
    now = datetime.fromisoformat(f"{day}T12:00:00+00:00").astimezone(UTC).timestamp()
    (status,) = await World(base_url="https://api.instantdb.com", now=now).monitor.check()
    (finding,) = status.findings
    assert finding.kind is FindingKind.PLATFORM_CLOSING
    assert words in finding.title
    assert CLOUD_CLOSES.isoformat() in finding.title
    assert finding.severity is severity


def claim(app_id: str, email: str, record: str = "") -> dict:
    return {"id": record or f"r-{app_id}", "appid": app_id, "$users": [{"id": email, "email": email}]}


async def test_check_finds_every_problem_of_a_registry():
    world = World(
        RemoteApp(FOUNDATION, "tar"),
        RemoteApp(uid(1), "Ada"),
        RemoteApp(uid(2), "Lost"),
        foundation_app_id=FOUNDATION,
    )
    world.client.rows["app"] = [
        claim(uid(1), "ada@example.com"),
        claim(uid(1), "ada@example.com", "again"),
        claim(uid(9), "ada@example.com"),
    ]
    world.client.rows["tasks"] = [{"id": "t", "title": "Sort"}]
    await world.directory.refresh()
    assert await world.kinds() == [
        FindingKind.APP_GONE,
        FindingKind.APP_CLAIMED_TWICE,
        FindingKind.SEVERAL_APPS,
        FindingKind.APP_UNOWNED,
        FindingKind.TASK_WITHOUT_DATABASE,
    ]
    (status,) = world.monitor.all()
    assert status.findings[0].detail == "It is in the registry. 2 apps are claimed, 1 of them were found."
    assert status.findings[0].app_id == uid(9)
    assert len({each.key for each in status.findings}) == 5
    assert [each.actions[:1] == (FindingAction.RECONCILE,) for each in status.findings] == [True] * 4 + [False]
    assert status.app_count == 3


async def test_check_finds_drift_with_its_sentences():
    world = World()
    await world.directory.put("c1", RemoteApp(uid(1), "One"), "notes")
    world.client.apps[uid(1)] = RemoteApp(uid(1), "One")
    world.client.schemas[uid(1)] = Schema()
    await world.directory.refresh()
    (status,) = await world.monitor.check()
    (finding,) = status.findings
    assert finding.kind is FindingKind.SCHEMA_DRIFT
    assert finding.title == "One differs from the template notes: 1 entity."
    assert finding.detail == "The entity notes is missing."
    # Without a foundation there is nothing to compare the platform with.
    assert finding.actions == (FindingAction.SHOW_APP, FindingAction.COPY_APP_ID)


async def test_check_with_an_unreadable_registry_is_a_finding():
    world = World(foundation_app_id=FOUNDATION)
    await world.directory.refresh()
    assert await world.kinds() == [FindingKind.REGISTRY_UNREADABLE]


async def test_check_of_very_many_problems_counts_the_rest():
    apps = [RemoteApp(uid(number), "x") for number in range(60)]
    world = World(RemoteApp(FOUNDATION, "tar"), *apps, foundation_app_id=FOUNDATION)
    await world.directory.refresh()
    (status,) = await world.monitor.check()
    assert len(status.findings) == 51
    assert status.findings[-1].title == "10 more: 60 apps have no owner in the registry in all."


async def test_findings_follow_the_inventory_without_another_probe():
    world = World(RemoteApp(FOUNDATION, "tar"), RemoteApp(uid(2), "Lost"), foundation_app_id=FOUNDATION)
    found = asyncio.Event()
    world.hub.subscribe(lambda _: found.set() if world.monitor.all()[0].findings else None)
    world.monitor.start(interval_s=3_600)
    try:
        await world.directory.refresh()
        await asyncio.wait_for(found.wait(), 10)
        assert world.client.calls.count("probe") == 1
    finally:
        await world.monitor.stop()


async def test_all_before_a_check_has_an_unknown_status_for_each_connection():
    assert World().monitor.all() == (ConnectionStatus("c1"),)
