import asyncio

import pytest

from app.core.errors import Forbidden, NotFound, ReadOnly, Unauthorised, Unreachable
from app.core.refs import AppRef
from app.platforms.contract import RemoteApp
from app.schema.draft import Draft
from app.schema.model import Schema
from tests.unit.services.fakes import NOTES, uid
from tests.unit.services.foundation_fakes import FakeFoundation, House

ADA, BELA = uid(101), uid(102)


async def house(*numbers: int, **changes) -> House:
    """Apps with these numbers, and two users."""
    client = FakeFoundation(*(RemoteApp(uid(each), f"App {each}", created_at=each) for each in numbers))
    client.user(101, "ada@example.com")
    client.user(102, "bela@example.com")
    return await House(client, **changes).open()


async def mended(world: House, choices: dict[str, str] | None = None, **options) -> tuple:
    """Check, then mend all with the first mend of each finding, or as chosen."""
    found = await world.reconciler.check("c1", **options)
    first = {each.key: each.mends[0].choose(BELA) for each in found.findings}
    return await world.reconciler.mend("c1", first if choices is None else choices)


async def test_check_of_a_registry_that_fits_is_well_and_counts():
    world = await house(1)
    world.client.app_record("r1", uid(1), ADA)
    result = await world.reconciler.check("c1")
    assert result.is_well
    assert (result.counts["entries"], result.counts["apps"], result.counts["tokens"]) == (1, 2, 0)
    assert world.reconciler.last("c1") is result


async def test_check_that_cannot_list_raises_why():
    world = await house(1)
    world.client.fail["list_apps"] = Unreachable("No answer.")
    with pytest.raises(Unreachable):
        await world.reconciler.check("c1")


async def test_check_that_cannot_read_the_registry_raises_why():
    world = await house(1)
    world.client.fail["query"] = Forbidden("Not allowed.")
    with pytest.raises(Forbidden):
        await world.reconciler.check("c1")


async def test_check_without_a_foundation_is_not_found():
    world = await house(1, foundation_app_id=None)
    with pytest.raises(NotFound):
        await world.reconciler.check("c1")


async def test_mending_everything_makes_all_well_and_mending_again_changes_nothing():
    world = await house(1, 2, 3, 4)
    client = world.client
    client.app_record("r1", uid(1), ADA)
    client.app_record("r2", uid(2), ADA)
    client.app_record("gone", uid(9), ADA)
    client.row("tasks", "t1", title="Sort")
    client.database("d1", uid(3), uid(50), "t1")
    client.database("d2", uid(3), uid(50))
    client.admin[uid(3)] = uid(51)
    found = await world.reconciler.check("c1", tokens=True)
    assert {each.kind for each in found.findings} == {
        "missing-app",
        "duplicate-entry",
        "several-apps",
        "unowned-app",
        "dead-token",
    }
    choices = {each.key: each.mends[0].choose(BELA) for each in found.findings}
    outcomes = await world.reconciler.mend("c1", choices)
    assert [each.key for each in outcomes] == list(choices)
    assert all(each.ok for each in outcomes), outcomes
    # What was unlinked from Ada has no owner now: said beforehand, and found now.
    (left,) = (await world.reconciler.check("c1", tokens=True)).findings
    assert left.key == f"unlinked-entry:{uid(1)}"
    await world.reconciler.mend("c1", {left.key: "other"})
    assert (await world.reconciler.check("c1", tokens=True)).is_well
    before = len(client.transactions)
    world.reconciler._last["c1"] = found
    again = await world.reconciler.mend("c1", choices)
    assert all(each.ok and "Nothing to do" in each.sentence for each in again)
    assert len(client.transactions) == before


async def test_preview_names_whom_an_app_goes_to_and_what_cannot_be_undone():
    world = await house(1)
    world.client.app_record("gone", uid(9), ADA)
    await world.reconciler.check("c1")
    lines = await world.reconciler.preview(
        "c1", {f"unowned-app:{uid(1)}": f"link:{BELA}", f"missing-app:{uid(9)}": "remove"}
    )
    assert "This cannot be undone." in lines[0]
    assert lines[1] == "Makes an entry for App 1 in the registry and links it to bela@example.com."
    assert world.client.transactions == []


async def test_preview_says_what_will_be_refused():
    world = await house(1, 2)
    world.client.app_record("r2", uid(2), ADA)
    await world.reconciler.check("c1")
    key = f"unowned-app:{uid(1)}"
    assert "has an app already" in (await world.reconciler.preview("c1", {key: f"link:{ADA}"}))[0]
    assert "will not be done" in (await world.reconciler.preview("c1", {key: f"link:{uid(5)}"}))[0]


async def test_choice_that_was_not_offered_is_not_found():
    world = await house(1)
    await world.reconciler.check("c1")
    for choices in ({"missing-app:x": "remove"}, {f"unowned-app:{uid(1)}": "remove"}):
        with pytest.raises(NotFound):
            await world.reconciler.preview("c1", choices)
        with pytest.raises(NotFound):
            await world.reconciler.mend("c1", choices)


