from __future__ import annotations

import pytest

from app.schema.formats.sql_words import with_names, with_renamed, without_brackets, words_of


@pytest.mark.parametrize(
    ("sql", "after"),
    [
        ("a > 0", '"New" > 0'),
        ("\"a\" = 'a' AND lower(a) = b.a", '"New" = \'a\' AND lower("New") = b."New"'),
        ("a(a)", 'a("New")'),
        ("x::a = a", 'x::a = "New"'),
        ("x::p.a = a", 'x::p.a = "New"'),
        ("a.x = a", 'a.x = "New"'),
        ("E'it\\'s a' || a", "E'it\\'s a' || \"New\""),
        ("'it''s a' || a", "'it''s a' || \"New\""),
        ("$$a$$ || $t$ a $t$ || a", '$$a$$ || $t$ a $t$ || "New"'),
        ("a -- a\n/* a */ + ab", '"New" -- a\n/* a */ + ab'),
        ("EXTRACT(a FROM a)", 'EXTRACT(a FROM "New")'),
        ("A > `a`", '"New" > "New"'),
    ],
)
def test_columns_are_renamed_and_nothing_else(sql: str, after: str) -> None:
    assert with_renamed(sql, "a", "New") == after


def test_words_of_sql_are_no_columns() -> None:
    sql = "(ts AT TIME ZONE 'x')::timestamp without time zone"
    for word in ("zone", "at", "time", "without"):
        assert with_renamed(sql, word, "q") == sql
    assert with_renamed("zone > 1", "zone", "q") == "q > 1"
    assert with_renamed('x IN (1) AND "in" > 0', "in", "q") == "x IN (1) AND q > 0"


def test_names_are_exchanged_at_once() -> None:
    assert with_names("a > b", {"a": "b", "b": "a"}) == "b > a"
    assert with_renamed('"say ""hi""" > 0', 'say "hi"', "a") == "a > 0"


def test_words_are_all_that_could_be_columns() -> None:
    assert words_of("lower(a) || \"B\" = 'x' AND c IS NOT NULL") == {"a", "B", "c"}


@pytest.mark.parametrize(
    ("sql", "bare"), [("((a > 0))", "a > 0"), ("(a) > (0)", "(a) > (0)"), ("(')')", "')'"), ("(a", "(a")]
)
def test_brackets_around_all_of_it_are_taken_off(sql: str, bare: str) -> None:
    assert without_brackets(sql) == bare
