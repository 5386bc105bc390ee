"""Live sessions: subscriptions, refreshes, transactions of the realtime protocol."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from app.localplatform import sessions
from app.localplatform.actor import Actor
from app.localplatform.errors import PlatformError
from app.localplatform.sessions import MACHINE_ID, Session, end_all
from tests.unit.localplatform.admin_harness import AdminApi, admin_api, attr_wire, new_id

TIME_LIMIT_S = 10


@pytest.fixture
async def api(tmp_path: Path) -> AsyncIterator[AdminApi]:
    async with admin_api(tmp_path) as found:
        yield found


class Reader:
    """Reads one session's stream as a client does."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self._stream = session.events()

    async def text(self) -> str:
        return await asyncio.wait_for(anext(self._stream), TIME_LIMIT_S)

    async def message(self) -> dict[str, Any]:
        while True:
            text = await self.text()
            if text.startswith("data: "):
                found: dict[str, Any] = json.loads(text.removeprefix("data: "))
                return found

    async def close(self) -> None:
        await self._stream.aclose()  # type: ignore[attr-defined]


@contextlib.asynccontextmanager
async def opened(api: AdminApi, q: Any = None, **more: Any) -> AsyncIterator[Reader]:
    actor = more.pop("actor", Actor(api.app_id, is_admin=True))
    registry: dict[str, Session] = api.registry
    reader = Reader(Session(api.store, actor, registry, first_query=q, **more))
    try:
        assert await reader.text() == "retry: 500\n\n"
        init = await reader.message()
        assert init == {
            "op": "sse-init",
            "machine-id": MACHINE_ID,
            "session-id": reader.session.id,
            "sse-token": reader.session.token,
        }
        yield reader
    finally:
        await reader.close()


async def test_session_answers_its_first_query_and_then_each_change(api: AdminApi) -> None:
    todo_id = new_id()
    await api.transact(["create", "todos", todo_id, {"title": "a"}])
    async with opened(api, {"todos": {}}) as reader:
        first = await reader.message()
        assert (first["op"], first["result"]) == ("add-query-ok", {"todos": [{"id": todo_id, "title": "a"}]})
        assert first["processed-tx-id"] > 0
        await api.transact(["update", "todos", todo_id, {"title": "b"}])
        refresh = await reader.message()
        assert refresh["op"] == "refresh-ok"
        assert refresh["computations"][0]["instaql-query"] == {"todos": {}}
        assert refresh["computations"][0]["instaql-result"]["todos"][0]["title"] == "b"
        assert refresh["processed-tx-id"] > first["processed-tx-id"]


async def test_session_sends_page_info_and_counts(api: AdminApi) -> None:
    steps = [["create", "todos", new_id(), {"title": title}] for title in "abc"]
    await api.transact(*steps)
    async with opened(api, {"todos": {"$": {"limit": 2}}}) as reader:
        info = (await reader.message())["result-meta"]["page-info"]["todos"]
        assert info["has-next-page?"] is True
        reader.session.push({"op": "add-query", "q": {"todos": {"$": {"aggregate": "count"}}}, "return-type": "tree"})
        assert (await reader.message())["result-meta"]["aggregate"] == {"todos": {"count": 3}}


async def test_session_is_silent_about_commits_that_change_nothing_for_it(api: AdminApi) -> None:
    await api.transact(["create", "todos", new_id(), {"title": "a"}], ["create", "notes", new_id(), {"text": "n"}])
    async with opened(api, {"todos": {}}) as reader:
        await reader.message()
        await api.transact(["create", "notes", new_id(), {"text": "m"}])
        await api.transact(["create", "todos", new_id(), {"title": "b"}])
        refresh = await reader.message()
        assert len(refresh["computations"][0]["instaql-result"]["todos"]) == 2


