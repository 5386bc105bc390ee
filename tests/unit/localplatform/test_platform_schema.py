"""Schema pushes and indexing jobs through the HTTP face."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator, Iterator
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette

from app.localplatform import jobs
from app.localplatform.app import Settings, build_app
from app.localplatform.store import Store
from app.localplatform.transact import transact
from app.localplatform.worker import JobWorker

PLATFORM_TOKEN = "per_" + "4" * 64
DASH_TOKEN = "44444444-0000-4000-8000-000000000000"


@pytest.fixture
def platform() -> Iterator[Starlette]:
    store = Store(None)
    yield build_app(store, Settings(PLATFORM_TOKEN, DASH_TOKEN))
    store.close()


@pytest.fixture
async def client(platform: Starlette) -> AsyncIterator[httpx.AsyncClient]:
    headers = {"authorization": f"Bearer {PLATFORM_TOKEN}"}
    transport = httpx.ASGITransport(platform)
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1", headers=headers) as made:
        yield made


def attr(value_type: str = "string", *, required: bool = False, unique: bool = False, indexed: bool = False) -> Any:
    return {"valueType": value_type, "required": required, "config": {"unique": unique, "indexed": indexed}}


def defs(links: Any = None, **entities: Any) -> Any:
    return {"entities": {name: {"attrs": attrs} for name, attrs in entities.items()}, "links": links or {}}


class App:
    """One app and the calls that these tests make."""

    def __init__(self, client: httpx.AsyncClient, platform: Starlette, app_id: str) -> None:
        self.client, self.platform, self.id = client, platform, app_id

    async def call(self, method: str, path: str, body: Any = None) -> Any:
        answer = await self.client.request(method, path.replace("APP", f"apps/{self.id}"), json=body)
        assert answer.status_code in (200, 400), answer.text
        return answer.json()

    async def plan(self, schema: Any, **more: Any) -> Any:
        body = {"schema": schema, "check_types": True, "supports_background_updates": True, **more}
        return await self.call("POST", "/superadmin/APP/schema/push/plan", body)

    async def push(self, schema: Any, **more: Any) -> Any:
        body = {"schema": schema, "check_types": True, "supports_background_updates": True, **more}
        result = await self.call("POST", "/superadmin/APP/schema/push/apply", body)
        self.platform.state.jobs.run_all()
        return result

    async def schema(self) -> Any:
        return (await self.call("GET", "/superadmin/APP/schema"))["schema"]

    async def jobs(self, pushed: Any) -> Any:
        group = pushed["indexing-jobs"]["group-id"]
        return (await self.call("GET", f"/dash/APP/indexing-jobs/group/{group}"))["jobs"]

    def write(self, *rows: Any) -> list[str]:
        ids = [str(uuid.uuid4()) for _ in rows]
        steps = [["create", "goals", id_, row] for id_, row in zip(ids, rows, strict=True)]
        with self.platform.state.store.write() as conn:
            transact(conn, self.id, steps)
        return ids


@pytest.fixture
async def app(client: httpx.AsyncClient, platform: Starlette) -> App:
    made = await client.post("/superadmin/apps", json={"title": "Shop"})
    return App(client, platform, made.json()["app"]["id"])


LINK = {
    "goalTodos": {
        "forward": {"on": "goals", "has": "many", "label": "todos"},
        "reverse": {"on": "todos", "has": "one", "label": "goal", "onDelete": "cascade"},
    }
}


async def test_plan_of_new_entity_adds_its_id_first_and_changes_nothing(app: App) -> None:
    planned = await app.plan(defs(LINK, goals={"title": attr(unique=True)}, todos={"text": attr()}, empty={}))
    names = [step[1]["forward-identity"][1:] for step in planned["steps"]]
    assert [step[0] for step in planned["steps"]] == ["add-attr"] * 5
    assert names == [["goals", "id"], ["todos", "id"], ["goals", "title"], ["todos", "text"], ["goals", "todos"]]
    assert "empty" not in planned["new-schema"]["blobs"]
    assert '["goals" "todos" "todos" "goal"]' in planned["new-schema"]["refs"]
    assert "goals" not in (await app.schema())["blobs"]


async def test_plan_without_schema_is_empty(app: App) -> None:
    assert (await app.call("POST", "/superadmin/APP/schema/push/plan", {}))["steps"] == []


async def test_push_twice_plans_nothing_the_second_time(app: App) -> None:
    schema = defs(LINK, goals={"title": attr(unique=True, required=True)}, todos={"text": attr()})
    first = await app.push(schema)
    assert (first["indexing-jobs"], first["transaction"]["app_id"]) == (None, app.id)
    assert (await app.push(schema))["steps"] == []
    ref = (await app.schema())["refs"]['["goals" "todos" "todos" "goal"]']
    assert (ref["cardinality"], ref["unique?"], ref["on-delete-reverse"]) == ("many", True, "cascade")


async def test_plan_of_changed_flags_has_the_platforms_order(app: App) -> None:
    await app.push(defs(goals={"title": attr("any")}))
    planned = await app.plan(defs(goals={"title": attr("number", required=True, unique=True, indexed=True)}))
    assert [step[0] for step in planned["steps"]] == ["index", "unique", "required", "check-data-type"]
    without_jobs = await app.plan(defs(goals={"title": attr(unique=True)}), supports_background_updates=False)
    assert [step[0] for step in without_jobs["steps"]] == ["update-attr", "check-data-type"]


async def test_push_leaves_what_it_does_not_mention(app: App) -> None:
    await app.push(defs(goals={"title": attr()}, todos={"text": attr()}))
    await app.push(defs(goals={"note": attr()}))
    blobs = (await app.schema())["blobs"]
    assert set(blobs["goals"]) == {"id", "title", "note"}
    assert "todos" in blobs


async def test_push_of_system_parts_is_stripped_and_own_attrs_on_users_stay(app: App) -> None:
    await app.push(defs(**{"$users": {"email": attr(unique=True), "nick": attr()}, "$files": {"path": attr()}}))
    blobs = (await app.schema())["blobs"]
    assert blobs["$users"]["nick"]["catalog"] == "user"
    assert "location-id" not in blobs["$files"]
    assert blobs["$files"]["url"]["required?"] is True


def link(one: tuple[str, str, str], other: tuple[str, str, str], **forward: str) -> Any:
    """Each side is entity, has, label."""
    sides = [dict(zip(("on", "has", "label"), side, strict=True)) for side in (one, other)]
    return {"forward": {**sides[0], **forward}, "reverse": sides[1]}


BAD_LINKS = {
    "reverse direction": link(("todos", "one", "goal"), ("goals", "many", "todos")),
    "Duplicate entry": link(("goals", "many", "todos"), ("todos", "one", "other")),
    "Cascade delete": link(("goals", "many", "x"), ("todos", "one", "y"), onDelete="cascade"),
}


@pytest.mark.parametrize("message", BAD_LINKS)
async def test_conflicting_link_is_refused_and_says_why(app: App, message: str) -> None:
    await app.push(defs(LINK, goals={"title": attr()}, todos={"text": attr()}))
    refused = await app.plan(defs({"bad": BAD_LINKS[message]}))
    assert refused["hint"]["data-type"] == "schema"
    assert refused["hint"]["errors"][0]["in"] == ["schema"]
    assert message in refused["hint"]["errors"][0]["message"]


async def test_jobs_change_flags_over_existing_data(app: App) -> None:
    await app.push(defs(goals={"title": attr("any")}))
    app.write({"title": "a"}, {"title": "b"})
    pushed = await app.push(defs(goals={"title": attr("string", required=True, unique=True, indexed=True)}))
    assert {"job_serial_key", "worker_id", "job_dependency"} <= set(pushed["indexing-jobs"]["jobs"][0])
    assert all(step[1]["job-id"] for step in pushed["steps"])
    assert [job["job_status"] for job in await app.jobs(pushed)] == ["completed"] * 4
    title = (await app.schema())["blobs"]["goals"]["title"]
    assert (title["unique?"], title["index?"], title["required?"]) == (True, True, True)
    assert title["checked-data-type"] == "string"
    assert not {"indexing?", "setting-unique?", "checking-data-type?"} & set(title)


CASES: dict[str, tuple[list[Any], Any, str, list[Any]]] = {
    "wrong type": ([{"title": 1}, {"title": "b"}], attr("number"), "invalid-triple-error", ["b"]),
    "repeated": ([{"title": "a"}, {"title": "a"}], attr("any", unique=True), "triple-not-unique-error", ["a", "a"]),
    "missing": ([{"title": "a"}, {}], attr("any", required=True), "missing-required-error", [None]),
    "too large": ([{"title": "x" * 2000}], attr("any", indexed=True), "triple-too-large-error", ["x" * 2000]),
}


@pytest.mark.parametrize("case", CASES)
async def test_job_over_data_that_does_not_fit_fails_with_sample(app: App, case: str) -> None:
    rows, wanted, error, sample = CASES[case]
    await app.push(defs(goals={"title": attr("any")}))
    before = (await app.schema())["blobs"]["goals"]["title"]
    app.write(*rows)
    (job,) = await app.jobs(await app.push(defs(goals={"title": wanted})))
    assert (job["job_status"], job["error"], job["attr_name"]) == ("errored", error, "goals.title")
    assert [each["value"] for each in job["invalid_triples_sample"]] == sample
    assert job["done_at"] is not None
    after = (await app.schema())["blobs"]["goals"]["title"]
    assert {name: after[name] for name in before if name != "inferred-types"} == {
        name: value for name, value in before.items() if name != "inferred-types"
    }


async def test_failed_required_job_counts_the_missing(app: App) -> None:
    await app.push(defs(goals={"title": attr("any")}))
    ids = app.write(*[{} for _ in range(12)])
    (job,) = await app.jobs(await app.push(defs(goals={"title": attr("any", required=True)})))
    assert job["error_data"]["count"] == 12
    assert len(job["error_data"]["entity-ids"]) == 10
    assert set(job["error_data"]["entity-ids"]) <= set(ids)


async def test_job_interrupted_by_a_crash_is_taken_up_by_the_next_process(app: App) -> None:
    await app.push(defs(goals={"title": attr()}))
    body = {"schema": defs(goals={"title": attr(indexed=True)}), "check_types": True}
    pushed = await app.call("POST", "/superadmin/APP/schema/push/apply", {**body, "supports_background_updates": True})
    store = app.platform.state.store
    with store.read() as conn:
        job_id = jobs.next_job_id(conn)
    assert job_id is not None
    with store.write() as conn:
        jobs._begin(store, conn, jobs._rows(conn, "id = ?", (job_id,))[0])
    assert (await app.jobs(pushed))[0]["job_status"] == "processing"
    assert (await app.schema())["blobs"]["goals"]["title"]["indexing?"] is True
    JobWorker(store).run_all()
    assert (await app.jobs(pushed))[0]["job_status"] == "completed"
    assert "indexing?" not in (await app.schema())["blobs"]["goals"]["title"]


async def test_job_of_unknown_type_is_refused(app: App) -> None:
    await app.push(defs(goals={"title": attr()}))
    attr_id = (await app.schema())["blobs"]["goals"]["title"]["id"]
    body = {"attr-id": attr_id, "job-type": "polish"}
    refused = await app.call("POST", "/dash/APP/indexing-jobs", body)
    assert refused["hint"]["errors"] == [{"message": "Invalid job type polish."}]
    gone = await app.call("POST", "/dash/APP/indexing-jobs", {"attr-id": str(uuid.uuid4()), "job-type": "index"})
    assert gone["type"] == "record-not-found"


async def test_steps_apply_renames_and_soft_deletes(app: App) -> None:
    await app.push(defs(goals={"title": attr(), "old": attr()}))
    blobs = (await app.schema())["blobs"]["goals"]
    ident = blobs["title"]["forward-identity"][0]
    steps = [
        ["update-attr", {"id": blobs["title"]["id"], "forward-identity": [ident, "goals", "name"]}],
        ["delete-attr", blobs["old"]["id"]],
        ["required", {"attr-id": blobs["title"]["id"], "forward-identity": blobs["title"]["forward-identity"]}],
    ]
    applied = await app.call("POST", "/dash/APP/schema/steps/apply", {"steps": steps})
    app.platform.state.jobs.run_all()
    assert (await app.jobs(applied))[0]["attr_name"] == "goals.name"
    after = (await app.schema())["blobs"]["goals"]
    assert set(after) == {"id", "name"}
    assert after["name"]["required?"] is True
    deleted = await app.call("GET", "/dash/APP/soft_deleted_attrs")
    assert [each["id"] for each in deleted["attrs"]] == [blobs["old"]["id"]]
    assert deleted["grace-period-days"] == 2


@pytest.mark.parametrize("steps", [None, "x", [["fly", {}]], [["index", {}]], [[]], [["delete-attr", {}]]])
async def test_steps_apply_with_bad_steps_is_refused(app: App, steps: Any) -> None:
    refused = await app.call("POST", "/dash/APP/schema/steps/apply", {"steps": steps})
    assert refused["type"] in ("param-missing", "param-malformed", "validation-failed")


async def test_failing_step_undoes_the_whole_request(app: App) -> None:
    await app.push(defs(goals={"title": attr()}))
    app.write({"title": "a"})
    new = ["add-attr", _blob("goals", "note")]
    bad = ["add-attr", {**_blob("goals", "must"), "required?": True}]
    refused = await app.call("POST", "/dash/APP/schema/steps/apply", {"steps": [new, bad]})
    assert refused["hint"]["data-type"] == "attributes"
    assert set((await app.schema())["blobs"]["goals"]) == {"id", "title"}


def _blob(etype: str, label: str) -> Any:
    return {
        "id": str(uuid.uuid4()),
        "forward-identity": [str(uuid.uuid4()), etype, label],
        "value-type": "blob",
        "cardinality": "one",
        "unique?": False,
        "index?": False,
    }


async def test_schema_pull_has_title_and_all_attrs(app: App) -> None:
    await app.push(defs(goals={"title": attr()}))
    pulled = await app.call("GET", "/dash/APP/schema/pull")
    assert pulled["app-title"] == "Shop"
    assert pulled["schema"] == await app.schema()
    assert {"goals", "$magicCodes"} <= {each["forward-identity"][1] for each in pulled["attrs"]}


async def test_clear_removes_attributes_and_data(app: App) -> None:
    await app.push(defs(goals={"title": attr()}))
    app.write({"title": "a"})
    headers = {"authorization": f"Bearer {DASH_TOKEN}"}
    assert (await app.client.post(f"/dash/apps/{app.id}/clear", headers=headers)).json() == {"ok": True}
    assert "goals" not in (await app.schema())["blobs"]
