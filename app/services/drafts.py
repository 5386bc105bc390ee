"""Staged edits that outlive a tab, a crash and a restart."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from app.core.changes import Changes
from app.core.refs import AppRef
from app.schema.formats.model_json import to_text
from app.services.workshop_json import draft_from_texts, edits_to_text
from app.services.workshop_words import DraftNote

if TYPE_CHECKING:
    from app.schema.draft import Draft
    from app.schema.model import Schema
    from app.services.hub import ChangeHub

_logger = logging.getLogger(__name__)


class DraftStore(Protocol):
    """What is needed of the local database; its methods block."""

    def put(
        self, ref: AppRef, base_fingerprint: str, base: Callable[[], str], edits: str, changes: int, at: float
    ) -> None: ...

    def get(self, ref: AppRef) -> Any: ...

    def remove(self, ref: AppRef) -> bool: ...

    def notes(self) -> tuple[Any, ...]: ...


@dataclass(frozen=True, slots=True)
class SavedDraft:
    """``base_fingerprint`` is that of the draft's base."""

    draft: Draft
    base_fingerprint: str
    saved_at: float


class DraftShelf:
    """At most one draft per app. Saves of one app are done in the order in which they were asked for."""

    def __init__(self, store: DraftStore, hub: ChangeHub, *, clock: Callable[[], float] = time.time) -> None:
        self._store = store
        self._hub = hub
        self._clock = clock
        self._locks: dict[AppRef, asyncio.Lock] = {}
        self._fingerprints = Fingerprints()

    async def save(self, ref: AppRef, draft: Draft | None) -> None:
        """None, or a draft without changes, forgets. Raises NotFound where the connection was removed."""
        await self._in_turn(ref, lambda: self._save(ref, draft))

    async def load(self, ref: AppRef) -> SavedDraft | None:
        """None also for one that this version cannot read: it stays where it is."""
        return await asyncio.to_thread(self._load, ref)

    async def notes(self) -> tuple[DraftNote, ...]:
        """Of all apps, the newest first."""
        kept = await asyncio.to_thread(self._store.notes)
        return tuple(DraftNote(each.ref, each.saved_at, each.changes) for each in kept)

    async def replace(self, ref: AppRef, pushed: Draft, remaining: Draft | None) -> None:
        """``pushed`` became ``remaining`` by a push. Edits that were staged meanwhile are left as they are."""

        def work() -> None:
            kept = self._load(ref)
            if (kept is None and remaining is not None) or (kept is not None and is_same(kept.draft, pushed)):
                self._save(ref, remaining)

        await self._in_turn(ref, work)

    def fingerprint(self, schema: Schema) -> str:
        return self._fingerprints.of(schema)

    async def _in_turn(self, ref: AppRef, work: Callable[[], None]) -> None:
        async with self._locks.setdefault(ref, asyncio.Lock()):
            done = asyncio.ensure_future(asyncio.to_thread(work))
            try:
                await asyncio.shield(done)
            except asyncio.CancelledError:
                # Whoever asked is gone; the next save must not overtake this one all the same.
                await asyncio.wait([done])
                raise
        self._hub.publish(Changes(drafts=frozenset((ref,))))

    def _save(self, ref: AppRef, draft: Draft | None) -> None:
        changes = 0 if draft is None else _count(draft)
        if draft is None or not changes:
            self._store.remove(ref)
            return
        base, edits = draft.base, edits_to_text(draft)
        self._store.put(ref, self._fingerprints.of(base), lambda: to_text(base), edits, changes, self._clock())

    def _load(self, ref: AppRef) -> SavedDraft | None:
        try:
            kept = self._store.get(ref)
            if kept is None:
                return None
            draft = draft_from_texts(kept.base, kept.edits)
            return SavedDraft(draft, kept.base_fingerprint, kept.saved_at)
        except ValueError:
            _logger.exception("Staged edits cannot be read")
            return None


def _count(draft: Draft) -> int:
    try:
        return len(draft.plan())
    except Exception:
        # Edits are kept even where they cannot be planned.
        _logger.exception("Staged edits cannot be planned")
        return 1


class Fingerprints:
    """Those of the schemas that are asked for again and again: of 1,000 entities one takes a quarter of a second."""

    def __init__(self, size: int = 8) -> None:
        self._size = size
        self._known: list[tuple[Schema, str]] = []

    def of(self, schema: Schema) -> str:
        found = next((text for each, text in self._known if each is schema), None)
        if found is None:
            found = schema.fingerprint()
            self._known = [(schema, found), *self._known[: self._size - 1]]
        return found


def is_same(one: Draft, other: Draft) -> bool:
    """Whether both want the same of the same base."""
    if one.renames != other.renames:
        return False
    return (one.base, one.wanted) == (other.base, other.wanted)
