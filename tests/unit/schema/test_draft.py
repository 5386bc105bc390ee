"""Staged edits: what they make of the wanted schema, of the renames and of the marks."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.core.errors import Invalid
from app.schema import types as t
from app.schema.compare import Renames, compare
from app.schema.draft import Draft, Mark
from app.schema.model import Attribute, Entity, Index, Link, LinkEnd, Schema, link_key

from .strategies import make_edit

TITLE, DONE = Attribute("title", t.StringType()), Attribute("done", t.BooleanType())
EMAIL = Attribute("email", t.StringType(), is_system=True)
OWNER = Link("todosOwner", LinkEnd("todos", "owner", "one"), LinkEnd("people", "todos", "many"))
BASE = Schema(
    (
        Entity("todos", (TITLE, DONE), (Index("by_title", ("title", "done")),)),
        Entity("people", (Attribute("name"), Attribute("favourite", t.IdType("todos")))),
        Entity("$users", (EMAIL,), is_system=True),
    ),
    (OWNER, Link("own", LinkEnd("$users", "a", "one"), LinkEnd("$users", "b", "many"), is_system=True)),
)
KEY = link_key(OWNER)
DRAFT = Draft(BASE, BASE)
Change = Callable[[Draft], Draft]


def _names(draft: Draft, entity: str) -> list[str]:
    found = draft.wanted.entity(entity)
    return [each.name for each in found.attributes] if found else []


def test_a_new_draft_has_nothing_to_do() -> None:
    assert not DRAFT.is_changed
    assert DRAFT.marks("todos") == {}
    assert DRAFT.discard() == DRAFT


def test_an_edit_leaves_the_rest_as_the_same_objects() -> None:
    changed = DRAFT.change_attribute("todos", "title", is_unique=True)

    assert changed.wanted.entities[1] is BASE.entities[1]
    assert changed.wanted.links is BASE.links


REFUSED: tuple[tuple[Change, str], ...] = (
    (lambda each: each.add_entity(""), "name"),
    (lambda each: each.add_entity("todos"), "name"),
    (lambda each: each.add_entity("x", (TITLE, TITLE)), "name"),
    (lambda each: each.rename_entity("todos", "people"), "name"),
    (lambda each: each.rename_entity("todos", "  "), "name"),
    (lambda each: each.rename_entity("$users", "users"), "name"),
    (lambda each: each.drop_entity("$users"), "name"),
    (lambda each: each.duplicate_entity("todos", "people"), "name"),
    (lambda each: each.add_attribute("todos", TITLE), "name"),
    (lambda each: each.add_attribute("todos", Attribute("owner")), "name"),
    (lambda each: each.rename_attribute("todos", "title", "done"), "name"),
    (lambda each: each.rename_attribute("todos", "title", "owner"), "name"),
    (lambda each: each.change_attribute("$users", "email", is_unique=True), "name"),
    (lambda each: each.drop_attribute("$users", "email"), "name"),
    (lambda each: each.duplicate_attribute("todos", "title", "done"), "name"),
    (lambda each: each.add_link(OWNER), "label"),
    (lambda each: each.change_link(KEY, replace(OWNER, forward=replace(OWNER.forward, label="done"))), "label"),
    (lambda each: each.change_link(KEY, replace(OWNER, forward=replace(OWNER.forward, label=""))), "label"),
    (lambda each: each.drop_link(("$users", "a", "$users", "b")), "label"),
    (lambda each: each.add_index("todos", Index("by_title", ("done",))), "name"),
)


@pytest.mark.parametrize(("change", "field"), REFUSED)
def test_what_cannot_be_is_refused_with_its_field(change: Change, field: str) -> None:
    with pytest.raises(Invalid) as caught:
        change(DRAFT)

    assert [each.field for each in caught.value.fields] == [field]


ABSENT: tuple[Change, ...] = (
    lambda each: each.drop_entity("nobody"),
    lambda each: each.add_attribute("nobody", TITLE),
    lambda each: each.drop_attribute("todos", "nothing"),
    lambda each: each.drop_link(("todos", "x", "people", "y")),
    lambda each: each.drop_index("todos", "nothing"),
    lambda each: each.restore_entity("nobody"),
    lambda each: each.restore_entity("todos"),
    lambda each: each.restore_attribute("todos", "title"),
    lambda each: each.restore_link(KEY),
    lambda each: each.add_link(Link("x", LinkEnd("todos", "x", "one"), LinkEnd("nobody", "y", "one"))),
)


@pytest.mark.parametrize("change", ABSENT)
def test_what_is_not_there_is_refused(change: Change) -> None:
    with pytest.raises(Invalid):
        change(DRAFT)


def test_a_renamed_entity_carries_what_refers_to_it() -> None:
    draft = DRAFT.rename_entity("todos", "tasks")

    assert draft.renames == Renames(entities=(("todos", "tasks"),))
    assert link_key(draft.wanted.links[0]) == ("tasks", "owner", "people", "todos")
    assert draft.wanted.links[0].name == "tasksOwner"
    assert draft.wanted.entity("people").attribute("favourite").type == t.IdType("tasks")  # type: ignore[union-attr]
    assert _means(draft.plan().apply(BASE)) == _means(draft.wanted)


def test_chains_of_renames_become_one_and_circles_none() -> None:
    there = DRAFT.rename_entity("todos", "a").rename_entity("a", "b").rename_attribute("b", "title", "x")
    there = there.rename_attribute("b", "x", "y")
    back = there.rename_attribute("b", "y", "title").rename_entity("b", "todos")

    assert there.renames == Renames((("todos", "b"),), (("todos", "title", "y"),))
    assert back.renames == Renames()
    assert not back.is_changed


def test_renaming_what_is_new_is_no_rename() -> None:
    draft = DRAFT.add_entity("notes", (TITLE,)).rename_entity("notes", "memos").rename_attribute("memos", "title", "x")
    draft = draft.add_attribute("todos", Attribute("due")).rename_attribute("todos", "due", "until")

    assert draft.renames == Renames()


def test_names_can_be_swapped() -> None:
    draft = DRAFT.rename_entity("todos", "x").rename_entity("people", "todos").rename_entity("x", "people")

    assert dict(draft.renames.entities) == {"todos": "people", "people": "todos"}
    assert _means(draft.plan().apply(BASE)) == _means(draft.wanted)
    assert draft.removed("people").attributes == ()


def test_a_dropped_entity_takes_its_links_and_renames_and_comes_back_where_it_was() -> None:
    gone = DRAFT.rename_attribute("todos", "title", "x").drop_entity("todos")

    assert gone.renames == Renames()
    assert [each.name for each in gone.wanted.links] == ["own"]
    back = gone.restore_entity("todos")
    assert back.wanted.entities == BASE.entities
    assert not back.is_changed


def test_a_dropped_attribute_comes_back_where_it_was_with_its_index() -> None:
    gone = DRAFT.rename_attribute("todos", "done", "ready").drop_attribute("todos", "title")

    assert _names(gone, "todos") == ["ready"]
    assert gone.wanted.entity("todos").indexes == ()  # type: ignore[union-attr]
    assert _names(gone.restore_attribute("todos", "title"), "todos") == ["title", "ready"]
    whole = DRAFT.drop_attribute("todos", "title").restore_attribute("todos", "title")
    assert whole.wanted == BASE


def test_a_dropped_link_comes_back_under_todays_names() -> None:
    draft = DRAFT.drop_link(KEY).rename_entity("people", "users").restore_link(KEY)

    assert ("todos", "owner", "users", "todos") in {link_key(each) for each in draft.wanted.links}
    with pytest.raises(Invalid):
        DRAFT.drop_entity("people").restore_link(KEY)


def test_another_label_is_a_rename_and_another_entity_another_link() -> None:
    renamed = DRAFT.change_link(KEY, replace(OWNER, reverse=replace(OWNER.reverse, label="tasks")))
    moved = DRAFT.change_link(KEY, replace(OWNER, reverse=replace(OWNER.reverse, entity="$users")))

    assert renamed.renames.links == ((("todos", "owner"), ("todos", "owner")),)
    assert [type(each).__name__ for each in renamed.plan().steps] == ["RenameLink"]
    back = renamed.change_link(link_key(renamed.wanted.links[0]), OWNER)
    assert back.renames == Renames()
    assert {type(each).__name__ for each in moved.plan().steps} == {"DropLink", "AddLink"}
    assert moved.removed("people").links == (OWNER,)


def test_copies_have_what_their_original_has_and_are_ours() -> None:
    draft = DRAFT.duplicate_entity("$users", "members").duplicate_attribute("todos", "title", "title2")

    members = draft.wanted.entity("members")
    assert members is not None
    assert not members.is_system
    assert not members.attributes[0].is_system
    assert _names(draft, "todos") == ["title", "title2", "done"]
    assert draft.wanted.entities[-1] is members


def test_indexes_are_added_renamed_and_dropped() -> None:
    draft = DRAFT.change_index("todos", "by_title", Index("by_both", ("title", "done")))

    assert draft.renames.indexes == (("todos", "by_title", "by_both"),)
    assert [type(each).__name__ for each in draft.plan().steps] == ["RenameIndex"]
    assert draft.drop_index("todos", "by_both").renames.indexes == ()
    assert DRAFT.add_index("todos", Index("more", ("done",))).is_changed


def test_marks_say_what_happened_to_each_part() -> None:
    draft = DRAFT.rename_attribute("todos", "title", "headline").change_attribute("todos", "headline", is_required=True)
    draft = draft.drop_attribute("todos", "done").add_attribute("todos", Attribute("due"))
    draft = draft.change_link(KEY, replace(OWNER, forward=replace(OWNER.forward, on_delete="cascade")))

    assert draft.marks("todos") == {
        "headline": Mark("renamed", "was title, now required", TITLE),
        "due": Mark("new"),
        "done": Mark("removed", before=DONE),
        "owner": Mark("changed", "owner on delete: cascade", OWNER),
    }
    assert draft.removed("todos").attributes == (DONE,)
    assert draft.marks("people") == {"todos": Mark("changed", "owner on delete: cascade", OWNER)}
    assert draft.marks("nobody") == {}


def test_a_text_that_says_the_same_shares_what_is_equal() -> None:
    copy = Schema(tuple(replace(each) for each in BASE.entities), tuple(replace(each) for each in BASE.links))

    replaced = DRAFT.replace(copy)

    assert all(one is other for one, other in zip(replaced.wanted.entities, BASE.entities, strict=True))


# Laws


def _means(schema: Schema) -> Schema:
    return schema.normalised()


@settings(deadline=None, max_examples=300)
@given(st.randoms(use_true_random=False))
def test_any_row_of_edits_can_be_planned_and_taken_back(rng: random.Random) -> None:
    base = make_edit(rng, False, 4, 3).before
    draft = Draft(base, base)
    for _ in range(rng.randint(1, 12)):
        try:
            draft = _some_edit(rng, draft)
        except Invalid:
            continue

    plan = draft.plan()

    assert _means(plan.apply(base)) == _means(draft.wanted)
    assert _means(plan.reverse().apply(plan.apply(base))) == _means(base)
    for old, new in draft.renames.entities:
        assert base.entity(old) is not None
        assert draft.wanted.entity(new) is not None
        assert old != new
    for entity in draft.wanted.entities:
        marks, gone = draft.marks(entity.name), draft.removed(entity.name)
        names = {each.name for each in entity.attributes}
        ends = (end for link in draft.wanted.links for end in (link.forward, link.reverse))
        labels = {end.label for end in ends if end.entity == entity.name}
        assert {name for name, mark in marks.items() if mark.kind != "removed"} <= names | labels
        dropped = {step.attribute.name for step in plan.steps if type(step).__name__ == "DropAttribute"}
        assert {each.name for each in gone.attributes} <= dropped
    assert not compare(draft.base, draft.discard().wanted)


def _some_edit(rng: random.Random, draft: Draft) -> Draft:
    names = ("a", "b", "title", "owner", "todos", "users")
    entity = rng.choice(draft.wanted.entities) if draft.wanted.entities else Entity("none")
    attribute = rng.choice(entity.attributes) if entity.attributes else Attribute("none")
    link = rng.choice(draft.wanted.links) if draft.wanted.links else OWNER
    other = rng.choice(draft.wanted.entities).name if draft.wanted.entities else "none"
    made = Link("made", LinkEnd(entity.name, rng.choice(names), "one"), LinkEnd(other, rng.choice(names), "many"))
    name = rng.choice(names)
    before = rng.choice(draft.base.entities) if draft.base.entities else Entity("none")
    lost = rng.choice(before.attributes).name if before.attributes else "none"
    edits: tuple[Callable[[], Draft], ...] = (
        lambda: draft.add_entity(name, (TITLE,)),
        lambda: draft.drop_entity(entity.name),
        lambda: draft.rename_entity(entity.name, name),
        lambda: draft.rename_entity(entity.name, name),
        lambda: draft.duplicate_entity(entity.name, name),
        lambda: draft.add_attribute(entity.name, Attribute(name, t.IdType(other))),
        lambda: draft.drop_attribute(entity.name, attribute.name),
        lambda: draft.rename_attribute(entity.name, attribute.name, name),
        lambda: draft.change_attribute(entity.name, attribute.name, is_required=True, name=name),
        lambda: draft.add_link(made),
        lambda: draft.drop_link(link_key(link)),
        lambda: draft.change_link(link_key(link), replace(link, forward=replace(link.forward, label=name))),
        lambda: draft.change_link(link_key(link), made),
        lambda: draft.restore_entity(before.name),
        lambda: draft.restore_attribute(entity.name, lost),
        lambda: draft.restore_link(link_key(rng.choice(draft.base.links))) if draft.base.links else draft,
    )
    return rng.choice(edits)()
