"""Where the boxes and links of a schema's diagram stand. Pure and deterministic; for the engine, not the UI thread.

Coordinates are in pixels at 100 %, y downwards. Parts of a schema that hang together are laid out in layers, the one
that others refer to above them; large parts are cut into neighbourhoods first, so that the picture stays about as wide
as a screen and the time grows gently. What hangs with nothing is packed around them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from app.core.text import plain

from .layout_blocks import blocks_of, packed
from .layout_links import Edge, End, routed
from .model import Entity, Link, LinkKey, Schema
from .type_names import type_name

__all__ = ["Box", "Diagram", "Edge", "End", "Measure", "Notes", "Row", "layout"]

GAP_X: Final = 56.0
GAP_Y: Final = 76.0
MARGIN: Final = 40.0
# With more new boxes than this share, keeping the others in place makes a worse picture than starting anew.
_FEW: Final = 0.34


@dataclass(frozen=True, slots=True)
class Measure:
    """Sizes of text and boxes, in pixels: from the fonts that will draw them. ``rows`` is how many attributes a box
    shows before it says how many more there are."""

    title_char: float = 7.8
    row_char: float = 7.2
    title_height: float = 30.0
    row_height: float = 20.0
    label_char: float = 6.2
    label_height: float = 15.0
    narrowest: float = 150.0
    widest: float = 280.0
    rows: int = 10


@dataclass(frozen=True, slots=True)
class Notes:
    """What happens to the parts of a schema, in one word each (``new``, ``removed``), shown beside them.

    Entities by name, attributes by (entity, name), links by the names of their ends.
    """

    entities: Mapping[str, str] = field(default_factory=dict)
    attributes: Mapping[tuple[str, str], str] = field(default_factory=dict)
    links: Mapping[LinkKey, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Row:
    """One attribute as a box shows it."""

    name: str
    type: str
    is_required: bool = False
    is_unique: bool = False
    is_indexed: bool = False
    note: str = ""

    @property
    def words(self) -> str:
        """What stands at the right of the name."""
        return " ".join(each for each in (self.signs, self.type, self.note) if each)

    @property
    def signs(self) -> str:
        """Key marks: ``!`` required, ``U`` unique, ``#`` indexed."""
        return "".join(
            sign for sign, is_set in (("!", self.is_required), ("U", self.is_unique), ("#", self.is_indexed)) if is_set
        )


@dataclass(frozen=True, slots=True)
class Box:
    """One entity. ``hidden`` is how many attributes it has beyond ``rows``, ``hidden_notes`` how many of those have
    a note."""

    name: str
    x: float
    y: float
    width: float
    height: float
    rows: tuple[Row, ...] = ()
    hidden: int = 0
    is_system: bool = False
    note: str = ""
    hidden_notes: int = 0

    @property
    def more(self) -> str:
        """The line that stands for the hidden attributes, "" where there are none."""
        noted = f", {self.hidden_notes} staged" if self.hidden_notes else ""
        return f"+{self.hidden} more{noted}" if self.hidden else ""

    @property
    def right(self) -> float:
        return self.x + self.width

    @property
    def bottom(self) -> float:
        return self.y + self.height


@dataclass(frozen=True, slots=True)
class Diagram:
    """Boxes in reading order (top to bottom, left to right) and the links between them."""

    boxes: tuple[Box, ...] = ()
    edges: tuple[Edge, ...] = ()
    width: float = 0.0
    height: float = 0.0
    measure: Measure = Measure()

    def box(self, name: str) -> Box | None:
        return next((each for each in self.boxes if each.name == name), None)


def layout(
    schema: Schema,
    measure: Measure = Measure(),
    *,
    notes: Notes = Notes(),
    previous: Diagram | None = None,
    names: Mapping[str, str] | None = None,
) -> Diagram:
    """Boxes and links of ``schema``.

    ``previous``: what is on screen now; boxes that stay keep their places as far as they can, and boxes that grew push
    away what they would cover. ``names``: old name → new name of entities that were renamed since then.
    """
    sized = {each.name: _box(each, measure, notes) for each in schema.entities}
    links = [each for each in schema.links if each.forward.entity in sized and each.reverse.entity in sized]
    placed = _kept(sized, links, previous, names or {}) if previous is not None else None
    if placed is None:
        placed = _fresh(sized, links)
    boxes = _from_origin(placed)
    by_name = {each.name: each for each in boxes}
    edges = routed(by_name, links, measure.label_char, measure.label_height, notes.links)
    width = max((each.right for each in boxes), default=0.0) + MARGIN
    height = max((each.bottom for each in boxes), default=0.0) + MARGIN
    return Diagram(boxes, edges, width, height, measure)


def _box(entity: Entity, measure: Measure, notes: Notes) -> Box:
    # A line that says "+1 more" would take the place of the one attribute that it hides.
    count = len(entity.attributes)
    shown = count if count <= measure.rows else measure.rows - 1
    rows = tuple(
        Row(
            each.name,
            plain(type_name(each.type), 60),
            each.is_required,
            each.is_unique,
            each.is_indexed,
            notes.attributes.get((entity.name, each.name), ""),
        )
        for each in entity.attributes[:shown]
    )
    noted = sum((entity.name, each.name) in notes.attributes for each in entity.attributes[shown:])
    note = notes.entities.get(entity.name, "")
    title = (len(entity.name) + len(note) + 2) * measure.title_char + 28
    widest = max((len(row.name) + len(row.words) + 2 for row in rows), default=0) * measure.row_char + 24
    width = min(max(title, widest, measure.narrowest), measure.widest)
    lines = len(rows) + (count > shown)
    height = measure.title_height + lines * measure.row_height + (8 if lines else 0)
    sides = round(width), round(height)
    return Box(entity.name, 0.0, 0.0, *sides, rows, count - shown, entity.is_system, note, noted)


