"""Opening a schema to edit, and the staged edits that are kept."""

import asyncio

import pytest

from app.core.changes import Changes
from app.core.errors import KnownError, NotFound, Unreachable
from app.core.refs import AppRef
from app.platforms.contract import OffendingRow, PushJob, RemoteApp
from app.schema.draft import Draft
from app.schema.formats.instant_form import canonical
from app.schema.model import Attribute, Entity, Schema
from app.schema.types import StringType
from tests.unit.services.fakes import uid
from tests.unit.services.test_catalog import EVERYTHING
from tests.unit.services.test_workshop_push import draft_of
from tests.unit.services.workshop_fakes import REF, TODO, World

LOST = Unreachable("Nobody answers.")


async def test_open_gives_the_live_schema_its_rules_and_no_draft():
    world = World()
    opened = await world.workshop.open(REF)
    assert (opened.base.schema, opened.draft, opened.is_base_old) == (TODO, None, False)
    assert (opened.push.is_available, opened.is_last_known, opened.error) == (True, False, None)
    assert opened.rules is world.platform.schema_rules


async def test_draft_is_there_again_when_it_is_opened_by_another_program():
    world = World()
    draft = draft_of((await world.workshop.open(REF)).base.schema)
    await world.workshop.save_draft(REF, draft)
    opened = await World(world.platform, world.stores).workshop.open(REF)
    assert (opened.draft, opened.draft_saved_at, opened.is_base_old) == (draft, 5.0, False)
    assert [(each.ref, each.changes) for each in await world.workshop.drafts()] == [(REF, 4)]
    assert Changes(drafts=frozenset({REF})) in world.heard


async def test_draft_without_changes_or_none_is_forgotten():
    world = World()
    for forgotten in (None, Draft(TODO, TODO)):
        await world.workshop.save_draft(REF, draft_of())
        await world.workshop.save_draft(REF, forgotten)
        assert await world.workshop.drafts() == ()


async def test_draft_of_a_schema_that_changed_since_is_told_to_be_old():
    world = World()
    await world.workshop.save_draft(REF, draft_of())
    world.platform.schemas[uid(1)] = Schema()
    opened = await world.workshop.open(REF, refresh=True)
    assert opened.is_base_old
    assert opened.draft == draft_of()


@pytest.mark.parametrize("base", [TODO, EVERYTHING, Schema()], ids=["todo", "everything", "empty"])
async def test_draft_is_kept_without_loss(base):
    world = World()
    draft = Draft(base, base).add_entity("\ud800\x00 odd \U0001f600", (Attribute("a", StringType(form="e")),))
    await world.workshop.save_draft(REF, draft)
    assert (await world.drafts.load(REF)).draft == draft


async def test_draft_saves_what_was_edited_and_not_the_whole_schema_again():
    world = World()
    base = Schema(tuple(Entity(f"e{n}", tuple(Attribute(f"a{k}") for k in range(20))) for n in range(200)))
    await world.workshop.save_draft(REF, Draft(base, base).rename_attribute("e7", "a1", "b"))
    kept = world.stores.kept_drafts[REF]
    assert len(kept.edits) < len(kept.base) / 20


async def test_draft_that_cannot_be_read_is_not_shown_and_not_destroyed(caplog):
    world = World()
    await world.workshop.save_draft(REF, draft_of())
    world.stores.kept_drafts[REF].edits = '{"entities":[99]}'
    assert (await world.workshop.open(REF)).draft is None
    assert REF in world.stores.kept_drafts
    caplog.clear()


async def test_saves_of_one_app_end_in_the_order_in_which_they_were_asked_for():
    world = World()
    drafts = [Draft(TODO, TODO).add_entity(f"e{n}", (Attribute("a"),)) for n in range(20)]
    await asyncio.gather(*(world.workshop.save_draft(REF, each) for each in drafts))
    assert (await world.drafts.load(REF)).draft == drafts[-1]


async def test_open_without_the_platform_gives_what_was_last_known_and_the_draft():
    world = World()
    await world.workshop.open(REF)
    await world.workshop.save_draft(REF, draft_of())
    next_start = World(world.platform, world.stores)
    next_start.connections.schemas = world.connections.schemas
    world.platform.fail["read_schema"] = LOST
    opened = await next_start.workshop.open(REF)
    assert (opened.base.schema, opened.draft, opened.error) == (TODO, draft_of(), LOST)
    assert opened.is_last_known
    at_once = await next_start.workshop.open_last_known(REF)
    assert (at_once.base.schema, at_once.is_last_known, at_once.error) == (TODO, True, None)


async def test_open_of_what_nothing_is_known_raises_what_the_platform_says():
    world = World()
    world.platform.fail["read_schema"] = LOST
    with pytest.raises(Unreachable):
        await world.workshop.open(REF)
    assert await world.workshop.open_last_known(REF) is None
    with pytest.raises(NotFound):
        await World().workshop.open(AppRef("c1", uid(9)))


