"""What the plan dialog asks of the engine, with all that takes long worked out there; no Qt in here."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from .plan_text import StepLine, step_lines
from .three_way import PlaceLine, place_lines

if TYPE_CHECKING:
    from app.core.refs import AppRef
    from app.platforms.contract import PushProgress
    from app.schema.draft import Draft
    from app.services.suite import Services
    from app.services.workshop_words import PushReport, Review

_PHASES = {
    "reading": "Reading the live schema",
    "sending": "Sending",
    "verifying": "Reading back",
}


@dataclass(frozen=True, slots=True)
class Looked:
    """``places`` is the three-way difference where the live schema is another than the draft's base."""

    review: Review
    lines: tuple[StepLine, ...]
    places: tuple[PlaceLine, ...] | None = None


@dataclass(frozen=True, slots=True)
class Pushed:
    """A report, with the sentences of what remains, and the three-way difference where it is stale."""

    report: PushReport
    remaining: tuple[str, ...] = ()
    places: tuple[PlaceLine, ...] = ()


@dataclass(frozen=True, slots=True)
class Merged:
    draft: Draft
    places: tuple[PlaceLine, ...]


@dataclass(frozen=True, slots=True)
class Share:
    """A push's progress as the jobs panel shows it."""

    done: int
    total: int
    text: str


async def look(
    services: Services, ref: AppRef, draft: Draft, *, restores: bool = False, keeps_dropped: bool = True
) -> Looked:
    """``restores``: it takes a push back, and brings dropped parts back with their data where that is possible;
    ``keeps_dropped``: the platform keeps them for a while."""
    review = await services.workshop.review(ref, draft, restores=restores)
    lines = await asyncio.to_thread(step_lines, review.plan, review.rendered, keeps_dropped=keeps_dropped)
    if not review.is_base_old:
        return Looked(review, lines)
    merged = await merge(services, ref, draft, frozenset())
    return Looked(review, lines, merged.places)


async def merge(services: Services, ref: AppRef, draft: Draft, keep_mine: frozenset[str]) -> Merged:
    found = await services.workshop.merge(ref, draft, keep_mine)
    return Merged(found.draft, await asyncio.to_thread(place_lines, draft, found))


async def explained(report: PushReport, draft: Draft) -> Pushed:
    remaining: tuple[str, ...] = ()
    places: tuple[PlaceLine, ...] = ()
    if report.remaining is not None:
        lines = step_lines(await asyncio.to_thread(report.remaining.plan))
        remaining = tuple(line.sentence for line in lines)
    if report.merge is not None:
        places = await asyncio.to_thread(place_lines, draft, report.merge)
    return Pushed(report, remaining, places)


def share(progress: PushProgress, jobs_label: str) -> Share:
    done = sum(job.status in ("completed", "errored") for job in progress.jobs)
    return Share(done, len(progress.jobs), _PHASES.get(progress.phase, jobs_label))


def without(review: Review, rejected: frozenset[tuple[str, str, str]]) -> Review:
    """Rename suggestions that were answered with no are not made again."""
    kept = tuple(each for each in review.suggestions if (each.kind, each.old, each.new) not in rejected)
    return replace(review, suggestions=kept)
