"""Apps: rows, admin tokens, status, and their permission rules with versions."""

from __future__ import annotations

import json
import sqlite3
from dataclasses import dataclass, replace
from typing import Any

from . import errors
from .store import register_ddl
from .web import new_id, now_ms, timestamp

Json = Any

STATUSES = ("active", "read-only", "disabled")
GRACE_MS = 2 * 24 * 3600 * 1000
MAX_RULE_VERSIONS = 50

register_ddl(
    """
    CREATE TABLE IF NOT EXISTS apps (
        id TEXT PRIMARY KEY,
        creator_id TEXT,
        org_id TEXT,
        title TEXT NOT NULL,
        status TEXT NOT NULL DEFAULT 'active',
        magic_code_expiry_minutes INTEGER,
        created_at INTEGER NOT NULL,
        deletion_marked_at INTEGER,
        expires_at INTEGER
    ) STRICT;
    CREATE INDEX IF NOT EXISTS apps_by_creator ON apps (creator_id, created_at);
    CREATE INDEX IF NOT EXISTS apps_by_org ON apps (org_id, created_at);
    CREATE TABLE IF NOT EXISTS app_admin_tokens (
        token TEXT PRIMARY KEY,
        app_id TEXT NOT NULL REFERENCES apps (id) ON DELETE CASCADE,
        created_at INTEGER NOT NULL
    ) STRICT;
    CREATE INDEX IF NOT EXISTS app_admin_tokens_by_app ON app_admin_tokens (app_id);
    CREATE TABLE IF NOT EXISTS rules (
        app_id TEXT PRIMARY KEY REFERENCES apps (id) ON DELETE CASCADE,
        code TEXT NOT NULL,
        version INTEGER NOT NULL
    ) STRICT;
    CREATE TABLE IF NOT EXISTS rule_versions (
        app_id TEXT NOT NULL REFERENCES apps (id) ON DELETE CASCADE,
        version INTEGER NOT NULL,
        edits TEXT NOT NULL,
        created_at INTEGER NOT NULL,
        PRIMARY KEY (app_id, version)
    ) STRICT
    """
)

_COLUMNS = (
    "id, creator_id, org_id, title, status, magic_code_expiry_minutes, created_at, deletion_marked_at, expires_at"
)


@dataclass(frozen=True, slots=True)
class AppRow:
    """Times in ms since 1970; ``expires_at`` only for ephemeral apps."""

    id: str
    creator_id: str | None
    org_id: str | None
    title: str
    status: str
    magic_code_expiry_minutes: int | None
    created_at: int
    deletion_marked_at: int | None
    expires_at: int | None

    @property
    def is_ephemeral(self) -> bool:
        return self.expires_at is not None

    def to_wire(self) -> dict[str, Json]:
        return {
            "id": self.id,
            "creator_id": self.creator_id,
            "title": self.title,
            "created_at": timestamp(self.created_at),
            "connection_string": None,
            "magic_code_expiry_minutes": self.magic_code_expiry_minutes,
            "deletion_marked_at": timestamp(self.deletion_marked_at),
            "org_id": self.org_id,
            "subscription_id": None,
            "status": self.status,
        }


def _one(conn: sqlite3.Connection, where: str, args: tuple[Json, ...]) -> AppRow | None:
    row = conn.execute(f"SELECT {_COLUMNS} FROM apps WHERE deletion_marked_at IS NULL AND {where}", args).fetchone()
    return AppRow(*row) if row else None


def find_app(conn: sqlite3.Connection, app_id: str) -> AppRow | None:
    """None for an app that is unknown, deleted, or ephemeral and expired."""
    app = _one(conn, "id = ?", (app_id,))
    return None if app is None or (app.expires_at is not None and app.expires_at < now_ms()) else app


def get_app(conn: sqlite3.Connection, app_id: str) -> AppRow:
    app = find_app(conn, app_id)
    if app is None:
        raise errors.record_not_found("app", [{"id": app_id}])
    return app


def app_of_admin_token(conn: sqlite3.Connection, token: str) -> AppRow | None:
    row = conn.execute("SELECT app_id FROM app_admin_tokens WHERE token = ?", (token,)).fetchone()
    return find_app(conn, row[0]) if row else None


def apps_where(conn: sqlite3.Connection, where: str, args: tuple[Json, ...]) -> list[AppRow]:
    sql = f"SELECT {_COLUMNS} FROM apps WHERE deletion_marked_at IS NULL AND {where} ORDER BY created_at, id"
    return [AppRow(*row) for row in conn.execute(sql, args)]


def apps_of_creator(conn: sqlite3.Connection, user_id: str) -> list[AppRow]:
    return apps_where(conn, "creator_id = ?", (user_id,))


def apps_of_org(conn: sqlite3.Connection, org_id: str) -> list[AppRow]:
    return apps_where(conn, "org_id = ?", (org_id,))


def admin_tokens(conn: sqlite3.Connection, app_ids: list[str]) -> dict[str, str]:
    """App ID → its newest admin token."""
    sql = "SELECT app_id, token FROM app_admin_tokens WHERE app_id IN (SELECT value FROM json_each(?)) ORDER BY rowid"
    return dict(conn.execute(sql, (json.dumps(app_ids),)).fetchall())


