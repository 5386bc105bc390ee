"""A TCP server that answers exactly the bytes a test wants, well-formed or not."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import Any

import pytest

from app.core.activity import ActivityEntry
from app.core.connection import Connection, Environment, Platform
from app.core.secret import Secret
from app.platforms.http_words import HttpPolicy, Tokens
from app.platforms.instant.client import InstantClient

PLATFORM_TOKEN = "per_" + "5ec7e7" * 10 + "abcd"
DASH_TOKEN = "8d0b9a52-1111-4d5c-9a52-5ec7e75ec7e7"
APP_ID = "11111111-1111-4111-8111-111111111111"


@dataclass(frozen=True)
class RawRequest:
    method: str
    target: str
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class Silence:
    """Never answer; ``prefix`` is sent first."""

    def __init__(self, prefix: bytes = b"") -> None:
        self.prefix = prefix


class Drop:
    """Send these bytes, then close the connection."""

    def __init__(self, prefix: bytes = b"") -> None:
        self.prefix = prefix


class Flood:
    """Send a head, then chunks for as long as the other side takes them, at most ``total`` bytes."""

    def __init__(self, head: bytes, total: int) -> None:
        self.head = head
        self.total = total


Answer = bytes | Silence | Drop | Flood
Handler = Callable[[RawRequest], Answer]


def http(status: int, body: bytes, content_type: str = "application/json", extra: str = "") -> bytes:
    head = f"HTTP/1.1 {status} X\r\nContent-Type: {content_type}\r\nContent-Length: {len(body)}\r\n{extra}\r\n"
    return head.encode() + body


def ok(value: Any) -> bytes:
    return http(200, json.dumps(value).encode())


def failure(status: int, kind: str, message: str = "No.", hint: dict[str, Any] | None = None) -> bytes:
    return http(status, json.dumps({"type": kind, "message": message, "hint": hint or {}}).encode())


@dataclass
class RawServer:
    """``answers`` are given in turn; then ``handler`` is asked. ``flooded`` counts the bytes of floods."""

    handler: Handler = lambda _request: ok({})
    answers: list[Answer] = field(default_factory=list)
    requests: list[RawRequest] = field(default_factory=list)
    arrived: asyncio.Event = field(default_factory=asyncio.Event)
    closed: asyncio.Event = field(default_factory=asyncio.Event)
    connections: int = 0
    flooded: int = 0
    port: int = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def targets(self) -> list[str]:
        return [f"{request.method} {request.target}" for request in self.requests]

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            while await self._one(reader, writer):
                pass
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()
            self.closed.set()

    async def _one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        lines = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        method, target, _ = lines[0].split(" ")
        headers = {line.split(": ")[0].lower(): line.split(": ", 1)[1] for line in lines[1:] if line}
        body = await reader.readexactly(int(headers.get("content-length", "0")))
        request = RawRequest(method, target, headers, body)
        self.requests.append(request)
        self.arrived.set()
        answer = self.answers.pop(0) if self.answers else self.handler(request)
        return await self._answer(answer, reader, writer)

    async def _answer(self, answer: Answer, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        if isinstance(answer, bytes):
            writer.write(answer)
            await writer.drain()
            return True
        if isinstance(answer, Flood):
            writer.write(answer.head)
            while self.flooded < answer.total:
                writer.write(b"1" * 65536)
                self.flooded += 65536
                await writer.drain()
            return True
        writer.write(answer.prefix)
        await writer.drain()
        if isinstance(answer, Silence):
            await reader.read()
        return False


@pytest.fixture
async def raw_server() -> AsyncIterator[RawServer]:
    server = RawServer()
    listener = await asyncio.start_server(server.serve, "127.0.0.1", 0)
    server.port = listener.sockets[0].getsockname()[1]
    yield server
    listener.close()


@dataclass
class Bench:
    """A client on a raw server; ``waits`` are the pauses it would have made, ``entries`` its activity."""

    server: RawServer
    client: InstantClient
    entries: list[ActivityEntry]
    waits: list[float]


MakeBench = Callable[..., Bench]
FAST = HttpPolicy(connect_timeout_s=5, read_timeout_s=5, total_timeout_s=20)


def a_connection(base_url: str, *, is_read_only: bool = False) -> Connection:
    return Connection("c1", "Test", Platform.INSTANT, base_url, Environment.LOCAL, is_read_only=is_read_only)


@pytest.fixture
async def make_bench(raw_server: RawServer) -> AsyncIterator[MakeBench]:
    clients: list[InstantClient] = []

    def make(
        *,
        policy: HttpPolicy = FAST,
        tokens: Tokens | None = None,
        is_read_only: bool = False,
        base_url: str | None = None,
    ) -> Bench:
        entries: list[ActivityEntry] = []
        waits: list[float] = []

        async def note_wait(seconds: float) -> None:
            waits.append(seconds)

        client = InstantClient(
            a_connection(base_url or raw_server.url, is_read_only=is_read_only),
            tokens or Tokens(Secret(PLATFORM_TOKEN), Secret(DASH_TOKEN)),
            entries.append,
            policy=policy,
            sleep=note_wait,
        )
        clients.append(client)
        return Bench(raw_server, client, entries, waits)

    yield make
    for client in clients:
        await client.aclose()


@pytest.fixture
def bench(make_bench: MakeBench) -> Bench:
    return make_bench()
