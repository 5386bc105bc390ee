"""Rows of a table: pages by key, and writes with bound values."""

from __future__ import annotations

import datetime
import decimal
import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from app.core.errors import Invalid, NotFound
from app.core.text import plain
from app.platforms.contract import RowPage
from app.schema.formats.sql_names import quote, split_name

from .far_dates import keep_far_dates
from .limits import READ, WRITE
from .reading import asker

if TYPE_CHECKING:
    import sqlalchemy as sa

    from .client import PostgresClient

MOST: Final = 10_000
_PLAIN: Final = (
    *(str, int, float, bytes, dict, decimal.Decimal),
    *(datetime.date, datetime.time, datetime.timedelta),
)
# What stands for the row itself where a table has no key: it holds while nothing is written.
_PG_KEY: Final = """/* read the key */ SELECT a.attname FROM pg_catalog.pg_index i
JOIN pg_catalog.pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = ANY (i.indkey::int2[])
WHERE i.indrelid = {table}::regclass AND i.indisprimary AND a.attnum = ANY ((i.indkey::int2[])[0:i.indnkeyatts - 1])
ORDER BY array_position(i.indkey::int2[], a.attnum)"""
_PG_COLUMNS: Final = """/* read columns of a table */ SELECT a.attname FROM pg_catalog.pg_attribute a
WHERE a.attrelid = {table}::regclass AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum"""


async def read(
    client: PostgresClient,
    app_id: str,
    entity: str,
    *,
    columns: Sequence[str] | None,
    where: Mapping[str, Any] | None,
    after: Any,
    limit: int,
) -> RowPage:
    if not 0 < limit <= MOST:
        raise Invalid(f"A page has 1 to {MOST:,} rows.")

    def work(connection: sa.Connection) -> RowPage:
        if connection.dialect.name != "sqlite":
            keep_far_dates(connection.connection.dbapi_connection)
        table = _Table(connection, entity)
        return table.page(tuple(columns) if columns is not None else table.columns, where or {}, after, limit)

    doing = f"read rows of {plain(entity, 80)}"
    return await client.engines.run(await client.place_of(app_id), work, doing=doing, limits=READ)


async def named(client: PostgresClient, app_id: str, entity: str, keys: Sequence[str]) -> tuple[dict[str, Any], ...]:
    """At most as many rows as keys; see ``OffendingRow.entity_id``."""

    def work(connection: sa.Connection) -> tuple[dict[str, Any], ...]:
        if connection.dialect.name != "sqlite":
            keep_far_dates(connection.connection.dbapi_connection)
        return _Table(connection, entity).named(keys)

    doing = f"read rows of {plain(entity, 80)}"
    return await client.engines.run(await client.place_of(app_id), work, doing=doing, limits=READ)


async def counts_by(client: PostgresClient, app_id: str, entity: str, column: str) -> Mapping[Any, int]:
    def work(connection: sa.Connection) -> Mapping[Any, int]:
        return _Table(connection, entity).counts_by(column)

    return await client.engines.run(
        await client.place_of(app_id), work, doing=f"count rows of {plain(entity, 80)}", limits=READ
    )


async def write(client: PostgresClient, app_id: str, statements: Sequence[tuple[str, Mapping[str, Any]]]) -> None:
    import sqlalchemy as sa

    def work(connection: sa.Connection) -> None:
        for text, values in statements:
            connection.execute(sa.text(text), dict(values))

    await client.engines.run(await client.place_of(app_id), work, doing="write rows", limits=WRITE)


