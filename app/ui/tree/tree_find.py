"""Finds a table by ``schema.table`` among all databases whose tables are listed: a field, and what it found."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from PySide6.QtCore import (
    QAbstractListModel,
    QEvent,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    Qt,
    QTimer,
    Signal,
)
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QAbstractItemView, QLineEdit, QListView

from app.core.refs import AppRef
from app.core.text import plain
from app.ui.actions.key_tips import KeyTip

from .tree_tables import FoundTable

_AFTER_MS = 40
MOST = 200
_NONE = QModelIndex()


class FoundModel(QAbstractListModel):
    """``title_of`` names the database of a table."""

    def __init__(self, title_of: Callable[[AppRef], str], parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._title_of = title_of
        self.found: Sequence[FoundTable] = ()
        self.count = 0

    def show_found(self, found: Sequence[FoundTable]) -> None:
        """The first of them; what is looked for is found by typing on, not by scrolling."""
        self.beginResetModel()
        self.found, self.count = found[:MOST], len(found)
        self.endResetModel()

    def rowCount(self, parent: QModelIndex | QPersistentModelIndex = _NONE) -> int:
        return 0 if parent.isValid() else len(self.found)

    def data(self, index: QModelIndex | QPersistentModelIndex, role: int = 0) -> Any:
        if not index.isValid() or role not in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.ToolTipRole):
            return None
        each = self.found[index.row()]
        title = self._title_of(each.ref)
        return f"{plain(each.entity, 120)}   {title}" if role == Qt.ItemDataRole.DisplayRole else None


class TableFindField(QLineEdit):
    """Down and up go through what was found, Enter takes it, Escape ends."""

    asked = Signal(str)
    moved = Signal(int)
    taken = Signal()
    ended = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.setProperty("look", "filter")
        self.setPlaceholderText("Find schema.table")
        self.setAccessibleName("Find a table")
        KeyTip(self, "Find a table in the databases that are listed", "edit.filter")
        self.setClearButtonEnabled(True)
        self._timer = QTimer(self, singleShot=True, interval=_AFTER_MS)
        self._timer.timeout.connect(lambda: self.asked.emit(self.text()))
        self.textChanged.connect(lambda _text: self._timer.start())
        self.returnPressed.connect(self._take)

    def _take(self) -> None:
        if self._timer.isActive():
            # Who types fast presses Enter before the answer.
            self._timer.stop()
            self.asked.emit(self.text())
        self.taken.emit()

    def event(self, event: QEvent) -> bool:
        is_override = event.type() == QEvent.Type.ShortcutOverride and isinstance(event, QKeyEvent)
        if is_override and isinstance(event, QKeyEvent) and event.key() == Qt.Key.Key_Escape:
            event.accept()
            return True
        return bool(super().event(event))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Down, Qt.Key.Key_Up):
            self.moved.emit(1 if event.key() == Qt.Key.Key_Down else -1)
        elif event.key() == Qt.Key.Key_Escape:
            self.clear()
            self.ended.emit()
        else:
            super().keyPressEvent(event)


class FoundView(QListView):
    def __init__(self, model: FoundModel) -> None:
        super().__init__()
        self.setModel(model)
        self.setAccessibleName("Tables that were found")
        self.setUniformItemSizes(True)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setFrameShape(QListView.Shape.NoFrame)

    def step(self, way: int) -> None:
        rows = self.model().rowCount()
        if rows:
            row = max(0, min(rows - 1, self.currentIndex().row() + way))
            self.setCurrentIndex(self.model().index(row, 0))
