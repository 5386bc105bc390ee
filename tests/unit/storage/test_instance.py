"""One instance for each profile, whatever happens to its process."""

from __future__ import annotations

import json
import os
import signal
import socket
import stat
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.core.errors import Conflict
from app.storage import instance as instance_module
from app.storage.instance import (
    ANSWER,
    MESSAGE_LIMIT,
    MOST_TARGETS,
    Handover,
    Instance,
    activation_token,
    enter,
    is_from_desktop,
)

MESSAGE = Handover(("tenantry://app/a",), "token-1")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    runtime = tmp_path / "run"
    runtime.mkdir(0o700)
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(runtime))
    data = tmp_path / "data"
    data.mkdir(0o700)
    return data


@pytest.fixture
def held(folder: Path) -> Iterator[Instance]:
    instance = Instance.claim(folder)
    assert instance is not None
    yield instance
    instance.release()


def answered(instance: Instance, reply: bytes = ANSWER) -> tuple[threading.Thread, list[bytes]]:
    """The other end of one handover, in a thread of its own."""
    heard: list[bytes] = []
    assert instance.door is not None
    instance.door.setblocking(True)

    def answer() -> None:
        assert instance.door is not None
        connection, _ = instance.door.accept()
        with connection:
            heard.append(connection.makefile("rb").readline(MESSAGE_LIMIT))
            connection.sendall(reply)

    thread = threading.Thread(target=answer)
    thread.start()
    return thread, heard


def test_instance_of_a_profile_that_is_held_cannot_be_claimed(folder: Path, held: Instance) -> None:
    assert Instance.claim(folder) is None


def test_instance_released_leaves_the_profile_free_and_no_socket(folder: Path) -> None:
    first = Instance.claim(folder)
    assert first is not None
    address = Path(first.address)
    assert stat.S_ISSOCK(address.stat().st_mode)
    first.release()
    assert not address.exists()
    second = Instance.claim(folder)
    assert second is not None
    second.release()


