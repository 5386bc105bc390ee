"""The Admin API: an app's users, their tokens and magic codes."""

from __future__ import annotations

import sqlite3
from typing import Any

from starlette.routing import Route

from app.localplatform import apps, auth, errors, users
from app.localplatform.web import Call, endpoint, to_email, to_text, to_uuid

from .acting import store_of

Json = Any


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
    with store_of(call.request).read() as conn:
        return {"user": _user_of_params(call, app_id, conn)}


def delete_user(call: Call) -> Json:
    app_id, store = auth.admin_app(call.request).app_id, store_of(call.request)
    with store.write() as conn:
        user = _user_of_params(call, app_id, conn)
        if user is not None:
            apps.require_writable(conn, app_id)
            users.delete(store, conn, app_id, user["id"])
    return {"deleted": user}


def post_refresh_tokens(call: Call) -> Json:
    app_id, store = auth.admin_app(call.request).app_id, store_of(call.request)
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
    app_id, store = auth.admin_app(call.request).app_id, store_of(call.request)
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
    app_id, store = auth.admin_app(call.request).app_id, store_of(call.request)
    email = call.required("email", to_email)
    with store.write() as conn:
        apps.require_writable(conn, app_id)
        return {"code": users.add_magic_code(store, conn, app_id, email)}


def post_verify_magic_code(call: Call) -> Json:
    app_id, store = auth.admin_app(call.request).app_id, store_of(call.request)
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
    app_id, store = auth.admin_app(call.request).app_id, store_of(call.request)
    with store.write() as conn:
        apps.require_writable(conn, app_id)
        user = users.create(store, conn, app_id, kind="guest", extra_fields=call.body_value("extra-fields"))
        return {"user": {**user, "refresh_token": users.add_refresh_token(store, conn, app_id, user["id"])}}


def post_verify_refresh_token(call: Call) -> Json:
    """The one route of the client runtime that the admin clients use (``auth.verifyToken``)."""
    token, app_id = call.required("refresh-token", to_uuid), call.required("app-id", to_uuid)
    with store_of(call.request).read() as conn:
        user = users.by_refresh_token(conn, app_id, token)
    if user is None:
        raise errors.record_not_found("app-user", [{"app-id": app_id}])
    return {"user": {**user, "refresh_token": token}}


routes = [
    Route("/admin/sign_out", endpoint(post_sign_out), methods=["POST"]),
    Route("/admin/refresh_tokens", endpoint(post_refresh_tokens), methods=["POST"]),
    Route("/admin/magic_code", endpoint(post_magic_code), methods=["POST"]),
    Route("/admin/send_magic_code", endpoint(post_magic_code), methods=["POST"]),
    Route("/admin/verify_magic_code", endpoint(post_verify_magic_code), methods=["POST"]),
    Route("/admin/sign_in_guest", endpoint(post_sign_in_guest), methods=["POST"]),
    Route("/admin/users", endpoint(get_user), methods=["GET"]),
    Route("/admin/users", endpoint(delete_user), methods=["DELETE"]),
    Route("/runtime/auth/verify_refresh_token", endpoint(post_verify_refresh_token), methods=["POST"]),
]
