"""Which calls of the activity list are shown."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QLineEdit, QPushButton, QSizePolicy, QToolButton, QWidget

from app.core.activity import ActivityEntry
from app.core.connection import Connection
from app.core.text import plain
from app.core.words import counted
from app.ui.parts.check_mark import CheckBox
from app.ui.parts.form_field import ChoiceBox

METHODS = ("GET", "POST", "PUT", "DELETE", "SQL")


@dataclass(frozen=True, slots=True)
class CallFilter:
    """Empty fields leave nothing out; ``text`` is looked for in path, note and status."""

    text: str = ""
    connection_id: str = ""
    method: str = ""
    only_failures: bool = False

    def fits(self, entry: ActivityEntry) -> bool:
        if self.connection_id and entry.connection_id != self.connection_id:
            return False
        if self.method and entry.method != self.method:
            return False
        if self.only_failures and not entry.is_failure:
            return False
        whole = f"{entry.method} {entry.path} {entry.status} {entry.note}".casefold()
        return all(word in whole for word in self.text.casefold().split())


class ActivityBar(QWidget):
    """The line above the list. ``changed``: another filter; ``pause_toggled``: new calls wait."""

    changed = Signal()
    pause_toggled = Signal(bool)
    clear_requested = Signal()
    details_requested = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.search = QLineEdit()
        self.connection_box, self.method_box = ChoiceBox(), ChoiceBox()
        self.failures_box = CheckBox("Only failures")
        self.pause_button, self.clear_button = QToolButton(), QPushButton("Clear")
        self.details_button = QPushButton("Details…")
        self._build()
        row = QHBoxLayout(self)
        row.setContentsMargins(8, 4, 8, 4)
        row.setSpacing(8)
        row.addWidget(self.search, 1)
        for part in (self.connection_box, self.method_box, self.failures_box):
            row.addWidget(part)
        row.addStretch(0)
        for button in (self.pause_button, self.clear_button, self.details_button):
            row.addWidget(button)

    def _build(self) -> None:
        self.search.setPlaceholderText("Filter calls")
        self.search.setAccessibleName("Filter calls")
        self.search.setClearButtonEnabled(True)
        self.search.setMinimumWidth(self.fontMetrics().averageCharWidth() * 12)
        self.search.textChanged.connect(lambda _text: self.changed.emit())
        for box, name, first in (
            (self.connection_box, "Connection", "All connections"),
            (self.method_box, "Method", "All methods"),
        ):
            box.setAccessibleName(name)
            box.addItem(first, "")
            box.setMinimumContentsLength(9)
            box.setSizeAdjustPolicy(ChoiceBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
            box.currentIndexChanged.connect(lambda _at: self.changed.emit())
        for method in METHODS:
            self.method_box.addItem(method, method)
        self.failures_box.toggled.connect(lambda _on: self.changed.emit())
        self.pause_button.setCheckable(True)
        self.pause_button.setProperty("look", "button")
        self.pause_button.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Preferred)
        self.pause_button.toggled.connect(self.pause_toggled)
        self.tell_waiting(0)
        self.clear_button.clicked.connect(self.clear_requested)
        self.clear_button.setToolTip("Empty the list; nothing else is changed")
        self.details_button.clicked.connect(self.details_requested)
        self.details_button.setToolTip("Headers and body of the chosen call (Enter)")

    def wanted(self) -> CallFilter:
        return CallFilter(
            self.search.text(),
            str(self.connection_box.currentData()),
            str(self.method_box.currentData()),
            self.failures_box.isChecked(),
        )

    def set_connections(self, connections: tuple[Connection, ...]) -> None:
        box = self.connection_box
        if [box.itemData(at) for at in range(1, box.count())] == [each.id for each in connections]:
            return
        chosen = box.currentData()
        was_blocked = box.blockSignals(True)
        while box.count() > 1:
            box.removeItem(1)
        for each in connections:
            box.addItem(plain(each.label, 40), each.id)
        box.setCurrentIndex(max(0, box.findData(chosen)))
        box.blockSignals(was_blocked)
        if box.currentData() != chosen:
            self.changed.emit()

    def tell_waiting(self, count: int) -> None:
        """How many calls came while it was paused."""
        is_paused = self.pause_button.isChecked()
        text = "Pause" if not is_paused else f"Go on ({counted(count, 'new call')})" if count else "Go on"
        self.pause_button.setText(text)
        self.pause_button.setAccessibleName(text)
        self.pause_button.setToolTip("Show new calls again" if is_paused else "Let new calls wait")
