"""A fresh local database, and values to put into it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from app.core.apps import AppSummary
from app.core.connection import Connection, Environment, Platform
from app.storage.database import Database
from app.storage.stores import ConnectionStore


@pytest.fixture
def database_path(tmp_path: Path) -> Path:
    return tmp_path / "tenantry.db"


@pytest.fixture
def database(database_path: Path) -> Iterator[Database]:
    database = Database.open(database_path)
    yield database
    database.close()


@pytest.fixture
def cloud(database: Database) -> Connection:
    """A connection that is stored."""
    connection = make_connection("cloud")
    ConnectionStore(database).add(connection)
    return connection


def make_connection(id_: str, **changes: object) -> Connection:
    values: dict[str, object] = {
        "label": f"The {id_}",
        "platform": Platform.INSTANT,
        "base_url": f"https://{id_}.example",
        "environment": Environment.PRODUCTION,
    }
    return Connection(id=id_, **{**values, **changes})  # type: ignore[arg-type]


def make_app(number: int, connection_id: str = "cloud", **changes: object) -> AppSummary:
    app = AppSummary(
        connection_id=connection_id,
        app_id=f"app-{number}",
        title=f"Diary {number}",
        owner=f"user{number}@example.com",
        kind="tenant",
        state="drifted",
        agents=number,
        created_at=1_700_000_000 + number,
        seen_at=1_800_000_000,
        org="Acme",
        template="Todo",
        note="drift: 2 attributes",
    )
    return app._replace(**changes)
