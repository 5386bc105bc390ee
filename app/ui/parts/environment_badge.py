"""The mark of a connection's environment, told apart by word, frame and weight as well as by colour."""

from __future__ import annotations

from PySide6.QtCore import QRect, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFont, QFontMetrics, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from app.core.connection import Environment
from app.ui.look.theme import badge_colours, badge_text, colours

SPOKEN = {
    Environment.LOCAL: "local environment",
    Environment.STAGING: "staging environment",
    Environment.PRODUCTION: "production environment",
}
_PAD = 6
_HEIGHT = 18


def undo_words(environment: Environment) -> str:
    """What a way back is called: in production it asks first."""
    return "Undo…" if environment is Environment.PRODUCTION else "Undo"


def badge_font(base: QFont) -> QFont:
    font = QFont(base)
    font.setPointSizeF(max(6.5, base.pointSizeF() * 0.82))
    font.setWeight(QFont.Weight.DemiBold)
    return font


def badge_size(environment: Environment, base: QFont) -> QSize:
    metrics = QFontMetrics(badge_font(base))
    return QSize(metrics.horizontalAdvance(badge_text(environment)) + 2 * _PAD, max(_HEIGHT, metrics.height() + 3))


def paint_badge(painter: QPainter, rect: QRect, environment: Environment, base: QFont) -> None:
    """Fill ``rect`` with the badge: staging has a dashed frame, production is in capitals."""
    fill, text = (QColor(each) for each in badge_colours(environment))
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    is_framed = environment is Environment.STAGING or colours().is_contrast
    pen = QPen(text if is_framed else fill, 1)
    if environment is Environment.STAGING:
        pen.setStyle(Qt.PenStyle.DashLine)
    painter.setPen(pen)
    painter.setBrush(fill)
    painter.drawRoundedRect(QRectF(rect).adjusted(0.5, 0.5, -0.5, -0.5), 3, 3)
    painter.setPen(text)
    painter.setFont(badge_font(base))
    painter.drawText(rect, int(Qt.AlignmentFlag.AlignCenter), badge_text(environment))
    painter.restore()


class EnvironmentBadge(QWidget):
    """The badge as a widget, for dialogs, tabs and headings."""

    def __init__(self, environment: Environment = Environment.LOCAL, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._environment = environment
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.set_environment(environment)

    @property
    def environment(self) -> Environment:
        return self._environment

    def set_environment(self, environment: Environment) -> None:
        self._environment = environment
        self.setAccessibleName(SPOKEN[environment])
        self.setToolTip(SPOKEN[environment].capitalize())
        self.updateGeometry()
        self.update()

    def sizeHint(self) -> QSize:
        return badge_size(self._environment, self.font())

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        paint_badge(painter, self.rect(), self._environment, self.font())
        painter.end()
