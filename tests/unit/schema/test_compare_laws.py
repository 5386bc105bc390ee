"""What holds for all schemas: a plan leads where it should, and back, and takes renamed parts along."""

from __future__ import annotations

from collections.abc import Callable

from hypothesis import HealthCheck, given, settings

from app.schema.compare import Plan, Renames, compare
from app.schema.model import Schema
from app.schema.operations import (
    AddAttribute,
    AddEntity,
    AddLink,
    DropAttribute,
    DropEntity,
    DropLink,
    RenameAttribute,
    RenameEntity,
)
from app.schema.renames import suggest, with_rename
from tests.unit.schema.strategies import Edit, big_edits, big_schemas, edits, schemas


def law(examples: int) -> Callable:
    return settings(max_examples=examples, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def assert_leads_there_and_back(before: Schema, after: Schema, renames: Renames) -> Plan:
    plan = compare(before, after, renames)
    assert plan.apply(before).normalised() == after.normalised()
    assert plan.reverse().apply(after).normalised() == before.normalised()
    return plan


@law(300)
@given(edits())
def test_plan_of_an_edit_leads_there_and_back(edit: Edit) -> None:
    assert_leads_there_and_back(edit.before, edit.after, edit.renames)
    assert_leads_there_and_back(edit.before, edit.after, Renames())


@law(100)
@given(edits(is_instant=True))
def test_plan_of_an_edit_on_instant_leads_there_and_back(edit: Edit) -> None:
    assert_leads_there_and_back(edit.before, edit.after, edit.renames)


@law(30)
@given(big_edits())
def test_plan_of_hundreds_of_parts_leads_there_and_back(edit: Edit) -> None:
    assert_leads_there_and_back(edit.before, edit.after, edit.renames)


@law(100)
@given(schemas(), schemas())
def test_plan_between_unrelated_schemas_leads_there_and_back(before: Schema, after: Schema) -> None:
    without_system = [Schema(tuple(e for e in each.entities if not e.is_system), ()) for each in (before, after)]
    assert_leads_there_and_back(without_system[0], without_system[1], Renames())


@law(30)
@given(big_schemas())
def test_equal_schemas_have_an_empty_plan(schema: Schema) -> None:
    shuffled = Schema(schema.entities[::-1], schema.links[::-1])
    assert not compare(schema, schema)
    assert not compare(schema, schema.normalised())
    assert not compare(shuffled, schema)


@law(200)
@given(edits())
def test_renamed_parts_are_never_dropped_or_added(edit: Edit) -> None:
    renames, plan = edit.renames, compare(edit.before, edit.after, edit.renames)
    entities = dict(renames.entities)
    dropped = {each.entity.name for each in plan.steps if isinstance(each, DropEntity)}
    added = {each.entity.name for each in plan.steps if isinstance(each, AddEntity)}
    assert not dropped & entities.keys()
    assert not added & set(entities.values())
    new_parts = {(each.entity, each.attribute.name) for each in plan.steps if isinstance(each, AddAttribute)}
    assert not new_parts & {(entities.get(entity, entity), new) for entity, _old, new in renames.attributes}
    gone = sum(isinstance(each, DropAttribute) for each in plan.steps)
    come = sum(isinstance(each, AddAttribute) for each in plan.steps)
    assert come - gone == _kept_attributes(edit.after, added) - _kept_attributes(edit.before, dropped)
    gone = sum(isinstance(each, DropLink) for each in plan.steps)
    come = sum(isinstance(each, AddLink) for each in plan.steps)
    assert come - gone == len(edit.after.links) - len(edit.before.links)
    ends = {(each.link.forward.entity, each.link.forward.label) for each in plan.steps if isinstance(each, AddLink)}
    assert not ends & {new for _old, new in renames.links}


def _kept_attributes(schema: Schema, without: set[str]) -> int:
    return sum(len(each.attributes) for each in schema.entities if each.name not in without)


@law(100)
@given(edits())
def test_steps_one_by_one_equal_the_plan(edit: Edit) -> None:
    plan = compare(edit.before, edit.after, edit.renames)
    schema = edit.before
    for step in plan.steps:
        after = step.apply(schema)
        assert step.reverse().apply(after).normalised() == schema.normalised()
        schema = after
    assert schema.normalised() == plan.apply(edit.before).normalised()


@law(200)
@given(edits())
def test_no_name_is_used_twice_on_the_way(edit: Edit) -> None:
    schema = edit.before
    for step in compare(edit.before, edit.after, edit.renames).steps:
        schema = step.apply(schema)
        names = [(entity.name, each.name) for entity in schema.entities for each in entity.attributes]
        names += [(end.entity, end.label) for link in schema.links for end in (link.forward, link.reverse)]
        assert len(names) == len(set(names)), step.describe()


@law(100)
@given(edits())
def test_renames_reversed_are_those_of_the_way_back(edit: Edit) -> None:
    assert edit.renames.reversed().reversed() == edit.renames
    assert bool(edit.renames) == bool(edit.renames.reversed())
    back = compare(edit.after, edit.before, edit.renames.reversed())
    there = compare(edit.before, edit.after, edit.renames)
    for kind in (RenameEntity, RenameAttribute, AddEntity, DropEntity):
        opposite = {AddEntity: DropEntity, DropEntity: AddEntity}.get(kind, kind)
        assert sum(isinstance(each, kind) for each in there.steps) == sum(
            isinstance(each, opposite) for each in back.steps
        )
    assert_leads_there_and_back(edit.after, edit.before, edit.renames.reversed())


def _count(plan: Plan, kind: type) -> int:
    return sum(isinstance(each, kind) for each in plan.steps)


@law(100)
@given(edits())
def test_every_step_has_its_words_place_and_risk(edit: Edit) -> None:
    for step in compare(edit.before, edit.after, edit.renames).steps:
        sentence = step.describe()
        assert sentence.endswith(".")
        assert "\n" not in sentence
        assert "Type(" not in sentence
        assert step.place
        assert step.risk.words
        assert step.reverse().reverse() == step


@law(100)
@given(edits())
def test_suggestions_are_within_the_difference_and_name_each_part_once(edit: Edit) -> None:
    found = suggest(edit.before, edit.after)
    plan = compare(edit.before, edit.after)
    gone = {each.place for each in plan.steps if isinstance(each, DropEntity | DropAttribute | DropLink)}
    come = {each.place for each in plan.steps if isinstance(each, AddEntity | AddAttribute | AddLink)}
    assert {each.old for each in found} <= gone
    assert {each.new for each in found} <= come
    assert len({(each.kind, each.old) for each in found}) == len(found)
    assert [each.score for each in found] == sorted((each.score for each in found), reverse=True)


@law(100)
@given(edits())
def test_confirmed_suggestions_lead_there_and_back_too(edit: Edit) -> None:
    renames = edit.renames
    for suggestion in suggest(edit.before, edit.after, renames):
        renames = with_rename(renames, suggestion)
    assert_leads_there_and_back(edit.before, edit.after, renames)
