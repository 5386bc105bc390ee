"""A live session over server-sent events: the only way to restore attributes and to have rows counted.

``POST /admin/sse`` opens the stream, whose first message has the session's keys; messages go in by
``POST /admin/sse/push`` and their answers come out of the stream, known by ``client-event-id``.
"""

from __future__ import annotations

import asyncio
import json
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from app.core.errors import KnownError, Timeout, Unreachable
from app.core.refs import new_id
from app.platforms.http import FailedAnswer, Operation

from . import answers, operations
from .errors import error_of

if TYPE_CHECKING:
    from .client import InstantClient

_ANSWER_S = 40.0
_MOST_BUFFERED = 8 * 2**20
_ANSWERS = frozenset({"add-query-ok", "transact-ok", "error"})

Message = dict[str, Any]


class LiveSession:
    """One open stream of one app; ``ask`` from one task at a time."""

    def __init__(self, client: InstantClient, app_id: str, messages: _Messages, init: Message) -> None:
        self._client = client
        self._app_id = app_id
        self._messages = messages
        operation = operations.LIVE_SESSION
        self._keys = {
            name.replace("-", "_"): answers.text(operation, init, name, "sse-init")
            for name in ("machine-id", "session-id", "sse-token")
        }

    async def count(self, entity: str, where: dict[str, Any] | None = None) -> int:
        """How many rows an admin would see."""
        options: dict[str, Any] = {"aggregate": "count"} | ({"where": where} if where else {})
        query = {entity: {"$": options}}
        operation = operations.LIVE_QUERY
        answer = await self._ask(operation, {"op": "add-query", "q": query, "return-type": "tree"})
        meta = answers.part(operation, answer, "result-meta")
        found = answers.part(operation, answers.part(operation, meta, "aggregate"), entity).get("count")
        if not isinstance(found, int):
            answers.refuse(operation, "count", "is not a number")
        return found

    async def restore(self, attribute_ids: list[str]) -> None:
        """Bring soft-deleted attributes back, all or none: neither indexed nor required."""
        steps = [["restore-attr", each] for each in attribute_ids]
        await self._ask(operations.LIVE_RESTORE, {"op": "transact", "tx-steps": steps})

    async def _ask(self, operation: Operation, message: Message) -> Message:
        event_id = new_id()
        body = {**self._keys, "messages": [{**message, "client-event-id": event_id}]}
        await self._client.channel.request(operation, query={"app_id": self._app_id}, body=body, is_retried=False)
        try:
            async with asyncio.timeout(_ANSWER_S):
                return self._checked(operation, await self._answer(operation, event_id))
        except TimeoutError:
            raise Timeout(
                f"Could not {operation.title}: no answer within {_ANSWER_S:.0f} s.",
                may_have_taken_effect=operation.is_write,
            ) from None

    async def _answer(self, operation: Operation, event_id: str) -> Message:
        while (message := await self._messages.next()) is not None:
            if message.get("op") in _ANSWERS and message.get("client-event-id") == event_id:
                return message
        raise Unreachable(
            f"Could not {operation.title}: the platform ended the live session.",
            may_have_taken_effect=operation.is_write,
        )

    def _checked(self, operation: Operation, message: Message) -> Message:
        if message.get("op") != "error":
            return message
        status = message.get("status")
        raise self._error(operation, message, status if isinstance(status, int) else 400)

    def _error(self, operation: Operation, message: Message, status: int) -> KnownError:
        body = {name: message.get(name) for name in ("type", "message", "hint")}
        return error_of(FailedAnswer(operation, self._client.channel.host, status, body, ""))


@asynccontextmanager
async def live_session(client: InstantClient, app_id: str) -> AsyncIterator[LiveSession]:
    """Open until the block is left. Raises what the opening answers, before anything was changed."""
    async with client.open_stream(app_id) as pieces:
        messages = _Messages(pieces)
        try:
            async with asyncio.timeout(_ANSWER_S):
                init = await _first(messages)
        except TimeoutError:
            raise Timeout("Could not open a live session: the platform stays silent.") from None
        yield LiveSession(client, app_id, messages, init)


async def _first(messages: _Messages) -> Message:
    while (message := await messages.next()) is not None:
        if message.get("op") == "sse-init":
            return message
    raise Unreachable("Could not open a live session: the platform ended it at once.")


class _Messages:
    """The JSON objects of a stream's ``data:`` lines; all else in it is of no meaning here."""

    def __init__(self, pieces: AsyncIterator[bytes]) -> None:
        self._pieces = pieces
        self._lines: deque[bytes] = deque()
        self._rest = b""

    async def next(self) -> Message | None:
        """None at the end of the stream."""
        while True:
            while self._lines:
                message = _message(self._lines.popleft())
                if message is not None:
                    return message
            piece = await anext(self._pieces, None)
            if piece is None:
                return None
            *lines, self._rest = (self._rest + piece).split(b"\n")
            self._lines.extend(lines)
            if len(self._rest) > _MOST_BUFFERED:
                answers.refuse(operations.LIVE_SESSION, "a message", "is too large")


def _message(line: bytes) -> Message | None:
    if not line.startswith(b"data:"):
        return None
    try:
        value = json.loads(line[5:])
    except ValueError:
        return None
    return value if isinstance(value, dict) else None
