"""Apps for users and tasks: one each, made in steps that survive a broken connection and a killed process."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast
from weakref import WeakValueDictionary

from app.core.apps import AppState, AppSummary
from app.core.changes import Changes
from app.core.errors import (
    Conflict,
    FieldError,
    Invalid,
    KnownError,
    NotFound,
    PlatformFault,
    RateLimited,
    ReadOnly,
    Timeout,
    Unauthorised,
    Unreachable,
)
from app.core.refs import AppRef
from app.core.text import plain
from app.services.directory import Progress
from app.services.directory_refresh import WORKERS_LOCAL, WORKERS_REMOTE
from app.services.foundation_writer import FoundationWriter, no_registry
from app.services.foundations import foundation_of
from app.services.lifecycle import checked_title
from app.services.provision_journal import KINDS, WANTED, JournalEntry, JournalStore, ProvisionJournal, entry_of
from app.services.provision_landing import AuditStore, Landing
from app.services.provision_run import OnStep, ProvisionRun
from app.services.provision_words import NAME_LIMIT, ProvisionClient, Wish
from app.services.side_by_side import side_by_side

if TYPE_CHECKING:
    from app.core.connection import Connection
    from app.services.clients import ClientPool
    from app.services.connections import ConnectionBook
    from app.services.directory import Directory
    from app.services.following import Following
    from app.services.foundation_map import FoundationMaps
    from app.services.hub import ChangeHub
    from app.services.templates import Template, TemplateShelf
    from app.storage.foundation_stores import KeptEntry

__all__ = ["JournalEntry", "Provisioned", "Provisioning"]

# After so many failures in a row that are the platform's, the rest of a batch is not begun.
_FAILURES_TO_STOP = 5
_ITS_OWN_FAULT = (Unreachable, Timeout, PlatformFault, RateLimited)
# A user's ID, a template's name or None, a title or None.
UserWish = tuple[str, str | None, str | None]


@dataclass(frozen=True, slots=True)
class Provisioned:
    """What became of one user of a batch; exactly one of ``app`` and ``error`` is there."""

    user_id: str
    app: AppSummary | None = None
    error: KnownError | None = None


class Provisioning:
    """One app per user, one database per task: the link itself would allow several, this refuses them.

    What is begun is written down before anything is created; whatever stops it, the next attempt for the same owner
    finds what exists and finishes it. What waits for that is in ``open_journal``.
    """

    def __init__(
        self,
        connections: ConnectionBook,
        clients: ClientPool,
        templates: TemplateShelf,
        directory: Directory,
        maps: FoundationMaps,
        following: Following,
        hub: ChangeHub,
        store: JournalStore,
        audit: AuditStore,
        *,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._connections = connections
        self._clients = clients
        self._templates = templates
        self._directory = directory
        self._maps = maps
        self._following = following
        self._hub = hub
        self._audit = audit
        self._clock = clock
        self._journal = ProvisionJournal(store)
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    # For one

    async def create_for_user(
        self,
        connection_id: str,
        user_id: str,
        template_name: str | None = None,
        title: str | None = None,
        on_step: OnStep | None = None,
    ) -> AppSummary:
        """An app of the user's own, from a template or blank; ``title`` None names it after the user.

        What was begun for this user is finished: with the title and the template of then, once its app exists.
        ``on_step`` hears of each step of ``provision_journal.STEPS`` that is done, on the engine's thread.
        Raises Conflict where the user has an app, Invalid with the field ``template_name`` or ``title`` or where the
        foundation has no registry, NotFound without foundation or user, ReadOnly, and the client's errors.
        """
        wish = self._wish("user", user_id, template_name, title)
        return await self._one(connection_id, wish, on_step)

    async def create_for_task(
        self,
        connection_id: str,
        task_id: str,
        title: str,
        template_name: str | None = None,
        on_step: OnStep | None = None,
    ) -> AppSummary:
        """A database for the task, in the registry with its admin token; otherwise as ``create_for_user``."""
        return await self._one(connection_id, self._wish("task", task_id, template_name, title), on_step)

    async def _one(self, connection_id: str, wish: Wish, on_step: OnStep | None) -> AppSummary:
        run = await self._run(connection_id, (wish.kind,))
        landing = self._landing()
        try:
            return await self._carried_out(run, wish, landing, on_step or _ignore)
        finally:
            await self._settled(run, landing)

    # For many

    async def create_many(
        self,
        connection_id: str,
        wishes: Iterable[UserWish],
        on_progress: Callable[[Progress], None] | None = None,
    ) -> tuple[Provisioned, ...]:
        """As ``create_for_user``, for many users side by side; the answers are in the order of the wishes.

        One that fails does not keep the others from their app; where the platform itself fails again and again, the
        rest is not begun. Cancelled, it begins no more, and what was begun is in the journal.
        Raises what keeps it from beginning at all.
        """
        asked = list(wishes)
        run = await self._run(connection_id, ("user",), is_batch=True)
        batch = _Batch(asked, on_progress or _ignore, run.connection.label)
        landing = self._landing()
        count = min(_workers(run.connection), len(asked))
        try:
            await side_by_side(lambda: self._work(run, batch, landing), count)
        finally:
            await self._settled(run, landing)
        return batch.outcomes()

    async def _work(self, run: ProvisionRun, batch: _Batch, landing: Landing) -> None:
        for index, (user_id, template_name, title) in batch.waiting():
            try:
                wish = self._wish("user", user_id, template_name, title)
                batch.done(index, await self._carried_out(run, wish, landing, _ignore))
            except KnownError as error:
                batch.failed(index, error)

    # What was begun

    async def open_journal(self, connection_id: str) -> tuple[JournalEntry, ...]:
        """What was begun and is not finished, the oldest first; also what is being worked on just now."""
        kept = await self._journal.of(connection_id)
        return tuple(entry_of(each) for each in kept if each.kind in KINDS and each.step != WANTED)

    async def finish(self, key: str, on_step: OnStep | None = None) -> AppSummary:
        """Go on where it stopped. Raises NotFound for an entry that is gone, and as ``create_for_user``."""
        entry = await self._entry(key)
        if entry.foundation_app_id != self._connections.get(entry.connection_id).foundation_app_id:
            raise Conflict(
                f"This was begun for another foundation ({plain(entry.foundation_app_id, NAME_LIMIT)}).",
                remedy="Enter that foundation in the connection again to finish it, or take it back.",
            )
        template = self._templates.find(entry.template) if entry.template else None
        if entry.template and template is None and entry.step == "begun":
            raise Invalid(
                f"The template {plain(entry.template, NAME_LIMIT)} does not exist any more.",
                fields=(FieldError("template_name", "Choose another template."),),
                remedy="Create the app again with another template: what was begun is finished with it.",
            )
        wish = Wish(entry.kind, entry.owner_id, template, entry.title)
        return await self._one(entry.connection_id, wish, on_step)

    async def take_back(self, key: str) -> None:
        """Do not finish it: delete what was made, and forget the entry.

        Raises Conflict where the app is linked to somebody by now, and the client's errors.
        """
        entry = await self._entry(key)
        run = await self._run(entry.connection_id, (), foundation=entry.foundation_app_id)
        async with self._locked(key):
            outcome = "cancelled"
            try:
                await run.take_back(entry)
                outcome = "done"
                self._journal.close(entry)
            except KnownError as error:
                outcome = f"failed: {error.sentence}"
                raise
            finally:
                landing = self._landing()
                await asyncio.shield(landing.record([(entry, outcome)], "take back for"))
                await self._settled(run, landing)

    async def aclose(self) -> None:
        """Wait until the journal is on disk."""
        await self._journal.aclose()

    # Inside

    async def _run(
        self, connection_id: str, kinds: Sequence[str], *, is_batch: bool = False, foundation: str | None = None
    ) -> ProvisionRun:
        """Ready to write the registry of these kinds; raises what speaks against it, before anything is begun."""
        connection = self._connections.get(connection_id)
        foundation = foundation or foundation_of(connection)
        if connection.is_read_only:
            raise ReadOnly(
                f"{connection.label} is a read-only connection.",
                remedy="Edit the connection to allow writes, or use another one.",
            )
        client = cast(ProvisionClient, await self._clients.get(connection_id))
        writer = FoundationWriter(client, foundation, await self._maps.get(connection_id))
        for kind in kinds:
            if missing := await writer.missing(kind):
                raise no_registry(connection.label, missing)
        entries = await self._journal.of(connection_id)
        return ProvisionRun(
            connection,
            client,
            writer,
            self._journal,
            {each.id: each for each in entries},
            find_template=self._templates.find,
            name_of=lambda app_id: self._name_of(connection_id, app_id),
            clock=self._clock,
            is_batch=is_batch,
        )

    async def _carried_out(self, run: ProvisionRun, wish: Wish, landing: Landing, on_step: OnStep) -> AppSummary:
        async with self._locked(run.key(wish.kind, wish.owner_id)):
            return await landing.land(await run.make(wish, on_step))

    def _wish(self, kind: str, owner_id: str, template_name: str | None, title: str | None) -> Wish:
        template: Template | None = None
        if template_name is not None:
            template = self._templates.find(template_name)
            if template is None:
                message = "This template does not exist any more."
                raise Invalid("The app cannot be created.", fields=(FieldError("template_name", message),))
        return Wish(kind, owner_id, template, "" if title is None else checked_title(title))

    async def _entry(self, key: str) -> KeptEntry:
        entry = await self._journal.get(key)
        if entry is None:
            raise NotFound("There is nothing left to finish here.", remedy="Refresh the list.")
        return entry

    def _locked(self, key: str) -> asyncio.Lock:
        """Two attempts for the same owner take turns."""
        return self._locks.setdefault(key, asyncio.Lock())

    def _landing(self) -> Landing:
        return Landing(self._directory, self._following, self._audit, self._journal, clock=self._clock)

    async def _settled(self, run: ProvisionRun, landing: Landing) -> None:
        """All that came of it on disk, and told."""
        await landing.flush()
        failed = [(entry, f"failed: {error.sentence}") for entry, error in run.failures]
        if failed:
            await asyncio.shield(landing.record(failed))
        await self._journal.settle()
        self._hub.publish(Changes(apps=frozenset((run.connection.id,))))

    def _name_of(self, connection_id: str, app_id: str) -> tuple[str, bool]:
        app = self._directory.find(AppRef(connection_id, app_id))
        if app is None:
            return plain(app_id, NAME_LIMIT), False
        return f"{plain(app.title, NAME_LIMIT)} ({plain(app_id, NAME_LIMIT)})", app.state == AppState.MISSING.value


class _Batch:
    """Hands out the wishes of one batch, and decides when to give up."""

    def __init__(self, asked: Sequence[UserWish], on_progress: Callable[[Progress], None], label: str) -> None:
        self._asked = asked
        self._outcomes: list[Provisioned | None] = [None] * len(asked)
        self._on_progress = on_progress
        self._text = f"{label}: creating apps"
        self._numbers = iter(range(len(asked)))
        self._done = 0
        self._in_a_row = 0
        self._gave_up: KnownError | None = None

    def waiting(self) -> Iterator[tuple[int, UserWish]]:
        while self._gave_up is None and (index := next(self._numbers, None)) is not None:
            yield index, self._asked[index]

    def done(self, index: int, app: AppSummary) -> None:
        self._in_a_row = 0
        self._put(index, Provisioned(self._asked[index][0], app))

    def failed(self, index: int, error: KnownError) -> None:
        self._in_a_row = self._in_a_row + 1 if isinstance(error, _ITS_OWN_FAULT) else 0
        if self._in_a_row >= _FAILURES_TO_STOP or isinstance(error, Unauthorised | ReadOnly):
            self._gave_up = error
        self._put(index, Provisioned(self._asked[index][0], error=error))

    def outcomes(self) -> tuple[Provisioned, ...]:
        reason = self._gave_up or Conflict("It was not begun.")
        return tuple(
            outcome or Provisioned(wish[0], error=reason)
            for wish, outcome in zip(self._asked, self._outcomes, strict=True)
        )

    def _put(self, index: int, outcome: Provisioned) -> None:
        self._outcomes[index] = outcome
        self._done += 1
        self._on_progress(Progress(self._done, len(self._asked), self._text))


def _workers(connection: Connection) -> int:
    return WORKERS_LOCAL if connection.environment.value == "local" else WORKERS_REMOTE


def _ignore(_what: object) -> None:
    pass
