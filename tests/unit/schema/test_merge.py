"""Two edits of one schema brought together."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.schema import types as t
from app.schema.compare import compare
from app.schema.draft import Draft
from app.schema.merge import Merge, merge
from app.schema.model import Attribute, Entity, Link, LinkEnd, Schema, link_key

from .strategies import Edit, edits, make_edit

BASE = Schema(
    (
        Entity("todos", (Attribute("title", t.StringType()), Attribute("done", t.BooleanType()))),
        Entity("users", (Attribute("name", t.StringType()),)),
        Entity("tags", (Attribute("word", t.StringType()),)),
    ),
    (
        Link("todosOwner", LinkEnd("todos", "owner", "one"), LinkEnd("users", "todos", "many")),
        Link("todosTags", LinkEnd("todos", "tags", "many"), LinkEnd("tags", "todos", "many")),
    ),
)
OWNER = link_key(BASE.links[0])
Change = Callable[[Draft], Draft]


def _merged(theirs: Change, mine: Change, keep: frozenset[str] = frozenset()) -> Merge:
    return merge(BASE, theirs(Draft(BASE, BASE)).wanted, mine(Draft(BASE, BASE)), keep)


def _places(found: Merge) -> list[str]:
    return [each.place for each in found.conflicts]


def test_properties_of_one_attribute_are_merged_each_by_itself() -> None:
    found = _merged(
        lambda each: each.change_attribute("todos", "title", is_required=True),
        lambda each: each.change_attribute("todos", "title", is_unique=True),
    )

    assert not found.conflicts
    assert found.draft.wanted.entity("todos").attribute("title") == Attribute(  # type: ignore[union-attr]
        "title", t.StringType(), is_required=True, is_unique=True
    )
    assert [step.place for step in found.draft.plan().steps] == ["todos.title"]


def test_one_property_changed_twice_is_a_conflict_that_they_win_unless_mine_is_kept() -> None:
    def theirs(each: Draft) -> Draft:
        return each.change_attribute("todos", "title", type=t.NumberType(), is_indexed=True)

    def mine(each: Draft) -> Draft:
        return each.change_attribute("todos", "title", type=t.AnyType(), is_unique=True)

    found, kept = _merged(theirs, mine), _merged(theirs, mine, frozenset({"todos.title"}))

    (conflict,) = found.conflicts
    assert (conflict.place, conflict.theirs, conflict.mine) == ("todos.title", "number", "any")
    title = found.draft.wanted.entity("todos").attribute("title")  # type: ignore[union-attr]
    assert title == Attribute("title", t.NumberType(), is_indexed=True, is_unique=True)
    title = kept.draft.wanted.entity("todos").attribute("title")  # type: ignore[union-attr]
    assert title == Attribute("title", t.AnyType(), is_indexed=True, is_unique=True)


def test_equal_changes_are_no_conflict() -> None:
    def both(each: Draft) -> Draft:
        each = each.add_entity("notes", (Attribute("text", t.StringType()),)).drop_attribute("todos", "done")
        return each.rename_attribute("users", "name", "called").change_attribute("todos", "title", is_unique=True)

    found = _merged(both, lambda each: both(each).add_attribute("tags", Attribute("colour")))

    assert not found.conflicts
    assert [step.place for step in found.draft.plan().steps] == ["tags.colour"]


def test_a_renamed_entity_takes_their_changes_along() -> None:
    found = _merged(
        lambda each: each.add_attribute("todos", Attribute("due", t.DateType())).add_link(
            Link("tagsUser", LinkEnd("tags", "user", "one"), LinkEnd("todos", "again", "many"))
        ),
        lambda each: each.rename_entity("todos", "tasks").rename_attribute("tasks", "title", "headline"),
    )

    assert not found.conflicts
    tasks = found.draft.wanted.entity("tasks")
    assert tasks is not None
    assert {each.name for each in tasks.attributes} == {"headline", "done", "due"}
    assert {link.reverse.entity for link in found.draft.wanted.links if link.name == "tagsUser"} == {"tasks"}
    assert found.draft.renames.entities == (("todos", "tasks"),)
    assert found.draft.renames.attributes == (("todos", "title", "headline"),)


@pytest.mark.parametrize("is_kept", [False, True])
def test_a_part_removed_there_and_changed_here_is_a_conflict(is_kept: bool) -> None:
    def mine(each: Draft) -> Draft:
        return each.change_attribute("todos", "title", is_unique=True)

    def theirs(each: Draft) -> Draft:
        return each.drop_attribute("todos", "title")

    found = _merged(theirs, mine, frozenset({"todos.title"} if is_kept else ()))

    assert _places(found) == ["todos.title"]
    todos = found.draft.wanted.entity("todos")
    assert todos is not None
    assert (todos.attribute("title") is not None) == is_kept


@pytest.mark.parametrize("is_kept", [False, True])
def test_an_entity_removed_here_and_linked_there_is_a_conflict(is_kept: bool) -> None:
    link = Link("tagsUser", LinkEnd("tags", "user", "one"), LinkEnd("users", "tags", "many"))

    found = _merged(
        lambda each: each.add_link(link),
        lambda each: each.drop_entity("users"),
        frozenset({"users"} if is_kept else ()),
    )

    assert _places(found) == ["users"]
    assert (found.draft.wanted.entity("users") is None) == is_kept
    assert (link in found.draft.wanted.links) != is_kept
    # The link that went with the entity is back with it.
    assert (OWNER in {link_key(each) for each in found.draft.wanted.links}) != is_kept


@pytest.mark.parametrize("is_kept", [False, True])
def test_an_entity_removed_there_and_changed_here_is_a_conflict(is_kept: bool) -> None:
    found = _merged(
        lambda each: each.drop_entity("users"),
        lambda each: each.add_attribute("users", Attribute("email")),
        frozenset({"users"} if is_kept else ()),
    )

    assert _places(found) == ["users"]
    assert (found.draft.wanted.entity("users") is not None) == is_kept
    assert (OWNER in {link_key(each) for each in found.draft.wanted.links}) == is_kept
    found.draft.plan().apply(found.draft.base)


@pytest.mark.parametrize("is_kept", [False, True])
def test_a_name_that_both_give_away_is_a_conflict(is_kept: bool) -> None:
    found = _merged(
        lambda each: each.add_attribute("todos", Attribute("headline", t.NumberType())),
        lambda each: each.rename_attribute("todos", "title", "headline"),
        frozenset({"todos.headline"} if is_kept else ()),
    )

    assert _places(found) == ["todos.headline"]
    names = {each.name for each in found.draft.wanted.entity("todos").attributes}  # type: ignore[union-attr]
    assert names == ({"headline", "done"} if is_kept else {"title", "done", "headline"})


def test_ends_of_links_are_merged_each_property_by_itself() -> None:
    def with_forward(each: Draft, **changes: Any) -> Draft:
        link = next(link for link in each.wanted.links if link_key(link) == OWNER)
        return each.change_link(OWNER, replace(link, forward=replace(link.forward, **changes)))

    found = _merged(lambda each: with_forward(each, is_required=True), lambda each: with_forward(each, label="by"))

    assert not found.conflicts
    (link,) = [each for each in found.draft.wanted.links if each.forward.label == "by"]
    assert link.forward.is_required
    assert found.draft.renames.links == ((("todos", "owner"), ("todos", "by")),)


def test_an_entity_that_goes_leaves_its_links_to_nobody_of_its_name() -> None:
    def mine(each: Draft) -> Draft:
        return each.rename_entity("todos", "tasks").add_entity("todos", (Attribute("owner"),))

    found = _merged(lambda each: each.drop_entity("todos"), mine)

    assert _places(found) == ["tasks"]
    assert found.draft.wanted.entity("todos") is not None
    assert found.draft.wanted.links == ()


# Laws


def _means(schema: Schema) -> Schema:
    return schema.normalised()


def _facts(schema: Schema) -> dict[tuple[str, ...], object]:
    """All that can be said of a schema, each property by itself."""
    facts: dict[tuple[str, ...], object] = {}
    for entity in schema.entities:
        facts["entity", entity.name] = True
        for each in entity.attributes:
            for field in ("type", "is_required", "is_unique", "is_indexed"):
                facts["attribute", entity.name, each.name, field] = getattr(each, field)
    for link in schema.links:
        facts[("link", *link_key(link))] = link
    return facts


@settings(deadline=None)
@given(edits())
def test_their_schema_unchanged_leaves_the_draft_as_it_is(edit: Edit) -> None:
    mine = Draft(edit.before, edit.after, edit.renames)

    found = merge(edit.before, _means(edit.before), mine)

    assert not found.conflicts
    assert _means(found.draft.wanted) == _means(edit.after)


@settings(deadline=None)
@given(edits())
def test_an_unchanged_draft_takes_their_schema(edit: Edit) -> None:
    found = merge(edit.before, edit.after, Draft(edit.before, edit.before))

    assert not found.conflicts
    assert _means(found.draft.wanted) == _means(edit.after)
    assert not found.draft.is_changed


def _two(rng: random.Random) -> tuple[Edit, Schema]:
    mine = make_edit(rng, False, 4, 3)
    return mine, _edited(rng, mine.before)


def _edited(rng: random.Random, schema: Schema) -> Schema:
    """What somebody else made of it."""
    draft = Draft(schema, schema)
    for _ in range(rng.randint(1, 4)):
        entity = rng.choice(draft.wanted.entities) if draft.wanted.entities else None
        attribute = rng.choice(entity.attributes) if entity is not None and entity.attributes else None
        match rng.randrange(6):
            case 0:
                draft = _tried(draft, lambda each: each.add_entity(rng.choice("abcde"), (Attribute("title"),)))
            case 1 if entity is not None:
                draft = _tried(draft, lambda each, name=entity.name: each.drop_entity(name))
            case 2 if entity is not None:
                new = Attribute(rng.choice(("title", "owner", "new")), t.NumberType())
                draft = _tried(draft, lambda each, name=entity.name, new=new: each.add_attribute(name, new))
            case 3 if entity is not None and attribute is not None:
                names = (entity.name, attribute.name)
                draft = _tried(draft, lambda each, names=names: each.drop_attribute(*names))
            case 4 if entity is not None and attribute is not None:
                names = (entity.name, attribute.name)
                flag = rng.choice(("is_required", "is_unique", "is_indexed"))
                draft = _tried(
                    draft, lambda each, names=names, flag=flag: each.change_attribute(*names, **{flag: True})
                )
            case _ if draft.wanted.links:
                key = link_key(rng.choice(draft.wanted.links))
                draft = _tried(draft, lambda each, key=key: each.drop_link(key))
    return draft.wanted


def _tried(draft: Draft, change: Callable[..., Draft]) -> Draft:
    from app.core.errors import Invalid

    try:
        return change(draft)
    except Invalid:
        return draft


two_edits = st.randoms(use_true_random=False).map(_two)


@settings(deadline=None, max_examples=200)
@given(two_edits)
def test_a_merge_can_always_be_planned_and_names_nothing_twice(pair: tuple[Edit, Schema]) -> None:
    edit, theirs = pair
    mine = Draft(edit.before, edit.after, edit.renames)
    found = merge(edit.before, theirs, mine)
    every = frozenset(_places(found))
    assert not any("\0" in place for place in every)

    for each in (found, merge(edit.before, theirs, mine, every)):
        wanted = each.draft.wanted
        assert _means(each.draft.plan().apply(theirs)) == _means(wanted)
        for entity in wanted.entities:
            ends = [
                end.label for link in wanted.links for end in (link.forward, link.reverse) if end.entity == entity.name
            ]
            names = [*ends, *(part.name for part in entity.attributes)]
            assert len(names) == len(set(names))
        assert len({part.name for part in wanted.entities}) == len(wanted.entities)


def _two_without_renames(rng: random.Random) -> tuple[Schema, Schema, Schema]:
    base = make_edit(rng, False, 4, 3).before
    return base, _edited(rng, base), _edited(rng, base)


@settings(deadline=None, max_examples=200)
@given(st.randoms(use_true_random=False).map(_two_without_renames))
def test_no_edit_is_lost_silently(three: tuple[Schema, Schema, Schema]) -> None:
    base, theirs, mine = three
    found = merge(base, theirs, Draft(base, mine))
    was, their, our, result = map(_facts, (base, theirs, mine, found.draft.wanted))
    told = set(_places(found))

    for fact in {*was, *their, *our, *result}:
        before, now = was.get(fact), result.get(fact)
        wanted = our.get(fact) if our.get(fact) != before else their.get(fact)
        assert now == wanted or _is_told(fact, told), (fact, before, their.get(fact), our.get(fact), now)


def _is_told(fact: tuple[str, ...], told: set[str]) -> bool:
    """A conflict at the part itself, or at an entity that it belongs to or leads to."""
    entities = {fact[1], fact[3]} if fact[0] == "link" else {fact[1]}
    return bool(told & {*entities, ".".join(fact[1:3])})


@settings(deadline=None)
@given(edits())
def test_the_same_edit_on_both_sides_leaves_nothing_to_do(edit: Edit) -> None:
    found = merge(edit.before, edit.after, Draft(edit.before, edit.after, edit.renames))

    assert not found.conflicts
    assert not compare(found.draft.base, found.draft.wanted)


@settings(deadline=None, max_examples=100)
@given(st.randoms(use_true_random=False).map(_two_without_renames))
def test_what_is_kept_is_there(three: tuple[Schema, Schema, Schema]) -> None:
    base, theirs, mine = three
    keep: frozenset[str] = frozenset()
    found = merge(base, theirs, Draft(base, mine))
    while not keep >= set(_places(found)):
        keep |= set(_places(found))
        found = merge(base, theirs, Draft(base, mine), keep)
    was, our, result = map(_facts, (base, mine, found.draft.wanted))

    for fact in {*was, *our}:
        # A link that both changed has their other properties too.
        is_shared = fact[0] == "link" and fact in our and fact in was
        assert our.get(fact) == was.get(fact) or result.get(fact) == our.get(fact) or is_shared
