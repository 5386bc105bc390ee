"""Which rows a plan's steps touch, as questions to the database as it is: names are followed back through renames."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from app.schema.compare import Plan
from app.schema.formats.sql_names import Dialect
from app.schema.formats.sql_types import SERIALS, text_of
from app.schema.model import Attribute, Index, Link
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
    Operation,
    RenameAttribute,
    RenameEntity,
)
from app.schema.types import EnumType, StringType, Type

from . import row_questions
from .facets import checks_of, extra, foreign_key
from .render import Table

_KEY = "''"


@dataclass(frozen=True, slots=True)
class RowQuestion:
    """``entity`` is the table whose size tells how long it may take; ``words``: "{rows} {are} …"."""

    operation: int
    entity: str
    sql: str
    words: str
    is_blocking: bool = False


class _Names:
    """Present names to those of the database; what the plan adds has none."""

    def __init__(self) -> None:
        self._entities: dict[str, str | None] = {}
        self._columns: dict[tuple[str, str], str | None] = {}

    def entity(self, name: str) -> str | None:
        return self._entities.get(name, name)

    def column(self, entity: str, name: str) -> str | None:
        return self._columns.get((entity, name), name)

    def columns(self, entity: str, names: tuple[str, ...]) -> tuple[str, ...] | None:
        """None where one of them is new: it has no values yet."""
        found = tuple(self.column(entity, each) for each in names)
        return None if None in found else tuple(each for each in found if each is not None)

    def take(self, step: Operation) -> None:
        match step:
            case AddEntity():
                self._entities[step.entity.name] = None
            case RenameEntity():
                self._entities[step.new] = self._entities.pop(step.old, step.old)
                moved = {(step.new, name): now for (table, name), now in self._columns.items() if table == step.old}
                gone = {step.old, step.new}
                self._columns = {key: now for key, now in self._columns.items() if key[0] not in gone} | moved
            case AddAttribute():
                self._columns[step.entity, step.attribute.name] = None
            case RenameAttribute():
                self._columns[step.entity, step.new] = self.column(step.entity, step.old)
                self._columns.pop((step.entity, step.old), None)


def questions_of(plan: Plan, dialect: Dialect, version: int) -> tuple[RowQuestion, ...]:
    """Steps that touch no rows, and parts that the plan itself adds, ask nothing."""
    names = _Names()
    found: list[RowQuestion] = []
    for number, step in enumerate(plan.steps):
        found += _Asking(number, names, dialect, version).of(step)
        names.take(step)
    return tuple(found)


@dataclass(frozen=True, slots=True)
class _Asking:
    number: int
    names: _Names
    dialect: Dialect
    version: int

    def of(self, step: Operation) -> Iterator[RowQuestion]:
        match step:
            case DropEntity():
                yield from self._every(step.entity.name, "{rows} of {entity} {go} with it.")
            case DropAttribute():
                yield from self._filled(step.entity, step.attribute)
            case AddAttribute():
                yield from self._new(step.entity, step.attribute)
            case ChangeAttribute():
                yield from self._changed(step.entity, step.before, step.after)
            case AddIndex():
                yield from self._index(step.entity, step.index)
            case ChangeIndex():
                if step.after.is_unique and not step.before.is_unique:
                    yield from self._index(step.entity, step.after)
            case AddLink():
                yield from self._link(step.link)
            case ChangeLink():
                if step.before.columns != step.after.columns or extra(step.before.extra, "not_valid"):
                    yield from self._link(step.after)
            case ChangeEntity():
                yield from self._checks(step)

    def _table(self, entity: str) -> Table | None:
        found = self.names.entity(entity)
        return None if found is None else Table.of(found, self.dialect)

    def _ask(self, entity: str, sql: str, words: str, *, is_blocking: bool = False) -> RowQuestion:
        return RowQuestion(self.number, self.names.entity(entity) or entity, sql, words, is_blocking)

    def _every(self, entity: str, words: str, *, is_blocking: bool = False) -> Iterator[RowQuestion]:
        table = self._table(entity)
        if table is not None:
            yield self._ask(entity, row_questions.every(table, _KEY), words, is_blocking=is_blocking)

    def _filled(self, entity: str, attribute: Attribute) -> Iterator[RowQuestion]:
        table, column = self._table(entity), self.names.column(entity, attribute.name)
        if table is not None and column is not None:
            sql = row_questions.filled(table, column, _KEY)
            yield self._ask(
                entity, sql, f"{{rows}} of {{entity}} {{have}} a value for {attribute.name}, which is lost."
            )

    def _new(self, entity: str, attribute: Attribute) -> Iterator[RowQuestion]:
        parts = attribute.extra
        is_made = extra(parts, "identity") or extra(parts, "generated") or text_of(attribute.type) in SERIALS
        if attribute.is_required and attribute.default is None and not is_made:
            words = f"{{rows}} of {{entity}} would have no value for {attribute.name}."
            yield from self._every(entity, words, is_blocking=True)

    def _changed(self, entity: str, before: Attribute, after: Attribute) -> Iterator[RowQuestion]:
        table, column = self._table(entity), self.names.column(entity, after.name)
        if table is None or column is None:
            return
        if after.is_required and not before.is_required:
            sql = row_questions.nulls(table, column, _KEY)
            yield self._ask(entity, sql, f"{{rows}} of {{entity}} {{have}} no {after.name}.", is_blocking=True)
        if after.is_unique and not before.is_unique:
            yield self._repeated(entity, table, (column,), f"share their {after.name} with another")
        if before.type != after.type and self.dialect == "postgresql":
            yield from self._retyped(entity, table, column, before.type, after.type)

    def _retyped(self, entity: str, table: Table, column: str, before: Type, after: Type) -> Iterator[RowQuestion]:
        if isinstance(after, EnumType):
            sql = row_questions.other_values(table, column, after.values, _KEY)
            words = f"{{rows}} of {{entity}} {{have}} another {column} than the enum has."
            yield self._ask(entity, sql, words, is_blocking=True)
        elif isinstance(after, StringType) and after.max_length is not None:
            sql = row_questions.too_long(table, column, after.max_length, _KEY)
            words = f"{{rows}} of {{entity}} {{have}} a longer {column}."
            yield self._ask(entity, sql, words, is_blocking=True)
        elif self.version >= row_questions.TRIES_TYPES and not isinstance(after, StringType):
            kind = text_of(after)
            sql = row_questions.not_of_type(table, column, SERIALS.get(kind, kind), _KEY)
            words = f"{{rows}} of {{entity}} {{have}} a {column} that is no {kind} as it is written."
            yield self._ask(entity, sql, words)

    def _repeated(self, entity: str, table: Table, columns: tuple[str, ...], what: str) -> RowQuestion:
        sql = row_questions.repeated(table, columns, _KEY)
        return self._ask(entity, sql, f"{{rows}} of {{entity}} {what}.", is_blocking=True)

    def _index(self, entity: str, index: Index) -> Iterator[RowQuestion]:
        is_simple = extra(index.extra, "where") is None and extra(index.extra, "expressions") is None
        table, columns = self._table(entity), self.names.columns(entity, index.attributes)
        if (index.is_unique or index.kind == "primary") and is_simple and table is not None and columns:
            yield self._repeated(entity, table, columns, f"share their {', '.join(index.attributes)} with another")

    def _link(self, link: Link) -> Iterator[RowQuestion]:
        here, there = link.forward.entity, link.reverse.entity
        table, target = self._table(here), self._table(there)
        mine = self.names.columns(here, tuple(each for each, _ in link.columns))
        others = self.names.columns(there, tuple(other for _, other in link.columns))
        if table is None or target is None or not mine or not others or extra(link.extra, "not_valid"):
            return
        foreign_key(link, self.dialect)
        sql = row_questions.orphans(table, target, tuple(zip(mine, others, strict=True)), _KEY)
        words = f"{{rows}} of {{entity}} {{lead}} to a row of {there} that is not there."
        yield self._ask(here, sql, words, is_blocking=True)

    def _checks(self, step: ChangeEntity) -> Iterator[RowQuestion]:
        """A check is written in names of the end: those of tables whose columns are renamed are not asked."""
        table, before = self._table(step.entity), checks_of(step.before)
        if table is None:
            return
        for name, text in sorted(checks_of(step.after).items()):
            if before.get(name) != text:
                sql = row_questions.failing(table, text, _KEY)
                yield self._ask(
                    step.entity, sql, f"{{rows}} of {{entity}} {{fail}} the check {name}.", is_blocking=True
                )
