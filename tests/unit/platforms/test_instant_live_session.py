"""Live sessions over bytes that a server of ours sends: what comes out, what is refused."""

from __future__ import annotations

import itertools
import json
from typing import Any

import pytest

from app.core.errors import (
    BadAnswer,
    Invalid,
    KnownError,
    PlatformFault,
    ReadOnly,
    Timeout,
    Unauthorised,
    Unreachable,
)
from app.platforms.instant.live_session import LiveSession, live_session
from tests.unit.platforms.conftest import (
    APP_ID,
    PLATFORM_TOKEN,
    Answer,
    Bench,
    Drop,
    MakeBench,
    RawRequest,
    failure,
    http,
    ok,
)

pytestmark = pytest.mark.timeout(30)

INIT = {"op": "sse-init", "machine-id": "m", "session-id": "s", "sse-token": "t"}
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"


def chunk(text: bytes) -> bytes:
    return f"{len(text):x}\r\n".encode() + text + b"\r\n"


def event(message: Any) -> bytes:
    return chunk(b"data: " + json.dumps(message).encode() + b"\n\n")


class Talk:
    """Answers the opening with ``opening``; the stream's later messages are made from what is pushed.

    The raw server answers a request once, so all that a stream is to say is said at once: the event IDs are known
    because ``new_id`` is the test's.
    """

    def __init__(self, *messages: Any, opening: bytes = b"") -> None:
        self.stream = HEAD + (opening or chunk(b"retry: 500\n\n") + event(INIT))
        for message in messages:
            self.stream += message if isinstance(message, bytes) else event(message)
        self.pushed: list[Any] = []
        self.target = ""

    def __call__(self, request: RawRequest) -> Answer:
        if request.target.startswith("/admin/sse/push"):
            self.pushed.append(request.json)
            self.target = request.target
            return ok({})
        return Drop(self.stream + b"0\r\n\r\n")


@pytest.fixture(autouse=True)
def _known_ids(monkeypatch: pytest.MonkeyPatch) -> None:
    """``event``, then ``event2``, ``event3``…, and ``event`` again for the next push of a test."""
    numbers = itertools.cycle(["event", "event2", "event3"])
    monkeypatch.setattr("app.platforms.instant.live_session.new_id", lambda: next(numbers))


def counted(number: Any, entity: str = "todos") -> dict[str, Any]:
    meta = {"aggregate": {entity: {"count": number}}}
    return {"op": "add-query-ok", "client-event-id": "event", "result-meta": meta}


async def count(session: LiveSession, entity: str = "todos", where: Any = None) -> int:
    found: list[int | KnownError] = []
    await session.count([(entity, where)], lambda _place, number: found.append(number))
    if isinstance(found[0], KnownError):
        raise found[0]
    return found[0]


async def test_count_asks_and_reads_its_own_answer(bench: Bench) -> None:
    talk = Talk(
        chunk(b": keep-alive\n\n"),
        {"op": "refresh-ok"},
        {"op": "add-query-ok", "client-event-id": "another"},
        chunk(b"data: no json\n\ndata: [1]\n\n"),
        counted(1204),
    )
    bench.server.handler = talk
    async with live_session(bench.client, APP_ID) as session:
        assert await count(session, "todos", {"due": {"$isNull": True}}) == 1204
    (pushed,) = talk.pushed
    assert (pushed["machine_id"], pushed["session_id"], pushed["sse_token"]) == ("m", "s", "t")
    (message,) = pushed["messages"]
    assert message["q"] == {"todos": {"$": {"aggregate": "count", "where": {"due": {"$isNull": True}}}}}
    assert talk.target == f"/admin/sse/push?app_id={APP_ID}"


async def test_several_counts_are_asked_at_once_and_told_as_they_come(bench: Bench) -> None:
    failed = {"op": "error", "client-event-id": "event2", "type": "timeout", "message": "Too long", "status": 429}
    later = counted(3, "c") | {"client-event-id": "event3"}
    talk = Talk(later, failed, counted(1, "a"))
    bench.server.handler = talk
    told: list[tuple[int, int | KnownError]] = []
    async with live_session(bench.client, APP_ID) as session:
        await session.count([("a", None), ("b", None), ("c", None)], lambda *answer: told.append(answer))
    assert len(talk.pushed) == 1
    assert (told[0], told[2]) == ((2, 3), (0, 1))
    assert told[1][0] == 1
    assert isinstance(told[1][1], Timeout)


