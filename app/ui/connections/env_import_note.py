"""Says what an .env file held: what was taken, what leaked, what was odd. Never a value."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from app.core.status import Severity
from app.core.text import plain
from app.ui.parts.badges import StateMark, text_label

if TYPE_CHECKING:
    from app.services.env_file import EnvImport

_SHOWN = 4


class EnvImportNote(QWidget):
    """One line for each thing to say, with a shape for its weight; leaks come first."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._layout = QVBoxLayout(self)
        self._layout.setContentsMargins(0, 0, 0, 0)
        self._layout.setSpacing(4)
        self.lines: list[tuple[Severity, str]] = []
        self.hide()

    def tell(self, taken: Sequence[str], found: EnvImport) -> None:
        lines = [(Severity.ERROR, f"Leak: {each}") for each in found.leaks]
        if taken:
            lines.append((Severity.INFO, f"Taken over: {', '.join(taken)}."))
        elif not found:
            lines.append((Severity.WARNING, "No token and no app ID was found in it."))
        if found.admin_tokens:
            lines.append((Severity.INFO, "Tokens of single apps were left out: connections do not need them."))
        lines += [(Severity.WARNING, each) for each in found.warnings]
        self._show(lines)

    def tell_failure(self, sentence: str) -> None:
        self._show([(Severity.ERROR, sentence)])

    def _show(self, lines: list[tuple[Severity, str]]) -> None:
        while (item := self._layout.takeAt(0)) is not None:
            if (widget := item.widget()) is not None:
                widget.deleteLater()
        if len(lines) > _SHOWN:
            lines = [*lines[:_SHOWN], (Severity.WARNING, f"{len(lines) - _SHOWN} more remarks.")]
        self.lines = lines
        for severity, text in lines:
            self._layout.addWidget(_line(severity, text))
        self.setAccessibleName(" ".join(text for _, text in lines))
        self.setVisible(bool(lines))


def _line(severity: Severity, text: str) -> QWidget:
    line = QWidget()
    label = text_label(plain(text, 400))
    label.setWordWrap(True)
    row = QHBoxLayout(line)
    row.setContentsMargins(0, 0, 0, 0)
    row.setSpacing(8)
    row.addWidget(StateMark(severity), 0, Qt.AlignmentFlag.AlignTop)
    row.addWidget(label, 1)
    return line
