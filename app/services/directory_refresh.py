"""One pass over a connection: its apps listed, its registry read, and the schema of each."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from app.core.apps import AppState
from app.core.connection import Connection, Environment
from app.core.errors import (
    Forbidden,
    Invalid,
    KnownError,
    NotFound,
    PlatformFault,
    RateLimited,
    Timeout,
    Unauthorised,
    Unreachable,
    Unsupported,
)
from app.core.refs import AppRef, is_uuid
from app.core.text import plain
from app.platforms.contract import RemoteApp
from app.platforms.postgres.dsn import Dsn, may_be_elsewhere
from app.platforms.traits import traits_of
from app.services.directory_rows import Rows, Shelf
from app.services.side_by_side import for_each, side_by_side

if TYPE_CHECKING:
    from app.platforms.contract import PlatformClient
    from app.schema.model import Schema
    from app.services.registry import Registry

WORKERS_LOCAL = 20
WORKERS_REMOTE = 8
# After so many failures in a row that are the platform's, the rest of its apps is left as last known.
_FAILURES_TO_STOP = 5
# Claimed apps that the list lacks are asked for one by one, up to this number.
_MOST_LOOKED_FOR = 200
_MOST_STORES_LOOKED_FOR = 5_000

Answer = tuple["Registry | None", KnownError | None]


class Sweeper:
    """``read_registry`` answers with what was read, or why it was not; ``say`` hears of progress (connection, done,
    total, text), ``changed`` of a connection whose rows are others now, ``saw`` of every schema."""

    def __init__(
        self,
        rows: Rows,
        read_registry: Callable[[Connection, PlatformClient], Awaitable[Answer]],
        say: Callable[[str, int, int, str], None],
        changed: Callable[[str], None],
        saw: Callable[[AppRef, Schema], None],
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._rows = rows
        self._read_registry = read_registry
        self._say = say
        self._changed = changed
        self._saw = saw
        self._clock = clock

    async def sweep(self, connection: Connection, client: PlatformClient, shelf: Shelf) -> KnownError | None:
        """List, then read the registry and the schemas side by side; the error that made the schemas end early."""
        self._say(connection.id, 0, 0, f"{connection.label}: listing apps")
        registry = asyncio.ensure_future(self._read_registry(connection, client))
        try:
            listed = await client.list_apps()
            sweep = Sweep([each.app_id for each in listed])
            schemas = asyncio.create_task(self._read_schemas(connection, client, shelf, sweep))
            try:
                await self._show(connection, client, shelf, listed, await registry)
                for app_id, outcome in sweep.shown():
                    self._take_outcome(connection, shelf, app_id, outcome)
                error = await schemas
                await self._read_stores(connection, client, shelf, {each.app_id for each in listed})
                return error
            finally:
                await _ended(schemas)
        finally:
            await _ended(registry)

    async def _show(
        self,
        connection: Connection,
        client: PlatformClient,
        shelf: Shelf,
        listed: tuple[RemoteApp, ...],
        answer: Answer,
    ) -> None:
        """Put the rows on the shelf, in place of the old ones."""
        found = {each.app_id: each for each in listed}
        registry, shelf.registry_error = answer
        if shelf.registry_error is None:
            shelf.registry = registry
        if connection.foundation_app_id is not None and connection.foundation_app_id not in found:
            shelf.registry, shelf.registry_error = None, _no_foundation(connection)
        shelf.unread.clear()
        await self.look_for(connection, client, shelf, shelf.registry.by_app if shelf.registry else (), found)
        shelf.listed = found
        self._rows.put_all(connection, shelf, int(self._clock()))
        for app_id, error in shelf.unread.items():
            shelf.rows[app_id] = shelf.rows[app_id]._replace(state=AppState.UNKNOWN.value, note=error.sentence)
        shelf.is_fresh = True
        self._changed(connection.id)

    async def look_for(
        self,
        connection: Connection,
        client: PlatformClient,
        shelf: Shelf,
        claimed: Iterable[str],
        found: dict[str, RemoteApp],
    ) -> None:
        """Ask for each claimed app that is not listed: a platform lists only what its token owns, but may show
        more (Instant: apps of which one is a member; SQL: stores on other servers)."""
        if traits_of(connection).has_sql:
            await self._look_elsewhere(connection, client, shelf, claimed, found)
            return
        asked = [each for each in claimed if each not in found and is_uuid(each)][:_MOST_LOOKED_FOR]

        async def look(app_id: str) -> None:
            with suppress(NotFound, Forbidden, Unauthorised, Invalid, Unsupported):
                found[app_id] = await client.get_app(app_id)

        await for_each(asked, look, _workers(connection))

    async def _look_elsewhere(
        self,
        connection: Connection,
        client: PlatformClient,
        shelf: Shelf,
        claimed: Iterable[str],
        found: dict[str, RemoteApp],
    ) -> None:
        """Stores each have a server of their own: one that does not answer is there all the same."""
        asked = [each for each in claimed if each not in found][:_MOST_STORES_LOOKED_FOR]

        async def look(app_id: str) -> None:
            try:
                found[app_id] = await client.get_app(app_id)
            except NotFound:
                return
            except KnownError as error:
                found[app_id], shelf.unread[app_id] = RemoteApp(app_id, app_id), error

        await for_each(asked, look, _workers(connection))

    # Schemas

    async def _read_schemas(
        self, connection: Connection, client: PlatformClient, shelf: Shelf, sweep: Sweep
    ) -> KnownError | None:
        """Read the schema of every listed app with a few workers; the error that made them give up, or None."""
        count = min(_workers(connection), sweep.total)
        await side_by_side(lambda: self._work(connection, client, shelf, sweep), count)
        return sweep.gave_up

    async def _read_stores(
        self, connection: Connection, client: PlatformClient, shelf: Shelf, listed: set[str]
    ) -> None:
        """Those on other servers are known only once the main database was read."""
        if not traits_of(connection).has_sql:
            return
        sweep = Sweep([each for each in shelf.listed if each not in listed and each not in shelf.unread])
        sweep.shown()
        await self._read_schemas(connection, client, shelf, sweep)

    async def _work(self, connection: Connection, client: PlatformClient, shelf: Shelf, sweep: Sweep) -> None:
        is_elsewhere = _elsewhere(connection)
        while (app_id := sweep.next()) is not None:
            outcome: Schema | KnownError
            try:
                outcome = await client.read_schema(app_id)
                sweep.succeeded()
            except KnownError as error:
                outcome = error
                if not is_elsewhere(app_id):
                    sweep.failed(error)
            if sweep.keep(app_id, outcome):
                continue
            self._take_outcome(connection, shelf, app_id, outcome)
            self._say(connection.id, sweep.done, sweep.total, f"{connection.label}: reading schemas")
            self._changed(connection.id)

    def _take_outcome(self, connection: Connection, shelf: Shelf, app_id: str, outcome: Schema | KnownError) -> None:
        if isinstance(outcome, KnownError):
            self._rows.note_failure(shelf, app_id, outcome, is_elsewhere=_elsewhere(connection)(app_id))
        else:
            self._rows.take_schema(connection, shelf, app_id, outcome)
            self._saw(AppRef(connection.id, app_id), outcome)


async def _ended(task: asyncio.Future[Any]) -> None:
    """Cancel it where it still runs and wait for its end; nothing may outlive the refresh."""
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


def _no_foundation(connection: Connection) -> NotFound:
    if not traits_of(connection).has_registry_app:
        return NotFound(
            f"The main database {plain(connection.foundation_app_id or '', 80)} is not among the databases of "
            f"{connection.label}.",
            remedy="Check the name of the database in the connection.",
        )
    return NotFound(
        f"The foundation app {connection.foundation_app_id} is not among the apps of {connection.label}.",
        remedy="Check the foundation's app ID in the connection.",
    )


class Sweep:
    """Hands out the apps of one pass, and decides when to give up.

    Answers that arrive before the rows are shown are kept back: who owns an app decides what it should follow.
    """

    def __init__(self, app_ids: list[str]) -> None:
        self._kept: list[tuple[str, Schema | KnownError]] | None = []
        self._app_ids = iter(app_ids)
        self._in_a_row = 0
        self.total = len(app_ids)
        self.done = 0
        self.gave_up: KnownError | None = None

    def next(self) -> str | None:
        return None if self.gave_up else next(self._app_ids, None)

    def keep(self, app_id: str, outcome: Schema | KnownError) -> bool:
        """False once the rows are shown."""
        if self._kept is None:
            return False
        self._kept.append((app_id, outcome))
        return True

    def shown(self) -> list[tuple[str, Schema | KnownError]]:
        """The rows are there: gives what was kept back."""
        kept, self._kept = self._kept or [], None
        return kept

    def succeeded(self) -> None:
        self.done += 1
        self._in_a_row = 0

    def failed(self, error: KnownError) -> None:
        self.done += 1
        if isinstance(error, Unreachable | Timeout | RateLimited | PlatformFault):
            self._in_a_row += 1
        if self._in_a_row >= _FAILURES_TO_STOP or isinstance(error, Unauthorised):
            self.gave_up = error


def _workers(connection: Connection) -> int:
    return WORKERS_LOCAL if connection.environment is Environment.LOCAL else WORKERS_REMOTE


def _elsewhere(connection: Connection) -> Callable[[str], bool]:
    """Whether an app is on another server than the connection's: what that one does says nothing of the others."""
    if not traits_of(connection).has_sql:
        return lambda _app_id: False
    own, _password = Dsn.parse(connection.base_url)
    return lambda app_id: not own.is_sqlite and may_be_elsewhere(app_id, own)
