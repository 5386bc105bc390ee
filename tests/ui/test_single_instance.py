"""What second launches hand over, and what is refused: a real socket, real bytes."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from app.storage.instance import ANSWER, MESSAGE_LIMIT, Handover, Instance, enter
from app.ui.program.single_instance import SingleInstance

MESSAGE = Handover(("tenantry://app/a", "/tmp/b.sql"), "token")


class Room:
    """An instance that listens, and what it heard."""

    def __init__(self, folder: Path) -> None:
        instance = Instance.claim(folder)
        assert instance is not None
        self.folder, self.instance = folder, instance
        self.is_open = True
        self.heard: list[Handover] = []
        self.address = instance.address
        self.single = SingleInstance(instance, lambda: self.is_open)
        self.single.handed.connect(self.heard.append)


@pytest.fixture
def room(qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Room]:
    runtime = tmp_path / "run"
    runtime.mkdir(0o700)
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(runtime))
    room = Room(tmp_path)
    yield room
    room.single.close()
    room.instance.release()


def in_thread(qtbot: QtBot, work: Callable[[], object]) -> object:
    """What ``work`` gives while this thread runs Qt's loop."""
    found: list[object] = []
    thread = threading.Thread(target=lambda: found.append(work()))
    thread.start()
    qtbot.waitUntil(lambda: not thread.is_alive())
    return found[0]


def sent(address: str, line: bytes) -> bytes:
    """The answer, b"" for none."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as connection:
        connection.settimeout(20)
        connection.connect(address)
        try:
            connection.sendall(line)
            return connection.recv(16)
        except (BrokenPipeError, ConnectionResetError):
            return b""


def test_second_launch_hands_over_what_it_was_asked(qtbot: QtBot, room: Room) -> None:
    assert in_thread(qtbot, lambda: enter(room.folder, MESSAGE)) is None
    assert room.heard == [MESSAGE]


def test_second_launch_before_anybody_listened_is_heard_as_well(
    qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("XDG_RUNTIME_DIR", raising=False)
    instance = Instance.claim(tmp_path)
    assert instance is not None
    thread = threading.Thread(target=lambda: enter(tmp_path, MESSAGE))
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as early:
        early.connect(instance.address)
        early.sendall(MESSAGE.to_bytes())
        thread.start()
        single = SingleInstance(instance, lambda: True)
        heard: list[Handover] = []
        single.handed.connect(heard.append)
        qtbot.waitUntil(lambda: len(heard) == 2 and not thread.is_alive())
        assert early.recv(16) == ANSWER
    single.close()
    instance.release()


@pytest.mark.parametrize(
    "line",
    [b"\n", b"hello\n", b"\x00\xff\n", b'{"tenantry": 1}\n', b"[" * 5_000 + b"\n"],
    ids=["empty", "text", "bytes", "half", "deep"],
)
def test_message_that_is_none_is_refused_and_nothing_happens(qtbot: QtBot, room: Room, line: bytes) -> None:
    assert in_thread(qtbot, lambda: sent(room.address, line)) == b"no\n"
    assert room.heard == []
    assert in_thread(qtbot, lambda: enter(room.folder, MESSAGE)) is None


def test_message_without_end_is_cut_off(qtbot: QtBot, room: Room) -> None:
    assert in_thread(qtbot, lambda: sent(room.address, b"x" * (MESSAGE_LIMIT * 3))) == b""
    assert room.heard == []
    assert in_thread(qtbot, lambda: enter(room.folder, MESSAGE)) is None


def test_many_that_say_nothing_do_not_keep_others_out(qtbot: QtBot, room: Room) -> None:
    silent = [socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) for _ in range(12)]
    for each in silent:
        each.connect(room.address)
    for each in silent:
        each.close()
    assert in_thread(qtbot, lambda: enter(room.folder, MESSAGE)) is None
    assert room.heard == [MESSAGE]


def test_window_that_is_closing_takes_nothing_over(qtbot: QtBot, room: Room) -> None:
    room.is_open = False
    assert in_thread(qtbot, lambda: sent(room.address, MESSAGE.to_bytes())) == b"no\n"
    assert room.heard == []
