"""The Instant client: the calls it makes, the answers it takes and refuses, apps made once."""

from __future__ import annotations

from typing import Any

import pytest

from app.core.connection import Platform
from app.core.errors import (
    BadAnswer,
    Conflict,
    Forbidden,
    Invalid,
    ReadOnly,
    Timeout,
    Unauthorised,
    Unreachable,
    Unsupported,
)
from app.core.secret import Secret
from app.core.status import FindingKind, Health
from app.platforms.http_words import Tokens
from app.platforms.instant.client import InstantClient
from app.platforms.instant.errors import CreationDisabled
from app.platforms.registry import make_client
from app.schema.model import Attribute, Entity, Schema
from app.schema.types import StringType
from tests.unit.platforms.conftest import (
    APP_ID,
    DASH_TOKEN,
    PLATFORM_TOKEN,
    Answer,
    Bench,
    Drop,
    MakeBench,
    RawRequest,
    Silence,
    a_connection,
    failure,
    ok,
)

pytestmark = pytest.mark.timeout(30)
ORG = "22222222-2222-4222-8222-222222222222"
TOKEN = "33333333-3333-4333-8333-333333333333"
SCHEMA = Schema((Entity("todos", (Attribute("title", StringType()),)),))
NOT_FOUND = failure(400, "record-not-found", "Record not found: app", {"record-type": "app"})
NOT_UNIQUE = failure(400, "record-not-unique", "Record not unique: app", {"record-type": "app"})
SUNSET = failure(400, "app-creation-disabled", "App creation is disabled.", {"sunset": True})


def row(app_id: str = APP_ID, title: str = "Todo", **more: Any) -> dict[str, Any]:
    return {"id": app_id, "title": title, "created_at": "2026-08-21T10:00:00Z", "org_id": None, **more}


# Listing


async def test_list_apps_joins_own_and_org_apps_each_once(bench: Bench) -> None:
    def answer(request: RawRequest) -> bytes:
        if request.target == "/superadmin/apps":
            return ok({"apps": [row("a", "A")]})
        if request.target == "/superadmin/orgs":
            return ok({"orgs": [{"id": ORG, "title": "Acme", "role": "owner", "paid": True}]})
        assert request.target == f"/superadmin/orgs/{ORG}/apps"
        return ok({"apps": [row("a", "A"), row("b", "B", org_id=ORG, admin_token=TOKEN, status="read-only")]})

    bench.server.handler = answer
    first, second = await bench.client.list_apps()
    assert (first.app_id, first.title, first.created_at, first.status) == ("a", "A", 1787306400, "active")
    assert (second.org_id, second.org_title, second.status) == (ORG, "Acme", "read-only")
    assert second.admin_token == Secret(TOKEN)


async def test_list_apps_failing_leaves_no_call_behind(bench: Bench) -> None:
    def answer(request: RawRequest) -> Answer:
        return failure(400, "permission-denied") if request.target == "/superadmin/orgs" else Silence()

    bench.server.handler = answer
    with pytest.raises(Forbidden):
        await bench.client.list_apps()
    await bench.server.closed.wait()
    assert {entry.note for entry in bench.entries} == {"forbidden", "cancelled"}


@pytest.mark.parametrize(
    ("broken", "place"),
    [
        ({"title": "x"}, "apps[0].id"),
        (row(title=None), "apps[0].title"),  # type: ignore[arg-type]
        (row(created_at="yesterday"), "apps[0].created_at"),
        (row(created_at=5), "apps[0].created_at"),
        (row(status="on fire"), "apps[0].status"),
        (row(admin_token=5), "apps[0].admin_token"),
        (row(**{"admin-token": []}), "apps[0].admin-token"),
        (row(org_id=1), "apps[0].org_id"),
    ],
)
async def test_list_apps_wrong_field_is_named(bench: Bench, broken: dict[str, Any], place: str) -> None:
    bench.server.handler = lambda request: ok({"apps": [broken], "orgs": []})
    with pytest.raises(BadAnswer) as caught:
        await bench.client.list_apps()
    assert f"{place} " in caught.value.sentence