async def test_session_of_a_user_is_judged_by_rules_at_each_refresh(api: AdminApi) -> None:
    api.put_rules({"todos": {"allow": {"view": "data.open"}}})
    todo_id = new_id()
    await api.transact(["create", "todos", todo_id, {"title": "a", "open": False}])
    async with opened(api, {"todos": {}}, actor=Actor(api.app_id, is_admin=False)) as reader:
        assert (await reader.message())["result"] == {"todos": []}
        await api.transact(["update", "todos", todo_id, {"open": True}])
        assert len((await reader.message())["computations"][0]["instaql-result"]["todos"]) == 1


async def test_session_says_when_the_schema_changes(api: AdminApi) -> None:
    await api.transact(["create", "todos", new_id(), {"title": "a"}])
    async with opened(api, {"todos": {}}) as reader:
        await reader.message()
        wire = attr_wire(("todos", "text"))
        await api.transact(["add-attr", wire])
        refresh = await reader.message()
        assert wire["id"] in [attr["id"] for attr in refresh["attrs"]]


async def test_session_says_when_the_status_changes(api: AdminApi) -> None:
    async with opened(api, {"todos": {}}) as reader:
        await reader.message()
        api.set_status("read-only")
        assert await reader.message() == {"op": "app-status-changed", "status": "read-only"}


async def test_session_with_a_wrong_query_answers_an_error_and_lives_on(api: AdminApi) -> None:
    async with opened(api, {"todos": {"$": {"nonsense": 1}}}) as reader:
        error = await reader.message()
        assert (error["op"], error["status"], error["type"]) == ("error", 400, "validation-failed")
        assert error["original-event"]["op"] == "add-query"
        reader.session.push({"op": "add-query", "q": {"todos": {}}, "return-type": "tree", "client-event-id": "e"})
        assert (await reader.message())["client-event-id"] == "e"


async def test_session_that_is_idle_sends_comments(api: AdminApi) -> None:
    async with opened(api, keep_alive_s=0.01) as reader:
        assert await reader.text() == ": keep-alive\n\n"


@pytest.mark.parametrize(
    ("message", "kind"),
    [
        ({"op": "add-query", "q": {"todos": {}}}, "validation-failed"),
        ({"op": "add-query", "q": None, "return-type": "tree"}, "validation-failed"),
        ({"op": "start-stream"}, "validation-failed"),
        ({"op": "join-room"}, "validation-failed"),
        ({"op": "nonsense"}, "param-malformed"),
        ({"op": "refresh"}, "param-malformed"),
        ({"op": "transact", "tx-steps": [["nonsense", 1]]}, "validation-failed"),
    ],
)
async def test_session_refuses_what_it_can_not_do(api: AdminApi, message: dict[str, Any], kind: str) -> None:
    async with opened(api) as reader:
        reader.session.push(message)
        error = await reader.message()
        assert (error["op"], error["type"], error["original-event"]) == ("error", kind, message)


async def test_session_adds_a_query_once_and_removes_it(api: AdminApi) -> None:
    message = {"op": "add-query", "q": {"todos": {}}, "return-type": "tree"}
    async with opened(api) as reader:
        for op in ("add-query-ok", "add-query-exists"):
            reader.session.push(message)
            assert (await reader.message())["op"] == op
        reader.session.push({"op": "remove-query", "q": {"todos": {}}})
        assert (await reader.message())["op"] == "remove-query-ok"
        reader.session.push(message)
        assert (await reader.message())["op"] == "add-query-ok"


async def test_push_transacts_and_restores_attributes(api: AdminApi) -> None:
    wire = attr_wire(("todos", "title"))
    await api.transact(["add-attr", wire])
    await api.transact(["delete-attr", wire["id"]])
    async with opened(api) as reader:
        message = {"op": "transact", "tx-steps": [["restore-attr", wire["id"]]], "client-event-id": "e"}
        body = {
            "machine_id": MACHINE_ID,
            "session_id": reader.session.id,
            "sse_token": reader.session.token,
            "messages": [message],
        }
        response = await api.client.post(f"/admin/sse/push?app_id={api.app_id}", json=body)
        assert (response.status_code, response.json()) == (200, {})
        answers = [await reader.message(), await reader.message()]
        assert {answer["op"] for answer in answers} == {"transact-ok", "refresh-ok"}
    assert (await api.ok("GET", "/admin/soft_deleted_attrs"))["attrs"] == []
    assert "title" in (await api.ok("GET", "/admin/schema"))["schema"]["blobs"]["todos"]


