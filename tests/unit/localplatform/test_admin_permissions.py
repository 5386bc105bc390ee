"""Admin API: transactions and sandboxes on behalf of users and guests, judged by rules."""

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


async def denied(api: AdminApi, *steps: Any, **who: str) -> list[Any]:
    answer = await api.refused("POST", "/admin/transact", {"steps": list(steps)}, **who)
    assert (answer["type"], answer["hint"]["expected"]) == ("permission-denied", "perms-pass?"), answer
    found: list[Any] = answer["hint"]["input"]
    return found


async def todo(api: AdminApi, **values: Any) -> str:
    todo_id = new_id()
    await api.transact(["create", "todos", todo_id, values])
    return todo_id


async def test_transact_as_guest_without_rules_is_allowed(api: AdminApi) -> None:
    assert await api.transact(["create", "todos", new_id(), {"title": "a"}], as_guest="true") > 0


async def test_transact_as_guest_runs_create_update_and_delete_rules(api: AdminApi) -> None:
    todo_id = await todo(api, title="a", open=True)
    api.put_rules(
        {
            "todos": {
                "allow": {
                    "create": "data.title != 'bad'",
                    "update": "data.open && newData.title != 'bad'",
                    "delete": "data.open == false",
                }
            }
        }
    )
    await api.transact(["create", "todos", new_id(), {"title": "good", "open": True}], as_guest="true")
    assert await denied(api, ["create", "todos", new_id(), {"title": "bad"}], as_guest="true") == ["todos", "object"]
    await api.transact(["update", "todos", todo_id, {"title": "b"}], as_guest="true")
    await denied(api, ["update", "todos", todo_id, {"title": "bad"}], as_guest="true")
    await denied(api, ["delete", "todos", todo_id], as_guest="true")
    await api.transact(["update", "todos", todo_id, {"open": False}], as_guest="true")
    await api.transact(["delete", "todos", todo_id], as_guest="true")


async def test_transact_refused_by_a_rule_leaves_nothing(api: AdminApi) -> None:
    await todo(api, title="a")
    api.put_rules({"todos": {"allow": {"create": "data.title == 'good'"}}})
    steps = [["create", "todos", new_id(), {"title": title}] for title in ("good", "bad")]
    await denied(api, *steps, as_guest="true")
    with api.store.read() as conn:
        assert conn.execute("SELECT count(*) FROM triples WHERE value = '\"good\"'").fetchone()[0] == 0


async def test_transact_as_user_knows_auth_by_email_and_by_token(api: AdminApi) -> None:
    user = await api.user(EMAIL)
    todo_id = await todo(api, title="a", owner=user["id"])
    api.put_rules({"todos": {"allow": {"update": "auth.id == data.owner && auth.email == 'ada@example.org'"}}})
    await api.transact(["update", "todos", todo_id, {"title": "b"}], as_email=EMAIL)
    await api.transact(["update", "todos", todo_id, {"title": "c"}], as_token=user["refresh_token"])
    await denied(api, ["update", "todos", todo_id, {"title": "d"}], as_guest="true")
    await api.transact(["update", "todos", todo_id, {"title": "e"}])


async def test_transact_as_an_unknown_user_is_refused(api: AdminApi) -> None:
    steps = {"steps": [["create", "todos", new_id(), {}]]}
    assert (await api.refused("POST", "/admin/transact", steps, as_email="no@example.org"))[
        "type"
    ] == "record-not-found"
    assert (await api.refused("POST", "/admin/transact", steps, as_token=new_id()))["type"] == "record-not-found"
    assert (await api.refused("POST", "/admin/transact", steps, as_token="x"))["hint"]["in"] == ["asUser", "token"]


async def test_transact_as_token_needs_no_admin_token_but_as_email_does(api: AdminApi) -> None:
    user = await api.user(EMAIL)
    api.admin_token = new_id()
    await api.transact(["create", "todos", new_id(), {"title": "a"}], as_token=user["refresh_token"])
    steps = {"steps": [["create", "todos", new_id(), {}]]}
    answer = await api.refused("POST", "/admin/transact", steps, as_email=EMAIL)
    assert answer["hint"]["record-type"] == "app-admin-token"


