"""What a database knows its parts by, whatever they are called: renames can be told for sure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeVar

from app.platforms.contract import LiveSchema
from app.schema.formats.sql_names import Dialect
from app.schema.matching import Renames
from app.schema.model import LinkKey

Key = TypeVar("Key")


@dataclass(frozen=True, slots=True)
class Native:
    """``LiveSchema.native`` of PostgreSQL; SQLite keeps no IDs, and has empty ones.

    By names as in the model: OIDs of tables, numbers of columns (pg_attribute.attnum), OIDs of indexes (those of
    ``Entity.indexes``) and of foreign keys. ``enums`` holds all enum types, also those that no column has, with their
    values in order; ``schemas`` all schemas, hidden ones too; ``version`` as ``server_version_num`` (180004).
    """

    tables: Mapping[str, int] = field(default_factory=dict)
    columns: Mapping[tuple[str, str], int] = field(default_factory=dict)
    indexes: Mapping[tuple[str, str], int] = field(default_factory=dict)
    links: Mapping[LinkKey, int] = field(default_factory=dict)
    enums: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    schemas: frozenset[str] = frozenset({"public"})
    version: int = 0

    @property
    def dialect(self) -> Dialect:
        return "postgresql" if self.version else "sqlite"


def native_of(live: LiveSchema) -> Native:
    """Of a schema that was read in another way: nothing is known by an ID."""
    return live.native if isinstance(live.native, Native) else Native()


def renames_between(before: LiveSchema, after: LiveSchema) -> Renames | None:
    """See the contract; None where one of the two holds no IDs."""
    old, new = native_of(before), native_of(after)
    if not old.version or not new.version:
        return None
    tables = _same(old.tables, new.tables)
    columns = _same(_by_table(old.columns, old.tables), _by_table(new.columns, new.tables))
    indexes, links = _same(old.indexes, new.indexes), _same(old.links, new.links)
    return Renames(
        entities=tuple((name, now) for name, now in tables.items() if name != now),
        attributes=tuple((name[0], name[1], now[1]) for name, now in columns.items() if name[1] != now[1]),
        links=tuple((key[:2], now[:2]) for key, now in links.items() if key[:2] != now[:2]),
        indexes=tuple((name[0], name[1], now[1]) for name, now in indexes.items() if name[1] != now[1]),
    )


def _by_table(columns: Mapping[tuple[str, str], int], tables: Mapping[str, int]) -> dict[tuple[str, str], object]:
    """A column's number is its table's own: only both together tell columns apart."""
    return {key: (tables.get(key[0]), number) for key, number in columns.items()}


def _same(before: Mapping[Key, object], after: Mapping[Key, object]) -> dict[Key, Key]:
    """Names before to names after, of what is there both times."""
    now = {each: name for name, each in after.items()}
    return {name: now[each] for name, each in before.items() if each in now}
