"""The main window: assembles the parts and connects them; what commands do is in ``commands``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QByteArray, QEvent, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QCloseEvent, QKeyEvent
from PySide6.QtWidgets import (
    QApplication,
    QDockWidget,
    QFrame,
    QHBoxLayout,
    QMainWindow,
    QTabWidget,
    QToolBar,
    QVBoxLayout,
    QWidget,
)

from app.core.connection import Environment
from app.core.errors import KnownError
from app.core.refs import AppRef
from app.core.text import plain
from app.ui.actions.actions import ActionRegistry
from app.ui.look.theme import Theme
from app.ui.overview.live_data import LiveData
from app.ui.overview.overview import OverviewPanel
from app.ui.parts.badges import text_label
from app.ui.parts.message_bar import MessageBar
from app.ui.settings.settings import WindowSettings
from app.ui.window.app_tabs import AppTabs
from app.ui.window.closing import Closing
from app.ui.window.commands import Commands
from app.ui.window.navigation import Navigation
from app.ui.window.toolbar import MainToolbar
from app.ui.window.window_actions import add_actions
from app.ui.window.window_comfort import WindowComfort
from app.ui.window.window_foundation import WindowFoundation
from app.ui.window.window_keys import EnterOnButtons, use_own_keys
from app.ui.window.window_launch import WindowLaunch
from app.ui.window.window_status import WindowStatusBar
from app.ui.window.window_stores import WindowStores
from app.ui.work.runner import JobState, Runner

if TYPE_CHECKING:
    from app.core.targets import Target
    from app.storage.last_known import LastKnown
    from app.ui.editor.schema_editor import SchemaEditor
    from app.ui.tree.database_tree import DatabaseTree
    from app.ui.window.app_view import AppView
    from app.ui.window.bottom_panel import BottomPanel, BottomTab
    from app.ui.window.tab_memory import TabMemory

_FIRST_SIZE = QSize(1440, 900)
_TREE_WIDTH, _BOTTOM_HEIGHT = 280, 190


class MainWindow(QMainWindow):
    """Shown at once with what was last known; ``complete`` builds the rest after the first paint.

    ``closed`` is sent when the shutdown is over and the program may end.
    """

    closed = Signal()
    connection_chosen = Signal(object)
    editor_changed = Signal()  # an editor of a schema was made

    def __init__(self, runner: Runner, settings: WindowSettings, theme: Theme, data_dir: Path) -> None:
        super().__init__()
        self.setWindowTitle("Tenantry")
        self.runner, self.settings, self.theme, self.data_dir = runner, settings, theme, data_dir
        self.data = LiveData(runner, self)
        self.commands = Commands(runner, self.data, self)
        self.closing = Closing(runner, self)
        self.toolbar = MainToolbar()
        self.overview = OverviewPanel(runner, self.data)
        self.messages = MessageBar()
        self.tabs = QTabWidget()
        self.app_tabs = AppTabs(self.tabs, runner, self.data, settings, self)
        self.production_bar = _production_bar()
        self.bars: list[QToolBar] = [self.toolbar, self.production_bar]  # what is above all else
        self.tree_dock = QDockWidget("Databases", self)
        self.bottom_dock = QDockWidget("Activity, jobs and findings", self)
        self.tree: DatabaseTree | None = None
        self.bottom: BottomPanel | None = None
        self.tab_memory: TabMemory | None = None
        self._awaited: AppRef | None = None
        self._enter = EnterOnButtons(self)
        self._lay_out()
        self.foundation = WindowFoundation(self)
        self.stores = WindowStores(self)
        self.comfort = WindowComfort(self)
        self.preferences = self.comfort.preferences
        self.launch = WindowLaunch(self)
        self.navigation = Navigation(self)
        self.registry = ActionRegistry(self)
        add_actions(self)
        self._connect()
        self._restore()

    # Building

    def _lay_out(self) -> None:
        self.addToolBar(self.toolbar)
        self.addToolBarBreak()
        self.addToolBar(self.production_bar)
        self.tabs.setDocumentMode(True)
        self.tabs.setMovable(True)
        self.tabs.setAccessibleName("Tabs")
        self.tabs.addTab(self.overview, "Overview")
        centre = QWidget()
        box = QVBoxLayout(centre)
        box.setContentsMargins(0, 0, 0, 0)
        box.setSpacing(0)
        box.addWidget(self.messages)
        box.addWidget(self.tabs)
        self.setCentralWidget(centre)
        self._dress_docks()
        self.addDockWidget(Qt.DockWidgetArea.LeftDockWidgetArea, self.tree_dock)
        self.addDockWidget(Qt.DockWidgetArea.BottomDockWidgetArea, self.bottom_dock)
        self.setCorner(Qt.Corner.BottomLeftCorner, Qt.DockWidgetArea.LeftDockWidgetArea)
        self.status = WindowStatusBar(self.data)
        self.setStatusBar(self.status)

    def _dress_docks(self) -> None:
        for dock, name in ((self.tree_dock, "databases"), (self.bottom_dock, "bottom")):
            dock.setObjectName(name)
            dock.setFeatures(QDockWidget.DockWidgetFeature.DockWidgetClosable)
        head = text_label("DATABASES", "sectionHead")
        head.setContentsMargins(14, 10, 8, 6)
        self.tree_dock.setTitleBarWidget(head)
        self.bottom_dock.setTitleBarWidget(QWidget())

    def _connect(self) -> None:
        data, commands, toolbar, overview = self.data, self.commands, self.toolbar, self.overview
        data.connections_changed.connect(self._show_connections)
        data.statuses_changed.connect(self._show_connections)
        data.apps_changed.connect(self._show_awaited)
        toolbar.switcher.chosen.connect(self.choose_connection)
        toolbar.switcher.add_requested.connect(commands.add_connection)
        toolbar.refresh_requested.connect(commands.refresh)
        toolbar.palette_requested.connect(self.open_palette)
        toolbar.jobs_requested.connect(self.show_jobs)
        toolbar.jobs_button.cancel_requested.connect(self.runner.cancel)
        toolbar.create_requested.connect(commands.create_app)
        overview.cards.chosen.connect(self.choose_connection)
        overview.cards.add_requested.connect(commands.add_connection)
        overview.cards.check_requested.connect(commands.check)
        overview.cards.edit_requested.connect(commands.edit_connection)
        overview.cards.remove_requested.connect(commands.remove_connection)
        overview.cards.doctor_requested.connect(self.show_doctor)
        overview.cards.workspaces_requested.connect(self.stores.show_workspaces)
        overview.strip.action_requested.connect(commands.act_on)
        overview.strip.all_requested.connect(self.show_findings)
        overview.app_list.create_requested.connect(commands.create_app)
        overview.app_list.open_requested.connect(self.open_app)
        overview.app_list.rename_requested.connect(commands.rename_app)
        overview.app_list.delete_requested.connect(commands.delete_app)
        overview.app_list.refresh_requested.connect(commands.refresh)
        overview.app_list.copied.connect(self.status.confirm)
        commands.app_wanted.connect(self.show_app)
        commands.app_created.connect(self.show_new_app)
        commands.view_wanted.connect(self.open_app)
        commands.app_deleted.connect(self.app_tabs.close)
        commands.staging_wanted.connect(self.app_tabs.stage)
        self._connect_tabs()
        commands.confirmed.connect(self.status.confirm)
        self.messages.details_requested.connect(self._show_error_details)
        self.runner.known_error.connect(self._show_known_error)
        self.runner.bug_found.connect(self._show_error_details)
        self.runner.busy_changed.connect(self._tell_jobs)
        self.runner.jobs_changed.connect(self._tell_jobs)
        self.runner.ready.connect(self._begin)
        self.closing.finished.connect(self._end)
        self.theme.changed.connect(self._dress)
        self._looking = QTimer(self, interval=400)
        self._looking.timeout.connect(self._tell_jobs)

    def _connect_tabs(self) -> None:
        tabs, commands = self.app_tabs, self.commands
        tabs.rename_requested.connect(commands.rename_app)
        tabs.delete_requested.connect(commands.delete_app)
        tabs.compare_requested.connect(commands.compare)
        tabs.told.connect(self.status.confirm)
        tabs.editor_made.connect(self.editor_changed)

    def _restore(self) -> None:
        if self.settings.geometry.isEmpty() or not self.restoreGeometry(self.settings.geometry):
            room = self.screen().availableSize()
            self.resize(_FIRST_SIZE.boundedTo(room * 0.94))
        layout: QByteArray = self.settings.layout
        if layout.isEmpty() or not self.restoreState(layout):
            self.resizeDocks([self.tree_dock], [_TREE_WIDTH], Qt.Orientation.Horizontal)
            self.resizeDocks([self.bottom_dock], [_BOTTOM_HEIGHT], Qt.Orientation.Vertical)
        self.toolbar.setVisible(True)
        self.production_bar.setVisible(False)
        self.choose_connection(self.settings.connection_id)
        self.overview.app_list.setFocus()

    def complete(self) -> None:
        """Build what the first paint can do without."""
        from app.ui.tree.database_tree import DatabaseTree
        from app.ui.window.bottom_panel import BottomPanel
        from app.ui.window.tab_memory import TabMemory

        if self.tree is not None:
            return
        self.bottom = BottomPanel(self.runner, self.data)
        self.bottom.finding_action_requested.connect(self.commands.act_on)
        self.bottom.tabs.setCurrentIndex(max(0, min(2, self.settings.bottom_tab)))
        self.bottom_dock.setWidget(self.bottom)
        self.tree = DatabaseTree(self.runner)
        self._connect_tree(self.tree)
        self.tree_dock.setWidget(self.tree)
        self.comfort.complete()
        use_own_keys(self)
        self.navigation.watch()
        self.tab_memory = TabMemory(self)

    def _connect_tree(self, tree: DatabaseTree) -> None:
        data, commands = self.data, self.commands
        tree.app_activated.connect(self.open_app)
        tree.entity_activated.connect(self.app_tabs.show_entity)
        tree.refresh_requested.connect(commands.check)
        tree.edit_connection_requested.connect(commands.edit_connection)
        tree.add_connection_requested.connect(commands.add_connection)
        tree.foundation_requested.connect(self.foundation.show)
        tree.workspaces_requested.connect(self.stores.show_workspaces)
        tree.copied.connect(self.status.confirm)
        data.apps_changed.connect(self._fill_tree)
        data.apps_changed.connect(self.app_tabs.update)
        data.connections_changed.connect(self.app_tabs.update)
        data.connections_changed.connect(self._fill_tree)
        data.statuses_changed.connect(lambda: tree.set_statuses(data.statuses.values()))
        keys = self.settings.open_nodes
        if keys:
            tree.restore_open(keys)
        self._fill_tree()
        tree.set_statuses(data.statuses.values())

    def _fill_tree(self) -> None:
        if self.tree is not None:
            self.tree.set_groups(self.data.groups)

    # What was known, what is known

    def show_last_known(self, known: LastKnown) -> None:
        self.data.show_last_known(known)

    def _begin(self) -> None:
        self.data.fetch_all()
        self.commands.first_refresh()
        self.commands.tell_notices()

    def _show_connections(self) -> None:
        chosen = self.commands.chosen_id
        if self.data.connections and chosen is not None and self.data.connection(chosen) is None:
            self.choose_connection(None)
            return
        self.toolbar.switcher.show_connection(self.data.connections, self.data.statuses, chosen)
        self._tell_environment()

    def choose_connection(self, connection_id: str | None) -> None:
        """Narrow the window to one connection, None for all."""
        self.commands.chosen_id = connection_id
        self.overview.choose_connection(connection_id)
        self.status.set_chosen(connection_id)
        self.toolbar.switcher.show_connection(self.data.connections, self.data.statuses, connection_id)
        self._tell_environment()
        self.connection_chosen.emit(connection_id)

    def _tell_environment(self) -> None:
        chosen = self.data.connection(self.commands.chosen_id)
        is_production = chosen is not None and chosen.environment is Environment.PRODUCTION
        self.production_bar.setVisible(is_production)
        title = f"{plain(chosen.label, 80)} ({chosen.environment.value}) — Tenantry" if chosen else "Tenantry"
        if title != self.windowTitle():
            self.setWindowTitle(title)

    # Going somewhere

    def open_palette(self) -> None:
        from app.ui.window.palette_open import open_palette

        open_palette(self)

    def show_app(self, ref: AppRef) -> None:
        """Bring an app into sight in the list."""
        self.tabs.setCurrentWidget(self.overview)
        if self._select(ref):
            self.overview.app_list.view.setFocus()
        else:
            self.status.confirm("This app is not in the list (any more)")

    def show_new_app(self, ref: AppRef) -> None:
        """Bring an app into sight that the list may not hold yet: then as soon as it does."""
        self.tabs.setCurrentWidget(self.overview)
        self.overview.app_list.view.setFocus()
        self._awaited = ref
        self._show_awaited()

    def _show_awaited(self) -> None:
        if self._awaited is not None and self._select(self._awaited):
            self._awaited = None
            # The list's range follows its rows a moment later; until then its end cannot be scrolled to.
            view = self.overview.app_list.view
            QTimer.singleShot(0, view, lambda: view.scrollTo(view.currentIndex()))

    def _select(self, ref: AppRef) -> bool:
        if self.data.app(ref) is None:
            return False
        if self.commands.chosen_id not in (None, ref.connection_id):
            self.choose_connection(None)
        return self.overview.app_list.select_app(ref)

    def open_app(self, ref: AppRef) -> None:
        """Open the schema of an app in a tab of its own."""
        self.app_tabs.open(ref)

    def open_target(self, target: Target) -> None:
        """Open what the program was asked for: an app, or a schema file."""
        self.launch.open(target)

    def current_view(self) -> AppView | None:
        """The app's tab that is in front, None where another is."""
        return self.app_tabs.current()

    def current_ref(self) -> AppRef | None:
        """The app that commands are about: the one whose tab is in front, in the overview the selected one."""
        if self.tabs.currentWidget() is self.overview:
            return self.overview.app_list.selected_ref()
        view = self.current_view()
        return view.ref if view is not None else None

    def current_editor(self) -> SchemaEditor | None:
        """The schema editor that is in front, None where there is none."""
        view = self.current_view()
        return view.editor if view is not None else None

    def read_schema(self) -> None:
        """Read the schema of the tab in front again."""
        view = self.current_view()
        if view is not None:
            view.load(is_fresh=True)

    def copy_ids(self) -> None:
        view = self.current_view()
        if view is not None:
            view.copy_id()
        else:
            self.overview.app_list.copy_ids()

    def focus_filter(self) -> None:
        """The one of the list of apps; of the databases, where the keyboard is in these."""
        tree = self.tree
        if tree is not None and tree.isAncestorOf(QApplication.focusWidget() or self) and not tree.field.isHidden():
            tree.enter_find()
            return
        self.tabs.setCurrentWidget(self.overview)
        self.overview.app_list.filter_box.setFocus()
        self.overview.app_list.filter_box.selectAll()

    def focus_tree(self) -> None:
        self.tree_dock.setVisible(True)
        if self.tree is not None:
            self.tree.setFocus()

    def show_doctor(self, connection_id: str | None = None) -> None:
        from app.ui.window.window_doctor import show_doctor

        show_doctor(self, connection_id)

    def show_jobs(self) -> None:
        from app.ui.window.bottom_panel import BottomTab

        self._show_bottom(BottomTab.JOBS)

    def show_findings(self) -> None:
        from app.ui.window.bottom_panel import BottomTab

        self._show_bottom(BottomTab.FINDINGS)

    def show_activity(self) -> None:
        from app.ui.window.bottom_panel import BottomTab

        self._show_bottom(BottomTab.ACTIVITY)

    def _show_bottom(self, tab: BottomTab) -> None:
        self.complete()
        assert self.bottom is not None
        self.bottom_dock.setVisible(True)
        self.bottom.show_tab(tab)

    def close_current_tab(self) -> None:
        self.app_tabs.close_at(self.tabs.currentIndex())

    # Telling

    def _tell_jobs(self) -> None:
        jobs = self.runner.jobs()
        self.toolbar.jobs_button.tell(jobs)
        is_busy = any(job.state is JobState.RUNNING for job in jobs)
        if is_busy != self._looking.isActive():
            self._looking.start() if is_busy else self._looking.stop()

    def _show_known_error(self, error: KnownError, title: str) -> None:
        self.messages.show_error(error, title)

    def _show_error_details(self, error: BaseException, title: str) -> None:
        from app.ui.parts.error_dialog import ErrorDialog

        ErrorDialog(error, title, self).open()

    def show_about(self) -> None:
        from app.ui.parts.info_dialogs import AboutDialog

        AboutDialog(self.windowIcon(), self.data_dir, self).open()

    def _dress(self) -> None:
        """After the theme or the text size changed: what was drawn once is drawn anew."""
        for part in (self.toolbar, self.overview, self.messages, self.bottom):
            if part is not None:
                part.refresh_looks()
        self._show_connections()

    # The keyboard

    def focusNextPrevChild(self, is_next: bool) -> bool:
        """Tab goes through the window as it is read, whatever was made first."""
        if self.tree is None:
            return bool(super().focusNextPrevChild(is_next))
        from app.ui.window.window_regions import step

        return step(self, is_next=is_next)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """What nobody below has wanted."""
        if not self._enter.press(event):
            super().keyPressEvent(event)

    # Ending

    def event(self, event: QEvent) -> bool:
        """Keeps the interpreter for the whole of a repaint.

        A repaint asks models and views written in Python some hundred times; while the engine is busy, each of
        them would wait for its turn anew.
        """
        if event.type() == QEvent.Type.ShortcutOverride:
            self._enter.hear(event)
        return super().event(event)

    def closeEvent(self, event: QCloseEvent) -> None:
        """The window goes when the work has ended, not before."""
        event.ignore()
        if not self.closing.is_running:
            self.app_tabs.flush()
            self.remember()
            self.closing.start()

    def _end(self) -> None:
        self.hide()
        self.closed.emit()

    def remember(self) -> None:
        """Keep places and looks for the next start."""
        settings = self.settings
        settings.geometry = self.saveGeometry()
        settings.layout = self.saveState()
        settings.connection_id = self.commands.chosen_id
        if self.tab_memory is not None:
            self.tab_memory.save()
        if self.bottom is not None:
            settings.bottom_tab = self.bottom.tabs.currentIndex()
        if self.tree is not None:
            settings.open_nodes = tuple(self.tree.open_nodes())
        settings.save()


def _production_bar() -> QToolBar:
    """A strip across the whole window that cannot be overlooked."""
    bar = QToolBar("Environment")
    bar.setObjectName("environment")
    bar.setMovable(False)
    bar.setContextMenuPolicy(Qt.ContextMenuPolicy.PreventContextMenu)
    strip = QFrame()
    strip.setProperty("look", "production")
    row = QHBoxLayout(strip)
    row.setContentsMargins(14, 3, 14, 3)
    label = text_label("PRODUCTION — what you change here reaches real users at once")
    row.addWidget(label, 1, Qt.AlignmentFlag.AlignCenter)
    strip.setAccessibleName(label.text())
    bar.addWidget(strip)
    bar.setStyleSheet("QToolBar { padding: 0; border: 0; spacing: 0; }")
    bar.setVisible(False)
    return bar
