"""Rows in columns, to be searched while typing and sorted by a click: for lists of some thousand rows."""

from __future__ import annotations

import html
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, Qt
from PySide6.QtGui import QBrush, QColor

from app.ui.look.icons import State, state_icon
from app.ui.look.theme import colours, mono_font

from .ages import day, moment

Row = TypeVar("Row")
Index = QModelIndex | QPersistentModelIndex
_NONE = QModelIndex()
_DISPLAY, _DECORATION, _TIP, _FONT, _ALIGNMENT, _FOREGROUND, _ACCESSIBLE = 0, 1, 3, 6, 7, 9, 11
_RIGHT = int((Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter).value)


@dataclass(frozen=True, slots=True)
class Column(Generic[Row]):
    """``text`` is plain text; ``key`` sorts (None: by the text), ``mark`` is the shape before the text, ``tip`` the
    lines of the tool tip, the first of them bold. A click copies what ``copied`` gives, "" for nothing; ``is_id`` is
    how IDs look."""

    header: str
    text: Callable[[Row], str]
    letters: int
    key: Callable[[Row], Any] | None = None
    mark: Callable[[Row], State | None] | None = None
    tip: Callable[[Row], Sequence[str]] | None = None
    copied: Callable[[Row], str] | None = None
    is_id: bool = False
    is_number: bool = False
    is_muted: bool = False


def created_column(when: Callable[[Row], float]) -> Column[Row]:
    """The day of ``when`` (seconds since the epoch, 0 for not known), with the time of day in its tool tip."""
    return Column(
        "Created", lambda row: day(when(row)), 17, key=when, tip=lambda row: (moment(when(row)),), is_muted=True
    )


class RowModel(QAbstractTableModel, Generic[Row]):
    """``row_key`` is the same for the same row after a refresh; ``searched`` is the text that is looked through."""

    def __init__(
        self,
        columns: Sequence[Column[Row]],
        row_key: Callable[[Row], str],
        searched: Callable[[Row], str],
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self.columns = tuple(columns)
        self._key, self._searched = row_key, searched
        self._all: tuple[Row, ...] = ()
        self._texts: tuple[str, ...] = ()
        self._terms: tuple[str, ...] = ()
        self._sorted_by, self._is_descending = -1, False
        self.rows: list[Row] = []

    # What is shown

    @property
    def total(self) -> int:
        return len(self._all)

    @property
    def all_rows(self) -> tuple[Row, ...]:
        return self._all

    @property
    def is_narrowed(self) -> bool:
        return bool(self._terms)

    def show_rows(self, rows: Sequence[Row]) -> None:
        self._all = tuple(rows)
        self._texts = tuple(self._searched(row).casefold() for row in self._all)
        self._arrange()

    def search(self, query: str) -> None:
        """Rows that hold each word of the query."""
        terms = tuple(query.casefold().split())
        if terms != self._terms:
            self._terms = terms
            self._arrange()

    def key(self, row: int) -> str:
        return self._key(self.rows[row])

    def place(self, key: str) -> int:
        """The row with this key, -1 where it is not shown."""
        return next((at for at, row in enumerate(self.rows) if self._key(row) == key), -1)

    def copied(self, index: Index) -> str:
        """What a click on this place copies."""
        column = self.columns[index.column()] if index.isValid() else None
        return column.copied(self.rows[index.row()]) if column is not None and column.copied is not None else ""

    def put(self, rows: Sequence[Row]) -> None:
        """These in the place of those with the same keys; order and selection stay."""
        new = {self._key(row): row for row in rows}
        texts = {key: self._searched(row).casefold() for key, row in new.items()}
        keys = [self._key(row) for row in self._all]
        self._texts = tuple(texts.get(key, text) for key, text in zip(keys, self._texts, strict=True))
        self._all = tuple(new.get(key, row) for key, row in zip(keys, self._all, strict=True))
        self.rows = [new.get(self._key(row), row) for row in self.rows]
        if self.rows:
            self.dataChanged.emit(self.index(0, 0), self.index(len(self.rows) - 1, len(self.columns) - 1))

    def _arrange(self) -> None:
        self.beginResetModel()
        terms = self._terms
        pairs = zip(self._all, self._texts, strict=True)
        self.rows = [row for row, text in pairs if all(term in text for term in terms)]
        self._sort()
        self.endResetModel()

    def _sort(self) -> None:
        if 0 <= self._sorted_by < len(self.columns):
            column = self.columns[self._sorted_by]
            self.rows.sort(key=column.key or (lambda row: column.text(row).casefold()), reverse=self._is_descending)

    # Qt

    def sort(self, column: int, order: Qt.SortOrder = Qt.SortOrder.AscendingOrder) -> None:
        self._sorted_by, self._is_descending = column, order is Qt.SortOrder.DescendingOrder
        self._arrange()

    def rowCount(self, parent: Index = _NONE) -> int:
        return 0 if parent.isValid() else len(self.rows)

    def columnCount(self, parent: Index = _NONE) -> int:
        return 0 if parent.isValid() else len(self.columns)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = 0) -> Any:
        if orientation is not Qt.Orientation.Horizontal:
            return None
        if role == _ALIGNMENT and self.columns[section].is_number:
            return _RIGHT
        return self.columns[section].header if role == _DISPLAY else None

    def data(self, index: Index, role: int = 0) -> Any:
        row, column = self.rows[index.row()], self.columns[index.column()]
        if role == _DISPLAY:
            return column.text(row)
        if role == _DECORATION:
            mark = column.mark(row) if column.mark is not None else None
            return None if mark is None else state_icon(mark)
        if role == _TIP:
            return _tip(column.tip(row) if column.tip is not None else (column.text(row),))
        if role == _ACCESSIBLE:
            return f"{column.header}: {column.text(row)}"
        return self._look(column, row, role)

    @staticmethod
    def _look(column: Column[Row], row: Row, role: int) -> Any:
        if role == _FONT and column.is_id:
            return mono_font()
        if role == _ALIGNMENT and column.is_number:
            return _RIGHT
        if role == _FOREGROUND:
            is_live = column.is_id and column.copied is not None and bool(column.copied(row))
            if is_live or column.is_id or column.is_muted:
                return QBrush(QColor(colours().link if is_live else colours().muted))
        return None


def _tip(lines: Sequence[str]) -> str:
    """Markup of our own around texts of others."""
    shown = [html.escape(line) for line in lines if line]
    if len(shown) < 2:
        return "".join(shown)
    first, *rest = shown
    return f"<p style='white-space:pre'><b>{first}</b><br>{'<br>'.join(rest)}</p>"
