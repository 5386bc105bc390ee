"""Pushing plans to the local platform, as a process of its own: what it keeps, refuses, tells and brings back."""

from __future__ import annotations

import json
import urllib.request
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import replace
from typing import Any

import pytest

from app.core.connection import Connection, Environment, Platform
from app.core.errors import Conflict, KnownError, NotFound, PlatformFault, ReadOnly, Unreachable
from app.core.refs import new_id
from app.core.secret import Secret
from app.platforms.contract import PushJob, PushProgress, RowCount
from app.platforms.http_words import HttpPolicy, Tokens
from app.platforms.instant import row_counts
from app.platforms.instant.client import InstantClient
from app.platforms.registry import make_client
from app.schema.compare import Plan
from app.schema.model import Attribute, Entity, Link, LinkEnd, Schema
from app.schema.operations import (
    AddAttribute,
    AddEntity,
    AddLink,
    ChangeAttribute,
    ChangeLink,
    DropAttribute,
    DropEntity,
    DropLink,
    Operation,
    RenameAttribute,
    RenameEntity,
)
from app.schema.types import AnyType, DateType, NumberType, StringType
from tests.support.local_platform import RunningPlatform, local_platform

pytestmark = pytest.mark.timeout(60)

TITLE = Attribute("title", StringType())
DUE = Attribute("due", DateType())
SIZE = Attribute("size")
TODOS = Entity("todos", (TITLE, SIZE))
PEOPLE = Entity("people", (Attribute("email", StringType()),))
OWNER = Link("todosOwner", LinkEnd("todos", "owner", "one", on_delete="cascade"), LinkEnd("people", "todos", "many"))
SCHEMA = Schema((TODOS, PEOPLE), (OWNER,))
NO_RETRIES = HttpPolicy(retries=0)


@pytest.fixture(scope="module")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningPlatform]:
    with local_platform(tmp_path_factory.mktemp("platform") / "data", "--faults", "[]") as running:
        yield running


@pytest.fixture
def connection(platform: RunningPlatform) -> Connection:
    return Connection("c1", "Local", Platform.INSTANT, platform.api_uri, Environment.LOCAL)


@pytest.fixture
def tokens(platform: RunningPlatform) -> Tokens:
    return Tokens(Secret(platform.platform_token), Secret(platform.dash_token))


@pytest.fixture
async def client(connection: Connection, tokens: Tokens) -> AsyncIterator[InstantClient]:
    made = make_client(connection, tokens, lambda _entry: None, policy=NO_RETRIES)
    yield made
    await made.aclose()


@pytest.fixture
async def app_id(client: InstantClient) -> AsyncIterator[str]:
    app = await client.create_app("Pushed", app_id=new_id(), schema=SCHEMA)
    yield app.app_id
    await client.delete_app(app.app_id)


@pytest.fixture
def fault(platform: RunningPlatform) -> Iterator[Any]:
    """Put faults in force; none are left after the test."""

    def put(*faults: dict[str, Any]) -> None:
        request = urllib.request.Request(
            f"{platform.api_uri}/local/faults",
            data=json.dumps({"faults": faults}).encode(),
            headers={**platform.headers, "Content-Type": "application/json"},
            method="POST",
        )
        with urllib.request.urlopen(request) as answer:
            assert answer.status == 200

    yield put
    put()


async def write(client: InstantClient, app_id: str, entity: str, rows: Sequence[dict[str, Any]]) -> list[str]:
    ids = [new_id() for _ in rows]
    steps = [["update", entity, row_id, row] for row_id, row in zip(ids, rows, strict=True)]
    await client.transact(app_id, steps, is_repeatable=True)
    return ids


async def push(client: InstantClient, app_id: str, *steps: Operation, restores: bool = False) -> tuple[PushJob, ...]:
    return await client.send_plan(app_id, await client.read_live(app_id), Plan(steps), restores=restores)


async def failed(client: InstantClient, app_id: str, *steps: Operation) -> PushJob:
    (job,) = [job for job in await push(client, app_id, *steps) if job.status == "errored"]
    return job


async def rows_of(client: InstantClient, app_id: str, entity: str, **links: Any) -> dict[str, dict[str, Any]]:
    found = await client.query(app_id, {entity: links})
    return {row["id"]: row for row in found[entity]}


