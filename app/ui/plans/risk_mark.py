"""A step's risk as a shape, a word and a colour, so that it can be told without colour."""

from __future__ import annotations

from functools import cache

from PySide6.QtCore import QPointF, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QIcon, QPainter, QPaintEvent, QPen, QPixmap
from PySide6.QtWidgets import QHBoxLayout, QSizePolicy, QWidget

from app.core.apps import AppState
from app.core.status import Severity
from app.schema.operations import Risk
from app.ui.look.icons import State, paint_state
from app.ui.look.theme import Colours, colours
from app.ui.parts.badges import text_label

from .plan_text import risk_word

_STATES: dict[Risk, State] = {
    Risk.SAFE: AppState.OK,
    Risk.MAY_FAIL: Severity.WARNING,
    Risk.DESTROYS: Severity.ERROR,
}


def risk_colour(risk: Risk) -> str:
    look = colours()
    return {Risk.SAFE: look.good, Risk.SLOW: look.info, Risk.MAY_FAIL: look.warning, Risk.DESTROYS: look.danger}[risk]


def paint_risk(painter: QPainter, place: QRect | QRectF, risk: Risk) -> None:
    """A ticked disc, a clock, a triangle, or an octagon."""
    state = _STATES.get(risk)
    if state is not None:
        paint_state(painter, place, state)
    else:
        _paint_clock(painter, QRectF(place), QColor(risk_colour(risk)))


def _paint_clock(painter: QPainter, place: QRectF, colour: QColor) -> None:
    side = min(place.width(), place.height())
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.translate(place.center().x() - side / 2, place.center().y() - side / 2)
    painter.scale(side, side)
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.setPen(QPen(colour, 0.13, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap))
    painter.drawEllipse(QRectF(0.1, 0.1, 0.8, 0.8))
    painter.drawPolyline([QPointF(0.5, 0.27), QPointF(0.5, 0.52), QPointF(0.67, 0.62)])
    painter.restore()


def risk_icon(risk: Risk) -> QIcon:
    """In the colours in force; ask again after the theme changed."""
    return _icon(risk, colours())


@cache
def _icon(risk: Risk, _look: Colours, side: int = 14) -> QIcon:
    icon = QIcon()
    for ratio in (1, 2):
        pixmap = QPixmap(QSize(side, side) * ratio)
        pixmap.setDevicePixelRatio(ratio)
        pixmap.fill(Qt.GlobalColor.transparent)
        painter = QPainter(pixmap)
        paint_risk(painter, QRectF(0, 0, side, side), risk)
        painter.end()
        for mode in (QIcon.Mode.Normal, QIcon.Mode.Selected):
            # As it is, also in a selected row: tinted it could be taken for another.
            icon.addPixmap(pixmap, mode)
    return icon


class RiskMark(QWidget):
    """The shape; its word is the accessible name and the tool tip."""

    def __init__(self, risk: Risk, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._risk = risk
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.setAccessibleName(risk_word(risk))
        self.setToolTip(risk_word(risk).capitalize())

    def sizeHint(self) -> QSize:
        side = max(12, self.fontMetrics().ascent())
        return QSize(side, side)

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        paint_risk(painter, self.rect(), self._risk)
        painter.end()


class RiskSummary(QWidget):
    """ "7 steps", and beside it how many there are of each risk."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.total = text_label("", "title")
        self._row = QHBoxLayout(self)
        self._row.setContentsMargins(0, 0, 0, 0)
        self._row.setSpacing(6)
        self._row.addWidget(self.total)
        self._row.addStretch(1)
        self._parts: list[QWidget] = []

    def show_counts(self, total: str, counts: dict[Risk, int], spoken: str) -> None:
        for part in self._parts:
            self._row.removeWidget(part)
            part.hide()
            part.deleteLater()
        self._parts = []
        self.total.setText(total)
        self.setAccessibleName(spoken)
        for risk, number in counts.items():
            self._add(RiskMark(risk), 14)
            self._add(text_label(f"{number:,} {risk_word(risk, number)}"), 0)

    def _add(self, part: QWidget, gap: int) -> None:
        if gap:
            spacer = QWidget()
            spacer.setFixedWidth(gap - 6)
            self._insert(spacer)
        self._insert(part)

    def _insert(self, part: QWidget) -> None:
        self._row.insertWidget(self._row.count() - 1, part)
        self._parts.append(part)
