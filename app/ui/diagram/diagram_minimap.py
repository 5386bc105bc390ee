"""The whole diagram in a corner: shows which part is in sight, and goes where it is pressed."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QMouseEvent, QPainter, QPaintEvent, QPen, QPixmap
from PySide6.QtWidgets import QWidget

from app.schema.layout import Diagram
from app.ui.look.theme import colours

_LARGEST = QSize(168, 120)
# Of the view: it is there to find one's way, not to stand in it.
_SHARE = 0.26


class DiagramMinimap(QWidget):
    """Painted once per diagram; only the frame of what is in sight moves."""

    moved = Signal(QPointF)  # where the middle of the view shall be, in the diagram

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._diagram = Diagram()
        self._shown = QRectF()
        self._room = _LARGEST
        self._selected = ""
        self._pixmap: QPixmap | None = None
        self.setAccessibleName("Overview of the diagram")
        self.setToolTip("Click or drag to move the diagram")
        self.setCursor(Qt.CursorShape.PointingHandCursor)

    def show_diagram(self, diagram: Diagram) -> None:
        self._diagram, self._pixmap = diagram, None
        self.resize(self.sizeHint())
        self.update()

    def fit_into(self, view: QSize) -> None:
        """The view's own size, in pixels."""
        room = (view * _SHARE).boundedTo(_LARGEST)
        if room != self._room:
            self._room, self._pixmap = room, None
            self.resize(self.sizeHint())

    def show_part(self, rect: QRectF) -> None:
        """What of the diagram is in sight now."""
        if rect != self._shown:
            self._shown = rect
            self.update()

    def show_selected(self, name: str) -> None:
        if name != self._selected:
            self._selected = name
            self.update()

    def refresh_looks(self) -> None:
        self._pixmap = None
        self.update()

    def sizeHint(self) -> QSize:
        scale = self._scale()
        return QSize(max(48, round(self._diagram.width * scale)), max(36, round(self._diagram.height * scale)))

    def _scale(self) -> float:
        width, height = max(self._diagram.width, 1.0), max(self._diagram.height, 1.0)
        return min(self._room.width() / width, self._room.height() / height)

    def _drawn(self) -> QPixmap:
        look, ratio, scale = colours(), self.devicePixelRatioF(), self._scale()
        pixmap = QPixmap(self.size() * ratio)
        pixmap.setDevicePixelRatio(ratio)
        pixmap.fill(QColor(look.surface))
        painter = QPainter(pixmap)
        painter.scale(scale, scale)
        for box in self._diagram.boxes:
            colour = {"new": look.good, "removed": look.danger}.get(
                box.note, look.warning if box.note else look.neutral
            )
            painter.fillRect(QRectF(box.x, box.y, box.width, box.height), QColor(colour))
        painter.end()
        return pixmap

    def paintEvent(self, event: QPaintEvent) -> None:
        if self._pixmap is None or self._pixmap.devicePixelRatioF() != self.devicePixelRatioF():
            self._pixmap = self._drawn()
        look, scale = colours(), self._scale()
        painter = QPainter(self)
        painter.drawPixmap(0, 0, self._pixmap)
        chosen = self._diagram.box(self._selected)
        if chosen is not None:
            rect = QRectF(chosen.x * scale, chosen.y * scale, chosen.width * scale, chosen.height * scale)
            painter.fillRect(rect.adjusted(-1, -1, 1, 1), QColor(look.accent))
        painter.setPen(QPen(QColor(look.accent), 1.5))
        shown = QRectF(self._shown.topLeft() * scale, self._shown.size() * scale)
        painter.drawRect(shown.intersected(QRectF(self.rect()).adjusted(1, 1, -1, -1)))
        painter.setPen(QPen(QColor(look.line_strong), 1))
        painter.drawRect(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5))
        painter.end()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self._go(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if event.buttons() & Qt.MouseButton.LeftButton:
            self._go(event)

    def _go(self, event: QMouseEvent) -> None:
        self.moved.emit(event.position() / self._scale())
        event.accept()
