"""PostgreSQL's catalogue in few questions: one for all tables, one for all columns, and so on, never one per table.

All are asked in one transaction of ``REPEATABLE READ`` with ``search_path`` ``public``: names in expressions are
written without it. Rows are tuples; ``reflect`` makes a schema of them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from app.core.errors import Unsupported

Rows = Sequence[tuple[Any, ...]]
Ask = Callable[[str], Rows]
"""Sends a statement that has no parameters; a percent sign in it is just that."""

OLDEST: Final = 120000
_NOT_DISTINCT_SINCE: Final = 150000

# Of Supabase; hidden only where it is one: elsewhere they are as good a name as any.
_SUPABASE: Final = (
    "auth",
    "storage",
    "realtime",
    "extensions",
    "graphql",
    "graphql_public",
    "vault",
    "pgsodium",
    "pgsodium_masks",
    "pgbouncer",
    "pgmq",
    "net",
    "cron",
    "_analytics",
    "_realtime",
    "_supavisor",
)
_HIDDEN_NAMES: Final = ", ".join(f"'{name}'" for name in _SUPABASE)
SHOWN: Final = f"""shown AS MATERIALIZED (
  SELECT n.oid, n.nspname FROM pg_catalog.pg_namespace n
  WHERE n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
    AND NOT ((n.nspname IN ({_HIDDEN_NAMES}) OR n.nspname ~ '^supabase_')
             AND EXISTS (SELECT FROM pg_catalog.pg_roles r WHERE r.rolname = 'supabase_admin')))"""
# Tables that an extension brought along belong to it; children of partitions are part of their parent.
RELATIONS: Final = f"""{SHOWN}, relations AS MATERIALIZED (
  SELECT c.oid, s.nspname, c.relname, c.relkind, c.relrowsecurity, c.reltuples
  FROM pg_catalog.pg_class c JOIN shown s ON s.oid = c.relnamespace
  WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND NOT c.relispartition
    AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend e
                    WHERE e.classid = 'pg_catalog.pg_class'::regclass AND e.objid = c.oid AND e.deptype = 'e'))"""

_TABLES: Final = f"""/* read tables */ WITH {RELATIONS}
SELECT c.oid::int8, c.nspname, c.relname, c.relkind::text, c.relrowsecurity,
  CASE WHEN c.relkind = 'p' THEN pg_catalog.pg_get_partkeydef(c.oid) END, d.description
FROM relations c LEFT JOIN pg_catalog.pg_description d
  ON d.objoid = c.oid AND d.classoid = 'pg_catalog.pg_class'::regclass AND d.objsubid = 0
ORDER BY c.nspname, c.relname"""

_COLUMNS: Final = """SELECT a.attrelid::int8, a.attnum, a.attname, a.atttypid::int8, a.atttypmod,
  a.attcollation::int8, a.attnotnull, a.attidentity::text, a.attgenerated::text,
  CASE WHEN a.atthasdef THEN pg_catalog.pg_get_expr(f.adbin, f.adrelid) END, d.description
FROM {tables}
JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
LEFT JOIN pg_catalog.pg_attrdef f ON a.atthasdef AND f.adrelid = a.attrelid AND f.adnum = a.attnum
LEFT JOIN pg_catalog.pg_description d
  ON d.objoid = a.attrelid AND d.classoid = 'pg_catalog.pg_class'::regclass AND d.objsubid = a.attnum
ORDER BY a.attrelid, a.attnum"""

_TYPES: Final = """/* read types */ SELECT x.t::int8, x.m, x.o::int8, pg_catalog.format_type(x.t, x.m),
  CASE WHEN x.o <> 0 AND x.o <> t.typcollation
    THEN CASE WHEN cn.nspname = 'pg_catalog' THEN '' ELSE quote_ident(cn.nspname) || '.' END
      || quote_ident(co.collname) END
