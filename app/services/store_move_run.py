"""One move on its way, step by step; each step may be repeated, and is in the journal when it is done."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Protocol

from app.core.errors import Conflict, KnownError, PlatformFault
from app.core.refs import AppRef
from app.core.text import plain
from app.core.words import counted
from app.platforms.postgres.dsn import Dsn, Places
from app.services.store_copy import Checkpoint, RowMover
from app.services.store_move_plan import Way, without
from app.services.store_move_words import MoveOutcome, MoveProgress, OnProgress, TableProof

if TYPE_CHECKING:
    from app.core.secret import Secret
    from app.platforms.postgres.client import PostgresClient
    from app.platforms.postgres.copying import Bulk
    from app.schema.model import Entity, Link, Schema
    from app.services.audit import AuditTrail
    from app.services.main_map import SecretPlace
    from app.services.provision_journal import ProvisionJournal
    from app.services.store_move_prepare import Prepared
    from app.services.store_words import MainOverview, StoreRow
    from app.storage.foundation_stores import KeptEntry

KIND = "move"


class StorePointers(Protocol):
    """What is needed of ``Stores``."""

    async def overview(self, connection_id: str, *, is_fresh: bool = True) -> MainOverview: ...

    async def set_store(
        self, connection_id: str, workspace_id: str, dsn_text: str, password: Secret | None, place: SecretPlace
    ) -> StoreRow: ...

    def places(self, connection_id: str) -> Places: ...


@dataclass(frozen=True, slots=True)
class KeptMove:
    """``KeptEntry.detail`` of a move: never with a secret. ``checkpoints`` are ``Checkpoint.to_json`` by entity."""

    target: str
    place: SecretPlace
    ways: Mapping[str, Way]
    creates: bool
    total: int
    checkpoints: Mapping[str, Any] = field(default_factory=dict)
    proofs: tuple[TableProof, ...] = ()

    @property
    def done(self) -> int:
        return sum(int(each["rows"]) for each in self.checkpoints.values())

    def to_text(self) -> str:
        kept = {name: getattr(self, name) for name in ("target", "place", "creates", "total")}
        proofs = [[each.entity, each.rows, each.checksum] for each in self.proofs]
        return json.dumps({**kept, "ways": dict(self.ways), "checkpoints": dict(self.checkpoints), "proofs": proofs})

    @classmethod
    def from_text(cls, text: str) -> KeptMove:
        found = json.loads(text)
        proofs = tuple(TableProof(*each) for each in found.pop("proofs"))
        return cls(**found, proofs=proofs)


@dataclass
class MoveRun:
    """``entry`` is the journal's, as it is now; ``secret`` opens the store, None where it asks for nothing."""

    world: Prepared
    journal: ProvisionJournal
    stores: StorePointers
    entry: KeptEntry
    kept: KeptMove
    client: PostgresClient
    target: Bulk
    secret: Secret | None
    clock: Callable[[], float]
    on_progress: OnProgress
    audit: AuditTrail

    async def carried_on(self) -> MoveOutcome:
        """From the step that the journal says to the end."""
        is_switched = self._is_switched()
        if is_switched and self.entry.step != "verified":
            # The application may have written there: what the main database does not have would be taken away.
            raise Conflict(
                f"{plain(self.world.workspace.name, 60)} points to {plain(self.entry.app_id, 80)} already, "
                "and not all rows are there.",
                remedy="Point it to where it was, or give up this move.",
            )
        if self.entry.step == "begun":
            self._tell("creating")
            await self._create_database()
            await self._create_tables()
            await self._reached("created")
        mover = await self._mover()
        if is_switched:
            return await self._finished(mover)
        if self.entry.step == "created":
            await mover.copy()
            await mover.set_counters()
            await self._reached("copied")
        proofs = await mover.verify()
        await self._push(self.world.layout.schema)
        self.kept = replace(self.kept, proofs=proofs)
        await self._reached("verified")
        self._tell("switching")
        await self.stores.set_store(
            self.world.connection.id, self.world.workspace.id, self.kept.target, self.secret, self.kept.place
        )
        return await self._finished(mover)

    # Steps

    async def _create_database(self) -> None:
        if self.kept.creates:
            name = Dsn.parse(self.kept.target)[0].database
            title = name.replace("\\", "/").rpartition("/")[2] if self.target.dialect == "sqlite" else name
            try:
                await self.world.main.create_app(title, app_id=self.entry.id)
            except Conflict:
                # Killed between its creation and its mark: ours, as long as nothing is in it.
                if await self.client.entity_names(self.target.app_id):
                    raise

    async def _create_tables(self) -> None:
        """Without what closes a circle of foreign keys: that comes when all rows are there."""
        await self._push(without(self.world.layout.schema, self.world.layout.late))

    async def _push(self, wanted: Schema) -> None:
        """What is wanted and not there; what else the store has stays as it is."""
        from app.platforms.traits import traits_of
        from app.schema.compare import compare

        live = await self.client.read_live(self.target.app_id)
        form = traits_of(self.world.connection).canonical(wanted)
        plan = compare(live.schema, _added(live.schema, form))
        if not plan:
            return
        ref = AppRef(self.world.connection.id, self.entry.app_id)
        names = sorted({plain(each.place.partition(".")[0], 60) for each in plan.steps})
        detail = f"{counted(len(plan), 'step')} to {', '.join(names)}"
        async with self.audit.recorded(ref, "create tables", plain(detail, 500)) as change:
            change.before = live.fingerprint
            jobs = await self.client.send_plan(self.target.app_id, live, plan)
            failed = next((each for each in jobs if each.error), None)
            if failed is not None:
                raise PlatformFault(f"The store's tables could not be made. {failed.error}")

    async def _mover(self) -> RowMover:
        moved = self.world.layout.moved
        shapes = await self.target.shapes([each.entity for each in moved])
        missing = [each.entity for each in moved if each.entity not in shapes]
        if missing:
            raise Conflict(
                f"The store does not have the table {plain(missing[0], 60)} any more.",
                remedy="Give up this move, and plan it again.",
            )
        mover = RowMover(
            self.world.source,
            self.target,
            [self.world.copy_table(each, shapes[each.entity]) for each in moved],
            self.world.values,
            self.kept.total,
            self.on_progress,
            lambda: self._note(mover),
            {entity: Checkpoint.from_json(each) for entity, each in self.kept.checkpoints.items()},
        )
        return mover

    def _note(self, mover: RowMover) -> None:
        """Written behind: losing the last ones costs a few batches that are sent again."""
        self.kept = replace(
            self.kept, checkpoints={entity: each.to_json() for entity, each in mover.checkpoints.items()}
        )
        self.entry = self.journal.note(self.entry, detail=self.kept.to_text(), changed_at=self.clock())

    def _is_switched(self) -> bool:
        """A move that was cut off after its last write is finished already."""
        store = self.world.workspace.store
        return store is not None and store.app_id == self.entry.app_id

    async def _finished(self, mover: RowMover) -> MoveOutcome:
        await self._reached("switched")
        late = await mover.changed_since(self.kept.proofs)
        rows = sum(each.rows for each in self.kept.proofs)
        name = plain(self.world.workspace.name, 60) or "The workspace"
        sentence = (
            f"{name} uses its store {plain(self.entry.app_id, 80)} now: {counted(rows, 'row')} of "
            f"{counted(len(self.kept.proofs), 'table')} are there, with equal counts and checksums."
        )
        if late:
            tables = ", ".join(plain(each, 60) for each in late)
            sentence += f" While it was switched, somebody wrote to {tables} of the main database: that is not there."
        return MoveOutcome(self.world.workspace.id, self.entry.app_id, self.kept.proofs, sentence, late)

    async def _reached(self, step: str) -> None:
        self.entry = await self.journal.change(
            self.entry, step=step, error="", detail=self.kept.to_text(), changed_at=self.clock()
        )

    async def failed(self, error: KnownError) -> None:
        self.entry = await self.journal.change(
            self.entry, error=error.sentence, attempts=self.entry.attempts + 1, changed_at=self.clock()
        )

    def _tell(self, phase: str) -> None:
        done = 0 if phase == "creating" else self.kept.total
        self.on_progress(MoveProgress(phase, done, self.kept.total))


def _added(live: Schema, wanted: Schema) -> Schema:
    """The live schema with the tables and links that it does not have."""
    from app.schema.model import Schema as Made
    from app.schema.model import link_key

    names, keys = {each.name for each in live.entities}, {link_key(each) for each in live.links}
    entities: Sequence[Entity] = [each for each in wanted.entities if each.name not in names]
    links: Sequence[Link] = [each for each in wanted.links if link_key(each) not in keys]
    return Made((*live.entities, *entities), (*live.links, *links))
