"""Stand-ins for the rooms below the services; they keep what they are told and fail when asked to."""

from __future__ import annotations

import asyncio
import copy
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

from app.core.apps import AppSummary
from app.core.changes import Changes
from app.core.connection import Connection, Environment, Platform, TokenKind
from app.core.errors import KnownError, NotFound
from app.core.refs import AppRef
from app.core.secret import Secret
from app.core.status import Health
from app.platforms.contract import Probe, RemoteApp
from app.schema.model import Attribute, Entity, Schema
from app.schema.types import StringType
from app.services.hub import ChangeHub
from app.services.templates import Template, TemplateShelf

FOUNDATION = "9e8cde29-5ce0-4a73-91c3-0019a469001e"
NOTES = Schema((Entity("notes", (Attribute("text", StringType()),)),))


def uid(number: int) -> str:
    return f"00000000-0000-4000-9000-{number:012d}"


def connection(**changes: Any) -> Connection:
    values: dict[str, Any] = {
        "id": "c1",
        "label": "Staging",
        "platform": Platform.INSTANT,
        "base_url": "https://instant.example",
        "environment": Environment.STAGING,
    }
    return Connection(**{**values, **changes})


def shelf() -> TemplateShelf:
    return TemplateShelf(
        [Template("notes", 1, "Notes", "", NOTES), Template("blank", 1, "Blank", "", Schema())],
    )


def heard_by(hub: ChangeHub) -> list[Changes]:
    heard: list[Changes] = []
    hub.subscribe(heard.append)
    return heard


class FakeVault:
    def __init__(self, kind: str = "keyring") -> None:
        self.kind = kind
        self.kept: dict[tuple[str, TokenKind], Secret] = {}

    @property
    def state(self) -> Any:
        return SimpleNamespace(kind=self.kind, sentence=f"Token: {self.kind}", remedy="Start a keyring.")

    async def probe(self) -> Any:
        return self.state

    async def get(self, connection_id: str, kind: TokenKind) -> Secret | None:
        return self.kept.get((connection_id, kind))

    async def set(self, connection_id: str, kind: TokenKind, secret: Secret) -> bool:
        self.kept[connection_id, kind] = secret
        return self.kind == "keyring"

    async def forget(self, connection_id: str) -> None:
        for kind in TokenKind:
            self.kept.pop((connection_id, kind), None)


class FakeStores:
    """All stores of the local database in one."""

    def __init__(self, *connections: Connection) -> None:
        self.connections = {each.id: each for each in connections}
        self.inventory: dict[str, list[AppSummary]] = {}
        self.writes: list[str] = []
        self.statuses: dict[str, Any] = {}
        self.schemas: dict[AppRef, Any] = {}
        self.audit: list[tuple[Any, ...]] = []
        self.titles: list[str] = []  # given with each entry of the trail
        self.fingerprints: list[tuple[str, str]] = []  # before and after each entry of the trail

    def all(self) -> tuple[Connection, ...]:
        return tuple(self.connections.values())

    def add(self, *values: Any, before: str = "", after: str = "", title: str = "") -> None:
        """A connection, or an entry of the audit trail."""
        if len(values) == 1:
            self.connections[values[0].id] = values[0]
        else:
            self.audit.append(values)
            self.fingerprints.append((before, after))
            self.titles.append(title)

    def update(self, changed: Connection) -> None:
        self.connections[changed.id] = changed

    def replace(self, connection_id: str, apps: Any) -> None:
        self.writes.append("replace")
        self.inventory[connection_id] = list(apps)

    def upsert(self, app: AppSummary) -> None:
        self.writes.append("upsert")

    def remove(self, what: Any) -> None:
        self.writes.append("remove")
        self.connections.pop(what, None)

    def put(self, status: Any) -> None:
        self.statuses[status.connection_id] = status

    def put_schema(self, ref: AppRef, json_text: str, fingerprint: str, at: float) -> None:
        self.schemas[ref] = SimpleNamespace(text=json_text, fingerprint=fingerprint, read_at=at)

    def get_schema(self, ref: AppRef) -> Any:
        return self.schemas.get(ref)


