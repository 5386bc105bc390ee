"""Somebody else changed the schema: what it was, what they made of it, what is staged here, and who wins where."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from typing import Any

from PySide6.QtCore import (
    QAbstractTableModel,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    QPointF,
    QRectF,
    QSize,
    Qt,
    Signal,
)
from PySide6.QtGui import QColor, QIcon, QKeyEvent, QPainter, QPen, QPixmap
from PySide6.QtWidgets import QAbstractItemView, QHBoxLayout, QHeaderView, QPushButton, QTableView, QVBoxLayout, QWidget

from app.core.status import Severity
from app.core.text import plain
from app.core.words import counted
from app.ui.look.icons import state_icon
from app.ui.look.theme import Colours, colours, scaled_font
from app.ui.parts.check_mark import CheckBox
from app.ui.parts.note_row import NoteRow, NoteStack
from app.ui.parts.table_looks import dress_rows

from .three_way import PlaceLine

Index = QModelIndex | QPersistentModelIndex
_NONE = QModelIndex()
_DISPLAY, _DECORATION, _TIP, _FONT, _ACCESSIBLE = 0, 1, 3, 6, 11
_HEADERS = ("Part", "Before", "Live now (theirs)", "Staged (mine)", "Result")
_RESULT = 4
_TEXT_LIMIT = 300


@cache
def _box_icon(is_ticked: bool, look: Colours, side: int = 15) -> QIcon:
    """A check box that can be seen in light and dark."""
    icon = QIcon()
    for ratio in (1, 2):
        pixmap = QPixmap(QSize(side, side) * ratio)
        pixmap.setDevicePixelRatio(ratio)
        pixmap.fill(Qt.GlobalColor.transparent)
        painter = QPainter(pixmap)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(QColor(look.muted), 1))
        painter.setBrush(QColor(look.accent if is_ticked else look.surface))
        painter.drawRoundedRect(QRectF(1, 1, side - 2, side - 2), 3, 3)
        if is_ticked:
            painter.setPen(QPen(QColor(look.on_accent), 1.8))
            points = ((0.24, 0.52), (0.43, 0.72), (0.78, 0.3))
            painter.drawPolyline([QPointF(x * side, y * side) for x, y in points])
        painter.end()
        for mode in (QIcon.Mode.Normal, QIcon.Mode.Selected):
            icon.addPixmap(pixmap, mode)
    return icon


class StaleModel(QAbstractTableModel):
    """The result of a conflict is chosen in its last cell: ticked keeps mine."""

    chosen = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._all: tuple[PlaceLine, ...] = ()
        self.lines: tuple[PlaceLine, ...] = ()
        self.keep_mine: frozenset[str] = frozenset()
        self._is_brief = False
        self._bold = scaled_font(1.0, is_bold=True)

    def show_lines(self, lines: Iterable[PlaceLine]) -> None:
        self.beginResetModel()
        self._all = tuple(lines)
        self.keep_mine &= {line.place for line in self._all if line.conflict}
        self._choose_lines()
        self.endResetModel()

    def set_brief(self, is_brief: bool) -> None:
        """Conflicts only."""
        self.beginResetModel()
        self._is_brief = is_brief
        self._choose_lines()
        self.endResetModel()

    def _choose_lines(self) -> None:
        self.lines = tuple(line for line in self._all if line.conflict or not self._is_brief)

    @property
    def conflicts(self) -> tuple[PlaceLine, ...]:
        return tuple(line for line in self._all if line.conflict)

    def keep_all(self, *, mine: bool) -> None:
        self.keep_mine = frozenset(line.place for line in self.conflicts) if mine else frozenset()
        if self.lines:
            self.dataChanged.emit(self.index(0, _RESULT), self.index(len(self.lines) - 1, _RESULT))
        self.chosen.emit()

    def toggle(self, row: int) -> None:
        line = self.lines[row]
        if line.conflict:
            self.keep_mine ^= {line.place}
            self.dataChanged.emit(self.index(row, _RESULT), self.index(row, _RESULT))
            self.chosen.emit()

    def rowCount(self, parent: Index = _NONE) -> int:
        return 0 if parent.isValid() else len(self.lines)

    def columnCount(self, parent: Index = _NONE) -> int:
        return 0 if parent.isValid() else len(_HEADERS)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = 0) -> Any:
        if orientation is Qt.Orientation.Horizontal and role == _DISPLAY:
            return _HEADERS[section]
        return None

    def _result(self, line: PlaceLine) -> str:
        if line.conflict:
            return "Keep mine" if line.place in self.keep_mine else "Take theirs"
        return "Mine" if line.is_mine else "Theirs"

    def data(self, index: Index, role: int = 0) -> Any:
        line, column = self.lines[index.row()], index.column()
        texts = (line.place, line.base, line.theirs, line.mine, self._result(line))
        if role == _DISPLAY:
            return plain(texts[column], _TEXT_LIMIT)
        if role == _DECORATION and column == 0 and line.conflict:
            return state_icon(Severity.WARNING)
        if role == _FONT and line.conflict and column in (0, _RESULT):
            return self._bold
        if role == _DECORATION and column == _RESULT and line.conflict:
            return _box_icon(line.place in self.keep_mine, colours())
        return self._spoken(line, column, texts[column], role)

    @staticmethod
    def _spoken(line: PlaceLine, column: int, text: str, role: int) -> str | None:
        if role == _TIP:
            return plain(line.conflict or text, 600)
        if role == _ACCESSIBLE:
            return f"{_HEADERS[column]}: {text}" + (f". {line.conflict}" if line.conflict and not column else "")
        return None


class _Table(QTableView):
    space_pressed = Signal()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Space:
            self.space_pressed.emit()
        else:
            super().keyPressEvent(event)


class StaleView(QWidget):
    """The three-way table, with a choice for each conflict."""

    changed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.model = StaleModel(self)
        self.notes = NoteStack()
        self.table = _Table()
        self.brief_box = CheckBox("Conflicts &only")
        self.mine_button = QPushButton("Keep all of &mine")
        self.theirs_button = QPushButton("Take all of &theirs")
        self._build()
        line = QHBoxLayout()
        line.addWidget(self.brief_box)
        line.addStretch(1)
        line.addWidget(self.theirs_button)
        line.addWidget(self.mine_button)
        box = QVBoxLayout(self)
        box.setContentsMargins(0, 0, 0, 0)
        box.setSpacing(10)
        box.addWidget(self.notes)
        box.addWidget(self.table, 1)
        box.addLayout(line)

    def _build(self) -> None:
        self.table.setModel(self.model)
        dress_rows(self.table, "Changes: before, theirs, mine, result")
        self.table.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.table.clicked.connect(self._click)
        self.table.space_pressed.connect(self._toggle)
        header = self.table.horizontalHeader()
        header.setSectionResizeMode(QHeaderView.ResizeMode.Stretch)
        for button in (self.mine_button, self.theirs_button):
            button.setProperty("look", "small")
            button.setAutoDefault(False)
        self.mine_button.clicked.connect(lambda: self.model.keep_all(mine=True))
        self.theirs_button.clicked.connect(lambda: self.model.keep_all(mine=False))
        self.brief_box.toggled.connect(self.model.set_brief)
        self.model.chosen.connect(self.changed)

    def _click(self, index: QModelIndex) -> None:
        if index.column() == _RESULT:
            self.model.toggle(index.row())

    def _toggle(self) -> None:
        index = self.table.currentIndex()
        if index.isValid():
            self.model.toggle(index.row())

    @property
    def keep_mine(self) -> frozenset[str]:
        return self.model.keep_mine

    def show_lines(self, lines: Iterable[PlaceLine], sentence: str) -> None:
        self.model.show_lines(lines)
        wrong = len(self.model.conflicts)
        found = f"{counted(wrong, 'conflict')}: choose what stays. " if wrong else "All of it fits together. "
        detail = f"{found}Nothing that you staged is lost."
        self.notes.show_rows([NoteRow(Severity.WARNING, plain(sentence, 400), detail)])
        for widget in (self.brief_box, self.mine_button, self.theirs_button):
            widget.setVisible(wrong > 0)
        if self.model.lines:
            # The cell that Space answers.
            self.table.setCurrentIndex(self.model.index(0, _RESULT))
        self.changed.emit()
