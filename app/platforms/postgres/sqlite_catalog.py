"""A SQLite file as a schema of the model: PRAGMAs as tables, one question for all of them, and the texts of tables.

SQLite keeps no names of constraints but in the text of its tables; what only the text says is read from there.
"""

from __future__ import annotations

import json
from collections import defaultdict
from typing import Any, Final

from app.core.errors import Invalid
from app.platforms.contract import TableSize
from app.schema.formats.sql_names import entity_name, implied_name, quote
from app.schema.formats.sql_types import type_of
from app.schema.model import Attribute, Entity, Index, Link, LinkEnd, OnDelete, Schema, link_key
from app.schema.types import NativeType, Type

from .catalog import Ask
from .index_texts import parsed
from .table_texts import TableText, table_text

_OWN: Final = "m.name NOT LIKE 'sqlite\\_%' ESCAPE '\\'"
NAMES: Final = f"""/* read names of tables */
SELECT 'main', m.name FROM sqlite_schema m WHERE m.type IN ('table', 'view') AND {_OWN}"""
_TABLES: Final = f"""/* read tables */
SELECT m.name, m.type, m.sql FROM sqlite_schema m WHERE m.type IN ('table', 'view') AND {_OWN} ORDER BY m.name"""
_COLUMNS: Final = f"""/* read columns */
SELECT m.name, c.name, c.type, c."notnull", c.dflt_value, c.pk, c.hidden
FROM sqlite_schema m, pragma_table_xinfo(m.name) c WHERE m.type IN ('table', 'view') AND {_OWN}
ORDER BY m.name, c.cid"""
_INDEXES: Final = f"""/* read indexes */
SELECT m.name, i.name, i."unique", i.origin, i.partial, k.cid, k.name, k."desc", k.coll, s.sql
FROM sqlite_schema m, pragma_index_list(m.name) i, pragma_index_xinfo(i.name) k
LEFT JOIN sqlite_schema s ON s.type = 'index' AND s.name = i.name
WHERE m.type = 'table' AND {_OWN} AND k.key = 1 ORDER BY m.name, i.name, k.seqno"""
_LINKS: Final = f"""/* read foreign keys */
SELECT m.name, f.id, f."table", f."from", f."to", f.on_update, f.on_delete
FROM sqlite_schema m, pragma_foreign_key_list(m.name) f WHERE m.type = 'table' AND {_OWN}
ORDER BY m.name, f.id, f.seq"""
_SIZES: Final = f"""/* read sizes */ SELECT m.name, sum(d.pgsize) FROM sqlite_schema s
JOIN dbstat d ON d.name = s.name AND d.aggregate JOIN sqlite_schema m ON m.name = s.tbl_name AND m.type = 'table'
WHERE {_OWN} GROUP BY 1"""
_ON_DELETE: Final[dict[str, OnDelete | None]] = {"CASCADE": "cascade", "RESTRICT": "restrict", "SET NULL": "set-null"}
_ON_UPDATE: Final = {
    "CASCADE": "cascade",
    "RESTRICT": "restrict",
    "SET NULL": "set-null",
    "SET DEFAULT": "set-default",
}
# Hidden columns of virtual tables are 1; generated ones 2 (virtual) and 3 (stored).
_GENERATED: Final = (2, 3)


def read(ask: Ask) -> Schema:
    """In order of name, but attributes in the order of the table's columns."""
    tables = ask(_TABLES)
    texts = {name: table_text(sql or "") for name, kind, sql in tables if kind == "table"}
    columns: dict[str, list[tuple[Any, ...]]] = defaultdict(list)
    for row in ask(_COLUMNS):
        columns[row[0]].append(row[1:])
    indexes, flags = _indexes(ask, texts)
    primary = {name: _primary(name, rows, texts) for name, rows in columns.items()}
    entities = []
    for name, kind, _sql in tables:
        own = [*indexes[name], *([primary[name]] if primary.get(name) else [])]
        entities.append(
            Entity(
                entity_name("main", name),
                tuple(_attribute(name, each, flags, texts) for each in columns[name]),
                tuple(sorted((each for each in own if each), key=lambda i: i.name)),
                kind == "view",
                _extra(kind, texts.get(name)),
            )
        )
    links = sorted(_links(ask, columns, texts), key=lambda each: (each.name, *link_key(each)))
    return Schema(tuple(sorted(entities, key=lambda each: each.name)), tuple(links))


def sizes(ask: Ask) -> tuple[TableSize, ...]:
    """Rows are counted: a file is near, and SQLite keeps no estimate. Sizes are 0 where it was built without dbstat."""
    names = [row[0] for row in ask(_TABLES) if row[1] == "table"]
    found: dict[str, int] = {}
    try:
        found = dict(ask(_SIZES))
    except Exception as error:
        if "dbstat" not in str(error):
            raise
    counts = {name: ask(f"SELECT count(*) FROM {quote(name)}")[0][0] for name in names}
    return tuple(TableSize(entity_name("main", name), counts[name], found.get(name) or 0) for name in names)


def _extra(kind: str, text: TableText | None) -> tuple[tuple[str, str], ...]:
    if kind == "view":
        return (("kind", '"view"'),)
    if text is None:
        return ()
    return tuple(sorted((f"check {name}", _json(sql)) for name, sql in text.checks))


