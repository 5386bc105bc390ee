"""What has been begun for users and tasks and is not finished: kept from before an app exists until it is linked."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, Protocol

from app.services.group_writer import GroupWriter

if TYPE_CHECKING:
    from app.storage.foundation_stores import KeptEntry

Kind = Literal["user", "task"]
# Other parts keep entries of other kinds beside them.
KINDS: tuple[Kind, ...] = ("user", "task")
# The steps in order; each says what is done. An entry that is linked is removed.
STEPS = ("begun", "created", "recorded", "linked")
# The step of an entry that says what a task is to get, before its provisioning begins (``task_databases``).
WANTED = "wanted"


@dataclass(frozen=True, slots=True)
class JournalEntry:
    """Something to finish. ``step`` is the last one known to be done, ``error`` the sentence of the last failure, ""
    where it was interrupted. ``started_at`` is seconds since the epoch. Titles are untrusted."""

    key: str
    kind: Kind
    step: str
    started_at: float
    error: str
    connection_id: str
    owner_id: str
    app_id: str
    title: str
    template: str = ""
    attempts: int = 0


class JournalStore(Protocol):
    """What is needed of the local database; its methods block."""

    def write(
        self, begun: Sequence[KeptEntry], changed: Sequence[tuple[str, Mapping[str, Any]]], removed: Sequence[str]
    ) -> Mapping[str, KeptEntry]: ...

    def get(self, entry_id: str) -> KeptEntry | None: ...

    def of(self, connection_id: str, kind: str | None = None) -> tuple[KeptEntry, ...]: ...


@dataclass
class _Write:
    """One of the three; ``kept`` is the answer to ``begun``."""

    begun: KeptEntry | None = None
    changed: tuple[str, dict[str, Any]] | None = None
    removed: str | None = None
    kept: list[KeptEntry] = field(default_factory=list)


class ProvisionJournal:
    """Begun entries are on disk before anything is done for them; what follows is written behind, in order."""

    def __init__(self, store: JournalStore) -> None:
        self._store = store
        self._writer = GroupWriter(self._write)

    async def begin(self, entry: KeptEntry) -> KeptEntry:
        """Keep it; gives the one that was kept earlier under its ID, where there is one.

        Raises NotFound where the connection was removed.
        """
        write = _Write(begun=entry)
        await self._writer.written(write)
        return write.kept[0]

    async def change(self, entry: KeptEntry, **values: Any) -> KeptEntry:
        """The entry with these values, once they are on disk."""
        await self._writer.written(_Write(changed=(entry.id, values)), is_urgent=True)
        return entry._replace(**values)

    def note(self, entry: KeptEntry, **values: Any) -> KeptEntry:
        """As ``change``, written behind: losing it costs a question to the platform, and no more."""
        self._writer.add(_Write(changed=(entry.id, values)))
        return entry._replace(**values)

    def close(self, entry: KeptEntry) -> None:
        """It is finished; written behind."""
        self._writer.add(_Write(removed=entry.id))

    async def get(self, entry_id: str) -> KeptEntry | None:
        await self._writer.settle()
        return await asyncio.to_thread(self._store.get, entry_id)

    async def of(self, connection_id: str) -> tuple[KeptEntry, ...]:
        """Of one connection, the oldest first."""
        await self._writer.settle()
        return await asyncio.to_thread(self._store.of, connection_id)

    async def settle(self) -> None:
        """Wait until all is on disk."""
        await self._writer.settle()

    async def aclose(self) -> None:
        await self._writer.aclose()

    def _write(self, writes: Sequence[_Write]) -> None:
        begun = [each.begun for each in writes if each.begun is not None]
        removed = [each.removed for each in writes if each.removed is not None]
        changed: dict[str, dict[str, Any]] = {}
        for entry_id, values in (each.changed for each in writes if each.changed is not None):
            changed.setdefault(entry_id, {}).update(values)
        kept = self._store.write(begun, [each for each in changed.items() if each[0] not in removed], removed)
        for each in writes:
            if each.begun is not None:
                each.kept.append(kept[each.begun.id])


def entry_of(kept: KeptEntry) -> JournalEntry:
    return JournalEntry(
        key=kept.id,
        kind="task" if kept.kind == "task" else "user",
        step=kept.step,
        started_at=kept.started_at,
        error=kept.error,
        connection_id=kept.connection_id,
        owner_id=kept.owner_id,
        app_id=kept.app_id,
        title=kept.title,
        template=kept.template,
        attempts=kept.attempts,
    )
