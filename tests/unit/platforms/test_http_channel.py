"""The channel: what it sends, what it repeats, what it refuses, what it tells."""

from __future__ import annotations

import asyncio
import logging

import httpx
import pytest

from app.core.connection import TokenKind
from app.core.errors import (
    BadAnswer,
    Invalid,
    KnownError,
    PlatformFault,
    RateLimited,
    ReadOnly,
    Timeout,
    Unauthorised,
    Unreachable,
)
from app.core.secret import Secret
from app.platforms.http import HttpChannel, bearer_auth, make_transport
from app.platforms.http_failures import TRANSPORT_ERRORS, transport_error
from app.platforms.http_words import HttpPolicy, Operation, Tokens
from app.platforms.instant import operations
from app.platforms.instant.errors import error_of
from app.platforms.redaction import scrub
from app.platforms.transport import LeanTransport, proxy_for
from tests.unit.platforms.conftest import (
    APP_ID,
    DASH_TOKEN,
    PLATFORM_TOKEN,
    Bench,
    Drop,
    MakeBench,
    RawRequest,
    RawServer,
    Silence,
    failure,
    http,
    ok,
)

pytestmark = pytest.mark.timeout(30)
READ = Operation("read", "GET", "/things", "read the things")
WRITE = Operation("write", "POST", "/things", "write the things", is_write=True, is_repeatable=False)
SAFE_WRITE = Operation("safe", "POST", "/things", "write the things", is_write=True)


# What is sent


async def test_channel_sends_the_token_in_the_authorization_header_only(bench: Bench) -> None:
    await bench.client.channel.request(READ, query={"a": "b c"})
    request = bench.server.requests[0]
    assert request.headers["authorization"] == f"Bearer {PLATFORM_TOKEN}"
    assert request.target == "/things?a=b+c"
    assert PLATFORM_TOKEN not in str({**request.headers, "authorization": ""})


async def test_channel_keeps_the_path_of_the_base_url(make_bench: MakeBench, raw_server: RawServer) -> None:
    bench = make_bench(base_url=f"{raw_server.url}/instant/")
    await bench.client.channel.request(READ)
    assert raw_server.targets() == ["GET /instant/things"]


async def test_channel_sends_a_body_as_json(bench: Bench) -> None:
    await bench.client.channel.request(WRITE, body={"title": "Zürich 🙂 \ud83d"})
    request = bench.server.requests[0]
    assert request.json == {"title": "Zürich 🙂 \ud83d"}
    assert request.headers["content-type"] == "application/json"


async def test_channel_takes_the_first_token_that_it_has(make_bench: MakeBench) -> None:
    bench = make_bench(tokens=Tokens(dash=Secret(DASH_TOKEN)))
    either = Operation("x", "GET", "/x", "x", tokens=(TokenKind.PLATFORM, TokenKind.DASH))
    await bench.client.channel.request(either)
    assert bench.server.requests[0].headers["authorization"] == f"Bearer {DASH_TOKEN}"


async def test_channel_without_the_needed_token_sends_nothing(make_bench: MakeBench) -> None:
    bench = make_bench(tokens=Tokens(platform=Secret(PLATFORM_TOKEN)))
    with pytest.raises(Unauthorised, match="no dashboard token is stored"):
        await bench.client.set_status(APP_ID, "read-only")
    assert bench.server.requests == []


async def test_channel_call_without_tokens_sends_no_authorization(bench: Bench) -> None:
    await bench.client.channel.request(operations.HEALTH)
    assert "authorization" not in bench.server.requests[0].headers


async def test_channel_header_with_a_line_break_is_refused(bench: Bench) -> None:
    with pytest.raises(Invalid):
        await bench.client.query(APP_ID, {}, as_email="a@b\r\nEvil: 1")
    assert bench.server.requests == []


def test_bearer_auth_shows_no_token() -> None:
    auth = bearer_auth(Secret(PLATFORM_TOKEN))
    assert isinstance(auth, httpx.Auth)
    assert PLATFORM_TOKEN not in repr(auth)
    assert PLATFORM_TOKEN not in repr(vars(auth))


# The read-only guard


