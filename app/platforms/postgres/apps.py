"""Databases as apps: listing them, making one, dropping one."""

from __future__ import annotations

import os
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from app.core.errors import Conflict, FieldError, Invalid, KnownError, NotFound, Unsupported
from app.core.text import plain
from app.platforms.contract import LiveSchema, RemoteApp

from .dsn import Dsn, Place, is_absolute
from .limits import AUTOCOMMIT, READ, Limits
from .opening import make_file, remove_file
from .reading import asker

if TYPE_CHECKING:
    import sqlalchemy as sa

    from app.schema.compare import Plan
    from app.schema.model import Schema

    from .client import PostgresClient

NO_RENAMES: Final = "A database is known by its name: renaming it would lose what points to it."
_MAX_BYTES: Final = 63
_MAGIC: Final = b"SQLite format 3\0"
_SUFFIXES: Final = frozenset({".db", ".sqlite", ".sqlite3"})
# Copying the template of a new database can take a while on a slow disk.
_MAKING: Final = Limits(statement_timeout_s=300, is_write=True, is_autocommit=True)
# When the first file of a database was written; only some roles may look.
_LIST: Final = """/* list databases */
SELECT d.datname, shobj_description(d.oid, 'pg_database'),
  CASE WHEN has_function_privilege('pg_catalog.pg_stat_file(text, boolean)', 'EXECUTE')
    THEN extract(epoch FROM (pg_catalog.pg_stat_file('base/' || d.oid || '/PG_VERSION', true)).modification)::int8 END
FROM pg_catalog.pg_database d
WHERE d.datallowconn AND NOT d.datistemplate AND has_database_privilege(d.oid, 'CONNECT') ORDER BY d.datname"""


@dataclass(frozen=True, slots=True)
class _Database:
    name: str
    note: str = ""
    created_at: int = 0

    def as_app(self) -> RemoteApp:
        return RemoteApp(self.name, _title(self.name), self.created_at)


def own_place(client: PostgresClient, app_id: str) -> Place:
    """Of a database on the connection's own server, or a file next to its own. Raises NotFound."""
    own = client.own
    if not client.dsn.is_sqlite:
        return Place(own.dsn.with_database(app_id), own.password)
    if is_absolute(app_id) and Path(app_id).parent == Path(own.dsn.database).parent:
        return Place(own.dsn.with_database(app_id))
    raise NotFound(f"No store {plain(app_id, 80)} is known to this connection.")


async def list_apps(client: PostgresClient) -> tuple[RemoteApp, ...]:
    own = tuple(each.as_app() for each in await _databases(client))
    elsewhere = await _elsewhere(client)
    seen = {app.app_id for app in own}
    return (*own, *(RemoteApp(each, _title(each)) for each in elsewhere if each not in seen))


async def _elsewhere(client: PostgresClient) -> tuple[str, ...]:
    """What places know beside: a main database that cannot be understood takes nothing from the list."""
    known = getattr(client.places, "known", None)
    if known is None:
        return ()
    try:
        return tuple(await known())
    except KnownError:
        return ()


async def get_app(client: PostgresClient, app_id: str) -> RemoteApp:
    """Raises NotFound for a database that is not there; a store elsewhere is not asked whether it is up."""
    found = next((each for each in await _databases(client) if each.name == app_id), None)
    if found is not None:
        return found.as_app()
    if await client.place_of(app_id) == own_place_or_none(client, app_id):
        raise NotFound(f"There is no database {plain(app_id, 80)}.")
    return RemoteApp(app_id, _title(app_id))


def own_place_or_none(client: PostgresClient, app_id: str) -> Place | None:
    try:
        return own_place(client, app_id)
    except NotFound:
        return None


async def create_app(client: PostgresClient, title: str, *, app_id: str, schema: Schema | None) -> RemoteApp:
    """A schema that a database cannot have is refused before one is made."""
    if schema is not None:
        _ensure_possible(client, schema)
    if client.dsn.is_sqlite:
        name = await _create_file(client, title, app_id)
    else:
        name = await _create_database(client, title, app_id)
    if schema is not None:
        live = await client.read_live(name)
        await client.send_plan(name, live, _plan(client, live.schema, schema))
    return await get_app(client, name)


def _ensure_possible(client: PostgresClient, schema: Schema) -> None:
    from app.schema.model import Schema

    from .catalog import OLDEST
    from .live_names import Native
    from .steps import steps_of

    empty = LiveSchema(Schema(), "", Native(version=0 if client.dsn.is_sqlite else OLDEST))
    steps_of(empty, _plan(client, empty.schema, schema), client.dialect)


def _plan(client: PostgresClient, live: Schema, wanted: Schema) -> Plan:
    from app.schema.compare import compare
    from app.schema.formats.sql_form import canonical

    return compare(live, canonical(wanted, client.dialect))


