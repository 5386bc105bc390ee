"""Columns of tables that exist: added, dropped, renamed and changed, as carefully as PostgreSQL lets."""

from __future__ import annotations

from dataclasses import dataclass, replace

from app.core.errors import Unsupported
from app.core.text import plain
from app.schema.formats.sql_names import implied_name, quoted, split_name
from app.schema.formats.sql_types import SERIALS, text_of
from app.schema.model import Attribute
from app.schema.risks import holds
from app.schema.types import ArrayType, DateType, EnumType, NumberType, StringType, Type

from . import locks, row_questions
from .context import Context
from .facets import collation_of, column_text, comment_of, enum_of, extra, index_name, unique_name
from .implied import Implied
from .render import Table, literal
from .script import NOT_NULL
from .tracking import ColumnNow, TableNow

# ALTER COLUMN … SET EXPRESSION is there since PostgreSQL 17.
_SETS_EXPRESSION = 170_000
_KNOWN = frozenset({"comment", "identity", "generated", "virtual", "collation"})
# What a default is made of where it is another for each row: the table is written anew.
_VOLATILE = ("random", "uuid", "clock_timestamp", "nextval", "timeofday")


@dataclass(frozen=True, slots=True)
class _Change:
    """One column's change: where it is, and both of its forms."""

    number: int
    table: TableNow
    column: ColumnNow
    before: Attribute
    after: Attribute

    @property
    def at(self) -> Table:
        return self.table.table

    @property
    def name(self) -> str:
        return self.after.name

    @property
    def place(self) -> str:
        return f"{self.table.entity}.{self.after.name}"

    @property
    def sql(self) -> str:
        return f"ALTER TABLE {self.at.sql} ALTER COLUMN {quoted(self.name)}"


