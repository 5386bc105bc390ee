"""Suggestions: what looks like a rename is offered with a reason, and nothing else."""

from __future__ import annotations

from app.schema import types as t
from app.schema.compare import Renames, compare
from app.schema.model import Attribute, Entity, Link, LinkEnd, Schema
from app.schema.operations import RenameAttribute, RenameEntity, RenameLink
from app.schema.renames import suggest, with_rename

TITLE, DONE, AT = Attribute("title", t.StringType()), Attribute("done", t.BooleanType()), Attribute("at", t.DateType())


def todos(*attributes: Attribute, name: str = "todos") -> Schema:
    return Schema((Entity(name, attributes),))


def test_nothing_is_suggested_where_nothing_is_dropped_and_added() -> None:
    assert suggest(todos(TITLE), todos(TITLE)) == ()
    assert suggest(todos(TITLE), todos(TITLE, DONE)) == ()
    assert suggest(todos(TITLE, DONE), todos(TITLE)) == ()


def test_attribute_of_the_same_type_and_place_is_suggested() -> None:
    (found,) = suggest(todos(TITLE, DONE), todos(Attribute("headline", t.StringType()), DONE))
    assert (found.kind, found.old, found.new) == ("attribute", "todos.title", "todos.headline")
    assert 0 < found.score <= 1
    assert found.reason.startswith("The type is the same")
    plan = compare(
        todos(TITLE, DONE), todos(Attribute("headline", t.StringType()), DONE), with_rename(Renames(), found)
    )
    assert plan.steps == (RenameAttribute("todos", "title", "headline"),)


def test_attribute_of_another_type_and_name_is_not_suggested() -> None:
    assert suggest(todos(TITLE), todos(Attribute("count", t.NumberType()))) == ()


def test_other_spelling_is_the_best_of_several() -> None:
    before = todos(Attribute("due_date", t.DateType()), Attribute("name", t.StringType()))
    after = todos(Attribute("label", t.StringType()), Attribute("dueDate", t.DateType()))
    first, second = suggest(before, after)
    assert (first.old, first.new) == ("todos.due_date", "todos.dueDate")
    assert (second.old, second.new) == ("todos.name", "todos.label")
    assert first.score > second.score


def test_entity_with_the_same_attributes_is_suggested_and_then_what_is_in_it() -> None:
    before = todos(TITLE, DONE, AT)
    after = todos(Attribute("heading", t.StringType()), DONE, AT, name="tasks")
    (found,) = suggest(before, after)
    assert (found.kind, found.old, found.new) == ("entity", "todos", "tasks")
    renames = with_rename(Renames(), found)
    assert RenameEntity("todos", "tasks") in compare(before, after, renames).steps
    (inner,) = suggest(before, after, renames)
    assert (inner.old, inner.new) == ("todos.title", "tasks.heading")
    assert suggest(before, after, with_rename(renames, inner)) == ()


def test_entity_without_anything_in_common_is_not_suggested() -> None:
    assert suggest(todos(TITLE), todos(AT, name="invoices")) == ()


def test_link_between_the_same_entities_is_suggested() -> None:
    entities = (Entity("todos", (TITLE,)), Entity("users", (AT,)))
    before = Link("a", LinkEnd("todos", "owner", "one"), LinkEnd("users", "todos", "many"))
    after = Link("a", LinkEnd("todos", "author", "one"), LinkEnd("users", "todos", "many"))
    (found,) = suggest(Schema(entities, (before,)), Schema(entities, (after,)))
    assert (found.kind, found.old, found.new) == ("link", "todos.owner", "todos.author")
    plan = compare(Schema(entities, (before,)), Schema(entities, (after,)), with_rename(Renames(), found))
    assert plan.steps == (RenameLink(before, after),)


def test_link_that_leads_elsewhere_is_not_suggested() -> None:
    entities = (Entity("todos", (TITLE,)), Entity("users", (AT,)), Entity("teams", (DONE,)))
    before = Link("a", LinkEnd("todos", "owner", "one"), LinkEnd("users", "todos", "many"))
    after = Link("a", LinkEnd("todos", "owner", "one"), LinkEnd("teams", "todos", "many"))
    assert suggest(Schema(entities, (before,)), Schema(entities, (after,))) == ()


def test_system_parts_are_never_suggested() -> None:
    before = Schema((Entity("$files", (Attribute("path", is_system=True),), is_system=True),))
    after = Schema((Entity("files", (Attribute("path"),)),))
    assert suggest(before, after) == ()


def test_hundreds_of_renamed_parts_find_each_other() -> None:
    before = Schema(tuple(Entity(f"entity{n}", (Attribute(f"field{n}", t.StringType()), TITLE)) for n in range(300)))
    after = Schema(tuple(Entity(f"thing{n}", (Attribute(f"field{n}", t.StringType()), TITLE)) for n in range(300)))
    found = suggest(before, after)
    assert {each.old.removeprefix("entity") == each.new.removeprefix("thing") for each in found} == {True}
    assert len(found) == 300
