"""What makes the window a good neighbour on the desktop: preferences, short messages, notifications, help, welcome.

Everything but the preferences themselves is made when it is first needed.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Qt

from app.ui.look.theme import ThemeChoice
from app.ui.settings.preferences import Preferences

if TYPE_CHECKING:
    from app.ui.window.main_window import MainWindow
    from app.ui.window.settings_exchange import SettingsExchange
    from app.ui.window.window_toasts import WindowToasts
    from app.ui.window.window_welcome import WindowWelcome

_LEVELS = {"warning": logging.WARNING, "info": logging.INFO, "debug": logging.DEBUG}


class WindowComfort(QObject):
    """Holds the preferences and puts them in force."""

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self._window = window
        self.preferences = Preferences(window.settings, self)
        self.preferences.changed.connect(self._put_in_force)
        if not self.preferences.is_default("log.level"):
            self._put_in_force("log.level")
        self._messages: WindowToasts | None = None
        self._exchanging: SettingsExchange | None = None
        self._welcome: WindowWelcome | None = None

    def complete(self) -> None:
        """Listen to what the window does, from the first paint on."""
        if self._messages is None:
            from app.ui.window.notifier import Notifier
            from app.ui.window.window_toasts import WindowToasts

            window = self._window
            self._put_in_force("clipboard.clear_after_s")
            self._messages = WindowToasts(window)
            self.notifier = Notifier(window, window.runner, self.preferences)
            self.notifier.clicked.connect(self.show_job)
            window.closing.finished.connect(self.notifier.close)

    @property
    def messages(self) -> WindowToasts:
        """Short messages with an answer."""
        self.complete()
        assert self._messages is not None
        return self._messages

    def show_job(self, key: int) -> None:
        """Bring the window to the front, at one of its jobs."""
        window = self._window
        window.setWindowState(window.windowState() & ~Qt.WindowState.WindowMinimized)
        window.show()
        window.raise_()
        window.activateWindow()
        window.show_jobs()
        if window.bottom is not None:
            window.bottom.jobs.reveal(key)

    def tell_written(self, sentence: str) -> None:
        """Something was written elsewhere: the audit trail has it."""
        self.messages.show(sentence, "Audit trail", lambda: self.trigger("view.audit"))

    def answer(self) -> None:
        self.messages.toasts.answer_newest()

    def focus_message(self) -> None:
        self.messages.toasts.focus_newest()

    def _put_in_force(self, key: str) -> None:
        window, preferences = self._window, self.preferences
        if key == "look.theme":
            window.theme.set_choice(ThemeChoice(str(preferences.get(key))))
        elif key == "look.text_scale":
            window.theme.set_text_scale(preferences.number(key))
        elif key == "clipboard.clear_after_s":
            from app.ui.parts.secret_clipboard import secret_clipboard

            secret_clipboard().after_s = preferences.number(key)
        elif key == "log.level":
            from app.storage.log import set_log_level

            set_log_level(_LEVELS[str(preferences.get(key))])

    def show_preferences(self) -> None:
        from app.ui.settings.preferences_dialog import PreferencesDialog

        dialog = PreferencesDialog(self.preferences, self._window)
        dialog.export_requested.connect(self.export)
        dialog.import_requested.connect(self.choose_import)
        dialog.open()

    def show_help(self, page: str = "") -> None:
        """A page of the help in its tab; without a name the one about the view in front."""
        from app.ui.help.help_pages import page_of
        from app.ui.help.help_view import HelpView

        window = self._window
        view = window.tabs.currentWidget()
        app_view = window.current_view()
        is_agents = app_view is not None and app_view.is_agents_shown
        wanted = page or page_of("AgentsView" if is_agents else type(view).__name__)

        def make() -> HelpView:
            made = HelpView(window.registry)
            made.action_wanted.connect(self.trigger)
            return made

        shown = window.app_tabs.page("help", "Help", make)
        if isinstance(shown, HelpView) and (page or shown is not view):
            shown.show_page(wanted)

    def show_welcome(self) -> None:
        from app.ui.window.window_welcome import WindowWelcome

        if self._welcome is None:
            self._welcome = WindowWelcome(self._window)
        self._welcome.show()

    def greet(self) -> None:
        """Show the welcome page where the profile was never used."""
        from app.ui.window.window_welcome import is_never_used

        if is_never_used(self._window.settings) and not self._window.data.table.rows:
            self.show_welcome()

    def trigger(self, name: str) -> None:
        """Do what an action does, or say why it cannot be done."""
        window = self._window
        action = window.registry[name]
        if action.isEnabled():
            action.trigger()
        else:
            from app.ui.actions.action_help import reason_of

            window.status.confirm(action.toolTip() if "." in action.toolTip() else reason_of(name))

    def export(self) -> None:
        self.exchange.export()

    def choose_import(self) -> None:
        self.exchange.choose_import()

    @property
    def exchange(self) -> SettingsExchange:
        from app.ui.window.settings_exchange import SettingsExchange

        if self._exchanging is None:
            self._exchanging = SettingsExchange(self._window)
        return self._exchanging


def add_comfort_actions(window: MainWindow) -> None:
    add, comfort = window.registry.add, window.comfort
    add(
        "edit.answer",
        "Do what the &newest message offers",
        comfort.answer,
        menu="Edit",
        shortcut="Ctrl+Alt+Z",
        help="Undo, Reopen or whatever the newest short message has as its button.",
    )
    add(
        "view.message",
        "Go to the newest &message",
        comfort.focus_message,
        menu="View",
        shortcut="F8",
        help="Puts the keyboard into the short message over the lower right corner; Esc closes it.",
    )
    add(
        "edit.preferences",
        "Pre&ferences…",
        comfort.show_preferences,
        menu="Edit",
        shortcut="Ctrl+,",
        starts_group=True,
        help="Every setting, to be searched and changed.",
    )
    add(
        "edit.export_settings",
        "E&xport settings…",
        comfort.export,
        menu="Edit",
        help="Writes settings, keys and connections to a file, without any token or password.",
    )
    add(
        "edit.import_settings",
        "&Import settings…",
        comfort.choose_import,
        menu="Edit",
        help="Reads such a file; shows first what it would add, change and leave.",
    )
    add(
        "help.help",
        "&Help",
        comfort.show_help,
        menu="Help",
        shortcut="Shift+F1",
        help="Shows the page of the help about what is in front.",
    )
    add(
        "help.welcome",
        "&Welcome",
        comfort.show_welcome,
        menu="Help",
        help="Shows the ways to begin: sample tenants, a connection of your own, or what was exported elsewhere.",
    )
