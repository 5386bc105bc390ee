"""The text of single statements, written by Alembic's operations offline; pure."""

from __future__ import annotations

import io
import logging
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import sqlalchemy as sa
from alembic.migration import MigrationContext
from alembic.operations import Operations
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.sql.elements import quoted_name
from sqlalchemy.types import UserDefinedType

from app.schema.formats.sql_names import Dialect, home_schema, quoted, split_name

# It tells of each writer that one was made.
logging.getLogger("alembic.runtime.migration").setLevel(logging.WARNING)
# Alembic writes four spaces for a tab, also inside of names and texts: it gets this in its place.
_TAB: Final = "\ue009"


class _Written(UserDefinedType[Any]):
    """A type by its own text."""

    cache_ok = True

    def __init__(self, text: str) -> None:
        self.text = text

    def get_col_spec(self, **_options: Any) -> str:
        return self.text


@dataclass(frozen=True, slots=True)
class Table:
    """Where a statement happens: ``schema`` is None for the usual one."""

    name: str
    schema: str | None = None

    @staticmethod
    def of(entity: str, dialect: Dialect = "postgresql") -> Table:
        home = home_schema(dialect)
        schema, name = split_name(entity, home)
        return Table(name, None if schema == home else schema)

    @property
    def sql(self) -> str:
        return self.beside(self.name)

    def beside(self, name: str) -> str:
        """A relation of the same schema, such as an index of this table."""
        return quoted(name) if self.schema is None else f"{quoted(self.schema)}.{quoted(name)}"


@dataclass(frozen=True, slots=True)
class ColumnText:
    """``identity`` is "always", "by default" or ""; ``collation`` a name as it stands in SQL."""

    name: str
    type: str
    is_required: bool = False
    default: str | None = None
    identity: str = ""
    generated: str | None = None
    is_virtual: bool = False
    collation: str = ""


@dataclass(frozen=True, slots=True)
class KeyText:
    """A primary key or a unique constraint."""

    name: str
    columns: tuple[str, ...]
    include: tuple[str, ...] = ()
    nulls_not_distinct: bool = False
    deferrable: bool | None = None
    initially: str | None = None


@dataclass(frozen=True, slots=True)
class IndexText:
    """``parts`` are columns by name, or SQL texts where ``is_expression`` says so."""

    name: str
    parts: tuple[tuple[str, bool], ...]
    is_unique: bool = False
    method: str = ""
    where: str | None = None
    include: tuple[str, ...] = ()
    nulls_not_distinct: bool = False


@dataclass(frozen=True, slots=True)
class ForeignKeyText:
    name: str
    target: Table
    columns: tuple[tuple[str, str], ...]
    on_delete: str | None = None
    on_update: str | None = None
    deferrable: bool | None = None
    initially: str | None = None
    match: str | None = None


