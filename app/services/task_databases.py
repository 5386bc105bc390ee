"""A database for every task: made behind the caller's back, tried again where the platform fails, never made twice."""

from __future__ import annotations

import asyncio
import logging
import random
import time
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from app.core.apps import AppSummary
from app.core.changes import Changes
from app.core.errors import (
    Conflict,
    KnownError,
    NotFound,
    PlatformFault,
    RateLimited,
    ReadOnly,
    Timeout,
    Unreachable,
)
from app.core.gate import act
from app.core.refs import AppRef
from app.core.text import plain
from app.services.foundation_rows import TaskState
from app.services.foundations import foundation_of, has_foundation
from app.services.provision_journal import WANTED
from app.services.task_wishes import TaskWishes

if TYPE_CHECKING:
    from app.core.connection import Connection
    from app.core.secret import Secret
    from app.services.admin_tokens import AdminTokens, JournalStore, OpenRotation, TokenOutcome
    from app.services.clients import ClientPool
    from app.services.cloning import Cloning
    from app.services.connections import ConnectionBook
    from app.services.directory import Directory, Progress
    from app.services.foundation import Foundation
    from app.services.hub import ChangeHub
    from app.services.provisioning import Provisioning
    from app.services.task_cleanup import CleanupOutcome, CleanupPreview, TaskCleanup
    from app.storage.foundation_stores import KeptEntry

_logger = logging.getLogger(__name__)
MOST_ATTEMPTS = 6
_FIRST_PAUSE_S = 1.0
_LONGEST_PAUSE_S = 60.0
_MOST_NAMES = 8
# So many databases are made at the same time; the others wait for their turn.
AT_ONCE = 8
_TRANSIENT = (Unreachable, Timeout, PlatformFault, RateLimited)
_NAME_LIMIT = 80
_NO_STATE = "This task has no database."


@dataclass(frozen=True, slots=True)
class TaskDatabaseState:
    """How far a task's database is, as this machine knows it; what is not being made is in ``Foundation.tasks``.

    ``name`` is the three-word name, ``app_id`` "" until it is there. ``attempt`` counts from 1; ``sentence`` says what
    happened and ``remedy`` what to do, for a tooltip. ``was_there``: nothing had to be done.
    """

    task_id: str
    state: TaskState
    name: str = ""
    app_id: str = ""
    attempt: int = 0
    sentence: str = ""
    remedy: str = ""
    was_there: bool = False


