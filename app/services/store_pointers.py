"""Rows of ``workspace_apps`` as places of stores, and places as rows.

The document does not say how a store's address is written down, or whether it is encrypted: a whole connection
string, its parts, or JSON of either are read; what looks encrypted is told, never guessed at.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from app.core.errors import Invalid
from app.core.secret import Secret
from app.core.text import plain
from app.platforms.postgres.dsn import Dsn
from app.services.main_database import (
    DATABASE_WORDS,
    HOST_WORDS,
    OPTION_WORDS,
    PASSWORD_WORDS,
    PORT_WORDS,
    SECRET_WORDS,
    URL_WORDS,
    USER_WORDS,
    bare,
)
from app.services.main_map import MainMap, SecretPlace

# What Tenantry writes where a row has room for a password that is in its vault.
MARKER: Final = "vault:tenantry"
_HEX: Final = re.compile(r"[0-9a-fA-F]{24,}")
_BASE64: Final = re.compile(r"[A-Za-z0-9+/_-]{24,}={0,2}")
_SEALED: Final = re.compile(
    r"(enc|encrypted|v\d+|aes|gcm|kms|fernet)[:.$|]|[A-Za-z0-9+/_=-]{6,}([:.][A-Za-z0-9+/_=-]{6,})+"
)
NESTED: Final = ("database", "db", "postgres", "postgresql", "connection", "credentials", "config", "supabase")
PARTS: Final = {
    "url": URL_WORDS,
    "host": HOST_WORDS,
    "port": PORT_WORDS,
    "database": DATABASE_WORDS,
    "user": USER_WORDS,
    "password": PASSWORD_WORDS,
    "options": OPTION_WORDS,
    "secret": SECRET_WORDS,
}


@dataclass(frozen=True, slots=True)
class Pointer:
    """What a row says. ``dsn`` is None where it cannot be read (``problem`` says why; "" where the row is of
    something else, or empty). ``reference`` is where the password is kept otherwise, as the row has it."""

    dsn: Dsn | None = None
    password: Secret | None = None
    reference: str = ""
    problem: str = ""
    is_sealed: bool = False

    @property
    def secret_place(self) -> SecretPlace:
        if self.password:
            return "row"
        return "vault" if self.is_ours else "none"

    @property
    def is_ours(self) -> bool:
        """Whether the row says that Tenantry's vault has the password."""
        return self.reference == MARKER

    @property
    def is_empty(self) -> bool:
        return self.dsn is None and not self.problem


def read_pointer(row: Mapping[str, Any], names: MainMap) -> Pointer:
    """``row`` are the values by column."""
    found = {part: row.get(column) for part, column in _columns(names).items() if column}
    config = json_object(row.get(names.app_config)) if names.app_config else None
    if config is None and names.app_config and isinstance(text := row.get(names.app_config), str) and text.strip():
        found["url"] = found.get("url") or text
    for part, value in (_from_config(config) if config else {}).items():
        if _is_blank(found.get(part)):
            found[part] = value
    return _pointer(found, names)


def _pointer(found: Mapping[str, Any], names: MainMap) -> Pointer:
    column = names.app_url or names.app_config or names.app_host
    text = _text(found.get("url"))
    if text and (inner := json_object(text)) is not None:
        return _pointer({**found, "url": None, **_from_config(inner)}, names)
    if text:
        pointer = _from_url(text, column)
        if pointer.dsn is None and not _is_blank(found.get("host")):
            pointer = _from_parts(found, names.app_host or column)
    else:
        pointer = _from_parts(found, names.app_host or column)
    return _with_secret(pointer, found) if pointer.dsn is not None else pointer


def _columns(names: MainMap) -> Mapping[str, str]:
    return {part: getattr(names, f"app_{part}") for part in PARTS}


def _from_config(config: Mapping[str, Any]) -> dict[str, Any]:
    """The parts that are in a JSON object, or in one of the objects that it usually nests them in."""
    by_word = {bare(str(name)): value for name, value in config.items()}
    found = {
        part: next((by_word[word] for word in words if not _is_blank(by_word.get(word))), None)
        for part, words in PARTS.items()
    }
    found = {part: value for part, value in found.items() if isinstance(value, str | int) and not _is_blank(value)}
    for word in NESTED:
        inner = by_word.get(word)
        if isinstance(inner, Mapping):
            found = {**_from_config(inner), **found}
    return found