# Renames.


async def test_renamed_entity_keeps_rows_links_and_cascades(client: InstantClient, app_id: str) -> None:
    (person,) = await write(client, app_id, "people", [{"email": "a@b.c"}])
    (todo,) = await write(client, app_id, "todos", [{"title": "one"}])
    await client.transact(app_id, [["link", "todos", todo, {"owner": person}]])
    await push(client, app_id, RenameEntity("people", "persons"), RenameEntity("todos", "tasks"))
    rows = await rows_of(client, app_id, "tasks", owner={})
    assert rows[todo]["title"] == "one"
    assert rows[todo]["owner"] == [{"id": person, "email": "a@b.c"}]
    assert await rows_of(client, app_id, "people") == {}
    await client.transact(app_id, [["delete", "persons", person]])
    assert await rows_of(client, app_id, "tasks") == {}


async def test_swapped_entities_and_attributes_keep_their_rows(client: InstantClient, app_id: str) -> None:
    (todo,) = await write(client, app_id, "todos", [{"title": "one", "size": 1}])
    (person,) = await write(client, app_id, "people", [{"email": "a@b.c"}])
    await push(
        client,
        app_id,
        RenameEntity("todos", "x"),
        RenameEntity("people", "todos"),
        RenameEntity("x", "people"),
        RenameAttribute("people", "title", "x"),
        RenameAttribute("people", "size", "title"),
        RenameAttribute("people", "x", "size"),
    )
    assert await rows_of(client, app_id, "people") == {todo: {"id": todo, "title": 1, "size": "one"}}
    assert await rows_of(client, app_id, "todos") == {person: {"id": person, "email": "a@b.c"}}


async def test_old_name_of_a_renamed_attribute_is_free_and_jobs_know_the_new_one(
    client: InstantClient, app_id: str
) -> None:
    jobs = await push(
        client,
        app_id,
        RenameAttribute("todos", "title", "headline"),
        AddAttribute("todos", Attribute("title", StringType(), is_indexed=True)),
        ChangeAttribute(
            "todos", Attribute("headline", StringType()), Attribute("headline", StringType(), is_indexed=True)
        ),
    )
    assert sorted((job.title, job.place, job.status) for job in jobs) == [
        ("Index todos.headline", "todos.headline", "completed"),
        ("Index todos.title", "todos.title", "completed"),
    ]


# Jobs that fail.


async def test_required_without_values_errors_with_the_rows(client: InstantClient, app_id: str) -> None:
    ids = await write(client, app_id, "todos", [{"title": "a"}, {}, {}])
    job = await failed(client, app_id, ChangeAttribute("todos", TITLE, replace(TITLE, is_required=True)))
    assert job.error == "2 rows of todos have no value for title."
    assert job.row_count == 2
    assert {row.entity_id for row in job.rows} == set(ids[1:])
    live = await client.read_live(app_id)
    todos = live.schema.entity("todos")
    assert todos is not None
    assert not todos.attributes[1].is_required


async def test_unique_with_repeated_values_errors_with_the_rows(client: InstantClient, app_id: str) -> None:
    ids = await write(client, app_id, "todos", [{"title": "a"}, {"title": "a"}, {"title": "b"}])
    job = await failed(client, app_id, ChangeAttribute("todos", TITLE, replace(TITLE, is_unique=True)))
    assert job.error == 'Several rows of todos have the same title: "a".'
    assert {row.entity_id for row in job.rows} == set(ids[:2])
    assert {row.value for row in job.rows} == {'"a"'}


async def test_type_with_other_values_errors_with_the_rows(client: InstantClient, app_id: str) -> None:
    ids = await write(client, app_id, "todos", [{"size": 1}, {"size": "big"}])
    job = await failed(client, app_id, ChangeAttribute("todos", SIZE, replace(SIZE, type=NumberType())))
    assert job.error == "1 value of todos.size is of another type."
    assert [(row.entity_id, row.value, row.kind) for row in job.rows] == [(ids[1], '"big"', "string")]


async def test_index_of_a_long_value_errors_with_the_row(client: InstantClient, app_id: str) -> None:
    (row,) = await write(client, app_id, "todos", [{"title": "x" * 2000}])
    job = await failed(client, app_id, ChangeAttribute("todos", TITLE, replace(TITLE, is_indexed=True)))
    assert "longer than the 1,024 bytes" in job.error
    assert [each.entity_id for each in job.rows] == [row]


