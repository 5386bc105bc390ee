"""What the routes of both faces of the Platform API share."""

from __future__ import annotations

import sqlite3
from typing import Any

from .. import apps, auth, errors, orgs, plan, rules, schema_wire
from ..apps import AppRow
from ..attrs import load_attrs
from ..web import Call, JsonBytes, json_bytes, to_object, to_text, to_uuid

Json = Any


def title(call: Call) -> str:
    return call.required("title", to_text)


def rules_code(call: Call, value: Json, data_type: str, path: list[str | int]) -> dict[str, Json] | None:
    """Permission rules from a body, checked; None where there are none."""
    if value is None:
        return None
    if not isinstance(value, dict):
        raise errors.param_malformed(path, value)
    errors.raise_if(rules.validation_errors(value), data_type, value)
    return value


def org_for(conn: sqlite3.Connection, account: auth.Account, org_id: str, role: auth.Role) -> str:
    org = orgs.get_org(conn, org_id, account.id)
    auth.assert_role(role, org["role"])
    return org_id


def create(
    call: Call,
    account: auth.Account,
    *,
    role: auth.Role,
    code: dict[str, Json] | None,
    app_id: str | None = None,
    admin_token: str | None = None,
) -> tuple[AppRow, str]:
    """As on the platform, the app stays where its schema is refused: its first commit is its own."""
    app_title, org_id = title(call), call.optional("org_id", to_uuid)
    store = call.platform.store
    with store.write() as conn:
        if org_id:
            org_for(conn, account, org_id, role)
        owner = None if org_id else account.id
        app, token = apps.create_app(
            conn, title=app_title, creator_id=owner, org_id=org_id, app_id=app_id, admin_token=admin_token
        )
        if code is not None:
            apps.put_rules(conn, app.id, code)
    push_first_schema(call, app.id)
    return app, token


def push_first_schema(call: Call, app_id: str) -> None:
    schema = call.body_value("schema")
    if schema:
        with call.platform.store.write() as conn:
            steps = plan.plan(conn, app_id, schema, check_types=True)["steps"]
            plan.apply(call.platform.store, conn, app_id, steps)
        call.platform.jobs.wake()


def with_includes(call: Call, conn: sqlite3.Connection, rows: list[dict[str, Json]]) -> list[dict[str, Json]]:
    """``?include=schema,perms`` adds both to each app."""
    wanted = set((call.request.query_params.get("include") or "").split(","))
    for row in rows:
        if "schema" in wanted:
            row["schema"] = schema_wire.schema_json(load_attrs(conn, row["id"]))
        if "perms" in wanted:
            row["perms"] = apps.current_rules(conn, row["id"])
    return rows


def rich_rows(conn: sqlite3.Connection, found: list[AppRow], account: auth.Account) -> list[dict[str, Json]]:
    """Apps as lists show them to their members: with admin token, rules and owner."""
    tokens = apps.admin_tokens(conn, [app.id for app in found])
    return [_rich(conn, app, account, tokens.get(app.id)) for app in found]


def _rich(conn: sqlite3.Connection, app: AppRow, account: auth.Account, token: str | None) -> dict[str, Json]:
    rules_now = apps.rules_row(conn, app.id)
    org = orgs.get_org(conn, app.org_id, account.id) if app.org_id else None
    return {
        **app.to_wire(),
        "admin_token": token,
        "rules": rules_now[0] if rules_now else None,
        "rules_version": rules_now[1] if rules_now else None,
        "org": {"id": org["id"], "title": org["title"]} if org else None,
        "pro": True,
        "user_app_role": org["role"] if org else "owner",
        "members": [],
        "invites": [],
        "webhooks": [],
        "magic_code_email_template": None,
    }


def delete(call: Call, account: auth.Account, app: AppRow) -> AppRow:
    """A personal app is deleted by its owner only, an organisation's by an admin."""
    if app.creator_id and app.creator_id != account.id:
        raise errors.permission_denied("allowed-member-role?", "owner")
    with call.platform.store.write() as conn:
        return apps.delete_app(conn, app)


def schema(call: Call) -> Json:
    app = auth.superadmin_app(call.request)
    with call.platform.store.read() as conn:
        encoded = schema_wire.schema_bytes(load_attrs(conn, app.id))
    return JsonBytes(b'{"schema":' + encoded + b"}")


def schema_pull(call: Call) -> Json:
    app = auth.flexible_app(call.request)
    with call.platform.store.read() as conn:
        attrs = load_attrs(conn, app.id)
    rest = json_bytes({"attrs": [attr.to_wire() for attr in attrs.all], "app-title": app.title})
    return JsonBytes(b'{"schema":' + schema_wire.schema_bytes(attrs) + b"," + rest[1:])


def _planned(call: Call, conn: sqlite3.Connection, app_id: str) -> plan.Plan:
    wanted = call.optional("schema", to_object)
    is_background = bool(call.body_value("supports_background_updates"))
    return plan.plan(conn, app_id, wanted, check_types=bool(call.body_value("check_types")), background=is_background)


def schema_plan(call: Call) -> Json:
    app = auth.superadmin_app(call.request)
    with call.platform.store.read() as conn:
        return _planned(call, conn, app.id)


def schema_apply(call: Call) -> Json:
    app = auth.superadmin_app(call.request)
    with call.platform.store.write() as conn:
        planned = _planned(call, conn, app.id)
        result = {**planned, **plan.apply(call.platform.store, conn, app.id, planned["steps"])}
    call.platform.jobs.wake()
    return result


def steps_apply(call: Call) -> Json:
    app = auth.flexible_app(call.request)
    steps = call.required("steps", plan.parse_steps)
    with call.platform.store.write() as conn:
        result = plan.apply(call.platform.store, conn, app.id, steps, has_deletes=True)
    call.platform.jobs.wake()
    return result


def perms(call: Call) -> Json:
    app = auth.superadmin_app(call.request)
    with call.platform.store.read() as conn:
        return {"perms": apps.current_rules(conn, app.id)}


def push_perms(call: Call) -> Json:
    """``{"rules": null}`` where the code is the same as before, as on the platform."""
    app = auth.superadmin_app(call.request)
    code = rules_code(call, call.required("code", to_object), "rule", ["body", "code"])
    assert code is not None
    with call.platform.store.write() as conn:
        row = apps.put_rules(conn, app.id, code)
        call.platform.store.note_commit(conn, app.id, ())
    return {"rules": row}


def file_bytes(conn: sqlite3.Connection, app_id: str) -> int:
    """Bytes of the app's stored files."""
    size = load_attrs(conn, app_id).find("$files", "size")
    if size is None:
        return 0
    sql = "SELECT coalesce(sum(CAST(value AS INTEGER)), 0) FROM triples WHERE app_id = ? AND attr_id = ?"
    total: int = conn.execute(sql, (app_id, size.id)).fetchone()[0]
    return total
