"""The one background thread: indexing jobs, backups, restores, and clearing away what was deleted for good."""

from __future__ import annotations

import functools
import logging
import threading
from collections.abc import Callable

from . import apps, attr_removal, backups, jobs, restore
from .storage_files import FileShelf
from .store import Store
from .web import now_ms

logger = logging.getLogger(__name__)

SWEEP_INTERVAL_S = 3600.0

# Does one piece of work, if there is any; True when it did.
Source = Callable[[], bool]


class JobWorker:
    """Works jobs off in the order they were made; ``wake`` after each commit that made some."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._sources: list[Source] = [
            self._indexing,
            functools.partial(backups.run_next, store),
            functools.partial(restore.run_next, store),
        ]
        self._wakeup = threading.Event()
        self._is_stopping = False
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Takes up what an earlier process left undone."""
        self._thread = threading.Thread(target=self._run, name="job worker", daemon=True)
        self._thread.start()

    def wake(self) -> None:
        self._wakeup.set()

    def stop(self) -> None:
        """Waits for the piece of work in hand; the rest is durable."""
        self._is_stopping = True
        self._wakeup.set()
        if self._thread is not None:
            self._thread.join()

    def run_all(self) -> None:
        """Everything there is to do, on this thread."""
        while not self._is_stopping and any(source() for source in self._sources):
            pass

    def _run(self) -> None:
        while not self._is_stopping:
            self._wakeup.clear()
            try:
                self.run_all()
                sweep(self._store)
            except Exception:
                logger.exception("Background work failed")
            self._wakeup.wait(SWEEP_INTERVAL_S)

    def _indexing(self) -> bool:
        with self._store.read() as conn:
            job_id = jobs.next_job_id(conn)
        if job_id is None:
            return False
        try:
            jobs.run_job(self._store, job_id)
        except Exception as error:
            logger.exception("Indexing job failed")
            jobs.fail_unexpectedly(self._store, job_id, type(error).__name__)
        return True


def sweep(store: Store) -> None:
    """Remove what was deleted more than two days ago."""
    now = now_ms()
    with store.read() as conn:
        expired = apps.expired_app_ids(conn, now)
        is_due = (
            bool(expired) or conn.execute("SELECT 1 FROM attrs WHERE deletion_marked_at IS NOT NULL LIMIT 1").fetchone()
        )
        is_due = is_due or backups.has_expired(conn)
    if not is_due:
        return
    with store.write() as conn:
        backups.sweep(store, conn)
        attr_removal.sweep(conn, now)
        for app_id in expired:
            attr_removal.delete_all_of_app(conn, app_id)
            conn.execute("DELETE FROM apps WHERE id = ?", (app_id,))
            FileShelf(store.data_dir).remove_app(app_id)
