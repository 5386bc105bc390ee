"""How a person gets a dashboard token: a mailed code, or the device flow of the command line tool.

No mail leaves this machine: a message is a file in ``outbox`` inside the data folder, readable by its owner only.
"""

from __future__ import annotations

import hmac
import secrets
import sqlite3
from pathlib import Path

from . import errors
from .auth import Account, Accounts, digest
from .web import new_id, now_ms

CODE_LIFE_MS = 10 * 60 * 1000
LOGIN_LIFE_MS = 2 * 60 * 1000
MAX_ATTEMPTS = 5


def send_code(conn: sqlite3.Connection, data_dir: Path, email: str) -> None:
    """A new code replaces the one before."""
    code = f"{secrets.randbelow(10**6):06d}"
    row = (email, digest(email + code), 0, now_ms() + CODE_LIFE_MS)
    conn.execute("INSERT OR REPLACE INTO account_codes VALUES (?, ?, ?, ?)", row)
    outbox = data_dir / "outbox"
    outbox.mkdir(mode=0o700, exist_ok=True)
    message = outbox / f"{digest(email).hex()[:16]}.txt"
    message.touch(mode=0o600)
    message.write_text(f"To: {email}\nYour sign-in code for the local platform: {code}\n", encoding="utf-8")


def count_attempt(conn: sqlite3.Connection, email: str) -> None:
    """In a transaction of its own, so that a wrong code counts although its request fails."""
    conn.execute("UPDATE account_codes SET attempts = attempts + 1 WHERE email = ?", (email,))


def use_code(conn: sqlite3.Connection, accounts: Accounts, email: str, code: str) -> tuple[Account, str]:
    """The account, made on its first sign-in, and a new dashboard token."""
    row = conn.execute("SELECT hash, attempts, expires_at FROM account_codes WHERE email = ?", (email,)).fetchone()
    if row is None or row[1] > MAX_ATTEMPTS or not hmac.compare_digest(row[0], digest(email + code)):
        raise errors.record_not_found("instant-user-magic-code", [{"email": email}])
    if row[2] < now_ms():
        raise errors.record_expired("instant-user-magic-code", [{"email": email}])
    conn.execute("DELETE FROM account_codes WHERE email = ?", (email,))
    return new_session(conn, accounts, accounts.ensure(conn, email))


def new_session(conn: sqlite3.Connection, accounts: Accounts, account: Account) -> tuple[Account, str]:
    token = new_id()
    accounts.add_token(conn, account, "dash", token, "session")
    return account, token


def register(conn: sqlite3.Connection) -> tuple[str, str]:
    """Start of the device flow: the tool's secret, and the ticket that a person approves."""
    secret, ticket = new_id(), new_id()
    conn.execute("DELETE FROM cli_logins WHERE expires_at < ?", (now_ms() - LOGIN_LIFE_MS,))
    row = (digest(secret), ticket, None, now_ms() + LOGIN_LIFE_MS)
    conn.execute("INSERT INTO cli_logins VALUES (?, ?, ?, ?)", row)
    return secret, ticket


def claim(conn: sqlite3.Connection, account: Account, ticket: str) -> None:
    sql = "UPDATE cli_logins SET account_id = ? WHERE ticket = ? AND account_id IS NULL AND expires_at > ?"
    if conn.execute(sql, (account.id, ticket, now_ms())).rowcount == 0:
        raise errors.record_not_found("instant-cli-login", [{"ticket": ticket}])


def void(conn: sqlite3.Connection, ticket: str) -> None:
    conn.execute("DELETE FROM cli_logins WHERE ticket = ?", (ticket,))


def check(conn: sqlite3.Connection, accounts: Accounts, secret: str) -> tuple[Account, str]:
    """The tool asks until its ticket was approved; then once it gets a token."""
    row = conn.execute(
        "SELECT account_id, expires_at FROM cli_logins WHERE secret_hash = ?", (digest(secret),)
    ).fetchone()
    if row is None:
        raise errors.record_not_found("instant-cli-login")
    if row[1] < now_ms():
        raise errors.record_expired("instant-cli-login")
    if row[0] is None:
        raise errors.validation_failed("instant-cli-login", None, [{"issue": "waiting-for-user"}])
    conn.execute("DELETE FROM cli_logins WHERE secret_hash = ?", (digest(secret),))
    account = accounts.get(conn, row[0])
    return new_session(conn, accounts, account)
