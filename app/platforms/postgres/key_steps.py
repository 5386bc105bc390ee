"""Indexes, keys and foreign keys of tables that exist, built beside reads and writes wherever PostgreSQL can."""

from __future__ import annotations

from dataclasses import replace

from app.schema.formats.sql_names import quoted
from app.schema.model import Attribute, Index, Link

from . import locks, row_questions
from .context import Context
from .facets import extra, foreign_key, index_name, index_text, is_key, key_text, link_name
from .render import IndexText, KeyText, Table
from .script import DROP_CONSTRAINT, DROP_INDEX, INDEX, LINK, PRIMARY, Job
from .tracking import PartNow, TableNow

_NEW = "_tenantry_new"


class Keys:
    def __init__(self, context: Context) -> None:
        self._context = context
        self._script = context.script
        self._write = context.script.write

    # Indexes

    def plain_index(self, entity: str, table: Table, attribute: Attribute) -> str:
        return self._write.create_index(
            table, IndexText(index_name(entity, attribute.name), ((attribute.name, False),))
        )

    def add_index(self, number: int, entity: str, index: Index) -> None:
        table = self._context.tables[entity]
        part = table.add_index(index)
        if table.is_plain:
            self._plain(number, table, index)
            return
        job = self._job(number, table, part, index)
        self._built(job, table, part, lambda: part.name)
        if is_key(index):
            job.add(
                "attach",
                lambda: self._attached(table, self._context.final_index(table, part), part.name),
                lock=lambda: locks.brief(table.table.sql),
            )
        self._context.remember(table, part, job)

    def _plain(self, number: int, table: TableNow, index: Index) -> None:
        place, at = f"{table.entity}.{index.name}", table.table
        if is_key(index):
            sql = f"ALTER TABLE {at.sql} ADD {key_words(key_text(index), is_primary=index.kind == 'primary')}"
            self._script.main(number, sql, place, locks.scan(at.sql))
        else:
            self._script.main(number, self._write.create_index(at, index_text(index)), place, locks.build(at.sql))

    def _job(self, number: int, table: TableNow, part: PartNow, index: Index) -> Job:
        order = PRIMARY if index.kind == "primary" else INDEX
        job = self._script.job(order, number, lambda: f"{table.entity}.{part.name}")
        is_simple = extra(index.extra, "where") is None and extra(index.extra, "expressions") is None
        if (index.is_unique or index.kind == "primary") and is_simple:
            counts_nulls = extra(index.extra, "nulls_not_distinct") is True

            def question() -> str:
                columns = self._context.final_index(table, part).attributes
                return row_questions.repeated(table.table, columns, self._context.key(table), counts_nulls=counts_nulls)

            # Rows are told apart by where they lie: the primary key is what fails.
            job.question = question if index.kind != "primary" else _nothing
        return job

    def _built(self, job: Job, table: TableNow, part: PartNow, name: object) -> None:
        called = name if callable(name) else (lambda: part.name)
        write = self._write

        def built() -> str:
            index = self._context.final_index(table, part)
            return write.create_index(table.table, index_text(index, called()), is_concurrent=True)

        job.add(
            "index",
            built,
            lock=lambda: locks.concurrent(table.table.sql),
            cleanup=lambda: write.drop_index(table.table, called(), is_concurrent=True, if_exists=True),
        )

    def _attached(self, table: TableNow, index: Index, built: str) -> str:
        kind = "PRIMARY KEY" if index.kind == "primary" else "UNIQUE"
        deferral = _deferral(key_text(index))
        return (
            f"ALTER TABLE {table.table.sql} ADD CONSTRAINT {quoted(index.name)} {kind} USING INDEX {quoted(built)}"
            f"{deferral}"
        )

    def drop_index(self, number: int, entity: str, index: Index) -> None:
        table = self._context.tables[entity]
        part = table.index(index.name)
        if self._context.take_job(table, part) is None:
            sql, place, lock = self._dropped(table, index), f"{entity}.{index.name}", locks.brief(table.table.sql)
            if table.is_as_before and part.is_as_before:
                self._script.at_start(DROP_INDEX, number, sql, place, lock)
            else:
                self._script.main(number, sql, place, lock)
        del table.indexes[index.name]

    def _dropped(self, table: TableNow, index: Index) -> str:
        if is_key(index):
            return self._write.drop_constraint(table.table, index.name)
        return self._write.drop_index(table.table, index.name)

    def rename_index(self, number: int, entity: str, old: str, new: str) -> None:
        table = self._context.tables[entity]
        part = table.index(old)
        is_there = not self._context.has_job(table, part) or ("change", part) in self._changed
        if is_there:
            self._script.main(number, _renamed(table, part, new), f"{entity}.{old}", locks.brief(table.table.sql))
        part.name = new
        table.indexes = {(new if name == old else name): each for name, each in table.indexes.items()}

    @property
    def _changed(self) -> set[tuple[str, PartNow]]:
        return self._context.changed

    def change_index(self, number: int, entity: str, before: Index, after: Index) -> None:
        """The new one is built beside the old one, which stands until the new one takes its place."""
        table = self._context.tables[entity]
        part = table.index(after.name)
        if table.is_plain:
            self._script.main(number, self._dropped(table, before), f"{entity}.{after.name}", locks.brief(entity))
            self._plain(number, table, after)
            part.is_key = is_key(after)
            return
        job = self._job(number, table, part, after)

        def temporary() -> str:
            return f"{part.name[:40]}{_NEW}"

        self._built(job, table, part, temporary)
        unit = job.new_unit()

        def brief() -> str:
            return locks.brief(table.table.sql)

        job.add("attach", lambda: self._dropped(table, replace(before, name=part.name)), lock=brief, unit=unit)

        def placed() -> str:
            index = self._context.final_index(table, part)
            if is_key(index):
                return self._attached(table, index, temporary())
            return f"ALTER INDEX {table.table.beside(temporary())} RENAME TO {quoted(part.name)}"

        job.add("attach", placed, lock=brief, unit=unit)
        self._context.changed.add(("change", part))
        part.is_key = is_key(before)

    # Foreign keys

    def add_link(self, number: int, link: Link, *, is_changed: bool = False) -> None:
        table = self._context.tables[link.forward.entity]
        key, place, at = foreign_key(link), f"{link.forward.entity}.{link_name(link)}", table.table
        target = key.target.sql
        part = table.add_link(link)
        if table.is_plain:
            self._plain_link(number, table, part, link)
            return
        sql = self._write.add_foreign_key(at, key, is_validated=False)
        if extra(link.extra, "not_valid") is True:
            note = "Rows that are there are not checked."
            self._script.main(number, sql, place, locks.both(at.sql, target), note)
            return
        job = self._script.job(LINK, number, lambda: f"{table.entity}.{part.name}")
        # Columns of a foreign key that is added are called so in the end, too.
        job.question = lambda: row_questions.orphans(
            table.table, key.target, key.columns, _of_row(self._context.key(table))
        )

        def remove() -> str:
            return "" if is_changed else self._write.drop_constraint(table.table, part.name, if_exists=True)

        note = "If rows fail it, it stays for new rows only." if is_changed else ""
        if self._waits(link):
            job.add("attach", lambda: sql, lock=lambda: locks.both(at.sql, target), cleanup=remove)
        else:
            self._script.added_for(job, number, sql, place, locks.both(at.sql, target), remove, note)
        self._validate(job, table, part, target)
        self._context.remember(table, part, job)

    def _plain_link(self, number: int, table: TableNow, part: PartNow, link: Link) -> None:
        key, at = foreign_key(link), table.table
        sql = self._write.add_foreign_key(at, key, is_validated=True)
        lock = locks.both(at.sql, key.target.sql)
        if not self._waits(link):
            self._script.main(number, sql, f"{table.entity}.{part.name}", lock)
            return
        job = self._script.job(LINK, number, lambda: f"{table.entity}.{part.name}")
        job.add("attach", lambda: sql, lock=lambda: lock)
        self._context.remember(table, part, job)

    def _validate(self, job: Job, table: TableNow, part: PartNow, target: str) -> None:
        job.add(
            "validate",
            lambda: f"ALTER TABLE {table.table.sql} VALIDATE CONSTRAINT {quoted(part.name)}",
            lock=lambda: locks.proof(table.table.sql, target),
            note="Fails where a row leads to one that is not there.",
        )

    def _waits(self, link: Link) -> bool:
        """Whether the key that it leads to is only built after the main transaction."""
        target = self._context.tables.get(link.reverse.entity)
        if target is None or target.is_plain:
            return False
        wanted = {other for _, other in link.columns}
        for name, column in target.columns.items():
            if wanted == {name} and self._context.has_job(target, ("key", column)):
                return True
        return any(
            self._context.has_job(target, part) and wanted == set(self._context.final_index(target, part).attributes)
            for part in target.indexes.values()
        )

    def drop_link(self, number: int, link: Link) -> None:
        table = self._context.tables.get(link.forward.entity)
        if table is None:
            return
        name = link_name(link)
        part = table.links.pop(name, None)
        sql = self._write.drop_constraint(table.table, name)
        place = f"{link.forward.entity}.{name}"
        lock = locks.both(table.table.sql, Table.of(link.reverse.entity).sql)
        if table.is_as_before and part is not None and part.is_as_before:
            self._script.at_start(DROP_CONSTRAINT, number, sql, place, lock)
        else:
            self._script.main(number, sql, place, lock)
        if part is not None:
            self._context.take_job(table, part)

    def rename_link(self, number: int, before: Link, after: Link) -> None:
        table = self._context.tables[before.forward.entity]
        old, new = link_name(before), link_name(after)
        if old == new:
            return
        sql = f"ALTER TABLE {table.table.sql} RENAME CONSTRAINT {quoted(old)} TO {quoted(new)}"
        self._script.main(number, sql, f"{before.forward.entity}.{old}", locks.brief(table.table.sql))
        part = table.links.pop(old, None) or PartNow(new, True)
        part.name = new
        table.links[new] = part

    def change_link(self, number: int, before: Link, after: Link) -> None:
        table = self._context.tables[after.forward.entity]
        is_only_proven = replace(before, extra=_without_not_valid(before)) == after
        if is_only_proven:
            part = table.links.get(link_name(after)) or table.add_link(after)
            job = self._script.job(LINK, number, lambda: f"{table.entity}.{part.name}")
            self._validate(job, table, part, Table.of(after.reverse.entity).sql)
            return
        self.drop_link(number, before)
        self.add_link(number, after, is_changed=True)


