import asyncio
import concurrent.futures
import logging
import threading
from types import SimpleNamespace
from typing import Any

import pytest

from app.core.errors import Bug
from app.services.engine import Engine


class FakeServices(SimpleNamespace):
    closed = False

    async def aclose(self) -> None:
        self.closed = True


@pytest.fixture
def engine():
    engine = Engine()
    yield engine
    assert engine.stop(10)


def start(engine: Engine, services: Any) -> None:
    async def build() -> Any:
        return services

    engine.start(build)


def test_submit_runs_work_on_the_engine_thread(engine):
    start(engine, FakeServices(name="suite"))

    async def work(services):
        return services.name, threading.current_thread().name

    assert engine.submit(work).result(10) == ("suite", "engine")


def test_submit_before_services_are_built_waits_for_them(engine):
    gate = threading.Event()

    async def build():
        await asyncio.to_thread(gate.wait, 10)
        return FakeServices(name="late")

    engine.start(build)

    async def work(services):
        return services.name

    future = engine.submit(work)
    assert not future.done()
    gate.set()
    assert future.result(10) == "late"


def test_submit_cancelled_while_building_leaves_the_build_alone(engine):
    gate = threading.Event()

    async def build():
        await asyncio.to_thread(gate.wait, 10)
        return FakeServices(name="kept")

    engine.start(build)

    async def work(services):
        return services.name

    first, second = engine.submit(work), engine.submit(work)
    first.cancel()
    gate.set()
    assert second.result(10) == "kept"


def test_submit_after_a_failed_build_raises_its_error(engine, caplog):
    async def build():
        raise OSError("no disk")

    async def work(services):
        return 1

    with caplog.at_level(logging.CRITICAL, logger="app.services.engine"):
        engine.start(build)
        with pytest.raises(OSError, match="no disk"):
            engine.submit(work).result(10)


def test_stop_cancels_work_and_closes_services():
    engine, services, started = Engine(), FakeServices(), threading.Event()
    start(engine, services)

    async def endless(_):
        started.set()
        await asyncio.Event().wait()

    future = engine.submit(endless)
    assert started.wait(10)
    assert engine.stop(10)
    assert services.closed
    assert future.cancelled()


def test_submit_after_stop_gives_a_cancelled_future():
    engine = Engine()
    start(engine, FakeServices())
    assert engine.stop(10)

    async def work(services):
        return 1

    with pytest.raises(concurrent.futures.CancelledError):
        engine.submit(work).result(1)


def test_submit_before_start_is_a_bug():
    async def work(services):
        return 1

    with pytest.raises(Bug):
        Engine().submit(work)


def test_cancelled_future_cancels_its_work(engine):
    start(engine, FakeServices())
    started, ended = threading.Event(), threading.Event()

    async def endless(_):
        started.set()
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    future = engine.submit(endless)
    assert started.wait(10)
    future.cancel()
    assert ended.wait(10)
