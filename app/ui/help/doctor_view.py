"""The doctor's page: asks, shows each check with its remedy, copies and saves the report."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import (
    QFileDialog,
    QHBoxLayout,
    QProgressBar,
    QPushButton,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from app.core.connection import Connection
from app.core.errors import KnownError
from app.core.refs import AppRef
from app.core.text import plain
from app.services.doctor_report import Action, Check, Report
from app.ui.parts.badges import ElidedLabel, text_label
from app.ui.parts.empty_state import EmptyState
from app.ui.parts.form_field import ChoiceBox
from app.ui.parts.redaction import redacted
from app.ui.work.runner import SHOWN_AFTER_S, ProgressReporter, Runner, Ticket

from .doctor_rows import CheckList

if TYPE_CHECKING:
    from app.schema.draft import Draft
    from app.services.suite import Services

_FILE_NAME = "tenantry-doctor"
_OF_FOUNDATION = {Action.SHOW_USERS: "users", Action.RECONCILE: "reconcile", Action.NAME_PARTS: "foundation"}


@dataclass(frozen=True, slots=True)
class _Found:
    report: Report
    connections: tuple[Connection, ...]


class DoctorView(QWidget):
    """Signals say what a remedy needs of the window; ``told`` is a sentence for the status bar."""

    edit_requested = Signal(str)  # connection ID
    open_requested = Signal(object)  # AppRef
    stage_requested = Signal(object, object)  # AppRef, Draft
    findings_requested = Signal()
    workspaces_requested = Signal(str)  # connection ID
    foundation_requested = Signal(str, str)  # what to show of it (users, reconcile, foundation), connection ID
    told = Signal(str)

    def __init__(self, runner: Runner, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._runner = runner
        self.report: Report | None = None
        self._ticket: Ticket | None = None
        self._reporter = ProgressReporter()
        self.connection_box = ChoiceBox()
        self.summary = text_label("", "title")
        self.step = ElidedLabel(look="muted")
        self.progress = QProgressBar()
        self.list = CheckList()
        self.empty = EmptyState()
        self.run_button = QPushButton("&Run again")
        self.stop_button = QPushButton("&Stop")
        self.copy_button = QPushButton("&Copy report")
        self.save_button = QPushButton("Save &as…")
        self._stack = QStackedWidget()
        self._slow = QTimer(self, singleShot=True, interval=int(SHOWN_AFTER_S * 1000))
        self._look = QTimer(self, interval=100)
        self._build()
        self._lay_out()
        self._settle()

    def _build(self) -> None:
        self.setAccessibleName("Doctor")
        self.connection_box.addItem("All connections", None)
        self.connection_box.setAccessibleName("Connection")
        self.connection_box.activated.connect(lambda _at: self.run())
        self.progress.setTextVisible(False)
        self.progress.setAccessibleName("Looking")
        self._slow.timeout.connect(self._show_waiting)
        self._look.timeout.connect(self._show_progress)
        self.list.action_requested.connect(self._act)
        self.empty.activated.connect(self.run)
        self.empty.tell(
            "Is everything well?",
            "Looks at this machine, environment variables, the local database, and every connection.",
            "Run",
        )
        for button, act in (
            (self.run_button, self.run),
            (self.stop_button, self.stop),
            (self.copy_button, self.copy_report),
            (self.save_button, self.ask_file),
        ):
            button.setAutoDefault(False)
            button.clicked.connect(lambda _checked=False, act=act: act())

    def _lay_out(self) -> None:
        head = QHBoxLayout()
        head.setSpacing(10)
        head.addWidget(text_label("Doctor", "heading"))
        head.addWidget(self.connection_box)
        head.addStretch(1)
        for button in (self.copy_button, self.save_button, self.stop_button, self.run_button):
            head.addWidget(button)
        self._stack.addWidget(self.list)
        self._stack.addWidget(self.empty)
        self._stack.setCurrentWidget(self.empty)
        self.summary.setWordWrap(True)
        box = QVBoxLayout(self)
        box.setContentsMargins(14, 10, 14, 10)
        box.setSpacing(8)
        box.addLayout(head)
        box.addWidget(self.summary)
        box.addWidget(self.progress)
        box.addWidget(self.step)
        box.addWidget(self._stack, 1)
        self.setFocusProxy(self.run_button)

    # Asking

    def run(self, connection_id: str | None = None) -> None:
        """Look at everything, or at one connection and this machine; without one, at what is chosen in the box."""
        if connection_id is not None:
            self._choose(connection_id)
        wanted: str | None = self.connection_box.currentData()
        reporter = self._reporter = ProgressReporter()

        async def look(services: Services) -> _Found:
            ids = None if wanted is None else [wanted]
            report = await services.doctor.run(ids, on_progress=reporter)
            return _Found(report, tuple(services.connections.all()))

        self._ticket = self._runner.start(
            look,
            owner=self,
            title="Ask the doctor",
            done=self._take,
            failed=self._fail,
            cancelled=self._settle,
            replaces="doctor",
            reporter=reporter,
        )
        self._slow.start()
        self._look.start()

    def stop(self) -> None:
        """End the run; what was found before stays."""
        if self._ticket is not None:
            self._ticket.cancel()

    @property
    def is_running(self) -> bool:
        return self._ticket is not None and self._ticket.is_running

    def _show_waiting(self) -> None:
        self.progress.show()
        self.step.show()
        self.stop_button.show()

    def _show_progress(self) -> None:
        done, total, text = self._reporter.read()
        self.progress.setRange(0, total)
        self.progress.setValue(done)
        if text:
            self.step.set_text(text)

    def _settle(self) -> None:
        if self.is_running:
            # Another run has taken the place of the one that ended.
            return
        self._slow.stop()
        self._look.stop()
        for part in (self.progress, self.step, self.stop_button):
            part.hide()
        for button in (self.copy_button, self.save_button):
            button.setEnabled(self.report is not None)

    def _fail(self, error: KnownError) -> bool:
        self._settle()
        if self.report is not None:
            return False
        self.empty.tell(plain(error.sentence, 300), plain(error.remedy, 300), "Try again")
        self._stack.setCurrentWidget(self.empty)
        return True

    def _take(self, found: _Found) -> None:
        report = self.report = found.report
        self._settle()
        self._fill_connections(found.connections)
        at = time.strftime("%H:%M:%S", time.localtime(report.checked_at))
        self.summary.setText(f"{report.sentence} · looked at {at}")
        self.list.show_report(report)
        self._stack.setCurrentWidget(self.list)

    def _fill_connections(self, connections: Sequence[Connection]) -> None:
        chosen = self.connection_box.currentData()
        self.connection_box.clear()
        self.connection_box.addItem("All connections", None)
        for each in connections:
            self.connection_box.addItem(f"{plain(each.label, 60)} ({each.environment.value})", each.id)
        self.connection_box.setCurrentIndex(max(0, self.connection_box.findData(chosen)))

    def set_connections(self, connections: Sequence[Connection]) -> None:
        """What can be chosen, before anything was looked at."""
        self._fill_connections(connections)

    def _choose(self, connection_id: str) -> None:
        self.connection_box.setCurrentIndex(max(0, self.connection_box.findData(connection_id)))

    # Remedies

    def _act(self, check: Check) -> None:
        connection = check.connection
        if check.action is Action.SHOW_FINDINGS:
            self.findings_requested.emit()
        elif connection is None:
            return
        elif check.action is Action.EDIT_CONNECTION:
            self.edit_requested.emit(connection.id)
        elif check.action is Action.OPEN_APP:
            self.open_requested.emit(AppRef(connection.id, check.app_id))
        elif check.action is Action.STAGE_MISSING:
            self._stage(AppRef(connection.id, check.app_id))
        elif check.action is Action.SHOW_WORKSPACES:
            self.workspaces_requested.emit(connection.id)
        elif check.action in _OF_FOUNDATION:
            self.foundation_requested.emit(_OF_FOUNDATION[check.action], connection.id)

    def _stage(self, ref: AppRef) -> None:
        """What is missing is worked out from the schema as it is now."""

        async def work(services: Services) -> Draft | None:
            return await services.doctor.missing_parts(ref.connection_id)

        def done(draft: Draft | None) -> None:
            if draft is None:
                self.told.emit("Nothing is missing in the foundation any more")
                self.run()
            else:
                self.stage_requested.emit(ref, draft)

        self._runner.start(work, owner=self, title="Stage the missing parts", done=done, replaces="stage")

    # The report

    def copy_report(self) -> None:
        if self.report is not None:
            QGuiApplication.clipboard().setText(redacted(self.report.to_text()))
            self.told.emit("Copied the report")

    def ask_file(self) -> QFileDialog | None:
        """Ask where to save the report, as text or as JSON; None while there is none."""
        if self.report is None:
            return None
        dialog = QFileDialog(self, "Save the report")
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setNameFilters(["Text (*.txt)", "JSON (*.json)"])
        dialog.setDefaultSuffix("txt")
        dialog.filterSelected.connect(lambda chosen: dialog.setDefaultSuffix("json" if "json" in chosen else "txt"))
        dialog.selectFile(f"{_FILE_NAME}.txt")
        dialog.fileSelected.connect(lambda path: self.save(Path(path)))
        dialog.open()
        return dialog

    def save(self, path: Path) -> None:
        """JSON where the name ends so, else text; errors go the way of all errors."""
        report = self.report
        if report is None:
            return
        is_json = path.suffix.lower() == ".json"

        async def work(_services: Services) -> None:
            import asyncio

            from app.ui.diagram.diagram_export import write

            text = redacted(report.to_json() if is_json else report.to_text())
            await asyncio.to_thread(write, path, text.encode())

        def done(_nothing: None) -> None:
            self.told.emit(f"Saved {plain(path.name, 80)}")

        self._runner.start(work, owner=self, title="Save the report", done=done, replaces="save")
