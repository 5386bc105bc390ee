"""Paints the cells of the schema's grids, and edits each of them in place with the editor that fits."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import (
    QAbstractItemModel,
    QEvent,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    QPoint,
    QPointF,
    QRect,
    QRectF,
    QSize,
    Qt,
    QTimer,
    Signal,
)
from PySide6.QtGui import QColor, QFont, QFontMetrics, QKeyEvent, QPainter, QPen, QPolygonF
from PySide6.QtWidgets import (
    QAbstractItemDelegate,
    QComboBox,
    QCompleter,
    QLineEdit,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTableView,
    QToolTip,
    QWidget,
)

from app.core.status import Severity
from app.ui.look.icons import paint_key, paint_state
from app.ui.look.theme import Colours, colours, mono_font

from .cell_completion import complete
from .schema_grid_model import Cell, GridRow, SchemaGridModel

Index = QModelIndex | QPersistentModelIndex
_PAD = 8
_SIGN = 12
_LONGEST = 2_000
_MONO = frozenset({"name", "code"})
_ENTER = frozenset({Qt.Key.Key_Return, Qt.Key.Key_Enter})
_LEAVE = _ENTER | {Qt.Key.Key_Tab, Qt.Key.Key_Backtab}
_LEFT = int((Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter).value)
_CENTRE = int(Qt.AlignmentFlag.AlignCenter.value)

# (colour role of the sign and the strip, role of the row's tint)
MARK_ROLES = {
    "new": ("good", "good_fill"),
    "changed": ("warning", "warning_fill"),
    "renamed": ("warning", "warning_fill"),
    "removed": ("danger", "danger_fill"),
}


def paint_mark(painter: QPainter, place: QRectF, kind: str, colour: QColor) -> None:
    """A change by its shape: a plus, a wave, an arrow, a minus."""
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    cap, join = Qt.PenCapStyle.RoundCap, Qt.PenJoinStyle.RoundJoin
    painter.setPen(QPen(colour, place.width() / 7, Qt.PenStyle.SolidLine, cap, join))
    painter.setBrush(Qt.BrushStyle.NoBrush)
    middle, half, step = place.center(), place.width() / 2 - 2, place.width() / 5.5
    x, y = middle.x(), middle.y()
    if kind in ("new", "removed"):
        painter.drawLine(QPointF(x - half, y), QPointF(x + half, y))
    if kind == "new":
        painter.drawLine(QPointF(x, y - half), QPointF(x, y + half))
    if kind == "changed":
        painter.drawLine(QPointF(x - half, y - step), QPointF(x + half, y - step))
        painter.drawLine(QPointF(x - half, y + step), QPointF(x + half, y + step))
        painter.drawLine(QPointF(x - step, y + half), QPointF(x + step, y - half))
    if kind == "renamed":
        painter.drawLine(QPointF(x - half, y), QPointF(x + half, y))
        tip = QPointF(x + half, y)
        barb = half * 0.8
        painter.drawPolyline(QPolygonF([tip + QPointF(-barb, -barb), tip, tip + QPointF(-barb, barb)]))
    painter.restore()


def mark_editor(editor: QLineEdit, wrong: str) -> str:
    """Mark an editor in a cell as good ("") or bad, with a sentence that says why; returns the sentence."""
    if editor.property("invalid") != ("true" if wrong else "false"):
        editor.setProperty("invalid", "true" if wrong else "false")
        frame = f"border: 2px solid {colours().danger};" if wrong else ""
        editor.setStyleSheet(f"QLineEdit {{ border-radius: 0; padding: 0 6px; {frame} }}")
    editor.setToolTip(wrong)
    editor.setAccessibleDescription(wrong)
    if wrong:
        QToolTip.showText(editor.mapToGlobal(QPoint(0, editor.height())), wrong, editor)
    else:
        QToolTip.hideText()
    return wrong


class _Look:
    """Fonts and colours, looked up once instead of for each cell."""

    def __init__(self, source: Colours, font: QFont) -> None:
        self.source, self.key = source, font.key()
        self.font = QFont(font)
        self.bold = QFont(font)
        self.bold.setWeight(QFont.Weight.DemiBold)
        self.mono = mono_font()
        self.mono.setPointSizeF(font.pointSizeF())
        self.struck = QFont(self.mono)
        self.struck.setStrikeOut(True)
        self.small = QFont(font)
        self.small.setPointSizeF(font.pointSizeF() * 0.92)
        self.metrics = {id(each): QFontMetrics(each) for each in (self.font, self.bold, self.mono, self.small)}
        ascent = QFontMetrics(self.font).ascent()
        self.sign, self.side = max(_SIGN, ascent), max(14, ascent + 2)
        self.text, self.muted, self.neutral = QColor(source.text), QColor(source.muted), QColor(source.neutral)
        self.line, self.box = QColor(source.line), QColor(source.neutral)
        self.box.setAlpha(150)
        self.accent, self.on_accent = QColor(source.accent), QColor(source.on_accent)
        self.selection, self.danger = QColor(source.selection), QColor(source.danger)
        self.chip, self.chip_text = QColor(source.chip), QColor(source.chip_text)
        self.marks = {
            kind: (QColor(getattr(source, sign)), QColor(getattr(source, fill)))
            for kind, (sign, fill) in MARK_ROLES.items()
        }


class SchemaDelegate(QStyledItemDelegate):
    """One delegate for a grid; the model says what a cell is and which editor it wants.

    An editor with text that is not acceptable has a red frame and says why; Enter and Tab do not close it.
    """

    editor_left = Signal(bool)  # an editor was closed; True where what was entered was given up

    def __init__(self, view: QTableView, model: SchemaGridModel[Any]) -> None:
        super().__init__(view)
        self._view, self._grid = view, model
        self._made: _Look | None = None
        self.closeEditor.connect(self._left)

    @property
    def _look(self) -> _Look:
        font = self._view.font()
        made = self._made
        if made is None or made.source is not colours() or made.key != font.key():
            made = self._made = _Look(colours(), font)
        return made

    # Painting

    def width_of(self, row: int, column: int) -> int:
        """Pixels that a cell's content takes."""
        look, cell = self._look, self._grid.cell(row, column)
        if cell.kind == "flag":
            return look.side + 2 * _PAD
        font = look.mono if cell.kind in _MONO else look.font
        width = look.metrics[id(font)].horizontalAdvance(f"{cell.text} {cell.note}".strip())
        extra = (look.sign + 6 if cell.problem or cell.kind == "change" else 0) + (14 if cell.kind == "chip" else 0)
        extra += look.sign + 6 if cell.sign else 0
        return width + 2 * _PAD + extra + 2

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        height = self._view.verticalHeader().defaultSectionSize()
        return QSize(self.width_of(index.row(), index.column()), height)

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        row, column = index.row(), index.column()
        each = self._grid.row(row)
        cell = each.cells[column]
        rect, look = QRect(option.rect), self._look
        is_selected = bool(option.state & QStyle.StateFlag.State_Selected)
        painter.save()
        self._paint_back(painter, rect, each, column, is_selected, look)
        room = rect.adjusted(_PAD, 0, -_PAD, -1)
        if cell.problem is not None:
            severity = Severity.ERROR if cell.problem.is_error else Severity.WARNING
            sign = look.sign
            place = QRect(room.right() - sign + 1, room.center().y() - (sign - 2) // 2, sign, sign)
            paint_state(painter, place, severity)
            room.setRight(room.right() - sign - 5)
        if cell.sign:
            top = room.center().y() - look.sign / 2 + 0.5
            paint_key(painter, QRectF(room.right() - look.sign, top, look.sign, look.sign), look.neutral)
            room.setRight(room.right() - look.sign - 5)
        self._paint_cell(painter, room, each, cell, look)
        if option.state & QStyle.StateFlag.State_HasFocus:
            painter.setPen(QPen(look.accent, 1))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawRect(rect.adjusted(0, 0, -1, -2))
        painter.restore()

    @staticmethod
    def _paint_back(painter: QPainter, rect: QRect, row: GridRow, column: int, is_selected: bool, look: _Look) -> None:
        kind = "removed" if row.is_removed else (row.mark.kind if row.mark is not None else "")
        sign, fill = look.marks.get(kind, (None, None))
        if is_selected:
            painter.fillRect(rect, look.selection)
        elif fill is not None:
            painter.fillRect(rect, fill)
        if sign is not None and column == 0:
            painter.fillRect(rect.left(), rect.top(), 3, rect.height() - 1, sign)
        painter.fillRect(rect.left(), rect.bottom(), rect.width(), 1, look.line)

    def _paint_cell(self, painter: QPainter, room: QRect, row: GridRow, cell: Cell, look: _Look) -> None:
        is_dim = cell.is_locked
        match cell.kind:
            case "name":
                painter.setFont(look.struck if row.is_removed else look.mono)
                painter.setPen(look.muted if is_dim else look.text)
                painter.drawText(room, _LEFT, self._cut(cell.text, look.mono, room.width(), look))
            case "code":
                painter.setFont(look.mono)
                painter.setPen(look.muted if is_dim else look.text)
                painter.drawText(room, _LEFT, self._cut(cell.text, look.mono, room.width(), look))
            case "chip":
                self._paint_chip(painter, room, cell.text, look)
            case "flag":
                self._paint_flag(painter, room, cell, look)
            case "change":
                self._paint_change(painter, room, cell, look)
            case _:
                painter.setFont(look.font)
                painter.setPen(look.muted if is_dim or cell.text == "keep" else look.text)
                painter.drawText(room, _LEFT, self._cut(cell.text, look.font, room.width(), look))

    @staticmethod
    def _cut(text: str, font: QFont, width: int, look: _Look) -> str:
        metrics = look.metrics[id(font)]
        if metrics.horizontalAdvance(text) <= width:
            return text
        return metrics.elidedText(text, Qt.TextElideMode.ElideRight, width)

    def _paint_chip(self, painter: QPainter, room: QRect, text: str, look: _Look) -> None:
        shown = self._cut(text, look.small, room.width() - 12, look)
        metrics = look.metrics[id(look.small)]
        height = metrics.height() + 3
        place = QRectF(room.left(), room.center().y() - height / 2 + 0.5, metrics.horizontalAdvance(shown) + 12, height)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(look.chip)
        painter.drawRoundedRect(place, 3, 3)
        painter.setPen(look.chip_text)
        painter.setFont(look.small)
        painter.drawText(place, _CENTRE, shown)

    @staticmethod
    def _paint_flag(painter: QPainter, room: QRect, cell: Cell, look: _Look) -> None:
        """A box that can be ticked; where it is locked, only the tick."""
        side = float(look.side)
        box = QRectF(room.left() + 0.5, room.center().y() - side / 2 + 0.5, side, side)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if not cell.is_locked:
            painter.setPen(QPen(look.accent if cell.is_on else look.box, 1))
            painter.setBrush(look.accent if cell.is_on else Qt.BrushStyle.NoBrush)
            painter.drawRoundedRect(box, 3, 3)
        if cell.is_on:
            painter.setPen(QPen(look.muted if cell.is_locked else look.on_accent, 1.8))
            points = ((0.24, 0.52), (0.43, 0.72), (0.78, 0.3))
            painter.drawPolyline(QPolygonF([QPointF(box.x() + a * side, box.y() + b * side) for a, b in points]))

    def _paint_change(self, painter: QPainter, room: QRect, cell: Cell, look: _Look) -> None:
        if not cell.text:
            return
        colour = look.marks[cell.text][0]
        place = QRectF(room.left(), room.center().y() - look.sign / 2 + 0.5, look.sign, look.sign)
        paint_mark(painter, place, cell.text, colour)
        room = room.adjusted(look.sign + 5, 0, 0, 0)
        painter.setFont(look.bold)
        painter.setPen(colour)
        painter.drawText(room, _LEFT, self._cut(cell.text, look.bold, room.width(), look))
        room.setLeft(room.left() + look.metrics[id(look.bold)].horizontalAdvance(cell.text) + 5)
        if cell.note and room.width() > 12:
            painter.setFont(look.font)
            painter.setPen(look.muted)
            painter.drawText(room, _LEFT, self._cut(cell.note, look.font, room.width(), look))

    # Editing

    def createEditor(self, parent: QWidget, option: QStyleOptionViewItem, index: Index) -> QWidget:
        kind = self._grid.editor_kind(index)
        title = self._grid.spoken_titles[index.column()]
        is_line = kind in ("line", "words")
        editor: QWidget = self._line(parent, index) if is_line else self._combo(parent, index, kind == "search")
        editor.setAccessibleName(f"{title} of {self._grid.row(index.row()).cells[0].text}")
        editor.setAutoFillBackground(True)
        return editor

    def _line(self, parent: QWidget, index: Index) -> QLineEdit:
        editor = QLineEdit(parent)
        editor.setFont(self._look.mono)
        editor.setMaxLength(_LONGEST)
        mark_editor(editor, "")
        place = QPersistentModelIndex(index)
        editor.textEdited.connect(lambda _text: self._judge(editor, place))
        words = self._grid.completions(index)
        if words:
            complete(
                editor,
                words,
                is_list=self._grid.is_list(index.column()),
                judge=lambda: self._judge(editor, self._view.currentIndex()),
                take=lambda: self._take(editor),
            )
        return editor

    def _combo(self, parent: QWidget, index: Index, is_search: bool) -> QComboBox:
        editor = QComboBox(parent)
        editor.setStyleSheet("QComboBox { border-radius: 0; padding: 0 6px; } QComboBox::drop-down { border: 0; }")
        editor.setMaxVisibleItems(14)
        for choice in self._grid.choices(index):
            editor.addItem(choice.text, choice.value)
        if is_search:
            self._make_searchable(editor)
        editor.activated.connect(lambda _at: self._take(editor))
        if not is_search:
            # Open at once: a closed box in a cell would need another click. Later, so that it stands in its cell.
            QTimer.singleShot(0, editor, editor.showPopup)
        return editor

    @staticmethod
    def _make_searchable(editor: QComboBox) -> None:
        """A thousand entities are found by typing, not by scrolling."""
        editor.setEditable(True)
        editor.setInsertPolicy(QComboBox.InsertPolicy.NoInsert)
        completer = QCompleter(editor.model(), editor)
        completer.setFilterMode(Qt.MatchFlag.MatchContains)
        completer.setCaseSensitivity(Qt.CaseSensitivity.CaseInsensitive)
        completer.setCompletionMode(QCompleter.CompletionMode.PopupCompletion)
        editor.setCompleter(completer)
        # All of them at once, for those who would rather choose than type.
        QTimer.singleShot(0, completer, completer.complete)

    def setEditorData(self, editor: QWidget, index: Index) -> None:
        text = self._grid.edit_text(index)
        if isinstance(editor, QLineEdit):
            if not editor.isModified():
                editor.setText(text)
        elif isinstance(editor, QComboBox):
            editor.setCurrentIndex(max(0, editor.findText(text)))

    def setModelData(self, editor: QWidget, model: QAbstractItemModel, index: Index) -> None:
        row, column = index.row(), index.column()
        if isinstance(editor, QLineEdit):
            if editor.isModified() and not self._grid.refusal(row, column, editor.text()):
                is_shared = self._grid.editor_kind(index) == "words" and not self._grid.is_list(column)
                rows = self._rows_for_edit(row) if is_shared else [row]
                self._grid.set_values(rows, column, editor.text(), key=self._key(row))
        elif isinstance(editor, QComboBox):
            at = editor.findText(editor.currentText())
            if at >= 0:
                self._grid.set_values(self._rows_for_edit(row), column, editor.itemData(at), key=self._key(row))

    def _rows_for_edit(self, row: int) -> list[int]:
        return list(getattr(self._view, "rows_for_edit", lambda one: [one])(row))

    def _key(self, row: int) -> str:
        found = getattr(self._view, "merge_key", None)
        return str(found(row)) if found is not None else ""

    def updateEditorGeometry(self, editor: QWidget, option: QStyleOptionViewItem, index: Index) -> None:
        place = QRect(option.rect).adjusted(0, 0, 0, -1)
        place.setWidth(max(place.width(), min(editor.sizeHint().width(), 180) if isinstance(editor, QComboBox) else 0))
        editor.setGeometry(place)

    def _judge(self, editor: QLineEdit, index: Index) -> str:
        """Mark what is typed as good or bad; returns what is wrong with it."""
        wrong = self._grid.refusal(index.row(), index.column(), editor.text()) if index.isValid() else ""
        return mark_editor(editor, wrong)

    def eventFilter(self, editor: QObject, event: QEvent) -> bool:
        is_key = event.type() == QEvent.Type.KeyPress and isinstance(event, QKeyEvent)
        if is_key and isinstance(event, QKeyEvent) and event.key() in _LEAVE and isinstance(editor, QWidget):
            if not self._may_leave(editor):
                return True
            if event.key() in _ENTER:
                self._take(editor)
                return True
        return bool(super().eventFilter(editor, event))

    def _may_leave(self, editor: QWidget) -> bool:
        if isinstance(editor, QLineEdit):
            return not self._judge(editor, self._view.currentIndex())
        return not (isinstance(editor, QComboBox) and editor.isEditable() and editor.findText(editor.currentText()) < 0)

    def _take(self, editor: QWidget) -> None:
        self.commitData.emit(editor)
        self.closeEditor.emit(editor, QAbstractItemDelegate.EndEditHint.NoHint)

    def _left(self, _editor: QWidget, hint: QAbstractItemDelegate.EndEditHint) -> None:
        self.editor_left.emit(hint is QAbstractItemDelegate.EndEditHint.RevertModelCache)
