"""What must not happen while a monkey is at the window: it is found here, with the actions that led to it."""

from __future__ import annotations

import collections
import logging
import statistics
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType, TracebackType
from typing import Any

from PySide6.QtCore import Qt, QTimer

from app.core.refs import AppRef
from app.schema.draft import Draft
from app.services.drafts import is_same
from app.ui.schema.schema_document import SchemaDocument
from app.ui.window.main_window import MainWindow
from app.ui.work.draft_keeper import draft_keeper
from app.ui.work.runner import Runner

LIMIT_MS = 100.0
# Another theme or size of text dresses every widget anew, in one go: Qt has no other way.
LOOK_LIMIT_MS = 600.0
_BEAT_MS = 16
_LOOK_S = 0.01
_SLOW_MS = 40.0
_FAR_BEYOND = 4
_CHORE_S = 0.0125  # what _chore takes on a machine of 2024
# Of the way of sending events, not of the window.
_NOT_OURS = ("not accepted by receiving widget", "This plugin does not support")

Find = Callable[[str, str], None]


class Troubles:
    """Log records, exceptions of any thread, and bugs that the window tells of."""

    def __init__(self, find: Find, runner: Runner) -> None:
        self._find = find
        self._handler = _Handler(find)
        logging.getLogger().addHandler(self._handler)
        sys.excepthook = self._caught
        sys.unraisablehook = lambda raised: self._caught(raised.exc_type, raised.exc_value, raised.exc_traceback)
        threading.excepthook = lambda raised: self._caught(raised.exc_type, raised.exc_value, raised.exc_traceback)
        runner.bug_found.connect(self._tell_bug)

    def close(self) -> None:
        logging.getLogger().removeHandler(self._handler)
        sys.excepthook, sys.unraisablehook = sys.__excepthook__, sys.__unraisablehook__
        threading.excepthook = threading.__excepthook__

    def _caught(self, kind: Any, error: BaseException | None, trace: TracebackType | None) -> None:
        self._find("exception", "".join(traceback.format_exception(kind, error, trace)))

    def _tell_bug(self, error: BaseException, title: str) -> None:
        self._find("bug", f"{title}: {''.join(traceback.format_exception(error))}")


class _Handler(logging.Handler):
    def __init__(self, find: Find) -> None:
        super().__init__(logging.WARNING)
        self._find = find
        self.setFormatter(logging.Formatter("%(levelname)s %(name)s: %(message)s"))

    def emit(self, record: logging.LogRecord) -> None:
        text = self.format(record)
        if not any(each in text for each in _NOT_OURS):
            self._find("log", text)


