"""What a platform answered to a test."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from app.core.status import Health
from app.core.text import plain
from app.ui.look.icons import state_word
from app.ui.parts.badges import StateMark, text_label


class ConnectionTestResult(QWidget):
    """What the platform answered, as shape, word and sentence."""

    def __init__(self) -> None:
        super().__init__()
        self.mark = StateMark(Health.UNKNOWN)
        self.headline = text_label("", "title")
        self.sentence = text_label("", "muted")
        self.sentence.setWordWrap(True)
        texts = QVBoxLayout()
        texts.setSpacing(2)
        texts.addWidget(self.headline)
        texts.addWidget(self.sentence)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(8)
        layout.addWidget(self.mark, 0, Qt.AlignmentFlag.AlignTop)
        layout.addLayout(texts, 1)
        self.hide()

    def wait(self) -> None:
        self._show(Health.UNKNOWN, "Testing…", "")

    def tell(self, health: Health, latency_ms: float | None, sentence: str, remedy: str) -> None:
        after = f" · {latency_ms:,.0f} ms" if latency_ms is not None else ""
        self._show(health, f"{state_word(health)}{after}", " ".join(part for part in (sentence, remedy) if part))

    def _show(self, health: Health, headline: str, sentence: str) -> None:
        self.mark.set_state(health)
        self.headline.setText(headline)
        self.sentence.setText(plain(sentence, 600))
        self.sentence.setVisible(bool(sentence))
        self.setAccessibleName(f"{headline} {sentence}".strip())
        self.show()
