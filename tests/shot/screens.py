"""Every screen and dialog over fakes, from the registry that the tests measure: light, dark and high contrast."""

from __future__ import annotations

import gc
from collections.abc import Callable
from pathlib import Path

from PySide6.QtWidgets import QApplication, QWidget

from app.ui.look.theme import Theme, ThemeChoice
from app.ui.program.application import make_application
from tests.ui.screens import SCREENS
from tests.ui.stage import Stage

THEMES = (ThemeChoice.LIGHT, ThemeChoice.DARK, ThemeChoice.CONTRAST)


def render(folder: Path, save: Callable[[QWidget, Path], None]) -> None:
    """``<screen>-<theme>.png`` for each; a screen is built once, and changes its theme as it would in the program."""
    folder.mkdir(parents=True, exist_ok=True)
    application = QApplication.instance() or make_application(["tenantry"])
    assert isinstance(application, QApplication)
    font = application.font()
    gc.disable()  # widgets must not be destroyed by the engine's thread
    try:
        for name, build in SCREENS.items():
            application.setFont(font)
            stage = Stage(application, Theme(application, THEMES[0]))
            try:
                widget = build(stage)
                stage.quiet()
                for theme in THEMES:
                    stage.theme.set_choice(theme)
                    stage.quiet()
                    save(widget, folder / f"{name}-{theme.value}.png")
            finally:
                stage.close()
    finally:
        gc.enable()
