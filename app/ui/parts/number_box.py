"""A field for a number: digits and the arrow keys, and the frame of every other field."""

from __future__ import annotations

from PySide6.QtGui import QWheelEvent
from PySide6.QtWidgets import QSpinBox, QWidget


class NumberBox(QSpinBox):
    """Without the style's small buttons, which clash with the rounded frame; the arrow keys step it.

    The wheel scrolls what is around it; it never changes a number that the pointer happens to pass.
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        # WORKAROUND: with NoButtons a style sheet leaves the text one pixel of room (Qt 6.11).
        self.setStyleSheet("QSpinBox::up-button, QSpinBox::down-button { width: 0; border: 0; }")
        # The line inside would get a frame of its own within that of the box.
        self.lineEdit().setStyleSheet("border: 0; padding: 0; background: transparent;")
        self.lineEdit().setTextMargins(8, 0, 4, 0)

    def wheelEvent(self, event: QWheelEvent) -> None:
        event.ignore()