def create_app(
    conn: sqlite3.Connection,
    *,
    title: str,
    creator_id: str | None = None,
    org_id: str | None = None,
    app_id: str | None = None,
    admin_token: str | None = None,
    expires_at: int | None = None,
) -> tuple[AppRow, str]:
    """The new app and its admin token; a known ``app_id`` or token → record-not-unique."""
    app = AppRow(app_id or new_id(), creator_id, org_id, title, "active", None, now_ms(), None, expires_at)
    token = admin_token or new_id()
    try:
        conn.execute(
            f"INSERT INTO apps ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (app.id, creator_id, org_id, title, app.status, None, app.created_at, None, expires_at),
        )
    except sqlite3.IntegrityError as error:
        raise errors.record_not_unique("app", "Record not unique: app", {"app-id": app.id}) from error
    put_admin_token(conn, app.id, token)
    return app, token


def put_admin_token(conn: sqlite3.Connection, app_id: str, token: str) -> None:
    try:
        conn.execute("INSERT INTO app_admin_tokens VALUES (?, ?, ?)", (token, app_id, now_ms()))
    except sqlite3.IntegrityError as error:
        raise errors.record_not_unique("app-admin-token") from error


def rotate_admin_token(conn: sqlite3.Connection, app_id: str, token: str) -> dict[str, Json]:
    """All earlier tokens of the app stop working."""
    conn.execute("DELETE FROM app_admin_tokens WHERE app_id = ?", (app_id,))
    put_admin_token(conn, app_id, token)
    return {"app_id": app_id, "token": token}


def rename_app(conn: sqlite3.Connection, app: AppRow, title: str) -> AppRow:
    conn.execute("UPDATE apps SET title = ? WHERE id = ?", (title, app.id))
    return replace(app, title=title)


def set_status(conn: sqlite3.Connection, app: AppRow, status: str) -> AppRow:
    conn.execute("UPDATE apps SET status = ? WHERE id = ?", (status, app.id))
    return replace(app, status=status)


def set_code_expiry(conn: sqlite3.Connection, app: AppRow, minutes: int) -> AppRow:
    conn.execute("UPDATE apps SET magic_code_expiry_minutes = ? WHERE id = ?", (minutes, app.id))
    return replace(app, magic_code_expiry_minutes=minutes)


def delete_app(conn: sqlite3.Connection, app: AppRow) -> AppRow:
    """Soft: the row stays for two days, so that its ID stays taken."""
    at = now_ms()
    conn.execute("UPDATE apps SET deletion_marked_at = ? WHERE id = ?", (at, app.id))
    return replace(app, deletion_marked_at=at)


def move_app(conn: sqlite3.Connection, app: AppRow, *, creator_id: str | None, org_id: str | None) -> AppRow:
    """To a new owner; an ephemeral app becomes a lasting one."""
    conn.execute(
        "UPDATE apps SET creator_id = ?, org_id = ?, expires_at = NULL WHERE id = ?", (creator_id, org_id, app.id)
    )
    return replace(app, creator_id=creator_id, org_id=org_id, expires_at=None)


def expired_app_ids(conn: sqlite3.Connection, now: int) -> list[str]:
    """Apps to remove for good: deleted two days ago, or ephemeral and past their time."""
    sql = "SELECT id FROM apps WHERE deletion_marked_at < ? OR expires_at < ?"
    return [row[0] for row in conn.execute(sql, (now - GRACE_MS, now))]


def require_readable(app: AppRow) -> None:
    if app.status == "disabled":
        raise errors.app_disabled()


def require_writable(conn: sqlite3.Connection, app_id: str) -> None:
    """Raises app-read-only or app-disabled; record-not-found for an unknown app."""
    app = get_app(conn, app_id)
    require_readable(app)
    if app.status == "read-only":
        raise errors.app_read_only()


def current_rules(conn: sqlite3.Connection, app_id: str) -> dict[str, Json] | None:
    row = conn.execute("SELECT code FROM rules WHERE app_id = ?", (app_id,)).fetchone()
    return json.loads(row[0]) if row else None


def rules_row(conn: sqlite3.Connection, app_id: str) -> tuple[dict[str, Json], int] | None:
    row = conn.execute("SELECT code, version FROM rules WHERE app_id = ?", (app_id,)).fetchone()
    return (json.loads(row[0]), row[1]) if row else None


def put_rules(conn: sqlite3.Connection, app_id: str, code: dict[str, Json]) -> dict[str, Json] | None:
    """The new row, or None where the code is the same as before: the platform answers ``{"rules": null}`` then."""
    before = rules_row(conn, app_id)
    if before is not None and before[0] == code:
        return None
    version = before[1] + 1 if before else 1
    text = json.dumps(code)
    conn.execute("INSERT OR REPLACE INTO rules VALUES (?, ?, ?)", (app_id, text, version))
    # An edit script with one edit: replace the root by the code of this version.
    edits = json.dumps([[[], "r", code]])
    conn.execute("INSERT OR REPLACE INTO rule_versions VALUES (?, ?, ?, ?)", (app_id, version, edits, now_ms()))
    return {"app_id": app_id, "code": code, "version": version}


def rule_versions(conn: sqlite3.Connection, app_id: str) -> list[dict[str, Json]]:
    sql = "SELECT version, edits, created_at FROM rule_versions WHERE app_id = ? ORDER BY version DESC LIMIT ?"
    rows = conn.execute(sql, (app_id, MAX_RULE_VERSIONS))
    return [{"version": v, "edits": json.loads(edits), "created_at": timestamp(at)} for v, edits, at in rows]
