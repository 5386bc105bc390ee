"""A strip across the window for as long as a connection is unlocked: which one, how long still, and Lock now."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import QSize, Qt, QTimer, Signal
from PySide6.QtGui import QAccessible, QAccessibleEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QPushButton, QToolBar, QVBoxLayout, QWidget

from app.core.connection import Connection
from app.core.status import Severity
from app.core.text import plain
from app.ui.parts.badges import StateMark, text_label
from app.ui.parts.environment_badge import EnvironmentBadge

if TYPE_CHECKING:
    from app.services.guards import Unlocked

_LOOK_MS = 500


def left_text(seconds: float) -> str:
    """Minutes and seconds: 9:41."""
    whole = max(0, int(seconds))
    return f"{whole // 60}:{whole % 60:02}"


class GuardRow(QFrame):
    """One unlocked connection."""

    lock_requested = Signal(str)

    def __init__(self, connection: Connection, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("look", "finding")
        self.setProperty("severity", Severity.WARNING.value)
        self.connection = connection
        self._label = plain(connection.label, 60)
        self.words = text_label("", "title")
        self.lock_button = QPushButton("Lock now")
        self.lock_button.setAccessibleName(f"Lock {self._label} now")
        self.lock_button.setAutoDefault(False)
        self.lock_button.clicked.connect(lambda: self.lock_requested.emit(connection.id))
        row = QHBoxLayout(self)
        row.setContentsMargins(14, 3, 10, 3)
        row.setSpacing(9)
        row.addWidget(StateMark(Severity.WARNING))
        row.addWidget(self.words)
        row.addWidget(EnvironmentBadge(connection.environment))
        row.addStretch(1)
        row.addWidget(self.lock_button)

    def tell(self, left_s: float) -> None:
        self.words.setText(f"{self._label} is unlocked for {left_text(left_s)}")
        self.words.setAccessibleName(self.words.text())


class GuardBar(QToolBar):
    """``over`` is sent when the time of one is up: then is asked what is unlocked still.

    Both clocks are looked at, as those who let writes through do: the bar never promises more than there is.
    """

    lock_requested = Signal(str)
    over = Signal()

    def __init__(
        self,
        parent: QWidget | None = None,
        *,
        clock: Callable[[], float] = time.time,
        running: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__("Unlocked connections", parent)
        self.setObjectName("unlocked")
        self.setMovable(False)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.PreventContextMenu)
        self.setStyleSheet("QToolBar { padding: 0; border: 0; spacing: 0; }")
        self._clock, self._running = clock, running
        self._states: tuple[Unlocked, ...] = ()
        self._at = 0.0
        self.rows: dict[str, GuardRow] = {}
        self._strip = _Strip()
        self._box = QVBoxLayout(self._strip)
        self._box.setContentsMargins(0, 0, 0, 0)
        self._box.setSpacing(0)
        self.addWidget(self._strip)
        self._timer = QTimer(self, interval=_LOOK_MS)
        self._timer.timeout.connect(self.look)
        self.hide()

    def show_unlocked(self, states: Sequence[Unlocked], connections: Mapping[str, Connection]) -> None:
        known = tuple(each for each in states if each.connection_id in connections)
        is_news = {each.connection_id for each in known} - self.rows.keys()
        self._states, self._at = known, self._running()
        for key in [key for key in self.rows if key not in {each.connection_id for each in known}]:
            self._drop(key)
        for each in known:
            if each.connection_id not in self.rows:
                self._add(connections[each.connection_id])
        self.setVisible(bool(known))
        self._timer.start() if known else self._timer.stop()
        self.look()
        if is_news:
            self.setAccessibleName(" ".join(row.words.text() for row in self.rows.values()))
            QAccessible.updateAccessibility(QAccessibleEvent(self, QAccessible.Event.Alert))

    def left_s(self, state: Unlocked) -> float:
        now = self._clock()
        if now < state.since:
            return 0.0
        return max(0.0, min(state.until - now, state.left_s - (self._running() - self._at)))

    def look(self) -> None:
        """Say how long is left now."""
        is_over = False
        for each in self._states:
            left_s = self.left_s(each)
            self.rows[each.connection_id].tell(left_s)
            is_over = is_over or left_s <= 0
        if is_over:
            self._states = tuple(each for each in self._states if self.left_s(each) > 0)
            for key in [key for key in self.rows if key not in {each.connection_id for each in self._states}]:
                self._drop(key)
            self.setVisible(bool(self._states))
            self.over.emit()

    def _add(self, connection: Connection) -> None:
        row = self.rows[connection.id] = GuardRow(connection)
        row.lock_requested.connect(self.lock_requested)
        self._box.addWidget(row)

    def _drop(self, key: str) -> None:
        row = self.rows.pop(key)
        self._box.removeWidget(row)
        row.hide()
        row.deleteLater()


class _Strip(QWidget):
    """As wide as the bar: a tool bar gives a widget what it asks for."""

    def sizeHint(self) -> QSize:
        return QSize(10_000, super().sizeHint().height())

    def minimumSizeHint(self) -> QSize:
        return QSize(200, super().minimumSizeHint().height())
