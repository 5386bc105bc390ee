import asyncio

import pytest

from app.core.errors import Forbidden, NotFound, PlatformFault, ReadOnly, Timeout, Unsupported, VaultLocked
from app.core.refs import is_uuid
from app.core.secret import Secret
from app.platforms.contract import RemoteApp
from tests.unit.services.fakes import FOUNDATION, FakeVault, uid
from tests.unit.services.task_fakes import FakeJournal, Killed, Steps, StepVault, TaskHouse, TaskPlatform

OLD = uid(700)
RECORD = "r1"
APP = uid(40)


def platform() -> TaskPlatform:
    client = TaskPlatform(RemoteApp(APP, "calm-green-harbour"))
    client.task(1)
    client.database(RECORD, APP, OLD, uid(1))
    client.admin[APP] = OLD
    return client


def registered(client: TaskPlatform, record_id: str = RECORD) -> str:
    return client.tables["databases"][record_id]["adminToken"]


async def test_reveal_gives_the_token_of_the_registry_and_leaves_a_trace():
    house = TaskHouse(platform())
    token = await house.databases.reveal_token("c1", RECORD)
    assert token == Secret(OLD)
    assert house.secrets == [token]
    ((_who, _at, _connection, _app, action, outcome, detail),) = house.stores.audit
    assert (action, outcome, detail) == ("reveal token", "done", "record r1")


async def test_reveal_of_a_record_without_a_token_is_told_so():
    client = platform()
    client.database("r2", uid(41))
    with pytest.raises(NotFound) as caught:
        await TaskHouse(client).databases.reveal_token("c1", "r2")
    assert caught.value.remedy == "Replace the token: the registry then has the new one."


async def test_rotate_replaces_the_token_on_the_platform_and_in_the_registry():
    house = TaskHouse(platform())
    (outcome,) = await house.databases.rotate_token("c1", [RECORD])
    assert (outcome.ok, outcome.app_id) == (True, APP)
    new = registered(house.client)
    assert (new == house.client.admin[APP], new != OLD, is_uuid(new)) == (True, True, True)
    assert house.client.remembered[APP] == Secret(new)
    assert (house.journal.entries, house.vault.kept) == ({}, {})
    assert Secret(new) in house.secrets


async def test_rotate_keeps_tokens_out_of_journal_audit_and_sentences():
    house = TaskHouse(platform())
    kept: list[str] = []
    write = house.journal.write
    house.journal.write = lambda *values: kept.append(repr(values)) or write(*values)
    outcomes = await house.databases.rotate_token("c1", [RECORD])
    everything = "".join(kept) + repr(house.stores.audit) + repr(outcomes)
    assert registered(house.client) not in everything
    assert OLD not in everything


async def test_rotate_gives_the_new_token_to_every_record_of_the_app():
    client = platform()
    client.database("r2", APP, OLD)
    await TaskHouse(client).databases.rotate_token("c1", [RECORD])
    assert registered(client) == registered(client, "r2") == client.admin[APP]


async def test_rotate_many_tells_each_outcome_in_order_and_progress():
    client = platform()
    for number in range(2, 12):
        app_id = uid(40 + number)
        client.apps[app_id] = RemoteApp(app_id, "x")
        client.database(f"r{number}", app_id, OLD)
        client.admin[app_id] = OLD
    client.fail[f"rotate_admin_token:{uid(45)}"] = Forbidden("You may not.", remedy="Ask for the role.")
    wanted = [f"r{number}" for number in range(1, 12)] + ["nowhere"]
    seen = []
    outcomes = await TaskHouse(client).databases.rotate_token("c1", wanted, seen.append)
    assert [each.record_id for each in outcomes] == wanted
    failed = {each.record_id: (each.sentence, each.remedy) for each in outcomes if not each.ok}
    assert failed["r5"] == ("You may not.", "Ask for the role.")
    assert failed["nowhere"][0] == "The registry has no such database any more."
    assert (len(failed), registered(client, "r5")) == (2, OLD)
    assert [each.done for each in seen] == list(range(1, 13))


async def test_rotate_whose_answer_is_lost_but_took_effect_goes_on():
    client = platform()
    client.lost["rotate_admin_token"] = Timeout("No answer.", may_have_taken_effect=True)
    (outcome,) = await TaskHouse(client).databases.rotate_token("c1", [RECORD])
    assert outcome.ok
    assert registered(client) == client.admin[APP]


