"""A schema text changed to say another schema: only the characters that must change do."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tree_sitter import Node

from app.core.words import free_name
from app.schema.formats.instant_wire import link_name
from app.schema.model import Attribute, Entity, Link, LinkEnd, Schema

from .instant_ts_calls import Chain, chain_of
from .instant_ts_match import attribute_looks, match, renamed, type_kind
from .instant_ts_members import Member, ObjectText
from .instant_ts_parse import Document, EntityText, LinkText
from .instant_ts_render import (
    Style,
    attribute_entry,
    end_values,
    entity_entry,
    forward_values,
    indented,
    key_text,
    link_entry,
    refuse_unsayable,
    string_text,
    type_name,
)
from .instant_ts_splice import Splicer

if TYPE_CHECKING:
    from app.schema.compare import Renames

# The order in which the official tools write modifiers.
_RANK: Mapping[str, int] = {"unique": 0, "indexed": 1, "optional": 2, "clientRequired": 2}


@dataclass(frozen=True, slots=True)
class _Modifier:
    """``.name()`` in a chain; it begins right behind the call before it."""

    name: str
    start: int
    dot: int
    end: int


def edited(document: Document, wanted: Schema, renames: Renames | None = None) -> str:
    """The text of ``document`` changed so that it says ``wanted``; raises Invalid for what the text cannot say."""
    return _Edit(document, wanted, renames).text()


class _Edit:
    def __init__(self, document: Document, wanted: Schema, renames: Renames | None) -> None:
        self._document = document
        self._wanted = {each.name: each for each in wanted.entities}
        self._confirmed = None if renames is None else _by_entity(renames)
        self._matches = match(document, self._wanted, wanted.links, renames)
        self._splicer = Splicer(document.source.data, _style(document))

    def text(self) -> str:
        self._entities()
        self._links()
        return self._splicer.result()

    # Entities.

    def _entities(self) -> None:
        gone: set[str] = set()
        seen: set[str] = set()
        for name, each in self._document.entities.items():
            new_name = self._matches.entities.get(name, name)
            if (wanted := self._wanted.get(new_name)) is None:
                gone.add(name)
                continue
            seen.add(new_name)
            if new_name != name:
                self._rename(each.member, new_name)
            if each.entity.attributes != wanted.attributes or wanted.indexes:
                self._attributes(each, wanted)
        style = self._splicer.style
        entries = [entity_entry(each, style) for name, each in self._wanted.items() if name not in seen]
        self._splicer.edit_object(self._document.entities_object, gone, entries)

    def _rename(self, member: Member, name: str) -> None:
        first = self._splicer.data[member.key.start_byte : member.key.start_byte + 1].decode()
        text = key_text(name, first if first in {'"', "'"} else "")
        self._splicer.replace(member.key.start_byte, member.key.end_byte, text)

    def _attributes(self, text: EntityText, wanted: Entity) -> None:
        if wanted.indexes:
            entity_entry(wanted, self._splicer.style)
        old = {each.name: each for each in text.entity.attributes}
        new = {each.name: each for each in wanted.attributes if each.name != "id"}
        names = self._renamed_attributes(text.entity.name, old, new)
        for name, attribute in old.items():
            if (after := new.get(names.get(name, name))) is not None:
                self._attribute(wanted.name, text.attributes.members[name], attribute, after)
        gone = {name for name in old if names.get(name, name) not in new}
        kept = {names.get(name, name) for name in old}
        style = self._splicer.style
        entries = [attribute_entry(wanted.name, each, style) for name, each in new.items() if name not in kept]
        self._splicer.edit_object(text.attributes, gone, entries)

    def _renamed_attributes(
        self, entity: str, old: Mapping[str, Attribute], new: Mapping[str, Attribute]
    ) -> dict[str, str]:
        old_looks, new_looks = ({name: attribute_looks(each) for name, each in parts.items()} for parts in (old, new))
        return renamed(old_looks, new_looks, None if self._confirmed is None else self._confirmed[entity])

    def _attribute(self, entity: str, member: Member, before: Attribute, after: Attribute) -> None:
        if before.name != after.name:
            self._rename(member, after.name)
        if before == after:
            return
        refuse_unsayable(entity, after)
        chain = chain_of(self._document.source, member.value, self._document.prefix)
        if chain is not None:
            self._type(entity, chain, before, after)
            self._modifiers(chain, after)

    def _type(self, entity: str, chain: Chain, before: Attribute, after: Attribute) -> None:
        """The type's parameters stay as long as the type does; ``json`` does for a wanted ``any``."""
        if before.type == after.type or type_kind(before.type) == after.type:
            return
        name = type_name(f"{entity}.{after.name}", after.type)
        self._splicer.replace(_property_of(chain.base).start_byte, chain.base.end_byte, f"{name}()")

    def _modifiers(self, chain: Chain, after: Attribute) -> None:
        wanted = {"unique"} if after.is_unique else set()
        wanted |= {"indexed"} if after.is_indexed else set()
        written = {name for name, _ in chain.modifiers}
        optional = {"optional", "clientRequired"}
        # Either of the two says that the platform does not require a value.
        wanted |= set() if after.is_required else (written & optional or {"optional"})
        calls = list(_segments(chain))
        for each in calls:
            if each.name not in wanted:
                self._splicer.replace(self._cut_from(each), each.end, "")
        gap = next((found for each in calls if (found := self._gap(each))), "")
        for name in sorted(wanted - written, key=_RANK.__getitem__):
            later = (each.start for each in calls if _RANK[each.name] > _RANK[name])
            at = next(later, calls[-1].end if calls else chain.base.end_byte)
            self._splicer.replace(at, at, f"{gap}.{name}()")

    def _cut_from(self, modifier: _Modifier) -> int:
        """A comment before the dot stays, and its line break too, unless another follows."""
        before, data = self._before_dot(modifier), self._splicer.data
        has_break = data[modifier.end : modifier.end + 2].startswith((b"\n", b"\r\n"))
        return modifier.start + len(before.rstrip()) if has_break or not before.strip() else modifier.dot

    def _gap(self, modifier: _Modifier) -> str:
        """The white space before the dot, where the chain has a line for each call."""
        before = self._before_dot(modifier)
        return before.decode() if b"\n" in before and not before.strip() else ""

    def _before_dot(self, modifier: _Modifier) -> bytes:
        return self._splicer.data[modifier.start : modifier.dot]

    # Links.

    def _links(self) -> None:
        taken = {each.member.name for each, wanted in self._matches.links if wanted is not None}
        gone: set[str] = set()
        for each, wanted in self._matches.links:
            if wanted is None:
                gone.add(each.member.name)
            elif each.link != wanted:
                self._link_name(each, wanted, taken)
                self._end(each.forward, each.link.forward, wanted.forward, forward_values(wanted.forward))
                self._end(each.reverse, each.link.reverse, wanted.reverse, end_values(wanted.reverse))
        entries = [self._link_entry(each, taken) for each in self._matches.new_links]
        self._edit_links(gone, entries)

    def _link_name(self, text: LinkText, wanted: Link, taken: set[str]) -> None:
        """A name of its own stays, unless another of its own is wanted; a derived name follows its link."""
        old, derived = text.member.name, link_name(wanted.forward.entity, wanted.forward.label)
        was_derived = old == link_name(text.link.forward.entity, text.link.forward.label)
        name = wanted.name if wanted.name != derived or was_derived else old
        if name != old:
            taken.discard(old)
            name = free_name(name, taken)
            taken.add(name)
            self._rename(text.member, name)

    def _end(self, text: ObjectText, before: LinkEnd, after: LinkEnd, values: dict[str, str]) -> None:
        entries: list[str] = []
        gone = {name for name in ("required", "onDelete") if name in text.members and name not in values}
        if not before.is_required:
            gone.discard("required")
        if before.on_delete is None:
            gone.discard("onDelete")
        for name, value in values.items():
            if (member := text.members.get(name)) is None:
                entries.append(f"{name}: {value}")
            elif _value(before, name) != (wanted := _value(after, name)):
                self._value(member, value if wanted is True else str(wanted), is_string=wanted is not True)
        self._splicer.edit_object(text, gone, entries)

    def _value(self, member: Member, text: str, is_string: bool) -> None:
        """A string keeps its quotes."""
        node = member.value
        if is_string:
            first = self._splicer.data[node.start_byte : node.start_byte + 1].decode()
            text = string_text(text, first if first in {'"', "'"} else '"')
        self._splicer.replace(node.start_byte, node.end_byte, text)

    def _link_entry(self, link: Link, taken: set[str]) -> str:
        name = free_name(link.name, taken)
        taken.add(name)
        return link_entry(link, name, self._splicer.style)

    def _edit_links(self, gone: set[str], entries: list[str]) -> None:
        found, style = self._document.links_object, self._splicer.style
        if found is not None:
            self._splicer.edit_object(found, gone, entries)
        elif entries:
            body = [f"{indented(each, style.indent, style.newline)}," for each in entries]
            section = style.newline.join(["links: {", *body, "}"])
            self._splicer.edit_object(self._document.schema_object, set(), [section])


