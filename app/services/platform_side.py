"""What the workshop needs of an app's platform: its schema now, its form, its rules, and whether it takes a push."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable
from typing import TYPE_CHECKING

from app.core.apps import AppState
from app.core.errors import ReadOnly
from app.core.text import plain
from app.platforms.contract import YES, Capability
from app.platforms.traits import OTHER, Traits, traits_of

if TYPE_CHECKING:
    from app.core.connection import Connection
    from app.core.refs import AppRef
    from app.platforms.contract import LiveSchema, PlatformClient
    from app.schema.check import Rules
    from app.schema.compare import Plan
    from app.schema.draft import Draft
    from app.schema.model import Schema
    from app.services.catalog import Catalog, SchemaSnapshot
    from app.services.clients import ClientPool
    from app.services.connections import ConnectionBook
    from app.services.directory import Directory

Form = Callable[["Schema"], "Schema"]
_KEPT = 8
_REFUSALS = {
    AppState.READ_ONLY.value: "The app is read-only on its platform.",
    AppState.DISABLED.value: "The app is disabled on its platform.",
    AppState.MISSING.value: "The app is not on the platform any more.",
}


class PlatformSide:
    """Reads through here are remembered by the catalog, so that all views show what was read last."""

    def __init__(
        self, connections: ConnectionBook, clients: ClientPool, directory: Directory, catalog: Catalog
    ) -> None:
        self._connections = connections
        self._clients = clients
        self._directory = directory
        self._catalog = catalog
        self._live: OrderedDict[AppRef, LiveSchema] = OrderedDict()

    def connection(self, ref: AppRef) -> Connection:
        return self._connections.get(ref.connection_id)

    def title(self, ref: AppRef) -> str:
        """As it is shown; the ID where the app was never listed."""
        app = self._directory.find(ref)
        return plain(app.title, 60) if app is not None and app.title else ref.app_id

    async def client(self, ref: AppRef) -> PlatformClient:
        return await self._clients.get(ref.connection_id)

    async def read(self, ref: AppRef, *, pushed: str | None = None) -> tuple[LiveSchema, SchemaSnapshot]:
        """The schema now. Raises the client's errors."""
        client = await self.client(ref)
        live = await client.read_live(ref.app_id)
        self._live[ref] = live
        self._live.move_to_end(ref)
        while len(self._live) > _KEPT:
            self._live.popitem(last=False)
        return live, await self._catalog.take(ref, live.schema, pushed=pushed)

    async def read_for(self, ref: AppRef, fingerprint: str) -> LiveSchema | None:
        """The schema of this fingerprint with what a push needs, read again only where it is not at hand; None where
        the live schema is another one. Raises the client's errors."""
        live = self._live.get(ref)
        if live is None or live.fingerprint != fingerprint:
            live, _snapshot = await self.read(ref)
        return live if live.fingerprint == fingerprint else None

    def canonical(self, ref: AppRef, draft: Draft) -> Draft:
        """The draft as the platform would give it back: both sides of a comparison are to be in one form."""
        from app.schema.draft import Draft

        form = self.form(ref)
        return Draft(form(draft.base), form(draft.wanted), draft.renames)

    def plan(self, ref: AppRef, draft: Draft) -> Plan:
        """What a canonical draft comes to on its platform."""
        return told_plan(draft.plan(), self.traits(ref))

    def traits(self, ref: AppRef) -> Traits:
        return traits_of(self.connection(ref))

    def form(self, ref: AppRef) -> Form:
        """The one form of a schema on the app's platform."""
        return self.traits(ref).canonical

    async def rules(self, ref: AppRef) -> Rules:
        """Those of the platform; they are known without asking it, also where the connection was removed."""
        connection = self._connections.find(ref.connection_id)
        traits = traits_of(connection) if connection is not None else OTHER
        return await asyncio.to_thread(lambda: traits.rules)

    def push_capability(self, ref: AppRef) -> Capability:
        connection = self._connections.find(ref.connection_id)
        if connection is None:
            return Capability(False, "The connection was removed.")
        if connection.is_read_only:
            return Capability(False, f"{connection.label} is a read-only connection.")
        app = self._directory.find(ref)
        refusal = _REFUSALS.get(app.state) if app is not None else None
        return YES if refusal is None else Capability(False, refusal)

    def ensure_writable(self, ref: AppRef) -> Connection:
        """Raises ReadOnly; what the platform itself refuses, it says."""
        connection = self.connection(ref)
        if connection.is_read_only:
            raise ReadOnly(
                f"{connection.label} is a read-only connection: nothing was sent.",
                remedy="The staged edits are kept. Edit the connection to allow writes, or use another one.",
            )
        return connection


def told_plan(plan: Plan, traits: Traits) -> Plan:
    """The steps that are something on this platform. Where it keeps no names of links, those that are made of an
    entity's name change with it, which nobody needs to read or send."""
    from app.schema.compare import Plan
    from app.schema.operations import RenameLink

    if traits.keeps_link_names:
        return plan
    return Plan(tuple(each for each in plan.steps if not (isinstance(each, RenameLink) and each.is_name_only)))