async def test_registry_that_fails_after_the_platform_leaves_the_token_in_the_vault_and_is_finished_later():
    house = TaskHouse(platform())
    house.client.fail["transact"] = PlatformFault("It failed.")
    (outcome,) = await house.databases.rotate_token("c1", [RECORD])
    assert (outcome.ok, registered(house.client)) == (False, OLD)
    (open_one,) = await house.databases.open_rotations("c1")
    assert (open_one.record_id, open_one.error) == (RECORD, "It failed.")
    assert [each.reveal() for each in house.vault.kept.values()] == [house.client.admin[APP]]
    del house.client.fail["transact"]
    later = house.again()
    await later.databases.resume()
    assert registered(later.client) == later.client.admin[APP]
    assert later.client.calls.count(f"rotate_admin_token:{APP}") == 1
    assert await later.databases.open_rotations("c1") == ()


async def test_rotating_again_chooses_another_token_even_where_the_vault_did_not_forget_the_last():
    class Forgetful(FakeVault):
        async def forget(self, connection_id):
            raise VaultLocked("The keyring is locked.")

    house = TaskHouse(platform(), vault=Forgetful())
    await house.databases.rotate_token("c1", [RECORD])
    first = registered(house.client)
    (outcome,) = await house.databases.rotate_token("c1", [RECORD])
    assert (outcome.ok, registered(house.client) != first) == (True, True)
    assert registered(house.client) == house.client.admin[APP]


async def killed_after(last: int | None) -> tuple[TaskHouse, list[str]]:
    """A rotation that ends with the step of this number; None for one that is carried through."""
    client, steps = platform(), Steps(last)
    client.steps = steps
    house = TaskHouse(client, journal=FakeJournal(steps), vault=StepVault(steps))
    try:
        await house.databases.rotate_token("c1", [RECORD])
    except Killed:
        assert last is not None
    steps.last = None
    return house, list(steps.done)


async def test_rotation_has_the_steps_that_are_killed_below():
    _house, done = await killed_after(None)
    assert done == ["journal", "vault set", "journal", "rotate", "registry", "vault forget", "journal"]


@pytest.mark.parametrize("is_vault_lost", [False, True], ids=["keyring", "session only"])
@pytest.mark.parametrize("last", range(1, 8))
async def test_rotation_killed_after_any_step_loses_no_token(last, is_vault_lost):
    house, done = await killed_after(last)
    assert len(done) == last
    client, working = house.client, house.client.admin[APP]
    in_vault = [each.reveal() for each in house.vault.kept.values()]
    # At no moment is the working token known to nobody: the registry has it, or the vault and the journal know.
    assert registered(client) == working or (working in in_vault and house.journal.of("c1", "token"))
    later = TaskHouse(client, journal=house.journal, vault=FakeVault() if is_vault_lost else house.vault)
    await later.databases.resume()
    assert registered(client) == client.admin[APP]
    assert (client.admin[APP] != OLD, later.journal.of("c1", "token")) == (True, ())


async def test_rotate_that_is_cancelled_is_carried_through():
    house = TaskHouse(platform())
    begun, go_on = asyncio.Event(), asyncio.Event()
    rotate = house.client.rotate_admin_token

    async def slow(app_id, new=None):
        token = await rotate(app_id, new)
        begun.set()
        await go_on.wait()
        return token

    house.client.rotate_admin_token = slow
    asked = asyncio.create_task(house.databases.rotate_token("c1", [RECORD]))
    await begun.wait()
    asked.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asked
    go_on.set()
    await asyncio.gather(*house.admin_tokens._working)
    assert registered(house.client) == house.client.admin[APP]
    assert house.journal.entries == {}


async def test_rotate_without_a_dashboard_login_is_refused_before_anything_is_begun():
    house = TaskHouse(platform())
    house.client.tokens.dash = None
    with pytest.raises(Unsupported):
        await house.databases.rotate_token("c1", [RECORD])
    assert (house.journal.entries, house.client.calls) == ({}, [])


async def test_rotate_on_a_read_only_connection_is_refused():
    with pytest.raises(ReadOnly):
        await TaskHouse(platform(), is_read_only=True).databases.rotate_token("c1", [RECORD])


async def test_rotate_never_touches_the_foundation_itself():
    client = platform()
    client.database("r2", FOUNDATION, OLD)
    (outcome,) = await TaskHouse(client).databases.rotate_token("c1", ["r2"])
    assert not outcome.ok
    assert client.admin.get(FOUNDATION) is None
