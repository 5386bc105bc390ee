"""Reading what a database is made of: in one transaction, through whichever connection is there."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING, Any, Final

from app.platforms.contract import LiveSchema, TableSize
from app.schema.formats.sql_names import Dialect, entity_name
from app.schema.model import Schema

from . import catalog, sqlite_catalog
from .catalog import Ask
from .limits import READ, SNAPSHOT, Limits
from .live_names import Native

if TYPE_CHECKING:
    import sqlalchemy as sa

    from .client import PostgresClient

_READ: Final = "read the schema"
_AT_ONCE: Final = 1000


async def read_schema(client: PostgresClient, app_id: str) -> Schema:
    return (await _read(client, app_id))[0]


async def read_live(client: PostgresClient, app_id: str) -> LiveSchema:
    def work(connection: sa.Connection) -> LiveSchema:
        return read_through(_raw(connection), asker(connection))

    return await client.engines.run(await client.place_of(app_id), work, doing=_READ, limits=SNAPSHOT)


async def _read(client: PostgresClient, app_id: str) -> tuple[Schema, Native]:
    def work(connection: sa.Connection) -> tuple[Schema, Native]:
        return _schema(asker(connection), _raw(connection))

    return await client.engines.run(await client.place_of(app_id), work, doing=_READ, limits=SNAPSHOT)


def read_through(raw: Any, ask: Ask | None = None) -> LiveSchema:
    """Through a driver's own connection, within the transaction that it is in; the ``search_path`` has to be public."""
    from app.schema.formats.sql_form import canonical

    schema, native = _schema(ask or _raw_asker(raw), raw)
    dialect: Dialect = "sqlite" if isinstance(raw, sqlite3.Connection) else "postgresql"
    found = canonical(schema, dialect)
    return LiveSchema(found, found.fingerprint(), native)


def _schema(ask: Ask, raw: Any) -> tuple[Schema, Native]:
    if isinstance(raw, sqlite3.Connection):
        return sqlite_catalog.read(ask), Native()
    from . import reflect

    return reflect.schema_of(catalog.read(ask, raw.info.server_version))


async def entity_names(client: PostgresClient, app_id: str) -> tuple[str, ...]:
    def work(connection: sa.Connection) -> tuple[str, ...]:
        question = sqlite_catalog.NAMES if _is_file(connection) else catalog.NAMES
        return tuple(sorted(entity_name(row[0], row[1]) for row in asker(connection)(question)))

    return await client.engines.run(await client.place_of(app_id), work, doing="read the names of tables", limits=READ)


async def sizes(client: PostgresClient, app_id: str) -> tuple[TableSize, ...]:
    def work(connection: sa.Connection) -> tuple[TableSize, ...]:
        if _is_file(connection):
            return sqlite_catalog.sizes(asker(connection))
        rows = asker(connection)(catalog.SIZES)
        return tuple(sorted((TableSize(entity_name(s, t), n, b) for s, t, n, b in rows), key=lambda each: each.entity))

    place = await client.place_of(app_id)
    return await client.engines.run(place, work, doing="read the sizes of tables", limits=Limits(120))


def asker(connection: sa.Connection) -> Ask:
    """Statements without parameters, whatever signs are in them."""

    def ask(statement: str) -> Any:
        result = connection.exec_driver_sql(statement, execution_options={"no_parameters": True})
        # In parts: the driver makes rows without letting other threads run.
        return [row for part in result.partitions(_AT_ONCE) for row in part]

    return ask


def _raw_asker(raw: Any) -> Ask:
    return lambda statement: raw.execute(statement).fetchall()


def _raw(connection: sa.Connection) -> Any:
    return connection.connection.dbapi_connection


def _is_file(connection: sa.Connection) -> bool:
    return connection.dialect.name == "sqlite"
