"""A monkey at the real window, over the real services and sample data: it must find nothing.

``--monkey-seed N`` and ``--monkey-seconds N`` choose another run. A finding is a bug to be mended.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

_START_AND_END_S = 90
_LAST_ACTIONS = 25


@pytest.mark.e2e
@pytest.mark.timeout(0)
def test_a_monkey_finds_nothing(request: pytest.FixtureRequest, tmp_path: Path) -> None:
    """In a process of its own: what it does to the program is not done to other tests."""
    seed, seconds = request.config.getoption("--monkey-seed"), request.config.getoption("--monkey-seconds")
    folder = tmp_path / "monkey"
    command = [sys.executable, "-m", "tests.support.monkey_world", str(folder)]
    command += ["--seed", str(seed), "--seconds", str(seconds)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=seconds + _START_AND_END_S)
    if done.returncode:
        pytest.fail(_told(folder, seed, done), pytrace=False)
    assert json.loads(done.stdout)["actions"] > 0


def _told(folder: Path, seed: int, done: subprocess.CompletedProcess[str]) -> str:
    log = folder / "actions.jsonl"
    actions = [json.loads(line) for line in log.read_text().splitlines()] if log.exists() else []
    last = (f"  {each['n']} {each['kind']} {each['said']} {each['data']}" for each in actions[-_LAST_ACTIONS:])
    return "\n".join(
        (
            f"The monkey with seed {seed} found (exit code {done.returncode}):",
            done.stdout or done.stderr[-6000:],
            "The last that it did:",
            *last,
            f"Again: python -m tests.support.monkey_world EMPTY_FOLDER --replay {log}",
        )
    )
