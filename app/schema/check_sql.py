"""What can be wrong with a schema of tables before a database sees it: keys, types that must agree, names it shares."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from app.core.errors import Invalid

from .check_rules import Found, Part, Problem, Rules, shown
from .columns import CHECK
from .formats.sql_names import entity_name, implied_name, split_name
from .formats.sql_types import SERIALS, is_built_in
from .model import Attribute, Entity, Index, Link, Schema
from .type_names import type_name
from .types import ArrayType, EnumType, NumberType, StringType, Type

_ONLY_PLAIN = frozenset({"btree", "", "primary"})
_INTEGERS = frozenset({"smallint", "integer", "bigint", *SERIALS})


def is_plain_type(kind: Type, rules: Rules) -> bool:
    """Nothing can be wrong with it, whatever attribute has it."""
    if rules.takes_type is None or not rules.takes_type(kind) or isinstance(kind, EnumType):
        return False
    native: str = getattr(kind, "native", "")
    return is_built_in(kind) and native != "json" and native not in SERIALS and not isinstance(kind, ArrayType)


def check_table(entity: Entity, rules: Rules) -> Found:
    """Its keys and checks; its attributes and indexes by themselves are seen to elsewhere."""
    if entity.is_system:
        return
    keys = [each for each in entity.indexes if each.kind == "primary"]
    if len(keys) > 1:
        sentence = f"{shown(entity.name)} has {len(keys)} primary keys."
        yield Problem(entity.name, "entity", "indexes", sentence, "Remove all but one.")
    elif not keys:
        sentence = f"{shown(entity.name)} has no primary key: its rows cannot be told apart, nor read in pages."
        yield Problem(entity.name, "entity", "indexes", sentence, "Add a primary key.", is_error=False)
    for each in entity.indexes:
        is_plain = each.kind == "btree" and each.is_unique and each.extra in ((), (("constraint", "true"),))
        if keys and is_plain and each.attributes == keys[0].attributes:
            sentence = f"The index {shown(each.name)} is over the primary key, which is unique already."
            place = f"{entity.name}.{each.name}"
            yield Problem(place, "index", "attributes", sentence, "Remove it.", is_error=False)
    for name, text in entity.extra:
        if name.startswith(CHECK) and (not name.removeprefix(CHECK).strip() or not str(_value(text)).strip()):
            sentence = f"A check of {shown(entity.name)} has no name or no condition."
            yield Problem(entity.name, "entity", "extra", sentence, "Complete it, or remove it.")


def check_attribute(attribute: Attribute, place: str, rules: Rules) -> Found:
    kind, extra = attribute.type, dict(attribute.extra)
    if not is_built_in(kind) and rules.max_bytes is not None:
        sentence = f"{shown(place)} is of type {shown(type_name(kind))}, which {rules.platform} has not by itself."
        remedy = "Make sure that an extension or the database has it."
        yield Problem(place, "attribute", "type", sentence, remedy, is_error=False)
    native: str = getattr(kind, "native", "")
    if native == "json" and rules.max_bytes is not None and (attribute.is_unique or attribute.is_indexed):
        sentence = f"{shown(place)} is json, which cannot be compared: it takes no index."
        yield Problem(place, "attribute", "type", sentence, "Use jsonb, or remove the index.")
    if isinstance(kind, EnumType):
        yield from _enum(kind, place, rules)
    yield from _values(attribute, extra, native, place)


def _enum(kind: EnumType, place: str, rules: Rules) -> Found:
    twice = [each for each, count in Counter(kind.values).items() if count > 1]
    if twice:
        sentence = f"The enum {shown(kind.name)} has the value {shown(twice[0])} twice."
        yield Problem(place, "attribute", "type", sentence, "Remove one of the two.")
    for each in kind.values:
        if not each or (rules.max_bytes is not None and size_of(each) > rules.max_bytes):
            sentence = f"The enum {shown(kind.name)} has a value of {size_of(each)} bytes."
            yield Problem(place, "attribute", "type", sentence, f"Use 1 to {rules.max_bytes} bytes.")


def _values(attribute: Attribute, extra: Mapping[str, str], native: str, place: str) -> Found:
    """Where its value comes from: a default, an identity, a sequence or an expression, one of them only."""
    sources = [
        word
        for word, has in (
            ("a default", attribute.default is not None),
            ("an identity", "identity" in extra),
            ("an expression", "generated" in extra),
            (f"the sequence of {native}", native in SERIALS),
        )
        if has
    ]
    if len(sources) > 1:
        sentence = f"The value of {shown(place)} would come from {' and from '.join(sources)}."
        yield Problem(place, "attribute", "default", sentence, "Keep one of them.")
    if "identity" in extra and native not in _INTEGERS:
        sentence = f"{shown(place)} is an identity, and no whole number."
        yield Problem(place, "attribute", "type", sentence, "Choose smallint, integer or bigint.")
    if attribute.default is not None and not attribute.default.strip():
        sentence = f"The default of {shown(place)} is empty."
        yield Problem(place, "attribute", "default", sentence, "Enter an expression, such as '' or 0, or remove it.")


def check_index(entity: Entity, index: Index, rules: Rules) -> Found:
    place = f"{entity.name}.{index.name}"
    if index.kind and index.kind not in rules.index_kinds:
        sentence = f"The index {shown(place)} is of the kind {shown(index.kind)}, which {rules.platform} does not have."
        remedy = f"Choose {', '.join(rules.index_kinds)}."
        # An extension can bring others along.
        yield Problem(place, "index", "kind", sentence, remedy, is_error=rules.max_bytes is None)
    elif index.is_unique and index.kind not in _ONLY_PLAIN:
        sentence = f"The index {shown(place)} is unique, and {index.kind} indexes cannot be."
        yield Problem(place, "index", "kind", sentence, "Choose btree, or let it take equal values.")
    extra = dict(index.extra)
    if not index.attributes and not _value(extra.get("expressions", "[]")):
        sentence = f"The index {shown(place)} is over nothing."
        yield Problem(place, "index", "attributes", sentence, "Choose its attributes, or remove it.")
    if "invalid" in extra:
        sentence = f"The index {shown(place)} is invalid: its building did not end, and nothing uses it."
        yield Problem(place, "index", "name", sentence, "Remove it, and add it anew.", is_error=False)
    if rules.max_bytes is not None and size_of(index.name) > rules.max_bytes:
        yield _too_long(place, "index", "name", f"The index {shown(place)}", index.name, rules.max_bytes)


# Links


def check_link(link: Link, entities: Mapping[str, Entity], rules: Rules) -> Found:
    """A foreign key; that it has its name alone is seen to by the caller."""
    place, name = f"{link.forward.entity}.{link.forward.label}", f"The link {shown(link.forward.label)}"
    if rules.max_bytes is not None and size_of(link.forward.label) > rules.max_bytes:
        yield _too_long(place, "link", "label", name, link.forward.label, rules.max_bytes)
    if not link.columns:
        sentence = f"{name} of {shown(link.forward.entity)} joins no attributes."
        yield Problem(place, "link", "columns", sentence, "Choose an attribute here, and the key that it leads to.")
        return
    here, there = entities.get(link.forward.entity), entities.get(link.reverse.entity)
    if here is None or there is None:
        return
    missing = list(_missing(link, here, there))
    for each in missing:
        sentence = f"{name} is over {shown(each)}, which is not there."
        yield Problem(place, "link", "columns", sentence, "Choose another attribute, or remove the link.")
    if not missing and not there.is_system:
        yield from _agreement(link, here, there, place)
        yield from _key(link, there, place)
        yield from _emptied(link, here, place)


def _missing(link: Link, here: Entity, there: Entity) -> Iterable[str]:
    known_here, known_there = ({each.name for each in entity.attributes} for entity in (here, there))
    for one, other in link.columns:
        if one not in known_here:
            yield f"{here.name}.{one}"
        if other not in known_there:
            yield f"{there.name}.{other}"


def _agreement(link: Link, here: Entity, there: Entity, place: str) -> Found:
    for one, other in link.columns:
        mine, theirs = here.attribute(one), there.attribute(other)
        if mine is None or theirs is None or _can_equal(mine.type, theirs.type):
            continue
        kinds = (
            f"{shown(type_name(mine.type))}, and {shown(there.name)}.{shown(other)} is {shown(type_name(theirs.type))}"
        )
        sentence = f"{shown(here.name)}.{shown(one)} is {kinds}: they cannot be linked."
        yield Problem(place, "link", "columns", sentence, "Give both the same type.")


def _can_equal(one: Type, other: Type) -> bool:
    """Whether the database can compare them; all kinds of numbers, and all kinds of texts, it can."""
    if type(one) is not type(other):
        return False
    if isinstance(one, NumberType | StringType):
        return True
    return one == other or (hasattr(one, "kind") and getattr(one, "kind", "") == getattr(other, "kind", ""))


def _key(link: Link, there: Entity, place: str) -> Found:
    columns = {other for _one, other in link.columns}
    if len(columns) == 1 and any(each.is_unique and each.name in columns for each in there.attributes):
        return
    if any(_is_key(each) and set(each.attributes) == columns for each in there.indexes):
        return
    over = ", ".join(sorted(map(shown, columns)))
    sentence = f"The link {shown(link.forward.label)} leads to {shown(there.name)}.{over}, which is no key there."
    yield Problem(place, "link", "columns", sentence, "Choose its primary key, or make it unique.")


def _is_key(index: Index) -> bool:
    extra = dict(index.extra)
    return (index.is_unique or index.kind == "primary") and not {"where", "expressions", "invalid"} & extra.keys()


def _emptied(link: Link, here: Entity, place: str) -> Found:
    if link.forward.on_delete != "set-null":
        return
    for one, _other in link.columns:
        found = here.attribute(one)
        if found is not None and found.is_required:
            sentence = (
                f"{shown(here.name)}.{shown(one)} is required, and would be emptied when its row is deleted there."
            )
            yield Problem(place, "link", "on_delete", sentence, "Make it optional, or choose another rule.")


# Names that stand in one schema


def check_names(schema: Schema) -> Found:
    """Tables and indexes share the names of their schema, and those of indexes that only a flag asks for are made of
    the names of table and attribute."""
    holders: dict[tuple[str, str], list[tuple[str, str]]] = {}
    for entity in schema.entities:
        try:
            home, table = split_name(entity.name)
        except Invalid:
            continue
        for name, place in _relations(entity, table):
            holders.setdefault((home, name), []).append((place, entity.name))
    for (home, name), places in holders.items():
        first = places[0][0]
        for place, owner in places[1:]:
            if place != first:
                sentence = f"{shown(place)} and {shown(first)} would both be called {shown(entity_name(home, name))}."
                part: Part = "entity" if place == owner else "index"
                yield Problem(place, part, "name", sentence, "Choose another name.")


def _relations(entity: Entity, table: str) -> Iterable[tuple[str, str]]:
    yield table, entity.name
    for index in entity.indexes:
        yield index.name, f"{entity.name}.{index.name}"
    for attribute in entity.attributes:
        if attribute.is_unique:
            yield implied_name(table, attribute.name, "key"), f"{entity.name}.{attribute.name}"
        if attribute.is_indexed:
            yield implied_name(table, attribute.name, "idx"), f"{entity.name}.{attribute.name}"


def check_enums(schema: Schema) -> Found:
    """One enum has one list of values, whoever uses it."""
    known: dict[str, tuple[str, ...]] = {}
    for entity in schema.entities:
        for attribute in entity.attributes:
            kind = attribute.type.item if isinstance(attribute.type, ArrayType) else attribute.type
            if isinstance(kind, EnumType) and kind.name and known.setdefault(kind.name, kind.values) != kind.values:
                place = f"{entity.name}.{attribute.name}"
                sentence = (
                    f"{shown(place)} has other values for the enum {shown(kind.name)} than an attribute before it."
                )
                yield Problem(place, "attribute", "type", sentence, "Give both the same values, or another enum.")


def _too_long(place: str, part: Part, field: str, what: str, name: str, most: int) -> Problem:
    sentence = f"{what} has a name of {size_of(name)} bytes; letters with accents and signs count several."
    return Problem(place, part, field, sentence, f"Use at most {most} bytes.")


def size_of(name: str) -> int:
    """In bytes, as the database keeps it."""
    return len(name.encode(errors="replace"))


def _value(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text
