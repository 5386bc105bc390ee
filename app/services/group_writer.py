"""Many small writes to the local database, handed over together."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Generic, TypeVar

_Item = TypeVar("_Item")


# Between two writes: what thousands of apps are waiting for must not keep a thread busy beside the window.
_PAUSE_S = 0.025


class GroupWriter(Generic[_Item]):
    """What comes while a write is running, or shortly after it, is written by the next one, in order, in a thread.

    So a thousand writers at once make a few transactions, and one alone waits for nobody. Engine thread only.
    """

    def __init__(self, write: Callable[[Sequence[_Item]], None], *, pause_s: float = _PAUSE_S) -> None:
        self._write = write
        self._pause_s = pause_s
        self._waiting: list[_Item] = []
        self._next: asyncio.Future[None] | None = None
        self._writing: asyncio.Future[None] | None = None
        self._task: asyncio.Task[None] | None = None
        self._is_urgent = asyncio.Event()

    def add(self, item: _Item) -> asyncio.Future[None]:
        """Done once the item is written; it carries what the write raised. Nobody has to wait for it."""
        if self._next is None:
            self._next = asyncio.get_running_loop().create_future()
            # Looked at here, for the case that nobody waits.
            self._next.add_done_callback(lambda done: done.exception())
        self._waiting.append(item)
        if self._task is None:
            self._task = asyncio.create_task(self._run())
        return self._next

    async def written(self, item: _Item, *, is_urgent: bool = False) -> None:
        """Add the item and wait until it is on disk, also where the caller is cancelled meanwhile."""
        done = self.add(item)
        if is_urgent:
            self._is_urgent.set()
        await asyncio.shield(done)

    async def settle(self) -> None:
        """Wait until all that was added is written; raises what the last write raised."""
        self._is_urgent.set()
        if self._next is not None:
            await asyncio.shield(self._next)
        elif self._writing is not None:
            await asyncio.shield(self._writing)

    async def aclose(self) -> None:
        """As ``settle``; afterwards nothing runs any more."""
        await self.settle()
        self._is_urgent.set()
        if self._task is not None:
            await self._task

    async def _run(self) -> None:
        while self._next is not None:
            items, self._writing = self._waiting, self._next
            self._waiting, self._next = [], None
            self._is_urgent.clear()
            try:
                await asyncio.to_thread(self._write, items)
            except Exception as error:  # noqa: BLE001 (handed to whoever waits)
                self._writing.set_exception(error)
            else:
                self._writing.set_result(None)
            self._writing = None
            with suppress(TimeoutError):
                await asyncio.wait_for(self._is_urgent.wait(), self._pause_s)
        self._task = None
