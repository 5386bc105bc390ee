"""The schema workshop: open, stage, review, push, take back, look back."""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from app.core.connection import Environment
from app.core.errors import KnownError, NotFound, Unsupported
from app.platforms.contract import Capability
from app.platforms.traits import INSTANT
from app.services.catalog import SchemaSnapshot
from app.services.workshop_words import (
    AppSource,
    Comparison,
    DraftNote,
    FileSource,
    OpenSchema,
    PushOutcome,
    PushRecord,
    PushReport,
    RecordedOutcome,
    Review,
    SchemaVersion,
    Side,
    Source,
    TemplateSource,
    Undo,
    VersionOrigin,
    VersionSource,
)

if TYPE_CHECKING:
    from app.core.refs import AppRef
    from app.platforms.contract import PushJob, PushProgress, RenderedStep, RowCount
    from app.platforms.traits import ReadText, TextFormat
    from app.schema.cohorts import Cohort
    from app.schema.compare import Plan
    from app.schema.draft import Draft
    from app.schema.merge import Merge
    from app.schema.model import Schema
    from app.services.catalog import Catalog
    from app.services.comparing import Cohorts, Comparing
    from app.services.directory import Progress
    from app.services.drafts import DraftShelf, SavedDraft
    from app.services.platform_side import PlatformSide
    from app.services.push_history import PushHistory
    from app.services.pushing import Pusher
    from app.services.undoing import Undoing
    from app.services.versions import SchemaVersions

__all__ = [
    "AppSource",
    "Comparison",
    "DraftNote",
    "FileSource",
    "OpenSchema",
    "PushOutcome",
    "PushRecord",
    "PushReport",
    "RecordedOutcome",
    "Review",
    "SchemaVersion",
    "SchemaWorkshop",
    "Side",
    "Source",
    "TemplateSource",
    "Undo",
    "VersionOrigin",
    "VersionSource",
]


