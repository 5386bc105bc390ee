"""All apps of all connections: who owns them, what they follow, how they are."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol, cast

from app.core.apps import AppKind, AppState, AppSummary
from app.core.changes import Changes
from app.core.connection import Connection, Environment
from app.core.errors import (
    Bug,
    Forbidden,
    Invalid,
    KnownError,
    NotFound,
    PlatformFault,
    RateLimited,
    Timeout,
    Unauthorised,
    Unreachable,
    Unsupported,
)
from app.core.refs import AppRef, is_uuid
from app.core.text import plain
from app.platforms.contract import RemoteApp
from app.platforms.postgres.dsn import Dsn, may_be_elsewhere
from app.platforms.traits import traits_of
from app.schema.drift import Difference, differences, summary
from app.services.batches import ChangeBatch
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
    from app.services.templates import Template, TemplateShelf

_logger = logging.getLogger(__name__)

WORKERS_LOCAL = 20
WORKERS_REMOTE = 8
_PROGRESS_S = 0.1
# After so many failures in a row that are the platform's, the rest of its apps is left as last known.
_FAILURES_TO_STOP = 5
# Claimed apps that the list lacks are asked for one by one, up to this number.
_MOST_LOOKED_FOR = 200
_MOST_STORES_LOOKED_FOR = 5_000
_STATUS_STATES = {"read-only": AppState.READ_ONLY, "disabled": AppState.DISABLED}


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


@dataclass(frozen=True, slots=True)
class DriftedApp:
    ref: AppRef
    differences: tuple[Difference, ...]


@dataclass
class _Shelf:
    """What is known of one connection; rows by app ID, in the order of listing."""

    rows: dict[str, AppSummary] = field(default_factory=dict)
    listed: dict[str, RemoteApp] = field(default_factory=dict)
    registry: Registry | None = None
    registry_error: KnownError | None = None
    drifts: dict[str, tuple[Difference, ...]] = field(default_factory=dict)
    marks: dict[str, int] = field(default_factory=dict)
    unread: dict[str, KnownError] = field(default_factory=dict)
    is_fresh: bool = False


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
        self._shelves: dict[str, _Shelf] = {}
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
        """A number that is equal for equal schemas, within this process; None until the schema was read."""
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

    async def reread_registry(self, connection_id: str) -> Registry:
        """Read the registry now, and show owners, kinds and missing apps as it says; raises as ``registry``.

        The apps themselves are not listed again; those that the registry names only now are asked for.
        """
        registry = await self.registry(connection_id)
        connection, shelf = self._connections.get(connection_id), self._shelf(connection_id)
        if shelf.is_fresh:
            known = shelf.registry.by_app if shelf.registry else {}
            new = [each for each in registry.by_app if each not in known]
            await self._look_for(connection, await self._clients.get(connection_id), new, shelf.listed)
            shelf.registry, shelf.registry_error = registry, None
            unreadable = [each for each in shelf.rows.values() if each.state == AppState.UNKNOWN.value and each.note]
            self._put_rows(connection, shelf)
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
            error = await self._swept(connection, client)
        except KnownError as known:
            return known
        finally:
            self._changed(connection_id)
        await self._save(connection_id)
        return error

    async def _swept(self, connection: Connection, client: PlatformClient) -> KnownError | None:
        """List, then read the registry and the schemas side by side; the error that made the schemas end early."""
        self._say(connection.id, 0, 0, f"{connection.label}: listing apps")
        shelf = self._shelf(connection.id)
        registry = asyncio.create_task(self._registry_or_error(connection, client))
        try:
            listed = await client.list_apps()
            sweep = _Sweep([each.app_id for each in listed])
            schemas = asyncio.create_task(self._read_schemas(connection, client, shelf, sweep))
            try:
                await self._show(connection, client, shelf, listed, await registry)
                for app_id, outcome in sweep.shown():
                    self._take_outcome(connection, shelf, app_id, outcome)
                error = await schemas
                await self._read_stores(connection, client, shelf, {each.app_id for each in listed})
                return error
            finally:
                await _ended(schemas)
        finally:
            await _ended(registry)

    async def _show(
        self,
        connection: Connection,
        client: PlatformClient,
        shelf: _Shelf,
        listed: tuple[RemoteApp, ...],
        answer: tuple[Registry | None, KnownError | None],
    ) -> None:
        """Put the rows on the shelf, in place of the old ones."""
        found = {each.app_id: each for each in listed}
        registry, shelf.registry_error = answer
        if shelf.registry_error is None:
            shelf.registry = registry
        if connection.foundation_app_id is not None and connection.foundation_app_id not in found:
            shelf.registry, shelf.registry_error = None, _no_foundation(connection)
        shelf.unread.clear()
        await self._look_for(connection, client, shelf.registry.by_app if shelf.registry else (), found)
        shelf.listed = found
        self._put_rows(connection, shelf)
        for app_id, error in shelf.unread.items():
            shelf.rows[app_id] = shelf.rows[app_id]._replace(state=AppState.UNKNOWN.value, note=error.sentence)
        shelf.is_fresh = True
        self._changed(connection.id)

    def _put_rows(self, connection: Connection, shelf: _Shelf) -> None:
        now = int(self._clock())
        shelf.rows = {each.app_id: self._row(connection, shelf, each, now) for each in shelf.listed.values()} | {
            each.app_id: each for each in _missing(connection, shelf)
        }

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

    async def _look_for(
        self, connection: Connection, client: PlatformClient, claimed: Iterable[str], found: dict[str, RemoteApp]
    ) -> None:
        """Ask for each claimed app that is not listed: a platform lists only what its token owns, but may show
        more (Instant: apps of which one is a member; SQL: stores on other servers)."""
        if traits_of(connection).has_sql:
            await self._look_elsewhere(connection, client, claimed, found)
            return
        asked = iter([each for each in claimed if each not in found and is_uuid(each)][:_MOST_LOOKED_FOR])

        async def look() -> None:
            for app_id in asked:
                try:
                    found[app_id] = await client.get_app(app_id)
                except (NotFound, Forbidden, Unauthorised, Invalid, Unsupported):
                    continue

        await asyncio.gather(*(look() for _ in range(_workers(connection))))

    async def _look_elsewhere(
        self, connection: Connection, client: PlatformClient, claimed: Iterable[str], found: dict[str, RemoteApp]
    ) -> None:
        """Stores each have a server of their own: one that does not answer is there all the same."""
        unread = self._shelf(connection.id).unread
        asked = iter([each for each in claimed if each not in found][:_MOST_STORES_LOOKED_FOR])

        async def look() -> None:
            for app_id in asked:
                try:
                    found[app_id] = await client.get_app(app_id)
                except NotFound:
                    continue
                except KnownError as error:
                    found[app_id], unread[app_id] = RemoteApp(app_id, app_id), error

        await asyncio.gather(*(look() for _ in range(_workers(connection))))

    def _row(self, connection: Connection, shelf: _Shelf, remote: RemoteApp, now: int) -> AppSummary:
        """A row from the list and the registry; what its schema says is kept from before."""
        old = shelf.rows.get(remote.app_id)
        claims = shelf.registry.by_app.get(remote.app_id, ()) if shelf.registry else ()
        kind = _kind(connection, remote.app_id, claims, old if shelf.registry is None else None)
        known = self._following.get(AppRef(connection.id, remote.app_id))
        template = known.template if known else old.template if old else ""
        row = AppSummary(
            connection_id=connection.id,
            app_id=remote.app_id,
            title=remote.title,
            owner=_owner(claims) if shelf.registry or old is None else old.owner,
            kind=kind.value,
            agents=old.agents if old else -1,
            created_at=remote.created_at,
            seen_at=now,
            org=remote.org_title or remote.org_id or "",
            template=template,
        )
        return self._judged(shelf, row, remote, old)

    def _judged(self, shelf: _Shelf, row: AppSummary, remote: RemoteApp | None, old: AppSummary | None) -> AppSummary:
        """The row with its state and the words for it."""
        drift = summary(shelf.drifts[row.app_id]) if row.app_id in shelf.drifts else _last_known_drift(old)
        is_unowned = self._has_tenants(row.connection_id) and _is_unowned(shelf.registry, row)
        status = _STATUS_STATES.get(remote.status) if remote else None
        words = [status.value] if status else []
        words += [drift] if drift else []
        behind = self._behind(row)
        words += [behind] if behind else []
        words += ["no owner in registry"] if is_unowned else []
        state = status or (AppState.DRIFTED if drift or behind else AppState.UNOWNED if is_unowned else AppState.OK)
        return row._replace(state=state.value, note="; ".join(words))

    def _behind(self, row: AppSummary) -> str:
        known = self._following.get(AppRef(row.connection_id, row.app_id))
        template = self._templates.find(known.template) if known else None
        if known is None or template is None or not 0 < known.version < template.version:
            return ""
        return f"version {known.version} of its template, which is at {template.version}"

    # Schemas

    async def _read_schemas(
        self, connection: Connection, client: PlatformClient, shelf: _Shelf, sweep: _Sweep
    ) -> KnownError | None:
        """Read the schema of every listed app with a few workers; the error that made them give up, or None."""
        count = min(_workers(connection), sweep.total)
        tasks = [asyncio.create_task(self._work(connection, client, shelf, sweep)) for _ in range(count)]
        try:
            await asyncio.gather(*tasks)
        finally:
            await _ended(*tasks)
        return sweep.gave_up

    async def _read_stores(
        self, connection: Connection, client: PlatformClient, shelf: _Shelf, listed: set[str]
    ) -> None:
        """Those on other servers are known only once the main database was read."""
        if not traits_of(connection).has_sql:
            return
        sweep = _Sweep([each for each in shelf.listed if each not in listed and each not in shelf.unread])
        sweep.shown()
        await self._read_schemas(connection, client, shelf, sweep)

    async def _work(self, connection: Connection, client: PlatformClient, shelf: _Shelf, sweep: _Sweep) -> None:
        is_elsewhere = _elsewhere(connection)
        while (app_id := sweep.next()) is not None:
            outcome: Schema | KnownError
            try:
                outcome = await client.read_schema(app_id)
                sweep.succeeded()
            except KnownError as error:
                outcome = error
                if not is_elsewhere(app_id):
                    sweep.failed(error)
            if sweep.keep(app_id, outcome):
                continue
            self._take_outcome(connection, shelf, app_id, outcome)
            self._say(connection.id, sweep.done, sweep.total, f"{connection.label}: reading schemas")
            self._changed(connection.id)

    def _take_outcome(self, connection: Connection, shelf: _Shelf, app_id: str, outcome: Schema | KnownError) -> None:
        if isinstance(outcome, KnownError):
            self._note_failure(shelf, app_id, outcome, is_elsewhere=_elsewhere(connection)(app_id))
        else:
            self._take_schema(connection, shelf, app_id, outcome)
            self._saw(AppRef(connection.id, app_id), outcome)

    def _note_failure(self, shelf: _Shelf, app_id: str, error: KnownError, *, is_elsewhere: bool) -> None:
        """What the whole platform cannot do is no fault of the app; a store elsewhere is its own server."""
        row = shelf.rows.get(app_id)
        is_its_own = is_elsewhere or not isinstance(error, Unreachable | Timeout | RateLimited | PlatformFault)
        if row is not None and is_its_own:
            shelf.rows[app_id] = row._replace(state=AppState.UNKNOWN.value, note=error.sentence)

    def _take_schema(self, connection: Connection, shelf: _Shelf, app_id: str, schema: Schema) -> None:
        # Six times cheaper than a fingerprint, and a number instead of a schema for each of 10,000 apps.
        shelf.marks[app_id] = hash(schema)
        row = shelf.rows.get(app_id)
        if row is None:
            return
        template = self._template_of(row, schema)
        found = differences(schema, template.schema) if template else ()
        shelf.drifts.pop(app_id, None)
        if found:
            shelf.drifts[app_id] = found
        agents = sum(not each.is_system for each in schema.entities)
        ref = AppRef(connection.id, app_id)
        if template is not None and not found:
            self._following.caught_up(ref, template.name, template.version)
        known = self._following.get(ref)
        name = known.template if known else template.name if template else ""
        row = row._replace(agents=agents, template=name)
        shelf.rows[app_id] = self._judged(shelf, row, shelf.listed.get(app_id), None)

    def _template_of(self, row: AppSummary, schema: Schema) -> Template | None:
        """As it was said, or remembered from its creation; a tenant without one follows what its entities look like."""
        known = self._following.get(AppRef(row.connection_id, row.app_id))
        if known is not None:
            return self._templates.find(known.template)
        if not self._has_tenants(row.connection_id):
            # Templates are Instant's: a database is not measured by one that its tables happen to look like.
            return None
        remembered = self._templates.find(row.template) if row.template else None
        if remembered is not None or row.kind != AppKind.TENANT.value:
            return remembered
        return self._templates.recognise(schema)

    # What others tell

    def on_schema(self, saw: Callable[[AppRef, Schema], None]) -> None:
        """``saw`` hears of every schema that a refresh reads, on the engine's thread; it must be quick."""
        self._saw = saw

    def take_schema(self, ref: AppRef, schema: Schema) -> None:
        """Somebody read this schema: agents and drift follow from it."""
        connection, shelf = self._connections.find(ref.connection_id), self._shelves.get(ref.connection_id)
        if connection is not None and shelf is not None:
            before = self.find(ref), shelf.drifts.get(ref.app_id)
            self._take_schema(connection, shelf, ref.app_id, schema)
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
            shelf.rows[ref.app_id] = self._judged(shelf, row, shelf.listed[ref.app_id], None)
            self._changed(ref.connection_id)

    async def put(self, connection_id: str, remote: RemoteApp, template: str | None = None) -> AppSummary:
        """An app was created or renamed; ``template`` is remembered (None: as it was)."""
        connection, shelf = self._connections.get(connection_id), self._shelf(connection_id)
        found = self._templates.find(template) if template else None
        if found is not None:
            await self._following.put(AppRef(connection_id, remote.app_id), found.name, found.version)
        shelf.listed[remote.app_id] = remote
        row = self._row(connection, shelf, remote, int(self._clock()))
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
        row = self._row(connection, shelf, remote, int(self._clock()))
        row = row._replace(owner=claim.owner, kind=claim.kind.value, template=template, agents=agents)
        row = shelf.rows[remote.app_id] = self._judged(shelf, row, remote, None)
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
        shelf.rows |= {each.app_id: each for each in _missing(connection, shelf)}
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

    def _shelf(self, connection_id: str) -> _Shelf:
        return self._shelves.setdefault(connection_id, _Shelf())

    def _has_tenants(self, connection_id: str) -> bool:
        """Whether each of its apps should belong to somebody, and follow a template."""
        connection = self._connections.find(connection_id)
        return connection is not None and traits_of(connection).has_registry_app

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


