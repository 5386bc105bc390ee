"""Each call to a platform: when, where, what, and how it went."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Sequence
from typing import Any

from PySide6.QtCore import (
    QAbstractTableModel,
    QItemSelectionModel,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    QSize,
    Qt,
    Signal,
)
from PySide6.QtGui import (
    QColor,
    QFocusEvent,
    QGuiApplication,
    QKeyEvent,
    QKeySequence,
    QPainter,
    QPaintEvent,
    QResizeEvent,
    QShowEvent,
)
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QMenu, QTableView, QVBoxLayout, QWidget

from app.core.activity import ActivityEntry
from app.core.connection import Connection
from app.core.text import plain
from app.ui.look.theme import colours, mono_font
from app.ui.trail.activity_filter import ActivityBar, CallFilter

_KEPT = 2_000
_HEADERS = ("Time", "Connection", "Method", "Path", "Status", "Size", "Time taken")
# The widest usual text of each column but the path, which takes the rest.
_SAMPLES = {
    0: "00:00:00__",
    1: "Instant · local__",
    2: "DELETE__",
    4: "no answer → retry in 1.2 s_",
    5: "00.0 MB_",
    6: "Time taken__",
}
_DISPLAY, _ALIGNMENT, _FOREGROUND = 0, 7, 9
_STATUS, _SIZE, _TAKEN = 4, 5, 6
_RIGHT = int((Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter).value)
_LEFT = int((Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter).value)
_PAD = 12
_NONE = QModelIndex()
Index = QModelIndex | QPersistentModelIndex


def status_text(entry: ActivityEntry) -> str:
    """ "200", "429 → retry in 1.2 s", "no answer"; SQL has no numbers: "ok", or the server's code."""
    if entry.method == "SQL":
        return "ok" if 200 <= entry.status < 300 else entry.note or "no answer"
    status = str(entry.status) if entry.status else "no answer"
    return f"{status} → {entry.note}" if entry.note else status


def size_text(count: int) -> str:
    """Bytes in one unit, "" for none."""
    if count <= 0:
        return ""
    if count < 1_000:
        return f"{count} B"
    return f"{count / 1_000:.1f} kB" if count < 1_000_000 else f"{count / 1_000_000:.1f} MB"


