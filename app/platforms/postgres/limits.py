"""How long a piece of work may take, and in which kind of transaction it runs."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """Of one piece of work; seconds, 0 for none. ``is_autocommit``: each statement is its own transaction.

    ``isolation`` is a level of PostgreSQL (``REPEATABLE READ``). ``has_foreign_keys``: SQLite enforces them (off only
    while a table is made anew).
    """

    statement_timeout_s: float = 60
    lock_timeout_s: float = 5
    is_autocommit: bool = False
    is_write: bool = False
    isolation: str = ""
    has_foreign_keys: bool = True


READ = Limits()
SNAPSHOT = Limits(statement_timeout_s=120, isolation="REPEATABLE READ")
WRITE = Limits(is_write=True)
AUTOCOMMIT = Limits(is_write=True, is_autocommit=True)
