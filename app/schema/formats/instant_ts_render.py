"""A schema as text in the style of the official tools: what ``instant-cli pull`` writes, with names in order."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final, NoReturn

from app.core.errors import FieldError, Invalid
from app.core.text import plain
from app.core.words import free_name
from app.schema.model import Attribute, Entity, Link, LinkEnd, Schema
from app.schema.types import AnyType, BooleanType, DateType, JsonType, NumberType, StringType, Type

_TYPE_NAMES: Final[Mapping[Type, str]] = {
    StringType(): "string",
    NumberType(): "number",
    BooleanType(): "boolean",
    DateType(): "date",
    JsonType(): "json",
    AnyType(): "any",
}
_IDENTIFIER: Final = re.compile(r"[A-Za-z_$][A-Za-z0-9_$]*")
_HEAD: Final = """\
// Docs: https://www.instantdb.com/docs/modeling-data

import { i } from "@instantdb/core";

const _schema = i.schema({
"""
_FOOT: Final = """\
  rooms: {},
});

// This helps TypeScript display nicer intellisense
type _AppSchema = typeof _schema;
interface AppSchema extends _AppSchema {}
const schema: AppSchema = _schema;

export type { AppSchema };
export default schema;
"""


@dataclass(frozen=True, slots=True)
class Style:
    """How new text is written: one level of ``indent``, ends of lines, and what ``i`` is called."""

    indent: str = "  "
    newline: str = "\n"
    prefix: str = "i"


_STYLE: Final = Style()


def render_file(schema: Schema) -> str:
    """A whole file; raises Invalid for what Instant's text cannot say."""
    entities = (entity_entry(each, _STYLE) for each in sorted(schema.entities, key=lambda each: name_order(each.name)))
    parts = (*_section("entities", entities), *_section("links", link_entries(schema.links, _STYLE)))
    return _HEAD + "".join(parts) + _FOOT


def name_order(name: str) -> tuple[str, str]:
    """As people sort: capitals beside their small letters, then by code."""
    return name.casefold(), name


def _section(name: str, entries: Iterable[str]) -> Iterator[str]:
    lines = [f"{indented(each, '    ')},\n" for each in entries]
    yield f"  {name}: {{}},\n" if not lines else f"  {name}: {{\n"
    yield from lines
    if lines:
        yield "  },\n"


def indented(entry: str, indent: str, newline: str = "\n") -> str:
    """Every line of ``entry`` moved in."""
    return newline.join(indent + line for line in entry.split(newline))


def entity_entry(entity: Entity, style: Style, key: str | None = None) -> str:
    """``name: i.entity({…})`` over several lines, the first without indentation; attributes in order of name."""
    if entity.indexes:
        _invalid(entity.name, "has an index over several attributes, which Instant does not know")
    opening = f"{key or key_text(entity.name)}: {style.prefix}.entity({{"
    parts = sorted(entity.attributes, key=lambda each: name_order(each.name))
    lines = [f"{style.indent}{attribute_entry(entity.name, each, style)}," for each in parts]
    return style.newline.join([opening, *lines, "})"]) if lines else f"{opening}}})"


def attribute_entry(entity: str, attribute: Attribute, style: Style = _STYLE) -> str:
    """``name: i.string().unique()``."""
    return f"{key_text(attribute.name)}: {chain_text(entity, attribute, style)}"


def chain_text(entity: str, attribute: Attribute, style: Style) -> str:
    """The value of an attribute; modifiers in the order of the official tools."""
    refuse_unsayable(entity, attribute)
    name = type_name(f"{entity}.{attribute.name}", attribute.type)
    unique = ".unique()" if attribute.is_unique else ""
    indexed = ".indexed()" if attribute.is_indexed else ""
    optional = "" if attribute.is_required else ".optional()"
    return f"{style.prefix}.{name}(){unique}{indexed}{optional}"


def refuse_unsayable(entity: str, attribute: Attribute) -> None:
    """Raise Invalid for what the text has no words for."""
    if attribute.default is not None:
        _invalid(f"{entity}.{attribute.name}", "has a default, which Instant does not know")


def type_name(place: str, kind: Type) -> str:
    name = _TYPE_NAMES.get(kind)
    if name is None:
        _invalid(place, "has a type that Instant does not know")
    return name


def link_entries(links: Iterable[Link], style: Style) -> Iterator[str]:
    """Links in order of name; where two share a name, a number is added."""
    taken: set[str] = set()
    for link in sorted(links, key=lambda each: (name_order(each.name), each.forward.label, each.reverse.entity)):
        name = free_name(link.name, taken)
        taken.add(name)
        yield link_entry(link, name, style)


def link_entry(link: Link, name: str, style: Style) -> str:
    """``name: { forward: {…}, reverse: {…} }`` over several lines."""
    sides = (("forward", forward_values(link.forward)), ("reverse", end_values(link.reverse)))
    lines = [f"{key_text(name)}: {{"]
    for side, values in sides:
        lines.append(f"{style.indent}{side}: {{")
        lines += [f"{style.indent * 2}{label}: {value}," for label, value in values.items()]
        lines.append(f"{style.indent}}},")
    return style.newline.join([*lines, "}"])


def forward_values(end: LinkEnd) -> dict[str, str]:
    """The members of a forward end as text."""
    values = end_values(end)
    if not end.is_required:
        return values
    rule = values.pop("onDelete", None)
    return values | {"required": "true"} | ({"onDelete": rule} if rule else {})


def end_values(end: LinkEnd) -> dict[str, str]:
    """The members of a reverse end as text: only forward ends can be required."""
    if end.on_delete not in {None, "cascade"}:
        _invalid(f"{end.entity}.{end.label}", "has a rule on delete that Instant does not know")
    values = {"on": string_text(end.entity), "has": string_text(end.has), "label": string_text(end.label)}
    return values | ({"onDelete": string_text(end.on_delete)} if end.on_delete else {})


def key_text(name: str, quote: str = "") -> str:
    """A name as a key: quoted where it is no identifier, or with ``quote`` where that is given."""
    if name == "__proto__":
        _invalid(name, "is no name that JavaScript takes")
    return name if not quote and _IDENTIFIER.fullmatch(name) else string_text(name, quote or '"')


def string_text(text: str, quote: str = '"') -> str:
    """A JavaScript string that says ``text``, in double or single quotes."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return json.dumps(text)
    written = json.dumps(text, ensure_ascii=False).replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")
    if quote == '"':
        return written
    return "'" + written[1:-1].replace('\\"', '"').replace("'", "\\'") + "'"


def _invalid(place: str, problem: str) -> NoReturn:
    message = f"{plain(place, 120)} {problem}."
    raise Invalid(message, fields=(FieldError(place, message),))
