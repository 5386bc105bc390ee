import asyncio
import json
import os
import socket
import stat
import sys
from pathlib import Path

import pytest

from app.core.errors import Invalid, Unreachable
from app.services.local_platform import LocalPlatformSupervisor

READY = {"api_uri": "http://127.0.0.1:1234/", "platform_token": "per_1", "dash_token": "d1"}
# Notes its arguments, says that it is ready, and ends with its standard input, as the real one does.
POLITE = f"""
import json, os, pathlib, sys
folder = pathlib.Path(sys.argv[sys.argv.index("--data") + 1])
with open(folder / "starts", "a") as starts:
    print(os.getpid(), *sys.argv[1:], file=starts)
print("a word to the log", file=sys.stderr, flush=True)
print({json.dumps(READY)!r}, flush=True)
sys.stdin.read()
"""
DEAF = f"""
import signal, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
print({json.dumps(READY)!r}, flush=True)
time.sleep(600)
"""


class World:
    def __init__(self, root: Path, code: str, **values) -> None:
        self.folder, self.log = root / "platform", root / "log" / "platform.log"
        self.lost: list[Exception] = []
        self.losing = asyncio.Event()
        self.supervisor = LocalPlatformSupervisor(
            self.folder, self.log, command=(sys.executable, "-c", code), on_lost=self._lose, **values
        )

    def _lose(self, error: Exception) -> None:
        self.lost.append(error)
        self.losing.set()

    def starts(self) -> list[list[str]]:
        return [line.split() for line in (self.folder / "starts").read_text().splitlines()]


@pytest.fixture
async def make(tmp_path):
    made: list[World] = []

    def make_world(code: str, **values) -> World:
        made.append(World(tmp_path, code, **values))
        return made[-1]

    yield make_world
    for world in made:
        await world.supervisor.stop()


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


async def test_start_reads_address_and_tokens_from_the_ready_line(make):
    world = make(POLITE)
    info = await world.supervisor.start()
    assert info.api_uri == "http://127.0.0.1:1234"
    assert (info.platform_token.reveal(), info.dash_token.reveal()) == ("per_1", "d1")
    assert "per_1" not in repr(info)
    assert world.supervisor.info is info


async def test_start_passes_folder_and_the_wish_to_end_together_and_keeps_the_log_private(make):
    world = make(POLITE)
    await world.supervisor.start()
    assert world.starts()[0][1:] == ["--port", "0", "--data", str(world.folder), "--exit-with-parent"]
    assert world.log.read_text() == "a word to the log\n"
    assert stat.S_IMODE(world.log.stat().st_mode) == 0o600


async def test_start_twice_starts_one_process(make):
    world = make(POLITE)
    first, second = await asyncio.gather(world.supervisor.start(), world.supervisor.start())
    assert first is second
    assert len(world.starts()) == 1


async def test_start_asks_for_the_port_of_last_time_when_it_is_free(make):
    world = make(POLITE)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
        world.folder.mkdir()
        (world.folder / "port").write_text(str(port))
        probe.listen()
        await world.supervisor.start()
        await world.supervisor.stop()
    (world.folder / "port").write_text(str(port))
    await world.supervisor.start()
    assert [each[2] for each in world.starts()] == ["0", str(port)]
    assert (world.folder / "port").read_text() == "1234"


async def test_stop_ends_the_process(make):
    world = make(POLITE)
    await world.supervisor.start()
    await world.supervisor.stop()
    assert not is_alive(int(world.starts()[0][0]))
    assert world.supervisor.info is None


async def test_stop_kills_a_process_that_does_not_listen(make, monkeypatch):
    monkeypatch.setattr("app.services.local_platform._POLITE_STOP_S", 0.1)
    world = make(DEAF)
    await world.supervisor.start()
    process = world.supervisor._process
    await world.supervisor.stop()
    assert process.returncode == -9


async def test_start_of_a_program_that_fails_says_why_with_the_log_as_details_and_can_be_repeated(make):
    world = make("import sys; sys.exit('no space left')")
    for _ in range(2):
        with pytest.raises(Unreachable, match="ended with code 1") as caught:
            await world.supervisor.start()
        assert "no space left" in caught.value.details
        assert "Retry" in caught.value.remedy
    assert world.supervisor.problem is caught.value


async def test_start_of_a_silent_program_ends_in_time_and_leaves_no_process(make, monkeypatch):
    monkeypatch.setattr("app.services.local_platform._POLITE_STOP_S", 0.1)
    world = make("import time; time.sleep(600)", ready_limit_s=0.2)
    with pytest.raises(Unreachable, match="not ready within"):
        await world.supervisor.start()
    assert world.supervisor._process is None


async def test_start_of_a_program_that_is_not_there_is_known(tmp_path):
    supervisor = LocalPlatformSupervisor(tmp_path, tmp_path / "log", command=("/nowhere/tenantry",))
    with pytest.raises(Unreachable, match="cannot start"):
        await supervisor.start()


@pytest.mark.parametrize("line", ["nonsense", "{}", "[]", '{"api_uri": "x"}'])
async def test_start_with_a_wrong_first_line_is_known(make, line):
    with pytest.raises(Unreachable):
        await make(f"print({line!r})").supervisor.start()


async def test_start_tells_who_must_know_before_anybody_gets_the_address(make):
    told = []

    async def on_ready(info):
        told.append(info.api_uri)

    world = make(POLITE, on_ready=on_ready)
    await world.supervisor.start()
    assert told == ["http://127.0.0.1:1234"]


async def test_start_whose_preparation_fails_ends_the_process(make):
    async def on_ready(info):
        raise Invalid("Refused.")

    world = make(POLITE, on_ready=on_ready)
    with pytest.raises(Invalid):
        await world.supervisor.start()
    assert not is_alive(int(world.starts()[0][0]))


async def test_crash_starts_another_process(make):
    ready = asyncio.Queue()
    world = make(POLITE, on_ready=ready.put)
    await world.supervisor.start()
    await ready.get()
    os.kill(int(world.starts()[0][0]), 9)
    await asyncio.wait_for(ready.get(), 20)
    assert len(world.starts()) == 2
    assert world.lost == []


async def test_crash_again_and_again_is_given_up_and_told(make):
    world = make(f"print({json.dumps(READY)!r}, flush=True)")
    await world.supervisor.start()
    await asyncio.wait_for(world.losing.wait(), 30)
    assert "4 times within a minute" in world.lost[0].sentence
    assert world.supervisor.problem is world.lost[0]
    assert world.supervisor.info is None
