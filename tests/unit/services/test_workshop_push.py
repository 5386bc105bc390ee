"""Pushing: nothing is lost, and the word about how it ended is true."""

import asyncio
from dataclasses import replace

import pytest

from app.core.changes import Changes
from app.core.errors import (
    BadAnswer,
    Forbidden,
    Invalid,
    KnownError,
    NotFound,
    PlatformFault,
    ReadOnly,
    Timeout,
    Unreachable,
)
from app.platforms.contract import PushJob
from app.schema.compare import Plan
from app.schema.draft import Draft
from app.schema.formats.instant_form import canonical
from app.schema.model import Attribute, Entity
from app.schema.types import BooleanType, StringType
from tests.unit.services.fakes import uid
from tests.unit.services.workshop_fakes import REF, TODO, FakePlatform, FakeWorkshopStores, World

BROKEN = Timeout("The answer did not come.", may_have_taken_effect=True)
LOST = Unreachable("Nobody answers.")


def draft_of(schema=TODO) -> Draft:
    """A rename, an addition, a drop and a new entity."""
    draft = Draft(schema, schema)
    draft = draft.rename_attribute("todos", "title", "headline")
    draft = draft.add_attribute("todos", Attribute("done", BooleanType()))
    draft = draft.drop_attribute("people", "name")
    return draft.add_entity("notes", (Attribute("text", StringType()),))


def part_of(plan: Plan, count: int) -> Plan:
    return Plan(plan.steps[:count])


async def opened(world: World) -> Draft:
    base = (await world.workshop.open(REF)).base
    return draft_of(base.schema)


async def test_push_makes_the_live_schema_the_wanted_one_and_forgets_the_draft():
    world = World()
    draft = await opened(world)
    await world.workshop.save_draft(REF, draft)
    phases = []
    report = await world.workshop.push(REF, draft, lambda each: phases.append(each.phase))
    assert report.outcome == "done"
    assert world.live == canonical(draft.wanted)
    assert report.live.schema == world.live
    assert await world.workshop.drafts() == ()
    assert phases == ["reading", "sending", "jobs", "verifying"]
    assert (await world.workshop.open(REF)).base.schema == world.live
    assert Changes(schemas=frozenset({REF})) in world.heard


async def test_push_is_recorded_before_it_is_sent_and_completed_after():
    world = World()
    draft = await opened(world)
    seen = []
    world.platform.before_send = lambda: seen.extend(world.history._recent(None, 9))
    report = await world.workshop.push(REF, draft)
    (before,) = seen
    (after,) = await world.workshop.pushes(REF)
    assert (before.outcome, before.did) == ("started", None)
    assert (after.outcome, after.id, after.plan) == ("done", report.push_id, draft.plan())
    assert (after.before, after.after) == (canonical(TODO).fingerprint(), world.live.fingerprint())
    assert after.steps == tuple(each.describe() for each in draft.plan().steps)
    assert (after.connection_label, after.at) == ("Staging", 7.0)
    assert world.connections.audit[-1][2:6] == ("c1", uid(1), "push", "done")
    versions = await world.workshop.versions(REF)
    assert [each.origin for each in versions] == ["push", "seen"]
    assert await world.workshop.version(REF, after.before) == TODO


async def test_push_to_a_schema_that_changed_sends_nothing_and_keeps_the_draft():
    world = World()
    draft = await opened(world)
    theirs = Draft(TODO, TODO).add_attribute("people", Attribute("age", StringType())).wanted
    world.platform.schemas[uid(1)] = canonical(theirs)
    report = await world.workshop.push(REF, draft)
    assert report.outcome == "stale"
    assert report.push_id is None
    assert world.platform.sent == []
    assert len(report.merge.theirs) == 1
    assert (await world.workshop.open(REF)).draft == draft
    assert (await world.workshop.open(REF)).is_base_old
    again = await world.workshop.push(REF, report.merge.draft)
    assert again.outcome == "done"
    assert world.live.entity("people").attribute("age") is not None
    assert world.live.entity("todos").attribute("headline") is not None


async def test_push_of_what_is_live_already_sends_nothing_and_forgets_the_draft():
    world = World()
    draft = await opened(world)
    await world.workshop.save_draft(REF, draft)
    world.platform.schemas[uid(1)] = draft.wanted
    report = await world.workshop.push(REF, draft)
    assert (report.outcome, world.platform.sent) == ("nothing", [])
    assert await world.workshop.drafts() == ()


