"""The old rows of a workspace that was moved: removed from the main database where the store has them for sure."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from app.core.errors import Conflict
from app.core.text import plain
from app.core.words import counted
from app.platforms.postgres.belonging import AllRows, ByMember, condition, exclusive, name
from app.platforms.postgres.belonging import table as sql_table
from app.services.store_move_plan import Chosen
from app.services.store_move_words import MoveProgress, OnProgress, RemovalOutcome, RemovalPlan, RemovalTable

if TYPE_CHECKING:
    from app.platforms.postgres.belonging import TableShape
    from app.platforms.postgres.copying import Bulk, Key
    from app.services.store_move_prepare import Prepared
    from app.services.store_move_run import KeptMove
    from app.storage.foundation_stores import KeptEntry

_AT_ONCE = 10_000


@dataclass
class Removal:
    world: Prepared
    entry: KeptEntry
    kept: KeptMove
    target: Bulk

    async def plan(self) -> RemovalPlan:
        refusals = self._refusals()
        tables = []
        for each in self._tables():
            tables.append(RemovalTable(each.entity, await self._rows(each), await self._is_as_verified(each)))
        total = sum(each.rows for each in tables)
        return RemovalPlan(
            self.entry.connection_id,
            self.entry.owner_id,
            self.world.workspace.name,
            self.entry.app_id,
            tuple(tables),
            refusals,
            tuple([each async for each in self._warnings(tables)]),
            (
                f"Up to {counted(total, 'row')} of {counted(len(tables), 'table')} are removed from the main database, "
                "children first.",
                "Each row is looked for in the store before: one that is not there stays.",
                "Removed rows do not come back.",
            ),
        )

    async def run(self, on_progress: OnProgress) -> RemovalOutcome:
        """Raises Conflict where the workspace does not use the store any more."""
        for sentence in self._refusals():
            raise Conflict(sentence, remedy="Point the workspace to its store first, or keep the old rows.")
        tables = self._tables()
        total = sum([await self._rows(each) for each in tables])
        removed: dict[str, int] = {}
        for each in tables:
            is_verified = await self._is_as_verified(each)
            before = sum(removed.values())

            def tell(rows: int, entity: str = each.entity, before: int = before) -> None:
                on_progress(MoveProgress("removing", min(before + rows, total), total, entity))

            tell(0)
            removed[each.entity] = await self._removed(each, is_verified, tell)
        kept = {each.entity: rows for each in tables if (rows := await self._rows(each))}
        sentence = f"{counted(sum(removed.values()), 'old row')} were removed from the main database."
        if kept:
            tables_left = ", ".join(f"{plain(entity, 60)} ({rows:,})" for entity, rows in kept.items())
            sentence += f" Others stay, because the store does not have them or rows lead to them: {tables_left}."
        return RemovalOutcome(removed, kept, sentence)

    # Inside

    def _tables(self) -> tuple[Chosen, ...]:
        """Children first. What was copied whosever it is belongs to others as well: it stays."""
        moved = [each for each in self.world.layout.moved if not isinstance(each.belonging, AllRows)]
        return tuple(reversed([each for each in moved if each.entity in self._proofs]))

    @property
    def _proofs(self) -> Mapping[str, tuple[int, str]]:
        return {each.entity: (each.rows, each.checksum) for each in self.kept.proofs}

    def _refusals(self) -> tuple[str, ...]:
        store = self.world.workspace.store
        if store is None or store.app_id != self.entry.app_id:
            where = plain(self.entry.app_id, 80)
            return (f"{plain(self.world.workspace.name, 60)} does not use the store {where} any more.",)
        return ()

    async def _warnings(self, tables: list[RemovalTable]) -> AsyncIterator[str]:
        changed = [plain(each.entity, 60) for each in tables if not each.verified and each.rows]
        if changed:
            yield (
                f"{', '.join(changed)} changed in the main database since the move: "
                "only rows that the store has in the very same form are removed there."
            )
        everybody = [each.entity for each in self.world.layout.moved if isinstance(each.belonging, AllRows)]
        if everybody:
            names = ", ".join(plain(each, 60) for each in everybody)
            yield f"All rows of {names} were copied, whosever they are: they stay for the others."
        if any(isinstance(each.belonging, ByMember) for each in self.world.layout.moved):
            yield "Rows of members who are in other workspaces too stay for those."

    async def _rows(self, table: Chosen) -> int:
        return await self.world.source.count(table.entity, self._where(table), self.world.values)

    async def _is_as_verified(self, table: Chosen) -> bool:
        found = await self.world.source.proof(self._shape(table), self.world.where(table), self.world.values)
        return (found.rows, found.checksum) == self._proofs[table.entity]

    async def _removed(self, table: Chosen, is_verified: bool, tell: Callable[[int], None]) -> int:
        shape = self._shape(table)
        if not shape.key:
            return await self._removed_whole(table, is_verified)
        removed, guards = 0, self._guards(table)
        while True:
            # Rows of one table can lead to each other: those that nothing leads to any more go in the next round.
            before = removed
            after: Key | None = None
            while True:
                here, after = await self.world.source.hashes(
                    shape, self._where(table), self.world.values, after, _AT_ONCE
                )
                there = await self.target.hashes_of(shape, list(here))
                sure = {key: found for key, found in here.items() if _is_sure(found, there.get(key), is_verified)}
                if sure:
                    removed += await self.world.source.remove(shape, sure, guards)
                    tell(removed)
                if after is None:
                    break
            if removed == before or not self._leads_to_itself(table):
                return removed

    async def _removed_whole(self, table: Chosen, is_verified: bool) -> int:
        """Without a key no row can be found again: all or none."""
        there = await self.target.proof(self._shape(table))
        if not is_verified or (there.rows, there.checksum) != self._proofs[table.entity]:
            return 0
        where = " AND ".join((self._where(table), *self._guards(table)))
        return await self.world.source.remove_all(table.entity, where, self.world.values)

    def _leads_to_itself(self, table: Chosen) -> bool:
        both = (table.entity, table.entity)
        return any((each.forward.entity, each.reverse.entity) == both for each in self.world.structure.links)

    def _guards(self, table: Chosen) -> tuple[str, ...]:
        """Nothing may lead to a row that goes: a cascade would take along what was not looked at."""
        found = []
        for link in self.world.structure.links:
            if link.reverse.entity == table.entity and link.columns:
                child = sql_table(link.forward.entity, self.world.source.dialect)
                on = " AND ".join(f"c.{name(here)} = t0.{name(there)}" for here, there in link.columns)
                if link.forward.entity == table.entity:
                    keys = " AND ".join(f"c.{name(each)} = t0.{name(each)}" for each in self._shape(table).key)
                    on += f" AND NOT ({keys})" if keys else ""
                found.append(f"NOT EXISTS (SELECT 1 FROM {child} AS c WHERE {on})")  # noqa: S608 names are quoted
        return tuple(found)

    def _where(self, table: Chosen) -> str:
        """Of the rows that were moved those that are no other workspace's as well."""
        assert table.belonging is not None
        return condition(exclusive(table.belonging), table.entity, self.world.shapes, self.world.source.dialect)

    def _shape(self, table: Chosen) -> TableShape:
        return self.world.shapes[table.entity]


def _is_sure(here: str, there: str | None, is_verified: bool) -> bool:
    """The store has the row, and it is the one that was verified, or the very same."""
    return there is not None and (is_verified or here == there)