class ActivityModel(QAbstractTableModel):
    """The latest calls, oldest first."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._entries: list[ActivityEntry] = []
        self._labels: dict[str, str] = {}

    def set_connections(self, connections: Sequence[Connection]) -> None:
        self._labels = {each.id: plain(each.label, 60) for each in connections}
        if self._entries:
            self.dataChanged.emit(self.index(0, 1), self.index(len(self._entries) - 1, 1))

    def show(self, entries: Sequence[ActivityEntry]) -> None:
        """These, and nothing else."""
        self.beginResetModel()
        self._entries = list(entries)[-_KEPT:]
        self.endResetModel()

    def append(self, entries: Sequence[ActivityEntry]) -> None:
        new = list(entries)[-_KEPT:]
        if not new:
            return
        surplus = len(self._entries) + len(new) - _KEPT
        if surplus > 0:
            self.beginRemoveRows(_NONE, 0, surplus - 1)
            del self._entries[:surplus]
            self.endRemoveRows()
        first = len(self._entries)
        self.beginInsertRows(_NONE, first, first + len(new) - 1)
        self._entries += new
        self.endInsertRows()

    def entry(self, row: int) -> ActivityEntry:
        return self._entries[row]

    def rowCount(self, parent: Index = _NONE) -> int:
        return 0 if parent.isValid() else len(self._entries)

    def columnCount(self, parent: Index = _NONE) -> int:
        return 0 if parent.isValid() else len(_HEADERS)

    def data(self, index: Index, role: int = 0) -> Any:
        if role == _DISPLAY:
            return self._text(self._entries[index.row()], index.column())
        if role == _ALIGNMENT:
            return _RIGHT if index.column() in (_SIZE, _TAKEN) else None
        if role == Qt.ItemDataRole.ToolTipRole:
            return self._text(self._entries[index.row()], index.column())
        if role == _FOREGROUND:
            return self._colour(self._entries[index.row()], index.column())
        return None

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = 0) -> Any:
        if orientation != Qt.Orientation.Horizontal:
            return None
        if role == _DISPLAY:
            return _HEADERS[section]
        if role == _ALIGNMENT:
            return _RIGHT if section in (_SIZE, _TAKEN) else _LEFT
        return None

    def line(self, row: int) -> str:
        """The row as text, columns by tabs."""
        return "\t".join(self._text(self._entries[row], column) for column in range(len(_HEADERS)))

    def _text(self, entry: ActivityEntry, column: int) -> str:
        if column == 0:
            return time.strftime("%H:%M:%S", time.localtime(entry.at))
        if column == 1:
            return self._labels.get(entry.connection_id, "—")
        if column == 2:
            return plain(entry.method, 10)
        if column == 3:
            return plain(entry.path, 300)
        if column == _STATUS:
            return plain(status_text(entry), 120)
        if column == _SIZE:
            return size_text(entry.answer_bytes)
        return f"{entry.ms:,.0f} ms"

    @staticmethod
    def _colour(entry: ActivityEntry, column: int) -> QColor:
        look = colours()
        if column == _STATUS:
            if 200 <= entry.status < 400:
                return QColor(look.good)
            return QColor(look.warning if entry.status == 429 or 0 < entry.status < 500 else look.danger)
        return QColor(look.text if column in (2, 3) else look.muted)


class ActivityPanel(QWidget):
    """Follows the newest call while the newest is in sight; Ctrl+C copies the selected rows, Enter shows one in full.

    A filter and a pause change what is shown, never what is kept.
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.model = ActivityModel(self)
        self.view = _ActivityView(self.model)
        self.bar = ActivityBar()
        self._kept: deque[ActivityEntry] = deque(maxlen=_KEPT)
        self._waiting: deque[ActivityEntry] = deque(maxlen=_KEPT)
        self._filter = CallFilter()
        self._connections: dict[str, Connection] = {}
        self._box = QVBoxLayout(self)
        self._box.setContentsMargins(0, 0, 0, 0)
        self._box.setSpacing(0)
        self._box.addWidget(self.bar)
        self._box.addWidget(self.view)
        self.view.setMinimumHeight(self.fontMetrics().height() * 2)
        self.setFocusProxy(self.view)
        self.bar.changed.connect(self._filter_anew)
        self.bar.pause_toggled.connect(self._pause)
        self.bar.clear_requested.connect(self.clear)
        self.bar.details_requested.connect(self.show_details)
        self.view.details_requested.connect(self.show_details)
        self.view.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.view.customContextMenuRequested.connect(lambda at: self.menu().popup(self.view.viewport().mapToGlobal(at)))
        self.view.selectionModel().selectionChanged.connect(lambda *_: self._follow_selection())
        self.model.modelReset.connect(self._follow_selection)
        self._follow_selection()
        self._tell_why_empty()

    def minimumSizeHint(self) -> QSize:
        """In little room the filter gives way to the calls."""
        return QSize(super().minimumSizeHint().width(), self.view.minimumHeight())

    def append(self, entries: Sequence[ActivityEntry]) -> None:
        if self.bar.pause_button.isChecked():
            self._waiting.extend(entries)
            self.bar.tell_waiting(len(self._waiting))
            self._tell_why_empty()
            return
        self._kept.extend(entries)
        self._show_new([each for each in entries if self._filter.fits(each)])
        self._tell_why_empty()

    def clear(self) -> None:
        """Empty the list; what waits for the end of a pause goes, too."""
        self._kept.clear()
        self._waiting.clear()
        self.bar.tell_waiting(0)
        self.model.show(())
        self._tell_why_empty()

    def chosen(self) -> ActivityEntry | None:
        rows = self.view.selectionModel().selectedRows()
        return self.model.entry(rows[0].row()) if len(rows) == 1 else None

    def show_details(self) -> None:
        entry = self.chosen()
        if entry is not None:
            from app.ui.trail.activity_details import ActivityDetailsDialog

            connection = self._connections.get(entry.connection_id)
            ActivityDetailsDialog(entry, connection, status_text(entry), self.window()).open()

    def menu(self) -> QMenu:
        """What can be done with the chosen rows."""
        menu = QMenu(self.view)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        entry = self.chosen()
        menu.addAction("Details…\tEnter", self.show_details).setEnabled(entry is not None)
        shown = entry.details.shown() if entry is not None and entry.details is not None else None
        menu.addAction("Copy as curl", self.copy_curl).setEnabled(shown is not None and bool(shown.url))
        menu.addAction("Copy row\tCtrl+C", self.view.copy_rows).setEnabled(self.view.selectionModel().hasSelection())
        return menu

    def copy_curl(self) -> None:
        """The token stays out of it: the command takes it from ``$TOKEN``."""
        from app.ui.trail.curl_text import curl_text

        entry = self.chosen()
        shown = entry.details.shown() if entry is not None and entry.details is not None else None
        if entry is not None and shown is not None and shown.url:
            QGuiApplication.clipboard().setText(curl_text(entry.method, shown))

    def _follow_selection(self) -> None:
        self.bar.details_button.setEnabled(self.chosen() is not None)

    def _filter_anew(self) -> None:
        self._filter = self.bar.wanted()
        self.model.show([each for each in self._kept if self._filter.fits(each)])
        self.view.scrollToBottom()
        self._tell_why_empty()

    def _tell_why_empty(self) -> None:
        if self._kept:
            why = "No call fits the filter."
        elif self._waiting:
            why = "Paused: the calls that were made meanwhile are shown when it goes on."
        else:
            why = "No calls yet. Each call to a platform is listed here."
        self.view.tell_why_empty("" if self.model.rowCount() else why)

    def _pause(self, is_paused: bool) -> None:
        waiting = tuple(self._waiting)
        self._waiting.clear()
        self.bar.tell_waiting(0)
        if not is_paused and waiting:
            self.append(waiting)

    def _show_new(self, entries: Sequence[ActivityEntry]) -> None:
        bar = self.view.verticalScrollBar()
        follows = bar.value() >= bar.maximum() - 1
        self.model.append(entries)
        if follows:
            self.view.scrollToBottom()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.bar.setVisible(self.height() >= self.bar.sizeHint().height() + self.view.minimumHeight())
        self._fit_rows()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._fit_rows()

    def _fit_rows(self) -> None:
        """Leave room for whole rows only: the newest at the end must not cut the first in sight."""
        used = self.bar.sizeHint().height() + self.view.horizontalHeader().sizeHint().height()
        room = self.height() - used - 2 * self.view.frameWidth()
        self._box.setContentsMargins(0, 0, 0, max(0, room) % self.view.verticalHeader().defaultSectionSize())

    def set_connections(self, connections: Sequence[Connection]) -> None:
        self._connections = {each.id: each for each in connections}
        self.model.set_connections(connections)
        self.bar.set_connections(tuple(connections))

    def refresh_looks(self) -> None:
        self.view.dress()
        self._fit_rows()


