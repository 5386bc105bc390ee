"""One grid of the schema editor: rows as tall as the text, cells that are edited in place, everything by keyboard."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import QEvent, QItemSelection, QItemSelectionModel, QModelIndex, QPoint, QSize, Qt, Signal
from PySide6.QtGui import QFocusEvent, QGuiApplication, QKeyEvent, QKeySequence, QMouseEvent, QResizeEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHeaderView,
    QMenu,
    QSizePolicy,
    QTableView,
    QWidget,
)

from app.ui.actions.key_tips import is_duplicate_here, keys_near

from .schema_delegates import SchemaDelegate
from .schema_grid_model import SchemaGridModel

_FEWEST_ROWS = 2
_FEWEST_LETTERS, _FEWEST_OF_REMARKS = 13, 9
_MEASURED_ROWS = 80
_MOST_AIR = 36
_CHANGE_LETTERS, _LEAST_CHANGE_LETTERS = 22, 15
_ENTER = frozenset({Qt.Key.Key_Return, Qt.Key.Key_Enter})
# Keys of the window that mean something else in a grid.
_OWN_KEYS = frozenset({Qt.Key.Key_F2, Qt.Key.Key_Delete, Qt.Key.Key_Insert, Qt.Key.Key_Space})


class SchemaGrid(QTableView):
    """A table as tall as its rows where there is room. Space ticks, Enter and F2 edit, Delete removes or restores,
    Insert adds, Ctrl+D duplicates; Tab goes along the cells, and on from the last one."""

    add_requested = Signal()
    entered = Signal()  # the keyboard came here
    left = Signal(int)  # the keyboard went past the last row (1) or the first (-1)

    def __init__(self, model: SchemaGridModel[Any], name: str, last_column: int, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.grid = model
        self.fewest_rows = _FEWEST_ROWS  # in sight where there is little room
        self._last_column = last_column
        self._fresh: tuple[str, str] | None = None  # (name of a part just added, key that its first rename merges with)
        self._count = 0
        self._pressed: tuple[int, int] | None = None
        self.setAccessibleName(name)
        self._look()
        self.setModel(model)
        self.schema_delegate = SchemaDelegate(self, model)
        self.setItemDelegate(self.schema_delegate)
        self.schema_delegate.editor_left.connect(self._editor_left)
        model.modelReset.connect(self._resized)
        model.rowsInserted.connect(self._resized)
        model.rowsRemoved.connect(self._resized)
        model.dataChanged.connect(self._fit)
        self.horizontalScrollBar().rangeChanged.connect(self.updateGeometry)
        self.restyle()

    def _look(self) -> None:
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        triggers = QAbstractItemView.EditTrigger
        self.setEditTriggers(triggers.DoubleClicked | triggers.EditKeyPressed | triggers.AnyKeyPressed)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setShowGrid(False)
        self.setWordWrap(False)
        self.setTabKeyNavigation(True)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.customContextMenuRequested.connect(self._show_menu)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Maximum)
        rows, header = self.verticalHeader(), self.horizontalHeader()
        rows.hide()
        rows.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        rows.setMinimumSectionSize(1)
        header.setHighlightSections(False)
        header.setSectionsClickable(False)
        header.setMinimumSectionSize(8)
        header.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        header.setTextElideMode(Qt.TextElideMode.ElideRight)

    def restyle(self) -> None:
        """Row height and column widths for the font in force."""
        self.verticalHeader().setDefaultSectionSize(max(27, self.fontMetrics().height() + 11))
        self._resized()

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.FontChange and hasattr(self, "schema_delegate"):
            self.restyle()

    # Size

    def _height(self, rows: int) -> int:
        bar = self.horizontalScrollBar()
        extra = bar.sizeHint().height() if bar.maximum() > 0 else 0
        return (
            self.horizontalHeader().sizeHint().height() + rows * self.verticalHeader().defaultSectionSize() + extra + 1
        )

    def sizeHint(self) -> QSize:
        return QSize(400, self._height(max(1, self.grid.rowCount())))

    def minimumSizeHint(self) -> QSize:
        return QSize(120, self._height(min(self.fewest_rows, max(1, self.grid.rowCount()))))

    def _resized(self) -> None:
        for column in self.grid.hidden:
            self.setColumnHidden(column, True)
        self._fit()
        self.updateGeometry()

    def _fit(self) -> None:
        """As wide as the contents; where that is too wide, texts give way. The last column takes what is left."""
        wanted = [self._wanted(column) for column in range(self._last_column)]
        shown = len(wanted) - len(self.grid.hidden)
        # The same room for what changes in every entity: columns must not move because something is staged.
        letter = self.fontMetrics().averageCharWidth()
        room = self.viewport().width() - _CHANGE_LETTERS * letter
        if sum(wanted) > room:
            room = min(sum(wanted), self.viewport().width() - _LEAST_CHANGE_LETTERS * letter)
        slack = room - sum(wanted)
        if slack < 0 < room:
            wanted = self._squeezed(wanted, room)
        elif slack > 0:
            # Some air, but not so much that the eye loses the row.
            air = min(_MOST_AIR, slack // (2 * shown))
            wanted = [each + air if each else 0 for each in wanted]
        # A bar only for what is there to be read.
        letters = _LEAST_CHANGE_LETTERS if self._has_changes() else 0
        least = max(self.horizontalHeader().minimumSectionSize(), letters * self.fontMetrics().averageCharWidth())
        wanted.append(max(least, self.viewport().width() - sum(wanted)))
        for column, width in enumerate(wanted):
            if width and self.columnWidth(column) != width:
                self.setColumnWidth(column, width)

    def _has_changes(self) -> bool:
        return any(self.grid.row(row).mark is not None for row in range(min(_MEASURED_ROWS, self.grid.rowCount())))

    def _wanted(self, column: int) -> int:
        if column in self.grid.hidden:
            return 0
        metrics = self.horizontalHeader().fontMetrics()
        widest = metrics.horizontalAdvance(self.grid.titles[column]) + 18
        rows = range(min(_MEASURED_ROWS, self.grid.rowCount()))
        return min(320, max([widest, *(self.schema_delegate.width_of(row, column) for row in rows)]))

    def _squeezed(self, wanted: list[int], room: int) -> list[int]:
        """Remarks give way before names, of them the widest first; none below what can still be read."""
        givers = [at for at in range(len(wanted)) if wanted[at] and self.grid.is_name(at)]
        names = [at for at in givers if self._is_name(at)]
        without = self._narrowed(wanted, room, [at for at in givers if at not in names])
        return self._narrowed(without, room, names)

    def _narrowed(self, wanted: list[int], room: int, givers: list[int]) -> list[int]:
        widths = list(wanted)
        excess = sum(widths) - room
        least = {at: self._least(at) for at in givers}
        while excess > 0:
            giving = [at for at, width in least.items() if widths[at] > width]
            if not giving:
                break
            widest = max(giving, key=lambda at: widths[at])
            others = [widths[at] for at in giving if widths[at] < widths[widest]]
            give = min(excess, max(1, widths[widest] - max([least[widest], *others])))
            widths[widest] -= give
            excess -= give
        return widths

    def _is_name(self, column: int) -> bool:
        return self.grid.cell(0, column).kind == "name"

    def _least(self, column: int) -> int:
        """What can still be read of a name, or seen of a remark."""
        letters = _FEWEST_LETTERS if self._is_name(column) else _FEWEST_OF_REMARKS
        return letters * self.fontMetrics().averageCharWidth()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    # Rows

    def selected_rows(self) -> list[int]:
        """Top to bottom; the current row where none is selected."""
        selection = self.selectionModel().selection()
        found: set[int] = set()
        for at in range(selection.count()):
            found.update(range(selection.at(at).top(), selection.at(at).bottom() + 1))
        current = self.currentIndex().row()
        return sorted(found) if found else ([current] if current >= 0 else [])

    def rows_for_edit(self, row: int) -> list[int]:
        """All selected rows where this one is among them, with it in front."""
        rows = self.selected_rows()
        return [row, *(each for each in rows if each != row)] if row in rows else [row]

    def show_rows(self, rows: list[int], column: int = 0) -> None:
        """Select rows, the first with the keyboard on it."""
        if not rows:
            return
        picked = QItemSelection()
        for row in rows:
            picked.select(self.grid.index(row, 0), self.grid.index(row, self._last_column))
        first = self.grid.index(rows[0], column)
        self.selectionModel().setCurrentIndex(first, QItemSelectionModel.SelectionFlag.NoUpdate)
        self.selectionModel().select(picked, QItemSelectionModel.SelectionFlag.ClearAndSelect)
        self.scrollTo(first)

    # Edits

    def add(self) -> None:
        """Add a part and open its name; leaving the name with Esc takes it back."""
        self._count += 1
        key = f"add {self.accessibleName()} {id(self)} {self._count}"
        name = self.grid.add(key)
        row = self.grid.row_of(name) if name else None
        if row is None:
            return
        self._fresh = (name, key)
        self.setFocus()
        self.show_rows([row], self.grid.first)
        self.edit(self.grid.index(row, self.grid.first))

    def duplicate(self) -> None:
        names = self.grid.duplicate(self.selected_rows())
        rows = [row for row in (self.grid.row_of(each) for each in names) if row is not None]
        self.show_rows(rows)

    def remove_or_restore(self) -> None:
        rows = self.selected_rows()
        current = self.currentIndex()
        if rows and self.grid.remove_or_restore(rows) and self.grid.rowCount():
            # A row that was only added is gone; the keyboard stays where it was.
            self.show_rows([min(current.row() if current.isValid() else rows[0], self.grid.rowCount() - 1)])

    def merge_key(self, row: int) -> str:
        """The rename of a part just added is one step with adding it."""
        if self._fresh is not None and self.grid.row_of(self._fresh[0]) == row:
            return self._fresh[1]
        return ""

    def _editor_left(self, is_given_up: bool) -> None:
        fresh, self._fresh = self._fresh, None
        stack = self.grid.document.undo_stack
        if fresh is not None and is_given_up and self.grid.row_of(fresh[0]) is not None and stack.canUndo():
            stack.undo()

    def toggle(self, index: QModelIndex) -> None:
        if not self.grid.can_edit(index.row(), index.column()):
            self._say_locked(index)
            return
        self.grid.toggle(self.rows_for_edit(index.row()), index.column(), index.row())

    def _say_locked(self, index: QModelIndex) -> None:
        lock = self.grid.lock(index.row(), index.column())
        if lock:
            self.grid.document.refused.emit(lock, self.grid.place(index.row()))

    def copy(self) -> None:
        """The selected rows as lines of tab-separated text."""
        columns = [at for at in range(self._last_column + 1) if at not in self.grid.hidden]
        lines = [
            "\t".join(str(self.grid.index(row, at).data() or "") for at in columns) for row in self.selected_rows()
        ]
        QGuiApplication.clipboard().setText("\n".join(lines))

    def _show_menu(self, place: QPoint) -> None:
        rows, is_locked = self.selected_rows(), bool(self.grid.document.lock_reason)
        can_remove = any(self.grid.row(at).is_removed or not self.grid.lock(at, 0) for at in rows)
        is_gone = bool(rows) and all(self.grid.row(at).is_removed for at in rows)
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.addAction("New\tIns", self.add_requested.emit).setEnabled(not is_locked)
        menu.addAction("Edit\tF2", lambda: self.edit_cell(self.currentIndex())).setEnabled(bool(rows) and not is_gone)
        keys = keys_near(self, "schema.duplicate", "Ctrl+D")
        can_copy = bool(rows) and not is_locked and not is_gone
        menu.addAction(f"Duplicate\t{keys}", self.duplicate).setEnabled(can_copy)
        remove = menu.addAction("Restore\tDel" if is_gone else "Remove\tDel", self.remove_or_restore)
        remove.setEnabled(can_remove and not is_locked)
        menu.addSeparator()
        menu.addAction("Copy\tCtrl+C", self.copy).setEnabled(bool(rows))
        menu.popup(self.viewport().mapToGlobal(place))

    # Keys and mouse

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.ShortcutOverride and isinstance(event, QKeyEvent) and self._is_own(event):
            event.accept()
            return True
        return bool(super().event(event))

    def _is_own(self, event: QKeyEvent) -> bool:
        is_plain = event.modifiers() in (Qt.KeyboardModifier.NoModifier, Qt.KeyboardModifier.KeypadModifier)
        is_own = event.matches(QKeySequence.StandardKey.Copy) or (is_plain and event.key() in _OWN_KEYS)
        return is_own or is_duplicate_here(self, event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if self.state() == self.State.EditingState:
            # Keys that the open editor did not want.
            event.ignore()
        elif not self._act_on_key(event):
            super().keyPressEvent(event)

    def _act_on_key(self, event: QKeyEvent) -> bool:
        index, key = self.currentIndex(), event.key()
        has_control = bool(event.modifiers() & Qt.KeyboardModifier.ControlModifier)
        if event.matches(QKeySequence.StandardKey.Copy):
            self.copy()
        elif key == Qt.Key.Key_Insert:
            self.add_requested.emit()
        elif is_duplicate_here(self, event):
            self.duplicate()
        elif key == Qt.Key.Key_Delete and not has_control:
            self.remove_or_restore()
        elif not index.isValid() or has_control:
            return False
        elif key in _ENTER or key == Qt.Key.Key_F2:
            self.edit_cell(index)
        elif key == Qt.Key.Key_Space:
            self.toggle(index) if self._is_flag(index) else self.edit_cell(index)
        elif key == Qt.Key.Key_Down and index.row() == self.grid.rowCount() - 1:
            self.left.emit(1)
        elif key == Qt.Key.Key_Up and index.row() == 0:
            self.left.emit(-1)
        else:
            return False
        return True

    def edit_cell(self, index: QModelIndex) -> None:
        """Open the editor of a cell, tick its box, or say why it is locked."""
        if self._is_flag(index):
            self.toggle(index)
        elif self.grid.can_edit(index.row(), index.column()):
            self.edit(index)
        else:
            self._say_locked(index)

    def _is_flag(self, index: QModelIndex) -> bool:
        return self.grid.editor_kind(index) == "flag"

    def focusInEvent(self, event: QFocusEvent) -> None:
        super().focusInEvent(event)
        self.entered.emit()
        if self.currentIndex().isValid() and not self.selectionModel().hasSelection():
            self.show_rows([self.currentIndex().row()], self.currentIndex().column())

    def focusNextPrevChild(self, is_next: bool) -> bool:
        """Tab goes along the cells, and leaves the grid after the last one."""
        index = self.currentIndex()
        last = (self.grid.rowCount() - 1, self._last_column)
        at = (index.row(), index.column())
        is_over = not index.isValid() or at == (last if is_next else (0, 0))
        self.setTabKeyNavigation(not is_over)
        return bool(super().focusNextPrevChild(is_next))

    def mousePressEvent(self, event: QMouseEvent) -> None:
        index = self.indexAt(event.position().toPoint())
        self._pressed = None
        if event.button() == Qt.MouseButton.LeftButton and index.isValid() and self._is_flag(index):
            self._pressed = (index.row(), index.column())
            is_among = len(self.selected_rows()) > 1 and index.row() in self.selected_rows()
            if is_among and event.modifiers() == Qt.KeyboardModifier.NoModifier:
                # The selection stays: the tick is for all of it.
                self.selectionModel().setCurrentIndex(index, QItemSelectionModel.SelectionFlag.NoUpdate)
                return
        super().mousePressEvent(event)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        index = self.indexAt(event.position().toPoint())
        pressed, self._pressed = self._pressed, None
        super().mouseReleaseEvent(event)
        if pressed == (index.row(), index.column()) and event.modifiers() == Qt.KeyboardModifier.NoModifier:
            self.toggle(index)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        index = self.indexAt(event.position().toPoint())
        if index.isValid() and self._is_flag(index):
            self.mousePressEvent(event)
            return
        if index.isValid() and not self.grid.can_edit(index.row(), index.column()):
            self._say_locked(index)
        super().mouseDoubleClickEvent(event)
