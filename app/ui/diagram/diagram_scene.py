"""The diagram on a scene: one item that paints what is exposed, in as much detail as the zoom can show."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF
from PySide6.QtGui import QColor, QPainter
from PySide6.QtWidgets import QGraphicsItem, QGraphicsScene, QStyleOptionGraphicsItem, QWidget

from app.schema.layout import Box, Diagram
from app.ui.look.theme import colours

from .diagram_paint import DiagramFonts, DiagramPainter

_AROUND = 400.0


class DiagramItem(QGraphicsItem):
    """All boxes and links as one item: thousands of items would cost more to visit than they cost to draw."""

    def __init__(self) -> None:
        super().__init__()
        self.setFlag(QGraphicsItem.GraphicsItemFlag.ItemUsesExtendedStyleOption)
        self.painter_of: DiagramPainter | None = None
        self.selected = ""
        self.hovered = ""
        self._rect = QRectF()

    def show_diagram(self, painter: DiagramPainter) -> None:
        self.prepareGeometryChange()
        self.painter_of = painter
        self._rect = painter.whole
        self.update()

    def boundingRect(self) -> QRectF:
        return self._rect

    def paint(self, painter: QPainter, option: QStyleOptionGraphicsItem, widget: QWidget | None = None) -> None:
        if self.painter_of is None:
            return
        scale = QStyleOptionGraphicsItem.levelOfDetailFromTransform(painter.worldTransform())
        looked_at = frozenset(name for name in (self.selected, self.hovered) if name)
        self.painter_of.paint(painter, option.exposedRect, scale, looked_at, self.selected)

    def look_at(self, selected: str, hovered: str) -> None:
        """Let these boxes stand out; what changes is painted anew."""
        if self.painter_of is not None:
            for name in {self.selected, self.hovered} ^ {selected, hovered}:
                if name:
                    self.update(self.painter_of.reach_of(name))
            if selected != self.selected:
                self.update(self.painter_of.rect_of(selected).adjusted(-4, -4, 4, 4))
        self.selected, self.hovered = selected, hovered


class DiagramScene(QGraphicsScene):
    """Holds the one item, and knows which box is where."""

    def __init__(self, fonts: DiagramFonts, parent: QWidget) -> None:
        super().__init__(parent)
        # One item needs no index, and an index would be told of each change.
        self.setItemIndexMethod(QGraphicsScene.ItemIndexMethod.NoIndex)
        self.fonts = fonts
        self.diagram = Diagram()
        self.item = DiagramItem()
        self.addItem(self.item)
        self.refresh_looks()

    def show_diagram(self, diagram: Diagram, painter: DiagramPainter | None = None) -> None:
        """``painter``: made of this diagram beside the UI thread already, None to make one now."""
        self.diagram = diagram
        if painter is None or not painter.suits(colours(), self.fonts):
            painter = DiagramPainter(diagram, colours(), self.fonts)
        self.item.show_diagram(painter)
        # Room around, so that the boxes at the edge can be brought to the middle.
        self.setSceneRect(QRectF(0, 0, diagram.width, diagram.height).adjusted(-_AROUND, -_AROUND, _AROUND, _AROUND))

    def refresh_looks(self) -> None:
        self.setBackgroundBrush(QColor(colours().card))
        self.show_diagram(self.diagram)

    def contents(self) -> QRectF:
        return self.item.boundingRect()

    def box_at(self, point: QPointF) -> Box | None:
        x, y = point.x(), point.y()
        return next((box for box in self.diagram.boxes if box.x <= x <= box.right and box.y <= y <= box.bottom), None)

    def rect_of(self, name: str) -> QRectF:
        return QRectF() if self.item.painter_of is None else self.item.painter_of.rect_of(name)

    def part_at(self, box: Box, y: float) -> str:
        """Name of the attribute at this height of a box, "" for none."""
        measure = self.diagram.measure
        row = int((y - box.y - measure.title_height - 4) // measure.row_height)
        return box.rows[row].name if 0 <= row < len(box.rows) else ""

    def beside(self, name: str, dx: int, dy: int) -> str:
        """The nearest box in a direction, "" for none: straight ahead counts more than aside."""
        start = self.rect_of(name).center()
        best, best_cost = "", float("inf")
        for box in self.diagram.boxes:
            x, y = box.x + box.width / 2 - start.x(), box.y + box.height / 2 - start.y()
            ahead, aside = x * dx + y * dy, abs(x * dy) + abs(y * dx)
            if box.name != name and ahead > 4 and ahead + 2.2 * aside < best_cost:
                best, best_cost = box.name, ahead + 2.2 * aside
        return best
