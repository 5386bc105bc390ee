"""Reading a schema for a push, and the push itself: requests, restores, and the jobs followed to their end."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING

from app.core.errors import BadAnswer, KnownError
from app.core.text import plain
from app.platforms.contract import LiveSchema, PushJob, PushProgress
from app.schema.compare import Plan

from . import operations
from .answers import Job, PushResult
from .handing_on import TEMPORARY
from .job_words import push_job
from .live import NO_ACCESS_REASON, NO_LIST_REASON, NOT_LISTED, Dropped, dropped_of, live_schema
from .live_session import LiveSession, live_session
from .steps import WirePlan, WireStep, steps_of

if TYPE_CHECKING:
    from .client import InstantClient

OnProgress = Callable[[PushProgress], None]


async def read_live(client: InstantClient, app_id: str) -> LiveSchema:
    wire = asyncio.create_task(client.read_wire_schema(app_id))
    dropped = asyncio.create_task(_read_dropped(client, app_id))
    try:
        await asyncio.gather(wire, dropped)
    except BaseException:
        wire.cancel()
        dropped.cancel()
        await asyncio.gather(wire, dropped, return_exceptions=True)
        raise
    found, reason = dropped.result()
    return live_schema(app_id, wire.result(), found, reason)


async def _read_dropped(client: InstantClient, app_id: str) -> tuple[tuple[Dropped, ...], str]:
    """What can be restored, or why nothing can."""
    if not client.has_admin_access(app_id):
        return (), NO_ACCESS_REASON
    try:
        return dropped_of(await client.soft_deleted_attributes(app_id)), ""
    except NOT_LISTED:
        return (), NO_LIST_REASON


async def send_plan(
    client: InstantClient, app_id: str, live: LiveSchema, plan: Plan, on_progress: OnProgress, *, restores: bool
) -> tuple[PushJob, ...]:
    """See the contract. The live session for restores is opened first: where that fails, nothing was changed."""
    wire = steps_of(live, plan, restores)
    async with AsyncExitStack() as stack:
        session = None
        if wire.restores:
            client.channel.guard(operations.LIVE_RESTORE)
            session = await stack.enter_async_context(live_session(client, app_id))
        return await _Push(client, app_id, wire, session, on_progress).run()


class _Push:
    """One push under way; ``is_begun`` once a request of it was answered."""

    def __init__(
        self,
        client: InstantClient,
        app_id: str,
        wire: WirePlan,
        session: LiveSession | None,
        on_progress: OnProgress,
    ) -> None:
        self._client = client
        self._app_id = app_id
        self._wire = wire
        self._session = session
        self._on_progress = on_progress
        self._places = {step.body["attr-id"]: step.place for step in wire.steps if step.is_background}
        self._is_begun = False
        self._is_between = False

    async def run(self) -> tuple[PushJob, ...]:
        self._on_progress(PushProgress("sending"))
        try:
            return await self._send_all()
        except KnownError as error:
            raise self._marked(error) from error.__cause__

    async def _send_all(self) -> tuple[PushJob, ...]:
        result = PushResult(())
        for number, request in enumerate(self._wire.requests, 1):
            result = await self._send(request)
            self._is_between = number < self._wire.between
        if self._session is not None and self._wire.restores:
            await self._session.restore([step.body for step in self._wire.restores])
            self._is_begun = True
        if self._wire.last:
            result = await self._send(self._wire.last)
        return await self._follow(result)

    async def _send(self, steps: Sequence[WireStep]) -> PushResult:
        # Once a push has begun it must not stop halfway for a hiccup: what can be repeated is.
        is_repeatable = self._is_begun and not any(step.is_background for step in steps)
        wires = [step.wire for step in steps]
        try:
            result = await self._client.apply_steps(self._app_id, wires, is_repeatable=is_repeatable)
        except BadAnswer:
            # The platform did answer, only not readably: the steps have most likely been taken.
            self._is_begun = True
            raise
        self._is_begun = True
        return result

    async def _follow(self, result: PushResult) -> tuple[PushJob, ...]:
        """Only the last request of a push has jobs."""
        if result.group_id is None:
            return ()
        latest = result.jobs
        self._tell(latest)

        def moved(jobs: tuple[Job, ...]) -> None:
            nonlocal latest
            latest = jobs or latest
            self._tell(latest)

        done = await self._client.follow_jobs(self._app_id, result.group_id, moved, known=latest)
        return self._in_words(done or latest)

    def _tell(self, jobs: tuple[Job, ...]) -> None:
        self._on_progress(PushProgress("jobs", self._in_words(jobs)))

    def _in_words(self, jobs: tuple[Job, ...]) -> tuple[PushJob, ...]:
        return tuple(push_job(job, self._places.get(job.attribute_id, "")) for job in jobs)

    def _marked(self, error: KnownError) -> KnownError:
        """After the first request the error must say that something may have changed, whatever its kind."""
        if self._is_begun and not getattr(error, "may_have_taken_effect", False):
            error.may_have_taken_effect = True  # type: ignore[attr-defined]
            error.remedy = f"Part of the push was done: read the schema again. {plain(error.remedy, 200)}".strip()
        if self._is_between:
            error.remedy += f" Names that end in {TEMPORARY} are in between: rename what has them, do not drop it."
        return error
