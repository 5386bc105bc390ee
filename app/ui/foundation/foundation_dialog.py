"""What a foundation has of the two registries, the plan for what it lacks, and what its parts are called."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QFrame, QGridLayout, QLineEdit, QScrollArea, QVBoxLayout, QWidget

from app.core.apps import AppState
from app.core.connection import Connection
from app.core.errors import KnownError
from app.core.refs import AppRef
from app.core.status import Severity
from app.core.text import plain
from app.ui.look.theme import mono_font
from app.ui.parts.action_dialog import ActionDialog
from app.ui.parts.badges import text_label
from app.ui.parts.dialog_size import fit
from app.ui.parts.form_field import FormField
from app.ui.parts.note_row import Answer, NoteRow, NoteStack
from app.ui.work.runner import Runner

if TYPE_CHECKING:
    from app.schema.draft import Draft
    from app.services.foundation_map import FoundationMap
    from app.services.foundation_shape import FoundationShape
    from app.services.suite import Services

_GROUPS: tuple[tuple[str, tuple[tuple[str, str], ...]], ...] = (
    (
        "Users and apps",
        (
            ("users", "Entity of users"),
            ("email", "E-mail address"),
            ("app", "Entity of apps"),
            ("app_id", "App ID"),
            ("app_users", "Link from app to users"),
            ("user_apps", "Link from user to apps"),
        ),
    ),
    (
        "Databases",
        (
            ("databases", "Entity of databases"),
            ("database_app_id", "App ID"),
            ("admin_token", "Admin token"),
            ("name", "Name"),
            ("created_at", "Created"),
            ("task", "Link to the task"),
            ("origin_iteration", "Link to the iteration"),
        ),
    ),
    (
        "Tasks and iterations",
        (
            ("tasks", "Entity of tasks"),
            ("task_title", "Title"),
            ("task_created_at", "Created"),
            ("main_database", "Link to the database"),
            ("iterations", "Entity of iterations"),
            ("iteration_number", "Number"),
            ("iteration_created_at", "Created (iteration)"),
            ("iteration_task", "Link to the task (iteration)"),
            ("originated_databases", "Link to databases (iteration)"),
        ),
    ),
)


@dataclass(frozen=True, slots=True)
class _Found:
    names: FoundationMap
    shape: FoundationShape | None
    error: KnownError | None = None


class FoundationDialog(ActionDialog):
    """Nothing is added here: ``plan_requested`` carries the foundation's AppRef and a Draft with what is missing.

    ``named`` says that the names are others now.
    """

    plan_requested = Signal(object, object)
    named = Signal(str)

    def __init__(self, runner: Runner, connection: Connection, parent: QWidget | None = None) -> None:
        super().__init__(runner, "Foundation", "Save names", parent)
        self._connection_id = connection.id
        self._can_write = not connection.is_read_only
        self._ref = AppRef(connection.id, connection.foundation_app_id or "")
        self._names: FoundationMap | None = None
        self.set_place(connection)
        self.app_label = text_label(plain(self._ref.app_id, 60), "muted")
        self.notes = NoteStack()
        self.edits: dict[str, QLineEdit] = {}
        self._build()
        self._read()

    def _build(self) -> None:
        self.app_label.setFont(mono_font())
        self.body.addWidget(self.app_label)
        self.body.addWidget(self.notes)
        head = text_label("What this foundation calls its parts", "sectionHead")
        self.body.addWidget(head)
        area = QScrollArea()
        area.setWidgetResizable(True)
        area.setFrameShape(QFrame.Shape.NoFrame)
        area.setWidget(self._names_page())
        self.body.addWidget(area, 1)
        self.cancel_button.setText("Close")
        self.action_button.setEnabled(False)
        fit(self, 120, 40)

    def _names_page(self) -> QWidget:
        page = QWidget()
        columns = QGridLayout(page)
        columns.setContentsMargins(0, 0, 8, 0)
        columns.setHorizontalSpacing(16)
        for at, (title, fields) in enumerate(_GROUPS):
            box = QVBoxLayout()
            box.setSpacing(6)
            box.addWidget(text_label(title, "title"))
            for name, label in fields:
                box.addWidget(self._name_field(name, label))
            box.addStretch(1)
            columns.addLayout(box, 0, at)
            columns.setColumnStretch(at, 1)
        return page

    def _name_field(self, name: str, label: str) -> FormField:
        edit = self.edits[name] = QLineEdit()
        edit.setFont(mono_font())
        edit.textEdited.connect(lambda _text: self.action_button.setEnabled(self.can_act()))
        field = self.fields[name] = FormField(label, edit)
        return field

    # Reading

    def _read(self) -> None:
        connection_id = self._connection_id
        self.notes.show_rows([NoteRow(Severity.INFO, "Reading the foundation…", state=AppState.CREATING)])

        async def read(services: Services) -> _Found:
            names = await services.foundation.map(connection_id)
            try:
                return _Found(names, await services.foundation.shape(connection_id))
            except KnownError as error:
                return _Found(names, None, error)

        self._runner.start(
            read, owner=self, title="Read the foundation", done=self._take, failed=self._not_read, replaces="read"
        )

    def _not_read(self, error: KnownError) -> bool:
        self.notes.show_rows([])
        self.show_error(error)
        return True

    def _take(self, found: _Found) -> None:
        if self._names != found.names:
            self._names = found.names
            for name, edit in self.edits.items():
                edit.setText(str(getattr(found.names, name)))
        self.action_button.setEnabled(self.can_act())
        if found.shape is not None:
            self._show_shape(found.shape)
            return
        self.notes.show_rows([])
        if found.error is not None:
            self.show_error(found.error)

    def _show_shape(self, shape: FoundationShape) -> None:
        rows = [
            self._registry_row("users and their apps", shape.has_apps_registry, shape.apps_draft),
            self._registry_row("tasks and their databases", shape.has_databases_registry, shape.databases_draft),
        ]
        if shape.missing:
            answers = self._plan_answer("Add all that is missing…", shape.draft)
            lines = " ".join(plain(each, 160) for each in shape.missing[:8])
            rest = f" And {len(shape.missing) - 8} more." if len(shape.missing) > 8 else ""
            rows.append(NoteRow(Severity.INFO, "What is missing", f"{lines}{rest}", answers))
        rows += [NoteRow(Severity.ERROR, "This cannot be added", plain(each, 300)) for each in shape.conflicts]
        self.notes.show_rows(rows)

    def _registry_row(self, what: str, is_there: bool, draft: Draft | None) -> NoteRow:
        if is_there:
            return NoteRow(Severity.INFO, f"The registry of {what} is complete", state=AppState.OK)
        answers = self._plan_answer("Add it…", draft)
        detail = "It is added as a plan that you review first. Where it has other names here, enter them below."
        return NoteRow(Severity.WARNING, f"The registry of {what} is not complete", detail, answers)

    def _plan_answer(self, text: str, draft: Draft | None) -> tuple[Answer, ...]:
        if draft is None or not self._can_write:
            return ()
        ask: Callable[[], object] = lambda: self._ask_for_plan(draft)  # noqa: E731
        return ((text, ask),)

    def _ask_for_plan(self, draft: Draft) -> None:
        self.plan_requested.emit(self._ref, draft)
        self.accept()

    # Names

    def _edited(self) -> FoundationMap | None:
        if self._names is None:
            return None
        texts: dict[str, Any] = {name: edit.text() for name, edit in self.edits.items()}
        return replace(self._names, **texts)

    def can_act(self) -> bool:
        edited = self._edited()
        return edited is not None and edited != self._names

    def act(self) -> None:
        names, connection_id = self._edited(), self._connection_id
        if names is None or self.is_working or not self.can_act():
            return

        async def save(services: Services) -> FoundationMap:
            return await services.foundation.set_map(connection_id, names)

        self.begin(save, "Save the names of the foundation", self._saved)

    def _saved(self, names: FoundationMap) -> None:
        self._names = names
        for name, edit in self.edits.items():
            edit.setText(str(getattr(names, name)))
        self.action_button.setEnabled(False)
        self.named.emit("Saved what the foundation calls its parts")
        self._read()
