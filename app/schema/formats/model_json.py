"""Schemas, plans and their parts as JSON text and back, for the local database: every type of the model, without
loss."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import MISSING, fields
from typing import Any, TypeVar, get_args

from app.schema import model, types

T = TypeVar("T")

_MODEL = (model.Schema, model.Entity, model.Attribute, model.Index, model.Link, model.LinkEnd)
_TYPES = (*get_args(types.Type), types.ObjectField)
_CLASSES: dict[str, type[Any]] = {}
# Names and defaults of the fields; a field that has no default is always written.
_FIELDS: dict[type[Any], tuple[tuple[str, Any], ...]] = {}
_KIND = "_"


def _know(classes: Iterable[type[Any]]) -> None:
    for made in classes:
        _CLASSES[made.__name__] = made
        _FIELDS[made] = tuple((each.name, each.default) for each in fields(made))


_know((*_MODEL, *_TYPES))


def _know_plans() -> None:
    """Schemas are read at every start; steps only where something is staged or was pushed."""
    from app.schema import operations
    from app.schema.compare import Plan, Renames

    _know((*get_args(operations.Operation), Plan, Renames))


def to_text(schema: model.Schema) -> str:
    return text_of(plain_of(schema))


def from_text(text: str) -> model.Schema:
    """Raises ValueError for a text that ``to_text`` of this version did not write."""
    return value_of(parsed(text), model.Schema)


def text_of(plain: Any) -> str:
    # Escaped: half characters of a server must come back as they were.
    return json.dumps(plain, separators=(",", ":"))


def parsed(text: str) -> Any:
    """Raises ValueError for what is no JSON."""
    try:
        return json.loads(text)
    except RecursionError as error:
        raise ValueError("Too deep.") from error


def plain_of(value: Any) -> Any:
    """What JSON can hold. Defaults are left out: most attributes have little else."""
    names = _FIELDS.get(type(value))
    if names is None and hasattr(value, "__dataclass_fields__"):
        _know_plans()
        names = _FIELDS.get(type(value))
    if names is not None:
        kept: dict[str, Any] = {_KIND: type(value).__name__}
        for name, default in names:
            each = getattr(value, name)
            if default is MISSING or each != default:
                kept[name] = plain_of(each)
        return kept
    return [plain_of(each) for each in value] if isinstance(value, tuple) else value


def value_of(plain: Any, kind: type[T]) -> T:
    """Raises ValueError for what ``plain_of`` of this version did not make of a ``kind``."""
    try:
        value = _value(plain)
    except (KeyError, TypeError, RecursionError) as error:
        raise ValueError(f"Not a {kind.__name__}: {error!r}") from error
    if not isinstance(value, kind):
        raise ValueError(f"Not a {kind.__name__}.")
    return value


def _value(plain: Any) -> Any:
    if isinstance(plain, list):
        return tuple([_value(each) for each in plain])
    if isinstance(plain, dict):
        made = _CLASSES.get(plain[_KIND])
        if made is None:
            _know_plans()
            made = _CLASSES[plain[_KIND]]
        return made(**{name: _value(each) for name, each in plain.items() if name != _KIND})
    return plain