async def test_failed_job_leaves_the_rest_of_the_push_in_place(client: InstantClient, app_id: str) -> None:
    await write(client, app_id, "todos", [{"title": "a"}])
    jobs = await push(
        client,
        app_id,
        AddAttribute("todos", replace(DUE, is_required=True)),
        ChangeAttribute("todos", TITLE, replace(TITLE, is_indexed=True)),
    )
    assert sorted((job.place, job.status) for job in jobs) == [("todos.due", "errored"), ("todos.title", "completed")]


async def test_progress_tells_of_sending_and_then_of_jobs(client: InstantClient, app_id: str) -> None:
    told: list[PushProgress] = []
    plan = Plan((ChangeAttribute("todos", TITLE, replace(TITLE, is_indexed=True)),))
    jobs = await client.send_plan(app_id, await client.read_live(app_id), plan, told.append)
    assert [each.phase for each in told][:2] == ["sending", "jobs"]
    assert told[-1].jobs == jobs
    assert jobs[0].status == "completed"


# What is brought back.


async def test_dropped_attribute_comes_back_with_values_and_flags(client: InstantClient, app_id: str) -> None:
    indexed = replace(TITLE, is_indexed=True)
    ids = await write(client, app_id, "todos", [{"title": "a"}, {"title": "b"}])
    await push(client, app_id, ChangeAttribute("todos", TITLE, indexed))
    before = (await client.read_live(app_id)).fingerprint
    await push(client, app_id, DropAttribute("todos", indexed))
    jobs = await push(client, app_id, AddAttribute("todos", indexed), restores=True)
    assert [(job.title, job.status) for job in jobs] == [("Index todos.title", "completed")]
    assert (await client.read_live(app_id)).fingerprint == before
    rows = await rows_of(client, app_id, "todos")
    assert [rows[each]["title"] for each in ids] == ["a", "b"]


async def test_dropped_entity_comes_back_with_rows_and_links(client: InstantClient, app_id: str) -> None:
    (person,) = await write(client, app_id, "people", [{"email": "a@b.c"}])
    (todo,) = await write(client, app_id, "todos", [{"title": "one"}])
    await client.transact(app_id, [["link", "todos", todo, {"owner": person}]])
    before = (await client.read_live(app_id)).fingerprint
    await push(client, app_id, DropLink(OWNER), DropEntity(PEOPLE))
    await push(client, app_id, AddEntity(PEOPLE), AddLink(OWNER), restores=True)
    assert (await client.read_live(app_id)).fingerprint == before
    rows = await rows_of(client, app_id, "todos", owner={})
    assert rows[todo]["owner"] == [{"id": person, "email": "a@b.c"}]


async def test_dropped_and_renamed_comes_back_under_the_first_name(client: InstantClient, app_id: str) -> None:
    (todo,) = await write(client, app_id, "todos", [{"title": "one"}])
    await push(client, app_id, RenameEntity("todos", "tasks"), DropAttribute("tasks", TITLE))
    await push(client, app_id, AddAttribute("tasks", TITLE), restores=True)
    assert (await rows_of(client, app_id, "tasks"))[todo]["title"] == "one"
    assert await rows_of(client, app_id, "todos") == {}


async def test_attribute_added_again_without_restores_is_empty(client: InstantClient, app_id: str) -> None:
    await write(client, app_id, "todos", [{"title": "one"}])
    await push(client, app_id, DropAttribute("todos", TITLE))
    await push(client, app_id, AddAttribute("todos", TITLE))
    assert all("title" not in row for row in (await rows_of(client, app_id, "todos")).values())


# Rows that a plan touches.


async def counts_of(client: InstantClient, app_id: str, *steps: Operation) -> list[tuple[int, int | None, str, bool]]:
    told: list[RowCount] = []
    found = await client.count_rows(app_id, Plan(steps), told.append)
    assert len(told) == len(found)
    assert set(told) == set(found)
    return [(each.operation, each.rows, each.sentence, each.is_blocking) for each in found]