class Columns:
    def __init__(self, context: Context) -> None:
        self._context = context
        self._script = context.script
        self._write = context.script.write
        self._implied = Implied(context)

    @staticmethod
    def is_serial(attribute: Attribute) -> bool:
        return getattr(attribute.type, "native", "") in SERIALS

    # Added, dropped, renamed

    def add(self, number: int, entity: str, attribute: Attribute, note: str) -> None:
        table = self._context.tables[entity]
        place, at = f"{entity}.{attribute.name}", table.table
        self._context.enums.need(number, attribute.type, place)
        column = table.columns[attribute.name] = ColumnNow(attribute, True)
        if not note and attribute.is_required and not _has_value(attribute) and not self.is_serial(attribute):
            note = "Fails where the table has rows: they would have no value."
        lock = locks.rewrite(at.sql) if self._writes_rows(attribute) else locks.brief(at.sql)
        self._script.main(number, self._write.add_column(at, column_text(attribute)), place, lock, note)
        if self.is_serial(attribute) and not attribute.is_required:
            self._script.main(number, self._write.set_required(at, attribute.name, False), place, locks.brief(at.sql))
        if (comment := comment_of(attribute.extra)) is not None:
            self._script.main(
                number, self._write.comment_column(at, attribute.name, comment), place, locks.comment(at.sql)
            )
        self._implied.change(number, table, column, replace(attribute, is_unique=False, is_indexed=False), attribute)

    def _writes_rows(self, attribute: Attribute) -> bool:
        default = (attribute.default or "").lower()
        is_counted = self.is_serial(attribute) or extra(attribute.extra, "identity")
        is_made = extra(attribute.extra, "generated") is not None
        return bool(is_counted) or is_made or any(each in default for each in _VOLATILE)

    def drop(self, number: int, entity: str, attribute: Attribute) -> None:
        table = self._context.tables[entity]
        self._implied.forget(table, table.column(attribute.name))
        del table.columns[attribute.name]
        note = "Its values do not come back: PostgreSQL keeps nothing of what is dropped."
        sql = self._write.drop_column(table.table, attribute.name)
        self._script.main(number, sql, f"{entity}.{attribute.name}", locks.brief(table.table.sql), note)

    def rename(self, number: int, entity: str, old: str, new: str) -> None:
        table = self._context.tables[entity]
        sql = self._write.rename_column(table.table, old, new)
        self._script.main(number, sql, f"{entity}.{old}", locks.brief(table.table.sql))
        column = table.rename_column(old, new)
        self.rename_implied(number, table, column.attribute, (entity, old), (entity, new))

    def rename_implied(
        self, number: int, table: TableNow, attribute: Attribute, old: tuple[str, str], new: tuple[str, str]
    ) -> None:
        """``old`` and ``new`` are entity and column; ``table`` has its new name already."""
        column, at = table.columns[new[1]], table.table
        place, lock = f"{new[0]}.{new[1]}", locks.brief(at.sql)
        one, other = unique_name(*old), unique_name(*new)
        if attribute.is_unique and one != other and not self._implied.is_to_be(table, column, "key"):
            sql = f"ALTER TABLE {at.sql} RENAME CONSTRAINT {quoted(one)} TO {quoted(other)}"
            self._script.main(number, sql, place, lock)
        one, other = index_name(*old), index_name(*new)
        if attribute.is_indexed and one != other and not self._implied.is_to_be(table, column, "idx"):
            sql = f"ALTER INDEX {at.beside(one)} RENAME TO {quoted(other)}"
            self._script.main(number, sql, place, locks.concurrent(at.sql))

    # Changed

    def change(self, number: int, entity: str, before: Attribute, after: Attribute) -> None:
        table = self._context.tables[entity]
        column = table.column(after.name)
        change = _Change(number, table, column, before, after)
        self._refuse_other(change)
        self._context.enums.need(number, after.type, change.place)
        # What another column's change of the same enum has done already.
        now = replace(before, type=column.attribute.type, default=column.attribute.default)
        change = replace(change, before=now)
        column.attribute = after
        if not self._generated(change):
            self._value(change)
        self._required(change)
        self._identity(change)
        comment = comment_of(after.extra)
        if comment_of(before.extra) != comment:
            sql = self._write.comment_column(change.at, change.name, comment)
            self._main(change, sql, locks.comment(change.at.sql))
        self._implied.change(number, table, column, before, after)

    def _main(self, change: _Change, sql: str, lock: str = "", note: str = "", question: str = "") -> None:
        self._script.main(change.number, sql, change.place, lock or locks.brief(change.at.sql), note, question)

    def _refuse_other(self, change: _Change) -> None:
        one, other = dict(change.before.extra), dict(change.after.extra)
        for name in sorted({*one, *other} - _KNOWN):
            if one.get(name) != other.get(name):
                raise Unsupported(
                    f"PostgreSQL cannot change {plain(name, 60)} of {plain(change.place, 120)}.",
                    remedy="Take the change back.",
                )

    def _generated(self, change: _Change) -> bool:
        """Whether the column was made anew, or its type is not to be changed by itself."""
        before, after = (extra(each.extra, "generated") for each in (change.before, change.after))
        was_virtual, is_virtual = (extra(each.extra, "virtual") is True for each in (change.before, change.after))
        if after is not None and was_virtual != is_virtual:
            before = None
        if before == after and (after is None or text_of(change.before.type) == text_of(change.after.type)):
            return False
        if after is None and not was_virtual:
            self._main(change, f"{change.sql} DROP EXPRESSION")
            return False
        is_same_type = text_of(change.before.type) == text_of(change.after.type)
        if (
            before is not None
            and after is not None
            and is_same_type
            and self._context.native.version >= _SETS_EXPRESSION
        ):
            self._main(change, f"{change.sql} SET EXPRESSION AS ({after})", locks.rewrite(change.at.sql))
            return True
        self._made_anew(change)
        return True

    def _made_anew(self, change: _Change) -> None:
        """A column that has values cannot begin to be computed."""
        if any(change.name in each.attributes for each in self._context.final(change.table).indexes):
            raise Unsupported(
                f"{plain(change.place, 120)} is part of an index, and cannot be made anew as a computed column.",
                remedy="Drop the index first, push, then make the change.",
            )
        note = "The column is made anew: its values are computed, what it had is lost."
        self._main(change, self._write.drop_column(change.at, change.name), note=note)
        made = column_text(change.after)
        self._main(change, self._write.add_column(change.at, made), locks.rewrite(change.at.sql))

    def _value(self, change: _Change) -> None:
        """Type, collation and default; a default goes first, since it may not fit the other type."""
        before, after = change.before, change.after
        was_serial, is_serial = self.is_serial(before), self.is_serial(after)
        is_other = _stored(before.type) != _stored(after.type) or collation_of(before) != collation_of(after)
        default = before.default
        if extra(before.extra, "generated") is not None:
            default = None
        if was_serial and not is_serial:
            self._drop_sequence(change)
        if default is not None and (is_other or (default != after.default)):
            self._main(change, self._write.set_default(change.at, change.name, None))
            default = None
        if is_other:
            self._retype(change)
        if is_serial and not was_serial:
            self._add_sequence(change)
        elif after.default is not None and default != after.default and not extra(after.extra, "generated"):
            self._main(change, self._write.set_default(change.at, change.name, after.default))

    def _retype(self, change: _Change) -> None:
        before, after = change.before, change.after
        text = _stored(after.type)
        collation = collation_of(after)
        using = _using(change.name, before.type, after.type)
        kind = f"{text} COLLATE {collation}" if collation else text
        note = _type_note(before.type, after.type)
        is_free = _is_free(before.type, after.type) and not collation
        lock = locks.brief(change.at.sql) if is_free else locks.rewrite(change.at.sql)
        question = self._in_the_way(change) if note else ""
        self._main(change, self._write.alter_type(change.at, change.name, kind, using), lock, note, question)

    def _in_the_way(self, change: _Change) -> str:
        """The rows that the type cannot take, as far as the server can be asked."""
        after, first = change.after.type, change.column.first
        key = self._context.key_before(change.table)
        if change.table.is_new or change.column.is_new:
            return ""
        table = Table.of(change.table.first)
        if isinstance(after, EnumType):
            return row_questions.other_values(table, first, after.values, key)
        if isinstance(after, StringType):
            return row_questions.too_long(table, first, after.max_length, key) if after.max_length else ""
        if self._context.native.version >= row_questions.TRIES_TYPES:
            return row_questions.not_of_type(table, first, _stored(after), key)
        return ""

    def _drop_sequence(self, change: _Change) -> None:
        """Its sequence is found by whom it belongs to, whatever it is called."""
        owner = f"pg_get_serial_sequence({literal(change.at.sql)}, {literal(change.name)})"
        self._main(change, self._write.set_default(change.at, change.name, None))
        body = f"BEGIN EXECUTE 'DROP SEQUENCE ' || {owner}; END"
        self._main(change, f"DO {literal(body)}")

    def _add_sequence(self, change: _Change) -> None:
        name = implied_name(split_name(change.table.entity)[1], change.name, "seq")
        path = change.at.beside(name)
        kind = SERIALS[getattr(change.after.type, "native", "")]
        column = f"{change.at.sql}.{quoted(change.name)}"
        self._main(change, f"CREATE SEQUENCE {path} AS {kind} OWNED BY {column}")
        self._main(change, self._write.set_default(change.at, change.name, f"nextval({literal(path)}::regclass)"))
        self._count_on(change)

    def _count_on(self, change: _Change) -> None:
        """The next number is one that no row has."""
        owner = f"pg_get_serial_sequence({literal(change.at.sql)}, {literal(change.name)})"
        most = f"(SELECT coalesce(max({quoted(change.name)}), 0) + 1 FROM {change.at.sql})"
        self._main(change, f"SELECT setval({owner}, {most}, false)", locks.brief(change.at.sql))

    def _required(self, change: _Change) -> None:
        before, after = change.before.is_required, change.after.is_required
        if before == after:
            return
        if before:
            if extra(change.before.extra, "identity") and not extra(change.after.extra, "identity"):
                self._main(change, f"{change.sql} DROP IDENTITY")
            self._main(change, self._write.set_required(change.at, change.name, False))
            return
        if change.table.is_plain or extra(change.after.extra, "identity"):
            self._main(change, self._write.set_required(change.at, change.name, True), locks.scan(change.at.sql))
            return
        self._prove_not_null(change)

    def _prove_not_null(self, change: _Change) -> None:
        """The check is proven beside reads and writes; then SET NOT NULL does not have to read the rows again."""
        table, column, write = change.table, change.column, self._write
        name = implied_name(split_name(change.table.entity)[1], change.name, "tenantry_not_null")

        def place() -> str:
            return f"{table.entity}.{column.name}"

        def brief() -> str:
            return locks.brief(table.table.sql)

        job = self._script.job(NOT_NULL, change.number, place)
        job.question = lambda: row_questions.nulls(table.table, column.name, self._context.key(table))
        self._script.at_end(
            change.number,
            lambda: write.add_check(table.table, name, f"{quoted(column.name)} IS NOT NULL", is_validated=False),
            place,
            brief,
            job=job,
            cleanup=lambda: write.drop_constraint(table.table, name, if_exists=True),
        )
        job.add(
            "validate",
            lambda: f"ALTER TABLE {table.table.sql} VALIDATE CONSTRAINT {quoted(name)}",
            lock=lambda: locks.concurrent(table.table.sql),
            note="Fails where a row has no value.",
        )
        unit = job.new_unit()
        job.add("attach", lambda: write.set_required(table.table, column.name, True), lock=brief, unit=unit)
        job.add("attach", lambda: write.drop_constraint(table.table, name), lock=brief, unit=unit)
        self._context.remember(table, ("null", column), job)

    def _identity(self, change: _Change) -> None:
        before, after = (str(extra(each.extra, "identity") or "") for each in (change.before, change.after))
        if before == after:
            return
        if not after:
            if change.before.is_required == change.after.is_required:
                self._main(change, f"{change.sql} DROP IDENTITY")
        elif before:
            self._main(change, f"{change.sql} SET GENERATED {after.upper()}")
        else:
            self._main(change, self._write.add_identity(change.at, change.name, after))
            self._count_on(change)


