"""Sizes that follow the text's, within the screen."""

from __future__ import annotations

from PySide6.QtWidgets import QTableView, QWidget

OF_SCREEN = 0.94


def fit(widget: QWidget, letters: int, lines: int) -> None:
    """As wide as so many letters and as high as so many lines of text, but no larger than the screen."""
    metrics = widget.fontMetrics()
    room = widget.screen().availableGeometry()
    width = min(metrics.averageCharWidth() * letters, int(room.width() * OF_SCREEN))
    height = min(metrics.height() * lines, int(room.height() * OF_SCREEN))
    widget.resize(max(width, widget.minimumWidth()), max(height, widget.minimumHeight()))


def space_rows(table: QTableView) -> None:
    """Rows with some air, at every size of text."""
    table.verticalHeader().setDefaultSectionSize(table.fontMetrics().height() + 11)
