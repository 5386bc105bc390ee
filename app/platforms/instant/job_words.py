"""Background jobs in the operator's words."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from app.core.text import plain
from app.platforms.contract import OffendingRow, PushJob

from .answers import Job

_VALUE_LIMIT = 200
_SAMPLE_LIMIT = 10

_TITLES = {
    "index": "Index {place}",
    "remove-index": "Remove the index of {place}",
    "unique": "Make {place} unique",
    "remove-unique": "Let values of {place} repeat",
    "required": "Make {place} required",
    "remove-required": "Make {place} optional",
    "check-data-type": "Check the type of {place}",
    "remove-data-type": "Let {place} have values of any type",
}
_STATUSES = frozenset({"waiting", "processing", "completed", "errored"})


def push_job(job: Job, place: str = "") -> PushJob:
    """``place`` is what the plan calls the attribute; the platform's own name for it can be missing."""
    where = plain(place or job.attribute or "an attribute", 120)
    rows = _rows(job)
    return PushJob(
        id=job.id,
        title=_TITLES.get(job.type, plain(job.type, 60) + " {place}").replace("{place}", where),
        place=place or job.attribute,
        status=job.status if job.status in _STATUSES else "processing",
        done=job.work_completed,
        total=job.work_estimate,
        error=_error(job, where),
        rows=rows,
        row_count=_row_count(job, rows),
    )


def _rows(job: Job) -> tuple[OffendingRow, ...]:
    rows = [_row(sample) for sample in job.samples if isinstance(sample.get("entity_id"), str)]
    rows = rows or [OffendingRow(each) for each in job.missing_ids[:_SAMPLE_LIMIT]]
    return tuple({row.entity_id: row for row in rows}.values())


def _row(sample: Mapping[str, Any]) -> OffendingRow:
    value = sample.get("value")
    text = "" if value is None else plain(json.dumps(value, ensure_ascii=False), _VALUE_LIMIT)
    kind = plain(str(sample.get("json_type") or ""), 20)
    return OffendingRow(sample["entity_id"], text, "" if value is None else kind)


def _row_count(job: Job, rows: tuple[OffendingRow, ...]) -> int | None:
    """None where the platform told only the first rows."""
    if job.missing is not None:
        return job.missing
    return len(rows) if rows and len(job.samples) < _SAMPLE_LIMIT else None


def _error(job: Job, place: str) -> str:
    if job.status != "errored":
        return ""
    entity, _, label = place.partition(".")
    match job.error:
        case "missing-required-error":
            return _missing(job.missing, entity, label)
        case "triple-not-unique-error":
            value = plain(json.dumps(job.invalid_value, ensure_ascii=False), 60)
            return f"Several rows of {entity} have the same {label}: {value}."
        case "invalid-triple-error":
            return f"{_many(len(job.samples))} of {place} {_is_are(len(job.samples))} of another type."
        case "triple-too-large-error":
            return f"A value of {place} is longer than the 1,024 bytes that an index takes."
        case "invalid-attr-state-error":
            return f"{place} was changed by somebody else at the same time."
    return f"The platform could not finish its work on {place} ({plain(job.error or 'no reason given', 60)})."


def _missing(count: int | None, entity: str, label: str) -> str:
    if count is None:
        return f"Rows of {entity} have no value for {label}."
    return f"{count:,} row{_s(count)} of {entity} {'has' if count == 1 else 'have'} no value for {label}."


def _many(count: int) -> str:
    if count >= _SAMPLE_LIMIT:
        return f"At least {count} values"
    return f"{count} value{_s(count)}" if count else "Values"


def _is_are(count: int) -> str:
    return "is" if count == 1 else "are"


def _s(count: int) -> str:
    return "" if count == 1 else "s"
