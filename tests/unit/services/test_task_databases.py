from types import SimpleNamespace

import pytest

from app.core.errors import (
    Conflict,
    Forbidden,
    Invalid,
    NotFound,
    PlatformFault,
    RateLimited,
    ReadOnly,
    Timeout,
    Unreachable,
)
from app.platforms.contract import RemoteApp
from app.services.provision_journal import WANTED
from app.services.task_databases import AT_ONCE, MOST_ATTEMPTS
from tests.unit.services.fakes import uid
from tests.unit.services.task_fakes import TaskHouse, TaskPlatform

TASK = uid(1)


@pytest.fixture
def house() -> TaskHouse:
    client = TaskPlatform()
    client.task(1, "Sort the answers")
    return TaskHouse(client)


async def made(house: TaskHouse, task_id: str = TASK):
    await house.databases.create("c1", task_id)
    return await house.databases.wait("c1", task_id)


async def test_create_returns_before_the_platform_is_asked(house):
    house.client.gate.clear()
    state = await house.databases.create("c1", TASK)
    assert (state.state, state.name.count("-")) == ("creating", 2)
    assert house.client.calls == []
    assert [(each.owner_id, each.step, each.title) for each in house.journal.of("c1", "task")] == [
        (TASK, WANTED, state.name)
    ]
    house.client.gate.set()
    ready = await house.databases.wait("c1", TASK)
    assert (ready.state, ready.name, ready.app_id != "") == ("ready", state.name, True)
    assert house.journal.entries == {}


async def test_create_while_it_is_being_made_begins_nothing_more(house):
    house.provisioning.gate.clear()
    first = await house.databases.create("c1", TASK)
    second = await house.databases.create("c1", TASK)
    assert (first.name, second.state) == (second.name, "creating")
    house.provisioning.gate.set()
    await house.databases.wait("c1", TASK)
    assert len(house.provisioning.asked) == 1


async def test_create_for_a_task_that_has_a_database_says_so_and_does_nothing(house):
    house.client.apps[uid(40)] = RemoteApp(uid(40), "calm-green-harbour")
    house.client.database("r1", uid(40), "token", TASK)
    await house.open()
    state = await made(house)
    assert (state.state, state.app_id, state.was_there) == ("ready", uid(40), True)
    assert state.sentence == "This task has a database already: calm-green-harbour. Nothing was done."
    assert (house.provisioning.asked, house.journal.entries, house.client.transactions) == ([], {}, [])


async def test_create_again_after_it_is_ready_makes_no_second_one(house):
    await made(house)
    assert (await made(house)).was_there
    assert len(house.provisioning.asked) == 1


async def test_create_that_somebody_else_was_quicker_with_says_so(house):
    async def quicker(*_values):
        house.client.database("r1", uid(41), "token", TASK)
        raise Conflict("It has one already.")

    house.provisioning.create_for_task = quicker
    state = await made(house)
    assert (state.state, state.app_id, state.was_there) == ("ready", uid(41), True)


async def test_platform_that_fails_is_tried_again_with_growing_pauses_and_the_same_name(house):
    house.provisioning.errors = [Unreachable("No network."), Timeout("No answer."), PlatformFault("It failed.")]
    state = await made(house)
    assert state.state == "ready"
    assert len({title for _task, title, _template in house.provisioning.asked}) == 1
    assert [low <= pause <= 2 * low for low, pause in zip((0.5, 1.0, 2.0), house.pauses, strict=True)] == [True] * 3


async def test_pause_is_as_long_as_the_platform_asks_for(house):
    house.provisioning.errors = [RateLimited("Too fast.", retry_after_s=42.0)]
    await made(house)
    assert house.pauses == [42.0]


async def test_state_between_two_tries_says_what_happened_and_that_it_goes_on(house):
    seen = []

    async def look(_seconds):
        seen.append((house.databases.state("c1", TASK), house.journal.of("c1", "task")[0].error))

    house.databases._sleep = look
    house.provisioning.errors = [Unreachable("No network.")]
    await made(house)
    ((state, error),) = seen
    assert (state.state, state.attempt, error) == ("creating", 2, "")
    assert state.sentence == f"No network. Trying again (2 of {MOST_ATTEMPTS})."


async def test_platform_that_stays_away_ends_as_failed_and_can_be_tried_again(house):
    house.provisioning.errors = [Unreachable("No network.", remedy="Check it.") for _ in range(MOST_ATTEMPTS)]
    failed = await made(house)
    assert (failed.state, failed.sentence, failed.remedy) == ("failed", "No network.", "Check it.")
    assert [each.error for each in house.journal.of("c1", "task")] == ["No network."]
    again = await house.databases.retry("c1", TASK)
    assert (again.state, again.name) == ("creating", failed.name)
    assert [each.error for each in house.journal.of("c1", "task")] == [""]
    assert (await house.databases.wait("c1", TASK)).state == "ready"


