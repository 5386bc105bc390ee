"""The rows that stand in a failed job's way: which they are, and on request what is in them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, Qt, Signal
from PySide6.QtGui import QGuiApplication, QKeySequence, QShortcut
from PySide6.QtWidgets import QHBoxLayout, QPushButton, QTableView, QVBoxLayout, QWidget

from app.core.errors import KnownError
from app.core.refs import AppRef
from app.core.text import plain
from app.core.words import counted
from app.ui.look.theme import mono_font
from app.ui.parts.badges import text_label
from app.ui.parts.table_looks import dress_rows
from app.ui.work.runner import Runner

if TYPE_CHECKING:
    from app.platforms.contract import PushJob
    from app.services.suite import Services

Index = QModelIndex | QPersistentModelIndex
_NONE = QModelIndex()
_DISPLAY, _TIP, _FONT, _ACCESSIBLE = 0, 3, 6, 11
_CELL_LIMIT = 300
_MOST_COLUMNS = 40
_KINDS = {"missing": "no value"}


class RowsModel(QAbstractTableModel):
    """Entity ID first; then the value in the way, or, once the rows were read, all their values."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.headers: tuple[str, ...] = ("Entity ID", "Value")
        self.cells: tuple[tuple[str, ...], ...] = ()
        self._mono = mono_font()

    def show_cells(self, headers: Sequence[str], cells: Sequence[tuple[str, ...]]) -> None:
        self.beginResetModel()
        self.headers, self.cells = tuple(headers), tuple(cells)
        self.endResetModel()

    def rowCount(self, parent: Index = _NONE) -> int:
        return 0 if parent.isValid() else len(self.cells)

    def columnCount(self, parent: Index = _NONE) -> int:
        return 0 if parent.isValid() else len(self.headers)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = 0) -> Any:
        if orientation is Qt.Orientation.Horizontal and role == _DISPLAY:
            return self.headers[section]
        return None

    def data(self, index: Index, role: int = 0) -> Any:
        text = self.cells[index.row()][index.column()]
        if role in (_DISPLAY, _TIP):
            return text
        if role == _FONT:
            return self._mono
        if role == _ACCESSIBLE:
            return f"{self.headers[index.column()]}: {text or 'empty'}"
        return None


