"""Who calls: accounts, tokens, and the guards of the platform's four kinds of routes.

Personal access tokens and dashboard tokens are kept as SHA-256 only. Admin tokens are kept readable, because the
platform's own lists return them.
"""

from __future__ import annotations

import hashlib
import secrets
import sqlite3
from dataclasses import dataclass
from typing import Any, Literal

from starlette.requests import Request

from . import apps, errors, orgs
from .store import Store, register_ddl
from .web import coerced, new_id, now_ms, timestamp, to_uuid

Json = Any
Kind = Literal["pat", "dash"]
Role = Literal["collaborator", "admin", "owner"]

ROLES: tuple[Role, ...] = ("collaborator", "admin", "owner")
OPERATOR_EMAIL = "operator@localhost"
PLATFORM_PREFIXES = ("per_", "pat_")

register_ddl(
    """
    CREATE TABLE IF NOT EXISTS accounts (
        id TEXT PRIMARY KEY,
        email TEXT NOT NULL UNIQUE,
        created_at INTEGER NOT NULL
    ) STRICT;
    CREATE TABLE IF NOT EXISTS account_tokens (
        hash BLOB PRIMARY KEY,
        id TEXT NOT NULL UNIQUE,
        kind TEXT NOT NULL,
        account_id TEXT NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
        name TEXT NOT NULL,
        is_start INTEGER NOT NULL,
        created_at INTEGER NOT NULL
    ) STRICT;
    CREATE TABLE IF NOT EXISTS account_codes (
        email TEXT PRIMARY KEY,
        hash BLOB NOT NULL,
        attempts INTEGER NOT NULL,
        expires_at INTEGER NOT NULL
    ) STRICT;
    CREATE TABLE IF NOT EXISTS cli_logins (
        secret_hash BLOB PRIMARY KEY,
        ticket TEXT NOT NULL UNIQUE,
        account_id TEXT,
        expires_at INTEGER NOT NULL
    ) STRICT
    """
)


@dataclass(frozen=True, slots=True)
class Account:
    """A person; ``created_at`` in ms since 1970."""

    id: str
    email: str
    created_at: int

    def to_wire(self) -> dict[str, Json]:
        return {"id": self.id, "email": self.email, "created_at": timestamp(self.created_at)}


@dataclass(frozen=True, slots=True)
class AdminCaller:
    """Who calls the Admin API; ``account`` is None where an app's admin token was used."""

    app: apps.AppRow
    account: Account | None = None

    @property
    def app_id(self) -> str:
        return self.app.id