class _ActivityView(QTableView):
    details_requested = Signal()

    def __init__(self, model: ActivityModel) -> None:
        super().__init__()
        self._calls = model
        self.why_empty = ""
        self.setModel(model)
        self.setAccessibleName("Activity: calls to platforms")
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setShowGrid(False)
        self.setWordWrap(False)
        self.setTabKeyNavigation(False)
        self.verticalHeader().hide()
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerItem)
        header = self.horizontalHeader()
        header.setHighlightSections(False)
        header.setSectionResizeMode(3, QHeaderView.ResizeMode.Stretch)
        self.doubleClicked.connect(lambda _index: self.details_requested.emit())
        self.dress()

    def dress(self) -> None:
        font = mono_font()
        font.setPointSizeF(font.pointSizeF() * 0.92)
        self.setFont(font)
        metrics = self.fontMetrics()
        self.verticalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        self.verticalHeader().setDefaultSectionSize(metrics.height() + 7)
        for column, sample in _SAMPLES.items():
            self.setColumnWidth(column, metrics.horizontalAdvance(sample) + 12)

    def tell_why_empty(self, why: str) -> None:
        """What stands where the calls would be; "" where there are some."""
        if why != self.why_empty:
            self.why_empty = why
            self.setAccessibleDescription(why)
            self.viewport().update()

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        if self.why_empty:
            painter = QPainter(self.viewport())
            painter.setFont(QGuiApplication.font())
            painter.setPen(QColor(colours().muted))
            room = self.viewport().rect().adjusted(_PAD, _PAD, -_PAD, 0)
            text = painter.fontMetrics().elidedText(self.why_empty, Qt.TextElideMode.ElideRight, room.width())
            painter.drawText(room, Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignTop, text)
            painter.end()

    def focusInEvent(self, event: QFocusEvent) -> None:
        """The keyboard begins at the newest call, which is in sight."""
        count = self._calls.rowCount()
        if count and not self.currentIndex().isValid() and event.reason() is not Qt.FocusReason.MouseFocusReason:
            newest = self._calls.index(count - 1, 0)
            self.selectionModel().setCurrentIndex(newest, QItemSelectionModel.SelectionFlag.NoUpdate)
        super().focusInEvent(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.details_requested.emit()
        elif event.matches(QKeySequence.StandardKey.Copy):
            self.copy_rows()
        else:
            super().keyPressEvent(event)

    def copy_rows(self) -> None:
        rows = sorted(index.row() for index in self.selectionModel().selectedRows())
        if rows:
            QGuiApplication.clipboard().setText("\n".join(self._calls.line(row) for row in rows))
