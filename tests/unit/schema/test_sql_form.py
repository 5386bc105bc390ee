from __future__ import annotations

from dataclasses import replace

import pytest

from app.schema import types as t
from app.schema.formats.sql_form import canonical
from app.schema.formats.sql_types import type_of
from app.schema.model import Attribute, Entity, Index, Link, LinkEnd, Schema

TEXT = type_of("text")
KEY = Index("todos_pkey", ("id",), True, "primary")


def form(attribute: Attribute) -> Attribute:
    return canonical(Schema((Entity("todos", (attribute,)),))).entities[0].attributes[0]


@pytest.mark.parametrize(
    ("kind", "default", "after"),
    [
        ("text", "'x'", "'x'::text"),
        ("varchar(20)", " 'x' ", "'x'::character varying"),
        ("char(3)", "'x'", "'x'::bpchar"),
        ("jsonb", "'{}'", "'{}'::jsonb"),
        ("text[]", "'{}'", "'{}'::text[]"),
        ("boolean", "TRUE", "true"),
        ("integer", "0", "0"),
        ("text", "NULL", None),
        ("text", "  ", None),
        ("text", "'x'::text", "'x'::text"),
        ("timestamptz", "now()", "now()"),
    ],
)
def test_defaults_are_spelled_as_they_come_back(kind: str, default: str, after: str | None) -> None:
    made = Attribute("a", type_of(kind), default=default)
    assert form(made).default == after
    assert form(form(made)) is form(made) or form(form(made)) == form(made)


def test_defaults_of_enums_are_cast_to_them() -> None:
    assert form(Attribute("a", t.EnumType(("x",), "Mood"), default="'x'")).default == "'x'::\"Mood\""


def test_types_are_in_the_spelling_of_the_database() -> None:
    assert form(Attribute("a", t.StringType())).type == TEXT
    assert form(Attribute("a", t.NativeType("int4"))).type == type_of("integer")
    assert form(Attribute("a", t.ArrayType(t.StringType()))).type == type_of("text[]")
    assert form(Attribute("a", t.IdType("x"))).type == t.IdType("x")
    collated = Attribute("a", TEXT, extra=(("collation", '"C"'),))
    assert form(collated) == Attribute("a", type_of('text collate "C"'))


def test_keys_serial_types_and_identities_are_required() -> None:
    assert form(Attribute("a", type_of("bigserial"), default="1")) == Attribute("a", type_of("bigserial"), True)
    assert form(Attribute("a", type_of("bigint"), extra=(("identity", '"always"'),))).is_required
    table = Entity("todos", (Attribute("id", type_of("uuid")),), (replace(KEY, is_unique=False),))
    made = canonical(Schema((table,))).entities[0]
    assert made.attributes[0].is_required
    assert made.indexes == (KEY,)


def test_plain_indexes_under_their_usual_names_are_flags() -> None:
    attributes = (Attribute("a", TEXT), Attribute("b", TEXT))
    plain = (Index("todos_a_idx", ("a",)), Index("todos_b_key", ("b",), True, "btree", (("constraint", "true"),)))
    made = canonical(Schema((Entity("aux.todos", attributes, plain),))).entities[0]
    assert made.attributes == (Attribute("a", TEXT, is_indexed=True), Attribute("b", TEXT, is_unique=True))
    assert made.indexes == ()


@pytest.mark.parametrize(
    "index",
    [
        Index("other", ("a",), False, "btree"),
        Index("todos_a_key", ("a",), True, "btree"),
        Index("todos_a_idx", ("a",), False, "gin"),
        Index("todos_a_idx", ("a",), False, "btree", (("where", '"a > 0"'),)),
        Index("todos_a_idx", ("a",), False, "btree", (("expressions", '["a DESC"]'),)),
    ],
)
def test_other_indexes_stay_indexes(index: Index) -> None:
    schema = Schema((Entity("todos", (Attribute("a", TEXT),), (index,)),))
    assert canonical(schema) is schema


def test_extras_are_written_in_one_way() -> None:
    extra = (("row_security", "false"), ("check b", '"((a > 0))"'), ("comment", '"\\u00fc"'), ("check a", "a > 1"))
    made = canonical(Schema((Entity("todos", (Attribute("a", TEXT),), extra=extra),))).entities[0]
    assert made.extra == (("check a", '"a > 1"'), ("check b", '"a > 0"'), ("comment", '"ü"'))
    index = Index("i", ("a",), extra=(("expressions", '["a"]'), ("where", '"(a > 0)"')))
    made = canonical(Schema((Entity("todos", (Attribute("a", TEXT),), (index,)),))).entities[0]
    assert made.indexes == (Index("i", ("a",), False, "btree", (("where", '"a > 0"'),)),)


def test_links_have_one_name_and_lead_to_many() -> None:
    link = Link("", LinkEnd("todos", "", "many", True), LinkEnd("users", "todos", "one"), columns=(("owner", "id"),))
    made = canonical(Schema((), (link,))).links[0]
    name = "todos_owner_fkey"
    assert made == Link(name, LinkEnd("todos", name, "one"), LinkEnd("users", "", "many"), columns=(("owner", "id"),))


def test_views_are_left_as_they_are() -> None:
    view = Entity("v", (Attribute("b", t.StringType()), Attribute("a", t.StringType())), is_system=True)
    assert canonical(Schema((view,))).entities == (view,)


def test_sqlite_keeps_its_own_rules() -> None:
    table = Entity("todos", (Attribute("id", type_of("integer", dialect="sqlite"), default="'x'"),), (KEY,))
    assert canonical(Schema((table,)), "sqlite") == Schema((table,))
