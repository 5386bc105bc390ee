"""Archiving and deleting the databases of old tasks, many at once, after a look at what goes and what stays."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, cast

from app.core.apps import AppKind, AppState
from app.core.connection import TokenKind
from app.core.errors import Conflict, FieldError, Invalid, KnownError, NotFound, PlatformFault, ReadOnly, Unreachable
from app.core.refs import AppRef
from app.core.text import plain
from app.core.words import counted
from app.services.directory import Progress
from app.services.directory_refresh import WORKERS_LOCAL
from app.services.side_by_side import side_by_side

if TYPE_CHECKING:
    from app.core.connection import Connection
    from app.services.admin_tokens import JournalStore
    from app.services.audit import AuditTrail
    from app.services.clients import ClientPool
    from app.services.connections import ConnectionBook
    from app.services.directory import Directory
    from app.services.foundation import DatabaseRow, Foundation, TaskRow
    from app.services.lifecycle import AppLifecycle
    from app.services.tokens import TokenKeeper
    from app.storage.foundation_stores import KeptEntry

Action = Literal["archive", "unarchive", "delete"]
_STATUS: Mapping[Action, str] = {"archive": "read-only", "unarchive": "active"}
# How long Instant keeps a deleted app; it has no call that brings one back.
GRACE_S = 2 * 24 * 3600
# After so many failures in a row that are the platform's, the rest is not begun.
_FAILURES_TO_STOP = 5
_NAME_LIMIT = 80


@dataclass(frozen=True, slots=True)
class CleanupItem:
    """A database that was chosen. ``refusal`` says why it is left alone, "" where it is not.

    ``task`` is the title of its task, "" for none; ``is_gone``: only its record is left. Texts are untrusted.
    """

    record_id: str
    app_id: str
    name: str
    task: str
    created_at: int
    refusal: str = ""
    is_gone: bool = False


@dataclass(frozen=True, slots=True)
class CleanupPreview:
    """``goes`` and ``stays`` are sentences; ``kept_until`` is seconds since the epoch, 0 where nothing is deleted.

    ``refusal`` says why nothing of it can be done here, "" where it can. The registry is looked at once more before
    anything is touched: what is refused by then is left alone.
    """

    connection_id: str
    action: Action
    items: tuple[CleanupItem, ...]
    goes: tuple[str, ...]
    stays: tuple[str, ...]
    kept_until: int = 0
    refusal: str = ""

    @property
    def record_ids(self) -> tuple[str, ...]:
        """Those that will be touched."""
        return tuple(each.record_id for each in self.items if not each.refusal) if not self.refusal else ()


@dataclass(frozen=True, slots=True)
class CleanupOutcome:
    record_id: str
    app_id: str
    ok: bool
    sentence: str
    remedy: str = ""


class TaskCleanup:
    """An archived database is read-only on its platform and stays in the registry. A deleted one is gone from both:
    the app first, so that nothing is left that the registry does not know."""

    def __init__(
        self,
        connections: ConnectionBook,
        clients: ClientPool,
        tokens: TokenKeeper,
        directory: Directory,
        foundation: Foundation,
        lifecycle: AppLifecycle,
        journal: JournalStore,
        audit: AuditTrail,
        *,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._connections = connections
        self._clients = clients
        self._tokens = tokens
        self._directory = directory
        self._foundation = foundation
        self._lifecycle = lifecycle
        self._journal = journal
        self._audit = audit
        self._clock = clock

    async def preview(self, connection_id: str, record_ids: Sequence[str], action: str) -> CleanupPreview:
        """What would happen to these records; changes nothing.

        Raises Invalid for an unknown action or where nothing is chosen, NotFound without a foundation, and the
        client's errors.
        """
        if action not in ("archive", "unarchive", "delete"):
            raise Invalid("There is no such action.", fields=(FieldError("action", "Choose archive or delete."),))
        if not record_ids:
            raise Invalid("No database is chosen.", remedy="Choose one or more databases first.")
        wanted = cast(Action, action)
        connection = self._connections.get(connection_id)
        items = await self._items(connection_id, record_ids)
        going = [each for each in items if not each.refusal]
        return CleanupPreview(
            connection_id=connection_id,
            action=wanted,
            items=items,
            goes=_goes(wanted, going),
            stays=_stays(wanted, going, [each for each in items if each.refusal]),
            kept_until=int(self._clock() + GRACE_S) if wanted == "delete" else 0,
            refusal=await self._refusal(connection, wanted),
        )

    async def run(
        self, preview: CleanupPreview, on_progress: Callable[[Progress], None] | None = None
    ) -> tuple[CleanupOutcome, ...]:
        """Do it, a few at a time; one that fails keeps none of the others from it. Repeating it changes nothing.

        Cancelled, no more are begun, and what was begun is carried through. Outcomes in the order of the items.
        Raises what ``refusal`` says.
        """
        if preview.refusal:
            raise Conflict(preview.refusal, remedy="Correct that, then look at the preview again.")
        fresh = await self._items(preview.connection_id, [each.record_id for each in preview.items])
        batch = _Batch(preview, fresh, on_progress, self._connections.get(preview.connection_id).label)
        try:
            await side_by_side(lambda: self._work(preview, batch), min(WORKERS_LOCAL, len(fresh)))
        finally:
            await asyncio.gather(*batch.begun, return_exceptions=True)
            await asyncio.shield(self._follow(preview.connection_id))
        return batch.outcomes()

    # Inside

    async def _work(self, preview: CleanupPreview, batch: _Batch) -> None:
        while (item := batch.next()) is not None:
            if item.refusal:
                batch.done(item, CleanupOutcome(item.record_id, item.app_id, False, f"Left alone: {item.refusal}"))
                continue
            task = asyncio.create_task(self._one(preview, item))
            batch.begun.add(task)
            batch.done(item, *await asyncio.shield(task))

    async def _one(self, preview: CleanupPreview, item: CleanupItem) -> tuple[CleanupOutcome, KnownError | None]:
        try:
            if preview.action == "delete":
                sentence = await self._delete(preview.connection_id, item)
            else:
                sentence = await self._switch(preview.connection_id, item, _STATUS[preview.action])
        except KnownError as error:
            return CleanupOutcome(item.record_id, item.app_id, False, error.sentence, error.remedy), error
        return CleanupOutcome(item.record_id, item.app_id, True, sentence), None

    async def _delete(self, connection_id: str, item: CleanupItem) -> str:
        writer = await self._foundation.writer(connection_id)
        await self._lifecycle.delete(AppRef(connection_id, item.app_id))
        await writer.delete_database_record(item.record_id)
        return f"{_name(item)} was deleted, and the registry no longer names it."

    async def _switch(self, connection_id: str, item: CleanupItem, status: str) -> str:
        client: Any = await self._clients.get(connection_id)
        ref = AppRef(connection_id, item.app_id)
        async with self._audit.recorded(ref, "set status", status):
            await client.set_status(item.app_id, status)
        await self._directory.put(connection_id, await client.get_app(item.app_id))
        if status == "active":
            return f"{_name(item)} can be written again."
        return f"{_name(item)} is archived: it can be read, and no longer written."

    async def _follow(self, connection_id: str) -> None:
        """What was done is done, whether the inventory can be told or not: the next refresh tells it."""
        try:
            await self._directory.reread_registry(connection_id)
        except KnownError:
            return

    async def _refusal(self, connection: Connection, action: Action) -> str:
        if connection.is_read_only:
            return f"{connection.label} is a read-only connection."
        if action != "delete" and await self._tokens.get(connection.id, TokenKind.DASH) is None:
            return f"Switching an app to read-only and back needs a dashboard login; {connection.label} has none."
        return ""

    async def _items(self, connection_id: str, record_ids: Sequence[str]) -> tuple[CleanupItem, ...]:
        databases, tasks, registry, begun = await asyncio.gather(
            self._foundation.databases(connection_id),
            self._foundation.tasks(connection_id),
            self._directory.registry(connection_id),
            asyncio.to_thread(self._journal.of, connection_id, None),
        )
        rows = {each.record_id: each for each in databases}
        titles = {each.task_id: each for each in tasks}
        claimed: dict[str, list[str]] = {}
        for claim in registry.claims:
            claimed.setdefault(claim.app_id, []).append(
                "a user" if claim.kind is AppKind.TENANT else claim.record_id,
            )
        foundation = self._connections.get(connection_id).foundation_app_id or ""
        return tuple(
            self._item(connection_id, record_id, rows.get(record_id), titles, claimed, begun, foundation)
            for record_id in dict.fromkeys(record_ids)
        )

    def _item(
        self,
        connection_id: str,
        record_id: str,
        row: DatabaseRow | None,
        titles: Mapping[str, TaskRow],
        claimed: Mapping[str, Sequence[str]],
        begun: Sequence[KeptEntry],
        foundation: str,
    ) -> CleanupItem:
        if row is None:
            return CleanupItem(record_id, "", record_id, "", 0, refusal="the registry has no such record any more.")
        app = self._directory.find(AppRef(connection_id, row.app_id))
        task = titles.get(row.task_id)
        return CleanupItem(
            record_id=record_id,
            app_id=row.app_id,
            name=row.name,
            task=task.title if task is not None else "",
            created_at=row.created_at,
            refusal=_refusal_of(row, claimed.get(row.app_id, ()), begun, foundation),
            is_gone=app is not None and app.state == AppState.MISSING.value,
        )


class _Batch:
    """Hands out the databases, and decides when to give up."""

    def __init__(
        self,
        preview: CleanupPreview,
        items: Sequence[CleanupItem],
        on_progress: Callable[[Progress], None] | None,
        label: str,
    ) -> None:
        self._items = items
        self._waiting = iter(items)
        self._outcomes: dict[str, CleanupOutcome] = {}
        self.begun: set[asyncio.Task[Any]] = set()
        self._on_progress = on_progress
        self._text = f"{label}: {_DOING[preview.action]} databases"
        self._in_a_row = 0
        self._gave_up: KnownError | None = None

    def next(self) -> CleanupItem | None:
        return None if self._gave_up is not None else next(self._waiting, None)

    def done(self, item: CleanupItem, outcome: CleanupOutcome, error: KnownError | None = None) -> None:
        self._outcomes[item.record_id] = outcome
        self._in_a_row = self._in_a_row + 1 if isinstance(error, Unreachable | PlatformFault) else 0
        if self._in_a_row >= _FAILURES_TO_STOP or isinstance(error, ReadOnly):
            self._gave_up = error
        if self._on_progress is not None:
            self._on_progress(Progress(len(self._outcomes), len(self._items), self._text))

    def outcomes(self) -> tuple[CleanupOutcome, ...]:
        return tuple(self._outcomes.get(each.record_id) or self._not_begun(each) for each in self._items)

    def _not_begun(self, item: CleanupItem) -> CleanupOutcome:
        why = self._gave_up or NotFound("It was not begun.")
        return CleanupOutcome(item.record_id, item.app_id, False, f"Not begun: {why.sentence}", why.remedy)


_DOING: Mapping[Action, str] = {"archive": "archiving", "unarchive": "bringing back", "delete": "deleting"}


def _refusal_of(row: DatabaseRow, claimed: Sequence[str], begun: Sequence[KeptEntry], foundation: str) -> str:
    if row.app_id == foundation:
        return "this app is the foundation."
    if "a user" in claimed:
        return "a user of the foundation owns this app too."
    if any(each != row.record_id for each in claimed):
        return "another record of the registry names the same app."
    if any(each.app_id == row.app_id and each.kind == "task" for each in begun):
        return "it is still being made."
    return ""


def _goes(action: Action, items: Sequence[CleanupItem]) -> tuple[str, ...]:
    if not items:
        return ()
    if action == "unarchive":
        return ()
    if action == "archive":
        return (f"{_count(items)} can no longer be written: whoever tries is refused.",)
    there = [each for each in items if not each.is_gone]
    linked = sum(bool(each.task) for each in items)
    sentences = [f"{_count(there)} with all rows and admin tokens." if there else ""]
    sentences.append(f"{counted(len(items), 'record')} of the registry.")
    sentences.append(f"{linked:,} {'task is' if linked == 1 else 'tasks are'} left without a database." * bool(linked))
    return tuple(each for each in sentences if each)


def _stays(action: Action, items: Sequence[CleanupItem], left: Sequence[CleanupItem]) -> tuple[str, ...]:
    sentences: list[str] = []
    if items and action == "delete":
        sentences.append("The tasks and iterations themselves.")
        sentences.append(
            "The platform keeps deleted apps for two days, but offers no way to bring one back: ask whoever runs it."
        )
    elif items and action == "archive":
        sentences.append("All rows, the admin tokens, the registry and the links to tasks; it can be undone.")
    elif items:
        sentences.append(f"{_count(items)} can be written again; nothing else changes.")
    sentences += [f"{_name(each)} is left alone: {each.refusal}" for each in left]
    return tuple(sentences)


def _count(items: Sequence[CleanupItem]) -> str:
    return counted(len(items), "database")


def _name(item: CleanupItem) -> str:
    return plain(item.name, _NAME_LIMIT) or plain(item.app_id, _NAME_LIMIT)
