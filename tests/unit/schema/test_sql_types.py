from __future__ import annotations

import pytest

from app.core.errors import Invalid
from app.schema import types as t
from app.schema.formats.sql_types import is_built_in, takes, text_of, type_of

ENUMS = {"mood": ("sad", "ok"), "Mood": ("x",), "aux.m": ("y",), '"a.b"': ("k",)}


@pytest.mark.parametrize(
    ("text", "spelled"),
    [
        ("text", "text"),
        ("character varying(20)", "varchar(20)"),
        ("character varying", "varchar"),
        ("character(3)", "char(3)"),
        ("char", "char(1)"),
        ("bpchar", "bpchar"),
        ("int4", "integer"),
        ("INT", "integer"),
        ("int8", "bigint"),
        ("numeric(10)", "numeric(10,0)"),
        ("decimal(10, 2)", "numeric(10,2)"),
        ("float(10)", "real"),
        ("float", "double precision"),
        ("timestamp with time zone", "timestamptz"),
        ("timestamp(3) without time zone", "timestamp(3)"),
        ("time(2) with time zone", "timetz(2)"),
        ("interval day to second(3)", "interval day to second(3)"),
        ("bool", "boolean"),
        ("serial8", "bigserial"),
        ("integer[][3]", "integer[]"),
        ("int array", "integer[]"),
        ("character varying(20)[]", "varchar(20)[]"),
        ("mood", "mood"),
        ('"Mood"[]', '"Mood"[]'),
        ('"a.b"', '"a.b"'),
        ("aux.m", "aux.m"),
        ("UUID", "uuid"),
        ("public.geometry(Point,4326)", "public.geometry(Point,4326)"),
        ('"char"', '"char"'),
        ("bit", "bit(1)"),
        ("varbit(5)", "bit varying(5)"),
        ('text collate "C"', 'text collate "C"'),
        ("pg_catalog.int4", "integer"),
        ('"My type"', '"My type"'),
    ],
)
def test_types_have_one_spelling_that_leads_back(text: str, spelled: str) -> None:
    kind = type_of(text, ENUMS)
    assert text_of(kind) == spelled
    assert type_of(spelled, ENUMS) == kind


def test_types_say_what_they_hold() -> None:
    assert type_of("varchar(20)") == t.StringType(20, native="varchar(20)")
    assert type_of("bigint") == t.NumberType("bigint", native="bigint")
    assert type_of("numeric(10,2)") == t.NumberType("decimal", 10, 2, native="numeric(10,2)")
    assert type_of("timestamptz") == t.DateType("datetime", True, native="timestamptz")
    assert type_of("mood", ENUMS) == t.EnumType(("sad", "ok"), "mood")
    assert type_of("vector(3)") == t.NativeType("vector(3)")


@pytest.mark.parametrize(
    "text", ["", " ", "text; drop table x", "int(3)", "text(4)", "varchar(0)", "varchar(x)", "(3)", "int garbage"]
)
def test_text_that_is_no_type_is_refused_at_its_field(text: str) -> None:
    with pytest.raises(Invalid) as caught:
        type_of(text)
    assert [each.field for each in caught.value.fields] == ["type"]


@pytest.mark.parametrize(
    ("kind", "postgres", "sqlite"),
    [
        (t.StringType(), "text", "text"),
        (t.StringType(20), "varchar(20)", "varchar(20)"),
        (t.NumberType(), "double precision", "real"),
        (t.NumberType("integer"), "integer", "integer"),
        (t.NumberType("decimal", 10, 2), "numeric(10,2)", "numeric(10,2)"),
        (t.BooleanType(), "boolean", "boolean"),
        (t.DateType(), "timestamptz", "datetime"),
        (t.JsonType(), "jsonb", "json"),
        (t.BytesType(), "bytea", "blob"),
        (t.ArrayType(t.StringType()), "text[]", None),
        (t.AnyType(), None, ""),
        (t.EnumType(("a",), "mood"), "mood", None),
        (t.IdType("todos"), None, None),
        (t.ObjectType(), None, None),
    ],
)
def test_types_of_other_platforms_become_the_usual_ones(kind: t.Type, postgres: str | None, sqlite: str | None) -> None:
    assert takes(kind) == (postgres is not None)
    assert takes(kind, "sqlite") == (sqlite is not None)
    if postgres is not None:
        assert text_of(kind) == postgres
    if sqlite is not None:
        assert text_of(kind, "sqlite") == sqlite


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("", t.AnyType()),
        ("VARCHAR(20)", t.StringType(20, native="varchar(20)")),
        ("NUMERIC(10, 2)", t.NumberType("decimal", 10, 2, native="numeric(10,2)")),
        ("unsigned big int", t.NumberType("bigint", native="unsigned big int")),
        ("BLOB", t.BytesType(native="blob")),
        ("DateTime", t.DateType("datetime", False, native="datetime")),
        ("foo bar", t.NativeType("foo bar")),
    ],
)
def test_sqlite_takes_any_words(text: str, kind: t.Type) -> None:
    assert type_of(text, dialect="sqlite") == kind
    assert type_of(text_of(kind, "sqlite"), dialect="sqlite") == kind


def test_types_of_extensions_are_told_from_built_in_ones() -> None:
    assert is_built_in(type_of("uuid[]"))
    assert is_built_in(type_of("bit(3)"))
    assert not is_built_in(type_of("vector(3)"))
