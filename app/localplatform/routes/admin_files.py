"""The Admin API: an app's files, and the URLs that they are sent to and fetched by."""

from __future__ import annotations

import sqlite3
import urllib.parse
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import Route

from app.localplatform import apps, auth, errors, storage_files
from app.localplatform.actor import Actor
from app.localplatform.attrs import load_attrs
from app.localplatform.storage_files import FileShelf
from app.localplatform.store import Store
from app.localplatform.web import Call, coerced, endpoint, json_response, to_list, to_text, to_uuid

from .acting import actor_of, store_of

Json = Any


def _shelf(request: Request) -> FileShelf:
    return FileShelf(store_of(request).data_dir)


def base_url(request: Request) -> str:
    return str(request.base_url).rstrip("/")


def add_urls(request: Request, app_id: str, conn: sqlite3.Connection, q: Json, tree: Json) -> None:
    """Give the files in a query's answer the URLs they can be fetched by."""
    attrs = load_attrs(conn, app_id)
    shelf, base = _shelf(request), base_url(request)

    def url_of(file_id: str) -> str | None:
        location = storage_files.location_of(conn, app_id, attrs, file_id)
        return location and storage_files.download_url(shelf, base, app_id, location)

    storage_files.add_urls(tree, q, attrs, url_of)


async def put_upload(request: Request) -> Response:
    actor = await run_in_threadpool(actor_of, request)
    path = coerced(request.headers.get("path"), ["path"], to_text)
    return await _receive(request, actor, path, request.headers.get("content-disposition"))


async def _receive(request: Request, actor: Actor, path: str, disposition: str | None) -> Response:
    store, shelf = store_of(request), _shelf(request)
    await run_in_threadpool(_require_upload, store, actor, path)
    with shelf.incoming(actor.app_id) as incoming:
        async for part in request.stream():
            incoming.write(part)
        data = await run_in_threadpool(
            storage_files.save_file,
            store,
            shelf,
            actor,
            incoming,
            path=path,
            content_type=request.headers.get("content-type"),
            content_disposition=disposition,
        )
    return json_response({"data": data})


def _require_upload(store: Store, actor: Actor, path: str) -> None:
    with store.read() as conn:
        apps.require_writable(conn, actor.app_id)
        storage_files.require_allowed(conn, actor, "create", path)


def delete_file(call: Call) -> Json:
    actor = actor_of(call.request)
    path = call.param("filename", to_text)
    ids = storage_files.delete_files(store_of(call.request), _shelf(call.request), actor, [path])
    return {"data": {"id": ids[0] if ids else None}}


def post_delete_files(call: Call) -> Json:
    actor = actor_of(call.request)
    paths = [str(path) for path in call.required("filenames", to_list)]
    return {"data": {"ids": storage_files.delete_files(store_of(call.request), _shelf(call.request), actor, paths)}}


def get_files(call: Call) -> Json:
    """The legacy list."""
    app_id = auth.admin_app(call.request).app_id
    with store_of(call.request).read() as conn:
        found = storage_files.all_files(conn, app_id)
    return {"data": [_legacy_file(app_id, file) for file in found]}


def _legacy_file(app_id: str, file: storage_files.StoredFile) -> Json:
    key = f"{app_id}/1/{file.location_id}"
    return {"key": key, "name": file.path, "size": file.size, "etag": None, "last_modified": None}


def post_signed_upload_url(call: Call) -> Json:
    app_id = auth.admin_app(call.request).app_id
    path = call.required("filename", to_text)
    return {"data": storage_files.upload_url(_shelf(call.request), base_url(call.request), app_id, path)}


def get_signed_download_url(call: Call) -> Json:
    app_id = auth.admin_app(call.request).app_id
    path = call.param("filename", to_text)
    with store_of(call.request).read() as conn:
        file = storage_files.file_at(conn, app_id, path)
    if file is None:
        raise errors.record_not_found("app-file", [{"app-id": app_id, "path": path}])
    url = storage_files.download_url(_shelf(call.request), base_url(call.request), app_id, file.location_id)
    return {"data": url}


async def put_signed_upload(request: Request) -> Response:
    """The target of a signed upload URL."""
    app_id = coerced(request.path_params["app_id"], ["params", "app_id"], to_uuid)
    path = coerced(request.query_params.get("path"), ["params", "path"], to_text)
    await run_in_threadpool(_require_signature, request, "put", app_id, path)
    return await _receive(request, Actor(app_id, is_admin=True), path, None)


def get_stored_file(call: Call) -> Response:
    """The target of a signed download URL."""
    app_id, location_id = call.param("app_id", to_uuid), call.param("location_id", to_uuid)
    _require_signature(call.request, "get", app_id, location_id)
    with store_of(call.request).read() as conn:
        apps.require_readable(apps.get_app(conn, app_id))
        file = storage_files.file_of_location(conn, app_id, location_id)
    disk_path = _shelf(call.request).path_of(app_id, location_id)
    if file is None or not disk_path.is_file():
        raise errors.record_not_found("app-file", [{"app-id": app_id, "location-id": location_id}])
    # A stored page must not run with the rights of this origin.
    headers = {"X-Content-Type-Options": "nosniff", "Content-Security-Policy": "sandbox; default-src 'none'"}
    headers["Content-Disposition"] = _disposition(file)
    return FileResponse(disk_path, media_type=file.content_type, headers=headers)


def _disposition(file: storage_files.StoredFile) -> str:
    given = file.content_disposition or "inline"
    if "filename" in given or not given.isascii() or any(char in given for char in "\r\n"):
        return given if given.isascii() and given.isprintable() else "inline"
    name = urllib.parse.quote(file.path.rsplit("/", 1)[-1])
    return f"{given}; filename*=UTF-8''{name}"


def _require_signature(request: Request, method: str, app_id: str, name: str) -> None:
    expires, signature = (request.query_params.get(key, "") for key in ("expires", "signature"))
    storage_files.require_signature(_shelf(request), method, app_id, name, expires, signature)


routes = [
    Route("/admin/storage/upload", put_upload, methods=["PUT"]),
    Route("/admin/storage/files", endpoint(get_files), methods=["GET"]),
    Route("/admin/storage/files", endpoint(delete_file), methods=["DELETE"]),
    Route("/admin/storage/files/delete", endpoint(post_delete_files), methods=["POST"]),
    Route("/admin/storage/signed-upload-url", endpoint(post_signed_upload_url), methods=["POST"]),
    Route("/admin/storage/signed-download-url", endpoint(get_signed_download_url), methods=["GET"]),
    Route("/storage/{app_id}/consume-upload-url", put_signed_upload, methods=["PUT"]),
    Route("/storage/{app_id}/{location_id}", endpoint(get_stored_file), methods=["GET"]),
]
