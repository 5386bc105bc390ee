"""The client of PostgreSQL servers and SQLite files: an app is one database."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from app.core.connection import Connection
from app.core.errors import Unsupported
from app.core.gate import FixedGate, Gate
from app.platforms.contract import (
    LiveSchema,
    Probe,
    PushJob,
    PushProgress,
    RemoteApp,
    RenderedStep,
    RowCount,
    RowPage,
    StoreHealth,
    TableSize,
)
from app.platforms.http import OnCall
from app.platforms.http_words import HttpPolicy, Tokens
from app.schema.formats.sql_names import Dialect

from . import apps, health, reading, rows
from .dsn import Dsn, Place, Places, may_be_elsewhere
from .engines import Engines

if TYPE_CHECKING:
    from app.schema.check import Rules
    from app.schema.compare import Plan, Renames
    from app.schema.model import Schema


class PostgresClient:
    """One server, as one connection sees it, and the stores elsewhere that ``places`` knows.

    All coroutines raise ``core.errors`` only. Lives on one event loop; statements run on its own few threads.
    """

    def __init__(
        self,
        connection: Connection,
        tokens: Tokens,
        on_call: OnCall,
        *,
        policy: HttpPolicy | None = None,
        places: Places | None = None,
        gate: Gate | None = None,
    ) -> None:
        self.connection = connection
        self.dsn, pasted = Dsn.parse(connection.base_url)
        self.own = Place(self.dsn, tokens.platform or pasted)
        self.places = places
        limits = policy or HttpPolicy()
        self.engines = Engines(
            connection.id,
            on_call,
            gate=gate or FixedGate(connection.is_kept_read_only),
            threads=limits.max_in_flight,
            connect_timeout_s=limits.connect_timeout_s,
        )

    async def aclose(self) -> None:
        await self.engines.aclose()

    async def place_of(self, app_id: str) -> Place:
        """Where the app ID leads: a database of the own server, or what ``places`` knows of it. Raises NotFound."""
        if app_id == self.dsn.database and (self.dsn.is_sqlite or "/" not in app_id):
            return self.own
        if self.places is not None and may_be_elsewhere(app_id, self.dsn):
            found = await self.places(app_id)
            if found is not None:
                return found
        return apps.own_place(self, app_id)

    @property
    def dialect(self) -> Dialect:
        return "sqlite" if self.dsn.is_sqlite else "postgresql"

    # Health

    async def probe(self) -> Probe:
        """How the server is, and what may be done here; never raises a known error."""
        return await health.probe(self)

    async def check(self, app_id: str, place: Place | None = None, known: StoreHealth | None = None) -> StoreHealth:
        """How one database is: one connection, one question. Never raises a known error.

        With ``place`` it is gone to that way, with that user and password: as the program goes whose store it is.
        """
        return await health.check(self, app_id, place, known)

    # Apps

    async def list_apps(self) -> tuple[RemoteApp, ...]:
        """The databases that one may connect to, in order of name, then the known places."""
        return await apps.list_apps(self)

    async def get_app(self, app_id: str) -> RemoteApp:
        return await apps.get_app(self, app_id)

    async def create_app(
        self,
        title: str,
        *,
        app_id: str,
        schema: Schema | None = None,
        rules: dict[str, Any] | None = None,
        org_id: str | None = None,
    ) -> RemoteApp:
        """Make a database called ``title``; its app ID is its name. A repeat with the same ``app_id`` finds it."""
        return await apps.create_app(self, title, app_id=app_id, schema=schema)

    async def rename_app(self, app_id: str, title: str) -> RemoteApp:
        raise Unsupported(apps.NO_RENAMES)

    async def delete_app(self, app_id: str) -> None:
        """Drop the database; never the main one, nor one of another server."""
        await apps.delete_app(self, app_id)

    # Schema

    @property
    def schema_rules(self) -> Rules:
        from .schema_rules import RULES_POSTGRES, RULES_SQLITE

        return RULES_SQLITE if self.dsn.is_sqlite else RULES_POSTGRES

    async def read_schema(self, app_id: str) -> Schema:
        return await reading.read_schema(self, app_id)

    async def read_live(self, app_id: str) -> LiveSchema:
        """``native`` is a ``SqlNative``: what stays the same when something is renamed."""
        return await reading.read_live(self, app_id)

    def render(self, live: LiveSchema, plan: Plan, *, restores: bool = False) -> tuple[RenderedStep, ...]:
        from . import steps

        return steps.rendered(live, plan, restores)

    def renames_between(self, before: LiveSchema, after: LiveSchema) -> Renames | None:
        from .live_names import renames_between

        return renames_between(before, after)

    async def count_rows(
        self, app_id: str, plan: Plan, on_count: Callable[[RowCount], None] = lambda _count: None
    ) -> tuple[RowCount, ...]:
        from . import row_counts

        return await row_counts.count_rows(self, app_id, plan, on_count)

    async def send_plan(
        self,
        app_id: str,
        live: LiveSchema,
        plan: Plan,
        on_progress: Callable[[PushProgress], None] = lambda _progress: None,
        *,
        restores: bool = False,
    ) -> tuple[PushJob, ...]:
        from . import pushing

        return await pushing.send_plan(self, app_id, live, plan, on_progress, restores=restores)

    # Rows

    async def rows_by_key(self, app_id: str, entity: str, keys: Sequence[str]) -> tuple[dict[str, Any], ...]:
        """The rows that a failed push named, as they are now."""
        return await rows.named(self, app_id, entity, keys)

    async def entity_names(self, app_id: str) -> tuple[str, ...]:
        """Tables and views, in order of name; one question."""
        return await reading.entity_names(self, app_id)

    async def sizes(self, app_id: str) -> tuple[TableSize, ...]:
        return await reading.sizes(self, app_id)

    async def rows(
        self,
        app_id: str,
        entity: str,
        *,
        columns: Sequence[str] | None = None,
        where: Mapping[str, Any] | None = None,
        after: Any = None,
        limit: int = 500,
    ) -> RowPage:
        return await rows.read(self, app_id, entity, columns=columns, where=where, after=after, limit=limit)

    async def counts_by(self, app_id: str, entity: str, column: str) -> Mapping[Any, int]:
        """Rows of each value of a column, in one grouped question; rows without one are left out."""
        return await rows.counts_by(self, app_id, entity, column)

    async def write(self, app_id: str, statements: Sequence[tuple[str, Mapping[str, Any]]]) -> None:
        """All in one transaction, or none; raises ReadOnly on a read-only connection."""
        await rows.write(self, app_id, statements)
