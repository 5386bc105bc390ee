"""The one form in which schemas are compared on PostgreSQL and SQLite: that in which the database gives them back.

Parts that are in this form already are given back as the same objects, so that a comparison can skip them at once.
Expressions are left as they are written, but for brackets around them: only the database knows its own spelling.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache
from typing import Any, Final, TypeVar

from app.core.errors import Invalid
from app.schema.columns import CHECK, to_json
from app.schema.model import Attribute, Entity, Extra, Index, Link, LinkEnd, Schema, link_key
from app.schema.types import ArrayType, BooleanType, EnumType, JsonType, StringType, Type

from .sql_names import Dialect, implied_name, quoted, table_of
from .sql_types import SERIALS, text_of, type_of
from .sql_words import without_brackets

T = TypeVar("T")

_EXPRESSIONS: Final = frozenset({"where", "generated"})
_TEXT: Final = re.compile(r"'(?:[^']|'')*'")


def canonical(schema: Schema, dialect: Dialect = "postgresql") -> Schema:
    """``schema`` as the database would give it back: equal meanings become equal values.

    In order of name, but attributes as they stand: a table has its columns in an order of its own, which people want
    to see, and which means nothing (see ``Schema.normalised``). Types in their short spelling; indexes under
    PostgreSQL's own names as flags of their attribute; values of extras as one JSON text, empty ones left out; what a
    primary key, an identity or a serial type brings along is said. What the database cannot hold stays: ``check``
    tells of it.
    """
    form = _Form(dialect)
    entities = tuple(sorted(map(form.entity, schema.entities), key=lambda each: each.name))
    links = tuple(sorted(map(canonical_link, schema.links), key=lambda each: (each.name, *link_key(each))))
    return (
        schema if _are_same(entities, schema.entities) and _are_same(links, schema.links) else Schema(entities, links)
    )


def canonical_link(link: Link) -> Link:
    """One link in canonical form: the same object where it is so already."""
    forward, reverse = link.forward, link.reverse
    if link.is_system or not link.columns:
        return link
    is_plain = (forward.has, forward.is_required) == ("one", False)
    if is_plain and link.name == forward.label != "" and reverse == LinkEnd(reverse.entity, "", "many"):
        extra = canonical_extra(link.extra)
        return link if extra is link.extra else replace(link, extra=extra)
    name = link.name or forward.label or implied_name(table_of(forward.entity), "_".join(_here(link)), "fkey")
    return replace(
        link,
        name=name,
        forward=replace(forward, label=name, has="one", is_required=False),
        reverse=LinkEnd(reverse.entity, "", "many"),
        extra=canonical_extra(link.extra),
    )


def canonical_extra(extra: Extra) -> Extra:
    """In order, values written in one way, empty ones left out; the very same object where it is so already."""
    if not extra:
        return extra
    known = ((name, _value(name, text)) for name, text in extra)
    made = tuple(sorted((name, to_json(value)) for name, value in known if not _is_empty(value)))
    return extra if made == extra else made


@lru_cache(maxsize=4096)
def canonical_type(kind: Type, dialect: Dialect) -> Type:
    """In the spelling of the database; itself where the database has no such type."""
    if isinstance(kind, EnumType):
        return kind
    if isinstance(kind, ArrayType):
        item = canonical_type(kind.item, dialect)
        return kind if item == kind.item and not kind.native else ArrayType(item)
    try:
        made = type_of(text_of(kind, dialect), dialect=dialect)
    except Invalid:
        return kind
    return kind if made == kind else made


class _Form:
    """Attributes that are one object are looked at once: thousands of tables are made from a few templates."""

    def __init__(self, dialect: Dialect) -> None:
        self._dialect = dialect
        self._known: dict[int, tuple[Attribute, Attribute]] = {}

    def entity(self, entity: Entity) -> Entity:
        if entity.is_system:
            return entity
        attributes = tuple(map(self._attribute, entity.attributes))
        indexes = tuple(map(_index, entity.indexes))
        if indexes:
            attributes, indexes = _with_flags(table_of(entity.name), attributes, indexes)
            if self._dialect == "postgresql":
                attributes = _with_keys(attributes, indexes)
        indexes = _sorted(indexes, lambda each: each.name)
        extra = canonical_extra(entity.extra)
        is_same = _are_same(attributes, entity.attributes) and _are_same(indexes, entity.indexes)
        if is_same and extra is entity.extra:
            return entity
        return replace(entity, attributes=attributes, indexes=indexes, extra=extra)

    def _attribute(self, attribute: Attribute) -> Attribute:
        known = self._known.get(id(attribute))
        if known is None:
            # Kept together, so that the number stays that of this object.
            known = self._known[id(attribute)] = (attribute, self._made(attribute))
        return known[1]

    def _made(self, attribute: Attribute) -> Attribute:
        if attribute.is_system:
            return attribute
        extra = canonical_extra(attribute.extra)
        kind = canonical_type(attribute.type, self._dialect)
        if self._dialect == "postgresql":
            kind, extra = _with_collation(kind, extra)
        default = _default(attribute.default, kind, self._dialect)
        is_required = attribute.is_required or (self._dialect == "postgresql" and _needs_value(kind, extra))
        is_same = kind == attribute.type and extra is attribute.extra and default == attribute.default
        if is_same and is_required == attribute.is_required:
            return attribute
        return replace(attribute, type=kind, default=default, is_required=is_required, extra=extra)


def _needs_value(kind: Type, extra: Extra) -> bool:
    return getattr(kind, "native", "") in SERIALS or any(name == "identity" for name, _value in extra)


def _with_collation(kind: Type, extra: Extra) -> tuple[Type, Extra]:
    """PostgreSQL's collation is part of the type's text."""
    found = dict(extra).get("collation")
    native: str = getattr(kind, "native", "")
    if found is None or not native or " collate " in native:
        return kind, extra
    name = str(json.loads(found))
    spelled = name if name.startswith('"') else ".".join(quoted(each) for each in name.split("."))
    made = canonical_type(type_of(f"{native} collate {spelled}"), "postgresql")
    return made, tuple(each for each in extra if each[0] != "collation")


# Defaults: only what is sure to come back in another spelling

_CASTS: Final = {"varchar": "character varying", "char": "bpchar", "text": "text"}


def _default(text: str | None, kind: Type, dialect: Dialect) -> str | None:
    if text is None:
        return None
    text = text.strip()
    if not text or text.lower() == "null" or getattr(kind, "native", "") in SERIALS:
        return None
    if dialect == "sqlite":
        return text
    if isinstance(kind, BooleanType) and text.lower() in ("true", "false"):
        return text.lower()
    if _TEXT.fullmatch(text):
        cast = _cast(kind)
        return f"{text}::{cast}" if cast else text
    return text


def _cast(kind: Type) -> str:
    """What PostgreSQL writes behind a text that is the default of such a column; "" where the text changes too."""
    native: str = getattr(kind, "native", "")
    match kind:
        case StringType():
            return _CASTS.get(native.partition("(")[0].partition(" ")[0], "")
        case JsonType():
            return native
        case EnumType():
            return text_of(kind)
        case ArrayType(item=StringType()) | ArrayType(item=EnumType()):
            inner = _cast(kind.item)
            return f"{inner}[]" if inner else ""
        case _:
            return ""


# Indexes


def _index(index: Index) -> Index:
    kind = index.kind or "btree"
    extra = _without_plain(canonical_extra(index.extra), index.attributes)
    is_unique = index.is_unique or kind == "primary" or dict(extra).get("constraint") == "true"
    if (kind, is_unique) == (index.kind, index.is_unique) and extra is index.extra:
        return index
    return replace(index, kind=kind, is_unique=is_unique, extra=extra)


def _without_plain(extra: Extra, attributes: tuple[str, ...]) -> Extra:
    """Expressions that are no more than the attributes say nothing."""
    plain = ("expressions", to_json([quoted(each) for each in attributes]))
    return tuple(each for each in extra if each != plain) if plain in extra else extra


def _with_flags(
    table: str, attributes: tuple[Attribute, ...], indexes: tuple[Index, ...]
) -> tuple[tuple[Attribute, ...], tuple[Index, ...]]:
    """Indexes that are no more than a flag of their attribute become one."""
    flags: dict[str, dict[str, Any]] = {}
    kept: list[Index] = []
    known = {each.name for each in attributes}
    for index in indexes:
        flag = _flag(table, index) if known.issuperset(index.attributes) else None
        if flag is None:
            kept.append(index)
        else:
            flags.setdefault(index.attributes[0], {})[flag] = True
    if not flags:
        return attributes, indexes
    return tuple(replace(each, **flags[each.name]) if each.name in flags else each for each in attributes), tuple(kept)


def _flag(table: str, index: Index) -> str | None:
    if index.kind != "btree" or len(index.attributes) != 1:
        return None
    column = index.attributes[0]
    if index.is_unique:
        is_plain = index.extra == (("constraint", "true"),)
        return "is_unique" if is_plain and index.name == implied_name(table, column, "key") else None
    return "is_indexed" if not index.extra and index.name == implied_name(table, column, "idx") else None


def _with_keys(attributes: tuple[Attribute, ...], indexes: tuple[Index, ...]) -> tuple[Attribute, ...]:
    """Attributes of a primary key are required."""
    keys = {name for index in indexes if index.kind == "primary" for name in index.attributes}
    if all(each.is_required for each in attributes if each.name in keys):
        return attributes
    return tuple(
        replace(each, is_required=True) if each.name in keys and not each.is_required else each for each in attributes
    )


# What they have in common


def _value(name: str, text: str) -> Any:
    """What an extra says; a text that is no JSON stands for itself."""
    try:
        value = json.loads(text)
    except ValueError:
        value = text
    if isinstance(value, str) and (name in _EXPRESSIONS or name.startswith(CHECK)):
        return without_brackets(value)
    return value


def _is_empty(value: object) -> bool:
    return value is None or value is False or value in ("", [], {})


def _here(link: Link) -> tuple[str, ...]:
    return tuple(one for one, _other in link.columns)


def _sorted(parts: tuple[T, ...], key: Callable[[T], Any]) -> tuple[T, ...]:
    made = tuple(sorted(parts, key=key))
    return parts if _are_same(made, parts) else made


def _are_same(one: tuple[object, ...], other: tuple[object, ...]) -> bool:
    return len(one) == len(other) and all(each is was for each, was in zip(one, other, strict=True))


__all__ = ["canonical", "canonical_extra", "canonical_link", "canonical_type"]
