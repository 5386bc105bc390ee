"""The table of apps: one click on an ID copies it, typing filters, everything by keyboard too."""

from __future__ import annotations

from PySide6.QtCore import (
    QEvent,
    QItemSelection,
    QItemSelectionModel,
    QModelIndex,
    QPersistentModelIndex,
    QPoint,
    Qt,
    QTimer,
    Signal,
)
from PySide6.QtGui import QKeyEvent, QKeySequence, QMouseEvent, QPainter, QPaintEvent, QResizeEvent, QShowEvent
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QTableView, QWidget

from app.core.apps import AppSummary
from app.core.refs import AppRef
from app.ui.look.theme import colours

from .app_list_model import AppListModel
from .app_row_painter import AppRowPainter, Frame
from .app_table import AppColumn, AppTable

_MARK_MS = 1400
_LOOK_CHANGES = frozenset({QEvent.Type.FontChange, QEvent.Type.PaletteChange, QEvent.Type.StyleChange})
# In pixels at 100 %, for text of 7 pixels a letter; the other columns share what is left.
_WIDTHS = {
    AppColumn.STATE: 34,
    AppColumn.KIND: 95,
    AppColumn.WHERE: 104,
    AppColumn.AGENTS: 64,
    AppColumn.CREATED: 96,
}
# What these would like to have, and what they shrink to, with their texts cut, before the list scrolls sideways.
_SHARING = {AppColumn.TITLE: (150, 80), AppColumn.OWNER: (140, 60), AppColumn.SEEN: (130, 50)}


class _Kept:
    """What is selected and in sight, by row id of one table, while the model is reset."""

    def __init__(self, table: AppTable) -> None:
        self.table = table
        self.selected: list[int] = []
        self.current: int | None = None
        self.top: int | None = None
        self.offset = 0
        self.value = 0

    def moved_to(self, table: AppTable) -> None:
        """The same apps in another table; those that are gone are dropped."""
        if table is self.table:
            return
        self.selected = [found for each in self.selected if (found := table.find(self.table.ref(each))) is not None]
        self.current = None if self.current is None else table.find(self.table.ref(self.current))
        self.top = None if self.top is None else table.find(self.table.ref(self.top))
        self.table = table


