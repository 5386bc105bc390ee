"""Asks which app a schema file is for, and shows what the file would change in it."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtWidgets import QWidget

from app.core.text import plain
from app.services.workshop_words import FileSource
from app.ui.work.runner import Runner

from .compare_dialog import CompareDialog


class SchemaFileDialog(CompareDialog):
    """The comparison with the file on its right side; the changes are staged, never sent from here."""

    def __init__(self, runner: Runner, path: Path, parent: QWidget | None = None) -> None:
        self._file_name = plain(path.name, 60)
        super().__init__(runner, None, FileSource(path), parent)
        self.setWindowTitle(f"Open {self._file_name}")

    def _show_nothing(self) -> None:
        super()._show_nothing()
        if self.left.source is None:
            self.empty.tell(
                f"Which app is {self._file_name} for?",
                "Choose it on the left. What the file would change in it is shown here; nothing is sent.",
            )
