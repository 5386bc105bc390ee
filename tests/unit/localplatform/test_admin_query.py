"""Admin API: queries as admin, user and guest; schema, soft-deleted attributes, presence."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.unit.localplatform.admin_harness import AdminApi, admin_api, attr_wire, new_id

EMAIL = "ada@example.org"


@pytest.fixture
async def api(tmp_path: Path) -> AsyncIterator[AdminApi]:
    async with admin_api(tmp_path) as found:
        yield found


async def todos(api: AdminApi, *values: dict[str, Any]) -> list[str]:
    ids = [new_id() for _ in values]
    await api.transact(*(["create", "todos", todo_id, item] for todo_id, item in zip(ids, values, strict=True)))
    return ids


async def test_query_as_admin_answers_the_bare_tree(api: AdminApi) -> None:
    (todo_id,) = await todos(api, {"title": "a"})
    assert await api.query({"todos": {}}) == {"todos": [{"id": todo_id, "title": "a"}]}


async def test_query_without_a_query_object_is_refused(api: AdminApi) -> None:
    assert (await api.refused("POST", "/admin/query", {}))["type"] == "param-missing"
    assert (await api.refused("POST", "/admin/query", {"query": []}))["type"] == "param-malformed"


async def test_query_as_guest_shows_only_what_the_view_rule_allows(api: AdminApi) -> None:
    await todos(api, {"title": "a", "open": True}, {"title": "b", "open": False})
    api.put_rules({"todos": {"allow": {"view": "data.open"}}})
    answer = await api.query({"todos": {}}, as_guest="true")
    assert [todo["title"] for todo in answer["todos"]] == ["a"]
    # The rule looks at an attribute that the query did not ask for.
    answer = await api.query({"todos": {"$": {"fields": ["title"]}}}, as_guest="true")
    assert [todo["title"] for todo in answer["todos"]] == ["a"]


async def test_query_as_user_follows_links_and_hides_what_is_linked(api: AdminApi) -> None:
    await api.define_link(("todos", "list"), ("lists", "todos"))
    shown, hidden = await todos(api, {"title": "a"}, {"title": "b"})
    list_id = new_id()
    await api.transact(
        ["create", "lists", list_id, {"name": "l"}],
        ["link", "lists", list_id, {"todos": [shown, hidden]}],
    )
    user = await api.user(EMAIL)
    await api.define_link(("lists", "members"), ("$users", "lists"))
    await api.transact(["link", "lists", list_id, {"members": user["id"]}])
    rule = "auth.id in data.ref('members.id')"
    api.put_rules({"lists": {"allow": {"view": rule}}, "todos": {"allow": {"view": "data.title == 'a'"}}})
    answer = await api.query({"lists": {"todos": {}}}, as_email=EMAIL)
    assert [todo["title"] for todo in answer["lists"][0]["todos"]] == ["a"]
    assert await api.query({"lists": {"todos": {}}}, as_guest="true") == {"lists": []}


async def test_query_with_field_rules_leaves_the_field_out(api: AdminApi) -> None:
    user = await api.user(EMAIL)
    await todos(api, {"title": "a", "secret": "s", "owner": user["id"]}, {"title": "b", "secret": "t"})
    api.put_rules({"todos": {"fields": {"secret": "auth.id == data.owner"}}})
    answer = await api.query({"todos": {"$": {"where": {}}}}, as_token=user["refresh_token"])
    assert {todo["title"]: todo.get("secret") for todo in answer["todos"]} == {"a": "s", "b": None}


async def test_query_with_rule_params_passes_them_to_the_rules(api: AdminApi) -> None:
    await todos(api, {"title": "a", "secret": "s"})
    api.put_rules({"todos": {"allow": {"view": "ruleParams.secret == data.secret"}}})
    q = {"$$ruleParams": {"secret": "s"}, "todos": {}}
    assert len((await api.query(q, as_guest="true"))["todos"]) == 1
    assert (await api.query({"todos": {}}, as_guest="true"))["todos"] == []
    assert len((await api.query(q))["todos"]) == 1


async def test_query_of_users_as_user_shows_oneself_only(api: AdminApi) -> None:
    await api.user("other@example.org")
    user = await api.user(EMAIL)
    answer = await api.query({"$users": {}}, as_email=EMAIL)
    assert [found["id"] for found in answer["$users"]] == [user["id"]]
    assert (await api.query({"$users": {}}, as_guest="true"))["$users"] == []
    assert len((await api.query({"$users": {}}))["$users"]) == 2


async def test_query_perms_check_reports_each_row(api: AdminApi) -> None:
    shown, hidden = await todos(api, {"title": "a"}, {"title": "b"})
    body = {"query": {"todos": {}}, "rules-override": {"todos": {"allow": {"view": "data.title == 'a'"}}}}
    answer = await api.ok("POST", "/admin/query_perms_check", body, as_guest="true")
    assert [todo["id"] for todo in answer["result"]["todos"]] == [shown]
    checks = {check["id"]: check for check in answer["check-results"]}
    assert {todo_id: check["check"] for todo_id, check in checks.items()} == {shown: True, hidden: False}
    assert checks[hidden]["record"]["title"] == "b"
    assert checks[hidden]["program"]["display-code"] == "data.title == 'a'"
    assert len((await api.query({"todos": {}}, as_guest="true"))["todos"]) == 2


async def test_query_perms_check_overrides_ip_and_origin(api: AdminApi) -> None:
    await todos(api, {"title": "a"})
    rules = {"todos": {"allow": {"view": "request.ip == '1.2.3.4' && request.origin == 'https://x.org'"}}}
    body = {"query": {"todos": {}}, "rules-override": rules}
    assert (await api.ok("POST", "/admin/query_perms_check", body, as_guest="true"))["result"]["todos"] == []
    body |= {"ip-override": "1.2.3.4", "origin-override": "https://x.org"}
    assert len((await api.ok("POST", "/admin/query_perms_check", body, as_guest="true"))["result"]["todos"]) == 1


async def test_schema_lists_attributes_and_links_by_joined_names(api: AdminApi) -> None:
    await todos(api, {"title": "a"})
    await api.define_link(("todos", "list"), ("lists", "todos"))
    schema = (await api.ok("GET", "/admin/schema"))["schema"]
    assert schema["blobs"]["todos"]["title"]["value-type"] == "blob"
    assert schema["refs"]["todos-list-lists-todos"]["cardinality"] == "many"


async def test_soft_deleted_attrs_lists_what_was_deleted(api: AdminApi) -> None:
    wire = attr_wire(("todos", "title"))
    await api.transact(["add-attr", wire])
    assert await api.ok("GET", "/admin/soft_deleted_attrs") == {"attrs": [], "grace-period-days": 2}
    await api.transact(["delete-attr", wire["id"]])
    answer = await api.ok("GET", "/admin/soft_deleted_attrs")
    assert [attr["id"] for attr in answer["attrs"]] == [wire["id"]]


async def test_presence_is_empty_and_needs_a_room(api: AdminApi) -> None:
    path = "/admin/rooms/presence"
    assert await api.ok("GET", f"{path}?room-type=chat&room-id=1") == {"sessions": {}}
    assert (await api.refused("GET", f"{path}?room-type=chat"))["type"] == "param-missing"
