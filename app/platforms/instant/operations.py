"""Every call that Tenantry makes to an Instant platform, as data.

Which token each takes follows the server's four guards: the list, create and delete calls of ``/superadmin`` take a
personal access token only; calls on one app take a dashboard login too; ``_DASH`` calls take nothing else.
"""

from __future__ import annotations

from dataclasses import replace

from app.core.connection import TokenKind
from app.platforms.http_words import Operation

_PLATFORM = (TokenKind.PLATFORM,)
_EITHER = (TokenKind.PLATFORM, TokenKind.DASH)
_DASH = (TokenKind.DASH,)


def _read(name: str, method: str, path: str, title: str, tokens: tuple[TokenKind, ...] = _EITHER) -> Operation:
    return Operation(name, method, path, title, tokens=tokens)


def _write(
    name: str,
    method: str,
    path: str,
    title: str,
    tokens: tuple[TokenKind, ...] = _EITHER,
    *,
    is_repeatable: bool = False,
) -> Operation:
    return Operation(name, method, path, title, is_write=True, is_repeatable=is_repeatable, tokens=tokens)


HEALTH = _read("health", "GET", "/health/system", "check the platform's health", ())
LIST_APPS = _read("list-apps", "GET", "/superadmin/apps", "list the apps", _PLATFORM)
LIST_ORGS = _read("list-orgs", "GET", "/superadmin/orgs", "list the organisations", _PLATFORM)
APPS_OF_ORG = _read(
    "apps-of-org", "GET", "/superadmin/orgs/{org_id}/apps", "list the apps of the organisation", _PLATFORM
)
GET_APP = _read("get-app", "GET", "/superadmin/apps/{app_id}", "read the app")
GET_SCHEMA = _read("get-schema", "GET", "/superadmin/apps/{app_id}/schema", "read the schema")
GET_PERMS = _read("get-perms", "GET", "/superadmin/apps/{app_id}/perms", "read the permissions")
RULE_VERSIONS = _read("rule-versions", "GET", "/dash/apps/{app_id}/rule-versions", "list the permission versions")
PLAN_PUSH = _read("plan-push", "POST", "/superadmin/apps/{app_id}/schema/push/plan", "plan the push")
JOB = _read("job", "GET", "/dash/apps/{app_id}/indexing-jobs/{job_id}", "read the background job")
JOB_GROUP = _read("job-group", "GET", "/dash/apps/{app_id}/indexing-jobs/group/{group_id}", "read the background jobs")
SOFT_DELETED = _read(
    "soft-deleted", "GET", "/dash/apps/{app_id}/soft_deleted_attrs", "list what was deleted from the schema"
)
LIST_BACKUPS = _read("list-backups", "GET", "/dash/apps/{app_id}/backups", "list the backups")
DASH = _read("dash", "GET", "/dash", "read the dashboard", _DASH)
ME = _read("me", "GET", "/dash/me", "read who is logged in", _DASH)
LIST_PATS = _read("list-pats", "GET", "/dash/personal_access_tokens", "list the access tokens", _DASH)
QUERY = _read("query", "POST", "/admin/query", "read the rows")
LIVE_SESSION = _read("live-session", "POST", "/admin/sse", "open a live session")
LIVE_QUERY = replace(_read("live-query", "POST", "/admin/sse/push", "count the rows", ()), messages=("add-query",))
GET_USER = _read("get-user", "GET", "/admin/users", "read the user")

# Its caller chooses the ID: a repeat finds the first app, and is answered with record-not-unique.
CREATE_APP = _write("create-app", "POST", "/dash/apps", "create the app", is_repeatable=True)
# The server chooses the ID: a repeat would make a second app.
CREATE_APP_ONCE = _write("create-app-once", "POST", "/superadmin/apps", "create the app", _PLATFORM)
RENAME_APP = _write("rename-app", "POST", "/superadmin/apps/{app_id}", "rename the app", is_repeatable=True)
DELETE_APP = _write("delete-app", "DELETE", "/superadmin/apps/{app_id}", "delete the app", _PLATFORM)
PUSH_PERMS = _write(
    "push-perms", "POST", "/superadmin/apps/{app_id}/perms", "change the permissions", is_repeatable=True
)
# Each apply that finds work starts background jobs of its own; a repeat would lose sight of the first ones.
APPLY_PUSH = _write("apply-push", "POST", "/superadmin/apps/{app_id}/schema/push/apply", "push the schema")
APPLY_STEPS = _write("apply-steps", "POST", "/dash/apps/{app_id}/schema/steps/apply", "apply the schema steps")
# The same without steps that start jobs: they name their own IDs and final names.
APPLY_STEPS_AGAIN = _write(
    "apply-steps", "POST", "/dash/apps/{app_id}/schema/steps/apply", "apply the schema steps", is_repeatable=True
)
SET_STATUS = _write(
    "set-status", "POST", "/dash/apps/{app_id}/status", "switch the app's status", _DASH, is_repeatable=True
)
# The new token is the caller's, but each call deletes all others: repeated, it could undo a later rotation.
ROTATE_TOKEN = _write("rotate-token", "POST", "/dash/apps/{app_id}/tokens", "replace the admin token", _DASH)
CREATE_PAT = _write("create-pat", "POST", "/dash/personal_access_tokens", "create an access token", _DASH)
DELETE_PAT = _write("delete-pat", "DELETE", "/dash/personal_access_tokens/{token_id}", "delete the access token", _DASH)
TRANSACT = _write("transact", "POST", "/admin/transact", "write the rows")
# The same transaction where every step names its own IDs and states a final value.
TRANSACT_AGAIN = _write("transact", "POST", "/admin/transact", "write the rows", is_repeatable=True)
LIVE_RESTORE = replace(
    _write("live-restore", "POST", "/admin/sse/push", "bring back what was dropped", ()), messages=("transact",)
)
DELETE_USER = _write("delete-user", "DELETE", "/admin/users", "delete the user")

ALL: tuple[Operation, ...] = tuple(each for each in list(globals().values()) if isinstance(each, Operation))

# What a read-only connection may send. Written out, so that a new operation is refused until someone decides.
READ_ONLY: frozenset[str] = frozenset(
    {
        "health",
        "list-apps",
        "list-orgs",
        "apps-of-org",
        "get-app",
        "get-schema",
        "get-perms",
        "rule-versions",
        "plan-push",
        "job",
        "job-group",
        "soft-deleted",
        "list-backups",
        "dash",
        "me",
        "list-pats",
        "query",
        "live-session",
        "live-query",
        "get-user",
    }
)
READS: frozenset[Operation] = frozenset(each for each in ALL if each.name in READ_ONLY and not each.is_write)
