"""``./dev bench [NAME…]``: one JSON object on stdout, progress on stderr; medians, ratios from one run."""

from __future__ import annotations

import argparse
import importlib
import json
import os
import subprocess
import sys
from typing import Any

NAMES = (
    "start",
    "bundle",
    "list",
    "stalls",
    "refresh",
    "compare",
    "parse",
    "editor",
    "push",
    "provision",
    "reconcile",
    "read_schema",
    "tree",
    "stores",
    "palette",
    "soak",
)
# What is promised; a figure beyond its limit is named at the end and makes the exit code 1.
AT_MOST = {
    "start": {"first_paint_ratio": 1.6, "list_ready_ratio": 2.6, "rss_mb": 140},
    "bundle": {"first_paint_ratio": 2.0, "against_source": 1.3, "size_mb": 260},
    "list": {"filter_p95_ms": 20, "scroll_p95_ms": 8},
    "stalls": {"p99_ms": 10, "max_ms": 50},
    "refresh": {"ratio": 1.3},
    "compare": {"growth": 1.0},
    "editor": {"first_paint_ms": 300, "cell_edit_p95_ms": 16},
    "provision": {"ratio": 1.3, "stall_p99_ms": 10},
    "reconcile": {"seconds": 2},
    "read_schema": {"ratio": 1.5},
    "tree": {"ui_ms": 50},
    "stores": {"ratio": 1.3},
    "palette": {"p95_ms": 16},
    "soak": {"growth_percent": 10, "objects_growth": 0, "tasks_growth": 0, "troubles": 0},
}
AT_LEAST = {"compare": {"speedup": 2.0}}


def _measured(name: str) -> dict[str, Any]:
    return importlib.import_module(f"tests.bench.bench_{name}").measure()


def _measured_apart(name: str) -> dict[str, Any]:
    """In a process of its own: what one measurement leaves behind must not slow the next."""
    done = subprocess.run([sys.executable, "-m", "tests.bench", name], capture_output=True)
    if not done.stdout:
        sys.exit(done.stderr.decode())
    return json.loads(done.stdout)[name]


def main() -> int:
    parser = argparse.ArgumentParser(prog="./dev bench", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"any of {', '.join(NAMES)}; all without")
    names = parser.parse_args().names or NAMES
    if unknown := set(names) - set(NAMES):
        parser.error(f"no such measurement: {', '.join(sorted(unknown))}")
    # The start is measured in an X server of its own; the rest needs no screen.
    os.environ["QT_QPA_PLATFORM"] = "offscreen"
    figures = {}
    for name in names:
        print(f"measuring {name}…", file=sys.stderr, flush=True)
        figures[name] = _measured(name) if len(names) == 1 else _measured_apart(name)
    print(json.dumps(figures, indent=2))
    over = [
        f"{name}.{figure} is {figures[name][figure]}, promised is at {word} {limit}"
        for name in names
        for word, limits in (("most", AT_MOST), ("least", AT_LEAST))
        for figure, limit in limits.get(name, {}).items()
        if (figures[name][figure] > limit if word == "most" else figures[name][figure] < limit)
    ]
    print("\n".join(over) or "all within their limits", file=sys.stderr)
    return 1 if over else 0


if __name__ == "__main__":
    sys.exit(main())
