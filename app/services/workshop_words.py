"""What the schema workshop takes and gives: immutable, so that it can cross to the window."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from app.core.errors import KnownError
    from app.core.refs import AppRef
    from app.platforms.contract import Capability, PushJob, RenderedStep
    from app.schema.check import Problem, Rules
    from app.schema.compare import Plan
    from app.schema.draft import Draft
    from app.schema.merge import Merge, MergeConflict
    from app.schema.model import Schema
    from app.schema.renames import RenameSuggestion
    from app.services.catalog import SchemaSnapshot

PushOutcome = Literal["done", "nothing", "stale", "partial", "failed"]
# ``started``: it runs now. ``unknown``: Tenantry ended while it ran; ``SchemaWorkshop.settle`` reads what it did.
RecordedOutcome = Literal["started", "unknown", "done", "nothing", "stale", "partial", "failed"]
VersionOrigin = Literal["push", "seen"]


@dataclass(frozen=True, slots=True)
class OpenSchema:
    """A schema to edit. ``base`` is the live schema as last read (see ``is_last_known``); ``draft`` the staged edits
    that were kept, None for none.

    ``is_base_old``: the live schema is another than the draft's base; it has to be merged before it can be pushed.
    ``error`` says why the platform could not be asked, where ``base`` is only what was last known.
    """

    ref: AppRef
    base: SchemaSnapshot
    draft: Draft | None
    draft_saved_at: float | None
    is_base_old: bool
    rules: Rules
    push: Capability
    is_last_known: bool = False
    error: KnownError | None = None


@dataclass(frozen=True, slots=True)
class DraftNote:
    """Staged edits that are kept; ``saved_at`` is seconds since the epoch."""

    ref: AppRef
    saved_at: float
    changes: int


@dataclass(frozen=True, slots=True)
class Review:
    """What a push of the draft would do. ``needs_typed_name``: it changes something in production.

    ``rendered`` is empty where the platform cannot be asked now (``error`` says why), and where ``is_base_old``.
    """

    ref: AppRef
    draft: Draft
    plan: Plan
    rendered: tuple[RenderedStep, ...]
    problems: tuple[Problem, ...]
    suggestions: tuple[RenameSuggestion, ...]
    needs_typed_name: bool
    is_base_old: bool = False
    error: KnownError | None = None


@dataclass(frozen=True, slots=True)
class PushReport:
    """How a push ended.

    ``done``: the live schema is as wanted. ``nothing``: there was nothing to send. ``stale``: somebody else changed
    the schema; nothing was sent, ``merge`` holds the three-way difference. ``partial``: some of it took effect;
    ``remaining`` is what is still to do, based on today's live schema. ``failed``: nothing took effect.
    ``live`` is the schema as read last, None where it could not be read. ``push_id`` is None where nothing was
    recorded, because nothing was going to be sent. ``count`` is how many changes took effect, 0 while that is unknown.
    """

    push_id: int | None
    outcome: PushOutcome
    sentence: str
    remedy: str = ""
    jobs: tuple[PushJob, ...] = ()
    live: SchemaSnapshot | None = None
    remaining: Draft | None = None
    merge: Merge | None = None
    error: KnownError | None = None
    count: int = 0


@dataclass(frozen=True, slots=True)
class PushRecord:
    """One push as it is kept. ``plan`` is what was asked for (empty where another version wrote it), ``did`` what of
    it took effect; ``before`` and ``after`` are fingerprints, "" while unknown. ``undone_by`` is the push that took
    it back."""

    id: int
    at: float
    who: str
    ref: AppRef
    connection_label: str
    app_title: str
    steps: tuple[str, ...]
    plan: Plan
    outcome: RecordedOutcome
    sentence: str
    before: str
    after: str
    undone_by: int | None = None
    undoes: int | None = None
    did: Plan | None = None

    @property
    def can_be_undone(self) -> bool:
        return self.outcome in ("done", "partial") and self.undone_by is None and bool(self.did)


@dataclass(frozen=True, slots=True)
class Undo:
    """The reverse of a push against today's schema. ``conflicts`` are the parts that changed since and are left as
    they are; ``sentence`` says so."""

    push_id: int
    ref: AppRef
    draft: Draft
    conflicts: tuple[MergeConflict, ...]
    sentence: str


@dataclass(frozen=True, slots=True)
class SchemaVersion:
    """A schema that an app had. ``at`` is when it was pushed, or seen first, in seconds since the epoch."""

    ref: AppRef
    fingerprint: str
    at: float
    origin: VersionOrigin
    note: str = ""


@dataclass(frozen=True, slots=True)
class AppSource:
    """The live schema of an app, or where the platform does not answer, the last known one."""

    ref: AppRef


@dataclass(frozen=True, slots=True)
class FileSource:
    """A file in a platform's own text: ``instant.schema.ts``, or a script of SQL (``.sql``)."""

    path: Path


@dataclass(frozen=True, slots=True)
class TemplateSource:
    name: str


@dataclass(frozen=True, slots=True)
class VersionSource:
    ref: AppRef
    fingerprint: str


Source = AppSource | FileSource | TemplateSource | VersionSource


@dataclass(frozen=True, slots=True)
class Side:
    """One side of a comparison; ``label`` names it for the operator."""

    label: str
    schema: Schema


@dataclass(frozen=True, slots=True)
class Comparison:
    """``plan`` turns the left into the right."""

    left: Side
    right: Side
    plan: Plan
    suggestions: tuple[RenameSuggestion, ...]
