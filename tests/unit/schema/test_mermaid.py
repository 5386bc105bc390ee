"""The Mermaid diagram: every part is in it, and nothing a name holds breaks its grammar."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings

from app.schema.formats.mermaid import render, type_word
from app.schema.model import Attribute, Entity, Link, LinkEnd, Schema
from app.schema.types import (
    AnyType,
    ArrayType,
    BooleanType,
    BytesType,
    DateType,
    EnumType,
    IdType,
    JsonType,
    LiteralType,
    NativeType,
    NullType,
    NumberType,
    ObjectType,
    RecordType,
    StringType,
    Type,
    UnionType,
)
from tests.unit.schema.instant_strategies import SCHEMAS

LINE = re.compile(
    r"erDiagram"
    r'|    \w+(\["[^"]*"\])?( \{)?'
    r"|    \}"
    r'|        [A-Za-z][\w()\[\]]* \w+( UK)?( "[^"]*")?'
    r'|    \w+ (\|\||\|o|\}\||\}o)--(\|\||o\||\|\{|o\{) \w+ : "[^"]*"'
)


def test_render_shows_entities_attributes_and_links() -> None:
    title = Attribute("title", StringType(), is_required=True, is_unique=True, is_indexed=True)
    schema = Schema(
        (Entity("todos", (title, Attribute("due at", DateType()))), Entity("$users")),
        (Link("l", LinkEnd("todos", "owner", "one", is_required=True), LinkEnd("$users", "todos", "many")),),
    )
    assert render(schema) == (
        "erDiagram\n"
        '    e_users["$users"]\n'
        "    todos {\n"
        '        string title UK "required, indexed"\n'
        '        datetime e_due_at "due at"\n'
        "    }\n"
        '    todos }o--|| e_users : "owner / todos"\n'
    )


@pytest.mark.parametrize(
    ("forward", "reverse", "feet"),
    [("one", "one", "|o--o|"), ("one", "many", "}o--o|"), ("many", "one", "|o--o{"), ("many", "many", "}o--o{")],
)
def test_render_crows_feet(forward: str, reverse: str, feet: str) -> None:
    link = Link("l", LinkEnd("a", "x", forward), LinkEnd("b", "y", reverse))  # type: ignore[arg-type]
    assert f"a {feet} b" in render(Schema((Entity("a"), Entity("b")), (link,)))


def test_render_link_to_an_entity_that_is_missing_shows_it() -> None:
    link = Link("l", LinkEnd("a", "x", "one"), LinkEnd("gone", "y", "one"))
    assert "    gone\n" in render(Schema((Entity("a"),), (link,)))


def test_render_names_that_come_to_one_word_stay_apart() -> None:
    text = render(Schema((Entity("a b"), Entity("a-b"), Entity("e_a_b"))))
    assert text.splitlines()[1:] == ['    e_a_b_2["a b"]', '    e_a_b_3["a-b"]', "    e_a_b"]


@given(SCHEMAS)
@settings(deadline=None)
def test_render_of_any_schema_keeps_to_the_grammar(schema: Schema) -> None:
    for line in render(schema).splitlines():
        assert LINE.fullmatch(line)


@pytest.mark.parametrize(
    ("kind", "word"),
    [
        (StringType(), "string"),
        (StringType(max_length=20), "string(20)"),
        (NumberType(kind="decimal"), "decimal"),
        (BooleanType(), "boolean"),
        (DateType(kind="date"), "date"),
        (JsonType(), "json"),
        (AnyType(), "any"),
        (BytesType(), "bytes"),
        (NullType(), "null"),
        (IdType("todos"), "id(todos)"),
        (LiteralType("x"), "literal"),
        (EnumType(("a", "b")), "enum"),
        (ArrayType(StringType()), "string[]"),
        (ArrayType(ArrayType(StringType())), "array"),
        (ObjectType(), "object"),
        (RecordType(StringType(), AnyType()), "record"),
        (UnionType((StringType(), NullType())), "union"),
        (NativeType("double precision"), "double_precision"),
    ],
)
def test_type_word_of_every_type(kind: Type, word: str) -> None:
    assert type_word(kind) == word
