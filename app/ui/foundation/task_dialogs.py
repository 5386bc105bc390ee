"""Dialogs about the databases of tasks: make, clean up, clone, and their admin tokens."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QLineEdit, QPushButton, QWidget

from app.core.apps import AppSummary
from app.core.connection import Connection, Environment
from app.core.refs import AppRef
from app.core.secret import Secret
from app.core.text import plain
from app.core.words import counted
from app.ui.agents.template_choice import TemplateChoice, read_templates
from app.ui.look.theme import mono_font
from app.ui.parts.action_dialog import ActionDialog
from app.ui.parts.ages import moment
from app.ui.parts.badges import text_label
from app.ui.parts.check_mark import CheckBox
from app.ui.parts.dialog_size import fit
from app.ui.parts.form_field import ChoiceBox, FormField
from app.ui.parts.preview_dialog import PreviewDialog, outcome_rows
from app.ui.parts.secret_clipboard import CopyAsSecret, secret_clipboard
from app.ui.work.runner import ProgressReporter, Runner

from .tasks_model import TaskLine, task_title

if TYPE_CHECKING:
    from app.services.admin_tokens import TokenOutcome
    from app.services.suite import Services
    from app.services.task_cleanup import CleanupOutcome, CleanupPreview

_MOST_NAMED = 3
_ACTIONS = (("delete", "Delete"), ("archive", "Archive: make read-only"), ("unarchive", "Bring back: make writable"))
_VERBS = {"delete": "&Delete", "archive": "&Archive", "unarchive": "&Bring back"}
_OPPOSITE = {"archive": "unarchive", "unarchive": "archive"}


def _names(lines: Sequence[TaskLine]) -> str:
    shown = ", ".join(plain(each.name, 60) or task_title(each) for each in lines[:_MOST_NAMED])
    more = f" and {len(lines) - _MOST_NAMED:,} more" if len(lines) > _MOST_NAMED else ""
    return f"{shown}{more}"


class CreateDatabasesDialog(ActionDialog):
    """Begins a database for each task and does not wait for them. ``begun`` carries a sentence."""

    begun = Signal(str)

    def __init__(
        self, runner: Runner, connection: Connection, tasks: Sequence[TaskLine], parent: QWidget | None = None
    ) -> None:
        count = counted(len(tasks), "database")
        super().__init__(runner, f"Create {count}" if len(tasks) > 1 else "Create a database", "Create", parent)
        self._connection_id, self._tasks = connection.id, tuple(tasks)
        self.set_place(connection)
        about = text_label(
            "Each gets a name of three words. They are made in the background: the tasks are usable at once, and a "
            "failure is shown here with a retry.",
            "muted",
        )
        name = text_label(_names(tasks), "title")
        for label in (name, about):
            label.setWordWrap(True)
            self.body.addWidget(label)
        self.choice = TemplateChoice(preferred="")
        self.add_field("template_name", FormField("T&emplate", self.choice, marked=self.choice.list))
        self.choice.list.setFocus()
        runner.start(
            read_templates, owner=self, title="Read the templates", done=self.choice.show_templates, quiet=True
        )

    def act(self) -> None:
        if self.is_working:
            return
        connection_id, tasks, template = self._connection_id, self._tasks, self.choice.name

        async def create(services: Services) -> int:
            states = [await services.task_databases.create(connection_id, each.task_id, template) for each in tasks]
            return sum(each.was_there for each in states)

        self.begin(create, f"Begin {counted(len(tasks), 'database')}", self._finish)

    def _finish(self, were_there: int) -> None:
        had = f"; {were_there:,} had one already" if were_there else ""
        self.begun.emit(f"Creating {counted(len(self._tasks) - were_there, 'database')}{had}")
        self.accept()


class CleanUpDialog(PreviewDialog):
    """Deletes or archives databases after saying what goes and what stays. ``cleaned`` carries a sentence;
    ``reversible`` the same, the IDs of the records that it was done to, and the action that takes it back."""

    cleaned = Signal(str)
    reversible = Signal(str, object, str)

    def __init__(
        self,
        runner: Runner,
        connection: Connection,
        lines: Sequence[TaskLine],
        parent: QWidget | None = None,
        *,
        action: str = "delete",
    ) -> None:
        """``action`` is the one that is chosen first."""
        super().__init__(runner, connection, "Clean up databases", "&Delete", parent)
        self._record_ids = tuple(each.record_id for each in lines)
        self._preview: CleanupPreview | None = None
        name = text_label(_names(lines), "title")
        name.setWordWrap(True)
        self.action_box = ChoiceBox()
        for key, text in _ACTIONS:
            self.action_box.addItem(text, key)
        self.action_box.setCurrentIndex(self.action_box.findData(action))
        self.body.addWidget(name)
        self.add_field("action", FormField("&What to do", self.action_box))
        self.add_parts()
        self.action_box.currentIndexChanged.connect(lambda _at: self.look())
        fit(self, 100, 26)
        self.look()

    def look(self) -> None:
        """Work out what the chosen action would do."""
        connection_id, record_ids, action = self.connection.id, self._record_ids, self.action_box.currentData()
        self._preview, self.is_previewed = None, False
        self.message.clear()
        self.follow()

        async def preview(services: Services) -> CleanupPreview:
            return await services.task_databases.preview_cleanup(connection_id, record_ids, action)

        self._runner.start(
            preview,
            owner=self,
            title="Work out what will be cleaned up",
            done=self._take,
            failed=self.not_previewed,
            replaces="preview",
        )

    def _take(self, preview: CleanupPreview) -> None:
        self._preview = preview
        count = len(preview.record_ids)
        verb = _VERBS[preview.action]
        self.action_button.setText(f"{verb} {counted(count, 'database')}")
        what = f"{counted(count, 'database')} will be deleted with all data" if preview.action == "delete" else ""
        if not what and self.connection.environment is Environment.PRODUCTION:
            what = f"{counted(count, 'database')} will be changed ({preview.action})"
        self.ask(what if count else "")
        lines = [f"Goes: {each}" for each in preview.goes] + [f"Stays: {each}" for each in preview.stays]
        if preview.kept_until:
            lines.append(f"The platform erases what is deleted at {moment(preview.kept_until)}.")
        self.show_sentences("Nothing of it can be done:" if not count else "This will be done:", lines)
        if preview.refusal:
            self.message.tell(plain(preview.refusal, 300), "")

    def can_act(self) -> bool:
        has_any = self._preview is not None and bool(self._preview.record_ids)
        return self.is_over or (has_any and super().can_act())

    def go(self) -> None:
        preview = self._preview
        if preview is None:
            return

        async def clean(services: Services, reporter: ProgressReporter) -> tuple[CleanupOutcome, ...]:
            return await services.task_databases.clean_up(preview, reporter)

        self.run(clean, "Clean up databases", len(preview.record_ids), self._show)

    def _show(self, outcomes: tuple[CleanupOutcome, ...]) -> None:
        good = sum(each.ok for each in outcomes)
        about = f"{good:,} of {counted(len(outcomes), 'database')} done."
        self.show_outcomes(about, outcome_rows([(each.ok, each.sentence, each.remedy, ()) for each in outcomes]))
        self.fields["action"].hide()
        self.cleaned.emit(about)
        action = self._preview.action if self._preview is not None else ""
        if good and action in _OPPOSITE:
            told = f"{'Archived' if action == 'archive' else 'Brought back'} {counted(good, 'database')}"
            done = frozenset(each.record_id for each in outcomes if each.ok)
            self.reversible.emit(told, done, _OPPOSITE[action])


class RotateTokensDialog(PreviewDialog):
    """Gives databases new admin tokens. ``rotated`` carries a sentence."""

    rotated = Signal(str)

    def __init__(
        self, runner: Runner, connection: Connection, lines: Sequence[TaskLine], parent: QWidget | None = None
    ) -> None:
        count = counted(len(lines), "admin token")
        super().__init__(runner, connection, "Replace admin tokens", f"&Replace {count}", parent)
        self._record_ids = tuple(each.record_id for each in lines)
        self.add_parts()
        self.ask(f"{count} will stop working")
        fit(self, 92, 22)
        self.show_sentences(
            "This will be done:",
            [
                f"New admin tokens for {_names(lines)}.",
                "The registry has the new ones at once; the old ones are dead, wherever else they are used.",
                "Interrupted, it is finished at the next start: no token is lost.",
            ],
        )

    def go(self) -> None:
        connection_id, record_ids = self.connection.id, self._record_ids

        async def rotate(services: Services, reporter: ProgressReporter) -> tuple[TokenOutcome, ...]:
            return await services.task_databases.rotate_token(connection_id, record_ids, reporter)

        self.run(rotate, f"Replace {counted(len(record_ids), 'admin token')}", len(record_ids), self._show)

    def _show(self, outcomes: tuple[TokenOutcome, ...]) -> None:
        good = sum(each.ok for each in outcomes)
        about = f"{good:,} of {counted(len(outcomes), 'admin token')} replaced."
        self.show_outcomes(about, outcome_rows([(each.ok, each.sentence, each.remedy, ()) for each in outcomes]))
        self.rotated.emit(about)


class RevealTokenDialog(ActionDialog):
    """Shows one admin token, once: closed, it is forgotten. ``told`` carries a sentence."""

    told = Signal(str)

    def __init__(self, runner: Runner, connection: Connection, line: TaskLine, parent: QWidget | None = None) -> None:
        super().__init__(runner, "Admin token", "&Reveal", parent)
        self._connection_id, self._record_id = connection.id, line.record_id
        self._token: Secret | None = None
        self._name = plain(line.name, 80) or plain(line.app_id, 60)
        self.set_place(connection)
        about = text_label(
            "Whoever has it may read and change everything in this database. That it was revealed is written to the "
            "audit trail; it is shown only until this dialog is closed."
        )
        about.setWordWrap(True)
        self.edit = QLineEdit("••••••••")
        self.edit.setReadOnly(True)
        CopyAsSecret(self.edit)
        self.edit.setFont(mono_font())
        self.copy_button = QPushButton("&Copy")
        self.copy_button.setAutoDefault(False)
        self.copy_button.setEnabled(False)
        self.copy_button.clicked.connect(self.copy)
        row = QHBoxLayout()
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self.edit, 1)
        row.addWidget(self.copy_button)
        place = QWidget()
        place.setLayout(row)
        self.body.addWidget(text_label(self._name, "title"))
        self.body.addWidget(about)
        self.add_field("token", FormField("&Token", place, marked=self.edit))
        self.cancel_button.setText("Close")
        self.finished.connect(lambda _: self._forget())
        fit(self, 84, 14)

    def can_act(self) -> bool:
        return self._token is None

    def act(self) -> None:
        if self.is_working or self._token is not None:
            return
        connection_id, record_id = self._connection_id, self._record_id

        async def reveal(services: Services) -> Secret:
            return await services.task_databases.reveal_token(connection_id, record_id)

        self.begin(reveal, f"Reveal the admin token of {self._name}", self._show)

    def _show(self, token: Secret) -> None:
        self._token = token
        self.edit.setText(token.reveal())
        self.edit.setCursorPosition(0)
        self.action_button.setEnabled(False)
        self.copy_button.setEnabled(True)
        self.copy_button.setFocus()

    def copy(self) -> None:
        if self._token is None:
            return
        secret_clipboard().copy(self._token)
        self.copy_button.setText("✓ Copied")
        after_s = f"{secret_clipboard().after_s:g}"
        self.fields["token"].set_hint(f"The clipboard is cleared after {after_s} seconds.")
        self.told.emit(f"Copied the admin token of {self._name}: the clipboard is cleared after {after_s} s")

    def _forget(self) -> None:
        self._token = None
        self.edit.clear()


class CloneDialog(ActionDialog):
    """A new app with the schema of another, for a forked iteration. ``cloned`` carries the AppSummary."""

    cloned = Signal(object)

    def __init__(
        self,
        runner: Runner,
        connection: Connection,
        app_id: str,
        name: str,
        parent: QWidget | None = None,
        *,
        iterations: Sequence[tuple[str, str]] = (),
    ) -> None:
        """``iterations``: (ID, words) of those that the copy can be recorded under."""
        super().__init__(runner, "Clone", "&Clone", parent)
        self._ref = AppRef(connection.id, app_id)
        self._name = plain(name, 80) or app_id
        self.set_place(connection)
        self.title_edit = QLineEdit(f"{self._name} copy")
        self.title_edit.selectAll()
        self.iteration_box = ChoiceBox()
        self.iteration_box.addItem("None: the copy is not recorded", "")
        for iteration_id, words in iterations:
            self.iteration_box.addItem(words, iteration_id)
        self.rows_check = CheckBox("Copy the &rows, too")
        about = text_label("Schema and permissions are copied. Files stay behind.", "muted")
        self.body.addWidget(text_label(self._name, "title"))
        self.body.addWidget(about)
        self.add_field("title", FormField("&Title", self.title_edit))
        field = self.add_field("iteration", FormField("For the &iteration", self.iteration_box))
        field.setVisible(bool(iterations))
        self.body.addWidget(self.rows_check)
        self.title_edit.setFocus()

    def act(self) -> None:
        if self.is_working:
            return
        ref, title, with_rows = self._ref, self.title_edit.text(), self.rows_check.isChecked()
        iteration_id = str(self.iteration_box.currentData() or "")

        async def clone(services: Services) -> AppSummary:
            return await services.task_databases.clone(ref, title, with_rows, iteration_id=iteration_id)

        self.begin(clone, f"Clone {self._name}", self._finish)

    def _finish(self, app: AppSummary) -> None:
        self.cloned.emit(app)
        self.accept()
