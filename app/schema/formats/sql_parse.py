"""A script of SQL read back as a schema: what ``sql.render`` writes, and what people write like it.

Expressions are taken as they stand. What a schema cannot hold is refused with its place, never dropped.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from app.core.errors import Invalid
from app.core.text import plain
from app.schema.columns import CHECK, to_json
from app.schema.model import Attribute, Entity, Index, Link, LinkEnd, OnDelete, Schema
from app.schema.types import ArrayType, StringType, Type

from .sql_clauses import names, primary_key, rule, tail
from .sql_form import canonical
from .sql_names import Dialect, entity_name, home_schema, implied_name, table_of
from .sql_source import MAX_LENGTH, Cursor, Refused, Source, Token
from .sql_types import type_of
from .sql_words import without_brackets, words_of

Spans = dict[str, tuple[int, int]]

_COLUMN_WORDS: Final = frozenset(
    {"NOT", "NULL", "DEFAULT", "UNIQUE", "PRIMARY", "CHECK", "REFERENCES", "GENERATED", "COLLATE", "CONSTRAINT"}
)
_TABLE_WORDS: Final = frozenset({"CONSTRAINT", "PRIMARY", "UNIQUE", "CHECK", "FOREIGN", "EXCLUDE"})
_RULES: Final[Mapping[str, OnDelete | None]] = {"CASCADE": "cascade", "RESTRICT": "restrict"}


def parse(text: str, dialect: Dialect) -> tuple[Schema, Spans]:
    """The schema in canonical form, and where each of its parts stands; raises TextErrors with every problem."""
    source = Source(text)
    if len(text) > MAX_LENGTH:
        source.tell(
            0, 1, f"The text is larger than {MAX_LENGTH // 2**20} MB.", "Open a script that holds a schema only."
        )
        source.check()
    script = _Script(source, dialect)
    for tokens in source.statements():
        try:
            script.read(Cursor(source, tokens, dialect))
        except Refused:
            continue
    schema = script.schema()
    source.check()
    return canonical(schema, dialect), script.spans


@dataclass(slots=True)
class _Column:
    """``text`` is its type, which is known once all enums are."""

    name: str
    text: str
    token: Token
    is_required: bool = False
    is_unique: bool = False
    default: str | None = None
    extra: dict[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class _Table:
    name: str
    columns: dict[str, _Column] = field(default_factory=dict)
    indexes: list[Index] = field(default_factory=list)
    extra: dict[str, str] = field(default_factory=dict)

    @property
    def table(self) -> str:
        return table_of(self.name)


@dataclass(slots=True)
class _Key:
    """A foreign key; ``there`` is empty where it leads to the primary key without saying so."""

    table: str
    name: str
    here: tuple[str, ...]
    target: str
    there: tuple[str, ...]
    on_delete: OnDelete | None
    extra: dict[str, str]
    token: Token


class _Script:
    def __init__(self, source: Source, dialect: Dialect) -> None:
        self._source = source
        self._dialect = dialect
        self._tables: dict[str, _Table] = {}
        self._enums: dict[str, tuple[str, ...]] = {}
        self._keys: list[_Key] = []
        self.spans: Spans = {}

    # Statements

    def read(self, cursor: Cursor) -> None:
        statements: tuple[tuple[tuple[str, ...], Callable[[Cursor], None]], ...] = (
            (("CREATE", "SCHEMA"), self._create_schema),
            (("CREATE", "TYPE"), self._create_type),
            (("CREATE", "TABLE"), self._create_table),
            (("CREATE", "UNIQUE", "INDEX"), self._create_unique_index),
            (("CREATE", "INDEX"), self._create_index),
            (("ALTER", "TABLE"), self._alter_table),
            (("COMMENT", "ON"), self._comment),
        )
        for words, act in statements:
            if cursor.takes(*words):
                act(cursor)
                cursor.ensure_done()
                return
        sentence = f"{plain(cursor.here.text, 40)} begins no statement of a schema."
        cursor.refuse(sentence, "Use CREATE TABLE, CREATE INDEX, CREATE TYPE … AS ENUM, ALTER TABLE … ADD, COMMENT ON.")

    @staticmethod
    def _create_schema(cursor: Cursor) -> None:
        """The names of its tables say it."""
        cursor.takes("IF", "NOT", "EXISTS")
        cursor.name()

    def _create_type(self, cursor: Cursor) -> None:
        token = cursor.here
        name = cursor.table()
        cursor.expect("AS", "ENUM")
        if name in self._enums:
            cursor.refuse(f"There are two types {plain(name, 60)}.", "Remove one of them.", token)
        self._enums[name] = tuple(each.literal() for each in cursor.bracketed().parts())

    def _create_table(self, cursor: Cursor) -> None:
        cursor.takes("IF", "NOT", "EXISTS")
        token = cursor.here
        name = cursor.table()
        if name in self._tables:
            cursor.refuse(f"There are two tables {plain(name, 60)}.", "Rename or remove one of them.", token)
        table = self._tables[name] = _Table(name)
        self.spans[name] = self._source.place(token.start)
        for each in cursor.bracketed().parts():
            try:
                self._element(each, table)
                each.ensure_done()
            except Refused:
                continue
        if cursor.takes("PARTITION", "BY"):
            table.extra["partition_by"] = to_json(cursor.rest())

    def _element(self, cursor: Cursor, table: _Table) -> None:
        if cursor.here.upper in _TABLE_WORDS:
            self._constraint(cursor, table)
        else:
            self._column(cursor, table)

    def _alter_table(self, cursor: Cursor) -> None:
        cursor.takes("ONLY")
        table = self._known(cursor)
        if cursor.takes("ENABLE", "ROW", "LEVEL", "SECURITY"):
            table.extra["row_security"] = "true"
            return
        cursor.expect("ADD")
        self._constraint(cursor, table)

    def _comment(self, cursor: Cursor) -> None:
        if cursor.takes("TABLE"):
            extra = self._known(cursor).extra
        else:
            cursor.expect("COLUMN")
            extra = self._known_column(cursor).extra
        cursor.expect("IS")
        if not cursor.takes("NULL"):
            extra["comment"] = to_json(cursor.literal())

    def _known(self, cursor: Cursor) -> _Table:
        token = cursor.here
        return self._table(cursor, cursor.table(), token)

    def _table(self, cursor: Cursor, name: str, token: Token) -> _Table:
        found = self._tables.get(name)
        if found is None:
            cursor.refuse(f"There is no table {plain(name, 60)} above.", "Create it first, or correct the name.", token)
        return found

    def _known_column(self, cursor: Cursor) -> _Column:
        token = cursor.here
        *path, name = cursor.path()
        if not 1 <= len(path) <= 2:
            cursor.refuse("Here should be a table, a dot and a column.", "Write it as table.column.", token)
        home = path[0] if len(path) == 2 else home_schema(self._dialect)
        table = self._table(cursor, entity_name(home, path[-1]), token)
        found = table.columns.get(name)
        if found is None:
            cursor.refuse(f"{plain(table.name, 60)} has no column {plain(name, 60)}.", "Correct the name.", token)
        return found

    # Columns

    def _column(self, cursor: Cursor, table: _Table) -> None:
        token = cursor.here
        name = cursor.name()
        if name in table.columns:
            cursor.refuse(
                f"{plain(table.name, 60)} has two columns {plain(name, 60)}.", "Rename or remove one of them.", token
            )
        start = cursor.here
        column = table.columns[name] = _Column(name, cursor.until(_COLUMN_WORDS), start)
        self.spans[f"{table.name}.{name}"] = self._source.place(token.start)
        constraint = ""
        while not cursor.is_done:
            if cursor.takes("CONSTRAINT"):
                constraint = cursor.name()
            else:
                self._part(cursor, table, column, constraint)
                constraint = ""

    def _part(self, cursor: Cursor, table: _Table, column: _Column, name: str) -> None:
        token = cursor.here
        if cursor.takes("NOT", "NULL"):
            column.is_required = True
        elif cursor.takes("NULL"):
            return
        elif cursor.takes("DEFAULT"):
            column.default = cursor.until(_COLUMN_WORDS, least=1)
        elif cursor.takes("COLLATE"):
            column.extra["collation"] = to_json(cursor.until(_COLUMN_WORDS, least=1))
        elif cursor.takes("GENERATED"):
            self._generated(cursor, column)
        elif cursor.takes("PRIMARY", "KEY"):
            table.indexes.append(primary_key(name or implied_name(table.table, "", "pkey"), (column.name,), {}))
        elif cursor.takes("UNIQUE"):
            self._unique_column(table, column, name)
        elif cursor.takes("CHECK"):
            self._check(cursor, table, name, column.name)
        elif cursor.takes("REFERENCES"):
            self._references(cursor, table, name, (column.name,), token)
        else:
            cursor.ensure_done()

    @staticmethod
    def _unique_column(table: _Table, column: _Column, name: str) -> None:
        if name and name != implied_name(table.table, column.name, "key"):
            table.indexes.append(Index(name, (column.name,), True, "btree", (("constraint", "true"),)))
        else:
            column.is_unique = True

    @staticmethod
    def _generated(cursor: Cursor, column: _Column) -> None:
        if cursor.takes("BY", "DEFAULT"):
            cursor.expect("AS", "IDENTITY")
            column.extra["identity"] = to_json("by default")
            return
        cursor.expect("ALWAYS", "AS")
        if cursor.takes("IDENTITY"):
            column.extra["identity"] = to_json("always")
            return
        column.extra["generated"] = to_json(cursor.bracketed().rest())
        if cursor.takes("VIRTUAL"):
            column.extra["virtual"] = "true"
        else:
            cursor.expect("STORED")

    # Constraints

    def _constraint(self, cursor: Cursor, table: _Table) -> None:
        token = cursor.here
        name = cursor.name() if cursor.takes("CONSTRAINT") else ""
        if name:
            self.spans.setdefault(f"{table.name}.{name}", self._source.place(token.start))
        if cursor.takes("PRIMARY", "KEY"):
            columns = names(cursor)
            table.indexes.append(primary_key(name or implied_name(table.table, "", "pkey"), columns, tail(cursor)))
        elif cursor.takes("UNIQUE"):
            self._unique(cursor, table, name)
        elif cursor.takes("CHECK"):
            self._check(cursor, table, name)
        elif cursor.takes("FOREIGN", "KEY"):
            columns = names(cursor)
            cursor.expect("REFERENCES")
            self._references(cursor, table, name, columns, token)
        elif cursor.peeks("EXCLUDE") and name:
            table.extra[f"exclude {name}"] = to_json(cursor.rest())
        else:
            cursor.refuse("Here should be PRIMARY KEY, UNIQUE, CHECK, FOREIGN KEY, or EXCLUDE with a name.")

    @staticmethod
    def _unique(cursor: Cursor, table: _Table, name: str) -> None:
        extra = {"nulls_not_distinct": "true"} if cursor.takes("NULLS", "NOT", "DISTINCT") else {}
        columns = names(cursor)
        extra |= {"constraint": "true", **tail(cursor)}
        name = name or implied_name(table.table, "_".join(columns), "key")
        table.indexes.append(Index(name, columns, True, "btree", tuple(sorted(extra.items()))))

    @staticmethod
    def _check(cursor: Cursor, table: _Table, name: str, column: str = "") -> None:
        expression = without_brackets(cursor.bracketed().rest())
        if not name:
            over = [each for each in table.columns if each in words_of(expression)]
            word = column or (over[0] if len(over) == 1 else "")
            name = implied_name(table.table, word, "check")
        if f"{CHECK}{name}" in table.extra:
            cursor.refuse(f"{plain(table.name, 60)} has two checks {plain(name, 60)}.", "Give each a name of its own.")
        table.extra[f"{CHECK}{name}"] = to_json(expression)

    def _references(self, cursor: Cursor, table: _Table, name: str, here: tuple[str, ...], token: Token) -> None:
        target = cursor.table()
        there = names(cursor) if cursor.peeks("(") else ()
        extra: dict[str, str] = {}
        on_delete: OnDelete | None = None
        if cursor.takes("MATCH"):
            kind = cursor.name().lower()
            extra |= {"match": to_json(kind)} if kind != "simple" else {}
        while cursor.takes("ON"):
            is_delete = cursor.takes("DELETE")
            if not is_delete:
                cursor.expect("UPDATE")
            found = rule(cursor)
            if is_delete:
                on_delete = "set-null" if found == "set-null" else _RULES.get(found.upper())
                extra |= {"set_default": "true"} if found == "set-default" else {}
            elif found:
                extra["on_update"] = to_json(found)
        extra |= tail(cursor)
        if cursor.takes("NOT", "VALID"):
            extra["not_valid"] = "true"
        name = name or implied_name(table.table, "_".join(here), "fkey")
        self.spans.setdefault(f"{table.name}.{name}", self._source.place(token.start))
        self._keys.append(_Key(table.name, name, here, target, there, on_delete, extra, token))

    # Indexes

    def _create_unique_index(self, cursor: Cursor) -> None:
        self._index(cursor, is_unique=True)

    def _create_index(self, cursor: Cursor) -> None:
        self._index(cursor, is_unique=False)

    def _index(self, cursor: Cursor, *, is_unique: bool) -> None:
        cursor.takes("CONCURRENTLY")
        cursor.takes("IF", "NOT", "EXISTS")
        token = cursor.here
        name = cursor.path()[-1]
        cursor.expect("ON")
        cursor.takes("ONLY")
        table = self._known(cursor)
        kind = cursor.name().lower() if cursor.takes("USING") else "btree"
        parts = cursor.bracketed().parts()
        columns = tuple(each for part in parts if (each := part.leading_name()) in table.columns and each is not None)
        extra: dict[str, str] = {}
        if len(columns) < len(parts) or any(len(each) > 1 for each in parts):
            extra["expressions"] = to_json([each.rest() for each in parts])
        extra |= tail(cursor)
        if cursor.takes("NULLS", "NOT", "DISTINCT"):
            extra["nulls_not_distinct"] = "true"
        if cursor.takes("WHERE"):
            extra["where"] = to_json(without_brackets(cursor.rest()))
        table.indexes.append(Index(name, columns, is_unique, kind, tuple(sorted(extra.items()))))
        self.spans.setdefault(f"{table.name}.{name}", self._source.place(token.start))

    # The whole

    def schema(self) -> Schema:
        entities = tuple(self._entity(each) for each in self._tables.values())
        return Schema(entities, tuple(link for each in self._keys if (link := self._link(each)) is not None))

    def _entity(self, table: _Table) -> Entity:
        attributes = tuple(self._attribute(each) for each in table.columns.values())
        return Entity(table.name, attributes, tuple(table.indexes), extra=tuple(sorted(table.extra.items())))

    def _attribute(self, column: _Column) -> Attribute:
        try:
            kind: Type = type_of(column.text, self._enums, self._dialect)
        except Invalid as error:
            self._source.tell(column.token.start, column.token.end, error.sentence, error.remedy)
            kind = StringType()
        if "collation" in column.extra and isinstance(kind, ArrayType):
            self._source.tell(column.token.start, column.token.end, "A list has no collation.", "Remove it.")
        extra = tuple(sorted(column.extra.items()))
        return Attribute(column.name, kind, column.is_required, column.is_unique, False, column.default, extra=extra)

    def _link(self, key: _Key) -> Link | None:
        there = key.there
        if not there:
            target = self._tables.get(key.target)
            keys = [each for each in target.indexes if each.kind == "primary"] if target is not None else []
            there = keys[0].attributes if keys else ()
        if len(there) != len(key.here):
            sentence = f"{plain(key.name, 60)} is over {len(key.here)} columns, and leads to {len(there)}."
            self._source.tell(key.token.start, key.token.end, sentence, "Name as many columns there as here.")
            return None
        forward = LinkEnd(key.table, key.name, "one", on_delete=key.on_delete)
        columns = tuple(zip(key.here, there, strict=True))
        made = Link(key.name, forward, LinkEnd(key.target, "", "many"), columns=columns)
        return replace(made, extra=tuple(sorted(key.extra.items())))
