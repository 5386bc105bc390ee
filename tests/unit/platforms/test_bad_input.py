"""Whatever comes back, the operator gets a sentence; nothing hangs and nothing leaks."""

from __future__ import annotations

import asyncio
import gzip

import pytest

from app.core.errors import (
    BadAnswer,
    Forbidden,
    Invalid,
    KnownError,
    NotFound,
    PlatformFault,
    Timeout,
    Unauthorised,
    Unreachable,
)
from app.core.status import FindingKind, Health
from app.platforms.base_url import checked_base_url
from app.platforms.http_failures import TruncatedAnswer
from app.platforms.http_words import HttpPolicy
from tests.unit.platforms.conftest import (
    APP_ID,
    DASH_TOKEN,
    PLATFORM_TOKEN,
    Bench,
    Drop,
    Flood,
    MakeBench,
    RawServer,
    Silence,
    failure,
    http,
    ok,
)

pytestmark = pytest.mark.timeout(30)
SHORT = HttpPolicy(connect_timeout_s=5, read_timeout_s=0.05, total_timeout_s=5, retries=1)


def assert_is_for_the_operator(error: KnownError) -> None:
    for text in (error.sentence, error.remedy, error.details, str(error), repr(error)):
        assert PLATFORM_TOKEN not in text
        assert DASH_TOKEN not in text
        assert "Traceback" not in text
    assert error.sentence.startswith("Could not ")
    assert error.sentence.endswith(".")
    assert error.remedy.endswith(".")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "api.instantdb.com",
        "ftp://api.instantdb.com",
        "http://",
        "http://host:99999",
        "https://user:pw@host",
        "https://host/?token=per_1",
        "https://a b",
        "http://[::1",
        "javascript:alert(1)",
    ],
)
def test_base_url_unusable_is_refused_at_its_field(text: str) -> None:
    with pytest.raises(Invalid) as caught:
        checked_base_url(text)
    assert [each.field for each in caught.value.fields] == ["base_url"]


def test_base_url_usable_loses_its_trailing_slash() -> None:
    assert checked_base_url(" https://api.instantdb.com/ ") == "https://api.instantdb.com"


async def test_channel_nobody_listening_is_unreachable(make_bench: MakeBench, unused_port: int) -> None:
    bench = make_bench(base_url=f"http://127.0.0.1:{unused_port}")
    with pytest.raises(Unreachable) as caught:
        await bench.client.list_orgs()
    assert_is_for_the_operator(caught.value)
    assert not caught.value.may_have_taken_effect
    assert len(bench.waits) == 4


@pytest.fixture
async def unused_port() -> int:
    listener = await asyncio.start_server(lambda _reader, _writer: None, "127.0.0.1", 0)
    port: int = listener.sockets[0].getsockname()[1]
    listener.close()
    await listener.wait_closed()
    return port


async def test_channel_unknown_host_is_unreachable(make_bench: MakeBench) -> None:
    bench = make_bench(base_url="http://nowhere.invalid", policy=HttpPolicy(retries=0, connect_timeout_s=5))
    with pytest.raises(Unreachable) as caught:
        await bench.client.list_orgs()
    assert_is_for_the_operator(caught.value)
    assert "nowhere.invalid" in caught.value.sentence


async def test_channel_web_page_is_a_bad_answer(bench: Bench) -> None:
    bench.server.answers = [http(200, b"<!doctype html><title>Hello</title>", "text/html")]
    with pytest.raises(BadAnswer) as caught:
        await bench.client.list_orgs()
    assert_is_for_the_operator(caught.value)
    assert "web page" in caught.value.sentence
    assert len(bench.server.requests) == 1


@pytest.mark.parametrize(
    "answer",
    [
        http(404, b"<html>Not Found</html>", "text/html"),
        http(404, b'{"detail":"Not Found"}'),
        http(301, b"", extra="Location: https://elsewhere.example/\r\n"),
        http(418, b"[]"),
        ok([]),
        ok("hello"),
        ok({"items": []}),
        ok({"orgs": {}}),
        ok({"orgs": [1]}),
    ],
)
async def test_channel_other_server_is_a_bad_answer(bench: Bench, answer: bytes) -> None:
    bench.server.answers = [answer]
    with pytest.raises(BadAnswer) as caught:
        await bench.client.list_orgs()
    assert_is_for_the_operator(caught.value)


async def test_channel_other_protocol_is_a_bad_answer(bench: Bench) -> None:
    bench.server.answers = [Drop(b"SSH-2.0-OpenSSH_9.2\r\n")]
    with pytest.raises(BadAnswer) as caught:
        await bench.client.list_orgs()
    assert_is_for_the_operator(caught.value)


async def test_channel_page_of_a_broken_gateway_is_a_fault_and_retried(bench: Bench) -> None:
    bench.server.answers = [http(502, b"<html>Bad Gateway</html>", "text/html")] * 5
    with pytest.raises(PlatformFault) as caught:
        await bench.client.list_orgs()
    assert_is_for_the_operator(caught.value)
    assert len(bench.server.requests) == 5


