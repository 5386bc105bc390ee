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


@dataclass(frozen=True, slots=True)
class Examination:
    """``problem`` is "" for a sound file. ``open_to_others`` are names of files, or of the folder, that other users of
    this machine can get at. ``free_bytes`` is None where the disk does not tell."""

    path: Path
    is_there: bool
    problem: str = ""
    revision: str = ""
    size_bytes: int = 0
    open_to_others: tuple[str, ...] = ()
    free_bytes: int | None = None

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


def examine(path: Path) -> Examination:
    """Reads the whole file: call it in a worker thread."""
    if not path.is_file():
        return Examination(path, False, free_bytes=_free(path.parent))
    problem, revision = _read(path)
    return Examination(
        path,
        True,
        problem,
        revision,
        path.stat().st_size,
        tuple(_open_to_others(path)) if os.name == "posix" else (),
        _free(path.parent),
    )


def _read(path: Path) -> tuple[str, str]:
    """What is wrong with it, and its revision."""
    try:
        uri = f"{path.absolute().as_uri()}?mode=ro"
        with closing(sqlite3.connect(uri, uri=True, timeout=_BUSY_TIMEOUT_S)) as connection:
            answer = str(connection.execute("PRAGMA integrity_check(1)").fetchone()[0])
            if answer != "ok":
                return _last_line(answer), ""
            dangling = connection.execute("PRAGMA foreign_key_check").fetchone()
            if dangling is not None:
                return f"a row of {dangling[0]} belongs to nothing.", ""
            row = connection.execute("SELECT version_num FROM alembic_version").fetchone()
            return ("", str(row[0])) if row else ("it has no version.", "")
    except sqlite3.Error as error:
        return f"{error}.", ""


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