async def test_transact_follows_refs_before_and_after(api: AdminApi) -> None:
    user = await api.user(EMAIL)
    list_id, todo_id = new_id(), new_id()
    await api.define_link(("todos", "list"), ("lists", "todos"))
    await api.define_link(("lists", "members"), ("$users", "lists"))
    await api.transact(
        ["create", "lists", list_id, {"name": "l"}],
        ["link", "lists", list_id, {"members": user["id"]}],
        ["create", "todos", todo_id, {"title": "a"}],
    )
    await api.transact(["link", "todos", todo_id, {"list": list_id}])
    rule = "auth.id in data.ref('list.members.id')"
    api.put_rules({"todos": {"allow": {"create": rule, "update": rule}}})
    await api.transact(["update", "todos", todo_id, {"title": "b"}], as_email=EMAIL)
    await denied(api, ["update", "todos", todo_id, {"title": "c"}], as_guest="true")
    new = new_id()
    steps = (["create", "todos", new, {"title": "n"}], ["link", "todos", new, {"list": list_id}])
    await denied(api, steps[0], as_email=EMAIL)
    await api.transact(*steps, as_email=EMAIL)


async def test_transact_with_an_auth_ref_rule_reads_the_users_links(api: AdminApi) -> None:
    user = await api.user(EMAIL)
    team = new_id()
    await api.define_link(("teams", "members"), ("$users", "teams"))
    await api.transact(["create", "teams", team, {"name": "t"}], ["link", "teams", team, {"members": user["id"]}])
    await todo(api, title="a")
    api.put_rules({"todos": {"allow": {"create": "'t' in auth.ref('$user.teams.name')"}}})
    await api.transact(["create", "todos", new_id(), {"title": "b"}], as_email=EMAIL)
    await denied(api, ["create", "todos", new_id(), {"title": "b"}], as_guest="true")


async def test_transact_with_modified_fields_and_rule_params(api: AdminApi) -> None:
    todo_id = await todo(api, title="a", text="b", secret="s")
    rule = "request.modifiedFields.all(f, f in ['title']) && ruleParams.secret == data.secret"
    api.put_rules({"todos": {"allow": {"update": rule}}})
    params = ["ruleParams", "todos", todo_id, {"secret": "s"}]
    await api.transact(params, ["update", "todos", todo_id, {"title": "b"}], as_guest="true")
    await denied(api, params, ["update", "todos", todo_id, {"title": "b", "text": "c"}], as_guest="true")
    await denied(api, ["update", "todos", todo_id, {"title": "b"}], as_guest="true")


async def test_transact_links_without_link_rules_need_update_here_and_view_there(api: AdminApi) -> None:
    todo_id, list_id = await todo(api, title="a"), new_id()
    await api.transact(["create", "lists", list_id, {"name": "l"}])
    await api.define_link(("todos", "list"), ("lists", "todos"))
    link = ["link", "todos", todo_id, {"list": list_id}]
    api.put_rules({"todos": {"allow": {"update": "false"}}})
    assert await denied(api, link, as_guest="true") == ["todos", "object"]
    api.put_rules({"lists": {"allow": {"view": "false"}}})
    assert await denied(api, link, as_guest="true") == ["lists", "object"]
    api.put_rules({"lists": {"allow": {"update": "false"}}})
    await api.transact(link, as_guest="true")


async def test_transact_links_with_a_link_rule_ask_only_that(api: AdminApi) -> None:
    todo_id, list_id = await todo(api, title="a"), new_id()
    await api.transact(["create", "lists", list_id, {"name": "l"}])
    await api.define_link(("todos", "list"), ("lists", "todos"))
    link = ["link", "todos", todo_id, {"list": list_id}]
    allow = {"update": "false", "link": {"list": "linkedData.name == 'l' && actions.data == 'update'"}}
    api.put_rules({"todos": {"allow": allow}, "lists": {"allow": {"view": "false"}}})
    await api.transact(link, as_guest="true")
    allow["link"] = {"list": "linkedData.name == 'other'"}
    api.put_rules({"todos": {"allow": allow}})
    other = ["link", "todos", await todo(api, title="b"), {"list": list_id}]
    assert await denied(api, other, as_guest="true") == ["todos", "object"]
    api.put_rules({"todos": {"allow": {"update": "true", "unlink": {"$default": "false"}}}})
    await denied(api, ["unlink", "todos", todo_id, {"list": list_id}], as_guest="true")


