"""One HTTP channel per connection: limits, time-outs, retries, redaction and the read-only guard.

The token travels in an ``httpx.Auth`` and nowhere else; httpx is imported when the first channel is made.
"""

from __future__ import annotations

import asyncio
import json
import logging
import random
import time
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Generator, Mapping
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode, urlsplit

from app.core.activity import ActivityEntry
from app.core.connection import TokenKind
from app.core.errors import (
    FieldError,
    Invalid,
    KnownError,
    Timeout,
    Unauthorised,
    Unreachable,
)
from app.core.gate import FixedGate, Gate
from app.core.secret import Secret

from .base_url import checked_base_url
from .http_failures import FailedAnswer, in_words, not_json, silence, too_large, transport_error
from .http_words import HttpPolicy, Operation, Tokens
from .recording import HttpDetails
from .redaction import scrub
from .retries import wait_before_retry

if TYPE_CHECKING:
    import httpx

_UNANSWERED = 0
_USER_AGENT = b"tenantry"


ErrorMap = Callable[[FailedAnswer], KnownError]
OnCall = Callable[[ActivityEntry], None]


def make_transport(base_url: str, policy: HttpPolicy) -> httpx.AsyncBaseTransport:
    """The one place that chooses how bytes travel.

    Measured against a small local server, 1,000 schemas, 16 in flight: httpx's own pool 2.2 s, its aiohttp transport
    0.55 s (and 10 MB more), this one 0.3 s, bare aiohttp 0.25 s. A proxy of the environment is left to httpx.
    """
    import httpx

    from .transport import LeanTransport, proxy_for

    proxy = proxy_for(base_url)
    if proxy is None:
        return LeanTransport(connect_timeout_s=policy.connect_timeout_s, read_timeout_s=policy.read_timeout_s)
    limits = httpx.Limits(max_connections=policy.max_in_flight, max_keepalive_connections=policy.max_in_flight)
    return httpx.AsyncHTTPTransport(proxy=proxy, limits=limits, retries=0)


