"""Keys in the main window: put in force after the first paint, shown and changed in dialogs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .actions import shown_keys

if TYPE_CHECKING:
    from .cheat_sheet import CheatSheet
    from .keymap_dialog import KeymapDialog
    from .main_window import MainWindow


def add_key_actions(window: MainWindow) -> None:
    add = window.registry.add
    add("help.shortcuts", "&Shortcuts", lambda: show_shortcuts(window), menu="Help", shortcut="F1")
    add("help.keys", "Change &keys…", lambda: change_keys(window), menu="Help")


def use_own_keys(window: MainWindow) -> None:
    """What the operator's keys are, and what each action is for."""
    from .action_help import complete_registry
    from .keymap import Keymap

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
    from .cheat_sheet import CheatSheet

    sheet = CheatSheet(window.registry, window)
    sheet.change_requested.connect(lambda name: change_keys(window, name, sheet))
    sheet.open()


def change_keys(window: MainWindow, name: str = "", parent: CheatSheet | None = None) -> KeymapDialog:
    """With an action, that one is chosen."""
    from .keymap import Keymap
    from .keymap_dialog import KeymapDialog

    dialog = KeymapDialog(Keymap(window.registry, window.settings), parent or window)
    if name:
        dialog.choose(name)
    dialog.open()
    return dialog
