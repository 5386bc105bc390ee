"""A schema as a script of SQL, out and in: schemas, types, tables with their indexes and comments, foreign keys.

What is sent to a database is rendered elsewhere, step by step; this says the same in one piece.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from app.core.errors import Invalid
from app.schema.columns import CHECK
from app.schema.model import Attribute, Entity, Extra, Index, Link, Schema
from app.schema.types import ArrayType, EnumType, Type

from .sql_names import Dialect, home_schema, implied_name, quoted, split_name, sql_name
from .sql_types import text_of
from .text_problems import TextErrors, TextProblem

__all__ = ["ParsedText", "TextErrors", "TextProblem", "edit", "parse", "render", "with_live_parts"]

if TYPE_CHECKING:
    from app.schema.compare import Renames

_RULES = {"cascade": "CASCADE", "restrict": "RESTRICT", "set-null": "SET NULL"}


@dataclass(frozen=True, slots=True)
class ParsedText:
    """``spans``: (line from 1, column in characters from 0) of each place, such as ``todos``, ``todos.title``, and
    indexes and links by their names (``todos.todos_owner_fkey``)."""

    schema: Schema
    spans: dict[str, tuple[int, int]]


def parse(text: str, dialect: Dialect = "postgresql") -> ParsedText:
    """Raises TextErrors with every problem's place."""
    from .sql_parse import parse as parse_script

    return ParsedText(*parse_script(text, dialect))


def edit(_text: str, schema: Schema, _renames: Renames | None = None, *, dialect: Dialect = "postgresql") -> str:
    """The script written anew: it is made of the schema alone."""
    return render(schema, dialect)


def with_live_parts(schema: Schema, live: Schema) -> Schema:
    """``schema``, from a script, with what a script has no say in: views, that an index is invalid, and the order of
    the columns that are there: new ones come last, wherever they are written."""
    known = {each.name: each for each in live.entities}
    views = tuple(each for each in live.entities if each.is_system)
    names = {each.name for each in views}
    own = tuple(_with_live_order(each, known.get(each.name)) for each in schema.entities if each.name not in names)
    own = tuple(_with_live_indexes(each, known.get(each.name)) for each in own)
    return Schema((*own, *views), (*schema.links, *(each for each in live.links if each.is_system)))


def _with_live_order(entity: Entity, live: Entity | None) -> Entity:
    if live is None:
        return entity
    places = {each.name: at for at, each in enumerate(live.attributes)}
    attributes = tuple(sorted(entity.attributes, key=lambda each: places.get(each.name, len(places))))
    return entity if attributes == entity.attributes else replace(entity, attributes=attributes)


def _with_live_indexes(entity: Entity, live: Entity | None) -> Entity:
    broken = {each.name: each for each in live.indexes if dict(each.extra).get("invalid")} if live is not None else {}
    if not broken:
        return entity
    indexes = tuple(
        was if (was := broken.get(each.name)) is not None and _without_mark(was) == each else each
        for each in entity.indexes
    )
    return replace(entity, indexes=indexes)


def _without_mark(index: Index) -> Index:
    return replace(index, extra=tuple(each for each in index.extra if each[0] != "invalid"))


def render(schema: Schema, dialect: Dialect = "postgresql") -> str:
    """The whole script, ending with a line feed; "" for a schema without tables. What the platform owns (views and
    the like) is left out."""
    return _Script(schema, dialect).text()


