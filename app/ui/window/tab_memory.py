"""The tabs of the last time, opened again behind the window's back: none of them reads before it is shown."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer

from .app_tabs import APP, PAGE
from .navigation import Place

if TYPE_CHECKING:
    from .main_window import MainWindow

_KEY = "window/tabs"
_MOST = 30
_GREETING = (PAGE, "welcome")  # said once
_SAVED_AFTER_MS = 1_500


class TabMemory(QObject):
    """Begins when it is made. One tab is opened at a time, between what else the window has to do."""

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self._window = window
        is_wanted = window.preferences.is_on("start.restore_tabs")
        self._waiting, self._front = _read(window.settings.read_json(_KEY)) if is_wanted else ([], None)
        self._turn = QTimer(self, interval=0)
        self._turn.timeout.connect(self._open_next)
        self._saving = QTimer(self, singleShot=True, interval=_SAVED_AFTER_MS)
        self._saving.timeout.connect(self.save)
        window.data.apps_changed.connect(self._go_on)
        window.data.connections_changed.connect(self._go_on)
        window.tabs.currentChanged.connect(lambda _at: self._saving.start())
        window.tabs.tabBar().tabMoved.connect(lambda _from, _to: self._saving.start())
        self._go_on()

    @property
    def is_restoring(self) -> bool:
        return bool(self._waiting)

    def save(self) -> None:
        """Which tabs are open, and which is in front; those that wait for their app are not forgotten."""
        window = self._window
        navigation, front = window.navigation, window.app_tabs.place_of(window.tabs.currentWidget())
        places = [Place(tab, navigation.entity_of(tab)) for tab in window.app_tabs.places() if tab != _GREETING]
        if self._front is not None:
            front = self._front.tab
        rows = [[list(place.tab), place.entity] for place in [*places, *self._waiting]]
        window.settings.write_json(_KEY, {"open": rows[:_MOST], "front": list(front)})

    def _go_on(self) -> None:
        if self._waiting and not self._turn.isActive():
            self._turn.start()

    def _open_next(self) -> None:
        """The first that can be opened now; those of apps that are not listed yet wait for the list."""
        window = self._window
        if window.data.has_apps:
            self._waiting = [each for each in self._waiting if window.navigation.can_open(each.tab)]
        place = next((each for each in self._waiting if window.navigation.can_open(each.tab)), None)
        if place is None:
            self._turn.stop()
        else:
            self._waiting.remove(place)
            self._open(place)
        if not self._waiting:
            self._turn.stop()
            self._front = None
            window.navigation.tell()
            self._tell_kept()

    def _tell_kept(self) -> None:
        """Who comes back sees which tabs have staged edits, though none of them was read."""
        window = self._window
        if any(place[0] == APP for place in window.app_tabs.places()):
            window.runner.start(
                lambda services: services.workshop.drafts(),
                owner=self,
                title="Look for staged edits",
                done=window.app_tabs.mark_kept,
                quiet=True,
            )

    def _open(self, place: Place) -> None:
        window = self._window
        with window.app_tabs.behind():
            window.navigation.open(place)
        if place == self._front:
            self._front = None
            if self._is_untouched():
                window.navigation.open(place)

    def _is_untouched(self) -> bool:
        """Whether the operator has gone nowhere yet: what was in front does not take the place of what they do."""
        window = self._window
        is_at_first = window.tabs.currentWidget() is window.overview and len(window.navigation.history.places) == 1
        return is_at_first and not window.overview.app_list.filter_box.text()


def _read(kept: object) -> tuple[list[Place], Place | None]:
    """Damaged ones are left out."""
    if not isinstance(kept, dict):
        return [], None
    rows, front = kept.get("open"), kept.get("front")
    places: list[Place] = []
    for row in rows if isinstance(rows, list) else ():
        tab, entity = row if isinstance(row, list) and len(row) == 2 else ([], "")
        if isinstance(tab, list) and tab and all(isinstance(each, str) for each in [*tab, entity]):
            places.append(Place(tuple(tab), entity))
    places = list({each.tab: each for each in places}.values())[:_MOST]
    return places, next((each for each in places if isinstance(front, list) and list(each.tab) == front), None)
