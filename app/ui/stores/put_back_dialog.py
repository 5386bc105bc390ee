"""Puts the pointer of a workspace back in production: shows what is written, and asks for the workspace's name."""

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
    from app.services.store_words import StoreChange, StoreRow
    from app.services.suite import Services


class PutBackDialog(PreviewDialog):
    """``told`` carries the sentence of what was done."""

    told = Signal(str)

    def __init__(
        self, runner: Runner, connection: Connection, workspace_id: str, name: str, parent: QWidget | None = None
    ) -> None:
        super().__init__(runner, connection, "Undo: store of a workspace", "&Put back", parent)
        self._workspace_id, self._name = workspace_id, plain(name, 80) or plain(workspace_id, 60)
        self.phrase, self.phrase_noun = self._name, "workspace"
        self.body.addWidget(text_label(self._name, "title"))
        self.add_parts()
        fit(self, 92, 22)
        self._preview()

    def _preview(self) -> None:
        connection_id, workspace_id = self.connection.id, self._workspace_id

        async def describe(services: Services) -> StoreChange:
            return await services.stores.undo.describe(connection_id, workspace_id)

        self._runner.start(
            describe,
            owner=self,
            title="Work out what will be written",
            done=self._show_change,
            failed=self.not_previewed,
        )

    def _show_change(self, change: StoreChange) -> None:
        self.ask("1 workspace gets its former store at once" if change.after else "1 workspace has no store then")
        self.show_sentences("This will be written:", (*change.sentences, *change.warnings))

    def go(self) -> None:
        connection_id, workspace_id = self.connection.id, self._workspace_id

        async def put_back(services: Services) -> StoreRow | None:
            return await services.stores.undo.put_back(connection_id, workspace_id)

        self.begin(put_back, f"Put the store of {self._name} back", self._finish)

    def _finish(self, store: StoreRow | None) -> None:
        self.told.emit(put_back_sentence(self._name, store))
        self.accept()


def put_back_sentence(name: str, store: StoreRow | None) -> str:
    where = f"its store at {plain(store.app_id, 80)}" if store is not None else "no store"
    return f"{plain(name, 80)} has {where} again"
