"""The line that says in which mode a main database is, how that is known, and how its workspaces are."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from PySide6.QtWidgets import QHBoxLayout

from app.core.text import plain
from app.ui.parts.badges import ElidedLabel, text_label

from .workspace_rows import WorkspaceRow, summary_words

if TYPE_CHECKING:
    from app.services.store_words import MainOverview

_SOURCES = {
    "chosen": "chosen here",
    "environment": "from the environment",
    ".env": "from .env",
    "guessed": "guessed from the tables",
}


class MainModeRow(QHBoxLayout):
    """Whoever has it adds the buttons that change the mode."""

    def __init__(self) -> None:
        super().__init__()
        self.mode = text_label("", "chip")
        self.note = ElidedLabel(look="muted")
        self.summary = ElidedLabel(look="muted")
        self.setSpacing(8)
        self.addWidget(self.mode)
        self.addWidget(self.note, 1)
        self.addWidget(self.summary)
        self.mode.hide()

    def show_mode(self, overview: MainOverview) -> None:
        word = overview.mode.capitalize()
        self.mode.setText(word)
        self.mode.setAccessibleName(f"Mode: {word}")
        self.mode.show()
        source = f"Mode {_SOURCES.get(overview.mode_source, plain(overview.mode_source, 40))}"
        self.note.set_text(plain(overview.mode_note, 200) or source)

    def show_summary(self, rows: Sequence[WorkspaceRow]) -> None:
        self.summary.set_text(summary_words(rows))
