"""Backups and restores through the HTTP face."""

from __future__ import annotations

import io
import json
import uuid
import zipfile
from collections.abc import AsyncIterator, Iterator
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette

from app.localplatform.app import Settings, build_app
from app.localplatform.store import Store
from app.localplatform.transact import transact

DASH_TOKEN = "22222222-0000-4000-8000-000000000000"
DASH = {"authorization": f"Bearer {DASH_TOKEN}"}
PLATFORM_TOKEN = "per_" + "2" * 64
SCHEMA = {
    "entities": {
        "goals": {
            "attrs": {
                "title": {"valueType": "string", "required": True, "config": {"unique": True, "indexed": True}},
                "due": {"valueType": "date", "required": False, "config": {"indexed": True}},
            }
        },
        "todos": {"attrs": {"text": {"valueType": "string", "config": {}}}},
    },
    "links": {
        "goalTodos": {
            "forward": {"on": "goals", "has": "many", "label": "todos"},
            "reverse": {"on": "todos", "has": "one", "label": "goal", "onDelete": "cascade"},
        }
    },
}
GOAL, TODO = "aaaaaaaa-0000-4000-8000-000000000001", "aaaaaaaa-0000-4000-8000-000000000002"


@pytest.fixture
def platform() -> Iterator[Starlette]:
    store = Store(None)
    yield build_app(store, Settings(PLATFORM_TOKEN, DASH_TOKEN))
    store.close()


@pytest.fixture
async def client(platform: Starlette) -> AsyncIterator[httpx.AsyncClient]:
    headers = {"authorization": f"Bearer {PLATFORM_TOKEN}"}
    transport = httpx.ASGITransport(platform)
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1", headers=headers) as made:
        yield made


async def app_with_data(client: httpx.AsyncClient, platform: Starlette) -> str:
    body = {"title": "Kept", "schema": SCHEMA, "perms": {"goals": {"allow": {"view": "true"}}}}
    app_id: str = (await client.post("/superadmin/apps", json=body)).json()["app"]["id"]
    steps = [
        ["create", "goals", GOAL, {"title": "Zürich ☂", "due": "2026-01-02"}],
        ["create", "todos", TODO, {"text": "one"}],
        ["link", "goals", GOAL, {"todos": [TODO]}],
    ]
    with platform.state.store.write() as conn:
        transact(conn, app_id, steps, now=1_700_000_000_000)
    return app_id


async def backup(client: httpx.AsyncClient, platform: Starlette, app_id: str) -> dict[str, Any]:
    job = (await client.post(f"/dash/apps/{app_id}/backups", json={"description": "now"})).json()["job"]
    assert job["job_status"] == "waiting"
    platform.state.jobs.run_all()
    done = (await client.get(f"/dash/apps/{app_id}/backup-jobs/{job['id']}")).json()["job"]
    assert done["job_status"] == "completed"
    listed: list[dict[str, Any]] = (await client.get(f"/dash/apps/{app_id}/backups")).json()["backups"]
    assert [row["id"] for row in listed] == [done["app_backup_id"]]
    return listed[0]


async def archive(client: httpx.AsyncClient, app_id: str, backup_id: str) -> bytes:
    base = f"/dash/apps/{app_id}/backups/{backup_id}"
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as zipped:
        for file in (await client.get(f"{base}/files")).json()["files"]:
            url = (await client.get(f"{base}/file-url", params={"name": file["name"]})).json()["url"]
            content = (await client.get(url, headers={"authorization": ""})).content
            assert len(content) == file["size"]
            zipped.writestr(file["name"], content)
        for line in (await client.get(f"{base}/storage-files")).text.splitlines()[:-1]:
            stored = json.loads(line)
            content = (await client.get(stored["url"], headers={"authorization": ""})).content
            zipped.writestr(f"files/{stored['locationId']}", content)
    return buffer.getvalue()


async def restore(client: httpx.AsyncClient, platform: Starlette, content: bytes, **params: str) -> dict[str, Any]:
    answer = await client.post("/dash/restores/zip", params=params, content=content, headers=DASH)
    assert answer.status_code == 200, answer.text
    platform.state.jobs.run_all()
    job_id = answer.json()["restore-job"]["id"]
    job: dict[str, Any] = (await client.get(f"/dash/restore-jobs/{job_id}", headers=DASH)).json()["restore-job"]
    return job


async def test_backup_then_restore_gives_the_same_app_again(client: httpx.AsyncClient, platform: Starlette) -> None:
    app_id = await app_with_data(client, platform)
    content = await archive(client, app_id, (await backup(client, platform, app_id))["id"])
    new_id = str(uuid.uuid4())
    job = await restore(client, platform, content, app_id=new_id)
    assert (job["job_status"], job["error"]) == ("completed", None)
    for path in ("perms", "schema"):
        old, new = [(await client.get(f"/superadmin/apps/{each}/{path}")).json()[path] for each in (app_id, new_id)]
        assert _without_ids(old) == _without_ids(new)
    assert (await client.get(f"/superadmin/apps/{new_id}")).json()["app"]["title"] == "Kept"
    again = await archive(client, new_id, (await backup(client, platform, new_id))["id"])
    assert _entities(content) == _entities(again)


def _without_ids(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _without_ids(each) for name, each in value.items() if name != "id" or isinstance(each, dict)}
    if isinstance(value, list) and len(value) == 3:
        return value[1:]
    return value


def _entities(content: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(content)) as zipped:
        return {name: zipped.read(name) for name in zipped.namelist() if name.startswith("entities/")}


