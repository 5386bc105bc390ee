"""A card per connection: how it is, how fast, when that was asked, what is on it."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence

from PySide6.QtCore import QSize, Qt, QTimer, Signal
from PySide6.QtGui import QKeyEvent, QMouseEvent, QResizeEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QMenu, QPushButton, QScrollArea, QToolButton, QVBoxLayout, QWidget

from app.core.connection import Connection, Environment
from app.core.status import ConnectionStatus, Health
from app.core.text import plain
from app.core.words import counted
from app.platforms.traits import traits_of
from app.ui.look.icons import sign, state_word
from app.ui.look.theme import scaled_font
from app.ui.parts.ages import ago
from app.ui.parts.badges import ElidedLabel, StateMark, text_label
from app.ui.parts.environment_badge import EnvironmentBadge

_MINIMUM_WIDTH, _MAXIMUM_WIDTH = 270, 460
_BAR = 14  # what scrolls the row sideways


class StatusCard(QFrame):
    """One connection. Enter or a click narrows the list to it; the menu holds what else can be done with it."""

    chosen = Signal(str)
    check_requested = Signal(str)
    edit_requested = Signal(str)
    remove_requested = Signal(str)
    doctor_requested = Signal(str)
    workspaces_requested = Signal(str)

    def __init__(self, connection: Connection, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("look", "card")
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setMinimumWidth(_MINIMUM_WIDTH)
        self.setMaximumWidth(_MAXIMUM_WIDTH)
        self.connection = connection
        self.status = ConnectionStatus(connection.id)
        self._mark = StateMark(Health.UNKNOWN)
        self._name = ElidedLabel(look="title")
        self._badge = EnvironmentBadge(connection.environment)
        self._word = ElidedLabel()
        self._latency = text_label("", "muted")
        self._line = ElidedLabel(look="muted")
        self._age = ElidedLabel(look="small")
        self._more = self._make_menu()
        self._lay_out()
        self.show_status(connection, self.status)

    def _lay_out(self) -> None:
        top = QHBoxLayout()
        top.setSpacing(8)
        top.addWidget(self._mark)
        top.addWidget(self._name, 1)
        top.addWidget(self._badge)
        top.addWidget(self._more)
        middle = QHBoxLayout()
        middle.setSpacing(9)
        self._word.setFont(scaled_font(1.35, is_bold=True))
        middle.addWidget(self._word)
        middle.addWidget(self._latency, 1, Qt.AlignmentFlag.AlignBottom)
        box = QVBoxLayout(self)
        box.setContentsMargins(14, 10, 10, 11)
        box.setSpacing(4)
        box.addLayout(top)
        box.addLayout(middle)
        box.addWidget(self._line)
        box.addWidget(self._age)

    def _make_menu(self) -> QToolButton:
        button = QToolButton(self)
        button.setIcon(sign("more"))
        button.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        menu = self._menu = QMenu(button)
        menu.aboutToShow.connect(self._fill_menu)
        self._fill_menu()
        button.setMenu(menu)
        return button

    def _fill_menu(self) -> None:
        """Anew each time that it is shown: what can be done depends on the connection as it is then."""
        menu, connection = self._menu, self.connection
        menu.clear()
        menu.addAction("Check now", lambda: self.check_requested.emit(connection.id))
        menu.addAction("Show only its apps", lambda: self.chosen.emit(connection.id))
        if connection.foundation_app_id is not None and traits_of(connection).has_main_database:
            menu.addAction("Workspaces", lambda: self.workspaces_requested.emit(connection.id))
        menu.addAction("Edit connection…", lambda: self.edit_requested.emit(connection.id))
        menu.addAction("Ask the doctor", lambda: self.doctor_requested.emit(connection.id))
        if not connection.is_builtin:
            menu.addSeparator()
            menu.addAction("Remove connection…", lambda: self.remove_requested.emit(connection.id))

    def show_status(self, connection: Connection, status: ConnectionStatus) -> None:
        self.connection, self.status = connection, status
        label = plain(connection.label, 80)
        self._name.set_text(label)
        self._badge.set_environment(connection.environment)
        self._more.setAccessibleName(f"Actions for {label}")
        self._more.setToolTip(f"Actions for {label}")
        self._mark.set_state(status.health)
        self._word.set_text(health_word(status))
        self._latency.setText("" if status.latency_ms is None else f"{status.latency_ms:.0f} ms")
        self._line.set_text(plain(status.sentence, 300) if status.sentence else self._counts())
        self.tell_age(time.time())

    def set_chosen(self, is_chosen: bool) -> None:
        if self.property("chosen") == is_chosen:
            return
        self.setProperty("chosen", is_chosen)
        self.style().unpolish(self)
        self.style().polish(self)

    def tell_age(self, now: float) -> None:
        status = self.status
        parts = [f"checked {ago(status.checked_at, now)}" if status.checked_at else "not checked yet"]
        if status.sentence:
            parts.insert(0, plain(status.remedy, 200) or self._counts())
        if self.connection.is_unlocked:
            parts.append("unlocked for writing")
        elif self.connection.is_read_only:
            parts.append("connection is read-only")
        elif self.connection.is_guarded:
            parts.append("writes are locked")
        self._age.set_text(" · ".join(part for part in parts if part))
        self.setAccessibleName(self.spoken())

    def spoken(self) -> str:
        """All that the card says, in one sentence for a screen reader."""
        word = health_word(self.status)
        parts = [f"{self._name.text()}, {self.connection.environment.value}: {word}", self._latency.text()]
        parts += [self._line.text(), self._age.text()]
        return ", ".join(part for part in parts if part)

    def set_compact(self, is_compact: bool) -> None:
        """In little room without the line of counts; what is spoken has it still."""
        self._line.setVisible(not is_compact)

    def _counts(self) -> str:
        status, traits = self.status, traits_of(self.connection)
        parts = []
        if status.app_count >= 0:
            parts.append(counted(status.app_count, traits.app_word))
        if status.entity_count >= 0:
            words = ("table", "tables") if traits.has_sql else ("entity", "entities")
            parts.append(counted(status.entity_count, *words))
        if status.findings:
            parts.append(counted(len(status.findings), "finding"))
        return " · ".join(parts) or f"{traits.app_word}s not listed yet"

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space):
            self.chosen.emit(self.connection.id)
        elif event.key() == Qt.Key.Key_Menu:
            self._more.showMenu()
        else:
            super().keyPressEvent(event)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        super().mouseReleaseEvent(event)
        if event.button() == Qt.MouseButton.LeftButton and self.rect().contains(event.position().toPoint()):
            self.chosen.emit(self.connection.id)


def health_word(status: ConnectionStatus) -> str:
    return state_word(status.health)


class StatusCards(QWidget):
    """The row of cards; scrolls sideways where there are more than fit."""

    chosen = Signal(object)  # connection ID, None when the chosen card was clicked again
    check_requested = Signal(str)
    edit_requested = Signal(str)
    remove_requested = Signal(str)
    doctor_requested = Signal(str)
    workspaces_requested = Signal(str)
    add_requested = Signal()

    def __init__(self, parent: QWidget | None = None, *, clock: Callable[[], float] = time.time) -> None:
        super().__init__(parent)
        self.setAccessibleName("Connections")
        self._clock = clock
        self._cards: dict[str, StatusCard] = {}
        self._order: tuple[str, ...] = ()
        self._chosen_id: str | None = None
        self._full, self._is_compact = 0, False
        self._row = QHBoxLayout()
        self._row.setContentsMargins(0, 0, 0, 0)
        self._row.setSpacing(12)
        self._add = QPushButton("Add connection…")
        self._add.setIcon(sign("plus"))
        self._add.setAccessibleName("Add connection")
        self._add.clicked.connect(self.add_requested)
        self._row.addWidget(self._add, 0, Qt.AlignmentFlag.AlignVCenter)
        self._row.addStretch(0)
        inner = QWidget()
        inner.setLayout(self._row)
        self._area = QScrollArea()
        self._area.setWidgetResizable(True)
        self._area.setWidget(inner)
        self._area.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        box = QVBoxLayout(self)
        box.setContentsMargins(0, 0, 0, 0)
        box.addWidget(self._area)
        self._fit()
        # Ages grow while nobody sends anything.
        self._ticking = QTimer(self, interval=1000)
        self._ticking.timeout.connect(self._tick)
        self._ticking.start()

    def show_all(self, connections: Sequence[Connection], statuses: Mapping[str, ConnectionStatus]) -> None:
        """One card per connection in the given order; cards that stay are kept, so that focus is."""
        wanted = tuple(each.id for each in connections)
        if wanted != self._order:
            self._arrange(connections)
        for connection in connections:
            status = statuses.get(connection.id, ConnectionStatus(connection.id))
            self._cards[connection.id].show_status(connection, status)
        self._fit()

    def card(self, connection_id: str) -> StatusCard | None:
        return self._cards.get(connection_id)

    def set_chosen(self, connection_id: str | None) -> None:
        self._chosen_id = connection_id
        for card in self._cards.values():
            card.set_chosen(card.connection.id == connection_id)

    def refresh_looks(self) -> None:
        """After the theme or the text size changed."""
        self._add.setIcon(sign("plus"))
        self._order = ()
        old = [(card.connection, card.status) for card in self._cards.values()]
        self._clear()
        self.show_all([each for each, _ in old], {each.id: status for each, status in old})
        self.set_chosen(self._chosen_id)

    def _arrange(self, connections: Sequence[Connection]) -> None:
        self._order = tuple(each.id for each in connections)
        for gone in [key for key in self._cards if key not in self._order]:
            self._drop(gone)
        for at, connection in enumerate(connections):
            card = self._cards.get(connection.id) or self._make(connection)
            self._row.insertWidget(at, card, 1)
        self._row.setStretch(self._row.count() - 1, 1 if len(connections) < 3 else 0)
        self.set_chosen(self._chosen_id)

    def _make(self, connection: Connection) -> StatusCard:
        card = StatusCard(connection)
        card.set_compact(self._is_compact)
        card.chosen.connect(self._choose)
        card.check_requested.connect(self.check_requested)
        card.edit_requested.connect(self.edit_requested)
        card.remove_requested.connect(self.remove_requested)
        card.doctor_requested.connect(self.doctor_requested)
        card.workspaces_requested.connect(self.workspaces_requested)
        self._cards[connection.id] = card
        return card

    def _clear(self) -> None:
        for key in tuple(self._cards):
            self._drop(key)

    def _drop(self, key: str) -> None:
        card = self._cards.pop(key)
        self._row.removeWidget(card)
        card.hide()
        card.deleteLater()

    def _choose(self, connection_id: str) -> None:
        self.chosen.emit(None if connection_id == self._chosen_id else connection_id)

    def _fit(self) -> None:
        """As high as the cards want; where the place has less room, they go without a line."""
        line = self.fontMetrics().height() + 4
        heights = [card.sizeHint().height() + (line if self._is_compact else 0) for card in self._cards.values()]
        bar = _BAR if self._row.minimumSize().width() > self.width() else 0
        self._full = max([*heights, self.fontMetrics().height() * 6 + 24]) + bar
        self.setMinimumHeight(self._full - line)
        self.setMaximumHeight(self._full)
        self.updateGeometry()

    def sizeHint(self) -> QSize:
        return QSize(super().sizeHint().width(), self._full)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        if event.size().width() != event.oldSize().width():
            self._fit()
        is_compact = self.height() < self._full
        if is_compact != self._is_compact:
            self._is_compact = is_compact
            for card in self._cards.values():
                card.set_compact(is_compact)

    def _tick(self) -> None:
        if not self.isVisible():
            return
        now = self._clock()
        for card in self._cards.values():
            card.tell_age(now)


def is_production(connection: Connection | None) -> bool:
    return connection is not None and connection.environment is Environment.PRODUCTION
