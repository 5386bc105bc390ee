"""What tasks are to get: in the journal before anything is done for it, and forgotten when it is there."""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from app.services.foundation_writer import stable_id
from app.services.provision_journal import WANTED
from app.services.words import three_word_name

if TYPE_CHECKING:
    from app.core.connection import Connection
    from app.services.admin_tokens import JournalStore
    from app.services.directory import Directory
    from app.storage.foundation_stores import KeptEntry


class TaskWishes:
    """One for each task of a foundation, under an ID that follows from the two."""

    def __init__(
        self, journal: JournalStore, directory: Directory, rng: random.Random, clock: Callable[[], float]
    ) -> None:
        self._journal = journal
        self._directory = directory
        self._rng = rng
        self._clock = clock

    async def begin(self, connection: Connection, task_id: str, template_name: str | None) -> KeptEntry:
        """What is kept of this wish, on disk before anything is done for it, without an error of before."""
        from app.storage.foundation_stores import KeptEntry

        now, wish_id = self._clock(), _id(connection.foundation_app_id or "", connection.id, task_id)
        wish = KeptEntry(
            id=wish_id,
            connection_id=connection.id,
            foundation_app_id=connection.foundation_app_id or "",
            kind="task",
            owner_id=task_id,
            app_id="",
            title=await self._new_name(connection.id),
            template=template_name or "",
            step=WANTED,
            started_at=now,
            changed_at=now,
            detail=json.dumps({}),
        )
        changed = [(wish_id, {"error": ""})]
        return (await asyncio.to_thread(self._journal.write, [wish], changed))[wish_id]

    async def rename(self, wish: KeptEntry) -> KeptEntry:
        """With another name, which is kept."""
        title = await self._new_name(wish.connection_id)
        await asyncio.to_thread(self._journal.write, (), [(wish.id, {"title": title})])
        return wish._replace(title=title)

    async def mark(self, wish: KeptEntry, sentence: str) -> None:
        """The same words at everything that is kept for this task: without any, it is taken up after a restart."""
        entries = await asyncio.to_thread(self._journal.of, wish.connection_id, "task")
        changed = [(each.id, {"error": sentence}) for each in entries if each.owner_id == wish.owner_id]
        await asyncio.shield(asyncio.to_thread(self._journal.write, (), changed))

    async def forget(self, foundation_app_id: str, connection_id: str, task_id: str) -> None:
        wish_id = _id(foundation_app_id, connection_id, task_id)
        await asyncio.shield(asyncio.to_thread(self._journal.write, (), (), [wish_id]))

    async def left(self, connection: Connection) -> Mapping[str, Sequence[KeptEntry]]:
        """Whatever is kept for tasks of the connection's foundation, by task."""
        kept: dict[str, list[KeptEntry]] = {}
        for entry in await asyncio.to_thread(self._journal.of, connection.id, "task"):
            if entry.foundation_app_id == connection.foundation_app_id:
                kept.setdefault(entry.owner_id, []).append(entry)
        return kept

    async def _new_name(self, connection_id: str) -> str:
        """One that no app of the connection has; looked for beside the loop, for there may be 100,000."""
        apps = self._directory.apps_of(connection_id)
        return await asyncio.to_thread(lambda: three_word_name(self._rng, {each.title for each in apps}))


def _id(foundation_app_id: str, connection_id: str, task_id: str) -> str:
    return stable_id(foundation_app_id, "wish", connection_id, task_id)
