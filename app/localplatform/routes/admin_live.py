"""The Admin API: live queries, as a stream of events with messages beside it."""

from __future__ import annotations

import sqlite3
from collections.abc import MutableMapping
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from app.localplatform import apps, errors
from app.localplatform.actor import Actor
from app.localplatform.sessions import Session, find_session
from app.localplatform.web import Call, coerced, json_response, parse_json, read_body, to_list, to_object, to_uuid

from .acting import actor_of, store_of
from .admin_files import add_urls

Json = Any


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

    session = Session(store_of(request), actor, _registry(request), inference, decorate, q)
    headers = {"Cache-Control": "no-cache", "X-Accel-Buffering": "no"}
    return StreamingResponse(session.events(), media_type="text/event-stream", headers=headers)


def _readable_actor(request: Request) -> Actor:
    actor = actor_of(request)
    with store_of(request).read() as conn:
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
    Route("/admin/subscribe-query", post_subscribe_query, methods=["POST"]),
    Route("/admin/sse", post_sse, methods=["POST"]),
    Route("/admin/sse/push", post_sse_push, methods=["POST"]),
]
