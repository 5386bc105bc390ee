"""Which rows a plan asks for: names are followed back to the live schema."""

from __future__ import annotations

from dataclasses import replace

from app.platforms.instant.row_questions import Question, questions_of
from app.schema.compare import Plan
from app.schema.model import Attribute, Entity, Link, LinkEnd
from app.schema.operations import (
    AddAttribute,
    AddEntity,
    AddLink,
    ChangeAttribute,
    ChangeLink,
    DropAttribute,
    DropEntity,
    DropLink,
    Operation,
    RenameAttribute,
    RenameEntity,
    RenameLink,
)
from app.schema.types import DateType, JsonType, NumberType

NOTE = Attribute("note")
OWNER = Link("x", LinkEnd("todos", "owner", "many"), LinkEnd("people", "todos", "many"))


def asked(*steps: Operation) -> list[Question]:
    return list(questions_of(Plan(steps)))


def places(*steps: Operation) -> list[tuple[int, str, str, str | None]]:
    return [(each.operation, each.entity, each.label, each.look) for each in asked(*steps)]


def test_renames_and_safe_changes_ask_nothing() -> None:
    relaxed = ChangeAttribute("todos", Attribute("a", NumberType(), True, True, True), Attribute("a"))
    json = ChangeAttribute("todos", Attribute("b", NumberType()), Attribute("b", JsonType()))
    assert asked(RenameEntity("a", "b"), RenameAttribute("b", "x", "y"), AddAttribute("b", NOTE), relaxed, json) == []


def test_names_are_followed_back_through_swapped_renames() -> None:
    assert places(
        RenameEntity("todos", "x"),
        RenameEntity("people", "todos"),
        RenameEntity("x", "people"),
        RenameAttribute("people", "title", "note"),
        RenameAttribute("todos", "name", "note"),
        DropAttribute("people", NOTE),
        DropAttribute("todos", NOTE),
        DropEntity(Entity("people")),
    ) == [(5, "todos", "title", None), (6, "people", "name", None), (7, "todos", "", None)]


def test_labels_renamed_before_their_entity_are_followed_too() -> None:
    steps = (RenameAttribute("todos", "title", "note"), RenameEntity("todos", "tasks"), DropAttribute("tasks", NOTE))
    assert places(*steps) == [(2, "todos", "title", None)]


def test_renamed_link_is_asked_by_its_live_label() -> None:
    after = replace(OWNER, forward=replace(OWNER.forward, label="assignee"))
    strict = replace(after, forward=replace(after.forward, is_required=True, has="one"))
    assert places(RenameLink(OWNER, after), ChangeLink(after, strict), DropLink(strict)) == [
        (1, "todos", "owner", None),
        (1, "todos", "owner", "several"),
        (2, "todos", "owner", None),
    ]


def test_what_the_plan_adds_has_no_rows() -> None:
    strict = replace(NOTE, is_required=True)
    fresh = replace(OWNER, forward=replace(OWNER.forward, entity="fresh", is_required=True))
    assert asked(AddEntity(Entity("fresh")), AddAttribute("fresh", strict), AddLink(fresh), DropLink(fresh)) == []


def test_required_of_a_new_attribute_asks_for_all_rows() -> None:
    strict = replace(NOTE, is_required=True)
    added, changed = asked(AddAttribute("todos", strict), AddAttribute("a", NOTE), ChangeAttribute("a", NOTE, strict))
    assert (added.entity, added.where, added.is_blocking) == ("todos", (), True)
    assert (changed.entity, changed.where, changed.is_blocking) == ("a", (), True)


def test_date_that_we_cannot_read_blocks_nothing() -> None:
    dates = asked(ChangeAttribute("todos", NOTE, replace(NOTE, type=DateType())))
    assert [(each.look, each.type, each.is_blocking) for each in dates] == [("other-type", "date", False)]


def test_index_asks_for_long_values_and_unique_for_repeated_ones() -> None:
    assert places(ChangeAttribute("todos", NOTE, replace(NOTE, is_indexed=True))) == [(0, "todos", "note", "too-long")]
    both = replace(NOTE, is_indexed=True, is_unique=True)
    assert places(ChangeAttribute("todos", NOTE, both)) == [(0, "todos", "note", "repeated")]
