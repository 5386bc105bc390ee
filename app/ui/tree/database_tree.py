"""The tree of databases: what there is on each connection, structures fetched when they are opened."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from PySide6.QtCore import QModelIndex, QPoint, Qt, Signal
from PySide6.QtGui import QGuiApplication, QKeyEvent, QKeySequence
from PySide6.QtWidgets import QAbstractItemView, QHBoxLayout, QMenu, QStackedWidget, QTreeView, QVBoxLayout, QWidget

from app.core.changes import Changes
from app.core.refs import AppRef
from app.core.status import ConnectionStatus
from app.core.text import plain
from app.platforms.traits import traits_of
from app.ui.parts.badges import text_label
from app.ui.parts.copy_formats import copied_sentence
from app.ui.parts.empty_state import EmptyState
from app.ui.work.runner import Runner

from .tree_delegate import TreeDelegate
from .tree_find import MOST, FoundModel, FoundView, TableFindField
from .tree_groups import TreeGroups
from .tree_model import TreeModel
from .tree_nodes import NodeKind, app_key, has_sql
from .tree_reading import TreeReading
from .tree_tables import FoundTable

if TYPE_CHECKING:
    from app.services.catalog import SchemaSnapshot

_OPENED_FIRST = 4


class TreeView(QTreeView):
    copy_requested = Signal()
    find_requested = Signal()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.matches(QKeySequence.StandardKey.Copy):
            self.copy_requested.emit()
        elif event.matches(QKeySequence.StandardKey.Find):
            self.find_requested.emit()
        else:
            super().keyPressEvent(event)


class DatabaseTree(QWidget):
    """What was open, selected and in sight stays so over a refresh, by stable keys.

    ``app_activated`` and ``app_selected`` carry an AppRef (the latter None off apps), ``refresh_requested`` a
    connection ID, ``edit_connection_requested`` too; ``copied`` a sentence for the status bar.
    """

    app_activated = Signal(object)
    entity_activated = Signal(object, str)  # AppRef and the name of the entity
    app_selected = Signal(object)
    refresh_requested = Signal(str)
    edit_connection_requested = Signal(str)
    add_connection_requested = Signal()
    foundation_requested = Signal(str, str)  # what of it, connection ID
    workspaces_requested = Signal(str)  # connection ID
    copied = Signal(str)

    def __init__(self, runner: Runner, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.reading = TreeReading(runner, self)
        self._open: dict[str, None] = {}  # in the order of opening, so that parents come before children
        self._current = ""
        self._is_restoring = False
        self._has_opened_first = False
        self.model = TreeModel(self)
        self.view = TreeView()
        self.empty = EmptyState()
        self.field = TableFindField()
        self.found_model = FoundModel(self._title_of, self)
        self.found = FoundView(self.found_model)
        self.found_note = text_label("", "muted")
        self._wanted: FoundTable | None = None  # a table to show as soon as its database is listed
        self._stack = QStackedWidget()
        self._build()
        self._connect(runner)

    def _build(self) -> None:
        view = self.view
        view.setAccessibleName("Databases")
        view.setHeaderHidden(True)
        view.setUniformRowHeights(True)
        view.setAnimated(False)
        view.setIndentation(15)
        view.setExpandsOnDoubleClick(False)
        view.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        view.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        view.setFrameShape(QTreeView.Shape.NoFrame)
        view.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        view.setModel(self.model)
        view.setItemDelegate(TreeDelegate(self.model, view))
        self.empty.tell("No connections yet", "Connect to a platform to see its databases here.", "Add connection…")
        self._stack.addWidget(view)
        self._stack.addWidget(self.empty)
        self._stack.addWidget(self.found)
        self._stack.setCurrentWidget(self.empty)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        top = QHBoxLayout()
        top.setContentsMargins(8, 6, 8, 6)
        top.addWidget(self.field)
        layout.addLayout(top)
        self.found_note.setContentsMargins(12, 2, 8, 4)
        self.found_note.setWordWrap(True)
        layout.addWidget(self.found_note)
        layout.addWidget(self._stack)
        self.field.hide()
        self.found_note.hide()
        self.setFocusProxy(view)

    def _connect(self, runner: Runner) -> None:
        view = self.view
        view.expanded.connect(self._opened)
        view.collapsed.connect(self._closed)
        view.activated.connect(self._activate)
        view.clicked.connect(self._click)
        view.copy_requested.connect(self.copy_id)
        view.customContextMenuRequested.connect(self._show_menu)
        view.selectionModel().currentChanged.connect(self._moved)
        self.empty.activated.connect(self.add_connection_requested)
        self.model.schema_wanted.connect(self.reading.schema)
        self.model.names_wanted.connect(self.reading.names)
        self.reading.schema_read.connect(self._take)
        self.reading.names_read.connect(self._take_names)
        self.reading.failed.connect(self._fail)
        view.find_requested.connect(self.enter_find)
        self.field.asked.connect(self._find)
        self.field.moved.connect(self.found.step)
        self.field.taken.connect(self._show_found)
        self.field.ended.connect(view.setFocus)
        self.found.activated.connect(lambda _index: self._show_found())
        self.found.clicked.connect(lambda _index: self._show_found())
        runner.changed.connect(self._follow)

    # What is shown

    def set_groups(self, found: TreeGroups) -> None:
        top, offset = self._first_in_sight()
        value = self.view.verticalScrollBar().value()
        self._is_restoring = True
        was_reset = self.model.set_groups(found)
        if was_reset:
            self._restore()
            self._scroll_back(top, offset, value)
        self._is_restoring = False
        self.field.setVisible(any(traits_of(each).has_sql for each in found.connections))
        self._tell_stack()
        if any(groups for _, groups in found.groups) and not self._has_opened_first:
            self._open_first()

    def _tell_stack(self) -> None:
        has_rows, is_asked = bool(self.model.rowCount()), bool(self.field.text().strip())
        found = self.found if is_asked and not self.field.isHidden() else self.view
        self._stack.setCurrentWidget(found if has_rows else self.empty)

    def set_statuses(self, statuses: Iterable[ConnectionStatus]) -> None:
        self.model.set_statuses(statuses)

    def _open_first(self) -> None:
        """On the very first look the groups are in sight; later it is what was open."""
        self._has_opened_first = True
        if not self._open:
            for row in range(min(self.model.rowCount(), _OPENED_FIRST)):
                self._unfold(self.model.index(row, 0))

    def open_nodes(self) -> list[str]:
        """Keys of the open rows, parents first, for the next start."""
        return list(self._open)

    def restore_open(self, keys: Iterable[str]) -> None:
        """Open these rows again; those that are not there (yet) are opened when they come."""
        self._open = dict.fromkeys(keys)
        self._has_opened_first = True
        self._restore()

    def select_app(self, ref: AppRef) -> bool:
        """Bring an app into sight and make it the current one; False where it is not in the tree."""
        index = self.model.index_of(app_key(ref))
        if not index.isValid():
            return False
        self._unfold(index.parent())
        self.view.setCurrentIndex(index)
        self.view.scrollTo(index)
        return True

    def current_ref(self) -> AppRef | None:
        node = self.model.node(self.view.currentIndex())
        return node.ref if node else None

    def _restore(self) -> None:
        for key in tuple(self._open):
            index = self.model.index_of(key)
            if index.isValid():
                self._unfold(index)
        index = self.model.index_of(self._current) if self._current else QModelIndex()
        if index.isValid():
            self.view.setCurrentIndex(index)

    def _unfold(self, index: QModelIndex) -> None:
        # The view fetches when it lays itself out, which is later; what is below is wanted now.
        if self.model.canFetchMore(index):
            self.model.fetchMore(index)
        self.view.expand(index)

    def _first_in_sight(self) -> tuple[str, int]:
        index = self.view.indexAt(QPoint(1, 1))
        node = self.model.node(index)
        return (node.key, self.view.visualRect(index).top()) if node else ("", 0)

    def _scroll_back(self, key: str, offset: int, value: int) -> None:
        bar = self.view.verticalScrollBar()
        index = self.model.index_of(key) if key else QModelIndex()
        if index.isValid() and value:
            self.view.scrollTo(index, QAbstractItemView.ScrollHint.PositionAtTop)
            bar.setValue(bar.value() - offset)
        else:
            bar.setValue(value)

    # Opening

    def _opened(self, index: QModelIndex) -> None:
        node = self.model.node(index)
        if node is not None:
            self._open[node.key] = None

    def _closed(self, index: QModelIndex) -> None:
        node = self.model.node(index)
        if node is not None:
            self._open.pop(node.key, None)

    def _moved(self, index: QModelIndex, _before: QModelIndex) -> None:
        node = self.model.node(index)
        if node is None or (self._is_restoring and node.key != self._current):
            return
        self._current = node.key
        if not self._is_restoring:
            self.app_selected.emit(node.ref)

    def _click(self, index: QModelIndex) -> None:
        node = self.model.node(index)
        if node is not None and node.kind in (NodeKind.MORE, NodeKind.FAILED):
            self._activate(index)

    def _activate(self, index: QModelIndex) -> None:
        node = self.model.node(index)
        if node is None:
            return
        if node.kind is NodeKind.APP:
            self.app_activated.emit(node.ref)
        elif node.kind is NodeKind.MORE:
            self._show_more(index)
        elif node.kind is NodeKind.FAILED and node.ref is not None:
            self.model.forget_schema(node.ref)
        elif self.model.hasChildren(index):
            self.view.setExpanded(index, not self.view.isExpanded(index))

    def _show_more(self, index: QModelIndex) -> None:
        """The next page; the keyboard stays where the first new row is."""
        parent, row = index.parent(), index.row()
        self.model.fetchMore(parent)
        self.view.setCurrentIndex(self.model.index(row, 0, parent))

    # Structures

    def _take(self, ref: AppRef, snapshot: SchemaSnapshot) -> None:
        self._is_restoring = True
        self.model.set_schema(ref, snapshot.schema)
        self._reopen(ref)
        self._is_restoring = False

    def _fail(self, ref: AppRef, sentence: str) -> None:
        self.model.set_failed(ref, sentence)
        self._reopen(ref)

    def _reopen(self, ref: AppRef) -> None:
        """Below an app whose rows were replaced, what was open is opened again."""
        own = app_key(ref)
        for key in tuple(self._open):
            if own in key:
                self._unfold(self.model.index_of(key))
        if own in self._current:
            index = self.model.index_of(self._current)
            if index.isValid() and index != self.view.currentIndex():
                self.view.setCurrentIndex(index)

    def _follow(self, changes: Changes) -> None:
        for ref in changes.schemas:
            self.model.forget_schema(ref)

    # Tables

    def _take_names(self, ref: AppRef, names: tuple[str, ...]) -> None:
        self._is_restoring = True
        self.model.set_names(ref, names)
        self._reopen(ref)
        self._is_restoring = False
        if self.field.text().strip():
            self._find(self.field.text())
        wanted = self._wanted
        if wanted is not None and wanted.ref == ref:
            self.show_table(wanted)

    def enter_find(self) -> None:
        """Put the keyboard into the field that finds tables."""
        if not self.field.isHidden():
            self.field.setFocus()
            self.field.selectAll()

    def _find(self, query: str) -> None:
        """Among the databases that are listed; that of the current row is listed for it."""
        self._tell_stack()
        if not query.strip():
            self.found_note.hide()
            self.found_model.show_found(())
            return
        node = self.model.node(self.view.currentIndex())
        if node is not None and node.ref is not None and has_sql(node) and node.ref not in self.model.tables.refs:
            self.reading.names(node.ref)
        self.found_model.show_found(self.model.tables.find(query))
        count, listed = self.found_model.count, len(self.model.tables.refs)
        many = f"{count:,} table{'' if count == 1 else 's'}"
        where = f"{listed:,} database{'' if listed == 1 else 's'}"
        is_none = "Open a database below its connection first: its tables are not listed yet."
        cut = f", the first {MOST} shown" if count > MOST else ""
        self.found_note.setText(f"{many} in {where}{cut}" if listed else is_none)
        self.found_note.show()
        if count:
            self.found.setCurrentIndex(self.found_model.index(0, 0))

    def _title_of(self, ref: AppRef) -> str:
        node = self.model.node(self.model.index_of(app_key(ref)))
        return node.text if node is not None else plain(ref.app_id, 60)

    def _show_found(self) -> None:
        row = self.found.currentIndex().row()
        if 0 <= row < len(self.found_model.found):
            wanted = self.found_model.found[row]
            self.field.clear()
            self._find("")
            self.show_table(wanted)

    def show_table(self, wanted: FoundTable) -> None:
        """Bring a table into sight and make it the current row; its database is opened for it."""
        app = self.model.index_of(app_key(wanted.ref))
        if not app.isValid():
            return
        self._unfold(app.parent())
        self._unfold(app)
        index = self.model.table_index(wanted.ref, wanted.entity)
        # Its names may still be on their way.
        self._wanted = None if index.isValid() else wanted
        if index.isValid():
            self._unfold(index.parent())
            self.view.setCurrentIndex(index)
            self.view.scrollTo(index, QAbstractItemView.ScrollHint.PositionAtCenter)
            self.view.setFocus()

    # Copying and the menu

    def copy_id(self) -> None:
        node = self.model.node(self.view.currentIndex())
        if node is None or node.app is None:
            return
        QGuiApplication.clipboard().setText(node.app.app_id)
        self.copied.emit(copied_sentence([node.app]))

    def _show_menu(self, at: QPoint) -> None:
        index = self.view.indexAt(at)
        if not index.isValid():
            return
        menu = self.make_menu(index)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.popup(self.view.viewport().mapToGlobal(at))

    def make_menu(self, index: QModelIndex) -> QMenu:
        """What can be done with a row."""
        from .tree_menu import tree_menu

        return tree_menu(self, self.model.node(index))
