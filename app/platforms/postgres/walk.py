"""A plan on PostgreSQL, step by step: tables and what they hold. Columns and keys have files of their own."""

from __future__ import annotations

from collections.abc import Iterator

from app.core.errors import Unsupported
from app.core.text import plain
from app.platforms.contract import LiveSchema
from app.schema.compare import Plan
from app.schema.formats.sql_names import quoted, split_name
from app.schema.model import Entity, Extra
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

from . import locks, row_questions
from .column_steps import Columns
from .context import Context
from .facets import (
    checks_of,
    column_text,
    comment_of,
    exclusions_of,
    extra,
    has_row_security,
    index_text,
    is_key,
    key_text,
    texts_of,
    texts_of_attribute,
    unique_name,
)
from .key_steps import Keys, key_words
from .live_names import native_of
from .render import KeyText, Table
from .script import CHECK, DROP_CONSTRAINT, DROP_TABLE, Job
from .steps import SqlStep
from .tracking import TableNow

_NOT_CHANGED = "What PostgreSQL keeps of {0} as {1} can be said only when the table is made."
LOST = "Its {0} do not come back: PostgreSQL keeps nothing of what was dropped."


def walk(live: LiveSchema, plan: Plan, restores: bool) -> tuple[SqlStep, ...]:
    """See ``steps.steps_of``."""
    return _Walk(live, plan, restores).steps()


