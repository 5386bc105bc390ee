"""What databases and drivers say, as errors that a person may be shown; nothing else maps them.

A refused connection carries no SQLSTATE (libpq keeps only its text), so that texts are matched there: the client's own
words are always English, those of the server are in its language.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from app.core.errors import (
    BadAnswer,
    Conflict,
    Forbidden,
    Invalid,
    KnownError,
    NotFound,
    PlatformFault,
    RateLimited,
    ReadOnly,
    StalePlan,
    Timeout,
    Unauthorised,
    Unreachable,
    Unsupported,
)
from app.core.text import plain

from .dsn import Place

_CHECK_FIRST: Final = "Read the database again before repeating it: it may have taken effect."
_MASK: Final = "••••••"


@dataclass(frozen=True, slots=True)
class Said:
    """``said`` is the first line, ``detail`` the second and what the server hints at; no password is in either."""

    doing: str
    server: str
    state: str
    said: str
    detail: str = ""
    may_have_worked: bool = False

    @property
    def sentence(self) -> str:
        return f"Could not {self.doing}: {self.said}"


Translate = Callable[[Said], KnownError]


def error_of(error: BaseException, doing: str, place: Place, *, may_have_worked: bool = False) -> KnownError:
    """The error of a driver, translated. ``may_have_worked``: its effect may be there although its answer is not."""
    said = _said(error, doing, place, may_have_worked)
    if isinstance(error, sqlite3.Error):
        return _of_sqlite(error, said)
    if said.state:
        return TABLE.get(said.state, TABLE.get(said.state[:2], _fault))(said)
    return _of_text(error, said)


def state_of(error: BaseException) -> str:
    """SQLSTATE, or SQLite's name of the error; "" where nothing answered."""
    if isinstance(error, sqlite3.Error):
        return getattr(error, "sqlite_errorname", "") or "SQLITE_ERROR"
    return getattr(error, "sqlstate", None) or ""


def _said(error: BaseException, doing: str, place: Place, may_have_worked: bool) -> Said:
    diagnosis: Any = getattr(error, "diag", None)
    first = getattr(diagnosis, "message_primary", None) or _words_of(str(error))
    more = [getattr(diagnosis, name, None) for name in ("message_detail", "message_hint")]
    detail = "\n".join(_masked(each, place) for each in more if each)
    state = state_of(error)
    server = plain(place.dsn.database if place.dsn.is_sqlite else place.dsn.server, 80)
    said = plain(_masked(first, place), 300)
    sentence = said if said.endswith((".", "!", "?")) else f"{said}."
    return Said(doing, server, state, sentence, f"{state}\n{detail}".strip(), may_have_worked)


def _masked(text: str, place: Place) -> str:
    secret = place.password.reveal() if place.password else ""
    return text.replace(secret, _MASK) if len(secret) > 3 else text


def _words_of(text: str) -> str:
    """What the driver and libpq put before the message says where, and the operator knows that."""
    lines = [line.strip(" -\t") for line in text.strip().splitlines() if line.strip()]
    told = next((line for line in lines if " failed: " in line or "FATAL" in line), lines[0] if lines else "no reason")
    return re.sub(r"^.*?(?:FATAL|ERROR): *", "", re.sub(r"^.*\bfailed: ", "", told)) or told


# By SQLSTATE


def _fault(said: Said) -> KnownError:
    return PlatformFault(
        said.sentence,
        may_have_taken_effect=said.may_have_worked,
        remedy=_CHECK_FIRST if said.may_have_worked else None,
        details=said.detail,
    )


def _lost(said: Said) -> KnownError:
    return Unreachable(
        f"Could not {said.doing}: the connection to {said.server} broke.",
        may_have_taken_effect=said.may_have_worked,
        remedy=_CHECK_FIRST if said.may_have_worked else None,
        details=said.detail or said.said,
    )


def _timeout(said: Said) -> KnownError:
    return Timeout(said.sentence, remedy="Ask for less at once, or try again later.", details=said.detail)


