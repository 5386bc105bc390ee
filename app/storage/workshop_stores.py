"""Staged edits, versions of schemas, and pushes in the local database. All methods are synchronous; any thread."""

from __future__ import annotations

import json
import zlib
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, Table, and_, delete, insert, select, update

from app.core.refs import AppRef

from . import tables
from .database import Database

VERSIONS_PER_APP = 50
# The fastest: JSON of a schema shrinks to a tenth at any level.
_LEVEL = 1


def pack(text: str) -> bytes:
    """Half characters of a server's text become ``?``: no database keeps them."""
    return zlib.compress(text.encode("utf-8", "replace"), _LEVEL)


def unpack(packed: bytes) -> str:
    """Raises ValueError for what ``pack`` did not write."""
    try:
        return zlib.decompress(packed).decode("utf-8")
    except zlib.error as error:
        raise ValueError("Not a packed text.") from error


class KeptDraft(NamedTuple):
    """``base`` and ``edits`` are JSON texts; ``saved_at`` is seconds since the epoch."""

    base_fingerprint: str
    base: str
    edits: str
    changes: int
    saved_at: float


class KeptNote(NamedTuple):
    ref: AppRef
    saved_at: float
    changes: int


class DraftStore:
    """Staged edits, at most one set per app."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def put(
        self, ref: AppRef, base_fingerprint: str, base: Callable[[], str], edits: str, changes: int, at: float
    ) -> None:
        """``base`` is asked for only where another base was kept. Raises NotFound when the connection is gone."""
        table, key = tables.drafts, _is_app(tables.drafts, ref)
        values: dict[str, Any] = {"edits": pack(edits), "changes": changes, "saved_at": at}
        with self._database.write() as connection:
            kept = connection.execute(select(table.c.base_fingerprint).where(key)).scalar_one_or_none()
            if kept != base_fingerprint:
                values |= {"base_fingerprint": base_fingerprint, "base": pack(base())}
            if kept is None:
                connection.execute(insert(table).values(**_key(ref), **values))
            else:
                connection.execute(update(table).where(key).values(**values))

    def get(self, ref: AppRef) -> KeptDraft | None:
        """Raises ValueError for a row that cannot be read."""
        table = tables.drafts
        columns = (table.c.base_fingerprint, table.c.base, table.c.edits, table.c.changes, table.c.saved_at)
        with self._database.read() as connection:
            row = connection.execute(select(*columns).where(_is_app(table, ref))).one_or_none()
        return None if row is None else KeptDraft(row[0], unpack(row[1]), unpack(row[2]), row[3], row[4])

    def remove(self, ref: AppRef) -> bool:
        """False where there was none."""
        with self._database.write() as connection:
            return bool(connection.execute(delete(tables.drafts).where(_is_app(tables.drafts, ref))).rowcount)

    def notes(self) -> tuple[KeptNote, ...]:
        """The newest first."""
        table = tables.drafts
        query = select(table.c.connection_id, table.c.app_id, table.c.saved_at, table.c.changes)
        with self._database.read() as connection:
            found = connection.execute(query.order_by(table.c.saved_at.desc(), table.c.app_id))
            return tuple(KeptNote(AppRef(row[0], row[1]), row[2], row[3]) for row in found)


class KeptVersion(NamedTuple):
    fingerprint: str
    at: float
    origin: str
    note: str


class VersionStore:
    """The newest 50 schemas of each app."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, ref: AppRef, fingerprint: str, at: float, origin: str, note: str, schema: Callable[[], str]) -> bool:
        """False where the newest one is the same already, ``schema`` is not asked for then.

        Raises NotFound when the connection is gone.
        """
        table = tables.schema_versions
        newest = select(table.c.fingerprint).where(_is_app(table, ref)).order_by(table.c.id.desc()).limit(1)
        with self._database.write() as connection:
            if connection.execute(newest).scalar_one_or_none() == fingerprint:
                return False
            version = KeptVersion(fingerprint, at, origin, _storable(note))
            values = {**_key(ref), **version._asdict(), "schema": pack(schema())}
            connection.execute(insert(table).values(**values))
            _drop_oldest(connection, ref)
        return True

    def all(self, ref: AppRef) -> tuple[KeptVersion, ...]:
        """The newest first."""
        table = tables.schema_versions
        columns = [table.c[name] for name in KeptVersion._fields]
        query = select(*columns).where(_is_app(table, ref)).order_by(table.c.id.desc())
        with self._database.read() as connection:
            return tuple(KeptVersion(*row) for row in connection.execute(query))

    def text(self, ref: AppRef, fingerprint: str) -> str | None:
        """Raises ValueError for a row that cannot be read."""
        table = tables.schema_versions
        query = (
            select(table.c.schema)
            .where(_is_app(table, ref), table.c.fingerprint == fingerprint)
            .order_by(table.c.id.desc())
            .limit(1)
        )
        with self._database.read() as connection:
            packed = connection.execute(query).scalar_one_or_none()
        return None if packed is None else unpack(packed)


