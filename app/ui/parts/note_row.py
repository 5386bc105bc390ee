"""A sentence with its mark and the buttons that answer it."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from PySide6.QtWidgets import QFrame, QHBoxLayout, QPushButton, QSizePolicy, QVBoxLayout, QWidget

from app.core.status import Severity
from app.ui.look.icons import State

from .badges import StateMark, text_label

Answer = tuple[str, Callable[[], object]]


class NoteRow(QFrame):
    """``state`` is what the mark shows where it is another than the severity's own."""

    def __init__(
        self,
        severity: Severity,
        sentence: str,
        detail: str = "",
        answers: Iterable[Answer] = (),
        *,
        state: State | None = None,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.setProperty("look", "finding")
        self.setProperty("severity", severity.value)
        self.sentence = text_label(sentence, "title")
        self.detail = text_label(detail, "muted")
        if not detail:
            self.detail.hide()
        self.setAccessibleName(f"{severity.value}: {sentence} {detail}".strip())
        self.buttons: list[QPushButton] = []
        texts = QVBoxLayout()
        texts.setSpacing(1)
        for label in (self.sentence, self.detail):
            label.setWordWrap(True)
            label.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
            texts.addWidget(label)
        row = QHBoxLayout(self)
        row.setContentsMargins(14, 7, 8, 7)
        row.setSpacing(9)
        row.addWidget(StateMark(severity if state is None else state))
        row.addLayout(texts, 1)
        for text, act in answers:
            row.addWidget(self._button(text, act, sentence))

    def _button(self, text: str, act: Callable[[], object], sentence: str) -> QPushButton:
        button = QPushButton(text)
        button.setProperty("look", "small")
        button.setAutoDefault(False)
        button.setAccessibleName(f"{text.replace('&', '')}: {sentence}")
        button.clicked.connect(lambda: act())
        self.buttons.append(button)
        return button


class NoteStack(QWidget):
    """Notes one below the other; hidden while there are none."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.rows: list[NoteRow] = []
        self._box = QVBoxLayout(self)
        self._box.setContentsMargins(0, 0, 0, 0)
        self._box.setSpacing(6)
        self.hide()

    def show_rows(self, rows: Iterable[NoteRow]) -> None:
        for old in self.rows:
            self._box.removeWidget(old)
            old.hide()
            old.deleteLater()
        self.rows = list(rows)
        for row in self.rows:
            self._box.addWidget(row)
        self.setVisible(bool(self.rows))
