"""PostgreSQL's catalogue as a schema of the model.

Equal parts are one object: thousands of tables that were made from one template take the room of a few.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator
from typing import Any, Final

from app.core.errors import Invalid
from app.schema.formats.sql_names import entity_name, implied_name, quoted
from app.schema.formats.sql_types import type_of
from app.schema.formats.sql_words import without_brackets
from app.schema.model import Attribute, Entity, Extra, Index, Link, LinkEnd, OnDelete, Schema, link_key
from app.schema.types import NativeType, Type

from .catalog import Catalog
from .index_texts import IndexText, parsed
from .live_names import Native

_KINDS: Final = {"v": "view", "m": "materialized view", "f": "foreign table"}
_SERIALS: Final = {"smallint": "smallserial", "integer": "serial", "bigint": "bigserial"}
_IDENTITY: Final = {"a": "always", "d": "by default"}
_ON_DELETE: Final[dict[str, OnDelete | None]] = {"c": "cascade", "r": "restrict", "n": "set-null"}
_ON_UPDATE: Final = {"c": "cascade", "r": "restrict", "n": "set-null", "d": "set-default"}
_TRUE: Final = "true"


def schema_of(catalog: Catalog) -> tuple[Schema, Native]:
    """In order of name, but attributes in the order of the table's columns."""
    return Reflection(catalog).done()


class Reflection:
    """One reading. Tables are told by OID, columns by table and number."""

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog
        self._enums = {entity_name(schema, name): tuple(values) for schema, name, values in catalog.enums}
        self._names: dict[int, tuple[str, str, str]] = {}
        for row in (*catalog.tables, *catalog.linked):
            self._names[row[0]] = (entity_name(row[1], row[2]), row[1], row[2])
        self._columns: dict[int, dict[int, str]] = defaultdict(dict)
        self._attributes: dict[int, list[Attribute]] = defaultdict(list)
        self._flags: dict[tuple[int, int], tuple[bool, bool]] = {}
        self._indexes: dict[int, list[Index]] = defaultdict(list)
        self._index_ids: dict[tuple[str, str], int] = {}
        self._extras: dict[int, list[tuple[str, str]]] = defaultdict(list)
        self._links: list[tuple[Link, int]] = []

    def done(self) -> tuple[Schema, Native]:
        for row in self._catalog.columns:
            self._columns[row[0]][row[1]] = row[2]
        self._read_constraints()
        self._read_indexes()
        self._read_columns()
        entities = [self._entity(row, is_hidden=False) for row in self._catalog.tables]
        entities += [self._entity(row, is_hidden=True) for row in self._catalog.linked]
        links = sorted(self._links, key=lambda each: (each[0].name, *link_key(each[0])))
        entities.sort(key=lambda each: each.name)
        return Schema(tuple(entities), tuple(link for link, _oid in links)), self._native()

    def _native(self) -> Native:
        shown = {row[0] for row in self._catalog.tables}
        return Native(
            {self._names[oid][0]: oid for oid in shown},
            {(self._names[oid][0], name): at for oid in shown for at, name in self._columns[oid].items()},
            self._index_ids,
            {link_key(link): oid for link, oid in self._links},
            self._enums,
            frozenset(row[0] for row in self._catalog.schemas),
            self._catalog.version,
        )

    # Tables

    def _entity(self, row: tuple[Any, ...], *, is_hidden: bool) -> Entity:
        oid, _schema, _name, kind, has_row_security, partition_by, comment = row
        extra = self._extras[oid]
        if is_hidden:
            extra.append(("kind", '"platform"'))
        elif kind in _KINDS:
            extra.append(("kind", _json(_KINDS[kind])))
        if has_row_security:
            extra.append(("row_security", _TRUE))
        if partition_by is not None:
            extra.append(("partition_by", _json(partition_by)))
        if comment is not None:
            extra.append(("comment", _json(comment)))
        return Entity(
            self._names[oid][0],
            tuple(self._attributes[oid]),
            tuple(sorted(self._indexes[oid], key=_by_name)),
            is_hidden or kind in _KINDS,
            tuple(sorted(extra)),
        )

    # Columns

    def _read_columns(self) -> None:
        types = self._types()
        sequences = {
            (row[0], row[1]): f"nextval('{row[2].replace(chr(39), chr(39) * 2)}'::regclass)" for row in self._owned()
        }
        seen: dict[tuple[Any, ...], Attribute] = {}
        plain = (False, False)
        flags, attributes = self._flags, self._attributes
        for row in self._catalog.columns:
            oid, number = row[0], row[1]
            place = (oid, number)
            default = row[9]
            is_serial = default is not None and sequences.get(place) == default
            key = (row[2:9], None if is_serial else default, row[10], is_serial, flags.get(place, plain))
            found = seen.get(key)
            if found is None:
                found = seen[key] = _attribute(row, types, is_serial, *flags.get(place, plain))
            attributes[oid].append(found)

    def _owned(self) -> Iterator[tuple[int, int, str]]:
        return ((row[0], row[1], row[2]) for row in self._catalog.sequences)

    def _types(self) -> dict[tuple[int, int, int], Type]:
        found = {}
        for oid, modifier, collation, text, named in self._catalog.types:
            spelled = f"{text} collate {named}" if named else text
            try:
                found[oid, modifier, collation] = type_of(spelled, self._enums)
            except Invalid:
                found[oid, modifier, collation] = NativeType(spelled)
        return found

    # Constraints

    def _read_constraints(self) -> None:
        self._constraints: dict[int, tuple[Any, ...]] = {}
        for row in self._catalog.constraints:
            oid, table, name, kind, index = row[:5]
            if kind in ("p", "u"):
                self._constraints[index] = row
            elif kind == "c":
                self._extras[table].append((f"check {name}", _json(without_brackets(row[14]))))
            elif kind == "x":
                self._constraints[index] = row
                self._extras[table].append((f"exclude {name}", _json(row[14])))
            elif row[5] in self._names:
                self._links.append((self._link(row), oid))

    def _link(self, row: tuple[Any, ...]) -> Link:
        table, name, target = row[1], row[2], row[5]
        here, there = self._columns[table], self._columns[target]
        columns = tuple((here[one], there[other]) for one, other in zip(row[6], row[7], strict=True))
        extra: list[tuple[str, str]] = []
        if row[9] == "d":
            extra.append(("set_default", _TRUE))
        if row[8] in _ON_UPDATE:
            extra.append(("on_update", _json(_ON_UPDATE[row[8]])))
        if row[10] == "f":
            extra.append(("match", '"full"'))
        if not row[13]:
            extra.append(("not_valid", _TRUE))
        extra += _deferral(row)
        return Link(
            name,
            LinkEnd(self._names[table][0], name, "one", False, _ON_DELETE.get(row[9])),
            LinkEnd(self._names[target][0], "", "many"),
            False,
            tuple(sorted(extra)),
            columns,
        )

    # Indexes

    def _read_indexes(self) -> None:
        texts = {row[0]: parsed(row[1]) for row in self._catalog.index_texts}
        for row in self._catalog.indexes:
            constraint = self._constraints.get(row[0])
            if constraint is not None and constraint[3] == "x":
                continue
            if not self._is_implied(row, constraint, texts.get(row[0])):
                index = self._index(row, constraint, texts.get(row[0]))
                self._indexes[row[1]].append(index)
                self._index_ids[self._names[row[1]][0], index.name] = row[0]

    def _is_implied(self, row: tuple[Any, ...], constraint: tuple[Any, ...] | None, text: IndexText | None) -> bool:
        """Whether the index is no more than a flag of its column; the flag is set then."""
        _oid, table, name, is_unique, is_primary, is_valid, keys = row[:7]
        if keys != 1 or is_primary or not is_valid or text is not None or row[13] != "btree":
            return False
        number = int(row[7])
        is_key = constraint is not None and not constraint[11]
        if is_unique != is_key or number == 0 or (constraint is not None and constraint[11]):
            return False
        column = self._columns[table][number]
        if name != implied_name(self._names[table][2], column, "key" if is_unique else "idx"):
            return False
        unique, indexed = self._flags.get((table, number), (False, False))
        self._flags[table, number] = (True, indexed) if is_unique else (unique, True)
        return True

    def _index(self, row: tuple[Any, ...], constraint: tuple[Any, ...] | None, text: IndexText | None) -> Index:
        _oid, table, name, is_unique, is_primary, is_valid, keys, key = row[:8]
        columns = self._columns[table]
        numbers = [int(each) for each in key.split()]
        attributes = tuple(columns[each] for each in numbers[:keys] if each)
        extra: list[tuple[str, str]] = []
        if constraint is not None:
            extra += _deferral(constraint)
            if not is_primary:
                extra.append(("constraint", _TRUE))
        if not is_valid:
            extra.append(("invalid", _TRUE))
        if row[14]:
            extra.append(("nulls_not_distinct", _TRUE))
        if text is not None:
            extra += _text_extra(text, attributes)
        kind = "primary" if is_primary else row[13]
        return Index(name, attributes, is_unique, kind, tuple(sorted(extra)))


