"""The diagram's layout: nothing covers anything, the same each time, steady under edits."""

from __future__ import annotations

import random
import subprocess
import sys

import pytest

from app.schema.layout import Box, Diagram, Measure, layout
from app.schema.model import Attribute, Entity, Link, LinkEnd, Schema
from app.schema.types import StringType


def _entity(name: str, count: int = 3) -> Entity:
    return Entity(name, tuple(Attribute(f"field{index}", StringType()) for index in range(count)))


def _link(one: str, label: str, other: str, back: str = "") -> Link:
    return Link(f"{one}_{label}", LinkEnd(one, label, "one"), LinkEnd(other, back or f"{one}_{label}s", "many"))


def _schema(entities: int, links: int, seed: int = 1) -> Schema:
    chance = random.Random(seed)
    names = [f"entity{index}" for index in range(entities)]
    return Schema(
        tuple(_entity(name, chance.randrange(1, 20)) for name in names),
        tuple(_link(chance.choice(names), f"l{index}", chance.choice(names)) for index in range(links)),
    )


def _meet(one: Box, other: Box) -> bool:
    return one.x < other.right and other.x < one.right and one.y < other.bottom and other.y < one.bottom


def _covered(diagram: Diagram) -> list[tuple[str, str]]:
    boxes = diagram.boxes
    return [(a.name, b.name) for i, a in enumerate(boxes) for b in boxes[i + 1 :] if _meet(a, b)]


@pytest.mark.parametrize(("entities", "links"), [(1, 0), (2, 1), (12, 9), (60, 90), (60, 600), (200, 0), (300, 450)])
def test_layout_of_any_schema_covers_nothing_and_is_about_as_wide_as_a_screen(entities: int, links: int) -> None:
    diagram = layout(_schema(entities, links))
    assert len(diagram.boxes) == entities
    assert len(diagram.edges) == links
    assert _covered(diagram) == []
    assert all(box.x >= 0 and box.right <= diagram.width and box.bottom <= diagram.height for box in diagram.boxes)
    if entities > 10:
        assert 0.4 < diagram.width / diagram.height < 4


def test_layout_without_entities_is_empty() -> None:
    assert layout(Schema()).boxes == ()


def test_layout_is_the_same_in_every_process() -> None:
    code = (
        "from tests.unit.schema.test_layout import _schema;from app.schema.layout import layout;"
        "import hashlib;print(hashlib.sha256(repr(layout(_schema(80, 120))).encode()).hexdigest())"
    )
    answers = set()
    for seed in ("1", "2"):
        answer = subprocess.run(
            [sys.executable, "-c", code], check=True, capture_output=True, env={"PYTHONHASHSEED": seed}
        )
        answers.add(answer.stdout)
    assert len(answers) == 1


def test_layout_does_not_depend_on_the_order_of_parts() -> None:
    schema = _schema(40, 60)
    turned = Schema(schema.entities[::-1], schema.links[::-1])
    assert layout(schema) == layout(turned)


def test_layout_puts_what_is_referred_to_above() -> None:
    schema = Schema((_entity("todos"), _entity("users")), (_link("todos", "owner", "users"),))
    diagram = layout(schema)
    todos, users = diagram.box("todos"), diagram.box("users")
    assert todos is not None
    assert users is not None
    assert users.bottom < todos.y


def test_layout_long_entity_is_cut_and_says_how_much_is_hidden() -> None:
    diagram = layout(Schema((_entity("long", 21), _entity("fits", 10))), Measure(rows=10))
    long, fits = diagram.box("long"), diagram.box("fits")
    assert long is not None
    assert fits is not None
    assert (len(long.rows), long.hidden) == (9, 12)
    assert (len(fits.rows), fits.hidden) == (10, 0)


