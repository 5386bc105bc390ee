"""Paints an entity in the list, and renames it in place."""

from __future__ import annotations

from PySide6.QtCore import (
    QAbstractItemModel,
    QEvent,
    QModelIndex,
    QObject,
    QPersistentModelIndex,
    QRect,
    QRectF,
    QSize,
    Qt,
    Signal,
)
from PySide6.QtGui import QColor, QFont, QFontMetrics, QKeyEvent, QPainter, QPen
from PySide6.QtWidgets import (
    QAbstractItemDelegate,
    QLineEdit,
    QListView,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QWidget,
)

from app.core.errors import Invalid
from app.core.status import Severity
from app.core.text import plain
from app.ui.look.icons import paint_state
from app.ui.look.theme import colours, mono_font
from app.ui.schema.entity_start import rename_entity
from app.ui.schema.schema_document import SchemaDocument

from .entity_list_model import EntityListModel, EntityRow
from .schema_delegates import MARK_ROLES, mark_editor, paint_mark

Index = QModelIndex | QPersistentModelIndex
_PAD = 10
_SIGN = 12
_LEAVE = frozenset({Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Tab})
_LEFT = int((Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter).value)
_LOW = int((Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignBottom).value)
_RIGHT = int((Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter).value)


class EntityDelegate(QStyledItemDelegate):
    """A sign for what happens to it, its name, and at the right its number of attributes."""

    editor_left = Signal(bool)  # True where what was entered was given up

    def __init__(self, view: QListView, model: EntityListModel, document: SchemaDocument) -> None:
        super().__init__(view)
        self._view, self._list, self._document = view, model, document
        self.fresh_key = ""
        self.closeEditor.connect(
            lambda _editor, hint: self.editor_left.emit(hint is QAbstractItemDelegate.EndEditHint.RevertModelCache)
        )

    def sizeHint(self, option: QStyleOptionViewItem, index: Index) -> QSize:
        return QSize(120, max(25, QFontMetrics(self._view.font()).height() + 9))

    def _sign(self) -> int:
        """Side of a sign, in pixels."""
        return max(_SIGN, QFontMetrics(self._view.font()).ascent())

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: Index) -> None:
        row, rect, look = self._list.rows[index.row()], QRect(option.rect), colours()
        painter.save()
        if row.is_head:
            self._paint_head(painter, rect, row)
            painter.restore()
            return
        if option.state & QStyle.StateFlag.State_Selected:
            painter.fillRect(rect, QColor(look.selection))
        elif option.state & QStyle.StateFlag.State_MouseOver:
            painter.fillRect(rect, QColor(look.hover))
        role, sign = MARK_ROLES.get(row.mark), self._sign()
        room = rect.adjusted(_PAD, 0, -_PAD, 0)
        if role is not None:
            place = QRectF(room.left() - 2, room.center().y() - sign / 2 + 0.5, sign, sign)
            paint_mark(painter, place, row.mark, QColor(getattr(look, role[0])))
        room.setLeft(room.left() + sign + 2)
        room = self._paint_side(painter, room, row)
        self._paint_name(painter, room, row)
        if option.state & QStyle.StateFlag.State_HasFocus:
            painter.setPen(QPen(QColor(look.accent), 1))
            painter.drawRect(rect.adjusted(0, 0, -1, -1))
        painter.restore()

    def _paint_head(self, painter: QPainter, rect: QRect, row: EntityRow) -> None:
        font = QFont(self._view.font())
        font.setPointSizeF(font.pointSizeF() * 0.86)
        font.setWeight(QFont.Weight.DemiBold)
        painter.setFont(font)
        painter.setPen(QColor(colours().muted))
        painter.drawText(rect.adjusted(_PAD, 0, -_PAD, -4), _LOW, row.name)

    def _paint_side(self, painter: QPainter, room: QRect, row: EntityRow) -> QRect:
        small = QFont(self._view.font())
        small.setPointSizeF(small.pointSizeF() * 0.9)
        metrics = QFontMetrics(small)
        side = metrics.elidedText(row.side, Qt.TextElideMode.ElideRight, room.width() // 2)
        painter.setFont(small)
        painter.setPen(QColor(colours().muted))
        painter.drawText(room, _RIGHT, side)
        room = room.adjusted(0, 0, -metrics.horizontalAdvance(side) - 6, 0)
        if row.has_problem:
            sign = self._sign()
            place = QRect(room.right() - sign, room.center().y() - sign // 2 + 1, sign, sign)
            paint_state(painter, place, Severity.ERROR)
            room = room.adjusted(0, 0, -sign - 4, 0)
        return room

    def _paint_name(self, painter: QPainter, room: QRect, row: EntityRow) -> None:
        font = mono_font()
        font.setPointSizeF(self._view.font().pointSizeF())
        metrics = QFontMetrics(font)
        font.setStrikeOut(row.mark == "removed")
        painter.setFont(font)
        painter.setPen(QColor(colours().muted if row.is_system or row.mark == "removed" else colours().text))
        shown = row.found.text if row.found is not None else plain(row.name, 120)
        painter.drawText(room, _LEFT, metrics.elidedText(shown, Qt.TextElideMode.ElideRight, room.width()))

    # Renaming in place

    def createEditor(self, parent: QWidget, option: QStyleOptionViewItem, index: Index) -> QWidget:
        editor = QLineEdit(parent)
        editor.setFont(mono_font())
        editor.setMaxLength(400)
        editor.setAccessibleName(f"Name of {self._list.rows[index.row()].name}")
        mark_editor(editor, "")
        place = QPersistentModelIndex(index)
        editor.textEdited.connect(lambda text: mark_editor(editor, self.refusal(place, text)))
        return editor

    def updateEditorGeometry(self, editor: QWidget, option: QStyleOptionViewItem, index: Index) -> None:
        editor.setGeometry(QRect(option.rect).adjusted(_PAD + self._sign() - 6, 1, -4, -1))

    def setEditorData(self, editor: QWidget, index: Index) -> None:
        # Asked again with each new mark of the row: what is typed or selected by then stays.
        name = self._list.rows[index.row()].name
        if isinstance(editor, QLineEdit) and not editor.isModified() and editor.text() != name:
            editor.setText(name)

    def setModelData(self, editor: QWidget, model: QAbstractItemModel, index: Index) -> None:
        if not isinstance(editor, QLineEdit) or not editor.isModified() or self.refusal(index, editor.text()):
            return
        old, new = self._list.rows[index.row()].name, editor.text().strip()
        if old != new:
            title = f"Rename {plain(old, 60)} to {plain(new, 60)}"
            if self.fresh_key:
                title = f"Add the entity {plain(new, 60)}"
            rules = self._document.rules
            self._document.edit(
                title, lambda draft: rename_entity(draft, old, new, rules), key=self.fresh_key, select=new
            )

    def refusal(self, index: Index, text: str) -> str:
        """Why this name would not be taken, "" where it would."""
        if not index.isValid():
            return ""
        old, new = self._list.rows[index.row()].name, text.strip()
        if old == new:
            return ""
        try:
            after = rename_entity(self._document.draft, old, new, self._document.rules)
        except Invalid as error:
            return plain(error.fields[0].message if error.fields else error.sentence, 300)
        return self._document.refusal_of_name(after, new)

    def eventFilter(self, editor: QObject, event: QEvent) -> bool:
        is_key = event.type() == QEvent.Type.KeyPress and isinstance(editor, QLineEdit)
        if is_key and isinstance(event, QKeyEvent) and isinstance(editor, QLineEdit) and event.key() in _LEAVE:
            if not mark_editor(editor, self.refusal(self._view.currentIndex(), editor.text())):
                self.commitData.emit(editor)
                self.closeEditor.emit(editor, QAbstractItemDelegate.EndEditHint.NoHint)
            return True
        return bool(super().eventFilter(editor, event))