FROM (VALUES {pairs}) x(t, m, o) JOIN pg_catalog.pg_type t ON t.oid = x.t
LEFT JOIN pg_catalog.pg_collation co ON co.oid = x.o
LEFT JOIN pg_catalog.pg_namespace cn ON cn.oid = co.collnamespace"""

_ENUMS: Final = f"""/* read enums */ WITH {SHOWN}
SELECT s.nspname, t.typname, array_agg(e.enumlabel::text ORDER BY e.enumsortorder)
FROM pg_catalog.pg_type t JOIN shown s ON s.oid = t.typnamespace
JOIN pg_catalog.pg_enum e ON e.enumtypid = t.oid GROUP BY 1, 2"""

_OPCLASSES: Final = "/* read operator classes */ SELECT oid::int8 FROM pg_catalog.pg_opclass WHERE NOT opcdefault"

_INDEXES: Final = f"""/* read indexes */ WITH {RELATIONS}
SELECT i.indexrelid::int8, i.indrelid::int8, x.relname, i.indisunique, i.indisprimary, i.indisvalid, i.indnkeyatts,
  i.indkey::text, i.indclass::text, i.indcollation::text, i.indoption::text, i.indexprs IS NOT NULL,
  i.indpred IS NOT NULL, m.amname, {{not_distinct}}
FROM relations c JOIN pg_catalog.pg_index i ON i.indrelid = c.oid
JOIN pg_catalog.pg_class x ON x.oid = i.indexrelid JOIN pg_catalog.pg_am m ON m.oid = x.relam
WHERE c.relkind IN ('r', 'p', 'm')"""

_INDEX_TEXTS: Final = """/* read index definitions */
SELECT oid::int8, pg_catalog.pg_get_indexdef(oid) FROM pg_catalog.pg_class WHERE oid IN ({oids})"""

_CONSTRAINTS: Final = f"""/* read constraints */ WITH {RELATIONS}
SELECT k.oid::int8, k.conrelid::int8, k.conname, k.contype::text, k.conindid::int8, k.confrelid::int8,
  k.conkey, k.confkey, k.confupdtype::text, k.confdeltype::text, k.confmatchtype::text,
  k.condeferrable, k.condeferred, k.convalidated,
  CASE WHEN k.contype = 'c' THEN pg_catalog.pg_get_expr(k.conbin, k.conrelid)
       WHEN k.contype = 'x' THEN pg_catalog.pg_get_constraintdef(k.oid) END
FROM relations c JOIN pg_catalog.pg_constraint k ON k.conrelid = c.oid
WHERE k.contype IN ('p', 'u', 'f', 'c', 'x') AND k.conparentid = 0 ORDER BY k.conrelid, k.conname"""

_SEQUENCES: Final = """/* read sequences of columns */
SELECT d.refobjid::int8, d.refobjsubid, d.objid::regclass::text FROM pg_catalog.pg_depend d
JOIN pg_catalog.pg_class s ON s.oid = d.objid AND s.relkind = 'S'
WHERE d.classid = 'pg_catalog.pg_class'::regclass AND d.refclassid = 'pg_catalog.pg_class'::regclass
  AND d.deptype = 'a' AND d.refobjsubid > 0"""

_HIDDEN: Final = """/* read tables of the platform that are linked to */
SELECT c.oid::int8, n.nspname, c.relname, c.relkind::text, false, NULL::text, NULL::text
FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE c.oid IN ({oids})"""

_SCHEMAS: Final = "/* read schemas */ SELECT nspname FROM pg_catalog.pg_namespace"

NAMES: Final = f"""/* read names of tables */ WITH {RELATIONS} SELECT nspname, relname FROM relations"""

# The rows of a partitioned table are in its parts, however deep.
_PARTS: Final = "pg_catalog.pg_partition_tree(c.oid) t JOIN pg_catalog.pg_class x ON x.oid = t.relid WHERE t.isleaf"
SIZES: Final = f"""/* read sizes */ WITH {RELATIONS}
SELECT c.nspname, c.relname, c.reltuples::int8, coalesce(pg_catalog.pg_total_relation_size(c.oid), 0)::int8
FROM relations c WHERE c.relkind IN ('r', 'm')
UNION ALL SELECT c.nspname, c.relname,
  coalesce((SELECT sum(greatest(x.reltuples, 0)) FROM {_PARTS}), 0)::int8,
  coalesce((SELECT sum(pg_catalog.pg_total_relation_size(x.oid)) FROM {_PARTS}), 0)::int8