async def test_get_app_without_its_envelope_is_refused(bench: Bench) -> None:
    bench.server.answers = [ok(row())]
    with pytest.raises(BadAnswer, match="app is missing"):
        await bench.client.get_app(APP_ID)


@pytest.mark.parametrize("key", ["admin-token", "admin_token"])
async def test_get_app_takes_the_admin_token_in_either_spelling(bench: Bench, key: str) -> None:
    bench.server.answers = [ok({"app": row(**{key: TOKEN})})]
    assert (await bench.client.get_app(APP_ID)).admin_token == Secret(TOKEN)


# Creating


def creating(bench: Bench, **answers: Answer) -> dict[str, Answer]:
    """Answers by "METHOD /path"; the create itself echoes what it was given."""
    given: dict[str, Answer] = dict(answers)

    def answer(request: RawRequest) -> Answer:
        key = f"{request.method} {request.target}"
        if key in given:
            return given[key]
        if key == "POST /dash/apps":
            body = request.json
            return ok({"app": row(body["id"], body["title"], **{"admin-token": body["admin_token"]})})
        if key.endswith("/schema/push/apply"):
            return ok({"steps": [], "transaction": {}, "indexing-jobs": None})
        if key.endswith("/perms"):
            return ok({"rules": {"code": request.json["code"], "version": 1}})
        raise AssertionError(key)

    bench.server.handler = answer
    return given


async def test_create_app_sends_the_callers_id_and_a_token_of_its_own(bench: Bench) -> None:
    creating(bench)
    app = await bench.client.create_app("  Todo ", app_id=APP_ID, org_id=ORG)
    body = bench.server.requests[0].json
    assert bench.server.targets() == ["POST /dash/apps"]
    assert (body["id"], body["title"], body["org_id"]) == (APP_ID, "Todo", ORG)
    assert app.admin_token == Secret(body["admin_token"])


async def test_create_app_with_template_pushes_schema_and_rules(bench: Bench) -> None:
    creating(bench)
    await bench.client.create_app("Todo", app_id=APP_ID, schema=SCHEMA, rules={"todos": {}})
    assert bench.server.targets() == [
        "POST /dash/apps",
        f"POST /superadmin/apps/{APP_ID}/schema/push/apply",
        f"POST /superadmin/apps/{APP_ID}/perms",
    ]


async def test_create_app_lost_answer_finds_the_first_and_keeps_its_token(bench: Bench) -> None:
    creating(bench)
    bench.server.answers = [Drop(), NOT_UNIQUE, ok({"app": row()})]
    app = await bench.client.create_app("Todo", app_id=APP_ID)
    assert bench.server.targets() == ["POST /dash/apps", "POST /dash/apps", f"GET /superadmin/apps/{APP_ID}"]
    first, second, read = bench.server.requests
    assert first.json == second.json
    assert app.admin_token == Secret(first.json["admin_token"])
    assert read.headers["authorization"] == f"Bearer {first.json['admin_token']}"


async def test_create_app_repeated_finds_the_app_of_the_earlier_call(bench: Bench) -> None:
    mismatch = failure(400, "record-not-found", "Record not found: token")
    bench.server.answers = [NOT_UNIQUE, mismatch, ok({"app": row()})]
    app = await bench.client.create_app("Todo", app_id=APP_ID)
    assert (app.app_id, app.title, app.admin_token) == (APP_ID, "Todo", None)


async def test_create_app_under_the_id_of_another_app_is_a_conflict(bench: Bench) -> None:
    bench.server.answers = [NOT_UNIQUE, NOT_FOUND, ok({"app": row(title="Somebody else's")})]
    with pytest.raises(Conflict, match="another app has its ID"):
        await bench.client.create_app("Todo", app_id=APP_ID)


async def test_create_app_under_the_id_of_an_invisible_app_is_a_conflict(bench: Bench) -> None:
    bench.server.answers = [NOT_UNIQUE, NOT_FOUND, NOT_FOUND]
    with pytest.raises(Conflict):
        await bench.client.create_app("Todo", app_id=APP_ID)


