"""What the tabs of a foundation let the engine do, where it is more than one call."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from app.core.errors import KnownError

if TYPE_CHECKING:
    from app.services.suite import Services


async def finish(services: Services, keys: Iterable[str]) -> int:
    """Finish what was begun; gives how many were. One that fails does not keep the others from being finished: the
    first failure is raised at the end."""
    first: KnownError | None = None
    count = 0
    for key in keys:
        try:
            await services.provisioning.finish(key)
        except KnownError as error:
            first = first or error
        else:
            count += 1
    if first is not None:
        raise first
    return count