def _by_entity(renames: Renames) -> defaultdict[str, list[tuple[str, str]]]:
    found: defaultdict[str, list[tuple[str, str]]] = defaultdict(list)
    for entity, before, after in renames.attributes:
        found[entity].append((before, after))
    return found


def _value(end: LinkEnd, name: str) -> object:
    found = {
        "on": end.entity,
        "label": end.label,
        "has": end.has,
        "required": end.is_required,
        "onDelete": end.on_delete,
    }
    return found[name]


def _segments(chain: Chain) -> Iterator[_Modifier]:
    start = chain.base.end_byte
    for name, node in chain.modifiers:
        yield _Modifier(name, start, _dot_of(node), node.end_byte)
        start = node.end_byte


def _dot_of(call: Node) -> int:
    function = call.child_by_field_name("function")
    assert function is not None
    return next(each.start_byte for each in function.children if each.type == ".")


def _property_of(call: Node) -> Node:
    function = call.child_by_field_name("function")
    found = function.child_by_field_name("property") if function is not None else None
    assert found is not None
    return found


def _style(document: Document) -> Style:
    data = document.source.data
    first = data.find(b"\n")
    newline = "\r\n" if first > 0 and data[first - 1 : first] == b"\r" else "\n"
    return Style(_unit(document, newline), newline, document.prefix)


def _unit(document: Document, newline: str) -> str:
    """One level of indentation, as the text itself has it."""
    splicer = Splicer(document.source.data, Style(newline=newline))
    objects = [each.attributes for each in document.entities.values()]
    for each in (*objects, document.entities_object, document.schema_object):
        outer = splicer.indent_of(each.node.start_byte)
        for member in each.members.values():
            inner = splicer.indent_of(member.node.start_byte)
            if splicer.is_first(member.node) and inner.startswith(outer) and inner != outer:
                return inner[len(outer) :]
    return "  "