class TaskDatabases:
    """``create`` writes down what is wanted and returns; a task of its own does the rest, and goes on after a restart.

    Each change of a state is told as ``Changes(apps=…)`` of its connection.
    """

    def __init__(
        self,
        connections: ConnectionBook,
        clients: ClientPool,
        directory: Directory,
        foundation: Foundation,
        provisioning: Provisioning,
        journal: JournalStore,
        hub: ChangeHub,
        cleanup: TaskCleanup,
        admin_tokens: AdminTokens,
        cloning: Cloning,
        *,
        rng: random.Random | None = None,
        clock: Callable[[], float] = time.time,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._connections = connections
        self._clients = clients
        self._directory = directory
        self._foundation = foundation
        self._provisioning = provisioning
        self._hub = hub
        self._cleanup = cleanup
        self._admin_tokens = admin_tokens
        self._cloning = cloning
        self._rng = rng or random.SystemRandom()
        self._wishes = TaskWishes(journal, directory, self._rng, clock)
        self._sleep = sleep
        self._states: dict[tuple[str, str], TaskDatabaseState] = {}
        self._running: dict[tuple[str, str], asyncio.Task[None]] = {}
        self._start: asyncio.Task[None] | None = None
        self._slots = asyncio.Semaphore(AT_ONCE)

    # Making

    async def create(self, connection_id: str, task_id: str, template_name: str | None = None) -> TaskDatabaseState:
        """Begin a database for the task and say so at once; the platform is not asked here.

        One that is being made already goes on, one that failed is tried again with its name of then. A task that has
        a database keeps it: the state says so, and nothing is done. Raises NotFound where the connection has no
        foundation, ReadOnly, and nothing that the platform says: that is in ``state``.
        """
        key = connection_id, task_id
        if key in self._running:
            return self.state(*key)
        wish = await self._wishes.begin(self._writable(connection_id), task_id, template_name)
        return self._begin(wish)

    async def retry(self, connection_id: str, task_id: str) -> TaskDatabaseState:
        """As ``create``, for one that failed."""
        return await self.create(connection_id, task_id)

    async def give_up(self, connection_id: str, task_id: str) -> None:
        """The task goes on without a database: what was begun for it is taken back.

        Raises the client's errors; then nothing is forgotten.
        """
        await self._stopped(connection_id, task_id)
        for entry in await self._provisioning.open_journal(connection_id):
            if entry.kind == "task" and entry.owner_id == task_id:
                await self._provisioning.take_back(entry.key)
        foundation = self._writable(connection_id).foundation_app_id or ""
        await self._wishes.forget(foundation, connection_id, task_id)
        self._states.pop((connection_id, task_id), None)
        self._tell(connection_id)

    def state(self, connection_id: str, task_id: str) -> TaskDatabaseState:
        """From memory; ``none`` for a task that nothing was begun for in this session."""
        return self._states.get((connection_id, task_id)) or TaskDatabaseState(task_id, "none", sentence=_NO_STATE)

    async def wait(self, connection_id: str, task_id: str) -> TaskDatabaseState:
        """The state once nothing is being done for this task; cancelling it leaves the work alone."""
        task = self._running.get((connection_id, task_id))
        if task is not None:
            await asyncio.wait({task})
        return self.state(connection_id, task_id)

    # Starting and ending

    def start(self) -> None:
        """Go on with what an earlier run of the program left, behind the caller; once, on the engine's loop."""
        self._start = asyncio.create_task(self._started())

    async def resume(self) -> None:
        """What was interrupted is taken up again; what failed is shown as failed, and waits for the operator."""
        for connection in self._connections.all():
            if has_foundation(connection) and not connection.is_read_only:
                await self._resumed(connection)
                await self._admin_tokens.resume(connection.id)

    async def aclose(self) -> None:
        """End what runs; it is in the journal, and goes on at the next start."""
        tasks = [each for each in (self._start, *self._running.values()) if each is not None]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self._admin_tokens.aclose()

    # Cleaning up, cloning, tokens

    async def preview_cleanup(self, connection_id: str, record_ids: Iterable[str], action: str) -> CleanupPreview:
        """What would go and what would stay; ``action`` is ``archive``, ``unarchive`` or ``delete``."""
        return await self._cleanup.preview(connection_id, tuple(record_ids), action)

    async def clean_up(
        self, preview: CleanupPreview, on_progress: Callable[[Progress], None] | None = None
    ) -> tuple[CleanupOutcome, ...]:
        """Do what was previewed, and tell the outcome of each."""
        return await self._cleanup.run(preview, on_progress)

    async def archive(
        self, connection_id: str, record_ids: Iterable[str], on_progress: Callable[[Progress], None] | None = None
    ) -> tuple[CleanupOutcome, ...]:
        """Preview and do in one: databases can be read and no longer written; ``unarchive`` undoes it."""
        return await self.clean_up(await self.preview_cleanup(connection_id, record_ids, "archive"), on_progress)

    async def delete(
        self, connection_id: str, record_ids: Iterable[str], on_progress: Callable[[Progress], None] | None = None
    ) -> tuple[CleanupOutcome, ...]:
        """Preview and do in one; there is no way back."""
        return await self.clean_up(await self.preview_cleanup(connection_id, record_ids, "delete"), on_progress)

    async def clone(
        self,
        ref: AppRef,
        title: str,
        with_rows: bool = False,
        on_progress: Callable[[Progress], None] | None = None,
        *,
        iteration_id: str = "",
    ) -> AppSummary:
        """A new app with the schema and the permissions of another, and its rows where asked. See Cloning."""
        return await self._cloning.clone(ref, title, with_rows, on_progress, iteration_id=iteration_id)

    async def rotate_token(
        self, connection_id: str, record_ids: Iterable[str], on_progress: Callable[[Progress], None] | None = None
    ) -> tuple[TokenOutcome, ...]:
        """A new admin token for each database; the old one is dead afterwards. See AdminTokens."""
        return await self._admin_tokens.rotate(connection_id, tuple(record_ids), on_progress)

    async def open_rotations(self, connection_id: str) -> tuple[OpenRotation, ...]:
        """Replacements that were begun and are not finished; the next start, or rotating again, finishes them."""
        return await self._admin_tokens.open(connection_id)

    async def reveal_token(self, connection_id: str, record_id: str) -> Secret:
        """The admin token in the registry; raises NotFound where there is none."""
        return await self._admin_tokens.reveal(connection_id, record_id)

    async def _started(self) -> None:
        try:
            await self.resume()
        except Exception:
            _logger.exception("What was begun for tasks could not be taken up again")

    # Inside: what is wanted

    def _writable(self, connection_id: str) -> Connection:
        connection = self._connections.get(connection_id)
        foundation_of(connection)
        if connection.is_read_only:
            raise ReadOnly(
                f"{connection.label} is a read-only connection.",
                remedy="Edit the connection to allow writes, or use another one.",
            )
        return connection

    async def _forget(self, wish: KeptEntry) -> None:
        await self._wishes.forget(wish.foundation_app_id, wish.connection_id, wish.owner_id)

    async def _resumed(self, connection: Connection) -> None:
        for task_id, entries in (await self._wishes.left(connection)).items():
            if (connection.id, task_id) in self._running:
                continue
            error = next((each.error for each in entries if each.error), "")
            if error:
                self._failed(entries[0], 0, error, "Try again, or leave the task without a database.")
            else:
                self._begin(next((each for each in entries if each.step == WANTED), entries[0]))

    # Inside: the work

    def _begin(self, wish: KeptEntry) -> TaskDatabaseState:
        key = wish.connection_id, wish.owner_id
        self._set(wish, "creating", attempt=1, sentence=f"{wish.title} is being created.")
        task = self._running[key] = asyncio.create_task(self._work(wish))
        task.add_done_callback(lambda _done: self._running.pop(key, None))
        return self._states[key]

    async def _stopped(self, connection_id: str, task_id: str) -> None:
        task = self._running.get((connection_id, task_id))
        if task is not None:
            task.cancel()
            await asyncio.wait({task})

    async def _work(self, wish: KeptEntry) -> None:
        try:
            with act():
                await self._tried(wish)
        except KnownError as error:
            await self._gave_up(wish, error.sentence, error.remedy)
        except Exception:
            _logger.exception("The database of a task could not be created")
            await self._gave_up(wish, "Something unexpected went wrong.", "Look into the log, then try again.")

    async def _tried(self, wish: KeptEntry) -> None:
        for attempt in range(1, MOST_ATTEMPTS + 1):
            try:
                async with self._slots:
                    await self._attempt(wish, attempt)
                return
            except _TRANSIENT as error:
                if attempt == MOST_ATTEMPTS:
                    raise
                # It goes on: after a restart as well, and nobody has to be alarmed.
                await self._wishes.mark(wish, "")
                words = f"{error.sentence} Trying again ({attempt + 1} of {MOST_ATTEMPTS})."
                self._set(wish, "creating", attempt=attempt + 1, sentence=words, remedy=error.remedy)
                await self._sleep(self._pause(attempt, error))

    def _pause(self, attempt: int, error: KnownError) -> float:
        """Doubled each time, with jitter; at least as long as the platform asks for. In seconds."""
        pause = min(_LONGEST_PAUSE_S, _FIRST_PAUSE_S * 2.0 ** (attempt - 1)) * self._rng.uniform(0.5, 1.0)
        return max(pause, getattr(error, "retry_after_s", None) or 0.0)

    async def _attempt(self, wish: KeptEntry, attempt: int) -> None:
        writer = await self._foundation.writer(wish.connection_id)
        if writer.foundation_app_id != wish.foundation_app_id:
            raise Conflict("The connection has another foundation now.", remedy="Choose the task in its new list.")
        owner, _record = await writer.task(wish.owner_id)
        if owner is None:
            await self._forget(wish)
            raise NotFound("The foundation has no such task any more.", remedy="Refresh the list of tasks.")
        if owner.app_ids and not await self._is_begun(wish):
            await self._had_one(wish, owner.app_ids[0])
            return
        wish = await self._named(wish)
        self._set(wish, "creating", attempt=attempt, sentence=f"{wish.title} is being created.")
        try:
            app = await self._provisioning.create_for_task(
                wish.connection_id, wish.owner_id, wish.title, wish.template or None
            )
        except Conflict:
            owner, _record = await writer.task(wish.owner_id)
            if owner is None or not owner.app_ids or await self._is_begun(wish):
                raise
            await self._had_one(wish, owner.app_ids[0])
            return
        await self._forget(wish)
        self._set(wish, "ready", app_id=app.app_id, name=app.title, sentence=f"{plain(app.title)} is ready.")

    async def _is_begun(self, wish: KeptEntry) -> bool:
        """Whether more than the wish is in the journal: then its end is still to be done."""
        entries = await self._provisioning.open_journal(wish.connection_id)
        return any(each.kind == "task" and each.owner_id == wish.owner_id for each in entries)

    async def _had_one(self, wish: KeptEntry, app_id: str) -> None:
        app = self._directory.find(AppRef(wish.connection_id, app_id))
        name = plain(app.title, _NAME_LIMIT) if app is not None and app.title else ""
        await self._forget(wish)
        words = f"This task has a database already: {name or plain(app_id, _NAME_LIMIT)}. Nothing was done."
        self._set(wish, "ready", app_id=app_id, name=name, sentence=words, was_there=True)

    async def _named(self, wish: KeptEntry) -> KeptEntry:
        """With a name that no record of the registry has; chosen anew, and kept, where another was quicker."""
        if await self._is_begun(wish):
            return wish
        names = await self._foundation.map(wish.connection_id)
        client: Any = await self._clients.get(wish.connection_id)
        for _ in range(_MOST_NAMES):
            options = {"where": {names.name: wish.title}, "fields": [names.name]}
            found = await client.query(wish.foundation_app_id, {names.databases: {"$": options}})
            if not found.get(names.databases):
                break
            wish = await self._wishes.rename(wish)
        return wish

    # Inside: what is known of it

    async def _gave_up(self, wish: KeptEntry, sentence: str, remedy: str) -> None:
        await self._wishes.mark(wish, sentence)
        self._failed(wish, MOST_ATTEMPTS, sentence, remedy)

    def _failed(self, wish: KeptEntry, attempt: int, sentence: str, remedy: str) -> None:
        self._set(wish, "failed", attempt=attempt, sentence=sentence, remedy=remedy)

    def _set(self, wish: KeptEntry, state: TaskState, *, name: str = "", **values: Any) -> None:
        made = TaskDatabaseState(wish.owner_id, state, name=name or wish.title, **values)
        self._states[wish.connection_id, wish.owner_id] = made
        self._tell(wish.connection_id)

    def _tell(self, connection_id: str) -> None:
        self._hub.publish(Changes(apps=frozenset((connection_id,))))
