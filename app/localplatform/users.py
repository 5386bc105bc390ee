"""The users of an app: records, refresh tokens, magic codes, guests.

They are entities of the app (``$users``, ``$userRefreshTokens``, ``$magicCodes``) like any others; of tokens and
codes only hashes are kept. Every function works inside the caller's transaction.
"""

from __future__ import annotations

import hashlib
import secrets
import sqlite3
import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from app.localplatform import apps, errors
from app.localplatform.attrs import load_attrs
from app.localplatform.entity_reader import EntityReader
from app.localplatform.store import Store
from app.localplatform.transact import TxResult, transact
from app.localplatform.web import new_id, now_ms, timestamp

Record = dict[str, Any]

DEFAULT_CODE_MINUTES = 24 * 60
_USERS, _TOKENS, _CODES = "$users", "$userRefreshTokens", "$magicCodes"


def _reader(conn: sqlite3.Connection, app_id: str) -> EntityReader:
    return EntityReader(conn, app_id, load_attrs(conn, app_id))


def write_system(store: Store, conn: sqlite3.Connection, app_id: str, steps: Sequence[Any]) -> TxResult:
    """Apply steps that may touch system attributes, and announce them."""
    result = transact(conn, app_id, list(steps), throw_on_missing_attrs=True, allow_system_writes=True)
    store.note_commit(conn, app_id, result.etypes, result.tx_id)
    return result


# --- finding ---


def by_id(conn: sqlite3.Connection, app_id: str, user_id: str) -> Record | None:
    """The user in wire form: all attributes, ``app_id``, ``created_at`` and ``isGuest``."""
    reader = _reader(conn, app_id)
    values = reader.entity(_USERS, user_id)
    if values is None:
        return None
    created = timestamp(reader.created_at(_USERS, user_id))
    return {"app_id": app_id, **values, "created_at": created, "isGuest": values.get("type") == "guest"}


def by_email(conn: sqlite3.Connection, app_id: str, email: str) -> Record | None:
    found = _reader(conn, app_id).ids_with(_USERS, "email", email)
    return by_id(conn, app_id, found[0]) if found else None


def by_refresh_token(conn: sqlite3.Connection, app_id: str, token: str) -> Record | None:
    reader = _reader(conn, app_id)
    for token_id in reader.ids_with(_TOKENS, "hashedToken", hash_token(token)):
        for user_id in reader.follow(_TOKENS, token_id, "$user"):
            return by_id(conn, app_id, user_id)
    return None


def as_entity(user: Mapping[str, Any]) -> dict[str, Any]:
    """The user as rules see ``auth``."""
    return {key: value for key, value in user.items() if key not in ("app_id", "created_at", "isGuest")}


# --- creating and deleting ---


def create(
    store: Store,
    conn: sqlite3.Connection,
    app_id: str,
    *,
    user_id: str | None = None,
    email: str | None = None,
    kind: str | None = None,
    extra_fields: Any = None,
) -> Record:
    """``kind`` is user, guest or None; ``extra_fields`` must be attributes that the app added to ``$users``."""
    _check_extra_fields(conn, app_id, extra_fields)
    new_user_id = user_id or new_id()
    values = {"email": email, "type": kind, **(extra_fields or {})}
    given = {label: value for label, value in values.items() if value is not None}
    write_system(store, conn, app_id, [["create", _USERS, new_user_id, given]])
    return _known(by_id(conn, app_id, new_user_id))


def _known(record: Record | None) -> Record:
    if record is None:
        raise errors.record_not_found("app-user")
    return record


def _check_extra_fields(conn: sqlite3.Connection, app_id: str, extra_fields: Any) -> None:
    if not extra_fields:
        return
    if not isinstance(extra_fields, dict):
        raise errors.param_malformed(["body", "extra-fields"], extra_fields)
    attrs = load_attrs(conn, app_id)
    for name in extra_fields:
        attr = attrs.find(_USERS, name)
        if attr is None:
            message = f"Unknown field: {name}. It must be defined in your $users schema."
            raise errors.validation_failed("extra-fields", extra_fields, [{"message": message}])
        if attr.is_system:
            message = f"Cannot set system field: {name}"
            raise errors.validation_failed("extra-fields", extra_fields, [{"message": message}])


def delete(store: Store, conn: sqlite3.Connection, app_id: str, user_id: str) -> None:
    """With the user's tokens, and whatever else cascades."""
    write_system(store, conn, app_id, [["delete", _USERS, user_id]])


# --- refresh tokens ---


def hash_token(token: str) -> str:
    """SHA-256 over the 16 bytes of the UUID, as the platform stores it."""
    return hashlib.sha256(uuid.UUID(token).bytes).hexdigest()


