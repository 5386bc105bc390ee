"""Small writes handed over together."""

import asyncio
import threading

import pytest

from app.services.group_writer import GroupWriter


async def test_one_item_is_written_at_once():
    written = []
    writer = GroupWriter(written.append)
    await writer.written("a")
    assert written == [["a"]]
    await writer.aclose()


async def test_what_comes_while_a_write_is_running_goes_into_the_next_in_order():
    written, gate, began = [], threading.Event(), asyncio.Event()
    loop = asyncio.get_running_loop()

    def write(items):
        written.append(list(items))
        loop.call_soon_threadsafe(began.set)
        gate.wait(10)

    writer = GroupWriter(write)
    writer.add(0)
    await began.wait()
    for number in range(1, 50):
        writer.add(number)
    gate.set()
    await writer.settle()
    assert written == [[0], list(range(1, 50))]
    await writer.aclose()


async def test_failure_reaches_those_who_wait_for_that_write_only():
    def write(items):
        if "bad" in items:
            raise ValueError("no")

    writer = GroupWriter(write)
    with pytest.raises(ValueError, match="no"):
        await writer.written("bad")
    await writer.written("good")
    writer.add("bad")
    with pytest.raises(ValueError, match="no"):
        await writer.settle()
    await writer.settle()
    await writer.aclose()


async def test_cancelled_waiter_leaves_its_item_to_be_written():
    written = []
    writer = GroupWriter(written.append, pause_s=60)
    await writer.written("a")
    waiting = asyncio.create_task(writer.written("b"))
    await asyncio.sleep(0)
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)
    await writer.aclose()
    assert written == [["a"], ["b"]]


async def test_pause_between_writes_ends_with_an_urgent_one():
    written = []
    writer = GroupWriter(written.append, pause_s=60)
    await writer.written("a")
    writer.add("b")
    await writer.written("c", is_urgent=True)
    assert written == [["a"], ["b", "c"]]
    await writer.aclose()