class AppListView(QTableView):
    """Signals say what the operator wants; the panel does it."""

    id_clicked = Signal(int)  # row
    copy_requested = Signal()
    open_requested = Signal()
    rename_requested = Signal()
    delete_requested = Signal()
    typed = Signal(str)
    escaped = Signal()
    selection_settled = Signal()  # the selection is another one now; not emitted while a refresh restores it

    def __init__(self, model: AppListModel, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._list = model
        self._painter = AppRowPainter(model, self)
        self._kept: _Kept | None = None
        self._scale = 1.0
        self._fitted: tuple[object, ...] | None = None  # the look that the columns have their widths for
        self._pressed: QPersistentModelIndex | None = None
        self._mark_timer = QTimer(self, singleShot=True, interval=_MARK_MS)
        self._mark_timer.timeout.connect(self._unmark)
        self._fit_timer = QTimer(self, singleShot=True, interval=0)
        self._fit_timer.timeout.connect(self._fit)
        self.setAccessibleName("Apps")
        self._look()
        # Before the base class hears of the reset and forgets the selection.
        model.modelAboutToBeReset.connect(self._keep)
        self.setModel(model)
        # A header of its own mind: to draw itself it would ask for each of 100,000 rows whether it is selected.
        self.horizontalHeader().setSelectionModel(QItemSelectionModel(model, self))
        model.modelReset.connect(self._restore)
        self._lay_out_columns()

    def _look(self) -> None:
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setFrameShape(QTableView.Shape.NoFrame)
        self.setShowGrid(False)
        self.setWordWrap(False)
        self.setTabKeyNavigation(False)
        self.setMouseTracking(True)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        rows = self.verticalHeader()
        rows.hide()
        rows.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        rows.setMinimumSectionSize(1)

    def _lay_out_columns(self) -> None:
        header = self.horizontalHeader()
        header.setHighlightSections(False)
        header.setMinimumSectionSize(24)
        header.setSectionsClickable(True)
        header.setSortIndicatorShown(True)
        header.setStretchLastSection(True)

    def _fit(self) -> None:
        """Row height and column widths for the font in force; nothing where they are for that font already."""
        look = (self.font().key(), colours())
        if look == self._fitted:
            return
        self._fitted = look
        self._painter.restyle()
        metrics = self.fontMetrics()
        self._scale = max(1.0, metrics.averageCharWidth() / 7)
        self.verticalHeader().setDefaultSectionSize(max(28, metrics.height() + 11))
        for column, width in _WIDTHS.items():
            self.setColumnWidth(column, int(width * self._scale))
        self.setColumnWidth(AppColumn.APP_ID, self._painter.id_width("0" * 36) + 6)
        self._share_width()

    @property
    def row_height(self) -> int:
        """In pixels; the same for all rows, so that 100,000 of them need no measuring."""
        return self.verticalHeader().defaultSectionSize()

    def changeEvent(self, event: QEvent) -> None:
        """One change of theme arrives as a dozen events, and a window sends as many before it is shown."""
        super().changeEvent(event)
        if event.type() in _LOOK_CHANGES and self.isVisible():
            self._fit_timer.start()

    def showEvent(self, event: QShowEvent) -> None:
        self._fit()
        super().showEvent(event)

    # Keeping what is selected and in sight

    def selected_rows(self) -> list[int]:
        """Selected rows, top to bottom; from ranges, because asking for indexes takes 0.7 s at 100,000 rows."""
        selection = self.selectionModel().selection()
        ranges = sorted((selection.at(at).top(), selection.at(at).bottom()) for at in range(selection.count()))
        rows: list[int] = []
        for top, bottom in ranges:
            rows.extend(range(max(top, rows[-1] + 1) if rows else top, bottom + 1))
        return rows

    def selected_count(self) -> int:
        return len(self.selected_rows())

    def selected_apps(self) -> list[AppSummary]:
        return [self._list.app(row) for row in self.selected_rows()]

    def _keep(self) -> None:
        rows = self._list.filter
        kept = self._kept = _Kept(rows.table)
        kept.selected = [rows.row_id(row) for row in self.selected_rows()]
        current = self.currentIndex()
        kept.current = rows.row_id(current.row()) if current.isValid() else None
        kept.value = self.verticalScrollBar().value()
        if kept.value:
            row = kept.value // self.row_height
            kept.top = rows.row_id(row) if row < rows.count else None
            kept.offset = kept.value % self.row_height

    def _restore(self) -> None:
        kept = self._kept
        if kept is None:
            return
        count = len(kept.selected)
        is_refresh = kept.table is not self._list.filter.table
        kept.moved_to(self._list.filter.table)
        self._select(kept.selected, kept.current)
        self._scroll_back(kept, is_refresh)
        self._kept = None
        if count and self.selected_count() != count:
            self.selection_settled.emit()

    def _select(self, row_ids: list[int], current: int | None) -> None:
        if not row_ids and current is None:
            return
        rows = self._list.filter.rows_of(row_ids)
        picked = QItemSelection()
        for first, last in _runs(rows):
            picked.select(self._list.index(first, 0), self._list.index(last, self._list.columnCount() - 1))
        chooser = self.selectionModel()
        at = self._list.filter.row_of(current)
        if at is not None:
            chooser.setCurrentIndex(self._list.index(at, AppColumn.TITLE), QItemSelectionModel.SelectionFlag.NoUpdate)
        chooser.select(picked, QItemSelectionModel.SelectionFlag.ClearAndSelect)

    def _scroll_back(self, kept: _Kept, is_refresh: bool) -> None:
        self.updateGeometries()
        bar = self.verticalScrollBar()
        if is_refresh:
            at = self._list.filter.row_of(kept.top)
            bar.setValue(kept.value if at is None else at * self.row_height + kept.offset)
        elif self.currentIndex().isValid() and kept.value:
            self.scrollTo(self.currentIndex())

    def select_app(self, ref: AppRef) -> bool:
        """Select one app and bring it into sight; False where it is not visible."""
        row_id = self._list.filter.table.find(ref)
        at = self._list.filter.row_of(row_id)
        if at is None:
            return False
        self.go_to_row(at)
        return True

    def go_to_row(self, row: int) -> None:
        """Make it the only selected row. Not by ``selectRow``, which takes a key that is held down for an order to
        add to the selection, or to take away from it."""
        index = self._list.index(row, AppColumn.TITLE)
        flags = QItemSelectionModel.SelectionFlag.ClearAndSelect | QItemSelectionModel.SelectionFlag.Rows
        self.selectionModel().setCurrentIndex(index, flags)
        self.scrollTo(index)

    def selectAll(self) -> None:
        """One range instead of an index for each cell: 100,000 rows at once."""
        rows = self._list.rowCount()
        if rows:
            whole = QItemSelection(self._list.index(0, 0), self._list.index(rows - 1, self._list.columnCount() - 1))
            self.selectionModel().select(whole, QItemSelectionModel.SelectionFlag.ClearAndSelect)

    def selectionChanged(self, selected: QItemSelection, deselected: QItemSelection) -> None:
        super().selectionChanged(selected, deselected)
        if self._kept is None:
            self.selection_settled.emit()

    # Copying with one click

    def mark_copied(self, row: int) -> None:
        """Show a check mark beside the ID for a moment."""
        self._painter.marked = self._list.ref(row)
        self._mark_timer.start()
        self.viewport().update()

    def _unmark(self) -> None:
        self._painter.marked = None
        self.viewport().update()

    def is_over_id(self, at: QPoint) -> QModelIndex:
        """The ID cell whose text is under a point of the viewport, else an invalid index."""
        index = self.indexAt(at)
        if not index.isValid() or index.column() != AppColumn.APP_ID:
            return QModelIndex()
        width = self._painter.id_width(self._list.app(index.row()).app_id)
        return index if at.x() - self.visualRect(index).left() <= width else QModelIndex()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self._pressed = None
        is_plain = event.modifiers() == Qt.KeyboardModifier.NoModifier
        if event.button() == Qt.MouseButton.LeftButton and is_plain:
            self._pressed = QPersistentModelIndex(self.is_over_id(event.position().toPoint()))
        super().mousePressEvent(event)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        super().mouseReleaseEvent(event)
        pressed, self._pressed = self._pressed, None
        index = self.is_over_id(event.position().toPoint())
        # A drag over several rows is a selection, not a click.
        if pressed is not None and index.isValid() and pressed == index:
            self.id_clicked.emit(index.row())

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        super().mouseDoubleClickEvent(event)
        at = event.position().toPoint()
        if self.indexAt(at).isValid() and not self.is_over_id(at).isValid():
            self.open_requested.emit()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        super().mouseMoveEvent(event)
        self._hover(self.is_over_id(event.position().toPoint()))

    def leaveEvent(self, event: QEvent) -> None:
        super().leaveEvent(event)
        self._hover(QModelIndex())

    def _hover(self, index: QModelIndex) -> None:
        row = index.row() if index.isValid() else -1
        if row == self._painter.hovered_row:
            return
        for each in (self._painter.hovered_row, row):
            if 0 <= each < self._list.rowCount():
                self.viewport().update(self.visualRect(self._list.index(each, AppColumn.APP_ID)))
        self._painter.hovered_row = row
        if row >= 0:
            self.viewport().setCursor(Qt.CursorShape.PointingHandCursor)
        else:
            self.viewport().unsetCursor()

    # Painting

    def paintEvent(self, event: QPaintEvent) -> None:
        rows, height, offset = self._list.rowCount(), self.row_height, self.verticalOffset()
        if not rows:
            return
        first = max(0, (event.rect().top() + offset) // height)
        last = min(rows - 1, (event.rect().bottom() + offset) // height)
        frame = Frame(
            first=first,
            last=last,
            top=first * height - offset,
            height=height,
            width=self.viewport().width(),
            columns=tuple((self.columnViewportPosition(each), self.columnWidth(each)) for each in range(9)),
            selected=self._selected_between(first, last),
            focused=self.currentIndex().row() if self.hasFocus() else -1,
        )
        painter = QPainter(self.viewport())
        self._painter.paint(painter, frame)
        painter.end()

    def _selected_between(self, first: int, last: int) -> frozenset[int]:
        chooser = self.selectionModel()
        if not chooser.hasSelection():
            return frozenset()
        rows = range(first, last + 1)
        return frozenset(row for row in rows if chooser.isSelected(self._list.index(row, AppColumn.TITLE)))

    # Keys

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.matches(QKeySequence.StandardKey.Copy):
            self.copy_requested.emit()
        elif event.key() == Qt.Key.Key_Escape:
            self.escaped.emit()
        elif event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.open_requested.emit()
        elif event.key() == Qt.Key.Key_F2:
            self.rename_requested.emit()
        elif event.key() == Qt.Key.Key_Delete:
            self.delete_requested.emit()
        else:
            super().keyPressEvent(event)

    def keyboardSearch(self, search: str) -> None:
        """Letters go to the filter box; jumping to a first letter would be the poorer answer."""
        if search.strip():
            self.typed.emit(search)

    # Width

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._share_width()

    def _share_width(self) -> None:
        """Title, owner and the last column take what the others leave, so that nothing is cut while there is room."""
        room = self.viewport().width() - sum(self.columnWidth(each) for each in AppColumn if each not in _SHARING)
        title, owner, last = (int(wish * self._scale) for wish, _ in _SHARING.values())
        if room >= title + owner + last:
            title = max(title, (room - last) // 2)
            owner = max(owner, room - last - title)
        else:
            part = room / (title + owner + last)
            title, owner = int(title * part), int(owner * part)
        self.setColumnWidth(AppColumn.TITLE, max(title, _SHARING[AppColumn.TITLE][1]))
        self.setColumnWidth(AppColumn.OWNER, max(owner, _SHARING[AppColumn.OWNER][1]))
        # It stretches by itself; this is how small it may become.
        self.setColumnWidth(AppColumn.SEEN, _SHARING[AppColumn.SEEN][1])


def _runs(rows: list[int]) -> list[tuple[int, int]]:
    """Ascending rows as (first, last) of neighbours."""
    runs: list[tuple[int, int]] = []
    for row in rows:
        if runs and runs[-1][1] == row - 1:
            runs[-1] = (runs[-1][0], row)
        else:
            runs.append((row, row))
    return runs
