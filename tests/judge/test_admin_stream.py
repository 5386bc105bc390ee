"""The bytes of a live query's stream as they leave the server's process, and what happens when a reader goes away."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import httpx
import pytest

from tests.judge.conftest import Server

pytestmark = pytest.mark.judge
TIME_LIMIT_S = 20


async def new_app(client: httpx.AsyncClient, server: Server) -> dict[str, Any]:
    headers = {"authorization": f"Bearer {server.platform_token}"}
    answer = await client.post("/superadmin/apps", json={"title": "Streamed"}, headers=headers)
    app: dict[str, Any] = answer.json()["app"]
    return app


async def read_message(lines: Any) -> dict[str, Any]:
    async for line in lines:
        if line.startswith("data: "):
            found: dict[str, Any] = json.loads(line.removeprefix("data: "))
            return found
    raise AssertionError("the stream ended")


async def test_stream_of_a_reader_that_went_away_is_forgotten(server: Server) -> None:
    async with httpx.AsyncClient(base_url=server.api_uri, trust_env=False) as client, asyncio.timeout(TIME_LIMIT_S):
        app = await new_app(client, server)
        headers = {"app-id": app["id"], "authorization": f"Bearer {app['admin-token']}"}
        async with client.stream("POST", "/admin/sse", json={}, headers=headers) as response:
            assert response.headers["content-type"].startswith("text/event-stream")
            lines = response.aiter_lines()
            assert await anext(lines) == "retry: 500"
            init = await read_message(lines)
            body = {name.replace("-", "_"): init[name] for name in ("machine-id", "session-id", "sse-token")}
            body["messages"] = [{"op": "add-query", "q": {"todos": {}}, "return-type": "tree"}]
            push = {"url": f"/admin/sse/push?app_id={app['id']}", "json": body}
            assert (await client.post(**push)).status_code == 200
            assert (await read_message(lines))["op"] == "add-query-ok"
        while (await client.post(**push)).status_code == 200:
            await asyncio.sleep(0.05)
        assert (await client.post(**push)).json()["type"] == "session-missing"
