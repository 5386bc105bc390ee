"""Making apps for users and tasks: steps, refusals, and what is finished after a failure."""

import asyncio
import random
from dataclasses import replace

import pytest

from app.core.apps import AppKind, AppState
from app.core.errors import (
    Conflict,
    Forbidden,
    Invalid,
    KnownError,
    NotFound,
    ReadOnly,
    Unauthorised,
    Unreachable,
)
from app.core.refs import AppRef
from app.schema.model import Schema
from app.services.foundation_map import FoundationMap
from app.services.provision_words import what_goes
from app.services.templates import Template, TemplateShelf
from tests.unit.services.fakes import FOUNDATION, NOTES
from tests.unit.services.provision_fakes import FakePlatform, House, failing


def broken(*, may_have_taken_effect: bool = True) -> Unreachable:
    return Unreachable("The connection broke.", may_have_taken_effect=may_have_taken_effect)


@pytest.fixture
async def house() -> House:
    return await House().opened()


async def entries(house: House):
    return await house.provisioning.open_journal("c1")


# For a user


async def test_app_is_created_recorded_and_linked_in_separate_transactions(house):
    user, steps = house.platform.add_user(), []
    row = await house.provisioning.create_for_user("c1", user, "notes", on_step=steps.append)
    assert steps == ["begun", "created", "recorded", "linked"]
    assert house.platform.calls == ["read_schema", "query", "create_app", "push", "transact", "transact"]
    (record,), (link,) = house.platform.writes
    assert record == ["update", "app", record[2], {"appid": row.app_id}]
    assert link == ["link", "app", record[2], {"$users": user}]
    assert house.platform.schemas[row.app_id] == NOTES
    assert house.platform.apps_of(user) == [row.app_id]
    assert await entries(house) == ()


async def test_app_is_in_the_inventory_at_once_with_owner_template_and_trail(house):
    user = house.platform.add_user("ada@example.com")
    row = await house.provisioning.create_for_user("c1", user, "notes")
    assert (row.title, row.owner, row.kind) == ("Notes of ada@example.com", "ada@example.com", AppKind.TENANT)
    assert (row.template, row.agents, row.state) == ("notes", 1, AppState.OK)
    assert house.directory.find(AppRef("c1", row.app_id)) == row
    assert house.stores.rows == {row.app_id: row}
    assert house.stores.followed == {AppRef("c1", row.app_id): ("notes", 1)}
    assert house.audit() == [("create for user", "done")]
    assert house.stores.titles == [row.title]


async def test_blank_app_has_the_title_that_was_asked_for_and_follows_nothing(house):
    user = house.platform.add_user()
    row = await house.provisioning.create_for_user("c1", user, None, " My own ")
    assert (row.title, row.template) == ("My own", "")
    assert house.stores.followed == {}
    assert (
        await house.provisioning.create_for_user("c1", house.platform.add_user("bo@x.io"))
    ).title == "App of bo@x.io"


async def test_user_with_an_app_is_refused_and_told_that_the_link_would_allow_several(house):
    user = house.platform.add_user("ada@example.com")
    row = await house.provisioning.create_for_user("c1", user, "notes", "Diary")
    with pytest.raises(Conflict, match="ada@example.com has an app already: Diary .*would allow several"):
        await house.provisioning.create_for_user("c1", user, "notes")
    assert list(house.platform.apps) == [row.app_id]
    assert await entries(house) == ()


async def test_user_whose_app_is_gone_is_refused_and_sent_to_reconcile(house):
    user = house.platform.add_user()
    row = await house.provisioning.create_for_user("c1", user, "notes", "Diary")
    shelf = house.directory._shelves["c1"]
    shelf.rows[row.app_id] = row._replace(state=AppState.MISSING.value)
    with pytest.raises(Conflict, match="not on the platform any more") as caught:
        await house.provisioning.create_for_user("c1", user)
    assert "Reconcile" in caught.value.remedy


@pytest.mark.parametrize(
    ("arguments", "error", "words"),
    [
        (("nobody",), NotFound, "no such user"),
        (("nobody", "gone"), Invalid, "cannot be created"),
        (("nobody", None, "  "), Invalid, "title is not acceptable"),
    ],
)
async def test_what_cannot_be_created_is_refused_before_anything_is_begun(house, arguments, error, words):
    with pytest.raises(error, match=words):
        await house.provisioning.create_for_user("c1", *arguments)
    assert "create_app" not in house.platform.calls
    assert house.platform.writes == []
    assert await entries(house) == ()


