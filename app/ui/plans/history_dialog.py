"""What was pushed, by whom, and how it ended; and the schemas that an app had."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, TypeVar

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import (
    QAbstractItemView,
    QDialog,
    QHBoxLayout,
    QPlainTextEdit,
    QProgressBar,
    QPushButton,
    QSplitter,
    QTableView,
    QTabWidget,
    QVBoxLayout,
    QWidget,
)

from app.core.apps import AppSummary
from app.core.connection import Connection
from app.core.errors import KnownError
from app.core.refs import AppRef
from app.core.status import Severity
from app.core.text import plain
from app.services.workshop_words import AppSource, Source, VersionSource
from app.ui.parts.badges import ElidedLabel, text_label
from app.ui.parts.dialog_size import fit
from app.ui.parts.environment_badge import EnvironmentBadge
from app.ui.parts.note_row import NoteRow, NoteStack
from app.ui.parts.table_looks import dress
from app.ui.work.runner import SHOWN_AFTER_S, Runner

from .history_lists import outcome_text, push_model, version_model, when

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from app.schema.draft import Draft
    from app.services.suite import Services
    from app.services.workshop_words import PushRecord, SchemaVersion, Undo

T = TypeVar("T")
_MOST_STEPS = 500

_NO_PUSH = "Nothing was pushed from here yet. Review the plan of an app and push it; here it can be undone."


class HistoryDialog(QDialog):
    """Of one app (then with its versions), or of all (``connection`` and ``app`` are None).

    ``connections`` are looked up for the badge of an undo. ``pushed`` is sent when a push was taken back.
    """

    pushed = Signal(object, object)  # AppRef, PushReport
    stage_requested = Signal(object, object)  # AppRef, Draft: from comparing with the past
    copied = Signal(str)

    def __init__(
        self,
        runner: Runner,
        connections: Sequence[Connection],
        app: AppSummary | None = None,
        parent: QWidget | None = None,
    ) -> None:
        super().__init__(parent)
        self._runner = runner
        self._connections = {each.id: each for each in connections}
        self._app = app
        self._ref = AppRef(app.connection_id, app.app_id) if app is not None else None
        self.setWindowTitle("History")
        self.tabs = QTabWidget()
        self.tabs.setAccessibleName("Pushes and versions")
        self.pushes, self.versions = QTableView(), QTableView()
        self.push_model = push_model(self, has_app=app is None)
        self.version_model = version_model(self)
        self.details = QPlainTextEdit()
        self.notes = NoteStack()
        self.progress = QProgressBar()
        self.undo_button = QPushButton("&Undo push…")
        self.settle_button = QPushButton("&Find out what it did")
        self.copy_button = QPushButton("&Copy")
        self.compare_button = QPushButton("Compare with &now")
        self.compare_two_button = QPushButton("Compare the &two")
        self.close_button = QPushButton("Close")
        self._slow = QTimer(self, singleShot=True, interval=int(SHOWN_AFTER_S * 1000))
        self._build()
        self._lay_out()
        self.read()

    def _build(self) -> None:
        self.finished.connect(self.deleteLater)
        self._slow.timeout.connect(self.progress.show)
        self.pushes.setModel(self.push_model)
        self.versions.setModel(self.version_model)
        app = (34,) if self._app is None else ()
        dress(self.pushes, "Pushes", (36, 20, *app, 30, 12), 2 if self._app is None else 1)
        self.pushes.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        dress(self.versions, "Versions", (36, 20, 22, 20), 3)
        self.pushes.selectionModel().selectionChanged.connect(lambda *_: self._follow_push())
        self.versions.selectionModel().selectionChanged.connect(lambda *_: self._follow_version())
        self.versions.doubleClicked.connect(lambda _: self.compare_with_now())
        self.details.setReadOnly(True)
        self.details.setTabChangesFocus(True)
        self.details.setAccessibleName("What the push did")
        self.progress.setRange(0, 0)
        self.progress.setTextVisible(False)
        self.progress.setAccessibleName("Reading")
        self.progress.hide()
        for button, act in (
            (self.undo_button, self.undo),
            (self.settle_button, self.settle),
            (self.copy_button, self.copy),
            (self.compare_button, self.compare_with_now),
            (self.compare_two_button, self.compare_two),
            (self.close_button, self.reject),
        ):
            button.setAutoDefault(False)
            button.clicked.connect(act)

    def _lay_out(self) -> None:
        head = QHBoxLayout()
        head.setSpacing(8)
        head.addWidget(text_label("History", "heading"))
        if self._app is not None:
            head.addWidget(ElidedLabel(self._app.title or "untitled", look="muted"), 1)
            connection = self._connections.get(self._app.connection_id)
            if connection is not None:
                head.addWidget(text_label(plain(connection.label, 60), "muted"))
                head.addWidget(EnvironmentBadge(connection.environment))
        else:
            head.addWidget(text_label("all apps", "muted"), 1)
        split = QSplitter(Qt.Orientation.Vertical)
        split.setChildrenCollapsible(False)
        split.addWidget(self.pushes)
        split.addWidget(self.details)
        split.setSizes((300, 220))
        self.tabs.addTab(_page(split, (self.copy_button, self.settle_button, self.undo_button)), "Pushes")
        versions = _page(self.versions, (self.compare_two_button, self.compare_button))
        if self._app is not None:
            self.tabs.addTab(versions, "Versions")
        else:
            # Never seen, but it has to go with the dialog.
            versions.setParent(self)
            versions.hide()
        buttons = QHBoxLayout()
        buttons.addStretch(1)
        buttons.addWidget(self.close_button)
        box = QVBoxLayout(self)
        box.setContentsMargins(22, 20, 22, 18)
        box.setSpacing(12)
        box.addLayout(head)
        box.addWidget(self.notes)
        box.addWidget(self.tabs, 1)
        box.addWidget(self.progress)
        box.addLayout(buttons)
        self.setMinimumSize(680, 420)
        fit(self, 140, 36)
        self.pushes.setFocus()
        self._follow_push()
        self._follow_version()

    # Reading

    def read(self) -> None:
        ref = self._ref

        async def pushes(services: Services) -> tuple[PushRecord, ...]:
            return await services.workshop.pushes(ref)

        self._start(pushes, "Read the pushes", self._take_pushes, "pushes")
        if ref is None:
            return

        async def versions(services: Services) -> tuple[SchemaVersion, ...]:
            return await services.workshop.versions(ref)

        self._start(versions, "Read the versions", self._take_versions, "versions")

    def _start(
        self, work: Callable[[Services], Awaitable[T]], title: str, done: Callable[[T], None], kind: str
    ) -> None:
        def finish(found: T) -> None:
            self._settle_progress()
            done(found)

        self._slow.start()
        self._runner.start(work, owner=self, title=title, done=finish, failed=self._fail, replaces=kind)

    def _settle_progress(self) -> None:
        self._slow.stop()
        self.progress.hide()

    def _fail(self, error: KnownError) -> bool:
        self._settle_progress()
        self._follow_push()
        self.notes.show_rows([NoteRow(Severity.ERROR, plain(error.sentence, 400), plain(error.remedy, 300))])
        return True

    def _take_pushes(self, records: tuple[PushRecord, ...]) -> None:
        chosen = self.chosen_push
        self.push_model.show_rows(records)
        ids = [each.id for each in records]
        at = ids.index(chosen.id) if chosen is not None and chosen.id in ids else 0
        if records:
            self.pushes.selectRow(at)
        self._follow_push()

    def _take_versions(self, versions: tuple[SchemaVersion, ...]) -> None:
        self.version_model.show_rows(versions)
        if versions:
            self.versions.selectRow(0)
        self._follow_version()

    # Pushes

    @property
    def chosen_push(self) -> PushRecord | None:
        rows = self.pushes.selectionModel().selectedRows()
        return self.push_model.rows[rows[0].row()] if rows else None

    def _follow_push(self) -> None:
        record = self.chosen_push
        self.undo_button.setEnabled(record is not None and record.can_be_undone)
        self.undo_button.setToolTip("" if record is None else _why_not(record))
        self.settle_button.setVisible(record is not None and record.outcome == "unknown")
        self.copy_button.setEnabled(record is not None)
        nothing = "" if self.push_model.rows else _NO_PUSH
        self.details.setPlainText(record_text(record) if record is not None else nothing)

    def copy(self) -> None:
        record = self.chosen_push
        if record is not None:
            QGuiApplication.clipboard().setText(record_text(record))
            self.copied.emit("Copied the push")

    def settle(self) -> None:
        record = self.chosen_push
        if record is None:
            return
        push_id = record.id

        async def settle(services: Services) -> PushRecord:
            return await services.workshop.settle(push_id)

        self._start(settle, "Find out what a push did", self._take_settled, "settle")

    def _take_settled(self, record: PushRecord) -> None:
        self.notes.show_rows([NoteRow(Severity.INFO, plain(record.sentence, 400))])
        self.read()

    def undo(self) -> None:
        """Builds the reverse of the push against today's schema, and shows it as a plan."""
        record = self.chosen_push
        if record is None or not record.can_be_undone:
            return
        self.notes.show_rows(())
        self.undo_button.setEnabled(False)
        push_id = record.id

        async def reverse(services: Services) -> Undo:
            return await services.workshop.undo(push_id)

        self._start(reverse, "Work out how to undo the push", lambda undo: self._show_undo(record, undo), "undo")

    def _show_undo(self, record: PushRecord, undo: Undo) -> None:
        self._follow_push()
        connection = self._connections.get(undo.ref.connection_id)
        if connection is None:
            note = NoteRow(Severity.ERROR, "The connection of this push was removed.", "Add it again, then undo.")
            self.notes.show_rows([note])
            return
        from .undo_push import undo_dialog

        dialog = undo_dialog(self._runner, connection, self._app, undo, self, record.app_title)
        dialog.pushed.connect(lambda report: self._take_undone(undo.ref, report))
        dialog.copied.connect(self.copied)
        dialog.open()

    def _take_undone(self, ref: AppRef, report: object) -> None:
        self.pushed.emit(ref, report)
        self.read()

    # Versions

    @property
    def chosen_versions(self) -> tuple[SchemaVersion, ...]:
        """The newest first."""
        rows = sorted(index.row() for index in self.versions.selectionModel().selectedRows())
        return tuple(self.version_model.rows[row] for row in rows)

    def _follow_version(self) -> None:
        self.compare_button.setEnabled(len(self.chosen_versions) == 1)
        self.compare_two_button.setEnabled(len(self.chosen_versions) == 2)

    def compare_with_now(self) -> None:
        chosen = self.chosen_versions
        if chosen and self._ref is not None:
            self._compare(VersionSource(self._ref, chosen[0].fingerprint), AppSource(self._ref))

    def compare_two(self) -> None:
        chosen = self.chosen_versions
        if len(chosen) == 2 and self._ref is not None:
            newer, older = chosen
            self._compare(VersionSource(self._ref, older.fingerprint), VersionSource(self._ref, newer.fingerprint))

    def _compare(self, left: Source, right: Source) -> None:
        from .compare_dialog import CompareDialog

        dialog = CompareDialog(self._runner, left, right, self)
        dialog.copied.connect(self.copied)
        dialog.stage_requested.connect(self._stage)
        dialog.open()

    def _stage(self, ref: AppRef, draft: Draft) -> None:
        # The app's tab is behind this dialog.
        self.accept()
        self.stage_requested.emit(ref, draft)


