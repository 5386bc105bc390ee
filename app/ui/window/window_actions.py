"""The actions of the main window: names, menus and keys in one place."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtGui import QActionGroup
from PySide6.QtWidgets import QDockWidget

from app.core.connection import Connection
from app.core.refs import AppRef
from app.platforms.traits import traits_of
from app.ui.look.icons import sign
from app.ui.look.theme import ThemeChoice
from app.ui.window.agents_actions import add_agents_actions, follow_app
from app.ui.window.navigation import add_navigation_actions, add_reopen_action
from app.ui.window.schema_actions import add_redo_undo, add_schema_actions, follow_editor
from app.ui.window.window_comfort import add_comfort_actions
from app.ui.window.window_connection import follow_meant, on_meant
from app.ui.window.window_foundation import add_foundation_actions
from app.ui.window.window_keys import add_key_actions
from app.ui.window.window_launch import add_launch_actions
from app.ui.window.window_stores import add_store_actions
from app.ui.window.window_trust import add_trust_actions

if TYPE_CHECKING:
    from app.ui.window.main_window import MainWindow

MENUS = ("&App", "&Edit", "&Schema", "&Foundation", "&View", "&Connection", "&Help")
_STEP = 10


def add_actions(window: MainWindow) -> None:
    """Fill the window's registry, and its menu bar from that."""
    _add_app(window)
    add_redo_undo(window)
    _add_edit(window)
    add_comfort_actions(window)
    add_schema_actions(window)
    add_agents_actions(window)
    add_foundation_actions(window)
    _add_view(window)
    _add_connection(window)
    add_trust_actions(window)
    add_store_actions(window)
    _add_help(window)
    bar = window.menuBar()
    for title in MENUS:
        window.registry.fill(bar.addMenu(title), title.replace("&", ""))
    _follow_selection(window)
    follow_editor(window)
    follow_app(window)


def _add_app(window: MainWindow) -> None:
    add, commands = window.registry.add, window.commands
    add("app.create", "&New app…", commands.create_app, menu="App", shortcut="Ctrl+N", icon=sign("plus"))
    add("app.open", "&Open", _on_selected(window, window.open_app), menu="App", shortcut="Ctrl+O")
    rename = _on_selected(window, commands.rename_app)
    add("app.rename", "&Rename…", rename, menu="App", shortcut=("Ctrl+R", "F2"))
    add("app.delete", "&Delete…", _on_selected(window, commands.delete_app), menu="App", shortcut="Ctrl+Del")
    add("app.close_tab", "&Close tab", window.close_current_tab, menu="App", shortcut="Ctrl+W", starts_group=True)
    add_reopen_action(window)
    add("window.quit", "&Quit", window.close, menu="App", shortcut="Ctrl+Q", starts_group=True)


def _add_edit(window: MainWindow) -> None:
    add, apps = window.registry.add, window.overview.app_list
    copy, keys = window.copy_ids, "Ctrl+Shift+C"
    add("edit.copy_ids", "&Copy app ID", copy, menu="Edit", shortcut=keys, starts_group=True, icon=sign("copy"))
    add("edit.copy_env", "Copy as .&env line", apps.copy_env, menu="Edit")
    add("edit.copy_json", "Copy as &JSON", apps.copy_json, menu="Edit")
    add("edit.copy_csv", "Copy as C&SV", apps.copy_csv, menu="Edit")
    add("edit.filter", "Fi&lter apps", window.focus_filter, menu="Edit", shortcut="Ctrl+F", starts_group=True)
    add("edit.jump", "Jump t&o…", window.open_palette, menu="Edit", shortcut="Ctrl+K")


def _add_view(window: MainWindow) -> None:
    add = window.registry.add
    add("view.refresh", "&Refresh", window.commands.refresh, menu="View", shortcut="F5", icon=sign("refresh"))
    add("view.tree", "&Databases", window.focus_tree, menu="View", shortcut="Ctrl+1", starts_group=True)
    add("view.activity", "&Activity", window.show_activity, menu="View", shortcut="Ctrl+2")
    add("view.jobs", "&Jobs", window.show_jobs, menu="View", shortcut="Ctrl+3")
    add("view.findings", "&Findings", window.show_findings, menu="View", shortcut="Ctrl+4")
    toggle = _toggler(window.tree_dock)
    add("view.hide_tree", "Show or hide databases", toggle, menu="View", shortcut="Ctrl+B", starts_group=True)
    add(
        "view.hide_bottom", "Show or hide the lower panel", _toggler(window.bottom_dock), menu="View", shortcut="Ctrl+J"
    )
    add_navigation_actions(window)
    _add_theme(window)
    _add_text_size(window)


