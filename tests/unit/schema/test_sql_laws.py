"""What holds for all SQL schemas and edits of them."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.schema.compare import compare
from app.schema.draft import Draft
from app.schema.formats.sql_form import canonical
from app.schema.formats.sql_names import Dialect
from app.schema.formats.sql_types import text_of, type_of
from app.schema.merge import merge
from app.schema.model import Schema
from app.schema.operations import RenameAttribute, RenameEntity
from tests.support.random_sql import edited, random_sql_schema, sql_edits, sql_renames, sql_schemas

DIALECTS: tuple[Dialect, ...] = ("postgresql", "sqlite")
law = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def assert_leads_there_and_back(draft: Draft) -> None:
    plan = compare(draft.base, draft.wanted, draft.renames)
    assert plan.apply(draft.base).normalised() == draft.wanted.normalised()
    assert plan.reverse().apply(draft.wanted).normalised() == draft.base.normalised()


@pytest.mark.parametrize("dialect", DIALECTS)
def test_plan_of_edits_leads_there_and_back(dialect: Dialect) -> None:
    @law
    @given(sql_edits(dialect))
    def holds(draft: Draft) -> None:
        assert_leads_there_and_back(draft)

    holds()


@pytest.mark.parametrize("dialect", DIALECTS)
def test_plan_between_unrelated_schemas_leads_there_and_back(dialect: Dialect) -> None:
    @law
    @given(sql_schemas(dialect), sql_schemas(dialect))
    def holds(before: Schema, after: Schema) -> None:
        assert_leads_there_and_back(Draft(before, after))

    holds()


@law
@given(sql_renames())
def test_renames_carry_all_that_names_an_attribute(draft: Draft) -> None:
    plan = compare(draft.base, draft.wanted, draft.renames)
    assert all(isinstance(each, RenameAttribute | RenameEntity) for each in plan.steps), plan.steps
    assert_leads_there_and_back(draft)


@law
@given(sql_edits())
def test_steps_one_by_one_equal_the_plan(draft: Draft) -> None:
    schema = draft.base
    for step in compare(draft.base, draft.wanted, draft.renames).steps:
        after = step.apply(schema)
        assert step.reverse().apply(after).normalised() == schema.normalised()
        assert step.describe().endswith(".")
        assert step.risk.words
        schema = after
    assert schema.normalised() == draft.wanted.normalised()


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.randoms(use_true_random=False))
def test_edits_of_two_operators_are_brought_together(rng: random.Random) -> None:
    base = random_sql_schema(rng)
    theirs, mine = (edited(rng, base, edits=6) for _ in range(2))
    merged = merge(base, theirs.wanted, mine).draft
    assert merged.base == theirs.wanted
    assert_leads_there_and_back(merged)


@pytest.mark.parametrize("dialect", DIALECTS)
def test_canonical_form_is_given_back_as_it_is(dialect: Dialect) -> None:
    @law
    @given(sql_schemas(dialect))
    def holds(schema: Schema) -> None:
        assert canonical(schema, dialect) is schema
        shuffled = Schema(schema.entities[::-1], schema.links[::-1])
        assert canonical(shuffled, dialect) == schema
        turned = Schema(tuple(replace(e, attributes=e.attributes[::-1]) for e in schema.entities), schema.links)
        assert canonical(turned, dialect) is turned, "columns have an order of their own"
        assert turned.fingerprint() == schema.fingerprint()
        assert not compare(schema, turned)
        enums = {
            each.type.name: each.type.values for e in schema.entities for each in e.attributes if _is_enum(each.type)
        }
        for attribute in (each for entity in schema.entities for each in entity.attributes):
            assert type_of(text_of(attribute.type, dialect), enums, dialect) == attribute.type

    holds()


def _is_enum(kind: object) -> bool:
    return type(kind).__name__ == "EnumType"
