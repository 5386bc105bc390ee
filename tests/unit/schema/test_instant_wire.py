"""Instant's wire form and push defs, both ways, and what is refused on the way."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.errors import BadAnswer, Invalid
from app.schema.formats.instant_wire import (
    defs_from_schema,
    schema_from_defs,
    schema_from_wire,
    wire_attribute,
    wire_attributes,
)
from app.schema.model import Attribute, Entity, Index, Link, LinkEnd, Schema
from app.schema.types import (
    AnyType,
    BooleanType,
    BytesType,
    DateType,
    JsonType,
    NumberType,
    StringType,
)


def blob(entity: str, label: str, **more: Any) -> dict[str, Any]:
    return {
        "id": f"{entity}-{label}",
        "value-type": "blob",
        "cardinality": "one",
        "forward-identity": [f"ident-{entity}-{label}", entity, label],
        "unique?": False,
        "index?": False,
        "required?": False,
        "inferred-types": None,
        "catalog": "user",
        **more,
    }


def ref(forward: tuple[str, str], reverse: tuple[str, str], **more: Any) -> dict[str, Any]:
    return {
        "id": f"ref-{forward[0]}-{forward[1]}",
        "value-type": "ref",
        "cardinality": "many",
        "forward-identity": ["ident-1", *forward],
        "reverse-identity": ["ident-2", *reverse],
        "unique?": False,
        "catalog": "user",
        **more,
    }


WIRE: dict[str, Any] = {
    "blobs": {
        "$users": {
            "id": blob("$users", "id", catalog="system"),
            "email": blob("$users", "email", catalog="system", **{"unique?": True, "checked-data-type": "string"}),
            "nick": blob("$users", "nick"),
        },
        "todos": {
            "id": blob("todos", "id"),
            "title": blob("todos", "title", **{"required?": True, "checked-data-type": "string"}),
            "due": blob("todos", "due", **{"index?": True, "checked-data-type": "date", "indexing?": True}),
            "note": blob("todos", "note", **{"inferred-types": ["json"]}),
        },
    },
    "refs": {
        '["todos" "owner" "$users" "todos"]': ref(
            ("todos", "owner"),
            ("$users", "todos"),
            **{"cardinality": "one", "on-delete": "cascade", "required?": True},
        ),
        '["$users" "linkedPrimaryUser" "$users" "linkedGuestUsers"]': ref(
            ("$users", "linkedPrimaryUser"), ("$users", "linkedGuestUsers"), cardinality="one", catalog="system"
        ),
    },
}


def test_wire_becomes_entities_attributes_and_links() -> None:
    schema = schema_from_wire(WIRE)
    assert schema.entity("todos") == Entity(
        "todos",
        (
            Attribute("due", DateType(), is_indexed=True),
            Attribute("note", AnyType()),
            Attribute("title", StringType(), is_required=True),
        ),
    )
    users = schema.entity("$users")
    assert users is not None
    assert users.is_system
    assert [(each.name, each.is_system) for each in users.attributes] == [("email", True), ("nick", False)]
    assert [each for each in schema.links if not each.is_system] == [
        Link(
            "todosOwner",
            LinkEnd("todos", "owner", "one", is_required=True, on_delete="cascade"),
            LinkEnd("$users", "todos", "many"),
        )
    ]


@pytest.mark.parametrize(
    ("cardinality", "is_unique", "forward", "reverse"),
    [
        ("many", True, "many", "one"),
        ("one", True, "one", "one"),
        ("many", False, "many", "many"),
        ("one", False, "one", "many"),
    ],
)
def test_wire_link_kind_comes_from_cardinality_and_uniqueness(
    cardinality: str, is_unique: bool, forward: str, reverse: str
) -> None:
    attr = ref(("a", "b"), ("c", "d"), **{"cardinality": cardinality, "unique?": is_unique})
    (link,) = schema_from_wire({"blobs": {}, "refs": {"x": attr}}).links
    assert (link.forward.has, link.reverse.has) == (forward, reverse)


def test_wire_flags_of_running_jobs_do_not_change_the_fingerprint() -> None:
    calm = {"blobs": {"a": {"b": blob("a", "b")}}, "refs": {}}
    busy = {"blobs": {"a": {"b": blob("a", "b", **{"indexing?": True, "inferred-types": ["string"]})}}, "refs": {}}
    assert schema_from_wire(calm).fingerprint() == schema_from_wire(busy).fingerprint()


def test_wire_attributes_keep_their_ids() -> None:
    assert len(list(wire_attributes(WIRE))) == 9
    found = wire_attribute(WIRE, "todos", "title")
    assert found is not None
    assert found["forward-identity"][0] == "ident-todos-title"
    link = wire_attribute(WIRE, "todos", "owner")
    assert link is not None
    assert link["reverse-identity"][0] == "ident-2"
    assert wire_attribute(WIRE, "todos", "nothing") is None


@pytest.mark.parametrize(
    ("wire", "place"),
    [
        (None, "schema"),
        ({}, "blobs"),
        ({"blobs": {}}, "refs"),
        ({"blobs": [], "refs": {}}, "blobs"),
        ({"blobs": {"a": 1}, "refs": {}}, "blobs.a"),
        ({"blobs": {"a": {"b": 1}}, "refs": {}}, "blobs.a.b"),
        ({"blobs": {"a": {"b": {}}}, "refs": {}}, "blobs.a.b.value-type"),
        ({"blobs": {"a": {"b": blob("a", "b", **{"checked-data-type": "x"})}}, "refs": {}}, "blobs.a.b.checked"),
        ({"blobs": {}, "refs": {"k": 1}}, "refs.k"),
        ({"blobs": {}, "refs": {"k": {"value-type": "ref"}}}, "refs.k.forward-identity"),
        ({"blobs": {}, "refs": {"k": ref(("a", "b"), ("c", "d"), cardinality="few")}}, "refs.k.cardinality"),
    ],
)
def test_wire_broken_part_is_named(wire: Any, place: str) -> None:
    with pytest.raises(BadAnswer) as caught:
        schema_from_wire(wire)
    assert f": {place}" in caught.value.sentence


def test_defs_leave_out_what_the_platform_owns() -> None:
    defs = defs_from_schema(schema_from_wire(WIRE))
    assert set(defs["entities"]) == {"$users", "todos"}
    assert set(defs["entities"]["$users"]["attrs"]) == {"nick"}
    assert defs["entities"]["todos"]["attrs"]["due"] == {
        "valueType": "date",
        "required": False,
        "config": {"unique": False, "indexed": True},
    }
    assert defs["links"] == {
        "todosOwner": {
            "forward": {"on": "todos", "has": "one", "label": "owner", "onDelete": "cascade", "required": True},
            "reverse": {"on": "$users", "has": "many", "label": "todos"},
        }
    }


def test_defs_two_links_of_one_name_are_both_kept() -> None:
    first = Link("x", LinkEnd("a", "b", "one"), LinkEnd("c", "d", "many"))
    second = Link("x", LinkEnd("a", "e", "one"), LinkEnd("c", "f", "many"))
    assert set(defs_from_schema(Schema(links=(first, second)))["links"]) == {"x", "x2"}


@pytest.mark.parametrize(
    ("entity", "reason"),
    [
        (Entity("a"), "at least one attribute"),
        (Entity("a", (Attribute("b", BytesType()),)), "type"),
        (Entity("a", (Attribute("b", StringType(max_length=5)),)), "type"),
        (Entity("a", (Attribute("b", default="1"),)), "default"),
        (Entity("a", (Attribute("b"),), (Index("i", ("b",)),)), "index"),
    ],
)
def test_defs_refuse_what_instant_cannot_hold(entity: Entity, reason: str) -> None:
    with pytest.raises(Invalid, match=reason):
        defs_from_schema(Schema((entity,)))


def test_defs_refuse_other_rules_on_delete() -> None:
    link = Link("x", LinkEnd("a", "b", "one", on_delete="restrict"), LinkEnd("c", "d", "many"))
    with pytest.raises(Invalid, match="on-delete"):
        defs_from_schema(Schema(links=(link,)))


@pytest.mark.parametrize(
    "defs",
    [
        None,
        {"entities": []},
        {"entities": {"a": {}}},
        {"entities": {"a": {"attrs": {"b": {"valueType": "blob"}}}}},
        {"links": {"x": {}}},
        {"links": {"x": {"forward": {"on": "a", "has": "few", "label": "b"}, "reverse": {}}}},
    ],
)
def test_defs_broken_are_refused(defs: Any) -> None:
    with pytest.raises(BadAnswer):
        schema_from_defs(defs)


_names = st.text("abcdefgh_", min_size=1, max_size=4)
_types = st.sampled_from([StringType(), NumberType(), BooleanType(), DateType(), JsonType(), AnyType()])
_attributes = st.builds(
    Attribute,
    name=_names,
    type=_types,
    is_required=st.booleans(),
    is_unique=st.booleans(),
    is_indexed=st.booleans(),
)
_entities = st.builds(
    Entity,
    name=_names,
    attributes=st.lists(_attributes, min_size=1, max_size=4, unique_by=lambda each: each.name).map(tuple),
)
_has = st.sampled_from(["one", "many"])
_on_delete = st.sampled_from([None, "cascade"])
_forward = st.builds(LinkEnd, entity=_names, label=_names, has=_has, is_required=st.booleans(), on_delete=_on_delete)
_reverse = st.builds(LinkEnd, entity=_names, label=_names, has=_has, on_delete=_on_delete)
_links = st.builds(Link, name=_names, forward=_forward, reverse=_reverse)
_schemas = st.builds(
    Schema,
    entities=st.lists(_entities, max_size=4, unique_by=lambda each: each.name).map(tuple),
    links=st.lists(_links, max_size=3, unique_by=lambda each: each.name).map(tuple),
)


@given(_schemas)
def test_defs_and_back_is_the_same_schema(schema: Schema) -> None:
    assert schema_from_defs(defs_from_schema(schema)).normalised() == schema.normalised()
