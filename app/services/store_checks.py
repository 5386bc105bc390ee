"""Asking many stores how they are, a few at a time."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from typing import TYPE_CHECKING

from app.core.errors import KnownError
from app.services.directory import Progress
from app.services.side_by_side import for_each
from app.services.store_words import StoreCheck

if TYPE_CHECKING:
    from app.platforms.contract import StoreHealth

AskStore = Callable[[str], Awaitable["StoreHealth"]]


async def check_stores(
    ask: AskStore,
    app_ids: Iterable[str],
    clock: Callable[[], float],
    label: str,
    *,
    on_check: Callable[[StoreCheck], None] | None = None,
    on_progress: Callable[[Progress], None] | None = None,
    concurrency: int = 20,
) -> tuple[StoreCheck, ...]:
    """Each store once, in the order given; a failing one is in the answer. Ends with the caller."""
    wanted = list(dict.fromkeys(app_ids))
    found: dict[str, StoreCheck] = {}

    async def look(app_id: str) -> None:
        check = found[app_id] = await _checked(ask, app_id, clock)
        if on_check is not None:
            on_check(check)
        if on_progress is not None:
            on_progress(Progress(len(found), len(wanted), f"{label}: checking stores"))

    await for_each(wanted, look, max(concurrency, 1))
    return tuple(found[each] for each in wanted)


async def _checked(ask: AskStore, app_id: str, clock: Callable[[], float]) -> StoreCheck:
    try:
        health = await ask(app_id)
    except KnownError as error:
        return StoreCheck(app_id, None, None, -1, -1, clock(), error.sentence, error.remedy)
    return StoreCheck(
        app_id=app_id,
        health=health,
        latency_ms=health.latency_ms,
        tables=-1 if health.tables is None else health.tables,
        bytes=-1 if health.bytes is None else health.bytes,
        checked_at=clock(),
        sentence=health.sentence,
        remedy=health.remedy,
    )
