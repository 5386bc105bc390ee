"""Asks on which connection an app is meant that more than one of them has."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QPoint, QRect, QSize, Qt, Signal
from PySide6.QtGui import QFontMetrics, QPainter
from PySide6.QtWidgets import (
    QApplication,
    QDialog,
    QHBoxLayout,
    QListWidget,
    QListWidgetItem,
    QPushButton,
    QStyle,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QVBoxLayout,
    QWidget,
)

from app.core.connection import Connection, Environment
from app.core.refs import AppRef
from app.core.text import plain
from app.ui.look.theme import mono_font
from app.ui.parts import dialog_size
from app.ui.parts.badges import text_label
from app.ui.parts.environment_badge import SPOKEN, badge_size, paint_badge

_ENVIRONMENT = Qt.ItemDataRole.UserRole
_LETTERS, _LINES, _MOST_LINES = 74, 14, 26
_PAD = 10


class Candidate(NamedTuple):
    """An app where it is; ``title`` "" where it is not known yet."""

    ref: AppRef
    connection: Connection
    title: str


class ConnectionChoice(QDialog):
    """Opened with ``open()``; deletes itself when it is finished. Enter takes the one that is marked, Esc none."""

    chosen = Signal(object)  # AppRef

    def __init__(self, candidates: Sequence[Candidate], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.candidates = tuple(candidates)
        self.list = QListWidget()
        self.open_button = QPushButton("&Open")
        self.cancel_button = QPushButton("Cancel")
        self.setWindowTitle("Which connection?")
        self._lay_out()
        self._fill()
        self.list.itemActivated.connect(lambda _item: self.accept())
        self.open_button.clicked.connect(self.accept)
        self.cancel_button.clicked.connect(self.reject)
        self.accepted.connect(self._choose)
        self.finished.connect(self.deleteLater)
        dialog_size.fit(self, _LETTERS, min(_MOST_LINES, _LINES + 2 * len(self.candidates)))
        self.list.setFocus()

    def _lay_out(self) -> None:
        layout = QVBoxLayout(self)
        layout.setContentsMargins(22, 20, 22, 18)
        layout.setSpacing(12)
        app_id = text_label(plain(self.candidates[0].ref.app_id, 80))
        app_id.setFont(mono_font())
        about = text_label("More than one connection has the app with this ID. Choose where to open it.")
        for label in (text_label("Which connection?", "heading"), about, app_id):
            label.setWordWrap(True)
            layout.addWidget(label)
        layout.addWidget(self.list, 1)
        buttons = QHBoxLayout()
        buttons.addStretch(1)
        self.open_button.setProperty("look", "primary")
        self.open_button.setDefault(True)
        self.cancel_button.setAutoDefault(False)
        buttons.addWidget(self.cancel_button)
        buttons.addWidget(self.open_button)
        layout.addLayout(buttons)

    def _fill(self) -> None:
        self.list.setAccessibleName("Connections that have the app")
        self.list.setItemDelegate(_Row(self.list))
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        for each in self.candidates:
            label, title = plain(each.connection.label, 80), plain(each.title, 80)
            text = f"{label}   {title}" if title else label
            item = QListWidgetItem(text, self.list)
            item.setData(_ENVIRONMENT, each.connection.environment.value)
            spoken = f"{label}, {SPOKEN[each.connection.environment]}"
            item.setData(Qt.ItemDataRole.AccessibleTextRole, f"{spoken}: {title}" if title else spoken)
            item.setToolTip(text)
        self.list.setCurrentRow(0)

    def _choose(self) -> None:
        at = self.list.currentRow()
        if 0 <= at < len(self.candidates):
            self.chosen.emit(self.candidates[at].ref)


class _Row(QStyledItemDelegate):
    """The environment stands at the right of its line, as on every row about a connection."""

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> QSize:
        # As wide as the list, however long the text is: it is cut, and the tooltip has all of it.
        return QSize(120, QFontMetrics(option.font).height() + 14)

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        environment, rect = Environment(index.data(_ENVIRONMENT)), QRect(option.rect)
        size = badge_size(environment, option.font)
        line = QStyleOptionViewItem(option)
        self.initStyleOption(line, index)
        room = rect.width() - size.width() - 4 * _PAD
        line.text = QFontMetrics(option.font).elidedText(line.text, Qt.TextElideMode.ElideRight, room)
        style = option.widget.style() if option.widget else QApplication.style()
        style.drawControl(QStyle.ControlElement.CE_ItemViewItem, line, painter, option.widget)
        top = rect.top() + (rect.height() - size.height()) // 2
        paint_badge(painter, QRect(QPoint(rect.right() - size.width() - _PAD, top), size), environment, option.font)
