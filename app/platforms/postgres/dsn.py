"""Where a database is: read from what was pasted, written without its password.

Standard library only: the window reads addresses before any driver is loaded.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from pathlib import PurePosixPath, PureWindowsPath
from typing import Final
from urllib.parse import parse_qsl, quote, unquote

from app.core.errors import FieldError, Invalid
from app.core.secret import Secret
from app.core.text import plain

POSTGRESQL: Final = "postgresql"
SQLITE: Final = "sqlite"
_SCHEMES: Final = {
    "postgres": POSTGRESQL,
    "postgresql": POSTGRESQL,
    "postgresql+psycopg": POSTGRESQL,
    "sqlite": SQLITE,
}
_PORT: Final = 5432
_SSL_MODES: Final = ("disable", "allow", "prefer", "require", "verify-ca", "verify-full")
_OPTIONS: Final = frozenset({"sslmode", "sslrootcert", "sslcert", "sslkey", "channel_binding"})
# Said to other drivers, or decided by this program itself: nothing is lost where they are left out.
_LEFT_OUT: Final = frozenset(
    {
        "application_name",
        "connect_timeout",
        "connection_limit",
        "pgbouncer",
        "pool_timeout",
        "prepare_threshold",
        "schema",
        "statement_cache_size",
        "supa",
        "uselibpqcompat",
    }
)
_EXAMPLE: Final = "Write it like postgresql://user@host:5432/database or sqlite:////folder/file.db."
_ELSEWHERE: Final = re.compile(r".+:\d+/.", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Dsn:
    """One database. ``host`` is a name, an address, or the folder of a Unix socket; ``database`` is the absolute path
    of the file where the scheme is ``sqlite``. ``options`` are sorted pairs."""

    scheme: str
    user: str = ""
    host: str = ""
    port: int = _PORT
    database: str = ""
    options: tuple[tuple[str, str], ...] = ()

    @staticmethod
    def parse(text: str) -> tuple[Dsn, Secret | None]:
        """The address, and the password where one was pasted with it. Raises Invalid; its text holds no password."""
        stripped = text.strip()
        scheme, colon, rest = stripped.partition("://")
        kind = _SCHEMES.get(scheme.lower())
        if not colon or kind is None:
            raise _invalid("This is no address of a PostgreSQL database or SQLite file.")
        if "\0" in unquote(rest):
            raise _invalid("The address holds a character that no address can have.")
        return (_sqlite(rest), None) if kind == SQLITE else _postgres(rest)

    def to_text(self) -> str:
        """The address without a password; ``parse`` reads it back to an equal value."""
        if self.is_sqlite:
            return f"sqlite:///{quote(self.database, safe='/:')}"
        user = f"{quote(self.user, safe='')}@" if self.user else ""
        options = self.options
        host = quote(self.host, safe=":.-_")
        if self.is_socket:
            host, options = "", tuple(sorted((*options, ("host", self.host))))
        elif ":" in self.host:
            host = f"[{self.host}]"
        query = "&".join(f"{name}={quote(value, safe='/')}" for name, value in options)
        asked = f"?{query}" if query else ""
        return f"postgresql://{user}{host}:{self.port}/{quote(self.database, safe='')}{asked}"

    @property
    def is_sqlite(self) -> bool:
        return self.scheme == SQLITE

    @property
    def is_socket(self) -> bool:
        return self.host.startswith("/")

    @property
    def server(self) -> str:
        """``host:port``; a pooler that serves many servers is told apart by whom it serves (``ref@host:port``)."""
        if self.is_sqlite:
            return ""
        host = f"[{self.host}]" if ":" in self.host else self.host.lower() if not self.is_socket else self.host
        tenant = f"{self.pooler_tenant}@" if self.pooler_tenant else ""
        return f"{tenant}{host}:{self.port}"

    @property
    def is_supabase(self) -> bool:
        return self.host.lower().endswith((".supabase.com", ".supabase.co", ".supabase.red"))

    @property
    def pooler_tenant(self) -> str:
        """Supavisor tells its servers apart by the user: ``postgres.<project ref>``."""
        is_pooler = self.host.lower().endswith(".pooler.supabase.com")
        return self.user.partition(".")[2] if is_pooler else ""

    @property
    def is_transaction_pooler(self) -> bool:
        """Each transaction may meet another server process: no prepared statements, no settings of a session."""
        return not self.is_sqlite and (self.port == 6543 or "pgbouncer" in self.host.lower())

    def with_database(self, name: str) -> Dsn:
        return replace(self, database=name)

    def option(self, name: str) -> str:
        return dict(self.options).get(name, "")


@dataclass(frozen=True, slots=True)
class Place:
    """Where a store is, and what opens it; no password where the server asks for none."""

    dsn: Dsn
    password: Secret | None = None


Places = Callable[[str], Awaitable["Place | None"]]
"""Answers an app ID with its place; None for one that it does not know. Where it also has a coroutine ``known()``, that
answers with the app IDs of all places elsewhere, which are listed with the databases."""


def store_id(dsn: Dsn, of: Dsn) -> str:
    """The app ID of ``dsn`` on the connection ``of``: a database name on its own server, else ``host:port/database``;
    the absolute path of a SQLite file."""
    if dsn.is_sqlite:
        return dsn.database
    return dsn.database if dsn.server == of.server and not of.is_sqlite else f"{dsn.server}/{dsn.database}"


def may_be_elsewhere(app_id: str, of: Dsn) -> bool:
    """Whether the app ID has the form of a store on another server; a database name can have it too."""
    return of.is_sqlite or is_absolute(app_id) or _ELSEWHERE.match(app_id) is not None


def is_absolute(path: str) -> bool:
    return PurePosixPath(path).is_absolute() or PureWindowsPath(path).is_absolute()


def _invalid(sentence: str, remedy: str = _EXAMPLE) -> Invalid:
    return Invalid(sentence, fields=(FieldError("base_url", sentence),), remedy=remedy)


def _sqlite(rest: str) -> Dsn:
    path = unquote(rest.partition("?")[0])
    found = path[1:] if path.startswith("/") else path
    if not is_absolute(found) or found.endswith("/"):
        raise _invalid("A SQLite file is named by its whole path.", "Write it like sqlite:////folder/file.db.")
    return Dsn(SQLITE, database=found, port=0)


def _postgres(rest: str) -> tuple[Dsn, Secret | None]:
    credentials, address = _split(rest)
    place, _, asked = address.partition("?")
    authority, _, database = place.partition("/")
    user, colon, password = credentials.partition(":")
    host, port = _host_and_port(authority)
    options = _asked(asked)
    secret = unquote(password) if colon else options.pop("password", "")
    options.pop("password", None)
    named = unquote(user) or options.pop("user", "")
    options.pop("user", None)
    host = options.pop("host", "") or host or "localhost"
    port = _port(options.pop("port", "")) or port or _PORT
    name = unquote(database.rstrip("/") if "%" not in database else database) or options.pop("dbname", "") or "postgres"
    options.pop("dbname", None)
    if host.startswith("@"):
        raise _invalid("An abstract socket is not supported.")
    return Dsn(POSTGRESQL, named, host, port, name, tuple(sorted(options.items()))), Secret(secret) if secret else None


def _split(rest: str) -> tuple[str, str]:
    """Credentials and the rest. People paste passwords as they are: ``@``, ``/``, ``?`` and ``#`` may be in them."""
    authority = re.split(r"[/?#]", rest, maxsplit=1)[0]
    path = rest[len(authority) :].partition("?")[0]
    is_raw = "@" not in authority and "@" in rest and (path.count("/") > 1 or not _looks_like_host(authority))
    if is_raw or "@" in authority:
        end = _credentials_end(rest, authority, is_raw)
        return rest[:end], rest[end + 1 :]
    return "", rest