class _Walk:
    def __init__(self, live: LiveSchema, plan: Plan, restores: bool) -> None:
        native = native_of(live)
        self._plan = plan
        self._restores = restores
        self._context = Context(native, live.schema, plan.apply(live.schema))
        self._context.enums.used_texts = tuple(_texts(plan))
        self._script, self._tables = self._context.script, self._context.tables
        self._columns, self._keys = Columns(self._context), Keys(self._context)

    def steps(self) -> tuple[SqlStep, ...]:
        for number, step in enumerate(self._plan.steps):
            self._one(number, step)
        if self._plan.steps:
            self._context.enums.drop_unused(len(self._plan.steps) - 1)
        return self._script.steps()

    def _one(self, number: int, step: Operation) -> None:
        match step:
            case AddEntity():
                self._add_entity(number, step.entity)
            case DropEntity():
                self._drop_entity(number, step.entity)
            case RenameEntity():
                self._rename_entity(number, step.old, step.new)
            case ChangeEntity():
                self._change_entity(number, step)
            case AddAttribute():
                note = LOST.format("values") if self._restores else ""
                self._columns.add(number, step.entity, step.attribute, note)
            case DropAttribute():
                self._columns.drop(number, step.entity, step.attribute)
            case RenameAttribute():
                self._columns.rename(number, step.entity, step.old, step.new)
            case ChangeAttribute():
                self._columns.change(number, step.entity, step.before, step.after)
            case AddIndex():
                self._keys.add_index(number, step.entity, step.index)
            case DropIndex():
                self._keys.drop_index(number, step.entity, step.index)
            case RenameIndex():
                self._keys.rename_index(number, step.entity, step.old, step.new)
            case ChangeIndex():
                self._keys.change_index(number, step.entity, step.before, step.after)
            case AddLink():
                self._keys.add_link(number, step.link)
            case DropLink():
                self._keys.drop_link(number, step.link)
            case RenameLink():
                self._keys.rename_link(number, step.before, step.after)
            case ChangeLink():
                self._keys.change_link(number, step.before, step.after)

    # Tables

    def _add_entity(self, number: int, entity: Entity) -> None:
        self._context.need_schema(number, split_name(entity.name)[0], entity.name)
        for attribute in entity.attributes:
            self._context.enums.need(number, attribute.type, f"{entity.name}.{attribute.name}")
        table = self._tables.add(entity, is_new=True)
        note = LOST.format("rows") if self._restores else ""
        self._script.main(number, self._created(entity, table.table), entity.name, locks.NEW, note)
        for sql in self._completed(entity, table.table):
            self._script.main(number, sql, entity.name, locks.NEW)

    def _created(self, entity: Entity, table: Table) -> str:
        primary = next((key_text(each) for each in entity.indexes if each.kind == "primary"), None)
        return self._script.write.create_table(
            table,
            [column_text(each) for each in entity.attributes],
            primary=primary,
            unique=_unique(entity)[0],
            checks=sorted(checks_of(entity.extra).items()),
            partition_by=str(extra(entity.extra, "partition_by") or ""),
        )

    def _completed(self, entity: Entity, table: Table) -> Iterator[str]:
        """What CREATE TABLE cannot say."""
        write = self._script.write
        for attribute in entity.attributes:
            if self._columns.is_serial(attribute) and not attribute.is_required:
                yield write.set_required(table, attribute.name, False)
            if (comment := comment_of(attribute.extra)) is not None:
                yield write.comment_column(table, attribute.name, comment)
            if attribute.is_indexed:
                yield self._keys.plain_index(entity.name, table, attribute)
        for index in entity.indexes:
            if not is_key(index):
                yield write.create_index(table, index_text(index))
        for key in _unique(entity)[1]:
            yield f"ALTER TABLE {table.sql} ADD {key_words(key, is_primary=False)}"
        for name, text in sorted(exclusions_of(entity.extra).items()):
            yield f"ALTER TABLE {table.sql} ADD CONSTRAINT {quoted(name)} {text}"
        if (comment := comment_of(entity.extra)) is not None:
            yield write.comment_table(table, comment)
        if has_row_security(entity.extra):
            yield _row_security(table, True)

    def _drop_entity(self, number: int, entity: Entity) -> None:
        now = self._tables[entity.name]
        table = now.table
        note = "Its rows do not come back: PostgreSQL keeps nothing of what is dropped."
        sql, lock = self._script.write.drop_table(table), locks.brief(table.sql)
        if now.is_as_before:
            self._script.at_start(DROP_TABLE, number, sql, entity.name, lock, note)
        else:
            self._script.main(number, sql, entity.name, lock, note)
        self._context.drop_jobs(now)
        self._tables.drop(entity.name)

    def _rename_entity(self, number: int, old: str, new: str) -> None:
        table = self._tables[old]
        (schema, name), (new_schema, new_name) = split_name(old), split_name(new)
        before = table.table
        if schema != new_schema:
            self._context.need_schema(number, new_schema, old)
            sql = f"ALTER TABLE {before.sql} SET SCHEMA {quoted(new_schema)}"
            self._script.main(number, sql, old, locks.brief(before.sql))
            before = Table(name, None if new_schema == "public" else new_schema)
        if name != new_name:
            sql = self._script.write.rename_table(before, new_name)
            self._script.main(number, sql, old, locks.brief(before.sql))
        self._tables.rename(old, new)
        for column in table.columns.values():
            self._columns.rename_implied(number, table, column.attribute, (old, column.name), (new, column.name))

    # What a table holds beside its columns

    def _change_entity(self, number: int, step: ChangeEntity) -> None:
        table = self._tables[step.entity]
        self._refuse_other(step)
        self._checks(number, table, step.before, step.after)
        sql_table, lock = table.table, locks.brief(table.table.sql)
        before, after = comment_of(step.before), comment_of(step.after)
        if before != after:
            sql = self._script.write.comment_table(sql_table, after)
            self._script.main(number, sql, step.entity, locks.comment(sql_table.sql))
        if has_row_security(step.before) != has_row_security(step.after):
            sql = _row_security(sql_table, has_row_security(step.after))
            note = "Without a policy nobody but the owner sees a row." if has_row_security(step.after) else ""
            self._script.main(number, sql, step.entity, lock, note)
        table.extra = step.after

    def _refuse_other(self, step: ChangeEntity) -> None:
        one, other = dict(step.before), dict(step.after)
        changed = [each for each in sorted({*one, *other}) if one.get(each) != other.get(each)]
        known = ("comment", "row_security")
        for name in changed:
            if name not in known and not name.startswith(("check ", "exclude ")):
                raise Unsupported(
                    _NOT_CHANGED.format(plain(step.entity, 80), plain(name, 60)),
                    remedy="Take the change back, or make a new table and move the rows.",
                )

    def _checks(self, number: int, table: TableNow, before: Extra, after: Extra) -> None:
        """Old ones go first of all, since columns may get another type; new ones come when all names are known."""
        one, other = checks_of(before), checks_of(after)
        first = Table.of(table.first)
        for name in sorted(one):
            if one[name] != other.get(name):
                sql = self._script.write.drop_constraint(first, name)
                self._script.at_start(DROP_CONSTRAINT, number, sql, table.first, locks.brief(first.sql))
        self._exclusions(number, table, before, after)
        for name in sorted(other):
            if other[name] != one.get(name):
                self._add_check(number, table, name, is_changed=name in one)

    def _exclusions(self, number: int, table: TableNow, before: Extra, after: Extra) -> None:
        """PostgreSQL has no way to build one beside writes."""
        one, other = exclusions_of(before), exclusions_of(after)
        first = Table.of(table.first)
        for name in sorted(one):
            if one[name] != other.get(name):
                sql = self._script.write.drop_constraint(first, name)
                self._script.at_start(DROP_CONSTRAINT, number, sql, table.first, locks.brief(first.sql))
        for name in sorted(other):
            if other[name] != one.get(name):
                self._add_exclusion(number, table, name)

    def _add_exclusion(self, number: int, table: TableNow, name: str) -> None:
        def added() -> str:
            text = exclusions_of(self._context.final_extra(table))[name]
            return f"ALTER TABLE {table.table.sql} ADD CONSTRAINT {quoted(name)} {text}"

        self._script.at_end(number, added, lambda: table.entity, lambda: locks.scan(table.table.sql))

    def _add_check(self, number: int, table: TableNow, name: str, *, is_changed: bool) -> None:
        write = self._script.write
        job = None if table.is_plain else self._script.job(CHECK, number, lambda: table.entity)

        def text() -> str:
            return checks_of(self._context.final_extra(table))[name]

        def add() -> str:
            return write.add_check(table.table, name, text(), is_validated=table.is_plain)

        def remove() -> str:
            return "" if is_changed else write.drop_constraint(table.table, name, if_exists=True)

        note = "If rows fail it, it stays for new rows only." if is_changed else ""
        if job is not None:
            job.question = lambda: row_questions.failing(table.table, text(), self._context.key(table))
        self._script.at_end(
            number,
            add,
            lambda: table.entity,
            lambda: locks.brief(table.table.sql) if job else locks.scan(table.table.sql),
            job=job,
            cleanup=remove,
            note=note,
        )
        if job is not None:
            _validate(job, table, name)


