"""A push from the first reading to the last, with an honest word about how it ended."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from app.core.errors import BadAnswer, FieldError, Invalid, KnownError, NotFound, ReadOnly
from app.core.gate import act
from app.core.words import counted
from app.platforms.contract import PushProgress
from app.services.aftermath import Aftermath, aftermath, merged
from app.services.push_words import failed, partial, settled, stale_sentence, unknown
from app.services.spelling import spelled
from app.services.workshop_words import PushReport

if TYPE_CHECKING:
    from app.core.connection import Connection
    from app.core.refs import AppRef
    from app.platforms.contract import LiveSchema, PushJob
    from app.schema.compare import Plan
    from app.schema.draft import Draft
    from app.services.catalog import SchemaSnapshot
    from app.services.drafts import DraftShelf
    from app.services.platform_side import PlatformSide
    from app.services.push_history import PushHistory

_logger = logging.getLogger(__name__)
_PAUSES_S = (0.2, 0.5, 1.0, 2.0, 4.0, 8.0)
# A platform of several machines may answer from one that has not heard yet.
_PATIENCE = 2

OnProgress = Callable[[PushProgress], None]


@dataclass(frozen=True, slots=True)
class _Push:
    """One push while it runs. ``draft`` is what the operator pushed, ``mine`` that in the platform's form."""

    ref: AppRef
    connection: Connection
    title: str
    draft: Draft
    mine: Draft
    plan: Plan
    undoes: int | None
    tell: OnProgress


@dataclass(frozen=True, slots=True)
class _Sent:
    """What came back; ``error`` is what ended the sending."""

    jobs: tuple[PushJob, ...] = ()
    error: KnownError | None = None

    @property
    def is_smooth(self) -> bool:
        return self.error is None and all(each.status != "errored" for each in self.jobs)


