"""Pushes and versions as tables."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, Qt

from app.core.apps import AppState
from app.core.status import Severity
from app.core.text import plain
from app.core.words import counted
from app.ui.look.icons import State, state_icon
from app.ui.parts.ages import ago

if TYPE_CHECKING:
    from app.services.workshop_words import PushRecord, RecordedOutcome, SchemaVersion

Row = TypeVar("Row")
Index = QModelIndex | QPersistentModelIndex
_NONE = QModelIndex()
_DISPLAY, _DECORATION, _TIP, _ACCESSIBLE = 0, 1, 3, 11
_OUTCOMES: dict[RecordedOutcome, tuple[State, str]] = {
    "started": (AppState.CREATING, "Runs now"),
    "unknown": (AppState.UNKNOWN, "Not known"),
    "done": (AppState.OK, "Done"),
    "nothing": (AppState.DISABLED, "Nothing to do"),
    "stale": (Severity.WARNING, "Not sent: changed meanwhile"),
    "partial": (Severity.WARNING, "Done in part"),
    "failed": (Severity.ERROR, "Failed"),
}

Cells = Callable[[Row], tuple[str, ...]]


class ListModel(QAbstractTableModel, Generic[Row]):
    """Rows that never change once they are shown; ``cells`` makes a row's texts, ``mark`` the shape in ``marked``."""

    def __init__(
        self,
        headers: tuple[str, ...],
        cells: Cells[Row],
        parent: QObject,
        *,
        mark: Callable[[Row], State] | None = None,
        marked: int = 0,
    ) -> None:
        super().__init__(parent)
        self._headers, self._cells, self._mark, self._marked = headers, cells, mark, marked
        self.rows: tuple[Row, ...] = ()

    def show_rows(self, rows: Sequence[Row]) -> None:
        self.beginResetModel()
        self.rows = tuple(rows)
        self.endResetModel()

    def rowCount(self, parent: Index = _NONE) -> int:
        return 0 if parent.isValid() else len(self.rows)

    def columnCount(self, parent: Index = _NONE) -> int:
        return 0 if parent.isValid() else len(self._headers)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = 0) -> Any:
        if orientation is Qt.Orientation.Horizontal and role == _DISPLAY:
            return self._headers[section]
        return None

    def data(self, index: Index, role: int = 0) -> Any:
        row, column = self.rows[index.row()], index.column()
        if role in (_DISPLAY, _TIP):
            return self._cells(row)[column]
        if role == _DECORATION and column == self._marked and self._mark is not None:
            return state_icon(self._mark(row))
        if role == _ACCESSIBLE:
            return f"{self._headers[column]}: {self._cells(row)[column]}"
        return None


def outcome_look(outcome: RecordedOutcome) -> tuple[State, str]:
    return _OUTCOMES.get(outcome, (AppState.UNKNOWN, plain(outcome, 40)))


def push_model(parent: QObject, *, has_app: bool) -> ListModel[PushRecord]:
    """``has_app``: pushes of many apps, each with its name."""
    headers = ("When", "Who", *(("App",) if has_app else ()), "Outcome", "Changes")

    def cells(record: PushRecord) -> tuple[str, ...]:
        app = (f"{plain(record.app_title, 80) or 'untitled'} · {plain(record.connection_label, 40)}",)
        changes = counted(len(record.steps), "change")
        return when(record.at), plain(record.who, 60), *(app if has_app else ()), outcome_text(record), changes

    return ListModel(headers, cells, parent, mark=lambda each: outcome_look(each.outcome)[0], marked=len(headers) - 2)


def outcome_text(record: PushRecord) -> str:
    word = outcome_look(record.outcome)[1]
    if record.undone_by is not None:
        return f"{word}, taken back"
    return f"{word}, took back a push" if record.undoes is not None else word


def version_model(parent: QObject) -> ListModel[SchemaVersion]:
    def cells(version: SchemaVersion) -> tuple[str, ...]:
        origin = "Pushed from here" if version.origin == "push" else "Seen at a refresh"
        return when(version.at), origin, version.fingerprint, plain(version.note, 200)

    return ListModel(("When", "How it came", "Fingerprint", "Note"), cells, parent)


def when(at: float) -> str:
    """ "2026-11-20 14:03, 3 h ago"."""
    if at <= 0:
        return "never"
    return f"{datetime.fromtimestamp(at):%Y-%m-%d %H:%M}, {ago(at, time.time())}"
