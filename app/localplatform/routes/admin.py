"""The Admin API: queries and transactions, users, storage, live queries, permission sandboxes.

Paths, parameters and answers as read in ``admin/routes.clj`` of the reference server.
"""

from __future__ import annotations

import sqlite3
import urllib.parse
from collections.abc import MutableMapping
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import FileResponse, Response, StreamingResponse
from starlette.routing import Route

from app.localplatform import apps, auth, errors, rules, storage_files, users
from app.localplatform.actor import Actor
from app.localplatform.attrs import load_attrs, soft_deleted_attrs
from app.localplatform.perms_check import run_query, run_transaction, try_transaction
from app.localplatform.perms_rows import CheckedRows
from app.localplatform.rules import Requester, RuleBook
from app.localplatform.schema_wire import schema_json
from app.localplatform.sessions import Session, find_session
from app.localplatform.storage_files import FileShelf
from app.localplatform.store import Store
from app.localplatform.web import (
    Call,
    coerced,
    endpoint,
    json_response,
    parse_json,
    read_body,
    to_email,
    to_list,
    to_object,
    to_text,
    to_uuid,
)

Json = Any

GRACE_PERIOD_DAYS = 2


# --- on whose behalf ---


def untrusted_app_id(request: Request) -> str:
    value = request.headers.get("app-id") or request.query_params.get("app_id")
    return coerced(value, ["headers", "app-id"], to_uuid)


def actor_of(request: Request, *, shows_errors: bool = False) -> Actor:
    """The admin, or whom the ``as-…`` headers name; a token or a guest needs no admin token."""
    headers = request.headers
    as_token, as_email, as_guest = (headers.get(name) for name in ("as-token", "as-email", "as-guest"))
    if as_token:
        app_id = untrusted_app_id(request)
        return _user_actor(request, app_id, _user_of_token(request, app_id, as_token), shows_errors)
    if as_email:
        app_id = auth.admin_app(request).app_id
        return _user_actor(request, app_id, _user_of_email(request, app_id, as_email), shows_errors)
    if as_guest:
        return _user_actor(request, untrusted_app_id(request), None, shows_errors)
    return Actor(auth.admin_app(request).app_id, is_admin=True)


def _user_of_token(request: Request, app_id: str, as_token: str) -> users.Record:
    token = to_uuid(as_token)
    if token is None:
        raise errors.param_malformed(["asUser", "token"], as_token)
    with _store(request).read() as conn:
        user = users.by_refresh_token(conn, app_id, token)
    if user is None:
        raise errors.record_not_found("app-user", [{"app-id": app_id}])
    return user


def _user_of_email(request: Request, app_id: str, email: str) -> users.Record:
    with _store(request).read() as conn:
        user = users.by_email(conn, app_id, email)
    if user is None:
        raise errors.record_not_found("app-user", [{"app-id": app_id, "email": email}])
    return user


def _user_actor(request: Request, app_id: str, user: users.Record | None, shows_errors: bool) -> Actor:
    ip = request.client.host if request.client else ""
    origin = request.headers.get("origin", "")
    entity = users.as_entity(user) if user else None
    return Actor(app_id, is_admin=False, requester=Requester(entity, ip, origin, shows_errors))


def _store(request: Request) -> Store:
    found: Store = request.app.state.store
    return found


def _shelf(request: Request) -> FileShelf:
    return FileShelf(_store(request).data_dir)


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


# --- data ---


def post_query(call: Call) -> Json:
    q = call.required("query", to_object)
    actor = actor_of(call.request)
    with _store(call.request).read() as conn:
        result = run_query(conn, actor, q, inference=bool(call.body_value("inference?")))
        add_urls(call.request, actor.app_id, conn, q, result.tree)
    return result.tree


def post_transact(call: Call) -> Json:
    steps = call.required("steps", _to_collection)
    actor = actor_of(call.request)
    throws = bool(call.body_value("throw-on-missing-attrs?"))
    outcome = run_transaction(_store(call.request), actor, steps, throw_on_missing_attrs=throws, dialect="admin")
    return {"tx-id": outcome.tx_id}


def _to_collection(value: Json) -> Json:
    return value if isinstance(value, list | dict) else None