def _locked(said: Said) -> KnownError:
    return Timeout(
        f"Could not {said.doing}: someone else holds a lock on what it needs.",
        remedy="Try again in a moment, or end the transaction that holds the lock.",
        details=f"{said.detail}\n{said.said}",
    )


def _unauthorised(said: Said) -> KnownError:
    return Unauthorised(
        f"{said.server} does not accept the user or the password.",
        remedy="Open the connection and enter the right user and password.",
        details=said.said,
    )


def _forbidden(said: Said) -> KnownError:
    return Forbidden(said.sentence, remedy="Use a role that may do this.", details=said.detail)


def _not_found(said: Said) -> KnownError:
    return NotFound(said.sentence, remedy="Read it again: it may have been renamed or dropped.", details=said.detail)


def _no_database(said: Said) -> KnownError:
    return NotFound(said.sentence, details=said.detail)


def _conflict(said: Said) -> KnownError:
    return Conflict(said.sentence, details=said.detail)


def _in_use(said: Said) -> KnownError:
    return Conflict(said.sentence, remedy="Close what is connected to it, then try again.", details=said.detail)


def _stale(said: Said) -> KnownError:
    return StalePlan(said.sentence, details=said.detail)


def _invalid(said: Said) -> KnownError:
    return Invalid(said.sentence, remedy="Correct what the database names, then try again.", details=said.detail)


def _read_only(said: Said) -> KnownError:
    return ReadOnly(said.sentence, remedy="This connection, its role or the server takes no writes.")


def _crowded(said: Said) -> KnownError:
    return RateLimited(
        f"Could not {said.doing}: {said.server} has no connection left.",
        remedy="Close some connections to the server, then try again.",
        details=said.said,
    )


def _starting(said: Said) -> KnownError:
    return Unreachable(said.sentence, remedy="Wait until the server is up, then try again.", details=said.detail)


def _full(said: Said) -> KnownError:
    return PlatformFault(said.sentence, remedy="Make room on the server, then try again.", details=said.detail)


def _unsupported(said: Said) -> KnownError:
    return Unsupported(said.sentence, details=said.detail)


TABLE: Final[dict[str, Translate]] = {
    # Classes of SQLSTATE, in PostgreSQL's order.
    "02": _not_found,
    "03": _fault,
    "08": _lost,
    "09": _invalid,
    "0A": _unsupported,
    "0B": _fault,
    "0F": _fault,
    "0L": _forbidden,
    "0P": _forbidden,
    "0Z": _fault,
    "10": _invalid,
    "20": _invalid,
    "21": _invalid,
    "22": _invalid,
    "23": _conflict,
    "24": _fault,
    "25": _fault,
    "26": _fault,
    "27": _conflict,
    "28": _unauthorised,
    "2B": _conflict,
    "2D": _fault,
    "2F": _invalid,
    "34": _fault,
    "38": _invalid,
    "39": _invalid,
    "3B": _fault,
    "3D": _no_database,
    "3F": _not_found,
    "40": _conflict,
    "42": _invalid,
    "44": _conflict,
    "53": _full,
    "54": _invalid,
    "55": _conflict,
    "57": _timeout,
    "58": _fault,
    "72": _fault,
    "F0": _fault,
    "HV": _fault,
    "P0": _invalid,
    "XX": _fault,
    # What means something of its own within its class.
    "08P01": _fault,
    "25006": _read_only,
    "40003": _lost,
    "40P01": _locked,
    "42501": _forbidden,
    "42602": _invalid,
    "42701": _stale,
    "42703": _stale,
    "42704": _stale,
    "42710": _stale,
    "42P01": _not_found,
    "42P04": _conflict,
    "42P06": _conflict,
    "42P07": _stale,
    "53300": _crowded,
    "55006": _in_use,
    "55P03": _locked,
    "57014": _timeout,
    "57P01": _lost,
    "57P02": _lost,
    "57P03": _starting,
    "57P04": _no_database,
    "57P05": _lost,
}

# By text, where the connection was refused or broke


def _unknown_host(said: Said) -> KnownError:
    return Unreachable(f"The name of {said.server} is not known to the network.", details=said.said)


