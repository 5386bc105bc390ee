"""The rows of the palette and how they are drawn."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Any

from PySide6.QtCore import (
    QAbstractListModel,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    QPoint,
    QRect,
    QRectF,
    QSize,
    Qt,
)
from PySide6.QtGui import QColor, QFont, QFontMetrics, QPainter, QPainterPath, QPen, QPixmap
from PySide6.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem

from app.core.connection import Environment
from app.ui.apps.app_table import shown
from app.ui.look.icons import app_state, paint_state, state_word
from app.ui.look.theme import colours, mono_font
from app.ui.parts.environment_badge import SPOKEN, badge_size, paint_badge
from app.ui.parts.fuzzy import matched

from .palette_hits import Hit, HitKind

Index = QModelIndex | QPersistentModelIndex
_NONE = QModelIndex()
_DISPLAY, _ACCESSIBLE, _ACCESSIBLE_HELP, _USER = 0, 11, 12, 256
_MIDDLE = int(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
_KIND_WORDS = {HitKind.ACTION: "Action", HitKind.CONNECTION: "Connection", HitKind.APP: "App"}


class HitsModel(QAbstractListModel):
    """``terms`` are the words whose letters are drawn in another way."""

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self.hits: list[Hit] = []
        self.terms: tuple[str, ...] = ()
        self.names: tuple[str, ...] = ()

    def set_hits(self, hits: list[Hit], terms: tuple[str, ...]) -> None:
        self.beginResetModel()
        self.hits, self.terms = hits, terms
        # After a dot are the names of entities and parts.
        self.names = tuple(name for term in terms for name in (term.split(".")[1:] or [term]) if name)
        self.endResetModel()

    def rowCount(self, parent: Index = _NONE) -> int:
        return 0 if parent.isValid() else len(self.hits)

    def data(self, index: Index, role: int = 0) -> Any:
        hit = self.hits[index.row()]
        if role == _DISPLAY:
            return hit.title
        if role == _USER:
            return hit
        if role == _ACCESSIBLE:
            return spoken(hit)
        if role == Qt.ItemDataRole.ToolTipRole:
            return "\n".join(each for each in (hit.title, hit.detail) if each)
        return hit.detail if role == _ACCESSIBLE_HELP else None


def spoken(hit: Hit) -> str:
    parts = [f"{_KIND_WORDS.get(hit.kind, 'Attribute' if hit.part else 'Entity')} {hit.title}"]
    if hit.kind is HitKind.APP and hit.app is not None:
        parts += [hit.app.app_id, f"owner {hit.detail}", state_word(app_state(hit.app.state))]
    elif hit.detail:
        parts.append(hit.detail)
    if hit.connection is not None:
        parts.append(SPOKEN[hit.connection.environment])
    if hit.keys:
        parts.append(hit.keys)
    parts += [word for word, holds in (("pinned", hit.is_pinned), ("not available", not hit.is_enabled)) if holds]
    return ", ".join(parts)


class HitDelegate(QStyledItemDelegate):
    """Two lines: what it is, with the letters that were typed; and what is to be known of it. The environment, the
    keys and the pin are at the right."""

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        return QSize(100, option.fontMetrics.height() * 2 + 13)

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self._fonts: tuple[QFont, QFont, QFont, QFontMetrics] | None = None
        self._pictures: dict[Hashable, QPixmap] = {}
        self._badge_sizes: dict[Environment, QSize] = {}

    def _picture(self, painter: QPainter, key: Hashable, size: QSize, paint: Callable[[QPainter], None]) -> QPixmap:
        """A badge or a mark, painted once for all rows that have the same."""
        ratio = painter.device().devicePixelRatio()
        whole = (key, size.width(), size.height(), ratio, colours())
        made = self._pictures.get(whole)
        if made is None:
            made = self._pictures[whole] = QPixmap(size * ratio)
            made.setDevicePixelRatio(ratio)
            made.fill(Qt.GlobalColor.transparent)
            inner = QPainter(made)
            inner.setFont(painter.font())
            paint(inner)
            inner.end()
        return made

    def _prepared(self, usual: QFont) -> tuple[QFont, QFont, QFont, QFontMetrics]:
        """Usual, of the letters that were typed, and of IDs with its measure: made once, not for each row."""
        if self._fonts is None or self._fonts[0] != usual:
            bold, mono = QFont(usual), mono_font()
            bold.setBold(True)
            bold.setUnderline(True)
            mono.setPointSizeF(mono.pointSizeF() * 0.9)
            self._fonts = (usual, bold, mono, QFontMetrics(mono))
            self._badge_sizes.clear()
        return self._fonts

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        model = index.model()
        assert isinstance(model, HitsModel)
        hit, look = model.hits[index.row()], colours()
        painter.save()
        if option.state & QStyle.StateFlag.State_Selected:
            painter.fillRect(option.rect, QColor(look.selection))
            painter.fillRect(QRect(option.rect.topLeft(), QSize(3, option.rect.height())), QColor(look.accent))
        place = option.rect.adjusted(14, 0, -14, 0)
        fonts = self._prepared(painter.font())
        metrics = painter.fontMetrics()
        side = metrics.ascent()
        key = (hit.kind, hit.is_enabled, bool(hit.part), hit.app.state if hit.app is not None else "")
        mark = self._picture(painter, key, QSize(side, side), lambda on: _paint_mark(on, QRectF(0, 0, side, side), hit))
        painter.drawPixmap(QPoint(place.left(), place.top() + 6 + (metrics.height() - side) // 2), mark)
        right = self._paint_right(painter, place, hit)
        left = place.left() + side + 10
        top = QRect(left, place.top() + 5, right - left, metrics.height())
        letters = matched(hit.title, model.names if hit.kind is HitKind.ENTITY else model.terms)
        colour = look.text if hit.is_enabled else look.neutral
        paint_matched(painter, top, hit.title, letters, (colour, look.link), fonts[1])
        below = top.translated(0, metrics.height() + 2)
        below.setRight(place.right())
        if hit.kind is HitKind.APP and hit.app is not None:
            app_id = shown(hit.app.app_id)
            width = min(fonts[3].horizontalAdvance(app_id) + 14, below.width() * 6 // 10)
            painter.setFont(fonts[2])
            _draw(painter, QRect(below.left(), below.top(), width, below.height()), app_id, look.muted)
            painter.setFont(fonts[0])
            below.setLeft(below.left() + width)
            letters = matched(hit.detail, model.terms)
            paint_matched(painter, below, hit.detail, letters, (look.muted, look.link), fonts[1])
        else:
            _draw(painter, below, hit.detail, look.muted)
        painter.restore()

    def _badge(self, painter: QPainter, environment: Environment) -> QPixmap:
        font = painter.font()
        size = self._badge_sizes.get(environment)
        if size is None:
            size = self._badge_sizes[environment] = badge_size(environment, font)
        return self._picture(
            painter, environment, size, lambda on: paint_badge(on, QRect(QPoint(0, 0), size), environment, font)
        )

    def _paint_right(self, painter: QPainter, place: QRect, hit: Hit) -> int:
        """From the right to the left; where the room for the title ends."""
        look, right, metrics = colours(), place.right(), painter.fontMetrics()
        height = metrics.height()
        if hit.connection is not None:
            badge = self._badge(painter, hit.connection.environment)
            size = badge.deviceIndependentSize().toSize()
            right -= size.width()
            painter.drawPixmap(QPoint(right, place.top() + 5 + (height - size.height()) // 2), badge)
            right -= 10
        note = hit.keys or ("pinned" if hit.is_pinned else "recent" if hit.is_recent else "")
        if hit.keys and hit.is_pinned:
            note = f"pinned   {hit.keys}"
        if note:
            width = metrics.horizontalAdvance(note)
            painter.setPen(QColor(look.muted))
            painter.drawText(QRect(right - width, place.top() + 5, width + 2, height), _MIDDLE, note)
            right -= width + 12
        return right


def _paint_mark(painter: QPainter, place: QRectF, hit: Hit) -> None:
    """A shape for each kind: the state of an app, a table for an entity, a line of one for its part, a drum for a
    connection, an arrow for an action."""
    look = colours()
    if hit.kind is HitKind.APP and hit.app is not None:
        paint_state(painter, place, app_state(hit.app.state))
        return
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    pen = QPen(QColor(look.muted if hit.is_enabled else look.neutral), max(1.2, place.width() / 11))
    pen.setJoinStyle(Qt.PenJoinStyle.RoundJoin)
    painter.setPen(pen)
    painter.drawPath(_mark(hit, place.adjusted(1.5, 1.5, -1.5, -1.5)))
    painter.restore()


def _mark(hit: Hit, place: QRectF) -> QPainterPath:
    path = QPainterPath()
    left, top, right, bottom = place.left(), place.top(), place.right(), place.bottom()
    width, height = place.width(), place.height()
    if hit.kind is HitKind.CONNECTION:
        path.addEllipse(QRectF(left, top, width, height * 0.4))
        path.moveTo(left, top + height * 0.2)
        path.lineTo(left, bottom - height * 0.2)
        path.arcTo(QRectF(left, bottom - height * 0.4, width, height * 0.4), 180, 180)
        path.lineTo(right, top + height * 0.2)
    elif hit.kind is HitKind.ENTITY and hit.part:
        path.addRect(QRectF(left, top + height * 0.3, width, height * 0.4))
    elif hit.kind is HitKind.ENTITY:
        path.addRect(place)
        path.moveTo(left, top + height * 0.36)
        path.lineTo(right, top + height * 0.36)
        path.moveTo(left + width * 0.42, top + height * 0.36)
        path.lineTo(left + width * 0.42, bottom)
    else:
        path.moveTo(left + width * 0.3, top)
        path.lineTo(left + width * 0.75, top + height / 2)
        path.lineTo(left + width * 0.3, bottom)
    return path


def _draw(painter: QPainter, place: QRect, text: str, colour: str) -> None:
    painter.setPen(QColor(colour))
    painter.drawText(place, _MIDDLE, painter.fontMetrics().elidedText(text, Qt.TextElideMode.ElideRight, place.width()))


def paint_matched(
    painter: QPainter, place: QRect, text: str, letters: tuple[int, ...], looks: tuple[str, str], bold: QFont
) -> None:
    """One line, cut at its end; some letters in the second of the colours and in another font."""
    if not letters or place.width() <= 0:
        _draw(painter, place, text, looks[0])
        return
    usual, metrics = painter.font(), painter.fontMetrics()
    wide = QFontMetrics(bold)
    cut = metrics.elidedText(text, Qt.TextElideMode.ElideRight, place.width() - 6)
    at, left, marked = 0, place.left(), set(letters)
    while at < len(cut):
        is_marked, end = at in marked, at + 1
        while end < len(cut) and (end in marked) == is_marked:
            end += 1
        painter.setFont(bold if is_marked else usual)
        painter.setPen(QColor(looks[is_marked]))
        run = cut[at:end]
        painter.drawText(QRect(left, place.top(), place.right() - left + 1, place.height()), _MIDDLE, run)
        left += (wide if is_marked else metrics).horizontalAdvance(run)
        at = end
    painter.setFont(usual)
