"""The status bar: the chosen connection, counts, the age of the list, and where tokens are."""

from __future__ import annotations

import time

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QStatusBar, QWidget

from app.core.connection import Connection
from app.core.status import ConnectionStatus, Health
from app.core.text import plain
from app.core.words import counted
from app.ui.look.icons import state_word
from app.ui.overview.live_data import LiveData
from app.ui.parts.ages import ago
from app.ui.parts.badges import StateMark, text_label

_MESSAGE_MS = 6_000


class WindowStatusBar(QStatusBar):
    """Bound to the live data; short confirmations ("Copied …") lie over it for a few seconds."""

    def __init__(self, data: LiveData, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setSizeGripEnabled(False)
        self.setAccessibleName("Status")
        self._data = data
        self._chosen_id: str | None = None
        self._mark = StateMark(Health.UNKNOWN)
        self._health = text_label("")
        self._counts = text_label("")
        self._age = text_label("")
        self._token = text_label("")
        for part in (self._mark, self._health, self._counts, self._age):
            self.addWidget(part)
        self.setContentsMargins(10, 0, 6, 0)
        self.addPermanentWidget(self._token)
        data.connections_changed.connect(self.tell)
        data.statuses_changed.connect(self.tell)
        data.apps_changed.connect(self.tell)
        data.token_place_changed.connect(self._tell_token)
        self._ticking = QTimer(self, interval=1000)
        self._ticking.timeout.connect(self.tell)
        self._ticking.start()
        self.messageChanged.connect(lambda _text: self.tell())
        self.tell()

    def confirm(self, sentence: str) -> None:
        """Show a short confirmation, and have it read out."""
        self.showMessage(plain(sentence, 200), _MESSAGE_MS)
        from PySide6.QtGui import QAccessible, QAccessibleAnnouncementEvent  # 2.5 ms: not at the start

        QAccessible.updateAccessibility(QAccessibleAnnouncementEvent(self, plain(sentence, 200)))

    def set_chosen(self, connection_id: str | None) -> None:
        self._chosen_id = connection_id
        self.tell()

    def tell(self) -> None:
        if self.currentMessage():
            # Qt has hidden the parts; one shown again now would lie across the confirmation.
            return
        now = time.time()
        chosen = self._data.connection(self._chosen_id)
        if chosen is not None:
            self._tell_one(chosen, self._data.statuses.get(chosen.id, ConnectionStatus(chosen.id)), now)
        else:
            self._tell_all()
        updated = self._data.updated_at
        self._set(self._age, f"Updated {ago(updated, now)}" if updated else "Last known, not refreshed yet")
        self._age.setVisible(bool(updated or self._data.table.rows))

    def _tell_one(self, connection: Connection, status: ConnectionStatus, now: float) -> None:
        self._mark.set_state(status.health)
        self._mark.setVisible(True)
        parts = [state_word(status.health).lower()]
        if status.latency_ms is not None:
            parts.append(f"{status.latency_ms:.0f} ms")
        if status.checked_at:
            parts.append(f"checked {ago(status.checked_at, now)}")
        self._set(self._health, f"{plain(connection.label, 60)} {', '.join(parts)}")
        self._set(self._counts, counted(status.app_count, "app") if status.app_count >= 0 else "")

    def _tell_all(self) -> None:
        statuses = [self._data.statuses.get(each.id) for each in self._data.connections]
        healths = [status.health if status else Health.UNKNOWN for status in statuses]
        up = healths.count(Health.UP)
        self._mark.set_state(_worst(healths))
        self._mark.setVisible(bool(healths))
        total = counted(len(healths), "connection")
        self._set(self._health, f"{up} of {total} up" if healths else "No connection yet")
        listed = self._data.listed_count
        self._set(self._counts, counted(listed, "app") if listed or self._data.has_apps else "")

    def _tell_token(self) -> None:
        place = self._data.token_place
        if place is not None:
            self._token.setText(plain(place.sentence, 120))
            self._token.setToolTip(plain(place.remedy, 300))

    @staticmethod
    def _set(label: QWidget, text: str) -> None:
        if label.property("text") != text:
            label.setProperty("text", text)


_GRAVITY = (Health.UNREACHABLE, Health.UNAUTHORISED, Health.READ_ONLY, Health.DEGRADED, Health.UNKNOWN, Health.UP)


def _worst(healths: list[Health]) -> Health:
    return next((each for each in _GRAVITY if each in healths), Health.UNKNOWN)
