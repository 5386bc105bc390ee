"""Questions for the rows that a change meets: each finds a row's key and value, and can be counted."""

from __future__ import annotations

from collections.abc import Sequence

from app.schema.formats.sql_names import Dialect, quoted
from app.schema.model import Entity

from .render import Table

_VALUE_LENGTH = 200
TRIES_TYPES = 160_000
"""``pg_input_is_valid`` is there since this version."""


def key_of(entity: Entity | None, dialect: Dialect = "postgresql") -> str:
    """What tells a row apart, as text: its primary key, else where it lies."""
    primary = next((each for each in entity.indexes if each.kind == "primary"), None) if entity is not None else None
    if primary is not None and primary.attributes:
        return " || ', ' || ".join(f"CAST({quoted(each)} AS text)" for each in primary.attributes)
    return "CAST(ctid AS text)" if dialect == "postgresql" else "CAST(rowid AS text)"


def nulls(table: Table, column: str, key: str) -> str:
    return f"SELECT {key} AS entity_id, '' AS value FROM {table.sql} WHERE {quoted(column)} IS NULL"


def repeated(table: Table, columns: Sequence[str], key: str, *, counts_nulls: bool = False) -> str:
    """All rows that share their values with another; NULLs are different from each other, as a rule."""
    names = ", ".join(map(quoted, columns))
    is_set = "" if counts_nulls else " WHERE " + " AND ".join(f"{quoted(each)} IS NOT NULL" for each in columns)
    inner = f"SELECT {key} AS entity_id, {_value(columns)} AS value, count(*) OVER (PARTITION BY {names}) AS many"
    return f"SELECT entity_id, value FROM ({inner} FROM {table.sql}{is_set}) AS counted WHERE many > 1"


def orphans(table: Table, target: Table, columns: Sequence[tuple[str, str]], key: str) -> str:
    """Rows that lead to a row that is not there; those with a NULL lead nowhere."""
    is_set = " AND ".join(f"here.{quoted(each)} IS NOT NULL" for each, _ in columns)
    same = " AND ".join(f"there.{quoted(other)} = here.{quoted(each)}" for each, other in columns)
    value = _value([each for each, _ in columns])
    return (
        f"SELECT {key} AS entity_id, {value} AS value FROM {table.sql} AS here WHERE {is_set} "
        f"AND NOT EXISTS (SELECT 1 FROM {target.sql} AS there WHERE {same})"
    )


def failing(table: Table, condition: str, key: str) -> str:
    """Rows for which a check says no; NULL is no no."""
    return f"SELECT {key} AS entity_id, '' AS value FROM {table.sql} WHERE NOT ({condition})"


def other_values(table: Table, column: str, values: Sequence[str], key: str) -> str:
    """Rows with none of these values."""
    listed = ", ".join("'" + each.replace("'", "''") + "'" for each in values)
    text = f"CAST({quoted(column)} AS text)"
    return f"SELECT {key} AS entity_id, {_value([column])} AS value FROM {table.sql} WHERE {text} NOT IN ({listed})"


def not_of_type(table: Table, column: str, kind: str, key: str) -> str:
    """Rows whose text cannot be read as the type (PostgreSQL 16 and newer)."""
    text = f"CAST({quoted(column)} AS text)"
    type_text = "'" + kind.replace("'", "''") + "'"
    return (
        f"SELECT {key} AS entity_id, {_value([column])} AS value FROM {table.sql} "
        f"WHERE {quoted(column)} IS NOT NULL AND NOT pg_input_is_valid({text}, {type_text})"
    )


def too_long(table: Table, column: str, length: int, key: str) -> str:
    return (
        f"SELECT {key} AS entity_id, {_value([column])} AS value FROM {table.sql} "
        f"WHERE length(rtrim(CAST({quoted(column)} AS text))) > {length}"
    )


def every(table: Table, key: str) -> str:
    return f"SELECT {key} AS entity_id, '' AS value FROM {table.sql}"


def filled(table: Table, column: str, key: str) -> str:
    """Rows that have a value there."""
    return f"SELECT {key} AS entity_id, '' AS value FROM {table.sql} WHERE {quoted(column)} IS NOT NULL"


def counted(question: str) -> str:
    return f"SELECT count(*) FROM ({question}) AS found"


def sampled(question: str, most: int) -> str:
    return f"SELECT entity_id, value FROM ({question}) AS found LIMIT {most}"


def _value(columns: Sequence[str]) -> str:
    parts = " || ', ' || ".join(f"coalesce(CAST({quoted(each)} AS text), 'NULL')" for each in columns)
    return f"substr({parts}, 1, {_VALUE_LENGTH})"