def record_text(record: PushRecord) -> str:
    """Everything about a push, in plain text."""
    lines = [
        f"{outcome_text(record)}: {plain(record.sentence, 600)}" if record.sentence else outcome_text(record),
        "",
        f"{plain(record.app_title, 120) or 'untitled'} ({record.ref.app_id})",
        f"on {plain(record.connection_label, 80)}, by {plain(record.who, 80) or 'nobody known'}, {when(record.at)}",
        f"schema {record.before or '?'} → {record.after or '?'}",
        "",
    ]
    lines += [f"{at}. {plain(step, 600)}" for at, step in enumerate(record.steps[:_MOST_STEPS], 1)]
    if len(record.steps) > _MOST_STEPS:
        lines.append(f"… and {len(record.steps) - _MOST_STEPS:,} more")
    return "\n".join(lines)


def _why_not(record: PushRecord) -> str:
    if record.can_be_undone:
        return ""
    if record.undone_by is not None:
        return "It was taken back already."
    return "Nothing of it took effect." if record.outcome in ("failed", "stale", "nothing") else "It cannot be undone."


def _page(content: QWidget, buttons: Sequence[QPushButton]) -> QWidget:
    page = QWidget()
    row = QHBoxLayout()
    row.addStretch(1)
    for button in buttons:
        row.addWidget(button)
    box = QVBoxLayout(page)
    box.setContentsMargins(0, 8, 0, 0)
    box.addWidget(content, 1)
    box.addLayout(row)
    return page
