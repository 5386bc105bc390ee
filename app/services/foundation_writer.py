"""Writing the registry of a foundation so that a step done twice is the same as done once.

Records have IDs that follow from the foundation's and the app's ID, values are final, and links are added where they
are not there yet: a repeat after a lost answer, or by somebody else, finds what the first one made.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Protocol

from app.core.errors import Conflict, Invalid
from app.services.foundation_map import FoundationMap
from app.services.registry import seconds

if TYPE_CHECKING:
    from app.core.secret import Secret
    from app.schema.model import Schema

_NAMESPACE = uuid.UUID("b3f1c3de-4f0a-4c6e-9a55-2f3f8d1c7a90")
Row = Mapping[str, Any]


class FoundationClient(Protocol):
    """What is needed of ``app.platforms.instant.client.InstantClient``."""

    async def query(self, app_id: str, query: Mapping[str, Any]) -> dict[str, Any]: ...

    async def transact(
        self, app_id: str, steps: Sequence[Sequence[Any]], *, throw_on_missing_attrs: bool = ..., is_repeatable: bool
    ) -> int: ...

    async def read_schema(self, app_id: str) -> Schema: ...


@dataclass(frozen=True, slots=True)
class Owner:
    """A user or a task; ``app_ids`` are those that the registry links to it. Texts are untrusted."""

    owner_id: str
    name: str
    app_ids: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Record:
    """The registry's entry for an app; ``owner_ids`` are the users, or the tasks, linked to it.

    ``created_at`` is seconds since the epoch, 0 where the entry has none.
    """

    record_id: str
    app_id: str
    owner_ids: tuple[str, ...] = ()
    name: str = ""
    created_at: int = 0


def stable_id(foundation_app_id: str, purpose: str, *key: str) -> str:
    """The same for the same words, on every machine."""
    return str(uuid.uuid5(_NAMESPACE, "/".join((foundation_app_id, purpose, *key))))


class FoundationWriter:
    """One foundation, as one connection writes it. All coroutines raise the client's errors.

    A write into a foundation without the registry raises Invalid and adds nothing to its schema.
    """

    def __init__(self, client: FoundationClient, foundation_app_id: str, names: FoundationMap | None = None) -> None:
        self._client = client
        self.foundation_app_id = foundation_app_id
        self.names = names or FoundationMap()

    # Which records

    def app_record_id(self, app_id: str) -> str:
        """The ID that ``record_app`` gives a new entry."""
        return stable_id(self.foundation_app_id, "app", app_id)

    def database_record_id(self, app_id: str) -> str:
        """The ID that ``record_database`` gives a new entry."""
        return stable_id(self.foundation_app_id, "databases", app_id)

    # Reading

    async def user(self, user_id: str, app_id: str = "") -> tuple[Owner | None, Record | None]:
        """The user, None where there is none; and what the registry says of ``app_id`` under our own record ID."""
        names = self.names
        owned = {names.user_apps: {"$": {"fields": [names.app_id]}}}
        query: dict[str, Any] = {names.users: {"$": {"where": {"id": user_id}}, **owned}}
        if app_id:
            query[names.app] = {"$": {"where": {"id": self.app_record_id(app_id)}}, names.app_users: _IDS}
        found = await self._query(query)
        owner = next(
            (_owner(each, names.email, names.user_apps, names.app_id) for each in _rows(found, names.users)), None
        )
        return owner, next(self._app_records(found), None)

    async def task(self, task_id: str, app_id: str = "") -> tuple[Owner | None, Record | None]:
        """As ``user``, for a task and its main database."""
        names = self.names
        owned = {names.main_database: {"$": {"fields": [names.database_app_id]}}}
        query: dict[str, Any] = {names.tasks: {"$": {"where": {"id": task_id}}, **owned}}
        if app_id:
            query[names.databases] = self._databases_where({"id": self.database_record_id(app_id)})
        found = await self._query(query)
        label, attribute = names.main_database, names.database_app_id
        owner = next((_owner(each, names.task_title, label, attribute) for each in _rows(found, names.tasks)), None)
        return owner, next(self._database_records(found), None)

    async def app_records(self, app_id: str) -> tuple[Record, ...]:
        """All entries of ``app`` for this app, whoever made them."""
        names = self.names
        where = {"$": {"where": {names.app_id: app_id}}, names.app_users: _IDS}
        return tuple(self._app_records(await self._query({names.app: where})))

    async def database_records(self, app_id: str) -> tuple[Record, ...]:
        """All entries of ``databases`` for this app, whoever made them; without their tokens."""
        where = self._databases_where({self.names.database_app_id: app_id})
        return tuple(self._database_records(await self._query({self.names.databases: where})))

    async def missing(self, kind: str) -> tuple[str, ...]:
        """What the foundation's schema lacks for owners of this kind (``user``, ``task``), as ``entity.attribute``."""
        schema = await self._client.read_schema(self.foundation_app_id)
        there = {each.name: {attribute.name for attribute in each.attributes} for each in schema.entities}
        for link in schema.links:
            for end in (link.forward, link.reverse):
                there.setdefault(end.entity, set()).add(end.label)
        return tuple(place for place in self._needed(kind) if not _is_there(there, place))

    # Writing

    async def record_app(self, app_id: str, *, is_new: bool = False) -> str:
        """Have an entry of ``app`` for this app; gives its ID. An entry that somebody else made is kept.

        ``is_new``: the caller knows that no other entry can be there, which saves a question.
        """
        found = () if is_new else await self.app_records(app_id)
        if found:
            return found[0].record_id
        record_id = self.app_record_id(app_id)
        await self._write(["update", self.names.app, record_id, {self.names.app_id: app_id}])
        return record_id

    async def record_database(
        self, app_id: str, token: Secret | None, name: str, created_at: float, *, is_new: bool = False
    ) -> str:
        """Have an entry of ``databases`` for this app with these values; gives its ID.

        ``token`` None leaves the token that is there. ``created_at``: seconds since the epoch.
        """
        names = self.names
        found = () if is_new else await self.database_records(app_id)
        record_id = found[0].record_id if found else self.database_record_id(app_id)
        moment = datetime.fromtimestamp(created_at, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        values = {names.database_app_id: app_id, names.name: name, names.created_at: moment}
        if token is not None:
            values[names.admin_token] = token.reveal()
        await self._write(["update", names.databases, record_id, values])
        return record_id

    async def link_user(self, user_id: str, record_id: str) -> None:
        await self._write(["link", self.names.app, record_id, {self.names.app_users: user_id}])

    async def unlink_user(self, user_id: str, record_id: str) -> None:
        await self._write(["unlink", self.names.app, record_id, {self.names.app_users: user_id}])

    async def link_task(self, task_id: str, record_id: str) -> None:
        """The database becomes the task's main one, in place of another that it may have."""
        await self._write(["link", self.names.tasks, task_id, {self.names.main_database: record_id}])

    async def unlink_task(self, task_id: str, record_id: str) -> None:
        await self._write(["unlink", self.names.tasks, task_id, {self.names.main_database: record_id}])

    async def delete_app_record(self, record_id: str) -> None:
        """One that is gone already counts as deleted."""
        await self._write(["delete", self.names.app, record_id])

    async def delete_database_record(self, record_id: str) -> None:
        """One that is gone already counts as deleted."""
        await self._write(["delete", self.names.databases, record_id])

    # Inside

    async def _query(self, query: dict[str, Any]) -> dict[str, Any]:
        return await self._client.query(self.foundation_app_id, query)

    async def _write(self, step: Sequence[Any]) -> None:
        """One step, one transaction: the documents want the record and its link apart."""
        await self._client.transact(self.foundation_app_id, [step], is_repeatable=True)

    def _databases_where(self, where: dict[str, Any]) -> dict[str, Any]:
        names = self.names
        fields = [names.database_app_id, names.name, names.created_at]
        return {"$": {"where": where, "fields": fields}, names.task: _IDS}

    def _app_records(self, found: Row) -> Any:
        names = self.names
        return (_record(each, names.app_id, names.app_users) for each in _rows(found, names.app))

    def _database_records(self, found: Row) -> Any:
        names = self.names
        return (
            _record(each, names.database_app_id, names.task, names.name, names.created_at)
            for each in _rows(found, names.databases)
        )

    def _needed(self, kind: str) -> tuple[str, ...]:
        names = self.names
        if kind == "user":
            return (f"{names.app}.{names.app_id}", f"{names.app}.{names.app_users}", f"{names.users}.{names.user_apps}")
        attributes = (names.database_app_id, names.admin_token, names.name, names.created_at, names.task)
        of_databases = tuple(f"{names.databases}.{each}" for each in attributes)
        return (*of_databases, f"{names.tasks}.{names.main_database}")


_IDS: dict[str, Any] = {"$": {"fields": ["id"]}}


def no_registry(label: str, missing: Sequence[str]) -> Invalid:
    """``label`` is the connection's; ``missing`` as ``FoundationWriter.missing`` gives it."""
    return Invalid(
        f"The foundation of {label} lacks {', '.join(missing)}.",
        remedy="Open the foundation and add what is missing: it is shown as a plan first.",
    )


def has_one_already(name: str, app: str, *, is_gone: bool = False) -> Conflict:
    """The refusal for a user that has an app; ``name`` and ``app`` are plain text."""
    where = ", which is not on the platform any more" if is_gone else ""
    return Conflict(
        f"{name} has an app already: {app}{where}. Tenantry gives each user one app, although the link between users "
        "and apps would allow several.",
        remedy="Reconcile the registry first, then create the app." if is_gone else "Use that app, or unlink it first.",
    )


def _is_there(there: Mapping[str, set[str]], place: str) -> bool:
    entity, _, name = place.partition(".")
    return name in there.get(entity, ())


def _rows(found: Row, entity: str) -> list[Row]:
    return [each for each in found.get(entity) or () if isinstance(each, dict)]


def _linked(row: Row, label: str) -> list[Row]:
    value = row.get(label)
    return [each for each in (value if isinstance(value, list) else [value]) if isinstance(each, dict)]


def _owner(row: Row, name: str, label: str, attribute: str) -> Owner:
    owner_id = _text(row.get("id"))
    app_ids = [_text(each.get(attribute)) for each in _linked(row, label)]
    return Owner(owner_id, _text(row.get(name)) or owner_id, tuple(each for each in app_ids if each))


def _record(row: Row, attribute: str, label: str, name: str = "", created_at: str = "") -> Record:
    owners = tuple(_text(each.get("id")) for each in _linked(row, label))
    app_id, record_id = _text(row.get(attribute)), _text(row.get("id"))
    return Record(record_id, app_id, owners, _text(row.get(name)), seconds(row.get(created_at)))


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""
