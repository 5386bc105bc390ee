"""The real local platform, as a process, for as long as a test or a measurement needs it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class RunningPlatform:
    """``api_uri`` without a trailing slash; tokens as the ready line gave them."""

    api_uri: str
    platform_token: str
    dash_token: str
    process: subprocess.Popen[str] = field(compare=False)

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.platform_token}"}


def start_local_platform(data: Path, *arguments: str, env: dict[str, str] | None = None) -> RunningPlatform:
    """Start it on a free port and wait for its ready line; the caller ends ``process``."""
    command = [sys.executable, "-m", "app", "local-platform", "--port", "0", "--data", str(data), *arguments]
    # Its log goes to a file: a pipe that nobody reads would stop it once full.
    with open(data.parent / f"{data.name}.stderr", "ab") as log:
        process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=log, text=True, env={**os.environ, **(env or {})}
        )
    assert process.stdout is not None
    line = process.stdout.readline()
    if not line:
        process.wait(10)
        raise RuntimeError((data.parent / f"{data.name}.stderr").read_text(errors="replace")[-4000:])
    ready: dict[str, Any] = json.loads(line)
    return RunningPlatform(ready["api_uri"], ready["platform_token"], ready["dash_token"], process)


@contextmanager
def local_platform(data: Path, *arguments: str, env: dict[str, str] | None = None) -> Iterator[RunningPlatform]:
    """As :func:`start_local_platform`, ended politely with the block."""
    running = start_local_platform(data, *arguments, env=env)
    try:
        yield running
    finally:
        running.process.terminate()
        try:
            running.process.wait(10)
        except subprocess.TimeoutExpired:
            running.process.kill()
            running.process.wait(10)
        if running.process.stdout is not None:
            running.process.stdout.close()


def call_platform(profile: Path, token: str, path: str, app_id: str = "", body: object = None) -> Any:
    """What the platform of a profile answers, asked behind the program's back."""
    port = (profile / "data" / "local-platform" / "port").read_text().strip()
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}{path}",
        data=None if body is None else json.dumps(body).encode(),
        headers={**headers, "app-id": app_id} if app_id else headers,
    )
    with urllib.request.urlopen(request, timeout=10) as answer:
        return json.load(answer)
