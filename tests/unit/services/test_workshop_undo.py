"""Taking a push back."""

import pytest

from app.core.errors import Conflict, NotFound
from app.platforms.contract import PushJob
from app.schema.compare import Plan
from app.schema.draft import Draft
from app.schema.formats.instant_form import canonical
from app.schema.model import Attribute
from app.schema.types import StringType
from tests.unit.services.fakes import uid
from tests.unit.services.test_workshop_push import draft_of
from tests.unit.services.workshop_fakes import REF, TODO, World


async def pushed(world: World, draft: Draft | None = None) -> int:
    base = (await world.workshop.open(REF)).base.schema
    report = await world.workshop.push(REF, draft or draft_of(base))
    assert report.outcome in ("done", "partial")
    return report.push_id


async def test_undo_brings_the_schema_back_and_is_a_push_that_restores():
    world = World()
    push_id = await pushed(world)
    draft = await world.workshop.undo_draft(push_id)
    report = await world.workshop.push(REF, draft, undoes=push_id)
    assert report.outcome == "done"
    assert world.live == TODO
    assert world.platform.restores == [False, True]
    undo, undone = await world.workshop.pushes()
    assert (undone.undone_by, undo.undoes) == (undo.id, undone.id)
    assert not undone.can_be_undone
    assert undo.can_be_undone


async def test_undo_of_an_undo_does_it_again():
    world = World()
    push_id = await pushed(world)
    after = world.live
    await world.workshop.push(REF, await world.workshop.undo_draft(push_id), undoes=push_id)
    undo_id = (await world.workshop.pushes())[0].id
    await world.workshop.push(REF, await world.workshop.undo_draft(undo_id), undoes=undo_id)
    assert world.live == after


async def test_undo_keeps_what_was_changed_since():
    world = World()
    push_id = await pushed(world)
    since = Draft(world.live, world.live).add_attribute("people", Attribute("age", StringType()))
    world.platform.schemas[uid(1)] = canonical(since.wanted)
    undo = await world.workshop.undo(push_id)
    assert undo.conflicts == ()
    await world.workshop.push(REF, undo.draft, undoes=push_id)
    assert world.live == canonical(Draft(TODO, TODO).add_attribute("people", Attribute("age", StringType())).wanted)


async def test_undo_says_what_does_not_fit_any_more():
    world = World()
    push_id = await pushed(world)
    since = Draft(world.live, world.live).change_attribute("todos", "done", is_indexed=True)
    world.platform.schemas[uid(1)] = canonical(since.wanted)
    undo = await world.workshop.undo(push_id)
    assert [each.place for each in undo.conflicts] == ["todos.done"]
    assert "1 part changed since" in undo.sentence
    await world.workshop.push(REF, undo.draft, undoes=push_id)
    assert world.live.entity("todos").attribute("done") is not None
    assert world.live.entity("todos").attribute("title") is not None
    assert world.live.entity("notes") is None


async def test_undo_of_a_partial_push_takes_back_what_it_did():
    world = World()
    world.platform.send = lambda plan: (
        Plan(tuple(each for each in plan.steps if each.place != "people.name")),
        (PushJob("j", "t", "people.name", "errored"),),
    )
    push_id = await pushed(world)
    world.platform.send = lambda plan: (plan, ())
    undo = await world.workshop.undo(push_id)
    await world.workshop.push(REF, undo.draft, undoes=push_id)
    assert world.live == TODO


async def test_undo_leaves_the_staged_edits_of_the_operator_alone():
    world = World()
    push_id = await pushed(world)
    mine = Draft(world.live, world.live).add_attribute("people", Attribute("age", StringType()))
    await world.workshop.save_draft(REF, mine)
    await world.workshop.push(REF, await world.workshop.undo_draft(push_id), undoes=push_id)
    kept = await world.workshop.open(REF)
    assert (kept.draft, kept.is_base_old) == (mine, True)


async def test_undo_of_what_was_undone_or_never_was_is_refused():
    world = World()
    push_id = await pushed(world)
    await world.workshop.push(REF, await world.workshop.undo_draft(push_id), undoes=push_id)
    with pytest.raises(Conflict):
        await world.workshop.undo(push_id)
    with pytest.raises(NotFound):
        await world.workshop.undo(77)


async def test_undo_of_a_push_whose_schema_is_no_longer_kept_takes_back_what_fits():
    world = World()
    push_id = await pushed(world)
    since = Draft(world.live, world.live).change_attribute("todos", "done", is_indexed=True)
    world.platform.schemas[uid(1)] = canonical(since.wanted)
    world.stores.kept_versions.clear()
    undo = await world.workshop.undo(push_id)
    assert [each.place for each in undo.conflicts] == ["todos.done"]
    await world.workshop.push(REF, undo.draft, undoes=push_id)
    assert world.live.entity("todos").attribute("done") is not None
    assert world.live.entity("todos").attribute("title") is not None
    assert world.live.entity("people").attribute("name") is not None


async def test_push_that_lost_its_program_and_took_effect_leaves_no_draft():
    world = World()
    base = (await world.workshop.open(REF)).base.schema
    await world.workshop.save_draft(REF, draft_of(base))
    world.platform.schemas[uid(1)] = canonical(draft_of(base).wanted)
    opened = await world.workshop.open(REF, refresh=True)
    assert (opened.draft, opened.is_base_old) == (None, False)
    assert await world.workshop.drafts() == ()


async def test_push_written_by_another_version_is_still_in_the_history(caplog):
    world = World()
    await pushed(world)
    world.stores.kept_pushes[0].plan = '{"plan":{"_":"Hologram"}}'
    (record,) = await world.workshop.pushes()
    assert (len(record.plan), len(record.steps)) == (0, 4)
    assert "another version" in caplog.text
    caplog.clear()