async def test_channel_truncated_body_is_read_again(bench: Bench) -> None:
    cut = b'HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{"orgs": ['
    bench.server.answers = [Drop(cut), ok({"orgs": []})]
    assert await bench.client.list_orgs() == ()


async def test_channel_truncated_body_for_ever_is_named(bench: Bench) -> None:
    bench.server.handler = lambda _request: Drop(b'HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{"orgs": [')
    with pytest.raises(Unreachable) as caught:
        await bench.client.list_orgs()
    assert_is_for_the_operator(caught.value)


async def test_channel_json_cut_short_is_named(bench: Bench) -> None:
    bench.server.handler = lambda _request: http(200, b'{"orgs": [{"id": "1", ')
    with pytest.raises(TruncatedAnswer) as caught:
        await bench.client.list_orgs()
    assert_is_for_the_operator(caught.value)
    assert "cut short" in caught.value.sentence


async def test_channel_json_too_deep_is_a_bad_answer(bench: Bench) -> None:
    bench.server.handler = lambda _request: http(200, b"[" * 200_000)
    with pytest.raises(BadAnswer) as caught:
        await bench.client.list_orgs()
    assert_is_for_the_operator(caught.value)


async def test_channel_chunked_body_without_end_is_broken(make_bench: MakeBench) -> None:
    bench = make_bench(policy=HttpPolicy(retries=0))
    bench.server.answers = [Drop(b'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{"org')]
    with pytest.raises(Unreachable) as caught:
        await bench.client.list_orgs()
    assert_is_for_the_operator(caught.value)


async def test_channel_damaged_compression_is_named(make_bench: MakeBench) -> None:
    bench = make_bench(policy=HttpPolicy(retries=0))
    bench.server.answers = [http(200, b"no gzip", extra="Content-Encoding: gzip\r\n")]
    with pytest.raises(TruncatedAnswer) as caught:
        await bench.client.list_orgs()
    assert_is_for_the_operator(caught.value)


async def test_channel_compressed_body_is_read(bench: Bench) -> None:
    bench.server.answers = [http(200, gzip.compress(b'{"orgs": []}'), extra="Content-Encoding: gzip\r\n")]
    assert await bench.client.list_orgs() == ()


async def test_channel_silence_ends_in_a_timeout(make_bench: MakeBench) -> None:
    bench = make_bench(policy=SHORT)
    bench.server.handler = lambda _request: Silence()
    with pytest.raises(Timeout) as caught:
        await bench.client.list_orgs()
    assert_is_for_the_operator(caught.value)
    assert not caught.value.may_have_taken_effect
    assert "did not answer within" in caught.value.sentence


async def test_channel_silence_in_the_middle_ends_in_a_timeout(make_bench: MakeBench) -> None:
    bench = make_bench(policy=SHORT)
    bench.server.handler = lambda _request: Silence(b'HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{"orgs"')
    with pytest.raises(Timeout) as caught:
        await bench.client.list_orgs()
    assert_is_for_the_operator(caught.value)


async def test_channel_silence_after_a_write_may_have_taken_effect_and_is_not_repeated(
    make_bench: MakeBench,
) -> None:
    bench = make_bench(policy=SHORT)
    bench.server.handler = lambda _request: Silence()
    with pytest.raises(Timeout) as caught:
        await bench.client.transact(APP_ID, [["update", "goals", APP_ID, {"title": "x"}]])
    assert_is_for_the_operator(caught.value)
    assert caught.value.may_have_taken_effect
    assert len(bench.server.requests) == 1


async def test_channel_50_mb_answer_is_cut_off_while_it_streams(make_bench: MakeBench) -> None:
    bench = make_bench(policy=HttpPolicy(max_answer_bytes=2**20))
    bench.server.answers = [Flood(b"HTTP/1.1 200 OK\r\n\r\n", 50_000_000)]
    with pytest.raises(BadAnswer) as caught:
        await bench.client.list_orgs()
    assert_is_for_the_operator(caught.value)
    assert "larger than 1 MiB" in caught.value.sentence
    await bench.server.closed.wait()
    assert bench.server.flooded < 50_000_000
    assert len(bench.server.requests) == 1


async def test_channel_50_mb_announced_is_refused_at_once(bench: Bench) -> None:
    bench.server.answers = [Silence(b"HTTP/1.1 200 OK\r\nContent-Length: 50000000\r\n\r\n[")]
    with pytest.raises(BadAnswer) as caught:
        await bench.client.list_orgs()
    assert_is_for_the_operator(caught.value)


async def test_channel_compressed_bomb_is_cut_off(make_bench: MakeBench) -> None:
    bench = make_bench(policy=HttpPolicy(max_answer_bytes=2**20))
    bomb = gzip.compress(b"1" * 5_000_000)
    bench.server.answers = [http(200, bomb, extra="Content-Encoding: gzip\r\n")]
    with pytest.raises(BadAnswer, match="larger than 1 MiB"):
        await bench.client.list_orgs()


