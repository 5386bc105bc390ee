"""Many small writes to the local database, handed over together."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

_Item = TypeVar("_Item")


class GroupWriter(Generic[_Item]):
    """What comes while a write is running is written by the next one, in order, in a worker thread.

    So a thousand writers at once make a few transactions, and one alone waits for nobody. Engine thread only.
    """

    def __init__(self, write: Callable[[Sequence[_Item]], None]) -> None:
        self._write = write
        self._waiting: list[_Item] = []
        self._next: asyncio.Future[None] | None = None
        self._task: asyncio.Task[None] | None = None

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

    async def written(self, item: _Item) -> None:
        """Add the item and wait until it is on disk, also where the caller is cancelled meanwhile."""
        await asyncio.shield(self.add(item))

    async def settle(self) -> None:
        """Wait until all that was added is written; raises what the last write raised."""
        if self._next is not None:
            await asyncio.shield(self._next)
        elif self._task is not None:
            await asyncio.shield(self._task)

    async def _run(self) -> None:
        while self._next is not None:
            items, done = self._waiting, self._next
            self._waiting, self._next = [], None
            try:
                await asyncio.to_thread(self._write, items)
            except Exception as error:  # noqa: BLE001 (handed to whoever waits)
                done.set_exception(error)
            else:
                done.set_result(None)
        self._task = None
