"""Plans for single changes: the steps themselves, their order, and what is no change."""

from __future__ import annotations

import pytest

from app.core.errors import StalePlan
from app.schema import operations as op
from app.schema import types as t
from app.schema.compare import Plan, Renames, compare
from app.schema.model import Attribute, Entity, Index, Link, LinkEnd, Schema
from app.schema.operations import Risk

A, B = Attribute("a", t.StringType()), Attribute("b", t.NumberType())
NO_ID = Attribute("to", t.IdType("users"))


def entity(*attributes: Attribute, name: str = "todos", indexes: tuple[Index, ...] = ()) -> Entity:
    return Entity(name, attributes, indexes)


def schema(*entities: Entity, links: tuple[Link, ...] = ()) -> Schema:
    return Schema(entities, links)


def link(forward: str, label: str, reverse: str = "users", back: str = "todos", **rules: bool) -> Link:
    return Link(f"{forward}_{label}", LinkEnd(forward, label, "one", **rules), LinkEnd(reverse, back, "many"))


def test_empty_plan_says_so_and_does_nothing() -> None:
    plan = Plan()
    assert (bool(plan), len(plan), plan.worst, plan.counts_by_risk()) == (False, 0, Risk.SAFE, {})
    whole = schema(entity(A))
    assert plan.apply(whole) is whole


def test_plan_counts_its_steps_by_risk() -> None:
    plan = Plan((op.DropAttribute("todos", A), op.AddAttribute("todos", B), op.RenameEntity("x", "y")))
    assert plan.worst is Risk.DESTROYS
    assert plan.counts_by_risk() == {Risk.SAFE: 2, Risk.DESTROYS: 1}


def test_plan_refuses_a_schema_that_it_was_not_made_for() -> None:
    plan = compare(schema(entity(A)), schema(entity(A, B)))
    with pytest.raises(StalePlan, match=r"todos\.b is there already"):
        plan.apply(schema(entity(A, B)))


def test_order_of_parts_is_no_difference() -> None:
    users = entity(B, name="users")
    assert not compare(schema(entity(A, B), users), schema(users, entity(B, A)))


def test_equal_name_is_the_same_attribute_changed() -> None:
    after = Attribute("a", t.NumberType(), is_required=True)
    assert compare(schema(entity(A)), schema(entity(after))).steps == (op.ChangeAttribute("todos", A, after),)


def test_other_name_is_a_drop_and_an_add_unless_it_was_renamed() -> None:
    before, after = schema(entity(A)), schema(entity(Attribute("c", A.type)))
    assert {type(each) for each in compare(before, after).steps} == {op.DropAttribute, op.AddAttribute}
    renames = Renames(attributes=(("todos", "a", "c"),))
    assert compare(before, after, renames).steps == (op.RenameAttribute("todos", "a", "c"),)


def test_rename_of_what_is_not_there_is_not_regarded() -> None:
    before, after = schema(entity(A)), schema(entity(A, B))
    renames = Renames((("x", "todos"),), (("todos", "x", "b"), ("x", "a", "b")), ((("x", "y"), ("todos", "z")),))
    assert compare(before, after, renames).steps == (op.AddAttribute("todos", B),)


def test_renamed_and_changed_attribute_is_both() -> None:
    after = Attribute("c", t.StringType(), is_unique=True)
    plan = compare(schema(entity(A)), schema(entity(after)), Renames(attributes=(("todos", "a", "c"),)))
    assert plan.steps == (
        op.RenameAttribute("todos", "a", "c"),
        op.ChangeAttribute("todos", Attribute("c", t.StringType()), after),
    )


def test_exchanged_entity_names_go_by_a_third_name() -> None:
    before = schema(entity(A), entity(B, name="users"))
    after = schema(entity(B), entity(A, name="users"))
    plan = compare(before, after, Renames((("todos", "users"), ("users", "todos"))))
    assert [type(each) for each in plan.steps] == [op.RenameEntity] * 3
    assert plan.apply(before).normalised() == after.normalised()


