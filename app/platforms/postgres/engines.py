"""SQL on threads of its own: one engine for all databases of a client, a bounded pool, statements that can be stopped.

Every database is connected to anew and let go at once (``NullPool``): with a thousand stores, connections that wait for
work are what servers run out of. SQLAlchemy and the drivers are imported with the first statement.
"""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar

from app.core.activity import ActivityEntry
from app.core.errors import BadAnswer, Unreachable
from app.core.gate import Gate
from app.core.text import plain
from app.platforms.recording import SqlDetails

from . import errors, opening
from .dsn import Place
from .limits import READ, Limits
from .sql_lines import first_words

if TYPE_CHECKING:
    import sqlalchemy as sa

T = TypeVar("T")
OnCall = Callable[[ActivityEntry], None]
_SETTLE_S = 10.0
_MOST_NAMES = 50


class Stopped(Exception):
    """The work was cancelled; whoever asked for it has gone."""


@dataclass(slots=True, eq=False)
class _Job:
    """One piece of work on its thread. ``raw`` is the driver's connection while one is open. ``is_read_only``: the
    server itself is told to take no writes. What writes was let through the gate."""

    place: Place
    limits: Limits
    doing: str
    tell: Callable[[ActivityEntry], None]
    raw: Any = None
    is_stopped: bool = False
    is_committing: bool = False
    is_read_only: bool = False
    lock: threading.Lock = field(default_factory=threading.Lock)

    def holds(self, raw: Any) -> None:
        with self.lock:
            self.raw = raw

    def check(self) -> None:
        if self.is_stopped:
            raise Stopped

    def stop(self) -> None:
        """No further statement starts, and the one that runs is asked to end. Blocks for a moment."""
        with self.lock:
            self.is_stopped = True
            if self.raw is not None:
                opening.stop(self.raw)


