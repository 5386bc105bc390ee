"""Where one was: back and forward over tabs and entities, the tab that was closed last, and the keyboard's place."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

from PySide6.QtCore import QEvent, QObject, Qt, QTimer
from PySide6.QtGui import QMouseEvent
from PySide6.QtWidgets import QApplication, QWidget

from app.core.refs import AppRef
from app.platforms.traits import registry_refusal
from app.ui.work.scope import is_alive

from .app_tabs import APP, COHORTS, PAGE
from .app_tabs import Place as TabPlace

if TYPE_CHECKING:
    from app.ui.schema.schema_document import SchemaDocument

    from .main_window import MainWindow

_KEPT, _CLOSED_KEPT = 200, 30
_HELP = (PAGE, "help")


class Place(NamedTuple):
    """A tab, () for the overview, and what is shown in it: an entity, or a page of the help; "" for none."""

    tab: TabPlace
    entity: str = ""


class Closed(NamedTuple):
    place: Place
    at: int  # which tab it was


class History:
    """Places in the order of the visits; what was ahead goes when another way is taken."""

    def __init__(self) -> None:
        self.places: list[Place] = [Place(())]
        self.at = 0

    @property
    def current(self) -> Place:
        return self.places[self.at]

    def visit(self, place: Place) -> None:
        now = self.current
        if place == now or (place.tab == now.tab and not place.entity):
            return
        if place.tab == now.tab and not now.entity:
            # A tab has its first entity only when its schema was read: that is no other place.
            self.places[self.at] = place
            return
        self.places = [*self.places[max(0, self.at + 2 - _KEPT) : self.at + 1], place]
        self.at = len(self.places) - 1


class Navigation(QObject):
    """Follows the window by itself; ``openers`` make the pages of a kind, by what follows the kind in their key."""

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self._window = window
        self.history = History()
        self.closed: list[Closed] = []
        self.openers: dict[str, Callable[[str], object]] = {
            "users": window.foundation.show_users,
            "tasks": window.foundation.show_tasks,
            "reconcile": window.foundation.show_reconcile,
            "workspaces": window.stores.show_workspaces,
            "doctor": lambda _key: window.show_doctor(),
            "welcome": lambda _key: window.comfort.show_welcome(),
            "help": lambda _key: window.comfort.show_help("first-steps"),
        }
        self._is_going = False
        self._followed: list[SchemaDocument] = []
        window.tabs.currentChanged.connect(lambda _at: self._moved())
        window.editor_changed.connect(self._follow_editors)
        window.app_tabs.closing.connect(self._closing)

    def watch(self) -> None:
        """Back and forward with the side buttons, wherever in the window the pointer is; and no focus is lost."""
        handle = self._window.windowHandle()
        if handle is not None:
            handle.installEventFilter(self)
            handle.focusObjectChanged.connect(self._look_for_focus)

    def _look_for_focus(self) -> None:
        if QApplication.focusWidget() is None:
            QTimer.singleShot(0, self, self._keep_focus)

    def _keep_focus(self) -> None:
        """What had the keyboard was destroyed: the page in front has it now."""
        window = self._window
        is_elsewhere = QApplication.activePopupWidget() is not None or QApplication.activeModalWidget() is not None
        if is_elsewhere or window.tree is None:
            return
        if QApplication.focusWidget() is None and window.isActiveWindow():
            from .window_regions import recover

            recover(window)

    def go_to_part(self, way: int) -> None:
        from .window_regions import go

        go(self._window, way)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.MouseButtonPress and isinstance(event, QMouseEvent):
            if event.button() == Qt.MouseButton.BackButton:
                self.go_back()
                return True
            if event.button() == Qt.MouseButton.ForwardButton:
                self.go_forward()
                return True
        return super().eventFilter(watched, event)

    # Noting

    def here(self) -> Place:
        """An entity that will be shown as soon as the schema is read counts as shown: what is before it is no place."""
        tab = self._window.app_tabs.place_of(self._window.tabs.currentWidget())
        return Place(tab, self.entity_of(tab))

    def entity_of(self, tab: TabPlace) -> str:
        """The entity that an open tab shows or will show, or its page of the help; "" for none."""
        view = self._window.app_tabs.view_of(tab)
        if view is None and tab == _HELP:
            return str(getattr(self._window.app_tabs.widget_of(tab), "shown", ""))
        return view.shown_entity if view is not None else ""

    def _moved(self) -> None:
        if not self._is_going:
            self.visit(self.here())

    def visit(self, place: Place) -> None:
        """One is there now."""
        self.history.visit(place)
        self.tell()

    def _follow_editors(self) -> None:
        self._followed = [each for each in self._followed if is_alive(each)]
        editor = self._window.current_editor()
        if editor is not None and editor.document not in self._followed:
            self._followed.append(editor.document)
            editor.document.selected.connect(lambda _name: self._moved())

    def tell(self) -> None:
        registry = self._window.registry
        registry["view.back"].setEnabled(self._next(-1) is not None)
        registry["view.forward"].setEnabled(self._next(1) is not None)
        registry["app.reopen_tab"].setEnabled(bool(self.closed))
        for name in ("view.next_tab", "view.previous_tab"):
            registry[name].setEnabled(self._window.tabs.count() > 1)

    # Going

    def go_back(self) -> None:
        self._go(-1)

    def go_forward(self) -> None:
        self._go(1)

    def _next(self, step: int) -> int | None:
        """Where in the history the next place is that can still be shown."""
        at = self.history.at + step
        while 0 <= at < len(self.history.places):
            if self.history.places[at] != self.history.current and self.can_open(self.history.places[at].tab):
                return at
            at += step
        return None

    def _go(self, step: int) -> None:
        at = self._next(step)
        if at is None:
            return
        self._is_going = True
        try:
            self.open(self.history.places[at])
        finally:
            self._is_going = False
        self.history.at = at
        self.tell()

    def can_open(self, tab: TabPlace) -> bool:
        """Whether there is such a tab, or it can be made."""
        window = self._window
        if not tab or tab[0] == COHORTS or window.app_tabs.widget_of(tab) is not None:
            return True
        if tab[0] == APP and len(tab) == 3:
            return window.data.app(AppRef(tab[1], tab[2])) is not None
        kind, _, key = tab[1].partition(" ") if tab[0] == PAGE and len(tab) == 2 else ("", "", "")
        connection = window.data.connection(key)
        if kind not in self.openers or (key and connection is None):
            return False
        return kind not in ("users", "tasks", "reconcile") or (
            connection is not None and not registry_refusal(connection)
        )

    def open(self, place: Place) -> None:
        """Show a place that can be shown; a tab that is open has the keyboard where it was."""
        window, tabs = self._window, self._window.app_tabs
        widget = tabs.widget_of(place.tab) if place.tab else window.overview
        if widget is not None:
            self.show_page(widget)
        elif place.tab[0] == APP:
            tabs.open(AppRef(place.tab[1], place.tab[2]))
        elif place.tab[0] == COHORTS:
            tabs.show_cohorts()
        else:
            kind, _, key = place.tab[1].partition(" ")
            self.openers[kind](key)
        view = tabs.view_of(place.tab)
        if place.entity and self.entity_of(place.tab) != place.entity:
            if view is not None:
                view.show_entity(place.entity)
            elif place.tab == _HELP:
                window.comfort.show_help(place.entity)

    def show_page(self, page: QWidget) -> None:
        """To the front, with the keyboard where it was in it."""
        before = page.focusWidget()
        self._window.tabs.setCurrentWidget(page)
        inner = before if before is not None and is_alive(before) and before.isVisibleTo(page) else page
        if inner is self._window.overview:
            inner = self._window.overview.app_list
        inner.setFocus(Qt.FocusReason.OtherFocusReason)

    def step(self, way: int) -> None:
        """The tab beside, round the ends."""
        tabs = self._window.tabs
        if tabs.count() > 1:
            page = tabs.widget((tabs.currentIndex() + way) % tabs.count())
            if page is not None:
                self.show_page(page)

    # Closing and opening again

    def _closing(self, tab: TabPlace) -> None:
        """Before a tab goes, the one that was in front before it comes: none between is shown, and reads."""
        window = self._window
        widget = window.app_tabs.widget_of(tab)
        if widget is None:
            return
        self.closed = [
            *self.closed[1 - _CLOSED_KEPT :],
            Closed(Place(tab, self.entity_of(tab)), window.tabs.indexOf(widget)),
        ]
        if window.tabs.currentWidget() is not widget:
            self.tell()
            return
        for place in reversed(self.history.places[: self.history.at]):
            before = window.app_tabs.widget_of(place.tab) if place.tab else window.overview
            if before is not None and before is not widget:
                self.show_page(before)
                return
        self.show_page(window.overview)

    def reopen(self) -> None:
        """The tab that was closed last, where it was; one whose app is gone is passed over."""
        while self.closed:
            place, at = self.closed.pop()
            is_open = self._window.app_tabs.widget_of(place.tab) is not None
            if is_open or not self.can_open(place.tab):
                continue
            self.open(place)
            tabs = self._window.tabs
            tabs.tabBar().moveTab(tabs.currentIndex(), min(max(1, at), tabs.count() - 1))
            break
        self.tell()


def add_reopen_action(window: MainWindow) -> None:
    reopen = window.navigation.reopen
    window.registry.add("app.reopen_tab", "Reop&en closed tab", reopen, menu="App", shortcut="Ctrl+Shift+Y")


def add_navigation_actions(window: MainWindow) -> None:
    add, to = window.registry.add, window.navigation
    add("view.back", "&Back", to.go_back, menu="View", shortcut="Alt+Left", starts_group=True)
    add("view.forward", "For&ward", to.go_forward, menu="View", shortcut="Alt+Right")
    add("view.next_tab", "&Next tab", partial(to.step, 1), menu="View", shortcut=("Ctrl+Tab", "Ctrl+PgDown"))
    previous = ("Ctrl+Shift+Tab", "Ctrl+PgUp")
    add("view.previous_tab", "Pre&vious tab", partial(to.step, -1), menu="View", shortcut=previous)
    add("view.next_part", "Next &part of the window", partial(to.go_to_part, 1), menu="View", shortcut="F6")
    back = "Previous part of the window"
    add("view.previous_part", back, partial(to.go_to_part, -1), menu="View", shortcut="Shift+F6")
    window.data.apps_changed.connect(to.tell)
    window.data.connections_changed.connect(to.tell)
    to.tell()
