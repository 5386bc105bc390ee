"""Work that is done several times at once: how many, in which order, and that nothing of it is left over."""

import asyncio

import pytest

from app.services.side_by_side import for_each, side_by_side


class Bench:
    """Acts that wait until they are let go; knows how many there were at once, and which were ended."""

    def __init__(self):
        self.begun, self.ended, self.most = [], [], 0
        self.now = 0
        self.gate = asyncio.Event()
        self.is_full = asyncio.Event()

    async def act(self, item, *, full=2):
        self.begun.append(item)
        self.now += 1
        self.most = max(self.most, self.now)
        if self.now == full:
            self.is_full.set()
        try:
            await self.gate.wait()
        except asyncio.CancelledError:
            self.ended.append(item)
            raise
        finally:
            self.now -= 1


async def test_for_each_with_few_at_once_acts_on_each_once_in_order():
    bench = Bench()
    running = asyncio.create_task(for_each("abcde", bench.act, 2))
    await bench.is_full.wait()
    assert bench.begun == ["a", "b"]
    bench.gate.set()
    await running
    assert (bench.begun, bench.most) == (list("abcde"), 2)


async def test_for_each_of_nothing_ends_at_once():
    bench = Bench()
    await for_each((), bench.act, 4)
    assert bench.begun == []


async def test_for_each_cancelled_leaves_nothing_running():
    bench = Bench()
    running = asyncio.create_task(for_each("abc", bench.act, 2))
    await bench.is_full.wait()
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert (bench.begun, bench.ended, bench.now) == (["a", "b"], ["a", "b"], 0)


async def test_side_by_side_with_one_that_fails_ends_the_others_and_raises_it():
    bench = Bench()
    numbers = iter(range(3))

    async def work():
        number = next(numbers)
        if number == 2:
            await bench.is_full.wait()
            raise ValueError("the third")
        await bench.act(number)

    with pytest.raises(ValueError, match="the third"):
        await side_by_side(work, 3)
    assert (sorted(bench.ended), bench.now) == ([0, 1], 0)
