"""Backups and restores."""

from __future__ import annotations

import json
import os
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import FileResponse, PlainTextResponse, Response
from starlette.routing import Route

from .. import auth, backups, errors, orgs, restore
from ..web import Call, endpoint, json_response, new_id, to_text, to_uuid

Json = Any

MAX_ARCHIVE_BYTES = 4 * 2**30


# ---- backups


def list_backups(call: Call) -> Json:
    app = auth.flexible_app(call.request)
    with call.platform.store.read() as conn:
        return {"backups": backups.list_backups(conn, app.id)}


def create_backup(call: Call) -> Json:
    app = auth.flexible_app(call.request)
    description = call.optional("description", to_text)
    with call.platform.store.write() as conn:
        job = backups.create_job(conn, app, description)
    call.platform.jobs.wake()
    return {"job": job}


def list_jobs(call: Call) -> Json:
    app = auth.flexible_app(call.request)
    with call.platform.store.read() as conn:
        return {"jobs": backups.active_jobs(conn, app.id)}


def get_job(call: Call) -> Json:
    app = auth.flexible_app(call.request)
    with call.platform.store.read() as conn:
        return {"job": backups.get_job(conn, app.id, call.param("job_id", to_uuid))}


def cancel_job(call: Call) -> Json:
    app = auth.flexible_app(call.request)
    with call.platform.store.write() as conn:
        return {"job": backups.cancel_job(conn, app.id, call.param("job_id", to_uuid))}


def delete_backup(call: Call) -> Json:
    app = auth.flexible_app(call.request, "admin")
    backup_id = call.param("backup_id", to_uuid)
    store = call.platform.store
    with store.write() as conn:
        backups.delete_backup(store, conn, app.id, backup_id)
    return {"id": backup_id}


def _parts(call: Call) -> tuple[str, str, list[backups.Part]]:
    app = auth.flexible_app(call.request)
    backup_id = call.param("backup_id", to_uuid)
    with call.platform.store.read() as conn:
        return app.id, backup_id, backups.parts_of(conn, app.id, backup_id)


def list_files(call: Call) -> Json:
    _, _, parts = _parts(call)
    return {"files": [{"name": part.name, "size": part.size} for part in parts if not part.is_stored_file]}


def file_url(call: Call) -> Json:
    app_id, backup_id, parts = _parts(call)
    name = call.param("name", to_text)
    for part in parts:
        if part.name == name:
            platform = call.platform
            return {"url": backups.part_url(platform.store, platform.settings.api_uri, app_id, backup_id, part)}
    raise errors.record_not_found("app-backup-file", [{"name": name}])


def storage_files(call: Call) -> Json:
    """One JSON line for each file; without the last one, ``{"done":true}``, the list is cut short."""
    app_id, backup_id, parts = _parts(call)
    store, base = call.platform.store, call.platform.settings.api_uri
    lines = [
        {
            "locationId": part.name.removeprefix("files/"),
            "path": part.path,
            "url": backups.part_url(store, base, app_id, backup_id, part),
        }
        for part in parts
        if part.is_stored_file
    ]
    text = "".join(json.dumps(line) + "\n" for line in [*lines, {"done": True}])
    return Response(text, media_type="application/x-ndjson")


def download(call: Call) -> Json:
    """The signature in the URL is all that is asked for."""
    query = call.request.query_params
    expires, signature = query.get("expires", ""), query.get("signature", "")
    app_id, backup_id = call.param("app_id", to_uuid), call.param("backup_id", to_uuid)
    with call.platform.store.read() as conn:
        path = backups.signed_path(call.platform.store, conn, app_id, backup_id, call.path["name"], expires, signature)
    if path is None:
        return PlainTextResponse("The URL is not valid, or not any more.", status_code=403)
    return FileResponse(path, media_type="application/octet-stream")


# ---- restores


