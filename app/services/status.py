"""How each connection is, asked again and again."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import TYPE_CHECKING, Protocol

from app.core.apps import AppState
from app.core.changes import Changes
from app.core.connection import Connection, TokenKind
from app.core.errors import KnownError, NotFound, Unauthorised
from app.core.status import ConnectionStatus, Finding, FindingKind, Health
from app.platforms.traits import traits_of
from app.services.batches import ChangeBatch
from app.services.findings import Facts, findings, in_order

if TYPE_CHECKING:
    from app.services.clients import ClientPool
    from app.services.connections import ConnectionBook
    from app.services.directory import Directory
    from app.services.hub import ChangeHub
    from app.services.tokens import TokenKeeper

_logger = logging.getLogger(__name__)
_SETTLE_S = 0.5
# Said in the words of the connection, whatever the platform says of them.
_ACCESS = frozenset({FindingKind.TOKEN_MISSING, FindingKind.TOKEN_REJECTED})


class StatusStore(Protocol):
    """What is needed of the local database; its methods block."""

    def put(self, status: ConnectionStatus) -> None: ...


class StatusMonitor:
    """Checks all connections every so often; findings follow the inventory without a new check."""

    def __init__(
        self,
        connections: ConnectionBook,
        clients: ClientPool,
        directory: Directory,
        tokens: TokenKeeper,
        store: StatusStore,
        hub: ChangeHub,
        *,
        last_known: Iterable[ConnectionStatus] = (),
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._connections = connections
        self._clients = clients
        self._directory = directory
        self._tokens = tokens
        self._store = store
        self._hub = hub
        self._clock = clock
        self._batch = ChangeBatch(hub)
        self._statuses = {each.connection_id: each for each in last_known}
        self._has_token: dict[str, bool] = {}
        self._told: dict[str, tuple[Finding, ...]] = {}
        self._checking: dict[str, asyncio.Lock] = {}
        self._ticker: asyncio.Task[None] | None = None
        self._unsubscribe: Callable[[], None] | None = None
        self._stale: set[str] = set()
        self._settling: asyncio.TimerHandle | None = None

    def all(self) -> tuple[ConnectionStatus, ...]:
        """One for each connection, in the order of the connections."""
        return tuple(self._status(each.id) for each in self._connections.all())

    async def check(self, connection_id: str | None = None) -> tuple[ConnectionStatus, ...]:
        """Ask one connection (None: all) now. Does not raise known errors: the status says what is wrong."""
        wanted = [each.id for each in self._connections.all()] if connection_id is None else [connection_id]
        await asyncio.gather(*(self._check(each) for each in wanted))
        self._batch.flush()
        return tuple(self._status(each) for each in wanted)

    def start(self, interval_s: float = 30.0) -> None:
        """Check at once and then every ``interval_s``, until ``stop``."""
        if self._ticker is None:
            self._unsubscribe = self._hub.subscribe(self._heard)
            self._ticker = asyncio.get_running_loop().create_task(self._tick(interval_s))

    async def stop(self) -> None:
        ticker, self._ticker = self._ticker, None
        if self._unsubscribe is not None:
            self._unsubscribe()
        if self._settling is not None:
            self._settling.cancel()
        if ticker is not None:
            ticker.cancel()
            await asyncio.gather(ticker, return_exceptions=True)

    def reconsider(self, connection_id: str) -> None:
        """Work out findings and counts anew from what is known; asks nobody."""
        connection = self._connections.find(connection_id)
        if connection is not None:
            self._set(self._with_findings(connection, self._status(connection_id)))

    async def _tick(self, interval_s: float) -> None:
        while True:
            try:
                await self.check()
            except Exception:
                _logger.exception("A check failed")
            await asyncio.sleep(interval_s)

    def _heard(self, changes: Changes) -> None:
        """The inventory changes many times a second during a refresh; findings follow a little behind."""
        self._stale |= changes.apps
        if self._stale and self._settling is None:
            self._settling = asyncio.get_running_loop().call_later(_SETTLE_S, self._settle)

    def _settle(self) -> None:
        self._settling = None
        stale, self._stale = self._stale, set()
        for connection_id in stale:
            self.reconsider(connection_id)

    async def _check(self, connection_id: str) -> None:
        async with self._checking.setdefault(connection_id, asyncio.Lock()):
            connection = self._connections.find(connection_id)
            if connection is None:
                self._statuses.pop(connection_id, None)
                return
            status = await self._asked(connection)
            # Removed or edited while it was being asked.
            connection = self._connections.find(connection_id)
            if connection is not None:
                self._set(self._with_findings(connection, status))
                await self._save(connection_id)

    async def _asked(self, connection: Connection) -> ConnectionStatus:
        old, now = self._status(connection.id), self._clock()
        try:
            client = await self._clients.get(connection.id)
            knows_token = await self._knows_token(connection.id)
            if not knows_token and traits_of(connection).needs_token:
                raise Unauthorised(f"No token is stored for {connection.label}.")
            probe = await client.probe()
        except KnownError as error:
            self._told.pop(connection.id, None)
            health = Health.UNAUTHORISED if isinstance(error, Unauthorised) else Health.UNREACHABLE
            return replace(
                old, health=health, latency_ms=None, checked_at=now, sentence=error.sentence, remedy=error.remedy
            )
        self._told[connection.id] = tuple(each for each in probe.findings if each.kind not in _ACCESS)
        return replace(
            old,
            health=probe.health,
            latency_ms=probe.latency_ms,
            checked_at=now,
            sentence=probe.sentence,
            remedy=probe.remedy,
        )

    async def _knows_token(self, connection_id: str) -> bool:
        known = any([await self._tokens.get(connection_id, kind) is not None for kind in TokenKind])
        self._has_token[connection_id] = known
        return known

    def _with_findings(self, connection: Connection, status: ConnectionStatus) -> ConnectionStatus:
        apps = self._directory.apps_of(connection.id)
        listed = [each for each in apps if each.state != AppState.MISSING.value]
        registry, registry_error = self._directory.known_registry(connection.id)
        vault, knows_token = self._tokens.state(), self._has_token.get(connection.id, True)
        facts = Facts(
            connection=connection,
            health=status.health,
            has_token=knows_token or not traits_of(connection).needs_token,
            apps=apps,
            registry=registry,
            registry_error=registry_error,
            drifts=self._directory.drifts_of(connection.id),
            vault_sentence=vault.sentence if vault.kind == "memory" and knows_token else "",
            vault_remedy=vault.remedy,
            now=self._clock(),
        )
        is_known = bool(apps) or self._directory.is_fresh(connection.id)
        return replace(
            status,
            app_count=len(listed) if is_known else -1,
            entity_count=sum(each.agents for each in listed if each.agents > 0) if is_known else -1,
            findings=in_order((*findings(facts), *self._told.get(connection.id, ()))),
        )

    def _status(self, connection_id: str) -> ConnectionStatus:
        return self._statuses.get(connection_id) or ConnectionStatus(connection_id)

    def _set(self, status: ConnectionStatus) -> None:
        if self._statuses.get(status.connection_id) != status:
            self._statuses[status.connection_id] = status
            self._batch.add(Changes(status=frozenset((status.connection_id,))))

    async def _save(self, connection_id: str) -> None:
        try:
            await asyncio.to_thread(self._store.put, self._statuses[connection_id])
        except NotFound:
            # The connection was removed meanwhile.
            self._statuses.pop(connection_id, None)
        except KnownError:
            _logger.exception("The status could not be kept")
