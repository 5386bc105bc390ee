"""Rows of whole tables: read in pages by keyset, written in bulk, counted and proven equal.

Between two PostgreSQL databases every value travels as its own exact text, and each side hashes its rows itself;
SQLite's values travel as they are and are hashed here. Sums of hashes do not depend on the order of rows.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, TypeVar

from app.core.text import plain

from .belonging import TableShape, cast, name, table
from .limits import Limits

if TYPE_CHECKING:
    import sqlalchemy as sa

    from app.schema.formats.sql_names import Dialect

    from .client import PostgresClient

T = TypeVar("T")
Key = tuple[Any, ...]
Values = Mapping[str, Any]

# Counting and hashing a large table takes as long as it takes; cancelling stops it.
_LONG: Final = Limits(statement_timeout_s=0)
_WRITE: Final = Limits(statement_timeout_s=0, lock_timeout_s=10, is_write=True)
_FETCHED: Final = 500
# A value's text must not depend on what the database, the user or the server is set to.
_FORMS: Final = """/* fix the form of values */
SELECT set_config('DateStyle', 'ISO, YMD', true), set_config('TimeZone', 'UTC', true),
 set_config('IntervalStyle', 'postgres', true), set_config('bytea_output', 'hex', true),
 set_config('extra_float_digits', '1', true), set_config('xmloption', 'content', true),
 set_config('lc_monetary', 'C', true)"""
_SHAPES: Final = """/* read columns and keys */
SELECT t.entity, a.attname, format_type(a.atttypid, a.atttypmod), a.attgenerated <> '', c.relkind = 'p',
 pg_get_serial_sequence(t.named, a.attname) IS NOT NULL, array_position(CAST(i.indkey AS int2[]), a.attnum)
