"""A workspace's application tables moved from the main database to a store of its own (local to hosted).

Every step is in the journal before the next begins: a move that was killed or cut off goes on where it stopped, and no
row comes twice. The pointer is switched only after counts and checksums of all tables agree; old rows stay until
somebody asks for their removal.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING

from app.core.changes import Changes
from app.core.connection import TokenKind
from app.core.errors import (
    Conflict,
    FieldError,
    Invalid,
    KnownError,
    NotFound,
    ReadOnly,
    Unauthorised,
    VaultLocked,
    VaultUnavailable,
)
from app.core.refs import AppRef
from app.core.secret import Secret
from app.core.text import plain
from app.platforms.postgres.dsn import Dsn, store_id
from app.services.provision_journal import JournalStore, ProvisionJournal
from app.services.store_move_plan import Way
from app.services.store_move_prepare import (
    Prepared,
    ensure_acceptable,
    gathered,
    is_missing,
    move_tables,
    opened,
    prepared,
    refusals,
    sentences,
    target_refusals,
    warnings,
)
from app.services.store_move_run import KIND, KeptMove, MoveRun, StorePointers
from app.services.store_move_words import (
    STEPS,
    MoveOutcome,
    MovePlan,
    MoveProgress,
    MoveTable,
    OnProgress,
    OpenMove,
    RemovalOutcome,
    RemovalPlan,
    RemovalTable,
    TableProof,
    ignore,
)
from app.services.store_removal import Removal

if TYPE_CHECKING:
    from app.core.connection import Connection
    from app.services.audit import AuditTrail
    from app.services.clients import ClientPool
    from app.services.connections import ConnectionBook
    from app.services.hub import ChangeHub
    from app.services.main_map import SecretPlace
    from app.services.tokens import TokenVault
    from app.storage.foundation_stores import KeptEntry

__all__ = [
    "STEPS",
    "MoveOutcome",
    "MovePlan",
    "MoveProgress",
    "MoveTable",
    "OpenMove",
    "RemovalOutcome",
    "RemovalPlan",
    "RemovalTable",
    "StoreMoving",
    "TableProof",
    "Way",
]


_SUFFIXES = (".db", ".sqlite", ".sqlite3")


class StoreMoving:
    """All methods raise the client's errors, NotFound for what is not there, ReadOnly, and Unsupported."""

    def __init__(
        self,
        connections: ConnectionBook,
        clients: ClientPool,
        stores: StorePointers,
        vault: TokenVault,
        store: JournalStore,
        hub: ChangeHub,
        audit: AuditTrail,
        *,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._connections = connections
        self._clients = clients
        self._stores = stores
        self._vault = vault
        self._hub = hub
        self._audit = audit
        self._clock = clock
        self._journal = ProvisionJournal(store)
        self._running: set[str] = set()

    async def plan(
        self,
        connection_id: str,
        workspace_id: str,
        target_dsn: str,
        password: Secret | None = None,
        *,
        place: SecretPlace = "vault",
        choices: Mapping[str, Way] | None = None,
    ) -> MovePlan:
        """What a move would do; writes nothing. ``choices``: how the operator wants a table's rows told, by entity.

        Raises Invalid with the field ``base_url`` where the address cannot be a store, Conflict where a move of this
        workspace is open.
        """
        connection = self._connections.get(connection_id)
        if await self._journal.get(_key(connection_id, workspace_id)) is not None:
            raise Conflict(
                "A move of this workspace is open.", remedy="Continue it, or give it up; then plan another one."
            )
        target, pasted = Dsn.parse(target_dsn)
        secret = password or pasted
        world = await prepared(self._stores, self._clients, connection, workspace_id, choices)
        app_id = store_id(target, world.main.dsn)
        ensure_acceptable(world, target, app_id)
        await self._ensure_free(connection_id, app_id)
        tables = await move_tables(world)
        rows = sum(each.rows for each in tables)
        creates = await is_missing(world.main, target)
        if creates and target.is_sqlite and not target.database.endswith(_SUFFIXES):
            message = f"The name of a new file ends with {', '.join(_SUFFIXES)}."
            raise Invalid(message, fields=(FieldError("base_url", message),))
        refused = [*await gathered(refusals(world))]
        if connection.is_read_only:
            refused.append(f"{plain(connection.label, 60)} is a read-only connection.")
        if not creates:
            opening = await self._own(connection, world.main.dsn, target, secret)
            refused += await self._target_refusals(connection, world, target, opening)
        return MovePlan(
            connection_id,
            workspace_id,
            world.workspace.name,
            world.overview.app_id,
            app_id,
            target,
            tables,
            world.layout.schema,
            creates,
            tuple(refused),
            await gathered(warnings(world)),
            sentences(world, target, creates, rows),
            secret,
            place,
        )

    async def run(self, plan: MovePlan, on_progress: OnProgress = ignore) -> MoveOutcome:
        """Raises Invalid where the plan has refusals, Conflict where both sides do not agree in the end (the pointer is
        not switched then, and the move stays open)."""
        if plan.refusals:
            raise Invalid(plan.refusals[0], remedy="Plan the move again.")
        connection = self._writable(plan.connection_id)
        async with self._alone(_key(plan.connection_id, plan.workspace_id)):
            entry = await self._journal.begin(_entry_of(plan, self._clock()))
            if entry.app_id != plan.app_id or entry.step == STEPS[-1]:
                raise Conflict("A move of this workspace is open.", remedy="Continue it, or give it up.")
            if plan.password is not None and plan.place == "vault":
                # Should the move be cut off, it can go on without asking.
                await self._vault.set(entry.id, TokenKind.PLATFORM, plan.password)
            return await self._carried_on(connection, entry, plan.password, on_progress)

    async def resume(
        self, connection_id: str, workspace_id: str, on_progress: OnProgress = ignore, password: Secret | None = None
    ) -> MoveOutcome:
        """Go on with an open move. Raises Invalid with the field ``password`` where the store asks for one and it is
        not given: passwords are in no journal."""
        connection = self._writable(connection_id)
        async with self._alone(_key(connection_id, workspace_id)):
            entry = await self._entry(connection_id, workspace_id)
            if entry.step == STEPS[-1]:
                raise Conflict("This move is finished.", remedy="Its old rows can be removed.")
            secret = password or await self._vault.get(entry.id, TokenKind.PLATFORM)
            return await self._carried_on(connection, entry, secret, on_progress)

    async def open_moves(self, connection_id: str) -> tuple[OpenMove, ...]:
        """The oldest first."""
        entries = await self._journal.of(connection_id)
        return tuple(_open_move(each) for each in entries if each.kind == KIND)

    async def forget(self, connection_id: str, workspace_id: str) -> None:
        """Give up an open move; what was copied stays in the store. After the switch: keep the old rows for good."""
        async with self._alone(_key(connection_id, workspace_id)):
            await self._closed(await self._entry(connection_id, workspace_id))

    async def plan_removal(self, connection_id: str, workspace_id: str, password: Secret | None = None) -> RemovalPlan:
        """What ``remove_old_rows`` would remove; writes nothing."""
        async with self._removal(connection_id, workspace_id, password) as removal:
            return await removal.plan()

    async def remove_old_rows(
        self, connection_id: str, workspace_id: str, on_progress: OnProgress = ignore, password: Secret | None = None
    ) -> RemovalOutcome:
        """Remove the workspace's rows from the main database, children first, and only those that are in the store.

        Raises Conflict where the workspace does not use that store any more.
        """
        self._writable(connection_id)
        alone = self._alone(_key(connection_id, workspace_id))
        async with alone, self._removal(connection_id, workspace_id, password) as removal:
            ref = AppRef(connection_id, removal.entry.foundation_app_id)
            async with self._audit.recorded(ref, "remove moved rows", f"workspace {plain(workspace_id, 100)}"):
                outcome = await removal.run(on_progress)
            if not outcome.kept:
                await self._closed(removal.entry)
        return outcome

    async def connection_removed(self, connection_id: str) -> None:
        """The connection is about to be removed: so are the passwords of its open moves. Raises what the vault does."""
        for entry in await self._journal.of(connection_id):
            if entry.kind == KIND:
                await self._vault.forget(entry.id)

    async def aclose(self) -> None:
        """All of the journal is on disk afterwards."""
        await self._journal.aclose()

    # Inside

    def _writable(self, connection_id: str) -> Connection:
        connection = self._connections.get(connection_id)
        if connection.is_read_only:
            raise ReadOnly(f"{plain(connection.label, 60)} is a read-only connection: nothing was moved.")
        return connection

    async def _entry(self, connection_id: str, workspace_id: str) -> KeptEntry:
        entry = await self._journal.get(_key(connection_id, workspace_id))
        if entry is None:
            raise NotFound("No move of this workspace is open.", remedy="Plan one.")
        return entry

    async def _ensure_free(self, connection_id: str, app_id: str) -> None:
        """Raises Invalid where another workspace is on its way there."""
        taken = [each for each in await self.open_moves(connection_id) if each.app_id == app_id]
        if taken:
            message = (
                f"{plain(taken[0].workspace, 60)} is being moved to this store: each workspace has one of its own."
            )
            raise Invalid(message, fields=(FieldError("base_url", message),))

    async def _closed(self, entry: KeptEntry) -> None:
        self._journal.close(entry)
        await self._journal.settle()
        await self._forget_password(entry)

    async def _forget_password(self, entry: KeptEntry) -> None:
        # What stays there is of no use: nothing refers to it any more.
        with suppress(VaultLocked, VaultUnavailable):
            await self._vault.forget(entry.id)

    async def _own(self, connection: Connection, main: Dsn, target: Dsn, secret: Secret | None) -> Secret | None:
        """The connection's own password where the store is on its server, for its user, and none was given."""
        if secret is None and (main.server, main.user) == (target.server, target.user):
            return await self._vault.get(connection.id, TokenKind.PLATFORM)
        return secret

    async def _target_refusals(
        self, connection: Connection, world: Prepared, target: Dsn, secret: Secret | None
    ) -> tuple[str, ...]:
        try:
            async with opened(self._clients, connection, target, secret) as (client, bulk):
                return await target_refusals(world, client, bulk)
        except KnownError as error:
            return (f"The store cannot be read. {error.sentence} {error.remedy}".strip(),)

    async def _carried_on(
        self, connection: Connection, entry: KeptEntry, secret: Secret | None, on_progress: OnProgress
    ) -> MoveOutcome:
        try:
            ref = AppRef(connection.id, entry.foundation_app_id)
            detail = f"workspace {plain(entry.owner_id, 100)} to {plain(entry.app_id, 200)}"
            async with self._audit.recorded(ref, "move workspace", detail):
                outcome = await self._run(connection, entry, secret, on_progress)
        finally:
            await asyncio.shield(self._journal.settle())
        await self._forget_password(entry)
        self._hub.publish(Changes(apps=frozenset({connection.id}), status=frozenset({connection.id})))
        return outcome

    @asynccontextmanager
    async def _alone(self, key: str) -> AsyncIterator[None]:
        """Nothing else is done to this move meanwhile."""
        if key in self._running:
            raise Conflict("This move is running.", remedy="Wait for its end, or stop it.")
        self._running.add(key)
        try:
            yield
        finally:
            self._running.discard(key)

    async def _run(
        self, connection: Connection, entry: KeptEntry, secret: Secret | None, on_progress: OnProgress
    ) -> MoveOutcome:
        kept = KeptMove.from_text(entry.detail)
        world = await prepared(self._stores, self._clients, connection, entry.owner_id, kept.ways, is_again=True)
        target = Dsn.parse(kept.target)[0]
        opening = await self._own(connection, world.main.dsn, target, secret)
        async with opened(self._clients, connection, target, opening) as (client, bulk):
            run = MoveRun(
                world,
                self._journal,
                self._stores,
                entry,
                kept,
                client,
                bulk,
                secret,
                self._clock,
                on_progress,
                self._audit,
            )
            try:
                return await run.carried_on()
            except KnownError as error:
                await run.failed(error)
                if isinstance(error, Unauthorised) and secret is None:
                    raise _password_needed(error) from None
                raise

    @asynccontextmanager
    async def _removal(self, connection_id: str, workspace_id: str, password: Secret | None) -> AsyncIterator[Removal]:
        connection, entry = self._connections.get(connection_id), await self._entry(connection_id, workspace_id)
        if entry.step != STEPS[-1]:
            raise Conflict("This move is not finished: its old rows are the only ones.", remedy="Continue it first.")
        kept = KeptMove.from_text(entry.detail)
        world = await prepared(self._stores, self._clients, connection, workspace_id, kept.ways, is_again=True)
        target = Dsn.parse(kept.target)[0]
        if password is None:
            place = await self._stores.places(connection_id)(entry.app_id)
            password = place.password if place is not None else None
        secret = await self._own(connection, world.main.dsn, target, password)
        async with opened(self._clients, connection, target, secret) as (_client, bulk):
            yield Removal(world, entry, kept, bulk)


def _key(connection_id: str, workspace_id: str) -> str:
    return f"{KIND}:{connection_id}:{workspace_id}"


def _entry_of(plan: MovePlan, now: float) -> KeptEntry:
    from app.storage.foundation_stores import KeptEntry

    ways: dict[str, Way] = {each.entity: each.way for each in plan.tables if each.way}
    kept = KeptMove(plan.target.to_text(), plan.place, ways, plan.creates_database, plan.rows)
    return KeptEntry(
        id=_key(plan.connection_id, plan.workspace_id),
        connection_id=plan.connection_id,
        foundation_app_id=plan.main_app_id,
        kind=KIND,
        owner_id=plan.workspace_id,
        app_id=plan.app_id,
        title=plan.workspace,
        step=STEPS[0],
        started_at=now,
        changed_at=now,
        detail=kept.to_text(),
    )


def _password_needed(error: KnownError) -> Invalid:
    message = f"The store asks for a password. {error.sentence}"
    return Invalid(message, fields=(FieldError("password", message),), remedy="Enter the store's password.")


def _open_move(entry: KeptEntry) -> OpenMove:
    kept = KeptMove.from_text(entry.detail)
    return OpenMove(
        entry.connection_id,
        entry.owner_id,
        entry.title,
        entry.app_id,
        entry.step,
        kept.done,
        kept.total,
        entry.started_at,
        entry.error,
    )
