"""How the fields of a form are laid out, and that it is scrolled where there is no room for all of it."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, QSize, Qt
from PySide6.QtWidgets import QGridLayout, QScrollArea, QWidget


def two_columns(form: QWidget) -> QGridLayout:
    """Lays fields out beside each other, both columns equally wide."""
    grid = QGridLayout(form)
    grid.setContentsMargins(0, 0, 0, 0)
    grid.setHorizontalSpacing(14)
    grid.setVerticalSpacing(12)
    grid.setColumnStretch(0, 1)
    grid.setColumnStretch(1, 1)
    return grid


class FormArea(QScrollArea):
    """A form in its full height where there is room, and to be scrolled where large text leaves none."""

    def __init__(self, form: QWidget, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._form = form
        self.setWidgetResizable(True)
        # It follows the field that has the keyboard.
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setFrameShape(QScrollArea.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setWidget(form)
        form.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.LayoutRequest:
            self.updateGeometry()
        return super().eventFilter(watched, event)

    def sizeHint(self) -> QSize:
        # Lines that may wrap want more at least than they want at best.
        return self._form.sizeHint().expandedTo(self._form.minimumSizeHint())

    def minimumSizeHint(self) -> QSize:
        hint = self._form.minimumSizeHint()
        return QSize(hint.width(), min(hint.height(), self.fontMetrics().height() * 10))
