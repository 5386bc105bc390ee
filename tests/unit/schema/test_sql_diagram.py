from __future__ import annotations

from app.schema.formats.mermaid import render
from app.schema.model import Schema
from tests.unit.schema.test_sql_script import LINK, TODOS, USERS


def test_ends_without_a_label_are_left_out() -> None:
    text = render(Schema((TODOS, USERS), (LINK,)))
    assert ' : "Todos_owner_fkey"' in text
