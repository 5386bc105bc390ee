"""What the local database holds, by kind. All methods are synchronous and may be called from any thread."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from sqlalchemy import bindparam, delete, func, select, update
from sqlalchemy.dialects.sqlite import insert

from app.core.apps import AppSummary
from app.core.connection import Connection
from app.core.errors import Conflict, NotFound
from app.core.refs import AppRef
from app.core.status import ConnectionStatus

from . import rows, tables
from .database import Database


def _storable(text: str) -> str:
    """Text of a server without what SQLite cannot keep: half characters and NUL."""
    return text.encode("utf-8", "replace").decode("utf-8").replace("\x00", "")


class ConnectionStore:
    """The configured connections, in the operator's order, the built-in one first."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def all(self) -> tuple[Connection, ...]:
        with self._database.read() as connection:
            return tuple(map(rows.connection_of, connection.exec_driver_sql(rows.SELECT_CONNECTIONS)))

    def get(self, connection_id: str) -> Connection | None:
        columns = [tables.connections.c[name] for name in rows.CONNECTION_COLUMNS]
        with self._database.read() as connection:
            row = connection.execute(select(*columns).where(tables.connections.c.id == connection_id)).one_or_none()
        return None if row is None else rows.connection_of(row)

    def add(self, new: Connection) -> None:
        """Put it last; raises Conflict when its ID is there already."""
        table = tables.connections
        with self._database.write() as connection:
            if connection.execute(select(table.c.id).where(table.c.id == new.id)).first():
                raise Conflict("That connection is there already.")
            last = connection.execute(select(func.coalesce(func.max(table.c.position), 0))).scalar_one()
            connection.execute(insert(table).values(**_connection_values(new), position=last + 1))

    def update(self, changed: Connection) -> None:
        """Raises NotFound when it is no longer there."""
        table = tables.connections
        with self._database.write() as connection:
            done = connection.execute(
                update(table).where(table.c.id == changed.id).values(**_connection_values(changed))
            )
            if not done.rowcount:
                raise NotFound("The connection is no longer there.", remedy="Add it again.")

    def remove(self, connection_id: str) -> None:
        """With its inventory, status and schemas; the audit trail stays. Fine when it is gone already."""
        table = tables.connections
        with self._database.write() as connection:
            connection.execute(delete(table).where(table.c.id == connection_id))


def _connection_values(connection: Connection) -> dict[str, Any]:
    values = {name: getattr(connection, name) for name in rows.CONNECTION_COLUMNS}
    return values | {"platform": connection.platform.value, "environment": connection.environment.value}


class CachedSchema(NamedTuple):
    """``text`` is JSON as it was put; ``read_at`` is seconds since the epoch."""

    text: str
    fingerprint: str
    read_at: float


_KEPT = rows.APP_COLUMNS[2:]
_FROM_JSON = ", ".join(f"json_extract(value, '$[{index}]')" for index in range(len(rows.APP_COLUMNS)))
_CHANGES = ", ".join(f"{name} = excluded.{name}" for name in _KEPT)
_OLD, _NEW = (", ".join(f"{side}.{name}" for name in _KEPT) for side in ("apps", "excluded"))
# The list travels as one JSON text and is compared inside SQLite: the interpreter lock is free meanwhile, so that
# 10,000 rows do not hold up the window, and rows that did not change are not written.
_UPSERT_APPS = (
    f"INSERT INTO apps ({', '.join(rows.APP_COLUMNS)}) SELECT {_FROM_JSON} FROM json_each(?) WHERE true "  # noqa: S608
    f"ON CONFLICT (connection_id, app_id) DO UPDATE SET {_CHANGES} WHERE ({_OLD}) IS NOT ({_NEW})"
)
# So many rows are turned into text at a time: this holds the lock, for about 2 ms.
_CHUNK = 1_000
_UNLISTED = "WHERE connection_id = ? AND app_id NOT IN (SELECT value FROM json_each(?))"
_DELETE_UNLISTED_APPS = f"DELETE FROM apps {_UNLISTED}"  # noqa: S608
_DELETE_UNLISTED_SCHEMAS = f"DELETE FROM schemas {_UNLISTED}"  # noqa: S608


