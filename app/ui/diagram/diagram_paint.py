"""Paints a laid out diagram with any painter: on screen, into a picture, on whichever thread the painter lives."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from PySide6.QtCore import QLineF, QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QPainter, QPen

from app.core.text import plain
from app.schema.layout import Box, Diagram, Edge, Measure, Row
from app.ui.look.theme import Colours, mono_font, scaled_font

from .diagram_lines import FootShape, LinkShape, shape_of
from .diagram_picture import CHANGED, NEW, REMOVED, RENAMED

# Below these scales the text of rows, then that of names, is too small to be read.
FAR: Final = 0.5
NAMELESS: Final = 0.13
_RADIUS: Final = 7.0
_PAD: Final = 12.0
_LEFT = Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
_RIGHT = Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
_CENTRE = Qt.AlignmentFlag.AlignCenter
# By shape as well as by colour: the line, and the sign in front of a row.
_LINES: Final = {
    NEW: Qt.PenStyle.DashLine,
    CHANGED: Qt.PenStyle.DashDotLine,
    RENAMED: Qt.PenStyle.DashDotDotLine,
    REMOVED: Qt.PenStyle.DotLine,
}
_SIGNS: Final = {NEW: "+", CHANGED: "≠", RENAMED: "→", REMOVED: "−"}


@dataclass(frozen=True, slots=True)
class DiagramFonts:
    """Made on the UI thread from the window's font; measured once."""

    title: QFont
    row: QFont
    label: QFont
    measure: Measure

    @staticmethod
    def of_window() -> DiagramFonts:
        title, row, label = scaled_font(1.0, is_bold=True), mono_font(), scaled_font(0.86)
        row.setPointSizeF(row.pointSizeF() * 0.9)
        titles, rows, labels = QFontMetricsF(title), QFontMetricsF(row), QFontMetricsF(label)
        measure = Measure(
            title_char=titles.horizontalAdvance("entities_and_links") / 18,
            row_char=rows.horizontalAdvance("0"),
            title_height=round(titles.height() + 13),
            row_height=round(rows.height() + 5),
            label_char=labels.horizontalAdvance("invoices of todos") / 17 * 1.04,
            label_height=round(labels.height()),
            narrowest=rows.horizontalAdvance("0") * 20,
            widest=rows.horizontalAdvance("0") * 38,
        )
        return DiagramFonts(title, row, label, measure)


