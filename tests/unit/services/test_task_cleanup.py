import asyncio

import pytest

from app.core.connection import TokenKind
from app.core.errors import Conflict, Forbidden, Invalid, Unreachable
from app.core.secret import Secret
from app.platforms.contract import RemoteApp
from app.services.directory_refresh import WORKERS_LOCAL
from app.services.task_cleanup import GRACE_S
from app.storage.foundation_stores import KeptEntry
from tests.unit.services.fakes import FOUNDATION, FakeVault, ticking, uid
from tests.unit.services.task_fakes import TaskHouse, TaskPlatform


async def house_with(count: int, **changes) -> TaskHouse:
    """Tasks 1, 2… with databases r1, r2… in apps 41, 42…"""
    client = TaskPlatform(*(RemoteApp(uid(40 + number), f"calm-{number}") for number in range(1, count + 1)))
    for number in range(1, count + 1):
        client.task(number, f"Task {number}")
        client.database(f"r{number}", uid(40 + number), "token", uid(number))
    vault = FakeVault()
    vault.kept["c1", TokenKind.DASH] = Secret("dash")
    house = TaskHouse(client, vault=vault, **changes)
    return await house.open()


async def test_preview_of_a_deletion_says_what_goes_what_stays_and_the_two_days():
    house = await house_with(2)
    preview = await house.databases.preview_cleanup("c1", ["r1", "r2"], "delete")
    assert preview.goes == (
        "2 databases with all rows and admin tokens.",
        "2 records of the registry.",
        "2 tasks are left without a database.",
    )
    assert preview.stays[0] == "The tasks and iterations themselves."
    assert "two days" in preview.stays[1]
    assert preview.kept_until == int(ticking()() + GRACE_S)
    assert [(each.name, each.task) for each in preview.items] == [("name-r1", "Task 1"), ("name-r2", "Task 2")]
    assert house.deleted == []
    assert house.client.transactions == []


async def test_preview_of_archiving_says_that_it_can_be_undone():
    house = await house_with(1)
    preview = await house.databases.preview_cleanup("c1", ["r1"], "archive")
    assert preview.goes == ("1 database can no longer be written: whoever tries is refused.",)
    assert preview.stays == ("All rows, the admin tokens, the registry and the links to tasks; it can be undone.",)
    assert preview.kept_until == 0


async def test_preview_leaves_alone_what_is_not_only_this_database():
    house = await house_with(4)
    house.client.database("r5", FOUNDATION, "token")
    house.client.app_record("a1", uid(42), house.client.user(9, "ada@example.com"))
    house.client.database("r6", uid(43), "token")
    house.journal.entries["k"] = KeptEntry("k", "c1", FOUNDATION, "task", uid(4), uid(44), "calm")
    preview = await house.databases.preview_cleanup("c1", ["r1", "r2", "r3", "r4", "r5", "gone", "r1"], "delete")
    assert [(each.record_id, each.refusal) for each in preview.items] == [
        ("r1", ""),
        ("r2", "a user of the foundation owns this app too."),
        ("r3", "another record of the registry names the same app."),
        ("r4", "it is still being made."),
        ("r5", "this app is the foundation."),
        ("gone", "the registry has no such record any more."),
    ]
    assert preview.record_ids == ("r1",)
    outcomes = await house.databases.clean_up(preview)
    assert [each.ok for each in outcomes] == [True, False, False, False, False, False]
    assert house.deleted == [uid(41)]
    assert FOUNDATION in house.client.apps


async def test_delete_takes_the_app_then_its_record_and_the_task_stays():
    house = await house_with(2)
    (outcome,) = await house.databases.delete("c1", ["r1"])
    assert (outcome.ok, outcome.sentence) == (True, "name-r1 was deleted, and the registry no longer names it.")
    assert set(house.client.apps) == {FOUNDATION, uid(42)}
    assert set(house.client.tables["databases"]) == {"r2"}
    rows = await house.foundation.tasks("c1")
    assert {each.title: each.state for each in rows} == {"Task 1": "none", "Task 2": "ready"}


async def test_delete_stopped_between_the_app_and_its_record_is_finished_by_the_next():
    house = await house_with(1)
    house.client.fail["transact"] = Unreachable("No network.")
    (first,) = await house.databases.delete("c1", ["r1"])
    assert (first.ok, set(house.client.tables["databases"])) == (False, {"r1"})
    del house.client.fail["transact"]
    preview = await house.databases.preview_cleanup("c1", ["r1"], "delete")
    assert preview.goes == ("1 record of the registry.", "1 task is left without a database.")
    (second,) = await house.databases.clean_up(preview)
    assert (second.ok, house.client.tables["databases"]) == (True, {})


