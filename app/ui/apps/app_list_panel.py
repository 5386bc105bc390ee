"""All apps of all connections: filter, sort, copy, and what can be done with the selected ones."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from functools import partial

from PySide6.QtCore import QEvent, QObject, QPoint, QSize, Qt, Signal, SignalInstance
from PySide6.QtGui import QAction, QGuiApplication, QKeyEvent, QKeySequence
from PySide6.QtWidgets import QHBoxLayout, QLabel, QLineEdit, QMenu, QSizePolicy, QStackedWidget, QVBoxLayout, QWidget

from app.core.apps import AppSummary
from app.core.connection import Connection
from app.core.refs import AppRef
from app.core.text import plain
from app.core.words import counted
from app.ui.parts import copy_formats
from app.ui.parts.ages import ago
from app.ui.parts.empty_state import EmptyState
from app.ui.work.runner import Runner

from .app_list_model import HEADERS, AppListModel
from .app_list_view import AppListView
from .app_table import AppColumn, AppTable


class AppListPanel(QWidget):
    """The heading, the filter box, the list, and the reason where the list is empty.

    ``selected`` carries the AppRef of the only selected app, or None. The other requests carry the AppRef they
    are about. ``copied`` carries a sentence for the status bar.
    """

    create_requested = Signal()
    open_requested = Signal(object)
    rename_requested = Signal(object)
    delete_requested = Signal(object)
    refresh_requested = Signal()
    selected = Signal(object)
    copied = Signal(str)

    def __init__(self, runner: Runner | None = None, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._runner = runner
        self._is_loaded = False
        self._updated_at = 0.0
        self._connections: dict[str, Connection] = {}
        self.model = AppListModel(self)
        self.view = AppListView(self.model)
        self.filter_box = QLineEdit()
        self.heading = QLabel("Apps")
        self.count_label = QLabel()
        self.updated_label = QLabel()
        self.empty = EmptyState()
        self._stack = QStackedWidget()
        self._build()
        self._connect()
        self._tell()

    def _build(self) -> None:
        self.heading.setProperty("look", "heading")
        self.count_label.setProperty("look", "chip")
        self.updated_label.setProperty("look", "small")
        self.filter_box.setProperty("look", "filter")
        self.filter_box.setPlaceholderText("Filter by title, ID or owner")
        self.filter_box.setAccessibleName("Filter apps by title, ID or owner")
        self.filter_box.setClearButtonEnabled(True)
        self.filter_box.setMaxLength(200)
        self.filter_box.setMaximumWidth(380)
        top = QHBoxLayout()
        top.setContentsMargins(14, 8, 14, 8)
        top.setSpacing(10)
        top.addWidget(self.heading)
        top.addWidget(self.count_label)
        top.addWidget(self.filter_box, 3)
        top.addStretch(1)
        top.addWidget(self.updated_label)
        self._stack.addWidget(self.view)
        self._stack.addWidget(self.empty)
        self._stack.currentChanged.connect(lambda _at: self._share_room())
        self.view.setMinimumHeight(self.fontMetrics().height() * 4)
        self._share_room()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addLayout(top)
        layout.addWidget(self._stack, 1)
        self.setFocusProxy(self.filter_box)

    def _share_room(self) -> None:
        """What is not shown asks for none."""
        for page in (self.view, self.empty):
            policy, is_shown = page.sizePolicy(), page is self._stack.currentWidget()
            wanted = QSizePolicy.Policy.Preferred if is_shown else QSizePolicy.Policy.Ignored
            policy.setVerticalPolicy(wanted)
            page.setSizePolicy(policy)

    def sizeHint(self) -> QSize:
        """It takes what room there is, and asks for none of it: what is above it comes first."""
        return QSize(super().sizeHint().width(), self.minimumSizeHint().height())

    def _connect(self) -> None:
        view, header = self.view, self.view.horizontalHeader()
        self.filter_box.textChanged.connect(self._apply_query)
        self.filter_box.installEventFilter(self)
        self.empty.activated.connect(self._act_on_empty)
        header.setSortIndicator(self.model.filter.column, Qt.SortOrder.AscendingOrder)
        header.sortIndicatorChanged.connect(self.model.sort)
        view.id_clicked.connect(self._copy_clicked)
        view.copy_requested.connect(self.copy_ids)
        view.open_requested.connect(partial(self._request, self.open_requested))
        view.rename_requested.connect(partial(self._request, self.rename_requested))
        view.delete_requested.connect(partial(self._request, self.delete_requested))
        view.typed.connect(self._type)
        view.escaped.connect(self.filter_box.clear)
        view.selection_settled.connect(lambda: self.selected.emit(self.selected_ref()))
        view.customContextMenuRequested.connect(self._show_menu)

    # What is shown

    def set_apps(self, rows: Sequence[AppSummary]) -> None:
        """Show these apps; selection and scroll position are kept by app ID."""
        self.set_table(AppTable(rows, self.model.connections))

    def set_table(self, table: AppTable) -> None:
        """The same with a table that was built elsewhere (on the engine's thread, where there are many apps)."""
        self._is_loaded = True
        self.model.set_table(table)
        self._tell()

    def set_connections(self, connections: Iterable[Connection]) -> None:
        self._connections = {each.id: each for each in connections}
        self.model.set_connections(self._connections.values())

    def set_filter(self, text: str) -> None:
        self.filter_box.setText(text)

    def set_filter_connection(self, connection_id: str | None) -> None:
        """Show the apps of one connection, or of all."""
        self.model.set_connection(connection_id)
        self._tell()

    def sort_by(self, column: int, order: Qt.SortOrder = Qt.SortOrder.AscendingOrder) -> None:
        header = self.view.horizontalHeader()
        if (header.sortIndicatorSection(), header.sortIndicatorOrder()) == (column, order):
            self.model.sort(column, order)
        else:
            header.setSortIndicator(column, order)

    def set_updated_at(self, at: float) -> None:
        """When the list was last read from the platforms, in seconds since the epoch; 0: not in this session."""
        self._updated_at = at
        self.tick()

    def tick(self) -> None:
        """Bring the ages up to now; the window calls it every few seconds."""
        if self._updated_at:
            self.updated_label.setText(f"Updated {ago(self._updated_at, time.time())}")
        else:
            self.updated_label.setText("Last known" if self._is_loaded else "")
        if self._stack.currentWidget() is self.view:
            self.view.viewport().update()

    def select_app(self, ref: AppRef) -> bool:
        """Select an app and bring it into sight; a filter that hides it is cleared. False: it is not in the list."""
        if self.model.filter.table.find(ref) is None:
            return False
        if not self.view.select_app(ref):
            self.filter_box.clear()
            if self.model.filter.connection_id not in (None, ref.connection_id):
                self.set_filter_connection(None)
        return self.view.select_app(ref)

    def selected_apps(self) -> list[AppSummary]:
        return self.view.selected_apps()

    def selected_ref(self) -> AppRef | None:
        """The selected app where it is one, None where it is none or several."""
        rows = self.view.selected_rows()
        return self.model.ref(rows[0]) if len(rows) == 1 else None

    def _apply_query(self, text: str) -> None:
        self.model.set_query(text)
        self._tell()

    def _tell(self) -> None:
        """Counts, and the reason where nothing is shown."""
        shown, total = self.model.filter.count, self.model.filter.total
        missing = self.model.filter.missing
        words = counted(total - missing, "app") + (f", {missing:,} missing" if missing else "")
        self.count_label.setText(f"{shown:,} of {total:,}" if self.model.filter.terms else words)
        self.count_label.setVisible(self._is_loaded)
        self.tick()
        if shown:
            self._stack.setCurrentWidget(self.view)
            return
        had_focus = self.view.hasFocus()
        self.empty.tell(*self._reason(total))
        self._stack.setCurrentWidget(self.empty)
        if had_focus:
            self.filter_box.setFocus()

    def _reason(self, total: int) -> tuple[str, str, str]:
        if not self._is_loaded:
            return "Apps are not loaded yet", "They are listed as soon as a connection answers.", "Refresh"
        if total and self.model.filter.terms:
            query = plain(self.filter_box.text(), 60)
            return f"Nothing matches “{query}”", f"None of {total:,} apps has it in title, ID or owner.", "Clear filter"
        if self.model.filter.connection_id is not None and len(self.model.filter.table):
            return "This connection has no apps", "The other connections have some.", "Show all connections"
        return "No apps yet", "Create one from a template or blank; what the platform lists shows up here.", "New app"

    def _act_on_empty(self) -> None:
        act: dict[str, Callable[[], object]] = {
            "Refresh": self.refresh_requested.emit,
            "Clear filter": self.filter_box.clear,
            "Show all connections": lambda: self.set_filter_connection(None),
            "New app": self.create_requested.emit,
        }
        act[self.empty.button.text()]()

    # Keys of the filter box

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if watched is self.filter_box and isinstance(event, QKeyEvent) and event.type() == QEvent.Type.KeyPress:
            if event.key() == Qt.Key.Key_Escape and self.filter_box.text():
                self.filter_box.clear()
                return True
            if event.key() in (Qt.Key.Key_Down, Qt.Key.Key_Return, Qt.Key.Key_Enter):
                return self._enter_list()
        return super().eventFilter(watched, event)

    def _enter_list(self) -> bool:
        if not self.model.rowCount():
            return False
        self.view.setFocus()
        # Focus alone makes the first row current without selecting it: there would be nothing to copy.
        if not self.view.selected_rows():
            row = max(0, self.view.currentIndex().row())
            self.view.go_to_row(row)
        return True

    def _type(self, text: str) -> None:
        """Letters typed into the list continue in the filter box."""
        self.filter_box.setFocus()
        self.filter_box.setText(self.filter_box.text() + text)

    # Copying

    def _copy_clicked(self, row: int) -> None:
        app = self.model.app(row)
        self._put([app], app.app_id, "")
        self.view.mark_copied(row)

    def copy_ids(self) -> None:
        self._copy(copy_formats.as_ids, "")

    def copy_env(self) -> None:
        self._copy(partial(copy_formats.as_env, connections=self._connections), ".env")

    def copy_json(self) -> None:
        self._copy(copy_formats.as_json, "JSON")

    def copy_csv(self) -> None:
        self._copy(copy_formats.as_csv, "CSV")

    def _copy(self, form: Callable[[Sequence[AppSummary]], str], name: str) -> None:
        apps = self.selected_apps()
        if not apps:
            return
        self._put(apps, form(apps), name)
        if len(apps) == 1:
            self.view.mark_copied(self.view.selected_rows()[0])

    def _put(self, apps: Sequence[AppSummary], text: str, name: str) -> None:
        QGuiApplication.clipboard().setText(text)
        self.copied.emit(copy_formats.copied_sentence(apps, name))

    # Menu

    def _show_menu(self, at: QPoint) -> None:
        menu = self.make_menu()
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.popup(self.view.viewport().mapToGlobal(at))

    def make_menu(self) -> QMenu:
        """What can be done with the selection; entries are grey where it is not of the needed size."""
        count = self.view.selected_count()
        menu = QMenu(self)
        copy = "Copy app ID" if count < 2 else f"Copy {count:,} app IDs"
        self._entry(menu, copy, self.copy_ids, count > 0, QKeySequence(QKeySequence.StandardKey.Copy))
        self._entry(menu, "Copy as .env line" if count < 2 else "Copy as .env lines", self.copy_env, count > 0)
        self._entry(menu, "Copy as JSON", self.copy_json, count > 0)
        self._entry(menu, "Copy as CSV", self.copy_csv, count > 0)
        menu.addSeparator()
        for text, signal, key in (
            ("Open", self.open_requested, Qt.Key.Key_Return),
            ("Rename…", self.rename_requested, Qt.Key.Key_F2),
            ("Delete…", self.delete_requested, Qt.Key.Key_Delete),
        ):
            self._entry(menu, text, partial(self._request, signal), count == 1, QKeySequence(key))
        menu.addSeparator()
        menu.addMenu(self._sort_menu(menu))
        return menu

    @staticmethod
    def _entry(
        menu: QMenu, text: str, act: Callable[[], object], is_enabled: bool, key: QKeySequence | None = None
    ) -> None:
        action = QAction(text, menu)
        action.setEnabled(is_enabled)
        action.triggered.connect(lambda: act())
        if key is not None:
            action.setShortcut(key)
            action.setShortcutContext(Qt.ShortcutContext.WidgetShortcut)
        menu.addAction(action)

    def _sort_menu(self, parent: QMenu) -> QMenu:
        """The header's clicks, for the keyboard."""
        menu = QMenu("Sort by", parent)
        header = self.view.horizontalHeader()
        for column in AppColumn:
            action = QAction(HEADERS[column] or "State", menu)
            action.setCheckable(True)
            action.setChecked(header.sortIndicatorSection() == column)
            action.triggered.connect(lambda _=False, wanted=column: self._sort_again(wanted))
            menu.addAction(action)
        return menu

    def _sort_again(self, column: int) -> None:
        header = self.view.horizontalHeader()
        is_same = header.sortIndicatorSection() == column
        flip = is_same and header.sortIndicatorOrder() == Qt.SortOrder.AscendingOrder
        self.sort_by(column, Qt.SortOrder.DescendingOrder if flip else Qt.SortOrder.AscendingOrder)

    def _request(self, signal: SignalInstance) -> None:
        ref = self.selected_ref()
        if ref is not None:
            signal.emit(ref)
