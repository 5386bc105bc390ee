"""Groups of linked boxes, each laid out in layers, and their packing into one screen-like picture."""

from __future__ import annotations

import logging
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

Size = tuple[float, float]
Pair = tuple[str, str]
Place = tuple[float, float]

# The library's time grows faster than the square, and it keeps the interpreter for itself meanwhile.
LARGEST_GROUP: Final = 36
_MOST_EDGES_PER_BOX: Final = 2
_ASPECT: Final = 1.5


@dataclass(frozen=True, slots=True)
class Block:
    """Boxes with places of their own, from (0, 0)."""

    places: Mapping[str, Place]
    width: float
    height: float


def blocks_of(sizes: Mapping[str, Size], pairs: Iterable[Pair], gap_x: float, gap_y: float) -> list[Block]:
    """One block per group of linked boxes, the largest first; then the boxes without links, by name."""
    unique = sorted(set(pairs))
    groups = _groups(sorted(sizes), unique)
    group_of = {name: number for number, group in enumerate(groups) for name in group}
    inside: dict[int, list[Pair]] = {}
    for above, below in unique:
        if group_of[above] == group_of[below]:
            inside.setdefault(group_of[above], []).append((above, below))
    blocks = [_block(group, inside.get(number, []), sizes, gap_x, gap_y) for number, group in enumerate(groups)]
    return sorted(blocks, key=lambda each: (len(each.places) == 1, -len(each.places), min(each.places)))


def _groups(names: list[str], pairs: list[Pair]) -> list[list[str]]:
    """Linked boxes together, at most LARGEST_GROUP of them: who has few links goes with its neighbour first."""
    degree = dict.fromkeys(names, 0)
    for pair in pairs:
        for name in pair:
            degree[name] += 1
    root = {name: name for name in names}
    count = dict.fromkeys(names, 1)

    def find(name: str) -> str:
        while root[name] != name:
            root[name] = root[root[name]]
            name = root[name]
        return name

    for above, below in sorted(pairs, key=lambda pair: (degree[pair[0]] * degree[pair[1]], pair)):
        one, other = sorted((find(above), find(below)))
        if one != other and count[one] + count[other] <= LARGEST_GROUP:
            root[other] = one
            count[one] += count[other]
    groups: dict[str, list[str]] = {}
    for name in names:
        groups.setdefault(find(name), []).append(name)
    return list(groups.values())


def _block(group: list[str], pairs: list[Pair], sizes: Mapping[str, Size], gap_x: float, gap_y: float) -> Block:
    if len(group) == 1:
        width, height = sizes[group[0]]
        return Block({group[0]: (0.0, 0.0)}, width, height)
    rows = _wrapped(_layers(group, pairs, max(sizes[name][0] for name in group) + gap_x), sizes, gap_x, gap_y)
    places: dict[str, Place] = {}
    y = 0.0
    for row in rows:
        for name, x in row:
            places[name] = (x, y)
        y += max(sizes[name][1] for name, _ in row) + gap_y
    left = min(x for x, _ in places.values())
    right = max(x + sizes[name][0] for name, (x, _) in places.items())
    return Block({name: (x - left, y) for name, (x, y) in places.items()}, right - left, y - gap_y)


def _layers(group: list[str], pairs: list[Pair], spacing: float) -> list[list[tuple[str, float]]]:
    """Layers from the top, each with names and the x of their centres, left to right."""
    from fast_sugiyama import from_edges

    # It tells each of its steps, with all coordinates, to Python's logging.
    for logger in ("rust-sugiyama", "connected_components"):
        logging.getLogger(logger).setLevel(logging.WARNING)
    # Numbers, not names: the library puts names through a set, whose order differs from run to run.
    number = {name: index for index, name in enumerate(group)}
    edges = [(number[above], number[below]) for above, below in _sparse(group, pairs)]
    layers: dict[float, list[tuple[str, float]]] = {}
    for positions, *_ in from_edges(edges, vertex_spacing=spacing, dummy_vertices=True, dummy_size=0.2):
        for node, (x, y) in positions:
            if isinstance(node, int) and node < len(group):
                layers.setdefault(-y, []).append((group[node], x))
    return [sorted(layers[y], key=lambda entry: (entry[1], entry[0])) for y in sorted(layers)]


