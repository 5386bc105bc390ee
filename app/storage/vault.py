"""Tokens in the OS keyring, or in memory where there is none. Nothing is ever written to a file."""

from __future__ import annotations

import asyncio
import concurrent.futures
import os
import queue
import subprocess
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, Protocol, TypeVar

from app.core.connection import TokenKind
from app.core.errors import KnownError, VaultLocked, VaultUnavailable
from app.core.secret import Secret

from . import vault_probe

T = TypeVar("T")

SERVICE = "Tenantry"
_PROBE_LIMIT_S = 3.0
_CALL_LIMIT_S = 10.0
_SESSION_ONLY = "tokens are kept for this session only"


@dataclass(frozen=True, slots=True)
class VaultState:
    """Where tokens are kept. ``sentence`` is for the status panel, ``remedy`` "" where nothing is the matter."""

    kind: Literal["keyring", "memory"]
    sentence: str
    remedy: str = ""
    is_locked: bool = False


_NOT_ASKED = VaultState("memory", "The OS keyring has not been looked for yet.")
_IN_KEYRING = VaultState("keyring", "Token: OS keyring")
_IN_LOCKED_KEYRING = VaultState(
    "keyring", "Token: OS keyring, which is locked", "Unlock the keyring when it asks for its password.", is_locked=True
)
_NO_KEYRING = VaultState(
    "memory",
    f"No keyring: {_SESSION_ONLY}",
    "Install and unlock a keyring (GNOME Keyring, KWallet or KeePassXC on Linux), then start Tenantry again.",
)
_SILENT_KEYRING = VaultState(
    "memory",
    f"The keyring does not answer: {_SESSION_ONLY}",
    "Log out and in again to restart the keyring, then start Tenantry again.",
)
_BROKEN_KEYRING = VaultState(
    "memory",
    f"The keyring failed: {_SESSION_ONLY}",
    "Check the keyring with its own program, then start Tenantry again.",
)


class Backend(Protocol):
    """What is used of ``keyring.backend.KeyringBackend``."""

    def get_password(self, service: str, username: str) -> str | None: ...

    def set_password(self, service: str, username: str, password: str) -> None: ...

    def delete_password(self, service: str, username: str) -> None: ...


