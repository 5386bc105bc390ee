"""Paints a row of the database tree: sign, name, and at the right a count, a word or the environment."""

from __future__ import annotations

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QPointF, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFont, QFontMetrics, QPainter, QPen, QPolygonF
from PySide6.QtWidgets import QApplication, QStyle, QStyledItemDelegate, QStyleOptionViewItem, QWidget

from app.ui.look.icons import app_state, paint_key, paint_state
from app.ui.look.theme import colours
from app.ui.parts.environment_badge import badge_size, paint_badge

from .tree_model import TreeModel
from .tree_nodes import Node, NodeKind

_GAP = 6
_SIGN = 13


class TreeDelegate(QStyledItemDelegate):
    def __init__(self, model: TreeModel, parent: QWidget) -> None:
        super().__init__(parent)
        self._tree = model

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> QSize:
        return QSize(120, max(24, QFontMetrics(option.font).height() + 8))

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        node = self._tree.node(index)
        if node is None:
            return
        self._paint_back(painter, option, index)
        painter.save()
        room = QRect(option.rect).adjusted(2, 0, -10, 0)
        room = self._paint_sign(painter, room, node)
        room = self._paint_side(painter, room, node, option.font)
        self._paint_name(painter, room, node, option.font)
        painter.restore()

    def _paint_back(
        self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        plain = QStyleOptionViewItem(option)
        self.initStyleOption(plain, index)
        plain.text = ""
        widget = option.widget
        style = widget.style() if widget else QApplication.style()
        style.drawControl(QStyle.ControlElement.CE_ItemViewItem, plain, painter, widget)

    def _paint_sign(self, painter: QPainter, room: QRect, node: Node) -> QRect:
        place = QRectF(room.left(), room.center().y() - _SIGN / 2 + 0.5, _SIGN, _SIGN)
        if node.kind is NodeKind.CONNECTION and node.connection:
            paint_state(painter, place, self._tree.health(node.connection.id))
        elif node.kind is NodeKind.APP and node.app:
            paint_state(painter, place, app_state(node.app.state))
        elif node.kind in _SIGNS:
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.setPen(QPen(QColor(colours().muted), 1.2))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            _SIGNS[node.kind](painter, place)
        else:
            return room
        return room.adjusted(_SIGN + _GAP, 0, 0, 0)

    def _paint_side(self, painter: QPainter, room: QRect, node: Node, font: QFont) -> QRect:
        if node.kind is NodeKind.CONNECTION and node.connection:
            size = badge_size(node.connection.environment, font)
            top = room.center().y() - size.height() // 2
            place = QRect(room.right() - size.width(), top, size.width(), size.height())
            paint_badge(painter, place, node.connection.environment, font)
            return room.adjusted(0, 0, -size.width() - _GAP, 0)
        if not node.side:
            return room
        small = QFont(font)
        small.setPointSizeF(font.pointSizeF() * 0.9)
        metrics = QFontMetrics(small)
        # The name comes first: what stands at its side gets half of the room at most.
        side = metrics.elidedText(node.side, Qt.TextElideMode.ElideRight, room.width() // 2)
        painter.setFont(small)
        painter.setPen(QColor(_side_colour(node)))
        painter.drawText(room, int((Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter).value), side)
        return room.adjusted(0, 0, -metrics.horizontalAdvance(side) - 2 * _GAP, 0)

    @staticmethod
    def _paint_name(painter: QPainter, room: QRect, node: Node, base: QFont) -> None:
        font = QFont(base)
        if node.kind is NodeKind.CONNECTION:
            font.setWeight(QFont.Weight.DemiBold)
        painter.setFont(font)
        painter.setPen(QColor(_name_colour(node)))
        text = QFontMetrics(font).elidedText(node.text, Qt.TextElideMode.ElideRight, room.width())
        painter.drawText(room, int((Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter).value), text)


def _side_colour(node: Node) -> str:
    look = colours()
    return look.link if node.kind is NodeKind.FAILED else look.muted


def _name_colour(node: Node) -> str:
    look = colours()
    if node.kind is NodeKind.FAILED:
        return look.danger
    if node.kind is NodeKind.MORE:
        return look.link
    return look.muted if node.kind in (NodeKind.LOADING, NodeKind.EMPTY) else look.text


def _paint_entity(painter: QPainter, place: QRectF) -> None:
    box = place.adjusted(1, 2, -1, -2)
    painter.drawRoundedRect(box, 1.5, 1.5)
    painter.drawLine(QPointF(box.left(), box.top() + 3), QPointF(box.right(), box.top() + 3))


def _paint_attribute(painter: QPainter, place: QRectF) -> None:
    middle = place.center()
    painter.drawLine(QPointF(middle.x() - 3, middle.y()), QPointF(middle.x() + 3, middle.y()))


def _paint_link(painter: QPainter, place: QRectF) -> None:
    middle = place.center()
    tip = QPointF(middle.x() + 5, middle.y())
    painter.drawLine(QPointF(middle.x() - 5, middle.y()), tip)
    painter.drawPolyline(QPolygonF([QPointF(tip.x() - 3, tip.y() - 3), tip, QPointF(tip.x() - 3, tip.y() + 3)]))


def _paint_index(painter: QPainter, place: QRectF) -> None:
    for step, width in enumerate((9, 6, 3)):
        y = place.top() + 3 + step * 3.5
        painter.drawLine(QPointF(place.left() + 1, y), QPointF(place.left() + 1 + width, y))


def _paint_schema(painter: QPainter, place: QRectF) -> None:
    """A folder."""
    box = place.adjusted(1, 3.5, -1, -2)
    tab = box.left() + box.width() * 0.45
    points = [box.bottomLeft(), QPointF(box.left(), box.top() - 1.5), QPointF(tab - 2, box.top() - 1.5)]
    points += [QPointF(tab, box.top()), box.topRight(), box.bottomRight(), box.bottomLeft()]
    painter.drawPolyline(QPolygonF(points))


def _paint_key(painter: QPainter, place: QRectF) -> None:
    paint_key(painter, place, QColor(colours().muted))


def _paint_failure(painter: QPainter, place: QRectF) -> None:
    painter.setPen(QPen(QColor(colours().danger), 1.6))
    box = place.adjusted(3, 3, -3, -3)
    painter.drawLine(box.topLeft(), box.bottomRight())
    painter.drawLine(box.topRight(), box.bottomLeft())


_SIGNS = {
    NodeKind.SCHEMA: _paint_schema,
    NodeKind.ENTITY: _paint_entity,
    NodeKind.ATTRIBUTE: _paint_attribute,
    NodeKind.LINK: _paint_link,
    NodeKind.INDEX: _paint_index,
    NodeKind.KEY: _paint_key,
    NodeKind.FAILED: _paint_failure,
}