async def test_delete_again_changes_nothing():
    house = await house_with(1)
    preview = await house.databases.preview_cleanup("c1", ["r1"], "delete")
    await house.databases.clean_up(preview)
    written = len(house.client.transactions)
    (outcome,) = await house.databases.clean_up(preview)
    assert outcome.sentence == "Left alone: the registry has no such record any more."
    assert len(house.client.transactions) == written


async def test_many_are_deleted_a_few_at_a_time_and_one_that_fails_keeps_no_other():
    house = await house_with(40)
    house.client.fail[f"delete_app:{uid(45)}"] = Forbidden("You may not.", remedy="Ask for the role.")
    delete, running, most, seen = house._delete, 0, 0, []

    async def counted(ref):
        nonlocal running, most
        running, most = running + 1, max(most, running + 1)
        await asyncio.sleep(0)
        try:
            await delete(ref)
        finally:
            running -= 1

    house.cleanup._lifecycle.delete = counted
    wanted = [f"r{number}" for number in range(1, 41)]
    outcomes = await house.databases.delete("c1", wanted, seen.append)
    assert [each.record_id for each in outcomes] == wanted
    assert [(each.record_id, each.sentence, each.remedy) for each in outcomes if not each.ok] == [
        ("r5", "You may not.", "Ask for the role.")
    ]
    assert set(house.client.tables["databases"]) == {"r5"}
    assert 1 < most <= WORKERS_LOCAL
    assert (seen[-1].done, seen[-1].total) == (40, 40)


async def test_platform_that_is_away_is_not_asked_for_every_one():
    house = await house_with(60)
    house.client.fail["delete_app"] = Unreachable("No network.")
    outcomes = await house.databases.delete("c1", [f"r{number}" for number in range(1, 61)])
    assert not any(each.ok for each in outcomes)
    assert len(house.deleted) < 60
    assert outcomes[-1].sentence == "Not begun: No network."


async def test_archive_and_back_switch_the_app_and_leave_the_registry():
    house = await house_with(1)
    (outcome,) = await house.databases.archive("c1", ["r1"])
    assert (outcome.ok, house.client.status) == (True, {uid(41): "read-only"})
    back = await house.databases.preview_cleanup("c1", ["r1"], "unarchive")
    await house.databases.clean_up(back)
    assert house.client.status == {uid(41): "active"}
    assert set(house.client.tables["databases"]) == {"r1"}
    assert [each[4:] for each in house.stores.audit] == [
        ("set status", "done", "read-only"),
        ("set status", "done", "active"),
    ]


async def test_archive_without_a_dashboard_login_is_refused_in_the_preview():
    house = await house_with(1)
    house.vault.kept.clear()
    preview = await house.databases.preview_cleanup("c1", ["r1"], "archive")
    assert "needs a dashboard login" in preview.refusal
    assert preview.record_ids == ()
    with pytest.raises(Conflict):
        await house.databases.clean_up(preview)


async def test_read_only_connection_is_refused_in_the_preview():
    house = await house_with(1, is_read_only=True)
    preview = await house.databases.preview_cleanup("c1", ["r1"], "delete")
    assert preview.refusal == "Staging is a read-only connection."


@pytest.mark.parametrize(("records", "action"), [((), "delete"), (("r1",), "burn")])
async def test_preview_of_nothing_or_of_an_unknown_action_is_invalid(records, action):
    with pytest.raises(Invalid):
        await (await house_with(1)).databases.preview_cleanup("c1", records, action)


async def test_clean_up_that_is_cancelled_finishes_what_it_began_and_begins_no_more():
    house = await house_with(30)
    begun, go_on, delete = asyncio.Event(), asyncio.Event(), house._delete

    async def slow(ref):
        begun.set()
        await go_on.wait()
        await delete(ref)

    house.cleanup._lifecycle.delete = slow
    task = asyncio.create_task(house.databases.delete("c1", [f"r{number}" for number in range(1, 31)]))
    await begun.wait()
    task.cancel()
    go_on.set()
    with pytest.raises(asyncio.CancelledError):
        await task
    # What was in the middle of it is gone from both; the others are there in both.
    gone = {uid(40 + int(each[1:])) for each in {f"r{n}" for n in range(1, 31)} - set(house.client.tables["databases"])}
    assert 0 < len(gone) < 30
    assert gone.isdisjoint(house.client.apps)
    assert len(house.client.apps) == 31 - len(gone)
