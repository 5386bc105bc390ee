"""The only crossing between the window and the engine.

Widgets hand in work and say what to do with its result; they never write ``try/except`` around input and output,
never wait, and never hear of work whose widget is gone.
"""

from __future__ import annotations

import concurrent.futures
import itertools
import logging
import time
from collections import deque
from collections.abc import Awaitable, Callable, Iterable
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, TypeVar, cast

from PySide6.QtCore import QObject, QTimer, Signal

from app.core.errors import KnownError
from app.ui.work.crossing import Courier, part_of_window
from app.ui.work.engine_news import EngineNews
from app.ui.work.jobs import SHOWN_AFTER_S, Job, JobState, ProgressReporter
from app.ui.work.scope import Scopes, is_alive

if TYPE_CHECKING:
    import asyncio

    from app.services.suite import Services

# Who hands work in takes from here what tells of it.
__all__ = ["SHOWN_AFTER_S", "Job", "JobState", "ProgressReporter", "Reach", "Runner", "Ticket"]

T = TypeVar("T")
_logger = logging.getLogger(__name__)

_KEPT_ENDED = 100


class Reach(Protocol):
    """What the runner needs of the engine (see ``app.services.engine.Engine``)."""

    @property
    def is_running(self) -> bool: ...

    def start(self, build: Callable[[], Awaitable[Services]] | None = None) -> None: ...

    def submit(self, work: Callable[[Services], Awaitable[T]]) -> concurrent.futures.Future[T]: ...

    def stop(self, timeout_s: float = ...) -> bool: ...


class Ticket:
    """A hold on work that was started; keeping it is optional."""

    def __init__(self, runner: Runner, key: int) -> None:
        self._runner = runner
        self.key = key

    def cancel(self) -> None:
        """End it; neither ``done`` nor ``failed`` is called any more. Harmless when it has ended."""
        self._runner.cancel(self.key)

    @property
    def is_running(self) -> bool:
        return self._runner.is_working(self.key)


class _Work:
    """The runner's own record of one piece of work."""

    __slots__ = (
        "done",
        "dropped",
        "failed",
        "future",
        "is_quiet",
        "key",
        "leave",
        "owner",
        "raised",
        "replaces",
        "reporter",
        "started_at",
        "task",
        "title",
    )

    def __init__(self, key: int, owner: QObject, title: str) -> None:
        self.key = key
        self.owner = owner
        self.title = title
        self.started_at = time.time()
        self.task: Callable[[Services], Awaitable[Any]] | None = None
        self.future: concurrent.futures.Future[Any] | None = None
        self.done: Callable[[Any], None] | None = None
        self.failed: Callable[[KnownError], bool] | None = None
        self.raised: Callable[[BaseException], None] | None = None
        self.dropped: Callable[[], None] = _nothing
        self.replaces: str | None = None
        self.reporter: ProgressReporter | None = None
        self.leave: Callable[[], None] = _nothing
        self.is_quiet = False


class _Ended(NamedTuple):
    """What the engine's thread tells of work."""

    key: int
    future: concurrent.futures.Future[Any]


