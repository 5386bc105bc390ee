"""States drawn by shape and colour, so that each can be told without colour."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cache

from PySide6.QtCore import QPointF, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QIcon, QPainter, QPainterPath, QPen, QPixmap, QPolygonF

from app.core.apps import AppState
from app.core.status import Health, Severity
from app.ui.look.theme import Colours, colours

State = AppState | Health | Severity

_WORDS: dict[State, str] = {
    AppState.OK: "OK",
    AppState.DRIFTED: "Drifted",
    AppState.UNOWNED: "No owner",
    AppState.MISSING: "Missing",
    AppState.READ_ONLY: "Read-only",
    AppState.DISABLED: "Disabled",
    AppState.CREATING: "Creating",
    AppState.UNKNOWN: "Not checked",
    Health.UNKNOWN: "Not checked",
    Health.UP: "Up",
    Health.DEGRADED: "Degraded",
    Health.UNAUTHORISED: "Unauthorised",
    Health.READ_ONLY: "Read-only",
    Health.UNREACHABLE: "Unreachable",
    Severity.INFO: "Note",
    Severity.WARNING: "Warning",
    Severity.ERROR: "Error",
}


def state_word(state: State) -> str:
    return _WORDS[state]


def app_state(text: str) -> AppState:
    """The state that ``AppSummary.state`` names; UNKNOWN for a word from a newer version."""
    try:
        return AppState(text)
    except ValueError:
        return AppState.UNKNOWN


# Each drawing fills a unit square; the painter is scaled to the place. ``hole`` is the colour inside a filled shape.


def _disc(painter: QPainter, colour: QColor, hole: QColor) -> None:
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(colour)
    painter.drawEllipse(QRectF(0.06, 0.06, 0.88, 0.88))
    _stroke(painter, hole, 0.13, [(0.29, 0.52), (0.44, 0.67), (0.72, 0.36)])


def _triangle(painter: QPainter, colour: QColor, hole: QColor) -> None:
    path = QPainterPath(QPointF(0.5, 0.1))
    path.lineTo(0.95, 0.88)
    path.lineTo(0.05, 0.88)
    path.closeSubpath()
    painter.setPen(QPen(colour, 0.1, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap, Qt.PenJoinStyle.RoundJoin))
    painter.setBrush(colour)
    painter.drawPath(path)
    _bang(painter, hole, 0.36, 0.6, 0.76)


def _diamond(painter: QPainter, colour: QColor, _hole: QColor) -> None:
    painter.setPen(QPen(colour, 0.13, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap, Qt.PenJoinStyle.RoundJoin))
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.drawPolygon(QPolygonF([QPointF(0.5, 0.08), QPointF(0.92, 0.5), QPointF(0.5, 0.92), QPointF(0.08, 0.5)]))
    painter.setBrush(colour)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.drawEllipse(QPointF(0.5, 0.5), 0.1, 0.1)


def _octagon(painter: QPainter, colour: QColor, hole: QColor) -> None:
    corners = [
        QPointF(0.5 + 0.49 * math.cos(math.radians(22.5 + 45 * k)), 0.5 + 0.49 * math.sin(math.radians(22.5 + 45 * k)))
        for k in range(8)
    ]
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(colour)
    painter.drawPolygon(QPolygonF(corners))
    _stroke(painter, hole, 0.13, [(0.33, 0.33), (0.67, 0.67)])
    _stroke(painter, hole, 0.13, [(0.67, 0.33), (0.33, 0.67)])


def _lock(painter: QPainter, colour: QColor, hole: QColor) -> None:
    painter.setPen(QPen(colour, 0.12))
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.drawArc(QRectF(0.28, 0.08, 0.44, 0.56), 0, 180 * 16)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(colour)
    painter.drawRoundedRect(QRectF(0.12, 0.4, 0.76, 0.54), 0.1, 0.1)
    painter.setBrush(hole)
    painter.drawEllipse(QPointF(0.5, 0.67), 0.1, 0.1)


def _pause(painter: QPainter, colour: QColor, hole: QColor) -> None:
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(colour)
    painter.drawRoundedRect(QRectF(0.06, 0.06, 0.88, 0.88), 0.16, 0.16)
    _stroke(painter, hole, 0.14, [(0.37, 0.32), (0.37, 0.68)])
    _stroke(painter, hole, 0.14, [(0.63, 0.32), (0.63, 0.68)])


def _ring(painter: QPainter, colour: QColor, _hole: QColor) -> None:
    pen = QPen(colour, 0.13)
    pen.setDashPattern([1.6, 1.5])
    painter.setPen(pen)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.drawEllipse(QRectF(0.14, 0.14, 0.72, 0.72))


def _arc(painter: QPainter, colour: QColor, _hole: QColor) -> None:
    painter.setPen(QPen(colour, 0.16, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap))
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.drawArc(QRectF(0.14, 0.14, 0.72, 0.72), 90 * 16, -250 * 16)


def _barred(painter: QPainter, colour: QColor, _hole: QColor) -> None:
    painter.setPen(QPen(colour, 0.14))
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.drawEllipse(QRectF(0.12, 0.12, 0.76, 0.76))
    painter.drawLine(QPointF(0.25, 0.75), QPointF(0.75, 0.25))


def _letter_i(painter: QPainter, colour: QColor, hole: QColor) -> None:
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(colour)
    painter.drawEllipse(QRectF(0.06, 0.06, 0.88, 0.88))
    painter.setBrush(hole)
    painter.drawEllipse(QPointF(0.5, 0.3), 0.08, 0.08)
    _stroke(painter, hole, 0.13, [(0.5, 0.48), (0.5, 0.72)])


def _cross(painter: QPainter, colour: QColor, _hole: QColor) -> None:
    _stroke(painter, colour, 0.2, [(0.2, 0.2), (0.8, 0.8)])
    _stroke(painter, colour, 0.2, [(0.8, 0.2), (0.2, 0.8)])


def _stroke(painter: QPainter, colour: QColor, width: float, points: list[tuple[float, float]]) -> None:
    painter.setPen(QPen(colour, width, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap, Qt.PenJoinStyle.RoundJoin))
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.drawPolyline(QPolygonF([QPointF(x, y) for x, y in points]))


def _bang(painter: QPainter, colour: QColor, top: float, bottom: float, dot: float) -> None:
    _stroke(painter, colour, 0.11, [(0.5, top), (0.5, bottom)])
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(colour)
    painter.drawEllipse(QPointF(0.5, dot), 0.06, 0.06)


Drawing = Callable[[QPainter, QColor, QColor], None]
_LOOKS: dict[State, tuple[Drawing, str]] = {
    AppState.OK: (_disc, "good"),
    AppState.DRIFTED: (_triangle, "warning"),
    AppState.UNOWNED: (_diamond, "danger"),
    AppState.MISSING: (_cross, "danger"),
    AppState.READ_ONLY: (_pause, "warning"),
    AppState.DISABLED: (_barred, "neutral"),
    AppState.CREATING: (_arc, "info"),
    AppState.UNKNOWN: (_ring, "neutral"),
    Health.UNKNOWN: (_ring, "neutral"),
    Health.UP: (_disc, "good"),
    Health.DEGRADED: (_triangle, "warning"),
    Health.UNAUTHORISED: (_lock, "danger"),
    Health.READ_ONLY: (_pause, "warning"),
    Health.UNREACHABLE: (_octagon, "danger"),
    Severity.INFO: (_letter_i, "info"),
    Severity.WARNING: (_triangle, "warning"),
    Severity.ERROR: (_octagon, "danger"),
}


def paint_state(painter: QPainter, place: QRect | QRectF, state: State) -> None:
    """Draw a state into a square place; sharp at every scale."""
    drawing, role = _LOOKS[state]
    look = colours()
    _paint(painter, QRectF(place), drawing, QColor(getattr(look, role)), QColor(look.surface))


def _paint(painter: QPainter, place: QRectF, drawing: Drawing, colour: QColor, hole: QColor) -> None:
    side = min(place.width(), place.height())
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.translate(place.center().x() - side / 2, place.center().y() - side / 2)
    painter.scale(side, side)
    drawing(painter, colour, hole)
    painter.restore()


def paint_key(painter: QPainter, place: QRectF, colour: QColor) -> None:
    """The sign of a primary key."""
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(QPen(colour, place.width() / 8, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap))
    painter.setBrush(Qt.BrushStyle.NoBrush)
    side, y = place.width(), place.center().y()
    ring = side * 0.2
    painter.drawEllipse(QPointF(place.left() + ring * 1.4, y), ring, ring)
    start, end, tooth = place.left() + ring * 2.4, place.right() - side * 0.06, side * 0.2
    painter.drawLine(QPointF(start, y), QPointF(end, y))
    for x in (end, end - side * 0.22):
        painter.drawLine(QPointF(x, y), QPointF(x, y + tooth))
    painter.restore()


def state_icon(state: State) -> QIcon:
    """An icon in the colours in force; ask again after the theme changed."""
    return _state_icon(state, colours())


@cache
def _state_icon(state: State, look: Colours) -> QIcon:
    drawing, role = _LOOKS[state]
    return _icon(drawing, QColor(getattr(look, role)), QColor(look.surface))


def _icon(drawing: Drawing, colour: QColor, hole: QColor, side: int = 14) -> QIcon:
    icon = QIcon()
    for ratio in (1, 2):
        pixmap = QPixmap(QSize(side, side) * ratio)
        pixmap.setDevicePixelRatio(ratio)
        pixmap.fill(Qt.GlobalColor.transparent)
        painter = QPainter(pixmap)
        _paint(painter, QRectF(0, 0, side, side), drawing, colour, hole)
        painter.end()
        for mode in (QIcon.Mode.Normal, QIcon.Mode.Selected):
            # As it is, also in a selected row: tinted it could be taken for another.
            icon.addPixmap(pixmap, mode)
    return icon


# Signs of actions


def _refresh(painter: QPainter, colour: QColor, _hole: QColor) -> None:
    painter.setPen(QPen(colour, 0.1, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap))
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.drawArc(QRectF(0.16, 0.16, 0.68, 0.68), 40 * 16, 280 * 16)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(colour)
    painter.drawPolygon(QPolygonF([QPointF(0.96, 0.12), QPointF(0.93, 0.46), QPointF(0.62, 0.32)]))


def _plus(painter: QPainter, colour: QColor, _hole: QColor) -> None:
    _stroke(painter, colour, 0.1, [(0.5, 0.16), (0.5, 0.84)])
    _stroke(painter, colour, 0.1, [(0.16, 0.5), (0.84, 0.5)])


def _close(painter: QPainter, colour: QColor, _hole: QColor) -> None:
    _stroke(painter, colour, 0.09, [(0.24, 0.24), (0.76, 0.76)])
    _stroke(painter, colour, 0.09, [(0.76, 0.24), (0.24, 0.76)])


def _more(painter: QPainter, colour: QColor, _hole: QColor) -> None:
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(colour)
    for x in (0.2, 0.5, 0.8):
        painter.drawEllipse(QPointF(x, 0.5), 0.08, 0.08)


def _copy(painter: QPainter, colour: QColor, _hole: QColor) -> None:
    painter.setPen(QPen(colour, 0.09))
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.drawRoundedRect(QRectF(0.34, 0.34, 0.52, 0.52), 0.08, 0.08)
    _stroke(painter, colour, 0.09, [(0.24, 0.64), (0.16, 0.64), (0.16, 0.16), (0.64, 0.16), (0.64, 0.24)])


def _down(painter: QPainter, colour: QColor, _hole: QColor) -> None:
    _stroke(painter, colour, 0.12, [(0.22, 0.38), (0.5, 0.66), (0.78, 0.38)])


_SIGNS: dict[str, Drawing] = {
    "refresh": _refresh,
    "plus": _plus,
    "close": _close,
    "more": _more,
    "copy": _copy,
    "down": _down,
}


def sign(name: str, role: str = "muted") -> QIcon:
    """An action's sign (refresh, plus, close, more, copy, down) in a colour role of the theme."""
    return _sign(name, role, colours())


@cache
def _sign(name: str, role: str, look: Colours) -> QIcon:
    return _icon(_SIGNS[name], QColor(getattr(look, role)), QColor(look.surface), 16)
