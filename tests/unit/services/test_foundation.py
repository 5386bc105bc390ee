from types import SimpleNamespace

import pytest

from app.core.apps import AppState
from app.core.errors import Conflict, Invalid, NotFound, ReadOnly, Unreachable
from app.core.refs import AppRef
from app.core.secret import Secret
from app.platforms.contract import RemoteApp
from app.schema.model import Schema
from app.services.foundation import checked_email
from app.services.foundation_map import FoundationMap
from tests.unit.services.fakes import FOUNDATION, NOTES, uid
from tests.unit.services.foundation_fakes import FakeFoundation, House

ADA, BELA = uid(101), uid(102)


async def house(*apps: RemoteApp, **changes) -> House:
    client = FakeFoundation(*(apps or (RemoteApp(uid(1), "Notes"), RemoteApp(uid(2), "More"))))
    client.schemas[uid(1)] = NOTES
    client.user(101, "ada@example.com")
    client.user(102, "Bela@example.com")
    return await House(client, **changes).open()


# Users


async def test_users_have_their_app_its_agents_and_when_they_were_created():
    world = await house()
    world.client.app_record("r1", uid(1), ADA)
    ada, bela = await world.foundation.users("c1")
    assert (ada.email, ada.app_ids, ada.agents, ada.state, ada.created_at) == (
        "ada@example.com",
        (uid(1),),
        1,
        "ok",
        1_700_000_000,
    )
    assert ada.apps[0].title == "Notes"
    assert (bela.app_ids, bela.agents, bela.state) == ((), 0, "no app")


async def test_users_with_several_apps_or_one_that_is_gone_say_so():
    world = await house()
    world.client.app_record("r1", uid(1), ADA)
    world.client.app_record("r2", uid(2), ADA)
    world.client.app_record("r3", uid(3), BELA)
    ada, bela = await world.foundation.users("c1")
    assert (ada.state, len(ada.apps)) == ("several apps", 2)
    assert (bela.state, bela.apps, bela.agents) == ("app missing", (None,), -1)


async def test_users_two_records_for_one_app_are_one_app():
    world = await house()
    world.client.app_record("r1", uid(1), ADA)
    world.client.app_record("r2", uid(1), ADA)
    assert (await world.foundation.users("c1"))[0].app_ids == (uid(1),)


async def test_users_creation_is_asked_for_once_and_for_the_first_fifty_only():
    world = await house()
    for number in range(200, 260):
        world.client.user(number, f"user{number}@example.com")
    rows = await world.foundation.users("c1")
    assert sum(each.created_at > 0 for each in rows) == 50
    late = [each.user_id for each in rows if not each.created_at]
    assert set((await world.foundation.created("c1", late)).values()) == {1_700_000_000}
    asked = [each for each in world.client.calls if each.startswith("get_user")]
    await world.foundation.users("c1")
    assert len(asked) == len(set(asked)) == 62
    assert [each for each in world.client.calls if each.startswith("get_user")] == asked


async def test_users_without_a_foundation_is_not_found():
    world = await house(foundation_app_id=None)
    with pytest.raises(NotFound, match="has no foundation app"):
        await world.foundation.users("c1")


async def test_create_user_makes_one_and_a_second_time_is_a_conflict():
    world = await house()
    row = await world.foundation.create_user("c1", " zoe@example.com ")
    assert world.client.tables["$users"][row.user_id] == {"email": "zoe@example.com"}
    with pytest.raises(Conflict):
        await world.foundation.create_user("c1", "zoe@example.com")
    assert len(await world.foundation.users("c1")) == 3
    assert [entry[4:6] for entry in world.stores.audit] == [
        ("create user", "done"),
        ("create user", "failed: There is a user with the address zoe@example.com already."),
    ]


async def test_create_user_again_after_the_first_one_changed_its_address_makes_another():
    world = await house()
    first = await world.foundation.create_user("c1", "zoe@example.com")
    world.client.tables["$users"][first.user_id]["email"] = "married@example.com"
    second = await world.foundation.create_user("c1", "zoe@example.com")
    assert second.user_id != first.user_id
    assert world.client.tables["$users"][first.user_id] == {"email": "married@example.com"}


