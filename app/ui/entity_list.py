"""The entities of a schema: what happens to each, how many attributes it has, and finding anything in it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import (
    QAbstractItemModel,
    QAbstractListModel,
    QEvent,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    QPoint,
    QRect,
    QRectF,
    QSize,
    Qt,
    QTimer,
    Signal,
)
from PySide6.QtGui import QColor, QFont, QFontMetrics, QKeyEvent, QPainter, QPen
from PySide6.QtWidgets import (
    QAbstractItemDelegate,
    QAbstractItemView,
    QHBoxLayout,
    QLineEdit,
    QListView,
    QMenu,
    QStackedWidget,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from app.core.errors import Invalid
from app.core.status import Severity
from app.core.text import plain

from .attribute_grid_model import free_name
from .badges import text_label
from .icons import paint_state, sign
from .runner import Runner
from .schema_delegates import MARK_ROLES, mark_editor, paint_mark
from .schema_document import SchemaDocument
from .schema_find import Found, find
from .theme import colours, mono_font

if TYPE_CHECKING:
    from app.services.suite import Services

Index = QModelIndex | QPersistentModelIndex
_NO_PARENT = QModelIndex()
_PAD = 10
_SIGN = 12
_SPOKEN_MARK = {"new": "new", "changed": "changed", "renamed": "renamed", "removed": "removed"}
_LEFT = int((Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter).value)
_RIGHT = int((Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter).value)


@dataclass(frozen=True, slots=True)
class EntityRow:
    """One row; ``is_head`` is a heading that cannot be selected. ``mark`` is a kind of change or ""."""

    name: str
    side: str = ""
    mark: str = ""
    note: str = ""
    is_system: bool = False
    has_problem: bool = False
    is_head: bool = False
    found: Found | None = None


class EntityListModel(QAbstractListModel):
    """Rows that are replaced as a whole; what did not change is not repainted."""

    def __init__(self, document: SchemaDocument, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._document = document
        self.rows: list[EntityRow] = []

    def set_rows(self, rows: list[EntityRow]) -> None:
        if len(rows) != len(self.rows):
            self.beginResetModel()
            self.rows = rows
            self.endResetModel()
            return
        before, self.rows = self.rows, rows
        changed = [at for at, (old, new) in enumerate(zip(before, rows, strict=True)) if old != new]
        if changed:
            self.dataChanged.emit(self.index(changed[0]), self.index(changed[-1]))

    def row_of(self, name: str) -> int | None:
        return next((at for at, row in enumerate(self.rows) if row.name == name and not row.is_head), None)

    def rowCount(self, parent: Index = _NO_PARENT) -> int:
        return 0 if parent.isValid() else len(self.rows)

    def flags(self, index: Index) -> Qt.ItemFlag:
        if not index.isValid() or self.rows[index.row()].is_head:
            return Qt.ItemFlag.NoItemFlags
        found = Qt.ItemFlag.ItemIsSelectable | Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemNeverHasChildren
        return found if self.lock(index.row()) else found | Qt.ItemFlag.ItemIsEditable

    def lock(self, at: int) -> str:
        """Why this entity cannot be renamed or removed, "" where it can."""
        row = self.rows[at]
        if row.found is not None:
            return "This is a place that was found."
        if row.is_system:
            return f"{plain(row.name, 60)} comes with the platform: it cannot be renamed or removed."
        return self._document.lock_reason or ("It is removed with the next push." if row.mark == "removed" else "")

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid() or index.row() >= len(self.rows):
            return None
        row = self.rows[index.row()]
        if role == Qt.ItemDataRole.DisplayRole:
            return plain(row.name, 120)
        if role == Qt.ItemDataRole.EditRole:
            return row.name
        if role == Qt.ItemDataRole.AccessibleTextRole:
            parts = (plain(row.name, 120), row.side, _SPOKEN_MARK.get(row.mark, ""), row.note)
            return ", ".join(each for each in (*parts, "has problems" if row.has_problem else "") if each)
        if role == Qt.ItemDataRole.ToolTipRole and not row.is_head:
            said = f"{row.mark} {row.note}".strip()
            return f"{plain(row.name, 120)}: {said}" if said else ("Comes with the platform" if row.is_system else None)
        return None


class EntityDelegate(QStyledItemDelegate):
    """A sign for what happens to it, its name, and at the right its number of attributes."""

    editor_left = Signal(bool)  # True where what was entered was given up

    def __init__(self, view: QListView, model: EntityListModel, document: SchemaDocument) -> None:
        super().__init__(view)
        self._view, self._list, self._document = view, model, document
        self.fresh_key = ""
        self.closeEditor.connect(
            lambda _editor, hint: self.editor_left.emit(hint is QAbstractItemDelegate.EndEditHint.RevertModelCache)
        )

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        return QSize(120, max(25, QFontMetrics(self._view.font()).height() + 9))

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        row, rect, look = self._list.rows[index.row()], QRect(option.rect), colours()
        painter.save()
        if row.is_head:
            self._paint_head(painter, rect, row)
            painter.restore()
            return
        if option.state & QStyle.StateFlag.State_Selected:
            painter.fillRect(rect, QColor(look.selection))
        elif option.state & QStyle.StateFlag.State_MouseOver:
            painter.fillRect(rect, QColor(look.hover))
        role = MARK_ROLES.get(row.mark)
        room = rect.adjusted(_PAD, 0, -_PAD, 0)
        if role is not None:
            place = QRectF(room.left() - 2, room.center().y() - _SIGN / 2 + 0.5, _SIGN, _SIGN)
            paint_mark(painter, place, row.mark, QColor(getattr(look, role[0])))
        room.setLeft(room.left() + _SIGN + 2)
        room = self._paint_side(painter, room, row)
        self._paint_name(painter, room, row)
        if option.state & QStyle.StateFlag.State_HasFocus:
            painter.setPen(QPen(QColor(look.accent), 1))
            painter.drawRect(rect.adjusted(0, 0, -1, -1))
        painter.restore()

    def _paint_head(self, painter: QPainter, rect: QRect, row: EntityRow) -> None:
        font = QFont(self._view.font())
        font.setPointSizeF(font.pointSizeF() * 0.86)
        font.setWeight(QFont.Weight.DemiBold)
        painter.setFont(font)
        painter.setPen(QColor(colours().muted))
        painter.drawText(rect.adjusted(_PAD, 0, -_PAD, 0), _LEFT, row.name)

    def _paint_side(self, painter: QPainter, room: QRect, row: EntityRow) -> QRect:
        small = QFont(self._view.font())
        small.setPointSizeF(small.pointSizeF() * 0.9)
        metrics = QFontMetrics(small)
        side = metrics.elidedText(row.side, Qt.TextElideMode.ElideRight, room.width() // 2)
        painter.setFont(small)
        painter.setPen(QColor(colours().muted))
        painter.drawText(room, _RIGHT, side)
        room = room.adjusted(0, 0, -metrics.horizontalAdvance(side) - 6, 0)
        if row.has_problem:
            place = QRect(room.right() - _SIGN, room.center().y() - _SIGN // 2 + 1, _SIGN, _SIGN)
            paint_state(painter, place, Severity.ERROR)
            room = room.adjusted(0, 0, -_SIGN - 4, 0)
        return room

    def _paint_name(self, painter: QPainter, room: QRect, row: EntityRow) -> None:
        font = mono_font()
        font.setPointSizeF(self._view.font().pointSizeF())
        metrics = QFontMetrics(font)
        font.setStrikeOut(row.mark == "removed")
        painter.setFont(font)
        painter.setPen(QColor(colours().muted if row.is_system or row.mark == "removed" else colours().text))
        shown = row.found.text if row.found is not None else plain(row.name, 120)
        painter.drawText(room, _LEFT, metrics.elidedText(shown, Qt.TextElideMode.ElideRight, room.width()))

    # Renaming in place

    def createEditor(self, parent: QWidget, option: QStyleOptionViewItem, index: Index) -> QWidget:
        editor = QLineEdit(parent)
        editor.setFont(mono_font())
        editor.setMaxLength(400)
        editor.setAccessibleName(f"Name of {self._list.rows[index.row()].name}")
        mark_editor(editor, "")
        place = QPersistentModelIndex(index)
        editor.textEdited.connect(lambda text: mark_editor(editor, self.refusal(place, text)))
        return editor

    def updateEditorGeometry(self, editor: QWidget, option: QStyleOptionViewItem, index: Index) -> None:
        editor.setGeometry(QRect(option.rect).adjusted(_PAD + _SIGN - 6, 1, -4, -1))

    def setModelData(self, editor: QWidget, model: QAbstractItemModel, index: Index) -> None:
        if not isinstance(editor, QLineEdit) or not editor.isModified() or self.refusal(index, editor.text()):
            return
        old, new = self._list.rows[index.row()].name, editor.text().strip()
        if old != new:
            title = f"Rename {plain(old, 60)} to {plain(new, 60)}"
            if self.fresh_key:
                title = f"Add the entity {plain(new, 60)}"
            self._document.edit(title, lambda draft: draft.rename_entity(old, new), key=self.fresh_key, select=new)

    def refusal(self, index: Index, text: str) -> str:
        """Why this name would not be taken, "" where it would."""
        if not index.isValid():
            return ""
        old, new, rules = self._list.rows[index.row()].name, text.strip(), self._document.rules
        if old == new:
            return ""
        try:
            after = self._document.draft.rename_entity(old, new)
        except Invalid as error:
            return plain(error.fields[0].message if error.fields else error.sentence, 300)
        if rules is None:
            return ""
        from app.schema.check import check_entity

        found = check_entity(after.wanted, new, rules)
        wrong = next((each for each in found if each.place == new and each.field == "name" and each.is_error), None)
        return plain(f"{wrong.sentence} {wrong.remedy}".strip(), 400) if wrong else ""

    def eventFilter(self, editor: QObject, event: QEvent) -> bool:
        is_key = event.type() == QEvent.Type.KeyPress and isinstance(event, QKeyEvent)
        if is_key and isinstance(editor, QLineEdit) and isinstance(event, QKeyEvent):
            is_end = event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Tab)
            if is_end and mark_editor(editor, self.refusal(self._view.currentIndex(), editor.text())):
                return True
        return bool(super().eventFilter(editor, event))


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
            is_duplicate = event.key() == Qt.Key.Key_D and event.modifiers() == Qt.KeyboardModifier.ControlModifier
            keys = (Qt.Key.Key_F2, Qt.Key.Key_Delete, Qt.Key.Key_Insert)
            if is_duplicate or (is_plain and event.key() in keys):
                event.accept()
                return True
        return bool(super().event(event))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        has_control = bool(event.modifiers() & Qt.KeyboardModifier.ControlModifier)
        act = {
            Qt.Key.Key_F2: self.rename_requested,
            Qt.Key.Key_Delete: self.remove_requested,
            Qt.Key.Key_Insert: self.add_requested,
            Qt.Key.Key_Return: self.entered,
            Qt.Key.Key_Enter: self.entered,
            Qt.Key.Key_Right: self.entered,
        }.get(Qt.Key(event.key()))
        if has_control and event.key() == Qt.Key.Key_D:
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
        self._fresh = ""
        self._count = 0
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
        self.field.setToolTip("Entities, attributes and links (Ctrl+Shift+F); Enter goes there")
        self.field.setAccessibleName("Find in schema")
        self.field.setClearButtonEnabled(True)
        self.add_button.setIcon(sign("plus"))
        self.add_button.setProperty("look", "button")
        self.add_button.setToolTip("New entity (Insert)")
        self.add_button.setAccessibleName("New entity")
        top = QHBoxLayout()
        top.setContentsMargins(8, 8, 8, 8)
        top.setSpacing(6)
        top.addWidget(self.field, 1)
        top.addWidget(self.add_button)
        for view, model in ((self.view, self.model), (self.results, self.found)):
            view.setModel(model)
            view.setItemDelegate(EntityDelegate(view, model, self._document))
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
        self.field.textChanged.connect(lambda _text: self._find_timer.start())
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
        self.model.set_rows(_rows(self._document))
        self.add_button.setEnabled(not self._document.is_read_only)
        self._sync()

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
        title = f"Add the entity {name}"
        if self._document.edit(title, lambda each: each.add_entity(name), key=key, select=name):
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
            menu.addAction("Duplicate\tCtrl+D", self.duplicate).setEnabled(not is_locked and not is_removed)
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
        is_asked = bool(self.field.text().strip())
        self.found.set_rows([EntityRow(each.entity, each.side, found=each) for each in found] if is_asked else [])
        self._stack.setCurrentWidget(self.results if is_asked else self.view)
        self.empty.setText(f"Nothing in this schema is named “{plain(self.field.text(), 40)}”.")
        self.empty.setVisible(is_asked and not found)
        if found and is_asked:
            self.results.setCurrentIndex(self.found.index(0))

    def _jump(self) -> None:
        """Go to what is selected among the found."""
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


def _rows(document: SchemaDocument) -> list[EntityRow]:
    """The operator's entities by name, removed ones among them, then those of the platform under a heading."""
    marks, draft = document.entity_marks(), document.draft
    broken = {each.place.split(".", 1)[0] for each in document.problems if each.is_error}
    own: list[EntityRow] = []
    system: list[EntityRow] = []
    for each in draft.wanted.entities:
        mark = marks.get(each.name)
        kind, note = (mark.kind, mark.note) if mark is not None else ("", "")
        row = EntityRow(each.name, str(len(each.attributes)), kind, note, each.is_system, each.name in broken)
        (system if each.is_system else own).append(row)
    standing = {each.name for each in draft.wanted.entities}
    own += [
        EntityRow(name, mark="removed", note=mark.note)
        for name, mark in marks.items()
        if mark.kind == "removed" and name not in standing
    ]
    own.sort(key=lambda row: (row.name.lower(), row.name))
    system.sort(key=lambda row: row.name.lower())
    return [*own, EntityRow("SYSTEM", is_head=True), *system] if system else own
