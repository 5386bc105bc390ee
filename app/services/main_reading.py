"""Reading a main database: a few questions, however many workspaces there are."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

from app.core.secret import Secret
from app.platforms.postgres.dsn import Dsn, store_id
from app.services.main_database import classified, introspected, notes_on
from app.services.main_map import SYSTEM_TABLES, MainMap, MainSettings, OwnStore
from app.services.main_mode import SaidMode, said_mode
from app.services.main_rows import with_rows_in_main
from app.services.registry import seconds
from app.services.store_pointers import Pointer, read_pointer, reference_problem
from app.services.store_words import MainOverview, StoreRow, TableKind, Workspace

if TYPE_CHECKING:
    from app.platforms.contract import SqlClient
    from app.schema.model import Schema

PAGE = 2_000
# More workspaces than this are not read to their end.
_MOST_PAGES = 500
_AT_ONCE = 100
Row = dict[str, Any]


@dataclass(frozen=True)
class KnownStore:
    """Where a store is. ``vaults`` are the workspaces under which its password is in the vault."""

    dsn: Dsn
    password: Secret | None = field(default=None, repr=False)
    vaults: tuple[str, ...] = ()


@dataclass(frozen=True)
class MainReading:
    """What was read. ``keys`` are the workspaces' IDs as the database has them, ``rows`` the pointer rows of each."""

    overview: MainOverview
    schema: Schema
    keys: Mapping[str, Any]
    rows: Mapping[str, tuple[Row, ...]] = field(repr=False)
    pointers: Mapping[str, Pointer] = field(repr=False)
    stores: Mapping[str, KnownStore] = field(repr=False)
    provider: str = ""

    @cached_property
    def by_id(self) -> Mapping[str, Workspace]:
        return {each.id: each for each in self.overview.workspaces}


async def read_main(
    client: SqlClient,
    connection_id: str,
    app_id: str,
    own: Dsn,
    settings: MainSettings,
    now: float,
    environ: Mapping[str, str] | None = None,
) -> MainReading:
    """``own`` is the connection's address: stores are named as seen from there. Raises what the client raises."""
    schema = await client.read_schema(app_id)
    names = settings.over(introspected(schema, _said_tables(settings)))
    tables = classified(schema, names)
    named, counts, rows = await asyncio.gather(
        _all(_rows(client, app_id, schema, names.workspaces, _workspace_columns(names))),
        _counts(client, app_id, schema, names),
        _pointer_rows(client, app_id, schema, names),
    )
    keys = {_text(row[names.workspace_id]): row[names.workspace_id] for row in named}
    read: dict[str, tuple[Row, Pointer]] = {}
    for workspace, each in rows.items():
        read[workspace] = _best(each, names)
        await _breath(len(read))
    stores: dict[str, KnownStore] = {}
    workspaces: list[Workspace] = []
    for row in named:
        await _breath(len(workspaces))
        key = _text(row[names.workspace_id])
        pointed = read.get(key)
        store, known = _store(key, pointed, settings, own, names)
        if store is not None and known is not None:
            before = stores.get(store.app_id)
            stores[store.app_id] = _both(before, known) if before else known
        workspaces.append(_workspace(key, row, names, counts, store, len(rows.get(key, ()))))
    mode = await said_mode(
        settings, own.with_database(app_id) if not own.is_sqlite else own, tables, len(read), environ
    )
    if mode.mode == "hosted":
        workspaces = await _told_apart(client, app_id, schema, names, tables, workspaces, mode)
    overview = MainOverview(
        connection_id=connection_id,
        app_id=app_id,
        mode=mode.mode,
        mode_source=mode.source,
        mode_note=mode.note,
        map=names,
        tables=tables,
        workspaces=tuple(workspaces),
        read_at=now,
        notes=(*notes_on(names), *_pointer_notes(workspaces)),
        columns={each.name: tuple(part.name for part in each.attributes) for each in schema.entities},
        env_folder=settings.env_folder,
    )
    pointers = {key: pointer for key, (_row, pointer) in read.items()}
    return MainReading(overview, schema, keys, rows, pointers, stores, _common(rows, names))


