"""``/dash/*``: what the dashboard does, and the routes that every kind of token may use."""

from __future__ import annotations

from typing import Any

from starlette.routing import Route

from .. import apps, attr_removal, auth, errors, jobs, orgs
from ..attrs import load_attrs, soft_deleted_attrs
from ..web import Call, endpoint, now_ms, to_object, to_text, to_uuid
from . import common

Json = Any

EPHEMERAL_LIFE_MS = 14 * 24 * 3600 * 1000
MAX_CODE_MINUTES = 24 * 60


# ---- the person


def overview(call: Call) -> Json:
    """All apps that the caller reaches, with their admin tokens."""
    account = auth.dash_user(call.request)
    with call.platform.store.read() as conn:
        mine = orgs.orgs_of(conn, account.id)
        found = apps.apps_of_creator(conn, account.id)
        rows = common.rich_rows(conn, found, account)
    return {
        "apps": [{**row, "effective_status": row["status"]} for row in rows],
        "superuser": account.email == auth.OPERATOR_EMAIL,
        "orgs": mine,
        "profile": None,
        "invites": [],
        "user": {"id": account.id, "email": account.email},
        "sunset": {
            "stage": "none",
            "app-creation-allowed": True,
            "billing-closed": False,
            "paid-features-free": True,
        },
    }


def me(call: Call) -> Json:
    return {"user": auth.dash_user(call.request).to_wire()}


def list_tokens(call: Call) -> Json:
    account = auth.dash_user(call.request)
    with call.platform.store.read() as conn:
        return {"data": call.platform.accounts.tokens_of(conn, account)}


def create_token(call: Call) -> Json:
    """The only answer that shows the token."""
    account = auth.dash_user(call.request)
    name = call.required("name", to_text)
    token = auth.new_personal_token()
    with call.platform.store.write() as conn:
        row = call.platform.accounts.add_token(conn, account, "pat", token, name)
    return {"data": {**row, "token": token}}


def delete_token(call: Call) -> Json:
    account = auth.dash_user(call.request)
    token_id = call.param("id", to_uuid)
    with call.platform.store.write() as conn:
        call.platform.accounts.remove_token(conn, account, token_id)
    return {}


# ---- apps


def create_app(call: Call) -> Json:
    """The caller chooses ID and admin token, so a repeat is told by record-not-unique."""
    account = auth.flexible_user(call.request)
    common.title(call)
    app_id, token = call.required("id", to_uuid), call.required("admin_token", to_uuid)
    code = common.rules_code(call, _code_of(call), "rule", ["body", "rules", "code"])
    app, token = common.create(call, account, role="collaborator", code=code, app_id=app_id, admin_token=token)
    return {"app": {**app.to_wire(), "admin-token": token}}


def _code_of(call: Call) -> Json:
    given = call.optional("rules", to_object)
    return given.get("code") if given else None


def get_app(call: Call) -> Json:
    return {"app": auth.flexible_app(call.request).to_wire()}


def delete_app(call: Call) -> Json:
    account, app = auth.dash_app(call.request, "admin")
    common.delete(call, account, app)
    return {"ok": True}


def clear_app(call: Call) -> Json:
    """All attributes and all data."""
    _, app = auth.dash_app(call.request)
    store = call.platform.store
    with store.write() as conn:
        etypes = load_attrs(conn, app.id).etypes()
        attr_removal.delete_all_of_app(conn, app.id)
        store.note_commit(conn, app.id, etypes)
    return {"ok": True}


def rename_app(call: Call) -> Json:
    _, app = auth.dash_app(call.request)
    title = common.title(call)
    with call.platform.store.write() as conn:
        apps.rename_app(conn, app, title)
    return {}


def _status(value: Json) -> str | None:
    return value if value in apps.STATUSES else None


def set_status(call: Call) -> Json:
    _, app = auth.dash_app(call.request, "admin")
    return _put_status(call, app)


def _put_status(call: Call, app: apps.AppRow) -> Json:
    status = call.required("status", _status)
    store = call.platform.store
    with store.write() as conn:
        apps.set_status(conn, app, status)
        store.note_commit(conn, app.id, ())
    return {"status": status}


def rotate_token(call: Call) -> Json:
    _, app = auth.dash_app(call.request, "admin")
    token = call.required("admin-token", to_uuid)
    with call.platform.store.write() as conn:
        return apps.rotate_admin_token(conn, app.id, token)


