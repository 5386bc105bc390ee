"""The real window over the real services, in the test's own process."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from app.bootstrap import build_services
from app.services.engine import Engine
from app.storage.paths import Profile
from app.ui.look.theme import Theme, ThemeChoice
from app.ui.settings.settings import WindowSettings
from app.ui.window.main_window import MainWindow
from app.ui.work.runner import Runner

PATIENCE_MS = 60_000


def real_window(qtbot: QtBot, folder: Path) -> Iterator[MainWindow]:
    """On a fresh profile; to be used with ``yield from``, so that the window is held until the test is over."""
    application = QApplication.instance()
    assert isinstance(application, QApplication)
    profile = Profile.at(folder / "profile")
    profile.make()
    engine = Engine(functools.partial(build_services, profile))
    runner = Runner(engine)
    theme = Theme(application, ThemeChoice.LIGHT)
    made = MainWindow(runner, WindowSettings(folder / "ui.ini"), theme, profile.data_dir)
    qtbot.addWidget(made)
    made.resize(1400, 900)
    made.show()
    made.complete()
    runner.open()
    yield made
    runner.close()
    assert engine.stop(20)


def asked(qtbot: QtBot, window: MainWindow, work: Any) -> Any:
    """What the services answer to this work on the engine's loop."""
    future = window.runner.engine.submit(work)
    qtbot.waitUntil(future.done, timeout=PATIENCE_MS)
    return future.result()