async def test_messages_cut_into_pieces_are_put_together(bench: Bench) -> None:
    text = b"data: " + json.dumps(counted(3)).encode() + b"\r\n\r\n"
    bench.server.handler = Talk(*(chunk(text[at : at + 7]) for at in range(0, len(text), 7)))
    async with live_session(bench.client, APP_ID) as session:
        assert await count(session) == 3


async def test_restore_sends_all_in_one_transaction(bench: Bench) -> None:
    talk = Talk({"op": "transact-ok", "client-event-id": "event", "tx-id": 1})
    bench.server.handler = talk
    async with live_session(bench.client, APP_ID) as session:
        await session.restore(["a", "b"])
    (message,) = talk.pushed[0]["messages"]
    assert message["tx-steps"] == [["restore-attr", "a"], ["restore-attr", "b"]]


async def test_error_message_is_the_platforms_error(bench: Bench) -> None:
    refused = {
        "op": "error",
        "client-event-id": "event",
        "status": 400,
        "type": "validation-failed",
        "message": "No such thing",
    }
    bench.server.handler = Talk(refused)
    async with live_session(bench.client, APP_ID) as session:
        with pytest.raises(Invalid, match="Could not count the rows: No such thing"):
            await count(session)


async def test_stream_that_ends_before_the_answer_leaves_a_restore_open(bench: Bench) -> None:
    bench.server.handler = Talk()
    async with live_session(bench.client, APP_ID) as session:
        with pytest.raises(Unreachable) as restoring:
            await session.restore(["a"])
        with pytest.raises(Unreachable) as counting:
            await count(session)
    assert restoring.value.may_have_taken_effect
    assert not counting.value.may_have_taken_effect


@pytest.mark.parametrize("number", [None, "3", [3]])
async def test_count_that_is_no_number_is_a_bad_answer(bench: Bench, number: Any) -> None:
    bench.server.handler = Talk(counted(number))
    async with live_session(bench.client, APP_ID) as session:
        with pytest.raises(BadAnswer):
            await count(session)


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (failure(500, "unknown"), PlatformFault),
        (failure(400, "record-not-found", "x", {"record-type": "app-admin-token"}), Unauthorised),
        (http(404, b"nothing", "text/plain"), BadAnswer),
        (Drop(), Unreachable),
        (Drop(HEAD + b"0\r\n\r\n"), Unreachable),
        (ok({}), Unreachable),
        (Drop(HEAD + event({"op": "sse-init"}) + b"0\r\n\r\n"), BadAnswer),
    ],
)
async def test_opening_that_fails_is_a_known_error(bench: Bench, answer: Answer, expected: type[KnownError]) -> None:
    bench.server.answers = [answer]
    with pytest.raises(expected):
        async with live_session(bench.client, APP_ID):
            raise AssertionError("it was opened")


async def test_stream_is_in_the_activity_once_it_ends(bench: Bench) -> None:
    bench.server.handler = Talk(counted(1))
    async with live_session(bench.client, APP_ID) as session:
        await count(session)
    bench.server.answers = [failure(500, "unknown")]
    with pytest.raises(PlatformFault):
        async with live_session(bench.client, APP_ID):
            pass
    assert [(entry.path, entry.status) for entry in bench.entries] == [
        ("/admin/sse/push", 200),
        ("/admin/sse", 200),
        ("/admin/sse", 0),
    ]
    assert PLATFORM_TOKEN not in repr(bench.entries)


async def test_read_only_connection_opens_streams_to_count_but_restores_nothing(make_bench: MakeBench) -> None:
    bench = make_bench(is_read_only=True)
    bench.server.handler = Talk(counted(1))
    async with live_session(bench.client, APP_ID) as session:
        assert await count(session) == 1
        with pytest.raises(ReadOnly):
            await session.restore(["a"])
