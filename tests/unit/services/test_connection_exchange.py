"""Settings and connections as a file: what is written, what is read, and what an import would do."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from app.core.connection import Connection, Environment, Platform
from app.core.errors import Invalid
from app.core.secret import Secret
from app.services.connection_exchange import (
    ConnectionExchange,
    ImportKind,
    read_exchange,
    write_exchange,
)
from app.services.connections import BUILTIN_ID, ConnectionBook, ConnectionDraft
from app.services.hub import ChangeHub
from app.services.tokens import TokenKeeper
from tests.unit.services.fakes import FakeStores, FakeVault

CLOUD = Connection(
    "c1", "Cloud", Platform.INSTANT, "https://api.example.com", Environment.PRODUCTION, True, is_guarded=True
)
SHOP = Connection(
    "c2", "Shop", Platform.POSTGRES, "postgresql://ada@db.example:5432/shop", Environment.STAGING, False, "shop"
)
LOCAL = Connection(BUILTIN_ID, "Instant · local", Platform.INSTANT, "http://127.0.0.1:1", Environment.LOCAL)
LOCAL = replace(LOCAL, is_builtin=True)


@pytest.fixture
def book() -> ConnectionBook:
    hub, stores, vault = ChangeHub(), FakeStores(LOCAL, CLOUD, SHOP), FakeVault()
    return ConnectionBook(stores, TokenKeeper(vault, hub), hub, (LOCAL, CLOUD, SHOP))


def _file(**changes: object) -> str:
    one = {"name": "New", "platform": "instant", "address": "https://new.example.com", "environment": "staging"}
    content = {"format": "tenantry-settings", "version": 1, "connections": [{**one, **changes}]}
    return json.dumps(content, indent=1)


def test_write_leaves_out_secrets_and_the_local_platform() -> None:
    with_password = replace(SHOP, base_url="postgresql://ada:hunter2@db.example:5432/shop")
    text = write_exchange((LOCAL, CLOUD, with_password), {"look.theme": "dark"}, {"app.create": "Ctrl+M"})
    assert "hunter2" not in text
    content = json.loads(text)
    assert [each["name"] for each in content["connections"]] == ["Cloud", "Shop"]
    assert "token" not in text.lower()
    assert content["settings"] == {"look.theme": "dark"}


def test_read_gives_back_what_was_written() -> None:
    read = read_exchange(write_exchange((CLOUD, SHOP), {"notify.after_s": 20}, {"app.create": "Ctrl+M"}))
    assert read.settings == {"notify.after_s": 20}
    assert read.keys == {"app.create": "Ctrl+M"}
    assert [(each.label, each.address, each.is_read_only, each.main_database) for each in read.connections] == [
        ("Cloud", "https://api.example.com", True, None),
        ("Shop", "postgresql://ada@db.example:5432/shop", False, "shop"),
    ]
    assert read.notes == ()


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("", "line 1, column 1"),
        ('{"format":\n x}', "line 2, column 2"),
        ("[]", "“format”"),
        ('{"format": "other"}', "“format”"),
        ('{"format": "tenantry-settings", "version": 1,\n"settings": []}', "line 2: “settings” is no object"),
        ('{"format": "tenantry-settings", "version": 1,\n"connections": {}}', "line 2: “connections” is no list"),
        ('{"format": "tenantry-settings", "version": 1,\n\n"version": 1}', "line 3: “version” is given twice"),
        (_file(platform="oracle"), "line 7: “connections[1].platform” is “oracle”, and can be instant, postgres"),
        (_file(address=7), "line 8: “connections[1].address” is no text"),
        (_file(read_only="no"), "“connections[1].read_only” is neither true nor false"),
        (_file(environment="moon"), "can be local, staging, production"),
        ("[" * 100_000, "nested too deeply"),
    ],
)
def test_read_of_a_bad_file_names_the_place(text: str, place: str) -> None:
    with pytest.raises(Invalid) as caught:
        read_exchange(text)
    assert place in caught.value.sentence
    assert caught.value.remedy


def test_read_of_a_newer_version_says_what_to_do() -> None:
    with pytest.raises(Invalid, match="version 9"):
        read_exchange('{"format": "tenantry-settings", "version": 9}')


def test_read_never_takes_a_token_and_says_so() -> None:
    read = read_exchange(_file(token="per_abcdef123456"))
    assert read.notes == ("Line 10: “token” is not taken. Tokens and passwords are entered by hand.",)
    assert "per_abcdef123456" not in repr(read)


def test_plan_says_what_is_added_changed_and_left(book: ConnectionBook) -> None:
    given = read_exchange(
        write_exchange(
            (CLOUD, replace(SHOP, is_read_only=True), replace(CLOUD, label="New", base_url="https://n.example")), {}
        )
    )
    plan = ConnectionExchange(book).plan(given.connections)
    assert [(each.kind, each.label) for each in plan] == [
        (ImportKind.LEAVE, "Cloud"),
        (ImportKind.CHANGE, "Shop"),
        (ImportKind.ADD, "New"),
    ]
    assert plan[1].sentence == "becomes read-only"
    assert "without its token" in plan[2].sentence
    assert "production" in plan[2].sentence


def test_plan_does_not_advise_what_takes_a_guard_away(book: ConnectionBook) -> None:
    for change in ({"is_read_only": False}, {"environment": Environment.LOCAL}):
        given = read_exchange(write_exchange((replace(CLOUD, **change),), {}))
        (entry,) = ConnectionExchange(book).plan(given.connections)
        assert entry.kind is ImportKind.CHANGE
        assert not entry.is_advised
        assert entry.sentence.startswith("Takes a guard away: ")


def test_plan_never_sends_a_stored_token_elsewhere(book: ConnectionBook) -> None:
    given = read_exchange(write_exchange((replace(CLOUD, base_url="https://evil.example"),), {}))
    (entry,) = ConnectionExchange(book).plan(given.connections)
    assert entry.kind is ImportKind.ADD
    assert entry.label == "Cloud (2)"
    assert entry.connection_id is None


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"address": "ftp://x"}, "https://"),
        ({"address": "https://user:pw@x.example"}, "Leave user name and password out"),
        ({"name": "\u202eevil"}, "Invisible characters"),
        ({"name": "  "}, "Enter a name"),
        ({"platform": "convex"}, "Convex cannot be connected to yet."),
        ({"platform": "postgres", "address": "postgresql://a:pw@h/d"}, "Leave the password out"),
    ],
)
def test_plan_refuses_what_cannot_be_and_says_why(book: ConnectionBook, change: dict[str, object], why: str) -> None:
    (entry,) = ConnectionExchange(book).plan(read_exchange(_file(**change)).connections)
    assert entry.kind is ImportKind.REFUSE
    assert entry.draft is None
    assert why in entry.sentence
    assert entry.sentence.startswith("Line 5: ")


async def test_apply_adds_without_a_token_and_changes_what_is_there(book: ConnectionBook) -> None:
    given = read_exchange(
        write_exchange(
            (replace(CLOUD, label="New", base_url="https://n.example"), replace(SHOP, is_read_only=True)), {}
        )
    )
    exchange = ConnectionExchange(book)
    done = await exchange.apply(exchange.plan(given.connections))
    assert [each.label for each in done.without_token] == ["New"]
    assert [each.label for each in done.put] == ["Shop"]
    assert done.failures == ()
    assert book.get("c2").is_read_only
    again = ConnectionExchange(book).plan(given.connections)
    assert {each.kind for each in again} == {ImportKind.LEAVE}


async def test_apply_goes_on_after_one_that_fails(book: ConnectionBook) -> None:
    exchange = ConnectionExchange(book)
    plan = exchange.plan(read_exchange(_file()).connections)
    await book.add(ConnectionDraft("New", Platform.INSTANT, "https://other.example", Environment.LOCAL))
    done = await exchange.apply((*plan, *exchange.plan(read_exchange(_file(name="Other")).connections)))
    assert len(done.failures) == 1
    assert [each.label for each in done.without_token] == ["Other"]


async def test_imported_connection_has_no_token(book: ConnectionBook) -> None:
    await book.update(
        "c1",
        ConnectionDraft(
            "Cloud",
            Platform.INSTANT,
            CLOUD.base_url,
            Environment.PRODUCTION,
            True,
            platform_token=Secret("per_secret123"),
        ),
    )
    text = write_exchange(book.all(), {})
    assert "per_secret123" not in text


def test_write_tells_what_is_kept_while_a_connection_is_unlocked() -> None:
    unlocked = replace(CLOUD, is_read_only=False, is_opened=True, is_unlocked=True)
    assert write_exchange((unlocked,), {}) == write_exchange((CLOUD,), {})


def test_plan_guards_and_never_takes_the_guard_away(book: ConnectionBook) -> None:
    exchange = ConnectionExchange(book)
    (entry,) = exchange.plan(read_exchange(write_exchange((replace(SHOP, is_guarded=True),), {})).connections)
    assert entry.draft is not None
    assert entry.draft.is_guarded
    assert entry.sentence == "writes need unlocking"
    (entry,) = exchange.plan(read_exchange(write_exchange((replace(CLOUD, is_guarded=False),), {})).connections)
    assert entry.kind is ImportKind.LEAVE
    (entry,) = exchange.plan(read_exchange(_file(environment="production", guarded=False)).connections)
    assert entry.draft is not None
    assert entry.draft.is_guarded
