"""A plan on a SQLite file: one transaction, in which tables are made anew wherever ALTER TABLE cannot do it.

Renames and drops are sent as the plan has them; everything else follows from what each table is in the end. A table is
made anew as SQLite's own manual says (https://sqlite.org/lang_altertable.html, "other kinds of table schema changes"),
with foreign keys off: whoever sends this looks for rows that lead nowhere before the commit.
"""

from __future__ import annotations

import functools
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import replace

from app.core.errors import Invalid, Unsupported
from app.core.text import plain
from app.platforms.contract import LiveSchema
from app.schema.compare import Plan
from app.schema.formats.sql_names import quoted
from app.schema.model import Attribute, Entity, Index, Link
from app.schema.operations import (
    AddAttribute,
    AddEntity,
    AddIndex,
    AddLink,
    ChangeAttribute,
    ChangeEntity,
    ChangeIndex,
    ChangeLink,
    DropAttribute,
    DropEntity,
    DropIndex,
    DropLink,
    Operation,
    RenameAttribute,
    RenameEntity,
    RenameIndex,
    RenameLink,
)

from . import locks
from .facets import checks_of, column_text, extra, foreign_key, index_name, index_text, is_key, key_text, unique_name
from .render import IndexText, KeyText, SqlWriter, Table
from .steps import SqlStep
from .tracking import ColumnNow, TableNow, Tables

NEW = "_tenantry_new"
_GONE = "_tenantry_gone_{0}"
_LOST = "Its rows do not come back: SQLite keeps nothing of what was dropped."


def file_steps(live: LiveSchema, plan: Plan, restores: bool) -> tuple[SqlStep, ...]:
    """See ``steps.steps_of``."""
    return _Walk(live, plan, restores).steps()


