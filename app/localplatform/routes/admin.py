"""The Admin API: queries and transactions, schema, permission sandboxes.

Paths, parameters and answers, here and in ``admin_*.py``, as read in ``admin/routes.clj`` of the reference server.
"""

from __future__ import annotations

from typing import Any

from starlette.routing import Route

from app.localplatform import attr_removal, auth, errors, rules
from app.localplatform.actor import Actor
from app.localplatform.attrs import load_attrs, soft_deleted_attrs
from app.localplatform.perms_check import run_query, run_transaction, try_transaction
from app.localplatform.perms_rows import CheckedRows
from app.localplatform.rules import Requester, RuleBook
from app.localplatform.schema_wire import schema_json
from app.localplatform.web import Call, endpoint, to_object, to_text

from .acting import actor_of, store_of
from .admin_files import add_urls

Json = Any


def post_query(call: Call) -> Json:
    q = call.required("query", to_object)
    actor = actor_of(call.request)
    with store_of(call.request).read() as conn:
        result = run_query(conn, actor, q, inference=bool(call.body_value("inference?")))
        add_urls(call.request, actor.app_id, conn, q, result.tree)
    return result.tree


def post_transact(call: Call) -> Json:
    steps = call.required("steps", _to_collection)
    actor = actor_of(call.request)
    throws = bool(call.body_value("throw-on-missing-attrs?"))
    outcome = run_transaction(store_of(call.request), actor, steps, throw_on_missing_attrs=throws, dialect="admin")
    return {"tx-id": outcome.tx_id}


def _to_collection(value: Json) -> Json:
    return value if isinstance(value, list | dict) else None


def get_schema(call: Call) -> Json:
    app_id = auth.admin_app(call.request).app_id
    with store_of(call.request).read() as conn:
        schema = schema_json(load_attrs(conn, app_id))
    refs = {_joined(wire): wire for wire in schema["refs"].values()}
    return {"schema": {"refs": refs, "blobs": schema["blobs"]}}


def _joined(wire: dict[str, Json]) -> str:
    return "-".join([*wire["forward-identity"][1:], *wire["reverse-identity"][1:]])


def get_soft_deleted_attrs(call: Call) -> Json:
    app_id = auth.admin_app(call.request).app_id
    with store_of(call.request).read() as conn:
        found = soft_deleted_attrs(conn, app_id)
    return {"attrs": [attr.to_wire() for attr in found], "grace-period-days": attr_removal.GRACE_PERIOD_DAYS}


def get_presence(call: Call) -> Json:
    """Always empty, and truly so: rooms are joined over web sockets, which the local platform does not offer."""
    auth.admin_app(call.request)
    call.param("room-type", to_text)
    call.param("room-id", to_text)
    return {"sessions": {}}


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
    with store_of(call.request).read() as conn:
        result = run_query(conn, actor, q, inference=inference, book=book, log=log)
        add_urls(call.request, actor.app_id, conn, q, result.tree)
    return {"check-results": log.rows, "result": result.tree, "rule-wheres": None}


def post_transact_perms_check(call: Call) -> Json:
    actor, book = _sandbox(call)
    outcome = try_transaction(
        store_of(call.request),
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


routes = [
    Route("/admin/query", endpoint(post_query), methods=["POST"]),
    Route("/admin/transact", endpoint(post_transact), methods=["POST"]),
    Route("/admin/query_perms_check", endpoint(post_query_perms_check), methods=["POST"]),
    Route("/admin/transact_perms_check", endpoint(post_transact_perms_check), methods=["POST"]),
    Route("/admin/soft_deleted_attrs", endpoint(get_soft_deleted_attrs), methods=["GET"]),
    Route("/admin/schema", endpoint(get_schema), methods=["GET"]),
    Route("/admin/rooms/presence", endpoint(get_presence), methods=["GET"]),
]