async def test_backup_archive_has_config_first_and_links_as_ids(client: httpx.AsyncClient, platform: Starlette) -> None:
    app_id = await app_with_data(client, platform)
    content = await archive(client, app_id, (await backup(client, platform, app_id))["id"])
    with zipfile.ZipFile(io.BytesIO(content)) as zipped:
        assert zipped.namelist()[0] == "config.json"
        config = json.loads(zipped.read("config.json"))
    assert config["counts"] == {"goals": 1, "todos": 1}
    assert config["rules"] == {"goals": {"allow": {"view": "true"}}}
    (line,) = _entities(content)["entities/goals.jsonl"].decode().splitlines()
    row = json.loads(line)
    assert row["createdAt"] == 1_700_000_000_000
    assert row["entity"] == {"id": GOAL, "title": "Zürich ☂", "due": "2026-01-02", "todos": [TODO]}


async def test_second_backup_while_one_waits_is_refused(client: httpx.AsyncClient, platform: Starlette) -> None:
    app_id = await app_with_data(client, platform)
    await client.post(f"/dash/apps/{app_id}/backups", json={})
    answer = await client.post(f"/dash/apps/{app_id}/backups", json={})
    assert answer.json()["hint"]["errors"] == [{"message": "A backup is already in progress for this app."}]


async def test_cancelled_backup_leaves_nothing(client: httpx.AsyncClient, platform: Starlette) -> None:
    app_id = await app_with_data(client, platform)
    job = (await client.post(f"/dash/apps/{app_id}/backups", json={})).json()["job"]
    answer = await client.delete(f"/dash/apps/{app_id}/backup-jobs/{job['id']}")
    assert answer.json()["job"]["job_status"] == "cancelled"
    platform.state.jobs.run_all()
    assert (await client.get(f"/dash/apps/{app_id}/backups")).json() == {"backups": []}


async def test_deleted_backup_cannot_be_fetched_any_more(client: httpx.AsyncClient, platform: Starlette) -> None:
    app_id = await app_with_data(client, platform)
    made = await backup(client, platform, app_id)
    base = f"/dash/apps/{app_id}/backups/{made['id']}"
    url = (await client.get(f"{base}/file-url", params={"name": "config.json"})).json()["url"]
    assert (await client.delete(base)).json() == {"id": made["id"]}
    assert (await client.get(url)).status_code == 400
    assert (await client.get(f"{base}/files")).json()["hint"]["record-type"] == "app-backup"


async def test_backup_url_with_forged_signature_is_refused(client: httpx.AsyncClient, platform: Starlette) -> None:
    app_id = await app_with_data(client, platform)
    made = await backup(client, platform, app_id)
    base = f"/dash/apps/{app_id}/backups/{made['id']}"
    url = httpx.URL((await client.get(f"{base}/file-url", params={"name": "config.json"})).json()["url"])
    later = url.copy_merge_params({"expires": "99999999999"})
    assert (await client.get(later)).status_code == 403
    assert (await client.get(url.copy_merge_params({"signature": "0" * 64}))).status_code == 403


def _zip(entries: dict[str, Any]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as zipped:
        for name, value in entries.items():
            zipped.writestr(name, value if isinstance(value, str) else json.dumps(value))
    return buffer.getvalue()


BAD_ARCHIVES = {
    "no zip": (b"nothing", "not a zip"),
    "config not first": (_zip({"entities/a.jsonl": "", "config.json": {"schema": {}}}), "first entry"),
    "no schema": (_zip({"config.json": {}}), "schema key"),
    "strange entry": (_zip({"config.json": {"schema": {}}, "../evil": ""}), "entities/* or files/*"),
    "no entity": (_zip({"config.json": {"schema": {}}, "entities/goals.jsonl": "[1]\n"}), "no entity"),
    "unknown field": (
        _zip(
            {
                "config.json": {"schema": SCHEMA},
                "entities/goals.jsonl": {"entity": {"id": GOAL, "x": 1}, "createdAt": 1},
            }
        ),
        "Missing attr for goals.x",
    ),
    "file without entity": (_zip({"config.json": {"schema": {}}, "files/abc": "x"}), "missing in the $files"),
    "file outside": (
        _zip(
            {
                "config.json": {"schema": {}},
                "entities/$files.jsonl": {
                    "entity": {"id": GOAL, "path": "a", "size": 1, "location-id": "../../x"},
                    "createdAt": 1,
                },
            }
        ),
        "location-id",
    ),
}


@pytest.mark.parametrize("name", BAD_ARCHIVES)
async def test_restore_of_bad_archive_fails_and_leaves_no_app(
    client: httpx.AsyncClient, platform: Starlette, name: str
) -> None:
    content, reason = BAD_ARCHIVES[name]
    app_id = str(uuid.uuid4())
    job = await restore(client, platform, content, app_id=app_id)
    assert job["job_status"] == "errored"
    assert reason in job["error"]
    assert (await client.get(f"/superadmin/apps/{app_id}")).json()["type"] == "record-not-found"
    assert list((platform.state.store.data_dir / "restores").iterdir()) == []


async def test_restore_over_an_existing_app_is_refused_before_the_upload(
    client: httpx.AsyncClient, platform: Starlette
) -> None:
    app_id = await app_with_data(client, platform)
    answer = await client.post(f"/dash/restores/zip?app_id={app_id}", content=b"x", headers=DASH)
    assert (answer.status_code, answer.json()["hint"]["data-type"]) == (400, "restore")


async def test_restore_with_platform_token_is_refused(client: httpx.AsyncClient) -> None:
    assert (await client.post("/dash/restores/zip", content=b"x")).status_code == 401
