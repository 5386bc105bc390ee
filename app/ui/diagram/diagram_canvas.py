"""The part of the diagram's view that scrolls: zooming, panning, pointing, and walking from box to box by keyboard."""

from __future__ import annotations

from typing import Final

from PySide6.QtCore import QEvent, QPoint, QPointF, QRect, QRectF, Qt, Signal
from PySide6.QtGui import QContextMenuEvent, QKeyEvent, QMouseEvent, QPainter, QResizeEvent, QTransform, QWheelEvent
from PySide6.QtWidgets import QApplication, QFrame, QGraphicsView, QWidget

from .diagram_minimap import DiagramMinimap
from .diagram_scene import DiagramScene

SMALLEST: Final = 0.03
LARGEST: Final = 3.0
_STEP: Final = 1.2
_PAN: Final = 60
_EDGE: Final = 10
_LEGEND: Final = "! required   U unique   # indexed"
_DIRECTIONS: Final = {
    Qt.Key.Key_Left: (-1, 0),
    Qt.Key.Key_Right: (1, 0),
    Qt.Key.Key_Up: (0, -1),
    Qt.Key.Key_Down: (0, 1),
}


class DiagramCanvas(QGraphicsView):
    """Arrows pan, with Ctrl they walk to the next box; Tab walks through all boxes; + - 0 zoom, F fits, Esc leaves."""

    pointed = Signal(str, str)  # a box was chosen, and the attribute pressed in it
    opened = Signal(str, str)  # double click or Enter on it
    zoomed = Signal(float)
    menu_wanted = Signal(QPoint)

    def __init__(self, scene: DiagramScene, parent: QWidget | None = None) -> None:
        super().__init__(scene, parent)
        self.diagram_scene = scene
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setRenderHint(QPainter.RenderHint.TextAntialiasing)
        self.setViewportUpdateMode(QGraphicsView.ViewportUpdateMode.SmartViewportUpdate)
        self.setOptimizationFlag(QGraphicsView.OptimizationFlag.DontSavePainterState)
        self.setTransformationAnchor(QGraphicsView.ViewportAnchor.AnchorUnderMouse)
        self.setResizeAnchor(QGraphicsView.ViewportAnchor.AnchorViewCenter)
        # The minimap says where one is; bars would take their room from a narrow pane.
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setMouseTracking(True)
        self._pressed: QPoint | None = None
        self._is_panning = False
        self._has_space = False
        self._chosen = ""
        self.minimap = DiagramMinimap(self)
        self.minimap.moved.connect(self.centerOn)
        for bar in (self.horizontalScrollBar(), self.verticalScrollBar()):
            bar.valueChanged.connect(self._follow)

    # Zooming

    @property
    def zoom(self) -> float:
        return self.transform().m11()

    def set_zoom(self, zoom: float) -> None:
        wanted = min(max(zoom, SMALLEST), LARGEST)
        if abs(wanted - self.zoom) > 1e-6:
            self.setTransform(QTransform.fromScale(wanted, wanted))
            self._follow()
            self.zoomed.emit(wanted)

    def zoom_in(self) -> None:
        self._zoom_middle(self.zoom * _STEP)

    def zoom_out(self) -> None:
        self._zoom_middle(self.zoom / _STEP)

    def zoom_whole(self) -> None:
        """100 %."""
        self._zoom_middle(1.0)

    def _zoom_middle(self, zoom: float) -> None:
        self.setTransformationAnchor(QGraphicsView.ViewportAnchor.AnchorViewCenter)
        self.set_zoom(zoom)
        self.setTransformationAnchor(QGraphicsView.ViewportAnchor.AnchorUnderMouse)

    def fit(self, at_least: float = SMALLEST) -> None:
        """Show all of the diagram, but never larger than 100 % or smaller than ``at_least``."""
        whole = self.diagram_scene.contents()
        if whole.isEmpty():
            return
        size = self.viewport().size()
        fitting = min(size.width() / whole.width(), size.height() / whole.height(), 1.0)
        self._zoom_middle(max(fitting, at_least))
        self.centerOn(whole.center())

    def show_box(self, name: str) -> None:
        """Bring a box into sight; it stays where it is when all of it is visible already."""
        rect = self.diagram_scene.rect_of(name)
        if not rect.isEmpty() and not self.in_sight().contains(rect):
            self.centerOn(rect.center())
        self._chosen = name
        self._find_corner()

    def in_sight(self) -> QRectF:
        return self.mapToScene(self.viewport().rect()).boundingRect()

    def _follow(self) -> None:
        self.minimap.show_part(self.in_sight())
        whole = self.diagram_scene.contents()
        self.minimap.setVisible(not whole.isEmpty() and not self.in_sight().contains(whole))

    def place_minimap(self) -> None:
        self.minimap.fit_into(self.viewport().size())
        self._find_corner()
        self._follow()

    def _find_corner(self) -> None:
        """At the bottom right, unless it would stand before the chosen box; only then it goes elsewhere."""
        room = self.viewport().geometry().adjusted(_EDGE, _EDGE, -_EDGE, -_EDGE)
        right, below = room.right() - self.minimap.width(), room.bottom() - self.minimap.height()
        corners = [QPoint(right, below), QPoint(room.left(), below), QPoint(right, room.top()), room.topLeft()]
        place = self.diagram_scene.rect_of(self._chosen)
        box = QRect() if place.isEmpty() else self.mapFromScene(place).boundingRect()
        size = self.minimap.size()
        self.minimap.move(next((each for each in corners if not QRect(each, size).intersects(box)), corners[0]))

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.place_minimap()

    def wheelEvent(self, event: QWheelEvent) -> None:
        if event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            self.set_zoom(self.zoom * _STEP ** (event.angleDelta().y() / 120))
            event.accept()
        else:
            super().wheelEvent(event)

    # Pointing and dragging

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self.setFocus(Qt.FocusReason.MouseFocusReason)
        if event.button() in (Qt.MouseButton.LeftButton, Qt.MouseButton.MiddleButton):
            self._pressed = event.position().toPoint()
            self._is_panning = self._has_space or event.button() is Qt.MouseButton.MiddleButton
            self._show_cursor()
        event.accept()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        place = event.position().toPoint()
        if self._pressed is None:
            self._hover(event.position())
            return
        way = place - self._pressed
        if not self._is_panning and way.manhattanLength() >= QApplication.startDragDistance():
            self._is_panning = True
            self._show_cursor()
        if self._is_panning:
            self._pan(-way.x(), -way.y())
            self._pressed = place

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        is_click = self._pressed is not None and not self._is_panning
        self._pressed, self._is_panning = None, False
        self._show_cursor()
        if is_click and event.button() is Qt.MouseButton.LeftButton:
            self._point(event, is_double=False)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        self._point(event, is_double=True)

    def _point(self, event: QMouseEvent, *, is_double: bool) -> None:
        place = self.mapToScene(event.position().toPoint())
        box = self.diagram_scene.box_at(place)
        if box is not None:
            part = self.diagram_scene.part_at(box, place.y())
            (self.opened if is_double else self.pointed).emit(box.name, part)

    def _hover(self, place: QPointF) -> None:
        box = self.diagram_scene.box_at(self.mapToScene(place.toPoint()))
        name = box.name if box is not None else ""
        item = self.diagram_scene.item
        if name != item.hovered:
            item.look_at(item.selected, name)
            self.viewport().setToolTip(_LEGEND if name else "")
            self._show_cursor()

    def leaveEvent(self, event: QEvent) -> None:
        self.diagram_scene.item.look_at(self.diagram_scene.item.selected, "")
        super().leaveEvent(event)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        if event.reason() is QContextMenuEvent.Reason.Mouse:
            box = self.diagram_scene.box_at(self.mapToScene(event.pos()))
            if box is not None:
                self.pointed.emit(box.name, "")
        self.menu_wanted.emit(event.globalPos())
        event.accept()

    def _pan(self, dx: int, dy: int) -> None:
        for bar, way in ((self.horizontalScrollBar(), dx), (self.verticalScrollBar(), dy)):
            bar.setValue(bar.value() + way)

    def _show_cursor(self) -> None:
        shape = Qt.CursorShape.ArrowCursor
        if self._is_panning:
            shape = Qt.CursorShape.ClosedHandCursor
        elif self._has_space:
            shape = Qt.CursorShape.OpenHandCursor
        elif self.diagram_scene.item.hovered:
            shape = Qt.CursorShape.PointingHandCursor
        self.viewport().setCursor(shape)

    # Keyboard

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if not self._walk(event) and not self._act(event):
            super().keyPressEvent(event)

    def keyReleaseEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Space and not event.isAutoRepeat():
            self._has_space = False
            self._show_cursor()
        super().keyReleaseEvent(event)

    def _walk(self, event: QKeyEvent) -> bool:
        direction = _DIRECTIONS.get(Qt.Key(event.key()))
        if direction is None:
            return False
        if event.modifiers() & Qt.KeyboardModifier.ControlModifier:
            self._go(self.diagram_scene.beside(self.diagram_scene.item.selected, *direction))
        else:
            self._pan(direction[0] * _PAN, direction[1] * _PAN)
        return True

    def _act(self, event: QKeyEvent) -> bool:
        key = event.key()
        if key in (Qt.Key.Key_Plus, Qt.Key.Key_Equal):
            self.zoom_in()
        elif key == Qt.Key.Key_Minus:
            self.zoom_out()
        elif key == Qt.Key.Key_0:
            self.zoom_whole()
        elif key == Qt.Key.Key_F and not event.modifiers():
            self.fit()
        elif key == Qt.Key.Key_Space:
            self._has_space = True
            self._show_cursor()
        elif key == Qt.Key.Key_Escape:
            # With hundreds of boxes Tab alone would be no way out.
            super().focusNextPrevChild(True)
        elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self.diagram_scene.item.selected:
            self.opened.emit(self.diagram_scene.item.selected, "")
        else:
            return False
        return True

    def focusNextPrevChild(self, forward: bool) -> bool:
        """Tab walks through the boxes in reading order, and goes on to the next widget after the last."""
        names = [box.name for box in self.diagram_scene.diagram.boxes]
        selected = self.diagram_scene.item.selected
        at = names.index(selected) + (1 if forward else -1) if selected in names else (0 if forward else len(names) - 1)
        if 0 <= at < len(names):
            self._go(names[at])
            return True
        return super().focusNextPrevChild(forward)

    def _go(self, name: str) -> None:
        if name:
            self.pointed.emit(name, "")