async def test_transact_that_makes_attributes_asks_the_attrs_rule(api: AdminApi) -> None:
    await todo(api, title="a")
    api.put_rules({"attrs": {"allow": {"create": "false"}}})
    await api.transact(["create", "todos", new_id(), {"title": "b"}], as_guest="true")
    assert await denied(api, ["create", "todos", new_id(), {"new": 1}], as_guest="true") == ["attrs", "attr"]


async def test_transact_as_guest_can_not_delete_attributes(api: AdminApi) -> None:
    await todo(api, title="a")
    attr_id = (await api.ok("GET", "/admin/schema"))["schema"]["blobs"]["todos"]["title"]["id"]
    assert await denied(api, ["delete-attr", attr_id], as_guest="true") == ["attrs", "attr"]


async def test_transact_as_user_can_not_write_system_columns(api: AdminApi) -> None:
    user = await api.user(EMAIL)
    steps = {"steps": [["update", "$users", user["id"], {"email": "x@example.org"}]]}
    answer = await api.refused("POST", "/admin/transact", steps, as_email=EMAIL)
    assert "$users.email is a system column" in answer["message"]
    steps = {"steps": [["update", "$users", new_id(), {}]]}
    answer = await api.refused("POST", "/admin/transact", steps, as_guest="true")
    assert "$users is a system entity. You aren't allowed to create this directly." in answer["message"]


async def test_transact_with_a_rule_that_fails_says_so(api: AdminApi) -> None:
    await todo(api, title="a")
    api.put_rules({"todos": {"allow": {"create": "data.count > 1"}}})
    steps = {"steps": [["create", "todos", new_id(), {"title": "b"}]]}
    answer = await api.refused("POST", "/admin/transact", steps, as_guest="true")
    assert (answer["type"], answer["hint"]["rule"]) == ("permission-evaluation-failed", ["todos", "create"])


async def test_transact_of_a_read_only_or_disabled_app_is_refused(api: AdminApi) -> None:
    steps = {"steps": [["create", "todos", new_id(), {"title": "b"}]]}
    api.set_status("read-only")
    assert (await api.refused("POST", "/admin/transact", steps))["type"] == "app-read-only"
    api.set_status("disabled")
    assert (await api.refused("POST", "/admin/transact", steps))["type"] == "app-disabled"
    assert (await api.refused("POST", "/admin/query", {"query": {"todos": {}}}))["type"] == "app-disabled"


async def test_transact_perms_check_reports_each_check_and_leaves_nothing(api: AdminApi) -> None:
    todo_id = await todo(api, title="a")
    steps = [["update", "todos", todo_id, {"title": "b"}]]
    rules = {"todos": {"bind": ["isOwner", "auth.id != null"], "allow": {"update": "isOwner"}}}
    body = {"steps": steps, "rules-override": rules}
    answer = await api.ok("POST", "/admin/transact_perms_check", body, as_guest="true")
    assert (answer["all-checks-ok?"], answer["committed?"]) == (False, False)
    (check,) = answer["check-results"]
    assert (check["etype"], check["action"], check["check-result"], check["check-pass?"]) == (
        "todos",
        "update",
        False,
        False,
    )
    assert check["program"]["display-code"] == "isOwner"
    assert check["program"]["code"] == "cel.bind(isOwner, auth.id != null, isOwner)"
    assert check["bindings"]["new-data"]["title"] == "b"
    answer = await api.ok("POST", "/admin/transact_perms_check", {"steps": steps}, as_guest="true")
    assert (answer["all-checks-ok?"], answer["committed?"]) == (True, False)
    assert await _titles(api) == ['"a"']


