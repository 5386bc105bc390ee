"""HTTP/1.1 under the httpx API: a small pool of asyncio connections with the C parser.

It exists for speed (see ``http.make_transport``). It follows no redirects, speaks no proxies and no HTTP/2, and
raises httpx's own exceptions. Imported by ``http`` only, when the first call is made.
"""

from __future__ import annotations

import asyncio
import ssl
import time
from collections import deque
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

import httptools
import httpx

# A server may close an idle connection at any time (uvicorn: after 5 s); one of this age is not used again.
_KEEP_IDLE_S = 4.0
_HIGH_WATER_BYTES = 512 * 1024
_NEXT_ADDRESS_S = 0.25
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})
_SSL_CONTEXT: ssl.SSLContext | None = None


def shared_ssl_context() -> ssl.SSLContext:
    """One context for all connections: each costs 18 ms."""
    global _SSL_CONTEXT
    if _SSL_CONTEXT is None:
        _SSL_CONTEXT = httpx.create_ssl_context()
    return _SSL_CONTEXT


def proxy_for(base_url: str) -> str | None:
    """The proxy that the environment names for this address, or None."""
    parts = urlsplit(base_url)
    host = parts.hostname or ""
    if host in _LOOPBACK or proxy_bypass(host):
        return None
    proxies = getproxies()
    proxy = proxies.get(parts.scheme) or proxies.get("all")
    return proxy if proxy is None or "://" in proxy else f"http://{proxy}"


class LeanTransport(httpx.AsyncBaseTransport):
    """Connections to one or more origins, reused last in, first out; used and closed on one event loop.

    How many are open at once is the caller's matter: one per request in flight.
    """

    def __init__(self, *, connect_timeout_s: float, read_timeout_s: float) -> None:
        self._connect_timeout_s = connect_timeout_s
        self._read_timeout_s = read_timeout_s
        self._idle: dict[tuple[str, str, int], list[_Wire]] = {}
        self._open: set[_Wire] = set()
        self._is_closed = False

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        head_and_body = _serialise(request)
        wire = await self._wire(request)
        try:
            wire.send(head_and_body, request.method, self._read_timeout_s)
            await wire.head()
        except BaseException:
            wire.abort()
            raise
        return httpx.Response(
            status_code=wire.status,
            headers=wire.headers,
            stream=_Body(self, wire),
            request=request,
        )

    async def aclose(self) -> None:
        self._is_closed = True
        self._idle.clear()
        for wire in tuple(self._open):
            wire.abort()

    def release(self, wire: _Wire) -> None:
        """Take a connection back: to the idle ones where it can be used again."""
        if self._is_closed or not wire.is_reusable:
            wire.abort()
            return
        wire.idle_since = time.monotonic()
        self._idle.setdefault(wire.origin, []).append(wire)

    def forget(self, wire: _Wire) -> None:
        """The connection is gone."""
        self._open.discard(wire)
        idle = self._idle.get(wire.origin)
        if idle and wire in idle:
            idle.remove(wire)

    async def _wire(self, request: httpx.Request) -> _Wire:
        url = request.url
        port = url.port or (443 if url.scheme == "https" else 80)
        origin = (url.scheme, url.host, port)
        idle = self._idle.get(origin)
        oldest = time.monotonic() - _KEEP_IDLE_S
        while idle:
            wire = idle.pop()
            if wire.is_reusable and wire.idle_since >= oldest:
                return wire
            wire.abort()
        return await self._connect(origin, request)

    async def _connect(self, origin: tuple[str, str, int], request: httpx.Request) -> _Wire:
        scheme, host, port = origin
        if self._is_closed:
            raise httpx.ConnectError("the connection was closed", request=request)
        tls: dict[str, Any] = {"ssl": shared_ssl_context(), "server_hostname": host} if scheme == "https" else {}
        # Racing several addresses is for names on the network; asyncio drops a socket when such a race is cancelled.
        delay = None if host in _LOOPBACK else _NEXT_ADDRESS_S
        try:
            async with asyncio.timeout(self._connect_timeout_s):
                _, wire = await asyncio.get_running_loop().create_connection(
                    lambda: _Wire(self, origin), host, port, happy_eyeballs_delay=delay, **tls
                )
        except TimeoutError as error:
            raise httpx.ConnectTimeout("no connection in time", request=request) from error
        except ssl.SSLError as error:
            raise httpx.ConnectError(f"TLS: {error.reason or 'failed'}", request=request) from error
        except (OSError, UnicodeError) as error:
            raise httpx.ConnectError(_reason(error), request=request) from error
        return wire


def _reason(error: Exception) -> str:
    text = getattr(error, "strerror", None) or ""
    return text if isinstance(text, str) and text and "Multiple" not in text else "refused or unknown address"


def _serialise(request: httpx.Request) -> bytes:
    """Head and body in one piece; bodies here are bytes in memory, never streams."""
    target = request.extensions.get("target") or request.url.raw_path
    lines = [b"%s %s HTTP/1.1" % (request.method.encode(), target)]
    for name, value in request.headers.raw:
        if b"\r" in value or b"\n" in value or b"\0" in value:
            raise httpx.LocalProtocolError("a header value holds a line break", request=request)
        lines.append(name + b": " + value)
    stream = request.stream
    body = b"".join(stream) if isinstance(stream, httpx.SyncByteStream) else b""
    return b"\r\n".join(lines) + b"\r\n\r\n" + body


