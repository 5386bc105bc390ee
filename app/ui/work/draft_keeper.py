"""Staged edits on their way to the local database: none is overtaken by an older one, none is lost at the end."""

from __future__ import annotations

import concurrent.futures
from typing import TYPE_CHECKING, NamedTuple

from PySide6.QtCore import QObject

from app.core.refs import AppRef

from .crossing import Courier
from .runner import Runner

if TYPE_CHECKING:
    from app.schema.draft import Draft
    from app.services.suite import Services

_TITLE = "Keep the staged edits"


class _Ended(NamedTuple):
    ref: AppRef
    future: concurrent.futures.Future[None]


class DraftKeeper(QObject):
    """Saves one draft of an app after the other, the newest last. It belongs to the runner, not to a tab: a save
    goes on when its tab is closed, and is waited for when the program ends."""

    def __init__(self, runner: Runner) -> None:
        super().__init__(runner)
        self._runner = runner
        self._next: dict[AppRef, Draft | None] = {}
        self._saving: dict[AppRef, concurrent.futures.Future[None]] = {}
        self._ended: Courier[_Ended] = Courier(self, self._settle)

    def keep(self, ref: AppRef, draft: Draft | None) -> None:
        """Save this draft as soon as the one before is saved; None forgets it."""
        self._next[ref] = draft
        if ref not in self._saving:
            self._save(ref)

    @property
    def is_idle(self) -> bool:
        return not self._saving

    def close(self) -> list[concurrent.futures.Future[None]]:
        """What the end of the program must wait for: every save that runs, and the last word on each app."""
        running = list(self._saving.values())
        for ref in list(self._next):
            self._save(ref)
        return [*running, *(each for each in self._saving.values() if each not in running)]

    def _save(self, ref: AppRef) -> None:
        draft = self._next.pop(ref)
        if not self._runner.engine.is_running:
            return
        before = self._saving.get(ref)

        async def save(services: Services) -> None:
            if before is not None:
                import asyncio

                await asyncio.wait([asyncio.wrap_future(before)])
            await services.workshop.save_draft(ref, draft)

        future = self._runner.engine.submit(save)
        self._saving[ref] = future
        courier = self._ended
        future.add_done_callback(lambda ended: courier.send(_Ended(ref, ended)))

    def _settle(self, ended: _Ended) -> None:
        ref, future = ended
        if self._saving.get(ref) is future:
            del self._saving[ref]
        error = None if future.cancelled() else future.exception()
        if error is not None:
            self._runner.route(error, _TITLE)
        if ref in self._next and ref not in self._saving:
            self._save(ref)


def draft_keeper(runner: Runner) -> DraftKeeper:
    """The one keeper of this runner."""
    found = runner.findChild(DraftKeeper)
    return found if isinstance(found, DraftKeeper) else DraftKeeper(runner)
