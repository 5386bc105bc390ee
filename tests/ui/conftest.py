"""What UI tests wait for comes when it comes: a busy machine is no failure."""

from __future__ import annotations

from functools import partial

import pytest
from pytestqt.qtbot import QtBot

_PATIENCE_MS = 30_000


@pytest.fixture
def qtbot(qtbot: QtBot) -> QtBot:
    qtbot.waitUntil = partial(qtbot.waitUntil, timeout=_PATIENCE_MS)
    qtbot.waitSignal = partial(qtbot.waitSignal, timeout=_PATIENCE_MS)
    return qtbot
