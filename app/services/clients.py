"""One open client per connection, made when it is first needed."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, Protocol

from app.core.activity import ActivityEntry
from app.core.connection import Connection, TokenKind
from app.core.errors import NotFound
from app.core.gate import Gate
from app.core.secret import Secret
from app.platforms.contract import PlatformClient
from app.platforms.traits import traits_of

if TYPE_CHECKING:
    from app.platforms.postgres.dsn import Places
    from app.services.tokens import TokenKeeper


class QueryClient(PlatformClient, Protocol):
    """A client that can also read rows."""

    async def query(self, app_id: str, query: dict[str, Any]) -> dict[str, Any]: ...


# A SQL connection's maker gets its places as a fifth argument.
ClientMaker = Callable[..., PlatformClient]


def make_platform_client(
    connection: Connection,
    platform: Secret | None,
    dash: Secret | None,
    on_call: Callable[[ActivityEntry], None],
    places: Places | None = None,
    *,
    gates: Callable[[Connection], Gate] | None = None,
) -> PlatformClient:
    """The real maker; imports what is heavy. ``gates`` say at any time whether writes may begin on a connection."""
    from app.platforms.registry import Tokens, make_client

    gate = gates(connection) if gates is not None else None
    return make_client(connection, Tokens(platform=platform, dash=dash), on_call, places=places, gate=gate)


class ClientPool:
    """Clients by connection ID; closes them all at the end.

    ``find`` gives the connection as it is now, or None. ``before`` is awaited before the client of a built-in
    connection is made: it starts the local platform, and raises where that cannot be. ``places`` gives, by connection
    ID, who knows where the stores of a SQL connection are.
    """

    def __init__(
        self,
        find: Callable[[str], Connection | None],
        tokens: TokenKeeper,
        on_call: Callable[[ActivityEntry], None],
        *,
        make: ClientMaker = make_platform_client,
        before: Callable[[], Awaitable[object]] | None = None,
        places: Callable[[str], Places] | None = None,
    ) -> None:
        self._find = find
        self._tokens = tokens
        self._on_call = on_call
        self._make = make
        self._before = before
        self._places = places
        self._clients: dict[str, PlatformClient] = {}
        self._locks: dict[str, asyncio.Lock] = {}
        self._retired: set[asyncio.Task[None]] = set()

    async def get(self, connection_id: str) -> PlatformClient:
        """Raises NotFound for a connection that was removed, and whatever kept the local platform from starting."""
        lock = self._locks.setdefault(connection_id, asyncio.Lock())
        async with lock:
            connection = self._find(connection_id)
            if connection is None:
                raise NotFound("This connection was removed.")
            if connection.is_builtin and self._before is not None:
                await self._before()
            # The start of the local platform may have given it another port.
            return self._clients.get(connection_id) or await self._opened(self._find(connection_id) or connection)

    async def temporary(self, connection: Connection, platform: Secret | None, dash: Secret | None) -> PlatformClient:
        """A client of its own that the caller closes; its calls are recorded like all others."""
        return self._made(connection, platform, dash)

    def forget(self, connection_id: str) -> None:
        """The connection or its tokens changed: the next ``get`` makes a new client."""
        client = self._clients.pop(connection_id, None)
        if client is not None:
            task = asyncio.ensure_future(client.aclose())
            self._retired.add(task)
            task.add_done_callback(self._retired.discard)

    async def aclose(self) -> None:
        for connection_id in tuple(self._clients):
            self.forget(connection_id)
        await asyncio.gather(*self._retired, return_exceptions=True)

    async def _opened(self, connection: Connection) -> PlatformClient:
        platform = await self._tokens.get(connection.id, TokenKind.PLATFORM)
        dash = await self._tokens.get(connection.id, TokenKind.DASH)
        client = self._clients[connection.id] = self._made(connection, platform, dash)
        return client

    def _made(self, connection: Connection, platform: Secret | None, dash: Secret | None) -> PlatformClient:
        if self._places is None or not traits_of(connection).has_sql:
            return self._make(connection, platform, dash, self._on_call)
        return self._make(connection, platform, dash, self._on_call, self._places(connection.id))
