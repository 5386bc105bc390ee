"""Paints an agent: its name and what is staged, its fields as chips, its links, and how many rows it has."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFont, QFontMetrics, QPainter, QPen
from PySide6.QtWidgets import QListView, QStyle, QStyledItemDelegate, QStyleOptionViewItem

from app.core.status import Severity
from app.core.text import plain
from app.ui.editor.schema_delegates import MARK_ROLES, paint_mark
from app.ui.look.icons import paint_state
from app.ui.look.theme import Colours, colours, mono_font, scaled_font

from .agent_rows import AgentModel, AgentRow

Index = QModelIndex | QPersistentModelIndex
_PAD, _GAP, _LINE_GAP, _CHIP_PAD = 14, 8, 5, 7
_LEFT = int((Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter).value)


@dataclass(frozen=True, slots=True)
class _Fonts:
    name: QFont
    text: QFont
    small: QFont
    bold: QFont
    mono: QFont


def _fonts() -> _Fonts:
    name, mono, bold = mono_font(), mono_font(), scaled_font(0.92, is_bold=True)
    name.setPointSizeF(name.pointSizeF() * 1.05)
    name.setWeight(QFont.Weight.DemiBold)
    mono.setPointSizeF(mono.pointSizeF() * 0.9)
    return _Fonts(name, scaled_font(1.0), scaled_font(0.92), bold, mono)


class AgentDelegate(QStyledItemDelegate):
    """Three lines for each agent. Fonts are looked up once, and again by ``restyle``."""

    def __init__(self, view: QListView, model: AgentModel) -> None:
        super().__init__(view)
        self._agents = model
        self._fonts = _fonts()
        self._chip_fill = ""  # of the row that is painted

    def restyle(self) -> None:
        self._fonts = _fonts()

    def _heights(self) -> tuple[int, int, int]:
        fonts = self._fonts
        return (
            QFontMetrics(fonts.name).height() + 2,
            max(QFontMetrics(fonts.mono).height(), QFontMetrics(fonts.small).height()) + 4,
            QFontMetrics(fonts.small).height(),
        )

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        return QSize(200, sum(self._heights()) + 2 * _LINE_GAP + 20)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        row, rect, look = self._agents.rows[index.row()], QRect(option.rect), colours()
        is_tinted = bool(row.mark) or bool(option.state & QStyle.StateFlag.State_Selected)
        self._chip_fill = look.surface if is_tinted else look.chip
        painter.save()
        self._paint_back(painter, rect, row, option.state, look)
        room = rect.adjusted(_PAD, 9, -_PAD, -10)
        first, second, third = self._heights()
        self._paint_head(painter, QRect(room.left(), room.top(), room.width(), first), row, look)
        top = room.top() + first + _LINE_GAP
        self._paint_fields(painter, QRect(room.left(), top, room.width(), second), row, look)
        top += second + _LINE_GAP
        self._paint_links(painter, QRect(room.left(), top, room.width(), third), row, look)
        painter.restore()

    @staticmethod
    def _paint_back(painter: QPainter, rect: QRect, row: AgentRow, state: QStyle.StateFlag, look: Colours) -> None:
        role = MARK_ROLES.get(row.mark)
        if state & QStyle.StateFlag.State_Selected:
            painter.fillRect(rect, QColor(look.selection))
        elif role is not None:
            painter.fillRect(rect, QColor(getattr(look, role[1])))
        elif state & QStyle.StateFlag.State_MouseOver:
            painter.fillRect(rect, QColor(look.hover))
        if role is not None:
            painter.fillRect(rect.left(), rect.top(), 3, rect.height() - 1, QColor(getattr(look, role[0])))
        painter.fillRect(rect.left(), rect.bottom(), rect.width(), 1, QColor(look.line))
        if state & QStyle.StateFlag.State_HasFocus:
            painter.setPen(QPen(QColor(look.accent), 1))
            painter.drawRect(rect.adjusted(0, 0, -1, -2))

    # Lines

    def _paint_head(self, painter: QPainter, room: QRect, row: AgentRow, look: Colours) -> None:
        right = self._paint_rows(painter, room, row, look)
        room = QRect(room.left(), room.top(), right - room.left() - _GAP, room.height())
        name = QFont(self._fonts.name)
        name.setStrikeOut(row.is_removed)
        tone = look.muted if row.is_removed else look.text
        left = _draw(painter, room, plain(row.name, 120), name, tone) + _GAP
        side = QFontMetrics(self._fonts.text).ascent()
        if row.has_problem:
            paint_state(painter, QRectF(left, room.center().y() - side / 2 + 1, side, side), Severity.ERROR)
            left += side + _GAP
        role = MARK_ROLES.get(row.mark)
        if role is not None:
            colour = QColor(getattr(look, role[0]))
            paint_mark(painter, QRectF(left, room.center().y() - side / 2 + 1, side, side), row.mark, colour)
            left = _draw(painter, _from(room, left + side + 4), row.mark, self._fonts.bold, colour.name()) + 5
            left = _draw(painter, _from(room, left), row.note, self._fonts.small, look.muted) + _GAP
        if row.template:
            self._chip(painter, _from(room, left), ((f"from {row.template}", self._fonts.small),), look)

    def _paint_rows(self, painter: QPainter, room: QRect, row: AgentRow, look: Colours) -> int:
        """At the right; returns where it begins."""
        width = QFontMetrics(self._fonts.text).horizontalAdvance(row.rows)
        left = room.right() - width
        _draw(painter, _from(room, left).adjusted(0, 0, 2, 0), row.rows, self._fonts.text, look.muted)
        return left

    def _paint_fields(self, painter: QPainter, room: QRect, row: AgentRow, look: Colours) -> None:
        """As many as fit, then how many there are beside them."""
        if not row.fields:
            _draw(painter, room, "No fields yet", self._fonts.small, look.muted)
            return
        left, small = room.left(), QFontMetrics(self._fonts.small)
        for at, (name, kind) in enumerate(row.fields):
            parts = ((f"{name} ", self._fonts.mono), (kind, self._fonts.small))
            left_over = len(row.fields) - at
            more = f"+{left_over} more"
            spare = small.horizontalAdvance(more) + _GAP if left_over > 1 else 0
            if at and left + _chip_width(parts) + spare > room.right():
                _draw(painter, _from(room, left), more, self._fonts.small, look.muted)
                return
            left = self._chip(painter, _from(room, left), parts, look) + 6

    def _paint_links(self, painter: QPainter, room: QRect, row: AgentRow, look: Colours) -> None:
        text = "   ·   ".join(row.links) if row.links else "no links"
        _draw(painter, room, text, self._fonts.small, look.muted if row.links else look.neutral)

    def _chip(self, painter: QPainter, room: QRect, parts: tuple[tuple[str, QFont], ...], look: Colours) -> int:
        """Texts in one rounded box; returns where it ends."""
        width = min(_chip_width(parts), room.width())
        if width < 3 * _CHIP_PAD:
            return room.left()
        height = max(QFontMetrics(font).height() for _text, font in parts) + 3
        place = QRectF(room.left(), room.center().y() - height / 2 + 1, width, height)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(self._chip_fill))
        painter.drawRoundedRect(place, 4, 4)
        inner = place.toRect().adjusted(_CHIP_PAD, 0, -_CHIP_PAD + 1, 0)
        left = inner.left()
        for at, (text, font) in enumerate(parts):
            tone = look.text if at == 0 and len(parts) > 1 else look.chip_text
            left = _draw(painter, _from(inner, left), text, font, tone)
        return room.left() + width


def _chip_width(parts: tuple[tuple[str, QFont], ...]) -> int:
    return sum(QFontMetrics(font).horizontalAdvance(text) for text, font in parts) + 2 * _CHIP_PAD


def _from(room: QRect, left: int) -> QRect:
    return QRect(left, room.top(), max(0, room.right() - left + 1), room.height())


def _draw(painter: QPainter, room: QRect, text: str, font: QFont, colour: str) -> int:
    """One line, cut to the place; returns where it ends."""
    if not text or room.width() <= 0:
        return room.left()
    metrics = QFontMetrics(font)
    shown = metrics.elidedText(text, Qt.TextElideMode.ElideRight, room.width())
    painter.setFont(font)
    painter.setPen(QColor(colour))
    painter.drawText(room, _LEFT, shown)
    return room.left() + metrics.horizontalAdvance(shown)
