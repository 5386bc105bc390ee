"""Unlocks a connection for writing: which one, in which environment, and for how long."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QLineEdit, QWidget

from app.core.connection import Connection, Environment
from app.core.text import plain
from app.core.words import counted
from app.ui.parts.action_dialog import ActionDialog
from app.ui.parts.badges import text_label
from app.ui.parts.environment_badge import SPOKEN
from app.ui.parts.form_field import FormField
from app.ui.parts.number_box import NumberBox
from app.ui.work.runner import Runner

if TYPE_CHECKING:
    from app.services.guards import Unlocked
    from app.services.suite import Services

_LONGEST_MINUTES = 240


class UnlockDialog(ActionDialog):
    """``unlocked`` carries what is unlocked now. In production the connection's name has to be typed."""

    unlocked = Signal(object)  # Unlocked

    def __init__(
        self, runner: Runner, connection: Connection, minutes: int, parent: QWidget | None = None, *, reason: str = ""
    ) -> None:
        """``reason``: what was kept back because it is locked."""
        super().__init__(runner, "Unlock for writing", "", parent)
        self.connection = connection
        self._label = plain(connection.label, 80)
        self.set_place(connection)
        self.minutes_box = NumberBox()
        self.minutes_box.setRange(1, _LONGEST_MINUTES)
        self.minutes_box.setValue(minutes)
        self.minutes_box.setSuffix(" min")
        self.minutes_box.valueChanged.connect(lambda _value: self._follow())
        self.name_edit: QLineEdit | None = None
        self._build(reason)
        self._follow()

    def _build(self, reason: str) -> None:
        kept = "is read-only" if self.connection.is_kept_read_only else "keeps its writes locked"
        title = text_label(f"{self._label} ({SPOKEN[self.connection.environment]}) {kept}.", "title")
        about = text_label(
            "While it is unlocked, what you push, create, rename, move or delete is sent. Then it locks again by "
            "itself, also when the machine sleeps or Tenantry is closed. What has begun by then is carried through."
        )
        parts = [title, about]
        if reason:
            parts.insert(1, text_label(reason, "muted"))
        for label in parts:
            label.setWordWrap(True)
            self.body.addWidget(label)
        self.add_field("minutes", FormField("For how &long", self.minutes_box))
        if self.connection.environment is not Environment.PRODUCTION:
            self.minutes_box.setFocus()
            return
        self.action_button.setProperty("look", "danger")
        edit = self.name_edit = QLineEdit()
        edit.setPlaceholderText(self._label)
        edit.textChanged.connect(lambda _text: self._follow())
        field = FormField("This is production: what is sent reaches real users. &Type the connection’s name", edit)
        field.label.setWordWrap(True)
        self.add_field("typed", field)
        edit.setFocus()

    def _follow(self) -> None:
        self.action_button.setText(f"&Unlock for {counted(self.minutes_box.value(), 'minute')}")
        self.action_button.setEnabled(self.can_act() and not self.is_working)

    def can_act(self) -> bool:
        return self.name_edit is None or self.name_edit.text().strip() == self.connection.label.strip()

    def act(self) -> None:
        if self.is_working or not self.can_act():
            return
        key, minutes = self.connection.id, self.minutes_box.value()
        typed = self.name_edit.text() if self.name_edit is not None else ""

        async def unlock(services: Services) -> Unlocked:
            return await services.guards.unlock(key, minutes, typed=typed)

        self.begin(unlock, f"Unlock {self._label}", self._finish)

    def _finish(self, state: Unlocked) -> None:
        self.unlocked.emit(state)
        self.accept()