@pytest.mark.parametrize("error", [Forbidden("You may not."), Invalid("The foundation lacks databases.")])
async def test_refusal_fails_at_once(house, error):
    house.provisioning.errors = [error]
    state = await made(house)
    assert (state.state, state.sentence, house.pauses) == ("failed", error.sentence, [])


async def test_task_that_is_gone_fails_and_is_forgotten(house):
    state = await made(house, uid(99))
    assert (state.state, state.sentence) == ("failed", "The foundation has no such task any more.")
    assert house.journal.entries == {}


@pytest.mark.expects_log("ERROR")
async def test_bug_ends_as_failed_and_in_the_log(house, caplog):
    house.provisioning.errors = [ZeroDivisionError()]
    state = await made(house)
    assert (state.state, state.remedy) == ("failed", "Look into the log, then try again.")
    assert "ZeroDivisionError" in caplog.text


async def test_what_was_interrupted_goes_on_after_a_restart_with_its_name(house):
    house.provisioning.gate.clear()
    begun = await house.databases.create("c1", TASK)
    await house.databases.aclose()
    later = house.again()
    await later.databases.resume()
    state = await later.databases.wait("c1", TASK)
    assert (state.state, state.name, later.journal.entries) == ("ready", begun.name, {})
    assert len(later.provisioning.asked) == 1


async def test_what_failed_waits_for_the_operator_after_a_restart(house):
    house.provisioning.errors = [Forbidden("You may not.")]
    await made(house)
    later = house.again()
    await later.databases.resume()
    state = later.databases.state("c1", TASK)
    assert (state.state, state.sentence) == ("failed", "You may not.")
    assert later.provisioning.asked == []


async def test_name_that_the_registry_has_is_not_given_again(house):
    first = (await house.databases.create("c1", TASK)).name
    await house.databases.aclose()
    house.client.row("databases", "r9", name=first)
    later = house.again()
    await later.databases.resume()
    state = await later.databases.wait("c1", TASK)
    assert state.state == "ready"
    assert state.name != first
    assert later.provisioning.asked[0][1] == state.name


async def test_name_of_an_app_that_is_listed_is_not_given_again(house):
    name = (await made(house)).name
    other = TaskHouse(TaskPlatform(RemoteApp(uid(60), name)))
    other.client.task(1)
    await other.open()
    assert (await made(other)).name != name


async def test_template_goes_to_provisioning(house):
    await house.databases.create("c1", TASK, "notes")
    await house.databases.wait("c1", TASK)
    assert house.provisioning.asked[0][2] == "notes"


async def test_give_up_takes_back_what_was_begun_and_forgets_it(house):
    house.provisioning.errors = [Forbidden("You may not.")]
    await made(house)
    house.provisioning.open = [
        SimpleNamespace(kind="task", owner_id=TASK, key="k1"),
        SimpleNamespace(kind="task", owner_id=uid(2), key="k2"),
    ]
    await house.databases.give_up("c1", TASK)
    assert (house.provisioning.taken_back, house.journal.entries) == (["k1"], {})
    assert house.databases.state("c1", TASK).state == "none"


async def test_give_up_while_it_is_being_made_ends_the_work(house):
    house.provisioning.gate.clear()
    await house.databases.create("c1", TASK)
    await house.databases.give_up("c1", TASK)
    house.provisioning.gate.set()
    assert (await house.databases.wait("c1", TASK)).state == "none"
    assert len(house.client.apps) == 1


async def test_read_only_connection_refuses_before_anything_is_kept():
    house = TaskHouse(TaskPlatform(), is_read_only=True)
    with pytest.raises(ReadOnly):
        await house.databases.create("c1", TASK)
    assert house.journal.entries == {}


async def test_connection_without_foundation_is_told_so():
    with pytest.raises(NotFound):
        await TaskHouse(TaskPlatform(), foundation_app_id=None).databases.create("c1", TASK)


async def test_every_change_of_a_state_is_told(house):
    await made(house)
    assert len(house.heard) >= 2
    assert {each for changes in house.heard for each in changes.apps} == {"c1"}


async def test_many_are_made_a_few_at_a_time(house):
    tasks = [house.client.task(number) for number in range(10, 50)]
    house.provisioning.gate.clear()
    for each in tasks:
        await house.databases.create("c1", each)
    while len(house.provisioning.asked) < AT_ONCE:
        await house.provisioning.turned.wait()
        house.provisioning.turned.clear()
    assert len(house.provisioning.asked) == AT_ONCE
    house.provisioning.gate.set()
    assert {(await house.databases.wait("c1", each)).state for each in tasks} == {"ready"}
    assert len({title for _task, title, _template in house.provisioning.asked}) == 40


async def test_connection_with_another_foundation_by_now_fails_without_touching_it(house):
    wish = await house.databases._wishes.begin(house.connections.get("c1"), TASK, None)
    house.journal.entries[wish.id] = wish._replace(foundation_app_id=uid(8))
    state = await made(house)
    assert (state.state, state.sentence) == ("failed", "The connection has another foundation now.")