FROM unnest(CAST(:entities AS text[]), CAST(:named AS text[])) AS t(entity, named)
JOIN pg_catalog.pg_class c ON c.oid = to_regclass(t.named)
JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
LEFT JOIN pg_catalog.pg_index i ON i.indrelid = c.oid AND i.indisprimary
ORDER BY t.entity, a.attnum"""


@dataclass(frozen=True, slots=True)
class CopyPage:
    """Values in the order of the shape's columns; ``last`` is where the next page begins, None after the last one.
    ``bytes`` is about how much it holds."""

    rows: tuple[tuple[Any, ...], ...]
    last: Key | None
    bytes: int


@dataclass(frozen=True, slots=True)
class Proof:
    rows: int
    checksum: str


class Bulk:
    """One database of a client. All coroutines raise ``core.errors`` only. ``where`` is a condition on ``t0``."""

    def __init__(self, client: PostgresClient, app_id: str) -> None:
        self._client = client
        self.app_id = app_id
        self.dialect: Dialect = "sqlite" if client.dsn.is_sqlite else "postgresql"

    @property
    def _is_files(self) -> bool:
        return self.dialect == "sqlite"

    async def _run(self, work: Callable[[sa.Connection], T], doing: str, limits: Limits = _LONG) -> T:
        def prepared(connection: sa.Connection) -> T:
            if not self._is_files:
                connection.execute(_text(_FORMS))
            return work(connection)

        place = await self._client.place_of(self.app_id)
        return await self._client.engines.run(place, prepared, doing=doing, limits=limits)

    # Reading

    async def select(self, sql: str, values: Values | None = None, *, doing: str) -> tuple[tuple[Any, ...], ...]:
        """``values`` are bound by name (``:name``)."""

        def work(connection: sa.Connection) -> tuple[tuple[Any, ...], ...]:
            return tuple(tuple(row) for row in connection.execute(_text(sql), dict(values or {})))

        return await self._run(work, doing)

    async def shapes(self, entities: Sequence[str]) -> dict[str, TableShape]:
        """Of those that are there, in one question (of a file: one for each)."""
        if self._is_files:
            return await self._run(lambda connection: _file_shapes(connection, entities), "read the columns")
        named = [table(each, self.dialect).replace("\\:", ":").replace("\\\\", "\\") for each in entities]
        rows = await self.select(_SHAPES, {"entities": list(entities), "named": named}, doing="read the columns")
        return _shapes(rows)

    async def count(self, entity: str, where: str, values: Values, limit: int | None = None) -> int:
        """``limit``: do not count any further."""
        rows = f"FROM {table(entity, self.dialect)} AS t0 WHERE {where}"
        counted = f"FROM (SELECT 1 {rows} LIMIT {int(limit)}) AS c" if limit is not None else rows
        sql = f"/* count rows */ SELECT count(*) {counted}"
        found = await self.select(sql, values, doing=f"count the rows of {plain(entity, 60)}")
        return int(found[0][0])

    async def page(self, shape: TableShape, where: str, values: Values, after: Key | None, limit: int) -> CopyPage:
        """In the order of the primary key; of a table without one, in the order in which its rows are kept."""
        keys = _key_terms(shape, self.dialect)
        after_sql, bound = "", dict(values)
        if after is not None:
            left = ", ".join(term for term, _type in keys)
            right = ", ".join(cast(f":after{at}", type_, self.dialect) for at, (_term, type_) in enumerate(keys))
            after_sql = f" AND ({left}) > ({right})"
            bound |= {f"after{at}": value for at, value in enumerate(after)}
        shown = [self._value(f"t0.{name(each)}") for each in shape.columns]
        shown += [self._value(term) for term, _type in keys]
        order = ", ".join(term for term, _type in keys)
        sql = (
            f"/* read rows */ SELECT {', '.join(shown)} FROM {table(shape.entity, self.dialect)} AS t0 "
            f"WHERE {where}{after_sql} ORDER BY {order} LIMIT {int(limit)}"
        )
        rows = await self.select(sql, bound, doing=f"read rows of {plain(shape.entity, 60)}")
        width = len(shape.columns)
        last = tuple(rows[-1][width:]) if len(rows) == limit else None
        return CopyPage(tuple(row[:width] for row in rows), last, sum(_size(row) for row in rows))

    async def proof(self, shape: TableShape, where: str = "TRUE", values: Values | None = None) -> Proof:
        """How many rows, and a sum of their hashes; the same on both sides where all values are."""
        doing = f"verify {plain(shape.entity, 60)}"
        rows = f"FROM {table(shape.entity, self.dialect)} AS t0 WHERE {where}"
        if self._is_files:
            shown = ", ".join(f"t0.{name(each)}" for each in sorted(shape.columns))
            return await self._run(
                lambda connection: _hashed(
                    connection.execute(_text(f"/* verify rows */ SELECT {shown} {rows}"), dict(values or {}))
                ),
                doing,
            )
        # 64 bits of each hash, as a number.
        number = f"CAST(CAST(CAST('x' || left({self._hash(shape)}, 16) AS bit(64)) AS bigint) AS numeric)"
        found = await self.select(
            f"/* verify rows */ SELECT count(*), CAST(coalesce(sum({number}), 0) AS text) {rows}", values, doing=doing
        )
        return Proof(int(found[0][0]), str(found[0][1]))

    async def hashes(
        self, shape: TableShape, where: str, values: Values, after: Key | None, limit: int
    ) -> tuple[dict[Key, str], Key | None]:
        """Keys of a page with the hashes of their rows, and where the next page begins."""
        if self._is_files:
            page = await self.page(shape, where, values, after, limit)
            return {_key_of(shape, row): _hash_of(shape, row) for row in page.rows}, page.last
        keys = [f"t0.{name(each)}" for each in shape.key]
        after_sql, bound = "", dict(values)
        if after is not None:
            right = ", ".join(
                cast(f":after{at}", shape.type_of(each), self.dialect) for at, each in enumerate(shape.key)
            )
            after_sql = f" AND ({', '.join(keys)}) > ({right})"
            bound |= {f"after{at}": value for at, value in enumerate(after)}
        shown = ", ".join([*(self._value(each) for each in keys), self._hash(shape)])
        sql = (
            f"/* compare rows */ SELECT {shown} FROM {table(shape.entity, self.dialect)} AS t0 "
            f"WHERE {where}{after_sql} ORDER BY {', '.join(keys)} LIMIT {int(limit)}"
        )
        rows = await self.select(sql, bound, doing=f"compare rows of {plain(shape.entity, 60)}")
        found = {tuple(row[:-1]): str(row[-1]) for row in rows}
        return found, (tuple(rows[-1][:-1]) if len(rows) == limit else None)

    async def hashes_of(self, shape: TableShape, keys: Sequence[Key]) -> dict[Key, str]:
        """Those of the keys that are there."""
        doing = f"compare rows of {plain(shape.entity, 60)}"
        if self._is_files:
            return await self._run(lambda connection: _file_hashes(connection, shape, keys), doing)
        listed, on, bound = self._listed(shape, keys)
        shown = ", ".join([*(self._value(f"t0.{name(each)}") for each in shape.key), self._hash(shape)])
        sql = f"/* compare rows */ SELECT {shown} FROM {table(shape.entity, self.dialect)} AS t0 JOIN {listed} ON {on}"
        return {tuple(row[:-1]): str(row[-1]) for row in await self.select(sql, bound, doing=doing)}

    # Writing

    async def put(
        self, shape: TableShape, columns: Sequence[str], rows: Sequence[Sequence[Any]], *, replaces: bool
    ) -> None:
        """Rows whose key is there are left as they are, or replaced; all in one transaction. ``shape`` is that of the
        table that is written, ``columns`` the order of the values."""
        if not rows:
            return
        doing = f"copy rows of {plain(shape.entity, 60)}"
        sql = self._insert(shape, columns, replaces)
        if self._is_files:
            bound = [{f"c{at}": value for at, value in enumerate(row)} for row in rows]
            await self._run(lambda connection: _done(connection.execute(_text(sql), bound)), doing, _WRITE)
            return
        arrays = {f"c{at}": [row[at] for row in rows] for at in range(len(columns))}
        await self._run(lambda connection: _done(connection.execute(_text(sql), arrays)), doing, _WRITE)

    def _insert(self, shape: TableShape, columns: Sequence[str], replaces: bool) -> str:
        into = f"{table(shape.entity, self.dialect)} ({', '.join(map(name, columns))})"
        others = [each for each in columns if each not in shape.key]
        conflict = ""
        if shape.key:
            sets = ", ".join(f"{name(each)} = EXCLUDED.{name(each)}" for each in others)
            action = f"UPDATE SET {sets}" if replaces and sets else "NOTHING"
            conflict = f" ON CONFLICT ({', '.join(map(name, shape.key))}) DO {action}"
        if self._is_files:
            bound = ", ".join(f":c{at}" for at in range(len(columns)))
            return f"/* copy rows */ INSERT INTO {into} VALUES ({bound}){conflict}"
        shown = ", ".join(cast(f"u.c{at}", shape.type_of(each), self.dialect) for at, each in enumerate(columns))
        arrays = ", ".join(f"CAST(:c{at} AS text[])" for at in range(len(columns)))
        named = ", ".join(f"c{at}" for at in range(len(columns)))
        values = f"SELECT {shown} FROM unnest({arrays}) AS u({named})"
        return f"/* copy rows */ INSERT INTO {into} OVERRIDING SYSTEM VALUE {values}{conflict}"

    async def empty(self, entity: str) -> None:
        sql = f"/* empty table */ DELETE FROM {table(entity, self.dialect)}"
        doing = f"empty {plain(entity, 60)}"
        await self._run(lambda connection: _done(connection.execute(_text(sql))), doing, _WRITE)

    async def remove(self, shape: TableShape, keys: Mapping[Key, str], guards: Sequence[str]) -> int:
        """Remove the rows that still have these hashes, unless a guard (a condition on ``t0``) does not hold; how many
        that were."""
        doing = f"remove rows of {plain(shape.entity, 60)}"
        where = " AND ".join(("TRUE", *guards))
        if self._is_files:
            return await self._run(lambda connection: _file_remove(connection, shape, keys, where), doing, _WRITE)
        listed, on, bound = self._listed(shape, list(keys), list(keys.values()))
        sql = (
            f"/* remove rows */ DELETE FROM {table(shape.entity, self.dialect)} AS t0 USING {listed} "
            f"WHERE {on} AND {self._hash(shape)} = u.h AND {where}"
        )
        return await self._run(lambda connection: connection.execute(_text(sql), bound).rowcount, doing, _WRITE)

    async def remove_all(self, entity: str, where: str, values: Values) -> int:
        sql = f"/* remove rows */ DELETE FROM {table(entity, self.dialect)} AS t0 WHERE {where}"
        doing = f"remove rows of {plain(entity, 60)}"
        return await self._run(lambda connection: connection.execute(_text(sql), dict(values)).rowcount, doing, _WRITE)

    async def set_counters(self, shape: TableShape) -> None:
        """Sequences go on after the highest number that was copied; SQLite's do so by themselves."""
        if self._is_files or not shape.counters:
            return
        named = table(shape.entity, self.dialect)
        plain_name = named.replace("\\:", ":").replace("\\\\", "\\")

        def work(connection: sa.Connection) -> None:
            for column in shape.counters:
                sql = (
                    "/* set counters */ SELECT setval(pg_get_serial_sequence(:named, :column), "
                    f"greatest(max({name(column)}), 1), max({name(column)}) IS NOT NULL) FROM {named}"
                )
                connection.execute(_text(sql), {"named": plain_name, "column": column})

        await self._run(work, f"set the counters of {plain(shape.entity, 60)}", _WRITE)

    # SQL

    def _value(self, term: str) -> str:
        return term if self._is_files else f"CAST({term} AS text)"

    def _hash(self, shape: TableShape) -> str:
        parts = ", ".join(f"CAST(t0.{name(each)} AS text)" for each in sorted(shape.columns))
        return f"md5(convert_to(CAST(ROW({parts}) AS text), 'UTF8'))"

    def _listed(
        self, shape: TableShape, keys: Sequence[Key], hashes: Sequence[str] = ()
    ) -> tuple[str, str, dict[str, Any]]:
        """Keys (and hashes ``h``) as a table ``u``, how it is joined, and its values."""
        arrays = ", ".join([*(f"CAST(:k{at} AS text[])" for at in range(len(shape.key))), "CAST(:hashes AS text[])"])
        named = ", ".join([*(f"k{at}" for at in range(len(shape.key))), "h"])
        on = " AND ".join(
            f"t0.{name(each)} = {cast(f'u.k{at}', shape.type_of(each), self.dialect)}"
            for at, each in enumerate(shape.key)
        )
        bound: dict[str, Any] = {f"k{at}": [key[at] for key in keys] for at in range(len(shape.key))}
        bound["hashes"] = list(hashes) or [""] * len(keys)
        return f"unnest({arrays}) AS u({named})", on, bound