def _refused(said: Said) -> KnownError:
    return Unreachable(f"Nothing answers at {said.server}: {said.said}", details=said.detail)


def _silent(said: Said) -> KnownError:
    return Timeout(
        f"{said.server} did not answer in time.",
        may_have_taken_effect=said.may_have_worked,
        remedy="Check the address, the network and the firewall, then try again.",
    )


def _no_tls(said: Said) -> KnownError:
    return Unreachable(
        f"{said.server} and Tenantry could not agree on TLS: {said.said}",
        remedy="Check sslmode and the certificates of the address.",
    )


def _no_password(said: Said) -> KnownError:
    return Unauthorised(
        f"{said.server} asks for a password, and none is stored.", remedy="Open the connection and enter the password."
    )


def _no_entry(said: Said) -> KnownError:
    return Forbidden(said.sentence, remedy="Have the server allow this address, user and TLS mode (pg_hba.conf).")


_TEXTS: Final[tuple[tuple[str, Translate], ...]] = (
    (r"password authentication failed|role \".*\" does not exist|authentication failed|Invalid user", _unauthorised),
    (r"fe_sendauth: no password|no password supplied", _no_password),
    (r"no pg_hba\.conf entry|not permitted to log in|pg_hba\.conf rejects", _no_entry),
    (r"permission denied for database", _forbidden),
    (r"database \".*\" does not exist|not currently accepting connections", _no_database),
    (r"too many (clients|connections)|remaining connection slots|MaxClients|max_client_conn", _crowded),
    (r"(tenant|user).* not found", _no_database),
    (r"starting up|shutting down|in recovery mode|not yet accepting", _starting),
    (r"could not translate host name|failed to resolve host|name or service not known|nodename nor", _unknown_host),
    (r"connection timeout expired|timeout expired|timed out", _silent),
    (r"SSL|TLS|certificate|sslmode", _no_tls),
    (
        r"server closed the connection|connection (is|was) (lost|closed|terminated)|consuming input failed"
        r"|sending query failed|connection reset|broken pipe|EOF detected|discarding closed",
        _lost,
    ),
    (r"Connection refused|No such file|unreachable|No route|could not connect|connection failed", _refused),
)


def _of_text(error: BaseException, said: Said) -> KnownError:
    text = str(error)
    for pattern, translate in _TEXTS:
        if re.search(pattern, text, re.IGNORECASE | re.DOTALL):
            return translate(said)
    if _is(error, "OperationalError"):
        return Unreachable(said.sentence, may_have_taken_effect=said.may_have_worked, details=said.detail)
    if _is(error, "DataError", "ProgrammingError", "NotSupportedError"):
        return _invalid(said)
    return BadAnswer(said.sentence, remedy="Check that the address is that of a PostgreSQL server.")


def _is(error: BaseException, *names: str) -> bool:
    return any(kind.__name__ in names for kind in type(error).__mro__)


# SQLite

SQLITE_TABLE: Final[dict[str, Translate]] = {
    "SQLITE_BUSY": _locked,
    "SQLITE_LOCKED": _locked,
    "SQLITE_READONLY": _read_only,
    "SQLITE_CONSTRAINT": _conflict,
    "SQLITE_PERM": _forbidden,
    "SQLITE_AUTH": _forbidden,
    "SQLITE_CANTOPEN": _no_database,
    "SQLITE_NOTADB": _invalid,
    "SQLITE_CORRUPT": _fault,
    "SQLITE_FULL": _full,
    "SQLITE_IOERR": _fault,
    "SQLITE_NOMEM": _fault,
    "SQLITE_INTERRUPT": _timeout,
    "SQLITE_SCHEMA": _stale,
    "SQLITE_TOOBIG": _invalid,
    "SQLITE_MISMATCH": _invalid,
    "SQLITE_RANGE": _invalid,
    "SQLITE_ERROR": _invalid,
}


def _of_sqlite(error: sqlite3.Error, said: Said) -> KnownError:
    name = said.state
    found = next((SQLITE_TABLE[each] for each in (name, "_".join(name.split("_")[:2])) if each in SQLITE_TABLE), None)
    return (found or _invalid)(said)
