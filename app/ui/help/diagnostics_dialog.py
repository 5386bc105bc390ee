"""Shows what a report of a bug needs to know, before any of it is copied."""

from __future__ import annotations

import os
import platform
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import qVersion
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QWidget

from app.core.errors import KnownError
from app.ui.parts.shared_text import SharedTextDialog
from app.ui.work.runner import Runner

if TYPE_CHECKING:
    from app.services.suite import Services


def versions() -> dict[str, str]:
    """Of the program and of what it stands on."""
    import PySide6

    from app import __version__

    return {
        "Tenantry": __version__,
        "Python": f"{platform.python_version()} ({platform.python_implementation()})",
        "Qt": f"{qVersion()}, PySide6 {PySide6.__version__}",
        "System": f"{platform.system()} {platform.release()} {platform.machine()}",
    }


def _screen_lines(widget: QWidget) -> list[str]:
    screens = [
        f"{each.size().width()}×{each.size().height()}, {each.devicePixelRatio() * 100:.0f} %, "
        f"{each.logicalDotsPerInch():.0f} dpi"
        for each in QGuiApplication.screens()
    ]
    return [
        f"Desktop: {QGuiApplication.platformName()}, {os.environ.get('XDG_CURRENT_DESKTOP', 'not named')}",
        f"Screens: {'; '.join(screens)}",
        f"Text: {widget.font().pointSizeF():g} pt",
    ]


class DiagnosticsDialog(SharedTextDialog):
    """Asks the services for the rest; where they do not answer, what is known here is shown."""

    def __init__(
        self, runner: Runner, log_path: Path | None, clean: Callable[[str], str], parent: QWidget | None = None
    ) -> None:
        super().__init__(
            "Diagnostics", "This is all that is copied: read it before you hand it to anybody. Nothing is sent.", parent
        )
        self.file_name = "tenantry-diagnostics.txt"
        self._clean = clean
        self._here = "\n".join([*(f"{name}: {value}" for name, value in versions().items()), *_screen_lines(self)])
        self.text.setPlaceholderText("Asking…")

        async def work(services: Services) -> str:
            from app.services.diagnostics import describe

            return await describe(services, log_path)

        runner.start(work, owner=self, title="Read the diagnostics", done=self._take, failed=self._fail, quiet=True)

    def _take(self, rest: str) -> None:
        home = os.path.expanduser("~")
        text = f"{self._here}\n\n{rest}"
        self.show_text(self._clean(text.replace(home, "~") if len(home) > 2 else text))

    def _fail(self, error: KnownError) -> bool:
        self._take(f"The services did not answer: {error.sentence}\n")
        return True
