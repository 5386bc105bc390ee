"""The start of the packaged bundle, against the same program from source and a bare PySide6 window."""

from __future__ import annotations

import compileall
import os
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.bench.figures import median
from tests.bench.started import BARE, ROOT, fill, started
from tests.support.display import virtual_display

ROUNDS = 7
_BUNDLE = ROOT / "dist" / "tenantry"


def measure() -> dict[str, object]:
    """Builds the bundle where there is none that is newer than the source."""
    if not _is_built():
        subprocess.run([sys.executable, "packaging/build.py", "bundle"], cwd=ROOT, check=True, stdout=sys.stderr)
    compileall.compile_dir(ROOT / "app", quiet=1)
    with tempfile.TemporaryDirectory() as folder, virtual_display() as display:
        profile = Path(folder) / "profile"
        fill(profile)
        env = {**os.environ, "DISPLAY": display, "QT_QPA_PLATFORM": "xcb"}
        trace = Path(folder) / "trace"
        traced = {**env, "TENANTRY_TRACE_START": str(trace)}
        arguments = ["--profile", str(profile)]
        bare: list[float] = []
        source: list[tuple[float, float]] = []
        bundle: list[tuple[float, float]] = []
        for round_ in range(ROUNDS + 1):
            print(f"  round {round_} of {ROUNDS}", file=sys.stderr, flush=True)
            with started([sys.executable, str(BARE), str(trace)], env, trace) as (_, times):
                bare_s = times("first_paint")
            with started([sys.executable, "-m", "app", *arguments], traced, trace) as (_, times):
                source_s = times("first_paint"), times("list_ready")
            with started([str(_BUNDLE / "tenantry"), *arguments], traced, trace) as (_, times):
                bundle_s = times("first_paint"), times("list_ready")
            # The first round warms the page cache for all.
            if round_:
                bare.append(bare_s)
                source.append(source_s)
                bundle.append(bundle_s)
        first, listed = median([each[0] for each in bundle]), median([each[1] for each in bundle])
        return {
            "bare_s": median(bare),
            "source_first_paint_s": median([each[0] for each in source]),
            "first_paint_s": first,
            "list_ready_s": listed,
            "first_paint_ratio": round(first / median(bare), 2),
            "list_ready_ratio": round(listed / median(bare), 2),
            "against_source": round(listed / median([each[1] for each in source]), 2),
            "size_mb": _size_mb(),
        }


def _is_built() -> bool:
    program = _BUNDLE / "tenantry"
    if not program.exists():
        return False
    sources = (*(ROOT / "app").rglob("*.py"), *(ROOT / "resources").rglob("*"), ROOT / "pyproject.toml")
    return program.stat().st_mtime > max(each.stat().st_mtime for each in sources)


def _size_mb() -> int:
    return round(sum(each.lstat().st_size for each in _BUNDLE.rglob("*") if not each.is_dir()) / 1e6)