class Vault:
    """Lives on one asyncio loop; each keyring call runs in a worker thread, for at most ``call_limit_s``.

    ``on_secret`` is told every token that passes through, so that the log can take it out of its lines.
    """

    def __init__(
        self,
        *,
        make_backend: Callable[[], Backend] = vault_probe.make_backend,
        ask: Callable[[float], str] | None = None,
        on_secret: Callable[[Secret], None] | None = None,
        probe_limit_s: float = _PROBE_LIMIT_S,
        call_limit_s: float = _CALL_LIMIT_S,
    ) -> None:
        """``ask`` is given the time limit and answers as ``vault_probe`` does; it may block."""
        self._make_backend = make_backend
        self._ask = ask or ask_in_subprocess
        self._on_secret = on_secret
        self._probe_limit_s = probe_limit_s
        self._call_limit_s = call_limit_s
        self._state = _NOT_ASKED
        self._probing = asyncio.Lock()
        self._worker: _Worker | None = None
        self._in_memory: dict[str, Secret] = {}
        self._is_lost = False

    @classmethod
    def in_memory(cls, on_secret: Callable[[Secret], None] | None = None) -> Vault:
        """A vault that never looks for a keyring."""
        vault = cls(ask=lambda _: vault_probe.UNAVAILABLE, on_secret=on_secret)
        vault._state = _NO_KEYRING
        return vault

    @property
    def state(self) -> VaultState:
        return self._state

    async def probe(self) -> VaultState:
        """Look for the keyring (again); never raises a known error. Tokens kept in memory stay there."""
        async with self._probing:
            self._state = await self._probed()
            self._is_lost = False
        return self._state

    async def get(self, connection_id: str, kind: TokenKind) -> Secret | None:
        """None where no token is stored.

        Raises VaultLocked or VaultUnavailable where there may be one that cannot be read now.
        """
        name = _name(connection_id, kind)
        state = await self._ready()
        if name in self._in_memory:
            return self._in_memory[name]
        if state.kind == "memory":
            if self._is_lost:
                raise VaultUnavailable(state.sentence, remedy=state.remedy)
            return None
        text = await self._call(lambda backend: backend.get_password(SERVICE, name))
        return None if text is None else self._noted(Secret(text))

    async def set(self, connection_id: str, kind: TokenKind, secret: Secret) -> bool:
        """True: it is in the keyring. False: in memory for this session only (``state`` says why).

        A token that was entered is never lost to a keyring that is locked or fails, so this raises nothing.
        """
        name = _name(connection_id, kind)
        self._in_memory[name] = self._noted(secret)
        if (await self._ready()).kind == "memory":
            return False
        try:
            await self._call(lambda backend: backend.set_password(SERVICE, name, secret.reveal()))
        except (VaultLocked, VaultUnavailable):
            return False
        self._in_memory.pop(name, None)
        return True

    async def forget(self, connection_id: str) -> None:
        """Forget all tokens of a connection; fine where there are none.

        Raises VaultLocked or VaultUnavailable, with every token still in its place, when the keyring refuses.
        """
        names = [_name(connection_id, kind) for kind in TokenKind]
        if (await self._ready()).kind == "keyring":
            for name in names:
                await self._call(lambda backend, name=name: _delete(backend, name))  # type: ignore[misc]
        for name in names:
            self._in_memory.pop(name, None)

    async def aclose(self) -> None:
        """Let the worker end; one that hangs is left behind, and does not keep the program alive."""
        if self._worker is not None:
            self._worker.stop()
            self._worker = None

    async def _ready(self) -> VaultState:
        if self._state is _NOT_ASKED:
            async with self._probing:
                if self._state is _NOT_ASKED:
                    self._state = await self._probed()
        return self._state

    async def _probed(self) -> VaultState:
        answer = await asyncio.to_thread(self._ask, self._probe_limit_s)
        if answer == vault_probe.OK:
            return _IN_KEYRING
        if answer == vault_probe.LOCKED:
            return _IN_LOCKED_KEYRING
        return _SILENT_KEYRING if answer == SILENT else _NO_KEYRING

    async def _call(self, call: Callable[[Backend], T]) -> T:
        """Raises VaultLocked or VaultUnavailable; the latter also ends the use of this keyring."""
        worker = self._worker = self._worker or _Worker(self._make_backend)
        if worker.is_stuck():
            raise _waiting()
        future = worker.submit(call)
        waiting = asyncio.wrap_future(future)
        try:
            await asyncio.wait({waiting}, timeout=self._call_limit_s)
            if not waiting.done():
                raise self._overdue(worker)
        finally:
            # What comes late has nobody to go to; without this it would be reported as an unseen exception.
            if not waiting.done():
                waiting.cancel()
        error = waiting.exception()
        if error is not None:
            raise self._refused(worker, error) from error
        self._state = _IN_KEYRING
        return waiting.result()

    def _overdue(self, worker: _Worker) -> KnownError:
        if self._state.is_locked:
            # Somebody is looking for the password: the thread waits on, and nothing is queued behind it.
            worker.note_stuck()
            return _waiting()
        self._lose(worker, _SILENT_KEYRING)
        return VaultUnavailable(
            f"The keyring did not answer within {self._call_limit_s:g} s.", remedy=_SILENT_KEYRING.remedy
        )

    def _refused(self, worker: _Worker, error: BaseException) -> KnownError:
        if is_locked_error(error):
            self._state = _IN_LOCKED_KEYRING
            return VaultLocked("The keyring is locked.")
        self._lose(worker, _BROKEN_KEYRING)
        # The name only: a foreign message might quote what was sent.
        return VaultUnavailable(
            "The keyring failed.", remedy=_BROKEN_KEYRING.remedy, details=f"{type(error).__name__} from the keyring"
        )

    def _lose(self, worker: _Worker, state: VaultState) -> None:
        worker.stop()
        if self._worker is not worker:
            # Another call met the same failure first, and somebody may have found the keyring again since.
            return
        self._worker = None
        self._state = state
        self._is_lost = True

    def _noted(self, secret: Secret) -> Secret:
        if self._on_secret is not None:
            self._on_secret(secret)
        return secret


