"""What UI tests wait for comes when it comes: a busy machine is no failure."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from app.ui.look import theme
from tests.ui.window_fakes import Open, Windows

_PATIENCE_MS = 30_000


@pytest.fixture(autouse=True)
def _look_of_the_application(qapp: QApplication) -> Iterator[None]:
    """What a theme did to the application must not change what the next test measures; no dialog stays before it."""
    sheet, font, palette, colours = qapp.styleSheet(), qapp.font(), qapp.palette(), theme._current
    yield
    theme._current = colours
    while (left := qapp.activeModalWidget()) is not None and left.isVisible():
        left.hide()
    if qapp.styleSheet() != sheet:
        qapp.setStyleSheet(sheet)
    if qapp.font() != font:
        qapp.setFont(font)
    if qapp.palette() != palette:
        qapp.setPalette(palette)


@pytest.fixture
def qtbot(qtbot: QtBot) -> QtBot:
    qtbot.waitUntil = partial(qtbot.waitUntil, timeout=_PATIENCE_MS)
    qtbot.waitSignal = partial(qtbot.waitSignal, timeout=_PATIENCE_MS)
    return qtbot


@pytest.fixture
def open_window(qtbot: QtBot, tmp_path: Path) -> Iterator[Open]:
    """Opens a window over the services it is given; it is closed when the test is over."""
    windows = Windows(qtbot, tmp_path)
    yield windows.open
    windows.close()