class _Table:
    """One table on one connection; raises NotFound for one that is not there."""

    def __init__(self, connection: sa.Connection, entity: str) -> None:
        self._connection = connection
        self._is_file = connection.dialect.name == "sqlite"
        schema, name = split_name(entity, "main" if self._is_file else "public")
        self._name = f"{quote(schema)}.{quote(name)}"
        self._table = name
        self._entity = entity
        self.columns, self._key = self._described()

    def page(self, columns: tuple[str, ...], where: Mapping[str, Any], after: Any, limit: int) -> RowPage:
        import sqlalchemy as sa

        for name in (*columns, *where):
            if name not in self.columns:
                raise NotFound(f"{plain(self._entity, 80)} has no column {plain(name, 80)}.")
        asked, values = self._asked(columns, where, after)
        statement = sa.text(f"/* read rows */ {asked} LIMIT {int(limit) + 1}")
        found = self._connection.execute(statement, values).fetchall()
        rows = tuple(tuple(_plain_value(each) for each in row[: len(columns)]) for row in found[:limit])
        key = tuple(found[limit - 1][len(columns) :]) if len(found) > limit else None
        return RowPage(columns, rows, key)

    def named(self, keys: Sequence[str]) -> tuple[dict[str, Any], ...]:
        """Rows by their keys as texts, with that text as ``id``; those that are gone are left out."""
        import sqlalchemy as sa

        text = " || ', ' || ".join(f"CAST({_literal_colons(each)} AS text)" for each in self._key)
        chosen = ", ".join(_literal_colons(quote(each)) for each in self.columns)
        source = _literal_colons(self._name)
        asked = sa.text(f"/* read rows */ SELECT {text}, {chosen} FROM {source} WHERE {text} IN :keys")
        bound = asked.bindparams(sa.bindparam("keys", expanding=True))
        found = {row[0]: row[1:] for row in self._connection.execute(bound, {"keys": list(keys)})}
        return tuple(
            {**dict(zip(self.columns, map(_plain_value, found[key]), strict=True)), "id": key}
            for key in keys
            if key in found
        )

    def counts_by(self, column: str) -> Mapping[Any, int]:
        if column not in self.columns:
            raise NotFound(f"{plain(self._entity, 80)} has no column {plain(column, 80)}.")
        name = quote(column)
        asked = f"/* count rows */ SELECT {name}, count(*) FROM {self._name} WHERE {name} IS NOT NULL GROUP BY {name}"
        return {_plain_value(value): count for value, count in asker(self._connection)(asked)}

    def _asked(self, columns: tuple[str, ...], where: Mapping[str, Any], after: Any) -> tuple[str, dict[str, Any]]:
        key = [_literal_colons(each) for each in self._key]
        values: dict[str, Any] = {}
        terms = []
        for number, (name, value) in enumerate(where.items()):
            terms.append(self._equals(name, value, f"w{number}"))
            if value is not None:
                values[f"w{number}"] = value
        if after is not None:
            if len(after) != len(key):
                raise Invalid("The key of the last row does not fit the table: it was changed meanwhile.")
            marks = [self._bound(f"k{number}") for number in range(len(key))]
            terms.append(f"({', '.join(key)}) > ({', '.join(marks)})")
            values |= {f"k{number}": value for number, value in enumerate(after)}
        chosen = ", ".join([*(_literal_colons(quote(each)) for each in columns), *key])
        condition = f" WHERE {' AND '.join(terms)}" if terms else ""
        source = _literal_colons(self._name)
        return f"SELECT {chosen} FROM {source}{condition} ORDER BY {', '.join(key)}", values

    def _equals(self, name: str, value: Any, mark: str) -> str:
        column = _literal_colons(quote(name))
        return f"{column} IS NULL" if value is None else f"{column} = :{mark}"

    def _bound(self, mark: str) -> str:
        return f"CAST(:{mark} AS tid)" if self._key == ("ctid",) and not self._is_file else f":{mark}"

    def _described(self) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Columns, and what tells a row from others, as it stands in SQL."""
        ask = asker(self._connection)
        if self._is_file:
            rows = ask(f"SELECT name, pk FROM pragma_table_xinfo({_text(self._table)}) WHERE hidden <> 1")
            key = [row[0] for row in sorted(rows, key=lambda row: row[1]) if row[1]]
            found = [row[0] for row in rows]
            usual = ("rowid",)
        else:
            table = _text(self._name)
            if not ask(f"/* look for a table */ SELECT to_regclass({table}) IS NOT NULL")[0][0]:
                raise self._missing()
            found = [row[0] for row in ask(_PG_COLUMNS.format(table=table))]
            key = [row[0] for row in ask(_PG_KEY.format(table=table))]
            usual = ("ctid",)
        if not found:
            raise self._missing()
        return tuple(found), tuple(quote(each) for each in key) or usual

    def _missing(self) -> NotFound:
        return NotFound(f"There is no table {plain(self._entity, 80)}.")


def _plain_value(value: Any) -> Any:
    """What any part of the program knows how to show and compare; the server's own text for all else."""
    if value is None or isinstance(value, _PLAIN):
        return value
    if isinstance(value, memoryview):
        return bytes(value)
    return [_plain_value(each) for each in value] if isinstance(value, list) else str(value)


def _literal_colons(sql: str) -> str:
    """A colon in a name is no parameter."""
    return re.sub(r":(?=\w)", r"\\:", sql)


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"
