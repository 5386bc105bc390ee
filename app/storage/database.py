"""The local database: one SQLite file, private to this user, migrated when it is opened."""

from __future__ import annotations

import logging
import os
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, exc
from sqlalchemy.engine import URL, make_url

from app.core.errors import Conflict, KnownError, NotFound, Unsupported

from .rows import REVISION

_logger = logging.getLogger(__name__)
_PRIVATE = 0o600
_BUSY_TIMEOUT_S = 5.0
_DAMAGE = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})
_FULL = frozenset({sqlite3.SQLITE_FULL})
_BUSY = frozenset({sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED})
# What SQLite keeps beside the file itself; without its journal a file loses what was written last.
_COMPANIONS = ("", "-wal", "-shm", "-journal")


@dataclass(frozen=True, slots=True)
class SetAside:
    """A damaged database was found; it is kept, whole, at ``kept_at``, and a new one was begun."""

    kept_at: Path
    reason: str

    @property
    def sentence(self) -> str:
        return (
            f"The local database was damaged ({self.reason}); "
            f"it is kept as {self.kept_at.name} and a new one was begun."
        )

    @property
    def remedy(self) -> str:
        return "Add your connections again; their tokens are still in the keyring."


class Database:
    """Synchronous; call it from worker threads (``asyncio.to_thread``), any number of them at once.

    Readers never wait. Writers take turns, each in one transaction that is on disk or nowhere.
    ``set_aside`` tells of a damaged file that was found on opening, None where all was well.
    """

    def __init__(self, engine: Engine, path: Path, set_aside: SetAside | None = None) -> None:
        self._engine = engine
        self._writer = engine.execution_options(begin="IMMEDIATE")
        self._write_lock = threading.Lock()
        self.path = path
        self.set_aside = set_aside

    @classmethod
    def open(cls, url_or_path: str | Path) -> Database:
        """Open, create or migrate. The folder must exist.

        Raises Unsupported for a file of a newer version, for a file that is somebody else's, and for anything but
        SQLite; such a file is left as it is. A damaged file is set aside. Raises KnownError where the file cannot
        be opened at all.
        """
        path = _path_of(url_or_path)
        set_aside = _set_aside_if_damaged(path)
        _create_private(path)
        engine = _make_engine(path)
        try:
            with _known_errors(path):
                _migrate(engine, path)
        except BaseException:
            engine.dispose()
            raise
        return cls(engine, path, set_aside)

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """One snapshot for several reads; nothing may be written."""
        with _known_errors(self.path), self._engine.begin() as connection:
            yield connection

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """One transaction: committed when the block ends, rolled back when it raises."""
        with _known_errors(self.path), self._write_lock, self._writer.begin() as connection:
            yield connection

    def close(self) -> None:
        """Close all connections; call it when no worker thread uses the database any more."""
        self._engine.dispose()


def _path_of(url_or_path: str | Path) -> Path:
    if isinstance(url_or_path, Path) or "://" not in url_or_path:
        return Path(url_or_path).absolute()
    try:
        url = make_url(url_or_path)
    except exc.ArgumentError:
        url = None
    if url is None or url.get_backend_name() != "sqlite" or not url.database:
        # The URL itself may hold a password: it is not repeated.
        raise Unsupported("The local database can only be an SQLite file.", remedy="Give the path of a file.")
    return Path(url.database).absolute()


def _make_engine(path: Path) -> Engine:
    engine = create_engine(
        URL.create("sqlite", database=str(path)),
        hide_parameters=True,
        connect_args={"timeout": _BUSY_TIMEOUT_S, "check_same_thread": False},
    )
    event.listen(engine, "connect", _prepare)
    event.listen(engine, "begin", _begin)
    return engine


def _prepare(connection: Any, record: object) -> None:
    # The driver would begin transactions on its own, too late for reads and not at all for DDL; _begin does it.
    connection.isolation_level = None
    for pragma in ("journal_mode = WAL", "synchronous = NORMAL", "foreign_keys = ON"):
        connection.execute(f"PRAGMA {pragma}")


def _begin(connection: Connection) -> None:
    # A transaction that reads first and writes later fails at once when another process wrote in between:
    # writers take the lock at the start, and wait for it.
    connection.exec_driver_sql(f"BEGIN {connection.get_execution_options().get('begin', 'DEFERRED')}")


def _create_private(path: Path) -> None:
    """Create the file before SQLite does: what SQLite keeps beside it takes over its mode."""
    try:
        os.close(os.open(path, os.O_CREAT | os.O_RDWR, _PRIVATE))
        if os.name == "posix" and path.stat().st_mode & 0o077:
            path.chmod(_PRIVATE)
    except OSError as error:
        raise _cannot_open(path, error.strerror or "") from error


