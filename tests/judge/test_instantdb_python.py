"""The official PyPI package ``instantdb``, unmodified, against the local platform's process."""

from __future__ import annotations

import asyncio
import uuid
from pathlib import Path
from typing import Any

import httpx
import pytest
from instantdb import AsyncInstant, Instant, InstantAPIError, lookup
from instantdb import id as new_id

from tests.judge.conftest import Server

pytestmark = pytest.mark.judge
EMAIL = "ada@example.org"
TIME_LIMIT_S = 20


def new_app(server: Server, **more: Any) -> dict[str, Any]:
    attrs = {"title": {"valueType": "string", "required": False, "config": {"indexed": True, "unique": False}}}
    attrs["slug"] = {"valueType": "string", "required": False, "config": {"indexed": False, "unique": True}}
    schema = {"entities": {"goals": {"attrs": attrs}, "todos": {"attrs": {"text": attrs["title"]}}}, "links": LINKS}
    headers = {"authorization": f"Bearer {server.platform_token}"}
    body = {"title": f"Judged {uuid.uuid4()}", "schema": schema, **more}
    answer = httpx.post(f"{server.api_uri}/superadmin/apps", json=body, headers=headers, trust_env=False)
    assert answer.status_code == 200, answer.text
    app: dict[str, Any] = answer.json()["app"]
    return app


LINKS = {
    "goalTodos": {
        "forward": {"on": "goals", "has": "many", "label": "todos"},
        "reverse": {"on": "todos", "has": "one", "label": "goal"},
    }
}


def arguments(server: Server, app: dict[str, Any]) -> dict[str, Any]:
    return {"app_id": app["id"], "admin_token": app["admin-token"], "api_uri": server.api_uri}


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1,localhost")


@pytest.fixture
def db(server: Server) -> Any:
    with Instant(**arguments(server, new_app(server))) as found:
        yield found


def test_instantdb_transacts_and_queries(db: Any) -> None:
    goal, todo = new_id(), new_id()
    answer = db.transact(
        [db.tx.goals[goal].create({"title": "a"}), db.tx.todos[todo].create({"text": "t"}).link({"goal": goal})]
    )
    assert answer["tx-id"] > 0
    assert db.query({"goals": {"todos": {}}}) == {
        "goals": [{"id": goal, "title": "a", "todos": [{"id": todo, "text": "t"}]}]
    }
    db.transact(db.tx.goals[goal].unlink({"todos": todo}))
    assert db.query({"goals": {"todos": {}}})["goals"][0]["todos"] == []
    db.transact(db.tx.goals[goal].delete())
    assert db.query({"goals": {}}) == {"goals": []}


def test_instantdb_looks_up_by_unique_attributes(db: Any) -> None:
    db.transact(db.tx.goals[lookup("slug", "s")].update({"title": "a"}))
    db.transact(db.tx.goals[lookup("slug", "s")].update({"title": "b"}))
    (goal,) = db.query({"goals": {"$": {"where": {"slug": "s"}}}})["goals"]
    assert goal["title"] == "b"


def test_instantdb_raises_the_platforms_errors(db: Any) -> None:
    with pytest.raises(InstantAPIError) as caught:
        db.transact(db.tx.goals[new_id()].update({"title": 1}))
    assert caught.value.status == 400
    assert caught.value.body["type"] == "validation-failed"


def test_instantdb_acts_as_users_and_guests(server: Server) -> None:
    app = new_app(server, perms={"goals": {"allow": {"view": "auth.email == data.title", "create": "false"}}})
    with Instant(**arguments(server, app)) as db:
        token = db.auth.create_token(email=EMAIL)
        db.transact([db.tx.goals[new_id()].create({"title": title}) for title in (EMAIL, "other")])
        for user in (db.as_user(email=EMAIL), db.as_user(token=token)):
            assert [goal["title"] for goal in user.query({"goals": {}})["goals"]] == [EMAIL]
        guest = db.as_user(guest=True)
        assert guest.query({"goals": {}}) == {"goals": []}
        with pytest.raises(InstantAPIError, match="perms-pass"):
            guest.transact(db.tx.goals[new_id()].create({"title": "a"}))


def test_instantdb_debugs_rules(db: Any) -> None:
    guest = db.as_user(guest=True)
    rules = {"goals": {"allow": {"$default": "false"}}}
    answer = guest.debug_transact(db.tx.goals[new_id()].create({"title": "a"}), rules=rules)
    assert answer["all-checks-ok?"] is False
    db.transact(db.tx.goals[new_id()].create({"title": "a"}))
    answer = guest.debug_query({"goals": {}}, rules=rules)
    assert answer["result"] == {"goals": []}


def test_instantdb_signs_in_and_out(db: Any) -> None:
    code = db.auth.generate_magic_code(EMAIL)
    user, is_new = db.auth.check_magic_code(email=EMAIL, code=code)
    assert is_new is True
    token = user["refresh_token"]
    assert db.auth.verify_token(token)["email"] == EMAIL
    assert db.auth.get_user(email=EMAIL)["id"] == user["id"]
    db.auth.sign_out(refresh_token=token)
    with pytest.raises(InstantAPIError):
        db.auth.verify_token(token)
    assert db.auth.delete_user(email=EMAIL)["email"] == EMAIL
    assert db.auth.get_user(email=EMAIL) is None


def test_instantdb_uploads_files(db: Any, tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_bytes(b"hello" * 100_000)
    db.storage.upload_file("a.txt", path, content_type="text/plain")
    (file,) = db.query({"$files": {}})["$files"]
    answer = httpx.get(file["url"], trust_env=False)
    assert answer.content == path.read_bytes()
    db.transact(db.tx["$files"][file["id"]].delete())
    assert httpx.get(file["url"], trust_env=False).status_code == 400


async def test_instantdb_subscribes(server: Server) -> None:
    async with (
        AsyncInstant(**arguments(server, new_app(server))) as db,
        db.subscribe_query({"goals": {}}) as subscription,
        asyncio.timeout(TIME_LIMIT_S),
    ):
        first = await anext(subscription)
        assert (first["type"], first["data"]) == ("ok", {"goals": []})
        goal = new_id()
        await db.transact(db.tx.goals[goal].create({"title": "a"}))
        second = await anext(subscription)
        assert second["data"] == {"goals": [{"id": goal, "title": "a"}]}
        assert second["session_info"]["session_id"]