FROM relations c WHERE c.relkind = 'p'"""


@dataclass(frozen=True, slots=True)
class Catalog:
    """What was read, as it was read; ``linked`` are hidden tables that foreign keys lead to, with their columns."""

    version: int
    tables: Rows
    columns: Rows
    linked: Rows
    types: Rows
    enums: Rows
    indexes: Rows
    index_texts: Rows
    constraints: Rows
    sequences: Rows
    schemas: Rows


def read(ask: Ask, version: int) -> Catalog:
    """Raises Unsupported for servers that are too old to be understood."""
    ensure_known(version)
    tables = ask(_TABLES)
    columns = ask(f"/* read columns */ WITH {RELATIONS} " + _COLUMNS.format(tables="relations c"))
    constraints = ask(_CONSTRAINTS)
    known = {row[0] for row in tables}
    missing = {row[5] for row in constraints if row[3] == "f"} - known
    linked = ask(_HIDDEN.format(oids=_listed(missing))) if missing else ()
    if missing:
        wanted = f"pg_catalog.pg_class c ON c.oid IN ({_listed(missing)})"
        more = _COLUMNS.format(tables=f"(SELECT) one JOIN {wanted}")
        columns = [*columns, *ask("/* read columns of the platform */ " + more)]
    opclasses = ask(_OPCLASSES)
    not_distinct = "i.indnullsnotdistinct" if version >= _NOT_DISTINCT_SINCE else "false"
    indexes = ask(_INDEXES.format(not_distinct=not_distinct))
    usual = usual_of(columns, opclasses)
    special = [row[0] for row in indexes if usual.is_special(row)]
    pairs = {(row[3], row[4], row[5]) for row in columns}
    return Catalog(
        version,
        tables,
        columns,
        linked,
        ask(_TYPES.format(pairs=_pairs(pairs))) if pairs else (),
        ask(_ENUMS),
        indexes,
        ask(_INDEX_TEXTS.format(oids=_listed(special))) if special else (),
        constraints,
        ask(_SEQUENCES),
        ask(_SCHEMAS),
    )


def ensure_known(version: int) -> None:
    if version < OLDEST:
        raise Unsupported(
            f"PostgreSQL {version // 10000} is too old: Tenantry reads schemas from {OLDEST // 10000} on.",
            remedy="Update the server.",
        )


@dataclass(frozen=True, slots=True)
class Usual:
    """What an index has that says nothing special: the usual operator classes, and the columns' own collations."""

    odd_classes: frozenset[str]
    collations: dict[tuple[int, str], str]

    def is_special(self, index: tuple[Any, ...]) -> bool:
        """Whether an index has more to it than columns in ascending order."""
        _oid, table, _name, _unique, _primary, _valid, keys, key, classes, collations, options = index[:11]
        columns = key.split()
        if index[11] or index[12] or index[14] or len(columns) > keys or options.strip("0 "):
            return True
        if not self.odd_classes.isdisjoint(classes.split()):
            return True
        found = self.collations
        return any(found.get((table, name), "0") != own for name, own in zip(columns, collations.split(), strict=False))


def usual_of(columns: Rows, opclasses: Rows) -> Usual:
    collations = {(row[0], str(row[1])): str(row[5]) for row in columns if row[5]}
    return Usual(frozenset(str(row[0]) for row in opclasses), collations)


def _listed(oids: Iterable[int]) -> str:
    return ", ".join(str(int(oid)) for oid in oids)


def _pairs(pairs: Iterable[tuple[int, int, int]]) -> str:
    return ", ".join(f"({int(t)}::oid, {int(m)}::int4, {int(o)}::oid)" for t, m, o in pairs)
