"""Takes back what was begun for a user and is not finished."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QWidget

from app.core.connection import Connection
from app.core.text import plain
from app.ui.parts.badges import text_label
from app.ui.parts.dialog_size import fit
from app.ui.parts.preview_dialog import PreviewDialog
from app.ui.work.runner import Runner

if TYPE_CHECKING:
    from app.services.provision_journal import JournalEntry
    from app.services.suite import Services


class TakeBackDialog(PreviewDialog):
    """``owner`` is what the user is called. ``taken_back`` carries a sentence."""

    taken_back = Signal(str)

    def __init__(
        self, runner: Runner, connection: Connection, entry: JournalEntry, owner: str, parent: QWidget | None = None
    ) -> None:
        from app.services.provision_words import what_goes

        super().__init__(runner, connection, "Take back an unfinished app", "Take &back", parent)
        self._key, self._owner = entry.key, plain(owner, 80)
        self.phrase, self.phrase_noun = plain(entry.title, 80) or plain(entry.app_id, 80), "app"
        name = text_label(self._owner, "title")
        name.setWordWrap(True)
        self.body.addWidget(name)
        self.add_parts()
        self.ask("1 app is deleted for good")
        fit(self, 92, 22)
        self.show_sentences("This will be done:", what_goes(entry))

    def go(self) -> None:
        key = self._key

        async def take_back(services: Services) -> None:
            await services.provisioning.take_back(key)

        self.begin(take_back, f"Take back the app for {self._owner}", self._finish)

    def _finish(self, _none: None) -> None:
        self.taken_back.emit(f"Took back the unfinished app for {self._owner}")
        self.accept()
