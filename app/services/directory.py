"""All apps of all connections: who owns them, what they follow, how they are."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, cast

from app.core.apps import AppState, AppSummary
from app.core.changes import Changes
from app.core.connection import Connection
from app.core.errors import (
    Bug,
    KnownError,
    NotFound,
    Unsupported,
)
from app.core.refs import AppRef
from app.platforms.contract import RemoteApp
from app.platforms.traits import traits_of
from app.schema.drift import Difference
from app.services.batches import ChangeBatch
from app.services.directory_refresh import Sweeper
from app.services.directory_rows import Rows, Shelf, missing
from app.services.following import Following, NothingKept
from app.services.foundation_map import FoundationMap
from app.services.foundations import foundation_of
from app.services.registry import Claim, QueryClient, Registry, read_registry

if TYPE_CHECKING:
    from app.platforms.contract import PlatformClient
    from app.schema.model import Schema
    from app.services.clients import ClientPool
    from app.services.connections import ConnectionBook
    from app.services.foundation_map import FoundationMaps
    from app.services.hub import ChangeHub
    from app.services.templates import TemplateShelf

_logger = logging.getLogger(__name__)

_PROGRESS_S = 0.1


ReadRegistry = Callable[[str], Awaitable[Registry]]


class InventoryStore(Protocol):
    """What is needed of the local database; its methods block."""

    def replace(self, connection_id: str, apps: Iterable[AppSummary]) -> object: ...

    def upsert(self, app: AppSummary) -> None: ...

    def upsert_many(self, apps: Sequence[AppSummary]) -> None: ...

    def remove(self, ref: AppRef) -> None: ...


@dataclass(frozen=True, slots=True)
class Progress:
    """``total`` is 0 while it is not known; ``text`` says what is being done."""

    done: int
    total: int
    text: str


@dataclass(frozen=True, slots=True)
class RefreshFailure:
    """A connection that could not be refreshed (fully): its apps stay as last known."""

    connection_id: str
    error: KnownError


@dataclass
class _Run:
    """One refresh that several may wait for; it ends when the last of them gives up."""

    task: asyncio.Task[KnownError | None]
    waiting: int = 0
    progress: Progress = Progress(0, 0, "")


class Directory:
    """Answers from memory at once, and refreshes behind that.

    What is on a shelf is replaced row by row on the engine's thread; ``inventory`` hands out immutable rows.
    """

    def __init__(
        self,
        connections: ConnectionBook,
        clients: ClientPool,
        templates: TemplateShelf,
        store: InventoryStore,
        hub: ChangeHub,
        *,
        following: Following | None = None,
        last_known: Iterable[AppSummary] = (),
        clock: Callable[[], float] = time.time,
        maps: FoundationMaps | None = None,
    ) -> None:
        self._connections = connections
        self._clients = clients
        self._maps = maps
        self._templates = templates
        self._following = following or Following(NothingKept())
        self._store = store
        self._clock = clock
        self._batch = ChangeBatch(hub)
        self._saw: Callable[[AppRef, Schema], None] = lambda _ref, _schema: None
        self._read_main: ReadRegistry | None = None
        self._runs: dict[str, _Run] = {}
        self._shelves: dict[str, Shelf] = {}
        self._rows = Rows(connections, templates, self._following)
        self._sweeper = Sweeper(
            self._rows,
            self._registry_or_error,
            self._say,
            self._changed,
            lambda ref, schema: self._saw(ref, schema),
            clock,
        )
        for app in last_known:
            self._shelf(app.connection_id).rows[app.app_id] = app

    # Reading

    def inventory(self) -> tuple[AppSummary, ...]:
        """All apps, connection by connection."""
        order = [each.id for each in self._connections.all()]
        return tuple(
            app for each in order if (shelf := self._shelves.get(each)) is not None for app in shelf.rows.values()
        )

    def apps_of(self, connection_id: str) -> tuple[AppSummary, ...]:
        shelf = self._shelves.get(connection_id)
        return tuple(shelf.rows.values()) if shelf else ()

    def find(self, ref: AppRef) -> AppSummary | None:
        shelf = self._shelves.get(ref.connection_id)
        return shelf.rows.get(ref.app_id) if shelf else None

    def is_fresh(self, connection_id: str) -> bool:
        """True once the connection was listed in this session."""
        shelf = self._shelves.get(connection_id)
        return shelf is not None and shelf.is_fresh

    def known_registry(self, connection_id: str) -> tuple[Registry | None, KnownError | None]:
        """The registry as last read in this session, and why it could not be read the last time."""
        shelf = self._shelves.get(connection_id)
        return (shelf.registry, shelf.registry_error) if shelf else (None, None)

    def drifts_of(self, connection_id: str) -> Mapping[str, tuple[Difference, ...]]:
        """By app ID, as found in this session."""
        shelf = self._shelves.get(connection_id)
        return shelf.drifts if shelf else {}

    def mark_of(self, ref: AppRef) -> int | None:
        """A number that only equal schemas have in common, within this process; None until the schema was read. Columns
        in another order make another number of an equal schema."""
        shelf = self._shelves.get(ref.connection_id)
        return shelf.marks.get(ref.app_id) if shelf else None

    async def registry(self, connection_id: str) -> Registry:
        """Read the registry now; raises NotFound where the connection has no foundation (or main database), and the
        client's errors."""
        connection = self._connections.get(connection_id)
        if connection.foundation_app_id is None and not traits_of(connection).has_registry_app:
            raise NotFound(
                f"{connection.label} has no main database.",
                remedy="Edit the connection and say that it is a main database.",
            )
        if traits_of(connection).has_registry_app:
            foundation_of(connection)
        return await self._read_registry(connection, await self._clients.get(connection_id))

    def use_main_databases(self, read: ReadRegistry) -> None:
        """``read`` gives the registry of a connection's main database: its workspaces own their stores."""
        self._read_main = read

    async def _read_registry(self, connection: Connection, client: PlatformClient) -> Registry:
        if not traits_of(connection).has_registry_app:
            if self._read_main is None:
                raise Unsupported(f"The main database of {connection.label} cannot be read.")
            return await self._read_main(connection.id)
        names = await self._maps.get(connection.id) if self._maps else FoundationMap()
        foundation = connection.foundation_app_id or ""
        return await read_registry(cast(QueryClient, client), connection.id, foundation, self._clock(), names)

    async def _registry_or_error(
        self, connection: Connection, client: PlatformClient
    ) -> tuple[Registry | None, KnownError | None]:
        has_reader = traits_of(connection).has_registry_app or self._read_main is not None
        if connection.foundation_app_id is None or not has_reader:
            return None, None
        try:
            return await self._read_registry(connection, client), None
        except KnownError as error:
            return None, error

    async def reread_registry(self, connection_id: str) -> Registry:
        """Read the registry now, and show owners, kinds and missing apps as it says; raises as ``registry``.

        The apps themselves are not listed again; those that the registry names only now are asked for.
        """
        registry = await self.registry(connection_id)
        connection, shelf = self._connections.get(connection_id), self._shelf(connection_id)
        if shelf.is_fresh:
            known = shelf.registry.by_app if shelf.registry else {}
            new = [each for each in registry.by_app if each not in known]
            await self._sweeper.look_for(connection, await self._clients.get(connection_id), shelf, new, shelf.listed)
            shelf.registry, shelf.registry_error = registry, None
            unreadable = [each for each in shelf.rows.values() if each.state == AppState.UNKNOWN.value and each.note]
            self._rows.put_all(connection, shelf, int(self._clock()))
            for old in unreadable:
                if old.app_id in shelf.listed:
                    row = shelf.rows[old.app_id]
                    shelf.rows[old.app_id] = row._replace(state=old.state, note=old.note)
            self._changed(connection_id)
            await self._save(connection_id)
        return registry

    # Refreshing

    async def refresh(
        self,
        connection_ids: Iterable[str] | None = None,
        on_progress: Callable[[Progress], None] | None = None,
    ) -> tuple[RefreshFailure, ...]:
        """List apps, read registries and schemas of these connections (None: all), all at the same time.

        Changes are published on the way. A failing connection does not fail the others: it is in the answer, and
        its apps stay as last known. A refresh that already runs is joined, not repeated.
        """
        wanted = [each.id for each in self._connections.all()] if connection_ids is None else list(connection_ids)
        watch = asyncio.create_task(self._report(wanted, on_progress)) if on_progress else None
        try:
            errors = await asyncio.gather(*(self._joined(each) for each in wanted))
        finally:
            self._batch.flush()
            if watch is not None:
                watch.cancel()
        if on_progress is not None:
            on_progress(Progress(1, 1, ""))
        return tuple(RefreshFailure(each, error) for each, error in zip(wanted, errors, strict=True) if error)

    async def _joined(self, connection_id: str) -> KnownError | None:
        run = self._runs.get(connection_id)
        if run is None:
            run = self._runs[connection_id] = _Run(asyncio.create_task(self._refreshed(connection_id)))
            run.task.add_done_callback(lambda task: self._ended(connection_id, task))
        run.waiting += 1
        try:
            return await asyncio.shield(run.task)
        finally:
            run.waiting -= 1
            if not run.waiting and not run.task.done():
                run.task.cancel()

    def _ended(self, connection_id: str, task: asyncio.Task[KnownError | None]) -> None:
        self._runs.pop(connection_id, None)
        # Looked at here, for the case that everybody who waited has gone.
        if not task.cancelled():
            task.exception()

    async def _report(self, connection_ids: list[str], on_progress: Callable[[Progress], None]) -> None:
        while True:
            await asyncio.sleep(_PROGRESS_S)
            runs = [run.progress for each in connection_ids if (run := self._runs.get(each))]
            total = sum(each.total for each in runs) if all(each.total for each in runs) else 0
            text = next((each.text for each in runs if each.text), "")
            on_progress(Progress(sum(each.done for each in runs), total, text))

    async def _refreshed(self, connection_id: str) -> KnownError | None:
        """None when all went well; other exceptions are bugs and are raised."""
        try:
            connection = self._connections.get(connection_id)
            client = await self._clients.get(connection_id)
            error = await self._sweeper.sweep(connection, client, self._shelf(connection_id))
        except KnownError as known:
            return known
        finally:
            self._changed(connection_id)
        await self._save(connection_id)
        return error

    # What others tell

    def on_schema(self, saw: Callable[[AppRef, Schema], None]) -> None:
        """``saw`` hears of every schema that a refresh reads, on the engine's thread; it must be quick."""
        self._saw = saw

    def take_schema(self, ref: AppRef, schema: Schema) -> None:
        """Somebody read this schema: agents and drift follow from it."""
        connection, shelf = self._connections.find(ref.connection_id), self._shelves.get(ref.connection_id)
        if connection is not None and shelf is not None:
            before = self.find(ref), shelf.drifts.get(ref.app_id)
            self._rows.take_schema(connection, shelf, ref.app_id, schema)
            # Whoever reads a schema because something changed must not be told of its own reading.
            if (self.find(ref), shelf.drifts.get(ref.app_id)) != before:
                self._changed(ref.connection_id)

    def template_changed(self, refs: Iterable[AppRef]) -> None:
        """These apps follow another template now, or theirs changed: what is known of them says so at once, and how
        they differ from it when their schemas are read again."""
        for ref in refs:
            shelf = self._shelves.get(ref.connection_id)
            row = shelf.rows.get(ref.app_id) if shelf is not None else None
            if shelf is None or row is None or ref.app_id not in shelf.listed:
                continue
            shelf.drifts.pop(ref.app_id, None)
            known = self._following.get(ref)
            row = row._replace(template=known.template if known else "")
            shelf.rows[ref.app_id] = self._rows.judged(shelf, row, shelf.listed[ref.app_id], None)
            self._changed(ref.connection_id)

    async def put(self, connection_id: str, remote: RemoteApp, template: str | None = None) -> AppSummary:
        """An app was created or renamed; ``template`` is remembered (None: as it was)."""
        connection, shelf = self._connections.get(connection_id), self._shelf(connection_id)
        found = self._templates.find(template) if template else None
        if found is not None:
            await self._following.put(AppRef(connection_id, remote.app_id), found.name, found.version)
        shelf.listed[remote.app_id] = remote
        row = self._rows.row(connection, shelf, remote, int(self._clock()))
        if template is not None:
            row = row._replace(template=template)
        shelf.rows[remote.app_id] = row
        self._changed(connection_id)
        await asyncio.to_thread(self._store.upsert, row)
        return row

    def put_owned(self, connection_id: str, remote: RemoteApp, claim: Claim, template: str, agents: int) -> AppSummary:
        """An app was created and linked: its row says at once whose it is, before the registry is read again.

        ``template`` is remembered. The caller tells of rows and keeps them with ``keep``, many together: a thousand
        apps are not to paint the window a thousand times.
        """
        connection, shelf = self._connections.get(connection_id), self._shelf(connection_id)
        if shelf.registry is not None:
            shelf.registry = shelf.registry.with_claim(claim)
        shelf.listed[remote.app_id] = remote
        row = self._rows.row(connection, shelf, remote, int(self._clock()))
        row = row._replace(owner=claim.owner, kind=claim.kind.value, template=template, agents=agents)
        row = shelf.rows[remote.app_id] = self._rows.judged(shelf, row, remote, None)
        return row

    async def keep(self, rows: Sequence[AppSummary]) -> None:
        """Tell of these rows and write them to the local database, in one transaction.

        Raises NotFound when a connection is gone.
        """
        for connection_id in {each.connection_id for each in rows}:
            self._changed(connection_id)
        await asyncio.to_thread(self._store.upsert_many, rows)

    async def drop(self, ref: AppRef) -> None:
        """An app was deleted; where the registry still names it, it is shown as missing."""
        connection, shelf = self._connections.get(ref.connection_id), self._shelf(ref.connection_id)
        shelf.listed.pop(ref.app_id, None)
        shelf.rows.pop(ref.app_id, None)
        shelf.drifts.pop(ref.app_id, None)
        shelf.marks.pop(ref.app_id, None)
        shelf.rows |= {each.app_id: each for each in missing(connection, shelf)}
        self._changed(ref.connection_id)
        await asyncio.to_thread(self._store.remove, ref)
        await self._following.forget(ref)

    def forget(self, connection_id: str) -> None:
        """The connection was removed."""
        self._following.forget_connection(connection_id)
        self._shelves.pop(connection_id, None)

    async def aclose(self) -> None:
        """End what still runs, and wait for it: the clients are closed next."""
        tasks = [run.task for run in self._runs.values()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    # Small parts

    def _shelf(self, connection_id: str) -> Shelf:
        return self._shelves.setdefault(connection_id, Shelf())

    def _changed(self, connection_id: str) -> None:
        self._batch.add(Changes(apps=frozenset((connection_id,))))

    def _say(self, connection_id: str, done: int, total: int, text: str) -> None:
        run = self._runs.get(connection_id)
        if run is not None:
            run.progress = Progress(done, total, text)

    async def _save(self, connection_id: str) -> None:
        """One write for the whole connection; failing to remember must not fail the refresh."""
        if self._connections.find(connection_id) is None:
            return
        try:
            await asyncio.to_thread(self._store.replace, connection_id, self.apps_of(connection_id))
        except NotFound:
            # The connection was removed while it was being read.
            return
        except (KnownError, Bug, OSError):
            _logger.exception("The inventory could not be kept")