async def test_push_without_changes_is_nothing():
    world = World()
    base = (await world.workshop.open(REF)).base.schema
    report = await world.workshop.push(REF, Draft(base, base))
    assert (report.outcome, await world.workshop.pushes()) == ("nothing", ())


async def test_push_whose_job_failed_is_partial_and_leaves_the_rest_staged():
    world = World()
    base = (await world.workshop.open(REF)).base.schema
    draft = Draft(base, base).change_attribute("todos", "title", is_required=True)
    draft = draft.add_attribute("todos", Attribute("done", BooleanType()))
    job = PushJob("j", "Require title", "todos.title", "errored", error="3 rows have no title.")

    def send(plan):
        return Plan(tuple(each for each in plan.steps if each.place != "todos.title")), (job,)

    world.platform.send = send
    report = await world.workshop.push(REF, draft)
    assert report.outcome == "partial"
    assert "1 of 2 steps" in report.sentence
    assert "3 rows have no title." in report.sentence
    assert report.jobs == (job,)
    assert [each.place for each in report.remaining.plan().steps] == ["todos.title"]
    assert report.remaining.base == report.live.schema == world.live
    kept = await world.workshop.open(REF)
    assert (kept.draft, kept.is_base_old) == (report.remaining, False)
    (record,) = await world.workshop.pushes()
    assert [each.place for each in record.did.steps] == ["todos.done"]
    world.platform.send = lambda plan: (plan, ())
    assert (await world.workshop.push(REF, kept.draft)).outcome == "done"
    assert world.live.entity("todos").attribute("title").is_required


@pytest.mark.parametrize("error", [BROKEN, LOST, BadAnswer("Half an answer."), PlatformFault("500")], ids=str)
@pytest.mark.parametrize("count", [1, 2, 3])
async def test_push_that_broke_in_the_middle_finds_out_what_took_effect(count, error):
    world = World()
    draft = await opened(world)
    world.platform.send = lambda plan: (part_of(plan, count), error)
    world.platform.read_errors = []
    report = await world.workshop.push(REF, draft)
    assert report.outcome == "partial"
    assert report.error is error
    assert f"{count} of 4 steps" in report.sentence
    assert error.sentence in report.sentence
    assert report.remaining.plan()
    world.platform.send = lambda plan: (plan, ())
    assert (await world.workshop.push(REF, report.remaining)).outcome == "done"
    assert world.live == canonical(draft.wanted)
    assert await world.workshop.drafts() == ()


async def test_push_whose_answer_was_lost_but_that_took_effect_is_done():
    world = World()
    draft = await opened(world)
    world.platform.send = lambda plan: (plan, BROKEN)
    report = await world.workshop.push(REF, draft)
    assert (report.outcome, report.remaining) == ("done", None)
    assert BROKEN.sentence in report.sentence
    assert await world.workshop.drafts() == ()


async def test_push_that_broke_is_read_again_until_the_platform_answers():
    world = World()
    draft = await opened(world)

    def send(plan):
        world.platform.read_errors = [LOST, LOST, LOST]
        return plan, BROKEN

    world.platform.send = send
    assert (await world.workshop.push(REF, draft)).outcome == "done"


async def test_push_that_cannot_be_read_back_says_that_it_is_not_known_and_can_be_settled():
    world = World()
    draft = await opened(world)

    def send(plan):
        world.platform.read_errors = [LOST] * 9
        return part_of(plan, 2), BROKEN

    world.platform.send = send
    report = await world.workshop.push(REF, draft)
    assert (report.outcome, report.live, report.remaining) == ("partial", None, None)
    assert "not known" in report.sentence
    (record,) = await world.workshop.pushes()
    assert (record.outcome, record.did, record.can_be_undone) == ("unknown", None, False)
    assert (await world.workshop.drafts())[0].ref == REF
    world.platform.read_errors = []
    settled = await world.workshop.settle(record.id)
    assert (settled.outcome, len(settled.did)) == ("partial", 2)
    kept = await world.workshop.open(REF)
    assert not kept.is_base_old
    assert len(kept.draft.plan()) == 2


@pytest.mark.parametrize("error", [BROKEN, Forbidden("No role."), LOST], ids=str)
async def test_push_of_which_nothing_took_effect_failed_and_keeps_the_draft_as_it_was(error):
    world = World()
    draft = await opened(world)
    world.platform.send = lambda plan: (Plan(), error)
    report = await world.workshop.push(REF, draft)
    assert (report.outcome, report.error, report.remaining) == ("failed", error, None)
    kept = await world.workshop.open(REF)
    assert (kept.draft, kept.is_base_old) == (draft, False)
    assert (await world.workshop.pushes())[0].outcome == "failed"


