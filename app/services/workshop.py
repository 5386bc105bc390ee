"""The schema workshop: open, stage, review, push, take back, look back."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

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
    from app.platforms.contract import PushJob, PushProgress, RowCount
    from app.schema.cohorts import Cohort
    from app.schema.draft import Draft
    from app.schema.formats.instant_ts import ParsedText
    from app.schema.merge import Merge
    from app.schema.model import Schema
    from app.services.directory import Progress

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

    # Editing

    async def open(self, ref: AppRef, refresh: bool = False) -> OpenSchema:
        """The schema with its staged edits; from what was last known where the platform does not answer.

        Raises the client's errors where nothing is known of the schema either.
        """
        raise NotImplementedError

    async def save_draft(self, ref: AppRef, draft: Draft | None) -> None:
        """Keep staged edits; None, or a draft without changes, forgets them. Raises NotFound where the connection
        was removed."""
        raise NotImplementedError

    async def drafts(self) -> tuple[DraftNote, ...]:
        """Of all apps, the newest first."""
        raise NotImplementedError

    async def review(self, ref: AppRef, draft: Draft) -> Review:
        """What a push would do; never raises because the platform cannot be asked."""
        raise NotImplementedError

    async def counts(
        self, ref: AppRef, draft: Draft, on_count: Callable[[RowCount], None] = lambda _count: None
    ) -> tuple[RowCount, ...]:
        """Rows that the draft's plan touches, each told as soon as it is known. Raises the client's errors."""
        raise NotImplementedError

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
        Raises ReadOnly, NotFound and Invalid before anything is sent; whatever happens after that is in the report.
        """
        raise NotImplementedError

    async def merge(self, ref: AppRef, draft: Draft, keep_mine: frozenset[str] = frozenset()) -> Merge:
        """The draft on top of the schema as it is now. Raises the client's errors."""
        raise NotImplementedError

    async def offending_rows(self, ref: AppRef, job: PushJob) -> tuple[dict[str, Any], ...]:
        """The rows that stand in a failed job's way, as they are now. Raises the client's errors."""
        raise NotImplementedError

    # Looking back

    async def undo(self, push_id: int) -> Undo:
        """The reverse of what a push did, against today's schema, and what of it does not fit any more.

        Push its draft with ``undoes=push_id``. Raises NotFound, Unsupported and the client's errors.
        """
        raise NotImplementedError

    async def undo_draft(self, push_id: int) -> Draft:
        """The draft of ``undo``."""
        raise NotImplementedError

    async def pushes(self, ref: AppRef | None = None, limit: int = 200) -> tuple[PushRecord, ...]:
        """The newest first."""
        raise NotImplementedError

    async def settle(self, push_id: int) -> PushRecord:
        """Find out by reading what a push of unknown outcome did. Raises NotFound and the client's errors."""
        raise NotImplementedError

    async def versions(self, ref: AppRef) -> tuple[SchemaVersion, ...]:
        """The newest first."""
        raise NotImplementedError

    async def version(self, ref: AppRef, fingerprint: str) -> Schema:
        """Raises NotFound where it is not kept (any more)."""
        raise NotImplementedError

    # Comparing

    async def cohorts(
        self, connection_id: str | None = None, on_progress: Callable[[Progress], None] = lambda _progress: None
    ) -> tuple[Cohort, ...]:
        """Apps with the same schema together, the largest group first; apps that cannot be read are left out."""
        raise NotImplementedError

    async def side(self, source: Source) -> Side:
        """Raises NotFound, TextErrors, and the client's errors."""
        raise NotImplementedError

    async def compare_sides(self, left: Source, right: Source) -> Comparison:
        raise NotImplementedError

    # Text

    async def text(self, schema: Schema, previous_text: str | None = None) -> str:
        """The platform's own text; with a previous text, that one with the smallest change."""
        raise NotImplementedError

    async def parse_text(self, text: str) -> ParsedText:
        """Raises TextErrors with each problem's line and remedy."""
        raise NotImplementedError