async def test_create_app_refused_by_sunset_is_made_once_by_the_platform_api(bench: Bench) -> None:
    made = ok({"app": row("b", "Todo", **{"admin-token": TOKEN})})
    bench.server.answers = [SUNSET, NOT_FOUND, made]
    app = await bench.client.create_app("Todo", app_id=APP_ID)
    assert app.app_id == "b"
    assert bench.server.targets()[-1] == "POST /superadmin/apps"
    assert bench.server.requests[-1].headers["authorization"] == f"Bearer {PLATFORM_TOKEN}"


async def test_create_app_refused_after_a_lost_answer_finds_the_first(bench: Bench) -> None:
    bench.server.answers = [Drop(), SUNSET, ok({"app": row()})]
    app = await bench.client.create_app("Todo", app_id=APP_ID)
    assert app.app_id == APP_ID
    assert "POST /superadmin/apps" not in bench.server.targets()


async def test_create_app_second_way_is_never_repeated(bench: Bench) -> None:
    bench.server.answers = [SUNSET, NOT_FOUND, Drop()]
    with pytest.raises(Unreachable) as caught:
        await bench.client.create_app("Todo", app_id=APP_ID)
    assert caught.value.may_have_taken_effect
    assert len(bench.server.requests) == 3


async def test_create_app_on_a_platform_that_makes_no_apps_is_read_only(bench: Bench) -> None:
    bench.server.answers = [SUNSET, NOT_FOUND, SUNSET]
    with pytest.raises(CreationDisabled) as caught:
        await bench.client.create_app("Todo", app_id=APP_ID)
    assert isinstance(caught.value, ReadOnly)
    assert "closing down" in caught.value.remedy


async def test_create_app_with_a_refused_schema_is_taken_back(bench: Bench) -> None:
    given = creating(bench)
    given[f"POST /superadmin/apps/{APP_ID}/schema/push/apply"] = failure(400, "validation-failed", "Bad schema")
    given[f"DELETE /superadmin/apps/{APP_ID}"] = ok({"app": row()})
    with pytest.raises(Invalid, match=r"The app was not created\. .*Bad schema"):
        await bench.client.create_app("Todo", app_id=APP_ID, schema=SCHEMA)
    assert bench.server.targets()[-1] == f"DELETE /superadmin/apps/{APP_ID}"


async def test_create_app_found_from_earlier_is_not_taken_back(bench: Bench) -> None:
    bad = failure(400, "validation-failed", "Bad schema")
    bench.server.answers = [NOT_UNIQUE, NOT_FOUND, ok({"app": row()}), bad]
    with pytest.raises(Invalid):
        await bench.client.create_app("Todo", app_id=APP_ID, schema=SCHEMA)
    assert not [target for target in bench.server.targets() if target.startswith("DELETE")]


async def test_create_app_with_a_schema_that_instant_cannot_hold_sends_nothing(bench: Bench) -> None:
    with pytest.raises(Invalid, match="at least one attribute"):
        await bench.client.create_app("Todo", app_id=APP_ID, schema=Schema((Entity("empty"),)))
    assert bench.server.requests == []


# Deleting


async def test_delete_app_lost_answer_and_app_gone_is_success(bench: Bench) -> None:
    bench.server.answers = [Drop(), NOT_FOUND]
    await bench.client.delete_app(APP_ID)
    assert bench.server.targets() == [f"DELETE /superadmin/apps/{APP_ID}", f"GET /superadmin/apps/{APP_ID}"]


async def test_delete_app_lost_answer_and_app_there_is_told(bench: Bench) -> None:
    bench.server.answers = [Drop(), ok({"app": row()})]
    with pytest.raises(Unreachable) as caught:
        await bench.client.delete_app(APP_ID)
    assert caught.value.may_have_taken_effect


# Schema and jobs

ATTR = {
    "id": "a1",
    "value-type": "blob",
    "cardinality": "one",
    "forward-identity": ["i1", "todos", "title"],
    "catalog": "user",
    "checked-data-type": "string",
    "unique?": False,
    "index?": True,
    "required?": False,
}
WIRE = {"blobs": {"todos": {"title": ATTR}}, "refs": {}}