async def test_session_of_a_guest_transacts_through_the_rules(api: AdminApi) -> None:
    wire = attr_wire(("todos", "title"))
    await api.transact(["add-attr", wire])
    await api.transact(["create", "todos", new_id(), {"title": "a"}])
    id_attr = (await api.ok("GET", "/admin/schema"))["schema"]["blobs"]["todos"]["id"]["id"]
    api.put_rules({"todos": {"allow": {"create": "data.title == 'good'"}}, "attrs": {"allow": {"create": "false"}}})
    async with opened(api, actor=Actor(api.app_id, is_admin=False)) as reader:
        for title, op in (("good", "transact-ok"), ("bad", "error")):
            todo_id = new_id()
            steps = [["add-triple", todo_id, id_attr, todo_id], ["add-triple", todo_id, wire["id"], title]]
            reader.session.push({"op": "transact", "tx-steps": steps})
            answer = await reader.message()
            assert answer["op"] == op, answer
        assert answer["hint"] == {"input": ["todos", "object"], "expected": "perms-pass?"}
        reader.session.push({"op": "transact", "tx-steps": [["restore-attr", wire["id"]]]})
        assert (await reader.message())["hint"]["input"] == ["attrs", "attr"]


async def test_push_with_a_wrong_session_machine_or_token_is_refused(api: AdminApi) -> None:
    async with opened(api) as reader:
        good = {
            "machine_id": MACHINE_ID,
            "session_id": reader.session.id,
            "sse_token": reader.session.token,
            "messages": [],
        }
        for name, kind in (
            ("machine_id", "member-missing"),
            ("session_id", "session-missing"),
            ("sse_token", "session-missing"),
        ):
            body = {**good, name: new_id()}
            response = await api.client.post(f"/admin/sse/push?app_id={api.app_id}", json=body)
            assert (response.status_code, response.json()["type"]) == (400, kind)
    response = await api.client.post(f"/admin/sse/push?app_id={api.app_id}", json=good)
    assert response.json()["type"] == "session-missing"


@pytest.mark.parametrize("path", ["/admin/sse", "/admin/subscribe-query"])
async def test_stream_with_a_wrong_token_is_an_ordinary_error(api: AdminApi, path: str) -> None:
    api.admin_token = new_id()
    answer = await api.refused("POST", path, {"query": {"todos": {}}})
    assert answer["hint"]["record-type"] == "app-admin-token"


async def test_session_with_too_many_waiting_messages_refuses_more(
    api: AdminApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sessions, "MAX_WAITING_MESSAGES", 1)
    async with opened(api, {"todos": {}}) as reader:
        assert (await reader.message())["op"] == "add-query-ok"
        reader.session.push({"op": "nonsense"})
        with pytest.raises(PlatformError) as caught:
            reader.session.push({"op": "nonsense"})
        assert caught.value.http_status == 429
        await api.transact(["create", "todos", new_id(), {"title": "a"}])
        assert {(await reader.message())["op"], (await reader.message())["op"]} == {"error", "refresh-ok"}


async def test_session_that_is_closed_no_longer_listens(api: AdminApi) -> None:
    async with opened(api, {"todos": {}}) as reader:
        await reader.message()
        assert reader.session.id in api.registry
    assert api.registry == {}
    await api.transact(["create", "todos", new_id(), {"title": "a"}])


async def test_end_all_ends_each_stream(api: AdminApi) -> None:
    async with opened(api, {"todos": {}}) as reader:
        await reader.message()
        end_all(api.registry)
        with pytest.raises(StopAsyncIteration):
            await reader.text()
    assert api.registry == {}