class SqlWriter:
    """One statement at a time, without its semicolon. Not for several threads at once."""

    def __init__(self, dialect: Dialect) -> None:
        self._dialect = dialect
        self._buffer = io.StringIO()
        # Named parameters: the other forms double each percent sign.
        made: Any = postgresql.dialect if dialect == "postgresql" else sqlite.dialect
        engine = made(paramstyle="named")
        engine._backslash_escapes = False
        options = {"as_sql": True, "output_buffer": self._buffer}
        self._operations: Any = Operations(MigrationContext.configure(dialect=engine, opts=options))

    # Tables

    def create_table(
        self,
        table: Table,
        columns: Sequence[ColumnText],
        *,
        primary: KeyText | None = None,
        unique: Sequence[KeyText] = (),
        checks: Sequence[tuple[str, str]] = (),
        foreign_keys: Sequence[ForeignKeyText] = (),
        partition_by: str = "",
    ) -> str:
        keys: list[Any] = (
            [] if primary is None else [sa.PrimaryKeyConstraint(*map(_name, primary.columns), **_key(primary))]
        )
        keys += [sa.UniqueConstraint(*map(_name, each.columns), **_key(each)) for each in unique]
        tests = [sa.CheckConstraint(_raw(text), name=_maybe(name)) for name, text in checks]
        links = [_foreign_key(each) for each in foreign_keys]
        options = {"postgresql_partition_by": _text(partition_by)} if partition_by else {}
        parts = (*map(self._column, columns), *keys, *tests, *links)
        return self._written("create_table", _name(table.name), *parts, schema=_schema(table), **options)

    def drop_table(self, table: Table) -> str:
        return self._written("drop_table", _name(table.name), schema=_schema(table))

    def rename_table(self, table: Table, new: str) -> str:
        return self._written("rename_table", _name(table.name), _name(new), schema=_schema(table))

    def comment_table(self, table: Table, comment: str | None) -> str:
        if comment is None:
            return self._written("drop_table_comment", _name(table.name), schema=_schema(table))
        return self._written("create_table_comment", _name(table.name), _text(comment), schema=_schema(table))

    # Columns

    def add_column(self, table: Table, column: ColumnText) -> str:
        return self._written("add_column", _name(table.name), self._column(column), schema=_schema(table))

    def drop_column(self, table: Table, name: str) -> str:
        return self._written("drop_column", _name(table.name), _name(name), schema=_schema(table))

    def rename_column(self, table: Table, old: str, new: str) -> str:
        # Alembic's own has no word COLUMN, which SQLite and readers like to see.
        return f"ALTER TABLE {table.sql} RENAME COLUMN {quoted(old)} TO {quoted(new)}"

    def alter_type(self, table: Table, name: str, text: str, using: str) -> str:
        return self._altered(table, name, type_=_Written(_text(text)), postgresql_using=_text(using))

    def set_required(self, table: Table, name: str, is_required: bool) -> str:
        return self._altered(table, name, nullable=not is_required)

    def set_default(self, table: Table, name: str, text: str | None) -> str:
        return self._altered(table, name, server_default=None if text is None else _raw(text))

    def add_identity(self, table: Table, name: str, kind: str) -> str:
        return self._altered(table, name, server_default=sa.Identity(always=kind == "always"))

    def comment_column(self, table: Table, name: str, comment: str | None) -> str:
        return self._altered(table, name, comment=None if comment is None else _text(comment))

    # Keys and indexes

    def add_check(self, table: Table, name: str, text: str, *, is_validated: bool) -> str:
        options = {} if is_validated else {"postgresql_not_valid": True}
        return self._written(
            "create_check_constraint", _name(name), _name(table.name), _raw(text), schema=_schema(table), **options
        )

    def add_foreign_key(self, table: Table, key: ForeignKeyText, *, is_validated: bool) -> str:
        options = {} if is_validated else {"postgresql_not_valid": True}
        return self._written(
            "create_foreign_key",
            _name(key.name),
            _name(table.name),
            _name(key.target.name),
            [_name(each) for each, _ in key.columns],
            [_name(each) for _, each in key.columns],
            source_schema=_schema(table),
            referent_schema=_schema(key.target),
            **_rules(key),
            **options,
        )

    def drop_constraint(self, table: Table, name: str, *, if_exists: bool = False) -> str:
        return self._written(
            "drop_constraint", _name(name), _name(table.name), schema=_schema(table), if_exists=if_exists or None
        )

    def create_index(self, table: Table, index: IndexText, *, is_concurrent: bool = False) -> str:
        options: dict[str, Any] = {"unique": index.is_unique}
        if index.where is not None:
            options[f"{self._dialect}_where"] = _raw(index.where)
        if self._dialect == "postgresql":
            options |= {"postgresql_using": _text(index.method)} if index.method else {}
            options |= {"postgresql_concurrently": True} if is_concurrent else {}
            options |= {"postgresql_nulls_not_distinct": True} if index.nulls_not_distinct else {}
            options |= {"postgresql_include": [_name(each) for each in index.include]} if index.include else {}
        parts = [_raw(text) if is_expression else _name(text) for text, is_expression in index.parts]
        name = _name(index.name)
        return self._written("create_index", name, _name(table.name), parts, schema=_schema(table), **options)

    def drop_index(self, table: Table, name: str, *, is_concurrent: bool = False, if_exists: bool = False) -> str:
        options = {"postgresql_concurrently": True} if is_concurrent else {}
        return self._written(
            "drop_index",
            _name(name),
            table_name=_name(table.name),
            schema=_schema(table),
            if_exists=if_exists or None,
            **options,
        )

    # How it is done

    def _column(self, column: ColumnText) -> sa.Column[Any]:
        extra: list[Any] = []
        if column.identity:
            extra.append(sa.Identity(always=column.identity == "always"))
        if column.generated is not None:
            extra.append(sa.Computed(_raw(column.generated), persisted=not column.is_virtual))
        kind = column.type + (f" COLLATE {column.collation}" if column.collation else "")
        default = None if column.default is None or extra else _raw(column.default)
        return sa.Column(
            _name(column.name), _Written(_text(kind)), *extra, nullable=not column.is_required, server_default=default
        )

    def _altered(self, table: Table, name: str, **options: Any) -> str:
        return self._written("alter_column", _name(table.name), _name(name), schema=_schema(table), **options)

    def _written(self, operation: str, *arguments: Any, **options: Any) -> str:
        self._buffer.seek(0)
        self._buffer.truncate()
        do: Callable[..., Any] = getattr(self._operations, operation)
        do(*arguments, **options)
        text = self._buffer.getvalue().strip().removesuffix(";").replace(_TAB, "\t")
        return re.sub(r" +\n", "\n", text)


def literal(text: str) -> str:
    """A text as it stands in SQL, with ``standard_conforming_strings`` on."""
    return "'" + text.replace("'", "''") + "'"


def _text(text: str) -> str:
    return text.replace("\t", _TAB)


def _name(name: str) -> quoted_name:
    return quoted_name(_text(name), quoted(name).startswith('"') or None)


def _maybe(name: str) -> quoted_name | None:
    return _name(name) if name else None


def _schema(table: Table) -> quoted_name | None:
    return None if table.schema is None else _name(table.schema)


def _raw(text: str) -> sa.ColumnElement[Any]:
    """SQL as it is: nothing in it is taken for a parameter."""
    return sa.literal_column(_text(text))


def _key(key: KeyText) -> dict[str, Any]:
    found: dict[str, Any] = {"name": _maybe(key.name), "deferrable": key.deferrable, "initially": key.initially}
    if key.include:
        found["postgresql_include"] = [_name(each) for each in key.include]
    if key.nulls_not_distinct:
        found["postgresql_nulls_not_distinct"] = True
    return found


def _rules(key: ForeignKeyText) -> dict[str, Any]:
    return {
        "ondelete": key.on_delete,
        "onupdate": key.on_update,
        "deferrable": key.deferrable,
        "initially": key.initially,
        "match": key.match,
    }


def _foreign_key(key: ForeignKeyText) -> sa.ForeignKeyConstraint:
    """Inline, as SQLite needs it; the other table is none that this metadata knows."""
    target = sa.Table(
        _name(key.target.name),
        sa.MetaData(),
        *(sa.Column(_name(each)) for _, each in key.columns),
        schema=_schema(key.target),
    )
    return sa.ForeignKeyConstraint(
        [_name(each) for each, _ in key.columns],
        [target.c[_text(each)] for _, each in key.columns],
        name=_maybe(key.name),
        **{name: value for name, value in _rules(key).items() if value is not None},
    )
