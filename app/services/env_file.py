"""Reading the variables of the documents from a ``.env`` file or the environment. Pure: opens no file.

The names are those of documents 000 (Expo) and 001 (Next.js). What a build tool with such a prefix finds in its
environment ends up in the program that it ships, so a platform token under a public name is a leak.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from app.core.refs import is_uuid
from app.core.secret import Secret

PLATFORM_TOKEN_NAMES = (
    "PLATFORM_TOKEN",
    "INSTANT_PLATFORM_TOKEN",
    "EXPO_PUBLIC_INSTANT_PLATFORM_TOKEN",
    "NEXT_PUBLIC_INSTANT_PLATFORM_TOKEN",
    "EXPO_PUBLIC_PLATFORM_TOKEN",
    "NEXT_PUBLIC_PLATFORM_TOKEN",
)
ADMIN_TOKEN_NAMES = ("INSTANT_APP_ADMIN_TOKEN", "INSTANT_ADMIN_TOKEN")
APP_ID_NAMES = ("EXPO_PUBLIC_INSTANT_APP_ID", "NEXT_PUBLIC_INSTANT_APP_ID", "INSTANT_APP_ID")
# Of Vercel, Prisma, Supabase and Heroku; the one that is not a pooler's comes first.
DATABASE_URL_NAMES = ("POSTGRES_URL_NON_POOLING", "DIRECT_URL", "DATABASE_URL", "POSTGRES_URL")
PUBLIC_PREFIXES = ("EXPO_PUBLIC_", "NEXT_PUBLIC_")

# The bytes that the dialog may offer; a .env file is a few lines.
MAX_CHARACTERS = 1_000_000
_ASSIGNMENT = re.compile(r"\s*(?:export\s+)?([A-Za-z_][A-Za-z0-9_.]*)\s*=\s*(.*)", re.DOTALL)
_ESCAPES = {"n": "\n", "r": "\r", "t": "\t", '"': '"', "\\": "\\", "$": "$"}


@dataclass(frozen=True, slots=True)
class EnvImport:
    """What was found, by the name of its variable.

    ``tokens`` are platform tokens, ``admin_tokens`` those of single apps, ``app_ids`` valid UUIDs, ``databases``
    addresses of databases, mostly with a password in them. ``leaks`` and ``warnings`` are sentences for the operator
    without any value in them.
    """

    tokens: Mapping[str, Secret] = field(default_factory=dict)
    admin_tokens: Mapping[str, Secret] = field(default_factory=dict)
    app_ids: Mapping[str, str] = field(default_factory=dict)
    databases: Mapping[str, Secret] = field(default_factory=dict)
    leaks: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()

    @property
    def platform_token(self) -> Secret | None:
        """The one to take: a private name is preferred over a public one."""
        return next((self.tokens[name] for name in PLATFORM_TOKEN_NAMES if name in self.tokens), None)

    @property
    def foundation_app_id(self) -> str | None:
        return next((self.app_ids[name] for name in APP_ID_NAMES if name in self.app_ids), None)

    @property
    def database_url(self) -> Secret | None:
        return next((self.databases[name] for name in DATABASE_URL_NAMES if name in self.databases), None)

    def __bool__(self) -> bool:
        return bool(self.tokens or self.admin_tokens or self.app_ids or self.databases)


def read_env(text: str) -> EnvImport:
    """Read a ``.env`` text: quotes, ``export``, comments and values over several lines in double quotes."""
    if len(text) > MAX_CHARACTERS:
        return EnvImport(warnings=("The file is too large to be an .env file; nothing was read.",))
    values: dict[str, str] = {}
    warnings: list[str] = []
    for name, value, line in _assignments(text, warnings):
        if name in values and _is_known(name):
            warnings.append(f"{name} is set twice; line {line} was taken.")
        values[name] = value
    return _sorted_out(values, warnings)


def from_environment(environ: Mapping[str, str] | None = None) -> EnvImport:
    """The same from the variables of this process."""
    return _sorted_out(dict(os.environ if environ is None else environ), [])


def _assignments(text: str, warnings: list[str]) -> Iterator[tuple[str, str, int]]:
    lines = text.removeprefix("\ufeff").splitlines()
    index = 0
    while index < len(lines):
        number, match = index + 1, _ASSIGNMENT.match(lines[index])
        index += 1
        if match is None:
            continue
        name, raw = match.group(1), match.group(2)
        while _is_open(raw) and index < len(lines):
            raw += "\n" + lines[index]
            index += 1
        if _is_open(raw):
            warnings.append(f"Line {number}: the quote after {name} is never closed; the rest was not read.")
            return
        yield name, _value(raw), number


def _is_open(raw: str) -> bool:
    """True while a quoted value waits for its closing quote on a later line."""
    return raw[:1] in {'"', "'", "`"} and _end_of_quoted(raw) is None


def _end_of_quoted(raw: str) -> int | None:
    quote, position = raw[0], 1
    while position < len(raw):
        if raw[position] == "\\" and quote == '"':
            position += 1
        elif raw[position] == quote:
            return position
        position += 1
    return None


def _value(raw: str) -> str:
    if raw[:1] in {'"', "'", "`"}:
        end = _end_of_quoted(raw)
        inner = raw[1:end]
        return _unescaped(inner) if raw[0] == '"' else inner
    # Unquoted: a comment starts at a "#" after white space (or at the very start).
    return re.split(r"(?:^|\s)#", raw, maxsplit=1)[0].strip()


def _unescaped(text: str) -> str:
    return re.sub(r"\\(.)", lambda match: _ESCAPES.get(match.group(1), match.group(0)), text, flags=re.DOTALL)


def _is_known(name: str) -> bool:
    return name in {*PLATFORM_TOKEN_NAMES, *ADMIN_TOKEN_NAMES, *APP_ID_NAMES, *DATABASE_URL_NAMES}


def _sorted_out(values: Mapping[str, str], warnings: list[str]) -> EnvImport:
    known = {name: value.strip() for name, value in values.items() if _is_known(name)}
    warnings += [f"{name} is empty." for name, value in known.items() if not value]
    known = {name: value for name, value in known.items() if value}
    app_ids = {name: value for name, value in known.items() if name in APP_ID_NAMES}
    warnings += [f"{name} is not a UUID; it was left out." for name, value in app_ids.items() if not is_uuid(value)]
    return EnvImport(
        tokens=_secrets(known, PLATFORM_TOKEN_NAMES),
        admin_tokens=_secrets(known, ADMIN_TOKEN_NAMES),
        app_ids={name: value.lower() for name, value in app_ids.items() if is_uuid(value)},
        databases=_secrets(known, DATABASE_URL_NAMES),
        leaks=_leaks(values),
        warnings=tuple(warnings),
    )


def _secrets(known: Mapping[str, str], names: tuple[str, ...]) -> dict[str, Secret]:
    return {name: Secret(known[name]) for name in names if name in known}


def _leaks(values: Mapping[str, str]) -> tuple[str, ...]:
    """Known tokens under public names, and any public variable whose value looks like a platform token."""
    return tuple(
        f"{name} holds {'an admin' if _is_admin(name) else 'a platform'} token under a public name: every copy of the "
        "shipped program contains it. "
        f"Revoke the token and keep the new one under a name without {prefix}."
        for name, value in values.items()
        for prefix in PUBLIC_PREFIXES
        if name.startswith(prefix)
        and value.strip()
        and (name in PLATFORM_TOKEN_NAMES or _is_admin(name) or value.strip().startswith("per_"))
    )


def _is_admin(name: str) -> bool:
    """Whatever prefix it has."""
    return name.endswith(ADMIN_TOKEN_NAMES)


@dataclass(frozen=True, slots=True)
class MainEnv:
    """What the variables of document 002 say: ``mode`` as APP_MODE has it ("" where it is not set), and POSTGRES_URL,
    which holds a password and is a secret as a whole."""

    mode: str = ""
    postgres_url: Secret | None = None


def main_env(*texts: str) -> MainEnv:
    """From ``.env`` texts, an earlier one before a later (``.env.local`` before ``.env``)."""
    values: dict[str, str] = {}
    for text in reversed(texts):
        if len(text) <= MAX_CHARACTERS:
            values |= {name: value for name, value, _line in _assignments(text, []) if value.strip()}
    return _main_env(values)


def main_env_of_process(environ: Mapping[str, str] | None = None) -> MainEnv:
    """The same from the variables of this process."""
    return _main_env(os.environ if environ is None else environ)


def _main_env(values: Mapping[str, str]) -> MainEnv:
    url = values.get("POSTGRES_URL", "").strip()
    return MainEnv(values.get("APP_MODE", "").strip().lower(), Secret(url) if url else None)
