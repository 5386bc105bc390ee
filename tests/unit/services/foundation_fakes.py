"""A foundation in memory, as far as Tenantry reads and writes one, and the services around it."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from app.core.errors import KnownError, Unauthorised
from app.core.secret import Secret
from app.platforms.contract import RemoteApp
from app.services.audit import AuditTrail
from app.services.connections import ConnectionBook
from app.services.directory import Directory
from app.services.foundation import Foundation
from app.services.foundation_map import FoundationMaps
from app.services.hub import ChangeHub
from app.services.reconcile import Reconciler
from app.services.tokens import TokenKeeper
from tests.unit.services.fakes import (
    FOUNDATION,
    FakeClient,
    FakePool,
    FakeStores,
    FakeVault,
    connection,
    shelf,
    ticking,
    uid,
)

# Both directions of each link of the documents.
_LINKS = {("app", "$users"): ("$users", "app"), ("tasks", "mainDatabase"): ("databases", "task")}
_LINKS |= {("databases", "originIteration"): ("iterations", "originatedDatabases")}
_LINKS |= {("iterations", "task"): ("tasks", "iterations")}
_LINKS |= {reverse: forward for forward, reverse in _LINKS.items()}
_HAS_ONE = {("tasks", "mainDatabase"), ("databases", "task"), ("databases", "originIteration"), ("iterations", "task")}


class FakeFoundation(FakeClient):
    """``tables`` are rows by entity and ID; ``pairs`` the links, in both directions. ``admin`` are admin tokens."""

    def __init__(self, *apps: RemoteApp) -> None:
        super().__init__(RemoteApp(FOUNDATION, "tar"), *apps)
        self.tables: dict[str, dict[str, dict[str, Any]]] = {}
        self.pairs: set[tuple[str, str, str, str]] = set()
        self.admin: dict[str, str] = {}
        self.transactions: list[list[Any]] = []
        self.tokens = SimpleNamespace(dash=Secret("dash"))

    # Setting the scene

    def row(self, entity: str, row_id: str, **values: Any) -> str:
        self.tables.setdefault(entity, {})[row_id] = values
        return row_id

    def user(self, number: int, email: str) -> str:
        return self.row("$users", uid(number), email=email)

    def app_record(self, record_id: str, app_id: str, *user_ids: str) -> str:
        self.row("app", record_id, appid=app_id)
        for each in user_ids:
            self.link("app", record_id, "$users", each)
        return record_id

    def database(self, record_id: str, app_id: str, token: str | None = None, task_id: str = "") -> str:
        self.row("databases", record_id, instantAppId=app_id, name=f"name-{record_id}", createdAt=1_700_000_000_000)
        if token is not None:
            self.tables["databases"][record_id]["adminToken"] = token
        if task_id:
            self.link("tasks", task_id, "mainDatabase", record_id)
        return record_id

    def link(self, entity: str, row_id: str, label: str, target: str) -> None:
        other_entity, other_label = _LINKS[entity, label]
        self.pairs |= {(entity, row_id, label, target), (other_entity, target, other_label, row_id)}

    # What is asked of it

    async def query(self, app_id: str, query: dict[str, Any], *, admin_token: Secret | None = None) -> dict[str, Any]:
        self._called("query", app_id)
        self.queries.append(query)
        if admin_token is not None and self.admin.get(app_id) != admin_token.reveal():
            raise Unauthorised("The platform does not accept the token.")
        return {entity: self._rows(entity, body) for entity, body in query.items()} if app_id == FOUNDATION else {}

    def _rows(self, entity: str, body: dict[str, Any]) -> list[dict[str, Any]]:
        options = body.get("$", {})
        found = [{"id": row_id, **row} for row_id, row in self.tables.get(entity, {}).items()]
        found = [each for each in found if _fits(each, options.get("where", {}))]
        offset, limit = options.get("offset", 0), options.get("limit", 10_000)
        fields = {"id", *options["fields"]} if "fields" in options else None
        return [
            {key: value for key, value in each.items() if fields is None or key in fields}
            | {label: self._linked(entity, each["id"], label) for label in body if label != "$"}
            for each in found[offset : offset + limit]
        ]

    def _linked(self, entity: str, row_id: str, label: str) -> list[dict[str, Any]]:
        other = _LINKS.get((entity, label), ("", ""))[0]
        targets = sorted(
            target for one, each, name, target in self.pairs if (one, each, name) == (entity, row_id, label)
        )
        return [{"id": each, **self.tables.get(other, {}).get(each, {})} for each in targets]

    async def transact(self, app_id: str, steps: list[Any], *, is_repeatable: bool = False) -> int:
        self._called("transact", app_id)
        assert is_repeatable
        self.transactions.append(steps)
        for action, entity, row_id, *rest in steps:
            getattr(self, f"_{action}")(entity, row_id, *rest)
        return len(self.transactions)

    def _update(self, entity: str, row_id: str, values: dict[str, Any]) -> None:
        self.tables.setdefault(entity, {}).setdefault(row_id, {}).update(values)

    def _link(self, entity: str, row_id: str, values: dict[str, Any]) -> None:
        for label, target in values.items():
            if (entity, label) in _HAS_ONE:
                self._unlink_all(entity, row_id, label)
            self.link(entity, row_id, label, target)

    def _unlink(self, entity: str, row_id: str, values: dict[str, Any]) -> None:
        for label, target in values.items():
            other_entity, other_label = _LINKS[entity, label]
            self.pairs -= {(entity, row_id, label, target), (other_entity, target, other_label, row_id)}

    def _unlink_all(self, entity: str, row_id: str, label: str) -> None:
        for one, each, name, target in tuple(self.pairs):
            if (one, each, name) == (entity, row_id, label):
                self._unlink(entity, row_id, {label: target})

    def _delete(self, entity: str, row_id: str) -> None:
        self.tables.get(entity, {}).pop(row_id, None)
        for one, each, label, target in tuple(self.pairs):
            if (one, each) == (entity, row_id):
                self._unlink(entity, row_id, {label: target})

    async def get_user(self, app_id: str, *, user_id: str) -> dict[str, Any] | None:
        self._called("get_user", user_id)
        is_there = user_id in self.tables.get("$users", {})
        return {"id": user_id, "created_at": "2023-11-14T22:13:20Z"} if is_there else None

    async def rotate_admin_token(self, app_id: str, new: Secret | None = None) -> Secret:
        self._called("rotate_admin_token", app_id)
        self.admin[app_id] = new.reveal() if new else uid(999)
        return Secret(self.admin[app_id])


def _fits(row: dict[str, Any], where: dict[str, Any]) -> bool:
    def one(name: str, wanted: Any) -> bool:
        if name == "or":
            return any(_fits(row, each) for each in wanted)
        if isinstance(wanted, dict):
            return (row.get(name) is None) == wanted["$isNull"]
        return bool(row.get(name) == wanted)

    return all(one(name, wanted) for name, wanted in where.items())


class FakeTemplates:
    """Gives the draft that was put there."""

    def __init__(self) -> None:
        self.draft: Any = None

    async def draft_to_template(self, ref: Any) -> Any:
        return self.draft


class FakeRotator:
    """Replaces a token as TaskDatabases does, without its journal."""

    def __init__(self, client: FakeFoundation) -> None:
        self._client = client

    async def rotate_token(self, _connection_id: str, record_ids: Any) -> tuple[Any, ...]:
        (record_id,) = record_ids
        app_id = self._client.tables["databases"][record_id]["instantAppId"]
        try:
            token = await self._client.rotate_admin_token(app_id)
            step = ["update", "databases", record_id, {"adminToken": token.reveal()}]
            await self._client.transact(FOUNDATION, [step], is_repeatable=True)
        except KnownError as error:
            return (SimpleNamespace(ok=False, sentence=error.sentence, remedy=error.remedy),)
        return (SimpleNamespace(ok=True, sentence="It has a new admin token.", remedy=""),)


class House:
    """A foundation with the services over it. ``changes`` are those of the connection."""

    def __init__(self, client: FakeFoundation, **changes: Any) -> None:
        self.client = client
        self.stores = FakeStores(connection(**{"foundation_app_id": FOUNDATION, **changes}))
        self.pool: Any = FakePool(client)
        self.hub = ChangeHub()
        self.maps = FoundationMaps(MapsInMemory())
        self.templates = FakeTemplates()
        self.begun: list[Any] = []
        clock = ticking()
        known = self.stores.all()
        self.connections = ConnectionBook(self.stores, TokenKeeper(FakeVault(), self.hub), self.hub, known)
        self.directory = Directory(
            self.connections, self.pool, shelf(), self.stores, self.hub, clock=clock, maps=self.maps
        )
        trail = AuditTrail(self.stores, clock=clock)
        catalog: Any = SimpleNamespace(schema=self._schema)
        journal: Any = SimpleNamespace(of=lambda _connection_id, _kind: self.begun)
        values = (self.connections, self.pool, catalog, self.directory, self.maps, journal, trail)
        self.foundation = Foundation(*values, clock=clock)
        parts = (self.connections, self.pool, self.directory, self.foundation, self.templates, FakeRotator(client))
        self.reconciler = Reconciler(*parts, trail, clock=clock)

    async def open(self) -> House:
        await self.directory.refresh()
        return self

    async def _schema(self, ref: Any, refresh: bool = False) -> Any:
        return SimpleNamespace(schema=self.client.schemas[ref.app_id])


class MapsInMemory:
    def __init__(self) -> None:
        self.texts: dict[str, str] = {}

    def get(self, connection_id: str) -> str | None:
        return self.texts.get(connection_id)

    def put(self, connection_id: str, text: str) -> None:
        self.texts[connection_id] = text
