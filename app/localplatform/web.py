"""Requests and answers: parameters as the Instant server reads them, JSON in and out.

A handler is a plain function ``(call) -> JSON value | Response``; :func:`endpoint` runs it in a worker thread, after
the body was read and parsed.
"""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, TypeVar

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from . import errors

if TYPE_CHECKING:
    from .app import Platform

Json = Any
T = TypeVar("T")

MAX_BODY_BYTES = 64 * 2**20
_UUID = re.compile(r"[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}")


class MalformedJson(Exception):
    """The body is not JSON: answered as text, 400."""


class JsonBytes(Response):
    """JSON that is encoded already."""

    media_type = "application/json"


def json_bytes(value: Json) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode()


def json_response(value: Json, status: int = 200) -> JsonBytes:
    return JsonBytes(json_bytes(value), status_code=status)


@dataclass(frozen=True, slots=True)
class Call:
    """One request with its parsed body; ``raw`` is the body where it was not asked to be JSON."""

    request: Request
    body: Json = None
    raw: bytes = b""
    path: Mapping[str, str] = field(default_factory=dict)

    @property
    def platform(self) -> Platform:
        found: Platform = self.request.app.state.platform
        return found

    def body_value(self, name: str) -> Json:
        return self.body.get(name) if isinstance(self.body, dict) else None

    def required(self, name: str, coerce: Callable[[Json], T | None]) -> T:
        """A body parameter; missing or null → param-missing, refused by ``coerce`` → param-malformed."""
        return coerced(self.body_value(name), ["body", name], coerce)

    def optional(self, name: str, coerce: Callable[[Json], T | None]) -> T | None:
        value = self.body_value(name)
        return None if value is None else coerced(value, ["body", name], coerce)

    def param(self, name: str, coerce: Callable[[Json], T | None]) -> T:
        """A path or query parameter."""
        value = self.path.get(name, self.request.query_params.get(name))
        return coerced(value, ["params", name], coerce)

    def optional_param(self, name: str, coerce: Callable[[Json], T | None]) -> T | None:
        value = self.path.get(name, self.request.query_params.get(name))
        return None if value is None else coerced(value, ["params", name], coerce)

    @property
    def app_id(self) -> str:
        return self.param("app_id", to_uuid)


def coerced(value: Json, path: list[str | int], coerce: Callable[[Json], T | None]) -> T:
    if value is None:
        raise errors.param_missing(path)
    result = coerce(value)
    if result is None:
        raise errors.param_malformed(path, value)
    return result


def to_uuid(value: Json) -> str | None:
    return value.strip().lower() if isinstance(value, str) and _UUID.fullmatch(value.strip()) else None


def to_text(value: Json) -> str | None:
    """Numbers become text; text is trimmed; blank text is refused."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int | float):
        return str(value)
    return (value.strip() or None) if isinstance(value, str) else None


def to_email(value: Json) -> str | None:
    text = to_text(value)
    return text.lower() if text and re.fullmatch(r"[^@\s]+@[^@\s]+", text) else None


def to_object(value: Json) -> dict[str, Json] | None:
    return value if isinstance(value, dict) else None


def to_list(value: Json) -> list[Json] | None:
    return value if isinstance(value, list) else None


def new_id() -> str:
    return str(uuid.uuid4())


def now_ms() -> int:
    return int(datetime.now(UTC).timestamp() * 1000)


def timestamp(ms: int | None) -> str | None:
    """Milliseconds since 1970 → ``2026-01-31T12:00:00Z``, the server's form without fractions."""
    return None if ms is None else datetime.fromtimestamp(ms / 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def parse_json(raw: bytes) -> Json:
    if not raw.strip():
        return None
    try:
        return json.loads(raw)
    except (ValueError, RecursionError) as error:
        raise MalformedJson from error


def endpoint(handler: Callable[[Call], Json], *, is_raw: bool = False) -> Callable[[Request], Awaitable[Response]]:
    """``is_raw``: the body is passed as bytes, not parsed."""

    async def run(request: Request) -> Response:
        raw = await read_body(request)
        body = None if is_raw else parse_json(raw)
        call = Call(request, body, raw if is_raw else b"", request.path_params)
        result = await run_in_threadpool(handler, call)
        return result if isinstance(result, Response) else json_response(result)

    return run


async def read_body(request: Request, limit: int = MAX_BODY_BYTES) -> bytes:
    parts: list[bytes] = []
    size = 0
    async for part in request.stream():
        size += len(part)
        if size > limit:
            raise errors.PlatformError("validation-failed", "The request body is too large.", http_status=413)
        parts.append(part)
    return b"".join(parts)