async def test_count_rows_says_what_is_lost_and_what_is_in_the_way(client: InstantClient, app_id: str) -> None:
    rows = [{"title": "a", "size": 1}, {"title": "a", "size": "x"}, {"title": "b"}, {}]
    ids = await write(client, app_id, "todos", rows)
    (person,) = await write(client, app_id, "people", [{"email": "a@b.c"}])
    await client.transact(app_id, [["link", "todos", each, {"owner": person}] for each in ids[:2]])
    strict = replace(TITLE, is_required=True, is_unique=True)
    one = replace(OWNER, forward=replace(OWNER.forward, is_required=True), reverse=replace(OWNER.reverse, has="one"))
    assert await counts_of(
        client,
        app_id,
        RenameEntity("todos", "tasks"),
        RenameAttribute("tasks", "title", "name"),
        ChangeAttribute("tasks", replace(TITLE, name="name"), replace(strict, name="name")),
        ChangeAttribute("tasks", SIZE, replace(SIZE, type=NumberType())),
        AddAttribute("tasks", replace(DUE, is_required=True)),
        AddAttribute("tasks", Attribute("note")),
        DropAttribute("tasks", replace(SIZE, type=NumberType())),
        DropEntity(PEOPLE),
    ) == [
        (2, 1, "1 row of tasks has no value for name.", True),
        (2, 2, "2 rows of tasks share their name with another.", True),
        (3, 1, "1 row of tasks has a size that is no number.", True),
        (4, 4, "4 rows of tasks have no value for due.", True),
        (6, 2, "2 rows of tasks lose their size.", False),
        (7, 1, "1 row of people goes with it.", False),
    ]
    assert await counts_of(client, app_id, ChangeLink(OWNER, one)) == [
        (0, 2, "2 rows of todos have no value for owner.", True),
        (0, 1, "1 row of people has several todos.", True),
    ]
    assert await counts_of(client, app_id, DropLink(OWNER)) == [(0, 2, "2 rows of todos lose their owner.", False)]


async def test_count_rows_of_what_the_plan_adds_asks_nothing(client: InstantClient, app_id: str) -> None:
    late = Attribute("late")
    assert (
        await counts_of(
            client,
            app_id,
            AddEntity(Entity("new", (late,))),
            ChangeAttribute("new", late, replace(late, is_unique=True)),
            AddAttribute("todos", late),
            ChangeAttribute("todos", late, replace(late, is_unique=True)),
            DropAttribute("todos", late),
        )
        == []
    )


async def test_count_rows_asks_for_the_same_number_once(client: InstantClient, app_id: str) -> None:
    await write(client, app_id, "todos", [{"title": "a"}] * 3)
    steps = [AddAttribute("todos", Attribute(f"n{number}", is_required=True)) for number in range(250)]
    found = await counts_of(client, app_id, *steps, *(DropAttribute("todos", Attribute(f"m{n}")) for n in range(150)))
    assert [(operation, rows) for operation, rows, _, _ in found[:250]] == [(number, 3) for number in range(250)]
    assert len(found) == 400