class OffendingRows(QWidget):
    """``copied`` carries a sentence for the operator."""

    copied = Signal(str)

    def __init__(self, runner: Runner, ref: AppRef, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._runner, self._ref = runner, ref
        self.job: PushJob | None = None
        self._opened: tuple[dict[str, Any], ...] = ()
        self.model = RowsModel(self)
        self.sentence = text_label("", "errorText")
        self.note = text_label("", "small")
        self.table = QTableView()
        self.open_button = QPushButton("&Open rows")
        self.copy_id_button = QPushButton("Copy &ID")
        self.copy_button = QPushButton("Copy as &JSON")
        self._build()
        self._lay_out()

    def _build(self) -> None:
        self.table.setModel(self.model)
        dress_rows(self.table, "Rows in the way")
        self.table.horizontalHeader().setStretchLastSection(True)
        copy = QKeySequence.StandardKey.Copy
        QShortcut(copy, self.table, self.copy_id, context=Qt.ShortcutContext.WidgetShortcut)
        for label in (self.sentence, self.note):
            label.setWordWrap(True)
            label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        for button, act in (
            (self.open_button, self.open_rows),
            (self.copy_id_button, self.copy_id),
            (self.copy_button, self.copy_json),
        ):
            button.setProperty("look", "small")
            button.setAutoDefault(False)
            button.clicked.connect(act)

    def _lay_out(self) -> None:
        buttons = QHBoxLayout()
        buttons.addWidget(self.note, 1)
        for button in (self.open_button, self.copy_id_button, self.copy_button):
            buttons.addWidget(button)
        box = QVBoxLayout(self)
        box.setContentsMargins(0, 0, 0, 0)
        box.setSpacing(6)
        box.addWidget(self.sentence)
        box.addWidget(self.table, 1)
        box.addLayout(buttons)

    def show_job(self, job: PushJob) -> None:
        if job == self.job:
            return
        self.job, self._opened = job, ()
        self.sentence.setText(plain(job.error, 600))
        self.sentence.setVisible(bool(job.error))
        cells = [(row.entity_id, plain(row.value, _CELL_LIMIT) or _KINDS.get(row.kind, "no value")) for row in job.rows]
        self.model.show_cells(("Entity ID", "Value"), cells)
        self._fit()
        has_rows = bool(job.rows)
        self.note.setText(_how_many(job))
        for widget in (self.table, self.open_button, self.copy_id_button, self.copy_button):
            widget.setVisible(has_rows)
        self.open_button.setEnabled(has_rows)
        if has_rows:
            self.table.selectRow(0)

    def open_rows(self) -> None:
        job, ref = self.job, self._ref
        if job is None:
            return
        self.open_button.setEnabled(False)
        self.note.setText("Reading the rows…")

        async def read(services: Services) -> tuple[dict[str, Any], ...]:
            return await services.workshop.offending_rows(ref, job)

        self._runner.start(
            read,
            owner=self,
            title=f"Read the rows in the way of {plain(job.place, 60)}",
            done=self._take_rows,
            failed=self._fail,
            cancelled=lambda: self.open_button.setEnabled(True),
            replaces="rows",
        )

    def _take_rows(self, rows: tuple[dict[str, Any], ...]) -> None:
        self._opened = rows
        self.note.setText(_read_note(len(rows), len(self.model.cells)))
        if not rows:
            self.open_button.setEnabled(True)
            return
        names = sorted({name for row in rows for name in row if name != "id"})[: _MOST_COLUMNS - 1]
        cells = [(str(row.get("id", "")), *(_cell(row, name) for name in names)) for row in rows]
        self.model.show_cells(("Entity ID", *(plain(name, 60) for name in names)), cells)
        self._fit()
        self.table.selectRow(0)
        self.table.setFocus()

    def _fail(self, error: KnownError) -> bool:
        self.open_button.setEnabled(True)
        self.note.setText(f"{plain(error.sentence, 300)} {plain(error.remedy, 200)}".strip())
        return True

    def _fit(self) -> None:
        width = self.fontMetrics().averageCharWidth()
        mono = self.table.fontMetrics().horizontalAdvance("0") * 42
        for column in range(len(self.model.headers)):
            self.table.setColumnWidth(column, mono if column == 0 else width * 22)

    def copy_id(self) -> None:
        rows = sorted({index.row() for index in self.table.selectionModel().selectedIndexes()})
        ids = [self.model.cells[row][0] for row in rows]
        if ids:
            QGuiApplication.clipboard().setText("\n".join(ids))
            self._say(f"Copied {ids[0]}" if len(ids) == 1 else f"Copied {len(ids):,} entity IDs")

    def copy_json(self) -> None:
        """The rows themselves where they were read, else what the job says of them."""
        if self.job is None:
            return
        rows: list[dict[str, Any]] = list(self._opened) or [
            {"id": row.entity_id, "value": _value(row.value)} for row in self.job.rows
        ]
        QGuiApplication.clipboard().setText(json.dumps(rows, ensure_ascii=False, indent=2, default=str))
        self._say(f"Copied {counted(len(rows), 'row')} as JSON")

    def _say(self, sentence: str) -> None:
        self.note.setText(sentence)
        self.copied.emit(sentence)


def _how_many(job: PushJob) -> str:
    known, named = job.row_count, len(job.rows)
    if known is not None and known > named:
        return f"{counted(known, 'row')} in the way; the platform names the first {named:,}."
    return f"{counted(named, 'row')} in the way." if named else ""


def _read_note(found: int, asked: int) -> str:
    if found < asked:
        gone = asked - found
        return f"{counted(found, 'row')} read; {gone:,} {'is' if gone == 1 else 'are'} not there any more."
    return f"{counted(found, 'row')} read."


def _cell(row: dict[str, Any], name: str) -> str:
    if name not in row or row[name] is None:
        return ""
    value = row[name]
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    return plain(text, _CELL_LIMIT)


def _value(text: str) -> Any:
    """A value was cut to a length: then it is no JSON any more, but text."""
    try:
        return json.loads(text) if text else None
    except ValueError:
        return text
