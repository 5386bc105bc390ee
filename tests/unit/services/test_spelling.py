"""Expressions that a database writes in its own way are what was pushed; those of others are not."""

from __future__ import annotations

from dataclasses import replace

from app.schema.draft import Draft
from app.schema.matching import Renames
from app.schema.model import Attribute, Entity, Index, Schema
from app.schema.types import NativeType
from app.services.spelling import spelled

COUNT = Attribute("count", NativeType("integer"), default="1")
BY_NAME = Index("by_name", ("count",), kind="btree", extra=(("where", '"count > 0"'),))
TABLE = Entity("things", (COUNT,), (BY_NAME,), extra=(("check small", '"count < 9"'), ("comment", '"Things"')))


def of(entity: Entity) -> Schema:
    return Schema((entity,))


def changed(default: str, check: str, where: str, comment: str = "Things") -> Schema:
    return of(
        replace(
            TABLE,
            attributes=(replace(COUNT, default=default),),
            indexes=(replace(BY_NAME, extra=(("where", f'"{where}"'),)),),
            extra=(("check small", f'"{check}"'), ("comment", f'"{comment}"')),
        )
    )


def test_what_was_changed_is_taken_as_the_database_writes_it() -> None:
    live = changed("(1 + 1)", "(count < 10)", "(count > 1)")
    pushed = Draft(of(TABLE), changed("1+1", "count<10", "count>1"))
    assert spelled(pushed, live, is_smooth=True).wanted == live


def test_a_new_table_is_taken_as_the_database_writes_it() -> None:
    live = changed("(1 + 1)", "(count < 10)", "(count > 1)")
    pushed = Draft(Schema(), changed("1+1", "count<10", "count>1"))
    assert spelled(pushed, live, is_smooth=True).wanted == live


def test_another_spelling_of_the_same_took_effect_unless_something_failed() -> None:
    pushed = Draft(of(TABLE), changed("1", "count<9", "count > 0"))
    assert spelled(pushed, of(TABLE), is_smooth=True).wanted == of(TABLE)
    assert spelled(pushed, of(TABLE), is_smooth=False) is pushed


def test_what_others_changed_stays_a_difference() -> None:
    pushed = Draft(of(TABLE), changed("2", "count < 9", "count > 0"))
    live = changed("2", "(count < 7)", "count > 5", "Other")
    assert spelled(pushed, live, is_smooth=True) is pushed


def test_parts_with_new_names_are_compared_with_what_they_were() -> None:
    wanted = of(
        replace(
            TABLE,
            name="parts",
            attributes=(replace(COUNT, name="number", default="1+1"),),
            indexes=(replace(BY_NAME, name="by_number", attributes=("number",), extra=(("where", '"number > 0"'),)),),
        )
    )
    renames = Renames(
        (("things", "parts"),), (("things", "count", "number"),), (), (("things", "by_name", "by_number"),)
    )
    entity = wanted.entities[0]
    live = of(
        replace(
            entity,
            attributes=(replace(entity.attributes[0], default="(1 + 1)"),),
            indexes=(replace(entity.indexes[0], extra=(("where", '"(number > 0)"'),)),),
        )
    )
    assert spelled(Draft(of(TABLE), wanted, renames), live, is_smooth=True).wanted == live


def test_what_is_not_there_stays_wanted() -> None:
    pushed = Draft(Schema(), of(TABLE))
    assert spelled(pushed, Schema(), is_smooth=True) is pushed
    bare = of(Entity("things"))
    assert spelled(pushed, bare, is_smooth=True) is pushed