def _drop_oldest(connection: Connection, ref: AppRef) -> None:
    table = tables.schema_versions
    mine = select(table.c.id).where(_is_app(table, ref)).order_by(table.c.id.desc())
    last = connection.execute(mine.offset(VERSIONS_PER_APP - 1).limit(1)).scalar_one_or_none()
    if last is not None:
        connection.execute(delete(table).where(_is_app(table, ref), table.c.id < last))


class KeptPush(NamedTuple):
    """``plan`` and ``did`` are JSON texts, ``did`` None while it is not known; times are seconds since the epoch."""

    at: float
    who: str
    connection_id: str
    connection_label: str
    app_id: str
    app_title: str
    steps: tuple[str, ...]
    plan: str
    did: str | None
    outcome: str
    sentence: str
    before: str
    after: str
    undoes: int | None = None
    undone_by: int | None = None
    id: int = 0


class PushStore:
    """Every push, kept when its connection is removed. No value may hold a secret."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(self, **values: Any) -> int:
        """Its ID; ``values`` are all the fields of ``KeptPush`` that have no default."""
        statement = insert(tables.pushes).values(**_push_values(values)).returning(tables.pushes.c.id)
        with self._database.write() as connection:
            return int(connection.execute(statement).scalar_one())

    def change(self, push_id: int, **values: Any) -> None:
        """``values`` are fields of ``KeptPush``."""
        table = tables.pushes
        with self._database.write() as connection:
            connection.execute(update(table).where(table.c.id == push_id).values(**_push_values(values)))

    def get(self, push_id: int) -> KeptPush | None:
        found = self._select(tables.pushes.c.id == push_id, 1)
        return found[0] if found else None

    def recent(self, ref: AppRef | None, limit: int) -> tuple[KeptPush, ...]:
        """The newest first; of one app or of all."""
        return self._select(None if ref is None else _is_app(tables.pushes, ref), limit)

    def _select(self, condition: ColumnElement[bool] | None, limit: int) -> tuple[KeptPush, ...]:
        query = select(*(tables.pushes.c[name] for name in KeptPush._fields))
        if condition is not None:
            query = query.where(condition)
        with self._database.read() as connection:
            rows = connection.execute(query.order_by(tables.pushes.c.id.desc()).limit(limit)).all()
        return tuple(_push_of(row) for row in rows)


_PACKED = ("plan", "did")


def _push_values(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _push_value(name, value) for name, value in values.items()}


def _push_value(name: str, value: Any) -> Any:
    if name == "steps":
        return _storable(json.dumps(list(value), ensure_ascii=False))
    if name in _PACKED:
        return None if value is None else pack(value)
    return _storable(value) if isinstance(value, str) else value


def _push_of(row: Sequence[Any]) -> KeptPush:
    push = KeptPush(*row)
    did = None if push.did is None else unpack(push.did)  # type: ignore[arg-type]
    return push._replace(steps=tuple(json.loads(push.steps)), plan=unpack(push.plan), did=did)  # type: ignore[arg-type]


def _key(ref: AppRef) -> dict[str, str]:
    return {"connection_id": ref.connection_id, "app_id": ref.app_id}


def _is_app(table: Table, ref: AppRef) -> ColumnElement[bool]:
    return and_(table.c.connection_id == ref.connection_id, table.c.app_id == ref.app_id)


def _storable(text: str) -> str:
    return text.encode("utf-8", "replace").decode("utf-8").replace("\x00", "")
