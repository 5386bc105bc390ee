"""Databases of a SQL connection in the directory, its status and its life cycle."""

from __future__ import annotations

import pytest

from app.core.apps import AppKind, AppState
from app.core.connection import Platform
from app.core.errors import Conflict, Forbidden, Invalid, NotFound, Unauthorised, Unreachable, Unsupported
from app.core.refs import AppRef, is_uuid
from app.core.status import Finding, FindingKind, Health, Severity
from app.platforms.contract import Probe, RemoteApp
from app.services.registry import Claim, Registry
from tests.unit.services.fakes import NOTES
from tests.unit.services.test_directory import World as DirectoryWorld
from tests.unit.services.test_lifecycle import World as LifecycleWorld
from tests.unit.services.test_status import World as StatusWorld

SQL = {"platform": Platform.POSTGRES, "base_url": "postgresql://ada@db:5432/main"}
ELSEWHERE = "far:5432/ada"


def main_world(*names: str, claims: dict[str, str], **changes) -> DirectoryWorld:
    """``claims`` says whose store each database is."""
    world = DirectoryWorld(*(RemoteApp(each, each) for each in names), foundation_app_id="main", **SQL, **changes)

    async def read(connection_id: str) -> Registry:
        found = tuple(Claim(f"w-{each}", each, AppKind.TENANT, (owner,)) for each, owner in claims.items())
        return Registry(connection_id, "main", found)

    world.directory.use_main_databases(read)
    return world


async def test_refresh_of_a_main_database_tells_whose_store_is_whose():
    world = main_world("main", "ada", "postgres", claims={"ada": "Ada's workspace"})
    world.client.schemas["ada"] = NOTES
    await world.directory.refresh()
    assert [(each.app_id, each.kind, each.owner, each.state) for each in world.directory.inventory()] == [
        ("main", AppKind.FOUNDATION, "", AppState.OK),
        ("ada", AppKind.TENANT, "Ada's workspace", AppState.OK),
        # Nobody needs to own a database that is there for something else.
        ("postgres", AppKind.OTHER, "", AppState.OK),
    ]
    assert not any(each.startswith("query") for each in world.client.calls)


async def test_refresh_of_a_store_follows_no_template_whatever_it_looks_like():
    world = main_world("main", "ada", claims={"ada": "Ada"})
    world.client.schemas["ada"] = NOTES
    row = await world.row("ada")
    assert (row.template, row.agents, row.note) == ("", 1, "")
    assert world.directory.mark_of(AppRef("c1", "ada")) is not None


async def test_refresh_finds_stores_on_other_servers_and_reads_them():
    world = main_world("main", claims={ELSEWHERE: "Ada"})
    world.client.hidden[ELSEWHERE] = RemoteApp(ELSEWHERE, "ada")
    world.client.schemas[ELSEWHERE] = NOTES
    row = await world.row(ELSEWHERE)
    assert (row.title, row.owner, row.agents, row.state) == ("ada", "Ada", 1, AppState.OK)


async def test_refresh_goes_on_where_a_store_elsewhere_does_not_answer():
    world = main_world("main", claims={ELSEWHERE: "Ada", "far:5432/gone": "Eve"})
    world.client.fail[f"get_app:{ELSEWHERE}"] = Unreachable("far does not answer.")
    assert await world.directory.refresh() == ()
    rows = {each.app_id: each for each in world.directory.inventory()}
    assert (rows[ELSEWHERE].state, rows[ELSEWHERE].note) == (AppState.UNKNOWN, "far does not answer.")
    assert (rows["far:5432/gone"].state, rows["far:5432/gone"].note) == (
        AppState.MISSING,
        "named as a store, but not found",
    )


async def test_refresh_with_many_stores_that_do_not_answer_reads_the_rest():
    names = [f"far:{port}/x" for port in range(7)]
    world = main_world("main", *names, "ada", claims=dict.fromkeys((*names, "ada"), "Somebody"))
    for name in names:
        world.client.fail[f"read_schema:{name}"] = Unreachable("far does not answer.")
    world.client.schemas["ada"] = NOTES
    assert await world.directory.refresh() == ()
    rows = {each.app_id: each for each in world.directory.inventory()}
    assert {(rows[each].state, rows[each].note) for each in names} == {(AppState.UNKNOWN, "far does not answer.")}
    assert rows["ada"].agents == 1


async def test_refresh_of_a_plain_sql_connection_asks_for_no_registry():
    world = DirectoryWorld(RemoteApp("shop", "shop"), **SQL)
    assert await world.directory.refresh() == ()
    assert world.directory.known_registry("c1") == (None, None)
    with pytest.raises(NotFound, match="no main database"):
        await world.directory.registry("c1")


async def test_refresh_without_anybody_to_read_main_databases_shows_no_owners():
    world = DirectoryWorld(RemoteApp("main", "main"), foundation_app_id="main", **SQL)
    assert await world.directory.refresh() == ()
    assert world.directory.known_registry("c1") == (None, None)


