"""What is opened and shut again and again leaves no widget behind."""

from __future__ import annotations

import gc
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
import shiboken6
from PySide6.QtCore import QCoreApplication, QEvent
from PySide6.QtWidgets import QWidget
from pytestqt.qtbot import QtBot

from app.core.refs import AppRef
from app.ui.editor.schema_grids import SchemaGrids
from app.ui.plans.history_dialog import HistoryDialog
from app.ui.schema.schema_document import SchemaDocument
from app.ui.work.runner import Runner
from tests.ui.content_fakes import ANA, LOCAL, runner, services, window
from tests.ui.workshop_fakes import APP, FakeWorkshop, workshop

__all__ = ["runner", "services", "window", "workshop"]

_TIMES = 3


def _widgets() -> Counter[str]:
    """What Python still has a handle of and what has no parent, by class."""
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    gc.collect()
    return Counter(type(each).__name__ for each in shiboken6.getAllValidWrappers() if isinstance(each, QWidget))


def _left_by(once: Callable[[], None]) -> Counter[str]:
    once()
    before = _widgets()
    for _ in range(_TIMES):
        once()
    return _widgets() - before


@pytest.mark.parametrize("app", [None, APP], ids=["all", "one"])
def test_a_history_that_is_shut_leaves_nothing(
    qtbot: QtBot, runner: Runner, window: QWidget, workshop: FakeWorkshop, app: Any
) -> None:
    def once() -> None:
        dialog = HistoryDialog(runner, (LOCAL,), app, window)
        dialog.open()
        qtbot.waitUntil(lambda: dialog.push_model.rowCount() > 0)
        dialog.close_button.click()

    assert not _left_by(once)


def test_grids_that_are_shut_leave_nothing(runner: Runner, services: Any, window: QWidget) -> None:
    held: list[SchemaGrids] = []  # a handle that something still has must not keep parts alive

    def once() -> None:
        document = SchemaDocument(runner, LOCAL, ANA, "Ana’s workspace", window)
        document.open(services.workshop.opened(AppRef("local", ANA)))
        grids = SchemaGrids(document, window)
        held.append(grids)
        grids.show()
        grids.deleteLater()
        document.deleteLater()

    assert not _left_by(once)