async def _told_apart(
    client: SqlClient,
    app_id: str,
    schema: Schema,
    names: MainMap,
    tables: Mapping[str, TableKind],
    workspaces: list[Workspace],
    mode: SaidMode,
) -> list[Workspace]:
    """Those without a store whose rows are where they were before there were stores. Where no table says whose its rows
    are, and nobody says that all is hosted, that is so of all of them."""
    if all(each.store is not None for each in workspaces) or "application" not in tables.values():
        return workspaces
    found = await with_rows_in_main(client, app_id, schema, names, tables)
    is_guessed = found is None and mode.source == "guessed"
    in_main = frozenset(each.id for each in workspaces) if is_guessed else found or frozenset()
    return [
        replace(each, is_in_main=True) if each.store is None and each.id in in_main else each for each in workspaces
    ]


async def _breath(count: int) -> None:
    """Ten thousand rows do not hold up what else the engine does."""
    if count % _AT_ONCE == 0:
        await asyncio.sleep(0)


def _said_tables(settings: MainSettings) -> dict[str, str]:
    return {name: table for name, table in settings.names.items() if name in SYSTEM_TABLES}


def _workspace_columns(names: MainMap) -> tuple[str, ...]:
    return tuple(filter(None, (names.workspace_id, names.workspace_name, names.workspace_created_at)))


async def _all(rows: AsyncIterator[Row]) -> list[Row]:
    return [row async for row in rows]


async def _rows(
    client: SqlClient, app_id: str, schema: Schema, table: str, columns: Sequence[str]
) -> AsyncIterator[Row]:
    """All rows of these columns; none where the table or its first column is not there."""
    entity = schema.entity(table) if table else None
    if entity is None or not columns:
        return
    there = [each for each in dict.fromkeys(columns) if entity.attribute(each) is not None]
    if columns[0] not in there:
        return
    after: Any = None
    for _page in range(_MOST_PAGES):
        page = await client.rows(app_id, table, columns=there, after=after, limit=PAGE)
        for values in page.rows:
            yield dict(zip(page.columns, values, strict=True))
        after = page.next_key
        if after is None:
            return


async def _counts(client: SqlClient, app_id: str, schema: Schema, names: MainMap) -> dict[str, dict[str, int]]:
    """By kind of what is counted, then by workspace; a kind without a table is left out."""
    asked = {
        "members": (names.workspace_users, names.member_workspace),
        "roles": (names.roles, names.role_workspace),
        "teams": (names.teams, names.team_workspace),
        "invites": (names.workspace_invites, names.invite_workspace),
    }
    there = {
        kind: (table, column)
        for kind, (table, column) in asked.items()
        if table and column and (entity := schema.entity(table)) is not None and entity.attribute(column) is not None
    }
    answers = await asyncio.gather(*(client.counts_by(app_id, table, column) for table, column in there.values()))
    return {
        kind: {_text(key): count for key, count in counted.items()}
        for kind, counted in zip(there, answers, strict=True)
    }


async def _pointer_rows(client: SqlClient, app_id: str, schema: Schema, names: MainMap) -> dict[str, tuple[Row, ...]]:
    entity = schema.entity(names.workspace_apps) if names.workspace_apps else None
    if entity is None or not names.app_workspace:
        return {}
    columns = (names.app_workspace, *(each.name for each in entity.attributes if each.name != names.app_workspace))
    found: dict[str, list[Row]] = {}
    async for row in _rows(client, app_id, schema, names.workspace_apps, columns):
        if row[names.app_workspace] is not None:
            found.setdefault(_text(row[names.app_workspace]), []).append(row)
    return {workspace: tuple(rows) for workspace, rows in found.items()}


def _best(rows: Sequence[Row], names: MainMap) -> tuple[Row, Pointer]:
    """The first row that can be read, else the first that says why not, else the first."""
    read = [(row, read_pointer(row, names)) for row in rows]
    readable = next((each for each in read if each[1].dsn is not None), None)
    return readable or next((each for each in read if each[1].problem), read[0])


