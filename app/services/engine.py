"""The engine: one worker thread with the asyncio loop that services, platforms and storage run on.

Imports nothing heavy, so that the window can make one before its first paint. The window is the only caller from
another thread; everything behind ``submit`` runs on the engine's loop.
"""

from __future__ import annotations

import concurrent.futures
import importlib
import logging
import sys
import threading
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, TypeVar

from app.core.errors import Bug
from app.core.gate import act

if TYPE_CHECKING:
    import asyncio

    from app.services.suite import Services

T = TypeVar("T")
Build = Callable[[], Awaitable["Services"]]
Work = Callable[["Services"], Awaitable[T]]

_logger = logging.getLogger(__name__)

# The UI thread waits at most this long for the GIL once it asks for it (default 5 ms: a third of a frame).
_SWITCH_INTERVAL_S = 0.0001


class Engine:
    """Starts once, stops once.

    ``submit`` may be called from any thread as soon as ``start`` was; the work waits until the services are built,
    and fails with the error of the build where that failed.
    """

    def __init__(self, build: Build | None = None) -> None:
        """``build`` is what ``start`` awaits where it is given none."""
        self._default_build = build
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._services: asyncio.Future[Services] | None = None
        self._stopping: asyncio.Event | None = None
        self._is_closed = False
        self._lock = threading.Lock()

    @property
    def is_running(self) -> bool:
        return self._thread is not None and self._thread.is_alive() and not self._is_closed

    def start(self, build: Build | None = None) -> None:
        """Start the thread, which then awaits ``build()``: heavy imports belong inside it."""
        build = build or self._default_build
        if build is None:
            raise Bug("The engine was started without anything to build.")
        if self._thread is not None:
            raise Bug("The engine was started twice.")
        # Only now, for this module is imported before the first paint and asyncio is a fifth of the time to it.
        globals()["asyncio"] = importlib.import_module("asyncio")
        sys.setswitchinterval(_SWITCH_INTERVAL_S)
        loop = asyncio.new_event_loop()
        self._loop = loop
        self._services = loop.create_future()
        self._stopping = asyncio.Event()
        self._thread = threading.Thread(target=self._run, args=(loop, build), name="engine", daemon=True)
        self._thread.start()

    def submit(self, work: Work[T]) -> concurrent.futures.Future[T]:
        """Run ``work`` on the engine; cancelling the future cancels it. After ``stop`` the future is cancelled."""
        with self._lock:
            if self._loop is None:
                raise Bug("Work was given to an engine that is not started.")
            if self._is_closed:
                return _cancelled()
            return asyncio.run_coroutine_threadsafe(self._with_services(work), self._loop)

    def stop(self, timeout_s: float = 5.0) -> bool:
        """Cancel what runs, close the services, join. False when the thread did not end in time."""
        with self._lock:
            if self._loop is None or self._thread is None or self._stopping is None:
                return True
            if not self._is_closed:
                self._is_closed = True
                self._loop.call_soon_threadsafe(self._stopping.set)
        self._thread.join(timeout_s)
        return not self._thread.is_alive()

    async def _with_services(self, work: Work[T]) -> T:
        assert self._services is not None
        # Shielded: one cancelled request must not cancel the build that the others wait for.
        services = await asyncio.shield(self._services)
        # What is asked for at once is begun together: no lock comes between its parts.
        with act(is_asked=True):
            return await work(services)

    def _run(self, loop: asyncio.AbstractEventLoop, build: Build) -> None:
        asyncio.set_event_loop(loop)
        try:
            loop.run_until_complete(self._main(build))
        finally:
            loop.run_until_complete(loop.shutdown_asyncgens())
            asyncio.set_event_loop(None)
            loop.close()

    async def _main(self, build: Build) -> None:
        assert self._stopping is not None
        assert self._services is not None
        builder = asyncio.create_task(self._build(build))
        await self._stopping.wait()
        await _cancel_all_but(asyncio.current_task())
        await asyncio.gather(builder, return_exceptions=True)
        if self._services.done() and not self._services.cancelled() and self._services.exception() is None:
            await _closed(self._services.result())
        else:
            self._services.cancel()

    async def _build(self, build: Build) -> None:
        assert self._services is not None
        try:
            self._services.set_result(await build())
        except Exception as error:
            _logger.exception("The services could not be built")
            self._services.set_exception(error)
            # Looked at here once, so that a build without any waiting work does not warn at exit.
            self._services.exception()


def _cancelled() -> concurrent.futures.Future[T]:
    future: concurrent.futures.Future[T] = concurrent.futures.Future()
    future.cancel()
    future.set_running_or_notify_cancel()
    return future


async def _cancel_all_but(current: asyncio.Task[object] | None) -> None:
    tasks = [task for task in asyncio.all_tasks() if task is not current]
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def _closed(services: Services) -> None:
    try:
        await services.aclose()
    except Exception:
        _logger.exception("The services did not close cleanly")
    await _cancel_all_but(asyncio.current_task())