async def test_read_only_connection_and_one_without_foundation_are_refused():
    read_only = await House(is_read_only=True).opened()
    with pytest.raises(ReadOnly, match="Staging"):
        await read_only.provisioning.create_for_user("c1", "u")
    bare = await House(foundation_app_id=None).opened()
    with pytest.raises(NotFound, match="no foundation"):
        await bare.provisioning.create_for_user("c1", "u")
    assert read_only.platform.calls == bare.platform.calls == []


async def test_foundation_without_the_registry_is_refused_before_an_app_is_made(house):
    user = house.platform.add_user()
    house.platform.schemas[FOUNDATION] = Schema()
    with pytest.raises(Invalid, match=r"lacks app\.appid") as caught:
        await house.provisioning.create_for_user("c1", user)
    assert "plan" in caught.value.remedy
    assert house.platform.apps == {}


# Failures


async def test_failure_that_surely_made_nothing_leaves_no_entry(house):
    user = house.platform.add_user()
    house.platform.before = failing("query", broken())
    with pytest.raises(Unreachable):
        await house.provisioning.create_for_user("c1", user)
    assert await entries(house) == ()


@pytest.mark.parametrize("call", ["create_app", "push"])
async def test_lost_answer_is_followed_by_one_repeat_under_the_same_id(house, call):
    user = house.platform.add_user()
    house.platform.after = failing(call, broken())
    row = await house.provisioning.create_for_user("c1", user, "notes")
    assert list(house.platform.apps) == [row.app_id]
    assert house.platform.schemas[row.app_id] == NOTES


async def test_failure_is_kept_with_its_step_and_reason_and_finished_by_its_key(house):
    user = house.platform.add_user()
    house.platform.before = failing("transact", broken(), times=9)
    with pytest.raises(Unreachable):
        await house.provisioning.create_for_user("c1", user, "notes", "Diary")
    (entry,) = await entries(house)
    assert (entry.kind, entry.owner_id, entry.step, entry.title) == ("user", user, "created", "Diary")
    assert (entry.error, entry.attempts) == ("The connection broke.", 1)
    assert list(house.platform.apps) == [entry.app_id]
    assert house.audit() == [("create for user", "failed: The connection broke.")]
    house.platform.before = lambda _name: None
    later = await house.again()
    row = await later.provisioning.finish(entry.key)
    assert row.app_id == entry.app_id
    assert later.platform.apps_of(user) == [entry.app_id]
    assert await entries(later) == ()
    with pytest.raises(NotFound, match="nothing left to finish"):
        await later.provisioning.finish(entry.key)


async def test_next_attempt_finishes_what_was_begun_with_its_own_title_and_template(house):
    user = house.platform.add_user()
    house.platform.before = failing("transact", broken(), times=9)
    with pytest.raises(Unreachable):
        await house.provisioning.create_for_user("c1", user, "notes", "Diary")
    house.platform.before = lambda _name: None
    row = await house.provisioning.create_for_user("c1", user, "blank", "Another")
    assert (row.title, row.template) == ("Diary", "notes")
    assert len(house.platform.apps) == 1


async def test_next_attempt_has_its_own_wish_while_there_is_no_app(house):
    user = house.platform.add_user()
    house.platform.before = failing("create_app", broken(may_have_taken_effect=False))
    with pytest.raises(Unreachable):
        await house.provisioning.create_for_user("c1", user, "notes", "Diary")
    row = await house.provisioning.create_for_user("c1", user, "blank")
    assert (row.title, row.template) == ("App of ada@example.com", "blank")
    assert house.platform.schemas.get(row.app_id) is None


async def test_linked_app_whose_entry_is_open_is_only_closed(house):
    user = house.platform.add_user()
    row = await house.provisioning.create_for_user("c1", user, "notes")
    entry = next(iter(await journal_of(house, user, row.app_id)))
    later = await house.again()
    house.platform.calls.clear()
    assert (await later.provisioning.finish(entry)).app_id == row.app_id
    assert "create_app" not in house.platform.calls
    assert len(house.platform.writes) == 2
    assert await entries(later) == ()