class _Walk:
    def __init__(self, live: LiveSchema, plan: Plan, restores: bool) -> None:
        after = plan.apply(live.schema)
        self._plan = plan
        self._restores = restores
        self._write = SqlWriter("sqlite")
        self._tables = Tables(live.schema, "sqlite")
        self._before = {each.name: each for each in live.schema.entities}
        self._after = {each.name: each for each in after.entities}
        self._links: dict[str, list[Link]] = defaultdict(list)
        for link in after.links:
            self._links[link.forward.entity].append(link)
        self._found: list[SqlStep] = []
        # By table, in the order of the plan.
        self._touched: dict[TableNow, list[int]] = defaultdict(list)
        self._anew: set[TableNow] = set()
        self._gone = 0

    def steps(self) -> tuple[SqlStep, ...]:
        for number, step in enumerate(self._plan.steps):
            self._one(number, step)
        for table, numbers in self._touched.items():
            if table.entity in self._tables and not table.is_new and table not in self._anew:
                self._drop_indexes(table, numbers)
        for table, numbers in self._touched.items():
            if table.entity in self._tables:
                self._settle(table, numbers)
        return tuple(self._found)

    def _say(self, number: int, sql: str, place: str, note: str = "") -> None:
        self._found.append(SqlStep(number, sql, "main", place, locks.WHOLE_FILE, note))

    # In the order of the plan

    def _one(self, number: int, step: Operation) -> None:
        match step:
            case AddEntity():
                self._touched[self._tables.add(step.entity, is_new=True)].append(number)
            case DropEntity():
                self._drop_entity(number, step.entity)
            case RenameEntity():
                self._rename_entity(number, step.old, step.new)
            case ChangeEntity():
                self._mark(number, step.entity)
            case AddAttribute():
                table = self._tables[step.entity]
                table.columns[step.attribute.name] = ColumnNow(step.attribute, True)
                self._mark(number, step.entity, is_anew=not _can_be_added(step.attribute))
            case DropAttribute():
                self._drop_attribute(number, step.entity, step.attribute)
            case RenameAttribute():
                self._rename_attribute(number, step.entity, step.old, step.new)
            case ChangeAttribute():
                is_anew = replace(step.before, is_indexed=False) != replace(step.after, is_indexed=False)
                self._mark(number, step.entity, is_anew=is_anew)
            case AddIndex() | DropIndex():
                self._mark(number, step.entity, is_anew=is_key(step.index))
            case ChangeIndex():
                self._mark(number, step.entity, is_anew=is_key(step.before) or is_key(step.after))
            case RenameIndex():
                self._mark(number, step.entity)
            case AddLink() | DropLink():
                self._mark_link(number, step.link)
            case RenameLink() | ChangeLink():
                self._mark_link(number, step.before)

    def _mark(self, number: int, entity: str, *, is_anew: bool = True) -> None:
        table = self._tables[entity]
        self._touched[table].append(number)
        if is_anew and not table.is_new:
            self._anew.add(table)

    def _mark_link(self, number: int, link: Link) -> None:
        # A table that was dropped took its links along.
        if link.forward.entity in self._tables:
            self._mark(number, link.forward.entity)

    def _drop_entity(self, number: int, entity: Entity) -> None:
        table = self._tables[entity.name]
        self._say(number, self._write.drop_table(table.table), entity.name, _LOST)
        self._tables.drop(entity.name)

    def _rename_entity(self, number: int, old: str, new: str) -> None:
        table = self._tables[old]
        if not table.is_new:
            sql = self._write.rename_table(table.table, Table.of(new, "sqlite").name)
            self._say(number, sql, old)
        self._tables.rename(old, new)
        # Names of keys that SQLite itself gave follow the table's.
        self._mark(number, new)

    def _drop_attribute(self, number: int, entity: str, attribute: Attribute) -> None:
        table = self._tables[entity]
        column = table.columns.pop(attribute.name)
        self._mark(number, entity)
        self._gone += 1
        # Until the table is made anew the column stays; its name may be needed before.
        if not column.is_new:
            sql = self._write.rename_column(table.table, attribute.name, _GONE.format(self._gone))
            note = "Its values do not come back: SQLite keeps nothing of what is dropped."
            self._say(number, sql, f"{entity}.{attribute.name}", note)

    def _rename_attribute(self, number: int, entity: str, old: str, new: str) -> None:
        table = self._tables[entity]
        column = table.rename_column(old, new)
        if not column.is_new:
            self._say(number, self._write.rename_column(table.table, old, new), f"{entity}.{old}")
        self._mark(number, entity)

    # In the end

    def _settle(self, table: TableNow, numbers: list[int]) -> None:
        entity = self._after[table.entity]
        if table.is_new:
            note = _LOST if self._restores else ""
            self._say(numbers[0], self._created(entity, table.table), entity.name, note)
            self._make_indexes(table, entity, numbers, ())
        elif table in self._anew:
            self._make_anew(table, entity, numbers)
            self._make_indexes(table, entity, numbers, ())
        else:
            self._add_columns(table, entity, numbers)
            self._make_indexes(table, entity, numbers, tuple(self._kept(table)))
        for number in numbers:
            if not any(each.operation == number for each in self._found):
                text = f"-- {plain(entity.name, 80)} is made anew as a whole, see step {numbers[0] + 1}"
                self._say(number, text, entity.name)

    def _make_anew(self, table: TableNow, entity: Entity, numbers: list[int]) -> None:
        new = Table(f"{table.table.name}{NEW}")
        first, place = numbers[0], entity.name
        self._say(first, self._created(entity, new), place, "The table is made anew: every row is written again.")
        names = [
            each.name
            for each in table.columns.values()
            if not each.is_new and extra(self._attribute(entity, each.name).extra, "generated") is None
        ]
        if names:
            columns = ", ".join(map(quoted, names))
            sql = f"INSERT INTO {new.sql} ({columns}) SELECT {columns} FROM {table.table.sql}"
            self._say(first, sql, place)
        self._say(first, self._write.drop_table(table.table), place)
        # Without it, views of the table would not let the new one take its name.
        self._say(first, "PRAGMA legacy_alter_table = ON", place)
        self._say(first, self._write.rename_table(new, table.table.name), place)
        self._say(first, "PRAGMA legacy_alter_table = OFF", place)

    @staticmethod
    def _attribute(entity: Entity, name: str) -> Attribute:
        return next(each for each in entity.attributes if each.name == name)

    def _add_columns(self, table: TableNow, entity: Entity, numbers: list[int]) -> None:
        for column in table.columns.values():
            if column.is_new:
                attribute = self._attribute(entity, column.name)
                sql = self._write.add_column(table.table, column_text(attribute, "sqlite"))
                number = self._number(numbers, functools.partial(_adds, attribute.name))
                self._say(number, sql, f"{entity.name}.{attribute.name}")

    def _number(self, numbers: list[int], fits: Callable[[Operation], bool]) -> int:
        return next((each for each in numbers if fits(self._plan.steps[each])), numbers[0])

    def _created(self, entity: Entity, table: Table) -> str:
        if any(not name.startswith("check ") for name, _ in entity.extra):
            raise Unsupported(f"SQLite cannot keep everything that is said of {plain(entity.name, 80)}.")
        if not entity.attributes:
            raise Invalid(
                f"A table in SQLite has at least one column; {plain(entity.name, 80)} would have none.",
                remedy="Delete the table, or leave it a column.",
            )
        keys = [key_text(each) for each in entity.indexes if is_key(each) and each.kind != "primary"]
        unique = [
            KeyText(unique_name(entity.name, each.name), (each.name,)) for each in entity.attributes if each.is_unique
        ]
        primary = next((key_text(each) for each in entity.indexes if each.kind == "primary"), None)
        links = sorted(self._links[entity.name], key=lambda each: each.name)
        return self._write.create_table(
            table,
            [column_text(each, "sqlite") for each in entity.attributes],
            primary=primary,
            unique=[*unique, *keys],
            checks=sorted(checks_of(entity.extra).items()),
            foreign_keys=[foreign_key(each, "sqlite") for each in links],
        )

    # Indexes

    def _drop_indexes(self, table: TableNow, numbers: list[int]) -> None:
        kept = set(self._kept(table))
        for text in _indexes(self._before[table.first]):
            if text not in kept:
                number = self._number(numbers, functools.partial(_drops, text))
                self._say(number, self._write.drop_index(table.table, text.name), f"{table.entity}.{text.name}")

    def _kept(self, table: TableNow) -> Iterator[IndexText]:
        after = set(_indexes(self._after[table.entity]))
        return (each for each in _indexes(self._before[table.first]) if each in after)

    def _make_indexes(self, table: TableNow, entity: Entity, numbers: list[int], kept: tuple[IndexText, ...]) -> None:
        for text in _indexes(entity):
            if text not in kept:
                number = self._number(numbers, functools.partial(_makes, text))
                self._say(number, self._write.create_index(table.table, text), f"{entity.name}.{text.name}")


