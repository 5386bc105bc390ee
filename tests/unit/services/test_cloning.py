import asyncio

import pytest

from app.core.errors import Forbidden, Invalid, NotFound, PlatformFault, ReadOnly
from app.core.refs import AppRef
from app.platforms.contract import RemoteApp
from app.schema.model import Attribute, Entity, Link, LinkEnd, Schema
from app.schema.types import StringType
from app.services.cloning import PAGE
from tests.unit.services.fakes import FOUNDATION, NOTES, uid
from tests.unit.services.task_fakes import TaskHouse, TaskPlatform

SOURCE = uid(40)
REF = AppRef("c1", SOURCE)
TITLE = Attribute("title", StringType())
SCHEMA = Schema(
    (
        Entity("todos", (TITLE,)),
        Entity("lists", (TITLE,)),
        Entity("$users", (Attribute("email", StringType(), is_system=True), Attribute("nick", StringType()))),
        Entity("$files", (Attribute("path", StringType(), is_system=True),), is_system=True),
    ),
    (
        Link("todosList", LinkEnd("todos", "list", "one", is_required=True), LinkEnd("lists", "todos", "many")),
        Link("todosOwner", LinkEnd("todos", "owner", "one"), LinkEnd("$users", "todos", "many")),
        Link("todosFile", LinkEnd("todos", "file", "one"), LinkEnd("$files", "todo", "one")),
    ),
)


def todo(number: int, **more) -> dict:
    return {"id": f"t{number}", "title": f"Todo {number}", "list": [{"id": "l1"}], "owner": [{"id": "u1"}], **more}


@pytest.fixture
async def house() -> TaskHouse:
    client = TaskPlatform(RemoteApp(SOURCE, "Ada's list"))
    client.schemas[SOURCE] = SCHEMA
    client.data[SOURCE] = {
        "todos": [todo(1), todo(2, owner=[], file=[{"id": "f1"}])],
        "lists": [{"id": "l1", "title": "Home"}],
        "$users": [{"id": "u1", "email": "ada@example.com", "nick": "Ada", "type": "user"}],
        "$files": [{"id": "f1", "path": "a.png"}],
    }
    return await TaskHouse(client).open()


def steps_of(house: TaskHouse, app_id: str) -> list:
    return [step for batch in house.client.sent.get(app_id, []) for step in batch]


async def test_clone_has_schema_and_permissions_and_no_rows_unless_asked(house):
    row = await house.databases.clone(REF, " Ada's copy ")
    assert row.title == "Ada's copy"
    assert row.app_id not in {SOURCE, FOUNDATION}
    assert house.client.schemas[row.app_id] == SCHEMA
    assert house.client.sent == {}
    assert house.directory.find(AppRef("c1", row.app_id)) is not None
    assert house.stores.audit[-1][4:] == ("clone", "done", f"Ada's copy, from {SOURCE}")
    assert house.stores.fingerprints[-1] == ("", SCHEMA.fingerprint())
    assert house.stores.titles[-1] == "Ada's copy"


async def test_clone_of_an_app_without_agents_sends_no_schema(house):
    house.client.schemas[SOURCE] = Schema()
    row = await house.databases.clone(REF, "Empty", True)
    assert row.app_id not in house.client.schemas


async def test_clone_copies_rows_under_their_ids_and_links_after_them(house):
    row = await house.databases.clone(REF, "Copy", True)
    steps = steps_of(house, row.app_id)
    assert ["update", "lists", "l1", {"title": "Home"}] in steps
    assert ["update", "todos", "t1", {"title": "Todo 1"}] in steps
    last_row = max(index for index, step in enumerate(steps) if step[0] == "update")
    assert steps.index(["link", "todos", "t1", {"owner": ["u1"]}]) > last_row


async def test_clone_puts_a_required_link_into_the_transaction_of_its_row_after_its_target(house):
    row = await house.databases.clone(REF, "Copy", True)
    batches = house.client.sent[row.app_id]
    with_row = next(batch for batch in batches if ["update", "todos", "t1", {"title": "Todo 1"}] in batch)
    assert ["link", "todos", "t1", {"list": ["l1"]}] in with_row
    order = [step[1] for batch in batches for step in batch if step[0] == "update"]
    assert order.index("lists") < order.index("todos")


async def test_clone_copies_users_with_address_and_own_attributes_only(house):
    row = await house.databases.clone(REF, "Copy", True)
    users = [step for step in steps_of(house, row.app_id) if step[1] == "$users"]
    assert users == [["update", "$users", "u1", {"nick": "Ada", "email": "ada@example.com"}]]


async def test_clone_leaves_files_and_links_to_them_behind(house):
    row = await house.databases.clone(REF, "Copy", True)
    steps = steps_of(house, row.app_id)
    assert not [step for step in steps if step[1] == "$files" or "file" in step[3]]


async def test_clone_leaves_out_links_to_rows_that_it_does_not_have(house):
    house.client.data[SOURCE]["todos"][0]["owner"] = [{"id": "came later"}]
    row = await house.databases.clone(REF, "Copy", True)
    assert not [step for step in steps_of(house, row.app_id) if "owner" in step[3]]


