"""The platform's HTTP face: apps, tokens, organisations, refusals."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator, Iterator
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette

from app.localplatform.app import Settings, build_app
from app.localplatform.store import Store

PLATFORM_TOKEN = "per_" + "1" * 64
DASH_TOKEN = "11111111-0000-4000-8000-000000000000"
PLATFORM = {"authorization": f"Bearer {PLATFORM_TOKEN}"}
DASH = {"authorization": f"Bearer {DASH_TOKEN}"}


@pytest.fixture
def platform() -> Iterator[Starlette]:
    store = Store(None)
    yield build_app(store, Settings(PLATFORM_TOKEN, DASH_TOKEN))
    store.close()


@pytest.fixture
async def client(platform: Starlette) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(platform)
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1", headers=PLATFORM) as made:
        yield made


async def create(client: httpx.AsyncClient, title: str = "Shop", **more: Any) -> dict[str, Any]:
    answer = await client.post("/superadmin/apps", json={"title": title, **more})
    assert answer.status_code == 200, answer.text
    app: dict[str, Any] = answer.json()["app"]
    return app


async def test_health_without_token_is_ok(client: httpx.AsyncClient) -> None:
    answer = await client.get("/health/system", headers={"authorization": ""})
    assert (answer.status_code, answer.json()) == (200, {"wal": "ok"})


async def test_create_app_then_list_shows_it_without_admin_token(client: httpx.AsyncClient) -> None:
    made = await create(client, "  Shop  ")
    assert made["title"] == "Shop"
    assert uuid.UUID(made["admin-token"])
    listed = (await client.get("/superadmin/apps")).json()["apps"]
    assert [app["id"] for app in listed] == [made["id"]]
    assert not {"admin-token", "admin_token"} & set(listed[0])


@pytest.mark.parametrize(
    ("body", "kind"), [({}, "param-missing"), ({"title": None}, "param-missing"), ({"title": " "}, "param-malformed")]
)
async def test_create_app_with_bad_title_is_refused(client: httpx.AsyncClient, body: Any, kind: str) -> None:
    answer = await client.post("/superadmin/apps", json=body)
    assert answer.status_code == 400
    assert answer.json()["type"] == kind
    assert answer.json()["hint"]["in"] == ["body", "title"]


async def test_create_app_with_number_as_title_makes_it_text(client: httpx.AsyncClient) -> None:
    assert (await create(client, title=7))["title"] == "7"  # type: ignore[arg-type]


async def test_create_app_with_refused_schema_keeps_the_app(client: httpx.AsyncClient) -> None:
    link = {"forward": {"on": "a", "label": "b", "has": "many", "onDelete": "cascade"}}
    link["reverse"] = {"on": "b", "label": "a", "has": "many"}
    schema = {"entities": {}, "links": {"ab": link}}
    answer = await client.post("/superadmin/apps", json={"title": "Half", "schema": schema})
    assert answer.status_code == 400
    assert answer.json()["hint"]["data-type"] == "schema"
    assert [app["title"] for app in (await client.get("/superadmin/apps")).json()["apps"]] == ["Half"]


async def test_dash_create_app_twice_is_record_not_unique(client: httpx.AsyncClient) -> None:
    body = {"title": "Mine", "id": str(uuid.uuid4()), "admin_token": str(uuid.uuid4())}
    first, second = [await client.post("/dash/apps", json=body) for _ in range(2)]
    assert first.json()["app"]["id"] == body["id"]
    assert (second.status_code, second.json()["type"]) == (400, "record-not-unique")


async def test_rename_then_get_shows_new_title(client: httpx.AsyncClient) -> None:
    made = await create(client)
    renamed = await client.post(f"/superadmin/apps/{made['id']}", json={"title": "Store"})
    assert renamed.json()["app"]["title"] == "Store"
    assert (await client.get(f"/superadmin/apps/{made['id']}")).json()["app"]["title"] == "Store"


async def test_delete_marks_app_and_hides_it_but_keeps_its_id(client: httpx.AsyncClient) -> None:
    made = await create(client)
    answer = await client.delete(f"/superadmin/apps/{made['id']}")
    assert answer.json()["app"]["deletion_marked_at"].endswith("Z")
    assert (await client.get("/superadmin/apps")).json() == {"apps": []}
    gone = await client.get(f"/superadmin/apps/{made['id']}")
    assert (gone.status_code, gone.json()["type"]) == (400, "record-not-found")
    body = {"title": "Again", "id": made["id"], "admin_token": str(uuid.uuid4())}
    assert (await client.post("/dash/apps", json=body)).json()["type"] == "record-not-unique"


async def test_admin_token_of_other_app_is_mismatch(client: httpx.AsyncClient) -> None:
    one, other = await create(client, "One"), await create(client, "Other")
    headers = {"authorization": f"Bearer {other['admin-token']}"}
    assert (await client.get(f"/superadmin/apps/{other['id']}", headers=headers)).status_code == 200
    answer = await client.get(f"/superadmin/apps/{one['id']}", headers=headers)
    assert answer.json()["hint"] == {"reason": "admin-token-mismatch"}


@pytest.mark.parametrize("path", ["/superadmin/apps", "/superadmin/orgs", "/dash", "/dash/me"])
async def test_request_without_token_is_refused(platform: Starlette, path: str) -> None:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(platform), base_url="http://127.0.0.1") as bare:
        answer = await bare.get(path)
    assert answer.status_code == 400
    assert answer.json()["hint"]["in"] == ["headers", "authorization"]


async def test_every_route_but_the_public_ones_refuses_without_token(platform: Starlette) -> None:
    public = {
        "/health/system",
        "/dash/cli/version",
        "/dash/cli/auth/register",
        "/dash/apps/{app_id}/track-import",
    }
    some_id = str(uuid.uuid4())
    async with httpx.AsyncClient(transport=httpx.ASGITransport(platform), base_url="http://127.0.0.1") as bare:
        for route in platform.routes:
            path: str = route.path  # type: ignore[attr-defined]
            if path in public or not path.startswith(("/superadmin", "/dash", "/local")):
                continue
            url = path.replace("{rest:path}", "/x")
            for name in ("app_id", "org_id", "id", "job_id", "group_id", "backup_id"):
                url = url.replace("{" + name + "}", some_id)
            for method in sorted(route.methods - {"HEAD"}):  # type: ignore[attr-defined]
                answer = await bare.request(method, url, content=b"{}")
                assert answer.status_code in (400, 401, 403), (method, path, answer.status_code)


async def test_dash_route_with_platform_token_is_401(client: httpx.AsyncClient) -> None:
    answer = await client.get("/dash")
    assert answer.status_code == 401
    assert answer.json()["hint"]["args"] == [{"auth?": True}]


async def test_unknown_personal_token_is_400_record_not_found(client: httpx.AsyncClient) -> None:
    answer = await client.get("/superadmin/apps", headers={"authorization": "Bearer per_" + "9" * 64})
    assert (answer.status_code, answer.json()["hint"]["record-type"]) == (400, "instant-user")


async def test_unknown_route_has_the_platforms_404(client: httpx.AsyncClient) -> None:
    for answer in (await client.get("/nowhere"), await client.put("/superadmin/apps")):
        assert answer.status_code == 404
        assert answer.json() == {"message": "Oops! We couldn't match this route."}


async def test_body_that_is_no_json_is_400_text(client: httpx.AsyncClient) -> None:
    answer = await client.post("/superadmin/apps", content=b"{nope")
    assert (answer.status_code, answer.text) == (400, "Malformed JSON in request body.")


@pytest.mark.parametrize("host", ["evil.example", "evil.example:80", "127.0.0.1.evil.example", ""])
async def test_foreign_host_header_is_refused(client: httpx.AsyncClient, host: str) -> None:
    answer = await client.get("/superadmin/apps", headers={"host": host})
    assert answer.status_code == 421


@pytest.mark.parametrize(
    ("origin", "status"), [("https://evil.example", 421), ("null", 421), ("http://localhost:3000", 200)]
)
async def test_page_of_another_site_is_refused(client: httpx.AsyncClient, origin: str, status: int) -> None:
    assert (await client.get("/superadmin/apps", headers={"origin": origin})).status_code == status


async def test_status_read_only_then_push_is_refused_and_read_is_not(client: httpx.AsyncClient) -> None:
    made = await create(client)
    answer = await client.post(f"/dash/apps/{made['id']}/status", json={"status": "read-only"}, headers=DASH)
    assert answer.json() == {"status": "read-only"}
    schema = {"entities": {"goals": {"attrs": {"title": {"valueType": "string", "config": {}}}}}, "links": {}}
    push = await client.post(f"/superadmin/apps/{made['id']}/schema/push/apply", json={"schema": schema})
    assert (push.status_code, push.json()["type"]) == (400, "app-read-only")
    assert (await client.get(f"/superadmin/apps/{made['id']}/schema")).status_code == 200
    bad = await client.post(f"/dash/apps/{made['id']}/status", json={"status": "asleep"}, headers=DASH)
    assert bad.json()["type"] == "param-malformed"


async def test_rotate_admin_token_makes_the_old_one_useless(client: httpx.AsyncClient) -> None:
    made, new = await create(client), str(uuid.uuid4())
    answer = await client.post(f"/dash/apps/{made['id']}/tokens", json={"admin-token": new}, headers=DASH)
    assert answer.json()["token"] == new
    for token, status in ((made["admin-token"], 401), (new, 200)):
        headers = {"authorization": f"Bearer {token}"}
        assert (await client.get(f"/superadmin/apps/{made['id']}", headers=headers)).status_code == status


async def test_personal_token_works_until_deleted(client: httpx.AsyncClient) -> None:
    made = (await client.post("/dash/personal_access_tokens", json={"name": "ci"}, headers=DASH)).json()["data"]
    headers = {"authorization": f"Bearer {made['token']}"}
    assert (await client.get("/superadmin/apps", headers=headers)).status_code == 200
    listed = (await client.get("/dash/personal_access_tokens", headers=DASH)).json()["data"]
    assert made["id"] in [row["id"] for row in listed]
    assert all("token" not in row for row in listed)
    await client.delete(f"/dash/personal_access_tokens/{made['id']}", headers=DASH)
    assert (await client.get("/superadmin/apps", headers=headers)).status_code == 400


async def test_org_apps_are_listed_with_admin_token_and_not_among_own_apps(client: httpx.AsyncClient) -> None:
    org = (await client.post("/dash/orgs", json={"title": "Foundation"}, headers=DASH)).json()["org"]
    made = await create(client, "Team", org_id=org["id"], perms={"goals": {"allow": {"view": "true"}}})
    rows = (await client.get(f"/superadmin/orgs/{org['id']}/apps?include=schema,perms")).json()["apps"]
    assert [(row["id"], row["admin_token"]) for row in rows] == [(made["id"], made["admin-token"])]
    assert rows[0]["perms"] == {"goals": {"allow": {"view": "true"}}}
    assert "$users" in rows[0]["schema"]["blobs"]
    assert (await client.get("/superadmin/apps")).json() == {"apps": []}
    assert (await client.get("/superadmin/orgs")).json()["orgs"][0]["role"] == "owner"
    refused = await client.delete(f"/dash/orgs/{org['id']}", headers=DASH)
    assert refused.json()["type"] == "validation-failed"
    await client.delete(f"/superadmin/apps/{made['id']}")
    assert (await client.delete(f"/dash/orgs/{org['id']}", headers=DASH)).json() == {"ok": True}


async def test_foreign_account_has_no_role_in_an_app(client: httpx.AsyncClient, platform: Starlette) -> None:
    made = await create(client)
    store, accounts = platform.state.store, platform.state.accounts
    token = "per_" + "2" * 64
    with store.write() as conn:
        accounts.add_token(conn, accounts.ensure(conn, "other@example.com"), "pat", token, "theirs")
    headers = {"authorization": f"Bearer {token}"}
    answer = await client.get(f"/superadmin/apps/{made['id']}", headers=headers)
    assert (answer.status_code, answer.json()["hint"]["data-type"]) == (400, "user-role")
    assert (await client.get("/superadmin/apps", headers=headers)).json() == {"apps": []}


async def test_perms_push_counts_versions_and_answers_null_when_unchanged(client: httpx.AsyncClient) -> None:
    made = await create(client)
    url = f"/superadmin/apps/{made['id']}/perms"
    assert (await client.get(url)).json() == {"perms": None}
    code = {"goals": {"allow": {"view": "auth.id != null"}}}
    first = await client.post(url, json={"code": code})
    assert first.json()["rules"]["version"] == 1
    assert (await client.post(url, json={"code": code})).json() == {"rules": None}
    assert (await client.post(url, json={"code": {}})).json()["rules"]["version"] == 2
    versions = (await client.get(f"/dash/apps/{made['id']}/rule-versions")).json()["versions"]
    assert [row["version"] for row in versions] == [2, 1]


async def test_perms_push_with_bad_rule_is_refused(client: httpx.AsyncClient) -> None:
    made = await create(client)
    code = {"goals": {"allow": {"view": "auth.id =="}}}
    answer = await client.post(f"/superadmin/apps/{made['id']}/perms", json={"code": code})
    assert answer.json()["hint"]["data-type"] == "rule"
    assert answer.json()["hint"]["errors"][0]["in"] == ["goals", "allow", "view"]


async def test_ephemeral_app_is_claimed_with_its_admin_token(client: httpx.AsyncClient) -> None:
    made = (await client.post("/dash/apps/ephemeral", json={"title": "Try"}, headers={"authorization": ""})).json()
    app_id, token = made["app"]["id"], made["app"]["admin-token"]
    assert (await client.get(f"/dash/apps/ephemeral/{app_id}")).json()["expires_ms"] == made["expires_ms"]
    wrong = await client.post(f"/dash/apps/{app_id}/claim", json={"token": str(uuid.uuid4())}, headers=DASH)
    assert wrong.json()["hint"]["record-type"] == "app-admin-token"
    right = await client.post(f"/dash/apps/ephemeral/{app_id}/claim", json={"token": token}, headers=DASH)
    assert right.json() == {}
    assert [app["id"] for app in (await client.get("/superadmin/apps")).json()["apps"]] == [app_id]


async def test_magic_code_signs_a_new_person_in(client: httpx.AsyncClient, platform: Starlette) -> None:
    await client.post("/dash/auth/send_magic_code", json={"email": "New@Example.com"})
    (message,) = (platform.state.store.data_dir / "outbox").iterdir()
    code = message.read_text().split()[-1]
    wrong = await client.post("/dash/auth/verify_magic_code", json={"email": "new@example.com", "code": "x"})
    assert wrong.status_code == 400
    right = await client.post("/dash/auth/verify_magic_code", json={"email": "new@example.com", "code": code})
    headers = {"authorization": f"Bearer {right.json()['token']}"}
    assert (await client.get("/dash/me", headers=headers)).json()["user"]["email"] == "new@example.com"
    await client.post("/dash/signout", headers=headers)
    assert (await client.get("/dash/me", headers=headers)).status_code == 401


async def test_cli_login_waits_for_its_ticket(client: httpx.AsyncClient) -> None:
    started = (await client.post("/dash/cli/auth/register", json={})).json()
    waiting = await client.post("/dash/cli/auth/check", json={"secret": started["secret"]})
    assert waiting.json()["hint"]["errors"] == [{"issue": "waiting-for-user"}]
    await client.post("/dash/cli/auth/claim", json={"ticket": started["ticket"]}, headers=DASH)
    done = (await client.post("/dash/cli/auth/check", json={"secret": started["secret"]})).json()
    assert (await client.get("/dash", headers={"authorization": f"Bearer {done['token']}"})).status_code == 200


async def test_webhooks_are_refused_in_the_platforms_shape(client: httpx.AsyncClient) -> None:
    made = await create(client)
    answer = await client.get(f"/dash/apps/{made['id']}/webhooks")
    assert answer.status_code == 400
    assert answer.json()["type"] == "validation-failed"
    assert answer.json()["message"] == "The local platform has no webhooks."


async def test_settings_hide_tokens_in_repr() -> None:
    assert PLATFORM_TOKEN not in repr(Settings(PLATFORM_TOKEN, DASH_TOKEN))
