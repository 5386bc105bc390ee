"""Looks at the local database without opening it for use: nothing is created, migrated or set aside."""

from __future__ import annotations

import os
import shutil
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from .rows import REVISION

_COMPANIONS = ("", "-wal", "-shm", "-journal")
_BUSY_TIMEOUT_S = 5.0
_BUSY = frozenset({sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED})


@dataclass(frozen=True, slots=True)
class Examination:
    """``problem`` is "" for a sound file. ``is_busy``: another program is writing, and nothing could be read.

    ``open_to_others`` are names of files, or of the folder, that other users of this machine can get at; None where
    that is not known. ``free_bytes`` is None where the disk does not tell.
    """

    path: Path
    is_there: bool
    problem: str = ""
    revision: str = ""
    size_bytes: int = 0
    open_to_others: tuple[str, ...] | None = ()
    free_bytes: int | None = None
    is_busy: bool = False

    @property
    def is_newer(self) -> bool:
        """Written by a version that knows more than this one."""
        return self.revision.isdigit() and int(self.revision) > int(REVISION)

    @property
    def is_older(self) -> bool:
        """It will be brought up at the next start of the window."""
        return self.revision.isdigit() and int(self.revision) < int(REVISION)

    @property
    def is_usable(self) -> bool:
        """Opening it changes nothing: it is there, sound, and of this version."""
        return self.is_there and not self.problem and self.revision == REVISION


def examine(path: Path, busy_timeout_s: float = _BUSY_TIMEOUT_S) -> Examination:
    """Reads the whole file: call it in a worker thread. Raises nothing: what stands in the way is the problem."""
    try:
        return _examined(path, busy_timeout_s)
    except OSError as error:
        return Examination(path, True, f"{error.strerror or type(error).__name__}.", open_to_others=None)


def _examined(path: Path, busy_timeout_s: float) -> Examination:
    if not path.is_file():
        return Examination(path, False, free_bytes=_free(path.parent))
    problem, revision, is_busy = "", "", False
    try:
        problem, revision = _read(path, busy_timeout_s)
    except sqlite3.Error as error:
        is_busy = getattr(error, "sqlite_errorcode", 0) & 0xFF in _BUSY
        problem = "" if is_busy else f"{error}."
    return Examination(
        path,
        True,
        problem,
        revision,
        path.stat().st_size,
        tuple(_open_to_others(path)) if os.name == "posix" else (),
        _free(path.parent),
        is_busy,
    )


def _read(path: Path, busy_timeout_s: float) -> tuple[str, str]:
    """What is wrong with it, and its revision."""
    uri = f"{path.absolute().as_uri()}?mode=ro"
    with closing(sqlite3.connect(uri, uri=True, timeout=busy_timeout_s)) as connection:
        answer = str(connection.execute("PRAGMA integrity_check(1)").fetchone()[0])
        if answer != "ok":
            return _last_line(answer), ""
        dangling = connection.execute("PRAGMA foreign_key_check").fetchone()
        if dangling is not None:
            return f"a row of {dangling[0]} belongs to nothing.", ""
        row = connection.execute("SELECT version_num FROM alembic_version").fetchone()
        return ("", str(row[0])) if row else ("it has no version.", "")


def _last_line(text: str) -> str:
    return f"{text.splitlines()[-1]}."


def _open_to_others(path: Path) -> list[str]:
    found = []
    if path.parent.stat().st_mode & 0o077:
        found.append(f"the folder {path.parent}")
    for suffix in _COMPANIONS:
        each = path.with_name(path.name + suffix)
        try:
            if each.stat().st_mode & 0o077:
                found.append(each.name)
        except FileNotFoundError:
            continue
    return found


def _free(folder: Path) -> int | None:
    try:
        return shutil.disk_usage(folder).free
    except OSError:
        return None
