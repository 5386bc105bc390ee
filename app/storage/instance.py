"""One running Tenantry for each profile: the hold on the profile, and handing over what a second launch was asked.

The hold is a lock of the operating system on a file of the profile; it goes with the process, however that ends. The
file says where the holder listens. No Qt: a second launch must be over before a window's libraries are loaded.
"""

from __future__ import annotations

import json
import logging
import os
import socket
import stat
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from app.core.errors import Conflict

_logger = logging.getLogger(__name__)
_PRIVATE_FILE, _PRIVATE_FOLDER = 0o600, 0o700
_LOCK_NAME, _RECORD_LIMIT = "instance.lock", 4_096
# Far behind the record: on Windows nobody else can read bytes that are locked.
_LOCKED_BYTE = 2**20
_LONGEST_ADDRESS = 100  # of a Unix socket; Linux takes 107, macOS 103
_PAUSE_S = 0.03
PATIENCE_S = 12.0

MESSAGE_LIMIT = 256 * 1024
MOST_TARGETS = 16
_LONGEST_TARGET, _LONGEST_TOKEN = 4_096, 512
ANSWER = b"ok\n"


class Handover(NamedTuple):
    """What a second launch wants of the first. ``targets`` are texts that nobody has judged yet; ``activation`` is the
    desktop's leave to come to the front, "" for none."""

    targets: tuple[str, ...] = ()
    activation: str = ""

    def to_bytes(self) -> bytes:
        return json.dumps({"tenantry": 1, "targets": self.targets, "activation": self.activation}).encode() + b"\n"

    @classmethod
    def read(cls, line: bytes) -> Handover | None:
        """None for anything but what ``to_bytes`` makes, whoever sent it."""
        try:
            message = json.loads(line.decode("utf-8")) if len(line) <= MESSAGE_LIMIT else None
        except (ValueError, RecursionError):
            return None
        if not isinstance(message, dict) or message.get("tenantry") != 1:
            return None
        targets, activation = message.get("targets"), message.get("activation")
        if not isinstance(targets, list) or len(targets) > MOST_TARGETS:
            return None
        if not all(isinstance(each, str) and len(each) <= _LONGEST_TARGET for each in targets):
            return None
        if not isinstance(activation, str) or len(activation) > _LONGEST_TOKEN or not activation.isprintable():
            return None
        return cls(tuple(targets), activation)


class Instance:
    """The hold of this process on a profile. ``release`` it last of all; the end of the process does, too."""

    def __init__(self, descriptor: int, folder: Path) -> None:
        self._descriptor: int | None = descriptor
        self._folder = folder
        self.address = ""
        self.door: socket.socket | None = None

    @classmethod
    def claim(cls, folder: Path) -> Instance | None:
        """Take hold of the profile whose data is in ``folder``; None where another process has it.

        Raises OSError where the folder takes no files.
        """
        flags = os.O_RDWR | os.O_CREAT | getattr(os, "O_CLOEXEC", 0)
        descriptor = os.open(folder / _LOCK_NAME, flags, _PRIVATE_FILE)
        try:
            if not _lock(descriptor):
                os.close(descriptor)
                return None
        except OSError as error:
            # A file system without locks: two windows are better than none.
            _logger.warning("The profile cannot be locked: %s", error)
        instance = cls(descriptor, folder)
        instance._open()
        return instance

    def close_door(self) -> None:
        """Take nothing over any more: whoever comes now waits until the profile is free."""
        if self.door is not None:
            self.door.close()
            self.door = None
        if self.address and sys.platform != "win32":
            with suppress(OSError):
                os.unlink(self.address)
        self.address = ""

    def release(self) -> None:
        self.close_door()
        if self._descriptor is not None:
            with suppress(OSError):
                os.ftruncate(self._descriptor, 0)
            os.close(self._descriptor)
            self._descriptor = None

    def _open(self) -> None:
        if sys.platform == "win32":
            self.address = rf"\\.\pipe\tenantry-{_name_of(self._folder)}"
        else:
            self.door, self.address = _listening(self._folder)
        assert self._descriptor is not None
        record = json.dumps({"pid": os.getpid(), "address": self.address}).encode()
        os.ftruncate(self._descriptor, 0)
        os.lseek(self._descriptor, 0, os.SEEK_SET)
        os.write(self._descriptor, record)


def enter(folder: Path, message: Handover, *, patience_s: float = PATIENCE_S) -> Instance | None:
    """Take hold of the profile, or hand ``message`` to the process that has it: then None.

    Waits while that process starts or ends. Raises Conflict where it does not answer in time.
    """
    deadline = time.monotonic() + patience_s
    while True:
        instance = Instance.claim(folder)
        if instance is not None:
            return instance
        holder = _holder(folder)
        if holder is not None and holder[1] and _hand_over(holder[1], message, deadline):
            return None
        if time.monotonic() >= deadline:
            process = f" (process {holder[0]})" if holder is not None else ""
            raise Conflict(
                f"Tenantry is running on this profile already{process}, and does not answer.",
                remedy="Wait until it has ended, or end it; --profile DIR starts another one beside it.",
            )
        time.sleep(_PAUSE_S)


