"""Names of tables as names of entities, names in SQL text, and the names that PostgreSQL itself gives."""

from __future__ import annotations

import re
from typing import Final, Literal

from app.core.errors import Invalid
from app.core.text import plain

Dialect = Literal["postgresql", "sqlite"]

# Longer names are cut (NAMEDATALEN - 1); in bytes.
MAX_BYTES: Final = 63
_HOME: Final = frozenset({"public", "main", ""})
_PLAIN: Final = re.compile(r"[a-z_][a-z0-9_]*")
_QUOTED: Final = r'"(?:[^"]|"")+"'
_ENTITY: Final = re.compile(rf'({_QUOTED}|[^".]+)(?:\.({_QUOTED}|[^".]+))?', re.DOTALL)

# Words that PostgreSQL 18 does not take as the name of a column without quotes; it puts them in quotes itself.
_WORDS: Final = """
    all analyse analyze and any array as asc asymmetric authorization between bigint binary bit boolean both case cast
    char character check coalesce collate collation column concurrently constraint create cross current_catalog
    current_date current_role current_schema current_time current_timestamp current_user dec decimal default deferrable
    desc distinct do else end except exists extract false fetch float for foreign freeze from full grant greatest group
    grouping having ilike in initially inner inout int integer intersect interval into is isnull join json json_array
    json_arrayagg json_exists json_object json_objectagg json_query json_scalar json_serialize json_table json_value
    lateral leading least left like limit localtime localtimestamp merge_action national natural nchar none normalize
    not notnull null nullif numeric offset on only or order out outer overlaps overlay placing position precision
    primary real references returning right row select session_user setof similar smallint some substring symmetric
    system_user table tablesample then time timestamp to trailing treat trim true union unique user using values
    varchar variadic verbose when where window with xmlattributes xmlconcat xmlelement xmlexists xmlforest xmlnamespaces
    xmlparse xmlpi xmlroot xmlserialize xmltable"""
KEYWORDS: Final = frozenset(_WORDS.split())
# Those that SQLite does not take on top of these.
_SQLITE_WORDS: Final = """
    add alter autoincrement commit delete drop escape if index indexed insert nothing set transaction update abort"""
RESERVED: Final = KEYWORDS | frozenset(_SQLITE_WORDS.split())


def entity_name(schema: str, table: str) -> str:
    """``table`` in the schema ``public`` (SQLite: ``main``), else ``schema.table``; parts with a dot or a double quote
    are quoted as in SQL."""
    return _part(table) if schema in _HOME else f"{_part(schema)}.{_part(table)}"


def split_name(entity: str, home: str = "public") -> tuple[str, str]:
    """Schema and table, without quotes; ``home`` is the schema of names that have none. Raises Invalid."""
    found = _ENTITY.fullmatch(entity)
    if found is None:
        raise Invalid(
            f"{plain(entity, 80) or 'A name without letters'} cannot be read as the name of a table.",
            remedy='Write table or schema.table; put parts with a dot into double quotes: "my.table".',
        )
    first, second = found[1], found[2]
    return (home, _bare(first)) if second is None else (_bare(first), _bare(second))


def table_of(entity: str) -> str:
    """The table of an entity without its schema; the whole name where it can be none."""
    try:
        return split_name(entity)[1]
    except Invalid:
        return entity


def home_schema(dialect: Dialect) -> str:
    return "main" if dialect == "sqlite" else "public"


def quote(name: str) -> str:
    """A name as it stands in SQL, always in double quotes."""
    return '"' + name.replace('"', '""') + '"'


def quoted(name: str) -> str:
    """A name as it stands in SQL, in double quotes only where PostgreSQL or SQLite need them."""
    return name if _PLAIN.fullmatch(name) and name not in RESERVED else quote(name)


def sql_name(entity: str, dialect: Dialect = "postgresql") -> str:
    """The table of an entity as it stands in SQL; its schema is left out where it is the usual one."""
    schema, table = split_name(entity, home_schema(dialect))
    return quoted(table) if schema in _HOME else f"{quoted(schema)}.{quoted(table)}"


def implied_name(table: str, column: str, suffix: str) -> str:
    """What PostgreSQL calls the ``key``, ``idx``, ``fkey``, ``check`` or ``seq`` of one column, cut as it cuts
    (makeObjectName in indexcmds.c); ``table`` is the table alone, without its schema. With ``column`` "": ``pkey``."""
    one, other = table.encode(), column.encode()
    space = MAX_BYTES - len(suffix) - 1 - (1 if column else 0)
    first, second = len(one), len(other)
    while first + second > space:
        if first > second:
            first -= 1
        else:
            second -= 1
    parts = (_clipped(one, first), _clipped(other, second) if column else "", suffix)
    return "_".join(each for at, each in enumerate(parts) if at != 1 or column)


def cut(name: str) -> str:
    """A name as PostgreSQL keeps it."""
    return _clipped(name.encode(), MAX_BYTES)


def _clipped(data: bytes, length: int) -> str:
    """No half of a character stays."""
    return data[:length].decode(errors="ignore")


def _part(name: str) -> str:
    return quote(name) if "." in name or '"' in name else name


def _bare(part: str) -> str:
    return part[1:-1].replace('""', '"') if part.startswith('"') else part
