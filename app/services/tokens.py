"""Tokens of connections: from the vault, or kept in memory for this session."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from app.core.changes import Changes
from app.core.connection import TokenKind
from app.core.secret import Secret

if TYPE_CHECKING:
    from app.services.hub import ChangeHub
    from app.storage.vault import VaultState


class TokenVault(Protocol):
    """What is needed of ``app.storage.vault.Vault``."""

    @property
    def state(self) -> VaultState: ...

    async def probe(self) -> VaultState: ...

    async def get(self, connection_id: str, kind: TokenKind) -> Secret | None: ...

    async def set(self, connection_id: str, kind: TokenKind, secret: Secret) -> bool: ...

    async def forget(self, connection_id: str) -> None: ...


class TokenKeeper:
    """Says ``Changes(tokens=True)`` whenever a stored token changed."""

    def __init__(self, vault: TokenVault, hub: ChangeHub) -> None:
        self._vault = vault
        self._hub = hub
        self._of_session: dict[tuple[str, TokenKind], Secret] = {}

    def state(self) -> VaultState:
        """Where tokens are kept, in a sentence."""
        return self._vault.state

    async def probe(self) -> VaultState:
        """Find out whether there is a usable keyring; may take as long as the vault's time limit."""
        state = await self._vault.probe()
        self._hub.publish(Changes(tokens=True))
        return state

    async def get(self, connection_id: str, kind: TokenKind = TokenKind.PLATFORM) -> Secret | None:
        of_session = self._of_session.get((connection_id, kind))
        return of_session or await self._vault.get(connection_id, kind)

    async def set(self, connection_id: str, kind: TokenKind, secret: Secret) -> bool:
        """True: it is in the keyring. False: in memory for this session only."""
        is_in_keyring = await self._vault.set(connection_id, kind, secret)
        self._hub.publish(Changes(tokens=True))
        return is_in_keyring

    def keep_for_session(self, connection_id: str, kind: TokenKind, secret: Secret) -> None:
        """For tokens that are made anew at each start: they never go to the keyring."""
        self._of_session[connection_id, kind] = secret

    async def forget(self, connection_id: str) -> None:
        for kind in TokenKind:
            self._of_session.pop((connection_id, kind), None)
        await self._vault.forget(connection_id)
        self._hub.publish(Changes(tokens=True))
