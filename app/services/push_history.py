"""Every push: recorded before it sends, completed after it ended."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Protocol, cast

from app.core.changes import Changes
from app.core.errors import NotFound
from app.core.refs import AppRef
from app.platforms.traits import traits_of
from app.schema.compare import Plan, Renames
from app.services.operator import operator_name
from app.services.platform_side import told_plan
from app.services.workshop_json import plan_from_text, plan_to_text
from app.services.workshop_words import PushRecord, RecordedOutcome

if TYPE_CHECKING:
    from app.core.connection import Connection
    from app.schema.draft import Draft
    from app.services.hub import ChangeHub

_logger = logging.getLogger(__name__)
_UNKNOWN = "Tenantry ended while this push was running: what took effect is not known yet."


class PushStore(Protocol):
    """What is needed of the local database; its methods block."""

    def add(self, **values: Any) -> int: ...

    def change(self, push_id: int, **values: Any) -> None: ...

    def get(self, push_id: int) -> Any: ...

    def recent(self, ref: AppRef | None, limit: int) -> tuple[Any, ...]: ...


class AuditStore(Protocol):
    """The trail of all acts; its methods block."""

    def add(
        self, who: str, at: float, connection_id: str, app_id: str, action: str, outcome: str, detail: str
    ) -> None: ...


class PushHistory:
    """A push that is recorded as started, and does not run in this process, ended without a word: with it."""

    def __init__(
        self, store: PushStore, audit: AuditStore, hub: ChangeHub, *, clock: Callable[[], float] = time.time
    ) -> None:
        self._store = store
        self._audit = audit
        self._hub = hub
        self._clock = clock
        self._running: set[int] = set()

    async def start(
        self, ref: AppRef, connection: Connection, app_title: str, draft: Draft, before: str, undoes: int | None
    ) -> int:
        """Its ID. ``before`` is the fingerprint of the draft's base. Raises what the database does."""
        plan = draft.plan()
        text = await asyncio.to_thread(plan_to_text, plan, draft.renames)
        push_id = await asyncio.to_thread(
            self._store.add,
            at=self._clock(),
            who=operator_name(),
            connection_id=ref.connection_id,
            connection_label=connection.label,
            app_id=ref.app_id,
            app_title=app_title,
            steps=tuple(each.describe() for each in told_plan(plan, traits_of(connection)).steps),
            plan=text,
            did=None,
            outcome="started",
            sentence="",
            before=before,
            after="",
            undoes=undoes,
        )
        self._running.add(push_id)
        self._published(ref)
        return push_id

    async def finish(
        self,
        push_id: int,
        ref: AppRef,
        outcome: RecordedOutcome,
        sentence: str,
        *,
        after: str = "",
        did: tuple[Plan, Renames] | None = None,
        undoes: int | None = None,
    ) -> None:
        """``did`` is what took effect, None where that is not known. Raises what the database does."""
        text = None if did is None else await asyncio.to_thread(plan_to_text, *did)
        values = {"outcome": outcome, "sentence": sentence, "after": after, "did": text}
        await asyncio.to_thread(self._store.change, push_id, **values)
        # One that was taken back in part can be taken back once more: what is left of it.
        if undoes is not None and outcome == "done":
            await asyncio.to_thread(self._store.change, undoes, undone_by=push_id)
        self._running.discard(push_id)
        action = "push" if undoes is None else "undo push"
        entry = (operator_name(), self._clock(), ref.connection_id, ref.app_id, action, outcome, f"push {push_id}")
        await asyncio.to_thread(self._audit.add, *entry)
        self._published(ref)

    def let_go(self, push_id: int) -> None:
        """It does not run any more, and what it did is not known."""
        self._running.discard(push_id)

    async def get(self, push_id: int) -> PushRecord:
        kept = await asyncio.to_thread(self._store.get, push_id)
        if kept is None:
            raise NotFound("This push is not recorded any more.", remedy="Open the history again.")
        return self._record(kept)

    async def renames(self, push_id: int) -> Renames:
        """Those of what it did."""
        kept = await asyncio.to_thread(self._store.get, push_id)
        return _plan(kept.did or kept.plan)[1] if kept is not None else Renames()

    async def recent(self, ref: AppRef | None, limit: int) -> tuple[PushRecord, ...]:
        """The newest first."""
        return await asyncio.to_thread(self._recent, ref, limit)

    def _recent(self, ref: AppRef | None, limit: int) -> tuple[PushRecord, ...]:
        return tuple(self._record(each) for each in self._store.recent(ref, limit))

    def _record(self, kept: Any) -> PushRecord:
        is_lost = kept.outcome == "started" and kept.id not in self._running
        return PushRecord(
            id=kept.id,
            at=kept.at,
            who=kept.who,
            ref=AppRef(kept.connection_id, kept.app_id),
            connection_label=kept.connection_label,
            app_title=kept.app_title,
            steps=kept.steps,
            plan=_plan(kept.plan)[0],
            outcome="unknown" if is_lost else cast(RecordedOutcome, kept.outcome),
            sentence=_UNKNOWN if is_lost else kept.sentence,
            before=kept.before,
            after=kept.after,
            undone_by=kept.undone_by,
            undoes=kept.undoes,
            did=None if kept.did is None else _plan(kept.did)[0],
        )

    def _published(self, ref: AppRef) -> None:
        self._hub.publish(Changes(pushes=frozenset((ref,))))


def _plan(text: str) -> tuple[Plan, Renames]:
    try:
        return plan_from_text(text)
    except ValueError:
        _logger.warning("The plan of a push was written by another version of Tenantry")
        return Plan(), Renames()
