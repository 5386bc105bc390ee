"""``instant.schema.ts``, Instant's own text of a schema: in, out, and changed in place."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from app.schema.model import Schema

from .instant_form import with_system_parts
from .instant_ts_calls import NoSchemaCall
from .instant_ts_edit import edited
from .instant_ts_parse import Document, read
from .instant_ts_render import render_file
from .text_problems import TextErrors, TextProblem

if TYPE_CHECKING:
    from app.schema.compare import Renames

__all__ = ["NoSchemaCall", "ParsedText", "TextErrors", "TextProblem", "edit", "parse", "render"]


@dataclass(frozen=True, slots=True)
class ParsedText:
    """``spans``: (line from 1, column in characters from 0) of each place, such as ``todos``, ``todos.title`` and the
    ends of links (``todos.owner``)."""

    schema: Schema
    spans: dict[str, tuple[int, int]]


def parse(text: str, live: Schema | None = None) -> ParsedText:
    """Raises TextErrors with every problem's place. With ``live``, what the platform owns is taken from there: a file
    has no say in it, and may leave it out."""
    document = read(text)
    schema = document.schema if live is None else with_system_parts(document.schema, live)
    return ParsedText(schema, _spans(document))


def render(schema: Schema) -> str:
    """A whole file in the style of the official tools; raises Invalid for what Instant does not know."""
    return render_file(schema)


def edit(text: str, wanted: Schema, renames: Renames | None = None) -> str:
    """``text`` changed to say ``wanted``: comments, order, format, rooms, type parameters and names of links stay.

    ``renames`` leads from the names in the text to the wanted ones; without it (None), what goes and what comes is
    taken for the same where it clearly looks so. A text without any ``i.schema(…)`` is written anew. Raises TextErrors
    for a text that cannot be read.
    """
    try:
        document = read(text)
    except NoSchemaCall:
        return render_file(wanted)
    return edited(document, wanted, renames)


def _spans(document: Document) -> dict[str, tuple[int, int]]:
    start = document.source.start
    spans: dict[str, tuple[int, int]] = {}
    for name, each in document.entities.items():
        spans[name] = start(each.member.key)
        for label, member in each.attributes.members.items():
            spans[f"{name}.{label}"] = start(member.key)
    for link in document.links:
        for end in (link.link.forward, link.link.reverse):
            spans.setdefault(f"{end.entity}.{end.label}", start(link.member.key))
    return spans
