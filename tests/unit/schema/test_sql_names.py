from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.errors import Invalid
from app.schema.formats.sql_names import cut, entity_name, implied_name, quoted, split_name, sql_name

NAMES = st.text(st.characters(exclude_characters="\0", exclude_categories=("Cs",)), min_size=1, max_size=12)


@given(NAMES, NAMES)
def test_name_of_an_entity_leads_back_to_schema_and_table(schema: str, table: str) -> None:
    home = schema in ("main", "public")
    assert split_name(entity_name(schema, table)) == ("public" if home else schema, table)


def test_usual_schema_is_left_out() -> None:
    assert entity_name("public", "todos") == "todos"
    assert entity_name("main", "todos") == "todos"
    assert entity_name("aux", "todos") == "aux.todos"
    assert entity_name("public", "a.b") == '"a.b"'
    assert entity_name("x.y", 'say "hi"') == '"x.y"."say ""hi"""'
    assert split_name("todos", "main") == ("main", "todos")


@pytest.mark.parametrize("text", ["", "a.b.c", ".a", "a.", '"a', 'a"b', '""'])
def test_text_that_is_no_table_is_refused(text: str) -> None:
    with pytest.raises(Invalid):
        split_name(text)


def test_names_get_quotes_where_they_need_them() -> None:
    assert quoted("todos") == "todos"
    assert [quoted(each) for each in ("Todos", "select", "index", "a b", "größe", 'x"y', "1a")] == [
        '"Todos"',
        '"select"',
        '"index"',
        '"a b"',
        '"größe"',
        '"x""y"',
        '"1a"',
    ]
    assert sql_name("order") == '"order"'
    assert sql_name('aux."x.y"') == 'aux."x.y"'


def test_names_are_cut_as_postgresql_cuts_them() -> None:
    # As PostgreSQL 18.4 gave them itself.
    assert implied_name("todos", "title", "key") == "todos_title_key"
    assert implied_name("todos", "", "pkey") == "todos_pkey"
    long = implied_name("a" * 40, "b" * 40, "idx")
    assert long == f"{'a' * 29}_{'b' * 29}_idx"
    assert len(implied_name("t", "b" * 63, "fkey")) == 63
    # No half of a letter stays.
    assert implied_name("ü" * 30, "b" * 40, "key") == f"{'ü' * 14}_{'b' * 29}_key"
    assert cut("ü" * 40) == "ü" * 31