def set_code_expiry(call: Call) -> Json:
    """Minutes that a magic code of the app's users is good for."""
    _, app = auth.dash_app(call.request, "admin")
    minutes = call.required("expiry", lambda v: int(v) if isinstance(v, int | float) else None)
    given = {"magic-token-expiry-minutes": minutes}
    if minutes <= 0:
        raise errors.validation_failed("app", given, [{"message": "The magic token expiry must be positive."}])
    if minutes > MAX_CODE_MINUTES:
        message = "The magic token expiry must be under 1,440 minutes (24 hours)."
        raise errors.validation_failed("app", given, [{"message": message}])
    with call.platform.store.write() as conn:
        return {"app": apps.set_code_expiry(conn, app, minutes).to_wire()}


def stats(call: Call) -> Json:
    """Live sessions of the app."""
    _, app = auth.dash_app(call.request, "collaborator")
    counter = getattr(call.request.app.state, "count_sessions", None)
    return {"count": counter(app.id) if counter else 0, "origins": {}}


def usage(call: Call) -> Json:
    """Bytes in use; there is nothing to pay for on a local platform."""
    _, app = auth.dash_app(call.request, "collaborator")
    sql = "SELECT coalesce(sum(length(CAST(value AS BLOB)) + 90), 0) FROM triples WHERE app_id = ?"
    with call.platform.store.read() as conn:
        size = conn.execute(sql, (app.id,)).fetchone()[0]
        files = common.file_bytes(conn, app.id)
    return {
        "subscription-name": "Self-hosted",
        "subscription-source": None,
        "stripe-subscription-id": None,
        "self-hosted-plan-enabled": True,
        "total-app-bytes": size,
        "total-storage-bytes": files,
    }


def track_import(call: Call) -> Json:
    """The official tools tell the platform when they link a project; there is nothing to count here."""
    auth.path_app_id(call.request)
    return {"ok": True}


def transfer_to_org(call: Call) -> Json:
    account, app = auth.dash_app(call.request)
    org_id = call.param("org_id", to_uuid)
    with call.platform.store.write() as conn:
        common.org_for(conn, account, org_id, "admin")
        apps.move_app(conn, app, creator_id=None, org_id=org_id)
    return {"credit": None, "app_member_changes": {"removed": []}}


def list_soft_deleted(call: Call) -> Json:
    app = auth.flexible_app(call.request)
    with call.platform.store.read() as conn:
        found = [attr.to_wire() for attr in soft_deleted_attrs(conn, app.id)]
    return {"attrs": found, "grace-period-days": attr_removal.GRACE_PERIOD_DAYS}


def rule_versions(call: Call) -> Json:
    app = auth.flexible_app(call.request)
    with call.platform.store.read() as conn:
        return {"versions": apps.rule_versions(conn, app.id)}


# ---- apps that nobody owns yet


def create_ephemeral(call: Call) -> Json:
    """No token needed, as on the platform; gone after 14 days unless claimed."""
    title = common.title(call)
    code = common.rules_code(call, _code_of(call), "rule", ["body", "rules", "code"])
    expires_at = now_ms() + EPHEMERAL_LIFE_MS
    with call.platform.store.write() as conn:
        app, token = apps.create_app(conn, title=title, expires_at=expires_at)
        if code is not None:
            apps.put_rules(conn, app.id, code)
    common.push_first_schema(call, app.id)
    return {"app": {**app.to_wire(), "admin-token": token}, "expires_ms": expires_at}


def _ephemeral(call: Call) -> apps.AppRow:
    with call.platform.store.read() as conn:
        app = apps.get_app(conn, call.app_id)
    if not app.is_ephemeral:
        raise errors.permission_denied("ephemeral-app?", app.id)
    return app


def get_ephemeral(call: Call) -> Json:
    app = _ephemeral(call)
    return {"app": app.to_wire(), "expires_ms": app.expires_at}


def _check_admin_token(call: Call, app_id: str, token: str) -> None:
    with call.platform.store.read() as conn:
        owner = apps.app_of_admin_token(conn, token)
    if owner is None or owner.id != app_id:
        raise errors.record_not_found("app-admin-token", [{"app-id": app_id, "token": "<redacted>"}])


def set_ephemeral_status(call: Call) -> Json:
    app = _ephemeral(call)
    _check_admin_token(call, app.id, call.required("admin-token", to_uuid))
    return _put_status(call, app)


def claim(call: Call) -> Json:
    """Whoever knows the admin token of an app without owner becomes its owner."""
    token = call.required("token", to_uuid)
    account = auth.dash_user(call.request)
    with call.platform.store.read() as conn:
        app = apps.get_app(conn, call.app_id)
    if not app.is_ephemeral:
        raise errors.permission_denied("claimable-app?", app.id)
    _check_admin_token(call, app.id, token)
    with call.platform.store.write() as conn:
        apps.move_app(conn, app, creator_id=account.id, org_id=None)
    return {}


