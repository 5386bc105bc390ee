"""Each kind of step: what it says, what it risks, what it does, how it is taken back, and where it does not fit."""

from __future__ import annotations

import pytest

from app.core.errors import StalePlan
from app.schema import operations as op
from app.schema import types as t
from app.schema.model import Attribute, Entity, Index, Link, LinkEnd, Schema
from app.schema.operations import Risk

TITLE = Attribute("title", t.StringType())
BY_TITLE = Index("by_title", ("title",))
LINK = Link("todosOwner", LinkEnd("todos", "owner", "one"), LinkEnd("users", "todos", "many"))
TODOS = Entity("todos", (TITLE, Attribute("about", t.ArrayType(t.IdType("users")))), (BY_TITLE,))
USERS = Entity("users", (Attribute("name", t.StringType()),))
SCHEMA = Schema((TODOS, USERS), (LINK,))
NOTES = Entity("notes", (Attribute("body", is_required=True), Attribute("at"), Attribute("done")))
WITH_CASCADE = Link("todosOwner", LinkEnd("todos", "owner", "one", on_delete="cascade"), LINK.reverse)

STEPS: list[tuple[op.Operation, str, str, Risk]] = [
    (op.AddEntity(NOTES), "Add the entity notes with 3 attributes.", "notes", Risk.SAFE),
    (op.DropEntity(TODOS), "Delete the entity todos with all its rows.", "todos", Risk.DESTROYS),
    (op.RenameEntity("todos", "tasks"), "Rename the entity todos to tasks, keeping its rows.", "todos", Risk.SAFE),
    (op.ChangeEntity("todos", (), (("a", "1"),)), "Change the entity todos: a none → 1.", "todos", Risk.SAFE),
    (op.AddAttribute("todos", Attribute("done")), "Add todos.done, an any.", "todos.done", Risk.SAFE),
    (op.DropAttribute("todos", TITLE), "Delete todos.title with all its values.", "todos.title", Risk.DESTROYS),
    (
        op.RenameAttribute("todos", "title", "headline"),
        "Rename todos.title to headline, keeping its values.",
        "todos.title",
        Risk.SAFE,
    ),
    (
        op.ChangeAttribute("todos", TITLE, Attribute("title", t.NumberType(), is_required=True)),
        "Change todos.title: type string → number, required.",
        "todos.title",
        Risk.MAY_FAIL,
    ),
    (
        op.AddIndex("todos", Index("by_about", ("about", "title"), is_unique=True)),
        "Add to todos the unique index by_about on about, title.",
        "todos.by_about",
        Risk.MAY_FAIL,
    ),
    (
        op.DropIndex("todos", BY_TITLE),
        "Remove from todos the index by_title on title; its rows stay.",
        "todos.by_title",
        Risk.SAFE,
    ),
    (
        op.RenameIndex("todos", "by_title", "titles"),
        "Rename the index by_title of todos to titles.",
        "todos.by_title",
        Risk.SAFE,
    ),
    (
        op.ChangeIndex("todos", BY_TITLE, Index("by_title", ("title", "about"))),
        "Build an index of todos anew, as the index by_title on title, about.",
        "todos.by_title",
        Risk.SLOW,
    ),
    (
        op.AddLink(Link("more", LinkEnd("todos", "helpers", "many"), LinkEnd("users", "helps", "many"))),
        "Add the link todos.helpers (many) ↔ users.helps (many).",
        "todos.helpers",
        Risk.SAFE,
    ),
    (
        op.DropLink(LINK),
        "Delete the link todos.owner ↔ users.todos: what was linked by it will not be any more.",
        "todos.owner",
        Risk.DESTROYS,
    ),
    (
        op.RenameLink(LINK, Link("todosOwner", LinkEnd("todos", "by", "one"), LINK.reverse)),
        "Rename the link todos.owner ↔ users.todos to todos.by ↔ users.todos, keeping its connections.",
        "todos.owner",
        Risk.SAFE,
    ),
    (
        op.ChangeLink(LINK, WITH_CASCADE),
        "Change the link todos.owner ↔ users.todos: rows of todos go when what owner leads to is deleted.",
        "todos.owner",
        Risk.SAFE,
    ),
]
NAMES = [type(step).__name__ for step, *_ in STEPS]


@pytest.mark.parametrize(("step", "sentence", "place", "risk"), STEPS, ids=NAMES)
def test_step_says_what_it_does_where_and_at_what_risk(
    step: op.Operation, sentence: str, place: str, risk: Risk
) -> None:
    assert (step.describe(), step.place, step.risk) == (sentence, place, risk)


@pytest.mark.parametrize("step", [step for step, *_ in STEPS], ids=NAMES)
def test_step_is_taken_back_by_its_reverse(step: op.Operation) -> None:
    schema = SCHEMA if not isinstance(step, op.DropEntity) else Schema(SCHEMA.entities)
    after = step.apply(schema)
    assert after != schema
    assert step.reverse().reverse() == step
    assert step.reverse().apply(after).normalised() == schema.normalised()


@pytest.mark.parametrize("step", [step for step, *_ in STEPS], ids=NAMES)
def test_step_done_twice_does_not_fit(step: op.Operation) -> None:
    schema = SCHEMA if not isinstance(step, op.DropEntity) else Schema(SCHEMA.entities)
    with pytest.raises(StalePlan, match="The schema is not as it was when this was planned"):
        step.apply(step.apply(schema))


