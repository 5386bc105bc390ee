"""Which database a table of a workspace is in."""

from __future__ import annotations

from typing import Any

import pytest

from app.core.errors import KnownError, NotFound, Unsupported
from app.services.main_map import MainMap
from app.services.store_routing import kind_of, names_in, route
from app.services.store_words import MainOverview, Route, StoreRow, Workspace

NAMES = MainMap(users="user", workspaces="workspaces", roles="crm.roles", others=("currencies",))
TABLES: dict[str, Any] = {
    "user": "system",
    "workspaces": "system",
    "crm.roles": "system",
    "chat": "application",
    "currencies": "other",
    "migrations": "other",
}
STORE = Workspace("w1", "Aurora", store=StoreRow("store_1", "postgresql://h:5432/store_1"))
NONE = Workspace("w2", "Blue\u202eHarbor")
SEALED = Workspace("w3", "Cobalt", store=StoreRow("", "", problem="It is encrypted."))


def overview(mode: Any) -> MainOverview:
    return MainOverview("c1", "main", mode, "chosen", "", NAMES, TABLES, (STORE, NONE, SEALED), 0.0)


@pytest.mark.parametrize(
    ("table", "expected"),
    [
        ("users", ("system", "user")),
        ("user", ("system", "user")),
        ("roles", ("system", "crm.roles")),
        ("workspace", ("system", "workspaces")),
        ("chats", ("application", "chat")),
        ("messages", ("application", "")),
        ("Message_v2", ("application", "")),
        ("invoices", ("other", "")),
        ("migrations", ("other", "migrations")),
    ],
)
def test_tables_are_known_in_either_number(table: str, expected: tuple[str, str]) -> None:
    assert kind_of(overview("hosted"), table) == expected


@pytest.mark.parametrize("workspace", [STORE, NONE, SEALED])
@pytest.mark.parametrize(("table", "name"), [("users", "user"), ("chats", "chat"), ("migrations", "migrations")])
def test_everything_is_in_the_main_database_in_local_mode(workspace: Workspace, table: str, name: str) -> None:
    assert route(overview("local"), workspace, table) == Route("main", "main", name)
    assert route(overview("local"), workspace, table, "store") == Route("main", "main", name)


def test_table_that_is_not_there_is_refused_in_local_mode() -> None:
    with pytest.raises(NotFound, match="has no table invoices"):
        route(overview("local"), STORE, "invoices")


@pytest.mark.parametrize("workspace", [STORE, NONE, SEALED])
def test_system_tables_need_no_store_in_hosted_mode(workspace: Workspace) -> None:
    assert route(overview("hosted"), workspace, "users") == Route("main", "main", "user")
    assert route(overview("hosted"), workspace, "currencies") == Route("main", "main", "currencies")


@pytest.mark.parametrize(("table", "name"), [("chats", "chat"), ("messages", "messages"), ("invoices", "invoices")])
def test_tables_of_tenants_are_in_the_store_in_hosted_mode(table: str, name: str) -> None:
    assert route(overview("hosted"), STORE, table) == Route("store_1", "store", name)


@pytest.mark.parametrize(
    ("workspace", "table", "asked", "kind", "words"),
    [
        (STORE, "users", "store", Unsupported, "user is a system table"),
        (STORE, "chats", "main", Unsupported, "chat belongs to a tenant"),
        (NONE, "chats", None, NotFound, "BlueHarbor has no store"),
        (SEALED, "chats", None, Unsupported, "The store of Cobalt is not known: It is encrypted."),
    ],
)
def test_refusals_say_why(workspace: Workspace, table: str, asked: Any, kind: type[KnownError], words: str) -> None:
    with pytest.raises(kind, match=words) as refused:
        route(overview("hosted"), workspace, table, asked)
    assert refused.value.remedy


def test_stores_may_call_tables_in_the_other_number() -> None:
    assert names_in(("chat", "chats"), "chats") == "chats"
    assert names_in(("Chat", "vote"), "chats") == "Chat"
    assert names_in(("vote",), "chats") == ""