# ---- indexing jobs


def get_job(call: Call) -> Json:
    app = auth.flexible_app(call.request)
    with call.platform.store.read() as conn:
        return {"job": jobs.find_job(conn, app.id, call.param("job_id", to_uuid))}


def get_job_group(call: Call) -> Json:
    app = auth.flexible_app(call.request)
    with call.platform.store.read() as conn:
        return {"jobs": jobs.jobs_of_group(conn, app.id, call.param("group_id", to_uuid))}


def create_job(call: Call) -> Json:
    app = auth.flexible_app(call.request)
    attr_id, job_type = call.required("attr-id", to_uuid), call.required("job-type", to_text)
    checked = call.required("checked-data-type", to_text) if job_type == "check-data-type" else None
    with call.platform.store.write() as conn:
        apps.require_writable(conn, app.id)
        job = jobs.create_job(conn, app.id, attr_id, job_type, checked_data_type=checked)
        answer = jobs.find_job(conn, app.id, job["id"])
    call.platform.jobs.wake()
    return {"job": answer}


# ---- organisations


def _org(call: Call, role: auth.Role) -> tuple[auth.Account, str]:
    account = auth.dash_user(call.request)
    with call.platform.store.read() as conn:
        return account, common.org_for(conn, account, call.param("org_id", to_uuid), role)


def create_org(call: Call) -> Json:
    title = common.title(call)
    account = auth.dash_user(call.request)
    with call.platform.store.write() as conn:
        return {"org": orgs.create_org(conn, account.id, title)}


def get_org(call: Call) -> Json:
    account, org_id = _org(call, "collaborator")
    with call.platform.store.read() as conn:
        rows = common.rich_rows(conn, apps.apps_of_org(conn, org_id), account)
        return {
            "org": orgs.get_org(conn, org_id, account.id),
            "apps": [{**row, "effective_status": row["status"]} for row in rows],
            "members": orgs.members_of(conn, org_id),
            "invites": [],
        }


def delete_org(call: Call) -> Json:
    """Only an empty organisation can go."""
    _, org_id = _org(call, "owner")
    with call.platform.store.write() as conn:
        if apps.apps_of_org(conn, org_id):
            message = "You must delete or transfer the apps in this org before you can delete it."
            raise errors.validation_failed("org", org_id, [{"message": message}])
        orgs.delete_org(conn, org_id)
    return {"ok": True}


def rename_org(call: Call) -> Json:
    _, org_id = _org(call, "admin")
    title = common.title(call)
    with call.platform.store.write() as conn:
        orgs.rename_org(conn, org_id, title)
    return {}


# ---- refused


def _refuse(sentence: str) -> Any:
    def refuse(call: Call) -> Json:
        """Only to a caller who would be let in on the platform."""
        if "app_id" in call.path:
            auth.flexible_app(call.request)
        else:
            auth.flexible_user(call.request)
        raise errors.unsupported(sentence)

    return endpoint(refuse, is_raw=True)


_APP = "/dash/apps/{app_id}"
_ORG = "/dash/orgs/{org_id}"
_ANY = ["GET", "POST", "PUT", "DELETE"]

_NO_WEBHOOKS = "The local platform has no webhooks."
_NO_OAUTH = "The local platform has no OAuth sign-in."
_NO_MAIL = "The local platform sends no mail."
_NO_MEMBERS = "The local platform has no invitations and no team members."
_NO_BILLING = "The local platform has nothing to pay for."

