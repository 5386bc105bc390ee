"""The wheel: built from a copy, installed into an empty environment, started and served from there."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
import urllib.request
import venv
import zipfile
from pathlib import Path

from common import DIST, ROOT


def build_wheel() -> Path:
    """Build from a copy, so that nothing left over from an earlier build gets in."""
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "source"
        shutil.copytree(ROOT, source, ignore=shutil.ignore_patterns(".*", "build", "dist", "tests", "*.egg-info"))
        command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation"]
        subprocess.run([*command, "--wheel-dir", str(DIST), str(source)], check=True)
    return max(DIST.glob("tenantry-*.whl"), key=lambda each: each.stat().st_mtime)


def check_contents(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    wanted = {"app/__main__.py", "app/resources/templates/todo.json", "app/storage/migrations/env.py"}
    if missing := wanted - names:
        sys.exit(f"{wheel.name} lacks {', '.join(sorted(missing))}")


def try_wheel(wheel: Path) -> None:
    """Install with the locked dependencies, ask for the version, and serve the local platform once."""
    with tempfile.TemporaryDirectory() as folder:
        venv.create(folder, with_pip=True)
        python = Path(folder) / "bin" / "python"
        pip = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        subprocess.run([*pip, "--require-hashes", "-r", str(ROOT / "packaging/requirements.txt")], check=True)
        subprocess.run([*pip, "--no-deps", str(wheel)], check=True)
        program = Path(folder) / "bin" / "tenantry"
        subprocess.run([str(program), "--version"], check=True, cwd=folder, stdout=sys.stderr)
        serve = [str(program), "local-platform", "--port", "0", "--data", str(Path(folder) / "data")]
        server = subprocess.Popen(serve, cwd=folder, stdout=subprocess.PIPE, text=True)
        try:
            assert server.stdout is not None
            ready = json.loads(server.stdout.readline())
            headers = {"Authorization": f"Bearer {ready['platform_token']}"}
            request = urllib.request.Request(f"{ready['api_uri']}/superadmin/apps", headers=headers)
            with urllib.request.urlopen(request, timeout=10) as answer:
                assert json.load(answer) == {"apps": []}
        finally:
            server.terminate()
            server.wait(10)
