"""What a schema in PostgreSQL, or in an SQLite file, may be; what only the database can tell is left to it."""

from __future__ import annotations

from functools import partial
from typing import Final

from app.core.errors import Invalid
from app.schema.check_rules import Rules
from app.schema.formats.sql_names import MAX_BYTES, split_name
from app.schema.formats.sql_types import takes, type_of
from app.schema.types import Type

_TYPES: Final = (
    "text",
    "integer",
    "bigint",
    "numeric",
    "double precision",
    "boolean",
    "timestamptz",
    "date",
    "time",
    "uuid",
    "jsonb",
    "bytea",
    "bigserial",
)
_SQLITE_TYPES: Final = ("text", "integer", "real", "numeric", "boolean", "datetime", "date", "time", "json", "blob")
_NAME_WORDS: Final = "Use any characters but the null character."


def _type(text: str) -> Type:
    return type_of(text)


def _sqlite_type(text: str) -> Type:
    return type_of(text, dialect="sqlite")


def _postgres_parts(entity: str) -> tuple[str, ...]:
    parts = split_name(entity)
    if parts[0].startswith("pg_"):
        raise Invalid("Schemas that begin with pg_ belong to PostgreSQL.", remedy="Choose another schema.")
    return parts


def _sqlite_parts(entity: str) -> tuple[str, ...]:
    parts = split_name(entity, "main")
    if parts[0] != "main":
        raise Invalid("A file of SQLite has one schema only.", remedy="Leave out what stands before the dot.")
    if parts[1].lower().startswith("sqlite_"):
        raise Invalid("Names that begin with sqlite_ belong to SQLite.", remedy="Choose another name.")
    return parts


RULES_POSTGRES: Final = Rules(
    platform="PostgreSQL",
    name_pattern=r"[^\x00]+",
    name_words=_NAME_WORDS,
    # With a schema, a dot and quotes around each part.
    max_length=2 * MAX_BYTES + 5,
    max_bytes=MAX_BYTES,
    name_parts=_postgres_parts,
    # Each table has these columns, hidden.
    reserved_names=frozenset({"tableoid", "xmin", "cmin", "xmax", "cmax", "ctid"}),
    types=tuple(map(_type, _TYPES)),
    parse_type=_type,
    takes_type=takes,
    on_delete=("cascade", "restrict", "set-null"),
    can_require_reverse=False,
    has_reverse_labels=False,
    links_have_columns=True,
    index_kinds=("btree", "primary", "gin", "gist", "brin", "hash", "spgist"),
)

RULES_SQLITE: Final = Rules(
    platform="SQLite",
    name_pattern=r"[^\x00]+",
    name_words=_NAME_WORDS,
    max_length=500,
    name_parts=_sqlite_parts,
    types=tuple(map(_sqlite_type, _SQLITE_TYPES)),
    parse_type=_sqlite_type,
    takes_type=partial(takes, dialect="sqlite"),
    on_delete=("cascade", "restrict", "set-null"),
    has_empty_entities=False,
    can_require_reverse=False,
    has_reverse_labels=False,
    links_have_columns=True,
    index_kinds=("btree", "primary"),
)
