"""Preferences, short messages and the rest of the comfort, in a whole window with known answers."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QTabBar
from pytestqt.qtbot import QtBot

from app.core.apps import AppSummary
from app.core.refs import AppRef
from app.storage.log import Redactor, open_log
from app.ui.apps.create_app_dialog import CreateAppDialog
from app.ui.apps.rename_app_dialog import RenameAppDialog
from app.ui.look.theme import ThemeChoice
from app.ui.parts.secret_clipboard import secret_clipboard
from app.ui.parts.toast import Toast
from app.ui.settings.preferences_dialog import PreferencesDialog
from app.ui.window.main_window import MainWindow
from tests.ui.content_fakes import FakeWorkshop
from tests.ui.shell_fakes import ANA, APP_ID, FakeServices
from tests.ui.window_fakes import Open, opened_editor

REF = AppRef("c1", APP_ID)


class _Lifecycle:
    def __init__(self) -> None:
        self.titles: list[str] = []

    async def rename(self, ref: AppRef, title: str) -> AppSummary:
        self.titles.append(title)
        return ANA._replace(title=title)


@pytest.fixture
def services() -> FakeServices:
    made = FakeServices()
    made.lifecycle = _Lifecycle()  # type: ignore[attr-defined]
    made.workshop = FakeWorkshop()  # type: ignore[attr-defined]
    return made


def _toast(window: MainWindow) -> Toast:
    return window.comfort.messages.toasts.shown[-1]


def test_preferences_open_from_the_menu_and_change_the_window(services: FakeServices, open_window: Open) -> None:
    window = open_window(services)
    window.registry["edit.preferences"].trigger()
    dialog = window.findChild(PreferencesDialog)
    assert dialog is not None
    assert dialog.isVisible()
    window.preferences.set("look.theme", "dark")
    assert window.theme.choice is ThemeChoice.DARK
    assert window.registry["view.theme.dark"].isChecked()
    window.preferences.set("look.text_scale", 120)
    assert window.theme.text_scale == 120
    window.preferences.reset_all()
    assert window.theme.choice is ThemeChoice.SYSTEM
    dialog.close()


def test_text_size_in_the_menu_is_the_same_setting(services: FakeServices, open_window: Open) -> None:
    window = open_window(services)
    window.registry["view.text.larger"].trigger()
    assert window.preferences.number("look.text_scale") == 110
    window.registry["view.text.usual"].trigger()
    assert window.preferences.is_default("look.text_scale")


def test_closed_tab_can_be_opened_again(qtbot: QtBot, services: FakeServices, open_window: Open) -> None:
    window = open_window(services)
    window.open_app(REF)
    assert window.tabs.count() == 2
    button = window.tabs.tabBar().tabButton(1, QTabBar.ButtonPosition.RightSide)
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)
    assert window.tabs.count() == 1
    toast = _toast(window)
    assert toast.label.text() == "Closed “Ana's workspace”"
    qtbot.mouseClick(toast.button, Qt.MouseButton.LeftButton)
    assert window.current_ref() == REF
    assert window.tabs.count() == 2


def test_key_does_what_the_newest_message_offers(services: FakeServices, open_window: Open) -> None:
    window = open_window(services)
    answer, go_to = window.registry["edit.answer"], window.registry["view.message"]
    assert (answer.isEnabled(), go_to.isEnabled()) == (False, False)
    window.open_app(REF)
    window.close_current_tab()
    assert (answer.isEnabled(), go_to.isEnabled()) == (True, True)
    answer.trigger()
    assert (answer.isEnabled(), go_to.isEnabled()) == (False, False)
    assert window.tabs.count() == 2
    assert window.comfort.messages.toasts.shown == ()


def test_message_of_a_new_app_has_its_title_before_any_list_has_it(services: FakeServices, open_window: Open) -> None:
    window = open_window(services)
    window.commands.create_app()
    dialog = window.findChild(CreateAppDialog)
    dialog.created.emit(ANA._replace(app_id="new", title="Notes"))
    assert _toast(window).label.text() == "Created “Notes”"
    dialog.reject()


def test_rename_can_be_taken_back(qtbot: QtBot, services: FakeServices, open_window: Open) -> None:
    window = open_window(services)
    window.commands.rename_app(REF)
    dialog = window.findChild(RenameAppDialog)
    dialog.title_edit.setText("Ana's other")
    dialog.act()
    qtbot.waitUntil(lambda: bool(window.comfort.messages.toasts.shown))
    toast = _toast(window)
    assert toast.label.text() == "Renamed “Ana's workspace” to “Ana's other”"
    toast.answer()
    qtbot.waitUntil(lambda: services.lifecycle.titles == ["Ana's other", "Ana's workspace"])


def test_discarded_edits_come_back_and_the_bar_stays_in_sight(
    qtbot: QtBot, services: FakeServices, open_window: Open
) -> None:
    window = open_window(services)
    editor = opened_editor(qtbot, window, REF)
    editor.document.edit("Remove an entity", lambda draft: draft.drop_entity(draft.wanted.entities[0].name))
    assert editor.document.is_changed
    qtbot.waitUntil(editor.pending.discard_button.isEnabled)
    qtbot.mouseClick(editor.pending.discard_button, Qt.MouseButton.LeftButton)
    assert not editor.document.is_changed
    toast = _toast(window)
    assert toast.label.text() == "Discarded the pending changes of “Ana's workspace”"

    def is_clear() -> bool:
        bar = editor.pending.rect().translated(editor.pending.mapTo(window, editor.pending.rect().topLeft()))
        place = toast.rect().translated(toast.mapTo(window, toast.rect().topLeft()))
        return editor.pending.bar.isVisible() and not bar.intersects(place)

    qtbot.waitUntil(is_clear)
    toast.answer()
    assert editor.document.is_changed


def test_discarded_edits_with_newer_ones_on_top_are_left_to_undo(
    qtbot: QtBot, services: FakeServices, open_window: Open
) -> None:
    window = open_window(services)
    document = opened_editor(qtbot, window, REF).document
    names = [each.name for each in document.draft.wanted.entities]
    document.edit("Remove", lambda draft: draft.drop_entity(names[0]))
    document.discard()
    document.edit("Remove again", lambda draft: draft.drop_entity(names[0]))
    _toast(window).answer()
    assert document.draft.wanted.entity(names[0]) is None
    assert "newer edits" in window.status.currentMessage()


def test_click_on_a_notification_brings_the_window_to_the_job(services: FakeServices, open_window: Open) -> None:
    window = open_window(services)
    window.bottom_dock.setVisible(False)
    window.showMinimized()
    window.comfort.notifier.clicked.emit(1)
    assert not window.isMinimized()
    assert window.bottom.jobs.isVisible()


def test_copied_secret_is_cleared_after_the_time_that_was_set(services: FakeServices, open_window: Open) -> None:
    window = open_window(services)
    assert secret_clipboard().after_s == 30
    window.preferences.set("clipboard.clear_after_s", 12)
    assert secret_clipboard().after_s == 12
    window.preferences.reset("clipboard.clear_after_s")
    assert secret_clipboard().after_s == 30


def test_log_level_is_put_in_force_at_once(services: FakeServices, open_window: Open, tmp_path: Path) -> None:
    path = tmp_path / "x.log"
    close = open_log(path, Redactor())
    try:
        window = open_window(services)
        logger = logging.getLogger("app.ui.a_test")
        logger.debug("before")
        window.preferences.set("log.level", "debug")
        logger.debug("while all is wanted")
        window.preferences.set("log.level", "warning")
        logger.info("after")
    finally:
        close()
    assert "while all is wanted" in path.read_text()
    assert "before" not in path.read_text()
    assert "after" not in path.read_text()


def test_what_was_written_elsewhere_leads_to_the_audit_trail(services: FakeServices, open_window: Open) -> None:
    window = open_window(services)
    window.comfort.tell_written("Aurora has a store of its own now")
    toast = _toast(window)
    assert (toast.label.text(), toast.button.text()) == ("Aurora has a store of its own now", "Audit trail")
    asked: list[str] = []
    window.registry["view.audit"].triggered.disconnect()
    window.registry["view.audit"].triggered.connect(lambda: asked.append("audit"))
    toast.answer()
    assert asked == ["audit"]
