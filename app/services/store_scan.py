"""Reads what findings about stores follow from: quickly what each has, and on request schemas and rows."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Protocol, TypeVar, cast

from app.core.errors import KnownError
from app.core.text import plain
from app.core.words import counted
from app.services.directory import Progress
from app.services.side_by_side import for_each
from app.services.store_findings import (
    ROWS_COUNTED,
    Drift,
    OpenConnections,
    StoreFacts,
    StoreFinding,
    application_tables,
    findings_of,
)
from app.services.store_references import KnownIds, dangling, known_ids, references_of

if TYPE_CHECKING:
    from app.core.refs import AppRef
    from app.platforms.postgres.client import PostgresClient
    from app.platforms.postgres.copying import Bulk
    from app.schema.model import Schema
    from app.services.clients import ClientPool
    from app.services.store_words import MainOverview

T = TypeVar("T")
OnProgress = Callable[[Progress], None]

_AT_ONCE = 20
# Schemas and rows fill memory and keep servers busy: fewer at a time.
_DEEP_AT_ONCE = 4
# Databases that nobody points to are asked what they are, but not without end.
MOST_DATABASES = 500
_SENTENCES = 8
_ACTIVITY = """/* list open connections */
SELECT datname, coalesce(application_name, ''), coalesce(usename, ''), count(*),
 count(*) FILTER (WHERE state LIKE 'idle in transaction%'),
 coalesce(max(extract(epoch FROM now() - state_change)) FILTER (WHERE state LIKE 'idle in transaction%'), 0)
