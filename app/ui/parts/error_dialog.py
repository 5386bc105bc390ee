"""The details of an error, to read and to copy."""

from __future__ import annotations

import platform
import traceback

from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QHBoxLayout, QPlainTextEdit, QPushButton, QVBoxLayout, QWidget

from app.core.errors import KnownError
from app.core.status import Severity
from app.core.text import plain
from app.ui.look.theme import mono_font
from app.ui.parts.badges import StateMark, text_label


def describe(error: BaseException, title: str) -> str:
    """The technical text of an error, secrets redacted."""
    from app import __version__
    from app.ui.parts.redaction import redacted

    if isinstance(error, KnownError):
        body = "\n".join(part for part in (error.sentence, error.remedy, error.details) if part)
    else:
        body = "".join(traceback.format_exception(error))
    return redacted(f"Tenantry {__version__}, Python {platform.python_version()}\n{title}\n\n{body}")


class ErrorDialog(QDialog):
    """Says in a sentence what went wrong; the details can be copied. Show it with ``open()``."""

    def __init__(self, error: BaseException, title: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        is_known = isinstance(error, KnownError)
        self.setWindowTitle("Details" if is_known else "Something went wrong inside Tenantry")
        self.details = describe(error, title)
        box = QVBoxLayout(self)
        box.setContentsMargins(18, 16, 18, 14)
        box.setSpacing(12)
        box.addLayout(self._head(error, title))
        box.addWidget(self._text(), 1)
        box.addWidget(self._buttons())
        self.resize(640, 380)

    def _head(self, error: BaseException, title: str) -> QHBoxLayout:
        if isinstance(error, KnownError):
            said = plain(error.sentence, 500)
        else:
            said = (
                f"{plain(title, 120)} failed for a reason that Tenantry did not expect. Nothing else was stopped. "
                "Please copy the details and report them."
            )
        sentence = text_label(said)
        sentence.setWordWrap(True)
        row = QHBoxLayout()
        row.setSpacing(10)
        row.addWidget(StateMark(Severity.ERROR, factor=1.4), 0, Qt.AlignmentFlag.AlignTop)
        row.addWidget(sentence, 1)
        return row

    def _text(self) -> QPlainTextEdit:
        text = QPlainTextEdit(self.details)
        text.setReadOnly(True)
        text.setFont(mono_font())
        text.setTabChangesFocus(True)
        text.setAccessibleName("Details")
        return text

    def _buttons(self) -> QDialogButtonBox:
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        self._copy = QPushButton("Copy details")
        buttons.addButton(self._copy, QDialogButtonBox.ButtonRole.ActionRole)
        self._copy.clicked.connect(self._copy_details)
        buttons.rejected.connect(self.reject)
        return buttons

    def _copy_details(self) -> None:
        QGuiApplication.clipboard().setText(self.details)
        self._copy.setText("Copied")
