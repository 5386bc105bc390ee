"""Makes an app, blank or from a template."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QLineEdit, QListWidget, QListWidgetItem, QWidget

from app.core.apps import AppSummary
from app.core.connection import Connection
from app.core.refs import new_id
from app.core.text import plain
from app.platforms.traits import traits_of
from app.ui.look.theme import colours
from app.ui.parts.action_dialog import ActionDialog
from app.ui.parts.badges import text_label
from app.ui.parts.environment_badge import SPOKEN
from app.ui.parts.form_field import ChoiceBox, FormField
from app.ui.work.runner import Runner

if TYPE_CHECKING:
    from app.services.lifecycle import Organisation
    from app.services.suite import Services
    from app.services.templates import Template

_NAME = Qt.ItemDataRole.UserRole
_ABOUT = Qt.ItemDataRole.UserRole + 1
_BLANK = ("Blank", "No agents yet: the app starts empty.")
_HINT_DATABASE = "A new, empty database on this server. It is known by its name from then on."
_HINT_FILE = "A new, empty file beside the connection's own."


class CreateAppDialog(ActionDialog):
    """``created`` carries the AppSummary of the new app.

    The app's ID is chosen when the dialog opens: whoever presses Create again after a lost answer gets the same app.
    """

    created = Signal(object)

    def __init__(
        self,
        runner: Runner,
        connections: Sequence[Connection],
        connection_id: str | None = None,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(runner, "New app", "Create app", parent)
        self._connections = {each.id: each for each in connections if not each.is_read_only}
        self._app_id = new_id()
        self.connection_box = ChoiceBox()
        self.org_box = ChoiceBox()
        self.title_edit = QLineEdit()
        self.title_edit.setPlaceholderText("Ana’s workspace")
        self.template_list = QListWidget()
        self.template_list.setStyleSheet(
            f"QListWidget {{ border: 1px solid {colours().line_strong}; border-radius: 6px; padding: 3px; }}"
            "QListWidget::item { padding: 4px 8px; border-radius: 4px; }"
        )
        self.about = text_label("", "muted")
        self.about.setWordWrap(True)
        self._build(connection_id)

    def _build(self, connection_id: str | None) -> None:
        for each in self._connections.values():
            self.connection_box.addItem(plain(each.label, 60), each.id)
        chosen = self.connection_box.findData(connection_id)
        self.connection_box.setCurrentIndex(max(0, chosen))
        self.connection_box.currentIndexChanged.connect(self._follow_connection)
        self.add_field("connection", FormField("&Connection", self.connection_box))
        self.add_field("org_id", FormField("&Organisation", self.org_box)).hide()
        self.add_field("title", FormField("&Title", self.title_edit))
        self.template_list.setFixedHeight((self.fontMetrics().height() + 10) * 4 + 12)
        self.template_list.currentItemChanged.connect(self._follow_template)
        self.title_edit.textChanged.connect(lambda _text: self.action_button.setEnabled(self.can_act()))
        self.add_field("template_name", FormField("T&emplate", self.template_list))
        self.about.setMinimumHeight(self.fontMetrics().height() * 2 + 6)
        self.about.setAlignment(Qt.AlignmentFlag.AlignTop)
        self.body.addWidget(self.about)
        self._add_template("", *_BLANK)
        self.template_list.setCurrentRow(0)
        self._follow_connection()
        self.title_edit.setFocus()
        self._runner.start(_templates, owner=self, title="Read the templates", done=self._take_templates, quiet=True)

    def _take_templates(self, templates: Sequence[Template]) -> None:
        for each in templates:
            # The blank choice stands at the top already.
            if not each.entity_names:
                continue
            names = ", ".join(sorted(each.entity_names))
            self._add_template(each.name, plain(each.title, 60), plain(f"{each.description} Agents: {names}.", 400))

    def _add_template(self, name: str, title: str, about: str) -> None:
        item = QListWidgetItem(title)
        item.setData(_NAME, name)
        item.setData(_ABOUT, about)
        item.setData(Qt.ItemDataRole.AccessibleDescriptionRole, about)
        self.template_list.addItem(item)

    def _follow_template(self, item: QListWidgetItem | None) -> None:
        self.about.setText(item.data(_ABOUT) if item else "")

    def _follow_connection(self) -> None:
        connection = self.connection
        self.set_place(connection)
        self.place.hide()  # the box beside says its name already
        if connection is None:
            self.message.tell("There is no connection that an app could be created on.", "Add one that takes writes.")
        else:
            self.message.clear()
            self._follow_platform(connection)
            self.connection_box.setAccessibleDescription(SPOKEN[connection.environment])
            self._ask_for_organisations(connection.id)
        self.action_button.setEnabled(self.can_act())

    def _follow_platform(self, connection: Connection) -> None:
        """A database has a name, and no template."""
        traits = traits_of(connection)
        word = "file" if traits.is_file else traits.app_word
        self.heading.setText(f"New {word}")
        self.setWindowTitle(f"New {word}")
        self.action_button.setText(f"Create {word}")
        self.fields["template_name"].setVisible(not traits.has_sql)
        self.about.setVisible(not traits.has_sql)
        title = self.fields["title"]
        title.label.setText("&Name" if traits.has_sql else "&Title")
        title.input.setAccessibleName("Name" if traits.has_sql else "Title")
        title.set_hint("" if not traits.has_sql else _HINT_FILE if traits.is_file else _HINT_DATABASE)
        self.title_edit.setPlaceholderText("workspace_ana" if traits.has_sql else "Ana’s workspace")

    def _ask_for_organisations(self, connection_id: str) -> None:
        """The field stays away where there are none, or where they cannot be told: then the app is one's own."""
        self._take_organisations(())

        async def read(services: Services) -> tuple[Organisation, ...]:
            return await services.lifecycle.organisations(connection_id)

        self._runner.start(
            read,
            owner=self,
            title="Read the organisations",
            done=self._take_organisations,
            failed=lambda _error: True,
            replaces="organisations",
            quiet=True,
        )

    def _take_organisations(self, organisations: Sequence[Organisation]) -> None:
        self.org_box.clear()
        self.org_box.addItem("None: my own account", "")
        for each in organisations:
            self.org_box.addItem(plain(each.title, 60) or "untitled", each.id)
        self.fields["org_id"].setVisible(bool(organisations))

    @property
    def connection(self) -> Connection | None:
        return self._connections.get(self.connection_box.currentData())

    def can_act(self) -> bool:
        return self.connection is not None

    def act(self) -> None:
        connection = self.connection
        if connection is None or self.is_working:
            return
        title = self.title_edit.text()
        item = self.template_list.currentItem()
        template = (item.data(_NAME) if item and not traits_of(connection).has_sql else "") or None
        connection_id, app_id, org_id = connection.id, self._app_id, self.org_box.currentData() or None

        async def create(services: Services) -> AppSummary:
            return await services.lifecycle.create(connection_id, title, template, org_id, app_id=app_id)

        self.begin(create, f"Create “{plain(title, 40)}”", self._finish)

    def _finish(self, app: AppSummary) -> None:
        self.created.emit(app)
        self.accept()


async def _templates(services: Services) -> tuple[Template, ...]:
    return services.templates.all()