def job(status: str, updated_at: str = "1") -> dict[str, Any]:
    return {"id": "j1", "job_type": "unique", "job_status": status, "updated_at": updated_at}


async def test_read_schema_reads_the_wire_form(bench: Bench) -> None:
    bench.server.answers = [ok({"schema": WIRE})]
    schema = await bench.client.read_schema(APP_ID)
    assert schema.entities == (Entity("todos", (Attribute("title", StringType(), is_indexed=True),)),)


async def test_plan_push_asks_for_types_and_background(bench: Bench) -> None:
    bench.server.answers = [ok({"new-schema": WIRE, "current-schema": WIRE, "steps": [["add-attr", ATTR]]})]
    plan = await bench.client.plan_push(APP_ID, {"entities": {}})
    assert plan.steps == (("add-attr", ATTR),)
    assert bench.server.requests[0].json == {
        "schema": {"entities": {}},
        "check_types": True,
        "supports_background_updates": True,
    }


async def test_push_tells_its_jobs(bench: Bench) -> None:
    jobs = {"group-id": "g1", "jobs": [{**job("waiting"), "worker_id": None}]}
    bench.server.answers = [ok({"steps": [["unique", {"attr-id": "a1"}]], "indexing-jobs": jobs})]
    result = await bench.client.push(APP_ID, {})
    assert result.group_id == "g1"
    assert [each.status for each in result.jobs] == ["waiting"]


async def test_follow_jobs_doubles_its_waits_and_starts_again_on_progress(bench: Bench) -> None:
    statuses = [("waiting", "1"), ("waiting", "1"), ("processing", "2"), ("processing", "2"), ("completed", "3")]
    bench.server.answers = [ok({"jobs": [job(*each)]}) for each in statuses]
    seen: list[str] = []
    done = await bench.client.follow_jobs(APP_ID, "g1", lambda jobs: seen.append(jobs[0].status))
    assert seen == [status for status, _ in statuses]
    assert done[0].is_done
    assert bench.waits == [0.1, 0.1, 0.2, 0.1, 0.2]


async def test_follow_jobs_waits_no_longer_than_ten_seconds(bench: Bench) -> None:
    bench.server.answers = [ok({"jobs": [job("waiting")]})] * 12 + [ok({"jobs": [job("errored", "2")]})]
    (done,) = await bench.client.follow_jobs(APP_ID, "g1")
    assert done.status == "errored"
    assert max(bench.waits) == 10


async def test_follow_jobs_survives_four_errors_in_a_row(bench: Bench) -> None:
    bench.server.answers = [failure(500, "unknown")] * 4 + [ok({"jobs": [job("completed")]})]
    assert (await bench.client.follow_jobs(APP_ID, "g1"))[0].is_done


async def test_follow_jobs_gives_up_after_more_than_four_errors_in_a_row(bench: Bench) -> None:
    bench.server.handler = lambda _request: failure(429, "timeout")
    with pytest.raises(Timeout):
        await bench.client.follow_jobs(APP_ID, "g1")
    assert len(bench.server.requests) == 5


async def test_follow_jobs_refused_token_ends_it_at_once(bench: Bench) -> None:
    bench.server.handler = lambda _request: failure(401, "record-not-found")
    with pytest.raises(Unauthorised):
        await bench.client.follow_jobs(APP_ID, "g1")
    assert len(bench.server.requests) == 1


async def test_job_failed_brings_what_stands_in_its_way(bench: Bench) -> None:
    sample = {"entity_id": "e1", "value": 5, "json_type": "number"}
    failed = {**job("errored"), "error": "invalid-triple-error", "invalid_triples_sample": [sample]}
    bench.server.answers = [ok({"job": failed})]
    found = await bench.client.job(APP_ID, "j1")
    assert (found.error, found.samples) == ("invalid-triple-error", (sample,))


# Permissions, status, tokens, backups