def test_new_entity_may_take_the_name_of_a_renamed_one() -> None:
    before, after = schema(entity(A)), schema(entity(B), entity(A, name="tasks"))
    plan = compare(before, after, Renames((("todos", "tasks"),)))
    assert plan.steps == (op.RenameEntity("todos", "tasks"), op.AddEntity(entity(B)))


def test_renamed_entity_takes_its_links_and_references_along() -> None:
    before = schema(entity(NO_ID), entity(A, name="users"), links=(link("todos", "owner"),))
    after = schema(
        entity(Attribute("to", t.IdType("people"))),
        entity(A, name="people"),
        links=(Link("todos_owner", LinkEnd("todos", "owner", "one"), LinkEnd("people", "todos", "many")),),
    )
    plan = compare(before, after, Renames((("users", "people"),)))
    assert plan.steps == (op.RenameEntity("users", "people"),)
    assert plan.apply(before) == after


def test_reference_to_a_dropped_entity_does_not_become_one_to_its_successor() -> None:
    before = schema(entity(NO_ID), entity(A, name="users"), entity(B, name="people"))
    after = schema(entity(NO_ID), entity(B, name="users"))
    plan = compare(before, after, Renames((("people", "users"),)))
    assert plan.apply(before).normalised() == after.normalised()
    assert plan.reverse().apply(after).normalised() == before.normalised()
    assert any(isinstance(each, op.ChangeAttribute) for each in plan.steps)


def test_link_to_itself_is_renamed_on_both_sides() -> None:
    before = schema(entity(A), links=(link("todos", "parent", "todos", "children"),))
    after_link = Link("x", LinkEnd("todos", "children", "one"), LinkEnd("todos", "parent", "many"))
    after = schema(entity(A), links=(after_link,))
    plan = compare(before, after, Renames(links=((("todos", "parent"), ("todos", "children")),)))
    assert [type(each) for each in plan.steps] == [op.RenameLink]
    assert plan.apply(before) == after


def test_two_links_between_the_same_entities_exchange_their_labels() -> None:
    users = entity(A, name="users")
    before = schema(
        entity(A), users, links=(link("todos", "owner", back="owns"), link("todos", "helper", back="helps"))
    )
    after = schema(entity(A), users, links=(link("todos", "helper", back="owns"), link("todos", "owner", back="helps")))
    pairs = ((("todos", "owner"), ("todos", "helper")), (("todos", "helper"), ("todos", "owner")))
    plan = compare(before, after, Renames(links=pairs))
    assert {type(each) for each in plan.steps} == {op.RenameLink}
    assert plan.apply(before).normalised() == after.normalised()


def test_other_label_of_the_reverse_side_can_be_a_rename() -> None:
    users = entity(A, name="users")
    before = schema(entity(A), users, links=(link("todos", "owner"),))
    after = schema(entity(A), users, links=(link("todos", "owner", back="tasks"),))
    same_end = ("todos", "owner")
    assert [type(each) for each in compare(before, after).steps] == [op.DropLink, op.AddLink]
    assert [type(each) for each in compare(before, after, Renames(links=((same_end, same_end),))).steps] == [
        op.RenameLink
    ]


def test_link_takes_the_name_of_a_renamed_attribute() -> None:
    users = entity(A, name="users")
    before = schema(entity(A), users, links=(link("todos", "owner"),))
    after = schema(entity(Attribute("c", A.type)), users, links=(link("todos", "a"),))
    pair = (("todos", "owner"), ("todos", "a"))
    plan = compare(before, after, Renames(attributes=(("todos", "a", "c"),), links=(pair,)))
    assert [type(each) for each in plan.steps] == [op.RenameAttribute, op.RenameLink]