def get_schema(call: Call) -> Json:
    app_id = auth.admin_app(call.request).app_id
    with _store(call.request).read() as conn:
        schema = schema_json(load_attrs(conn, app_id))
    refs = {_joined(wire): wire for wire in schema["refs"].values()}
    return {"schema": {"refs": refs, "blobs": schema["blobs"]}}


def _joined(wire: dict[str, Json]) -> str:
    return "-".join([*wire["forward-identity"][1:], *wire["reverse-identity"][1:]])


def get_soft_deleted_attrs(call: Call) -> Json:
    app_id = auth.admin_app(call.request).app_id
    with _store(call.request).read() as conn:
        found = soft_deleted_attrs(conn, app_id)
    return {"attrs": [attr.to_wire() for attr in found], "grace-period-days": GRACE_PERIOD_DAYS}


def get_presence(call: Call) -> Json:
    """Always empty, and truly so: rooms are joined over web sockets, which the local platform does not offer."""
    auth.admin_app(call.request)
    call.param("room-type", to_text)
    call.param("room-id", to_text)
    return {"sessions": {}}


# --- permission sandboxes ---


def _sandbox(call: Call) -> tuple[Actor, RuleBook | None]:
    auth.admin_app(call.request)
    actor = actor_of(call.request, shows_errors=True)
    if actor.is_admin:
        raise errors.validation_failed("non-admin", "non-admin", [{"message": "Cannot test perms as admin"}])
    override = call.optional("rules-override", to_object)
    if override is not None:
        errors.raise_if(rules.validation_errors(override), "rule", override)
    requester = actor.requester
    tested = Requester(
        requester.user,
        call.optional("ip-override", to_text) or requester.ip,
        call.optional("origin-override", to_text) or requester.origin,
        shows_errors=True,
    )
    return Actor(actor.app_id, False, tested), None if override is None else RuleBook(override)


def post_query_perms_check(call: Call) -> Json:
    actor, book = _sandbox(call)
    q = call.required("query", to_object)
    log = CheckedRows()
    inference = bool(call.body_value("inference?"))
    with _store(call.request).read() as conn:
        result = run_query(conn, actor, q, inference=inference, book=book, log=log)
        add_urls(call.request, actor.app_id, conn, q, result.tree)
    return {"check-results": log.rows, "result": result.tree, "rule-wheres": None}


def post_transact_perms_check(call: Call) -> Json:
    actor, book = _sandbox(call)
    outcome = try_transaction(
        _store(call.request),
        actor,
        call.required("steps", _to_collection),
        throw_on_missing_attrs=bool(call.body_value("throw-on-missing-attrs?")),
        book=book,
        commits=bool(call.body_value("dangerously-commit-tx")),
    )
    return {
        "tx-id": outcome.tx_id,
        "all-checks-ok?": outcome.is_permitted,
        "committed?": outcome.is_committed,
        "check-results": list(outcome.checks),
    }


# --- users ---


def _user_of_params(call: Call, app_id: str, conn: sqlite3.Connection) -> users.Record | None:
    params = call.request.query_params
    if params.get("email"):
        return users.by_email(conn, app_id, call.param("email", to_email))
    if params.get("refresh_token"):
        return users.by_refresh_token(conn, app_id, call.param("refresh_token", to_uuid))
    if params.get("id"):
        return users.by_id(conn, app_id, call.param("id", to_uuid))
    problem = {"message": "Please provide a user id, email, or refresh_token"}
    raise errors.validation_failed("params", dict(params), [problem])


def get_user(call: Call) -> Json:
    app_id = auth.admin_app(call.request).app_id
    with _store(call.request).read() as conn:
        return {"user": _user_of_params(call, app_id, conn)}


def delete_user(call: Call) -> Json:
    app_id, store = auth.admin_app(call.request).app_id, _store(call.request)
    with store.write() as conn:
        user = _user_of_params(call, app_id, conn)
        if user is not None:
            apps.require_writable(conn, app_id)
            users.delete(store, conn, app_id, user["id"])
    return {"deleted": user}