def _attribute(
    row: tuple[Any, ...], types: dict[tuple[int, int, int], Type], is_serial: bool, is_unique: bool, is_indexed: bool
) -> Attribute:
    _oid, _number, name, type_id, modifier, collation, is_required, identity, generated, default, comment = row
    kind = types[type_id, modifier, collation]
    extra: list[tuple[str, str]] = []
    if is_serial:
        native = _SERIALS.get(getattr(kind, "native", ""))
        if native is not None and is_required:
            kind, default = type_of(native), None
    if generated:
        extra.append(("generated", _json(without_brackets(default or ""))))
        if generated == "v":
            extra.append(("virtual", _TRUE))
        default = None
    if identity:
        extra.append(("identity", _json(_IDENTITY[identity])))
    if comment is not None:
        extra.append(("comment", _json(comment)))
    return Attribute(name, kind, is_required, is_unique, is_indexed, default, False, tuple(sorted(extra)))


def _text_extra(text: IndexText, attributes: tuple[str, ...]) -> Extra:
    extra: list[tuple[str, str]] = []
    if text.keys != tuple(quoted(each) for each in attributes):
        extra.append(("expressions", _json(list(text.keys))))
    if text.include:
        extra.append(("include", _json(list(text.include))))
    if text.where:
        extra.append(("where", _json(text.where)))
    return tuple(extra)


def _deferral(constraint: tuple[Any, ...]) -> Extra:
    if not constraint[11]:
        return ()
    return (("deferrable", '"deferred"' if constraint[12] else '"immediate"'),)


def _by_name(part: Index) -> str:
    return part.name


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
