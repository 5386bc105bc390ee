"""Which app follows which template, and in which version."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable
from typing import NamedTuple, Protocol

from app.core.refs import AppRef

_logger = logging.getLogger(__name__)


class Followed(NamedTuple):
    """``template`` is the name of one, "" where the app follows none on purpose."""

    template: str
    version: int


class FollowedStore(Protocol):
    """What is needed of the local database; its methods block."""

    def put_many(self, followed: Iterable[tuple[AppRef, str, int]]) -> None: ...

    def of(self, connection_id: str) -> dict[str, tuple[str, int]]: ...

    def remove(self, ref: AppRef) -> None: ...


class NothingKept:
    """For a session that remembers nothing of it."""

    def put_many(self, followed: Iterable[tuple[AppRef, str, int]]) -> None:
        pass

    def of(self, connection_id: str) -> dict[str, tuple[str, int]]:
        return {}

    def remove(self, ref: AppRef) -> None:
        pass


class Following:
    """Answers from memory, so that a list of 100,000 apps can ask; lives on the engine's loop."""

    def __init__(self, store: FollowedStore) -> None:
        self._store = store
        self._known: dict[AppRef, Followed] = {}
        self._writing: set[asyncio.Task[None]] = set()

    async def load(self, connection_ids: Iterable[str]) -> None:
        ids = tuple(connection_ids)
        for connection_id, found in zip(ids, await asyncio.to_thread(self._read, ids), strict=True):
            self._known |= {AppRef(connection_id, app_id): Followed(*each) for app_id, each in found.items()}

    def _read(self, connection_ids: tuple[str, ...]) -> list[dict[str, tuple[str, int]]]:
        return [self._store.of(each) for each in connection_ids]

    def get(self, ref: AppRef) -> Followed | None:
        """None where nothing is remembered: then it may be guessed."""
        return self._known.get(ref)

    def followers(self, template: str) -> tuple[AppRef, ...]:
        return tuple(ref for ref, each in self._known.items() if each.template == template)

    async def put(self, ref: AppRef, template: str, version: int) -> None:
        """Raises NotFound when the connection is gone."""
        await self.put_many([(ref, template, version)])

    async def put_many(self, followed: Iterable[tuple[AppRef, str, int]]) -> None:
        """Raises NotFound when a connection is gone."""
        entries = [each for each in followed if self._known.get(each[0]) != each[1:]]
        if entries:
            await asyncio.to_thread(self._store.put_many, entries)
            self._known |= {ref: Followed(template, version) for ref, template, version in entries}

    def caught_up(self, ref: AppRef, template: str, version: int) -> None:
        """The app was seen to be as this version has it; kept in the background, where it follows this template."""
        known = self._known.get(ref)
        if known is None or known.template != template or known.version == version:
            return
        self._known[ref] = known._replace(version=version)
        task = asyncio.ensure_future(self._write(ref, template, version))
        self._writing.add(task)
        task.add_done_callback(self._writing.discard)

    async def forget(self, ref: AppRef) -> None:
        """The app is gone."""
        if self._known.pop(ref, None) is not None:
            await asyncio.to_thread(self._store.remove, ref)

    def forget_connection(self, connection_id: str) -> None:
        """The connection was removed, and what the local database had of it with it."""
        self._known = {ref: each for ref, each in self._known.items() if ref.connection_id != connection_id}

    async def aclose(self) -> None:
        await asyncio.gather(*self._writing, return_exceptions=True)

    async def _write(self, ref: AppRef, template: str, version: int) -> None:
        try:
            await asyncio.to_thread(self._store.put_many, [(ref, template, version)])
        except Exception:
            # It is seen again with the next refresh.
            _logger.info("The version of a followed template could not be kept", exc_info=True)
