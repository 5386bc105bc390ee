"""Fills a new local platform with something to look at, through the platform's own API.

The contents are in ``resources/sample/sample.json``: the foundation of document 000 with the tasks of document 001,
tenants with apps, and a few honest problems. All IDs follow from the names in that file, so a second run finds what
the first one made: stopped half-way, it goes on.
"""

from __future__ import annotations

import asyncio
import json
import uuid
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from app.core.connection import TokenKind
from app.core.errors import Conflict
from app.core.secret import Secret
from app.schema.model import Schema
from app.services.templates import TemplateShelf, read_schema

if TYPE_CHECKING:
    from app.platforms.contract import RemoteApp

FOUNDATION_APP_ID = "9e8cde29-5ce0-4a73-91c3-0019a469001e"
_NAMESPACE = uuid.UUID("6f1c4a52-7f0e-4a53-9a7b-3d1f0c0a5d11")
_AT_ONCE = 8
_Data = Mapping[str, Any]
Step = list[Any]


class SeedClient(Protocol):
    """What is needed of ``app.platforms.instant.client.InstantClient``."""

    async def get_app(self, app_id: str) -> RemoteApp: ...

    async def create_app(
        self,
        title: str,
        *,
        app_id: str,
        schema: Schema | None = None,
        rules: dict[str, Any] | None = None,
        org_id: str | None = None,
    ) -> RemoteApp: ...

    async def transact(self, app_id: str, steps: list[Step], *, is_repeatable: bool = ...) -> int: ...

    async def query(self, app_id: str, query: dict[str, Any]) -> dict[str, Any]: ...

    async def rotate_admin_token(self, app_id: str, new: Secret | None = None) -> Secret: ...


class Organisations(Protocol):
    """Finds an organisation by its title, or makes it; gives its ID."""

    async def __call__(self, title: str) -> str: ...


def sample_id(*names: str) -> str:
    """The ID of a part of the sample data: the same on every machine."""
    return str(uuid.uuid5(_NAMESPACE, "/".join(names)))


async def load(folder: Path) -> _Data:
    data: _Data = json.loads(await asyncio.to_thread((folder / "sample.json").read_text, "utf-8"))
    return data


async def seed(client: SeedClient, data: _Data, templates: TemplateShelf, organisations: Organisations) -> None:
    """Make what is missing; raises the client's errors, and may simply be called again after one."""
    await _Seeding(client, data, templates, organisations).run()


