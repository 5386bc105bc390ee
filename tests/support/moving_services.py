"""Moving a workspace with the real SQL client, on a local database file that outlives a killed process."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path

from app.core.connection import TokenKind
from app.platforms.postgres.dsn import Dsn
from app.services.audit import AuditTrail
from app.services.clients import ClientPool
from app.services.connections import ConnectionBook
from app.services.hub import ChangeHub
from app.services.main_map import MainSettingsBook
from app.services.store_keeping import StoreKeeper
from app.services.store_moving import StoreMoving
from app.services.stores import Stores
from app.services.tokens import TokenKeeper
from app.storage.database import Database
from app.storage.foundation_stores import MapStore
from app.storage.stores import AuditStore, ConnectionStore
from tests.support.provisioning import Told
from tests.support.store_services import main_connection
from tests.unit.services.fakes import FakeVault


@dataclass
class Moving:
    stores: Stores
    moving: StoreMoving
    clients: ClientPool
    vault: FakeVault


@contextlib.asynccontextmanager
async def moving_on(
    main_dsn: str, database_path: Path, tell: Callable[[str], None] = lambda _what: None, **changes: object
) -> AsyncIterator[Moving]:
    """``tell`` hears of every statement that was answered (or broke) and of every write of the journal, as it is done.
    ``changes`` are of the connection."""
    database = Database.open(database_path)
    connection, password = main_connection(main_dsn, **changes)
    kept = ConnectionStore(database)
    if kept.get(connection.id) is None:
        kept.add(connection)
    hub, vault = ChangeHub(), FakeVault()
    if password is not None:
        vault.kept[connection.id, TokenKind.PLATFORM] = password
    tokens = TokenKeeper(vault, hub)
    connections = ConnectionBook(kept, tokens, hub)
    clients = ClientPool(
        connections.find,
        tokens,
        lambda entry: tell(entry.path.partition(": ")[2]),
        places=lambda connection_id: stores.places(connection_id),
    )
    connections.use(clients)
    await connections.load()
    trail = AuditTrail(AuditStore(database))
    keeper = StoreKeeper(MainSettingsBook(MapStore(database)), vault)
    stores = Stores(connections, clients, keeper, hub, trail, environ={"APP_MODE": "local"})
    moving = StoreMoving(connections, clients, stores, vault, Told(database, tell), hub, trail)
    try:
        yield Moving(stores, moving, clients, vault)
    finally:
        await moving.aclose()
        await clients.aclose()
        database.close()


def without_password(dsn: str) -> str:
    return Dsn.parse(dsn)[0].to_text()
