"""A schema as a whole file: in the official style, and read back as the same."""

from __future__ import annotations

import pytest
from hypothesis import given, settings

from app.core.errors import Invalid
from app.schema.formats.instant_form import canonical
from app.schema.formats.instant_ts import parse, render
from app.schema.model import Attribute, Entity, Index, Link, LinkEnd, Schema
from app.schema.types import AnyType, BooleanType, DateType, JsonType, NumberType, StringType
from tests.unit.schema.instant_strategies import SCHEMAS

SCHEMA = Schema(
    (
        Entity(
            "todos",
            (
                Attribute("title", StringType(), is_required=True, is_unique=True, is_indexed=True),
                Attribute("done", BooleanType()),
                Attribute("Rank", NumberType(), is_indexed=True),
                Attribute("due-at", DateType()),
                Attribute("extra", JsonType()),
                Attribute("any", AnyType()),
            ),
        ),
        Entity("$users", (Attribute("email", StringType(), is_unique=True, is_system=True),), is_system=True),
        Entity("empty"),
    ),
    (
        Link(
            "todosOwner",
            LinkEnd("todos", "owner", "one", is_required=True, on_delete="cascade"),
            LinkEnd("$users", "todos", "many"),
        ),
    ),
)
TEXT = """\
// Docs: https://www.instantdb.com/docs/modeling-data

import { i } from "@instantdb/core";

const _schema = i.schema({
  entities: {
    $users: i.entity({
      email: i.string().unique().optional(),
    }),
    empty: i.entity({}),
    todos: i.entity({
      any: i.any().optional(),
      done: i.boolean().optional(),
      "due-at": i.date().optional(),
      extra: i.json().optional(),
      Rank: i.number().indexed().optional(),
      title: i.string().unique().indexed(),
    }),
  },
  links: {
    todosOwner: {
      forward: {
        on: "todos",
        has: "one",
        label: "owner",
        required: true,
        onDelete: "cascade",
      },
      reverse: {
        on: "$users",
        has: "many",
        label: "todos",
      },
    },
  },
  rooms: {},
});

// This helps TypeScript display nicer intellisense
type _AppSchema = typeof _schema;
interface AppSchema extends _AppSchema {}
const schema: AppSchema = _schema;

export type { AppSchema };
export default schema;
"""


def test_render_is_in_the_official_style() -> None:
    assert render(SCHEMA) == TEXT


def test_render_of_an_empty_schema_is_a_whole_file() -> None:
    assert "  entities: {},\n  links: {},\n  rooms: {},\n" in render(Schema())


@given(SCHEMAS)
@settings(deadline=None)
def test_parse_of_render_is_the_schema(schema: Schema) -> None:
    assert canonical(parse(render(schema)).schema) == canonical(schema)


@pytest.mark.parametrize(
    "name", ["a b", "1a", 'a"b', "a'b", "a\\b", "a\nb", "\u2028", "é", "日本", "\x00", "a-b", "", "👍"]
)
def test_render_names_that_are_no_identifiers_come_back(name: str) -> None:
    link = Link(name, LinkEnd(name, name, "one"), LinkEnd(name, f"{name}2", "many"))
    schema = Schema((Entity(name, (Attribute(name, StringType()),)),), (link,))
    assert parse(render(schema)).schema == schema


def test_render_links_that_share_a_name_get_numbers() -> None:
    links = tuple(Link("same", LinkEnd("a", f"l{n}", "one"), LinkEnd("b", f"r{n}", "one")) for n in range(3))
    found = parse(render(Schema((), links))).schema.links
    assert [each.name for each in found] == ["same", "same2", "same3"]


@pytest.mark.parametrize(
    "schema",
    [
        Schema((Entity("a", (Attribute("x", StringType(max_length=20)),)),)),
        Schema((Entity("a", (Attribute("x", default="1"),)),)),
        Schema((Entity("a", (Attribute("x"),), (Index("i", ("x",)),)),)),
        Schema((Entity("__proto__", (Attribute("x"),)),)),
        Schema((), (Link("l", LinkEnd("a", "b", "one", on_delete="restrict"), LinkEnd("a", "c", "one")),)),
    ],
)
def test_render_refuses_what_instant_does_not_know(schema: Schema) -> None:
    with pytest.raises(Invalid) as caught:
        render(schema)
    assert caught.value.fields