async def test_push_refused_for_sure_failed_even_where_it_cannot_be_read_back():
    world = World()
    draft = await opened(world)

    def send(plan):
        world.platform.read_errors = [LOST] * 9
        return Plan(), Forbidden("No role.")

    world.platform.send = send
    report = await world.workshop.push(REF, draft)
    assert report.outcome == "failed"
    assert "No role." in report.sentence


async def test_push_while_the_platform_is_away_failed_before_anything_was_sent():
    world = World()
    draft = await opened(world)
    await world.workshop.save_draft(REF, draft)
    world.platform.read_errors = [LOST]
    report = await world.workshop.push(REF, draft)
    assert (report.outcome, report.error, report.push_id) == ("failed", LOST, None)
    assert world.platform.sent == []
    assert len(await world.workshop.drafts()) == 1


async def test_push_of_an_app_deleted_meanwhile_says_so_and_keeps_the_draft():
    world = World()
    draft = await opened(world)
    await world.workshop.save_draft(REF, draft)
    del world.platform.schemas[uid(1)]
    with pytest.raises(NotFound, match="not on Staging any more"):
        await world.workshop.push(REF, draft)
    kept = await world.workshop.open(REF, refresh=True)
    assert (kept.draft, kept.push.is_available, kept.is_last_known) == (draft, False, True)


async def test_push_of_an_app_deleted_while_it_was_pushed_says_so_and_keeps_the_draft():
    world = World()
    draft = await opened(world)

    def send(plan):
        world.platform.read_errors = [NotFound("Gone.")] * 2
        return Plan(), NotFound("Gone.")

    world.platform.send = send
    with pytest.raises(NotFound):
        await world.workshop.push(REF, draft)
    assert (await world.workshop.pushes())[0].outcome == "failed"
    assert len(await world.workshop.drafts()) == 1


async def test_push_on_a_read_only_connection_is_refused_and_keeps_the_draft():
    world = World(is_read_only=True)
    draft = await opened(world)
    await world.workshop.save_draft(REF, draft)
    with pytest.raises(ReadOnly):
        await world.workshop.push(REF, draft)
    assert not (await world.workshop.open(REF)).push.is_available
    assert (world.platform.sent, len(await world.workshop.drafts())) == ([], 1)


async def test_push_to_a_platform_in_read_only_mode_is_refused_and_keeps_the_draft():
    world = World()
    draft = await opened(world)
    world.platform.send = lambda plan: (Plan(), ReadOnly("The app is read-only."))
    with pytest.raises(ReadOnly):
        await world.workshop.push(REF, draft)
    assert (await world.workshop.pushes())[0].outcome == "failed"
    assert (await world.workshop.open(REF)).draft == draft


async def test_push_of_a_wrong_schema_is_refused_before_anything_is_read():
    world = World()
    base = (await world.workshop.open(REF)).base.schema
    bad = Draft(base, replace(base, entities=(*base.entities, Entity("$mine", (Attribute("a", StringType()),)))))
    world.platform.calls.clear()
    with pytest.raises(Invalid) as caught:
        await world.workshop.push(REF, bad)
    assert caught.value.fields
    assert world.platform.calls == []


async def test_push_that_cannot_be_recorded_is_not_sent():
    world = World()
    draft = await opened(world)
    world.stores.error = KnownError("The disk is full: nothing was stored.")
    with pytest.raises(KnownError, match="disk is full"):
        await world.workshop.push(REF, draft)
    assert world.platform.sent == []


async def test_push_keeps_edits_that_were_staged_while_it_ran():
    world = World()
    draft = await opened(world)
    later = draft.add_entity("extra", (Attribute("a", StringType()),))
    world.platform.before_send = lambda: world.drafts._save(REF, later)
    assert (await world.workshop.push(REF, draft)).outcome == "done"
    kept = await world.workshop.open(REF)
    assert kept.is_base_old
    merged = await world.workshop.merge(REF, kept.draft)
    assert not merged.conflicts
    assert [each.place for each in merged.draft.plan().steps] == ["extra"]


async def test_push_goes_on_when_whoever_asked_for_it_has_gone():
    world = World()
    draft = await opened(world)
    sending = asyncio.Event()
    world.platform.before_send = sending.set
    world.platform.gate.clear()
    heard = []
    task = asyncio.create_task(world.workshop.push(REF, draft, heard.append))
    await sending.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    world.platform.gate.set()
    while (await world.workshop.pushes())[0].outcome == "started":
        await asyncio.sleep(0)
    assert (await world.workshop.pushes())[0].outcome == "done"
    assert "verifying" not in [each.phase for each in heard]


