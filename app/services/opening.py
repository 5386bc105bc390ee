"""What happens by itself: the local platform is opened, connections that are new or changed are read."""

from __future__ import annotations

import asyncio
import functools
import json
import logging
from collections.abc import Awaitable, Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from app.core.changes import Changes
from app.core.connection import Connection, TokenKind
from app.core.errors import KnownError, TenantryError
from app.core.secret import Secret
from app.services.connections import BUILTIN_ID
from app.services.sample_data import FOUNDATION_APP_ID, InstantOrganisations, SeedClient, load, seed

if TYPE_CHECKING:
    from app.services.clients import ClientPool
    from app.services.connections import ConnectionBook
    from app.services.directory import Directory
    from app.services.hub import ChangeHub
    from app.services.local_platform import LocalPlatformInfo
    from app.services.status import StatusMonitor
    from app.services.templates import TemplateShelf
    from app.services.tokens import TokenKeeper

_logger = logging.getLogger(__name__)
# Not a real address: shown until the local platform has said where it listens for the first time.
_UNKNOWN_ADDRESS = "http://127.0.0.1:0"


class LocalOpening:
    """Tells the built-in connection where the local platform is, and fills a new one with sample data."""

    def __init__(
        self,
        connections: ConnectionBook,
        clients: Callable[[], ClientPool],
        tokens: TokenKeeper,
        templates: TemplateShelf,
        samples: Path,
        marker: Path,
        on_secret: Callable[[Secret], None],
    ) -> None:
        """``samples`` is the folder of the sample data; ``marker`` is written once all of it is there, so that what
        the operator deletes later stays deleted."""
        self._connections = connections
        self._clients = clients
        self._tokens = tokens
        self._templates = templates
        self._samples = samples
        self._marker = marker
        self._on_secret = on_secret

    async def prepare(self) -> None:
        """The built-in connection is there before the platform is: its card says how the start goes."""
        if self._connections.find(BUILTIN_ID) is None:
            await self._connections.put_builtin(_UNKNOWN_ADDRESS, FOUNDATION_APP_ID)

    async def ready(self, info: LocalPlatformInfo) -> None:
        """The local platform runs, at an address and with tokens that may be new."""
        for kind, token in ((TokenKind.PLATFORM, info.platform_token), (TokenKind.DASH, info.dash_token)):
            self._on_secret(token)
            self._tokens.keep_for_session(BUILTIN_ID, kind, token)
        connection = await self._connections.put_builtin(info.api_uri, FOUNDATION_APP_ID)
        self._clients().forget(BUILTIN_ID)
        if not await asyncio.to_thread(self._marker.exists):
            await self._fill(connection, info)

    async def _fill(self, connection: Connection, info: LocalPlatformInfo) -> None:
        client = cast(Any, await self._clients().temporary(connection, info.platform_token, info.dash_token))
        try:
            data = await load(self._samples)
            await seed(cast(SeedClient, client), data, self._templates, InstantOrganisations(client))
        except TenantryError:
            # The platform works without; the next start goes on where this one stopped.
            _logger.exception("The sample data is not complete")
            return
        finally:
            await client.aclose()
        await asyncio.to_thread(self._marker.write_text, json.dumps({"version": data["version"]}), "ascii")


class Opening:
    """Reads all connections at the start, and later those that were added or changed."""

    def __init__(
        self, connections: ConnectionBook, tokens: TokenKeeper, directory: Directory, status: StatusMonitor
    ) -> None:
        self._connections = connections
        self._tokens = tokens
        self._directory = directory
        self._status = status
        self._seen: dict[str, Connection] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._unsubscribe: Callable[[], None] | None = None

    def start(self, hub: ChangeHub) -> None:
        """Begin; returns at once."""
        self._note()
        self._unsubscribe = hub.subscribe(self._heard)
        self._status.start()
        self._spawn(self._probe_vault)
        self._spawn(functools.partial(self._read, self._seen))

    async def stop(self) -> None:
        if self._unsubscribe is not None:
            self._unsubscribe()
        for task in tuple(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._status.stop()

    def _heard(self, changes: Changes) -> None:
        if not changes.connections:
            return
        before = dict(self._seen)
        self._note()
        changed = [each for each, now in self._seen.items() if before.get(each) != now]
        for gone in before.keys() - self._seen.keys():
            self._directory.forget(gone)
        if changed:
            self._spawn(functools.partial(self._read, changed))

    def _note(self) -> None:
        self._seen = {each.id: each.as_kept() for each in self._connections.all()}

    async def _probe_vault(self) -> None:
        await self._tokens.probe()

    async def _read(self, connection_ids: Iterable[str]) -> None:
        ids = list(connection_ids)
        await asyncio.gather(self._directory.refresh(ids), *(self._status.check(each) for each in ids))

    def _spawn(self, work: Callable[[], Awaitable[None]]) -> None:
        task = asyncio.ensure_future(_logged(work))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


async def _logged(work: Callable[[], Awaitable[None]]) -> None:
    try:
        await work()
    except KnownError as error:
        # Shown by the status of the connection.
        _logger.info("A connection could not be read: %s", error.sentence)
    except Exception:
        _logger.exception("Work in the background failed")
