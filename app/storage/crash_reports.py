"""What is left of a run that did not end as it should: reports that stay on this machine until the operator acts.

While the program runs, a marker says so, with what was open; a trace file waits for the interpreter's last words. Both
go when the program ends properly. The next start finds them otherwise, and makes a report of them.
"""

from __future__ import annotations

import faulthandler
import json
import logging
import os
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Literal, NamedTuple

_logger = logging.getLogger(__name__)
_PRIVATE_FILE, _PRIVATE_FOLDER = 0o600, 0o700
_MARKER, _TRACE = "running.json", "running.trace"
_ENDED, _NEW = "ended-", "-new"

KEPT, KEPT_DAYS = 10, 60
_MOST_IN_A_RUN = 5
_REPORT_LIMIT, _TRACE_LIMIT, _LOG_LIMIT, _LOG_LINES = 256 * 1024, 64 * 1024, 32 * 1024, 120
_STATE_LINES = 60
_DAY_S = 86_400

# crash: the process was ended by a fault; ended: it was ended from outside, or the machine was; error: it went on.
Kind = Literal["crash", "ended", "error"]
_KINDS: tuple[Kind, ...] = ("crash", "ended", "error")


class CrashReport(NamedTuple):
    """``at`` is seconds since the epoch; ``text`` is all of it, without secrets."""

    path: Path
    kind: Kind
    at: float
    is_new: bool
    text: str


class CrashReports:
    """Of one profile, for the process that holds it. Safe on any thread; methods write small files.

    ``clean`` takes secrets out of text. ``facts`` are versions and the like, told with each report.
    """

    def __init__(self, data_dir: Path, log_path: Path, clean: Callable[[str], str], facts: Mapping[str, str]) -> None:
        self.folder = data_dir / "crashes"
        self._log_path, self._clean, self._facts = log_path, clean, dict(facts)
        self._lock = threading.Lock()
        self._trace: int | None = None
        self._started_at = time.time()
        self._log_end = 0
        self._state: tuple[str, ...] = ()
        self._told: set[str] = set()

    # While the program runs

    def begin(self) -> None:
        """Watch over this run. Where the folder takes no files there are no reports, and the program runs as well."""
        try:
            self.folder.mkdir(_PRIVATE_FOLDER, exist_ok=True)
            self._set_aside()
            self._log_end = self._log_path.stat().st_size if self._log_path.exists() else 0
            self._trace = _private(self.folder / _TRACE)
            self._write_marker()
        except OSError as error:
            _logger.warning("No crash reports will be kept: %s", error)
            return
        faulthandler.enable(self._trace, all_threads=True)

    def note_state(self, lines: Sequence[str]) -> None:
        """What is open now, for a report of a crash that leaves no time to ask."""
        with self._lock:
            if tuple(lines) == self._state or self._trace is None:
                return
            self._state = tuple(lines[:_STATE_LINES])
            with suppress(OSError):
                self._write_marker()

    def note_last_words(self, text: str) -> None:
        """A sentence from whoever is about to end the process; the interpreter's trace comes behind it."""
        with self._lock, suppress(OSError):
            if self._trace is not None:
                os.write(self._trace, f"{self._clean(text)[:4096]}\n\n".encode("utf-8", "backslashreplace"))

    def record(self, error: BaseException, where: str) -> Path | None:
        """A report of an error that nobody expected; None where this run has told of it, or of enough."""
        import traceback

        lines = traceback.format_exception(error)
        with self._lock:
            if len(self._told) >= _MOST_IN_A_RUN or (key := "".join(lines[-3:])) in self._told:
                return None
            self._told.add(key)
            headline = f"Tenantry met an error that it did not expect, and went on. Where: {where}"
            try:
                return self._write("error", time.time(), headline, self._record(), "".join(lines))
            except OSError as problem:
                _logger.warning("A crash report cannot be written: %s", problem)
                return None

    def end(self) -> None:
        """This run ended as it should."""
        with self._lock:
            if self._trace is None:
                return
            faulthandler.disable()
            os.close(self._trace)
            self._trace = None
            for name in (_MARKER, _TRACE):
                (self.folder / name).unlink(missing_ok=True)

    # At the next start

    def settle(self) -> tuple[CrashReport, ...]:
        """Make reports of runs that did not end, prune old ones; what is left, the newest first. Takes its time."""
        with self._lock:
            try:
                for marker in sorted(self.folder.glob(f"{_ENDED}*.json")):
                    self._report_of(marker)
                self._prune()
            except OSError as error:
                _logger.warning("The crash reports cannot be kept up: %s", error)
        return self.all()

    def all(self) -> tuple[CrashReport, ...]:
        """Newest first."""
        return tuple(sorted(self._found(), key=lambda each: each.at, reverse=True))

    def mark_read(self, report: CrashReport) -> CrashReport:
        """It is not offered again at the next start."""
        if not report.is_new:
            return report
        path = report.path.with_name(report.path.name.replace(f"{_NEW}.txt", ".txt"))
        try:
            os.replace(report.path, path)
        except FileNotFoundError:
            return report
        return report._replace(path=path, is_new=False)

    def delete(self, report: CrashReport) -> None:
        """Raises OSError where it cannot be deleted; fine where it is gone."""
        report.path.unlink(missing_ok=True)

    # Inside

    def _record(self) -> dict[str, Any]:
        return {
            "started_at": self._started_at,
            "facts": self._facts,
            "state": list(self._state),
        }

    def _write_marker(self) -> None:
        new = self.folder / f"{_MARKER}.new"
        with os.fdopen(_private(new), "wb") as file:
            file.write(json.dumps(self._record()).encode())
        os.replace(new, self.folder / _MARKER)

    def _set_aside(self) -> None:
        """What an earlier run left, under names that this run does not use."""
        marker, trace = self.folder / _MARKER, self.folder / _TRACE
        if marker.exists():
            name = f"{_ENDED}{time.time_ns()}"
            if trace.exists():
                os.replace(trace, self.folder / f"{name}.trace")
            os.replace(marker, self.folder / f"{name}.json")

    def _report_of(self, marker: Path) -> None:
        record, trace = _read_record(marker), marker.with_suffix(".trace")
        at = max((each.stat().st_mtime for each in (marker, trace) if each.exists()), default=time.time())
        words = _start_of(trace, _TRACE_LIMIT)
        kind: Kind = "crash" if words.strip() else "ended"
        if kind == "crash":
            headline = "Tenantry ended because of a fault."
        else:
            headline = "Tenantry was not closed: it was ended from outside, or the machine was. There is no trace."
            if self._log_path.exists():
                at = max(at, min(self._log_path.stat().st_mtime, self._started_at))
        self._write(kind, at, headline, record, words)
        for each in (trace, marker):
            each.unlink(missing_ok=True)

    def _write(self, kind: Kind, at: float, headline: str, record: Mapping[str, Any], trace: str) -> Path:
        end = None if kind == "error" else self._log_end
        text = _composed(headline, at, record, trace, _log_tail(self._log_path, end))
        content = self._clean(_without_home(text)).encode("utf-8", "backslashreplace")[:_REPORT_LIMIT]
        stem = f"{time.strftime('%Y%m%d-%H%M%S', time.gmtime(at))}-{kind}"
        for number in range(1, 100):
            path = self.folder / f"{stem}-{number}{_NEW}.txt"
            if path.with_name(f"{stem}-{number}.txt").exists():
                continue
            with suppress(FileExistsError):
                descriptor = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, _PRIVATE_FILE)
                with os.fdopen(descriptor, "wb") as file:
                    file.write(content)
                return path
        raise FileExistsError(f"There are too many reports named {stem}.")

    def _found(self) -> Iterator[CrashReport]:
        if not self.folder.is_dir():
            return
        for path in self.folder.glob("*.txt"):
            parts = path.stem.split("-")
            kind = next((each for each in _KINDS if each in parts), None)
            if kind is None:
                continue
            with suppress(OSError, ValueError):
                at = _seconds("-".join(parts[:2]))
                yield CrashReport(path, kind, at, path.stem.endswith(_NEW), _start_of(path, _REPORT_LIMIT))

    def _prune(self) -> None:
        oldest = time.time() - KEPT_DAYS * _DAY_S
        for at, report in enumerate(self.all()):
            if at >= KEPT or report.at < oldest:
                report.path.unlink(missing_ok=True)