async def test_token_expired_is_unauthorised(bench: Bench) -> None:
    bench.server.answers = [failure(400, "record-expired", "Record expired: access-token", {"args": [PLATFORM_TOKEN]})]
    with pytest.raises(Unauthorised) as caught:
        await bench.client.list_orgs()
    assert_is_for_the_operator(caught.value)
    assert "expired" in caught.value.sentence


@pytest.mark.parametrize(
    ("status", "kind", "hint"),
    [
        (400, "record-not-found", {"record-type": "instant-user", "args": [{"token": PLATFORM_TOKEN}]}),
        (400, "record-not-found", {"record-type": "app-admin-token", "args": [{"token": DASH_TOKEN}]}),
        (401, "record-not-found", {"record-type": "instant-user", "args": [{"auth?": True}]}),
        (400, "param-malformed", {"in": ["headers", "authorization"], "original-input": PLATFORM_TOKEN}),
    ],
)
async def test_token_unknown_is_unauthorised(bench: Bench, status: int, kind: str, hint: dict[str, object]) -> None:
    bench.server.answers = [failure(status, kind, f"No such record {PLATFORM_TOKEN}", hint)]
    with pytest.raises(Unauthorised) as caught:
        await bench.client.list_orgs()
    assert_is_for_the_operator(caught.value)
    assert len(bench.server.requests) == 1


async def test_token_of_another_app_is_forbidden(bench: Bench) -> None:
    message = "This admin token does not belong to app x."
    bench.server.answers = [failure(400, "validation-failed", message, {"reason": "admin-token-mismatch"})]
    with pytest.raises(Forbidden) as caught:
        await bench.client.get_app(APP_ID)
    assert_is_for_the_operator(caught.value)


async def test_probe_token_unknown_is_unauthorised_with_a_finding(bench: Bench) -> None:
    bench.server.answers = [failure(400, "record-not-found", "Record not found", {"record-type": "instant-user"})]
    probe = await bench.client.probe()
    assert probe.health is Health.UNAUTHORISED
    assert [each.kind for each in probe.findings] == [FindingKind.TOKEN_REJECTED]


async def test_error_message_of_a_megabyte_and_markup_is_cut_to_plain_text(bench: Bench) -> None:
    message = "\u202e<b>evil</b>\x00\n" * 100_000
    bench.server.answers = [failure(400, "validation-failed", message)]
    with pytest.raises(Invalid) as caught:
        await bench.client.get_app(APP_ID)
    assert len(caught.value.sentence) < 600
    assert "\n" not in caught.value.sentence
    assert "\u202e" not in caught.value.sentence


@pytest.mark.parametrize("title", ["", "   ", "x" * 10_000, "a\nb", "a\x00b", "evil\u202egnp.exe", "half \ud800 pair"])
async def test_title_unusable_is_refused_at_its_field_before_anything_is_sent(bench: Bench, title: str) -> None:
    with pytest.raises(Invalid) as caught:
        await bench.client.create_app(title, app_id=APP_ID)
    assert [each.field for each in caught.value.fields] == ["title"]
    with pytest.raises(Invalid):
        await bench.client.rename_app(APP_ID, title)
    assert bench.server.requests == []


@pytest.mark.parametrize(
    "title", ["שלום עולם", "مرحبا", "<img src=x onerror=alert(1)>", "'; drop table apps; --", "🙂"]
)
async def test_title_of_any_script_or_markup_travels_unchanged(bench: Bench, title: str) -> None:
    bench.server.handler = lambda request: ok({"app": {"id": APP_ID, "title": request.json["title"]}})
    renamed = await bench.client.rename_app(APP_ID, title)
    assert renamed.title == title


async def test_title_refused_by_the_platform_is_blamed_on_its_field(bench: Bench) -> None:
    hint = {"in": ["body", "title"], "original-input": "  "}
    bench.server.answers = [failure(400, "param-malformed", 'Malformed parameter: ["body" "title"]', hint)]
    with pytest.raises(Invalid) as caught:
        await bench.client.rename_app(APP_ID, "x")
    assert [each.field for each in caught.value.fields] == ["title"]


async def test_app_gone_is_not_found(bench: Bench) -> None:
    bench.server.answers = [failure(400, "record-not-found", "Record not found: app", {"record-type": "app"})]
    with pytest.raises(NotFound) as caught:
        await bench.client.get_app(APP_ID)
    assert_is_for_the_operator(caught.value)


async def test_probe_nobody_listening_is_unreachable(make_bench: MakeBench, unused_port: int) -> None:
    probe = await make_bench(base_url=f"http://127.0.0.1:{unused_port}").client.probe()
    assert probe.health is Health.UNREACHABLE
    assert probe.latency_ms is None
    assert probe.sentence


async def test_app_id_from_outside_cannot_leave_its_place_in_the_path(bench: Bench, raw_server: RawServer) -> None:
    raw_server.handler = lambda _request: failure(400, "record-not-found")
    with pytest.raises(NotFound):
        await bench.client.get_app("../orgs?x=1#y\r\nEvil: 1")
    assert raw_server.targets() == ["GET /superadmin/apps/..%2Forgs%3Fx%3D1%23y%0D%0AEvil%3A%201"]
