"""A schema that steps are carried out on: dictionaries that open an entity only when a step touches it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TypeVar

from app.core.errors import StalePlan

from .columns import attribute_after, extra_after, index_after, link_after_rename
from .model import Attribute, Entity, Extra, Index, Link, LinkEnd, LinkKey, Schema, link_key
from .references import with_renamed
from .wording import link_words

Part = TypeVar("Part", Attribute, Index)


def _refused(what: str, problem: str) -> StalePlan:
    sentence = f"The schema is not as it was when this was planned: {what} {problem}."
    return StalePlan(sentence, remedy="Review the changes against the schema as it is now.")


class _OpenEntity:
    """An entity that can be changed."""

    __slots__ = ("attributes", "extra", "indexes", "is_system", "name")

    def __init__(self, entity: Entity) -> None:
        self.name = entity.name
        self.attributes = {each.name: each for each in entity.attributes}
        self.indexes = {each.name: each for each in entity.indexes}
        self.is_system = entity.is_system
        self.extra = entity.extra

    def closed(self) -> Entity:
        attributes, indexes = tuple(self.attributes.values()), tuple(self.indexes.values())
        return Entity(self.name, attributes, indexes, self.is_system, self.extra)

    def rename_attribute(self, old: str, new: str) -> None:
        names = {old: new}
        self.attributes = _renamed(self.name, self.attributes, old, new)
        self.attributes.update({each.name: attribute_after(each, names) for each in self._with_extra()})
        self.indexes = {name: index_after(each, names) for name, each in self.indexes.items()}
        self.extra = extra_after(self.extra, names)

    def _with_extra(self) -> list[Attribute]:
        return [each for each in self.attributes.values() if each.extra]

    def is_like(self, entity: Entity) -> bool:
        """Whatever the order of its parts."""
        other = _OpenEntity(entity)
        return (self.attributes, self.indexes, self.extra) == (other.attributes, other.indexes, other.extra)


class Working:
    """All methods raise StalePlan where what they need is missing, there already, or not as expected."""

    def __init__(self, schema: Schema) -> None:
        self._entities: dict[str, Entity | _OpenEntity] = {each.name: each for each in schema.entities}
        self._links: dict[LinkKey, Link] = {link_key(each): each for each in schema.links}
        # What renamed entities were called, by their names now, as long as references to them have not followed:
        # a row of renames costs one walk over the schema.
        self._renamed: dict[str, str] = {}
        # Where each entity stands, so that a renamed one stays there.
        self._places = {name: place for place, name in enumerate(self._entities)}
        self._next_place = len(self._places)
        # Keys of links over attributes by the entities at their ends, from the first renamed attribute on; some of
        # them may be gone since.
        self._over_columns: dict[str, dict[LinkKey, None]] | None = None

    def schema(self) -> Schema:
        self._follow_renames()
        names = sorted(self._entities, key=self._places.__getitem__)
        entities = (self._entities[name] for name in names)
        closed = (each.closed() if isinstance(each, _OpenEntity) else each for each in entities)
        return Schema(tuple(closed), tuple(self._links.values()))

    # Entities

    def add_entity(self, entity: Entity) -> None:
        self._follow_renames()
        self._expect_free(entity.name)
        self._entities[entity.name] = entity
        self._places[entity.name] = self._next_place
        self._next_place += 1

    def drop_entity(self, entity: Entity) -> None:
        if not self._opened(entity.name).is_like(entity):
            raise _refused(entity.name, "is another than it was")
        del self._entities[entity.name], self._places[entity.name]

    def rename_entity(self, old: str, new: str) -> None:
        self._expect_free(new)
        entity = self._open(old)
        entity.name = new
        self._entities[new] = self._entities.pop(old)
        self._places[new] = self._places.pop(old)
        self._renamed[new] = self._renamed.pop(old, old)

    def set_extra(self, name: str, before: Extra, after: Extra) -> None:
        entity = self._opened(name)
        if entity.extra != before:
            raise _refused(name, "is another than it was")
        entity.extra = after

    def _opened(self, name: str) -> _OpenEntity:
        self._follow_renames()
        return self._open(name)

    def _open(self, name: str) -> _OpenEntity:
        found = self._entities.get(name)
        if found is None:
            raise _refused(f"the entity {name}", "is not there")
        if isinstance(found, Entity):
            found = self._entities[name] = _OpenEntity(found)
        return found

    def _expect_free(self, name: str) -> None:
        if name in self._entities:
            raise _refused(f"the entity {name}", "is there already")

    def _follow_renames(self) -> None:
        if not self._renamed:
            return
        names = {before: now for now, before in self._renamed.items() if before != now}
        self._renamed = {}
        for name, entity in self._entities.items():
            parts = entity.attributes.values() if isinstance(entity, _OpenEntity) else entity.attributes
            moved = [after for each in parts if (after := _attribute_after(each, names)) is not each]
            if moved:
                self._open(name).attributes.update({each.name: each for each in moved})
        self._links = {link_key(link): link for link in (_link_after(each, names) for each in self._links.values())}
        self._over_columns = None

    # Attributes

    def add_attribute(self, entity: str, attribute: Attribute) -> None:
        _add(entity, self._opened(entity).attributes, attribute)

    def drop_attribute(self, entity: str, attribute: Attribute) -> None:
        parts = self._opened(entity).attributes
        _expect(entity, parts, attribute)
        del parts[attribute.name]

    def change_attribute(self, entity: str, before: Attribute, after: Attribute) -> None:
        parts = self._opened(entity).attributes
        _expect(entity, parts, before)
        parts[before.name] = after

    def rename_attribute(self, entity: str, old: str, new: str) -> None:
        self._opened(entity).rename_attribute(old, new)
        for key in self._keys_over_columns(entity):
            if (link := self._links.get(key)) is not None:
                self._links[key] = link_after_rename(link, entity, {old: new})

    # Indexes

    def add_index(self, entity: str, index: Index) -> None:
        _add(entity, self._opened(entity).indexes, index)

    def drop_index(self, entity: str, index: Index) -> None:
        parts = self._opened(entity).indexes
        _expect(entity, parts, index)
        del parts[index.name]

    def change_index(self, entity: str, before: Index, after: Index) -> None:
        parts = self._opened(entity).indexes
        _expect(entity, parts, before)
        parts[before.name] = after

    def rename_index(self, entity: str, old: str, new: str) -> None:
        opened = self._opened(entity)
        opened.indexes = _renamed(entity, opened.indexes, old, new)

    # Links

    def add_link(self, link: Link) -> None:
        self._follow_renames()
        for end in (link.forward, link.reverse):
            if end.entity not in self._entities:
                raise _refused(f"the entity {end.entity}", "is not there")
        if link_key(link) in self._links:
            raise _refused(f"the link {link_words(link)}", "is there already")
        self._links[link_key(link)] = link
        self._know_columns(link)

    def drop_link(self, link: Link) -> None:
        self._follow_renames()
        self._expect_link(link)
        del self._links[link_key(link)]

    def change_link(self, before: Link, after: Link) -> None:
        """Also to another name or other labels."""
        self._follow_renames()
        self._expect_link(before)
        old, new = link_key(before), link_key(after)
        if new != old:
            if new in self._links:
                raise _refused(f"the link {link_words(after)}", "is there already")
            del self._links[old]
        self._links[new] = after
        self._know_columns(after)

    def _keys_over_columns(self, entity: str) -> tuple[LinkKey, ...]:
        if self._over_columns is None:
            self._over_columns = {}
            for each in self._links.values():
                self._know_columns(each)
        return tuple(self._over_columns.get(entity, ()))

    def _know_columns(self, link: Link) -> None:
        if link.columns and self._over_columns is not None:
            for end in (link.forward, link.reverse):
                self._over_columns.setdefault(end.entity, {})[link_key(link)] = None

    def _expect_link(self, link: Link) -> None:
        found = self._links.get(link_key(link))
        if found != link:
            problem = "is not there" if found is None else "is another than it was"
            raise _refused(f"the link {link_words(link)}", problem)


def _attribute_after(attribute: Attribute, names: Mapping[str, str]) -> Attribute:
    kind = with_renamed(attribute.type, names)
    return attribute if kind is attribute.type else replace(attribute, type=kind)


def _link_after(link: Link, names: Mapping[str, str]) -> Link:
    if link.forward.entity not in names and link.reverse.entity not in names:
        return link
    return replace(link, forward=_end_after(link.forward, names), reverse=_end_after(link.reverse, names))


def _end_after(end: LinkEnd, names: Mapping[str, str]) -> LinkEnd:
    return replace(end, entity=names.get(end.entity, end.entity))


def _add(entity: str, parts: dict[str, Part], part: Part) -> None:
    if part.name in parts:
        raise _refused(f"{entity}.{part.name}", "is there already")
    parts[part.name] = part


def _expect(entity: str, parts: Mapping[str, Part], part: Part) -> None:
    found = parts.get(part.name)
    if found != part:
        raise _refused(f"{entity}.{part.name}", "is not there" if found is None else "is another than it was")


def _renamed(entity: str, parts: Mapping[str, Part], old: str, new: str) -> dict[str, Part]:
    """In the same order."""
    if old not in parts:
        raise _refused(f"{entity}.{old}", "is not there")
    if new in parts:
        raise _refused(f"{entity}.{new}", "is there already")
    return {(new if name == old else name): each for name, each in parts.items()} | {new: replace(parts[old], name=new)}
