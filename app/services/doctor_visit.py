"""The doctor's visit to one connection, step by step; later steps rest on what earlier ones found."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from app.core.apps import AppState
from app.core.connection import Connection, TokenKind
from app.core.errors import KnownError
from app.core.refs import AppRef
from app.core.status import Health
from app.core.text import plain
from app.services import doctor_checks_connection as checks
from app.services import doctor_checks_foundation as foundation_checks
from app.services.doctor_report import Check
from app.services.foundation_shape import shape_of
from app.services.side_by_side import for_each

if TYPE_CHECKING:
    from app.platforms.contract import PlatformClient, Probe
    from app.platforms.knock import Knock
    from app.services.clients import ClientPool
    from app.services.connections import ConnectionBook
    from app.services.directory import Directory, Progress
    from app.services.doctor_visit_sql import MainDatabases
    from app.services.foundation_map import FoundationMaps
    from app.services.provision_journal import JournalEntry
    from app.services.reconcile_words import Reconciliation
    from app.services.tokens import TokenKeeper

# Equal schemas are looked at once; of different ones at most so many.
_MOST_SCHEMAS = 200
_AT_ONCE = 8

Step = tuple[str, Callable[[], Awaitable[Iterable[Check]]]]


class Reconciling(Protocol):
    """What is needed of ``Reconciler``."""

    async def check(
        self, connection_id: str, on_progress: Callable[[Progress], None], *, tokens: bool
    ) -> Reconciliation: ...


class Provisions(Protocol):
    """What is needed of ``Provisioning``."""

    async def open_journal(self, connection_id: str) -> tuple[JournalEntry, ...]: ...


@dataclass(frozen=True, slots=True)
class Colleagues:
    """Whom the doctor asks."""

    connections: ConnectionBook
    clients: ClientPool
    tokens: TokenKeeper
    directory: Directory
    maps: FoundationMaps
    reconciler: Reconciling
    provisioning: Provisions
    stores: MainDatabases | None = None


class Visit:
    """Made anew for each run. Reads only."""

    def __init__(
        self,
        connection: Connection,
        colleagues: Colleagues,
        ask_time: Callable[[Connection], Awaitable[Knock | None]],
        now: Callable[[], float],
        tell: Callable[[str], None],
    ) -> None:
        """``tell`` is given a few words while a step takes long."""
        self._connection = connection
        self._connections = colleagues.connections
        self._clients = colleagues.clients
        self._tokens = colleagues.tokens
        self._directory = colleagues.directory
        self._maps = colleagues.maps
        self._reconciler = colleagues.reconciler
        self._provisioning = colleagues.provisioning
        self._ask_time = ask_time
        self._now = now
        self._say = tell
        self._client: PlatformClient | None = None
        self._probe: Probe | None = None

    def steps(self) -> list[Step]:
        label = plain(self._connection.label, 60)
        return [
            (f"{label}: the connection", self._reach),
            (f"{label}: its clock", self._clock),
            (f"{label}: its tokens", self._token),
            (f"{label}: the foundation", self._foundation),
            (f"{label}: apps and registry", self._registry),
            (f"{label}: schemas", self._schemas),
        ]

    @property
    def _is_usable(self) -> bool:
        probe = self._probe
        return probe is not None and checks.answers(probe) and probe.health is not Health.UNAUTHORISED

    async def _reach(self) -> Iterable[Check]:
        try:
            self._client = await self._clients.get(self._connection.id)
        except KnownError as error:
            return (checks.cannot_open(self._connection, error),)
        self._probe = await self._client.probe()
        return checks.connection(self._connection, self._probe)

    async def _clock(self) -> Iterable[Check]:
        if self._probe is None or not checks.answers(self._probe):
            return ()
        # The start of the local platform may have given it another address.
        answer = await self._ask_time(self._current())
        offset_s = answer.offset_s if answer is not None else None
        return () if offset_s is None else (checks.clock(self._connection, offset_s),)

    def _current(self) -> Connection:
        return self._connections.find(self._connection.id) or self._connection

    async def _token(self) -> Iterable[Check]:
        try:
            stored = [each for each in TokenKind if await self._tokens.get(self._connection.id, each)]
        except KnownError as error:
            return (checks.unreadable_token(self._connection, error),)
        if self._probe is None:
            return ()
        if not stored:
            return (checks.no_token(self._connection),)
        return checks.token(self._connection, tuple(stored), self._probe)

    async def _foundation(self) -> Iterable[Check]:
        connection = self._connection
        if connection.foundation_app_id is None:
            return (foundation_checks.no_foundation(connection),)
        if not self._is_usable or self._client is None:
            return (foundation_checks.not_looked_at(connection),)
        try:
            schema = await self._client.read_schema(connection.foundation_app_id)
            names = await self._maps.get(connection.id)
        except KnownError as error:
            return (foundation_checks.unreadable_foundation(connection, error),)
        return foundation_checks.foundation(connection, schema, shape_of(schema, names), names)

    async def _registry(self) -> Iterable[Check]:
        if not self._is_usable:
            return ()
        connection = self._connection
        if connection.foundation_app_id is None:
            failures = await self._directory.refresh([connection.id], self._tell)
            return [foundation_checks.unlisted(connection, each.error) for each in failures]
        try:
            compared = await self._reconciler.check(connection.id, self._tell, tokens=True)
        except KnownError as error:
            return (foundation_checks.unreadable_registry(connection, error),)
        registry, _error = self._directory.known_registry(connection.id)
        waiting = len(registry.tasks_without_database) if registry is not None else 0
        entries = await self._provisioning.open_journal(connection.id)
        more = (
            foundation_checks.begun(connection, entries, self._now()),
            foundation_checks.tasks(connection, waiting),
        )
        return [*foundation_checks.registry(connection, compared), *(each for each in more if each is not None)]

    async def _schemas(self) -> Iterable[Check]:
        if not self._is_usable or self._client is None:
            return ()
        connection = self._connection
        apps = [each for each in self._directory.apps_of(connection.id) if each.state != AppState.MISSING.value]
        drift = foundation_checks.drift(connection, apps, self._directory.drifts_of(connection.id))
        found = [drift] if drift is not None else []
        titles = {each.app_id: each.title for each in apps}
        groups = self._equal(titles)
        looked_at, by_app = await self._conflicts(self._client, groups)
        left = len(apps) - looked_at
        found += foundation_checks.conflicts(connection, by_app, titles, looked_at, left)
        return found

    def _tell(self, progress: Progress) -> None:
        if progress.text:
            count = f" ({progress.done:,} of {progress.total:,})" if progress.total > 1 else ""
            self._say(f"{plain(progress.text, 100)}{count}")

    def _equal(self, app_ids: Iterable[str]) -> list[list[str]]:
        """Apps whose schemas are equal, as read by the last refresh."""
        groups: dict[int, list[str]] = {}
        for app_id in app_ids:
            mark = self._directory.mark_of(AppRef(self._connection.id, app_id))
            if mark is not None:
                groups.setdefault(mark, []).append(app_id)
        return list(groups.values())

    async def _conflicts(
        self, client: PlatformClient, groups: list[list[str]]
    ) -> tuple[int, Mapping[str, tuple[str, ...]]]:
        """How many apps were looked at, and the sentences of the first app of each group that has any."""
        found: dict[str, tuple[str, ...]] = {}
        looked_at = 0

        async def look(group: list[str]) -> None:
            nonlocal looked_at
            try:
                schema = await client.read_schema(group[0])
            except KnownError:
                return
            looked_at += len(group)
            sentences = foundation_checks.conflicts_in(schema, client.schema_rules)
            found.update(dict.fromkeys(group, sentences) if sentences else {})

        await for_each(groups[:_MOST_SCHEMAS], look, _AT_ONCE)
        return looked_at, found
