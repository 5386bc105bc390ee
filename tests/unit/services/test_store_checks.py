"""Asking many stores how they are."""

from __future__ import annotations

import asyncio

import pytest

from app.core.errors import Unreachable
from app.platforms.contract import StoreHealth
from app.services.store_checks import check_stores
from app.services.store_words import StoreCheck


class Server:
    """Counts how many are asked at once; ``gate`` holds them."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.at_once = self.most = 0
        self.gate = asyncio.Event()

    async def ask(self, app_id: str) -> StoreHealth:
        self.asked.append(app_id)
        self.at_once += 1
        self.most = max(self.most, self.at_once)
        try:
            await self.gate.wait()
            await asyncio.sleep(0)
        finally:
            self.at_once -= 1
        if app_id == "gone":
            raise Unreachable("The store is gone.")
        return StoreHealth(True, 1.5, 8, 100, "18")


async def test_stores_are_asked_a_few_at_a_time_each_once_and_told_in_order() -> None:
    server, told = Server(), list[StoreCheck]()
    server.gate.set()
    names = [*(f"s{number}" for number in range(50)), "gone", "s1"]
    checks = await check_stores(server.ask, names, lambda: 7.0, "Main", on_check=told.append, concurrency=4)
    assert server.most == 4
    assert [each.app_id for each in checks] == names[:-1]
    assert len(told) == len(server.asked) == 51
    gone = checks[-1]
    assert (gone.health, gone.is_reachable, gone.tables, gone.sentence) == (None, False, -1, "The store is gone.")
    assert gone.remedy
    assert (checks[0].tables, checks[0].bytes, checks[0].latency_ms, checks[0].checked_at) == (8, 100, 1.5, 7.0)


@pytest.mark.parametrize("concurrency", [0, 1, 100])
async def test_any_number_at_once_will_do(concurrency: int) -> None:
    server = Server()
    server.gate.set()
    assert len(await check_stores(server.ask, ["a", "b"], lambda: 0.0, "", concurrency=concurrency)) == 2
    assert await check_stores(server.ask, [], lambda: 0.0, "", concurrency=concurrency) == ()


async def test_checking_ends_with_whoever_asked() -> None:
    server = Server()
    work = asyncio.create_task(check_stores(server.ask, ["a", "b", "c"], lambda: 0.0, "", concurrency=2))
    while server.at_once < 2:
        await asyncio.sleep(0)
    work.cancel()
    with pytest.raises(asyncio.CancelledError):
        await work
    assert server.at_once == 0
    assert server.asked == ["a", "b"]
