"""Organisations and who belongs to them."""

from __future__ import annotations

import sqlite3
from typing import Any, Literal

from . import errors
from .store import register_ddl
from .web import new_id, now_ms, timestamp

Json = Any
Role = Literal["collaborator", "admin", "owner"]
MAX_TITLE = 140

register_ddl(
    """
    CREATE TABLE IF NOT EXISTS orgs (
        id TEXT PRIMARY KEY,
        title TEXT NOT NULL,
        created_at INTEGER NOT NULL,
        updated_at INTEGER NOT NULL
    ) STRICT;
    CREATE TABLE IF NOT EXISTS org_members (
        id TEXT PRIMARY KEY,
        org_id TEXT NOT NULL REFERENCES orgs (id) ON DELETE CASCADE,
        user_id TEXT NOT NULL,
        role TEXT NOT NULL,
        UNIQUE (org_id, user_id)
    ) STRICT
    """
)

_SELECT = (
    "SELECT o.id, o.title, o.created_at, o.updated_at, m.role FROM orgs o "
    "JOIN org_members m ON m.org_id = o.id AND m.user_id = ?"
)


def _wire(row: tuple[Json, ...]) -> dict[str, Json]:
    id_, title, created, updated, role = row
    times = {"created_at": timestamp(created), "updated_at": timestamp(updated)}
    return {"id": id_, "title": title, **times, "role": role, "paid": True}


def role_of(conn: sqlite3.Connection, org_id: str, user_id: str) -> Role | None:
    row = conn.execute("SELECT role FROM org_members WHERE org_id = ? AND user_id = ?", (org_id, user_id)).fetchone()
    return row[0] if row else None


def orgs_of(conn: sqlite3.Connection, user_id: str) -> list[dict[str, Json]]:
    return [_wire(row) for row in conn.execute(_SELECT + " ORDER BY o.created_at, o.id", (user_id,))]


def get_org(conn: sqlite3.Connection, org_id: str, user_id: str) -> dict[str, Json]:
    """The organisation with the caller's role; record-not-found for somebody who is no member."""
    row = conn.execute(_SELECT + " WHERE o.id = ?", (user_id, org_id)).fetchone()
    if row is None:
        raise errors.record_not_found("org", [{"org-id": org_id, "user-id": user_id}])
    return _wire(row)


def create_org(conn: sqlite3.Connection, user_id: str, title: str) -> dict[str, Json]:
    check_title(title)
    at, org_id = now_ms(), new_id()
    conn.execute("INSERT INTO orgs VALUES (?, ?, ?, ?)", (org_id, title, at, at))
    conn.execute("INSERT INTO org_members VALUES (?, ?, ?, 'owner')", (new_id(), org_id, user_id))
    return get_org(conn, org_id, user_id)


def check_title(title: str) -> None:
    if len(title) > MAX_TITLE:
        message = f"Org title must be at most {MAX_TITLE} characters."
        raise errors.validation_failed("org", title, [{"message": message, "in": ["title"]}])


def rename_org(conn: sqlite3.Connection, org_id: str, title: str) -> None:
    check_title(title)
    conn.execute("UPDATE orgs SET title = ?, updated_at = ? WHERE id = ?", (title, now_ms(), org_id))


def delete_org(conn: sqlite3.Connection, org_id: str) -> None:
    """The caller has made sure that no app is left in it."""
    conn.execute("DELETE FROM orgs WHERE id = ?", (org_id,))


def members_of(conn: sqlite3.Connection, org_id: str) -> list[dict[str, Json]]:
    sql = (
        "SELECT m.id, a.email, m.role FROM org_members m JOIN accounts a ON a.id = m.user_id "
        "WHERE m.org_id = ? ORDER BY m.rowid"
    )
    return [{"id": id_, "email": email, "role": role} for id_, email, role in conn.execute(sql, (org_id,))]
