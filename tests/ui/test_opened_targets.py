"""Targets as the window opens them: an app's tab, a schema file beside an app, a sentence for what is neither."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from PySide6.QtCore import Qt, QUrl
from PySide6.QtGui import QFileOpenEvent
from PySide6.QtWidgets import QApplication, QDialog, QLabel
from pytestqt.qtbot import QtBot

from app.core.changes import Changes
from app.core.errors import Unreachable
from app.core.refs import AppRef
from app.core.targets import AppTarget, SchemaFileTarget
from app.services.directory import RefreshFailure
from app.services.workshop_words import AppSource, FileSource
from app.storage.instance import Handover
from app.ui.connections.connection_choice import ConnectionChoice
from app.ui.plans.schema_file_dialog import SchemaFileDialog
from app.ui.program.arrivals import OpenedFiles
from app.ui.window.main_window import MainWindow
from tests.ui.content_fakes import FakeWorkshop
from tests.ui.shell_fakes import ANA, APP_ID, OTHER_ID, PROD, FakeServices
from tests.ui.window_fakes import Open

NEW_ID = "11111111-1111-4111-8111-111111111111"


@pytest.fixture
def services() -> FakeServices:
    services = FakeServices()
    services.workshop = FakeWorkshop()
    services.templates = SimpleNamespace(all=lambda: ())
    return services


def file_dialogs(window: MainWindow) -> list[SchemaFileDialog]:
    return [each for each in window.findChildren(SchemaFileDialog) if each.isVisible()]


def said(window: MainWindow) -> str:
    return window.messages.text() if window.messages.isVisible() else ""


def test_app_target_opens_the_tab_of_the_app(services: FakeServices, open_window: Open) -> None:
    window = open_window(services)
    window.open_target(AppTarget(APP_ID))
    view = window.current_view()
    assert view is not None
    assert view.ref == AppRef("c1", APP_ID)


def test_app_target_that_is_new_on_the_platform_is_looked_for_and_opened(
    qtbot: QtBot, services: FakeServices, open_window: Open
) -> None:
    window = open_window(services)

    async def refresh(connection_ids: Any = None, on_progress: Any = None) -> tuple[Any, ...]:
        services.calls.append(f"refresh {connection_ids}")
        services.known_apps = (ANA, PROD, ANA._replace(app_id=NEW_ID))
        services.hub.publish(Changes(apps=frozenset(("c1",))))
        return ()

    services.directory.refresh = refresh
    window.open_target(AppTarget(NEW_ID, "c1"))
    qtbot.waitUntil(lambda: window.current_view() is not None)
    view = window.current_view()
    assert view is not None
    assert view.ref == AppRef("c1", NEW_ID)
    assert "refresh ['c1']" in services.calls


def test_app_target_that_nobody_knows_is_told_with_what_to_do(
    qtbot: QtBot, services: FakeServices, open_window: Open
) -> None:
    window = open_window(services)
    window.open_target(AppTarget(NEW_ID))
    qtbot.waitUntil(lambda: f"No connection has an app {NEW_ID}" in said(window))
    assert "add the connection" in said(window)
    assert window.current_view() is None


def test_app_target_where_a_platform_is_silent_says_which(
    qtbot: QtBot, services: FakeServices, open_window: Open
) -> None:
    window = open_window(services)

    async def refresh(connection_ids: Any = None, on_progress: Any = None) -> tuple[Any, ...]:
        return (RefreshFailure("c2", Unreachable("It does not answer.")),)

    services.directory.refresh = refresh
    window.open_target(AppTarget(NEW_ID))
    qtbot.waitUntil(lambda: "not all platforms could be asked: Instant · cloud" in said(window))


def test_app_target_of_a_connection_that_is_not_set_up_says_so(
    qtbot: QtBot, services: FakeServices, open_window: Open
) -> None:
    window = open_window(services)
    window.open_target(AppTarget(APP_ID, "c9"))
    qtbot.waitUntil(lambda: "is not set up here" in said(window))
    assert window.current_view() is None


def choice(window: MainWindow) -> ConnectionChoice:
    return next(each for each in window.findChildren(ConnectionChoice) if each.isVisible())


def test_app_target_that_two_connections_have_asks_for_the_connection(
    qtbot: QtBot, services: FakeServices, open_window: Open
) -> None:
    services.known_apps = (ANA, ANA._replace(connection_id="c2"))
    window = open_window(services)
    window.open_target(AppTarget(APP_ID))
    dialog = choice(window)
    shown = [dialog.list.item(at) for at in range(dialog.list.count())]
    assert any("More than one connection" in each.text() for each in dialog.findChildren(QLabel))
    assert [each.text() for each in shown] == ["Instant · local   Ana's workspace", "Instant · cloud   Ana's workspace"]
    spoken = [each.data(Qt.ItemDataRole.AccessibleTextRole) for each in shown]
    assert spoken[1] == "Instant · cloud, production environment: Ana's workspace"
    qtbot.keyClick(dialog.list, Qt.Key.Key_Down)
    qtbot.keyClick(dialog.list, Qt.Key.Key_Return)
    view = window.current_view()
    assert view is not None
    assert view.ref == AppRef("c2", APP_ID)
    assert not dialog.isVisible()
    assert window.messages.isHidden()


def test_choice_of_a_connection_that_is_cancelled_opens_nothing(
    qtbot: QtBot, services: FakeServices, open_window: Open
) -> None:
    services.known_apps = (ANA, ANA._replace(connection_id="c2"))
    window = open_window(services)
    window.open_target(AppTarget(APP_ID))
    dialog = choice(window)
    qtbot.keyClick(dialog.list, Qt.Key.Key_Escape)
    assert not dialog.isVisible()
    assert window.current_view() is None
    assert window.tabs.count() == 1


def test_app_target_that_names_one_of_two_connections_opens_there(services: FakeServices, open_window: Open) -> None:
    services.known_apps = (ANA, ANA._replace(connection_id="c2"))
    window = open_window(services)
    window.open_target(AppTarget(APP_ID, "c2"))
    view = window.current_view()
    assert view is not None
    assert view.ref.connection_id == "c2"


def test_app_that_is_new_on_two_platforms_is_opened_on_the_chosen_one(
    qtbot: QtBot, services: FakeServices, open_window: Open
) -> None:
    window = open_window(services)

    async def refresh(connection_ids: Any = None, on_progress: Any = None) -> tuple[Any, ...]:
        services.known_apps = (ANA, PROD, *(ANA._replace(app_id=NEW_ID, connection_id=each) for each in ("c1", "c2")))
        services.hub.publish(Changes(apps=frozenset(("c1", "c2"))))
        return ()

    services.directory.refresh = refresh
    window.open_target(AppTarget(NEW_ID))
    qtbot.waitUntil(lambda: any(each.isVisible() for each in window.findChildren(ConnectionChoice)))
    qtbot.mouseClick(choice(window).open_button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: window.current_view() is not None)
    view = window.current_view()
    assert view is not None
    assert view.ref == AppRef("c1", NEW_ID)


def test_file_target_asks_which_app_it_is_for(
    qtbot: QtBot, services: FakeServices, open_window: Open, tmp_path: Path
) -> None:
    window = open_window(services)
    path = tmp_path / "shop.schema.ts"
    window.open_target(SchemaFileTarget(path))
    (dialog,) = file_dialogs(window)
    assert dialog.windowTitle() == "Open shop.schema.ts"
    assert dialog.empty.title.text() == "Which app is shop.schema.ts for?"
    assert dialog.right.source == FileSource(path)
    assert dialog.left.source is None
    qtbot.waitUntil(lambda: dialog.left.app_list.count() == 2)
    dialog.left.app_list.setCurrentRow(0)
    assert dialog.left.source == AppSource(AppRef("c1", APP_ID))
    dialog.reject()


def test_file_targets_are_asked_about_one_after_the_other(
    qtbot: QtBot, services: FakeServices, open_window: Open, tmp_path: Path
) -> None:
    window = open_window(services)
    window.launch.open_texts((str(tmp_path / "a.sql"), str(tmp_path / "b.sql")))
    assert [each.windowTitle() for each in file_dialogs(window)] == ["Open a.sql"]
    file_dialogs(window)[0].reject()
    qtbot.waitUntil(lambda: [each.windowTitle() for each in file_dialogs(window)] == ["Open b.sql"])
    file_dialogs(window)[0].reject()


@pytest.mark.parametrize("text", ["", "tenantry://push/x", "<b>x</b>", "relative.sql", "\u202ekcatta", "x" * 9_000])
def test_text_that_names_nothing_is_told_and_opens_nothing(
    services: FakeServices, open_window: Open, text: str
) -> None:
    window = open_window(services)
    window.launch.open_texts((text,))
    assert said(window)
    assert "\u202e" not in said(window)
    assert not [each for each in window.findChildren(QDialog) if each.isVisible()]
    assert window.tabs.count() == 1


def test_window_asked_to_come_to_the_front_is_not_minimised_any_more(
    qtbot: QtBot, services: FakeServices, open_window: Open
) -> None:
    window = open_window(services)
    window.showMinimized()
    window.launch.come_to_front()
    qtbot.waitUntil(lambda: not window.isMinimized() and window.isVisible())


@pytest.mark.parametrize(
    ("event", "text"),
    [
        (lambda: QFileOpenEvent("/tmp/a.sql"), "/tmp/a.sql"),
        (lambda: QFileOpenEvent(QUrl(f"tenantry://app/{OTHER_ID}")), f"tenantry://app/{OTHER_ID}"),
    ],
    ids=["file", "address"],
)
def test_event_of_a_file_to_open_is_taken_like_a_second_launch(
    qapp: QApplication, qtbot: QtBot, event: Callable[[], QFileOpenEvent], text: str
) -> None:
    """Also those that come before there is a window to take them."""
    taken: list[Handover] = []
    files = OpenedFiles(qapp)
    QApplication.sendEvent(qapp, event())
    files.hand_to(taken.append)
    QApplication.sendEvent(qapp, event())
    qapp.removeEventFilter(files)
    assert taken == [Handover((text,))] * 2
