"""A schema's diagram as SVG: a picture that browsers, documents and screen readers can read."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from app.core.words import counted
from app.schema.layout import Box, Diagram, Edge, End, layout
from app.schema.layout_feet import Foot, foot
from app.schema.model import Schema

_SANS: Final = "Inter, 'Segoe UI', 'DejaVu Sans', Helvetica, Arial, sans-serif"
_MONO: Final = "'DejaVu Sans Mono', Menlo, Consolas, monospace"


@dataclass(frozen=True, slots=True)
class SvgColours:
    """As ``#rrggbb``; the default suits paper."""

    ground: str = "#f5f6f8"
    box: str = "#ffffff"
    head: str = "#eef1f5"
    line: str = "#8a94a3"
    frame: str = "#cfd4dc"
    text: str = "#1c222b"
    muted: str = "#5b6573"


def render(schema: Schema, diagram: Diagram | None = None, colours: SvgColours = SvgColours()) -> str:
    """A whole SVG document; ``diagram`` is the layout to draw, None to make one."""
    shown = layout(schema) if diagram is None else diagram
    return "\n".join(_document(shown, colours)) + "\n"


def _document(shown: Diagram, look: SvgColours) -> Iterator[str]:
    width, height = _number(max(shown.width, 80)), _number(max(shown.height, 60))
    yield '<?xml version="1.0" encoding="UTF-8"?>'
    yield (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}"'
        ' role="img" aria-labelledby="title desc">'
    )
    yield '<title id="title">Schema diagram</title>'
    yield f'<desc id="desc">{_escape(describe(shown))}</desc>'
    yield f'<rect width="100%" height="100%" fill="{look.ground}"/>'
    yield f'<g fill="none" stroke="{look.line}" stroke-width="1.4">'
    yield from (_edge(each, look) for each in shown.edges)
    yield "</g>"
    for box in shown.boxes:
        yield from _box(box, shown, look)
    yield f'<g font-family="{_SANS}" font-size="11" fill="{look.muted}">'
    for edge in shown.edges:
        yield from (_label(end, shown) for end in (edge.forward, edge.reverse) if not end.is_label_crowded)
    yield "</g>"
    yield "</svg>"


def describe(shown: Diagram) -> str:
    """One sentence on what the diagram shows, and one for each link."""
    links = [
        f"{_end_name(each.forward.entity, each.reverse.label)}: {each.reverse.has} {each.reverse.entity}"
        for each in shown.edges
    ]
    counts = f"{counted(len(shown.boxes), 'entity', 'entities')}, {counted(len(shown.edges), 'link', 'links')}"
    return ". ".join([counts, *links])


def _edge(edge: Edge, look: SvgColours) -> str:
    one, other, (first, second) = edge.forward, edge.reverse, edge.bends
    (x0, y0), (x1, y1) = one.stub, other.stub
    path = (
        f"M{_pair(one.x, one.y)}L{_pair(x0, y0)}C{_pair(*first)} {_pair(*second)} {_pair(x1, y1)}"
        f"L{_pair(other.x, other.y)}"
    )
    name = f"{_end_name(one.entity, other.label)} ↔ {_end_name(other.entity, one.label)}"
    feet = "".join(_foot(foot(end), look) for end in (one, other))
    dash = ' stroke-dasharray="5 3"' if edge.note else ""
    return f'<g><title>{_escape(name)}</title><path d="{path}"{dash}/>{feet}</g>'


def _end_name(entity: str, label: str) -> str:
    """The reverse end of a link over attributes has no label."""
    return f"{entity}.{label}" if label else entity


def _foot(drawn: Foot, look: SvgColours) -> str:
    lines = "".join(f"M{_pair(*start)}L{_pair(*end)}" for start, end in drawn.lines)
    circle = ""
    if drawn.circle is not None:
        (x, y), radius = drawn.circle, drawn.radius
        circle = f'<circle cx="{_number(x)}" cy="{_number(y)}" r="{_number(radius)}" fill="{look.ground}"/>'
    return f'<path d="{lines}"/>{circle}'


def _label(end: End, shown: Diagram) -> str:
    y = end.label_y + shown.measure.label_height - 3.5
    return f'<text x="{_number(end.label_x)}" y="{_number(y)}">{_escape(end.label)}</text>'


def _box(box: Box, shown: Diagram, look: SvgColours) -> Iterator[str]:
    measure = shown.measure
    x, y, width = _number(box.x), _number(box.y), _number(box.width)
    yield f"<g><title>{_escape(box.name)}</title>"
    baseline = box.y + measure.title_height / 2 + 4.5
    name = _cut(box.name, (box.width - 24) / measure.title_char)
    dash = ' stroke-dasharray="5 3"' if box.note else ""
    yield (
        f'<rect x="{x}" y="{y}" width="{width}" height="{_number(box.height)}" rx="7" fill="{look.box}"'
        f' stroke="{look.frame}"{dash}/>'
    )
    yield (
        f'<text x="{_number(box.x + 12)}" y="{_number(baseline)}" font-family="{_SANS}" font-size="13"'
        f' font-weight="600" fill="{look.text}">{_escape(name)}</text>'
    )
    if box.note:
        yield (
            f'<text x="{_number(box.right - 12)}" y="{_number(baseline)}" text-anchor="end" font-family="{_SANS}"'
            f' font-size="11" fill="{look.muted}">{_escape(box.note)}</text>'
        )
    if box.rows or box.hidden:
        line = box.y + measure.title_height
        yield f'<path d="M{_pair(box.x, line)}H{_number(box.right)}" stroke="{look.frame}"/>'
        yield f'<g font-family="{_MONO}" font-size="11.5" fill="{look.text}">'
        yield from _rows(box, measure.title_height, measure.row_height, measure.row_char, look)
        yield "</g>"
    yield "</g>"


def _rows(box: Box, top: float, height: float, char: float, look: SvgColours) -> Iterator[str]:
    y = box.y + top + 4 + height / 2 + 4
    room = (box.width - 24) / char
    for row in box.rows:
        words = _cut(row.words, max(room * 0.55, room - len(row.name) - 2))
        name = _cut(row.name, room - len(words) - 1)
        yield f'<text x="{_number(box.x + 12)}" y="{_number(y)}">{_escape(name)}</text>'
        yield (
            f'<text x="{_number(box.right - 12)}" y="{_number(y)}" text-anchor="end" fill="{look.muted}">'
            f"{_escape(words)}</text>"
        )
        y += height
    if box.hidden:
        yield f'<text x="{_number(box.x + 12)}" y="{_number(y)}" fill="{look.muted}">{box.more}</text>'


def _cut(text: str, limit: float) -> str:
    most = max(int(limit), 2)
    return text if len(text) <= most else text[: most - 1] + "…"


def _pair(x: float, y: float) -> str:
    return f"{_number(x)},{_number(y)}"


def _number(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0")


def _escape(text: str) -> str:
    """Text for XML: markup escaped, and what XML cannot hold at all left out."""
    return "".join(_escaped(text)).replace("]]>", "]]&gt;")


_MARKUP: Final = {"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;"}


def _escaped(text: Iterable[str]) -> Iterator[str]:
    for char in text:
        code = ord(char)
        if code >= 0x20 and not 0xD800 <= code <= 0xDFFF and code not in (0xFFFE, 0xFFFF):
            yield _MARKUP.get(char, char)
