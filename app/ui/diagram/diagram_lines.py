"""Links as shapes to draw: long curves in pieces, so that only what is in sight is drawn."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from PySide6.QtCore import QLineF, QPointF, QRectF
from PySide6.QtGui import QPainterPath

from app.schema.layout import Edge, End
from app.schema.layout_feet import foot

# Drawing a curve costs by its length, in sight or not; below this one piece is cheapest.
_LONG: Final = 500.0
_PIECES: Final = 8
Points = tuple[QPointF, QPointF, QPointF, QPointF]


@dataclass(frozen=True, slots=True)
class FootShape:
    """What stands where a link meets a box, and the rectangle of it."""

    rect: QRectF
    lines: list[QLineF]
    circle: QPointF | None
    radius: float


@dataclass(frozen=True, slots=True)
class LinkShape:
    """``pieces`` are drawn where their rectangles are in sight; ``whole`` is the same curve in one."""

    whole: QPainterPath
    pieces: list[tuple[QRectF, QPainterPath]]
    feet: tuple[FootShape, FootShape]


def shape_of(edge: Edge) -> LinkShape:
    one, other = QPointF(*edge.forward.stub), QPointF(*edge.reverse.stub)
    start, stop = QPointF(edge.forward.x, edge.forward.y), QPointF(edge.reverse.x, edge.reverse.y)
    curve: Points = (one, QPointF(*edge.bends[0]), QPointF(*edge.bends[1]), other)
    whole = QPainterPath(start)
    whole.lineTo(one)
    whole.cubicTo(curve[1], curve[2], other)
    whole.lineTo(stop)
    around = whole.controlPointRect()
    if max(around.width(), around.height()) <= _LONG:
        paths = [whole]
    else:
        paths = [_line(start, one), *(_cubic(part) for part in _parts(curve)), _line(other, stop)]
    pieces = [(path.controlPointRect().adjusted(-2, -2, 2, 2), path) for path in paths]
    return LinkShape(whole, pieces, (_foot(edge.forward), _foot(edge.reverse)))


def _line(start: QPointF, stop: QPointF) -> QPainterPath:
    path = QPainterPath(start)
    path.lineTo(stop)
    return path


def _cubic(points: Points) -> QPainterPath:
    path = QPainterPath(points[0])
    path.cubicTo(points[1], points[2], points[3])
    return path


def _parts(curve: Points) -> list[Points]:
    """The curve cut at even steps."""
    parts = []
    for step in range(_PIECES, 1, -1):
        part, curve = _cut(curve, 1 / step)
        parts.append(part)
    return [*parts, curve]


def _cut(curve: Points, share: float) -> tuple[Points, Points]:
    """De Casteljau's way to halve a curve, at another share than the half."""
    a, b, c, d = curve
    ab, bc, cd = _between(a, b, share), _between(b, c, share), _between(c, d, share)
    abc, bcd = _between(ab, bc, share), _between(bc, cd, share)
    middle = _between(abc, bcd, share)
    return (a, ab, abc, middle), (middle, bcd, cd, d)


def _between(one: QPointF, other: QPointF, share: float) -> QPointF:
    return one + (other - one) * share


def _foot(end: End) -> FootShape:
    drawn = foot(end)
    circle = None if drawn.circle is None else QPointF(*drawn.circle)
    lines = [QLineF(*start, *stop) for start, stop in drawn.lines]
    return FootShape(QRectF(end.x - 24, end.y - 24, 48, 48), lines, circle, drawn.radius)
