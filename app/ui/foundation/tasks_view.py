"""The tasks of a foundation with their databases, and the iterations with the databases that came from them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QMenu, QStackedWidget, QTabBar, QToolButton, QWidget

from app.core.apps import AppSummary
from app.core.connection import Connection, Environment
from app.core.refs import AppRef
from app.core.text import plain
from app.core.words import counted
from app.ui.parts.row_table import RowTable, SearchBox, menu_of, pop_up
from app.ui.work.runner import Runner
from app.ui.work.scope import is_alive

from .foundation_page import READ_ONLY, FoundationPage
from .task_mark import TaskMarkDelegate
from .tasks_model import (
    IterationLine,
    TaskLine,
    copied_words,
    iteration_lines,
    iteration_title,
    iterations_model,
    task_lines,
    task_title,
    tasks_model,
)

if TYPE_CHECKING:
    from app.services.foundation_shape import FoundationShape
    from app.services.suite import Services

_HAS_ONE = "A chosen task has a database already, or one is being made"
Entry = tuple[str, Callable[[], object], bool]


@dataclass(frozen=True, slots=True)
class _Found:
    shape: FoundationShape
    tasks: tuple[TaskLine, ...]
    iterations: tuple[IterationLine, ...]


class TasksView(FoundationPage):
    """A tab of one connection; what is created goes on without it."""

    def __init__(self, runner: Runner, connection: Connection, parent: QWidget | None = None) -> None:
        super().__init__(runner, connection, "Tasks", parent)
        self.model, self.iteration_model = tasks_model(self), iterations_model(self)
        self.table = RowTable(self.model, "Tasks and their databases", stretched=1)
        self.iteration_table = RowTable(self.iteration_model, "Iterations and their databases", stretched=1)
        self.marks = TaskMarkDelegate(self.table)
        self.search_box = SearchBox("Search by task, name or app ID", self.table)
        self.sides = QTabBar()
        self.lists = QStackedWidget()
        self.more_button = QToolButton()
        self._shape: FoundationShape | None = None
        self._build()
        self.settle_buttons()

    def _build(self) -> None:
        self.sides.setAccessibleName("Tasks or iterations")
        self.sides.setDrawBase(False)
        for text in ("Tasks", "Iterations"):
            self.sides.addTab(text)
        self.search_box.setMaximumWidth(340)
        self.tools.addWidget(self.sides)
        self.tools.addWidget(self.search_box, 3)
        self.tools.addStretch(1)
        add = self.add_button
        self.copy_button = add(self.tools, "Copy app ID", self.copy_chosen)
        self.retry_button = add(self.tools, "Retry", self.retry, writes=True)
        self.clean_button = add(self.tools, "Clean up…", self.clean_up, writes=True)
        self.create_button = add(self.tools, "Create database…", self.create_databases, writes=True)
        self._build_more()
        self.table.setItemDelegateForColumn(0, self.marks)
        for table in (self.table, self.iteration_table):
            self.lists.addWidget(table)
            self._listen_to(table)
        self.stack.addWidget(self.lists)
        self.setFocusProxy(self.search_box)
        self.search_box.searched.connect(self._search)
        self.iteration_table.typed.connect(self._type)
        self.sides.currentChanged.connect(self._show_side)

    def _build_more(self) -> None:
        button = self.more_button
        button.setText("More")
        button.setProperty("look", "button")
        button.setAccessibleName("More that can be done")
        button.setToolTip("Open, clone, admin tokens, go on without a database")
        button.clicked.connect(lambda: self._pop_more())
        self.tools.addWidget(button)

    def _listen_to(self, table: RowTable[TaskLine] | RowTable[IterationLine]) -> None:
        table.copy_clicked.connect(self._copy_row)
        table.copy_requested.connect(self.copy_chosen)
        table.open_requested.connect(self.open_chosen)
        table.selection_settled.connect(self.settle_buttons)
        table.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        table.customContextMenuRequested.connect(lambda at, table=table: self._show_menu(table, at))

    # Reading

    def reading(self) -> Callable[[Services], Awaitable[_Found]]:
        return partial(_read, self.connection.id)

    def take(self, found: _Found) -> None:
        self._shape = found.shape
        self.table.keep_over(lambda: self.model.show_rows(found.tasks))
        self.iteration_table.keep_over(lambda: self.iteration_model.show_rows(found.iterations))
        self.sides.setTabText(1, f"Iterations ({len(found.iterations):,})" if found.iterations else "Iterations")
        note = None
        if not found.shape.has_databases_registry:
            note = self.missing_note(found.shape.missing, "the registry of tasks and databases")
        self.notes.show_rows([note] if note is not None else [])
        self._show_rows()

    @property
    def is_on_tasks(self) -> bool:
        return self.sides.currentIndex() == 0

    def _show_side(self, at: int) -> None:
        self.lists.setCurrentIndex(at)
        self._search(self.search_box.text())
        self.settle_buttons()

    def _search(self, text: str) -> None:
        self.table.keep_over(lambda: self.model.search(text))
        self.iteration_table.keep_over(lambda: self.iteration_model.search(text))
        if self._has_read:
            self._show_rows()

    def _type(self, text: str) -> None:
        self.search_box.setFocus()
        self.search_box.setText(self.search_box.text() + text)

    def _show_rows(self) -> None:
        model = self.model if self.is_on_tasks else self.iteration_model
        noun = "task" if self.is_on_tasks else "iteration"
        shown, total = len(model.rows), model.total
        self.show_count(shown, total, noun, is_narrowed=model.is_narrowed)
        self.marks.spin(any(row.state == "creating" for row in self.model.rows))
        if shown:
            self.stack.setCurrentWidget(self.lists)
            return
        if total:
            query = plain(self.search_box.text(), 60)
            self.empty.tell(f"Nothing matches “{query}”", f"None of {counted(total, noun)} has it.", "Clear search")
        else:
            sentence = f"The product makes {noun}s; each is listed here with its database."
            remedy = "If there should be some, look at the menu Foundation, Registries and names."
            self.empty.tell(f"No {noun}s yet", f"{sentence} {remedy}", "")
        self.stack.setCurrentWidget(self.empty)

    def act_on_empty(self, action: str) -> None:
        self.search_box.clear()
        self.search_box.setFocus()

    # What is chosen

    def chosen(self) -> list[TaskLine]:
        return self.table.selected_rows() if self.is_on_tasks else []

    def chosen_iterations(self) -> list[IterationLine]:
        return [] if self.is_on_tasks else self.iteration_table.selected_rows()

    def _with_record(self) -> list[TaskLine]:
        return [row for row in self.chosen() if row.record_id]

    def _chosen_app(self) -> AppSummary | None:
        """The app of the only chosen row, where it is on the platform."""
        rows, iterations = self.chosen(), self.chosen_iterations()
        if len(rows) == 1:
            return rows[0].app
        database = iterations[0].database if len(iterations) == 1 else None
        return database.app if database is not None else None

    def settle_buttons(self) -> None:
        rows, can_write = self.chosen(), self.can_write
        has_registry = self._shape is not None and self._shape.has_databases_registry
        is_new = bool(rows) and all(row.task_id and row.state == "none" for row in rows)
        is_failed = bool(rows) and all(row.state == "failed" for row in rows)
        self.copy_button.setEnabled(bool(self._copied()))
        self.create_button.setEnabled(can_write and has_registry and is_new)
        self.retry_button.setEnabled(can_write and is_failed)
        self.clean_button.setEnabled(can_write and bool(rows) and len(self._with_record()) == len(rows))
        if can_write:
            self.create_button.setToolTip(_HAS_ONE if rows and not is_new else "")
        self.more_button.setEnabled(bool(rows) or bool(self.chosen_iterations()))

    # The menu

    def _show_menu(self, table: RowTable[TaskLine] | RowTable[IterationLine], at: QPoint) -> None:
        pop_up(self.make_menu(), table, at)

    def _pop_more(self) -> None:
        menu = self.make_menu()
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.popup(self.more_button.mapToGlobal(self.more_button.rect().bottomLeft()))

    def make_menu(self) -> QMenu:
        """All that can be done with the selection."""
        records, rows, can_write = self._with_record(), self.chosen(), self.can_write
        one = records[0] if len(rows) == len(records) == 1 else None
        failed = len(rows) == 1 and rows[0].state == "failed"
        has_app = self._chosen_app() is not None
        entries: list[Entry | None] = [
            ("Open", self.open_chosen, has_app),
            ("Copy app ID", self.copy_chosen, self.copy_button.isEnabled()),
            None,
            ("Create database…", self.create_databases, self.create_button.isEnabled()),
            ("Retry", self.retry, self.retry_button.isEnabled()),
            ("Go on without a database", self.give_up, can_write and failed),
            None,
            ("Clone…", self.clone, can_write and has_app),
            ("Reveal admin token…", self.reveal_token, one is not None and one.has_token),
            ("Replace admin tokens…", self.rotate_tokens, can_write and bool(rows) and len(records) == len(rows)),
            ("Clean up…", self.clean_up, self.clean_button.isEnabled()),
        ]
        menu = menu_of(self, entries)
        if not can_write:
            menu.setToolTip(READ_ONLY)
        return menu

    # Copying and opening

    def _copied(self) -> list[TaskLine]:
        """What would be copied, as lines with an app ID."""
        if self.is_on_tasks:
            return [row for row in self.chosen() if row.app_id]
        return [line for each in self.chosen_iterations() if (line := _as_task(each)) is not None]

    def _copy_row(self, row: int) -> None:
        line = self.model.rows[row] if self.is_on_tasks else _as_task(self.iteration_model.rows[row])
        self._copy([line] if line is not None and line.app_id else [])

    def copy_chosen(self) -> None:
        self._copy(self._copied())

    def _copy(self, rows: Sequence[TaskLine]) -> None:
        if rows:
            self.copy("\n".join(row.app_id for row in rows), copied_words(rows))

    def open_chosen(self) -> None:
        app = self._chosen_app()
        if app is not None:
            self.open_requested.emit(AppRef(app.connection_id, app.app_id))

    # Making

    def create_databases(self) -> None:
        from .task_dialogs import CreateDatabasesDialog

        if self.create_button.isEnabled():
            dialog = CreateDatabasesDialog(self._runner, self.connection, self.chosen(), self.window())
            dialog.begun.connect(self.changed)
            dialog.open()

    def retry(self) -> None:
        connection_id, rows = self.connection.id, [row for row in self.chosen() if row.state == "failed"]

        async def again(services: Services) -> str:
            for row in rows:
                await services.task_databases.retry(connection_id, row.task_id)
            return f"Trying again for {counted(len(rows), 'task')}"

        if rows:
            self._runner.start(again, owner=self, title="Try again to create databases", done=self.changed)

    def give_up(self) -> None:
        """What was begun for the chosen task is taken back, and the task goes on without."""
        connection_id, rows = self.connection.id, [row for row in self.chosen() if row.state == "failed"]
        if rows and self.connection.environment is Environment.PRODUCTION:
            from .give_up_dialog import GiveUpDialog

            dialog = GiveUpDialog(self._runner, self.connection, rows, self.window())
            dialog.given_up.connect(self.changed)
            dialog.open()
            return

        async def stop(services: Services) -> str:
            for row in rows:
                await services.task_databases.give_up(connection_id, row.task_id)
            return f"{task_title(rows[0])} goes on without a database"

        if rows:
            self._runner.start(stop, owner=self, title="Go on without a database", done=self.changed)

    def clean_up(self) -> None:
        from .task_dialogs import CleanUpDialog

        rows = self._with_record()
        if rows:
            dialog = CleanUpDialog(self._runner, self.connection, rows, self.window())
            dialog.cleaned.connect(self.changed)
            dialog.reversible.connect(partial(self._tell_reversible, rows))
            dialog.open()

    def _tell_reversible(self, rows: list[TaskLine], sentence: str, record_ids: frozenset[str], action: str) -> None:
        """The way back says what it would do, too, before it does it."""
        connection, window = self.connection, self.window()
        done = [each for each in rows if each.record_id in record_ids]

        def undo() -> None:
            from .task_dialogs import CleanUpDialog

            dialog = CleanUpDialog(self._runner, connection, done, window, action=action)
            dialog.cleaned.connect(lambda told: self.changed(told) if is_alive(self) else None)
            dialog.open()

        self.undoable.emit(sentence, "Undo…", undo)

    def clone(self) -> None:
        from .task_dialogs import CloneDialog

        app = self._chosen_app()
        if app is None:
            return
        known = {line.iteration.iteration_id: _words_of(line) for line in self.iteration_model.all_rows}
        dialog = CloneDialog(
            self._runner, self.connection, app.app_id, app.title, self.window(), iterations=tuple(known.items())
        )
        dialog.cloned.connect(self._cloned)
        dialog.open()

    def _cloned(self, app: AppSummary) -> None:
        self.changed(f"Cloned: {plain(app.title, 60)} {plain(app.app_id, 60)}")

    # Tokens

    def reveal_token(self) -> None:
        from .task_dialogs import RevealTokenDialog

        rows = self._with_record()
        if len(rows) == 1:
            dialog = RevealTokenDialog(self._runner, self.connection, rows[0], self.window())
            dialog.told.connect(self.copied)
            dialog.open()

    def rotate_tokens(self) -> None:
        from .task_dialogs import RotateTokensDialog

        rows = self._with_record()
        if rows:
            dialog = RotateTokensDialog(self._runner, self.connection, rows, self.window())
            dialog.rotated.connect(self.changed)
            dialog.open()


def _as_task(line: IterationLine) -> TaskLine | None:
    row = line.database
    if row is None:
        return None
    return TaskLine("", line.task, row.created_at, "ready", row.name, row.app_id, row.record_id, row.has_token, row.app)


def _words_of(line: IterationLine) -> str:
    task = plain(line.task, 40)
    return f"{iteration_title(line)} · {task}" if task else iteration_title(line)


async def _read(connection_id: str, services: Services) -> _Found:
    import asyncio

    shape, tasks, databases, iterations = await asyncio.gather(
        services.foundation.shape(connection_id),
        services.foundation.tasks(connection_id),
        services.foundation.databases(connection_id),
        services.foundation.iterations(connection_id),
    )
    states = {each.task_id: services.task_databases.state(connection_id, each.task_id) for each in tasks}
    return _Found(shape, task_lines(tasks, databases, states), iteration_lines(iterations, tasks))