class FakeClient:
    """A platform in memory. ``fail`` maps a method (or ``method:app_id``) to the error that it raises;
    ``gate`` holds every ``read_schema`` while it is not set."""

    def __init__(self, *apps: RemoteApp) -> None:
        self.apps = {each.app_id: each for each in apps}
        self.hidden: dict[str, RemoteApp] = {}
        self.schemas: dict[str, Schema] = {}
        self.rows: dict[str, list[dict[str, Any]]] = {}
        self.fail: dict[str, KnownError] = {}
        self.calls: list[str] = []
        self.queries: list[dict[str, Any]] = []
        self.gate = asyncio.Event()
        self.gate.set()
        self.in_flight = 0
        self.most_in_flight = 0
        self.is_closed = False
        self.answer = Probe(Health.UP, 12.0)

    def _called(self, name: str, app_id: str = "") -> None:
        self.calls.append(f"{name}:{app_id}" if app_id else name)
        error = self.fail.get(f"{name}:{app_id}") or self.fail.get(name)
        if error is not None:
            raise error

    async def probe(self) -> Probe:
        self._called("probe")
        return self.answer

    async def list_apps(self) -> tuple[RemoteApp, ...]:
        self._called("list_apps")
        return tuple(self.apps.values())

    async def get_app(self, app_id: str) -> RemoteApp:
        self._called("get_app", app_id)
        found = self.apps.get(app_id) or self.hidden.get(app_id)
        if found is None:
            raise NotFound(f"There is no app {app_id}.")
        return found

    async def create_app(self, title: str, *, app_id: str, schema=None, rules=None, org_id=None) -> RemoteApp:
        self._called("create_app", app_id)
        self.apps[app_id] = RemoteApp(app_id, title, org_id=org_id)
        if schema is not None:
            self.schemas[app_id] = schema
        return self.apps[app_id]

    async def rename_app(self, app_id: str, title: str) -> RemoteApp:
        self._called("rename_app", app_id)
        self.apps[app_id] = RemoteApp(app_id, title)
        return self.apps[app_id]

    async def delete_app(self, app_id: str) -> None:
        self._called("delete_app", app_id)
        del self.apps[app_id]

    async def read_schema(self, app_id: str) -> Schema:
        self.in_flight += 1
        self.most_in_flight = max(self.most_in_flight, self.in_flight)
        try:
            await self.gate.wait()
            await asyncio.sleep(0)
            self._called("read_schema", app_id)
            return self.schemas.get(app_id, Schema())
        finally:
            self.in_flight -= 1

    async def query(self, app_id: str, query: dict[str, Any]) -> dict[str, Any]:
        self._called("query", app_id)
        self.queries.append(copy.deepcopy(query))
        (entity, body), *_ = query.items()
        options = body.get("$", {})
        offset, limit = options.get("offset", 0), options.get("limit", 10_000)
        return {entity: self.rows.get(entity, [])[offset : offset + limit]}

    async def aclose(self) -> None:
        self.is_closed = True


class FakePool:
    """Gives the same client for every connection, or raises ``error``."""

    def __init__(self, client: FakeClient) -> None:
        self.client = client
        self.error: KnownError | None = None
        self.forgotten: list[str] = []
        self.tested: list[tuple[Connection, Secret | None, Secret | None]] = []

    async def get(self, connection_id: str) -> FakeClient:
        if self.error is not None:
            raise self.error
        return self.client

    async def temporary(self, connection: Connection, platform: Secret | None, dash: Secret | None) -> FakeClient:
        self.tested.append((connection, platform, dash))
        return self.client

    def forget(self, connection_id: str) -> None:
        self.forgotten.append(connection_id)


def ticking(start: float = 1_790_000_000.0) -> Callable[[], float]:
    return lambda: start
