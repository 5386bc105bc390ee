"""SVG out: well-formed whatever the names are, readable by people and by screen readers."""

from __future__ import annotations

from xml.etree import ElementTree

import pytest

from app.schema.formats.svg import SvgColours, render
from app.schema.layout import layout
from app.schema.layout_feet import foot
from app.schema.layout_links import End
from app.schema.model import Attribute, Entity, Link, LinkEnd, Schema
from app.schema.types import StringType

_SVG = "{http://www.w3.org/2000/svg}"
SCHEMA = Schema(
    (
        Entity("todos", (Attribute("title", StringType(), is_required=True, is_unique=True),)),
        Entity("$users", (Attribute("email", StringType(), is_indexed=True),), is_system=True),
    ),
    (Link("todosOwner", LinkEnd("todos", "owner", "one"), LinkEnd("$users", "todos", "many")),),
)


def _texts(svg: str) -> list[str]:
    return [each.text or "" for each in ElementTree.fromstring(svg).iter(f"{_SVG}text")]


def test_svg_shows_entities_attributes_types_signs_and_labels() -> None:
    texts = _texts(render(SCHEMA))
    assert {"todos", "$users", "title", "!U string", "email", "# string", "owner"} <= set(texts)


def test_svg_says_what_it_shows() -> None:
    root = ElementTree.fromstring(render(SCHEMA))
    title, desc = root.find(f"{_SVG}title"), root.find(f"{_SVG}desc")
    assert title is not None
    assert desc is not None
    assert title.text == "Schema diagram"
    assert desc.text == "2 entities, 1 link. todos.owner: one $users"
    assert root.get("aria-labelledby") == f"{title.get('id')} {desc.get('id')}"


@pytest.mark.parametrize(
    "name", ["a<b>&\"'", "]]>", "<script>alert(1)</script>", "nul\x00bell\x07\ud800", "ünïcode ✓ 漢字"]
)
def test_svg_with_hostile_names_is_well_formed_and_runs_nothing(name: str) -> None:
    schema = Schema(
        (Entity(name, (Attribute(name, StringType()),)),),
        (Link(name, LinkEnd(name, name, "one"), LinkEnd(name, "x", "many")),),
    )
    root = ElementTree.fromstring(render(schema).encode())
    assert not list(root.iter(f"{_SVG}script"))


def test_svg_of_nothing_is_well_formed() -> None:
    root = ElementTree.fromstring(render(Schema()))
    desc = root.find(f"{_SVG}desc")
    assert desc is not None
    assert desc.text == "0 entities, 0 links"


def test_svg_long_entity_says_how_many_more() -> None:
    schema = Schema((Entity("long", tuple(Attribute(f"a{index}", StringType()) for index in range(30))),))
    assert "+21 more" in _texts(render(schema))


def test_svg_takes_colours_and_a_given_layout() -> None:
    shown = layout(SCHEMA)
    svg = render(SCHEMA, shown, SvgColours(ground="#102030"))
    assert 'fill="#102030"' in svg
    assert ElementTree.fromstring(svg).get("width") == f"{shown.width:g}"


@pytest.mark.parametrize(
    ("has", "is_required", "lines", "has_circle"),
    [("one", False, 1, True), ("one", True, 2, False), ("many", False, 2, True), ("many", True, 3, False)],
)
def test_foot_tells_count_and_need_apart_by_shape(has: str, is_required: bool, lines: int, has_circle: bool) -> None:
    drawn = foot(End("a", "b", "many" if has == "many" else "one", is_required, 0, 0, 0, 1))
    assert len(drawn.lines) == lines
    assert (drawn.circle is not None) is has_circle
