"""A label, its editor, and beside it what is wrong with what was entered."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtCore import QRect, Qt
from PySide6.QtGui import QPainter, QPaintEvent, QShowEvent
from PySide6.QtWidgets import (
    QComboBox,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QSizePolicy,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from app.core.errors import Invalid
from app.core.status import Severity
from app.ui.look.icons import sign

from .badges import StateMark, text_label


class FormField(QWidget):
    """``editor`` is anything that can be focused; ``input`` the widget that is marked when it is wrong."""

    def __init__(
        self,
        label: str,
        editor: QWidget,
        *,
        hint: str = "",
        marked: QWidget | None = None,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self.editor = editor
        self.input = marked or editor
        self.label = QLabel(label)
        self.label.setBuddy(self.input)
        self.input.setAccessibleName(label.replace("&", ""))
        self._hint = hint
        self.hint_label = text_label(hint, "small")
        self.hint_label.setWordWrap(True)
        if not hint:
            self.hint_label.hide()
        self._error = QWidget()
        self._error_label = text_label("", "errorText")
        self._error_label.setWordWrap(True)
        row = QHBoxLayout(self._error)
        row.setContentsMargins(0, 0, 0, 0)
        row.setSpacing(6)
        row.addWidget(StateMark(Severity.ERROR), 0, Qt.AlignmentFlag.AlignTop)
        row.addWidget(self._error_label, 1)
        self._error.hide()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(4)
        for part in (self.label, editor, self._error, self.hint_label):
            layout.addWidget(part)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Minimum)
        if isinstance(self.input, QLineEdit):
            self.input.textEdited.connect(lambda _text: self.set_error(""))

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        # Known only now that the style sheet is in force; editors must never be pressed below it.
        needed = min(self.editor.sizeHint().height(), self.editor.maximumHeight())
        self.editor.setMinimumHeight(max(self.editor.minimumHeight(), needed))

    @property
    def error(self) -> str:
        return self._error_label.text()

    def set_error(self, message: str) -> None:
        """Mark the field with a sentence, or clear the mark with ""."""
        if message == self.error:
            return
        self._error_label.setText(message)
        self._error.setVisible(bool(message))
        self.hint_label.setVisible(bool(self._hint) and not message)
        self.input.setProperty("invalid", "true" if message else "false")
        # The style sheet looks at properties only when it is asked to.
        self.input.style().unpolish(self.input)
        self.input.style().polish(self.input)
        self.input.setAccessibleDescription(message)

    def set_hint(self, text: str) -> None:
        self._hint = text
        self.hint_label.setText(text)
        self.hint_label.setVisible(bool(text) and not self.error)


class ChoiceBox(QComboBox):
    """A combo box with the window's own arrow: the style's clashes with the rounded frame."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setStyleSheet("QComboBox::drop-down { border: 0; width: 24px; }")

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        painter = QPainter(self)
        sign("down").paint(painter, QRect(self.width() - 25, (self.height() - 14) // 2, 14, 14))
        painter.end()


class TokenEdit(QWidget):
    """A field for a secret: hidden, with a button that shows it for as long as it is pressed down."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.edit = QLineEdit()
        self.edit.setEchoMode(QLineEdit.EchoMode.Password)
        self.edit.setInputMethodHints(Qt.InputMethodHint.ImhSensitiveData | Qt.InputMethodHint.ImhNoPredictiveText)
        self.reveal = QToolButton()
        self.reveal.setText("Show")
        self.reveal.setProperty("look", "button")
        self.reveal.setCheckable(True)
        self.reveal.setAccessibleName("Show the token")
        self.reveal.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Preferred)
        self.reveal.toggled.connect(self._reveal)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(6)
        layout.addWidget(self.edit, 1)
        layout.addWidget(self.reveal)
        self.setFocusProxy(self.edit)

    def _reveal(self, is_shown: bool) -> None:
        self.edit.setEchoMode(QLineEdit.EchoMode.Normal if is_shown else QLineEdit.EchoMode.Password)
        self.reveal.setText("Hide" if is_shown else "Show")


def show_invalid(fields: Mapping[str, FormField], error: Invalid) -> str:
    """Put each message beside its field and the keyboard into the first; returns what no field could show."""
    rest: list[str] = []
    first: FormField | None = None
    for wrong in error.fields:
        field = fields.get(wrong.field)
        if field is None or not field.isEnabled():
            rest.append(wrong.message)
            continue
        field.set_error(wrong.message)
        first = first or field
    if first is not None:
        first.input.setFocus()
    return " ".join(rest) if error.fields else error.sentence


def clear_errors(fields: Mapping[str, FormField]) -> None:
    for field in fields.values():
        field.set_error("")
