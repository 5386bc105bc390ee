"""All that is wrong with a schema before anything is sent: a platform checks only some of it, and late."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import replace

from . import check_names, check_sql
from .check_links import Links, check_link
from .check_rules import Found, Problem, Rules, shown
from .model import Attribute, Entity, Index, Link, Schema, link_key
from .references import may_refer, referenced
from .type_names import type_name
from .types import Type

__all__ = ["Problem", "Rules", "check", "check_entity"]


def check(schema: Schema, rules: Rules, base: Schema | None = None) -> tuple[Problem, ...]:
    """By entities in their order, then links.

    With ``base``, the live schema: what is wrong there already and stays as it is, is no error any more: it does not
    keep the rest from being pushed.
    """
    return _Check(schema, rules, base).all()


def check_entity(schema: Schema, entity_name: str, rules: Rules, base: Schema | None = None) -> tuple[Problem, ...]:
    """Those of one entity, with both ends of its links; nothing where it is not there."""
    return _Check(schema, rules, base).one(entity_name)


class _Check:
    def __init__(self, schema: Schema, rules: Rules, base: Schema | None) -> None:
        self._schema = schema
        self._rules = rules
        self._base = base
        self._before = {each.name: each for each in base.entities} if base is not None else {}
        self._entities = {each.name: each for each in schema.entities}
        # A link over attributes has a name of its own, which may be that of an attribute.
        links = () if rules.links_have_columns else schema.links
        self._ends = Counter((end.entity, end.label) for link in links for end in (link.forward, link.reverse))
        keys = Counter(map(link_key, schema.links))
        self._allowed = check_names.allows(rules)
        self._plain_types = {each: not may_refer(each) for each in (*rules.types, *rules.other_types)}
        if rules.takes_type is not None:
            self._plain_types = {}
        self._links = Links(self._entities, self._ends, keys, rules)

    def all(self) -> tuple[Problem, ...]:
        names = Counter(each.name for each in self._schema.entities)
        found: list[Problem] = []
        for each in self._schema.entities:
            found += self._entity(each, names[each.name])
        if self._rules.links_have_columns:
            found += self._shared_names()
        return (*found, *self._of_links(self._schema.links))

    def one(self, name: str) -> tuple[Problem, ...]:
        entities = [each for each in self._schema.entities if each.name == name]
        if not entities:
            return ()
        links = [each for each in self._schema.links if name in (each.forward.entity, each.reverse.entity)]
        found = [problem for each in entities for problem in self._entity(each, len(entities))]
        return (*found, *self._of_links(links))

    def _shared_names(self) -> Found:
        is_known = {each.place for each in _of_all(self._base)} if self._base is not None else set()
        for each in _of_all(self._schema):
            yield replace(each, is_error=each.place not in is_known)

    # Entities

    def _entity(self, entity: Entity, count: int) -> Found:
        if entity.is_system and self._rules.links_have_columns:
            # A view: what it has is the database's.
            return
        before = self._before.get(entity.name)
        is_known = before is not None
        yield from _told(self._entity_itself(entity, count), is_known and count == 1)
        names = Counter(each.name for each in entity.attributes)
        known = {each.name: each for each in before.attributes} if before is not None else {}
        for each in entity.attributes:
            if names[each.name] == 1 and self._is_plain(entity, each):
                continue
            is_same = names[each.name] == 1 and known.get(each.name) == each
            yield from _told(self._attribute(entity, each, names[each.name], each.name in known), is_same)
        yield from self._indexes(entity, before)

    def _entity_itself(self, entity: Entity, count: int) -> Found:
        name, rules = entity.name, self._rules
        yield from check_names.entity_name(name, entity.is_system, rules)
        if count > 1:
            yield Problem(
                name, "entity", "name", f"There are {count} entities {shown(name)}.", "Rename or remove all but one."
            )
        if not entity.attributes and not entity.is_system and not rules.has_empty_entities:
            why = "takes no empty table" if rules.links_have_columns else "would drop it without a word"
            sentence = f"{shown(name)} has no attributes: {rules.platform} {why}."
            yield Problem(name, "entity", "attributes", sentence, "Add an attribute, or remove the entity.")
        if rules.links_have_columns:
            yield from check_sql.check_table(entity, rules)

    # Attributes

    def _is_plain(self, entity: Entity, attribute: Attribute) -> bool:
        """Nothing can be wrong with it: said at once, because most attributes are so."""
        return (
            not attribute.is_system
            and attribute.default is None
            and self._is_plain_type(attribute.type)
            and not attribute.extra
            and self._allowed(attribute.name)
            and (entity.name, attribute.name) not in self._ends
            and entity.name not in self._rules.system_entities
        )

    def _is_plain_type(self, kind: Type) -> bool:
        found = self._plain_types.get(kind)
        if found is None:
            has_rule = self._rules.takes_type is not None
            found = self._plain_types[kind] = has_rule and check_sql.is_plain_type(kind, self._rules)
        return found

    def _attribute(self, entity: Entity, attribute: Attribute, count: int, is_live: bool) -> Found:
        place = f"{entity.name}.{attribute.name}"
        if attribute.is_system:
            if self._base is not None and not is_live:
                yield self._collision(place)
            return
        yield from check_names.attribute_name(entity.name, attribute.name, self._rules)
        if count > 1:
            sentence = f"{shown(entity.name)} has {count} attributes {shown(attribute.name)}."
            yield Problem(place, "attribute", "name", sentence, "Rename or remove all but one.")
        if self._ends.get((entity.name, attribute.name)):
            sentence = f"{shown(entity.name)} has an attribute and a link that are both called {shown(attribute.name)}."
            yield Problem(place, "attribute", "name", sentence, "Choose another name.")
        yield from self._on_system(entity, attribute, place)
        yield from self._type(attribute, place)
        if self._rules.links_have_columns:
            yield from check_sql.check_attribute(attribute, place, self._rules)
        if attribute.default is not None and not self._rules.has_defaults:
            sentence = f"{shown(place)} has a default, and {self._rules.platform} has none."
            yield Problem(place, "attribute", "default", sentence, "Remove the default.")

    def _on_system(self, entity: Entity, attribute: Attribute, place: str) -> Found:
        rules = self._rules
        if entity.name not in rules.system_entities:
            return
        if (entity.name, attribute.name) in rules.system_attributes:
            yield self._collision(place)
        elif entity.name not in rules.extendable:
            sentence = f"{shown(entity.name)} belongs to {rules.platform} and takes no attributes."
            yield Problem(place, "attribute", "name", sentence, f"Add it to {_listed(rules.extendable)} instead.")
        if attribute.is_required and not rules.can_require_on_system:
            sentence = f"{shown(place)} is required, but {shown(entity.name)} belongs to {rules.platform}."
            yield Problem(place, "attribute", "is_required", sentence, "Make it optional.")

    def _collision(self, place: str) -> Problem:
        sentence = f"{shown(place)} comes with {self._rules.platform} already."
        return Problem(place, "attribute", "name", sentence, "Choose another name.")

    def _type(self, attribute: Attribute, place: str) -> Found:
        rules = self._rules
        kind = attribute.type
        if rules.takes_type is not None:
            if not rules.takes_type(kind):
                sentence = f"{shown(place)} is of type {shown(type_name(kind))}, which {rules.platform} does not have."
                yield Problem(place, "attribute", "type", sentence, "Choose another type.")
        elif rules.types and kind not in rules.types and kind not in rules.other_types:
            sentence = f"{shown(place)} is of type {shown(type_name(kind))}, which {rules.platform} does not have."
            yield Problem(place, "attribute", "type", sentence, f"Choose {_listed(map(type_name, rules.types))}.")
        for name in dict.fromkeys(referenced(kind)):
            # Names with _ are the platform's own tables, such as Convex's _storage.
            if name and name not in self._entities and not name.startswith("_"):
                sentence = f"{shown(place)} is an id of {shown(name)}, which is not there."
                yield Problem(place, "attribute", "type", sentence, "Choose another type, or add the entity.")

    # Indexes

    def _indexes(self, entity: Entity, before: Entity | None) -> Found:
        names = Counter(each.name for each in entity.indexes)
        known = before.indexes if before is not None else ()
        for each in entity.indexes:
            yield from _told(self._index(entity, each, names[each.name]), names[each.name] == 1 and each in known)

    def _index(self, entity: Entity, index: Index, count: int) -> Found:
        place, rules = f"{entity.name}.{index.name}", self._rules
        if not rules.has_indexes:
            sentence = (
                f"{shown(entity.name)} has the index {shown(index.name)}: {rules.platform} has none of this kind."
            )
            yield Problem(place, "index", "name", sentence, "Remove it; mark single attributes as indexed instead.")
            return
        if not index.name.strip():
            yield Problem(place, "index", "name", f"An index of {shown(entity.name)} has no name.", "Enter one.")
        if count > 1:
            sentence = f"{shown(entity.name)} has {count} indexes {shown(index.name)}."
            yield Problem(place, "index", "name", sentence, "Rename or remove all but one.")
        for name in index.attributes:
            is_own = name.startswith(("_", "$")) and not rules.links_have_columns
            if entity.attribute(name) is None and not is_own:
                sentence = f"The index {shown(place)} is over {shown(name)}, which {shown(entity.name)} has not."
                yield Problem(place, "index", "attributes", sentence, "Choose other attributes, or remove the index.")

        if rules.links_have_columns:
            yield from check_sql.check_index(entity, index, rules)

    # Links

    def _of_links(self, links: Iterable[Link]) -> Found:
        known = {link_key(each): each for each in self._base.links} if self._base is not None else {}
        for each in links:
            yield from _told(check_link(each, self._links), known.get(link_key(each)) == each)


def _of_all(schema: Schema) -> Found:
    yield from check_sql.check_names(schema)
    yield from check_sql.check_enums(schema)


def _told(found: Found, is_known: bool) -> Found:
    for each in found:
        yield replace(each, is_error=False) if is_known and each.is_error else each


def _listed(words: Iterable[str]) -> str:
    return ", ".join(sorted(words)) or "another entity"