async def journal_of(house: House, user: str, app_id: str) -> list[str]:
    """An entry as it is when only the last word was lost."""
    other = await House(FakePlatform(), house.journal).opened()
    other.platform.rows["$users"][user] = {"email": "x"}
    other.platform.before = failing("transact", broken(), times=9)
    with pytest.raises(Unreachable):
        await other.provisioning.create_for_user("c1", user, "notes")
    (entry,) = await entries(house)
    assert entry.app_id == app_id, "the ID follows from foundation and user"
    return [entry.key]


async def test_app_renamed_meanwhile_is_found_and_finished(house):
    user = house.platform.add_user()
    house.platform.before = failing("push", broken(may_have_taken_effect=False), times=9)
    with pytest.raises(Unreachable):
        await house.provisioning.create_for_user("c1", user, "notes")
    ((app_id, app),) = house.platform.apps.items()
    house.platform.apps[app_id] = type(app)(app_id, "Renamed")
    house.platform.before = lambda _name: None
    row = await house.provisioning.create_for_user("c1", user, "notes")
    assert (row.app_id, row.title) == (app_id, "Renamed")
    assert house.platform.schemas[app_id] == NOTES


async def test_user_whose_first_app_was_deleted_gets_another_id(house):
    user = house.platform.add_user()
    first = await house.provisioning.create_for_user("c1", user, "notes")
    await house.platform.delete_app(first.app_id)
    house.platform.rows["app"].clear()
    house.platform.links.clear()
    second = await house.provisioning.create_for_user("c1", user, "notes")
    assert second.app_id != first.app_id
    assert house.platform.apps_of(user) == [second.app_id]


async def test_app_that_was_given_to_another_user_is_left_alone(house):
    user, other = house.platform.add_user(), house.platform.add_user("bela@example.com")
    first = await house.provisioning.create_for_user("c1", user, "notes")
    house.platform.links = {tuple(other if part == user else part for part in each) for each in house.platform.links}
    second = await house.provisioning.create_for_user("c1", user, "blank")
    assert house.platform.apps_of(other) == [first.app_id]
    assert house.platform.apps_of(user) == [second.app_id]


async def test_app_deleted_between_two_attempts_is_made_anew_without_its_old_record(house):
    user = house.platform.add_user()
    house.platform.before = failing_link()
    with pytest.raises(Unreachable):
        await house.provisioning.create_for_user("c1", user, "notes")
    (entry,) = await entries(house)
    assert entry.step == "recorded"
    await house.platform.delete_app(entry.app_id)
    house.platform.before = lambda _name: None
    row = await house.provisioning.create_for_user("c1", user, "notes")
    assert [each["appid"] for each in house.platform.rows["app"].values()] == [row.app_id]
    assert row.app_id != entry.app_id


def failing_link():
    """The second transaction, and all after it, fail."""
    seen = 0

    def hook(name: str) -> None:
        nonlocal seen
        seen += name == "transact"
        if name == "transact" and seen > 1:
            raise broken(may_have_taken_effect=False)

    return hook


async def test_id_that_the_platform_chose_is_in_the_journal_before_anything_else(house):
    user = house.platform.add_user()
    house.platform.chooses_ids = True
    house.platform.before = failing("transact", broken(), times=9)
    with pytest.raises(Unreachable):
        await house.provisioning.create_for_user("c1", user, "notes")
    (entry,) = await entries(house)
    assert list(house.platform.apps) == [entry.app_id]
    house.platform.before = lambda _name: None
    later = await house.again()
    await later.provisioning.create_for_user("c1", user, "notes")
    assert house.platform.apps_of(user) == list(house.platform.apps) == [entry.app_id]


async def test_two_attempts_at_once_make_one_app(house):
    user = house.platform.add_user()
    made = await asyncio.gather(
        *(house.provisioning.create_for_user("c1", user, "notes") for _ in range(3)), return_exceptions=True
    )
    assert len(house.platform.apps) == 1
    assert [each for each in made if not isinstance(each, Conflict)]
    assert len(house.platform.apps_of(user)) == 1


async def test_two_operators_at_once_make_one_app(house):
    user, other = house.platform.add_user(), await house.again(elsewhere=True)
    await asyncio.gather(
        house.provisioning.create_for_user("c1", user, "notes"),
        other.provisioning.create_for_user("c1", user, "notes"),
        return_exceptions=True,
    )
    assert len(house.platform.apps) == 1
    assert len(house.platform.apps_of(user)) == 1


