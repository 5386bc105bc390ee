"""Copies of entities in another schema."""

import random

from hypothesis import given
from hypothesis import strategies as st

from app.schema.copying import free_name, new_names, own_names, with_copies
from app.schema.draft import Draft
from app.schema.model import Attribute, Entity, Link, LinkEnd, Schema
from app.schema.types import IdType, StringType
from tests.support.random_schemas import random_schema

TEXT = Attribute("text", StringType())


def copied(live: Schema, source: Schema) -> tuple[Schema, dict[str, str]]:
    names = {each.name: each.proposed for each in new_names(live, own_names(source))}
    return with_copies(Draft(live, live), source, names).wanted, names


def test_free_names_count_on():
    assert free_name("notes", {}) == "notes"
    assert free_name("notes", {"notes", "notes2"}) == "notes3"


def test_a_free_name_is_not_that_of_another_copy():
    live = Schema((Entity("notes", (TEXT,)),))
    source = Schema((Entity("notes", (TEXT,)), Entity("notes2", (TEXT,))))
    assert {each.name: each.proposed for each in new_names(live, own_names(source))} == {
        "notes": "notes3",
        "notes2": "notes2",
    }


def test_types_that_name_a_copied_entity_follow_it():
    live = Schema((Entity("a", (TEXT,)),))
    source = Schema((Entity("a", (TEXT,)), Entity("b", (Attribute("of", IdType("a")),))))
    assert copied(live, source)[0].entity("b").attributes == (Attribute("of", IdType("a2")),)


def test_links_with_one_end_at_what_is_there_take_free_labels_at_both_of_its_ends():
    live = Schema((Entity("users", (Attribute("notes", StringType()),)),))
    source = Schema(
        (Entity("notes", (TEXT,)), Entity("users", (TEXT,))),
        (
            Link("one", LinkEnd("notes", "author", "one"), LinkEnd("users", "notes", "many")),
            Link("two", LinkEnd("notes", "editor", "one"), LinkEnd("users", "notes2", "many")),
        ),
    )
    wanted = with_copies(Draft(live, live), source, {"notes": "notes"}).wanted
    assert {each.reverse.label for each in wanted.links} == {"notes2", "notes22"}


@given(st.integers(0, 100_000))
def test_copies_are_as_their_originals_and_what_was_there_stays(seed):
    rng = random.Random(seed)
    live, source = random_schema(rng), random_schema(rng)
    wanted, names = copied(live, source)
    assert wanted.entities[: len(live.entities)] == live.entities
    assert wanted.links[: len(live.links)] == live.links
    assert len({each.name for each in wanted.entities}) == len(wanted.entities)
    for each in source.entities:
        assert wanted.entity(names[each.name]).attributes == each.attributes
    moved = [
        (names[each.forward.entity], each.forward.label, names[each.reverse.entity], each.reverse.label)
        for each in source.links
    ]
    assert [
        (each.forward.entity, each.forward.label, each.reverse.entity, each.reverse.label)
        for each in wanted.links[len(live.links) :]
    ] == moved
