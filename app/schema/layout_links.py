"""The lines between boxes: where they leave, how they bend, and where their labels have room."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final, Protocol

from app.core.text import plain

from .model import Cardinality, Link, LinkKey, link_key

# Room for a crow's foot and its circle between the box and the bend.
STUB: Final = 20.0
_CELL: Final = 96.0
_CORNER: Final = 14.0
# Longer labels are cut: names come from a server.
_LABEL: Final = 40

Point = tuple[float, float]
Rect = tuple[float, float, float, float]


class Placed(Protocol):
    """A box as far as lines are concerned."""

    @property
    def x(self) -> float: ...
    @property
    def y(self) -> float: ...
    @property
    def width(self) -> float: ...
    @property
    def height(self) -> float: ...


@dataclass(frozen=True, slots=True)
class End:
    """Where a link meets a box: at (x, y), leaving it in direction (dx, dy).

    The crow's foot here says how many of this entity the other side has: ``has``, and ``is_required`` for at least
    one. ``label`` is the other side's name for it; it starts at (label_x, label_y), its top left corner.
    ``is_label_crowded``: there is no room for it, so it is only shown when its link is looked at.
    """

    entity: str
    label: str
    has: Cardinality
    is_required: bool
    x: float
    y: float
    dx: float
    dy: float
    label_x: float = 0.0
    label_y: float = 0.0
    is_label_crowded: bool = False

    @property
    def stub(self) -> Point:
        return self.x + self.dx * STUB, self.y + self.dy * STUB


@dataclass(frozen=True, slots=True)
class Edge:
    """One link: straight from ``forward`` to its stub, a cubic curve around ``bends``, straight again."""

    key: LinkKey
    forward: End
    reverse: End
    bends: tuple[Point, Point]
    note: str = ""


@dataclass(slots=True)
class _Port:
    """An end before its place on the side of the box is known; ``aim`` is the middle of the other box."""

    box: Placed
    side: Point
    aim: Point
    entity: str
    label: str
    has: Cardinality
    is_required: bool
    at: Point = (0.0, 0.0)


def routed(
    boxes: Mapping[str, Placed],
    links: Iterable[Link],
    label_char: float,
    label_height: float,
    notes: Mapping[LinkKey, str],
) -> tuple[Edge, ...]:
    """One edge per link whose two entities have boxes, in the order of their ends' names."""
    ordered = sorted(links, key=link_key)
    ports = [_ports(link, boxes[link.forward.entity], boxes[link.reverse.entity]) for link in ordered]
    for link, (_, reverse) in zip(ordered, ports, strict=True):
        # The word stands where the link leads to, behind its name.
        note = notes.get(link_key(link), "")
        reverse.label += f" ({note})" if note else ""
    _spread(port for pair in ports for port in pair)
    room = _Room(boxes.values())
    for port in (port for pair in ports for port in pair):
        room.take(_foot_room(port))
    edges = []
    for link, (forward, reverse) in zip(ordered, ports, strict=True):
        ends = [_end(port, room, label_char, label_height) for port in (forward, reverse)]
        edges.append(Edge(link_key(link), ends[0], ends[1], _bends(ends[0], ends[1]), notes.get(link_key(link), "")))
    return tuple(edges)


def _ports(link: Link, one: Placed, other: Placed) -> tuple[_Port, _Port]:
    sides = _sides(one, other) if link.forward.entity != link.reverse.entity else ((1.0, 0.0), (1.0, 0.0))
    forward, reverse = link.forward, link.reverse
    return (
        _Port(
            one,
            sides[0],
            _middle(other),
            forward.entity,
            plain(reverse.label, _LABEL),
            reverse.has,
            reverse.is_required,
        ),
        _Port(
            other,
            sides[1],
            _middle(one),
            reverse.entity,
            plain(forward.label, _LABEL),
            forward.has,
            forward.is_required,
        ),
    )


def _middle(box: Placed) -> Point:
    return box.x + box.width / 2, box.y + box.height / 2


def _sides(one: Placed, other: Placed) -> tuple[Point, Point]:
    """The sides that look at each other: above and below where there is room for it, else left and right."""
    down, up = other.y - (one.y + one.height), one.y - (other.y + other.height)
    right, left = other.x - (one.x + one.width), one.x - (other.x + other.width)
    vertical, horizontal = max(down, up), max(right, left)
    if vertical >= 2 * STUB and horizontal < 2.5 * vertical:
        return ((0.0, 1.0), (0.0, -1.0)) if down >= up else ((0.0, -1.0), (0.0, 1.0))
    return ((1.0, 0.0), (-1.0, 0.0)) if right >= left else ((-1.0, 0.0), (1.0, 0.0))


