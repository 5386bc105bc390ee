"""The entities of a schema: what happens to each, how many attributes it has, and finding anything in it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, QModelIndex, QObject, QPoint, Qt, QTimer, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHBoxLayout,
    QLineEdit,
    QListView,
    QMenu,
    QStackedWidget,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from app.core.text import plain
from app.core.words import free_name
from app.ui.actions.key_tips import KeyTip, is_duplicate_here, keys_near
from app.ui.look.icons import sign
from app.ui.parts.badges import text_label
from app.ui.schema.entity_start import add_entity
from app.ui.schema.schema_document import SchemaDocument
from app.ui.schema.schema_find import Found, find
from app.ui.work.runner import Runner

from .entity_delegate import EntityDelegate
from .entity_list_model import EntityListModel, EntityRow, EntityRows

if TYPE_CHECKING:
    from app.services.suite import Services


class EntityView(QListView):
    """F2 renames, Delete removes or restores, Insert adds, Ctrl+D duplicates."""

    add_requested = Signal()
    duplicate_requested = Signal()
    remove_requested = Signal()
    rename_requested = Signal()
    entered = Signal()  # Enter or Right: on to what is selected

    def __init__(self, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName(name)
        self.setUniformItemSizes(True)
        self.setMouseTracking(True)
        self.setEditTriggers(QAbstractItemView.EditTrigger.DoubleClicked)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.ShortcutOverride and isinstance(event, QKeyEvent):
            is_plain = event.modifiers() == Qt.KeyboardModifier.NoModifier
            keys = (Qt.Key.Key_F2, Qt.Key.Key_Delete, Qt.Key.Key_Insert)
            if is_duplicate_here(self, event) or (is_plain and event.key() in keys):
                event.accept()
                return True
        return bool(super().event(event))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if self.state() == self.State.EditingState:
            # Keys that the open name did not want.
            event.ignore()
            return
        has_control = bool(event.modifiers() & Qt.KeyboardModifier.ControlModifier)
        act = {
            Qt.Key.Key_F2: self.rename_requested,
            Qt.Key.Key_Delete: self.remove_requested,
            Qt.Key.Key_Insert: self.add_requested,
            Qt.Key.Key_Return: self.entered,
            Qt.Key.Key_Enter: self.entered,
            Qt.Key.Key_Right: self.entered,
        }.get(Qt.Key(event.key()))
        if is_duplicate_here(self, event):
            self.duplicate_requested.emit()
        elif act is not None and not has_control:
            act.emit()
        else:
            super().keyPressEvent(event)


class EntityList(QWidget):
    """The field above the list finds anything in the schema; what it found takes the list's place."""

    entered = Signal()  # the keyboard goes on to the grids

    def __init__(self, document: SchemaDocument, runner: Runner, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._document, self._runner = document, runner
        self._rows = EntityRows(document)
        self._fresh = ""
        self._count = 0
        self._is_searching = False  # what is listed is not yet what the field asks for
        self._is_jump_wanted = False  # Enter came before the answer
        self.field = QLineEdit()
        self.add_button = QToolButton()
        self.view, self.results = EntityView("Entities"), EntityView("Found in the schema")
        self.model, self.found = EntityListModel(document, self), EntityListModel(document, self)
        self.empty = text_label("", "muted")
        self._stack = QStackedWidget()
        self._lay_out()
        self._connect()
        self._fill()

    def _lay_out(self) -> None:
        self.field.setProperty("look", "filter")
        self.field.setPlaceholderText("Find in schema")
        KeyTip(self.field, "Entities, attributes and links", "schema.find", more="; Enter goes there")
        self.field.setAccessibleName("Find in schema")
        self.field.setClearButtonEnabled(True)
        self.add_button.setIcon(sign("plus"))
        self.add_button.setProperty("look", "button")
        KeyTip(self.add_button, "New entity", "schema.add_entity", also="Insert")
        self.add_button.setAccessibleName("New entity")
        top = QHBoxLayout()
        top.setContentsMargins(8, 8, 8, 8)
        top.setSpacing(6)
        top.addWidget(self.field, 1)
        top.addWidget(self.add_button)
        for view, model in ((self.view, self.model), (self.results, self.found)):
            view.setModel(model)
            view.setItemDelegate(EntityDelegate(view, model, self._document))
            view.setMinimumHeight(self.fontMetrics().height() * 3)
            self._stack.addWidget(view)
        self.empty.setWordWrap(True)
        self.empty.setContentsMargins(14, 6, 8, 6)
        self.empty.hide()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addLayout(top)
        layout.addWidget(self.empty)
        layout.addWidget(self._stack, 1)
        self.setMinimumWidth(150)

    def _connect(self) -> None:
        document, view = self._document, self.view
        document.changed.connect(self._fill)
        document.base_changed.connect(self._fill)
        document.review_changed.connect(self._fill)
        document.selected.connect(lambda _name: self._sync())
        self.model.modelReset.connect(self._sync)
        view.selectionModel().currentChanged.connect(lambda now, _before: self._choose(now))
        view.add_requested.connect(self.add)
        view.rename_requested.connect(self.rename)
        view.remove_requested.connect(self.remove_or_restore)
        view.duplicate_requested.connect(self.duplicate)
        view.entered.connect(self.entered)
        view.customContextMenuRequested.connect(self._show_menu)
        self._delegate.editor_left.connect(self._editor_left)
        self.add_button.clicked.connect(self.add)
        self._find_timer = QTimer(self, singleShot=True, interval=60)
        self._find_timer.timeout.connect(self._find)
        self.field.textChanged.connect(self._search)
        self.field.returnPressed.connect(self._jump)
        self.field.installEventFilter(self)
        self.results.entered.connect(self._jump)
        self.results.clicked.connect(lambda _index: self._jump())

    @property
    def _delegate(self) -> EntityDelegate:
        delegate = self.view.itemDelegate()
        assert isinstance(delegate, EntityDelegate)
        return delegate

    # The list

    def _fill(self) -> None:
        self.model.set_rows(self._rows.rows())
        self.add_button.setEnabled(not self._document.is_read_only)
        self._sync()
        if self._stack.currentWidget() is self.view:
            self._tell_empty()

    def _tell_empty(self) -> None:
        has_own = any(not row.is_system and not row.is_head for row in self.model.rows)
        add = "" if self._document.is_read_only else " + or Insert adds the first."
        self.empty.setText(f"No entities of your own yet.{add}")
        self.empty.setVisible(self._document.is_open and not has_own)

    def _sync(self) -> None:
        """Put the list's current row onto the entity that is shown."""
        row = self.model.row_of(self._document.selected_entity)
        if row is not None and self.view.currentIndex().row() != row:
            self.view.setCurrentIndex(self.model.index(row))

    def _choose(self, index: QModelIndex) -> None:
        if index.isValid() and not self.model.rows[index.row()].is_head:
            self._document.select(self.model.rows[index.row()].name)

    def current(self) -> EntityRow | None:
        index = self.view.currentIndex()
        return self.model.rows[index.row()] if index.isValid() else None

    # Edits

    def add(self) -> None:
        """Add an entity and open its name; leaving the name with Esc takes it back."""
        draft = self._document.draft
        taken = {each.name for each in (*draft.wanted.entities, *draft.base.entities)}
        name = free_name("entity", taken)
        self._count += 1
        key = f"add entity {id(self)} {self._count}"
        title, rules = f"Add the entity {name}", self._document.rules
        if self._document.edit(title, lambda each: add_entity(each, name, rules), key=key, select=name):
            self.clear_find()
            self._fresh = self._delegate.fresh_key = key
            self.view.setFocus()
            self.view.edit(self.view.currentIndex())

    def _editor_left(self, is_given_up: bool) -> None:
        fresh, self._fresh, self._delegate.fresh_key = self._fresh, "", ""
        if fresh and is_given_up and self._document.undo_stack.canUndo():
            self._document.undo_stack.undo()

    def rename(self) -> None:
        index = self.view.currentIndex()
        if index.isValid() and not self.model.lock(index.row()):
            self.view.edit(index)
        elif index.isValid():
            self._document.refused.emit(self.model.lock(index.row()), self.model.rows[index.row()].name)

    def duplicate(self) -> None:
        row = self.current()
        if row is None or row.mark == "removed":
            return
        taken = {each.name for each in (*self._document.draft.wanted.entities, *self._document.draft.base.entities)}
        stem = row.name.lstrip("$") or "entity"
        name = free_name(f"{stem}_copy", taken)
        title = f"Duplicate {plain(row.name, 60)}"
        self._document.edit(title, lambda draft: draft.duplicate_entity(row.name, name), select=name)

    def remove_or_restore(self) -> None:
        row = self.current()
        if row is None:
            return
        name = row.name
        if row.mark == "removed":
            self._document.edit(f"Restore {plain(name, 60)}", lambda draft: draft.restore_entity(name), select=name)
            return
        lock = self.model.lock(self.view.currentIndex().row())
        if lock:
            self._document.refused.emit(lock, name)
            return
        self._document.edit(f"Remove {plain(name, 60)}", lambda draft: draft.drop_entity(name))

    def _show_menu(self, place: QPoint) -> None:
        index = self.view.indexAt(place)
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.addAction("New entity\tIns", self.add).setEnabled(not self._document.is_read_only)
        if index.isValid() and not self.model.rows[index.row()].is_head:
            self.view.setCurrentIndex(index)
            row, is_locked = self.model.rows[index.row()], self._document.is_read_only
            is_removed = row.mark == "removed"
            menu.addAction("Rename\tF2", self.rename).setEnabled(not self.model.lock(index.row()))
            keys = keys_near(self, "schema.duplicate", "Ctrl+D")
            menu.addAction(f"Duplicate\t{keys}", self.duplicate).setEnabled(not is_locked and not is_removed)
            remove = menu.addAction("Restore\tDel" if is_removed else "Remove\tDel", self.remove_or_restore)
            remove.setEnabled(not is_locked and (is_removed or not self.model.lock(index.row())))
        menu.popup(self.view.viewport().mapToGlobal(place))

    # Finding

    def focus_find(self) -> None:
        self.field.setFocus()
        self.field.selectAll()

    def clear_find(self) -> None:
        self.field.clear()
        self._find_timer.stop()
        self._show_found(())

    def _search(self) -> None:
        self._is_searching = True
        self._is_jump_wanted = False
        self._find_timer.start()

    def _find(self) -> None:
        query = self.field.text()
        if not query.strip():
            self._show_found(())
            return
        schema = self._document.draft.wanted

        async def look(_services: Services) -> tuple[Found, ...]:
            import asyncio

            return await asyncio.to_thread(find, schema, query)

        self._runner.start(
            look, owner=self, title="Find in the schema", done=self._show_found, replaces="find", quiet=True
        )

    def _show_found(self, found: Sequence[Found]) -> None:
        self._is_searching = False
        is_asked = bool(self.field.text().strip())
        self.found.set_rows([EntityRow(each.entity, each.side, found=each) for each in found] if is_asked else [])
        self._stack.setCurrentWidget(self.results if is_asked else self.view)
        if is_asked:
            self.empty.setText(f"Nothing in this schema is named “{plain(self.field.text(), 40)}”.")
            self.empty.setVisible(not found)
        else:
            self._tell_empty()
        if found and is_asked:
            self.results.setCurrentIndex(self.found.index(0))
            if self._is_jump_wanted:
                self._jump()

    def _jump(self) -> None:
        """Go to what is selected among the found; who types fast presses Enter before it is."""
        self._is_jump_wanted = self._is_searching
        if self._is_searching:
            return
        index = self.results.currentIndex()
        if self._stack.currentWidget() is not self.results or not index.isValid():
            return
        found = self.found.rows[index.row()].found
        if found is not None:
            self.clear_find()
            self._document.select(found.entity, found.part or None)
            if not found.part:
                self.entered.emit()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if watched is self.field and event.type() == QEvent.Type.KeyPress and isinstance(event, QKeyEvent):
            if event.key() in (Qt.Key.Key_Down, Qt.Key.Key_Up) and self.found.rows:
                step = 1 if event.key() == Qt.Key.Key_Down else -1
                row = max(0, min(len(self.found.rows) - 1, self.results.currentIndex().row() + step))
                self.results.setCurrentIndex(self.found.index(row))
                return True
            if event.key() == Qt.Key.Key_Escape and self.field.text():
                self.clear_find()
                self.view.setFocus()
                return True
        return bool(super().eventFilter(watched, event))

    def refresh_looks(self) -> None:
        self.add_button.setIcon(sign("plus"))