@dataclass(slots=True)
class _Script:
    schema: Schema
    dialect: Dialect

    def text(self) -> str:
        entities = sorted((each for each in self.schema.entities if not each.is_system), key=lambda each: each.name)
        links = sorted((each for each in self.schema.links if not each.is_system), key=lambda each: each.name)
        by_table: dict[str, list[Link]] = {}
        for link in links:
            by_table.setdefault(link.forward.entity, []).append(link)
        if self.dialect == "sqlite":
            parts = [self._table(each, by_table.get(each.name, ())) for each in entities]
        else:
            parts = [*self._schemas(entities), *self._enums(entities)]
            parts += [self._table(each, ()) for each in entities]
            parts += [self._foreign_keys(each, by_table[each.name]) for each in entities if each.name in by_table]
        return "\n".join(parts)

    def _schemas(self, entities: Iterable[Entity]) -> Iterator[str]:
        home = home_schema(self.dialect)
        names = {_split(each.name)[0] for each in entities} | {_split(each.name)[0] for each in _enums_of(entities)}
        found = sorted(names - {home})
        if found:
            yield "".join(f"CREATE SCHEMA {quoted(each)};\n" for each in found)

    def _enums(self, entities: Iterable[Entity]) -> Iterator[str]:
        found = sorted(_enums_of(entities), key=lambda each: each.name)
        if found:
            yield "".join(f"CREATE TYPE {text_of(each)} AS ENUM ({_listed(each.values)});\n" for each in found)

    # Tables

    def _table(self, entity: Entity, links: Iterable[Link]) -> str:
        name = _sql_name(entity.name, self.dialect)
        table = _split(entity.name)[1]
        rows = [*(self._column(table, each) for each in entity.attributes)]
        rows += [_constraint(each) for each in entity.indexes if _is_constraint(each)]
        rows += [f"CONSTRAINT {quoted(check)} CHECK ({sql})" for check, sql in _checks(entity.extra)]
        rows += [f"CONSTRAINT {quoted(check)} {sql}" for check, sql in _named(entity.extra, "exclude ")]
        rows += [f"CONSTRAINT {quoted(_link_name(each))} {self._reference(each)}" for each in links]
        inner = ",\n".join(f"  {each}" for each in rows)
        parted = _extra(entity.extra, "partition_by")
        tail = f" PARTITION BY {parted}" if parted else ""
        head = f"CREATE TABLE {name} (\n{inner}\n){tail};\n" if rows else f"CREATE TABLE {name} (){tail};\n"
        return head + "".join(self._after(entity, name, table))

    def _column(self, table: str, attribute: Attribute) -> str:
        extra = dict(attribute.extra)
        parts = [quoted(attribute.name), _type_text(attribute.type, self.dialect)]
        collation = _value(extra, "collation")
        if collation:
            text = str(collation)
            parts.append(f"COLLATE {text if text.startswith(chr(34)) else quoted(text)}")
        if attribute.is_required:
            parts.append("NOT NULL")
        if attribute.is_unique:
            parts.append("UNIQUE")
        if attribute.default is not None:
            parts.append(f"DEFAULT {attribute.default}")
        if generated := _value(extra, "generated"):
            parts.append(f"GENERATED ALWAYS AS ({generated}) {'VIRTUAL' if _value(extra, 'virtual') else 'STORED'}")
        if identity := _value(extra, "identity"):
            parts.append(f"GENERATED {str(identity).upper()} AS IDENTITY")
        return " ".join(each for each in parts if each)

    def _after(self, entity: Entity, name: str, table: str) -> Iterator[str]:
        for attribute in entity.attributes:
            if attribute.is_indexed:
                index = quoted(implied_name(table, attribute.name, "idx"))
                yield f"CREATE INDEX {index} ON {name} ({quoted(attribute.name)});\n"
        yield from (_create_index(each, name) for each in entity.indexes if not _is_constraint(each))
        if self.dialect == "sqlite":
            return
        if _extra(entity.extra, "row_security"):
            yield f"ALTER TABLE {name} ENABLE ROW LEVEL SECURITY;\n"
        if comment := _extra(entity.extra, "comment"):
            yield f"COMMENT ON TABLE {name} IS {_literal(str(comment))};\n"
        for attribute in entity.attributes:
            if comment := _extra(attribute.extra, "comment"):
                yield f"COMMENT ON COLUMN {name}.{quoted(attribute.name)} IS {_literal(str(comment))};\n"

    # Links

    def _foreign_keys(self, entity: Entity, links: Iterable[Link]) -> str:
        name = _sql_name(entity.name, self.dialect)
        return "".join(
            f"ALTER TABLE {name} ADD CONSTRAINT {quoted(_link_name(each))} {self._reference(each)};\n" for each in links
        )

    def _reference(self, link: Link) -> str:
        here = ", ".join(quoted(one) for one, _other in link.columns)
        there = ", ".join(quoted(other) for _one, other in link.columns)
        extra = dict(link.extra)
        parts = [f"FOREIGN KEY ({here}) REFERENCES {_sql_name(link.reverse.entity, self.dialect)} ({there})"]
        if match := _value(extra, "match"):
            parts.append(f"MATCH {str(match).upper()}")
        on_delete = _RULES.get(link.forward.on_delete or "") or ("SET DEFAULT" if _value(extra, "set_default") else "")
        if on_delete:
            parts.append(f"ON DELETE {on_delete}")
        if on_update := _value(extra, "on_update"):
            parts.append(f"ON UPDATE {str(on_update).upper().replace('-', ' ')}")
        return " ".join([*parts, *_deferrable(extra), *(["NOT VALID"] if _value(extra, "not_valid") else [])])