class InventoryStore:
    """The apps that were last seen, and their schemas."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def all(self) -> tuple[AppSummary, ...]:
        """All apps of all connections, in the order in which they were first seen."""
        with self._database.read() as connection:
            return rows.apps_of(connection.exec_driver_sql(rows.SELECT_APPS).scalar_one())

    def replace(self, connection_id: str, apps: Iterable[AppSummary]) -> int:
        """Make ``apps`` the whole inventory of a connection; returns how many rows that changed.

        Raises NotFound when the connection is no longer there (it was removed while it was being read).
        """
        listed = tuple(apps)
        ids = _json_text([app.app_id for app in listed])
        with self._database.write() as connection:
            changed = connection.exec_driver_sql(_DELETE_UNLISTED_APPS, (connection_id, ids)).rowcount
            connection.exec_driver_sql(_DELETE_UNLISTED_SCHEMAS, (connection_id, ids))
            for start in range(0, len(listed), _CHUNK):
                chunk = [(connection_id, *app[1:]) for app in listed[start : start + _CHUNK]]
                changed += connection.exec_driver_sql(_UPSERT_APPS, (_json_text(chunk),)).rowcount
            return changed

    def upsert(self, app: AppSummary) -> None:
        """Add one app, or bring it up to date; raises NotFound when its connection is no longer there."""
        with self._database.write() as connection:
            connection.exec_driver_sql(_UPSERT_APPS, (_json_text([app]),))

    def upsert_many(self, apps: Sequence[AppSummary]) -> None:
        """As ``upsert``, in one transaction."""
        with self._database.write() as connection:
            for start in range(0, len(apps), _CHUNK):
                connection.exec_driver_sql(_UPSERT_APPS, (_json_text(apps[start : start + _CHUNK]),))

    def remove(self, ref: AppRef) -> None:
        """Forget one app and its schema; fine when it is gone already."""
        with self._database.write() as connection:
            for table in (tables.apps, tables.schemas):
                connection.execute(
                    delete(table).where(table.c.connection_id == ref.connection_id, table.c.app_id == ref.app_id)
                )

    def put_schema(self, ref: AppRef, json_text: str, fingerprint: str, at: float) -> None:
        """Remember a schema; raises NotFound when its connection is no longer there."""
        self.put_schemas({ref: CachedSchema(json_text, fingerprint, at)})

    def put_schemas(self, schemas: dict[AppRef, CachedSchema]) -> None:
        """Many at once, in one transaction: a refresh of a thousand apps is one write."""
        if not schemas:
            return
        statement = insert(tables.schemas)
        new = statement.excluded
        statement = statement.on_conflict_do_update(
            index_elements=["connection_id", "app_id"],
            set_={"text": new.text, "fingerprint": new.fingerprint, "read_at": new.read_at},
        )
        values = [
            {
                "connection_id": ref.connection_id,
                "app_id": ref.app_id,
                "text": _storable(schema.text),
                "fingerprint": schema.fingerprint,
                "read_at": schema.read_at,
            }
            for ref, schema in schemas.items()
        ]
        with self._database.write() as connection:
            connection.execute(statement, values)

    def get_schema(self, ref: AppRef) -> CachedSchema | None:
        table = tables.schemas
        query = select(table.c.text, table.c.fingerprint, table.c.read_at).where(
            table.c.connection_id == ref.connection_id, table.c.app_id == ref.app_id
        )
        with self._database.read() as connection:
            row = connection.execute(query).one_or_none()
        return None if row is None else CachedSchema(*row)

    def fingerprints(self) -> dict[AppRef, str]:
        """Of all schemas that are remembered."""
        table = tables.schemas
        with self._database.read() as connection:
            found = connection.execute(select(table.c.connection_id, table.c.app_id, table.c.fingerprint))
            return {AppRef(connection_id, app_id): fingerprint for connection_id, app_id, fingerprint in found}


def _json_text(values: object) -> str:
    """Compact JSON that SQLite can keep. Cleaned as a whole: text by text it takes three times as long."""
    text = json.dumps(values, separators=(",", ":"), ensure_ascii=False)
    if "\\u0000" in text:
        text = json.dumps(_without_nul(values), separators=(",", ":"), ensure_ascii=False)
    return text.encode("utf-8", "replace").decode("utf-8")


def _without_nul(value: Any) -> Any:
    if isinstance(value, str):
        return value.replace("\x00", "")
    return [_without_nul(each) for each in value] if isinstance(value, (list, tuple)) else value


class StatusStore:
    """The latest status of each connection."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def put(self, status: ConnectionStatus) -> None:
        """Raises NotFound when its connection is no longer there."""
        values = {name: getattr(status, name) for name in rows.STATUS_COLUMNS}
        values["health"] = status.health.value
        values["findings"] = rows.findings_text(status.findings)
        for name in ("sentence", "remedy"):
            values[name] = _storable(values[name])
        statement = insert(tables.statuses).values(**values)
        changes = {name: statement.excluded[name] for name in rows.STATUS_COLUMNS[1:]}
        with self._database.write() as connection:
            connection.execute(statement.on_conflict_do_update(index_elements=["connection_id"], set_=changes))

    def all(self) -> tuple[ConnectionStatus, ...]:
        with self._database.read() as connection:
            return tuple(map(rows.status_of, connection.exec_driver_sql(rows.SELECT_STATUSES)))


