"""What a push did, judged by the schemas before and after it."""

from dataclasses import replace

import pytest

from app.schema.compare import Plan, Renames
from app.schema.draft import Draft
from app.schema.formats.instant_form import canonical
from app.schema.model import Attribute, Entity, Link, LinkEnd, Schema, link_key
from app.schema.operations import RenameAttribute
from app.schema.types import NumberType, StringType
from app.services.aftermath import aftermath, merged, renames_done
from tests.unit.services.test_workshop_push import draft_of
from tests.unit.services.workshop_fakes import TODO


def renaming() -> Draft:
    draft = Draft(TODO, TODO).rename_entity("todos", "tasks").rename_attribute("tasks", "title", "headline")
    return Draft(TODO, canonical(draft.wanted), draft.renames)


def test_all_of_it_is_all_of_it():
    draft = draft_of()
    found = aftermath(draft, draft.wanted)
    assert found.is_all
    assert (found.did, found.renames, found.count, found.total) == (draft.plan(), draft.renames, 4, 4)


def test_nothing_of_it_is_nothing():
    draft = draft_of()
    found = aftermath(draft, TODO)
    assert found.is_nothing
    assert (found.count, found.remaining.plan()) == (0, draft.plan())


@pytest.mark.parametrize("make", [draft_of, renaming], ids=["edits", "renames"])
@pytest.mark.parametrize("count", range(1, 4))
def test_part_of_it_and_what_remains_make_the_whole(make, count):
    draft = make()
    live = Plan(draft.plan().steps[:count]).apply(TODO)
    found = aftermath(draft, live, canonical)
    assert found.remaining.base is live
    assert canonical(found.remaining.plan().apply(live)) == canonical(draft.wanted)
    assert canonical(found.did.reverse().apply(live)) == TODO


def test_renames_that_were_done_are_found_and_not_done_again():
    draft = renaming()
    live = Draft(TODO, TODO).rename_entity("todos", "tasks").wanted
    done = renames_done(draft, live)
    assert done.entities == (("todos", "tasks"),)
    assert done.attributes == ()
    found = aftermath(draft, live)
    assert [each.place.partition(".")[0] for each in found.remaining.plan().steps] == ["tasks"]
    assert len(found.remaining.renames.attributes) == 1


def swapping() -> Draft:
    renames = Renames(entities=(("todos", "people"), ("people", "todos")))
    names = dict(renames.entities)
    entities = tuple(replace(each, name=names[each.name]) for each in TODO.entities)
    ends = LinkEnd("people", "owner", "one"), LinkEnd("todos", "todos", "many")
    return Draft(TODO, canonical(Schema(entities, (Link("", *ends),))), renames)


def test_swapped_names_are_told_from_names_that_stayed():
    draft = swapping()
    done, undone = aftermath(draft, draft.wanted), aftermath(draft, TODO)
    assert done.is_all
    assert undone.is_nothing
    assert undone.remaining.plan() == draft.plan()


def test_what_somebody_else_did_is_not_what_the_push_did():
    draft = Draft(TODO, TODO).add_attribute("todos", Attribute("a")).add_attribute("todos", Attribute("b"))
    live = Draft(TODO, TODO).add_attribute("todos", Attribute("a")).add_attribute("people", Attribute("other")).wanted
    found = aftermath(draft, live)
    assert [each.place for each in found.did.steps] == ["todos.a"]
    assert [each.place for each in found.remaining.plan().steps] == ["todos.b"]
    assert found.count == 1


def test_part_that_arrived_half_done_is_finished_by_what_remains():
    draft = Draft(TODO, TODO).add_attribute("todos", Attribute("code", StringType(), is_unique=True))
    live = Draft(TODO, TODO).add_attribute("todos", Attribute("code", StringType())).wanted
    found = aftermath(draft, live)
    (step,) = found.remaining.plan().steps
    assert step.after.is_unique
    assert (found.count, len(found.did)) == (0, 1)


def test_link_that_was_dropped_stays_dropped():
    draft = Draft(TODO, TODO)
    draft = draft.drop_link(link_key(TODO.links[0]))
    draft = draft.add_link(Link("", LinkEnd("people", "boss", "one"), LinkEnd("people", "staff", "many")))
    live = Plan(draft.plan().steps[:1]).apply(TODO)
    found = aftermath(draft, live, canonical)
    assert len(found.remaining.plan()) == 1


def test_merging_with_a_schema_that_has_the_same_rename_is_no_conflict():
    draft = renaming().add_entity("notes", (Attribute("text"),))
    live = canonical(renaming().wanted)
    found = merged(draft, live)
    assert found.conflicts == ()
    assert [each.place for each in found.draft.plan().steps] == ["notes"]


def test_aftermath_of_parts_halfway_to_each_others_names_goes_on_with_them_and_drops_nothing():
    """Two attributes exchange names in two requests; the connection breaks between them."""
    both = Schema((Entity("todos", (Attribute("first", StringType()), Attribute("second", NumberType()))),))
    wanted = Schema((Entity("todos", (Attribute("first", NumberType()), Attribute("second", StringType()))),))
    swap = Renames(attributes=(("todos", "first", "second"), ("todos", "second", "first")))
    halfway = Schema((Entity("todos", (Attribute("first_renaming", StringType()), Attribute("first", NumberType()))),))
    known = Renames(attributes=(("todos", "first", "first_renaming"), ("todos", "second", "first")))
    found = aftermath(Draft(both, wanted, swap), halfway, known=known)
    assert found.remaining.plan().steps == (RenameAttribute("todos", "first_renaming", "second"),)
    assert found.did.apply(both).normalised() == halfway.normalised()


def test_aftermath_leaves_what_somebody_else_renamed_meanwhile_as_it_is():
    base = Schema((Entity("todos", (Attribute("title", StringType()), Attribute("done", StringType()))),))
    mine = Draft(base, base).add_attribute("todos", Attribute("due", StringType()))
    theirs = Schema((Entity("todos", (Attribute("headline", StringType()), Attribute("done", StringType()))),))
    known = Renames(attributes=(("todos", "title", "headline"),))
    found = aftermath(mine, theirs, known=known)
    assert found.is_nothing
    assert [step.place for step in found.remaining.plan().steps] == ["todos.due"]