class _Wire(asyncio.Protocol):
    """One connection: one request at a time, its answer parsed as it arrives."""

    def __init__(self, pool: LeanTransport, origin: tuple[str, str, int]) -> None:
        self.origin = origin
        self.idle_since = 0.0
        self.status = 0
        self.headers: list[tuple[bytes, bytes]] = []
        self.is_reusable = True
        self._pool = pool
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.Transport | None = None
        self._parser: Any = None
        self._chunks: deque[bytes] = deque()
        self._buffered = 0
        self._has_head = False
        self._is_complete = False
        self._ends_with_connection = False
        self._method = ""
        self._failure: httpx.HTTPError | None = None
        self._waiter: asyncio.Future[None] | None = None
        self._timeout_s = 0.0

    # What the pool and the body call.

    def send(self, data: bytes, method: str, timeout_s: float) -> None:
        """Start a new exchange; ``timeout_s`` is the longest silence of the other side."""
        self._parser = httptools.HttpResponseParser(self)
        self._reset_answer()
        self._method = method
        self._timeout_s = timeout_s
        assert self._transport is not None
        self._transport.write(data)

    async def head(self) -> None:
        while not self._has_head:
            await self._more()

    async def chunk(self) -> bytes | None:
        """The next piece of the body, None at its end."""
        while not self._chunks:
            if self._is_complete:
                return None
            await self._more()
        piece = self._chunks.popleft() if len(self._chunks) == 1 else self._all_chunks()
        self._buffered = 0
        if self._transport is not None and not self._transport.is_closing():
            self._transport.resume_reading()
        return piece

    def abort(self) -> None:
        self.is_reusable = False
        if self._transport is not None:
            self._transport.abort()
        self._pool.forget(self)

    @property
    def is_complete(self) -> bool:
        return self._is_complete

    # What asyncio calls.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._pool._open.add(self)

    def data_received(self, data: bytes) -> None:
        if self._parser is None or self._is_complete:
            # Bytes that nobody asked for: such a connection cannot be trusted with the next request.
            self.abort()
            return
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            self._fail(httpx.RemoteProtocolError("the server changed the protocol"))
        except httptools.HttpParserError:
            self._fail(httpx.RemoteProtocolError("not an HTTP answer"))
        if self._buffered > _HIGH_WATER_BYTES and self._transport is not None:
            self._transport.pause_reading()
        self._wake()

    def connection_lost(self, error: Exception | None) -> None:
        self.is_reusable = False
        if not self._is_complete and self._failure is None:
            self._end_of_stream(error)
        self._pool.forget(self)
        self._wake()

    # What the parser calls.

    def on_message_begin(self) -> None:
        if self._is_complete:
            # A second answer to one request: nothing after it could be trusted.
            self.is_reusable = False

    def on_header(self, name: bytes, value: bytes) -> None:
        if not self._is_complete:
            self.headers.append((name, value))

    def on_headers_complete(self) -> None:
        if self._is_complete:
            return
        self.status = self._parser.get_status_code()
        if 100 <= self.status < 200:
            self.headers.clear()
            return
        self._has_head = True
        names = {name.lower() for name, _ in self.headers}
        has_length = b"content-length" in names or b"transfer-encoding" in names
        self._ends_with_connection = not has_length and self.status not in {204, 304}
        if self._method == "HEAD":
            self._complete()

    def on_body(self, body: bytes) -> None:
        if self._is_complete:
            return
        self._chunks.append(body)
        self._buffered += len(body)

    def on_message_complete(self) -> None:
        if self._has_head and not self._is_complete:
            self._complete()

    # Inside.

    def _reset_answer(self) -> None:
        self.status = 0
        self.headers = []
        self._chunks.clear()
        self._buffered = 0
        self._has_head = self._is_complete = self._ends_with_connection = False

    def _complete(self) -> None:
        self._is_complete = True
        self.is_reusable = self.is_reusable and bool(self._parser.should_keep_alive())

    def _end_of_stream(self, error: Exception | None) -> None:
        if error is None and self._has_head and self._ends_with_connection:
            self._is_complete = True
        elif self._has_head:
            self._failure = httpx.RemoteProtocolError("the body is incomplete")
        elif error is not None:
            self._failure = httpx.ReadError("the connection broke")
        else:
            self._failure = httpx.RemoteProtocolError("the server disconnected")

    def _fail(self, failure: httpx.HTTPError) -> None:
        self._failure = failure
        self.is_reusable = False

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    def _time_out(self) -> None:
        self._fail(httpx.ReadTimeout("no answer in time"))
        self._wake()

    def _all_chunks(self) -> bytes:
        piece = b"".join(self._chunks)
        self._chunks.clear()
        return piece

    async def _more(self) -> None:
        """Wait for the next event of the connection; raise what ended it."""
        if self._failure is not None:
            raise self._failure
        self._waiter = self._loop.create_future()
        timer = self._loop.call_later(self._timeout_s, self._time_out)
        try:
            await self._waiter
        finally:
            timer.cancel()
            self._waiter = None
        if self._failure is not None and not (self._has_head and self._chunks):
            raise self._failure


class _Body(httpx.AsyncByteStream):
    """The body of one answer; closing it early closes its connection."""

    def __init__(self, pool: LeanTransport, wire: _Wire) -> None:
        self._pool = pool
        self._wire: _Wire | None = wire

    async def __aiter__(self) -> AsyncIterator[bytes]:
        wire = self._wire
        while wire is not None:
            piece = await wire.chunk()
            if piece is None:
                return
            yield piece

    async def aclose(self) -> None:
        wire, self._wire = self._wire, None
        if wire is None:
            return
        if wire.is_complete:
            self._pool.release(wire)
        else:
            wire.abort()