class _Seeding:
    def __init__(self, client: SeedClient, data: _Data, templates: TemplateShelf, organisations: Organisations) -> None:
        self._client = client
        self._data = data
        self._templates = templates
        self._organisations = organisations
        self._slots = asyncio.Semaphore(_AT_ONCE)

    async def run(self) -> None:
        foundation = self._data["foundation"]
        org_id = await self._organisations(self._data["organisation"]["title"])
        tokens, _ = await asyncio.gather(self._databases(), self._foundation_and_tenants(org_id))
        # The registry comes last: it never names an app that is still to be made.
        await self._put(foundation["app_id"], [*self._users(), *self._claims()])
        await self._put(foundation["app_id"], [*self._tasks(), *self._database_records(tokens)])

    async def _foundation_and_tenants(self, org_id: str) -> None:
        foundation = self._data["foundation"]
        await asyncio.gather(
            self._create(foundation["app_id"], foundation["title"], read_schema(foundation["schema"])),
            *(self._tenant(each, org_id) for each in self._data["apps"]),
        )

    async def _tenant(self, app: _Data, org_id: str) -> None:
        app_id = sample_id("app", app["key"])
        org = org_id if app.get("in_organisation") else None
        await self._create(app_id, app["title"], self._schema_of(app), org)
        if "rows" in app:
            await self._put_rows(app_id, app["rows"])

    async def _databases(self) -> dict[str, Secret | None]:
        """The databases of tasks by key, each with its admin token; None where the registry has it already."""
        tasks = [each for each in self._data["tasks"] if "database" in each]
        tokens = await asyncio.gather(*(self._database(each) for each in tasks))
        return {task["key"]: token for task, token in zip(tasks, tokens, strict=True)}

    async def _database(self, task: _Data) -> Secret | None:
        app_id = sample_id("app", task["key"])
        created = await self._create(app_id, task["database"], read_schema(self._data["task_schema"]))
        await self._put_rows(app_id, "task")
        return created.admin_token or await self._lost_token(task, app_id)

    async def _lost_token(self, task: _Data, app_id: str) -> Secret | None:
        """The app is from an earlier run that did not come to its registry: it gets a token that is known."""
        foundation, record_id = self._data["foundation"]["app_id"], sample_id("database", task["key"])
        where = {"databases": {"$": {"where": {"id": record_id}, "fields": ["name"]}}}
        if (await self._client.query(foundation, where)).get("databases"):
            return None
        return await self._client.rotate_admin_token(app_id)

    async def _create(self, app_id: str, title: str, schema: Schema, org_id: str | None = None) -> RemoteApp:
        async with self._slots:
            try:
                return await self._client.create_app(
                    title, app_id=app_id, schema=schema if schema.entities else None, org_id=org_id
                )
            except Conflict:
                # Made by an earlier run, and renamed by the operator since.
                return await self._client.get_app(app_id)

    async def _put_rows(self, app_id: str, name: str) -> None:
        async with self._slots:
            await self._put(app_id, list(_row_steps(app_id, self._data["rows"][name])))

    async def _put(self, app_id: str, steps: list[Step]) -> None:
        # All steps name their own IDs and state final values.
        await self._client.transact(app_id, steps, is_repeatable=True)

    def _schema_of(self, app: _Data) -> Schema:
        if "schema" in app:
            base = read_schema(app["schema"])
        else:
            base = self._templates.get(app["template"]).schema if "template" in app else Schema()
        agents = read_schema({"entities": app.get("agents", {})})
        return Schema((*base.entities, *agents.entities), base.links)

    # The registry

    def _users(self) -> Iterator[Step]:
        for email in self._data["users"]:
            yield ["update", "$users", sample_id("user", email), {"email": email}]

    def _claims(self) -> Iterator[Step]:
        owned = [each for each in self._data["apps"] if "owner" in each]
        for name, claims in (("app", owned), ("gone", self._data["gone"]), ("again", self._data["claimed_twice"])):
            for claim in claims:
                record_id = sample_id("record", name, claim["key"])
                yield ["update", "app", record_id, {"appid": sample_id("app", claim["key"])}]
                yield ["link", "app", record_id, {"$users": sample_id("user", claim["owner"])}]

    def _tasks(self) -> Iterator[Step]:
        for task in self._data["tasks"]:
            task_id, iteration_id = sample_id("task", task["key"]), sample_id("iteration", task["key"])
            yield ["update", "tasks", task_id, {"title": task["title"], "createdAt": task["at"]}]
            yield ["update", "iterations", iteration_id, {"number": 1, "createdAt": task["at"]}]
            yield ["link", "iterations", iteration_id, {"task": task_id}]

    def _database_records(self, tokens: Mapping[str, Secret | None]) -> Iterator[Step]:
        for task in self._data["tasks"]:
            token = tokens.get(task["key"])
            if token is None:
                continue
            record_id = sample_id("database", task["key"])
            values = {
                "instantAppId": sample_id("app", task["key"]),
                "adminToken": token.reveal(),
                "name": task["database"],
                "createdAt": task["at"],
            }
            yield ["update", "databases", record_id, values]
            yield ["link", "databases", record_id, {"originIteration": sample_id("iteration", task["key"])}]
            yield ["link", "tasks", sample_id("task", task["key"]), {"mainDatabase": record_id}]


def _row_steps(app_id: str, rows: list[_Data]) -> Iterator[Step]:
    ids = {each["key"]: sample_id("row", app_id, each["key"]) for each in rows}
    for row in rows:
        yield ["update", row["entity"], ids[row["key"]], row["values"]]
    for row in rows:
        for label, target in row.get("links", {}).items():
            targets = target if isinstance(target, list) else [target]
            yield ["link", row["entity"], ids[row["key"]], {label: [ids[each] for each in targets]}]


class InstantOrganisations:
    """Organisations of an Instant platform: listed with a platform token, made with a dashboard login."""

    def __init__(self, client: Any) -> None:
        self._client = client

    async def __call__(self, title: str) -> str:
        from app.platforms.http_words import Operation

        for org in await self._client.list_orgs():
            if org.title == title:
                return str(org.id)
        create = Operation(
            "create-org", "POST", "/dash/orgs", "create the organisation", is_write=True, tokens=(TokenKind.DASH,)
        )
        answer = await self._client.channel.request(create, body={"title": title})
        return str(answer["org"]["id"])