async def test_what_another_machine_left_half_made_is_finished_here(house):
    user = house.platform.add_user()
    house.platform.before = failing("transact", broken(), times=9)
    with pytest.raises(Unreachable):
        await house.provisioning.create_for_user("c1", user, "notes")
    house.platform.before = lambda _name: None
    other = await house.again(elsewhere=True)
    row = await other.provisioning.create_for_user("c1", user, "notes", "Notes of ada@example.com")
    assert list(house.platform.apps) == [row.app_id]


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize("kind", ["user", "task"])
async def test_any_failures_in_any_order_end_in_one_app(seed, kind):
    rng = random.Random(seed)
    house = await House().opened()
    house.platform.may_rotate = rng.random() < 0.5
    owner = house.platform.add_user() if kind == "user" else house.platform.add_task()

    def maybe(_name: str) -> None:
        if rng.random() < 0.25:
            raise broken(may_have_taken_effect=rng.random() < 0.5)

    house.platform.before = house.platform.after = maybe
    for attempt in range(200):
        try:
            if kind == "user":
                await house.provisioning.create_for_user("c1", owner, "notes")
            else:
                await house.provisioning.create_for_task("c1", owner, "swift-blue-river", "notes")
            break
        except Unreachable:
            # Never an app that nobody hears of.
            assert set(house.platform.apps) <= {each.app_id for each in await entries(house)}
        if attempt % 2:
            house = await house.again()
    assert house.platform.apps_of(owner) == list(house.platform.apps)
    assert house.platform.schemas[house.platform.apps_of(owner)[0]] == NOTES
    assert await entries(house) == ()
    if kind == "task":
        (row,) = house.platform.rows["databases"].values()
        assert row["adminToken"] == house.platform.tokens[row["instantAppId"]]


# Finishing and taking back


async def half_made(house: House, user: str):
    house.platform.before = failing("transact", broken(), times=9)
    with pytest.raises(Unreachable):
        await house.provisioning.create_for_user("c1", user, "notes", "Diary")
    house.platform.before = lambda _name: None
    (entry,) = await entries(house)
    return entry


async def test_half_made_app_of_a_user_who_got_another_one_is_refused_and_can_be_taken_back(house):
    user = house.platform.add_user()
    entry = await half_made(house, user)
    house.platform.rows["app"]["r"] = {"appid": "another"}
    house.platform._apply([["link", "app", "r", {"$users": user}]])
    with pytest.raises(Conflict, match="has an app already: another"):
        await house.provisioning.finish(entry.key)
    (still,) = await entries(house)
    assert "has an app already" in still.error
    await house.provisioning.take_back(entry.key)
    assert house.platform.apps == {}
    assert list(house.platform.rows["app"]) == ["r"]
    assert await entries(house) == ()
    assert house.audit()[-1] == ("take back for user", "done")


async def test_entry_whose_app_is_gone_is_closed_where_the_user_has_another(house):
    user = house.platform.add_user()
    entry = await half_made(house, user)
    await house.platform.delete_app(entry.app_id)
    house.platform.rows["app"]["r"] = {"appid": "another"}
    house.platform._apply([["link", "app", "r", {"$users": user}]])
    with pytest.raises(Conflict, match="has an app already"):
        await house.provisioning.finish(entry.key)
    assert await entries(house) == ()


async def test_linked_app_is_not_taken_back(house):
    user = house.platform.add_user()
    entry = await half_made(house, user)
    house.platform.rows["app"]["r"] = {"appid": entry.app_id}
    house.platform._apply([["link", "app", "r", {"$users": user}]])
    with pytest.raises(Conflict, match="is linked"):
        await house.provisioning.take_back(entry.key)
    assert list(house.platform.apps) == [entry.app_id]
    assert [each.key for each in await entries(house)] == [entry.key]


async def test_entry_of_a_user_who_was_deleted_says_so_and_can_be_taken_back(house):
    user = house.platform.add_user()
    entry = await half_made(house, user)
    del house.platform.rows["$users"][user]
    with pytest.raises(NotFound, match="no such user"):
        await house.provisioning.finish(entry.key)
    (still,) = await entries(house)
    assert "no such user" in still.error
    await house.provisioning.take_back(entry.key)
    assert (house.platform.apps, await entries(house)) == ({}, ())