def _text(sql: str) -> sa.TextClause:
    import sqlalchemy

    return sqlalchemy.text(sql)


def _done(_result: object) -> None:
    return


def _shapes(rows: Iterable[Sequence[Any]]) -> dict[str, TableShape]:
    grouped: dict[str, list[Sequence[Any]]] = {}
    for row in rows:
        grouped.setdefault(str(row[0]), []).append(row)
    found = {}
    for entity, columns in grouped.items():
        writable = [each for each in columns if not each[3]]
        key = sorted((each[6], each[1]) for each in columns if each[6] is not None)
        found[entity] = TableShape(
            entity,
            tuple(each[1] for each in writable),
            tuple(each[2] for each in writable),
            tuple(column for _at, column in key),
            tuple(each[1] for each in writable if each[5]),
            bool(columns[0][4]),
        )
    return found


def _file_shapes(connection: sa.Connection, entities: Sequence[str]) -> dict[str, TableShape]:
    from app.schema.formats.sql_names import split_name

    found = {}
    for entity in entities:
        sql = "/* read columns and keys */ SELECT name, type, pk, hidden FROM pragma_table_xinfo(:table)"
        rows = connection.execute(_text(sql), {"table": split_name(entity, "main")[1]}).all()
        if not rows:
            continue
        writable = [row for row in rows if row[3] not in (2, 3)]
        key = tuple(row[0] for row in sorted((row for row in rows if row[2]), key=lambda row: row[2]))
        found[entity] = TableShape(
            entity, tuple(row[0] for row in writable), tuple(str(row[1]) for row in writable), key
        )
    return found


