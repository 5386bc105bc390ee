"""Provisioning with its real neighbours on a running platform and a database file, as a test or a process needs it."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from app.core.activity import ActivityEntry
from app.core.connection import Connection, Environment, Platform
from app.core.secret import Secret
from app.platforms.http_words import HttpPolicy
from app.platforms.registry import Tokens, make_client
from app.services.clients import ClientPool
from app.services.connections import ConnectionBook
from app.services.directory import Directory
from app.services.following import Following
from app.services.foundation_map import FoundationMaps
from app.services.hub import ChangeHub
from app.services.provisioning import Provisioning
from app.services.templates import TemplateShelf
from app.services.tokens import TokenKeeper
from app.storage.database import Database
from app.storage.foundation_stores import FollowedStore, JournalStore, MapStore
from app.storage.paths import resources_dir
from app.storage.stores import AuditStore, ConnectionStore, InventoryStore

CONNECTION_ID = "c1"
# One more try, at once: a test that breaks things does not wait for them.
_POLICY = HttpPolicy(retries=1, backoff_s=0)


@dataclass(frozen=True)
class Target:
    """Where to provision: a platform, its tokens (``dash`` "" for none), the foundation, and a database file.

    All strings, so that it can be handed to another process.
    """

    api_uri: str
    platform: str
    dash: str
    foundation: str
    database: str


class _NoVault:
    """The tokens are given with the target."""

    async def get(self, connection_id: str, kind: object) -> None:
        return None


class Told(JournalStore):
    """Tells of each write once it is on disk."""

    def __init__(self, database: Database, tell: Callable[[str], None]) -> None:
        super().__init__(database)
        self._tell = tell

    def write(self, begun: Any = (), changed: Any = (), removed: Any = ()) -> Any:
        kept = super().write(begun, changed, removed)
        for what, items in (("begun", begun), ("changed", changed), ("removed", removed)):
            if items:
                self._tell(f"journal: {what}")
        return kept


@asynccontextmanager
async def provisioning_on(
    target: Target, tell: Callable[[str], None] = lambda _what: None
) -> AsyncIterator[Provisioning]:
    """``tell`` hears of every call that was answered (or broke) and of every write of the journal, as it is done."""

    def on_call(entry: ActivityEntry) -> None:
        tell(f"{entry.method} {entry.path.rsplit('/', 1)[-1]}")

    database = Database.open(Path(target.database))
    store, hub = ConnectionStore(database), ChangeHub()
    if store.get(CONNECTION_ID) is None:
        store.add(
            Connection(
                CONNECTION_ID,
                "Bench",
                Platform.INSTANT,
                target.api_uri,
                Environment.LOCAL,
                foundation_app_id=target.foundation,
            )
        )
    tokens = Tokens(Secret(target.platform), Secret(target.dash) if target.dash else None)
    keeper = TokenKeeper(_NoVault(), hub)  # type: ignore[arg-type]
    connections = ConnectionBook(store, keeper, hub)
    clients = ClientPool(
        connections.find,
        keeper,
        on_call,
        make=lambda connection, _platform, _dash, told: make_client(connection, tokens, told, policy=_POLICY),
    )
    connections.use(clients)
    await connections.load()
    templates = TemplateShelf.load(resources_dir() / "templates")
    following, maps = Following(FollowedStore(database)), FoundationMaps(MapStore(database))
    inventory = InventoryStore(database)
    directory = Directory(connections, clients, templates, inventory, hub, following=following, maps=maps)
    provisioning = Provisioning(
        connections,
        clients,
        templates,
        directory,
        maps,
        following,
        hub,
        Told(database, tell),
        AuditStore(database),
        clock=time.time,
    )
    try:
        yield provisioning
    finally:
        await provisioning.aclose()
        await directory.aclose()
        await clients.aclose()
        database.close()
