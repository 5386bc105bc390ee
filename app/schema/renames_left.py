"""What is left of wanted renames where some are done already, or are halfway under names of their own."""

from __future__ import annotations

from collections.abc import Iterable

from .compare import Renames
from .model import Schema

Name = tuple[str, str]
Pairs = Iterable[tuple[Name, Name]]


def renames_left(base: Schema, done: Renames, wanted: Renames) -> Renames:
    """From the names that ``done`` gave to those that ``wanted`` asks for; both start from ``base``.

    ``done`` is known for sure, by a platform's own IDs: a name alone cannot tell whether two parts changed places.
    """
    now, then = _Names(done), _Names(wanted)
    entities = [each.name for each in base.entities]
    attributes = [(each.name, part.name) for each in base.entities for part in each.attributes]
    indexes = [(each.name, part.name) for each in base.entities for part in each.indexes]
    heads = [(each.forward.entity, each.forward.label) for each in base.links]
    return Renames(
        tuple((now.entity(name), then.entity(name)) for name in entities if now.entity(name) != then.entity(name)),
        _in_entity((now.attribute(name), then.attribute(name)) for name in attributes),
        tuple((now.link(head), then.link(head)) for head in heads if now.link(head) != then.link(head)),
        _in_entity((now.index(name), then.index(name)) for name in indexes),
    )


class _Names:
    """What the parts of a schema are called after renames."""

    def __init__(self, renames: Renames) -> None:
        self._entities = dict(renames.entities)
        self._attributes = {(entity, old): new for entity, old, new in renames.attributes}
        self._links = dict(renames.links)
        self._indexes = {(entity, old): new for entity, old, new in renames.indexes}

    def entity(self, name: str) -> str:
        return self._entities.get(name, name)

    def attribute(self, name: Name) -> Name:
        return self.entity(name[0]), self._attributes.get(name, name[1])

    def link(self, head: Name) -> Name:
        return self._links.get(head, (self.entity(head[0]), head[1]))

    def index(self, name: Name) -> Name:
        return self.entity(name[0]), self._indexes.get(name, name[1])


def _in_entity(pairs: Pairs) -> tuple[tuple[str, str, str], ...]:
    return tuple((now[0], now[1], then[1]) for now, then in pairs if now[1] != then[1])
