"""An app on a fresh local platform, called through ASGI without a socket."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from app.localplatform import apps
from app.localplatform.app import Settings, build_app
from app.localplatform.sessions import Session
from app.localplatform.store import Store

PLATFORM_TOKEN = "per_" + "a" * 64
DASH_TOKEN = "11111111-1111-4111-8111-111111111111"


def new_id() -> str:
    return str(uuid.uuid4())


def attr_wire(forward: tuple[str, str], reverse: tuple[str, str] | None = None) -> dict[str, Any]:
    wire: dict[str, Any] = {
        "id": new_id(),
        "forward-identity": [new_id(), *forward],
        "value-type": "ref" if reverse else "blob",
        "cardinality": "many" if reverse else "one",
        "unique?": False,
        "index?": False,
    }
    return {**wire, "reverse-identity": [new_id(), *reverse]} if reverse else wire


@dataclass
class AdminApi:
    """One app's Admin API; ``who`` are impersonation headers, without which the caller is the admin."""

    client: httpx.AsyncClient
    store: Store
    app_id: str
    admin_token: str
    registry: dict[str, Session]

    def headers(self, **who: str) -> dict[str, str]:
        named = {name.replace("_", "-"): value for name, value in who.items()}
        return {"app-id": self.app_id, "authorization": f"Bearer {self.admin_token}", **named}

    async def call(self, method: str, path: str, body: Any = None, **who: str) -> httpx.Response:
        return await self.client.request(method, path, json=body, headers=self.headers(**who))

    async def ok(self, method: str, path: str, body: Any = None, **who: str) -> Any:
        response = await self.call(method, path, body, **who)
        assert response.status_code == 200, response.text
        return response.json()

    async def refused(self, method: str, path: str, body: Any = None, **who: str) -> dict[str, Any]:
        response = await self.call(method, path, body, **who)
        assert response.status_code == 400, response.text
        answer: dict[str, Any] = response.json()
        return answer

    async def transact(self, *steps: Any, **who: str) -> int:
        answer = await self.ok("POST", "/admin/transact", {"steps": list(steps)}, **who)
        tx_id: int = answer["tx-id"]
        return tx_id

    async def query(self, q: Any, **who: str) -> Any:
        return await self.ok("POST", "/admin/query", {"query": q}, **who)

    async def user(self, email: str) -> dict[str, Any]:
        """A new user with a refresh token."""
        answer = await self.ok("POST", "/admin/refresh_tokens", {"email": email})
        user: dict[str, Any] = answer["user"]
        return user

    async def define_link(self, forward: tuple[str, str], reverse: tuple[str, str]) -> None:
        """A many-to-many link; without this, a link is made up whose target namespace is named as its label."""
        await self.transact(["add-attr", attr_wire(forward, reverse)])

    def put_rules(self, code: dict[str, Any]) -> None:
        with self.store.write() as conn:
            apps.put_rules(conn, self.app_id, code)

    def set_status(self, status: str) -> None:
        with self.store.write() as conn:
            apps.set_status(conn, apps.get_app(conn, self.app_id), status)
            self.store.note_commit(conn, self.app_id, ())


@asynccontextmanager
async def admin_api(data_dir: Path) -> AsyncIterator[AdminApi]:
    store = Store(data_dir)
    try:
        app = build_app(store, Settings(PLATFORM_TOKEN, DASH_TOKEN))
        with store.write() as conn:
            row, token = apps.create_app(conn, title="Test")
        transport = httpx.ASGITransport(app=app)
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
            yield AdminApi(client, store, row.id, token, app.state.sessions)
    finally:
        store.close()
