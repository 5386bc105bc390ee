"""The start of the program with 10,000 apps in the inventory, against a bare PySide6 window; in a real X server."""

from __future__ import annotations

import compileall
import os
import sys
import tempfile
import time
from pathlib import Path

from tests.bench.figures import median
from tests.bench.started import APPS, BARE, ROOT, fill, rss_mb, started
from tests.support.display import virtual_display

ROUNDS = 11
# The engine has then imported its libraries, and the local platform has been opened, checked and listed.
_SETTLED_S = 4.0


def measure() -> dict[str, object]:
    # As an installation has it; some systems keep Python from doing this by itself.
    compileall.compile_dir(ROOT / "app", quiet=1)
    with tempfile.TemporaryDirectory() as folder, virtual_display() as display:
        profile = Path(folder) / "profile"
        fill(profile)
        env = {**os.environ, "DISPLAY": display, "QT_QPA_PLATFORM": "xcb"}
        trace = Path(folder) / "trace"
        bare: list[float] = []
        first: list[float] = []
        listed: list[float] = []
        rss: list[float] = []
        for round_ in range(ROUNDS + 1):
            print(f"  round {round_} of {ROUNDS}", file=sys.stderr, flush=True)
            with started([sys.executable, str(BARE), str(trace)], env, trace) as (_, times):
                bare_s = times("first_paint")
            program = [sys.executable, "-m", "app", "--profile", str(profile)]
            traced = {**env, "TENANTRY_TRACE_START": str(trace)}
            with started(program, traced, trace) as (process, times):
                first_s, listed_s = times("first_paint"), times("list_ready")
                time.sleep(_SETTLED_S)
                rss_now = rss_mb(process.pid)
            # The first round warms the page cache for both.
            if round_:
                bare.append(bare_s)
                first.append(first_s)
                listed.append(listed_s)
                rss.append(rss_now)
        return {
            "apps": APPS,
            "bare_s": median(bare),
            "first_paint_s": median(first),
            "list_ready_s": median(listed),
            "first_paint_ratio": round(median(first) / median(bare), 2),
            "list_ready_ratio": round(median(listed) / median(bare), 2),
            "rss_mb": median(rss, 1),
        }
