"""The workspaces of a main database with their stores: check them, point them, move them, and what is wrong."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QPoint, Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QMenu, QProgressBar, QPushButton, QSplitter, QWidget

from app.core.connection import Connection
from app.core.refs import AppRef
from app.core.text import plain
from app.core.words import counted
from app.ui.foundation.foundation_page import FoundationPage
from app.ui.parts.badges import rule
from app.ui.parts.flow_layout import FlowLayout
from app.ui.parts.row_table import RowTable, SearchBox, menu_of, pop_up
from app.ui.work.runner import Runner

from .main_mode_row import MainModeRow
from .store_answers import StoreAnswers
from .store_findings_view import StoreFindingsView
from .store_work import StoreWork
from .workspace_model import NAME, workspace_model
from .workspace_notes import note_rows, nothing_words
from .workspace_rows import WorkspaceRow, copied_words, name_of, siblings

if TYPE_CHECKING:
    from collections.abc import Awaitable, Mapping

    from app.services.store_findings import StoreFinding
    from app.services.store_moving import OpenMove
    from app.services.store_words import MainOverview, StoreCheck
    from app.services.suite import Services

_NO_MAIN = "No main database"
_NO_MAIN_WHY = (
    "The main database says which workspaces there are and where their stores are. Edit the connection and name it; "
    "its workspaces appear here then."
)


@dataclass(frozen=True, slots=True)
class _Found:
    overview: MainOverview
    checks: Mapping[str, StoreCheck]
    moves: tuple[OpenMove, ...]


class WorkspacesView(FoundationPage):
    """A tab of one connection. ``compare_requested`` carries two AppRefs."""

    compare_requested = Signal(object, object)
    written = Signal(str, object)  # what was written to the main database, and about which Workspace
    no_foundation = (_NO_MAIN, _NO_MAIN_WHY)

    def __init__(self, runner: Runner, connection: Connection, parent: QWidget | None = None) -> None:
        super().__init__(runner, connection, "Workspaces", parent)
        self.overview: MainOverview | None = None
        self._found: tuple[StoreFinding, ...] = ()
        self._moves: tuple[OpenMove, ...] = ()
        self._wants_findings = False
        self.work = StoreWork(runner, connection.id, self)
        self.model = workspace_model(self, lambda: self.work.waiting)
        self.table = RowTable(self.model, "Workspaces and their stores", stretched=NAME)
        self.search_box = SearchBox("Search by workspace, store or state", self.table)
        self.findings = StoreFindingsView(StoreAnswers(self).to)
        self.mode_row = MainModeRow()
        self.bar = QProgressBar()
        self.split = QSplitter(Qt.Orientation.Vertical)
        self._build()
        self.settle_buttons()

    # Building

    def _build(self) -> None:
        self._build_mode()
        self.flow = FlowLayout(grows=True)
        self.tools.addLayout(self.flow, 1)
        self.search_box.setMaximumWidth(self.fontMetrics().averageCharWidth() * 60)
        self.search_box.setMinimumWidth(self.fontMetrics().averageCharWidth() * 24)
        self.flow.addWidget(self.search_box)
        self.bar.setTextVisible(False)
        self.bar.setAccessibleName("Checking stores")
        self.bar.setFixedWidth(self.fontMetrics().averageCharWidth() * 16)
        self.check_button = self._add("Check all", self.press_check)
        self.flow.addWidget(self.bar)
        self.bar.hide()
        self.edit_button = self._add("Edit store…", self.edit_store, writes=True)
        self.open_button = self._add("Open the schema", self.open_chosen)
        self.compare_button = self._add("Compare with siblings", self.compare_chosen)
        self.move_button = self._add("Move to its own store…", self.move_chosen, writes=True)
        self.split.addWidget(self.table)
        lower = QWidget()
        _stacked(lower, rule(), self.findings)
        self.split.addWidget(lower)
        self.split.setStretchFactor(0, 3)
        self.split.setStretchFactor(1, 2)
        line = self.fontMetrics().height()
        self.split.setSizes([line * 24, line * 13])
        self.split.setHandleWidth(1)
        self.table.setMinimumHeight(line * 5)
        self.split.setChildrenCollapsible(False)
        self.stack.addWidget(self.split)
        self.setFocusProxy(self.search_box)
        self._connect()

    def _build_mode(self) -> None:
        """Between the head and the tools."""
        row = self.mode_row
        self.mode_button = self.add_button(row, "Mode…", lambda: self.edit_main(0))
        self.names_button = self.add_button(row, "Names…", lambda: self.edit_main(1))
        self.names_button.setToolTip("What the main database calls its tables and columns")
        self.add_row(row)

    def _add(self, text: str, act: Callable[[], object], *, writes: bool = False) -> QPushButton:
        row = QHBoxLayout()
        button = self.add_button(row, text, act, writes=writes)
        row.removeWidget(button)
        self.flow.addWidget(button)
        return button

    def _connect(self) -> None:
        table = self.table
        self.search_box.searched.connect(self._search)
        work = self.work
        work.checked.connect(self._take_checks)
        work.check_changed.connect(self._follow_check)
        work.check_ended.connect(self._tell_checked)
        work.found.connect(self._take_findings)
        work.scan_changed.connect(self._follow_scan)
        self.findings.scan_requested.connect(lambda: self.look_for_findings(deep=True))
        self.findings.cancel_requested.connect(work.cancel_scan)
        table.copy_clicked.connect(lambda row: self._copy([self.model.rows[row]]))
        table.copy_requested.connect(lambda: self._copy(self.chosen()))
        table.open_requested.connect(self.open_chosen)
        table.selection_settled.connect(self.settle_buttons)
        table.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        table.customContextMenuRequested.connect(self._show_menu)

    # Reading

    def read(self) -> None:
        self._wants_findings = True
        super().read()

    def _read_if_seen(self) -> None:
        """After a change elsewhere: the rows follow it, but not every store is asked again."""
        super()._read_if_seen()
        self._wants_findings = False

    def reading(self) -> Callable[[Services], Awaitable[_Found]]:
        return partial(_read, self.connection.id)

    def take(self, found: _Found) -> None:
        self.overview, self._moves = found.overview, found.moves
        self.mode_row.show_mode(found.overview)
        self._show_rows(found.checks)
        self.notes.show_rows(note_rows(found.overview.notes, self._moves, self._resume, self.edit_main, self.can_write))
        self._show_stack()
        if self._wants_findings and self.model.total:
            self.look_for_findings(deep=False)

    def _show_rows(self, checks: Mapping[str, StoreCheck]) -> None:
        overview = self.overview
        if overview is None:
            return
        is_hosted, named = overview.mode == "hosted", self._named()
        rows = []
        for each in overview.workspaces:
            app_id = each.store.app_id if each.store is not None else ""
            check = checks.get(app_id) if app_id else None
            rows.append(WorkspaceRow(each, is_hosted, check, named[each.id]))
        rows.sort(key=lambda row: (name_of(row).casefold(), row.id))
        self.table.keep_over(lambda: self.model.show_rows(rows))
        self._tell_summary()

    def _named(self) -> Counter[str]:
        """How many findings name each workspace."""
        return Counter(each for finding in self._found for each in dict.fromkeys(finding.workspace_ids))

    def _tell_summary(self) -> None:
        self.mode_row.show_summary(self.model.all_rows)

    def _search(self, text: str) -> None:
        self.table.keep_over(lambda: self.model.search(text))
        if self._has_read:
            self._show_stack()

    def _show_stack(self) -> None:
        shown, total = len(self.model.rows), self.model.total
        self.show_count(shown, total, "workspace", is_narrowed=self.model.is_narrowed)
        if shown:
            self.stack.setCurrentWidget(self.split)
            return
        self.empty.tell(*nothing_words(self.overview, self.search_box.text(), total))
        self.stack.setCurrentWidget(self.empty)

    def act_on_empty(self, action: str) -> None:
        if action == "Names…":
            self.edit_main(1)
        else:
            self.search_box.clear()
            self.search_box.setFocus()

    # What is chosen

    def chosen(self) -> list[WorkspaceRow]:
        return self.table.selected_rows()

    def settle_buttons(self) -> None:
        rows, can_write = self.chosen(), self.can_write and self._has_read
        with_store = [row for row in rows if row.app_id]
        self.edit_button.setEnabled(can_write and len(rows) == 1)
        self.move_button.setEnabled(can_write and len(rows) == 1)
        self.open_button.setEnabled(len(with_store) == 1 and len(rows) == 1)
        self.compare_button.setEnabled(self._siblings() is not None)
        self.mode_button.setEnabled(self.overview is not None)
        self.names_button.setEnabled(self.overview is not None)
        self._tell_check()

    def _tell_check(self) -> None:
        count = len({row.app_id for row in self.chosen() if row.app_id})
        is_running = self.work.is_checking
        some = "Check all" if not count or count == self.model.total else f"Check {counted(count, 'store')}"
        self.check_button.setText("Cancel the check" if is_running else some)
        self.check_button.setEnabled(is_running or any(row.app_id for row in self.model.all_rows))

    def _show_menu(self, at: QPoint) -> None:
        pop_up(self.make_menu(), self.table, at)

    def make_menu(self) -> QMenu:
        rows = self.chosen()
        has_store = any(row.app_id for row in rows)
        entries: list[tuple[str, Callable[[], object], bool] | None] = [
            ("Check", lambda: self.check(rows), has_store and not self.work.is_checking),
            ("Open the schema", self.open_chosen, self.open_button.isEnabled()),
            ("Compare with siblings", self.compare_chosen, self.compare_button.isEnabled()),
            ("Copy app ID", lambda: self._copy(rows), has_store),
            None,
            ("Edit store…", self.edit_store, self.edit_button.isEnabled()),
            ("Move to its own store…", self.move_chosen, self.move_button.isEnabled()),
        ]
        return menu_of(self, entries)

    def _copy(self, rows: Sequence[WorkspaceRow]) -> None:
        app_ids = [row.app_id for row in rows if row.app_id]
        if app_ids:
            self.copy("\n".join(app_ids), copied_words(rows))

    def open_chosen(self) -> None:
        rows = self.chosen()
        if len(rows) == 1 and rows[0].app_id:
            self.open_requested.emit(AppRef(self.connection.id, rows[0].app_id))

    def _siblings(self) -> tuple[AppRef, AppRef] | None:
        """The chosen store and another: the second chosen one, else one that is well."""
        pair = siblings(self.chosen(), self.model.all_rows)
        return (AppRef(self.connection.id, pair[0]), AppRef(self.connection.id, pair[1])) if pair else None

    def compare_chosen(self) -> None:
        pair = self._siblings()
        if pair is not None:
            self.compare_requested.emit(*pair)

    # Checking

    def press_check(self) -> None:
        if self.work.is_checking:
            self.work.cancel_check()
        else:
            self.check(self.chosen())

    def check(self, rows: Iterable[WorkspaceRow] = ()) -> None:
        """Ask the stores of these rows; of all where none of them has one."""
        every = dict.fromkeys(row.app_id for row in self.model.all_rows if row.app_id)
        wanted = dict.fromkeys(row.app_id for row in rows if row.app_id) or every
        self.work.check(wanted, is_all=len(wanted) == len(every))

    def _take_checks(self, checks: Sequence[StoreCheck]) -> None:
        new = {each.app_id: each for each in checks}
        rows = [replace(row, check=new[row.app_id]) for row in self.model.all_rows if row.app_id in new]
        if rows:
            self.model.put(rows)

    def _follow_check(self) -> None:
        is_checking, (done, total) = self.work.is_checking, self.work.check_progress
        self.bar.setRange(0, max(total, 1))
        self.bar.setValue(done)
        self.bar.setVisible(is_checking)
        self.table.viewport().update()
        self._tell_check()
        if not is_checking:
            self._tell_summary()

    def _tell_checked(self, checks: Sequence[StoreCheck]) -> None:
        bad = sum(not each.is_reachable for each in checks)
        rest = f", {bad:,} not reachable" if bad else ", all reachable" if checks else ""
        self.copied.emit(f"Checked {counted(len(checks), 'store')}{rest}")

    # Findings

    def look_for_findings(self, *, deep: bool) -> None:
        self.work.scan(deep=deep)

    def _follow_scan(self) -> None:
        if self.findings.is_scanning != self.work.is_scanning:
            self.findings.set_scanning(self.work.is_scanning)
        if self.work.is_scanning:
            self.findings.show_progress(*self.work.scan_progress)

    def _take_findings(self, found: tuple[StoreFinding, ...], is_deep: bool) -> None:
        self._found = found
        self.findings.show_findings(found, time.time(), is_deep=is_deep)
        named = self._named()
        changed = [row for row in self.model.all_rows if row.findings != named[row.id]]
        if changed:
            self.model.put([replace(row, findings=named[row.id]) for row in changed])
        self._tell_summary()

    def show_workspace(self, workspace_id: str) -> None:
        """Bring it into sight and select it."""
        if self.model.place(workspace_id) < 0:
            self.search_box.clear()
        self.table.go_to(self.model.place(workspace_id))
        self.table.setFocus()

    # Dialogs

    def edit_store(self) -> None:
        rows = self.chosen()
        if len(rows) == 1 and self.can_write:
            self.edit_store_of(rows[0])

    def edit_store_of(self, row: WorkspaceRow, dsn_text: str = "") -> None:
        """``dsn_text`` is proposed in the place of what it has."""
        from .store_dialog import StoreDialog

        dialog = StoreDialog(self._runner, self.connection, row.workspace, self.window(), dsn_text=dsn_text)
        dialog.saved.connect(self.changed)
        dialog.saved.connect(lambda sentence: self.written.emit(sentence, row.workspace))
        dialog.open()

    def edit_main(self, part: int) -> None:
        """Mode (0), names (1) or classification (2)."""
        from .main_database_dialog import MainDatabaseDialog

        if self.overview is not None:
            dialog = MainDatabaseDialog(self._runner, self.connection, self.overview, self.window())
            dialog.show_part(part)
            dialog.saved.connect(self.changed)
            dialog.open()

    def move_chosen(self) -> None:
        rows = self.chosen()
        if len(rows) == 1 and self.can_write:
            self.move_workspace(rows[0])

    def move_workspace(self, row: WorkspaceRow) -> None:
        open_move = next((each for each in self._moves if each.workspace_id == row.id), None)
        self._show_move(row.id, name_of(row), open_move)

    def _resume(self, move: OpenMove) -> None:
        self._show_move(move.workspace_id, plain(move.workspace, 120) or move.workspace_id, move)

    def _show_move(self, workspace_id: str, name: str, move: OpenMove | None) -> None:
        from .move_dialog import MoveDialog

        dialog = MoveDialog(self._runner, self.connection, workspace_id, name, move, self.window())
        dialog.told.connect(self.copied)
        dialog.finished.connect(lambda _result: self.read())
        dialog.open()


def _stacked(place: QWidget, *parts: QWidget) -> None:
    from PySide6.QtWidgets import QVBoxLayout

    box = QVBoxLayout(place)
    box.setContentsMargins(0, 0, 0, 0)
    box.setSpacing(0)
    for at, part in enumerate(parts):
        box.addWidget(part, 1 if at == len(parts) - 1 else 0)


async def _read(connection_id: str, services: Services) -> _Found:
    overview = await services.stores.overview(connection_id)
    moves = await services.store_moving.open_moves(connection_id)
    return _Found(overview, services.stores.last_checks(connection_id), moves)