def _set_aside_if_damaged(path: Path) -> SetAside | None:
    if not path.is_file():
        return None
    reason = _damage_of(path)
    if not reason:
        return None
    kept_at = _free_name(path.with_name(f"{path.name}.damaged-{time.strftime('%Y%m%d-%H%M%S', time.gmtime())}"))
    for suffix in _COMPANIONS:
        companion = path.with_name(path.name + suffix)
        if companion.exists():
            companion.rename(kept_at.with_name(kept_at.name + suffix))
    _logger.warning("The local database is damaged (%s) and was kept as %s", reason, kept_at.name)
    return SetAside(kept_at, reason)


def _damage_of(path: Path) -> str:
    """What is wrong with the file, "" when nothing is (or nothing can be said, because it is busy or unreadable)."""
    # Read-only: closing the last writer would fold the journal into the damaged file.
    try:
        with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True, timeout=_BUSY_TIMEOUT_S)) as connection:
            answer = str(connection.execute("PRAGMA quick_check(1)").fetchone()[0])
    except sqlite3.Error as error:
        return str(error) if _code(error) in _DAMAGE else ""
    return "" if answer == "ok" else answer.splitlines()[-1]


def _free_name(wanted: Path) -> Path:
    path, number = wanted, 1
    while path.exists():
        number += 1
        path = wanted.with_name(f"{wanted.name}-{number}")
    return path


def _migrate(engine: Engine, path: Path) -> None:
    with engine.begin() as connection:
        if _revision_of(connection, path) == REVISION:
            return
    # Looked at again under the lock: another window may have migrated in the meantime.
    with engine.execution_options(begin="IMMEDIATE").begin() as connection:
        revision = _revision_of(connection, path)
        if revision != REVISION:
            _upgrade(connection, revision, path)


def _revision_of(connection: Connection, path: Path) -> str | None:
    """None for a new, empty file; raises Unsupported for a file that Tenantry did not make."""
    tables = {row[0] for row in connection.exec_driver_sql("SELECT name FROM sqlite_master WHERE type = 'table'")}
    if not tables:
        return None
    revisions = (
        connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalars().all()
        if "alembic_version" in tables
        else []
    )
    if len(revisions) != 1 or "connections" not in tables:
        raise Unsupported(
            f"{path} is a database of another program; nothing in it was changed.",
            remedy="Move that file away, or start with --profile and another folder.",
        )
    return str(revisions[0])


def _upgrade(connection: Connection, revision: str | None, path: Path) -> None:
    # Imported here: alembic is needed once per new version, and would cost every start.
    from alembic import command
    from alembic.config import Config
    from alembic.script import ScriptDirectory

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations").replace("%", "%%"))
    config.attributes["connection"] = connection
    known = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
    if revision is not None and revision not in known:
        raise Unsupported(
            f"The local database was written by a newer version of Tenantry (revision {revision}, "
            f"this one knows {REVISION}); nothing in it was changed.",
            remedy="Install the newer version again, or start with --profile and another folder.",
            details=str(path),
        )
    command.upgrade(config, "head")


@contextmanager
def _known_errors(path: Path) -> Iterator[None]:
    """The one place where errors of SQLAlchemy become errors of ours."""
    try:
        yield
    except exc.DBAPIError as error:
        raise _known(path, error) from error


def _known(path: Path, error: exc.DBAPIError) -> KnownError:
    """``details`` is the driver's message, which holds names of tables and columns but no values."""
    code = _code(error.orig)
    details = str(error.orig)
    if code == sqlite3.SQLITE_CONSTRAINT:
        if "FOREIGN KEY" in details:
            return NotFound("The connection is no longer there.", remedy="Add it again.", details=details)
        return Conflict("The local database has that already.", details=details)
    if code in _BUSY:
        return Conflict("The local database is in use by another window.", details=details)
    if code in _FULL:
        return KnownError("The disk is full: nothing was stored.", remedy="Make room, then try again.", details=details)
    if code in _DAMAGE:
        return KnownError(
            f"The local database {path} is damaged.",
            remedy="Start Tenantry again: it keeps the damaged file and begins a new one.",
            details=details,
        )
    return _cannot_open(path, details)


def _cannot_open(path: Path, details: str) -> KnownError:
    return KnownError(
        f"The local database {path} cannot be used.",
        remedy="Check that the folder is there, is yours, and can be written to.",
        details=details,
    )


def _code(error: BaseException | None) -> int:
    """SQLite's primary error code, 0 where the driver gave none."""
    return int(getattr(error, "sqlite_errorcode", 0)) & 0xFF