def digest(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()


def new_personal_token() -> str:
    return "per_" + secrets.token_hex(32)


class Accounts:
    """The accounts of one store; every method takes the connection of the caller's transaction."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def open_for(self, platform_token: str, dash_token: str) -> Account:
        """The operator's account, reachable with exactly these two tokens from now on."""
        with self._store.write() as conn:
            operator = self.ensure(conn, OPERATOR_EMAIL)
            conn.execute("DELETE FROM account_tokens WHERE is_start = 1")
            self.add_token(conn, operator, "pat", platform_token, "started with", is_start=True)
            self.add_token(conn, operator, "dash", dash_token, "started with", is_start=True)
        return operator

    def ensure(self, conn: sqlite3.Connection, email: str) -> Account:
        conn.execute("INSERT OR IGNORE INTO accounts VALUES (?, ?, ?)", (new_id(), email, now_ms()))
        row = conn.execute("SELECT id, email, created_at FROM accounts WHERE email = ?", (email,)).fetchone()
        return Account(*row)

    def get(self, conn: sqlite3.Connection, account_id: str) -> Account:
        row = conn.execute("SELECT id, email, created_at FROM accounts WHERE id = ?", (account_id,)).fetchone()
        if row is None:
            raise errors.record_not_found("instant-user", [{"id": account_id}])
        return Account(*row)

    def add_token(
        self,
        conn: sqlite3.Connection,
        account: Account,
        kind: Kind,
        token: str,
        name: str,
        *,
        is_start: bool = False,
    ) -> dict[str, Json]:
        row = (digest(token), new_id(), kind, account.id, name, int(is_start), now_ms())
        conn.execute("INSERT OR REPLACE INTO account_tokens VALUES (?, ?, ?, ?, ?, ?, ?)", row)
        return {"id": row[1], "user_id": account.id, "name": name, "created_at": timestamp(row[6])}

    def tokens_of(self, conn: sqlite3.Connection, account: Account) -> list[dict[str, Json]]:
        """Personal access tokens, without the tokens themselves; newest first."""
        sql = (
            "SELECT id, name, created_at FROM account_tokens WHERE account_id = ? AND kind = 'pat' ORDER BY rowid DESC"
        )
        rows = conn.execute(sql, (account.id,))
        return [{"id": i, "user_id": account.id, "name": n, "created_at": timestamp(at)} for i, n, at in rows]

    def remove_token(self, conn: sqlite3.Connection, account: Account, token_id: str) -> None:
        conn.execute("DELETE FROM account_tokens WHERE account_id = ? AND id = ?", (account.id, token_id))

    def sign_out(self, conn: sqlite3.Connection, token: str) -> None:
        conn.execute("DELETE FROM account_tokens WHERE hash = ? AND kind = 'dash'", (digest(token),))

    def of_token(self, conn: sqlite3.Connection, kind: Kind, token: str) -> Account | None:
        sql = (
            "SELECT a.id, a.email, a.created_at FROM account_tokens t JOIN accounts a ON a.id = t.account_id "
            "WHERE t.hash = ? AND t.kind = ?"
        )
        row = conn.execute(sql, (digest(token), kind)).fetchone()
        return Account(*row) if row else None


def bearer(request: Request) -> str:
    """The token of the request; missing or empty → param-missing or param-malformed, as on the platform."""
    value = request.headers.get("authorization")
    if value is None:
        raise errors.param_missing(["headers", "authorization"])
    token = value.split("Bearer ")[-1].strip()
    if not (token.startswith((*PLATFORM_PREFIXES, "eyJ")) or to_uuid(token)):
        raise errors.param_malformed(["headers", "authorization"], value)
    return token if token.startswith((*PLATFORM_PREFIXES, "eyJ")) else token.lower()


def _accounts(request: Request) -> Accounts:
    found: Accounts = request.app.state.accounts
    return found


def _store(request: Request) -> Store:
    found: Store = request.app.state.store
    return found


def superadmin_user(request: Request) -> Account:
    """Personal access token only."""
    token = bearer(request)
    with _store(request).read() as conn:
        account = _accounts(request).of_token(conn, "pat", token)
    if account is None:
        raise errors.record_not_found("instant-user")
    return account


def dash_user(request: Request) -> Account:
    """Dashboard token only; anything else → 401."""
    token = bearer(request)
    with _store(request).read() as conn:
        account = _accounts(request).of_token(conn, "dash", token)
    if account is None:
        raise invalid_dash_token()
    return account


def invalid_dash_token() -> errors.PlatformError:
    error = errors.record_not_found("instant-user", [{"auth?": True}])
    error.http_status = 401
    return error


def superadmin_app(request: Request, role: Role = "collaborator") -> apps.AppRow:
    """Personal access token, the app's own admin token, or dashboard token."""
    token = bearer(request)
    app_id = path_app_id(request)
    accounts = _accounts(request)
    with _store(request).read() as conn:
        account = accounts.of_token(conn, "pat", token)
        if account is not None:
            return app_with_role(conn, account, app_id, role)
        if token.startswith(PLATFORM_PREFIXES):
            raise errors.record_not_found("instant-user")
        app = apps.app_of_admin_token(conn, token)
        if app is not None:
            if app.id != app_id:
                raise errors.admin_token_mismatch(app_id)
            return app
        account = accounts.of_token(conn, "dash", token)
        if account is None:
            raise invalid_dash_token()
        return app_with_role(conn, account, app_id, role)


# The dashboard's flexible routes take the same tokens; on the platform only the order of the attempts differs.
flexible_app = superadmin_app


def superadmin_user_app(request: Request, role: Role) -> tuple[Account, apps.AppRow]:
    account = superadmin_user(request)
    with _store(request).read() as conn:
        return account, app_with_role(conn, account, path_app_id(request), role)


def dash_app(request: Request, role: Role = "owner") -> tuple[Account, apps.AppRow]:
    """Dashboard token of somebody with this role in the app."""
    account = dash_user(request)
    with _store(request).read() as conn:
        return account, app_with_role(conn, account, path_app_id(request), role)


def flexible_user(request: Request) -> Account:
    """Personal access token or dashboard token, where there is no app yet."""
    token = bearer(request)
    with _store(request).read() as conn:
        accounts = _accounts(request)
        account = accounts.of_token(conn, "pat", token) or accounts.of_token(conn, "dash", token)
    if account is None:
        raise errors.record_not_found("instant-user") if token.startswith(PLATFORM_PREFIXES) else invalid_dash_token()
    return account


def admin_app(request: Request) -> AdminCaller:
    """The Admin API: the app's admin token, or the personal access token of its creator, plus the app's ID."""
    raw_id = request.headers.get("app-id") or request.query_params.get("app_id")
    app_id = coerced(raw_id, ["headers", "app-id"], to_uuid)
    token = bearer(request)
    with _store(request).read() as conn:
        if token.startswith(PLATFORM_PREFIXES):
            return _creator(conn, _accounts(request).of_token(conn, "pat", token), app_id)
        app = apps.app_of_admin_token(conn, token)
    if app is None or app.id != app_id:
        # The platform echoes the token here; the local one keeps it to itself.
        raise errors.record_not_found("app-admin-token", [{"app-id": app_id, "token": "<redacted>"}])
    return AdminCaller(app)


def _creator(conn: sqlite3.Connection, account: Account | None, app_id: str) -> AdminCaller:
    if account is None:
        raise errors.record_not_found("instant-user")
    app = apps.find_app(conn, app_id)
    if app is None or app.creator_id != account.id:
        raise errors.record_not_found("app", [{"user-id": account.id, "app-id": app_id}])
    return AdminCaller(app, account)


def path_app_id(request: Request) -> str:
    return coerced(request.path_params.get("app_id"), ["params", "app_id"], to_uuid)


def app_with_role(conn: sqlite3.Connection, account: Account, app_id: str, role: Role) -> apps.AppRow:
    app = apps.get_app(conn, app_id)
    owned: Role | None = "owner" if app.creator_id == account.id else None
    assert_role(role, owned or (orgs.role_of(conn, app.org_id, account.id) if app.org_id else None))
    return app


def assert_role(least: Role, actual: Role | None) -> None:
    if actual is None:
        raise errors.validation_failed("user-role", None, [{"message": f"User is missing role {least}."}])
    if ROLES.index(actual) < ROLES.index(least):
        raise errors.permission_denied("allowed-member-role?", actual)