async def test_clone_reads_page_by_page_and_writes_in_small_transactions_with_progress(house):
    house.client.data[SOURCE]["todos"] = [todo(number) for number in range(PAGE * 2 + 7)]
    seen = []
    row = await house.databases.clone(REF, "Copy", True, seen.append)
    steps = steps_of(house, row.app_id)
    assert len([step for step in steps if step[:2] == ["update", "todos"]]) == PAGE * 2 + 7
    assert max(len(batch) for batch in house.client.sent[row.app_id]) <= 100
    assert [each.done for each in seen] == sorted(each.done for each in seen)
    assert seen[-1].text.startswith("Staging: copying Ada's list: ")


async def test_clone_keeps_transactions_small_where_rows_are_large(house):
    house.client.data[SOURCE] = {
        "lists": [{"id": f"l{number}", "title": "x" * 200_000} for number in range(6)],
    }
    row = await house.databases.clone(REF, "Copy", True)
    assert [len(batch) for batch in house.client.sent[row.app_id]] == [2, 2, 2]


async def test_clone_for_an_iteration_is_in_the_registry_as_coming_from_there(house):
    iteration = house.client.row("iterations", uid(5), number=2)
    row = await house.databases.clone(REF, "Copy", iteration_id=iteration)
    ((record_id, record),) = house.client.tables["databases"].items()
    assert (record["instantAppId"], record["name"], record["adminToken"]) == (row.app_id, "Copy", uid(777))
    assert ("databases", record_id, "originIteration", iteration) in house.client.pairs
    # The record and its link are separate transactions.
    assert [len(each) for each in house.client.transactions] == [1, 1]


async def test_clone_for_an_iteration_that_is_gone_makes_nothing(house):
    with pytest.raises(NotFound):
        await house.databases.clone(REF, "Copy", iteration_id=uid(5))
    assert set(house.client.apps) == {FOUNDATION, SOURCE}


@pytest.mark.parametrize("call", ["transact", "query"])
async def test_clone_that_fails_takes_the_half_copy_back(house, call):
    create = house.client.create_app

    async def then_fails(*values, **more):
        made = await create(*values, **more)
        house.client.fail[call] = PlatformFault("It failed.", remedy="Try later.")
        return made

    house.client.create_app = then_fails
    with pytest.raises(PlatformFault) as caught:
        await house.databases.clone(REF, "Copy", True)
    assert set(house.client.apps) == {FOUNDATION, SOURCE}
    assert caught.value.remedy == "Try later."
    assert house.stores.audit[-1][5] == "failed: It failed."
    assert house.stores.fingerprints[-1] == ("", "")


async def test_clone_that_fails_and_cannot_be_taken_back_says_what_is_left(house):
    house.client.fail["transact"] = PlatformFault("It failed.", remedy="Try later.")
    house.client.fail["delete_app"] = Forbidden("You may not.")
    with pytest.raises(PlatformFault) as caught:
        await house.databases.clone(REF, "Copy", True)
    (left,) = set(house.client.apps) - {FOUNDATION, SOURCE}
    assert caught.value.remedy == f"Try later. The half copy Copy ({left}) could not be deleted (You may not.): " + (
        "delete it yourself."
    )


async def test_clone_whose_record_cannot_be_linked_leaves_neither_app_nor_record(house):
    iteration, transact, numbers = house.client.row("iterations", uid(5), number=2), house.client.transact, []

    async def second_fails(app_id, steps, **more):
        numbers.append(steps)
        if len(numbers) == 2:
            raise PlatformFault("It failed.")
        return await transact(app_id, steps, **more)

    house.client.transact = second_fails
    with pytest.raises(PlatformFault):
        await house.databases.clone(REF, "Copy", iteration_id=iteration)
    assert set(house.client.apps) == {FOUNDATION, SOURCE}
    assert house.client.tables["databases"] == {}


async def test_clone_that_is_cancelled_takes_the_half_copy_back(house):
    begun, transact = asyncio.Event(), house.client.transact

    async def held(app_id, steps, **more):
        begun.set()
        await asyncio.Event().wait()
        return await transact(app_id, steps, **more)

    house.client.transact = held
    task = asyncio.create_task(house.databases.clone(REF, "Copy", True))
    await begun.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert set(house.client.apps) == {FOUNDATION, SOURCE}
    assert house.stores.audit[-1][5] == "cancelled"


async def test_clone_follows_the_template_of_its_original(house):
    await house.directory.put("c1", RemoteApp(SOURCE, "Ada's list"), "notes")
    house.client.schemas[SOURCE] = NOTES
    assert (await house.databases.clone(REF, "Copy")).template == "notes"


async def test_clone_with_an_unacceptable_title_marks_the_field_and_makes_nothing(house):
    with pytest.raises(Invalid) as caught:
        await house.databases.clone(REF, "  ")
    assert [each.field for each in caught.value.fields] == ["title"]


async def test_clone_of_the_foundation_is_refused(house):
    with pytest.raises(Invalid):
        await house.databases.clone(AppRef("c1", FOUNDATION), "tar 2")


async def test_clone_on_a_read_only_connection_is_refused():
    with pytest.raises(ReadOnly):
        await TaskHouse(TaskPlatform(), is_read_only=True).databases.clone(REF, "Copy")
