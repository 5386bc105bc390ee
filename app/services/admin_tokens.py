"""Admin tokens of tasks' databases: revealed on request, and replaced without ever losing one.

Replacing takes these steps, and each can be the last one for now:

1. the local journal says that the token of this record is being replaced (never the token itself);
2. the new token, chosen here, is in the vault;
3. the platform takes it in place of all others of the app: from here on the old one is dead;
4. the registry has it;
5. the vault and the journal forget it.

Stopped after 1 or 2, the old token works and the registry has it. Stopped after 3, the new one is in the vault; where
the vault was of this session only, replacing again needs no token of the app, and is what the journal asks for.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol, cast

from app.core.connection import TokenKind
from app.core.errors import KnownError, NotFound, ReadOnly, Unsupported, VaultLocked, VaultUnavailable
from app.core.gate import act
from app.core.refs import AppRef, is_uuid, new_id
from app.core.secret import Secret
from app.core.text import plain
from app.services.directory import Progress
from app.services.directory_refresh import WORKERS_LOCAL
from app.services.foundation_writer import stable_id
from app.services.foundations import foundation_of
from app.services.registry import read_token

if TYPE_CHECKING:
    from app.core.connection import Connection
    from app.platforms.contract import RemoteApp
    from app.services.audit import AuditTrail
    from app.services.clients import ClientPool
    from app.services.connections import ConnectionBook
    from app.services.foundation_map import FoundationMap, FoundationMaps
    from app.services.tokens import TokenVault
    from app.storage.foundation_stores import KeptEntry

KIND = "token"
_NAME_LIMIT = 80


class TokenClient(Protocol):
    """What is needed of ``app.platforms.instant.client.InstantClient``."""

    async def query(self, app_id: str, query: Mapping[str, Any]) -> dict[str, Any]: ...

    async def transact(self, app_id: str, steps: Sequence[Sequence[Any]], *, is_repeatable: bool) -> int: ...

    async def get_app(self, app_id: str, *, token: Secret | None = ...) -> RemoteApp: ...

    async def rotate_admin_token(self, app_id: str, new: Secret | None = ...) -> Secret: ...

    def remember_admin_token(self, app_id: str, token: Secret) -> None: ...


class JournalStore(Protocol):
    """What is needed of the local database; its methods block."""

    def write(
        self,
        begun: Sequence[KeptEntry] = ...,
        changed: Sequence[tuple[str, Mapping[str, Any]]] = ...,
        removed: Sequence[str] = ...,
    ) -> Mapping[str, KeptEntry]: ...

    def of(self, connection_id: str, kind: str | None = None) -> tuple[KeptEntry, ...]: ...


@dataclass(frozen=True, slots=True)
class TokenOutcome:
    """What became of one record. Where ``ok`` is False, the sentence says which token works now."""

    record_id: str
    app_id: str
    ok: bool
    sentence: str
    remedy: str = ""


@dataclass(frozen=True, slots=True)
class OpenRotation:
    """A replacement that was begun and is not finished; rotating the record again finishes it."""

    record_id: str
    app_id: str
    name: str
    started_at: float
    error: str


@dataclass(frozen=True, slots=True)
class _Place:
    connection: Connection
    foundation: str
    client: TokenClient
    names: FoundationMap


class AdminTokens:
    """Tokens are in the registry, the vault or memory; nothing here writes one to the journal, the log or the audit."""

    def __init__(
        self,
        connections: ConnectionBook,
        clients: ClientPool,
        maps: FoundationMaps,
        vault: TokenVault,
        journal: JournalStore,
        audit: AuditTrail,
        *,
        on_secret: Callable[[Secret], None] = lambda _secret: None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._connections = connections
        self._clients = clients
        self._maps = maps
        self._vault = vault
        self._journal = journal
        self._audit = audit
        self._on_secret = on_secret
        self._clock = clock
        self._locks: dict[str, asyncio.Lock] = {}
        self._working: set[asyncio.Task[Any]] = set()

    async def reveal(self, connection_id: str, record_id: str) -> Secret:
        """As the registry has it now; raises NotFound where it has none, and the client's errors."""
        place = await self._place(connection_id)
        app_id, _name = await self._record(place, record_id)
        async with self._audit.recorded(AppRef(connection_id, app_id), "reveal token", f"record {record_id}"):
            token = await read_token(place.client, place.foundation, place.names, record_id)
            if token is None:
                raise NotFound(
                    "The registry has no admin token for this database.",
                    remedy="Replace the token: the registry then has the new one.",
                )
        self._on_secret(token)
        return token

    async def rotate(
        self,
        connection_id: str,
        record_ids: Sequence[str],
        on_progress: Callable[[Progress], None] | None = None,
    ) -> tuple[TokenOutcome, ...]:
        """Replace the tokens of these records, a few at a time; the outcomes are in their order.

        What is begun is carried through even where the caller is cancelled. Raises ReadOnly, NotFound without a
        foundation, and Unsupported where the connection cannot replace tokens at all.
        """
        place = await self._place(connection_id, is_write=True)
        self._check(place)
        wanted = list(dict.fromkeys(record_ids))
        slots, done = asyncio.Semaphore(WORKERS_LOCAL), 0
        text = f"{place.connection.label}: replacing admin tokens"

        async def one(record_id: str) -> TokenOutcome:
            nonlocal done
            async with slots:
                outcome = await asyncio.shield(self._owned(self._outcome(place, record_id)))
            done += 1
            if on_progress is not None:
                on_progress(Progress(done, len(wanted), text))
            return outcome

        tasks = [asyncio.create_task(one(each)) for each in wanted]
        try:
            return tuple(await asyncio.gather(*tasks))
        finally:
            for task in tasks:
                task.cancel()

    async def open(self, connection_id: str) -> tuple[OpenRotation, ...]:
        """What was begun and is not finished, the oldest first."""
        kept = await asyncio.to_thread(self._journal.of, connection_id, KIND)
        return tuple(OpenRotation(each.owner_id, each.app_id, each.title, each.started_at, each.error) for each in kept)

    async def resume(self, connection_id: str) -> tuple[TokenOutcome, ...]:
        """Finish what was begun; what cannot be finished now stays in ``open`` with the reason."""
        waiting = await self.open(connection_id)
        if not waiting:
            return ()
        try:
            return await self.rotate(connection_id, [each.record_id for each in waiting])
        except KnownError as error:
            failed = [TokenOutcome(each.record_id, each.app_id, False, error.sentence) for each in waiting]
            return tuple(failed)

    async def aclose(self) -> None:
        """End what is still being carried through; the journal knows it."""
        for task in tuple(self._working):
            task.cancel()
        await asyncio.gather(*self._working, return_exceptions=True)

    # Inside

    async def _place(self, connection_id: str, *, is_write: bool = False) -> _Place:
        connection = self._connections.get(connection_id)
        foundation = foundation_of(connection)
        if is_write and connection.is_read_only:
            raise ReadOnly(f"{connection.label} is a read-only connection: its tokens stay as they are.")
        client = cast(TokenClient, await self._clients.get(connection_id))
        return _Place(connection, foundation, client, await self._maps.get(connection_id))

    def _check(self, place: _Place) -> None:
        from app.services.reconcile_mends import no_rotation

        reason = no_rotation(place.client, place.connection.label)
        if reason:
            raise Unsupported(reason, remedy="Edit the connection and enter a dashboard token.")

    def _owned(self, work: Any) -> asyncio.Task[TokenOutcome]:
        task: asyncio.Task[TokenOutcome] = asyncio.ensure_future(_together(work))
        self._working.add(task)
        task.add_done_callback(self._working.discard)
        return task

    async def _outcome(self, place: _Place, record_id: str) -> TokenOutcome:
        app_id = ""
        try:
            async with self._locks.setdefault(record_id, asyncio.Lock()):
                app_id, name = await self._record(place, record_id)
                ref = AppRef(place.connection.id, app_id)
                async with self._audit.recorded(ref, "rotate token", f"{name}, record {record_id}"):
                    await self._replaced(place, record_id, app_id, name)
        except KnownError as error:
            await self._note(place, record_id, error)
            return TokenOutcome(record_id, app_id, False, error.sentence, error.remedy)
        name = plain(name, _NAME_LIMIT) or app_id
        return TokenOutcome(record_id, app_id, True, f"{name} has a new admin token, and the registry has it.")

    async def _replaced(self, place: _Place, record_id: str, app_id: str, name: str) -> None:
        entry = self._entry(place, record_id, app_id, name)
        kept = (await asyncio.to_thread(self._journal.write, [entry]))[entry.id]
        token = await self._chosen(place, app_id, is_sent=kept.attempts > 0)
        if not (kept.attempts and await self._is_accepted(place, app_id, token)):
            await self._sent(place, kept, app_id, token)
        place.client.remember_admin_token(app_id, token)
        for each in await self._records_of(place, app_id, record_id):
            step = ["update", place.names.databases, each, {place.names.admin_token: token.reveal()}]
            await place.client.transact(place.foundation, [step], is_repeatable=True)
        with suppress(VaultLocked, VaultUnavailable):
            # What stays there is of no use, and never used again: the next replacement chooses its own.
            await self._vault.forget(_vault_id(place, app_id))
        await asyncio.to_thread(self._journal.write, (), (), [entry.id])

    async def _chosen(self, place: _Place, app_id: str, *, is_sent: bool) -> Secret:
        """The token that an earlier try may have sent, or a new one; in the vault before anybody hears of it."""
        kept = await self._vault.get(_vault_id(place, app_id), TokenKind.PLATFORM) if is_sent else None
        if kept is not None:
            return kept
        token = Secret(new_id())
        self._on_secret(token)
        await self._vault.set(_vault_id(place, app_id), TokenKind.PLATFORM, token)
        return token

    async def _sent(self, place: _Place, kept: KeptEntry, app_id: str, token: Secret) -> None:
        # From here on the answer may be lost: the next try asks first whether the platform has it already.
        await asyncio.to_thread(self._journal.write, (), [(kept.id, {"attempts": kept.attempts + 1})])
        try:
            await place.client.rotate_admin_token(app_id, token)
        except KnownError as error:
            if not getattr(error, "may_have_taken_effect", False) or not await self._is_accepted(place, app_id, token):
                raise

    async def _is_accepted(self, place: _Place, app_id: str, token: Secret) -> bool:
        try:
            await place.client.get_app(app_id, token=token)
        except KnownError:
            return False
        return True

    async def _record(self, place: _Place, record_id: str) -> tuple[str, str]:
        names = place.names
        options = {"where": {"id": record_id}, "fields": [names.database_app_id, names.name]}
        found = (await place.client.query(place.foundation, {names.databases: {"$": options}})).get(names.databases)
        app_id = str(found[0].get(names.database_app_id) or "").strip().lower() if found else ""
        if not is_uuid(app_id) or app_id == place.foundation:
            raise NotFound("The registry has no such database any more.", remedy="Refresh the list.")
        return app_id, str(found[0].get(names.name) or "") if found else ""

    async def _records_of(self, place: _Place, app_id: str, record_id: str) -> list[str]:
        """All records of this app: what one of them does not get is dead."""
        names = place.names
        options = {"where": {names.database_app_id: app_id}, "fields": ["id"]}
        found = (await place.client.query(place.foundation, {names.databases: {"$": options}})).get(names.databases)
        return list(dict.fromkeys([record_id, *(str(each["id"]) for each in found or ())]))

    def _entry(self, place: _Place, record_id: str, app_id: str, name: str) -> KeptEntry:
        from app.storage.foundation_stores import KeptEntry

        now = self._clock()
        return KeptEntry(
            id=_entry_id(place, record_id),
            connection_id=place.connection.id,
            foundation_app_id=place.foundation,
            kind=KIND,
            owner_id=record_id,
            app_id=app_id,
            title=name,
            started_at=now,
            changed_at=now,
        )

    async def _note(self, place: _Place, record_id: str, error: KnownError) -> None:
        values = {"error": error.sentence, "changed_at": self._clock()}
        await asyncio.to_thread(self._journal.write, (), [(_entry_id(place, record_id), values)])


def _entry_id(place: _Place, record_id: str) -> str:
    return stable_id(place.foundation, "token", place.connection.id, record_id)


def _vault_id(place: _Place, app_id: str) -> str:
    """Where the vault keeps a token that the registry does not have yet: beside those of the connection."""
    return f"{place.connection.id}/new-admin-token/{app_id}"


async def _together(work: Any) -> TokenOutcome:
    """What is carried through, whoever has gone, is one act."""
    with act():
        outcome: TokenOutcome = await work
        return outcome