def _has_value(attribute: Attribute) -> bool:
    parts = attribute.extra
    return attribute.default is not None or bool(extra(parts, "identity")) or extra(parts, "generated") is not None


def _stored(kind: Type) -> str:
    """The type that the column itself has."""
    text = text_of(kind)
    return SERIALS.get(text, text)


def _using(name: str, before: Type, after: Type) -> str:
    column, text = quoted(name), _stored(after)
    if isinstance(after, ArrayType) and not isinstance(before, ArrayType):
        return f"CASE WHEN {column} IS NOT NULL THEN ARRAY[{column}]::{text} END"
    if enum_of(before) is not None or enum_of(after) is not None:
        through = "text[]" if isinstance(before, ArrayType) else "text"
        return f"{column}::{through}::{text}"
    if isinstance(after, StringType):
        # A cast that is said cuts what is too long; an implied one refuses it.
        return column if isinstance(before, StringType) else f"{column}::text"
    return f"{column}::{text}"


def _type_note(before: Type, after: Type) -> str:
    if holds(_plain(after), _plain(before)) or _is_free(before, after):
        return ""
    if isinstance(before, NumberType | DateType) and isinstance(after, type(before)):
        return "Values can be rounded or cut; fails where a row has one that the type cannot take."
    return "Fails where a row has a value that the type cannot take."


def _plain(kind: Type) -> Type:
    return replace(kind, native="") if isinstance(kind, NumberType | DateType | StringType) else kind


def _is_free(before: Type, after: Type) -> bool:
    """Whether every value fits without being written again: only a limit is lifted."""
    one, other = _stored(before), _stored(after)
    if not one.startswith(("varchar", "text")) or not other.startswith(("varchar", "text")):
        return False
    least, most = _length(one), _length(other)
    return most is None or (least is not None and least <= most)


def _length(text: str) -> int | None:
    inside = text.partition("(")[2].partition(")")[0]
    return int(inside) if inside.isdigit() else None
