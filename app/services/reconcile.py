"""The registry of a foundation against its platform: check, preview, mend; mending again changes nothing."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any, cast

from app.core.apps import AppKind
from app.core.connection import Environment
from app.core.errors import KnownError, NotFound, ReadOnly
from app.core.text import plain
from app.services import registry as reading
from app.services.directory import Progress
from app.services.directory_refresh import WORKERS_LOCAL, WORKERS_REMOTE
from app.services.foundations import foundation_of
from app.services.reconcile_findings import Facts, findings
from app.services.reconcile_mends import Mending, failed, no_rotation, refused
from app.services.reconcile_tokens import dead_tokens
from app.services.reconcile_words import (
    KINDS,
    FindingKind,
    Mend,
    MendOutcome,
    Reconciliation,
    RegistryFinding,
)
from app.services.side_by_side import for_each

if TYPE_CHECKING:
    from app.core.connection import Connection
    from app.services.audit import AuditTrail
    from app.services.clients import ClientPool
    from app.services.connections import ConnectionBook
    from app.services.directory import Directory
    from app.services.foundation import Foundation
    from app.services.reconcile_mends import Rotator, Templates
    from app.services.registry import Registry

__all__ = ["KINDS", "FindingKind", "Mend", "MendOutcome", "Reconciler", "Reconciliation", "RegistryFinding"]

OnProgress = Callable[[Progress], None]
_MENDS_AT_ONCE = 8
_NAME_LIMIT = 60
# Links go before the entries that they belong to; what others become owners of comes last.
_ORDER: tuple[FindingKind, ...] = (
    "several-apps",
    "duplicate-entry",
    "missing-app",
    "unlinked-entry",
    "unowned-app",
    "dead-token",
    "drifted",
)


def _silent(_progress: Progress) -> None:
    pass


class Reconciler:
    """What was found last is kept for each connection, so that choices can be previewed and mended."""

    def __init__(
        self,
        connections: ConnectionBook,
        clients: ClientPool,
        directory: Directory,
        foundation: Foundation,
        templates: Templates,
        rotator: Rotator,
        audit: AuditTrail,
        *,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._connections = connections
        self._clients = clients
        self._directory = directory
        self._foundation = foundation
        self._templates = templates
        self._rotator = rotator
        self._audit = audit
        self._clock = clock
        self._last: dict[str, Reconciliation] = {}
        self._dead: dict[str, dict[str, str]] = {}

    def last(self, connection_id: str) -> Reconciliation | None:
        """As found in this session."""
        return self._last.get(connection_id)

    async def check(
        self, connection_id: str, on_progress: OnProgress = _silent, *, tokens: bool = False
    ) -> Reconciliation:
        """List the apps, read the registry and the schemas, and compare.

        ``tokens``: try each admin token of the registry too, a few at a time. Raises NotFound where the connection has
        no foundation, and the error that kept it from being read.
        """
        connection = self._named(connection_id)
        for failure in await self._directory.refresh([connection_id], on_progress):
            raise failure.error
        _registry, error = self._directory.known_registry(connection_id)
        if error is not None:
            raise error
        # A refresh that ran already was joined: it may have read the registry before the last mend.
        registry = await self._directory.reread_registry(connection_id)
        client = cast(Any, await self._clients.get(connection_id))
        tried, untried = 0, 0
        self._dead[connection_id] = {}
        if tokens:
            self._dead[connection_id], tried, untried = await self._try_tokens(
                connection, registry, client, on_progress
            )
        facts = self._facts(connection, registry, client)
        found = await asyncio.to_thread(findings, facts)
        notes = _notes(connection, registry, untried)
        counts = _counts(found, facts, tried)
        self._last[connection_id] = Reconciliation(connection_id, found, counts, registry.read_at, notes)
        return self._last[connection_id]

    async def preview(self, connection_id: str, choices: Mapping[str, str]) -> tuple[str, ...]:
        """What ``mend`` would do, a sentence for each choice (finding key → mend key) in the order of the doing.

        Raises NotFound for a choice that the last check does not offer, and the client's errors.
        """
        chosen = self._chosen(connection_id, choices)
        owners = await self._owners(connection_id, chosen)
        return tuple(_previewed(mend, choice, owners) for _finding, mend, choice in chosen)

    async def mend(
        self, connection_id: str, choices: Mapping[str, str], on_progress: OnProgress = _silent
    ) -> tuple[MendOutcome, ...]:
        """Do what was chosen, each finding by itself: one that fails does not keep the others from being mended.

        The registry is read again before; a finding that is not there any more is left alone. Raises ReadOnly, NotFound
        for a choice that the last check does not offer, and the client's errors where nothing was done.
        """
        connection = self._named(connection_id)
        if connection.is_read_only:
            raise ReadOnly(
                f"{connection.label} is a read-only connection: nothing was mended.",
                remedy="Edit the connection to allow writes, or use another one.",
            )
        chosen = self._chosen(connection_id, choices)
        client = cast(Any, await self._clients.get(connection_id))
        writer = await self._foundation.writer(connection_id)
        registry = await self._directory.registry(connection_id)
        facts = await asyncio.to_thread(self._facts, connection, registry, client)
        still = {each.key: each for each in await asyncio.to_thread(findings, facts)}
        mending = Mending(registry, client, writer, self._foundation, self._templates, self._rotator)
        outcomes: dict[str, MendOutcome] = {}

        async def mend_one(item: tuple[RegistryFinding, Mend, str]) -> None:
            finding, mend, choice = item
            outcomes[finding.key] = await self._mended(mending, still.get(finding.key), finding, mend, choice)
            on_progress(Progress(len(outcomes), len(chosen), "Mending"))

        for kind in _ORDER:
            await for_each([each for each in chosen if each[0].kind == kind], mend_one, _MENDS_AT_ONCE)
        with suppress(KnownError):
            await self._directory.reread_registry(connection_id)
        return tuple(outcomes[each] for each in choices)

    # Small parts

    async def _mended(
        self, mending: Mending, now: RegistryFinding | None, finding: RegistryFinding, mend: Mend, choice: str
    ) -> MendOutcome:
        if now is None:
            return MendOutcome(finding.key, True, "Nothing to do any more.")
        try:
            if mend.refusal:
                raise refused(mend.refusal)
            async with self._audit.recorded(finding.refs[0], f"mend {finding.kind}", f"{mend.label} ({choice})"):
                return await mending.mend(now, choice)
        except KnownError as error:
            return failed(finding.key, error)

    def _named(self, connection_id: str) -> Connection:
        connection = self._connections.get(connection_id)
        foundation_of(connection)
        return connection

    def _facts(self, connection: Connection, registry: Registry, client: Any) -> Facts:
        return Facts(
            registry=registry,
            apps=self._directory.apps_of(connection.id),
            drifts=dict(self._directory.drifts_of(connection.id)),
            dead_tokens=self._dead.get(connection.id, {}),
            no_rotation=no_rotation(client, connection.label),
        )

    async def _try_tokens(
        self, connection: Connection, registry: Registry, client: Any, on_progress: OnProgress
    ) -> tuple[dict[str, str], int, int]:
        """The dead ones, how many were to be tried, and how many could not be."""
        names = await self._foundation.map(connection.id)
        held = await reading.read_tokens(client, registry.foundation_app_id, names)
        listed = {each.app_id for each in self._directory.apps_of(connection.id) if each.state != "missing"}
        claims = [each for each in registry.claims if each.kind is AppKind.TASK and each.app_id in listed]
        workers = WORKERS_LOCAL if connection.environment is Environment.LOCAL else WORKERS_REMOTE

        def told(done: int) -> None:
            on_progress(Progress(done, len(claims), f"{connection.label}: trying admin tokens"))

        dead, untried = await dead_tokens(client, claims, held, workers, told)
        return dead, len(claims), untried

    def _chosen(self, connection_id: str, choices: Mapping[str, str]) -> list[tuple[RegistryFinding, Mend, str]]:
        last = self._last.get(connection_id)
        known = {each.key: each for each in last.findings} if last else {}
        chosen: list[tuple[RegistryFinding, Mend, str]] = []
        for key, choice in choices.items():
            finding = known.get(key)
            mend = finding.mend(choice) if finding is not None else None
            if finding is None or mend is None:
                raise NotFound("This finding, or this way to mend it, is not there any more.", remedy="Check again.")
            chosen.append((finding, mend, choice))
        return sorted(chosen, key=lambda each: _ORDER.index(each[0].kind))

    async def _owners(
        self, connection_id: str, chosen: Iterable[tuple[RegistryFinding, Mend, str]]
    ) -> dict[str, tuple[str, bool]]:
        """By ID, the names of those that apps are to be linked to, and whether they have an app already."""
        asked = {_owner_id(choice): mend.asks for _finding, mend, choice in chosen if mend.asks}
        if not asked:
            return {}
        writer = await self._foundation.writer(connection_id)
        found: dict[str, tuple[str, bool]] = {}
        for owner_id, kind in asked.items():
            owner, _record = await (writer.task(owner_id) if kind == "task" else writer.user(owner_id))
            if owner is not None:
                found[owner_id] = (plain(owner.name, _NAME_LIMIT), bool(owner.app_ids))
        return found


def _owner_id(choice: str) -> str:
    return choice.partition(":")[2]


def _previewed(mend: Mend, choice: str, owners: Mapping[str, tuple[str, bool]]) -> str:
    if mend.refusal:
        return f"{mend.label}: will not be done. {mend.refusal}"
    if not mend.asks:
        return mend.sentence
    name, has_one = owners.get(_owner_id(choice), ("", False))
    if not name:
        return f"{mend.label}: will not be done. This {mend.asks} is not in the foundation any more."
    refusal = f" It will be refused: the {mend.asks} has an app already." if has_one else ""
    return f"{mend.sentence} {name}.{refusal}"


def _counts(found: Iterable[RegistryFinding], facts: Facts, tokens: int) -> dict[str, int]:
    kinds = Counter(each.kind for each in found)
    compared = {"entries": len(facts.registry.claims), "apps": len(facts.listed), "tokens": tokens}
    return compared | {each: kinds[each] for each in KINDS}


def _notes(connection: Connection, registry: Registry, untried: int) -> tuple[str, ...]:
    notes = []
    if not registry.is_complete:
        notes.append(
            f"The registry of {connection.label} is too large to be read to its end: apps that nobody owns are not "
            "pointed out."
        )
    if untried:
        notes.append(f"{untried} admin {'token' if untried == 1 else 'tokens'} could not be tried.")
    return tuple(notes)