def _fresh(sized: Mapping[str, Box], links: Iterable[Link]) -> list[Box]:
    blocks = blocks_of({name: (each.width, each.height) for name, each in sized.items()}, _pairs(links), GAP_X, GAP_Y)
    places = packed(blocks, GAP_X, GAP_Y)
    return [replace(sized[name], x=x, y=y) for name, (x, y) in places.items()]


def _pairs(links: Iterable[Link]) -> list[tuple[str, str]]:
    """(above, below) of each link: the side that is referred to stands above."""
    return [
        (link.reverse.entity, link.forward.entity)
        if link.forward.has == "one" or link.reverse.has == "many"
        else (link.forward.entity, link.reverse.entity)
        for link in links
        if link.forward.entity != link.reverse.entity
    ]


def _from_origin(boxes: list[Box]) -> tuple[Box, ...]:
    left = min((each.x for each in boxes), default=0.0) - MARGIN
    top = min((each.y for each in boxes), default=0.0) - MARGIN
    moved = (replace(each, x=round(each.x - left), y=round(each.y - top)) for each in boxes)
    return tuple(sorted(moved, key=lambda each: (each.y, each.x, each.name)))


# Keeping what is there


def _kept(sized: Mapping[str, Box], links: list[Link], previous: Diagram, names: Mapping[str, str]) -> list[Box] | None:
    """Boxes at the places they had; None where too little of the old picture is left."""
    old = {names.get(each.name, each.name): each for each in previous.boxes}
    stay = [replace(box, x=old[name].x, y=old[name].y) for name, box in sized.items() if name in old]
    new = [name for name in sized if name not in old]
    if not stay or len(new) > max(3, _FEW * len(sized)):
        return None
    ground = _Ground(stay)
    grown = [each for each in stay if each.height > old[each.name].height or each.width > old[each.name].width]
    for each in grown:
        ground.push_away(each.name)
    near = _neighbours(links)
    for name in new:
        ground.add(sized[name], near.get(name, ()))
    return list(ground.boxes.values())


def _neighbours(links: Iterable[Link]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for link in links:
        found.setdefault(link.forward.entity, []).append(link.reverse.entity)
        found.setdefault(link.reverse.entity, []).append(link.forward.entity)
    return found


class _Ground:
    """Boxes that stand already, and room between them."""

    def __init__(self, boxes: Iterable[Box]) -> None:
        self.boxes = {each.name: each for each in boxes}

    def push_away(self, name: str) -> None:
        """Move down whatever the box covers, and what that covers then."""
        waiting = [name]
        for _ in range(4 * len(self.boxes)):
            if not waiting:
                return
            box = self.boxes[waiting.pop(0)]
            for other in [each for each in self.boxes.values() if each.name != box.name and _meet(box, each, 12)]:
                self.boxes[other.name] = replace(other, y=box.bottom + GAP_Y / 2)
                waiting.append(other.name)

    def add(self, box: Box, near: Iterable[str]) -> None:
        """Place a new box beside one that it is linked to, else below everything."""
        anchors = [self.boxes[name] for name in near if name in self.boxes]
        for anchor in anchors[:3]:
            for x, y in _around(anchor, box):
                candidate = replace(box, x=x, y=y)
                if not any(_meet(candidate, each, 24) for each in self.boxes.values()):
                    self.boxes[box.name] = candidate
                    return
        self.boxes[box.name] = self._below(box)

    def _below(self, box: Box) -> Box:
        """The end of the last row, or a new row where that would make the picture wider."""
        lowest = max((each.bottom for each in self.boxes.values()), default=0.0)
        right = max((each.right for each in self.boxes.values()), default=0.0)
        left = min((each.x for each in self.boxes.values()), default=0.0)
        last = max(self.boxes.values(), key=lambda each: (each.y, each.x), default=None)
        if last is not None:
            beside = replace(box, x=last.right + GAP_X, y=last.y)
            is_free = not any(_meet(beside, each, 24) for each in self.boxes.values())
            if is_free and beside.right <= max(right, left + 900):
                return beside
        return replace(box, x=left, y=lowest + GAP_Y)


def _around(anchor: Box, box: Box) -> list[tuple[float, float]]:
    """Places next to ``anchor``, the best first."""
    found = []
    for ring in (1, 2):
        below, above = anchor.bottom + GAP_Y * ring, anchor.y - GAP_Y * ring - box.height
        right, left = anchor.right + GAP_X * ring, anchor.x - GAP_X * ring - box.width
        found += [
            (anchor.x, below),
            (right, anchor.y),
            (left, anchor.y),
            (right, below),
            (left, below),
            (anchor.x, above),
            (right, above),
            (left, above),
        ]
    return found


def _meet(one: Box, other: Box, gap: float) -> bool:
    """Whether two boxes come closer than ``gap``."""
    return (
        one.x < other.right + gap
        and other.x < one.right + gap
        and one.y < other.bottom + gap
        and other.y < one.bottom + gap
    )