async def test_entry_whose_template_is_gone_asks_for_another_one(house):
    user = house.platform.add_user()
    house.platform.before = failing("push", broken(may_have_taken_effect=False), times=9)
    with pytest.raises(Unreachable):
        await house.provisioning.create_for_user("c1", user, "notes")
    house.platform.before = lambda _name: None
    (entry,) = await entries(house)
    blank = TemplateShelf([Template("blank", 1, "Blank", "", Schema())])
    later = await house.again(templates=blank)
    with pytest.raises(Invalid, match="notes does not exist"):
        await later.provisioning.finish(entry.key)
    row = await later.provisioning.create_for_user("c1", user, "blank")
    assert list(house.platform.apps) == [row.app_id]


async def test_words_for_taking_back_tell_of_what_was_made(house):
    user = house.platform.add_user()
    made = await half_made(house, user)
    app, record, user_stays, unless = what_goes(made)
    assert (made.step, app) == ("created", f"The app “Diary” ({made.app_id}) is deleted with everything in it.")
    assert record == "Its record goes from the registry, where there is one."
    assert "The user goes on" in user_stays
    assert "linked to its user by now" in unless
    begun, recorded = replace(made, step="begun", title=""), replace(made, step="recorded")
    assert what_goes(begun)[0].startswith("The app “untitled”")
    assert what_goes(begun)[0].endswith("with everything in it, if it was made already.")
    assert what_goes(recorded)[1] == "Its record goes from the registry."


async def test_entry_of_another_foundation_is_not_finished_in_this_one(house):
    user = house.platform.add_user()
    entry = await half_made(house, user)
    other = "00000000-0000-4000-9000-00000000000f"
    later = await House(house.platform, house.journal, foundation_app_id=other).opened()
    with pytest.raises(Conflict, match=f"another foundation .{FOUNDATION}"):
        await later.provisioning.finish(entry.key)
    await later.provisioning.take_back(entry.key)
    assert (house.platform.apps, await entries(later)) == ({}, ())


# For a task


async def test_database_of_a_task_is_in_the_registry_with_its_token_and_name(house):
    task = house.platform.add_task("Sort the answers")
    row = await house.provisioning.create_for_task("c1", task, "swift-blue-river")
    ((record_id, record),) = house.platform.rows["databases"].items()
    assert record == {
        "instantAppId": row.app_id,
        "adminToken": house.platform.tokens[row.app_id],
        "name": "swift-blue-river",
        "createdAt": "2026-09-21T14:13:20.000Z",
    }
    assert house.platform.writes[1] == [["link", "tasks", task, {"mainDatabase": record_id}]]
    assert (row.kind, row.owner) == (AppKind.TASK, "task: Sort the answers")


async def test_task_with_a_database_is_refused_and_nothing_is_done(house):
    task = house.platform.add_task("Sort the answers")
    await house.provisioning.create_for_task("c1", task, "swift-blue-river")
    with pytest.raises(Conflict, match="Sort the answers has a database already: swift-blue-river"):
        await house.provisioning.create_for_task("c1", task, "calm-red-fox")
    assert len(house.platform.apps) == 1


async def half_made_database(house: House, task: str) -> House:
    house.platform.before = failing("transact", broken(), times=9)
    with pytest.raises(Unreachable):
        await house.provisioning.create_for_task("c1", task, "swift-blue-river")
    house.platform.before = lambda _name: None
    return await house.again()


async def test_database_whose_token_was_lost_gets_a_new_one(house):
    task = house.platform.add_task()
    later = await half_made_database(house, task)
    row = await later.provisioning.create_for_task("c1", task, "swift-blue-river")
    (record,) = house.platform.rows["databases"].values()
    assert record["adminToken"] == house.platform.tokens[row.app_id]
    assert "rotate" in house.platform.calls
    assert len(house.platform.apps) == 1


async def test_database_whose_lost_token_cannot_be_replaced_is_taken_back_and_made_anew(house):
    task = house.platform.add_task()
    later = await half_made_database(house, task)
    house.platform.may_rotate = False
    row = await later.provisioning.create_for_task("c1", task, "swift-blue-river")
    assert list(house.platform.apps) == [row.app_id]
    assert len(house.platform.deleted) == 1
    (record,) = house.platform.rows["databases"].values()
    assert record["adminToken"] == house.platform.tokens[row.app_id]