def post_refresh_tokens(call: Call) -> Json:
    app_id, store = auth.admin_app(call.request).app_id, _store(call.request)
    email, user_id = call.optional("email", to_email), call.optional("id", to_uuid)
    if email is None and user_id is None:
        raise errors.validation_failed("body", call.body, [{"message": "Please provide an `email` or `id`"}])
    with store.write() as conn:
        apps.require_writable(conn, app_id)
        existing = users.by_email(conn, app_id, email) if email else users.by_id(conn, app_id, user_id or "")
        extra = call.body_value("extra-fields")
        user = existing or users.create(store, conn, app_id, user_id=user_id, email=email, extra_fields=extra)
        token = users.add_refresh_token(store, conn, app_id, user["id"])
    return {"user": {**user, "refresh_token": token}, "created": existing is None}


def post_sign_out(call: Call) -> Json:
    app_id, store = auth.admin_app(call.request).app_id, _store(call.request)
    with store.write() as conn:
        if call.body_value("id"):
            users.sign_out_user(store, conn, app_id, call.required("id", to_uuid))
        elif call.body_value("email"):
            email = call.required("email", to_email)
            user = users.by_email(conn, app_id, email)
            if user is None:
                raise errors.record_not_found("app-user", [{"app-id": app_id, "email": email}])
            users.sign_out_user(store, conn, app_id, user["id"])
        elif call.body_value("refresh_token"):
            users.sign_out_token(store, conn, app_id, call.required("refresh_token", to_uuid))
        else:
            problem = {"message": "Please provide an `id`, `email`, or `refresh_token`"}
            raise errors.validation_failed("body", call.body, [problem])
    return {"ok": True}


def post_magic_code(call: Call) -> Json:
    """The answer is the delivery: the local platform sends no mail, for ``send_magic_code`` neither."""
    app_id, store = auth.admin_app(call.request).app_id, _store(call.request)
    email = call.required("email", to_email)
    with store.write() as conn:
        apps.require_writable(conn, app_id)
        return {"code": users.add_magic_code(store, conn, app_id, email)}


def post_verify_magic_code(call: Call) -> Json:
    app_id, store = auth.admin_app(call.request).app_id, _store(call.request)
    with store.write() as conn:
        apps.require_writable(conn, app_id)
        user, is_new = users.sign_in_with_code(
            store,
            conn,
            app_id,
            email=call.required("email", to_email),
            code=call.required("code", to_text),
            guest_token=call.optional("refresh-token", to_uuid),
            extra_fields=call.body_value("extra-fields"),
        )
    return {"user": user, "created": is_new}


def post_sign_in_guest(call: Call) -> Json:
    app_id, store = auth.admin_app(call.request).app_id, _store(call.request)
    with store.write() as conn:
        apps.require_writable(conn, app_id)
        user = users.create(store, conn, app_id, kind="guest", extra_fields=call.body_value("extra-fields"))
        return {"user": {**user, "refresh_token": users.add_refresh_token(store, conn, app_id, user["id"])}}


def post_verify_refresh_token(call: Call) -> Json:
    """The one route of the client runtime that the admin clients use (``auth.verifyToken``)."""
    token, app_id = call.required("refresh-token", to_uuid), call.required("app-id", to_uuid)
    with _store(call.request).read() as conn:
        user = users.by_refresh_token(conn, app_id, token)
    if user is None:
        raise errors.record_not_found("app-user", [{"app-id": app_id}])
    return {"user": {**user, "refresh_token": token}}


# --- storage ---


async def put_upload(request: Request) -> Response:
    actor = await run_in_threadpool(actor_of, request)
    path = coerced(request.headers.get("path"), ["path"], to_text)
    return await _receive(request, actor, path, request.headers.get("content-disposition"))


async def _receive(request: Request, actor: Actor, path: str, disposition: str | None) -> Response:
    store, shelf = _store(request), _shelf(request)
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
    ids = storage_files.delete_files(_store(call.request), _shelf(call.request), actor, [path])
    return {"data": {"id": ids[0] if ids else None}}


def post_delete_files(call: Call) -> Json:
    actor = actor_of(call.request)
    paths = [str(path) for path in call.required("filenames", to_list)]
    return {"data": {"ids": storage_files.delete_files(_store(call.request), _shelf(call.request), actor, paths)}}


def get_files(call: Call) -> Json:
    """The legacy list."""
    app_id = auth.admin_app(call.request).app_id
    with _store(call.request).read() as conn:
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
    with _store(call.request).read() as conn:
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
    with _store(call.request).read() as conn:
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


# --- live queries ---


async def post_subscribe_query(request: Request) -> Response:
    body = parse_json(await read_body(request))
    q = coerced(body.get("query") if isinstance(body, dict) else None, ["body", "query"], to_object)
    return await _stream(request, body, q)


