"""Stores with the real SQL client and everything else in memory."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

from app.core.activity import ActivityEntry
from app.core.changes import Changes
from app.core.connection import Connection, Environment, Platform, TokenKind
from app.core.refs import AppRef
from app.core.secret import Secret
from app.platforms.postgres.dsn import Dsn
from app.services.audit import AuditTrail
from app.services.clients import ClientPool
from app.services.connections import ConnectionBook
from app.services.hub import ChangeHub
from app.services.main_map import MainSettingsBook
from app.services.store_keeping import StoreKeeper
from app.services.stores import Stores
from app.services.tokens import TokenKeeper
from tests.support.store_world import World
from tests.unit.services.fakes import FakeStores, FakeVault


class KeptMaps:
    """The settings of the local database, in memory."""

    def __init__(self) -> None:
        self.kept: dict[str, str] = {}

    def get(self, connection_id: str) -> str | None:
        return self.kept.get(connection_id)

    def put(self, connection_id: str, text: str) -> None:
        self.kept[connection_id] = text


@dataclass
class Opened:
    """``calls`` are the statements that were sent, ``audit`` what was recorded, ``heard`` what was published."""

    stores: Stores
    connections: ConnectionBook
    clients: ClientPool
    vault: FakeVault
    maps: KeptMaps
    audit: list[tuple[Any, ...]]
    calls: list[ActivityEntry] = field(default_factory=list)
    heard: list[Changes] = field(default_factory=list)

    def again(self, environ: dict[str, str] | None = None) -> Stores:
        """As after a restart, on the same settings and vault."""
        keeper = StoreKeeper(MainSettingsBook(self.maps), self.vault)
        store = FakeStores()
        return Stores(self.connections, self.clients, keeper, ChangeHub(), AuditTrail(store), environ=environ or {})


MAIN = "c1"


def main_connection(main_dsn: str, **changes: Any) -> tuple[Connection, Secret | None]:
    dsn, password = Dsn.parse(main_dsn)
    values: dict[str, Any] = {
        "id": MAIN,
        "label": "Main",
        "platform": Platform.POSTGRES,
        "base_url": dsn.to_text(),
        "environment": Environment.STAGING,
        "foundation_app_id": dsn.database,
    }
    return Connection(**{**values, **changes}), password


@contextlib.asynccontextmanager
async def opened_stores(
    world: World | str, *, environ: dict[str, str] | None = None, vault_kind: str = "keyring", **changes: Any
) -> AsyncIterator[Opened]:
    """``changes`` are of the connection to the main database."""
    connection, password = main_connection(world if isinstance(world, str) else world.main_dsn, **changes)
    hub, vault, maps, local = ChangeHub(), FakeVault(vault_kind), KeptMaps(), FakeStores(connection)
    if password is not None:
        vault.kept[connection.id, TokenKind.PLATFORM] = password
    tokens = TokenKeeper(vault, hub)
    connections = ConnectionBook(local, tokens, hub, (connection,))
    calls: list[ActivityEntry] = []
    clients = ClientPool(connections.find, tokens, calls.append, places=lambda each: stores.places(each))
    stores = Stores(
        connections,
        clients,
        StoreKeeper(MainSettingsBook(maps), vault),
        hub,
        AuditTrail(local),
        environ=environ or {},
    )
    connections.on_remove(stores.forget)
    opened = Opened(stores, connections, clients, vault, maps, local.audit, calls)
    hub.subscribe(opened.heard.append)
    try:
        yield opened
    finally:
        await clients.aclose()


def ref(app_id: str) -> AppRef:
    return AppRef(MAIN, app_id)