@pytest.mark.parametrize("email", ["", "  ", "ada", "@example.com", "ada@", "a da@example.com", "a@" + "x" * 260])
def test_checked_email_refuses_what_is_none(email):
    with pytest.raises(Invalid) as caught:
        checked_email(email)
    assert caught.value.fields[0].field == "email"


# Linking


async def test_link_records_the_app_and_links_it_in_transactions_of_their_own():
    world = await house()
    await world.foundation.link("c1", ADA, uid(1))
    assert [steps[0][0] for steps in world.client.transactions] == ["update", "link"]
    assert all(len(steps) == 1 for steps in world.client.transactions)
    assert (await world.foundation.users("c1"))[0].app_ids == (uid(1),)
    assert world.directory.find(AppRef("c1", uid(1))).owner == "ada@example.com"


async def test_link_again_writes_nothing():
    world = await house()
    await world.foundation.link("c1", ADA, uid(1))
    before = len(world.client.transactions)
    await world.foundation.link("c1", ADA, uid(1))
    assert len(world.client.transactions) == before


async def test_link_takes_the_record_that_is_there():
    world = await house()
    world.client.app_record("theirs", uid(1))
    await world.foundation.link("c1", ADA, uid(1))
    assert list(world.client.tables["app"]) == ["theirs"]


async def test_link_of_a_second_app_is_refused_unless_several_are_allowed():
    world = await house()
    await world.foundation.link("c1", ADA, uid(1))
    with pytest.raises(Conflict, match="has an app already: Notes"):
        await world.foundation.link("c1", ADA, uid(2))
    await world.foundation.link("c1", ADA, uid(2), allow_several=True)
    assert set((await world.foundation.users("c1"))[0].app_ids) == {uid(1), uid(2)}


async def test_link_of_somebody_elses_app_is_refused():
    world = await house()
    await world.foundation.link("c1", ADA, uid(1))
    with pytest.raises(Conflict, match="Notes belongs to another user"):
        await world.foundation.link("c1", BELA, uid(1))


@pytest.mark.parametrize(("user", "app"), [(uid(999), uid(1)), (ADA, uid(77))])
async def test_link_of_what_is_not_there_writes_nothing(user, app):
    world = await house()
    with pytest.raises(NotFound):
        await world.foundation.link("c1", user, app)
    assert world.client.transactions == []


async def test_link_of_the_foundation_itself_is_refused():
    world = await house()
    with pytest.raises(Invalid):
        await world.foundation.link("c1", ADA, FOUNDATION)


async def test_link_on_a_read_only_connection_is_refused_and_recorded_by_nobody():
    world = await house(is_read_only=True)
    with pytest.raises(ReadOnly):
        await world.foundation.link("c1", ADA, uid(1))
    assert world.client.transactions == []


async def test_link_broken_between_record_and_link_is_finished_by_the_next_attempt():
    world = await house()
    once = world.client._link

    def broken(*_values):
        raise Unreachable("The connection broke.")

    world.client._link = broken
    with pytest.raises(Unreachable):
        await world.foundation.link("c1", ADA, uid(1))
    world.client._link = once
    await world.foundation.link("c1", ADA, uid(1))
    assert len(world.client.tables["app"]) == 1
    assert (await world.foundation.users("c1"))[0].state == "ok"


async def test_unlink_leaves_record_and_app_without_the_owner():
    world = await house()
    await world.foundation.link("c1", ADA, uid(1))
    await world.foundation.unlink("c1", ADA, uid(1))
    assert (await world.foundation.users("c1"))[0].state == "no app"
    assert len(world.client.tables["app"]) == 1
    before = len(world.client.transactions)
    await world.foundation.unlink("c1", ADA, uid(1))
    assert len(world.client.transactions) == before


async def test_mark_other_ends_the_pointing_out_and_is_kept():
    world = await house()
    assert world.directory.find(AppRef("c1", uid(1))).state == AppState.UNOWNED
    await world.foundation.mark_other("c1", [uid(1)])
    assert world.directory.find(AppRef("c1", uid(1))).state == AppState.OK
    assert world.client.transactions == []
    await world.foundation.mark_other("c1", [uid(1)], is_other=False)
    assert world.directory.find(AppRef("c1", uid(1))).state == AppState.UNOWNED


