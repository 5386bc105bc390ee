"""What a move would do, worked out from both databases as they are now; writes nothing."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, cast

from app.core.errors import FieldError, Invalid, NotFound
from app.core.text import plain
from app.core.words import counted
from app.platforms.postgres.belonging import AllRows, Belonging, ByMember, ByParent, OwnColumn, condition, name
from app.platforms.postgres.belonging import table as sql_table
from app.platforms.traits import traits_of
from app.services.store_copy import CopyTable
from app.services.store_move_plan import Chosen, Layout, Way, laid_out, member_column
from app.services.store_move_words import MoveTable

if TYPE_CHECKING:
    from app.core.connection import Connection
    from app.core.secret import Secret
    from app.platforms.postgres.belonging import TableShape
    from app.platforms.postgres.client import PostgresClient
    from app.platforms.postgres.copying import Bulk
    from app.platforms.postgres.dsn import Dsn
    from app.schema.model import Entity, Link, Schema
    from app.services.clients import ClientPool
    from app.services.store_words import MainOverview, Workspace

# Rows that stand in the way are counted up to here: more says no more.
_ENOUGH = 1_000


class Overviews(Protocol):
    """What is needed of ``Stores``."""

    async def overview(self, connection_id: str, *, is_fresh: bool = True) -> MainOverview: ...


@dataclass(frozen=True)
class Prepared:
    """One workspace of one main database, ready to be read. ``shapes`` are by entity."""

    connection: Connection
    overview: MainOverview
    workspace: Workspace
    main: PostgresClient
    source: Bulk
    structure: Schema
    layout: Layout
    shapes: Mapping[str, TableShape]

    @property
    def values(self) -> dict[str, Any]:
        return {"workspace": self.workspace.id}

    def where(self, table: Chosen) -> str:
        assert table.belonging is not None
        return condition(table.belonging, table.entity, self.shapes, self.source.dialect)

    def copy_table(self, table: Chosen, target: TableShape) -> CopyTable:
        return CopyTable(table.entity, self.shapes[table.entity], target, self.where(table))

    async def count(self, table: Chosen) -> int:
        return await self.source.count(table.entity, self.where(table), self.values)


async def prepared(
    stores: Overviews,
    clients: ClientPool,
    connection: Connection,
    workspace_id: str,
    ways: Mapping[str, Way] | None,
    *,
    is_again: bool = False,
) -> Prepared:
    """``is_again``: ``ways`` are of a move that was begun, and tables that came later stay.

    Raises NotFound for a workspace that is not there, and what keeps the main database from being read.
    """
    from app.platforms.postgres.copying import Bulk

    overview = await stores.overview(connection.id)
    workspace = next((each for each in overview.workspaces if each.id == workspace_id), None)
    if workspace is None:
        raise NotFound(f"There is no workspace {plain(workspace_id, 60)} in {plain(connection.label, 60)}.")
    main = cast("PostgresClient", await clients.get(connection.id))
    structure = await main.read_schema(overview.app_id)
    known = {each: overview.tables.get(each, "other") for each in ways or {}} if is_again else overview.tables
    layout = laid_out(structure, overview.map, known, ways)
    source = Bulk(main, overview.app_id)
    wanted = [each.entity for each in layout.moved]
    shapes = await source.shapes([*wanted, *({layout.members} - {""})])
    return Prepared(connection, overview, workspace, main, source, structure, layout, shapes)


@asynccontextmanager
async def opened(
    clients: ClientPool, connection: Connection, target: Dsn, password: Secret | None
) -> AsyncIterator[tuple[PostgresClient, Bulk]]:
    """The store that a move leads to, by a client of its own: nothing points to it yet."""
    from app.platforms.postgres.copying import Bulk

    place = replace(connection, base_url=target.to_text(), foundation_app_id=None, is_builtin=False)
    client = cast("PostgresClient", await clients.temporary(place, password, None))
    try:
        yield client, Bulk(client, target.database)
    finally:
        await client.aclose()


async def is_missing(main: PostgresClient, target: Dsn) -> bool:
    """Whether the database has to be made, and can be: on the main database's own server, or beside its file."""
    if target.is_sqlite:
        beside = Path(target.database).parent == Path(main.dsn.database).parent
        return beside and not await asyncio.to_thread(Path(target.database).exists)
    if target.server != main.dsn.server:
        return False
    return target.database not in {each.app_id for each in await main.list_apps()}