def _key_terms(shape: TableShape, dialect: Dialect) -> list[tuple[str, str]]:
    """Expressions that tell rows apart, with their types."""
    if shape.key:
        return [(f"t0.{name(each)}", shape.type_of(each)) for each in shape.key]
    if dialect == "sqlite":
        return [("t0.rowid", "")]
    within = [("t0.ctid", "tid")]
    return [("t0.tableoid", "oid"), *within] if shape.is_partitioned else within


def _size(row: Sequence[Any]) -> int:
    return sum(len(value) if isinstance(value, str | bytes) else 8 for value in row)


def _key_of(shape: TableShape, row: Sequence[Any]) -> Key:
    by_name = dict(zip(shape.columns, row, strict=True))
    return tuple(by_name[each] for each in shape.key)


def _hash_of(shape: TableShape, row: Sequence[Any]) -> str:
    by_name = dict(zip(shape.columns, row, strict=True))
    return _digest([by_name[each] for each in sorted(shape.columns)])


def _digest(values: Sequence[Any]) -> str:
    """Of SQLite's values: the kind of each counts (1 is not '1')."""
    parts = (
        (type(each).__name__, each if isinstance(each, bytes) else repr(each).encode("utf-8", "surrogatepass"))
        for each in values
    )
    found = hashlib.md5(usedforsecurity=False)
    for kind, data in parts:
        found.update(b"%s %d:" % (kind.encode(), len(data)))
        found.update(data)
    return found.hexdigest()


