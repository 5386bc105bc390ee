"""The audit trail: every change that was made, looked through, read in full, and written out for others."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QGuiApplication, QKeyEvent, QShowEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QFileDialog,
    QHBoxLayout,
    QLineEdit,
    QPlainTextEdit,
    QPushButton,
    QSplitter,
    QTableView,
    QVBoxLayout,
    QWidget,
)

from app.core.audit import AuditFilter, AuditPage, AuditRecord
from app.core.errors import KnownError
from app.core.refs import AppRef
from app.core.text import plain
from app.core.words import counted
from app.ui.look.theme import mono_font
from app.ui.parts.badges import text_label
from app.ui.parts.flow_layout import FlowLayout
from app.ui.parts.form_field import ChoiceBox
from app.ui.parts.table_looks import dress
from app.ui.work.runner import Runner

from .audit_model import ABOUT, LETTERS, AuditModel, details_text

if TYPE_CHECKING:
    from app.services.audit_trail import Form
    from app.services.suite import Services

# Kinds of acts; (ID, label) of connections.
Choices = tuple[tuple[str, ...], tuple[tuple[str, str], ...]]
_DAY_S = 86_400
_PERIODS = (("Any time", 0), ("Last 24 hours", 1), ("Last 7 days", 7), ("Last 30 days", 30), ("Last year", 365))
_OUTCOMES = (("Any outcome", ""), ("Done", "done"), ("Failed", "failed"), ("Cancelled", "cancelled"))
_FORMS: dict[str, Form] = {"CSV table (*.csv)": "csv", "JSON (*.json)": "json"}
_TYPING_MS = 200


class AuditView(QWidget):
    """``open_requested`` carries the AppRef of an act's app, ``told`` a sentence for the status bar."""

    open_requested = Signal(object)
    told = Signal(str)

    def __init__(
        self, runner: Runner, parent: QWidget | None = None, *, clock: Callable[[], float] = time.time
    ) -> None:
        super().__init__(parent)
        self._runner, self._clock = runner, clock
        self.model = AuditModel(self)
        self.search = QLineEdit()
        self.connection_box, self.kind_box, self.outcome_box, self.period_box = (ChoiceBox() for _ in range(4))
        self.table = QTableView()
        self.details = QPlainTextEdit()
        self.count = text_label("", "muted")
        self.refresh_button = QPushButton("&Refresh")
        self.export_button = QPushButton("&Export…")
        self.open_button = QPushButton("&Open app")
        self.copy_button = QPushButton("&Copy details")
        self._shown = AuditFilter()
        self._typing = QTimer(self, singleShot=True, interval=_TYPING_MS)
        self._typing.timeout.connect(self.read)
        self._build()
        self._lay_out()
        self._follow()

    def _build(self) -> None:
        self.setAccessibleName("Audit trail")
        self.setFocusProxy(self.search)
        self.search.setPlaceholderText("Search in all acts")
        self.search.setAccessibleName("Search in all acts")
        self.search.setClearButtonEnabled(True)
        self.search.textChanged.connect(lambda _text: self._typing.start())
        self.search.returnPressed.connect(self.table.setFocus)
        for box, name, choices in (
            (self.connection_box, "Connection", (("All connections", ""),)),
            (self.kind_box, "What was done", (("Everything", ""),)),
            (self.outcome_box, "How it ended", _OUTCOMES),
            (self.period_box, "Period", _PERIODS),
        ):
            box.setAccessibleName(name)
            for text, value in choices:
                box.addItem(text, value)
            box.activated.connect(lambda _at: self.read())
        self.table.setModel(self.model)
        dress(self.table, "Acts, the newest first", LETTERS, ABOUT)
        self.table.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.table.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.table.selectionModel().selectionChanged.connect(lambda *_: self._follow())
        self.table.doubleClicked.connect(lambda _index: self.open())
        self.model.more_wanted.connect(self._read_on)
        self.details.setReadOnly(True)
        self.details.setTabChangesFocus(True)
        self.details.setFont(mono_font())
        self.details.setAccessibleName("Details of the act")
        for button, act in (
            (self.refresh_button, self.read),
            (self.export_button, self.ask_where),
            (self.open_button, self.open),
            (self.copy_button, self.copy),
        ):
            button.setAutoDefault(False)
            button.clicked.connect(lambda _=False, act=act: act())

    def _lay_out(self) -> None:
        head = QWidget()
        filters = FlowLayout(head)
        boxes = (self.connection_box, self.kind_box, self.outcome_box, self.period_box)
        self.search.setMinimumWidth(self.fontMetrics().averageCharWidth() * 30)
        for part in (self.search, *boxes, self.refresh_button, self.export_button):
            filters.addWidget(part)
        below = QWidget()
        box = QVBoxLayout(below)
        box.setContentsMargins(0, 0, 0, 0)
        box.addWidget(self.details, 1)
        foot = QHBoxLayout()
        foot.addWidget(self.count, 1)
        foot.addWidget(self.open_button)
        foot.addWidget(self.copy_button)
        box.addLayout(foot)
        splitter = QSplitter(Qt.Orientation.Vertical)
        splitter.addWidget(self.table)
        splitter.addWidget(below)
        splitter.setStretchFactor(0, 3)
        splitter.setStretchFactor(1, 2)
        splitter.setChildrenCollapsible(False)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(14, 12, 14, 12)
        layout.setSpacing(9)
        layout.addWidget(head)
        layout.addWidget(splitter, 1)

    # Reading

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self.read()

    def wanted(self) -> AuditFilter:
        days = int(self.period_box.currentData())
        return AuditFilter(
            text=self.search.text().strip(),
            connection_id=str(self.connection_box.currentData()),
            kind=str(self.kind_box.currentData()),
            outcome=str(self.outcome_box.currentData()),
            since=self._clock() - days * _DAY_S if days else 0.0,
        )

    def read(self) -> None:
        """The newest acts that fit, and what else can be chosen by now."""
        self._typing.stop()
        wanted = self.wanted()

        async def read(services: Services) -> tuple[AuditPage, Choices]:
            return await services.audit.page(wanted), await services.audit.choices()

        self._runner.start(
            read,
            owner=self,
            title="Read the audit trail",
            done=lambda found: self._take(wanted, *found),
            replaces="page",
            quiet=True,
        )

    def _take(self, wanted: AuditFilter, page: AuditPage, choices: Choices) -> None:
        self._shown = wanted
        kinds, places = choices
        chosen = self.chosen()
        _fill(self.kind_box, [(plain(each.capitalize(), 40), each) for each in kinds])
        _fill(self.connection_box, [(plain(label, 50), key) for key, label in places])
        self.model.show(page.records, has_more=page.has_more)
        self.count.setText(counted(page.total, "act"))
        at = next((at for at, each in enumerate(page.records) if chosen is not None and each.id == chosen.id), 0)
        if page.records:
            self.table.selectRow(at)
        self._follow()

    def _read_on(self, before_id: int) -> None:
        wanted = self._shown

        def take(page: AuditPage) -> None:
            if self._shown is wanted:
                self.model.append(page.records, has_more=page.has_more)

        def fail(_error: KnownError) -> bool:
            self.model.give_up()
            return False

        async def read(services: Services) -> AuditPage:
            return await services.audit.page(wanted, before_id)

        self._runner.start(
            read,
            owner=self,
            title="Read the audit trail",
            done=take,
            failed=fail,
            replaces="more",
            quiet=True,
        )

    # The chosen act

    def chosen(self) -> AuditRecord | None:
        rows = self.table.selectionModel().selectedRows()
        return self.model.records[rows[0].row()] if rows else None

    def _follow(self) -> None:
        record = self.chosen()
        self.details.setPlainText(details_text(record) if record is not None else "")
        self.details.setPlaceholderText("Nothing was done that fits." if not self.model.records else "")
        self.open_button.setEnabled(record is not None and bool(record.app_id))
        self.copy_button.setEnabled(record is not None)

    def open(self) -> None:
        record = self.chosen()
        if record is not None and record.app_id:
            self.open_requested.emit(AppRef(record.connection_id, record.app_id))

    def copy(self) -> None:
        record = self.chosen()
        if record is not None:
            QGuiApplication.clipboard().setText(details_text(record))
            self.told.emit("Copied the details of an act")

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self.table.hasFocus():
            self.open()
        elif event.key() == Qt.Key.Key_Escape and self.search.text():
            self.search.clear()
        else:
            super().keyPressEvent(event)

    # Writing it out

    def ask_where(self) -> None:
        dialog = QFileDialog(self, "Export the audit trail")
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setNameFilters(list(_FORMS))
        dialog.setDefaultSuffix("csv")
        dialog.filterSelected.connect(lambda chosen: dialog.setDefaultSuffix(_FORMS[chosen]))
        dialog.selectFile(time.strftime("tenantry-audit-%Y-%m-%d", time.localtime(self._clock())))
        dialog.fileSelected.connect(lambda path: self.export(Path(path), _FORMS[dialog.selectedNameFilter()]))
        dialog.finished.connect(dialog.deleteLater)
        dialog.open()

    def export(self, path: Path, form: Form) -> None:
        """All acts that fit now, not only those that were read."""
        wanted = self.wanted()
        named = {".csv": "csv", ".json": "json"}.get(path.suffix.lower())
        form = "csv" if named == "csv" else "json" if named == "json" else form

        async def export(services: Services) -> int:
            return await services.audit.export(wanted, path, form)

        self._runner.start(
            export,
            owner=self,
            title="Export the audit trail",
            done=lambda count: self.told.emit(f"Wrote {counted(count, 'act')} to {plain(path.name, 80)}"),
            replaces="export",
        )


def _fill(box: ChoiceBox, choices: list[tuple[str, str]]) -> None:
    """Below the first entry, which leaves nothing out; what was chosen stays chosen."""
    if [box.itemData(at) for at in range(1, box.count())] == [value for _text, value in choices]:
        return
    chosen = box.currentData()
    while box.count() > 1:
        box.removeItem(1)
    for text, value in choices:
        box.addItem(text, value)
    box.setCurrentIndex(max(0, box.findData(chosen)))
