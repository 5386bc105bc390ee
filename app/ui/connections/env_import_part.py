"""Takes what an .env file, a pasted text or the environment holds."""

from __future__ import annotations

import asyncio
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFileDialog, QHBoxLayout, QPlainTextEdit, QPushButton, QVBoxLayout, QWidget

from app.core.errors import Invalid, KnownError
from app.core.text import plain
from app.ui.work.runner import Runner

from .env_import_note import EnvImportNote

if TYPE_CHECKING:
    from app.services.env_file import EnvImport
    from app.services.suite import Services

_READ_LIMIT = 1_000_001


class EnvImportPart(QWidget):
    """``found`` carries an EnvImport; whoever takes it tells ``note`` what was taken."""

    found = Signal(object)

    def __init__(self, runner: Runner) -> None:
        super().__init__()
        self._runner = runner
        self._chooser: QFileDialog | None = None
        self.file_button = QPushButton("Import from .env…")
        self.paste_button = QPushButton("Paste .env text")
        self.paste_button.setCheckable(True)
        self.environment_button = QPushButton("Use environment variables")
        self.read_button = QPushButton("Read the text")
        self.paste_edit = QPlainTextEdit()
        self.note = EnvImportNote()
        row = QHBoxLayout()
        row.setContentsMargins(0, 0, 0, 0)
        for button in self._buttons:
            button.setProperty("look", "small")
            button.setAutoDefault(False)
            row.addWidget(button)
        row.addStretch(1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addLayout(row)
        layout.addWidget(self._pasting())
        layout.addWidget(self.note)
        self.file_button.clicked.connect(self._choose_file)
        self.paste_button.toggled.connect(self._show_paste)
        self.read_button.clicked.connect(self._read_pasted)
        self.environment_button.clicked.connect(self._read_environment)

    @property
    def _buttons(self) -> tuple[QPushButton, ...]:
        return (self.file_button, self.paste_button, self.environment_button)

    def _pasting(self) -> QWidget:
        self.paste_edit.setAccessibleName("Text of an .env file")
        self.paste_edit.setPlaceholderText("PLATFORM_TOKEN=per_…\nINSTANT_APP_ID=…\nDATABASE_URL=postgresql://…")
        self.paste_edit.setFixedHeight(88)
        self.paste_edit.setTabChangesFocus(True)
        self.read_button.setAutoDefault(False)
        self.read_button.setProperty("look", "small")
        self._paste = QWidget()
        layout = QVBoxLayout(self._paste)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.paste_edit)
        layout.addWidget(self.read_button, 0, Qt.AlignmentFlag.AlignLeft)
        self._paste.hide()
        return self._paste

    def lock(self) -> None:
        for button in self._buttons:
            button.setEnabled(False)

    def import_file(self, path: str) -> None:
        """Read the file on the engine's side."""
        self._runner.start(
            partial(_read_file, path=path),
            owner=self,
            title="Read an .env file",
            done=self.found.emit,
            failed=self._failed,
            replaces="import",
        )

    def _choose_file(self) -> None:
        chooser = self._chooser = QFileDialog(self, "Import from .env")
        chooser.setFileMode(QFileDialog.FileMode.ExistingFile)
        chooser.setNameFilters(["Environment files (.env .env.* *.env)", "All files (*)"])
        chooser.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        chooser.fileSelected.connect(self.import_file)
        chooser.open()

    def _show_paste(self, is_shown: bool) -> None:
        self._paste.setVisible(is_shown)
        if is_shown:
            self.paste_edit.setFocus()

    def _read_pasted(self) -> None:
        text = self.paste_edit.toPlainText()
        # It holds tokens: once read, they have no business in sight.
        self.paste_edit.clear()
        self.paste_button.setChecked(False)
        self._runner.start(
            partial(_read_text, text=text), owner=self, title="Read .env text", done=self.found.emit, replaces="import"
        )

    def _read_environment(self) -> None:
        self._runner.start(_read_variables, owner=self, title="Read variables", done=self.found.emit, replaces="import")

    def _failed(self, error: KnownError) -> bool:
        self.note.tell_failure(error.sentence)
        return True


async def _read_text(_services: Services, text: str) -> EnvImport:
    from app.services.env_file import read_env

    return read_env(text)


async def _read_variables(_services: Services) -> EnvImport:
    from app.services.env_file import from_environment

    return from_environment()


async def _read_file(_services: Services, path: str) -> EnvImport:
    """Raises Invalid where the file cannot be read as text."""
    from app.services.env_file import read_env

    return read_env(await asyncio.to_thread(_text_of, Path(path)))


def _text_of(path: Path) -> str:
    try:
        with path.open(encoding="utf-8") as file:
            return file.read(_READ_LIMIT)
    except (OSError, UnicodeDecodeError) as error:
        raise Invalid(f"{plain(path.name, 60)} cannot be read as a text file.", details=type(error).__name__) from error
