"""The table over a ``RowModel``: one click copies, letters go to the search, what is selected stays selected."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

from PySide6.QtCore import QEvent, QItemSelection, QItemSelectionModel, QModelIndex, QObject, QPoint, Qt, Signal
from PySide6.QtGui import QFontMetrics, QKeyEvent, QKeySequence, QMouseEvent
from PySide6.QtWidgets import QAbstractItemView, QLineEdit, QMenu, QTableView, QWidget

from app.ui.look.theme import mono_font

from .dialog_size import space_rows
from .row_model import RowModel
from .table_looks import dress

Row = TypeVar("Row")


class RowTable(QTableView, Generic[Row]):
    """``copy_clicked`` carries the row of a click into a column that copies."""

    copy_clicked = Signal(int)
    copy_requested = Signal()
    open_requested = Signal()
    typed = Signal(str)
    selection_settled = Signal()

    def __init__(self, model: RowModel[Row], name: str, *, stretched: int, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.rows_model = model
        self.setModel(model)
        dress(self, name, [each.letters for each in model.columns], stretched)
        self.setStyleSheet("QTableView::item { padding: 0 4px; }")
        self._size_columns()
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setFrameShape(QTableView.Shape.NoFrame)
        self.setMouseTracking(True)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.horizontalHeader().setSortIndicator(-1, Qt.SortOrder.AscendingOrder)
        self.setSortingEnabled(True)
        self.horizontalHeader().setHighlightSections(False)
        self.selectionModel().selectionChanged.connect(lambda *_: self.selection_settled.emit())
        self._press = QModelIndex()

    def _size_columns(self) -> None:
        """After the text: IDs are as wide as the fixed-width font has them."""
        width, fixed = self.fontMetrics().averageCharWidth(), QFontMetrics(mono_font()).horizontalAdvance("0")
        for at, column in enumerate(self.rows_model.columns):
            self.setColumnWidth(at, (fixed if column.is_id else width) * column.letters)

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.FontChange and hasattr(self, "_press"):
            self._size_columns()
            space_rows(self)

    # Selection

    def selected_rows(self) -> list[Row]:
        """In the order on screen."""
        return [self.rows_model.rows[at] for at in self._places() if at < len(self.rows_model.rows)]

    def _places(self) -> list[int]:
        """Selected rows, ascending. By ranges: asked row by row, thousands take seconds."""
        selection = self.selectionModel().selection()
        ranges = [selection.at(at) for at in range(selection.count())]
        return sorted({at for each in ranges for at in range(each.top(), each.bottom() + 1)})

    def rows_in_sight(self) -> list[Row]:
        """What the screen has of the list now."""
        first, last = self.rowAt(0), self.rowAt(self.viewport().height() - 1)
        return self.rows_model.rows[max(0, first) : last + 1 if last >= 0 else None] if first >= 0 else []

    def selected_keys(self) -> frozenset[str]:
        return frozenset(self.rows_model.key(at) for at in self._places())

    def keep_over(self, change: Callable[[], None]) -> None:
        """Do what resets the model, and select and show the same rows after it."""
        keys, value = self.selected_keys(), self.verticalScrollBar().value()
        current = self.currentIndex()
        now = self.rows_model.key(current.row()) if current.isValid() else ""
        change()
        self.select_keys(keys, now)
        self.verticalScrollBar().setValue(value)

    def select_keys(self, keys: frozenset[str], current: str = "") -> None:
        selection, model = self.selectionModel(), self.rows_model
        flag = QItemSelectionModel.SelectionFlag
        chosen: list[int] = []
        for at in range(model.rowCount() if keys or current else 0):
            key = model.key(at)
            if key == current:
                selection.setCurrentIndex(model.index(at, 0), flag.NoUpdate)
            if key in keys:
                chosen.append(at)
        if chosen:
            selection.select(self._spans(chosen), flag.Select | flag.Rows)
        self.selection_settled.emit()

    def _spans(self, places: Sequence[int]) -> QItemSelection:
        """Rows that follow each other are one range."""
        found, model, start = QItemSelection(), self.rows_model, 0
        for at in range(1, len(places) + 1):
            if at == len(places) or places[at] != places[at - 1] + 1:
                found.select(model.index(places[start], 0), model.index(places[at - 1], 0))
                start = at
        return found

    def go_to(self, row: int) -> None:
        if 0 <= row < self.rows_model.rowCount():
            self.selectRow(row)
            self.scrollTo(self.rows_model.index(row, 0))

    # Events

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self._press = self.indexAt(event.position().toPoint())
        super().mousePressEvent(event)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        super().mouseReleaseEvent(event)
        index = self.indexAt(event.position().toPoint())
        is_plain = event.button() is Qt.MouseButton.LeftButton and not event.modifiers()
        if is_plain and index.isValid() and index == self._press and self._is_copied(index):
            self.copy_clicked.emit(index.row())

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        index = self.indexAt(event.position().toPoint())
        shape = Qt.CursorShape.PointingHandCursor if self._is_copied(index) else Qt.CursorShape.ArrowCursor
        self.viewport().setCursor(shape)
        super().mouseMoveEvent(event)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        super().mouseDoubleClickEvent(event)
        index = self.indexAt(event.position().toPoint())
        if event.button() is Qt.MouseButton.LeftButton and index.isValid() and not self._is_copied(index):
            self.open_requested.emit()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.matches(QKeySequence.StandardKey.Copy):
            self.copy_requested.emit()
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and not event.modifiers():
            self.open_requested.emit()
        elif _is_letter(event):
            self.typed.emit(event.text())
        else:
            super().keyPressEvent(event)

    def _is_copied(self, index: QModelIndex) -> bool:
        return bool(self.rows_model.copied(index))


def _is_letter(event: QKeyEvent) -> bool:
    text = event.text()
    modifiers = event.modifiers() & ~(Qt.KeyboardModifier.ShiftModifier | Qt.KeyboardModifier.KeypadModifier)
    return bool(text) and text.isprintable() and not text.isspace() and not modifiers


class SearchBox(QLineEdit):
    """Looks through a ``RowTable`` while it is typed into; Down and Enter go to the table, Esc empties the box."""

    searched = Signal(str)

    def __init__(self, hint: str, table: RowTable[Row], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._table: QTableView = table
        self.setProperty("look", "filter")
        self.setPlaceholderText(hint)
        self.setAccessibleName(hint)
        self.setClearButtonEnabled(True)
        self.setMaxLength(200)
        self.textChanged.connect(self.searched)
        table.typed.connect(self._take_letter)
        self.installEventFilter(self)

    def _take_letter(self, text: str) -> None:
        self.setFocus()
        self.setText(self.text() + text)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if watched is self and isinstance(event, QKeyEvent) and event.type() == QEvent.Type.KeyPress:
            if event.key() == Qt.Key.Key_Escape and self.text():
                self.clear()
                return True
            if event.key() in (Qt.Key.Key_Down, Qt.Key.Key_Return, Qt.Key.Key_Enter):
                self._enter()
                return True
        return super().eventFilter(watched, event)

    def _enter(self) -> None:
        model = self._table.model()
        if model.rowCount():
            self._table.setFocus()
            if not self._table.selectionModel().hasSelection():
                self._table.selectRow(max(0, self._table.currentIndex().row()))


def menu_of(parent: QWidget, entries: Sequence[tuple[str, Callable[[], object], bool] | None]) -> QMenu:
    """Entries as (text, act, is enabled); None is a line between."""
    menu = QMenu(parent)
    for entry in entries:
        if entry is None:
            menu.addSeparator()
            continue
        text, act, is_enabled = entry
        action = menu.addAction(text)
        action.triggered.connect(lambda _=False, act=act: act())
        action.setEnabled(is_enabled)
    return menu


def pop_up(menu: QMenu, table: QTableView, at: QPoint) -> None:
    menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    menu.popup(table.viewport().mapToGlobal(at))
