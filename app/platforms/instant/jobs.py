"""Following the background jobs of a push, at the pace of Instant's own client."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from app.core.errors import BadAnswer, PlatformFault, RateLimited, Timeout, Unreachable

from .answers import Job

_FIRST_WAIT_S = 0.1
_LONGEST_WAIT_S = 10.0
_MOST_ERRORS = 4
_PASSING = (Unreachable, Timeout, PlatformFault, RateLimited, BadAnswer)

Jobs = tuple[Job, ...]


async def follow(
    fetch: Callable[[], Awaitable[Jobs]],
    on_progress: Callable[[Jobs], None],
    sleep: Callable[[float], Awaitable[None]],
    known: Jobs = (),
) -> Jobs:
    """Poll until all jobs are done; a failed job is a result, not an error.

    Waits 100 ms, doubling up to 10 s while nothing moves, and 100 ms again after progress. More than four errors
    in a row end it with the last one; a refused token ends it at once.
    """
    jobs, errors, wait_s = known, 0, _FIRST_WAIT_S
    while not (jobs and all(job.is_done for job in jobs)):
        await sleep(wait_s)
        try:
            fresh = await fetch()
        except _PASSING:
            errors += 1
            if errors > _MOST_ERRORS:
                raise
            wait_s = min(wait_s * 2, _LONGEST_WAIT_S)
            continue
        errors = 0
        on_progress(fresh)
        if not fresh:
            return fresh
        wait_s = _FIRST_WAIT_S if _has_moved(jobs, fresh) else min(wait_s * 2, _LONGEST_WAIT_S)
        jobs = fresh
    return jobs


def _has_moved(before: Jobs, now: Jobs) -> bool:
    """True where any job was updated later than all were before; the texts compare like the moments they name."""
    latest = max((job.updated_at for job in now), default="")
    return bool(latest) and latest > max((job.updated_at for job in before), default="")
