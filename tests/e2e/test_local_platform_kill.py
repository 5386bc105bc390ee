"""The server is killed in the middle of concurrent writes, again and again: nothing acknowledged may be lost."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import random
import subprocess
import sys
import uuid
from pathlib import Path
from typing import Any

import httpx
import pytest

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(110)]

REPO = Path(__file__).parents[2]
KILLS = 30
WRITERS = 8
PLATFORM_TOKEN = "per_" + "3" * 64
DASH_TOKEN = "33333333-0000-4000-8000-000000000000"
PLATFORM = {"authorization": f"Bearer {PLATFORM_TOKEN}"}


class Server:
    """One life of the server process on ``data``."""

    def __init__(self, data: Path) -> None:
        tokens = {"TENANTRY_LOCAL_PLATFORM_TOKEN": PLATFORM_TOKEN, "TENANTRY_LOCAL_DASH_TOKEN": DASH_TOKEN}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "app", "local-platform", "--data", str(data)],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            cwd=REPO,
            env={**os.environ, **tokens},
        )
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert line, "the server did not start"
        self.api_uri: str = json.loads(line)["api_uri"]

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()
        assert self.process.stdout is not None
        self.process.stdout.close()


class Writers:
    """Concurrent writers that remember what was acknowledged.

    Each transaction makes a pair of entities of the same number in two namespaces, linked: half of it would show.
    """

    def __init__(self, app_id: str, admin_token: str) -> None:
        self.headers = {"authorization": f"Bearer {admin_token}", "app-id": app_id}
        self.pairs: dict[str, str] = {}
        self.apps: set[str] = set()

    @property
    def acknowledged(self) -> int:
        return len(self.pairs) + len(self.apps)

    async def run(self, client: httpx.AsyncClient) -> None:
        """Until the connection breaks."""
        with contextlib.suppress(httpx.TransportError):
            while True:
                await (self._make_app(client) if random.random() < 0.1 else self._make_pair(client))

    async def _make_pair(self, client: httpx.AsyncClient) -> None:
        left, right = str(uuid.uuid4()), str(uuid.uuid4())
        steps = [
            ["update", "left", left, {"pair": right}],
            ["update", "right", right, {"pair": left}],
            ["link", "left", left, {"other": right}],
        ]
        answer = await client.post("/admin/transact", json={"steps": steps}, headers=self.headers)
        assert answer.status_code == 200, answer.text
        self.pairs[left] = right

    async def _make_app(self, client: httpx.AsyncClient) -> None:
        body = {"title": "Made", "id": str(uuid.uuid4()), "admin_token": str(uuid.uuid4())}
        answer = await client.post("/dash/apps", json=body, headers=PLATFORM)
        assert answer.status_code == 200, answer.text
        self.apps.add(body["id"])


async def create_app(client: httpx.AsyncClient) -> tuple[str, str]:
    attrs = {"attrs": {"pair": {"valueType": "string", "config": {"unique": True, "indexed": True}}}}
    link = {
        "forward": {"on": "left", "has": "one", "label": "other"},
        "reverse": {"on": "right", "has": "one", "label": "other"},
    }
    schema = {"entities": {"left": attrs, "right": attrs}, "links": {"leftOther": link}}
    made = (await client.post("/superadmin/apps", json={"title": "Kept", "schema": schema}, headers=PLATFORM)).json()
    return made["app"]["id"], made["app"]["admin-token"]


async def check(client: httpx.AsyncClient, writers: Writers) -> None:
    query: dict[str, Any] = {"left": {"other": {}}, "right": {}}
    answer = await client.post("/admin/query", json={"query": query}, headers=writers.headers)
    assert answer.status_code == 200, answer.text
    tree = answer.json()
    left = {row["id"]: row["pair"] for row in tree["left"]}
    right = {row["pair"]: row["id"] for row in tree["right"]}
    assert writers.pairs.items() <= left.items(), "an acknowledged transaction was lost"
    assert left == right, "half of a transaction is there"
    assert all([other["id"] for other in row["other"]] == [row["pair"]] for row in tree["left"])
    apps = {app["id"] for app in (await client.get("/superadmin/apps", headers=PLATFORM)).json()["apps"]}
    assert writers.apps <= apps, "an acknowledged app was lost"


async def test_server_killed_during_writes_loses_nothing_acknowledged(tmp_path: Path) -> None:
    server = Server(tmp_path)
    try:
        async with httpx.AsyncClient(base_url=server.api_uri) as client:
            writers = Writers(*await create_app(client))
        for _ in range(KILLS):
            await write_until_killed(server, writers)
            server = Server(tmp_path)
            async with httpx.AsyncClient(base_url=server.api_uri, timeout=20) as client:
                await check(client, writers)
    finally:
        server.kill()
    assert writers.acknowledged >= 6 * KILLS


async def write_until_killed(server: Server, writers: Writers) -> None:
    enough = writers.acknowledged + random.randint(6, 24)
    async with httpx.AsyncClient(base_url=server.api_uri, timeout=20) as client:
        tasks = [asyncio.create_task(writers.run(client)) for _ in range(WRITERS)]
        while writers.acknowledged < enough and not any(task.done() for task in tasks):
            await asyncio.sleep(0)
        server.kill()
        await asyncio.gather(*tasks)