def add_refresh_token(store: Store, conn: sqlite3.Connection, app_id: str, user_id: str) -> str:
    """A new login of this user; the token is not kept."""
    token, token_id = new_id(), new_id()
    steps = [
        ["create", _TOKENS, token_id, {"hashedToken": hash_token(token)}],
        ["link", _TOKENS, token_id, {"$user": user_id}],
    ]
    write_system(store, conn, app_id, steps)
    return token


def sign_out_user(store: Store, conn: sqlite3.Connection, app_id: str, user_id: str) -> None:
    """Ends all logins of the user; works while the app is read-only, as on the platform."""
    _delete_tokens(store, conn, app_id, _reader(conn, app_id).ids_with(_TOKENS, "$user", user_id))


def sign_out_token(store: Store, conn: sqlite3.Connection, app_id: str, token: str) -> None:
    """Ends one login; an unknown token is no error."""
    _delete_tokens(store, conn, app_id, _reader(conn, app_id).ids_with(_TOKENS, "hashedToken", hash_token(token)))


def _delete_tokens(store: Store, conn: sqlite3.Connection, app_id: str, token_ids: Sequence[str]) -> None:
    if token_ids:
        write_system(store, conn, app_id, [["delete", _TOKENS, token_id] for token_id in token_ids])


# --- magic codes ---


def add_magic_code(store: Store, conn: sqlite3.Connection, app_id: str, email: str) -> str:
    """Six digits, valid once; only the hash is kept."""
    code = f"{secrets.randbelow(10**6):06d}"
    write_system(store, conn, app_id, [["create", _CODES, new_id(), {"codeHash": _hash_code(code), "email": email}]])
    return code


def _hash_code(code: str) -> str:
    return hashlib.sha256(code.encode()).hexdigest()


def use_magic_code(store: Store, conn: sqlite3.Connection, app_id: str, email: str, code: str) -> None:
    """Raises record-not-found for a wrong or used code, record-expired for an old one."""
    reader = _reader(conn, app_id)
    args = [{"app-id": app_id, "email": email, "code": code}]
    found = [
        code_id
        for code_id in reader.ids_with(_CODES, "codeHash", _hash_code(code))
        if (reader.entity(_CODES, code_id) or {}).get("email") == email
    ]
    if not found:
        raise errors.record_not_found("app-user-magic-code", args)
    minutes = apps.get_app(conn, app_id).magic_code_expiry_minutes or DEFAULT_CODE_MINUTES
    if (reader.created_at(_CODES, found[0]) or 0) + minutes * 60_000 < now_ms():
        raise errors.record_expired("app-user-magic-code", args)
    write_system(store, conn, app_id, [["delete", _CODES, found[0]]])


def sign_in_with_code(
    store: Store,
    conn: sqlite3.Connection,
    app_id: str,
    *,
    email: str,
    code: str,
    guest_token: str | None = None,
    extra_fields: Any = None,
) -> tuple[Record, bool]:
    """The user with a new ``refresh_token``, and whether the user was created.

    A guest (``guest_token``) becomes the new user, or is linked to the existing one.
    """
    guest_id = _guest_id(conn, app_id, guest_token)
    existing = by_email(conn, app_id, email)
    if existing is None:
        _check_extra_fields(conn, app_id, extra_fields)
    use_magic_code(store, conn, app_id, email, code)
    user = existing or _new_or_upgraded(store, conn, app_id, email, guest_id, extra_fields)
    if guest_id is not None and guest_id != user["id"]:
        steps = [["link", _USERS, guest_id, {"linkedPrimaryUser": user["id"]}]]
        write_system(store, conn, app_id, steps)
    return {**user, "refresh_token": add_refresh_token(store, conn, app_id, user["id"])}, existing is None


def _guest_id(conn: sqlite3.Connection, app_id: str, token: str | None) -> str | None:
    if token is None:
        return None
    user = by_refresh_token(conn, app_id, token)
    if user is None:
        raise errors.record_not_found("app-user", [{"app-id": app_id}])
    return str(user["id"]) if user.get("type") == "guest" else None


def _new_or_upgraded(
    store: Store, conn: sqlite3.Connection, app_id: str, email: str, guest_id: str | None, extra_fields: Any
) -> Record:
    if guest_id is None:
        return create(store, conn, app_id, email=email, kind="user", extra_fields=extra_fields)
    values = {"email": email, "type": "user", **(extra_fields or {})}
    write_system(store, conn, app_id, [["update", _USERS, guest_id, values]])
    return _known(by_id(conn, app_id, guest_id))
