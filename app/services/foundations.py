"""The foundation of a connection, or why it has none."""

from __future__ import annotations

from app.core.connection import Connection
from app.core.errors import NotFound
from app.platforms.traits import ensure_registry_app, traits_of


def foundation_of(connection: Connection) -> str:
    """Its app ID. Raises Unsupported where the platform knows no foundations, NotFound where none is named."""
    ensure_registry_app(connection)
    if connection.foundation_app_id is None:
        raise NotFound(
            f"{connection.label} has no foundation app.",
            remedy="Edit the connection and enter the foundation's app ID.",
        )
    return connection.foundation_app_id


def has_foundation(connection: Connection) -> bool:
    """The app ID of a SQL connection names its main database, which is none."""
    return connection.foundation_app_id is not None and traits_of(connection).has_registry_app