def test_instance_of_another_profile_is_its_own(folder: Path, held: Instance, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir(0o700)
    instance = Instance.claim(other)
    assert instance is not None
    assert instance.address != held.address
    instance.release()


def test_instance_listens_where_nobody_but_its_user_comes(folder: Path, held: Instance) -> None:
    address = Path(held.address)
    assert stat.S_IMODE(address.stat().st_mode) == 0o600
    assert stat.S_IMODE(address.parent.stat().st_mode) == 0o700
    assert stat.S_IMODE((folder / "instance.lock").stat().st_mode) == 0o600


def test_instance_without_a_runtime_folder_listens_in_a_folder_of_its_own(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("XDG_RUNTIME_DIR")
    # The address of a socket is at most about a hundred characters long; a test's own folder is longer under workers.
    with tempfile.TemporaryDirectory(prefix="t") as short:
        monkeypatch.setattr(instance_module.tempfile, "gettempdir", lambda: short)
        instance = Instance.claim(folder)
        assert instance is not None
        assert Path(instance.address).parent == Path(short) / f"tenantry-{os.getuid()}"
        instance.release()


def test_instance_where_its_folder_is_open_to_others_does_not_listen(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("XDG_RUNTIME_DIR")
    squatted = tmp_path / f"tenantry-{os.getuid()}"
    squatted.mkdir()
    squatted.chmod(0o777)
    monkeypatch.setattr(instance_module.tempfile, "gettempdir", lambda: str(tmp_path))
    instance = Instance.claim(folder)
    assert instance is not None
    assert (instance.door, instance.address) == (None, "")
    with pytest.raises(Conflict, match="running on this profile"):
        enter(folder, MESSAGE, patience_s=0)
    instance.release()


def test_enter_of_a_free_profile_takes_hold_of_it(folder: Path) -> None:
    instance = enter(folder, MESSAGE)
    assert instance is not None
    instance.release()


def test_enter_of_a_held_profile_hands_its_message_over(folder: Path, held: Instance) -> None:
    thread, heard = answered(held)
    assert enter(folder, MESSAGE) is None
    thread.join()
    assert Handover.read(heard[0]) == MESSAGE


def test_enter_where_nobody_answers_says_which_process_it_is(folder: Path, held: Instance) -> None:
    with pytest.raises(Conflict) as raised:
        enter(folder, MESSAGE, patience_s=0)
    assert f"process {os.getpid()}" in raised.value.sentence
    assert "--profile" in raised.value.remedy


def test_enter_of_a_profile_that_is_being_left_takes_it_as_soon_as_it_is_free(folder: Path, held: Instance) -> None:
    held.close_door()
    leave = threading.Timer(0.1, held.release)
    leave.start()
    instance = enter(folder, MESSAGE)
    leave.join()
    assert instance is not None
    instance.release()


HOLD = """
import sys
from pathlib import Path
from app.storage.instance import Instance
instance = Instance.claim(Path(sys.argv[1]))
print("none" if instance is None else instance.address, flush=True)
sys.stdin.read()
"""


def other_process(folder: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", HOLD, str(folder)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )


def first_line(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def end(process: subprocess.Popen[str]) -> None:
    process.kill()
    process.communicate()


def test_instance_of_a_process_that_was_killed_is_in_nobodys_way(folder: Path) -> None:
    process = other_process(folder)
    address = first_line(process)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert Path(address).exists()
    instance = enter(folder, MESSAGE)
    assert instance is not None
    assert instance.address == address
    instance.release()


def test_instance_claimed_by_many_at_once_is_of_exactly_one(folder: Path) -> None:
    processes = [other_process(folder) for _ in range(6)]
    answers = [first_line(each) for each in processes]
    for each in processes:
        end(each)
    assert sum(each != "none" for each in answers) == 1


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"\xff\xfe",
        b"null",
        b"[1, 2]",
        b"{}",
        b'{"tenantry": 2, "targets": [], "activation": ""}',
        b'{"tenantry": 1, "targets": "x", "activation": ""}',
        b'{"tenantry": 1, "targets": [1], "activation": ""}',
        b'{"tenantry": 1, "targets": [], "activation": 7}',
        b'{"tenantry": 1, "targets": [], "activation": "a\\u0000b"}',
        b'{"tenantry": 1, "targets": []}',
        b"[" * 60_000,
        json.dumps({"tenantry": 1, "targets": ["x"] * (MOST_TARGETS + 1), "activation": ""}).encode(),
        json.dumps({"tenantry": 1, "targets": ["x" * 5_000], "activation": ""}).encode(),
        json.dumps({"tenantry": 1, "targets": [], "activation": "x" * MESSAGE_LIMIT}).encode(),
    ],
)
def test_handover_read_from_anything_else_is_none(line: bytes) -> None:
    assert Handover.read(line) is None


def test_handover_read_from_its_own_bytes_is_the_same() -> None:
    assert Handover.read(MESSAGE.to_bytes()) == MESSAGE


def test_activation_token_prefers_the_one_for_wayland() -> None:
    assert activation_token({"XDG_ACTIVATION_TOKEN": "a", "DESKTOP_STARTUP_ID": "b"}) == "a"
    assert activation_token({"DESKTOP_STARTUP_ID": "b"}) == "b"
    assert activation_token({}) == ""
    assert activation_token({"XDG_ACTIVATION_TOKEN": "a\nb"}) == ""


def test_is_from_desktop_only_where_the_desktop_started_this_very_process() -> None:
    assert is_from_desktop({"GIO_LAUNCHED_DESKTOP_FILE_PID": str(os.getpid())})
    assert not is_from_desktop({"GIO_LAUNCHED_DESKTOP_FILE_PID": "1"})
    assert is_from_desktop({"DESKTOP_STARTUP_ID": "x"})


def test_door_takes_a_connection_before_anybody_looks(folder: Path, held: Instance) -> None:
    """A second launch while the first one's window is being built: the system keeps it waiting, and loses nothing."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        connection.connect(held.address)
        connection.sendall(MESSAGE.to_bytes())
        thread, heard = answered(held)
        thread.join()
        assert connection.recv(16) == ANSWER
    assert Handover.read(heard[0]) == MESSAGE
