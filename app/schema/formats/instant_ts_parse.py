"""An ``instant.schema.ts`` read without running it: the schema, and where each of its parts stands in the text."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from tree_sitter import Node

from app.schema.formats.instant_form import SYSTEM_ATTRIBUTES, is_system_link
from app.schema.model import Attribute, Cardinality, Entity, Link, LinkEnd, OnDelete, Schema
from app.schema.types import AnyType, BooleanType, DateType, JsonType, NumberType, StringType, Type

from .instant_ts_calls import arguments_of, called_of, chain_of, schema_call
from .instant_ts_members import Member, ObjectText, described, read_object, string_of, unwrapped
from .instant_ts_source import Source, shown, source_of
from .instant_ts_syntax import refuse_syntax

TYPES: Final[Mapping[str, Type]] = {
    "string": StringType(),
    "number": NumberType(),
    "boolean": BooleanType(),
    "date": DateType(),
    "json": JsonType(),
    "any": AnyType(),
}
MODIFIERS: Final = ("unique", "indexed", "optional", "clientRequired")
_TYPE_REMEDY: Final = "Write i.string(), i.number(), i.boolean(), i.date(), i.json() or i.any() here."


@dataclass(slots=True)
class EntityText:
    """An entity and where it stands; ``attributes.members`` may hold ``id``, which no model has."""

    entity: Entity
    member: Member
    attributes: ObjectText


@dataclass(slots=True)
class LinkText:
    link: Link
    member: Member
    forward: ObjectText
    reverse: ObjectText


@dataclass(slots=True)
class Document:
    """A text that was read. ``links_object`` is None where the text has none."""

    source: Source
    schema: Schema
    schema_object: ObjectText
    entities_object: ObjectText
    links_object: ObjectText | None
    entities: dict[str, EntityText]
    links: list[LinkText]
    # The name under which the file imports ``i``.
    prefix: str


@dataclass(frozen=True, slots=True)
class _Meaning:
    type: Type
    is_required: bool
    is_unique: bool
    is_indexed: bool


def read(text: str) -> Document:
    """Raises TextErrors, as NoSchemaCall where there is nothing to read."""
    source = source_of(text)
    refuse_syntax(source)
    source.check()
    prefix, call = schema_call(source)
    document = _Reader(source, prefix).document(call)
    source.check()
    return document


class _Reader:
    def __init__(self, source: Source, prefix: str) -> None:
        self._source = source
        self._prefix = prefix
        # Thousands of attributes say the same few things.
        self._meanings: dict[bytes, _Meaning | None] = {}

    def document(self, call: Node) -> Document:
        parts = self._schema_object(call)
        entities_object = self._section(parts, "entities", "entity")
        links_object = self._section(parts, "links", "link")
        if entities_object is None:
            self._source.check()
            self._source.refuse(parts.node, "The schema has no entities.", "Add entities: {…}.")
            self._source.check()
            raise AssertionError
        entities = {name: each for name, member in entities_object.members.items() if (each := self._entity(member))}
        written = links_object.members.values() if links_object else ()
        links = [found for member in written if (found := self._link(member))]
        self._refuse_same_links(links)
        schema = Schema(tuple(each.entity for each in entities.values()), tuple(each.link for each in links))
        return Document(self._source, schema, parts, entities_object, links_object, entities, links, self._prefix)

    def _schema_object(self, call: Node) -> ObjectText:
        arguments = [unwrapped(each) for each in arguments_of(call)]
        if len(arguments) != 1 or arguments[0].type != "object":
            what = described(self._source, arguments[0]) if arguments else "nothing"
            remedy = "Write i.schema({ entities: {…}, links: {…} })."
            self._source.refuse(call, f"{self._prefix}.schema is given {what} instead of one object.", remedy)
            self._source.check()
        found = read_object(self._source, arguments[0], "the schema", "part")
        for name, member in found.members.items():
            if name not in {"entities", "links", "rooms"}:
                sentence = f"A schema has no {shown(name)}: it has entities, links and rooms."
                self._source.refuse(member.key, sentence, "Delete it, or correct its name.")
        return found

    def _section(self, parts: ObjectText, name: str, noun: str) -> ObjectText | None:
        member = parts.members.get(name)
        return self._object(member, "", noun) if member is not None else None

    def _object(self, member: Member, place: str, noun: str) -> ObjectText | None:
        if member.value.type == "object":
            return read_object(self._source, member.value, place, noun)
        where = f"{place}.{member.name}" if place else member.name
        self._refuse_value(member, where, "Write the object itself here: {…}.")
        return None

    def _refuse_value(self, member: Member, where: str, remedy: str) -> None:
        what = described(self._source, member.value)
        self._source.refuse(member.value, f"{shown(where)} cannot be read: it is {what}.", remedy)

    # Entities.

    def _entity(self, member: Member) -> EntityText | None:
        found = self._attributes_object(member)
        if found is None:
            return None
        attributes = read_object(self._source, found, member.name, "attribute")
        is_system = member.name.startswith("$")
        read_ones = (self._attribute(member.name, each, is_system) for each in attributes.members.values())
        parts = tuple(each for each in read_ones if each is not None)
        return EntityText(Entity(member.name, parts, is_system=is_system), member, attributes)

    def _attributes_object(self, member: Member) -> Node | None:
        """The object of ``i.entity({…})``, also before ``.asType<T>()``."""
        node = member.value
        called = called_of(self._source, node)
        while called is not None and called[1] == "asType" and not arguments_of(node):
            node = called[0]
            called = called_of(self._source, node)
        arguments = [unwrapped(each) for each in arguments_of(node)]
        if called is not None and called[1] == "entity" and self._source.text(called[0]) == self._prefix:
            if len(arguments) == 1 and arguments[0].type == "object":
                return arguments[0]
            what = described(self._source, arguments[0]) if arguments else "nothing"
            sentence = f"{shown(member.name)} cannot be read: {self._prefix}.entity is given {what}."
            self._source.refuse(node, sentence, "Write the attributes here: i.entity({ name: i.string() }).")
            return None
        self._refuse_value(member, member.name, "Write i.entity({ name: i.string() }) here.")
        return None

    def _attribute(self, entity: str, member: Member, is_system: bool) -> Attribute | None:
        text = self._source.data[member.value.start_byte : member.value.end_byte]
        try:
            meaning = self._meanings[text]
        except KeyError:
            meaning = self._meaning(entity, member)
            if meaning is not None:
                self._meanings[text] = meaning
        if meaning is None or member.name == "id":
            return None
        is_owned = is_system and (entity, member.name) in SYSTEM_ATTRIBUTES
        flags = (meaning.is_required, meaning.is_unique, meaning.is_indexed)
        return Attribute(member.name, meaning.type, *flags, None, is_owned)

    def _meaning(self, entity: str, member: Member) -> _Meaning | None:
        where = f"{entity}.{member.name}"
        chain = chain_of(self._source, member.value, self._prefix)
        if chain is None:
            self._refuse_value(member, where, _TYPE_REMEDY)
            return None
        kind = TYPES.get(chain.type_name)
        if kind is None:
            sentence = f"{shown(where)} has the type {shown(chain.type_name)}, which Instant does not know."
            self._source.refuse(chain.base, sentence, _nearest(chain.type_name, TYPES) or _TYPE_REMEDY)
        names = [name for name, _ in chain.modifiers]
        for name, node in chain.modifiers:
            if name not in MODIFIERS:
                remedy = _nearest(name, MODIFIERS) or "Only unique, indexed and optional can stand here."
                self._source.refuse(node, f"{shown(where)} has .{shown(name)}(), which Instant does not know.", remedy)
        if kind is None or not set(names) <= set(MODIFIERS):
            return None
        is_required = "optional" not in names and "clientRequired" not in names
        return _Meaning(kind, is_required, "unique" in names, "indexed" in names)

    # Links.

    def _link(self, member: Member) -> LinkText | None:
        where = f"The link {member.name}"
        parts = self._object(member, "links", "part")
        if parts is None:
            return None
        self._refuse_unknown(parts, where, ("forward", "reverse"))
        forward, reverse = (self._end_object(parts, member, side) for side in ("forward", "reverse"))
        if forward is None or reverse is None:
            return None
        ends = self._end(forward, f"{where}, forward", True), self._end(reverse, f"{where}, reverse", False)
        if ends[0] is None or ends[1] is None:
            return None
        link = Link(member.name, ends[0], ends[1])
        if is_system_link(link):
            link = Link(member.name, ends[0], ends[1], is_system=True)
        return LinkText(link, member, forward, reverse)

    def _refuse_unknown(self, parts: ObjectText, where: str, known: tuple[str, ...]) -> None:
        for name, member in parts.members.items():
            if name not in known:
                sentence = f"{shown(where)} has {shown(name)}, which Instant does not know."
                self._source.refuse(member.key, sentence, _nearest(name, known) or f"Known are {', '.join(known)}.")

    def _end_object(self, parts: ObjectText, link: Member, side: str) -> ObjectText | None:
        member = parts.members.get(side)
        if member is None:
            remedy = f'Add {side}: {{ on: "entity", has: "one", label: "name" }}.'
            self._source.refuse(link.key, f"The link {shown(link.name)} has no {side} end.", remedy)
            return None
        return self._object(member, f"links.{link.name}", "part")

    def _end(self, parts: ObjectText, where: str, is_forward: bool) -> LinkEnd | None:
        self._refuse_unknown(parts, where, ("on", "has", "label", "required", "onDelete"))
        on = self._string(parts, where, "on", 'Write the name of an entity: on: "todos".')
        label = self._string(parts, where, "label", 'Write a name: label: "owner".')
        has = self._cardinality(parts, where)
        is_required = self._required(parts, where, is_forward)
        on_delete = self._on_delete(parts, where)
        if on is None or label is None or has is None:
            return None
        return LinkEnd(on, label, has, is_required, on_delete)

    def _string(self, parts: ObjectText, where: str, name: str, remedy: str) -> str | None:
        member = parts.members.get(name)
        if member is None:
            self._source.refuse(parts.node, f"{shown(where)}: {name} is missing.", remedy)
            return None
        found = string_of(self._source, member.value)
        if found is None:
            what = described(self._source, member.value)
            self._source.refuse(member.value, f"{shown(where)}: {name} cannot be read: it is {what}.", remedy)
        return found

    def _cardinality(self, parts: ObjectText, where: str) -> Cardinality | None:
        remedy = 'Write "one" or "many".'
        found = self._string(parts, where, "has", remedy)
        if found is not None and found not in {"one", "many"}:
            self._source.refuse(parts.members["has"].value, f"{shown(where)}: has is neither one nor many.", remedy)
        return "one" if found == "one" else "many" if found == "many" else None

    def _required(self, parts: ObjectText, where: str, is_forward: bool) -> bool:
        member = parts.members.get("required")
        if member is None or member.value.type in {"false", "undefined"}:
            return False
        if member.value.type != "true":
            what = described(self._source, member.value)
            sentence = f"{shown(where)}: required cannot be read: it is {what}."
            self._source.refuse(member.value, sentence, "Write true or false.")
        elif not is_forward:
            sentence = f"{shown(where)}: only the forward end of a link can be required."
            self._source.refuse(member.node, sentence, "Delete it, or swap the ends of the link.")
        return is_forward

    def _on_delete(self, parts: ObjectText, where: str) -> OnDelete | None:
        member = parts.members.get("onDelete")
        if member is None or member.value.type == "undefined":
            return None
        if string_of(self._source, member.value) != "cascade":
            sentence = f"{shown(where)}: Instant knows no other rule on delete than cascade."
            self._source.refuse(member.value, sentence, 'Write "cascade", or delete it.')
        return "cascade"

    def _refuse_same_links(self, links: list[LinkText]) -> None:
        """A link is what its ends say; two names for one would be lost without a word."""
        seen: dict[tuple[str, str, str, str], LinkText] = {}
        for each in links:
            forward, reverse = each.link.forward, each.link.reverse
            first = seen.setdefault((forward.entity, forward.label, reverse.entity, reverse.label), each)
            if first is not each:
                sentence = f"The links {shown(first.link.name)} and {shown(each.link.name)} have the same ends."
                self._source.refuse(each.member.key, sentence, "Delete one of them, or change its labels.")


def _nearest(name: str, known: Mapping[str, object] | tuple[str, ...]) -> str:
    """ "Did you mean unique?" where something like it is known, else ""."""
    near = difflib.get_close_matches(name[:60], list(known), 1, 0.6)
    return f"Did you mean {near[0]}?" if near else ""
