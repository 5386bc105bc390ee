"""What was done to which app, by whom, and how it ended."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Protocol

from app.core.errors import KnownError
from app.core.refs import AppRef
from app.services.operator import operator_name


class AuditStore(Protocol):
    """What is needed of the local database; its methods block."""

    def add(
        self,
        who: str,
        at: float,
        connection_id: str,
        app_id: str,
        action: str,
        outcome: str,
        detail: str,
        before: str = "",
        after: str = "",
        *,
        title: str = "",
    ) -> None: ...


@dataclass(slots=True)
class SchemaChange:
    """Fingerprints of an app's schema, noted by an act as it comes to know them; "" for what it does not know, or
    would have to ask for. An act that fails keeps what was there before it, and nothing after it."""

    before: str = ""
    after: str = ""


class AuditTrail:
    """Each act gets one entry, also where it fails or is cancelled."""

    def __init__(self, store: AuditStore, *, clock: Callable[[], float] = time.time) -> None:
        self._store = store
        self._clock = clock

    @asynccontextmanager
    async def recorded(
        self, ref: AppRef, action: str, detail: str = "", title: str = ""
    ) -> AsyncIterator[SchemaChange]:
        """``detail`` holds no secret; ``title`` is that of an app that is not known here yet. An act that changes a
        schema notes in what it is given what that was and is."""
        outcome, change = "cancelled", SchemaChange()
        try:
            yield change
            outcome = "done"
        except KnownError as error:
            outcome = f"failed: {error.sentence}"
            raise
        finally:
            entry = (operator_name(), self._clock(), ref.connection_id, ref.app_id, action, outcome, detail)
            after = change.after if outcome == "done" else ""
            add = self._store.add
            await asyncio.shield(asyncio.to_thread(add, *entry, before=change.before, after=after, title=title))