FROM pg_catalog.pg_stat_activity
WHERE datname IS NOT NULL AND backend_type = 'client backend' AND coalesce(application_name, '') <> 'tenantry'
GROUP BY 1, 2, 3 ORDER BY 1, 2, 3"""


class Overviews(Protocol):
    """What is needed of ``Stores``."""

    async def overview(self, connection_id: str, *, is_fresh: bool = True) -> MainOverview: ...


class StoreScan:
    """``deep`` also reads the schema of each store and the rows that lead to users and workspaces; it can take long,
    tells how far it is, and may be cancelled at any time."""

    def __init__(self, stores: Overviews, clients: ClientPool) -> None:
        self._stores = stores
        self._clients = clients

    async def findings(
        self, connection_id: str, *, deep: bool = False, on_progress: OnProgress | None = None
    ) -> tuple[StoreFinding, ...]:
        """Raises NotFound without a main database, and what keeps that one from being read."""
        return findings_of(await self.facts(connection_id, deep=deep, on_progress=on_progress))

    async def facts(
        self, connection_id: str, *, deep: bool = False, on_progress: OnProgress | None = None
    ) -> StoreFacts:
        overview = await self._stores.overview(connection_id)
        client = cast("PostgresClient", await self._clients.get(connection_id))
        reading = _Reading(client, overview, on_progress or _ignore)
        return await reading.facts(deep)


class _Reading:
    """One pass over the stores of one main database."""

    def __init__(self, client: PostgresClient, overview: MainOverview, on_progress: OnProgress) -> None:
        self._client = client
        self._overview = overview
        self._on_progress = on_progress
        self._notes: list[str] = []
        found = (each.store.app_id for each in overview.workspaces if each.store is not None and each.store.is_readable)
        self._stores = tuple(dict.fromkeys(found))

    async def facts(self, deep: bool) -> StoreFacts:
        named = await self._each(self._stores, self._client.entity_names, "Reading the tables of stores")
        tables = {app_id: found for app_id, found in named.items() if not isinstance(found, KnownError)}
        failures = {app_id: found for app_id, found in named.items() if isinstance(found, KnownError)}
        reachable = tuple(tables)
        facts = StoreFacts(
            self._overview,
            tables={**await self._others(), **tables},
            failures={app_id: (error.sentence, error.remedy) for app_id, error in failures.items()},
            main_rows=await self._main_rows(),
            connections=await self._connections(),
            notes=tuple(self._notes),
        )
        return await self._deep(facts, reachable) if deep else facts

    async def _each(
        self, app_ids: Iterable[str], ask: Callable[[str], Awaitable[T]], text: str, at_once: int = _AT_ONCE
    ) -> dict[str, T | KnownError]:
        """Each asked once, some at a time; a failing one is in the answer."""
        ids = tuple(app_ids)
        found: dict[str, T | KnownError] = {}

        async def look(app_id: str) -> None:
            try:
                found[app_id] = await ask(app_id)
            except KnownError as error:
                found[app_id] = error
            self._on_progress(Progress(len(found), len(ids), f"{text}."))

        await for_each(ids, look, at_once)
        return {app_id: found[app_id] for app_id in ids}

    async def _others(self) -> dict[str, tuple[str, ...]]:
        """The tables of the server's other databases; one that may not be read is nobody's business."""
        listed = [each.app_id for each in await self._client.list_apps()]
        others = [each for each in listed if each not in self._stores and each != self._overview.app_id]
        if len(others) > MOST_DATABASES:
            more = counted(len(others) - MOST_DATABASES, "database")
            self._notes.append(f"{more} that nobody points to were not looked at.")
        found = await self._each(others[:MOST_DATABASES], self._client.entity_names, "Looking for stores left behind")
        return {app_id: tables for app_id, tables in found.items() if not isinstance(tables, KnownError)}

    async def _main_rows(self) -> dict[str, int]:
        """Rows of application tables in the main database, where they do not belong; -1 for too many to count."""
        if self._overview.mode != "hosted":
            return {}
        main = self._bulk(self._overview.app_id)
        names = [name for name, kind in self._overview.tables.items() if kind == "application"]
        counts = {name: await main.count(name, "TRUE", {}, limit=ROWS_COUNTED + 1) for name in names}
        return {name: -1 if count > ROWS_COUNTED else count for name, count in counts.items()}

    async def _connections(self) -> tuple[OpenConnections, ...]:
        """Of the server that the main database is on; what its role may not see is not counted."""
        main = self._bulk(self._overview.app_id)
        if main.dialect == "sqlite":
            return ()
        rows = await main.select(_ACTIVITY, doing="list the open connections")
        known = {self._overview.app_id, *self._stores}
        return tuple(
            OpenConnections(row[0], row[1], row[2], int(row[3]), int(row[4]), float(row[5]))
            for row in rows
            if row[0] in known
        )

    # Schemas and rows

    async def _deep(self, facts: StoreFacts, app_ids: tuple[str, ...]) -> StoreFacts:
        read = await self._each(app_ids, self._client.read_schema, "Comparing the schemas of stores", _DEEP_AT_ONCE)
        schemas = {app_id: each for app_id, each in read.items() if not isinstance(each, KnownError)}
        failed = {app_id: (each.sentence, each.remedy) for app_id, each in read.items() if isinstance(each, KnownError)}
        lost, notes = await self._dangling(schemas)
        return replace(
            facts,
            failures={**facts.failures, **failed},
            drifts=drifts_of(self._overview, schemas),
            dangling=lost,
            notes=(*facts.notes, *notes),
        )

    async def _dangling(self, schemas: Mapping[str, Schema]) -> tuple[tuple[Any, ...], tuple[str, ...]]:
        names, main = self._overview.map, self._bulk(self._overview.app_id)
        both = ((names.users, names.user_id), (names.workspaces, names.workspace_id))
        read = [await known_ids(main, entity, column) for entity, column in both]
        known: dict[str, KnownIds] = {each.entity: each for each in read if each is not None}
        notes = [
            f"{plain(each.entity, 60)} has too many rows to compare with."
            for each in known.values()
            if not each.is_complete
        ]
        structure = await self._client.read_schema(self._overview.app_id)
        done = 0

        def heard(entity: str, rows: int) -> None:
            nonlocal done
            done += rows
            self._on_progress(Progress(done, 0, f"Reading {plain(entity, 60)}: {counted(done, 'row')} so far."))

        async def ask(app_id: str) -> tuple[tuple[Any, ...], tuple[str, ...]]:
            columns = references_of(schemas[app_id], names, structure)
            return await dangling(self._bulk(app_id), columns, known, heard)

        found = await self._each(schemas, ask, "Looking for references that lead nowhere", _DEEP_AT_ONCE)
        lost: list[Any] = []
        for app_id, each in found.items():
            if isinstance(each, KnownError):
                notes.append(f"{plain(app_id, 60)} was not read to its end. {each.sentence}")
                continue
            lost += each[0]
            notes += each[1]
        return tuple(lost), tuple(notes)

    def _bulk(self, app_id: str) -> Bulk:
        from app.platforms.postgres.copying import Bulk

        return Bulk(self._client, app_id)


def drifts_of(overview: MainOverview, schemas: Mapping[str, Schema]) -> dict[str, Drift]:
    """The stores that differ from the largest group of alike ones, in what all of them should have: the application
    tables. Custom tables are a tenant's own."""
    from app.schema.cohorts import cohorts
    from app.schema.compare import compare

    shared = {app_id: _shared_part(overview, schema) for app_id, schema in schemas.items()}
    groups = cohorts((_ref(overview, app_id), schema.fingerprint()) for app_id, schema in shared.items())
    if len(groups) < 2:
        return {}
    siblings = tuple(each.app_id for each in groups[0].refs)
    wanted = shared[siblings[0]]
    found = {}
    for ref in (each for group in groups[1:] for each in group.refs):
        steps = compare(shared[ref.app_id], wanted).steps
        entities = tuple(dict.fromkeys(_entity(step.place, wanted, shared[ref.app_id]) for step in steps))
        sentences = [f"To be alike: {plain(step.describe())}" for step in steps[:_SENTENCES]]
        if len(steps) > _SENTENCES:
            sentences.append(f"And {counted(len(steps) - _SENTENCES, 'more step')}.")
        if steps:
            found[ref.app_id] = Drift(siblings, entities, tuple(sentences))
    return found


def _shared_part(overview: MainOverview, schema: Schema) -> Schema:
    from app.schema.model import Schema as Made

    names = set(application_tables((each.name for each in schema.entities), overview))
    return Made(
        tuple(each for each in schema.entities if each.name in names),
        tuple(each for each in schema.links if {each.forward.entity, each.reverse.entity} <= names),
    ).normalised()


def _entity(place: str, *schemas: Schema) -> str:
    """The entity of a step's place; entities of other schemas have a dot of their own."""
    names = {each.name for schema in schemas for each in schema.entities}
    return max((name for name in names if place == name or place.startswith(f"{name}.")), key=len, default=place)


def _ref(overview: MainOverview, app_id: str) -> AppRef:
    from app.core.refs import AppRef as Made

    return Made(overview.connection_id, app_id)


def _ignore(_progress: Progress) -> None:
    return
