"""A local platform with an empty foundation in it, asked without the code that is tested."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

from app.schema.formats.instant_wire import defs_from_schema
from app.services.templates import read_schema
from app.storage.paths import resources_dir
from tests.support.local_platform import RunningPlatform, local_platform
from tests.support.provisioning import Target

SAMPLE = json.loads((resources_dir() / "sample" / "sample.json").read_text("utf-8"))


class FoundationPlatform:
    """``target`` is where to provision, with a database file of the program."""

    def __init__(self, running: RunningPlatform, database: str) -> None:
        self.http = httpx.Client(base_url=running.api_uri, headers=running.headers, timeout=30)
        self.foundation = str(uuid.uuid4())
        self.http.post(
            "/dash/apps",
            json={"id": self.foundation, "title": "tar", "admin_token": str(uuid.uuid4())},
        ).raise_for_status()
        defs = defs_from_schema(read_schema(SAMPLE["foundation"]["schema"]))
        path = f"/superadmin/apps/{self.foundation}/schema/push/apply"
        self.http.post(path, json={"schema": defs, "check_types": True}).raise_for_status()
        self.target = Target(running.api_uri, running.platform_token, running.dash_token, self.foundation, database)

    def new_owner(self, kind: str) -> str:
        owner_id = str(uuid.uuid4())
        values = {"email": f"{owner_id[:8]}@example.com"} if kind == "user" else {"title": f"Task {owner_id[:8]}"}
        self.transact([["update", "$users" if kind == "user" else "tasks", owner_id, values]])
        return owner_id

    def transact(self, steps: list[Any]) -> None:
        answer = self.http.post("/admin/transact", json={"steps": steps}, headers={"app-id": self.foundation})
        assert answer.status_code == 200, answer.text

    def query(self, query: dict[str, Any]) -> dict[str, Any]:
        answer = self.http.post("/admin/query", json={"query": query}, headers={"app-id": self.foundation})
        assert answer.status_code == 200, answer.text
        return answer.json()

    def apps(self) -> set[str]:
        found = {each["id"] for each in self.http.get("/superadmin/apps").json()["apps"]}
        return found - {self.foundation}

    def break_all(self, *kinds: str) -> None:
        self.http.post("/local/faults", json={"faults": [{"kind": each} for each in kinds]}).raise_for_status()

    def owned(self, kind: str) -> dict[str, list[str]]:
        """App IDs by owner; each entry of the registry has exactly one owner."""
        entity, label, attribute, owner = (
            ("$users", "app", "appid", "$users")
            if kind == "user"
            else ("tasks", "mainDatabase", "instantAppId", "task")
        )
        records = self.query({"app" if kind == "user" else "databases": {owner: {}}})
        for (record,) in ([each] for rows in records.values() for each in rows):
            assert len(record[owner]) == 1, f"an entry that is linked to {len(record[owner])} owners"
        rows = self.query({entity: {label: {}}})[entity]
        return {row["id"]: [each[attribute] for each in row[label]] for row in rows}

    def linked(self, kind: str) -> dict[str, list[str]]:
        """App IDs by owner, also in the middle of it all."""
        entity, label = ("$users", "app") if kind == "user" else ("tasks", "mainDatabase")
        attribute = "appid" if kind == "user" else "instantAppId"
        rows = self.query({entity: {label: {}}})[entity]
        return {row["id"]: [each[attribute] for each in row[label]] for row in rows}

    def ownerless(self, kind: str) -> set[str]:
        return self.apps() - {app for apps in self.linked(kind).values() for app in apps}

    def check(self, kind: str, owners: list[str]) -> None:
        """Each has one app, with its agents; and there is no app that none of them has."""
        owned = self.owned(kind)
        assert [len(owned[each]) for each in owners] == [1] * len(owners)
        assert self.apps() == {app for apps in owned.values() for app in apps}
        for app_id in (owned[each][0] for each in owners):
            blobs = self.http.get(f"/superadmin/apps/{app_id}/schema").json()["schema"]["blobs"]
            assert {"todos", "users"} <= blobs.keys()

    def check_tokens(self) -> None:
        """Each database opens with the token in the registry."""
        for row in self.query({"databases": {}})["databases"]:
            headers = {"app-id": row["instantAppId"], "authorization": f"Bearer {row['adminToken']}"}
            assert self.http.post("/admin/query", json={"query": {"todos": {}}}, headers=headers).status_code == 200


@contextmanager
def foundation_platform(folder: Path) -> Iterator[FoundationPlatform]:
    with local_platform(folder / "platform") as running:
        made = FoundationPlatform(running, str(folder / "tenantry.db"))
        yield made
        made.http.close()