def _restorer(call: Call) -> auth.Account:
    """Only whoever runs the platform may restore."""
    account = auth.dash_user(call.request)
    if account.email != auth.OPERATOR_EMAIL:
        raise errors.permission_denied("admin?", account.email)
    return account


async def restore_zip(request: Request) -> Response:
    """The archive is the body. What is asked for is checked before it is read."""
    call = Call(request, path=request.path_params)
    job_id, wanted = await run_in_threadpool(_wanted, call)
    path = restore.archive_path(call.platform.store, job_id)
    try:
        await _receive(request, path)
        answer = await run_in_threadpool(_start, call, job_id, wanted)
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    return json_response({"restore-job": answer})


def _wanted(call: Call) -> tuple[str, dict[str, Json]]:
    account = _restorer(call)
    app_id = call.optional_param("app_id", to_uuid) or new_id()
    org_id, title = call.optional_param("org_id", to_uuid), call.optional_param("title", to_text)
    with call.platform.store.read() as conn:
        if org_id:
            auth.assert_role("admin", orgs.get_org(conn, org_id, account.id)["role"])
        restore.check_free(conn, app_id)
    creator_id = None if org_id else account.id
    return new_id(), {"app_id": app_id, "creator_id": creator_id, "org_id": org_id, "title": title}


async def _receive(request: Request, path: Any) -> None:
    size = 0
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        async for part in request.stream():
            size += len(part)
            if size > MAX_ARCHIVE_BYTES:
                raise errors.PlatformError("validation-failed", "The archive is too large.", http_status=413)
            file.write(part)
        file.flush()
        await run_in_threadpool(os.fsync, file.fileno())
    if size == 0:
        raise errors.param_missing(["body"])


def _start(call: Call, job_id: str, wanted: dict[str, Json]) -> Json:
    with call.platform.store.write() as conn:
        job = restore.create_job(conn, job_id, **wanted)
    call.platform.jobs.wake()
    return job


def list_restores(call: Call) -> Json:
    _restorer(call)
    with call.platform.store.read() as conn:
        return {"restore-jobs": restore.recent_jobs(conn)}


def get_restore(call: Call) -> Json:
    _restorer(call)
    with call.platform.store.read() as conn:
        return {"restore-job": restore.find_job(conn, call.param("id", to_uuid))}


def cancel_restore(call: Call) -> Json:
    _restorer(call)
    with call.platform.store.write() as conn:
        return {"restore-job": restore.cancel_job(conn, call.param("id", to_uuid))}


_APP = "/dash/apps/{app_id}"
_BACKUP = _APP + "/backups/{backup_id}"

routes = [
    Route(_APP + "/backups", endpoint(list_backups), methods=["GET"]),
    Route(_APP + "/backups", endpoint(create_backup), methods=["POST"]),
    Route(_APP + "/backup-jobs", endpoint(list_jobs), methods=["GET"]),
    Route(_APP + "/backup-jobs/{job_id}", endpoint(get_job), methods=["GET"]),
    Route(_APP + "/backup-jobs/{job_id}", endpoint(cancel_job), methods=["DELETE"]),
    Route(_BACKUP, endpoint(delete_backup), methods=["DELETE"]),
    Route(_BACKUP + "/files", endpoint(list_files), methods=["GET"]),
    Route(_BACKUP + "/file-url", endpoint(file_url), methods=["GET"]),
    Route(_BACKUP + "/storage-files", endpoint(storage_files), methods=["GET"]),
    Route("/local/backups/{app_id}/{backup_id}/{name}", endpoint(download), methods=["GET"]),
    Route("/dash/restores/zip", restore_zip, methods=["POST"]),
    Route("/dash/restore-jobs", endpoint(list_restores), methods=["GET"]),
    Route("/dash/restore-jobs/{id}", endpoint(get_restore), methods=["GET"]),
    Route("/dash/restore-jobs/{id}", endpoint(cancel_restore), methods=["DELETE"]),
]
