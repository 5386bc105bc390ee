"""Opening one connection: to a server with its limits and TLS options, or to a SQLite file."""

from __future__ import annotations

import contextlib
import os
import sqlite3
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

from app.core.errors import NotFound
from app.core.text import plain

from .dsn import Dsn, Place
from .limits import Limits

if TYPE_CHECKING:
    import sqlalchemy as sa

_CANCEL_S: Final = 5.0
_BUSY_S: Final = 5.0
# Poolers that keep to the letter of it refuse settings in the first message.
_NO_OPTIONS: Final = "unsupported startup parameter"


class Opener:
    """Used by many threads at once. A server that takes no settings while connecting is remembered as a pooler."""

    def __init__(self, connect_timeout_s: float) -> None:
        self._connect_timeout_s = max(2, round(connect_timeout_s))
        self._poolers: set[str] = set()
        self._lock = threading.Lock()

    def open(self, place: Place, limits: Limits, *, is_read_only: bool = False) -> Any:
        """A connection of the driver; raises the driver's errors, and NotFound for a file that is not there.

        Whatever is no write is opened so that the engine itself takes none; ``is_read_only`` is said of the session,
        too.
        """
        if place.dsn.is_sqlite:
            return self._open_file(place.dsn, limits)
        return self._open_server(place, limits, is_read_only or (limits.is_autocommit and not limits.is_write))

    def prepare(self, connection: sa.Connection, place: Place, limits: Limits, *, is_read_only: bool = False) -> None:
        """Where the connection itself could not carry the settings, the transaction does.

        In a session that others share nothing may be set for longer.
        """
        if place.dsn.is_sqlite or not self._is_pooler(place.dsn):
            return
        if not limits.is_autocommit or not place.dsn.is_transaction_pooler:
            is_off = is_read_only or (limits.is_autocommit and not limits.is_write)
            connection.exec_driver_sql(self._asked(limits, is_off, is_local=not limits.is_autocommit))

    def _asked(self, limits: Limits, is_off: bool, *, is_local: bool) -> str:
        local = str(is_local).lower()
        asked = ", ".join(f"set_config('{name}', '{value}', {local})" for name, value in self._settings(limits, is_off))
        return f"SELECT {asked}"

    def _is_pooler(self, dsn: Dsn) -> bool:
        is_known = dsn.is_transaction_pooler or bool(dsn.pooler_tenant)
        return is_known or dsn.server in self._poolers

    def _settings(self, limits: Limits, is_off: bool) -> list[tuple[str, str]]:
        settings = [
            ("search_path", "public"),
            ("statement_timeout", str(round(limits.statement_timeout_s * 1000))),
            ("lock_timeout", str(round(limits.lock_timeout_s * 1000))),
        ]
        return [*settings, ("default_transaction_read_only", "on")] if is_off else settings

    def _open_server(self, place: Place, limits: Limits, is_off: bool) -> Any:
        import psycopg

        try:
            raw = psycopg.connect(**self._parameters(place, limits, is_off))
        except psycopg.OperationalError as error:
            if _NO_OPTIONS not in str(error):
                raise
            with self._lock:
                self._poolers.add(place.dsn.server)
            raw = psycopg.connect(**self._parameters(place, limits, is_off))
        raw.autocommit = limits.is_autocommit
        if not limits.is_autocommit:
            raw.read_only = None if limits.is_write else True
            if limits.isolation == "REPEATABLE READ":
                raw.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        return raw

    def _parameters(self, place: Place, limits: Limits, is_off: bool) -> dict[str, Any]:
        dsn = place.dsn
        is_pooler = self._is_pooler(dsn)
        options = "" if is_pooler else " ".join(f"-c {name}={value}" for name, value in self._settings(limits, is_off))
        return {
            **dict(dsn.options),
            "host": dsn.host,
            "port": dsn.port,
            "dbname": dsn.database,
            "user": dsn.user or None,
            # An empty one keeps the password of an environment from going to whatever server is named here.
            "password": place.password.reveal() if place.password else "",
            "application_name": "tenantry",
            "client_encoding": "UTF8",
            "connect_timeout": self._connect_timeout_s,
            "keepalives_idle": 30,
            "keepalives_interval": 10,
            "keepalives_count": 3,
            "options": options,
            "prepare_threshold": None,
        }

    def _open_file(self, dsn: Dsn, limits: Limits) -> Any:
        path = Path(dsn.database)
        # Not of ``path``: that one raises for a name which no file can have.
        if not os.path.isfile(path):
            raise NotFound(
                f"There is no SQLite file {plain(dsn.database)}.", remedy="Check the path; it may have been moved."
            )
        uri = f"file:{quote(path.as_posix())}?mode=rw"
        raw = sqlite3.connect(uri, uri=True, timeout=_BUSY_S, isolation_level=None, check_same_thread=False)
        raw.execute(f"PRAGMA foreign_keys={'ON' if limits.has_foreign_keys else 'OFF'}")
        if not limits.is_write:
            raw.execute("PRAGMA query_only=ON")
        return raw


def stop(raw: Any) -> None:
    """Asks the running statement to end; from any thread. What has ended already is left alone."""
    if isinstance(raw, sqlite3.Connection):
        with contextlib.suppress(sqlite3.Error):
            raw.interrupt()
        return
    import psycopg

    with contextlib.suppress(psycopg.Error, OSError):
        raw.cancel_safe(timeout=_CANCEL_S)


def make_file(path: Path) -> None:
    """A new SQLite file, for its owner only; raises FileExistsError."""
    os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))


def remove_file(path: str) -> None:
    """With what SQLite keeps beside it."""
    for suffix in ("", "-wal", "-shm", "-journal"):
        Path(path + suffix).unlink(missing_ok=True)
