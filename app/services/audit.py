"""What was done to which app, by whom, and how it ended."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Protocol

from app.core.errors import KnownError
from app.core.refs import AppRef
from app.services.operator import operator_name


class AuditStore(Protocol):
    """What is needed of the local database; its methods block."""

    def add(
        self, who: str, at: float, connection_id: str, app_id: str, action: str, outcome: str, detail: str
    ) -> None: ...


class AuditTrail:
    """Each act gets one entry, also where it fails or is cancelled."""

    def __init__(self, store: AuditStore, *, clock: Callable[[], float] = time.time) -> None:
        self._store = store
        self._clock = clock

    @asynccontextmanager
    async def recorded(self, ref: AppRef, action: str, detail: str = "") -> AsyncIterator[None]:
        """``detail`` holds no secret."""
        outcome = "cancelled"
        try:
            yield
            outcome = "done"
        except KnownError as error:
            outcome = f"failed: {error.sentence}"
            raise
        finally:
            entry = (operator_name(), self._clock(), ref.connection_id, ref.app_id, action, outcome, detail)
            await asyncio.shield(asyncio.to_thread(self._store.add, *entry))
