"""The tabs and the dialog about foundations, opened from the window."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import QCoreApplication, Qt
from PySide6.QtWidgets import QPushButton
from pytestqt.qtbot import QtBot

from app.core.errors import FieldError, Invalid
from app.core.refs import AppRef
from app.core.status import Finding, FindingAction, FindingKind, Severity
from app.schema.draft import Draft
from app.schema.model import Schema
from app.services.foundation_shape import FoundationShape
from app.ui.foundation.foundation_dialog import FoundationDialog
from app.ui.foundation.foundation_page import FoundationPage
from app.ui.foundation.reconcile_view import ReconcileView
from app.ui.window.main_window import MainWindow
from app.ui.work.runner import Runner
from tests.ui.content_fakes import TAR, runner
from tests.ui.foundation_fakes import CONNECTION, FREE, foundation_services
from tests.ui.window_fakes import as_windows_ask, filled_window

__all__ = ["runner"]
LEFT = Qt.MouseButton.LeftButton


@pytest.fixture
def services() -> Any:
    return as_windows_ask(foundation_services(), CONNECTION)


@pytest.fixture
def window(qtbot: QtBot, runner: Runner, tmp_path: Path) -> Iterator[MainWindow]:
    yield from filled_window(qtbot, runner, tmp_path, lambda made: made.data.connection("local") is not None)


def _page(window: MainWindow) -> FoundationPage:
    page = window.tabs.currentWidget()
    assert isinstance(page, FoundationPage)
    return page


@pytest.mark.parametrize(("action", "heading"), [("users", "Users"), ("tasks", "Tasks"), ("reconcile", "Reconcile")])
def test_window_menu_opens_one_tab_for_a_connection(window: MainWindow, action: str, heading: str) -> None:
    window.registry[f"foundation.{action}"].trigger()
    first = _page(window)
    assert first.heading.text() == heading
    assert window.tabs.tabText(window.tabs.currentIndex()) == f"{heading} · Instant · local"
    window.registry[f"foundation.{action}"].trigger()
    assert _page(window) is first
    assert window.tabs.count() == 2


def test_window_tab_is_closed_like_any_other(window: MainWindow, qtbot: QtBot) -> None:
    window.registry["foundation.users"].trigger()
    window.close_current_tab()
    assert window.tabs.count() == 1
    QCoreApplication.sendPostedEvents(None, 52)
    window.data.connections_changed.emit()


def test_window_tree_offers_the_foundation(window: MainWindow, qtbot: QtBot) -> None:
    tree = window.tree
    assert tree is not None
    qtbot.waitUntil(lambda: tree.model.rowCount() == 1)
    menu = tree.make_menu(tree.model.index(0, 0))
    action = next(each for each in menu.actions() if each.text() == "Users")
    action.trigger()
    assert _page(window).heading.text() == "Users"


def test_window_finding_about_an_app_leads_to_its_difference(window: MainWindow, qtbot: QtBot) -> None:
    window.show_findings()
    panel = window.bottom.findings
    actions = (FindingAction.RECONCILE, FindingAction.SHOW_APP)
    gone = Finding("k", FindingKind.APP_UNOWNED, Severity.WARNING, "local", "It has no owner.", "", FREE, actions)
    panel.show_findings((gone,), window.data.by_id())
    button = next(each for each in panel.rows()[0].findChildren(QPushButton) if each.text() == "Reconcile…")
    qtbot.mouseClick(button, LEFT)
    page = _page(window)
    assert isinstance(page, ReconcileView)
    qtbot.waitUntil(lambda: page.found is not None)
    item = page.tree.currentItem()
    assert item is not None
    assert item.text(0) == "calm-green-delta is on the platform, but nobody in the registry owns it."
    first = page.tree.topLevelItem(0)
    assert first is not None
    page.tree.setCurrentItem(first)
    qtbot.mouseClick(button, LEFT)
    assert _page(window) is page
    assert page.tree.currentItem() is item


def test_window_plan_of_a_draft_is_reviewed(window: MainWindow, qtbot: QtBot) -> None:
    from app.ui.plans.plan_dialog import PlanDialog

    draft = Draft(Schema(), Schema()).add_entity("app", ())
    with contextlib.suppress(StopIteration):
        window.foundation.show_plan(AppRef("local", TAR), draft)
    dialog = next(each for each in window.findChildren(PlanDialog))
    assert dialog.isVisible()


# The dialog


@pytest.fixture
def lacking(services: Any) -> Draft:
    draft = Draft(Schema(), Schema()).add_entity("app", ())
    shape = FoundationShape(False, True, missing=("The entity app is missing.",), draft=draft, apps_draft=draft)
    services.foundation.found_shape = shape
    return draft


@pytest.fixture
def dialog(qtbot: QtBot, runner: Runner) -> FoundationDialog:
    made = FoundationDialog(runner, CONNECTION)
    qtbot.addWidget(made)
    made.show()
    return made


def test_dialog_missing_parts_become_a_plan(lacking: Draft, dialog: FoundationDialog, qtbot: QtBot) -> None:
    qtbot.waitUntil(lambda: len(dialog.notes.rows) == 3)
    assert dialog.notes.rows[1].sentence.text() == "The registry of tasks and their databases is complete"
    with qtbot.waitSignal(dialog.plan_requested) as asked:
        qtbot.mouseClick(dialog.notes.rows[0].buttons[0], LEFT)
    assert asked.args == [AppRef("local", TAR), lacking]


def test_dialog_names_are_mapped(dialog: FoundationDialog, qtbot: QtBot, services: Any) -> None:
    qtbot.waitUntil(lambda: dialog.edits["app"].text() == "app")
    assert not dialog.action_button.isEnabled()
    dialog.edits["app"].clear()
    qtbot.keyClicks(dialog.edits["app"], "tenants")
    with qtbot.waitSignal(dialog.named):
        qtbot.mouseClick(dialog.action_button, LEFT)
    assert services.foundation.names.app == "tenants"
    assert not dialog.action_button.isEnabled()


def test_dialog_wrong_name_is_told_beside_its_field(dialog: FoundationDialog, qtbot: QtBot, services: Any) -> None:
    qtbot.waitUntil(lambda: dialog.edits["app"].text() == "app")
    dialog.edits["app"].setText("")
    services.foundation.error = Invalid("No.", fields=(FieldError("app", "Enter the name that the foundation uses."),))
    dialog.act()
    qtbot.waitUntil(lambda: dialog.fields["app"].error != "")
    assert dialog.fields["app"].error == "Enter the name that the foundation uses."
