"""The rows of the doctor's page: one for each check, under the head of its area."""

from __future__ import annotations

from collections.abc import Iterator

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QPushButton, QScrollArea, QSizePolicy, QVBoxLayout, QWidget

from app.core.apps import AppState
from app.core.status import Severity
from app.core.text import plain
from app.services.doctor_report import Action, Area, Check, CheckState, Report
from app.ui.look.icons import State
from app.ui.parts.badges import StateMark, text_label
from app.ui.parts.environment_badge import EnvironmentBadge

WORDS = {
    CheckState.OK: "OK",
    CheckState.WARNING: "Warning",
    CheckState.FAILED: "Failed",
    CheckState.UNKNOWN: "Not known",
}
_ACTIONS = {
    Action.EDIT_CONNECTION: "Edit connection…",
    Action.OPEN_APP: "Open app",
    Action.STAGE_MISSING: "Stage the missing parts…",
    Action.SHOW_FINDINGS: "Show findings",
    Action.RECONCILE: "Reconcile…",
    Action.NAME_PARTS: "Registries and names…",
    Action.SHOW_USERS: "Show users",
    Action.SHOW_WORKSPACES: "Show workspaces",
}
_MARKS: dict[CheckState, State] = {
    CheckState.OK: AppState.OK,
    CheckState.WARNING: Severity.WARNING,
    CheckState.FAILED: Severity.ERROR,
    CheckState.UNKNOWN: AppState.UNKNOWN,
}
_LOOKS = {CheckState.WARNING: Severity.WARNING, CheckState.FAILED: Severity.ERROR, CheckState.UNKNOWN: Severity.INFO}
_GRAVITY = (CheckState.FAILED, CheckState.WARNING, CheckState.UNKNOWN, CheckState.OK)
_NAME_LETTERS, _LETTERS_FOR_LABEL = 28, 110
# Rows that are made in one turn of the event loop: some milliseconds each.
_AT_ONCE = 3


class CheckRow(QFrame):
    """A check: what is well in one line; what is not has a frame, its remedy, and the button that leads there."""

    action_requested = Signal(object)  # Check

    def __init__(self, check: Check, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.check = check
        self.button: QPushButton | None = None
        self._where: QWidget | None = None
        self.setAccessibleName(_spoken(check))
        if check.state is not CheckState.OK:
            self.setProperty("look", "finding")
            self.setProperty("severity", _LOOKS[check.state].value)
        row = QHBoxLayout(self)
        row.setContentsMargins(
            14, 3 if check.state is CheckState.OK else 6, 8, 3 if check.state is CheckState.OK else 6
        )
        row.setSpacing(9)
        row.addWidget(StateMark(_MARKS[check.state]))
        row.addWidget(self._word())
        row.addLayout(self._line() if check.state is CheckState.OK else self._texts(), 1)
        self._add_place(row)
        if check.action in _ACTIONS:
            row.addWidget(self._make_button(_ACTIONS[check.action]))

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        if self._where is not None:
            # In a narrow place the sentence comes first; the environment stays in sight.
            self._where.setVisible(self.width() >= self.fontMetrics().averageCharWidth() * _LETTERS_FOR_LABEL)

    def _word(self) -> QWidget:
        word = text_label(WORDS[self.check.state], "small")
        widest = max(word.fontMetrics().horizontalAdvance(each) for each in WORDS.values())
        word.setMinimumWidth(widest)
        return word

    def _line(self) -> QHBoxLayout:
        name = text_label(self.check.name)
        name.setMinimumWidth(name.fontMetrics().averageCharWidth() * _NAME_LETTERS)
        line = QHBoxLayout()
        line.setSpacing(9)
        line.addWidget(name)
        line.addWidget(_wrapped(self.check.sentence, "muted"), 1)
        return line

    def _texts(self) -> QVBoxLayout:
        check = self.check
        texts = QVBoxLayout()
        texts.setSpacing(1)
        texts.addWidget(text_label(check.name, "title"))
        texts.addWidget(_wrapped(check.sentence))
        if check.remedy:
            texts.addWidget(_wrapped(f"→ {check.remedy}", "muted"))
        return texts

    def _add_place(self, row: QHBoxLayout) -> None:
        connection = self.check.connection
        if connection is not None:
            self._where = text_label(plain(connection.label, 30), "small")
            row.addWidget(self._where)
            row.addWidget(EnvironmentBadge(connection.environment))

    def _make_button(self, text: str) -> QPushButton:
        button = self.button = QPushButton(text)
        button.setProperty("look", "small")
        button.setAutoDefault(False)
        button.setAccessibleName(f"{text.rstrip('…')}: {self.check.name}")
        button.clicked.connect(lambda: self.action_requested.emit(self.check))
        return button


class CheckList(QScrollArea):
    """All checks of a report, grouped; arrow keys scroll it, Tab goes from button to button."""

    action_requested = Signal(object)  # Check
    filled = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName("Checks")
        self.setWidgetResizable(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.rows: list[CheckRow] = []
        self._waiting: list[Area | Check] = []
        self._box = QVBoxLayout()
        self._clear()

    @property
    def is_full(self) -> bool:
        """False while rows are still being made."""
        return not self._waiting

    def show_report(self, report: Report) -> None:
        self._clear()
        self._waiting = list(_parts(report))
        self._add_some()

    def _clear(self) -> None:
        self.rows, self._waiting = [], []
        inner = QWidget()
        self._box = QVBoxLayout(inner)
        self._box.setContentsMargins(2, 2, 10, 8)
        self._box.setSpacing(4)
        self._box.addStretch(1)
        self.setWidget(inner)

    def _add_some(self) -> None:
        for part in self._waiting[:_AT_ONCE]:
            self._box.insertWidget(self._box.count() - 1, self._row(part) if isinstance(part, Check) else _head(part))
        del self._waiting[:_AT_ONCE]
        if self._waiting:
            QTimer.singleShot(0, self, self._add_some)
        else:
            self.filled.emit()

    def _row(self, check: Check) -> CheckRow:
        row = CheckRow(check)
        row.action_requested.connect(self.action_requested)
        self.rows.append(row)
        return row


def _parts(report: Report) -> Iterator[Area | Check]:
    """Areas with the gravest trouble first: a failure must not wait below the fold."""
    for area, checks in sorted(report.areas(), key=lambda each: min(_GRAVITY.index(check.state) for check in each[1])):
        yield area
        yield from checks


def _head(area: Area) -> QWidget:
    head = text_label(area.value.upper(), "sectionHead")
    head.setAccessibleName(area.value)
    head.setContentsMargins(2, 9, 0, 1)
    return head


def _wrapped(text: str, look: str = "") -> QWidget:
    label = text_label(text, look)
    label.setWordWrap(True)
    label.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
    return label


def _spoken(check: Check) -> str:
    parts = [f"{WORDS[check.state]}: {check.name}", check.place, check.sentence]
    if check.state is not CheckState.OK:
        parts.append(check.remedy)
    return " ".join(f"{each.rstrip('.')}." for each in parts if each)