async def test_entry_of_an_app_that_may_not_be_seen_stays():
    world = await house()
    world.client.app_record("r1", uid(9), ADA)
    world.client.fail[f"get_app:{uid(9)}"] = Forbidden("Not yours.")
    (outcome,) = await mended(world)
    assert not outcome.ok
    assert "r1" in world.client.tables["app"]


async def test_entry_of_an_app_that_turned_up_again_stays():
    world = await house()
    world.client.app_record("r1", uid(9), ADA)
    found = await world.reconciler.check("c1")
    world.client.hidden[uid(9)] = RemoteApp(uid(9), "Back")
    (outcome,) = await world.reconciler.mend("c1", {found.findings[0].key: "remove"})
    assert not outcome.ok
    assert "on the platform" in outcome.sentence
    assert "r1" in world.client.tables["app"]


async def test_entry_with_an_id_that_is_none_is_removed_without_asking_for_it():
    world = await house()
    world.client.app_record("r1", "<b>", ADA)
    (outcome,) = await mended(world)
    assert outcome.ok
    assert world.client.tables["app"] == {}
    assert "get_app:<b>" not in world.client.calls


async def test_mend_that_fails_does_not_keep_the_others_from_being_done_and_is_recorded():
    world = await house(1)
    world.client.app_record("r8", uid(8), ADA)
    world.client.app_record("r9", uid(9), BELA)
    found = await world.reconciler.check("c1")
    world.client.fail[f"get_app:{uid(8)}"] = Unreachable("No answer.")
    choices = {each.key: "remove" for each in found.findings if each.kind == "missing-app"}
    seen = []
    outcomes = await world.reconciler.mend("c1", choices, seen.append)
    assert {each.key: each.ok for each in outcomes} == {f"missing-app:{uid(8)}": False, f"missing-app:{uid(9)}": True}
    assert list(world.client.tables["app"]) == ["r8"]
    assert (seen[-1].done, seen[-1].total) == (2, 2)
    assert {(each[3], each[4], each[5]) for each in world.stores.audit} == {
        (uid(8), "mend missing-app", "failed: No answer."),
        (uid(9), "mend missing-app", "done"),
    }


async def test_finding_that_was_mended_by_somebody_else_is_left_alone():
    world = await house(1)
    world.client.app_record("r1", uid(9), ADA)
    found = await world.reconciler.check("c1")
    world.client._delete("app", "r1")
    key = next(each.key for each in found.findings if each.kind == "missing-app")
    (outcome,) = await world.reconciler.mend("c1", {key: "remove"})
    assert (outcome.ok, outcome.sentence) == (True, "Nothing to do any more.")
    assert world.client.transactions == []


async def test_duplicate_whose_entry_to_keep_is_gone_removes_nothing():
    world = await house(1)
    for each in ("ra", "rb", "rc"):
        world.client.app_record(each, uid(1), ADA)
    await world.reconciler.check("c1")
    world.client._delete("app", "ra")
    (outcome,) = await world.reconciler.mend("c1", {f"duplicate-entry:{uid(1)}": "keep:ra"})
    assert not outcome.ok
    assert set(world.client.tables["app"]) == {"rb", "rc"}


async def test_two_apps_for_one_user_the_second_is_refused():
    world = await house(1, 2)
    outcomes = await mended(world)
    assert sorted(each.ok for each in outcomes) == [False, True]
    assert "has an app already" in next(each.sentence for each in outcomes if not each.ok)
    assert len(world.client.tables["app"]) == 1


async def test_unlinked_entry_of_a_task_is_linked_to_a_task_without_a_database():
    world = await house(1, 2)
    world.client.row("tasks", "t1", title="Sort")
    world.client.row("tasks", "t2", title="Wait")
    world.client.database("d1", uid(1), uid(50), "t1")
    world.client.database("d2", uid(2), uid(50))
    key = f"unlinked-entry:{uid(2)}"
    (refused,) = await mended(world, {key: "link:t1"})
    assert (refused.ok, "has a database already" in refused.sentence) == (False, True)
    (outcome,) = await mended(world, {key: "link:t2"})
    assert outcome.ok
    assert (await world.reconciler.check("c1")).is_well


async def test_unlinked_entry_can_be_removed():
    world = await house(1)
    world.client.app_record("r1", uid(1))
    (outcome,) = await mended(world, {f"unlinked-entry:{uid(1)}": "remove"})
    assert outcome.ok
    assert world.client.tables["app"] == {}
    assert uid(1) in world.client.apps


async def test_tokens_are_tried_only_when_asked_and_never_sent_in_another_form():
    world = await house(1, 2, 3)
    for number, token in ((1, uid(50)), (2, "no token\r\nx: y"), (3, uid(53))):
        world.client.row("tasks", f"t{number}", title="T")
        world.client.database(f"d{number}", uid(number), token, f"t{number}")
    world.client.admin = {uid(1): uid(50), uid(3): uid(99)}
    assert (await world.reconciler.check("c1")).is_well
    assert not any(each == f"query:{uid(number)}" for number in (1, 2, 3) for each in world.client.calls)
    result = await world.reconciler.check("c1", tokens=True)
    assert [each.key for each in result.findings] == ["dead-token:d2", "dead-token:d3"]
    assert result.counts["tokens"] == 3
    assert f"query:{uid(2)}" not in world.client.calls
    assert uid(53) not in repr(result)


