from dataclasses import replace

from app.schema.drift import differences, summary
from app.schema.model import Attribute, Entity, Link, LinkEnd, Schema
from app.schema.types import AnyType, JsonType, NumberType, StringType

TITLE = Attribute("title", StringType(), is_required=True)
DONE = Attribute("rank", NumberType())
TODOS = Entity("todos", (TITLE, DONE))
LISTS = Entity("lists", (Attribute("name", StringType()),))
LINK = Link("listTodos", LinkEnd("lists", "todos", "many"), LinkEnd("todos", "list", "one", on_delete="cascade"))
WANTED = Schema((TODOS, LISTS), (LINK,))


def sentences(actual: Schema, wanted: Schema = WANTED) -> list[str]:
    return [each.sentence for each in differences(actual, wanted)]


def with_todos(*attributes: Attribute) -> Schema:
    return Schema((Entity("todos", attributes), LISTS), (LINK,))


def test_differences_of_the_same_schema_in_another_order_is_empty():
    assert differences(Schema((LISTS, Entity("todos", (DONE, TITLE))), (LINK,)), WANTED) == ()


def test_differences_with_an_extra_entity_and_a_link_to_it_is_empty():
    agent = Entity("notes", (Attribute("text", StringType()),))
    link = Link("n", LinkEnd("notes", "todo", "one"), LinkEnd("todos", "notes", "many"))
    assert differences(Schema((TODOS, LISTS, agent), (LINK, link)), WANTED) == ()


def test_differences_with_a_missing_entity_names_it():
    assert sentences(Schema((LISTS,), (LINK,))) == ["The entity todos is missing."]


def test_differences_with_a_missing_and_an_extra_attribute_names_both():
    actual = with_todos(TITLE, Attribute("extra", StringType()))
    assert sentences(actual) == ["todos.extra is not in the template.", "todos.rank is missing."]


def test_differences_in_type_and_flags_is_one_sentence_for_the_attribute():
    actual = with_todos(Attribute("title", NumberType(), is_unique=True), DONE)
    assert sentences(actual) == [
        "todos.title is of type number instead of string and is not required and is unique, but should not be."
    ]


def test_differences_ignores_the_id_and_system_attributes():
    actual = with_todos(TITLE, DONE, Attribute("id", StringType()), Attribute("$x", is_system=True))
    assert differences(actual, WANTED) == ()


def test_differences_on_a_system_entity_ignores_what_the_tenant_added():
    users = Entity("$users", (Attribute("email", StringType(), is_system=True),), is_system=True)
    actual = Schema((replace(users, attributes=(*users.attributes, Attribute("nick", StringType()))),))
    assert differences(actual, Schema((users,))) == ()


def test_differences_with_a_missing_link_names_its_ends():
    assert sentences(Schema((TODOS, LISTS))) == ["The link lists.todos ↔ todos.list is missing."]


def test_differences_of_link_ends_says_what_is_wrong_with_them():
    reverse = LinkEnd("todos", "list", "many")
    assert sentences(Schema((TODOS, LISTS), (replace(LINK, reverse=reverse),))) == [
        "The link lists.todos ↔ todos.list: todos.list leads to many instead of one, "
        "todos.list has on delete nothing instead of cascade."
    ]


def test_differences_ignores_the_name_of_a_link():
    assert differences(Schema((TODOS, LISTS), (replace(LINK, name="other"),)), WANTED) == ()


def test_differences_with_an_extra_link_between_template_entities_names_it():
    extra = Link("x", LinkEnd("lists", "first", "one"), LinkEnd("todos", "firstOf", "many"))
    assert sentences(Schema((TODOS, LISTS), (LINK, extra))) == [
        "The link lists.first ↔ todos.firstOf is not in the template."
    ]


def test_summary_counts_by_kind():
    actual = with_todos(Attribute("extra", StringType()))
    assert summary(differences(actual, WANTED)) == "drift: 3 attributes"
    assert summary(differences(Schema((LISTS,)), WANTED)) == "drift: 1 entity, 1 link"
    assert summary(()) == ""


def test_differences_takes_json_and_any_for_the_same():
    wanted = Schema((Entity("notes", (Attribute("body", JsonType()),)),))
    assert differences(Schema((Entity("notes", (Attribute("body", AnyType()),)),)), wanted) == ()
