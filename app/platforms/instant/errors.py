"""The one table from Instant's errors to ours.

Instant answers most failures with 400 and ``{"type", "message", "hint", "trace-id"?}`` (the server's
``util/exception.clj`` and ``util/http.clj``). A ``hint`` can echo tokens, so only named parts of it are used.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from app.core.errors import (
    BadAnswer,
    Conflict,
    FieldError,
    Forbidden,
    Invalid,
    KnownError,
    NotFound,
    PlatformFault,
    RateLimited,
    ReadOnly,
    Timeout,
    Unauthorised,
    Unreachable,
    Unsupported,
)
from app.core.text import plain
from app.platforms.http_failures import FailedAnswer

# Record types that mean "this token is nobody's"; their ``hint.args`` echo the token.
_TOKEN_RECORDS = frozenset(
    {
        "app-admin-token",
        "app-user-refresh-token",
        "instant-user",
        "instant-user-refresh-token",
        "instant-personal-access-token",
        "personal-access-token",
        "platform-access-token",
        "oauth-access-token",
        "access-token",
    }
)
_MESSAGE_LIMIT = 400
_CHECK_FIRST = "It may have taken effect all the same: refresh and look before you repeat it."


class Foreign(NamedTuple):
    """One failure as Instant words it; texts are untrusted and already cut to a length."""

    answer: FailedAnswer
    type: str
    message: str
    hint: Mapping[str, Any]

    @property
    def could_not(self) -> str:
        return f"Could not {self.answer.operation.title}"

    @property
    def details(self) -> str:
        return details(self)


Translate = Callable[[Foreign], KnownError]


def error_of(answer: FailedAnswer) -> KnownError:
    """The known error for a failed answer of an Instant platform. Secrets of the channel are masked by it."""
    body = answer.body if isinstance(answer.body, dict) else None
    foreign = _foreign(answer, body or {})
    if body is None or (not foreign.type and not foreign.message):
        return _not_instant(foreign)
    if answer.status == 401:
        return _unauthorised(foreign)
    translate = TABLE.get(foreign.type)
    if translate is not None:
        return translate(foreign)
    return _unknown_type(foreign)


def _foreign(answer: FailedAnswer, body: Mapping[str, Any]) -> Foreign:
    hint = body.get("hint")
    message = body.get("message") or body.get("error") or ""
    return Foreign(
        answer,
        str(body.get("type") or ""),
        plain(str(message), _MESSAGE_LIMIT),
        hint if isinstance(hint, dict) else {},
    )


def details(foreign: Foreign) -> str:
    """Technical text to copy: only parts of the hint that cannot hold a token."""
    answer = foreign.answer
    lines = [f"{answer.operation.method} {answer.operation.path} → {answer.status} {foreign.type}", foreign.message]
    for name in ("record-type", "data-type", "required-scope", "expected", "reason", "status"):
        value = foreign.hint.get(name)
        if isinstance(value, str):
            lines.append(f"{name}: {plain(value)}")
    lines += [f"{each.field}: {each.message}" for each in field_errors(foreign)]
    body = answer.body if isinstance(answer.body, dict) else {}
    trace = body.get("trace-id")
    if isinstance(trace, str):
        lines.append(f"trace-id: {plain(trace, 80)}")
    return "\n".join(line for line in lines if line)


def field_errors(foreign: Foreign) -> tuple[FieldError, ...]:
    """What ``hint.errors`` or ``hint.in`` blame; the field is the path, joined by dots, without ``body``."""
    errors = foreign.hint.get("errors")
    if isinstance(errors, list):
        return tuple(_field_error(each) for each in errors[:50] if isinstance(each, dict))
    if isinstance(foreign.hint.get("in"), list):
        return (FieldError(_path(foreign.hint["in"]), foreign.message),)
    return ()


def _field_error(error: Mapping[str, Any]) -> FieldError:
    message = plain(str(error.get("message", "")), _MESSAGE_LIMIT)
    hint = error.get("hint")
    attributes = hint.get("attributes") if isinstance(hint, dict) else None
    if isinstance(attributes, list):
        message += ": " + ", ".join(plain(str(each), 80) for each in attributes[:20])
    return FieldError(_path(error.get("in")), message)


def _path(where: Any) -> str:
    parts = [plain(str(part), 80) for part in where] if isinstance(where, list) else []
    return ".".join(part for part in parts if part != "body")


def retry_after_s(foreign: Foreign) -> float | None:
    """Seconds from ``hint.retry-after``: Instant sends no Retry-After header."""
    value = foreign.hint.get("retry-after")
    if isinstance(value, bool) or not isinstance(value, int | float) or value < 0:
        return None
    return float(value)


def _says(foreign: Foreign) -> str:
    return f"{foreign.could_not}: {foreign.message.rstrip('.')}." if foreign.message else f"{foreign.could_not}."


def _unauthorised(foreign: Foreign) -> KnownError:
    sentence = f"{foreign.could_not}: {foreign.answer.host} does not accept the token."
    return Unauthorised(sentence, details=details(foreign))


def _not_found(foreign: Foreign) -> KnownError:
    record = foreign.hint.get("record-type")
    if record in _TOKEN_RECORDS or foreign.message == "Record not found: token":
        return _unauthorised(foreign)
    what = plain(str(record), 60).replace("-", " ") if record else "what was asked for"
    sentence = f"{foreign.could_not}: the platform has no such {what}, or this token may not see it."
    return NotFound(sentence, details=details(foreign))


def _expired(foreign: Foreign) -> KnownError:
    if "token" in str(foreign.hint.get("record-type", "")) or "token" in foreign.message.lower():
        sentence = f"{foreign.could_not}: the token has expired."
        return Unauthorised(sentence, details=details(foreign))
    return NotFound(_says(foreign), details=details(foreign))


def _conflict(foreign: Foreign) -> KnownError:
    return Conflict(_says(foreign), details=details(foreign))


def _invalid(foreign: Foreign) -> KnownError:
    if foreign.hint.get("reason") == "admin-token-mismatch":
        return Forbidden(
            f"{foreign.could_not}: this token belongs to another app.",
            remedy="Use a personal access token, or the admin token of this very app.",
            details=details(foreign),
        )
    if foreign.hint.get("data-type") == "user-role":
        return Forbidden(_says(foreign), details=details(foreign))
    return Invalid(_says(foreign), fields=field_errors(foreign), details=details(foreign))


def _parameter(foreign: Foreign) -> KnownError:
    where = foreign.hint.get("in")
    if isinstance(where, list) and "authorization" in where:
        return _unauthorised(foreign)
    return _invalid(foreign)


def _forbidden(foreign: Foreign) -> KnownError:
    scope = foreign.hint.get("required-scope")
    remedy = f"Use a token with the scope {plain(scope, 40)}." if isinstance(scope, str) else None
    return Forbidden(_says(foreign), remedy=remedy, details=details(foreign))


def _read_only(foreign: Foreign) -> KnownError:
    remedy = "Switch the app back to active, or wait until the platform takes writes again."
    return ReadOnly(_says(foreign), remedy=remedy, details=details(foreign))


def _closing(foreign: Foreign) -> KnownError:
    remedy = "The platform is closing down. Use another platform, for example a self-hosted Instant."
    return CreationDisabled(_says(foreign), remedy=remedy, details=details(foreign))


class CreationDisabled(ReadOnly):
    """The platform makes no new apps or accounts any more; existing apps may still take writes."""


def _billing_closed(foreign: Foreign) -> KnownError:
    return Unsupported(_says(foreign), remedy="The platform's billing is closed.", details=details(foreign))


def _rate_limited(foreign: Foreign) -> KnownError:
    after_s = retry_after_s(foreign)
    remedy = f"Wait {after_s:.0f} s, then try again." if after_s is not None else None
    return RateLimited(_says(foreign), retry_after_s=after_s, remedy=remedy, details=details(foreign))


def _timeout(foreign: Foreign) -> KnownError:
    is_write = foreign.answer.operation.is_write
    return Timeout(
        _says(foreign),
        may_have_taken_effect=is_write,
        remedy=_CHECK_FIRST if is_write else "Ask for less at once, or try again later.",
        details=details(foreign),
    )


def _fault(foreign: Foreign) -> KnownError:
    is_write = foreign.answer.operation.is_write
    return PlatformFault(
        f"{foreign.could_not}: {foreign.answer.host} failed on its own account ({foreign.answer.status}).",
        may_have_taken_effect=is_write,
        remedy=_CHECK_FIRST if is_write else None,
        details=details(foreign),
    )


def _closed(foreign: Foreign) -> KnownError:
    is_write = foreign.answer.operation.is_write
    return Unreachable(_says(foreign), may_have_taken_effect=is_write, details=details(foreign))


def _unknown_type(foreign: Foreign) -> KnownError:
    status = foreign.answer.status
    if status >= 500:
        return _fault(foreign)
    if status == 404:
        return _no_route(foreign)
    if status == 429:
        return _rate_limited(foreign)
    if status == 403:
        return _forbidden(foreign)
    return _invalid(foreign)


def _no_route(foreign: Foreign) -> KnownError:
    """Instant's own 404 has a message and no type; it means an older server, or a path in the base URL."""
    return Unsupported(
        f"{foreign.could_not}: {foreign.answer.host} does not know this call.",
        remedy="Check the address; a self-hosted Instant may need an update.",
        details=details(foreign),
    )


