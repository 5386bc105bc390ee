from __future__ import annotations

from dataclasses import replace

import pytest

from app.schema import types as t
from app.schema.formats.sql_types import type_of
from app.schema.model import Attribute, Extra, Index, Link, LinkEnd
from app.schema.operations import (
    AddAttribute,
    AddIndex,
    AddLink,
    ChangeAttribute,
    ChangeEntity,
    ChangeLink,
    DropLink,
    Risk,
)

ENUMS = {"one": ("a", "b"), "more": ("a", "b", "c")}
FK = Link("fk", LinkEnd("a", "fk", "one"), LinkEnd("b", "", "many"), columns=(("b_id", "id"),))


@pytest.mark.parametrize(
    ("before", "after", "risk"),
    [
        ("varchar(20)", "varchar(50)", Risk.SAFE),
        ("varchar(20)", "text", Risk.SAFE),
        ("text", "varchar(20)", Risk.MAY_FAIL),
        ("char(3)", "text", Risk.SLOW),
        ("text", 'text collate "C"', Risk.SLOW),
        ("smallint", "integer", Risk.SLOW),
        ("integer", "bigint", Risk.SLOW),
        ("integer", "serial", Risk.SAFE),
        ("integer", "smallint", Risk.MAY_FAIL),
        ("bigint", "integer", Risk.MAY_FAIL),
        ("numeric(10,2)", "numeric(12,2)", Risk.SAFE),
        ("numeric(10,2)", "numeric", Risk.SAFE),
        ("numeric(10,2)", "numeric(10,1)", Risk.MAY_FAIL),
        ("numeric", "numeric(10,2)", Risk.MAY_FAIL),
        ("integer", "numeric", Risk.SLOW),
        ("real", "double precision", Risk.SLOW),
        ("double precision", "real", Risk.MAY_FAIL),
        ("json", "jsonb", Risk.SLOW),
        ("text", "jsonb", Risk.MAY_FAIL),
        ("integer", "text", Risk.SLOW),
        ("date", "timestamptz", Risk.SLOW),
        ("timestamptz", "date", Risk.MAY_FAIL),
        ("timestamptz", "timestamp", Risk.SLOW),
        ("timestamptz", "timestamptz(3)", Risk.MAY_FAIL),
        ("integer[]", "bigint[]", Risk.SLOW),
        ("text[]", "varchar(3)[]", Risk.MAY_FAIL),
        ("uuid", "text", Risk.SLOW),
        ("one", "text", Risk.SLOW),
        ("text", "uuid", Risk.MAY_FAIL),
    ],
)
def test_types_change_in_the_catalogue_or_in_every_row(before: str, after: str, risk: Risk) -> None:
    one, other = (Attribute("x", type_of(each, ENUMS)) for each in (before, after))
    assert ChangeAttribute("a", one, other).risk is risk


def test_values_of_an_enum_are_added_safely_and_told() -> None:
    one, more = (Attribute("x", t.EnumType(ENUMS[each], "e")) for each in ("one", "more"))
    added, removed = ChangeAttribute("a", one, more), ChangeAttribute("a", more, one)
    assert (added.risk, removed.risk) == (Risk.SAFE, Risk.MAY_FAIL)
    assert added.describe() == "Change a.x: another e (adds c)."
    assert removed.describe() == "Change a.x: another e (removes c)."


@pytest.mark.parametrize(
    ("fields", "risk"),
    [
        ({}, Risk.SAFE),
        ({"default": "0"}, Risk.SAFE),
        ({"default": "0", "is_required": True}, Risk.SAFE),
        ({"is_required": True}, Risk.MAY_FAIL),
        ({"default": "gen_random_uuid()", "is_required": True}, Risk.SLOW),
        ({"default": "0", "is_unique": True}, Risk.MAY_FAIL),
        ({"is_indexed": True}, Risk.SLOW),
        ({"type": type_of("bigserial"), "is_required": True}, Risk.SLOW),
        ({"extra": (("generated", '"1"'),)}, Risk.SLOW),
    ],
)
def test_new_attributes_may_write_every_row(fields: dict[str, object], risk: Risk) -> None:
    made = replace(Attribute("x", type_of("bigint")), **fields)  # type: ignore[arg-type]
    assert AddAttribute("a", made).risk is risk


@pytest.mark.parametrize(
    ("before", "after", "risk", "words"),
    [
        ((), (("check c", '"a > 0"'),), Risk.MAY_FAIL, "new check c: a > 0"),
        ((("check c", '"a > 0"'),), (), Risk.SAFE, "no check c any more (a > 0)"),
        ((("check c", '"a > 0"'),), (("check c", '"a > 1"'),), Risk.MAY_FAIL, "check c a > 0 → a > 1"),
        ((), (("comment", '"x"'),), Risk.SAFE, "new comment: x"),
        ((), (("row_security", "true"),), Risk.SAFE, "row-level security is on: rows are hidden"),
        ((), (("partition_by", '"LIST (a)"'),), Risk.MAY_FAIL, "new partition by: LIST (a)"),
    ],
)
def test_checks_and_comments_are_told_in_words(before: Extra, after: Extra, risk: Risk, words: str) -> None:
    step = ChangeEntity("a", before, after)
    assert step.risk is risk
    assert step.describe().startswith(f"Change the entity a: {words}")


def test_links_over_attributes_are_told_and_weighed() -> None:
    cascade = replace(FK, forward=replace(FK.forward, on_delete="cascade"))
    assert AddLink(FK).risk is Risk.MAY_FAIL
    assert AddLink(FK, has_no_rows=True).risk is Risk.SAFE
    assert AddLink(replace(FK, extra=(("not_valid", "true"),))).risk is Risk.SAFE
    assert DropLink(FK).risk is Risk.SAFE
    assert ChangeLink(FK, cascade).risk is Risk.SLOW
    assert ChangeLink(replace(FK, extra=(("not_valid", "true"),)), FK).risk is Risk.MAY_FAIL
    assert AddLink(cascade).describe() == (
        "Add the link fk: a.b_id → b.id; rows of a go when what a.b_id leads to is deleted."
    )
    assert DropLink(FK).describe() == (
        "Delete the link fk: a.b_id → b.id: values stay, and may lead nowhere from then on."
    )


def test_indexes_are_told_by_what_they_are_over() -> None:
    key = AddIndex("a", Index("a_pkey", ("id",), True, "primary"))
    assert key.describe() == "Add to a the primary key a_pkey on id."
    assert key.risk is Risk.MAY_FAIL
    odd = Index("i", (), False, "btree", (("expressions", '["lower(x)"]'), ("where", '"x > 0"')))
    assert AddIndex("a", odd).describe() == "Add to a the btree index i on lower(x), where x > 0."
    assert AddIndex("a", odd).risk is Risk.SLOW
