"""The window as an operator meets it: real widgets on the real engine, services with known answers."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QAbstractButton, QDialog, QLineEdit, QPushButton
from pytestqt.qtbot import QtBot

from app.core.activity import ActivityEntry
from app.core.changes import Changes
from app.core.errors import KnownError, Unreachable
from app.core.refs import AppRef
from app.core.status import ConnectionStatus, Health
from app.services.workshop import OpenSchema
from app.storage.last_known import LastKnown
from app.ui.editor.schema_editor import SideTabs
from app.ui.look.theme import ThemeChoice
from app.ui.overview.findings_panel import FindingRow, FindingsStrip, all_findings
from app.ui.palette.palette_dialog import PaletteDialog
from app.ui.settings.keymap import Keymap
from app.ui.trail.activity_panel import ActivityPanel
from tests.ui.content_fakes import FakeWorkshop
from tests.ui.shell_fakes import ANA, APP_ID, CLOUD, FINDING, LOCAL, OTHER_ID, PROD, FakeServices
from tests.ui.window_fakes import Open, opened_editor


@pytest.fixture
def services() -> FakeServices:
    return FakeServices()


def test_window_before_the_services_shows_last_known_state(services: FakeServices, open_window: Open) -> None:
    window = open_window(services, starts=False)
    window.show_last_known(LastKnown((LOCAL, CLOUD), (ANA, PROD), services.known_statuses))
    assert window.overview.app_list.model.rowCount() == 2
    card = window.overview.cards.card("c2")
    assert card is not None
    assert "Unreachable" in card.spoken()
    assert "It does not answer." in card.spoken()
    window.runner.open()


def test_window_when_the_services_answer_shows_their_state(services: FakeServices, open_window: Open) -> None:
    window = open_window(services)
    assert window.overview.app_list.model.rowCount() == 2
    assert window.status._token.text() == "Token: OS keyring"
    assert window.bottom is not None
    assert window.bottom.tabs.tabText(2) == "Findings (1)"


def test_window_when_apps_change_lists_the_new_ones(qtbot: QtBot, services: FakeServices, open_window: Open) -> None:
    window = open_window(services)
    services.known_apps += (ANA._replace(app_id="new", title="New"),)
    services.hub.publish(Changes(apps=frozenset({"c1"})))
    qtbot.waitUntil(lambda: window.overview.app_list.model.rowCount() == 3)


def test_new_app_is_selected_as_soon_as_the_list_has_it(
    qtbot: QtBot, services: FakeServices, open_window: Open
) -> None:
    window = open_window(services)
    window.choose_connection("c2")
    window.commands.app_created.emit(AppRef("c1", "new"), "New")
    assert window.overview.app_list.selected_ref() is None
    services.known_apps += (ANA._replace(app_id="new", title="New"),)
    services.hub.publish(Changes(apps=frozenset({"c1"})))
    qtbot.waitUntil(lambda: window.overview.app_list.selected_ref() == AppRef("c1", "new"))
    assert window.commands.chosen_id is None


def test_findings_on_the_overview_are_those_of_the_chosen_connection(services: FakeServices, open_window: Open) -> None:
    window = open_window(services)
    window.overview.strip.set_room(40)
    assert [row.finding for row in window.overview.strip.rows()] == [FINDING]
    window.choose_connection("c2")
    assert window.overview.strip.rows() == ()
    window.choose_connection(FINDING.connection_id)
    assert [row.finding for row in window.overview.strip.rows()] == [FINDING]


def test_refresh_from_the_tree_reads_the_inventory(qtbot: QtBot, services: FakeServices, open_window: Open) -> None:
    window = open_window(services)
    qtbot.waitUntil(lambda: "refresh None" in services.calls)
    services.calls.clear()
    assert window.tree is not None
    window.tree.refresh_requested.emit("c2")
    qtbot.waitUntil(lambda: services.calls == ["check c2", "refresh ['c2']"])


def test_notice_of_the_start_is_shown_with_its_remedy(qtbot: QtBot, services: FakeServices, open_window: Open) -> None:
    services.notices = (KnownError("The local database was damaged.", remedy="Add your connections again."),)
    window = open_window(services)
    qtbot.waitUntil(window.messages.isVisible)
    assert window.messages.text() == "The local database was damaged. Add your connections again."


def test_confirmation_in_the_status_bar_is_not_written_across(services: FakeServices, open_window: Open) -> None:
    window = open_window(services)
    window.status.confirm("Copied")
    window.status.tell()
    assert not window.status._age.isVisible()
    assert not window.status._mark.isVisible()
    window.status.clearMessage()
    assert window.status._age.isVisible()


def test_commands_in_an_apps_tab_are_about_that_app(services: FakeServices, open_window: Open) -> None:
    window = open_window(services)
    services.workshop = SimpleNamespace(open=_no_schema, open_last_known=_nothing_known)
    window.overview.app_list.select_app(AppRef("c2", OTHER_ID))
    window.open_app(AppRef("c1", APP_ID))
    assert window.current_ref() == AppRef("c1", APP_ID)
    assert not window.registry["edit.copy_csv"].isEnabled()
    window.registry["edit.copy_ids"].trigger()
    assert QGuiApplication.clipboard().text() == APP_ID
    window.close_current_tab()
    assert window.current_ref() == AppRef("c2", OTHER_ID)


def test_tab_of_a_renamed_app_shows_its_new_title(qtbot: QtBot, services: FakeServices, open_window: Open) -> None:
    window = open_window(services)
    services.workshop = SimpleNamespace(open=_no_schema, open_last_known=_nothing_known)
    window.open_app(AppRef("c2", OTHER_ID))
    services.known_apps = (ANA, PROD._replace(title="Invoices"))
    services.hub.publish(Changes(apps=frozenset({"c2"})))
    qtbot.waitUntil(lambda: window.tabs.tabText(1) == "Invoices · PRODUCTION")


def test_tab_with_staged_edits_has_a_dot_and_undo_says_what(
    qtbot: QtBot, services: FakeServices, open_window: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(SideTabs, "fill", lambda self: None)
    window = open_window(services)
    services.workshop = workshop = FakeWorkshop()
    editor = opened_editor(qtbot, window, AppRef("c1", APP_ID))
    undo = window.registry["edit.undo"]
    assert not undo.isEnabled()
    editor.document.edit("Remove todos.done", lambda draft: draft.drop_attribute("todos", "done"))
    qtbot.waitUntil(lambda: window.tabs.tabBar().accessibleTabName(1) == "Ana's workspace, 1 pending change")
    assert window.tabs.tabText(1) == "Ana's workspace ●"
    assert undo.text() == "&Undo “Remove todos.done”"
    assert window.registry["schema.review"].isEnabled()
    undo.trigger()
    assert window.tabs.tabText(1) == "Ana's workspace"
    assert not window.registry["schema.review"].isEnabled()
    window.registry["edit.redo"].trigger()
    draft = editor.document.draft
    window.close_current_tab()
    qtbot.waitUntil(lambda: workshop.saved == [(AppRef("c1", APP_ID), draft)])
    assert not undo.isEnabled()


def test_keys_of_a_grid_are_its_own_and_the_others_are_the_windows(
    qtbot: QtBot, services: FakeServices, open_window: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(SideTabs, "fill", lambda self: None)
    window = open_window(services)
    services.workshop = FakeWorkshop()
    editor = opened_editor(qtbot, window, AppRef("c1", APP_ID))
    document, grid = editor.document, editor.grids.attributes
    grid.setFocus()
    grid.show_rows([0])
    qtbot.keyClick(grid, Qt.Key.Key_F2)
    assert window.findChildren(QDialog) == []
    names = [each for each in grid.viewport().findChildren(QLineEdit) if each.isVisibleTo(grid)]
    assert [each.text() for each in names] == ["title"]
    qtbot.keyClick(names[0], Qt.Key.Key_Escape)
    qtbot.keyClick(grid, Qt.Key.Key_D, Qt.KeyboardModifier.ControlModifier)
    assert document.undo_stack.undoText() == "Duplicate todos.title"
    qtbot.keyClick(grid, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert not document.draft.is_changed
    both = Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier
    qtbot.keyClick(grid, Qt.Key.Key_Z, both)
    assert document.draft.is_changed
    qtbot.keyClick(grid, Qt.Key.Key_F, both)
    assert editor.entities.field.hasFocus()
    qtbot.keyClick(grid, Qt.Key.Key_A, both)
    assert document.undo_stack.undoText() == "Add todos.attribute"
    # Keys of one's own are instead of those that came with the action, in the grid too.
    Keymap(window.registry, window.settings).assign("schema.duplicate", "Ctrl+Shift+U")
    grid.setFocus()
    grid.show_rows([0])
    qtbot.keyClick(grid, Qt.Key.Key_D, Qt.KeyboardModifier.ControlModifier)
    assert document.undo_stack.undoText() == "Add todos.attribute"
    qtbot.keyClick(grid, Qt.Key.Key_U, both)
    assert document.undo_stack.undoText() == "Duplicate todos.title"


def test_closing_the_window_saves_what_is_staged(
    qtbot: QtBot, services: FakeServices, open_window: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(SideTabs, "fill", lambda self: None)
    window = open_window(services)
    services.workshop = workshop = FakeWorkshop()
    editor = opened_editor(qtbot, window, AppRef("c1", APP_ID))
    editor.document.edit("Remove todos.done", lambda draft: draft.drop_attribute("todos", "done"))
    draft = editor.document.draft
    with qtbot.waitSignal(window.closed):
        window.close()
    assert workshop.saved == [(AppRef("c1", APP_ID), draft)]


def test_status_bar_from_a_start_without_connections_shows_the_state_of_the_chosen_one(
    services: FakeServices, open_window: Open
) -> None:
    window = open_window(services, starts=False)
    assert not window.status._mark.isVisible()
    window.show_last_known(LastKnown((LOCAL, CLOUD), (ANA, PROD), services.known_statuses))
    window.choose_connection("c2")
    assert window.status._mark.isVisible()
    assert window.status._mark.state is Health.UNREACHABLE
    window.runner.open()


async def _nothing_known(_ref: AppRef) -> None:
    return None


async def _no_schema(_ref: AppRef, refresh: bool = False) -> OpenSchema:
    raise Unreachable("It does not answer.")


def test_rows_of_the_activity_are_whole(qtbot: QtBot) -> None:
    panel = ActivityPanel()
    qtbot.addWidget(panel)
    panel.resize(1100, 207)
    panel.show()
    panel.append([ActivityEntry(0.0, "c1", "GET", "/dash", 200, 5.0)] * 50)
    height = panel.view.verticalHeader().defaultSectionSize()
    qtbot.waitUntil(lambda: panel.view.viewport().height() % height == 0)


def test_findings_that_stay_keep_their_rows(qtbot: QtBot) -> None:
    strip = FindingsStrip()
    qtbot.addWidget(strip)
    first, second, third = (replace(FINDING, key=key) for key in "abc")
    strip.show_findings((first, second), {"c1": LOCAL})
    rows = strip.rows()
    strip.show_findings((first, second, third), {"c1": LOCAL})
    assert strip.rows() == rows
    strip.show_findings((first, third), {"c1": LOCAL})
    assert [row.finding for row in strip.rows()] == [first, third]


def test_findings_in_little_room_leave_the_way_to_all_of_them(qtbot: QtBot) -> None:
    strip = FindingsStrip()
    qtbot.addWidget(strip)
    strip.show_findings((FINDING,), {"c1": LOCAL})
    strip.set_room(10)
    assert strip.rows() == ()
    assert strip._all.isVisibleTo(strip)
    strip.set_room(40)
    assert [row.finding for row in strip.rows()] == [FINDING]


def test_findings_of_a_whole_connection_come_before_those_of_its_apps() -> None:
    of_app = replace(FINDING, key="a")
    of_all = replace(FINDING, key="b", app_id=None)
    status = ConnectionStatus("c1", findings=(of_app, of_all))
    assert all_findings([status]) == (of_all, of_app)


def test_long_finding_takes_a_second_line(qtbot: QtBot) -> None:
    heights = []
    for title in ("word " * 40, FINDING.title):
        row = FindingRow(replace(FINDING, title=title), None)
        qtbot.addWidget(row)
        row.setFixedWidth(700)
        row.show()
        heights.append(row.layout().totalHeightForWidth(700))
    assert heights[0] > heights[1] > 0


def test_window_when_health_changes_updates_the_card(qtbot: QtBot, services: FakeServices, open_window: Open) -> None:
    window = open_window(services)
    services.known_statuses = (ConnectionStatus("c1", Health.READ_ONLY), services.known_statuses[1])
    services.hub.publish(Changes(status=frozenset({"c1"})))
    card = window.overview.cards.card("c1")
    assert card is not None
    qtbot.waitUntil(lambda: "Read-only" in card.spoken())


def test_choosing_production_says_so_across_the_window(services: FakeServices, open_window: Open) -> None:
    window = open_window(services)
    assert not window.production_bar.isVisible()
    window.choose_connection("c2")
    assert window.production_bar.isVisible()
    assert window.windowTitle() == "Instant · cloud (production) — Tenantry"
    assert window.overview.app_list.model.rowCount() == 1
    window.choose_connection(None)
    assert not window.production_bar.isVisible()


def test_click_on_a_card_narrows_the_list(qtbot: QtBot, services: FakeServices, open_window: Open) -> None:
    window = open_window(services)
    card = window.overview.cards.card("c1")
    assert card is not None
    qtbot.mouseClick(card, Qt.MouseButton.LeftButton)
    assert window.commands.chosen_id == "c1"
    card.setFocus()
    qtbot.keyClick(card, Qt.Key.Key_Return)
    assert window.commands.chosen_id is None


def test_finding_buttons_act(qtbot: QtBot, services: FakeServices, open_window: Open) -> None:
    window = open_window(services)
    row = window.overview.strip.rows()[0]
    buttons = {button.text(): button for button in row.findChildren(QPushButton)}
    qtbot.mouseClick(buttons["Copy app ID"], Qt.MouseButton.LeftButton)
    assert QGuiApplication.clipboard().text() == APP_ID
    qtbot.mouseClick(buttons["Show app"], Qt.MouseButton.LeftButton)
    assert window.overview.app_list.selected_ref() == AppRef("c1", APP_ID)
    services.calls.clear()
    qtbot.mouseClick(buttons["Try again"], Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: services.calls == ["check c1", "refresh ['c1']"])


def test_f5_refreshes_all(qtbot: QtBot, services: FakeServices, open_window: Open) -> None:
    window = open_window(services)
    qtbot.waitUntil(lambda: "refresh None" in services.calls)
    services.calls.clear()
    window.registry["view.refresh"].trigger()
    qtbot.waitUntil(lambda: services.calls == ["check None", "refresh None"])


def test_palette_finds_by_owner_and_jumps_by_keyboard(
    qtbot: QtBot, services: FakeServices, open_window: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    window = open_window(services)
    jumped: list[AppRef] = []
    monkeypatch.setattr(window, "open_app", jumped.append)
    window.registry["edit.jump"].trigger()
    dialog = window.findChild(PaletteDialog)
    assert dialog is not None
    qtbot.keyClicks(dialog.box, "bo@exam")
    assert [hit.app for hit in dialog.hits()] == [PROD]
    qtbot.keyClick(dialog.box, Qt.Key.Key_Return)
    assert jumped == [AppRef("c2", OTHER_ID)]


def test_palette_runs_an_action(qtbot: QtBot, services: FakeServices, open_window: Open) -> None:
    window = open_window(services)
    window.open_palette()
    dialog = window.findChild(PaletteDialog)
    assert dialog is not None
    qtbot.keyClicks(dialog.box, "theme dark")
    qtbot.keyClick(dialog.box, Qt.Key.Key_Return)
    assert window.settings.theme is ThemeChoice.DARK
    assert window.theme.is_dark


def test_known_error_is_shown_with_its_remedy(services: FakeServices, open_window: Open) -> None:
    window = open_window(services)
    window.runner.route(Unreachable("Nobody answers."), "Refresh")
    assert window.messages.isVisible()
    assert window.messages.text() == "Refresh: Nobody answers. Check the address and the network, then try again."


def test_error_that_looks_like_markup_is_plain_text(services: FakeServices, open_window: Open) -> None:
    window = open_window(services)
    window.runner.route(Unreachable("<b>bold</b>", remedy=""), "")
    assert window.messages._sentence.textFormat() == Qt.TextFormat.PlainText
    assert window.messages.text() == "<b>bold</b>"


def test_activity_shows_calls(qtbot: QtBot, services: FakeServices, open_window: Open) -> None:
    window = open_window(services)
    services.activity.record(ActivityEntry(0.0, "c1", "POST", "/admin/transact", 429, 5.0, "retry in 1.2 s"))
    assert window.bottom is not None
    model = window.bottom.activity.model
    qtbot.waitUntil(lambda: model.rowCount() == 1)
    assert "429 → retry in 1.2 s" in model.line(0)


def test_close_ends_the_services_before_the_window_goes(
    qtbot: QtBot, services: FakeServices, open_window: Open
) -> None:
    window = open_window(services)
    with qtbot.waitSignal(window.closed):
        window.close()
        assert window.isVisible()
    assert services.is_closed
    assert not window.isVisible()


def test_next_start_restores_choice_tab_and_docks(qtbot: QtBot, services: FakeServices, open_window: Open) -> None:
    first = open_window(services)
    first.choose_connection("c2")
    first.show_findings()
    first.tree_dock.setVisible(False)
    with qtbot.waitSignal(first.closed):
        first.close()
    second = open_window(FakeServices())
    assert second.commands.chosen_id == "c2"
    assert second.bottom is not None
    assert second.bottom.tabs.currentIndex() == 2
    assert not second.tree_dock.isVisible()


def test_settings_file_is_for_the_owner_alone(
    qtbot: QtBot, services: FakeServices, open_window: Open, tmp_path: Path
) -> None:
    window = open_window(services)
    window.remember()
    assert (tmp_path / "config" / "window.ini").stat().st_mode & 0o777 == 0o600


def test_every_control_has_an_accessible_name(services: FakeServices, open_window: Open) -> None:
    window = open_window(services)
    nameless = [
        type(each).__name__
        for each in window.findChildren(QAbstractButton) + window.findChildren(QLineEdit)
        if not (each.accessibleName() or getattr(each, "text", str)())
        and each.isVisible()
        and not each.objectName().startswith("qt_")
        and type(each).__name__ not in {"QTabBar", "QLineEditIconButton", "CloseButton", "QTableCornerButton"}
        and each.focusPolicy() != Qt.FocusPolicy.NoFocus
    ]
    assert nameless == []


def test_shortcuts_are_unique(services: FakeServices, open_window: Open) -> None:
    window = open_window(services)
    keys = [action.shortcut().toString() for action in window.registry if not action.shortcut().isEmpty()]
    assert len(keys) == len(set(keys))
