"""Preferences, help, welcome, imports and short messages."""

from __future__ import annotations

import json

from PySide6.QtWidgets import QDialog, QWidget

from app.core.connection import Environment
from app.ui.settings.import_settings_dialog import ImportSettingsDialog
from app.ui.settings.preferences_dialog import PreferencesDialog
from app.ui.window.main_window import MainWindow
from tests.ui.screen_book import screen
from tests.ui.stage import CLOUD, LOCAL, Stage


@screen("preferences")
def preferences(stage: Stage) -> QDialog:
    window = stage.window()
    window.preferences.set("notify.after_s", 60)
    window.comfort.show_preferences()
    return stage.shown(PreferencesDialog)


@screen("preferences-searched")
def preferences_searched(stage: Stage) -> QDialog:
    dialog = preferences(stage)
    assert isinstance(dialog, PreferencesDialog)
    dialog.search.setText("secret")
    return dialog


@screen("import-settings")
def import_settings(stage: Stage) -> QDialog:
    from app.services.connection_exchange import ConnectionEntry, ImportKind, read_exchange
    from app.services.connections import ConnectionDraft
    from app.ui.settings.keymap import Keymap

    window = stage.window()
    content = {
        "format": "tenantry-settings",
        "version": 1,
        "settings": {"look.theme": "dark", "notify.after_s": 20, "look.text_scale": "large"},
        "keys": {"app.create": "Ctrl+M"},
    }
    draft = ConnectionDraft(CLOUD.label, CLOUD.platform, CLOUD.base_url, Environment.STAGING)
    entries = (
        ConnectionEntry(ImportKind.ADD, "Shop", "https://shop.example (Instant, staging, without its token)", draft),
        ConnectionEntry(
            ImportKind.CHANGE,
            CLOUD.label,
            "Takes a guard away: environment: production becomes staging",
            draft,
            CLOUD.id,
            False,
        ),
        ConnectionEntry(ImportKind.LEAVE, LOCAL.label, "It belongs to Tenantry."),
    )
    keymap = Keymap(window.registry, window.settings)
    exchange = read_exchange(json.dumps(content, indent=1))
    return stage.opened(ImportSettingsDialog(window.runner, window.preferences, keymap, exchange, entries, window))


@screen("help")
def help_page(stage: Stage) -> MainWindow:
    window = stage.window()
    window.comfort.show_help("edit-a-schema")
    return window


@screen("help-shortcuts")
def help_shortcuts(stage: Stage) -> MainWindow:
    window = stage.window()
    window.comfort.show_help("shortcuts")
    return window


@screen("welcome")
def welcome(stage: Stage) -> MainWindow:
    window = stage.window()
    window.comfort.show_welcome()
    return window


@screen("messages")
def messages(stage: Stage) -> MainWindow:
    """Short messages, over a tab where they hide nothing that is measured."""
    window = stage.window()
    window.app_tabs.page("blank", "Blank", QWidget)
    show = window.comfort.messages.show
    show("Renamed “Ana’s workspace” to “Ana’s other”", "Undo", lambda: None)
    show("Pushed 3 changes to “Ana’s workspace”.", "Undo…", lambda: None)
    return window
