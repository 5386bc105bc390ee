"""Entities that a type names, wherever in it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from .types import ArrayType, IdType, ObjectType, RecordType, Type, UnionType

_NESTED = (ArrayType, ObjectType, RecordType, UnionType)
_REFERRING: frozenset[type] = frozenset({IdType, *_NESTED})


def may_refer(value: Type) -> bool:
    """False for most types, at once: nothing inside them can be an entity."""
    return type(value) in _REFERRING


def referenced(value: Type) -> Iterator[str]:
    """Names of entities, possibly more than once."""
    if isinstance(value, IdType):
        yield value.entity
    elif isinstance(value, _NESTED):
        for inner in _parts(value):
            yield from referenced(inner)


def _parts(value: ArrayType | ObjectType | RecordType | UnionType) -> tuple[Type, ...]:
    if isinstance(value, ArrayType):
        return (value.item,)
    if isinstance(value, ObjectType):
        return tuple(each.type for each in value.fields)
    if isinstance(value, RecordType):
        return (value.key, value.value)
    return value.options


def with_renamed(value: Type, names: Mapping[str, str]) -> Type:
    """The same type with entities under their new names; the very same object where it names none of them."""
    if isinstance(value, IdType):
        new = names.get(value.entity, value.entity)
        return value if new == value.entity else replace(value, entity=new)
    if not isinstance(value, _NESTED) or not any(each in names for each in referenced(value)):
        return value
    if isinstance(value, ArrayType):
        return replace(value, item=with_renamed(value.item, names))
    if isinstance(value, ObjectType):
        fields = tuple(replace(each, type=with_renamed(each.type, names)) for each in value.fields)
        return replace(value, fields=fields)
    if isinstance(value, RecordType):
        return replace(value, key=with_renamed(value.key, names), value=with_renamed(value.value, names))
    return replace(value, options=tuple(with_renamed(each, names) for each in value.options))