async def delete_app(client: PostgresClient, app_id: str) -> None:
    _ensure_deletable(client, app_id)
    place = await client.place_of(app_id)
    if place != own_place_or_none(client, app_id):
        raise Unsupported(f"{plain(app_id, 80)} is on another server: it is deleted there.")
    if client.dsn.is_sqlite:
        await client.engines.run(place, _is_free, doing=f"delete {_file(app_id)}", limits=AUTOCOMMIT)
        remove_file(app_id)
        return

    def drop(connection: sa.Connection) -> None:
        tell(connection)(f"DROP DATABASE {_quoted(app_id)}")

    await client.engines.run(client.own, drop, doing=f"delete the database {plain(app_id, 80)}", limits=_MAKING)


def _ensure_deletable(client: PostgresClient, app_id: str) -> None:
    if app_id in (client.dsn.database, client.connection.foundation_app_id):
        raise Unsupported("The main database of a connection is never deleted from here.")
    if not client.dsn.is_sqlite and app_id in {"postgres", "template0", "template1"}:
        raise Unsupported(f"The database {plain(app_id, 80)} belongs to the server itself.")


def _is_free(connection: sa.Connection) -> None:
    """Raises where someone else is writing."""
    connection.exec_driver_sql("BEGIN EXCLUSIVE")
    connection.exec_driver_sql("ROLLBACK")


def tell(connection: sa.Connection) -> Callable[[str], None]:
    """Sends statements without parameters, whatever signs are in them."""

    def send(statement: str) -> None:
        connection.exec_driver_sql(statement, execution_options={"no_parameters": True})

    return send


async def _databases(client: PostgresClient) -> list[_Database]:
    if client.dsn.is_sqlite:
        return [_Database(name) for name in _files(client.dsn)]

    def work(connection: sa.Connection) -> list[_Database]:
        return [_Database(row[0], row[1] or "", row[2] or 0) for row in asker(connection)(_LIST)]

    return await client.engines.run(client.own, work, doing="list the databases", limits=READ)


def _files(dsn: Dsn) -> list[str]:
    """Its own file first, then the SQLite files next to it."""
    own = Path(dsn.database)
    if not os.path.isfile(own):
        raise NotFound(f"There is no SQLite file {plain(dsn.database)}.", remedy="Check the path of the connection.")
    others = [each for each in own.parent.iterdir() if each.suffix in _SUFFIXES and each != own and _is_sqlite(each)]
    return [str(own), *sorted(str(each) for each in others)]


def _is_there(path: Path) -> bool:
    """False also for a name that no file can have, where ``Path.exists`` raises."""
    return os.path.exists(path)


def _is_sqlite(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            return file.read(len(_MAGIC)) == _MAGIC
    except OSError:
        return False


async def _create_database(client: PostgresClient, title: str, app_id: str) -> str:
    name = _checked(title)
    note = f"tenantry {app_id}"
    existing = {each.name: each.note for each in await _databases(client)}
    if name in existing:
        if existing[name] == note or app_id == name:
            return name
        raise _taken(name)

    def work(connection: sa.Connection) -> None:
        send = tell(connection)
        send(f"CREATE DATABASE {_quoted(name)}")
        # Tells a repeat that this is the database which the first try made.
        send(f"COMMENT ON DATABASE {_quoted(name)} IS {_literal(note)}")

    await client.engines.run(client.own, work, doing=f"create the database {plain(name, 80)}", limits=_MAKING)
    return name


async def _create_file(client: PostgresClient, title: str, app_id: str) -> str:
    name = _checked(title)
    if "/" in name or "\\" in name or name.startswith("."):
        raise _wrong("The name of a SQLite file has no slashes, and does not begin with a dot.")
    file = name if Path(name).suffix in _SUFFIXES else f"{name}.db"
    path = Path(client.dsn.database).parent / file
    mark = zlib.crc32(app_id.encode()) & 0x7FFFFFFF

    def work(connection: sa.Connection) -> None:
        connection.exec_driver_sql(f"PRAGMA application_id={mark}")

    def marked(connection: sa.Connection) -> bool:
        return bool(connection.exec_driver_sql("PRAGMA application_id").scalar() == mark)

    place = Place(client.dsn.with_database(str(path)))
    doing = f"create the file {plain(file, 80)}"
    if _is_there(path):
        if app_id == str(path) or await client.engines.run(place, marked, doing=doing):
            return str(path)
        raise _taken(file)
    client.engines.ensure_writable(doing)
    try:
        make_file(path)
    except OSError as error:
        raise Invalid(f"Could not {doing}: {error.strerror}.", remedy="Check the folder of the connection.") from None
    await client.engines.run(place, work, doing=doing, limits=AUTOCOMMIT)
    return str(path)


def _checked(title: str) -> str:
    name = title.strip()
    if not name or "\0" in name:
        raise _wrong("A database needs a name.")
    if len(name.encode()) > _MAX_BYTES:
        raise _wrong(f"The name of a database has at most {_MAX_BYTES} bytes.")
    return name


def _wrong(sentence: str) -> Invalid:
    return Invalid(sentence, fields=(FieldError("title", sentence),), remedy="Choose another name.")


def _taken(name: str) -> Conflict:
    return Conflict(f"There is a database {plain(name, 80)} already.", remedy="Choose another name.")


def _title(app_id: str) -> str:
    return _file(app_id).removesuffix(".db") if is_absolute(app_id) else app_id


def _file(path: str) -> str:
    return path.replace("\\", "/").rpartition("/")[2]


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