class HttpChannel:
    """All calls of one connection go through here, on one event loop; closed by whoever made it.

    ``allowed_when_read_only`` names the operations that may be sent without asking the ``gate``, as reads: all others
    are writes to it. ``is_read_only`` is a gate that is closed for good.
    ``sleep`` and ``jitter`` (a number from 0 to 1) are there for tests.
    """

    def __init__(
        self,
        base_url: str,
        *,
        connection_id: str,
        tokens: Tokens,
        error_map: ErrorMap,
        on_call: OnCall,
        gate: Gate | None = None,
        is_read_only: bool = False,
        allowed_when_read_only: frozenset[Operation] = frozenset(),
        policy: HttpPolicy | None = None,
        transport: httpx.AsyncBaseTransport | None = None,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self.base_url = checked_base_url(base_url)
        self.host = urlsplit(self.base_url).netloc
        self.policy = policy or HttpPolicy()
        self._connection_id = connection_id
        self._tokens = tokens
        self._error_map = error_map
        self._on_call = on_call
        self.gate: Gate = gate or FixedGate(is_read_only)
        self._allowed = allowed_when_read_only
        self._sleep = sleep
        self._jitter = jitter
        self._secrets = set(tokens.all())
        self._auths: dict[Secret, httpx.Auth] = {}
        self._slots = asyncio.Semaphore(self.policy.max_in_flight)
        self._transport = transport
        self._is_closed = False
        self._base: httpx.URL | None = None
        self._prefix = urlsplit(self.base_url).path
        _silence_library_logs()

    async def request(
        self,
        operation: Operation,
        *,
        path: Mapping[str, str] | None = None,
        query: Mapping[str, str] | None = None,
        body: Any = None,
        headers: Mapping[str, str] | None = None,
        token: Secret | None = None,
        is_retried: bool = True,
    ) -> Any:
        """Send one call and return its decoded JSON (None for an empty body).

        ``token`` replaces the connection's own. Raises known errors only; retries where that is safe, unless
        ``is_retried`` is False.
        """
        self.guard(operation)
        operation.check(body)
        secret = token or self._token_for(operation)
        if secret is not None:
            self._secrets.add(secret)
        place = _fill(operation.path, path)
        target = self._prefix + place + (f"?{urlencode(query)}" if query else "")
        content = b"" if body is None else _encode(body)
        call = _Call(operation, place, target, content, headers, secret)
        return await (self._with_retries(call) if is_retried else self._once(call))

    @asynccontextmanager
    async def stream(
        self,
        operation: Operation,
        *,
        body: Any = None,
        headers: Mapping[str, str] | None = None,
        token: Secret | None = None,
    ) -> AsyncIterator[AsyncIterator[bytes]]:
        """One call whose answer goes on until the block is left: its bytes as they come, errors as in ``request``.

        It takes none of the places for calls in flight: who reads a stream sends other calls meanwhile.
        """
        self.guard(operation)
        secret = token or self._token_for(operation)
        if secret is not None:
            self._secrets.add(secret)
        content = b"" if body is None else _encode(body)
        call = _Call(operation, operation.path, self._prefix + operation.path, content, headers, secret)
        started = time.perf_counter()
        status, note = _UNANSWERED, ""
        try:
            try:
                response = await self._opened(call)
            except KnownError as error:
                note = in_words(error)
                raise
            status = response.status_code
            try:
                async with aclosing(self._pieces(operation, response)) as pieces:
                    yield pieces
            finally:
                await response.aclose()
        finally:
            ms = (time.perf_counter() - started) * 1000
            self._on_call(
                ActivityEntry(
                    time.time(),
                    self._connection_id,
                    operation.method,
                    call.place,
                    status,
                    ms,
                    note,
                    len(content),
                    details=self._details(call),
                )
            )

    async def _opened(self, call: _Call) -> httpx.Response:
        import httpx

        try:
            async with asyncio.timeout(self.policy.read_timeout_s):
                response = await self._sender().handle_async_request(self._build(call))
                if not 200 <= response.status_code < 300:
                    await self._refuse(call.operation, response)
        except TimeoutError as error:
            raise silence(call.operation, self.host, self.policy.read_timeout_s) from error
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise transport_error(error, call.operation, self.host, self.policy) from None
        return response

    async def _refuse(self, operation: Operation, response: httpx.Response) -> None:
        try:
            self._decoded(operation, response.status_code, await self._body(operation, response))
        finally:
            await response.aclose()

    async def _pieces(self, operation: Operation, response: httpx.Response) -> AsyncGenerator[bytes, None]:
        import httpx

        try:
            async for piece in response.aiter_bytes():
                yield piece
        except httpx.HTTPError as error:
            raise transport_error(error, operation, self.host, self.policy) from None

    def keep_secret(self, secret: Secret) -> None:
        """From now on this secret is masked in errors too."""
        self._secrets.add(secret)

    async def aclose(self) -> None:
        """Close all sockets; later requests raise Unreachable."""
        self._is_closed = True
        transport, self._transport = self._transport, None
        if transport is not None:
            await transport.aclose()

    def guard(self, operation: Operation) -> None:
        """Raises where the operation could not be sent at all: a closed channel, or a read-only connection."""
        if self._is_closed:
            raise Unreachable(f"Could not {operation.title}: the connection was closed.", remedy="Try again.")
        # The whole operation, not its name: what only looks like a read is none.
        if operation.is_write or operation not in self._allowed:
            self.gate.admit(operation.title)

    def _token_for(self, operation: Operation) -> Secret | None:
        if not operation.tokens:
            return None
        for kind in operation.tokens:
            secret = self._tokens.of(kind)
            if secret:
                return secret
        wanted = " or ".join(_TOKEN_WORDS[kind] for kind in operation.tokens)
        raise Unauthorised(
            f"Could not {operation.title}: no {wanted} is stored for this connection.",
            remedy=f"Open the connection and enter a {wanted}.",
        )

    async def _with_retries(self, call: _Call) -> Any:
        tries = 0
        silences = 0
        while True:
            try:
                return await self._once(call)
            except KnownError as error:
                silences += isinstance(error, Timeout)
                wait_s = wait_before_retry(
                    call.operation, error, self.policy, tries=tries, silences=silences, jitter=self._jitter
                )
                if wait_s is None:
                    raise
                self._note(call, f"retry in {wait_s:.1f} s")
            tries += 1
            await self._sleep(wait_s)

    async def _once(self, call: _Call) -> Any:
        async with self._slots:
            started = time.perf_counter()
            status, size, note = _UNANSWERED, 0, ""
            details = self._details(call)
            try:
                status, content = await self._exchange(call, details)
                size = len(content)
                return self._decoded(call.operation, status, content)
            except asyncio.CancelledError:
                note = "cancelled"
                raise
            except KnownError as error:
                note = in_words(error)
                raise
            finally:
                ms = (time.perf_counter() - started) * 1000
                self._on_call(
                    ActivityEntry(
                        time.time(),
                        self._connection_id,
                        call.operation.method,
                        call.place,
                        status,
                        ms,
                        note,
                        len(call.content),
                        size,
                        details,
                    )
                )

    def _details(self, call: _Call) -> HttpDetails:
        headers = {**(call.headers or {}), **({"Content-Type": "application/json"} if call.content else {})}
        if call.secret is not None:
            headers["Authorization"] = "Bearer …"
        url = self.base_url.removesuffix(self._prefix) + call.target
        return HttpDetails(url, tuple(headers.items()), call.content, self._secrets)

    async def _exchange(self, call: _Call, details: HttpDetails) -> tuple[int, bytes]:
        """One request and its whole answer. A retry after a lost answer is the caller's matter."""
        import httpx

        request = self._build(call)
        try:
            async with asyncio.timeout(self.policy.total_timeout_s):
                response = await self._sender().handle_async_request(request)
                details.take_headers(response.headers)
                try:
                    content = await self._body(call.operation, response)
                    details.take_answer(content)
                    return response.status_code, content
                finally:
                    await response.aclose()
        except TimeoutError as error:
            raise silence(call.operation, self.host, self.policy.total_timeout_s) from error
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise transport_error(error, call.operation, self.host, self.policy) from None

    def _build(self, call: _Call) -> httpx.Request:
        import httpx

        headers: list[tuple[bytes, bytes]] = [
            (b"Host", self.host.encode()),
            (b"Accept", b"application/json"),
            (b"Accept-Encoding", b"gzip, deflate"),
            (b"User-Agent", _USER_AGENT),
        ]
        if call.content:
            headers.append((b"Content-Type", b"application/json"))
        if call.content or call.operation.method in {"POST", "PUT"}:
            headers.append((b"Content-Length", str(len(call.content)).encode()))
        for name, value in (call.headers or {}).items():
            headers.append((name.encode(), value.encode()))
        # The base is parsed once and the target given as it is: parsing each URL takes a fifth of a call's time.
        if self._base is None:
            self._base = httpx.URL(self.base_url)
        request = httpx.Request(
            call.operation.method,
            self._base,
            headers=headers,
            stream=httpx.ByteStream(call.content),
            extensions={"timeout": self._timeouts(), "target": call.target.encode()},
        )
        if call.secret is not None:
            request = next(self._auth(call.secret).auth_flow(request))
        return request

    def _timeouts(self) -> dict[str, float]:
        read_s, connect_s = self.policy.read_timeout_s, self.policy.connect_timeout_s
        return {"connect": connect_s, "read": read_s, "write": read_s, "pool": read_s}

    def _auth(self, secret: Secret) -> httpx.Auth:
        auth = self._auths.get(secret)
        if auth is None:
            auth = self._auths[secret] = bearer_auth(secret)
        return auth

    def _sender(self) -> httpx.AsyncBaseTransport:
        if self._transport is None:
            self._transport = make_transport(self.base_url, self.policy)
        return self._transport

    async def _body(self, operation: Operation, response: httpx.Response) -> bytes:
        """The decoded body; the limit holds while it streams in, before it is in memory."""
        limit = self.policy.max_answer_bytes
        announced = response.headers.get("content-length", "")
        if announced.isdigit() and int(announced) > limit:
            raise too_large(operation, self.host, limit)
        parts: list[bytes] = []
        size = 0
        async for part in response.aiter_bytes():
            size += len(part)
            if size > limit:
                raise too_large(operation, self.host, limit)
            parts.append(part)
        return parts[0] if len(parts) == 1 else b"".join(parts)

    def _decoded(self, operation: Operation, status: int, content: bytes) -> Any:
        is_success = 200 <= status < 300
        if is_success and not content:
            return None
        try:
            value = json.loads(content)
        except (ValueError, RecursionError):
            value = None
            if is_success:
                raise not_json(operation, self.host, content) from None
        if is_success:
            return value
        text = content[:2000].decode(errors="replace")
        raise self._redacted(self._error_map(FailedAnswer(operation, self.host, status, value, text)))

    def _redacted(self, error: KnownError) -> KnownError:
        error.sentence = scrub(error.sentence, self._secrets)
        error.remedy = scrub(error.remedy, self._secrets)
        error.details = scrub(error.details, self._secrets)
        error.args = (error.sentence,)
        if isinstance(error, Invalid):
            error.fields = tuple(FieldError(each.field, scrub(each.message, self._secrets)) for each in error.fields)
        return error

    def _note(self, call: _Call, note: str) -> None:
        method = call.operation.method
        self._on_call(ActivityEntry(time.time(), self._connection_id, method, call.place, _UNANSWERED, 0.0, note))


@dataclass(frozen=True, slots=True)
class _Call:
    """One call with all its tries; ``place`` is the path as it may be shown (no query)."""

    operation: Operation
    place: str
    target: str
    content: bytes
    headers: Mapping[str, str] | None
    secret: Secret | None


_TOKEN_WORDS = {TokenKind.PLATFORM: "platform token", TokenKind.DASH: "dashboard token"}


def bearer_auth(secret: Secret) -> httpx.Auth:
    """An ``httpx.Auth`` that puts the token into the request as it leaves, and shows it nowhere else."""
    import httpx

    class BearerAuth(httpx.Auth):
        def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
            request.headers["Authorization"] = f"Bearer {secret.reveal()}"
            yield request

    return BearerAuth()


def _silence_library_logs() -> None:
    # httpx logs each URL at INFO, httpcore each header at DEBUG: both can hold secrets.
    for name in ("httpx", "httpcore"):
        logging.getLogger(name).setLevel(logging.WARNING)


def _fill(template: str, values: Mapping[str, str] | None) -> str:
    if not values:
        return template
    return template.format_map({name: quote(value, safe="") for name, value in values.items()})


def _encode(body: Any) -> bytes:
    try:
        return json.dumps(body, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode()
    except UnicodeEncodeError:
        # Half of a surrogate pair has no UTF-8 form, but it has an escaped one.
        return json.dumps(body, separators=(",", ":"), allow_nan=False).encode()
