"""The tabs beside the overview: an app's schema each, and the groups of apps with the same schema."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from PySide6.QtCore import QByteArray, QObject, QSize, Qt, Signal
from PySide6.QtWidgets import QTabBar, QTabWidget, QToolButton, QWidget

from app.core.apps import AppSummary
from app.core.connection import Connection, Environment
from app.core.refs import AppRef
from app.core.text import plain
from app.ui.look.icons import sign
from app.ui.look.theme import badge_text
from app.ui.overview.live_data import LiveData
from app.ui.settings.settings import WindowSettings
from app.ui.work.runner import Runner

if TYPE_CHECKING:
    from app.schema.draft import Draft
    from app.services.workshop_words import DraftNote
    from app.ui.plans.cohorts_view import CohortsView

    from .app_view import AppView

# The first part of a place: an app (connection ID, app ID), one of the pages (its key), the groups of apps.
APP, PAGE, COHORTS = "app", "page", "cohorts"
Place = tuple[str, ...]


class AppTabs(QObject):
    """Opens, titles and closes tabs; signals say what is wanted of the window."""

    editor_made = Signal()
    rename_requested = Signal(object)  # AppRef
    delete_requested = Signal(object)  # AppRef
    compare_requested = Signal(object, object)  # Source, Source
    template_wanted = Signal(object, object)  # AppRef, names of the agents to save as a template
    templates_requested = Signal()
    told = Signal(str)  # a sentence for the status bar
    closing = Signal(object)  # Place of a tab that is about to go
    closed_by_hand = Signal(str, object)  # title, and what opens it again

    def __init__(
        self, tabs: QTabWidget, runner: Runner, data: LiveData, settings: WindowSettings, parent: QWidget
    ) -> None:
        super().__init__(parent)
        self._tabs, self._runner, self._data, self._settings = tabs, runner, data, settings
        self._views: dict[AppRef, AppView] = {}
        self._cohorts: CohortsView | None = None
        self._pages: dict[str, QWidget] = {}
        self._stays_behind = False
        self._close_tip = "Close (Ctrl+W)"
        self._makers: dict[str, tuple[str, Callable[[], QWidget]]] = {}

    # Apps

    def open(self, ref: AppRef) -> AppView | None:
        """The app's tab, in front; None where the app is not in the list (any more)."""
        view = self._views.get(ref)
        app, connection = self._data.app(ref), self._data.connection(ref.connection_id)
        if view is None and app is not None and connection is not None:
            view = self._make(ref, app, connection)
        if view is None:
            self.told.emit("This app is not in the list (any more)")
            return None
        self._bring_forward(view)
        return view

    def _make(self, ref: AppRef, app: AppSummary, connection: Connection) -> AppView:
        from .app_view import AppView

        layout: QByteArray = self._settings.editor_layout
        view = self._views[ref] = AppView(self._runner, connection, app, layout_state=layout)
        view.pending_changed.connect(lambda: self._tell_pending(ref))
        view.editor_made.connect(self.editor_made)
        view.rename_requested.connect(self.rename_requested)
        view.delete_requested.connect(self.delete_requested)
        view.save_requested.connect(self.template_wanted)
        view.templates_requested.connect(self.templates_requested)
        view.copied.connect(self.told)
        at = self._tabs.addTab(view, "")
        self._add_close_button(at, lambda: self._close_by_hand(ref))
        self._title(at, app, connection)
        return view

    def stage(self, ref: AppRef, draft: Draft) -> None:
        """Open an app with these edits staged; what was staged before comes back with Undo."""
        view = self.open(ref)
        if view is not None:
            view.stage(draft)

    def mark_kept(self, notes: Iterable[DraftNote]) -> None:
        """Tabs that were not shown yet say what is staged in them, too."""
        for note in notes:
            view = self._views.get(note.ref)
            if view is not None:
                view.tell_kept(note.changes)

    def show_entity(self, ref: AppRef, name: str, part: str = "") -> None:
        """Open an app at one of its entities, or at an attribute or link (by label) of it."""
        view = self.open(ref)
        if view is not None:
            view.show_entity(name, part)

    def current(self) -> AppView | None:
        """The app's tab that is in front, None where another is."""
        widget = self._tabs.currentWidget()
        return next((view for view in self._views.values() if view is widget), None)

    def update(self) -> None:
        """Apps or connections are others than before."""
        for ref, view in self._views.items():
            app, connection = self._data.app(ref), self._data.connection(ref.connection_id)
            if app is not None:
                view.set_app(app)
            if connection is not None:
                view.set_connection(connection)
            if app is not None and connection is not None:
                self._title(self._tabs.indexOf(view), app, connection)

    def flush(self) -> None:
        """Save what is staged in any tab, and how the editor shares out its room."""
        for view in self._views.values():
            view.flush()
        current = self.current()
        if current is not None:
            self._keep_layout(current)

    def close(self, ref: AppRef) -> None:
        view = self._views.get(ref)
        if view is not None:
            view.flush()
            self._keep_layout(view)
            self.closing.emit(_app_place(ref))
            del self._views[ref]
            self._tabs.removeTab(self._tabs.indexOf(view))
            view.deleteLater()

    def close_at(self, at: int) -> None:
        widget = self._tabs.widget(at)
        ref = next((ref for ref, each in self._views.items() if each is widget), None)
        if ref is not None:
            self._close_by_hand(ref)
        elif widget is not None and widget is self._cohorts:
            self._close_cohorts()
        else:
            self._close_page(next((key for key, page in self._pages.items() if page is widget), ""))

    def _close_by_hand(self, ref: AppRef) -> None:
        view = self._views.get(ref)
        if view is not None:
            title = view.app.title
            self.close(ref)
            self.closed_by_hand.emit(title, lambda: self.open(ref))

    def _keep_layout(self, view: AppView) -> None:
        if not view.layout_state().isEmpty():
            self._settings.editor_layout = view.layout_state()

    # Places

    def _bring_forward(self, widget: QWidget) -> None:
        if not self._stays_behind:
            self._tabs.setCurrentWidget(widget)
            widget.setFocus()

    @contextmanager
    def behind(self) -> Iterator[None]:
        """What is opened meanwhile stays behind the tab in front, and reads nothing until it is shown."""
        self._stays_behind = True
        try:
            yield
        finally:
            self._stays_behind = False

    def place_of(self, widget: QWidget | None) -> Place:
        """What a tab is about, so that it can be found and opened again; () for the overview and what is no tab."""
        if widget is None:
            return ()
        if widget is self._cohorts:
            return (COHORTS,)
        ref = next((ref for ref, view in self._views.items() if view is widget), None)
        if ref is not None:
            return _app_place(ref)
        key = next((key for key, page in self._pages.items() if page is widget), "")
        return (PAGE, key) if key else ()

    def widget_of(self, place: Place) -> QWidget | None:
        """The tab of a place, None where it is not open."""
        kind, *rest = place or ("",)
        if kind == APP and len(rest) == 2:
            return self._views.get(AppRef(rest[0], rest[1]))
        return self._cohorts if kind == COHORTS else self._pages.get(rest[0]) if kind == PAGE and rest else None

    def view_of(self, place: Place) -> AppView | None:
        """The app's tab of a place, None where it is none or is not open."""
        return self._views.get(AppRef(place[1], place[2])) if len(place) == 3 and place[0] == APP else None

    def places(self) -> list[Place]:
        """Of all tabs but the overview, from left to right."""
        found = [self.place_of(self._tabs.widget(at)) for at in range(self._tabs.count())]
        return [each for each in found if each]

    # Titles

    def _title(self, at: int, app: AppSummary, connection: Connection) -> None:
        title, bar = _tab_title(app, connection), self._tabs.tabBar()
        view = self._views.get(AppRef(app.connection_id, app.app_id))
        pending = view.pending if view is not None else ""
        if self._tabs.tabText(at) != (shown := f"{title} ●" if pending else title):
            self._tabs.setTabText(at, shown)
        spoken = title.replace("&&", "&")
        bar.setAccessibleTabName(at, f"{spoken}, {pending}" if pending else spoken)
        place = f"{plain(connection.label, 80)} ({connection.environment.value})"
        self._tabs.setTabToolTip(at, f"{place} · {pending}" if pending else place)
        button = bar.tabButton(at, QTabBar.ButtonPosition.RightSide)
        button.setAccessibleName(f"Close {plain(app.title, 60)}")

    def _tell_pending(self, ref: AppRef) -> None:
        """A dot in the title of the tab for as long as something is staged in it."""
        view, connection = self._views.get(ref), self._data.connection(ref.connection_id)
        if view is not None and connection is not None:
            self._title(self._tabs.indexOf(view), view.app, connection)

    def _add_close_button(self, at: int, close: Callable[[], None]) -> QToolButton:
        button = QToolButton()
        button.setIcon(sign("close"))
        button.setIconSize(QSize(11, 11))
        button.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        button.setToolTip(self._close_tip)
        button.clicked.connect(lambda: close())
        self._tabs.tabBar().setTabButton(at, QTabBar.ButtonPosition.RightSide, button)
        return button

    def tell_keys(self, keys: str) -> None:
        """Those that close a tab, as they are shown; "" for none."""
        self._close_tip = f"Close ({keys})" if keys else "Close"
        for at in range(self._tabs.count()):
            button = self._tabs.tabBar().tabButton(at, QTabBar.ButtonPosition.RightSide)
            if button is not None:
                button.setToolTip(self._close_tip)

    # Pages of which there is at most one

    def page(self, key: str, title: str, make: Callable[[], QWidget]) -> QWidget:
        """The page, in front; made where it is not open."""
        page = self._pages.get(key)
        if page is None:
            page = self._pages[key] = make()
            self._makers[key] = (title, make)
            button = self._add_close_button(self._tabs.addTab(page, title), lambda: self._close_page(key))
            button.setAccessibleName(f"Close {title}")
        self._bring_forward(page)
        return page

    def _close_page(self, key: str) -> None:
        page = self._pages.get(key)
        if page is not None:
            self.closing.emit((PAGE, key))
            del self._pages[key]
            self._tabs.removeTab(self._tabs.indexOf(page))
            page.deleteLater()
            title, make = self._makers.pop(key)
            self.closed_by_hand.emit(title.replace("&&", "&"), lambda: self.page(key, title, make))

    # Groups

    def show_cohorts(self) -> None:
        """Apps grouped by schema, in a tab of their own."""
        from app.ui.plans.cohorts_view import CohortsView

        if self._cohorts is None:
            self._cohorts = CohortsView(self._runner)
            self._cohorts.open_requested.connect(self.open)
            self._cohorts.compare_requested.connect(self.compare_requested)
            at = self._tabs.addTab(self._cohorts, "Same schema")
            self._add_close_button(at, self._close_cohorts).setAccessibleName("Close the groups of apps")
        self._bring_forward(self._cohorts)

    def _close_cohorts(self) -> None:
        cohorts = self._cohorts
        if cohorts is not None:
            self.closing.emit((COHORTS,))
            self._cohorts = None
            self._tabs.removeTab(self._tabs.indexOf(cohorts))
            cohorts.deleteLater()
            self.closed_by_hand.emit("Same schema", self.show_cohorts)


def _app_place(ref: AppRef) -> Place:
    return (APP, ref.connection_id, ref.app_id)


def _tab_title(app: AppSummary, connection: Connection) -> str:
    """The environment is part of it wherever it is not the local one, and whether writes were unlocked."""
    title = (plain(app.title, 40) or "untitled").replace("&", "&&")
    if connection.environment is not Environment.LOCAL:
        title = f"{title} · {badge_text(connection.environment)}"
    return f"{title} · unlocked" if connection.is_unlocked else title
