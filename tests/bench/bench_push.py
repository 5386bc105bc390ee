"""The same change pushed by ours and by ``instant-cli push schema --yes``: whole process against whole process."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Callable
from pathlib import Path

import httpx

from tests.bench.figures import median
from tests.support.local_platform import RunningPlatform, local_platform

ROUNDS = 5
HERE = Path(__file__).parent
JUDGES = HERE.parent / "judge" / "node_modules"
BIN = Path(sys.executable).parent

BEFORE = """import { i } from '@instantdb/core';

const _schema = i.schema({
  entities: {
    goals: i.entity({ title: i.string(), done: i.boolean().optional() }),
    todos: i.entity({ text: i.string(), position: i.number().optional() }),
  },
  links: {
    goalsTodos: {
      forward: { on: 'goals', has: 'many', label: 'todos' },
      reverse: { on: 'todos', has: 'one', label: 'goal' },
    },
  },
});

export default _schema;
"""
AFTER = BEFORE.replace("title: i.string(),", "title: i.string().indexed(), due: i.date().optional(),").replace(
    "  },\n  links: {",
    "    notes: i.entity({ body: i.string().optional() }),\n  },\n  links: {\n"
    "    notesGoal: {\n      forward: { on: 'notes', has: 'one', label: 'goal' },\n"
    "      reverse: { on: 'goals', has: 'many', label: 'notes' },\n    },",
)


def measure() -> dict[str, object]:
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder) / "platform"
        data.mkdir()
        with local_platform(data) as running:
            return _measure(Path(folder), running)


def _measure(root: Path, running: RunningPlatform) -> dict[str, object]:
    project = _project(root)
    ours: list[float] = []
    theirs: list[float] = []
    for round_ in range(-1, ROUNDS):
        print(f"  round {round_ + 1} of {ROUNDS}", file=sys.stderr, flush=True)
        for times, push in ((ours, _ours), (theirs, _theirs)):
            app_id = _app(running, project)
            taken = _timed(lambda push=push, app_id=app_id: push(running, project, app_id))
            _check(running, app_id)
            # The first round warms caches on both sides.
            if round_ >= 0:
                times.append(taken)
    return {
        "ratio": round(median(ours) / median(theirs), 3),
        "ours_s": median(ours),
        "instant_cli_s": median(theirs),
    }


def _project(root: Path) -> Path:
    project = root / "project"
    project.mkdir()
    (project / "package.json").write_text('{"name": "bench", "dependencies": {"@instantdb/core": "*"}}')
    (project / "node_modules").symlink_to(JUDGES)
    return project


def _app(running: RunningPlatform, project: Path) -> str:
    """A new app with the schema from before, pushed by ours."""
    body = {"title": f"Bench {uuid.uuid4()}"}
    answer = httpx.post(f"{running.api_uri}/superadmin/apps", json=body, headers=running.headers)
    app_id: str = answer.raise_for_status().json()["app"]["id"]
    (project / "instant.schema.ts").write_text(BEFORE)
    _ours(running, project, app_id)
    (project / "instant.schema.ts").write_text(AFTER)
    return app_id


def _ours(running: RunningPlatform, project: Path, app_id: str) -> None:
    path = project / "instant.schema.ts"
    command = [sys.executable, "-m", "tests.bench.push_process", running.api_uri, running.platform_token, app_id]
    subprocess.run([*command, str(path)], check=True, cwd=HERE.parent.parent, timeout=60)


def _theirs(running: RunningPlatform, project: Path, app_id: str) -> None:
    tool = JUDGES / "instant-cli" / "bin" / "index.js"
    environment = {
        "PATH": f"{BIN}{os.pathsep}{os.environ['PATH']}",
        "HOME": str(project),
        "PWD": str(project),
        "INSTANT_CLI_API_URI": running.api_uri,
        "INSTANT_CLI_AUTH_TOKEN": running.dash_token,
        "NO_COLOR": "1",
        "CI": "1",
    }
    command = [str(BIN / "node"), str(tool), "push", "schema", "--yes", "--app", app_id, "--package", "core"]
    subprocess.run(
        command,
        check=True,
        cwd=project,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        timeout=120,
    )


def _check(running: RunningPlatform, app_id: str) -> None:
    """Both have to have done it."""
    answer = httpx.get(f"{running.api_uri}/superadmin/apps/{app_id}/schema", headers=running.headers)
    schema = answer.raise_for_status().json()["schema"]
    assert schema["blobs"]["goals"]["title"]["index?"] is True
    assert {"due", "title"} <= schema["blobs"]["goals"].keys()
    assert schema["blobs"]["notes"]["body"]
    assert len(schema["refs"]) >= 2


def _timed(run: Callable[[], None]) -> float:
    begin = time.perf_counter()
    run()
    return time.perf_counter() - begin
