"""A schema as a Mermaid entity relationship diagram, to paste into documents."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from app.core.text import plain
from app.schema.model import Attribute, Entity, Link, LinkEnd, Schema
from app.schema.types import (
    AnyType,
    ArrayType,
    BooleanType,
    BytesType,
    DateType,
    EnumType,
    IdType,
    JsonType,
    LiteralType,
    NativeType,
    NullType,
    NumberType,
    ObjectType,
    RecordType,
    StringType,
    Type,
    UnionType,
)

_WORD: Final = re.compile(r"[A-Za-z][A-Za-z0-9_]*")
_UNFIT: Final = re.compile(r"[^A-Za-z0-9_]+")
# Words that Mermaid takes for its own where the name of an entity, or of an attribute, is expected.
_RESERVED: Final = frozenset(
    {"erdiagram", "direction", "title", "acctitle", "accdescr", "style", "classdef", "class", "end", "tb", "bt", "rl"}
    | {"lr", "one", "many", "only", "zero", "or", "more", "to", "optionally", "u"}
)
_KEYS: Final = frozenset({"pk", "fk", "uk"})
_NAMES: Final[dict[type, str]] = {
    StringType: "string",
    BooleanType: "boolean",
    JsonType: "json",
    AnyType: "any",
    BytesType: "bytes",
    NullType: "null",
    EnumType: "enum",
    ObjectType: "object",
    RecordType: "record",
    UnionType: "union",
    LiteralType: "literal",
}


def render(schema: Schema) -> str:
    """The whole diagram. Names that Mermaid cannot take are written in what it can, with the true one beside them."""
    found = _in_order(schema)
    known = {each.name for each in found.entities}
    ends = {end.entity for link in found.links for end in (link.forward, link.reverse)}
    missing = (Entity(name) for name in sorted(ends - known))
    ids = _ids([each.name for each in found.entities] + sorted(ends - known))
    lines = ["erDiagram"]
    for entity in (*found.entities, *missing):
        lines += _entity(ids[entity.name], entity)
    lines += (_link(ids, each) for each in found.links)
    return "\n".join(lines) + "\n"


def _in_order(schema: Schema) -> Schema:
    """Equal schemas give one text; but attributes as they stand, as people know their tables."""
    whole = schema.normalised()
    attributes = {each.name: each.attributes for each in schema.entities}
    return replace(whole, entities=tuple(replace(each, attributes=attributes[each.name]) for each in whole.entities))


def _ids(names: list[str], reserved: frozenset[str] = _RESERVED) -> dict[str, str]:
    """A word for each name, never one twice."""
    taken: set[str] = set()
    found: dict[str, str] = {}
    # Names that are fit as they are keep themselves, whoever else comes to the same word.
    for name in sorted(names, key=lambda each: (_word(each, reserved) != each, each)):
        fit = word = _word(name, reserved)
        number = 2
        while word in taken:
            word, number = f"{fit}_{number}", number + 1
        taken.add(word)
        found[name] = word
    return found


def _word(name: str, reserved: frozenset[str] = _RESERVED) -> str:
    if _WORD.fullmatch(name) and name.lower() not in reserved:
        return name
    return f"e_{_UNFIT.sub('_', name).strip('_')}".rstrip("_")


def _entity(word: str, entity: Entity) -> Iterator[str]:
    label = "" if word == entity.name else f'["{_text(entity.name)}"]'
    words = _ids([each.name for each in entity.attributes], _KEYS)
    yield f"    {word}{label} {{" if entity.attributes else f"    {word}{label}"
    for each in entity.attributes:
        yield f"        {_attribute(words[each.name], each)}"
    if entity.attributes:
        yield "    }"


def _attribute(word: str, attribute: Attribute) -> str:
    name = [] if word == attribute.name else [_text(attribute.name)]
    flags = [text for text, is_so in (("required", attribute.is_required), ("indexed", attribute.is_indexed)) if is_so]
    unique = " UK" if attribute.is_unique else ""
    notes = name + flags
    return f"{type_word(attribute.type)} {word}{unique}" + (f' "{", ".join(notes)}"' if notes else "")


def type_word(kind: Type) -> str:
    """A type in one word of letters, digits, ``_``, ``(``, ``)``, ``[`` and ``]``."""
    match kind:
        case NumberType(kind=name) | DateType(kind=name):
            return name
        case StringType(max_length=int() as length):
            return f"string({length})"
        case ArrayType(item=item):
            return f"{type_word(item)}[]" if not isinstance(item, ArrayType) else "array"
        case IdType(entity=entity):
            return f"id({_word(entity)})"
        case NativeType(name=name):
            return _UNFIT.sub("_", name).strip("_") or "native"
    return _NAMES[type(kind)]


def _link(ids: dict[str, str], link: Link) -> str:
    """Crow's feet: at each entity stands how many of it the other side has."""
    left, right = _LEFT[_count(link.reverse)], _RIGHT[_count(link.forward)]
    label = " / ".join(_text(end.label) for end in (link.forward, link.reverse) if end.label)
    return f'    {ids[link.forward.entity]} {left}--{right} {ids[link.reverse.entity]} : "{label}"'


_LEFT: Final = {("one", True): "||", ("one", False): "|o", ("many", True): "}|", ("many", False): "}o"}
_RIGHT: Final = {("one", True): "||", ("one", False): "o|", ("many", True): "|{", ("many", False): "o{"}


def _count(end: LinkEnd) -> tuple[str, bool]:
    return end.has, end.is_required


def _text(name: str) -> str:
    """Inside double quotes, where Mermaid knows no escape but its own entities."""
    return plain(name, 80).replace("#", "#35;").replace('"', "#quot;")
