"""Schemas that an app had: each push and each refresh that saw a change keeps one."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Protocol, cast

from app.core.errors import NotFound
from app.core.refs import AppRef
from app.schema.formats.model_json import from_text, to_text
from app.schema.model import Schema
from app.services.workshop_words import SchemaVersion, VersionOrigin

if TYPE_CHECKING:
    from app.services.catalog import SchemaSnapshot


class VersionStore(Protocol):
    """What is needed of the local database; its methods block."""

    def add(
        self, ref: AppRef, fingerprint: str, at: float, origin: str, note: str, schema: Callable[[], str]
    ) -> bool: ...

    def all(self, ref: AppRef) -> tuple[Any, ...]: ...

    def text(self, ref: AppRef, fingerprint: str) -> str | None: ...


class SchemaVersions:
    """The newest 50 of each app, in the local database."""

    def __init__(self, store: VersionStore) -> None:
        self._store = store

    async def keep(self, ref: AppRef, snapshot: SchemaSnapshot, pushed: str | None = None) -> bool:
        """False where the newest one is the same already. Raises what the database does."""
        origin: VersionOrigin = "seen" if pushed is None else "push"
        values = (snapshot.fingerprint, snapshot.read_at, origin, pushed or "")
        return await asyncio.to_thread(self._store.add, ref, *values, lambda: to_text(snapshot.schema))

    async def all(self, ref: AppRef) -> tuple[SchemaVersion, ...]:
        """The newest first."""
        kept = await asyncio.to_thread(self._store.all, ref)
        return tuple(
            SchemaVersion(ref, each.fingerprint, each.at, cast(VersionOrigin, each.origin), each.note) for each in kept
        )

    async def find(self, ref: AppRef, fingerprint: str) -> Schema | None:
        """None where it is not kept, or was written by a version of Tenantry that this one cannot read."""
        return await asyncio.to_thread(self._find, ref, fingerprint)

    async def get(self, ref: AppRef, fingerprint: str) -> Schema:
        schema = await self.find(ref, fingerprint)
        if schema is None:
            raise NotFound(
                f"The version {fingerprint} of this schema is not kept any more.",
                remedy="Choose a newer version.",
            )
        return schema

    def _find(self, ref: AppRef, fingerprint: str) -> Schema | None:
        try:
            text = self._store.text(ref, fingerprint)
            return None if text is None else from_text(text)
        except ValueError:
            return None
