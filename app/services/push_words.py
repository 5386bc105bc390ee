"""How a push ended, in words for the operator."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.core.text import plain
from app.core.words import counted
from app.services.workshop_words import PushReport

if TYPE_CHECKING:
    from app.core.errors import KnownError
    from app.platforms.contract import PushJob
    from app.services.aftermath import Aftermath
    from app.services.catalog import SchemaSnapshot

_KEPT = "The staged edits are kept."
_LEFT = "What is left is staged, based on the schema as it is now: correct it, or push again."


def stale_sentence(title: str, theirs: int, conflicts: int) -> str:
    sentence = f"The schema of {title} was changed since these edits began ({counted(theirs, 'change')})."
    if conflicts:
        sentence += f" {counted(conflicts, 'part')} changed on both sides."
    return f"{sentence} Nothing was sent."


def settled(
    push_id: int, title: str, jobs: tuple[PushJob, ...], error: KnownError | None, after: SchemaSnapshot, total: int
) -> PushReport:
    """All of it took effect, whatever came in between."""
    sentence = f"All {total:,} steps took effect." if total > 1 else "The step took effect."
    if error is not None:
        sentence = f"{error.sentence} All the same, the schema of {title} is as wanted: nothing is left to do."
    return PushReport(push_id, "done", sentence, jobs=jobs, live=after, count=total)


def failed(push_id: int, jobs: tuple[PushJob, ...], error: KnownError | None) -> PushReport:
    reason = error.sentence if error is not None else _failed_jobs(jobs) or "The platform did nothing of it."
    # An error after the first answer says that something may have changed: it was looked at, and nothing has.
    is_sure = error is not None and not getattr(error, "may_have_taken_effect", False)
    remedy = f"{error.remedy} {_KEPT}".strip() if error is not None and is_sure else f"{_KEPT} Push again."
    return PushReport(push_id, "failed", f"{reason} Nothing took effect.", remedy, jobs, error=error)


def partial(
    push_id: int,
    jobs: tuple[PushJob, ...],
    error: KnownError | None,
    after: SchemaSnapshot,
    found: Aftermath,
) -> PushReport:
    words = [error.sentence] if error is not None else []
    words.append(f"{found.count:,} of {counted(found.total, 'step')} took effect as a whole.")
    words += [_failed_jobs(jobs)] if _failed_jobs(jobs) else []
    sentence = " ".join(words)
    return PushReport(push_id, "partial", sentence, _LEFT, jobs, after, found.remaining, error=error, count=found.count)


def unknown(push_id: int, label: str, jobs: tuple[PushJob, ...], error: KnownError) -> PushReport:
    """It was sent, and cannot be read back: nobody knows."""
    sentence = f"{error.sentence} {label} cannot be read now, so it is not known what took effect."
    remedy = f"{_KEPT} Once it answers, push again: the schema is read before anything is sent."
    return PushReport(push_id, "partial", sentence, remedy, jobs, error=error)


def _failed_jobs(jobs: tuple[PushJob, ...]) -> str:
    found = [each for each in jobs if each.status == "errored"]
    if not found:
        return ""
    first = plain(found[0].error or found[0].title, 300)
    more = f" {counted(len(found) - 1, 'more job')} failed." if len(found) > 1 else ""
    return f"{plain(found[0].place, 80)}: {first}{more}"