_REFUSED = (
    (_APP + "/webhooks{rest:path}", _NO_WEBHOOKS),
    (_APP + "/auth", _NO_OAUTH),
    (_APP + "/oauth_clients{rest:path}", _NO_OAUTH),
    (_APP + "/oauth_service_providers{rest:path}", _NO_OAUTH),
    (_APP + "/authorized_redirect_origins{rest:path}", _NO_OAUTH),
    (_APP + "/oauth-apps{rest:path}", _NO_OAUTH),
    (_APP + "/oauth-app-clients{rest:path}", _NO_OAUTH),
    (_APP + "/oauth-app-client-secrets{rest:path}", _NO_OAUTH),
    ("/dash/user/oauth_apps{rest:path}", _NO_OAUTH),
    (_APP + "/email_templates{rest:path}", _NO_MAIL),
    (_APP + "/email_status", _NO_MAIL),
    (_APP + "/sender-verification{rest:path}", _NO_MAIL),
    (_APP + "/send-test-email", _NO_MAIL),
    (_APP + "/invite/{rest:path}", _NO_MEMBERS),
    (_APP + "/members/{rest:path}", _NO_MEMBERS),
    (_ORG + "/invite/{rest:path}", _NO_MEMBERS),
    (_ORG + "/members/{rest:path}", _NO_MEMBERS),
    ("/dash/invites/{rest:path}", _NO_MEMBERS),
    (_APP + "/test_users", "The local platform has no test users: it shows every code."),
    (_APP + "/checkout_session", _NO_BILLING),
    (_APP + "/portal_session", _NO_BILLING),
    (_APP + "/self_hosted_subscription", _NO_BILLING),
    (_ORG + "/checkout_session", _NO_BILLING),
    (_ORG + "/portal_session", _NO_BILLING),
    (_ORG + "/self_hosted_subscription", _NO_BILLING),
    (_ORG + "/billing", _NO_BILLING),
    ("/dash/sunset{rest:path}", "The local platform is never wound down."),
)

routes = [
    Route("/dash", endpoint(overview), methods=["GET"]),
    Route("/dash/me", endpoint(me), methods=["GET"]),
    Route("/dash/personal_access_tokens", endpoint(list_tokens), methods=["GET"]),
    Route("/dash/personal_access_tokens", endpoint(create_token), methods=["POST"]),
    Route("/dash/personal_access_tokens/{id}", endpoint(delete_token), methods=["DELETE"]),
    Route("/dash/apps", endpoint(create_app), methods=["POST"]),
    Route("/dash/apps/ephemeral", endpoint(create_ephemeral), methods=["POST"]),
    Route("/dash/apps/ephemeral/{app_id}", endpoint(get_ephemeral), methods=["GET"]),
    Route("/dash/apps/ephemeral/{app_id}/status", endpoint(set_ephemeral_status), methods=["POST"]),
    Route("/dash/apps/ephemeral/{app_id}/claim", endpoint(claim), methods=["POST"]),
    Route(_APP + "/claim", endpoint(claim), methods=["POST"]),
    Route(_APP, endpoint(get_app), methods=["GET"]),
    Route(_APP, endpoint(delete_app), methods=["DELETE"]),
    Route(_APP + "/clear", endpoint(clear_app), methods=["POST"]),
    Route(_APP + "/rename", endpoint(rename_app), methods=["POST"]),
    Route(_APP + "/status", endpoint(set_status), methods=["POST"]),
    Route(_APP + "/tokens", endpoint(rotate_token), methods=["POST"]),
    Route(_APP + "/set-magic-code-expiry", endpoint(set_code_expiry), methods=["POST"]),
    Route(_APP + "/stats", endpoint(stats), methods=["GET"]),
    Route(_APP + "/billing", endpoint(usage), methods=["GET"]),
    Route(_APP + "/track-import", endpoint(track_import), methods=["POST"]),
    Route(_APP + "/transfer_to_org/{org_id}", endpoint(transfer_to_org), methods=["POST"]),
    Route(_APP + "/soft_deleted_attrs", endpoint(list_soft_deleted), methods=["GET"]),
    Route(_APP + "/rules", endpoint(common.push_perms), methods=["POST"]),
    Route(_APP + "/rule-versions", endpoint(rule_versions), methods=["GET"]),
    Route(_APP + "/perms/pull", endpoint(common.perms), methods=["GET"]),
    Route(_APP + "/schema/pull", endpoint(common.schema_pull), methods=["GET"]),
    Route(_APP + "/schema/push/plan", endpoint(common.schema_plan), methods=["POST"]),
    Route(_APP + "/schema/push/apply", endpoint(common.schema_apply), methods=["POST"]),
    Route(_APP + "/schema/steps/apply", endpoint(common.steps_apply), methods=["POST"]),
    Route(_APP + "/indexing-jobs/group/{group_id}", endpoint(get_job_group), methods=["GET"]),
    Route(_APP + "/indexing-jobs/{job_id}", endpoint(get_job), methods=["GET"]),
    Route(_APP + "/indexing-jobs", endpoint(create_job), methods=["POST"]),
    Route("/dash/orgs", endpoint(create_org), methods=["POST"]),
    Route(_ORG, endpoint(get_org), methods=["GET"]),
    Route(_ORG, endpoint(delete_org), methods=["DELETE"]),
    Route(_ORG + "/rename", endpoint(rename_org), methods=["POST"]),
    *(Route(path, _refuse(sentence), methods=_ANY) for path, sentence in _REFUSED),
]
