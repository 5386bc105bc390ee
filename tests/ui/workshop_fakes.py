"""A schema workshop with known answers, and realistic data for the dialogs around a push."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QAbstractButton, QScrollArea, QTabBar, QWidget

from app.core.apps import AppSummary
from app.core.errors import KnownError
from app.core.refs import AppRef
from app.platforms.contract import OffendingRow, PushJob, PushProgress, RenderedStep, RowCount
from app.schema.compare import Plan
from app.schema.draft import Draft
from app.schema.model import Attribute, Entity, Link, LinkEnd, Schema
from app.schema.operations import (
    AddAttribute,
    AddLink,
    ChangeAttribute,
    DropAttribute,
    RenameAttribute,
)
from app.schema.types import DateType, NumberType, StringType
from app.services.catalog import SchemaSnapshot
from app.services.workshop_words import (
    Comparison,
    PushRecord,
    PushReport,
    Review,
    SchemaVersion,
    Side,
    Source,
    Undo,
)
from app.ui.work.runner import Runner
from tests.ui.content_fakes import ANA, CLOUD, LOCAL, apps

REF = AppRef(LOCAL.id, ANA)
APP = AppSummary(LOCAL.id, ANA, "Ana’s workspace", "ana@example.com", "tenant", "ok", 3)
PROD_REF = AppRef(CLOUD.id, "0b7e9a34-61cd-4a10-8d5e-3b6e9c0847f1")
PROD_APP = AppSummary(CLOUD.id, PROD_REF.app_id, "Billing", "bo@example.com", "tenant", "ok", 3)

TITLE = Attribute("title", StringType(), is_required=True)
DUE = Attribute("due", StringType(), is_indexed=True)
DUE_DATE = replace(DUE, type=DateType())
PRIORITY = Attribute("priority", NumberType())
NOTE = Attribute("legacy_note", StringType())
INVOICE = Link("todosInvoice", LinkEnd("todos", "invoice", "one"), LinkEnd("invoices", "todos", "many"))
BASE = Schema(
    (
        Entity("todos", (TITLE, DUE, NOTE, Attribute("title2", StringType()))),
        Entity("invoices", (Attribute("number", StringType(), is_unique=True),)),
        Entity("$users", (Attribute("email", StringType(), is_unique=True),), is_system=True),
    )
)
WANTED = Schema(
    (
        Entity(
            "todos",
            (replace(TITLE, is_indexed=True), DUE_DATE, PRIORITY, Attribute("headline", StringType())),
        ),
        Entity("invoices", (Attribute("number", StringType(), is_unique=True),)),
        Entity("$users", (Attribute("email", StringType(), is_unique=True),), is_system=True),
    ),
    (INVOICE,),
)
DRAFT = Draft(BASE, WANTED)
PLAN = Plan(
    (
        RenameAttribute("todos", "title2", "headline"),
        AddAttribute("todos", PRIORITY),
        ChangeAttribute("todos", TITLE, replace(TITLE, is_indexed=True)),
        ChangeAttribute("todos", DUE, DUE_DATE),
        AddLink(INVOICE),
        DropAttribute("todos", NOTE),
    )
)
SAFE_PLAN = Plan((AddAttribute("todos", PRIORITY), AddLink(INVOICE)))
RENDERED = tuple(
    RenderedStep(
        at, f'["update-attr", {{\n  "id": "5cf2d7e8-{at:04}",\n  "index?": true\n}}]', is_background=at in (2, 3)
    )
    for at in range(6)
)
COUNTS = (
    RowCount(3, 3, "3 of 38 rows have a value that is no date: this will fail.", is_blocking=True),
    RowCount(2, 38, "38 rows will be indexed."),
    RowCount(5, 12, "12 rows have a value."),
)
ROWS = (
    OffendingRow("3f0c9f3e-6d0f-4f51-9a38-aa41c1d7a001", '"next tuesday"', "invalid"),
    OffendingRow("3f0c9f3e-6d0f-4f51-9a38-aa41c1d7a002", '"31.02.2026"', "invalid"),
    OffendingRow("3f0c9f3e-6d0f-4f51-9a38-aa41c1d7a003", '"soon"', "invalid"),
)
GOOD_JOB = PushJob("j1", "Index todos.title", "todos.title", "completed", 38, 38)
RUNNING_JOB = PushJob("j2", "Check that todos.due holds dates", "todos.due", "processing", 20, 38)
FAILED_JOB = PushJob(
    "j2",
    "Check that todos.due holds dates",
    "todos.due",
    "errored",
    35,
    38,
    "todos.due cannot become a date: 3 rows have a value that is none.",
    ROWS,
    3,
)
OPENED_ROWS = (
    {"id": ROWS[0].entity_id, "title": "Call the bank", "due": "next tuesday", "done": False},
    {"id": ROWS[1].entity_id, "title": "Send the invoice", "due": "31.02.2026", "done": True},
)


def snapshot(schema: Schema) -> SchemaSnapshot:
    return SchemaSnapshot(schema, 1_700_000_000.0, schema.fingerprint())


def review(ref: AppRef, draft: Draft, plan: Plan = PLAN, **changes: Any) -> Review:
    rendered = tuple(each for each in RENDERED if each.operation < len(plan.steps))
    made = Review(ref, draft, plan, rendered, (), (), needs_typed_name=False)
    return replace(made, **changes)


def record(push_id: int = 7, **changes: Any) -> PushRecord:
    made = PushRecord(
        id=push_id,
        at=time.time() - 3 * 3600,
        who="mira@desk-3",
        ref=REF,
        connection_label=LOCAL.label,
        app_title="Ana’s workspace",
        steps=("Add priority (number) to todos.", "Drop todos.legacy_note with its values."),
        plan=SAFE_PLAN,
        outcome="done",
        sentence="2 changes took effect in Ana’s workspace.",
        before="1f2e3d4c5b6a7980",
        after="90a1b2c3d4e5f607",
        did=SAFE_PLAN,
    )
    return replace(made, **changes)


class FakeWorkshop:
    """``calls`` says what was asked; ``error`` is raised instead of an answer; ``hold`` keeps a push in a phase."""

    def __init__(self) -> None:
        self.calls: list[tuple[Any, ...]] = []
        self.error: KnownError | None = None
        self.count_error: KnownError | None = None
        self.reviewed: Callable[[AppRef, Draft], Review] = review
        self.counted: tuple[RowCount, ...] = COUNTS
        self.progress: tuple[PushProgress, ...] = (PushProgress("reading"), PushProgress("sending"))
        self.hold: str | None = None
        self.released: asyncio.Event | None = None
        self.report = PushReport(1, "done", "6 changes took effect in Ana’s workspace.", live=snapshot(WANTED))
        self.merged: Any = None
        self.records: tuple[PushRecord, ...] = (record(7), record(6, outcome="failed", did=None))
        self.known_versions: tuple[SchemaVersion, ...] = (
            SchemaVersion(REF, "90a1b2c3d4e5f607", time.time() - 3 * 3600, "push", "Push 2 changes"),
            SchemaVersion(REF, "1f2e3d4c5b6a7980", time.time() - 40 * 3600, "seen"),
        )
        self.compared = Comparison(Side("Ana’s workspace", BASE), Side("Todo (template)", WANTED), PLAN, ())
        self.grouped: tuple[Any, ...] = ()
        self.undo_sentence = "One part changed since and stays as it is."

    def _note(self, *call: Any) -> None:
        self.calls.append(call)
        if self.error is not None:
            raise self.error

    def asked(self, what: str) -> list[tuple[Any, ...]]:
        return [call for call in self.calls if call[0] == what]

    async def save_draft(self, ref: AppRef, draft: Draft | None) -> None:
        self._note("save", ref, draft)

    async def review(self, ref: AppRef, draft: Draft, *, restores: bool = False) -> Review:
        self._note("review", ref, draft)
        return self.reviewed(ref, draft)

    async def counts(self, ref: AppRef, draft: Draft, on_count: Callable[[RowCount], None]) -> tuple[RowCount, ...]:
        self._note("counts", ref, draft)
        if self.count_error is not None:
            raise self.count_error
        for count in self.counted:
            on_count(count)
        return self.counted

    async def push(
        self, ref: AppRef, draft: Draft, on_progress: Callable[[PushProgress], None], *, undoes: int | None = None
    ) -> PushReport:
        self._note("push", ref, draft, undoes)
        for progress in self.progress:
            on_progress(progress)
            if progress.phase == self.hold:
                self.released = asyncio.Event()
                await self.released.wait()
        self._note("pushed", ref)
        return self.report

    async def merge(self, ref: AppRef, draft: Draft, keep_mine: frozenset[str] = frozenset()) -> Any:
        self._note("merge", ref, draft, keep_mine)
        return self.merged

    async def offending_rows(self, ref: AppRef, job: PushJob) -> tuple[dict[str, Any], ...]:
        self._note("rows", ref, job)
        return OPENED_ROWS

    async def undo(self, push_id: int) -> Undo:
        self._note("undo", push_id)
        return Undo(push_id, REF, Draft(WANTED, BASE), (), self.undo_sentence)

    async def pushes(self, ref: AppRef | None = None, limit: int = 200) -> tuple[PushRecord, ...]:
        self._note("pushes", ref)
        return self.records

    async def settle(self, push_id: int) -> PushRecord:
        self._note("settle", push_id)
        return record(push_id, sentence="All of it took effect.")

    async def versions(self, ref: AppRef) -> tuple[SchemaVersion, ...]:
        self._note("versions", ref)
        return self.known_versions

    async def compare_sides(self, left: Source, right: Source) -> Comparison:
        self._note("compare", left, right)
        return self.compared

    async def cohorts(self, connection_id: str | None, on_progress: Callable[[Any], None]) -> tuple[Any, ...]:
        self._note("cohorts", connection_id)
        return self.grouped


class FakeDocument:
    """What the plan dialog needs of a document; ``calls`` says what it was told."""

    def __init__(self, ref: AppRef = REF, draft: Draft = DRAFT) -> None:
        self.ref = ref
        self.draft = draft
        self.calls: list[tuple[Any, ...]] = []
        self.rejected: frozenset[tuple[str, str, str]] = frozenset()

    def edit(self, title: str, make: Callable[[Draft], Draft]) -> bool:
        self.calls.append(("edit", title))
        self.draft = make(self.draft)
        return True

    def reject(self, suggestion: Any) -> None:
        self.calls.append(("reject", suggestion))
        self.rejected |= {(suggestion.kind, suggestion.old, suggestion.new)}

    def select(self, entity: str, part: str | None = None) -> None:
        self.calls.append(("select", entity, part))

    def take_pushed(self, live: SchemaSnapshot, remaining: Draft | None) -> None:
        self.calls.append(("pushed", live, remaining))

    def take_live(self, live: SchemaSnapshot) -> None:
        self.calls.append(("live", live))

    def take_merged(self, draft: Draft) -> None:
        self.calls.append(("merged", draft))
        self.draft = draft


@pytest.fixture
def workshop(services: Any) -> FakeWorkshop:
    services.workshop = FakeWorkshop()
    services.directory = SimpleNamespace(inventory=apps)
    services.connections.all = lambda: (LOCAL, CLOUD)
    return services.workshop  # type: ignore[no-any-return]


def release(runner: Runner, workshop: FakeWorkshop) -> None:
    """Let the push that is held go on."""

    async def go(_services: Any) -> None:
        assert workshop.released is not None
        workshop.released.set()

    runner.engine.submit(go).result(5)


def nameless(widget: QWidget) -> list[str]:
    """What takes the keyboard without having a name that a screen reader could say."""
    found = []
    for each in widget.findChildren(QWidget):
        is_part = each.objectName().startswith("qt_") or not each.isVisibleTo(widget)
        if is_part or not each.focusPolicy() & Qt.FocusPolicy.TabFocus or isinstance(each, QScrollArea | QTabBar):
            continue
        text = each.text() if isinstance(each, QAbstractButton) else ""
        if not (each.accessibleName() or text):
            found.append(f"{type(each).__name__} {each.objectName()}")
    return found
