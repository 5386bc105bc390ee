"""What Instant answers, checked and turned into values; a wrong part is named in the error.

Rows of SQL have snake_case keys, maps of the server kebab-case ones, some end in ``?``: one answer can mix them all.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, NoReturn

from app.core.errors import BadAnswer
from app.core.secret import Secret
from app.core.text import plain
from app.platforms.contract import RemoteApp
from app.platforms.http_words import Operation
from app.schema.model import Schema

_STATUSES = frozenset({"active", "read-only", "disabled"})


@dataclass(frozen=True, slots=True)
class Org:
    """``role`` is collaborator, admin or owner; ``is_paid`` None where the platform does not say."""

    id: str
    title: str
    role: str = ""
    is_paid: bool | None = None


@dataclass(frozen=True, slots=True)
class Job:
    """One background job of a push. ``status``: waiting, processing, completed or errored. ``updated_at`` is the
    platform's own text. ``error`` is its code, "" for none; ``samples`` up to 10 rows that stand in the way
    (``entity_id``, ``value``, ``json_type``)."""

    id: str
    type: str
    status: str
    attribute: str = ""
    updated_at: str = ""
    error: str = ""
    work_estimate: int | None = None
    work_completed: int | None = None
    invalid_value: Any = None
    samples: tuple[Mapping[str, Any], ...] = ()
    attribute_id: str = ""
    missing: int | None = None
    missing_ids: tuple[str, ...] = ()

    @property
    def is_done(self) -> bool:
        return self.status in {"completed", "errored"}


@dataclass(frozen=True, slots=True)
class PushPlan:
    """What a push would do. ``steps`` are pairs of a verb and its parameters, in the platform's form."""

    current: Schema
    new: Schema
    steps: tuple[tuple[str, Any], ...]


@dataclass(frozen=True, slots=True)
class PushResult:
    """``group_id`` is None where nothing runs in the background; otherwise follow it, it is listed nowhere else."""

    steps: tuple[tuple[str, Any], ...]
    group_id: str | None = None
    jobs: tuple[Job, ...] = ()


@dataclass(frozen=True, slots=True)
class Backup:
    """Sizes in bytes, None while unknown; times in seconds since the epoch, 0 while unknown."""

    id: str
    backup_at: int = 0
    expires_at: int = 0
    description: str = ""
    files_size: int | None = None
    db_size: int | None = None


@dataclass(frozen=True, slots=True)
class Sunset:
    """How far the platform's closing has come: "" (not closing), signups-closed, read-only or disabled."""

    stage: str = ""
    is_app_creation_allowed: bool = True


@dataclass(frozen=True, slots=True)
class Dash:
    """What a person's dashboard login sees."""

    email: str
    apps: tuple[RemoteApp, ...]
    orgs: tuple[Org, ...]
    sunset: Sunset


@dataclass(frozen=True, slots=True)
class AccessToken:
    """A personal access token; ``token`` only in the answer that made it."""

    id: str
    name: str
    created_at: int = 0
    token: Secret | None = None


def refuse(operation: Operation, place: str, problem: str) -> NoReturn:
    raise BadAnswer(f"Could not {operation.title}: in the platform's answer, {plain(place, 80)} {problem}.")


def part(operation: Operation, answer: Any, name: str) -> dict[str, Any]:
    """The object ``answer[name]`` (the envelope)."""
    value = _member(operation, answer, name)
    if not isinstance(value, dict):
        refuse(operation, name, "is not an object")
    return value


def rows(operation: Operation, answer: Any, name: str) -> list[dict[str, Any]]:
    """The list of objects ``answer[name]``."""
    value = _member(operation, answer, name)
    if not isinstance(value, list):
        refuse(operation, name, "is not a list")
    for number, row in enumerate(value):
        if not isinstance(row, dict):
            refuse(operation, f"{name}[{number}]", "is not an object")
    return value


def _member(operation: Operation, answer: Any, name: str) -> Any:
    if not isinstance(answer, dict):
        refuse(operation, "the whole", "is not an object")
    if name not in answer:
        refuse(operation, name, "is missing")
    return answer[name]


def text(operation: Operation, row: Mapping[str, Any], name: str, place: str) -> str:
    value = row.get(name)
    if not isinstance(value, str):
        refuse(operation, f"{place}.{name}", "is missing" if value is None else "is not a text")
    return value


def optional_text(operation: Operation, row: Mapping[str, Any], name: str, place: str) -> str:
    """The text, "" where it is missing or null."""
    value = row.get(name)
    if value is None:
        return ""
    if not isinstance(value, str):
        refuse(operation, f"{place}.{name}", "is not a text")
    return value


def moment(operation: Operation, row: Mapping[str, Any], name: str, place: str) -> int:
    """Seconds since the epoch of a date such as ``2026-08-21T10:00:00Z``; 0 where it is missing or null."""
    value = optional_text(operation, row, name, place)
    if not value:
        return 0
    try:
        parsed = datetime.fromisoformat(value)
    except ValueError:
        refuse(operation, f"{place}.{name}", "is not a date")
    return int((parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)).timestamp())


def app_of(operation: Operation, answer: Any) -> RemoteApp:
    """The app in the ``app`` envelope."""
    return app_row(operation, part(operation, answer, "app"), "app")


def apps_of(operation: Operation, answer: Any) -> tuple[RemoteApp, ...]:
    found = rows(operation, answer, "apps")
    return tuple(app_row(operation, row, f"apps[{number}]") for number, row in enumerate(found))


