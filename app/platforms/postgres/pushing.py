"""A push: the statements of a plan on a connection of its own, phase by phase, each told as it goes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from app.core.errors import KnownError
from app.platforms.contract import LiveSchema
from app.schema.formats.sql_names import Dialect


@dataclass(frozen=True, slots=True)
class PushSide:
    """What a push needs of its client; all of it is called on the push's own thread.

    ``connect`` opens a new driver connection for this push alone, in autocommit mode (psycopg ``autocommit=True``,
    sqlite3 ``isolation_level=None``); the push begins, commits and closes it. ``read`` reads the live schema through
    that very connection, within its transaction. ``error_of`` maps a driver's error; its second argument says what was
    done ("push to shop"). ``record`` makes an activity entry: the statement, its seconds, the error or None.
    """

    dialect: Dialect
    connect: Callable[[], Any]
    read: Callable[[Any], LiveSchema]
    error_of: Callable[[BaseException, str], KnownError]
    record: Callable[[str, float, KnownError | None], None]