async def move_tables(world: Prepared) -> tuple[MoveTable, ...]:
    found = []
    for each in world.layout.tables:
        shape = world.shapes.get(each.entity)
        rows = await world.count(each) if each.is_moved else 0
        has_key = shape is None or bool(shape.key)
        found.append(MoveTable(each.entity, each.way, rows, each.sentence, each.choices, has_key))
    return tuple(found)


# What stands in the way


def ensure_acceptable(world: Prepared, target: Dsn, app_id: str) -> None:
    """Raises Invalid with the field ``base_url``."""
    kind = "a SQLite file" if world.main.dsn.is_sqlite else "a PostgreSQL database"
    message = ""
    if target.is_sqlite != world.main.dsn.is_sqlite:
        message = f"The main database is {kind}, and so are its stores."
    elif world.workspace.store is not None and world.workspace.store.app_id == app_id:
        message = "The workspace points to this store already: its rows there could not be told from those to copy."
    elif app_id == world.overview.app_id:
        message = "This is the main database itself: a store is another one."
    else:
        others = [each for each in world.overview.workspaces if each.id != world.workspace.id]
        owner = next((each for each in others if each.store is not None and each.store.app_id == app_id), None)
        if owner is not None:
            message = f"This is the store of {plain(owner.name, 60)}: each workspace has a store of its own."
    if message:
        raise Invalid(message, fields=(FieldError("base_url", message),))


async def refusals(world: Prepared) -> AsyncIterator[str]:
    for each in world.layout.tables:
        if not each.way:
            yield each.sentence
    if not world.layout.moved:
        yield "No table of the main database has rows that can be told to be this workspace's."
    async for sentence in _straddling(world):
        yield sentence
    for entity in world.layout.schema.entities:
        for attribute in entity.attributes:
            if "nextval(" in (attribute.default or ""):
                place = f"{plain(entity.name, 60)}.{plain(attribute.name, 60)}"
                yield f"{place} takes its numbers from a sequence of its own, which a store would not have."


async def _straddling(world: Prepared) -> AsyncIterator[str]:
    """Rows of this workspace that lead to rows of another: a store could not hold the one without the other."""
    ways = {each.entity: each for each in world.layout.moved}
    for link in world.layout.schema.links:
        child, parent = ways[link.forward.entity], ways[link.reverse.entity]
        if isinstance(parent.belonging, AllRows) or _is_followed(child.belonging, link):
            continue
        rows = await world.source.count(
            child.entity, f"{world.where(child)} AND {_leads_out(world, link, parent)}", world.values, _ENOUGH
        )
        if rows:
            many = f"{counted(rows, 'row')}" if rows < _ENOUGH else f"{_ENOUGH:,} rows or more"
            columns = ", ".join(plain(here, 60) for here, _there in link.columns)
            yield (
                f"{many} of {plain(child.entity, 60)} lead by {columns} to rows of {plain(parent.entity, 60)} "
                "that are not this workspace's. Mend them first, or leave one of the tables."
            )


def _is_followed(belonging: Belonging | None, link: Link) -> bool:
    return (
        isinstance(belonging, ByParent)
        and belonging.parent == link.reverse.entity
        and belonging.columns == link.columns
    )


def _leads_out(world: Prepared, link: Link, parent: Chosen) -> str:
    assert parent.belonging is not None
    dialect = world.source.dialect
    filled = " AND ".join(f"t0.{name(here)} IS NOT NULL" for here, _there in link.columns)
    on = " AND ".join(f"q1.{name(there)} = t0.{name(here)}" for here, there in link.columns)
    inner = condition(parent.belonging, parent.entity, world.shapes, dialect, "q1")
    return f"{filled} AND NOT EXISTS (SELECT 1 FROM {sql_table(parent.entity, dialect)} AS q1 WHERE {on} AND {inner})"  # noqa: S608 names are quoted, values bound


async def target_refusals(world: Prepared, client: PostgresClient, target: Bulk) -> tuple[str, ...]:
    """What of an existing store stands in the way: tables that are different, or have rows already."""
    live = await client.read_live(target.app_id)
    form = traits_of(world.connection).canonical
    found = []
    for entity in form(world.layout.schema).entities:
        there = live.schema.entity(entity.name)
        if there is None:
            continue
        if not same_table(there, entity):
            found.append(f"The store has a table {plain(entity.name, 60)} already, with other columns.")
        elif await target.count(entity.name, "TRUE", {}, 1):
            found.append(f"The table {plain(entity.name, 60)} of the store has rows already.")
    return tuple(found)


def same_table(one: Entity, other: Entity) -> bool:
    """Columns alike; indexes and checks beyond them do no harm."""
    return {(each.name, each.type) for each in one.attributes} == {(each.name, each.type) for each in other.attributes}


