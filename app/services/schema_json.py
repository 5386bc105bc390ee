"""A schema as JSON text and back, for the local cache; every type of the model, without loss."""

from __future__ import annotations

import json
from dataclasses import fields
from typing import Any

from app.schema import model, types

_CLASSES: dict[str, type[Any]] = {
    each.__name__: each
    for each in (
        model.Schema,
        model.Entity,
        model.Attribute,
        model.Index,
        model.Link,
        model.LinkEnd,
        types.StringType,
        types.NumberType,
        types.BooleanType,
        types.DateType,
        types.JsonType,
        types.AnyType,
        types.BytesType,
        types.NullType,
        types.IdType,
        types.LiteralType,
        types.EnumType,
        types.ArrayType,
        types.ObjectField,
        types.ObjectType,
        types.RecordType,
        types.UnionType,
        types.NativeType,
    )
}
_KIND = "_"


def to_text(schema: model.Schema) -> str:
    return json.dumps(_plain(schema), separators=(",", ":"), ensure_ascii=False)


def from_text(text: str) -> model.Schema:
    """Raises ValueError for a text that ``to_text`` of this version did not write."""
    try:
        schema = _value(json.loads(text))
    except (KeyError, TypeError) as error:
        raise ValueError(f"Not a schema: {error!r}") from error
    if not isinstance(schema, model.Schema):
        raise ValueError("Not a schema.")
    return schema


def _plain(value: Any) -> Any:
    if type(value).__name__ in _CLASSES:
        kept = {each.name: _plain(getattr(value, each.name)) for each in fields(value) if _differs(value, each.name)}
        return {_KIND: type(value).__name__, **kept}
    return [_plain(each) for each in value] if isinstance(value, tuple) else value


def _differs(value: Any, name: str) -> bool:
    """Defaults are left out: most attributes have little else."""
    default = next(each.default for each in fields(value) if each.name == name)
    return bool(getattr(value, name) != default)


def _value(plain: Any) -> Any:
    if isinstance(plain, list):
        return tuple(_value(each) for each in plain)
    if isinstance(plain, dict):
        made = _CLASSES[plain[_KIND]]
        return made(**{name: _value(each) for name, each in plain.items() if name != _KIND})
    return plain
