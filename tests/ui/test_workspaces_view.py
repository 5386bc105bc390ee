"""The workspaces of a main database, their stores and what is wrong with them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QApplication, QDialog
from pytestqt.qtbot import QtBot

from app.core.refs import AppRef
from app.services.main_map import MainMap
from app.services.store_words import Workspace
from app.ui.look.theme import Theme
from app.ui.parts.row_model import RowModel
from app.ui.stores.main_database_dialog import MainDatabaseDialog
from app.ui.stores.move_dialog import MoveDialog
from app.ui.stores.store_dialog import StoreDialog
from app.ui.stores.workspace_model import STATE, STORE, workspace_model
from app.ui.stores.workspace_rows import WorkspaceRow, size_words
from app.ui.stores.workspaces_view import WorkspacesView
from app.ui.work.runner import Runner
from tests.ui.content_fakes import runner
from tests.ui.store_fakes import CONNECTION, READ_ONLY, check_of, gone, open_move, store, store_services

__all__ = ["runner"]
LEFT = Qt.MouseButton.LeftButton


@pytest.fixture
def services() -> Any:
    return store_services()


def _shown(qtbot: QtBot, view: WorkspacesView) -> WorkspacesView:
    qtbot.addWidget(view)
    view.resize(1100, 700)
    view.show()
    return view


@pytest.fixture
def view(qtbot: QtBot, runner: Runner) -> WorkspacesView:
    made = _shown(qtbot, WorkspacesView(runner, CONNECTION))
    qtbot.waitUntil(lambda: made.table.isVisible() and bool(made.findings.findings))
    return made


def _texts(view: WorkspacesView, column: int) -> list[str]:
    return [view.model.data(view.model.index(row, column)) for row in range(view.model.rowCount())]


def _choose(view: WorkspacesView, *ids: str) -> None:
    view.table.clearSelection()
    view.table.select_keys(frozenset(ids))


def _dialog(view: WorkspacesView, kind: type[QDialog]) -> Any:
    return next(each for each in view.window().findChildren(kind) if each.isVisible())


def _check(qtbot: QtBot, view: WorkspacesView) -> None:
    qtbot.mouseClick(view.check_button, LEFT)
    qtbot.waitUntil(lambda: not view.work.is_checking)


# Rows


def test_view_every_workspace_has_counts_and_its_store(view: WorkspacesView) -> None:
    assert _texts(view, 1)[:2] == ["Aurora Labs", "Blue Harbor"]
    assert _texts(view, STORE) == [
        "store_aurora",
        "store_blue",
        "store_cobalt",
        "—",
        "eu.example:6432/ember",
        "cannot be read",
    ]
    assert [_texts(view, at)[0] for at in range(3, 7)] == ["24", "4", "3", "2"]
    assert view.count_label.text() == "6 workspaces"
    assert view.mode_row.mode.text() == "Hosted"
    assert "/srv/product/.env" in view.mode_row.note.text()


def test_view_states_are_told_by_shape_and_word(view: WorkspacesView, qtbot: QtBot) -> None:
    assert _texts(view, STATE) == ["Not checked", "1 finding", "Not checked", "No store", "1 finding", "Unreadable"]
    _check(qtbot, view)
    assert _texts(view, STATE) == ["Up", "1 finding", "Up", "No store", "Unreachable", "Unreadable"]
    icons = {view.model.data(view.model.index(row, STATE), 1).cacheKey() for row in (0, 1, 3, 4)}
    assert len(icons) == 4


def test_view_local_mode_stores_are_in_the_main_database(qtbot: QtBot, runner: Runner, services: Any) -> None:
    services.stores.mode, services.stores.found = "local", (Workspace("w-1", "Solo", 1),)
    services.stores.shallow = ()
    view = _shown(qtbot, WorkspacesView(runner, CONNECTION))
    qtbot.waitUntil(view.table.isVisible)
    assert _texts(view, STATE) == ["In the main database"]
    assert not view.check_button.isEnabled()
    assert _texts(view, 4) == ["—"]


def test_view_rows_still_in_the_main_database_are_not_broken(qtbot: QtBot, runner: Runner, services: Any) -> None:
    services.stores.found = (Workspace("w-1", "Solo", 1, is_in_main=True), Workspace("w-2", "Without", 1))
    services.stores.shallow = ()
    view = _shown(qtbot, WorkspacesView(runner, CONNECTION))
    qtbot.waitUntil(view.table.isVisible)
    assert _texts(view, STATE) == ["In the main database", "No store"]
    assert view.mode_row.summary.text() == "0 stores · 1 no store · 1 in the main database"
    assert "Move to its own store" in str(view.model.data(view.model.index(0, STATE), 3))


def test_view_search_narrows_by_name_store_and_state(view: WorkspacesView, qtbot: QtBot) -> None:
    for query, found in (("COBALT", ["w-cobalt"]), ("eu.example", ["w-ember"]), ("unreadable", ["w-fjord"])):
        view.search_box.setText(query)
        assert [row.id for row in view.model.rows] == found
    view.search_box.setText("nobody")
    assert "Nothing matches" in view.empty.title.text()
    qtbot.mouseClick(view.empty.button, LEFT)
    assert len(view.model.rows) == 6


def test_view_typing_in_the_table_goes_to_the_search(view: WorkspacesView, qtbot: QtBot) -> None:
    view.table.setFocus()
    qtbot.keyClicks(view.table, "dun")
    assert view.search_box.text() == "dun"


def test_view_sort_by_state_puts_trouble_first(view: WorkspacesView, qtbot: QtBot) -> None:
    _check(qtbot, view)
    view.table.sortByColumn(STATE, Qt.SortOrder.AscendingOrder)
    assert [row.id for row in view.model.rows][:4] == ["w-ember", "w-fjord", "w-dune", "w-blue"]
    view.table.sortByColumn(3, Qt.SortOrder.DescendingOrder)
    assert view.model.rows[0].id == "w-cobalt"


def test_view_a_click_on_the_store_copies_its_app_id(view: WorkspacesView, qtbot: QtBot) -> None:
    place = view.table.visualRect(view.model.index(1, STORE)).center()
    with qtbot.waitSignal(view.copied) as told:
        qtbot.mouseClick(view.table.viewport(), LEFT, pos=place)
    assert QGuiApplication.clipboard().text() == "store_blue"
    assert "Blue Harbor" in told.args[0]
    tip = view.model.data(view.model.index(1, STORE), 3)
    assert "Blue Harbor" in tip
    assert "store_blue" in tip


def test_view_ctrl_c_copies_the_selection(view: WorkspacesView, qtbot: QtBot) -> None:
    _choose(view, "w-aurora", "w-dune", "w-cobalt")
    qtbot.keyClick(view.table, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    assert QGuiApplication.clipboard().text() == "store_aurora\nstore_cobalt"


def test_view_enter_opens_the_store(view: WorkspacesView, qtbot: QtBot) -> None:
    _choose(view, "w-aurora")
    with qtbot.waitSignal(view.open_requested) as opened:
        qtbot.keyClick(view.table, Qt.Key.Key_Return)
    assert opened.args[0] == AppRef("pg", "store_aurora")


# Checking


def test_check_all_asks_every_store_once(view: WorkspacesView, qtbot: QtBot, services: Any) -> None:
    assert view.check_button.text() == "Check all"
    with qtbot.waitSignal(view.copied) as told:
        qtbot.mouseClick(view.check_button, LEFT)
    assert services.stores.asked("check") == [(None,)]
    assert told.args[0] == "Checked 4 stores, 1 not reachable"
    assert _texts(view, 7)[:2] == ["3.4 ms", "3.4 ms"]
    assert _texts(view, 9)[0] == "8.4 MB"
    assert "1 unreachable" in view.mode_row.summary.text()


def test_check_selected_asks_only_those(view: WorkspacesView, qtbot: QtBot, services: Any) -> None:
    _choose(view, "w-aurora", "w-cobalt", "w-dune")
    assert view.check_button.text() == "Check 2 stores"
    _check(qtbot, view)
    assert services.stores.asked("check") == [(("store_aurora", "store_cobalt"),)]


def test_check_can_be_cancelled_and_keeps_what_was_answered(view: WorkspacesView, qtbot: QtBot, services: Any) -> None:
    import asyncio

    async def check(connection_id: str, app_ids: Any, on_check: Any, on_progress: Any) -> Any:
        on_check(check_of("store_aurora"))
        await asyncio.Event().wait()

    services.stores.check = check
    qtbot.mouseClick(view.check_button, LEFT)
    qtbot.waitUntil(lambda: _texts(view, STATE)[0] == "Up")
    assert _texts(view, STATE)[2] == "Checking"
    assert view.bar.isVisible()
    assert view.check_button.text() == "Cancel the check"
    qtbot.mouseClick(view.check_button, LEFT)
    assert _texts(view, STATE)[:3] == ["Up", "1 finding", "Not checked"]
    assert not view.bar.isVisible()
    assert view.check_button.text() == "Check all"


def test_check_failure_leaves_nothing_waiting(
    view: WorkspacesView, qtbot: QtBot, runner: Runner, services: Any
) -> None:
    services.stores.error = gone()
    with qtbot.waitSignal(runner.known_error) as told:
        qtbot.mouseClick(view.check_button, LEFT)
    assert told.args[0] is services.stores.error
    assert "Checking" not in _texts(view, STATE)


# Buttons and menu


def test_buttons_follow_the_selection(view: WorkspacesView) -> None:
    _choose(view)
    assert not view.edit_button.isEnabled()
    assert not view.open_button.isEnabled()
    _choose(view, "w-dune")
    assert view.edit_button.isEnabled()
    assert view.move_button.isEnabled()
    assert not view.open_button.isEnabled()
    assert not view.compare_button.isEnabled()
    _choose(view, "w-aurora")
    assert view.open_button.isEnabled()
    assert view.compare_button.isEnabled()
    texts = [each.text() for each in view.make_menu().actions() if each.isEnabled() and not each.isSeparator()]
    assert texts == [
        "Check",
        "Open the schema",
        "Compare with siblings",
        "Copy app ID",
        "Edit store…",
        "Move to its own store…",
    ]


def test_buttons_read_only_connection_writes_nothing(qtbot: QtBot, runner: Runner, services: Any) -> None:
    services.store_moving.moves = (open_move(),)
    view = _shown(qtbot, WorkspacesView(runner, READ_ONLY))
    qtbot.waitUntil(lambda: view.table.isVisible() and bool(view.findings.findings))
    _choose(view, "w-aurora")
    assert not view.edit_button.isEnabled()
    assert not view.move_button.isEnabled()
    assert "read-only" in view.edit_button.toolTip()
    assert view.open_button.isEnabled()
    assert not view.notes.rows[0].buttons
    view.findings.go_to("store-missing:dune")
    assert [each.text() for each in view.findings.buttons] == ["Show the workspace"]


def test_compare_two_chosen_or_one_with_a_sibling(view: WorkspacesView, qtbot: QtBot) -> None:
    _choose(view, "w-aurora", "w-cobalt")
    with qtbot.waitSignal(view.compare_requested) as asked:
        qtbot.mouseClick(view.compare_button, LEFT)
    assert asked.args == [AppRef("pg", "store_aurora"), AppRef("pg", "store_cobalt")]
    _choose(view, "w-blue")
    with qtbot.waitSignal(view.compare_requested) as asked:
        qtbot.mouseClick(view.compare_button, LEFT)
    assert asked.args == [AppRef("pg", "store_blue"), AppRef("pg", "store_aurora")]


def test_dialogs_open_for_the_chosen_workspace(view: WorkspacesView, qtbot: QtBot) -> None:
    _choose(view, "w-dune")
    qtbot.mouseClick(view.edit_button, LEFT)
    _dialog(view, StoreDialog).reject()
    qtbot.mouseClick(view.move_button, LEFT)
    _dialog(view, MoveDialog).reject()
    qtbot.mouseClick(view.mode_button, LEFT)
    dialog = _dialog(view, MainDatabaseDialog)
    assert dialog.tabs.currentIndex() == 0
    dialog.reject()


# Notes


def test_notes_open_moves_can_be_gone_on_with(qtbot: QtBot, runner: Runner, services: Any) -> None:
    services.store_moving.moves = (open_move(error="The connection broke."), open_move("switched"))
    services.stores.notes = ("There is no table of teams.",)
    view = _shown(qtbot, WorkspacesView(runner, CONNECTION))
    qtbot.waitUntil(lambda: len(view.notes.rows) == 3)
    unfinished, switched, missing = view.notes.rows
    assert "not finished" in unfinished.sentence.text()
    assert "4,200 of 21,112 rows" in unfinished.detail.text()
    assert "old rows" in switched.sentence.text()
    assert "teams" in missing.sentence.text()
    qtbot.mouseClick(unfinished.buttons[0], LEFT)
    dialog = _dialog(view, MoveDialog)
    assert dialog.action_button.text() == "&Go on"
    dialog.reject()


# Empty and error states


def test_empty_no_table_of_workspaces_leads_to_the_names(qtbot: QtBot, runner: Runner, services: Any) -> None:
    services.stores.found, services.stores.names = (), MainMap()
    view = _shown(qtbot, WorkspacesView(runner, CONNECTION))
    qtbot.waitUntil(lambda: view.empty.title.text() == "No table of workspaces")
    qtbot.mouseClick(view.empty.button, LEFT)
    dialog = _dialog(view, MainDatabaseDialog)
    assert dialog.tabs.currentIndex() == 1
    dialog.reject()


def test_empty_no_main_database_leads_to_the_connection(qtbot: QtBot, runner: Runner, services: Any) -> None:
    view = _shown(qtbot, WorkspacesView(runner, replace(CONNECTION, foundation_app_id=None)))
    assert view.empty.title.text() == "No main database"
    with qtbot.waitSignal(view.edit_connection_requested) as asked:
        qtbot.mouseClick(view.empty.button, LEFT)
    assert asked.args == ["pg"]
    assert not services.stores.calls


def test_empty_unreadable_database_says_why_and_can_be_tried_again(qtbot: QtBot, runner: Runner, services: Any) -> None:
    services.stores.error = gone()
    view = _shown(qtbot, WorkspacesView(runner, CONNECTION))
    qtbot.waitUntil(lambda: "acme_main is not there" in view.empty.title.text())
    services.stores.error = None
    qtbot.mouseClick(view.empty.button, LEFT)
    qtbot.waitUntil(view.table.isVisible)


# Findings


def test_findings_are_grouped_and_answered(view: WorkspacesView, qtbot: QtBot) -> None:
    groups = [view.findings.tree.topLevelItem(at).text(0) for at in range(view.findings.tree.topLevelItemCount())]
    assert groups[0] == "Stores that cannot be reached  ·  1"
    assert len(groups) == 5
    view.findings.go_to("drifted-store:blue")
    assert [each.text() for each in view.findings.buttons] == [
        "Compare with siblings",
        "Open the schema",
        "Show the workspace",
    ]
    with qtbot.waitSignal(view.compare_requested) as asked:
        qtbot.keyClick(view.findings.tree, Qt.Key.Key_Return)
    assert asked.args == [AppRef("pg", "store_blue"), AppRef("pg", "store_aurora")]
    view.search_box.setText("aurora")
    qtbot.mouseClick(view.findings.buttons[2], LEFT)
    assert [row.id for row in view.chosen()] == ["w-blue"]


def test_findings_without_a_store_open_its_dialog(view: WorkspacesView, qtbot: QtBot) -> None:
    view.findings.go_to("store-missing:dune")
    qtbot.mouseClick(view.findings.buttons[0], LEFT)
    dialog = _dialog(view, StoreDialog)
    assert dialog.phrase == "Dune Works"
    dialog.reject()


def test_findings_that_name_no_workspace_are_mended_for_the_chosen_one(view: WorkspacesView, qtbot: QtBot) -> None:
    view.table.clearSelection()
    view.findings.go_to("orphan-store:old")
    with qtbot.waitSignal(view.copied) as told:
        qtbot.mouseClick(view.findings.buttons[0], LEFT)
    assert told.args == ["Choose one workspace in the table first"]
    _choose(view, "w-dune")
    qtbot.mouseClick(view.findings.buttons[0], LEFT)
    dialog = _dialog(view, StoreDialog)
    assert dialog.form.address_edit.text() == "postgresql://tenantry@db.acme.example:5432/store_old"
    dialog.reject()
    view.findings.go_to("application-in-main:pages")
    qtbot.mouseClick(view.findings.buttons[0], LEFT)
    moving = _dialog(view, MoveDialog)
    assert moving.phrase == "Dune Works"
    moving.reject()


def test_findings_scan_finds_more_and_can_be_cancelled(view: WorkspacesView, qtbot: QtBot, services: Any) -> None:
    qtbot.mouseClick(view.findings.scan_button, LEFT)
    qtbot.waitUntil(lambda: len(view.findings.findings) == 6)
    assert services.stores.asked("findings") == [(False,), (True,)]
    assert "rows and schemas" in view.findings.note_label.text()
    assert next(row for row in view.model.rows if row.id == "w-cobalt").findings == 1

    async def never(connection_id: str, *, deep: bool, on_progress: Any) -> Any:
        import asyncio

        on_progress(type("Told", (), {"done": 2, "total": 4, "text": "Scanning store_blue"}))
        await asyncio.Event().wait()

    services.stores.findings = never
    qtbot.mouseClick(view.findings.scan_button, LEFT)
    qtbot.waitUntil(lambda: view.findings.progress.value() == 2)
    assert view.findings.note_label.text() == "Scanning store_blue"
    qtbot.mouseClick(view.findings.scan_button, LEFT)
    assert not view.findings.is_scanning
    assert len(view.findings.findings) == 6


def test_findings_none_says_what_was_looked_at(qtbot: QtBot, runner: Runner, services: Any) -> None:
    services.stores.shallow = ()
    view = _shown(qtbot, WorkspacesView(runner, CONNECTION))
    qtbot.waitUntil(lambda: "Nothing was found" in view.findings.well_label.text())
    assert view.findings.well.isVisible()


# Size and looks


def test_model_ten_thousand_rows_are_filtered_at_a_keystroke(qapp: QApplication) -> None:
    rows = [
        WorkspaceRow(Workspace(f"w-{at}", f"Workspace {at}", at % 90, store=store(f"store_{at}")))
        for at in range(10_000)
    ]
    model: RowModel[WorkspaceRow] = workspace_model(qapp)
    model.show_rows(rows)
    model.search("store_77")
    assert len(model.rows) == 111
    model.search("")
    changed = [replace(row, check=check_of(row.app_id)) for row in rows[::2]]
    model.put(changed)
    assert model.data(model.index(0, STATE)) == "Up"
    assert model.data(model.index(1, STATE)) == "Not checked"


def test_view_fits_narrow_and_at_twice_the_text_size(view: WorkspacesView, qapp: QApplication) -> None:
    theme = Theme(qapp, text_scale=200)
    view.resize(640, 640)
    qapp.processEvents()
    assert view.minimumSizeHint().width() <= 1000
    assert view.check_button.isVisible()
    places = [each.mapTo(view, QPoint(0, 0)).y() for each in (view.check_button, view.move_button)]
    assert places[0] < places[1]
    theme.set_text_scale(100)
    theme.deleteLater()


def test_view_everything_that_is_pressed_has_a_name(view: WorkspacesView) -> None:
    from PySide6.QtWidgets import QAbstractButton

    for button in view.findChildren(QAbstractButton):
        assert button.accessibleName() or button.text() or not button.isVisible()
    assert view.table.accessibleName()
    assert view.accessibleName() == "Workspaces of PostgreSQL · staging"


def test_size_words() -> None:
    assert [size_words(each) for each in (0, 999, 8_400_000, 123_456_789, 2_500_000_000)] == [
        "0 B",
        "999 B",
        "8.4 MB",
        "123 MB",
        "2.5 GB",
    ]
