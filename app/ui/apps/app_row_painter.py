"""Paints rows of the app list: state by shape, the ID as something to click, kind and environment as marks.

Whole rows at once rather than cell by cell through a delegate: crossing from Qt to Python for each cell, with its
style options, takes ten times as long as drawing it, and a frame has 8 ms.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass

from PySide6.QtCore import QPointF, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFont, QFontMetrics, QFontMetricsF, QPainter, QPen, QPixmap, QStaticText
from PySide6.QtWidgets import QWidget

from app.core.apps import AppSummary
from app.core.connection import Environment
from app.core.refs import AppRef
from app.ui.look.icons import app_state, state_icon
from app.ui.look.theme import Colours, colours, mono_font
from app.ui.parts.environment_badge import badge_font, badge_size, paint_badge

from .app_list_model import AppListModel

_STATE, _TITLE, _APP_ID, _OWNER, _KIND, _WHERE, _AGENTS, _CREATED, _SEEN = range(9)
_PAD = 8
_GLYPH = 26
_KEPT_TEXTS = 4_000
_MARK_TEXT = "✓ Copied"


@dataclass(frozen=True, slots=True)
class Frame:
    """What is to be painted: rows ``first`` to ``last`` (inclusive), the first at ``top``, each ``height`` high;
    ``columns`` are (left, width) in pixels; ``selected`` rows; ``focused`` is the row with the keyboard, or -1."""

    first: int
    last: int
    top: int
    height: int
    width: int
    columns: tuple[tuple[int, int], ...]
    selected: frozenset[int]
    focused: int


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


class _Widths(dict[str, float]):
    """Width of each letter: adding them up takes a thirtieth of the time of measuring the text."""

    def __init__(self, metrics: QFontMetrics) -> None:
        super().__init__()
        self._metrics = metrics

    def __missing__(self, letter: str) -> float:
        width = self[letter] = self._metrics.horizontalAdvance(letter)
        return width


class AppRowPainter:
    """``hovered_row`` is the row whose ID the pointer is over (-1: none), ``marked`` the app just copied."""

    def __init__(self, model: AppListModel, view: QWidget) -> None:
        self._list = model
        self._view = view
        self.hovered_row = -1
        self.marked: AppRef | None = None
        self._pixmaps: dict[Hashable, QPixmap] = {}
        self._texts: dict[str, QStaticText] = {}
        self._cuts: dict[tuple[str, int], str] = {}
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
        self._widths = _Widths(self._metrics)
        mono = QFontMetricsF(self._mono)
        self._mono_width = mono.horizontalAdvance("0" * 36) / 36
        self._rise = (self._metrics.ascent() - self._metrics.descent()) / 2
        self._mono_rise = (mono.ascent() - mono.descent()) / 2
        self._look = _Look(colours())
        self._pixmaps.clear()
        self._texts.clear()
        self._cuts.clear()

    def id_width(self, app_id: str) -> int:
        """How far from its left edge an ID cell can be clicked, in pixels."""
        return int(_PAD + len(app_id) * self._mono_width + _GLYPH)

    def paint(self, painter: QPainter, frame: Frame) -> None:
        if self._look.source is not colours():
            self.restyle()
        apps = [self._list.app(row) for row in range(frame.first, frame.last + 1)]
        self._paint_backs(painter, frame)
        # One font and one colour after the other, because switching costs as much as a word.
        painter.setFont(self._font)
        painter.setPen(self._look.text)
        self._paint_texts(painter, frame, apps, _TITLE)
        self._paint_right(painter, frame, apps)
        painter.setPen(self._look.dim)
        for column in (_OWNER, _CREATED, _SEEN):
            self._paint_texts(painter, frame, apps, column)
        painter.setFont(self._mono)
        painter.setPen(self._look.text)
        self._paint_ids(painter, frame, apps)
        self._paint_marks(painter, frame, apps)
        self._paint_copying(painter, frame, apps)

    def _paint_backs(self, painter: QPainter, frame: Frame) -> None:
        y = frame.top
        for row in range(frame.first, frame.last + 1):
            if row in frame.selected:
                painter.fillRect(0, y, frame.width, frame.height, self._look.selected)
            painter.fillRect(0, y + frame.height - 1, frame.width, 1, self._look.line)
            if row == frame.focused:
                painter.fillRect(0, y, 3, frame.height - 1, self._look.link)
            y += frame.height

    def _paint_texts(self, painter: QPainter, frame: Frame, apps: list[AppSummary], column: int) -> None:
        left, width = frame.columns[column]
        room = width - 2 * _PAD
        if room <= 0:
            return
        # Texts that come again and again are laid out once.
        draw = self._draw_new if column in (_TITLE, _OWNER) else self._draw_kept
        y = frame.top + frame.height / 2 + self._rise
        cell, width_of = self._list.cell, self._widths.__getitem__
        for app in apps:
            text = cell(app, column)
            if sum(map(width_of, text)) > room:
                text = self._cut(text, room)
            draw(painter, left + _PAD, y, text)
            y += frame.height

    def _cut(self, text: str, room: int) -> str:
        """A text that is too wide, cut to ``room`` pixels; rows in sight are the same from frame to frame."""
        key = (text, room)
        kept = self._cuts.get(key)
        if kept is None:
            if len(self._cuts) >= _KEPT_TEXTS:
                self._cuts.clear()
            kept = self._cuts[key] = self._metrics.elidedText(text, Qt.TextElideMode.ElideRight, room)
        return kept

    def _paint_right(self, painter: QPainter, frame: Frame, apps: list[AppSummary]) -> None:
        left, width = frame.columns[_AGENTS]
        y = frame.top + frame.height / 2 + self._rise
        for app in apps:
            text = self._list.cell(app, _AGENTS)
            self._draw_kept(painter, left + width - _PAD - sum(map(self._widths.__getitem__, text)), y, text)
            y += frame.height

    @staticmethod
    def _draw_new(painter: QPainter, x: float, y: float, text: str) -> None:
        painter.drawText(QPointF(x, y), text)

    def _draw_kept(self, painter: QPainter, x: float, y: float, text: str) -> None:
        kept = self._texts.get(text)
        if kept is None:
            if len(self._texts) >= _KEPT_TEXTS:
                self._texts.clear()
            kept = QStaticText(text)
            kept.setTextFormat(Qt.TextFormat.PlainText)
            kept.prepare(font=self._font)
            self._texts[text] = kept
        painter.drawStaticText(QPointF(x, y - self._metrics.ascent()), kept)

    def _paint_ids(self, painter: QPainter, frame: Frame, apps: list[AppSummary]) -> None:
        left = frame.columns[_APP_ID][0] + _PAD
        y = frame.top + frame.height / 2 + self._mono_rise
        for row, app in enumerate(apps, frame.first):
            if row == self.hovered_row:
                painter.setPen(self._look.link)
            painter.drawText(QPointF(left, y), app.app_id or "—")
            if row == self.hovered_row:
                painter.setPen(self._look.text)
            y += frame.height

    def _paint_marks(self, painter: QPainter, frame: Frame, apps: list[AppSummary]) -> None:
        """State icons, kinds and environments: pixmaps that were painted once."""
        state_x = frame.columns[_STATE][0] + 12
        kind_x, where_x = frame.columns[_KIND][0] + _PAD, frame.columns[_WHERE][0] + _PAD
        middle = frame.top + frame.height // 2
        for app in apps:
            self._put(painter, state_x, middle, self._state(app.state))
            self._put(painter, kind_x, middle, self._kind(self._list.kind_word(app)))
            connection = self._list.connection_of(app)
            if connection is not None:
                self._put(painter, where_x, middle, self._badge(connection.environment))
            middle += frame.height

    @staticmethod
    def _put(painter: QPainter, x: int, middle: int, pixmap: QPixmap) -> None:
        painter.drawPixmap(x, middle - int(pixmap.height() / pixmap.devicePixelRatio()) // 2, pixmap)

    def _paint_copying(self, painter: QPainter, frame: Frame, apps: list[AppSummary]) -> None:
        """What tells that an ID can be copied, or was."""
        left, width = frame.columns[_APP_ID]
        for row, app in enumerate(apps, frame.first):
            is_marked = self.marked is not None and self.marked == (AppRef(app.connection_id, app.app_id))
            if not is_marked and row != self.hovered_row:
                continue
            x = left + _PAD + len(app.app_id) * self._mono_width + 8
            middle = frame.top + (row - frame.first) * frame.height + frame.height / 2
            if is_marked:
                painter.setFont(self._small)
                painter.setPen(self._look.good)
                fits = x + QFontMetrics(self._small).horizontalAdvance(_MARK_TEXT) <= left + width
                painter.drawText(QPointF(x, middle + self._rise), _MARK_TEXT if fits else "✓")
            else:
                _paint_copy_glyph(painter, QPointF(x, middle - 6), self._look.link)

    # Marks that are painted once

    def _state(self, state: str) -> QPixmap:
        key = ("state", state)
        if key not in self._pixmaps:
            icon = state_icon(app_state(state))
            self._pixmaps[key] = icon.pixmap(QSize(14, 14), self._view.devicePixelRatioF())
        return self._pixmaps[key]

    def _badge(self, environment: Environment) -> QPixmap:
        key = ("badge", environment.value)
        if key not in self._pixmaps:
            size = badge_size(environment, self._font)
            self._pixmaps[key] = self._drawn(size, lambda to, place: paint_badge(to, place, environment, self._font))
        return self._pixmaps[key]

    def _kind(self, kind: str) -> QPixmap:
        key = ("kind", kind)
        if key not in self._pixmaps:
            metrics = QFontMetrics(self._small)
            size = QSize(metrics.horizontalAdvance(kind) + 12, metrics.height() + 3)
            self._pixmaps[key] = self._drawn(size, lambda to, place: self._paint_chip(to, place, kind))
        return self._pixmaps[key]

    def _paint_chip(self, painter: QPainter, place: QRect, text: str) -> None:
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(self._look.chip)
        painter.drawRoundedRect(QRectF(place), 3, 3)
        painter.setPen(self._look.chip_text)
        painter.setFont(self._small)
        painter.drawText(place, int(Qt.AlignmentFlag.AlignCenter.value), text)

    def _drawn(self, size: QSize, draw: Callable[[QPainter, QRect], None]) -> QPixmap:
        ratio = self._view.devicePixelRatioF()
        pixmap = QPixmap(size * ratio)
        pixmap.setDevicePixelRatio(ratio)
        pixmap.fill(Qt.GlobalColor.transparent)
        painter = QPainter(pixmap)
        draw(painter, QRect(0, 0, size.width(), size.height()))
        painter.end()
        return pixmap


def _paint_copy_glyph(painter: QPainter, at: QPointF, colour: QColor) -> None:
    """Two sheets, one over the other."""
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(QPen(colour, 1.2))
    painter.setBrush(Qt.BrushStyle.NoBrush)
    painter.drawRoundedRect(QRectF(at.x() + 3.5, at.y() + 0.5, 7, 8), 1.5, 1.5)
    painter.drawRoundedRect(QRectF(at.x() + 0.5, at.y() + 3.5, 7, 8), 1.5, 1.5)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing, False)
