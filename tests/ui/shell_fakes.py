"""Services with known answers, run on the real engine, for tests of the window's shell."""

from __future__ import annotations

import asyncio
import time
from types import SimpleNamespace
from typing import Any

from app.core.apps import AppSummary
from app.core.connection import Connection, Environment, Platform
from app.core.errors import KnownError
from app.core.status import ConnectionStatus, Finding, FindingAction, FindingKind, Health, Severity
from app.services.activity import ActivityLog
from app.services.engine import Engine
from app.services.hub import ChangeHub
from app.services.search_index import KnownNames

LOCAL = Connection("c1", "Instant · local", Platform.INSTANT, "http://127.0.0.1:1", Environment.LOCAL, is_builtin=True)
CLOUD = Connection("c2", "Instant · cloud", Platform.INSTANT, "https://example.com", Environment.PRODUCTION)
APP_ID = "7f3a1c22-9d04-4e0b-b0a1-5cf2d7e8aa10"
OTHER_ID = "0b7e9a34-61cd-4a10-8d5e-3b6e9c0847f1"
ANA = AppSummary("c1", APP_ID, "Ana's workspace", "ana@example.com", "tenant", "ok", 3, 100, 200)
PROD = AppSummary("c2", OTHER_ID, "Billing", "bo@example.com", "tenant", "drifted", 1, 100, 200)
FINDING = Finding(
    "drift",
    FindingKind.SCHEMA_DRIFT,
    Severity.WARNING,
    "c1",
    "Ana's app drifted",
    app_id=APP_ID,
    actions=(FindingAction.SHOW_APP, FindingAction.COPY_APP_ID, FindingAction.RETRY),
)


class NoNames:
    """Keeps no names for the next start."""

    def put(self, shapes: object, apps: object) -> None:
        pass

    def all(self) -> tuple[dict[str, str], list[Any]]:
        return {}, []

    def tidy(self) -> None:
        pass


class FakeServices:
    """Built on the engine's loop; ``calls`` says what was asked."""

    def __init__(self) -> None:
        self.hub, self.activity = ChangeHub(), ActivityLog()
        self.calls: list[str] = []
        self.known_connections: tuple[Connection, ...] = (LOCAL, CLOUD)
        self.known_apps: tuple[AppSummary, ...] = (ANA, PROD)
        self.known_statuses = (
            ConnectionStatus("c1", Health.UP, 2.0, time.time(), 1, 3, findings=(FINDING,)),
            ConnectionStatus("c2", Health.UNREACHABLE, None, time.time(), 1, 1, "It does not answer.", "Try again."),
        )
        self.connections = SimpleNamespace(all=lambda: self.known_connections)
        self.status = SimpleNamespace(all=lambda: self.known_statuses, check=self._check)
        self.directory = SimpleNamespace(inventory=lambda: self.known_apps, refresh=self._refresh)
        self.tokens = SimpleNamespace(
            state=lambda: SimpleNamespace(kind="keyring", sentence="Token: OS keyring", remedy="")
        )
        self.names = KnownNames(NoNames())
        self.notices: tuple[KnownError, ...] = ()
        self.is_closed = False

    async def _check(self, connection_id: str | None = None) -> tuple[Any, ...]:
        self.calls.append(f"check {connection_id}")
        return ()

    async def _refresh(self, connection_ids: Any = None, on_progress: Any = None) -> tuple[Any, ...]:
        self.calls.append(f"refresh {connection_ids}")
        await asyncio.sleep(0)
        return ()

    async def aclose(self) -> None:
        self.is_closed = True


def engine_with(services: FakeServices) -> Engine:
    async def build() -> Any:
        return services

    return Engine(build)
