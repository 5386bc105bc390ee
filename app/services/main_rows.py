"""Which workspaces still have rows in the main database's application tables, by the tables that say it themselves."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import TYPE_CHECKING

from app.core.errors import KnownError
from app.services.main_database import bare
from app.services.store_references import WORKSPACE_WORDS

if TYPE_CHECKING:
    from app.platforms.contract import SqlClient
    from app.schema.model import Entity, Schema
    from app.services.main_map import MainMap
    from app.services.store_words import TableKind


async def with_rows_in_main(
    client: SqlClient, app_id: str, schema: Schema, names: MainMap, tables: Mapping[str, TableKind]
) -> frozenset[str] | None:
    """IDs of workspaces as text; None where no application table says whose its rows are.

    One grouped question for each such table; a table that cannot be counted is passed over.
    """
    asked = {
        each.name: column
        for each in schema.entities
        if tables.get(each.name) == "application" and (column := workspace_column(schema, names, each))
    }
    answers = await asyncio.gather(*(_counted(client, app_id, table, column) for table, column in asked.items()))
    return frozenset(each for found in answers for each in found) if asked else None


def workspace_column(schema: Schema, names: MainMap, entity: Entity) -> str:
    """A foreign key to the workspaces, else a column that is called so; "" for none."""
    for link in schema.links:
        is_own = link.forward.entity == entity.name and len(link.columns) == 1
        if is_own and names.workspaces and link.reverse.entity == names.workspaces:
            return link.columns[0][0]
    return next((each.name for each in entity.attributes if bare(each.name) in WORKSPACE_WORDS), "")


async def _counted(client: SqlClient, app_id: str, table: str, column: str) -> frozenset[str]:
    try:
        return frozenset(map(str, await client.counts_by(app_id, table, column)))
    except KnownError:
        return frozenset()
