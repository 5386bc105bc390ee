"""``/superadmin/*``: apps, organisations, schema and permission rules for a personal access token."""

from __future__ import annotations

from typing import Any

from starlette.routing import Route

from .. import apps, auth, errors, orgs, schema_wire
from ..attrs import load_attrs
from ..web import Call, endpoint, to_uuid
from . import common

Json = Any


def list_apps(call: Call) -> Json:
    """Only the caller's own apps; those of organisations have their own list."""
    account = auth.superadmin_user(call.request)
    with call.platform.store.read() as conn:
        rows = [app.to_wire() for app in apps.apps_of_creator(conn, account.id)]
        return {"apps": common.with_includes(call, conn, rows)}


def list_orgs(call: Call) -> Json:
    account = auth.superadmin_user(call.request)
    with call.platform.store.read() as conn:
        return {"orgs": orgs.orgs_of(conn, account.id)}


def list_org_apps(call: Call) -> Json:
    account = auth.superadmin_user(call.request)
    with call.platform.store.read() as conn:
        org = orgs.get_org(conn, call.param("org_id", to_uuid), account.id)
        rows = common.rich_rows(conn, apps.apps_of_org(conn, org["id"]), account)
        return {"apps": common.with_includes(call, conn, rows)}


def create_app(call: Call) -> Json:
    account = auth.superadmin_user(call.request)
    code = common.rules_code(call, call.body_value("perms"), "perms", ["body", "perms"])
    app, token = common.create(call, account, role="admin", code=code)
    with call.platform.store.read() as conn:
        schema = schema_wire.schema_json(load_attrs(conn, app.id))
    return {"app": {**app.to_wire(), "admin-token": token, "perms": code, "schema": schema}}


def get_app(call: Call) -> Json:
    return {"app": auth.superadmin_app(call.request).to_wire()}


def rename_app(call: Call) -> Json:
    app = auth.superadmin_app(call.request, "admin")
    title = common.title(call)
    with call.platform.store.write() as conn:
        return {"app": apps.rename_app(conn, app, title).to_wire()}


def delete_app(call: Call) -> Json:
    account, app = auth.superadmin_user_app(call.request, "admin")
    return {"app": common.delete(call, account, app).to_wire()}


def transfers(call: Call) -> Json:
    auth.superadmin_user_app(call.request, "owner")
    raise errors.unsupported("The local platform sends no mail, so apps cannot be transferred by invitation.")


_APP = "/superadmin/apps/{app_id}"

routes = [
    Route("/superadmin/apps", endpoint(list_apps), methods=["GET"]),
    Route("/superadmin/apps", endpoint(create_app), methods=["POST"]),
    Route("/superadmin/orgs", endpoint(list_orgs), methods=["GET"]),
    Route("/superadmin/orgs/{org_id}/apps", endpoint(list_org_apps), methods=["GET"]),
    Route(_APP, endpoint(get_app), methods=["GET"]),
    Route(_APP, endpoint(rename_app), methods=["POST"]),
    Route(_APP, endpoint(delete_app), methods=["DELETE"]),
    Route(_APP + "/transfers/send", endpoint(transfers), methods=["POST"]),
    Route(_APP + "/transfers/revoke", endpoint(transfers), methods=["POST"]),
    Route(_APP + "/schema", endpoint(common.schema), methods=["GET"]),
    Route(_APP + "/schema/push/plan", endpoint(common.schema_plan), methods=["POST"]),
    Route(_APP + "/schema/push/apply", endpoint(common.schema_apply), methods=["POST"]),
    Route(_APP + "/perms", endpoint(common.perms), methods=["GET"]),
    Route(_APP + "/perms", endpoint(common.push_perms), methods=["POST"]),
]
