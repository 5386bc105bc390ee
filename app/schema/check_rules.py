"""What a platform allows in a schema, and how a breach of it is told."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from app.core.text import plain

from .model import LinkKey, OnDelete
from .types import Type

Part = Literal["entity", "attribute", "link", "index"]


@dataclass(frozen=True, slots=True)
class Rules:
    """``name_pattern`` is a regular expression that a whole name has to match, ``name_words`` the same in words.

    ``types`` are what a new attribute can get, the usual one first; ``other_types`` are taken as well, and mean one of
    those. ``system_entities`` are what the platform itself makes under its ``reserved_prefix``; only ``extendable``
    ones take attributes and links. ``reserved_names`` are names of attributes and labels that mean something else;
    ``query_words`` are allowed, and cannot be asked for in queries. ``has_indexes`` is about those over several
    attributes or of a special kind.
    """

    platform: str = "the platform"
    name_pattern: str = r"[^\s.]+"
    name_words: str = "Use a name without spaces and dots."
    max_length: int = 200
    reserved_prefix: str = ""
    system_entities: frozenset[str] = frozenset()
    extendable: frozenset[str] = frozenset()
    system_attributes: frozenset[tuple[str, str]] = frozenset()
    system_links: frozenset[LinkKey] = frozenset()
    reserved_names: frozenset[str] = frozenset()
    query_words: frozenset[str] = frozenset()
    types: tuple[Type, ...] = ()
    other_types: tuple[Type, ...] = ()
    on_delete: tuple[OnDelete, ...] = ()
    has_indexes: bool = True
    has_defaults: bool = True
    has_empty_entities: bool = True
    can_require_on_system: bool = True
    can_require_reverse: bool = True
    can_cascade_many: bool = True


@dataclass(frozen=True, slots=True)
class Problem:
    """``place`` is ``todos``, ``todos.title`` or ``todos.owner``; ``field`` names the cell (``name``, ``type``,
    ``label``, ``on_delete``…). What is no error can be pushed, but was hardly meant."""

    place: str
    part: Part
    field: str
    sentence: str
    remedy: str
    is_error: bool = True


Found = Iterator[Problem]


def shown(name: str) -> str:
    """A name as it stands in a sentence."""
    return plain(name, 60) or "(no name)"
