"""The frame of the tabs about a foundation: whose it is, what needs attention, search, table, and what can be done."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Iterable
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QEvent, QTimer, Signal
from PySide6.QtGui import QGuiApplication, QShowEvent
from PySide6.QtWidgets import QHBoxLayout, QProgressBar, QPushButton, QSizePolicy, QStackedWidget, QVBoxLayout, QWidget

from app.core.changes import Changes
from app.core.connection import Connection
from app.core.errors import KnownError
from app.core.refs import AppRef
from app.core.status import Severity
from app.core.text import plain
from app.core.words import counted
from app.ui.parts.ages import ago
from app.ui.parts.badges import ElidedLabel, rule, text_label
from app.ui.parts.empty_state import EmptyState
from app.ui.parts.environment_badge import EnvironmentBadge
from app.ui.parts.note_row import NoteRow, NoteStack
from app.ui.work.runner import SHOWN_AFTER_S, Runner

if TYPE_CHECKING:
    from app.services.suite import Services

_SETTLE_MS = 300
_TICK_MS = 10_000
READ_ONLY = "This connection is read-only: nothing can be changed here"
_NO_FOUNDATION = "No foundation"
_NO_FOUNDATION_WHY = (
    "A foundation is the app that says who owns which app. Edit the connection and enter its app ID; "
    "users, tasks and the reconciliation appear here then."
)


class FoundationPage(QWidget):
    """Reads when it is first shown, after what it did itself, and when the apps of its connection changed.

    ``open_requested`` carries an AppRef, ``copied`` a sentence for the status bar, ``edit_connection_requested`` a
    connection's ID, and ``foundation_requested`` the same: what its foundation lacks is to be shown. ``undoable``
    carries what was done, what its way back is called, and the way back: a function that may be called at any time.
    """

    open_requested = Signal(object)
    copied = Signal(str)
    edit_connection_requested = Signal(str)
    foundation_requested = Signal(str)
    undoable = Signal(str, str, object)
    no_foundation = (_NO_FOUNDATION, _NO_FOUNDATION_WHY)  # title and text where the connection names none

    def __init__(self, runner: Runner, connection: Connection, heading: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._runner, self._connection = runner, connection
        self._is_asked, self._is_stale, self._has_read = False, False, False
        self._read_at = 0.0
        self.setAccessibleName(f"{heading} of {plain(connection.label, 60)}")
        self.heading = text_label(heading, "heading")
        self.count_label = text_label("", "chip")
        self.place = ElidedLabel(connection.label, look="muted")
        self.badge = EnvironmentBadge(connection.environment)
        self.read_label = text_label("", "small")
        self.refresh_button = QPushButton("Read again")
        self.notes = NoteStack()
        self.empty = EmptyState()
        self.stack = QStackedWidget()
        self.progress = QProgressBar()
        self.head_buttons = QHBoxLayout()
        self.tools = QHBoxLayout()
        self._writing: list[QPushButton] = []
        self._slow = QTimer(self, singleShot=True, interval=int(SHOWN_AFTER_S * 1000))
        self._settle = QTimer(self, singleShot=True, interval=_SETTLE_MS)
        self._tick = QTimer(self, interval=_TICK_MS)
        self._lay_out()
        self._listen()

    def _lay_out(self) -> None:
        self.progress.setRange(0, 0)
        self.progress.setTextVisible(False)
        self.progress.setAccessibleName("Reading")
        self.progress.hide()
        self.count_label.hide()
        head = QHBoxLayout()
        head.setSpacing(10)
        for part in (self.heading, self.count_label, self.badge):
            head.addWidget(part)
        head.addWidget(self.place, 1)
        head.addWidget(self.read_label)
        self.head_buttons.setSpacing(8)
        head.addLayout(self.head_buttons)
        head.addWidget(self.refresh_button)
        self.tools.setSpacing(8)
        top = self._top = QVBoxLayout()
        top.setContentsMargins(14, 12, 14, 10)
        top.setSpacing(10)
        for row in (head, self.tools):
            top.addLayout(row)
        top.addWidget(self.notes)
        top.addWidget(self.progress)
        self.refresh_button.setProperty("look", "small")
        self.count_label.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self.stack.addWidget(self.empty)
        self.stack.setContentsMargins(8, 0, 8, 0)
        box = QVBoxLayout(self)
        box.setContentsMargins(0, 0, 0, 0)
        box.setSpacing(0)
        box.addLayout(top)
        box.addWidget(rule())
        box.addWidget(self.stack, 1)
        self.empty.tell("Reading…", "", "")

    def add_row(self, row: QHBoxLayout) -> None:
        """Between the head and the tools."""
        self._top.insertLayout(1, row)

    def _listen(self) -> None:
        self.refresh_button.clicked.connect(self.read)
        self.empty.activated.connect(self._act_on_empty)
        self._slow.timeout.connect(self.progress.show)
        self._settle.timeout.connect(self._read_if_seen)
        self._tick.timeout.connect(self._tell_age)
        self._runner.changed.connect(self._follow)

    def add_button(
        self, place: QHBoxLayout, text: str, act: Callable[[], object], *, writes: bool = False, look: str = "small"
    ) -> QPushButton:
        """``writes``: grey on a read-only connection, with the reason."""
        button = QPushButton(text)
        button.setProperty("look", look)
        button.setAutoDefault(False)
        button.clicked.connect(lambda: act())
        place.addWidget(button)
        if writes:
            self._writing.append(button)
            self._tell_read_only()
        return button

    def _tell_read_only(self) -> None:
        for button in self._writing:
            button.setToolTip(READ_ONLY if self._connection.is_read_only else "")
            if self._connection.is_read_only:
                button.setEnabled(False)

    @property
    def connection(self) -> Connection:
        return self._connection

    @property
    def can_write(self) -> bool:
        return not self._connection.is_read_only

    def set_connection(self, connection: Connection) -> None:
        before, self._connection = self._connection, connection
        self.badge.set_environment(connection.environment)
        self.place.set_text(connection.label)
        if before != connection:
            self._tell_read_only()
            self.settle_buttons()
        if before.foundation_app_id != connection.foundation_app_id and self._is_asked:
            self.read()

    # Reading

    def showEvent(self, event: QShowEvent) -> None:
        super().showEvent(event)
        self._tick.start()
        if not self._is_asked or self._is_stale:
            self.read()

    def read(self) -> None:
        """Read everything from the platform; what is shown stays until the answer is here."""
        self._is_asked, self._is_stale = True, False
        self._settle.stop()
        if self._connection.foundation_app_id is None:
            self._ended()
            self.count_label.hide()
            self.empty.tell(*self.no_foundation, "Edit connection…")
            self.stack.setCurrentWidget(self.empty)
            self.settle_buttons()
            return
        self._slow.start()
        self._runner.start(
            self.reading(),
            owner=self,
            title=f"Read the {self.heading.text().lower()} of {plain(self._connection.label, 40)}",
            done=self._take,
            failed=self._fail,
            cancelled=self._ended,
            replaces="read",
        )

    def reading(self) -> Callable[[Services], Awaitable[Any]]:
        """What the engine is to do for ``take``, which holds nothing of the page; overridden."""
        raise NotImplementedError

    def take(self, found: Any) -> None:
        """Show what ``reading`` brought; overridden."""
        raise NotImplementedError

    def settle_buttons(self) -> None:
        """Which buttons are of use now; overridden."""

    def _take(self, found: Any) -> None:
        self._ended()
        self._has_read, self._read_at = True, time.time()
        self._tell_age()
        self.take(found)
        self.settle_buttons()

    def _fail(self, error: KnownError) -> bool:
        self._ended()
        if self._has_read:
            # What was read before stays in sight; the message bar says why there is nothing newer.
            return False
        self.empty.tell(plain(error.sentence, 300), plain(error.remedy, 300), "Try again")
        self.stack.setCurrentWidget(self.empty)
        self.settle_buttons()
        return True

    def _ended(self) -> None:
        self._slow.stop()
        self.progress.hide()

    def _follow(self, changes: Changes) -> None:
        foundation = AppRef(self._connection.id, self._connection.foundation_app_id or "")
        if self._is_asked and (self._connection.id in changes.apps or foundation in changes.pushes):
            self._settle.start()

    def _read_if_seen(self) -> None:
        if self.isVisible():
            self.read()
        else:
            self._is_stale = True

    def _tell_age(self) -> None:
        self.read_label.setText(f"Read {ago(self._read_at, time.time())}" if self._read_at else "")

    def _act_on_empty(self) -> None:
        if self._connection.foundation_app_id is None:
            self.edit_connection_requested.emit(self._connection.id)
        elif not self._has_read:
            self.read()
        else:
            self.act_on_empty(self.empty.button.text())

    def act_on_empty(self, action: str) -> None:
        """The button of the empty state was pressed; overridden."""

    # Small parts

    def show_count(self, shown: int, total: int, noun: str, *, is_narrowed: bool) -> None:
        words = counted(total, noun)
        self.count_label.setText(f"{shown:,} of {total:,}" if is_narrowed else words)
        self.count_label.show()

    def copy(self, text: str, sentence: str) -> None:
        QGuiApplication.clipboard().setText(text)
        self.copied.emit(sentence)

    def changed(self, sentence: str) -> None:
        """Something was done here: tell it, and read again."""
        self.copied.emit(sentence)
        self.read()

    def missing_note(self, missing: Iterable[str], what: str) -> NoteRow | None:
        """What the foundation lacks, with the way to the plan that adds it; None where nothing is missing."""
        lines = tuple(missing)
        if not lines:
            return None
        more = f" And {len(lines) - 3} more." if len(lines) > 3 else ""
        return NoteRow(
            Severity.WARNING,
            f"The foundation lacks parts that {what} needs",
            " ".join(plain(line, 160) for line in lines[:3]) + more,
            (("Show the foundation…", lambda: self.foundation_requested.emit(self._connection.id)),),
        )

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange and hasattr(self, "stack"):
            self.stack.update()