class Engines:
    """Runs work against places. Lives on one event loop and is closed by whoever made it."""

    def __init__(
        self, connection_id: str, on_call: OnCall, *, gate: Gate, threads: int, connect_timeout_s: float
    ) -> None:
        self._connection_id = connection_id
        self._on_call = on_call
        self.gate = gate
        self.opener = opening.Opener(connect_timeout_s)
        self._threads = ThreadPoolExecutor(max(2, threads), "tenantry-sql")
        self._stoppers = ThreadPoolExecutor(2, "tenantry-sql-stop")
        self._engines: dict[bool, sa.Engine] = {}
        self._making = threading.Lock()
        self._current = threading.local()
        self._jobs: set[_Job] = set()
        self._is_closed = False

    async def run(self, place: Place, work: Callable[[sa.Connection], T], *, doing: str, limits: Limits = READ) -> T:
        """The work's own result; what it did is committed at its end. ``doing`` completes "Could not …".

        The work runs on another thread and blocks there. Cancelling stops its statement, and returns when its
        thread is free again. Work that writes asks the gate here, and once more when its thread is free: it may have
        waited.
        """
        if limits.is_write:
            self.gate.admit(doing)
        if self._is_closed:
            raise _closed(doing)
        job = _Job(place, limits, doing, self._teller())
        self._jobs.add(job)
        # With the act that it belongs to, which the gate asks for.
        around = contextvars.copy_context()
        waiting = asyncio.wrap_future(self._threads.submit(around.run, self._run, job, work))
        waiting.add_done_callback(_seen)
        try:
            return await asyncio.shield(waiting)
        except asyncio.CancelledError:
            await self._end(job, waiting)
            raise
        except Stopped:
            raise _closed(doing) from None
        finally:
            self._jobs.discard(job)

    async def aside(self, work: Callable[[], T], *, doing: str) -> T:
        """Long work that needs no connection, on one of the same threads; goes on to its end when it is cancelled."""
        if self._is_closed:
            raise _closed(doing)
        waiting = asyncio.wrap_future(self._threads.submit(work))
        waiting.add_done_callback(_seen)
        return await asyncio.shield(waiting)

    def ensure_writable(self, doing: str) -> None:
        """Raises ReadOnly."""
        self.gate.admit(doing)

    @property
    def is_switched_off(self) -> bool:
        """Of the work that runs on this thread: whether its connection takes no writes because we said so."""
        job: _Job = self._current.job
        return job.is_read_only

    async def aclose(self) -> None:
        """Stops what runs, and lets the threads end."""
        self._is_closed = True
        await asyncio.gather(*(self._stop(job) for job in tuple(self._jobs)))
        self._threads.shutdown(wait=False)
        self._stoppers.shutdown(wait=False)
        for engine in self._engines.values():
            engine.dispose()

    # On the loop

    async def _end(self, job: _Job, waiting: asyncio.Future[Any]) -> None:
        """A connection that is only being made cannot be stopped: its thread is left to its time-out."""
        await self._stop(job)
        if job.raw is not None:
            await asyncio.wait({waiting}, timeout=_SETTLE_S)
        waiting.cancel()

    async def _stop(self, job: _Job) -> None:
        # After the end of this client its work is stopped already.
        with contextlib.suppress(RuntimeError):
            stopping = asyncio.wrap_future(self._stoppers.submit(job.stop))
            stopping.add_done_callback(_seen)
            await asyncio.shield(stopping)

    def _teller(self) -> Callable[[ActivityEntry], None]:
        loop = asyncio.get_running_loop()

        def tell(entry: ActivityEntry) -> None:
            # A loop that has ended has nobody left to tell.
            with contextlib.suppress(RuntimeError):
                loop.call_soon_threadsafe(self._on_call, entry)

        return tell

    # On a thread

    def _run(self, job: _Job, work: Callable[[sa.Connection], T]) -> T:
        from sqlalchemy import exc

        job.check()
        if job.limits.is_write:
            self.gate.admit(job.doing)
        else:
            job.is_read_only = self.gate.is_read_only
        self._current.job = job
        try:
            return self._worked(job, work)
        except exc.DBAPIError as error:
            # What the stop itself made of the statement is no news.
            job.check()
            known = errors.error_of(error.orig or error, job.doing, job.place, may_have_worked=_may_have_worked(job))
            raise known from None
        finally:
            job.holds(None)
            self._current.job = None

    def _worked(self, job: _Job, work: Callable[[sa.Connection], T]) -> T:
        with self._connection(job) as connection:
            transaction = connection.begin()
            self.opener.prepare(connection, job.place, job.limits, is_read_only=job.is_read_only)
            result = work(connection)
            job.is_committing = True
            transaction.commit()
            return result

    def _connection(self, job: _Job) -> sa.Connection:
        try:
            return self._engine(job.place.dsn.is_sqlite).connect()
        except AssertionError:
            # SQLAlchemy's way to say that the version makes no sense to it.
            raise BadAnswer(
                f"{plain(job.place.dsn.server, 80)} answers, but is no PostgreSQL.", remedy="Check the address."
            ) from None

    def _engine(self, is_sqlite: bool) -> sa.Engine:
        with self._making:
            found = self._engines.get(is_sqlite)
            if found is None:
                found = self._engines[is_sqlite] = self._made(is_sqlite)
            return found

    def _made(self, is_sqlite: bool) -> sa.Engine:
        """One engine for all databases: which one is opened is said by the job of the thread."""
        import sqlalchemy as sa
        from sqlalchemy import event
        from sqlalchemy.pool import NullPool

        common: dict[str, Any] = {"poolclass": NullPool, "hide_parameters": True}
        if is_sqlite:
            engine = sa.create_engine("sqlite://", **common)
        else:
            # Each connection would be asked for a type that no schema here needs.
            engine = sa.create_engine("postgresql+psycopg://", use_native_hstore=False, **common)
        event.listen(engine, "do_connect", self._connect)
        event.listen(engine, "before_cursor_execute", self._before)
        event.listen(engine, "after_cursor_execute", self._after)
        event.listen(engine, "handle_error", self._failed)
        if is_sqlite:
            event.listen(engine, "begin", self._begin_sqlite)
        return engine

    def _connect(self, _dialect: Any, _record: Any, _args: Any, _parameters: Any) -> Any:
        job: _Job = self._current.job
        started = time.perf_counter()
        try:
            raw = self.opener.open(job.place, job.limits, is_read_only=job.is_read_only)
        except Exception as error:
            self._tell(job, "connect", started, is_ok=False, note=errors.state_of(error))
            raise
        self._tell(job, "connect", started)
        job.holds(raw)
        if job.is_stopped:
            raw.close()
            raise Stopped
        return raw

    def _begin_sqlite(self, connection: sa.Connection) -> None:
        """The driver itself begins before some statements only."""
        job: _Job = self._current.job
        if not job.limits.is_autocommit:
            connection.exec_driver_sql("BEGIN IMMEDIATE" if job.limits.is_write else "BEGIN")

    def _before(self, *_arguments: Any) -> None:
        self._current.job.check()
        self._current.started = time.perf_counter()

    def _after(self, _connection: Any, _cursor: Any, statement: str, parameters: Any, *_arguments: Any) -> None:
        details = SqlDetails(statement, _names(parameters))
        self._tell(self._current.job, first_words(statement), self._current.started, details=details)

    def _failed(self, context: Any) -> None:
        if context.statement is not None:
            note = errors.state_of(context.original_exception)
            details = SqlDetails(context.statement, _names(context.parameters))
            words = first_words(context.statement)
            self._tell(self._current.job, words, self._current.started, is_ok=False, note=note, details=details)

    def _tell(
        self,
        job: _Job,
        what: str,
        started: float,
        *,
        is_ok: bool = True,
        note: str = "",
        details: SqlDetails | None = None,
    ) -> None:
        ms = (time.perf_counter() - started) * 1000
        path = f"{plain(_short(job.place), 60)}: {what}"
        # No answer has a number of its own here: what is told is whether there was one, and whether it was good.
        status = 200 if is_ok else 400 if note else 0
        job.tell(ActivityEntry(time.time(), self._connection_id, "SQL", path, status, ms, note, details=details))


def _names(parameters: Any) -> tuple[str, ...]:
    """What the bound values are called; the values themselves stay where they are."""
    first = parameters[0] if isinstance(parameters, list) and parameters else parameters
    if isinstance(first, Mapping):
        return tuple(f":{name}" for name in first)[:_MOST_NAMES]
    return tuple(f"${at + 1}" for at in range(min(len(first or ()), _MOST_NAMES)))


def _short(place: Place) -> str:
    return place.dsn.database.replace("\\", "/").rpartition("/")[2] if place.dsn.is_sqlite else place.dsn.database


def _may_have_worked(job: _Job) -> bool:
    return job.limits.is_write and (job.is_committing or job.limits.is_autocommit)


def _closed(doing: str) -> Unreachable:
    return Unreachable(f"Could not {doing}: the connection was closed.", remedy="Open it again.")


def _seen(future: asyncio.Future[Any]) -> None:
    """Whoever waits gets its error; where nobody waits any more, that is not lost, it is unwanted."""
    if not future.cancelled():
        future.exception()
