"""Taking a push back, and finding out what one did that ended without a word."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from app.core.errors import Conflict, KnownError, StalePlan, Unsupported
from app.core.words import counted
from app.schema.compare import Plan, Renames
from app.schema.draft import Draft
from app.services.aftermath import Aftermath, aftermath, merged
from app.services.workshop_words import PushRecord, RecordedOutcome, Undo

if TYPE_CHECKING:
    from app.schema.merge import MergeConflict
    from app.schema.model import Schema
    from app.services.drafts import DraftShelf
    from app.services.platform_side import PlatformSide
    from app.services.push_history import PushHistory
    from app.services.versions import SchemaVersions


class Undoing:
    """Works from the record of a push: its plan, what of it took effect, and the versions before and after it."""

    def __init__(
        self, platforms: PlatformSide, history: PushHistory, versions: SchemaVersions, drafts: DraftShelf
    ) -> None:
        self._platforms = platforms
        self._history = history
        self._versions = versions
        self._drafts = drafts

    async def undo(self, push_id: int) -> Undo:
        """Raises NotFound, Conflict where there is nothing to take back, and the client's errors."""
        record = await self._history.get(push_id)
        did = _ensure_undoable(record)
        _live, snapshot = await self._platforms.read(record.ref)
        is_untouched = snapshot.fingerprint == record.after
        after = snapshot.schema if is_untouched else await self._versions.find(record.ref, record.after)
        renames = (await self._history.renames(push_id)).reversed()
        mine = None if after is None else await asyncio.to_thread(_reversed, after, did, renames)
        if mine is None:
            draft, conflicts = await asyncio.to_thread(_step_by_step, snapshot.schema, did, renames)
        else:
            found = await asyncio.to_thread(merged, self._platforms.canonical(record.ref, mine), snapshot.schema)
            draft, conflicts = found.draft, found.conflicts
        draft = self._platforms.canonical(record.ref, draft)
        return Undo(push_id, record.ref, draft, conflicts, _sentence(draft, len(conflicts), is_untouched))

    async def settle(self, push_id: int) -> PushRecord:
        """Raises NotFound, Unsupported where the schema before the push is not kept, and the client's errors."""
        record = await self._history.get(push_id)
        if record.outcome != "unknown":
            return record
        pushed = await self._pushed(record)
        note = f"Push {push_id}, found out later"
        _live, snapshot = await self._platforms.read(record.ref, pushed=note)
        form = self._platforms.form(record.ref)
        found = await asyncio.to_thread(aftermath, pushed, snapshot.schema, form)
        outcome, sentence = _settled(found)
        await self._history.finish(
            push_id,
            record.ref,
            outcome,
            sentence,
            after=snapshot.fingerprint,
            did=(found.did, found.renames),
            undoes=record.undoes,
        )
        if outcome != "failed":
            remaining = None if outcome == "done" else found.remaining
            await self._drafts.replace(record.ref, pushed, remaining)
        return await self._history.get(push_id)

    async def _pushed(self, record: PushRecord) -> Draft:
        """The draft that was pushed, from its plan and the version before it."""
        before = await self._versions.find(record.ref, record.before)
        try:
            if before is None or not record.plan:
                raise _too_old(record)
            renames = await self._history.renames(record.id)
            return Draft(before, record.plan.apply(before), renames)
        except StalePlan as error:
            raise _too_old(record) from error


def _ensure_undoable(record: PushRecord) -> Plan:
    if record.outcome in ("started", "unknown"):
        raise Conflict(
            "It is not known yet what this push did.", remedy="Read the schema first, then take the push back."
        )
    if record.undone_by is not None:
        raise Conflict("This push was taken back already.", remedy="To do it again, take back the push that undid it.")
    if not record.did:
        raise Conflict("This push changed nothing: there is nothing to take back.", remedy="")
    return record.did


def _reversed(after: Schema, did: Plan, renames: Renames) -> Draft | None:
    """From the schema after the push back to the one before; None where the record does not fit that schema."""
    try:
        return Draft(after, did.reverse().apply(after), renames)
    except StalePlan:
        return None


def _step_by_step(today: Schema, did: Plan, renames: Renames) -> tuple[Draft, tuple[MergeConflict, ...]]:
    """For want of the schema after the push: each step that still fits today's, and those that do not."""
    from app.schema.merge import MergeConflict

    schema, conflicts = today, []
    for step in did.reverse().steps:
        try:
            schema = step.apply(schema)
        except StalePlan as error:
            conflicts.append(MergeConflict(step.place, error.sentence, "as it is now", step.describe()))
    return Draft(today, schema, renames), tuple(conflicts)


def _too_old(record: PushRecord) -> KnownError:
    return Unsupported(
        f"Push {record.id} cannot be worked out any more: the schema next to it is no longer kept.",
        remedy="Compare the app with one of its kept versions, and stage what is to come back.",
    )


def _sentence(draft: Draft, conflicts: int, is_untouched: bool) -> str:
    count = len(draft.plan())
    if not count and not conflicts:
        return "Nothing is left of this push: there is nothing to take back."
    if is_untouched:
        return f"Takes back all that this push did, in {counted(count, 'step')}."
    if not conflicts:
        return f"The schema was changed since. All that this push did can be taken back, in {counted(count, 'step')}."
    left = f"{counted(conflicts, 'part')} changed since this push and {'stays' if conflicts == 1 else 'stay'} as now"
    return f"{left}; the rest is taken back, in {counted(count, 'step')}."


def _settled(found: Aftermath) -> tuple[RecordedOutcome, str]:
    if found.is_all:
        return "done", "Found out later: all of it took effect."
    if found.is_nothing:
        return "failed", "Found out later: nothing took effect."
    return "partial", f"Found out later: {found.count:,} of {counted(found.total, 'step')} took effect as a whole."
