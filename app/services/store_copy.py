"""The rows of one move: copied in batches that may be repeated, verified on both sides, mended where they changed."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from app.core.errors import Conflict
from app.core.text import plain
from app.core.words import counted
from app.services.store_move_words import MoveProgress, OnProgress, TableProof

if TYPE_CHECKING:
    from app.platforms.postgres.belonging import TableShape
    from app.platforms.postgres.copying import Bulk, Key, Proof

# A batch grows or shrinks towards this many bytes; the first is small, because rows can be large.
_BATCH_BYTES = 4 * 2**20
_FIRST_ROWS = 100
_MOST_ROWS = 20_000
_COMPARED = 10_000


@dataclass(frozen=True, slots=True)
class CopyTable:
    """``where`` is the condition on the rows of the main database."""

    entity: str
    source: TableShape
    target: TableShape
    where: str

    @property
    def has_key(self) -> bool:
        return bool(self.source.key)


@dataclass
class Checkpoint:
    """How far a table is: everything up to the key ``after`` is in the store. Kept in the journal as JSON."""

    after: Key | None = None
    rows: int = 0
    is_done: bool = False

    def to_json(self) -> dict[str, Any]:
        after = None if self.after is None else [_key_part(each) for each in self.after]
        return {"after": after, "rows": self.rows, "done": self.is_done}

    @classmethod
    def from_json(cls, found: Mapping[str, Any]) -> Checkpoint:
        after = found.get("after")
        parts = None if after is None else tuple(bytes.fromhex(x["hex"]) if isinstance(x, dict) else x for x in after)
        return cls(parts, int(found.get("rows", 0)), bool(found.get("done")))


def _key_part(value: Any) -> Any:
    return {"hex": value.hex()} if isinstance(value, bytes) else value


@dataclass
class RowMover:
    """``values`` go into the tables' conditions; ``on_checkpoint`` hears after each batch, when it is in the store."""

    source: Bulk
    target: Bulk
    tables: Sequence[CopyTable]
    values: Mapping[str, Any]
    total: int
    on_progress: OnProgress
    on_checkpoint: Callable[[], None]
    checkpoints: dict[str, Checkpoint] = field(default_factory=dict)

    async def copy(self) -> None:
        """Parents first. What a stop left half copied goes on from its checkpoint; a table without a primary key is
        emptied and begun anew."""
        for table in self.tables:
            checkpoint = self.checkpoints.setdefault(table.entity, Checkpoint())
            if not checkpoint.is_done:
                await self._copied(table, checkpoint)

    async def verify(self) -> tuple[TableProof, ...]:
        """Counts and checksums of all tables, equal on both sides. Tables that changed since they were copied are
        brought up to date once; raises Conflict where they still differ then."""
        wrong = await self._differing()
        for table in (each for each in self.tables if each.entity in wrong):
            await self._mend(table)
        # Mending one can touch others: only a last look at all of them proves anything.
        wrong = await self._differing() if wrong else wrong
        if wrong:
            entity, (here, there) = next(iter(wrong.items()))
            name = plain(entity, 60)
            what = f"{counted(here.rows, 'row')} in the main database and {there.rows:,} in the store"
            what = what if here.rows != there.rows else f"{counted(here.rows, 'row')} that are not the same"
            raise Conflict(
                f"{name} differs after it was copied: {what}. The workspace was not switched.",
                remedy="Stop what writes to these tables, then continue the move.",
            )
        return tuple(self._proofs[each.entity] for each in self.tables)

    async def changed_since(self, proofs: Sequence[TableProof]) -> tuple[str, ...]:
        """Tables whose rows in the main database are not those of the proofs any more."""
        by_entity = {each.entity: each for each in proofs}
        late = []
        for table in self.tables:
            found = await self.source.proof(table.source, table.where, self.values)
            known = by_entity.get(table.entity)
            if known is not None and (found.rows, found.checksum) != (known.rows, known.checksum):
                late.append(table.entity)
        return tuple(late)

    async def set_counters(self) -> None:
        for table in self.tables:
            await self.target.set_counters(table.target)

    # Inside

    _proofs: dict[str, TableProof] = field(default_factory=dict, repr=False)

    @property
    def done(self) -> int:
        return sum(each.rows for each in self.checkpoints.values())

    def _tell(self, phase: str, done: int, entity: str) -> None:
        self.on_progress(MoveProgress(phase, min(done, self.total), self.total, entity))

    async def _copied(self, table: CopyTable, checkpoint: Checkpoint) -> None:
        if not table.has_key:
            await self.target.empty(table.entity)
            checkpoint.after, checkpoint.rows = None, 0
        self._tell("copying", self.done, table.entity)
        async for page in _pages(self.source, table, self.values, checkpoint.after):
            await self.target.put(table.target, table.source.columns, page.rows, replaces=False)
            checkpoint.rows += len(page.rows)
            checkpoint.after = page.last
            checkpoint.is_done = page.last is None
            self.on_checkpoint()
            self._tell("copying", self.done, table.entity)

    async def _differing(self) -> dict[str, tuple[Proof, Proof]]:
        wrong = {}
        done = 0
        for table in self.tables:
            self._tell("verifying", done, table.entity)
            here, there = await asyncio.gather(
                self.source.proof(table.source, table.where, self.values), self.target.proof(table.target)
            )
            if here != there:
                wrong[table.entity] = (here, there)
            else:
                self._proofs[table.entity] = TableProof(table.entity, here.rows, here.checksum)
            done += here.rows
        self._tell("verifying", done, "")
        return wrong

    async def _mend(self, table: CopyTable) -> None:
        if not table.has_key:
            self.checkpoints[table.entity] = Checkpoint()
            await self._copied(table, self.checkpoints[table.entity])
            return
        async for page in _pages(self.source, table, self.values, None):
            await self.target.put(table.target, table.source.columns, page.rows, replaces=True)
        after: Key | None = None
        while True:
            there, after = await self.target.hashes(table.target, "TRUE", {}, after, _COMPARED)
            here = await self.source.hashes_of(table.source, list(there))
            gone = {key: found for key, found in there.items() if key not in here}
            if gone:
                await self.target.remove(table.target, gone, ())
            if after is None:
                return


async def _pages(source: Bulk, table: CopyTable, values: Mapping[str, Any], after: Key | None) -> Any:
    limit = _FIRST_ROWS
    while True:
        page = await source.page(table.source, table.where, values, after, limit)
        yield page
        after = page.last
        if after is None:
            return
        each = max(1, page.bytes // max(1, len(page.rows)))
        limit = max(1, min(_MOST_ROWS, _BATCH_BYTES // each))
