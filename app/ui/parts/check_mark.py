"""Check boxes, in rows and by themselves, and round ones: their frame and mark can be seen in light and dark."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QModelIndex, QPersistentModelIndex, QPointF, QRect, QRectF, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen, QPolygonF
from PySide6.QtWidgets import (
    QAbstractButton,
    QCheckBox,
    QRadioButton,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionButton,
    QStyleOptionViewItem,
)

from app.ui.look.theme import colours


class CheckDelegate(QStyledItemDelegate):
    """Draws over the style's own box, which is dark on dark."""

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        super().paint(painter, option, index)
        shown = QStyleOptionViewItem(option)
        self.initStyleOption(shown, index)
        if not shown.features & QStyleOptionViewItem.ViewItemFeature.HasCheckIndicator:
            return
        widget = shown.widget
        place = widget.style().subElementRect(QStyle.SubElement.SE_ItemViewItemCheckIndicator, shown, widget)
        _paint_check(painter, place, shown.checkState, has_focus=False)


def acts_at_once(button: QAbstractButton, event: QEvent) -> bool:
    """Whether the event was a button's letter, which acts at once: Qt would show the press for 0.1 s first, and an
    Enter could come before."""
    if event.type() != QEvent.Type.Shortcut or not button.isEnabled():
        return False
    button.setFocus(Qt.FocusReason.ShortcutFocusReason)
    button.click()
    return True


class CheckBox(QCheckBox):
    def event(self, event: QEvent) -> bool:
        return acts_at_once(self, event) or bool(super().event(event))

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        option = QStyleOptionButton()
        self.initStyleOption(option)
        place = self.style().subElementRect(QStyle.SubElement.SE_CheckBoxIndicator, option, self)
        painter = QPainter(self)
        _paint_check(painter, place, self.checkState(), has_focus=self.hasFocus())
        painter.end()


class RadioButton(QRadioButton):
    def event(self, event: QEvent) -> bool:
        return acts_at_once(self, event) or bool(super().event(event))

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        option = QStyleOptionButton()
        self.initStyleOption(option)
        place = self.style().subElementRect(QStyle.SubElement.SE_RadioButtonIndicator, option, self)
        look = colours()
        role = look.accent if self.isEnabled() and (self.isChecked() or self.hasFocus()) else look.muted
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(QColor(role), 1.4))
        painter.setBrush(QColor(look.surface))
        side = min(place.width(), place.height()) - 2
        ring = QRectF(0, 0, side, side)
        ring.moveCenter(QRectF(place).center())
        painter.drawEllipse(ring)
        if self.isChecked():
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(QColor(role))
            painter.drawEllipse(ring.adjusted(side * 0.26, side * 0.26, -side * 0.26, -side * 0.26))
        painter.end()


def _paint_check(painter: QPainter, place: QRect, state: Qt.CheckState, *, has_focus: bool) -> None:
    look = colours()
    is_on = state is not Qt.CheckState.Unchecked
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(QPen(QColor(look.accent if is_on or has_focus else look.muted), 1))
    painter.setBrush(QColor(look.accent if is_on else look.surface))
    side = min(place.width(), place.height())
    box = QRectF(0, 0, side - 1, side - 1)
    box.moveCenter(QRectF(place).center())
    painter.drawRoundedRect(box, 3, 3)
    points = {
        Qt.CheckState.Checked: ((0.24, 0.52), (0.43, 0.72), (0.78, 0.3)),
        Qt.CheckState.PartiallyChecked: ((0.25, 0.5), (0.75, 0.5)),
    }.get(state, ())
    if points:
        painter.setPen(QPen(QColor(look.on_accent), 1.8))
        width = box.width()
        painter.drawPolyline(QPolygonF([QPointF(box.x() + x * width, box.y() + y * width) for x, y in points]))
    painter.restore()
