"""The users of a foundation with their apps: find them, give them one, link, unlink, copy, open."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QPoint, Qt, QTimer
from PySide6.QtWidgets import QMenu, QPushButton, QWidget

from app.core.connection import Connection
from app.core.refs import AppRef
from app.core.status import Severity
from app.core.text import plain
from app.core.words import counted
from app.ui.parts.ages import moment
from app.ui.parts.note_row import Answer, NoteRow
from app.ui.parts.row_table import RowTable, SearchBox, menu_of, pop_up
from app.ui.work.runner import Runner

from .foundation_page import FoundationPage
from .link_undo import LinkUndo
from .users_model import copied_words, email, users_model

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from app.core.apps import AppSummary
    from app.services.foundation import UserRow
    from app.services.foundation_shape import FoundationShape
    from app.services.provision_journal import JournalEntry
    from app.services.suite import Services

    from .user_dialogs import Created

_HAS_ONE = "This user has an app already. One app per user, although the link itself would allow several."
_STEPS = {"begun": "begun", "created": "app created", "recorded": "in the registry", "linked": "linked"}
_MOST_NOTES = 3
_LOOK_MS = 200


@dataclass(frozen=True, slots=True)
class _Found:
    shape: FoundationShape
    users: tuple[UserRow, ...]
    journal: tuple[JournalEntry, ...]


class UsersView(FoundationPage):
    """A tab of one connection."""

    def __init__(self, runner: Runner, connection: Connection, parent: QWidget | None = None) -> None:
        super().__init__(runner, connection, "Users", parent)
        self.model = users_model(self)
        self.table = RowTable(self.model, "Users and their apps", stretched=2)
        self.search_box = SearchBox("Search by e-mail, app ID or title", self.table)
        self._shape: FoundationShape | None = None
        self._journal: tuple[JournalEntry, ...] = ()
        self._dated: set[str] = set()
        self._dating = QTimer(self, singleShot=True, interval=_LOOK_MS)
        self._build()
        self.settle_buttons()

    def _build(self) -> None:
        self.search_box.setMaximumWidth(380)
        self.tools.addWidget(self.search_box, 3)
        self.tools.addStretch(1)
        add = self.add_button
        self.open_button = add(self.tools, "Open", self.open_chosen)
        self.copy_button = add(self.tools, "Copy app ID", self.copy_chosen)
        self.link_button = add(self.tools, "Link app…", self.link_app, writes=True)
        self.unlink_button = add(self.tools, "Unlink…", self.unlink_app, writes=True)
        self.create_button = add(self.tools, "Create app…", self.create_app, writes=True)
        self.new_button = add(self.head_buttons, "New user…", self.new_user, writes=True)
        self.stack.addWidget(self.table)
        self.setFocusProxy(self.search_box)
        self.search_box.searched.connect(self._search)
        table = self.table
        table.copy_clicked.connect(self._copy_row)
        table.copy_requested.connect(self.copy_chosen)
        table.open_requested.connect(self.open_chosen)
        table.selection_settled.connect(self.settle_buttons)
        table.verticalScrollBar().valueChanged.connect(lambda _value: self._dating.start())
        self._dating.timeout.connect(self._ask_dates)
        table.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        table.customContextMenuRequested.connect(self._show_menu)

    # Reading

    def reading(self) -> Callable[[Services], Awaitable[_Found]]:
        return partial(_read, self.connection.id)

    def take(self, found: _Found) -> None:
        self._shape, self._journal = found.shape, found.journal
        self.table.keep_over(lambda: self.model.show_rows(found.users))
        self._show_notes()
        self._show_rows()
        self._dated.clear()
        self._dating.start()

    def _search(self, text: str) -> None:
        self.table.keep_over(lambda: self.model.search(text))
        if self._has_read:
            self._show_rows()

    def _ask_dates(self) -> None:
        """When those in sight were created: a foundation says it user by user, so a list does not have it for all."""
        rows = [row for row in self.table.rows_in_sight() if not row.created_at and row.user_id not in self._dated]
        if not rows:
            return
        connection_id, wanted = self.connection.id, tuple(row.user_id for row in rows)
        self._dated.update(wanted)
        self._runner.start(
            lambda services: services.foundation.created(connection_id, wanted),
            owner=self,
            title="Read when users were created",
            done=self._take_dates,
            failed=lambda _error: True,
            quiet=True,
        )

    def _take_dates(self, created: Mapping[str, int]) -> None:
        rows = (row for row in self.model.all_rows if created.get(row.user_id))
        self.model.put([replace(row, created_at=created[row.user_id]) for row in rows])

    def _show_rows(self) -> None:
        shown, total = len(self.model.rows), self.model.total
        self.show_count(shown, total, "user", is_narrowed=self.model.is_narrowed)
        if shown:
            self.stack.setCurrentWidget(self.table)
        elif total:
            query = plain(self.search_box.text(), 60)
            self.empty.tell(f"Nothing matches “{query}”", f"None of {total:,} users has it.", "Clear search")
            self.stack.setCurrentWidget(self.empty)
        else:
            action = "New user…" if self.can_write else ""
            self.empty.tell("No users yet", "Users who sign in to the foundation’s product are listed here.", action)
            self.stack.setCurrentWidget(self.empty)

    def act_on_empty(self, action: str) -> None:
        if action == "Clear search":
            self.search_box.clear()
            self.search_box.setFocus()
        else:
            self.new_user()

    # Notes: what the foundation lacks, what was begun

    def _show_notes(self) -> None:
        rows: list[NoteRow] = []
        shape = self._shape
        if shape is not None and not shape.has_apps_registry:
            note = self.missing_note(shape.missing, "the registry of users and apps")
            rows += [note] if note is not None else []
        begun = [each for each in self._journal if each.kind == "user"]
        rows += [self._unfinished(each) for each in begun[:_MOST_NOTES]]
        if len(begun) > _MOST_NOTES:
            rows.append(self._all_unfinished(begun))
        self.notes.show_rows(rows)

    def _unfinished(self, entry: JournalEntry) -> NoteRow:
        name = self._name_of(entry)
        why = plain(entry.error, 240) or "It is being made still, or was interrupted."
        step = _STEPS.get(entry.step, entry.step)
        answers: tuple[Answer, ...] = ()
        if self.can_write:
            answers = (("Finish", lambda: self._finish((entry.key,))), ("Take back…", lambda: self._take_back(entry)))
        return NoteRow(
            Severity.WARNING,
            f"The app for {plain(name, 80)} is not finished",
            f"{why} Done so far: {step}; begun {moment(entry.started_at)}.",
            answers,
        )

    def _name_of(self, entry: JournalEntry) -> str:
        return next((email(row) for row in self.model.all_rows if row.user_id == entry.owner_id), entry.owner_id)

    def _all_unfinished(self, entries: list[JournalEntry]) -> NoteRow:
        keys = tuple(each.key for each in entries)
        answers = (("Finish all", lambda: self._finish(keys)),) if self.can_write else ()
        rest = counted(len(entries) - _MOST_NOTES, "more app is", "more apps are")
        return NoteRow(Severity.WARNING, f"{rest} not finished", "", answers)

    def _finish(self, keys: tuple[str, ...]) -> None:
        """Also what cannot be finished leaves the rest to be finished; the list then says why."""
        from .foundation_work import finish

        self._runner.start(
            lambda services: finish(services, keys),
            owner=self,
            title=f"Finish {counted(len(keys), 'app')}",
            done=self._finished,
            failed=self._could_not_finish,
            replaces="finish",
        )
        for row in self.notes.rows:
            for button in row.buttons:
                button.setEnabled(False)

    def _finished(self, count: int) -> None:
        self.copied.emit(f"Finished {counted(count, 'app')}")
        self.read()

    def _could_not_finish(self, _error: object) -> bool:
        self.read()
        return False

    def _take_back(self, entry: JournalEntry) -> None:
        from .take_back_dialog import TakeBackDialog

        dialog = TakeBackDialog(self._runner, self.connection, entry, self._name_of(entry), self.window())
        dialog.taken_back.connect(self.changed)
        dialog.open()

    # What is chosen

    def chosen(self) -> list[UserRow]:
        return self.table.selected_rows()

    def settle_buttons(self) -> None:
        rows, can_write = self.chosen(), self.can_write
        one = rows[0] if len(rows) == 1 else None
        without = bool(rows) and all(not row.app_ids for row in rows)
        has_registry = self._shape is not None and self._shape.has_apps_registry
        self.open_button.setEnabled(one is not None and any(app is not None for app in one.apps))
        self.copy_button.setEnabled(any(row.app_ids for row in rows))
        self.link_button.setEnabled(can_write and has_registry and one is not None and without)
        self.unlink_button.setEnabled(can_write and one is not None and bool(one.app_ids))
        self.create_button.setEnabled(can_write and has_registry and without)
        self.new_button.setEnabled(can_write and self._has_read and self.connection.foundation_app_id is not None)
        if can_write:
            why = _HAS_ONE if rows and not without else ""
            for button in (self.link_button, self.create_button):
                button.setToolTip(why)

    def _show_menu(self, at: QPoint) -> None:
        pop_up(self.make_menu(), self.table, at)

    def make_menu(self) -> QMenu:
        """What can be done with the selection, as the buttons above say."""
        buttons: Mapping[str, tuple[QPushButton, Callable[[], object]]] = {
            "Open": (self.open_button, self.open_chosen),
            "Copy app ID": (self.copy_button, self.copy_chosen),
            "Create app…": (self.create_button, self.create_app),
            "Link app…": (self.link_button, self.link_app),
            "Unlink…": (self.unlink_button, self.unlink_app),
        }
        return menu_of(self, [(text, act, button.isEnabled()) for text, (button, act) in buttons.items()])

    # Acting

    def _copy_row(self, row: int) -> None:
        self._copy([self.model.rows[row]])

    def copy_chosen(self) -> None:
        self._copy(self.chosen())

    def _copy(self, rows: list[UserRow]) -> None:
        app_ids = [app_id for row in rows for app_id in row.app_ids]
        if app_ids:
            self.copy("\n".join(app_ids), copied_words(rows))

    def open_chosen(self) -> None:
        """The tab of the user’s app; of the first that there is where there are several."""
        rows = self.chosen()
        app = next((app for app in rows[0].apps if app is not None), None) if len(rows) == 1 else None
        if app is not None:
            self.open_requested.emit(AppRef(app.connection_id, app.app_id))

    def new_user(self) -> None:
        from .user_dialogs import NewUserDialog

        dialog = NewUserDialog(self._runner, self.connection, self.window())
        dialog.created.connect(self._user_created)
        dialog.open()

    def _user_created(self, user: UserRow) -> None:
        self.search_box.clear()
        self.table.keep_over(lambda: self.model.show_rows((*self.model.all_rows, user)))
        self._show_rows()
        self.table.clearSelection()
        self.table.go_to(self.model.place(user.user_id))
        self.copied.emit(f"Created {email(user)}")
        self.read()

    def create_app(self) -> None:
        from .user_dialogs import CreateUserAppDialog

        users = self.chosen()
        if users:
            dialog = CreateUserAppDialog(self._runner, self.connection, users, self.window())
            dialog.created.connect(self._apps_created)
            # A failure leaves something begun: the list says so.
            dialog.finished.connect(self._reread)
            dialog.open()

    def _reread(self, _result: int) -> None:
        self.read()

    def _apps_created(self, made: Created) -> None:
        if len(made.apps) == 1 and not made.failed:
            app = made.apps[0]
            self.copied.emit(f"Created “{plain(app.title, 60) or 'untitled'}”: {app.app_id}")
        elif made.apps:
            self.copied.emit(f"Created {counted(len(made.apps), 'app')}")
        self.read()

    def link_app(self) -> None:
        from .user_dialogs import LinkAppDialog

        users = self.chosen()
        if len(users) == 1:
            dialog = LinkAppDialog(self._runner, self.connection, users[0], self.window())
            dialog.linked.connect(partial(self._linked, users[0]))
            dialog.open()

    def _linked(self, user: UserRow, sentence: str, app: AppSummary) -> None:
        self.changed(sentence)
        back = LinkUndo(self, self._runner, replace(user, app_ids=(app.app_id,), apps=(app,)))
        self.undoable.emit(sentence, back.words, back.unlink)

    def unlink_app(self) -> None:
        from .user_dialogs import UnlinkAppDialog

        users = self.chosen()
        if len(users) == 1 and users[0].app_ids:
            dialog = UnlinkAppDialog(self._runner, self.connection, users[0], self.window())
            dialog.unlinked.connect(partial(self._unlinked, users[0]))
            dialog.open()

    def _unlinked(self, user: UserRow, sentence: str, app_id: str) -> None:
        self.changed(sentence)
        # Of a user with several apps, one that was taken away cannot be given back: one app per user.
        if user.app_ids == (app_id,):
            back = LinkUndo(self, self._runner, user)
            self.undoable.emit(sentence, back.words, back.link)


async def _read(connection_id: str, services: Services) -> _Found:
    import asyncio

    shape, users, journal = await asyncio.gather(
        services.foundation.shape(connection_id),
        services.foundation.users(connection_id),
        services.provisioning.open_journal(connection_id),
    )
    return _Found(shape, users, journal)
