"""The rows of the users, tasks and iterations of a foundation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from app.core.apps import AppSummary

UserState = Literal["no app", "ok", "several apps", "app missing"]
TaskState = Literal["none", "creating", "ready", "failed"]


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
