"""Locked connections: unlocked with intent, for a limited time, and locked again by themselves.

Everything that writes asks here, through the gate of its client, at the moment at which it would be sent.
"""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol

from app.core.changes import Changes
from app.core.connection import Connection, Environment
from app.core.errors import FieldError, Invalid, KnownError, Locked, NotFound
from app.core.gate import current_act
from app.core.text import plain
from app.core.words import counted

if TYPE_CHECKING:
    from app.services.audit import AuditStore
    from app.services.hub import ChangeHub

_logger = logging.getLogger(__name__)
LONGEST_MINUTES = 240
# How often is looked whether time is up, while something is unlocked: a timer alone sleeps while the machine does.
_LOOK_EVERY_S = 1.0


def awake_and_asleep() -> float:
    """Seconds that only ever go on; with the time that the machine sleeps, where the system counts it."""
    clock = getattr(time, "CLOCK_BOOTTIME", None)
    return time.clock_gettime(clock) if clock is not None else time.monotonic()


@dataclass(frozen=True, slots=True)
class Unlocked:
    """Writes are open on a connection from ``since`` to ``until`` (seconds since the epoch) or for ``left_s`` seconds
    of the running clock, counted when this was made: whichever ends first."""

    connection_id: str
    since: float
    until: float
    left_s: float


@dataclass(frozen=True, slots=True)
class _Opening:
    """By both clocks: one that was set back, and one that stood still, must not make it longer."""

    since: float
    until: float
    running_until: float

    def left_s(self, now: float, running: float) -> float:
        if now < self.since:
            return 0.0
        return max(0.0, min(self.until - now, self.running_until - running))


class Find(Protocol):
    def __call__(self, connection_id: str) -> Connection | None: ...