async def _ended(*tasks: asyncio.Task[Any]) -> None:
    """Cancel what still runs and wait for its end; nothing may outlive the refresh."""
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


def _no_foundation(connection: Connection) -> NotFound:
    if not traits_of(connection).has_registry_app:
        return NotFound(
            f"The main database {plain(connection.foundation_app_id or '', 80)} is not among the databases of "
            f"{connection.label}.",
            remedy="Check the name of the database in the connection.",
        )
    return NotFound(
        f"The foundation app {connection.foundation_app_id} is not among the apps of {connection.label}.",
        remedy="Check the foundation's app ID in the connection.",
    )


class _Sweep:
    """Hands out the apps of one pass, and decides when to give up.

    Answers that arrive before the rows are shown are kept back: who owns an app decides what it should follow.
    """

    def __init__(self, app_ids: list[str]) -> None:
        self._kept: list[tuple[str, Schema | KnownError]] | None = []
        self._app_ids = iter(app_ids)
        self._in_a_row = 0
        self.total = len(app_ids)
        self.done = 0
        self.gave_up: KnownError | None = None

    def next(self) -> str | None:
        return None if self.gave_up else next(self._app_ids, None)

    def keep(self, app_id: str, outcome: Schema | KnownError) -> bool:
        """False once the rows are shown."""
        if self._kept is None:
            return False
        self._kept.append((app_id, outcome))
        return True

    def shown(self) -> list[tuple[str, Schema | KnownError]]:
        """The rows are there: gives what was kept back."""
        kept, self._kept = self._kept or [], None
        return kept

    def succeeded(self) -> None:
        self.done += 1
        self._in_a_row = 0

    def failed(self, error: KnownError) -> None:
        self.done += 1
        if isinstance(error, Unreachable | Timeout | RateLimited | PlatformFault):
            self._in_a_row += 1
        if self._in_a_row >= _FAILURES_TO_STOP or isinstance(error, Unauthorised):
            self.gave_up = error


