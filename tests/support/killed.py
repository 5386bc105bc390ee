"""A process of its own that is killed with SIGKILL in the middle of its work, right after a step of it."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
import threading
from collections.abc import Callable
from multiprocessing.connection import Connection
from typing import Any

_PATIENCE_S = 60


class Teller:
    """Tells of each step to who watches the process, and kills it once it has told of step number ``after``."""

    def __init__(self, pipe: Connection, after: int) -> None:
        self._pipe, self._after = pipe, after
        self._steps, self._lock = 0, threading.Lock()

    def __call__(self, step: str) -> None:
        # Some steps are told on the loop's thread, others on their own.
        with self._lock:
            self._steps += 1
            self._pipe.send(step)
            if self._steps == self._after:
                os.kill(os.getpid(), signal.SIGKILL)

    def note(self, what: str) -> None:
        """What is no step."""
        with self._lock:
            self._pipe.send(what)


def run_until_killed(
    work: Callable[..., None], *given: Any, after: int, preloaded: tuple[str, ...] = ()
) -> tuple[list[str], bool]:
    """What was told, and whether it was killed before its end.

    ``work`` is a function of a module; it gets a ``Teller`` after what is given. ``preloaded`` are modules that each
    process would import anew.
    """
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([work.__module__, *preloaded])
    reader, writer = context.Pipe(duplex=False)
    process = context.Process(target=_run, args=(work, given, after, writer))
    process.start()
    writer.close()
    told = []
    with reader, contextlib.suppress(EOFError):
        while True:
            told.append(reader.recv())
    process.join(_PATIENCE_S)
    assert process.exitcode in (0, -signal.SIGKILL)
    return told, process.exitcode != 0


def _run(work: Callable[..., None], given: tuple[Any, ...], after: int, pipe: Connection) -> None:
    work(*given, Teller(pipe, after))
