"""Which connections have a main database, and where it is; asks nobody."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.core.errors import KnownError, NotFound, Unsupported
from app.core.text import plain
from app.platforms.postgres.dsn import Dsn
from app.platforms.traits import traits_of

if TYPE_CHECKING:
    from app.core.connection import Connection


def main_refusal(connection: Connection) -> KnownError | None:
    label = plain(connection.label, 60)
    if not traits_of(connection).has_main_database:
        return Unsupported(f"{label} has no main database: workspaces and stores are of PostgreSQL and SQLite.")
    if connection.foundation_app_id is None:
        return NotFound(
            f"No database of {label} is its main database.",
            remedy="Edit the connection and say which database is the main one.",
        )
    return None


def ensure_main(connection: Connection) -> None:
    refusal = main_refusal(connection)
    if refusal is not None:
        raise refusal


def main_id(connection: Connection) -> str:
    return connection.foundation_app_id or ""


def own_address(connection: Connection) -> Dsn:
    dsn, _password = Dsn.parse(connection.base_url)
    return dsn


def address_of(connection: Connection) -> tuple[str, str | None]:
    return connection.base_url, connection.foundation_app_id