def _not_instant(foreign: Foreign) -> KnownError:
    answer = foreign.answer
    if answer.status >= 500:
        return _fault(foreign)
    if answer.status == 429:
        return _rate_limited(foreign)
    if answer.text.startswith("Malformed JSON in request body"):
        return Invalid(f"{foreign.could_not}: the platform could not read what was sent.", details=details(foreign))
    if 300 <= answer.status < 400:
        return BadAnswer(f"{foreign.could_not}: {answer.host} sends callers elsewhere ({answer.status}).")
    return BadAnswer(
        f"{foreign.could_not}: {answer.host} does not answer as an Instant platform does ({answer.status})."
    )


TABLE: dict[str, Translate] = {
    "record-not-found": _not_found,
    "record-expired": _expired,
    "record-not-unique": _conflict,
    "record-foreign-key-invalid": _conflict,
    "record-check-violation": _invalid,
    "sql-raise": _invalid,
    "permission-denied": _forbidden,
    "permission-evaluation-failed": _forbidden,
    "parameter-limit-exceeded": _invalid,
    "app-read-only": _read_only,
    "app-disabled": _read_only,
    "app-creation-disabled": _closing,
    "signups-closed": _closing,
    "billing-closed": _billing_closed,
    "param-missing": _parameter,
    "param-malformed": _parameter,
    "validation-failed": _invalid,
    "session-missing": _closed,
    "member-missing": _forbidden,
    "connection-closed": _closed,
    "oauth-error": _forbidden,
    "timeout": _timeout,
    "operation-timed-out": _timeout,
    "rate-limited": _rate_limited,
    "email-send-failed": _fault,
    "sql-exception": _fault,
    "socket-missing": _closed,
    "socket-error": _closed,
    "unknown": _fault,
}
