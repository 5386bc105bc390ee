"""Programs started in a real X server, and when they say that they got somewhere."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from app.core.connection import Connection, Environment, Platform
from app.core.status import ConnectionStatus, Health
from app.services.connections import BUILTIN_ID
from app.storage.database import Database
from app.storage.paths import Profile
from app.storage.stores import ConnectionStore, InventoryStore, StatusStore
from tests.bench.sample_apps import sample_apps

APPS = 10_000
BARE = Path(__file__).with_name("bare_window.py")
ROOT = Path(__file__).resolve().parents[2]
_LIMIT_S = 60


def fill(profile: Path) -> None:
    """An inventory as a long use leaves it: the built-in connection and one with all the apps."""
    place = Profile.at(profile)
    place.make()
    database = Database.open(place.database_path)
    connection = Connection("bench", "Instant · bench", Platform.INSTANT, "http://127.0.0.1:9", Environment.STAGING)
    builtin = Connection(
        BUILTIN_ID, "Instant · local", Platform.INSTANT, "http://127.0.0.1:9", Environment.LOCAL, is_builtin=True
    )
    for each in (builtin, connection):
        ConnectionStore(database).add(each)
    InventoryStore(database).replace("bench", sample_apps("bench", APPS))
    StatusStore(database).put(ConnectionStatus("bench", Health.UP, 12.0, time.time(), APPS, 40_000))
    database.close()


@contextmanager
def started(
    command: Sequence[str], env: Mapping[str, str], trace: Path
) -> Iterator[tuple[subprocess.Popen[bytes], Callable[[str], float]]]:
    """The process, and what gives the seconds from its start until it noted a name in ``trace``."""
    trace.unlink(missing_ok=True)
    begin = time.monotonic()
    process = subprocess.Popen(command, env=env)

    def seconds_until(name: str) -> float:
        deadline = time.monotonic() + _LIMIT_S
        while time.monotonic() < deadline and process.poll() in (None, 0):
            lines = trace.read_text().splitlines() if trace.exists() else []
            found = [line for line in lines if line.startswith(f"{name} ")]
            if found:
                return float(found[0].split()[1]) - begin
            time.sleep(0.01)
        raise RuntimeError(f"{name} was not reached by {' '.join(command)}")

    try:
        yield process, seconds_until
    finally:
        process.terminate()
        process.wait(_LIMIT_S)


def rss_mb(pid: int) -> float:
    """Resident memory now, in MB (10^6 bytes)."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) * 1024 / 1e6
    raise RuntimeError("no VmRSS")
