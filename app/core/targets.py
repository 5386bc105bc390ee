"""What the program can be asked to open: ``tenantry://app/…`` addresses and schema files."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from app.core.errors import Invalid
from app.core.text import plain

SCHEME = "tenantry"
ENDINGS = (".schema.ts", ".sql")
LONGEST = 4_096
_LONGEST_ID = 512
_HOW = "Give tenantry://app/<app ID>, or a schema file whose name ends with .schema.ts or .sql."


@dataclass(frozen=True, slots=True)
class AppTarget:
    """An app's tab; without a connection the app of this ID wherever it is."""

    app_id: str
    connection_id: str | None = None


@dataclass(frozen=True, slots=True)
class SchemaFileTarget:
    """A schema file, by its absolute path; whether it is there was not looked at."""

    path: Path


Target = AppTarget | SchemaFileTarget


def parse_target(text: str, folder: Path | None = None) -> Target:
    """Read an address or a path; a relative path is taken from ``folder``.

    Raises Invalid where it is neither. Safe for text from anywhere.
    """
    if len(text) > LONGEST:
        raise Invalid(f"“{plain(text, 60)}” is too long to be opened.", remedy=_HOW)
    if not text.strip() or any(ord(char) < 32 or ord(char) == 127 for char in text):
        raise _cannot(text)
    scheme, colon, rest = text.partition(":")
    if colon and scheme.lower() == SCHEME:
        return _app(text, rest)
    if colon and scheme.lower() == "file":
        return _file(text, _path_of(text), None)
    return _file(text, text, folder)


def address_of(target: Target) -> str:
    """The text that ``parse_target`` reads as this target."""
    from urllib.parse import quote

    if isinstance(target, SchemaFileTarget):
        return str(target.path)
    query = f"?connection={quote(target.connection_id, safe='')}" if target.connection_id else ""
    return f"{SCHEME}://app/{quote(target.app_id, safe='')}{query}"


def _app(text: str, rest: str) -> AppTarget:
    from urllib.parse import parse_qsl, unquote

    where, _, query = rest.partition("#")[0].partition("?")
    kind, _, name = where.removeprefix("//").partition("/")
    if not where.startswith("//") or kind.lower() != "app":
        raise _cannot(text)
    try:
        app_id = unquote(name.removesuffix("/"), errors="strict")
        asked = dict(parse_qsl(query, keep_blank_values=True, errors="strict", max_num_fields=8))
    except ValueError:
        raise _cannot(text) from None
    unknown = asked.keys() - {"connection"}
    if unknown:
        raise Invalid(f"“{plain(min(unknown), 40)}” in “{plain(text, 120)}” has no meaning here.", remedy=_HOW)
    connection = asked.get("connection")
    if not _is_id(app_id) or (connection is not None and not _is_id(connection)):
        raise _cannot(text)
    return AppTarget(app_id, connection)


def _is_id(text: str) -> bool:
    return bool(text.strip()) and len(text) <= _LONGEST_ID and text.isprintable()


def _path_of(address: str) -> str:
    from urllib.parse import unquote, urlsplit
    from urllib.request import url2pathname

    try:
        parts = urlsplit(address)
        unquote(parts.path, errors="strict")
    except ValueError:
        raise _cannot(address) from None
    path = url2pathname(parts.path)
    if parts.netloc not in ("", "localhost") or "\0" in path or parts.query or parts.fragment:
        raise _cannot(address)
    return path


def _file(text: str, path: str, folder: Path | None) -> SchemaFileTarget:
    if not path.lower().endswith(ENDINGS) or "://" in path:
        raise _cannot(text)
    place = Path(path) if folder is None else folder / path
    if not place.is_absolute():
        raise Invalid(f"“{plain(text, 120)}” does not say in which folder it is.", remedy="Give the whole path.")
    return SchemaFileTarget(place)


def _cannot(text: str) -> Invalid:
    return Invalid(f"“{plain(text, 120)}” is nothing that Tenantry can open.", remedy=_HOW)
