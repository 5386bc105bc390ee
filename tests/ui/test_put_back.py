"""A store that was changed is put back from the message that tells of the change."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel
from pytestqt.qtbot import QtBot

from app.core.errors import Conflict
from app.ui.parts.toast import Toast
from app.ui.stores.put_back_dialog import PutBackDialog
from app.ui.stores.store_dialog import StoreDialog
from app.ui.stores.workspaces_view import WorkspacesView
from app.ui.window.main_window import MainWindow
from app.ui.work.runner import Runner
from tests.ui.content_fakes import runner
from tests.ui.foundation_fakes import FakeDirectory
from tests.ui.store_fakes import CONNECTION, PRODUCTION, store_services
from tests.ui.window_fakes import as_windows_ask, filled_window

__all__ = ["runner"]
LEFT = Qt.MouseButton.LeftButton
NEW = "postgresql://tenantry@db.acme.example:5432/store_new"


@pytest.fixture
def at() -> Any:
    return CONNECTION


@pytest.fixture
def services(at: Any) -> Any:
    made = store_services()
    made.directory = FakeDirectory()
    made.directory.rows = ()
    return as_windows_ask(made, at)


@pytest.fixture
def window(qtbot: QtBot, runner: Runner, tmp_path: Path) -> Iterator[MainWindow]:
    yield from filled_window(qtbot, runner, tmp_path, lambda made: made.data.connection("pg") is not None)


def _written(qtbot: QtBot, window: MainWindow) -> Toast:
    """Point Aurora Labs to another store, with the dialog."""
    window.stores.show_workspaces("pg")
    page = window.tabs.currentWidget()
    assert isinstance(page, WorkspacesView)
    qtbot.waitUntil(page.table.isVisible)
    page.show_workspace("w-aurora")
    qtbot.mouseClick(page.edit_button, LEFT)
    dialog = next(each for each in window.findChildren(StoreDialog) if each.isVisible())
    dialog.form.show_dsn(NEW)
    dialog.form.changed.emit()
    qtbot.waitUntil(
        lambda: any("store_new" in dialog.sentences.item(at).text() for at in range(dialog.sentences.count()))
    )
    if dialog.name_edit is not None:
        qtbot.keyClicks(dialog.name_edit, "Aurora Labs")
    qtbot.waitUntil(dialog.action_button.isEnabled)
    qtbot.mouseClick(dialog.action_button, LEFT)
    toasts = window.comfort.messages.toasts
    qtbot.waitUntil(lambda: bool(toasts.shown))
    return toasts.shown[-1]


def test_store_is_put_back_with_one_click(qtbot: QtBot, window: MainWindow, services: Any) -> None:
    toast = _written(qtbot, window)
    assert (toast.label.text(), toast.button.text()) == ("Aurora Labs has its store at store_new", "Undo")
    qtbot.mouseClick(toast.button, LEFT)
    told = "Aurora Labs has its store at store_aurora again"
    qtbot.waitUntil(lambda: window.status.currentMessage() == told)
    assert services.stores.asked("put_back") == [("w-aurora",)]


def test_store_that_somebody_changed_since_stays_and_that_is_said(
    qtbot: QtBot, window: MainWindow, services: Any
) -> None:
    toast = _written(qtbot, window)

    async def refuse(*_given: Any) -> None:
        raise Conflict("Aurora Labs points elsewhere by now: nothing was put back.")

    services.stores.undo.put_back = refuse
    toast.answer()
    qtbot.waitUntil(lambda: "points elsewhere by now" in window.messages.text())


def test_store_that_cannot_be_put_back_leads_to_the_audit_trail(
    qtbot: QtBot, window: MainWindow, services: Any
) -> None:
    services.stores.undo.is_exact = False
    assert _written(qtbot, window).button.text() == "Audit trail"


@pytest.mark.parametrize("at", [replace(PRODUCTION, id="pg")])
def test_store_in_production_is_put_back_after_its_name_was_typed(
    qtbot: QtBot, window: MainWindow, services: Any
) -> None:
    toast = _written(qtbot, window)
    assert toast.button.text() == "Undo…"
    qtbot.mouseClick(toast.button, LEFT)
    dialog = next(each for each in window.findChildren(PutBackDialog) if each.isVisible())
    qtbot.waitUntil(lambda: dialog.is_previewed)
    assert "store_aurora" in dialog.sentences.item(0).text()
    said = " ".join(each.text() for each in dialog.findChildren(QLabel))
    asked = "1 workspace gets its former store at once on PostgreSQL · production (production environment)."
    assert asked in said
    assert not dialog.action_button.isEnabled()
    dialog.act()
    assert services.stores.asked("put_back") == []
    assert dialog.name_edit is not None
    qtbot.keyClicks(dialog.name_edit, "Aurora Labs")
    with qtbot.waitSignal(dialog.told):
        qtbot.mouseClick(dialog.action_button, LEFT)
    assert services.stores.asked("put_back") == [("w-aurora",)]
