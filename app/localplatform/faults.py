"""Faults on purpose: latency, refusals, server errors, dropped and truncated answers. Off unless asked for."""

from __future__ import annotations

import asyncio
import fnmatch
import random
import threading
from dataclasses import dataclass
from typing import Any

from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from . import errors
from .web import json_response

Json = Any

# The key under which the server's protocol hands over the connection.
TRANSPORT = "tenantry.transport"
KINDS = ("latency", "rate-limited", "server-error", "drop", "truncate")
CONTROL_PATH = "/local/faults"


@dataclass(slots=True)
class Fault:
    """``path`` is a shell pattern; ``count`` None for no end; ``retry_after_s`` goes into the hint of a 429."""

    kind: str
    path: str = "*"
    method: str = ""
    count: int | None = None
    probability: float = 1.0
    latency_ms: int = 0
    status: int = 500
    retry_after_s: float | None = None
    after_bytes: int = 10

    @classmethod
    def parse(cls, value: Json) -> Fault:
        """Raises validation-failed (data-type ``fault``) for an unknown kind, field or type."""
        if not isinstance(value, dict) or value.get("kind") not in KINDS:
            raise errors.validation_failed("fault", value, [{"message": f"kind must be one of {', '.join(KINDS)}."}])
        unknown = sorted(set(value) - set(cls.__dataclass_fields__))
        if unknown:
            raise errors.validation_failed("fault", value, [{"message": f"Unknown field {unknown[0]}."}])
        fault = cls(**value)
        fault._check()
        return fault

    def _check(self) -> None:
        numbers = [self.probability, self.latency_ms, self.status, self.after_bytes]
        numbers += [each for each in (self.count, self.retry_after_s) if each is not None]
        is_ok = all(isinstance(n, int | float) and not isinstance(n, bool) and n >= 0 for n in numbers)
        if not is_ok or not isinstance(self.path, str) or not isinstance(self.method, str):
            raise errors.validation_failed("fault", None, [{"message": "A field has the wrong type."}])

    def matches(self, method: str, path: str) -> bool:
        is_method = not self.method or self.method.upper() == method
        return is_method and self.count != 0 and fnmatch.fnmatchcase(path, self.path)

    def to_wire(self) -> dict[str, Json]:
        return {name: getattr(self, name) for name in self.__dataclass_fields__}


class Faults:
    """The list in force; safe to change while requests run."""

    def __init__(self, faults: list[Fault] | None = None) -> None:
        self._lock = threading.Lock()
        self._faults = list(faults or ())

    @classmethod
    def parse(cls, value: Json) -> Faults:
        return cls([Fault.parse(each) for each in (value if isinstance(value, list) else [value])])

    def replace(self, other: Faults) -> None:
        with self._lock:
            self._faults = list(other._faults)

    def to_wire(self) -> list[dict[str, Json]]:
        with self._lock:
            return [fault.to_wire() for fault in self._faults]

    def take(self, method: str, path: str) -> list[Fault]:
        """The faults that strike this request; each counted one is used up by one."""
        if not self._faults or path == CONTROL_PATH:
            return []
        with self._lock:
            struck = [f for f in self._faults if f.matches(method, path) and random.random() < f.probability]
            for fault in struck:
                if fault.count is not None:
                    fault.count -= 1
            return struck


class Dropped(Exception):
    """The connection was to be cut, but there is none (an application that is called without a server)."""


class FaultMiddleware:
    def __init__(self, app: ASGIApp, faults: Faults) -> None:
        self._app = app
        self._faults = faults

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        struck = self._faults.take(scope["method"], scope["path"]) if scope["type"] == "http" else []
        for fault in struck:
            if fault.latency_ms:
                await asyncio.sleep(fault.latency_ms / 1000)
            if fault.kind == "drop":
                await _cut(scope)
                return
            if answer := _answer(fault):
                await answer(scope, receive, send)
                return
            if fault.kind == "truncate":
                send = _truncating(scope, send, fault.after_bytes)
        await self._app(scope, receive, send)


def _answer(fault: Fault) -> Response | None:
    """The refusal that comes instead of the real answer."""
    if fault.kind == "rate-limited":
        hint = None if fault.retry_after_s is None else {"retry-after": fault.retry_after_s}
        return json_response(errors.rate_limited(hint=hint).to_body(), 429)
    if fault.kind == "server-error":
        return json_response(errors.unknown().to_body(), fault.status)
    return None


async def _cut(scope: Scope, *, is_flushed: bool = False) -> None:
    """Close the connection in the middle; ``is_flushed``: what was written still goes out."""
    transport = scope.get(TRANSPORT)
    if transport is None:
        raise Dropped
    if is_flushed:
        transport.close()
    else:
        transport.abort()
    # The protocol learns of it in a later turn of the loop; only then may the application return.
    for _ in range(3):
        await asyncio.sleep(0)


def _truncating(scope: Scope, send: Send, after_bytes: int) -> Send:
    """The answer announces its full length and ends early."""
    is_cut = False

    async def wrapped(message: Message) -> None:
        nonlocal is_cut
        if is_cut:
            return
        if message["type"] != "http.response.body":
            await send(message)
            return
        is_cut = True
        await send({"type": "http.response.body", "body": message.get("body", b"")[:after_bytes], "more_body": True})
        await _cut(scope, is_flushed=True)

    return wrapped