def _unique(entity: Entity) -> tuple[list[KeyText], list[KeyText]]:
    """Unique constraints that CREATE TABLE makes, and those that it would take for one that is there already."""
    found = [KeyText(unique_name(entity.name, each.name), (each.name,)) for each in entity.attributes if each.is_unique]
    found += [key_text(each) for each in entity.indexes if is_key(each) and each.kind != "primary"]
    seen = {each.attributes for each in entity.indexes if each.kind == "primary"}
    first: list[KeyText] = []
    later: list[KeyText] = []
    for key in found:
        (later if key.columns in seen else first).append(key)
        seen.add(key.columns)
    return first, later


def _validate(job: Job, table: TableNow, name: str) -> None:
    job.add(
        "validate",
        lambda: f"ALTER TABLE {table.table.sql} VALIDATE CONSTRAINT {quoted(name)}",
        lock=lambda: locks.concurrent(table.table.sql),
    )


def _row_security(table: Table, is_on: bool) -> str:
    return f"ALTER TABLE {table.sql} {'ENABLE' if is_on else 'DISABLE'} ROW LEVEL SECURITY"


def _texts(plan: Plan) -> Iterator[str]:
    """All SQL texts that the plan brings."""
    for step in plan.steps:
        match step:
            case AddEntity():
                yield from texts_of(step.entity)
            case AddAttribute():
                yield from texts_of_attribute(step.attribute)
            case ChangeAttribute():
                yield from texts_of_attribute(step.after)
            case ChangeEntity():
                yield from (value for _, value in step.after)
            case AddIndex():
                yield from (value for _, value in step.index.extra)
            case ChangeIndex():
                yield from (value for _, value in step.after.extra)
