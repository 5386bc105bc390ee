"""The errors of a schema's text, each with its line."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QRect, QSize, Qt, Signal
from PySide6.QtGui import QKeyEvent, QResizeEvent
from PySide6.QtWidgets import QListWidget, QListWidgetItem

from app.core.text import plain

if TYPE_CHECKING:
    from app.schema.formats.instant_ts import TextProblem

_SHOWN_PROBLEMS: Final = 100


class TextProblemList(QListWidget):
    """The errors under the text; Enter or a click goes there."""

    wanted = Signal(int)

    def __init__(self) -> None:
        super().__init__()
        self.setWordWrap(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.itemClicked.connect(lambda item: self.wanted.emit(self.row(item)))
        self.hide()

    def show_problems(self, problems: tuple[TextProblem, ...]) -> None:
        """Cut to a number that can be read; the note above says how many there are."""
        self.clear()
        for each in problems[:_SHOWN_PROBLEMS]:
            sentence = plain(each.sentence, 240)
            item = QListWidgetItem(f"line {each.line}: {sentence}")
            remedy = plain(each.remedy, 240)
            whole = f"line {each.line}: {sentence} {remedy}".strip()
            item.setData(Qt.ItemDataRole.AccessibleTextRole, whole)
            item.setToolTip(whole)
            self.addItem(item)
        count = len(problems)
        self.setAccessibleName(f"{count} error{'' if count == 1 else 's'} in the text")
        self.setVisible(bool(problems))
        self._fit()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        if event.size().width() != event.oldSize().width():
            self._fit()

    def _fit(self) -> None:
        """Each error in as many lines as it takes; as tall as five lines of text."""
        metrics, height = self.fontMetrics(), 0
        room = QRect(0, 0, max(80, self.viewport().width() - 12), 10_000)
        for item in (self.item(at) for at in range(self.count())):
            tall = metrics.boundingRect(room, Qt.TextFlag.TextWordWrap, item.text()).height() + 6
            item.setSizeHint(QSize(0, tall))
            height += tall
        if self.count():
            self.setFixedHeight(min(height, 5 * (metrics.height() + 6)) + 6)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self.currentRow() >= 0:
            self.wanted.emit(self.currentRow())
        else:
            super().keyPressEvent(event)
