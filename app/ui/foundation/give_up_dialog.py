"""Takes back what was begun for tasks and failed: says what goes, and in production asks for a name."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QWidget

from app.core.connection import Connection
from app.core.text import plain
from app.core.words import counted
from app.ui.parts.badges import text_label
from app.ui.parts.dialog_size import fit
from app.ui.parts.preview_dialog import PreviewDialog
from app.ui.work.runner import Runner

from .tasks_model import TaskLine, task_title

if TYPE_CHECKING:
    from app.services.suite import Services


class GiveUpDialog(PreviewDialog):
    """The tasks go on without a database. ``given_up`` carries a sentence."""

    given_up = Signal(str)

    def __init__(
        self, runner: Runner, connection: Connection, lines: Sequence[TaskLine], parent: QWidget | None = None
    ) -> None:
        super().__init__(runner, connection, "Go on without a database", "Take &back", parent)
        self._tasks = {each.task_id: plain(task_title(each), 80) for each in lines}
        name = text_label(", ".join(list(self._tasks.values())[:3]), "title")
        name.setWordWrap(True)
        self.body.addWidget(name)
        self.add_parts()
        fit(self, 92, 24)
        self._preview()

    def _preview(self) -> None:
        connection_id, tasks = self.connection.id, self._tasks

        async def look(services: Services) -> tuple[int, tuple[str, ...]]:
            from app.services.provision_words import what_goes

            begun = {
                each.owner_id: each
                for each in await services.provisioning.open_journal(connection_id)
                if each.kind == "task" and each.owner_id in tasks
            }
            none = (f"{title}: nothing was made." for task_id, title in tasks.items() if task_id not in begun)
            return len(begun), (*(sentence for entry in begun.values() for sentence in what_goes(entry)), *none)

        self._runner.start(
            look,
            owner=self,
            title="Look what was begun",
            done=lambda found: self._show_what_goes(*found),
            failed=self.not_previewed,
        )

    def _show_what_goes(self, begun: int, sentences: tuple[str, ...]) -> None:
        what = counted(len(self._tasks), "task goes on without a database", "tasks go on without a database")
        if begun:
            what = f"{counted(begun, 'unfinished database')} {'is' if begun == 1 else 'are'} deleted for good"
        self.ask(what)
        self.show_sentences("This will be done:", sentences)

    def go(self) -> None:
        connection_id, tasks = self.connection.id, tuple(self._tasks)

        async def stop(services: Services) -> None:
            for task_id in tasks:
                await services.task_databases.give_up(connection_id, task_id)

        self.begin(stop, "Go on without a database", self._finish)

    def _finish(self, _none: None) -> None:
        first, *others = self._tasks.values()
        more = f" and {counted(len(others), 'other task')}" if others else ""
        self.given_up.emit(f"{first}{more} {'go' if others else 'goes'} on without a database")
        self.accept()