def _credentials_end(rest: str, authority: str, is_raw: bool) -> int:
    if is_raw:
        return rest.rindex("@")
    after = rest[authority.rindex("@") + 1 :]
    host = re.split(r"[/?#]", after, maxsplit=1)[0]
    is_cut_short = "@" in after.partition("?")[0] and not _looks_like_host(host)
    return rest.rindex("@") if is_cut_short else authority.rindex("@")


def _looks_like_host(text: str) -> bool:
    return re.fullmatch(r"(\[[0-9A-Fa-f:.%]+\]|[^\s:@\[\]]*)(:\d{1,5})?", text) is not None


def _host_and_port(authority: str) -> tuple[str, int]:
    if "," in authority:
        raise _invalid("An address with several hosts is not supported.", "Name the one to connect to.")
    found = re.fullmatch(r"(?:\[([0-9A-Fa-f:.%]+)\]|([^:\[\]]*))(?::(\d*))?", authority)
    if found is None:
        raise _invalid("The host and port of the address cannot be read.")
    return found[1] or unquote(found[2] or ""), _port(found[3] or "")


def _port(text: str) -> int:
    """0 where none is given."""
    if not text:
        return 0
    if not text.isascii() or not text.isdigit() or not 0 < int(text) < 65536:
        raise _invalid("The port of the address is a number from 1 to 65535.")
    return int(text)


def _asked(text: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for name, value in parse_qsl(text.replace("+", "%2B"), keep_blank_values=True):
        if name == "ssl":
            found.setdefault("sslmode", "require" if value.lower() in {"1", "true", "require"} else "prefer")
        elif name in _OPTIONS or name in {"host", "port", "user", "password", "dbname"}:
            found[name] = value
        elif name not in _LEFT_OUT:
            raise _invalid(f"The address has an option that Tenantry does not know: {plain(name, 40)}.")
    if found.get("sslmode", "prefer") not in _SSL_MODES:
        raise _invalid("sslmode is one of " + ", ".join(_SSL_MODES) + ".")
    return found