async def test_database_begun_on_another_machine_is_not_deleted_for_its_token(house):
    task = house.platform.add_task()
    await half_made_database(house, task)
    house.platform.may_rotate = False
    other = await house.again(elsewhere=True)
    with pytest.raises(Forbidden, match="begun elsewhere"):
        await other.provisioning.create_for_task("c1", task, "swift-blue-river")
    assert len(house.platform.apps) == 1
    assert house.platform.deleted == set()


# For many


async def test_batch_gives_each_user_one_app_in_the_order_of_the_wishes(house):
    users = [house.platform.add_user(f"u{number}@example.com") for number in range(60)]
    progress = []
    done = await house.provisioning.create_many(
        "c1", [(each, "notes", None) for each in users], lambda each: progress.append((each.done, each.total))
    )
    assert [each.user_id for each in done] == users
    assert [house.platform.apps_of(each) for each in users] == [[each.app.app_id] for each in done]
    assert progress == [(number, 60) for number in range(1, 61)]
    assert len(house.stores.rows) == len(house.stores.audit) == len(house.stores.followed) == 60
    assert house.platform.calls.count("read_schema") == 1
    assert 1 < house.platform.most_in_flight <= 8
    assert await entries(house) == ()


async def test_batch_goes_on_after_one_that_fails(house):
    users = [house.platform.add_user(f"u{number}@example.com") for number in range(3)]
    taken = await house.provisioning.create_for_user("c1", users[1])
    wishes = [(users[0], "notes", None), (users[1], "notes", None), ("nobody", None, None), (users[2], "gone", None)]
    done = await house.provisioning.create_many("c1", wishes)
    assert done[0].app is not None
    assert [type(each.error) for each in done[1:]] == [Conflict, NotFound, Invalid]
    assert set(house.platform.apps) == {done[0].app.app_id, taken.app_id}
    assert await entries(house) == ()


@pytest.mark.parametrize("error", [broken(), Unauthorised("No.")])
async def test_batch_stops_where_the_platform_itself_fails(house, error):
    users = [house.platform.add_user(f"u{number}@example.com") for number in range(80)]
    house.platform.before = failing("create_app", error, times=999)
    done = await house.provisioning.create_many("c1", [(each, "notes", None) for each in users])
    assert {type(each.error) for each in done} == {type(error)}
    assert house.platform.calls.count("query") < 30
    assert house.platform.apps == {}


async def test_batch_cancelled_leaves_no_app_unseen(house):
    users = [house.platform.add_user(f"u{number}@example.com") for number in range(40)]
    reached = asyncio.Event()
    seen = 0

    def count(name: str) -> None:
        nonlocal seen
        seen += name == "create_app"
        if seen == 10:
            reached.set()

    house.platform.after = count
    work = asyncio.create_task(house.provisioning.create_many("c1", [(each, "notes", None) for each in users]))
    await reached.wait()
    work.cancel()
    with pytest.raises(asyncio.CancelledError):
        await work
    unlinked = set(house.platform.apps) - {app for each in users for app in house.platform.apps_of(each)}
    open_ = await entries(house)
    assert unlinked <= {each.app_id for each in open_}
    for entry in open_:
        await house.provisioning.finish(entry.key)
    assert await entries(house) == ()
    linked = [app for each in users for app in house.platform.apps_of(each)]
    assert sorted(linked) == sorted(house.platform.apps)
    assert {each for each, _row in house.stores.rows.items()} == set(linked)


async def test_names_of_the_foundation_are_those_of_its_map(house):
    names = FoundationMap(app="registry", app_id="tenant")
    house.provisioning._maps._known["c1"] = names
    with pytest.raises(Invalid, match=r"registry\.tenant"):
        await house.provisioning.create_for_user("c1", house.platform.add_user())


async def test_known_errors_only_come_out_of_a_platform_that_fails(house):
    user = house.platform.add_user()
    for call in ("read_schema", "query", "create_app", "push", "transact"):
        house.platform.before = failing(call, broken(), times=9)
        with pytest.raises(KnownError):
            await house.provisioning.create_for_user("c1", user, "notes")
