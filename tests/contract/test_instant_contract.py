"""The Instant client against the local platform, as a process of its own."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from contextlib import AbstractContextManager, suppress
from dataclasses import replace
from pathlib import Path

import pytest

from app.core.activity import ActivityEntry
from app.core.connection import Connection, Environment, Platform
from app.core.errors import (
    BadAnswer,
    Conflict,
    Invalid,
    KnownError,
    NotFound,
    ReadOnly,
    Unauthorised,
    Unsupported,
)
from app.core.refs import new_id
from app.core.secret import Secret
from app.core.status import Health
from app.platforms.http_words import HttpPolicy, Tokens
from app.platforms.instant.client import InstantClient
from app.platforms.registry import make_client
from app.schema.formats.instant_wire import defs_from_schema, wire_attribute
from app.schema.model import Attribute, Entity, Schema
from app.schema.types import NumberType, StringType
from tests.contract.platform_contract import TODO, PlatformContract
from tests.support.local_platform import RunningPlatform, local_platform

pytestmark = pytest.mark.timeout(60)


@pytest.fixture(scope="module")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningPlatform]:
    with local_platform(tmp_path_factory.mktemp("platform") / "data") as running:
        yield running


@pytest.fixture
def connection(platform: RunningPlatform) -> Connection:
    return Connection("c1", "Local", Platform.INSTANT, platform.api_uri, Environment.LOCAL)


@pytest.fixture
def tokens(platform: RunningPlatform) -> Tokens:
    return Tokens(Secret(platform.platform_token), Secret(platform.dash_token))


@pytest.fixture
def entries() -> list[ActivityEntry]:
    return []


@pytest.fixture
async def client(connection: Connection, tokens: Tokens, entries: list[ActivityEntry]) -> AsyncIterator[InstantClient]:
    made = make_client(connection, tokens, entries.append)
    yield made
    await made.aclose()


@pytest.fixture
async def app_id(client: InstantClient) -> AsyncIterator[str]:
    app = await client.create_app("Contract", app_id=new_id(), schema=TODO)
    yield app.app_id
    with suppress(NotFound):
        await client.delete_app(app.app_id)


class TestInstantContract(PlatformContract):
    @pytest.fixture
    async def client(self, connection: Connection, tokens: Tokens) -> AsyncIterator[InstantClient]:
        made = make_client(connection, tokens, lambda _entry: None)
        yield made
        await made.aclose()


async def test_client_with_a_wrong_token_is_unauthorised(connection: Connection) -> None:
    client = make_client(connection, Tokens(Secret("per_" + "0" * 64)), lambda _entry: None)
    with pytest.raises(Unauthorised):
        await client.list_apps()
    assert (await client.probe()).health is Health.UNAUTHORISED
    await client.aclose()


async def test_client_with_a_wrong_dashboard_token_is_unauthorised(
    connection: Connection, tokens: Tokens, app_id: str
) -> None:
    client = make_client(connection, replace(tokens, dash=Secret(new_id())), lambda _entry: None)
    with pytest.raises(Unauthorised):
        await client.set_status(app_id, "read-only")
    await client.aclose()


async def test_client_at_a_path_that_is_no_platform_says_so(connection: Connection, tokens: Tokens) -> None:
    wrong = replace(connection, base_url=f"{connection.base_url}/dash")
    client = make_client(wrong, tokens, lambda _entry: None)
    with pytest.raises((Unsupported, BadAnswer)):
        await client.list_apps()
    await client.aclose()


async def test_create_app_same_id_other_title_is_a_conflict(client: InstantClient, app_id: str) -> None:
    with pytest.raises(Conflict):
        await client.create_app("Another", app_id=app_id)


async def test_create_app_many_at_once_under_one_id_makes_one(client: InstantClient) -> None:
    wanted = new_id()
    apps = await asyncio.gather(*(client.create_app("Once", app_id=wanted) for _ in range(5)))
    assert {app.app_id for app in apps} == {wanted}
    assert len([app for app in await client.list_apps() if app.title == "Once"]) == 1
    await client.delete_app(wanted)


async def test_create_app_from_a_schema_that_was_read_has_its_fingerprint(client: InstantClient, app_id: str) -> None:
    """What the audit trail says of a clone, without reading it back."""
    source = await client.read_schema(app_id)
    copy = await client.create_app("Copy", app_id=new_id(), schema=source)
    try:
        assert (await client.read_schema(copy.app_id)).fingerprint() == source.fingerprint()
    finally:
        await client.delete_app(copy.app_id)


async def test_create_app_admin_token_opens_its_rows(client: InstantClient, connection: Connection) -> None:
    app = await client.create_app("Rows", app_id=new_id(), schema=TODO)
    assert app.admin_token is not None
    other = make_client(connection, Tokens(), lambda _entry: None)
    found = await other.query(app.app_id, {"todos": {}}, admin_token=app.admin_token)
    assert found == {"todos": []}
    await other.aclose()
    await client.delete_app(app.app_id)


async def test_rename_and_status_and_rotation_reach_the_app(client: InstantClient, app_id: str) -> None:
    before = (await client.dash()).apps
    old = next(app.admin_token for app in before if app.app_id == app_id)
    assert await client.set_status(app_id, "read-only") == "read-only"
    with pytest.raises(ReadOnly):
        await client.transact(app_id, [["update", "todos", new_id(), {"title": "x"}]])
    assert (await client.get_app(app_id)).status == "read-only"
    assert await client.set_status(app_id, "active") == "active"
    new = await client.rotate_admin_token(app_id)
    assert new != old
    with pytest.raises(Unauthorised):
        await client.query(app_id, {"todos": {}}, admin_token=old)
    assert await client.query(app_id, {"todos": {}}, admin_token=new) == {"todos": []}


async def test_rows_written_are_read(client: InstantClient, app_id: str) -> None:
    first, person = new_id(), new_id()
    await client.transact(
        app_id,
        [
            ["update", "people", person, {"email": "a@example.com", "age": 5}],
            ["update", "todos", first, {"title": "Write", "done": False}],
            ["link", "todos", first, {"owner": person}],
        ],
    )
    found = await client.query(app_id, {"todos": {"owner": {}, "$": {"where": {"title": "Write"}}}})
    assert [row["owner"][0]["email"] for row in found["todos"]] == ["a@example.com"]


async def test_transact_missing_attribute_is_refused_and_named(client: InstantClient, app_id: str) -> None:
    with pytest.raises(Invalid) as caught:
        await client.transact(app_id, [["update", "todos", new_id(), {"title": "x", "colour": "red"}]])
    assert "todos.colour" in caught.value.fields[0].message


async def test_transact_not_unique_is_a_conflict(client: InstantClient, app_id: str) -> None:
    step = ["update", "people", new_id(), {"email": "same@example.com"}]
    await client.transact(app_id, [step])
    with pytest.raises(Conflict):
        await client.transact(app_id, [["update", "people", new_id(), {"email": "same@example.com"}]])


async def test_plan_and_push_add_an_agent(client: InstantClient, app_id: str) -> None:
    defs = defs_from_schema(Schema((Entity("notes", (Attribute("text", StringType()),)),)))
    plan = await client.plan_push(app_id, defs)
    assert plan.current.entity("notes") is None
    assert plan.new.entity("notes") is not None
    assert {verb for verb, _ in plan.steps} == {"add-attr"}
    result = await client.push(app_id, defs)
    assert len(result.steps) == len(plan.steps)
    assert (await client.read_schema(app_id)).entity("notes") == plan.new.entity("notes")


async def test_push_failed_job_brings_its_rows(client: InstantClient, app_id: str) -> None:
    row = new_id()
    await client.transact(app_id, [["update", "todos", row, {"title": "five"}]])
    changed = Schema((Entity("todos", (Attribute("title", NumberType(), is_required=True),)),))
    result = await client.push(app_id, defs_from_schema(changed))
    assert result.group_id is not None
    seen: list[int] = []
    done = await client.follow_jobs(app_id, result.group_id, lambda jobs: seen.append(len(jobs)), known=result.jobs)
    failed = [job for job in done if job.status == "errored"]
    assert [job.type for job in failed] == ["check-data-type"]
    assert failed[0].samples[0]["entity_id"] == row
    assert (await client.job(app_id, failed[0].id)).error == "invalid-triple-error"
    assert (await client.job_group(app_id, result.group_id)) == done


async def test_apply_steps_delete_is_soft_and_listed(client: InstantClient, app_id: str) -> None:
    wire = await client.read_wire_schema(app_id)
    attr = wire_attribute(wire, "todos", "done")
    assert attr is not None
    await client.apply_steps(app_id, [["delete-attr", attr["id"]]])
    todos = (await client.read_schema(app_id)).entity("todos")
    assert todos is not None
    assert todos.attribute("done") is None
    assert attr["id"] in [each["id"] for each in await client.soft_deleted_attributes(app_id)]


async def test_perms_pushed_are_read_and_unchanged_ones_accepted(client: InstantClient, app_id: str) -> None:
    assert await client.get_perms(app_id) is None
    rules = {"todos": {"allow": {"view": "true"}}}
    for _ in range(2):
        assert await client.push_perms(app_id, rules) == rules
    assert await client.get_perms(app_id) == rules
    assert len(await client.rule_versions(app_id)) >= 1


async def test_perms_wrong_are_invalid_at_their_place(client: InstantClient, app_id: str) -> None:
    with pytest.raises(Invalid) as caught:
        await client.push_perms(app_id, {"todos": {"allow": {"view": "auth.id =="}}})
    assert caught.value.fields[0].field == "todos.allow.view"


async def test_users_are_listed_found_and_deleted(client: InstantClient, app_id: str) -> None:
    await client.transact(app_id, [["update", "$users", new_id(), {"email": "u@example.com"}]])
    assert [user["email"] for user in await client.list_users(app_id)] == ["u@example.com"]
    user = await client.get_user(app_id, email="u@example.com")
    assert user is not None
    deleted = await client.delete_user(app_id, user_id=user["id"])
    assert deleted is not None
    assert await client.get_user(app_id, email="u@example.com") is None


async def test_dash_and_me_name_the_person(client: InstantClient, app_id: str) -> None:
    dash = await client.dash()
    assert dash.email == await client.me()
    assert app_id in [app.app_id for app in dash.apps]
    assert dash.sunset.stage == ""


async def test_access_token_made_works_until_deleted(client: InstantClient, connection: Connection) -> None:
    made = await client.create_access_token("contract")
    assert made.token is not None
    assert made.id in [each.id for each in await client.list_access_tokens()]
    other = make_client(connection, Tokens(made.token), lambda _entry: None)
    await other.list_orgs()
    await client.delete_access_token(made.id)
    with pytest.raises(Unauthorised):
        await other.list_orgs()
    await other.aclose()


async def test_backups_of_a_new_app_are_none(client: InstantClient, app_id: str) -> None:
    assert await client.list_backups(app_id) == ()


async def test_read_only_connection_reads_and_changes_nothing(
    connection: Connection, tokens: Tokens, app_id: str
) -> None:
    client = make_client(replace(connection, is_read_only=True), tokens, lambda _entry: None)
    before = await client.read_schema(app_id)
    for call in (
        client.rename_app(app_id, "Changed"),
        client.delete_app(app_id),
        client.transact(app_id, [["update", "todos", new_id(), {"title": "x"}]]),
        client.push(app_id, {"entities": {}}),
        client.push_perms(app_id, {}),
        client.set_status(app_id, "disabled"),
    ):
        with pytest.raises(ReadOnly):
            await call
    assert (await client.get_app(app_id)).title == "Contract"
    assert await client.query(app_id, {"todos": {}}) == {"todos": []}
    assert await client.read_schema(app_id) == before
    await client.aclose()


async def test_activity_holds_no_token(
    client: InstantClient, entries: list[ActivityEntry], app_id: str, platform: RunningPlatform
) -> None:
    await client.list_apps()
    with pytest.raises(KnownError):
        await client.get_app(new_id())
    assert {entry.status for entry in entries} >= {200, 400}
    assert platform.platform_token not in repr(entries)
    assert platform.dash_token not in repr(entries)


def faulty(tmp_path: Path, *faults: dict[str, object]) -> AbstractContextManager[RunningPlatform]:
    return local_platform(tmp_path / "data", "--faults", json.dumps(faults))


def client_of(running: RunningPlatform, entries: list[ActivityEntry]) -> InstantClient:
    connection = Connection("c1", "Local", Platform.INSTANT, running.api_uri, Environment.LOCAL)
    tokens = Tokens(Secret(running.platform_token), Secret(running.dash_token))
    return make_client(connection, tokens, entries.append, policy=HttpPolicy(backoff_s=0.01))


async def test_reads_survive_an_unreliable_platform(tmp_path: Path, entries: list[ActivityEntry]) -> None:
    # All that match strike at once, and the first in the list answers: so each has one more strike than the one before.
    kinds = ("server-error", "drop", "rate-limited", "truncate")
    faults: list[dict[str, object]] = [
        {"kind": kind, "path": "/superadmin/orgs", "count": count} for count, kind in enumerate(kinds, 1)
    ]
    with faulty(tmp_path, *faults) as running:
        client = client_of(running, entries)
        assert await client.list_orgs() == ()
        await client.aclose()
    assert sum(entry.note.startswith("retry in") for entry in entries) == 4


async def test_create_app_whose_answer_was_lost_is_made_once(tmp_path: Path, entries: list[ActivityEntry]) -> None:
    with faulty(tmp_path, {"kind": "truncate", "path": "/dash/apps", "method": "POST", "count": 1}) as running:
        client = client_of(running, entries)
        app = await client.create_app("Once", app_id=new_id(), schema=TODO)
        assert [each.app_id for each in await client.list_apps() if each.title == "Once"] == [app.app_id]
        assert app.admin_token is not None
        assert await client.query(app.app_id, {"todos": {}}, admin_token=app.admin_token) == {"todos": []}
        await client.aclose()
    assert entries[0].note == "unreachable"
