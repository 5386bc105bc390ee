"""Deletes an app, after saying what that means."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QLineEdit, QWidget

from app.core.apps import AppSummary
from app.core.connection import Connection, Environment
from app.core.refs import AppRef
from app.core.text import plain
from app.platforms.traits import traits_of
from app.ui.look.theme import mono_font
from app.ui.parts.action_dialog import ActionDialog
from app.ui.parts.badges import text_label
from app.ui.parts.environment_badge import SPOKEN
from app.ui.parts.form_field import FormField
from app.ui.work.runner import Runner

if TYPE_CHECKING:
    from app.services.suite import Services

_WHAT_HAPPENS = (
    "The app and all its data stop answering at once, for everybody who uses it. Instant keeps a deleted app for "
    "two days and then erases it; there is no call that brings it back."
)
_WHAT_HAPPENS_LOCAL = (
    "The app and all its data stop answering at once. The local platform erases it after two days; nothing in "
    "Tenantry brings it back."
)
_WHAT_HAPPENS_DATABASE = (
    "The database is dropped with all its tables and rows, at once and for everybody who uses it. Nothing brings it "
    "back but a backup of the server."
)
_WHAT_HAPPENS_FILE = (
    "The file is removed from this machine with all its tables and rows. Nothing brings it back but a backup."
)


class DeleteAppDialog(ActionDialog):
    """``deleted`` carries the AppRef. On production the app's title has to be typed first."""

    deleted = Signal(object)

    def __init__(self, runner: Runner, connection: Connection, app: AppSummary, parent: QWidget | None = None) -> None:
        traits = traits_of(connection)
        self._word = "file" if traits.is_file else traits.app_word
        super().__init__(runner, f"Delete {self._word}", f"&Delete {self._word}", parent)
        self._ref = AppRef(app.connection_id, app.app_id)
        self._title = plain(app.title)
        self._phrase = self._title or app.app_id
        self.set_place(connection)
        self.action_button.setProperty("look", "danger")
        # Enter must not delete: it is the one button that has to be meant.
        self.action_button.setDefault(False)
        self.action_button.setAutoDefault(False)
        self.title_edit: QLineEdit | None = None
        self._build(connection, app)

    def _build(self, connection: Connection, app: AppSummary) -> None:
        title = text_label(self._title or "untitled", "title")
        title.setWordWrap(True)
        app_id = text_label(app.app_id, "muted")
        app_id.setFont(mono_font())
        app_id.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        about = text_label(_what_happens(connection))
        about.setWordWrap(True)
        owner = text_label(f"Owner: {plain(app.owner, 100) or 'nobody'}", "muted")
        self.body.setSpacing(6)
        for label in (title, app_id, owner, about):
            self.body.addWidget(label)
        if connection.environment is Environment.PRODUCTION:
            self._ask_for_title(connection)
        self.action_button.setEnabled(self.can_act())

    def _ask_for_title(self, connection: Connection) -> None:
        edit = self.title_edit = QLineEdit()
        is_named = traits_of(connection).has_sql
        what = "name" if is_named else "title" if self._title else "ID"
        edit.setPlaceholderText(self._phrase)
        edit.textChanged.connect(lambda _text: self.action_button.setEnabled(self.can_act()))
        where = f"{plain(connection.label, 80)} ({SPOKEN[connection.environment]})"
        label = f"1 {self._word} is deleted on {where}. &Type the {self._word}’s {what} to go on"
        field = self.add_field("confirmation", FormField(label, edit))
        field.label.setWordWrap(True)
        edit.setFocus()

    def can_act(self) -> bool:
        return self.title_edit is None or self.title_edit.text().strip() == self._phrase

    def act(self) -> None:
        if self.is_working or not self.can_act():
            return
        ref = self._ref

        async def delete(services: Services) -> None:
            await services.lifecycle.delete(ref)

        self.begin(delete, f"Delete “{plain(self._title, 40)}”", self._finish)

    def _finish(self, _nothing: None) -> None:
        self.deleted.emit(self._ref)
        self.accept()


def _what_happens(connection: Connection) -> str:
    traits = traits_of(connection)
    if traits.has_sql:
        return _WHAT_HAPPENS_FILE if traits.is_file else _WHAT_HAPPENS_DATABASE
    return _WHAT_HAPPENS_LOCAL if connection.is_builtin else _WHAT_HAPPENS
