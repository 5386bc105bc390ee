"""A platform with a foundation in memory, as far as provisioning needs it, and stores that keep what they are told."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from app.core.apps import AppSummary
from app.core.connection import Connection
from app.core.errors import Conflict, Forbidden, KnownError, NotFound
from app.core.refs import new_id
from app.core.secret import Secret
from app.platforms.contract import RemoteApp
from app.schema.model import Schema
from app.services.connections import ConnectionBook
from app.services.directory import Directory
from app.services.following import Following
from app.services.foundation_map import FoundationMaps
from app.services.hub import ChangeHub
from app.services.provisioning import Provisioning
from app.services.templates import TemplateShelf, read_schema
from app.services.tokens import TokenKeeper
from app.storage.foundation_stores import KeptEntry
from tests.unit.services.fakes import FOUNDATION, FakePool, FakeStores, FakeVault, connection, shelf

REGISTRY = read_schema(
    {
        "entities": {
            "$users": {"email": {"type": "string"}},
            "app": {"appid": {"type": "string"}},
            "tasks": {"title": {"type": "string"}},
            "databases": {name: {"type": "string"} for name in ("instantAppId", "adminToken", "name", "createdAt")},
        },
        "links": {
            "appUsers": {
                "forward": {"entity": "app", "label": "$users", "has": "many"},
                "reverse": {"entity": "$users", "label": "app", "has": "many"},
            },
            "taskMainDatabase": {
                "forward": {"entity": "tasks", "label": "mainDatabase", "has": "one"},
                "reverse": {"entity": "databases", "label": "task", "has": "one"},
            },
        },
    }
)
# Entity and label → the entity and the label at the other end.
_ENDS = {
    ("app", "$users"): ("$users", "app"),
    ("$users", "app"): ("app", "$users"),
    ("tasks", "mainDatabase"): ("databases", "task"),
    ("databases", "task"): ("tasks", "mainDatabase"),
}


class FakePlatform:
    """``before`` and ``after`` are called around the effect of each call, with its name; what they raise is raised.

    ``may_rotate`` says whether admin tokens can be replaced, ``chooses_ids`` that the platform takes no chosen ID.
    """

    def __init__(self) -> None:
        self.apps: dict[str, RemoteApp] = {}
        self.deleted: set[str] = set()
        self.schemas: dict[str, Schema] = {FOUNDATION: REGISTRY}
        self.tokens: dict[str, str] = {}
        self.known: dict[str, Secret] = {}
        self.rows: dict[str, dict[str, dict[str, Any]]] = {"$users": {}, "app": {}, "tasks": {}, "databases": {}}
        self.links: set[tuple[str, str, str, str]] = set()
        self.calls: list[str] = []
        self.writes: list[list[Any]] = []
        self.before: Callable[[str], None] = lambda _name: None
        self.after: Callable[[str], None] = lambda _name: None
        self.may_rotate = True
        self.chooses_ids = False
        self.in_flight: Counter[str] = Counter()
        self.most_in_flight = 0

    def forget_session(self) -> None:
        """As after a restart: tokens that the platform told are not known any more."""
        self.known.clear()

    def add_user(self, email: str = "ada@example.com") -> str:
        user_id = new_id()
        self.rows["$users"][user_id] = {"email": email}
        return user_id

    def add_task(self, title: str = "Sort the answers") -> str:
        task_id = new_id()
        self.rows["tasks"][task_id] = {"title": title}
        return task_id

    def apps_of(self, owner_id: str) -> list[str]:
        """As the registry says."""
        found = []
        for entity, label, attribute in (("app", "$users", "appid"), ("databases", "task", "instantAppId")):
            for record_id, row in self.rows[entity].items():
                if (entity, record_id, label, owner_id) in self.links:
                    found.append(row[attribute])
        return found

    # The client

    async def query(self, app_id: str, query: Mapping[str, Any]) -> dict[str, Any]:
        return await self._call("query", lambda: {entity: self._found(entity, body) for entity, body in query.items()})

    def _found(self, entity: str, body: Mapping[str, Any]) -> list[dict[str, Any]]:
        where = body.get("$", {}).get("where", {})
        rows = ({"id": key, **row} for key, row in self.rows[entity].items())
        found = [row for row in rows if all(row.get(name) == value for name, value in where.items())]
        for label in (each for each in body if (entity, each) in _ENDS):
            other, _back = _ENDS[entity, label]
            for row in found:
                ids = [to for of, at, name, to in self.links if (of, at, name) == (entity, row["id"], label)]
                row[label] = [{"id": each, **self.rows[other][each]} for each in sorted(ids)]
        return found

    async def transact(self, app_id: str, steps: Sequence[Sequence[Any]], **_options: Any) -> int:
        return await self._call("transact", lambda: self._apply(steps))

    def _apply(self, steps: Sequence[Sequence[Any]]) -> int:
        self.writes.append([list(each) for each in steps])
        for what, entity, key, *rest in steps:
            if what == "update":
                self.rows[entity].setdefault(key, {}).update(rest[0])
            elif what == "delete":
                self.rows[entity].pop(key, None)
                self.links = {each for each in self.links if key not in (each[1], each[3])}
            else:
                for label, target in rest[0].items():
                    other, back = _ENDS[entity, label]
                    both = {(entity, key, label, target), (other, target, back, key)}
                    self.links = self.links | both if what == "link" else self.links - both
        return len(self.writes)

    async def read_schema(self, app_id: str) -> Schema:
        return await self._call("read_schema", lambda: self.schemas.get(app_id, Schema()))

    async def list_apps(self) -> tuple[RemoteApp, ...]:
        return await self._call("list_apps", lambda: (RemoteApp(FOUNDATION, "tar"), *self.apps.values()))

    async def get_app(self, app_id: str) -> RemoteApp:
        return await self._call("get_app", lambda: self._app(app_id))

    def _app(self, app_id: str) -> RemoteApp:
        if app_id not in self.apps:
            raise NotFound(f"There is no app {app_id}.")
        return self.apps[app_id]

    async def create_app(self, title: str, *, app_id: str, schema=None, rules=None, org_id=None) -> RemoteApp:
        if self.chooses_ids and app_id not in self.apps:
            app_id = new_id()
        app = await self._call("create_app", lambda: self._create(title, app_id))
        if schema is not None:
            await self._call("push", lambda: self.schemas.update({app_id: schema}))
        return app

    def _create(self, title: str, app_id: str) -> RemoteApp:
        if app_id in self.deleted or (app_id in self.apps and self.apps[app_id].title != title):
            raise Conflict("Another app has its ID already.")
        if app_id not in self.apps:
            token = Secret(new_id())
            self.apps[app_id] = RemoteApp(app_id, title)
            self.tokens[app_id], self.known[app_id] = token.reveal(), token
        return self.apps[app_id]

    async def delete_app(self, app_id: str) -> None:
        def delete() -> None:
            self._app(app_id)
            del self.apps[app_id]
            self.deleted.add(app_id)

        await self._call("delete_app", delete)

    async def rotate_admin_token(self, app_id: str) -> Secret:
        def rotate() -> Secret:
            if not self.may_rotate:
                raise Forbidden("No dashboard login.")
            self.known[app_id] = Secret(new_id())
            self.tokens[app_id] = self.known[app_id].reveal()
            return self.known[app_id]

        return await self._call("rotate", rotate)

    def admin_token_of(self, app_id: str) -> Secret | None:
        return self.known.get(app_id)

    async def _call(self, name: str, effect: Callable[[], Any]) -> Any:
        self.calls.append(name)
        self.in_flight[name] += 1
        self.most_in_flight = max(self.most_in_flight, sum(self.in_flight.values()))
        try:
            await asyncio.sleep(0)
            self.before(name)
            found = effect()
            self.after(name)
            return found
        finally:
            self.in_flight[name] -= 1


class FakeJournalStore:
    """The journal in memory; it survives a "restart" of what uses it."""

    def __init__(self) -> None:
        self.kept: dict[str, KeptEntry] = {}

    def write(self, begun: Any = (), changed: Any = (), removed: Any = ()) -> dict[str, KeptEntry]:
        for key, values in changed:
            if key in self.kept:
                self.kept[key] = self.kept[key]._replace(**values)
        for key in removed:
            self.kept.pop(key, None)
        return {each.id: self.kept.setdefault(each.id, each) for each in begun}

    def get(self, key: str) -> KeptEntry | None:
        return self.kept.get(key)

    def of(self, connection_id: str, kind: str | None = None) -> tuple[KeptEntry, ...]:
        return tuple(each for each in self.kept.values() if each.connection_id == connection_id)


class ProvisionStores(FakeStores):
    def __init__(self, *connections: Connection) -> None:
        super().__init__(*connections)
        self.rows: dict[str, AppSummary] = {}
        self.followed: dict[Any, tuple[str, int]] = {}

    def add_many(self, entries: Sequence[Any]) -> None:
        self.audit += [tuple(each) for each in entries]
        self.titles += [each.app_title for each in entries]

    def upsert_many(self, apps: Sequence[AppSummary]) -> None:
        self.rows |= {each.app_id: each for each in apps}

    def put_many(self, followed: Any) -> None:
        self.followed |= {ref: (template, version) for ref, template, version in followed}

    def of(self, connection_id: str) -> dict[str, tuple[str, int]]:
        return {}


class _NoMaps:
    def get(self, connection_id: str) -> None:
        return None


class House:
    """Provisioning with what is around it. ``again`` is the same after a restart, or on another machine."""

    def __init__(
        self,
        platform: FakePlatform | None = None,
        journal: FakeJournalStore | None = None,
        templates: TemplateShelf | None = None,
        **changes: Any,
    ) -> None:
        self.platform = platform or FakePlatform()
        self.journal = journal or FakeJournalStore()
        self.templates = templates or shelf()
        values = {"foundation_app_id": FOUNDATION, **changes}
        self.connection = connection(**values)
        self.stores = ProvisionStores(self.connection)
        self.hub = ChangeHub()
        self.connections = ConnectionBook(self.stores, TokenKeeper(FakeVault(), self.hub), self.hub)
        pool = FakePool(self.platform)
        maps, following = FoundationMaps(_NoMaps()), Following(self.stores)
        self.directory = Directory(
            self.connections, pool, self.templates, self.stores, self.hub, following=following, maps=maps
        )
        self.provisioning = Provisioning(
            self.connections,
            pool,
            self.templates,
            self.directory,
            maps,
            following,
            self.hub,
            self.journal,
            self.stores,
            clock=lambda: 1_790_000_000.0,
        )

    async def opened(self) -> House:
        await self.connections.load()
        return self

    async def again(self, *, elsewhere: bool = False, templates: TemplateShelf | None = None) -> House:
        self.platform.forget_session()
        journal = None if elsewhere else self.journal
        return await House(self.platform, journal, templates or self.templates).opened()

    def audit(self) -> list[tuple[str, str]]:
        """Action and outcome."""
        return [(each[4], each[5]) for each in self.stores.audit]


def failing(name: str, error: KnownError, *, times: int = 1) -> Callable[[str], None]:
    """For ``before`` or ``after``: the first calls of this name fail."""
    left = times

    def hook(called: str) -> None:
        nonlocal left
        if called == name and left:
            left -= 1
            raise error

    return hook
