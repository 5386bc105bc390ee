"""The canonical form on Instant: what means the same there becomes equal, and what is so already is not copied."""

from __future__ import annotations

from app.schema.formats.instant_form import SYSTEM_ATTRIBUTES, canonical, with_system_parts
from app.schema.formats.instant_wire import schema_from_defs
from app.schema.model import Attribute, Entity, Link, LinkEnd, Schema
from app.schema.types import AnyType, JsonType, NativeType, StringType

LINK = Link("mine", LinkEnd("todos", "owner", "one"), LinkEnd("$users", "todos", "many"))


def test_canonical_json_becomes_any() -> None:
    schema = Schema((Entity("a", (Attribute("x", JsonType()),)),))
    assert canonical(schema).entities[0].attributes == (Attribute("x", AnyType()),)


def test_canonical_foreign_type_stays() -> None:
    schema = Schema((Entity("a", (Attribute("x", NativeType("money")),)),))
    assert canonical(schema) is schema


def test_canonical_link_gets_its_derived_name() -> None:
    assert canonical(Schema(links=(LINK,))).links[0].name == "todosOwner"


def test_canonical_reverse_end_is_never_required() -> None:
    link = Link("todosOwner", LINK.forward, LinkEnd("$users", "todos", "many", is_required=True))
    assert not canonical(Schema(links=(link,))).links[0].reverse.is_required


def test_canonical_sorts_every_part() -> None:
    schema = Schema((Entity("b", (Attribute("y"), Attribute("x"))), Entity("a")))
    found = canonical(schema)
    assert [each.name for each in found.entities] == ["a", "b"]
    assert [each.name for each in found.entities[1].attributes] == ["x", "y"]
    assert found == found.normalised()


def test_canonical_marks_what_the_platform_owns() -> None:
    schema = Schema((Entity("$users", (Attribute("email", StringType()), Attribute("nickname", StringType()))),))
    (users,) = canonical(schema).entities
    assert users.is_system
    assert [each.is_system for each in users.attributes] == [True, False]


def test_canonical_of_canonical_is_the_same_object() -> None:
    once = canonical(Schema((Entity("b"), Entity("a", (Attribute("x", JsonType()),))), (LINK,)))
    assert canonical(once) is once


def test_canonical_keeps_untouched_parts_as_objects() -> None:
    untouched = Entity("a", (Attribute("x"), Attribute("y")))
    found = canonical(Schema((Entity("b", (Attribute("z", JsonType()),)), untouched)))
    assert found.entities[0] is untouched


def test_with_system_parts_takes_the_platforms_own_from_the_live_schema() -> None:
    live_email = Attribute("email", StringType(), is_unique=True, is_system=True)
    live = Schema((Entity("$users", (live_email, Attribute("old")), is_system=True),))
    written = Schema((Entity("$users", (Attribute("email"), Attribute("nickname")), is_system=True), Entity("todos")))
    users = with_system_parts(written, live).entities[0]
    assert users.attributes == (live_email, Attribute("nickname"))


def test_with_system_parts_adds_what_a_file_leaves_out() -> None:
    path = Attribute("path", StringType(), is_system=True)
    link = Link("l", LinkEnd("$users", "linkedPrimaryUser", "one"), LinkEnd("$users", "linkedGuestUsers", "many"), True)
    live = Schema((Entity("$files", (path, Attribute("mine")), is_system=True), Entity("todos")), (link,))
    found = with_system_parts(Schema(), live)
    assert found == Schema((Entity("$files", (path,), is_system=True),), (link,))


def test_system_attributes_are_those_of_the_local_platform() -> None:
    from app.localplatform import catalog

    etypes = {etype for etype, _ in SYSTEM_ATTRIBUTES}
    named = {
        tuple(wire["forward-identity"][1:])
        for wire in catalog.system_attrs()
        if wire["value-type"] == "blob" and wire["forward-identity"][1] in etypes
    }
    assert {pair for pair in named if pair[1] != "id"} == SYSTEM_ATTRIBUTES


def test_canonical_of_defs_marks_nothing_as_system_outside_of_system_entities() -> None:
    schema = schema_from_defs({"entities": {"people": {"attrs": {"email": {"valueType": "string"}}}}})
    assert canonical(schema) is schema
