"""The Qt model of the app-ID list: one row an app, over an :class:`AppFilter`."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, Qt, QTimer

from app.core.apps import AppState, AppSummary
from app.core.connection import Connection
from app.core.refs import AppRef
from app.platforms.traits import kind_words
from app.ui.parts.ages import age, day, moment

from .app_table import AppColumn, AppFilter, AppTable, shown

Index = QModelIndex | QPersistentModelIndex

HEADERS = ("", "Title", "App ID", "Owner", "Kind", "Where", "Agents", "Created", "Last seen")
STATE_COLUMN_NAME = "State"
STATE_WORDS = {
    AppState.OK.value: "OK",
    AppState.DRIFTED.value: "drifted from its template",
    AppState.UNOWNED.value: "no owner in the registry",
    AppState.MISSING.value: "in the registry, but not on the platform",
    AppState.READ_ONLY.value: "read-only",
    AppState.DISABLED.value: "disabled",
    AppState.CREATING.value: "creating…",
    AppState.UNKNOWN.value: "not checked yet",
}
# As plain integers: data() is called some thousand times a frame, and comparing enums costs more than the rest.
_DISPLAY, _TOOL_TIP, _ALIGNMENT, _ACCESSIBLE, _USER = 0, 3, 7, 11, 256
_STATE, _TITLE, _APP_ID, _SEEN, _AGENTS = 0, 1, 2, 8, 6
_RIGHT = int((Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter).value)
_NONE = QModelIndex()
# So long after the rows became others, what a first query needs is made; in between, keys and clicks are served.
_IDLE_MS, _BETWEEN_MS = 500, 15
# Between these states and OK there is nothing to act on; the column then says when the app was last seen.
_QUIET = frozenset({AppState.OK.value, AppState.UNKNOWN.value})


class AppListModel(QAbstractTableModel):
    """Rows are positions in ``filter.places``; the model itself keeps no copy of them."""

    def __init__(self, parent: QObject | None = None, *, clock: Callable[[], float] = time.time) -> None:
        super().__init__(parent)
        self.filter = AppFilter()
        self._clock = clock
        self._connections: dict[str, Connection] = {}
        self._kinds: dict[str, Mapping[str, str]] = {}
        self._idle = QTimer(self, singleShot=True)
        self._idle.timeout.connect(self._prepare)
        self._cells: tuple[Callable[[AppSummary], str], ...] = (
            lambda row: "",
            lambda row: shown(row.title) or "untitled",
            lambda row: row.app_id,
            lambda row: shown(row.owner) or "nobody",
            self.kind_word,
            self._where,
            lambda row: str(row.agents) if row.agents >= 0 else "—",
            lambda row: day(row.created_at),
            self._seen,
        )

    # What is shown

    def set_table(self, table: AppTable) -> None:
        self._reset(lambda: self.filter.set_table(table))

    def set_connections(self, connections: Iterable[Connection]) -> None:
        """Labels and environments for the Where column; rebuilds the order only where it depends on them."""
        self._connections = {each.id: each for each in connections}
        self._kinds = {each.id: words for each in self._connections.values() if (words := kind_words(each))}
        if self.filter.table.rows:
            self.set_table(AppTable(self.filter.table.rows, self._connections))

    @property
    def connections(self) -> dict[str, Connection]:
        return self._connections

    def set_query(self, query: str) -> bool:
        """True where the rows are others now; the view is left alone where they are the same."""
        found = self.filter.search(query)
        if found is None:
            return False
        if found.places == self.filter.places:
            self.filter.take(found)
            return False
        self.beginResetModel()
        self.filter.take(found)
        self.endResetModel()
        return True

    def set_connection(self, connection_id: str | None) -> None:
        self._reset(lambda: self.filter.set_connection(connection_id))

    def sort(self, column: int, order: Qt.SortOrder = Qt.SortOrder.AscendingOrder) -> None:
        if column < 0:
            return
        is_descending = order == Qt.SortOrder.DescendingOrder
        self._reset(lambda: self.filter.set_order(column, is_descending=is_descending))

    def _reset(self, change: Callable[[], object]) -> None:
        self.beginResetModel()
        try:
            change()
        finally:
            self.endResetModel()
        self._idle.start(_IDLE_MS)

    def _prepare(self) -> None:
        if self.filter.prepare():
            self._idle.start(_BETWEEN_MS)

    def app(self, row: int) -> AppSummary:
        return self.filter.table.rows[self.filter.row_id(row)]

    def ref(self, row: int) -> AppRef:
        return self.filter.table.ref(self.filter.row_id(row))

    def cell(self, app: AppSummary, column: int) -> str:
        """The text of a cell, for the delegate, which paints whole rows without the detour over ``data``."""
        return self._cells[column](app)

    def kind_word(self, app: AppSummary) -> str:
        """What this kind of app is called on its platform."""
        words = self._kinds.get(app.connection_id)
        return words.get(app.kind, app.kind) if words else app.kind

    def connection_of(self, app: AppSummary) -> Connection | None:
        return self._connections.get(app.connection_id)

    # Qt's side

    def rowCount(self, parent: Index = _NONE) -> int:
        return 0 if parent.isValid() else self.filter.count

    def columnCount(self, parent: Index = _NONE) -> int:
        return 0 if parent.isValid() else 9

    def data(self, index: Index, role: int = 0) -> Any:
        if role == _DISPLAY:
            return self._cells[index.column()](self.app(index.row()))
        if role == _TOOL_TIP:
            return self._tool_tip(self.app(index.row()), index.column())
        if role == _ACCESSIBLE:
            return self._spoken(self.app(index.row()), index.column())
        if role == _ALIGNMENT:
            return _RIGHT if index.column() == _AGENTS else None
        if role == _USER:
            return self.app(index.row())
        return None

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = 0) -> Any:
        if orientation != Qt.Orientation.Horizontal:
            return None
        if role == _DISPLAY:
            return HEADERS[section]
        if role == _ALIGNMENT:
            return _RIGHT if section == _AGENTS else int(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        if role in (_ACCESSIBLE, _TOOL_TIP):
            return HEADERS[section] or STATE_COLUMN_NAME
        return None

    # Texts

    def _where(self, row: AppSummary) -> str:
        connection = self._connections.get(row.connection_id)
        return connection.environment.value if connection else "—"

    def _seen(self, row: AppSummary) -> str:
        if row.state not in _QUIET:
            return shown(row.note) or STATE_WORDS.get(row.state, row.state)
        return age(row.seen_at, self._clock())

    def _spoken(self, row: AppSummary, column: int) -> str:
        if column == _STATE:
            return STATE_WORDS.get(row.state, row.state)
        return f"{HEADERS[column]}: {self._cells[column](row)}"

    def _tool_tip(self, row: AppSummary, column: int) -> str:
        """Server text is escaped: a tool tip that looks like markup would otherwise be read as markup."""
        from html import escape  # its table of names is not needed before the first paint

        title = escape(shown(row.title) or "untitled")
        if column in (_TITLE, _APP_ID):
            return (
                f"<p style='white-space:pre'><b>{title}</b><br><tt>{escape(row.app_id)}</tt><br>"
                "Click to copy · Ctrl+C copies the selection</p>"
                if column == _APP_ID
                else f"<p style='white-space:pre'><b>{title}</b><br><tt>{escape(row.app_id)}</tt></p>"
            )
        if column in (_STATE, _SEEN):
            word = escape(STATE_WORDS.get(row.state, row.state))
            note = f"<br>{escape(shown(row.note))}" if row.note else ""
            return f"<p style='white-space:pre'><b>{title}</b>: {word}{note}<br>Last seen {moment(row.seen_at)}</p>"
        if column == AppColumn.WHERE:
            connection = self._connections.get(row.connection_id)
            return escape(shown(connection.label)) if connection else ""
        return escape(self._cells[column](row))
