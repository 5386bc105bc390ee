"""What has become of each statement of a push, told to whoever listens; not so often that telling is the work."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import replace

from app.core.text import plain
from app.platforms.contract import OffendingRow, PushJob, PushProgress

from .sql_lines import first_words
from .steps import SqlStep

_EVERY_S = 0.1
_ERROR_LENGTH = 400


class Journal:
    def __init__(self, steps: Sequence[SqlStep], tell: Callable[[PushProgress], None]) -> None:
        self._jobs = [
            PushJob(str(at), first_words(step.sql), plain(step.place, 160), "waiting") for at, step in enumerate(steps)
        ]
        self._tell = tell
        self._told = 0.0

    @property
    def jobs(self) -> tuple[PushJob, ...]:
        return tuple(self._jobs)

    def mark(self, at: int, status: str) -> None:
        self._jobs[at] = replace(self._jobs[at], status=status, error="")
        now = time.monotonic()
        if now - self._told >= _EVERY_S:
            self.tell(now)

    def mark_all(self, places: Sequence[int], status: str) -> None:
        for at in places:
            self._jobs[at] = replace(self._jobs[at], status=status, error="")
        self.tell()

    def fail(self, at: int, error: str, rows: tuple[OffendingRow, ...] = (), row_count: int | None = None) -> None:
        said = plain(error, _ERROR_LENGTH)
        self._jobs[at] = replace(self._jobs[at], status="errored", error=said, rows=rows, row_count=row_count)
        self.tell()

    def tell(self, now: float | None = None) -> None:
        self._told = time.monotonic() if now is None else now
        self._tell(PushProgress("jobs", self.jobs))
