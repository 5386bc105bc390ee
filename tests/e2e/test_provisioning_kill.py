"""Provisioning that is killed, or loses its connection, after every single step: the next attempt finishes it.

Never a second app, never an app that nobody is linked to and nobody hears of.
"""

from __future__ import annotations

import asyncio
import json
import multiprocessing
import os
import signal
import threading
import uuid
from dataclasses import replace
from typing import Any

import httpx
import pytest

from app.core.errors import Conflict, KnownError
from app.schema.formats.instant_wire import defs_from_schema
from app.services.templates import read_schema
from app.storage.paths import resources_dir
from tests.support.local_platform import RunningPlatform, local_platform
from tests.support.provisioning import CONNECTION_ID, Target, provisioning_on

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(110), pytest.mark.xdist_group("provisioning-kill")]

SAMPLE = json.loads((resources_dir() / "sample" / "sample.json").read_text("utf-8"))
# Of one app from the first word in the journal to the last: all of these come at least once.
STEPS_OF_USER = ("journal: begun", "POST apps", "POST apply", "POST transact", "journal: changed", "journal: removed")


class Platform:
    """The foundation on a running platform, seen without the code that is tested."""

    def __init__(self, running: RunningPlatform, database: str) -> None:
        self.http = httpx.Client(base_url=running.api_uri, headers=running.headers, timeout=30)
        self.foundation = str(uuid.uuid4())
        self.http.post(
            "/dash/apps",
            json={"id": self.foundation, "title": "tar", "admin_token": str(uuid.uuid4())},
        ).raise_for_status()
        defs = defs_from_schema(read_schema(SAMPLE["foundation"]["schema"]))
        path = f"/superadmin/apps/{self.foundation}/schema/push/apply"
        self.http.post(path, json={"schema": defs, "check_types": True}).raise_for_status()
        self.target = Target(running.api_uri, running.platform_token, running.dash_token, self.foundation, database)

    def new_owner(self, kind: str) -> str:
        owner_id = str(uuid.uuid4())
        values = {"email": f"{owner_id[:8]}@example.com"} if kind == "user" else {"title": f"Task {owner_id[:8]}"}
        self.transact([["update", "$users" if kind == "user" else "tasks", owner_id, values]])
        return owner_id

    def transact(self, steps: list[Any]) -> None:
        answer = self.http.post("/admin/transact", json={"steps": steps}, headers={"app-id": self.foundation})
        assert answer.status_code == 200, answer.text

    def query(self, query: dict[str, Any]) -> dict[str, Any]:
        answer = self.http.post("/admin/query", json={"query": query}, headers={"app-id": self.foundation})
        assert answer.status_code == 200, answer.text
        return answer.json()

    def apps(self) -> set[str]:
        found = {each["id"] for each in self.http.get("/superadmin/apps").json()["apps"]}
        return found - {self.foundation}

    def break_all(self, *kinds: str) -> None:
        self.http.post("/local/faults", json={"faults": [{"kind": each} for each in kinds]}).raise_for_status()

    def owned(self, kind: str) -> dict[str, list[str]]:
        """App IDs by owner; each entry of the registry has exactly one owner."""
        entity, label, attribute, owner = (
            ("$users", "app", "appid", "$users")
            if kind == "user"
            else ("tasks", "mainDatabase", "instantAppId", "task")
        )
        records = self.query({"app" if kind == "user" else "databases": {owner: {}}})
        for (record,) in ([each] for rows in records.values() for each in rows):
            assert len(record[owner]) == 1, f"an entry that is linked to {len(record[owner])} owners"
        rows = self.query({entity: {label: {}}})[entity]
        return {row["id"]: [each[attribute] for each in row[label]] for row in rows}

    def linked(self, kind: str) -> dict[str, list[str]]:
        """App IDs by owner, also in the middle of it all."""
        entity, label = ("$users", "app") if kind == "user" else ("tasks", "mainDatabase")
        attribute = "appid" if kind == "user" else "instantAppId"
        rows = self.query({entity: {label: {}}})[entity]
        return {row["id"]: [each[attribute] for each in row[label]] for row in rows}

    def ownerless(self, kind: str) -> set[str]:
        return self.apps() - {app for apps in self.linked(kind).values() for app in apps}

    def check(self, kind: str, owners: list[str]) -> None:
        """Each has one app, with its agents; and there is no app that none of them has."""
        owned = self.owned(kind)
        assert [len(owned[each]) for each in owners] == [1] * len(owners)
        assert self.apps() == {app for apps in owned.values() for app in apps}
        for app_id in (owned[each][0] for each in owners):
            blobs = self.http.get(f"/superadmin/apps/{app_id}/schema").json()["schema"]["blobs"]
            assert {"todos", "users"} <= blobs.keys()

    def check_tokens(self) -> None:
        """Each database opens with the token in the registry."""
        for row in self.query({"databases": {}})["databases"]:
            headers = {"app-id": row["instantAppId"], "authorization": f"Bearer {row['adminToken']}"}
            assert self.http.post("/admin/query", json={"query": {"todos": {}}}, headers=headers).status_code == 200


@pytest.fixture
def platform(tmp_path):
    with local_platform(tmp_path / "platform") as running:
        made = Platform(running, str(tmp_path / "tenantry.db"))
        yield made
        made.http.close()


async def create(provisioning: Any, kind: str, owner_id: str) -> Any:
    if kind == "user":
        return await provisioning.create_for_user(CONNECTION_ID, owner_id, "todo")
    return await provisioning.create_for_task(CONNECTION_ID, owner_id, "swift-blue-river", "todo")


# Killed


def _provision_and_die(target: Target, kind: str, owner_ids: list[str], after: int, pipe: Any) -> None:
    """In a process of its own: killed with SIGKILL right after its step number ``after``."""
    steps, lock = 0, threading.Lock()

    def tell(what: str) -> None:
        nonlocal steps
        # Calls are told on the loop's thread, writes on their own.
        with lock:
            steps += 1
            pipe.send(what)
            if steps == after:
                os.kill(os.getpid(), signal.SIGKILL)

    async def run() -> None:
        async with provisioning_on(target, tell) as provisioning:
            if len(owner_ids) > 1:
                await provisioning.create_many(CONNECTION_ID, [(each, "todo", None) for each in owner_ids])
            else:
                await create(provisioning, kind, *owner_ids)

    asyncio.run(run())


def provision_until_killed(target: Target, kind: str, owner_ids: list[str], after: int) -> tuple[list[str], bool]:
    """The steps that were done, and whether it was killed before its end."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["tests.e2e.test_provisioning_kill"])
    reader, writer = context.Pipe(duplex=False)
    process = context.Process(target=_provision_and_die, args=(target, kind, owner_ids, after, writer))
    process.start()
    writer.close()
    steps = []
    try:
        while True:
            steps.append(reader.recv())
    except EOFError:
        pass
    process.join(30)
    assert process.exitcode in (0, -signal.SIGKILL)
    return steps, process.exitcode != 0


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


async def attempt_with_broken_connection(platform: Platform, kind: str, owner_id: str, fault: str, after: int) -> bool:
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