def _from_url(text: str, column: str) -> Pointer:
    if text == MARKER:
        return Pointer(reference=MARKER)
    scheme = text.partition("://")[0].lower() if "://" in text else ""
    if scheme.startswith(("postgres", "sqlite")):
        try:
            dsn, password = Dsn.parse(text)
        except Invalid as error:
            return Pointer(problem=f"The connection string in {column} cannot be read: {error.sentence}")
        return Pointer(dsn, password)
    if scheme or re.match(r"https?:", text):
        # An app of another kind: its address is none of a database.
        return Pointer(
            problem="" if scheme in {"http", "https"} else f"{column} is no address of PostgreSQL or SQLite."
        )
    pairs = dict(re.findall(r"(\w+)\s*=\s*('(?:[^'\\]|\\.)*'|\S+)", text))
    if "host" in pairs or "dbname" in pairs:
        parts = {name: value[1:-1] if value.startswith("'") else value for name, value in pairs.items()}
        names = {"dbname": "database", "sslmode": "options"}
        return _with_secret(_from_parts({names.get(each, each): value for each, value in parts.items()}, column), parts)
    if _looks_sealed(text):
        return Pointer(
            problem=f"The value in {column} looks encrypted, and nothing says how: set the store here to reach it.",
            is_sealed=True,
        )
    return Pointer(problem=f"The value in {column} is no connection string: set the store here to reach it.")


def _looks_sealed(text: str) -> bool:
    compact = "".join(text.split())
    return any(each.fullmatch(compact) for each in (_HEX, _BASE64)) or _SEALED.match(compact) is not None


def _from_parts(found: Mapping[str, Any], column: str) -> Pointer:
    host, database = _text(found.get("host")), _text(found.get("database"))
    if not host or "://" in host:
        return _from_url(host, column) if host else Pointer()
    port = _text(found.get("port")) or "5432"
    if not (port.isascii() and port.isdigit() and 0 < int(port) < 65536):
        if _looks_sealed(port) or _looks_sealed(host):
            return Pointer(problem=f"The values beside {column} look encrypted: set the store here.", is_sealed=True)
        return Pointer(problem=f"The port beside {column} is no number from 1 to 65535.")
    mode = _text(found.get("options")).lower()
    mode = {"true": "require", "1": "require", "false": "", "0": ""}.get(mode, mode)
    dsn = Dsn("postgresql", _text(found.get("user")), host, int(port), database or "postgres")
    try:
        # Read back: what is odd about the parts is told the same way as for a whole address.
        checked, _password = Dsn.parse(replace(dsn, options=(("sslmode", mode),) if mode else ()).to_text())
    except Invalid as error:
        return Pointer(problem=f"The address beside {column} cannot be read: {error.sentence}")
    return Pointer(checked)


def _with_secret(pointer: Pointer, found: Mapping[str, Any]) -> Pointer:
    """The password beside the address, or where it says that it is kept."""
    if pointer.password is not None:
        if pointer.password == Secret(MARKER):
            return replace(pointer, password=None, reference=MARKER)
        return pointer
    # A password may begin or end with a blank.
    password, reference = _raw(found.get("password")), _text(found.get("secret"))
    if password == MARKER or reference == MARKER:
        return replace(pointer, reference=MARKER)
    if password.startswith("vault:"):
        return replace(pointer, reference=password)
    if password:
        return replace(pointer, password=Secret(password))
    return replace(pointer, reference=reference)


def reference_problem(pointer: Pointer) -> str:
    """Why the password of a readable pointer is not known, "" where nothing is the matter."""
    if pointer.password or not pointer.reference or pointer.is_ours:
        return ""
    return "Its password is kept where only the product can read it: set the store's password here."


def json_object(value: Any) -> Mapping[str, Any] | None:
    if isinstance(value, Mapping):
        return value
    if isinstance(value, str) and value.lstrip().startswith("{"):
        try:
            found = json.loads(value)
        except ValueError:
            return None
        return found if isinstance(found, dict) else None
    return None


def _text(value: Any) -> str:
    return _raw(value).strip()


def _raw(value: Any) -> str:
    if isinstance(value, bytes | memoryview):
        value = bytes(value).decode("utf-8", "replace")
    if isinstance(value, bool):
        return str(value).lower()
    return "" if value is None else str(value)


def _is_blank(value: Any) -> bool:
    return value is None or (isinstance(value, str) and not value.strip())


def shown(dsn: Dsn, limit: int = 200) -> str:
    """Where a store is, in a few plain words."""
    return plain(dsn.database if dsn.is_sqlite else f"{dsn.database} on {dsn.server}", limit)
