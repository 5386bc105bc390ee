"""Paints a row of the app list: state by shape, the ID as something to click, kind and environment as marks."""

from __future__ import annotations

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QPointF, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFont, QFontMetrics, QPainter, QPen, QPixmap
from PySide6.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem, QWidget

from app.core.apps import AppSummary
from app.core.refs import AppRef

from .app_list_model import AppListModel
from .app_table import AppColumn
from .environment_badge import badge_font, badge_size, paint_badge
from .icons import app_state, state_icon
from .theme import Colours, colours, mono_font

# Plain integers: comparing enums some hundred times a frame costs more than painting.
_STATE, _TITLE, _APP_ID, _OWNER, _KIND, _WHERE, _AGENTS = range(7)
_LEFT = int((Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter | Qt.TextFlag.TextSingleLine).value)
_RIGHT = int((Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter | Qt.TextFlag.TextSingleLine).value)
_CENTRE = int(Qt.AlignmentFlag.AlignCenter.value)
_PAD = 8
_GLYPH = 26
_MARK_TEXT = "✓ Copied"


class _Look:
    """The colours of a row as Qt's own objects: making one for each cell would cost more than painting with it."""

    def __init__(self, look: Colours) -> None:
        self.source = look
        self.text = QColor(look.text)
        self.dim = QColor(look.muted)
        self.link = QColor(look.link)
        self.good = QColor(look.good)
        self.line = QColor(look.line)
        self.chip = QColor(look.chip)
        self.chip_text = QColor(look.chip_text)
        self.selected = QColor(look.selection)


class AppRowDelegate(QStyledItemDelegate):
    """``hovered_row`` is the row whose ID the pointer is over (-1: none), ``marked`` the app just copied."""

    def __init__(self, model: AppListModel, parent: QWidget) -> None:
        super().__init__(parent)
        self._list = model
        self._view = parent
        self.hovered_row = -1
        self.marked: AppRef | None = None
        self._pixmaps: dict[str, QPixmap] = {}
        self._look = _Look(colours())
        self.restyle()

    def restyle(self) -> None:
        """Fonts, widths and colours, looked up once instead of for each cell; call it when one of them changed."""
        font = self._view.font()
        self._font = QFont(font)
        self._mono = mono_font()
        self._mono.setPointSizeF(font.pointSizeF())
        self._small = badge_font(font)
        self._small.setWeight(QFont.Weight.Normal)
        self._metrics = QFontMetrics(font)
        self._mono_width = QFontMetrics(self._mono).horizontalAdvance("0")
        self._small_metrics = QFontMetrics(self._small)
        self._look = _Look(colours())
        self._pixmaps.clear()

    def id_width(self, app_id: str) -> int:
        """How far from its left edge an ID cell can be clicked, in pixels."""
        return _PAD + len(app_id) * self._mono_width + _GLYPH

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> QSize:
        return QSize(80, 28)

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        if self._look.source is not colours():
            self.restyle()
        style = self._look
        rect: QRect = option.rect
        state: QStyle.StateFlag = option.state
        column, row = index.column(), index.row()
        app = self._list.app(row)
        if state & QStyle.StateFlag.State_Selected:
            painter.fillRect(rect, style.selected)
        painter.fillRect(rect.x(), rect.bottom(), rect.width(), 1, style.line)
        if column == _STATE:
            painter.drawPixmap(rect.left() + 12, rect.center().y() - 7, self._pixmap(app.state))
        elif column == _APP_ID:
            self._paint_id(painter, rect, app, row, style)
        elif column == _KIND:
            self._paint_kind(painter, rect, app.kind, style)
        elif column == _WHERE:
            self._paint_where(painter, rect, app)
        else:
            self._paint_text(painter, rect, self._list.cell(app, column), column, style)
        if state & QStyle.StateFlag.State_HasFocus and column == AppColumn.TITLE:
            painter.setPen(QPen(style.link, 1))
            painter.drawRect(rect.adjusted(1, 1, -2, -3))

    def _pixmap(self, state: str) -> QPixmap:
        pixmap = self._pixmaps.get(state)
        if pixmap is None:
            icon = state_icon(app_state(state))
            pixmap = self._pixmaps[state] = icon.pixmap(QSize(14, 14), self._view.devicePixelRatioF())
        return pixmap

    def _paint_text(self, painter: QPainter, rect: QRect, text: str, column: int, style: _Look) -> None:
        room = rect.adjusted(_PAD, 0, -_PAD, -1)
        painter.setFont(self._font)
        painter.setPen(style.text if column in (_TITLE, _AGENTS) else style.dim)
        # Measuring is dear; what is short for its room at the width of a capital letter fits anyway.
        if len(text) * self._metrics.averageCharWidth() * 1.6 > room.width():
            text = self._metrics.elidedText(text, Qt.TextElideMode.ElideRight, room.width())
        painter.drawText(room, _RIGHT if column == _AGENTS else _LEFT, text)

    def _paint_id(self, painter: QPainter, rect: QRect, app: AppSummary, row: int, style: _Look) -> None:
        is_hovered = row == self.hovered_row
        room = rect.adjusted(_PAD, 0, -4, -1)
        painter.setFont(self._mono)
        painter.setPen(style.link if is_hovered else style.text)
        painter.drawText(room, _LEFT, app.app_id or "—")
        after = room.left() + len(app.app_id) * self._mono_width + 8
        if self.marked is not None and app.app_id == self.marked.app_id:
            if app.connection_id == self.marked.connection_id:
                self._paint_mark(painter, QRect(after - 4, rect.top(), rect.right() - after + 4, rect.height()), style)
        elif is_hovered:
            _paint_copy_glyph(painter, QPointF(after, rect.center().y() - 5), style.link)

    def _paint_mark(self, painter: QPainter, room: QRect, style: _Look) -> None:
        painter.setFont(self._small)
        painter.setPen(style.good)
        width = self._small_metrics.horizontalAdvance(_MARK_TEXT)
        painter.drawText(room, _LEFT, _MARK_TEXT if width <= room.width() else "✓")

    def _paint_kind(self, painter: QPainter, rect: QRect, kind: str, style: _Look) -> None:
        width = self._small_metrics.horizontalAdvance(kind) + 12
        height = self._small_metrics.height() + 3
        chip = QRectF(rect.left() + _PAD, rect.center().y() - height / 2 + 0.5, width, height)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(style.chip)
        painter.drawRoundedRect(chip, 3, 3)
        painter.setPen(style.chip_text)
        painter.setFont(self._small)
        painter.drawText(chip, _CENTRE, kind)

    def _paint_where(self, painter: QPainter, rect: QRect, app: AppSummary) -> None:
        connection = self._list.connection_of(app)
        if connection is None:
            return
        size = badge_size(connection.environment, self._font)
        place = QRect(rect.left() + _PAD, rect.center().y() - size.height() // 2, size.width(), size.height())
        paint_badge(painter, place, connection.environment, self._font)


def _paint_copy_glyph(painter: QPainter, at: QPointF, colour: QColor) -> None:
    """Two sheets, one over the other."""
    painter.setPen(QPen(colour, 1.2))
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.drawRoundedRect(QRectF(at.x() + 3, at.y(), 7, 8), 1.5, 1.5)
    painter.drawRoundedRect(QRectF(at.x(), at.y() + 3, 7, 8), 1.5, 1.5)
