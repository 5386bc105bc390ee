"""The registry that a foundation app holds: who owns which app.

Both forms of the documents are read, and either may be absent: ``app{appid}`` ↔ ``$users`` (document 000) and
``databases{instantAppId, name, createdAt}`` ↔ ``tasks`` and ``iterations`` (document 001). A ``FoundationMap`` says
what they are called. Admin tokens in it are not asked for, unless by ``read_tokens``.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import cached_property
from typing import Any, Protocol

from app.core.apps import AppKind
from app.core.refs import is_uuid
from app.core.secret import Secret
from app.services.foundation_map import FoundationMap

_PAGE = 500
# A registry larger than this is not read to its end; 200 pages of 500 rows.
_MOST_PAGES = 200
_DOCUMENTED = FoundationMap()
Rows = list[dict[str, Any]]


class QueryClient(Protocol):
    async def query(self, app_id: str, query: dict[str, Any]) -> dict[str, Any]: ...


@dataclass(frozen=True, slots=True)
class Claim:
    """One registry record that names an app.

    ``kind`` is TENANT for a record of ``app`` and TASK for one of ``databases``. ``owners`` are e-mail addresses
    of users, or the titles of tasks; empty where the record is linked to nobody. ``owner_ids`` are theirs, in the same
    order. ``created_at`` as in AppSummary.
    """

    record_id: str
    app_id: str
    kind: AppKind
    owners: tuple[str, ...] = ()
    name: str = ""
    created_at: int = 0
    owner_ids: tuple[str, ...] = ()
    iteration_id: str = ""

    @property
    def owner(self) -> str:
        """As it stands in the column "owner"."""
        words = ", ".join(self.owners)
        return f"task: {words}" if words and self.kind is AppKind.TASK else words


@dataclass(frozen=True)
class Registry:
    """Everything that the foundation says, as read at ``read_at`` (seconds since the epoch).

    ``apps_of_users`` holds the app IDs of each user with more than one app; ``tasks_without_database`` the titles
    (or IDs) of such tasks; ``others`` the apps that belong to nobody on purpose. Texts are untrusted.
    """

    connection_id: str
    foundation_app_id: str
    claims: tuple[Claim, ...] = ()
    apps_of_users: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    tasks_without_database: tuple[str, ...] = ()
    read_at: float = 0.0
    is_complete: bool = True
    others: frozenset[str] = frozenset()

    @cached_property
    def by_app(self) -> Mapping[str, tuple[Claim, ...]]:
        """All claims on each app ID."""
        found: dict[str, list[Claim]] = defaultdict(list)
        for claim in self.claims:
            found[claim.app_id].append(claim)
        return {app_id: tuple(claims) for app_id, claims in found.items()}

    def with_claim(self, claim: Claim) -> Registry:
        """With one more record, which its owner is known to have; one of the same ID is replaced."""
        mine = (*(each for each in self.by_app.get(claim.app_id, ()) if each.record_id != claim.record_id), claim)
        is_new = len(mine) > len(self.by_app.get(claim.app_id, ()))
        rest = self.claims if is_new else tuple(each for each in self.claims if each.record_id != claim.record_id)
        without = self.tasks_without_database
        if claim.kind is AppKind.TASK and set(claim.owners) & set(without):
            at = next(index for index, each in enumerate(without) if each in claim.owners)
            without = without[:at] + without[at + 1 :]
        changed = replace(self, claims=(*rest, claim), tasks_without_database=without)
        # Put together here: building it anew for each of a thousand claims would be quadratic.
        changed.__dict__["by_app"] = {**self.by_app, claim.app_id: mine}
        return changed


@dataclass(frozen=True, slots=True)
class RegistryUser:
    """``created_at`` is seconds since the epoch, 0 where the foundation does not say it."""

    user_id: str
    email: str
    created_at: int = 0


@dataclass(frozen=True, slots=True)
class RegistryTask:
    """``database_id`` is the record of its database, "" for none."""

    task_id: str
    title: str
    created_at: int
    database_id: str


@dataclass(frozen=True, slots=True)
class RegistryIteration:
    """``number`` is 0 where it has none; ``database_ids`` are records of databases."""

    iteration_id: str
    number: int
    title: str
    created_at: int
    task_id: str
    database_ids: tuple[str, ...]


async def read_registry(
    client: QueryClient, connection_id: str, foundation_app_id: str, now: float, names: FoundationMap = _DOCUMENTED
) -> Registry:
    """Page through both registries; raises what the client raises. What a foundation does not have reads as empty."""
    fields = [names.database_app_id, names.name, names.created_at]
    links = {names.task: {}, names.origin_iteration: {"$": {"fields": ["id"]}}}
    database = {names.main_database: {"$": {"fields": [names.database_app_id]}}}
    (apps, all_apps), (databases, all_databases), (tasks, all_tasks) = await asyncio.gather(
        _rows(client, foundation_app_id, names.app, {names.app_users: {}}),
        _rows(client, foundation_app_id, names.databases, links, fields=fields),
        _rows(client, foundation_app_id, names.tasks, database),
    )
    claims = (*_tenant_claims(apps, names), *_task_claims(databases, names))
    return Registry(
        connection_id=connection_id,
        foundation_app_id=foundation_app_id,
        claims=claims,
        apps_of_users=_several_apps(claims),
        tasks_without_database=tuple(_title(task, names) for task in tasks if not _linked(task, names.main_database)),
        read_at=now,
        is_complete=all_apps and all_databases and all_tasks,
        others=frozenset(names.others),
    )


async def read_users(client: QueryClient, foundation_app_id: str, names: FoundationMap) -> tuple[RegistryUser, ...]:
    """All users of the foundation; raises what the client raises."""
    rows, _is_all = await _rows(client, foundation_app_id, names.users, {})
    return tuple(
        RegistryUser(user_id, _text(row.get(names.email)), seconds(row.get(names.created_at)))
        for row in rows
        if (user_id := _text(row.get("id")))
    )


async def read_tasks(client: QueryClient, foundation_app_id: str, names: FoundationMap) -> tuple[RegistryTask, ...]:
    """All tasks of the foundation; raises what the client raises."""
    database = {names.main_database: {"$": {"fields": ["id"]}}}
    rows, _is_all = await _rows(client, foundation_app_id, names.tasks, database)
    return tuple(
        RegistryTask(
            task_id, _title(row, names), seconds(row.get(names.task_created_at)), _linked_id(row, names.main_database)
        )
        for row in rows
        if (task_id := _text(row.get("id")))
    )


async def read_iterations(
    client: QueryClient, foundation_app_id: str, names: FoundationMap
) -> tuple[RegistryIteration, ...]:
    """All iterations of the foundation; raises what the client raises."""
    id_only = {"$": {"fields": ["id"]}}
    links = {names.originated_databases: id_only, names.iteration_task: id_only}
    rows, _is_all = await _rows(client, foundation_app_id, names.iterations, links)
    return tuple(
        RegistryIteration(
            iteration_id=iteration_id,
            number=int(number) if isinstance(number := row.get(names.iteration_number), int | float) else 0,
            title=_text(row.get(names.task_title)),
            created_at=seconds(row.get(names.iteration_created_at)),
            task_id=_linked_id(row, names.iteration_task),
            database_ids=tuple(_text(each.get("id")) for each in _linked(row, names.originated_databases)),
        )
        for row in rows
        if (iteration_id := _text(row.get("id")))
    )


async def read_tokens(client: QueryClient, foundation_app_id: str, names: FoundationMap) -> dict[str, Secret]:
    """The admin tokens that the databases' registry holds, by record; records without one are left out.

    Raises what the client raises. The caller lets go of them as soon as it can.
    """
    rows, _is_all = await _rows(client, foundation_app_id, names.databases, {}, fields=[names.admin_token])
    return {_text(row.get("id")): Secret(token) for row in rows if (token := _text(row.get(names.admin_token)))}


async def read_token(
    client: QueryClient, foundation_app_id: str, names: FoundationMap, record_id: str
) -> Secret | None:
    """The admin token of one record, None where there is none. Raises what the client raises."""
    options = {"where": {"id": record_id}, "fields": [names.admin_token]}
    answer = await client.query(foundation_app_id, {names.databases: {"$": options}})
    found = (_text(row.get(names.admin_token)) for row in answer.get(names.databases) or () if isinstance(row, dict))
    return next((Secret(token) for token in found if token), None)


async def _rows(
    client: QueryClient, app_id: str, entity: str, links: dict[str, Any], fields: list[str] | None = None
) -> tuple[Rows, bool]:
    """All rows of ``entity``, each once, and whether these are really all."""
    rows: Rows = []
    seen: set[str] = set()
    for page in range(_MOST_PAGES):
        options: dict[str, Any] = {"limit": _PAGE, "offset": page * _PAGE}
        if fields:
            options["fields"] = fields
        answer = await client.query(app_id, {entity: {"$": options, **links}})
        found = answer.get(entity) or ()
        for row in found:
            # A row that is added meanwhile moves another one on to the next page.
            if isinstance(row, dict) and (key := _text(row.get("id"))) not in seen:
                rows.append(row)
                seen |= {key} if key else set()
        if len(found) < _PAGE:
            return rows, True
    return rows, False


def _tenant_claims(rows: Rows, names: FoundationMap) -> Iterator[Claim]:
    for row in rows:
        app_id = _app_id(row.get(names.app_id))
        if app_id:
            owners = sorted((_user(user, names), _text(user.get("id"))) for user in _linked(row, names.app_users))
            yield Claim(_text(row.get("id")), app_id, AppKind.TENANT, **_owned(owners))


def _task_claims(rows: Rows, names: FoundationMap) -> Iterator[Claim]:
    for row in rows:
        app_id = _app_id(row.get(names.database_app_id))
        if app_id:
            owners = sorted((_title(task, names), _text(task.get("id"))) for task in _linked(row, names.task))
            name, created_at = _text(row.get(names.name)), seconds(row.get(names.created_at))
            yield Claim(
                record_id=_text(row.get("id")),
                app_id=app_id,
                kind=AppKind.TASK,
                name=name,
                created_at=created_at,
                iteration_id=_linked_id(row, names.origin_iteration),
                **_owned(owners),
            )


def _owned(owners: list[tuple[str, str]]) -> dict[str, Any]:
    return {"owners": tuple(label for label, _ in owners), "owner_ids": tuple(each for _, each in owners)}


def _several_apps(claims: Iterable[Claim]) -> dict[str, tuple[str, ...]]:
    found: dict[str, set[str]] = defaultdict(set)
    for claim in claims:
        for user in claim.owners if claim.kind is AppKind.TENANT else ():
            found[user].add(claim.app_id)
    return {user: tuple(sorted(apps)) for user, apps in sorted(found.items()) if len(apps) > 1}


def _linked(row: Mapping[str, Any], label: str) -> list[dict[str, Any]]:
    """Linked rows; a has-one link may come as a list or as the row itself."""
    value = row.get(label)
    items = value if isinstance(value, list) else [value]
    return [item for item in items if isinstance(item, dict)]


def _linked_id(row: Mapping[str, Any], label: str) -> str:
    return next((_text(each.get("id")) for each in _linked(row, label)), "")


def _app_id(value: object) -> str:
    """The canonical spelling of a UUID; other texts as they are, so that they are found to be missing."""
    text = _text(value).strip()
    return text.lower() if is_uuid(text) else text


def _user(row: Mapping[str, Any], names: FoundationMap) -> str:
    return _text(row.get(names.email)) or _text(row.get("id"))


def _title(row: Mapping[str, Any], names: FoundationMap) -> str:
    keys = (names.task_title, "title", "name", "prompt", "id")
    return next((text for key in keys if (text := _text(row.get(key)))), "")


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
