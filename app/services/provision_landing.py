"""What is told and remembered of an app once it is linked to its owner."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Protocol

from app.core.refs import AppRef
from app.services.operator import operator_name

if TYPE_CHECKING:
    from app.core.apps import AppSummary
    from app.services.directory import Directory
    from app.services.following import Following
    from app.services.provision_journal import ProvisionJournal
    from app.services.provision_words import Made
    from app.storage.foundation_stores import KeptEntry
    from app.storage.stores import AuditEntry

# So many apps of a batch are written to the local database, and told to the window, together.
_TOGETHER = 100


class AuditStore(Protocol):
    """What is needed of the local database; its methods block."""

    def add_many(self, entries: Sequence[AuditEntry]) -> None: ...


class Landing:
    """Inventory, followed templates and audit trail, a hundred apps at once; entries are closed after that.

    Stopped in between, an entry stays open, and its next attempt finds that only this is left to do.
    """

    def __init__(
        self,
        directory: Directory,
        following: Following,
        audit: AuditStore,
        journal: ProvisionJournal,
        *,
        clock: Callable[[], float],
    ) -> None:
        self._directory = directory
        self._following = following
        self._audit = audit
        self._journal = journal
        self._clock = clock
        self._waiting: list[tuple[Made, AppSummary]] = []

    async def land(self, made: Made) -> AppSummary:
        """The app's row; in the window and on disk with ``flush`` at the latest."""
        template = made.template
        row = self._directory.put_owned(
            made.entry.connection_id,
            made.remote,
            made.claim,
            made.entry.template,
            len(template.entity_names) if template else -1,
        )
        self._waiting.append((made, row))
        if len(self._waiting) >= _TOGETHER:
            await self.flush()
        return row

    async def flush(self) -> None:
        """Everything on disk, also where the caller is cancelled meanwhile."""
        landed, self._waiting = self._waiting, []
        if landed:
            await asyncio.shield(self._keep(landed))

    async def _keep(self, landed: Sequence[tuple[Made, AppSummary]]) -> None:
        entries = [made.entry for made, _row in landed]
        await self._following.put_many(
            (AppRef(each.connection_id, each.app_id), each.template, each.template_version)
            for each in entries
            if each.template
        )
        await self._directory.keep([row for _made, row in landed])
        await self.record([(each, "done") for each in entries])
        for each in entries:
            self._journal.close(each)
        await self._journal.settle()

    async def record(self, outcomes: Sequence[tuple[KeptEntry, str]], action: str = "create for") -> None:
        """Entries of the audit trail."""
        from app.storage.stores import AuditEntry

        who, now = operator_name(), self._clock()
        entries = [
            AuditEntry(
                at=now,
                who=who,
                connection_id=each.connection_id,
                app_id=each.app_id,
                action=f"{action} {each.kind}",
                outcome=outcome,
                detail=f"{each.title}, {each.kind} {each.owner_id}",
                app_title=each.title,
            )
            for each, outcome in outcomes
        ]
        await asyncio.to_thread(self._audit.add_many, entries)