def _spread(ports: Iterable[_Port]) -> None:
    """Give each port its place: one alone looks straight at the other box, several share the side evenly."""
    sides: dict[tuple[str, Point], list[_Port]] = {}
    for port in ports:
        sides.setdefault((port.entity, port.side), []).append(port)
    for (_, side), group in sides.items():
        is_level = side[1] != 0
        group.sort(key=lambda port: (port.aim[0] if is_level else port.aim[1], port.label))
        for port, share in zip(group, _shares(group, is_level), strict=True):
            box = port.box
            far = box.y + (box.height if side[1] > 0 else 0), box.x + (box.width if side[0] > 0 else 0)
            port.at = (share, far[0]) if is_level else (far[1], share)


def _shares(group: list[_Port], is_level: bool) -> list[float]:
    box = group[0].box
    start, length = (box.x, box.width) if is_level else (box.y, box.height)
    low, high = start + _CORNER, start + length - _CORNER
    if len(group) == 1:
        aim = group[0].aim[0 if is_level else 1]
        return [min(max(aim, low), high)]
    step = min(72.0, (high - low) / (len(group) - 1))
    first = start + length / 2 - step * (len(group) - 1) / 2
    return [first + step * index for index in range(len(group))]


def _end(port: _Port, room: _Room, label_char: float, label_height: float) -> End:
    width = len(port.label) * label_char + 2
    choices = _label_places(port, width, label_height)
    found = next((each for each in choices if room.is_free(each, width, label_height)), None)
    x, y = found if found is not None else choices[0]
    if found is not None:
        room.take((x, y, x + width, y + label_height))
    return End(
        port.entity,
        port.label,
        port.has,
        port.is_required,
        port.at[0],
        port.at[1],
        port.side[0],
        port.side[1],
        x,
        y,
        found is None,
    )


def _foot_room(port: _Port) -> Rect:
    """Where the crow's foot stands, a little narrower than labels keep away from it."""
    (x, y), (dx, dy) = port.at, port.side
    ends = sorted((x, x + dx * STUB)), sorted((y, y + dy * STUB))
    return ends[0][0] - 6, ends[1][0] - 6, ends[0][1] + 6, ends[1][1] + 6


def _label_places(port: _Port, width: float, height: float) -> list[Point]:
    """Top left corners to try: close to the foot first, on either side of the line."""
    (x, y), (dx, dy) = port.at, port.side
    places = []
    for step in range(3):
        out = 5 + step * (height + 1)
        if dy:
            top = y + dy * out - (height if dy < 0 else 0)
            places += [(x + 9, top), (x - 9 - width, top)]
        else:
            left = x + dx * (8 + step * 14) - (width if dx < 0 else 0)
            places += [(left, y - height - 7), (left, y + 7)]
    return places


def _bends(forward: End, reverse: End) -> tuple[Point, Point]:
    (x0, y0), (x1, y1) = forward.stub, reverse.stub
    if forward.entity == reverse.entity:
        return (x0 + 40, y0), (x1 + 40, y1)
    pull = min(max(math.hypot(x1 - x0, y1 - y0) * 0.4, 14.0), 180.0)
    return (
        (x0 + forward.dx * pull, y0 + forward.dy * pull),
        (x1 + reverse.dx * pull, y1 + reverse.dy * pull),
    )


class _Room:
    """What is taken already, in cells, so that looking for room costs little."""

    def __init__(self, boxes: Iterable[Placed]) -> None:
        self._cells: dict[tuple[int, int], list[Rect]] = {}
        for box in boxes:
            self.take((box.x, box.y, box.x + box.width, box.y + box.height))

    def take(self, rect: Rect) -> None:
        for cell in _cells(rect):
            self._cells.setdefault(cell, []).append(rect)

    def is_free(self, place: Point, width: float, height: float) -> bool:
        left, top = place
        right, bottom = left + width, top + height
        return not any(
            left < other[2] and other[0] < right and top < other[3] and other[1] < bottom
            for cell in _cells((left, top, right, bottom))
            for other in self._cells.get(cell, ())
        )


def _cells(rect: Rect) -> list[tuple[int, int]]:
    left, top, right, bottom = (int(edge // _CELL) for edge in rect)
    return [(column, row) for column in range(left, right + 1) for row in range(top, bottom + 1)]
