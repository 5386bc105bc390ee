"""Enum types while a plan goes over them: made where a column first needs one, changed where one has other values."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace

from app.core.errors import Invalid
from app.core.text import plain
from app.schema.formats.sql_names import quoted, split_name
from app.schema.formats.sql_types import text_of
from app.schema.model import Schema
from app.schema.types import ArrayType, EnumType, Type

from . import locks, row_questions
from .facets import enum_of, quoted_path
from .live_names import Native
from .render import Table, literal
from .script import Script
from .tracking import ColumnNow, TableNow, Tables

_OLD = "_tenantry_old"
# Since PostgreSQL 12 a value can be added in a transaction, and used after it.
_IN_TRANSACTION = 120_000


class Enums:
    """``wanted`` are all types' values after the plan."""

    def __init__(
        self,
        native: Native,
        before: Schema,
        after: Schema,
        script: Script,
        tables: Tables,
        need_schema: Callable[[int, str, str], None],
    ) -> None:
        self._need_schema = need_schema
        self._before = {each.name: each for each in before.entities}
        self._now = dict(native.enums) | {each.name: each.values for each in _all(before)}
        self._had = {each.name for each in _all(before)}
        self.wanted = _agreed(after)
        self._script = script
        self._tables = tables
        self._version = native.version
        self.used_texts: tuple[str, ...] = ()
        self._made: set[str] = set()

    def need(self, operation: int, kind: Type, place: str) -> None:
        """The type is there with the values that it has in the end, from here on."""
        found = enum_of(kind)
        if found is None:
            return
        now = self._now.get(found.name)
        wanted = self.wanted.get(found.name, found.values)
        if now is None:
            self._create(operation, found.name, wanted, place)
        elif now != wanted:
            self._change(operation, found.name, now, wanted, place)

    def drop_unused(self, operation: int) -> None:
        for name in sorted((self._had | self._made) - self.wanted.keys()):
            if name in self._now:
                sql = _dropped_where_unused(quoted_path(name))
                note = f"No column has the type {plain(name, 80)} any more; it stays where something else uses it."
                self._script.main(operation, sql, name, "", note)

    def _create(self, operation: int, name: str, values: tuple[str, ...], place: str) -> None:
        schema = split_name(name)[0]
        self._need_schema(operation, schema, place)
        sql = f"CREATE TYPE {quoted_path(name)} AS ENUM ({', '.join(map(literal, values))})"
        self._script.main(operation, sql, place, locks.NEW)
        self._now[name] = values
        self._made.add(name)

    def _change(self, operation: int, name: str, now: tuple[str, ...], wanted: tuple[str, ...], place: str) -> None:
        if name not in self._made and [each for each in wanted if each in now] == list(now):
            self._add_values(operation, name, now, wanted, place)
        else:
            self._replace(operation, name, wanted, place)
        self._now[name] = wanted
        for column in self._columns(name):
            column.attribute = replace(column.attribute, type=_with_values(column.attribute.type, wanted))

    def _add_values(self, operation: int, name: str, now: tuple[str, ...], wanted: tuple[str, ...], place: str) -> None:
        there = list(now)
        for at, value in enumerate(wanted):
            if value in there:
                continue
            before = next((each for each in wanted[at + 1 :] if each in now), None)
            where = f" BEFORE {literal(before)}" if before is not None else ""
            sql = f"ALTER TYPE {quoted_path(name)} ADD VALUE {literal(value)}{where}"
            lock = f"none on tables; others that change the type {plain(name, 80)} wait"
            if self._version < _IN_TRANSACTION or self._is_used(value):
                note = "Stays even if what comes after fails: a new value cannot be used in its own transaction."
                self._script.first(operation, sql, place, lock, note)
            else:
                self._script.main(operation, sql, place, lock)

    def _is_used(self, value: str) -> bool:
        return any(literal(value) in text for text in self.used_texts)

    def _replace(self, operation: int, name: str, wanted: tuple[str, ...], place: str) -> None:
        """A value cannot be taken from an enum: a new type takes the place of the old one."""
        schema, own = split_name(name)
        path, old = quoted_path(name), quoted(f"{own[:40]}{_OLD}")
        far = old if schema == "public" else f"{quoted(schema)}.{old}"
        say = self._script.main
        say(operation, f"ALTER TYPE {path} RENAME TO {old}", place, "")
        say(operation, f"CREATE TYPE {path} AS ENUM ({', '.join(map(literal, wanted))})", place, locks.NEW)
        for table in self._tables:
            if table.is_system:
                continue
            for column in table.columns.values():
                found = enum_of(column.attribute.type)
                if found is None or found.name != name:
                    continue
                gone = [literal(each) for each in self._now[name] if each not in wanted]
                default = column.attribute.default
                if default is not None and any(each in default for each in gone):
                    column.attribute = replace(column.attribute, default=None)
                self._retype(operation, table.entity, column, default)
        say(operation, f"DROP TYPE {far}", place, "")

    def _retype(self, operation: int, entity: str, column: ColumnNow, had: str | None) -> None:
        """``had`` is its default until now, which can be for a value that goes."""
        now, write = self._tables[entity], self._script.write
        table = now.table
        name, kind, default = column.name, column.attribute.type, column.attribute.default
        place, text = f"{entity}.{name}", text_of(kind)
        through = "text[]" if isinstance(kind, ArrayType) else "text"
        if had is not None:
            self._script.main(operation, write.set_default(table, name, None), place, locks.brief(table.sql))
        sql = write.alter_type(table, name, text, f"{quoted(name)}::{through}::{text}")
        note = "Fails where a row has a value that the enum does not have any more."
        self._script.main(operation, sql, place, locks.rewrite(table.sql), note, self._in_the_way(now, column, kind))
        if default is not None:
            self._script.main(operation, write.set_default(table, name, default), place, locks.brief(table.sql))

    def _in_the_way(self, table: TableNow, column: ColumnNow, kind: Type) -> str:
        if table.is_new or column.is_new or not isinstance(kind, EnumType):
            return ""
        first = self._before.get(table.first)
        wanted = self.wanted.get(kind.name, kind.values)
        return row_questions.other_values(Table.of(table.first), column.first, wanted, row_questions.key_of(first))

    def _columns(self, name: str) -> Iterator[ColumnNow]:
        for table in self._tables:
            for column in table.columns.values():
                found = enum_of(column.attribute.type)
                if found is not None and found.name == name:
                    yield column


def _with_values(kind: Type, values: tuple[str, ...]) -> Type:
    if isinstance(kind, ArrayType):
        return replace(kind, item=_with_values(kind.item, values))
    return replace(kind, values=values) if isinstance(kind, EnumType) else kind


def _all(schema: Schema) -> Iterable[EnumType]:
    kinds = (enum_of(each.type) for entity in schema.entities for each in entity.attributes)
    return (each for each in kinds if each is not None)


def _agreed(schema: Schema) -> dict[str, tuple[str, ...]]:
    """Raises Invalid where two columns want different values of one type."""
    found: dict[str, tuple[str, ...]] = {}
    for each in _all(schema):
        if found.setdefault(each.name, each.values) != each.values:
            raise Invalid(
                f"Two columns of the type {plain(each.name, 80)} have different values for it.",
                remedy="Give all columns of the type the same values, or one of them a type of another name.",
            )
    return found


def _dropped_where_unused(path: str) -> str:
    body = f"BEGIN DROP TYPE {path}; EXCEPTION WHEN dependent_objects_still_exist THEN NULL; END"
    return f"DO {literal(body)}"
