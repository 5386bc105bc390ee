"""Findings in plain words, each with the buttons that mend it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from PySide6.QtCore import QSize, Qt, QTimer, Signal
from PySide6.QtGui import QResizeEvent, QShowEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QPushButton, QScrollArea, QSizePolicy, QVBoxLayout, QWidget

from app.core.connection import Connection
from app.core.status import ConnectionStatus, Finding, FindingAction, Severity
from app.core.text import plain
from app.core.words import counted
from app.ui.parts.badges import ElidedLabel, StateMark, text_label
from app.ui.parts.environment_badge import EnvironmentBadge

_WORDS = {
    FindingAction.SHOW_APP: "Show app",
    FindingAction.EDIT_CONNECTION: "Edit connection…",
    FindingAction.RETRY: "Try again",
    FindingAction.COPY_APP_ID: "Copy app ID",
    FindingAction.RECONCILE: "Reconcile…",
}
_RANK = {Severity.ERROR: 0, Severity.WARNING: 1, Severity.INFO: 2}
_PAGE = 20
_IN_STRIP = 2
_LINES_FOR_ROWS = 28
_LETTERS_FOR_LABEL = 110
# Rows that are made in one turn of the event loop: some 5 ms each.
_AT_ONCE = 2


def all_findings(statuses: Iterable[ConnectionStatus]) -> tuple[Finding, ...]:
    """The findings of all connections: the gravest first, and of these what concerns a whole connection."""
    found = (each for status in statuses for each in status.findings)
    return tuple(sorted(found, key=lambda each: (_RANK[each.severity], each.app_id is not None)))


class FindingRow(QFrame):
    """One finding."""

    action_requested = Signal(object, object)  # Finding, FindingAction

    def __init__(self, finding: Finding, connection: Connection | None, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.finding, self.connection = finding, connection
        self._where: QWidget | None = None
        self.setProperty("look", "finding")
        self.setProperty("severity", finding.severity.value)
        title = plain(finding.title, 300)
        detail = plain(finding.detail, 400)
        where = f", {connection.label} ({connection.environment.value})" if connection else ""
        self.setAccessibleName(f"{finding.severity.value}: {title}. {detail}{where}")
        row = QHBoxLayout(self)
        row.setContentsMargins(14, 6, 8, 6)
        row.setSpacing(9)
        row.addWidget(StateMark(finding.severity))
        row.addLayout(self._texts(title, detail), 1)
        if connection is not None:
            self._where = text_label(plain(connection.label, 40), "small")
            row.addWidget(self._where)
            row.addWidget(EnvironmentBadge(connection.environment))
        for action in finding.actions:
            row.addWidget(self._button(action, title))

    def shows(self, finding: Finding, connection: Connection | None) -> bool:
        return (self.finding, self.connection) == (finding, connection)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        if self._where is not None:
            # In a narrow place the words of the finding come first; its environment stays in sight.
            self._where.setVisible(self.width() >= self.fontMetrics().averageCharWidth() * _LETTERS_FOR_LABEL)

    def _texts(self, title: str, detail: str) -> QVBoxLayout:
        texts = QVBoxLayout()
        texts.setSpacing(1)
        # May take a second line: what has to be done is often at its end.
        head = text_label(title, "title")
        head.setWordWrap(True)
        policy = QSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        policy.setHeightForWidth(True)
        head.setSizePolicy(policy)
        texts.addWidget(head)
        if detail:
            texts.addWidget(ElidedLabel(detail, look="muted"))
        return texts

    def _button(self, action: FindingAction, title: str) -> QPushButton:
        button = QPushButton(_WORDS[action])
        button.setProperty("look", "small")
        button.setAccessibleName(f"{_WORDS[action].rstrip('…')}: {title}")
        button.clicked.connect(lambda: self.action_requested.emit(self.finding, action))
        return button


class _Findings(QWidget):
    """What the strip and the panel share: rows that are rebuilt only where something changed."""

    action_requested = Signal(object, object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.findings: tuple[Finding, ...] = ()
        self._connections: dict[str, Connection] = {}
        self._rows: list[FindingRow] = []
        self._waiting: list[tuple[Finding, Connection | None]] = []

    def show_findings(self, findings: Sequence[Finding], connections: Mapping[str, Connection]) -> None:
        if tuple(findings) == self.findings and dict(connections) == self._connections:
            return
        self.findings, self._connections = tuple(findings), dict(connections)
        self._rebuild()

    def rows(self) -> tuple[FindingRow, ...]:
        return tuple(self._rows)

    def _rebuild(self) -> None:
        raise NotImplementedError

    def _fill(self, box: QVBoxLayout, findings: Sequence[Finding]) -> None:
        """Rows that stay are kept: made anew they would move all that is below them, and take the keyboard from a
        button. New ones come a few at a time, because each takes some milliseconds."""
        wanted = [(finding, self._connections.get(finding.connection_id)) for finding in findings]
        kept = 0
        while kept < min(len(self._rows), len(wanted)) and self._rows[kept].shows(*wanted[kept]):
            kept += 1
        for row in self._rows[kept:]:
            box.removeWidget(row)
            row.hide()
            row.deleteLater()
        del self._rows[kept:]
        self._waiting = wanted[kept:]
        self._add_rows(box)

    def _add_rows(self, box: QVBoxLayout) -> None:
        for finding, connection in self._waiting[:_AT_ONCE]:
            row = FindingRow(finding, connection)
            row.action_requested.connect(self.action_requested)
            box.insertWidget(len(self._rows), row)
            self._rows.append(row)
        del self._waiting[:_AT_ONCE]
        if self._waiting:
            QTimer.singleShot(0, self, lambda: self._add_rows(box))


class FindingsStrip(_Findings):
    """The gravest findings on the overview, and the way to all of them."""

    all_requested = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName("Findings")
        self._shown = _IN_STRIP
        self._box = QVBoxLayout(self)
        self._box.setContentsMargins(0, 0, 0, 0)
        self._box.setSpacing(6)
        self._all = QPushButton()
        self._all.setProperty("look", "link")
        self._all.clicked.connect(self.all_requested)
        self._box.addWidget(self._all, 0, Qt.AlignmentFlag.AlignLeft)
        self.setVisible(False)

    def minimumSizeHint(self) -> QSize:
        """That of the way to all of them: in little room nothing else is left."""
        return QSize(super().minimumSizeHint().width(), self._all.sizeHint().height())

    def _rebuild(self) -> None:
        self._fill(self._box, self.findings[: self._shown])
        more = len(self.findings) - self._shown
        self._all.setVisible(more > 0)
        self._all.setText(f"Show all {counted(len(self.findings), 'finding')}")
        self.setVisible(bool(self.findings))

    def set_room(self, lines: int) -> None:
        """How many lines of text the place has for everything: in little room only the way to all of them stays."""
        shown = _IN_STRIP if lines >= _LINES_FOR_ROWS else 0
        if shown != self._shown:
            self._shown = shown
            self._rebuild()


class FindingsPanel(_Findings):
    """All findings, a page at a time."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setAccessibleName("All findings")
        self._limit = _PAGE
        self._empty = text_label("Nothing to report: all that was checked is as it should be.", "muted")
        self._empty.setContentsMargins(14, 12, 14, 12)
        self._more = QPushButton()
        self._more.setProperty("look", "link")
        self._more.clicked.connect(self._show_more)
        inner = QWidget()
        self._box = QVBoxLayout(inner)
        self._box.setContentsMargins(10, 8, 10, 8)
        self._box.setSpacing(6)
        self._box.addWidget(self._empty)
        self._box.addWidget(self._more, 0, Qt.AlignmentFlag.AlignLeft)
        self._box.addStretch(1)
        area = QScrollArea()
        area.setWidgetResizable(True)
        area.setWidget(inner)
        area.setAccessibleName("List of findings")
        area.setMinimumHeight(self.fontMetrics().height() * 2)
        box = QVBoxLayout(self)
        box.setContentsMargins(0, 0, 0, 0)
        box.addWidget(area)

    def _show_more(self) -> None:
        self._limit += _PAGE
        self._rebuild()

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._rebuild()

    def _rebuild(self) -> None:
        if not self.isVisible():
            # Nobody looks: the rows are made when somebody does.
            return
        self._fill(self._box, self.findings[: self._limit])
        self._empty.setVisible(not self.findings)
        more = len(self.findings) - self._limit
        self._more.setVisible(more > 0)
        self._more.setText(f"Show {min(more, _PAGE)} more of {more:,}")
