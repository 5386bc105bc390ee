"""Staged edits and plans as JSON text and back, for the local database."""

from __future__ import annotations

import json
from dataclasses import MISSING, fields
from typing import Any, TypeVar, get_args

from app.schema import compare, model, operations, types
from app.schema.compare import Plan, Renames
from app.schema.draft import Draft
from app.schema.model import Entity, Link, Schema

Part = TypeVar("Part", Entity, Link)

_MODEL = (model.Schema, model.Entity, model.Attribute, model.Index, model.Link, model.LinkEnd)
_TYPES = (*get_args(types.Type), types.ObjectField)
_CLASSES: dict[str, type[Any]] = {
    each.__name__: each for each in (*_MODEL, *_TYPES, *get_args(operations.Operation), compare.Plan, compare.Renames)
}
# Names and defaults of the fields; a field that has none is always written.
_FIELDS = {made: tuple((each.name, each.default) for each in fields(made)) for made in _CLASSES.values()}
_KIND = "_"


def plan_to_text(plan: Plan, renames: Renames) -> str:
    """The renames too: the plan's reverse is planned anew, with them."""
    return _text({"plan": _plain(plan), "renames": _plain(renames)})


def plan_from_text(text: str) -> tuple[Plan, Renames]:
    """Raises ValueError for a text that this version did not write."""
    data = _object(text)
    plan, renames = _checked(data.get("plan"), Plan), _checked(data.get("renames"), Renames)
    return plan, renames


def schema_to_text(schema: Schema) -> str:
    return _text(_plain(schema))


def edits_to_text(draft: Draft) -> str:
    """Without the base: a part that the draft left as it was is its number in the base.

    So a save costs what was edited, not what the schema has.
    """
    return _text(
        {
            "entities": _delta(draft.base.entities, draft.wanted.entities),
            "links": _delta(draft.base.links, draft.wanted.links),
            "renames": _plain(draft.renames),
        }
    )


def draft_from_texts(base: str, edits: str) -> Draft:
    """Raises ValueError for texts that this version did not write."""
    actual = _checked(_parsed(base), Schema)
    data = _object(edits)
    entities = _undelta(actual.entities, data.get("entities"), Entity)
    links = _undelta(actual.links, data.get("links"), Link)
    return Draft(actual, Schema(entities, links), _checked(data.get("renames"), Renames))


def _delta(base: tuple[Part, ...], wanted: tuple[Part, ...]) -> list[Any]:
    numbers = {id(each): number for number, each in enumerate(base)}
    return [numbers[id(each)] if id(each) in numbers else _plain(each) for each in wanted]


def _undelta(base: tuple[Part, ...], delta: Any, kind: type[Part]) -> tuple[Part, ...]:
    if not isinstance(delta, list):
        raise ValueError("Not staged edits.")
    try:
        return tuple(base[each] if isinstance(each, int) else _checked(each, kind) for each in delta)
    except IndexError as error:
        raise ValueError("Not edits of this base.") from error


def _text(plain: Any) -> str:
    # Escaped: half characters of a server must come back as they were.
    return json.dumps(plain, separators=(",", ":"))


def _object(text: str) -> dict[str, Any]:
    data = _parsed(text)
    if not isinstance(data, dict):
        raise ValueError("Not an object.")
    return data


def _parsed(text: str) -> Any:
    try:
        return json.loads(text)
    except RecursionError as error:
        raise ValueError("Too deep.") from error


_T = TypeVar("_T")


def _checked(plain: Any, kind: type[_T]) -> _T:
    try:
        value = _value(plain)
    except (KeyError, TypeError, RecursionError) as error:
        raise ValueError(f"Not a {kind.__name__}: {error!r}") from error
    if not isinstance(value, kind):
        raise ValueError(f"Not a {kind.__name__}.")
    return value


def _plain(value: Any) -> Any:
    names = _FIELDS.get(type(value))
    if names is not None:
        kept: dict[str, Any] = {_KIND: type(value).__name__}
        for name, default in names:
            each = getattr(value, name)
            if default is MISSING or each != default:
                kept[name] = _plain(each)
        return kept
    return [_plain(each) for each in value] if isinstance(value, tuple) else value


def _value(plain: Any) -> Any:
    if isinstance(plain, list):
        return tuple([_value(each) for each in plain])
    if isinstance(plain, dict):
        made = _CLASSES[plain[_KIND]]
        return made(**{name: _value(each) for name, each in plain.items() if name != _KIND})
    return plain