# Constraints and indexes


def _is_constraint(index: Index) -> bool:
    return index.kind == "primary" or bool(_extra(index.extra, "constraint"))


def _constraint(index: Index) -> str:
    extra = dict(index.extra)
    kind = "PRIMARY KEY" if index.kind == "primary" else "UNIQUE"
    distinct = " NULLS NOT DISTINCT" if _value(extra, "nulls_not_distinct") else ""
    columns = ", ".join(map(quoted, index.attributes))
    tail = "".join(f" {each}" for each in [*_include(extra), *_deferrable(extra)])
    return f"CONSTRAINT {quoted(index.name)} {kind}{distinct} ({columns}){tail}"


def _create_index(index: Index, table: str) -> str:
    extra = dict(index.extra)
    keys = _value(extra, "expressions") or [quoted(each) for each in index.attributes]
    method = f" USING {index.kind}" if index.kind not in ("", "btree") else ""
    parts = [f"CREATE {'UNIQUE ' if index.is_unique else ''}INDEX {quoted(index.name)} ON {table}{method}"]
    parts += [f"({', '.join(map(str, keys))})", *_include(extra)]
    if _value(extra, "nulls_not_distinct"):
        parts.append("NULLS NOT DISTINCT")
    if where := _value(extra, "where"):
        parts.append(f"WHERE {where}")
    invalid = "-- Invalid: its building did not end.\n" if _value(extra, "invalid") else ""
    return f"{invalid}{' '.join(parts)};\n"


def _include(extra: dict[str, str]) -> list[str]:
    found = _value(extra, "include")
    return [f"INCLUDE ({', '.join(quoted(str(each)) for each in found)})"] if found else []


def _deferrable(extra: dict[str, str]) -> list[str]:
    found = _value(extra, "deferrable")
    if not found:
        return []
    return ["DEFERRABLE INITIALLY DEFERRED" if found == "deferred" else "DEFERRABLE"]


def _link_name(link: Link) -> str:
    return link.name or link.forward.label


# Values


def _enums_of(entities: Iterable[Entity]) -> set[EnumType]:
    kinds = (
        each.type.item if isinstance(each.type, ArrayType) else each.type for e in entities for each in e.attributes
    )
    return {each for each in kinds if isinstance(each, EnumType) and each.name}


def _type_text(kind: Type, dialect: Dialect) -> str:
    """What the database has no type for stands as a note: the script is there to be read."""
    try:
        return text_of(kind, dialect)
    except Invalid as error:
        return f"/* {error.sentence.replace('*/', '* /')} */"


def _sql_name(entity: str, dialect: Dialect) -> str:
    try:
        return sql_name(entity, dialect)
    except Invalid:
        return quoted(entity)


def _split(entity: str) -> tuple[str, str]:
    try:
        return split_name(entity)
    except Invalid:
        return "public", entity


def _checks(extra: Extra) -> Iterator[tuple[str, str]]:
    return _named(extra, CHECK)


def _named(extra: Extra, prefix: str) -> Iterator[tuple[str, str]]:
    for name, text in extra:
        if name.startswith(prefix):
            yield name.removeprefix(prefix), str(_read(text))


def _extra(extra: Extra, name: str) -> Any:
    return _value(dict(extra), name)


def _value(extra: dict[str, str], name: str) -> Any:
    """None where it is not there."""
    text = extra.get(name)
    return None if text is None else _read(text)


def _read(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text


def _listed(values: Iterable[str]) -> str:
    return ", ".join(map(_literal, values))


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
