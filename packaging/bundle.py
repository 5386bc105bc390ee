"""The bundle: one folder with Python, Qt and everything inside, by PyInstaller."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import urllib.request
from pathlib import Path

from common import DIST, ROOT, say, version

PROGRAM = "tenantry.exe" if sys.platform == "win32" else "tenantry"


def build_bundle() -> Path:
    """Build ``dist/tenantry/`` anew; the answer is that folder."""
    say("Building the bundle")
    work = DIST / "build"
    shutil.rmtree(DIST / "tenantry", ignore_errors=True)
    environment = {**os.environ, "TENANTRY_ROOT": str(ROOT), "TENANTRY_VERSION": version()}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    command = [sys.executable, "-m", "PyInstaller", "--noconfirm", "--log-level", "WARN"]
    command += ["--distpath", str(DIST), "--workpath", str(work), str(ROOT / "packaging" / "tenantry.spec")]
    subprocess.run(command, check=True, env=environment)
    shutil.rmtree(work, ignore_errors=True)
    return DIST / "tenantry"


def size_mb(folder: Path) -> float:
    """What it takes on a disk, links not followed."""
    return sum(each.lstat().st_size for each in folder.rglob("*") if not each.is_dir()) / 1e6


def try_bundle(program: Path) -> None:
    """Ask for the version, look at everything, and serve the local platform once; with no Python to be found."""
    with tempfile.TemporaryDirectory() as folder:
        environment = {"PATH": "/nowhere", "HOME": folder, "LC_ALL": "C.UTF-8", "QT_QPA_PLATFORM": "offscreen"}
        said = subprocess.run([str(program), "--version"], check=True, capture_output=True, text=True, env=environment)
        if version() not in said.stdout:
            sys.exit(f"The bundle calls itself {said.stdout.strip()!r}, not version {version()}.")
        _examine(program, Path(folder) / "profile", environment)
        _serve(program, Path(folder) / "data", environment)


def _examine(program: Path, profile: Path, environment: dict[str, str]) -> None:
    command = [str(program), "doctor", "--json", "--profile", str(profile)]
    said = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=120)
    try:
        json.loads(said.stdout)
    except ValueError:
        sys.exit(f"The bundle's doctor answered {said.returncode} without JSON:\n{said.stdout}\n{said.stderr}")
    if "ModuleNotFoundError" in said.stdout + said.stderr:
        sys.exit(f"The bundle lacks a module:\n{said.stdout}\n{said.stderr}")


def _serve(program: Path, data: Path, environment: dict[str, str]) -> None:
    serve = [str(program), "local-platform", "--port", "0", "--data", str(data)]
    server = subprocess.Popen(serve, stdout=subprocess.PIPE, text=True, env=environment)
    try:
        assert server.stdout is not None
        ready = json.loads(server.stdout.readline())
        headers = {"Authorization": f"Bearer {ready['platform_token']}"}
        request = urllib.request.Request(f"{ready['api_uri']}/superadmin/apps", headers=headers)
        with urllib.request.urlopen(request, timeout=10) as answer:
            if json.load(answer) != {"apps": []}:
                sys.exit("The bundle's local platform does not begin empty.")
    finally:
        server.terminate()
        server.wait(10)
