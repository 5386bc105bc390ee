"""The doctor's visit to a PostgreSQL server or SQLite file, step by step."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Protocol, cast

from app.core.apps import AppState
from app.core.connection import Connection
from app.core.errors import KnownError, ReadOnly
from app.core.status import Health
from app.core.text import plain
from app.platforms.postgres.dsn import Dsn
from app.services import doctor_checks_connection as connection_checks
from app.services import doctor_checks_sql as checks
from app.services.doctor_report import Check

if TYPE_CHECKING:
    from app.platforms.contract import Probe, SqlClient
    from app.services.directory import Progress
    from app.services.doctor_visit import Colleagues, Step
    from app.services.store_findings import StoreFinding
    from app.services.store_words import MainOverview


class MainDatabases(Protocol):
    """What is needed of ``Stores``."""

    async def overview(self, connection_id: str) -> MainOverview: ...

    async def findings(
        self, connection_id: str, *, deep: bool = False, on_progress: Callable[[Progress], None] | None = None
    ) -> tuple[StoreFinding, ...]: ...


class SqlVisit:
    """Made anew for each run. Reads only; the one write that it tries must be refused before it is sent."""

    def __init__(self, connection: Connection, colleagues: Colleagues, tell: Callable[[str], None]) -> None:
        self._connection = connection
        self._colleagues = colleagues
        self._say = tell
        self._dsn, _password = Dsn.parse(connection.base_url)
        self._client: SqlClient | None = None
        self._probe: Probe | None = None

    def steps(self) -> list[Step]:
        label = plain(self._connection.label, 60)
        return [
            (f"{label}: the connection", self._reach),
            (f"{label}: its login", self._login),
            (f"{label}: the main database", self._main),
            (f"{label}: databases", self._databases),
        ]

    @property
    def _is_usable(self) -> bool:
        probe = self._probe
        return probe is not None and connection_checks.answers(probe) and probe.health is not Health.UNAUTHORISED

    async def _reach(self) -> Iterable[Check]:
        found = self._connection
        try:
            client = cast("SqlClient", await self._colleagues.clients.get(found.id))
        except KnownError as error:
            return (connection_checks.cannot_open(found, error),)
        self._client, self._probe = client, await client.probe()
        version = checks.version(found, await client.check(self._dsn.database)) if self._is_usable else None
        optional = (
            version,
            checks.encryption(found, self._dsn),
            checks.pooler(found, self._dsn),
            checks.indexes(found, self._probe) if self._is_usable else None,
            await self._read_only(client),
        )
        return (
            connection_checks.reach(found, self._probe),
            *(each for each in optional if each is not None),
            *checks.told(found, self._probe.findings if self._is_usable else ()),
        )

    async def _read_only(self, client: SqlClient) -> Check | None:
        if not self._connection.is_read_only or not self._is_usable:
            return None
        try:
            await client.write(self._dsn.database, (("SELECT 1", {}),))
        except ReadOnly:
            return checks.read_only(self._connection, is_enforced=True)
        except KnownError as error:
            return connection_checks.cannot_open(self._connection, error)
        return checks.read_only(self._connection, is_enforced=False)

    async def _login(self) -> Iterable[Check]:
        found = self._connection
        try:
            is_stored = await self._colleagues.tokens.get(found.id) is not None
        except KnownError as error:
            return (connection_checks.unreadable_token(found, error),)
        if self._probe is None:
            return ()
        able = (checks.abilities(found, self._probe.capabilities),) if self._is_usable else ()
        return (*checks.password(found, self._probe, is_stored=is_stored), *able)

    async def _main(self) -> Iterable[Check]:
        found, stores = self._connection, self._colleagues.stores
        if found.foundation_app_id is None:
            return (checks.no_main_database(found),)
        if not self._is_usable or stores is None:
            return (checks.not_looked_at(found),)
        try:
            overview = await stores.overview(found.id)
        except KnownError as error:
            return (checks.unreadable(found, error),)
        about = tuple(checks.main_database(found, overview))
        try:
            findings = await stores.findings(found.id, on_progress=self._tell)
        except KnownError as error:
            return (*about, checks.unreadable(found, error, "Its stores"))
        return (*about, *checks.stores(found, overview, findings))

    async def _databases(self) -> Iterable[Check]:
        if not self._is_usable:
            return ()
        found, directory = self._connection, self._colleagues.directory
        failures = await directory.refresh([found.id], self._tell)
        if failures:
            return [checks.unlisted(found, each.error) for each in failures]
        apps = [each for each in directory.apps_of(found.id) if each.state != AppState.MISSING.value]
        return (checks.listed(found, len(apps)),)

    def _tell(self, progress: Progress) -> None:
        if progress.text:
            self._say(plain(progress.text, 100))