def _name(connection_id: str, kind: TokenKind) -> str:
    return f"{connection_id}/{kind.value}"


def _waiting() -> VaultLocked:
    return VaultLocked("The keyring is locked and waits for its password.")


def _delete(backend: Backend, name: str) -> None:
    # Asked first: that there is nothing to delete looks like any other failure to delete.
    if backend.get_password(SERVICE, name) is not None:
        backend.delete_password(SERVICE, name)


def is_locked_error(error: BaseException) -> bool:
    """Whether the keyring is locked, or its password was not given, rather than broken."""
    from keyring.errors import KeyringLocked

    if isinstance(error, KeyringLocked):
        return True
    try:
        from secretstorage.exceptions import LockedException, PromptDismissedException
    except ImportError:
        return False
    return isinstance(error, (LockedException, PromptDismissedException))


# What ``ask_in_subprocess`` answers when the probe did not end in time.
SILENT = "silent"


def ask_in_subprocess(limit_s: float) -> str:
    """The answer of ``vault_probe``, without its reason; blocks for at most about ``limit_s``."""
    is_unix = sys.platform not in {"win32", "darwin"}
    if is_unix and not os.environ.get("DBUS_SESSION_BUS_ADDRESS"):
        # The Secret Service is found by this address and by nothing else.
        return vault_probe.UNAVAILABLE
    try:
        done = subprocess.run(
            _probe_command(), stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=limit_s, check=False
        )
    except subprocess.TimeoutExpired:
        return SILENT
    except OSError:
        return vault_probe.UNAVAILABLE
    return (done.stdout.split() or [vault_probe.UNAVAILABLE])[0]


def _probe_command() -> list[str]:
    if getattr(sys, "frozen", False):
        # A bundle has no interpreter to give a file to: the program itself knows this word.
        return [sys.executable, "vault-probe"]
    # -P: the modules beside the file must not hide those of libraries.
    return [sys.executable, "-P", str(Path(vault_probe.__file__))]


class _Worker:
    """One daemon thread that makes all keyring calls, one after the other; it is left behind if it hangs."""

    def __init__(self, make_backend: Callable[[], Backend]) -> None:
        self._make_backend = make_backend
        self._calls: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()
        self._backend: Backend | None = None
        self._running: concurrent.futures.Future[Any] | None = None
        self._stuck_in: concurrent.futures.Future[Any] | None = None
        threading.Thread(target=self._run, name="vault", daemon=True).start()

    def submit(self, call: Callable[[Backend], T]) -> concurrent.futures.Future[T]:
        future: concurrent.futures.Future[T] = concurrent.futures.Future()
        self._calls.put(lambda: self._make(call, future))
        return future

    def stop(self) -> None:
        """End after what is queued already."""
        self._calls.put(None)

    def note_stuck(self) -> None:
        """What runs now takes too long, and is waited for no longer."""
        self._stuck_in = self._running

    def is_stuck(self) -> bool:
        """Whether what took too long still runs: nothing else would be made in time."""
        return self._stuck_in is not None and not self._stuck_in.done()

    def _run(self) -> None:
        while (call := self._calls.get()) is not None:
            call()

    def _make(self, call: Callable[[Backend], T], future: concurrent.futures.Future[T]) -> None:
        if not future.set_running_or_notify_cancel():
            return
        self._running = future
        try:
            # Made here: importing a backend may block as well.
            self._backend = self._backend or self._make_backend()
            future.set_result(call(self._backend))
        except BaseException as error:  # noqa: BLE001 handed to whoever waits
            future.set_exception(error)
