"""Text that leaves the program only by the operator's own hand, after it was shown whole."""

from __future__ import annotations

import os
from pathlib import Path

from PySide6.QtCore import QDir, Signal
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QDialog, QFileDialog, QHBoxLayout, QPlainTextEdit, QPushButton, QVBoxLayout, QWidget

from app.core.errors import Invalid
from app.core.text import plain
from app.ui.look.theme import mono_font
from app.ui.parts.badges import text_label
from app.ui.parts.dialog_size import fit

_PRIVATE = 0o600


class SharedTextDialog(QDialog):
    """Shows all of a text, to be copied or saved. Nothing of it is hidden, and nothing is sent."""

    copied = Signal(str)
    failed = Signal(object, str)  # KnownError, what was tried

    def __init__(self, title: str, sentence: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.finished.connect(self.deleteLater)
        self.setWindowTitle(title)
        self.file_name = "tenantry.txt"
        self.heading = text_label(title, "heading")
        self.sentence = text_label(sentence, "muted")
        self.sentence.setWordWrap(True)
        self.text = QPlainTextEdit()
        self.text.setReadOnly(True)
        self.text.setFont(mono_font())
        self.text.setTabChangesFocus(True)
        self.text.setAccessibleName(title)
        self.copy_button = QPushButton("&Copy")
        self.save_button = QPushButton("&Save…")
        self.close_button = QPushButton("Close")
        self.copy_button.clicked.connect(self.copy)
        self.save_button.clicked.connect(self.ask_where)
        self.close_button.clicked.connect(self.reject)
        self.head = QHBoxLayout()
        self.buttons = QHBoxLayout()
        self._lay_out()

    def _lay_out(self) -> None:
        self.buttons.addWidget(self.copy_button)
        self.buttons.addWidget(self.save_button)
        self.buttons.addStretch(1)
        self.buttons.addWidget(self.close_button)
        for button in (self.copy_button, self.save_button, self.close_button):
            button.setAutoDefault(False)
        box = QVBoxLayout(self)
        box.setContentsMargins(22, 20, 22, 18)
        box.setSpacing(10)
        box.addWidget(self.heading)
        box.addWidget(self.sentence)
        box.addLayout(self.head)
        box.addWidget(self.text, 1)
        box.addLayout(self.buttons)
        self.setMinimumSize(520, 360)
        fit(self, 110, 40)
        self.show_text("")

    def show_text(self, text: str) -> None:
        self.text.setPlainText(text)
        for button in (self.copy_button, self.save_button):
            button.setEnabled(bool(text))

    def copy(self) -> None:
        QGuiApplication.clipboard().setText(self.text.toPlainText())
        self.copied.emit(f"Copied: {self.windowTitle()}")

    def ask_where(self) -> None:
        dialog = QFileDialog(self, f"Save: {self.windowTitle()}", QDir.homePath(), "Text (*.txt);;All files (*)")
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setDefaultSuffix("txt")
        dialog.selectFile(self.file_name)
        dialog.fileSelected.connect(lambda path: self.save(Path(path)))
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    def save(self, path: Path) -> None:
        """For this user alone."""
        try:
            descriptor = os.open(path, os.O_CREAT | os.O_TRUNC | os.O_WRONLY, _PRIVATE)
            with os.fdopen(descriptor, "w", encoding="utf-8") as file:
                file.write(self.text.toPlainText())
        except OSError as error:
            why = plain(error.strerror or "", 120)
            self.failed.emit(
                Invalid(f"{plain(str(path), 200)} cannot be written: {why}.", remedy="Choose another place."),
                f"Save {self.windowTitle()}",
            )
            return
        self.copied.emit(f"Saved {plain(path.name, 80)}")
