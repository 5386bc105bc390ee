"""The real server process, and the official clients that judge it, unmodified.

A judge that cannot be had fails its tests; it is never skipped.
"""

from __future__ import annotations

import hashlib
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
    """Installed by ``npm ci`` where they are missing or the lock file has changed."""
    modules, stamp = HERE / "node_modules", HERE / "node_modules" / ".tenantry-lock"
    wanted = hashlib.sha256((HERE / "package-lock.json").read_bytes()).hexdigest()
    if not stamp.exists() or stamp.read_text() != wanted:
        environment = {**os.environ, "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}"}
        command = [str(BIN / "npm"), "ci", "--no-audit", "--no-fund", "--ignore-scripts"]
        done = subprocess.run(command, cwd=HERE, env=environment, capture_output=True, text=True, timeout=600)
        assert done.returncode == 0, f"npm ci failed: {done.stderr[-2000:]}"
        stamp.write_text(wanted)
    return modules


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
