"""What the window knows of work: how far it is, and how it ended."""

from __future__ import annotations

import time
from enum import StrEnum
from typing import Any, NamedTuple

# Work that ends sooner is not worth telling of; what takes longer shows progress.
SHOWN_AFTER_S = 0.6


class JobState(StrEnum):
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


class Job(NamedTuple):
    """One piece of work as it is now. ``started_at``/``ended_at`` are seconds since the epoch (0: not ended),
    ``done``/``total`` count steps (total 0: not known), ``note`` is what it is doing or why it failed."""

    key: int
    title: str
    state: JobState
    started_at: float
    ended_at: float = 0.0
    done: int = 0
    total: int = 0
    note: str = ""

    @property
    def is_slow(self) -> bool:
        """True once it has taken long enough to be worth telling of."""
        return (self.ended_at or time.time()) - self.started_at >= SHOWN_AFTER_S


class ProgressReporter:
    """Hand it to a service as ``on_progress`` and to ``Runner.start`` as ``reporter``; any thread may call it.

    Takes anything with ``done`` and ``total`` (and, where there is one, ``text``). The window looks at the latest
    value a few times a second, so reporting costs nothing.
    """

    def __init__(self) -> None:
        self._latest: Any = None

    def __call__(self, progress: Any) -> None:
        self._latest = progress

    @property
    def latest(self) -> Any:
        """What was reported last, None before the first report."""
        return self._latest

    def read(self) -> tuple[int, int, str]:
        """(done, total, text); zeros before the first report."""
        latest = self._latest
        if latest is None:
            return 0, 0, ""
        return int(latest.done), int(latest.total), str(getattr(latest, "text", ""))