def test_index_follows_its_renamed_attribute_without_a_step() -> None:
    before = schema(entity(A, B, indexes=(Index("by", ("a", "b")),)))
    after = schema(entity(Attribute("c", A.type), B, indexes=(Index("by", ("c", "b")),)))
    plan = compare(before, after, Renames(attributes=(("todos", "a", "c"),)))
    assert plan.steps == (op.RenameAttribute("todos", "a", "c"),)


def test_system_parts_are_left_out() -> None:
    users = Entity("$users", (Attribute("email", t.StringType(), is_unique=True, is_system=True),), is_system=True)
    to_users = link("todos", "owner", "$users")
    own = Link("own", LinkEnd("$users", "a", "one"), LinkEnd("$users", "b", "many"), is_system=True)
    before = Schema((entity(A), users), (to_users, own))
    after = Schema((entity(A),), (to_users,))
    assert not compare(before, after)
    assert not compare(after, before)


def test_own_attribute_of_a_system_entity_is_compared() -> None:
    users = Entity("$users", (Attribute("email", is_system=True),), is_system=True)
    more = Entity("$users", (*users.attributes, A), is_system=True)
    assert compare(schema(users), schema(more)).steps == (op.AddAttribute("$users", A),)


def test_extra_of_an_entity_is_changed_and_changed_back() -> None:
    before, after = Entity("e", extra=(("a", "1"),)), Entity("e", extra=(("a", "2"),))
    plan = compare(schema(before), schema(after))
    assert plan.steps == (op.ChangeEntity("e", before.extra, after.extra),)
    assert plan.reverse().apply(schema(after)) == schema(before)


def test_what_destroys_rows_comes_last() -> None:
    before = schema(entity(A, B), entity(A, name="users"))
    after = schema(entity(Attribute("a", t.NumberType()), Attribute("c")), entity(A, name="notes"))
    assert [type(each) for each in compare(before, after).steps] == [
        op.AddEntity,
        op.AddAttribute,
        op.ChangeAttribute,
        op.DropAttribute,
        op.DropEntity,
    ]


def test_dropped_parts_go_first_where_their_names_are_taken_over() -> None:
    before = schema(entity(A, B), entity(A, name="users"))
    after = schema(entity(Attribute("b", A.type), name="users"))
    plan = compare(before, after, Renames((("todos", "users"),), (("todos", "a", "b"),)))
    assert [type(each) for each in plan.steps] == [
        op.DropAttribute,
        op.DropEntity,
        op.RenameEntity,
        op.RenameAttribute,
    ]


def test_late_drops_follow_the_renames() -> None:
    """Of what they belong to, and of what they refer to."""
    before = schema(entity(A, NO_ID), entity(A, name="users"), entity(NO_ID, name="notes"))
    after = schema(entity(A, name="tasks"), entity(A, name="people"))
    plan = compare(before, after, Renames((("todos", "tasks"), ("users", "people"))))
    moved = Attribute("to", t.IdType("people"))
    assert plan.steps[2:] == (op.DropAttribute("tasks", moved), op.DropEntity(entity(moved, name="notes")))
    assert plan.reverse().apply(plan.apply(before)).normalised() == before.normalised()


def test_required_link_is_safe_on_an_entity_of_the_same_plan_only() -> None:
    users, needed = entity(A, name="users"), link("todos", "owner", is_required=True)
    whole = schema(entity(A), users, links=(needed,))
    assert compare(schema(users), whole).worst is Risk.SAFE
    assert compare(schema(entity(A), users), whole).worst is Risk.MAY_FAIL


def test_reference_to_nothing_does_not_become_one_to_what_takes_that_name() -> None:
    before = schema(entity(NO_ID), entity(B, name="people"))
    after = schema(entity(NO_ID), entity(B, name="users"))
    plan = compare(before, after, Renames((("people", "users"),)))
    assert plan.apply(before).normalised() == after.normalised()
    assert plan.reverse().apply(after).normalised() == before.normalised()
