"""A new app like another: its schema, its permissions and, where asked, its rows, under the IDs that they have."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol, cast

from app.core.errors import Invalid, KnownError, NotFound, ReadOnly
from app.core.refs import AppRef, is_uuid, new_id
from app.core.text import plain
from app.platforms.traits import ensure_registry_app
from app.services.directory import Progress
from app.services.lifecycle import checked_title

if TYPE_CHECKING:
    from app.core.apps import AppSummary
    from app.core.connection import Connection
    from app.core.secret import Secret
    from app.platforms.contract import RemoteApp
    from app.schema.model import Entity, Link, Schema
    from app.services.audit import AuditTrail
    from app.services.clients import ClientPool
    from app.services.connections import ConnectionBook
    from app.services.directory import Directory
    from app.services.foundation import Foundation
    from app.services.foundation_writer import FoundationWriter

PAGE = 250
# One transaction takes so many steps, or so many characters of values, whichever comes first.
_MOST_STEPS = 100
_MOST_CHARACTERS = 500_000
# The rows of these are the platform's own: a file is more than its row, a stream is written by its owner only.
_NOT_COPIED = frozenset({"$files", "$streams"})
_NAME_LIMIT = 80
_USERS = "$users"
_EMAIL = "email"
OnProgress = Callable[[Progress], None]
Step = list[Any]
Row = Mapping[str, Any]


class CloneClient(Protocol):
    """What is needed of ``app.platforms.instant.client.InstantClient``."""

    async def read_schema(self, app_id: str) -> Schema: ...

    async def get_perms(self, app_id: str) -> dict[str, Any] | None: ...

    async def create_app(
        self, title: str, *, app_id: str, schema: Schema | None, rules: dict[str, Any] | None
    ) -> RemoteApp: ...

    async def delete_app(self, app_id: str) -> None: ...

    async def query(self, app_id: str, query: Mapping[str, Any]) -> dict[str, Any]: ...

    async def transact(self, app_id: str, steps: Sequence[Sequence[Any]], *, is_repeatable: bool) -> int: ...

    def admin_token_of(self, app_id: str) -> Secret | None: ...


class Cloning:
    """The copy is in the account of the token, whoever has the original. Files stay behind: their contents belong to
    the original, so neither they nor links to them are copied."""

    def __init__(
        self,
        connections: ConnectionBook,
        clients: ClientPool,
        directory: Directory,
        foundation: Foundation,
        audit: AuditTrail,
        *,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._connections = connections
        self._clients = clients
        self._directory = directory
        self._foundation = foundation
        self._audit = audit
        self._clock = clock

    async def clone(
        self,
        ref: AppRef,
        title: str,
        with_rows: bool = False,
        on_progress: OnProgress | None = None,
        *,
        iteration_id: str = "",
    ) -> AppSummary:
        """The copy's row. With ``iteration_id`` it is in the registry of databases, as one that came from there.

        Rows are read page by page; those that are written meanwhile may be missing. Cancelled or failed, the half
        copy is deleted. Raises Invalid with the field ``title``, ReadOnly, and the client's errors.
        """
        connection, title = self._writable(ref), checked_title(title)
        client = cast(CloneClient, await self._clients.get(ref.connection_id))
        writer = await self._ready_writer(ref.connection_id, iteration_id) if iteration_id else None
        copy = AppRef(ref.connection_id, new_id())
        tell = _Teller(on_progress, f"{connection.label}: copying {self._name(ref)}")
        async with self._audit.recorded(copy, "clone", f"{title}, from {ref.app_id}", title) as change:
            schema = await client.read_schema(ref.app_id)
            remote = await self._copied(client, ref.app_id, schema, copy, title, with_rows, tell, writer, iteration_id)
            change.after = schema.fingerprint()
        source = self._directory.find(ref)
        row = await self._directory.put(ref.connection_id, remote, source.template if source else "")
        if writer is not None:
            with suppress(KnownError):
                await self._directory.reread_registry(ref.connection_id)
        return self._directory.find(AppRef(ref.connection_id, remote.app_id)) or row

    async def _copied(
        self,
        client: CloneClient,
        source: str,
        schema: Schema,
        copy: AppRef,
        title: str,
        with_rows: bool,
        tell: _Teller,
        writer: FoundationWriter | None,
        iteration_id: str,
    ) -> RemoteApp:
        rules = await client.get_perms(source)
        made: list[str] = [copy.app_id]
        try:
            remote = await client.create_app(
                title, app_id=copy.app_id, schema=schema if _has_parts(schema) else None, rules=rules
            )
            made[0] = remote.app_id
            if with_rows:
                await _RowCopy(client, source, remote.app_id, schema, tell).run()
            if writer is not None:
                await self._record(client, writer, remote, title, iteration_id)
        except BaseException as error:
            await self._taken_back(client, writer, made[0], title, error)
            raise
        return remote

    async def _record(
        self, client: CloneClient, writer: FoundationWriter, remote: RemoteApp, title: str, iteration_id: str
    ) -> None:
        token = client.admin_token_of(remote.app_id) or remote.admin_token
        record_id = await writer.record_database(remote.app_id, token, title, self._clock(), is_new=True)
        names = writer.names
        step = ["link", names.databases, record_id, {names.origin_iteration: iteration_id}]
        await client.transact(writer.foundation_app_id, [step], is_repeatable=True)

    async def _taken_back(
        self, client: CloneClient, writer: FoundationWriter | None, app_id: str, title: str, error: BaseException
    ) -> None:
        """Carried through also where the caller is cancelled; what cannot be taken back is said."""

        async def take_back() -> None:
            with suppress(NotFound):
                await client.delete_app(app_id)
            if writer is not None:
                await writer.delete_database_record(writer.database_record_id(app_id))

        try:
            await asyncio.shield(asyncio.ensure_future(take_back()))
        except KnownError as left:
            if isinstance(error, KnownError):
                error.remedy = (
                    f"{error.remedy} The half copy {plain(title, _NAME_LIMIT)} ({app_id}) could not be deleted "
                    f"({left.sentence}): delete it yourself."
                ).strip()

    async def _ready_writer(self, connection_id: str, iteration_id: str) -> FoundationWriter:
        writer = await self._foundation.writer(connection_id)
        iterations = await self._foundation.iterations(connection_id)
        if not is_uuid(iteration_id) or iteration_id not in {each.iteration_id for each in iterations}:
            raise NotFound("The foundation has no such iteration any more.", remedy="Refresh the list.")
        return writer

    def _writable(self, ref: AppRef) -> Connection:
        connection = self._connections.get(ref.connection_id)
        ensure_registry_app(connection)
        if connection.is_read_only:
            raise ReadOnly(
                f"{connection.label} is a read-only connection.",
                remedy="Edit the connection to allow writes, or use another one.",
            )
        if connection.foundation_app_id == ref.app_id:
            raise Invalid(
                "The foundation is not copied: two of them would own the same apps.", remedy="Choose another app."
            )
        return connection

    def _name(self, ref: AppRef) -> str:
        app = self._directory.find(ref)
        return plain(app.title if app is not None and app.title else ref.app_id, _NAME_LIMIT)


@dataclass
class _Teller:
    """How many rows and links are there by now; how many there will be is not known."""

    on_progress: OnProgress | None
    text: str
    done: int = 0

    def add(self, count: int, what: str) -> None:
        self.done += count
        if self.on_progress is not None:
            self.on_progress(Progress(self.done, 0, f"{self.text}: {plain(what, _NAME_LIMIT)}"))


@dataclass
class _RowCopy:
    """Rows first and links after them; only links that a row cannot be without go with it."""

    client: CloneClient
    source: str
    target: str
    schema: Schema
    tell: _Teller
    copied: dict[str, set[str]] = field(default_factory=dict)

    async def run(self) -> None:
        for entity in _in_order(self.schema):
            await self._rows(entity)
        for link in self.schema.links:
            if link.forward.entity in self.copied and link.reverse.entity in self.copied:
                await self._links(link)

    async def _rows(self, entity: Entity) -> None:
        ids = self.copied.setdefault(entity.name, set())
        required = [each.forward.label for each in self.schema.links if _is_needed(each, entity.name)]
        names = _own_names(entity)
        async for page in self._pages(entity.name, dict.fromkeys(required, _IDS)):
            groups = [list(_row_steps(entity.name, row, names, required)) for row in page]
            await self._send(groups)
            ids.update(str(row["id"]) for row in page)
            self.tell.add(len(page), entity.name)

    async def _links(self, link: Link) -> None:
        entity, label = link.forward.entity, link.forward.label
        there = self.copied[link.reverse.entity]
        async for page in self._pages(entity, {label: _IDS}, fields=["id"]):
            steps: list[Step] = []
            for row in page:
                targets = [each for each in _linked(row, label) if each in there]
                if targets and row["id"] in self.copied[entity]:
                    steps.append(["link", entity, row["id"], {label: targets}])
            await self._send([[step] for step in steps])
            self.tell.add(len(steps), f"links of {entity}")

    async def _pages(
        self, entity: str, links: Mapping[str, Any], fields: list[str] | None = None
    ) -> AsyncIterator[Sequence[Row]]:
        offset = 0
        while True:
            options: dict[str, Any] = {"limit": PAGE, "offset": offset} | ({"fields": fields} if fields else {})
            answer = await self.client.query(self.source, {entity: {"$": options, **links}})
            rows = [each for each in answer.get(entity) or () if isinstance(each, dict) and each.get("id")]
            if rows:
                yield rows
            if len(rows) < PAGE:
                return
            offset += PAGE

    async def _send(self, groups: Iterable[list[Step]]) -> None:
        for steps in _portions(groups):
            # The IDs and the values are those of the original: twice is the same as once.
            await self.client.transact(self.target, steps, is_repeatable=True)


_IDS: Mapping[str, Any] = {"$": {"fields": ["id"]}}


def _has_parts(schema: Schema) -> bool:
    """Whether there is anything that the platform does not bring along itself."""
    attributes = (attribute for each in schema.entities for attribute in each.attributes)
    own = any(not each.is_system for each in schema.entities) or any(not each.is_system for each in attributes)
    return own or any(not each.is_system for each in schema.links)


def _is_needed(link: Link, entity: str) -> bool:
    return link.forward.entity == entity and link.forward.is_required and link.reverse.entity not in _NOT_COPIED


def _in_order(schema: Schema) -> list[Entity]:
    """What others cannot be without comes first, as far as that can be."""
    waiting = [each for each in schema.entities if each.name not in _NOT_COPIED and _is_copied(each)]
    ordered: list[Entity] = []
    while waiting:
        left = {each.name for each in waiting}
        free = [each for each in waiting if not _needs(schema, each.name) & (left - {each.name})]
        ordered += free or waiting
        waiting = [each for each in waiting if each not in ordered]
    return ordered


def _is_copied(entity: Entity) -> bool:
    return not entity.is_system or entity.name == _USERS


def _needs(schema: Schema, entity: str) -> set[str]:
    return {each.reverse.entity for each in schema.links if _is_needed(each, entity)}


def _own_names(entity: Entity) -> tuple[str, ...]:
    """The attributes that can be written; of users that is their address, and what the app added."""
    own = [each.name for each in entity.attributes if not each.is_system and each.name != "id"]
    return tuple(dict.fromkeys([*own, _EMAIL])) if entity.name == _USERS else tuple(own)


def _row_steps(entity: str, row: Row, names: Sequence[str], required: Sequence[str]) -> Iterator[Step]:
    yield ["update", entity, row["id"], {name: row[name] for name in names if row.get(name) is not None}]
    for label in required:
        if targets := _linked(row, label):
            yield ["link", entity, row["id"], {label: targets}]


def _linked(row: Row, label: str) -> list[str]:
    value = row.get(label)
    found = value if isinstance(value, list) else [value]
    return [str(each["id"]) for each in found if isinstance(each, dict) and each.get("id")]


def _portions(groups: Iterable[list[Step]]) -> Iterator[list[Step]]:
    """The steps of a group stay together."""
    steps: list[Step] = []
    size = 0
    for group in groups:
        length = len(json.dumps(group, ensure_ascii=False))
        if steps and (len(steps) + len(group) > _MOST_STEPS or size + length > _MOST_CHARACTERS):
            yield steps
            steps, size = [], 0
        steps += group
        size += length
    if steps:
        yield steps
