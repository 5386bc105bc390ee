"""Which rows of a table belong to a workspace, and that as a condition in SQL.

The workspace's ID is bound as ``:workspace``; nothing else in a condition is a value.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from app.schema.formats.sql_names import Dialect, home_schema, quote, split_name


@dataclass(frozen=True, slots=True)
class TableShape:
    """What copying needs of a table. ``columns`` can be written, in the order of the table (generated ones are left
    out); ``types`` are their exact types. ``key`` is the primary key, ``counters`` the columns with a sequence."""

    entity: str
    columns: tuple[str, ...]
    types: tuple[str, ...]
    key: tuple[str, ...] = ()
    counters: tuple[str, ...] = ()
    is_partitioned: bool = False

    def type_of(self, column: str) -> str:
        return dict(zip(self.columns, self.types, strict=True)).get(column, "text")


@dataclass(frozen=True, slots=True)
class AllRows:
    pass


@dataclass(frozen=True, slots=True)
class OwnColumn:
    column: str


@dataclass(frozen=True, slots=True)
class ByParent:
    """``columns`` are pairs of a column here and the one of the parent."""

    columns: tuple[tuple[str, str], ...]
    parent: str
    of: Belonging


@dataclass(frozen=True, slots=True)
class ByMember:
    """``column`` holds a user; ``members`` has a row for each user of each workspace. ``is_exclusive``: only users who
    are in no other workspace."""

    column: str
    members: str
    member_user: str
    member_workspace: str
    is_exclusive: bool = False


Belonging = AllRows | OwnColumn | ByParent | ByMember


def exclusive(belonging: Belonging) -> Belonging:
    """Without what other workspaces can claim as well."""
    if isinstance(belonging, ByMember):
        return replace(belonging, is_exclusive=True)
    return replace(belonging, of=exclusive(belonging.of)) if isinstance(belonging, ByParent) else belonging


def name(part: str) -> str:
    """A name in a statement with bound values: ``:`` begins one, unless it is escaped."""
    return quote(part).replace("\\", "\\\\").replace(":", "\\:")


def table(entity: str, dialect: Dialect) -> str:
    schema, found = split_name(entity, home_schema(dialect))
    return f"{name(schema)}.{name(found)}"


def cast(value: str, type_: str, dialect: Dialect) -> str:
    return value if dialect == "sqlite" else f"CAST({value} AS {type_.replace(':', chr(92) + ':')})"


def condition(
    belonging: Belonging, entity: str, shapes: Mapping[str, TableShape], dialect: Dialect, alias: str = "t0"
) -> str:
    """A condition on the table that is called ``alias`` in the statement."""
    if isinstance(belonging, AllRows):
        return "TRUE"
    if isinstance(belonging, OwnColumn):
        bound = cast(":workspace", shapes[entity].type_of(belonging.column), dialect)
        return f"{alias}.{name(belonging.column)} = {bound}"
    if isinstance(belonging, ByMember):
        return _of_member(belonging, entity, shapes, dialect, alias)
    parent = f"p{int(alias[1:]) + 1}"
    on = " AND ".join(f"{parent}.{name(there)} = {alias}.{name(here)}" for here, there in belonging.columns)
    inner = condition(belonging.of, belonging.parent, shapes, dialect, parent)
    return f"EXISTS (SELECT 1 FROM {table(belonging.parent, dialect)} AS {parent} WHERE {on} AND {inner})"


def _of_member(belonging: ByMember, entity: str, shapes: Mapping[str, TableShape], dialect: Dialect, alias: str) -> str:
    members = shapes[belonging.members]
    workspace = cast(":workspace", members.type_of(belonging.member_workspace), dialect)
    user, column = f"m.{name(belonging.member_user)}", f"{alias}.{name(belonging.column)}"
    if members.type_of(belonging.member_user) != shapes[entity].type_of(belonging.column):
        # The one is a uuid here, the other a text: the same user all the same.
        user, column = f"CAST({user} AS text)", f"CAST({column} AS text)"
    named, space = table(belonging.members, dialect), name(belonging.member_workspace)
    others = ""
    if belonging.is_exclusive:
        same = f"o.{name(belonging.member_user)} = m.{name(belonging.member_user)}"
        others = f" AND NOT EXISTS (SELECT 1 FROM {named} AS o WHERE {same} AND o.{space} <> m.{space})"
    return f"{column} IN (SELECT {user} FROM {named} AS m WHERE m.{space} = {workspace}{others})"