class DiagramPainter:
    """Draws what of the diagram meets a rectangle, in as much detail as the scale can show."""

    def __init__(self, diagram: Diagram, look: Colours, fonts: DiagramFonts) -> None:
        self.diagram = diagram
        self._look = look
        self._fonts = fonts
        self._rects = {box.name: QRectF(box.x, box.y, box.width, box.height) for box in diagram.boxes}
        self._reach = [_reach(edge) for edge in diagram.edges]
        # Labels of links reach beyond the boxes.
        self.whole = QRectF(0, 0, diagram.width, diagram.height)
        for each in self._reach:
            self.whole = self.whole.united(each)
        self._shapes: dict[int, LinkShape] = {}
        self._colours = {NEW: look.good, CHANGED: look.warning, RENAMED: look.warning, REMOVED: look.danger}

    def suits(self, look: Colours, fonts: DiagramFonts) -> bool:
        """Whether it was made with these."""
        return self._look is look and self._fonts is fonts

    def rect_of(self, name: str) -> QRectF:
        return self._rects.get(name, QRectF())

    def reach_of(self, name: str) -> QRectF:
        """The box with all its links: what is to be painted anew when it is selected."""
        whole = QRectF(self.rect_of(name))
        for edge, reach in zip(self.diagram.edges, self._reach, strict=True):
            if name in (edge.forward.entity, edge.reverse.entity):
                whole |= reach
        return whole.adjusted(-4, -4, 4, 4)

    def paint(self, painter: QPainter, rect: QRectF, scale: float, looked_at: frozenset[str], selected: str) -> None:
        """``looked_at``: boxes whose links stand out. ``scale``: device pixels per unit."""
        edges = [index for index, reach in enumerate(self._reach) if reach.intersects(rect)]
        boxes = [box for box in self.diagram.boxes if self._rects[box.name].intersects(rect.adjusted(-3, -3, 3, 3))]
        if scale < FAR:
            self._paint_far(painter, edges, boxes, scale, looked_at, selected)
        else:
            self._paint_near(painter, rect, edges, boxes, looked_at, selected)

    # Far away

    def _paint_far(
        self,
        painter: QPainter,
        edges: list[int],
        boxes: list[Box],
        scale: float,
        looked_at: frozenset[str],
        selected: str,
    ) -> None:
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
        plain_lines = [_straight(self.diagram.edges[index]) for index in edges]
        painter.setPen(QPen(QColor(self._look.line_strong), 0))
        painter.drawLines(plain_lines)
        loud = [
            line
            for index, line in zip(edges, plain_lines, strict=True)
            if self._is_loud(self.diagram.edges[index], looked_at)
        ]
        if loud:
            painter.setPen(QPen(QColor(self._look.accent), 1.6 / scale))
            painter.drawLines(loud)
        painter.setPen(QPen(QColor(self._look.neutral), 0))
        painter.setBrush(QColor(self._look.surface))
        painter.drawRects([self._rects[box.name] for box in boxes if not box.note and box.name != selected])
        for box in boxes:
            if box.note or box.name == selected:
                painter.setPen(self._frame(box, selected, 2.0 / scale))
                painter.drawRect(self._rects[box.name])
        if scale >= NAMELESS:
            self._paint_far_names(painter, boxes, scale)

    def _paint_far_names(self, painter: QPainter, boxes: list[Box], scale: float) -> None:
        """Names as large as a readable size needs, as much of them as fits into the box."""
        font = QFont(self._fonts.title)
        size = min(9.5 / scale, 46.0)
        font.setPixelSize(max(1, round(size)))
        painter.setFont(font)
        painter.setPen(QColor(self._look.text))
        for box in boxes:
            # A name may reach into the gap beside its box.
            rect = self._rects[box.name].adjusted(-24, -40, 24, 40)
            painter.drawText(rect, int(_CENTRE), _cut(box.name, int(rect.width() / (size * 0.6))))

    # Near

    def _paint_near(
        self,
        painter: QPainter,
        rect: QRectF,
        edges: list[int],
        boxes: list[Box],
        looked_at: frozenset[str],
        selected: str,
    ) -> None:
        painter.setRenderHint(QPainter.RenderHint.Antialiasing, True)
        loud = {index for index in edges if self._is_loud(self.diagram.edges[index], looked_at)}
        ordered = [*(index for index in edges if index not in loud), *sorted(loud)]
        for index in ordered:
            self._paint_edge(painter, rect, index, index in loud)
        for box in boxes:
            self._paint_box(painter, box, selected)
        painter.setFont(self._fonts.label)
        for index in ordered:
            self._paint_labels(painter, rect, self.diagram.edges[index], index in loud)

    def _is_loud(self, edge: Edge, looked_at: frozenset[str]) -> bool:
        return edge.forward.entity in looked_at or edge.reverse.entity in looked_at

    def _edge_colour(self, edge: Edge, is_loud: bool) -> QColor:
        if edge.note:
            return QColor(self._colours.get(edge.note, self._look.text))
        return QColor(self._look.accent if is_loud else self._look.neutral)

    def _paint_edge(self, painter: QPainter, rect: QRectF, index: int, is_loud: bool) -> None:
        edge = self.diagram.edges[index]
        shape = self._shapes.get(index)
        if shape is None:
            shape = self._shapes[index] = shape_of(edge)
        colour = self._edge_colour(edge, is_loud)
        # A hairline is drawn many times faster than any other line, and most lines are quiet.
        pen = QPen(colour, 2.0 if is_loud else 1.3 if edge.note else 0, _LINES.get(edge.note, Qt.PenStyle.SolidLine))
        pen.setCapStyle(Qt.PenCapStyle.FlatCap)
        painter.setPen(pen)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        if edge.note:
            # In one, so that its dashes go through.
            painter.drawPath(shape.whole)
        else:
            for around, path in shape.pieces:
                if around.intersects(rect):
                    painter.drawPath(path)
        feet = [each for each in shape.feet if each.rect.intersects(rect)]
        if feet:
            painter.setPen(QPen(colour, 1.6 if is_loud else 1.3))
            for each in feet:
                self._paint_foot(painter, each)

    def _paint_foot(self, painter: QPainter, shape: FootShape) -> None:
        painter.drawLines(shape.lines)
        if shape.circle is not None:
            painter.setBrush(QColor(self._look.card))
            painter.drawEllipse(shape.circle, shape.radius, shape.radius)
            painter.setBrush(Qt.BrushStyle.NoBrush)

    def _paint_labels(self, painter: QPainter, sight: QRectF, edge: Edge, is_loud: bool) -> None:
        if edge.note:
            painter.setPen(self._edge_colour(edge, is_loud))
        elif is_loud:
            painter.setPen(QColor(self._look.link))
        else:
            painter.setPen(QColor(self._look.muted))
        measure = self._fonts.measure
        for end in (edge.forward, edge.reverse):
            if end.label and (is_loud or not end.is_label_crowded):
                width = len(end.label) * measure.label_char + 60
                rect = QRectF(end.label_x, end.label_y, width, measure.label_height)
                if not rect.intersects(sight):
                    continue
                if is_loud and end.is_label_crowded:
                    painter.fillRect(rect.adjusted(-2, 0, -56, 0), QColor(self._look.card))
                painter.drawText(rect, int(_LEFT), _cut(end.label, 60))

    def _frame(self, box: Box, selected: str, width: float) -> QPen:
        if box.name == selected:
            return QPen(QColor(self._look.accent), width)
        colour = self._colours.get(box.note, self._look.line_strong)
        return QPen(QColor(colour), width * (0.8 if box.note else 0.5), _LINES.get(box.note, Qt.PenStyle.SolidLine))

    def _paint_box(self, painter: QPainter, box: Box, selected: str) -> None:
        rect, measure = self._rects[box.name], self._fonts.measure
        painter.setPen(self._frame(box, selected, 2.2))
        painter.setBrush(QColor(self._look.surface))
        painter.drawRoundedRect(rect, _RADIUS, _RADIUS)
        head = QRectF(rect.x() + _PAD, rect.y() + 1, rect.width() - 2 * _PAD, measure.title_height)
        self._paint_head(painter, box, head)
        if box.rows or box.hidden:
            painter.setPen(QPen(QColor(self._look.line), 1))
            y = rect.y() + measure.title_height
            painter.drawLine(QPointF(rect.x() + 1, y), QPointF(rect.right() - 1, y))
            self._paint_rows(painter, box, head)

    def _paint_head(self, painter: QPainter, box: Box, head: QRectF) -> None:
        room = head.width()
        if box.note:
            painter.setFont(self._fonts.label)
            painter.setPen(QColor(self._colours.get(box.note, self._look.text)))
            painter.drawText(head, int(_RIGHT), box.note)
            room -= len(box.note) * self._fonts.measure.label_char + 8
        font = self._fonts.title
        if box.note == REMOVED:
            font = QFont(font)
            font.setStrikeOut(True)
        painter.setFont(font)
        painter.setPen(QColor(self._look.muted if box.is_system else self._look.text))
        painter.drawText(head, int(_LEFT), _cut(box.name, int(room / self._fonts.measure.title_char)))

    def _paint_rows(self, painter: QPainter, box: Box, head: QRectF) -> None:
        measure = self._fonts.measure
        line = QRectF(head.x(), box.y + measure.title_height + 4, head.width(), measure.row_height)
        painter.setFont(self._fonts.row)
        for row in box.rows:
            self._paint_row(painter, row, line, int(head.width() / measure.row_char))
            line.translate(0, measure.row_height)
        if box.hidden:
            painter.setPen(QColor(self._look.muted))
            painter.drawText(line, int(_LEFT), box.more)

    def _paint_row(self, painter: QPainter, row: Row, line: QRectF, room: int) -> None:
        words = _cut(row.words, max(int(room * 0.55), room - len(row.name) - 2))
        name = _cut(row.name, room - len(words) - 1)
        colour = QColor(self._colours.get(row.note, self._look.text))
        if row.note:
            painter.setPen(colour)
            painter.drawText(line.adjusted(-_PAD + 2, 0, 0, 0), int(_LEFT), _SIGNS.get(row.note, ""))
        painter.setPen(colour)
        painter.drawText(line, int(_LEFT), name)
        if row.note == REMOVED:
            width = len(name) * self._fonts.measure.row_char
            painter.drawLine(QLineF(line.x(), line.center().y(), line.x() + width, line.center().y()))
        painter.setPen(colour if row.note else QColor(self._look.muted))
        painter.drawText(line, int(_RIGHT), words)


def _straight(edge: Edge) -> QLineF:
    return QLineF(edge.forward.x, edge.forward.y, edge.reverse.x, edge.reverse.y)


def _reach(edge: Edge) -> QRectF:
    """All that an edge may paint on: its line, feet and labels."""
    xs = [edge.forward.x, edge.reverse.x, *(x for x, _ in edge.bends)]
    ys = [edge.forward.y, edge.reverse.y, *(y for _, y in edge.bends)]
    for end in (edge.forward, edge.reverse):
        xs += [end.label_x, end.label_x + len(end.label) * 8]
        ys += [end.label_y, end.label_y + 20]
    return QRectF(QPointF(min(xs), min(ys)), QPointF(max(xs), max(ys))).adjusted(-8, -8, 8, 8)


@lru_cache(20_000)
def _cut(text: str, limit: int) -> str:
    return plain(text, max(limit, 2))