async def test_count_rows_stops_reading_at_its_bound_and_says_so(
    client: InstantClient, app_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(row_counts, "PAGE", 2)
    monkeypatch.setattr(row_counts, "MOST_ROWS", 4)
    await write(client, app_id, "todos", [{"title": str(n), "size": "x"} for n in range(7)])
    unique = ChangeAttribute("todos", TITLE, replace(TITLE, is_unique=True))
    number = ChangeAttribute("todos", SIZE, replace(SIZE, type=NumberType()))
    assert await counts_of(client, app_id, unique, number) == [
        (0, None, "There are more than 4 rows: the first 4 are in nobody's way.", False),
        (1, 4, "At least 4 rows of todos have a size that is no number.", True),
    ]


async def test_admin_token_that_was_replaced_gives_way_to_the_connections_own(
    client: InstantClient, app_id: str
) -> None:
    await push(client, app_id, DropAttribute("todos", TITLE))
    client.remember_admin_token(app_id, Secret(new_id()))
    assert await counts_of(client, app_id, DropEntity(PEOPLE)) == [(0, 0, "No rows of people go with it.", False)]
    client.remember_admin_token(app_id, Secret(new_id()))
    await push(client, app_id, AddAttribute("todos", TITLE), restores=True)


async def test_count_rows_without_access_says_why(
    connection: Connection, platform: RunningPlatform, app_id: str
) -> None:
    client = make_client(connection, Tokens(None, Secret(platform.dash_token)), lambda _entry: None)
    found = await counts_of(client, app_id, DropAttribute("todos", TITLE), DropEntity(PEOPLE))
    assert [(rows, blocks) for _, rows, _, blocks in found] == [(None, False)] * 2
    assert all(sentence.startswith("The rows could not be counted: ") for _, _, sentence, _ in found)
    await client.aclose()


# What goes wrong.


def may_have_taken_effect(error: KnownError) -> bool:
    return bool(getattr(error, "may_have_taken_effect", False))


async def test_push_whose_answer_is_lost_may_have_taken_effect(client: InstantClient, app_id: str, fault: Any) -> None:
    live = await client.read_live(app_id)
    fault({"kind": "truncate", "path": "*/steps/apply", "count": 1, "after_bytes": 0})
    with pytest.raises(KnownError) as caught:
        await client.send_plan(app_id, live, Plan((AddAttribute("todos", DUE),)))
    assert may_have_taken_effect(caught.value)
    todos = (await client.read_live(app_id)).schema.entity("todos")
    assert todos is not None
    assert todos.attribute("due") == DUE


async def test_push_whose_answer_is_unreadable_may_have_taken_effect(
    client: InstantClient, app_id: str, fault: Any
) -> None:
    live = await client.read_live(app_id)
    fault({"kind": "truncate", "path": "*/steps/apply", "count": 1, "after_bytes": 20})
    with pytest.raises(KnownError) as caught:
        await client.send_plan(app_id, live, Plan((AddAttribute("todos", DUE),)))
    assert may_have_taken_effect(caught.value)


async def test_push_that_the_platform_refuses_changes_nothing(client: InstantClient, app_id: str) -> None:
    live = await client.read_live(app_id)
    await push(client, app_id, AddAttribute("todos", DUE))
    plan = Plan((RenameAttribute("todos", "size", "weight"), AddAttribute("todos", DUE)))
    with pytest.raises(Conflict) as caught:
        await client.send_plan(app_id, live, plan)
    assert not may_have_taken_effect(caught.value)
    todos = (await client.read_live(app_id)).schema.entity("todos")
    assert todos is not None
    assert todos.attribute("size") is not None


async def test_push_that_breaks_between_two_requests_keeps_all_rows_and_can_go_on(
    client: InstantClient, app_id: str, fault: Any
) -> None:
    (todo,) = await write(client, app_id, "todos", [{"title": "one", "size": 1}])
    live = await client.read_live(app_id)
    swap = Plan(
        (
            RenameAttribute("todos", "title", "x"),
            RenameAttribute("todos", "size", "title"),
            RenameAttribute("todos", "x", "size"),
        )
    )
    told: list[PushProgress] = []

    async def break_second() -> None:
        """The first request goes through, the second meets a fault."""
        apply_steps = client.apply_steps

        async def once(*args: Any, **options: Any) -> Any:
            result = await apply_steps(*args, **options)
            fault({"kind": "server-error", "path": "*/steps/apply", "count": 1})
            return result

        client.apply_steps = once  # type: ignore[method-assign]
        try:
            await client.send_plan(app_id, live, swap, told.append)
        finally:
            client.apply_steps = apply_steps  # type: ignore[method-assign]

    with pytest.raises(PlatformFault) as caught:
        await break_second()
    assert may_have_taken_effect(caught.value)
    assert "Names that end in _renaming are in between" in caught.value.remedy
    assert (await rows_of(client, app_id, "todos"))[todo] == {"id": todo, "title_renaming": "one", "size_renaming": 1}
    now = await client.read_live(app_id)
    between = (("todos", "size", "size_renaming"), ("todos", "title", "title_renaming"))
    assert sorted(client.renames_between(live, now).attributes) == list(between)
    await push(
        client,
        app_id,
        RenameAttribute("todos", "title_renaming", "size"),
        RenameAttribute("todos", "size_renaming", "title"),
    )
    assert (await rows_of(client, app_id, "todos"))[todo] == {"id": todo, "title": 1, "size": "one"}


async def test_second_request_of_a_push_is_repeated_where_the_first_was_not(
    connection: Connection, tokens: Tokens, app_id: str, fault: Any
) -> None:
    client = make_client(connection, tokens, lambda _entry: None, policy=HttpPolicy(backoff_s=0.01))
    (todo,) = await write(client, app_id, "todos", [{"title": "one", "size": 1}])
    live = await client.read_live(app_id)
    apply_steps = client.apply_steps

    async def once(*args: Any, **options: Any) -> Any:
        result = await apply_steps(*args, **options)
        client.apply_steps = apply_steps  # type: ignore[method-assign]
        fault({"kind": "truncate", "path": "*/steps/apply", "count": 1, "after_bytes": 0})
        return result

    client.apply_steps = once  # type: ignore[method-assign]
    swap = (RenameAttribute("todos", "title", "x"), RenameAttribute("todos", "size", "title"))
    await client.send_plan(app_id, live, Plan((*swap, RenameAttribute("todos", "x", "size"))))
    assert (await rows_of(client, app_id, "todos"))[todo] == {"id": todo, "title": 1, "size": "one"}
    await client.aclose()


async def test_jobs_that_cannot_be_followed_may_have_taken_effect(
    client: InstantClient, app_id: str, fault: Any
) -> None:
    live = await client.read_live(app_id)
    fault({"kind": "drop", "path": "*/indexing-jobs/group/*"})
    with pytest.raises(Unreachable) as caught:
        await client.send_plan(app_id, live, Plan((ChangeAttribute("todos", TITLE, replace(TITLE, is_indexed=True)),)))
    assert may_have_taken_effect(caught.value)
    assert caught.value.remedy.startswith("Part of the push was done")


async def test_restore_without_a_live_session_changes_nothing(client: InstantClient, app_id: str, fault: Any) -> None:
    await push(client, app_id, DropAttribute("todos", TITLE))
    before = await client.read_live(app_id)
    fault({"kind": "server-error", "path": "/admin/sse"})
    plan = Plan((AddAttribute("todos", TITLE), AddAttribute("todos", DUE)))
    with pytest.raises(PlatformFault) as caught:
        await client.send_plan(app_id, before, plan, restores=True)
    assert not may_have_taken_effect(caught.value)
    assert (await client.read_live(app_id)).fingerprint == before.fingerprint


async def test_read_only_connection_sends_no_plan(connection: Connection, tokens: Tokens, app_id: str) -> None:
    client = make_client(replace(connection, is_read_only=True), tokens, lambda _entry: None)
    live = await client.read_live(app_id)
    with pytest.raises(ReadOnly):
        await client.send_plan(app_id, live, Plan((AddAttribute("todos", DUE),)))
    assert await counts_of(client, app_id, DropAttribute("todos", TITLE)) == [
        (0, 0, "No rows of todos lose their title.", False)
    ]
    await client.aclose()


async def test_read_only_connection_restores_nothing(
    connection: Connection, tokens: Tokens, client: InstantClient, app_id: str
) -> None:
    await push(client, app_id, DropAttribute("todos", TITLE))
    reader = make_client(replace(connection, is_read_only=True), tokens, lambda _entry: None)
    live = await reader.read_live(app_id)
    with pytest.raises(ReadOnly):
        await reader.send_plan(app_id, live, Plan((AddAttribute("todos", TITLE),)), restores=True)
    assert (await client.read_live(app_id)).fingerprint == live.fingerprint
    await reader.aclose()


async def test_read_only_app_takes_no_plan(client: InstantClient, app_id: str) -> None:
    live = await client.read_live(app_id)
    await client.set_status(app_id, "read-only")
    with pytest.raises(ReadOnly) as caught:
        await client.send_plan(app_id, live, Plan((AddAttribute("todos", DUE),)))
    assert not may_have_taken_effect(caught.value)
    await client.set_status(app_id, "active")


async def test_app_that_is_gone_is_not_found(client: InstantClient, app_id: str) -> None:
    live = await client.read_live(app_id)
    with pytest.raises(NotFound):
        await client.send_plan(new_id(), live, Plan((AddAttribute("todos", DUE),)))


def test_any_type_is_what_the_platform_keeps_for_json() -> None:
    assert SIZE.type == AnyType()
