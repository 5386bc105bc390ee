"""Somebody else changed the schema: what it was, what they made of it, what is staged here, and who wins where."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, Qt, Signal
from PySide6.QtWidgets import QAbstractItemView, QHBoxLayout, QHeaderView, QPushButton, QTableView, QVBoxLayout, QWidget

from app.core.status import Severity
from app.core.text import plain

from .ages import counted
from .form_field import CheckBox
from .icons import state_icon
from .note_row import NoteRow, NoteStack
from .theme import scaled_font
from .three_way import PlaceLine

Index = QModelIndex | QPersistentModelIndex
_NONE = QModelIndex()
_DISPLAY, _DECORATION, _TIP, _FONT, _CHECK, _ACCESSIBLE = 0, 1, 3, 6, 10, 11
_HEADERS = ("Part", "Before", "Live now (theirs)", "Staged (mine)", "Result")
_RESULT = 4
_TEXT_LIMIT = 300


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

    def flags(self, index: Index) -> Qt.ItemFlag:
        flags = Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable
        if index.column() == _RESULT and self.lines[index.row()].conflict:
            flags |= Qt.ItemFlag.ItemIsUserCheckable
        return flags

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
        if role == _CHECK and column == _RESULT and line.conflict:
            is_mine = line.place in self.keep_mine
            return int(Qt.CheckState.Checked.value if is_mine else Qt.CheckState.Unchecked.value)
        return self._spoken(line, column, texts[column], role)

    @staticmethod
    def _spoken(line: PlaceLine, column: int, text: str, role: int) -> str | None:
        if role == _TIP:
            return plain(line.conflict or text, 600)
        if role == _ACCESSIBLE:
            return f"{_HEADERS[column]}: {text}" + (f". {line.conflict}" if line.conflict and not column else "")
        return None

    def setData(self, index: Index, value: Any, role: int = 0) -> bool:
        if role != _CHECK:
            return False
        self.toggle(index.row())
        return True


class StaleView(QWidget):
    """The three-way table, with a choice for each conflict."""

    changed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.model = StaleModel(self)
        self.notes = NoteStack()
        self.table = QTableView()
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
        self.table.setAccessibleName("Changes: before, theirs, mine, result")
        self.table.verticalHeader().hide()
        self.table.setShowGrid(False)
        self.table.setWordWrap(False)
        self.table.setTabKeyNavigation(False)
        self.table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.table.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.table.doubleClicked.connect(lambda index: self.model.toggle(index.row()))
        header = self.table.horizontalHeader()
        header.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        header.setSectionResizeMode(QHeaderView.ResizeMode.Stretch)
        for button in (self.mine_button, self.theirs_button):
            button.setProperty("look", "small")
            button.setAutoDefault(False)
        self.mine_button.clicked.connect(lambda: self.model.keep_all(mine=True))
        self.theirs_button.clicked.connect(lambda: self.model.keep_all(mine=False))
        self.brief_box.toggled.connect(self.model.set_brief)
        self.model.chosen.connect(self.changed)

    @property
    def keep_mine(self) -> frozenset[str]:
        return self.model.keep_mine

    def show_lines(self, lines: Iterable[PlaceLine], sentence: str) -> None:
        self.model.show_lines(lines)
        wrong = len(self.model.conflicts)
        found = f"{counted(wrong, 'conflict')}: choose what stays. " if wrong else "All of it fits together. "
        detail = f"{found}Nothing was sent, and nothing that you staged is lost."
        self.notes.show_rows([NoteRow(Severity.WARNING, plain(sentence, 400), detail)])
        for widget in (self.brief_box, self.mine_button, self.theirs_button):
            widget.setVisible(wrong > 0)
        if self.model.lines:
            # The cell that Space answers.
            self.table.setCurrentIndex(self.model.index(0, _RESULT))
        self.changed.emit()
