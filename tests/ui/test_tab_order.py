"""Tab through the main window with real keys: in the order of reading, to all there is, and never to nowhere."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
from PySide6.QtCore import QPoint, QRect, Qt
from PySide6.QtWidgets import QApplication, QPushButton, QToolButton, QWidget
from pytestqt.qtbot import QtBot

from app.core.apps import AppSummary
from app.core.errors import Unreachable
from app.core.status import ConnectionStatus, Health
from app.ui.parts.reading_order import in_reading_order
from app.ui.window.main_window import MainWindow
from app.ui.window.window_regions import regions
from tests.ui import trust_screens
from tests.ui.screens import SCREENS, WINDOW_PAGES
from tests.ui.stage import CLOUD, LOCAL, STORES, Stage
from tests.ui.walking import goes_back, is_control, place_in, told

_MOST = 600


@pytest.fixture
def stage(qapp: QApplication) -> Iterator[Stage]:
    made = Stage(qapp)
    yield made
    made.close()


def opened(stage: Stage, name: str) -> MainWindow:
    SCREENS[name](stage)
    stage.quiet()
    return begun(stage)


def begun(stage: Stage) -> MainWindow:
    """With the keyboard on the first thing in the window."""
    window = stage.window()
    window.activateWindow()
    window.toolbar.switcher.setFocus()
    stage.until(window.toolbar.switcher.hasFocus)
    return window


def walked(qtbot: QtBot, window: MainWindow, *, is_back: bool = False) -> list[QWidget]:
    """Where Tab stops, once round; what Tab goes about within (cells, links) is one stop."""
    first = QApplication.focusWidget()
    assert first is not None
    found = [first]
    for _ in range(_MOST):
        key = Qt.Key.Key_Backtab if is_back else Qt.Key.Key_Tab
        qtbot.keyClick(found[-1], key, Qt.KeyboardModifier.ShiftModifier if is_back else Qt.KeyboardModifier.NoModifier)
        now = QApplication.focusWidget()
        assert now is not None, f"After {told(found[-1])} nothing has the keyboard"
        if now is first:
            return found
        if now is not found[-1]:
            assert now not in found, f"Tab comes to {told(now)} again before it was round"
            found.append(now)
    raise AssertionError(f"Tab does not leave {told(found[-1])}")


def settled(qtbot: QtBot, stage: Stage) -> MainWindow:
    """After one round: lists that the keyboard came to have a row marked, and buttons for it can be used."""
    walked(qtbot, stage.window())
    return begun(stage)


def faults(window: MainWindow, stops: list[QWidget]) -> list[str]:
    """Sentences about stops that are out of order or left out."""
    parts = regions(window)
    number = {id(stop): next(at for at, part in enumerate(parts) if part.isAncestorOf(stop)) for stop in stops}
    found = []
    for one, other in zip(stops, stops[1:], strict=False):
        before, after = number[id(one)], number[id(other)]
        is_back = goes_back(place_in(window, one), place_in(window, other))
        is_overlay = any(_is_overlay(each, window) for each in (one, other))
        if after < before or (after == before and is_back and not is_overlay):
            found.append(f"Tab goes back from {told(one)} to {told(other)}")
    controls = [each for each in window.findChildren(QWidget) if is_control(each, window)]
    found += [f"Tab does not come to {told(each)}" for each in controls if each not in stops and not each.focusProxy()]
    return found


def _is_overlay(widget: QWidget, window: QWidget) -> bool:
    at: QWidget | None = widget
    while at is not None and at is not window:
        if at.property("overlay"):
            return True
        at = at.parentWidget()
    return False


def assert_focus_is_held(window: MainWindow) -> QWidget:
    now = QApplication.focusWidget()
    assert now is not None
    assert now is not window
    assert now.isVisible()
    assert now.isEnabled()
    assert window.isAncestorOf(now)
    return now


def until_held(qtbot: QtBot, window: MainWindow) -> QWidget:
    qtbot.waitUntil(lambda: (now := QApplication.focusWidget()) is not None and now.isVisible() and now is not window)
    return assert_focus_is_held(window)


# The order


def test_places_are_read_row_by_row_and_columns_one_after_the_other() -> None:
    head, left, low_left, right = (
        QRect(0, 0, 300, 20),
        QRect(0, 30, 90, 20),
        QRect(0, 60, 90, 90),
        QRect(100, 30, 9, 99),
    )
    assert in_reading_order([right, low_left, head, left]) == [2, 3, 1, 0]
    grid = [QRect(x, y, 40, 10) for x, y in ((50, 20), (0, 20), (50, 0), (0, 0))]
    assert in_reading_order(grid) == [3, 2, 1, 0]


@pytest.mark.parametrize("name", [*WINDOW_PAGES, "crash-bar"])
def test_tab_goes_through_the_window_as_it_is_read(qtbot: QtBot, stage: Stage, name: str) -> None:
    opened(stage, name)
    window = settled(qtbot, stage)
    stops = walked(qtbot, window)
    assert faults(window, stops) == []
    assert stops[0] is window.toolbar.switcher


def test_tab_goes_through_the_audit_trail(qtbot: QtBot, stage: Stage) -> None:
    stage.services.audit = trust_screens.FakeAudit()
    window = stage.window()
    window.registry["view.audit"].trigger()
    stage.quiet()
    begun(stage)
    settled(qtbot, stage)
    assert faults(window, walked(qtbot, window)) == []


@pytest.mark.parametrize("name", ["overview", "users", "schema-grids"])
def test_shift_tab_goes_the_same_way_back(qtbot: QtBot, stage: Stage, name: str) -> None:
    opened(stage, name)
    window = settled(qtbot, stage)
    onward = walked(qtbot, window)
    begun(stage)
    back = walked(qtbot, window, is_back=True)
    assert [told(each) for each in back] == [told(each) for each in (onward[0], *reversed(onward[1:]))]


def test_what_comes_later_is_read_where_it_stands(qtbot: QtBot, stage: Stage) -> None:
    window = opened(stage, "overview")
    window.messages.show_error(Unreachable("The platform does not answer.", details="GET /"), "Refresh")
    stage.quiet()
    stops = walked(qtbot, window)
    assert faults(window, stops) == []
    names = [each.accessibleName() for each in stops]
    at = names.index("Details of the error")
    assert names[at + 1] == "Close the message"
    assert stops[at + 2] is window.tabs.tabBar()


# From region to region


def test_f6_goes_round_the_parts_and_back_to_where_the_keyboard_was(qtbot: QtBot, stage: Stage) -> None:
    window = opened(stage, "users")
    assert window.tree is not None
    assert window.bottom is not None
    page = window.tabs.currentWidget()
    assert page is not None
    table = page.table  # type: ignore[attr-defined]
    table.setFocus()
    seen = []
    for _ in range(4):
        qtbot.keyClick(assert_focus_is_held(window), Qt.Key.Key_F6)
        seen.append(assert_focus_is_held(window))
    assert window.bottom_dock.isAncestorOf(seen[0])
    assert window.toolbar.isAncestorOf(seen[1])
    assert seen[2] is window.tree.view
    assert seen[3] is table
    for expected in (seen[2], seen[1], seen[0], table):
        qtbot.keyClick(assert_focus_is_held(window), Qt.Key.Key_F6, Qt.KeyboardModifier.ShiftModifier)
        assert assert_focus_is_held(window) is expected


def test_list_that_the_keyboard_comes_to_shows_where_it_is(qtbot: QtBot, stage: Stage) -> None:
    window = opened(stage, "overview")
    assert window.tree is not None
    apps = window.overview.app_list.view
    apps.clearSelection()
    for view in (window.tree.view, apps):
        assert not view.selectionModel().hasSelection()
        while not view.hasFocus():
            qtbot.keyClick(assert_focus_is_held(window), Qt.Key.Key_Tab)
        assert view.selectionModel().selectedRows()[0].row() == 0


def test_f6_passes_over_what_is_hidden(qtbot: QtBot, stage: Stage) -> None:
    window = opened(stage, "overview")
    window.tree_dock.hide()
    window.bottom_dock.hide()
    qtbot.keyClick(window.toolbar.switcher, Qt.Key.Key_F6)
    assert window.overview.isAncestorOf(assert_focus_is_held(window))
    qtbot.keyClick(assert_focus_is_held(window), Qt.Key.Key_F6)
    assert assert_focus_is_held(window) is window.toolbar.switcher


# What had the keyboard goes away


@pytest.mark.parametrize("tab", ["activity", "jobs", "findings"])
def test_lower_panel_that_is_asked_for_has_the_keyboard_where_something_takes_it(
    qtbot: QtBot, stage: Stage, tab: str
) -> None:
    window = opened(stage, "activity")
    window.overview.app_list.filter_box.setFocus()
    window.registry[f"view.{tab}"].trigger()
    held = assert_focus_is_held(window)
    assert window.bottom_dock.isAncestorOf(held)
    if tab == "activity":
        view = window.bottom.activity.view  # type: ignore[union-attr]
        assert held is view
        assert [each.row() for each in view.selectionModel().selectedRows()] == [view.model().rowCount() - 1]


@pytest.mark.parametrize("action", ["view.hide_tree", "view.hide_bottom"])
def test_dock_that_is_hidden_leaves_the_keyboard_to_the_page(qtbot: QtBot, stage: Stage, action: str) -> None:
    window = opened(stage, "users")
    page = window.tabs.currentWidget()
    assert page is not None
    table = page.table  # type: ignore[attr-defined]
    table.setFocus()
    window.focus_tree() if action == "view.hide_tree" else window.show_activity()
    assert not table.hasFocus()
    window.registry[action].trigger()
    assert assert_focus_is_held(window) is table


@pytest.mark.parametrize("name", ["overview", "users", "schema-grids", "doctor", "workspaces"])
def test_tab_that_is_closed_leaves_the_keyboard_in_another(qtbot: QtBot, stage: Stage, name: str) -> None:
    window = opened(stage, name)
    qtbot.keyClick(window.toolbar.switcher, Qt.Key.Key_F6, Qt.KeyboardModifier.ShiftModifier)
    window.registry["app.close_tab"].trigger()
    stage.quiet()
    if name != "overview":
        assert window.tabs.currentWidget() is window.overview
    assert_focus_is_held(window)


def test_tab_closed_with_the_mouse_leaves_the_keyboard_in_another(qtbot: QtBot, stage: Stage) -> None:
    window = opened(stage, "users")
    window.tabs.currentWidget().setFocus()
    bar = window.tabs.tabBar()
    button = next(each for each in bar.findChildren(QToolButton) if each.accessibleName().startswith("Close Users"))
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)
    stage.quiet()
    assert window.overview.isAncestorOf(assert_focus_is_held(window))


def test_message_that_is_closed_leaves_the_keyboard_where_it_was(qtbot: QtBot, stage: Stage) -> None:
    window = opened(stage, "overview")
    apps = window.overview.app_list
    apps.view.setFocus()
    window.messages.show_error(Unreachable("The platform does not answer."), "Refresh")
    close = next(each for each in window.messages.findChildren(QToolButton) if each.isVisible())
    close.setFocus()
    assert close.hasFocus()
    qtbot.keyClick(close, Qt.Key.Key_Escape)
    assert not window.messages.isVisible()
    assert assert_focus_is_held(window) is apps.view


def test_short_message_that_ends_leaves_the_keyboard_where_it_was(qtbot: QtBot, stage: Stage) -> None:
    window = opened(stage, "overview")
    window.overview.app_list.view.setFocus()
    window.comfort.messages.show("Renamed", "Undo", lambda: None)
    qtbot.keyClick(window, Qt.Key.Key_F8)
    assert window.comfort.messages.toasts.shown[0].has_focus()
    window.comfort.messages.toasts.shown[0].end()
    assert assert_focus_is_held(window) is window.overview.app_list.view


def test_finding_that_is_mended_leaves_the_keyboard_near_by(qtbot: QtBot, stage: Stage) -> None:
    window = opened(stage, "overview")
    button = next(each for each in window.overview.strip.findChildren(QPushButton) if each.text() == "Edit connection…")
    button.setFocus()
    assert button.hasFocus()
    now = window.data.statuses
    window.data.statuses = {key: replace(each, findings=()) for key, each in now.items()}
    window.data.statuses_changed.emit()
    stage.quiet()
    assert window.overview.isAncestorOf(until_held(qtbot, window))


def test_card_whose_connection_is_removed_leaves_the_keyboard_to_its_neighbour(qtbot: QtBot, stage: Stage) -> None:
    window = opened(stage, "overview")
    cards = window.overview.cards
    gone, stays = cards.card(CLOUD.id), cards.card(STORES.id)
    assert gone is not None
    gone.setFocus()
    statuses = {LOCAL.id: ConnectionStatus(LOCAL.id, Health.UP)}
    cards.show_all((LOCAL, STORES), statuses)
    stage.quiet()
    assert assert_focus_is_held(window) is stays


def test_row_that_is_gone_leaves_the_keyboard_in_the_list(qtbot: QtBot, stage: Stage) -> None:
    window = opened(stage, "overview")
    apps = window.overview.app_list
    apps.view.setFocus()
    qtbot.keyClick(apps.view, Qt.Key.Key_Down)
    chosen = apps.selected_ref()
    assert chosen is not None

    def without(rows: tuple[AppSummary, ...]) -> None:
        window.data.table = type(window.data.table)(rows, window.data.by_id())
        window.data.apps_changed.emit()

    rows = tuple(window.data.table.rows)
    without(tuple(each for each in rows if each.app_id != chosen.app_id))
    assert assert_focus_is_held(window) is apps.view
    without(())
    stage.quiet()
    assert window.overview.isAncestorOf(assert_focus_is_held(window))
    without(rows)
    assert window.overview.isAncestorOf(assert_focus_is_held(window))


def test_filter_that_is_left_takes_the_keyboard_along(qtbot: QtBot, stage: Stage) -> None:
    window = opened(stage, "overview")
    apps = window.overview.app_list
    window.registry["edit.filter"].trigger()
    qtbot.keyClicks(apps.filter_box, "nothing has this")
    assert assert_focus_is_held(window) is apps.filter_box
    qtbot.keyClick(apps.filter_box, Qt.Key.Key_Tab)
    assert_focus_is_held(window)
    apps.filter_box.setFocus()
    qtbot.keyClick(apps.filter_box, Qt.Key.Key_Escape)
    assert apps.filter_box.text() == ""
    assert window.overview.isAncestorOf(assert_focus_is_held(window))


def test_button_that_turns_grey_leaves_the_keyboard_near_by(qtbot: QtBot, stage: Stage) -> None:
    window = opened(stage, "users")
    page = window.tabs.currentWidget()
    assert page is not None
    button = page.open_button  # type: ignore[attr-defined]
    button.setFocus()
    button.setEnabled(False)
    assert page.isAncestorOf(assert_focus_is_held(window))


def test_what_is_destroyed_under_the_keyboard_leaves_it_to_the_page(qtbot: QtBot, stage: Stage) -> None:
    window = opened(stage, "overview")
    passing = QPushButton("Passing", window.overview)
    passing.show()
    passing.setFocus()
    assert passing.hasFocus()
    passing.deleteLater()
    qtbot.waitUntil(lambda: (now := QApplication.focusWidget()) is not None and window.overview.isAncestorOf(now))
    assert_focus_is_held(window)


def test_scrolled_away_stop_comes_into_sight(qtbot: QtBot, stage: Stage) -> None:
    window = opened(stage, "overview")
    window.resize(window.minimumSizeHint())
    stage.quiet()
    cards = window.overview.cards
    last = cards.card(STORES.id)
    assert last is not None
    first = cards.card(LOCAL.id)
    assert first is not None
    first.setFocus()
    while not last.hasFocus():
        qtbot.keyClick(assert_focus_is_held(window), Qt.Key.Key_Tab)
    shown = QRect(last.mapTo(cards, QPoint(0, 0)), last.size()).intersected(cards.rect())
    assert shown.width() >= min(last.width(), cards.width()) - 1