class Guards:
    """``unlock`` and ``lock`` belong to the engine's loop; all else may be asked from any thread."""

    def __init__(
        self,
        find: Find,
        hub: ChangeHub,
        audit: AuditStore,
        *,
        clock: Callable[[], float] = time.time,
        running: Callable[[], float] = awake_and_asleep,
    ) -> None:
        self._find = find
        self._hub = hub
        self._audit = audit
        self._clock = clock
        self._running = running
        self._openings: dict[str, _Opening] = {}
        self._lock = threading.Lock()
        self._watch: asyncio.Task[None] | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    # Asked where requests are sent

    def gate_of(self, connection: Connection) -> ConnectionGate:
        return ConnectionGate(self, connection)

    def is_unlocked(self, connection_id: str) -> bool:
        """Whether its time is not over, this moment."""
        return self._left_s(connection_id) > 0

    def refused(self, connection_id: str) -> None:
        """A write was kept back. Any thread: whoever began it is told, what works by itself is not."""
        act = current_act()
        if act is None or not act.is_asked or self._loop is None:
            return
        changes = Changes(refused=frozenset((connection_id,)))
        try:
            self._loop.call_soon_threadsafe(self._hub.publish, changes)
        except RuntimeError:
            _logger.debug("A write was refused while the program ended")

    # What is unlocked

    def all(self) -> tuple[Unlocked, ...]:
        """What is unlocked now."""
        with self._lock:
            openings = tuple(self._openings.items())
        now, running = self._clock(), self._running()
        found = ((key, each, each.left_s(now, running)) for key, each in openings)
        return tuple(Unlocked(key, each.since, each.until, left) for key, each, left in found if left > 0)

    def shown(self, connection: Connection) -> Connection:
        """The connection as it is now: a read-only one that is unlocked takes writes."""
        if not connection.needs_unlocking or not self.is_unlocked(connection.id):
            return connection
        return replace(connection, is_read_only=False, is_opened=connection.is_read_only, is_unlocked=True)

    async def unlock(self, connection_id: str, minutes: int, *, typed: str = "") -> Unlocked:
        """Let writes through for so long. In production ``typed`` is the connection's name.

        Raises NotFound, and Invalid with the field ``typed`` or ``minutes``.
        """
        connection = self._find(connection_id)
        if connection is None:
            raise NotFound("This connection was removed.")
        if not 0 < minutes <= LONGEST_MINUTES:
            message = f"From 1 to {LONGEST_MINUTES} minutes."
            raise Invalid("It cannot be unlocked for so long.", fields=(FieldError("minutes", message),))
        if connection.environment is Environment.PRODUCTION and typed.strip() != connection.label.strip():
            message = "Type the connection's name, exactly as it is."
            raise Invalid("This is production: nothing was unlocked.", fields=(FieldError("typed", message),))
        self._loop = asyncio.get_running_loop()
        now = self._clock()
        # In the trail before it takes effect.
        await self._record(connection_id, "unlock", f"{plain(connection.label, 80)} for {counted(minutes, 'minute')}")
        with self._lock:
            self._openings[connection_id] = _Opening(now, now + minutes * 60, self._running() + minutes * 60)
        self._publish(connection_id)
        if self._watch is None or self._watch.done():
            self._watch = asyncio.create_task(self._watch_over())
        return Unlocked(connection_id, now, now + minutes * 60, minutes * 60.0)

    async def lock(self, connection_id: str) -> bool:
        """At once: no new write begins. False where it was locked already."""
        if not self._close(connection_id):
            return False
        self._publish(connection_id)
        await self._record(connection_id, "lock", "by the operator")
        return True

    async def aclose(self) -> None:
        """The end of the program locks everything; what is unlocked is kept nowhere."""
        watch, self._watch = self._watch, None
        if watch is not None:
            watch.cancel()
            await asyncio.gather(watch, return_exceptions=True)
        for each in tuple(self._openings):
            self._close(each)
            await self._record(each, "lock", "at the end of the program")

    def listen(self) -> None:
        """Refusals are told on the running loop."""
        self._loop = asyncio.get_running_loop()

    # Inside

    def _left_s(self, connection_id: str) -> float:
        with self._lock:
            opening = self._openings.get(connection_id)
        return 0.0 if opening is None else opening.left_s(self._clock(), self._running())

    def _close(self, connection_id: str) -> bool:
        with self._lock:
            return self._openings.pop(connection_id, None) is not None

    async def _watch_over(self) -> None:
        while self._openings:
            await asyncio.sleep(_LOOK_EVERY_S)
            await self.look()

    async def look(self) -> None:
        """Tell of what is locked again; the gates themselves do not wait for it."""
        for connection_id in tuple(self._openings):
            if self._left_s(connection_id) <= 0 and self._close(connection_id):
                self._publish(connection_id)
                await self._record(connection_id, "lock", "its time was over")

    def _publish(self, connection_id: str) -> None:
        self._hub.publish(Changes(guards=frozenset((connection_id,)), connections=True))

    async def _record(self, connection_id: str, action: str, detail: str) -> None:
        from app.services.operator import operator_name

        entry = (operator_name(), self._clock(), connection_id, "", action, "done", detail)
        try:
            await asyncio.shield(asyncio.to_thread(self._audit.add, *entry))
        except KnownError as error:
            # Locking must not fail for want of a disk; unlocking without a trace must.
            if action == "unlock":
                raise
            _logger.warning("The trail did not take that a connection was locked: %s", error.sentence)


class ConnectionGate:
    """What a client of a connection asks; see ``core.gate.Gate``."""

    def __init__(self, guards: Guards, connection: Connection) -> None:
        self._guards = guards
        self._id = connection.id
        self._label = plain(connection.label, 60)
        self._is_kept_read_only = connection.is_kept_read_only
        self._needs_unlocking = connection.needs_unlocking

    @property
    def is_read_only(self) -> bool:
        return self._is_kept_read_only and not self._guards.is_unlocked(self._id)

    def admit(self, doing: str) -> None:
        if not self._needs_unlocking:
            return
        act = current_act()
        if self._guards.is_unlocked(self._id):
            if act is not None:
                act.admit(self._id)
            return
        if act is not None and act.is_admitted(self._id):
            return
        self._guards.refused(self._id)
        why = "read-only" if self._is_kept_read_only else "locked"
        raise Locked(f"Could not {doing}: {self._label} is {why}, and nothing was sent.", self._id)
