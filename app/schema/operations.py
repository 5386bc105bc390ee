"""What can be done to a schema, as data: each step says what it is, what it risks and how it is taken back.

Names in a step are those that hold when its turn comes: after a RenameEntity, later steps use the new name. A step
never touches another part, except that renames carry references along (ends of links, the entity of an IdType,
attributes of an index).
"""

from __future__ import annotations

import enum
from dataclasses import dataclass

from .model import Attribute, Entity, Extra, Index, Link


class Risk(enum.IntEnum):
    """What a step can do to rows that exist; ordered, the worst is the greatest."""

    SAFE = 0
    SLOW = 1
    MAY_FAIL = 2
    DESTROYS = 3


@dataclass(frozen=True, slots=True)
class AddEntity:
    """A new entity with its attributes and indexes; its links are steps of their own."""

    entity: Entity


@dataclass(frozen=True, slots=True)
class DropEntity:
    """The whole entity is kept in the step, so that it can be reversed; its links were dropped before."""

    entity: Entity


@dataclass(frozen=True, slots=True)
class RenameEntity:
    old: str
    new: str


@dataclass(frozen=True, slots=True)
class ChangeEntity:
    """What a platform keeps beyond the model (``Entity.extra``) becomes another."""

    entity: str
    before: Extra
    after: Extra


@dataclass(frozen=True, slots=True)
class AddAttribute:
    entity: str
    attribute: Attribute


@dataclass(frozen=True, slots=True)
class DropAttribute:
    entity: str
    attribute: Attribute


@dataclass(frozen=True, slots=True)
class RenameAttribute:
    entity: str
    old: str
    new: str


@dataclass(frozen=True, slots=True)
class ChangeAttribute:
    """Type, flags, default or extra; ``before`` and ``after`` have the same name."""

    entity: str
    before: Attribute
    after: Attribute


@dataclass(frozen=True, slots=True)
class AddIndex:
    entity: str
    index: Index


@dataclass(frozen=True, slots=True)
class DropIndex:
    entity: str
    index: Index


@dataclass(frozen=True, slots=True)
class RenameIndex:
    entity: str
    old: str
    new: str


@dataclass(frozen=True, slots=True)
class ChangeIndex:
    entity: str
    before: Index
    after: Index


@dataclass(frozen=True, slots=True)
class AddLink:
    link: Link


@dataclass(frozen=True, slots=True)
class DropLink:
    link: Link


@dataclass(frozen=True, slots=True)
class RenameLink:
    """Name or labels change; entities, cardinalities and rules stay."""

    before: Link
    after: Link


@dataclass(frozen=True, slots=True)
class ChangeLink:
    """Cardinality, required, on delete or extra change; name and labels stay."""

    before: Link
    after: Link


Operation = (
    AddEntity
    | DropEntity
    | RenameEntity
    | ChangeEntity
    | AddAttribute
    | DropAttribute
    | RenameAttribute
    | ChangeAttribute
    | AddIndex
    | DropIndex
    | RenameIndex
    | ChangeIndex
    | AddLink
    | DropLink
    | RenameLink
    | ChangeLink
)
