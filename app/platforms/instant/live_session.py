"""A live session over server-sent events: the only way to restore attributes and to have rows counted.

``POST /admin/sse`` opens the stream, whose first message has the session's keys; messages go in by
``POST /admin/sse/push`` and their answers come out of the stream, known by ``client-event-id``.
"""

from __future__ import annotations

import asyncio
import json
from collections import deque
from collections.abc import AsyncIterator, Callable, Collection, Sequence
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

from app.core.errors import KnownError, Timeout, Unreachable
from app.core.refs import new_id
from app.platforms.http_failures import FailedAnswer
from app.platforms.http_words import Operation

from . import answers, operations
from .errors import error_of

if TYPE_CHECKING:
    from .client import InstantClient

_ANSWER_S = 40.0
_MOST_BUFFERED = 8 * 2**20
_ANSWERS = frozenset({"add-query-ok", "transact-ok", "error"})

_AT_ONCE = 100

Message = dict[str, Any]
# An entity and what its rows must meet.
CountQuery = tuple[str, dict[str, Any] | None]
OnCount = Callable[[int, int | KnownError], None]


class LiveSession:
    """One open stream of one app; asked by one task at a time."""

    def __init__(self, client: InstantClient, app_id: str, messages: _Messages, init: Message) -> None:
        self._client = client
        self._app_id = app_id
        self._messages = messages
        operation = operations.LIVE_SESSION
        self._keys = {
            name.replace("-", "_"): answers.text(operation, init, name, "sse-init")
            for name in ("machine-id", "session-id", "sse-token")
        }

    async def count(self, queries: Sequence[CountQuery], on_answer: OnCount) -> None:
        """How many rows an admin would see of each; no two may be the same, because a session answers one once.

        Each number, or error, is told as it comes, with the query's place in the list.
        """
        operation = operations.LIVE_QUERY
        for start in range(0, len(queries), _AT_ONCE):
            waiting = {new_id(): place for place in range(start, min(start + _AT_ONCE, len(queries)))}
            messages = [_count_message(event_id, queries[place]) for event_id, place in waiting.items()]
            await self._push(operation, messages)
            while waiting:
                answer = await self._answer(operation, waiting.keys())
                place = waiting.pop(answer["client-event-id"])
                on_answer(place, self._number(operation, queries[place], answer))

    def _number(self, operation: Operation, query: CountQuery, answer: Message) -> int | KnownError:
        try:
            meta = answers.part(operation, self._checked(operation, answer), "result-meta")
            found = answers.part(operation, answers.part(operation, meta, "aggregate"), query[0]).get("count")
            if not isinstance(found, int):
                answers.refuse(operation, "count", "is not a number")
        except KnownError as error:
            return error
        return found

    async def restore(self, attribute_ids: list[str]) -> None:
        """Bring soft-deleted attributes back, all or none: neither indexed nor required."""
        operation, event_id = operations.LIVE_RESTORE, new_id()
        steps = [["restore-attr", each] for each in attribute_ids]
        await self._push(operation, [{"op": "transact", "tx-steps": steps, "client-event-id": event_id}])
        self._checked(operation, await self._answer(operation, {event_id}))

    async def _push(self, operation: Operation, messages: list[Message]) -> None:
        body = {**self._keys, "messages": messages}
        await self._client.channel.request(operation, query={"app_id": self._app_id}, body=body, is_retried=False)

    async def _answer(self, operation: Operation, event_ids: Collection[str]) -> Message:
        """The next answer to one of these events."""
        try:
            async with asyncio.timeout(_ANSWER_S):
                while (message := await self._messages.next()) is not None:
                    if message.get("op") in _ANSWERS and message.get("client-event-id") in event_ids:
                        return message
        except TimeoutError:
            raise Timeout(
                f"Could not {operation.title}: no answer within {_ANSWER_S:.0f} s.",
                may_have_taken_effect=operation.is_write,
            ) from None
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


def _count_message(event_id: str, query: CountQuery) -> Message:
    entity, where = query
    options: dict[str, Any] = {"aggregate": "count"} | ({"where": where} if where else {})
    return {"op": "add-query", "q": {entity: {"$": options}}, "return-type": "tree", "client-event-id": event_id}


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
