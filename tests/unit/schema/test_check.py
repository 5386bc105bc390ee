"""Everything that is wrong with a schema is found before anything is sent, with its place and a remedy."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings

from app.platforms.instant.schema_rules import RULES
from app.schema import types as t
from app.schema.check import Problem, Rules, check, check_entity
from app.schema.formats.instant_form import canonical
from app.schema.model import Attribute, Entity, Index, Link, LinkEnd, OnDelete, Schema

from .strategies import schemas

TITLE = Attribute("title", t.StringType())
TODOS = Entity("todos", (TITLE,))
NOTES = Entity("notes", (Attribute("text", t.StringType()),))
USERS = Entity("$users", (Attribute("email", t.StringType(), is_unique=True, is_system=True),), is_system=True)
LINK = Link("todosNotes", LinkEnd("todos", "notes", "many"), LinkEnd("notes", "todo", "one"))
GOOD = Schema((TODOS, NOTES, USERS), (LINK,))


def _found(schema: Schema) -> list[tuple[str, str, str]]:
    return [(each.part, each.place, each.field) for each in check(schema, RULES)]


def _with(*attributes: Attribute, entity: str = "todos") -> Schema:
    changed = [
        replace(each, attributes=(*each.attributes, *attributes)) for each in GOOD.entities if each.name == entity
    ]
    return Schema((*changed, *(each for each in GOOD.entities if each.name != entity)), GOOD.links)


def _linked(*links: Link) -> Schema:
    return Schema(GOOD.entities, (LINK, *links))


def _link(forward: LinkEnd, reverse: LinkEnd) -> Link:
    return Link("made", forward, reverse)


def test_a_good_schema_has_no_problems() -> None:
    assert check(GOOD, RULES) == ()


@pytest.mark.parametrize(
    "name", ["", " ", "a b", "a.b", "todo's", "tödös", "1st", "-x", "x" * 201, "a\nb", "😀", "a/b"]
)
def test_a_name_that_cannot_be_is_found_for_each_kind_of_part(name: str) -> None:
    assert ("entity", name, "name") in _found(Schema((Entity(name, (TITLE,)),)))
    assert ("attribute", f"todos.{name}", "name") in _found(_with(Attribute(name)))
    link = _link(LinkEnd("todos", name, "one"), LinkEnd("notes", "back", "many"))
    assert ("link", f"todos.{name}", "label") in _found(_linked(link))
    turned = _link(LinkEnd("todos", "there", "one"), LinkEnd("notes", name, "many"))
    assert ("link", f"notes.{name}", "label") in _found(_linked(turned))


@pytest.mark.parametrize("name", ["a", "_x", "todo-list", "todo_list2", "X" * 200])
def test_a_name_of_the_allowed_letters_is_fine(name: str) -> None:
    assert _found(Schema((Entity(name, (Attribute(name),)),))) == []


@pytest.mark.parametrize("name", ["$todos", "$", "$user"])
def test_a_reserved_name_is_for_the_platform(name: str) -> None:
    assert ("entity", name, "name") in _found(Schema((Entity(name, (TITLE,)),)))


def test_a_label_may_be_called_like_the_entity_that_it_leads_to() -> None:
    link = _link(LinkEnd("todos", "$users", "many"), LinkEnd("$users", "todos", "many"))

    assert _found(_linked(link)) == []


@pytest.mark.parametrize("name", ["$users", "$files", "$streams"])
def test_entities_of_the_platform_take_attributes(name: str) -> None:
    assert _found(Schema((Entity(name, (Attribute("nick"),), is_system=True),))) == []


def test_hidden_entities_of_the_platform_take_neither_attributes_nor_links() -> None:
    hidden = Entity("$magicCodes", (Attribute("nick"),), is_system=True)
    link = _link(LinkEnd("todos", "codes", "many"), LinkEnd("$magicCodes", "todo", "one"))

    assert _found(Schema((hidden, TODOS), (link,))) == [
        ("attribute", "$magicCodes.nick", "name"),
        ("link", "todos.codes", "entity"),
    ]


def test_an_attribute_of_the_platform_cannot_be_added_again() -> None:
    assert _found(Schema((Entity("$files", (Attribute("size", t.NumberType()),), is_system=True),))) == [
        ("attribute", "$files.size", "name")
    ]


def test_an_added_attribute_that_took_the_mark_of_the_platform_is_found_against_the_live_schema() -> None:
    wanted = canonical(_with(Attribute("type", t.StringType()), entity="$users"))

    (problem,) = check(wanted, RULES, GOOD)
    assert (problem.place, problem.field, problem.is_error) == ("$users.type", "name", True)


def test_nothing_on_an_entity_of_the_platform_can_be_required() -> None:
    nick = Attribute("nick", is_required=True)
    link = _link(LinkEnd("$users", "todo", "one", is_required=True), LinkEnd("todos", "user", "one"))
    schema = Schema(_with(nick, entity="$users").entities, (link,))

    assert _found(schema) == [("attribute", "$users.nick", "is_required"), ("link", "$users.todo", "is_required")]


def test_doubles_are_found() -> None:
    twice = Schema((TODOS, TODOS, Entity("b", (TITLE, TITLE))))

    assert _found(twice) == [
        ("entity", "todos", "name"),
        ("entity", "todos", "name"),
        ("attribute", "b.title", "name"),
        ("attribute", "b.title", "name"),
    ]


def test_a_link_to_nothing_is_found_at_its_other_end() -> None:
    link = _link(LinkEnd("todos", "owner", "one"), LinkEnd("people", "todos", "many"))
    turned = _link(LinkEnd("people", "task", "one"), LinkEnd("todos", "person", "many"))

    assert _found(_linked(link)) == [("link", "todos.owner", "entity")]
    assert _found(_linked(turned)) == [("link", "todos.person", "entity")]


def test_an_attribute_and_a_label_of_one_name_are_found_at_both() -> None:
    link = _link(LinkEnd("todos", "title", "one"), LinkEnd("notes", "text", "many"))

    assert set(_found(_linked(link))) == {
        ("attribute", "todos.title", "name"),
        ("link", "todos.title", "label"),
        ("attribute", "notes.text", "name"),
        ("link", "notes.text", "label"),
    }


def test_two_links_of_one_label_are_found_at_both() -> None:
    link = _link(LinkEnd("todos", "notes", "one"), LinkEnd("notes", "other", "many"))

    assert _found(_linked(link)) == [("link", "todos.notes", "label"), ("link", "todos.notes", "label")]


@pytest.mark.parametrize("is_turned", [False, True])
def test_a_link_declared_twice_is_said_once_for_each(is_turned: bool) -> None:
    again = _link(LINK.reverse, LINK.forward) if is_turned else replace(LINK, name="again")

    problems = check(_linked(again), RULES)

    assert len(problems) == 2
    assert all(each.sentence.endswith("is declared twice.") for each in problems)


def test_a_link_of_an_entity_to_itself_needs_two_labels() -> None:
    same = _link(LinkEnd("todos", "next", "one"), LinkEnd("todos", "next", "one"))
    fine = _link(LinkEnd("todos", "next", "one"), LinkEnd("todos", "before", "one"))

    assert ("link", "todos.next", "label") in _found(_linked(same))
    assert _found(_linked(fine)) == []


def test_cascade_needs_an_end_that_has_one() -> None:
    many = _link(LinkEnd("todos", "a", "many", on_delete="cascade"), LinkEnd("notes", "b", "one", on_delete="cascade"))

    assert _found(_linked(many)) == [("link", "todos.a", "on_delete")]


@pytest.mark.parametrize("rule", ["restrict", "set-null"])
def test_other_rules_for_deleting_are_refused(rule: OnDelete) -> None:
    link = _link(LinkEnd("todos", "a", "one", on_delete=rule), LinkEnd("notes", "b", "one"))

    assert _found(_linked(link)) == [("link", "todos.a", "on_delete")]


def test_only_the_forward_end_can_be_required() -> None:
    link = _link(LinkEnd("todos", "a", "one", is_required=True), LinkEnd("notes", "b", "one", is_required=True))

    assert _found(_linked(link)) == [("link", "notes.b", "is_required")]


def test_an_entity_without_attributes_would_be_dropped_without_a_word() -> None:
    assert _found(Schema((Entity("empty"),))) == [("entity", "empty", "attributes")]


def test_id_is_there_already() -> None:
    assert _found(_with(Attribute("id"))) == [("attribute", "todos.id", "name")]
    link = _link(LinkEnd("todos", "id", "one"), LinkEnd("notes", "b", "one"))
    assert _found(_linked(link)) == [("link", "todos.id", "label")]


@pytest.mark.parametrize("name", ["and", "or"])
def test_a_name_that_queries_read_otherwise_is_a_warning(name: str) -> None:
    (problem,) = check(_with(Attribute(name)), RULES)

    assert not problem.is_error


@pytest.mark.parametrize(
    "kind",
    [t.StringType(max_length=20), t.NumberType("integer"), t.DateType("time"), t.ArrayType(t.StringType()),
     t.EnumType(("a",)), t.NativeType("tsvector"), t.DateType(has_time_zone=False)],
)  # fmt: skip
def test_types_that_the_platform_has_not_are_found(kind: t.Type) -> None:
    assert _found(_with(Attribute("x", kind))) == [("attribute", "todos.x", "type")]


def test_json_is_taken() -> None:
    assert _found(_with(Attribute("x", t.JsonType()))) == []


def test_defaults_and_indexes_over_several_attributes_are_found() -> None:
    entity = Entity("todos", (replace(TITLE, default="''"),), (Index("by_title", ("title",)),))

    assert _found(Schema((entity,))) == [("attribute", "todos.title", "default"), ("index", "todos.by_title", "name")]


def test_a_richer_platform_has_its_own_rules() -> None:
    rules = Rules()
    kind = t.ArrayType(t.IdType("people"))
    entity = Entity(
        "t", (Attribute("a", kind, default="x"),), (Index("i", ("a", "b", "_creationTime")), Index("i", ("a",)))
    )

    assert [(each.place, each.field) for each in check(Schema((entity, Entity("empty"))), rules)] == [
        ("t.a", "type"),
        ("t.i", "name"),
        ("t.i", "attributes"),
        ("t.i", "name"),
    ]


def test_what_is_live_already_keeps_nothing_from_being_pushed() -> None:
    odd = Entity("strange name", (Attribute("a.b"), TITLE))
    base = Schema((odd,))

    assert all(not each.is_error for each in check(base, RULES, base))
    added = Schema((replace(odd, attributes=(*odd.attributes, Attribute("c.d"))),))
    assert [each.place for each in check(added, RULES, base) if each.is_error] == ["strange name.c.d"]


@pytest.mark.parametrize("name", ["todos", "notes", "$users", "nobody"])
def test_check_entity_tells_what_check_tells_of_it(name: str) -> None:
    schema = Schema(
        (*_with(Attribute("a.b"), Attribute("notes")).entities, Entity("empty")),
        (LINK, _link(LinkEnd("notes", "text", "many", on_delete="cascade"), LinkEnd("gone", "x", "one"))),
    )
    of_links = {"todos": {"todos.notes"}, "notes": {"todos.notes", "notes.text"}}.get(name, set())

    def concerns(each: Problem) -> bool:
        return each.place in of_links if each.part == "link" else each.place.split(".")[0] == name

    assert check_entity(schema, name, RULES) == tuple(filter(concerns, check(schema, RULES)))


def test_every_problem_says_what_to_do_and_hides_control_characters() -> None:
    schema = _with(Attribute("a\nb\u202e"), Attribute("id"), Attribute("x", t.NullType()), Attribute("y", default="1"))

    for each in check(schema, RULES):
        assert each.sentence.endswith(".")
        assert each.remedy.endswith(".")
        assert not {"\n", "\u202e"} & set(each.sentence)


@settings(deadline=None)
@given(schemas(is_instant=True))
def test_well_formed_schemas_have_no_naming_problems(schema: Schema) -> None:
    assert not {each.field for each in check(schema, RULES)} & {"name", "label", "entity", "type"}
