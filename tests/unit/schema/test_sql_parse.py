from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings

from app.schema import types as t
from app.schema.formats.sql import TextErrors, parse, render, with_live_parts
from app.schema.formats.sql_form import canonical
from app.schema.formats.sql_names import Dialect
from app.schema.formats.sql_types import type_of
from app.schema.model import Attribute, Entity, Index, Link, LinkEnd, Schema
from tests.support.random_sql import sql_edits, sql_schemas
from tests.unit.schema.test_sql_script import LINK, SCRIPT, TODOS, USERS


@pytest.mark.parametrize("dialect", ["postgresql", "sqlite"])
def test_script_is_read_back_as_it_was_written(dialect: Dialect) -> None:
    @settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
    @given(sql_schemas(dialect))
    def holds(schema: Schema) -> None:
        text = render(schema, dialect)
        parsed = parse(text, dialect)
        assert parsed.schema == schema
        assert render(parsed.schema, dialect) == text
        places = {each.name for each in schema.entities} | {
            f"{entity.name}.{each.name}" for entity in schema.entities for each in entity.attributes
        }
        assert places <= parsed.spans.keys()

    holds()


def test_all_of_a_script_is_understood() -> None:
    parsed = parse(SCRIPT)
    assert parsed.schema == canonical(Schema((USERS, TODOS), (LINK,)))
    assert parsed.spans["Todos"] == (5, 13)
    assert parsed.spans["Todos.mood"] == (9, 2)
    assert parsed.spans["Todos.odd"] == (16, 13)


def test_script_of_people_is_read_like_postgresql_would() -> None:
    parsed = parse(
        """
        -- What people write.
        create table if not exists Users (
            id serial primary key,
            Mail character varying(20) not null unique default 'x',
            boss int references users on delete set null,
            check (length(mail) > 2),
            unique (mail, boss)
        );
        create index on_boss on only public.users using btree (boss desc nulls last) where (boss > 0);
        create unique index on_mail on users (lower(mail));
        comment on column users.mail is 'It''s; a mail';
        """
    )
    users = parsed.schema.entities[0]
    assert users == Entity(
        "users",
        (
            Attribute("id", type_of("serial"), True),
            Attribute(
                "mail",
                type_of("varchar(20)"),
                True,
                True,
                default="'x'::character varying",
                extra=(("comment", '"It\'s; a mail"'),),
            ),
            Attribute("boss", type_of("integer")),
        ),
        (
            Index(
                "on_boss",
                ("boss",),
                False,
                "btree",
                (("expressions", '["boss desc nulls last"]'), ("where", '"boss > 0"')),
            ),
            Index("on_mail", (), True, "btree", (("expressions", '["lower(mail)"]'),)),
            Index("users_mail_boss_key", ("mail", "boss"), True, "btree", (("constraint", "true"),)),
            Index("users_pkey", ("id",), True, "primary"),
        ),
        extra=(("check users_mail_check", '"length(mail) > 2"'),),
    )
    name = "users_boss_fkey"
    ends = LinkEnd("users", name, "one", on_delete="set-null"), LinkEnd("users", "", "many")
    assert parsed.schema.links == (Link(name, *ends, columns=(("boss", "id"),)),)


@pytest.mark.parametrize(
    ("text", "line", "column", "words"),
    [
        ("DROP TABLE x;", 1, 0, "DROP begins no statement"),
        ("CREATE TABLE a (\n  x nonsense nonsense(,\n  y int\n);", 1, 15, "bracket is not closed"),
        ("CREATE TABLE a (\n  x int(3)\n);", 2, 4, "int(3) is no type"),
        ("CREATE TABLE a (\n  x int,\n  x text\n);", 3, 2, "two columns x"),
        ("CREATE TABLE a (x int);\nCREATE TABLE a (y int);", 2, 13, "two tables a"),
        ("CREATE INDEX i ON b (x);", 1, 18, "no table b above"),
        ("CREATE TABLE a (x int GARBAGE);", 1, 18, "is no type"),
        ("CREATE TABLE a (x int) WITH (fillfactor=70);", 1, 23, "WITH is not understood"),
        ("ALTER TABLE a OWNER TO me;", 1, 12, "no table a above"),
        ("COMMENT ON TABLE a IS x;", 1, 17, "no table a above"),
        ("CREATE TABLE a (x int REFERENCES b);", 1, 22, "leads to 0"),
        ("CREATE TYPE t AS (x int);", 1, 14, "AS ENUM"),
        ("'text'", 1, 0, "begins no statement"),
    ],
)
def test_what_is_not_understood_is_told_with_its_place(text: str, line: int, column: int, words: str) -> None:
    with pytest.raises(TextErrors) as caught:
        parse(text)
    first = caught.value.problems[0]
    assert words in first.sentence
    assert (first.line, first.column) == (line, column)
    assert first.remedy


def test_all_problems_are_told_at_once() -> None:
    with pytest.raises(TextErrors) as caught:
        parse("CREATE TABLE a (x int(3), y, z text(4));\nFOO;\nCREATE TABLE b (x text);")
    assert [(each.line, each.column) for each in caught.value.problems] == [(1, 18), (1, 27), (1, 31), (2, 0)]


def test_an_empty_script_is_an_empty_schema() -> None:
    assert parse(" -- nothing\n;").schema == Schema()
    assert render(Schema()) == ""


def test_what_a_script_has_no_say_in_stays_as_it_is_live() -> None:
    view = Entity("v", (Attribute("a", type_of("text")),), is_system=True)
    broken = replace(TODOS.indexes[2], extra=(*TODOS.indexes[2].extra, ("invalid", "true")))
    todos = replace(TODOS, indexes=(*TODOS.indexes[:2], replace(broken, extra=tuple(sorted(broken.extra)))))
    live = canonical(Schema((USERS, todos, view), (LINK,)))
    read = with_live_parts(parse(render(live)).schema, live)
    assert canonical(read) == live


def test_columns_keep_the_order_of_the_table_and_new_ones_come_last() -> None:
    live = parse("CREATE TABLE t (id int, name text, age int)").schema
    read = parse("CREATE TABLE t (age int, mail text, id bigint, name text)").schema
    (table,) = with_live_parts(read, live).entities
    assert [each.name for each in table.attributes] == ["id", "name", "age", "mail"]
    text = render(live)
    assert text.index("  id ") < text.index("  name ") < text.index("  age ")


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(sql_edits())
def test_edits_of_the_schema_are_read_from_its_script(draft) -> None:  # type: ignore[no-untyped-def]
    assert parse(render(draft.wanted)).schema == draft.wanted


def test_sqlite_takes_columns_without_a_type_and_any_case() -> None:
    parsed = parse("CREATE TABLE A (Id INTEGER PRIMARY KEY, `b c`, d TEXT COLLATE NOCASE)", "sqlite")
    table = parsed.schema.entities[0]
    assert (table.name, [each.name for each in table.attributes]) == ("A", ["Id", "b c", "d"])
    assert table.attributes[1].type == t.AnyType()
    assert table.attributes[2].extra == (("collation", '"NOCASE"'),)
