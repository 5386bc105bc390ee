"""The strip above the schema's text: which text it is, whether it can be edited, and what can be done with it."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QSizePolicy, QWidget

from app.ui.parts.badges import ElidedLabel


class TextHead(QWidget):
    copy_requested = Signal()
    save_requested = Signal()
    find_requested = Signal()

    def __init__(self, label: str, reason: str, parent: QWidget | None = None) -> None:
        """``reason``: why the text cannot be edited, "" where it can."""
        super().__init__(parent)
        chip = ElidedLabel(label, look="chip")
        chip.setSizePolicy(QSizePolicy.Policy.Maximum, QSizePolicy.Policy.Fixed)
        self.reason = ElidedLabel(reason, look="muted")
        row = QHBoxLayout(self)
        row.setContentsMargins(10, 5, 8, 5)
        row.setSpacing(6)
        row.addWidget(chip)
        row.addWidget(self.reason, 1)
        self.find_button, self.copy_button, self.save_button = (
            QPushButton("Find"),
            QPushButton("Copy"),
            QPushButton("Save…"),
        )
        for button, signal, tip in (
            (self.find_button, self.find_requested, "Find in the text (Ctrl+F)"),
            (self.copy_button, self.copy_requested, "Copy all of the text"),
            (self.save_button, self.save_requested, "Save the text as a file"),
        ):
            button.setProperty("look", "small")
            button.setAutoDefault(False)
            button.setToolTip(tip)
            button.setAccessibleName(tip)
            button.clicked.connect(signal)
            row.addWidget(button)
