"""Main databases, workspaces and their resource stores (document 002)."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, cast

from app.core.changes import Changes
from app.core.connection import Connection
from app.core.errors import (
    Conflict,
    FieldError,
    Invalid,
    KnownError,
    NotFound,
    ReadOnly,
)
from app.core.refs import AppRef
from app.core.secret import Secret
from app.core.text import plain
from app.platforms.postgres.dsn import Place
from app.services.directory import Progress
from app.services.main_connection import address_of, ensure_main, main_id, main_refusal, own_address
from app.services.main_database import said_names
from app.services.main_map import (
    MainMap,
    MainSettings,
    Mode,
    SecretPlace,
)
from app.services.main_reading import MainReading, read_main
from app.services.registry import Registry
from app.services.store_changes import Intent, Present, cleared, intended, parsed
from app.services.store_checks import check_stores
from app.services.store_keeping import StoreKeeper
from app.services.store_places import StorePlaces, is_beside
from app.services.store_registry import registry_of
from app.services.store_routing import Side, route
from app.services.store_undo import StoreUndo
from app.services.store_words import MainOverview, Route, StoreChange, StoreCheck, StoreRow, Workspace

if TYPE_CHECKING:
    from app.platforms.contract import SqlClient, StoreHealth
    from app.services.audit import AuditTrail
    from app.services.clients import ClientPool
    from app.services.connections import ConnectionBook
    from app.services.hub import ChangeHub
    from app.services.store_findings import StoreFinding

# More than these at once are asked only whether they are there, where they were counted within this time.
_MANY = 20
_COUNTED_FOR_S = 600.0


@dataclass
class _Shelf:
    """What is known of one main database in this session; ``connection`` is what it was read with."""

    connection: Connection
    reading: MainReading | None = None
    checks: dict[str, StoreCheck] | None = None


class Stores:
    """Everything Tenantry itself reads of a tenant's tables goes through ``for_table``.

    Raises NotFound for a connection without a main database, Unsupported where the platform, the mode or the names do
    not allow what was asked, and the client's errors.
    """

    def __init__(
        self,
        connections: ConnectionBook,
        clients: ClientPool,
        keeper: StoreKeeper,
        hub: ChangeHub,
        audit: AuditTrail,
        *,
        clock: Callable[[], float] = time.time,
        environ: Mapping[str, str] | None = None,
    ) -> None:
        """``environ``: None for that of this process."""
        self._connections = connections
        self._clients = clients
        self._keeper = keeper
        self._hub = hub
        self._audit = audit
        self._clock = clock
        self._environ = environ
        self._after_change: Callable[[str], Awaitable[object]] | None = None
        self._shelves: dict[str, _Shelf] = {}
        self._locks: dict[str, asyncio.Lock] = {}
        self.undo = StoreUndo(self)

    def on_change(self, told: Callable[[str], Awaitable[object]]) -> None:
        """``told`` is awaited with the connection's ID once owners may have changed; its known errors are its own."""
        self._after_change = told

    # Reading

    async def overview(self, connection_id: str, *, is_fresh: bool = True) -> MainOverview:
        """Read the main database now; with ``is_fresh=False`` what was last read in this session is good enough."""
        return (await self._reading(connection_id, is_fresh=is_fresh)).overview

    async def workspaces(self, connection_id: str) -> tuple[Workspace, ...]:
        """Read now."""
        return (await self.overview(connection_id)).workspaces

    def has_main_database(self, connection_id: str) -> bool:
        """Whether there is one to ask about; asks nobody."""
        connection = self._connections.find(connection_id)
        return connection is not None and main_refusal(connection) is None

    # What the operator says

    async def set_mode(self, connection_id: str, mode: Mode | None) -> None:
        """None: as the environment, ``.env`` or the tables say."""
        await self._change_settings(connection_id, "set mode", mode or "as found", lambda old: replace(old, mode=mode))

    async def set_env_folder(self, connection_id: str, folder: str) -> None:
        """The folder whose ``.env`` says APP_MODE; "" for none."""
        text = folder.strip()
        await self._change_settings(
            connection_id, "set .env folder", text or "none", lambda old: replace(old, env_folder=text)
        )

    async def set_map(self, connection_id: str, names: MainMap) -> None:
        """Raises Invalid with fields, also for names that the main database does not have.

        Only what differs from what is found by itself is kept: a table that appears later is then found too.
        """
        checked, reading = names.checked(), await self._reading(connection_id, is_fresh=True)
        said = said_names(reading.schema, reading.overview.map, checked)
        await self._change_settings(
            connection_id,
            "map main database",
            ", ".join(f"{name}={text or 'none'}" for name, text in said.items()) or "as found",
            lambda old: replace(old, names=said, application=checked.application, others=checked.others),
        )

    # Checking

    async def check(
        self,
        connection_id: str,
        app_ids: Iterable[str] | None = None,
        on_check: Callable[[StoreCheck], None] | None = None,
        concurrency: int = 20,
        on_progress: Callable[[Progress], None] | None = None,
    ) -> tuple[StoreCheck, ...]:
        """Ask each store (None: every readable one, each once) how it is; a failing one is in the answer.

        Of many at once, tables and sizes are counted again only where that was over ten minutes ago.
        """
        reading = await self._reading(connection_id, is_fresh=app_ids is None)
        connection, client = self._connections.get(connection_id), await self._client(connection_id)
        checks = self._checks(connection_id)
        wanted = list(dict.fromkeys(reading.stores if app_ids is None else app_ids))
        recent = self._clock() - _COUNTED_FOR_S if len(wanted) > _MANY else float("inf")

        def checked(check: StoreCheck) -> None:
            checks[check.app_id] = check
            if on_check is not None:
                on_check(check)

        async def ask(app_id: str) -> StoreHealth:
            last = checks.get(app_id)
            known = last.health if last is not None and last.health is not None else None
            is_recent = known is not None and known.counted_at > recent
            return await client.check(
                app_id, await self._way(connection, reading, app_id), known if is_recent else None
            )

        return await check_stores(
            ask,
            wanted,
            self._clock,
            plain(connection.label, 60),
            on_check=checked,
            on_progress=on_progress,
            concurrency=concurrency,
        )

    def last_checks(self, connection_id: str) -> dict[str, StoreCheck]:
        """The latest check of each store in this session, by app ID."""
        shelf = self._shelves.get(connection_id)
        return dict(shelf.checks or {}) if shelf is not None else {}

    # Changing a store

    async def describe_store_change(
        self, connection_id: str, workspace_id: str, dsn_text: str | None, password: Secret | None, place: SecretPlace
    ) -> StoreChange:
        """What ``set_store`` (``dsn_text`` None: ``clear_store``) would do; writes nothing."""
        present = await self._present(connection_id, workspace_id, is_fresh=False)
        return self._intent(present, dsn_text, password, place).change

    async def set_store(
        self, connection_id: str, workspace_id: str, dsn_text: str, password: Secret | None, place: SecretPlace
    ) -> StoreRow:
        """``place`` says where the password goes; a password of None leaves the one that is there, unless the address
        leads to another server or user. Raises Invalid with the field ``dsn_text``, and Conflict where the main
        database does not say in the end what was written."""
        self._ensure_writable(connection_id)
        present = await self._present(connection_id, workspace_id, is_fresh=True)
        intent = self._intent(present, dsn_text, password, place)
        after = intent.change.after
        assert after is not None
        detail = f"workspace {workspace_id}: {after.dsn_text}, password: {after.secret_place}"
        async with self._audit.recorded(_main_ref(present), "set store", plain(detail, 500)):
            await self._keeper.put(present, intent, await self._client(connection_id))
        self.undo.remember(present, intent)
        found = (await self._reading(connection_id, is_fresh=True)).by_id.get(workspace_id)
        await self._tell(connection_id)
        if found is None or found.store is None or found.store.app_id != after.app_id:
            raise Conflict(
                f"The main database does not say what was written for {present.name}: somebody else changed it.",
                remedy="Look at the workspace again.",
            )
        return found.store

    async def clear_store(self, connection_id: str, workspace_id: str) -> None:
        """The workspace has no store from now on; the store itself is not touched."""
        self._ensure_writable(connection_id)
        present = await self._present(connection_id, workspace_id, is_fresh=True)
        intent = self._intent(present, None, None, "none")
        detail = f"workspace {workspace_id}: {present.workspace.store.dsn_text if present.workspace.store else ''}"
        async with self._audit.recorded(_main_ref(present), "clear store", plain(detail, 500)):
            await self._keeper.clear(present, intent, await self._client(connection_id))
        self.undo.remember(present, intent)
        await self._reading(connection_id, is_fresh=True)
        await self._tell(connection_id)

    # Routing

    async def for_table(self, connection_id: str, workspace_id: str, table: str, asked: Side | None = None) -> Route:
        """Where this table of this workspace is; ``table`` as the document or the database calls it.

        ``asked`` is where somebody wants to look for it. Raises Unsupported (a system table asked of a store…) or
        NotFound (no store…), each with its reason. Of what was last read.
        """
        reading = await self._reading(connection_id, is_fresh=False)
        return route(reading.overview, _workspace(reading, workspace_id), table, asked)

    def places(self, connection_id: str) -> StorePlaces:
        """Where the apps are that are not databases of the connection's own server; for the client."""
        return StorePlaces(self, connection_id)

    async def place(self, connection_id: str, app_id: str) -> Place | None:
        """Where a store is, as its workspace's pointer says; None for what is none. Of what was last read."""
        connection = self._connections.find(connection_id)
        if connection is None or main_refusal(connection) is not None or app_id == main_id(connection):
            return None
        reading = await self._reading(connection_id, is_fresh=False)
        return await self._way(connection, reading, app_id)

    async def elsewhere(self, connection_id: str) -> tuple[str, ...]:
        """App IDs of the stores that are no databases of the connection's own server (SQLite: in another folder)."""
        if not self.has_main_database(connection_id):
            return ()
        own = own_address(self._connections.get(connection_id))
        reading = await self._reading(connection_id, is_fresh=False)
        return tuple(app_id for app_id, store in reading.stores.items() if not is_beside(store.dsn, own))

    async def registry(self, connection_id: str) -> Registry:
        """The pointers as claims (TENANT; the owner is the workspace), so that the directory shows owners.

        The server's own databases belong to nobody, on purpose.
        """
        reading = await self._reading(connection_id, is_fresh=True)
        return registry_of(reading.overview, own_address(self._connections.get(connection_id)))

    async def findings(
        self, connection_id: str, *, deep: bool = False, on_progress: Callable[[Progress], None] | None = None
    ) -> tuple[StoreFinding, ...]:
        """What is wrong between the main database and its stores; ``deep`` also scans rows and reads schemas."""
        from app.services.store_scan import StoreScan

        scan = StoreScan(self, self._clients)
        return await scan.findings(connection_id, deep=deep, on_progress=on_progress)

    async def forget(self, connection_id: str) -> None:
        """The connection is about to be removed: so are the passwords of its stores. Raises what the vault raises."""
        await self._keeper.forget(connection_id)
        self.undo.forget(connection_id)
        self._shelves.pop(connection_id, None)

    # Inside: reading

    async def _reading(self, connection_id: str, *, is_fresh: bool) -> MainReading:
        lock = self._locks.setdefault(connection_id, asyncio.Lock())
        async with lock:
            connection = self._connections.get(connection_id)
            shelf = self._shelf(connection)
            if shelf.reading is None or is_fresh:
                ensure_main(connection)
                client, settings = await self._client(connection_id), await self._keeper.settings(connection_id)
                shelf.reading = await read_main(
                    client,
                    connection_id,
                    main_id(connection),
                    own_address(connection),
                    settings,
                    self._clock(),
                    self._environ,
                )
            return shelf.reading

    async def _way(self, connection: Connection, reading: MainReading, app_id: str) -> Place | None:
        """How the product goes to a store. None for what is no store, and for one of the connection's own server whose
        password is not known: the connection's own way leads there."""
        known = reading.stores.get(app_id)
        if known is None:
            return None
        password = await self._keeper.password(connection, known)
        is_known = password is not None or not is_beside(known.dsn, own_address(connection))
        return Place(known.dsn, password) if is_known else None

    def _shelf(self, connection: Connection) -> _Shelf:
        """A new one where the connection leads elsewhere now."""
        shelf = self._shelves.get(connection.id)
        if shelf is None or address_of(shelf.connection) != address_of(connection):
            shelf = self._shelves[connection.id] = _Shelf(connection)
        return shelf

    def _checks(self, connection_id: str) -> dict[str, StoreCheck]:
        shelf = self._shelf(self._connections.get(connection_id))
        shelf.checks = {} if shelf.checks is None else shelf.checks
        return shelf.checks

    async def _client(self, connection_id: str) -> SqlClient:
        return cast("SqlClient", await self._clients.get(connection_id))

    # Inside: changing

    async def _present(self, connection_id: str, workspace_id: str, *, is_fresh: bool) -> Present:
        reading = await self._reading(connection_id, is_fresh=is_fresh)
        connection = self._connections.get(connection_id)
        workspace = _workspace(reading, workspace_id)
        known = None
        if workspace.store is not None and workspace.store.app_id:
            known = await self._keeper.present_password(connection, reading, workspace)
        return Present(connection, own_address(connection), reading, workspace, known, self._keeper.has_keyring)

    def _intent(self, present: Present, dsn_text: str | None, password: Secret | None, place: SecretPlace) -> Intent:
        if dsn_text is None:
            return cleared(present)
        dsn, secret = parsed(dsn_text, password)
        if dsn.is_sqlite != present.own.is_sqlite:
            kind = "a SQLite file" if present.own.is_sqlite else "a PostgreSQL database"
            message = f"The main database is {kind}, and so are its stores."
            raise Invalid(message, fields=(FieldError("dsn_text", message),))
        return intended(present, dsn, secret, place)

    async def _change_settings(
        self, connection_id: str, action: str, detail: str, change: Callable[[MainSettings], MainSettings]
    ) -> None:
        connection = self._connections.get(connection_id)
        ensure_main(connection)
        ref = AppRef(connection_id, main_id(connection))
        async with self._audit.recorded(ref, action, plain(detail, 500)):
            await self._keeper.keep(connection_id, change)
        shelf = self._shelves.get(connection_id)
        if shelf is not None:
            shelf.reading = None
        await self._tell(connection_id)

    async def _tell(self, connection_id: str) -> None:
        self._hub.publish(Changes(apps=frozenset((connection_id,))))
        if self._after_change is not None:
            with suppress(KnownError):
                await self._after_change(connection_id)

    def _ensure_writable(self, connection_id: str) -> None:
        connection = self._connections.get(connection_id)
        ensure_main(connection)
        if connection.is_read_only:
            raise ReadOnly(f"{plain(connection.label, 60)} is a read-only connection: its stores stay as they are.")


def _main_ref(present: Present) -> AppRef:
    return AppRef(present.connection.id, present.reading.overview.app_id)


def _workspace(reading: MainReading, workspace_id: str) -> Workspace:
    found = reading.by_id.get(workspace_id)
    if found is None:
        raise NotFound(f"There is no workspace {plain(workspace_id, 60)} in the main database.")
    return found
