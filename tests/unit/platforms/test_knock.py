"""What time a platform thinks it is."""

from __future__ import annotations

from typing import Any

import httpx

from app.platforms.knock import Knock, knock

NOW = 1_795_000_000.0


def test_knock_reckons_with_whole_seconds_of_the_header() -> None:
    assert Knock(1000.0, 1000.9).offset_s == 0
    assert Knock(1000.0, 1061.0).offset_s == 60
    assert Knock(1000.0, 940.0).offset_s == -60
    assert Knock(None, 940.0).offset_s is None


async def test_knock_reads_the_date_of_any_answer_and_sends_no_token() -> None:
    seen: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(404, headers={"Date": "Sat, 21 Nov 2026 06:00:00 GMT"})

    calls: list[Any] = []
    found = await knock(
        "https://instant.example/base", "c1", calls.append, transport=httpx.MockTransport(answer), clock=lambda: NOW
    )
    assert found == Knock(1_795_240_800.0, NOW)
    assert "authorization" not in seen[0].headers
    assert [(each.path, each.status) for each in calls] == [("/health/system", 404)]


async def test_knock_without_an_answer_is_none() -> None:
    def refuse(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("refused", request=request)

    assert await knock("https://x.example", "c1", lambda _: None, transport=httpx.MockTransport(refuse)) is None
