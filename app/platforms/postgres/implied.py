"""The index or unique constraint of one column that goes by the name which PostgreSQL itself would give it."""

from __future__ import annotations

from typing import Literal

from app.schema.formats.sql_names import quoted
from app.schema.model import Attribute

from . import locks, row_questions
from .context import Context
from .facets import index_name, unique_name
from .render import IndexText, KeyText
from .script import INDEX
from .tracking import ColumnNow, TableNow

Kind = Literal["key", "idx"]


class Implied:
    def __init__(self, context: Context) -> None:
        self._context = context
        self._script = context.script
        self._write = context.script.write

    def is_to_be(self, table: TableNow, column: ColumnNow, kind: Kind) -> bool:
        """It is made by a job, under the name that holds then."""
        return self._context.has_job(table, (kind, column))

    def forget(self, table: TableNow, column: ColumnNow) -> None:
        """The column goes, and what was to be made for it."""
        for kind in ("key", "idx", "null"):
            self._context.take_job(table, (kind, column))

    def change(self, number: int, table: TableNow, column: ColumnNow, before: Attribute, after: Attribute) -> None:
        if before.is_unique and not after.is_unique:
            self._drop_key(number, table, column)
        if before.is_indexed and not after.is_indexed:
            self._drop_index(number, table, column)
        if after.is_unique and not before.is_unique:
            self._add_key(number, table, column)
        if after.is_indexed and not before.is_indexed:
            self._add_index(number, table, column)

    def _drop_key(self, number: int, table: TableNow, column: ColumnNow) -> None:
        if self._context.take_job(table, ("key", column)) is None:
            name = unique_name(table.entity, column.name)
            sql = self._write.drop_constraint(table.table, name)
            self._script.main(number, sql, f"{table.entity}.{column.name}", locks.brief(table.table.sql))

    def _drop_index(self, number: int, table: TableNow, column: ColumnNow) -> None:
        if self._context.take_job(table, ("idx", column)) is None:
            sql = self._write.drop_index(table.table, index_name(table.entity, column.name))
            self._script.main(number, sql, f"{table.entity}.{column.name}", locks.brief(table.table.sql))

    def _add_key(self, number: int, table: TableNow, column: ColumnNow) -> None:
        write = self._write

        def place() -> str:
            return f"{table.entity}.{column.name}"

        def name() -> str:
            return unique_name(table.entity, column.name)

        if table.is_plain:
            key = KeyText("", (column.name,))
            sql = f"ALTER TABLE {table.table.sql} ADD CONSTRAINT {quoted(name())} UNIQUE ({quoted(key.columns[0])})"
            self._script.main(number, sql, place(), locks.scan(table.table.sql))
            return
        job = self._script.job(INDEX, number, place)
        job.question = lambda: row_questions.repeated(table.table, [column.name], self._context.key(table))
        job.add(
            "index",
            lambda: write.create_index(
                table.table, IndexText(name(), ((column.name, False),), True), is_concurrent=True
            ),
            lock=lambda: locks.concurrent(table.table.sql),
            cleanup=lambda: write.drop_index(table.table, name(), is_concurrent=True, if_exists=True),
            note="Fails where two rows have the same value.",
        )
        job.add(
            "attach",
            lambda: (
                f"ALTER TABLE {table.table.sql} ADD CONSTRAINT {quoted(name())} UNIQUE USING INDEX {quoted(name())}"
            ),
            lock=lambda: locks.brief(table.table.sql),
        )
        self._context.remember(table, ("key", column), job)

    def _add_index(self, number: int, table: TableNow, column: ColumnNow) -> None:
        write = self._write

        def place() -> str:
            return f"{table.entity}.{column.name}"

        def index() -> IndexText:
            return IndexText(index_name(table.entity, column.name), ((column.name, False),))

        if table.is_plain:
            self._script.main(number, write.create_index(table.table, index()), place(), locks.build(table.table.sql))
            return
        job = self._script.job(INDEX, number, place)
        job.add(
            "index",
            lambda: write.create_index(table.table, index(), is_concurrent=True),
            lock=lambda: locks.concurrent(table.table.sql),
            cleanup=lambda: write.drop_index(table.table, index().name, is_concurrent=True, if_exists=True),
        )
        self._context.remember(table, ("idx", column), job)
