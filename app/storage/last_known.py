"""What was known when the window was last open, read before anything heavy is imported."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from app.core.apps import AppSummary
from app.core.connection import Connection
from app.core.status import ConnectionStatus

from . import rows

# A migration that runs in another window holds the lock for less than this.
_BUSY_TIMEOUT_S = 0.5


@dataclass(frozen=True, slots=True)
class LastKnown:
    """The last-known state; empty where there is no database yet, or one that cannot be read as it is.

    Connections come in the operator's order (the built-in one first), apps in the order of their first listing.
    """

    connections: tuple[Connection, ...] = ()
    apps: tuple[AppSummary, ...] = ()
    statuses: tuple[ConnectionStatus, ...] = ()


def read_last_known(database_path: Path) -> LastKnown:
    """Read everything in one snapshot, without changing the file.

    A missing, older, newer, busy or damaged database reads as empty: whoever opens it for good
    (:class:`app.storage.database.Database`) migrates, refuses or sets it aside, and tells the operator.
    """
    if not database_path.is_file():
        return LastKnown()
    try:
        with closing(_open_read_only(database_path)) as connection:
            return _read(connection)
    except (sqlite3.Error, OSError, ValueError, TypeError):
        return LastKnown()


def _open_read_only(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(
        f"{path.absolute().as_uri()}?mode=ro", uri=True, isolation_level=None, timeout=_BUSY_TIMEOUT_S
    )


def _read(connection: sqlite3.Connection) -> LastKnown:
    connection.execute("BEGIN")
    if connection.execute("SELECT version_num FROM alembic_version").fetchall() != [(rows.REVISION,)]:
        return LastKnown()
    return LastKnown(
        connections=tuple(map(rows.connection_of, connection.execute(rows.SELECT_CONNECTIONS))),
        apps=rows.apps_of(connection.execute(rows.SELECT_APPS).fetchone()[0]),
        statuses=tuple(map(rows.status_of, connection.execute(rows.SELECT_STATUSES))),
    )


class LastKnownReader:
    """Reads the last-known state in a thread of its own, while the window is being imported."""

    def __init__(self, database_path: Path) -> None:
        self._path = database_path
        self._lock = threading.Lock()
        self._done = threading.Event()
        self._callbacks: list[Callable[[LastKnown], None]] = []
        self._result = LastKnown()

    def start(self) -> None:
        """Begin to read; call it once."""
        threading.Thread(target=self._run, name="last-known", daemon=True).start()

    def is_done(self) -> bool:
        return self._done.is_set()

    def result(self, timeout_s: float | None = None) -> LastKnown:
        """Wait for the answer; raises TimeoutError when it is not there in time (None: wait for ever)."""
        if not self._done.wait(timeout_s):
            raise TimeoutError("The last-known state is still being read.")
        return self._result

    def add_done_callback(self, callback: Callable[[LastKnown], None]) -> None:
        """Call ``callback`` with the answer: on the reading thread, or at once where it is there already."""
        with self._lock:
            if not self._done.is_set():
                self._callbacks.append(callback)
                return
        callback(self._result)

    def _run(self) -> None:
        result = LastKnown()
        try:
            result = read_last_known(self._path)
        finally:
            # Whatever went wrong, nobody may wait for ever.
            with self._lock:
                self._result = result
                self._done.set()
                callbacks, self._callbacks = self._callbacks, []
        for callback in callbacks:
            callback(result)
