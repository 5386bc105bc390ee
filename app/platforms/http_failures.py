"""What is said of a call that failed: no answer, one that is none, and one that says no.

The text of a foreign error can hold a URL with a token: it is passed on cut and scrubbed, or not at all.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from app.core.errors import BadAnswer, Invalid, KnownError, Timeout, Unreachable

from .redaction import scrub

if TYPE_CHECKING:
    from .http_words import HttpPolicy, Operation


@dataclass(frozen=True, slots=True)
class FailedAnswer:
    """An answer with a status other than 2xx. ``body`` is the decoded JSON, or None where it is not JSON."""

    operation: Operation
    host: str
    status: int
    body: Any
    text: str


class TruncatedAnswer(BadAnswer):
    """The answer stopped before its end."""

    default_remedy = "Try again; if it stays, look for a proxy that cuts connections."


def not_json(operation: Operation, host: str, content: bytes) -> BadAnswer:
    """What to say of a success that is not JSON: a page, or a body cut short."""
    head = content[:200].lstrip().lower()
    if head.startswith((b"<", b"\xef\xbb\xbf<")):
        return BadAnswer(f"Could not {operation.title}: {host} answered with a web page instead of data.")
    if head.startswith((b"{", b"[")):
        return TruncatedAnswer(f"Could not {operation.title}: the answer of {host} is cut short or damaged.")
    return BadAnswer(f"Could not {operation.title}: {host} answered with something that is not JSON.")


def too_large(operation: Operation, host: str, limit: int) -> BadAnswer:
    return BadAnswer(
        f"Could not {operation.title}: the answer of {host} is larger than {limit / 2**20:g} MiB.",
        remedy="Ask for less at once, or check that the address is that of the platform's API.",
    )


_CHECK_FIRST = "It may have taken effect all the same: refresh and look before you repeat it."


def silence(operation: Operation, host: str, after_s: float) -> Timeout:
    return Timeout(
        f"Could not {operation.title}: {host} did not answer within {after_s:g} s.",
        may_have_taken_effect=operation.is_write,
        remedy=_CHECK_FIRST if operation.is_write else None,
    )


def in_words(error: KnownError) -> str:
    """``not found`` for NotFound: the name is for the code, this is for the activity list."""
    return re.sub(r"(?<!^)(?=[A-Z])", " ", type(error).__name__).lower()


def transport_error(error: Exception, operation: Operation, host: str, policy: HttpPolicy) -> KnownError:
    """The one table from httpx's exceptions to ours."""
    name = next((each.__name__ for each in type(error).__mro__ if each.__name__ in TRANSPORT_ERRORS), "")
    return TRANSPORT_ERRORS.get(name, _broken)(operation, host, policy, str(error))


def _no_connection(operation: Operation, host: str, policy: HttpPolicy, text: str) -> KnownError:
    reason = f" ({scrub(text)[:120]})" if text else ""
    return Unreachable(f"Could not {operation.title}: no connection to {host}{reason}.")


def _connect_silence(operation: Operation, host: str, policy: HttpPolicy, text: str) -> KnownError:
    return Unreachable(f"Could not {operation.title}: no connection to {host} within {policy.connect_timeout_s:g} s.")


def _read_silence(operation: Operation, host: str, policy: HttpPolicy, text: str) -> KnownError:
    return silence(operation, host, policy.read_timeout_s)


def _broken(operation: Operation, host: str, policy: HttpPolicy, text: str) -> KnownError:
    return Unreachable(
        f"Could not {operation.title}: the connection to {host} broke before the answer came.",
        may_have_taken_effect=operation.is_write,
        remedy=_CHECK_FIRST if operation.is_write else None,
    )


def _no_http(operation: Operation, host: str, policy: HttpPolicy, text: str) -> KnownError:
    if "incomplete" in text or "without" in text or "disconnected" in text:
        return _broken(operation, host, policy, text)
    return BadAnswer(f"Could not {operation.title}: {host} does not speak HTTP as a platform does.")


def _bad_encoding(operation: Operation, host: str, policy: HttpPolicy, text: str) -> KnownError:
    return TruncatedAnswer(f"Could not {operation.title}: the answer of {host} is damaged.")


def _bad_url(operation: Operation, host: str, policy: HttpPolicy, text: str) -> KnownError:
    return Invalid(f"Could not {operation.title}: the address of the platform is not usable.")


TRANSPORT_ERRORS: dict[str, Callable[[Operation, str, HttpPolicy, str], KnownError]] = {
    "ConnectTimeout": _connect_silence,
    "PoolTimeout": _connect_silence,
    "ReadTimeout": _read_silence,
    "WriteTimeout": _read_silence,
    "ConnectError": _no_connection,
    "ProxyError": _no_connection,
    "ReadError": _broken,
    "WriteError": _broken,
    "CloseError": _broken,
    "RemoteProtocolError": _no_http,
    "LocalProtocolError": _bad_url,
    "UnsupportedProtocol": _bad_url,
    "InvalidURL": _bad_url,
    "DecodingError": _bad_encoding,
    "TooManyRedirects": _no_http,
}
