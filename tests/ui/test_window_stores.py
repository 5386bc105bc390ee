"""The tab of a main database's workspaces, opened from the window."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtWidgets import QToolButton
from pytestqt.qtbot import QtBot

from app.core.refs import AppRef
from app.ui.plans.compare_dialog import CompareDialog
from app.ui.stores.workspaces_view import WorkspacesView
from app.ui.window.main_window import MainWindow
from app.ui.work.runner import Runner
from tests.ui.content_fakes import runner
from tests.ui.foundation_fakes import CONNECTION as INSTANT
from tests.ui.foundation_fakes import FakeDirectory
from tests.ui.store_fakes import CONNECTION, PRODUCTION, store_services
from tests.ui.window_fakes import as_windows_ask, filled_window

__all__ = ["runner"]
PLAIN = replace(CONNECTION, id="plain", label="Plain", foundation_app_id=None)


@pytest.fixture
def services() -> Any:
    made = store_services()
    made.directory = FakeDirectory()
    made.directory.rows = ()
    return as_windows_ask(made, replace(PRODUCTION, id="pg"), PLAIN, INSTANT)


@pytest.fixture
def window(qtbot: QtBot, runner: Runner, tmp_path: Path) -> Iterator[MainWindow]:
    yield from filled_window(qtbot, runner, tmp_path, lambda made: made.data.connection("pg") is not None)


def _page(window: MainWindow) -> WorkspacesView:
    page = window.tabs.currentWidget()
    assert isinstance(page, WorkspacesView)
    return page


def test_window_menu_offers_workspaces_of_a_main_database_only(window: MainWindow) -> None:
    action = window.registry["stores.workspaces"]
    for connection_id, is_offered in (("plain", False), ("local", False), ("pg", True)):
        window.choose_connection(connection_id)
        assert action.isEnabled() is is_offered
    action.trigger()
    first = _page(window)
    assert window.tabs.tabText(window.tabs.currentIndex()) == "Workspaces · PostgreSQL · production · PRODUCTION"
    action.trigger()
    assert _page(window) is first


def test_window_card_and_tree_offer_workspaces(window: MainWindow, qtbot: QtBot) -> None:
    tree = window.tree
    assert tree is not None
    qtbot.waitUntil(lambda: tree.model.rowCount() == 3)
    texts = {at: [each.text() for each in tree.make_menu(tree.model.index(at, 0)).actions()] for at in range(3)}
    assert "Workspaces" in texts[0]
    assert "Users" not in texts[0]
    assert "Workspaces" not in texts[1]
    assert "Workspaces" not in texts[2]
    assert "Users" in texts[2]
    offered = {}
    for each in ("pg", "plain", "local"):
        card = window.overview.cards.card(each)
        assert card is not None
        menu = card.findChild(QToolButton).menu()
        menu.aboutToShow.emit()
        offered[each] = [action for action in menu.actions() if action.text() == "Workspaces"]
    assert [len(actions) for actions in offered.values()] == [1, 0, 0]
    offered["pg"][0].trigger()
    assert _page(window).connection.id == "pg"


def test_window_compares_two_stores(window: MainWindow, qtbot: QtBot) -> None:
    window.stores.show_workspaces("pg")
    _page(window).compare_requested.emit(AppRef("pg", "store_aurora"), AppRef("pg", "store_blue"))
    dialog = next(each for each in window.findChildren(CompareDialog) if each.isVisible())
    dialog.reject()


def test_window_tab_hears_of_its_connection(window: MainWindow, qtbot: QtBot, services: Any) -> None:
    window.stores.show_workspaces("pg")
    page = _page(window)
    qtbot.waitUntil(page.table.isVisible)
    changed = replace(PRODUCTION, id="pg", is_read_only=True)
    services.connections.all = lambda: (changed, PLAIN, INSTANT)
    window.data.fetch_all()
    qtbot.waitUntil(lambda: page.connection.is_read_only)
    assert not page.edit_button.isEnabled()
