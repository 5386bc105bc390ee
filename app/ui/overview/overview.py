"""The first tab: how the connections are, what was found, and all apps."""

from __future__ import annotations

from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QVBoxLayout, QWidget

from app.ui.apps.app_list_panel import AppListPanel
from app.ui.overview.findings_panel import FindingsStrip
from app.ui.overview.live_data import LiveData
from app.ui.overview.status_cards import StatusCards
from app.ui.work.runner import Runner


class OverviewPanel(QWidget):
    """Cards, findings and the list, bound to the live data."""

    def __init__(self, runner: Runner, data: LiveData, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._data = data
        self._chosen_id: str | None = None
        self.cards = StatusCards()
        self.strip = FindingsStrip()
        self.app_list = AppListPanel(runner)
        top = QVBoxLayout()
        top.setContentsMargins(14, 12, 14, 4)
        top.setSpacing(10)
        top.addWidget(self.cards)
        top.addWidget(self.strip)
        box = QVBoxLayout(self)
        box.setContentsMargins(0, 0, 0, 0)
        box.setSpacing(0)
        box.addLayout(top)
        box.addWidget(self.app_list, 1)
        data.order = self._order
        data.connections_changed.connect(self._show_connections)
        data.statuses_changed.connect(self._show_statuses)
        data.apps_changed.connect(self._show_apps)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.strip.set_room(self.height() // self.fontMetrics().height())

    def _order(self) -> tuple[int, bool]:
        shown = self.app_list.model.filter
        return shown.column, shown.is_descending

    def _show_connections(self) -> None:
        self.app_list.set_connections(self._data.connections)
        self._show_statuses()

    def _show_statuses(self) -> None:
        self.cards.show_all(self._data.connections, self._data.statuses)
        self._show_findings()

    def _show_findings(self) -> None:
        """Of the chosen connection, like the list below."""
        found = self._data.findings()
        if self._chosen_id is not None:
            found = tuple(each for each in found if each.connection_id == self._chosen_id)
        self.strip.show_findings(found, self._data.by_id())

    def _show_apps(self) -> None:
        self.app_list.set_table(self._data.table)
        self.app_list.set_updated_at(self._data.updated_at)

    def choose_connection(self, connection_id: str | None) -> None:
        self._chosen_id = connection_id
        self._show_findings()
        self.cards.set_chosen(connection_id)
        self.app_list.set_filter_connection(connection_id)

    def refresh_looks(self) -> None:
        self.cards.refresh_looks()