async def test_refresh_where_the_main_database_is_not_there_says_so():
    world = main_world("shop", claims={})
    await world.directory.refresh()
    _registry, error = world.directory.known_registry("c1")
    assert error is not None
    assert error.sentence == "The main database main is not among the databases of Staging."


async def test_check_without_a_stored_password_asks_the_server_all_the_same():
    world = StatusWorld(has_token=False, vault="memory", **SQL)
    (status,) = await world.monitor.check()
    assert (status.health, status.findings) == (Health.UP, ())


async def test_check_of_a_refused_password_says_so_in_the_words_of_a_server():
    world = StatusWorld(has_token=False, **SQL)
    world.client.answer = Probe(Health.UNAUTHORISED, 1.0, "password authentication failed", "Enter another.")
    (status,) = await world.monitor.check()
    (finding,) = status.findings
    assert (finding.kind, finding.title) == (
        FindingKind.TOKEN_REJECTED,
        "Staging does not accept the user or the password.",
    )


async def test_check_tells_of_stores_that_are_gone_or_shared():
    world = StatusWorld(RemoteApp("main", "main"), RemoteApp("ada", "ada"), foundation_app_id="main", **SQL)

    async def read(connection_id: str) -> Registry:
        claims = (("w1", "ada", "Ada"), ("w2", "ada", "Eve"), ("w3", "gone", "Bob"))
        return Registry(connection_id, "main", tuple(Claim(a, b, AppKind.TENANT, (c,)) for a, b, c in claims))

    world.directory.use_main_databases(read)
    await world.directory.refresh()
    (status,) = await world.monitor.check()
    assert {(each.kind, each.title, each.detail) for each in status.findings} == {
        (
            FindingKind.APP_CLAIMED_TWICE,
            "ada is the store of 2 workspaces; each should have its own.",
            "Ada; Eve",
        ),
        (FindingKind.APP_GONE, "gone is not on the server (store of Bob).", "The main database points to it."),
    }


def names_are_ids(world: LifecycleWorld) -> None:
    """As on a server: the ID that the caller gives only marks whose database it is."""

    async def create_app(title: str, *, app_id: str, schema=None) -> RemoteApp:
        assert is_uuid(app_id)
        if title in world.client.apps:
            raise Conflict(f"There is a database {title} of this name.")
        return world.client.apps.setdefault(title, RemoteApp(title, title))

    world.client.create_app = create_app


async def test_create_makes_a_database_of_exactly_this_name():
    world = LifecycleWorld(**SQL)
    names_are_ids(world)
    row = await world.lifecycle.create("c1", ' my "shop" 🐘 ', "blank")
    assert (row.app_id, row.title) == ('my "shop" 🐘', 'my "shop" 🐘')
    assert world.outcomes() == [("create", "done")]


async def test_create_refuses_a_name_that_is_taken_or_too_long_and_templates():
    world = LifecycleWorld(RemoteApp("shop", "shop"), **SQL)
    names_are_ids(world)
    for name, words in (("shop", "of this name"), ("ö" * 32, "63 bytes"), (" ", "Enter a title")):
        with pytest.raises(Invalid) as raised:
            await world.lifecycle.create("c1", name)
        assert words in raised.value.fields[0].message
    with pytest.raises(Unsupported, match="Templates"):
        await world.lifecycle.create("c1", "new", "notes")
    assert list(world.client.apps) == ["shop"]


async def test_delete_refuses_the_main_database_in_its_own_words():
    world = LifecycleWorld(RemoteApp("main", "main"), foundation_app_id="main", **SQL)
    with pytest.raises(Unsupported, match="main database"):
        await world.lifecycle.delete(AppRef("c1", "main"))


async def test_reread_registry_raises_what_the_main_database_did():
    world = main_world("main", claims={})

    async def refused(_connection_id: str) -> Registry:
        raise Forbidden("permission denied for table workspaces")

    world.directory.use_main_databases(refused)
    await world.directory.refresh()
    with pytest.raises(Forbidden):
        await world.directory.reread_registry("c1")


async def test_refresh_that_the_server_refuses_is_in_the_answer():
    world = DirectoryWorld(**SQL)
    world.client.fail["list_apps"] = Unauthorised("password authentication failed")
    (failure,) = await world.directory.refresh()
    assert isinstance(failure.error, Unauthorised)


async def test_check_shows_what_the_server_says_of_itself():
    world = StatusWorld(**SQL)
    said = Finding("c1:invalid-indexes", FindingKind.DATABASE_STATE, Severity.WARNING, "c1", "1 index is invalid.")
    refused = Finding("c1:token", FindingKind.TOKEN_REJECTED, Severity.ERROR, "c1", "No.")
    world.client.answer = Probe(Health.DEGRADED, 1.0, findings=(said, refused))
    (status,) = await world.monitor.check()
    assert status.findings == (said,)
    world.client.answer = Probe(Health.UP, 1.0)
    (status,) = await world.monitor.check()
    assert status.findings == ()
