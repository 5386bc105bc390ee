"""What a table has beside columns, keys and indexes: comment, checks, row-level security. One undo step."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import (
    QAbstractItemView,
    QHBoxLayout,
    QHeaderView,
    QLineEdit,
    QPushButton,
    QTableWidget,
    QTableWidgetItem,
    QWidget,
)

from app.core.text import plain
from app.core.words import free_name
from app.schema.model import Extra
from app.ui.look.theme import mono_font
from app.ui.parts.action_dialog import ActionDialog
from app.ui.parts.badges import text_label
from app.ui.parts.check_mark import CheckBox
from app.ui.parts.dialog_size import space_rows
from app.ui.schema.extras import extra_of, with_extra
from app.ui.schema.link_choices import table_of
from app.ui.schema.schema_document import SchemaDocument
from app.ui.work.runner import Runner

from .entity_settings import checks_of, set_settings, with_checks

_ROWS = 5


class ChecksTable(QTableWidget):
    """Delete removes the selected check."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(0, 2, parent)
        self.setHorizontalHeaderLabels(["Check", "Every row has to fulfil"])
        self.setAccessibleName("Checks")
        self.verticalHeader().hide()
        self.setShowGrid(False)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setTabKeyNavigation(False)
        self.horizontalHeader().setDefaultAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        self.horizontalHeader().setSectionResizeMode(1, QHeaderView.ResizeMode.Stretch)
        self.setColumnWidth(0, self.fontMetrics().averageCharWidth() * 30)
        space_rows(self)
        self.setMinimumHeight((_ROWS + 1) * self.verticalHeader().defaultSectionSize())

    def add(self, name: str, expression: str) -> int:
        row = self.rowCount()
        self.insertRow(row)
        for column, text in enumerate((name, expression)):
            item = QTableWidgetItem(text)
            item.setFont(mono_font())
            self.setItem(row, column, item)
        return row

    def checks(self) -> list[tuple[str, str]]:
        texts = [[self._text(row, column) for column in (0, 1)] for row in range(self.rowCount())]
        return [(name, expression) for name, expression in texts if name or expression]

    def _text(self, row: int, column: int) -> str:
        item = self.item(row, column)
        return item.text().strip() if item is not None else ""

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() == Qt.Key.Key_Delete and self.currentRow() >= 0:
            self.removeRow(self.currentRow())
        else:
            super().keyPressEvent(event)


class EntityDialog(ActionDialog):
    def __init__(
        self, runner: Runner, document: SchemaDocument, entity: str, extra: Extra, parent: QWidget | None = None
    ) -> None:
        super().__init__(runner, f"Table {plain(entity, 60)}", "&Stage", parent)
        self._document, self._entity, self._extra = document, entity, extra
        self.set_place(document.connection)
        self.comment = QLineEdit(str(extra_of(extra, "comment", "")))
        self.comment.setAccessibleName("Comment")
        self.security = CheckBox("&Row-level security: who reads and writes a row is told by policies")
        self.security.setChecked(extra_of(extra, "row_security") is True)
        self.checks = ChecksTable()
        self.add_button, self.remove_button = QPushButton("&Add check"), QPushButton("Remo&ve check")
        for name, expression in checks_of(extra):
            self.checks.add(name, expression)
        self._fill()
        self._follow()

    def _fill(self) -> None:
        label = text_label("&Comment")
        label.setBuddy(self.comment)
        self.body.addWidget(label)
        self.body.addWidget(self.comment)
        if self._has_row_security:
            self.body.addWidget(self.security)
        else:
            self.security.hide()
        self.body.addWidget(self.checks, 1)
        row = QHBoxLayout()
        for button in (self.add_button, self.remove_button):
            button.setAutoDefault(False)
            button.setProperty("look", "small")
            row.addWidget(button)
        row.addStretch(1)
        self.body.addLayout(row)
        self.add_button.clicked.connect(self._add)
        self.remove_button.clicked.connect(lambda: self.checks.removeRow(self.checks.currentRow()))
        self.checks.itemSelectionChanged.connect(self._follow)
        self.comment.setFocus()
        self.setMinimumWidth(self.fontMetrics().averageCharWidth() * 92)

    @property
    def _has_row_security(self) -> bool:
        rules = self._document.rules
        return rules is not None and rules.platform != "SQLite"

    def _follow(self) -> None:
        self.remove_button.setEnabled(bool(self.checks.selectedItems()))

    def _add(self) -> None:
        taken = {name for name, _ in self.checks.checks()}
        row = self.checks.add(free_name(f"{table_of(self._entity)}_check", taken), "")
        self.checks.setCurrentCell(row, 1)
        self.checks.setFocus()
        self.checks.edit(self.checks.model().index(row, 1))

    def act(self) -> None:
        """Stage it; what is missing is said here."""
        checks = self.checks.checks()
        names = [name for name, _ in checks]
        bare = next((name or expression for name, expression in checks if not name or not expression), None)
        if bare is not None:
            self.message.tell(f"The check {plain(bare, 60)} is not complete.", "Give it a name and an expression.")
            return
        if len(set(names)) < len(names):
            self.message.tell("Two checks have the same name.", "Rename one of them.")
            return
        extra = with_checks(with_extra(self._extra, "comment", self.comment.text().strip()), checks)
        extra = with_extra(extra, "row_security", True if self.security.isChecked() else None)
        title = f"Change the table {plain(self._entity, 60)}"
        if self._document.edit(title, lambda draft: set_settings(draft, self._entity, extra)):
            self.accept()
        else:
            self.message.tell(self._document.refusal, "")
