"""Reading the audit trail: looked through in pages, and written out for others. There is no secret in it."""

from __future__ import annotations

import asyncio
import csv
import json
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Literal, Protocol

from app.core.audit import AuditFilter, AuditPage, AuditRecord
from app.core.errors import KnownError

PAGE = 300
_WRITTEN_AT_ONCE = 2_000
Form = Literal["csv", "json"]
COLUMNS = (
    *("time", "who", "connection", "environment", "app", "app_id", "action", "outcome", "detail", "plan"),
    *("fingerprint_before", "fingerprint_after"),
)
_PRIVATE = 0o600


class AuditSource(Protocol):
    """What is needed of the local database; its methods block."""

    def page(self, wanted: AuditFilter, before_id: int | None, limit: int) -> AuditPage: ...

    def kinds(self) -> tuple[str, ...]: ...

    def places(self) -> tuple[tuple[str, str], ...]: ...


class AuditReader:
    """Raises what the local database does."""

    def __init__(self, source: AuditSource, *, mask: Callable[[str], str] = lambda text: text) -> None:
        """``mask`` takes secrets out of a text: there are none in it, and an export leaves this machine."""
        self._source = source
        self._mask = mask

    async def page(self, wanted: AuditFilter, before_id: int | None = None, limit: int = PAGE) -> AuditPage:
        """The newest acts, or those before one."""
        return await asyncio.to_thread(self._source.page, wanted, before_id, limit)

    async def choices(self) -> tuple[tuple[str, ...], tuple[tuple[str, str], ...]]:
        """What can be filtered by: the kinds of acts, and the (ID, label) of connections."""
        kinds = await asyncio.to_thread(self._source.kinds)
        return kinds, await asyncio.to_thread(self._source.places)

    async def export(self, wanted: AuditFilter, path: Path, form: Form) -> int:
        """Write all acts that fit to a file of the operator's own; how many that were. Raises KnownError."""
        return await asyncio.to_thread(self._export, wanted, path, form)

    def _export(self, wanted: AuditFilter, path: Path, form: Form) -> int:
        beside = path.with_name(f".{path.name}.part")
        try:
            with _private(beside) as file:
                written = self._written(wanted, file, form)
            beside.replace(path)
        except OSError as error:
            beside.unlink(missing_ok=True)
            raise KnownError(
                f"The audit trail could not be written to {path.name}: {error.strerror or 'the file cannot be used'}.",
                remedy="Choose another folder.",
            ) from None
        return written

    def _written(self, wanted: AuditFilter, file: IO[str], form: Form) -> int:
        count = 0
        rows = csv.writer(file) if form == "csv" else None
        if rows is not None:
            rows.writerow(COLUMNS)
        else:
            file.write("[")
        for record in self._all(wanted):
            fields = self._fields(record)
            if rows is not None:
                rows.writerow([_cell("\n".join(each) if isinstance(each, list) else each) for each in fields.values()])
            else:
                file.write((",\n " if count else "\n ") + json.dumps(fields, ensure_ascii=False))
            count += 1
        if rows is None:
            file.write("\n]\n" if count else "]\n")
        return count

    def _all(self, wanted: AuditFilter) -> Iterator[AuditRecord]:
        before: int | None = None
        while True:
            page = self._source.page(wanted, before, _WRITTEN_AT_ONCE)
            yield from page.records
            if not page.has_more:
                return
            before = page.records[-1].id

    def _fields(self, record: AuditRecord) -> dict[str, str | list[str]]:
        when = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(record.at))
        texts = (
            *(when, record.who, record.connection_label, record.environment, record.app_title, record.app_id),
            *(record.action, record.outcome, record.detail),
        )
        plan = [self._mask(each) for each in record.steps]
        values: tuple[str | list[str], ...] = (*map(self._mask, texts), plan, record.before, record.after)
        return dict(zip(COLUMNS, values, strict=True))


def _cell(text: str) -> str:
    """A spreadsheet must not take a name for a formula."""
    return f"'{text}" if text[:1] in ("=", "+", "-", "@", "\t", "\r") else text


def _private(path: Path) -> IO[str]:
    descriptor = os.open(path, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, _PRIVATE)
    return os.fdopen(descriptor, "w", encoding="utf-8", errors="replace", newline="")
