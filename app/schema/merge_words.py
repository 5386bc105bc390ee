"""How a conflict between two edits of one schema is told."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from app.core.text import plain

from .type_names import type_name

_FLAGS = {
    "is_required": ("required", "optional"),
    "is_unique": ("unique", "not unique"),
    "is_indexed": ("indexed", "not indexed"),
    "is_system": ("of the platform", "not of the platform"),
}


@dataclass(frozen=True, slots=True)
class MergeConflict:
    """One part that both changed, each in another way. ``theirs`` and ``mine`` say what each wants, in a few words."""

    place: str
    sentence: str
    theirs: str
    mine: str


def shown(place: str) -> str:
    return plain(place, 120)


def both_changed(place: str, fields: Iterable[str], theirs: Any, mine: Any) -> MergeConflict:
    names = list(fields)
    sentence = f"{shown(place)} was changed on both sides, each in another way."
    return MergeConflict(place, sentence, _values(names, theirs), _values(names, mine))


def both_added(place: str, fields: Iterable[str], theirs: Any, mine: Any) -> MergeConflict:
    names = list(fields)
    sentence = f"{shown(place)} was added on both sides, each in another way."
    return MergeConflict(place, sentence, _values(names, theirs), _values(names, mine))


def they_removed(place: str) -> MergeConflict:
    sentence = f"{shown(place)} was removed by somebody else, and you changed it."
    return MergeConflict(place, sentence, "removed", "changed")


def you_removed(place: str) -> MergeConflict:
    sentence = f"{shown(place)} was changed by somebody else, and you removed it."
    return MergeConflict(place, sentence, "changed", "removed")


def same_name(place: str, mine: str) -> MergeConflict:
    """``mine`` is the name in the live schema of what was renamed so, "" for a new part."""
    sentence = f"{shown(place)} is the name of two different parts now."
    return MergeConflict(place, sentence, "has the name", f"{shown(mine)} renamed" if mine else "added")


def _values(fields: list[str], part: Any) -> str:
    return ", ".join(_value(each, getattr(part, each)) for each in fields)


def _value(field: str, value: Any) -> str:
    if field in _FLAGS:
        return _FLAGS[field][0 if value else 1]
    match field:
        case "type":
            return plain(type_name(value), 80)
        case "name" | "kind" | "label":
            return f"{field} {plain(str(value), 60)}"
        case "has":
            return f"has {value}"
        case "on_delete":
            return f"on delete {value or 'keep'}"
        case "default":
            return f"default {plain(str(value), 60)}" if value is not None else "no default"
        case "attributes":
            return f"over {', '.join(plain(each, 40) for each in value)}"
        case _:
            return "another setting"
