"""Bringing a schema up to its template: what departs from it goes, what is the tenant's own stays."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.errors import Invalid
from app.schema.bring_up import brought_up
from app.schema.draft import Draft
from app.schema.drift import differences
from app.schema.formats.instant_form import canonical
from app.schema.model import Attribute, Entity, Link, LinkEnd, Schema
from app.schema.types import AnyType, JsonType, NumberType, StringType
from tests.support.random_schemas import random_schema

NAME = Attribute("name", StringType(), is_required=True)
WANTED = Schema(
    (Entity("todos", (NAME, Attribute("data", JsonType()))), Entity("people", (NAME,))),
    (Link("todosOwner", LinkEnd("todos", "owner", "one", False, "cascade"), LinkEnd("people", "todos", "many")),),
)


def up(live: Schema, wanted: Schema = WANTED, **options) -> Schema:
    return brought_up(Draft(live, live), wanted, **options).wanted


def test_from_nothing_it_becomes_the_template():
    assert up(Schema()).normalised() == WANTED.normalised()


def test_what_fits_already_stays_the_same_object():
    draft = Draft(WANTED, WANTED)
    assert brought_up(draft, WANTED).wanted == WANTED
    live = canonical(WANTED)
    assert not brought_up(Draft(live, live), WANTED).is_changed


def test_json_and_any_are_one():
    live = Schema((Entity("todos", (NAME, Attribute("data", AnyType()))), *WANTED.entities[1:]), WANTED.links)
    assert up(live) == live


def test_other_types_flags_and_links_become_those_of_the_template():
    link = WANTED.links[0]
    live = Schema(
        (
            Entity("todos", (Attribute("name", NumberType(), is_unique=True), Attribute("data", JsonType()))),
            Entity("people", (NAME, Attribute("age", NumberType()))),
        ),
        (
            Link("todosOwner", LinkEnd("todos", "owner", "many"), link.reverse),
            Link("todosPeer", LinkEnd("todos", "peer", "one"), LinkEnd("todos", "peers", "many")),
        ),
    )
    assert differences(up(live), WANTED) == ()
    kept = up(live, keeps_extras=True)
    assert {each.place for each in differences(kept, WANTED)} == {"people.age", "link todos.peer"}


def test_the_tenants_own_agents_and_what_it_added_to_the_platforms_stay():
    own = Entity("diary", (NAME,))
    users = Entity("$users", (Attribute("nick", StringType()),), is_system=True)
    link = Link("diaryTodo", LinkEnd("diary", "todo", "one"), LinkEnd("todos", "diary", "many"))
    found = up(Schema((own, users), ()), Schema((*WANTED.entities, Entity("$users", is_system=True)), WANTED.links))
    assert {own, users} <= set(found.entities)
    live = Schema((*WANTED.entities, own), (*WANTED.links, link))
    assert up(live) == live


def test_a_label_that_the_tenant_took_is_told():
    own = Entity("diary", (NAME,))
    link = Link("diaryOwner", LinkEnd("diary", "todos", "one"), LinkEnd("todos", "owner", "many"))
    with pytest.raises(Invalid, match="todos has a link owner already"):
        up(Schema((*WANTED.entities, own), (link,)))


def test_a_name_that_changes_from_attribute_to_link_is_dropped_first():
    live = Schema((Entity("todos", (NAME, Attribute("owner", StringType()))),))
    assert differences(up(live), WANTED) == ()


@given(st.integers(0, 100_000))
def test_nothing_departs_any_more_and_a_second_time_changes_nothing(seed):
    rng = random.Random(seed)
    live, wanted = random_schema(rng), random_schema(rng)
    try:
        draft = brought_up(Draft(live, live), wanted)
    except Invalid:
        # A link of the tenant's own agents has a label that the template needs.
        return
    assert differences(draft.wanted, wanted) == ()
    assert brought_up(draft, wanted).wanted == draft.wanted
    due = {each.name for each in wanted.entities}
    assert {each for each in live.entities if each.name not in due} <= set(draft.wanted.entities)
    assert canonical(draft.plan().apply(live)) == canonical(draft.wanted)