# Tasks


async def test_tasks_tell_how_their_database_is():
    world = await house()
    for number in range(4):
        world.client.row("tasks", f"t{number}", title=f"Task {number}", createdAt=1_700_000_000_000 - number)
    world.client.database("d0", uid(1), uid(50), "t0")
    world.begun = [SimpleNamespace(owner_id="t1", error=""), SimpleNamespace(owner_id="t2", error="It broke.")]
    rows = await world.foundation.tasks("c1")
    assert [(each.task_id, each.state, each.error) for each in rows] == [
        ("t0", "ready", ""),
        ("t1", "creating", ""),
        ("t2", "failed", "It broke."),
        ("t3", "none", ""),
    ]
    database = rows[0].database
    assert (database.record_id, database.app_id, database.name, database.has_token) == ("d0", uid(1), "name-d0", True)
    assert database.app.title == "Notes"


async def test_databases_know_which_have_no_token_and_no_token_is_read():
    world = await house()
    world.client.database("d0", uid(1), uid(50))
    world.client.database("d1", uid(2))
    world.client.database("d2", uid(3), "")
    assert [(each.record_id, each.has_token) for each in await world.foundation.databases("c1")] == [
        ("d0", True),
        ("d1", False),
        ("d2", False),
    ]
    fields = [str(each.get("databases", {}).get("$", {}).get("fields")) for each in world.client.queries]
    assert not any("adminToken" in each for each in fields)


async def test_iterations_have_the_databases_that_came_from_them():
    world = await house()
    world.client.row("iterations", "i1", number=1, createdAt=1_700_000_000_000)
    world.client.row("iterations", "i2", number=2, createdAt=1_700_000_100_000)
    world.client.database("d0", uid(1), uid(50))
    world.client.link("databases", "d0", "originIteration", "i1")
    newest, oldest = await world.foundation.iterations("c1")
    assert (newest.number, newest.databases) == (2, ())
    assert [each.record_id for each in oldest.databases] == ["d0"]
    assert oldest.databases[0].iteration_id == "i1"


async def test_record_database_twice_is_the_same_as_once_and_keeps_its_date():
    world = await house()
    first = await world.foundation.record_database("c1", uid(1), Secret(uid(50)), "swift-blue-river")
    kept = dict(world.client.tables["databases"][first])
    assert await world.foundation.record_database("c1", uid(1), None, "swift-blue-river") == first
    assert world.client.tables["databases"] == {first: kept}
    assert kept["adminToken"] == uid(50)
    assert uid(50) not in str(world.stores.audit)


async def test_record_app_twice_is_one_record():
    world = await house()
    assert await world.foundation.record_app("c1", uid(1)) == await world.foundation.record_app("c1", uid(1))
    assert len(world.client.tables["app"]) == 1


# The foundation itself


async def test_shape_is_of_the_live_schema_under_the_maps_names():
    world = await house()
    world.client.schemas[FOUNDATION] = Schema()
    await world.foundation.set_map("c1", FoundationMap(app="accounts"))
    shape = await world.foundation.shape("c1")
    assert "The entity accounts is missing." in shape.missing


async def test_set_map_reads_the_registry_under_the_new_names_at_once():
    world = await house()
    world.client.row("accounts", "r1", appid=uid(1))
    assert world.directory.find(AppRef("c1", uid(1))).kind == "other"
    await world.foundation.set_map("c1", FoundationMap(app="accounts"))
    assert world.directory.find(AppRef("c1", uid(1))).kind == "tenant"
    assert (await world.foundation.map("c1")).app == "accounts"


async def test_set_map_while_the_platform_is_away_is_kept():
    world = await house()
    world.client.fail["query"] = Unreachable("No answer.")
    await world.foundation.set_map("c1", FoundationMap(app="accounts"))
    assert (await world.foundation.map("c1")).app == "accounts"
