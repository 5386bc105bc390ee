"""What a client asks for stores that are not on its own server: one by its app ID, or all."""

from __future__ import annotations

from pathlib import PurePath
from typing import TYPE_CHECKING, Protocol

from app.core.errors import KnownError

if TYPE_CHECKING:
    from app.platforms.postgres.dsn import Dsn, Place


class KnowsStores(Protocol):
    """What is needed of ``Stores``."""

    async def place(self, connection_id: str, app_id: str) -> Place | None: ...

    async def elsewhere(self, connection_id: str) -> tuple[str, ...]: ...


class StorePlaces:
    def __init__(self, stores: KnowsStores, connection_id: str) -> None:
        self._stores = stores
        self._connection_id = connection_id

    async def __call__(self, app_id: str) -> Place | None:
        return await self._stores.place(self._connection_id, app_id)

    async def known(self) -> tuple[str, ...]:
        """None where the main database cannot be read: the server's own databases can be listed all the same."""
        try:
            return await self._stores.elsewhere(self._connection_id)
        except KnownError:
            return ()


def is_beside(dsn: Dsn, own: Dsn) -> bool:
    """Whether a store is a database of the connection's own server, or a file next to its own."""
    if dsn.is_sqlite or own.is_sqlite:
        return dsn.is_sqlite and own.is_sqlite and PurePath(dsn.database).parent == PurePath(own.database).parent
    return dsn.server == own.server