def _hashed(result: sa.CursorResult[Any]) -> Proof:
    count, total = 0, 0
    for rows in result.partitions(_FETCHED):
        count += len(rows)
        total += sum(int(_digest(tuple(row))[:16], 16) for row in rows)
    return Proof(count, str(total))


def _one_key(shape: TableShape) -> str:
    return " AND ".join(f"t0.{name(each)} = :k{at}" for at, each in enumerate(shape.key))


def _file_hashes(connection: sa.Connection, shape: TableShape, keys: Iterable[Key]) -> dict[Key, str]:
    shown = ", ".join(f"t0.{name(each)}" for each in sorted(shape.columns))
    sql = _text(f"/* compare rows */ SELECT {shown} FROM {table(shape.entity, 'sqlite')} AS t0 WHERE {_one_key(shape)}")
    found = {}
    for key in keys:
        row = connection.execute(sql, {f"k{at}": value for at, value in enumerate(key)}).one_or_none()
        if row is not None:
            found[key] = _digest(tuple(row))
    return found


def _file_remove(connection: sa.Connection, shape: TableShape, keys: Mapping[Key, str], where: str) -> int:
    now = _file_hashes(connection, shape, keys)
    sql = _text(
        f"/* remove rows */ DELETE FROM {table(shape.entity, 'sqlite')} AS t0 WHERE {_one_key(shape)} AND {where}"
    )
    removed = 0
    for key in (each for each, found in now.items() if found == keys[each]):
        removed += connection.execute(sql, {f"k{at}": value for at, value in enumerate(key)}).rowcount
    return removed
