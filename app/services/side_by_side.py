"""The same work several times at once, so that nothing of it outlives who asked for it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Iterable
from typing import Any, TypeVar

T = TypeVar("T")


async def side_by_side(work: Callable[[], Coroutine[Any, Any, None]], count: int) -> None:
    """Run ``work`` so many times at once; when one fails, or the caller is cancelled, none goes on."""
    tasks = [asyncio.create_task(work()) for _ in range(count)]
    try:
        await asyncio.gather(*tasks)
    finally:
        for each in tasks:
            each.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def for_each(items: Iterable[T], act: Callable[[T], Awaitable[None]], at_once: int) -> None:
    """``act`` on each once, begun in their order, so many at once; ends as ``side_by_side`` does."""
    waiting = tuple(items)
    queue = iter(waiting)

    async def work() -> None:
        for item in queue:
            await act(item)

    await side_by_side(work, min(at_once, len(waiting)))
