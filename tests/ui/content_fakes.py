"""Rows, services and a runner for the tests of lists, trees and dialogs; the engine and the runner are real."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from PySide6.QtWidgets import QWidget

from app.core.apps import AppSummary
from app.core.connection import Connection, Environment, Platform, TokenKind
from app.core.errors import KnownError
from app.core.refs import AppRef
from app.core.secret import Secret
from app.platforms.contract import YES, Capability
from app.schema.draft import Draft
from app.schema.model import Attribute, Entity, Index, Link, LinkEnd, Schema
from app.schema.types import BooleanType, StringType
from app.services.activity import ActivityLog
from app.services.catalog import SchemaSnapshot
from app.services.engine import Engine
from app.services.hub import ChangeHub
from app.services.lifecycle import Organisation
from app.services.templates import Template
from app.services.workshop import DraftNote, OpenSchema
from app.ui.work.runner import Runner

LOCAL = Connection("local", "Instant · local", Platform.INSTANT, "http://127.0.0.1:1", Environment.LOCAL)
CLOUD = Connection("cloud", "Instant · cloud", Platform.INSTANT, "https://api.example.com", Environment.PRODUCTION)
ANA = "7f3a1c22-9d04-4e0b-b0a1-5cf2d7e8aa10"
GIL = "c41d8e07-22b9-4f6c-9a3d-000000000002"
TAR = "9e8cde29-5ce0-4a73-91c3-0019a469001e"

SCHEMA = Schema(
    entities=(
        Entity(
            "todos",
            (Attribute("title", StringType(), is_required=True), Attribute("done", BooleanType(), is_indexed=True)),
            indexes=(Index("by_title", ("title",), is_unique=True),),
        ),
        Entity("$users", (Attribute("email", StringType(), is_unique=True),), is_system=True),
    ),
    links=(Link("todosOwner", LinkEnd("todos", "owner", "one"), LinkEnd("$users", "todos", "many")),),
)


def apps() -> tuple[AppSummary, ...]:
    return (
        AppSummary("local", TAR, "tar", "", "foundation", "ok", 7, 1_700_000_000, 1_700_000_500),
        AppSummary("local", ANA, "Ana’s workspace", "ana@example.com", "tenant", "ok", 3, 1_700_000_100),
        AppSummary("local", GIL, "Gil", "gil@example.com", "tenant", "drifted", 2, note="drift: 2 attributes"),
        AppSummary("cloud", "eva", "Eva", "eva@example.com", "tenant", "ok", 1),
        AppSummary("local", "cgd", "calm-green-delta", "", "task", "unowned", 2, note="no owner in registry"),
    )


class FakeCatalog:
    def __init__(self) -> None:
        self.asked: list[tuple[AppRef, bool]] = []
        self.error: KnownError | None = None
        self.schema_of: Callable[[AppRef], Schema] = lambda ref: SCHEMA

    async def schema(self, ref: AppRef, refresh: bool = False) -> SchemaSnapshot:
        self.asked.append((ref, refresh))
        if self.error is not None:
            raise self.error
        return SchemaSnapshot(self.schema_of(ref), 1_700_000_000.0, "f")


class FakeWorkshop:
    """Opens ``schema_of`` with ``kept`` as its draft, and notes what was saved; ``error`` is raised instead."""

    notes: tuple[DraftNote, ...] = ()  # of what is staged

    def __init__(self) -> None:
        self.asked: list[tuple[AppRef, bool]] = []
        self.error: KnownError | None = None
        self.offline: KnownError | None = None
        self.schema_of: Callable[[AppRef], Schema] = lambda ref: SCHEMA
        self.kept: Draft | None = None
        self.kept_at: float | None = None
        self.push: Capability = YES
        self.saved: list[tuple[AppRef, Draft | None]] = []
        self.save_error: KnownError | None = None
        self.gate: asyncio.Event | None = None
        self.last_known: OpenSchema | None = None
        self.answer_gate: asyncio.Event | None = None

    async def drafts(self) -> tuple[DraftNote, ...]:
        return self.notes

    async def open(self, ref: AppRef, refresh: bool = False) -> OpenSchema:
        self.asked.append((ref, refresh))
        self.loop = asyncio.get_running_loop()
        if self.answer_gate is not None:
            await self.answer_gate.wait()
        if self.error is not None:
            raise self.error
        return self.opened(ref)

    async def open_last_known(self, ref: AppRef) -> OpenSchema | None:
        return self.last_known

    def opened(self, ref: AppRef) -> OpenSchema:
        from app.platforms.instant.schema_rules import RULES

        schema = self.schema_of(ref)
        base = SchemaSnapshot(schema, 1_700_000_000.0, schema.fingerprint())
        is_old = self.kept is not None and self.kept.base != schema
        return OpenSchema(
            ref, base, self.kept, self.kept_at, is_old, RULES, self.push, self.offline is not None, self.offline
        )

    async def save_draft(self, ref: AppRef, draft: Draft | None) -> None:
        if self.gate is not None:
            await self.gate.wait()
        if self.save_error is not None:
            raise self.save_error
        self.saved.append((ref, draft))


class FakeLifecycle:
    """Notes what was asked; ``error`` is raised instead, ``gate`` holds the work until it is cancelled."""

    def __init__(self) -> None:
        self.calls: list[tuple[Any, ...]] = []
        self.error: KnownError | None = None
        self.is_held = False
        self.org_ids: list[str | None] = []
        self.known_organisations: tuple[Organisation, ...] = ()

    async def _act(self, *call: Any) -> None:
        self.calls.append(call)
        if self.is_held:
            await asyncio.Event().wait()
        if self.error is not None:
            raise self.error

    async def create(
        self,
        connection_id: str,
        title: str,
        template_name: str | None = None,
        org_id: str | None = None,
        *,
        app_id: str | None = None,
    ) -> AppSummary:
        self.org_ids.append(org_id)
        await self._act("create", connection_id, title, template_name, app_id)
        return AppSummary(connection_id, app_id or "new", title)

    async def organisations(self, connection_id: str) -> tuple[Organisation, ...]:
        return self.known_organisations

    async def rename(self, ref: AppRef, title: str) -> AppSummary:
        await self._act("rename", ref, title)
        return AppSummary(ref.connection_id, ref.app_id, title)

    async def delete(self, ref: AppRef) -> None:
        await self._act("delete", ref)


class FakeConnections:
    def __init__(self) -> None:
        self.drafts: list[tuple[Any, ...]] = []
        self.error: KnownError | None = None
        self.probe: Any = None

    async def _act(self, *call: Any) -> None:
        self.drafts.append(call)
        if self.error is not None:
            raise self.error

    async def add(self, draft: Any) -> Connection:
        await self._act("add", draft)
        return Connection("new", draft.label, draft.platform, draft.base_url, draft.environment)

    async def update(self, connection_id: str, draft: Any) -> Connection:
        await self._act("update", connection_id, draft)
        return Connection(connection_id, draft.label, draft.platform, draft.base_url, draft.environment)

    async def remove(self, connection_id: str) -> None:
        await self._act("remove", connection_id)

    async def test(self, draft: Any, connection_id: str | None = None) -> Any:
        await self._act("test", draft, connection_id)
        return self.probe


TEMPLATES = (
    Template("custom", 1, "Custom", "Nothing yet.", Schema()),
    Template("todo", 1, "Todo", "Task management.", SCHEMA),
)


async def platform_token_only(_connection_id: str, kind: TokenKind) -> Secret | None:
    return Secret("per_stored") if kind is TokenKind.PLATFORM else None


def fake_services() -> Any:
    async def aclose() -> None:
        return None

    return SimpleNamespace(
        hub=ChangeHub(),
        activity=ActivityLog(),
        catalog=FakeCatalog(),
        workshop=FakeWorkshop(),
        lifecycle=FakeLifecycle(),
        connections=FakeConnections(),
        templates=SimpleNamespace(all=lambda: TEMPLATES),
        tokens=SimpleNamespace(state=lambda: SimpleNamespace(sentence="Token: OS keyring"), get=platform_token_only),
        aclose=aclose,
    )


@pytest.fixture
def services() -> Any:
    return fake_services()


@pytest.fixture
def runner(qapp: Any, services: Any) -> Iterator[Runner]:
    async def build() -> Any:
        return services

    engine = Engine()
    made = Runner(engine)
    made.open(build)
    yield made
    made.close()
    assert engine.stop(5)


@pytest.fixture
def window(qtbot: Any) -> Iterator[QWidget]:
    """What dialogs stand above, as in the program: they delete themselves when they are finished."""
    made = QWidget()
    qtbot.addWidget(made)
    made.show()
    yield made  # noqa: PT022 - as a generator it holds on to the window until the test is over
