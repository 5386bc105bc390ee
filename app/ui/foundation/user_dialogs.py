"""Dialogs about users: a new one, an app for some, a link, and its end."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QLineEdit, QListWidget, QListWidgetItem, QWidget

from app.core.apps import AppKind, AppState, AppSummary
from app.core.connection import Connection
from app.core.text import plain
from app.core.words import counted
from app.ui.agents.template_choice import TemplateChoice, read_templates
from app.ui.look.theme import colours, mono_font
from app.ui.parts.action_dialog import ActionDialog
from app.ui.parts.badges import text_label
from app.ui.parts.confirmation import TypedName
from app.ui.parts.form_field import ChoiceBox, FormField
from app.ui.work.mailbox import Mailbox
from app.ui.work.runner import Runner

from .users_model import app_title, email

if TYPE_CHECKING:
    from app.services.directory import Progress
    from app.services.foundation import UserRow
    from app.services.provisioning import Provisioned
    from app.services.suite import Services

ONE_APP = "Each user has one app. The link between users and apps would allow several; Tenantry keeps to one."
_REF = Qt.ItemDataRole.UserRole
_MOST_NAMED = 3


class NewUserDialog(ActionDialog):
    """``created`` carries the UserRow."""

    created = Signal(object)

    def __init__(self, runner: Runner, connection: Connection, parent: QWidget | None = None) -> None:
        super().__init__(runner, "New user", "Create user", parent)
        self._connection_id = connection.id
        self.set_place(connection)
        self.email_edit = QLineEdit()
        self.email_edit.setPlaceholderText("ana@example.com")
        hint = "The user is created in the foundation, without an app and without a login code being sent."
        self.add_field("email", FormField("&E-mail address", self.email_edit, hint=hint))
        self.email_edit.setFocus()

    def act(self) -> None:
        if self.is_working:
            return
        connection_id, address = self._connection_id, self.email_edit.text()

        async def create(services: Services) -> UserRow:
            return await services.foundation.create_user(connection_id, address)

        self.begin(create, "Create a user", self._finish)

    def _finish(self, user: UserRow) -> None:
        self.created.emit(user)
        self.accept()


@dataclass(frozen=True, slots=True)
class Created:
    """``failed`` are users with the sentence that says why they have no app yet."""

    apps: tuple[AppSummary, ...]
    failed: tuple[tuple[UserRow, str], ...] = ()


class CreateUserAppDialog(ActionDialog):
    """An app for one user, or one for each of several. ``created`` carries ``Created``.

    Pressed again after a lost answer, it finishes what was begun: no user gets a second app.
    """

    created = Signal(object)

    def __init__(
        self, runner: Runner, connection: Connection, users: Sequence[UserRow], parent: QWidget | None = None
    ) -> None:
        action = "Create app" if len(users) == 1 else f"Create {counted(len(users), 'app')}"
        heading = "Create app for a user" if len(users) == 1 else f"Create apps for {len(users):,} users"
        super().__init__(runner, heading, action, parent)
        self._connection_id, self._users = connection.id, tuple(users)
        self.set_place(connection)
        self.title_edit = QLineEdit()
        self.choice = TemplateChoice()
        self.step_label = text_label("", "small")
        self._steps: Mailbox[Progress] = Mailbox(self._show_step, self)
        self._build()

    def _build(self) -> None:
        names = ", ".join(email(each) for each in self._users[:_MOST_NAMED])
        more = f" and {len(self._users) - _MOST_NAMED:,} more" if len(self._users) > _MOST_NAMED else ""
        for text, look in ((f"{names}{more}", "title"), (ONE_APP, "muted")):
            label = text_label(text, look)
            label.setWordWrap(True)
            self.body.addWidget(label)
        if len(self._users) == 1:
            self.title_edit.setText(email(self._users[0]).split("@")[0])
            self.add_field("title", FormField("&Title", self.title_edit))
        self.add_field("template_name", FormField("T&emplate", self.choice, marked=self.choice.list))
        self.body.addWidget(self.step_label)
        self.step_label.hide()
        self.choice.list.setFocus()
        self._runner.start(
            read_templates, owner=self, title="Read the templates", done=self.choice.show_templates, quiet=True
        )

    def act(self) -> None:
        if self.is_working:
            return
        self._steps.open()
        connection_id, users, template, put = self._connection_id, self._users, self.choice.name, self._steps.put
        title = self.title_edit.text().strip() or None if len(users) == 1 else None

        async def create(services: Services) -> Created:
            if len(users) == 1:
                app = await services.provisioning.create_for_user(connection_id, users[0].user_id, template, title)
                return Created((app,))
            wishes = [(each.user_id, template, None) for each in users]
            outcomes = await services.provisioning.create_many(connection_id, wishes, put)
            return _told(users, outcomes)

        title_of_work = f"Create an app for {email(users[0])}" if len(users) == 1 else f"Create {len(users):,} apps"
        self.begin(create, title_of_work, self._finish)

    def _show_step(self, steps: list[Progress]) -> None:
        self.step_label.setText(f"{steps[-1].done:,} of {counted(steps[-1].total, 'app')}")
        self.step_label.setVisible(self.is_working)

    def _set_working(self, is_working: bool) -> None:
        super()._set_working(is_working)
        if not is_working:
            self._steps.close()
            self.step_label.hide()

    def _finish(self, made: Created) -> None:
        self.created.emit(made)
        if not made.failed:
            self.accept()
            return
        user, sentence = made.failed[0]
        more = f" So did {counted(len(made.failed) - 1, 'other')}." if len(made.failed) > 1 else ""
        self._users = tuple(each for each, _ in made.failed)
        self.action_button.setText(f"Try {counted(len(made.failed), 'user')} again")
        done = counted(len(made.apps), "app was created", "apps were created")
        self.message.tell(
            f"{done}. {email(user)} failed: {plain(sentence, 300)}{more}", "Try again: what began is used."
        )


class LinkAppDialog(ActionDialog):
    """Gives a user an app that nobody owns. ``linked`` carries a sentence, and the AppSummary."""

    linked = Signal(str, object)
    scrolls = True

    def __init__(
        self,
        runner: Runner,
        connection: Connection,
        user: UserRow,
        parent: QWidget | None = None,
        *,
        proposed: str = "",
    ) -> None:
        """``proposed`` is the ID of the app that is found first."""
        super().__init__(runner, "Link an app", "Link", parent)
        self._connection_id, self._user, self._proposed = connection.id, user, proposed
        self._apps: tuple[AppSummary, ...] = ()
        self.set_place(connection)
        self.filter_edit = QLineEdit()
        self.filter_edit.setPlaceholderText("Title or app ID")
        self.filter_edit.setClearButtonEnabled(True)
        self.app_list = QListWidget()
        self.app_list.setStyleSheet(
            f"QListWidget {{ border: 1px solid {colours().line_strong}; border-radius: 6px; padding: 3px; }}"
            "QListWidget::item { padding: 4px 8px; border-radius: 4px; }"
        )
        self.name = TypedName(connection, "1 app is linked")
        self._build()

    def _build(self) -> None:
        for text, look in ((email(self._user), "title"), (ONE_APP, "muted")):
            label = text_label(text, look)
            label.setWordWrap(True)
            self.body.addWidget(label)
        self.add_field("filter", FormField("&Find", self.filter_edit))
        self.app_list.setMinimumHeight(min(160, (self.fontMetrics().height() + 10) * 6))
        self.app_list.setFont(mono_font())
        self.add_field("app_id", FormField("&Apps that nobody owns", self.app_list))
        self.name.changed.connect(lambda: self.action_button.setEnabled(self.can_act()))
        self.body.addWidget(self.name)
        self.filter_edit.textChanged.connect(lambda _text: self._show())
        self.app_list.currentItemChanged.connect(lambda *_: self.action_button.setEnabled(self.can_act()))
        self.action_button.setEnabled(False)
        self.filter_edit.setFocus()
        connection_id = self._connection_id

        async def read(services: Services) -> tuple[AppSummary, ...]:
            return tuple(each for each in services.directory.inventory() if _is_free(each, connection_id))

        self._runner.start(read, owner=self, title="Read the apps", done=self._take, quiet=True)

    def _take(self, apps: tuple[AppSummary, ...]) -> None:
        self._apps = tuple(sorted(apps, key=lambda each: (each.title.casefold(), each.app_id)))
        if any(each.app_id == self._proposed for each in apps):
            self.filter_edit.setText(self._proposed)
        self._show()

    def _show(self) -> None:
        terms = self.filter_edit.text().casefold().split()
        self.app_list.clear()
        for each in self._apps:
            text = f"{each.title} {each.app_id}".casefold()
            if all(term in text for term in terms):
                item = QListWidgetItem(f"{each.app_id}  {plain(each.title, 60) or 'untitled'}")
                item.setData(_REF, each.app_id)
                self.app_list.addItem(item)
        if self.app_list.count():
            self.app_list.setCurrentRow(0)
        hint = (
            "" if self._apps else "Every app of this connection has an owner already. Create one for this user instead."
        )
        self.fields["app_id"].set_hint(hint)
        self.action_button.setEnabled(self.can_act())

    def can_act(self) -> bool:
        return self.app_list.currentItem() is not None and self.name.is_given

    def act(self) -> None:
        item = self.app_list.currentItem()
        if item is None or self.is_working or not self.can_act():
            return
        connection_id, user_id, app_id = self._connection_id, self._user.user_id, str(item.data(_REF))

        async def link(services: Services) -> str:
            await services.foundation.link(connection_id, user_id, app_id)
            return app_id

        self.begin(link, f"Link an app to {email(self._user)}", self._finish)

    def _finish(self, app_id: str) -> None:
        app = next(each for each in self._apps if each.app_id == app_id)
        self.linked.emit(f"Linked {plain(app_id, 60)} to {email(self._user)}", app)
        self.accept()


class UnlinkAppDialog(ActionDialog):
    """Takes an app from a user; the app itself stays. ``unlinked`` carries a sentence, and the app's ID."""

    unlinked = Signal(str, str)

    def __init__(self, runner: Runner, connection: Connection, user: UserRow, parent: QWidget | None = None) -> None:
        super().__init__(runner, "Unlink an app", "&Unlink", parent)
        self._connection_id, self._user = connection.id, user
        self.set_place(connection)
        self.app_box = ChoiceBox()
        name = text_label(email(user), "title")
        about = text_label(
            "The user’s products find this app no more. The app itself and its data stay, and it is listed as owned by "
            "nobody: linking it again takes this back."
        )
        about.setWordWrap(True)
        self.body.addWidget(name)
        for at, app_id in enumerate(user.app_ids):
            self.app_box.addItem(f"{app_title(user, at)} · {plain(app_id, 60)}", app_id)
        self.add_field("app_id", FormField("&App", self.app_box))
        self.body.addWidget(about)
        # Enter must not unlink: it has to be meant.
        self.action_button.setDefault(False)
        self.action_button.setAutoDefault(False)
        self.name = TypedName(connection, "1 app is unlinked")
        self.name.changed.connect(lambda: self.action_button.setEnabled(self.can_act()))
        self.body.addWidget(self.name)
        self.action_button.setEnabled(self.can_act())

    def can_act(self) -> bool:
        return self.name.is_given

    def act(self) -> None:
        if self.is_working or not self.can_act():
            return
        connection_id, user_id, app_id = self._connection_id, self._user.user_id, str(self.app_box.currentData())

        async def unlink(services: Services) -> str:
            await services.foundation.unlink(connection_id, user_id, app_id)
            return app_id

        self.begin(unlink, f"Unlink an app from {email(self._user)}", self._finish)

    def _finish(self, app_id: str) -> None:
        self.unlinked.emit(f"Unlinked {plain(app_id, 60)} from {email(self._user)}", app_id)
        self.accept()


def _told(users: Sequence[UserRow], outcomes: Sequence[Provisioned]) -> Created:
    by_id = {each.user_id: each for each in users}
    made = tuple(each.app for each in outcomes if each.app is not None)
    return Created(
        made, tuple((by_id[each.user_id], each.error.sentence) for each in outcomes if each.error is not None)
    )


def _is_free(app: AppSummary, connection_id: str) -> bool:
    is_here = app.connection_id == connection_id and app.state != AppState.MISSING.value
    return is_here and not app.owner and app.kind not in (AppKind.FOUNDATION.value, AppKind.TASK.value)
