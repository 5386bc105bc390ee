"""The sign at the end of a link: a crow's foot for many, a bar for one, a circle where there may be none."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from .layout_links import End, Point

_FOOT: Final = 11.0
_HALF: Final = 5.5
_RADIUS: Final = 3.4


@dataclass(frozen=True, slots=True)
class Foot:
    """Lines to draw, and the circle's middle where there is one."""

    lines: tuple[tuple[Point, Point], ...]
    circle: Point | None
    radius: float = _RADIUS


def foot(end: End) -> Foot:
    """Drawn outwards from the box: first the count, then whether there must be one."""

    def at(out: float, aside: float) -> Point:
        return end.x + end.dx * out + end.dy * aside, end.y + end.dy * out + end.dx * aside

    if end.has == "many":
        lines = [(at(_FOOT, 0), at(0, -_HALF)), (at(_FOOT, 0), at(0, _HALF))]
        reach = _FOOT
    else:
        lines = [(at(6, -_HALF), at(6, _HALF))]
        reach = 6.0
    if end.is_required:
        lines.append((at(reach + 4, -_HALF), at(reach + 4, _HALF)))
        return Foot(tuple(lines), None)
    return Foot(tuple(lines), at(reach + _RADIUS + (0 if end.has == "many" else 1.5), 0))
