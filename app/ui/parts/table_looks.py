"""The looks that tables share."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QTableView

from .dialog_size import space_rows


def dress_rows(table: QTableView, name: str) -> None:
    """Rows that are chosen whole, without lines between them; Tab leaves the table."""
    table.setAccessibleName(name)
    table.verticalHeader().hide()
    table.setShowGrid(False)
    table.setWordWrap(False)
    space_rows(table)
    table.setTabKeyNavigation(False)
    table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
    table.horizontalHeader().setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)


def dress(table: QTableView, name: str, letters: Sequence[int], stretched: int) -> None:
    """The same with columns: ``letters`` are their widths; the column ``stretched`` takes the rest."""
    dress_rows(table, name)
    width = table.fontMetrics().averageCharWidth()
    for column, count in enumerate(letters):
        table.setColumnWidth(column, width * count)
    table.horizontalHeader().setSectionResizeMode(stretched, QHeaderView.ResizeMode.Stretch)
