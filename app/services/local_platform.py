"""The process of the local platform: started, watched, restarted, stopped."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import os
import socket
import sys
import time
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from app.core.errors import KnownError, Unreachable
from app.core.secret import Secret

_logger = logging.getLogger(__name__)

READY_LIMIT_S = 30.0
_POLITE_STOP_S = 3.0
_MOST_RESTARTS = 3
_RESTART_WINDOW_S = 60.0
_LOG_LIMIT_BYTES = 2_000_000
_TAIL_BYTES = 2_000
_REMEDY = "Press Retry; if it stays, look into local-platform.log."


@dataclass(frozen=True, slots=True)
class LocalPlatformInfo:
    """``api_uri`` has no trailing slash. The tokens are made anew at each start and kept in memory only."""

    api_uri: str
    platform_token: Secret
    dash_token: Secret


Ready = Callable[[LocalPlatformInfo], Awaitable[None]]


class LocalPlatformSupervisor:
    """One child process, which ends with this one: it watches its standard input.

    ``on_ready`` is awaited after each start, before anybody is given the address: it tells the connection, and
    fills a new platform with sample data. A process that crashes is started again, three times a minute at most.
    """

    def __init__(
        self,
        folder: Path,
        log_path: Path,
        *,
        on_ready: Ready | None = None,
        on_lost: Callable[[KnownError], None] | None = None,
        command: tuple[str, ...] | None = None,
        ready_limit_s: float = READY_LIMIT_S,
    ) -> None:
        self._folder = folder
        self._log_path = log_path
        self._on_ready = on_ready
        self._on_lost = on_lost
        self._command = command or _own_command()
        self._ready_limit_s = ready_limit_s
        self._process: asyncio.subprocess.Process | None = None
        self._info: LocalPlatformInfo | None = None
        self._problem: KnownError | None = None
        self._watch: asyncio.Task[None] | None = None
        self._lock = asyncio.Lock()
        self._is_stopping = False
        self._restarts: deque[float] = deque(maxlen=_MOST_RESTARTS)

    @property
    def info(self) -> LocalPlatformInfo | None:
        """None while it is not running."""
        return self._info

    @property
    def problem(self) -> KnownError | None:
        """Why the last start failed."""
        return self._problem

    async def start(self) -> LocalPlatformInfo:
        """Start it, or give what runs already. Raises Unreachable with the reason; calling again tries again."""
        async with self._lock:
            if self._info is not None:
                return self._info
            self._is_stopping = False
            try:
                self._info = await self._started()
                self._problem = None
            except OSError as error:
                self._problem = _cannot_start(f"{error.strerror or error}.")
                await self._end()
                raise self._problem from error
            except KnownError as error:
                self._problem = error
                await self._end()
                raise
            except BaseException:
                await self._end()
                raise
            return self._info

    async def stop(self) -> None:
        """Close its standard input; where that does not end it, terminate it, then kill it."""
        self._is_stopping = True
        watch, self._watch = self._watch, None
        if watch is not None:
            watch.cancel()
            await asyncio.gather(watch, return_exceptions=True)
        async with self._lock:
            await self._end()

    async def _started(self) -> LocalPlatformInfo:
        await asyncio.to_thread(self._folder.mkdir, 0o700, parents=True, exist_ok=True)
        process = await self._spawn(await asyncio.to_thread(_free_port, self._last_port()))
        info = await self._read_ready(process)
        await asyncio.to_thread(self._remember_port, info.api_uri)
        if self._on_ready is not None:
            await self._on_ready(info)
        self._watch = asyncio.create_task(self._watch_over(process))
        return info

    async def _spawn(self, port: int) -> asyncio.subprocess.Process:
        arguments = ("--port", str(port), "--data", str(self._folder), "--exit-with-parent")
        log = await asyncio.to_thread(_open_log, self._log_path)
        try:
            self._process = await asyncio.create_subprocess_exec(
                *self._command,
                *arguments,
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=log,
                env=_environment(),
            )
        finally:
            log.close()
        return self._process

    async def _read_ready(self, process: asyncio.subprocess.Process) -> LocalPlatformInfo:
        assert process.stdout is not None
        try:
            line = await asyncio.wait_for(process.stdout.readline(), self._ready_limit_s)
        except TimeoutError as error:
            raise _cannot_start(f"It was not ready within {self._ready_limit_s:g} seconds.") from error
        except ValueError as error:
            raise _cannot_start("Its first line is too long.") from error
        try:
            ready = json.loads(line)
            return LocalPlatformInfo(
                api_uri=str(ready["api_uri"]).rstrip("/"),
                platform_token=Secret(ready["platform_token"]),
                dash_token=Secret(ready["dash_token"]),
            )
        except (ValueError, KeyError, TypeError) as error:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(process.wait(), 1)
            tail = await asyncio.to_thread(_tail, self._log_path)
            raise _cannot_start(_exit_words(process.returncode), details=tail) from error

    async def _watch_over(self, process: asyncio.subprocess.Process) -> None:
        """Wait for the end of the process, and start another where nobody asked for the end."""
        assert process.stdout is not None
        while await process.stdout.read(65_536):
            pass
        code = await process.wait()
        if self._is_stopping:
            return
        self._info, self._process, self._watch = None, None, None
        _logger.info("The local platform ended with code %s", code)
        await self._restart(code)

    async def _restart(self, code: int) -> None:
        now = time.monotonic()
        if len(self._restarts) == _MOST_RESTARTS and now - self._restarts[0] < _RESTART_WINDOW_S:
            self._lose(_cannot_start(f"It ended {_MOST_RESTARTS + 1} times within a minute, last with code {code}."))
            return
        self._restarts.append(now)
        try:
            await self.start()
        except KnownError as error:
            self._lose(error)

    def _lose(self, error: KnownError) -> None:
        self._problem = error
        if self._on_lost is not None:
            self._on_lost(error)

    async def _end(self) -> None:
        self._info = None
        process, self._process = self._process, None
        if process is None:
            return
        if process.stdin is not None:
            process.stdin.close()
        for harder in (process.terminate, process.kill):
            if await _has_ended(process):
                break
            with contextlib.suppress(ProcessLookupError):
                harder()
        await process.wait()
        # Without this the pipes are closed by the collector, after the loop is gone.
        process._transport.close()  # type: ignore[attr-defined]

    def _last_port(self) -> int:
        try:
            return int((self._folder / "port").read_text("ascii"))
        except (OSError, ValueError):
            return 0

    def _remember_port(self, api_uri: str) -> None:
        with contextlib.suppress(OSError):
            (self._folder / "port").write_text(api_uri.rpartition(":")[2], "ascii")


async def _has_ended(process: asyncio.subprocess.Process) -> bool:
    try:
        await asyncio.wait_for(process.wait(), _POLITE_STOP_S)
    except TimeoutError:
        return False
    return True


def _own_command() -> tuple[str, ...]:
    if getattr(sys, "frozen", False):
        return (sys.executable, "local-platform")
    return (sys.executable, "-m", "app", "local-platform")


def _environment() -> dict[str, str]:
    """That of this process, with our own package on the path and without tokens that it has no use for."""
    from app.services.env_file import ADMIN_TOKEN_NAMES, PLATFORM_TOKEN_NAMES

    environment = {
        name: value
        for name, value in os.environ.items()
        if name not in PLATFORM_TOKEN_NAMES and name not in ADMIN_TOKEN_NAMES
    }
    if not getattr(sys, "frozen", False):
        root = str(Path(__file__).resolve().parents[2])
        environment["PYTHONPATH"] = os.pathsep.join(filter(None, (root, environment.get("PYTHONPATH"))))
    return environment


def _free_port(wanted: int) -> int:
    """``wanted`` if nobody listens there, else 0 for any."""
    if not 0 < wanted < 65_536:
        return 0
    with socket.socket() as probe:
        # As servers do: a port in TIME_WAIT counts as free.
        if os.name == "posix":
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", wanted))
        except OSError:
            return 0
    return wanted


def address_in_use(folder: Path) -> str | None:
    """Where somebody listens at the address that this folder's platform had last, None where nobody does; blocks."""
    try:
        port = int((folder / "port").read_text("ascii"))
        with socket.create_connection(("127.0.0.1", port), timeout=1):
            return f"http://127.0.0.1:{port}"
    except (OSError, ValueError, OverflowError):
        return None


def _open_log(path: Path) -> BinaryIO:
    """For this user alone; started anew when it has become large."""
    path.parent.mkdir(0o700, parents=True, exist_ok=True)
    is_large = path.exists() and path.stat().st_size > _LOG_LIMIT_BYTES
    flags = os.O_WRONLY | os.O_CREAT | (os.O_TRUNC if is_large else os.O_APPEND)
    return os.fdopen(os.open(path, flags, 0o600), "ab")


def _tail(path: Path) -> str:
    try:
        return path.read_bytes()[-_TAIL_BYTES:].decode("utf-8", "replace")
    except OSError:
        return ""


def _exit_words(code: int | None) -> str:
    return "It did not say where it listens." if code is None else f"It ended with code {code}."


def _cannot_start(reason: str, details: str = "") -> Unreachable:
    return Unreachable(f"The local platform cannot start. {reason}", remedy=_REMEDY, details=details)