class AuditEntry(NamedTuple):
    """One act. ``at`` is seconds since the epoch, ``who`` the operator, ``outcome`` "done" or what went wrong;
    ``before`` and ``after`` are fingerprints of the app's schema, where the act changed one and they were at hand.
    An ``app_title`` that is written counts only where no app of this ID is known, nor was."""

    at: float
    who: str
    connection_id: str
    app_id: str
    action: str
    outcome: str
    detail: str
    before: str = ""
    after: str = ""
    app_title: str = ""


def _named() -> dict[str, Any]:
    """What the connection and the app of an act are called now; of an app that is gone, what it was called last."""
    audit, connections, apps = tables.audit, tables.connections, tables.apps
    former = audit.alias("former")
    connection_id: Any = bindparam("of_connection")
    app_id: Any = bindparam("of_app")
    given: Any = bindparam("of_title")
    of_connection = connections.c.id == connection_id
    title = select(apps.c.title).where(apps.c.connection_id == connection_id, apps.c.app_id == app_id)
    last = (
        select(former.c.app_title)
        .where(former.c.connection_id == connection_id, former.c.app_id == app_id)
        .order_by(former.c.id.desc())
        .limit(1)
    )
    label = select(connections.c.label).where(of_connection)
    environment = select(connections.c.environment).where(of_connection)
    return {
        "connection_label": func.coalesce(label.scalar_subquery(), ""),
        "environment": func.coalesce(environment.scalar_subquery(), ""),
        "app_title": func.coalesce(title.scalar_subquery(), last.scalar_subquery(), given),
    }


class AuditStore:
    """What was done to whom: only ever added to, and kept when its connection is removed."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(
        self,
        who: str,
        at: float,
        connection_id: str,
        app_id: str,
        action: str,
        outcome: str,
        detail: str = "",
        before: str = "",
        after: str = "",
        *,
        title: str = "",
    ) -> None:
        """No argument may hold a secret: this is written to disk as it is. ``title`` is that of an app that is not
        known here yet."""
        self.add_many([AuditEntry(at, who, connection_id, app_id, action, outcome, detail, before, after, title)])

    def add_many(self, entries: Sequence[AuditEntry]) -> None:
        """In one transaction; none may hold a secret."""
        values = [
            {name: _storable(v) if isinstance(v, str) else v for name, v in each._asdict().items()} for each in entries
        ]
        for each in values:
            each["of_title"] = each.pop("app_title")
            each |= {"of_connection": each["connection_id"], "of_app": each["app_id"]}
        if values:
            with self._database.write() as connection:
                connection.execute(insert(tables.audit).values(_named()), values)

    def recent(self, count: int) -> Sequence[AuditEntry]:
        """The newest first."""
        columns = [tables.audit.c[name] for name in AuditEntry._fields]
        query = select(*columns).order_by(tables.audit.c.id.desc()).limit(count)
        with self._database.read() as connection:
            return tuple(AuditEntry(*row) for row in connection.execute(query))
