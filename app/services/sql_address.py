"""The parts of a SQL connection's address, as a dialog has them. Pure, but for the making of a new file."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from app.core.errors import FieldError, Invalid
from app.core.secret import Secret
from app.core.text import plain
from app.platforms.postgres.dsn import POSTGRESQL, SQLITE, Dsn, is_absolute

LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
DEFAULT_PORT = "5432"
_MOST_BYTES = 63
# Those that compare the server's certificate with one that is trusted.
VERIFYING = ("verify-ca", "verify-full")


@dataclass(frozen=True, slots=True)
class ServerParts:
    """As typed. ``tls`` is one of libpq's modes; ``root_certificate`` is a path, or ``system``; ``others`` are options
    that no field shows."""

    host: str = ""
    port: str = DEFAULT_PORT
    database: str = ""
    user: str = ""
    tls: str = "prefer"
    root_certificate: str = ""
    others: tuple[tuple[str, str], ...] = ()


def address_of(parts: ServerParts) -> str:
    """The connection's address; raises Invalid with the fields ``host``, ``port``, ``database``, ``user`` and
    ``root_certificate``. Names stay exactly as they are, with their spaces."""
    errors = [*_host_errors(parts.host.strip()), *_port_errors(parts.port.strip())]
    errors += _name_errors("database", parts.database, "Enter the name of a database on the server.")
    errors += _name_errors("user", parts.user, "")
    certificate = parts.root_certificate.strip()
    if certificate and certificate != "system" and not is_absolute(certificate):
        errors.append(FieldError("root_certificate", "Enter the whole path of the certificate's file."))
    if errors:
        raise Invalid("The connection is not complete.", fields=tuple(errors))
    options = dict(parts.others)
    if parts.tls != "prefer":
        options["sslmode"] = parts.tls
    if certificate:
        options["sslrootcert"] = certificate
    port = int(parts.port.strip() or DEFAULT_PORT)
    host = parts.host.strip().removeprefix("[").removesuffix("]")
    return Dsn(POSTGRESQL, parts.user, host, port, parts.database, tuple(sorted(options.items()))).to_text()


def split_address(text: str) -> tuple[ServerParts | Path, Secret | None]:
    """A pasted connection string in its parts, and its password; a path for a SQLite file. Raises Invalid."""
    dsn, password = Dsn.parse(text)
    return (Path(dsn.database) if dsn.is_sqlite else _parts(dsn)), password


def parts_of(base_url: str) -> ServerParts:
    """Those of a stored connection; empty ones where its address cannot be read."""
    try:
        return _parts(Dsn.parse(base_url)[0])
    except Invalid:
        return ServerParts()


def path_of(base_url: str) -> str:
    try:
        return Dsn.parse(base_url)[0].database
    except Invalid:
        return ""


def file_address(path: str) -> str:
    """Raises Invalid with the field ``path``."""
    if not is_absolute(path) or "\0" in path:
        message = "Choose a file, or enter its whole path." if path else "Choose a file."
        raise Invalid("The connection is not complete.", fields=(FieldError("path", message),))
    return Dsn(SQLITE, database=path, port=0).to_text()


def is_loopback_url(url: str) -> bool:
    try:
        return urlsplit(url.strip()).hostname in LOOPBACK
    except ValueError:  # half an address, as it is while it is typed
        return False


def is_loopback(host: str) -> bool:
    """A name or address of this machine, or the folder of a socket."""
    return host.strip().lower() in LOOPBACK or host.strip().startswith("/")


def make_file(path: Path) -> None:
    """A new, empty database that only its owner can read; one that exists is left alone. Blocks. Raises Invalid with
    the field ``path``."""
    try:
        path.touch(mode=0o600, exist_ok=True)
    except OSError as error:
        message = f"The file cannot be made: {plain(error.strerror or type(error).__name__)}."
        raise Invalid("The connection is not complete.", fields=(FieldError("path", message),)) from error


def _parts(dsn: Dsn) -> ServerParts:
    options = dict(dsn.options)
    tls, certificate = options.pop("sslmode", "prefer"), options.pop("sslrootcert", "")
    return ServerParts(dsn.host, str(dsn.port), dsn.database, dsn.user, tls, certificate, tuple(options.items()))


def _host_errors(host: str) -> list[FieldError]:
    if not host:
        return [FieldError("host", "Enter the server's name or address, or the folder of its socket.")]
    is_bad = not host.startswith("/") and any(char.isspace() or char in "/@?#," for char in host)
    if is_bad or len(host) > 255 or "\0" in host or host.startswith("@"):
        return [
            FieldError("host", "This is no name or address of a server. A whole address goes into the field above.")
        ]
    return []


def _port_errors(port: str) -> list[FieldError]:
    is_port = not port or (port.isascii() and port.isdigit() and 0 < int(port[:6]) < 65536 and len(port) < 6)
    return [] if is_port else [FieldError("port", "A port is a number from 1 to 65535.")]


def _name_errors(field: str, name: str, if_missing: str) -> list[FieldError]:
    if not name:
        return [FieldError(field, if_missing)] if if_missing else []
    if "\0" in name:
        return [FieldError(field, "This name holds a character that PostgreSQL does not take.")]
    # Longer than PostgreSQL's own names, but poolers put the server's name into the user's.
    if len(name.encode()) > (_MOST_BYTES if field == "database" else 255):
        return [FieldError(field, f"A name in PostgreSQL has at most {_MOST_BYTES} bytes.")]
    return []
