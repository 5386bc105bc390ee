"""The foundation of a connection: its users, tasks and iterations with their apps, and who owns what."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Protocol, cast

from app.core.apps import AppKind, AppState, AppSummary
from app.core.errors import Conflict, FieldError, Invalid, KnownError, NotFound, ReadOnly
from app.core.refs import AppRef, new_id
from app.core.text import plain
from app.services import registry as reading
from app.services.foundation_map import FoundationMap
from app.services.foundation_rows import (
    DatabaseRow,
    IterationRow,
    TaskRow,
    UserRow,
    database_rows,
    iteration_rows,
    task_rows,
    user_rows,
)
from app.services.foundation_writer import FoundationWriter, has_one_already, stable_id
from app.services.foundations import foundation_of
from app.services.side_by_side import for_each

if TYPE_CHECKING:
    from app.core.connection import Connection
    from app.core.secret import Secret
    from app.services.audit import AuditTrail
    from app.services.catalog import Catalog
    from app.services.clients import ClientPool
    from app.services.connections import ConnectionBook
    from app.services.directory import Directory
    from app.services.foundation_map import FoundationMaps
    from app.services.foundation_shape import FoundationShape

__all__ = ["DatabaseRow", "Foundation", "FoundationMap", "IterationRow", "TaskRow", "UserRow"]

_EMAIL_LIMIT = 254
_NAME_LIMIT = 60
# The platform tells when a user was created only one by one: so many are asked for with a list, the rest on request.
_MOST_CREATED = 50
_AT_ONCE = 8


class Begun(Protocol):
    """An entry of the journal of what is being made (``app.storage.foundation_stores.KeptEntry``)."""

    @property
    def owner_id(self) -> str: ...

    @property
    def error(self) -> str: ...


class Journal(Protocol):
    """What is needed of the local database; its methods block."""

    def of(self, connection_id: str, kind: str | None = None) -> Iterable[Begun]: ...


@dataclass(frozen=True, slots=True)
class _Place:
    connection: Connection
    app_id: str
    client: Any
    names: FoundationMap

    @property
    def ref(self) -> AppRef:
        return AppRef(self.connection.id, self.app_id)


class Foundation:
    """Reads are fresh from the platform; what they say of apps is as the directory knows it.

    All coroutines raise NotFound where the connection has no foundation, and the client's errors; those that write
    raise ReadOnly on a read-only connection. Writes are in the audit trail, and the inventory follows them.
    """

    def __init__(
        self,
        connections: ConnectionBook,
        clients: ClientPool,
        catalog: Catalog,
        directory: Directory,
        maps: FoundationMaps,
        journal: Journal,
        audit: AuditTrail,
        *,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._connections = connections
        self._clients = clients
        self._catalog = catalog
        self._directory = directory
        self._maps = maps
        self._journal = journal
        self._audit = audit
        self._clock = clock
        self._created: dict[tuple[str, str], int] = {}
        self._locks: dict[str, asyncio.Lock] = {}

    # The foundation itself

    async def shape(self, connection_id: str) -> FoundationShape:
        """What of the two registries is there now; its drafts are for the plan dialog of the foundation app."""
        from app.services.foundation_shape import shape_of

        connection, app_id = self._named(connection_id)
        names = await self._maps.get(connection_id)
        snapshot = await self._catalog.schema(AppRef(connection.id, app_id), refresh=True)
        return await asyncio.to_thread(shape_of, snapshot.schema, names)

    async def map(self, connection_id: str) -> FoundationMap:
        """The documents' names where none were set; never asks the platform."""
        return await self._maps.get(connection_id)

    async def set_map(self, connection_id: str, names: FoundationMap) -> FoundationMap:
        """Raises Invalid with a field for each name that cannot be one. The inventory follows in its own time."""
        kept = await self._maps.set(connection_id, names)
        await self._follow(connection_id)
        return kept

    async def mark_other(
        self, connection_id: str, app_ids: Iterable[str], is_other: bool = True, *, is_followed: bool = True
    ) -> None:
        """Apps that belong to nobody on purpose are not pointed out any more. Kept on this machine only.

        ``is_followed``: the inventory is told at once; who marks many tells it at the end.
        """
        async with self._lock(connection_id):
            names, asked = await self._maps.get(connection_id), set(app_ids)
            kept = tuple(each for each in names.others if each not in asked)
            others = (*kept, *sorted(asked)) if is_other else kept
            await self._maps.set(connection_id, replace(names, others=others))
        if is_followed:
            await self._follow(connection_id)

    async def writer(self, connection_id: str) -> FoundationWriter:
        """Writes the registry; raises ReadOnly, and NotFound where there is no foundation."""
        place = await self._place(connection_id, is_write=True)
        return FoundationWriter(place.client, place.app_id, place.names)

    # Users

    async def users(self, connection_id: str) -> tuple[UserRow, ...]:
        """By e-mail address."""
        place = await self._place(connection_id)
        users, registry = await asyncio.gather(
            reading.read_users(place.client, place.app_id, place.names), self._directory.registry(connection_id)
        )
        unknown = [each.user_id for each in users if not each.created_at and not self._is_dated(place, each.user_id)]
        await self._ask_created(place, unknown[:_MOST_CREATED])
        created = {each.user_id: self._created.get((place.app_id, each.user_id), 0) for each in users}
        # What was not listed yet is not missing.
        is_listed = self._directory.is_fresh(connection_id)
        return user_rows(users, registry, created, self._apps(connection_id), is_listed=is_listed)

    async def created(self, connection_id: str, user_ids: Iterable[str]) -> Mapping[str, int]:
        """When users were created (seconds since the epoch, 0 unknown): ``users`` asks for the first 50 only."""
        place, wanted = await self._place(connection_id), list(user_ids)
        await self._ask_created(place, [each for each in wanted if not self._is_dated(place, each)])
        return {each: self._created.get((place.app_id, each), 0) for each in wanted}

    async def create_user(self, connection_id: str, email: str) -> UserRow:
        """Raises Invalid with the field ``email``, and Conflict where there is such a user."""
        email = checked_email(email)
        place = await self._place(connection_id, is_write=True)
        async with self._audit.recorded(place.ref, "create user", email), self._lock(connection_id):
            user_id = await self._new_user_id(place, email)
            step = ["update", place.names.users, user_id, {place.names.email: email}]
            await place.client.transact(place.app_id, [step], is_repeatable=True)
        self._created[place.app_id, user_id] = int(self._clock())
        return UserRow(user_id, email, self._created[place.app_id, user_id], (), (), 0, "no app")

    async def link(
        self,
        connection_id: str,
        user_id: str,
        app_id: str,
        *,
        allow_several: bool = False,
        is_followed: bool = True,
    ) -> None:
        """Make the user the app's owner; a registry record is made where the app has none. ``is_followed`` as above.

        Raises Conflict where the user has another app or the app another owner (unless ``allow_several``: the link
        itself would allow both), NotFound where either does not exist.
        """
        place = await self._place(connection_id, is_write=True)
        if app_id == place.app_id:
            raise Invalid("The foundation itself cannot belong to a user.", remedy="Choose another app.")
        writer = FoundationWriter(place.client, place.app_id, place.names)
        detail = f"user {user_id}"
        async with self._audit.recorded(AppRef(connection_id, app_id), "link", detail), self._lock(connection_id):
            await place.client.get_app(app_id)
            owner, _record = await writer.user(user_id)
            if owner is None:
                raise NotFound(f"There is no user {plain(user_id, _NAME_LIMIT)} in the foundation.")
            others = [each for each in owner.app_ids if each.lower() != app_id]
            if others and not allow_several:
                raise has_one_already(plain(owner.name, _NAME_LIMIT), self._app_name(connection_id, others[0]))
            records = await writer.app_records(app_id)
            owners = {each for record in records for each in record.owner_ids}
            if owners - {user_id} and not allow_several:
                raise self._is_owned(connection_id, app_id)
            if user_id not in owners:
                await writer.link_user(user_id, await writer.record_app(app_id))
        if is_followed:
            await self._follow(connection_id)

    async def unlink(self, connection_id: str, user_id: str, app_id: str) -> None:
        """The app and its record stay, without this owner; where it is not one, nothing is done."""
        writer = await self.writer(connection_id)
        ref = AppRef(connection_id, app_id)
        async with self._audit.recorded(ref, "unlink", f"user {user_id}"), self._lock(connection_id):
            for claim in (await self._directory.registry(connection_id)).by_app.get(app_id, ()):
                if claim.kind is AppKind.TENANT and user_id in claim.owner_ids:
                    await writer.unlink_user(user_id, claim.record_id)
        await self._follow(connection_id)

    # Tasks

    async def tasks(self, connection_id: str) -> tuple[TaskRow, ...]:
        """The newest first. A database that is being made, or whose making failed, is known from this machine only."""
        place = await self._place(connection_id)
        tasks, registry, tokenless, begun = await asyncio.gather(
            reading.read_tasks(place.client, place.app_id, place.names),
            self._directory.registry(connection_id),
            _without_token(place),
            asyncio.to_thread(self._journal.of, connection_id, "task"),
        )
        databases = database_rows(registry, tokenless, self._apps(connection_id))
        return task_rows(tasks, databases, {each.owner_id: each.error for each in begun})

    async def databases(self, connection_id: str) -> tuple[DatabaseRow, ...]:
        """All records of the databases' registry, with and without a task; by name."""
        place = await self._place(connection_id)
        registry, tokenless = await asyncio.gather(self._directory.registry(connection_id), _without_token(place))
        rows = database_rows(registry, tokenless, self._apps(connection_id)).values()
        return tuple(sorted(rows, key=lambda each: (each.name, each.record_id)))

    async def iterations(self, connection_id: str) -> tuple[IterationRow, ...]:
        """The newest first, each with the databases that came from it."""
        place = await self._place(connection_id)
        iterations, registry, tokenless = await asyncio.gather(
            reading.read_iterations(place.client, place.app_id, place.names),
            self._directory.registry(connection_id),
            _without_token(place),
        )
        return iteration_rows(iterations, database_rows(registry, tokenless, self._apps(connection_id)))

    # Records

    async def record_app(self, connection_id: str, app_id: str) -> str:
        """Have a record for this app; gives its ID. Twice is the same as once."""
        writer = await self.writer(connection_id)
        async with self._audit.recorded(AppRef(connection_id, app_id), "record app"):
            return await writer.record_app(app_id)

    async def record_database(self, connection_id: str, app_id: str, token: Secret | None, name: str) -> str:
        """Have a record for this database; gives its ID. Twice is the same as once; ``token`` None leaves what is
        there."""
        writer = await self.writer(connection_id)
        async with self._audit.recorded(AppRef(connection_id, app_id), "record database", name):
            found = await writer.database_records(app_id)
            created_at = found[0].created_at if found and found[0].created_at else self._clock()
            return await writer.record_database(app_id, token, name, created_at)

    # Small parts

    def _named(self, connection_id: str, *, is_write: bool = False) -> tuple[Connection, str]:
        connection = self._connections.get(connection_id)
        foundation = foundation_of(connection)
        if is_write and connection.is_read_only:
            raise ReadOnly(
                f"{connection.label} is a read-only connection: its registry stays as it is.",
                remedy="Edit the connection to allow writes, or use another one.",
            )
        return connection, foundation

    async def _place(self, connection_id: str, *, is_write: bool = False) -> _Place:
        connection, app_id = self._named(connection_id, is_write=is_write)
        names = await self._maps.get(connection_id)
        return _Place(connection, app_id, cast(Any, await self._clients.get(connection_id)), names)

    def _lock(self, connection_id: str) -> asyncio.Lock:
        """What reads and then writes must not do so twice at the same time."""
        return self._locks.setdefault(connection_id, asyncio.Lock())

    async def _follow(self, connection_id: str) -> None:
        """What was written is done, whether the inventory can be told or not: the next refresh tells it."""
        with suppress(KnownError):
            await self._directory.reread_registry(connection_id)

    def _apps(self, connection_id: str) -> Callable[[str], AppSummary | None]:
        """Finds an app by its ID; None for one that is not on the platform."""

        def find(app_id: str) -> AppSummary | None:
            app = self._directory.find(AppRef(connection_id, app_id))
            return app if app is not None and app.state != AppState.MISSING.value else None

        return find

    def _app_name(self, connection_id: str, app_id: str) -> str:
        app = self._directory.find(AppRef(connection_id, app_id))
        return plain(app.title if app is not None and app.title else app_id, _NAME_LIMIT)

    def _is_owned(self, connection_id: str, app_id: str) -> Conflict:
        return Conflict(
            f"{self._app_name(connection_id, app_id)} belongs to another user already.",
            remedy="Unlink that user first: an app can have one owner only.",
        )

    def _is_dated(self, place: _Place, user_id: str) -> bool:
        return (place.app_id, user_id) in self._created

    async def _ask_created(self, place: _Place, user_ids: Iterable[str]) -> None:
        """What the platform does not tell stays unknown."""

        async def ask(user_id: str) -> None:
            with suppress(KnownError):
                found = await place.client.get_user(place.app_id, user_id=user_id)
                self._created[place.app_id, user_id] = reading.seconds((found or {}).get("created_at"))

        await for_each(user_ids, ask, _AT_ONCE)

    async def _new_user_id(self, place: _Place, email: str) -> str:
        """The same for the same address, so that a repeat makes no second user."""
        names = place.names
        query = {names.users: {"$": {"where": {names.email: email}}}}
        if (await place.client.query(place.app_id, query)).get(names.users):
            raise Conflict(f"There is a user with the address {email} already.", remedy="Find this user in the list.")
        user_id = stable_id(place.app_id, "user", email.lower())
        query = {names.users: {"$": {"where": {"id": user_id}}}}
        is_taken = bool((await place.client.query(place.app_id, query)).get(names.users))
        return new_id() if is_taken else user_id


def checked_email(email: str) -> str:
    """The address without white space around it; raises Invalid with the field ``email``."""
    email = email.strip()
    name, at, domain = email.rpartition("@")
    if not email:
        message = "Enter an e-mail address."
    elif len(email) > _EMAIL_LIMIT:
        message = f"An e-mail address has at most {_EMAIL_LIMIT} characters."
    elif not at or not name or not domain or any(each.isspace() or not each.isprintable() for each in email):
        message = "This is not an e-mail address."
    else:
        return email
    raise Invalid("The user cannot be created.", fields=(FieldError("email", message),))


async def _without_token(place: _Place) -> frozenset[str] | None:
    """Records of databases without an admin token; no token is asked for. None where the foundation cannot say."""
    names = place.names
    where = {"or": [{names.admin_token: {"$isNull": True}}, {names.admin_token: ""}]}
    try:
        found = await place.client.query(
            place.app_id, {names.databases: {"$": {"where": where, "fields": [names.database_app_id]}}}
        )
    except Invalid:
        return None
    return frozenset(str(each.get("id")) for each in found.get(names.databases) or () if isinstance(each, dict))
