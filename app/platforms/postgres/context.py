"""What the parts of a walk over a plan share."""

from __future__ import annotations

from app.core.errors import Bug
from app.schema.formats.sql_names import quoted, split_name
from app.schema.model import Entity, Extra, Index, Schema

from . import row_questions
from .enums import Enums
from .live_names import Native
from .script import Job, Script
from .tracking import PartNow, TableNow, Tables


class Context:
    """``final`` are the entities after the plan, by their names then: asked only for texts that are made last."""

    def __init__(self, native: Native, before: Schema, after: Schema) -> None:
        self.native = native
        self.script = Script()
        self.tables = Tables(before)
        self._schemas = set(native.schemas) | {split_name(each.name)[0] for each in before.entities}
        self.enums = Enums(native, before, after, self.script, self.tables, self.need_schema)
        self._final = {each.name: each for each in after.entities}
        self._before = {each.name: each for each in before.entities}
        self._jobs: list[tuple[TableNow, object, Job]] = []
        # Indexes that a job replaces: they are there until then, under their own name.
        self.changed: set[tuple[str, PartNow]] = set()

    def need_schema(self, number: int, schema: str, place: str) -> None:
        if schema not in self._schemas:
            self._schemas.add(schema)
            self.script.main(number, f"CREATE SCHEMA {quoted(schema)}", place, "")

    def final(self, table: TableNow) -> Entity:
        found = self._final.get(table.entity)
        if found is None:
            raise Bug(f"{table.entity} is asked for after it was dropped.")
        return found

    def final_extra(self, table: TableNow) -> Extra:
        return self.final(table).extra

    def final_index(self, table: TableNow, part: PartNow) -> Index:
        return next(each for each in self.final(table).indexes if each.name == part.name)

    def key(self, table: TableNow) -> str:
        """What tells its rows apart in the end."""
        return row_questions.key_of(self._final.get(table.entity))

    def key_before(self, table: TableNow) -> str:
        """What tells its rows apart before the plan."""
        return row_questions.key_of(self._before.get(table.first))

    # Jobs that the plan itself makes pointless

    def remember(self, table: TableNow, what: object, job: Job) -> None:
        self._jobs.append((table, what, job))

    def take_job(self, table: TableNow, what: object) -> Job | None:
        """The job that was to make it, which is dropped; None where there is none."""
        for at, (its, part, job) in enumerate(self._jobs):
            if its is table and part == what:
                del self._jobs[at]
                job.is_dropped = True
                return job
        return None

    def drop_jobs(self, table: TableNow) -> None:
        for its, _, job in self._jobs:
            job.is_dropped = job.is_dropped or its is table

    def has_job(self, table: TableNow, what: object) -> bool:
        return any(its is table and part == what and not job.is_dropped for its, part, job in self._jobs)