async def test_transact_perms_check_commits_when_asked_and_allowed(api: AdminApi) -> None:
    todo_id = await todo(api, title="a")
    body = {"steps": [["update", "todos", todo_id, {"title": "b"}]], "dangerously-commit-tx": True}
    answer = await api.ok("POST", "/admin/transact_perms_check", body, as_guest="true")
    assert answer["committed?"] is True
    assert await _titles(api) == ['"b"']


async def _titles(api: AdminApi) -> list[str]:
    wire = (await api.ok("GET", "/admin/schema"))["schema"]["blobs"]["todos"]["title"]
    with api.store.read() as conn:
        rows = conn.execute("SELECT value FROM triples WHERE attr_id = ?", (wire["id"],)).fetchall()
    return [row[0] for row in rows]


@pytest.mark.parametrize("path", ["/admin/transact_perms_check", "/admin/query_perms_check"])
async def test_perms_check_as_admin_or_with_wrong_rules_is_refused(api: AdminApi, path: str) -> None:
    body: dict[str, Any] = {"steps": [], "query": {}}
    assert "Cannot test perms as admin" in (await api.refused("POST", path, body))["message"]
    body["rules-override"] = {"todos": {"allow": {"view": "lol"}}}
    answer = await api.refused("POST", path, body, as_guest="true")
    assert (answer["hint"]["data-type"], answer["hint"]["errors"][0]["in"]) == ("rule", ["todos", "allow", "view"])
    api.admin_token = new_id()
    assert (await api.refused("POST", path, body, as_guest="true"))["hint"]["record-type"] == "app-admin-token"


async def test_transact_as_user_may_change_own_fields_of_oneself_only(api: AdminApi) -> None:
    user, other = await api.user(EMAIL), await api.user("other@example.org")
    await api.transact(["add-attr", attr_wire(("$users", "nickname"))])
    await api.transact(["update", "$users", user["id"], {"nickname": "ada"}], as_email=EMAIL)
    steps = ["update", "$users", other["id"], {"nickname": "x"}]
    assert await denied(api, steps, as_email=EMAIL) == ["$users", "object"]


async def test_transact_as_guest_that_unlinks_or_links_a_new_entity_is_judged(api: AdminApi) -> None:
    await api.define_link(("todos", "list"), ("lists", "todos"))
    list_id, new = new_id(), new_id()
    await api.transact(["create", "lists", list_id, {"name": "l"}])
    rule = "actions.data == 'create' && linkedData.name == 'l' && data.title == newData.title"
    api.put_rules({"todos": {"allow": {"create": "true", "link": {"list": rule}}}})
    steps = (["create", "todos", new, {"title": "n"}], ["link", "todos", new, {"list": list_id}])
    await api.transact(*steps, as_guest="true")
    await denied(api, ["link", "todos", await todo(api, title="old"), {"list": list_id}], as_guest="true")
    api.put_rules({"lists": {"allow": {"unlink": {"todos": "linkedData.title == 'other'"}}}})
    await denied(api, ["unlink", "todos", new, {"list": list_id}], as_guest="true")
    api.put_rules({"lists": {"allow": {"unlink": {"todos": "linkedData.title == 'n'"}}}})
    await api.transact(["unlink", "todos", new, {"list": list_id}], as_guest="true")


async def test_transact_as_guest_deletes_what_cascades_only_where_allowed(api: AdminApi) -> None:
    wire = attr_wire(("todos", "list"), ("lists", "todos"))
    await api.transact(["add-attr", {**wire, "cardinality": "one", "on-delete": "cascade"}])
    list_id, todo_id = new_id(), await todo(api, title="a")
    await api.transact(["create", "lists", list_id, {"name": "l"}], ["link", "todos", todo_id, {"list": list_id}])
    api.put_rules({"todos": {"allow": {"delete": "data.title != 'a'"}}})
    assert await denied(api, ["delete", "lists", list_id], as_guest="true") == ["todos", "object"]
    api.put_rules({"todos": {"allow": {"delete": "data.title == 'a'"}}})
    await api.transact(["delete", "lists", list_id], as_guest="true")