@pytest.mark.parametrize("operation", operations.ALL, ids=lambda each: each.name)
async def test_read_only_connection_sends_what_is_allowed_and_no_write(
    make_bench: MakeBench, operation: Operation
) -> None:
    bench = make_bench(is_read_only=True)
    names = ("app_id", "org_id", "job_id", "group_id", "token_id")
    call = bench.client.channel.request(operation, path=dict.fromkeys(names, "x"))
    if operation.is_write:
        with pytest.raises(ReadOnly, match="this connection is read-only"):
            await call
        assert bench.server.requests == []
    else:
        await call
        assert len(bench.server.requests) == 1


async def test_read_only_connection_refuses_what_nobody_allowed(make_bench: MakeBench) -> None:
    bench = make_bench(is_read_only=True)
    with pytest.raises(ReadOnly):
        await bench.client.channel.request(READ)


def test_allow_list_names_operations_that_exist_and_do_not_write() -> None:
    reading = {each.name for each in operations.ALL if not each.is_write}
    assert reading >= operations.READ_ONLY


# What is repeated


@pytest.mark.parametrize("answer", [failure(500, "unknown"), http(503, b""), failure(429, "timeout"), Drop()])
async def test_channel_read_is_repeated_after_a_passing_failure(bench: Bench, answer: bytes | Drop) -> None:
    bench.server.answers = [answer, ok(1)]
    assert await bench.client.channel.request(READ) == 1
    assert len(bench.waits) == 1


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (failure(500, "unknown"), PlatformFault),
        (failure(429, "timeout"), Timeout),
        (Drop(), Unreachable),
        (Drop(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{"), Unreachable),
    ],
)
async def test_channel_write_that_may_have_taken_effect_is_not_repeated(
    bench: Bench, answer: bytes | Drop, error: type[KnownError]
) -> None:
    bench.server.answers = [answer]
    with pytest.raises(error) as caught:
        await bench.client.channel.request(WRITE)
    assert caught.value.may_have_taken_effect is True
    assert "look before you repeat" in caught.value.remedy
    assert len(bench.server.requests) == 1


async def test_channel_write_that_is_safe_to_repeat_is_repeated(bench: Bench) -> None:
    bench.server.answers = [Drop(), ok(1)]
    assert await bench.client.channel.request(SAFE_WRITE, body={}) == 1


@pytest.mark.parametrize("answer", [failure(400, "validation-failed"), failure(400, "record-not-found"), ok("x")])
async def test_channel_definite_answer_is_not_repeated(bench: Bench, answer: bytes) -> None:
    bench.server.answers = [answer]
    with pytest.raises(KnownError):
        await bench.client.list_orgs()
    assert len(bench.server.requests) == 1


async def test_channel_gives_up_after_its_retries_with_growing_jittered_waits(raw_server: RawServer) -> None:
    waits: list[float] = []

    async def note(seconds: float) -> None:
        waits.append(seconds)

    raw_server.handler = lambda _request: failure(500, "unknown")
    channel = HttpChannel(
        raw_server.url,
        connection_id="c1",
        tokens=Tokens(Secret(PLATFORM_TOKEN)),
        error_map=error_of,
        on_call=lambda _entry: None,
        policy=HttpPolicy(retries=4, backoff_s=1.0, longest_wait_s=3.0),
        sleep=note,
        jitter=iter([0.0, 1.0, 0.5, 0.0]).__next__,
    )
    with pytest.raises(PlatformFault):
        await channel.request(READ)
    await channel.aclose()
    assert waits == [0.5, 2.0, 2.25, 1.5]
    assert len(raw_server.requests) == 5


async def test_channel_waits_as_long_as_the_hint_asks(bench: Bench) -> None:
    bench.server.answers = [failure(429, "rate-limited", hint={"retry-after": 7}), ok(1)]
    assert await bench.client.channel.request(WRITE) == 1
    assert 7 <= bench.waits[0] <= 7.25


async def test_channel_hint_longer_than_the_limit_is_left_to_the_operator(bench: Bench) -> None:
    bench.server.answers = [failure(429, "rate-limited", hint={"retry-after": 300})]
    with pytest.raises(RateLimited) as caught:
        await bench.client.channel.request(READ)
    assert caught.value.retry_after_s == 300
    assert "300 s" in caught.value.remedy
    assert bench.waits == []


async def test_channel_write_without_hint_is_not_repeated_when_limited(bench: Bench) -> None:
    bench.server.answers = [failure(429, "rate-limited")]
    with pytest.raises(RateLimited):
        await bench.client.channel.request(WRITE)
    assert len(bench.server.requests) == 1


async def test_channel_second_silence_is_the_last(make_bench: MakeBench) -> None:
    bench = make_bench(policy=HttpPolicy(read_timeout_s=0.03, retries=4))
    bench.server.handler = lambda _request: Silence()
    with pytest.raises(Timeout):
        await bench.client.channel.request(READ)
    assert len(bench.server.requests) == 2


# Limits


async def test_channel_never_has_more_in_flight_than_its_policy(make_bench: MakeBench) -> None:
    bench = make_bench(policy=HttpPolicy(max_in_flight=3))
    await asyncio.gather(*(bench.client.channel.request(READ) for _ in range(30)))
    assert len(bench.server.requests) == 30
    assert bench.server.connections <= 3


async def test_channel_slow_drip_ends_at_the_total_limit(make_bench: MakeBench) -> None:
    bench = make_bench(policy=HttpPolicy(read_timeout_s=5, total_timeout_s=0.05, retries=0))
    bench.server.handler = lambda _request: Silence(b"HTTP/1.1 200 OK\r\n")
    with pytest.raises(Timeout, match=r"within 0\.05 s"):
        await bench.client.channel.request(READ)


async def test_channel_cancelled_call_closes_its_connection_and_frees_its_slot(make_bench: MakeBench) -> None:
    bench = make_bench(policy=HttpPolicy(max_in_flight=1))
    bench.server.answers = [Silence()]
    task = asyncio.create_task(bench.client.channel.request(READ))
    await bench.server.arrived.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await bench.server.closed.wait()
    assert await bench.client.channel.request(READ) == {}
    assert [entry.note for entry in bench.entries] == ["cancelled", ""]


async def test_channel_closed_during_a_call_ends_it_and_later_calls(make_bench: MakeBench) -> None:
    bench = make_bench(policy=HttpPolicy(retries=0))
    bench.server.answers = [Silence()]
    task = asyncio.create_task(bench.client.channel.request(READ))
    await bench.server.arrived.wait()
    await bench.client.aclose()
    with pytest.raises(Unreachable):
        await task
    with pytest.raises(Unreachable, match="was closed"):
        await bench.client.channel.request(READ)


# What it tells


async def test_activity_tells_each_try_without_query_and_secrets(bench: Bench) -> None:
    bench.server.answers = [failure(500, "unknown", PLATFORM_TOKEN), ok({"a": 1})]
    await bench.client.channel.request(READ, query={"email": "secret@example.com"})
    notes = [(entry.method, entry.path, entry.status, entry.note) for entry in bench.entries]
    assert notes[0] == ("GET", "/things", 500, "platform fault")
    assert notes[1][3].startswith("retry in ")
    assert notes[2] == ("GET", "/things", 200, "")
    assert bench.entries[2].answer_bytes == len(b'{"a": 1}')
    assert bench.entries[2].ms > 0
    assert PLATFORM_TOKEN not in repr(bench.entries)
    assert "secret@example.com" not in repr(bench.entries)


async def test_channel_logs_no_address(bench: Bench, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        await bench.client.channel.request(READ, query={"token": PLATFORM_TOKEN})
    assert PLATFORM_TOKEN not in caplog.text
    assert logging.getLogger("httpx").level >= logging.WARNING


async def test_error_details_hold_no_secret_of_the_channel(bench: Bench) -> None:
    bench.client.remember_admin_token(APP_ID, Secret("0b5e55ed-0000-4000-8000-5ec7e75ec7e7"))
    message = f"no {PLATFORM_TOKEN} no {DASH_TOKEN} no 0b5e55ed-0000-4000-8000-5ec7e75ec7e7"
    bench.server.answers = [failure(400, "validation-failed", message, {"errors": [{"message": message}]})]
    with pytest.raises(Invalid) as caught:
        await bench.client.channel.request(READ)
    shown = caught.value.sentence + caught.value.details + caught.value.remedy + repr(caught.value)
    shown += repr(caught.value.fields)
    assert "5ec7e7" not in shown


@pytest.mark.parametrize(
    "text",
    [f"Bearer {DASH_TOKEN}", "x per_0123456789abcdef y", "pat_0123456789abcdef", 'Authorization: "bearer abc.def"'],
)
def test_scrub_masks_what_looks_like_a_token(text: str) -> None:
    masked = scrub(text)
    assert "••••••" in masked
    assert "0123456789" not in masked
    assert DASH_TOKEN not in masked


# The transport below


def _http_errors() -> list[type[Exception]]:
    def below(kind: type[Exception]) -> list[type[Exception]]:
        return [each for child in kind.__subclasses__() for each in (child, *below(child))]

    abstract = {"TransportError", "TimeoutException", "NetworkError", "ProtocolError", "RequestError"}
    # Raised by raise_for_status only, which is not called.
    abstract.add("HTTPStatusError")
    return [each for each in below(httpx.HTTPError) if each.__name__ not in abstract and each.__module__ == "httpx"]


@pytest.mark.parametrize("kind", [*_http_errors(), httpx.InvalidURL], ids=lambda each: each.__name__)
def test_transport_errors_are_all_in_the_table(kind: type[Exception]) -> None:
    assert kind.__name__ in TRANSPORT_ERRORS
    error = transport_error(kind(f"Bearer {DASH_TOKEN}"), READ, "host", HttpPolicy())
    assert isinstance(error, Unreachable | Timeout | BadAnswer | Invalid)
    assert error.sentence.startswith("Could not read the things")
    assert DASH_TOKEN not in error.sentence + error.details


async def test_transport_reuses_its_connection(bench: Bench) -> None:
    for _ in range(5):
        await bench.client.channel.request(READ)
    assert bench.server.connections == 1


async def until_idle_connections_are_gone(bench: Bench) -> None:
    transport = bench.client.channel._transport
    assert isinstance(transport, LeanTransport)
    async with asyncio.timeout(5):
        while transport._open:
            await asyncio.sleep(0)


async def test_transport_replaces_a_connection_that_the_server_closed(bench: Bench) -> None:
    bench.server.answers = [Drop(http(200, b"1")), ok(2)]
    assert await bench.client.channel.request(READ) == 1
    await until_idle_connections_are_gone(bench)
    assert await bench.client.channel.request(READ) == 2
    assert bench.waits == []


async def test_transport_obeys_connection_close(bench: Bench) -> None:
    bench.server.answers = [http(200, b"1", extra="Connection: close\r\n"), ok(2)]
    assert await bench.client.channel.request(READ) == 1
    assert await bench.client.channel.request(READ) == 2
    assert bench.server.connections == 2


async def test_transport_reads_a_body_that_ends_with_its_connection(bench: Bench) -> None:
    bench.server.answers = [Drop(b'HTTP/1.1 200 OK\r\n\r\n{"a": 1}')]
    assert await bench.client.channel.request(READ) == {"a": 1}


async def test_transport_reads_chunks_and_skips_informational_answers(bench: Bench) -> None:
    bench.server.answers = [
        b"HTTP/1.1 103 Early Hints\r\nLink: <x>\r\n\r\n"
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\n[1,\r\n2\r\n2]\r\n0\r\n\r\n"
    ]
    assert await bench.client.channel.request(READ) == [1, 2]


async def test_transport_unasked_bytes_end_the_connection(bench: Bench) -> None:
    bench.server.answers = [ok(1) + b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n6", ok(2)]
    assert await bench.client.channel.request(READ) == 1
    assert await bench.client.channel.request(READ) == 2


async def test_transport_reads_a_large_body_whole(bench: Bench) -> None:
    big = "x" * 3_000_000
    bench.server.answers = [ok(big)]
    assert await bench.client.channel.request(READ) == big


async def test_transport_answers_do_not_mix_under_load(bench: Bench) -> None:
    def echo(request: RawRequest) -> bytes:
        return ok(request.target)

    bench.server.handler = echo
    answers = await asyncio.gather(
        *(bench.client.channel.request(READ, query={"n": str(number)}) for number in range(200))
    )
    assert answers == [f"/things?n={number}" for number in range(200)]


async def test_transport_is_lean_unless_the_environment_names_a_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    assert isinstance(make_transport("http://127.0.0.1:1", HttpPolicy()), LeanTransport)
    monkeypatch.setenv("https_proxy", "proxy.example:3128")
    monkeypatch.setenv("no_proxy", "inside.example")
    assert proxy_for("https://api.instantdb.com") == "http://proxy.example:3128"
    assert proxy_for("https://inside.example") is None
    assert proxy_for("http://localhost:8888") is None
    transport = make_transport("https://api.instantdb.com", HttpPolicy())
    assert isinstance(transport, httpx.AsyncHTTPTransport)
    await transport.aclose()
