"""Sizes that follow the text's, within the screen."""

from __future__ import annotations

from PySide6.QtCore import QSize
from PySide6.QtWidgets import QTableView, QWidget

OF_SCREEN = 0.94


def fit(widget: QWidget, letters: int, lines: int) -> None:
    """As wide as so many letters and as high as so many lines of text, but no larger than the screen."""
    metrics = widget.fontMetrics()
    room = room_for(widget)
    width = min(metrics.averageCharWidth() * letters, room.width())
    height = min(metrics.height() * lines, room.height())
    widget.resize(max(width, widget.minimumWidth()), max(height, widget.minimumHeight()))


def room_for(widget: QWidget) -> QSize:
    """How large a dialog may become on the screen that it is on."""
    return widget.screen().availableGeometry().size() * OF_SCREEN


def space_rows(table: QTableView) -> None:
    """Rows with some air, at every size of text."""
    table.verticalHeader().setDefaultSectionSize(table.fontMetrics().height() + 11)