def _workers(connection: Connection) -> int:
    return WORKERS_LOCAL if connection.environment is Environment.LOCAL else WORKERS_REMOTE


def _elsewhere(connection: Connection) -> Callable[[str], bool]:
    """Whether an app is on another server than the connection's: what that one does says nothing of the others."""
    if not traits_of(connection).has_sql:
        return lambda _app_id: False
    own, _password = Dsn.parse(connection.base_url)
    return lambda app_id: not own.is_sqlite and may_be_elsewhere(app_id, own)


def _kind(connection: Connection, app_id: str, claims: tuple[Claim, ...], last_known: AppSummary | None) -> AppKind:
    if app_id == connection.foundation_app_id:
        return AppKind.FOUNDATION
    if claims:
        return claims[0].kind
    # The registry could not be read: better what was last known than nothing.
    return AppKind(last_known.kind) if last_known else AppKind.OTHER


def _owner(claims: tuple[Claim, ...]) -> str:
    return ", ".join(dict.fromkeys(claim.owner for claim in claims if claim.owner))


def _is_unowned(registry: Registry | None, row: AppSummary) -> bool:
    """An organisation owns its apps itself; so does nobody else but the registry's users and tasks."""
    if registry is None or not registry.is_complete or row.kind == AppKind.FOUNDATION.value:
        return False
    return not row.owner and not row.org and row.app_id not in registry.others


def _last_known_drift(old: AppSummary | None) -> str:
    """The words about drift in the note of a row from before this session's schema was read."""
    words = old.note.split("; ") if old else []
    return next((each for each in words if each.startswith("drift: ")), "")


def _missing(connection: Connection, shelf: _Shelf) -> list[AppSummary]:
    """Rows for apps that the registry names and the platform does not list."""
    if shelf.registry is None:
        return []
    is_instant = traits_of(connection).has_registry_app
    note = "in the registry, but not found on the platform" if is_instant else "named as a store, but not found"
    return [
        AppSummary(
            connection_id=connection.id,
            app_id=app_id,
            title=claims[0].name or (old.title if (old := shelf.rows.get(app_id)) else "(title unknown)"),
            owner=_owner(claims),
            kind=claims[0].kind.value,
            state=AppState.MISSING.value,
            created_at=claims[0].created_at,
            seen_at=old.seen_at if (old := shelf.rows.get(app_id)) else 0,
            note=note,
        )
        for app_id, claims in shelf.registry.by_app.items()
        if app_id not in shelf.listed
    ]
