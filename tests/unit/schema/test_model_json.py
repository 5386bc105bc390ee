"""Everything of the model goes through JSON without loss."""

from __future__ import annotations

import json
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.schema import types as t
from app.schema.compare import Plan, Renames, compare
from app.schema.formats.model_json import from_text, parsed, plain_of, text_of, to_text, value_of
from app.schema.model import Attribute, Entity, Schema

from .strategies import Edit, edits, make_edit, schemas

ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@settings(deadline=None)
@given(schemas())
def test_any_schema_comes_back_as_it_was(schema: Schema) -> None:
    assert from_text(to_text(schema)) == schema
    assert from_text(to_text(schema)).fingerprint() == schema.fingerprint()


@settings(deadline=None)
@given(edits())
def test_any_plan_and_its_renames_come_back_as_they_were(edit: Edit) -> None:
    plan = compare(edit.before, edit.after, edit.renames)

    assert value_of(parsed(text_of(plain_of(plan))), Plan) == plan
    assert value_of(parsed(text_of(plain_of(edit.renames))), Renames) == edit.renames


@pytest.mark.parametrize(
    "value",
    [0, 1.5, True, "text", "", "half \ud800 pair", "\u2028 and \x00"],
)
def test_literals_keep_their_kind(value: str | float | bool) -> None:
    schema = Schema((Entity("a", (Attribute("b", t.LiteralType(value)),)),))

    found = from_text(to_text(schema)).entities[0].attributes[0].type

    assert isinstance(found, t.LiteralType)
    assert found.value == value
    assert type(found.value) is type(value)


def test_a_text_of_many_parts_is_compact() -> None:
    schema = make_edit(random.Random(7), True, 40, 12).before

    assert len(to_text(schema)) < 90 * sum(len(each.attributes) + 2 for each in schema.entities) + 4_000


@pytest.mark.parametrize("text", ["", "{", "[]", "1", '{"_": "Plan"}', '{"_": "Nothing"}', '{"_": "Schema", "x": 1}'])
def test_other_texts_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        from_text(text)


@given(ANY_JSON)
def test_any_other_json_is_refused_and_nothing_worse(value: object) -> None:
    with pytest.raises(ValueError, match=r".+"):
        from_text(json.dumps(value))


def test_a_text_that_is_nested_without_end_is_refused() -> None:
    with pytest.raises(ValueError, match=r".+"):
        from_text("[" * 100_000)
