"""What the window shows: last-known state first, then what the services say, fetched again whenever it changed."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from PySide6.QtCore import QObject, QTimer, Signal

from app.core.apps import AppSummary
from app.core.changes import Changes
from app.core.connection import Connection
from app.core.errors import KnownError
from app.core.refs import AppRef
from app.core.status import ConnectionStatus, Finding
from app.ui.apps.app_table import AppColumn, AppTable
from app.ui.overview.findings_panel import all_findings
from app.ui.tree.tree_groups import TreeGroups
from app.ui.work.runner import Runner

if TYPE_CHECKING:
    from app.services.suite import Services
    from app.storage.last_known import LastKnown

# A long refresh changes the inventory many times a second; a list that jumps as often cannot be read.
_APPS_EVERY_MS = 300


class TokenPlace(NamedTuple):
    """Where tokens are kept: ``sentence`` for the status bar, ``is_lasting`` False for this session only."""

    sentence: str
    remedy: str = ""
    is_lasting: bool = True


class _Listed:
    """A table with what is counted over all of it: apps that exist, and when the newest was last seen.

    ``groups`` is the same for the tree, None where it is left to whoever needs it.
    """

    def __init__(self, table: AppTable, groups: TreeGroups | None = None) -> None:
        self.table = table
        self.groups = groups
        self.count = len(table) - table.missing.total()
        self.seen_at = float(max((row.seen_at for row in table.rows), default=0))


class _Fetch(QObject):
    """Fetches on request; requests that come while it runs, or too soon after, are answered by one more run."""

    def __init__(
        self,
        runner: Runner,
        reading: Callable[[], Callable[[Services], Awaitable[Any]]],
        take: Callable[[Any], None],
        parent: QObject,
        pause_ms: int = 0,
    ) -> None:
        super().__init__(parent)
        self._runner, self._reading, self._take = runner, reading, take
        self._is_wanted = False
        self._is_running = False
        self._pause = QTimer(self, singleShot=True, interval=pause_ms)
        self._pause.timeout.connect(self._next)

    def request(self) -> None:
        self._is_wanted = True
        if not self._is_running and not self._pause.isActive():
            self._next()

    def _next(self) -> None:
        if not self._is_wanted:
            return
        self._is_wanted, self._is_running = False, True
        self._runner.start(
            self._reading(),
            owner=self,
            title="Read what is known",
            done=self._arrive,
            failed=self._fail,
            cancelled=self._end,
            quiet=True,
        )

    def _arrive(self, value: Any) -> None:
        self._end()
        self._take(value)

    def _fail(self, _error: KnownError) -> bool:
        """It is shown like any other; the next change asks again."""
        self._end()
        return False

    def _end(self) -> None:
        self._is_running = False
        self._pause.start()


class LiveData(QObject):
    """The one place of the window that knows connections, apps, health and where tokens are. UI thread."""

    connections_changed = Signal()
    apps_changed = Signal()
    statuses_changed = Signal()
    token_place_changed = Signal()
    schemas_changed = Signal(object)  # frozenset[AppRef]

    def __init__(self, runner: Runner, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.connections: tuple[Connection, ...] = ()
        self.statuses: dict[str, ConnectionStatus] = {}
        self.table = AppTable()
        self._groups: TreeGroups | None = None
        self.token_place: TokenPlace | None = None
        self.listed_count = 0
        self.updated_at = 0.0  # when an app was last listed, seconds since the epoch
        self.has_apps = False
        # The order that the list is in, so that it is sorted before it gets here.
        self.order: Callable[[], tuple[int, bool]] = _usual_order
        self._connections = _Fetch(runner, lambda: _read_connections, self._take_connections, self)
        self._apps = _Fetch(runner, self._reading_apps, self._take_apps, self, _APPS_EVERY_MS)
        self._statuses = _Fetch(runner, lambda: _read_statuses, self._take_statuses, self)
        self._tokens = _Fetch(runner, lambda: _read_token_place, self._take_token_place, self)
        runner.changed.connect(self._hear)

    def show_last_known(self, known: LastKnown) -> None:
        """What was known when the window was last open; ignored once the services have spoken."""
        if self.has_apps:
            return
        self._take_connections(known.connections)
        self._take_statuses(known.statuses)
        if known.apps:
            self._show(_Listed(AppTable(known.apps, self._by_id())))

    def fetch_all(self) -> None:
        for fetch in (self._connections, self._statuses, self._apps, self._tokens):
            fetch.request()

    def connection(self, connection_id: str | None) -> Connection | None:
        return next((each for each in self.connections if each.id == connection_id), None)

    def app(self, ref: AppRef) -> AppSummary | None:
        at = self.table.find(ref)
        return None if at is None else self.table.rows[at]

    def findings(self) -> tuple[Finding, ...]:
        """Of all connections, the gravest first."""
        return all_findings(self.statuses[each.id] for each in self.connections if each.id in self.statuses)

    @property
    def groups(self) -> TreeGroups:
        """Connections and apps as the tree shows them."""
        if self._groups is None or self._groups.connections != self.connections:
            self._groups = TreeGroups(self.connections, self.table.rows)
        return self._groups

    def by_id(self) -> dict[str, Connection]:
        return self._by_id()

    def _by_id(self) -> dict[str, Connection]:
        return {each.id: each for each in self.connections}

    def _hear(self, changes: Changes) -> None:
        if changes.connections:
            self._connections.request()
            self._statuses.request()
        if changes.apps or changes.connections:
            self._apps.request()
        if changes.status:
            self._statuses.request()
        if changes.tokens:
            self._tokens.request()
        if changes.schemas:
            self.schemas_changed.emit(changes.schemas)

    def _reading_apps(self) -> Callable[[Services], Awaitable[_Listed]]:
        return partial(_read_apps, self.table, self.order())

    def _take_connections(self, connections: tuple[Connection, ...]) -> None:
        if connections != self.connections:
            self.connections = connections
            self.connections_changed.emit()

    def _take_apps(self, listed: _Listed) -> None:
        self.has_apps = True
        self._show(listed)

    def _show(self, listed: _Listed) -> None:
        self._groups = listed.groups
        self.table, self.listed_count, self.updated_at = listed.table, listed.count, listed.seen_at
        self.apps_changed.emit()

    def _take_statuses(self, statuses: tuple[ConnectionStatus, ...]) -> None:
        self.statuses = {each.connection_id: each for each in statuses}
        self.statuses_changed.emit()

    def _take_token_place(self, place: TokenPlace) -> None:
        self.token_place = place
        self.token_place_changed.emit()


def _usual_order() -> tuple[int, bool]:
    return AppColumn.KIND, False


async def _read_apps(shown: AppTable, order: tuple[int, bool], services: Services) -> _Listed:
    connections = {each.id: each for each in services.connections.all()}
    rows = services.directory.inventory()
    # At the start the services know what the window shows already: a second table would be memory for nothing.
    table = shown if shown.is_of(rows, connections) else AppTable(rows, connections, shown)
    column, is_descending = order
    table.order(column, is_descending=is_descending)
    return _Listed(table, TreeGroups(tuple(connections.values()), table.rows))


async def _read_connections(services: Services) -> tuple[Connection, ...]:
    return services.connections.all()


async def _read_statuses(services: Services) -> tuple[ConnectionStatus, ...]:
    return services.status.all()


async def _read_token_place(services: Services) -> TokenPlace:
    state = services.tokens.state()
    return TokenPlace(state.sentence, state.remedy, state.kind == "keyring")
