"""Which part of a text is which part of the wanted schema: by name, by confirmed rename, by looks."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from app.schema.model import Attribute, Entity, Link
from app.schema.types import AnyType, JsonType, Type

from .instant_ts_parse import Document, LinkText

if TYPE_CHECKING:
    from app.schema.compare import Renames


@dataclass(slots=True)
class Matches:
    """New names by old ones, only where they differ; ``links`` in order of the text, None for those that go."""

    entities: dict[str, str] = field(default_factory=dict)
    links: list[tuple[LinkText, Link | None]] = field(default_factory=list)
    new_links: list[Link] = field(default_factory=list)


def renamed(
    old: Mapping[str, Hashable], new: Mapping[str, Hashable], confirmed: Iterable[tuple[str, str]] | None
) -> dict[str, str]:
    """Old to new names among what is missing and what is new, both with their looks.

    Without confirmed renames (None), one that is missing and one that is new are the same where no others look so:
    this decides only which text is changed, never what it means.
    """
    if confirmed is not None:
        return {a: b for a, b in confirmed if a in old and b in new and a not in new and b not in old}
    gone, come = _by_looks(old, new), _by_looks(new, old)
    return {names[0]: come[looks][0] for looks, names in gone.items() if len(names) == len(come.get(looks, ())) == 1}


def _by_looks(parts: Mapping[str, Hashable], others: Mapping[str, Hashable]) -> dict[Hashable, list[str]]:
    found: dict[Hashable, list[str]] = defaultdict(list)
    for name, looks in parts.items():
        if name not in others:
            found[looks].append(name)
    return found


def type_kind(kind: Type) -> Type:
    """``json`` and ``any`` are one to the platform."""
    return AnyType() if isinstance(kind, JsonType) else kind


def attribute_looks(attribute: Attribute) -> Hashable:
    return type_kind(attribute.type), attribute.is_required, attribute.is_unique, attribute.is_indexed


def entity_looks(entity: Entity) -> Hashable:
    """Entities without attributes have no looks: each is its own."""
    return frozenset((each.name, type_kind(each.type)) for each in entity.attributes) or entity.name


def match(
    document: Document, entities: Mapping[str, Entity], links: Iterable[Link], renames: Renames | None
) -> Matches:
    """What in the text is what in the wanted schema."""
    old = {
        name: entity_looks(each.entity) if name not in entities else None for name, each in document.entities.items()
    }
    new = {name: entity_looks(each) if name not in old else None for name, each in entities.items()}
    matches = Matches(renamed(old, new, None if renames is None else renames.entities))
    _match_links(document, list(links), matches, renames)
    return matches


def _match_links(document: Document, wanted: list[Link], matches: Matches, renames: Renames | None) -> None:
    """The surest likeness first: all four ends, a confirmed rename, the name, one of the ends."""
    entity = matches.entities
    labels = dict(renames.links) if renames is not None else {}

    def forward(link: Link) -> tuple[str, str]:
        return entity.get(link.forward.entity, link.forward.entity), link.forward.label

    def reverse(link: Link) -> tuple[str, str]:
        return entity.get(link.reverse.entity, link.reverse.entity), link.reverse.label

    def confirmed(link: Link) -> Hashable:
        return labels.get((link.forward.entity, link.forward.label))

    likenesses: tuple[tuple[Callable[[Link], Hashable], Callable[[Link], Hashable]], ...] = (
        (lambda link: (forward(link), reverse(link)), lambda link: (_forward(link), _reverse(link))),
        (confirmed, _forward),
        (lambda link: link.name, lambda link: link.name),
        (forward, _forward),
        (reverse, _reverse),
    )
    found: dict[int, Link] = {}
    left = wanted
    for of_text, of_wanted in likenesses:
        open_ones: dict[Hashable, Link] = {}
        for link in left:
            open_ones.setdefault(of_wanted(link), link)
        taken = set()
        for index, each in enumerate(document.links):
            if index not in found and (match_ := open_ones.pop(of_text(each.link), None)) is not None:
                found[index] = match_
                taken.add(id(match_))
        left = [each for each in left if id(each) not in taken]
        if not left:
            break
    matches.links = [(each, found.get(index)) for index, each in enumerate(document.links)]
    matches.new_links = left


def _forward(link: Link) -> tuple[str, str]:
    return link.forward.entity, link.forward.label


def _reverse(link: Link) -> tuple[str, str]:
    return link.reverse.entity, link.reverse.label
