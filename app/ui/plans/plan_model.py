"""The steps of a plan as rows: risk, sentence, and the rows in the database that each touches."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QAbstractListModel, QModelIndex, QObject, QPersistentModelIndex, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFont, QFontMetrics, QPainter
from PySide6.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem, QWidget

from app.core.status import Severity
from app.core.text import plain
from app.schema.operations import Risk
from app.ui.look.icons import paint_state
from app.ui.look.theme import colours, scaled_font

from .plan_text import StepLine, risk_word
from .risk_mark import paint_risk, risk_colour

if TYPE_CHECKING:
    from app.platforms.contract import RowCount

Index = QModelIndex | QPersistentModelIndex
_NONE = QModelIndex()
_DISPLAY, _TIP, _ACCESSIBLE, _USER = 0, 3, 11, 256
_PAD, _GAP = 12, 10
_COUNT_LIMIT = 300
_MOST_LOCKS = 2


class PlanModel(QAbstractListModel):
    """One row for each step. ``is_counting``: rows are still being counted, so that silence does not read as zero."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.lines: tuple[StepLine, ...] = ()
        self.counts: dict[int, RowCount] = {}
        self.is_counting = False

    def show_lines(self, lines: Sequence[StepLine]) -> None:
        self.beginResetModel()
        self.lines, self.counts = tuple(lines), {}
        self.endResetModel()

    def add_counts(self, counts: Iterable[RowCount]) -> None:
        """Rows become known one by one; those of steps that are not there are left out."""
        known = {each.operation: each for each in counts if 0 <= each.operation < len(self.lines)}
        if known:
            self.counts.update(known)
            self._tell(min(known), max(known))

    def set_counting(self, is_counting: bool) -> None:
        if is_counting != self.is_counting:
            self.is_counting = is_counting
            self._tell(0, len(self.lines) - 1)

    def _tell(self, first: int, last: int) -> None:
        if last >= first:
            self.dataChanged.emit(self.index(first), self.index(last))

    def rowCount(self, parent: Index = _NONE) -> int:
        return 0 if parent.isValid() else len(self.lines)

    def data(self, index: Index, role: int = 0) -> Any:
        line = self.lines[index.row()]
        if role == _DISPLAY:
            return line.sentence
        if role == _TIP:
            return "\n".join((line.sentence, *(f"Locks {each}" for each in line.locks)))
        if role == _USER:
            return line
        if role == _ACCESSIBLE:
            remarks = " ".join(_remarks(line, self.note(line.number)))
            return f"Step {line.number + 1}, {risk_word(line.risk)}: {line.sentence} {remarks}".strip()
        return None

    def note(self, number: int) -> str:
        """What is known of the rows that a step touches."""
        count = self.counts.get(number)
        if count is not None:
            return plain(count.sentence, _COUNT_LIMIT)
        if self.is_counting and self.lines[number].risk is not Risk.SAFE:
            return "Counting rows…"
        return ""

    def is_blocked(self, number: int) -> bool:
        count = self.counts.get(number)
        return count is not None and count.is_blocking

    def is_at_risk(self, number: int) -> bool:
        """Whether there are rows that a step which may fail has to get past."""
        count = self.counts.get(number)
        return count is not None and bool(count.rows) and self.lines[number].risk is Risk.MAY_FAIL

    @property
    def blocked(self) -> tuple[int, ...]:
        """Steps that are going to fail with the rows that there are."""
        return tuple(sorted(number for number in self.counts if self.is_blocked(number)))


class PlanDelegate(QStyledItemDelegate):
    """Two lines: what is done; and below it the risk in a word, with the rows."""

    def __init__(self, parent: QWidget) -> None:
        super().__init__(parent)
        self._small = scaled_font(0.92)
        self._bold = QFont(self._small)
        self._bold.setWeight(QFont.Weight.DemiBold)

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        return QSize(120, option.fontMetrics.height() + QFontMetrics(self._small).height() + 15)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        line: StepLine = index.data(_USER)
        model: Any = index.model()
        look, rect = colours(), option.rect
        painter.save()
        if option.state & QStyle.StateFlag.State_Selected:
            painter.fillRect(rect, QColor(look.selection))
        painter.fillRect(rect.left(), rect.bottom(), rect.width(), 1, QColor(look.line))
        metrics = option.fontMetrics
        side = metrics.ascent() + 2
        top = QRect(rect.left() + _PAD, rect.top() + 6, rect.width() - 2 * _PAD, metrics.height())
        paint_risk(painter, QRectF(top.left(), top.center().y() - side / 2 + 1, side, side), line.risk)
        top.setLeft(top.left() + side + _GAP)
        painter.setFont(option.font)
        _draw(painter, top, line.sentence, look.text)
        below = QRect(top.left(), top.bottom() + 3, top.width(), QFontMetrics(self._small).height())
        self._paint_below(painter, below, line, model)
        painter.restore()

    def _paint_below(self, painter: QPainter, place: QRect, line: StepLine, model: PlanModel) -> None:
        look = colours()
        painter.setFont(self._bold)
        place.setLeft(_draw(painter, place, risk_word(line.risk), risk_colour(line.risk)) + 8)
        is_blocked = model.is_blocked(line.number)
        tone = look.danger if is_blocked else look.warning if model.is_at_risk(line.number) else look.muted
        if is_blocked:
            side = painter.fontMetrics().ascent()
            paint_state(painter, QRectF(place.left(), place.center().y() - side / 2, side, side), Severity.ERROR)
            place.setLeft(place.left() + side + 6)
        else:
            painter.setFont(self._small)
        for at, text in enumerate(_remarks(line, model.note(line.number))):
            place.setLeft(_draw(painter, place, text, tone if not at else look.muted) + 6)
            painter.setFont(self._small)


def _remarks(line: StepLine, note: str) -> tuple[str, ...]:
    restorable = "can be restored for 2 days" if line.can_be_restored else ""
    found = (note, restorable, *line.locks[:_MOST_LOCKS], _background(line), "by itself" if line.is_apart else "")
    return tuple(each if not at else f"· {each}" for at, each in enumerate(filter(None, found)))


def _background(line: StepLine) -> str:
    return "runs in the background" if line.is_background else ""


def _draw(painter: QPainter, place: QRect, text: str, colour: str) -> int:
    """Draws one line, cut to the place; returns where it ends."""
    metrics = painter.fontMetrics()
    shown = metrics.elidedText(text, Qt.TextElideMode.ElideRight, max(0, place.width()))
    painter.setPen(QColor(colour))
    painter.drawText(place, int(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter), shown)
    return place.left() + metrics.horizontalAdvance(shown)
