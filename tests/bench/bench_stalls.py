"""Lateness of a precise 16 ms timer on the UI thread while 1,000 apps with schemas are refreshed over HTTP."""

from __future__ import annotations

import functools
import sys
import tempfile
import time
from pathlib import Path

from PySide6.QtCore import QEventLoop, Qt, QTimer
from PySide6.QtWidgets import QApplication

from tests.bench.figures import percentile
from tests.bench.filled_platform import fill

APPS = 1_000
ROUNDS = 8
INTERVAL_MS = 16


def measure() -> dict[str, object]:
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder) / "profile"
        return _measure(root)


def _measure(root: Path) -> dict[str, object]:
    from app.bootstrap import build_services
    from app.services.connections import BUILTIN_ID
    from app.services.engine import Engine
    from app.storage.last_known import LastKnownReader
    from app.storage.paths import Profile
    from app.ui.program.application import Start, make_application

    profile = Profile.at(root)
    print("  filling the platform", file=sys.stderr, flush=True)
    fill(profile, APPS)
    application = QApplication.instance() or make_application(["bench"])
    reader = LastKnownReader(profile.database_path)
    engine = Engine(functools.partial(build_services, profile))
    start = Start(application, profile, reader, engine)
    start.begin()

    async def opened(services):
        await services.local_platform.start()
        await services.directory.refresh([BUILTIN_ID])

    async def refreshed(services):
        await services.directory.refresh([BUILTIN_ID])

    until(lambda: engine.is_running)
    wait_for(engine.submit(opened))
    lateness: list[float] = []
    for round_ in range(ROUNDS):
        print(f"  round {round_ + 1} of {ROUNDS}", file=sys.stderr, flush=True)
        lateness += lateness_during(engine.submit(refreshed))
    start.window.close()
    until(lambda: not engine.is_running)
    return {
        "apps": APPS,
        "ticks": len(lateness),
        "p50_ms": percentile(lateness, 50),
        "p99_ms": percentile(lateness, 99),
        "max_ms": round(max(lateness), 2),
    }


def lateness_during(future) -> list[float]:
    """Milliseconds that each tick came later than 16 ms after the one before it."""
    late: list[float] = []
    last = time.perf_counter()

    def tick() -> None:
        nonlocal last
        now = time.perf_counter()
        late.append(max(0.0, (now - last) * 1000 - INTERVAL_MS))
        last = now

    timer = QTimer()
    timer.setTimerType(Qt.TimerType.PreciseTimer)
    timer.timeout.connect(tick)
    last = time.perf_counter()
    timer.start(INTERVAL_MS)
    wait_for(future)
    timer.stop()
    return late


def wait_for(future) -> None:
    until(future.done)
    future.result()


def until(is_true) -> None:
    """Run the window's event loop, as it is run in the program, until something holds."""
    loop = QEventLoop()
    watch = QTimer()
    watch.timeout.connect(lambda: loop.quit() if is_true() else None)
    watch.start(25)
    if not is_true():
        loop.exec()
    watch.stop()