async def post_sse(request: Request) -> Response:
    return await _stream(request, parse_json(await read_body(request)), None)


async def _stream(request: Request, body: Json, q: dict[str, Json] | None) -> Response:
    actor = await run_in_threadpool(_readable_actor, request)
    inference = bool(body.get("inference?")) if isinstance(body, dict) else False

    def decorate(conn: sqlite3.Connection, shown: dict[str, Json], tree: Json) -> None:
        add_urls(request, actor.app_id, conn, shown, tree)

    session = Session(_store(request), actor, _registry(request), inference, decorate, q)
    headers = {"Cache-Control": "no-cache", "X-Accel-Buffering": "no"}
    return StreamingResponse(session.events(), media_type="text/event-stream", headers=headers)


def _readable_actor(request: Request) -> Actor:
    actor = actor_of(request)
    with _store(request).read() as conn:
        apps.get_app(conn, actor.app_id)
    return actor


def _registry(request: Request) -> MutableMapping[str, Session]:
    found: MutableMapping[str, Session] = request.app.state.sessions
    return found


async def post_sse_push(request: Request) -> Response:
    body = parse_json(await read_body(request))
    call = Call(request, body, path=request.path_params)
    machine_id, session_id = call.required("machine_id", to_uuid), call.required("session_id", to_uuid)
    app_id = call.param("app_id", to_uuid)
    token, messages = call.required("sse_token", to_uuid), call.required("messages", to_list)
    session = find_session(_registry(request), machine_id, session_id, token)
    if session.actor.app_id != app_id:
        raise errors.record_not_found("session", [{"app-id": app_id}])
    for message in messages:
        session.push(coerced(message, ["body", "messages"], to_object))
    return json_response({})


routes = [
    Route("/admin/query", endpoint(post_query), methods=["POST"]),
    Route("/admin/transact", endpoint(post_transact), methods=["POST"]),
    Route("/admin/query_perms_check", endpoint(post_query_perms_check), methods=["POST"]),
    Route("/admin/transact_perms_check", endpoint(post_transact_perms_check), methods=["POST"]),
    Route("/admin/subscribe-query", post_subscribe_query, methods=["POST"]),
    Route("/admin/sse", post_sse, methods=["POST"]),
    Route("/admin/sse/push", post_sse_push, methods=["POST"]),
    Route("/admin/sign_out", endpoint(post_sign_out), methods=["POST"]),
    Route("/admin/refresh_tokens", endpoint(post_refresh_tokens), methods=["POST"]),
    Route("/admin/magic_code", endpoint(post_magic_code), methods=["POST"]),
    Route("/admin/send_magic_code", endpoint(post_magic_code), methods=["POST"]),
    Route("/admin/verify_magic_code", endpoint(post_verify_magic_code), methods=["POST"]),
    Route("/admin/sign_in_guest", endpoint(post_sign_in_guest), methods=["POST"]),
    Route("/admin/users", endpoint(get_user), methods=["GET"]),
    Route("/admin/users", endpoint(delete_user), methods=["DELETE"]),
    Route("/admin/storage/upload", put_upload, methods=["PUT"]),
    Route("/admin/storage/files", endpoint(get_files), methods=["GET"]),
    Route("/admin/storage/files", endpoint(delete_file), methods=["DELETE"]),
    Route("/admin/storage/files/delete", endpoint(post_delete_files), methods=["POST"]),
    Route("/admin/storage/signed-upload-url", endpoint(post_signed_upload_url), methods=["POST"]),
    Route("/admin/storage/signed-download-url", endpoint(get_signed_download_url), methods=["GET"]),
    Route("/admin/soft_deleted_attrs", endpoint(get_soft_deleted_attrs), methods=["GET"]),
    Route("/admin/schema", endpoint(get_schema), methods=["GET"]),
    Route("/admin/rooms/presence", endpoint(get_presence), methods=["GET"]),
    Route("/runtime/auth/verify_refresh_token", endpoint(post_verify_refresh_token), methods=["POST"]),
    Route("/storage/{app_id}/consume-upload-url", put_signed_upload, methods=["PUT"]),
    Route("/storage/{app_id}/{location_id}", endpoint(get_stored_file), methods=["GET"]),
]
