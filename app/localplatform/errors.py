"""Errors of the local platform, in the wire shapes of the Instant server.

One class, one constructor function per kind. A handler raises, the application's middleware answers with
``error.http_status`` and ``error.to_body()``. Messages and hints are as read in ``util/exception.clj`` of the
reference server; clients match on them.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, NoReturn

Json = Any


class PlatformError(Exception):
    """A refusal that the caller sees; ``type`` is the wire name, ``hint`` is None where there is none."""

    def __init__(self, kind: str, message: str, hint: dict[str, Json] | None = None, *, http_status: int = 400) -> None:
        super().__init__(message)
        self.type = kind
        self.message = message
        self.hint = hint
        self.http_status = http_status

    def to_body(self) -> dict[str, Json]:
        body: dict[str, Json] = {"type": self.type, "message": self.message}
        if self.hint is not None:
            body["hint"] = self.hint
        return body


def _path_text(path: Sequence[str | int]) -> str:
    """A path as Clojure prints a vector: ``["body" "title"]``."""
    return "[" + " ".join(json.dumps(part, ensure_ascii=False) for part in path) + "]"


def param_missing(path: Sequence[str | int]) -> PlatformError:
    return PlatformError("param-missing", f"Missing parameter: {_path_text(path)}", {"in": list(path)})


def param_malformed(path: Sequence[str | int], original_input: Json) -> PlatformError:
    hint = {"in": list(path), "original-input": original_input}
    return PlatformError("param-malformed", f"Malformed parameter: {_path_text(path)}", hint)


def validation_failed(data_type: str, original: Json, errors: Sequence[dict[str, Json]]) -> PlatformError:
    """``errors`` are ``{"message", "in"?, "expected"?, "hint"?}``; their messages are joined into the error's own."""
    base = f"Validation failed for {data_type}"
    messages = [str(e["message"]) for e in errors if e.get("message") is not None]
    message = f"{base}: {', '.join(messages)}" if messages else base
    return PlatformError(
        "validation-failed", message, {"data-type": data_type, "input": original, "errors": list(errors)}
    )


def admin_token_mismatch(app_id: str) -> PlatformError:
    message = (
        f"This admin token does not belong to app {app_id}. Admin tokens are bound to a single app. "
        "Use a personal access token to manage other apps."
    )
    return PlatformError("validation-failed", message, {"reason": "admin-token-mismatch"})


def record_not_found(record_type: str, args: Sequence[Json] = ()) -> PlatformError:
    hint = {"args": list(args), "record-type": record_type}
    return PlatformError("record-not-found", f"Record not found: {record_type}", hint)


def record_expired(record_type: str, args: Sequence[Json] = ()) -> PlatformError:
    hint = {"args": list(args), "record-type": record_type}
    return PlatformError("record-expired", f"Record expired: {record_type}", hint)


def invalid_dash_token(args: Sequence[Json] = ()) -> PlatformError:
    """The one authentication failure that the platform answers with 401: a bad dashboard login token."""
    error = record_not_found("app-user", args)
    error.http_status = 401
    return error


def record_not_unique(
    record_type: str, message: str | None = None, hint: dict[str, Json] | None = None
) -> PlatformError:
    full = {"record-type": record_type, **(hint or {})}
    return PlatformError("record-not-unique", message or f"Record not unique: {record_type}", full)


def duplicate_value(attr_id: str, etype: str, label: str, value: Json) -> PlatformError:
    """A second entity wants a value of a unique attribute; ``value`` is the JSON value."""
    text = json.dumps(value, ensure_ascii=False)
    message = (
        f"`{label}` is a unique attribute on `{etype}` and an entity already exists with `{etype}.{label}` = {text}"
    )
    return record_not_unique("triple", message, {"attr-id": attr_id, "etype": etype, "label": label, "value": text})


def duplicate_name(etype: str, label: str) -> PlatformError:
    return record_not_unique("ident", f"`{label}` already exists on `{etype}`", {"etype": etype, "label": label})


def sql_raise(message: str) -> PlatformError:
    return PlatformError("sql-raise", f"Raised Exception: {message}", {"table": None})


def permission_denied(expected: str, original: Json = None, *, message: str | None = None) -> PlatformError:
    hint = {"input": original, "expected": expected}
    return PlatformError("permission-denied", message or f"Permission denied: not {expected}", hint)


def permission_evaluation_failed(etype: str, action: str, cause: str, cause_type: str = "") -> PlatformError:
    message = (
        f"Could not evaluate permission rule for `{etype}.{action}`. {cause}. "
        "Debug this in the sandbox and then update your permission rules."
    )
    error = {"type": cause_type, "message": message, "hint": cause}
    return PlatformError("permission-evaluation-failed", message, {"rule": [etype, action], "error": error})


def app_read_only() -> PlatformError:
    return PlatformError("app-read-only", "This app is in read-only mode.", {"status": "read-only"})


def app_disabled() -> PlatformError:
    return PlatformError("app-disabled", "This app is currently disabled.", {"status": "disabled"})


def timeout() -> PlatformError:
    return PlatformError("timeout", "The query took too long to complete.", http_status=429)


def rate_limited(message: str | None = None, hint: dict[str, Json] | None = None) -> PlatformError:
    text = message or "You're making too many requests. Please contact your deployment administrator."
    return PlatformError("rate-limited", text, hint, http_status=429)


def unknown(debug_uri: str | None = None) -> PlatformError:
    """A bug of our own: the caller learns no details."""
    return PlatformError(
        "unknown", "Something went wrong. Sorry about this!", {"debug-uri": debug_uri}, http_status=500
    )


def unsupported(what: str) -> PlatformError:
    """``what`` is a sentence: something that the hosted platform can do and this one cannot."""
    return PlatformError("validation-failed", what, {"reason": "unsupported-by-local-platform"})


def raise_if(errors: Sequence[dict[str, Json]], data_type: str, original: Json) -> None:
    if errors:
        raise validation_failed(data_type, original, errors)


def fail(error: PlatformError) -> NoReturn:
    """Raise inside an expression."""
    raise error