def test_layout_edge_ends_touch_their_boxes_and_carry_feet_and_labels() -> None:
    link = Link("x", LinkEnd("todos", "owner", "one", is_required=True), LinkEnd("users", "todos", "many"))
    diagram = layout(Schema((_entity("todos"), _entity("users")), (link,)))
    (edge,) = diagram.edges
    # Each todo has one owner: that is said at the users' end.
    assert (edge.reverse.entity, edge.reverse.label, edge.reverse.has, edge.reverse.is_required) == (
        "users",
        "owner",
        "one",
        True,
    )
    assert (edge.forward.label, edge.forward.has) == ("todos", "many")
    users = diagram.box("users")
    assert users is not None
    assert (edge.reverse.y, edge.reverse.dy) == (users.bottom, 1)


def test_layout_labels_that_are_shown_cover_neither_each_other_nor_boxes() -> None:
    schema = Schema(
        tuple(_entity(f"e{index}") for index in range(25)),
        tuple(_link(f"e{index}", f"label{index}", "e0") for index in range(25)),
    )
    measure = Measure()
    diagram = layout(schema, measure)
    ends = [end for edge in diagram.edges for end in (edge.forward, edge.reverse) if not end.is_label_crowded]
    rects = [
        Box("", end.label_x, end.label_y, len(end.label) * measure.label_char, measure.label_height) for end in ends
    ]
    assert len(rects) > 25
    assert not [1 for i, a in enumerate(rects) for b in (*rects[i + 1 :], *diagram.boxes) if _meet(a, b)]


def _grown(schema: Schema, name: str, count: int) -> Schema:
    return Schema(tuple(_entity(name, count) if each.name == name else each for each in schema.entities), schema.links)


def test_layout_after_an_attribute_edit_keeps_every_place_above_it() -> None:
    schema = _schema(30, 40)
    before = layout(schema)
    grown = before.boxes[10].name
    after = layout(_grown(schema, grown, 10), previous=before)
    assert _covered(after) == []
    moved = [box for box in before.boxes if (now := after.box(box.name)) and (now.x, now.y) != (box.x, box.y)]
    assert len(moved) < 8
    box = after.box(grown)
    assert box is not None
    assert (box.x, box.y) == (before.boxes[10].x, before.boxes[10].y)


def test_layout_new_entity_stands_beside_its_neighbour_and_moves_nobody() -> None:
    schema = _schema(30, 30)
    before = layout(schema)
    more = Schema((*schema.entities, _entity("fresh")), (*schema.links, _link("fresh", "to", "entity3")))
    after = layout(more, previous=before)
    assert _covered(after) == []
    places = {box.name: (box.x, box.y) for box in after.boxes}
    assert all(places[box.name] == (box.x, box.y) for box in before.boxes)
    assert "fresh" in places


def test_layout_renamed_entity_keeps_its_place() -> None:
    schema = _schema(12, 12)
    before = layout(schema)
    renamed = Schema(
        tuple(Entity("other", each.attributes) if each.name == "entity4" else each for each in schema.entities)
    )
    after = layout(renamed, previous=before, names={"entity4": "other"})
    old, new = before.box("entity4"), after.box("other")
    assert old is not None
    assert new is not None
    assert (old.x, old.y) == (new.x, new.y)


def test_layout_of_another_schema_starts_anew() -> None:
    before = layout(_schema(5, 4))
    schema = Schema(tuple(_entity(f"other{index}") for index in range(20)))
    assert layout(schema, previous=before) == layout(schema)


def test_layout_link_to_nothing_is_left_out() -> None:
    assert layout(Schema((_entity("a"),), (_link("a", "b", "gone"),))).edges == ()


def test_layout_link_to_itself_is_a_loop() -> None:
    (edge,) = layout(Schema((_entity("a"),), (_link("a", "parent", "a", "children"),))).edges
    assert (edge.forward.x, edge.forward.y) != (edge.reverse.x, edge.reverse.y)


def test_layout_of_names_of_any_length_stays_a_picture() -> None:
    name = "n" * 100_000
    schema = Schema((_entity("a"), _entity(name)), (_link("a", name, name, name),))
    diagram = layout(schema)
    assert diagram.width < 2_000
    assert all(len(end.label) <= 40 for edge in diagram.edges for end in (edge.forward, edge.reverse))
