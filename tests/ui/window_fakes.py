"""The main window as tests open it: on the screen, complete, and with what its services know listed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from app.core.connection import Connection
from app.core.refs import AppRef
from app.services.engine import Engine
from app.ui.editor.schema_editor import SchemaEditor
from app.ui.look.theme import Theme, ThemeChoice
from app.ui.settings.settings import WindowSettings
from app.ui.window.main_window import MainWindow
from app.ui.work.runner import Runner
from tests.ui.shell_fakes import engine_with

Open = Callable[..., MainWindow]


async def _nothing(*_given: Any) -> tuple[Any, ...]:
    return ()


def as_windows_ask(services: Any, *connections: Connection) -> Any:
    """Services of a page, with what the window around it asks besides."""
    services.connections = SimpleNamespace(all=lambda: connections)
    services.status = SimpleNamespace(all=lambda: (), check=_nothing)
    services.directory.refresh = _nothing
    services.tokens = SimpleNamespace(state=lambda: SimpleNamespace(kind="keyring", sentence="Keyring", remedy=""))
    services.notices = ()
    return services


def settings_in(folder: Path) -> WindowSettings:
    """Those that all windows of this folder keep."""
    return WindowSettings(folder / "config" / "window.ini")


def _made(runner: Runner, folder: Path) -> MainWindow:
    application = QApplication.instance()
    assert isinstance(application, QApplication)
    settings = settings_in(folder)
    made = MainWindow(runner, settings, Theme(application, settings.theme), folder)
    made.resize(1280, 800)
    made.show()
    return made


def bare_window(folder: Path) -> MainWindow:
    """Without services, for what asks none of them."""
    made = _made(Runner(Engine()), folder)
    made.complete()
    return made


def wait_for_services(qtbot: QtBot, window: MainWindow) -> None:
    qtbot.waitUntil(lambda: window.data.has_apps and window.data.token_place is not None)


def filled_window(
    qtbot: QtBot, runner: Runner, folder: Path, is_filled: Callable[[MainWindow], bool]
) -> Iterator[MainWindow]:
    """Over a runner that is open, and that another fixture closes; to be used with ``yield from``."""
    made = _made(runner, folder)
    qtbot.addWidget(made)
    made.complete()
    made.data.fetch_all()
    qtbot.waitUntil(lambda: is_filled(made))
    yield made  # as a generator it holds on to the window until the test is over


def opened_editor(qtbot: QtBot, window: MainWindow, ref: AppRef) -> SchemaEditor:
    """That of the app's own tab."""
    window.open_app(ref)
    qtbot.waitUntil(lambda: window.current_editor() is not None)
    editor = window.current_editor()
    assert editor is not None
    return editor


class Windows:
    """Opens windows over services, each with an engine of its own, and closes all that are open at the end."""

    def __init__(self, qtbot: QtBot, folder: Path) -> None:
        self._qtbot, self._folder = qtbot, folder
        self._opened: list[MainWindow] = []

    def open(self, services: Any, *, starts: bool = True) -> MainWindow:
        """With all that the services know; without ``starts`` they are not there yet, and it is not complete."""
        made = _made(Runner(engine_with(services)), self._folder)
        self._opened.append(made)
        if starts:
            made.runner.open()
            made.complete()
            wait_for_services(self._qtbot, made)
        return made

    def close(self) -> None:
        for window in self._opened:
            if window.isVisible():
                with self._qtbot.waitSignal(window.closed):
                    window.close()
            window.theme.set_choice(ThemeChoice.LIGHT)
            window.deleteLater()