@pytest.mark.parametrize(
    "step",
    [
        op.RenameEntity("todos", "users"),
        op.RenameAttribute("todos", "title", "about"),
        op.AddAttribute("nowhere", TITLE),
        op.DropAttribute("todos", Attribute("title", is_unique=True)),
        op.DropEntity(Entity("todos")),
        op.DropIndex("todos", Index("by_title", ("about",))),
        op.AddLink(Link("x", LinkEnd("todos", "a", "one"), LinkEnd("nowhere", "b", "one"))),
        op.DropLink(WITH_CASCADE),
        op.ChangeEntity("todos", (("a", "1"),), ()),
    ],
    ids=lambda step: step.describe(),
)
def test_step_refuses_a_schema_that_it_was_not_made_for(step: op.Operation) -> None:
    with pytest.raises(StalePlan):
        step.apply(SCHEMA)


def test_rename_of_an_entity_takes_all_references_along() -> None:
    after = op.RenameEntity("users", "people").apply(SCHEMA)
    todos = after.entity("todos")
    assert todos is not None
    assert todos.attributes[1].type == t.ArrayType(t.IdType("people"))
    assert after.links[0].reverse.entity == "people"
    assert [each.name for each in after.entities] == ["todos", "people"]


def test_rename_of_an_attribute_takes_its_indexes_along() -> None:
    after = op.RenameAttribute("todos", "title", "headline").apply(SCHEMA).entity("todos")
    assert after is not None
    assert after.indexes[0].attributes == ("headline",)
    assert [each.name for each in after.attributes] == ["headline", "about"]


def test_untouched_parts_stay_the_same_objects() -> None:
    after = op.AddAttribute("todos", Attribute("done")).apply(SCHEMA)
    assert after.entity("users") is USERS
    assert after.links[0] is LINK


@pytest.mark.parametrize(
    ("before", "after", "risk"),
    [
        (Attribute("a"), Attribute("a", is_indexed=True), Risk.SLOW),
        (Attribute("a", is_indexed=True), Attribute("a"), Risk.SAFE),
        (Attribute("a"), Attribute("a", is_unique=True, is_indexed=True), Risk.MAY_FAIL),
        (Attribute("a", is_unique=True, is_required=True), Attribute("a"), Risk.SAFE),
        (Attribute("a"), Attribute("a", default="1"), Risk.SAFE),
        (Attribute("a", t.StringType()), Attribute("a", t.AnyType()), Risk.SAFE),
        (Attribute("a", t.AnyType()), Attribute("a", t.StringType()), Risk.MAY_FAIL),
        (Attribute("a", t.NumberType()), Attribute("a", t.JsonType()), Risk.SAFE),
        (Attribute("a", t.StringType(20)), Attribute("a", t.StringType(30)), Risk.SAFE),
        (Attribute("a", t.StringType(30)), Attribute("a", t.StringType(20)), Risk.MAY_FAIL),
        (Attribute("a", t.EnumType(("x",))), Attribute("a", t.EnumType(("x", "y"))), Risk.SAFE),
        (Attribute("a", t.EnumType(("x", "y"))), Attribute("a", t.EnumType(("x",))), Risk.MAY_FAIL),
        (Attribute("a", t.NumberType("integer")), Attribute("a", t.NumberType("bigint")), Risk.SAFE),
        (Attribute("a", t.NumberType("bigint")), Attribute("a", t.NumberType("integer")), Risk.MAY_FAIL),
        (Attribute("a", t.BooleanType()), Attribute("a", t.UnionType((t.BooleanType(), t.NullType()))), Risk.SAFE),
    ],
)
def test_risk_of_a_changed_attribute(before: Attribute, after: Attribute, risk: Risk) -> None:
    assert op.ChangeAttribute("e", before, after).risk == risk


@pytest.mark.parametrize(
    ("attribute", "risk"),
    [
        (Attribute("a", is_required=True), Risk.MAY_FAIL),
        (Attribute("a", is_required=True, default="0"), Risk.SAFE),
        (Attribute("a", is_unique=True, default="0"), Risk.MAY_FAIL),
        (Attribute("a", is_unique=True, is_indexed=True), Risk.SAFE),
    ],
)
def test_risk_of_an_added_attribute(attribute: Attribute, risk: Risk) -> None:
    assert op.AddAttribute("e", attribute).risk == risk


@pytest.mark.parametrize(
    ("before", "after", "risk"),
    [
        (LinkEnd("a", "x", "many"), LinkEnd("a", "x", "one"), Risk.MAY_FAIL),
        (LinkEnd("a", "x", "one"), LinkEnd("a", "x", "many"), Risk.SAFE),
        (LinkEnd("a", "x", "one"), LinkEnd("a", "x", "one", is_required=True), Risk.MAY_FAIL),
        (LinkEnd("a", "x", "one", is_required=True), LinkEnd("a", "x", "one"), Risk.SAFE),
        (LinkEnd("a", "x", "one"), LinkEnd("a", "x", "one", on_delete="cascade"), Risk.SAFE),
    ],
)
def test_risk_of_a_changed_link(before: LinkEnd, after: LinkEnd, risk: Risk) -> None:
    other = LinkEnd("b", "y", "many")
    assert op.ChangeLink(Link("l", before, other), Link("l", after, other)).risk == risk
    assert op.ChangeLink(Link("l", other, before), Link("l", other, after)).risk == risk


def test_risks_are_ordered_and_have_words() -> None:
    assert [each.words for each in sorted(Risk)] == ["safe", "slow", "may fail on existing data", "destroys data"]