async def test_push_perms_unchanged_returns_what_was_sent(bench: Bench) -> None:
    bench.server.answers = [ok({"rules": None})]
    assert await bench.client.push_perms(APP_ID, {"todos": {}}) == {"todos": {}}


async def test_get_perms_without_rules_is_none(bench: Bench) -> None:
    bench.server.answers = [ok({"perms": None})]
    assert await bench.client.get_perms(APP_ID) is None


async def test_get_perms_without_its_envelope_is_refused(bench: Bench) -> None:
    bench.server.answers = [ok({})]
    with pytest.raises(BadAnswer, match="perms is missing"):
        await bench.client.get_perms(APP_ID)


async def test_set_status_uses_the_dashboard_login(bench: Bench) -> None:
    bench.server.answers = [ok({"status": "read-only"})]
    assert await bench.client.set_status(APP_ID, "read-only") == "read-only"
    assert bench.server.requests[0].headers["authorization"] == f"Bearer {DASH_TOKEN}"


async def test_rotate_admin_token_is_used_from_then_on(bench: Bench) -> None:
    bench.server.answers = [ok({"app_id": APP_ID, "token": "x"}), ok({"goals": []})]
    token = await bench.client.rotate_admin_token(APP_ID)
    await bench.client.query(APP_ID, {"goals": {}})
    assert bench.server.requests[0].json == {"admin-token": token.reveal()}
    assert bench.server.requests[1].headers["authorization"] == f"Bearer {token.reveal()}"


async def test_list_backups_reads_times_and_sizes(bench: Bench) -> None:
    backup = {"id": "b1", "backup_at": "2026-08-21T10:00:00Z", "files_size": 5, "db_size": None, "description": None}
    bench.server.answers = [ok({"backups": [backup]})]
    (found,) = await bench.client.list_backups(APP_ID)
    assert (found.id, found.backup_at, found.files_size, found.db_size) == ("b1", 1787306400, 5, None)


async def test_create_access_token_shows_its_token_once_and_masked(bench: Bench) -> None:
    bench.server.answers = [ok({"data": {"id": "t1", "name": "ci", "token": PLATFORM_TOKEN}})]
    made = await bench.client.create_access_token("ci")
    assert made.token == Secret(PLATFORM_TOKEN)
    assert PLATFORM_TOKEN not in repr(made)


# Rows


async def test_query_sends_app_id_and_impersonation(bench: Bench) -> None:
    bench.server.answers = [ok({"goals": [{"id": "1"}]})]
    found = await bench.client.query(APP_ID, {"goals": {}}, as_email="a@b.c")
    request = bench.server.requests[0]
    assert found == {"goals": [{"id": "1"}]}
    assert (request.headers["app-id"], request.headers["as-email"]) == (APP_ID, "a@b.c")
    assert request.json == {"query": {"goals": {}}}


async def test_query_with_a_replaced_admin_token_falls_back_to_the_platform_token(bench: Bench) -> None:
    bench.client.remember_admin_token(APP_ID, Secret(TOKEN))
    gone = failure(400, "record-not-found", "x", {"record-type": "app-admin-token"})
    bench.server.answers = [gone, ok({"goals": []}), ok({"goals": []})]
    for _ in range(2):
        await bench.client.query(APP_ID, {"goals": {}})
    used = [request.headers["authorization"] for request in bench.server.requests]
    assert used == [f"Bearer {TOKEN}", f"Bearer {PLATFORM_TOKEN}", f"Bearer {PLATFORM_TOKEN}"]


async def test_transact_refuses_missing_attributes_unless_told(bench: Bench) -> None:
    bench.server.answers = [ok({"tx-id": 5})]
    assert await bench.client.transact(APP_ID, [("update", "goals", APP_ID, {"title": "x"})]) == 5
    assert bench.server.requests[0].json == {
        "steps": [["update", "goals", APP_ID, {"title": "x"}]],
        "throw-on-missing-attrs?": True,
    }


async def test_transact_answer_without_a_number_is_refused(bench: Bench) -> None:
    bench.server.answers = [ok({"tx_id": 5})]
    with pytest.raises(BadAnswer, match="tx-id"):
        await bench.client.transact(APP_ID, [])


