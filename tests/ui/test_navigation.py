"""Back and forward, tabs of the last time, tabs that were closed, and where the keyboard is, in the real window."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from app.core.refs import AppRef
from app.services.workshop_words import DraftNote
from app.storage.last_known import LastKnown
from app.ui.window.main_window import MainWindow
from app.ui.window.navigation import History, Place
from tests.ui.content_fakes import FakeWorkshop
from tests.ui.shell_fakes import ANA, APP_ID, CLOUD, LOCAL, OTHER_ID, PROD, FakeServices
from tests.ui.window_fakes import Open, settings_in

ONE, TWO = AppRef("c1", APP_ID), AppRef("c2", OTHER_ID)
TAB_ONE, TAB_TWO = ("app", "c1", APP_ID), ("app", "c2", OTHER_ID)
CONTROL = Qt.KeyboardModifier.ControlModifier
SHIFT = Qt.KeyboardModifier.ShiftModifier
ALT = Qt.KeyboardModifier.AltModifier


@pytest.fixture
def services() -> FakeServices:
    made: Any = FakeServices()
    made.workshop = FakeWorkshop()
    return made


@pytest.fixture
def open_window(qtbot: QtBot, open_window: Open) -> Open:
    """Its tabs are restored, too."""

    def open_one(services: FakeServices, *, starts: bool = True) -> MainWindow:
        window = open_window(services, starts=starts)
        qtbot.waitUntil(lambda: not starts or window.tab_memory is not None and not window.tab_memory.is_restoring)
        return window

    return open_one


def ended(qtbot: QtBot, window: MainWindow) -> None:
    with qtbot.waitSignal(window.closed):
        window.close()


def shown(qtbot: QtBot, window: MainWindow, ref: AppRef) -> None:
    """Open an app, and wait until its schema is there."""
    window.open_app(ref)
    qtbot.waitUntil(lambda: bool(window.navigation.here().entity))


def test_history_takes_the_first_entity_of_a_tab_for_no_other_place() -> None:
    history = History()
    for place in (Place(TAB_ONE), Place(TAB_ONE, "todos"), Place(TAB_ONE, "notes"), Place(TAB_ONE), Place(())):
        history.visit(place)
    assert history.places == [Place(()), Place(TAB_ONE, "todos"), Place(TAB_ONE, "notes"), Place(())]


def test_history_that_takes_another_way_forgets_what_was_ahead() -> None:
    history = History()
    for place in (Place(TAB_ONE, "a"), Place(TAB_ONE, "b")):
        history.visit(place)
    history.at = 1
    history.visit(Place(TAB_TWO))
    assert history.places == [Place(()), Place(TAB_ONE, "a"), Place(TAB_TWO)]


def test_history_is_not_endless() -> None:
    history = History()
    for at in range(1_000):
        history.visit(Place(TAB_ONE, str(at)))
    assert len(history.places) == 200
    assert history.current == Place(TAB_ONE, "999")


def test_back_and_forward_go_through_entities_and_tabs(qtbot: QtBot, services: FakeServices, open_window: Open) -> None:
    window = open_window(services)
    assert not window.registry["view.back"].isEnabled()
    shown(qtbot, window, ONE)
    window.app_tabs.show_entity(ONE, "$users")
    shown(qtbot, window, TWO)
    assert window.navigation.here() == Place(TAB_TWO, "todos")
    for expected in (Place(TAB_ONE, "$users"), Place(TAB_ONE, "todos"), Place(())):
        qtbot.keyClick(window, Qt.Key.Key_Left, ALT)
        assert window.navigation.here() == expected
    assert not window.registry["view.back"].isEnabled()
    for expected in (Place(TAB_ONE, "todos"), Place(TAB_ONE, "$users"), Place(TAB_TWO, "todos")):
        qtbot.keyClick(window, Qt.Key.Key_Right, ALT)
        assert window.navigation.here() == expected
    assert not window.registry["view.forward"].isEnabled()


def test_jump_to_an_entity_is_one_step(qtbot: QtBot, services: FakeServices, open_window: Open) -> None:
    window = open_window(services)
    window.app_tabs.show_entity(ONE, "$users", "email")
    view = window.current_view()
    assert view is not None
    qtbot.waitUntil(lambda: view.editor is not None and view.editor.document.selected_entity == "$users")
    assert view.editor is not None
    assert view.editor.grids.attributes.hasFocus()
    window.navigation.go_back()
    assert window.tabs.currentWidget() is window.overview
    window.navigation.go_forward()
    assert view.editor.document.selected_entity == "$users"


def test_jump_to_an_entity_that_is_gone_says_so(qtbot: QtBot, services: FakeServices, open_window: Open) -> None:
    window = open_window(services)
    window.app_tabs.show_entity(ONE, "gone")
    qtbot.waitUntil(lambda: "“gone” is not in this schema" in window.status.currentMessage())


def test_side_buttons_of_the_mouse_go_back_and_forward(qtbot: QtBot, services: FakeServices, open_window: Open) -> None:
    window = open_window(services)
    shown(qtbot, window, ONE)
    handle = window.windowHandle()
    QTest.mouseClick(handle, Qt.MouseButton.BackButton, Qt.KeyboardModifier.NoModifier, QPoint(600, 400))
    qtbot.waitUntil(lambda: window.tabs.currentWidget() is window.overview)
    QTest.mouseClick(handle, Qt.MouseButton.ForwardButton, Qt.KeyboardModifier.NoModifier, QPoint(600, 400))
    qtbot.waitUntil(lambda: window.navigation.here() == Place(TAB_ONE, "todos"))


def test_back_passes_over_an_app_that_is_gone(qtbot: QtBot, services: FakeServices, open_window: Open) -> None:
    window = open_window(services)
    shown(qtbot, window, ONE)
    shown(qtbot, window, TWO)
    window.app_tabs.close(ONE)
    window.data.table = type(window.data.table)((PROD,), window.data.by_id())
    window.data.apps_changed.emit()
    window.navigation.go_back()
    assert window.tabs.currentWidget() is window.overview


def test_ctrl_tab_goes_round_the_tabs(qtbot: QtBot, services: FakeServices, open_window: Open) -> None:
    window = open_window(services)
    shown(qtbot, window, ONE)
    shown(qtbot, window, TWO)
    seen = []
    for _ in range(3):
        qtbot.keyClick(window, Qt.Key.Key_Tab, CONTROL)
        seen.append(window.tabs.currentIndex())
    assert seen == [0, 1, 2]
    qtbot.keyClick(window, Qt.Key.Key_PageUp, CONTROL)
    assert window.tabs.currentIndex() == 1
    qtbot.keyClick(window, Qt.Key.Key_Backtab, CONTROL | SHIFT)
    assert window.tabs.currentIndex() == 0


def test_closing_goes_back_to_where_one_was_with_the_keyboard(
    qtbot: QtBot, services: FakeServices, open_window: Open
) -> None:
    window = open_window(services)
    shown(qtbot, window, ONE)
    view = window.current_view()
    assert view is not None
    assert view.editor is not None
    grid = view.editor.grids.attributes
    grid.setFocus()
    window.overview.app_list.filter_box.setFocus()
    window.open_app(TWO)
    qtbot.waitUntil(lambda: window.navigation.here().tab == TAB_TWO)
    window.navigation.open(Place(TAB_ONE))
    assert grid.hasFocus()
    window.open_app(TWO)
    window.registry["app.close_tab"].trigger()
    assert window.navigation.here().tab == TAB_ONE
    assert grid.hasFocus()
    window.registry["app.close_tab"].trigger()
    assert window.tabs.currentWidget() is window.overview
    focus = QApplication.focusWidget()
    assert focus is not None
    assert window.overview.isAncestorOf(focus)


def test_closed_tab_opens_again_where_it_was(qtbot: QtBot, services: FakeServices, open_window: Open) -> None:
    window = open_window(services)
    assert not window.registry["app.reopen_tab"].isEnabled()
    shown(qtbot, window, ONE)
    window.app_tabs.show_entity(ONE, "$users")
    shown(qtbot, window, TWO)
    window.navigation.open(Place(TAB_ONE))
    window.registry["app.close_tab"].trigger()
    assert window.app_tabs.places() == [TAB_TWO]
    qtbot.keyClick(window, Qt.Key.Key_Y, CONTROL | SHIFT)
    assert window.app_tabs.places() == [TAB_ONE, TAB_TWO]
    qtbot.waitUntil(lambda: window.navigation.here() == Place(TAB_ONE, "$users"))
    assert not window.registry["app.reopen_tab"].isEnabled()


def test_tab_goes_from_the_toolbar_to_the_tree_to_the_tabs(
    qtbot: QtBot, services: FakeServices, open_window: Open
) -> None:
    window = open_window(services)
    assert window.tree is not None
    window.activateWindow()
    window.toolbar.switcher.setFocus()
    qtbot.waitUntil(window.toolbar.switcher.hasFocus)
    walked = [QApplication.focusWidget()]
    while walked[-1] is not window.tabs.tabBar():
        assert len(walked) < 20
        qtbot.keyClick(walked[-1], Qt.Key.Key_Tab)
        walked.append(QApplication.focusWidget())
    assert walked[-2] is window.tree.view
    assert all(each is not None and window.toolbar.isAncestorOf(each) for each in walked[:-2])


def test_dialog_that_closes_gives_the_keyboard_back(qtbot: QtBot, services: FakeServices, open_window: Open) -> None:
    window = open_window(services)
    window.activateWindow()
    window.overview.app_list.filter_box.setFocus()
    qtbot.waitUntil(window.overview.app_list.filter_box.hasFocus)
    for name in ("edit.jump", "help.shortcuts", "help.keys", "help.about"):
        window.registry[name].trigger()
        qtbot.waitUntil(lambda: QApplication.activeModalWidget() is not None)
        dialog = QApplication.activeModalWidget()
        assert dialog is not None
        qtbot.keyClick(dialog, Qt.Key.Key_Escape)
        qtbot.waitUntil(window.overview.app_list.filter_box.hasFocus)


def test_tabs_are_there_at_the_next_start_and_only_the_one_in_front_reads(
    qtbot: QtBot, services: FakeServices, open_window: Open
) -> None:
    window = open_window(services)
    shown(qtbot, window, TWO)
    shown(qtbot, window, ONE)
    window.app_tabs.show_entity(ONE, "$users")
    window.foundation.show_users("c1")
    window.navigation.open(Place(TAB_ONE))
    ended(qtbot, window)
    again: Any = FakeServices()
    again.workshop = FakeWorkshop()
    window = open_window(again)
    assert window.app_tabs.places() == [TAB_TWO, TAB_ONE, ("page", "users c1")]
    qtbot.waitUntil(lambda: window.navigation.here() == Place(TAB_ONE, "$users"))
    assert {ref for ref, _ in again.workshop.asked} == {ONE}
    assert window.tabs.tabText(1) == "Billing · PRODUCTION"


def test_tabs_that_were_not_shown_yet_say_what_is_staged_in_them(
    qtbot: QtBot, services: FakeServices, open_window: Open
) -> None:
    window = open_window(services)
    shown(qtbot, window, TWO)
    shown(qtbot, window, ONE)
    ended(qtbot, window)
    again: Any = FakeServices()
    again.workshop = FakeWorkshop()
    again.workshop.notes = (DraftNote(TWO, 0.0, 3),)
    window = open_window(again)
    qtbot.waitUntil(lambda: window.tabs.tabText(1).endswith("●"))
    assert "3 pending changes" in window.tabs.tabToolTip(1)
    assert not window.tabs.tabText(2).endswith("●")
    window.app_tabs.open(TWO)
    qtbot.waitUntil(lambda: not window.tabs.tabText(1).endswith("●"))  # its draft is empty by now


def test_tabs_come_with_what_was_last_known(qtbot: QtBot, services: FakeServices, open_window: Open) -> None:
    window = open_window(services)
    shown(qtbot, window, ONE)
    ended(qtbot, window)
    window = open_window(services, starts=False)
    window.show_last_known(LastKnown((LOCAL, CLOUD), (ANA, PROD), ()))
    window.complete()
    qtbot.waitUntil(lambda: window.app_tabs.places() == [TAB_ONE])
    window.runner.open()
    qtbot.waitUntil(lambda: window.navigation.here() == Place(TAB_ONE, "todos"))


def test_tab_of_an_app_that_is_gone_is_not_opened(qtbot: QtBot, services: FakeServices, open_window: Open) -> None:
    window = open_window(services)
    shown(qtbot, window, ONE)
    ended(qtbot, window)
    again: Any = FakeServices()
    again.known_apps = (PROD,)
    window = open_window(again)
    assert window.app_tabs.places() == []
    assert window.tabs.currentWidget() is window.overview


def test_tabs_stay_closed_where_that_is_set(qtbot: QtBot, services: FakeServices, open_window: Open) -> None:
    window = open_window(services)
    shown(qtbot, window, ONE)
    window.preferences.set("start.restore_tabs", False)
    ended(qtbot, window)
    assert open_window(services).app_tabs.places() == []


def test_operator_who_has_begun_is_not_interrupted(qtbot: QtBot, services: FakeServices, open_window: Open) -> None:
    window = open_window(services)
    shown(qtbot, window, ONE)
    ended(qtbot, window)
    window = open_window(services, starts=False)
    window.overview.app_list.filter_box.setText("bill")
    window.runner.open()
    window.complete()
    qtbot.waitUntil(lambda: window.app_tabs.places() == [TAB_ONE])
    assert window.tabs.currentWidget() is window.overview


@pytest.mark.parametrize(
    "kept",
    [None, 3, {"open": 3}, {"open": [[]], "front": 3}, {"open": [[["page", "x y"], ""], [["app"], ""], [3, ""]]}],
)
def test_damaged_tabs_are_left_out(services: FakeServices, open_window: Open, tmp_path: Path, kept: object) -> None:
    settings = settings_in(tmp_path)
    settings.write_json("window/tabs", kept)
    settings.save()
    assert open_window(services).app_tabs.places() == []
