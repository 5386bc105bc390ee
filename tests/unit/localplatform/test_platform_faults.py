"""Faults on purpose, over a real socket where a connection is to break."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from app.localplatform.errors import PlatformError
from app.localplatform.faults import Fault, Faults

REPO = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def ready() -> Iterator[dict[str, str]]:
    process = subprocess.Popen(
        [sys.executable, "-m", "app", "local-platform", "--exit-with-parent"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=REPO,
        text=True,
    )
    assert process.stdout is not None
    yield json.loads(process.stdout.readline())
    output, log = process.communicate(timeout=30)
    assert output == ""
    assert " ERROR " not in log
    assert process.returncode == 0


@pytest.fixture
async def client(ready: dict[str, str]) -> AsyncIterator[httpx.AsyncClient]:
    headers = {"authorization": f"Bearer {ready['platform_token']}"}
    async with httpx.AsyncClient(base_url=ready["api_uri"], headers=headers) as made:
        yield made
        await made.post("/local/faults", json={"faults": []})


async def put(client: httpx.AsyncClient, *faults: Any) -> None:
    answer = await client.post("/local/faults", json={"faults": list(faults)})
    assert answer.status_code == 200, answer.text


async def test_no_faults_unless_asked_for(client: httpx.AsyncClient) -> None:
    assert (await client.get("/local/faults")).json() == {"faults": []}


async def test_rate_limit_strikes_as_often_as_counted(client: httpx.AsyncClient) -> None:
    await put(client, {"kind": "rate-limited", "path": "/superadmin/*", "count": 2, "retry_after_s": 1})
    answers = [await client.get("/superadmin/apps") for _ in range(3)]
    assert [answer.status_code for answer in answers] == [429, 429, 200]
    assert answers[0].json()["type"] == "rate-limited"
    assert answers[0].json()["hint"] == {"retry-after": 1}


async def test_fault_strikes_only_its_path_and_method(client: httpx.AsyncClient) -> None:
    await put(client, {"kind": "server-error", "path": "/superadmin/apps", "method": "POST", "status": 503})
    assert (await client.get("/superadmin/apps")).status_code == 200
    assert (await client.get("/superadmin/orgs")).status_code == 200
    assert (await client.post("/superadmin/apps", json={"title": "x"})).status_code == 503


async def test_dropped_connection_gives_no_answer(client: httpx.AsyncClient) -> None:
    await put(client, {"kind": "drop", "count": 1})
    with pytest.raises(httpx.TransportError):
        await client.get("/superadmin/apps")
    assert (await client.get("/superadmin/apps")).status_code == 200


async def test_truncated_answer_ends_before_its_length(client: httpx.AsyncClient) -> None:
    await put(client, {"kind": "truncate", "after_bytes": 5, "count": 1})
    with pytest.raises(httpx.RemoteProtocolError):
        await client.get("/superadmin/apps")
    assert (await client.get("/superadmin/apps")).status_code == 200


async def test_latency_then_real_answer(client: httpx.AsyncClient) -> None:
    await put(client, {"kind": "latency", "latency_ms": 400, "count": 1})
    with pytest.raises(httpx.ReadTimeout):
        await client.get("/superadmin/apps", timeout=0.1)
    assert (await client.get("/superadmin/apps")).status_code == 200


async def test_faults_without_platform_token_are_refused(client: httpx.AsyncClient, ready: dict[str, str]) -> None:
    for token in ("per_" + "0" * 64, ready["dash_token"]):
        answer = await client.post("/local/faults", json={"faults": []}, headers={"authorization": f"Bearer {token}"})
        assert answer.status_code == 400


@pytest.mark.parametrize(
    "value",
    [{}, {"kind": "fire"}, {"kind": "drop", "x": 1}, {"kind": "drop", "count": "2"}, {"kind": "drop", "path": 1}],
)
def test_parse_of_bad_fault_is_refused(value: Any) -> None:
    with pytest.raises(PlatformError, match="fault"):
        Fault.parse(value)


def test_probability_zero_never_strikes() -> None:
    faults = Faults.parse([{"kind": "drop", "probability": 0}])
    assert not any(faults.take("GET", "/superadmin/apps") for _ in range(100))


def test_control_path_is_never_struck() -> None:
    assert Faults.parse([{"kind": "drop"}]).take("POST", "/local/faults") == []
