"""One app's schema while it is edited: the draft, its undo steps, and what is known of its plan."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, QTimer, Signal
from PySide6.QtGui import QUndoCommand, QUndoStack

from app.core.connection import Connection, Environment
from app.core.errors import Invalid
from app.core.refs import AppRef
from app.core.text import plain
from app.platforms.contract import YES, Capability
from app.schema.compare import Plan
from app.schema.draft import Draft, Mark
from app.schema.model import Schema
from app.ui.work.draft_keeper import draft_keeper
from app.ui.work.runner import Runner

from .entity_marks import EntityMark, entity_marks

if TYPE_CHECKING:
    from app.schema.check import Problem, Rules
    from app.schema.renames import RenameSuggestion
    from app.services.catalog import SchemaSnapshot
    from app.services.suite import Services
    from app.services.workshop import OpenSchema

_SAVE_AFTER_MS = 400
_REVIEW_AFTER_MS = 150
_MOST_STEPS = 1_000
_NAMES = ("name", "label")

Change = Callable[[Draft], Draft]


@dataclass(frozen=True, slots=True)
class Overview:
    """What was found out about one draft, beside the UI thread."""

    draft: Draft
    plan: Plan = field(default_factory=Plan)
    problems: tuple[Problem, ...] = ()
    suggestions: tuple[RenameSuggestion, ...] = ()


class SchemaDocument(QObject):
    """The one place that holds a draft; all views of it listen here and edit through ``edit``. UI thread only.

    The draft in force changes at once; plan, problems and suggestions follow a moment later from the engine.
    Edits are saved 0.4 s after the last one, and by ``flush``.
    """

    changed = Signal()  # another draft: an edit, undo, redo, replace
    base_changed = Signal()  # opened, or the live schema was read again
    selected = Signal(str)  # name of the entity, "" for none
    part_wanted = Signal(str, str)  # entity and the attribute or label in it to bring into sight
    undo_changed = Signal()  # another step can be undone or redone
    review_changed = Signal()  # plan, problems and suggestions are those of the draft in force
    discarded = Signal()  # all pending changes, by the operator
    refused = Signal(str, str)  # why an edit was not made, and the place it was about

    def __init__(self, runner: Runner, connection: Connection, app_id: str, app_title: str, parent: QObject) -> None:
        super().__init__(parent)
        self._runner = runner
        self.ref = AppRef(connection.id, app_id)
        self.connection = connection
        self.app_title = app_title
        self.undo_stack = QUndoStack(self)
        self.undo_stack.setUndoLimit(_MOST_STEPS)
        # Listen here, not to the stack: it still tells of its end when whoever listens is half gone.
        self.undo_stack.indexChanged.connect(self.undo_changed)
        self._draft = Draft(Schema(), Schema())
        self._live: SchemaSnapshot | None = None
        self._live_schema = self._draft.base
        self._rules: Rules | None = None
        self._push: Capability = YES
        self._overview = Overview(self._draft)
        self._selected = ""
        self._part_problems: tuple[Draft, str, tuple[Problem, ...]] | None = None
        self._part_marks: tuple[Draft, str, dict[str, Mark]] | None = None
        self._marks: tuple[Draft, dict[str, EntityMark]] | None = None
        self._rejected: frozenset[tuple[str, str, str]] = frozenset()
        self.is_open = False
        self.is_base_old = False
        self.restored_at: float | None = None
        self.refusal = ""
        self._save_timer = QTimer(self, singleShot=True, interval=_SAVE_AFTER_MS)
        self._save_timer.timeout.connect(self.flush)
        self._review_timer = QTimer(self, singleShot=True, interval=_REVIEW_AFTER_MS)
        self._review_timer.timeout.connect(self._review)

    # What there is

    @property
    def draft(self) -> Draft:
        return self._draft

    @property
    def rules(self) -> Rules | None:
        """What the platform allows; None until the schema is opened."""
        return self._rules

    @property
    def live(self) -> SchemaSnapshot | None:
        """The live schema as last read, None before ``open``."""
        return self._live

    @property
    def environment(self) -> Environment:
        return self.connection.environment

    @property
    def selected_entity(self) -> str:
        return self._selected

    @property
    def push_capability(self) -> Capability:
        return self._push

    @property
    def is_read_only(self) -> bool:
        return bool(self.lock_reason)

    @property
    def lock_reason(self) -> str:
        """Why nothing can be edited here, "" where it can."""
        if not self.is_open:
            return "The schema has not been read yet."
        if self.connection.is_read_only:
            return f"{self.connection.label} is a read-only connection: its schemas can be read, not changed."
        return "" if self._push.is_available else self._push.reason or "This connection cannot push schemas."

    @property
    def is_reviewed(self) -> bool:
        """Whether plan, problems and suggestions belong to the draft in force."""
        return self._overview.draft is self._draft

    @property
    def plan(self) -> Plan:
        """As last computed; see ``is_reviewed``."""
        return self._overview.plan

    @property
    def problems(self) -> tuple[Problem, ...]:
        return self._overview.problems

    @property
    def is_changed(self) -> bool:
        """Whether a push would do anything: at once by what is another object, then by the plan."""
        return bool(self.plan) if self.is_reviewed else bool(self.entity_marks())

    def marks(self, entity: str) -> dict[str, Mark]:
        """What happens to the parts of one entity; worked out once for all that show it."""
        if self._part_marks is None or self._part_marks[0] is not self._draft or self._part_marks[1] != entity:
            self._part_marks = (self._draft, entity, self._draft.marks(entity))
        return self._part_marks[2]

    def problems_of(self, entity: str) -> tuple[Problem, ...]:
        """Of one entity and its links, at once; ``problems`` follow."""
        if self._rules is None or not entity:
            return ()
        kept = self._part_problems
        if kept is None or kept[0] is not self._draft or kept[1] != entity:
            kept = self._part_problems = (self._draft, entity, self._check(self._draft, entity))
        return kept[2]

    def refusal_of_name(self, after: Draft, entity: str, part: str = "") -> str:
        """What the platform would say of a name in a draft that is not in force (yet), "" for nothing."""
        place = f"{entity}.{part}" if part else entity
        found = self._check(after, entity)
        wrong = next((each for each in found if each.place == place and each.field in _NAMES and each.is_error), None)
        return plain(f"{wrong.sentence} {wrong.remedy}".strip(), 400) if wrong else ""

    def _check(self, draft: Draft, entity: str) -> tuple[Problem, ...]:
        from app.schema.check import check_entity

        if self._rules is None:
            return ()
        names = _near(draft.wanted, entity)
        old = names | {was for was, now in draft.renames.entities if now in names}
        return check_entity(_only(draft.wanted, names), entity, self._rules, _only(draft.base, old))

    def entity_marks(self) -> dict[str, EntityMark]:
        """What happens to whole entities, at once; those that stay as they are have no mark."""
        if self._marks is None or self._marks[0] is not self._draft:
            self._marks = (self._draft, entity_marks(self._draft))
        return self._marks[1]

    def entity_mark(self, name: str) -> EntityMark | None:
        return self.entity_marks().get(name)

    @property
    def suggestions(self) -> tuple[RenameSuggestion, ...]:
        """Renames to offer; those that the operator rejected are left out."""
        return tuple(each for each in self._overview.suggestions if _key(each) not in self._rejected)

    def set_connection(self, connection: Connection) -> None:
        self.connection = connection
        self.base_changed.emit()

    @property
    def rejected(self) -> frozenset[tuple[str, str, str]]:
        """Kind, old and new of the renames that are not to be offered again."""
        return self._rejected

    # Opening

    def open(self, opened: OpenSchema) -> None:
        """Show what was opened: the kept draft where there is one, else the live schema. Undo steps begin anew."""
        self._rules, self._push = opened.rules, opened.push
        self._live, self._live_schema = opened.base, opened.base.schema
        kept = opened.draft
        self.restored_at = opened.draft_saved_at if kept is not None else None
        self.is_base_old = kept is not None and opened.is_base_old
        self.is_open = True
        if kept is not None:
            # What was staged is to be seen, not searched for.
            self._selected = min(entity_marks(kept), key=lambda name: (name.lower(), name), default="")
        self._begin(kept if kept is not None else _untouched(opened.base.schema))

    def take_live(self, snapshot: SchemaSnapshot) -> None:
        """The live schema was read again. Staged edits stay; ``is_base_old`` says that they began elsewhere."""
        self._live, self._live_schema = snapshot, snapshot.schema
        if self.is_changed:
            self.is_base_old = _is_other(self._draft.base, snapshot.schema)
            self.base_changed.emit()
        elif snapshot.schema != self._draft.base:
            self.is_base_old = False
            self._begin(_untouched(snapshot.schema))
        else:
            self.base_changed.emit()

    def take_pushed(self, live: SchemaSnapshot, remaining: Draft | None) -> None:
        """After a push: the live schema as it was read back, and what is still to do (None: nothing)."""
        self._live, self._live_schema = live, live.schema
        self.is_base_old, self.restored_at = False, None
        self._begin(remaining if remaining is not None else _untouched(live.schema))
        self.flush(is_forced=True)

    def take_merged(self, draft: Draft, title: str = "Merge with the live schema") -> None:
        """Edits moved onto the schema that is live now: one undo step."""
        self._live_schema = draft.base
        self.edit(title, lambda _: draft)

    def _begin(self, draft: Draft) -> None:
        self.undo_stack.clear()
        self._draft = draft
        if not self.has_entity(self._selected):
            self._selected = _first_entity(draft.wanted)
        self.base_changed.emit()
        self.changed.emit()
        self.selected.emit(self._selected)
        self._review()

    # Editing

    def edit(self, title: str, make: Change, *, key: str = "", select: str | None = None, place: str = "") -> bool:
        """One undo step. Returns False, with ``refused`` and ``refusal`` saying why, where the draft refuses it.

        Edits in a row with the same ``key`` become one step. ``select``: the entity to show afterwards (and again
        when the step is redone). ``place``: what the edit is about, for the refusal.
        """
        self.refusal = self.lock_reason
        if not self.refusal:
            try:
                after = make(self._draft)
            except Invalid as error:
                self.refusal = error.sentence
            else:
                if after is not self._draft and after != self._draft:
                    self.undo_stack.push(_Edit(self, title, self._draft, after, key, select))
                return True
        self.refused.emit(self.refusal, place)
        return False

    def discard(self) -> bool:
        """Back to the live schema that the edits started from; can be undone."""
        had_changes = self.is_changed
        is_done = self.edit("Discard all pending changes", lambda draft: draft.discard())
        if is_done and had_changes:
            self.discarded.emit()
        return is_done

    def reject(self, suggestion: RenameSuggestion) -> None:
        """It was no rename: do not offer it again while the schema is open."""
        self._rejected |= {_key(suggestion)}
        self.review_changed.emit()

    def _set(self, draft: Draft, selected: str) -> None:
        before, self._draft = self._draft.base, draft
        if draft.base is not before:
            # A merge was made, undone or redone.
            self.is_base_old = _is_other(draft.base, self._live_schema)
            self.base_changed.emit()
        self.changed.emit()
        if selected != self._selected or not self.has_entity(selected):
            self.select(selected if self.has_entity(selected) else _first_entity(draft.wanted))
        self._save_timer.start()
        self._review_timer.start()

    # Selecting

    def has_entity(self, name: str) -> bool:
        """Whether it is in the draft or was in the schema that it started from."""
        return self._draft.wanted.entity(name) is not None or self._draft.base.entity(name) is not None

    def select(self, entity: str, part: str | None = None) -> None:
        """Show an entity, and one of its attributes or links (by label)."""
        if entity != self._selected:
            self._selected = entity
            self.selected.emit(entity)
        if part is not None:
            self.part_wanted.emit(entity, part)

    # Beside the UI thread

    def flush(self, *, is_forced: bool = False) -> None:
        """Save what waits to be saved."""
        if self._save_timer.isActive() or is_forced or self.sender() is self._save_timer:
            self._save_timer.stop()
            draft_keeper(self._runner).keep(self.ref, self._draft if self.is_changed else None)

    def _review(self) -> None:
        draft, rules = self._draft, self._rules
        if rules is None:
            return

        async def look(_services: Services) -> Overview:
            import asyncio

            return await asyncio.to_thread(overview, draft, rules)

        self._runner.start(
            look, owner=self, title="Work out the plan", done=self._take_overview, replaces="review", quiet=True
        )

    def _take_overview(self, found: Overview) -> None:
        if found.draft is self._draft:
            self._overview = found
            self.review_changed.emit()


def overview(draft: Draft, rules: Rules) -> Overview:
    """Plan, problems and rename suggestions of a draft; takes its time, not for the UI thread."""
    from app.schema.check import check
    from app.schema.renames import suggest

    return Overview(
        draft, draft.plan(), check(draft.wanted, rules, draft.base), suggest(draft.base, draft.wanted, draft.renames)
    )


class _Edit(QUndoCommand):
    """From one draft to another; drafts share what they have in common, so keeping both costs little."""

    def __init__(
        self, document: SchemaDocument, title: str, before: Draft, after: Draft, key: str, select: str | None
    ) -> None:
        super().__init__(title)
        self._document, self._before, self._after, self._key = document, before, after, key
        self._shown_before = document.selected_entity
        self._shown_after = document.selected_entity if select is None else select

    def id(self) -> int:
        return hash(self._key) & 0x7FFFFFFF if self._key else -1

    def mergeWith(self, other: QUndoCommand) -> bool:
        if not isinstance(other, _Edit) or other._key != self._key:
            return False
        self._after, self._shown_after = other._after, other._shown_after
        self.setText(other.text())
        return True

    def redo(self) -> None:
        self._document._set(self._after, self._shown_after)

    def undo(self) -> None:
        self._document._set(self._before, self._shown_before)


def _near(schema: Schema, entity: str) -> set[str]:
    """The entity and those that it has links with."""
    ends = ((each.forward.entity, each.reverse.entity) for each in schema.links)
    return {entity}.union(*(pair for pair in ends if entity in pair))


def _only(schema: Schema, names: set[str]) -> Schema:
    """With the links of some entities only: all that can be wrong with one is there, at a tenth of the cost."""
    links = (each for each in schema.links if each.forward.entity in names or each.reverse.entity in names)
    return Schema(schema.entities, tuple(links))


def _is_other(one: Schema, other: Schema) -> bool:
    """In meaning: the order of columns may be another."""
    return one != other and one.normalised() != other.normalised()


def _untouched(schema: Schema) -> Draft:
    return Draft(schema, schema)


def _first_entity(schema: Schema) -> str:
    names = sorted((each.is_system, each.name.lower(), each.name) for each in schema.entities)
    return names[0][2] if names else ""


def _key(suggestion: RenameSuggestion) -> tuple[str, str, str]:
    return suggestion.kind, suggestion.old, suggestion.new
