"""Which database a table of a workspace is in (document 002). Pure.

In local mode everything is in the main database. In hosted mode system tables are there and nowhere else, and whatever
a tenant has is in the store of its workspace.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Literal

from app.core.errors import NotFound, Unsupported
from app.core.text import plain
from app.services.main_database import bare, documented, same_table
from app.services.store_words import MainOverview, Route, StoreRow, Workspace

if TYPE_CHECKING:
    from app.services.store_words import TableKind

Side = Literal["main", "store"]


def kind_of(overview: MainOverview, table: str) -> tuple[TableKind, str]:
    """What a table is, and what the main database calls it ("" where it has none of that name); ``table`` as the
    document or the database calls it, in either number."""
    system = overview.map.system
    if table in system:
        return "system", system[table]
    if table in overview.tables:
        return overview.tables[table], table
    for name, found in system.items():
        if same_table(bare(name), bare(table)) or same_table(bare(found), bare(table)):
            return "system", found
    alike = next((each for each in overview.tables if same_table(bare(each), bare(table))), "")
    if alike:
        return overview.tables[alike], alike
    return ("application" if documented([table]) else "other"), ""


def route(overview: MainOverview, workspace: Workspace, table: str, asked: Side | None = None) -> Route:
    """Raises Unsupported or NotFound with the reason; ``asked`` is where somebody wants to look for it."""
    kind, name = kind_of(overview, table)
    shown = plain(name or table, 80)
    if overview.mode == "local":
        if not name:
            raise NotFound(f"The main database has no table {shown}.", remedy="In local mode all tables are there.")
        return Route(overview.app_id, "main", name)
    if kind == "system" or name in overview.map.others:
        if asked == "store":
            raise Unsupported(
                f"{shown} is a system table: in hosted mode it is in the main database, and in no store.",
                remedy="Ask the main database for it.",
            )
        return Route(overview.app_id, "main", name)
    if asked == "main":
        raise Unsupported(
            f"{shown} belongs to a tenant: in hosted mode it is in the store of the workspace.",
            remedy="Ask the workspace's store for it.",
        )
    return Route(store_of(workspace).app_id, "store", name or table)


def store_of(workspace: Workspace) -> StoreRow:
    """Raises NotFound where the workspace has no store, Unsupported where its pointer cannot be read."""
    name = plain(workspace.name, 60) or workspace.id
    if workspace.is_in_main:
        raise NotFound(
            f"{name} has no store: its rows are still in the main database.", remedy="Move them to a store of its own."
        )
    if workspace.store is None:
        raise NotFound(f"{name} has no store.", remedy="Set the store of this workspace.")
    if not workspace.store.is_readable:
        raise Unsupported(
            f"The store of {name} is not known: {workspace.store.problem}", remedy="Set the store of this workspace."
        )
    return workspace.store


def names_in(tables: Iterable[str], wanted: str) -> str:
    """What a store calls a table: the exact name, else the same in the other number; "" for none."""
    known = tuple(tables)
    if wanted in known:
        return wanted
    by_word: Mapping[str, str] = {bare(each): each for each in reversed(known)}
    return next((name for word, name in by_word.items() if same_table(word, bare(wanted))), "")