async def test_push_that_the_end_of_the_program_cut_off_is_unknown_at_the_next_start_and_read_then():
    world = World()
    draft = await opened(world)
    task = None
    world.platform.before_send = lambda: task.cancel() and None
    task = asyncio.create_task(world.workshop.push(REF, draft))
    world.platform.before_send = lambda: [each.cancel() for each in world.pusher._tasks]
    with pytest.raises(asyncio.CancelledError):
        await task
    await world.workshop.aclose()
    next_start = World(world.platform, world.stores)
    (record,) = await next_start.workshop.pushes()
    assert record.outcome == "unknown"
    settled = await next_start.workshop.settle(record.id)
    assert settled.outcome in ("done", "failed")
    assert (settled.outcome == "done") == (world.live == canonical(draft.wanted))


async def test_pushes_of_one_app_take_turns():
    world = World()
    base = (await world.workshop.open(REF)).base.schema
    drafts = [Draft(base, base).add_entity(name, (Attribute("a", StringType()),)) for name in ("one", "two")]
    reports = await asyncio.gather(*(world.workshop.push(REF, each) for each in drafts))
    assert sorted(each.outcome for each in reports) == ["done", "stale"]
    stale = next(each for each in reports if each.outcome == "stale")
    assert (await world.workshop.push(REF, stale.merge.draft)).outcome == "done"
    assert {"one", "two"} <= {each.name for each in world.live.entities}


async def test_two_operators_who_push_at_once_100_times_lose_no_edit():
    platform = FakePlatform()
    platform.schemas[uid(1)] = TODO
    worlds = [World(platform, FakeWorkshopStores()) for _ in range(2)]

    async def round_of(world: World, who: int, number: int) -> str:
        schema = (await world.workshop.open(REF, refresh=True)).base.schema
        draft = Draft(schema, schema).add_attribute(
            "todos", Attribute(f"by{who}_{number}", StringType() if number % 2 else BooleanType())
        )
        outcomes = []
        while True:
            report = await world.workshop.push(REF, draft)
            outcomes.append(report.outcome)
            if report.outcome == "done":
                return "+".join(outcomes)
            assert report.outcome == "stale"
            assert not report.merge.conflicts
            draft = report.merge.draft

    for number in range(100):
        await asyncio.gather(*(round_of(world, who, number) for who, world in enumerate(worlds)))
    names = {each.name for each in platform.schemas[uid(1)].entity("todos").attributes}
    assert {f"by{who}_{number}" for who in range(2) for number in range(100)} <= names


async def test_push_beside_another_operator_in_the_same_moment_is_done_and_says_so():
    world = World()
    draft = await opened(world)

    def other() -> None:
        mine = Draft(world.live, world.live).add_entity("theirs", (Attribute("a", StringType()),))
        world.platform.schemas[uid(1)] = canonical(mine.wanted)

    world.platform.before_send = other
    report = await world.workshop.push(REF, draft)
    assert report.outcome == "done"
    assert "Other changes" in report.sentence
    assert world.live.entity("theirs") is not None
    (record,) = await world.workshop.pushes()
    assert record.did == draft.plan()


async def test_push_cancelled_before_it_is_sent_sends_nothing_and_records_nothing():
    world = World()
    draft = await opened(world)

    def gate(progress) -> None:
        if progress.phase == "sending":
            raise asyncio.CancelledError

    with pytest.raises(asyncio.CancelledError):
        await world.workshop.push(REF, draft, gate)
    assert (world.platform.sent, await world.workshop.pushes()) == ([], ())
    assert (await world.workshop.open(REF)).draft == draft


async def test_push_whose_caller_goes_while_it_reads_sends_nothing():
    world = World()
    draft = await opened(world)
    reading = asyncio.Event()
    task = asyncio.create_task(world.workshop.push(REF, draft, lambda _progress: reading.set()))
    await reading.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert (world.platform.sent, world.pusher._tasks) == ([], set())


async def test_review_of_a_renamed_entity_says_nothing_of_the_names_of_its_links():
    world = World()
    draft = Draft(TODO, TODO).rename_entity("todos", "tasks")
    review = await world.workshop.review(REF, draft)
    assert [each.describe() for each in review.plan.steps] == [
        "Rename the entity todos to tasks, keeping its rows.",
    ]
