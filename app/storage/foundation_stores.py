"""What is being made for users and tasks, the words of each foundation, and followed templates, in the local database.

All methods are synchronous; any thread.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, and_, delete, select, update
from sqlalchemy.dialects.sqlite import insert

from app.core.refs import AppRef

from . import tables
from .database import Database


class KeptEntry(NamedTuple):
    """``kind`` is ``user`` or ``task``, ``owner_id`` that one's ID; times are seconds since the epoch."""

    id: str
    connection_id: str
    foundation_app_id: str
    kind: str
    owner_id: str
    app_id: str
    title: str
    template: str = ""
    template_version: int = 0
    step: str = "begun"
    attempts: int = 0
    started_at: float = 0.0
    changed_at: float = 0.0
    error: str = ""
    detail: str = "{}"


class JournalStore:
    """What has been begun and is not finished."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def write(
        self,
        begun: Sequence[KeptEntry] = (),
        changed: Sequence[tuple[str, Mapping[str, Any]]] = (),
        removed: Sequence[str] = (),
    ) -> dict[str, KeptEntry]:
        """All in one transaction; of ``begun``, what is kept under each ID once it is done.

        First the changes, then what is removed, then what is begun; an entry that is there already stays as it is.
        ``changed`` are IDs with fields of ``KeptEntry``. Raises NotFound when a connection is gone.
        """
        table = tables.provision_journal
        kept: dict[str, KeptEntry] = {}
        with self._database.write() as connection:
            for entry_id, values in changed:
                connection.execute(update(table).where(table.c.id == entry_id).values(**_clean(values)))
            for ids in _portions(removed):
                connection.execute(delete(table).where(table.c.id.in_(ids)))
            if begun:
                rows = [_clean(each._asdict()) for each in begun]
                connection.execute(insert(table).on_conflict_do_nothing(index_elements=["id"]), rows)
            for ids in _portions([each.id for each in begun]):
                found = connection.execute(_all().where(table.c.id.in_(ids)))
                kept |= {row[0]: KeptEntry(*row) for row in found}
        return kept

    def get(self, entry_id: str) -> KeptEntry | None:
        with self._database.read() as connection:
            row = connection.execute(_all().where(tables.provision_journal.c.id == entry_id)).one_or_none()
        return None if row is None else KeptEntry(*row)

    def of(self, connection_id: str, kind: str | None = None) -> tuple[KeptEntry, ...]:
        """Those of one connection, the oldest first."""
        table = tables.provision_journal
        query = _all().where(table.c.connection_id == connection_id)
        if kind is not None:
            query = query.where(table.c.kind == kind)
        with self._database.read() as connection:
            found = connection.execute(query.order_by(table.c.started_at, table.c.id))
            return tuple(KeptEntry(*row) for row in found)


# SQLite takes a bounded number of values in one statement.
_AT_ONCE = 500


def _portions(ids: Sequence[str]) -> Iterator[Sequence[str]]:
    return (ids[start : start + _AT_ONCE] for start in range(0, len(ids), _AT_ONCE))


def _all() -> Any:
    return select(*(tables.provision_journal.c[name] for name in KeptEntry._fields))


class MapStore:
    """The words of a connection's foundation, as JSON."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def get(self, connection_id: str) -> str | None:
        table = tables.foundation_maps
        with self._database.read() as connection:
            query = select(table.c.text).where(table.c.connection_id == connection_id)
            return connection.execute(query).scalar_one_or_none()

    def put(self, connection_id: str, text: str) -> None:
        """Raises NotFound when the connection is gone."""
        row = {"connection_id": connection_id, "text": _text(text)}
        statement = insert(tables.foundation_maps).values(**row)
        with self._database.write() as connection:
            connection.execute(statement.on_conflict_do_update(index_elements=["connection_id"], set_=row))

    def remove(self, connection_id: str) -> None:
        table = tables.foundation_maps
        with self._database.write() as connection:
            connection.execute(delete(table).where(table.c.connection_id == connection_id))


class FollowedStore:
    """The template, and its version, that an app follows."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def put(self, ref: AppRef, template: str, version: int) -> None:
        """Raises NotFound when the connection is gone."""
        self.put_many([(ref, template, version)])

    def put_many(self, followed: Iterable[tuple[AppRef, str, int]]) -> None:
        """In one transaction. Raises NotFound when a connection is gone."""
        statement = insert(tables.followed_templates)
        statement = statement.on_conflict_do_update(
            index_elements=["connection_id", "app_id"],
            set_={"template": statement.excluded.template, "version": statement.excluded.version},
        )
        rows = [
            {"connection_id": ref.connection_id, "app_id": ref.app_id, "template": _text(template), "version": version}
            for ref, template, version in followed
        ]
        if rows:
            with self._database.write() as connection:
                connection.execute(statement, rows)

    def get(self, ref: AppRef) -> tuple[str, int] | None:
        table = tables.followed_templates
        with self._database.read() as connection:
            row = connection.execute(select(table.c.template, table.c.version).where(_is_app(ref))).one_or_none()
        return None if row is None else (row[0], row[1])

    def of(self, connection_id: str) -> dict[str, tuple[str, int]]:
        """By app ID."""
        table = tables.followed_templates
        query = select(table.c.app_id, table.c.template, table.c.version)
        with self._database.read() as connection:
            found = connection.execute(query.where(table.c.connection_id == connection_id))
            return {row[0]: (row[1], row[2]) for row in found}

    def remove(self, ref: AppRef) -> None:
        with self._database.write() as connection:
            connection.execute(delete(tables.followed_templates).where(_is_app(ref)))


def _is_app(ref: AppRef) -> ColumnElement[bool]:
    table = tables.followed_templates
    return and_(table.c.connection_id == ref.connection_id, table.c.app_id == ref.app_id)


def _clean(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _text(value) if isinstance(value, str) else value for name, value in values.items()}


def _text(text: str) -> str:
    """Half characters become ``?``: no database keeps them."""
    return text.encode("utf-8", "replace").decode("utf-8").replace("\x00", "")
