"""The start of the program with 10,000 apps in the inventory, against a bare PySide6 window; in a real X server."""

from __future__ import annotations

import compileall
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from app.core.connection import Connection, Environment, Platform
from app.core.status import ConnectionStatus, Health
from app.services.connections import BUILTIN_ID
from app.storage.database import Database
from app.storage.paths import Profile
from app.storage.stores import ConnectionStore, InventoryStore, StatusStore
from tests.bench.figures import median
from tests.bench.sample_apps import sample_apps
from tests.support.display import virtual_display

APPS = 10_000
ROUNDS = 11
_BARE = Path(__file__).with_name("bare_window.py")
_ROOT = Path(__file__).resolve().parents[2]
_LIMIT_S = 60
# The engine has then imported its libraries, and the local platform has been opened, checked and listed.
_SETTLED_S = 4.0


def measure() -> dict[str, object]:
    # As an installation has it; some systems keep Python from doing this by itself.
    compileall.compile_dir(_ROOT / "app", quiet=1)
    with tempfile.TemporaryDirectory() as folder, virtual_display() as display:
        profile = Path(folder) / "profile"
        _fill(profile)
        env = {**os.environ, "DISPLAY": display, "QT_QPA_PLATFORM": "xcb"}
        trace = Path(folder) / "trace"
        bare: list[float] = []
        first: list[float] = []
        listed: list[float] = []
        rss: list[float] = []
        for round_ in range(ROUNDS + 1):
            print(f"  round {round_} of {ROUNDS}", file=sys.stderr, flush=True)
            with _started([sys.executable, str(_BARE), str(trace)], env, trace) as (_, times):
                bare_s = times("first_paint")
            program = [sys.executable, "-m", "app", "--profile", str(profile)]
            traced = {**env, "TENANTRY_TRACE_START": str(trace)}
            with _started(program, traced, trace) as (process, times):
                first_s, listed_s = times("first_paint"), times("list_ready")
                time.sleep(_SETTLED_S)
                rss_mb = _rss_mb(process.pid)
            # The first round warms the page cache for both.
            if round_:
                bare.append(bare_s)
                first.append(first_s)
                listed.append(listed_s)
                rss.append(rss_mb)
        return {
            "apps": APPS,
            "bare_s": median(bare),
            "first_paint_s": median(first),
            "list_ready_s": median(listed),
            "first_paint_ratio": round(median(first) / median(bare), 2),
            "list_ready_ratio": round(median(listed) / median(bare), 2),
            "rss_mb": median(rss, 1),
        }


def _fill(profile: Path) -> None:
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
def _started(command: list[str], env: dict[str, str], trace: Path) -> Iterator[tuple[subprocess.Popen[bytes], object]]:
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


def _rss_mb(pid: int) -> float:
    """Resident memory now, in MB (10^6 bytes)."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) * 1024 / 1e6
    raise RuntimeError("no VmRSS")