async def test_token_that_cannot_be_tried_is_a_note_and_not_well():
    world = await house(1)
    world.client.row("tasks", "t1", title="T")
    world.client.database("d1", uid(1), uid(50), "t1")
    world.client.fail[f"query:{uid(1)}"] = Unreachable("No answer.")
    result = await world.reconciler.check("c1", tokens=True)
    assert (result.findings, result.notes, result.is_well) == ((), ("1 admin token could not be tried.",), False)


async def test_dead_token_is_replaced_in_the_registry_and_not_told():
    world = await house(1)
    world.client.row("tasks", "t1", title="T")
    world.client.database("d1", uid(1), uid(50), "t1")
    (outcome,) = await mended(world, tokens=True)
    assert outcome.ok
    assert world.client.tables["databases"]["d1"]["adminToken"] == world.client.admin[uid(1)] == uid(999)
    assert uid(999) not in repr(outcome)
    assert uid(999) not in repr(world.stores.audit)


async def test_dead_token_interrupted_before_the_registry_is_found_and_replaced_again():
    world = await house(1)
    world.client.row("tasks", "t1", title="T")
    world.client.database("d1", uid(1), uid(50), "t1")
    world.client.fail["transact"] = Unreachable("The connection broke.")
    (outcome,) = await mended(world, tokens=True)
    assert not outcome.ok
    del world.client.fail["transact"]
    (outcome,) = await mended(world, tokens=True)
    assert outcome.ok
    assert (await world.reconciler.check("c1", tokens=True)).is_well


async def test_dead_token_without_a_dashboard_login_says_so_and_does_nothing():
    world = await house(1)
    world.client.tokens.dash = None
    world.client.row("tasks", "t1", title="T")
    world.client.database("d1", uid(1), uid(50), "t1")
    (finding,) = (await world.reconciler.check("c1", tokens=True)).findings
    assert "needs a dashboard login; Staging has none" in finding.mends[0].refusal
    assert "will not be done" in (await world.reconciler.preview("c1", {finding.key: "rotate"}))[0]
    (outcome,) = await world.reconciler.mend("c1", {finding.key: "rotate"})
    assert (outcome.ok, "dashboard token" in outcome.sentence) == (False, True)
    assert not any(each.startswith("rotate") for each in world.client.calls)


async def test_drifted_app_comes_back_as_an_offer_and_nothing_is_sent():
    world = await house(1)
    world.client.app_record("r1", uid(1), ADA)
    world.client.schemas[uid(1)] = NOTES
    await world.directory.put("c1", RemoteApp(uid(1), "App 1"), "notes")
    world.client.schemas[uid(1)] = Schema()
    world.templates.draft = Draft(Schema(), NOTES)
    (outcome,) = await mended(world)
    assert (outcome.ok, outcome.ref, outcome.draft) == (True, AppRef("c1", uid(1)), world.templates.draft)
    assert world.client.transactions == []
    world.templates.draft = Draft(NOTES, NOTES)
    (outcome,) = await mended(world)
    assert (outcome.draft, "Nothing to do" in outcome.sentence) == (None, True)


async def test_mend_on_a_read_only_connection_is_refused():
    world = await house(1, is_read_only=True)
    await world.reconciler.check("c1")
    with pytest.raises(ReadOnly):
        await world.reconciler.mend("c1", {f"unowned-app:{uid(1)}": "other"})


async def test_mend_where_the_registry_cannot_be_read_does_nothing():
    world = await house(1)
    await world.reconciler.check("c1")
    world.client.fail["query"] = Unauthorised("Not accepted.")
    with pytest.raises(Unauthorised):
        await world.reconciler.mend("c1", {f"unowned-app:{uid(1)}": f"link:{ADA}"})
    assert world.client.transactions == []


async def test_mending_that_is_cancelled_leaves_nothing_running_and_is_finished_by_the_next():
    world = await house()
    for number in range(20, 40):
        world.client.app_record(f"r{number}", uid(number), world.client.user(number, f"user{number}@example.com"))
    found = await world.reconciler.check("c1")
    choices = {each.key: "remove" for each in found.findings}
    started, never = asyncio.Event(), asyncio.Event()
    get_app = world.client.get_app

    async def stuck(app_id):
        if app_id == uid(25):
            started.set()
            await never.wait()
        return await get_app(app_id)

    world.client.get_app = stuck
    mending = asyncio.create_task(world.reconciler.mend("c1", choices))
    await started.wait()
    mending.cancel()
    with pytest.raises(asyncio.CancelledError):
        await mending
    left = len(world.client.tables["app"])
    assert "r25" in world.client.tables["app"]
    world.client.get_app = get_app
    outcomes = await world.reconciler.mend("c1", choices)
    assert all(each.ok for each in outcomes)
    assert sum(each.sentence == "The entry was removed." for each in outcomes) == left
    assert world.client.tables["app"] == {}