def app_row(operation: Operation, row: Mapping[str, Any], place: str) -> RemoteApp:
    """One app, poor or rich: the admin token is ``admin-token`` after a create and ``admin_token`` in lists."""
    token = _admin_token(operation, row, place)
    org = row.get("org")
    org_title = org.get("title") if isinstance(org, dict) else ""
    return RemoteApp(
        app_id=text(operation, row, "id", place),
        title=text(operation, row, "title", place),
        created_at=moment(operation, row, "created_at", place),
        org_id=optional_text(operation, row, "org_id", place) or None,
        org_title=org_title if isinstance(org_title, str) else "",
        status=_status(operation, row, place),
        admin_token=Secret(token) if token else None,
    )


def _admin_token(operation: Operation, row: Mapping[str, Any], place: str) -> str:
    name = "admin-token" if "admin-token" in row else "admin_token"
    return optional_text(operation, row, name, place)


def _status(operation: Operation, row: Mapping[str, Any], place: str) -> str:
    status = optional_text(operation, row, "status", place) or "active"
    if status not in _STATUSES:
        refuse(operation, f"{place}.status", "is neither active, read-only nor disabled")
    return status


def orgs_of(operation: Operation, answer: Any) -> tuple[Org, ...]:
    return tuple(_org(operation, row, f"orgs[{number}]") for number, row in enumerate(rows(operation, answer, "orgs")))


def _org(operation: Operation, row: Mapping[str, Any], place: str) -> Org:
    paid = row.get("paid")
    return Org(
        text(operation, row, "id", place),
        text(operation, row, "title", place),
        optional_text(operation, row, "role", place),
        paid if isinstance(paid, bool) else None,
    )


def jobs_of(operation: Operation, answer: Any) -> tuple[Job, ...]:
    return tuple(
        job_row(operation, row, f"jobs[{number}]") for number, row in enumerate(rows(operation, answer, "jobs"))
    )


def job_row(operation: Operation, row: Mapping[str, Any], place: str) -> Job:
    samples = row.get("invalid_triples_sample")
    found = row.get("error_data")
    data = found if isinstance(found, dict) else {}
    return Job(
        id=text(operation, row, "id", place),
        type=text(operation, row, "job_type", place),
        status=text(operation, row, "job_status", place),
        attribute=optional_text(operation, row, "attr_name", place),
        updated_at=optional_text(operation, row, "updated_at", place),
        error=optional_text(operation, row, "error", place),
        work_estimate=_count(row.get("work_estimate")),
        work_completed=_count(row.get("work_completed")),
        invalid_value=row.get("invalid_unique_value"),
        samples=tuple(each for each in samples if isinstance(each, dict)) if isinstance(samples, list) else (),
        attribute_id=optional_text(operation, row, "attr_id", place),
        missing=_count(data.get("count")),
        missing_ids=_texts(data.get("entity-ids")),
    )


def _texts(value: Any) -> tuple[str, ...]:
    return tuple(each for each in value if isinstance(each, str)) if isinstance(value, list) else ()


def _count(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def steps_of(operation: Operation, answer: Any) -> tuple[tuple[str, Any], ...]:
    value = _member(operation, answer, "steps")
    if not isinstance(value, list):
        refuse(operation, "steps", "is not a list")
    return tuple(_step(operation, step, f"steps[{number}]") for number, step in enumerate(value))


def _step(operation: Operation, step: Any, place: str) -> tuple[str, Any]:
    match step:
        case [str() as verb, parameters]:
            return verb, parameters
    refuse(operation, place, "is not a pair of verb and parameters")


def push_of(operation: Operation, answer: Any) -> PushResult:
    """The result of an apply; ``indexing-jobs`` is null where nothing runs in the background."""
    steps = steps_of(operation, answer)
    if answer.get("indexing-jobs") is None:
        return PushResult(steps)
    group = part(operation, answer, "indexing-jobs")
    group_id = text(operation, group, "group-id", "indexing-jobs")
    return PushResult(steps, group_id, jobs_of(operation, group))


def backups_of(operation: Operation, answer: Any) -> tuple[Backup, ...]:
    found = rows(operation, answer, "backups")
    return tuple(_backup(operation, row, f"backups[{number}]") for number, row in enumerate(found))


def _backup(operation: Operation, row: Mapping[str, Any], place: str) -> Backup:
    return Backup(
        text(operation, row, "id", place),
        moment(operation, row, "backup_at", place),
        moment(operation, row, "expires_at", place),
        optional_text(operation, row, "description", place),
        _count(row.get("files_size")),
        _count(row.get("db_size")),
    )


def dash_of(operation: Operation, answer: Any) -> Dash:
    user = part(operation, answer, "user")
    return Dash(
        optional_text(operation, user, "email", "user"),
        apps_of(operation, answer),
        orgs_of(operation, answer),
        sunset_of(answer),
    )


def sunset_of(answer: Any) -> Sunset:
    """A server from before the sunset says nothing of it."""
    found = answer.get("sunset") if isinstance(answer, dict) else None
    if not isinstance(found, dict):
        return Sunset()
    stage = found.get("stage")
    is_closing = isinstance(stage, str) and stage not in {"", "none"}
    return Sunset(plain(str(stage), 40) if is_closing else "", found.get("app-creation-allowed") is not False)


def access_token_row(operation: Operation, row: Mapping[str, Any], place: str) -> AccessToken:
    token = optional_text(operation, row, "token", place)
    return AccessToken(
        text(operation, row, "id", place),
        optional_text(operation, row, "name", place),
        moment(operation, row, "created_at", place),
        Secret(token) if token else None,
    )
