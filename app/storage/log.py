"""The log file: private, bounded, and without secrets."""

from __future__ import annotations

import io
import logging
import os
import re
import threading
import time
from collections.abc import Callable
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from app.core.secret import Secret


_MASK = "••••••"
_MAX_BYTES = 2 * 2**20
_KEPT_FILES = 3
_PRIVATE = 0o600
# Shorter ones would take innocent words out of the log.
_SHORTEST_SECRET = 6

_VALUE = r"[^\s\"'&,;)}\]\\]+"
# Each with the part to keep as its first group.
_PATTERNS = (
    rf"(\bbearer\s+){_VALUE}",
    r"(\bbasic\s+)[A-Za-z0-9+/=]{8,}",
    # Tokens of Instant: personal access, platform access and platform refresh (facts of its server).
    r"()\b(?:per|pat|prt)_[A-Za-z0-9_-]{6,}",
    # User and password of an address.
    r"(\b[a-z][a-z0-9+.-]*://)[^\s/@\"']+@",
    # name=value and "name": "value", in whatever spelling.
    r"((?:token|password|passwd|secret|api[-_]?key|authorization)[\"']?\s*[:=]\s*[\"']?(?:bearer\s+)?)" + _VALUE,
)


@cache
def _patterns() -> tuple[re.Pattern[str], ...]:
    return tuple(re.compile(pattern, re.IGNORECASE) for pattern in _PATTERNS)


class Redactor:
    """Takes secrets out of text: those that it was told of, and what looks like one. Safe on any thread."""

    def __init__(self) -> None:
        self._known: set[str] = set()
        self._in_order: tuple[str, ...] | None = ()
        self._lock = threading.Lock()

    def add(self, secret: Secret) -> None:
        """Take this one out from now on, also where it is part of a URL; fine to be told twice."""
        from urllib.parse import quote

        text = secret.reveal()
        if len(text) < _SHORTEST_SECRET:
            return
        with self._lock:
            if text not in self._known:
                self._known |= {text, quote(text, safe="")}
                self._in_order = None

    def clean(self, text: str) -> str:
        for known in self._ordered():
            text = text.replace(known, _MASK)
        for pattern in _patterns():
            text = pattern.sub(rf"\g<1>{_MASK}", text)
        return text

    def _ordered(self) -> tuple[str, ...]:
        """The longest first: one may be the beginning of another. Sorted when it is needed: a thousand stores have a
        thousand passwords."""
        with self._lock:
            if self._in_order is None:
                self._in_order = tuple(sorted(self._known, key=len, reverse=True))
            return self._in_order


class RedactingFormatter(logging.Formatter):
    """One record: a line, and indented lines for what follows (a traceback, a text with line breaks).

    Redacts what is about to be written, so that arguments, exceptions and tracebacks are covered too. Text from a
    server cannot forge a record: only the first line starts at the margin.
    """

    default_time_format = "%Y-%m-%dT%H:%M:%S"
    default_msec_format = "%s.%03dZ"

    def __init__(self, redactor: Redactor) -> None:
        super().__init__("%(asctime)s %(levelname)s %(name)s [%(threadName)s] %(message)s")
        self._redactor = redactor

    @staticmethod
    def converter(seconds: float | None = None) -> time.struct_time:
        return time.gmtime(seconds)

    def format(self, record: logging.LogRecord) -> str:
        return "\n    ".join(self._redactor.clean(super().format(record)).splitlines())


class _PrivateFileHandler(logging.FileHandler):
    """Rotates like the standard library's, whose module costs 20 ms before the first paint."""

    def __init__(self, path: Path, max_bytes: int, kept_files: int) -> None:
        self._max_bytes = max_bytes
        self._predecessors = [f"{path}.{number}" for number in range(1, kept_files + 1)]
        super().__init__(path, encoding="utf-8")

    def emit(self, record: logging.LogRecord) -> None:
        try:
            if self.stream is not None and os.fstat(self.stream.fileno()).st_size > self._max_bytes:
                self._rotate(self.stream)
        except OSError:
            self.handleError(record)
        super().emit(record)

    def _rotate(self, stream: io.TextIOBase) -> None:
        # The next record opens the file again.
        self.stream = None
        stream.close()
        names = [self.baseFilename, *self._predecessors]
        for newer, older in reversed([*pairwise(names)]):
            if os.path.exists(newer):
                os.replace(newer, older)

    def _open(self) -> io.TextIOWrapper:
        # Created by hand, so that it is never readable by others, not even for a moment.
        descriptor = os.open(self.baseFilename, os.O_CREAT | os.O_APPEND | os.O_WRONLY, _PRIVATE)
        if os.name == "posix":
            os.fchmod(descriptor, _PRIVATE)
        raw = os.fdopen(descriptor, "ab", buffering=0)
        return io.TextIOWrapper(raw, "utf-8", "backslashreplace", write_through=True)


def open_log(path: Path, redactor: Redactor, *, level: int = logging.INFO) -> Callable[[], None]:
    """Send all records from ``level`` on to ``path`` (at most 4 files of 2 MiB); returns what closes it.

    The folder must exist; raises OSError where the file cannot be written.
    """
    handler = _PrivateFileHandler(path, _MAX_BYTES, _KEPT_FILES)
    handler.setFormatter(RedactingFormatter(redactor))
    # All details means all of ours: libraries tell of addresses and bodies.
    handler.addFilter(lambda record: record.levelno >= logging.INFO or record.name.startswith("app."))
    root, own = logging.getLogger(), logging.getLogger("app")
    levels_before = root.level, own.level
    root.addHandler(handler)
    root.setLevel(min(max(level, logging.INFO), root.getEffectiveLevel()))
    _set_level(handler, level)
    _quieten()

    def close() -> None:
        root.removeHandler(handler)
        root.setLevel(levels_before[0])
        own.setLevel(levels_before[1])
        handler.close()

    return close


def set_log_level(level: int) -> None:
    """From now on the open log file takes records from ``level`` on."""
    for handler in logging.getLogger().handlers:
        if isinstance(handler, _PrivateFileHandler):
            _set_level(handler, level)


def _set_level(handler: logging.Handler, level: int) -> None:
    handler.setLevel(level)
    logging.getLogger("app").setLevel(level if level < logging.INFO else logging.NOTSET)


def _quieten() -> None:
    # httpx logs each URL with its query at INFO; calls are in the activity instead. Alembic lists its own parts.
    for name in ("httpx", "httpcore", "alembic.runtime.plugins"):
        logging.getLogger(name).setLevel(logging.WARNING)
