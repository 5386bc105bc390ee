"""Admin API: files, their rules, and the signed URLs they are fetched by."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from app.localplatform import storage_files
from app.localplatform.storage_files import FileShelf
from tests.unit.localplatform.admin_harness import AdminApi, admin_api, new_id

PNG = b"\x89PNG not really"


@pytest.fixture
async def api(tmp_path: Path) -> AsyncIterator[AdminApi]:
    async with admin_api(tmp_path) as found:
        yield found


async def put(api: AdminApi, path: str, content: bytes = PNG, who: dict[str, str] | None = None, **headers: str) -> Any:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    all_headers = {**api.headers(**(who or {})), "path": path, **named}
    return await api.client.put("/admin/storage/upload", content=content, headers=all_headers)


async def upload(api: AdminApi, path: str, content: bytes = PNG, **headers: str) -> dict[str, Any]:
    response = await put(api, path, content, **headers)
    assert response.status_code == 200, response.text
    data: dict[str, Any] = response.json()["data"]
    return data


def blobs(api: AdminApi) -> list[bytes]:
    folder = api.store.data_dir / "files" / api.app_id
    paths = [path for path in folder.iterdir() if path.name != "swept"] if folder.exists() else []
    return sorted(path.read_bytes() for path in paths)


async def get(api: AdminApi, url: str) -> httpx.Response:
    parts = urlsplit(url)
    return await api.client.get(f"{parts.path}?{parts.query}")


async def test_upload_can_be_listed_and_fetched_by_its_url(api: AdminApi) -> None:
    data = await upload(api, "a/b.png")
    assert data["size"] == len(PNG)
    (file,) = (await api.query({"$files": {}}))["$files"]
    assert (file["id"], file["path"]) == (data["id"], "a/b.png")
    response = await get(api, file["url"])
    assert (response.status_code, response.content) == (200, PNG)
    assert response.headers["content-type"] == "image/png"
    assert response.headers["x-content-type-options"] == "nosniff"
    assert "sandbox" in response.headers["content-security-policy"]


async def test_file_reached_by_a_link_has_a_url_unless_other_fields_were_asked_for(api: AdminApi) -> None:
    data = await upload(api, "a.txt")
    todo_id = new_id()
    await api.define_link(("todos", "attachments"), ("$files", "todos"))
    await api.transact(
        ["create", "todos", todo_id, {"title": "t"}],
        ["link", "todos", todo_id, {"attachments": data["id"]}],
    )
    (todo,) = (await api.query({"todos": {"attachments": {}}}))["todos"]
    assert (await get(api, todo["attachments"][0]["url"])).content == PNG
    (file,) = (await api.query({"$files": {"$": {"fields": ["path"]}}}))["$files"]
    assert file == {"id": data["id"], "path": "a.txt"}


async def test_upload_to_the_same_path_replaces_the_file(api: AdminApi) -> None:
    first = await upload(api, "a.txt", b"one", content_type="text/plain")
    second = await upload(api, "a.txt", b"three", content_type="text/markdown")
    assert first["id"] == second["id"]
    assert first["location-id"] != second["location-id"]
    assert blobs(api) == [b"three"]
    (file,) = (await api.query({"$files": {}}))["$files"]
    assert (await get(api, file["url"])).headers["content-type"].startswith("text/markdown")


async def test_upload_without_a_path_is_refused_and_leaves_nothing(api: AdminApi) -> None:
    response = await api.client.put("/admin/storage/upload", content=PNG, headers=api.headers())
    assert (response.status_code, response.json()["type"]) == (400, "param-missing")
    api.set_status("read-only")
    assert (await put(api, "a.txt")).json()["type"] == "app-read-only"
    assert blobs(api) == []


async def test_upload_that_is_too_large_is_refused_and_leaves_nothing(
    api: AdminApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(storage_files, "MAX_FILE_BYTES", 3)
    response = await put(api, "a.txt", b"four")
    assert response.status_code == 400
    assert blobs(api) == []
    assert (await api.query({"$files": {}}))["$files"] == []


async def test_files_as_guest_need_rules(api: AdminApi) -> None:
    guest = {"as_guest": "true"}
    assert (await put(api, "a.txt", who=guest)).json()["hint"]["expected"] == "has-storage-permission?"
    api.put_rules({"$files": {"allow": {"create": "data.path.startsWith('open/')", "view": "true"}}})
    assert (await put(api, "a.txt", who=guest)).status_code == 400
    assert (await put(api, "open/a.txt", who=guest)).status_code == 200
    assert len((await api.query({"$files": {}}, as_guest="true"))["$files"]) == 1
    answer = await api.refused("DELETE", "/admin/storage/files?filename=open/a.txt", as_guest="true")
    assert answer["hint"]["input"] == ["$files", "delete"]


async def test_delete_files_removes_entities_and_bytes(api: AdminApi) -> None:
    ids = [(await upload(api, name))["id"] for name in ("a", "b", "c")]
    assert await api.ok("DELETE", "/admin/storage/files?filename=a") == {"data": {"id": ids[0]}}
    assert await api.ok("DELETE", "/admin/storage/files?filename=a") == {"data": {"id": None}}
    answer = await api.ok("POST", "/admin/storage/files/delete", {"filenames": ["b", "none", "c"]})
    assert answer == {"data": {"ids": ids[1:]}}
    assert blobs(api) == []


async def test_file_deleted_by_a_transaction_can_no_longer_be_fetched(api: AdminApi) -> None:
    data = await upload(api, "a.txt")
    (file,) = (await api.query({"$files": {}}))["$files"]
    await api.transact(["delete", "$files", data["id"]])
    assert (await get(api, file["url"])).json()["hint"]["record-type"] == "app-file"


async def test_url_that_was_changed_or_is_old_is_refused(api: AdminApi) -> None:
    data = await upload(api, "a.txt")
    shelf = FileShelf(api.store.data_dir)
    old = storage_files.download_url(shelf, "", api.app_id, data["location-id"], now_s=0)
    good = storage_files.download_url(shelf, "", api.app_id, data["location-id"])
    other_app = good.replace(api.app_id, new_id())
    for url in (old, good[:-1] + ("0" if good[-1] != "0" else "1"), other_app, good.replace("expires=", "expires=9")):
        response = await get(api, url)
        assert (response.status_code, response.json()["type"]) == (400, "permission-denied")
    assert (await get(api, good)).status_code == 200


async def test_legacy_signed_urls_upload_and_download(api: AdminApi) -> None:
    url = (await api.ok("POST", "/admin/storage/signed-upload-url", {"filename": "ä b.txt"}))["data"]
    parts = urlsplit(url)
    headers = {"content-type": "text/plain"}
    response = await api.client.put(f"{parts.path}?{parts.query}", content=b"hi", headers=headers)
    assert response.status_code == 200
    listed = (await api.ok("GET", "/admin/storage/files"))["data"]
    assert [(file["name"], file["size"]) for file in listed] == [("ä b.txt", 2)]
    url = (await api.ok("GET", "/admin/storage/signed-download-url?filename=ä b.txt"))["data"]
    assert (await get(api, url)).content == b"hi"
    answer = await api.refused("GET", "/admin/storage/signed-download-url?filename=none")
    assert answer["hint"]["record-type"] == "app-file"


async def test_bytes_that_no_file_refers_to_are_swept_after_an_hour(api: AdminApi) -> None:
    data = await upload(api, "a.txt", b"gone")
    kept = await upload(api, "b.txt", b"kept")
    await api.transact(["delete", "$files", data["id"]])
    shelf = FileShelf(api.store.data_dir)
    assert shelf.sweep(api.app_id, {kept["location-id"]}) == 0
    assert shelf.sweep(api.app_id, {kept["location-id"]}, now_s=time.time() + 3601) == 1
    assert blobs(api) == [b"kept"]
    shelf.remove_app(api.app_id)
    assert blobs(api) == []