def _indexes(entity: Entity) -> list[IndexText]:
    """All that are no constraints, in order of name."""
    implied = [
        IndexText(index_name(entity.name, each.name), ((each.name, False),))
        for each in entity.attributes
        if each.is_indexed
    ]
    found = [*implied, *(index_text(each) for each in entity.indexes if not is_key(each))]
    return sorted(found, key=lambda each: each.name)


def _can_be_added(attribute: Attribute) -> bool:
    """What ALTER TABLE … ADD COLUMN takes: no key, no expression, nothing that rows would need."""
    is_plain = not attribute.is_unique and extra(attribute.extra, "generated") is None
    return is_plain and not attribute.is_required and attribute.default is None


def _adds(name: str, step: Operation) -> bool:
    return isinstance(step, AddAttribute) and step.attribute.name == name


def _makes(text: IndexText, step: Operation) -> bool:
    match step:
        case AddIndex():
            return _is_named(step.index, text)
        case ChangeIndex():
            return _is_named(step.after, text)
        case AddAttribute():
            return text.parts == ((step.attribute.name, False),)
        case ChangeAttribute():
            return step.after.is_indexed and text.parts == ((step.after.name, False),)
        case RenameIndex():
            return step.new == text.name
        case _:
            return False


def _drops(text: IndexText, step: Operation) -> bool:
    match step:
        case DropIndex():
            return _is_named(step.index, text)
        case ChangeIndex():
            return _is_named(step.before, text)
        case ChangeAttribute():
            return step.before.is_indexed and text.parts == ((step.before.name, False),)
        case RenameIndex():
            return step.old == text.name
        case _:
            return False


def _is_named(index: Index, text: IndexText) -> bool:
    return index.name == text.name