def activation_token(environment: Mapping[str, str]) -> str:
    """The desktop's leave to come to the front, as it is given to what it starts; "" for none."""
    token = environment.get("XDG_ACTIVATION_TOKEN") or environment.get("DESKTOP_STARTUP_ID") or ""
    return token if len(token) <= _LONGEST_TOKEN and token.isprintable() else ""


def is_from_desktop(environment: Mapping[str, str]) -> bool:
    """Whether a click started this process, so that nobody reads what it prints."""
    return bool(activation_token(environment)) or environment.get("GIO_LAUNCHED_DESKTOP_FILE_PID") == str(os.getpid())


# The lock


def _lock(descriptor: int) -> bool:
    """False where another process has it; raises OSError where this file system has no locks."""
    if sys.platform == "win32":
        import msvcrt

        os.lseek(descriptor, _LOCKED_BYTE, os.SEEK_SET)
        try:
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True
    import fcntl

    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _holder(folder: Path) -> tuple[int, str] | None:
    """Process ID and address of the holder; None while it has not said."""
    try:
        with open(folder / _LOCK_NAME, "rb") as file:
            record = json.loads(file.read(_RECORD_LIMIT))
        return int(record["pid"]), str(record["address"])
    except (OSError, ValueError, KeyError, TypeError):
        return None


# The socket


def _name_of(folder: Path) -> str:
    """Of the profile and of nothing else, by whatever path it was reached."""
    about = os.stat(folder)
    user = os.environ.get("USERNAME", "") if sys.platform == "win32" else os.getuid()
    return f"{user}-{about.st_dev:x}-{about.st_ino:x}"


def _listening(folder: Path) -> tuple[socket.socket | None, str]:
    """A socket that nobody but this user can reach. What a process that died left under this name goes first: whoever
    asks holds the lock. Nothing where no place takes one; a second launch is refused then."""
    if sys.platform != "win32":
        for place in _places():
            with suppress(OSError):
                parent = place()
                if parent is None:
                    continue
                address = str(parent / f"{_name_of(folder)}.socket")
                if len(os.fsencode(address)) > _LONGEST_ADDRESS:
                    continue
                with suppress(FileNotFoundError):
                    os.unlink(address)
                return _bound(address), address
    return None, ""


def _bound(address: str) -> socket.socket:
    door = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        # No umask: that is the whole process's. The folder keeps others out in the meantime.
        door.bind(address)
        os.chmod(address, _PRIVATE_FILE)
        door.listen(16)
        door.setblocking(False)
    except OSError:
        door.close()
        raise
    return door


def _places() -> Sequence[Callable[[], Path | None]]:
    return (_runtime_folder, _temporary_folder)


def _runtime_folder() -> Path | None:
    named = os.environ.get("XDG_RUNTIME_DIR", "")
    if not named or not os.path.isabs(named) or not _is_ours(Path(named)):
        return None
    return _made(Path(named) / "tenantry")


def _temporary_folder() -> Path | None:
    if sys.platform == "win32":
        return None
    return _made(Path(tempfile.gettempdir()) / f"tenantry-{os.getuid()}")


def _made(folder: Path) -> Path | None:
    with suppress(FileExistsError):
        folder.mkdir(_PRIVATE_FOLDER)
    return folder if _is_ours(folder) else None


def _is_ours(folder: Path) -> bool:
    """Whether it is a folder, no link, of this user, and closed to others."""
    if sys.platform == "win32":
        return False
    about = os.lstat(folder)
    return stat.S_ISDIR(about.st_mode) and about.st_uid == os.getuid() and not about.st_mode & 0o077


def _hand_over(address: str, message: Handover, deadline: float) -> bool:
    """True once the holder has taken it."""
    try:
        return _asked(address, message.to_bytes(), deadline) == ANSWER
    except OSError:
        # It is not there yet, not any more, or ended in the middle.
        return False


def _asked(address: str, line: bytes, deadline: float) -> bytes:
    if sys.platform == "win32":
        with open(address, "r+b", buffering=0) as pipe:
            pipe.write(line)
            return pipe.readline(len(ANSWER))
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        connection.settimeout(max(0.1, deadline - time.monotonic()))
        connection.connect(address)
        connection.sendall(line)
        answer = b""
        while len(answer) < len(ANSWER) and (part := connection.recv(16)):
            answer += part
        return answer