async def test_review_tells_what_will_be_sent_and_what_is_wrong():
    world = World()
    draft = draft_of((await world.workshop.open(REF)).base.schema)
    review = await world.workshop.review(REF, draft)
    assert review.plan == draft.plan()
    assert len(review.rendered) == len(review.plan)
    assert (review.draft, review.is_base_old, review.error, review.problems) == (draft, False, None, ())
    bad = draft.add_entity("$mine", (Attribute("a"),))
    assert (await world.workshop.review(REF, bad)).problems


async def test_review_asks_for_the_schema_once():
    world = World()
    draft = draft_of((await world.workshop.open(REF)).base.schema)
    for _ in range(3):
        await world.workshop.review(REF, draft)
    assert world.platform.calls.count(f"read_live:{uid(1)}") == 1


async def test_review_without_the_platform_still_has_plan_and_problems():
    world = World()
    world.platform.fail["read_live"] = LOST
    review = await world.workshop.review(REF, draft_of())
    assert (review.rendered, review.error, len(review.plan)) == ((), LOST, 4)


async def test_review_of_an_old_base_says_so():
    world = World()
    world.platform.schemas[uid(1)] = Schema()
    review = await world.workshop.review(REF, draft_of())
    assert (review.rendered, review.is_base_old) == ((), True)


async def test_review_suggests_a_rename():
    world = World()
    draft = Draft(TODO, TODO).drop_attribute("todos", "title").add_attribute("todos", Attribute("titel", StringType()))
    (suggestion,) = (await world.workshop.review(REF, draft)).suggestions
    assert suggestion.kind == "attribute"


@pytest.mark.parametrize(("environment", "needs"), [("production", True), ("staging", False), ("local", False)])
async def test_whatever_changes_something_in_production_needs_the_typed_name(environment, needs):
    from app.core.connection import Environment

    world = World(environment=Environment(environment))
    assert (await world.workshop.review(REF, draft_of())).needs_typed_name is needs
    safe = Draft(TODO, TODO).add_attribute("todos", Attribute("done"))
    assert (await world.workshop.review(REF, safe)).needs_typed_name is needs
    assert (await world.workshop.review(REF, Draft(TODO, TODO))).needs_typed_name is False


async def test_counts_are_told_one_by_one():
    world = World()
    heard = []
    counts = await world.workshop.counts(REF, draft_of(), heard.append)
    assert (len(counts), list(counts)) == (4, heard)


async def test_offending_rows_are_read_in_the_order_of_the_job():
    world = World()
    await world.workshop.open(REF)
    world.platform.rows["todos"] = [{"id": "b"}, {"id": "a", "title": "x"}]
    rows = (OffendingRow("a"), OffendingRow("gone"), OffendingRow("b"))
    found = await world.workshop.offending_rows(REF, PushJob("j", "t", "todos.title", "errored", rows=rows))
    assert found == ({"id": "a", "title": "x"}, {"id": "b"})
    assert world.platform.queries == [{"todos": {"$": {"where": {"id": {"$in": ["a", "gone", "b"]}}}}}]
    assert await world.workshop.offending_rows(REF, PushJob("j", "t", "todos.title", "errored")) == ()


async def test_version_is_kept_for_each_refresh_that_saw_a_change():
    world = World()
    await world.directory.refresh()
    await world.workshop.open(REF)
    await world.workshop.open(REF, refresh=True)
    world.platform.schemas[uid(1)] = changed = canonical(Draft(TODO, TODO).add_entity("x", (Attribute("a"),)).wanted)
    await world.directory.refresh()
    await world.catalog.aclose()
    assert [each.fingerprint for each in await world.workshop.versions(REF)] == [
        changed.fingerprint(),
        TODO.fingerprint(),
    ]
    assert (await world.workshop.open(REF)).base.schema == changed


async def test_version_that_is_not_kept_is_not_found():
    with pytest.raises(NotFound):
        await World().workshop.version(REF, "nothing")


async def test_push_on_an_app_that_its_platform_holds_read_only_is_not_offered():
    world = World()
    world.platform.apps[uid(1)] = RemoteApp(uid(1), "One", status="read-only")
    await world.directory.refresh()
    opened = await world.workshop.open(REF)
    assert not opened.push.is_available
    assert "read-only" in opened.push.reason


async def test_draft_that_cannot_be_saved_says_so():
    world = World()

    def full(*_values) -> None:
        raise KnownError("The disk is full: nothing was stored.")

    world.stores.drafts.put = full
    with pytest.raises(KnownError, match="disk is full"):
        await world.workshop.save_draft(REF, draft_of())
