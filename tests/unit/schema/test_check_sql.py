from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings

from app.platforms.postgres.schema_rules import RULES_POSTGRES, RULES_SQLITE
from app.schema import types as t
from app.schema.check import Rules, check
from app.schema.formats.sql_names import Dialect
from app.schema.formats.sql_types import type_of
from app.schema.model import Attribute, Entity, Index, Link, LinkEnd, OnDelete, Schema
from tests.support.random_sql import sql_schemas

ID = Attribute("id", type_of("bigint"), True)
TEXT = type_of("text")


def table(name: str, *attributes: Attribute, indexes: tuple[Index, ...] = (), **fields: object) -> Entity:
    key = Index(f"{name}_pk", ("id",), True, "primary")
    return Entity(name, (ID, *attributes), (key, *indexes), **fields)  # type: ignore[arg-type]


def link(here: str, column: str, there: str, key: str = "id", on_delete: OnDelete | None = None) -> Link:
    name = f"{here}_{column}_fkey"
    forward = LinkEnd(here, name, "one", on_delete=on_delete)
    return Link(name, forward, LinkEnd(there, "", "many"), columns=((column, key),))


def found(
    *entities: Entity, links: tuple[Link, ...] = (), rules: Rules = RULES_POSTGRES
) -> list[tuple[str, str, bool]]:
    problems = check(Schema(entities, links), rules)
    assert all(each.sentence.endswith(".") and each.remedy.endswith((".", "remove it.")) for each in problems), problems
    return [(each.place, each.field, each.is_error) for each in problems]


@pytest.mark.parametrize(("dialect", "rules"), [("postgresql", RULES_POSTGRES), ("sqlite", RULES_SQLITE)])
def test_nothing_is_wrong_with_schemas_that_databases_hold(dialect: Dialect, rules: Rules) -> None:
    @settings(max_examples=60, deadline=None)
    @given(sql_schemas(dialect))
    def holds(schema: Schema) -> None:
        assert not [each for each in check(schema, rules) if each.is_error]

    holds()


def test_names_are_measured_in_bytes_part_by_part() -> None:
    assert found(table("x" * 60)) == []
    assert found(table("ü" * 32))[0] == ("ü" * 32, "name", True)
    assert found(Entity(f"{'x' * 60}.{'y' * 60}", (ID,))) == [(f"{'x' * 60}.{'y' * 60}", "indexes", False)]
    assert found(table("a", Attribute("ü" * 32, TEXT))) == [(f"a.{'ü' * 32}", "name", True)]
    assert found(table("a", Attribute("Any name, at all: 🙂", TEXT))) == []


@pytest.mark.parametrize("name", ["a.b.c", "pg_x.todos", 'a"b', " "])
def test_names_that_cannot_be_tables_are_refused(name: str) -> None:
    assert (name, "name", True) in found(table(name))


def test_sqlite_has_one_schema_and_names_of_its_own() -> None:
    assert (("aux.a"), "name", True) in found(table("aux.a"), rules=RULES_SQLITE)
    assert (("sqlite_a"), "name", True) in found(table("sqlite_a"), rules=RULES_SQLITE)
    assert found(table("x" * 200), rules=RULES_SQLITE) == []


def test_hidden_columns_of_postgresql_are_taken() -> None:
    assert found(table("a", Attribute("ctid", TEXT))) == [("a.ctid", "name", True)]


def test_a_table_should_have_one_primary_key() -> None:
    assert found(Entity("a", (ID,))) == [("a", "indexes", False)]
    assert found(table("a", indexes=(Index("other", ("id",), True, "primary"),))) == [("a", "indexes", True)]
    assert found(Entity("v", (ID,), is_system=True)) == []


@pytest.mark.parametrize("kind", [t.AnyType(), t.IdType("a"), t.ObjectType(), t.UnionType((TEXT,)), t.EnumType(("a",))])
def test_types_that_databases_do_not_have_are_refused(kind: t.Type) -> None:
    assert found(table("a", Attribute("x", kind))) == [("a.x", "type", True)]


def test_types_of_extensions_are_doubted_only() -> None:
    assert found(table("a", Attribute("x", t.NativeType("vector(3)")))) == [("a.x", "type", False)]
    assert found(table("a", Attribute("x", t.StringType()))) == []


def test_enums_have_one_list_of_values_each_once() -> None:
    one, other = t.EnumType(("a", "b"), "e"), t.EnumType(("a",), "e")
    assert found(table("a", Attribute("x", one), Attribute("y", other))) == [("a.y", "type", True)]
    assert found(table("a", Attribute("x", t.EnumType(("a", "a"), "e")))) == [("a.x", "type", True)]
    assert found(table("a", Attribute("x", t.EnumType(("ü" * 40,), "e")))) == [("a.x", "type", True)]