def _toggler(dock: QDockWidget) -> Callable[[], None]:
    return lambda: dock.setVisible(not dock.isVisible())


def _add_theme(window: MainWindow) -> None:
    group = QActionGroup(window)
    for choice, text in (
        (ThemeChoice.SYSTEM, "As the &system"),
        (ThemeChoice.LIGHT, "&Light"),
        (ThemeChoice.DARK, "&Dark"),
        (ThemeChoice.CONTRAST, "High &contrast"),
    ):
        action = window.registry.add(f"view.theme.{choice.value}", text, _chooser(window, choice), menu="View/&Theme")
        action.setCheckable(True)
        action.setChecked(window.settings.theme is choice)
        group.addAction(action)

    def tell(key: str) -> None:
        if key == "look.theme":
            window.registry[f"view.theme.{window.preferences.get(key)}"].setChecked(True)

    window.preferences.changed.connect(tell)


def _chooser(window: MainWindow, choice: ThemeChoice) -> Callable[[], None]:
    return lambda: window.preferences.set("look.theme", choice.value)


def _add_text_size(window: MainWindow) -> None:
    def scale(change: Callable[[int], int]) -> Callable[[], None]:
        def act() -> None:
            window.preferences.set("look.text_scale", change(window.theme.text_scale))

        return act

    add = window.registry.add
    add("view.text.larger", "&Larger", scale(lambda now: now + _STEP), menu="View/Te&xt size", shortcut="Ctrl++")
    add("view.text.smaller", "&Smaller", scale(lambda now: now - _STEP), menu="View/Te&xt size", shortcut="Ctrl+-")
    add("view.text.usual", "&Usual", scale(lambda _: 100), menu="View/Te&xt size", shortcut="Ctrl+0")


def _add_connection(window: MainWindow) -> None:
    add, commands = window.registry.add, window.commands
    add("connection.add", "&Add connection…", commands.add_connection, menu="Connection", shortcut="Ctrl+Shift+N")
    edit = on_meant(window, commands.edit_connection)
    add("connection.edit", "&Edit connection…", edit, menu="Connection", shortcut="Ctrl+Shift+E")
    add("connection.check", "&Check now", on_meant(window, commands.check), menu="Connection")
    remove = on_meant(window, commands.remove_connection, _can_go)
    add("connection.remove", "&Remove connection…", remove, menu="Connection", starts_group=True)
    add("connection.all", "&Show all connections", lambda: window.choose_connection(None), menu="Connection")


def _add_help(window: MainWindow) -> None:
    add = window.registry.add
    add_key_actions(window)
    add("help.doctor", "&Doctor", window.show_doctor, menu="Help")
    add_launch_actions(window)
    add("help.about", "&About Tenantry", window.show_about, menu="Help")


def _on_selected(window: MainWindow, act: Callable[[AppRef], None]) -> Callable[[], None]:
    def go() -> None:
        ref = window.current_ref()
        if ref is not None:
            act(ref)

    return go


def _follow_selection(window: MainWindow) -> None:
    """Actions that need an app are grey without one, so that no entry of a menu does nothing.

    In an app's own tab they are about that app, never about what is selected in the list behind.
    """
    registry, apps = window.registry, window.overview.app_list

    def tell() -> None:
        has_one = window.current_ref() is not None
        is_list = window.tabs.currentWidget() is window.overview
        has_any = is_list and (has_one or bool(apps.selected_apps()))
        ref = window.current_ref()
        connection = window.data.connection(ref.connection_id) if ref is not None else None
        refusal = traits_of(connection).rename_refusal if connection is not None else ""
        registry["app.rename"].setEnabled(has_one and not refusal)
        registry["app.rename"].setToolTip(refusal)
        registry["app.delete"].setEnabled(has_one)
        registry["app.open"].setEnabled(has_one and is_list)
        registry["edit.copy_ids"].setEnabled(has_one or has_any)
        for name in ("edit.copy_env", "edit.copy_json", "edit.copy_csv"):
            registry[name].setEnabled(has_any)
        registry["app.close_tab"].setEnabled(not is_list)

    apps.selected.connect(lambda _: tell())
    window.tabs.currentChanged.connect(lambda _: tell())
    window.data.apps_changed.connect(tell)
    tell()
    follow_meant(window, ("connection.edit", "connection.check"))
    follow_meant(window, ("connection.remove",), _can_go, _stays)


def _can_go(connection: Connection) -> bool:
    return not connection.is_builtin


def _stays(connection: Connection) -> str:
    return f"{connection.label} belongs to Tenantry and stays."
