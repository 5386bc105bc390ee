"""The rows of the users, tasks and iterations of a foundation, and how they follow from what was read. Pure."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from app.core.apps import AppKind, AppSummary
from app.services.registry import Registry, RegistryIteration, RegistryTask, RegistryUser

UserState = Literal["no app", "ok", "several apps", "app missing"]
TaskState = Literal["none", "creating", "ready", "failed"]
FindApp = Callable[[str], AppSummary | None]


@dataclass(frozen=True, slots=True)
class UserRow:
    """A user with the apps that the registry gives them; ``apps`` has None for an app that is not on the platform.

    ``agents`` are those of all their apps, -1 while unknown. ``created_at`` is seconds since the epoch, 0 while
    unknown. Texts are untrusted.
    """

    user_id: str
    email: str
    created_at: int
    app_ids: tuple[str, ...]
    apps: tuple[AppSummary | None, ...]
    agents: int
    state: UserState


@dataclass(frozen=True, slots=True)
class DatabaseRow:
    """A record of the databases' registry; ``has_token`` says whether an admin token is written there.

    ``app`` is None where the app is not on the platform.
    """

    record_id: str
    app_id: str
    name: str
    created_at: int
    has_token: bool
    iteration_id: str = ""
    task_id: str = ""
    app: AppSummary | None = None


@dataclass(frozen=True, slots=True)
class TaskRow:
    """``error`` says why the creation of its database failed, "" where it did not."""

    task_id: str
    title: str
    created_at: int
    database: DatabaseRow | None
    state: TaskState
    error: str = ""


@dataclass(frozen=True, slots=True)
class IterationRow:
    """``databases`` came from this iteration; ``number`` is 0 where it has none."""

    iteration_id: str
    number: int
    title: str
    created_at: int
    task_id: str
    databases: tuple[DatabaseRow, ...]


def user_rows(
    users: Iterable[RegistryUser],
    registry: Registry,
    created: Mapping[str, int],
    find: FindApp,
    *,
    is_listed: bool,
) -> tuple[UserRow, ...]:
    """By e-mail address. ``created`` for those of whom the foundation does not say it; ``find`` gives an app of the
    platform; without ``is_listed`` none of them is missing."""
    owned: dict[str, dict[str, None]] = {}
    for claim in registry.claims:
        for owner_id in claim.owner_ids if claim.kind is AppKind.TENANT else ():
            owned.setdefault(owner_id, {})[claim.app_id] = None
    rows = (
        _user_row(
            each, each.created_at or created.get(each.user_id, 0), tuple(owned.get(each.user_id, ())), find, is_listed
        )
        for each in users
    )
    return tuple(sorted(rows, key=lambda each: (each.email.lower(), each.user_id)))


def _user_row(user: RegistryUser, created_at: int, app_ids: tuple[str, ...], find: FindApp, is_listed: bool) -> UserRow:
    apps = tuple(map(find, app_ids))
    agents = [-1 if each is None else each.agents for each in apps]
    total = sum(agents) if all(each >= 0 for each in agents) else -1
    state: UserState = "ok"
    if len(apps) != 1:
        state = "several apps" if apps else "no app"
    elif is_listed and apps[0] is None:
        state = "app missing"
    return UserRow(user.user_id, user.email, created_at, app_ids, apps, total, state)


def database_rows(registry: Registry, tokenless: Collection[str] | None, find: FindApp) -> dict[str, DatabaseRow]:
    """By record. ``tokenless`` are records without a token; None: each is taken to have one, as the documents want."""
    return {
        claim.record_id: DatabaseRow(
            record_id=claim.record_id,
            app_id=claim.app_id,
            name=claim.name,
            created_at=claim.created_at,
            has_token=tokenless is None or claim.record_id not in tokenless,
            iteration_id=claim.iteration_id,
            task_id=claim.owner_ids[0] if claim.owner_ids else "",
            app=find(claim.app_id),
        )
        for claim in registry.claims
        if claim.kind is AppKind.TASK
    }


def task_rows(
    tasks: Iterable[RegistryTask], databases: Mapping[str, DatabaseRow], begun: Mapping[str, str]
) -> tuple[TaskRow, ...]:
    """The newest first. ``begun`` has the tasks whose database is being made, each with the error it met or ""."""
    rows = (_task_row(each, databases.get(each.database_id), begun.get(each.task_id)) for each in tasks)
    return tuple(sorted(rows, key=lambda each: (-each.created_at, each.title, each.task_id)))


def _task_row(task: RegistryTask, database: DatabaseRow | None, begun: str | None) -> TaskRow:
    state: TaskState = "ready"
    if begun is not None:
        state = "failed" if begun else "creating"
    elif database is None:
        state = "none"
    return TaskRow(task.task_id, task.title, task.created_at, database, state, begun or "")


def iteration_rows(
    iterations: Iterable[RegistryIteration], databases: Mapping[str, DatabaseRow]
) -> tuple[IterationRow, ...]:
    """The newest first."""
    rows = (
        IterationRow(
            each.iteration_id,
            each.number,
            each.title,
            each.created_at,
            each.task_id,
            tuple(databases[record] for record in each.database_ids if record in databases),
        )
        for each in iterations
    )
    return tuple(sorted(rows, key=lambda each: (-each.created_at, each.number, each.iteration_id)))
