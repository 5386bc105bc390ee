"""Asks for a second look before data is destroyed; in production the app's name has to be typed for any change."""

from __future__ import annotations

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QLineEdit, QVBoxLayout, QWidget

from app.core.connection import Connection, Environment
from app.core.text import plain
from app.core.words import counted

from .check_mark import CheckBox
from .environment_badge import SPOKEN
from .form_field import FormField

_IS = "destroys data"
_ARE = "destroy data"


class Confirmation(QWidget):
    """Hidden where there is nothing to agree to. ``changed`` says that ``is_given`` may be another."""

    changed = Signal()

    def __init__(self, connection: Connection, app_title: str, app_id: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._connection = connection
        title = app_title.strip()
        self._phrase, self._what = (title, "title") if title else (app_id, "ID")
        self._box = QVBoxLayout(self)
        self._box.setContentsMargins(0, 0, 0, 0)
        self._field: FormField | None = None
        self.check: CheckBox | None = None
        self.edit: QLineEdit | None = None
        self.hide()

    def ask(self, destroying: int, total: int, *, needs_name: bool) -> None:
        """Anew for each plan: what was agreed to for another plan does not count."""
        self._clear()
        is_asked = destroying > 0 or (needs_name and total > 0)
        self.setVisible(is_asked)
        if not is_asked:
            return
        what = f"{destroying:,} of {counted(total, 'change')} {_IS if destroying == 1 else _ARE}"
        if not destroying:
            what = f"{counted(total, 'change is', 'changes are')} sent"
        if needs_name:
            self._ask_for_name(what)
        else:
            self._ask_to_look(what)

    def ask_in_production(self, what: str) -> None:
        """Anew, and only there; ``what`` says in words how many of what change."""
        self._clear()
        is_asked = self._connection.environment is Environment.PRODUCTION
        self.setVisible(is_asked)
        if is_asked:
            self._ask_for_name(what)

    @property
    def is_given(self) -> bool:
        if self.edit is not None:
            return self.edit.text().strip() == self._phrase
        return self.check is None or self.check.isChecked()

    def _ask_for_name(self, what: str) -> None:
        edit = self.edit = QLineEdit()
        edit.setPlaceholderText(self._phrase)
        edit.textChanged.connect(lambda _text: self.changed.emit())
        where = f"{plain(self._connection.label, 80)} ({SPOKEN[self._connection.environment]})"
        field = FormField(f"{what} on {where}. &Type the app’s {self._what} to go on", edit)
        field.label.setWordWrap(True)
        self._add(field)

    def _ask_to_look(self, what: str) -> None:
        check = self.check = CheckBox("")
        check.toggled.connect(lambda _is_on: self.changed.emit())
        check.setText(f"&I have looked at it: {what}")
        self._box.addWidget(check)

    def _add(self, field: FormField) -> None:
        self._field = field
        self._box.addWidget(field)

    def _clear(self) -> None:
        for widget in (self._field, self.check):
            if widget is not None:
                self._box.removeWidget(widget)
                widget.hide()
                widget.deleteLater()
        self._field = self.check = self.edit = None


class TypedName(QWidget):
    """Asks for the connection's name in production, and for nothing elsewhere. ``what`` names how many of what."""

    changed = Signal()

    def __init__(self, connection: Connection, what: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._phrase = connection.label.strip()
        self.edit: QLineEdit | None = None
        box = QVBoxLayout(self)
        box.setContentsMargins(0, 0, 0, 0)
        is_asked = connection.environment is Environment.PRODUCTION
        if not is_asked:
            self.hide()
            return
        label = plain(connection.label, 80)
        edit = self.edit = QLineEdit()
        edit.setPlaceholderText(label)
        edit.textChanged.connect(lambda _text: self.changed.emit())
        where = f"{label} ({SPOKEN[connection.environment]})"
        field = FormField(f"{what} on {where}. &Type the connection’s name to go on", edit)
        field.label.setWordWrap(True)
        box.addWidget(field)

    @property
    def is_given(self) -> bool:
        return self.edit is None or self.edit.text().strip() == self._phrase
