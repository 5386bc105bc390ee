"""Admin API: users, refresh tokens, magic codes, guests."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from app.localplatform.users import hash_token
from tests.unit.localplatform.admin_harness import AdminApi, admin_api, new_id

EMAIL = "ada@example.org"


@pytest.fixture
async def api(tmp_path: Path) -> AsyncIterator[AdminApi]:
    async with admin_api(tmp_path) as found:
        yield found


async def test_refresh_tokens_for_an_unknown_email_creates_the_user_once(api: AdminApi) -> None:
    first = await api.ok("POST", "/admin/refresh_tokens", {"email": " Ada@Example.org "})
    second = await api.ok("POST", "/admin/refresh_tokens", {"email": EMAIL})
    assert (first["created"], second["created"]) == (True, False)
    assert first["user"]["id"] == second["user"]["id"]
    assert first["user"]["email"] == EMAIL
    assert first["user"]["refresh_token"] != second["user"]["refresh_token"]


async def test_refresh_tokens_by_id_creates_a_user_with_that_id(api: AdminApi) -> None:
    user_id = new_id()
    answer = await api.ok("POST", "/admin/refresh_tokens", {"id": user_id})
    assert answer["user"]["id"] == user_id
    assert (await api.ok("GET", f"/admin/users?id={user_id}"))["user"]["app_id"] == api.app_id


async def test_refresh_tokens_without_a_user_is_refused(api: AdminApi) -> None:
    answer = await api.refused("POST", "/admin/refresh_tokens", {})
    assert answer["hint"]["errors"] == [{"message": "Please provide an `email` or `id`"}]
    assert (await api.refused("POST", "/admin/refresh_tokens", {"email": "no"}))["type"] == "param-malformed"


async def test_users_are_found_by_email_id_and_token(api: AdminApi) -> None:
    user = await api.user(EMAIL)
    for query in (f"email={EMAIL}", f"id={user['id']}", f"refresh_token={user['refresh_token']}"):
        found = (await api.ok("GET", f"/admin/users?{query}"))["user"]
        assert (found["id"], found["email"], found["isGuest"]) == (user["id"], EMAIL, False)
        assert found["created_at"].endswith("Z")
    assert (await api.ok("GET", "/admin/users?email=other@example.org"))["user"] is None
    assert "Please provide a user id" in (await api.refused("GET", "/admin/users"))["message"]


async def test_users_deleted_are_gone_with_their_tokens(api: AdminApi) -> None:
    user = await api.user(EMAIL)
    assert (await api.ok("DELETE", f"/admin/users?email={EMAIL}"))["deleted"]["id"] == user["id"]
    assert (await api.ok("GET", f"/admin/users?refresh_token={user['refresh_token']}"))["user"] is None
    assert (await api.ok("DELETE", f"/admin/users?email={EMAIL}"))["deleted"] is None
    with api.store.read() as conn:
        count = conn.execute("SELECT count(*) FROM triples WHERE value LIKE ?", (f"%{user['id']}%",)).fetchone()[0]
    assert count == 0


async def test_tokens_are_kept_as_hashes_only(api: AdminApi) -> None:
    token = (await api.user(EMAIL))["refresh_token"]
    with api.store.read() as conn:
        stored = [row[0] for row in conn.execute("SELECT value FROM triples")]
    assert not [value for value in stored if token in value]
    assert [value for value in stored if hash_token(token) in value]


@pytest.mark.parametrize("by", ["id", "email", "refresh_token"])
async def test_sign_out_ends_logins(api: AdminApi, by: str) -> None:
    user = await api.user(EMAIL)
    other = await api.user(EMAIL)
    assert await api.ok("POST", "/admin/sign_out", {by: user[by]}) == {"ok": True}
    assert (await api.ok("GET", f"/admin/users?refresh_token={user['refresh_token']}"))["user"] is None
    still = (await api.ok("GET", f"/admin/users?refresh_token={other['refresh_token']}"))["user"]
    assert (still is not None) is (by == "refresh_token")


async def test_sign_out_of_a_read_only_app_still_works(api: AdminApi) -> None:
    user = await api.user(EMAIL)
    api.set_status("read-only")
    assert (await api.refused("POST", "/admin/refresh_tokens", {"email": EMAIL}))["type"] == "app-read-only"
    assert await api.ok("POST", "/admin/sign_out", {"id": user["id"]}) == {"ok": True}


async def test_magic_code_signs_in_once(api: AdminApi) -> None:
    code = (await api.ok("POST", "/admin/magic_code", {"email": EMAIL}))["code"]
    body = {"email": EMAIL, "code": code}
    answer = await api.ok("POST", "/admin/verify_magic_code", body)
    assert answer["created"] is True
    assert answer["user"]["type"] == "user"
    assert (await api.ok("GET", f"/admin/users?refresh_token={answer['user']['refresh_token']}"))["user"]
    again = await api.refused("POST", "/admin/verify_magic_code", body)
    assert (again["type"], again["hint"]["record-type"]) == ("record-not-found", "app-user-magic-code")


async def test_magic_code_of_somebody_else_is_refused_and_stays(api: AdminApi) -> None:
    code = (await api.ok("POST", "/admin/send_magic_code", {"email": EMAIL}))["code"]
    wrong = {"email": "eve@example.org", "code": code}
    assert (await api.refused("POST", "/admin/verify_magic_code", wrong))["type"] == "record-not-found"
    assert await api.ok("POST", "/admin/verify_magic_code", {"email": EMAIL, "code": code})


async def test_magic_code_that_is_old_has_expired(api: AdminApi) -> None:
    code = (await api.ok("POST", "/admin/magic_code", {"email": EMAIL}))["code"]
    with api.store.write() as conn:
        conn.execute("UPDATE triples SET created_at = created_at - 86400001")
    answer = await api.refused("POST", "/admin/verify_magic_code", {"email": EMAIL, "code": code})
    assert answer["type"] == "record-expired"


async def test_extra_fields_must_be_attributes_of_the_app(api: AdminApi) -> None:
    body = {"email": EMAIL, "extra-fields": {"nickname": "ada"}}
    assert "Unknown field: nickname" in (await api.refused("POST", "/admin/refresh_tokens", body))["message"]
    body["extra-fields"] = {"type": "boss"}
    assert "Cannot set system field: type" in (await api.refused("POST", "/admin/refresh_tokens", body))["message"]
    identity = [new_id(), "$users", "nickname"]
    attr = {"id": new_id(), "forward-identity": identity, "value-type": "blob", "cardinality": "one"}
    await api.transact(["add-attr", {**attr, "unique?": False, "index?": False}])
    body["extra-fields"] = {"nickname": "ada"}
    assert (await api.ok("POST", "/admin/refresh_tokens", body))["user"]["nickname"] == "ada"


async def test_guest_becomes_the_user_of_a_new_email(api: AdminApi) -> None:
    guest = (await api.ok("POST", "/admin/sign_in_guest", {}))["user"]
    assert guest["isGuest"] is True
    code = (await api.ok("POST", "/admin/magic_code", {"email": EMAIL}))["code"]
    body = {"email": EMAIL, "code": code, "refresh-token": guest["refresh_token"]}
    user = (await api.ok("POST", "/admin/verify_magic_code", body))["user"]
    assert (user["id"], user["type"]) == (guest["id"], "user")


async def test_guest_of_a_known_email_is_linked(api: AdminApi) -> None:
    known = await api.user(EMAIL)
    guest = (await api.ok("POST", "/admin/sign_in_guest", {}))["user"]
    code = (await api.ok("POST", "/admin/magic_code", {"email": EMAIL}))["code"]
    body = {"email": EMAIL, "code": code, "refresh-token": guest["refresh_token"]}
    assert (await api.ok("POST", "/admin/verify_magic_code", body))["user"]["id"] == known["id"]
    found = (await api.ok("GET", f"/admin/users?id={guest['id']}"))["user"]
    assert found["linkedPrimaryUser"] == known["id"]


async def test_verify_refresh_token_needs_no_admin_token(api: AdminApi) -> None:
    user = await api.user(EMAIL)
    body = {"app-id": api.app_id, "refresh-token": user["refresh_token"]}
    response = await api.client.post("/runtime/auth/verify_refresh_token", json=body)
    assert response.json()["user"]["id"] == user["id"]
    response = await api.client.post("/runtime/auth/verify_refresh_token", json={**body, "refresh-token": new_id()})
    assert (response.status_code, response.json()["type"]) == (400, "record-not-found")


@pytest.mark.parametrize("path", ["/admin/users?email=a@b.ch", "/admin/schema", "/admin/rooms/presence"])
async def test_admin_routes_with_a_foreign_token_are_refused_without_echo(api: AdminApi, path: str) -> None:
    api.admin_token = new_id()
    answer = await api.refused("GET", path)
    assert answer["hint"]["record-type"] == "app-admin-token"
    assert api.admin_token not in str(answer)
