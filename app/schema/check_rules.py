"""What a platform allows in a schema, and how a breach of it is told."""

from __future__ import annotations

from collections.abc import Callable, Iterator
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
    attributes or of a special kind, and ``index_kinds`` are the kinds that there are, the usual one first.

    ``max_bytes`` limits a name in UTF-8; ``name_parts`` takes an entity's name apart where each part has to fit by
    itself, and raises Invalid where that cannot be. ``parse_type`` makes a type of a text that the operator wrote, and
    raises Invalid; ``takes_type`` says whether the platform can keep a type, whatever ``types`` lists. With
    ``links_have_columns`` each link is over attributes of both entities (``Link.columns``), and its name stands apart
    from those of attributes; without ``has_reverse_labels`` its other end has no name.
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
    parse_type: Callable[[str], Type] | None = None
    takes_type: Callable[[Type], bool] | None = None
    name_parts: Callable[[str], tuple[str, ...]] | None = None
    max_bytes: int | None = None
    has_reverse_labels: bool = True
    links_have_columns: bool = False
    index_kinds: tuple[str, ...] = ()


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