class Pusher:
    """One push per app at a time. A push goes on when whoever asked for it has gone: half of one helps nobody."""

    def __init__(
        self,
        platforms: PlatformSide,
        drafts: DraftShelf,
        history: PushHistory,
        *,
        pauses_s: tuple[float, ...] = _PAUSES_S,
    ) -> None:
        self._platforms = platforms
        self._drafts = drafts
        self._history = history
        self._pauses_s = pauses_s
        self._locks: dict[AppRef, asyncio.Lock] = {}
        self._tasks: set[asyncio.Task[PushReport]] = set()

    async def push(self, ref: AppRef, draft: Draft, on_progress: OnProgress, undoes: int | None) -> PushReport:
        """``on_progress`` may raise CancelledError at the phase ``sending``: nothing is sent then."""
        connection = self._platforms.ensure_writable(ref)
        ear = _Ear(on_progress)
        task = asyncio.create_task(self._in_turn(ref, connection, draft, ear, undoes))
        self._tasks.add(task)
        task.add_done_callback(self._ended)
        try:
            return await asyncio.shield(task)
        except asyncio.CancelledError:
            ear.is_closed = True
            if not ear.is_sending:
                # Nothing was sent yet: then nothing is.
                task.cancel()
                await asyncio.wait([task])
            raise

    async def aclose(self) -> None:
        """What runs is left to the platform; it is recorded as started, and can be looked into at the next start."""
        for task in tuple(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _ended(self, task: asyncio.Task[PushReport]) -> None:
        self._tasks.discard(task)
        # Looked at here, for the case that everybody who waited has gone.
        if not task.cancelled():
            task.exception()

    async def _in_turn(
        self, ref: AppRef, connection: Connection, draft: Draft, tell: OnProgress, undoes: int | None
    ) -> PushReport:
        # It goes on where nobody waits any more: then it is still one act.
        with act():
            async with self._locks.setdefault(ref, asyncio.Lock()):
                return await self._planned(ref, connection, draft, tell, undoes)

    async def _planned(
        self, ref: AppRef, connection: Connection, draft: Draft, tell: OnProgress, undoes: int | None
    ) -> PushReport:
        mine = await asyncio.to_thread(self._platforms.canonical, ref, draft)
        plan = await asyncio.to_thread(self._platforms.plan, ref, mine)
        push = _Push(ref, connection, self._platforms.title(ref), draft, mine, plan, undoes, tell)
        await self._ensure_sound(push)
        return await self._read_first(push)

    async def _ensure_sound(self, push: _Push) -> None:
        """Raises Invalid: the platform does not check several of these."""
        from app.schema.check import check

        rules = await self._platforms.rules(push.ref)
        problems = await asyncio.to_thread(check, push.mine.wanted, rules, push.mine.base)
        errors = [each for each in problems if each.is_error]
        if errors:
            fields = tuple(FieldError(each.place, each.sentence) for each in errors)
            raise Invalid(f"Nothing was sent. {errors[0].sentence}", fields=fields, remedy=errors[0].remedy)

    async def _read_first(self, push: _Push) -> PushReport:
        push.tell(PushProgress("reading"))
        try:
            live, snapshot = await self._platforms.read(push.ref)
        except NotFound as error:
            raise _gone(push, error) from error
        except KnownError as error:
            sentence = f"{error.sentence} Nothing was sent, and the staged edits are kept."
            return PushReport(None, "failed", sentence, error.remedy, error=error)
        if snapshot.fingerprint != self._drafts.fingerprint(push.mine.base):
            return await self._stale(push, snapshot)
        if not push.plan:
            await self._drafts.replace(push.ref, push.draft, None)
            return PushReport(None, "nothing", "There was nothing to push.", live=snapshot)
        return await self._recorded(push, live, snapshot)

    async def _stale(self, push: _Push, snapshot: SchemaSnapshot) -> PushReport:
        if snapshot.fingerprint == self._drafts.fingerprint(push.mine.wanted):
            await self._drafts.replace(push.ref, push.draft, None)
            sentence = f"The schema of {push.title} is as wanted already: nothing was sent."
            return PushReport(None, "nothing", sentence, live=snapshot)
        await self._keep(push)
        found = await asyncio.to_thread(merged, push.mine, snapshot.schema)
        sentence = stale_sentence(push.title, len(found.theirs), len(found.conflicts))
        remedy = "Look at the difference, merge, then push again."
        return PushReport(None, "stale", sentence, remedy, live=snapshot, merge=found)

    async def _recorded(self, push: _Push, live: LiveSchema, before: SchemaSnapshot) -> PushReport:
        await self._keep(push)
        push.tell(PushProgress("sending"))
        push_id = await self._history.start(
            push.ref, push.connection, push.title, push.mine, before.fingerprint, push.undoes
        )
        try:
            sent = await self._send(push, live)
            return await self._judged(push_id, push, live, before, sent)
        finally:
            self._history.let_go(push_id)

    async def _keep(self, push: _Push) -> None:
        """Before anything is sent: a crash must find the edits. The reverse of a push is made anew from the history."""
        if push.undoes is None:
            await self._drafts.save(push.ref, push.draft)

    async def _send(self, push: _Push, live: LiveSchema) -> _Sent:
        client = await self._platforms.client(push.ref)
        try:
            restores = push.undoes is not None
            jobs = await client.send_plan(push.ref.app_id, live, push.plan, push.tell, restores=restores)
        except KnownError as error:
            return _Sent(error=error)
        return _Sent(jobs)

    async def _judged(
        self, push_id: int, push: _Push, live: LiveSchema, before: SchemaSnapshot, sent: _Sent
    ) -> PushReport:
        push.tell(PushProgress("verifying", sent.jobs))
        read = await self._read_back(push_id, push, sent)
        if isinstance(read, KnownError):
            return await self._unread(push_id, push, sent, read)
        live_now, after = read
        push = self._spelled(push, after, is_smooth=sent.is_smooth)
        form = self._platforms.form(push.ref)
        known = (await self._platforms.client(push.ref)).renames_between(live, live_now)
        found = await asyncio.to_thread(aftermath, push.mine, after.schema, form, known)
        is_alone = after.fingerprint == self._drafts.fingerprint(push.mine.wanted)
        report = _report(push_id, push, sent, found, before, after, is_alone)
        remaining = push.draft if report.outcome == "failed" else report.remaining
        await self._complete(push, report, remaining, found)
        if report.outcome == "failed" and isinstance(sent.error, NotFound | ReadOnly):
            raise sent.error
        return report

    async def _read_back(
        self, push_id: int, push: _Push, sent: _Sent
    ) -> tuple[LiveSchema, SchemaSnapshot] | KnownError:
        """The schema after the push, asked for again where the answer is an error, or not yet what it must be."""
        note = f"Push {push_id}: {counted(len(push.plan), 'step')}"
        answer: tuple[LiveSchema, SchemaSnapshot] | KnownError
        for number, pause_s in enumerate((*self._pauses_s, None)):
            try:
                answer = await self._platforms.read(push.ref, pushed=note)
                is_enough = not sent.is_smooth or number >= _PATIENCE or await self._is_there(push, answer[1])
            except KnownError as error:
                answer = error
                is_enough = isinstance(error, NotFound)
            if is_enough or pause_s is None:
                break
            await asyncio.sleep(pause_s)
        return answer

    def _spelled(self, push: _Push, live: SchemaSnapshot, *, is_smooth: bool) -> _Push:
        """A database writes expressions in its own way: what it made of them is what was pushed."""
        if not self._platforms.traits(push.ref).has_sql:
            return push
        return replace(push, mine=spelled(push.mine, live.schema, is_smooth=is_smooth))

    async def _is_there(self, push: _Push, live: SchemaSnapshot) -> bool:
        """Whether all that was pushed is live, perhaps with changes of others; nothing failed before."""
        push = self._spelled(push, live, is_smooth=True)
        if live.fingerprint == self._drafts.fingerprint(push.mine.wanted):
            return True
        form = self._platforms.form(push.ref)
        return (await asyncio.to_thread(aftermath, push.mine, live.schema, form)).is_all

    async def _unread(self, push_id: int, push: _Push, sent: _Sent, read_error: KnownError) -> PushReport:
        """The schema cannot be read after the push: only an error that is sure of it says that nothing was changed."""
        if isinstance(read_error, NotFound):
            await self._finish(push_id, push, "failed", _gone(push, read_error).sentence, None)
            raise _gone(push, read_error)
        if sent.error is not None and not is_unsure(sent.error):
            report = failed(push_id, sent.jobs, sent.error)
            await self._finish(push_id, push, "failed", report.sentence, None)
            return report
        report = unknown(push_id, push.connection.label, sent.jobs, sent.error or read_error)
        await self._finish(push_id, push, "unknown", report.sentence, None)
        return report

    async def _complete(self, push: _Push, report: PushReport, remaining: Draft | None, found: Aftermath) -> None:
        await self._finish(report.push_id or 0, push, report.outcome, report.sentence, found, report.live)
        try:
            if report.outcome != "failed":
                await self._drafts.replace(push.ref, push.draft, remaining)
        except KnownError:
            _logger.exception("The staged edits could not be brought up to date after a push")

    async def _finish(
        self,
        push_id: int,
        push: _Push,
        outcome: Any,
        sentence: str,
        found: Aftermath | None,
        after: SchemaSnapshot | None = None,
    ) -> None:
        did = None if found is None else (found.did, found.renames)
        fingerprint = "" if after is None else after.fingerprint
        try:
            await self._history.finish(
                push_id, push.ref, outcome, sentence, after=fingerprint, did=did, undoes=push.undoes
            )
        except KnownError:
            # What happened on the platform is told all the same; the record says that it is not known.
            _logger.exception("The end of a push could not be recorded")


class _Ear:
    """Whoever listens to the progress, until it has gone; it can cancel the push before ``is_sending``, and cannot
    disturb it afterwards."""

    def __init__(self, on_progress: OnProgress) -> None:
        self._on_progress = on_progress
        self.is_closed = False
        self.is_sending = False

    def __call__(self, progress: PushProgress) -> None:
        if self.is_closed:
            return
        self._told(progress)
        self.is_sending = self.is_sending or progress.phase == "sending"

    def _told(self, progress: PushProgress) -> None:
        try:
            self._on_progress(progress)
        except Exception:
            _logger.exception("A listener to a push failed")


def is_unsure(error: KnownError) -> bool:
    """Whether a write that ended so may have taken effect."""
    return bool(getattr(error, "may_have_taken_effect", False)) or isinstance(error, BadAnswer)


def _report(
    push_id: int,
    push: _Push,
    sent: _Sent,
    found: Aftermath,
    before: SchemaSnapshot,
    after: SchemaSnapshot,
    is_alone: bool,
) -> PushReport:
    if found.is_all:
        report = settled(push_id, push.title, sent.jobs, sent.error, after, found.total)
        others = " Other changes were made at the same time."
        return report if is_alone else replace(report, sentence=report.sentence + others)
    if found.is_nothing or after.fingerprint == before.fingerprint:
        return replace(failed(push_id, sent.jobs, sent.error), live=after)
    return partial(push_id, sent.jobs, sent.error, after, found)


def _gone(push: _Push, error: NotFound) -> NotFound:
    return NotFound(
        f"{push.title} is not on {push.connection.label} any more: there is nothing to push to.",
        remedy="The staged edits are kept. Refresh the list of apps.",
        details=error.details or error.sentence,
    )