def _nothing() -> str:
    return ""


def _of_row(key: str) -> str:
    return key


def _without_not_valid(link: Link) -> tuple[tuple[str, str], ...]:
    return tuple(each for each in link.extra if each[0] != "not_valid")


def _renamed(table: TableNow, part: PartNow, new: str) -> str:
    if part.is_key:
        return f"ALTER TABLE {table.table.sql} RENAME CONSTRAINT {quoted(part.name)} TO {quoted(new)}"
    return f"ALTER INDEX {table.table.beside(part.name)} RENAME TO {quoted(new)}"


def _deferral(key: KeyText) -> str:
    deferrable = " DEFERRABLE" if key.deferrable else ""
    return deferrable + (f" INITIALLY {key.initially}" if key.initially else "")


def key_words(key: KeyText, *, is_primary: bool) -> str:
    """A key as CREATE TABLE and ALTER TABLE say it."""
    kind = "PRIMARY KEY" if is_primary else "UNIQUE"
    distinct = " NULLS NOT DISTINCT" if key.nulls_not_distinct else ""
    include = f" INCLUDE ({', '.join(map(quoted, key.include))})" if key.include else ""
    columns = ", ".join(map(quoted, key.columns))
    return f"CONSTRAINT {quoted(key.name)} {kind}{distinct} ({columns}){include}{_deferral(key)}"
