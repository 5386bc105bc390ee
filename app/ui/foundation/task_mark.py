"""The compact status of a task's database: a spinner while it is made, a disk when it is ready, a warning otherwise."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QModelIndex, QPersistentModelIndex, QPoint, QRectF, Qt, QTimer
from PySide6.QtGui import QColor, QHelpEvent, QPainter, QPen
from PySide6.QtWidgets import (
    QAbstractItemView,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QToolTip,
)

from app.core.apps import AppState
from app.core.status import Severity
from app.ui.look.icons import paint_state
from app.ui.look.theme import colours

STATE_ROLE = 0x0100 + 7
_STEP_MS, _STEP_DEGREES = 60, 24
_SIDE, _GAP = 16, 8
_TIP = 3


def paint_task_state(painter: QPainter, place: QRectF, state: str, angle: int = 0) -> None:
    """``angle`` turns the spinner, in degrees."""
    if state == "ready":
        _disk(painter, place)
    elif state == "creating":
        painter.save()
        painter.translate(place.center())
        painter.rotate(angle)
        painter.translate(-place.center())
        paint_state(painter, place, AppState.CREATING)
        painter.restore()
    else:
        paint_state(painter, place, Severity.WARNING if state == "failed" else AppState.UNKNOWN)


def _disk(painter: QPainter, place: QRectF) -> None:
    """A drum: what databases are drawn as everywhere."""
    look = colours()
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.translate(place.topLeft())
    painter.scale(place.width(), place.height())
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(QColor(look.good))
    painter.drawRect(QRectF(0.12, 0.22, 0.76, 0.56))
    painter.drawEllipse(QRectF(0.12, 0.62, 0.76, 0.32))
    painter.drawEllipse(QRectF(0.12, 0.06, 0.76, 0.32))
    painter.setPen(QPen(QColor(look.surface), 0.08))
    painter.setBrush(Qt.BrushStyle.NoBrush)
    for top in (0.1, 0.36):
        painter.drawArc(QRectF(0.12, top, 0.76, 0.3), 180 * 16, 180 * 16)
    painter.restore()


class TaskMarkDelegate(QStyledItemDelegate):
    """Draws the mark before the word, and shows the tool tip below the cell.

    Turns spinners only while one is in sight; ``spin`` looks anew whether one is there.
    """

    def __init__(self, view: QAbstractItemView) -> None:
        super().__init__(view)
        self._view = view
        self._angle = 0
        self._timer = QTimer(self, interval=_STEP_MS)
        self._timer.timeout.connect(self._turn)

    @property
    def is_spinning(self) -> bool:
        return self._timer.isActive()

    def spin(self, is_wanted: bool) -> None:
        if is_wanted != self._timer.isActive():
            self._timer.start() if is_wanted else self._timer.stop()

    def _turn(self) -> None:
        if self._view.isVisible():
            self._angle = (self._angle + _STEP_DEGREES) % 360
            self._view.viewport().update()

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        shown = QStyleOptionViewItem(option)
        self.initStyleOption(shown, index)
        text, shown.text = shown.text, ""
        style = shown.widget.style()
        style.drawControl(QStyle.ControlElement.CE_ItemViewItem, shown, painter, shown.widget)
        room = QRectF(option.rect)
        place = QRectF(room.left() + 6, room.center().y() - _SIDE / 2, _SIDE, _SIDE)
        paint_task_state(painter, place, str(index.data(STATE_ROLE) or ""), self._angle)
        rest = option.rect.adjusted(6 + _SIDE + _GAP, 0, -4, -1)
        painter.save()
        painter.setPen(QColor(colours().text))
        painter.setFont(shown.font)
        words = shown.fontMetrics.elidedText(text, Qt.TextElideMode.ElideRight, rest.width())
        painter.drawText(rest, int(Qt.AlignmentFlag.AlignVCenter | Qt.AlignmentFlag.AlignLeft), words)
        painter.restore()

    def helpEvent(
        self,
        event: QHelpEvent,
        view: QAbstractItemView,
        option: QStyleOptionViewItem,
        index: QModelIndex | QPersistentModelIndex,
    ) -> bool:
        if event.type() != QEvent.Type.ToolTip or not index.isValid():
            return super().helpEvent(event, view, option, index)
        place = option.rect
        below = view.viewport().mapToGlobal(place.bottomLeft())
        # Qt shows a tip below and right of the pointer; this one stands below what it is about.
        QToolTip.showText(below - QPoint(0, 12), str(index.data(_TIP) or ""), view.viewport(), place)
        return True
