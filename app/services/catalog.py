"""Structures of apps, read when they are asked for."""

from __future__ import annotations

import asyncio
import logging
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, cast

from app.core.changes import Changes
from app.core.refs import AppRef
from app.schema.formats.model_json import from_text, to_text
from app.schema.model import Schema

if TYPE_CHECKING:
    from app.platforms.contract import SqlClient
    from app.services.clients import ClientPool
    from app.services.directory import Directory
    from app.services.hub import ChangeHub
    from app.services.search_index import KnownNames
    from app.services.versions import SchemaVersions

_logger = logging.getLogger(__name__)
_KEPT = 200


@dataclass(frozen=True, slots=True)
class SchemaSnapshot:
    """``read_at`` is seconds since the epoch; ``fingerprint`` that of the schema."""

    schema: Schema
    read_at: float
    fingerprint: str


class CachedSchema(Protocol):
    @property
    def text(self) -> str: ...

    @property
    def read_at(self) -> float: ...


class SchemaStore(Protocol):
    """What is needed of the local database; its methods block."""

    def put_schema(self, ref: AppRef, json_text: str, fingerprint: str, at: float) -> None: ...

    def get_schema(self, ref: AppRef) -> CachedSchema | None: ...


class Catalog:
    """Keeps the latest 200 structures in memory, and all that were opened in the local database.

    ``known`` are the fingerprints of those in the local database; ``versions`` keeps what an app's schema was before
    it changed, and ``names`` hears of every schema that is read.
    """

    def __init__(
        self,
        clients: ClientPool,
        directory: Directory,
        store: SchemaStore,
        hub: ChangeHub,
        *,
        versions: SchemaVersions | None = None,
        known: Mapping[AppRef, str] | None = None,
        names: KnownNames | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._clients = clients
        self._directory = directory
        self._store = store
        self._hub = hub
        self._clock = clock
        self._versions = versions
        self._names = names
        self._known = dict(known or {})
        self._kept: OrderedDict[AppRef, SchemaSnapshot] = OrderedDict()
        self._reading: dict[AppRef, asyncio.Task[SchemaSnapshot]] = {}
        self._taking: set[asyncio.Task[SchemaSnapshot]] = set()

    async def schema(self, ref: AppRef, refresh: bool = False) -> SchemaSnapshot:
        """As last read in this session; else, or with ``refresh``, from the platform. Raises the client's errors."""
        kept = self._kept.get(ref)
        if kept is not None and not refresh:
            self._kept.move_to_end(ref)
            return kept
        task = self._reading.get(ref)
        if task is None:
            task = self._reading[ref] = asyncio.create_task(self._read(ref))
            task.add_done_callback(lambda done: self._ended(ref, done))
        # Two views may wait for the same answer: one that closes must not take it from the other.
        return await asyncio.shield(task)

    async def names(self, ref: AppRef) -> tuple[str, ...]:
        """The names of the app's tables, for platforms that can tell them without reading them (``SqlClient``).
        Raises the client's errors."""
        client = cast("SqlClient", await self._clients.get(ref.connection_id))
        found = await client.entity_names(ref.app_id)
        if self._names is not None:
            self._names.saw_entities(ref, found)
        return found

    async def last_known(self, ref: AppRef) -> SchemaSnapshot | None:
        """What can be shown without the platform, None where it was never opened."""
        if ref in self._kept:
            return self._kept[ref]
        cached = await asyncio.to_thread(self._store.get_schema, ref)
        if cached is None:
            return None
        try:
            schema = from_text(cached.text)
        except ValueError:
            # Written by another version: it will be read again from the platform.
            return None
        return SchemaSnapshot(schema, cached.read_at, schema.fingerprint())

    def forget(self, ref: AppRef) -> None:
        """The app is gone, or its structure was changed."""
        self._kept.pop(ref, None)

    async def take(self, ref: AppRef, schema: Schema, *, pushed: str | None = None) -> SchemaSnapshot:
        """Somebody read this schema from the platform just now; ``pushed`` is the note of the push that made it so."""
        snapshot = SchemaSnapshot(schema, self._clock(), schema.fingerprint())
        before = self._kept.get(ref)
        self._keep(ref, snapshot)
        self._known[ref] = snapshot.fingerprint
        if self._names is not None:
            self._names.saw(ref, schema)
        self._directory.take_schema(ref, schema)
        if before is not None and before.fingerprint != snapshot.fingerprint:
            self._hub.publish(Changes(schemas=frozenset((ref,))))
        await self._save(ref, snapshot, pushed)
        return snapshot

    def saw(self, ref: AppRef, schema: Schema) -> None:
        """A refresh of the whole connection read this. Costs next to nothing for apps that were never opened."""
        if self._names is not None:
            self._names.saw(ref, schema)
        if ref in self._known and schema.fingerprint() != self._known[ref]:
            task = asyncio.ensure_future(self.take(ref, schema))
            self._taking.add(task)
            task.add_done_callback(self._taking.discard)

    async def aclose(self) -> None:
        """End what is being read, and wait for it: the clients are closed next."""
        tasks: Iterable[asyncio.Task[SchemaSnapshot]] = list(self._reading.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, *self._taking, return_exceptions=True)

    def _ended(self, ref: AppRef, task: asyncio.Task[SchemaSnapshot]) -> None:
        self._reading.pop(ref, None)
        # Looked at here, for the case that everybody who waited has gone.
        if not task.cancelled():
            task.exception()

    async def _read(self, ref: AppRef) -> SchemaSnapshot:
        client = await self._clients.get(ref.connection_id)
        return await self.take(ref, await client.read_schema(ref.app_id))

    def _keep(self, ref: AppRef, snapshot: SchemaSnapshot) -> None:
        self._kept[ref] = snapshot
        self._kept.move_to_end(ref)
        while len(self._kept) > _KEPT:
            self._kept.popitem(last=False)

    async def _save(self, ref: AppRef, snapshot: SchemaSnapshot, pushed: str | None) -> None:
        text = to_text(snapshot.schema)
        try:
            await asyncio.to_thread(self._store.put_schema, ref, text, snapshot.fingerprint, snapshot.read_at)
            if self._versions is not None:
                await self._versions.keep(ref, snapshot, pushed)
        except Exception:
            # The structure is on screen; only the copy for the next start is lost.
            _logger.exception("A structure could not be kept")