def test_json_takes_no_index() -> None:
    assert found(table("a", Attribute("x", type_of("json"), is_indexed=True))) == [("a.x", "type", True)]
    assert found(table("a", Attribute("x", type_of("jsonb"), is_indexed=True))) == []


@pytest.mark.parametrize(
    ("attribute", "field"),
    [
        (Attribute("x", type_of("bigserial"), default="1"), "default"),
        (Attribute("x", type_of("bigint"), default="1", extra=(("identity", '"always"'),)), "default"),
        (Attribute("x", TEXT, extra=(("identity", '"always"'),)), "type"),
        (Attribute("x", TEXT, default=" "), "default"),
    ],
)
def test_a_value_comes_from_one_place(attribute: Attribute, field: str) -> None:
    assert found(table("a", attribute)) == [("a.x", field, True)]


@pytest.mark.parametrize(
    ("index", "field", "is_error"),
    [
        (Index("i", ("gone",)), "attributes", True),
        (Index("i", ()), "attributes", True),
        (Index("i", ("id",), True, "gin"), "kind", True),
        (Index("i", ("id",), False, "bloom"), "kind", False),
        (Index("ü" * 40, ("id",)), "name", True),
        (Index("i", ("id",), extra=(("invalid", "true"),)), "name", False),
        (Index("i", ("id",), True, "btree", (("constraint", "true"),)), "attributes", False),
    ],
)
def test_indexes_are_over_something_that_they_can_index(index: Index, field: str, is_error: bool) -> None:
    assert found(table("a", indexes=(index,))) == [(f"a.{index.name}", field, is_error)]
    assert found(table("a", indexes=(Index("i", (), extra=(("expressions", '["lower(x)"]'),)),))) == []


def test_tables_and_indexes_of_one_schema_share_their_names() -> None:
    twice = (table("a", indexes=(Index("same", ("id",)),)), table("b", indexes=(Index("same", ("id",)),)))
    assert found(*twice) == [("b.same", "name", True)]
    assert found(twice[0], replace(twice[1], name="aux.b")) == []
    flags = (table("a", Attribute("b_c", TEXT, is_unique=True)), table("a_b", Attribute("c", TEXT, is_unique=True)))
    assert found(*flags) == [("a_b.c", "name", True)]


def test_links_are_over_attributes_of_equal_types_that_lead_to_a_key() -> None:
    users = table("users", Attribute("email", TEXT, is_unique=True), Attribute("name", TEXT))
    todos = table("todos", Attribute("owner", type_of("integer"), True), Attribute("mail", type_of("varchar(20)")))

    def wrong(each: Link) -> list[tuple[str, str, bool]]:
        return [
            (place.rpartition(".")[2], field, is_error) for place, field, is_error in found(users, todos, links=(each,))
        ]

    assert wrong(link("todos", "owner", "users")) == []
    assert wrong(link("todos", "mail", "users", "email")) == []
    assert wrong(link("todos", "mail", "users")) == [("todos_mail_fkey", "columns", True)]
    assert wrong(link("todos", "mail", "users", "name")) == [("todos_mail_fkey", "columns", True)]
    assert wrong(link("todos", "gone", "users")) == [("todos_gone_fkey", "columns", True)]
    assert wrong(link("todos", "owner", "nobody")) == [("todos_owner_fkey", "entity", True)]
    assert wrong(link("todos", "owner", "users", on_delete="set-null")) == [("todos_owner_fkey", "on_delete", True)]
    assert wrong(replace(link("todos", "owner", "users"), columns=())) == [("todos_owner_fkey", "columns", True)]


def test_a_link_may_be_called_as_an_attribute() -> None:
    users = table("users")
    todos = table("todos", Attribute("owner", type_of("bigint")))
    made = link("todos", "owner", "users")
    assert found(users, todos, links=(replace(made, forward=replace(made.forward, label="owner")),)) == []


def test_what_is_live_already_does_not_keep_from_pushing() -> None:
    wrong = Schema((table("a", indexes=(Index("same", ("id",)),)), table("b", indexes=(Index("same", ("id",)),))))
    assert not [each for each in check(wrong, RULES_POSTGRES, wrong) if each.is_error]


def test_rules_parse_what_the_operator_writes() -> None:
    for rules in (RULES_POSTGRES, RULES_SQLITE):
        assert rules.parse_type is not None
        assert rules.parse_type("INTEGER") == rules.types[1]
        assert all(rules.takes_type(each) for each in rules.types if rules.takes_type is not None)