def _attribute(
    table: str, row: tuple[Any, ...], flags: dict[tuple[str, str], set[str]], texts: dict[str, TableText]
) -> Attribute:
    name, kind, is_required, default, key, hidden = row
    found = flags.get((table, name), set())
    extra: list[tuple[str, str]] = []
    text = texts.get(table)
    if hidden in _GENERATED and text is not None:
        extra.append(("generated", _json(text.generated.get(name, ""))))
        if hidden == 2:
            extra.append(("virtual", "true"))
    if text is not None and name in text.collations:
        extra.append(("collation", _json(text.collations[name])))
    is_key = bool(key) and text is not None and (text.has_no_rowid or _is_rowid(text, name))
    return Attribute(
        name,
        _type(kind),
        bool(is_required) or is_key,
        "key" in found,
        "idx" in found,
        default,
        False,
        tuple(sorted(extra)),
    )


def _is_rowid(text: TableText, column: str) -> bool:
    return column in text.rowids


def _type(text: str) -> Type:
    try:
        return type_of(text, dialect="sqlite")
    except Invalid:
        return NativeType(text)


def _primary(table: str, rows: list[tuple[Any, ...]], texts: dict[str, TableText]) -> Index | None:
    keys = sorted((row[4], row[0]) for row in rows if row[4])
    if not keys or table not in texts:
        return None
    name = texts[table].primary_name or implied_name(table, "", "pkey")
    return Index(name, tuple(each for _at, each in keys), True, "primary")


def _indexes(ask: Ask, texts: dict[str, TableText]) -> tuple[dict[str, list[Index]], dict[tuple[str, str], set[str]]]:
    parts: dict[tuple[str, str], list[tuple[Any, ...]]] = defaultdict(list)
    for row in ask(_INDEXES):
        parts[row[0], row[1]].append(row[2:])
    found: dict[str, list[Index]] = defaultdict(list)
    flags: dict[tuple[str, str], set[str]] = defaultdict(set)
    for (table, name), rows in parts.items():
        is_unique, origin, is_partial, *_rest, sql = rows[0]
        columns = tuple(row[4] for row in rows if row[3] >= 0)
        if origin == "pk":
            continue
        if origin == "u":
            _unique(table, columns, texts, found, flags)
            continue
        is_plain = not is_partial and len(columns) == len(rows) and not any(row[5] for row in rows) and _is_usual(rows)
        if is_plain and len(columns) == 1 and not is_unique and name == implied_name(table, columns[0], "idx"):
            flags[table, columns[0]].add("idx")
            continue
        found[table].append(Index(name, columns, bool(is_unique), "btree", () if is_plain else _index_extra(sql)))
    return found, flags


def _is_usual(rows: list[tuple[Any, ...]]) -> bool:
    return all((row[6] or "BINARY").upper() == "BINARY" for row in rows)


def _unique(
    table: str,
    columns: tuple[str, ...],
    texts: dict[str, TableText],
    found: dict[str, list[Index]],
    flags: dict[tuple[str, str], set[str]],
) -> None:
    """Constraints without a name get the one that PostgreSQL would give them."""
    name = texts[table].unique_names.get(columns) if table in texts else None
    usual = implied_name(table, columns[0] if len(columns) == 1 else "_".join(columns), "key")
    if len(columns) == 1 and name in (None, usual):
        flags[table, columns[0]].add("key")
        return
    found[table].append(Index(name or usual, columns, True, "btree", (("constraint", "true"),)))


def _index_extra(sql: str) -> tuple[tuple[str, str], ...]:
    text = parsed(sql, before="ON")
    extra = [("expressions", _json(list(text.keys)))]
    if text.where:
        extra.append(("where", _json(text.where)))
    return tuple(sorted(extra))


def _links(ask: Ask, columns: dict[str, list[tuple[Any, ...]]], texts: dict[str, TableText]) -> list[Link]:
    keys: dict[tuple[str, int], list[tuple[Any, ...]]] = defaultdict(list)
    for row in ask(_LINKS):
        keys[row[0], row[1]].append(row[2:])
    links = []
    for (table, _id), rows in keys.items():
        target, *_ = rows[0]
        there = [row[2] for row in rows]
        if None in there:
            there = [each for _at, each in sorted((row[4], row[0]) for row in columns.get(target, ()) if row[4])]
        pairs = tuple((row[1], other) for row, other in zip(rows, there, strict=False))
        text = texts.get(table)
        here = tuple(row[1] for row in rows)
        name = (text.foreign_names.get(here) if text else None) or implied_name(table, "_".join(here), "fkey")
        links.append(_link(table, target, name, pairs, rows[0][3], rows[0][4]))
    return links


def _link(table: str, target: str, name: str, pairs: tuple[tuple[str, str], ...], update: str, delete: str) -> Link:
    extra: list[tuple[str, str]] = []
    if delete == "SET DEFAULT":
        extra.append(("set_default", "true"))
    if update in _ON_UPDATE:
        extra.append(("on_update", _json(_ON_UPDATE[update])))
    return Link(
        name,
        LinkEnd(entity_name("main", table), name, "one", False, _ON_DELETE.get(delete)),
        LinkEnd(entity_name("main", target), "", "many"),
        False,
        tuple(sorted(extra)),
        pairs,
    )


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
