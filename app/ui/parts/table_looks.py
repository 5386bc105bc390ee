"""The looks that tables share."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QTableView

from .dialog_size import space_rows


def dress(table: QTableView, name: str, letters: Sequence[int], stretched: int) -> None:
    """``letters`` are the columns' widths; the column ``stretched`` takes the rest."""
    table.setAccessibleName(name)
    table.verticalHeader().hide()
    table.setShowGrid(False)
    table.setWordWrap(False)
    space_rows(table)
    table.setTabKeyNavigation(False)
    table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
    header = table.horizontalHeader()
    header.setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
    width = table.fontMetrics().averageCharWidth()
    for column, count in enumerate(letters):
        table.setColumnWidth(column, width * count)
    header.setSectionResizeMode(stretched, QHeaderView.ResizeMode.Stretch)