class Heart:
    """Beats on the UI thread. Between two beats it may use ``LIMIT_MS`` of the processor at most.

    Counted is the thread's own time, so that other programs cannot make it late; what the monkey itself uses
    (``unheard``) is taken off. A busy machine makes even that time two or three times as long (caches, the other half
    of a core), but not every time: a place is a stall where it is over the limit whenever it is slow, and has been
    slow more than once, or is far beyond the limit. A second thread notes what the UI thread is at when a beat is late.
    """

    def __init__(self) -> None:
        self._limit_ms = LIMIT_MS
        self._ident = threading.get_ident()
        self._last = time.thread_time()
        self._forgiven = 0.0
        self._beaten_at = time.monotonic()
        self._seen: collections.deque[tuple[float, str, str]] = collections.deque(maxlen=400)
        self._slow: dict[tuple[str, float], list[tuple[float, str]]] = {}
        self.is_watching = True
        self._timer = QTimer()
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.timeout.connect(self.beat)
        self._timer.start(_BEAT_MS)
        self._thread = threading.Thread(target=self._look, name="monkey watch", daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._timer.stop()
        self.is_watching = False
        self._thread.join()

    @contextmanager
    def unheard(self) -> Iterator[None]:
        begin = time.thread_time()
        try:
            yield
        finally:
            self._forgiven += time.thread_time() - begin

    def look_changed(self) -> None:
        self._limit_ms = LOOK_LIMIT_MS

    def stalls(self) -> list[str]:
        found = []
        for (place, limit), times in self._slow.items():
            least, most = min(times), max(times)
            if (least[0] > limit and len(times) > 1) or least[0] > limit * _FAR_BEYOND:
                found.append(f"The window used {least[0]:.0f} to {most[0]:.0f} ms in one go at {place}\n{least[1]}")
        return found

    def slow_places(self) -> list[str]:
        """Those that were over the limit at all, the slowest first."""
        over = [(max(times)[0], min(times)[0], len(times), place) for (place, limit), times in self._slow.items()]
        shown = sorted((each for each in over if each[0] > LIMIT_MS), reverse=True)
        return [f"{most:.0f} ms (least {least:.0f}, {count} ×) {place}" for most, least, count, place in shown]

    def beat(self) -> None:
        now = time.thread_time()
        used = (now - self._last - self._forgiven) * 1000
        self._last, self._forgiven = now, 0.0
        limit, self._limit_ms = self._limit_ms, LIMIT_MS
        if used > _SLOW_MS:
            with self.unheard():
                self._note(used, limit)
        self._beaten_at = time.monotonic()

    def _note(self, used: float, limit: float) -> None:
        slowness = max(1.0, statistics.median(_chore() for _ in range(3)) / _CHORE_S) if used > limit else 1.0
        seen = [each for each in list(self._seen) if each[0] >= self._beaten_at]
        place = collections.Counter(place for _, place, _ in seen).most_common(1)
        told = "\n".join(
            f"{count} × {where}" for where, count in collections.Counter(where for _, _, where in seen).most_common(4)
        )
        self._slow.setdefault((place[0][0] if place else "", limit), []).append((used / slowness, told))

    def _look(self) -> None:
        while self.is_watching:
            time.sleep(_LOOK_S)
            if time.monotonic() - self._beaten_at > 0.03:
                frame = sys._current_frames().get(self._ident)
                self._seen.append((time.monotonic(), *_where(frame)))


def _chore() -> float:
    begin = time.thread_time()
    sum(hash((each, str(each))) & 1 for each in range(60_000))
    return time.thread_time() - begin


def _where(frame: FrameType | None) -> tuple[str, str]:
    """Where it began in the program, and the whole way to where it is."""
    stack = [
        each
        for each in traceback.StackSummary.extract(traceback.walk_stack(frame), lookup_lines=False)[::-1]
        if "/app/" in each.filename
    ]
    shown = [f"{each.filename.rsplit('/', 1)[-1]}:{each.lineno} {each.name}" for each in stack]
    return " > ".join(shown[:3]), " > ".join(shown[-14:])


@dataclass(frozen=True)
class _Staged:
    document: SchemaDocument
    draft: Draft
    since: Draft | None  # what the newest undo step began with: edits that become one step have it in common
    steps: int


class Drafts:
    """Staged edits before an action must be there after it: in force, in an undo step, or in the local database."""

    def __init__(self, window: MainWindow, find: Find) -> None:
        self._window, self._find = window, find
        self._before: dict[AppRef, _Staged] = {}
        self._missing: dict[AppRef, Draft] = {}
        self._asked: Any = None
        self.pushed: set[AppRef] = set()
        self.pushes = 0
        self.actions_over_staged = 0

    def note(self) -> None:
        """Before an action."""
        self._before = {each.ref: _staged(each) for each in self._documents() if each.is_open and each.is_changed}
        self.actions_over_staged += bool(self._before)

    def check(self, world: Any) -> bool:
        """After it; False while the local database is still asked."""
        if self._asked is None:
            self._missing = self._lost()
            self._before = {}
            if not self._missing:
                return True
            missing = tuple(self._missing)
            self._asked = world.engine.submit(lambda services: _kept_drafts(services, missing))
            return False
        if not self._asked.done() or not draft_keeper(world.start.runner).is_idle:
            return False
        kept, self._asked = self._asked.result(), None
        for ref, draft in self._missing.items():
            if kept[ref] is None or not is_same(kept[ref], draft):
                self._find("lost draft", f"Staged edits of {ref} are nowhere: {draft.plan()}")
        return True

    def _lost(self) -> dict[AppRef, Draft]:
        """Those that are in no document (any more), were not pushed, and belong to an app that is still there."""
        now = {each.ref: each for each in self._documents()}
        pushed, self.pushed = self.pushed, set[AppRef]()
        self.pushes += len(pushed)
        return {
            ref: staged.draft
            for ref, staged in self._before.items()
            if ref not in pushed
            and self._window.data.app(ref) is not None
            and (ref not in now or not _holds(now[ref], staged))
        }

    def all_now(self) -> dict[AppRef, Draft]:
        return {each.ref: each.draft for each in self._documents() if each.is_open and each.is_changed}

    def _documents(self) -> Iterator[SchemaDocument]:
        for view in self._window.app_tabs._views.values():
            if view.editor is not None:
                yield view.editor.document


def _staged(document: SchemaDocument) -> _Staged:
    stack = document.undo_stack
    newest: Any = stack.command(stack.index() - 1) if stack.index() else None
    return _Staged(document, document.draft, newest._before if newest is not None else None, stack.index())


def _holds(document: SchemaDocument, staged: _Staged) -> bool:
    if document.draft is staged.draft or is_same(document.draft, staged.draft):
        return True
    stack = document.undo_stack
    commands: list[Any] = [stack.command(each) for each in range(stack.count())]
    if any(staged.draft in (each._before, each._after) for each in commands):
        return True
    # Typing on makes one step of several: what was typed last is in force.
    return bool(commands) and staged.since is not None and any(each._before is staged.since for each in commands)


async def _kept_drafts(services: Any, refs: tuple[AppRef, ...]) -> dict[AppRef, Draft | None]:
    """What the local database holds for apps, after what is on its way there."""
    found: dict[AppRef, Draft | None] = {}
    for ref in refs:
        lock = services.workshop._drafts._locks.get(ref)
        if lock is not None:
            async with lock:
                pass
        kept = await services.workshop._drafts.load(ref)
        found[ref] = kept.draft if kept is not None else None
    return found


def is_saved(runner: Runner) -> bool:
    """Whether no save of a draft is on its way."""
    return draft_keeper(runner).is_idle
