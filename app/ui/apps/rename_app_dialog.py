"""Gives an app another title; in production the one that it has is to be typed first."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QLineEdit, QWidget

from app.core.apps import AppSummary
from app.core.connection import Connection
from app.core.refs import AppRef
from app.core.text import plain
from app.ui.parts.action_dialog import ActionDialog
from app.ui.parts.confirmation import Confirmation
from app.ui.parts.form_field import FormField
from app.ui.work.runner import Runner

if TYPE_CHECKING:
    from app.services.suite import Services


class RenameAppDialog(ActionDialog):
    """``renamed`` carries the AppSummary as it is now."""

    renamed = Signal(object)

    def __init__(
        self,
        runner: Runner,
        connection: Connection,
        app: AppSummary,
        parent: QWidget | None = None,
        *,
        proposed: str | None = None,
    ) -> None:
        """``proposed`` stands in the field from the start in the place of the present title."""
        super().__init__(runner, "Rename app", "Rename", parent)
        self._ref = AppRef(app.connection_id, app.app_id)
        self._before = app.title
        self.set_place(connection)
        self.title_edit = QLineEdit(plain(app.title if proposed is None else proposed))
        self.title_edit.selectAll()
        self.title_edit.textChanged.connect(self._follow)
        self.add_field("title", FormField("&New title", self.title_edit, hint=f"The app ID stays {app.app_id}."))
        self.confirmation = Confirmation(connection, plain(app.title), app.app_id)
        self.body.addWidget(self.confirmation)
        self.confirmation.ask_in_production("1 app is renamed")
        self.confirmation.changed.connect(self._follow)
        self._follow()
        self.title_edit.setFocus()

    def _follow(self) -> None:
        self.action_button.setEnabled(self.can_act())

    def can_act(self) -> bool:
        return self.title_edit.text() != self._before and self.confirmation.is_given

    def act(self) -> None:
        if self.is_working or not self.can_act():
            return
        title, ref = self.title_edit.text(), self._ref

        async def rename(services: Services) -> AppSummary:
            return await services.lifecycle.rename(ref, title)

        self.begin(rename, f"Rename to “{plain(title, 40)}”", self._finish)

    def _finish(self, app: AppSummary) -> None:
        self.renamed.emit(app)
        self.accept()
