"""What the window offers on a SQL connection, and what it refuses with a reason."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from app.core.apps import AppSummary
from app.core.connection import Connection, Environment, Platform
from app.core.refs import AppRef
from app.ui.apps.app_list_model import AppListModel
from app.ui.apps.create_app_dialog import CreateAppDialog
from app.ui.apps.delete_app_dialog import DeleteAppDialog
from app.ui.editor.schema_editor import SideTabs
from app.ui.window.app_view import AppView
from app.ui.window.main_window import MainWindow
from app.ui.work.runner import Runner
from tests.ui.content_fakes import LOCAL, fake_services, runner, window
from tests.ui.window_fakes import as_windows_ask, filled_window

__all__ = ["runner", "window"]
SERVER = Connection(
    "pg", "Shop", Platform.POSTGRES, "postgresql://db:5432/main", Environment.PRODUCTION, foundation_app_id="main"
)
FILE = replace(SERVER, id="file", label="File", base_url="sqlite:////tmp/a.db", environment=Environment.LOCAL)
MAIN = AppSummary("pg", "main", "main", "", "foundation", "ok")
STORE = AppSummary("pg", "ada", "ada", "Ada’s workspace", "tenant", "ok")


@pytest.fixture
def services() -> Any:
    made = fake_services()
    made.directory = SimpleNamespace(inventory=lambda: (MAIN, STORE))
    return as_windows_ask(made, SERVER)


@pytest.fixture
def main(qtbot: QtBot, runner: Runner, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[MainWindow]:
    monkeypatch.setattr(SideTabs, "fill", lambda self: None)
    yield from filled_window(qtbot, runner, tmp_path, lambda made: len(made.data.table.rows) == 2)


def test_window_offers_nothing_of_a_foundation_and_says_why(main: MainWindow) -> None:
    for name in ("foundation.users", "foundation.tasks", "foundation.reconcile", "foundation.show"):
        assert not main.registry[name].isEnabled()
        assert "Shop is PostgreSQL" in main.registry[name].toolTip()


def test_window_refuses_users_of_a_server_that_are_asked_for_elsewhere(main: MainWindow, qtbot: QtBot) -> None:
    tabs = main.tabs.count()
    with qtbot.waitSignal(main.runner.known_error) as told:
        main.foundation.show("users", "pg")
    assert "Users, tasks and agents belong to an Instant foundation" in told.args[0].sentence
    assert main.tabs.count() == tabs


def test_window_offers_no_agents_and_no_new_name_for_a_database(main: MainWindow) -> None:
    main.open_app(AppRef("pg", "ada"))
    assert main.current_ref() == AppRef("pg", "ada")
    for name in ("agents.show", "agents.add", "agents.save", "app.rename"):
        assert not main.registry[name].isEnabled()
    assert "known by its name" in main.registry["app.rename"].toolTip()
    assert main.registry["app.delete"].isEnabled()


def test_window_refuses_to_rename_a_database_from_the_list(main: MainWindow, qtbot: QtBot) -> None:
    with qtbot.waitSignal(main.runner.known_error) as told:
        main.commands.rename_app(AppRef("pg", "ada"))
    assert "known by its name" in told.args[0].sentence


def test_app_view_of_a_database_speaks_of_stores_and_shows_no_agents(
    qtbot: QtBot, runner: Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(SideTabs, "fill", lambda self: None)
    view = AppView(runner, SERVER, STORE)
    qtbot.addWidget(view)
    view.show()
    assert view.about.text() == "Ada’s workspace · store · OK"
    view.set_app(MAIN)
    assert view.about.text() == "no workspace · main database · OK"
    assert not view.agents_button.isVisible()
    assert not view.rename_button.isEnabled()
    view.add_agent()
    assert not view.is_agents_shown
    qtbot.waitUntil(lambda: view.editor is not None)
    view.close()


def test_create_dialog_makes_a_database_by_its_name(
    qtbot: QtBot, window: QWidget, runner: Runner, services: Any
) -> None:
    dialog = CreateAppDialog(runner, (LOCAL, SERVER, FILE), "pg", window)
    dialog.open()
    assert (dialog.heading.text(), dialog.action_button.text()) == ("New database", "Create database")
    assert not dialog.template_list.isVisible()
    assert dialog.fields["title"].label.text() == "&Name"
    dialog.connection_box.setCurrentIndex(2)
    assert dialog.heading.text() == "New file"
    dialog.connection_box.setCurrentIndex(0)
    assert (dialog.heading.text(), dialog.template_list.isVisible()) == ("New app", True)
    qtbot.waitUntil(lambda: dialog.template_list.count() == 2)
    dialog.template_list.setCurrentRow(1)
    dialog.connection_box.setCurrentIndex(1)
    dialog.title_edit.setText("workspace_ada")
    with qtbot.waitSignal(dialog.created):
        qtbot.mouseClick(dialog.action_button, Qt.MouseButton.LeftButton)
    assert services.lifecycle.calls[0][:4] == ("create", "pg", "workspace_ada", None)


def test_delete_dialog_says_that_a_database_is_gone_for_good(qtbot: QtBot, window: QWidget, runner: Runner) -> None:
    dialog = DeleteAppDialog(runner, SERVER, STORE, window)
    dialog.open()
    assert dialog.windowTitle() == "Delete database"
    said = dialog.fields["confirmation"].label.text()
    assert said.startswith("1 database is deleted on ")
    assert said.endswith(" (production environment). &Type the database’s name to go on")
    assert dialog.title_edit is not None
    assert not dialog.can_act()
    dialog.title_edit.setText("ada")
    assert dialog.can_act()
    dialog.reject()


def test_app_list_calls_databases_what_they_are() -> None:
    model = AppListModel()
    model.set_connections((SERVER, LOCAL))
    rows = (MAIN, STORE, MAIN._replace(app_id="x", kind="other"), MAIN._replace(connection_id="local"))
    assert [model.kind_word(each) for each in rows] == ["main database", "store", "database", "foundation"]
