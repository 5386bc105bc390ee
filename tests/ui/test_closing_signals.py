"""The end that the system asks for, whenever it asks."""

from __future__ import annotations

import os
import signal
from typing import Any

import pytest
from PySide6.QtCore import QObject, QSocketNotifier
from pytestqt.qtbot import QtBot

from app.ui.program import application


class Early(QSocketNotifier):
    """A signal comes while this is made."""

    def __init__(self, *given: Any) -> None:
        os.kill(os.getpid(), signal.SIGTERM)
        super().__init__(*given)


@pytest.mark.parametrize("kind", [QSocketNotifier, Early])
def test_signal_closes_the_window_also_while_its_watch_is_set_up(
    qtbot: QtBot, monkeypatch: pytest.MonkeyPatch, kind: type[QSocketNotifier]
) -> None:
    monkeypatch.setattr(application, "QSocketNotifier", kind)
    closed: list[bool] = []
    owner = QObject()
    watch = application._SignalWatch(lambda: closed.append(True), owner)
    try:
        if kind is QSocketNotifier:
            os.kill(os.getpid(), signal.SIGTERM)
        qtbot.waitUntil(lambda: closed == [True])
    finally:
        watch.close()
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL
