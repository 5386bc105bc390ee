"""What calls sent and were answered can be looked at, and no secret is in it."""

from __future__ import annotations

import json
import pickle
from pathlib import Path

import pytest

from app.core.activity import ActivityEntry
from app.core.connection import Connection, Environment, Platform
from app.core.secret import Secret
from app.platforms.http_words import Tokens
from app.platforms.instant import operations
from app.platforms.postgres.client import PostgresClient
from app.platforms.postgres.dsn import Dsn
from app.platforms.recording import HttpDetails, without_secrets
from app.platforms.redaction import MASK
from app.services.activity import ActivityLog

from .conftest import PLATFORM_TOKEN, Bench, failure, ok

ADMIN_TOKEN = "5d1c2f0a-1111-4222-8333-944455556666"
APP = "7f3a1c22-9d04-4e0b-b0a1-5cf2d7e8aa10"


@pytest.mark.parametrize(
    "text",
    [
        '{"admin-token": "SECRET", "id": 1}',
        '{"adminToken":"SECRET"}',
        '{"refresh_token" : "SECRET"',
        '{"user": {"password": "SECRET"}}',
        r'{"text": "{\"adminToken\": \"SECRET\"}"}',
        '{"dsn": "postgresql://ada:SECRET@db.example/shop"}',
        "Authorization: Bearer SECRET",
        r'{"password": "a\"SECRET\"b", "id": 1}',
        r'{"text": "{\"password\": \"a\\\"SECRET\\\"b\"}"}',
        '["update","databases","x",{"adminToken":"SECRET","name":"river"}]',
    ],
)
def test_what_stands_under_the_name_of_a_secret_is_masked(text: str) -> None:
    shown = without_secrets(text.replace("SECRET", ADMIN_TOKEN))
    assert ADMIN_TOKEN not in shown
    assert MASK in shown


@pytest.mark.parametrize(
    "text", ['"token' * 1_500, "\\" * 9_000, '\\"' * 4_500, '"' + "token" * 1_800, "//" + "a:" * 4_500]
)
def test_hostile_text_is_looked_through_in_one_go(text: str) -> None:
    """Bounded: a pattern that tries again from every place would take minutes with a thousand times as much."""
    assert without_secrets(text * 40)


def test_what_is_no_secret_stays() -> None:
    text = json.dumps({"id": APP, "title": "Ana", "tokens": 3, "entries": [{"etype": "notes"}]})
    assert without_secrets(text) == text


async def test_call_is_recorded_in_full_without_its_token(bench: Bench) -> None:
    bench.server.answers = [ok({"app": {"id": APP, "admin-token": ADMIN_TOKEN, "title": "Ana"}})]
    await bench.client.channel.request(
        operations.RENAME_APP, path={"app_id": APP}, body={"title": "Ana", "secret": "my-own-secret"}
    )
    details = bench.entries[-1].details
    assert details is not None
    shown = details.shown()
    assert shown is not None
    assert shown.url == f"{bench.server.url}/superadmin/apps/{APP}"
    assert dict(shown.request_headers)["Authorization"] == f"Bearer {MASK}"
    assert json.loads(shown.request) == {"title": "Ana", "secret": MASK}
    assert json.loads(shown.answer)["app"] == {"id": APP, "admin-token": MASK, "title": "Ana"}
    assert dict(shown.answer_headers)
    everything = f"{shown!r}{details!r}{bench.entries[-1]!r}"
    for secret in (PLATFORM_TOKEN, ADMIN_TOKEN, "my-own-secret"):
        assert secret not in everything
    with pytest.raises(TypeError):
        pickle.dumps(details)


async def test_failure_is_recorded_with_what_it_said(bench: Bench) -> None:
    bench.server.answers = [failure(400, "validation-failed")]
    with pytest.raises(Exception):  # noqa: B017, PT011 - which one does not matter here
        await bench.client.channel.request(operations.LIST_APPS)
    details = bench.entries[-1].details
    assert details is not None
    shown = details.shown()
    assert shown is not None
    assert "validation-failed" in shown.answer
    assert bench.entries[-1].is_failure


def test_secret_across_the_end_of_a_long_body_is_not_shown_in_part() -> None:
    known = {Secret(ADMIN_TOKEN)}
    for before in range(8 * 1024 - 60, 8 * 1024 + 20):
        body = b"x" * before + ADMIN_TOKEN.encode() + b"y" * 20_000
        shown = HttpDetails("https://a.example/", (), body, known).shown()
        assert shown is not None
        assert shown.is_request_cut
        assert len(shown.request) <= 8 * 1024
        assert ADMIN_TOKEN[:6] not in shown.request


def test_only_the_latest_calls_are_kept_in_full() -> None:
    log = ActivityLog(in_full=3)
    made = [HttpDetails("https://a.example/", (), b"{}", ()) for _ in range(5)]
    for each in made:
        log.record(ActivityEntry(0.0, "c", "GET", "/", 200, 1.0, details=each))
    assert [each.shown() is None for each in made] == [True, True, False, False, False]
    assert len(log.recent()) == 5


async def test_sql_is_recorded_without_values(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    path.touch()
    entries: list[ActivityEntry] = []
    dsn = Dsn("sqlite", database=str(path), port=0)
    connection = Connection("c1", "T", Platform.POSTGRES, dsn.to_text(), Environment.LOCAL)
    client = PostgresClient(connection, Tokens(), entries.append)
    statements = [
        ("CREATE TABLE t (k text, n int)", {}),
        ("INSERT INTO t VALUES (:k, 4711)", {"k": "a private word"}),
        ("UPDATE t SET k = 'another word' WHERE n = 4711", {}),
    ]
    await client.write(str(path), statements)
    await client.aclose()
    shown = [each.details.shown() for each in entries if each.details is not None]
    said = "\n".join(each.request for each in shown if each is not None)
    assert "INSERT INTO t VALUES" in said
    assert MASK in said
    for value in ("a private word", "another word", "4711"):
        assert value not in said
    assert all(not each.is_failure for each in entries)
