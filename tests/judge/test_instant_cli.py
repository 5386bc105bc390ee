"""The official command line tool ``instant-cli``, unmodified, against the local platform's process."""

from __future__ import annotations

import json
import subprocess
import time
import uuid
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.judge.conftest import BIN, HERE, Server

pytestmark = pytest.mark.judge

SCHEMA = """
import { i } from '@instantdb/core';
const _schema = i.schema({
  entities: {
    goals: i.entity({ %s: i.string().indexed(), done: i.boolean().optional() }),
    todos: i.entity({ text: i.string() }),
  },
  links: {
    goalTodos: {
      forward: { on: 'goals', has: 'many', label: 'todos' },
      reverse: { on: 'todos', has: 'one', label: 'goal' },
    },
  },
});
export default _schema;
"""
PERMS = """
const rules = { goals: { allow: { view: 'auth.id != null' } } };
export default rules;
"""


class Project:
    """A project folder with the tool's files in it, linked to an app of its own."""

    def __init__(self, root: Path, server: Server, environment: dict[str, str]) -> None:
        self.root = root
        self.root.mkdir()
        (root / "package.json").write_text('{"name": "judged", "dependencies": {"@instantdb/core": "*"}}')
        (root / "node_modules").symlink_to(HERE / "node_modules")
        self.environment = {**environment, "INSTANT_SCHEMA_FILE_PATH": "", "PWD": str(root)}
        for name in ("INSTANT_SCHEMA_FILE_PATH", "API_URI", "PLATFORM_TOKEN", "DASH_TOKEN"):
            self.environment.pop(name)
        self.http = httpx.Client(
            base_url=server.api_uri, headers={"authorization": f"Bearer {server.platform_token}"}, timeout=30
        )

    def run(self, *arguments: str, expect: int = 0) -> str:
        tool = HERE / "node_modules" / "instant-cli" / "bin" / "index.js"
        done = subprocess.run(
            [str(BIN / "node"), str(tool), *arguments],
            cwd=self.root,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=90,
        )
        assert done.returncode == expect, f"{done.stdout[-3000:]}\n{done.stderr[-3000:]}"
        return done.stdout + done.stderr

    def create_app(self) -> str:
        made = self.http.post("/superadmin/apps", json={"title": f"Judged {uuid.uuid4()}"}).json()["app"]
        self.environment["INSTANT_APP_ID"] = made["id"]
        self.environment["INSTANT_APP_ADMIN_TOKEN"] = made["admin-token"]
        return str(made["id"])

    def get(self, path: str) -> Any:
        answer = self.http.get(path)
        assert answer.status_code == 200, answer.text
        return answer.json()


@pytest.fixture
def project(tmp_path: Path, server: Server, judge_environment: dict[str, str]) -> Iterator[Project]:
    made = Project(tmp_path / "project", server, judge_environment)
    yield made
    made.http.close()


def test_cli_info_knows_the_token(project: Project) -> None:
    assert "Logged in as operator@localhost" in project.run("info")


def test_cli_init_creates_an_app_and_pulls_its_files(project: Project) -> None:
    title = f"By the tool {uuid.uuid4()}"
    project.run("init", "--yes", "--title", title, "--package", "core")
    assert title in [app["title"] for app in project.get("/superadmin/apps")["apps"]]
    assert "i.schema" in (project.root / "instant.schema.ts").read_text()
    assert (project.root / "instant.perms.ts").exists()


def test_cli_app_list_shows_apps(project: Project) -> None:
    app_id = project.create_app()
    assert app_id in project.run("app", "list", "--json")


def test_cli_push_schema_and_perms_then_pull_gives_them_back(project: Project) -> None:
    app_id = project.create_app()
    (project.root / "instant.schema.ts").write_text(SCHEMA % "title")
    (project.root / "instant.perms.ts").write_text(PERMS)
    project.run("push", "all", "--yes", "--app", app_id, "--package", "core")
    blobs = project.get(f"/superadmin/apps/{app_id}/schema")["schema"]["blobs"]
    assert (blobs["goals"]["title"]["checked-data-type"], blobs["goals"]["title"]["index?"]) == ("string", True)
    assert project.get(f"/superadmin/apps/{app_id}/perms")["perms"]["goals"]["allow"] == {"view": "auth.id != null"}
    (project.root / "instant.schema.ts").unlink()
    (project.root / "instant.perms.ts").unlink()
    project.run("pull", "all", "--yes", "--app", app_id, "--package", "core")
    pulled = (project.root / "instant.schema.ts").read_text()
    assert "title: i.string().indexed()" in pulled
    assert "goalsTodos" in pulled
    assert "auth.id != null" in (project.root / "instant.perms.ts").read_text()


def test_cli_push_with_rename_keeps_the_data(project: Project) -> None:
    app_id = project.create_app()
    path = project.root / "instant.schema.ts"
    path.write_text(SCHEMA % "name")
    project.run("push", "schema", "--yes", "--app", app_id, "--package", "core")
    admin = {"authorization": f"Bearer {project.environment['INSTANT_APP_ADMIN_TOKEN']}", "app-id": app_id}
    steps = [["create", "goals", str(uuid.uuid4()), {"name": "kept"}]]
    assert project.http.post("/admin/transact", json={"steps": steps}, headers=admin).status_code == 200
    path.write_text(SCHEMA % "title")
    options = ("--rename", "goals.name:goals.title", "--yes", "--app", app_id, "--package", "core")
    project.run("push", "schema", *options)
    # The Admin API takes the app's own token or a personal access token, but no dashboard login: as the platform's.
    project.environment["INSTANT_CLI_AUTH_TOKEN"] = project.environment["INSTANT_APP_ADMIN_TOKEN"]
    answer = project.run("query", '{"goals": {}}', "--admin", "--app", app_id)
    assert '"title": "kept"' in answer
    assert '"name"' not in answer


def _until(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < end, "it took too long"


def test_cli_backup_list_and_download(project: Project) -> None:
    app_id = project.create_app()
    (project.root / "instant.schema.ts").write_text(SCHEMA % "title")
    project.run("push", "schema", "--yes", "--app", app_id, "--package", "core")
    project.http.post(f"/dash/apps/{app_id}/backups", json={"description": "by hand"})
    _until(lambda: bool(project.get(f"/dash/apps/{app_id}/backups")["backups"]))
    (listed,) = json.loads(project.run("backup", "list", "--json", "--app", app_id))
    assert listed["description"] == "by hand"
    target = project.root / "out.zip"
    project.run("backup", "download", "--latest", "--yes", "-o", str(target), "--app", app_id)
    with zipfile.ZipFile(target) as archive:
        assert archive.namelist()[0] == "config.json"
        assert json.loads(archive.read("config.json"))["appId"] == app_id


def test_cli_webhook_list_is_refused_with_a_sentence(project: Project) -> None:
    app_id = project.create_app()
    assert "has no webhooks" in project.run("webhook", "list", "--app", app_id, expect=1)


def test_cli_app_delete_marks_the_app(project: Project) -> None:
    app_id = project.create_app()
    project.run("app", "delete", "--yes", "--app", app_id)
    assert app_id not in [app["id"] for app in project.get("/superadmin/apps")["apps"]]


def test_cli_with_wrong_token_says_so(project: Project) -> None:
    project.environment["INSTANT_CLI_AUTH_TOKEN"] = "per_" + "0" * 64
    project.run("app", "list", expect=1)