# What is to be known


async def warnings(world: Prepared) -> AsyncIterator[str]:
    for each in world.layout.tables:
        if each.way == "leave" and world.overview.tables.get(each.entity) == "application":
            yield f"{each.sentence} It cannot be reached there in hosted mode."
        if each.is_moved and not world.shapes[each.entity].key:
            yield f"{plain(each.entity, 60)} has no primary key: after a stop its copy is begun anew."
        async for sentence in _without_workspace(world, each):
            yield sentence
    if any(isinstance(each.belonging, ByMember) for each in world.layout.moved):
        async for sentence in _in_several(world):
            yield sentence
    for entity in world.layout.schema.entities:
        if dict(entity.extra).get("row_security") == "true":
            yield f"Row-level security of {plain(entity.name, 60)} goes along, its policies do not: write them there."
    if world.workspace.store is not None:
        where = plain(world.workspace.store.app_id or "one that cannot be read", 80)
        yield f"The workspace has a store already ({where}): in the end it points to the new one instead."


async def _without_workspace(world: Prepared, table: Chosen) -> AsyncIterator[str]:
    belonging = table.belonging
    columns = (
        (belonging.column,)
        if isinstance(belonging, OwnColumn | ByMember)
        else tuple(here for here, _there in belonging.columns)
        if isinstance(belonging, ByParent)
        else ()
    )
    entity = world.structure.entity(table.entity)
    parts = [entity.attribute(each) for each in columns] if entity else []
    if columns and not all(each is not None and each.is_required for each in parts):
        where = " OR ".join(f"t0.{name(each)} IS NULL" for each in columns)
        rows = await world.source.count(table.entity, where, {}, _ENOUGH)
        if rows:
            many = counted(rows, "row") if rows < _ENOUGH else f"{_ENOUGH:,} rows or more"
            yield f"{many} of {plain(table.entity, 60)} have nothing in {', '.join(columns)}: nobody's, they stay."


async def _in_several(world: Prepared) -> AsyncIterator[str]:
    names = world.overview.map
    user, workspace = name(member_column(world.structure, names)), name(names.member_workspace)
    members = sql_table(names.workspace_users, world.source.dialect)
    of = condition(OwnColumn(names.member_workspace), names.workspace_users, world.shapes, world.source.dialect)
    other = f"EXISTS (SELECT 1 FROM {members} AS o WHERE o.{user} = t0.{user} AND o.{workspace} <> t0.{workspace})"  # noqa: S608 names are quoted
    rows = await world.source.count(names.workspace_users, f"{of} AND {other}", world.values, _ENOUGH)
    if rows:
        tables = ", ".join(
            plain(each.entity, 60) for each in world.layout.moved if isinstance(each.belonging, ByMember)
        )
        yield (
            f"{counted(rows, 'member')} of this workspace {'is' if rows == 1 else 'are'} in other workspaces too: "
            f"all of their rows of {tables} go along."
        )


def sentences(world: Prepared, target: Dsn, creates: bool, rows: int) -> tuple[str, ...]:
    moved = world.layout.moved
    found = [f"A new database {plain(target.database, 80)} is made."] if creates else []
    found.append(f"{counted(len(moved), 'table')} are made there, as they are in the main database.")
    if world.layout.left_out:
        links = _listed(world.layout.left_out)
        found.append(f"Foreign keys to what stays in the main database are left out: {links}.")
    order = ", ".join(plain(each.entity, 60) for each in moved)
    found += [
        f"{counted(rows, 'row')} are copied in batches, parents first: {order}.",
        "Counts and checksums of each table are compared; only if all agree, the workspace points to the new store.",
        "Triggers, views and functions are not copied: write them there yourself if the application needs them.",
        "The old rows stay in the main database until you ask for their removal.",
        "What is written to these tables during the move can be missed: let the workspace rest meanwhile.",
    ]
    if world.overview.mode == "local":
        found.append("The application reads the store only in hosted mode (APP_MODE=hosted); now it is local.")
    return tuple(found)


def _listed(links: Sequence[Link]) -> str:
    shown = [
        f"{plain(each.forward.entity, 60)}.{', '.join(plain(here, 60) for here, _there in each.columns)} → "
        f"{plain(each.reverse.entity, 60)}"
        for each in links
    ]
    return ", ".join(shown[:8]) + (f" and {counted(len(shown) - 8, 'other')}" if len(shown) > 8 else "")


async def gathered(found: AsyncIterator[str]) -> tuple[str, ...]:
    return tuple([each async for each in found])
