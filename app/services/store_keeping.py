"""Where the address and the password of a store are kept: the row, the vault, or Tenantry's own settings."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING

from app.core.connection import Connection, TokenKind
from app.core.errors import KnownError, VaultLocked, VaultUnavailable
from app.core.secret import Secret
from app.services.main_map import MainSettings, MainSettingsBook, OwnStore

if TYPE_CHECKING:
    from app.platforms.contract import SqlClient
    from app.services.main_reading import KnownStore, MainReading
    from app.services.store_changes import Intent, Present
    from app.services.store_words import Workspace
    from app.services.tokens import TokenVault


class StoreKeeper:
    """Writes in an order in which nothing is lost where one step fails."""

    def __init__(
        self, settings: MainSettingsBook, vault: TokenVault, on_secret: Callable[[Secret], None] = lambda _secret: None
    ) -> None:
        self._settings = settings
        self._vault = vault
        self._on_secret = on_secret
        self._locks: dict[str, asyncio.Lock] = {}

    @property
    def has_keyring(self) -> bool:
        return self._vault.state.kind != "memory"

    async def settings(self, connection_id: str) -> MainSettings:
        return await self._settings.get(connection_id)

    async def keep(self, connection_id: str, change: Callable[[MainSettings], MainSettings]) -> None:
        """Raises NotFound where the connection was removed."""
        async with self._locks.setdefault(connection_id, asyncio.Lock()):
            await self._settings.put(connection_id, change(await self._settings.get(connection_id)))

    # Passwords

    async def password(self, connection: Connection, store: KnownStore) -> Secret | None:
        """Of the row, else of the vault; None where neither has one. Raises what the vault raises."""
        if store.password is not None:
            self._on_secret(store.password)
            return store.password
        for workspace in store.vaults:
            found = await self._vault.get(vault_id(connection.id, workspace), TokenKind.PLATFORM)
            if found is not None:
                return found
        return None

    async def present_password(
        self, connection: Connection, reading: MainReading, workspace: Workspace
    ) -> Secret | None:
        """What was kept for this workspace; None also where the vault cannot be read now."""
        pointer = reading.pointers.get(workspace.id)
        if pointer is not None and pointer.password is not None:
            return pointer.password
        if workspace.store is not None and workspace.store.secret_place == "vault":
            with suppress(VaultLocked, VaultUnavailable):
                return await self._vault.get(vault_id(connection.id, workspace.id), TokenKind.PLATFORM)
        return None

    async def forget(self, connection_id: str) -> None:
        """The passwords of all stores of a connection. Raises what the vault raises, with the rest in their places."""
        for workspace in sorted((await self._settings.get(connection_id)).vaulted):
            await self._vault.forget(vault_id(connection_id, workspace))
        self._settings.forget(connection_id)

    # Stores

    async def put(self, present: Present, intent: Intent, client: SqlClient) -> None:
        """The password first, so that a row never leads where nobody can go; taken back where the row is refused."""
        connection_id, workspace_id = present.connection.id, present.workspace.id
        name, before = vault_id(connection_id, workspace_id), None
        if intent.password is not None and intent.place == "vault":
            settings = await self._settings.get(connection_id)
            before = await self._vault.get(name, TokenKind.PLATFORM) if workspace_id in settings.vaulted else None
            await self._vault.set(name, TokenKind.PLATFORM, intent.password)
        try:
            await _write(present, intent, client)
        except KnownError as error:
            if intent.place == "vault" and not getattr(error, "may_have_taken_effect", False):
                await self._put_back(name, before)
            raise
        await self.keep(connection_id, lambda old: _with_store(old, workspace_id, intent))
        if intent.place != "vault":
            await self._forget_password(present)

    async def clear(self, present: Present, intent: Intent, client: SqlClient) -> None:
        await _write(present, intent, client)
        await self.keep(present.connection.id, lambda old: _without(old, present.workspace.id))
        await self._forget_password(present)

    async def _put_back(self, name: str, before: Secret | None) -> None:
        if before is not None:
            await self._vault.set(name, TokenKind.PLATFORM, before)
            return
        with suppress(VaultLocked, VaultUnavailable):
            await self._vault.forget(name)

    async def _forget_password(self, present: Present) -> None:
        if present.workspace.store is not None and present.workspace.store.secret_place == "vault":
            # What stays there is of no use: nothing refers to it any more.
            with suppress(VaultLocked, VaultUnavailable):
                await self._vault.forget(vault_id(present.connection.id, present.workspace.id))


def vault_id(connection_id: str, workspace_id: str) -> str:
    """Under which the vault keeps the password of a workspace's store."""
    return f"{connection_id}/store/{workspace_id}"


async def _write(present: Present, intent: Intent, client: SqlClient) -> None:
    if intent.row is not None:
        await client.write(present.reading.overview.app_id, [intent.row.statement])


def _with_store(old: MainSettings, workspace_id: str, intent: Intent) -> MainSettings:
    changed = _without(old, workspace_id)
    stores = dict(changed.stores)
    if intent.is_own and intent.dsn is not None:
        stores[workspace_id] = OwnStore(intent.dsn.to_text(), intent.place)
    vaulted = changed.vaulted | ({workspace_id} if intent.place == "vault" else set())
    return replace(changed, stores=stores, vaulted=frozenset(vaulted))


def _without(old: MainSettings, workspace_id: str) -> MainSettings:
    stores = {name: store for name, store in old.stores.items() if name != workspace_id}
    return replace(old, stores=stores, vaulted=old.vaulted - {workspace_id})