def _store(
    workspace: str, pointed: tuple[Row, Pointer] | None, settings: MainSettings, own: Dsn, names: MainMap
) -> tuple[StoreRow | None, KnownStore | None]:
    row, pointer = pointed or ({}, Pointer())
    record = _text(row.get(names.app_record)) if names.app_record else ""
    provider = _text(row.get(names.app_provider)) if names.app_provider else ""
    is_vaulted = workspace in settings.vaulted
    if pointer.dsn is None:
        mine = settings.stores.get(workspace)
        if mine is not None:
            return _own(workspace, mine, own, is_vaulted)
        return (StoreRow("", "", "none", record, pointer.problem, provider), None) if pointer.problem else (None, None)
    return _readable(workspace, pointer, record, provider, own, is_vaulted)


def _readable(
    workspace: str, pointer: Pointer, record: str, provider: str, own: Dsn, is_vaulted: bool
) -> tuple[StoreRow, KnownStore]:
    assert pointer.dsn is not None
    is_in_vault = is_vaulted and pointer.password is None
    problem = "" if is_in_vault else reference_problem(pointer)
    if pointer.is_ours and not is_vaulted:
        problem = "The row says that a Tenantry's vault has the password, but this one's has not: set it here."
    store = StoreRow(
        app_id=store_id(pointer.dsn, own),
        dsn_text=pointer.dsn.to_text(),
        secret_place="vault" if is_in_vault else pointer.secret_place,
        record_id=record,
        problem=problem,
        provider=provider,
    )
    return store, KnownStore(pointer.dsn, pointer.password, (workspace,) if is_in_vault else ())


def _own(workspace: str, mine: OwnStore, own: Dsn, is_vaulted: bool) -> tuple[StoreRow, KnownStore]:
    dsn, _password = Dsn.parse(mine.dsn_text)
    store = StoreRow(store_id(dsn, own), mine.dsn_text, "vault" if is_vaulted else "none", is_own=True)
    return store, KnownStore(dsn, None, (workspace,) if is_vaulted else ())


def _both(one: KnownStore, other: KnownStore) -> KnownStore:
    """Two workspaces on one store: the first password that is known."""
    if one.password or not other.password:
        return KnownStore(one.dsn, one.password, (*one.vaults, *other.vaults))
    return KnownStore(other.dsn, other.password, (*one.vaults, *other.vaults))


def _workspace(
    key: str,
    row: Row,
    names: MainMap,
    counts: Mapping[str, Mapping[str, int]],
    store: StoreRow | None,
    pointers: int,
) -> Workspace:
    numbers = {kind: counted.get(key, 0) for kind, counted in counts.items()}
    return Workspace(
        id=key,
        name=_text(row.get(names.workspace_name)) if names.workspace_name else "",
        members=numbers.get("members", -1),
        roles=numbers.get("roles", -1),
        teams=numbers.get("teams", -1),
        invites=numbers.get("invites", -1),
        store=store,
        created_at=_seconds(row.get(names.workspace_created_at)) if names.workspace_created_at else 0,
        pointers=pointers,
    )


def _pointer_notes(workspaces: Sequence[Workspace]) -> tuple[str, ...]:
    sealed = Counter(each.store.problem for each in workspaces if each.store is not None and not each.store.app_id)
    return tuple(
        f"{count} {'workspace' if count == 1 else 'workspaces'}: {problem}" for problem, count in sealed.most_common(5)
    )


def _common(rows: Mapping[str, Sequence[Row]], names: MainMap) -> str:
    """What most rows have for a provider."""
    if not names.app_provider:
        return ""
    found = Counter(_text(row.get(names.app_provider)) for each in rows.values() for row in each)
    return found.most_common(1)[0][0] if found else ""


def _seconds(value: Any) -> int:
    """Numbers are milliseconds, as JavaScript counts them, where they are too large for seconds."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return int(value / 1000) if value > 100_000_000_000 else int(value)
    return seconds(value)


def _text(value: Any) -> str:
    return "" if value is None else str(value)