def _sparse(group: list[str], pairs: list[Pair]) -> list[Pair]:
    """The pairs; where nearly everything hangs with everything, a tree from the middle of it says more."""
    if len(pairs) <= _MOST_EDGES_PER_BOX * len(group):
        return pairs
    near: dict[str, list[str]] = {name: [] for name in group}
    for above, below in pairs:
        near[above].append(below)
        near[below].append(above)
    middle = min(group, key=lambda name: (-len(near[name]), name))
    reached, waiting, tree = {middle}, [middle], []
    for name in waiting:
        for other in near[name]:
            if other not in reached:
                reached.add(other)
                waiting.append(other)
                tree.append((name, other))
    return tree


def _wrapped(
    layers: list[list[tuple[str, float]]], sizes: Mapping[str, Size], gap_x: float, gap_y: float
) -> list[list[tuple[str, float]]]:
    """Layers as rows with the x of left edges; a layer much wider than the picture should be becomes several rows."""
    area = sum((sizes[name][0] + gap_x) * (sizes[name][1] + gap_y) for layer in layers for name, _ in layer)
    limit = max(math.sqrt(area * _ASPECT * 1.3), 3 * gap_x + max(sizes[n][0] for layer in layers for n, _ in layer))
    span = max(x for layer in layers for _, x in layer) - min(x for layer in layers for _, x in layer)
    if span <= limit:
        return [[(name, x - sizes[name][0] / 2) for name, x in layer] for layer in layers]
    rows = []
    for layer in layers:
        rows += [_centred(part, sizes, gap_x) for part in _cut([name for name, _ in layer], sizes, gap_x, limit)]
    return rows


def _cut(names: list[str], sizes: Mapping[str, Size], gap_x: float, limit: float) -> list[list[str]]:
    """Rows of about equal count, none wider than ``limit`` where one box is not wider already."""
    total = sum(sizes[name][0] + gap_x for name in names)
    count = max(1, math.ceil(total / limit))
    per_row = math.ceil(len(names) / count)
    return [names[start : start + per_row] for start in range(0, len(names), per_row)]


def _centred(names: list[str], sizes: Mapping[str, Size], gap_x: float) -> list[tuple[str, float]]:
    x = -(sum(sizes[name][0] for name in names) + gap_x * (len(names) - 1)) / 2
    row = []
    for name in names:
        row.append((name, x))
        x += sizes[name][0] + gap_x
    return row


# Packing


def packed(blocks: list[Block], gap_x: float, gap_y: float) -> dict[str, Place]:
    """Places of all boxes: each block as high as it can go, then as far left."""
    if not blocks:
        return {}
    area = sum((each.width + gap_x) * (each.height + gap_y) for each in blocks)
    width = max(math.sqrt(area * _ASPECT), max(each.width + gap_x for each in blocks))
    skyline = _Skyline(width)
    places: dict[str, Place] = {}
    for block in blocks:
        left, top = skyline.place(block.width + gap_x, block.height + gap_y)
        for name, (x, y) in block.places.items():
            places[name] = (left + x, top + y)
    return places


class _Skyline:
    """How far down the picture is filled, from left to right: pieces of (x, y, width)."""

    def __init__(self, width: float) -> None:
        self._width = width
        self._pieces: list[tuple[float, float, float]] = [(0.0, 0.0, width)]

    def place(self, width: float, height: float) -> Place:
        """The top left corner of a new rectangle, which is filled now."""
        best: Place | None = None
        for index, (x, _, _) in enumerate(self._pieces):
            top = self._top(index, width)
            if top is not None and (best is None or (top, x) < (best[1], best[0])):
                best = (x, top)
        assert best is not None, "nothing is wider than the picture"
        self._fill(best[0], width, best[1] + height)
        return best

    def _top(self, index: int, width: float) -> float | None:
        start = self._pieces[index][0]
        if start + width > self._width + 0.01:
            return None
        top, at = 0.0, index
        while at < len(self._pieces) and self._pieces[at][0] < start + width - 0.01:
            top = max(top, self._pieces[at][1])
            at += 1
        return top

    def _fill(self, left: float, width: float, bottom: float) -> None:
        right = left + width
        pieces = []
        for x, y, piece_width in self._pieces:
            end = x + piece_width
            if x < left and end > x:
                pieces.append((x, y, min(end, left) - x))
            if end > right:
                pieces.append((max(x, right), y, end - max(x, right)))
        pieces.append((left, bottom, width))
        self._pieces = sorted(piece for piece in pieces if piece[2] > 0.01)
