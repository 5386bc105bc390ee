"""The one SQLite database of the local platform.

WAL with ``synchronous=FULL``: a write that was acknowledged survives a kill or a power cut, a write that was not
leaves nothing behind. Reads run on connections of their own, beside the one writer.
"""

from __future__ import annotations

import contextlib
import importlib
import logging
import sqlite3
import tempfile
import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

logger = logging.getLogger(__name__)

DATABASE_NAME = "platform.db"

# Each of these registers its tables when imported.
TABLE_MODULES = ("attrs", "triples", "apps", "auth", "jobs", "orgs", "archive_tables")

_ddl: list[str] = []


def register_ddl(text: str) -> None:
    """Add statements (``CREATE … IF NOT EXISTS``) that every store runs when it opens."""
    if text not in _ddl:
        _ddl.append(text)


@dataclass(frozen=True, slots=True)
class Commit:
    """What one committed transaction touched; ``etypes`` is empty where only the schema changed."""

    app_id: str
    tx_id: int
    etypes: frozenset[str]


class Store:
    """``data_dir`` None: a temporary folder that goes away with :meth:`close`."""

    def __init__(self, data_dir: Path | None) -> None:
        self._temporary = tempfile.TemporaryDirectory(prefix="local-platform-") if data_dir is None else None
        self.data_dir = Path(self._temporary.name) if self._temporary else Path(data_dir or ".")
        self.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.path = self.data_dir / DATABASE_NAME
        self.path.touch(mode=0o600)
        self._write_lock = threading.RLock()
        self._local = threading.local()
        self._connections: list[sqlite3.Connection] = []
        self._idle: list[sqlite3.Connection] = []
        self._connections_lock = threading.Lock()
        self._listeners: list[Callable[[Commit], None]] = []
        self._pending: list[Commit] = []
        self._is_closed = False
        self._writer = self._connect()
        self._create_tables()

    def _connect(self) -> sqlite3.Connection:
        # check_same_thread is off for the writer, which the lock passes from thread to thread, and for close().
        conn = sqlite3.connect(self.path, isolation_level=None, check_same_thread=False, timeout=30)
        conn.execute("PRAGMA journal_mode=WAL")
        conn.execute("PRAGMA synchronous=FULL")
        conn.execute("PRAGMA foreign_keys=ON")
        conn.execute("PRAGMA temp_store=MEMORY")
        conn.execute("PRAGMA cache_size=-8192")
        conn.execute("PRAGMA case_sensitive_like=ON")
        register_functions(conn)
        with self._connections_lock:
            self._connections.append(conn)
        return conn

    def _create_tables(self) -> None:
        for name in TABLE_MODULES:
            importlib.import_module(f"{__package__}.{name}")
        with self.write() as conn:
            for text in _ddl:
                for statement in _statements(text):
                    conn.execute(statement)

    @contextlib.contextmanager
    def read(self) -> Iterator[sqlite3.Connection]:
        """A connection inside one snapshot; nested calls on a thread share the outer one's snapshot.

        Connections are lent, not kept per thread: worker threads come and go.
        """
        outer: sqlite3.Connection | None = getattr(self._local, "reader", None)
        if outer is not None:
            yield outer
            return
        conn = self._borrow()
        self._local.reader = conn
        try:
            conn.execute("BEGIN")
            yield conn
        finally:
            self._local.reader = None
            if conn.in_transaction:
                conn.execute("ROLLBACK")
            with self._connections_lock:
                self._idle.append(conn)

    def _borrow(self) -> sqlite3.Connection:
        with self._connections_lock:
            if self._idle:
                return self._idle.pop()
        return self._connect()

    @contextlib.contextmanager
    def write(self) -> Iterator[sqlite3.Connection]:
        """The writer inside a transaction: committed at exit, rolled back on any exception; not re-entrant."""
        with self._write_lock:
            conn = self._writer
            if conn.in_transaction:
                raise RuntimeError("write() inside write()")
            conn.execute("BEGIN IMMEDIATE")
            try:
                yield conn
                conn.execute("COMMIT")
            except BaseException:
                self._pending.clear()
                if conn.in_transaction:
                    conn.execute("ROLLBACK")
                raise
            commits, self._pending = self._pending, []
        for commit in commits:
            self._announce(commit)

    def note_commit(self, conn: sqlite3.Connection, app_id: str, etypes: Iterable[str], tx_id: int = 0) -> None:
        """Inside a write: tell the listeners after this transaction has committed."""
        if conn is not self._writer:
            raise ValueError("note_commit outside of write()")
        self._pending.append(Commit(app_id, tx_id, frozenset(etypes)))

    def on_commit(self, callback: Callable[[Commit], None]) -> Callable[[], None]:
        """``callback`` runs on the thread that committed; returns the way to stop it."""
        self._listeners.append(callback)
        return lambda: self._listeners.remove(callback)

    def _announce(self, commit: Commit) -> None:
        for callback in tuple(self._listeners):
            try:
                callback(commit)
            except Exception:
                logger.exception("A listener failed after a commit")

    def close(self) -> None:
        """Idempotent; no thread may be inside read() or write()."""
        if self._is_closed:
            return
        self._is_closed = True
        with self._connections_lock:
            for conn in self._connections:
                conn.close()
            self._connections.clear()
        if self._temporary is not None:
            self._temporary.cleanup()


def _statements(text: str) -> Iterator[str]:
    for part in text.split(";"):
        if part.strip():
            yield part


def register_functions(conn: sqlite3.Connection) -> None:
    """SQL functions that queries use: ``casefold`` for case-insensitive patterns."""
    conn.create_function("casefold", 1, _casefold, deterministic=True)


def _casefold(value: str | int | float | bytes | None) -> str | int | float | bytes | None:
    return value.lower() if isinstance(value, str) else value
