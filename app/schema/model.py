"""Schema, entity, attribute, link and index: immutable, comparable, hashable."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Literal

from .types import AnyType, Type

Cardinality = Literal["one", "many"]
OnDelete = Literal["cascade", "restrict", "set-null"]
# What a platform adds beyond the model rides along as sorted pairs of name and JSON text.
Extra = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Attribute:
    """One attribute (a column). ``default`` is the platform's own text, None for none.

    ``is_system``: the platform owns it, it can be read but not changed.
    """

    name: str
    type: Type = AnyType()
    is_required: bool = False
    is_unique: bool = False
    is_indexed: bool = False
    default: str | None = None
    is_system: bool = False
    extra: Extra = ()


@dataclass(frozen=True, slots=True)
class Index:
    """An index over several attributes, or of a special kind; single plain ones are ``Attribute.is_indexed``."""

    name: str
    attributes: tuple[str, ...]
    is_unique: bool = False
    kind: str = ""
    extra: Extra = ()


@dataclass(frozen=True, slots=True)
class Entity:
    """One entity (a table, a collection). ``is_system``: it comes with the platform (``$users``)."""

    name: str
    attributes: tuple[Attribute, ...] = ()
    indexes: tuple[Index, ...] = ()
    is_system: bool = False
    extra: Extra = ()

    def attribute(self, name: str) -> Attribute | None:
        return next((each for each in self.attributes if each.name == name), None)


@dataclass(frozen=True, slots=True)
class LinkEnd:
    """One side of a link: ``entity`` carries ``label``, which leads to one or many of the other side.

    ``on_delete`` says what happens to the entities of *this* side when the other side is deleted.
    """

    entity: str
    label: str
    has: Cardinality
    is_required: bool = False
    on_delete: OnDelete | None = None


@dataclass(frozen=True, slots=True, repr=False)
class Link:
    """A relationship with a name of its own; ``forward`` is the side that stores it.

    ``columns`` are pairs of an attribute of the forward entity and the one of the reverse entity that it leads to, in
    the order of the key; empty on platforms that link rows without attributes.
    """

    name: str
    forward: LinkEnd
    reverse: LinkEnd
    is_system: bool = False
    extra: Extra = ()
    columns: tuple[tuple[str, str], ...] = ()

    def __repr__(self) -> str:
        """Without columns the same as ever: fingerprints are made of it, and are kept."""
        parts = f"name={self.name!r}, forward={self.forward!r}, reverse={self.reverse!r}, is_system={self.is_system!r}"
        columns = f", columns={self.columns!r}" if self.columns else ""
        return f"Link({parts}, extra={self.extra!r}{columns})"


LinkKey = tuple[str, str, str, str]


def link_key(link: Link) -> LinkKey:
    """What tells links apart: forward entity and label, reverse entity and label."""
    return (link.forward.entity, link.forward.label, link.reverse.entity, link.reverse.label)


@dataclass(frozen=True, slots=True)
class Schema:
    """All entities and links of one app; order is not part of its meaning (see ``normalised``)."""

    entities: tuple[Entity, ...] = ()
    links: tuple[Link, ...] = ()

    def entity(self, name: str) -> Entity | None:
        return next((each for each in self.entities if each.name == name), None)

    def normalised(self) -> Schema:
        """The same schema with every part in order of name: equal meanings become equal values."""
        return Schema(
            entities=tuple(
                Entity(
                    name=each.name,
                    attributes=tuple(sorted(each.attributes, key=lambda part: part.name)),
                    indexes=tuple(sorted(each.indexes, key=lambda part: part.name)),
                    is_system=each.is_system,
                    extra=each.extra,
                )
                for each in sorted(self.entities, key=lambda part: part.name)
            ),
            links=tuple(sorted(self.links, key=lambda part: (part.name, *link_key(part)))),
        )

    def fingerprint(self) -> str:
        """16 hexadecimal digits; equal for schemas of equal meaning."""
        return hashlib.sha256(repr(self.normalised()).encode()).hexdigest()[:16]
