"""Types as an operator writes them into a cell: the platform's own spellings, and the enums of the schema.

``mood`` is the enum of that name, ``mood[]`` a list of it, and ``mood ('happy', 'sad')`` the enum with these values:
a new one, or the one there is with other values wherever it is used.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, NoReturn

from app.core.errors import FieldError, Invalid
from app.core.text import plain
from app.schema.model import Attribute, Schema
from app.schema.types import ArrayType, EnumType, Type

from .type_names import type_name

if TYPE_CHECKING:
    from app.schema.check import Rules
    from app.schema.draft import Draft

_VALUES = re.compile(
    r"(?:enum\s+)?(?P<name>.+?)\s*\(\s*(?P<values>'(?:[^']|'')*'(?:\s*,\s*'(?:[^']|'')*')*)\s*\)", re.DOTALL
)
_VALUE = re.compile(r"'((?:[^']|'')*)'")
_LONGEST_SHOWN = 400


def enums_of(*schemas: Schema) -> dict[str, EnumType]:
    """By name; of two with one name that of the first schema."""
    found: dict[str, EnumType] = {}
    for schema in schemas:
        for entity in schema.entities:
            for each in entity.attributes:
                enum = _enum_in(each.type)
                if enum is not None and enum.name:
                    found.setdefault(enum.name, enum)
    return found


def _enum_in(kind: Type) -> EnumType | None:
    while isinstance(kind, ArrayType):
        kind = kind.item
    return kind if isinstance(kind, EnumType) else None


def type_words(rules: Rules | None, draft: Draft) -> tuple[str, ...]:
    """What is offered while a type is typed."""
    usual = (type_name(each) for each in (*rules.types, *rules.other_types)) if rules is not None else ()
    return tuple(dict.fromkeys((*usual, *sorted(enums_of(draft.wanted, draft.base)))))


def text_of_type(kind: Type) -> str:
    """The text that an editor begins with; an enum shows its values, so that they can be changed."""
    if isinstance(kind, EnumType) and kind.name:
        shown = f"{kind.name} ({', '.join(_quoted(each) for each in kind.values)})"
        return shown if len(shown) <= _LONGEST_SHOWN else kind.name
    return type_name(kind)


def _quoted(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"


def read_type(text: str, rules: Rules, draft: Draft) -> Type:
    """Raises Invalid with a field ``type``."""
    text = text.strip()
    if not text:
        _refuse("A type is needed, such as text or integer.")
    enums = enums_of(draft.wanted, draft.base)
    stem, dimensions = _stem(text)
    if stem in enums:
        return _listed(enums[stem], dimensions)
    made = _VALUES.fullmatch(stem)
    # A name in front of quoted values is an enum, as no type of SQL takes such values.
    if made is not None:
        values = tuple(each.replace("''", "'") for each in _VALUE.findall(made["values"]))
        if len(set(values)) < len(values):
            _refuse(f"The enum {plain(made['name'], 60)} has a value twice.")
        return _listed(EnumType(values, made["name"]), dimensions)
    assert rules.parse_type is not None
    try:
        return rules.parse_type(text)
    except Invalid as error:
        _refuse(plain(error.fields[0].message if error.fields else f"{error.sentence} {error.remedy}".strip(), 300))


def _refuse(sentence: str) -> NoReturn:
    raise Invalid(sentence, remedy="Enter another type.", fields=(FieldError("type", sentence),))


def _stem(text: str) -> tuple[str, int]:
    stem = text
    while stem.endswith("[]"):
        stem = stem[:-2].rstrip()
    return stem, (text.count("[]") if stem != text else 0)


def _listed(kind: Type, dimensions: int) -> Type:
    for _ in range(dimensions):
        kind = ArrayType(kind)
    return kind


def same_enum_elsewhere(draft: Draft, kind: Type) -> Draft:
    """Give an enum its values wherever the schema uses it: it is one type."""
    enum = _enum_in(kind)
    if enum is None or not enum.name:
        return draft
    for entity, attribute in _users_of(draft.wanted, enum):
        draft = draft.change_attribute(entity, attribute.name, type=_with_enum(attribute.type, enum))
    return draft


def _users_of(schema: Schema, enum: EnumType) -> Iterator[tuple[str, Attribute]]:
    for entity in schema.entities:
        for each in entity.attributes:
            has = _enum_in(each.type)
            if has is not None and has.name == enum.name and has != enum:
                yield entity.name, each


def _with_enum(kind: Type, enum: EnumType) -> Type:
    return replace(kind, item=_with_enum(kind.item, enum)) if isinstance(kind, ArrayType) else enum
