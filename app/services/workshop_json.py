"""Staged edits and plans as JSON text and back, for the local database."""

from __future__ import annotations

from typing import Any, TypeVar

from app.schema.compare import Plan, Renames
from app.schema.draft import Draft
from app.schema.formats.model_json import from_text, parsed, plain_of, text_of, value_of
from app.schema.model import Entity, Link, Schema

Part = TypeVar("Part", Entity, Link)


def plan_to_text(plan: Plan, renames: Renames) -> str:
    """The renames too: the plan's reverse is planned anew, with them."""
    return text_of({"plan": plain_of(plan), "renames": plain_of(renames)})


def plan_from_text(text: str) -> tuple[Plan, Renames]:
    """Raises ValueError for a text that this version did not write."""
    data = _object(text)
    return value_of(data.get("plan"), Plan), value_of(data.get("renames"), Renames)


def edits_to_text(draft: Draft) -> str:
    """Without the base: a part that the draft left as it was is its number in the base.

    So a save costs what was edited, not what the schema has.
    """
    return text_of(
        {
            "entities": _delta(draft.base.entities, draft.wanted.entities),
            "links": _delta(draft.base.links, draft.wanted.links),
            "renames": plain_of(draft.renames),
        }
    )


def draft_from_texts(base: str, edits: str) -> Draft:
    """Raises ValueError for texts that this version did not write."""
    actual, data = from_text(base), _object(edits)
    entities = _undelta(actual.entities, data.get("entities"), Entity)
    links = _undelta(actual.links, data.get("links"), Link)
    return Draft(actual, Schema(entities, links), value_of(data.get("renames"), Renames))


def _delta(base: tuple[Part, ...], wanted: tuple[Part, ...]) -> list[Any]:
    numbers = {id(each): number for number, each in enumerate(base)}
    return [numbers[id(each)] if id(each) in numbers else plain_of(each) for each in wanted]


def _undelta(base: tuple[Part, ...], delta: Any, kind: type[Part]) -> tuple[Part, ...]:
    if not isinstance(delta, list):
        raise ValueError("Not staged edits.")
    try:
        return tuple(base[each] if isinstance(each, int) else value_of(each, kind) for each in delta)
    except IndexError as error:
        raise ValueError("Not edits of this base.") from error


def _object(text: str) -> dict[str, Any]:
    data = parsed(text)
    if not isinstance(data, dict):
        raise ValueError("Not an object.")
    return data
