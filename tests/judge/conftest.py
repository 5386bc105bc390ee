"""The real server process, and the official clients that judge it, unmodified.

A judge that cannot be had fails its tests; it is never skipped.
"""

from __future__ import annotations

import fcntl
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support.local_platform import local_platform

HERE = Path(__file__).parent
BIN = Path(sys.executable).parent


@dataclass(frozen=True)
class Server:
    api_uri: str
    platform_token: str
    dash_token: str


@pytest.fixture(scope="session")
def node_modules() -> Path:
    """Installed by ``npm ci`` where ``./dev`` has not done it; one worker at a time."""
    with open(HERE / "package-lock.json", "rb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not _is_installed():
            environment = {**os.environ, "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}"}
            command = [str(BIN / "npm"), "ci", "--no-audit", "--no-fund", "--ignore-scripts"]
            done = subprocess.run(command, cwd=HERE, env=environment, capture_output=True, text=True, timeout=600)
            assert done.returncode == 0, f"npm ci failed: {done.stderr[-2000:]}"
    return HERE / "node_modules"


def _is_installed() -> bool:
    """npm writes this file last, and with it what it installed."""
    written = HERE / "node_modules" / ".package-lock.json"
    return written.exists() and written.stat().st_mtime >= (HERE / "package-lock.json").stat().st_mtime


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    data_dir = tmp_path_factory.mktemp("judged") / "platform"
    data_dir.mkdir()
    with local_platform(data_dir) as running:
        yield Server(running.api_uri, running.platform_token, running.dash_token)
        log = (data_dir.parent / "platform.stderr").read_text(errors="replace")
        assert [line for line in log.splitlines() if " ERROR " in line] == []


@pytest.fixture
def judge_environment(server: Server, node_modules: Path, tmp_path: Path) -> dict[str, str]:
    """No home, no proxy and no tokens of the person who runs the tests."""
    return {
        "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}",
        "HOME": str(tmp_path),
        "XDG_CONFIG_HOME": str(tmp_path / "config"),
        "API_URI": server.api_uri,
        "PLATFORM_TOKEN": server.platform_token,
        "DASH_TOKEN": server.dash_token,
        "INSTANT_CLI_API_URI": server.api_uri,
        "INSTANT_CLI_AUTH_TOKEN": server.dash_token,
        "NO_COLOR": "1",
        "CI": "1",
    }


def run_node(environment: dict[str, str], *arguments: str, cwd: Path = HERE, timeout_s: float = 90) -> str:
    """Standard output of ``node``; fails the test with what the judge said."""
    done = subprocess.run(
        [str(BIN / "node"), *arguments], cwd=cwd, env=environment, capture_output=True, text=True, timeout=timeout_s
    )
    assert done.returncode == 0, f"{done.stdout[-3000:]}\n{done.stderr[-3000:]}"
    return done.stdout
