"""Background indexing jobs."""

from __future__ import annotations

from .store import Store


class JobWorker:
    """One thread that works jobs off in order."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def start(self) -> None: ...

    def stop(self) -> None: ...
