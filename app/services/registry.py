"""The registry that a foundation app holds: who owns which app.

Both forms of the documents are read, and either may be absent: ``app{appid}`` ↔ ``$users`` (document 000) and
``databases{instantAppId, name, createdAt}`` ↔ ``tasks`` (document 001). Admin tokens in it are not asked for.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from typing import Any, Protocol

from app.core.apps import AppKind
from app.core.refs import is_uuid

_PAGE = 500
# A registry larger than this is not read to its end; 200 pages of 500 rows.
_MOST_PAGES = 200
_APPS = "app"
_DATABASES = "databases"
_TASKS = "tasks"


class QueryClient(Protocol):
    async def query(self, app_id: str, query: dict[str, Any]) -> dict[str, Any]: ...


@dataclass(frozen=True, slots=True)
class Claim:
    """One registry record that names an app.

    ``kind`` is TENANT for a record of ``app`` and TASK for one of ``databases``. ``owners`` are e-mail addresses
    of users, or the titles of tasks; empty where the record is linked to nobody. ``created_at`` as in AppSummary.
    """

    record_id: str
    app_id: str
    kind: AppKind
    owners: tuple[str, ...] = ()
    name: str = ""
    created_at: int = 0

    @property
    def owner(self) -> str:
        """As it stands in the column "owner"."""
        words = ", ".join(self.owners)
        return f"task: {words}" if words and self.kind is AppKind.TASK else words


@dataclass(frozen=True)
class Registry:
    """Everything that the foundation says, as read at ``read_at`` (seconds since the epoch).

    ``apps_of_users`` holds the app IDs of each user with more than one app; ``tasks_without_database`` the titles
    (or IDs) of such tasks. Texts are untrusted.
    """

    connection_id: str
    foundation_app_id: str
    claims: tuple[Claim, ...] = ()
    apps_of_users: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    tasks_without_database: tuple[str, ...] = ()
    read_at: float = 0.0
    is_complete: bool = True

    @cached_property
    def by_app(self) -> Mapping[str, tuple[Claim, ...]]:
        """All claims on each app ID."""
        found: dict[str, list[Claim]] = defaultdict(list)
        for claim in self.claims:
            found[claim.app_id].append(claim)
        return {app_id: tuple(claims) for app_id, claims in found.items()}


async def read_registry(client: QueryClient, connection_id: str, foundation_app_id: str, now: float) -> Registry:
    """Page through both registries; raises what the client raises. What a foundation does not have reads as empty."""
    (apps, all_apps), (databases, all_databases), (tasks, all_tasks) = await asyncio.gather(
        _rows(client, foundation_app_id, _APPS, {"$users": {}}),
        _rows(client, foundation_app_id, _DATABASES, {"task": {}}, fields=["instantAppId", "name", "createdAt"]),
        _rows(client, foundation_app_id, _TASKS, {"mainDatabase": {"$": {"fields": ["instantAppId"]}}}),
    )
    return Registry(
        connection_id=connection_id,
        foundation_app_id=foundation_app_id,
        claims=(*_tenant_claims(apps), *_task_claims(databases)),
        apps_of_users=_several_apps(apps),
        tasks_without_database=tuple(_title(task) for task in tasks if not _linked(task, "mainDatabase")),
        read_at=now,
        is_complete=all_apps and all_databases and all_tasks,
    )


async def _rows(
    client: QueryClient, app_id: str, entity: str, links: dict[str, Any], fields: list[str] | None = None
) -> tuple[list[dict[str, Any]], bool]:
    """All rows of ``entity`` and whether these are really all."""
    rows: list[dict[str, Any]] = []
    for page in range(_MOST_PAGES):
        options: dict[str, Any] = {"limit": _PAGE, "offset": page * _PAGE}
        if fields:
            options["fields"] = fields
        answer = await client.query(app_id, {entity: {"$": options, **links}})
        found = [row for row in answer.get(entity) or () if isinstance(row, dict)]
        rows += found
        if len(found) < _PAGE:
            return rows, True
    return rows, False


def _tenant_claims(rows: list[dict[str, Any]]) -> Iterator[Claim]:
    for row in rows:
        app_id = _app_id(row.get("appid"))
        if app_id:
            owners = tuple(sorted(_user(user) for user in _linked(row, "$users")))
            yield Claim(_text(row.get("id")), app_id, AppKind.TENANT, owners)


def _task_claims(rows: list[dict[str, Any]]) -> Iterator[Claim]:
    for row in rows:
        app_id = _app_id(row.get("instantAppId"))
        if app_id:
            owners = tuple(sorted(_title(task) for task in _linked(row, "task")))
            name, created_at = _text(row.get("name")), seconds(row.get("createdAt"))
            yield Claim(_text(row.get("id")), app_id, AppKind.TASK, owners, name, created_at)


def _several_apps(rows: list[dict[str, Any]]) -> dict[str, tuple[str, ...]]:
    found: dict[str, set[str]] = defaultdict(set)
    for row in rows:
        app_id = _app_id(row.get("appid"))
        for user in _linked(row, "$users") if app_id else ():
            found[_user(user)].add(app_id)
    return {user: tuple(sorted(apps)) for user, apps in sorted(found.items()) if len(apps) > 1}


def _linked(row: Mapping[str, Any], label: str) -> list[dict[str, Any]]:
    """Linked rows; a has-one link may come as a list or as the row itself."""
    value = row.get(label)
    items = value if isinstance(value, list) else [value]
    return [item for item in items if isinstance(item, dict)]


def _app_id(value: object) -> str:
    """The canonical spelling of a UUID; other texts as they are, so that they are found to be missing."""
    text = _text(value).strip()
    return text.lower() if is_uuid(text) else text


def _user(row: Mapping[str, Any]) -> str:
    return _text(row.get("email")) or _text(row.get("id"))


def _title(row: Mapping[str, Any]) -> str:
    return next((text for key in ("title", "name", "prompt", "id") if (text := _text(row.get(key)))), "")


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def seconds(value: object) -> int:
    """Seconds since the epoch of what Instant gives for a date (milliseconds or ISO text); 0 where it is none."""
    if isinstance(value, bool) or value is None:
        return 0
    if isinstance(value, int | float):
        return int(value / 1000)
    try:
        moment = datetime.fromisoformat(str(value))
    except ValueError:
        return 0
    return int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp())