async def test_transact_repeatable_is_repeated_after_a_lost_answer(bench: Bench) -> None:
    bench.server.answers = [Drop(), ok({"tx-id": 5})]
    assert await bench.client.transact(APP_ID, [], is_repeatable=True) == 5


async def test_get_user_unknown_is_none(bench: Bench) -> None:
    bench.server.answers = [ok({"user": None})]
    assert await bench.client.get_user(APP_ID, email="a@b.c") is None
    assert bench.server.requests[0].target == "/admin/users?email=a%40b.c"


async def test_write_to_a_read_only_app_is_read_only(bench: Bench) -> None:
    message = "This app is in read-only mode."
    bench.server.answers = [failure(400, "app-read-only", message, {"status": "read-only"})]
    with pytest.raises(ReadOnly, match="read-only mode"):
        await bench.client.transact(APP_ID, [])


# Health


async def test_probe_up(bench: Bench) -> None:
    bench.server.handler = lambda request: ok({"orgs": []} if "orgs" in request.target else {"sunset": None})
    probe = await bench.client.probe()
    assert (probe.health, probe.sentence, probe.findings) == (Health.UP, "", ())
    assert probe.latency_ms is not None
    assert probe.capabilities.set_status.is_available


@pytest.mark.parametrize(
    ("stage", "health", "kind"),
    [
        ("signups-closed", Health.DEGRADED, FindingKind.PLATFORM_CLOSING),
        ("read-only", Health.READ_ONLY, FindingKind.PLATFORM_READ_ONLY),
    ],
)
async def test_probe_closing_platform_is_a_finding(bench: Bench, stage: str, health: Health, kind: FindingKind) -> None:
    sunset = {"stage": stage, "app-creation-allowed": False}
    bench.server.handler = lambda request: ok({"orgs": []} if "orgs" in request.target else {"sunset": sunset})
    probe = await bench.client.probe()
    assert probe.health is health
    assert [each.kind for each in probe.findings] == [kind]
    assert "self-hosted" in probe.remedy


async def test_probe_asks_for_the_stage_only_now_and_then(bench: Bench) -> None:
    bench.server.handler = lambda request: ok({"orgs": []} if "orgs" in request.target else {})
    for _ in range(3):
        await bench.client.probe()
    assert bench.server.targets().count("GET /dash") == 1


async def test_probe_without_tokens_is_unauthorised(make_bench: MakeBench) -> None:
    probe = await make_bench(tokens=Tokens()).client.probe()
    assert probe.health is Health.UNAUTHORISED
    assert [each.kind for each in probe.findings] == [FindingKind.TOKEN_MISSING]
    assert not probe.capabilities.create_app.is_available


async def test_probe_of_a_read_only_connection_offers_no_writes(make_bench: MakeBench) -> None:
    bench = make_bench(is_read_only=True)
    bench.server.handler = lambda request: ok({"orgs": []} if "orgs" in request.target else {})
    able = (await bench.client.probe()).capabilities
    assert able.create_app.reason == "This connection is read-only."
    assert able.read_schema.is_available


async def test_probe_failing_platform_is_degraded(bench: Bench) -> None:
    bench.server.handler = lambda _request: failure(500, "unknown")
    assert (await bench.client.probe()).health is Health.DEGRADED
    assert len(bench.server.requests) == 1


# Registry


async def test_make_client_serves_instant() -> None:
    client = make_client(a_connection("http://127.0.0.1:1"), Tokens(), lambda _entry: None)
    assert isinstance(client, InstantClient)
    await client.aclose()


@pytest.mark.parametrize("platform", [Platform.APPWRITE, Platform.CONVEX])
def test_make_client_for_a_platform_without_client_is_unsupported(platform: Platform) -> None:
    from dataclasses import replace

    connection = replace(a_connection("http://127.0.0.1:1"), platform=platform)
    with pytest.raises(Unsupported, match=platform.value):
        make_client(connection, Tokens(), lambda _entry: None)
