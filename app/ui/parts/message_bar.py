"""Errors that were expected: what happened, and what to do now."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QPushButton, QSizePolicy, QToolButton, QVBoxLayout, QWidget

from app.core.errors import KnownError
from app.core.status import Severity
from app.core.text import plain
from app.ui.look.icons import sign
from app.ui.parts.badges import StateMark, text_label


class MessageBar(QFrame):
    """Shows the latest message; Escape or its button closes it, a newer one replaces it."""

    details_requested = Signal(object, str)  # KnownError, title of the work

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("look", "finding")
        self.setProperty("severity", Severity.ERROR.value)
        self._error: KnownError | None = None
        self._title = ""
        self._mark = StateMark(Severity.ERROR)
        self._sentence = text_label("", "title")
        self._remedy = text_label("", "muted")
        for label in (self._sentence, self._remedy):
            label.setWordWrap(True)
            label.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
            label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._details = QPushButton("Details…")
        self._details.setAccessibleName("Details of the error")
        self._details.clicked.connect(self._show_details)
        self._close = QToolButton()
        self._close.setIcon(sign("close"))
        self._close.setAccessibleName("Close the message")
        self._close.setToolTip("Close (Esc)")
        self._close.clicked.connect(self.hide)
        texts = QVBoxLayout()
        texts.setSpacing(1)
        texts.addWidget(self._sentence)
        texts.addWidget(self._remedy)
        row = QHBoxLayout(self)
        row.setContentsMargins(14, 7, 8, 7)
        row.setSpacing(9)
        row.addWidget(self._mark)
        row.addLayout(texts, 1)
        row.addWidget(self._details)
        row.addWidget(self._close)
        self.hide()

    def show_error(self, error: KnownError, title: str = "") -> None:
        self._error, self._title = error, title
        head = plain(title, 120)
        sentence = plain(error.sentence, 500)
        self._sentence.setText(f"{head}: {sentence}" if head else sentence)
        self._remedy.setText(plain(error.remedy, 400))
        self._remedy.setVisible(bool(error.remedy))
        self._details.setVisible(bool(error.details))
        self.setAccessibleName(self.text())
        self.show()
        # PySide makes its classes when they are asked for; these take 2.5 ms of the start.
        from PySide6.QtGui import QAccessible, QAccessibleEvent

        QAccessible.updateAccessibility(QAccessibleEvent(self, QAccessible.Event.Alert))

    def text(self) -> str:
        return f"{self._sentence.text()} {self._remedy.text()}".strip()

    def refresh_looks(self) -> None:
        self._close.setIcon(sign("close"))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Escape:
            self.hide()
        else:
            super().keyPressEvent(event)

    def _show_details(self) -> None:
        if self._error is not None:
            self.details_requested.emit(self._error, self._title)
