"""Names the user or the task that an app is to be linked to."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QLineEdit, QListWidget, QListWidgetItem, QWidget

from app.core.connection import Connection
from app.core.errors import KnownError
from app.core.text import plain
from app.ui.look.theme import colours
from app.ui.parts.action_dialog import ActionDialog
from app.ui.parts.form_field import FormField
from app.ui.work.runner import Runner

from .reconcile_model import Owner

if TYPE_CHECKING:
    from app.services.suite import Services

_OWNER = Qt.ItemDataRole.UserRole
_MOST_SHOWN = 500


class OwnerDialog(ActionDialog):
    """Only those without an app are offered. ``chosen`` carries an Owner."""

    chosen = Signal(object)

    def __init__(self, runner: Runner, connection: Connection, asks: str, parent: QWidget | None = None) -> None:
        super().__init__(runner, f"Choose a {asks}", "Choose", parent)
        self._asks, self._connection_id = asks, connection.id
        self._owners: tuple[Owner, ...] = ()
        self.set_place(connection)
        self.filter_edit = QLineEdit()
        self.filter_edit.setClearButtonEnabled(True)
        self.list = QListWidget()
        self.list.setStyleSheet(
            f"QListWidget {{ border: 1px solid {colours().line_strong}; border-radius: 6px; padding: 3px; }}"
            "QListWidget::item { padding: 4px 8px; border-radius: 4px; }"
        )
        self.list.setMinimumHeight((self.fontMetrics().height() + 10) * 7)
        self.add_field("filter", FormField("&Find", self.filter_edit))
        what = "Users without an app" if asks == "user" else "Tasks without a database"
        self.add_field("owner", FormField(f"&{what}", self.list, hint="Reading…"))
        self.filter_edit.textChanged.connect(lambda _text: self._show())
        self.list.currentItemChanged.connect(lambda *_: self.action_button.setEnabled(self.can_act()))
        self.list.itemActivated.connect(lambda _item: self.act())
        self.action_button.setEnabled(False)
        self.filter_edit.setFocus()
        self._read()

    def _read(self) -> None:
        connection_id, asks = self._connection_id, self._asks

        async def read(services: Services) -> tuple[Owner, ...]:
            if asks == "task":
                tasks = await services.foundation.tasks(connection_id)
                named = ((each.task_id, plain(each.title, 100)) for each in tasks if each.state == "none")
            else:
                users = await services.foundation.users(connection_id)
                named = ((each.user_id, plain(each.email, 120)) for each in users if not each.app_ids)
            return tuple(Owner(owner_id, name or owner_id) for owner_id, name in named)

        self._runner.start(read, owner=self, title="Read who has no app", done=self._take, failed=self._not_read)

    def _not_read(self, error: KnownError) -> bool:
        self.fields["owner"].set_hint("")
        self.show_error(error)
        return True

    def _take(self, owners: tuple[Owner, ...]) -> None:
        self._owners = owners
        self._show()

    def _show(self) -> None:
        terms = self.filter_edit.text().casefold().split()
        found = [each for each in self._owners if all(term in each.name.casefold() for term in terms)]
        self.list.clear()
        for each in found[:_MOST_SHOWN]:
            item = QListWidgetItem(each.name)
            item.setData(_OWNER, each)
            self.list.addItem(item)
        self.list.setCurrentRow(0)
        none = f"Each {self._asks} has one already: choose another mend." if not self._owners else ""
        more = f"{len(found) - _MOST_SHOWN:,} more: type to find one." if len(found) > _MOST_SHOWN else ""
        self.fields["owner"].set_hint(none or more)
        self.action_button.setEnabled(self.can_act())

    def can_act(self) -> bool:
        return self.list.currentItem() is not None

    def act(self) -> None:
        item = self.list.currentItem()
        if item is not None:
            self.chosen.emit(item.data(_OWNER))
            self.accept()
