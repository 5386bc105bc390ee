"""Small painted parts that many views share: environment badges, state marks, elided text, rules."""

from __future__ import annotations

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QPainter, QPaintEvent
from PySide6.QtWidgets import QFrame, QLabel, QSizePolicy, QWidget

from app.core.connection import Environment
from app.core.text import plain
from app.ui.icons import State, paint_state, state_word
from app.ui.theme import badge_colours, badge_text, scaled_font

_PAD_X, _PAD_Y = 7.0, 2.0


def badge_font() -> QFont:
    return scaled_font(0.82, is_bold=True)


def badge_size(environment: Environment) -> QSize:
    metrics = QFontMetricsF(badge_font())
    width = metrics.horizontalAdvance(badge_text(environment)) + 2 * _PAD_X
    return QSize(int(width + 1), int(metrics.height() + 2 * _PAD_Y))


def paint_badge(painter: QPainter, place: QRectF, environment: Environment) -> None:
    """Draw an environment's badge, for delegates and widgets alike."""
    background, foreground = badge_colours(environment)
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(QColor(background))
    painter.drawRoundedRect(place, 4, 4)
    painter.setPen(QColor(foreground))
    painter.setFont(badge_font())
    painter.drawText(place, Qt.AlignmentFlag.AlignCenter, badge_text(environment))
    painter.restore()


class EnvironmentBadge(QWidget):
    """Says in which environment the thing beside it is."""

    def __init__(self, environment: Environment = Environment.LOCAL, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.set_environment(environment)

    @property
    def environment(self) -> Environment:
        return self._environment

    def set_environment(self, environment: Environment) -> None:
        self._environment = environment
        self.setAccessibleName(f"Environment: {environment.value}")
        self.setToolTip(f"Environment: {environment.value}")
        self.updateGeometry()
        self.update()

    def sizeHint(self) -> QSize:
        return badge_size(self._environment)

    def minimumSizeHint(self) -> QSize:
        return self.sizeHint()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        paint_badge(painter, QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5), self._environment)
        painter.end()


class StateMark(QWidget):
    """A state as a shape; its word is the accessible name and the tool tip."""

    def __init__(self, state: State, parent: QWidget | None = None, *, factor: float = 0.95) -> None:
        super().__init__(parent)
        self._factor = factor
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.set_state(state)

    @property
    def state(self) -> State:
        return self._state

    def set_state(self, state: State) -> None:
        self._state = state
        self.setAccessibleName(state_word(state))
        self.setToolTip(state_word(state))
        self.update()

    def sizeHint(self) -> QSize:
        side = max(11, round(self.fontMetrics().ascent() * self._factor))
        return QSize(side, side)

    def minimumSizeHint(self) -> QSize:
        return self.sizeHint()

    def paintEvent(self, event: QPaintEvent) -> None:
        painter = QPainter(self)
        paint_state(painter, self.rect(), self._state)
        painter.end()


class ElidedLabel(QLabel):
    """One line of plain text that gives way; the whole text is its accessible name, and its tool tip while cut."""

    def __init__(self, text: str = "", parent: QWidget | None = None, *, look: str = "") -> None:
        super().__init__(parent)
        self.setTextFormat(Qt.TextFormat.PlainText)
        if look:
            self.setProperty("look", look)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        self.set_text(text)

    def set_text(self, text: str) -> None:
        line = plain(text, 400)
        if line == self.text():
            return
        self.setText(line)
        self.setAccessibleName(line)

    def minimumSizeHint(self) -> QSize:
        return QSize(min(40, super().minimumSizeHint().width()), super().minimumSizeHint().height())

    def paintEvent(self, event: QPaintEvent) -> None:
        metrics = self.fontMetrics()
        room = self.contentsRect().width()
        shown = metrics.elidedText(self.text(), Qt.TextElideMode.ElideRight, room)
        self.setToolTip(self.text() if shown != self.text() else "")
        painter = QPainter(self)
        painter.setPen(self.palette().color(self.foregroundRole()))
        painter.drawText(self.contentsRect(), int(Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft), shown)
        painter.end()


def text_label(text: str, look: str = "", parent: QWidget | None = None) -> QLabel:
    """A label that never reads markup."""
    label = QLabel(parent)
    label.setTextFormat(Qt.TextFormat.PlainText)
    label.setText(text)
    if look:
        label.setProperty("look", look)
    return label


def rule(parent: QWidget | None = None) -> QFrame:
    """A thin line between parts."""
    line = QFrame(parent)
    line.setProperty("look", "line")
    line.setFixedHeight(1)
    return line