class SchemaWorkshop:
    """All that is done with an app's schema, in one place; the parts behind it have a file each."""

    def __init__(
        self,
        platforms: PlatformSide,
        catalog: Catalog,
        drafts: DraftShelf,
        pusher: Pusher,
        history: PushHistory,
        versions: SchemaVersions,
        undoing: Undoing,
        comparing: Comparing,
        cohorts: Cohorts,
    ) -> None:
        self._platforms = platforms
        self._catalog = catalog
        self._drafts = drafts
        self._pusher = pusher
        self._history = history
        self._versions = versions
        self._undoing = undoing
        self._comparing = comparing
        self._cohorts = cohorts

    async def aclose(self) -> None:
        await self._pusher.aclose()

    # Editing

    async def open(self, ref: AppRef, refresh: bool = False) -> OpenSchema:
        """The schema with its staged edits; from what was last known where the platform does not answer.

        Raises the client's errors where nothing is known of the schema either.
        """
        saved = await self._drafts.load(ref)
        try:
            base = await self._catalog.schema(ref, refresh)
            return await self._opened(ref, base, await self._unless_live(ref, base, saved))
        except KnownError as error:
            # A deleted app is opened only to save what was staged for it.
            known = None if isinstance(error, NotFound) and saved is None else await self._last_known(ref, saved)
            if known is None:
                raise
            return await self._opened(ref, known, saved, error)

    async def open_last_known(self, ref: AppRef) -> OpenSchema | None:
        """At once, without asking the platform; None where nothing is known of the schema."""
        saved = await self._drafts.load(ref)
        known = await self._last_known(ref, saved)
        return None if known is None else await self._opened(ref, known, saved, is_last_known=True)

    async def save_draft(self, ref: AppRef, draft: Draft | None) -> None:
        """Keep staged edits; None, or a draft without changes, forgets them. Raises NotFound where the connection
        was removed."""
        await self._drafts.save(ref, draft)

    async def drafts(self) -> tuple[DraftNote, ...]:
        """Of all apps, the newest first."""
        return await self._drafts.notes()

    async def review(self, ref: AppRef, draft: Draft, *, restores: bool = False) -> Review:
        """What a push would do; never raises because the platform cannot be asked.

        ``restores``: it will take back another push, and brings dropped parts back with their data where possible.
        """
        from app.schema.check import check
        from app.schema.renames import suggest

        rules = await self._platforms.rules(ref)
        mine = await asyncio.to_thread(self._platforms.canonical, ref, draft)
        plan = await asyncio.to_thread(self._platforms.plan, ref, mine)
        problems = await asyncio.to_thread(check, mine.wanted, rules, mine.base)
        suggestions = await asyncio.to_thread(suggest, mine.base, mine.wanted, mine.renames)
        rendered, is_base_old, error = await self._rendered(ref, mine, plan, restores)
        is_production = self._platforms.connection(ref).environment is Environment.PRODUCTION
        needs_typed_name = is_production and bool(plan)
        return Review(ref, draft, plan, rendered, problems, suggestions, needs_typed_name, is_base_old, error)

    async def counts(
        self, ref: AppRef, draft: Draft, on_count: Callable[[RowCount], None] = lambda _count: None
    ) -> tuple[RowCount, ...]:
        """Rows that the draft's plan touches, each told as soon as it is known. Raises the client's errors."""
        mine = await asyncio.to_thread(self._platforms.canonical, ref, draft)
        plan = await asyncio.to_thread(self._platforms.plan, ref, mine)
        client = await self._platforms.client(ref)
        return await client.count_rows(ref.app_id, plan, on_count)

    # Pushing

    async def push(
        self,
        ref: AppRef,
        draft: Draft,
        on_progress: Callable[[PushProgress], None] = lambda _progress: None,
        *,
        undoes: int | None = None,
    ) -> PushReport:
        """Make the live schema what the draft wants, where it still is the draft's base.

        The draft is forgotten only when all of it took effect. ``undoes`` is the push that this one takes back.
        ``on_progress`` is called on the engine's thread. A push goes on when whoever asked for it is cancelled.
        Raises ReadOnly, NotFound and Invalid where nothing took effect; all else is in the report.
        """
        return await self._pusher.push(ref, draft, on_progress, undoes)

    async def merge(self, ref: AppRef, draft: Draft, keep_mine: frozenset[str] = frozenset()) -> Merge:
        """The draft on top of the schema as it is now. Raises the client's errors."""
        from app.services.aftermath import merged

        _live, snapshot = await self._platforms.read(ref)
        mine = await asyncio.to_thread(self._platforms.canonical, ref, draft)
        return await asyncio.to_thread(merged, mine, snapshot.schema, keep_mine)

    async def offending_rows(self, ref: AppRef, job: PushJob) -> tuple[dict[str, Any], ...]:
        """The rows that stand in a failed job's way, as they are now; those that are gone are left out.

        Raises Unsupported where the platform cannot be asked for rows, and the client's errors.
        """
        client = await self._platforms.client(ref)
        query, by_key = getattr(client, "query", None), getattr(client, "rows_by_key", None)
        if query is None and by_key is None:
            raise Unsupported("This platform cannot be asked for single rows.")
        ids = [each.entity_id for each in job.rows]
        if not ids:
            return ()
        entity = await self._entity_of(ref, job.place)
        if by_key is not None:
            found: tuple[dict[str, Any], ...] = await by_key(ref.app_id, entity, ids)
            return found
        assert query is not None
        answer = await query(ref.app_id, {entity: {"$": {"where": {"id": {"$in": ids}}}}})
        rows = {row.get("id"): row for row in answer.get(entity, ())}
        return tuple(rows[each] for each in ids if each in rows)

    # Looking back

    async def undo(self, push_id: int) -> Undo:
        """The reverse of what a push did, against today's schema, and what of it does not fit any more.

        Push its draft with ``undoes=push_id``. Raises NotFound, Conflict where there is nothing to take back, and the
        client's errors.
        """
        return await self._undoing.undo(push_id)

    async def undo_draft(self, push_id: int) -> Draft:
        """The draft of ``undo``."""
        return (await self._undoing.undo(push_id)).draft

    async def pushes(self, ref: AppRef | None = None, limit: int = 200) -> tuple[PushRecord, ...]:
        """The newest first."""
        return await self._history.recent(ref, limit)

    async def settle(self, push_id: int) -> PushRecord:
        """Find out by reading what a push of unknown outcome did.

        Raises NotFound, Unsupported where the push is too old, and the client's errors.
        """
        return await self._undoing.settle(push_id)

    async def versions(self, ref: AppRef) -> tuple[SchemaVersion, ...]:
        """The newest first."""
        return await self._versions.all(ref)

    async def version(self, ref: AppRef, fingerprint: str) -> Schema:
        """Raises NotFound where it is not kept (any more)."""
        return await self._versions.get(ref, fingerprint)

    # Comparing

    async def cohorts(
        self, connection_id: str | None = None, on_progress: Callable[[Progress], None] = lambda _progress: None
    ) -> tuple[Cohort, ...]:
        """Apps with the same schema together, the largest group first; apps that cannot be read are left out."""
        return await self._cohorts.all(connection_id, on_progress)

    async def side(self, source: Source) -> Side:
        """Raises NotFound, TextErrors, Invalid for a file that cannot be read, and the client's errors."""
        return await self._comparing.side(source)

    async def compare_sides(self, left: Source, right: Source) -> Comparison:
        """What turns the left into the right; raises as ``side`` does."""
        return await self._comparing.compare(left, right)

    # Text

    async def text(self, schema: Schema, previous_text: str | None = None, ref: AppRef | None = None) -> str:
        """The text of the app's platform (without ``ref``, Instant's); with a previous text, that one with the
        smallest change."""
        text_format = self._text_format(ref)
        if previous_text is None:
            return await asyncio.to_thread(text_format.render, schema)
        return await asyncio.to_thread(text_format.edit, previous_text, schema, None)

    async def parse_text(self, text: str, ref: AppRef | None = None) -> ReadText:
        """Raises TextErrors with each problem's line and remedy, and Unsupported where texts cannot be read."""
        parse = self._text_format(ref).parse
        if parse is None:
            raise Unsupported("The text of this platform can only be read.", remedy="Edit in the grids.")
        return await asyncio.to_thread(parse, text)

    def _text_format(self, ref: AppRef | None) -> TextFormat:
        found = (INSTANT if ref is None else self._platforms.traits(ref)).text
        if found is None:
            raise Unsupported("This platform has no text of a schema.", remedy="Edit in the grids.")
        return found

    # Small parts

    async def _opened(
        self,
        ref: AppRef,
        base: SchemaSnapshot,
        saved: SavedDraft | None,
        error: KnownError | None = None,
        *,
        is_last_known: bool = False,
    ) -> OpenSchema:
        push = self._platforms.push_capability(ref)
        if isinstance(error, NotFound):
            push = Capability(False, error.sentence)
        return OpenSchema(
            ref=ref,
            base=base,
            draft=saved.draft if saved else None,
            draft_saved_at=saved.saved_at if saved else None,
            is_base_old=saved is not None and saved.base_fingerprint != base.fingerprint,
            rules=await self._platforms.rules(ref),
            push=push,
            is_last_known=is_last_known or error is not None,
            error=error,
        )

    async def _unless_live(self, ref: AppRef, base: SchemaSnapshot, saved: SavedDraft | None) -> SavedDraft | None:
        """A push may have taken effect without anybody left to hear of it: then nothing is left of its draft."""
        if saved is None or saved.base_fingerprint == base.fingerprint:
            return saved
        mine = await asyncio.to_thread(self._platforms.canonical, ref, saved.draft)
        if mine.wanted.fingerprint() != base.fingerprint:
            return saved
        await self._drafts.replace(ref, saved.draft, None)
        return None

    async def _last_known(self, ref: AppRef, saved: SavedDraft | None) -> SchemaSnapshot | None:
        known = await self._catalog.last_known(ref)
        if known is None and saved is not None:
            return SchemaSnapshot(saved.draft.base, saved.saved_at, saved.base_fingerprint)
        return known

    async def _rendered(
        self, ref: AppRef, mine: Draft, plan: Plan, restores: bool
    ) -> tuple[tuple[RenderedStep, ...], bool, KnownError | None]:
        """What will be sent, whether the base is old, and why the platform could not be asked."""
        if not plan:
            return (), False, None
        try:
            live = await self._platforms.read_for(ref, self._drafts.fingerprint(mine.base))
            if live is None:
                return (), True, None
            client = await self._platforms.client(ref)
            rendered = await asyncio.to_thread(functools.partial(client.render, live, plan, restores=restores))
            return rendered, False, None
        except KnownError as error:
            return (), False, error

    async def _entity_of(self, ref: AppRef, place: str) -> str:
        """Names may hold dots: the entity is the one that is there."""
        schema = (await self._catalog.schema(ref)).schema
        names = [each.name for each in schema.entities if place.startswith(f"{each.name}.")]
        return max(names, key=len, default=place.partition(".")[0])