def _private(path: Path) -> int:
    """Open for writing from the start, for this user alone from the first moment on."""
    descriptor = os.open(path, os.O_CREAT | os.O_TRUNC | os.O_WRONLY, _PRIVATE_FILE)
    if os.name == "posix":
        os.fchmod(descriptor, _PRIVATE_FILE)
    return descriptor


def _read_record(marker: Path) -> Mapping[str, Any]:
    """Empty for a marker that was half written."""
    with suppress(OSError, ValueError):
        record = json.loads(_start_of(marker, _REPORT_LIMIT))
        if isinstance(record, dict):
            return record
    return {}


def _start_of(path: Path, limit: int) -> str:
    try:
        with open(path, "rb") as file:
            return file.read(limit).decode("utf-8", "replace")
    except FileNotFoundError:
        return ""


def _log_tail(path: Path, end: int | None) -> str:
    """The last lines before ``end`` (bytes from the start; None: the end of the file)."""
    try:
        with open(path, "rb") as file:
            end = file.seek(0, os.SEEK_END) if end is None else end
            file.seek(max(0, end - _LOG_LIMIT))
            text = file.read(min(end, _LOG_LIMIT)).decode("utf-8", "replace")
    except OSError:
        return ""
    return "\n".join(text.splitlines()[-_LOG_LINES:])


def _composed(headline: str, at: float, record: Mapping[str, Any], trace: str, log: str) -> str:
    facts, state = record.get("facts"), record.get("state")
    started = record.get("started_at")
    lines = ["Tenantry: crash report", "", headline, f"When: {_said(at)}"]
    if isinstance(started, int | float):
        lines.append(f"Started: {_said(started)}")
    if isinstance(facts, dict):
        lines += [f"{name}: {value}" for name, value in facts.items()]
    shown = [str(each) for each in state] if isinstance(state, list) and state else ["nothing"]
    lines += ["", "-- Open then --", *shown]
    lines += ["", "-- Trace --", trace.strip() or "none"]
    lines += ["", "-- Last lines of the log --", log.strip() or "none", ""]
    return "\n".join(lines)


def _said(at: float) -> str:
    return time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime(at))


def _seconds(stamp: str) -> float:
    import calendar

    return float(calendar.timegm(time.strptime(stamp, "%Y%m%d-%H%M%S")))


def _without_home(text: str) -> str:
    """The operator's name is nobody's business who gets a report."""
    home = os.path.expanduser("~")
    return text.replace(home, "~") if len(home) > 2 else text
