"""The rows of the tasks' view: what stands in which column, and in which words."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QModelIndex, QObject, QPersistentModelIndex

from app.core.text import plain
from app.core.words import counted
from app.ui.parts.row_model import Column, RowModel, created_column

from .task_mark import STATE_ROLE

if TYPE_CHECKING:
    from app.core.apps import AppSummary
    from app.services.foundation import DatabaseRow, IterationRow, TaskRow
    from app.services.task_databases import TaskDatabaseState

MASK = "••••••••"
APP_ID_COLUMN = 3
_WORDS = {"none": "No database", "creating": "Creating…", "ready": "Ready", "failed": "Failed"}
_RANK = ("failed", "creating", "none", "ready")


@dataclass(frozen=True, slots=True)
class TaskLine:
    """A task with its database; ``task_id`` is "" for a database that belongs to no task.

    ``sentence`` and ``remedy`` are about what failed or goes on. Texts are untrusted.
    """

    task_id: str
    title: str
    created_at: int
    state: str
    name: str = ""
    app_id: str = ""
    record_id: str = ""
    has_token: bool = False
    app: AppSummary | None = None
    sentence: str = ""
    remedy: str = ""

    @property
    def key(self) -> str:
        return self.task_id or f"database {self.record_id}"


@dataclass(frozen=True, slots=True)
class IterationLine:
    """An iteration with one of the databases that came from it, or with none."""

    iteration: IterationRow
    database: DatabaseRow | None
    task: str


def task_lines(
    tasks: Iterable[TaskRow], databases: Iterable[DatabaseRow], states: dict[str, TaskDatabaseState]
) -> tuple[TaskLine, ...]:
    """``states`` know more of what is being made now than the foundation does."""
    lines = [_task_line(each, states.get(each.task_id)) for each in tasks]
    shown = {each.record_id for each in lines}
    loose = [each for each in databases if each.record_id not in shown]
    return (*lines, *(_with_database(TaskLine("", "", each.created_at, "ready"), each) for each in loose))


def _task_line(task: TaskRow, state: TaskDatabaseState | None) -> TaskLine:
    line = TaskLine(task.task_id, task.title, task.created_at, task.state, sentence=task.error)
    if task.database is not None:
        return _with_database(line, task.database)
    if state is None or state.state not in ("creating", "failed"):
        return line
    return TaskLine(
        task.task_id,
        task.title,
        task.created_at,
        state.state,
        name=state.name,
        app_id=state.app_id,
        sentence=state.sentence or task.error,
        remedy=state.remedy,
    )


def _with_database(line: TaskLine, row: DatabaseRow) -> TaskLine:
    return TaskLine(
        line.task_id,
        line.title,
        line.created_at,
        line.state,
        row.name,
        row.app_id,
        row.record_id,
        row.has_token,
        row.app,
        line.sentence,
        line.remedy,
    )


class TasksModel(RowModel[TaskLine]):
    def data(self, index: QModelIndex | QPersistentModelIndex, role: int = 0) -> Any:
        if role == STATE_ROLE:
            return self.rows[index.row()].state if index.column() == 0 else None
        return super().data(index, role)


def tasks_model(parent: QObject) -> TasksModel:
    columns: Sequence[Column[TaskLine]] = (
        Column("Database", state_word, 22, key=_rank, tip=_about, copied=lambda row: row.app_id),
        Column("Task", task_title, 34),
        Column("Name", lambda row: plain(row.name, 80) or "—", 28),
        Column("App ID", lambda row: plain(row.app_id, 60) or "—", 42, tip=_about, copied=_app_id, is_id=True),
        Column("Admin token", token_text, 17, tip=_about_token, is_muted=True),
        created_column(lambda row: row.created_at),
    )
    return TasksModel(columns, lambda row: row.key, lambda row: f"{row.title} {row.name} {row.app_id}", parent)


def iterations_model(parent: QObject) -> RowModel[IterationLine]:
    columns: Sequence[Column[IterationLine]] = (
        Column("Iteration", iteration_title, 22, key=lambda row: row.iteration.number),
        Column("Task", lambda row: plain(row.task, 100) or "—", 34),
        Column("Database", _database_name, 28),
        Column("App ID", _database_id, 42, tip=_about_database, copied=_database_app_id, is_id=True),
        created_column(lambda row: row.iteration.created_at),
    )
    return RowModel(columns, _iteration_key, lambda row: f"{row.iteration.title} {row.task} {_searched(row)}", parent)


def iteration_lines(iterations: Iterable[IterationRow], tasks: Iterable[TaskRow]) -> tuple[IterationLine, ...]:
    titles = {each.task_id: each.title for each in tasks}
    lines: list[IterationLine] = []
    for each in iterations:
        task = titles.get(each.task_id, "")
        lines += [IterationLine(each, database, task) for database in each.databases or (None,)]
    return tuple(lines)


def state_word(row: TaskLine) -> str:
    if row.state == "ready" and row.app is None and row.app_id:
        return "Ready, not listed"
    return _WORDS.get(row.state, plain(row.state, 30))


def task_title(row: TaskLine) -> str:
    if not row.task_id:
        return "no task"
    return plain(row.title, 100) or row.task_id


def token_text(row: TaskLine) -> str:
    if not row.record_id:
        return "—"
    return MASK if row.has_token else "none"


def iteration_title(row: IterationLine) -> str:
    number = f"#{row.iteration.number}" if row.iteration.number else ""
    return f"{number} {plain(row.iteration.title, 80)}".strip() or row.iteration.iteration_id[:8]


def copied_words(rows: Sequence[TaskLine]) -> str:
    """What the status bar says after the app IDs of these databases were copied."""
    if len(rows) == 1:
        return f"Copied app ID of {plain(rows[0].name, 80) or task_title(rows[0])}: {plain(rows[0].app_id, 60)}"
    return f"Copied {counted(len(rows), 'app ID')}"


def _app_id(row: TaskLine) -> str:
    return row.app_id


def _rank(row: TaskLine) -> int:
    return _RANK.index(row.state) if row.state in _RANK else len(_RANK)


def _about(row: TaskLine) -> tuple[str, ...]:
    """The three-word name and the app ID, as the tool tip below the status."""
    if row.state == "failed":
        return ("Failed", plain(row.sentence, 200), plain(row.remedy, 200), "The task goes on without a database.")
    if row.state == "creating":
        return (plain(row.name, 80) or "Creating…", plain(row.sentence, 200), "The task is usable meanwhile.")
    if not row.app_id:
        return ("No database",)
    return (plain(row.name, 80) or "unnamed", plain(row.app_id, 60), "Click to copy")


def _about_token(row: TaskLine) -> tuple[str, ...]:
    if not row.record_id:
        return ("No database",)
    if row.has_token:
        return ("Admin token", "Reveal it from the menu: it is shown once.")
    return ("No admin token", "Replace it: the registry then has the new one.")


def _database_name(row: IterationLine) -> str:
    return "none" if row.database is None else plain(row.database.name, 80) or "unnamed"


def _database_app_id(row: IterationLine) -> str:
    return "" if row.database is None else row.database.app_id


def _database_id(row: IterationLine) -> str:
    return plain(_database_app_id(row), 60) or "—"


def _about_database(row: IterationLine) -> tuple[str, ...]:
    if row.database is None:
        return ("No database came from this iteration",)
    return (_database_name(row), _database_id(row), "Click to copy")


def _searched(row: IterationLine) -> str:
    return "" if row.database is None else f"{row.database.name} {row.database.app_id}"


def _iteration_key(row: IterationLine) -> str:
    return f"{row.iteration.iteration_id} {row.database.record_id if row.database else ''}"
