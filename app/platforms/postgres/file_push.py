"""A push to a SQLite file: one transaction, on one connection and one thread."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

from app.core.errors import Conflict, KnownError, Unsupported
from app.core.text import plain
from app.platforms.contract import LiveSchema, OffendingRow, PushJob

from . import errors, pushing, reading
from .dsn import Place
from .file_steps import NEW
from .journal import Journal
from .steps import SqlStep

if TYPE_CHECKING:
    import sqlalchemy as sa

# What the model does not hold, and a table that is made anew would lose.
_LOST: Final = re.compile(r"\bAUTOINCREMENT\b|\)\s*(?:STRICT|WITHOUT\s+ROWID)[\s,\w]*$", re.IGNORECASE)
_SAMPLES: Final = 20


class FilePush:
    def __init__(
        self,
        connection: sa.Connection,
        place: Place,
        live: LiveSchema,
        steps: Sequence[SqlStep],
        tell: pushing.OnProgress,
    ) -> None:
        self._connection = connection
        self._place = place
        self._live = live
        self._steps = steps
        self._journal = Journal(steps, tell)
        self._at = 0
        self._is_committing = False

    def run(self) -> tuple[PushJob, ...]:
        """All of it, or nothing."""
        from sqlalchemy.exc import DBAPIError

        try:
            self._whole()
        except DBAPIError as error:
            raise self._known(error.orig or error) from None
        self._journal.tell()
        return self._journal.jobs

    def _run(self, sql: str) -> Any:
        return self._connection.exec_driver_sql(sql, execution_options={"no_parameters": True})

    def _ask(self, sql: str) -> Any:
        return self._run(sql).fetchall()

    def _whole(self) -> None:
        self._run("BEGIN IMMEDIATE")
        try:
            pushing.ensure_same(
                self._live, reading.read_through(self._connection.connection.dbapi_connection, self._ask)
            )
            self._ensure_nothing_lost()
            triggers = self._triggers()
            self._send()
            self._restore(triggers)
            self._ensure_no_orphans()
        except KnownError:
            self._run("ROLLBACK")
            raise
        self._is_committing = True
        self._run("COMMIT")

    def _send(self) -> None:
        for at, step in enumerate(self._steps):
            self._at = at
            self._journal.mark(at, "processing")
            if not step.sql.startswith("--"):
                self._run(step.sql)
            self._journal.mark(at, "completed")

    def _ensure_nothing_lost(self) -> None:
        anew = {step.place for step in self._steps if f"{NEW}" in step.sql and step.sql.startswith("CREATE TABLE")}
        for name, sql in self._ask("SELECT name, sql FROM sqlite_schema WHERE type = 'table' AND sql IS NOT NULL"):
            if name in anew and _LOST.search(sql):
                raise Unsupported(
                    f"The table {plain(name, 80)} is made with AUTOINCREMENT, STRICT or WITHOUT ROWID, "
                    "which Tenantry would lose: nothing was sent.",
                    remedy="Make this change with a script of your own.",
                )

    def _triggers(self) -> dict[str, str]:
        return dict(self._ask("SELECT name, sql FROM sqlite_schema WHERE type = 'trigger' AND sql IS NOT NULL"))

    def _restore(self, triggers: dict[str, str]) -> None:
        """A table that was made anew lost its triggers; those of dropped tables go with them."""
        there = self._triggers()
        tables = {name for (name,) in self._ask("SELECT name FROM sqlite_schema WHERE type IN ('table', 'view')")}
        for name, sql in triggers.items():
            found = re.search(r"\bON\s+(\"(?:[^\"]|\"\")+\"|\w+)", sql, re.IGNORECASE)
            table = found[1].strip('"').replace('""', '"') if found else ""
            if name not in there and table in tables:
                self._run(sql)

    def _ensure_no_orphans(self) -> None:
        found = self._ask("PRAGMA foreign_key_check")
        if not found:
            return
        rows = tuple(
            OffendingRow(str(rowid), plain(f"{table} → {target}", 200)) for table, rowid, target, _ in found[:_SAMPLES]
        )
        self._journal.fail(self._at, "Rows lead to rows that are not there.", rows, len(found))
        raise Conflict(
            f"{len(found)} rows lead to rows that are not there: nothing was changed.",
            remedy="Mend or delete these rows, then push again.",
            details="\n".join(f"{each.entity_id}: {each.value}" for each in rows),
        )

    def _known(self, error: BaseException) -> KnownError:
        where = plain(self._steps[self._at].place, 160) if self._steps else ""
        doing = f"push {where}".strip()
        if isinstance(error, sqlite3.IntegrityError):
            # "NOT NULL constraint failed: users_tenantry_new.name"
            said = plain(str(error).replace(NEW, ""), 200)
            known: KnownError = Conflict(
                f"Could not {doing}: {said}. Nothing was changed.", remedy="Mend these rows, then push again."
            )
        else:
            known = errors.error_of(error, doing, self._place, may_have_worked=self._is_committing)
        if self._steps:
            self._journal.fail(self._at, known.sentence)
        return known
