"""The tab of one app."""

from __future__ import annotations

from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from pytestqt.qtbot import QtBot

from app.core.errors import Unreachable
from app.core.refs import AppRef
from app.ui.app_view import AppView
from app.ui.runner import Runner
from tests.ui.content_fakes import ANA, LOCAL, apps, runner, services

__all__ = ["runner", "services"]


@pytest.fixture
def view(qtbot: QtBot, runner: Runner) -> AppView:
    made = AppView(runner, LOCAL, apps()[1])
    qtbot.addWidget(made)
    made.resize(900, 500)
    return made


def _cells(table: Any, row: int) -> list[str]:
    return [table.item(row, column).text() for column in range(table.columnCount())]


def test_app_view_reads_the_structure_when_it_is_first_shown(view: AppView, qtbot: QtBot, services: Any) -> None:
    assert services.catalog.asked == []
    view.show()
    qtbot.waitUntil(lambda: view.entity_list.count() == 2)
    assert services.catalog.asked == [(AppRef("local", ANA), False)]
    assert view.entity_title.text() == "todos · 2 attributes"
    assert _cells(view.attribute_table, 0) == ["title", "string", "✓", "", ""]
    assert _cells(view.attribute_table, 1) == ["done", "boolean", "", "", "✓"]
    assert _cells(view.link_table, 0) == ["owner", "one", "$users", "todos (many)", "keep"]


def test_app_view_choosing_an_entity_shows_it(view: AppView, qtbot: QtBot) -> None:
    view.show()
    qtbot.waitUntil(lambda: view.entity_list.count() == 2)
    qtbot.keyClick(view.entity_list, Qt.Key.Key_Down)
    assert view.entity_title.text() == "$users · 1 attribute"
    assert _cells(view.link_table, 0) == ["todos", "many", "todos", "owner (one)", "keep"]


def test_app_view_failure_says_why_and_tries_again(view: AppView, qtbot: QtBot, services: Any) -> None:
    services.catalog.error = Unreachable("Instant · local does not answer.")
    view.show()
    qtbot.waitUntil(lambda: view.empty.title.text() == "The structure could not be read")
    assert view.empty.sentence.text().startswith("Instant · local does not answer.")
    services.catalog.error = None
    qtbot.mouseClick(view.empty.button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: view.entity_list.count() == 2)


def test_app_view_copies_the_app_id(view: AppView, qtbot: QtBot) -> None:
    view.show()
    with qtbot.waitSignal(view.copied):
        qtbot.mouseClick(view.copy_button, Qt.MouseButton.LeftButton)
    assert QGuiApplication.clipboard().text() == ANA
    assert view.copy_button.text() == "✓ Copied"


def test_app_view_says_owner_kind_and_state(view: AppView) -> None:
    view.set_app(apps()[2])
    assert view.about.text() == "gil@example.com · tenant · drift: 2 attributes"