class Runner(QObject):
    """Runs work on the engine and brings its result to the UI thread. All methods: UI thread."""

    changed = Signal(object)  # Changes, merged over a few frames
    activity = Signal(object)  # tuple[ActivityEntry, ...], the new calls
    busy_changed = Signal(int)  # how many pieces of work run (quiet ones not counted)
    jobs_changed = Signal()  # a job began to be worth telling of, or ended
    known_error = Signal(object, str)  # KnownError that nobody showed, title of the work
    bug_found = Signal(object, str)  # any other exception, title of the work (logged already)
    ready = Signal()  # the services are built

    def __init__(self, engine: Reach, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._engine = engine
        self._keys = itertools.count(1)
        self._running: dict[int, _Work] = {}
        self._ended: deque[Job] = deque(maxlen=_KEPT_ENDED)
        self._waiting: list[_Work] = []
        self._scopes = Scopes()
        self._is_closing = False
        self._news = EngineNews(self)
        self._news.changed.connect(self.changed)
        self._news.activity.connect(self.activity)
        # Errors that nobody took on other threads.
        self.escaped: Courier[BaseException] = Courier(self, self._route_escaped)
        self._ended_work: Courier[_Ended] = Courier(self, self._settle)
        if engine.is_running:
            self._attach()

    # Starting and ending

    def open(self, build: Callable[[], Awaitable[Services]] | None = None) -> None:
        """Start the engine; work that was handed in before begins now."""
        self._engine.start(build)
        self._attach()

    def close(self) -> None:
        """Cancel everything; nothing is started or delivered any more."""
        self._is_closing = True
        for key in tuple(self._running):
            self.cancel(key)
        self._news.close()
        self._ended_work.end()

    @property
    def engine(self) -> Reach:
        return self._engine

    # Work

    def start(
        self,
        work: Callable[[Services], Awaitable[T]],
        *,
        owner: QObject,
        title: str,
        done: Callable[[T], None] | None = None,
        failed: Callable[[KnownError], bool] | None = None,
        cancelled: Callable[[], None] | None = None,
        replaces: str | None = None,
        reporter: ProgressReporter | None = None,
        quiet: bool = False,
    ) -> Ticket:
        """Run ``work`` on the engine.

        ``done`` or ``failed`` is called on the UI thread, never after ``owner`` was destroyed. ``failed`` returns
        True when it has shown the error; otherwise the router does. ``cancelled`` is called when the work ended
        without either (but not when the owner is gone). A newer request with the same ``owner`` and ``replaces``
        cancels the older. ``title`` is what the jobs panel says; ``quiet`` work is not shown there.
        """
        item = self._make(work, owner, title, replaces, reporter)
        item.done, item.failed, item.is_quiet = cast(Any, done), failed, quiet
        if cancelled is not None:
            item.dropped = lambda: cancelled() if is_alive(owner) else None
        return self._begin(item)

    async def run(
        self,
        work: Callable[[Services], Awaitable[T]],
        *,
        owner: QObject,
        title: str,
        replaces: str | None = None,
        reporter: ProgressReporter | None = None,
    ) -> T:
        """The same for coroutines on the UI thread: returns the result or raises the error.

        Raises CancelledError where the work is cancelled, replaced, or its owner destroyed.
        """
        import asyncio

        waiting: asyncio.Future[T] = asyncio.get_running_loop().create_future()

        def finish(value: T) -> None:
            if not waiting.done():
                waiting.set_result(value)

        def fail(error: BaseException) -> None:
            if not waiting.done():
                waiting.set_exception(error)

        item = self._make(work, owner, title, replaces, reporter)
        item.done, item.raised, item.dropped = finish, fail, _canceller(waiting)
        self._begin(item)
        try:
            return await waiting
        finally:
            self.cancel(item.key)

    def cancel(self, key: int) -> None:
        item = self._running.get(key)
        if item is None:
            return
        self._finish(item, JobState.CANCELLED, "cancelled")
        if item.future is not None:
            item.future.cancel()
        if item in self._waiting:
            self._waiting.remove(item)
        item.dropped()

    def is_working(self, key: int) -> bool:
        return key in self._running

    def jobs(self) -> tuple[Job, ...]:
        """What runs and is worth telling of, newest last, then what ended, newest first."""
        running = [self._job(item) for item in self._running.values() if not item.is_quiet]
        return (*(job for job in running if job.is_slow), *reversed(self._ended))

    def route(self, error: BaseException, title: str) -> None:
        """The three ways of an error that nobody has shown: silence, its sentence, or a report of a bug."""
        if isinstance(error, concurrent.futures.CancelledError) or _is_cancellation(error):
            return
        if isinstance(error, KnownError):
            self.known_error.emit(error, title)
            return
        _logger.error("%s failed", title, exc_info=error)
        self.bug_found.emit(error, title)

    # Inside

    def _route_escaped(self, error: BaseException) -> None:
        self.route(error, "Work in the background")

    def _make(
        self,
        work: Callable[[Services], Awaitable[Any]],
        owner: QObject,
        title: str,
        replaces: str | None,
        reporter: ProgressReporter | None,
    ) -> _Work:
        held = part_of_window(work)
        if held is not None:
            # Not refused: it goes wrong seldom, and whoever uses the program is not to pay for it.
            _logger.warning("“%s” takes a %s to the engine's thread", title, type(held).__name__)
        item = _Work(next(self._keys), owner, title)
        item.task, item.replaces, item.reporter = work, replaces, reporter
        return item

    def _begin(self, item: _Work) -> Ticket:
        ticket = Ticket(self, item.key)
        if self._is_closing:
            item.dropped()
            return ticket
        self._running[item.key] = item
        item.leave = self._scopes.enter(item.owner, item.key, ticket.cancel, item.replaces)
        if self._engine.is_running:
            self._submit(item)
        else:
            self._waiting.append(item)
        if not item.is_quiet:
            self._count()
            QTimer.singleShot(int(SHOWN_AFTER_S * 1000) + 20, self, self.jobs_changed.emit)
        return ticket

    def _attach(self) -> None:
        self.start(self._news.subscribe, owner=self, title="Start", done=self._attached, quiet=True)
        waiting, self._waiting = self._waiting, []
        for item in waiting:
            self._submit(item)

    def _attached(self, unsubscribe: Iterable[Callable[[], None]]) -> None:
        self._news.keep(unsubscribe)
        self.ready.emit()

    def _submit(self, item: _Work) -> None:
        assert item.task is not None
        future = item.future = self._engine.submit(item.task)
        item.task = None
        # The future is told of no more than the key: the engine's thread may be the last that holds it.
        courier, key = self._ended_work, item.key
        future.add_done_callback(lambda ended: courier.send(_Ended(key, ended)))

    def _settle(self, ended: _Ended) -> None:
        item, future = self._running.get(ended.key), ended.future
        if item is None:
            return
        if future.cancelled():
            self.cancel(item.key)
            return
        error = future.exception()
        note = "" if error is None else _sentence(error)
        self._finish(item, JobState.DONE if error is None else JobState.FAILED, note)
        if not is_alive(item.owner):
            return
        if error is None:
            if item.done is not None:
                item.done(future.result())
        else:
            self._fail(item, error)

    def _fail(self, item: _Work, error: BaseException) -> None:
        if item.raised is not None:
            item.raised(error)
            return
        if isinstance(error, KnownError) and item.failed is not None and item.failed(error):
            return
        self.route(error, item.title)

    def _finish(self, item: _Work, state: JobState, note: str) -> None:
        del self._running[item.key]
        item.leave()
        job = self._job(item)._replace(state=state, ended_at=time.time(), note=note)
        if item.is_quiet:
            return
        if job.is_slow or state is JobState.FAILED:
            self._ended.append(job)
            self.jobs_changed.emit()
        self._count()

    def _job(self, item: _Work) -> Job:
        done, total, text = item.reporter.read() if item.reporter else (0, 0, "")
        return Job(item.key, item.title, JobState.RUNNING, item.started_at, 0.0, done, total, text)

    def _count(self) -> None:
        self.busy_changed.emit(sum(not item.is_quiet for item in self._running.values()))


def _nothing() -> None:
    return None


def _canceller(future: asyncio.Future[Any]) -> Callable[[], None]:
    def cancel() -> None:
        future.cancel()

    return cancel


def _sentence(error: BaseException) -> str:
    return error.sentence if isinstance(error, KnownError) else f"Internal error: {type(error).__name__}"


def _is_cancellation(error: BaseException) -> bool:
    # Named, not imported: asyncio stays out of the first paint where nothing else needs it.
    return type(error).__name__ == "CancelledError"
