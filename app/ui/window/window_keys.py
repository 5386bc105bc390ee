"""Keys in the main window: put in force after the first paint, shown and changed in dialogs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import QEvent, Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QPushButton, QToolButton, QWidget

from app.ui.actions.actions import shown_keys

if TYPE_CHECKING:
    from app.ui.actions.cheat_sheet import CheatSheet
    from app.ui.settings.keymap_dialog import KeymapDialog

    from .main_window import MainWindow


_ENTER = frozenset({Qt.Key.Key_Return, Qt.Key.Key_Enter})


class EnterOnButtons:
    """Enter presses the button that has the keyboard, as Space does and as it does in every dialog."""

    def __init__(self, window: QWidget) -> None:
        self._window = window
        self._button: QWidget | None = None

    def hear(self, event: QEvent) -> None:
        """A key comes. Who has the keyboard now is meant, not where a field that takes the key sends it."""
        has_focus = self._window.focusWidget()
        is_button = isinstance(event, QKeyEvent) and event.key() in _ENTER and not event.isAutoRepeat()
        self._button = has_focus if is_button and isinstance(has_focus, (QPushButton, QToolButton)) else None

    def press(self, event: QKeyEvent) -> bool:
        """Whether the key has pressed a button."""
        button, self._button = self._button, None
        is_plain = not event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier
        if event.key() not in _ENTER or not is_plain or button is None or button is not self._window.focusWidget():
            return False
        if isinstance(button, (QPushButton, QToolButton)) and button.isEnabled():
            button.click()
        return True


def add_key_actions(window: MainWindow) -> None:
    add = window.registry.add
    add("help.shortcuts", "&Shortcuts", lambda: show_shortcuts(window), menu="Help", shortcut="F1")
    add("help.keys", "Change &keys…", lambda: change_keys(window), menu="Help")


def use_own_keys(window: MainWindow) -> None:
    """What the operator's keys are, and what each action is for."""
    from app.ui.actions.action_help import complete_registry
    from app.ui.settings.keymap import Keymap

    complete_registry(window.registry)
    window.registry.changed.connect(lambda: _tell_keys(window))
    Keymap(window.registry, window.settings).load()


def _tell_keys(window: MainWindow) -> None:
    """What says its keys beside what it does says those that are in force."""

    def keys(name: str) -> str:
        return shown_keys(window.registry.keys_of(name))

    window.toolbar.tell_keys(keys("view.refresh"), keys("edit.jump"), keys("app.create"))
    window.app_tabs.tell_keys(keys("app.close_tab"))


def show_shortcuts(window: MainWindow) -> None:
    from app.ui.actions.cheat_sheet import CheatSheet

    sheet = CheatSheet(window.registry, window)
    sheet.change_requested.connect(lambda name: change_keys(window, name, sheet))
    sheet.open()


def change_keys(window: MainWindow, name: str = "", parent: CheatSheet | None = None) -> KeymapDialog:
    """With an action, that one is chosen."""
    from app.ui.settings.keymap import Keymap
    from app.ui.settings.keymap_dialog import KeymapDialog

    dialog = KeymapDialog(Keymap(window.registry, window.settings), parent or window)
    if name:
        dialog.choose(name)
    dialog.open()
    return dialog
